/**
 * What many trials came to, in integers only, so that the tallies of parts add up to the tally of the whole, number for
 * number, in whatever order and on however many threads the parts ran.
 */

import { bucketOf, lowestOf } from '../observe/histogram.ts';

/** How often each value occurred, in the buckets of `observe/histogram.ts`: narrower than 0.4% of the values in them. */
export interface Counts {
  readonly buckets: Int32Array;
  /** The least and the most of all values, exact, ticks. */
  readonly range: Float64Array;
}

/** Plain data: it may be cloned and sent from a worker. */
export interface Tally {
  /** [0]: the number of trials. */
  readonly trials: Float64Array;
  /** Read and write latencies, by the number of answers waited for: first those that wait for the least. */
  readonly reads: readonly Counts[];
  readonly writes: readonly Counts[];
  /** How long after a write's acknowledgement a read of it is fresh, 0 where it is so at once; reads × writes. */
  readonly freshAfter: readonly Counts[];
  /** Of the first pair of `freshAfter`: how many of these are longer than each of the times asked for. */
  readonly staleAt: Float64Array;
}

/** Delays and their sums stay below 2^49 ticks. */
const BUCKETS = bucketOf(2 ** 49) + 1;

export function emptyTally(reads: number, writes: number, times: number): Tally {
  const counts = (length: number) =>
    Array.from({ length }, () => ({
      buckets: new Int32Array(BUCKETS),
      range: Float64Array.of(Number.POSITIVE_INFINITY, -1),
    }));
  return {
    trials: new Float64Array(1),
    reads: counts(reads),
    writes: counts(writes),
    freshAfter: counts(reads * writes),
    staleAt: new Float64Array(times),
  };
}

/** Adds what the other tally, of the same shape, counted; the other is unchanged. */
export function addTally(to: Tally, from: Tally): void {
  add(to.trials, from.trials);
  add(to.staleAt, from.staleAt);
  for (const key of ['reads', 'writes', 'freshAfter'] as const) {
    to[key].forEach((counts, index) => {
      const other = from[key][index]!;
      add(counts.buckets, other.buckets);
      counts.range[0] = Math.min(counts.range[0]!, other.range[0]!);
      counts.range[1] = Math.max(counts.range[1]!, other.range[1]!);
    });
  }
}

function add(to: Int32Array | Float64Array, from: Int32Array | Float64Array): void {
  for (let index = 0; index < to.length; index++) to[index]! += from[index]!;
}

/** Counts one value, ticks, a whole number from 0. */
export function count(counts: Counts, ticks: number): void {
  counts.buckets[bucketOf(ticks)]! += 1;
  if (ticks < counts.range[0]!) counts.range[0] = ticks;
  if (ticks > counts.range[1]!) counts.range[1] = ticks;
}

/** How many values are more than `ticks`, at least 0; those of one bucket are taken to be spread evenly. */
export function countAbove({ buckets }: Counts, ticks: number): number {
  let bucket = bucketOf(Math.floor(ticks));
  if (bucket >= buckets.length) return 0;
  const end = lowestOf(bucket + 1);
  let sum = (buckets[bucket]! * (end - 1 - Math.floor(ticks))) / (end - lowestOf(bucket));
  while (++bucket < buckets.length) sum += buckets[bucket]!;
  return sum;
}

/** The value, ticks, that so many of the values do not exceed, 0 < rank ≤ their number; spread evenly as above. */
export function valueAt({ buckets, range }: Counts, rank: number): number {
  let seen = 0;
  let bucket = -1;
  while (seen < rank) seen += buckets[++bucket]!;
  const from = lowestOf(bucket);
  const share = 1 - (seen - rank) / buckets[bucket]!;
  return Math.min(Math.max(from + (lowestOf(bucket + 1) - 1 - from) * share, range[0]!), range[1]!);
}
