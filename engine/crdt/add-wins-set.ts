/**
 * A set from which elements can be removed and added again. A removal takes what its replica has seen added; an addition
 * that it has not seen stays: of an addition and a removal at the same time the addition wins. Known as OR-Set, AWORSet.
 *
 * Sources: Shapiro, Preguiça, Baquero and Zawirski, "A comprehensive study of convergent and commutative replicated data
 * types" (INRIA RR-7506, 2011), 3.3.5; without tombstones Bieniusa et al., "An optimized conflict-free replicated set" (2012).
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { contextOf, nextDot } from './causal-context.ts';
import {
  type Causal,
  type DotMap,
  type DotSet,
  initial,
  joinCausal,
  noEntries,
  removal,
  removalOfAll,
} from './dot-store.ts';
import { type Atom, compareAtoms, type Join, kept, valueAt } from './sorted.ts';

export type AddWinsSet = Causal<DotMap<Atom, DotSet>>;

export const empty: AddWinsSet = initial(noEntries);

export const join: Join<AddWinsSet> = joinCausal;

/** In their order. */
export function read({ store }: AddWinsSet): Atom[] {
  return store.entries.map(([element]) => element);
}

export function has({ store }: AddWinsSet, element: Atom): boolean {
  return valueAt(store.entries, element, compareAtoms) !== undefined;
}

/** The delta that adds an element at a replica. One dot stands for all that were seen. */
export function add(set: AddWinsSet, replica: Id, element: Atom): AddWinsSet {
  const dot = nextDot(set.context, replica);
  return {
    store: { type: 'map', entries: [[kept(element), { type: 'dots', dots: [dot] }]] },
    context: contextOf([...dotsOf(set, element), dot]),
  };
}

/** The delta that removes an element, as far as it was seen. */
export function remove(set: AddWinsSet, element: Atom): AddWinsSet {
  return removal(noEntries, dotsOf(set, element));
}

export function clear(set: AddWinsSet): AddWinsSet {
  return removalOfAll(set, noEntries);
}

function dotsOf({ store }: AddWinsSet, element: Atom): DotSet['dots'] {
  return valueAt(store.entries, element, compareAtoms)?.dots ?? [];
}
