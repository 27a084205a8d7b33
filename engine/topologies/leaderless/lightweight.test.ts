/** Lightweight transactions in whole runs: their order, what it costs, and what a broken rule does to it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import { CRASHED, type NodeKind } from '../../kernel/protocol.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { LeaderlessCluster } from './cluster.ts';
import { coordinatorKind, lowerCoordinator } from './kinds.ts';
import { lightweightChart } from './lightweight.chart.ts';
import type { Node } from './node.ts';
import { newAcceptor } from './paxos.ts';
import type { LeaderlessSpec } from './spec.ts';

type Leaderless = Extract<ScenarioSource['topology'], { type: 'leaderless' }>;

function scenario(topology: Partial<Leaderless> = {}, changes: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'lightweight',
    durationMs: 1000,
    cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id })), defaults: { disk: { fsync: 0.2 } } },
    network: { within: { latency: { type: 'exponential', meanMs: 1, minMs: 0.2 } } },
    topology: {
      type: 'leaderless',
      read: 'SERIAL',
      write: 'SERIAL',
      serialTimeoutMs: 300,
      failureDetection: { everyMs: 20, downAfterMs: 90 },
      ...topology,
    },
    workload: {
      clients: [{ readsPerSecond: 60, writesPerSecond: 40 }],
      keys: { count: 4 },
      timeoutMs: 400,
    },
    ...changes,
  };
}

interface Outcome {
  readonly report: Report;
  readonly entries: readonly TraceEntry[];
}

function run(source: ScenarioSource, seed: number, kind: NodeKind<Node> = coordinatorKind): Outcome {
  const entries: TraceEntry[] = [];
  const simulation = new Simulation(
    parseScenario(source),
    seed,
    (entry) => entries.push(entry),
    (spec, size, surroundings) =>
      new LeaderlessCluster(spec as LeaderlessSpec, size, surroundings, {
        ...coordinatorKind,
        onInput: kind.onInput,
      }),
  );
  simulation.finish();
  return { report: simulation.report(), entries };
}

/** Numbers of the writes that were chosen. */
function chosenIn(entries: readonly TraceEntry[]): Set<number> {
  const chosen = new Set<number>();
  for (const entry of entries)
    if (entry.type === 'sent' && entry.message.type === 'commit-version') chosen.add(entry.message.value);
  return chosen;
}

/** What is wrong with a run: verdicts, and updates that are lost as two writes were made in place of the same one. */
function wrongs({ report, entries }: Outcome): string[] {
  const wrong = report.verdicts.filter(({ name, count }) => count > 0 && name !== 'divergence');
  const chosen = chosenIn(entries);
  const found = new Map<number, string>();
  // A write that was refused by all proposes anew; what it found last counts.
  for (const entry of entries)
    if (entry.type === 'conditional-write') found.set(entry.value, `${entry.key}: ${entry.found}`);
  const replaced = [...chosen].flatMap((value) => found.get(value) ?? []);
  const lost = replaced.length - new Set(replaced).size;
  return [...wrong.map(({ name }) => name), ...(lost === 0 ? [] : ['lost-updates'])];
}

const node = fc.constantFrom('a', 'b', 'c');
const atMs = fc.nat(950);
const forMs = fc.integer({ min: 1, max: 600 });
const randomFault: fc.Arbitrary<FaultSource> = fc.oneof(
  fc.record({
    type: fc.constant('crash' as const),
    node,
    atMs,
    forMs,
    loses: fc.constantFrom('memory' as const, undefined),
  }),
  fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
  fc.record({
    type: fc.constant('clock-skew' as const),
    node,
    skewMs: fc.integer({ min: -200, max: 200 }),
    atMs,
  }),
  fc
    .record({ type: fc.constant('cut' as const), node, oneWay: fc.boolean(), atMs, forMs })
    .map(({ node: from, ...rest }) => ({ ...rest, from: [from], to: ['a', 'b', 'c', 'clients'] })),
  fc
    .record({ type: fc.constant('slow-link' as const), node, extraMs: fc.nat(60), atMs, forMs })
    .map(({ node: from, ...rest }) => ({ ...rest, from: [from], to: ['a', 'b', 'c'] })),
  fc
    .record({ type: fc.constant('lossy-link' as const), node, loss: fc.constant(0.2), atMs, forMs })
    .map(({ node: from, ...rest }) => ({ ...rest, from: [from], to: ['a', 'b', 'c'], duplication: 0.2 })),
);

test('no write is lost, none is made in place of another that it did not find, and no read goes back, whatever befalls machines, clocks and links', () => {
  let ended = 0;
  fc.assert(
    fc.property(
      fc.array(randomFault, { maxLength: 4 }),
      fc.constantFrom('SERIAL' as const, 'QUORUM' as const),
      fc.nat(),
      (faults, read, seed) => {
        const outcome = run(scenario({ read }, { faults }), seed);
        const { read: reads, write } = outcome.report.operations;
        ended += reads.ok + write.ok;
        expect(wrongs(outcome)).toEqual([]);
      },
    ),
    { numRuns: runsOf({ full: 2000, reduced: 40 }) },
  );
  expect(ended).toBeGreaterThan(1000);
});

