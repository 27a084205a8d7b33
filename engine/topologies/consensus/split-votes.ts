/**
 * The chance that an election's first term elects nobody, in closed form: the smallest number of candidates that splits
 * the vote, and how likely so many timeouts fall within the time one request takes.
 *
 * Source: Ongaro's dissertation, chapter 9, https://github.com/ongardie/dissertation.
 */

/**
 * Chance from 0 to 1. Timeouts are uniform over a range; `window`, a share of that range ≥ 0, is how long after the first
 * candidate's timeout another server may still become one before the request reaches it. `available` of `servers` are up;
 * they can make a majority, and `servers` ≥ 2.
 *
 * The first candidate's requests arrive first everywhere, so it gets every vote but those of the other candidates. With k
 * candidates it has available − k + 1 votes, too few from k = available − ⌊servers / 2⌋ + 1 on. The k-th smallest of s
 * uniform timeouts is within a window of the smallest as often as at least k − 1 of s independent events of that
 * probability happen.
 */
export function splitVoteChance(servers: number, available: number, window: number): number {
  if (window >= 1) return 1;
  const candidates = available - Math.floor(servers / 2) + 1;
  let chance = 0;
  for (let count = candidates - 1; count <= available; count++) {
    let term = 1;
    for (let index = 0; index < count; index++) term *= ((available - index) / (index + 1)) * window;
    for (let index = count; index < available; index++) term *= 1 - window;
    chance += term;
  }
  return chance;
}
