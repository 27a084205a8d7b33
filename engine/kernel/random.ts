/**
 * Named streams of chance from one seed.
 *
 * Each purpose (this link's latency, this client's keys, this disk) draws from a stream of its own, whose state
 * depends on the seed and the purpose's name and on nothing else. So adding a fault or a client leaves every
 * other stream unchanged, and a what-if differs from its baseline only by its cause.
 *
 * ```ts
 * const streams = new Streams(42);
 * const link = streams.add('link a→b: latency');
 * sampleLatency(table, streams.next(link));
 * if (streams.chance(loss, thresholdOf(0.01))) drop();
 * ```
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 96 bits of mixed state and a 32-bit counter. All draws
 * are integers; no floating-point number enters or leaves a generator.
 */

/** 2^32, the number of values a draw can take; also the threshold that always hits. */
const TWO_TO_32 = 0x1_0000_0000;

/** Int32 words of state for each stream: a, b, c and the counter. */
const WORDS = 4;

/** Many streams, their states side by side in one Int32Array. Draws do not allocate. */
export class Streams {
  readonly seed: number;
  /** Four words for each stream, in the order they were added; grows by doubling. */
  private state = new Int32Array(WORDS * 16);
  private readonly handles = new Map<string, number>();

  /** `seed` is an integer, 0 ≤ seed ≤ 2^53 − 1. Throws RangeError outside. */
  constructor(seed: number) {
    this.seed = checkedSeed(seed);
  }

  /**
   * Opens the stream of this name and returns its handle. The draws depend on the seed and the name only, not on
   * what was added before. Throws when the name is taken: two purposes that share a stream disturb each other,
   * which is what names are there to prevent.
   */
  add(name: string): number {
    if (this.handles.has(name)) throw new Error(`random stream ${JSON.stringify(name)} was added twice`);
    const handle = this.handles.size * WORDS;
    if (handle === this.state.length) {
      const wider = new Int32Array(2 * handle);
      wider.set(this.state);
      this.state = wider;
    }
    this.handles.set(name, handle);
    seedInto(this.state, handle, this.seed, name);
    return handle;
  }

  /**
   * The next 32 random bits, as an int32; `>>> 0` reads them as 0 … 2^32 − 1. (An int32 never needs a heap box.)
   */
  next(handle: number): number {
    const state = this.state;
    const a = state[handle]!;
    const b = state[handle + 1]!;
    const c = state[handle + 2]!;
    const counter = state[handle + 3]!;
    const out = (a + b + counter) | 0;
    state[handle] = b ^ (b >>> 9);
    state[handle + 1] = (c + (c << 3)) | 0;
    state[handle + 2] = (((c << 21) | (c >>> 11)) + out) | 0;
    state[handle + 3] = (counter + 1) | 0;
    return out;
  }

  /**
   * An integer 0 ≤ result < n, every one equally likely; 1 ≤ n ≤ 2^32, an integer. Nearly always one draw.
   * Source: Lemire, Fast random integer generation in an interval, 2019.
   */
  below(handle: number, n: number): number {
    let bits = this.next(handle);
    let low = Math.imul(bits, n) >>> 0;
    if (low < n) {
      // The first 2^32 mod n of each value's 2^32 / n preimages are the surplus that would favour small results.
      const surplus = TWO_TO_32 % n;
      while (low < surplus) {
        bits = this.next(handle);
        low = Math.imul(bits, n) >>> 0;
      }
    }
    // The upper half of bits × n in two exact steps: each product stays below 2^48.
    const upper = (bits >>> 16) * n + Math.floor(((bits & 0xffff) * n) / 0x10000);
    return Math.floor(upper / 0x10000);
  }

  /**
   * Whether an event of probability threshold / 2^32 happens; 0 ≤ threshold ≤ 2^32, see `thresholdOf`. 0 never
   * hits, 2^32 always does. One draw in every case, so that changing a probability moves no later draw.
   */
  chance(handle: number, threshold: number): boolean {
    return this.next(handle) >>> 0 < threshold;
  }

  /** A copy of every stream's position. It is plain data, four int32 for each stream in the order of `add`. */
  snapshot(): Int32Array {
    return this.state.slice(0, this.handles.size * WORDS);
  }

