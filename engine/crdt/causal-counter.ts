/**
 * A counter that can be set back, and so live in a map whose keys are removed. Each replica keeps its own sum under one dot.
 * To set it back takes away the sums that were seen; a replica that counts at the same time brings its whole sum back with
 * it, not only what it has added since. Where that is wrong, `reset-wins-counter.ts` is right.
 *
 * Source: Baquero et al., delta-enabled-crdts, CausalCounter, https://github.com/CBaquero/delta-enabled-crdts.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { contextOf, nextDot } from './causal-context.ts';
import { type Causal, type DotValues, initial, joinCausal, noValues, removalOfAll } from './dot-store.ts';
import type { Join } from './sorted.ts';

export type CausalCounter = Causal<DotValues<number>>;

export const empty: CausalCounter = initial(noValues);

export const join: Join<CausalCounter> = joinCausal;

export function read({ store }: CausalCounter): number {
  return store.values.reduce((sum, [, each]) => sum + each, 0);
}

/** The delta that adds at a replica; a number below 0 takes away. */
export function increment(counter: CausalCounter, replica: Id, by = 1): CausalCounter {
  const own = counter.store.values.filter(([[id]]) => id === replica);
  const dot = nextDot(counter.context, replica);
  return {
    store: { type: 'values', values: [[dot, own.reduce((sum, [, each]) => sum + each, by)]] },
    context: contextOf([...own.map(([each]) => each), dot]),
  };
}

/** The delta that sets it back to 0, as far as it was seen. */
export function reset(counter: CausalCounter): CausalCounter {
  return removalOfAll(counter, noValues);
}
