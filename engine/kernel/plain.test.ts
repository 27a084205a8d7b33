import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyPlain, plainKey } from './plain.ts';

const { plain } = fc.letrec<{ plain: unknown; object: Record<string, unknown> }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('plain'), { maxLength: 4 }),
    fc.int32Array({ maxLength: 5 }),
    fc.uint8Array({ maxLength: 5 }),
    fc
      .float64Array({ maxLength: 5, noNaN: true, noDefaultInfinity: true })
      .map((each) => each.map((value) => value + 0)),
    tie('object'),
  ),
  object: fc.dictionary(fc.string({ maxLength: 4 }), tie('plain'), { maxKeys: 4, noNullPrototype: true }),
}));

test('a copy is equal and shares nothing', () => {
  fc.assert(
    fc.property(plain, (value) => {
      const key = plainKey(value);
      const copy = copyPlain(value);
      expect(copy).toEqual(value);
      expect(plainKey(copy)).toBe(key);
      scramble(copy);
      expect(plainKey(value)).toBe(key);
    }),
    { numRuns: 500 },
  );
});

/** Changes everything that can be changed in place. */
function scramble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (ArrayBuffer.isView(value)) {
    (value as Int32Array).fill(7);
    return;
  }
  for (const key of Object.keys(value)) {
    scramble((value as Record<string, unknown>)[key]);
    (value as Record<string, unknown>)[key] = 'changed';
  }
}

/** The oracle: JSON, which tells all finite plain data apart once typed arrays are lists. */
const json = (value: unknown) =>
  JSON.stringify(value, (_, each) => (ArrayBuffer.isView(each) ? Array.from(each as Int32Array) : each));

test('keys are equal just where the data is', () => {
  fc.assert(
    fc.property(plain, plain, (a, b) => {
      expect(plainKey(a) === plainKey(b)).toBe(json(a) === json(b));
    }),
    { numRuns: 2000 },
  );
});

test('keys tell apart what a careless text would not', () => {
  const pairs: [unknown, unknown][] = [
    ['1', 1],
    ['null', null],
    [[1, 2], ['1,2']],
    [[[1], 2], [[1, 2]]],
    [{ a: 1, b: 2 }, { 'a:1,b': 2 }],
    [{ a: 1 }, { a: '1' }],
    [{}, []],
    [{ a: {} }, { a: [] }],
    [{ '}': 1 }, {}],
  ];
  for (const [a, b] of pairs) expect(plainKey(a)).not.toBe(plainKey(b));
  expect(plainKey(Int32Array.of(1, 2))).toBe(plainKey([1, 2]));
});

test('refuses what is not plain, by name', () => {
  for (const [value, name] of [
    [() => 1, 'function'],
    [{ at: new Map([[1, 2]]) }, 'Map'],
    [[new Set()], 'Set'],
    [new (class Node {})(), 'Node'],
  ] as const) {
    expect(() => plainKey(value)).toThrow(name);
    expect(() => copyPlain<unknown>(value)).toThrow(name);
  }
});
