/** How few faults a violation takes: what a break-it exercise calls its par. */

import type { ScenarioSource } from '../scenario/schema.ts';
import { type Counterexample, type FindOptions, find, type NotFound, type Searched } from './find.ts';

/** What was looked at in vain with fewer faults, from none on. */
interface Below {
  readonly below: readonly Searched[];
}

export type ParFound = Counterexample & Below & { readonly par: number };
export type ParNotFound = NotFound & Below;

/**
 * Searches with no fault, then with one, then with two, up to `maxFaults`, each with the whole budget, and stops at the first
 * violation. That fewer would not do is as sure as the searches before were thorough: it is no proof.
 */
export async function findPar(source: ScenarioSource, options: FindOptions): Promise<ParFound | ParNotFound> {
  const below: Searched[] = [];
  for (let maxFaults = 0; ; maxFaults++) {
    const outcome = await find(source, { ...options, maxFaults });
    if (outcome.found) return { ...outcome, par: outcome.faults.length, below };
    if (maxFaults === options.maxFaults) return { ...outcome, below };
    below.push(outcome.searched);
  }
}
