/**
 * Write latency against the closed expectation: the client's two one-way delays, the leader's fsync, and for each
 * follower a one-way delay, an fsync and a one-way delay back, of which the write waits for none, the fastest or the
 * slowest. Computed by convolution of the distributions on a grid; nothing is drawn.
 *
 * At a low rate: no write waits for another's fsync or behind another's records.
 */

import { describe, expect, test } from 'vitest';
import { distributionOf } from '../../kernel/latency-distribution.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { oneWayLatency, regionRtt } from '../../scenario/region-rtt.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import type { LeaderFollowerSource } from './schema.ts';

/** P(X ≤ t), t in ms. */
type Cdf = (t: number) => number;
/** Probabilities of the grid's cells. */
type Density = Float64Array;

const constant =
  (ms: number): Cdf =>
  (t) =>
    t >= ms ? 1 : 0;
const uniform =
  (minMs: number, maxMs: number): Cdf =>
  (t) =>
    Math.min(1, Math.max(0, (t - minMs) / (maxMs - minMs)));
const exponential =
  (meanMs: number, minMs = 0): Cdf =>
  (t) =>
    t <= minMs ? 0 : 1 - Math.exp(-(t - minMs) / meanMs);

class Grid {
  readonly stepMs: number;
  readonly cells = 4000;

  constructor(spanMs: number) {
    this.stepMs = spanMs / this.cells;
  }

  density(cdf: Cdf): Density {
    const at = (cell: number) => cdf((cell + 0.5) * this.stepMs);
    return Float64Array.from({ length: this.cells }, (_, cell) => at(cell) - (cell === 0 ? 0 : at(cell - 1)));
  }

  sum(...parts: readonly Density[]): Density {
    return parts.reduce((sum, part) => {
      const next = new Float64Array(this.cells);
      for (let i = 0; i < this.cells; i++) {
        const weight = sum[i]!;
        if (weight > 0) for (let j = 0; i + j < this.cells; j++) next[i + j]! += weight * part[j]!;
      }
      return next;
    });
  }

  /** Of independent ones, the smallest or the largest. */
  extreme(parts: readonly Density[], which: 'fastest' | 'slowest'): Density {
    const cumulated = parts.map(cumulate);
    const cdf = Float64Array.from({ length: this.cells }, (_, cell) => {
      const product = cumulated.reduce(
        (all, part) => all * (which === 'slowest' ? part[cell]! : 1 - part[cell]!),
        1,
      );
      return which === 'slowest' ? product : 1 - product;
    });
    return cdf.map((each, cell) => each - (cell === 0 ? 0 : cdf[cell - 1]!));
  }

  quantile(density: Density, p: number): number {
    return cumulate(density).findIndex((each) => each >= p) * this.stepMs;
  }
}

function cumulate(density: Density): Density {
  let sum = 0;
  return density.map((each) => (sum += each));
}

type Latency = NonNullable<NonNullable<ScenarioSource['network']>['within']>['latency'];

interface Configuration {
  readonly name: string;
  readonly spanMs: number;
  readonly client: readonly [Latency, Cdf];
  readonly leaderDisk: readonly [Latency, Cdf];
  /** The link to each follower, one way, and its disk. */
  readonly followers: readonly {
    readonly link: readonly [Latency, Cdf];
    readonly disk: readonly [Latency, Cdf];
  }[];
}

const ofConstant = (ms: number) => [ms, constant(ms)] as const;
const ofUniform = (minMs: number, maxMs: number) =>
  [{ type: 'uniform', minMs, maxMs }, uniform(minMs, maxMs)] as const;
const ofExponential = (meanMs: number) => [{ type: 'exponential', meanMs }, exponential(meanMs)] as const;
const ofPreset = (from: string, to: string) => {
  const { atMost } = distributionOf(oneWayLatency(regionRtt({ provider: 'AWS', from, to })!));
  return [{ type: 'rtt', from, to }, (t: number) => atMost(t * 1000)] as const;
};

