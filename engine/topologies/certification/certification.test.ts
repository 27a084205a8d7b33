import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { checkLowering } from '../../statecharts/lowering-oracle.test-support.ts';
import { randomGroup } from '../consensus/random-group.test-support.ts';
import { contactChart } from './contact.chart.ts';
import { contact } from './kinds.ts';
import { groupOf, ofType, type Run, run, verdict } from './run.test-support.ts';

describe('the chart', () => {
  test('is lowered as XState runs it', () => {
    checkLowering(contactChart, { runs: 300 });
  });

  test('has the modes one would name, and no more', () => {
    expect(contact.configurations.map(({ states }) => states.at(-1)!).toSorted()).toEqual([
      'apart.patient',
      'apart.refusing',
      'together.waiting for verdicts',
    ]);
  });
});

interface Ordered {
  readonly lsn: number;
  readonly operation: number;
  readonly key: number;
  readonly seenLsn: number;
}

/** Every record that any member certified, in order, and what each says of it. */
function orderOf({ trace }: Run): {
  readonly order: readonly Ordered[];
  readonly verdicts: Map<number, Set<boolean>>;
} {
  const byLsn = new Map<number, Ordered>();
  const verdicts = new Map<number, Set<boolean>>();
  for (const { lsn, operation, key, seenLsn, passes } of ofType(trace, 'certified')) {
    const known = byLsn.get(lsn);
    if (known !== undefined && (known.operation !== operation || known.seenLsn !== seenLsn))
      expect({ lsn, operation, seenLsn }).toEqual(known);
    byLsn.set(lsn, { lsn, operation, key, seenLsn });
    verdicts.set(lsn, (verdicts.get(lsn) ?? new Set()).add(passes));
  }
  return { order: [...byLsn.values()].sort((one, other) => one.lsn - other.lsn), verdicts };
}

/** Certification by its definition: whether a write that passed changed the row after what this one's author had seen. */
function passedByDefinition(order: readonly Ordered[]): Ordered[] {
  const passed: Ordered[] = [];
  for (const record of order) {
    const isLate = passed.some(({ key, lsn }) => key === record.key && lsn > record.seenLsn);
    if (!isLate) passed.push(record);
  }
  return passed;
}

/** What certification promises, held against the definition. Gives how much there was to certify, and how much failed. */
function holdsTo(result: Run): { readonly certified: number; readonly failed: number } {
  const { order, verdicts } = orderOf(result);
  const passed = passedByDefinition(order);
  const passing = new Set(passed.map(({ lsn }) => lsn));
  // Every member comes to the same verdict, that of the definition.
  expect(
    order.filter(({ lsn }) => verdicts.get(lsn)!.size > 1 || !verdicts.get(lsn)!.has(passing.has(lsn))),
  ).toEqual([]);
  // What clients are told is what happened.
  const operations = new Set(passed.map(({ operation }) => operation));
  const misled = ofType(result.trace, 'ended').filter(
    ({ operation, kind, outcome }) =>
      kind === 'write' && outcome !== 'info' && operations.has(operation) !== (outcome === 'ok'),
  );
  expect(misled).toEqual([]);
  // A write that was put in order twice passes once.
  expect(operations.size).toBe(passed.length);
  // Every member ends with what passed last.
  const newest = new Map(passed.map(({ key, operation }) => [key, operation]));
  for (const { server } of result.cluster.group)
    for (const [key, operation] of newest)
      if (server.data[key * 3 + 2] !== operation)
        expect({ key, holds: server.data[key * 3 + 2] }).toEqual({ key, holds: operation });
  return { certified: order.length, failed: order.length - passed.length };
}

/** Of verdicts as they came the first that is wrong, or not the others': the write and the last that had passed before it. */
function judgedWrongly(verdicts: readonly (Ordered & { readonly passes: boolean })[]): number[] | null {
  const said = new Map<number, boolean>();
  const passed: Ordered[] = [];
  for (const record of verdicts) {
    const { lsn, operation, key, seenLsn, passes } = record;
    const others = said.get(lsn);
    if (others !== undefined) {
      if (others !== passes) return [operation];
      continue;
    }
    said.set(lsn, passes);
    const last = passed.filter((each) => each.key === key).at(-1);
    if ((last === undefined || last.lsn <= seenLsn) !== passes)
      return last === undefined ? [operation] : [last.operation, operation];
    if (passes) passed.push(record);
  }
  return null;
}

