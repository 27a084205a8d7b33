/** What a follower does: it takes the leader's entries where they continue its own log, and says how far it has come. */

import { lastLsnUpTo, lastTerm, termOf, timelineTermOf } from '../wal.ts';
import { appendEntry, commitThrough, discardAfter, flush } from './log.ts';
import {
  APPENDED,
  entryKeyOf,
  entryTermOf,
  HEARD,
  MESSAGE_BYTES,
  NOTE_FOLLOWING,
  previousTermOf,
  REJECTED,
} from './messages.ts';
import { type Activation, NOBODY } from './server.ts';
import { compact } from './snapshot.ts';

/** APPEND, HEARTBEAT, COMMIT: from the leader of this term. */
export function follow({ node, input, out }: Activation): void {
  node.heardAtUs = out.nowUs;
  if (node.leader === input.from) return;
  node.leader = input.from;
  out.note(NOTE_FOLLOWING, node.term, node.leader, 0, 0);
}

/** HEARTBEAT: also where it comes from a superseded leader, which so learns of the newer term. */
export function answerHeartbeat({ node, input, out }: Activation): void {
  const flushed = Math.min(node.flushedLsn, node.agreedLsn);
  out.send(input.from, HEARD, node.term, input.c, node.agreedLsn, flushed, 0, MESSAGE_BYTES);
}

/**
 * HEARTBEAT: through where the leader knows this log to be its own, in this term. One that has restarted knows it no more,
 * and where no entry comes it would not learn it otherwise.
 */
export function takeMatch({ node, input }: Activation): void {
  if (input.e > node.agreedLsn) node.agreedLsn = Math.min(input.e, node.wal.lastLsn);
}

/** HEARTBEAT, COMMIT: entries are committed, of which this log holds those that it agrees on with the leader. */
export function takeCommit({ node, input, out }: Activation): void {
  commitThrough(node, out, Math.min(input.b, node.agreedLsn));
}

/** HEARTBEAT: what every server has on disk may go, and what a snapshot makes up for. */
export function compactLog({ node, input, out }: Activation): void {
  compact(node, out, input.d);
}

/** APPEND: of no older term, and the entry before it is in this log. Then all before that one are the leader's too. */
export function continuesMyLog({ node, input }: Activation): boolean {
  if (input.a < node.term) return false;
  const { wal } = node;
  const previous = input.b - 1;
  if (previous === wal.lastLsn) return lastTerm(wal) === previousTermOf(input);
  if (previous > wal.lastLsn) return false;
  return previous < wal.firstLsn || termOf(wal, previous) === previousTermOf(input);
}

/**
 * APPEND: one whose turn has not come: what is before it is late, or lost. Only once it is known where the logs meet;
 * before that, a gap is how the leader learns that they do not meet here.
 */
export function comesEarly({ node, input }: Activation): boolean {
  return input.a === node.term && input.from === node.leader && node.agreedLsn > 0;
}

export function takeEntry(activation: Activation): void {
  const { node, input, out } = activation;
  take(activation, input.b, entryTermOf(input), entryKeyOf(input), input.e, input.bytes - MESSAGE_BYTES);
  if (node.early.length > 0) takeEarly(activation);
  if (input.b <= node.flushedLsn) acknowledge(activation);
  else flush(node, out);
}

/** Takes the entry, or finds that it has it. Another one in its place goes, and all that follow that one. */
function take(
  activation: Activation,
  lsn: number,
  term: number,
  key: number,
  value: number,
  bytes: number,
): void {
  const { node, out } = activation;
  const { wal } = node;
  if (lsn <= wal.lastLsn && lsn >= wal.firstLsn && termOf(wal, lsn) !== term)
    discardAfter(node, out, lsn - 1);
  if (lsn > wal.lastLsn) appendEntry(activation, term, key, value, bytes, -1, 0);
  if (lsn > node.agreedLsn) node.agreedLsn = lsn;
}

/** Those whose turn has come: each follows an entry that is the leader's. */
function takeEarly(activation: Activation): void {
  const { node } = activation;
  const { early } = node;
  while (early.length > 0 && early[0]!.lsn <= node.agreedLsn + 1) {
    const { lsn, term, key, value, bytes } = early.shift()!;
    take(activation, lsn, term, key, value, bytes);
  }
}

/** How many entries may wait for their turn; the leader sends the others again. */
const earlyMost = 4096;

export function keepEarly({ node: { early }, input }: Activation): void {
  const lsn = input.b;
  let index = early.length;
  while (index > 0 && early[index - 1]!.lsn > lsn) index--;
  if (early.length === earlyMost || (index > 0 && early[index - 1]!.lsn === lsn)) return;
  early.splice(index, 0, {
    lsn,
    term: entryTermOf(input),
    key: entryKeyOf(input),
    value: input.e,
    bytes: input.bytes - MESSAGE_BYTES,
  });
}

/** Tells the leader through where its log is on this disk: never of entries that may be a tail of its own. */
export function acknowledge({ node, out }: Activation): void {
  const lsn = Math.min(node.flushedLsn, node.agreedLsn);
  if (node.leader === NOBODY || node.leader === node.self || lsn === 0) return;
  out.send(node.leader, APPENDED, node.term, lsn, 0, 0, 0, MESSAGE_BYTES);
}

/**
 * APPEND: the entry before it is not in this log. The leader is told of the last entry that may be in common: of no newer
 * term than the one missing, and so a whole term is passed over at a time. (Also where the leader is superseded.)
 */
export function reject({ node, input, out }: Activation): void {
  const { wal } = node;
  const previousTerm = previousTermOf(input);
  const lsn = Math.min(input.b - 1, wal.lastLsn, Math.max(lastLsnUpTo(wal, previousTerm), wal.firstLsn - 1));
  out.send(input.from, REJECTED, node.term, input.b, timelineTermOf(wal, lsn), lsn, 0, MESSAGE_BYTES);
}
