/**
 * What the types that forget share: data whose every part is marked with the dot of the event that made it, beside a
 * context of all events known. A dot that is known and marks nothing any more was removed, so that no tombstone is needed:
 * of two states, what only one holds was either removed by the other, which then knows its dot, or is news to it.
 *
 * A change is answered by its delta: a small state which joined to the old one gives the new one.
 *
 * ```ts
 * const delta = add(set, 'x', 'milk');
 * const changed = join(set, delta); // here, and at whoever receives the delta or this whole state
 * ```
 *
 * Source: Almeida, Shoker and Baquero 2018 (arXiv 1603.01529), section 7, "causal CRDTs".
 */

import {
  type CausalContext,
  compareDots,
  contextOf,
  type Dot,
  joinContexts,
  knows,
  nothingKnown,
} from './causal-context.ts';
import { type Atom, compareAtoms, holds, mergeTables, type Table, union } from './sorted.ts';

/** Dots alone: something is the case as long as one is left. */
export interface DotSet {
  readonly type: 'dots';
  readonly dots: readonly Dot[];
}

/** A value for each dot. */
export interface DotValues<Value> {
  readonly type: 'values';
  readonly values: Table<Dot, Value>;
}

/** For each dot what was counted up and down under it, by the one replica whose dot it is. */
export interface DotCounts {
  readonly type: 'counts';
  readonly counts: Table<Dot, readonly [up: number, down: number]>;
}

/** A store for each key, none of them empty. */
export interface DotMap<Key extends Atom, Store> {
  readonly type: 'map';
  readonly entries: Table<Key, Store>;
}

export type DotStore = DotSet | DotValues<unknown> | DotCounts | DotMap<Atom, DotStore>;

/** A store, and which events it knows. */
export interface Causal<Store> {
  readonly store: Store;
  readonly context: CausalContext;
}

export const noDots: DotSet = { type: 'dots', dots: [] };
export const noValues: DotValues<never> = { type: 'values', values: [] };
export const noCounts: DotCounts = { type: 'counts', counts: [] };
export const noEntries: DotMap<never, never> = { type: 'map', entries: [] };

/** What both know and neither knows to be removed. Throws TypeError where one key holds different types. */
export function joinCausal<Store extends DotStore>(one: Causal<Store>, other: Causal<Store>): Causal<Store> {
  return {
    store: joinStores(one.store, other.store, one.context, other.context) as Store,
    context: joinContexts(one.context, other.context),
  };
}

/** The delta that removes these dots, and whatever they mark. */
export function removal<Store>(empty: Store, dots: readonly Dot[]): Causal<Store> {
  return { store: empty, context: contextOf(dots) };
}

/** The delta that removes all that a state holds. What others add meanwhile stays. */
export function removalOfAll<Store extends DotStore>(state: Causal<Store>, empty: Store): Causal<Store> {
  return removal(empty, dotsIn(state.store));
}

export function initial<Store>(empty: Store): Causal<Store> {
  return { store: empty, context: nothingKnown };
}

/** Every dot that marks something. */
export function dotsIn(store: DotStore): Dot[] {
  switch (store.type) {
    case 'dots':
      return [...store.dots];
    case 'values':
      return store.values.map(([dot]) => dot);
    case 'counts':
      return store.counts.map(([dot]) => dot);
    case 'map':
      return store.entries.flatMap(([, inner]) => dotsIn(inner));
  }
}

function joinStores(
  one: DotStore,
  other: DotStore,
  knownToOne: CausalContext,
  knownToOther: CausalContext,
): DotStore {
  /** What both have is joined; what one has is kept unless the other knows its dot, and so has removed it. */
  const joinByDot = <Value>(
    mine: Table<Dot, Value>,
    theirs: Table<Dot, Value>,
    joinValues: (mine: Value, theirs: Value) => Value,
  ) =>
    mergeTables(mine, theirs, compareDots, (here, there, dot) => {
      if (here !== undefined && there !== undefined) return joinValues(here, there);
      return knows(here === undefined ? knownToOne : knownToOther, dot) ? undefined : (here ?? there);
    });
  if (one.type === 'dots' && other.type === 'dots') {
    const kept = (dots: readonly Dot[], others: readonly Dot[], known: CausalContext) =>
      dots.filter((dot) => holds(others, dot, compareDots) || !knows(known, dot));
    return {
      type: 'dots',
      dots: union(
        kept(one.dots, other.dots, knownToOther),
        kept(other.dots, one.dots, knownToOne),
        compareDots,
      ),
    };
  }
  if (one.type === 'values' && other.type === 'values')
    return { type: 'values', values: joinByDot(one.values, other.values, (mine) => mine) };
  if (one.type === 'counts' && other.type === 'counts')
    return {
      type: 'counts',
      counts: joinByDot(one.counts, other.counts, (mine, theirs) => [
        Math.max(mine[0], theirs[0]),
        Math.max(mine[1], theirs[1]),
      ]),
    };
  if (one.type === 'map' && other.type === 'map') {
    const entries = mergeTables(one.entries, other.entries, compareAtoms, (mine, theirs) => {
      const joined = joinStores(
        mine ?? emptyLike(theirs!),
        theirs ?? emptyLike(mine!),
        knownToOne,
        knownToOther,
      );
      return isEmpty(joined) ? undefined : joined;
    });
    return { type: 'map', entries };
  }
  throw new TypeError(`joined ${one.type} with ${other.type}: what is under one key must be of one type`);
}

function emptyLike({ type }: DotStore): DotStore {
  return { dots: noDots, values: noValues, counts: noCounts, map: noEntries }[type];
}

export function isEmpty(store: DotStore): boolean {
  switch (store.type) {
    case 'dots':
      return store.dots.length === 0;
    case 'values':
      return store.values.length === 0;
    case 'counts':
      return store.counts.length === 0;
    case 'map':
      return store.entries.length === 0;
  }
}
