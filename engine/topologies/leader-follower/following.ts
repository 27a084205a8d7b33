/** What a follower does: it finds out where its log and the leader's part, discards its own tail, and takes records. */

import { type Out, REFUSED } from '../../kernel/protocol.ts';
import { append, lastLsnUpTo, timelineTermOf } from '../wal.ts';
import { WRITTEN } from './acknowledgement.ts';
import { discardAfter, flush, recycleThrough } from './durable-log.ts';
import { CLOSED, CONFIRM, HELLO, MESSAGE_BYTES, STREAM } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

/** A follower takes no writes, and answers no reads without data: the client learns at once that nothing happened. */
export function refuse({ input, out }: Activation): void {
  out.send(input.from, REFUSED, input.a, input.b, 0, 0, 0, MESSAGE_BYTES);
}

export function isFromMyLeader({ node, input }: Activation): boolean {
  return input.from === node.leader && input.a === node.term;
}

// Where the logs part. A question is (term, LSN): "of what you hold up to this term, what comes last?"

/** Begins with the end of the own log. */
export function startOver({ node }: Activation): void {
  node.early.length = 0;
  node.commonLsn = node.wal.lastLsn;
}

export function sayHello({ node, out }: Activation): void {
  if (node.leader < 0) return;
  out.send(
    node.leader,
    HELLO,
    node.term,
    timelineTermOf(node.wal, node.commonLsn),
    node.commonLsn,
    0,
    0,
    MESSAGE_BYTES,
  );
}

/**
 * POINT: the leader's answer to the question asked last. An answer to an earlier one, come late or twice, is about a
 * shorter log: to go by it would discard records that this replica has confirmed since.
 */
export function answersMyHello(activation: Activation): boolean {
  const { node, input } = activation;
  return (
    isFromMyLeader(activation) && input.e === node.commonLsn && input.d === timelineTermOf(node.wal, input.e)
  );
}

/** The newest LSN this log can have in common with the leader's. */
function commonPoint(node: Replica, newestTerm: number, lsn: number): number {
  return newestTerm === 0 ? 0 : Math.min(lsn, lastLsnUpTo(node.wal, newestTerm));
}

/** Whether the logs part before anything that is still in this one: what it recycled shows in the data for good. */
export function partsBeforeMyLog(activation: Activation): boolean {
  if (!findsCommonPoint(activation)) return false;
  const { node, input } = activation;
  return commonPoint(node, input.b, input.c) < node.wal.firstLsn - 1;
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
  out.send(
    node.leader,
    STREAM,
    node.term,
    node.wal.lastLsn,
    node.flushedLsn,
    node.replayedLsn,
    0,
    MESSAGE_BYTES,
  );
}

// Records.

export function isNextRecord(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.input.c === activation.node.wal.lastLsn + 1;
}

/** Whether nothing is missing before the records that have come early, counting this one, which is the next. */
export function closesGap(activation: Activation): boolean {
  if (!isNextRecord(activation)) return false;
  let next = activation.input.c + 1;
  for (const { lsn } of activation.node.early) {
    if (lsn > next) return false;
    next = lsn + 1;
  }
  return true;
}

/** A record further on than the next one: something between is late or lost. */
export function isBeyondNext(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.input.c > activation.node.wal.lastLsn + 1;
}

/** KEEPALIVE: the leader has no stream to this follower, or has sent what has not arrived. */
export function missesRecords(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && (input.b < 0 || input.b > node.wal.lastLsn);
}

/** A record is written before it is flushed; where leaders wait for no more than that, they are told. */
export function appendRecord(activation: Activation): void {
  const { node, input, out } = activation;
  append(node.wal, input.b, input.d, input.e, input.bytes - MESSAGE_BYTES, -1, 0, out.nowUs);
  if (node.early.length > 0) appendEarly(node, out);
  if (node.settings.acknowledgement.stage === WRITTEN) confirm(activation);
  flush(node, out);
}

/** Those whose turn has come. */
function appendEarly({ wal, early }: Replica, out: Out): void {
  while (early.length > 0 && early[0]!.lsn <= wal.lastLsn + 1) {
    const { lsn, term, key, value, bytes } = early.shift()!;
    if (lsn === wal.lastLsn + 1) append(wal, term, key, value, bytes, -1, 0, out.nowUs);
  }
}

/** How many records may wait for their turn; the leader sends the others again. */
const earlyMost = 256;

export function keepEarly({ node: { early }, input }: Activation): void {
  let index = early.length;
  while (index > 0 && early[index - 1]!.lsn > input.c) index--;
  if (early.length === earlyMost || (index > 0 && early[index - 1]!.lsn === input.c)) return;
  early.splice(index, 0, {
    lsn: input.c,
    term: input.b,
    key: input.d,
    value: input.e,
    bytes: input.bytes - MESSAGE_BYTES,
  });
}

/**
 * Tells the leader what is on disk and what is replayed. Only while connected: before, the log may end in a tail of its
 * own, whose LSNs the leader would take for those of its records.
 */
export function confirm({ node, out }: Activation): void {
  const { term, flushedLsn, replayedLsn, wal } = node;
  out.send(node.leader, CONFIRM, term, flushedLsn, replayedLsn, wal.lastLsn, 0, MESSAGE_BYTES);
}

/** The process dies, not the machine: its operating system ends the connection, and the leader learns of it. */
export function closeConnection({ node, out }: Activation): void {
  if (node.leader < 0 || node.leader === node.self) return;
  out.send(node.leader, CLOSED, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

export function recycleSafe({ node, input, out }: Activation): void {
  recycleThrough(node, out, input.c);
}
