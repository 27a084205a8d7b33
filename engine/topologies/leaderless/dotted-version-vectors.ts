/**
 * Dotted version vector sets: the values of a key with the very event that wrote each, in the room of one version vector.
 *
 * An entry (replica, counter, values) knows the replica's events 1 to counter; its values are those of the newest events,
 * the last one first. So a write can drop just what its writer had read, and siblings are those that nobody had.
 *
 * ```ts
 * const mary = write(empty, 'v1', [], 'a'); // {a, 1, [v1]}
 * const again = write(mary, 'v2', [], 'a'); // {a, 2, [v2, v1]}: she had not read v1
 * write(again, 'v3', contextOf(mary), 'a'); // {a, 3, [v3, v2]}: its writer had
 * ```
 *
 * Sources: Almeida, Gonçalves, Baquero and Fonte, "Scalable and accurate causality tracking for eventually consistent
 * stores" (2014); https://github.com/ricardobcl/Dotted-Version-Vectors.
 */

import { plainKey } from '../../kernel/plain.ts';
import {
  type Causality,
  compare,
  counterOf,
  descends,
  type Id,
  type VersionVector,
} from './version-vectors.ts';

export interface DottedEntry<Value> {
  readonly id: Id;
  /** Events known of this replica, from 1 to this. */
  readonly counter: number;
  /** The value of the event `counter` first, of the one before it second, and so on; older ones are overwritten. */
  readonly values: readonly Value[];
}

/** Plain data. Two sets that were made from the same events are equal, in whatever order these came. */
export interface DottedSet<Value> {
  /** In the order of the ids. */
  readonly entries: readonly DottedEntry<Value>[];
  /** Values that no event wrote, such as the result of a reconciliation; only what knows all of the set replaces them. */
  readonly anonymous: readonly Value[];
}

/** A key that was never written. */
export const empty: DottedSet<never> = { entries: [], anonymous: [] };

/** What a reader has seen: the context that it gives back with its next write. */
export function contextOf({ entries }: DottedSet<unknown>): VersionVector {
  return entries.map(({ id, counter }) => [id, counter]);
}

/** Siblings, without any order of time. */
export function valuesOf<Value>({ entries, anonymous }: DottedSet<Value>): Value[] {
  return [...anonymous, ...entries.flatMap(({ values }) => values)];
}

/** How much one set knows beside another, whatever their values. */
export function compareSets(one: DottedSet<unknown>, other: DottedSet<unknown>): Causality {
  return compare(contextOf(one), contextOf(other));
}

/** What both know together, without the values that either knows to be overwritten. */
export function sync<Value>(one: DottedSet<Value>, other: DottedSet<Value>): DottedSet<Value> {
  const causality = compareSets(one, other);
  const anonymous =
    causality === 'before'
      ? other.anonymous
      : causality === 'after'
        ? one.anonymous
        : union(one.anonymous, other.anonymous);
  const entries = one.entries.map((entry) => {
    const same = other.entries.find(({ id }) => id === entry.id);
    return same === undefined ? entry : syncEntries(entry, same);
  });
  for (const entry of other.entries) if (!one.entries.some(({ id }) => id === entry.id)) entries.push(entry);
  return { entries: inOrder(entries), anonymous };
}

/**
 * Without the values that a reader of `context` has seen; what is known stays known. Who has seen everything has seen the
 * anonymous values too.
 */
export function discard<Value>(set: DottedSet<Value>, context: VersionVector): DottedSet<Value> {
  return {
    entries: set.entries.map(({ id, counter, values }) => ({
      id,
      counter,
      values: values.slice(0, Math.max(counter - counterOf(context, id), 0)),
    })),
    anonymous: descends(context, contextOf(set)) ? [] : set.anonymous,
  };
}

/** A server stores a value whose writer had read up to `context`: the next event of that server. */
export function write<Value>(
  stored: DottedSet<Value>,
  value: Value,
  context: VersionVector,
  server: Id,
): DottedSet<Value> {
  const { entries, anonymous } = sync(reconciled<Value>(context, []), discard(stored, context));
  const entry = entries.find(({ id }) => id === server) ?? { id: server, counter: 0, values: [] };
  const written = { id: server, counter: entry.counter + 1, values: [value, ...entry.values] };
  return { entries: inOrder([...entries.filter(({ id }) => id !== server), written]), anonymous };
}

/** Values that stand for everything a context knows, such as a merge of siblings; it counts no event. */
export function reconciled<Value>(context: VersionVector, values: readonly Value[]): DottedSet<Value> {
  return { entries: context.map(([id, counter]) => ({ id, counter, values: [] })), anonymous: values };
}

/**
 * The set with its last value alone, at the event that wrote it. Of each replica's values only the newest is looked at: last
 * write wins, by the order given.
 */
export function keepLast<Value>(
  set: DottedSet<Value>,
  isAtMost: (one: Value, other: Value) => boolean,
): DottedSet<Value> {
  const heads = set.entries
    .filter(({ values }) => values.length > 0)
    .map(({ id, values }) => ({ id, value: values[0]! }));
  const candidates: { id: Id | null; value: Value }[] = [
    ...heads,
    ...set.anonymous.map((value) => ({ id: null, value })),
  ];
  if (candidates.length === 0) return set;
  const last = candidates.reduce((best, each) => (isAtMost(best.value, each.value) ? each : best));
  if (last.id === null) return reconciled(contextOf(set), [last.value]);
  return {
    entries: set.entries.map(({ id, counter }) => ({
      id,
      counter,
      values: id === last.id ? [last.value] : [],
    })),
    anonymous: [],
  };
}

/** The one that knows more gives the values, without those that the other knows and has no more. */
function syncEntries<Value>(one: DottedEntry<Value>, other: DottedEntry<Value>): DottedEntry<Value> {
  const [longer, shorter] = one.counter >= other.counter ? [one, other] : [other, one];
  const overwritten = shorter.counter - shorter.values.length;
  return { ...longer, values: longer.values.slice(0, Math.max(longer.counter - overwritten, 0)) };
}

function inOrder<Value>(entries: readonly DottedEntry<Value>[]): DottedEntry<Value>[] {
  return [...entries].sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** Each value once, in an order that does not depend on whose they were. */
function union<Value>(one: readonly Value[], other: readonly Value[]): Value[] {
  const byKey = new Map([...one, ...other].map((value) => [plainKey(value), value]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
