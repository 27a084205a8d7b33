/** A replica's log on its way to disk, what a crash leaves of it, and how a tail comes off again. */

import type { Out } from '../../kernel/protocol.ts';
import {
  dropLast,
  endBytes,
  forgetClient,
  keyOf,
  recycle,
  replay,
  termOf,
  unreplay,
  valueAt,
} from '../wal.ts';
import { NOTE_DISCARDED, NOTE_RECYCLED } from './messages.ts';
import type { Activation, Replica } from './replica.ts';
import type { Retention } from './retention.ts';

/** Starts an fsync of everything appended, unless one is under way. */
export function flush(node: Replica, out: Out): void {
  const { wal } = node;
  if (node.flushingLsn >= 0 || node.flushedLsn === wal.lastLsn) return;
  node.flushingLsn = wal.lastLsn;
  out.fsync(wal.lastLsn, node.term, endBytes(wal, wal.lastLsn) - endBytes(wal, node.flushedLsn));
}

/**
 * An fsync is done. If the log was cut back meanwhile, what has been appended since is not on disk yet. Where a leader's
 * log waits in memory, what came meanwhile waits for the next time.
 */
export function noteFlushed({ node, out }: Activation): void {
  node.flushedLsn = Math.max(node.flushedLsn, node.flushingLsn);
  node.flushingLsn = -1;
  if (node.settings.acknowledgement.walWriterUs === 0 || node.leader !== node.self) flush(node, out);
}

/** Shows everything the disk holds. */
export function replayFlushed({ node }: Pick<Activation, 'node'>): void {
  for (let lsn = node.replayedLsn + 1; lsn <= node.flushedLsn; lsn++) replay(node.wal, lsn, node.data);
  node.replayedLsn = Math.max(node.replayedLsn, node.flushedLsn);
}

/** Cuts the log back, newest record first: what lies beyond, acknowledged or not, is discarded, as far as it is still there. */
export function discardAfter(node: Replica, out: Out, lsn: number): void {
  const { wal } = node;
  while (wal.lastLsn > lsn && wal.lastLsn >= wal.firstLsn) {
    const last = wal.lastLsn;
    out.note(NOTE_DISCARDED, last, termOf(wal, last), valueAt(wal, last), keyOf(wal, last));
    if (node.replayedLsn === last) {
      unreplay(wal, last, node.data);
      node.replayedLsn = last - 1;
    }
    dropLast(wal);
  }
  node.flushedLsn = Math.min(node.flushedLsn, wal.lastLsn);
  node.flushingLsn = Math.min(node.flushingLsn, wal.lastLsn);
  node.answeredLsn = Math.min(node.answeredLsn, wal.lastLsn);
}

/** Lets go of records that are on every replica's disk, or more than may be kept. No leader takes them back. */
export function recycleThrough(node: Replica, out: Out, lsn: number): void {
  if (lsn <= node.safeLsn) return;
  node.safeLsn = lsn;
  const done = node.leader === node.self ? Math.min(node.replayedLsn, node.answeredLsn) : node.replayedLsn;
  const through = Math.min(lsn, done);
  if (mayLeaveBehind(node.settings.retention)) out.note(NOTE_RECYCLED, through, 0, 0, 0);
  recycle(node.wal, through);
}

/** Whether records may go that a follower lacks. */
export function mayLeaveBehind({ slots, slotsMaxBytes }: Retention): boolean {
  return !slots || slotsMaxBytes > 0;
}

/** Nobody is answered any more for what was asked of an earlier life: those clients learn nothing. */
export function disownWrites(node: Replica): void {
  const { wal } = node;
  for (let lsn = Math.max(wal.firstLsn, node.answeredLsn + 1); lsn <= wal.lastLsn; lsn++)
    forgetClient(wal, lsn);
  node.answeredLsn = wal.lastLsn;
}

/** What a leader knows of its followers, and how it waits for them, is of one leadership and in memory. */
export function forgetFollowers(node: Replica): void {
  node.sentLsn.fill(0);
  node.confirmedLsn.fill(0);
  node.reachedLsn.fill(0);
  node.heardUs.fill(Number.NEGATIVE_INFINITY);
  node.streaming = 0;
  node.resyncing = 0;
  node.lostSlots = 0;
  node.fallenBack = false;
}

/**
 * The process died, and everything in memory with it. If the machine did too, what was not fsynced is lost; otherwise the
 * operating system brings to disk what it was given.
 */
export function loseMemory(node: Replica, out: Out, withMachine: boolean): void {
  if (withMachine) discardAfter(node, out, node.flushedLsn);
  else node.flushedLsn = node.wal.lastLsn;
  disownWrites(node);
  node.flushingLsn = -1;
  node.streams.fill(0);
  node.wait = 0;
  node.walWriter = 0;
  node.replaying = 0;
  node.replayingLsn = 0;
  node.replayPs = 0;
  node.query = 0;
  forgetFollowers(node);
  node.early.length = 0;
  node.held.length = 0;
  node.holding = 0;
}
