/** Rows of several columns, in tables that each have rules of their own. Syllabus S-C3. */

import { describe, expect, test } from 'vitest';
import { leadersIn, type MultiLeader, ofType, run, verdict } from './run.test-support.ts';

/** Two leaders' clients, at the same rows, each with columns of its own choice. */
const writing = (
  topology: Partial<MultiLeader>,
  columns: readonly [readonly (string | number)[] | null, readonly (string | number)[] | null],
  rows = 5,
) =>
  run(
    leadersIn(2, topology, {
      durationMs: 3000,
      workload: {
        clients: ['a', 'b'].map((id, index) => ({
          id: `at-${id}`,
          region: `in-${id}`,
          writesPerSecond: 40,
          ...(columns[index] !== null && { columns: [...columns[index]!] }),
        })),
        keys: { count: rows },
      },
    }),
  );

describe('columns that a group names', () => {
  const profile = { columns: ['name', 'mail', 'city'] };

  test('by column, who sets the name and who sets the city are in conflict over rows that both make, and no others', () => {
    const { report, trace } = writing({ ...profile, detect: 'column' }, [['name'], ['city']]);
    const { conflicts } = report.multiLeader!;
    expect(conflicts.updateUpdate).toBe(0);
    expect(conflicts.insertInsert).toBe(conflicts.all);
    expect(ofType(trace, 'conflict').length).toBe(report.multiLeader!.detections);
  });

  test('by row they are', () => {
    expect(writing(profile, [['name'], ['city']]).report.multiLeader!.conflicts.updateUpdate).toBeGreaterThan(
      10,
    );
  });

  test('two that each set two columns and share one are in conflict once for each pair of writes', () => {
    const shared = (columns: [string[], string[]]) =>
      writing({ ...profile, detect: 'column' }, columns).report.multiLeader!.conflicts;
    const one = shared([
      ['name', 'mail'],
      ['mail', 'city'],
    ]);
    expect(one.updateUpdate).toBeGreaterThan(10);
    // Sharing two columns, the same pairs of writes are in conflict; none counts for two.
    const whole: [string[], string[]] = [
      ['name', 'mail'],
      ['name', 'mail'],
    ];
    expect(shared(whole)).toEqual(one);
  });
});

describe.each(['row', 'column'] as const)('deletes, by %s', (detect) => {
  test.each(['last-writer', 'first-writer', 'keep-both'] as const)(
    '%s: all kinds of conflict are told apart, and in the end all leaders show the same',
    (resolve) => {
      const source = leadersIn(3, { detect, columns: 3, resolve, deletes: 0.3 }, { durationMs: 8000 });
      const { report, trace } = run(source);
      const { insertInsert, updateUpdate, updateDelete, deleteDelete, all } = report.multiLeader!.conflicts;
      for (const count of [insertInsert, updateUpdate, updateDelete, deleteDelete])
        expect(count).toBeGreaterThan(0);
      expect(insertInsert + updateUpdate + updateDelete + deleteDelete).toBe(all);
      expect(verdict(report, 'divergence').result).toBe('ok');
      // A delete is a change of the whole row; what is not is one column's.
      const deletes = ofType(trace, 'sent').flatMap(({ message }) =>
        message.type === 'change' && message.does === 'delete' ? [message.column] : [],
      );
      expect(new Set(deletes)).toEqual(new Set([null]));
    },
  );
});

test('an update of one column that is newer than a delete elsewhere leaves a part of the row, and only by column', () => {
  const partial = (detect: 'row' | 'column') =>
    writing({ detect, columns: 3, deletes: 0.2 }, [null, null], 200).report.multiLeader!.partialRows;
  expect(partial('row')).toBe(0);
  expect(partial('column')).toBeGreaterThan(0);
});

describe('tables', () => {
  const tables = [
    {
      id: 'profiles',
      detect: 'column' as const,
      columns: ['name', { id: 'visits', resolve: 'max' as const }],
    },
    { id: 'carts', rows: 3, resolve: 'union' as const },
    { id: 'accounts', rows: 4, resolve: 'sum' as const, account: { opening: 100, withdrawal: 7 } },
  ];
  const { report, cluster } = run(
    leadersIn(
      2,
      { tables },
      {
        workload: {
          clients: [
            { id: 'names', region: 'in-a', writesPerSecond: 20, table: 'profiles', columns: ['name'] },
            { id: 'visits', region: 'in-b', writesPerSecond: 20, table: 'profiles', columns: ['visits'] },
            { id: 'carts', region: 'in-b', writesPerSecond: 20, table: 'carts' },
            { id: 'machines', region: 'in-a', writesPerSecond: 40, table: 'accounts' },
          ],
          keys: { count: 5 },
        },
      },
    ),
  );

  test('each has its rows, its columns and its rule', () => {
    const [{ settings, rows }] = [cluster.leaders[0]!];
    expect(settings.tables.map(({ firstKey, rows: count }) => [firstKey, count])).toEqual([
      [0, 5],
      [5, 3],
      [8, 4],
    ]);
    expect(rows.cells.length).toBe((5 * 2 + 3 + 4) * rows.width);
    expect(verdict(report, 'divergence').result).toBe('ok');
    // Every account is drawn until it is empty: 14 times 7 of 100.
    expect(report.multiLeader!.refused).toBeGreaterThan(5);
    const balances = [13, 14, 15, 16].map((cell) => rows.cells[cell * rows.width + 4]);
    expect(balances).toEqual([2, 2, 2, 2]);
  });

  test('a table of its own is the same as the topology’s own rows', () => {
    const settings = { detect: 'column', columns: 3, resolve: 'first-writer', deletes: 0.1 } as const;
    const alone = run(leadersIn(3, settings)).report;
    const named = run(leadersIn(3, { tables: [{ id: 'all', ...settings }] })).report;
    expect(named).toEqual(alone);
  });
});
