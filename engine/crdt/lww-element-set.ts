/**
 * A set in which, of each element, the newest timestamp says whether it is there; of an addition and a removal with the
 * same timestamp the removal wins.
 *
 * Source: Shapiro et al. 2011, 3.3.3; the bias is that of RWLWWSet in delta-enabled-crdts.
 */

import { checkedTimestamp } from './lww-register.ts';
import { joinLexicographic } from './pair.ts';
import { type Atom, compareAtoms, kept, mergeTables, type Table, valueAt } from './sorted.ts';

type Said = readonly [timestamp: number, removed: boolean];

export type LwwElementSet = Table<Atom, Said>;

export const empty: LwwElementSet = [];

export function join(one: LwwElementSet, other: LwwElementSet): LwwElementSet {
  return mergeTables(one, other, compareAtoms, (mine, theirs) =>
    mine === undefined || theirs === undefined ? (mine ?? theirs) : joinSaid(mine, theirs),
  );
}

/** In their order. */
export function read(set: LwwElementSet): Atom[] {
  return set.filter(([, [, removed]]) => !removed).map(([element]) => element);
}

export function has(set: LwwElementSet, element: Atom): boolean {
  return valueAt(set, element, compareAtoms)?.[1] === false;
}

/** The delta that adds an element. */
export function add(timestamp: number, element: Atom): LwwElementSet {
  return [[kept(element), [checkedTimestamp(timestamp), false]]];
}

/** The delta that removes an element. */
export function remove(timestamp: number, element: Atom): LwwElementSet {
  return [[kept(element), [checkedTimestamp(timestamp), true]]];
}

const joinSaid = joinLexicographic<number, boolean>(
  (one, other) => one - other,
  (one, other) => one || other,
);
