/**
 * Registers in whose history no value is written twice: what is read names its write. There is a linearization unless a read returns
 * what nobody wrote, or before its write is called, or the zones of `zones.ts` are in conflict.
 */

import { type History, NO_VALUE } from './history.ts';
import { sortedBy } from './parts.ts';
import { type Conflict, firstConflict, ZoneTable, type ZoneViolation } from './zones.ts';

/** Of a value, while no cluster has it: its own number. */
const NO_CLUSTER = -1;
/** The write of the cluster of the value that was there at first; and of one whose write has not come up. */
const INITIAL = -1;
const NOBODY = -2;

/** What a register of this history knows of values. */
export interface RegisterWords {
  readonly read: number;
  readonly write: number;
  /** The number of the first value; −1 where it does not occur. */
  readonly initial: number;
}

/** What no cluster of one part can say of another: shared, so that many small parts cost no allocation. */
export class RegisterZones {
  private readonly history: History;
  private readonly words: RegisterWords;
  /** By value: its cluster in the part being looked at. */
  private readonly clusterOf: Int32Array;
  private readonly zones = new ZoneTable();
  private value = new Int32Array(64);
  private write = new Int32Array(64);
  /** What the clusters were gathered for, with how many reads each has. */
  private gatheredUs = Number.NaN;
  private reads = new Int32Array(0);

  constructor(history: History, words: RegisterWords) {
    this.history = history;
    this.words = words;
    this.clusterOf = new Int32Array(history.values.length).fill(NO_CLUSTER);
  }

  /** Judges a part: its first violation, null where it is linearizable. Undefined where a value is written twice, or the first one is. */
  check(operations: Int32Array): ZoneViolation | null | undefined {
    const { returnUs } = this.history;
    if (!this.gather(operations, Number.POSITIVE_INFINITY, false)) return undefined;
    const found = this.conflict(operations, Number.POSITIVE_INFINITY);
    if (found === null) return null;
    const { stuck, operations: conflict } = firstConflict(this.history, operations, found, (untilUs) => {
      this.gather(operations, untilUs, true);
      return this.conflict(operations, untilUs);
    });
    return { stuck, conflict, order: this.orderBefore(operations, returnUs[stuck]!) };
  }

  /** An order of a part in which `check` has found no violation. */
  order(operations: Int32Array): Int32Array {
    return this.orderBefore(operations, Number.POSITIVE_INFINITY);
  }

  /** Builds the clusters of what returned before `untilUs`, and of the writes that had been called by then; false if a value is written twice. */
  private gather(operations: Int32Array, untilUs: number, countsReads: boolean): boolean {
    const { kind, input, output, callUs, returnUs } = this.history;
    const { read, initial } = this.words;
    const { clusterOf, zones } = this;
    this.gatheredUs = countsReads ? untilUs : Number.NaN;
    for (let cluster = 0; cluster < zones.size; cluster++) clusterOf[this.value[cluster]!] = NO_CLUSTER;
    const most = Math.min(operations.length, clusterOf.length) + 1;
    zones.clear(most);
    if (most > this.value.length) {
      this.value = new Int32Array(zones.minReturnUs.length);
      this.write = new Int32Array(zones.minReturnUs.length);
    }
    if (countsReads) {
      if (this.reads.length < most) this.reads = new Int32Array(most);
      else this.reads.fill(0, 0, most);
    }
    const { value, write, reads } = this;
    const { minReturnUs, maxCallUs } = zones;
    let size = 0;
    if (initial >= 0) {
      clusterOf[initial] = size;
      value[size] = initial;
      write[size] = INITIAL;
      minReturnUs[size] = Number.NEGATIVE_INFINITY;
      maxCallUs[size++] = Number.NEGATIVE_INFINITY;
    }
    let isFit = true;
    for (let at = 0; isFit && at < operations.length; at++) {
      const index = operations[at]!;
      const beginUs = callUs[index]!;
      if (beginUs > untilUs) continue;
      const isRead = kind[index] === read;
      const number = isRead ? output[index]! : input[index]!;
      let endUs = returnUs[index]!;
      if (endUs >= untilUs) {
        if (isRead) continue;
        endUs = Number.POSITIVE_INFINITY;
      }
      if (number === NO_VALUE) {
        if (isRead) continue;
        isFit = false;
        break;
      }
      const known = clusterOf[number]!;
      if (known === NO_CLUSTER) {
        clusterOf[number] = size;
        value[size] = number;
        write[size] = isRead ? NOBODY : index;
        if (isRead && countsReads) reads[size] = 1;
        minReturnUs[size] = endUs;
        maxCallUs[size++] = beginUs;
        continue;
      }
      if (!isRead) {
        isFit = write[known] === NOBODY;
        write[known] = index;
      } else if (countsReads) reads[known]! += 1;
      if (endUs < minReturnUs[known]!) minReturnUs[known] = endUs;
      if (beginUs > maxCallUs[known]!) maxCallUs[known] = beginUs;
    }
    zones.size = size;
    return isFit;
  }

