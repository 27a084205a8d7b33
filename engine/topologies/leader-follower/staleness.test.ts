/** Stale reads against a closed form, and where there are none. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { randomCluster } from './random-cluster.test-support.ts';
import type { LeaderFollowerSource } from './schema.ts';

function staleIn(source: ScenarioSource): { stale: number; reads: number } {
  const { verdicts, operations } = simulate(parseScenario(source));
  return { stale: verdicts.find(({ name }) => name === 'stale-reads')!.count, reads: operations.read.ok };
}

/**
 * One key, Poisson writes, constant delays: client to leader L, client to follower F, leader to follower D, no fsync.
 * A write asked for at t is acknowledged at t + 2L and on the follower at t + L + D; a read begun at s looks at the
 * follower at s + F. So it is stale if a write was asked for between s + F − L − D and s − 2L, a stretch of
 * w = D − L − F, and P(stale) = 1 − e^(−λw).
 */
test.each([
  { leaderMs: 1, followerMs: 1, replicationMs: 21, writesPerSecond: 20 },
  { leaderMs: 2, followerMs: 5, replicationMs: 47, writesPerSecond: 5 },
  { leaderMs: 1, followerMs: 1, replicationMs: 101, writesPerSecond: 10 },
])(
  'follower reads, replication in $replicationMs ms, $writesPerSecond writes/s: as the closed form says',
  (given) => {
    const { leaderMs, followerMs, replicationMs, writesPerSecond } = given;
    const { stale, reads } = staleIn({
      id: 'stale',
      durationMs: 1_500_000,
      cluster: {
        nodes: [
          { id: 'leader', region: 'l' },
          { id: 'follower', region: 'f' },
        ],
      },
      network: {
        between: [
          { from: 'client', to: 'l', latency: leaderMs },
          { from: 'client', to: 'f', latency: followerMs },
          { from: 'l', to: 'f', latency: replicationMs },
        ],
      },
      topology: { type: 'leader-follower', reads: 'followers' },
      workload: { clients: [{ region: 'client', writesPerSecond, readsPerSecond: 40 }], keys: { count: 1 } },
    });
    const windowSeconds = (replicationMs - leaderMs - followerMs) / 1000;
    const expected = 1 - Math.exp(-writesPerSecond * windowSeconds);
    expect(stale / reads / expected).toBeGreaterThan(0.97);
    expect(stale / reads / expected).toBeLessThan(1.03);
  },
);

test('a follower nearer to the leader than any client is never stale, once it streams', () => {
  const source: ScenarioSource = {
    id: 'stale',
    durationMs: 20_000,
    cluster: {
      nodes: [
        { id: 'leader', region: 'l' },
        { id: 'follower', region: 'f' },
      ],
    },
    network: {
      between: [
        { from: 'client', to: 'l', latency: 10 },
        { from: 'client', to: 'f', latency: 10 },
        { from: 'l', to: 'f', latency: 19 },
      ],
    },
    topology: { type: 'leader-follower', reads: 'followers' },
    workload: {
      clients: [{ region: 'client', writesPerSecond: 100, readsPerSecond: 500 }],
      keys: { count: 1 },
    },
  };
  let reads = 0;
  let stale = 0;
  simulate(parseScenario(source), {
    observe(entry) {
      if (entry.type !== 'ended' || entry.kind !== 'read' || entry.atMs < 100) return;
      reads++;
      if (entry.stale) stale++;
    },
  });
  expect(reads).toBeGreaterThan(9000);
  expect(stale).toBe(0);
});

test('reads from a leader that nobody replaces are never stale, whatever else befalls the cluster', () => {
  const faults = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'lossy-link', 'slow-disk'] as const;
  fc.assert(
    fc.property(randomCluster({ faults, badLinks: true }), (source) => {
      const { topology, workload } = source;
      const fixed: ScenarioSource = {
        ...source,
        topology: { ...(topology as LeaderFollowerSource), reads: 'leader', failover: { automatic: false } },
        workload: { ...workload, clients: [{ writesPerSecond: 200, readsPerSecond: 400 }] },
        drainMs: 1000,
      };
      expect(staleIn(fixed).stale).toBe(0);
    }),
    { numRuns: runsOf({ full: 2000, reduced: 60 }) },
  );
});
