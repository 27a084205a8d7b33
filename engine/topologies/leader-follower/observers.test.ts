/** Several observers: how many must agree that the leader is down, and how many it takes to fail over. */

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { managerKind } from './failover-kinds.ts';
import { CANVASS } from './messages.ts';
import { quickTopology } from './random-cluster.test-support.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const durationMs = 1500;

function watched(
  observers: number,
  quorum: number | undefined,
  rest: Partial<ScenarioSource> = {},
): ScenarioSource {
  return {
    id: 'watched',
    durationMs,
    drainMs: 0,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 0.2 } } },
    network: { within: { latency: { type: 'uniform', minMs: 0.2, maxMs: 2 } } },
    topology: {
      ...quickTopology,
      failover: {
        ...quickTopology.failover,
        observers: Array.from({ length: observers }, () => ({ region: 'local' })),
        ...(quorum !== undefined && { quorum }),
        campaignMs: 80,
      },
    },
    workload: { clients: [{ writesPerSecond: 100 }], timeoutMs: 100 },
    ...rest,
  };
}

const named = (count: number) => Array.from({ length: count }, (_, index) => `observer-${index + 1}`);

/** Alone: none of them reaches anybody. */
function isolated(observers: readonly string[], among: number): FaultSource[] {
  const everybody = ['a', 'b', 'c', ...named(among)];
  return observers.map((name) => ({
    type: 'cut',
    from: [name],
    to: everybody.filter((other) => other !== name),
    atMs: 0,
  }));
}

const crash = { type: 'crash', node: 'a', atMs: 300 } as const;

test('five observers, quorum 2: two agree that the leader is down, and three must be there to act on it', () => {
  for (let reachable = 1; reachable <= 5; reachable++) {
    const faults = [...isolated(named(5).slice(reachable), 5), crash];
    const { failovers } = simulate(parseScenario(watched(5, 2, { faults })));
    // Down for two; only who is reachable counts, and one alone is not enough.
    expect(failovers[0]!.suspectedAtMs !== null).toBe(reachable >= 2);
    expect(failovers[0]!.toNode !== null).toBe(reachable >= 3);
  }
});

test('a quorum above the majority is needed for the vote too', () => {
  for (const reachable of [3, 4]) {
    const faults = [...isolated(named(5).slice(reachable), 5), crash];
    const { failovers } = simulate(parseScenario(watched(5, 4, { faults })));
    expect(failovers[0]!.toNode !== null).toBe(reachable >= 4);
  }
});

test('one observer that is cut off from the leader does not make it fall', () => {
  const faults: FaultSource[] = [{ type: 'cut', from: ['observer-1'], to: ['a'], atMs: 300 }];
  expect(simulate(parseScenario(watched(3, 2, { faults }))).failovers).toEqual([]);
  // Two of three do.
  const two: FaultSource[] = [{ type: 'cut', from: ['observer-1', 'observer-2'], to: ['a'], atMs: 300 }];
  expect(simulate(parseScenario(watched(3, 2, { faults: two }))).falseFailovers).toBe(1);
});

function leadersByTerm(source: ScenarioSource): Map<number, Set<string>> {
  const leaders = new Map<number, Set<string>>();
  const observe = (entry: TraceEntry) => {
    if (entry.type !== 'leading') return;
    leaders.set(entry.term, (leaders.get(entry.term) ?? new Set()).add(entry.node));
  };
  simulate(parseScenario(source), { observe });
  return leaders;
}

const schedules = process.env.QUORATE_FULL === '1' ? 3000 : 80;

function randomSchedule(observers: number): fc.Arbitrary<{ faults: FaultSource[]; seed: number }> {
  const names = ['a', 'b', 'c', ...named(observers)];
  const atMs = fc.integer({ min: 0, max: durationMs - 1 });
  const forMs = fc.integer({ min: 50, max: 800 });
  const node = fc.constantFrom('a', 'b', 'c');
  const side = fc.subarray(names, { minLength: 1, maxLength: names.length - 1 });
  const fault = fc.oneof(
    fc.record({ type: fc.constant('crash' as const), node, atMs, forMs }),
    fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
    fc
      .record({ type: fc.constant('cut' as const), side, oneWay: fc.boolean(), atMs, forMs })
      .map(({ side: from, ...cut }) => ({ ...cut, from, to: names.filter((name) => !from.includes(name)) })),
  );
  return fc.record({ faults: fc.array(fault, { minLength: 1, maxLength: 5 }), seed: fc.nat(0x7fff_ffff) });
}

test('a term has one leader, whatever is cut off', () => {
  let changes = 0;
  fc.assert(
    fc.property(randomSchedule(3), ({ faults, seed }) => {
      for (const [term, leaders] of leadersByTerm(watched(3, undefined, { faults, seed }))) {
        expect(leaders.size).toBe(1);
        if (term > 1) changes++;
      }
    }),
    { numRuns: schedules },
  );
  expect(changes).toBeGreaterThan(schedules / 4);
});

test('an observer that votes twice in an epoch lets two lead one term', () => {
  const { onInput } = managerKind;
  vi.spyOn(managerKind, 'onInput').mockImplementation((manager, input, out) => {
    if (input.kind === CANVASS) manager.votedEpoch = 0;
    onInput(manager, input, out);
  });
  // Two candidates at one time, and followers that each hears alone: nothing else stands between them and one term.
  const faults: FaultSource[] = [
    { type: 'cut', from: ['observer-1'], to: ['observer-2'], atMs: 0 },
    { type: 'cut', from: ['observer-1'], to: ['b'], atMs: 0 },
    { type: 'cut', from: ['observer-2'], to: ['c'], atMs: 0 },
    { type: 'cut', from: ['b'], to: ['c'], atMs: 0 },
    crash,
  ];
  const terms = (seed: number) => [...leadersByTerm(watched(3, 2, { faults, seed })).values()];
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);
  expect(seeds.some((seed) => terms(seed).some(({ size }) => size > 1))).toBe(true);
  vi.restoreAllMocks();
  expect(seeds.every((seed) => terms(seed).every(({ size }) => size === 1))).toBe(true);
});
