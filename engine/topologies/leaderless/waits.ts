/**
 * One timer of an operation's chart, for all operations of a coordinator: all wait equally long, so that they end in the
 * order in which they began, and one timer of the node, set for the oldest, does for thousands.
 */

import type { Out } from '../../kernel/protocol.ts';
import { find, type Pool, TIMERS } from './pool.ts';

/** A ring of operations that wait, and when each began to. An operation waits on one at most once. */
export interface Waits {
  /** The node's timer, and the bit in an operation's TIMERS. */
  readonly slot: number;
  readonly bit: number;
  serials: Int32Array;
  sinceUs: Float64Array;
  first: number;
  count: number;
}

export function newWaits(slot: number, bit: number): Waits {
  return { slot, bit, serials: new Int32Array(4), sinceUs: new Float64Array(4), first: 0, count: 0 };
}

export function wait(waits: Waits, pool: Pool, at: number, delayUs: number, out: Out): void {
  if (waits.count === waits.serials.length) {
    forgetEnded(waits, pool);
    if (waits.count > waits.serials.length / 2) widen(waits);
  }
  const index = (waits.first + waits.count) & (waits.serials.length - 1);
  waits.serials[index] = pool.words[at]!;
  waits.sinceUs[index] = out.nowUs;
  pool.words[at + TIMERS]! |= waits.bit;
  if (waits.count++ === 0) out.startTimer(waits.slot, delayUs);
}

/** Where the operation is whose wait is over now: the first that still waits. −1 for none; call until there is none. */
export function takeDue(waits: Waits, pool: Pool, delayUs: number, isFirst: boolean, out: Out): number {
  while (waits.count > 0) {
    const at = find(pool, waits.serials[waits.first]!);
    const waitsStill = at >= 0 && (pool.words[at + TIMERS]! & waits.bit) !== 0;
    if (waitsStill && !isFirst) {
      const leftUs = delayUs - out.elapsedUs(waits.sinceUs[waits.first]!);
      if (leftUs > 0) {
        out.startTimer(waits.slot, leftUs);
        return -1;
      }
    }
    takeFirst(waits);
    if (waitsStill) return at;
    isFirst = false;
  }
  return -1;
}

function takeFirst(waits: Waits): void {
  waits.serials[waits.first] = 0;
  waits.sinceUs[waits.first] = 0;
  waits.first = (waits.first + 1) & (waits.serials.length - 1);
  waits.count--;
}

export function forgetWaits(waits: Waits): void {
  while (waits.count > 0) takeFirst(waits);
}

/** Operations that wait no more make room; the first stays, for the timer is set for it. */
function forgetEnded(waits: Waits, pool: Pool): void {
  const { serials, sinceUs, first } = waits;
  let kept = 0;
  for (let index = 0; index < waits.count; index++) {
    const from = (first + index) & (serials.length - 1);
    const at = find(pool, serials[from]!);
    if (index > 0 && (at < 0 || (pool.words[at + TIMERS]! & waits.bit) === 0)) continue;
    const to = (first + kept++) & (serials.length - 1);
    serials[to] = serials[from]!;
    sinceUs[to] = sinceUs[from]!;
  }
  for (; waits.count > kept; waits.count--) {
    const last = (first + waits.count - 1) & (serials.length - 1);
    serials[last] = sinceUs[last] = 0;
  }
}

function widen(waits: Waits): void {
  const { serials, sinceUs, first, count } = waits;
  const length = serials.length * 2;
  const widerSerials = new Int32Array(length);
  const widerSince = new Float64Array(length);
  for (let index = 0; index < count; index++) {
    const from = (first + index) & (serials.length - 1);
    widerSerials[index] = serials[from]!;
    widerSince[index] = sinceUs[from]!;
  }
  waits.serials = widerSerials;
  waits.sinceUs = widerSince;
  waits.first = 0;
}
