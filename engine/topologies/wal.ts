/**
 * The write-ahead log of one replica: a ring of records from `firstLsn` to `lastLsn`, plain data.
 *
 * An LSN here counts records from 1; each record also has its bytes, and `endBytes` gives byte positions, which is what
 * lag in bytes is measured in. The timeline says which leader's term wrote which stretch (PostgreSQL's timeline history):
 * a record is identified by (term, LSN), for a term has one leader and a leader numbers its records once.
 *
 * A record keeps what it replaced (`undo…`, filled in at replay), so that a tail that was replayed can be discarded.
 */
export interface Wal {
  /** The oldest record kept; every replica holds the older ones on disk. */
  firstLsn: number;
  lastLsn: number;
  /** Byte position where record `firstLsn` begins. */
  firstBytes: number;
  records: Int32Array;
  /** Byte position of each record's end, and when its leader had it on disk: two numbers a record. */
  positions: Float64Array;
  /** Terms that wrote the log, and the LSN each began with; both rising. */
  terms: number[];
  starts: number[];
}

const WIDTH = 9;
const TERM = 0;
const KEY = 1;
/** The write's unique number, which is also the value it writes. */
const VALUE = 2;
/** Who waits for the acknowledgement, as the client's actor and slot; −1 where nobody does. */
const CLIENT = 3;
const SLOT = 4;
const UNDO_TERM = 5;
const UNDO_LSN = 6;
const UNDO_VALUE = 7;
/** What observers know of it; no rule reads it. */
const KNOWN = 8;
const ACKNOWLEDGED = 1;
const SEEN = 2;

const smallestRing = 8;

export function emptyWal(): Wal {
  return {
    firstLsn: 1,
    lastLsn: 0,
    firstBytes: 0,
    records: new Int32Array(smallestRing * WIDTH),
    positions: new Float64Array(smallestRing * 2),
    terms: [],
    starts: [],
  };
}

/** A log that ends with a record of a term, and has recycled it and all before it. */
export function walEndingAt(term: number, lsn: number): Wal {
  return { ...emptyWal(), firstLsn: lsn + 1, lastLsn: lsn, terms: [term], starts: [1] };
}

function ringOf(wal: Wal): number {
  return wal.positions.length >>> 1;
}

function at(wal: Wal, lsn: number): number {
  return (lsn & ((wal.positions.length >>> 1) - 1)) * WIDTH;
}

/** Appends a record and gives its LSN. */
export function append(
  wal: Wal,
  term: number,
  key: number,
  value: number,
  bytes: number,
  client: number,
  slot: number,
  writtenAtUs: number,
): number {
  const lsn = wal.lastLsn + 1;
  if (lsn - wal.firstLsn === ringOf(wal)) widen(wal);
  const record = at(wal, lsn);
  const records = wal.records;
  records[record + TERM] = term;
  records[record + KEY] = key;
  records[record + VALUE] = value;
  records[record + CLIENT] = client;
  records[record + SLOT] = slot;
  records[record + UNDO_TERM] = 0;
  records[record + UNDO_LSN] = 0;
  records[record + UNDO_VALUE] = 0;
  records[record + KNOWN] = 0;
  const position = (lsn & (ringOf(wal) - 1)) * 2;
  wal.positions[position] = endBytes(wal, wal.lastLsn) + bytes;
  wal.positions[position + 1] = writtenAtUs;
  wal.lastLsn = lsn;
  if (term !== lastTerm(wal)) {
    wal.terms.push(term);
    wal.starts.push(lsn);
  }
  return lsn;
}

export const termOf = (wal: Wal, lsn: number): number => wal.records[at(wal, lsn) + TERM]!;
export const keyOf = (wal: Wal, lsn: number): number => wal.records[at(wal, lsn) + KEY]!;
export const valueAt = (wal: Wal, lsn: number): number => wal.records[at(wal, lsn) + VALUE]!;
export const clientOf = (wal: Wal, lsn: number): number => wal.records[at(wal, lsn) + CLIENT]!;
export const slotOf = (wal: Wal, lsn: number): number => wal.records[at(wal, lsn) + SLOT]!;
export const isAcknowledged = (wal: Wal, lsn: number): boolean =>
  (wal.records[at(wal, lsn) + KNOWN]! & ACKNOWLEDGED) !== 0;
/** Whether a client was answered a read with it. */
export const isSeen = (wal: Wal, lsn: number): boolean => (wal.records[at(wal, lsn) + KNOWN]! & SEEN) !== 0;

/** The record's client has its acknowledgement. */
export function markAcknowledged(wal: Wal, lsn: number): void {
  wal.records[at(wal, lsn) + KNOWN]! |= ACKNOWLEDGED;
}

export function markSeen(wal: Wal, lsn: number): void {
  wal.records[at(wal, lsn) + KNOWN]! |= SEEN;
}

/** Nobody waits for the record's acknowledgement any more. */
export function forgetClient(wal: Wal, lsn: number): void {
  wal.records[at(wal, lsn) + CLIENT] = -1;
}

/** Byte position of a record's end, for firstLsn − 1 ≤ lsn ≤ lastLsn. */
export function endBytes(wal: Wal, lsn: number): number {
  return lsn < wal.firstLsn ? wal.firstBytes : wal.positions[(lsn & (ringOf(wal) - 1)) * 2]!;
}

