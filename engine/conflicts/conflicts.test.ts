/** Closed forms against trials that do nothing but follow the definition. */
import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { inverseNormal, ln } from '../kernel/exact-math.ts';
import { type Stream, streamOf } from '../kernel/random.ts';
import { laterWriteDropped, nextWriteDropped, type Skew } from './clock-skew.ts';
import {
  conflictChance,
  conflictingPairsPerSecond,
  conflictingWritesPerSecond,
  type Writers,
} from './conflict-chance.ts';

const trials = runsOf({ full: 400_000, reduced: 40_000 });

/** Between 0 and 1, neither of them. */
const uniform = (chance: Stream): number => ((chance.next() >>> 0) + 0.5) / 2 ** 32;
const exponential = (chance: Stream, mean: number): number => -mean * ln(uniform(chance));

/** A share of trials agrees with a probability within four standard errors. */
function expectShare(hits: number, of: number, probability: number): void {
  const error = Math.sqrt((probability * (1 - probability)) / of);
  expect(Math.abs(hits / of - probability)).toBeLessThan(4 * error + 1e-9);
}

/**
 * A write at one leader at time 0 among random writes of all others: how many of those have not been received where it is
 * taken, nor were taken where it had been received.
 */
function conflictsOfOne({ writesPerSecond, lagMs, lag }: Writers, leader: number, chance: Stream): number {
  const lagOf = (from: number, to: number) => {
    const mean = typeof lagMs === 'number' ? lagMs : lagMs[from]![to]!;
    return lag === 'constant' ? mean : exponential(chance, mean);
  };
  let conflicts = 0;
  for (const [other, rate] of writesPerSecond.entries()) {
    if (other === leader) continue;
    const arrivesMs = lagOf(leader, other);
    // As far back as a lag may reach.
    const fromMs =
      -(lag === 'constant' ? 1 : 30) * (typeof lagMs === 'number' ? lagMs : lagMs[other]![leader]!);
    for (let atMs = fromMs; rate > 0; ) {
      atMs += exponential(chance, 1000 / rate);
      if (atMs >= arrivesMs) break;
      const hadReceivedIt = atMs + lagOf(other, leader) <= 0;
      if (!hadReceivedIt) conflicts++;
    }
  }
  return conflicts;
}

const cases: readonly (readonly [name: string, writers: Writers])[] = [
  ['two leaders, 80 ms each way', { writesPerSecond: [2, 5], lagMs: 80, lag: 'constant' }],
  [
    'a slow way and a fast one',
    {
      writesPerSecond: [3, 3],
      lagMs: [
        [0, 200],
        [20, 0],
      ],
      lag: 'constant',
    },
  ],
  ['four leaders', { writesPerSecond: [1, 0.5, 2, 0], lagMs: 100, lag: 'constant' }],
  ['a lag that varies', { writesPerSecond: [2, 5], lagMs: 80, lag: 'exponential' }],
  [
    'one that varies among three',
    {
      writesPerSecond: [4, 1, 6],
      lagMs: [
        [0, 30, 90],
        [50, 0, 10],
        [70, 20, 0],
      ],
      lag: 'exponential',
    },
  ],
];

describe.each(cases)('conflicts: %s', (name, writers) => {
  test.each(writers.writesPerSecond.map((_, leader) => leader))('a write of leader %i', (leader) => {
    const chance = streamOf(1, `${name} ${leader}`);
    let hits = 0;
    let pairs = 0;
    for (let trial = 0; trial < trials; trial++) {
      const conflicts = conflictsOfOne(writers, leader, chance);
      pairs += conflicts;
      if (conflicts > 0) hits++;
    }
    expectShare(hits, trials, conflictChance(writers, leader));
    // Each pair is counted from both its ends: the sum over leaders of rate × pairs a write is twice the rate of pairs.
    const alone = {
      ...writers,
      writesPerSecond: writers.writesPerSecond.map((rate, at) => (at === leader ? 1 : rate)),
    };
    const others = {
      ...writers,
      writesPerSecond: writers.writesPerSecond.map((rate, at) => (at === leader ? 0 : rate)),
    };
    const expected = conflictingPairsPerSecond(alone) - conflictingPairsPerSecond(others);
    expect(pairs / trials / expected).toBeGreaterThan(1 - 12 / Math.sqrt(trials * expected));
    expect(pairs / trials / expected).toBeLessThan(1 + 12 / Math.sqrt(trials * expected));
  });
});

