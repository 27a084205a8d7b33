/** Whose orders a replica takes: what the failover manager asks of it and tells it. */

import { timelineTermOf } from '../wal.ts';
import { ALIVE, MESSAGE_BYTES, NOTE_FOLLOWING, POSITION, PROMOTED } from './messages.ts';
import type { Activation } from './replica.ts';

export function reportAlive({ node, input, out }: Activation): void {
  out.send(input.from, ALIVE, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** PROBE: names a leader this replica does not follow yet. */
export function namesNewLeader({ node, input }: Activation): boolean {
  return input.a > node.term || (input.a === node.term && input.b !== node.leader && input.b >= 0);
}

export function follow({ node, input, out }: Activation): void {
  node.term = input.a;
  node.leader = input.b;
  out.note(NOTE_FOLLOWING, node.term, node.leader, 0, 0);
}

/** It has given up leading, and who leads next is not known yet. */
export function followNobody({ node, out }: Activation): void {
  node.leader = -1;
  out.note(NOTE_FOLLOWING, node.term, -1, 0, 0);
}

/**
 * ASK, PROMOTE: of a term that, as far as this replica knows, has no leader yet. Whoever has half a copy of the data has
 * nothing to lead with.
 */
export function isForOpenTerm({ node, input }: Activation): boolean {
  return node.backup === null && (input.a > node.term || (input.a === node.term && node.leader < 0));
}

/** PROMOTE: of the term this replica leads already. */
export function isForTermILead({ node, input }: Activation): boolean {
  return input.a === node.term;
}

/** Promises to take nothing from older leaders; whoever leads next is not known yet. */
export function leaveLeader({ node, input, out }: Activation): void {
  if (input.a === node.term) return;
  node.term = input.a;
  node.leader = -1;
  out.note(NOTE_FOLLOWING, node.term, -1, 0, 0);
}

/**
 * Where the log ends: on disk, and beyond it in memory. It is the disk that counts: whoever is promoted for records in
 * its memory makes the others discard theirs down to its disk, and a crash then takes what several disks had held.
 */
export function givePosition({ node, input, out }: Activation): void {
  const { wal, flushedLsn } = node;
  const flushedTerm = timelineTermOf(wal, flushedLsn);
  out.send(input.from, POSITION, input.a, flushedTerm, flushedLsn, wal.lastLsn, 0, MESSAGE_BYTES);
}

export function confirmPromotion({ node, input, out }: Activation): void {
  out.send(input.from, PROMOTED, node.term, node.wal.lastLsn, 0, 0, 0, MESSAGE_BYTES);
}
