/**
 * A copy of what a replica shows at one LSN, sent part by part: the history of terms up to there, and the data, key by key.
 * Parts may come in any order, and twice. A base backup is one, and so is a snapshot of Raft.
 */

import { FIRST_TOPOLOGY_MESSAGE, type Input, type Out } from '../kernel/protocol.ts';
import {
  DATA_WIDTH,
  endBytes,
  keyOf,
  type LogHolder,
  setBase,
  timelineTermOf,
  unreplay,
  type Wal,
} from './wal.ts';

/** The copy begins: term, the LSN it is of, that record's byte position as a high and a low part of 30 bits. */
export const COPY_BEGIN = FIRST_TOPOLOGY_MESSAGE + 42;
/** Of the copy's history: term, LSN of the copy, a term, the LSN it began with. */
export const COPY_TERM = FIRST_TOPOLOGY_MESSAGE + 43;
/** Of the copy's data: term, LSN of the copy, key, LSN and value of the write it shows. */
export const COPY_ROW = FIRST_TOPOLOGY_MESSAGE + 44;
/** All of it was sent: term, LSN of the copy, how many rows, how many terms. */
export const COPY_END = FIRST_TOPOLOGY_MESSAGE + 45;

/** A byte position needs more than 31 bits. */
const LOW = 0x4000_0000;

/** A copy as its sender has it. Plain data. */
export interface Copy {
  readonly lsn: number;
  /** Byte position of that record's end. */
  readonly bytes: number;
  readonly terms: readonly number[];
  readonly starts: readonly number[];
  /** Key, LSN and value of each row. */
  readonly rows: Int32Array;
}

const ROW_WIDTH = 3;

/** What a replica showed when it had replayed its log through an LSN, which it still has. */
export function copyAt({ wal, replayedLsn, data: shown }: LogHolder, lsn: number): Copy {
  const data = shown.slice();
  for (let later = replayedLsn; later > lsn; later--) if (keyOf(wal, later) >= 0) unreplay(wal, later, data);
  const known = wal.starts.filter((start) => start <= lsn).length;
  const rows: number[] = [];
  for (let cell = 0; cell < data.length; cell += DATA_WIDTH)
    if (data[cell + 1] !== 0) rows.push(cell / DATA_WIDTH, data[cell + 1]!, data[cell + 2]!);
  return {
    lsn,
    bytes: endBytes(wal, lsn),
    terms: wal.terms.slice(0, known),
    starts: wal.starts.slice(0, known),
    rows: Int32Array.from(rows),
  };
}

/** How many messages a copy makes. */
export function partsOf({ terms, rows }: Copy): number {
  return 2 + terms.length + rows.length / ROW_WIDTH;
}

/** Sends the part of an index, 0 ≤ part < partsOf(copy). `term` is the sender's, `bytes` what the message weighs. */
export function sendPart(copy: Copy, part: number, out: Out, to: number, term: number, bytes: number): void {
  const { lsn, terms, starts, rows } = copy;
  if (part === 0) {
    out.send(to, COPY_BEGIN, term, lsn, Math.floor(copy.bytes / LOW), copy.bytes % LOW, 0, bytes);
    return;
  }
  const index = part - 1;
  if (index < terms.length) {
    out.send(to, COPY_TERM, term, lsn, terms[index]!, starts[index]!, 0, bytes);
    return;
  }
  const row = (index - terms.length) * ROW_WIDTH;
  if (row < rows.length) out.send(to, COPY_ROW, term, lsn, rows[row]!, rows[row + 1]!, rows[row + 2]!, bytes);
  else out.send(to, COPY_END, term, lsn, rows.length / ROW_WIDTH, terms.length, 0, bytes);
}

/** What has come of a copy. Plain data. */
export interface ArrivingCopy {
  readonly lsn: number;
  /** Byte position of that record's end; −1 until it is known. */
  bytes: number;
  readonly terms: number[];
  readonly starts: number[];
  rows: number;
  /** How many there are; −1 until it is known. */
  rowsInAll: number;
  termsInAll: number;
}

export function arrivingCopy(lsn: number): ArrivingCopy {
  return { lsn, bytes: -1, terms: [], starts: [], rows: 0, rowsInAll: -1, termsInAll: -1 };
}

/** Takes a part of the copy; its rows go to `data`. */
export function takePart(copy: ArrivingCopy, data: Int32Array, { kind, c, d, e }: Input): void {
  switch (kind) {
    case COPY_BEGIN:
      copy.bytes = c * LOW + d;
      break;
    case COPY_TERM:
      if (copy.terms.includes(c)) break;
      copy.terms.push(c);
      copy.starts.push(d);
      break;
    case COPY_ROW: {
      const cell = c * DATA_WIDTH;
      if (data[cell + 1] !== 0) break;
      data[cell + 1] = d;
      data[cell + 2] = e;
      copy.rows++;
      break;
    }
    case COPY_END:
      copy.rowsInAll = c;
      copy.termsInAll = d;
      break;
  }
}

/** Whether all of the copy has come. */
export function isWhole({ bytes, terms, rows, rowsInAll, termsInAll }: ArrivingCopy): boolean {
  return bytes >= 0 && rows === rowsInAll && terms.length === termsInAll;
}

/** Whether all of the copy has come, counting this part of it. */
export function isWholeWith(copy: ArrivingCopy, data: Int32Array, { kind, c, d }: Input): boolean {
  const { bytes, terms, rows, rowsInAll, termsInAll } = copy;
  const isNewTerm = kind === COPY_TERM && !terms.includes(c);
  const isNewRow = kind === COPY_ROW && data[c * DATA_WIDTH + 1] === 0;
  return (
    (kind === COPY_BEGIN || bytes >= 0) &&
    rows + (isNewRow ? 1 : 0) === (kind === COPY_END ? c : rowsInAll) &&
    terms.length + (isNewTerm ? 1 : 0) === (kind === COPY_END ? d : termsInAll)
  );
}

/** Makes a log begin after a copy that is whole, and completes the copy's data. */
export function beginAfter(copy: ArrivingCopy, data: Int32Array, wal: Wal): void {
  const { lsn, bytes, terms, starts } = copy;
  const order = [...terms.keys()].sort((a, b) => starts[a]! - starts[b]!);
  setBase(
    wal,
    lsn,
    bytes,
    order.map((index) => terms[index]!),
    order.map((index) => starts[index]!),
  );
  for (let cell = 0; cell < data.length; cell += DATA_WIDTH)
    if (data[cell + 1] !== 0) data[cell] = timelineTermOf(wal, data[cell + 1]!);
}

/** A part as observers read it. */
export type CopyMessage =
  | { readonly type: 'copy-begin'; readonly term: number; readonly lsn: number }
  | { readonly type: 'copy-term'; readonly term: number; readonly lsn: number; readonly of: number }
  | { readonly type: 'copy-row'; readonly term: number; readonly lsn: number; readonly key: number }
  | { readonly type: 'copy-end'; readonly term: number; readonly lsn: number; readonly rows: number };

/** The typed form of a packed part; null where the message is none. */
export function copyMessage(kind: number, a: number, b: number, c: number): CopyMessage | null {
  switch (kind) {
    case COPY_BEGIN:
      return { type: 'copy-begin', term: a, lsn: b };
    case COPY_TERM:
      return { type: 'copy-term', term: a, lsn: b, of: c };
    case COPY_ROW:
      return { type: 'copy-row', term: a, lsn: b, key: c };
    case COPY_END:
      return { type: 'copy-end', term: a, lsn: b, rows: c };
    default:
      return null;
  }
}
