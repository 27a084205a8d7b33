/**
 * Where what was read names what wrote it, operations fall into clusters that must take place in one piece: a write and its reads.
 * A cluster's zone goes from the earliest return to the latest call among them, forward where the return is earlier, else backward.
 * Clusters can be put in order unless two forward zones overlap, or a backward zone lies inside a forward one. Source: Gibbons and
 * Korach, Testing shared memories, SIAM J. Comput. 1997, theorem 4.1.
 */

import type { History } from './history.ts';

/** Where the operations seen so far stop being linearizable: at the return of `stuck`, however those before it are ordered. */
export interface ZoneViolation {
  readonly stuck: number;
  /** The operations whose times are in conflict, `stuck` among them. */
  readonly conflict: readonly number[];
  /** An order of what had returned before, with the writes that were read. */
  readonly order: Int32Array;
}

/** Operations that cannot be put in order, and the one of them by whose return that shows. */
export interface Conflict {
  readonly operations: readonly number[];
  readonly stuck: number;
}

/** The zones of one part's clusters, in about the order of time. */
export class ZoneTable {
  size = 0;
  minReturnUs = new Float64Array(64);
  maxCallUs = new Float64Array(64);
  private fromUs = new Float64Array(0);
  private toUs = new Float64Array(0);

  /** Makes it empty, with room for so many. */
  clear(most: number): void {
    this.size = 0;
    if (most <= this.minReturnUs.length) return;
    const length = Math.max(most, this.minReturnUs.length * 2);
    this.minReturnUs = new Float64Array(length);
    this.maxCallUs = new Float64Array(length);
  }

  add(minReturnUs: number, maxCallUs: number): number {
    this.minReturnUs[this.size] = minReturnUs;
    this.maxCallUs[this.size] = maxCallUs;
    return this.size++;
  }

  /** Two clusters each of which must come before the other; null where there are none. */
  conflict(): readonly [number, number] | null {
    const { size, minReturnUs, maxCallUs } = this;
    let forward = 0;
    for (let cluster = 0; cluster < size; cluster++) if (this.isForward(cluster)) forward++;
    if (forward > this.fromUs.length) {
      this.fromUs = new Float64Array(forward);
      this.toUs = new Float64Array(forward);
    }
    const fromUs = this.fromUs.subarray(0, forward);
    const toUs = this.toUs.subarray(0, forward);
    for (let cluster = 0, at = 0; cluster < size; cluster++) {
      if (!this.isForward(cluster)) continue;
      fromUs[at] = minReturnUs[cluster]!;
      toUs[at++] = maxCallUs[cluster]!;
    }
    sortNearlySorted(fromUs);
    sortNearlySorted(toUs);
    // Zones are apart exactly if each ends before the next begins, whichever ends and beginnings belong together.
    for (let at = 1; at < forward; at++) if (toUs[at - 1]! > fromUs[at]!) return this.overlapAt(fromUs[at]!);
    let begun = 0;
    for (let cluster = 0; cluster < size; cluster++) {
      if (this.isForward(cluster)) continue;
      begun = rankOf(fromUs, maxCallUs[cluster]!, begun);
      if (begun > 0 && minReturnUs[cluster]! < toUs[begun - 1]!)
        return [cluster, this.forwardFrom(fromUs[begun - 1]!)];
    }
    return null;
  }

  /** Clusters without a conflict, by where their zones begin. */
  inOrder(): Int32Array {
    const { size, minReturnUs, maxCallUs } = this;
    const beginUs = (cluster: number) => Math.min(minReturnUs[cluster]!, maxCallUs[cluster]!);
    // Where two begin together, the backward one comes first: it may lie at the very beginning of the other.
    const isBefore = (a: number, b: number) =>
      beginUs(a) < beginUs(b) || (beginUs(a) === beginUs(b) && !this.isForward(a) && this.isForward(b));
    const sorted = new Int32Array(size);
    let movesLeft = movesMost(size);
    for (let cluster = 0; cluster < size; cluster++) {
      let at = cluster;
      while (at > 0 && isBefore(cluster, sorted[at - 1]!)) {
        sorted[at] = sorted[at - 1]!;
        at--;
      }
      sorted[at] = cluster;
      movesLeft -= cluster - at;
      if (movesLeft >= 0) continue;
      for (let rest = cluster + 1; rest < size; rest++) sorted[rest] = rest;
      return sorted.sort((a, b) => (isBefore(a, b) ? -1 : Number(isBefore(b, a))));
    }
    return sorted;
  }

  private isForward(cluster: number): boolean {
    return this.minReturnUs[cluster]! < this.maxCallUs[cluster]!;
  }

  private forwardFrom(fromUs: number): number {
    let cluster = 0;
    while (!(this.isForward(cluster) && this.minReturnUs[cluster] === fromUs)) cluster++;
    return cluster;
  }

  /** A forward zone begins at `fromUs`, where another one has begun and not ended. */
  private overlapAt(fromUs: number): readonly [number, number] {
    const one = this.forwardFrom(fromUs);
    for (let other = 0; other < this.size; other++) {
      const isAround = this.minReturnUs[other]! <= fromUs && this.maxCallUs[other]! > fromUs;
      if (other !== one && this.isForward(other) && isAround) return [one, other];
    }
    throw new Error('forward zones overlap, and none of them does');
  }
}

/**
 * The first violation, by the return at which it shows. `conflictBefore` finds a conflict among what returned before an instant,
 * not always the first: a few looks before the one it found end it in most cases, and halving in all.
 */
export function firstConflict(
  { returnUs }: History,
  operations: Int32Array,
  found: Conflict,
  conflictBefore: (untilUs: number) => Conflict | null,
): Conflict {
  let conflict = found;
  for (let looks = 0; looks < 4; looks++) {
    const earlier = conflictBefore(returnUs[conflict.stuck]!);
    if (earlier === null) return conflict;
    conflict = earlier;
  }
  const returns = Float64Array.from(operations, (index) => returnUs[index]!).sort();
  // Nothing is wrong with what returned before `returns[fine]`.
  for (let fine = 0; ; ) {
    const rank = rankOf(returns, returnUs[conflict.stuck]!, 0);
    if (rank <= fine) return conflict;
    const middle = (fine + rank + 1) >>> 1;
    const earlier = conflictBefore(returns[middle]!);
    if (earlier === null) fine = middle;
    else conflict = earlier;
  }
}

/** How many of sorted numbers are below this one; quickest where that is about `guess`. */
function rankOf(sorted: Float64Array, limit: number, guess: number): number {
  let low = guess;
  let high = guess;
  for (let width = 1; low > 0 && sorted[low - 1]! >= limit; width *= 2) {
    high = low - 1;
    low = Math.max(0, low - width);
  }
  for (let width = 1; high < sorted.length && sorted[high]! < limit; width *= 2) {
    low = high + 1;
    high = Math.min(sorted.length, high + width);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How often an insertion may move another before sorting from the start is cheaper. */
function movesMost(size: number): number {
  return size * 16;
}

function sortNearlySorted(times: Float64Array): void {
  let movesLeft = movesMost(times.length);
  for (let next = 1; next < times.length; next++) {
    const time = times[next]!;
    let at = next;
    for (; at > 0 && times[at - 1]! > time; at--) times[at] = times[at - 1]!;
    times[at] = time;
    movesLeft -= next - at;
    if (movesLeft >= 0) continue;
    times.sort();
    return;
  }
}
