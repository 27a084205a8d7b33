/**
 * Statistical gates come in two sizes: full in `npm run verify`, which finds the tests that import this file, and
 * reduced in `npm test`, with bounds that widen with the smaller sample.
 */
export const isFullSize = process.env.QUORATE_FULL === '1';

/** How many runs a gate takes. */
export const runsOf = (sizes: { readonly full: number; readonly reduced: number }): number =>
  isFullSize ? sizes.full : sizes.reduced;
