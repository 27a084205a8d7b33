/**
 * Speeds of the numeric parts of the kernel. The clock is passed in and the numbers are returned; printing them is
 * somebody else's work:
 *
 * ```ts
 * const speeds = benchKernelNumerics(() => performance.now());
 * ```
 */

import { Histogram } from '../observe/histogram.ts';
import { buildLatencyTable, sampleLatency } from './latency.ts';
import type { LatencySpec } from './latency-spec.ts';
import { Streams } from './random.ts';

export interface KernelNumericsSpeeds {
  /** Millions of draws a second. */
  readonly nextPerUs: number;
  readonly belowPerUs: number;
  readonly chancePerUs: number;
  /** Millions of samples a second, each with its draw. */
  readonly samplePerUs: number;
  readonly sampleConstantPerUs: number;
  /** Millions of recorded values a second. */
  readonly recordPerUs: number;
  /** ms for one table, after warming up. */
  readonly buildMixtureMs: number;
  readonly buildParetoMs: number;
  /** Something computed from every result, so that no loop can be optimised away. */
  readonly checksum: number;
}

/** The write latency LNKD-DISK of the PBS paper, see latency.test.ts. */
const DISK: LatencySpec = {
  type: 'mixture',
  components: [
    { weight: 0.38, latency: { type: 'pareto', scaleUs: 1050, shape: 1.51 } },
    { weight: 0.62, latency: { type: 'exponential', meanUs: 1000 / 0.183 } },
  ],
};

const ROUNDS = 7;

/** Runs about `iterations` of each operation seven times and keeps the best; `now` reads milliseconds. */
export function benchKernelNumerics(now: () => number, iterations = 2_000_000): KernelNumericsSpeeds {
  const streams = new Streams(1);
  const stream = streams.add('bench');
  const table = buildLatencyTable(DISK);
  const constant = buildLatencyTable({ type: 'constant', delayUs: 500 });
  const histogram = new Histogram();
  const values = Int32Array.from({ length: 65_536 }, () => sampleLatency(table, streams.next(stream)));
  let checksum = 0;

  const bestMs = (work: () => number) => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const start = now();
      checksum = (checksum + work()) | 0;
      best = Math.min(best, now() - start);
    }
    return best;
  };
  const perUs = (work: () => number) => iterations / 1000 / bestMs(work);

  return {
    nextPerUs: perUs(() => {
      let sum = 0;
      for (let at = 0; at < iterations; at++) sum = (sum + streams.next(stream)) | 0;
      return sum;
    }),
    belowPerUs: perUs(() => {
      let sum = 0;
      for (let at = 0; at < iterations; at++) sum = (sum + streams.below(stream, 1_000_003)) | 0;
      return sum;
    }),
    chancePerUs: perUs(() => {
      let hits = 0;
      for (let at = 0; at < iterations; at++) if (streams.chance(stream, 42_949_673)) hits++;
      return hits;
    }),
    samplePerUs: perUs(() => {
      let sum = 0;
      for (let at = 0; at < iterations; at++) sum = (sum + sampleLatency(table, streams.next(stream))) | 0;
      return sum;
    }),
    sampleConstantPerUs: perUs(() => {
      let sum = 0;
      for (let at = 0; at < iterations; at++) sum = (sum + sampleLatency(constant, streams.next(stream))) | 0;
      return sum;
    }),
    recordPerUs: perUs(() => {
      for (let at = 0; at < iterations; at++) histogram.record(values[at & 65_535]!);
      return histogram.count;
    }),
    buildMixtureMs: bestMs(() => buildLatencyTable(DISK).cells[100]!),
    buildParetoMs: bestMs(
      () => buildLatencyTable({ type: 'pareto', scaleUs: 1050, shape: 1.51 }).cells[100]!,
    ),
    checksum,
  };
}
