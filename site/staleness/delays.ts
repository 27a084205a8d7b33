/** Whose delays the explorer shows, and after which times; as the engine has them, and as a scenario is written. */
import { type QuorumLatency, quorumLatencies, type ScenarioSource } from '#engine';

export interface Delays {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly latency: QuorumLatency;
  /** Columns of the map: how long after a write's acknowledgement a read begins, ms. */
  readonly timesMs: readonly number[];
}

export const published: readonly Delays[] = [
  {
    id: 'lnkd-ssd',
    label: 'LinkedIn, SSDs',
    note: 'Voldemort; writes as quick as reads',
    latency: quorumLatencies['lnkd-ssd'],
    timesMs: [0, 0.1, 0.2, 0.5, 1, 2, 5],
  },
  {
    id: 'lnkd-disk',
    label: 'LinkedIn, disks',
    note: 'Voldemort; writes wait for a spinning disk',
    latency: quorumLatencies['lnkd-disk'],
    timesMs: [0, 1, 2, 5, 10, 20, 50],
  },
  {
    id: 'ymmr',
    label: 'Yammer',
    note: 'Riak; few writes are slow, and those are very slow',
    latency: quorumLatencies.ymmr,
    timesMs: [0, 1, 5, 20, 100, 500, 2000],
  },
  {
    id: 'wan',
    label: 'An ocean',
    note: 'the disks, and two of three replicas 75 ms away',
    latency: quorumLatencies.wan,
    timesMs: [0, 10, 25, 50, 75, 100, 150],
  },
];

/** Exponential waits: a write's way to a replica, and each of the other three ways; means in ms. */
export function ownDelays(writeMs: number, otherMs: number): Delays {
  const write = { type: 'exponential', meanUs: writeMs * 1000 } as const;
  const other = { type: 'exponential', meanUs: otherMs * 1000 } as const;
  return {
    id: `own ${writeMs} ${otherMs}`,
    label: 'Your own',
    note: 'exponential waits of a mean you choose',
    latency: { write, ack: other, request: other, response: other, remoteUs: 0 },
    timesMs: [0, 0.2, 0.5, 1, 2, 4, 8].map((times) => times * writeMs),
  };
}

const stepsBetween = 6;

/** The columns' times, and between each two some more for the curves. */
export function curveTimes(timesMs: readonly number[]): number[] {
  return timesMs.flatMap((from, column) => {
    const to = timesMs[column + 1];
    if (to === undefined) return [from];
    return Array.from({ length: stepsBetween }, (_, step) => from + ((to - from) * step) / stepsBetween);
  });
}

/** The index of a column's time among those of `curveTimes`. */
export function columnAt(column: number): number {
  return column * stepsBetween;
}

type LatencySource = NonNullable<NonNullable<NonNullable<ScenarioSource['network']>['within']>['latency']>;
type LatencySpec = QuorumLatency['write'];

/** One of these delays as a scenario file holds it. */
export function asWritten(spec: LatencySpec): LatencySource {
  switch (spec.type) {
    case 'exponential':
      return { type: 'exponential', meanMs: spec.meanUs / 1000 };
    case 'pareto':
      return { type: 'pareto', scaleMs: spec.scaleUs / 1000, shape: spec.shape };
    case 'mixture':
      return {
        type: 'mixture',
        parts: spec.components.map(({ weight, latency }) => ({ weight, latency: asWritten(latency) })),
      } as LatencySource;
    default:
      throw new RangeError(`no delay of the explorer is ${spec.type}`);
  }
}