test('the anchor: one write a second at each of two leaders 150 ms apart', () => {
  const writers: Writers = { writesPerSecond: [1, 1], lagMs: 150, lag: 'constant' };
  expect(conflictChance(writers, 0)).toBeCloseTo(0.259182, 6);
  expect(conflictingWritesPerSecond(writers)).toBeCloseTo(0.518364, 6);
  expect(conflictingPairsPerSecond(writers)).toBeCloseTo(0.3, 12);
  // In one data centre, at half a millisecond: a conflict in a thousand writes.
  expect(conflictChance({ ...writers, lagMs: 0.5 }, 0)).toBeCloseTo(0.0009995, 7);
});

test('more lag, more writes and more leaders make more conflicts; no lag, none', () => {
  const chanceOf = (lagMs: number, rate: number, leaders: number) =>
    conflictChance(
      { writesPerSecond: Array.from({ length: leaders }, () => rate), lagMs, lag: 'constant' },
      0,
    );
  expect(chanceOf(0, 5, 3)).toBe(0);
  expect(chanceOf(20, 5, 3)).toBeGreaterThan(chanceOf(10, 5, 3));
  expect(chanceOf(10, 6, 3)).toBeGreaterThan(chanceOf(10, 5, 3));
  expect(chanceOf(10, 5, 4)).toBeGreaterThan(chanceOf(10, 5, 3));
});

const skews: readonly Skew[] = [
  { type: 'constant', behindMs: 40 },
  { type: 'constant', behindMs: -40 },
  { type: 'normal', standardDeviationMs: 30 },
  { type: 'uniform', maxMs: 50 },
];

function behindMs(skew: Skew, chance: Stream): number {
  if (skew.type === 'constant') return skew.behindMs;
  const offset = () =>
    skew.type === 'normal'
      ? skew.standardDeviationMs * inverseNormal(uniform(chance))
      : skew.maxMs * (2 * uniform(chance) - 1);
  return offset() - offset();
}

describe.each(skews)('last writer wins, clocks off: %j', (skew) => {
  test.each([0, 10, 60])('a write %d ms later', (gapMs) => {
    const chance = streamOf(1, `gap ${gapMs}`);
    let dropped = 0;
    for (let trial = 0; trial < trials; trial++) if (gapMs < behindMs(skew, chance)) dropped++;
    expectShare(dropped, trials, laterWriteDropped(skew, gapMs));
  });

  test.each([0.01, 2, 25, 4000])('the next of %d writes a second', (rate) => {
    const chance = streamOf(1, `rate ${rate}`);
    let dropped = 0;
    for (let trial = 0; trial < trials; trial++)
      if (exponential(chance, 1000 / rate) < behindMs(skew, chance)) dropped++;
    expectShare(dropped, trials, nextWriteDropped(skew, rate));
  });
});

test('loss against skew is a curve: none without skew, and half of the closest writes at the worst', () => {
  const curve = [0, 1, 10, 100, 1000, 10_000, 1e7].map((standardDeviationMs) =>
    nextWriteDropped({ type: 'normal', standardDeviationMs }, 10),
  );
  expect(curve[0]).toBe(0);
  expect(curve).toEqual(curve.toSorted((one, other) => one - other));
  expect(curve.at(-1)).toBeCloseTo(0.5, 4);
  // Where one formula takes over from another there is no step.
  for (const [type, at] of [
    ['normal', 30 / Math.SQRT2],
    ['uniform', 0.025],
  ] as const) {
    const of = (size: number): Skew =>
      type === 'normal' ? { type, standardDeviationMs: size } : { type, maxMs: size };
    const below = nextWriteDropped(of(at * 0.999999), 1000);
    expect(nextWriteDropped(of(at * 1.000001), 1000) / below).toBeCloseTo(1, 5);
  }
});
