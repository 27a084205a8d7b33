/**
 * UUIDv7: ids that nobody coordinates and that sort by time: 48 bits of milliseconds, a counter of 12 bits so that ids of one
 * millisecond stay in order, 62 random bits.
 *
 * The counter begins each millisecond at random below 2,048, so that it can rise as often again at least. Should it overflow,
 * or the clock go back, the time in the id stays ahead of the clock.
 *
 * Source: RFC 9562, 5.7 and 6.2, methods 1 ("fixed bit-length dedicated counter").
 */

import { expm1 } from '../kernel/exact-math.ts';
import type { Stream } from '../kernel/random.ts';

export interface UuidState {
  /** The millisecond of the last id; −1 before the first. */
  readonly unixMs: number;
  readonly counter: number;
}

export const noUuidYet: UuidState = { unixMs: -1, counter: 0 };

/** What the random bits of an id beside its counter may be. */
const RANDOM_VALUES = 2 ** 62;
const COUNTER_VALUES = 4096;

/** The next id of a generator whose clock shows so many whole milliseconds, 0 … 2^48 − 1. Draws from `chance`. */
export function nextUuid(
  state: UuidState,
  unixMs: number,
  chance: Stream,
): { readonly id: string; readonly state: UuidState } {
  const next = nextTick(state, unixMs, chance);
  const variant = 0x8000_0000 + (chance.next() >>> 2);
  const digits =
    hex(next.unixMs, 12) + hex(0x7000 + next.counter, 4) + hex(variant, 8) + hex(chance.next() >>> 0, 8);
  const id = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ];
  return { id: id.join('-'), state: next };
}

/**
 * The probability that two of so many ids are the same, were all of them given in one millisecond and with one counter
 * value, which is the worst case: 1 − e^(−n (n − 1) / 2^63), the birthday bound over 62 random bits.
 */
export function uuidCollisionChance(ids: number): number {
  return -expm1((-ids * (ids - 1)) / 2 / RANDOM_VALUES);
}

function nextTick({ unixMs, counter }: UuidState, nowMs: number, chance: Stream): UuidState {
  if (nowMs > unixMs) return { unixMs: nowMs, counter: chance.below(COUNTER_VALUES / 2) };
  if (counter + 1 < COUNTER_VALUES) return { unixMs, counter: counter + 1 };
  return { unixMs: unixMs + 1, counter: chance.below(COUNTER_VALUES / 2) };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
