/**
 * Operations in flight at a coordinator, of one kind: `OPERATION_WIDTH` integers each. They are numbered in series; number
 * n has the place n modulo their room, so that an answer finds its operation, or that it is over, without a search.
 */

/** 0 where the place is free. */
export const SERIAL = 0;
/** Configuration of the operation's chart. */
export const STATE = 1;
/** Who asked, and what its message called the operation: slot and number. */
export const CLIENT = 2;
export const CLIENT_SLOT = 3;
export const NUMBER = 4;
export const KEY = 5;
/** The version written, or the newest found. */
export const HI = 6;
export const LO = 7;
export const VALUE = 8;
export const FLAGS = 9;
export const BYTES = 10;
/** Nodes, a bit each: who was asked, who has answered, and who is known to hold the version, or to have received it. */
export const ASKED = 11;
export const ANSWERED = 12;
export const HOLDERS = 13;
/** Timers of its chart that run, a bit each. */
export const TIMERS = 14;
/** Not 0 while this node's own answer is there and not yet counted: what it holds, or that it has taken the version. */
export const OWN_ANSWER = 15;
export const HELD = 1;
export const TAKEN = 2;
const OPERATION_WIDTH = 16;

export interface Pool {
  words: Int32Array;
  /** How many have room; a power of two. */
  room: number;
  /** Of the next operation. They go on across crashes, so that no answer finds another life's operation. */
  nextSerial: number;
  open: number;
}

export function newPool(): Pool {
  const room = 4;
  return { words: new Int32Array(room * OPERATION_WIDTH), room, nextSerial: 1, open: 0 };
}

/** Takes the next operation's place, and gives where its integers begin. */
export function begin(pool: Pool): number {
  const serial = pool.nextSerial++;
  if (serial > 0x7fff_ffff) throw new RangeError('a coordinator has had more than 2^31 operations');
  let at = (serial & (pool.room - 1)) * OPERATION_WIDTH;
  while (pool.words[at] !== 0) {
    widen(pool);
    at = (serial & (pool.room - 1)) * OPERATION_WIDTH;
  }
  pool.words[at] = serial;
  pool.open++;
  return at;
}

/** Where an operation's integers begin; −1 where it is over. */
export function find(pool: Pool, serial: number): number {
  const at = (serial & (pool.room - 1)) * OPERATION_WIDTH;
  return pool.words[at] === serial ? at : -1;
}

export function release(pool: Pool, at: number): void {
  const { words } = pool;
  // A built-in's call costs more than so few stores.
  for (let word = at; word < at + OPERATION_WIDTH; word++) words[word] = 0;
  pool.open--;
}

export function releaseAll(pool: Pool): void {
  pool.words.fill(0);
  pool.open = 0;
}

/** Two numbers that differed modulo the room differ modulo twice the room. */
function widen(pool: Pool): void {
  const { words, room } = pool;
  const wider = new Int32Array(words.length * 2);
  for (let at = 0; at < words.length; at += OPERATION_WIDTH) {
    const serial = words[at]!;
    if (serial !== 0)
      wider.set(words.subarray(at, at + OPERATION_WIDTH), (serial & (room * 2 - 1)) * OPERATION_WIDTH);
  }
  pool.words = wider;
  pool.room = room * 2;
}
