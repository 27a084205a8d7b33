/**
 * A counter that only grows. Each replica counts for itself, and of what two states know of a replica the greater is the
 * newer. One number for all, joined by its maximum, would not do: two replicas that count one each would agree on 1.
 *
 * Source: Shapiro et al. 2011, 3.1.1.
 */

import { counterOf, type Id, type VersionVector } from '../topologies/leaderless/version-vectors.ts';

/** What each replica has counted, in the order of the ids: a version vector, if it counts by ones. */
export type GCounter = VersionVector;

export const empty: GCounter = [];

export { join } from '../topologies/leaderless/version-vectors.ts';

export function read(counter: GCounter): number {
  return counter.reduce((sum, [, counted]) => sum + counted, 0);
}

/** The delta that counts at a replica; `by` is 0 or more. Throws RangeError below: the replica's older states would win. */
export function increment(counter: GCounter, replica: Id, by = 1): GCounter {
  return [[replica, counterOf(counter, replica) + checkedAmount(by)]];
}

/** What may be counted: a finite number, 0 or more. */
export function checkedAmount(by: number): number {
  if (by >= 0 && by < Number.POSITIVE_INFINITY) return by;
  throw new RangeError(`what only grows was to count ${by}, expected 0 or more`);
}
