/** How much of its log a leader keeps for followers that lack it, and when that is too much for its disk. */

import { endBytes } from '../wal.ts';
import { mayLeaveBehind, recycleThrough } from './durable-log.ts';
import { MESSAGE_BYTES, NOTE_DISK_FULL, NOTE_SLOT_LOST, RECYCLED } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

export interface Retention {
  /** Whether what a follower has not on its disk is kept for it, however long it is away (replication slots). */
  readonly slots: boolean;
  /** Kept beside the last segment, whoever has it (`wal_keep_size`). */
  readonly keepBytes: number;
  /** Slots keep no more than this; 0 is no limit. */
  readonly slotsMaxBytes: number;
  readonly baseBackupUs: number;
}

/** The log is kept in files of 16 MB, and the one that is being written stays. Source: PostgreSQL, wal_segment_size. */
const segmentBytes = 16 * 1024 * 1024;

/**
 * Lets go of what nobody needs any more, or of what is more than may be kept. Without slots, what a connected follower has
 * not confirmed stays all the same, for as long as its stream or its base backup lasts.
 */
export function recycleLog({ node, out }: Activation): void {
  const { replicas, retention } = node.settings;
  const { slots, keepBytes, slotsMaxBytes } = retention;
  let safe = node.flushedLsn;
  if (!slots) safe = Math.min(safe, lsnLeaving(node, keepBytes + segmentBytes));
  for (let peer = 0; peer < replicas; peer++) {
    const bit = 1 << peer;
    const isKeptFor = slots ? (node.lostSlots & bit) === 0 : node.streams[peer] !== 0;
    if (peer !== node.self && isKeptFor && node.confirmedLsn[peer]! < safe) safe = node.confirmedLsn[peer]!;
  }
  if (slots && slotsMaxBytes > 0) {
    const limit = lsnLeaving(node, slotsMaxBytes);
    for (let peer = 0; peer < replicas && limit > safe; peer++) {
      const bit = 1 << peer;
      if (peer === node.self || ((node.lostSlots | node.resyncing) & bit) !== 0) continue;
      if (node.confirmedLsn[peer]! >= limit) continue;
      node.lostSlots |= bit;
      out.note(NOTE_SLOT_LOST, peer, limit, 0, 0);
    }
    safe = Math.max(safe, resyncingBound(node, limit));
  }
  recycleThrough(node, out, safe);
}

/** What a base backup is under way from is kept until it is done. */
function resyncingBound(node: Replica, limit: number): number {
  let bound = limit;
  for (let peer = 0; peer < node.settings.replicas; peer++)
    if ((node.resyncing & (1 << peer)) !== 0) bound = Math.min(bound, node.confirmedLsn[peer]!);
  return bound;
}

/** The newest LSN whose going leaves so many bytes on the disk. */
function lsnLeaving({ wal, safeLsn, flushedLsn }: Replica, bytes: number): number {
  const keepFrom = endBytes(wal, flushedLsn) - bytes;
  let lsn = Math.max(safeLsn, wal.firstLsn - 1);
  while (lsn < flushedLsn && endBytes(wal, lsn + 1) <= keepFrom) lsn++;
  return lsn;
}

/**
 * STREAM: whether the follower asks for what is gone. Where nothing goes that a follower lacks, only a late duplicate of
 * its request does.
 */
export function isRecycled({ node, input }: Activation): boolean {
  return mayLeaveBehind(node.settings.retention) && input.b < node.wal.firstLsn - 1;
}

export function sayRecycled({ node, input, out }: Activation): void {
  out.send(input.from, RECYCLED, node.term, node.wal.firstLsn - 1, 0, 0, 0, MESSAGE_BYTES);
}

/** WRITE: whether the log fills the disk with it. */
export function fillsDisk({ node, input }: Activation): boolean {
  const { capacityBytes } = node.settings;
  if (capacityBytes === 0) return false;
  return endBytes(node.wal, node.wal.lastLsn) - node.wal.firstBytes + input.bytes > capacityBytes;
}

/** The process gives up, as PostgreSQL panics: nothing can be written, and it would not start again either. */
export function noteDiskFull({ node, out }: Activation): void {
  out.note(NOTE_DISK_FULL, node.wal.lastLsn, 0, 0, 0);
}
