import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { checkHistory } from '../histories/check.ts';
import { problemsOf } from '../histories/histories.test-support.ts';
import { operationAt } from '../histories/history.ts';
import { register } from '../histories/models.ts';
import { open } from '../run/player.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../scenario/schema.ts';

function source(topology: ScenarioSource['topology'], faults: FaultSource[] = []): ScenarioSource {
  return {
    id: 'judged',
    durationMs: 1000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
    network: { within: { latency: { type: 'log-normal', medianMs: 3, p99Ms: 60 } } },
    topology,
    workload: {
      clients: ['x', 'y', 'z'].map((id) => ({ id, readsPerSecond: 40, writesPerSecond: 20 })),
      keys: { count: 2 },
    },
    faults,
  };
}

const node = fc.constantFrom('a', 'b', 'c');
const times = { atMs: fc.nat({ max: 900 }), forMs: fc.integer({ min: 1, max: 300 }) };
const faults: fc.Arbitrary<FaultSource[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('pause' as const), node, ...times }),
    fc.record({ type: fc.constant('crash' as const), node, ...times }),
    fc
      .record({ from: node, to: node, ...times })
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, ...rest }) => ({ type: 'cut' as const, from: [from], to: [to], ...rest })),
  ),
  { maxLength: 3 },
);
const seeds = fc.nat({ max: 2 ** 31 });
const quorums = { type: 'leaderless', read: 2, write: 2 } as const;
const leaderless = fc.constantFrom<ScenarioSource['topology']>(
  quorums,
  { ...quorums, readsAsk: 'enough', readRepair: 'none' },
  { type: 'leaderless', read: 1, write: 1 },
);

describe('linearizability of a run', () => {
  test('as the search says, whose witness holds; and never ok where a read was stale or older than the one before', () => {
    const { register: _, ...searched } = register;
    const counts = { ok: 0, violation: 0, unknown: 0 };
    const runs = runsOf({ full: 300, reduced: 24 });
    fc.assert(
      fc.property(leaderless, faults, seeds, (topology, drawn, seed) => {
        const player = open(parseScenario(source(topology, drawn)), { seed, recordsHistory: true });
        player.advanceTo(Number.MAX_SAFE_INTEGER / 1000);
        const { verdicts } = player.report();
        const resultOf = (name: string) => verdicts.find((verdict) => verdict.name === name)!.result;
        const history = player.history()!;
        const result = resultOf('linearizability');
        counts[result] += 1;
        expect(result).toBe(checkHistory(history, searched).result);
        if (resultOf('stale-reads') === 'violation' || resultOf('new-old-inversions') === 'violation')
          expect(result).toBe('violation');
        if (result !== 'violation') return;
        const checked = checkHistory(history, register);
        expect(problemsOf(history, register, checked, { small: false })).toEqual([]);
        const { witness } = verdicts.find(({ name }) => name === 'linearizability')!;
        expect(witness!.atMs).toBe(operationAt(history, checked.witness!.stuck).returnUs! / 1000);
      }),
      { numRuns: runs },
    );
    expect(Math.min(counts.ok, counts.violation)).toBeGreaterThan(runs / 12);
  });

  test('Raft, whatever is crashed, paused or cut: ok', () => {
    fc.assert(
      fc.property(faults, seeds, (drawn, seed) => {
        const scenario = parseScenario(source({ type: 'consensus' }, drawn));
        const { verdicts } = simulate(scenario, { seed, recordsHistory: true });
        expect(verdicts.find(({ name }) => name === 'linearizability')).toMatchObject({ result: 'ok' });
      }),
      { numRuns: runsOf({ full: 150, reduced: 12 }) },
    );
  });

  test('reads from asynchronous followers: a violation, and who called what when', () => {
    const scenario = parseScenario(source({ type: 'leader-follower', reads: 'followers' }));
    const { verdicts } = simulate(scenario, { recordsHistory: true });
    const { result, witness } = verdicts.find(({ name }) => name === 'linearizability')!;
    expect(result).toBe('violation');
    expect(witness!.story.join('\n')).toMatch(
      /^[xyz](#\d+)? called (read → \S+|write \d+) \(operation \d+\) at [\d.]+ ms; it returned at/,
    );
    expect(witness!.operations!.length).toBeGreaterThan(1);
  });

  test('to record it changes nothing in the run, and nobody who does not ask has the verdict', () => {
    const scenario = parseScenario(source(quorums));
    const plain = simulate(scenario);
    const recorded = simulate(scenario, { recordsHistory: true });
    expect(recorded.digest).toBe(plain.digest);
    expect(recorded.verdicts.filter(({ name }) => name !== 'linearizability')).toEqual(plain.verdicts);
    expect(plain.verdicts.some(({ name }) => name === 'linearizability')).toBe(false);
  });

  test('a scenario that expects it asks for it', () => {
    const expected = { verdict: 'linearizability', result: 'ok' } as const;
    const report = simulate(parseScenario({ ...source({ type: 'consensus' }), expect: [expected] }));
    expect(report.expectations).toEqual([
      { expectation: 'linearizability is ok', met: true, measured: 'ok (0)' },
    ]);
  });
});
