/**
 * The sequence against an algorithm of another make: a flat list into which each element is put where it belongs, as
 * YjsMod does it, which orders as FugueMax. And what the paper promises of it: no interleaving.
 *
 * Sources: Weidner and Kleppmann (arXiv 2305.00583), definition 4 and theorem 5; Gentle,
 * https://github.com/josephg/reference-crdts, from whose description the oracle below was written.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import * as sequence from './sequence.ts';
import { replicas } from './subjects.test-support.ts';

interface Item {
  readonly id: string;
  readonly value: string;
  /** Ids of the items beside it when it was typed, removed ones among them; null is the start, or the end. */
  readonly left: string | null;
  readonly right: string | null;
}

/** The oracle: puts an item into a list that holds all it was typed after. */
function integrate(list: readonly Item[], item: Item): Item[] {
  const indexOf = (id: string | null, otherwise: number) =>
    id === null ? otherwise : list.findIndex((each) => each.id === id);
  const left = indexOf(item.left, -1);
  const right = indexOf(item.right, list.length);
  let place = left + 1;
  let isLooking = false;
  for (let at = place; ; at++) {
    if (!isLooking) place = at;
    if (at === right || at === list.length) break;
    const other = list[at]!;
    const otherLeft = indexOf(other.left, -1);
    const otherRight = indexOf(other.right, list.length);
    if (otherLeft < left) break;
    if (otherLeft > left) continue;
    if (otherRight === right && item.id < other.id) break;
    isLooking = otherRight < right;
  }
  return list.toSpliced(place, 0, item);
}

/** One replica twice over: as it is, and as the oracle has it. */
interface Editor {
  text: sequence.Sequence<string>;
  items: readonly Item[];
  removed: ReadonlySet<string>;
}

const start = (): Editor => ({ text: sequence.empty, items: [], removed: new Set() });

const visibleOf = ({ items, removed }: Editor): Item[] => items.filter(({ id }) => !removed.has(id));

function type(editor: Editor, replica: string, index: number, value: string): void {
  const { items } = editor;
  const left = index === 0 ? null : visibleOf(editor)[index - 1]!;
  const right = items[left === null ? 0 : items.indexOf(left) + 1] ?? null;
  const count = items.filter(({ id }) => id.startsWith(replica)).length + 1;
  const id = `${replica}${String(count).padStart(3, '0')}`;
  editor.items = integrate(items, { id, value, left: left?.id ?? null, right: right?.id ?? null });
  editor.text = sequence.join(editor.text, sequence.insert(editor.text, replica, index, [value]));
}

function erase(editor: Editor, index: number): void {
  editor.removed = new Set([...editor.removed, visibleOf(editor)[index]!.id]);
  editor.text = sequence.join(editor.text, sequence.remove(editor.text, index));
}

function receive(editor: Editor, from: Editor): void {
  editor.text = sequence.join(editor.text, from.text);
  editor.removed = new Set([...editor.removed, ...from.removed]);
  // In an order in which nothing comes before what it was typed after.
  for (let missing = from.items; missing.length > 0; ) {
    const has = (id: string | null) => id === null || editor.items.some((item) => item.id === id);
    missing = missing.filter((item) => !has(item.id));
    const next = missing.find(({ left, right }) => has(left) && has(right));
    if (next !== undefined) editor.items = integrate(editor.items, next);
  }
}

interface Edit {
  readonly replica: number;
  readonly action: number;
  readonly place: number;
  readonly other: number;
}

const edits = fc.array(
  fc.record({ replica: fc.nat(2), action: fc.nat(9), place: fc.nat(), other: fc.nat(2) }),
  { minLength: 4, maxLength: 30 },
) as fc.Arbitrary<Edit[]>;

function perform(editors: readonly Editor[], { replica, action, place, other }: Edit, value: string): void {
  const editor = editors[replica]!;
  const { length } = visibleOf(editor);
  if (action < 6) type(editor, replicas[replica]!, place % (length + 1), value);
  else if (action < 8 && length > 0) erase(editor, place % length);
  else receive(editor, editors[other]!);
}

test('random edits: every replica shows what the list algorithm shows, and in the end all the same', () => {
  fc.assert(
    fc.property(edits, (steps) => {
      const editors = [start(), start(), start()];
      for (const [at, edit] of steps.entries()) {
        perform(editors, edit, String.fromCharCode(97 + (at % 26)));
        const editor = editors[edit.replica]!;
        expect(sequence.read(editor.text)).toEqual(visibleOf(editor).map(({ value }) => value));
      }
      for (const to of [...editors, ...editors]) for (const from of editors) receive(to, from);
      for (const editor of editors) {
        expect(sequence.read(editor.text)).toEqual(visibleOf(editor).map(({ value }) => value));
        expect(editor.text).toEqual(editors[0]!.text);
      }
    }),
    { numRuns: runsOf({ full: 4000, reduced: 400 }) },
  );
});

