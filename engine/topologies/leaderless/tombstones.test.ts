/** Deletes in whole runs: what their tombstones cover, and what comes back once they are gone. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';

const graceMs = 6000;

/** Everything is written by 1,000 ms; from 1,500 to 3,000 ms keys are deleted, once for the most part. */
function scenario(topology: object, changes: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'tombstones',
    durationMs: 12_000,
    cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id })), defaults: { disk: { fsync: 0.5 } } },
    network: { within: { latency: 1 } },
    topology: {
      type: 'leaderless',
      gcGraceMs: graceMs,
      failureDetection: { everyMs: 100, downAfterMs: 500 },
      ...topology,
    },
    workload: {
      clients: [
        { writesPerSecond: 400, untilMs: 1000 },
        { deletesPerSecond: 40, fromMs: 1500, untilMs: 3000 },
      ],
      keys: { count: 100 },
    },
    ...changes,
  };
}

const cut = (forMs: number): FaultSource => ({
  type: 'cut',
  from: ['c'],
  to: ['a', 'b', 'clients', 'clients-2'],
  atMs: 1300,
  forMs,
});

function run(source: ScenarioSource, seed = 1, trace?: TraceEntry[]): Report {
  const observe = trace === undefined ? {} : { observe: (entry: TraceEntry) => trace.push(entry) };
  return simulate(parseScenario(source), { seed, ...observe });
}

const verdict = ({ verdicts }: Report, called: string) => verdicts.find(({ name }) => name === called)!;

test('a delete covers what it removed on every replica, then goes, and reads find nothing before and after', () => {
  const clients = [
    { writesPerSecond: 50, untilMs: 1000 },
    { deletesPerSecond: 10, fromMs: 1500, untilMs: 2500 },
    { readsPerSecond: 100, fromMs: 3000 },
  ];
  const trace: TraceEntry[] = [];
  const report = run(scenario({}, { workload: { clients, keys: { count: 1 } } }), 1, trace);
  expect(report.tombstones!.held).toBe(0);
  for (const name of ['resurrection', 'stale-reads', 'new-old-inversions', 'lost-writes', 'divergence'])
    expect(verdict(report, name)).toMatchObject({ result: 'ok' });
  const last = trace.findLast((entry) => entry.type === 'ended' && entry.kind === 'delete');
  const purges = trace.filter((entry) => entry.type === 'tombstone-purged');
  expect(new Set(purges.map(({ node }) => node)).size).toBe(3);
  for (const { atMs } of purges) {
    expect(atMs).toBeGreaterThan(last!.atMs + graceMs - 20);
    // A read that falls between two nodes' purges gives the tombstone back for a moment.
    expect(atMs).toBeLessThan(last!.atMs + graceMs + 20);
  }
});

test('a key that is written again after its delete keeps the new value', () => {
  const clients = [
    { writesPerSecond: 50, untilMs: 1000 },
    { deletesPerSecond: 40, fromMs: 1500, untilMs: 2000 },
    { writesPerSecond: 50, fromMs: 2500, untilMs: 3000 },
    { readsPerSecond: 100, fromMs: 3100 },
  ];
  const report = run(scenario({}, { workload: { clients, keys: { count: 1 } } }));
  expect(report.tombstones).toEqual({ purged: 0, held: 0 });
  for (const name of ['resurrection', 'stale-reads', 'lost-writes'])
    expect(verdict(report, name)).toMatchObject({ result: 'ok' });
});

test('exactly what a replica had and missed the delete of comes back, if it is away for longer than tombstones stay', () => {
  const antiEntropy = { everyMs: 100 };
  fc.assert(
    fc.property(fc.integer({ min: 1800, max: 8000 }), fc.nat(), (forMs, seed) => {
      const trace: TraceEntry[] = [];
      const report = run(scenario({ antiEntropy }, { faults: [cut(forMs)] }), seed, trace);
      const backMs = 1300 + forMs;
      const written = new Set(
        trace.flatMap((entry) => (entry.type === 'ended' && entry.kind === 'write' ? [entry.key] : [])),
      );
      const deletedMs = new Map<number, number>();
      for (const entry of trace)
        if (entry.type === 'ended' && entry.kind === 'delete' && entry.outcome === 'ok')
          deletedMs.set(entry.key, entry.atMs);
      const goneBy = (slackMs: number) =>
        [...deletedMs].filter(([key, atMs]) => written.has(key) && atMs + graceMs < backMs + slackMs).length;
      // c is asked by one of the others within a few sessions of its return.
      expect(verdict(report, 'resurrection').count).toBeGreaterThanOrEqual(goneBy(-10));
      expect(verdict(report, 'resurrection').count).toBeLessThanOrEqual(goneBy(700));
      expect(verdict(report, 'divergence')).toMatchObject({ result: 'ok' });
      expect(verdict(report, 'lost-writes')).toMatchObject({ result: 'ok' });
      const named = verdict(report, 'resurrection').witness?.operations;
      if (named === undefined) return;
      const ended = named.map((operation) =>
        trace.find((entry) => entry.type === 'ended' && entry.operation === operation),
      ) as Extract<TraceEntry, { type: 'ended' }>[];
      // What came back, and the delete that had removed it.
      expect(ended.map(({ kind }) => kind)).toEqual(['write', 'delete']);
      expect(ended[0]!.key).toBe(ended[1]!.key);
      expect(ended[0]!.stampMs).toBeLessThan(ended[1]!.stampMs!);
    }),
    { numRuns: runsOf({ full: 100, reduced: 10 }) },
  );
});

test('whatever befalls nodes and links: repaired within the grace nothing comes back, and with a shorter one it may', () => {
  const node = fc.constantFrom('a', 'b', 'c');
  const atMs = fc.integer({ min: 800, max: 2800 });
  const forMs = fc.integer({ min: 500, max: 1500 });
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
      to: ['a', 'b', 'c'],
    })),
  );
  let comebacks = 0;
  let purged = 0;
  fc.assert(
    fc.property(
      fc.array(fault, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('batch' as const, { syncEveryMs: 50 }),
      fc.nat(),
      (faults, commitLog, seed) => {
        const topology = { antiEntropy: { everyMs: 200 }, hints: {}, commitLog };
        const report = run(scenario(topology, { faults }), seed);
        for (const name of ['resurrection', 'divergence'])
          expect(verdict(report, name)).toMatchObject({ result: 'ok' });
        if (commitLog === 'batch') expect(verdict(report, 'lost-writes')).toMatchObject({ result: 'ok' });
        purged += report.tombstones!.purged;
        const hasty = run(scenario({ ...topology, gcGraceMs: 300 }, { faults }), seed);
        comebacks += verdict(hasty, 'resurrection').count;
      },
    ),
    { numRuns: runsOf({ full: 100, reduced: 10 }) },
  );
  expect(purged).toBeGreaterThan(500);
  expect(comebacks).toBeGreaterThan(20);
});
