/** Siblings in whole runs: how many there are, that none is dropped, and that replicas come to hold the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import { CRASHED, type NodeKind, WRITE } from '../../kernel/protocol.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { LeaderlessCluster } from './cluster.ts';
import { type CoordinatorKind, coordinatorKind } from './kinds.ts';
import { FORWARD } from './messages.ts';
import type { Node } from './node.ts';
import { NOTHING, siblingSets } from './siblings.ts';
import type { LeaderlessSpec } from './spec.ts';
import { CELL_VALUE, CELL_WIDTH } from './store.ts';

const rules = ['version-vectors', 'dotted'] as const;

function run(
  source: ScenarioSource,
  seed = 1,
  { trace, kind = coordinatorKind }: { trace?: TraceEntry[]; kind?: CoordinatorKind } = {},
): Report {
  const observe = trace === undefined ? undefined : (entry: TraceEntry) => void trace.push(entry);
  const simulation = new Simulation(
    parseScenario(source),
    seed,
    observe,
    (spec, size, surroundings) => new LeaderlessCluster(spec as LeaderlessSpec, size, surroundings, kind),
  );
  simulation.finish();
  return simulation.report();
}

const verdict = ({ verdicts }: Report, called: string) => verdicts.find(({ name }) => name === called)!;

/** Ann writes, reads 5 ms after she is told, and so on; Ben does between two of hers, or writes without ever having read. */
function inTurn(
  versions: string,
  writes: number,
  { ben = 'last-read', nodes = ['a', 'b', 'c'] }: { ben?: 'last-read' | 'none'; nodes?: string[] } = {},
): ScenarioSource {
  const anns = Math.ceil(writes / 2);
  const group = (id: string, context: 'last-read' | 'none') => ({ id, writesPerSecond: 10, context });
  return {
    id: 'in-turn',
    durationMs: writes * 50 + 500,
    cluster: { nodes: nodes.map((id) => ({ id })) },
    network: { within: { latency: 1 } },
    topology: { type: 'leaderless', versions } as ScenarioSource['topology'],
    workload: {
      clients: [
        { ...group('ann', 'last-read'), untilMs: anns * 100 + 50 },
        { ...group('ben', ben), fromMs: 50, untilMs: (writes - anns) * 100 + 100 },
      ],
      users: { count: 1, readAfterWriteMs: 5 },
      arrivals: 'regular',
      keys: { count: 1 },
    },
  };
}

test.each([
  ['two write in turn, each reading after its write', 'last-read'],
  ['one writes and reads, another writes without having read', 'none'],
] as const)('siblings after 101 writes: %s', (_, ben) => {
  const counts = (versions: string) => {
    const report = run(inTurn(versions, 101, { ben }));
    expect(report.operations.write).toMatchObject({ ok: 101, info: 0 });
    return [report.siblings!.most, verdict(report, 'discarded-writes').count];
  };
  expect(counts('version-vectors')).toEqual([101, 0]);
  expect(counts('dotted')).toEqual([2, 0]);
  expect(counts('lww')).toEqual([1, 100]);
});

test('the shopping cart of two clients at one replica (Kleppmann, figure 5-13)', () => {
  const trace: TraceEntry[] = [];
  const report = run(inTurn('dotted', 5, { nodes: ['a'] }), 1, { trace });
  const written = trace.flatMap((entry) => (entry.type === 'sibling-written' ? [entry] : []));
  const order = written.map(({ value }) => value);
  expect(written.map(({ event }) => event)).toEqual([1, 2, 3, 4, 5].map((version) => `{a: ${version}}`));
  expect(written.map(({ context }) => context)).toEqual(['{}', '{}', '{a: 1}', '{a: 2}', '{a: 3}']);
  expect(written.map(({ siblings }) => siblings.map((write) => order.indexOf(write) + 1).sort())).toEqual([
    [1],
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 5],
  ]);
  expect(report.siblings).toMatchObject({ keys: 1, most: 2 });
});

