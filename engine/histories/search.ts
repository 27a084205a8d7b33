/**
 * Just-in-time linearization, depth first. It walks the returns in the order of time; at each, the operation that returns
 * must have taken place. If it has not, operations that have been called take place, one after another, until it has. So a
 * configuration is (return, which of the called operations have taken place, state), whose size does not grow with the history.
 *
 * What keeps it small, each with why it loses nothing:
 * - An operation that changes no state, and had this state's output, takes place at once: nothing after it can tell.
 * - Of operations that are alike, the one that returns first takes place first: they could change places.
 * - Operations that never returned are optional, and alike ones are counted; of two configurations that differ in these only,
 *   the one that has used fewer of each can do whatever the other can.
 * - An optional operation is of use only to what could not follow, or not so, without it.
 *
 * Source: Lowe, Testing for linearizability, 2017 (just-in-time, memoised); Wing and Gong 1993 before it.
 */

import type { History } from './history.ts';
import { LoweredModel, REFUSED } from './lowered-model.ts';
import type { SequentialModel } from './model.ts';
import { sortedBy } from './parts.ts';
import { Visited } from './visited.ts';

/** In the trail beside operations: the walk went on to the next return. Lower ones are uses of an optional class. */
const ADVANCED = -1;
const firstUse = -2;

/** In a configuration's words, before the mask. */
const EVENT = 0;
const STATE = 1;
const MASK = 2;

/** One part of a history, searched a few steps at a time. Operations are places in the part. */
export class LinearizationSearch {
  /** Successors that were computed. */
  steps = 0;
  private readonly operations: Int32Array;
  private readonly model: LoweredModel;
  /** Those that returned, by return. */
  private readonly returns: Int32Array;
  /** All of them, by call; and how many of them were called when each of `returns` returned. */
  private readonly calls: Int32Array;
  private readonly called: Int32Array;
  /** Of a state that only grows: by return, the first from there on of what only observes. */
  private readonly nextObserver: Int32Array | null;
  /** Of those that returned: the place in `returns`, and the bit of the mask while it runs. */
  private readonly rank: Int32Array;
  private readonly slot: Int32Array;
  private readonly classOf: Int32Array;
  /** Optional operations: of each, which of the classes of optional ones; of each class, what the model calls it. */
  private readonly optional: Int32Array;
  private readonly optionalClass: number[] = [];
  private readonly available: Int32Array;
  private readonly used: Int32Array;
  /** Those that were called and have not taken place, in the order of calls: a ring through `size`. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly placed: Uint8Array;
  private readonly words: Int32Array;
  private readonly visited: Visited;
  private event = 0;
  private state = 0;
  /** The state before the optional operation that took place last, while nothing has followed that needed it; −1 otherwise. */
  private without = -1;
  private trail = new Int32Array(16);
  private trailStates = new Int32Array(16);
  private trailLength = 0;
  /** By depth: the trail when the choice arose, and its candidates, which lie in one stack. */
  private readonly frameTrail: number[] = [];
  private readonly frameStart: number[] = [];
  private readonly frameNext: number[] = [];
  private candidates = new Int32Array(16);
  private successors = new Int32Array(16);
  private candidatesEnd = 0;
  private begun = false;
  /** The trail that reached the farthest return. Its first `kept` entries are still those of `trail`. */
  private farthest = -1;
  private farthestTrail = new Int32Array(16);
  private farthestLength = 0;
  private kept = 0;
  private toKeep = false;
  /** While candidates are gathered: per class, which of the live ones returns first, and in which gathering. */
  private readonly firstOfClass: Int32Array;
  private readonly gatheredClass: Int32Array;
  private gathering = 0;

