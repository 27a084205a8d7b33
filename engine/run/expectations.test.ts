import { expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { judgeExpectations } from './expectations.ts';
import { simulate } from './simulate.ts';

const source = {
  id: 'expectations',
  durationMs: 1000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }] },
  network: { within: { latency: 3 } },
  topology: { type: 'leader-follower' },
  workload: { clients: [{ writesPerSecond: 100 }] },
} as const satisfies ScenarioSource;
const report = simulate(parseScenario(source));

const judged = (expectation: Parameters<typeof judgeExpectations>[0][number]) =>
  judgeExpectations([expectation], report)[0]!;

test('a verdict is as expected, or not', () => {
  expect(judged({ verdict: 'lost-writes', result: 'ok' })).toEqual({
    expectation: 'lost-writes is ok',
    met: true,
    measured: 'ok (0)',
  });
  expect(judged({ verdict: 'lost-writes', result: 'violation' }).met).toBe(false);
  expect(judged({ verdict: 'lost-writes', result: 'unknown' }).met).toBe(false);
});

test('a metric is within its bounds, ends included', () => {
  expect(judged({ metric: 'latencyMs.write.p50', atLeast: 6, atMost: 6 })).toEqual({
    expectation: 'latencyMs.write.p50 is at least 6 and at most 6',
    met: true,
    measured: '6',
  });
  expect(judged({ metric: 'latencyMs.write.p50', atMost: 5.999 }).met).toBe(false);
  expect(judged({ metric: 'latencyMs.write.p50', atLeast: 6.001 }).met).toBe(false);
  expect(judged({ metric: 'nodes.0.writes', atLeast: 1 }).met).toBe(true);
});

test('a metric that is not there, or not a number, is not met', () => {
  for (const metric of [
    'latencyMs.read.p50',
    'latencyMs.write.p51',
    'failovers.0.rtoMs',
    'digest',
    'nodes',
    '',
    'toString',
    '__proto__.x',
  ]) {
    expect(judged({ metric, atLeast: -1e9 })).toMatchObject({ met: false, measured: 'no number there' });
  }
});

test('the report carries them', () => {
  const { expectations } = simulate(
    parseScenario({
      ...source,
      expect: [
        { metric: 'events', atLeast: 1 },
        { verdict: 'divergence', result: 'ok' },
      ],
    }),
  );
  expect(expectations.map(({ met }) => met)).toEqual([true, true]);
});