const configurations: readonly Configuration[] = [
  {
    name: 'constants',
    spanMs: 60,
    client: ofConstant(1),
    leaderDisk: ofConstant(2),
    followers: [
      { link: ofConstant(5), disk: ofConstant(3) },
      { link: ofConstant(12), disk: ofConstant(1) },
    ],
  },
  {
    name: 'uniform links and disks',
    spanMs: 150,
    client: ofUniform(0, 4),
    leaderDisk: ofUniform(1, 9),
    followers: [
      { link: ofUniform(1, 20), disk: ofUniform(0, 10) },
      { link: ofUniform(5, 30), disk: ofUniform(0, 5) },
      { link: ofUniform(2, 25), disk: ofUniform(3, 30) },
    ],
  },
  {
    name: 'exponential links and disks',
    spanMs: 200,
    client: ofConstant(0.5),
    leaderDisk: ofExponential(2),
    followers: [
      { link: ofExponential(4), disk: ofExponential(3) },
      { link: ofExponential(6), disk: ofExponential(1) },
      { link: ofExponential(2), disk: ofExponential(8) },
      { link: ofUniform(1, 5), disk: ofConstant(20) },
    ],
  },
  {
    name: 'one follower across the ocean, measured round trips',
    spanMs: 400,
    client: ofConstant(0.5),
    leaderDisk: ofUniform(0.5, 2),
    followers: [
      { link: ofPreset('us-east-1', 'eu-west-1'), disk: ofUniform(0.5, 4) },
      { link: ofPreset('us-east-1', 'us-west-2'), disk: ofUniform(0.5, 4) },
    ],
  },
];

const acknowledgements = ['asynchronous', 'semi-synchronous', 'synchronous'] as const;

function expectedMs(
  { spanMs, client, leaderDisk, followers }: Configuration,
  acknowledgement: (typeof acknowledgements)[number],
  p: number,
): number {
  const grid = new Grid(spanMs);
  const there = grid.density(client[1]);
  const own = grid.sum(there, grid.density(leaderDisk[1]), there);
  if (acknowledgement === 'asynchronous') return grid.quantile(own, p);
  const rounds = followers.map(({ link, disk }) => {
    const way = grid.density(link[1]);
    return grid.sum(way, grid.density(disk[1]), way);
  });
  const waited = grid.extreme(rounds, acknowledgement === 'synchronous' ? 'slowest' : 'fastest');
  return grid.quantile(grid.sum(own, waited), p);
}

function scenario(
  { client, leaderDisk, followers }: Configuration,
  acknowledgement: NonNullable<LeaderFollowerSource['acknowledgement']>,
  writes: number,
): ScenarioSource {
  const perSecond = 1;
  const regions = followers.map((_, index) => `f${index}`);
  return {
    id: 'write-latency',
    durationMs: (writes / perSecond) * 1000,
    cluster: {
      nodes: [
        { id: 'leader', region: 'l', disk: { fsync: leaderDisk[0]! } },
        ...followers.map(({ disk }, index) => ({
          id: `follower-${index}`,
          region: `f${index}`,
          disk: { fsync: disk[0]! },
        })),
      ],
    },
    network: {
      between: [
        { from: 'client', to: 'l', latency: client[0]! },
        ...followers.map(({ link }, index) => ({ from: 'l', to: `f${index}`, latency: link[0]! })),
        ...regions.map((region) => ({ from: 'client', to: region, latency: 1 })),
        ...regions.flatMap((region, index) =>
          regions.slice(index + 1).map((other) => ({ from: region, to: other, latency: 1 })),
        ),
      ],
    },
    topology: {
      type: 'leader-follower',
      acknowledgement,
      failover: { automatic: false, heartbeatMs: 500_000, timeoutMs: 2_000_000 },
      keepaliveMs: 100_000,
      streamTimeoutMs: 1_000_000,
    },
    workload: {
      clients: [{ region: 'client', writesPerSecond: perSecond }],
      arrivals: 'regular',
      timeoutMs: 60_000,
    },
  };
}

