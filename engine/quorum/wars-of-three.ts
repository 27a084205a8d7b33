/**
 * Trials of three replicas, the case that everybody asks about, without a branch that depends on chance: what a processor
 * cannot foresee would cost it more than all the arithmetic of a trial.
 *
 * The generator of `kernel/random.ts` and the look-up of `delay-table.ts` stand here twelve times, because only local
 * variables stay in registers. A trial with a draw in a tail is left to `Wars`, which repeats its draws; a test holds both
 * to the same numbers.
 */

import { CELL_SHIFT, PLACE_BITS, PLACE_MASK, PLACE_SHIFT } from './delay-table.ts';
import type { WarsModel } from './wars.ts';

// Constants of this module: a test runner reads imported ones through an object, thirty-six times a trial.
const cellShift = CELL_SHIFT;
const placeBits = PLACE_BITS;
const placeMask = PLACE_MASK;
const placeShift = PLACE_SHIFT;

/** So many trials are drawn before they are counted; their numbers fit into a processor's nearest cache. */
export const BATCH = 512;

/** Three columns each of BATCH numbers, in ticks: for one, two, three answers. */
export interface ThreeBatch {
  readonly acknowledged: Int32Array;
  readonly answered: Int32Array;
  readonly lead: Int32Array;
  /** The generator's, four words. */
  readonly state: Int32Array;
  /** The generator's before each of the trials that were left out. */
  readonly tails: Int32Array;
}

export function threeBatch(): ThreeBatch {
  const columns = () => new Int32Array(3 * BATCH);
  return {
    acknowledged: columns(),
    answered: columns(),
    lead: columns(),
    state: new Int32Array(4),
    tails: new Int32Array(4 * BATCH),
  };
}

