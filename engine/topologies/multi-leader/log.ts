/** What a leader has to send on: changes that are on its disk, in the order in which it applied them. */

/** Integers of a change, before its vector: by whom, which of theirs, what it does (`packWhat`), its value, its stamp. */
export const ORIGIN = 0;
export const SEQUENCE = 1;
export const WHAT = 2;
export const VALUE = 3;
export const HI = 4;
export const LO = 5;
/** Parts of its context that differ from that of its author's change before it, a bit each. */
export const PARTS = 6;
export const BYTES = 7;
/** Who sent it, and of a client's write the slot and the number. */
export const FROM = 8;
export const SLOT = 9;
export const NUMBER = 10;
/** By leader, how many of its changes the author had seen. */
export const VECTOR = 11;

/** Integers of a change among so many leaders. */
export function changeWidth(leaders: number): number {
  return VECTOR + leaders;
}

/** A queue of changes in one array: the first of them, and how many. */
export interface Changes {
  words: Int32Array;
  first: number;
  count: number;
}

export function newChanges(): Changes {
  return { words: new Int32Array(0), first: 0, count: 0 };
}

/** Makes room for one more, and gives where its integers begin. */
export function addChange(changes: Changes, width: number): number {
  const { words, first, count } = changes;
  let at = (first + count) * width;
  if (at === words.length) {
    if (first >= count && first > 0) words.copyWithin(0, first * width, at);
    else {
      const wider = new Int32Array(Math.max(4, count * 2) * width);
      wider.set(words.subarray(first * width, at));
      changes.words = wider;
    }
    changes.first = 0;
    at = count * width;
  }
  changes.count++;
  return at;
}

export function dropFirst(changes: Changes, dropped: number): void {
  changes.first += dropped;
  changes.count -= dropped;
  if (changes.count === 0) changes.first = 0;
}

/** The log, whose entries are numbered on: number n is `n − base` after the first. */
export interface Log extends Changes {
  base: number;
  /** When each was applied, beside `words`. */
  atUs: Float64Array;
}

export function newLog(): Log {
  return { ...newChanges(), base: 0, atUs: new Float64Array(0) };
}

/** The number of the entry that comes next. */
export function logEnd({ base, count }: Log): number {
  return base + count;
}

/** Where an entry's integers begin. */
export function entryAt({ base, first }: Log, index: number, width: number): number {
  return (first + index - base) * width;
}

export function appliedUs({ base, first, atUs }: Log, index: number): number {
  return atUs[first + index - base]!;
}

export function append(log: Log, words: Int32Array, at: number, width: number, nowUs: number): void {
  const firstBefore = log.first;
  const wordsBefore = log.words;
  const to = addChange(log, width);
  if (log.words !== wordsBefore || log.first !== firstBefore) {
    const times = log.words === wordsBefore ? log.atUs : new Float64Array(log.words.length / width);
    times.set(log.atUs.subarray(firstBefore, firstBefore + log.count - 1));
    log.atUs = times;
  }
  for (let word = 0; word < width; word++) log.words[to + word] = words[at + word]!;
  log.atUs[to / width] = nowUs;
}

/** Lets go of entries before one. */
export function forgetBefore(log: Log, index: number): void {
  const dropped = Math.min(index - log.base, log.count);
  if (dropped <= 0) return;
  log.base += dropped;
  log.first += dropped;
  log.count -= dropped;
}
