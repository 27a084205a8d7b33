import fc from 'fast-check';
import { expect, test } from 'vitest';
import { consistencyLevels, isMet, refusalOf, requirementOf } from './levels.ts';
import { countOf, homesOf, meets, needsOf, placementOf } from './placement.ts';

test('bits are counted', () => {
  fc.assert(
    fc.property(fc.integer(), (mask) => {
      expect(countOf(mask)).toBe((mask >>> 0).toString(2).replaceAll('0', '').length);
    }),
  );
});

const levels = consistencyLevels.filter((level) => refusalOf(level, 'read') === null);

test('answers are enough for a coordinator exactly where the level says so', () => {
  const factors = fc.record({ east: fc.integer({ min: 1, max: 4 }), west: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(
      factors,
      fc.constantFrom(...levels),
      fc.boolean(),
      fc.nat(0xff),
      ({ east, west }, level, isEast, answers) => {
        const regions = [...Array(east).fill('east'), ...Array(west).fill('west')] as string[];
        const answered = answers & ((1 << regions.length) - 1);
        const local = isEast ? 'east' : 'west';
        const inRegion = (region: string) =>
          regions.filter((each, node) => each === region && (answered & (1 << node)) !== 0).length;
        const needs = needsOf(level, { east, west }, regions, local);
        expect(meets(needs, answered)).toBe(
          isMet(requirementOf(level, [east, west], isEast ? 0 : 1), [inRegion('east'), inRegion('west')]),
        );
      },
    ),
  );
});

test('every key has as many homes as asked for, in each region as many as asked for there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('east', 'west'), { minLength: 2, maxLength: 12 }),
      fc.constantFrom(null, 1, 16),
      fc.nat(),
      (regions, virtualNodes, chance) => {
        const inEast = regions.filter((region) => region === 'east').length;
        const copies = { east: chance % (inEast + 1), west: chance % (regions.length - inEast + 1) };
        const keys = 50;
        const sites = regions.map((region) => ({ region }));
        const byRegion = placementOf(sites, copies, virtualNodes, keys);
        const inAll = placementOf(sites, (chance % regions.length) + 1, virtualNodes, keys);
        const eastern = regions.reduce((mask, region, node) => mask | (region === 'east' ? 1 << node : 0), 0);
        for (let key = 0; key < keys; key++) {
          expect(countOf(homesOf(byRegion, key) & eastern)).toBe(copies.east);
          expect(countOf(homesOf(byRegion, key) & ~eastern)).toBe(copies.west);
          expect(countOf(homesOf(inAll, key))).toBe((chance % regions.length) + 1);
        }
      },
    ),
  );
});

test('without virtual nodes key k is held by node k and those after it', () => {
  const placement = placementOf(Array(5).fill({ region: 'local' }), 3, null, 7);
  expect(Array.from({ length: 7 }, (_, key) => homesOf(placement, key))).toEqual([
    0b00111, 0b01110, 0b11100, 0b11001, 0b10011, 0b00111, 0b01110,
  ]);
});

test('in a region the copies of a key are in as many racks as there are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('x', 'y', 'z'), { minLength: 3, maxLength: 12 }),
      fc.constantFrom(null, 1, 16),
      fc.integer({ min: 1, max: 3 }),
      (racks, virtualNodes, copies) => {
        const placement = placementOf(
          racks.map((rack) => ({ region: 'local', rack })),
          { local: copies },
          virtualNodes,
          30,
        );
        for (let key = 0; key < 30; key++) {
          const homes = homesOf(placement, key);
          const used = racks.filter((_, node) => (homes & (1 << node)) !== 0);
          expect(used).toHaveLength(copies);
          expect(new Set(used).size).toBe(Math.min(copies, new Set(racks).size));
        }
      },
    ),
  );
});
