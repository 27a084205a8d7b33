/**
 * Version vectors: how many events of each replica a version knows, so that of two versions one is older, or neither.
 *
 * ```ts
 * const first = increment([], 'a'); // [['a', 1]]
 * compare(first, increment(first, 'b')); // 'before'
 * compare(increment(first, 'a'), increment(first, 'b')); // 'concurrent'
 * ```
 *
 * `Siblings` below is what a server makes of them that keeps one vector for all values of a key. It cannot say which event
 * wrote which value, and so keeps values that were overwritten: dotted-version-vectors.ts can.
 *
 * Source: Parker et al., "Detection of mutual inconsistency in distributed systems" (1983).
 */

/** Who counts: a replica's name or index. */
export type Id = number | string;

/** Events known of each replica, each from 1 to its counter. In the order of the ids; who is missing has none. */
export type VersionVector = readonly (readonly [id: Id, counter: number])[];

export type Causality = 'equal' | 'before' | 'after' | 'concurrent';

/** How many events of a replica a vector knows. */
export function counterOf(vector: VersionVector, id: Id): number {
  return vector.find((entry) => entry[0] === id)?.[1] ?? 0;
}

/** Whether a vector knows every event that another one knows. */
export function descends(vector: VersionVector, from: VersionVector): boolean {
  return from.every(([id, counter]) => counterOf(vector, id) >= counter);
}

/** How one version stands to another. */
export function compare(one: VersionVector, other: VersionVector): Causality {
  const knowsOther = descends(one, other);
  const isKnown = descends(other, one);
  if (knowsOther) return isKnown ? 'equal' : 'after';
  return isKnown ? 'before' : 'concurrent';
}

/** What both know together: the least vector that descends from both. */
export function join(one: VersionVector, other: VersionVector): VersionVector {
  const joined: [Id, number][] = one.map(([id, counter]) => [id, Math.max(counter, counterOf(other, id))]);
  for (const [id, counter] of other) if (!one.some((entry) => entry[0] === id)) joined.push([id, counter]);
  return joined.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/** The next event of a replica, after all that the vector knows. */
export function increment(vector: VersionVector, id: Id): VersionVector {
  return join(vector, [[id, counterOf(vector, id) + 1]]);
}

/** The values of a key that a server keeps under one vector: nobody knows which of them came with which event. */
export interface Siblings<Value> {
  readonly vector: VersionVector;
  readonly values: readonly Value[];
}

/**
 * A server stores a value whose writer had read up to `context`. It replaces what is stored if the writer had read all of
 * that, and otherwise joins it, although it may well have read some.
 */
export function storeSibling<Value>(
  stored: Siblings<Value>,
  value: Value,
  context: VersionVector,
  server: Id,
): Siblings<Value> {
  const hasReadAll = descends(context, stored.vector);
  return {
    vector: increment(join(stored.vector, context), server),
    values: hasReadAll ? [value] : [value, ...stored.values],
  };
}

/**
 * What two replicas make of their siblings: the newer ones, or all of both. Values are told apart by `===`.
 *
 * Also of two with the same vector all of both. Say z overwrites x, and y knows of neither: who joins x and y first, and z
 * then, keeps all three; who joins y and z first, and x then, has no x; and both have the same vector.
 */
export function syncSiblings<Value>(one: Siblings<Value>, other: Siblings<Value>): Siblings<Value> {
  const causality = compare(one.vector, other.vector);
  if (causality === 'before') return other;
  if (causality === 'after') return one;
  return {
    vector: join(one.vector, other.vector),
    values: [...one.values, ...other.values.filter((value) => !one.values.includes(value))],
  };
}
