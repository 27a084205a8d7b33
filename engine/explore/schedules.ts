/**
 * A schedule as the search keeps it: whole numbers only, so that whatever was drawn, changed or put together from two can
 * be made smaller by fast-check, to which 0 is the simplest of all numbers. Here they are given a meaning.
 */

import { helperPlaces } from '../faults/fault-names.ts';
import { pow } from '../kernel/exact-math.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FaultDocument, FaultSource, LatencySource, ScenarioSource } from '../scenario/schema.ts';

/** Kinds of faults that a search may draw, the plainest first. */
export const faultKinds = [
  'crash',
  'pause',
  'cut',
  'slow-link',
  'lossy-link',
  'slow-disk',
  'clock-skew',
] as const;
export type FaultKind = (typeof faultKinds)[number];
/** Of which a lab has buttons. */
const kindsByHand: readonly FaultKind[] = ['crash', 'pause', 'cut'];

/** One fault. Every field is taken modulo what there is to choose from. */
export interface FaultNumbers {
  /** Index into the kinds that may be drawn. */
  readonly kind: number;
  /** Which node, pair or side. */
  readonly who: number;
  /** Of links: a pair, one against all, some against all others, or regions; of crashes: what is lost. */
  readonly shape: number;
  /** Of links: both ways, or one. */
  readonly oneWay: number;
  /** When it begins, in `tickMs`. */
  readonly at: number;
  /** 0: for good. Otherwise a length on a scale by powers of 2, the longest at `lengthsMost`. */
  readonly length: number;
  /** How much: of a delay, a loss or a skew, on such a scale. */
  readonly size: number;
}

export interface ScheduleNumbers {
  readonly faults: readonly FaultNumbers[];
  /** 0: links are as slow as the scenario says. Otherwise some messages take longer, up to so much. */
  readonly spread: number;
  readonly seed: number;
}

/** Moments are told apart by so much. */
export const tickMs = 0.1;
export const whoMost = 0xffff;
export const shapeMost = 3;
export const lengthsMost = 48;
export const sizesMost = 15;
export const spreadsMost = 5;
export const seedMost = 0x7fff_ffff;

/** Steps of a length's scale to a factor of 2: the shortest is the run's duration / 2^11.75. */
const stepsPerOctave = 4;
/** One message in so many takes longer where there is a spread. */
const spreadOneIn = 8;

/** What the faults of a scenario may be about. */
export interface Drawable {
  readonly scenario: Scenario;
  readonly kinds: readonly FaultKind[];
  readonly byHand: boolean;
  /** No fault lasts longer, and none is for good; null: as long as it likes. */
  readonly longestMs: number | null;
  readonly durationMs: number;
  readonly ticks: number;
  readonly nodes: readonly string[];
  /** Nodes and helpers. */
  readonly ends: readonly string[];
  /** Clients too. */
  readonly everybody: readonly string[];
  readonly regions: readonly string[];
}

export interface DrawableOptions {
  readonly kinds?: readonly FaultKind[];
  readonly byHand?: true;
  readonly longestMs?: number;
}

/** What may be drawn for a scenario: skewed clocks only where versions go by clocks, links only where there are two ends. */
export function drawableOf(scenario: Scenario, options: DrawableOptions = {}): Drawable {
  const { kinds, byHand, longestMs } = options;
  const nodes = scenario.nodes.map(({ id }) => id);
  const ends = [...nodes, ...helperPlaces(scenario)];
  const clients = scenario.workload.clients.map(({ id }) => id);
  const regions = [...scenario.nodes, ...scenario.workload.clients].map(({ region }) => region);
  const durationMs = scenario.durationUs / 1000;
  return {
    scenario,
    kinds: kinds ?? (byHand ? kindsByHand : kindsFor(scenario)),
    byHand: byHand === true,
    longestMs: longestMs ?? null,
    durationMs,
    ticks: Math.max(1, Math.floor(durationMs / tickMs)),
    nodes,
    ends,
    everybody: [...ends, ...clients],
    regions: [...new Set(regions)],
  };
}