test('who reads before each write and is alone leaves one value; many who do so at once leave what they could not know of', () => {
  const source = (writesPerSecond: number): ScenarioSource => ({
    ...inTurn('dotted', 40),
    workload: {
      clients: [{ writesPerSecond, context: 'read-first' }],
      arrivals: writesPerSecond > 100 ? 'poisson' : 'regular',
      keys: { count: 2 },
    },
  });
  const alone = run(source(10));
  expect(alone.siblings).toMatchObject({ reads: 0, keys: 0, most: 1 });
  expect(alone.operations.read.ok).toBeGreaterThanOrEqual(alone.operations.write.ok);
  const crowd = run(source(1000));
  expect(crowd.siblings!.readMost).toBeGreaterThan(1);
  for (const report of [alone, crowd])
    for (const name of ['discarded-writes', 'stale-reads', 'divergence', 'lost-writes'])
      expect(verdict(report, name)).toMatchObject({ result: 'ok' });
});

const node = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const atMs = fc.nat(1500);
const forMs = fc.integer({ min: 1, max: 1000 });
const fault: fc.Arbitrary<FaultSource> = fc.oneof(
  fc.record({
    type: fc.constant('crash' as const),
    node,
    loses: fc.constantFrom('machine' as const, 'memory' as const),
    atMs,
    forMs,
  }),
  fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
  fc.record({ node, atMs, forMs }).map(({ node: from, ...rest }) => ({
    ...rest,
    type: 'cut' as const,
    from: [from],
    to: ['a', 'b', 'c', 'd', 'e'],
  })),
  fc.record({ node, atMs, forMs }).map(({ node: from, ...rest }) => ({
    ...rest,
    type: 'lossy-link' as const,
    from: [from],
    to: ['a', 'b', 'c', 'd', 'e'],
    loss: 0.3,
    duplication: 0.3,
  })),
);

/** Five nodes, three of which hold each key; half of the writers have read, half are blind. */
function stormy(versions: string, topology: object, faults: FaultSource[]): ScenarioSource {
  return {
    id: 'stormy',
    durationMs: 3500,
    cluster: {
      nodes: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })),
      defaults: { disk: { fsync: { type: 'exponential', meanMs: 2 } } },
    },
    network: { within: { latency: { type: 'exponential', meanMs: 2 } } },
    topology: {
      type: 'leaderless',
      replicas: 3,
      versions,
      failureDetection: { everyMs: 50, downAfterMs: 300 },
      antiEntropy: { everyMs: 150 },
      ...topology,
    } as ScenarioSource['topology'],
    workload: {
      clients: [
        { writesPerSecond: 60, context: 'read-first', untilMs: 2800 },
        { writesPerSecond: 20, untilMs: 2800 },
      ],
      keys: { count: 6 },
    },
    faults,
  };
}

const topologies = fc.record({
  quorum: fc.constantFrom('strict' as const, 'sloppy' as const),
  readRepair: fc.constantFrom('none' as const, 'blocking' as const, 'background' as const),
  hints: fc.constant({}),
});

const vectorIn = (text: string) =>
  new Map([...text.matchAll(/([\w-]+): (\d+)/g)].map(([, server, counter]) => [server!, Number(counter)]));
const knows = (vector: string, event: string) => {
  const [[server, counter]] = [...vectorIn(event)] as [[string, number]];
  return (vectorIn(vector).get(server) ?? 0) >= counter;
};