test('the oracle is of use: without its look at right origins it orders otherwise', () => {
  const differs = fc.check(
    fc.property(edits, (steps) => {
      const editors = [start(), start(), start()];
      for (const [at, edit] of steps.entries()) perform(editors, edit, String(at));
      for (const to of [...editors, ...editors]) for (const from of editors) receive(to, from);
      // The same tree, read with the ids alone: Fugue without Max.
      const plain = editors[0]!.text.map(
        ([dot, element]) => [dot, { ...element, rightOrigin: null }] as const,
      );
      return sequence.read(plain).join() === sequence.read(editors[0]!.text).join();
    }),
    { numRuns: 2000 },
  );
  expect(differs.failed).toBe(true);
});

/** What somebody types at one place of a text they all begin with, each character beside the ones before it. */
function typeRun(editor: Editor, replica: string, index: number, places: readonly number[]): void {
  for (const [length, place] of places.entries())
    type(editor, replica, index + (place % (length + 1)), `${replica}${length} `);
}

describe('what is typed at one place at the same time stays in one piece', () => {
  const forwards = Array.from({ length: 5 }, (_, length) => length);
  const backwards = [0, 0, 0, 0, 0];

  test.each([
    ['both forwards', forwards, forwards],
    ['both backwards', backwards, backwards],
    ['one each way', forwards, backwards],
  ])('%s', (_, mine, theirs) => {
    const [alice, bob] = [start(), start()];
    typeRun(alice, 'a', 0, mine);
    typeRun(bob, 'b', 0, theirs);
    const [a, b] = [alice, bob].map(({ text }) => sequence.textOf(text)) as [string, string];
    receive(alice, bob);
    expect(sequence.textOf(alice.text)).toBe(a + b);
  });

  test('in whatever order each of three types, anywhere in a text', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.tuple(...[0, 1, 2].map(() => fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }))),
        (index, runs) => {
          const first = start();
          for (let at = 0; at < 4; at++) type(first, 'a', at, `${at}`);
          const editors = replicas.map(() => {
            const editor = start();
            receive(editor, first);
            return editor;
          });
          const typed = runs.map((places, at) => {
            typeRun(editors[at]!, replicas[at]!, index, places);
            return visibleOf(editors[at]!)
              .slice(index, index + places.length)
              .map(({ value }) => value)
              .join('');
          });
          for (const from of editors) receive(editors[0]!, from);
          const text = sequence.textOf(editors[0]!.text);
          for (const run of typed) expect(text).toContain(run);
        },
      ),
      { numRuns: runsOf({ full: 2000, reduced: 150 }) },
    );
  });
});

test('the list is a walk over the tree of left origins: each element, then those typed after it', () => {
  fc.assert(
    fc.property(edits, (steps) => {
      const editors = [start(), start(), start()];
      for (const [at, edit] of steps.entries())
        perform(editors, { ...edit, action: edit.action === 7 ? 0 : edit.action }, `${at}`);
      for (const to of [...editors, ...editors]) for (const from of editors) receive(to, from);
      const { items } = editors[0]!;
      const parentOf = new Map(items.map(({ id, left }) => [id, left]));
      const isAfter = (id: string | null, ancestor: string | null): boolean =>
        id === ancestor || (id !== null && isAfter(parentOf.get(id)!, ancestor));
      for (const [at, { left }] of items.entries()) {
        const origin = items.findIndex(({ id }) => id === left);
        expect(origin).toBeLessThan(at);
        for (const between of items.slice(origin + 1, at)) expect(isAfter(between.id, left)).toBe(true);
      }
    }),
    { numRuns: runsOf({ full: 2000, reduced: 100 }) },
  );
});

test('an element whose parent has not arrived is not shown until it does', () => {
  const first = sequence.insertText(sequence.empty, 'a', 0, 'H');
  const second = sequence.insertText(first, 'a', 1, 'i');
  expect(sequence.textOf(second)).toBe('');
  expect(sequence.textOf(sequence.join(second, first))).toBe('Hi');
});

test('characters are code points; outside is refused; a long text does not overflow the stack', () => {
  expect(sequence.read(sequence.insertText(sequence.empty, 'a', 0, 'é🎈'))).toEqual(['é', '🎈']);
  for (const index of [-1, 1, 0.5])
    expect(() => sequence.insertText(sequence.empty, 'a', index, 'x')).toThrow(RangeError);
  expect(() => sequence.remove(sequence.empty, 0)).toThrow(RangeError);
  // As it would have been typed character by character.
  const deep = Array.from({ length: 20_000 }, (_, at) => {
    const parent = at === 0 ? null : (['a', at] as const);
    return [['a', at + 1], { parent, side: 'right', rightOrigin: null, content: ['x'] }] as const;
  });
  expect(sequence.read(deep)).toHaveLength(20_000);
});