  constructor(history: History, operations: Int32Array, model: SequentialModel, rememberedMost?: number) {
    this.operations = operations;
    this.model = new LoweredModel(history, operations, model);
    this.classOf = this.model.classOf;
    const size = operations.length;
    const callUs = new Float64Array(size);
    const returnUs = new Float64Array(size);
    const places = new Int32Array(size);
    let returned = 0;
    for (let place = 0; place < size; place++) {
      const index = operations[place]!;
      callUs[place] = history.callUs[index]!;
      returnUs[place] = history.returnUs[index]!;
      if (returnUs[place] !== Number.POSITIVE_INFINITY) places[returned++] = place;
    }
    this.returns = sortedBy(places.slice(0, returned), returnUs);
    for (let place = 0; place < size; place++) places[place] = place;
    this.calls = sortedBy(places, callUs);
    this.called = new Int32Array(returned);
    this.rank = new Int32Array(size);
    this.slot = new Int32Array(size);
    this.optional = new Int32Array(size).fill(-1);
    if (returned < size) this.giveClasses(returnUs);
    const bits = this.giveSlots(callUs, returnUs);
    this.nextObserver = model.growth === undefined ? null : this.findObservers();
    this.available = new Int32Array(this.optionalClass.length);
    this.used = new Int32Array(this.optionalClass.length);
    this.next = new Int32Array(size + 1).fill(size);
    this.previous = new Int32Array(size + 1).fill(size);
    this.placed = new Uint8Array(size);
    this.words = new Int32Array(MASK + ((bits + 31) >>> 5));
    this.visited = new Visited(this.words.length, rememberedMost);
    this.firstOfClass = new Int32Array(this.model.classes);
    this.gatheredClass = new Int32Array(this.model.classes);
  }

  /** By return: which is the first from there on of what only observes. */
  private findObservers(): Int32Array {
    const { returns, classOf, model } = this;
    const next = new Int32Array(returns.length + 1).fill(returns.length);
    for (let rank = returns.length - 1; rank >= 0; rank--)
      next[rank] = model.observes[classOf[returns[rank]!]!] ? rank : next[rank + 1]!;
    return next;
  }

  /**
   * Whether nothing is to be won any more: what observes, under way or the next to return, can no longer have its output, and
   * some way has come as far as its return already.
   */
  private isLost(): boolean {
    const { next, classOf, model, rank, returns, placed, farthest, nextObserver } = this;
    if (nextObserver === null) return false;
    const ring = this.operations.length;
    for (let place = next[ring]!; place !== ring; place = next[place]!) {
      if (rank[place]! > farthest || !model.observes[classOf[place]!]) continue;
      if (this.isOutOfReach(rank[place]!)) return true;
    }
    let coming = nextObserver[this.event]!;
    while (coming < returns.length && placed[returns[coming]!] === 1) coming = nextObserver[coming + 1]!;
    return coming <= farthest && coming < returns.length && this.isOutOfReach(coming);
  }

  /** Whether an operation can have its output neither from this state nor after anything that resets it before its return. */
  private isOutOfReach(rank: number): boolean {
    const { next, calls, called, classOf, model, returns, optionalClass } = this;
    const of = classOf[returns[rank]!]!;
    this.steps++;
    if (model.mayBecome(this.state, of)) return false;
    const ring = this.operations.length;
    for (let place = next[ring]!; place !== ring; place = next[place]!)
      if (this.leadsTo(classOf[place]!, of)) return false;
    for (let call = called[this.event]!; call < called[rank]!; call++)
      if (this.leadsTo(classOf[calls[call]!]!, of)) return false;
    for (const reset of optionalClass) if (this.leadsTo(reset, of)) return false;
    return true;
  }

  /** Whether one operation resets the state to what may become one in which another has its output. */
  private leadsTo(reset: number, of: number): boolean {
    const { model } = this;
    if (!model.resets[reset]) return false;
    this.steps++;
    const state = model.step(this.state, reset);
    return state === REFUSED || model.mayBecome(state, of);
  }

  /** Classes of the optional ones, in the order of calls. */
  private giveClasses(returnUs: Float64Array): void {
    const { calls, classOf, optional, optionalClass } = this;
    for (let call = 0; call < calls.length; call++) {
      const place = calls[call]!;
      if (returnUs[place] !== Number.POSITIVE_INFINITY) continue;
      const known = optionalClass.indexOf(classOf[place]!);
      optional[place] = known === -1 ? optionalClass.push(classOf[place]!) - 1 : known;
    }
  }

  /** Bits of the mask, taken at the call and free again after the return. */
  private giveSlots(callUs: Float64Array, returnUs: Float64Array): number {
    const free: number[] = [];
    let bits = 0;
    let call = 0;
    const { calls, returns, optional, slot } = this;
    for (let rank = 0; rank < returns.length; rank++) {
      const place = returns[rank]!;
      for (; call < calls.length && callUs[calls[call]!]! <= returnUs[place]!; call++) {
        const called = calls[call]!;
        if (optional[called] === -1) slot[called] = free.pop() ?? bits++;
      }
      this.called[rank] = call;
      this.rank[place] = rank;
      free.push(slot[place]!);
    }
    return bits;
  }

