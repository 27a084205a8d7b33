/**
 * Row ids that each leader counts up by itself. Two leaders that both count 1, 2, 3 … give every number twice. MySQL lets
 * them count in steps, each from an offset of its own, so that they never meet; a prefix that names the region does it too.
 *
 * Source: MySQL 8.4 Reference Manual, "auto_increment_increment" and "auto_increment_offset",
 * https://dev.mysql.com/doc/refman/8.4/en/replication-options-source.html.
 */

export interface AutoIncrement {
  /** Where the series begins, 1 or more. One above the increment counts as 1, as MySQL ignores it. */
  readonly offset: number;
  /** From one id of a leader to its next, 1 or more. */
  readonly increment: number;
}

/** What a leader does that nobody has told of others. */
export const everyNumber: AutoIncrement = { offset: 1, increment: 1 };

/**
 * A leader's next id: the least of offset, offset + increment, offset + 2 increments … above the largest id its table
 * holds, 0 for none. Rows that came from other leaders count among those.
 */
export function nextAutoIncrement({ offset, increment }: AutoIncrement, largest: number): number {
  const first = offset > increment ? 1 : offset;
  return largest < first ? first : first + (Math.floor((largest - first) / increment) + 1) * increment;
}

/** Settings under which so many leaders never give the same id: each an offset of its own, in steps of their number. */
export function separateSeries(leaders: number): AutoIncrement[] {
  return Array.from({ length: leaders }, (_, leader) => ({ offset: leader + 1, increment: leaders }));
}

/** Whether two leaders' series share a number: where their offsets are equal modulo the greatest common divisor of their increments. */
export function seriesMeet(one: AutoIncrement, other: AutoIncrement): boolean {
  const [first, second] = [one, other].map(({ offset, increment }) => (offset > increment ? 1 : offset));
  return (first! - second!) % greatestCommonDivisor(one.increment, other.increment) === 0;
}

/**
 * Numbers given more than once where leaders that count from 1 have given so many ids each and not heard of each other: the
 * second largest of the counts.
 */
export function collidingNumbers(counts: readonly number[]): number {
  return counts.toSorted((one, other) => other - one)[1] ?? 0;
}

/** An id that says which region gave it: `US-000001`. Prefixes must differ, and none hold a dash and digits alone behind it. */
export function prefixedId(region: string, count: number): string {
  return `${region}-${String(count).padStart(6, '0')}`;
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
