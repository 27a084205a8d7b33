/** From decision trees to tables: configurations that behave alike made one, and every test and row written once. */

import { valueKey } from './chart.ts';
import type { Outcome, Tree, Trees } from './configurations.ts';
import { Numbering } from './numbering.ts';
import type { Value } from './tables.ts';

export interface Classes {
  /** By explored configuration, the class it belongs to. */
  readonly classOf: readonly number[];
  /** By class, its first configuration. */
  readonly representatives: readonly number[];
}

/**
 * Configurations of one value that no sequence of events tells apart, as one. Moore's algorithm: begin with the values,
 * and split a class while two of its members step differently. Classes are numbered by their first member.
 */
export function mergeAlike({ steps, snapshots }: Trees): Classes {
  let classOf = numbered(snapshots.map(({ value, status }) => `${status} ${valueKey(value as Value)}`));
  for (;;) {
    const memberCounts = new Map<number, number>();
    for (const index of classOf) memberCounts.set(index, (memberCounts.get(index) ?? 0) + 1);
    const refined = numbered(
      classOf.map((index, configuration) =>
        memberCounts.get(index) === 1
          ? `${index}`
          : `${index} ${steps[configuration]!.map((tree) => signature(tree, classOf)).join('; ')}`,
      ),
    );
    const isStable = Math.max(...refined) === Math.max(...classOf);
    classOf = refined;
    if (isStable) break;
  }
  const representatives: number[] = [];
  for (const [configuration, index] of classOf.entries()) representatives[index] ??= configuration;
  return { classOf, representatives };
}

function numbered(keys: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  return keys.map((key) => {
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
}

function signature(tree: Tree, classOf: readonly number[]): string {
  if (tree.type === 'outcome') return `${tree.outcome.operations.join()}>${classOf[tree.outcome.next]}`;
  const { question, whenTrue, whenFalse } = tree;
  return `(${question.guard},${question.event}?${signature(whenTrue, classOf)}:${signature(whenFalse, classOf)})`;
}

/** Trees to tests and rows, each written once however many trees have it. */
export function flatten({ start, steps }: Trees, { classOf, representatives }: Classes) {
  const tests = new Numbering<readonly number[]>();
  const rows = new Numbering<Outcome>();

  function place(tree: Tree): number {
    if (tree.type === 'outcome') {
      return ~rows.of({ operations: tree.outcome.operations, next: classOf[tree.outcome.next]! });
    }
    const whenTrue = place(tree.whenTrue);
    const whenFalse = place(tree.whenFalse);
    // A guard that decides nothing need not be asked.
    if (whenTrue === whenFalse) return whenTrue;
    return tests.of([tree.question.guard, tree.question.event, whenTrue, whenFalse]);
  }

  const startReference = place(start);
  const roots = representatives.flatMap((configuration) => steps[configuration]!.map(place));
  const rowStart = [0];
  for (const { operations } of rows.values) rowStart.push(rowStart.at(-1)! + operations.length);
  return {
    start: startReference,
    roots,
    tests: tests.values.flat(),
    rowNext: rows.values.map(({ next }) => next),
    rowStart,
    operations: rows.values.flatMap(({ operations }) => operations.flat()),
  };
}
