import { expect, test } from 'vitest';
import { Alerts } from './alerts.ts';
import { describeTraceEntry, type TraceEntry } from './trace.ts';

test('an alert is raised once, keeps its worst value, and is cleared when all is well', () => {
  const told: TraceEntry[] = [];
  const alerts = new Alerts({ lagUs: 10_000_000, disconnected: true }, (entry) => told.push(entry));
  // Never connected is not lost.
  alerts.sawStream(1_000_000, 'b', false);
  alerts.sawStream(2_000_000, 'b', true);
  for (const [second, lag] of [9, 11, 14, 12, 10, 10.5].entries())
    alerts.sawLag((second + 3) * 1_000_000, 'b', lag * 1_000_000);
  alerts.sawStream(20_000_000, 'b', false);
  expect(alerts.report()).toEqual([
    { alert: 'lag', node: 'b', raisedAtMs: 4000, clearedAtMs: 7000, worstMs: 14_000 },
    { alert: 'lag', node: 'b', raisedAtMs: 8000, clearedAtMs: null, worstMs: 10_500 },
    { alert: 'disconnected', node: 'b', raisedAtMs: 20_000, clearedAtMs: null, worstMs: null },
  ]);
  expect(told.map(describeTraceEntry)).toEqual([
    'alert: b is 11000 ms behind',
    'all clear: b is 10000 ms behind',
    'alert: b is 10500 ms behind',
    'alert: b is disconnected from its leader',
  ]);
});

test('without a threshold nobody is told anything', () => {
  const alerts = new Alerts({ lagUs: null, disconnected: false }, undefined);
  alerts.sawLag(1, 'b', 1e12);
  alerts.sawStream(1, 'b', true);
  alerts.sawStream(2, 'b', false);
  expect(alerts.report()).toEqual([]);
});