  /** Whether it has remembered all that it may: then it answers `unknown`, however often it is asked. */
  get isFull(): boolean {
    return this.visited.isFull;
  }

  /** Goes on for about so many steps more. `unknown` if that was not enough; then it may be asked again. */
  run(steps: number): 'ok' | 'violation' | 'unknown' {
    const limit = this.steps + steps;
    if (!this.begun) {
      this.begun = true;
      if (this.returns.length === 0) return 'ok';
      this.enter(0);
      if (this.arrive()) return this.finish();
    }
    while (this.frameTrail.length > 0) {
      if (this.steps >= limit || this.isFull) return 'unknown';
      const top = this.frameTrail.length - 1;
      this.undo(this.frameTrail[top]!);
      const candidate = this.frameNext[top]!;
      if (candidate === this.candidatesEnd) {
        this.candidatesEnd = this.frameStart[top]!;
        this.frameTrail.pop();
        this.frameStart.pop();
        this.frameNext.pop();
        continue;
      }
      this.frameNext[top] = candidate + 1;
      this.take(this.candidates[candidate]!, this.successors[candidate]!);
      if (this.arrive()) return this.finish();
    }
    if (this.toKeep) this.keep();
    return 'violation';
  }

  private finish(): 'ok' {
    this.keep();
    return 'ok';
  }

  /** The operations of the way that reached the farthest return, or the end, in their order. Numbers of the history. */
  farthestOrder(): Int32Array {
    const order = new Int32Array(this.farthestLength);
    const uses = this.optionalClass.map(() => 0);
    const users = this.optionalClass.map((): number[] => []);
    for (const place of this.calls) if (this.optional[place]! >= 0) users[this.optional[place]!]!.push(place);
    let length = 0;
    for (let at = 0; at < this.farthestLength; at++) {
      const entry = this.farthestTrail[at]!;
      if (entry === ADVANCED) continue;
      const use = firstUse - entry;
      order[length++] = this.operations[entry >= 0 ? entry : users[use]![uses[use]!++]!]!;
    }
    return order.subarray(0, length);
  }

  /** The operation at whose return no way goes on. */
  stuck(): number {
    return this.operations[this.returns[this.farthest]!]!;
  }

  /** From here on what has been called by the return `event` may take place. */
  private enter(event: number): void {
    const { next, previous, calls, optional } = this;
    const ring = this.operations.length;
    for (let call = event === 0 ? 0 : this.called[event - 1]!; call < this.called[event]!; call++) {
      const place = calls[call]!;
      if (optional[place]! >= 0) {
        this.available[optional[place]!]! += 1;
        continue;
      }
      const last = previous[ring]!;
      next[last] = place;
      previous[place] = last;
      next[place] = ring;
      previous[ring] = place;
    }
  }

  private leave(event: number): void {
    const { next, previous, calls, optional } = this;
    const ring = this.operations.length;
    for (let call = this.called[event]! - 1; call >= this.called[event - 1]!; call--) {
      const place = calls[call]!;
      if (optional[place]! >= 0) {
        this.available[optional[place]!]! -= 1;
        continue;
      }
      const last = previous[place]!;
      next[last] = ring;
      previous[ring] = last;
    }
  }

  private note(entry: number): void {
    if (this.trailLength === this.trail.length) {
      this.trail = doubled(this.trail);
      this.trailStates = doubled(this.trailStates);
    }
    this.trail[this.trailLength] = entry;
    this.trailStates[this.trailLength++] = this.state;
  }

  /** An operation takes place, or one of an optional class does. */
  private take(entry: number, successor: number): void {
    this.note(entry);
    if (entry >= 0) {
      this.place(entry);
      this.without = -1;
    } else {
      this.used[firstUse - entry]! += 1;
      this.without = this.state;
    }
    this.state = successor;
  }

  private place(place: number): void {
    const { next, previous, slot } = this;
    next[previous[place]!] = next[place]!;
    previous[next[place]!] = previous[place]!;
    this.placed[place] = 1;
    this.words[MASK + (slot[place]! >>> 5)]! |= 1 << (slot[place]! & 31);
  }

