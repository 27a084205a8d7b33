import fc from 'fast-check';
import { expect, test } from 'vitest';
import { streamOf } from '../kernel/random.ts';
import { type KeyChooser, keysInTurn, uniformKeys, zipfKeys } from './keys.ts';

function frequencies(keys: KeyChooser, draws: number, seed: number): number[] {
  const stream = streamOf(seed, 'keys');
  const counts = new Array(keys.count).fill(0);
  for (let draw = 0; draw < draws; draw++) counts[keys.choose({ draw: () => stream.next() }, 0)] += 1;
  return counts;
}

/** How many standard deviations chi-square is above its mean: for k cells it has mean k − 1 and variance 2 (k − 1). */
function chiSquareExcess(counts: readonly number[], weights: readonly number[]): number {
  const draws = counts.reduce((sum, each) => sum + each);
  const total = weights.reduce((sum, each) => sum + each);
  let chiSquare = 0;
  for (const [key, weight] of weights.entries()) {
    const expected = (draws * weight) / total;
    chiSquare += (counts[key]! - expected) ** 2 / expected;
  }
  const freedom = weights.length - 1;
  return (chiSquare - freedom) / Math.sqrt(2 * freedom);
}

test('Zipf keys come in proportion to 1 / rank^exponent', () => {
  for (const [count, exponent] of [
    [2, 1],
    [10, 0.5],
    [100, 0.99],
    [100, 0],
    [50, 2],
    [1000, 0.8],
  ] as const) {
    const weights = Array.from({ length: count }, (_, key) => (key + 1) ** -exponent);
    for (const seed of [1, 2]) {
      expect(chiSquareExcess(frequencies(zipfKeys(count, exponent), 300_000, seed), weights)).toBeLessThan(
        4.5,
      );
    }
  }
});

test('uniform keys come equally often', () => {
  for (const count of [2, 7, 100, 1000]) {
    expect(
      chiSquareExcess(frequencies(uniformKeys(count), 300_000, 1), new Array(count).fill(1)),
    ).toBeLessThan(4.5);
  }
});

test('the test would see a wrong exponent', () => {
  const weights = Array.from({ length: 100 }, (_, key) => (key + 1) ** -0.95);
  expect(chiSquareExcess(frequencies(zipfKeys(100, 0.99), 300_000, 1), weights)).toBeGreaterThan(20);
});

test('every key is in range, also at the edges of the draw and of the count', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 4, noNaN: true }),
      (count, exponent) => {
        for (const keys of [uniformKeys(count), zipfKeys(count, exponent)]) {
          for (const bits of [0, -1, 1, 0x7fff_ffff, -0x8000_0000]) {
            const key = keys.choose({ draw: () => bits }, 0);
            expect(Number.isInteger(key) && key >= 0 && key < count).toBe(true);
          }
        }
      },
    ),
  );
  const many = zipfKeys(1_000_000, 0.99);
  expect(many.choose({ draw: () => -1 }, 0)).toBeLessThan(1_000_000);
});

test('a uniform key takes one draw, a Zipf key two, whatever they are: streams stay in step', () => {
  for (const [keys, expected] of [
    [uniformKeys(10), 1],
    [zipfKeys(10, 1), 2],
  ] as const) {
    let draws = 0;
    for (const bits of [0, 5, -1, 2 ** 30]) {
      draws = 0;
      const draw = () => {
        draws++;
        return bits;
      };
      keys.choose({ draw }, 0);
      expect(draws).toBe(expected);
    }
  }
});

test('in turn: each key once before any comes again, without a draw', () => {
  const keys = keysInTurn(3);
  const draw = () => {
    throw new Error('drew');
  };
  expect(Array.from({ length: 7 }, () => keys.choose({ draw }, 0))).toEqual([0, 1, 2, 0, 1, 2, 0]);
});
