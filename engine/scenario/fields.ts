/** What fields of scenarios have in common: names, times, rates. Times are in milliseconds, as people write them. */
import * as z from 'zod/mini';

/** The longest time that may be written: a year. It keeps every sum of microseconds an exact integer. */
export const yearMs = 366 * 24 * 3_600_000;

export const id = z
  .string()
  .check(
    z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
    z.describe('Letters, digits, dot, dash or underscore; 64 at most'),
  );
export const timeMs = z.number().check(z.gte(0), z.lte(yearMs));
/** The longest delay that can be drawn: 2^31 − 1 µs. */
const longestDelayMs = 2_147_483;
export const delayMs = z.number().check(z.gte(0), z.lte(longestDelayMs));
export const positiveDelayMs = z.number().check(z.gte(0.001), z.lte(longestDelayMs));
export const positiveMs = z.number().check(z.gte(0.001), z.lte(yearMs));
export const ratePerSecond = z.number().check(z.gte(0), z.lte(10_000_000));
export const capacityPerSecond = z.number().check(z.gte(0.001), z.lte(1_000_000_000));
export const probability = z.number().check(z.gte(0), z.lte(1));
export const positiveCount = (most: number) => z.int().check(z.gte(1), z.lte(most));