/** Random faults of a group of up to five, whose topology certifies. */
const randomRun = (maxFaults: number): fc.Arbitrary<ScenarioSource> =>
  fc
    .tuple(
      randomGroup({ maxFaults }),
      fc.constantFrom('all' as const, 'one' as const),
      fc.constantFrom('eventual' as const, 'before' as const, 'before-on-primary-failover' as const),
      fc.constantFrom(undefined, 40),
    )
    .map(([source, primaries, reads, refuseAfterMs]) => ({
      ...source,
      topology: {
        type: 'certification',
        primaries,
        reads: primaries === 'all' && reads === 'before-on-primary-failover' ? 'eventual' : reads,
        electionTimeoutMs: 60,
        heartbeatMs: 15,
        retryMs: 50,
        ...(refuseAfterMs !== undefined && { refuseAfterMs }),
        snapshots: (source.topology as { snapshots?: object }).snapshots ?? {},
      },
    }));

test('under any faults: one verdict on each record, that of the definition; nothing acknowledged is lost or thrown away', () => {
  const reached = {
    certified: 0,
    failed: 0,
    conflicts: 0,
    rowWaits: 0,
    turnedAway: 0,
    installed: 0,
    failovers: 0,
  };
  fc.assert(
    fc.property(randomRun(8), (source) => {
      const result = run(source);
      const { report } = result;
      const isFresh = (source.topology as { reads?: string }).reads === 'before';
      for (const { name, result: said, witness } of report.verdicts)
        if (name !== 'stale-reads' || isFresh)
          expect({ name, said, witness, source }).toMatchObject({ said: 'ok' });
      const { certified, failed } = holdsTo(result);
      reached.certified += certified;
      reached.failed += failed;
      reached.conflicts += report.certification!.conflicts;
      reached.rowWaits += report.certification!.rowWaits;
      reached.turnedAway += report.certification!.turnedAway;
      reached.installed += report.snapshots!.installed;
      reached.failovers += report.failovers.length;
    }),
    { numRuns: runsOf({ full: 250, reduced: 20 }) },
  );
  // The schedules do reach what they are for.
  expect(reached.certified).toBeGreaterThan(1000);
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(5);
});

/** Three sites that write the same few rows. */
const crowded = groupOf(
  {},
  {
    workload: {
      clients: ['a', 'b', 'c'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 40 })),
      keys: { count: 3 },
    },
  },
);

describe('one rule left out', () => {
  test('no certification: acknowledged writes are overwritten by who had not seen them, and the verdicts say so', () => {
    const { report } = run(crowded, () => true);
    expect(verdict(report, 'certification')).toMatchObject({ result: 'violation' });
    expect(verdict(report, 'discarded-writes').count).toBeGreaterThan(20);
    expect(verdict(report, 'discarded-writes').witness!.story.join('; ')).toMatch(/its client is not told/);
    const kept = run(crowded).report;
    for (const name of ['certification', 'discarded-writes', 'divergence', 'lost-writes'])
      expect(verdict(kept, name)).toMatchObject({ result: 'ok', count: 0 });
    expect(kept.certification!.conflicts).toBeGreaterThan(20);
  });

  test('verdicts that members reach by something of their own: they diverge', () => {
    let asked = 0;
    const { clients } = crowded.workload;
    const { report } = run(
      { ...crowded, workload: { clients, keys: { count: 30 } } },
      (seenLsn, newestLsn) => newestLsn <= seenLsn || ++asked % 2 === 0,
    );
    expect(verdict(report, 'certification')).toMatchObject({ result: 'violation' });
    expect(verdict(report, 'divergence').count).toBeGreaterThan(0);
  });

  test('the witness names the write that was judged wrongly, and the last before it of its row', () => {
    const lengths = new Set<number>();
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 2, max: 9 }),
        fc.constantFrom('accepts', 'rejects', 'differs' as const),
        (seed, every, how) => {
          let asked = 0;
          const result = run({ ...crowded, seed, durationMs: 500 }, (seenLsn, newestLsn) => {
            const passes = newestLsn <= seenLsn;
            if (how === 'accepts') return true;
            if (how === 'rejects') return passes && newestLsn % every !== 0;
            return ++asked % every === 0 ? !passes : passes;
          });
          const { witness } = verdict(result.report, 'certification');
          const operations = judgedWrongly(ofType(result.trace, 'certified'));
          expect(witness?.operations ?? null).toEqual(operations);
          const spread = verdict(result.report, 'discarded-writes').witness?.operations;
          if (spread !== undefined) expect(spread).toHaveLength(2);
          if (operations !== null) lengths.add(operations.length);
        },
      ),
      { numRuns: 15 },
    );
    expect([...lengths].sort()).toEqual([1, 2]);
  });
});

