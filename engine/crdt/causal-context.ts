/**
 * Which events a replica knows of, each named by a dot: the replica where it happened, and its number there. Where no
 * event is missing between them a version vector says it in one number for each replica; the others wait in a cloud until
 * the gap before them closes.
 *
 * Source: Almeida, Shoker and Baquero, "Delta state replicated data types", J. Parallel Distrib. Comput. 111, 2018
 * (arXiv 1603.01529), section 7.
 */

import { counterOf, type Id, join, type VersionVector } from '../topologies/leaderless/version-vectors.ts';
import { compareAtoms, union } from './sorted.ts';

/** One event: the counter-th of a replica, counted from 1. */
export type Dot = readonly [id: Id, counter: number];

/** The same events are the same data. Ids of one system are all names or all indexes. */
export interface CausalContext {
  readonly vector: VersionVector;
  /** In the order of dots; none that the vector covers, and none that it could. */
  readonly cloud: readonly Dot[];
}

export const nothingKnown: CausalContext = { vector: [], cloud: [] };

export function compareDots(one: Dot, other: Dot): number {
  return compareAtoms(one[0], other[0]) || one[1] - other[1];
}

export function knows({ vector, cloud }: CausalContext, dot: Dot): boolean {
  return dot[1] <= counterOf(vector, dot[0]) || cloud.some((each) => compareDots(each, dot) === 0);
}

/** The name of a replica's next event. It has seen all its own, unless it lost its memory: then it goes on after the last it heard of. */
export function nextDot({ vector, cloud }: CausalContext, id: Id): Dot {
  const own = cloud.filter((dot) => dot[0] === id).map(([, counter]) => counter);
  return [id, Math.max(counterOf(vector, id), ...own) + 1];
}

/** Just these events. */
export function contextOf(dots: readonly Dot[]): CausalContext {
  return compact([], [...dots].sort(compareDots));
}

/** What both know together. */
export function joinContexts(one: CausalContext, other: CausalContext): CausalContext {
  return compact(join(one.vector, other.vector), union(one.cloud, other.cloud, compareDots));
}

/** Moves into the vector what continues it. The cloud is sorted, so that once through is enough. */
function compact(vector: VersionVector, cloud: readonly Dot[]): CausalContext {
  const counters = new Map(vector);
  const apart = cloud.filter(([id, counter]) => {
    const known = counters.get(id) ?? 0;
    if (counter === known + 1) counters.set(id, counter);
    return counter > known + 1;
  });
  return { vector: join([], [...counters]), cloud: apart };
}
