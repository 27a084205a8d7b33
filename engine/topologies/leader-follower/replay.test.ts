/** Replay as a stage of its own: what it costs, what holds it up, what a reader of the follower sees. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { type LeaderFollowerScenario, LogWatch, quickTopology } from './random-cluster.test-support.ts';
import { replicasOf } from './replicas-of.test-support.ts';

const full = process.env.QUORATE_FULL === '1';
const staleIn = ({ verdicts }: Pick<Report, 'verdicts'>): number =>
  verdicts.find(({ name }) => name === 'stale-reads')!.count;

type Level = 'local' | 'remote_write' | 'on' | 'remote_apply';

function pair(
  level: Level,
  overrides: Partial<ScenarioSource> = {},
  recordsPerSecond = 400,
): LeaderFollowerScenario {
  return {
    id: 'replay',
    durationMs: 2000,
    cluster: {
      nodes: [{ id: 'a' }, { id: 'b', replay: { recordsPerSecond } }],
      defaults: { disk: { fsync: { type: 'uniform', minMs: 0.1, maxMs: 3 } } },
    },
    network: { within: { latency: { type: 'uniform', minMs: 0.1, maxMs: 4 } } },
    workload: { clients: [{ writesPerSecond: 150, readsPerSecond: 400 }], keys: { count: 8 } },
    ...overrides,
    topology: {
      ...quickTopology,
      acknowledgement: { style: 'postgresql', level, standbys: 'b' },
      reads: 'followers',
      failover: { automatic: false },
    },
  };
}

describe('L5: a read on the standby that the write waited for', () => {
  test('remote_apply: is never older than what was acknowledged, whatever holds replay up', () => {
    let reads = 0;
    const queries = fc.array(
      fc.record({
        type: fc.constant('long-query' as const),
        node: fc.constant('b'),
        conflict: fc.constantFrom('cleanup' as const, 'lock' as const),
        atMs: fc.integer({ min: 0, max: 1800 }),
        forMs: fc.integer({ min: 1, max: 600 }),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.nat(0x7fff_ffff), queries, fc.constantFrom(200, 400, 5000), (seed, faults, rate) => {
        const report = simulate(parseScenario(pair('remote_apply', { seed, faults }, rate)));
        expect(staleIn(report)).toBe(0);
        reads += report.operations.read.ok;
      }),
      { numRuns: full ? 3000 : 40 },
    );
    expect(reads).toBeGreaterThan(10_000);
  });

  test.each(['remote_write', 'on'] as const)('%s: may be', (level) => {
    const stale = [1, 2, 3].map((seed) => staleIn(simulate(parseScenario(pair(level, { seed }, 160)))));
    expect(Math.min(...stale)).toBeGreaterThan(0);
  });
});

test('replay keeps its rate to the microsecond, however fast: a backlog of n records takes n / rate', () => {
  for (const rate of [100, 333, 30_000, 1_000_000]) {
    const source = pair(
      'on',
      {
        durationMs: 1500,
        workload: { clients: [{ writesPerSecond: 3000, fromMs: 0, untilMs: 500 }], arrivals: 'regular' },
        // Everything is held back until 1 s.
        faults: [{ type: 'long-query', node: 'b', conflict: 'lock', atMs: 0, forMs: 1000 }],
      },
      rate,
    );
    const simulation = new Simulation(parseScenario(source), 1, undefined);
    simulation.advanceTo(999_999);
    const before = replicasOf(simulation)[1]!;
    expect(before.replayedLsn).toBe(0);
    const backlog = before.flushedLsn;
    expect(backlog).toBeGreaterThan(1000);
    const doneUs = 1_000_000 + Math.floor((Math.min(backlog, rate * 0.4) * 1_000_000) / rate);
    const expected = Math.min(backlog, Math.floor(rate * 0.4));
    simulation.advanceTo(doneUs + 1);
    expect(replicasOf(simulation)[1]!.replayedLsn).toBeGreaterThanOrEqual(expected - 1);
    expect(replicasOf(simulation)[1]!.replayedLsn).toBeLessThanOrEqual(expected);
  }
});

describe('a query that conflicts with replay', () => {
  const turns = (faults: FaultSource[], topology: object = {}): string[] => {
    const source = pair('on', { faults });
    const told: string[] = [];
    const observe = (entry: TraceEntry): void => {
      if (entry.type === 'query') told.push(`${entry.what} at ${Math.round(entry.atMs / 10) / 100}`);
    };
    simulate(parseScenario({ ...source, topology: { ...source.topology, ...topology } }), { observe });
    return told;
  };
  const query = (conflict: 'cleanup' | 'lock', atMs = 500, forMs = 800): FaultSource => ({
    type: 'long-query',
    node: 'b',
    conflict,
    atMs,
    forMs,
  });

  test('is over undisturbed within the grace, and cancelled when the grace of the record it holds up is over', () => {
    expect(turns([query('cleanup')])).toEqual(['begins at 0.5', 'ends at 1.3']);
    expect(turns([query('cleanup')], { maxStandbyStreamingDelayMs: 'forever' })).toEqual([
      'begins at 0.5',
      'ends at 1.3',
    ]);
    expect(turns([query('lock')], { maxStandbyStreamingDelayMs: 300 })).toEqual([
      'begins at 0.5',
      'is cancelled at 0.8',
    ]);
  });

  test('has less grace while the follower is late already: the clock runs from receipt', () => {
    const late = turns([query('lock', 500, 250), query('lock', 760, 800)], {
      maxStandbyStreamingDelayMs: 300,
    });
    expect(late.slice(0, 3)).toEqual(['begins at 0.5', 'ends at 0.75', 'begins at 0.76']);
    const cancelledAt = Number(late[3]!.split(' at ')[1]);
    // The oldest record not replayed was received soon after 0.5 s, so that its 300 ms are over soon after 0.8 s.
    expect(cancelledAt).toBeLessThan(0.95);
  });

  test('feedback spares the cleanup kind, not the lock kind', () => {
    const told = { maxStandbyStreamingDelayMs: 300, hotStandbyFeedback: true };
    expect(turns([query('cleanup')], told)).toEqual(['begins at 0.5', 'ends at 1.3']);
    expect(turns([query('lock')], told)).toEqual(['begins at 0.5', 'is cancelled at 0.8']);
  });
});

test('queries, huge transactions and slow replay among crashes and cuts: logs agree at every step, and all converge', () => {
  const faults: fc.Arbitrary<FaultSource> = fc.oneof(
    fc.record({
      type: fc.constant('long-query' as const),
      node: fc.constantFrom('a', 'b', 'c'),
      conflict: fc.constantFrom('cleanup' as const, 'lock' as const),
      atMs: fc.integer({ min: 0, max: 800 }),
      forMs: fc.integer({ min: 1, max: 400 }),
    }),
    fc.record({
      type: fc.constant('huge-transaction' as const),
      bytes: fc.integer({ min: 1, max: 200_000 }),
      atMs: fc.integer({ min: 0, max: 800 }),
    }),
    fc.record({
      type: fc.constant('crash' as const),
      node: fc.constantFrom('a', 'b', 'c'),
      loses: fc.constantFrom('machine' as const, 'memory' as const),
      atMs: fc.integer({ min: 0, max: 800 }),
      forMs: fc.integer({ min: 1, max: 400 }),
    }),
    fc.record({
      type: fc.constant('cut' as const),
      from: fc.constantFrom(['a'], ['b'], ['manager']),
      to: fc.constantFrom(['b'], ['c'], ['a']),
      atMs: fc.integer({ min: 0, max: 800 }),
      forMs: fc.integer({ min: 1, max: 400 }),
    }),
  );
  fc.assert(
    fc.property(
      fc.nat(0x7fff_ffff),
      fc.array(faults, { maxLength: 6 }),
      fc.constantFrom('on', 'remote_apply', 'remote_write'),
      fc.constantFrom('ANY 1 (*)', 'FIRST 1 (b, c)'),
      fc.boolean(),
      (seed, schedule, level, standbys, sharesMachineWithReads) => {
        const scenario = parseScenario({
          id: 'replay',
          seed,
          durationMs: 1000,
          cluster: {
            nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
            defaults: {
              disk: { fsync: { type: 'uniform', minMs: 0.1, maxMs: 4 } },
              capacity: { readsPerSecond: 2000 },
              replay: { recordsPerSecond: 900, bytesPerSecond: 2_000_000, sharesMachineWithReads },
            },
          },
          network: { within: { latency: { type: 'uniform', minMs: 0.1, maxMs: 4 } } },
          topology: {
            ...quickTopology,
            acknowledgement: { style: 'postgresql', level, standbys },
            reads: 'nearest',
            maxStandbyStreamingDelayMs: 100,
          },
          workload: {
            clients: [{ writesPerSecond: 200, readsPerSecond: 200 }],
            keys: { count: 5 },
            timeoutMs: 200,
          },
          faults: schedule,
        });
        const simulation = new Simulation(scenario, seed, undefined);
        new LogWatch(simulation).finish();
        expect(simulation.verdicts().find(({ name }) => name === 'divergence')).toMatchObject({
          result: 'ok',
        });
      },
    ),
    { numRuns: full ? 2000 : 40 },
  );
});
