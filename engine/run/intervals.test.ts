import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../observe/histogram.ts';
import { meanInterval, studentT, wilsonInterval } from './intervals.ts';

test.each([
  // Newcombe 1998, Statistics in Medicine 17, table I, method 3.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('Wilson: %i of %i', (hits, of, low, high) => {
  expect(wilsonInterval(hits, of)!.low).toBeCloseTo(low, 4);
  expect(wilsonInterval(hits, of)!.high).toBeCloseTo(high, 4);
});

test.each([
  [1, 12.706],
  [4, 2.776],
  [5, 2.571],
  [9, 2.262],
  [19, 2.093],
  [60, 2.0],
  [1000, 1.962],
])("Student's t of %i degrees of freedom", (freedom, published) => {
  expect(studentT(freedom)).toBeCloseTo(published, 2);
});

test('a share of 19 in 20 intervals holds the truth: of shares, and of means', () => {
  const random = fc.sample(fc.noBias(fc.integer({ min: 0, max: 999 })), { numRuns: 60_000, seed: 1 });
  let sharesHeld = 0;
  let meansHeld = 0;
  const samples = 1000;
  const size = 60;
  for (let sample = 0; sample < samples; sample++) {
    const drawn = random.slice(sample * size, (sample + 1) * size);
    const histogram = new Histogram();
    for (const value of drawn) histogram.record(value);
    const mean = meanInterval(histogram)!;
    if (mean.low <= 499.5 && 499.5 <= mean.high) meansHeld++;
    const share = wilsonInterval(drawn.filter((value) => value < 200).length, size)!;
    if (share.low <= 0.2 && 0.2 <= share.high) sharesHeld++;
  }
  // 950 expected; four standard deviations are 28.
  for (const held of [sharesHeld, meansHeld]) {
    expect(held).toBeGreaterThan(915);
    expect(held).toBeLessThan(985);
  }
});

test('nothing known, nothing said', () => {
  expect(wilsonInterval(0, 0)).toBeNull();
  const histogram = new Histogram();
  expect(meanInterval(histogram)).toBeNull();
  histogram.record(7);
  expect(meanInterval(histogram)).toBeNull();
  histogram.record(7);
  expect(meanInterval(histogram)).toEqual({ low: 7, high: 7 });
});
