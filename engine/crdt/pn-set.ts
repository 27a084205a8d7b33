/**
 * A set that counts: each addition counts an element up, each removal down, and what stands above 0 is in. Its anomaly: an
 * element removed more often than added is below 0, and the next addition has no effect that anybody can see.
 *
 * Source: Shapiro et al. 2011, 3.3.4.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import * as pnCounter from './pn-counter.ts';
import { type Atom, compareAtoms, kept, mergeTables, type Table, valueAt } from './sorted.ts';

export type PnSet = Table<Atom, pnCounter.PnCounter>;

export const empty: PnSet = [];

export function join(one: PnSet, other: PnSet): PnSet {
  return mergeTables(one, other, compareAtoms, (mine = pnCounter.empty, theirs = pnCounter.empty) =>
    pnCounter.join(mine, theirs),
  );
}

/** In their order. */
export function read(set: PnSet): Atom[] {
  return set.filter(([, counter]) => pnCounter.read(counter) > 0).map(([element]) => element);
}

/** How often an element was added more than removed; below 0 the other way round. */
export function countOf(set: PnSet, element: Atom): number {
  return pnCounter.read(counterOf(set, element));
}

/** The delta that adds an element at a replica. */
export function add(set: PnSet, replica: Id, element: Atom): PnSet {
  return [[kept(element), pnCounter.increment(counterOf(set, element), replica)]];
}

/** The delta that removes an element at a replica. */
export function remove(set: PnSet, replica: Id, element: Atom): PnSet {
  return [[kept(element), pnCounter.decrement(counterOf(set, element), replica)]];
}

function counterOf(set: PnSet, element: Atom): pnCounter.PnCounter {
  return valueAt(set, element, compareAtoms) ?? pnCounter.empty;
}
