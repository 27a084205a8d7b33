/**
 * The event queue: what is scheduled, ordered by `(atUs, sequence)`.
 *
 * A hierarchical timing wheel: four levels of 4,096 slots, the lowest one microsecond a slot, each next level 4,096
 * times coarser, nine years in all. A slot is a first-in-first-out list, so the sequence order costs nothing and nothing
 * is ever compared. A record waits in the coarsest level that tells it from now, and moves down when time enters its
 * slot; it does so before anything can be pushed straight into that window, which is what keeps equal times in order:
 * were a later push to land first, an older record moved down behind it would be dispatched after it.
 *
 * Records live in one strided Int32Array, so pushing and popping allocate nothing once the pool has grown.
 *
 * Further reading: Varghese and Lauck, Hashed and hierarchical timing wheels, SOSP 1987.
 */

/** Words of one record, in `Queue.words` from `record * STRIDE`. Word 0 is the next record of the list it is in. */
export const STRIDE = 12;
export const KIND = 1;
export const FROM = 2;
export const TO = 3;
export const A = 4;
export const B = 5;
export const C = 6;
export const D = 7;
export const E = 8;
export const BYTES = 9;
/** Which life of the receiving node a record belongs to; one of an older life is dropped. */
export const LIFE = 10;
/** Which life of the sending machine a message comes from. */
export const SENDER_LIFE = 11;

const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
const LEVELS = 4;
const WORDS_PER_LEVEL = SLOTS >>> 5;
const GROUPS_PER_LEVEL = WORDS_PER_LEVEL >>> 5;

/** Microseconds in one slot, and in one whole turn, of each level. */
const SLOT_US = [1, 2 ** 12, 2 ** 24, 2 ** 36];
const TURN_US = [2 ** 12, 2 ** 24, 2 ** 36, 2 ** 48];

/**
 * Four years: later than any run goes on. What a hopelessly slow disk, link or node would bring later than that is
 * scheduled then, so that no scenario asks more of the queue than it can hold.
 */
export const LATEST_US = 2 ** 47;

export class Queue {
  words: Int32Array;
  /** When each record is due, and when it was pushed: two numbers a record, integer µs. */
  times: Float64Array;
  /** Records now scheduled. */
  count = 0;
  private capacity: number;
  private free = -1;
  private unused = 0;
  /** First and last record of each slot that holds something, side by side; of the lower two levels until more are needed. */
  private ends = new Int32Array(2 * SLOTS * 2);
  /** One bit a slot that holds something. */
  private readonly occupied = new Int32Array(LEVELS * WORDS_PER_LEVEL);
  /** One bit a word of those that is not 0: where little is scheduled, most are, and to look at each costs more than the rest. */
  private readonly occupiedWords = new Int32Array(LEVELS * GROUPS_PER_LEVEL);
  /** Where each level's present turn begins. */
  private readonly turnStartUs = new Float64Array(LEVELS);
  /** The slot of the lowest level being emptied: the present, within its turn. */
  private cursor = 0;

