/**
 * A set of which, where an addition and a removal of one element happen at the same time, the removal wins. An addition
 * that has seen the removal brings the element back. A removal leaves a mark until somebody adds the element again.
 *
 * Source: Baquero, Almeida and Shoker, delta-enabled-crdts, RWORSet, https://github.com/CBaquero/delta-enabled-crdts.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { contextOf, nextDot } from './causal-context.ts';
import {
  type Causal,
  type DotMap,
  type DotValues,
  dotsIn,
  initial,
  joinCausal,
  noEntries,
  removalOfAll,
} from './dot-store.ts';
import { type Atom, compareAtoms, type Join, kept, valueAt } from './sorted.ts';

/** Under each dot whether its event added the element. */
export type RemoveWinsSet = Causal<DotMap<Atom, DotValues<boolean>>>;

export const empty: RemoveWinsSet = initial(noEntries);

export const join: Join<RemoveWinsSet> = joinCausal;

/** Elements that nobody has removed since, in their order. */
export function read({ store }: RemoveWinsSet): Atom[] {
  return store.entries.filter(([, events]) => isIn(events)).map(([element]) => element);
}

export function has({ store }: RemoveWinsSet, element: Atom): boolean {
  const events = valueAt(store.entries, element, compareAtoms);
  return events !== undefined && isIn(events);
}

/** The delta that adds an element at a replica. */
export function add(set: RemoveWinsSet, replica: Id, element: Atom): RemoveWinsSet {
  return mark(set, replica, element, true);
}

/** The delta that removes an element at a replica, whether or not it is there. */
export function remove(set: RemoveWinsSet, replica: Id, element: Atom): RemoveWinsSet {
  return mark(set, replica, element, false);
}

/** Forgets additions and removals alike, as far as they were seen: nothing wins against what comes later. */
export function clear(set: RemoveWinsSet): RemoveWinsSet {
  return removalOfAll(set, noEntries);
}

function mark(set: RemoveWinsSet, replica: Id, element: Atom, adds: boolean): RemoveWinsSet {
  const events = valueAt(set.store.entries, element, compareAtoms);
  const dot = nextDot(set.context, replica);
  return {
    store: { type: 'map', entries: [[kept(element), { type: 'values', values: [[dot, adds]] }]] },
    context: contextOf([...(events === undefined ? [] : dotsIn(events)), dot]),
  };
}

function isIn({ values }: DotValues<boolean>): boolean {
  return values.every(([, adds]) => adds);
}
