import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalCdf } from '../../kernel/exact-math.ts';
import { deviationsFor, newSignsOfLife, noteSign, silenceUsFor } from './phi.ts';

const intervals = fc.array(fc.integer({ min: 1000, max: 5_000_000 }), { minLength: 6, maxLength: 60 });

/** φ as the paper defines it: −log₁₀ of the chance that the next sign comes later than this. */
const chanceOfLater = (silenceUs: number, meanUs: number, deviationUs: number) =>
  normalCdf(-(silenceUs - meanUs) / deviationUs);

test('the silence given is the one at which φ reaches the threshold, by the last signs in the window', () => {
  fc.assert(
    fc.property(
      intervals,
      fc.integer({ min: 5, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      (drawn, window, threshold) => {
        const signs = newSignsOfLife(window);
        let atUs = 0;
        noteSign(signs, atUs);
        for (const interval of drawn) noteSign(signs, (atUs += interval));
        const last = drawn.slice(-window);
        const meanUs = last.reduce((sum, each) => sum + each, 0) / last.length;
        const variance = last.reduce((sum, each) => sum + (each - meanUs) ** 2, 0) / last.length;
        const deviationUs = Math.max(Math.sqrt(variance), 100);
        const silenceUs = silenceUsFor(signs, {
          deviations: deviationsFor(threshold),
          minDeviationUs: 100,
          firstUs: 1,
        });
        const chance = 10 ** -threshold;
        expect(chanceOfLater(silenceUs + 2, meanUs, deviationUs)).toBeLessThanOrEqual(chance * 1.001);
        expect(chanceOfLater(silenceUs - 2, meanUs, deviationUs)).toBeGreaterThanOrEqual(chance * 0.999);
      },
    ),
    { numRuns: 200 },
  );
});

test('with too few signs to go by it is the time it was given', () => {
  const signs = newSignsOfLife(10);
  for (let sign = 0; sign < 5; sign++) noteSign(signs, sign * 1000);
  const settings = { deviations: deviationsFor(8), minDeviationUs: 100, firstUs: 7777 };
  expect(silenceUsFor(signs, settings)).toBe(7777);
  noteSign(signs, 5000);
  expect(silenceUsFor(signs, settings)).toBeLessThan(7777);
});

test('5.612 standard deviations are a chance of 10⁻⁸', () => {
  expect(deviationsFor(8)).toBeCloseTo(5.612001, 5);
});
