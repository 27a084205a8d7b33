import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { find } from '../../explore/find.ts';
import { runsOf } from '../../full-size.test-support.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';

type Leaderless = Extract<ScenarioSource['topology'], { type: 'leaderless' }>;

function scenario(
  topology: Partial<Leaderless> = {},
  changes: Partial<ScenarioSource> = {},
  nodes: readonly string[] = ['a', 'b', 'c'],
): ScenarioSource {
  return {
    id: 'leaderless',
    durationMs: 1000,
    cluster: { nodes: nodes.map((id) => ({ id })), defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: { type: 'exponential', meanMs: 4, minMs: 0.2 } } },
    topology: { type: 'leaderless', ...topology },
    workload: {
      clients: [{ readsPerSecond: 1000, writesPerSecond: 200 }],
      keys: { count: 4 },
      timeoutMs: 300,
    },
    ...changes,
  };
}

const run = (source: ScenarioSource, seed = 1): Report => simulate(parseScenario(source), { seed });

function traced(source: ScenarioSource, seed = 1): TraceEntry[] {
  const entries: TraceEntry[] = [];
  simulate(parseScenario(source), { seed, observe: (entry) => entries.push(entry) });
  return entries;
}

const verdict = (report: Report, name: string) => report.verdicts.find((each) => each.name === name)!;

test('a write is acknowledged once W replicas have said that they have it, and no sooner', () => {
  for (const write of [1, 2, 3]) {
    const values = new Map<string, number>();
    const takers = new Map<number, Set<string>>();
    let acknowledged = 0;
    let atMost = 0;
    for (const entry of traced(scenario({ write }))) {
      if (!('message' in entry)) continue;
      const { message } = entry;
      if (entry.type === 'sent' && message.type === 'mutate') {
        values.set(`${entry.from} ${message.serial}`, message.value);
        // Its coordinator is one of the replicas; it takes the write before it can count it.
        if (!takers.has(message.value)) takers.set(message.value, new Set([entry.from]));
      } else if (entry.type === 'delivered' && message.type === 'mutated')
        takers.get(values.get(`${entry.to} ${message.serial}`)!)!.add(entry.from);
      else if (entry.type === 'sent' && message.type === 'write-ok') {
        expect(takers.get(message.operation)!.size).toBeGreaterThanOrEqual(write);
        atMost = Math.max(atMost, takers.get(message.operation)!.size);
        acknowledged++;
      }
    }
    expect(acknowledged).toBeGreaterThan(150);
    // The node itself may be the last of them, as its disk is slower than the others' answers.
    expect(atMost).toBeLessThanOrEqual(write + 1);
  }
});

describe('R + W > N', () => {
  test('no read is stale, without faults', () => {
    for (let seed = 0; seed < runsOf({ full: 20_000, reduced: 40 }); seed++) {
      const { verdicts, operations } = run(scenario({}, { durationMs: 60 }), seed);
      expect(operations.read.ok).toBeGreaterThan(0);
      expect(verdicts.find(({ name }) => name === 'stale-reads')!.count).toBe(0);
    }
  });

  test('one less, and some are', () => {
    const stale = (read: number, write: number) =>
      verdict(run(scenario({ read, write, readsAsk: 'enough', readRepair: 'none' })), 'stale-reads').count;
    expect(stale(1, 2)).toBeGreaterThan(0);
    expect(stale(2, 1)).toBeGreaterThan(0);
    expect(stale(3, 1)).toBe(0);
    expect(stale(1, 3)).toBe(0);
  });

  test('no read is stale and no write is lost, whatever befalls machines and links', () => {
    let ended = 0;
    fc.assert(
      fc.property(
        randomSettings,
        fc.array(randomFault, { maxLength: 4 }),
        fc.nat(),
        (topology, faults, seed) => {
          const report = run(scenario({ ...topology, ...impatient }, { faults }), seed);
          ended += report.operations.read.ok;
          expect(verdict(report, 'stale-reads')).toMatchObject({ result: 'ok' });
          expect(verdict(report, 'lost-writes')).toMatchObject({ result: 'ok' });
          // Only where two reads have a replica in common.
          if (topology.readRepair === 'blocking' && topology.read > 1)
            expect(verdict(report, 'new-old-inversions')).toMatchObject({ result: 'ok' });
        },
      ),
      { numRuns: runsOf({ full: 2000, reduced: 60 }) },
    );
    expect(ended).toBeGreaterThan(1000);
  });

  test('reads go from the new value back to the old, unless blocking repair holds them', () => {
    // Key 0 is a's, b's and c's. What d writes comes to c long before it comes to the others.
    const inversions = (readRepair: Leaderless['readRepair']) => {
      const slow = scenario(
        { readRepair, write: 3, read: 2, readsAsk: 'enough' },
        {
          workload: { clients: [{ readsPerSecond: 400, writesPerSecond: 20 }], keys: { count: 1 } },
          faults: [{ type: 'slow-link', from: ['d'], to: ['a', 'b'], oneWay: true, extraMs: 40, atMs: 0 }],
        },
        ['a', 'b', 'c', 'd'],
      );
      return verdict(
        run({ ...slow, topology: { ...slow.topology, replicas: 3 } as Leaderless }),
        'new-old-inversions',
      ).count;
    };
    expect(inversions('none')).toBeGreaterThan(0);
    expect(inversions('blocking')).toBe(0);
  });
});

