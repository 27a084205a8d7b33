// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: published values, digit for digit.
/**
 * Published runs, as data. Sources: delta-tests.cc of https://github.com/CBaquero/delta-enabled-crdts at cdbb909a, compiled
 * and run; Shapiro et al. 2011 by way of https://github.com/pfrazee/crdt_notes; the shopping cart of Kleppmann, "Designing
 * Data-Intensive Applications" (2017), figure 5-13.
 */
import { describe, expect, test } from 'vitest';
import * as addWinsSet from './add-wins-set.ts';
import * as boundedCounter from './bounded-counter.ts';
import * as causalCounter from './causal-counter.ts';
import * as flag from './flag.ts';
import * as gCounter from './g-counter.ts';
import * as gSet from './g-set.ts';
import * as lexicographicCounter from './lexicographic-counter.ts';
import * as lwwElementSet from './lww-element-set.ts';
import * as lwwRegister from './lww-register.ts';
import * as multiValueRegister from './multi-value-register.ts';
import * as orMap from './or-map.ts';
import { joinLexicographic, joinPairwise } from './pair.ts';
import * as pnCounter from './pn-counter.ts';
import * as pnSet from './pn-set.ts';
import * as removeWinsSet from './remove-wins-set.ts';
import * as resetWinsCounter from './reset-wins-counter.ts';
import type { Atom } from './sorted.ts';
import * as twoPhaseSet from './two-phase-set.ts';

/** A state after changes, each given as what makes its delta. */
function made<State>(
  { join, empty }: { join(one: State, other: State): State; empty: State },
  ...changes: ((state: State) => State | null)[]
): State {
  return changes.reduce((state, change) => join(state, change(state) ?? empty), empty);
}

