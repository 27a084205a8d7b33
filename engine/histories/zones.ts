/**
 * Registers in whose history no value is written twice. A value's write and its reads are a cluster; its zone goes from
 * the earliest return to the latest call among them, forward where the return is earlier, else backward. There is a linearization
 * unless a read returns what nobody wrote, or before its write is called, two forward zones overlap, or a backward zone lies
 * inside a forward one. Source: Gibbons and Korach, Testing shared memories, SIAM J. Comput. 1997, theorem 4.1.
 */

import { type History, NO_VALUE } from './history.ts';
import { sortedBy } from './parts.ts';

/** Of a value, while no cluster has it: its own number. */
const NO_CLUSTER = -1;
/** The write of the cluster of the value that was there at first. */
const INITIAL = -1;

/** What a register of this history knows of values. */
export interface RegisterWords {
  readonly read: number;
  readonly write: number;
  /** The number of the first value; −1 where it does not occur. */
  readonly initial: number;
}

/** Where the operations seen so far stop being linearizable: at the return of `stuck`, however those before it are ordered. */
export interface ZoneViolation {
  readonly stuck: number;
  /** The operations whose times are in conflict, `stuck` among them. */
  readonly conflict: readonly number[];
  /** An order of what had returned before, with the writes that were read. */
  readonly order: Int32Array;
}

/** Two of its operations decide what must come before a cluster and what after it. */
interface Conflict {
  readonly operations: readonly number[];
  readonly stuck: number;
}

/** What no cluster of one part can say of another: shared, so that many small parts cost no allocation. */
export class Zones {
  private readonly history: History;
  private readonly words: RegisterWords;
  /** By value: its cluster in the part being looked at. */
  private readonly clusterOf: Int32Array;
  private clusters = 0;
  private value = new Int32Array(64);
  private write = new Int32Array(64);
  /** By cluster: the operation that returns first, the one that is called last, and when. */
  private first = new Int32Array(64);
  private last = new Int32Array(64);
  private minReturnUs = new Float64Array(64);
  private maxCallUs = new Float64Array(64);
  private forwardFromUs = new Float64Array(64);
  private forwardToUs = new Float64Array(64);

  constructor(history: History, words: RegisterWords) {
    this.history = history;
    this.words = words;
    this.clusterOf = new Int32Array(history.values.length).fill(NO_CLUSTER);
  }

  /** Whether no value of the part is written twice, nor the first one. */
  applies(operations: Int32Array): boolean {
    const { kind, input } = this.history;
    const { write, initial } = this.words;
    const { clusterOf } = this;
    let applies = true;
    let at = 0;
    for (; applies && at < operations.length; at++) {
      const index = operations[at]!;
      if (kind[index] !== write) continue;
      const value = input[index]!;
      applies = value !== initial && clusterOf[value] === NO_CLUSTER;
      clusterOf[value] = 0;
    }
    for (at--; at >= 0; at--) {
      const index = operations[at]!;
      if (kind[index] === write) clusterOf[input[index]!] = NO_CLUSTER;
    }
    return applies;
  }

  /** Judges a part; null where it is linearizable. */
  check(operations: Int32Array): ZoneViolation | null {
    let conflict = this.conflictBefore(operations, Number.POSITIVE_INFINITY);
    if (conflict === null) return null;
    // The first conflict that shows is rarely the first that there is. A few looks before it find that; halving ends it.
    const returns = this.returnsOf(operations);
    let fine = 0;
    for (let looks = 0; ; looks++) {
      const stuckUs = this.history.returnUs[conflict.stuck]!;
      const rank = rankOf(returns, stuckUs);
      const middle = looks < 4 || rank - fine <= 1 ? rank : (fine + rank) >>> 1;
      const earlier = this.conflictBefore(operations, returns[middle]!);
      if (earlier !== null) conflict = earlier;
      else if (middle === rank) break;
      else fine = middle;
    }
    const { stuck } = conflict;
    return {
      stuck,
      conflict: conflict.operations,
      order: this.orderBefore(operations, this.history.returnUs[stuck]!),
    };
  }