/** Draws so many trials, at most BATCH. Returns how many are in the columns; the others begin at a state in `tails`. */
export function drawThree(model: WarsModel, batch: ThreeBatch, trials: number): number {
  const writeCells = model.write.cells;
  const ackCells = model.ack.cells;
  const requestCells = model.request.cells;
  const responseCells = model.response.cells;
  const remoteTicks = model.remoteTicks;
  const { acknowledged, answered, lead, state, tails } = batch;
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let counter = state[3]!;
  let drawn = 0;
  let tailsEnd = 0;
  let out = 0;
  let at = 0;
  let first = 0;
  let difference = 0;
  let shift = 0;
  let isSwapped = 0;
  for (let trial = 0; trial < trials; trial++) {
    const aBefore = a;
    const bBefore = b;
    const cBefore = c;
    const counterBefore = counter;
    // Negative once any of the draws is in a tail.
    let firsts = 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = writeCells[at]!;
    firsts |= first;
    const write0 =
      (first + (Math.imul(writeCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = writeCells[at]!;
    firsts |= first;
    let write1 =
      (first + (Math.imul(writeCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = writeCells[at]!;
    firsts |= first;
    let write2 =
      (first + (Math.imul(writeCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = ackCells[at]!;
    firsts |= first;
    let acknowledged0 =
      (write0 + first + (Math.imul(ackCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = ackCells[at]!;
    firsts |= first;
    let acknowledged1 =
      (write1 + first + (Math.imul(ackCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = ackCells[at]!;
    firsts |= first;
    let acknowledged2 =
      (write2 + first + (Math.imul(ackCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = requestCells[at]!;
    firsts |= first;
    let request0 =
      (first + (Math.imul(requestCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = requestCells[at]!;
    firsts |= first;
    let request1 =
      (first + (Math.imul(requestCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = requestCells[at]!;
    firsts |= first;
    let request2 =
      (first + (Math.imul(requestCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) | 0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = responseCells[at]!;
    firsts |= first;
    let answered0 =
      (request0 +
        first +
        (Math.imul(responseCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) |
      0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = responseCells[at]!;
    firsts |= first;
    let answered1 =
      (request1 +
        first +
        (Math.imul(responseCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) |
      0;
    out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    at = (out >>> cellShift) << 1;
    first = responseCells[at]!;
    firsts |= first;
    let answered2 =
      (request2 +
        first +
        (Math.imul(responseCells[at + 1]!, (out >>> placeShift) & placeMask) >> placeBits)) |
      0;
    if (remoteTicks > 0) {
      out = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + out) | 0;
      // The write's local replica is the first; the read's is any.
      const local = Math.floor(((out >>> 0) * 3) / 0x1_0000_0000);
      write1 = (write1 + remoteTicks) | 0;
      write2 = (write2 + remoteTicks) | 0;
      acknowledged1 = (acknowledged1 + 2 * remoteTicks) | 0;
      acknowledged2 = (acknowledged2 + 2 * remoteTicks) | 0;
      const way0 = local === 0 ? 0 : remoteTicks;
      const way1 = local === 1 ? 0 : remoteTicks;
      const way2 = local === 2 ? 0 : remoteTicks;
      request0 = (request0 + way0) | 0;
      request1 = (request1 + way1) | 0;
      request2 = (request2 + way2) | 0;
      answered0 = (answered0 + 2 * way0) | 0;
      answered1 = (answered1 + 2 * way1) | 0;
      answered2 = (answered2 + 2 * way2) | 0;
    }
    if (firsts < 0) {
      tails[tailsEnd] = aBefore;
      tails[tailsEnd + 1] = bBefore;
      tails[tailsEnd + 2] = cBefore;
      tails[tailsEnd + 3] = counterBefore;
      tailsEnd += 4;
      continue;
    }
    // Sort by swapping neighbours; a difference shifted right by 31 is −1 where they must be swapped, and 0 elsewhere.
    difference = (acknowledged1 - acknowledged0) | 0;
    shift = difference & (difference >> 31);
    acknowledged0 = (acknowledged0 + shift) | 0;
    acknowledged1 = (acknowledged1 - shift) | 0;
    difference = (acknowledged2 - acknowledged1) | 0;
    shift = difference & (difference >> 31);
    acknowledged1 = (acknowledged1 + shift) | 0;
    acknowledged2 = (acknowledged2 - shift) | 0;
    difference = (acknowledged1 - acknowledged0) | 0;
    shift = difference & (difference >> 31);
    acknowledged0 = (acknowledged0 + shift) | 0;
    acknowledged1 = (acknowledged1 - shift) | 0;
    let lead0 = (write0 - request0) | 0;
    let lead1 = (write1 - request1) | 0;
    let lead2 = (write2 - request2) | 0;
    difference = (answered1 - answered0) | 0;
    isSwapped = difference >> 31;
    shift = difference & isSwapped;
    answered0 = (answered0 + shift) | 0;
    answered1 = (answered1 - shift) | 0;
    shift = (lead1 - lead0) & isSwapped;
    lead0 = (lead0 + shift) | 0;
    lead1 = (lead1 - shift) | 0;
    difference = (answered2 - answered1) | 0;
    isSwapped = difference >> 31;
    shift = difference & isSwapped;
    answered1 = (answered1 + shift) | 0;
    answered2 = (answered2 - shift) | 0;
    shift = (lead2 - lead1) & isSwapped;
    lead1 = (lead1 + shift) | 0;
    lead2 = (lead2 - shift) | 0;
    difference = (answered1 - answered0) | 0;
    isSwapped = difference >> 31;
    shift = difference & isSwapped;
    answered0 = (answered0 + shift) | 0;
    answered1 = (answered1 - shift) | 0;
    shift = (lead1 - lead0) & isSwapped;
    lead0 = (lead0 + shift) | 0;
    lead1 = (lead1 - shift) | 0;
    difference = (lead0 - lead1) | 0;
    lead1 = (lead1 + (difference & (difference >> 31))) | 0;
    difference = (lead1 - lead2) | 0;
    lead2 = (lead2 + (difference & (difference >> 31))) | 0;
    acknowledged[drawn] = acknowledged0;
    acknowledged[drawn + BATCH] = acknowledged1;
    acknowledged[drawn + 2 * BATCH] = acknowledged2;
    answered[drawn] = answered0;
    answered[drawn + BATCH] = answered1;
    answered[drawn + 2 * BATCH] = answered2;
    lead[drawn] = lead0;
    lead[drawn + BATCH] = lead1;
    lead[drawn + 2 * BATCH] = lead2;
    drawn++;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = counter;
  return drawn;
}