describe('a cut that leaves one of three alone', () => {
  const cut = (topology: Parameters<typeof groupOf>[0]): Run =>
    run(
      groupOf(topology, {
        durationMs: 8000,
        faults: [{ type: 'cut', from: ['a'], to: ['b', 'c'], atMs: 2000, forMs: 4000 }],
      }),
    );
  /** Operations that its own clients began while it was alone and the others had found each other, by outcome. */
  const alone = ({ trace }: Run, kind: 'read' | 'write') => {
    const began = new Map(ofType(trace, 'began').map(({ operation, atMs }) => [operation, atMs]));
    const counts = { ok: 0, fail: 0, info: 0 };
    for (const entry of ofType(trace, 'ended')) {
      const at = began.get(entry.operation)!;
      if (entry.client === 'at-a' && entry.kind === kind && at > 3500 && at < 4900) counts[entry.outcome]++;
    }
    return counts;
  };

  test('without a limit its writes wait, and its reads are answered with the past', () => {
    const result = cut({});
    expect(alone(result, 'write')).toMatchObject({ ok: 0, fail: 0 });
    expect(alone(result, 'write').info).toBeGreaterThan(20);
    expect(alone(result, 'read')).toMatchObject({ fail: 0, info: 0 });
    expect(verdict(result.report, 'stale-reads').count).toBeGreaterThan(20);
    expect(holdsTo(result).failed).toBeGreaterThan(0);
  });

  test('with refuseAfterMs it refuses both', () => {
    const result = cut({ refuseAfterMs: 200 });
    for (const kind of ['read', 'write'] as const) {
      expect(alone(result, kind)).toMatchObject({ ok: 0, info: 0 });
      expect(alone(result, kind).fail).toBeGreaterThan(20);
    }
    expect(result.report.certification!.turnedAway).toBeGreaterThan(100);
    expect(ofType(result.trace, 'contact').map(({ node, state }) => `${node} ${state}`)).toEqual(
      expect.arrayContaining(['a apart', 'a refusing', 'a together']),
    );
  });

  test('the others go on, and nothing is lost', () => {
    const { report } = cut({ reads: 'before' });
    expect(report.availability.write.longestOutageMs).toBeLessThan(1500);
    for (const name of ['lost-writes', 'divergence', 'discarded-writes', 'certification', 'stale-reads'])
      expect(verdict(report, name)).toMatchObject({ result: 'ok' });
  });
});

describe('one primary', () => {
  test('takes all writes: none fails certification, and who is no primary says who is', () => {
    const { report, trace } = run(groupOf({ primaries: 'one' }));
    expect(report.certification).toMatchObject({ conflicts: 0 });
    expect(report.certification!.accepted).toBeGreaterThan(100);
    expect(ofType(trace, 'certified').every(({ author }) => author === 'a')).toBe(true);
  });

  test('a new one that does not wait for what the last one left makes writes fail; one that waits does not', () => {
    // Its log holds records that it does not know to be committed when it begins to lead, and clients find it at once.
    const conflicts = (reads: 'eventual' | 'before-on-primary-failover') =>
      [1, 2].reduce(
        (sum, seed) => sum + run({ ...orphaned(reads), seed }).report.certification!.conflicts,
        0,
      );
    const orphaned = (reads: 'eventual' | 'before-on-primary-failover') =>
      groupOf(
        { primaries: 'one', reads },
        {
          durationMs: 2500,
          faults: [{ type: 'crash', node: 'a', loses: 'memory', atMs: 1500 }],
          workload: {
            clients: Array.from({ length: 8 }, (_, group) => ({
              id: `group-${group}`,
              region: 'in-b',
              writesPerSecond: 100,
            })),
            keys: { count: 50 },
            timeoutMs: 40,
          },
        },
      );
    expect(conflicts('before-on-primary-failover')).toBe(0);
    expect(conflicts('eventual')).toBeGreaterThan(0);
  });
});

