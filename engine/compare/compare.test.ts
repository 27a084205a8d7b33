import { expect, test } from 'vitest';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { askedAt, Comparison, prepareComparison } from './compare.ts';

const source: ScenarioSource = {
  id: 'shop',
  durationMs: 900,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
  topology: { type: 'leader-follower' },
  workload: {
    clients: [
      { id: 'app', readsPerSecond: 5, writesPerSecond: 5 },
      { id: 'job', writesPerSecond: 1 },
    ],
  },
};
const rates = { readsPerSecond: 20, writesPerSecond: 30 };

test('other rates change what is run as they would change the file', () => {
  const changed = askedAt(prepareComparison(source), rates);
  for (const { calm } of changed.contenders) {
    expect(calm.source.workload.clients.map((client) => ({ ...client, id: undefined }))).toEqual([
      rates,
      rates,
    ]);
    expect(calm.scenario).toEqual(parseScenario(calm.source));
  }
});

test('the table has the topologies whose two runs are made, and those of a crash differ by the crash', () => {
  const comparison = new Comparison(askedAt(prepareComparison(source), rates));
  expect(comparison.table().topologies).toEqual([]);
  for (const made of [1, 2, 3]) {
    const run = comparison.next()!;
    expect(run.scenario).toEqual(parseScenario(run.source));
    comparison.took(run, simulate(run.scenario));
    const { topologies, scenarios } = comparison.table();
    expect(topologies.map(({ name }) => name)).toEqual(made === 1 ? [] : ['async']);
    expect(scenarios.map(({ faults }) => faults!.length)).toEqual(made === 1 ? [] : [0, 1]);
  }
});
