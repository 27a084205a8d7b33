/**
 * Two states in one, joined each for itself or in lexicographic order: the greater first part brings its second part along,
 * and only where the first parts are equal the second ones are joined. That is what "last writer wins" is made of.
 *
 * Source: Baquero, Almeida, Cunha and Ferreira, "Composition in state-based replicated data types", Bulletin of the EATCS
 * 123, 2017.
 */

import type { Join, Order } from './sorted.ts';

export type Pair<First, Second> = readonly [first: First, second: Second];

/** Each part for itself. */
export function joinPairwise<First, Second>(
  joinFirst: Join<First>,
  joinSecond: Join<Second>,
): Join<Pair<First, Second>> {
  return (one, other) => [joinFirst(one[0], other[0]), joinSecond(one[1], other[1])];
}

/** By the first part, whose order must be total. */
export function joinLexicographic<First, Second>(
  order: Order<First>,
  joinSecond: Join<Second>,
): Join<Pair<First, Second>> {
  return (one, other) => {
    const before = order(one[0], other[0]);
    if (before !== 0) return before > 0 ? one : other;
    return [one[0], joinSecond(one[1], other[1])];
  };
}
