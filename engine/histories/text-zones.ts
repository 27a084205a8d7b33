/**
 * Texts or lists that are put, appended to and read, where all that was read is made of what was written in one way only. It then names
 * a put and all appends since, in their order. So what was put and read, up to its longest reading, takes place in one piece: a cluster
 * whose inner order is known. A put or an append that nobody read is a piece of its own: it may take place wherever no other
 * piece is in progress, for the next one begins with a put. The zones of `zones.ts` decide the rest.
 */

import { type History, NO_VALUE, type Value } from './history.ts';
import { sortedBy } from './parts.ts';
import { TextReadings } from './text-readings.ts';
import { type Conflict, firstConflict, ZoneTable, type ZoneViolation } from './zones.ts';

/** No operation, node or cluster. */
const NONE = -1;

/** The kinds of this history, by number, and what was there at first. A list is the text of its items as JSON, each with a comma. */
export interface TextWords {
  readonly get: number;
  readonly put: number;
  readonly initial: string | readonly Value[];
}

/** One part of a history. Operations are places in it, in the order of calls; numbers of the history where they leave it. */
export class TextZones {
  private readonly history: History;
  private readonly operations: Int32Array;
  private readonly callUs: Float64Array;
  private readonly returnUs: Float64Array;
  private readonly isGet: Uint8Array;
  private readonly readings: TextReadings;
  private readonly zones = new ZoneTable();
  /** Of each cluster: its first node, NONE of what nobody read; the operation that returns first, the one that is called last. */
  private readonly root: Int32Array;
  private readonly first: Int32Array;
  private readonly last: Int32Array;
  /** Of each node: its cluster, its one child, the get that returns first of all that show it, its gets as a list through `nextGet`. */
  private readonly clusterOf: Int32Array;
  private readonly child: Int32Array;
  private readonly shownBy: Int32Array;
  private readonly gets: Int32Array;
  private readonly nextGet: Int32Array;
  /** Of each put and append: the node that was read. */
  private readonly at: Int32Array;

  constructor(history: History, words: TextWords, operations: Int32Array) {
    this.history = history;
    this.operations = sortedBy(operations, history.callUs);
    const size = operations.length;
    this.callUs = new Float64Array(size);
    this.returnUs = new Float64Array(size);
    this.isGet = new Uint8Array(size);
    const isList = typeof words.initial !== 'string';
    const whole = (value: Value) => (Array.isArray(value) ? value.map(itemText).join('') : (value ?? ''));
    this.readings = new TextReadings(isList ? words.initial.map(itemText).join('') : words.initial);
    for (let place = 0; place < size; place++) {
      const index = this.operations[place]!;
      const kind = history.kind[index]!;
      this.callUs[place] = history.callUs[index]!;
      this.returnUs[place] = history.returnUs[index]!;
      this.isGet[place] = Number(kind === words.get);
      const number = kind === words.get ? history.output[index]! : history.input[index]!;
      const value = number === NO_VALUE ? undefined : history.values[number]!;
      if (value === undefined) {
        if (kind !== words.get) this.readings.write(place, undefined, false);
      } else if (kind === words.get) this.readings.read(place, isList ? whole(value) : (value ?? ''));
      else if (kind === words.put) this.readings.write(place, isList ? whole(value) : value, true);
      else this.readings.write(place, isList ? itemText(value) : value, false);
    }
    this.readings.finish();
    const nodes = this.readings.parent.length;
    this.root = new Int32Array(nodes + size);
    this.first = new Int32Array(nodes + size);
    this.last = new Int32Array(nodes + size);
    this.clusterOf = new Int32Array(nodes);
    this.child = new Int32Array(nodes);
    this.shownBy = new Int32Array(nodes);
    this.gets = new Int32Array(nodes);
    this.nextGet = new Int32Array(size);
    this.at = new Int32Array(size);
  }

  /** Its first violation, null where it is linearizable. Undefined where a text can be read in several ways. */
  check(): ZoneViolation | null | undefined {
    if (!this.readings.arePlain) return undefined;
    const found = this.conflictBefore(Number.POSITIVE_INFINITY);
    if (found === null) return null;
    const { stuck, operations } = firstConflict(this.history, this.operations, found, (untilUs) =>
      this.conflictBefore(untilUs),
    );
    return { stuck, conflict: operations, order: this.orderBefore(this.history.returnUs[stuck]!) };
  }

  /** An order, where `check` has found no violation. */
  order(): Int32Array {
    return this.orderBefore(Number.POSITIVE_INFINITY);
  }

  /** Looks at what returned before `untilUs`, and at the puts and appends that show in what was read by then. */
  private conflictBefore(untilUs: number): Conflict | null {
    const { zones } = this;
    const astray = this.gatherGets(untilUs) ?? this.gatherNodes(untilUs);
    if (astray !== null) return astray;
    for (let place = 0; place < this.at.length; place++) {
      if (this.isGet[place] === 1 || this.at[place] !== NONE || this.returnUs[place]! >= untilUs) continue;
      const cluster = zones.add(this.returnUs[place]!, this.callUs[place]!);
      this.root[cluster] = NONE;
      this.first[cluster] = place;
      this.last[cluster] = place;
    }
    const pair = zones.conflict();
    if (pair === null) return null;
    const ends = pair.flatMap((cluster) => [this.first[cluster]!, this.last[cluster]!]);
    return this.conflictOf(
      ends.flatMap((place) => [place, this.showing(place)]),
      pair.map((cluster) => this.first[cluster]!),
    );
  }

