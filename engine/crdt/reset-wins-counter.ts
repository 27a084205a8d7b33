/**
 * A counter that can be set back, where setting back wins: it takes away all that was counted under the dots it has seen,
 * also what is counted under them at the same time. Whoever wants a count to survive that begins a dot of its own for it
 * first (`fresh`), which nobody can have seen.
 *
 * Source: Baquero et al., delta-enabled-crdts, RWCounter, https://github.com/CBaquero/delta-enabled-crdts.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { contextOf, type Dot, nextDot } from './causal-context.ts';
import { type Causal, type DotCounts, initial, joinCausal, noCounts, removalOfAll } from './dot-store.ts';
import { checkedAmount } from './g-counter.ts';
import type { Join } from './sorted.ts';

export type ResetWinsCounter = Causal<DotCounts>;

export const empty: ResetWinsCounter = initial(noCounts);

export const join: Join<ResetWinsCounter> = joinCausal;

export function read({ store }: ResetWinsCounter): number {
  return store.counts.reduce((sum, [, [up, down]]) => sum + up - down, 0);
}

/** The delta that counts up at a replica; `by` is 0 or more. */
export function increment(counter: ResetWinsCounter, replica: Id, by = 1): ResetWinsCounter {
  const [dot, [up, down]] = current(counter, replica);
  return under(dot, [up + checkedAmount(by), down]);
}

/** The delta that counts down at a replica; `by` is 0 or more. */
export function decrement(counter: ResetWinsCounter, replica: Id, by = 1): ResetWinsCounter {
  const [dot, [up, down]] = current(counter, replica);
  return under(dot, [up, down + checkedAmount(by)]);
}

/** The delta that begins a dot, so that nobody who sets back now takes away what is counted next. */
export function fresh(counter: ResetWinsCounter, replica: Id): ResetWinsCounter {
  return under(nextDot(counter.context, replica), [0, 0]);
}

/** The delta that sets it back to 0. */
export function reset(counter: ResetWinsCounter): ResetWinsCounter {
  return removalOfAll(counter, noCounts);
}

/** The newest of a replica's dots that are left, or else a new one. */
function current({ store, context }: ResetWinsCounter, replica: Id): DotCounts['counts'][number] {
  return store.counts.findLast(([[id]]) => id === replica) ?? ([nextDot(context, replica), [0, 0]] as const);
}

function under(dot: Dot, counted: readonly [up: number, down: number]): ResetWinsCounter {
  return { store: { type: 'counts', counts: [[dot, counted]] }, context: contextOf([dot]) };
}
