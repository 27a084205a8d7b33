import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram, type HistogramJson } from './histogram.ts';

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Small, large, and around every power of two. */
const value = fc.oneof(
  fc.nat(2000),
  fc.nat(),
  fc.maxSafeNat(),
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 }))
    .map(([exponent, offset]) => Math.max(2 ** exponent + offset, 0)),
);
const values = fc.array(value, { maxLength: 300 });
const someValues = fc.array(value, { minLength: 1, maxLength: 300 });

test('count, sum, mean, min and max are exact', () => {
  fc.assert(
    fc.property(someValues, (list) => {
      const histogram = histogramOf(list);
      const sum = list.reduce((total, us) => total + BigInt(us), 0n);
      expect(histogram.count).toBe(list.length);
      expect(histogram.sum).toBe(sum);
      expect(histogram.min).toBe(Math.min(...list));
      expect(histogram.max).toBe(Math.max(...list));
      const mean = Number((sum * 2n ** 20n) / BigInt(list.length)) / 2 ** 20;
      expect(Math.abs(histogram.mean! - mean)).toBeLessThanOrEqual(1e-6 + mean * 3e-16);
    }),
  );
});

test('quantile: the nearest rank of the sorted values, never less, at most 1/256 more', () => {
  fc.assert(
    fc.property(someValues, fc.integer({ min: 0, max: 10_000 }), (list, basisPoints) => {
      const sorted = [...list].sort((a, b) => a - b);
      const rank = Math.max(Math.ceil((basisPoints * list.length) / 10_000), 1);
      const exact = sorted[rank - 1]!;
      const quantile = histogramOf(list).quantile(basisPoints / 10_000)!;
      expect(quantile).toBeGreaterThanOrEqual(exact);
      expect(quantile - exact).toBeLessThanOrEqual(exact < 512 ? 0 : exact / 256);
      expect(quantile).toBeLessThanOrEqual(sorted.at(-1)!);
      expect(sorted.filter((us) => us <= quantile).length / sorted.length).toBeGreaterThanOrEqual(
        basisPoints / 10_000,
      );
    }),
  );
});

test('quantile: first and last rank are exact, decimal shares mean what was written', () => {
  const histogram = histogramOf([1_000_001, 2_000_003, 3_000_017]);
  expect(histogram.quantile(0)).toBe(1_000_001);
  expect(histogram.quantile(1)).toBe(3_000_017);
  const hundred = histogramOf(Array.from({ length: 100 }, (_, index) => index + 1));
  // 0.07 × 100 is 7.000000000000001 in binary.
  for (let percent = 1; percent <= 100; percent++) expect(hundred.quantile(percent / 100)).toBe(percent);
  for (const wrong of [-0.1, 1.1, Number.NaN]) expect(() => histogram.quantile(wrong)).toThrow(RangeError);
});

test('an empty histogram has no statistics', () => {
  const empty = new Histogram();
  expect([empty.count, empty.sum, empty.mean, empty.min, empty.max, empty.quantile(0.5)]).toEqual([
    0,
    0n,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('buckets tile the integers: each ends where the next begins, none wider than 1/256 of its values', () => {
  fc.assert(
    fc.property(someValues, (list) => {
      let counted = 0;
      let before = -1;
      histogramOf(list).forEachBucket((lowest, highest, count) => {
        expect(lowest).toBeGreaterThan(before);
        expect(highest - lowest).toBeLessThanOrEqual(lowest / 256);
        expect(list.filter((us) => us >= lowest && us <= highest).length).toBe(count);
        before = highest;
        counted += count;
      });
      expect(counted).toBe(list.length);
    }),
  );
  const all: number[] = [];
  histogramOf(Array.from({ length: 5000 }, (_, us) => us)).forEachBucket((lowest, highest) =>
    all.push(lowest, highest),
  );
  for (let at = 2; at < all.length; at += 2) expect(all[at]).toBe(all[at - 1]! + 1);
});

test('merged parts equal the whole, byte for byte, in any order', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 6 }), (parts) => {
      const whole = histogramOf(parts.flat());
      const merged = new Histogram();
      for (const part of parts) merged.merge(histogramOf(part));
      const backwards = new Histogram();
      for (const part of [...parts].reverse()) backwards.merge(histogramOf([...part].reverse()));
      for (const other of [merged, backwards]) {
        expect(other.equals(whole)).toBe(true);
        expect(JSON.stringify(other)).toBe(JSON.stringify(whole));
      }
    }),
  );
});

test('merge leaves the other histogram alone, also when it is itself', () => {
  const histogram = histogramOf([5, 700, 2 ** 52 + 3]);
  const other = histogram.copy();
  histogram.merge(other);
  expect(other.equals(histogramOf([5, 700, 2 ** 52 + 3]))).toBe(true);
  other.merge(other);
  expect(other.equals(histogram)).toBe(true);
});

test('refuses a negative value: elapsed time read off a skewed clock is the caller’s mistake', () => {
  for (const wrong of [-1, Number.NaN]) expect(() => new Histogram().record(wrong)).toThrow(RangeError);
});

test('a copy is independent', () => {
  const histogram = histogramOf([1, 2, 3]);
  const copy = histogram.copy();
  copy.record(1_000_000);
  expect(histogram.equals(histogramOf([1, 2, 3]))).toBe(true);
  expect(copy.count).toBe(4);
});

test('JSON there and back is the same histogram', () => {
  fc.assert(
    fc.property(values, (list) => {
      const histogram = histogramOf(list);
      const back = Histogram.fromJSON(JSON.parse(JSON.stringify(histogram)));
      expect(back.equals(histogram)).toBe(true);
      back.record(3);
      histogram.record(3);
      expect(back.equals(histogram)).toBe(true);
    }),
  );
});

test('JSON form is pinned', () => {
  expect(JSON.stringify(histogramOf([3, 3, 1000, 70_000, 2 ** 52 + 1]))).toBe(
    '{"count":5,"sumUs":[1,71007],"minUs":3,"maxUs":4503599627370497,"buckets":[3,2,753,1,1565,1,9199,1]}',
  );
});

test('fromJSON refuses what no histogram wrote', () => {
  const good: HistogramJson = histogramOf([3, 1000, 1001, 70_000]).toJSON();
  const bad: Partial<HistogramJson>[] = [
    { count: 5 },
    { count: -1 },
    { count: 1.5 },
    { minUs: 4 },
    { maxUs: 71_000 },
    { maxUs: -1 },
    { sumUs: [0, -1] },
    { sumUs: [0, 2 ** 52] },
    { buckets: good.buckets.slice(0, -1) },
    { buckets: good.buckets.slice(0, -2) },
    { buckets: [...good.buckets, 0, 1] },
    { buckets: [...good.buckets, 1e9, 1] },
    { buckets: [3, 0, ...good.buckets.slice(2)] },
  ];
  for (const change of bad)
    expect(() => Histogram.fromJSON({ ...good, ...change })).toThrow('not a histogram');
  expect(Histogram.fromJSON(good).count).toBe(4);
});