  private conflict(operations: Int32Array, untilUs: number): Conflict | null {
    const { callUs } = this.history;
    const { zones, write } = this;
    for (let cluster = 0; cluster < zones.size; cluster++) {
      const by = write[cluster]!;
      if (by === INITIAL || (by !== NOBODY && zones.minReturnUs[cluster]! >= callUs[by]!)) continue;
      const first = this.endsOf([cluster], operations, untilUs)[0]!.first;
      return { stuck: first, operations: by === NOBODY ? [first] : [first, by] };
    }
    const pair = zones.conflict();
    return pair && this.conflictOf(pair, operations, untilUs);
  }

  /** Of each cluster: the operation that returns first, the one that is called last. */
  private endsOf(
    clusters: readonly number[],
    operations: Int32Array,
    untilUs: number,
  ): { readonly first: number; readonly last: number }[] {
    const { kind, output, callUs, returnUs } = this.history;
    const { read } = this.words;
    const one = this.value[clusters[0]!]!;
    const other = this.value[clusters.at(-1)!]!;
    const ends = clusters.map((cluster) => ({
      value: this.value[cluster]!,
      first: this.write[cluster]!,
      last: this.write[cluster]!,
    }));
    for (let at = 0; at < operations.length; at++) {
      const index = operations[at]!;
      const number = output[index]!;
      if ((number !== one && number !== other) || kind[index] !== read || returnUs[index]! >= untilUs)
        continue;
      const end = ends.find(({ value }) => value === number)!;
      const { first, last } = end;
      if (first === NOBODY || (first !== INITIAL && returnUs[index]! < returnUs[first]!)) end.first = index;
      if (last < 0 || callUs[index]! > callUs[last]!) end.last = index;
    }
    return ends;
  }

  /** Each must come before the other, because of the operations that give their zones their ends. */
  private conflictOf(pair: readonly [number, number], operations: Int32Array, untilUs: number): Conflict {
    const { kind, returnUs } = this.history;
    const ends = this.endsOf(pair, operations, untilUs);
    const early = ends.map(({ first }) => first);
    const late = ends.map(({ last }) => last);
    // A write is known from its call on, whatever was read of it until then; anything else once it has returned.
    const shows = [
      ...early,
      ...late.filter((index) => index !== INITIAL && kind[index] === this.words.read),
    ].filter((index) => index !== INITIAL);
    let stuck = shows[0]!;
    for (const index of shows) if (returnUs[index]! > returnUs[stuck]!) stuck = index;
    const writes = pair.map((cluster) => this.write[cluster]!);
    const all = new Set([...writes, ...early, ...late].filter((index) => index !== INITIAL));
    return { stuck, operations: [...all].sort((a, b) => a - b) };
  }

  /** An order of what returned before `untilUs`, where there is one. */
  private orderBefore(operations: Int32Array, untilUs: number): Int32Array {
    if (this.gatheredUs !== untilUs) this.gather(operations, untilUs, true);
    const { clusterOf, zones, write } = this;
    const { kind, output, callUs, returnUs } = this.history;
    const { read } = this.words;
    // Each cluster's write, then its reads in the order of calls; a write that nobody knows of is left out.
    const order = new Int32Array(operations.length);
    const next = this.reads;
    let length = 0;
    for (const cluster of zones.inOrder()) {
      const by = write[cluster]!;
      const reads = next[cluster]!;
      if (by !== INITIAL && (reads > 0 || returnUs[by]! < untilUs)) order[length++] = by;
      next[cluster] = length;
      length += reads;
    }
    this.gatheredUs = Number.NaN;
    const byCall = sortedBy(operations, callUs);
    for (let at = 0; at < byCall.length; at++) {
      const index = byCall[at]!;
      if (kind[index] !== read || returnUs[index]! >= untilUs || output[index] === NO_VALUE) continue;
      order[next[clusterOf[output[index]!]!]!++] = index;
    }
    return order.subarray(0, length);
  }
}
