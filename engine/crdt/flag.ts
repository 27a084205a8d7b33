/**
 * A flag with two sides. One of them is an event and wins against the other, which only takes back the events it has
 * seen: `raise` and `lower` are enable and disable where enabling wins, and the other way round where disabling wins.
 *
 * Source: Almeida, Shoker and Baquero 2018 (arXiv 1603.01529), section 7.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { contextOf, nextDot } from './causal-context.ts';
import { type Causal, type DotSet, initial, joinCausal, noDots, removalOfAll } from './dot-store.ts';
import type { Join } from './sorted.ts';

/** Raised as long as an event is left. */
export type Flag = Causal<DotSet>;

/** Lowered: an enable-wins flag begins disabled, a disable-wins flag enabled. */
export const empty: Flag = initial(noDots);

export const join: Join<Flag> = joinCausal;

export function read({ store }: Flag): boolean {
  return store.dots.length > 0;
}

/** The delta that raises the flag at a replica. */
export function raise(flag: Flag, replica: Id): Flag {
  const dot = nextDot(flag.context, replica);
  return { store: { type: 'dots', dots: [dot] }, context: contextOf([...flag.store.dots, dot]) };
}

/** The delta that lowers it, as far as it was seen raised. */
export function lower(flag: Flag): Flag {
  return removalOfAll(flag, noDots);
}
