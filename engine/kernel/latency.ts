/**
 * Latency distributions, and the tables that samples of them are read from.
 *
 * A specification is data. `buildLatencyTable` inverts its distribution function once; a sample is then one table
 * look-up with 32 random bits:
 *
 * ```ts
 * const table = buildLatencyTable({ type: 'log-normal', medianUs: 500, p99Us: 5_000 });
 * const delayUs = sampleLatency(table, streams.next(link));
 * ```
 *
 * The table's cells shrink towards both ends of the distribution: 64 cells for every halving of the tail
 * probability, down to the last of the 2^32 possible draws. (4,096 cells of equal probability miss p99.9 of a
 * Pareto mixture by 6%.)
 */

import { type Distribution, distributionOf } from './latency-distribution.ts';
import { type LatencySpec, latencyProblems, MAX_LATENCY_US } from './latency-spec.ts';

export type { LatencySpec } from './latency-spec.ts';

/** An inverse distribution function, ready to be sampled. Plain data: it may be cloned and sent to a worker. */
export interface LatencyTable {
  /** The one delay of a constant, µs; −1 when delays vary. */
  readonly constantUs: number;
  /** The first and last value of every cell, in units of `unitUs`, lower half of the distribution first. */
  readonly cells: Int32Array;
  /** A power of two, at most 1 µs: as fine as the largest value leaves bits for. */
  readonly unitUs: number;
  /** Cells that hold a gap: for each stretch of such a cell its last draw, its first and its last value. */
  readonly stretches: Int32Array;
}

const TWO_TO_32 = 0x1_0000_0000;
/** A half of the distribution: 64 cells of one draw each, then 25 octaves of 64 cells. */
const HALF_CELLS = 64 + 25 * 64;
/** Index of the upper half's first number in `cells`. */
const UPPER_HALF = 2 * HALF_CELLS;
const FRACTION_BITS = 25;
const FRACTION_UNIT = 1 / 0x200_0000;

/**
 * The delay, whole µs, that a draw of 32 random bits (int32 or uint32) stands for. Never falls as the bits, read as
 * unsigned, grow. Does not allocate.
 *
 * Only IEEE additions and multiplications of integers and powers of two: the same result in every engine.
 */
export function sampleLatency(table: LatencyTable, bits: number): number {
  if (table.constantUs >= 0) return table.constantUs;
  const half = bits >> 31;
  // The number of draws between this one and the nearer end of the distribution, 0 … 2^31 − 1.
  const tail = bits ^ half;
  const zeros = Math.clz32(tail | 64);
  const aligned = tail << zeros;
  const at = (((25 - zeros) << 7) + ((aligned >>> FRACTION_BITS) << 1) + (half & UPPER_HALF)) | 0;
  const first = table.cells[at]!;
  const last = table.cells[at + 1]!;
  if (last < 0) return (stretchUs(table, tail, first, ~last) + 0.5) | 0;
  // A draw stands for the middle of its share of the cell, hence the bit below its last one.
  const fraction = (aligned & 0x1ff_ffff) | (1 << (zeros - 1));
  return ((first + (last - first) * (fraction * FRACTION_UNIT)) * table.unitUs + 0.5) | 0;
}

/**
 * The same delay before it is rounded to whole µs, for sums that are compared with each other.
 */
export function fractionalDelayUs(table: LatencyTable, bits: number): number {
  if (table.constantUs >= 0) return table.constantUs;
  const half = bits >> 31;
  const tail = bits ^ half;
  const zeros = Math.clz32(tail | 64);
  const aligned = tail << zeros;
  const at = (((25 - zeros) << 7) + ((aligned >>> FRACTION_BITS) << 1) + (half & UPPER_HALF)) | 0;
  const first = table.cells[at]!;
  const last = table.cells[at + 1]!;
  if (last < 0) return stretchUs(table, tail, first, ~last);
  const fraction = (aligned & 0x1ff_ffff) | (1 << (zeros - 1));
  return (first + (last - first) * (fraction * FRACTION_UNIT)) * table.unitUs;
}

/** The delay inside a cell with a gap, whose stretches must not be blended: no value inside the gap ever occurs. */
function stretchUs(table: LatencyTable, tail: number, startOfCell: number, offset: number): number {
  const stretches = table.stretches;
  let at = offset;
  let start = startOfCell;
  while (tail > stretches[at]!) {
    start = stretches[at]! + 1;
    at += 3;
  }
  const first = stretches[at + 1]!;
  const last = stretches[at + 2]!;
  const fraction = (tail - start + 0.5) / (stretches[at]! + 1 - start);
  return (first + (last - first) * fraction) * table.unitUs;
}

