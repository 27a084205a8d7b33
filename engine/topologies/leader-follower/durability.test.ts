/**
 * What an acknowledgement is worth. A write acknowledged by k disks (1 asynchronous, 2 semi-synchronous, N synchronous):
 *
 * - survives any k − 1 crashes, at any times, ended by a restart or not. A crash keeps what was fsynced.
 * - for k ≥ 2, survives any crashes, cuts, pauses and bad links in any number, once all but k − 1 replicas are back: the
 *   manager promotes nobody before so many have answered that one of them must hold the write, and whoever has answered
 *   confirms nothing more to an older leader. What it costs is availability: two of three down, and nobody leads.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { atMsWithin, nodeNames, quickTopology, randomCluster } from './random-cluster.test-support.ts';
import { replicasOf } from './replicas-of.test-support.ts';
import type { LeaderFollowerSource } from './schema.ts';

function lostIn({ verdicts }: Pick<Report, 'verdicts'>): number {
  return verdicts.find(({ name }) => name === 'lost-writes')!.count;
}

const durationMs = 900;

function cluster(
  nodes: number,
  acknowledgement: LeaderFollowerSource['acknowledgement'],
  faults: FaultSource[],
  seed: number,
): ScenarioSource {
  return {
    id: 'durability',
    seed,
    durationMs,
    cluster: {
      nodes: nodeNames(nodes).map((id) => ({ id })),
      defaults: { disk: { fsync: { type: 'uniform', minMs: 0.2, maxMs: 8 } } },
    },
    network: { within: { latency: { type: 'uniform', minMs: 0.1, maxMs: 6 } } },
    topology: { ...quickTopology, acknowledgement },
    workload: { clients: [{ writesPerSecond: 400 }], keys: { count: 20 }, timeoutMs: 100 },
    faults,
  };
}

/** Crashes of nodes drawn at random, as many as given, at any times; each may end. */
function crashes(nodes: number, count: number): fc.Arbitrary<FaultSource[]> {
  const crash = fc.record(
    {
      type: fc.constant('crash' as const),
      node: fc.constantFrom(...nodeNames(nodes)),
      atMs: atMsWithin(durationMs),
      forMs: fc.integer({ min: 1, max: 500 }),
    },
    { requiredKeys: ['type', 'node', 'atMs'] },
  );
  return fc.array(crash, { minLength: count, maxLength: count });
}

describe('a write acknowledged by k disks survives any k − 1 crashes', () => {
  const schedules = [
    { name: 'asynchronous, k = 1', acknowledgement: 'asynchronous', disks: () => 1 },
    { name: 'semi-synchronous, k = 2', acknowledgement: 'semi-synchronous', disks: () => 2 },
    { name: 'synchronous, k = N', acknowledgement: 'synchronous', disks: (nodes: number) => nodes },
  ] as const;
  for (const { name, acknowledgement, disks } of schedules) {
    test(name, () => {
      let acknowledged = 0;
      const drawn = fc
        .record({ nodes: fc.integer({ min: 2, max: 5 }), seed: fc.nat(0x7fff_ffff) })
        .chain(({ nodes, seed }) =>
          crashes(nodes, disks(nodes) - 1).map((faults) => cluster(nodes, acknowledgement, faults, seed)),
        );
      fc.assert(
        fc.property(drawn, (source) => {
          const report = simulate(parseScenario(source));
          acknowledged += report.operations.write.ok;
          expect(lostIn(report)).toBe(0);
        }),
        { numRuns: runsOf({ full: 3000, reduced: 120 }) },
      );
      expect(acknowledged).toBeGreaterThan(1000);
    });
  }

  test('semi-synchronous, the leader and the manager lose sight of each other: nothing is lost, nobody has crashed', () => {
    const drawn = fc.record({
      nodes: fc.integer({ min: 3, max: 5 }),
      seed: fc.nat(0x7fff_ffff),
      from: fc.constantFrom('a', 'manager'),
      oneWay: fc.boolean(),
      atMs: atMsWithin(400),
      forMs: fc.integer({ min: 100, max: 500 }),
    });
    let failovers = 0;
    fc.assert(
      fc.property(drawn, ({ nodes, seed, from, oneWay, atMs, forMs }) => {
        const to = from === 'a' ? 'manager' : 'a';
        const cut = { type: 'cut' as const, from: [from], to: [to], oneWay, atMs, forMs };
        const report = simulate(parseScenario(cluster(nodes, 'semi-synchronous', [cut], seed)));
        failovers += report.failovers.length;
        expect(lostIn(report)).toBe(0);
      }),
      { numRuns: runsOf({ full: 1000, reduced: 60 }) },
    );
    expect(failovers).toBeGreaterThan(10);
  });

  test('semi-synchronous and synchronous, whatever befalls the cluster: nothing is lost once everybody is back', () => {
    const faults = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'lossy-link', 'slow-disk'] as const;
    const drawn = fc.record({
      source: randomCluster({ faults, badLinks: true, minNodes: 2, maxFaults: 10, durationMs }),
      acknowledgement: fc.constantFrom('semi-synchronous' as const, 'synchronous' as const),
    });
    let acknowledged = 0;
    let failovers = 0;
    fc.assert(
      fc.property(drawn, ({ source, acknowledgement }) => {
        const report = simulate(
          parseScenario({
            ...source,
            topology: { ...source.topology, acknowledgement },
            faults: source.faults!.map(endingInTime),
          }),
        );
        acknowledged += report.operations.write.ok;
        failovers += report.failovers.filter(({ toNode }) => toNode !== null).length;
        expect(lostIn(report)).toBe(0);
      }),
      { numRuns: runsOf({ full: 4000, reduced: 150 }) },
    );
    expect(acknowledged).toBeGreaterThan(1000);
    expect(failovers).toBeGreaterThan(20);
  });
});

