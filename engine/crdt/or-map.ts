/**
 * A map whose values are CRDTs, maps among them. All of them know events by the one context of the map, so that removing a
 * key takes away what was seen of its value, and what is changed at the same time stays: an update wins against a removal.
 *
 * ```ts
 * const delta = update(cart, 'milk', causalCounter.empty, (count) => causalCounter.increment(count, 'phone'));
 * ```
 *
 * It holds what is made of dots: sets that add or remove wins, multi-value registers, flags, causal and reset-wins counters, and maps. A key
 * holds one type; Riak makes the type part of the key.
 *
 * Source: Almeida, Shoker and Baquero 2018 (arXiv 1603.01529), section 7.4.
 */

import {
  type Causal,
  type DotMap,
  type DotStore,
  dotsIn,
  initial,
  isEmpty,
  joinCausal,
  noEntries,
  removal,
  removalOfAll,
} from './dot-store.ts';
import { type Atom, compareAtoms, type Join, kept, valueAt } from './sorted.ts';

export type OrMap = Causal<DotMap<Atom, DotStore>>;

export const empty: OrMap = initial(noEntries);

export const join: Join<OrMap> = joinCausal;

/** Keys that hold anything, in their order. */
export function keysOf({ store }: OrMap): Atom[] {
  return store.entries.map(([key]) => key);
}

/** The value of a key, or else an empty one of its type, which knows what the map knows. */
export function get<Store extends DotStore>(map: OrMap, key: Atom, emptyValue: Causal<Store>): Causal<Store> {
  const store = (valueAt(map.store.entries, key, compareAtoms) ?? emptyValue.store) as Store;
  return { store, context: map.context };
}

/** The delta of the map, where `change` gives the delta of a key's value. */
export function update<Store extends DotStore>(
  map: OrMap,
  key: Atom,
  emptyValue: Causal<Store>,
  change: (value: Causal<Store>) => Causal<DotStore>,
): OrMap {
  const { store, context } = change(get(map, key, emptyValue));
  return { store: { type: 'map', entries: isEmpty(store) ? [] : [[kept(key), store]] }, context };
}

/** The delta that removes a key, as far as its value was seen. */
export function remove(map: OrMap, key: Atom): OrMap {
  const store = valueAt(map.store.entries, key, compareAtoms);
  return removal(noEntries, store === undefined ? [] : dotsIn(store));
}

export function clear(map: OrMap): OrMap {
  return removalOfAll(map, noEntries);
}
