/**
 * What replicas hold of a key where versions are not simply newer or older: values side by side, siblings, and a clock that
 * says which writes are known. A set of siblings never changes, and equal ones have one number; so have clocks, which a
 * reader is given as its context. So cells and messages hold integers, and node states stay plain.
 *
 * ```ts
 * const sets = siblingSets('dotted');
 * const one = sets.write(NOTHING, 17, NOTHING, 0); // write 17, coordinated by node 0 for somebody who had read nothing
 * const two = sets.write(one, 18, NOTHING, 0); // so had the writer of 18: siblings
 * sets.valuesOf(sets.write(two, 19, sets.contextOf(two), 0)); // [19]
 * ```
 *
 * Which set a write leaves, and what two replicas make of theirs, is `version-vectors.ts`'s and `dotted-version-vectors.ts`'s.
 */

import * as dotted from './dotted-version-vectors.ts';
import { descends, join, storeSibling, syncSiblings, type VersionVector } from './version-vectors.ts';

/** How versions stand to each other: by stamps, of which the last wins; or by clocks, with siblings. */
export const versionRules = ['lww', 'version-vectors', 'dotted'] as const;
export type VersionRule = (typeof versionRules)[number];

/** The number of what was never written, and of what who has read nothing knows. */
export const NOTHING = 0;

export interface SiblingSets {
  /** What a replica holds that coordinates a write: `context` is the clock of what the writer had read; servers count from 0. */
  write(set: number, value: number, context: number, server: number): number;
  /** What two replicas hold that have told each other. */
  merge(one: number, other: number): number;
  /** The set's clock: what it gives to whoever reads it. */
  contextOf(set: number): number;
  /** Numbers of writes, in no order of time. */
  valuesOf(set: number): readonly number[];
  vectorOf(context: number): VersionVector;
  /** The clock of who knows both. */
  join(one: number, other: number): number;
  /** Whether one clock knows all that another does. */
  knows(context: number, other: number): boolean;
}

interface Rule<Sibling> {
  readonly empty: Sibling;
  write(stored: Sibling, value: number, context: VersionVector, server: number): Sibling;
  sync(one: Sibling, other: Sibling): Sibling;
  vectorOf(set: Sibling): VersionVector;
  valuesOf(set: Sibling): readonly number[];
  /** Equal for equal sets. */
  keyOf(set: Sibling): string;
}

/** Sets by one of the rules. Numbers are given in the order in which sets are made. */
export function siblingSets(rule: Exclude<VersionRule, 'lww'>): SiblingSets {
  return rule === 'dotted' ? numbered(dottedSets) : numbered(plainSets);
}

const plainSets: Rule<ReturnType<typeof storeSibling<number>>> = {
  empty: { vector: [], values: [] },
  write: (stored, value, context, server) => inOrder(storeSibling(stored, value, context, server)),
  sync: (one, other) => inOrder(syncSiblings(one, other)),
  vectorOf: ({ vector }) => vector,
  valuesOf: ({ values }) => values,
  keyOf: ({ vector, values }) => `${textOf(vector)}|${values.join()}`,
};

/** One vector says nothing of its values' order: any will do, so long as all replicas have the same. */
function inOrder<Sibling extends { readonly values: readonly number[] }>(set: Sibling): Sibling {
  return { ...set, values: [...set.values].sort((a, b) => a - b) };
}

const dottedSets: Rule<dotted.DottedSet<number>> = {
  empty: dotted.empty,
  write: dotted.write,
  sync: dotted.sync,
  vectorOf: dotted.contextOf,
  valuesOf: dotted.valuesOf,
  keyOf: ({ entries }) =>
    entries.map(({ id, counter, values }) => `${id}:${counter}:${values.join(' ')}`).join(),
};

function textOf(vector: VersionVector): string {
  return vector.map(([id, counter]) => `${id}:${counter}`).join();
}

function numbered<Sibling>(rule: Rule<Sibling>): SiblingSets {
  const vectors: VersionVector[] = [[]];
  const vectorNumbers = new Map<string, number>([['', NOTHING]]);
  const sets = [{ set: rule.empty, context: NOTHING, values: rule.valuesOf(rule.empty) }];
  const setNumbers = new Map<string, number>();

  function numberOfVector(vector: VersionVector): number {
    const text = textOf(vector);
    let number = vectorNumbers.get(text);
    if (number === undefined) {
      number = vectors.push(vector) - 1;
      vectorNumbers.set(text, number);
    }
    return number;
  }

  function numberOfSet(set: Sibling): number {
    const key = rule.keyOf(set);
    let number = setNumbers.get(key);
    if (number === undefined) {
      const context = numberOfVector(rule.vectorOf(set));
      number = sets.push({ set, context, values: rule.valuesOf(set) }) - 1;
      setNumbers.set(key, number);
    }
    return number;
  }

  return {
    write: (set, value, context, server) =>
      numberOfSet(rule.write(sets[set]!.set, value, vectors[context]!, server)),
    merge(one, other) {
      if (one === other || other === NOTHING) return one;
      return one === NOTHING ? other : numberOfSet(rule.sync(sets[one]!.set, sets[other]!.set));
    },
    contextOf: (set) => sets[set]!.context,
    valuesOf: (set) => sets[set]!.values,
    vectorOf: (context) => vectors[context]!,
    join(one, other) {
      if (one === other || other === NOTHING) return one;
      return one === NOTHING ? other : numberOfVector(join(vectors[one]!, vectors[other]!));
    },
    knows: (context, other) =>
      context === other || other === NOTHING || descends(vectors[context]!, vectors[other]!),
  };
}
