/** How a follower replays what its disk holds: one record after another, each at its cost, or not while a query stands in the way. */

import { bytesOf, replay, writtenAtUs } from '../wal.ts';
import { NOTE_QUERY, QUERY_BEGINS, QUERY_CANCELLED, QUERY_ENDS } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

/** What replay costs a replica. Where it shares the machine with the reads it serves, both wait for each other. */
export interface ReplayCost {
  /** Picoseconds a record, and bytes a second; 0 is no cost. */
  readonly recordPs: number;
  readonly bytesPerSecond: number;
  readonly sharesMachine: boolean;
}

/** Conflicts of a query with replay: rows it may still see are cleaned up; a table it reads is locked. */
export const NO_QUERY = 0;
export const CLEANUP = 1;
export const LOCK = 2;
export const queryConflicts = ['cleanup', 'lock'] as const;

/** Whether all that is flushed can be replayed at once, as nearly always. */
export function replaysAtOnce({ settings, query, replaying }: Replica): boolean {
  return settings.replay === null && query === NO_QUERY && replaying === 0;
}

function nextLsn(node: Replica): number {
  return node.replayingLsn > 0 ? node.replayingLsn + 1 : node.replayedLsn + 1;
}

/** Whether there is a record to replay, not counting the one that is being replayed. */
export function moreIsLeft({ node }: Activation): boolean {
  return nextLsn(node) <= node.flushedLsn;
}

/**
 * Whether the next record must wait for the query: it was written after the query began, and so may remove a row that the
 * query sees or lock what it reads. A leader that is told what its followers' queries see (hot_standby_feedback) removes
 * no such row; of locks it knows nothing.
 */
export function conflictsWithQuery({ node }: Activation): boolean {
  if (node.query === NO_QUERY || nextLsn(node) <= node.queryLsn || nextLsn(node) > node.flushedLsn)
    return false;
  return node.query === LOCK || !node.settings.hotStandbyFeedback;
}

/** When the next record will have been replayed, from now, on a machine of its own or among reads. */
export function replayTimeUs({ node, out }: Activation): number {
  const ps = costPs(node, nextLsn(node));
  if (node.settings.replay?.sharesMachine) return out.occupy(ps);
  return Math.floor((node.replayPs + ps) / 1_000_000);
}

function costPs({ settings, wal }: Replica, lsn: number): number {
  if (settings.replay === null) return 0;
  const { recordPs, bytesPerSecond } = settings.replay;
  const ofBytes = bytesPerSecond === 0 ? 0 : (bytesOf(wal, lsn) * 1_000_000_000_000) / bytesPerSecond;
  return Math.round(recordPs + ofBytes);
}

export function beginRecord({ node }: Activation): void {
  node.replayingLsn = nextLsn(node);
  node.replayPs = (node.replayPs + costPs(node, node.replayingLsn)) % 1_000_000;
}

/** Unless it was discarded meanwhile. */
export function showRecord({ node }: Activation): void {
  const lsn = node.replayingLsn;
  if (lsn !== node.replayedLsn + 1 || lsn > node.flushedLsn) return;
  replay(node.wal, lsn, node.data);
  node.replayedLsn = lsn;
}

export function stopReplay({ node }: Activation): void {
  node.replayingLsn = 0;
  node.replayPs = 0;
}

/**
 * How long the next record may wait for the query: so long after it was received, however long earlier ones have waited
 * for other queries. Source: PostgreSQL 15 documentation, max_standby_streaming_delay.
 */
export function graceUs({ node, out }: Activation): number {
  const receivedUs = writtenAtUs(node.wal, Math.max(node.replayedLsn + 1, node.wal.firstLsn));
  return Math.max(0, node.settings.maxStandbyDelayUs - out.elapsedUs(receivedUs));
}

/** OPERATOR: somebody asks a query that runs until it is ended; `b` is how it conflicts. */
export function beginQuery({ node, input, out }: Activation): void {
  node.query = input.b;
  node.queryLsn = node.replayedLsn;
  out.note(NOTE_QUERY, QUERY_BEGINS, node.query, 0, 0);
}

/** OPERATOR: it has its answer, unless it was cancelled before. */
export function endQuery({ node, out }: Activation): void {
  if (node.query === NO_QUERY) return;
  out.note(NOTE_QUERY, QUERY_ENDS, node.query, 0, 0);
  node.query = NO_QUERY;
}

export function cancelQuery({ node, out }: Activation): void {
  out.note(NOTE_QUERY, QUERY_CANCELLED, node.query, 0, 0);
  node.query = NO_QUERY;
}