  /**
   * Goes back to a snapshot of this object. Streams added since are forgotten, so that the run which follows adds
   * them again, under the same handles and from their first draw.
   */
  restore(snapshot: Int32Array): void {
    if (snapshot.length > this.handles.size * WORDS) {
      throw new Error(
        `snapshot of ${snapshot.length / WORDS} random streams, but only ${this.handles.size} exist`,
      );
    }
    for (const [name, handle] of this.handles) if (handle >= snapshot.length) this.handles.delete(name);
    this.state.set(snapshot);
  }

  /** An independent copy at the same position: what either draws does not move the other. */
  fork(): Streams {
    const copy = new Streams(this.seed);
    copy.state = this.state.slice();
    for (const [name, handle] of this.handles) copy.handles.set(name, handle);
    return copy;
  }
}

/**
 * Fills `draws` with the next draws of one stream, whose four words of a snapshot stand from `at` on, and moves them on. The
 * same draws as `Streams.next`, for code that wants them by the hundred.
 */
export function drawInto(draws: Int32Array, state: Int32Array, at: number): void {
  let a = state[at]!;
  let b = state[at + 1]!;
  let c = state[at + 2]!;
  let counter = state[at + 3]!;
  for (let index = 0; index < draws.length; index++) {
    const out = (a + b + counter) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    counter = (counter + 1) | 0;
    draws[index] = out;
  }
  state[at] = a;
  state[at + 1] = b;
  state[at + 2] = c;
  state[at + 3] = counter;
}

/** One stream on its own, for code that needs a single source of chance. The same draws as `Streams` gives. */
export interface Stream {
  next(): number;
  below(n: number): number;
  chance(threshold: number): boolean;
}

/** The stream of this name under this seed, an integer 0 … 2^53 − 1. Throws RangeError outside. */
export function streamOf(seed: number, name: string): Stream {
  const streams = new Streams(seed);
  const handle = streams.add(name);
  return {
    next: () => streams.next(handle),
    below: (n) => streams.below(handle, n),
    chance: (threshold) => streams.chance(handle, threshold),
  };
}

/** A seed for a part of the work (run number 17 of a sweep): an integer 0 … 2^53 − 1 drawn from (seed, name). */
export function childSeed(seed: number, name: string): number {
  const stream = streamOf(seed, name);
  return (stream.next() >>> 11) * TWO_TO_32 + (stream.next() >>> 0);
}

/**
 * The integer threshold, per 2^32, of a probability 0 ≤ p ≤ 1, rounded to nearest. Only 0 gives 0 and only 1 gives
 * 2^32: an event that may happen stays possible, and one that may fail can fail. Throws RangeError outside.
 */
export function thresholdOf(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`probability is ${probability}, expected a number from 0 to 1`);
  }
  if (probability === 0 || probability === 1) return probability * TWO_TO_32;
  return Math.min(Math.max(Math.round(probability * TWO_TO_32), 1), TWO_TO_32 - 1);
}

function checkedSeed(seed: number): number {
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RangeError(`seed is ${seed}, expected an integer from 0 to 2^53 − 1`);
  }
  return seed;
}

/**
 * Hashes (seed, name) into a stream's first state. The words of the seed and the UTF-16 units of the name are
 * absorbed one after another into a state that the generator itself stirs.
 *
 * The counter then restarts at 1 for every stream. A state contains the counter and a step is invertible, so two
 * streams could meet only at equal counters, and then would have been equal from the start: streams with different
 * first states share no stretch of 2^32 draws.
 */
function seedInto(state: Int32Array, at: number, seed: number, name: string): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 1;
  const last = name.length + 2;
  for (let index = 0; index <= last; index++) {
    // The seed in two words, the name, its length.
    if (index === 0) a ^= seed | 0;
    else if (index === 1) a ^= Math.floor(seed / TWO_TO_32);
    else a ^= index < last ? name.charCodeAt(index - 2) : name.length;
    // Four rounds spread a difference in one word over all three, so a later word cannot undo it.
    const rounds = index < last ? 4 : 20;
    for (let round = 0; round < rounds; round++) {
      const out = (a + b + counter) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + out) | 0;
      counter = (counter + 1) | 0;
    }
  }
  state[at] = a;
  state[at + 1] = b;
  state[at + 2] = c;
  state[at + 3] = 1;
}
