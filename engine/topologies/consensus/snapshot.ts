/**
 * Snapshots, so that logs stay short while a server is away. A server's data is on its disk beside the log, as etcd keeps it,
 * so to take a snapshot is to say through which entry the data counts, and to let go of the log before that, but for some entries for
 * followers that are merely slow. Who lacks what is gone gets a copy of the data instead, and then the log from there on.
 *
 * Further reading: Ongaro's dissertation, chapter 5; etcd, server/etcdserver/server.go (snapshot) and raft's `StateSnapshot`.
 */

import type { Out } from '../../kernel/protocol.ts';
import {
  type ArrivingCopy,
  arrivingCopy,
  beginAfter,
  copyAt,
  isWhole,
  isWholeWith,
  partsOf,
  sendPart,
  takePart,
} from '../copy.ts';
import { recycle, timelineTermOf } from '../wal.ts';
import { commitThrough, discardAfter } from './log.ts';
import { MESSAGE_BYTES, NOTE_INSTALLED, NOTE_SENDING, NOTE_SNAPSHOT } from './messages.ts';
import { type Activation, isNotOfOlderTerm, type Server } from './server.ts';

/** How the log is kept short. */
export interface SnapshotSettings {
  /** How many entries after the last snapshot there are when the next one is taken, at the least. */
  readonly entries: number;
  /** How many before the snapshot stay. */
  readonly keptEntries: number;
  /** What a copy of the data weighs, and how long a leader takes to send it. */
  readonly dataBytes: number;
  readonly transferUs: number;
}

/** Those of who never takes any. */
export const noSnapshots: SnapshotSettings = {
  entries: Number.MAX_SAFE_INTEGER,
  keptEntries: 0,
  dataBytes: 0,
  transferUs: 0,
};

/**
 * Lets go of entries that are on every server's disk, `safeLsn`: no follower will ask for them, no leader take them back. Then, if
 * there are enough since the last one, takes a snapshot and lets go of what came before it. While a leader sends a copy,
 * neither: its follower will need what comes after.
 */
export function compact(node: Server, out: Out, safeLsn: number): void {
  const { wal, settings } = node;
  if (safeLsn > node.safeLsn) {
    node.safeLsn = safeLsn;
    recycle(wal, Math.min(safeLsn, node.commitLsn, node.replayedLsn));
  }
  const { entries, keptEntries } = settings.snapshots;
  if (node.replayedLsn - node.snapshotLsn < entries) return;
  // A crash may take back what is not on this disk.
  const lsn = Math.min(node.commitLsn, node.replayedLsn, node.flushedLsn);
  if (lsn - node.snapshotLsn < entries || isSendingAny(node)) return;
  node.snapshotLsn = lsn;
  out.note(NOTE_SNAPSHOT, lsn, lsn - keptEntries, 0, 0);
  recycle(wal, lsn - keptEntries);
}

function isSendingAny({ sending }: Server): boolean {
  for (const copy of sending) if (copy !== null) return true;
  return false;
}

// The leader.

/** Whether what the follower needs next is gone from the log. */
export function needsSnapshot({ node, peer }: Activation): boolean {
  return node.nextLsn[peer]! < node.wal.firstLsn;
}

/** APPENDED: whether the log goes on where the follower is. */
export function canGoOnFromLog({ node, peer }: Activation): boolean {
  return node.matchLsn[peer]! + 1 >= node.wal.firstLsn;
}

/** A copy of what is committed, whatever else shows. */
export function beginSnapshot({ node, out, peer }: Activation): void {
  const lsn = Math.min(node.commitLsn, node.replayedLsn);
  node.sending[peer] = { copy: copyAt(node, lsn), sentParts: 0, sinceUs: out.nowUs };
  out.note(NOTE_SENDING, peer, lsn, 0, 0);
}

