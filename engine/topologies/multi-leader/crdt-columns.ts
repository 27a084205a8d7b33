/**
 * Columns that hold a conflict-free replicated type: what a write does to one, and what two leaders make of theirs, is the
 * type's own (`engine/crdt/`). A state never changes, and equal states have one number; so have the deltas that writes
 * carry. So cells and messages hold integers, and node states stay plain.
 *
 * ```ts
 * const carts = crdtStates('add-wins-set');
 * const milk = carts.write(0, { leader: 0, number: 7, takesOut: false, by: 1, stampUs: 0 }); // puts in item 7
 * const without = carts.join(milk, carts.write(milk, { leader: 1, number: 8, takesOut: true, by: 1, stampUs: 0 }));
 * carts.read(carts.join(without, milk)); // 0: nothing; a union would have brought item 7 back
 * ```
 *
 * Numbers are given in the order in which states are made, and never taken back: memory grows with the writes of a run.
 */

import * as addWinsSet from '../../crdt/add-wins-set.ts';
import { encodedBytes, metadataBytes } from '../../crdt/encoded-size.ts';
import * as gCounter from '../../crdt/g-counter.ts';
import * as lwwRegister from '../../crdt/lww-register.ts';
import * as multiValueRegister from '../../crdt/multi-value-register.ts';
import * as pnCounter from '../../crdt/pn-counter.ts';
import * as removeWinsSet from '../../crdt/remove-wins-set.ts';
import { plainKey } from '../../kernel/plain.ts';
import type { CrdtName } from './resolvers.ts';

/** The number of the state before any write. */
const NO_STATE = 0;

/** How many different items a cart may hold: a bit each. */
const items = 31;

/** The item that a write puts into a cart. */
export function itemOf(number: number): number {
  return number % items;
}

/** What a leader's write does. */
export interface CrdtWrite {
  /** Counted from 0. */
  readonly leader: number;
  /** The write's own. Registers hold it; a set is given the item of that number (`itemOf`). */
  readonly number: number;
  /** Of a set the lowest item, if it has one; a counter counts down. */
  readonly takesOut: boolean;
  /** How much a counter counts. */
  readonly by: number;
  readonly stampUs: number;
}

/** States of one type, by number. */
export interface CrdtStates {
  /** The delta of a write at a leader that has this state. */
  write(state: number, write: CrdtWrite): number;
  join(one: number, other: number): number;
  /** A counter's count, a set's items, a bit each, the number of the write that a register shows; 0 for nothing. */
  read(state: number): number;
  /** As the type reads it. */
  valuesOf(state: number): unknown;
  /** How many values a register holds side by side; 1 of anything else that is not empty. */
  siblingsIn(state: number): number;
  /** The state itself, plain data, and its bytes; those beyond what its values take (`encoded-size.ts`). */
  stateOf(state: number): unknown;
  bytes(state: number): number;
  metadataBytes(state: number): number;
}

interface CrdtType<State> {
  readonly empty: State;
  join(one: State, other: State): State;
  write(state: State, write: CrdtWrite): State;
  valuesOf(state: State): unknown;
  read(state: State): number;
  siblingsIn?(state: State): number;
}

export function crdtStates(name: CrdtName): CrdtStates {
  switch (name) {
    case 'g-counter':
      return numbered({
        empty: gCounter.empty,
        join: gCounter.join,
        write: (counter, { leader, by }) => gCounter.increment(counter, leader, by),
        valuesOf: gCounter.read,
        read: gCounter.read,
      });
    case 'pn-counter':
      return numbered<pnCounter.PnCounter>({
        empty: pnCounter.empty,
        join: pnCounter.join,
        write: (counter, { leader, takesOut, by }) =>
          takesOut ? pnCounter.decrement(counter, leader, by) : pnCounter.increment(counter, leader, by),
        valuesOf: pnCounter.read,
        read: pnCounter.read,
      });
    case 'add-wins-set':
      return numbered<addWinsSet.AddWinsSet>({
        ...setOf(addWinsSet),
        write(set, { leader, number, takesOut }) {
          const [lowest] = addWinsSet.read(set);
          return takesOut && lowest !== undefined
            ? addWinsSet.remove(set, lowest)
            : addWinsSet.add(set, leader, itemOf(number));
        },
      });
    case 'remove-wins-set':
      return numbered<removeWinsSet.RemoveWinsSet>({
        ...setOf(removeWinsSet),
        write(set, { leader, number, takesOut }) {
          const [lowest] = removeWinsSet.read(set);
          return takesOut && lowest !== undefined
            ? removeWinsSet.remove(set, leader, lowest)
            : removeWinsSet.add(set, leader, itemOf(number));
        },
      });
    case 'lww-register':
      return numbered<lwwRegister.LwwRegister<number>>({
        empty: lwwRegister.empty,
        join: lwwRegister.join,
        write: (_, { leader, number, stampUs }) => lwwRegister.write(stampUs, leader, number),
        valuesOf: (register) => lwwRegister.read(register) ?? null,
        read: (register) => lwwRegister.read(register) ?? 0,
      });
    case 'mv-register':
      return numbered<multiValueRegister.MultiValueRegister<number>>({
        empty: multiValueRegister.empty,
        join: multiValueRegister.join,
        write: (register, { leader, number }) => multiValueRegister.write(register, leader, number),
        valuesOf: multiValueRegister.read,
        read: (register) => multiValueRegister.read(register)[0] ?? 0,
        siblingsIn: (register) => multiValueRegister.read(register).length,
      });
  }
}

function setOf<State>({
  empty,
  join,
  read,
}: {
  readonly empty: State;
  join(one: State, other: State): State;
  read(set: State): readonly (number | string)[];
}): Omit<CrdtType<State>, 'write'> {
  return {
    empty,
    join,
    valuesOf: read,
    read: (set) => read(set).reduce<number>((mask, item) => mask | (1 << (item as number)), 0),
  };
}

function numbered<State>(type: CrdtType<State>): CrdtStates {
  const states: State[] = [type.empty];
  const numbers = new Map<string, number>([[plainKey(type.empty), NO_STATE]]);

  function numberOf(state: State): number {
    const key = plainKey(state);
    let number = numbers.get(key);
    if (number === undefined) {
      number = states.push(state) - 1;
      numbers.set(key, number);
    }
    return number;
  }

  return {
    write: (state, write) => numberOf(type.write(states[state]!, write)),
    join: (one, other) => (one === other ? one : numberOf(type.join(states[one]!, states[other]!))),
    read: (state) => type.read(states[state]!),
    valuesOf: (state) => type.valuesOf(states[state]!),
    siblingsIn: (state) => type.siblingsIn?.(states[state]!) ?? Math.min(state, 1),
    stateOf: (state) => states[state],
    bytes: (state) => encodedBytes(states[state]),
    metadataBytes: (state) => metadataBytes(states[state], type.valuesOf(states[state]!)),
  };
}
