/** Any strings and numbers, in one order, as elements of every set. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as addWinsSet from './add-wins-set.ts';
import { type Atom, compareAtoms, holds, kept, mergeTables, union, valueAt, without } from './sorted.ts';

const odd: readonly Atom[] = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  0.1,
  2 ** 53,
  '',
  '0',
  'NaN',
  '__proto__',
  'é',
  '🎈',
];
const atoms = fc.oneof(fc.constantFrom(...odd), fc.double(), fc.string({ unit: 'binary', maxLength: 3 }));

/** As the list keeps them: a Set tells 1 from "1" as well, and 0 and −0 are one to it too. */
const setOf = (elements: readonly Atom[]): readonly Atom[] =>
  [...new Set(elements.map(kept))].sort(compareAtoms);

test('the order is total, whatever the atoms', () => {
  fc.assert(
    fc.property(atoms, atoms, atoms, (a, b, c) => {
      expect(compareAtoms(a, a)).toBe(0);
      expect(Math.sign(compareAtoms(a, b)) + Math.sign(compareAtoms(b, a))).toBe(0);
      if (compareAtoms(a, b) <= 0 && compareAtoms(b, c) <= 0)
        expect(compareAtoms(a, c)).toBeLessThanOrEqual(0);
      expect(compareAtoms(a, b) === 0).toBe(Object.is(kept(a), kept(b)));
    }),
    { numRuns: 2000 },
  );
});

test('lists do what sets do', () => {
  fc.assert(
    fc.property(fc.array(atoms), fc.array(atoms), atoms, (some, others, one) => {
      const [left, right] = [setOf(some), setOf(others)];
      expect(union(left, right, compareAtoms)).toEqual(setOf([...some, ...others]));
      expect(without(left, right, compareAtoms)).toEqual(left.filter((each) => !new Set(right).has(each)));
      expect(holds(left, kept(one), compareAtoms)).toBe(new Set(left).has(kept(one)));
    }),
  );
});

test('tables do what maps do', () => {
  const tables = fc.uniqueArray(fc.tuple(atoms.map(kept), fc.nat()), { selector: ([key]) => key });
  fc.assert(
    fc.property(tables, tables, (some, others) => {
      const sorted = (entries: readonly (readonly [Atom, number])[]) =>
        entries.toSorted(([one], [other]) => compareAtoms(one, other));
      // Sums, of which the even ones are left out.
      const merged = mergeTables(sorted(some), sorted(others), compareAtoms, (mine = 0, theirs = 0) =>
        (mine + theirs) % 2 === 0 ? undefined : mine + theirs,
      );
      const sums = new Map(some);
      for (const [key, value] of others) sums.set(key, (sums.get(key) ?? 0) + value);
      expect(merged).toEqual(sorted([...sums].filter(([, value]) => value % 2 === 1)));
      for (const [key, value] of merged) expect(valueAt(merged, key, compareAtoms)).toBe(value);
    }),
  );
});

test('any of them is an element: added on one side, removed on the other', () => {
  fc.assert(
    fc.property(fc.array(atoms), atoms, (elements, one) => {
      let set = addWinsSet.empty;
      for (const element of elements) set = addWinsSet.join(set, addWinsSet.add(set, 'x', element));
      expect(addWinsSet.read(set)).toEqual(setOf(elements));
      const other = addWinsSet.join(set, addWinsSet.add(set, 'y', one));
      expect(addWinsSet.has(other, one)).toBe(true);
      const removed = addWinsSet.join(other, addWinsSet.remove(other, one));
      expect(addWinsSet.read(removed)).toEqual(setOf(elements).filter((each) => !Object.is(each, kept(one))));
      expect(addWinsSet.read(addWinsSet.join(other, removed))).toEqual(addWinsSet.read(removed));
    }),
  );
});
