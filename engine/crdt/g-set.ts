/**
 * A set that only grows.
 *
 * Source: Shapiro et al. 2011, 3.3.1.
 */

import { type Atom, compareAtoms, holds, kept, union } from './sorted.ts';

/** Each element once, in their order. */
export type GSet = readonly Atom[];

export const empty: GSet = [];

export function join(one: GSet, other: GSet): GSet {
  return union(one, other, compareAtoms);
}

/** In their order. */
export function read(set: GSet): readonly Atom[] {
  return set;
}

export function has(set: GSet, element: Atom): boolean {
  return holds(set, element, compareAtoms);
}

/** The delta that adds an element. */
export function add(element: Atom): GSet {
  return [kept(element)];
}
