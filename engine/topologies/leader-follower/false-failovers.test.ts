/**
 * What a time-out costs, either way: too short, and leaders that live are given up; too long, and the outage of one that dies
 * is longer. Syllabus S-B8.
 */

import { expect, test } from 'vitest';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';

const timeoutsMs = [300, 600, 1200, 2400, 4800] as const;
const seeds = 8;

type Failover = NonNullable<Extract<ScenarioSource['topology'], { type: 'leader-follower' }>['failover']>;

/** A leader that stops for a while now and then (collections, a busy host): of pauses the longer are the rarer. */
function run(failover: Failover, seed: number, crashes: boolean): ReturnType<typeof simulate> {
  const pauses = [250, 450, 250, 900, 450, 250, 1800, 450, 250, 900];
  return simulate(
    parseScenario({
      id: 'sweep',
      seed,
      durationMs: 120_000,
      drainMs: 0,
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 0.5 } } },
      network: { within: { latency: { type: 'log-normal', medianMs: 1, p99Ms: 8 } } },
      topology: {
        type: 'leader-follower',
        acknowledgement: 'semi-synchronous',
        failover: { heartbeatMs: 100, electionMs: 200, ...failover },
      },
      workload: { clients: [{ writesPerSecond: 20 }], timeoutMs: 200 },
      faults: crashes
        ? [{ type: 'crash', node: 'a', atMs: 60_000 + 13 * seed }]
        : ['a', 'b', 'c'].flatMap((node) =>
            pauses.map((forMs, index) => ({
              type: 'pause' as const,
              node,
              atMs: 10_000 * (index + 1) + 7 * seed,
              forMs,
            })),
          ),
    }),
  );
}

const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
const overSeeds = <Value>(of: (seed: number) => Value) =>
  Array.from({ length: seeds }, (_, at) => of(at + 1));

test('a longer time-out has fewer false failovers and a longer outage', () => {
  const sweep = timeoutsMs.map((timeoutMs) => ({
    timeoutMs,
    falseFailovers: mean(overSeeds((seed) => run({ timeoutMs }, seed, false).falseFailovers)),
    rtoMs: mean(overSeeds((seed) => run({ timeoutMs }, seed, true).failovers[0]!.rtoMs!)),
  }));
  for (const [index, { falseFailovers, rtoMs, timeoutMs }] of sweep.entries()) {
    // Detection dominates the outage.
    expect(rtoMs).toBeGreaterThan(timeoutMs - 100);
    expect(rtoMs).toBeLessThan(timeoutMs + 600);
    if (index === 0) continue;
    expect(falseFailovers).toBeLessThanOrEqual(sweep[index - 1]!.falseFailovers);
    expect(rtoMs).toBeGreaterThan(sweep[index - 1]!.rtoMs);
  }
  expect(sweep[0]!.falseFailovers).toBeGreaterThanOrEqual(3);
  expect(sweep.at(-1)!.falseFailovers).toBe(0);
});

test('φ: as suspicious as the signs of life are regular', () => {
  const phi = { type: 'phi', threshold: 8, minDeviationMs: 20 } as const;
  const calm = mean(overSeeds((seed) => run({ detector: phi }, seed, true).failovers[0]!.rtoMs!));
  // A fixed time of 10 s, the default, is what it has until it has seen five signs.
  expect(calm).toBeLessThan(1000);
  // A higher threshold is more patient.
  const patient = { ...phi, threshold: 14, minDeviationMs: 60 };
  expect(
    mean(overSeeds((seed) => run({ detector: patient }, seed, true).failovers[0]!.rtoMs!)),
  ).toBeGreaterThan(calm);
});