export function bytesOf(wal: Wal, lsn: number): number {
  return endBytes(wal, lsn) - endBytes(wal, lsn - 1);
}

/** When the leader that wrote the record had appended it; on a follower, when it arrived there. */
export function writtenAtUs(wal: Wal, lsn: number): number {
  return wal.positions[(lsn & (ringOf(wal) - 1)) * 2 + 1]!;
}

/** The term of the last record; 0 for an empty log. */
export function lastTerm(wal: Wal): number {
  return wal.terms.length === 0 ? 0 : wal.terms[wal.terms.length - 1]!;
}

/** The term that wrote an LSN, also a recycled one; 0 where the log does not reach. */
export function timelineTermOf(wal: Wal, lsn: number): number {
  if (lsn > wal.lastLsn || lsn < 1) return 0;
  let index = wal.terms.length - 1;
  while (wal.starts[index]! > lsn) index--;
  return wal.terms[index]!;
}

/** The newest term in the log that is not newer than the one given; 0 if there is none. */
export function newestTermUpTo(wal: Wal, term: number): number {
  for (let index = wal.terms.length - 1; index >= 0; index--) {
    if (wal.terms[index]! <= term) return wal.terms[index]!;
  }
  return 0;
}

/** The last LSN written by the given term or an older one; 0 if there is none. */
export function lastLsnUpTo(wal: Wal, term: number): number {
  for (let index = wal.terms.length - 1; index >= 0; index--) {
    if (wal.terms[index]! > term) continue;
    return index === wal.terms.length - 1 ? wal.lastLsn : wal.starts[index + 1]! - 1;
  }
  return 0;
}

/** Drops the last record. Its slot is emptied, so that equal logs are equal data. */
export function dropLast(wal: Wal): void {
  const lsn = wal.lastLsn;
  const record = at(wal, lsn);
  wal.records.fill(0, record, record + WIDTH);
  const position = (lsn & (ringOf(wal) - 1)) * 2;
  wal.positions[position] = 0;
  wal.positions[position + 1] = 0;
  wal.lastLsn = lsn - 1;
  if (wal.starts[wal.starts.length - 1] === lsn) {
    wal.starts.pop();
    wal.terms.pop();
  }
}

/** Lets go of records up to an LSN that every replica has on disk. */
export function recycle(wal: Wal, throughLsn: number): void {
  if (throughLsn < wal.firstLsn) return;
  wal.firstBytes = endBytes(wal, throughLsn);
  wal.firstLsn = throughLsn + 1;
}

/** Makes the log begin after an LSN, at a byte position, with the history of terms up to there; what it held is gone. */
export function setBase(
  wal: Wal,
  lsn: number,
  bytes: number,
  terms: readonly number[],
  starts: readonly number[],
): void {
  Object.assign(wal, emptyWal(), {
    firstLsn: lsn + 1,
    lastLsn: lsn,
    firstBytes: bytes,
    terms: [...terms],
    starts: [...starts],
  });
}

/** A replica as far as its log goes: which records it has replayed, and the data they make. */
export interface LogHolder {
  readonly wal: Wal;
  readonly replayedLsn: number;
  readonly data: Int32Array;
}

// Replicated data: for each key the term, LSN and value of the write it shows; three int32 a key, zeros for unwritten.
export const DATA_WIDTH = 3;

/** Makes a record visible in the data, and keeps in the record what it replaced. */
export function replay(wal: Wal, lsn: number, data: Int32Array): void {
  const record = at(wal, lsn);
  const records = wal.records;
  const cell = records[record + KEY]! * DATA_WIDTH;
  records[record + UNDO_TERM] = data[cell]!;
  records[record + UNDO_LSN] = data[cell + 1]!;
  records[record + UNDO_VALUE] = data[cell + 2]!;
  data[cell] = records[record + TERM]!;
  data[cell + 1] = lsn;
  data[cell + 2] = records[record + VALUE]!;
}

/** Takes a replayed record back out of the data; the newest first. */
export function unreplay(wal: Wal, lsn: number, data: Int32Array): void {
  const record = at(wal, lsn);
  const records = wal.records;
  const cell = records[record + KEY]! * DATA_WIDTH;
  data[cell] = records[record + UNDO_TERM]!;
  data[cell + 1] = records[record + UNDO_LSN]!;
  data[cell + 2] = records[record + UNDO_VALUE]!;
}

function widen(wal: Wal): void {
  const ring = ringOf(wal);
  const records = new Int32Array(wal.records.length * 2);
  const positions = new Float64Array(wal.positions.length * 2);
  for (let lsn = wal.firstLsn; lsn <= wal.lastLsn; lsn++) {
    const from = (lsn & (ring - 1)) * WIDTH;
    records.set(wal.records.subarray(from, from + WIDTH), (lsn & (2 * ring - 1)) * WIDTH);
    const position = (lsn & (ring - 1)) * 2;
    positions.set(wal.positions.subarray(position, position + 2), (lsn & (2 * ring - 1)) * 2);
  }
  wal.records = records;
  wal.positions = positions;
}