test('the search finds new-then-old reads with R + W > N, and none where repair comes before the answer', async () => {
  const search = (readRepair: Leaderless['readRepair'], runs: number) =>
    find(
      scenario(
        { readRepair, replicas: 3, readsAsk: 'enough', ...impatient },
        {
          durationMs: 200,
          workload: { clients: [{ readsPerSecond: 3000, writesPerSecond: 400 }], keys: { count: 50 } },
        },
        ['a', 'b', 'c', 'd', 'e'],
      ),
      { violates: 'new-old-inversions', budget: runs, maxFaults: 2, seed: 1 },
    );
  const found = await search('none', 300);
  expect(found).toMatchObject({ found: true });
  const report = found.found && simulate(parseScenario(found.scenario));
  expect(report && verdict(report, 'stale-reads').count).toBe(0);
  expect(await search('blocking', runsOf({ full: 2000, reduced: 20 }))).toMatchObject({ found: false });
});

/** Three nodes that notice a failure soon. */
const impatient = {
  readTimeoutMs: 100,
  writeTimeoutMs: 100,
  failureDetection: { everyMs: 20, downAfterMs: 90 },
} satisfies Partial<Leaderless>;

const randomSettings = fc
  .record({
    readRepair: fc.constantFrom('none' as const, 'blocking' as const, 'background' as const),
    readsAsk: fc.constantFrom('all' as const, 'enough' as const),
    quorums: fc.constantFrom({ read: 2, write: 2 }, { read: 1, write: 3 }, { read: 3, write: 1 }),
    speculativeRetryMs: fc.constantFrom(undefined, 10),
    digests: fc.boolean(),
  })
  .map(({ quorums, speculativeRetryMs, digests, ...rest }) => ({
    ...rest,
    ...quorums,
    digestReads: digests && rest.readRepair !== 'background',
    ...(speculativeRetryMs !== undefined && { speculativeRetryMs }),
  }));

