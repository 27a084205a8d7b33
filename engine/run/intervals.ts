/** How sure a sample is: 95 % intervals of a share of runs and of a mean. */

import type { Histogram } from '../observe/histogram.ts';

/** From `low` to `high`, both included; 95 of 100 such intervals hold what endless runs would show. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5th percentile of the normal distribution. */
const z = 1.959963984540054;

/**
 * Of a share, `hits` of `of` independent runs; null of no runs. Both ends lie in 0 … 1, also where the share is 0 or 1.
 * Source: Wilson 1927, the score interval without continuity correction.
 */
export function wilsonInterval(hits: number, of: number): Interval | null {
  if (of === 0) return null;
  const share = hits / of;
  const square = (z * z) / of;
  const middle = (share + square / 2) / (1 + square);
  const half = (z * Math.sqrt((share * (1 - share)) / of + square / (4 * of))) / (1 + square);
  return {
    low: hits === 0 ? 0 : Math.max(0, middle - half),
    high: hits === of ? 1 : Math.min(1, middle + half),
  };
}

/**
 * Of the mean of what a histogram counted, in its own unit; null below two values. Student's t: exact where values are
 * spread normally, and too narrow for few values of a heavy tail. The variance is that of the buckets' middles, which
 * are off by less than 0.2 %.
 */
export function meanInterval(histogram: Histogram): Interval | null {
  const { count, mean, min, max } = histogram;
  if (count < 2) return null;
  let squares = 0;
  histogram.forEachBucket((lowest, highest, times) => {
    const middle = (Math.max(lowest, min!) + Math.min(highest, max!)) / 2;
    squares += times * (middle - mean!) * (middle - mean!);
  });
  const half = studentT(count - 1) * Math.sqrt(squares / (count - 1) / count);
  return { low: Math.max(0, mean! - half), high: mean! + half };
}

/** The 97.5th percentile of Student's t, as published in every table. */
const studentOfFew = [12.706, 4.303, 3.182, 2.776];

/**
 * The 97.5th percentile of Student's t with so many degrees of freedom, 1 and more, to 3 digits.
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
 */
export function studentT(freedom: number): number {
  const few = studentOfFew[freedom - 1];
  if (few !== undefined) return few;
  const z2 = z * z;
  const first = (z * (z2 + 1)) / 4;
  const second = (z * ((5 * z2 + 16) * z2 + 3)) / 96;
  const third = (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384;
  return z + (first + (second + third / freedom) / freedom) / freedom;
}
