import { expect, test } from 'vitest';
import { Simulation } from '../run/simulation.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import * as everywhere from './clusters.ts';
import * as inPage from './clusters-in-page.ts';

const topologies: readonly ScenarioSource['topology'][] = [
  { type: 'leader-follower' },
  { type: 'consensus' },
  { type: 'certification' },
  { type: 'leaderless', replicas: 3, read: 2, write: 2 },
  { type: 'multi-leader' },
  { type: 'sharded', shards: 2, of: { type: 'leader-follower' } },
];

test.each(topologies)('a cluster that came to a page runs as it does everywhere: $type', async (topology) => {
  const scenario = parseScenario({
    id: 'in-page',
    durationMs: 300,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
    topology,
    workload: { clients: [{ writesPerSecond: 100, readsPerSecond: 100 }] },
  });
  const digest = (makeCluster: typeof everywhere.newCluster) => {
    const simulation = new Simulation(scenario, 1, undefined, makeCluster);
    simulation.finish();
    return simulation.report().digest;
  };
  expect(everywhere.fetchClusters([scenario])).toBeNull();
  if (topology.type !== 'sharded')
    expect(() => digest(inPage.newCluster)).toThrow(`the cluster of ${topology.type} has not been fetched`);
  await inPage.fetchClusters([scenario]);
  expect(inPage.fetchClusters([scenario])).toBeNull();
  expect(digest(inPage.newCluster)).toBe(digest(everywhere.newCluster));
});
