/** Leaders with followers of their own: reads near the user, no writes there, and whom an operator promotes. */

import { expect, test } from 'vitest';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { leadersIn, ofType, run, verdict } from './run.test-support.ts';

/** a with followers a2 and a3 in one region, b in another. */
function withFollowers(faults: FaultSource[] = []): ScenarioSource {
  const base = leadersIn(2, { followers: true, reconfigureAfterMs: 200 }, { faults, durationMs: 3000 });
  return {
    ...base,
    cluster: {
      ...base.cluster,
      nodes: [
        { id: 'a', region: 'in-a' },
        { id: 'b', region: 'in-b' },
        { id: 'a2', region: 'in-a' },
        { id: 'a3', region: 'in-a' },
      ],
    },
    workload: {
      clients: [
        { id: 'at-a', region: 'in-a', writesPerSecond: 30, readsPerSecond: 60 },
        { id: 'at-b', region: 'in-b', writesPerSecond: 30, readsPerSecond: 60 },
      ],
      keys: { count: 10 },
      timeoutMs: 100,
    },
  };
}

const numbers = (source: ScenarioSource) =>
  Object.fromEntries(run(source).report.nodes.map(({ node, reads, writes }) => [node, { reads, writes }]));

test('followers serve the reads of their region, take no writes, and come to hold what all leaders hold', () => {
  const { report, cluster } = run(withFollowers());
  const { a, b, a2, a3 } = numbers(withFollowers());
  expect([a2!.writes, a3!.writes]).toEqual([0, 0]);
  expect(Math.min(a!.writes, b!.writes)).toBeGreaterThan(50);
  // A third each.
  const reads = [a!.reads, a2!.reads, a3!.reads];
  expect(Math.max(...reads) - Math.min(...reads)).toBeLessThanOrEqual(1);
  expect(verdict(report, 'divergence').result).toBe('ok');
  const [first] = cluster.leaders;
  for (const { applied } of cluster.leaders) expect(applied).toEqual(first!.applied);
  // b → a, a → b, and a with each of two, both ways.
  expect(report.multiLeader!.streams).toBe(6);
});

test('when the leader dies its region reads on, and writes once an operator has promoted a follower', () => {
  const crash: FaultSource = { type: 'crash', node: 'a', atMs: 1000 };
  const alone = run(withFollowers([crash])).report;
  expect(alone.operations.write.fail).toBeGreaterThan(40);
  expect(alone.nodes.find(({ node }) => node === 'a2')!.reads).toBeGreaterThan(50);
  const { report, trace, cluster } = run(withFollowers([crash, { type: 'promote', node: 'a2', atMs: 1500 }]));
  expect(ofType(trace, 'takes-writes').map(({ node }) => node)).toEqual(['a2']);
  expect(report.operations.write.fail).toBeLessThan(alone.operations.write.fail / 2);
  const made = cluster.leaders[2]!.applied[2]!;
  expect(made).toBeGreaterThan(20);
  // Its writes reach the other leader and its fellow, which both sent to the dead one.
  expect([1, 3].map((reader) => cluster.leaders[reader]!.applied[2])).toEqual([made, made]);
  expect(cluster.leaders[2]!.applied[1]).toBe(cluster.leaders[1]!.applied[1]);
  expect(verdict(report, 'divergence').result).toBe('ok');
});

test('the first leader has its users’ writes again when it is back, and the one promoted goes on beside it', () => {
  const { report, cluster } = run(
    withFollowers([
      { type: 'crash', node: 'a', atMs: 800, forMs: 1000 },
      { type: 'promote', node: 'a2', atMs: 1200 },
    ]),
  );
  expect(verdict(report, 'divergence').result).toBe('ok');
  expect(verdict(report, 'lost-writes').result).toBe('ok');
  expect(cluster.leaders.map(({ follows }) => follows)).toEqual([false, false, false, true]);
});
