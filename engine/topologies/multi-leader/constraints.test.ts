/** What several rows may not be together: unique values, and rows that refer to others. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import {
  isHidden,
  isOrphan,
  isRestored,
  losesValue,
  type ParentRule,
  parentRules,
  type UniqueRule,
  uniqueRules,
  uniqueValue,
} from './constraints.ts';
import type { Leader } from './leader.ts';
import { cellAt, isRowThere, isThere, SHOWN_VALUE } from './rows.ts';
import { leadersIn, type MultiLeader, ofType, run, verdict } from './run.test-support.ts';

const far = {
  within: { latency: 0.5 },
  between: [
    ['a', 'b'],
    ['a', 'c'],
    ['b', 'c'],
  ].map(([from, to]) => ({ from: `in-${from}`, to: `in-${to}`, latency: 100 })),
};

const people = (rule: UniqueRule, more: Partial<MultiLeader> = {}): ScenarioSource =>
  leadersIn(
    3,
    { unique: { values: 600, resolve: rule }, deletes: 0.1, ...more },
    {
      durationMs: 2000,
      network: far,
      workload: {
        clients: ['a', 'b', 'c'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 100 })),
        keys: { count: 300 },
      },
    },
  );

/** How many customers there are, each with three orders. */
const parents = 200;

const shop = (rule: ParentRule): ScenarioSource =>
  leadersIn(
    3,
    {
      tables: [
        { id: 'customers', rows: parents, deletes: 0.6 },
        { id: 'orders', rows: 3 * parents, deletes: 0.6, parent: { table: 'customers', resolve: rule } },
      ],
    },
    {
      durationMs: 2000,
      network: far,
      workload: {
        clients: ['a', 'b', 'c'].flatMap((id) => [
          { id: `customers-${id}`, region: `in-${id}`, writesPerSecond: 50, table: 'customers' },
          { id: `orders-${id}`, region: `in-${id}`, writesPerSecond: 50, table: 'orders' },
        ]),
      },
    },
  );

/** What a leader shows of every row: its value, or that it is not there, restored or renamed. */
function shown(node: Leader): string[] {
  const { rows, settings } = node;
  return settings.tables.flatMap((table) =>
    Array.from({ length: table.rows }, (_, row) => {
      const key = table.firstKey + row;
      if (isRestored(node, table, key)) return 'restored';
      const cell = cellAt(rows, key, table.unique?.column ?? 0);
      if (!isRowThere(rows, key) || !isThere(rows, cell) || isHidden(node, table, key)) return '';
      const number = rows.cells[cell + SHOWN_VALUE]!;
      if (table.unique === null) return `${number}`;
      const value = `value ${uniqueValue(number, table.unique.values)}`;
      return table.unique.rule === 'rename' && losesValue(node, table, key) ? `${value} of ${key}` : value;
    }),
  );
}

const repeated = (values: readonly string[]) =>
  values.filter((value, index) => value !== '' && value !== 'restored' && values.indexOf(value) < index)
    .length;

describe.each(uniqueRules)('a value that two leaders give to two rows: %s', (rule) => {
  const { report, trace, cluster } = run(people(rule));
  const { conflicts, constraints, forbidden } = report.multiLeader!;

  test('is found, and counted once for both', () => {
    expect(conflicts.uniqueKey).toBeGreaterThan(3);
    const notes = ofType(trace, 'rows-conflict');
    expect(notes.every(({ kind }) => kind === 'unique-key')).toBe(true);
    expect(notes.length).toBeGreaterThanOrEqual(conflicts.uniqueKey);
  });

  test('what a leader knows of, it refuses', () => {
    expect(forbidden).toBe(ofType(trace, 'write-forbidden').length);
    expect(report.operations.write.fail).toBe(forbidden);
    expect(forbidden).toBeGreaterThan(10);
  });

  test('in the end every leader shows the same, as the rule has it', () => {
    const all = cluster.leaders.map(shown);
    for (const each of all) expect(each).toEqual(all[0]);
    const { rejected, renamed, duplicates } = constraints!;
    const losers = { reject: rejected, rename: renamed, keep: duplicates };
    expect(losers[rule]).toBeGreaterThan(0);
    expect(rejected + renamed + duplicates).toBe(losers[rule]);
    expect(repeated(all[0]!)).toBe(rule === 'keep' ? duplicates : 0);
  });
});

test('a row that is not shown for its value counts as thrown away; renamed or kept it does not', () => {
  const [reject, rename, keep] = uniqueRules.map((rule) => run(people(rule)).report);
  const count = (report: typeof reject) => verdict(report!, 'discarded-writes').count;
  expect(count(rename)).toBe(count(keep));
  expect(count(reject)).toBe(count(rename) + reject!.multiLeader!.constraints!.rejected);
});

