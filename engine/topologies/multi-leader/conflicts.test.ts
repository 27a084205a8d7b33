/** What becomes of two writes of which neither author had seen the other's. */

import { describe, expect, test } from 'vitest';
import { find } from '../../explore/find.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { COUNTING, COVERED } from './rows.ts';
import { leadersIn, type MultiLeader, ofType, run, verdict } from './run.test-support.ts';

/** One write at each of two leaders at the same moment, of one key: the display name that becomes Alice here and Alicia there. */
function twoWrites(
  topology: Partial<MultiLeader> = {},
  changes: Partial<ScenarioSource> = {},
): ScenarioSource {
  return leadersIn(2, topology, {
    durationMs: 15,
    workload: {
      clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 100 })),
      arrivals: 'regular',
      keys: { count: 1 },
    },
    ...changes,
  });
}

const shownBy = (source: ScenarioSource) => {
  const { cluster, report, trace } = run(source);
  return { values: cluster.leaders.map(({ rows }) => rows.cells[4]!), cluster, report, trace };
};

/** Truth rows C1 and C8; syllabus S-C2. */
test('last writer: both clients have success, one write survives everywhere, the other is thrown away and counted', () => {
  const { values, report, trace } = shownBy(twoWrites());
  expect(report.operations.write).toEqual({ ok: 2, fail: 0, info: 0 });
  expect(values[0]).toBe(values[1]);
  expect(verdict(report, 'discarded-writes')).toMatchObject({ result: 'violation', count: 1 });
  expect(verdict(report, 'divergence').result).toBe('ok');
  expect(report.multiLeader!.conflicts).toMatchObject({ insertInsert: 1, all: 1 });
  // Acknowledged before anybody knew.
  const acknowledged = ofType(trace, 'ended').map(({ atMs }) => atMs);
  const found = ofType(trace, 'conflict').map(({ atMs }) => atMs);
  expect(found).toHaveLength(2);
  expect(Math.max(...acknowledged)).toBeLessThan(Math.min(...found));
});

/** Truth row C3. */
test('of two with equal stamps the greater node wins, on every node, with last-writer and with pgd', () => {
  for (const resolve of ['last-writer', 'pgd'] as const) {
    const { values, trace } = shownBy(twoWrites({ resolve }));
    const stamps = ofType(trace, 'sent').flatMap(({ message }) =>
      message.type === 'change' ? [message] : [],
    );
    expect(stamps).toHaveLength(2);
    expect(stamps[0]!.stampMs).toBe(stamps[1]!.stampMs);
    const ofB = stamps.find(({ author }) => author === 1)!.value;
    expect(values).toEqual([ofB, ofB]);
  }
});

/** Truth row C2. */
test('in the order of arrival each leader ends with what the other wrote: they differ for good', () => {
  const { values, report } = shownBy(twoWrites({ resolve: 'arrival-order' }));
  expect(values[0]).not.toBe(values[1]);
  expect(verdict(report, 'divergence')).toMatchObject({ result: 'violation', count: 1 });
});

test('in the order of arrival: find comes upon it without a fault', async () => {
  const source = leadersIn(2, { resolve: 'arrival-order' }, { durationMs: 300 });
  const options = { violates: 'divergence', budget: 20, maxFaults: 1, seed: 1 } as const;
  expect(await find(source, options)).toMatchObject({ found: true, faults: [] });
  const resolved = leadersIn(2, {}, { durationMs: 300 });
  expect(await find(resolved, { ...options, maxFaults: 0 })).toMatchObject({ found: false });
});