  constructor(capacity = 64) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity * STRIDE);
    this.times = new Float64Array(capacity * 2);
  }

  /**
   * Schedules a record and returns it. `atUs` is an integer, not before the latest time `next` was asked about.
   * The record's LIFE word is 0 until set.
   */
  push(
    nowUs: number,
    atUs: number,
    kind: number,
    from: number,
    to: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    bytes: number,
  ): number {
    const record = this.acquire();
    this.fill(record, kind, from, to, a, b, c, d, e, bytes);
    this.times[record * 2 + 1] = nowUs;
    this.schedule(record, atUs);
    return record;
  }

  /** Everything of a record but when it was pushed and when it is due; its LIFE is 0. Integers only, see `place`. */
  fill(
    record: number,
    kind: number,
    from: number,
    to: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    bytes: number,
  ): void {
    const words = this.words;
    const at = record * STRIDE;
    words[at + KIND] = kind;
    words[at + FROM] = from;
    words[at + TO] = to;
    words[at + A] = a;
    words[at + B] = b;
    words[at + C] = c;
    words[at + D] = d;
    words[at + E] = e;
    words[at + BYTES] = bytes;
    words[at + LIFE] = 0;
  }

  /** A record to be filled, given its push time, and scheduled. */
  acquire(): number {
    const record = this.free;
    if (record < 0) {
      if (this.unused === this.capacity) this.grow();
      return this.unused++;
    }
    this.free = this.words[record * STRIDE]!;
    return record;
  }

  /** Schedules a record that was acquired, or taken and not released. */
  schedule(record: number, atUs: number): void {
    this.times[record * 2] = atUs;
    this.count++;
    this.place(record);
  }

  /** Schedules a record that was taken and not released, before everything at that time. */
  scheduleFirst(record: number, atUs: number): void {
    this.times[record * 2] = atUs;
    this.count++;
    let level = 0;
    while (atUs - this.turnStartUs[level]! >= TURN_US[level]!) level++;
    if (level >= 2) this.reachFar();
    const slot = Math.floor((atUs - this.turnStartUs[level]!) / SLOT_US[level]!);
    const at = (level * SLOTS + slot) * 2;
    if (!this.holds(level, slot)) {
      this.append(level, slot, record);
      return;
    }
    this.words[record * STRIDE] = this.ends[at]!;
    this.ends[at] = record;
  }

  /**
   * Takes the next record due before `limitUs`, or gives −1. It stays valid until `release`. Time never moves past
   * `limitUs` here, so afterwards records may be pushed at `limitUs` or later (or at the taken record's time or later).
   */
  next(limitUs: number): number {
    const turnStartUs = this.turnStartUs;
    for (;;) {
      const slot = this.nextSlot(0, this.cursor);
      if (slot >= 0) {
        if (turnStartUs[0]! + slot >= limitUs) return -1;
        this.cursor = slot;
        const record = this.ends[slot * 2]!;
        const next = this.words[record * STRIDE]!;
        this.ends[slot * 2] = next;
        if (next < 0) this.vacate(0, slot);
        this.count--;
        return record;
      }
      if (!this.moveDown(1, limitUs)) return -1;
    }
  }

  release(record: number): void {
    this.words[record * STRIDE] = this.free;
    this.free = record;
  }

  /** Every scheduled record, in no promised order. */
  forEach(visit: (record: number) => void): void {
    for (let level = 0; level < LEVELS; level++) {
      for (let slot = 0; slot < SLOTS; slot++) {
        if (!this.holds(level, slot)) continue;
        const first = this.ends[(level * SLOTS + slot) * 2]!;
        for (let record = first; record >= 0; record = this.words[record * STRIDE]!) visit(record);
      }
    }
  }

  /** Brings the next occupied slot of a level down one level; false if none begins before `limitUs`. */
  private moveDown(level: number, limitUs: number): boolean {
    if (level === LEVELS) return false;
    const turnStartUs = this.turnStartUs;
    // The slot whose turn the level below is in was emptied when time entered it.
    const present = Math.floor((turnStartUs[level - 1]! - turnStartUs[level]!) / SLOT_US[level]!);
    const slot = this.nextSlot(level, present + 1);
    if (slot < 0) return this.moveDown(level + 1, limitUs);
    const startUs = turnStartUs[level]! + slot * SLOT_US[level]!;
    if (startUs >= limitUs) return false;
    turnStartUs[level - 1] = startUs;
    // Levels below are empty: their turns start with this one's.
    for (let below = level - 2; below >= 0; below--) turnStartUs[below] = startUs;
    this.cursor = 0;
    let record = this.ends[(level * SLOTS + slot) * 2]!;
    this.vacate(level, slot);
    while (record >= 0) {
      const next = this.words[record * STRIDE]!;
      this.place(record);
      record = next;
    }
    return true;
  }

  /** Appends a record to the slot of the finest level whose present turn holds its time. */
  private place(record: number): void {
    // Read here rather than passed on: a double that crosses a call which is not inlined is allocated.
    const atUs = this.times[record * 2]!;
    const turnStartUs = this.turnStartUs;
    const inTurnUs = atUs - turnStartUs[0]!;
    if (inTurnUs < SLOTS) {
      this.append(0, inTurnUs, record);
      return;
    }
    const inSecondTurnUs = atUs - turnStartUs[1]!;
    if (inSecondTurnUs < 2 ** 24) {
      this.append(1, inSecondTurnUs >>> SLOT_BITS, record);
      return;
    }
    this.reachFar();
    for (let level = 2; level < LEVELS; level++) {
      const inLevelUs = atUs - turnStartUs[level]!;
      if (inLevelUs < TURN_US[level]!) {
        this.append(level, Math.floor(inLevelUs / SLOT_US[level]!), record);
        return;
      }
    }
    throw new RangeError(`scheduled at ${atUs} µs, later than the queue can hold (2^48 µs)`);
  }

  private append(level: number, slot: number, record: number): void {
    const at = (level * SLOTS + slot) * 2;
    const { ends, occupied } = this;
    const word = level * WORDS_PER_LEVEL + (slot >>> 5);
    const bits = occupied[word]!;
    this.words[record * STRIDE] = -1;
    if ((bits & (1 << slot)) === 0) {
      ends[at] = record;
      occupied[word] = bits | (1 << slot);
      if (bits === 0) this.occupiedWords[word >>> 5]! |= 1 << word;
    } else {
      this.words[ends[at + 1]! * STRIDE] = record;
    }
    ends[at + 1] = record;
  }

  private holds(level: number, slot: number): boolean {
    return (this.occupied[level * WORDS_PER_LEVEL + (slot >>> 5)]! & (1 << slot)) !== 0;
  }

  private vacate(level: number, slot: number): void {
    const word = level * WORDS_PER_LEVEL + (slot >>> 5);
    const bits = this.occupied[word]! & ~(1 << slot);
    this.occupied[word] = bits;
    if (bits === 0) this.occupiedWords[word >>> 5]! &= ~(1 << word);
  }

  /** The first occupied slot of a level at or after `from`, or −1. */
  private nextSlot(level: number, from: number): number {
    if (from >= SLOTS) return -1;
    const base = level * WORDS_PER_LEVEL;
    let word = from >>> 5;
    let bits = this.occupied[base + word]! & (-1 << from);
    if (bits === 0) {
      word = this.nextWord(level, word + 1);
      if (word < 0) return -1;
      bits = this.occupied[base + word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  /** The first word of a level, at or after `from`, that is not 0, or −1. */
  private nextWord(level: number, from: number): number {
    if (from >= WORDS_PER_LEVEL) return -1;
    const base = level * GROUPS_PER_LEVEL;
    let group = from >>> 5;
    let bits = this.occupiedWords[base + group]! & (-1 << from);
    while (bits === 0) {
      if (++group === GROUPS_PER_LEVEL) return -1;
      bits = this.occupiedWords[base + group]!;
    }
    return (group << 5) + 31 - Math.clz32(bits & -bits);
  }

  /** Short runs schedule nothing that far ahead. */
  private reachFar(): void {
    const { ends } = this;
    if (ends.length === LEVELS * SLOTS * 2) return;
    this.ends = new Int32Array(LEVELS * SLOTS * 2);
    this.ends.set(ends);
  }

  private grow(): void {
    this.capacity *= 2;
    const words = new Int32Array(this.capacity * STRIDE);
    words.set(this.words);
    this.words = words;
    const times = new Float64Array(this.capacity * 2);
    times.set(this.times);
    this.times = times;
  }
}