test('without contention a write takes four round trips and a quorum write one; a read three', () => {
  const of = (level: 'SERIAL' | 'QUORUM') =>
    run(
      scenario(
        { read: level, write: level },
        {
          cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id })) },
          network: { within: { latency: 5 } },
          workload: { clients: [{ readsPerSecond: 5, writesPerSecond: 5 }], keys: { count: 1000 } },
        },
      ),
      1,
    ).report.latencyMs;
  const [serial, quorum] = [of('SERIAL'), of('QUORUM')];
  // The client is a round trip of 10 ms away, and disks take no time.
  expect(quorum.write.p50).toBeCloseTo(20, 0);
  expect(serial.write.p50! / 10).toBeCloseTo(5, 0);
  expect(serial.read.p50! / 10).toBeCloseTo(4, 0);
});

test('a local serial level asks its own region only, and orders what is asked there; commits go everywhere', () => {
  const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, index) => ({
    id,
    region: index < 3 ? 'here' : 'there',
  }));
  const of = (level: 'SERIAL' | 'LOCAL_SERIAL') => {
    const regions = scenario(
      { read: level, write: level, replicas: { here: 3, there: 3 } },
      {
        cluster: { nodes },
        network: { within: { latency: 1 }, between: [{ from: 'here', to: 'there', latency: 20 }] },
        workload: {
          clients: [{ region: 'here', readsPerSecond: 30, writesPerSecond: 30 }],
          keys: { count: 40 },
          timeoutMs: 400,
        },
      },
    );
    const outcome = run(regions, 1);
    expect(wrongs(outcome)).toEqual([]);
    const abroad = (type: string) =>
      outcome.entries.filter(
        (entry) => entry.type === 'sent' && entry.message.type === type && 'def'.includes(entry.to),
      ).length;
    return { abroad, p50: outcome.report.latencyMs.write.p50! };
  };
  const [local, global] = [of('LOCAL_SERIAL'), of('SERIAL')];
  expect(local.abroad('prepare-ballot')).toBe(0);
  expect(local.abroad('commit-version')).toBeGreaterThan(50);
  expect(global.abroad('prepare-ballot')).toBeGreaterThan(50);
  expect(local.p50).toBeLessThan(20);
  expect(global.p50).toBeGreaterThan(160);
});

test('an outcome that nobody knows is none that failed', () => {
  const faults: FaultSource[] = [{ type: 'cut', from: ['b'], to: ['a', 'c'], atMs: 200, forMs: 60 }];
  const hot = {
    clients: [{ readsPerSecond: 200, writesPerSecond: 200 }],
    keys: { count: 1 },
    timeoutMs: 400,
  };
  const { entries } = run(scenario({}, { faults, workload: hot }), 1);
  const outcomes = new Map<number, string>();
  for (const entry of entries)
    if (entry.type === 'ended' && entry.kind === 'write') outcomes.set(entry.operation, entry.outcome);
  const ofChosen = [...chosenIn(entries)].map((operation) => outcomes.get(operation));
  expect(ofChosen).toContain('ok');
  expect(ofChosen).toContain('info');
  expect(ofChosen).not.toContain('fail');
  expect(entries.some(({ type }) => type === 'proposal-taken-over')).toBe(true);
  expect(entries.some(({ type }) => type === 'ballot-lost')).toBe(true);
});

describe('with a rule broken, an update is lost', () => {
  const contended = (seed: number): ScenarioSource =>
    scenario(
      {},
      {
        network: { within: { latency: { type: 'exponential', meanMs: 3, minMs: 0.2 } } },
        workload: { clients: [{ writesPerSecond: 200 }], keys: { count: 3 }, timeoutMs: 400 },
        // Two at once, over and over: whoever coordinates meanwhile is left with what it was about to commit.
        faults: Array.from({ length: 20 }, (_, turn) => ({
          type: 'crash' as const,
          node: 'abc'[(seed + (turn >> 1) + (turn & 1)) % 3]!,
          atMs: 90 * ((turn >> 1) + 1),
          forMs: 1,
        })),
      },
    );
  const noticed = (kind: NodeKind<Node>, seeds = 8) => {
    for (let seed = 0; seed < seeds; seed++)
      if (wrongs(run(contended(seed), seed, kind)).includes('lost-updates')) return true;
    return false;
  };

  test('with all of them none is', () => {
    expect(noticed(coordinatorKind)).toBe(false);
  });

  test('one acceptance is enough', () => {
    const hasty = lightweightChart.provide({ guards: { 'enough accept': () => true } });
    expect(noticed(lowerCoordinator(hasty as typeof lightweightChart))).toBe(true);
  });

  test('proposals under way are not finished first', () => {
    const selfish = lightweightChart.provide({ guards: { 'a proposal is under way': () => false } });
    expect(noticed(lowerCoordinator(selfish as typeof lightweightChart))).toBe(true);
  });

  test('acceptors promise whatever they have promised', () => {
    expect(
      noticed({
        onInput(state, input, out) {
          for (const acceptor of state.acceptors.now) acceptor.promised = 0;
          coordinatorKind.onInput(state, input, out);
        },
      }),
    ).toBe(true);
  });

  test('acceptors forget all in a crash', () => {
    expect(
      noticed(
        {
          onInput(state, input, out) {
            coordinatorKind.onInput(state, input, out);
            if (input.kind !== CRASHED) return;
            state.acceptors.acceptedFrom.fill(0);
            for (const key of state.acceptors.now.keys()) state.acceptors.now[key] = newAcceptor();
          },
        },
        60,
      ),
    ).toBe(true);
  });
});
