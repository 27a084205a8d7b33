/**
 * A follower whose next record its leader has let go of starts again from a copy of the leader's data: what shows at one
 * LSN, the history of terms up to there, and then the log from there on. The copy takes as long as the data is large; until it
 * is complete the follower has nothing to answer with, and nobody can promote it.
 */

import {
  type ArrivingCopy,
  arrivingCopy,
  beginAfter,
  copyAt,
  isWholeWith,
  partsOf,
  sendPart,
  takePart,
} from '../copy.ts';
import { setBase } from '../wal.ts';
import { isFromMyLeader } from './following.ts';
import { BACKUP, MESSAGE_BYTES, NOTE_BASE_BACKUP } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

export type BaseBackup = ArrivingCopy;

// The follower.

/** RECYCLED: whether this log ends before what the leader still has. */
export function lacksRecycled(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && node.wal.lastLsn < input.b;
}

export function askForBackup({ node, out }: Activation): void {
  out.send(node.leader, BACKUP, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** COPY_…: the first part of a copy, whichever that is. What was here is overwritten. */
export function beginRestore(activation: Activation): void {
  const { node, input } = activation;
  wipe(node);
  node.backup = arrivingCopy(input.b);
  takeBackupPart(activation);
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

/** COPY_…: of the copy that is under way here. */
export function isOfMyBackup(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.node.backup?.lsn === activation.input.b;
}

/** COPY_…: of one that was asked for later. */
export function isOfNewerBackup(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.node.backup!.lsn < activation.input.b;
}

export function takeBackupPart({ node, input }: Activation): void {
  takePart(node.backup!, node.data, input);
}

/** Whether all of the copy has come, counting this part. */
export function completesBackup(activation: Activation): boolean {
  const { node, input } = activation;
  return isOfMyBackup(activation) && isWholeWith(node.backup!, node.data, input);
}

/** The copy is on disk: the log begins after it. */
export function finishRestore({ node, out }: Activation): void {
  const { lsn } = node.backup!;
  beginAfter(node.backup!, node.data, node.wal);
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
  const { from: to } = input;
  const lsn = Math.min(node.replayedLsn, node.flushedLsn);
  const copy = copyAt(node, lsn);
  for (let part = 0; part < partsOf(copy); part++) sendPart(copy, part, out, to, node.term, MESSAGE_BYTES);
  node.confirmedLsn[to] = lsn;
  node.sentLsn[to] = lsn;
  node.lostSlots &= ~(1 << to);
}

/** How long a leader keeps its log for a copy of which it hears nothing. */
export function backupPatienceUs({ node }: Activation): number {
  return 2 * node.settings.retention.baseBackupUs + node.settings.streamTimeoutUs;
}
