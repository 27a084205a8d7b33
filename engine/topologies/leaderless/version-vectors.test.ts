/** Version vectors and dotted ones: laws, published vectors, and sets of events as the oracle of both. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareSets,
  contextOf,
  type DottedSet,
  discard,
  empty,
  keepLast,
  reconciled,
  sync,
  valuesOf,
  write,
} from './dotted-version-vectors.ts';
import {
  compare,
  counterOf,
  type Id,
  increment,
  join,
  type Siblings,
  storeSibling,
  syncSiblings,
  type VersionVector,
} from './version-vectors.ts';

// Laws of vectors.

const vectors = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 3 }))
  .map((counts): VersionVector => Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));

test('join is commutative, associative and idempotent, and the least that descends from both', () => {
  fc.assert(
    fc.property(vectors, vectors, vectors, (one, other, third) => {
      expect(join(one, other)).toEqual(join(other, one));
      expect(join(join(one, other), third)).toEqual(join(one, join(other, third)));
      expect(join(one, one)).toEqual(one);
      const joined = join(one, other);
      for (const each of [one, other]) expect(['equal', 'after']).toContain(compare(joined, each));
      const isAbove = [one, other].every((each) => ['equal', 'after'].includes(compare(third, each)));
      if (isAbove) expect(['equal', 'after']).toContain(compare(third, joined));
    }),
  );
});

test('compare says what the sets of events say', () => {
  const eventsOf = (vector: VersionVector) =>
    new Set(
      vector.flatMap(([id, counter]) => Array.from({ length: counter }, (_, event) => `${id}${event}`)),
    );
  const seen = new Set<string>();
  fc.assert(
    fc.property(vectors, vectors, (one, other) => {
      const [mine, theirs] = [eventsOf(one), eventsOf(other)];
      const isWithin = [...mine].every((event) => theirs.has(event));
      const contains = [...theirs].every((event) => mine.has(event));
      const expected = isWithin ? (contains ? 'equal' : 'before') : contains ? 'after' : 'concurrent';
      expect(compare(one, other)).toBe(expected);
      seen.add(expected);
      expect(compare(one, increment(one, 'b'))).toBe('before');
      expect(counterOf(increment(one, 'b'), 'b')).toBe(counterOf(one, 'b') + 1);
    }),
    { numRuns: 500 },
  );
  expect(seen.size).toBe(4);
});

// Published vectors. Source: src/dvvset.erl, its tests, https://github.com/ricardobcl/Dotted-Version-Vectors.

const set = <Value>(entries: [Id, number, Value[]][], anonymous: Value[] = []): DottedSet<Value> => ({
  entries: entries.map(([id, counter, values]) => ({ id, counter, values })),
  anonymous,
});

test('published: contexts', () => {
  const first = write(empty, 'v1', [], 'a');
  expect(contextOf(reconciled([], ['v1']))).toEqual([]);
  expect(contextOf(first)).toEqual([['a', 1]]);
  expect(contextOf(write(first, 'v2', contextOf(first), 'b'))).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
});

test('published: writes', () => {
  const a0 = write(empty, 'v1', [], 'a');
  expect(a0).toEqual(set([['a', 1, ['v1']]]));
  const a1 = write(a0, 'v2', contextOf(a0), 'a');
  expect(a1).toEqual(set([['a', 2, ['v2']]]));
  expect(write(a1, 'v3', contextOf(a1), 'b')).toEqual(
    set([
      ['a', 2, []],
      ['b', 1, ['v3']],
    ]),
  );
  // With a context that is old by now: siblings.
  expect(write(a1, 'v4', contextOf(a0), 'b')).toEqual(
    set([
      ['a', 2, ['v2']],
      ['b', 1, ['v4']],
    ]),
  );
  expect(write(a1, 'v5', contextOf(a0), 'a')).toEqual(set([['a', 3, ['v5', 'v2']]]));
});

test('published: synchronization', () => {
  const a = write(empty, 'v1', [], 'a');
  const a1 = write(a, 'v2', contextOf(a), 'a');
  const a3 = write(a1, 'v3', contextOf(a1), 'b');
  const a4 = write(a1, 'v3', contextOf(a1), 'c');
  const x = set([['x', 1, []]]);
  const y = write(empty, 'v2', [], 'b');
  const w = set<string>([['a', 1, []]]);
  const z = set([['a', 2, ['v2', 'v1']]]);
  const pairs: [DottedSet<string>, DottedSet<string>, DottedSet<string>][] = [
    [w, z, set([['a', 2, ['v2']]])],
    [a, a1, a1],
    [
      a4,
      a3,
      set([
        ['a', 2, []],
        ['b', 1, ['v3']],
        ['c', 1, ['v3']],
      ]),
    ],
    [
      x,
      a,
      set([
        ['a', 1, ['v1']],
        ['x', 1, []],
      ]),
    ],
    [
      a,
      y,
      set([
        ['a', 1, ['v1']],
        ['b', 1, ['v2']],
      ]),
    ],
  ];
  for (const [one, other, expected] of pairs) {
    expect(sync(one, other)).toEqual(expected);
    expect(sync(other, one)).toEqual(expected);
  }
  const last = keepLast(a4, (one, other) => one > other);
  expect(sync(a4, last)).toEqual(last);
});

test('published: Mary writes twice without a context, Peter after reading her first', () => {
  const first = write(empty, 'v1', [], 'a');
  const second = write(first, 'v2', [], 'a');
  expect(second).toEqual(set([['a', 2, ['v2', 'v1']]]));
  expect(write(second, 'v3', contextOf(first), 'a')).toEqual(set([['a', 3, ['v3', 'v2']]]));

  // The same with one merged vector: v1 stays, although Peter had read it.
  const merged = (stored: Siblings<string>, value: string, context: VersionVector) =>
    storeSibling(stored, value, context, 'a');
  const marys = merged({ vector: [], values: [] }, 'v1', []);
  const peters = merged(merged(marys, 'v2', []), 'v3', marys.vector);
  expect(peters.vector).toEqual([['a', 3]]);
  expect([...peters.values].sort()).toEqual(['v1', 'v2', 'v3']);
});

test('published: last write wins, reconciliation', () => {
  const isAtMost = (one: number, other: number) => one <= other;
  const x = set([
    ['a', 4, [5, 2]],
    ['b', 1, []],
    ['c', 1, [3]],
  ]);
  const y = { ...x, anonymous: [10, 0] };
  const without = (values: number[], anonymous: number[] = []) =>
    set(
      [
        ['a', 4, values],
        ['b', 1, []],
        ['c', 1, []],
      ],
      anonymous,
    );
  expect(keepLast(x, isAtMost)).toEqual(without([5]));
  expect(keepLast(y, isAtMost)).toEqual(without([], [10]));
  expect(
    keepLast(
      set(
        [
          ['a', 4, [5, 2]],
          ['b', 1, [1]],
        ],
        [3],
      ),
      isAtMost,
    ),
  ).toEqual(
    set<number>([
      ['a', 4, [5]],
      ['b', 1, []],
    ]),
  );
  const stamped = set(
    [
      [
        'a',
        4,
        [
          [5, 1002345],
          [7, 1002340],
        ],
      ],
      ['b', 1, [[4, 1001340]]],
    ],
    [[2, 1001140]],
  );
  expect(keepLast(stamped, (one, other) => one[1]! <= other[1]!)).toEqual(
    set([
      ['a', 4, [[5, 1002345]]],
      ['b', 1, []],
    ]),
  );
  expect(keepLast(empty, isAtMost)).toEqual(empty);
  const sum = (of: DottedSet<number>) =>
    reconciled(contextOf(of), [valuesOf(of).reduce((total, each) => total + each, 0)]);
  expect(sum(x)).toEqual(without([], [10]));
  expect(sum(y)).toEqual(without([], [20]));
});

test('published: which set knows less', () => {
  const a = write(empty, 'v1', [], 'first');
  const b = write(empty, 'v2', contextOf(a), 'a');
  const b2 = write(empty, 'v2', contextOf(a), 'b');
  const b3 = write(empty, 'v2', contextOf(a), 'z');
  const c = write(a, 'v3', contextOf(b), 'c');
  const d = write(b2, 'v4', contextOf(c), 'd');
  for (const [less, more] of [
    [a, b],
    [a, c],
    [b, c],
    [b, d],
    [b2, d],
    [a, d],
  ])
    expect(compareSets(less!, more!)).toBe('before');
  for (const [one, other] of [
    [b2, c],
    [b, b2],
    [b3, d],
  ])
    expect(compareSets(one!, other!)).toBe('concurrent');
  expect(compareSets(a, a)).toBe('equal');
  expect(compareSets(d, b2)).toBe('after');
});

test('published: the shopping cart of two clients at one replica (Kleppmann, figure 5-13)', () => {
  // Its version number is the counter of the only replica.
  const version = (number: number): VersionVector => [[0, number]];
  const steps: [write: string, context: VersionVector, siblings: string[]][] = [
    ['milk', [], ['milk']],
    ['eggs', [], ['eggs', 'milk']],
    ['milk flour', version(1), ['eggs', 'milk flour']],
    ['eggs milk ham', version(2), ['eggs milk ham', 'milk flour']],
    ['milk flour eggs bacon', version(3), ['eggs milk ham', 'milk flour eggs bacon']],
  ];
  let cart: DottedSet<string> = empty;
  for (const [index, [items, context, siblings]] of steps.entries()) {
    cart = write(cart, items, context, 0);
    expect(contextOf(cart)).toEqual(version(index + 1));
    expect(valuesOf(cart).sort()).toEqual(siblings);
  }
  const merged = new Set(valuesOf(cart).flatMap((items) => items.split(' ')));
  expect([...merged].sort()).toEqual(['bacon', 'eggs', 'flour', 'ham', 'milk']);
});

// Sibling explosion. Source: the README of the same repository, run there on Riak.

interface Store {
  put(value: string, context: VersionVector): void;
  get(): VersionVector;
  siblings(): readonly string[];
}
const stores: Record<'plain' | 'dotted', () => Store> = {
  plain() {
    let stored: Siblings<string> = { vector: [], values: [] };
    return {
      put: (value, context) => {
        stored = storeSibling(stored, value, context, 'a');
      },
      get: () => stored.vector,
      siblings: () => stored.values,
    };
  },
  dotted() {
    let stored: DottedSet<string> = empty;
    return {
      put: (value, context) => {
        stored = write(stored, value, context, 'a');
      },
      get: () => contextOf(stored),
      siblings: () => valuesOf(stored),
    };
  },
};
const scenarios: Record<string, (store: Store, writes: number) => void> = {
  'one writes and reads, others write without having read'(store, writes) {
    let context: VersionVector = [];
    for (let number = 1; number <= writes; number++) {
      const isOther = number % 2 === 0;
      store.put(`v${number}`, isOther ? [] : context);
      if (!isOther) context = store.get();
    }
  },
  'two write in turn, each reading after its write'(store, writes) {
    const contexts: VersionVector[] = [[], []];
    for (let number = 1; number <= writes; number++) {
      const client = number % 2;
      store.put(`v${number}`, contexts[client]!);
      contexts[client] = store.get();
    }
  },
};

test.each(Object.entries(scenarios))('siblings after 101 writes: %s', (_, run) => {
  const plain = stores.plain();
  run(plain, 101);
  expect(plain.siblings()).toHaveLength(101);
  const dotted = stores.dotted();
  run(dotted, 101);
  expect(dotted.siblings()).toEqual(['v101', 'v100']);
});

// The oracle: what each value's writer had read, as a set of events, transitively since contexts are whole histories. A
// replica shows the values of the events it knows that no event it knows has in its past.

interface Event {
  readonly name: string;
  readonly past: ReadonlySet<string>;
}

const operations = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('read' as const), client: fc.nat(2), replica: fc.nat(2) }),
    fc.record({ type: fc.constant('write' as const), client: fc.nat(2), replica: fc.nat(2) }),
    fc.record({ type: fc.constant('sync' as const), to: fc.nat(2), from: fc.nat(2) }),
  ),
  { minLength: 20, maxLength: 40 },
);
type Operation = typeof operations extends fc.Arbitrary<(infer Each)[]> ? Each : never;

function run(steps: readonly Operation[]) {
  const events = new Map<string, Event>();
  const counters = [0, 0, 0];
  let replicas = Array.from({ length: 3 }, () => ({
    dotted: empty as DottedSet<string>,
    plain: { vector: [], values: [] } as Siblings<string>,
    known: new Set<string>(),
  }));
  const clients = Array.from({ length: 3 }, () => ({
    context: [] as VersionVector,
    seen: new Set<string>(),
    vector: [] as VersionVector,
  }));
  const maximal = (known: ReadonlySet<string>) =>
    [...known].filter((name) => ![...known].some((other) => events.get(other)!.past.has(name))).sort();
  const sets: DottedSet<string>[] = [];
  let falseSiblings = 0;
  let lost = 0;
  for (const step of steps) {
    if (step.type === 'sync') {
      const [to, from] = [replicas[step.to]!, replicas[step.from]!];
      replicas = replicas.with(step.to, {
        dotted: sync(to.dotted, from.dotted),
        plain: syncSiblings(to.plain, from.plain),
        known: new Set([...to.known, ...from.known]),
      });
    } else if (step.type === 'read') {
      const { dotted, known, plain } = replicas[step.replica]!;
      clients[step.client] = { context: contextOf(dotted), seen: known, vector: plain.vector };
    } else {
      const { context, seen, vector } = clients[step.client]!;
      const { dotted, plain, known } = replicas[step.replica]!;
      counters[step.replica]! += 1;
      const name = `${step.replica}.${counters[step.replica]}`;
      events.set(name, { name, past: seen });
      replicas = replicas.with(step.replica, {
        dotted: write(dotted, name, context, step.replica),
        plain: storeSibling(plain, name, vector, step.replica),
        known: new Set([...known, ...seen, name]),
      });
    }
    for (const { dotted, plain, known } of replicas) {
      const expected = maximal(known);
      expect(valuesOf(dotted).sort()).toEqual(expected);
      const eventsKnown = contextOf(dotted).reduce((sum, [, counter]) => sum + counter, 0);
      expect(eventsKnown).toBe(known.size);
      falseSiblings += plain.values.filter((value) => !expected.includes(value)).length;
      lost += expected.filter((value) => !plain.values.includes(value)).length;
      sets.push(dotted);
    }
  }
  return { sets, replicas, falseSiblings, lost };
}

test('dotted sets keep exactly the values that nobody who wrote had read; one merged vector keeps more', () => {
  let falseSiblings = 0;
  fc.assert(
    fc.property(operations, (steps) => {
      const found = run(steps);
      falseSiblings += found.falseSiblings;
      expect(found.lost).toBe(0);
    }),
    { numRuns: 300 },
  );
  expect(falseSiblings).toBeGreaterThan(1000);
});

test('sets of one history: sync is commutative, associative and idempotent', () => {
  fc.assert(
    fc.property(operations, fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), (steps, at) => {
      const { sets } = run([...steps, { type: 'write', client: 0, replica: 0 }]);
      const [one, other, third] = at.map((index) => sets[index % sets.length]!);
      expect(sync(one!, other!)).toEqual(sync(other!, one!));
      expect(sync(sync(one!, other!), third!)).toEqual(sync(one!, sync(other!, third!)));
      expect(sync(one!, one!)).toEqual(one);
      // Knowing a context and having no value of it is the same as discarding what it has seen.
      const context = contextOf(other!);
      expect(valuesOf(sync(one!, reconciled(context, [])))).toEqual(valuesOf(discard(one!, context)));
    }),
    { numRuns: 300 },
  );
});

test('whoever has read a reconciled value replaces it; whoever has not leaves it', () => {
  const stored = reconciled<string>([['a', 2]], ['merged']);
  expect(valuesOf(write(stored, 'new', [['a', 2]], 'a'))).toEqual(['new']);
  expect(valuesOf(write(stored, 'new', [['a', 1]], 'a'))).toEqual(['merged', 'new']);
  const [one, other] = [reconciled([['a', 2]], ['x', 'y']), reconciled([['a', 2]], ['y', 'z'])];
  expect(sync(one, other)).toEqual(sync(other, one));
  expect(sync(one, other).anonymous).toEqual(['x', 'y', 'z']);
});
