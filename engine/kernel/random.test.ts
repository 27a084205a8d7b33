import fc from 'fast-check';
import { expect, test } from 'vitest';
import { childSeed, Streams, streamOf, thresholdOf } from './random.ts';

function draws(seed: number, name: string, count: number): number[] {
  const stream = streamOf(seed, name);
  return Array.from({ length: count }, () => stream.next() >>> 0);
}

/** Pearson's statistic in standard deviations of its distribution, which is nearly normal for many cells. */
function chiSquareDeviation(counts: ArrayLike<number>): number {
  let total = 0;
  for (let cell = 0; cell < counts.length; cell++) total += counts[cell]!;
  const expected = total / counts.length;
  let statistic = 0;
  for (let cell = 0; cell < counts.length; cell++) statistic += (counts[cell]! - expected) ** 2 / expected;
  const freedom = counts.length - 1;
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

test('seed to output is pinned', () => {
  expect(draws(0, '', 3)).toEqual([1840694724, 1462967408, 716150907]);
  expect(draws(42, 'link a→b: latency', 4)).toEqual([3121600893, 1705697400, 1294764503, 2343100217]);
  expect(draws(Number.MAX_SAFE_INTEGER, 'disk', 2)).toEqual([4158568790, 4190480509]);
  expect(childSeed(42, 'run 17')).toBe(6731104327727521);
});

test('the generator is sfc32', () => {
  // From PractRand's definition, one step at a time on unsigned integers.
  const streams = new Streams(7);
  const handle = streams.add('reference');
  let [a, b, c, counter] = [...Uint32Array.from(streams.snapshot())] as [number, number, number, number];
  for (let draw = 0; draw < 1000; draw++) {
    const out = (a + b + counter) % 2 ** 32;
    counter = (counter + 1) % 2 ** 32;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + ((c << 3) >>> 0)) % 2 ** 32;
    c = ((((c << 21) | (c >>> 11)) >>> 0) + out) % 2 ** 32;
    expect(streams.next(handle) >>> 0).toBe(out);
  }
});

test('a stream depends on the seed and its name, not on the streams beside it', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 }),
      (seed, names) => {
        const streams = new Streams(seed);
        const handles = names.map((name) => streams.add(name));
        const together: number[][] = names.map(() => []);
        for (let round = 0; round < 5; round++) {
          for (const [index, handle] of handles.entries()) together[index]!.push(streams.next(handle) >>> 0);
        }
        expect(together).toEqual(names.map((name) => draws(seed, name, 5)));
      },
    ),
  );
});

test('a name is added once', () => {
  const streams = new Streams(1);
  streams.add('disk n1');
  expect(() => streams.add('disk n1')).toThrow('random stream "disk n1" was added twice');
});

test('seeds are integers from 0 to 2^53 − 1', () => {
  for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => new Streams(seed)).toThrow(RangeError);
  expect(draws(2 ** 32, 'x', 2)).not.toEqual(draws(0, 'x', 2));
  expect(draws(2 ** 53 - 1, 'x', 2)).not.toEqual(draws(2 ** 32 - 1, 'x', 2));
});

test('snapshot and restore return to the moment, and forget streams added since', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(50), (seed, before) => {
      const streams = new Streams(seed);
      const first = streams.add('first');
      for (let draw = 0; draw < before; draw++) streams.next(first);
      const moment = streams.snapshot();
      const play = () => {
        const late = streams.add('late');
        return [late, streams.next(first), streams.next(late), streams.below(first, 10)];
      };
      const once = play();
      streams.restore(moment);
      expect(play()).toEqual(once);
    }),
  );
});

test('restore refuses the snapshot of more streams than exist', () => {
  const streams = new Streams(1);
  streams.add('a');
  expect(() => streams.restore(new Int32Array(8))).toThrow('snapshot of 2 random streams, but only 1 exist');
});

test('a fork draws the same and disturbs nothing', () => {
  const streams = new Streams(3);
  const handles = Array.from({ length: 20 }, (_, index) => streams.add(`s${index}`));
  const fork = streams.fork();
  const forked = handles.map((handle) => fork.next(handle));
  fork.add('only in the fork');
  expect(handles.map((handle) => streams.next(handle))).toEqual(forked);
  expect(fork.seed).toBe(3);
  expect(() => fork.add('s0')).toThrow('twice');
});

test('below stays below, for every size of n', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
      const stream = streamOf(seed, 'below');
      for (let draw = 0; draw < 20; draw++) {
        const value = stream.below(n);
        expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
      }
    }),
  );
  expect(streamOf(1, 'x').below(1)).toBe(0);
  expect(streamOf(1, 'x').below(2 ** 32)).toBe(streamOf(1, 'x').next() >>> 0);
});

