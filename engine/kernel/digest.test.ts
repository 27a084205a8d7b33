import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Digest } from './digest.ts';

type Word4 = [number, number, number, number];
const word = fc.oneof(fc.integer(), fc.integer({ min: -2, max: 2 }));
const words = fc.array(fc.tuple(word, word, word, word), { minLength: 1, maxLength: 20 });

function digestOf(inputs: readonly Word4[]): string {
  const digest = new Digest();
  for (const input of inputs) digest.absorb(...input);
  return digest.toString();
}

test('is 16 hexadecimal digits, pinned: the same in every JavaScript engine', () => {
  expect(digestOf([])).toMatch(/^[0-9a-f]{16}$/);
  expect([
    digestOf([]),
    digestOf([[0, 0, 0, 0]]),
    digestOf([[1, -2, 3, 2 ** 31 - 1]]),
  ]).toMatchInlineSnapshot(`
    [
      "6cc8e4061388a0fb",
      "737d0397cac04daf",
      "9aa4747b0942bcac",
    ]
  `);
});

test('reads words as int32, and reading it out changes nothing', () => {
  expect(digestOf([[2 ** 32 + 5, 0, 0, 0]])).toBe(digestOf([[5, 0, 0, 0]]));
  const digest = new Digest();
  digest.absorb(1, 2, 3, 4);
  digest.toString();
  digest.absorb(5, 6, 7, 8);
  expect(digest.toString()).toBe(
    digestOf([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]),
  );
});

test('every word counts, and so does its place', () => {
  fc.assert(
    fc.property(words, fc.nat(), fc.integer({ min: 0, max: 3 }), fc.integer(), (inputs, at, place, other) => {
      const index = at % inputs.length;
      const changed = inputs.map((input) => [...input] as Word4);
      changed[index]![place] = other;
      expect(digestOf(changed) === digestOf(inputs)).toBe(inputs[index]![place] === other);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(words, fc.nat(), fc.nat(), (inputs, a, b) => {
      const [i, j] = [a % inputs.length, b % inputs.length];
      const swapped = [...inputs];
      [swapped[i], swapped[j]] = [swapped[j]!, swapped[i]!];
      expect(digestOf(swapped) === digestOf(inputs)).toBe(String(inputs[i]) === String(inputs[j]));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(words, (inputs) => {
      expect(digestOf(inputs.slice(0, -1)) === digestOf(inputs)).toBe(false);
    }),
  );
});

test('small differences do not collide: 400,000 short runs, and 20,000 in either half', () => {
  const seen = new Set<string>();
  const halves = [new Set<string>(), new Set<string>()];
  for (let run = 0; run < 400_000; run++) {
    const text = digestOf([
      [run & 1023, run >>> 10, 0, 0],
      [0, 0, 0, 0],
    ]);
    seen.add(text);
    if (run >= 20_000) continue;
    halves[0]!.add(text.slice(0, 8));
    halves[1]!.add(text.slice(8));
  }
  expect(seen.size).toBe(400_000);
  // 20,000 of 2^32 values collide 0.05 times on average.
  for (const half of halves) expect(half.size).toBeGreaterThan(19_997);
});
