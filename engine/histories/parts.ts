import { type History, OUTCOME_FAIL, OUTCOME_INFO } from './history.ts';
import type { SequentialModel } from './model.ts';

/** The operations of one key that a verdict depends on, as numbers of the history, in its order. */
export interface Part {
  readonly key: number;
  readonly operations: Int32Array;
}

/**
 * Parts by key, those with fewest operations first. A history is linearizable if and only if each of its objects' is
 * (Herlihy and Wing 1990, locality). What did not happen is left out, and reads of which nobody knows whether they did.
 */
export function partsOf(history: History, model: SequentialModel): Part[] {
  const { size, key, kind, outcome } = history;
  const isRead = Uint8Array.from(history.kinds, (name) =>
    model.observes?.({ kind: name }) === true ? 1 : 0,
  );
  const ends = new Int32Array(history.keys.length + 1);
  const counted = new Int32Array(size);
  let length = 0;
  for (let index = 0; index < size; index++) {
    if (outcome[index] === OUTCOME_FAIL) continue;
    if (outcome[index] === OUTCOME_INFO && isRead[kind[index]!] === 1) continue;
    counted[length++] = index;
  }
  if (history.keys.length === 1)
    return length === 0 ? [] : [{ key: 0, operations: counted.subarray(0, length) }];
  for (let at = 0; at < length; at++) ends[key[counted[at]!]! + 1]! += 1;
  for (let at = 1; at < ends.length; at++) ends[at]! += ends[at - 1]!;
  const sorted = new Int32Array(length);
  const next = ends.slice();
  for (let at = 0; at < length; at++) sorted[next[key[counted[at]!]!]!++] = counted[at]!;
  return history.keys
    .map((_, number) => ({ key: number, operations: sorted.subarray(ends[number]!, ends[number + 1]!) }))
    .filter(({ operations }) => operations.length > 0)
    .sort((a, b) => a.operations.length - b.operations.length || a.key - b.key);
}

/** Numbers in the order of their times, and of themselves where times are equal. `times` is by number. */
export function sortedBy(numbers: Int32Array, times: Float64Array): Int32Array {
  for (let at = 1; at < numbers.length; at++) {
    if (times[numbers[at]!]! < times[numbers[at - 1]!]!)
      return numbers.slice().sort((a, b) => times[a]! - times[b]! || a - b);
  }
  return numbers;
}