/** Tables by specification: links that share one share its table. Make one for each simulation or worker. */
export class LatencyTables {
  private readonly tables = new Map<string, LatencyTable>();
  /** Of specifications that were asked for before, by the object itself. */
  private readonly known = new WeakMap<LatencySpec, LatencyTable>();

  /** Throws RangeError on a specification that `latencyProblems` finds fault with. */
  of(spec: LatencySpec): LatencyTable {
    let table = this.known.get(spec);
    if (table !== undefined) return table;
    const key = JSON.stringify(spec);
    table = this.tables.get(key);
    if (table === undefined) this.tables.set(key, (table = buildLatencyTable(spec)));
    this.known.set(spec, table);
    return table;
  }
}

/**
 * Inverts the distribution: about 10 ms for a mixture, less for the rest. Throws RangeError where
 * `latencyProblems` finds one.
 */
export function buildLatencyTable(spec: LatencySpec): LatencyTable {
  const problem = latencyProblems(spec)[0];
  if (problem !== undefined) {
    const where = problem.path.length === 0 ? 'latency' : `latency ${problem.path.join('.')}`;
    throw new RangeError(`${where} is ${problem.found}, expected ${problem.expected}`);
  }
  const distribution = distributionOf(spec);
  const lowest = distribution.quantile(0, 1, 0);
  if (lowest === distribution.quantile(1, 0, lowest)) {
    const constantUs = Math.floor(Math.min(lowest, MAX_LATENCY_US) + 0.5);
    return { constantUs, cells: new Int32Array(0), unitUs: 1, stretches: new Int32Array(0) };
  }
  const gaps = gapsOf(distribution);
  const lower = edgesOf(distribution, false);
  const upper = edgesOf(distribution, true);
  // Both halves end at the median; one value for both keeps samples from falling where they meet.
  upper[HALF_CELLS] = lower[HALF_CELLS]!;
  let unitUs = 1;
  for (let top = upper[0]!; 2 * top <= MAX_LATENCY_US && unitUs > 1 / 0x10_0000; top *= 2) unitUs /= 2;

  const cells = new Int32Array(4 * HALF_CELLS);
  const stretches: number[] = [];
  for (const isUpper of [false, true]) {
    const edges = isUpper ? upper : lower;
    const breaks = isUpper ? gaps.map((gap) => TWO_TO_32 - gap.draw).reverse() : gaps.map((gap) => gap.draw);
    for (let cell = 0; cell < HALF_CELLS; cell++) {
      const at = 2 * cell + (isUpper ? UPPER_HALF : 0);
      const start = firstDrawOf(cell);
      const end = firstDrawOf(cell + 1);
      const units = (tail: number, within: Support) => {
        const value = Math.min(Math.max(tail, within.lowest), within.highest);
        return Math.floor(value / unitUs + 0.5);
      };
      const inside = breaks.filter((draw) => draw > start && draw < end);
      if (inside.length === 0) {
        const support = supportAround(gaps, (start + end) / 2, isUpper);
        cells[at] = units(edges[cell]!, support);
        cells[at + 1] = units(edges[cell + 1]!, support);
        continue;
      }
      cells[at] = start;
      cells[at + 1] = ~stretches.length;
      const ends = [...inside, end];
      let from = start;
      for (const to of ends) {
        const support = supportAround(gaps, (from + to) / 2, isUpper);
        const beforeGap = from === start ? edges[cell]! : isUpper ? support.highest : support.lowest;
        const afterGap = to === end ? edges[cell + 1]! : isUpper ? support.lowest : support.highest;
        stretches.push(to - 1, units(beforeGap, support), units(afterGap, support));
        from = to;
      }
    }
  }
  return { constantUs: -1, cells, unitUs, stretches: Int32Array.from(stretches) };
}

/** Means that were asked for: a scenario's many runs share its tables. */
const means = new WeakMap<LatencyTable, number>();

/** The mean of all 2^32 samples before they are rounded to whole µs. */
export function meanUs(table: LatencyTable): number {
  if (table.constantUs >= 0) return table.constantUs;
  let mean = means.get(table);
  if (mean === undefined) means.set(table, (mean = computedMeanUs(table)));
  return mean;
}

