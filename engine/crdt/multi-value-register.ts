/**
 * A register that keeps every value nobody has overwritten: one, or several that were written at the same time. Whoever
 * writes next, having read them, replaces them all. (Amazon's cart kept carts so, and a union of two brings back what
 * one of them had removed.)
 *
 * Source: Shapiro et al. 2011, 3.2.2.
 */

import { plainKey } from '../kernel/plain.ts';
import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { contextOf, nextDot } from './causal-context.ts';
import {
  type Causal,
  type DotValues,
  dotsIn,
  initial,
  joinCausal,
  noValues,
  removalOfAll,
} from './dot-store.ts';

/** Values are plain data. */
export type MultiValueRegister<Value> = Causal<DotValues<Value>>;

export const empty: MultiValueRegister<never> = initial(noValues);

export const join: <Value>(
  one: MultiValueRegister<Value>,
  other: MultiValueRegister<Value>,
) => MultiValueRegister<Value> = joinCausal;

/** The values, each once, in the order of the events that wrote them. */
export function read<Value>({ store }: MultiValueRegister<Value>): Value[] {
  const distinct = new Map(store.values.map(([, value]) => [plainKey(value), value]));
  return [...distinct.values()];
}

/** The delta that writes a value at a replica, over all that it has seen. */
export function write<Value>(
  register: MultiValueRegister<Value>,
  replica: Id,
  value: Value,
): MultiValueRegister<Value> {
  const dot = nextDot(register.context, replica);
  return {
    store: { type: 'values', values: [[dot, value]] },
    context: contextOf([...dotsIn(register.store), dot]),
  };
}

export function clear<Value>(register: MultiValueRegister<Value>): MultiValueRegister<Value> {
  return removalOfAll(register, noValues);
}