test('below is the upper half of the exact product bits × n', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
      const bits = BigInt(streamOf(seed, 'x').next() >>> 0);
      const isSurplus = (bits * BigInt(n)) % 2n ** 32n < 2n ** 32n % BigInt(n);
      if (!isSurplus) expect(streamOf(seed, 'x').below(n)).toBe(Number((bits * BigInt(n)) >> 32n));
    }),
  );
});

test('below is unbiased where bits × n alone would not be', () => {
  // With n = 3 × 2^30 every third value would come twice as often.
  const stream = streamOf(5, 'bias');
  const counts = [0, 0, 0];
  for (let draw = 0; draw < 60_000; draw++) counts[stream.below(3 * 2 ** 30) % 3]! += 1;
  expect(Math.abs(chiSquareDeviation(counts))).toBeLessThan(3);
});

test('chance: 0 never, 1 always, otherwise in proportion, and always one draw', () => {
  const stream = streamOf(9, 'loss');
  let never = 0;
  let always = 0;
  let hits = 0;
  for (let draw = 0; draw < 100_000; draw++) {
    if (stream.chance(thresholdOf(0))) never++;
    if (stream.chance(thresholdOf(1))) always++;
    if (stream.chance(thresholdOf(0.01))) hits++;
  }
  expect([never, always]).toEqual([0, 100_000]);
  expect(Math.abs(hits - 1000)).toBeLessThan(4 * Math.sqrt(990));
  const plain = streamOf(9, 'loss');
  for (let draw = 0; draw < 300_000; draw++) plain.next();
  expect(stream.next()).toBe(plain.next());
});

test('thresholdOf keeps the possible possible', () => {
  expect([0, 1e-12, 0.25, 0.5, 1 - 1e-12, 1].map(thresholdOf)).toEqual([
    0,
    1,
    2 ** 30,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
  ]);
  for (const wrong of [-0.1, 1.1, Number.NaN]) expect(() => thresholdOf(wrong)).toThrow(RangeError);
});

test('every byte of a draw is uniform', () => {
  for (const seed of [1, 2, 3]) {
    const values = draws(seed, 'bytes', 200_000);
    for (const shift of [0, 8, 16, 24]) {
      const counts = new Float64Array(256);
      for (const value of values) counts[(value >>> shift) & 255]! += 1;
      expect(Math.abs(chiSquareDeviation(counts))).toBeLessThan(4);
    }
  }
});

test('successive draws are independent: pairs of six bits', () => {
  const values = draws(4, 'serial', 400_001);
  const counts = new Float64Array(4096);
  for (let at = 1; at < values.length; at++)
    counts[((values[at - 1]! >>> 26) << 6) | (values[at]! >>> 26)]! += 1;
  expect(Math.abs(chiSquareDeviation(counts))).toBeLessThan(4);
});

test('streams of neighbouring seeds and names are independent', () => {
  const pairs: [number, string, number, string][] = [
    [1, 'x', 2, 'x'],
    [1, 'x', 1, 'y'],
    [1, 'link 1', 1, 'link 2'],
    [1, 'ab', 1, 'ba'],
    [1, '', 1, '\0'],
    [0, 'x', 2 ** 32, 'x'],
    [0, 'x', 2 ** 52, 'x'],
  ];
  const count = 100_000;
  for (const [seedA, nameA, seedB, nameB] of pairs) {
    const a = draws(seedA, nameA, count);
    const b = draws(seedB, nameB, count);
    let product = 0;
    let equalBits = 0;
    for (let at = 0; at < count; at++) {
      product += (a[at]! / 2 ** 32 - 0.5) * (b[at]! / 2 ** 32 - 0.5) * 12;
      for (let same = ~(a[at]! ^ b[at]!); same !== 0; same &= same - 1) equalBits++;
    }
    expect(Math.abs(product / Math.sqrt(count))).toBeLessThan(4);
    expect(Math.abs(equalBits - 16 * count) / Math.sqrt(8 * count)).toBeLessThan(4);
  }
});

test('first draws across seeds and across names are uniform and distinct', () => {
  const families = [
    (index: number) => draws(index, 'x', 2),
    (index: number) => draws(index * 2 ** 21, 'x', 2),
    (index: number) => draws(1, `node ${index}`, 2),
  ];
  for (const family of families) {
    const counts = new Float64Array(256);
    const seen = new Set<string>();
    for (let index = 0; index < 50_000; index++) {
      const [first, second] = family(index) as [number, number];
      counts[first & 255]! += 1;
      seen.add(`${first} ${second}`);
    }
    expect(Math.abs(chiSquareDeviation(counts))).toBeLessThan(4);
    expect(seen.size).toBe(50_000);
  }
});
