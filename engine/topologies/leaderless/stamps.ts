/**
 * Versions that are readings of a clock. A stamp is µs since before any clock of a run began, in two integers, so that it
 * travels, and is compared, as the term and LSN of replicated logs do: `hi` × 2^30 + `lo` − 1, 1 ≤ lo ≤ 2^30.
 *
 * ```ts
 * versionName(stampHi(1500), stampLo(1500)); // 'the version of 1.5 ms'
 * ```
 */

/** Stamps count from here, so that clocks may be off by years; and no log's term is as great as a stamp's `hi`. */
const EPOCH_US = 2 ** 50;
const LO = 2 ** 30;
const HI_LEAST = 2 ** 19;

/** Where versions are no stamps, the part that counts for more: the other is a number of what is known (`siblings.ts`). */
export const CLOCK_HI = 2 ** 18;

/** The part of a clock's reading that counts for more. */
export function stampHi(us: number): number {
  return Math.floor((us + EPOCH_US) / LO);
}

export function stampLo(us: number): number {
  const since = us + EPOCH_US;
  return since - Math.floor(since / LO) * LO + 1;
}

/** The clock's reading. */
export function stampUs(hi: number, lo: number): number {
  return stampNumber(hi, lo) - EPOCH_US;
}

/** A stamp as one integer, which ballots are: greater for a newer one. */
export function stampNumber(hi: number, lo: number): number {
  return hi * LO + lo - 1;
}

/** The clock's reading in such an integer. */
export function numberUs(number: number): number {
  return number - EPOCH_US;
}

/** The integer of a clock's reading. */
export function usNumber(us: number): number {
  return us + EPOCH_US;
}

/** What the writer's clock showed, in ms; null where this is a term and an LSN, or nothing. */
export function stampMs(term: number, lsn: number): number | null {
  return term < HI_LEAST ? null : stampUs(term, lsn) / 1000;
}

/** A version of any topology, as a phrase. */
export function versionName(term: number, lsn: number): string {
  const ms = stampMs(term, lsn);
  if (term === CLOCK_HI) return `clock ${lsn}`;
  return ms === null ? `record ${lsn} of term ${term}` : `the version of ${ms} ms`;
}

/** Whether one version is newer than another; of two with one stamp the greater value wins, as in Cassandra. */
export function isNewer(
  hi: number,
  lo: number,
  value: number,
  thanHi: number,
  thanLo: number,
  thanValue: number,
): boolean {
  return hi !== thanHi ? hi > thanHi : lo !== thanLo ? lo > thanLo : value > thanValue;
}