test('the order decides, and not who began first: among losers are some who began before their winner (truth row C5)', () => {
  const result = run(crowded);
  const began = new Map(ofType(result.trace, 'began').map(({ operation, atMs }) => [operation, atMs]));
  const { order } = orderOf(result);
  const passed = passedByDefinition(order);
  const passing = new Set(passed);
  const overtaken = order.filter((record) => {
    if (passing.has(record)) return false;
    const winner = passed.findLast(({ key, lsn }) => key === record.key && lsn < record.lsn)!;
    return began.get(record.operation)! < began.get(winner.operation)!;
  });
  expect(overtaken.length).toBeGreaterThan(3);
});

test('as many writes fail as the closed form has it: Poisson writers, and the time that a write is in danger', () => {
  const [perSecond, keys, wayMs, durationMs] = [100, 100, 15, runsOf({ full: 60_000, reduced: 30_000 })];
  const { trace } = run(
    groupOf(
      {},
      {
        durationMs,
        cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id, region: `in-${id}` })) },
        workload: {
          clients: ['a', 'b', 'c'].map((id) => ({
            id: `at-${id}`,
            region: `in-${id}`,
            writesPerSecond: perSecond,
          })),
          keys: { count: keys },
        },
      },
    ),
  );
  // What is put in order is known to a majority after two ways, and elsewhere after three; from elsewhere it is one way to there. So a
  // write of who orders, a, has not seen what was put in order for two ways before it, one of another for four.
  const inDangerMs = (author: string) => (author === 'a' ? 2 : 4) * wayMs;
  const failing = (author: string, passing: number) =>
    1 - Math.exp((-2 * (perSecond / 1000) * passing * inDangerMs(author)) / keys);
  // Only writes that pass make others fail.
  let passing = 1;
  for (let step = 0; step < 20; step++) passing = 1 - (failing('a', passing) + 2 * failing('b', passing)) / 3;
  for (const author of ['a', 'b', 'c']) {
    const own = ofType(trace, 'certified').filter(
      (entry) => entry.author === author && entry.node === author,
    );
    const failed = own.filter(({ passes }) => !passes).length;
    const share = failing(author, passing);
    const expected = share * own.length;
    // Writes of one member that wait for the row come in a row: the spread is a little wider than by chance alone.
    const spread = Math.sqrt(expected * (1 - share));
    expect(
      Math.abs(failed - expected),
      `${author}: ${failed} of ${own.length}, expected ${expected}`,
    ).toBeLessThan(4 * spread);
  }
});

test('a row is held by one write of a member at a time: alone, a member has no conflicts with itself', () => {
  const { report } = run(
    groupOf(
      {},
      { workload: { clients: [{ id: 'at-b', region: 'in-b', writesPerSecond: 100 }], keys: { count: 3 } } },
    ),
  );
  expect(report.certification).toMatchObject({ conflicts: 0 });
  expect(report.certification!.rowWaits).toBeGreaterThan(50);
});

test('the loser’s client gets its error with word of why', () => {
  const { trace } = run(
    groupOf(
      {},
      {
        workload: {
          clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 40 })),
          keys: { count: 1 },
        },
      },
    ),
  );
  const failed = ofType(trace, 'ended').filter(({ outcome }) => outcome === 'fail');
  expect(failed.length).toBeGreaterThan(5);
  const told = new Set(
    ofType(trace, 'delivered').flatMap(({ message }) =>
      message.type === 'refused' && message.reason === 'certification' ? [message.operation] : [],
    ),
  );
  for (const { operation } of failed) expect(told.has(operation)).toBe(true);
});
