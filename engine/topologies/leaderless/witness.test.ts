/** Witnesses of random runs without a leader, held against what clients were told and what nodes hold. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import type { LeaderlessCluster } from './cluster.ts';
import { CELL_VALUE, CELL_WIDTH } from './store.ts';

const node = fc.constantFrom('a', 'b', 'c');
const when = { atMs: fc.integer({ min: 0, max: 700 }), forMs: fc.integer({ min: 50, max: 600 }) };
const fault: fc.Arbitrary<FaultSource> = fc.oneof(
  fc.record({ type: fc.constant('crash' as const), node, ...when }),
  fc
    .record({ from: node, to: node, ...when })
    .map(({ from, to, ...rest }) => ({ type: 'cut' as const, from: [from], to: [to], ...rest })),
);

const randomRun = (versions: 'lww' | 'dotted'): fc.Arbitrary<ScenarioSource> =>
  fc
    .record({
      seed: fc.nat(),
      read: fc.constantFrom(1, 2),
      write: fc.constantFrom(1, 2),
      meanMs: fc.integer({ min: 1, max: 20 }),
      faults: fc.array(fault, { minLength: 1, maxLength: 4 }),
    })
    .map(({ seed, read, write, meanMs, faults }) => ({
      id: 'random',
      seed,
      durationMs: 1000,
      cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id })) },
      network: { within: { latency: { type: 'exponential', meanMs } } },
      topology: { type: 'leaderless', versions, read, write, readRepair: 'none' },
      workload: {
        clients: [
          {
            id: 'writers',
            writesPerSecond: 100,
            ...(versions === 'dotted' ? { context: 'last-read' as const } : { deletesPerSecond: 20 }),
          },
          // Late enough that the first of them may have missed more than one write.
          { id: 'readers', readsPerSecond: 300, fromMs: 400 },
        ],
        ...(versions === 'dotted' && { users: { count: 4 } }),
        keys: { count: 3 },
        timeoutMs: 200,
      },
      faults,
    }));

function judged(source: ScenarioSource) {
  const trace: TraceEntry[] = [];
  const scenario = parseScenario(source);
  const simulation = new Simulation(scenario, scenario.seed, (entry) => trace.push(entry));
  simulation.finish();
  const ofOperation = <Type extends 'began' | 'ended'>(type: Type, operation: number) =>
    trace.find((entry) => entry.type === type && entry.operation === operation) as Extract<
      TraceEntry,
      { type: Type }
    >;
  const verdicts = simulation.verdicts();
  return {
    trace,
    simulation,
    began: (operation: number) => ofOperation('began', operation),
    ended: (operation: number) => ofOperation('ended', operation),
    witnessOf: (name: string) => verdicts.find((each) => each.name === name)?.witness ?? null,
  };
}

test('stale and older reads, discarded writes, divergence: the operations named did it', () => {
  const reached = { stale: 0, older: 0, discarded: 0, divergence: 0 };
  fc.assert(
    fc.property(randomRun('lww'), (source) => {
      const { trace, simulation, began, ended, witnessOf } = judged(source);
      const foundBy = (read: number): number =>
        trace.flatMap((entry) =>
          entry.type === 'delivered' && entry.message.type === 'read-ok' && entry.message.operation === read
            ? [entry.message.value]
            : [],
        )[0]!;
      const stampOf = (operation: number) => ended(operation).stampMs ?? Number.NEGATIVE_INFINITY;
      const stale = witnessOf('stale-reads');
      if (stale !== null) {
        reached.stale++;
        const [missed, read] = stale.operations as [number, number];
        expect(began(missed).key).toBe(began(read).key);
        const known = trace.filter(
          (entry): entry is Extract<TraceEntry, { type: 'ended' }> =>
            entry.type === 'ended' &&
            entry.kind !== 'read' &&
            entry.outcome === 'ok' &&
            entry.key === began(read).key &&
            entry.atMs <= began(read).atMs,
        );
        // The newest of those that were acknowledged by then.
        expect(stampOf(missed)).toBe(Math.max(...known.map(({ operation }) => stampOf(operation))));
        expect(stampOf(read)).toBeLessThan(stampOf(missed));
      }
      const older = witnessOf('new-old-inversions');
      if (older !== null) {
        reached.older++;
        const [wrote, first, second] = older.operations!.slice(-3) as [number, number, number];
        expect(ended(first).atMs).toBeLessThanOrEqual(began(second).atMs);
        expect(stampOf(first)).toBeGreaterThan(stampOf(second));
        // What is newer may be a delete, of which a read returns nothing.
        if (older.operations!.length === 3) expect(foundBy(first)).toBe(wrote);
        else expect(foundBy(first)).toBe(0);
      }
      const discarded = witnessOf('discarded-writes');
      if (discarded !== null) {
        reached.discarded++;
        const [loser, winner] = discarded.operations as [number, number];
        expect([ended(loser).outcome, ended(winner).outcome]).toEqual(['ok', 'ok']);
        expect(stampOf(winner)).toBeGreaterThanOrEqual(stampOf(loser));
      }
      const divergence = witnessOf('divergence');
      if (divergence !== null) {
        reached.divergence++;
        const key = Number(divergence.story[0]!.match(/under key (\d+)$/)![1]);
        const { nodes } = simulation.cluster as LeaderlessCluster;
        const held = nodes.map(({ store }) => store.cells[key * CELL_WIDTH + CELL_VALUE]!);
        expect(new Set(divergence.operations)).toEqual(new Set(held.filter((number) => number > 0)));
        for (const number of divergence.operations!) expect(began(number).key).toBe(key);
      }
    }),
    { numRuns: 18 },
  );
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(2);
});

test('with siblings a stale read is told with a write that it lacks', () => {
  let named = 0;
  fc.assert(
    fc.property(randomRun('dotted'), (source) => {
      const { began, ended, witnessOf } = judged(source);
      const { operations } = witnessOf('stale-reads') ?? {};
      if (operations === undefined || operations.length < 2) return;
      named++;
      const [missed, read] = operations as [number, number];
      expect(ended(missed)).toMatchObject({ kind: 'write', outcome: 'ok', key: began(read).key });
      expect(ended(missed).atMs).toBeLessThanOrEqual(began(read).atMs);
      // A clock is {a: 3, b: 1}: the read knows less of some node than the write.
      const clockOf = (operation: number) =>
        new Map(
          [...(ended(operation).clock ?? '').matchAll(/([\w-]+): (\d+)/g)].map(([, id, count]) => [
            id!,
            Number(count),
          ]),
        );
      const knows = clockOf(read);
      expect([...clockOf(missed)].some(([id, count]) => (knows.get(id) ?? 0) < count)).toBe(true);
    }),
    { numRuns: 8 },
  );
  expect(named).toBeGreaterThan(1);
});