function computedMeanUs(table: LatencyTable): number {
  let sum = 0;
  for (let cell = 0; cell < HALF_CELLS; cell++) {
    const start = firstDrawOf(cell);
    const end = firstDrawOf(cell + 1);
    for (const at of [2 * cell, 2 * cell + UPPER_HALF]) {
      const first = table.cells[at]!;
      const last = table.cells[at + 1]!;
      if (last >= 0) {
        sum += (end - start) * 0.5 * (first + last);
        continue;
      }
      for (let stretch = ~last, from = start; from < end; stretch += 3) {
        const to = table.stretches[stretch]! + 1;
        sum += (to - from) * 0.5 * (table.stretches[stretch + 1]! + table.stretches[stretch + 2]!);
        from = to;
      }
    }
  }
  return (sum / TWO_TO_32) * table.unitUs;
}

/** The smallest delay, whole µs, that at least the share p of all 2^32 draws does not exceed; 0 ≤ p ≤ 1. */
export function quantileUs(table: LatencyTable, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile of ${p}, expected a share from 0 to 1`);
  return sampleLatency(table, Math.max(Math.ceil(p * TWO_TO_32) - 1, 0) | 0);
}

/** Index of a cell → the first draw in it, counted from the end of the distribution. */
function firstDrawOf(cell: number): number {
  const octave = Math.max((cell >> 6) - 1, 0);
  let draw = octave === 0 ? cell : 64 + (cell & 63);
  for (let step = 0; step < octave; step++) draw *= 2;
  return draw;
}

/**
 * The values at the edges of one half's cells, from the distribution's end to its median, in µs up to
 * MAX_LATENCY_US.
 */
function edgesOf(distribution: Distribution, isUpper: boolean): Float64Array {
  const edges = new Float64Array(HALF_CELLS + 1);
  let near = isUpper ? distribution.quantile(0.5, 0.5, 0) : 0;
  // From the median outwards or from the bottom up: values ascend, and each is the next one's starting point.
  for (let step = 0; step <= HALF_CELLS; step++) {
    const edge = isUpper ? HALF_CELLS - step : step;
    const tail = firstDrawOf(edge) / TWO_TO_32;
    const value = isUpper
      ? distribution.quantile(1 - tail, tail, near)
      : distribution.quantile(tail, 1 - tail, near);
    if (value < MAX_LATENCY_US) near = Math.max(near, value);
    edges[edge] = Math.min(value, MAX_LATENCY_US);
  }
  if (isUpper && distribution.quantile(1, 0, near) === Number.POSITIVE_INFINITY) {
    // The last draw, in the middle between the two edges, then gives the value that half a draw exceeds.
    const halfDraw = Math.min(
      distribution.quantile(1 - 0.5 / TWO_TO_32, 0.5 / TWO_TO_32, near),
      MAX_LATENCY_US,
    );
    edges[0] = Math.min(Math.max(2 * halfDraw - edges[1]!, edges[1]!), MAX_LATENCY_US);
  }
  return edges;
}

/** A range of values that the distribution jumps over, and the first draw above it. */
interface Gap {
  readonly draw: number;
  readonly below: number;
  readonly above: number;
}

interface Support {
  readonly lowest: number;
  readonly highest: number;
}

/** The gaps in the values that can occur; only a mixture has any. */
function gapsOf(distribution: Distribution): Gap[] {
  const gaps: Gap[] = [];
  const { landmarks } = distribution;
  for (let index = 0; index + 1 < landmarks.length; index++) {
    const below = Math.min(landmarks[index]!, MAX_LATENCY_US);
    const above = Math.min(landmarks[index + 1]!, MAX_LATENCY_US);
    const p = distribution.atMost(landmarks[index]!);
    const q = distribution.above(landmarks[index]!);
    const between = distribution.atMost(landmarks[index + 1]!) - distribution.mass(landmarks[index + 1]!) - p;
    const draw = p < q ? Math.round(p * TWO_TO_32) : TWO_TO_32 - Math.round(q * TWO_TO_32);
    if (!(between < 1e-12 && draw > 0 && draw < TWO_TO_32 && above > below)) continue;
    const last = gaps.at(-1);
    // Two gaps at the same draw: whatever lies between them is rarer than one draw.
    if (last?.draw === draw) gaps[gaps.length - 1] = { draw, below: last.below, above };
    else gaps.push({ draw, below, above });
  }
  return gaps;
}

/** The values between the two gaps around a place in the distribution, given in draws from its nearer end. */
function supportAround(gaps: readonly Gap[], tail: number, isUpper: boolean): Support {
  const draw = isUpper ? TWO_TO_32 - tail : tail;
  let lowest = 0;
  for (const gap of gaps) {
    if (draw < gap.draw) return { lowest, highest: gap.below };
    lowest = gap.above;
  }
  return { lowest, highest: MAX_LATENCY_US };
}