  private returnsOf(operations: Int32Array): Float64Array {
    const { returnUs } = this.history;
    const all = new Float64Array(operations.length);
    for (let at = 0; at < operations.length; at++) all[at] = returnUs[operations[at]!]!;
    all.sort();
    return all.subarray(0, rankOf(all, Number.POSITIVE_INFINITY));
  }

  /** Builds the clusters of what returned before `untilUs`, and of the writes that had been called by then. */
  private gather(operations: Int32Array, untilUs: number): Conflict | null {
    const { kind, input, output, callUs, returnUs } = this.history;
    const { read, initial } = this.words;
    const { clusterOf } = this;
    for (let cluster = 0; cluster < this.clusters; cluster++) clusterOf[this.value[cluster]!] = NO_CLUSTER;
    this.clusters = 0;
    if (initial >= 0) this.found(initial, INITIAL, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
    for (let at = 0; at < operations.length; at++) {
      const index = operations[at]!;
      if (kind[index] === read || callUs[index]! > untilUs) continue;
      const endUs = returnUs[index]!;
      this.found(input[index]!, index, callUs[index]!, endUs < untilUs ? endUs : Number.POSITIVE_INFINITY);
    }
    for (let at = 0; at < operations.length; at++) {
      const index = operations[at]!;
      const endUs = returnUs[index]!;
      if (kind[index] !== read || endUs >= untilUs || output[index] === NO_VALUE) continue;
      const cluster = clusterOf[output[index]!]!;
      if (cluster === NO_CLUSTER) return { stuck: index, operations: [index] };
      const write = this.write[cluster]!;
      if (write !== INITIAL && endUs < callUs[write]!) return { stuck: index, operations: [index, write] };
      if (endUs < this.minReturnUs[cluster]!) {
        this.minReturnUs[cluster] = endUs;
        this.first[cluster] = index;
      }
      if (callUs[index]! > this.maxCallUs[cluster]!) {
        this.maxCallUs[cluster] = callUs[index]!;
        this.last[cluster] = index;
      }
    }
    return null;
  }

  private found(value: number, write: number, callUs: number, returnUs: number): void {
    const cluster = this.clusters++;
    if (cluster === this.value.length) this.widen();
    this.clusterOf[value] = cluster;
    this.value[cluster] = value;
    this.write[cluster] = write;
    this.first[cluster] = write;
    this.last[cluster] = write;
    this.minReturnUs[cluster] = returnUs;
    this.maxCallUs[cluster] = callUs;
  }

  private conflictBefore(operations: Int32Array, untilUs: number): Conflict | null {
    const astray = this.gather(operations, untilUs);
    if (astray !== null) return astray;
    const { clusters, minReturnUs, maxCallUs } = this;
    let forward = 0;
    for (let cluster = 0; cluster < clusters; cluster++) {
      if (minReturnUs[cluster]! >= maxCallUs[cluster]!) continue;
      this.forwardFromUs[forward] = minReturnUs[cluster]!;
      this.forwardToUs[forward++] = maxCallUs[cluster]!;
    }
    // Zones are apart exactly if each ends before the next begins, whichever ends and beginnings belong together.
    const fromUs = this.forwardFromUs.subarray(0, forward).sort();
    const toUs = this.forwardToUs.subarray(0, forward).sort();
    for (let at = 1; at < forward; at++) if (toUs[at - 1]! > fromUs[at]!) return this.overlapAt(fromUs[at]!);
    for (let cluster = 0; cluster < clusters; cluster++) {
      const callUs = maxCallUs[cluster]!;
      if (minReturnUs[cluster]! < callUs) continue;
      const around = rankOf(fromUs, callUs) - 1;
      if (around >= 0 && minReturnUs[cluster]! < toUs[around]!) return this.inside(cluster, fromUs[around]!);
    }
    return null;
  }

  private isForward(cluster: number): boolean {
    return this.minReturnUs[cluster]! < this.maxCallUs[cluster]!;
  }

  /** A forward zone begins at `fromUs`, where another one has begun and not ended. */
  private overlapAt(fromUs: number): Conflict {
    const { clusters, minReturnUs, maxCallUs } = this;
    let one = 0;
    while (!(this.isForward(one) && minReturnUs[one] === fromUs)) one++;
    for (let other = 0; other < clusters; other++) {
      if (
        other !== one &&
        this.isForward(other) &&
        minReturnUs[other]! <= fromUs &&
        maxCallUs[other]! > fromUs
      )
        return this.conflictOf(one, other);
    }
    throw new Error('forward zones overlap, and none of them does');
  }

  private inside(cluster: number, fromUs: number): Conflict {
    let around = 0;
    while (!(this.isForward(around) && this.minReturnUs[around] === fromUs)) around++;
    return this.conflictOf(cluster, around);
  }

  /** Each must come before the other, because of the operations that give their zones their ends. */
  private conflictOf(one: number, other: number): Conflict {
    const { kind, returnUs } = this.history;
    const { read } = this.words;
    const early = [this.first[one]!, this.first[other]!];
    const late = [this.last[one]!, this.last[other]!];
    // A write is known from its call on, whatever was read of it until then; anything else once it has returned.
    const shows = [...early, ...late.filter((index) => index !== INITIAL && kind[index] === read)].filter(
      (index) => index !== INITIAL,
    );
    let stuck = shows[0]!;
    for (const index of shows) if (returnUs[index]! > returnUs[stuck]!) stuck = index;
    const writes = [this.write[one]!, this.write[other]!];
    const all = new Set([...writes, ...early, ...late].filter((index) => index !== INITIAL));
    return { stuck, operations: [...all].sort((a, b) => a - b) };
  }

  /** An order of what returned before `untilUs`, where there is one: clusters by where their zones begin. */
  private orderBefore(operations: Int32Array, untilUs: number): Int32Array {
    this.gather(operations, untilUs);
    const { clusters, clusterOf } = this;
    const { kind, output, callUs, returnUs } = this.history;
    const isCounted = (index: number) =>
      kind[index] === this.words.read && returnUs[index]! < untilUs && output[index] !== NO_VALUE;
    // Each cluster's write, then its reads in the order of calls; a write that nobody knows of is left out.
    const ends = new Int32Array(clusters + 1);
    for (let at = 0; at < operations.length; at++) {
      const index = operations[at]!;
      if (isCounted(index)) ends[clusterOf[output[index]!]! + 1]! += 1;
    }
    const counts = ends.slice(1);
    const beginUs = new Float64Array(clusters);
    for (let cluster = 0; cluster < clusters; cluster++)
      beginUs[cluster] = Math.min(this.minReturnUs[cluster]!, this.maxCallUs[cluster]!);
    // Where two begin together, the backward one comes first: it may lie at the very beginning of the other.
    const sorted = new Int32Array(clusters)
      .map((_, cluster) => cluster)
      .sort(
        (a, b) =>
          compare(beginUs[a]!, beginUs[b]!) || Number(this.isForward(a)) - Number(this.isForward(b)) || a - b,
      );
    const order = new Int32Array(operations.length);
    const next = ends;
    let length = 0;
    for (const cluster of sorted) {
      const write = this.write[cluster]!;
      if (write !== INITIAL && (counts[cluster]! > 0 || returnUs[write]! < untilUs)) order[length++] = write;
      next[cluster] = length;
      length += counts[cluster]!;
    }
    for (const index of sortedBy(operations, callUs))
      if (isCounted(index)) order[next[clusterOf[output[index]!]!]!++] = index;
    return order.subarray(0, length);
  }

  private widen(): void {
    const length = this.value.length * 2;
    const numbers = (array: Int32Array) => {
      const longer = new Int32Array(length);
      longer.set(array);
      return longer;
    };
    const times = (array: Float64Array) => {
      const longer = new Float64Array(length);
      longer.set(array);
      return longer;
    };
    this.value = numbers(this.value);
    this.write = numbers(this.write);
    this.first = numbers(this.first);
    this.last = numbers(this.last);
    this.minReturnUs = times(this.minReturnUs);
    this.maxCallUs = times(this.maxCallUs);
    this.forwardFromUs = new Float64Array(length);
    this.forwardToUs = new Float64Array(length);
  }
}

/** How many of sorted numbers are below this one. */
function rankOf(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Infinite times too. */
function compare(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}
