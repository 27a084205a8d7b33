import { expect, test } from 'vitest';
import * as addWinsSet from './add-wins-set.ts';
import { encodedBytes, metadataBytes } from './encoded-size.ts';
import * as removeWinsSet from './remove-wins-set.ts';
import * as sequence from './sequence.ts';
import * as twoPhaseSet from './two-phase-set.ts';

test.each([
  ['small integers', [0, 63, -64], 4],
  ['larger ones', [64, -65, 8191], 7],
  ['the largest', Number.MAX_SAFE_INTEGER, 8],
  ['other numbers', 0.5, 8],
  ['text, in UTF-8', 'aé€🎈', 11],
  ['a record: its fields, and one byte for its type', { type: 'whatever', count: 1, text: 'a' }, 4],
  ['true and null', [true, null], 3],
])('%s', (_, value, bytes) => {
  expect(encodedBytes(value)).toBe(bytes);
});

/** Rounds in which ten new elements are added, and then removed. */
const rounds = 20;
const added = Array.from({ length: rounds }, (_, round) =>
  Array.from({ length: 10 }, (_, index) => `item ${100 + round * 10 + index}`),
);

function churn<State>(
  type: {
    readonly empty: State;
    join(one: State, other: State): State;
    read(state: State): unknown;
  },
  add: (state: State, element: string) => State,
  remove: (state: State, element: string) => State,
): number[] {
  let state = type.empty;
  return added.map((elements) => {
    for (const element of elements) state = type.join(state, add(state, element));
    for (const element of elements) state = type.join(state, remove(state, element));
    return metadataBytes(state, type.read(state));
  });
}

test('removed elements: tombstones grow with every one, a causal context does not', () => {
  const tombstones = churn(twoPhaseSet, twoPhaseSet.add, (_, element) => twoPhaseSet.remove(element));
  const context = churn(addWinsSet, (set, element) => addWinsSet.add(set, 'a', element), addWinsSet.remove);
  const marks = churn(
    removeWinsSet,
    (set, element) => removeWinsSet.add(set, 'a', element),
    (set, element) => removeWinsSet.remove(set, 'a', element),
  );
  // "item 100" takes nine bytes, ten of them a round; the lists' own lengths come to a byte or two.
  expect(tombstones[0]).toBe(91);
  expect(tombstones.at(-1)).toBe(1 + rounds * 90 + 1);
  // One replica's counter: an id of two bytes, and a varint that grows from one byte to two.
  expect(context[0]).toBe(context.at(-1)! - 1);
  expect(context.at(-1)).toBeLessThan(12);
  // A removal that is to win has to be remembered.
  expect(marks.at(-1)).toBeGreaterThan(tombstones.at(-1)!);
});

test('a gap keeps dots apart, and closing it makes them one number again', () => {
  const elements = Array.from({ length: 50 }, (_, index) => index);
  let set = addWinsSet.empty;
  const deltas = elements.map((element) => {
    const delta = addWinsSet.add(set, 'a', element);
    set = addWinsSet.join(set, delta);
    return delta;
  });
  const late = deltas.slice(1).reduce(addWinsSet.join);
  expect(late.context.cloud).toHaveLength(49);
  const whole = addWinsSet.join(late, deltas[0]!);
  expect(whole.context).toEqual({ vector: [['a', 50]], cloud: [] });
  expect(encodedBytes(whole)).toBeLessThan(encodedBytes(late) - 49 * 3);
  // A delta is as small as its change, however large the set.
  expect(encodedBytes(deltas.at(-1))).toBe(encodedBytes(deltas[0]));
});

test('a sequence keeps the place of what was removed, and not its value', () => {
  const text = sequence.insertText(sequence.empty, 'a', 0, 'collaboration');
  const erased = sequence.join(text, sequence.remove(text, 0, 13));
  expect(sequence.textOf(erased)).toBe('');
  expect(encodedBytes(text) - encodedBytes(erased)).toBe(13 * 2);
});