  private undo(length: number): void {
    if (this.toKeep) this.keep();
    if (length < this.kept) this.kept = length;
    const { trail, next, previous, slot, words } = this;
    while (this.trailLength > length) {
      const entry = trail[--this.trailLength]!;
      this.state = this.trailStates[this.trailLength]!;
      if (entry >= 0) {
        next[previous[entry]!] = entry;
        previous[next[entry]!] = entry;
        this.placed[entry] = 0;
        words[MASK + (slot[entry]! >>> 5)]! &= ~(1 << (slot[entry]! & 31));
      } else if (entry === ADVANCED) {
        this.leave(this.event--);
        const place = this.returns[this.event]!;
        words[MASK + (slot[place]! >>> 5)]! |= 1 << (slot[place]! & 31);
      } else this.used[firstUse - entry]! -= 1;
    }
  }

  /** Copies the trail that got farthest, what of it is not there yet. */
  private keep(): void {
    this.toKeep = false;
    if (this.farthestTrail.length < this.trailLength)
      this.farthestTrail = grown(this.farthestTrail, this.trail.length);
    this.farthestTrail.set(this.trail.subarray(this.kept, this.trailLength), this.kept);
    this.farthestLength = this.trailLength;
    this.kept = this.trailLength;
  }

  /**
   * Lets everything take place that only observes, and goes on past all returns it can; true at the end. Otherwise opens
   * the choice that is now due, unless it was due before.
   */
  private arrive(): boolean {
    const { next, classOf, model, returns, slot, words } = this;
    const ring = this.operations.length;
    let from = next[ring]!;
    for (;;) {
      for (let place = from; place !== ring; place = next[place]!) {
        if (!model.observes[classOf[place]!]) continue;
        this.steps++;
        if (model.step(this.state, classOf[place]!) === REFUSED) continue;
        this.note(place);
        this.place(place);
        this.without = -1;
      }
      const due = returns[this.event]!;
      if (this.placed[due] === 0) break;
      this.note(ADVANCED);
      words[MASK + (slot[due]! >>> 5)]! &= ~(1 << (slot[due]! & 31));
      this.event++;
      if (this.event === returns.length) return true;
      const last = this.previous[ring]!;
      this.enter(this.event);
      from = next[last]!;
    }
    if (this.event > this.farthest) {
      this.farthest = this.event;
      this.toKeep = true;
    }
    words[EVENT] = this.event;
    words[STATE] = this.state;
    if (!this.isLost() && !this.visited.dominates(words, this.used)) this.open();
    return false;
  }

  /** Gathers what may take place next. What makes the due operation possible is tried first, optional ones last. */
  private open(): void {
    const { next, classOf, model, rank, firstOfClass, gatheredClass, state, without, event } = this;
    const ring = this.operations.length;
    const gathering = ++this.gathering;
    for (let place = next[ring]!; place !== ring; place = next[place]!) {
      const of = classOf[place]!;
      if (gatheredClass[of] === gathering && rank[firstOfClass[of]!]! < rank[place]!) continue;
      gatheredClass[of] = gathering;
      firstOfClass[of] = place;
    }
    const due = classOf[this.returns[event]!]!;
    const start = this.candidatesEnd;
    // The due one first: what takes place before it must is a choice made too early.
    for (let pass = 0; pass < 3; pass++) {
      for (let place = next[ring]!; place !== ring; place = next[place]!) {
        const of = classOf[place]!;
        if (firstOfClass[of] !== place || model.observes[of] || (of === due) !== (pass === 0)) continue;
        const successor = model.step(state, of);
        if (successor === REFUSED) continue;
        if (pass > 0 && (model.step(successor, due) !== REFUSED) !== (pass === 1)) continue;
        this.steps++;
        if (without >= 0 && model.step(without, of) === successor) continue;
        this.offer(place, successor);
      }
    }
    for (let use = 0; use < this.optionalClass.length; use++) {
      if (this.used[use] === this.available[use]) continue;
      const of = this.optionalClass[use]!;
      if (gatheredClass[of] === gathering) continue;
      this.steps++;
      const successor = model.step(state, of);
      if (successor === REFUSED || successor === state) continue;
      if (without >= 0 && model.step(without, of) === successor) continue;
      this.offer(firstUse - use, successor);
    }
    this.frameTrail.push(this.trailLength);
    this.frameStart.push(start);
    this.frameNext.push(start);
  }

  private offer(entry: number, successor: number): void {
    if (this.candidatesEnd === this.candidates.length) {
      this.candidates = doubled(this.candidates);
      this.successors = doubled(this.successors);
    }
    this.candidates[this.candidatesEnd] = entry;
    this.successors[this.candidatesEnd++] = successor;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  return grown(array, array.length * 2);
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(array);
  return longer;
}