/** PostgreSQL's levels: whom a write waits for and until when, as sums of the same parts. Replay takes 4 ms a record. */
const replayMs = 4;
const levels = [
  { level: 'off', standbys: '*', waits: () => null },
  { level: 'local', standbys: '*', waits: () => null },
  { level: 'remote_write', standbys: 'FIRST 1 (follower-1, follower-0)', waits: first('written', 1) },
  { level: 'on', standbys: 'FIRST 1 (follower-1, follower-0)', waits: first('flushed', 1) },
  { level: 'remote_apply', standbys: 'FIRST 1 (follower-1, follower-0)', waits: first('replayed', 1) },
  { level: 'remote_apply', standbys: 'ANY 1 (*)', waits: anyOne('replayed') },
] as const;

type StageName = 'written' | 'flushed' | 'replayed';

function roundOf(grid: Grid, { link, disk }: Configuration['followers'][number], stage: StageName): Density {
  const way = grid.density(link[1]);
  const flushed = grid.density(disk[1]);
  if (stage === 'written') return grid.sum(way, way);
  if (stage === 'flushed') return grid.sum(way, flushed, way);
  // Word of the replay cannot overtake word of the flush, which left before it on the same connection.
  const back = grid.extreme([way, grid.sum(grid.density(constant(replayMs)), way)], 'slowest');
  return grid.sum(way, flushed, back);
}

function first(stage: StageName, follower: number) {
  return (grid: Grid, { followers }: Configuration): Density => roundOf(grid, followers[follower]!, stage);
}

function anyOne(stage: StageName) {
  return (grid: Grid, { followers }: Configuration): Density =>
    grid.extreme(
      followers.map((follower) => roundOf(grid, follower, stage)),
      'fastest',
    );
}

describe.each(configurations.slice(0, 2))('$name, PostgreSQL', (configuration) => {
  test.each(levels)('$level, $standbys: p50 and p99 within 5% of the expectation', (each) => {
    const { level, standbys, waits } = each;
    const source = scenario(configuration, { style: 'postgresql', level, standbys }, 10_000);
    const nodes = source.cluster.nodes.map((node) => ({
      ...node,
      replay: { recordsPerSecond: 1000 / replayMs },
    }));
    const { latencyMs } = simulate(parseScenario({ ...source, cluster: { nodes } }));
    const grid = new Grid(configuration.spanMs);
    const there = grid.density(configuration.client[1]);
    const own = grid.density(level === 'off' ? constant(0) : configuration.leaderDisk[1]);
    const waited = waits(grid, configuration);
    const whole = grid.sum(there, own, there, ...(waited === null ? [] : [waited]));
    for (const [p, measured] of [
      [0.5, latencyMs.write.p50],
      [0.99, latencyMs.write.p99],
    ] as const) {
      expect(Math.abs(measured! / grid.quantile(whole, p) - 1)).toBeLessThan(0.05);
    }
  });
});

describe.each(configurations)('$name', (configuration) => {
  test.each(acknowledgements)('%s: p50 and p99 within 5% of the expectation', (acknowledgement) => {
    const { latencyMs, operations } = simulate(
      parseScenario(scenario(configuration, acknowledgement, 10_000)),
    );
    expect(operations.write.ok).toBeGreaterThanOrEqual(9_999);
    for (const [p, measured] of [
      [0.5, latencyMs.write.p50],
      [0.99, latencyMs.write.p99],
    ] as const) {
      const expected = expectedMs(configuration, acknowledgement, p);
      if (process.env.QUORATE_SHOW === '1')
        process.stdout.write(
          `${configuration.name}, ${acknowledgement}, p${p * 100}: measured ${measured} ms, expected ${expected.toFixed(3)} ms\n`,
        );
      expect(Math.abs(measured! / expected - 1)).toBeLessThan(0.05);
    }
  });
});