test.each(rules)(
  '%s: whatever befalls nodes and links, replicas come to hold the same and nothing unread is dropped',
  (versions) => {
    let falseSiblings = 0;
    let siblings = 0;
    fc.assert(
      fc.property(
        topologies,
        fc.array(fault, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (topology, faults, seed) => {
          const trace: TraceEntry[] = [];
          const report = run(stormy(versions, topology, faults), seed, { trace });
          for (const name of ['divergence', 'discarded-writes', 'lost-writes'])
            expect(verdict(report, name)).toMatchObject({ name, result: 'ok' });
          siblings += report.siblings!.keys;
          // What replicas sent each other last is what they hold: of that, nothing that a writer whose write is known had read.
          const written = trace.flatMap((entry) => (entry.type === 'sibling-written' ? [entry] : []));
          expect(new Set(written.map(({ key, event }) => `${key} ${event}`)).size).toBe(written.length);
          // Not even where a link doubles the message that forwards it does a write happen twice.
          expect(new Set(written.map(({ value }) => value)).size).toBe(written.length);
          const last = new Map<number, readonly number[]>();
          for (const entry of trace)
            if (entry.type === 'delivered' && 'siblings' in entry.message && 'key' in entry.message)
              last.set(entry.message.key, entry.message.siblings!);
          for (const held of last.values())
            for (const value of held) {
              const { key, event } = written.find((each) => each.value === value)!;
              const heldWrites = written.filter((each) => each.key === key && held.includes(each.value));
              if (heldWrites.some(({ context }) => knows(context, event))) falseSiblings++;
            }
        },
      ),
      { numRuns: runsOf({ full: 150, reduced: 9 }) },
    );
    expect(siblings).toBeGreaterThan(3);
    if (versions === 'dotted') expect(falseSiblings).toBe(0);
    else expect(falseSiblings).toBeGreaterThan(0);
  },
);

test('without faults a strict quorum reads everything that was acknowledged, siblings and all', () => {
  fc.assert(
    fc.property(fc.constantFrom(...rules), fc.nat(), (versions, seed) => {
      const report = run(stormy(versions, { readRepair: 'blocking' }, []), seed);
      expect(verdict(report, 'stale-reads')).toMatchObject({ result: 'ok' });
      expect(verdict(report, 'new-old-inversions')).toMatchObject({ result: 'ok' });
      expect(report.siblings!.reads).toBeGreaterThan(0);
    }),
    { numRuns: 6 },
  );
  const loose = [1, 2, 3].map((seed) =>
    run(stormy('dotted', { read: 1, write: 1, readRepair: 'none', readsAsk: 'enough' }, []), seed),
  );
  expect(loose.some((report) => verdict(report, 'stale-reads').result === 'violation')).toBe(true);
});

/** Runs with one rule broken, until a verdict notices: two keys, slow disks, and half of the writers blind. */
function noticed(kind: CoordinatorKind, topology: object, faults: FaultSource[], readers = 80): string[] {
  const names = new Set<string>();
  for (let seed = 1; seed <= 6; seed++) {
    const { cluster, ...rest } = stormy('dotted', topology, faults);
    const source: ScenarioSource = {
      ...rest,
      cluster: { ...cluster, defaults: { disk: { fsync: 10 } } },
      workload: {
        clients: [
          { writesPerSecond: readers, context: 'read-first', untilMs: 2800 },
          { writesPerSecond: 40, untilMs: 2800 },
        ],
        keys: { count: 2 },
      },
    };
    const { verdicts } = run(source, seed, { kind });
    for (const { name, result } of verdicts)
      if (result === 'violation' && ['discarded-writes', 'divergence', 'lost-writes'].includes(name))
        names.add(name);
  }
  return [...names];
}

/** The nodes' kind with a rule broken. */
function broken(onInput: (kind: NodeKind<Node>) => NodeKind<Node>['onInput']): CoordinatorKind {
  return {
    ...coordinatorKind,
    withSiblings: (sets) => ({ onInput: onInput(coordinatorKind.withSiblings(sets)) }),
  };
}

test('ablation: a coordinator that counts on from what shows, not from what it has issued, makes one event of two writes', () => {
  const hasty = broken((kind) => (node, input, out) => {
    if (input.kind === WRITE || input.kind === FORWARD)
      node.issued[input.c] = node.store.cells[input.c * CELL_WIDTH + CELL_VALUE]!;
    kind.onInput(node, input, out);
  });
  expect(noticed(coordinatorKind, {}, [])).toEqual([]);
  expect(noticed(hasty, {}, [])).not.toEqual([]);
});

test('ablation: a node that counts on after it has forgotten some of its events makes them again', () => {
  const forgetful = broken((kind) => (node, input, out) => {
    kind.onInput(node, input, out);
    if (input.kind === CRASHED) node.life = 0;
  });
  const topology = { commitLog: { syncEveryMs: 400 }, antiEntropy: { everyMs: 700 } };
  const faults = ['a', 'b', 'c'].map(
    (id, index): FaultSource => ({ type: 'crash', node: id, atMs: 500 + index * 700, forMs: 100 }),
  );
  // Nobody reads: whoever read the one of two writes that are one event would seem to have read the other.
  const found = (kind: CoordinatorKind) =>
    noticed(kind, topology, faults, 0).filter((name) => name !== 'lost-writes');
  expect(found(coordinatorKind)).toEqual([]);
  expect(found(forgetful)).not.toEqual([]);
});

test('ablation: replicas that keep one of two sets instead of both', () => {
  const keepsOne: CoordinatorKind = {
    ...coordinatorKind,
    withSiblings: (sets) =>
      coordinatorKind.withSiblings({ ...sets, merge: (one, other) => Math.max(one, other) }),
  };
  expect(noticed(keepsOne, {}, [])).not.toEqual([]);
});

test('one vector may stand for two sets, by the order in which they were joined: replicas then come to hold all of both', () => {
  const sets = siblingSets('version-vectors');
  const x = sets.write(NOTHING, 1, NOTHING, 0);
  const y = sets.write(NOTHING, 2, NOTHING, 1);
  const z = sets.write(x, 3, sets.contextOf(x), 2);
  const one = sets.merge(sets.merge(x, y), z);
  const other = sets.merge(sets.merge(y, z), x);
  expect(sets.contextOf(one)).toBe(sets.contextOf(other));
  expect(sets.valuesOf(one)).toEqual([1, 2, 3]);
  expect(sets.valuesOf(other)).toEqual([2, 3]);
  expect(sets.merge(one, other)).toBe(one);
  expect(sets.merge(other, one)).toBe(one);
  // With dots neither keeps what was overwritten.
  const dotted = siblingSets('dotted');
  const [dottedX, dottedY] = [dotted.write(NOTHING, 1, NOTHING, 0), dotted.write(NOTHING, 2, NOTHING, 1)];
  const dottedZ = dotted.write(dottedX, 3, dotted.contextOf(dottedX), 2);
  expect(dotted.merge(dotted.merge(dottedX, dottedY), dottedZ)).toBe(
    dotted.merge(dotted.merge(dottedY, dottedZ), dottedX),
  );
});

test('equal sets have one number, whoever merges what with whom', () => {
  for (const rule of rules) {
    const sets = siblingSets(rule);
    const one = sets.write(NOTHING, 7, NOTHING, 0);
    const other = sets.write(NOTHING, 3, NOTHING, 1);
    const both = sets.merge(one, other);
    expect(sets.merge(other, one)).toBe(both);
    expect(sets.merge(both, one)).toBe(both);
    expect([...sets.valuesOf(both)].sort()).toEqual([3, 7]);
    expect(sets.contextOf(both)).toBe(sets.join(sets.contextOf(other), sets.contextOf(one)));
    expect(sets.knows(sets.contextOf(both), sets.contextOf(one))).toBe(true);
    expect(sets.knows(sets.contextOf(one), sets.contextOf(both))).toBe(false);
    expect(sets.valuesOf(sets.write(both, 9, sets.contextOf(both), 2))).toEqual([9]);
  }
});
