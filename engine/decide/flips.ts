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

/** Bounds of a number, and the smallest step away from 0. */
interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** One field that can be turned, and the values that are worth trying. */
interface Knob {
  readonly field: string;
  readonly from: Value;
  readonly with: (value: never) => Requirements;
  readonly range?: Range;
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
  const { min, max, step } = range!;
  const up = search(start, max, changed, (value) => Math.min(max, value < step ? step : value * 2));
  const down = search(start, min, changed, (value) => (value / 2 < step ? min : Math.max(min, value / 2)));
  if (up === undefined || down === undefined) return up ?? down;
  return down > 0 && start / down < up / start ? down : up;
}

function search(
  start: number,
  end: number,
  changed: (value: number) => boolean,
  further: (value: number) => number,
): number | undefined {
  for (let same = start; same !== end; ) {
    const other = further(same);
    if (changed(other)) return narrowed(same, other, changed);
    same = other;
  }
  return undefined;
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

const rate = { min: 0, max: 10_000_000, step: 10 };
const capacity = { min: 1, max: 10_000_000, step: 1 };
const day = 86_400_000;

function knobs(r: Requirements): Knob[] {
  const ofNode = (fields: Partial<Requirements['node']>): Requirements => ({
    ...r,
    node: { ...r.node, ...fields },
  });
  const severalRegions = [
    number(
      'roundTrip.otherwiseMs',
      r.roundTrip.otherwiseMs,
      { min: 0, max: 60_000, step: 1 },
      (otherwiseMs) => ({
        ...r,
        roundTrip: { ...r.roundTrip, otherwiseMs },
      }),
    ),
    choice('survives', r.survives, failureDomains, (survives) => ({ ...r, survives })),
  ];
  return [
    number('readsPerSecond', r.readsPerSecond, rate, (readsPerSecond) => ({ ...r, readsPerSecond })),
    number('writesPerSecond', r.writesPerSecond, rate, (writesPerSecond) => ({ ...r, writesPerSecond })),
    number('dataGB', r.dataGB, { min: 0, max: 100_000_000, step: 1 }, (dataGB) => ({ ...r, dataGB })),
    number('node.readsPerSecond', r.node.readsPerSecond, capacity, (readsPerSecond) =>
      ofNode({ readsPerSecond }),
    ),
    number('node.writesPerSecond', r.node.writesPerSecond, capacity, (writesPerSecond) =>
      ofNode({ writesPerSecond }),
    ),
    number(
      'writeLatencyP99Ms',
      r.writeLatencyP99Ms,
      { min: 0.1, max: day, step: 0.1 },
      (writeLatencyP99Ms) => ({
        ...r,
        writeLatencyP99Ms,
      }),
    ),
    number(
      'stalenessToleratedMs',
      r.stalenessToleratedMs,
      { min: 0, max: day, step: 1 },
      (stalenessToleratedMs) => ({
        ...r,
        stalenessToleratedMs,
      }),
    ),
    number('lossToleratedMs', r.lossToleratedMs, { min: 0, max: day, step: 1 }, (lossToleratedMs) => ({
      ...r,
      lossToleratedMs,
    })),
    number(
      'outageToleratedS',
      r.outageToleratedS,
      { min: 0, max: 604_800, step: 0.1 },
      (outageToleratedS) => ({
        ...r,
        outageToleratedS,
      }),
    ),
    ...(r.regions.length > 1 ? severalRegions : []),
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

function number(field: string, from: number, range: Range, change: (value: number) => Requirements): Knob {
  // What lies outside the bounds already is left where it is on that side.
  return {
    field,
    from,
    with: change,
    range: { ...range, min: Math.min(range.min, from), max: Math.max(range.max, from) },
  };
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
