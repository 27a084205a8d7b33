/** Which writes a leader may answer: the one rule that every acknowledgement setting comes down to. */

import type { Out } from '../../kernel/protocol.ts';
import { writtenAtUs } from '../wal.ts';
import { type Acknowledgement, FALLS_BACK, ON_DISK, WRITTEN } from './acknowledgement.ts';
import { NOTE_WAIT } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

/** What the leader itself has done its part for. */
export function ownLsn(node: Replica): number {
  return node.settings.acknowledgement.ownStage === WRITTEN ? node.wal.lastLsn : node.flushedLsn;
}

/** The newest LSN that a write may be answered for: the leader has done its part, and enough followers theirs. */
export function answerableLsn(node: Replica): number {
  const own = ownLsn(node);
  const { acknowledgement } = node.settings;
  if (acknowledgement.count === 0 || node.fallenBack) return own;
  return Math.min(own, reachedLsn(acknowledgement, positionsOf(node), eligible(node), node.self));
}

/** How far each follower has come with what is waited for. */
function positionsOf(node: Replica): Int32Array {
  return node.settings.acknowledgement.stage === ON_DISK ? node.confirmedLsn : node.reachedLsn;
}

/** One bit a follower that counts now. */
function eligible(node: Replica): number {
  return node.settings.acknowledgement.streamingOnly ? node.streaming : -1;
}

/**
 * The newest LSN that as many followers have reached as are waited for; 0 while there are too few. Any: the count-th
 * largest of the positions. By priority: the smallest of the first `count` that are connected.
 * Source: PostgreSQL, syncrep.c, SyncRepGetSyncRecPtr.
 */
export function reachedLsn(
  { count, byPriority, priorities }: Pick<Acknowledgement, 'count' | 'byPriority' | 'priorities'>,
  positions: ArrayLike<number>,
  eligibleMask: number,
  self: number,
): number {
  let best = 0;
  const replicas = positions.length;
  for (let candidate = 0; candidate < replicas; candidate++) {
    const lsn = positions[candidate]!;
    if (lsn <= best && !byPriority) continue;
    if (!isCandidate(priorities, eligibleMask, self, candidate)) continue;
    let ahead = 0;
    let least = lsn;
    for (let other = 0; other < replicas; other++) {
      if (!isCandidate(priorities, eligibleMask, self, other)) continue;
      if (byPriority ? comesBefore(priorities, other, candidate) : positions[other]! >= lsn) {
        ahead++;
        if (positions[other]! < least) least = positions[other]!;
      }
    }
    if (byPriority) {
      // This candidate is the last of the first `count`: the write waits for it and for those before it.
      if (ahead === count - 1) return least;
    } else if (ahead >= count) best = lsn;
  }
  return best;
}

function isCandidate(
  priorities: readonly number[],
  eligibleMask: number,
  self: number,
  node: number,
): boolean {
  return node !== self && priorities[node]! > 0 && (eligibleMask & (1 << node)) !== 0;
}

/** `*` gives every standby the same place: then the order of the nodes decides. */
function comesBefore(priorities: readonly number[], node: number, other: number): boolean {
  return priorities[node] === priorities[other] ? node < other : priorities[node]! < priorities[other]!;
}

export type SyncState = 'async' | 'potential' | 'sync' | 'quorum';

/** `pg_stat_replication.sync_state` of a follower, as the leader sees it now. */
export function syncStateOf(node: Replica, follower: number): SyncState {
  const { count, byPriority, priorities } = node.settings.acknowledgement;
  if (count === 0 || node.fallenBack || priorities[follower] === 0) return 'async';
  const mask = eligible(node);
  if (!isCandidate(priorities, mask, node.self, follower)) return 'potential';
  if (!byPriority) return 'quorum';
  let ahead = 0;
  for (let other = 0; other < priorities.length; other++)
    if (isCandidate(priorities, mask, node.self, other) && comesBefore(priorities, other, follower)) ahead++;
  return ahead < count ? 'sync' : 'potential';
}

// How long writes wait (`wait.chart.ts`).

export function nothingWaits({ node }: Activation): boolean {
  return node.answeredLsn >= node.wal.lastLsn;
}

/** Until the oldest write that still has time has none; the whole timeout where there is no such write. */
export function untilOverdueUs({ node, out }: Activation): number {
  const { wal } = node;
  const { timeoutUs } = node.settings.acknowledgement;
  for (let lsn = Math.max(node.answeredLsn + 1, wal.firstLsn); lsn <= wal.lastLsn; lsn++) {
    const leftUs = timeoutUs - out.elapsedUs(writtenAtUs(wal, lsn));
    if (leftUs > 0) return leftUs;
  }
  return timeoutUs;
}

/** The newest write that has waited for the whole timeout, of those the leader itself has done its part for. */
export function overdueLsn(node: Replica, out: Out): number {
  const { wal } = node;
  const own = ownLsn(node);
  const { timeoutUs } = node.settings.acknowledgement;
  let lsn = node.answeredLsn;
  while (lsn < own && out.elapsedUs(writtenAtUs(wal, lsn + 1)) >= timeoutUs) lsn++;
  return lsn;
}

export function fallsBack({ node }: Activation): boolean {
  return node.settings.acknowledgement.onTimeout === FALLS_BACK;
}

export function fallBack({ node, out }: Activation): void {
  node.fallenBack = true;
  out.note(NOTE_WAIT, 0, 0, 0, 0);
}

/** Whether enough followers have all that the leader has on its disk. */
export function enoughCaughtUp({ node }: Activation): boolean {
  const { acknowledgement } = node.settings;
  return reachedLsn(acknowledgement, positionsOf(node), eligible(node), node.self) >= node.flushedLsn;
}

export function waitAgain({ node, out }: Activation): void {
  node.fallenBack = false;
  out.note(NOTE_WAIT, 1, 0, 0, 0);
}
