/**
 * A set from which elements can be removed, once and for all: what was removed never returns, and its tombstone stays.
 *
 * Source: Shapiro et al. 2011, 3.3.2; as in delta-enabled-crdts, an element that was removed is kept among the tombstones
 * only, and one may be removed that was never added.
 */

import * as gSet from './g-set.ts';
import { type Atom, compareAtoms, kept, without } from './sorted.ts';

export interface TwoPhaseSet {
  readonly elements: gSet.GSet;
  /** None of them an element any more. */
  readonly tombstones: gSet.GSet;
}

export const empty: TwoPhaseSet = { elements: gSet.empty, tombstones: gSet.empty };

export function join(one: TwoPhaseSet, other: TwoPhaseSet): TwoPhaseSet {
  const tombstones = gSet.join(one.tombstones, other.tombstones);
  return {
    elements: without(gSet.join(one.elements, other.elements), tombstones, compareAtoms),
    tombstones,
  };
}

/** In their order. */
export function read({ elements }: TwoPhaseSet): readonly Atom[] {
  return elements;
}

export function has({ elements }: TwoPhaseSet, element: Atom): boolean {
  return gSet.has(elements, element);
}

/** The delta that adds an element; it changes nothing where the element was removed. */
export function add({ tombstones }: TwoPhaseSet, element: Atom): TwoPhaseSet {
  return gSet.has(tombstones, element) ? empty : { ...empty, elements: [kept(element)] };
}

/** The delta that removes an element. */
export function remove(element: Atom): TwoPhaseSet {
  return { ...empty, tombstones: [kept(element)] };
}
