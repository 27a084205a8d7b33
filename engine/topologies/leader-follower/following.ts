/** What a follower does: it finds out where its log and the leader's part, discards its own tail, and takes records. */

import { REFUSED } from '../../kernel/protocol.ts';
import { discardAfter, flush, recycleThrough } from './durable-log.ts';
import { CONFIRM, HELLO, MESSAGE_BYTES, STREAM } from './messages.ts';
import type { Activation, Replica } from './replica.ts';
import { append, lastLsnUpTo, timelineTermOf } from './wal.ts';

/** A follower takes no writes: the client learns at once that nothing happened. */
export function refuseWrite({ input, out }: Activation): void {
  out.send(input.from, REFUSED, input.a, input.b, 0, 0, 0, MESSAGE_BYTES);
}

export function isFromMyLeader({ node, input }: Activation): boolean {
  return input.from === node.leader && input.a === node.term;
}

// Where the logs part. A question is (term, LSN): "of what you hold up to this term, what comes last?"

/** Begins with the end of the own log. */
export function startOver({ node }: Activation): void {
  node.commonLsn = node.wal.lastLsn;
}

export function sayHello({ node, out }: Activation): void {
  if (node.leader < 0) return;
  out.send(node.leader, HELLO, node.term, timelineTermOf(node.wal, node.commonLsn), node.commonLsn, 0, 0, MESSAGE_BYTES);
}

/**
 * POINT: the leader's answer to the question asked last. An answer to an earlier one, come late or twice, is about a
 * shorter log: to go by it would discard records that this replica has confirmed since.
 */
export function answersMyHello(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && input.e === node.commonLsn && input.d === timelineTermOf(node.wal, input.e);
}

/** The newest LSN this log can have in common with the leader's. */
function commonPoint(node: Replica, newestTerm: number, lsn: number): number {
  return newestTerm === 0 ? 0 : Math.min(lsn, lastLsnUpTo(node.wal, newestTerm));
}

/** Whether both logs have the point in common: the leader's newest term up to there is this log's too. */
export function findsCommonPoint(activation: Activation): boolean {
  const { node, input } = activation;
  if (!answersMyHello(activation)) return false;
  const lsn = commonPoint(node, input.b, input.c);
  return lsn === 0 || timelineTermOf(node.wal, lsn) === input.b;
}

export function lookFurtherBack({ node, input }: Activation): void {
  node.commonLsn = commonPoint(node, input.b, input.c);
}

export function discardDivergentTail({ node, input, out }: Activation): void {
  discardAfter(node, out, commonPoint(node, input.b, input.c));
}

export function askForStream({ node, out }: Activation): void {
  out.send(node.leader, STREAM, node.term, node.wal.lastLsn, node.flushedLsn, 0, 0, MESSAGE_BYTES);
}

// Records.

export function isNextRecord(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.input.c === activation.node.wal.lastLsn + 1;
}

/** A record further on than the next one: something between was lost. */
export function isBeyondNext(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.input.c > activation.node.wal.lastLsn + 1;
}

/** KEEPALIVE: the leader has no stream to this follower, or has sent what has not arrived. */
export function missesRecords(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && (input.b < 0 || input.b > node.wal.lastLsn);
}

export function appendRecord({ node, input, out }: Activation): void {
  append(node.wal, input.b, input.d, input.e, input.bytes - MESSAGE_BYTES, -1, 0, out.nowUs);
  flush(node, out);
}

/**
 * Tells the leader what is on disk and what is replayed. Only while connected: before, the log may end in a tail of its
 * own, whose LSNs the leader would take for those of its records.
 */
export function confirm({ node, out }: Activation): void {
  out.send(node.leader, CONFIRM, node.term, node.flushedLsn, node.replayedLsn, 0, 0, MESSAGE_BYTES);
}

export function recycleSafe({ node, input }: Activation): void {
  recycleThrough(node, input.c);
}