test('keep both: both versions are there, on both leaders, until somebody who has seen both writes', () => {
  const { report, cluster } = shownBy(twoWrites({ resolve: 'keep-both' }));
  expect(report.multiLeader!.siblings).toBe(1);
  expect(verdict(report, 'discarded-writes').count).toBe(0);
  for (const { rows } of cluster.leaders)
    expect([COUNTING, COVERED, COVERED + 1].map((word) => rows.cells[word])).toEqual([0b11, 1, 1]);
  const later = run(
    twoWrites(
      { resolve: 'keep-both' },
      {
        durationMs: 200,
        workload: {
          clients: [
            { id: 'at-a', region: 'in-a', writesPerSecond: 100, untilMs: 15 },
            { id: 'at-b', region: 'in-b', writesPerSecond: 100, untilMs: 15 },
            { id: 'later', region: 'in-a', writesPerSecond: 20, fromMs: 100, untilMs: 155 },
          ],
          arrivals: 'regular',
          keys: { count: 1 },
        },
      },
    ),
  );
  expect(later.report.operations.write.ok).toBe(3);
  expect(later.report.multiLeader!.siblings).toBe(0);
});

test('first writer: of two in conflict the older stays, and whoever has seen it may write again', () => {
  const { values, trace } = shownBy(
    twoWrites(
      { resolve: 'first-writer' },
      { faults: [{ type: 'slow-link', from: ['in-b'], to: ['at-b'], extraMs: 2, atMs: 0 }] },
    ),
  );
  const changes = ofType(trace, 'sent').flatMap(({ message }) =>
    message.type === 'change' ? [message] : [],
  );
  const first = changes.toSorted((one, other) => one.stampMs! - other.stampMs!)[0]!;
  expect(first.author).toBe(0);
  expect(values).toEqual([first.value, first.value]);
  const { report } = run(leadersIn(1, { resolve: 'first-writer' }));
  expect(verdict(report, 'discarded-writes').count).toBe(0);
});

describe('detection', () => {
  const contended = (detect: 'row' | 'column', columns: number) =>
    run(
      leadersIn(
        3,
        { detect, columns },
        {
          durationMs: 4000,
          workload: {
            clients: ['a', 'b', 'c'].map((id) => ({
              id: `at-${id}`,
              region: `in-${id}`,
              writesPerSecond: 40,
            })),
            keys: { count: 5 },
          },
        },
      ),
    ).report;

  /** Syllabus S-C3: the same history, by row and by column. */
  test('by column only writes to the same column are in conflict, by row all that are', () => {
    const [row, column] = [contended('row', 4), contended('column', 4)];
    expect(row.operations.write).toEqual(column.operations.write);
    expect(row.multiLeader!.conflicts.all).toBeGreaterThan(100);
    // A quarter of the pairs share their column; fewer writes hide behind later ones, so that it is somewhat more.
    const share = column.multiLeader!.conflicts.all / row.multiLeader!.conflicts.all;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.5);
    expect(verdict(row, 'discarded-writes').count).toBeGreaterThan(verdict(column, 'discarded-writes').count);
  });

  test('where one leader writes there is no conflict, however late the others hear of it', () => {
    const { multiLeader } = run(
      leadersIn(
        3,
        {},
        {
          workload: { clients: [{ region: 'in-a', writesPerSecond: 200 }], keys: { count: 1 } },
        },
      ),
    ).report;
    expect(multiLeader!.conflicts.all).toBe(0);
  });

  test('all kinds of conflict are told apart', () => {
    const { report } = run(leadersIn(3, { deletes: 0.3 }, { durationMs: 10_000 }));
    const { insertInsert, updateUpdate, updateDelete, deleteDelete, all } = report.multiLeader!.conflicts;
    for (const count of [insertInsert, updateUpdate, updateDelete, deleteDelete])
      expect(count).toBeGreaterThan(0);
    expect(insertInsert + updateUpdate + updateDelete + deleteDelete).toBe(all);
    expect(verdict(report, 'divergence').result).toBe('ok');
  });
});