/** A crash that is over before the workload is. */
function endingInTime(fault: FaultSource): FaultSource {
  if (fault.type !== 'crash') return fault;
  // In whole µs: a difference of fractions would fall short of one.
  const leftMs = Math.round((durationMs - fault.atMs) * 1000) / 1000;
  return { ...fault, forMs: Math.min(fault.forMs ?? leftMs, leftMs) };
}

/** Replication fails a moment before the leader does, as when a rack dies piece by piece. Times depend on the seed. */
function dyingRack(base: Scenario, seed: number): { scenario: Scenario; crashUs: number } {
  const crashUs = 100_000 + ((seed * 7919) % 300_000);
  const cutUs = crashUs - ((seed * 104_729) % 40_000);
  return {
    crashUs,
    scenario: {
      ...base,
      faults: [
        { type: 'cut', from: ['a'], to: ['b', 'c'], oneWay: false, atMs: cutUs / 1000 },
        { type: 'crash', node: 'a', atMs: crashUs / 1000 },
      ],
    },
  };
}

describe('the leader crashes', () => {
  const seeds = runsOf({ full: 4000, reduced: 1000 });

  test('asynchronous: acknowledged writes are lost, and never more than the lag at the crash', () => {
    const base = parseScenario({ ...cluster(3, 'asynchronous', [], 0), durationMs: 500 });
    let runsWithLoss = 0;
    let total = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const { scenario, crashUs } = dyingRack(base, seed);
      const simulation = new Simulation(scenario, seed, undefined);
      simulation.advanceTo(crashUs);
      const [leader, ...followers] = replicasOf(simulation);
      const lag = leader!.flushedLsn - Math.max(...followers.map(({ flushedLsn }) => flushedLsn));
      simulation.finish();
      const lost = lostIn({ verdicts: simulation.verdicts() });
      expect(lost).toBeLessThanOrEqual(lag);
      total += lost;
      if (lost > 0) runsWithLoss++;
    }
    expect(runsWithLoss).toBeGreaterThan(50);
    expect(total).toBeGreaterThan(300);
  });

  test(`one required synchronous follower: none are lost, over ${seeds} seeds with random crash times`, () => {
    const base = parseScenario({ ...cluster(3, 'semi-synchronous', [], 0), durationMs: 500 });
    let acknowledged = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const report = simulate(dyingRack(base, seed).scenario, { seed });
      acknowledged += report.operations.write.ok;
      if (lostIn(report) > 0) throw new Error(`seed ${seed} loses ${lostIn(report)} writes`);
    }
    expect(acknowledged).toBeGreaterThan(seeds * 30);
  });
});
