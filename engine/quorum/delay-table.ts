/**
 * Delay distributions as tables for the fast path: one look-up in integer ticks for nearly every draw.
 *
 * 8,192 cells of equal probability, each a straight line. Where a line would be off by more than 1 in 10,000, in the
 * tails and at gaps, the cell refers to the kernel's table, whose cells shrink with the tail. So p99.9 of a Pareto
 * mixture is within 0.02%, where equal cells alone miss it by percents.
 */

import { buildLatencyTable, fractionalDelayUs, type LatencyTable } from '../kernel/latency.ts';
import { distributionOf } from '../kernel/latency-distribution.ts';
import { type LatencySpec, MAX_LATENCY_US } from '../kernel/latency-spec.ts';

/** Plain data: it may be cloned and sent to a worker. */
export interface DelayTable {
  /** Of each cell the first value and the width, ticks; a first value of −1 refers to `fine`. */
  readonly cells: Int32Array;
  readonly fine: LatencyTable;
  readonly ticksPerUs: number;
}

const CELL_BITS = 13;
/** A draw's upper bits choose the cell, the next ones the place in it. */
export const CELL_SHIFT = 32 - CELL_BITS;
export const PLACE_BITS = 12;
export const PLACE_SHIFT = CELL_SHIFT - PLACE_BITS;
export const PLACE_MASK = (1 << PLACE_BITS) - 1;

const CELLS = 1 << CELL_BITS;
/** A width times a place must fit into 31 bits. */
const widthLimit = 1 << (31 - PLACE_BITS);
const toleratedError = 1e-4;
/** Sums and differences of three delays in a cell's ticks must fit into 31 bits. */
const ticksLimit = 2 ** 28;
/** All but one in a million of a distribution's delays fit below the limit; the others are never in a cell. */
const rest = 1 / 2 ** 20;

/** The delay in ticks, a whole number from 0, that a draw of 32 random bits stands for. */
export function delayTicks({ cells, fine, ticksPerUs }: DelayTable, bits: number): number {
  const at = (bits >>> CELL_SHIFT) << 1;
  const first = cells[at]!;
  if (first < 0) return Math.floor(fractionalDelayUs(fine, bits) * ticksPerUs + 0.5);
  return first + (Math.imul(cells[at + 1]!, (bits >>> PLACE_SHIFT) & PLACE_MASK) >> PLACE_BITS);
}

/** As many ticks to the µs, a power of two, as sums of these delays and `addedUs` leave room for. */
export function finestTicks(specs: readonly LatencySpec[], addedUs: number): number {
  const longestUs = Math.max(...specs.map((spec) => distributionOf(spec).quantile(1 - rest, rest, 0)));
  const mostUs = Math.min(longestUs, MAX_LATENCY_US) + addedUs;
  let ticksPerUs = 2 ** 15;
  while (mostUs * ticksPerUs >= ticksLimit) ticksPerUs /= 2;
  return ticksPerUs;
}

/** About 50 ms for a mixture, less for the rest. Throws RangeError where `latencyProblems` finds one. */
export function buildDelayTable(spec: LatencySpec, ticksPerUs: number): DelayTable {
  const fine = buildLatencyTable(spec);
  const distribution = distributionOf(spec);
  const broken = new Set<number>();
  for (const landmark of distribution.landmarks) {
    const share = distribution.atMost(landmark);
    // An atom ends at its share and began before it.
    for (const edge of [share, share - distribution.mass(landmark)]) broken.add(Math.floor(edge * CELLS));
  }
  let near = 0;
  const quantile = (p: number) => {
    const value = distribution.quantile(p, 1 - p, near);
    if (value < Number.POSITIVE_INFINITY) near = value;
    return value;
  };
  const cells = new Int32Array(2 * CELLS);
  let first = quantile(0);
  for (let cell = 0; cell < CELLS; cell++) {
    const middle = quantile((cell + 0.5) / CELLS);
    const last = quantile((cell + 1) / CELLS);
    const firstTick = Math.round(first * ticksPerUs);
    const width = Math.round(last * ticksPerUs) - firstTick;
    const isStraight =
      last * ticksPerUs < ticksLimit &&
      width < widthLimit &&
      (first === last ||
        (!broken.has(cell) && Math.abs((first + last) / 2 - middle) <= toleratedError * middle));
    cells[2 * cell] = isStraight ? firstTick : -1;
    cells[2 * cell + 1] = isStraight ? width : 0;
    first = last;
  }
  return { cells, fine, ticksPerUs };
}