describe('G-Counter', () => {
  const inc =
    (replica: string, by = 1) =>
    (state: gCounter.GCounter) =>
      gCounter.increment(state, replica, by);

  test('x counts 1 and 4, y 1 and 1: {x: 5, y: 2} = 7', () => {
    const joined = gCounter.join(made(gCounter, inc('x'), inc('x', 4)), made(gCounter, inc('y'), inc('y')));
    expect(joined).toEqual([
      ['x', 5],
      ['y', 2],
    ]);
    expect(gCounter.read(joined)).toBe(7);
  });

  test('z joins both = 4; then x, z count 2, and z joins x twice = 8', () => {
    const x = made(gCounter, inc('x'), inc('x'));
    const y = made(gCounter, inc('y', 2));
    let z = gCounter.join(gCounter.join(gCounter.empty, x), y);
    expect(gCounter.read(z)).toBe(4);
    const later = gCounter.join(x, gCounter.increment(x, 'x', 2));
    z = gCounter.join(z, gCounter.increment(z, 'z', 2));
    z = gCounter.join(gCounter.join(z, later), later);
    expect(z).toEqual([
      ['x', 4],
      ['y', 2],
      ['z', 2],
    ]);
    expect(gCounter.read(z)).toBe(8);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('counting %d is refused', (by) => {
    expect(() => gCounter.increment(gCounter.empty, 'x', by)).toThrow(RangeError);
  });
});

describe('PN-Counter', () => {
  const inc = (replica: string, by?: number) => (state: pnCounter.PnCounter) =>
    pnCounter.increment(state, replica, by);
  const dec = (replica: string, by?: number) => (state: pnCounter.PnCounter) =>
    pnCounter.decrement(state, replica, by);

  test('A +3.5 −2, B +1 +5: 7.5', () => {
    const joined = pnCounter.join(
      made(pnCounter, inc('A', 3.5), dec('A', 2)),
      made(pnCounter, inc('B'), inc('B', 5)),
    );
    expect(pnCounter.read(joined)).toBe(7.5);
  });

  test('x +4 −1, y −1: both 2 once joined', () => {
    const [x, y] = [made(pnCounter, inc('x', 4), dec('x')), made(pnCounter, dec('y'))];
    expect([pnCounter.read(x), pnCounter.read(y)]).toEqual([3, -1]);
    expect([pnCounter.read(pnCounter.join(x, y)), pnCounter.read(pnCounter.join(y, x))]).toEqual([2, 2]);
  });

  test('no floor: two replicas at 1 both take it, −1', () => {
    const one = made(pnCounter, inc('x'));
    const x = pnCounter.join(one, pnCounter.decrement(one, 'x'));
    const y = pnCounter.join(one, pnCounter.decrement(one, 'y'));
    expect(pnCounter.read(pnCounter.join(x, y))).toBe(-1);
  });
});

describe('bounded counter', () => {
  const inc = (replica: string, by: number) => (state: boundedCounter.BoundedCounter) =>
    boundedCounter.increment(state, replica, by);
  const hand = (from: string, to: string, amount: number) => (state: boundedCounter.BoundedCounter) =>
    boundedCounter.transfer(state, from, to, amount);

  test('a 10, b 3; b hands over 1 twice, then a hands over 10', () => {
    const b = made(boundedCounter, inc('b', 3), hand('b', 'a', 1), hand('b', 'a', 1));
    let a = boundedCounter.join(made(boundedCounter, inc('a', 10)), b);
    expect(boundedCounter.read(a)).toBe(13);
    expect(boundedCounter.rightsOf(a, 'a')).toBe(12);
    expect(boundedCounter.rightsOf(b, 'b')).toBe(1);
    a = boundedCounter.join(a, boundedCounter.transfer(a, 'a', 'b', 10)!);
    expect(boundedCounter.read(a)).toBe(13);
    expect(boundedCounter.rightsOf(a, 'a')).toBe(2);
  });

  test('two cash machines at 1: the one without the right refuses', () => {
    const shared = made(boundedCounter, inc('x', 1));
    expect(boundedCounter.decrement(shared, 'y')).toBeNull();
    expect(boundedCounter.transfer(shared, 'y', 'x', 1)).toBeNull();
    expect(() => boundedCounter.transfer(shared, 'x', 'y', -1)).toThrow(RangeError);
    const taken = boundedCounter.join(shared, boundedCounter.decrement(shared, 'x')!);
    expect(boundedCounter.read(taken)).toBe(0);
    expect(boundedCounter.decrement(taken, 'x')).toBeNull();
  });
});

describe('2P-Set', () => {
  const add = (element: Atom) => (state: twoPhaseSet.TwoPhaseSet) => twoPhaseSet.add(state, element);
  const remove = (element: Atom) => () => twoPhaseSet.remove(element);

  test('A adds 1, 2; B adds and removes 2: {1}, tombstone {2}', () => {
    const joined = twoPhaseSet.join(made(twoPhaseSet, add(1), add(2)), made(twoPhaseSet, add(2), remove(2)));
    expect(joined).toEqual({ elements: [1], tombstones: [2] });
    expect([twoPhaseSet.has(joined, 1), twoPhaseSet.has(joined, 2)]).toEqual([true, false]);
  });

  test('removed is gone for good', () => {
    const joined = twoPhaseSet.join(
      made(twoPhaseSet, add(3.1415), remove(3.1415)),
      made(twoPhaseSet, add(42), add(3.1415)),
    );
    expect(twoPhaseSet.read(joined)).toEqual([42]);
    expect(twoPhaseSet.read(twoPhaseSet.join(joined, twoPhaseSet.add(joined, 3.1415)))).toEqual([42]);
  });

  test('removed twice is removed once', () => {
    const set = made(twoPhaseSet, add('hello'), add('world'), add('my'), remove('my'), remove('my'));
    expect(set).toEqual({ elements: ['hello', 'world'], tombstones: ['my'] });
  });
});

test('G-Set: deltas joined to one, then to the other node', () => {
  const x = gSet.join(gSet.add(1), gSet.add(4));
  const delta = gSet.join(gSet.add(2), gSet.add(3));
  expect(gSet.read(delta)).toEqual([2, 3]);
  expect(gSet.join(x, delta)).toEqual([1, 2, 3, 4]);
  expect([gSet.has(x, 1), gSet.has(x, 2)]).toEqual([true, false]);
});

describe('OR-Sets', () => {
  const added = (replica: string, element: Atom) => (state: addWinsSet.AddWinsSet) =>
    addWinsSet.add(state, replica, element);
  const taken = (element: Atom) => (state: addWinsSet.AddWinsSet) => addWinsSet.remove(state, element);
  const put = (replica: string, element: Atom) => (state: removeWinsSet.RemoveWinsSet) =>
    removeWinsSet.add(state, replica, element);
  const dropped = (replica: string, element: Atom) => (state: removeWinsSet.RemoveWinsSet) =>
    removeWinsSet.remove(state, replica, element);

  test('apple added and removed at x, juice and apple added at y', () => {
    expect(
      addWinsSet.read(
        addWinsSet.join(
          made(addWinsSet, added('x', 'apple'), taken('apple')),
          made(addWinsSet, added('y', 'juice'), added('y', 'apple')),
        ),
      ),
    ).toEqual(['apple', 'juice']);
    expect(
      removeWinsSet.read(
        removeWinsSet.join(
          made(removeWinsSet, put('x', 'apple'), dropped('x', 'apple')),
          made(removeWinsSet, put('y', 'juice'), put('y', 'apple')),
        ),
      ),
    ).toEqual(['juice']);
  });

  test('x {a, b}; y adds b, adds c, removes b', () => {
    const adding = addWinsSet.join(
      made(addWinsSet, added('x', 'a'), added('x', 'b')),
      made(addWinsSet, added('y', 'b'), added('y', 'c'), taken('b')),
    );
    expect(addWinsSet.read(adding)).toEqual(['a', 'b', 'c']);
    expect([addWinsSet.has(adding, 'c'), addWinsSet.has(adding, 'b')]).toEqual([true, true]);
    const removing = removeWinsSet.join(
      made(removeWinsSet, put('x', 'a'), put('x', 'b')),
      made(removeWinsSet, put('y', 'b'), put('y', 'c'), dropped('y', 'b')),
    );
    expect(removeWinsSet.read(removing)).toEqual(['a', 'c']);
    expect([removeWinsSet.has(removing, 'a'), removeWinsSet.has(removing, 'b')]).toEqual([true, false]);
  });

  test('what was cleared after it was seen does not come back', () => {
    const y = made(addWinsSet, added('y', 3.14));
    const x = addWinsSet.join(made(addWinsSet, added('x', 3.14), added('x', 2.718), taken(3.14)), y);
    expect(addWinsSet.read(x)).toEqual([2.718, 3.14]);
    expect(addWinsSet.read(addWinsSet.join(addWinsSet.join(x, addWinsSet.clear(x)), y))).toEqual([]);
    const other = made(removeWinsSet, put('y', 3.14));
    const one = removeWinsSet.join(
      made(removeWinsSet, put('x', 3.14), put('x', 2.718), dropped('x', 3.14)),
      other,
    );
    expect(removeWinsSet.read(one)).toEqual([2.718]);
    const cleared = removeWinsSet.join(one, removeWinsSet.clear(one));
    expect(removeWinsSet.read(removeWinsSet.join(cleared, other))).toEqual([]);
  });

  test('added and removed at the same time: a removal takes only what it saw', () => {
    const both = made(addWinsSet, added('x', 'e'));
    const x = addWinsSet.join(both, addWinsSet.add(both, 'x', 'e'));
    const y = addWinsSet.join(both, addWinsSet.remove(both, 'e'));
    expect(addWinsSet.read(addWinsSet.join(x, y))).toEqual(['e']);
  });
});

describe('MV-Register', () => {
  type Register = multiValueRegister.MultiValueRegister<unknown>;
  const registers = { join: multiValueRegister.join<unknown>, empty: multiValueRegister.empty as Register };
  const write = (replica: string, value: unknown) => (state: Register) =>
    multiValueRegister.write(state, replica, value);

  test('x writes hello, world; y writes world, hello: siblings, until somebody writes over both', () => {
    const joined = multiValueRegister.join(
      made(registers, write('x', 'hello'), write('x', 'world')),
      made(registers, write('y', 'world'), write('y', 'hello')),
    );
    expect(joined.store.values).toEqual([
      [['x', 2], 'world'],
      [['y', 2], 'hello'],
    ]);
    const one = multiValueRegister.join(joined, multiValueRegister.write(joined, 'z', 'hello world'));
    expect(multiValueRegister.read(one)).toEqual(['hello world']);
    expect(multiValueRegister.read(multiValueRegister.join(joined, one))).toEqual(['hello world']);
  });

  test('two carts, {3} written beside {1, 2}: their union has what each had removed', () => {
    const shared = made(registers, write('x', [1, 3]));
    const x = multiValueRegister.join(shared, multiValueRegister.write(shared, 'x', [3]));
    const y = multiValueRegister.join(shared, multiValueRegister.write(shared, 'y', [1, 2]));
    const carts = multiValueRegister.read(multiValueRegister.join(x, y)) as number[][];
    expect(carts).toEqual([[3], [1, 2]]);
    expect(new Set(carts.flat())).toEqual(new Set([1, 2, 3]));
  });
});

test('LWW-Register: (1, Hello), (0, My), (3, World), (2, a): World', () => {
  const writes = (
    [
      [1, 'Hello'],
      [0, 'My'],
      [3, 'World'],
      [2, 'a'],
    ] as const
  ).map(([timestamp, value]) => lwwRegister.write(timestamp, 'x', value as string));
  const register = writes.reduce((state, each) => lwwRegister.join(state, each), lwwRegister.empty);
  expect(lwwRegister.read(register)).toBe('World');
  expect(lwwRegister.read(lwwRegister.empty)).toBeUndefined();
  expect(() => lwwRegister.write(Number.NaN, 'x', 'never')).toThrow(RangeError);
});

test('LWW-element-set: at the same timestamp the removal wins', () => {
  const join = lwwElementSet.join;
  const s = [
    lwwElementSet.add(1, 'a'),
    lwwElementSet.add(1, 'b'),
    lwwElementSet.add(10_000, 'e'),
    lwwElementSet.add(2, 'b'),
  ].reduce(join);
  const t = [lwwElementSet.remove(2, 'b'), lwwElementSet.remove(6, 'e'), lwwElementSet.add(1, 'c')].reduce(
    join,
  );
  expect([lwwElementSet.has(s, 'b'), lwwElementSet.has(join(s, t), 'b')]).toEqual([true, false]);
  expect(lwwElementSet.read(join(s, t))).toEqual(['a', 'c', 'e']);
});

test('pairs: (1, {0}) and (0, {1}), each part for itself or in lexicographic order', () => {
  const [one, other] = [
    [1, gSet.add(0)],
    [0, gSet.add(1)],
  ] as const;
  expect(joinPairwise<number, gSet.GSet>(Math.max, gSet.join)(one, other)).toEqual([1, [0, 1]]);
  const lexicographic = joinLexicographic<number, gSet.GSet>((a, b) => a - b, gSet.join);
  expect(lexicographic(one, other)).toEqual([1, [0]]);
  expect(lexicographic(other, one)).toEqual([1, [0]]);
  expect(lexicographic([1, gSet.add(2)], one)).toEqual([1, [0, 2]]);
  // A timestamp and a value are such a pair.
  const last = joinLexicographic<number, number>((a, b) => a - b, Math.max);
  expect(last([12, 42], [20, 3.1415])).toEqual([20, 3.1415]);
});

test('PN-Set: an addition below 0 has no visible effect', () => {
  const shared = made(pnSet, (state) => pnSet.add(state, 'x', 'e'));
  const x = pnSet.join(shared, pnSet.remove(shared, 'x', 'e'));
  const y = pnSet.join(shared, pnSet.remove(shared, 'y', 'e'));
  const both = pnSet.join(x, y);
  expect(pnSet.countOf(both, 'e')).toBe(-1);
  const again = pnSet.join(both, pnSet.add(both, 'x', 'e'));
  expect([pnSet.countOf(again, 'e'), pnSet.read(again)]).toEqual([0, []]);
  expect(pnSet.read(pnSet.join(again, pnSet.add(again, 'y', 'e')))).toEqual(['e']);
});

test('flags: raised on both sides, lowered by one who saw both', () => {
  const x = made(flag, (state) => flag.raise(state, 'x'));
  const y = made(
    flag,
    (state) => flag.raise(state, 'y'),
    (state) => flag.raise(state, 'y'),
  );
  const both = flag.join(x, y);
  expect(both.store.dots).toEqual([
    ['x', 1],
    ['y', 2],
  ]);
  const lowered = flag.join(both, flag.lower(both));
  expect(flag.read(flag.join(both, lowered))).toBe(false);
  expect(flag.read(flag.join(lowered, flag.raise(both, 'x')))).toBe(true);
});

test('causal counter: set back to 0, the other side’s later counts stay', () => {
  const inc = (replica: string, by?: number) => (state: causalCounter.CausalCounter) =>
    causalCounter.increment(state, replica, by);
  let one = made(causalCounter, inc('x', 10));
  const other = causalCounter.join(one, causalCounter.increment(one, 'y', 10));
  for (const change of [inc('x'), inc('x', -1), causalCounter.reset])
    one = causalCounter.join(one, change(one));
  expect(causalCounter.read(one)).toBe(0);
  one = causalCounter.join(one, causalCounter.increment(one, 'x', 5));
  expect(causalCounter.read(causalCounter.join(one, other))).toBe(15);
});

test('lexicographic counter: a +3 +2 −1, b +1: 5; and a +4 −1, b −1: both 2 once joined', () => {
  const inc = (replica: string, by: number) => (state: lexicographicCounter.LexicographicCounter) =>
    lexicographicCounter.increment(state, replica, by);
  const { join, read } = lexicographicCounter;
  const first = made(lexicographicCounter, inc('a', 3), inc('a', 2), inc('a', -1));
  expect(first).toEqual([['a', [3, 4]]]);
  expect(read(join(made(lexicographicCounter, inc('b', 1)), first))).toBe(5);
  const [a, b] = [
    made(lexicographicCounter, inc('a', 4), inc('a', -1)),
    made(lexicographicCounter, inc('b', -1)),
  ];
  expect([read(a), read(b), read(join(a, b)), read(join(b, a))]).toEqual([3, -1, 2, 2]);
});

test('reset-wins counter: 7, then 3 after a reset on one side; a fresh dot outlives the next', () => {
  const { join, read, increment, decrement, reset, fresh } = resetWinsCounter;
  const inc = (replica: string, by?: number) => (state: resetWinsCounter.ResetWinsCounter) =>
    increment(state, replica, by);
  let i = made(resetWinsCounter, inc('i'), inc('i', 2), (state) => decrement(state, 'i'));
  let j = made(resetWinsCounter, inc('j', 5));
  i = join(i, j);
  expect(read(i)).toBe(7);
  for (const change of [reset, inc('j', 1)]) j = join(j, change(j));
  i = join(i, j);
  expect(read(i)).toBe(3);
  j = join(j, i);
  j = join(j, reset(j));
  // What is counted under a dot that the reset has seen is lost with it.
  expect(read(join(join(i, increment(i, 'i')), j))).toBe(0);
  i = join(i, fresh(i, 'i'));
  i = join(i, increment(i, 'i'));
  expect(read(join(i, j))).toBe(1);
});

describe('map', () => {
  const add = (map: orMap.OrMap, replica: string, key: Atom, element: string): orMap.OrMap =>
    orMap.join(
      map,
      orMap.update(map, key, addWinsSet.empty, (set) => addWinsSet.add(set, replica, element)),
    );
  const at = (map: orMap.OrMap, key: Atom): Atom[] => addWinsSet.read(orMap.get(map, key, addWinsSet.empty));
  const start: orMap.OrMap = orMap.empty;

  test('an update and a removal at the same time: what the removal saw goes, the update stays', () => {
    let x = add(add(add(start, 'x', 'paint', 'blue'), 'x', 'sound', 'loud'), 'x', 'sound', 'soft');
    let y = add(add(start, 'y', 'paint', 'red'), 'y', 'number', '42');
    x = orMap.join(x, y);
    expect(orMap.keysOf(x)).toEqual(['number', 'paint', 'sound']);
    y = orMap.join(
      y,
      orMap.update(y, 'number', addWinsSet.empty, (set) => addWinsSet.remove(set, '42')),
    );
    x = orMap.join(x, y);
    expect(at(x, 'number')).toEqual([]);
    x = orMap.join(x, orMap.remove(x, 'paint'));
    y = orMap.join(add(y, 'y', 'paint', 'green'), x);
    expect(at(y, 'paint')).toEqual(['green']);
    expect(orMap.keysOf(y)).toEqual(['paint', 'sound']);
    expect(orMap.keysOf(orMap.join(y, orMap.clear(y)))).toEqual([]);
  });

  test('friends: alice is removed with the key, bob is added at the same time', () => {
    const one = add(start, 'dev1', 'friend', 'alice');
    const other = orMap.join(one, orMap.remove(one, 'friend'));
    expect(at(orMap.join(add(one, 'dev1', 'friend', 'bob'), other), 'friend')).toEqual(['bob']);
  });

  test('a counter of friends: its key is removed, 3 counted under a fresh dot at the same time', () => {
    const { empty, fresh, increment } = resetWinsCounter;
    const change = (map: orMap.OrMap, delta: (value: resetWinsCounter.ResetWinsCounter) => typeof empty) =>
      orMap.join(map, orMap.update(map, 'friend', empty, delta));
    const one = change(start, (value) => increment(value, 'dev1', 2));
    const other = orMap.join(one, orMap.remove(one, 'friend'));
    const counted = change(
      change(one, (value) => fresh(value, 'dev1')),
      (value) => increment(value, 'dev1', 3),
    );
    expect(resetWinsCounter.read(orMap.get(orMap.join(counted, other), 'friend', empty))).toBe(3);
  });

  test('maps of maps', () => {
    const put = (map: orMap.OrMap, replica: string, outer: number, key: string, element: string) =>
      orMap.join(
        map,
        orMap.update(map, outer, start, (inner) =>
          orMap.update(inner, key, addWinsSet.empty, (set) => addWinsSet.add(set, replica, element)),
        ),
      );
    const alice = put(put(start, 'alice', 23, 'color', 'red'), 'alice', 44, 'color', 'blue');
    const joined = orMap.join(alice, put(start, 'bob', 44, 'sound', 'soft'));
    expect(orMap.keysOf(joined)).toEqual([23, 44]);
    expect(orMap.keysOf(orMap.get(joined, 44, start))).toEqual(['color', 'sound']);
  });

  test('one key, two types: refused, not mixed', () => {
    const set = add(start, 'x', 'k', 'e');
    const register = orMap.update(start, 'k', multiValueRegister.empty, (value) =>
      multiValueRegister.write(value, 'y', 'e'),
    );
    expect(() => orMap.join(set, register)).toThrow(/^joined map with values: .* of one type$/);
  });
});

test('shopping cart: five writes of one replica by version numbers, then the union of the siblings', () => {
  interface Version {
    readonly number: number;
    readonly cart: readonly string[];
  }
  // Writes with the version each client had read, 0 for none; the server drops versions up to that.
  const puts: readonly (readonly [cart: readonly string[], read: number])[] = [
    [['milk'], 0],
    [['eggs'], 0],
    [['milk', 'flour'], 1],
    [['eggs', 'milk', 'ham'], 2],
    [['milk', 'flour', 'eggs', 'bacon'], 3],
  ];
  const history: string[][][] = [];
  let siblings: readonly Version[] = [];
  let register: multiValueRegister.MultiValueRegister<readonly string[]> = multiValueRegister.empty;
  const states = [register];
  for (const [index, [cart, read]] of puts.entries()) {
    siblings = [...siblings.filter(({ number }) => number > read), { number: index + 1, cart }];
    history.push(siblings.map((each) => [...each.cart]));
    // The same by dots: the context a client gives back is what it had read.
    const delta = multiValueRegister.write(states[read]!, `put ${index + 1}`, cart);
    register = multiValueRegister.join(register, delta);
    // What the client has then: its read joined with its own write, and what it was answered.
    states.push(register);
    expect(multiValueRegister.read(register).map((each) => [...each])).toEqual(history[index]);
  }
  expect(history).toEqual([
    [['milk']],
    [['milk'], ['eggs']],
    [['eggs'], ['milk', 'flour']],
    [
      ['milk', 'flour'],
      ['eggs', 'milk', 'ham'],
    ],
    [
      ['eggs', 'milk', 'ham'],
      ['milk', 'flour', 'eggs', 'bacon'],
    ],
  ]);
  const union = multiValueRegister
    .read(register)
    .map((cart) => cart.reduce<gSet.GSet>((set, item) => gSet.join(set, gSet.add(item)), gSet.empty))
    .reduce(gSet.join);
  expect(union).toEqual(['bacon', 'eggs', 'flour', 'ham', 'milk']);
});
