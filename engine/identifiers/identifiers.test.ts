/** Ids of leaders that have not heard of each other: which schemes collide, how often, and which never do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streamOf } from '../kernel/random.ts';
import {
  type AutoIncrement,
  collidingNumbers,
  everyNumber,
  nextAutoIncrement,
  prefixedId,
  separateSeries,
  seriesMeet,
} from './auto-increment.ts';
import { nextUuid, noUuidYet, uuidCollisionChance } from './uuid.ts';

function firstIds(settings: AutoIncrement, count: number): number[] {
  const ids: number[] = [];
  while (ids.length < count) ids.push(nextAutoIncrement(settings, ids.at(-1) ?? 0));
  return ids;
}

/** How many ids were given more than once. */
function collisions(ids: readonly (number | string)[]): number {
  const times = new Map<number | string, number>();
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  return [...times.values()].filter((count) => count > 1).length;
}

const counts = fc.array(fc.nat(60), { minLength: 2, maxLength: 6 });

describe('auto-increment', () => {
  test.each([
    ['every number', everyNumber, [1, 2, 3, 4]],
    ['the manual’s example: increment 10, offset 5', { offset: 5, increment: 10 }, [5, 15, 25, 35]],
    ['an offset above the increment is ignored', { offset: 12, increment: 10 }, [1, 11, 21, 31]],
  ])('%s', (_, settings, ids) => {
    expect(firstIds(settings, 4)).toEqual(ids);
  });

  test('a larger row from elsewhere moves a series on within its own numbers', () => {
    expect(nextAutoIncrement({ offset: 2, increment: 3 }, 9)).toBe(11);
    expect(nextAutoIncrement({ offset: 2, increment: 3 }, 11)).toBe(14);
  });

  test('counted alike by all leaders, as many ids collide as the second of them has given', () => {
    fc.assert(
      fc.property(counts, (given) => {
        expect(collisions(given.flatMap((count) => firstIds(everyNumber, count)))).toBe(
          collidingNumbers(given),
        );
      }),
    );
  });

  test('in steps from an offset each, none do, whatever rows they hear of', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.array(fc.tuple(fc.nat(5), fc.boolean())),
        (leaders, inserts) => {
          const series = separateSeries(leaders);
          const largest = series.map(() => 0);
          const ids = inserts.map(([at, heard]) => {
            const leader = at % leaders;
            if (heard) largest[leader] = Math.max(...largest);
            return (largest[leader] = nextAutoIncrement(series[leader]!, largest[leader]!));
          });
          expect(collisions(ids)).toBe(0);
        },
      ),
    );
  });

  test('whether two series meet is the arithmetic of their offsets', () => {
    const settings = fc.record({
      offset: fc.integer({ min: 1, max: 12 }),
      increment: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(settings, settings, (one, other) => {
        // Within offset + the product of the increments they would have met.
        const ids = [one, other].flatMap((each) => firstIds(each, 120));
        expect(collisions(ids) > 0).toBe(seriesMeet(one, other));
      }),
      { numRuns: 500 },
    );
  });

  test('a fourth leader on settings for three meets one of them', () => {
    const [first] = separateSeries(3);
    expect(seriesMeet(first!, { offset: 4, increment: 3 })).toBe(true);
    expect(
      separateSeries(3).some((one, at, all) => all.some((other, to) => at !== to && seriesMeet(one, other))),
    ).toBe(false);
  });
});

test('region prefixes: US-000001, and no collision between regions', () => {
  expect(prefixedId('US', 1)).toBe('US-000001');
  expect(prefixedId('EU', 1_234_567)).toBe('EU-1234567');
  const regions = ['US', 'EU', 'AP'];
  fc.assert(
    fc.property(counts, (given) => {
      const ids = regions.flatMap((region, at) =>
        Array.from({ length: given[at] ?? 0 }, (_, index) => prefixedId(region, index + 1)),
      );
      expect(collisions(ids)).toBe(0);
    }),
  );
});

describe('UUIDv7', () => {
  const idsOf = (name: string, clockMs: readonly number[]) => {
    const chance = streamOf(1, name);
    let state = noUuidYet;
    return clockMs.map((nowMs) => {
      const next = nextUuid(state, nowMs, chance);
      state = next.state;
      return next.id;
    });
  };

  test('its form: time, version 7, variant 10', () => {
    const [id] = idsOf('leader a', [0x017f22e279b0]);
    expect(id).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idsOf('leader a', [0x017f22e279b0])).toEqual([id]);
  });

  test('one generator’s ids rise, many in a millisecond or the clock going back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 2 }), { minLength: 2, maxLength: 80 }), (steps) => {
        let nowMs = 1_700_000_000_000;
        const ids = idsOf(
          'leader a',
          steps.map((step) => (nowMs += step)),
        );
        expect(ids).toEqual(ids.toSorted());
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  test('more in one millisecond than its counter has values', () => {
    const ids = idsOf(
      'leader a',
      Array.from({ length: 10_000 }, () => 5),
    );
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
    // The time in the last ids is ahead of the clock.
    expect(Number.parseInt(ids.at(-1)!.slice(0, 8) + ids.at(-1)!.slice(9, 13), 16)).toBeGreaterThan(5);
  });

  test('no collision between leaders in the same milliseconds, and how likely one would be', () => {
    const clock = Array.from({ length: 2000 }, (_, at) => Math.floor(at / 100));
    const ids = ['a', 'b', 'c', 'd', 'e'].flatMap((leader) => idsOf(`leader ${leader}`, clock));
    expect(new Set(ids).size).toBe(10_000);
    // n² / 2^63 for n = 1,000,000: 1.08e-7; and about half at 2^31.24 ids, as for any 62 bits.
    expect(uuidCollisionChance(1_000_000)).toBeCloseTo(1.0842e-7, 10);
    expect(uuidCollisionChance(2.5285e9)).toBeCloseTo(0.5, 3);
    expect(uuidCollisionChance(1)).toBe(0);
  });
});