/** Truth row C4. */
test('pgd: an update of a row deleted meanwhile is skipped, and a delete older than an update too: the two leaders differ', () => {
  const fewWritesEach = (deletes: number) =>
    run(
      leadersIn(
        2,
        { resolve: 'pgd', deletes },
        {
          durationMs: 1000,
          workload: {
            clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 200 })),
            keys: { count: 50 },
          },
        },
      ),
    );
  const { report, trace } = fewWritesEach(0.4);
  const skipped = ofType(trace, 'change-skipped');
  expect(skipped.length).toBeGreaterThan(0);
  expect(report.multiLeader!.skipped).toBe(skipped.length);
  expect(verdict(report, 'divergence').result).toBe('violation');
  expect(verdict(fewWritesEach(0).report, 'divergence').result).toBe('ok');
});

/** Syllabus S-C4: a clock that is behind loses what came later; a hybrid clock does not. */
test('the further a clock is behind, the more of its leader’s later writes are thrown away; none more with a hybrid clock', () => {
  const thrown = (skewMs: number, stamps: 'clock' | 'hybrid') => {
    const source = leadersIn(
      2,
      { stamps },
      {
        durationMs: 20_000,
        workload: {
          clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 2 })),
          keys: { count: 1 },
        },
        faults: [{ type: 'clock-skew', node: 'b', skewMs: -skewMs, atMs: 0 }],
      },
    );
    return verdict(run(source).report, 'discarded-writes').count;
  };
  const curve = [0, 200, 500, 1000].map((skewMs) => thrown(skewMs, 'clock'));
  expect(curve).toEqual(curve.toSorted((one, other) => one - other));
  expect(curve.at(-1)!).toBeGreaterThan(curve[0]! + 10);
  expect(thrown(1000, 'hybrid')).toBeLessThan(curve[0]! + 5);
});

/** Syllabus S-C12: two cash machines, one account. */
describe('an account with two leaders', () => {
  const machines = (topology: Partial<MultiLeader> = {}) =>
    twoWrites({ resolve: 'sum', account: { opening: 100, withdrawal: 80 }, ...topology });

  test('both pay out, and nobody is told that it is overdrawn', () => {
    const { report, values } = shownBy(machines());
    expect(report.operations.write.ok).toBe(2);
    expect(values).toEqual([-60, -60]);
    expect(report.multiLeader!.overdrawn).toEqual({ accounts: 1, lowest: -60 });
  });

  test('with one leader the second is refused', () => {
    const { report, values } = shownBy({
      ...machines(),
      cluster: { nodes: [{ id: 'a', region: 'in-a' }] },
    });
    expect(report.operations.write).toMatchObject({ ok: 1, fail: 1 });
    expect(values).toEqual([20]);
    expect(report.multiLeader).toMatchObject({ refused: 1, overdrawn: { accounts: 0 } });
  });
});

/** Syllabus S-C5. */
test('carts are merged: what either leader has put in is in both, and what was taken out may come back', () => {
  const { report, cluster } = run(
    leadersIn(
      2,
      { resolve: 'union' },
      {
        workload: {
          clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 5 })),
          keys: { count: 1 },
        },
      },
    ),
  );
  const cart = cluster.leaders[0]!.rows.cells[4]!;
  expect(verdict(report, 'divergence').result).toBe('ok');
  let bits = 0;
  for (let rest = cart; rest !== 0; rest &= rest - 1) bits++;
  expect(bits).toBe(Math.min(31, report.operations.write.ok));
});

/** Syllabus S-C10. */
test('two leaders that count on by one make the same keys; in steps of their number from their own, they do not', () => {
  const insertsWith = (identifiers: 'auto-increment' | 'offset-step') =>
    run(
      leadersIn(
        2,
        { identifiers },
        {
          workload: {
            clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 20 })),
            keys: { count: 1000 },
          },
        },
      ),
    ).report;
  const counted = insertsWith('auto-increment');
  expect(counted.multiLeader!.conflicts.insertInsert).toBeGreaterThan(5);
  expect(verdict(counted, 'discarded-writes').count).toBeGreaterThan(5);
  const stepped = insertsWith('offset-step');
  expect(stepped.multiLeader!.conflicts.all).toBe(0);
  expect(verdict(stepped, 'discarded-writes').count).toBe(0);
  expect(stepped.operations.write.fail).toBe(0);
});
