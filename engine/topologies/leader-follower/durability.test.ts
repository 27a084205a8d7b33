/**
 * What an acknowledgement is worth: a write on k disks survives any k − 1 crashes.
 *
 * Premises: nothing is cut, paused, lost or slower than the election waits, so that every replica that is up answers the
 * manager, which promotes the most advanced of them. Then, of a write acknowledged by k disks:
 *
 * - k − 1 crashes in all, at any times, ended by a restart or not: the write survives. A crash keeps what was fsynced.
 * - k = 2, and any number of crashes one after the other: it survives if each is over, and the cluster whole again,
 *   before the next. It need not survive two crashes in quick succession, though one node at most be down at any time:
 *   1. a acknowledges a write that b confirmed, and crashes; the manager asks everybody, a is down.
 *   2. a restarts and, before b has answered, b crashes. Only one node is down, but neither holder has answered.
 *   3. The manager has waited long enough and promotes c, which never had the write.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { atMsWithin, nodeNames, quickTopology } from './random-cluster.test-support.ts';

const full = process.env.QUORATE_FULL === '1';

function lostIn({ verdicts }: Pick<Report, 'verdicts'>): number {
  return verdicts.find(({ name }) => name === 'lost-writes')!.count;
}

const durationMs = 900;

function cluster(
  nodes: number,
  acknowledgement: ScenarioSource['topology']['acknowledgement'],
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
        { numRuns: full ? 3000 : 120 },
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
      { numRuns: full ? 1000 : 60 },
    );
    expect(failovers).toBeGreaterThan(10);
  });

  test('semi-synchronous, crash after crash, each over and repaired before the next', () => {
    const drawn = fc.record({
      nodes: fc.integer({ min: 3, max: 5 }),
      seed: fc.nat(0x7fff_ffff),
      victims: fc.array(
        fc.record({ node: fc.nat(4), atMs: atMsWithin(200), forMs: fc.integer({ min: 1, max: 400 }) }),
        {
          minLength: 3,
          maxLength: 3,
        },
      ),
    });
    fc.assert(
      fc.property(drawn, ({ nodes, seed, victims }) => {
        const roundMs = 1200;
        const faults = victims.map(({ node, atMs, forMs }, round) => ({
          type: 'crash' as const,
          node: nodeNames(nodes)[node % nodes]!,
          atMs: round * roundMs + 200 + atMs,
          forMs,
        }));
        const source = { ...cluster(nodes, 'semi-synchronous', faults, seed), durationMs: 3 * roundMs };
        expect(lostIn(simulate(parseScenario(source)))).toBe(0);
      }),
      { numRuns: full ? 1000 : 40 },
    );
  });
});

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
  const seeds = full ? 10_000 : 1000;

  test('asynchronous: acknowledged writes are lost, and never more than the lag at the crash', () => {
    const base = parseScenario({ ...cluster(3, 'asynchronous', [], 0), durationMs: 500 });
    let runsWithLoss = 0;
    let total = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const { scenario, crashUs } = dyingRack(base, seed);
      const simulation = new Simulation(scenario, seed, undefined);
      simulation.advanceTo(crashUs);
      const [leader, ...followers] = simulation.replicas;
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