const node = fc.constantFrom('a', 'b', 'c');
const atMs = fc.nat(900);
const forMs = fc.integer({ min: 1, max: 500 });
const randomFault: fc.Arbitrary<FaultSource> = fc.oneof(
  fc.record({ type: fc.constant('crash' as const), node, atMs, forMs }),
  fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
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

describe('replicas that do not answer', () => {
  const faults: FaultSource[] = [
    { type: 'crash', node: 'b', atMs: 100 },
    { type: 'crash', node: 'c', atMs: 100 },
  ];

  test('first operations time out, and may have happened; once the nodes are held for down they are refused', () => {
    const entries = traced(scenario(impatient, { faults }));
    const ends = entries.filter((entry) => entry.type === 'ended');
    const timedOut = entries.filter(({ type }) => type === 'coordination-timed-out');
    const unavailable = entries.filter(({ type }) => type === 'unavailable');
    expect(timedOut.length).toBeGreaterThan(10);
    expect(unavailable.length).toBeGreaterThan(100);
    expect(Math.min(...unavailable.map((each) => each.atMs))).toBeGreaterThan(
      Math.min(...timedOut.map((each) => each.atMs)) - 50,
    );
    expect(ends.some(({ outcome, atMs: at }) => outcome === 'info' && at < 300)).toBe(true);
    expect(ends.filter(({ outcome }) => outcome === 'fail').every(({ atMs: at }) => at > 170)).toBe(true);
    // Its own replica is all it has: nothing is acknowledged any more.
    expect(ends.some(({ outcome, atMs: at }) => outcome === 'ok' && at > 150)).toBe(false);
  });

  test('a write that timed out is not taken back: later reads may find it', () => {
    const entries = traced(
      scenario(
        { ...impatient, write: 3, read: 1 },
        { faults: [{ type: 'cut', from: ['c'], to: ['a', 'b', 'clients'], atMs: 200, forMs: 60 }] },
      ),
    );
    const unsure = new Set<number>();
    const found = new Set<number>();
    for (const entry of entries) {
      if (entry.type === 'ended' && entry.kind === 'write' && entry.outcome === 'info')
        unsure.add(entry.operation);
      if (entry.type === 'delivered' && entry.message.type === 'read-ok') found.add(entry.message.value);
    }
    expect([...unsure].filter((operation) => found.has(operation)).length).toBeGreaterThan(0);
  });

  test('with one of three down quorums go on at once: there is no failover', () => {
    const report = run(scenario(impatient, { faults: [{ type: 'crash', node: 'c', atMs: 300 }] }));
    expect(report.failovers).toEqual([]);
    expect(report.availability.write.longestOutageMs).toBeLessThan(100);
    expect(verdict(report, 'stale-reads').count).toBe(0);
  });
});

describe('the commit log', () => {
  const powerCut: FaultSource[] = ['a', 'b', 'c'].map((id) => ({
    type: 'crash',
    node: id,
    atMs: 900,
    forMs: 20,
  }));

  test('synced now and then it acknowledges what a power cut takes; in batches it does not', () => {
    const lost = (commitLog: Leaderless['commitLog']) =>
      run(scenario({ commitLog, ...impatient }, { faults: powerCut, durationMs: 950 }));
    const periodic = lost({ syncEveryMs: 10_000 });
    expect(verdict(periodic, 'lost-writes').count).toBeGreaterThan(40);
    expect(periodic.rpo.writes).toBe(verdict(periodic, 'lost-writes').count);
    expect(verdict(lost({ syncEveryMs: 300 }), 'lost-writes').count).toBeLessThan(150);
    expect(verdict(lost('batch'), 'lost-writes').count).toBe(0);
  });

  test('of a process that dies alone nothing is lost', () => {
    const faults = powerCut.map((fault) => ({ ...fault, loses: 'memory' as const })) as FaultSource[];
    const report = run(
      scenario({ commitLog: { syncEveryMs: 10_000 }, ...impatient }, { faults, durationMs: 950 }),
    );
    expect(verdict(report, 'lost-writes').count).toBe(0);
  });
});

test('the writes of a node whose clock is behind are acknowledged and thrown away', () => {
  const skewed = scenario(
    {},
    {
      durationMs: 10_000,
      faults: [{ type: 'clock-skew', node: 'b', skewMs: -200, atMs: 0 }],
      workload: { clients: [{ writesPerSecond: 12 }], keys: { count: 1 } },
    },
  );
  const straight = run({ ...skewed, faults: [] });
  const report = run(skewed);
  expect(verdict(report, 'discarded-writes').count).toBeGreaterThan(
    verdict(straight, 'discarded-writes').count + 15,
  );
  // By the rule all agree on, nothing is wrong.
  expect(verdict(report, 'lost-writes').count).toBe(0);
  expect(verdict(report, 'stale-reads').count).toBe(0);
  expect(verdict(report, 'divergence').count).toBe(0);
});

// Truth row Q6: a regular register. Source: Lamport, On interprocess communication, 1986; Bailis et al. 2014, definition 1.
test('a read that is concurrent with a write returns the old value or the new one, either of them, and nothing else', () => {
  const entries = traced(
    scenario(
      { readRepair: 'none', readsAsk: 'enough' },
      {
        durationMs: 20_000,
        workload: {
          // Writes are too far apart to be concurrent with each other.
          clients: [{ writesPerSecond: 10 }, { readsPerSecond: 500 }],
          arrivals: 'regular',
          keys: { count: 1 },
        },
      },
    ),
  );
  const found = new Map<number, number>();
  const began = new Map<number, number>();
  const writes: { operation: number; fromMs: number; toMs: number }[] = [];
  const reads: { fromMs: number; toMs: number; found: number }[] = [];
  for (const entry of entries) {
    if (entry.type === 'began') began.set(entry.operation, entry.atMs);
    if (entry.type === 'delivered' && entry.message.type === 'read-ok')
      found.set(entry.message.operation, entry.message.value);
    if (entry.type !== 'ended' || entry.outcome !== 'ok') continue;
    const span = { fromMs: began.get(entry.operation)!, toMs: entry.atMs };
    if (entry.kind === 'write') writes.push({ operation: entry.operation, ...span });
    else reads.push({ found: found.get(entry.operation)!, ...span });
  }
  let [old, fresh] = [0, 0];
  for (const [index, { operation, fromMs, toMs }] of writes.entries()) {
    const before = index === 0 ? 0 : writes[index - 1]!.operation;
    for (const read of reads) {
      if (read.toMs < fromMs || read.fromMs > toMs) continue;
      expect([before, operation]).toContain(read.found);
      if (read.found === before) old++;
      else fresh++;
    }
  }
  expect(old).toBeGreaterThan(100);
  expect(fresh).toBeGreaterThan(100);
});
