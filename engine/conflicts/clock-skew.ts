/**
 * How often "last writer wins" drops the later of two writes, for the clock that stamped it was behind the other's.
 *
 * A write at one leader is followed, a gap of g later, by one at another leader whose clock is behind the first's by S. Their
 * stamps are t and t + g − S: the later write has the older stamp, and is dropped, if S > g. So
 *
 *     P(dropped | g) = P(S > g),    and, where the next write comes after an exponential time of rate λ,
 *     P(dropped) = ∫ λ e^(−λ g) P(S > g) dg.
 *
 * With S = δ always, that is 1 − e^(−λ δ). With both clocks off by a normal error of standard deviation σ, S is normal with
 * s = σ √2, and by parts P = 1/2 − e^(λ² s² / 2) Φ(−λ s). With both clocks off by up to E, each offset as likely, S is triangular
 * over ±2E, and with x = 2 E λ it is 1/2 − 1/x + (1 − e^(−x)) / x².
 *
 * Whether the later writer had seen the first write makes no difference to a clock on the wall. A hybrid logical clock, which
 * never stamps behind what it has received, drops none of those that had: only gaps shorter than the lag are left.
 */

import { exp, expm1, normalCdf } from '../kernel/exact-math.ts';

/** How far clocks are apart. */
export type Skew =
  /** The later writer's clock is behind the other's by this, always. */
  | { readonly type: 'constant'; readonly behindMs: number }
  /** Each clock is off by a normal error. */
  | { readonly type: 'normal'; readonly standardDeviationMs: number }
  /** Each clock is off by up to so much either way, as likely everywhere. */
  | { readonly type: 'uniform'; readonly maxMs: number };

/** The probability that a write which came `gapMs` after one of another leader is dropped; 0 ≤ gapMs. */
export function laterWriteDropped(skew: Skew, gapMs: number): number {
  switch (skew.type) {
    case 'constant':
      return skew.behindMs > gapMs ? 1 : 0;
    case 'normal': {
      const spreadMs = skew.standardDeviationMs * Math.SQRT2;
      return spreadMs === 0 ? 0 : normalCdf(-gapMs / spreadMs);
    }
    case 'uniform': {
      const spreadMs = 2 * skew.maxMs;
      const over = Math.max(spreadMs - gapMs, 0);
      return spreadMs === 0 ? 0 : (over * over) / (2 * spreadMs * spreadMs);
    }
  }
}

/** The same, averaged over an exponential gap: the next write at the other leader, which takes so many a second. */
export function nextWriteDropped(skew: Skew, writesPerSecond: number): number {
  const rate = writesPerSecond / 1000;
  switch (skew.type) {
    case 'constant':
      return skew.behindMs > 0 ? -expm1(-rate * skew.behindMs) : 0;
    case 'normal':
      return 0.5 - normalTail(rate * skew.standardDeviationMs * Math.SQRT2);
    case 'uniform':
      return ofTriangle(2 * skew.maxMs * rate);
  }
}

/** e^(x² / 2) Φ(−x), of which one factor overflows where the other is gone: from 30 on by its asymptotic series. */
function normalTail(x: number): number {
  if (x < 30) return exp((x * x) / 2) * normalCdf(-x);
  const square = x * x;
  return (1 - 1 / square + 3 / (square * square)) / (x * Math.sqrt(2 * Math.PI));
}

/** 1/2 − 1/x + (1 − e^(−x)) / x²; near 0, where that cancels, the series it stands for. */
function ofTriangle(x: number): number {
  if (x > 0.05) return 0.5 - 1 / x - expm1(-x) / (x * x);
  return (x / 6) * (1 - (x / 4) * (1 - (x / 5) * (1 - (x / 6) * (1 - x / 7))));
}