function kindsFor(scenario: Scenario): FaultKind[] {
  return faultKinds.filter((kind) => kind !== 'clock-skew' || goesByClocks(scenario));
}

function goesByClocks({ topology }: Scenario): boolean {
  const plain = topology.type === 'sharded' ? topology.shards[0]!.topology : topology;
  return plain.type === 'leaderless' || plain.type === 'multi-leader';
}

/** The scenario with a schedule beside its own faults, as a file holds it. */
export function withSchedule(
  source: ScenarioSource,
  drawable: Drawable,
  { faults, spread, seed }: ScheduleNumbers,
): ScenarioSource {
  return {
    ...source,
    seed,
    ...(spread > 0 && { network: spreadOut(source.network ?? {}, spreadMs(drawable, spread)) }),
    faults: [...(source.faults ?? []), ...faults.map((each) => asWritten(faultOf(drawable, each)))],
  };
}

/** Makes ready-to-run scenarios of schedules: the parser sees each spread once. */
export class Schedules {
  private readonly bySpread: (Scenario | undefined)[] = [];
  private readonly source: ScenarioSource;
  private readonly drawable: Drawable;

  constructor(source: ScenarioSource, drawable: Drawable) {
    this.source = source;
    this.drawable = drawable;
  }

  ready({ faults, spread }: ScheduleNumbers): Scenario {
    const { source, drawable } = this;
    this.bySpread[spread] ??= parseScenario(withSchedule(source, drawable, { faults: [], spread, seed: 0 }));
    const scenario = this.bySpread[spread];
    return { ...scenario, faults: [...scenario.faults, ...faultsOf(drawable, faults)] };
  }
}

export function faultsOf(drawable: Drawable, faults: readonly FaultNumbers[]): FaultDocument[] {
  return faults.map((each) => faultOf(drawable, each));
}

/** Without what the schema fills in. */
export function asWritten(fault: FaultDocument): FaultSource {
  const kept = Object.entries(fault).filter(
    ([key, value]) =>
      !((key === 'oneWay' || key === 'loss' || key === 'duplication' || key === 'driftPpm') && !value),
  );
  return Object.fromEntries(kept) as FaultSource;
}

function faultOf(drawable: Drawable, numbers: FaultNumbers): FaultDocument {
  const { kinds, nodes } = drawable;
  const { who, shape, size } = numbers;
  const type = kinds[numbers.kind % kinds.length]!;
  const atMs = rounded((numbers.at % drawable.ticks) * tickMs);
  const node = nodes[who % nodes.length]!;
  const forMs = lengthMs(drawable, numbers.length);
  const lasting = { atMs, ...(forMs !== null && { forMs }) };
  switch (type) {
    case 'crash':
      return {
        type,
        node,
        ...(shape === shapeMost && !drawable.byHand && { loses: 'memory' as const }),
        ...lasting,
      };
    case 'pause':
      return { type, node, ...lasting };
    case 'slow-disk':
      return { type, node, extraMs: scaledMs(drawable, size), ...lasting };
    case 'clock-skew':
      return { type, node, skewMs: scaledMs(drawable, size) * (shape % 2 === 0 ? -1 : 1), driftPpm: 0, atMs };
    case 'cut':
      return {
        type,
        ...(drawable.byHand ? endsByHand(drawable, numbers) : endsOf(drawable, numbers)),
        ...lasting,
      };
    case 'slow-link':
      return { type, ...endsOf(drawable, numbers), extraMs: scaledMs(drawable, size), ...lasting };
    case 'lossy-link':
      return {
        type,
        ...endsOf(drawable, numbers),
        // Lost or doubled: every other one at most, down to one in 16.
        loss: size % 2 === 0 ? 1 / (2 << (size % 4)) : 0,
        duplication: size % 2 === 0 ? 0 : 1 / (2 << (size % 4)),
        ...lasting,
      };
  }
}

interface Ends {
  readonly from: string[];
  readonly to: string[];
  readonly oneWay: boolean;
}

