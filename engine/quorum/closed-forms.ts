/**
 * What is known of quorums without sampling. Counts are of replicas: n hold a key, a read waits for r of them and a write
 * for w, 1 ≤ r, w ≤ n.
 *
 * ```ts
 * quorumsMeet({ n: 3, r: 2, w: 2 }); // true
 * kStaleness({ n: 3, r: 1, w: 1 }, 2); // 0.5556: of two reads' versions one is expected to be no older than that
 * ```
 */

import { exp, ln, pow } from '../kernel/exact-math.ts';

export interface Quorums {
  readonly n: number;
  readonly r: number;
  readonly w: number;
}

/** Whether every read quorum shares a replica with every write quorum, r + w > n. Source: Gifford 1979. */
export function quorumsMeet({ n, r, w }: Quorums): boolean {
  return r + w > n;
}

/**
 * The probability that a read quorum chosen at random misses a write's: C(n − w, r) / C(n, r).
 * Source: Bailis et al., PVLDB 5(8), 2012, equation 1 (arXiv 1204.6082).
 */
export function missChance({ n, r, w }: Quorums): number {
  let chance = 1;
  for (let taken = 0; taken < r; taken++) chance *= Math.max(n - w - taken, 0) / (n - taken);
  return chance;
}

/**
 * The probability that a read returns one of the last k versions, k ≥ 1, where each write stays on the w replicas
 * that acknowledged it and quorums are chosen at random: 1 − miss^k.
 * Source: Bailis et al. 2012, equation 2.
 */
export function kStaleness(quorums: Quorums, k: number): number {
  return 1 - pow(missChance(quorums), k);
}

/**
 * The probability that a client's read is older than its read before, where writes of the key come at
 * writesPerSecond and the client reads it readsPerSecond times, more than 0: miss^(1 + writes / reads).
 * Source: Bailis et al. 2012, monotonic reads.
 */
export function monotonicReadsViolation(
  quorums: Quorums,
  { writesPerSecond, readsPerSecond }: { readonly writesPerSecond: number; readonly readsPerSecond: number },
): number {
  return pow(missChance(quorums), 1 + writesPerSecond / readsPerSecond);
}

/**
 * The probability that a read misses a write acknowledged t ago, where reads and acknowledgements take no time and a
 * write reaches each replica after an exponential wait of mean meanMs: miss × e^(−r t / meanMs). The replicas that a
 * write's quorum left out have each not received it yet with probability e^(−t / meanMs).
 */
export function staleWithInstantAnswers(quorums: Quorums, meanMs: number, tMs: number): number {
  return missChance(quorums) * exp((-quorums.r * tMs) / meanMs);
}

/** The t after which `staleWithInstantAnswers` is at most 1 − p, ms; 0 < p < 1. */
export function visibilityWithInstantAnswers(quorums: Quorums, meanMs: number, p: number): number {
  const miss = missChance(quorums);
  return miss <= 1 - p ? 0 : (meanMs / quorums.r) * ln(miss / (1 - p));
}

/** The probability that at least `needed` of n replicas are up, each of them down by itself with probability pDown. */
export function availability(n: number, needed: number, pDown: number): number {
  let sum = 0;
  for (let up = n; up >= needed; up--) {
    let ways = 1;
    for (let taken = 0; taken < n - up; taken++) ways = (ways * (n - taken)) / (taken + 1);
    sum += ways * pow(1 - pDown, up) * pow(pDown, n - up);
  }
  return Math.min(sum, 1);
}

/** How many replicas may be down, whichever they are, while reads, and writes, still find a quorum. */
export function survives({ n, r, w }: Quorums): { readonly reads: number; readonly writes: number } {
  return { reads: n - r, writes: n - w };
}
