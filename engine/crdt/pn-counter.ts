/**
 * A counter that goes up and down: two that only grow, one for each way. It has no floor: two replicas that each see 1
 * and take it away end at −1. `bounded-counter.ts` has one.
 *
 * Source: Shapiro et al. 2011, 3.1.3.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import * as gCounter from './g-counter.ts';

export interface PnCounter {
  readonly up: gCounter.GCounter;
  readonly down: gCounter.GCounter;
}

export const empty: PnCounter = { up: gCounter.empty, down: gCounter.empty };

export function join(one: PnCounter, other: PnCounter): PnCounter {
  return { up: gCounter.join(one.up, other.up), down: gCounter.join(one.down, other.down) };
}

export function read({ up, down }: PnCounter): number {
  return gCounter.read(up) - gCounter.read(down);
}

/** The delta that counts up at a replica; `by` is 0 or more. */
export function increment({ up }: PnCounter, replica: Id, by = 1): PnCounter {
  return { ...empty, up: gCounter.increment(up, replica, by) };
}

/** The delta that counts down at a replica; `by` is 0 or more. */
export function decrement({ down }: PnCounter, replica: Id, by = 1): PnCounter {
  return { ...empty, down: gCounter.increment(down, replica, by) };
}