/** With each round of heartbeats: what the bandwidth gives. All was sent, and nothing is heard of it: once more. */
export function sendMore({ node, out, peer }: Activation): void {
  const { snapshots, leastTimeoutUs } = node.settings;
  const sending = node.sending[peer]!;
  const parts = partsOf(sending.copy);
  const elapsedUs = out.elapsedUs(sending.sinceUs);
  if (sending.sentParts === parts) {
    if (elapsedUs < snapshots.transferUs + leastTimeoutUs) return;
    sending.sentParts = 0;
    sending.sinceUs = out.nowUs;
    return;
  }
  const due =
    elapsedUs >= snapshots.transferUs ? parts : Math.floor((parts * elapsedUs) / snapshots.transferUs);
  const bytes = MESSAGE_BYTES + Math.min(PART_BYTES_MOST, Math.floor(snapshots.dataBytes / parts));
  while (sending.sentParts < due) sendPart(sending.copy, sending.sentParts++, out, peer, node.term, bytes);
}

/** What a message can say that it weighs. */
const PART_BYTES_MOST = 0x4000_0000;

export function endSnapshot({ node, peer }: Activation): void {
  node.sending[peer] = null;
}

// The follower.

/** COPY_…: of no older term, and what it shows is committed here. */
export function knowsSnapshot(activation: Activation): boolean {
  const { node, input } = activation;
  return isNotOfOlderTerm(activation) && input.b <= node.commitLsn;
}

/** What is committed is in every leader's log. */
export function agreeOnSnapshot({ node, input }: Activation): void {
  node.agreedLsn = Math.max(node.agreedLsn, input.b);
}

/** COPY_…: takes the part; of a newer snapshot it begins with this one. What is here stays until the snapshot is whole and on disk. */
export function takeSnapshotPart({ node, input }: Activation): void {
  const lsn = input.b;
  if (node.arriving !== null && lsn < node.arriving.copy.lsn) return;
  if (node.arriving === null || lsn > node.arriving.copy.lsn)
    node.arriving = { copy: arrivingCopy(lsn), data: new Int32Array(node.data.length) };
  takePart(node.arriving.copy, node.arriving.data, input);
}

/** COPY_…: of no older term, and with it all has come. */
export function completesSnapshot(activation: Activation): boolean {
  const { node, input } = activation;
  const { arriving } = node;
  if (arriving === null || arriving.copy.lsn !== input.b || !isNotOfOlderTerm(activation)) return false;
  return !isWhole(arriving.copy) && isWholeWith(arriving.copy, arriving.data, input);
}

/** The fsync's `b`: no log or vote has it. */
export const SNAPSHOT_WRITTEN = -0x8000_0000;

export function writeSnapshot({ node, out }: Activation): void {
  out.fsync(node.arriving!.copy.lsn, SNAPSHOT_WRITTEN, node.settings.snapshots.dataBytes);
}

/** FLUSHED: the snapshot that is now on disk is the newest that has come. */
export function isOnDisk({ node: { arriving }, input }: Activation): boolean {
  return arriving !== null && arriving.copy.lsn === input.a;
}

/**
 * Begins again from the snapshot, unless the log has got so far meanwhile. Entries of its own that the snapshot's history does not
 * know are discarded.
 */
export function installSnapshot({ node, out }: Activation): void {
  const { copy, data } = node.arriving!;
  const { lsn } = copy;
  const { wal } = node;
  node.arriving = null;
  if (lsn > node.commitLsn && timelineTermOf(wal, lsn) !== termAt(copy, lsn)) {
    let common = Math.min(wal.lastLsn, lsn);
    while (common > node.commitLsn && timelineTermOf(wal, common) !== termAt(copy, common)) common--;
    discardAfter(node, out, common);
    out.note(NOTE_INSTALLED, lsn, 0, 0, 0);
    beginAfter(copy, data, wal);
    node.data.set(data);
    node.flushedLsn = lsn;
    node.replayedLsn = lsn;
    node.snapshotLsn = lsn;
  }
  node.agreedLsn = Math.max(node.agreedLsn, lsn);
  commitThrough(node, out, lsn);
}

/** The term that wrote an LSN, by a copy's history. */
function termAt({ terms, starts }: ArrivingCopy, lsn: number): number {
  let index = -1;
  for (const [each, start] of starts.entries())
    if (start <= lsn && (index < 0 || start > starts[index]!)) index = each;
  return index < 0 ? 0 : terms[index]!;
}
