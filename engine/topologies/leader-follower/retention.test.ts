/** Logs that do not last, and followers that start again from a copy: among crashes, cuts and bad links. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { open } from '../../run/player.ts';
import { simulate } from '../../run/simulate.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { nodeNames, quickTopology, randomCluster } from './random-cluster.test-support.ts';
import { replicasOf } from './replicas-of.test-support.ts';
import type { LeaderFollowerSource } from './schema.ts';

const full = process.env.QUORATE_FULL === '1';
const everyFault = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'lossy-link', 'slow-disk'] as const;

/** A slot may keep a few records, and a copy takes 30 ms. */
const short = {
  maxSlotWalKeepBytes: 2000,
  baseBackup: { dataBytes: 30_000, bytesPerSecond: 1_000_000 },
} satisfies Partial<LeaderFollowerSource>;

describe('a slot may keep only a few records', () => {
  const drawn = (badLinks: boolean) =>
    randomCluster({ faults: everyFault, maxFaults: 8, minNodes: 2, badLinks }).map((source) => ({
      ...source,
      topology: { ...source.topology, ...short },
      faults: source.faults!.map((fault) =>
        fault.type === 'crash' ? { ...fault, atMs: Math.min(fault.atMs, 900), forMs: 200 } : fault,
      ),
    }));

  test.each([false, true])(
    'bad links: %s; in the end every replica has one log, and shows the same',
    (badLinks) => {
      let copies = 0;
      fc.assert(
        fc.property(drawn(badLinks), (source) => {
          const scenario = parseScenario(source);
          const simulation = new Simulation(scenario, scenario.seed, undefined);
          simulation.finish();
          const report = simulation.report();
          copies += report.replication!.baseBackups;
          expect(report.verdicts.find(({ name }) => name === 'divergence')).toMatchObject({ result: 'ok' });
          const replicas = replicasOf(simulation);
          const { wal, term } = replicas[simulation.cluster.leaderOf(0)]!;
          for (const replica of replicas) {
            expect([replica.term, replica.wal.lastLsn, replica.backup]).toEqual([term, wal.lastLsn, null]);
            expect(replica.wal.terms).toEqual(wal.terms);
            expect(replica.wal.starts).toEqual(wal.starts);
          }
        }),
        { numRuns: full ? 1500 : 60 },
      );
      expect(copies).toBeGreaterThan(5);
    },
  );

  test('what two disks acknowledged survives, once everybody is back', () => {
    let copies = 0;
    fc.assert(
      fc.property(drawn(true), (source) => {
        const report = simulate(
          parseScenario({ ...source, topology: { ...source.topology, acknowledgement: 'semi-synchronous' } }),
        );
        copies += report.replication!.baseBackups;
        expect(report.rpo.writes).toBe(0);
      }),
      { numRuns: full ? 1500 : 60 },
    );
    expect(copies).toBeGreaterThan(5);
  });
});

test('a log that has recycled what its new leader never had starts again from a copy, and what was acknowledged counts as lost', () => {
  const report = simulate(
    parseScenario({
      id: 'parted-before-the-log',
      durationMs: 1200,
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      network: { within: { latency: 0.2 } },
      topology: {
        type: 'leader-follower',
        failover: { heartbeatMs: 40, timeoutMs: 150, electionMs: 60 },
        reconnectMs: 50,
        keepaliveMs: 40,
        streamTimeoutMs: 300,
        ...short,
      },
      workload: { clients: [{ writesPerSecond: 50 }], keys: { count: 5 }, timeoutMs: 200 },
      // b has nothing, and is the only one that can be promoted.
      faults: [
        { type: 'cut', from: ['a'], to: ['b'], atMs: 0, forMs: 801 },
        { type: 'crash', node: 'c', atMs: 645.323, forMs: 200 },
        { type: 'cut', from: ['a'], to: ['manager'], atMs: 695.123, forMs: 150 },
      ],
    }),
    { seed: 0 },
  );
  const verdict = (name: string) => report.verdicts.find((each) => each.name === name)!;
  expect(report.failovers).toMatchObject([{ fromNode: 'a', toNode: 'b' }]);
  expect(verdict('divergence').result).toBe('ok');
  expect(report.replication!.baseBackups).toBeGreaterThanOrEqual(2);
  // All that a had acknowledged before, the recycled part too.
  expect(verdict('lost-writes').count).toBeGreaterThan(30);
});

test('a copy takes as long as the data is large; its state is re-sync, and nobody promotes half a copy', () => {
  const source: ScenarioSource = {
    id: 'copy',
    durationMs: 4000,
    cluster: { nodes: nodeNames(2).map((id) => ({ id })) },
    network: { within: { latency: 1 } },
    topology: {
      ...quickTopology,
      failover: { ...quickTopology.failover, automatic: true },
      ...short,
      baseBackup: { dataBytes: 1_000_000, bytesPerSecond: 1_000_000 },
    },
    workload: { clients: [{ writesPerSecond: 200, readsPerSecond: 0 }] },
    faults: [
      { type: 'crash', node: 'b', atMs: 300, forMs: 700 },
      // The copy began soon after 1 s, and would be done soon after 2 s. The leader dies before.
      { type: 'crash', node: 'a', atMs: 1800, forMs: 1000 },
    ] satisfies FaultSource[],
  };
  const player = open(parseScenario(source));
  player.advanceTo(1500);
  expect(player.view().streams.map(({ state }) => state)).toEqual(['re-sync']);
  expect(player.view().nodes[1]!.state).toBe('following.resyncing.writing');
  // It had all it needs, so the copy comes to its end without its leader; until then nobody leads.
  player.advanceTo(1990);
  expect(player.view().nodes[1]).toMatchObject({ role: 'follower', writtenLsn: 0 });
  player.advanceTo(60_000);
  const report = player.report();
  expect(report.replication!.baseBackups).toBe(1);
  expect(report.verdicts.find(({ name }) => name === 'divergence')).toMatchObject({ result: 'ok' });
});

test('a leader whose log fills its disk halts, and answers nobody any more', () => {
  const faults: FaultSource[] = [{ type: 'crash', node: 'b', atMs: 100 }];
  const source = (capacityBytes: number): ScenarioSource => ({
    id: 'full',
    durationMs: 3000,
    drainMs: 0,
    cluster: { nodes: [{ id: 'a', disk: { capacityBytes } }, { id: 'b' }] },
    topology: { type: 'leader-follower', failover: { automatic: false } },
    workload: { clients: [{ writesPerSecond: 100, readsPerSecond: 100 }] },
    faults,
  });
  const report = simulate(parseScenario(source(30_000)));
  expect(report.replication!.disksFull).toBe(1);
  expect(report.replication!.walBytesMax).toBeLessThanOrEqual(30_000);
  // 200 bytes a write: 150 of them, and nothing after.
  expect(report.operations.write.ok).toBeLessThan(170);
  expect(report.operations.read.ok).toBeLessThan(250);
  expect(simulate(parseScenario(source(1_000_000))).replication!.disksFull).toBe(0);
});
