/**
 * A register in which the newest timestamp wins, and every other write is silently lost. Equal timestamps are decided by
 * the replica's id and, should even that be the same, by the value: otherwise two replicas would each keep their own.
 *
 * Source: Shapiro et al. 2011, 3.2.1.
 */

import { plainKey } from '../kernel/plain.ts';
import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { compareAtoms } from './sorted.ts';

/** Values are plain data; null before the first write. */
export type LwwRegister<Value> = {
  readonly timestamp: number;
  readonly replica: Id;
  readonly value: Value;
} | null;

export const empty: LwwRegister<never> = null;

export function join<Value>(one: LwwRegister<Value>, other: LwwRegister<Value>): LwwRegister<Value> {
  if (one === null || other === null) return one ?? other;
  const order =
    one.timestamp - other.timestamp ||
    compareAtoms(one.replica, other.replica) ||
    compareAtoms(plainKey(one.value), plainKey(other.value));
  return order >= 0 ? one : other;
}

/** The value; undefined before the first write. */
export function read<Value>(register: LwwRegister<Value>): Value | undefined {
  return register?.value;
}

/** The delta that writes a value: it wins or loses where it is joined. Throws RangeError for a timestamp that has no order. */
export function write<Value>(timestamp: number, replica: Id, value: Value): LwwRegister<Value> {
  return { timestamp: checkedTimestamp(timestamp), replica, value };
}

/** A timestamp, any finite number. */
export function checkedTimestamp(timestamp: number): number {
  if (Number.isFinite(timestamp)) return timestamp === 0 ? 0 : timestamp;
  throw new RangeError(`timestamp is ${timestamp}, expected a finite number`);
}
