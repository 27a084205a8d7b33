/**
 * Sets and tables as sorted lists: plain data in which equal contents are equal lists, in whatever order they came.
 */

/** What a set holds and a map is asked by: any string or number. 1 and "1" are two; 0 and −0 are one. */
export type Atom = number | string;

/** Below 0 where the first goes before the second, 0 where they are the same. */
export type Order<Key> = (one: Key, other: Key) => number;

/** What two states are together. Commutative, associative and idempotent, or else replicas do not converge. */
export type Join<State> = (one: State, other: State) => State;

/** Each key once, in the order of the keys. */
export type Table<Key, Value> = readonly (readonly [key: Key, value: Value])[];

/** Numbers before strings: numbers by their size, NaN after all others; strings by their UTF-16 units. */
export function compareAtoms(one: Atom, other: Atom): number {
  if (typeof one !== typeof other) return typeof one === 'number' ? -1 : 1;
  if (one === other) return 0;
  if (Number.isNaN(one)) return Number.isNaN(other) ? 0 : 1;
  return one < other || Number.isNaN(other) ? -1 : 1;
}

/** An atom as it is kept: −0 as 0, so that states of the same elements are the same data. */
export function kept(atom: Atom): Atom {
  return atom === 0 ? 0 : atom;
}

/** The elements of both, each once. Both are sorted. */
export function union<Element>(
  one: readonly Element[],
  other: readonly Element[],
  order: Order<Element>,
): readonly Element[] {
  const united: Element[] = [];
  let left = 0;
  let right = 0;
  while (left < one.length || right < other.length) {
    const before = orderAt(one[left], other[right], left < one.length, right < other.length, order);
    united.push(before <= 0 ? one[left]! : other[right]!);
    if (before <= 0) left++;
    if (before >= 0) right++;
  }
  return united;
}

/** Those of the first that the second does not hold. Both are sorted. */
export function without<Element>(
  all: readonly Element[],
  excluded: readonly Element[],
  order: Order<Element>,
): readonly Element[] {
  return excluded.length === 0 ? all : all.filter((element) => !holds(excluded, element, order));
}

export function holds<Element>(sorted: readonly Element[], element: Element, order: Order<Element>): boolean {
  const at = placeIn(sorted.length, (index) => order(sorted[index]!, element));
  return at < sorted.length && order(sorted[at]!, element) === 0;
}

/** What a table has under a key; undefined where it has nothing. */
export function valueAt<Key, Value>(
  table: Table<Key, Value>,
  key: Key,
  order: Order<Key>,
): Value | undefined {
  const at = placeIn(table.length, (index) => order(table[index]![0], key));
  return at < table.length && order(table[at]![0], key) === 0 ? table[at]![1] : undefined;
}

/**
 * Two tables, key by key: `join` is given what each has under the key, undefined where it has nothing, and what it answers
 * is kept unless that is undefined.
 */
export function mergeTables<Key, Value>(
  one: Table<Key, Value>,
  other: Table<Key, Value>,
  order: Order<Key>,
  join: (one: Value | undefined, other: Value | undefined, key: Key) => Value | undefined,
): Table<Key, Value> {
  const merged: (readonly [Key, Value])[] = [];
  let left = 0;
  let right = 0;
  while (left < one.length || right < other.length) {
    const before = orderAt(one[left]?.[0], other[right]?.[0], left < one.length, right < other.length, order);
    const key = before <= 0 ? one[left]![0] : other[right]![0];
    const value = join(
      before <= 0 ? one[left++]![1] : undefined,
      before >= 0 ? other[right++]![1] : undefined,
      key,
    );
    if (value !== undefined) merged.push([key, value]);
  }
  return merged;
}

/** Which of two heads of sorted lists comes first; a list that is at its end comes after. */
function orderAt<Key>(
  one: Key | undefined,
  other: Key | undefined,
  hasOne: boolean,
  hasOther: boolean,
  order: Order<Key>,
): number {
  if (!hasOne) return 1;
  return hasOther ? order(one as Key, other as Key) : -1;
}

/** How many of `length` sorted elements go before the one looked for. */
function placeIn(length: number, orderOf: (index: number) => number): number {
  let from = 0;
  let to = length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (orderOf(middle) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
