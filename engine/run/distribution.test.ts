import { expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { Distribution } from './distribution.ts';
import type { Report } from './report.ts';
import { simulate } from './simulate.ts';

const source: ScenarioSource = {
  id: 'crashing',
  durationMs: 3000,
  drainMs: 0,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 1 } } },
  network: { within: { latency: { type: 'exponential', meanMs: 4 } } },
  topology: {
    type: 'leader-follower',
    failover: { heartbeatMs: 100, timeoutMs: 400, electionMs: 100 },
  },
  workload: { clients: [{ writesPerSecond: 300 }] },
  faults: [{ type: 'crash', node: 'a', atMs: 1500 }],
};
const scenario = parseScenario(source);
const reports: Report[] = Array.from({ length: 40 }, (_, seed) => simulate(scenario, { seed }));

function distributionOf(some: readonly Report[]): Distribution {
  const distribution = new Distribution();
  for (const report of some) distribution.add(report);
  return distribution;
}

test('merged parts are the whole, in any order', () => {
  const whole = distributionOf(reports);
  const parts = [reports.slice(25), reports.slice(0, 7), reports.slice(7, 25)].map(distributionOf);
  const merged = new Distribution();
  for (const part of parts) merged.merge(part);
  expect(merged.summary()).toEqual(whole.summary());
});

test('the numbers are those of the reports: counts, extremes, means exactly, quantiles to 0.4%', () => {
  const summary = distributionOf(reports).summary();
  const rto = reports.map(({ failovers }) => failovers[0]!.rtoMs!).toSorted((a, b) => a - b);
  expect(summary.runs).toBe(40);
  expect(summary.failovers).toEqual({ count: 40, falseAlarms: 0, withoutEnd: 0 });
  expect(summary.rtoMs).toMatchObject({ count: 40, min: rto[0], max: rto.at(-1) });
  expect(summary.rtoMs.mean).toBeCloseTo(rto.reduce((sum, each) => sum + each, 0) / 40, 6);
  expect(summary.rtoMs.p50! / rto[19]!).toBeGreaterThanOrEqual(1);
  expect(summary.rtoMs.p50! / rto[19]!).toBeLessThan(1.004);
  const lost = reports.map(({ rpo }) => rpo.writes);
  expect(summary.lossShare).toBe(lost.filter((writes) => writes > 0).length / 40);
  expect(summary.lostWrites.max).toBe(Math.max(...lost));
});

test('nothing measured is nothing said', () => {
  expect(new Distribution().summary()).toMatchObject({
    runs: 0,
    rtoMs: { count: 0, min: null, mean: null, p50: null, p99: null, max: null },
    lossShare: 0,
  });
});