  /** The get by which a put or an append is known to be where it is. */
  private showing(place: number): number {
    const node = place === NONE ? NONE : this.at[place]!;
    return node === NONE ? NONE : this.shownBy[node]!;
  }

  /** It shows once all of its gets have returned, and those of its writes whose early return is in the way. */
  private conflictOf(places: readonly number[], returned: readonly number[]): Conflict {
    const all = [...new Set(places)].filter((place) => place !== NONE);
    let stuck = NONE;
    for (const place of all) {
      if (this.isGet[place] === 0 && !returned.includes(place)) continue;
      if (stuck === NONE || this.returnUs[place]! > this.returnUs[stuck]!) stuck = place;
    }
    const numbers = all.map((place) => this.operations[place]!).sort((a, b) => a - b);
    return { stuck: this.operations[stuck]!, operations: numbers };
  }

  /** Each node's gets, and the first that shows it. */
  private gatherGets(untilUs: number): Conflict | null {
    const { shownBy, gets, nextGet, returnUs, readings } = this;
    shownBy.fill(NONE);
    gets.fill(NONE);
    for (let place = this.isGet.length - 1; place >= 0; place--) {
      if (this.isGet[place] === 0 || returnUs[place]! >= untilUs) continue;
      const node = readings.nodeOf.get(place);
      if (node === undefined) continue;
      if (node === NONE) return this.conflictOf([place], []);
      nextGet[place] = gets[node]!;
      gets[node] = place;
      if (shownBy[node] === NONE || returnUs[place]! < returnUs[shownBy[node]!]!) shownBy[node] = place;
    }
    for (let node = shownBy.length - 1; node >= 0; node--) {
      const parent = readings.parent[node]!;
      const by = shownBy[node]!;
      if (by === NONE || parent === NONE) continue;
      if (shownBy[parent] === NONE || returnUs[by]! < returnUs[shownBy[parent]!]!) shownBy[parent] = by;
    }
    return null;
  }

  /** The clusters of what was read. */
  private gatherNodes(untilUs: number): Conflict | null {
    const { zones, shownBy, clusterOf, child, at, nextGet, readings } = this;
    const { parent, operation } = readings;
    zones.clear(this.root.length);
    child.fill(NONE);
    at.fill(NONE);
    for (let node = 0; node < shownBy.length; node++) {
      const by = shownBy[node]!;
      if (by === NONE) continue;
      const before = parent[node]!;
      const write = operation[node]!;
      if (write !== NONE) {
        if (at[write] !== NONE) return this.conflictOf([write, by, this.showing(write)], []);
        at[write] = node;
      }
      if (before === NONE) {
        const beginUs = write === NONE ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
        const cluster = zones.add(beginUs, Number.NEGATIVE_INFINITY);
        this.root[cluster] = node;
        this.first[cluster] = NONE;
        this.last[cluster] = NONE;
        clusterOf[node] = cluster;
      } else {
        if (child[before] !== NONE) return this.conflictOf([by, shownBy[child[before]!]!], []);
        child[before] = node;
        clusterOf[node] = clusterOf[before]!;
      }
      const cluster = clusterOf[node]!;
      if (write !== NONE) {
        const returnedUs = this.returnUs[write]! < untilUs ? this.returnUs[write]! : Number.POSITIVE_INFINITY;
        const late = this.follow(cluster, write, returnedUs);
        if (late !== NONE) return this.conflictOf([late, write, by], [write]);
        this.extend(cluster, write);
      }
      // Its gets need no order among themselves.
      for (let get = this.gets[node]!; get !== NONE; get = nextGet[get]!) {
        const late = this.follow(cluster, get, this.returnUs[get]!);
        if (late !== NONE) return this.conflictOf([late, get], []);
      }
      for (let get = this.gets[node]!; get !== NONE; get = nextGet[get]!) this.extend(cluster, get);
    }
    return null;
  }

  /** Lets an operation come after all that its cluster has; gives one that is called too late for that. */
  private follow(cluster: number, place: number, returnedUs: number): number {
    const { minReturnUs, maxCallUs } = this.zones;
    if (maxCallUs[cluster]! > returnedUs) return this.last[cluster]!;
    if (returnedUs >= minReturnUs[cluster]!) return NONE;
    minReturnUs[cluster] = returnedUs;
    this.first[cluster] = place;
    return NONE;
  }

  private extend(cluster: number, place: number): void {
    const { maxCallUs } = this.zones;
    if (this.callUs[place]! <= maxCallUs[cluster]!) return;
    maxCallUs[cluster] = this.callUs[place]!;
    this.last[cluster] = place;
  }

  /** An order of what returned before `untilUs`, where there is one. */
  private orderBefore(untilUs: number): Int32Array {
    this.conflictBefore(untilUs);
    const order = new Int32Array(this.operations.length);
    let length = 0;
    for (const cluster of this.zones.inOrder()) {
      if (this.root[cluster] === NONE) order[length++] = this.operations[this.first[cluster]!]!;
      for (let node = this.root[cluster]!; node !== NONE; node = this.child[node]!) {
        const write = this.readings.operation[node]!;
        if (write !== NONE) order[length++] = this.operations[write]!;
        for (let get = this.gets[node]!; get !== NONE; get = this.nextGet[get]!)
          order[length++] = this.operations[get]!;
      }
    }
    return order.subarray(0, length);
  }
}

function itemText(item: Value): string {
  return `${JSON.stringify(item)},`;
}