/** As a lab cuts: a node off from every other machine, or one of its links. */
function endsByHand({ nodes, ends, everybody }: Drawable, { who, shape }: FaultNumbers): Ends {
  const node = nodes[who % nodes.length]!;
  const others = (all: readonly string[]) => all.filter((name) => name !== node);
  if (shape % 2 === 1 && nodes.length > 1) return { from: [node], to: others(ends), oneWay: false };
  const linked = others(everybody);
  return { from: [node], to: [linked[Math.floor(who / nodes.length) % linked.length]!], oneWay: false };
}

/** Whom a fault of links is between. */
function endsOf({ ends, everybody, regions }: Drawable, { who, shape, oneWay }: FaultNumbers): Ends {
  const way = { oneWay: oneWay % 2 === 1 };
  const against = (side: readonly string[], all: readonly string[]) => ({
    from: [...side],
    to: all.filter((name) => !side.includes(name)),
    ...way,
  });
  const kind = shape % (shapeMost + 1);
  if (kind === 3 && regions.length > 1) return against([regions[who % regions.length]!], regions);
  if (kind === 2 && everybody.length > 2) {
    // Neither nobody nor everybody is a side.
    const sides = (1 << Math.min(everybody.length, 16)) - 2;
    const side = 1 + (who % sides);
    return against(
      everybody.filter((_, index) => (side >> index) & 1),
      everybody,
    );
  }
  if (kind === 1 || ends.length < 2) return against([everybody[who % everybody.length]!], everybody);
  const from = who % ends.length;
  const to = (from + 1 + (Math.floor(who / ends.length) % (ends.length - 1))) % ends.length;
  return { from: [ends[from]!], to: [ends[to]!], ...way };
}

/** How long a fault lasts; null for good. */
function lengthMs({ durationMs, longestMs }: Drawable, length: number): number | null {
  if (length === 0 && longestMs === null) return null;
  const steps = length === 0 ? 0 : lengthsMost - (length % (lengthsMost + 1));
  return Math.max(tickMs, rounded((longestMs ?? durationMs) / pow(2, steps / stepsPerOctave)));
}

/** A delay or a skew: from a thousandth of the run up, by halves of a power of 2. */
function scaledMs({ durationMs }: Drawable, size: number): number {
  return Math.max(tickMs, rounded((durationMs / 1024) * pow(2, (size % (sizesMost + 1)) / 2)));
}

/** What the slowest messages take longer: from a 512th of the run to a 32nd. */
function spreadMs({ durationMs }: Drawable, spread: number): number {
  return Math.max(tickMs, rounded((durationMs / 1024) * (1 << Math.min(spread, spreadsMost))));
}

/** Links on which one message in `spreadOneIn` takes up to so much longer. A mixture is left as it is. */
function spreadOut(
  network: NonNullable<ScenarioSource['network']>,
  maxMs: number,
): ScenarioSource['network'] {
  const slower = (latency: LatencySource | undefined): LatencySource => {
    const plain = latency ?? 0;
    if (typeof plain !== 'number' && plain.type === 'mixture') return plain;
    return {
      type: 'mixture',
      parts: [
        { weight: spreadOneIn - 1, latency: plain },
        { weight: 1, latency: { type: 'uniform', minMs: 0, maxMs } },
      ],
    };
  };
  return {
    ...network,
    within: { ...network.within, latency: slower(network.within?.latency) },
    ...(network.between !== undefined && {
      between: network.between.map((link) => ({ ...link, latency: slower(link.latency) })),
    }),
  };
}

/** To a microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Whether the faults leave somebody: with every machine dead for good everything is lost, and nothing is learnt of it. */
export function leavesSomebody({ nodes }: Drawable, faults: readonly FaultDocument[]): boolean {
  const dead = new Set(
    faults.flatMap((fault) => (fault.type === 'crash' && fault.forMs === undefined ? [fault.node] : [])),
  );
  return dead.size < nodes.length;
}