test('where one leader writes, nothing is broken', () => {
  const source = people('keep');
  const { report } = run({
    ...source,
    workload: { ...source.workload, clients: [source.workload.clients[0]!] },
  });
  expect(report.multiLeader!.conflicts.uniqueKey).toBe(0);
  expect(report.multiLeader!.constraints).toMatchObject({ duplicates: 0 });
});

describe.each(parentRules)('a row that is referred to here and deleted there: %s', (rule) => {
  const { report, cluster } = run(shop(rule));
  const { conflicts, constraints } = report.multiLeader!;

  test('is found, and what a leader knows of it refuses', () => {
    expect(conflicts.foreignKey).toBeGreaterThan(3);
    expect(report.multiLeader!.forbidden).toBeGreaterThan(20);
    expect(report.operations.write.fail).toBe(report.multiLeader!.forbidden);
  });

  test('in the end every leader shows the same, and refers to nothing that does not show, unless orphans stay', () => {
    const all = cluster.leaders.map(shown);
    for (const each of all) expect(each).toEqual(all[0]);
    const nowhere = all[0]!
      .slice(parents)
      .filter((order, row) => order !== '' && all[0]![row % parents] === '').length;
    expect(nowhere).toBe(constraints!.orphans);
    const { orphans, droppedChildren, restoredParents } = constraints!;
    const counts = {
      'keep-orphan': orphans,
      'drop-child': droppedChildren,
      'restore-parent': restoredParents,
    };
    expect(counts[rule]).toBeGreaterThan(0);
    expect(orphans + droppedChildren + restoredParents).toBe(counts[rule]);
  });
});

/** Ablation: each leader keeps what it was told first. */
test('who rejects what comes second is left with its own, and leaders differ', () => {
  const clients = ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 100 }));
  const source = leadersIn(
    2,
    { unique: { values: 1 } },
    { durationMs: 15, workload: { clients, arrivals: 'regular', keys: { count: 2, choice: 'in-turn' } } },
  );
  const { cluster, trace } = run(source);
  const [one, other] = cluster.leaders.map(shown);
  expect(one).toEqual(other);
  expect(one!.filter((value) => value !== '')).toHaveLength(1);
  const kept = ofType(trace, 'rows-conflict').map(({ node, there }) => [node, there]);
  expect(kept.sort()).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ]);
});

/** Rules in any mixture, on links that lose and double, over any exchange. */
test('random runs: no two rows shown with one value, nothing shown that refers to nothing', () => {
  let broken = 0;
  fc.assert(
    fc.property(
      fc.record({
        unique: fc.constantFrom(...uniqueRules),
        parent: fc.constantFrom(...parentRules),
        exchange: fc.constantFrom('all-to-all' as const, 'ring' as const),
        detect: fc.constantFrom('row' as const, 'column' as const),
        resolve: fc.constantFrom('last-writer' as const, 'first-writer' as const),
        causal: fc.boolean(),
        loss: fc.constantFrom(0, 0.05),
        values: fc.integer({ min: 2, max: 40 }),
        seed: fc.nat(),
      }),
      ({ unique, parent, loss, values, seed, ...topology }) => {
        const source = shop(parent);
        const [customers, orders] = (source.topology as MultiLeader).tables!;
        const { report, cluster } = run(
          {
            ...source,
            durationMs: 600,
            network: {
              ...source.network,
              between: source.network!.between!.map((link) => ({ ...link, loss, duplication: loss })),
            },
            topology: {
              ...(source.topology as MultiLeader),
              ...topology,
              columns: 2,
              tables: [customers!, { ...orders!, unique: { column: 1, values, resolve: unique } }],
            },
          },
          seed,
        );
        const { conflicts, constraints } = report.multiLeader!;
        broken += conflicts.uniqueKey + conflicts.foreignKey;
        expect(verdict(report, 'divergence').result).toBe('ok');
        const all = cluster.leaders.map(shown);
        for (const each of all) expect(each).toEqual(all[0]);
        const ordered = all[0]!.slice(parents);
        if (unique !== 'keep') expect(repeated(ordered)).toBe(0);
        const [node] = cluster.leaders;
        const nowhere = ordered.filter(
          (order, row) =>
            order !== '' &&
            isOrphan(node!, node!.settings.tables[1]!, parents + row) &&
            all[0]![row % parents] === '',
        );
        if (parent !== 'keep-orphan') expect(nowhere).toEqual([]);
        else expect(nowhere.length).toBeLessThanOrEqual(constraints!.orphans);
      },
    ),
    { numRuns: runsOf({ full: 250, reduced: 30 }) },
  );
  expect(broken).toBeGreaterThan(20);
});
