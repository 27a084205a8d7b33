/** Safe whatever happens; then the group is made whole, and everybody ends with the same log. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import type { ConsensusCluster } from './cluster.ts';
import { randomGroup } from './random-group.test-support.ts';

/** Runs to the end, and beyond it until everybody who was crashed for a while is back. */
function finished(source: ScenarioSource): Simulation {
  const scenario = parseScenario(source);
  const simulation = new Simulation(scenario, scenario.seed, undefined);
  simulation.finish();
  return simulation;
}

const resultOf = (simulation: Simulation, name: string) =>
  simulation.verdicts().find((verdict) => verdict.name === name);

test('safe under crashes, pauses, cuts, loss, duplication, reordering and drift; then it converges', () => {
  let elections = 0;
  let leaders = 0;
  let installed = 0;
  fc.assert(
    fc.property(randomGroup(), (source) => {
      const simulation = finished(source);
      for (const verdict of simulation.verdicts())
        expect({ ...verdict, source }).toMatchObject({ result: 'ok', source });
      const { servers } = simulation.cluster as ConsensusCluster;
      for (const { wal, commitLsn } of servers) expect(commitLsn).toBe(wal.lastLsn);
      expect(new Set(servers.map(({ wal }) => wal.lastLsn)).size).toBe(1);
      elections += servers[0]!.term - 1;
      const report = simulation.report();
      leaders += report.failovers.length;
      installed += report.snapshots!.installed;
    }),
    { numRuns: runsOf({ full: 5000, reduced: 120 }) },
  );
  // The schedules do reach what they are for.
  expect(elections).toBeGreaterThan(100);
  expect(leaders).toBeGreaterThan(50);
  expect(installed).toBeGreaterThan(20);
});

describe('what is not promised', () => {
  test('leaders that answer alone may have to take writes back, and nothing else breaks', () => {
    fc.assert(
      fc.property(randomGroup({ acknowledgement: 'leader', reads: ['read-index'] }), (source) => {
        const simulation = finished(source);
        expect(resultOf(simulation, 'consensus-safety')).toMatchObject({ result: 'ok' });
        expect(resultOf(simulation, 'divergence')).toMatchObject({ result: 'ok' });
      }),
      { numRuns: runsOf({ full: 1000, reduced: 40 }) },
    );
  });

  test('local reads are of the past', () => {
    let stale = 0;
    fc.assert(
      fc.property(randomGroup({ reads: ['local'] }), (source) => {
        const topology = { ...source.topology, readFrom: 'followers' } as ScenarioSource['topology'];
        stale += resultOf(finished({ ...source, topology }), 'stale-reads')!.count;
      }),
      { numRuns: 20 },
    );
    expect(stale).toBeGreaterThan(0);
  });
});

test('a follower that restarts when nobody writes any more learns what is committed', () => {
  const simulation = finished({
    id: 'restarts-late',
    seed: 5,
    durationMs: 1500,
    drainMs: 2000,
    cluster: {
      nodes: [{ id: 'a', clock: { driftPpm: 234 } }, { id: 'b' }, { id: 'c' }],
      defaults: { disk: { fsync: 0 } },
    },
    network: { within: { latency: 0.2 } },
    topology: {
      type: 'consensus',
      electionTimeoutMs: 60,
      heartbeatMs: 15,
      preVote: false,
      reads: 'log',
      clockDriftPpm: 20_000,
    },
    workload: {
      clients: [
        { writesPerSecond: 50, readsPerSecond: 300 },
        { writesPerSecond: 20, readsPerSecond: 100 },
      ],
      keys: { count: 1 },
      timeoutMs: 100,
    },
    // The second strikes between the last entry and the word that it is committed.
    faults: [
      { type: 'crash', node: 'a', atMs: 0, forMs: 1 },
      { type: 'crash', node: 'a', loses: 'memory', atMs: 1494.393, forMs: 1 },
    ],
  });
  const { servers } = simulation.cluster as ConsensusCluster;
  for (const { wal, commitLsn } of servers) expect(commitLsn).toBe(wal.lastLsn);
});
