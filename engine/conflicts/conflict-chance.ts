/**
 * How often leaders that take writes of one key at the same time are in conflict, without a simulation.
 *
 * Two writes of a key are in conflict where neither's leader had received the other when it took its own. Leader i takes
 * writes as a Poisson process of rate λi, and what it takes reaches leader j after Lij. A write of i at time t and one of j
 * at time s are in conflict exactly if
 *
 *     s > t − Lji    or else i had received it, and
 *     s < t + Lij    or else j had received the other,
 *
 * so that a write of i is in conflict with each write of j in a window of length Lij + Lji around it: the round trip, and not
 * the lag of one way. The number of those is Poisson, and independent of the write itself, so
 *
 *     P(a write of i is in conflict with none) = e^(−Σj λj (Lij + Lji)).
 *
 * Where every message takes a time of its own, those of j that had not arrived are a thinned Poisson process whose expected
 * number is λj E[Lji], while Lij is one draw for all that j takes meanwhile: e^(−λj E[Lji]) E[e^(−λj Lij)], and the last
 * factor is 1 / (1 + λj E[Lij]) for an exponential lag. The rate of pairs in conflict, λi λj (E[Lij] + E[Lji]), depends on the
 * mean alone.
 *
 * It counts what version vectors would detect. It says nothing of what becomes of them, and leaves out that a write which
 * was received at once replaces an older one that is in conflict with a third.
 */

import { exp, expm1 } from '../kernel/exact-math.ts';

export interface Writers {
  /** Of one key, at each leader; 0 or more. */
  readonly writesPerSecond: readonly number[];
  /** From which leader (first index) to which: how long a write takes to arrive, ms. One number where all are alike. */
  readonly lagMs: number | readonly (readonly number[])[];
  /** Whether every write takes so long, or that is the mean of an exponential time, each write's its own. */
  readonly lag: 'constant' | 'exponential';
}

/** The probability that a write taken by this leader, counted from 0, is in conflict with another. */
export function conflictChance({ writesPerSecond, lagMs, lag }: Writers, leader: number): number {
  let exponent = 0;
  let meanwhile = 1;
  for (const [other, rate] of writesPerSecond.entries()) {
    if (other === leader) continue;
    const unseenHere = (rate * lagBetween(lagMs, other, leader)) / 1000;
    const unseenThere = (rate * lagBetween(lagMs, leader, other)) / 1000;
    exponent += lag === 'constant' ? unseenHere + unseenThere : unseenHere;
    if (lag === 'exponential') meanwhile /= 1 + unseenThere;
  }
  return lag === 'constant' ? -expm1(-exponent) : 1 - exp(-exponent) * meanwhile;
}

/** Writes a second that are in conflict with another, of all leaders together. */
export function conflictingWritesPerSecond(writers: Writers): number {
  return writers.writesPerSecond.reduce(
    (sum, rate, leader) => sum + rate * conflictChance(writers, leader),
    0,
  );
}

/** Pairs of writes in conflict, a second. */
export function conflictingPairsPerSecond({ writesPerSecond, lagMs }: Writers): number {
  let pairs = 0;
  for (const [one, rate] of writesPerSecond.entries())
    for (let other = 0; other < one; other++) {
      const windowMs = lagBetween(lagMs, one, other) + lagBetween(lagMs, other, one);
      pairs += (rate * writesPerSecond[other]! * windowMs) / 1000;
    }
  return pairs;
}

function lagBetween(lagMs: Writers['lagMs'], from: number, to: number): number {
  return typeof lagMs === 'number' ? lagMs : lagMs[from]![to]!;
}
