/** A server's log on its way to disk, what a crash leaves of it, and what of it shows in the data. */

import type { Out } from '../../kernel/protocol.ts';
import {
  append,
  DATA_WIDTH,
  dropLast,
  endBytes,
  forgetClient,
  keyOf,
  lastTerm,
  replay,
  termOf,
  unreplay,
  valueAt,
} from '../wal.ts';
import { NOTE_APPENDED, NOTE_COMMITTED, NOTE_DISCARDED } from './messages.ts';
import type { Activation, Server } from './server.ts';
import { noteTermDurable } from './voting.ts';

/** The key of an entry that writes nothing. */
export const NO_KEY = -1;

/** Appends an entry, and gives its index. `client` and `slot` say who waits for it, −1 nobody. */
export function appendEntry(
  { node, out }: Activation,
  term: number,
  key: number,
  value: number,
  bytes: number,
  client: number,
  slot: number,
): number {
  const lsn = append(node.wal, term, key, value, bytes, client, slot, out.nowUs);
  out.note(NOTE_APPENDED, lsn, 0, 0, 0);
  return lsn;
}

/** Starts an fsync of everything appended, unless one is under way. Term and log come to disk together. */
export function flush(node: Server, out: Out): void {
  const { wal } = node;
  if (node.flushingLsn >= 0 || node.flushedLsn === wal.lastLsn) return;
  node.flushingLsn = wal.lastLsn;
  out.fsync(wal.lastLsn, -1 - node.term, endBytes(wal, wal.lastLsn) - endBytes(wal, node.flushedLsn));
}

/** An fsync is done. If the log was cut back meanwhile, what has been appended since is not on disk yet. */
export function noteWritten({ node, input, out }: Activation): void {
  noteTermDurable(node, -1 - input.b);
  node.flushedLsn = Math.max(node.flushedLsn, node.flushingLsn);
  node.flushingLsn = -1;
  flush(node, out);
}

/** Learns that entries are committed, and shows them. */
export function commitThrough(node: Server, out: Out, lsn: number): void {
  if (lsn <= node.commitLsn) return;
  node.commitLsn = lsn;
  out.note(NOTE_COMMITTED, lsn, 0, 0, 0);
  show({ node });
}

/**
 * Shows what is committed; where leaders answer alone, what is on disk, and may yet have to be taken back. Where the server's
 * owner shows what is committed, nothing.
 */
export function show({ node }: Pick<Activation, 'node'>): void {
  const { commitLsn, flushedLsn, settings } = node;
  if (!settings.showsCommitted) return;
  const through = settings.answersAlone ? Math.max(commitLsn, flushedLsn) : commitLsn;
  for (let lsn = node.replayedLsn + 1; lsn <= through; lsn++) {
    if (keyOf(node.wal, lsn) !== NO_KEY) replay(node.wal, lsn, node.data);
    node.replayedLsn = lsn;
  }
}

/** Cuts the log back, newest entry first: what lies beyond, acknowledged or not, is discarded. */
export function discardAfter(node: Server, out: Out, lsn: number): void {
  const { wal } = node;
  while (wal.lastLsn > lsn && wal.lastLsn >= wal.firstLsn) {
    const last = wal.lastLsn;
    const key = keyOf(wal, last);
    out.note(NOTE_DISCARDED, last, termOf(wal, last), valueAt(wal, last), key);
    if (node.replayedLsn === last) {
      // Its owner may have passed it over.
      if (key !== NO_KEY && node.data[key * DATA_WIDTH + 1] === last) unreplay(wal, last, node.data);
      node.replayedLsn = last - 1;
    }
    dropLast(wal);
  }
  node.flushedLsn = Math.min(node.flushedLsn, wal.lastLsn);
  node.flushingLsn = Math.min(node.flushingLsn, wal.lastLsn);
  node.commitLsn = Math.min(node.commitLsn, wal.lastLsn);
  node.agreedLsn = Math.min(node.agreedLsn, wal.lastLsn);
}

/** Nobody is answered any more for what was asked of an earlier office: those clients learn nothing. */
export function disownWrites(node: Server): void {
  const { wal } = node;
  for (let lsn = Math.max(wal.firstLsn, node.answeredLsn + 1); lsn <= wal.lastLsn; lsn++)
    forgetClient(wal, lsn);
}

/**
 * The process died, and everything in memory with it. If the machine did too, what was not fsynced is lost; otherwise the
 * operating system brings to disk what it was given.
 */
export function loseMemory(node: Server, out: Out, withMachine: boolean): void {
  if (withMachine) {
    discardAfter(node, out, node.flushedLsn);
    if (node.settings.writesVotes) {
      node.term = node.durableTerm;
      node.votedFor = node.durableVotedFor;
    }
    // A log on disk says at least so much of the term.
    if (lastTerm(node.wal) > node.term) {
      node.term = lastTerm(node.wal);
      node.votedFor = -1;
    }
  } else {
    node.flushedLsn = node.wal.lastLsn;
    node.durableTerm = node.term;
    node.durableVotedFor = node.votedFor;
  }
  disownWrites(node);
  node.flushingLsn = -1;
  node.leader = -1;
  node.agreedLsn = 0;
  node.early.length = 0;
  node.arriving = null;
  node.sending.fill(null);
  node.firstRead = 0;
  node.waitingReads = 0;
}
