import type { Flip } from './recommendation.ts';
import type { Entity, Requirements } from './requirements.ts';
import {
  conflictStrategies,
  consistencies,
  efforts,
  failureDomains,
  partitionChoices,
} from './requirements.ts';

type Value = number | string | boolean;

/** One field that can be turned, and the values that are worth trying. */
interface Knob {
  readonly field: string;
  readonly from: Value;
  readonly with: (value: never) => Requirements;
  /** Of a number: the smallest step from 0, the bounds. */
  readonly range?: { readonly step: number; readonly max: number };
  readonly others?: readonly Value[];
}

/**
 * For each field the nearest change that changes the answer, in the order of the schema; found by deciding again,
 * never written down. A number is halved and doubled until the answer changes, then the change is narrowed to two
 * digits: the flip nearer by ratio is kept.
 * @param kindOf The answer to requirements, without counts.
 */
export function flipsOf(requirements: Requirements, kindOf: (requirements: Requirements) => string): Flip[] {
  const now = kindOf(requirements);
  return knobs(requirements).flatMap((knob): Flip[] => {
    const changed = (value: Value) => kindOf(knob.with(value as never)) !== now;
    const to = knob.range === undefined ? knob.others!.find(changed) : nearestNumber(knob, changed);
    if (to === undefined) return [];
    return [{ field: knob.field, from: knob.from, to, becomes: kindOf(knob.with(to as never)) }];
  });
}

function nearestNumber({ from, range }: Knob, changed: (value: number) => boolean): number | undefined {
  const start = from as number;
  const up = search(start, changed, (value) => (value === 0 ? range!.step : value * 2), range!);
  const down =
    start === 0
      ? undefined
      : search(start, changed, (value) => (value <= range!.step ? 0 : value / 2), range!);
  if (up === undefined || down === undefined) return up ?? down;
  return down > 0 && start / down < up / start ? down : up;
}

function search(
  start: number,
  changed: (value: number) => boolean,
  further: (value: number) => number,
  { max }: { readonly max: number },
): number | undefined {
  let same = start;
  let other = further(start);
  while (!changed(other)) {
    if (other === 0 || other >= max) return undefined;
    same = other;
    other = Math.min(further(other), max);
  }
  return narrowed(same, other, changed);
}

/** Halves the span between a value that changes nothing and one that does, then prefers a round number. */
function narrowed(unchanged: number, flipped: number, changed: (value: number) => boolean): number {
  let same = unchanged;
  let other = flipped;
  for (let halving = 0; halving < 12; halving++) {
    const middle = (same + other) / 2;
    if (changed(middle)) other = middle;
    else same = middle;
  }
  const round = rounded(other, other > same);
  return changed(round) ? round : other;
}

/** To two significant digits, away from the value that changes nothing. */
function rounded(value: number, up: boolean): number {
  let unit = 1;
  while (value / unit >= 100) unit *= 10;
  if (unit === 1 && value < 10) {
    const parts = value < 1 ? 100 : 10;
    return (up ? Math.ceil(value * parts) : Math.floor(value * parts)) / parts;
  }
  return (up ? Math.ceil(value / unit) : Math.floor(value / unit)) * unit;
}

function knobs(r: Requirements): Knob[] {
  return [
    number('readsPerSecond', r.readsPerSecond, 10, 10_000_000, (readsPerSecond) => ({
      ...r,
      readsPerSecond,
    })),
    number('writesPerSecond', r.writesPerSecond, 10, 10_000_000, (writesPerSecond) => ({
      ...r,
      writesPerSecond,
    })),
    number('dataGB', r.dataGB, 1, 100_000_000, (dataGB) => ({ ...r, dataGB })),
    number('writeLatencyP99Ms', r.writeLatencyP99Ms, 1, 3_600_000, (writeLatencyP99Ms) => ({
      ...r,
      writeLatencyP99Ms: Math.max(writeLatencyP99Ms, 0.001),
    })),
    number('stalenessToleratedMs', r.stalenessToleratedMs, 1, 86_400_000, (stalenessToleratedMs) => ({
      ...r,
      stalenessToleratedMs,
    })),
    number('lossToleratedMs', r.lossToleratedMs, 1, 86_400_000, (lossToleratedMs) => ({
      ...r,
      lossToleratedMs,
    })),
    number('outageToleratedS', r.outageToleratedS, 0.1, 604_800, (outageToleratedS) => ({
      ...r,
      outageToleratedS,
    })),
    ...(r.regions.length === 1
      ? []
      : [choice('survives', r.survives, failureDomains, (survives) => ({ ...r, survives }))]),
    choice('duringPartition', r.duringPartition, partitionChoices, (duringPartition) => ({
      ...r,
      duringPartition,
    })),
    ...r.entities.flatMap((entity, index) => entityKnobs(r, entity, index)),
    choice('operatingEffort', r.operatingEffort, efforts, (operatingEffort) => ({ ...r, operatingEffort })),
  ];
}

function entityKnobs(r: Requirements, entity: Entity, index: number): Knob[] {
  const at = `entities[${index}]`;
  const change = (fields: Partial<Entity>): Requirements => ({
    ...r,
    entities: r.entities.map((each, other) => (other === index ? { ...each, ...fields } : each)),
  });
  return [
    choice(`${at}.consistency`, entity.consistency, consistencies, (consistency) => change({ consistency })),
    choice(`${at}.transactions`, entity.transactions, [false, true], (transactions) =>
      change({ transactions }),
    ),
    choice(`${at}.mergeable`, entity.mergeable, [false, true], (mergeable) => change({ mergeable })),
    choice(`${at}.conflict`, entity.conflict, conflictStrategies, (conflict) => change({ conflict })),
  ];
}

function number(
  field: string,
  from: number,
  step: number,
  max: number,
  change: (value: number) => Requirements,
): Knob {
  return { field, from, with: change, range: { step, max } };
}

/** The nearest first: the values beside the present one before those farther away. */
function choice<Choice extends Value>(
  field: string,
  from: Choice,
  values: readonly Choice[],
  change: (value: Choice) => Requirements,
): Knob {
  const rank = (value: Choice) => Math.abs(values.indexOf(value) - values.indexOf(from));
  const others = values.filter((value) => value !== from).sort((a, b) => rank(a) - rank(b));
  return { field, from, with: change, others };
}
