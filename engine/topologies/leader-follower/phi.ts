/**
 * The φ accrual failure detector: how suspicious a silence is, by how regular the signs of life have been. φ(t) is −log₁₀ of
 * the chance that the next sign comes later than t after the last one, if times between signs are normally distributed as the
 * last `window` of them were. A threshold on φ is a time: mean + z × standard deviation, where a normal variable exceeds z
 * with probability 10^−threshold.
 * Source: Hayashibara, Défago, Yared and Katayama, The φ accrual failure detector, 2004.
 */

import { inverseNormal, pow } from '../../kernel/exact-math.ts';

export interface SignsOfLife {
  /** The last times between two signs, in µs: a ring. */
  readonly intervalsUs: Float64Array;
  count: number;
  sumUs: number;
  sumOfSquares: number;
  /** When the last sign came, on the observer's clock; −1 before the first. */
  lastUs: number;
}

export function newSignsOfLife(window: number): SignsOfLife {
  return { intervalsUs: new Float64Array(window), count: 0, sumUs: 0, sumOfSquares: 0, lastUs: -1 };
}

/** Forgets when the last sign came: the next one is of somebody else, or of a new life. */
export function beginAnew(signs: SignsOfLife): void {
  signs.lastUs = -1;
}

export function noteSign(signs: SignsOfLife, atUs: number): void {
  if (signs.lastUs >= 0) {
    const { intervalsUs, count } = signs;
    const slot = count % intervalsUs.length;
    const intervalUs = atUs - signs.lastUs;
    if (count >= intervalsUs.length) {
      const oldest = intervalsUs[slot]!;
      signs.sumUs -= oldest;
      signs.sumOfSquares -= oldest * oldest;
    }
    intervalsUs[slot] = intervalUs;
    signs.sumUs += intervalUs;
    signs.sumOfSquares += intervalUs * intervalUs;
    signs.count += 1;
  }
  signs.lastUs = atUs;
}

/** By how many standard deviations a silence must exceed the mean for φ to reach the threshold. */
export function deviationsFor(threshold: number): number {
  return -inverseNormal(pow(10, -threshold));
}

/** The silence at which φ reaches the threshold, in µs; `firstUs` as long as there are too few signs to go by. */
export function silenceUsFor(
  { intervalsUs, count, sumUs, sumOfSquares }: SignsOfLife,
  { deviations, minDeviationUs, firstUs }: { deviations: number; minDeviationUs: number; firstUs: number },
): number {
  const known = Math.min(count, intervalsUs.length);
  if (known < fewestSigns) return firstUs;
  const meanUs = sumUs / known;
  const deviationUs = Math.sqrt(Math.max(0, sumOfSquares / known - meanUs * meanUs));
  return Math.ceil(meanUs + deviations * Math.max(deviationUs, minDeviationUs));
}

const fewestSigns = 5;
