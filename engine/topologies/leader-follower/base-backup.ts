/**
 * A follower whose next record its leader has let go of starts again from a copy of the leader's data: what shows at one
 * LSN, the history of terms up to there, and then the log from there on. The copy takes as long as the data is large; until it
 * is complete the follower has nothing to answer with, and nobody can promote it.
 */

import { DATA_WIDTH, endBytes, setBase, timelineTermOf, unreplay } from '../wal.ts';
import { isFromMyLeader } from './following.ts';
import {
  BACKUP,
  BACKUP_BEGIN,
  BACKUP_END,
  BACKUP_ROW,
  BACKUP_TERM,
  MESSAGE_BYTES,
  NOTE_BASE_BACKUP,
} from './messages.ts';
import type { Activation, Replica } from './replica.ts';

/** What has come of a copy, whose parts may come in any order. Plain data. */
export interface BaseBackup {
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

/** A byte position needs more than 31 bits. */
const LOW = 0x4000_0000;

// The follower.

/** RECYCLED: whether this log ends before what the leader still has. */
export function lacksRecycled(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && node.wal.lastLsn < input.b;
}

export function askForBackup({ node, out }: Activation): void {
  out.send(node.leader, BACKUP, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** BACKUP_…: the first part of a copy, whichever that is. What was here is overwritten. */
export function beginRestore(activation: Activation): void {
  const { node, input } = activation;
  wipe(node);
  node.backup = {
    lsn: input.b,
    bytes: -1,
    terms: [],
    starts: [],
    rows: 0,
    rowsInAll: -1,
    termsInAll: -1,
  };
  takePart(activation);
}

/** Empties log and data; from here on there is nothing to go back to. */
function wipe(node: Replica): void {
  setBase(node.wal, 0, 0, [], []);
  node.data.fill(0);
  node.flushedLsn = 0;
  node.replayedLsn = 0;
  node.answeredLsn = 0;
  node.safeLsn = 0;
  // An fsync under way is still to be heard of; it will be about nothing.
  node.flushingLsn = Math.min(node.flushingLsn, 0);
  node.early.length = 0;
}

/** A copy that was broken off is worth nothing. */
export function dropUnfinished({ node }: Activation): void {
  if (node.backup === null) return;
  wipe(node);
  node.backup = null;
}

/** BACKUP_…: of the copy that is under way here. */
export function isOfMyBackup(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.node.backup!.lsn === activation.input.b;
}

/** BACKUP_…: of one that was asked for later. */
export function isOfNewerBackup(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.node.backup!.lsn < activation.input.b;
}

/** A part may come twice. */
export function takePart({ node, input }: Activation): void {
  const backup = node.backup!;
  switch (input.kind) {
    case BACKUP_BEGIN:
      backup.bytes = input.c * LOW + input.d;
      break;
    case BACKUP_TERM:
      if (backup.terms.includes(input.c)) break;
      backup.terms.push(input.c);
      backup.starts.push(input.d);
      break;
    case BACKUP_ROW: {
      const cell = input.c * DATA_WIDTH;
      if (node.data[cell + 1] !== 0) break;
      node.data[cell + 1] = input.d;
      node.data[cell + 2] = input.e;
      backup.rows++;
      break;
    }
    case BACKUP_END:
      backup.rowsInAll = input.c;
      backup.termsInAll = input.d;
      break;
  }
}

/** Whether all of the copy has come, counting this part. */
export function completesBackup(activation: Activation): boolean {
  if (!isOfMyBackup(activation)) return false;
  const { node, input } = activation;
  const { bytes, terms, rows, rowsInAll, termsInAll } = node.backup!;
  const { kind, c, d } = input;
  const isNewTerm = kind === BACKUP_TERM && !terms.includes(c);
  const isNewRow = kind === BACKUP_ROW && node.data[c * DATA_WIDTH + 1] === 0;
  return (
    (kind === BACKUP_BEGIN || bytes >= 0) &&
    rows + (isNewRow ? 1 : 0) === (kind === BACKUP_END ? c : rowsInAll) &&
    terms.length + (isNewTerm ? 1 : 0) === (kind === BACKUP_END ? d : termsInAll)
  );
}

/** The copy is on disk: the log begins after it. */
export function finishRestore({ node, out }: Activation): void {
  const { lsn, bytes, terms, starts } = node.backup!;
  const order = [...terms.keys()].sort((a, b) => starts[a]! - starts[b]!);
  setBase(
    node.wal,
    lsn,
    bytes,
    order.map((index) => terms[index]!),
    order.map((index) => starts[index]!),
  );
  for (let cell = 0; cell < node.data.length; cell += DATA_WIDTH)
    if (node.data[cell + 1] !== 0) node.data[cell] = timelineTermOf(node.wal, node.data[cell + 1]!);
  node.flushedLsn = lsn;
  node.replayedLsn = lsn;
  node.answeredLsn = lsn;
  node.safeLsn = lsn;
  node.backup = null;
  out.note(NOTE_BASE_BACKUP, lsn, 0, 0, 0);
}

// The leader.

/** BACKUP: sends what shows and is on its disk, and keeps its log from there on for this follower. */
export function sendBackup({ node, input, out }: Activation): void {
  const { wal, term } = node;
  const { from: to } = input;
  const lsn = Math.min(node.replayedLsn, node.flushedLsn);
  const data = node.data.slice();
  for (let later = node.replayedLsn; later > lsn; later--) unreplay(wal, later, data);
  const bytes = endBytes(wal, lsn);
  out.send(to, BACKUP_BEGIN, term, lsn, Math.floor(bytes / LOW), bytes % LOW, 0, MESSAGE_BYTES);
  let terms = 0;
  for (const [index, start] of wal.starts.entries()) {
    if (start > lsn) break;
    out.send(to, BACKUP_TERM, term, lsn, wal.terms[index]!, start, 0, MESSAGE_BYTES);
    terms++;
  }
  let rows = 0;
  for (let cell = 0; cell < data.length; cell += DATA_WIDTH) {
    if (data[cell + 1] === 0) continue;
    out.send(to, BACKUP_ROW, term, lsn, cell / DATA_WIDTH, data[cell + 1]!, data[cell + 2]!, MESSAGE_BYTES);
    rows++;
  }
  out.send(to, BACKUP_END, term, lsn, rows, terms, 0, MESSAGE_BYTES);
  node.confirmedLsn[to] = lsn;
  node.sentLsn[to] = lsn;
  node.lostSlots &= ~(1 << to);
}

/** How long a leader keeps its log for a copy of which it hears nothing. */
export function backupPatienceUs({ node }: Activation): number {
  return 2 * node.settings.retention.baseBackupUs + node.settings.streamTimeoutUs;
}
