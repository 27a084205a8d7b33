/**
 * A counter that never goes below 0, though replicas do not ask each other. Whoever counts up gains the right to count down as
 * much again; rights can be handed over; without the right a replica must refuse, and ask somebody for theirs. So stock is
 * sold on both sides of a cut, and never twice.
 *
 * Source: Balegas et al., "Extending eventually consistent cloud databases for enforcing numeric invariants" (SRDS 2015).
 */

import { counterOf, type Id } from '../topologies/leaderless/version-vectors.ts';
import * as pnCounter from './pn-counter.ts';
import { compareAtoms, mergeTables, type Table, valueAt } from './sorted.ts';

type Way = readonly [from: Id, to: Id];

export interface BoundedCounter {
  readonly counter: pnCounter.PnCounter;
  /** Rights handed over so far, from whom to whom. */
  readonly transfers: Table<Way, number>;
}

export const empty: BoundedCounter = { counter: pnCounter.empty, transfers: [] };

export function join(one: BoundedCounter, other: BoundedCounter): BoundedCounter {
  return {
    counter: pnCounter.join(one.counter, other.counter),
    transfers: mergeTables(one.transfers, other.transfers, compareWays, (mine = 0, theirs = 0) =>
      Math.max(mine, theirs),
    ),
  };
}

export function read({ counter }: BoundedCounter): number {
  return pnCounter.read(counter);
}

/** How much a replica may count down, or hand over, as far as this state knows; only the replica itself knows for sure. */
export function rightsOf({ counter, transfers }: BoundedCounter, replica: Id): number {
  let rights = counterOf(counter.up, replica) - counterOf(counter.down, replica);
  for (const [[from, to], amount] of transfers) {
    if (to === replica) rights += amount;
    if (from === replica) rights -= amount;
  }
  return rights;
}

/** The delta that counts up at a replica; `by` is 0 or more. */
export function increment({ counter }: BoundedCounter, replica: Id, by = 1): BoundedCounter {
  return { ...empty, counter: pnCounter.increment(counter, replica, by) };
}

/** The delta that counts down at a replica; null where it lacks the rights, and must not. */
export function decrement(state: BoundedCounter, replica: Id, by = 1): BoundedCounter | null {
  if (by > rightsOf(state, replica)) return null;
  return { ...empty, counter: pnCounter.decrement(state.counter, replica, by) };
}

/** The delta that hands rights over, from the replica where it is done; null where it lacks them. */
export function transfer(state: BoundedCounter, from: Id, to: Id, amount: number): BoundedCounter | null {
  if (!(amount >= 0)) throw new RangeError(`rights handed over are ${amount}, expected 0 or more`);
  if (amount > rightsOf(state, from)) return null;
  const before = valueAt(state.transfers, [from, to], compareWays) ?? 0;
  return { ...empty, transfers: [[[from, to], before + amount]] };
}

function compareWays(one: Way, other: Way): number {
  return compareAtoms(one[0], other[0]) || compareAtoms(one[1], other[1]);
}
