/**
 * A counter in which each replica keeps its sum beside how often it has changed it, and of two states the one that was changed more
 * often brings its sum: up and down need one number each, and not two.
 *
 * Source: Baquero et al., delta-enabled-crdts, LexCounter, https://github.com/CBaquero/delta-enabled-crdts. Apache Cassandra's
 * counters are of this kind.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { joinLexicographic } from './pair.ts';
import { compareAtoms, mergeTables, type Table, valueAt } from './sorted.ts';

export type LexicographicCounter = Table<Id, readonly [changes: number, sum: number]>;

export const empty: LexicographicCounter = [];

export function join(one: LexicographicCounter, other: LexicographicCounter): LexicographicCounter {
  return mergeTables(one, other, compareAtoms, (mine, theirs) =>
    mine === undefined || theirs === undefined ? (mine ?? theirs) : newer(mine, theirs),
  );
}

export function read(counter: LexicographicCounter): number {
  return counter.reduce((total, [, [, sum]]) => total + sum, 0);
}

/** The delta that adds at a replica; a number below 0 takes away. */
export function increment(counter: LexicographicCounter, replica: Id, by = 1): LexicographicCounter {
  const [changes, sum] = valueAt(counter, replica, compareAtoms) ?? [0, 0];
  return [[replica, [changes + 1, sum + by]]];
}

const newer = joinLexicographic<number, number>((one, other) => one - other, Math.max);
