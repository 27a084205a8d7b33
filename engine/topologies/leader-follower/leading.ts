/** What a leader does: it takes writes, answers them once enough disks hold them, and streams its log to followers. */

import { type Out, ROUTE, WRITE_OK } from '../../kernel/protocol.ts';
import {
  append,
  bytesOf,
  clientOf,
  keyOf,
  lastLsnUpTo,
  newestTermUpTo,
  replay,
  slotOf,
  termOf,
  valueAt,
} from '../wal.ts';
import { ON_DISK, WRITTEN } from './acknowledgement.ts';
import { disownWrites, flush, forgetFollowers, replayFlushed } from './durable-log.ts';
import { mayAcknowledge } from './lease.ts';
import {
  APPEND,
  KEEPALIVE,
  LAND,
  LEADS,
  MESSAGE_BYTES,
  NOTE_ACKNOWLEDGED,
  NOTE_LEADING,
  NOTE_STREAM,
  NOTE_WARNED,
  POINT,
  RECYCLED,
  STREAM_RESYNC,
  STREAM_STREAMING,
} from './messages.ts';
import type { Activation, Replica } from './replica.ts';
import { recycleLog } from './retention.ts';
import { answerableLsn, overdueLsn, ownLsn } from './waiting.ts';

// Writes.

/** Whether too few followers have been heard of lately for a write to be taken (Redis, `min-replicas-to-write`). */
export function lacksGoodFollowers({ node, out }: Activation): boolean {
  const { goodFollowers, goodLagUs } = node.settings.acknowledgement;
  if (goodFollowers === 0) return false;
  let good = 0;
  for (let peer = 0; peer < node.settings.replicas; peer++)
    if (isStreaming(node, peer) && out.elapsedUs(node.heardUs[peer]!) <= goodLagUs) good++;
  return good < goodFollowers;
}

/** The leader orders the write by appending it; it is answered when the leader and enough followers have done their part. */
export function appendWrite(activation: Activation): void {
  const { node, input, out } = activation;
  const { walWriterUs, ownStage } = node.settings.acknowledgement;
  append(node.wal, node.term, input.c, input.b, input.bytes, input.from, input.a, out.nowUs);
  if (walWriterUs === 0) flush(node, out);
  if (ownStage === WRITTEN) commit(activation);
}

/**
 * OPERATOR: one transaction of many bytes, for which nobody waits. It is one record: sent, flushed and replayed as a unit.
 * Its value is a number that no client's write has.
 */
export function appendHugeTransaction({ node, input, out }: Activation): void {
  const { wal, term } = node;
  append(wal, term, input.c, -(wal.lastLsn + 1), input.b, -1, 0, out.nowUs);
  flush(node, out);
}

/** Makes visible what may be seen, and answers every write that may be answered; where it must land on shared storage, that does. */
export function commit({ node, out }: Activation): void {
  if (!mayAcknowledge(node, out)) return;
  const answerable = answerableLsn(node);
  show(node, node.settings.acknowledgement.visibleAtOnce ? ownLsn(node) : answerable);
  while (node.answeredLsn < answerable) answerNext(node, out, 0);
}

function show(node: Replica, throughLsn: number): void {
  for (let lsn = node.replayedLsn + 1; lsn <= throughLsn; lsn++) {
    replay(node.wal, lsn, node.data);
    node.replayedLsn = lsn;
  }
}

function answerNext(node: Replica, out: Out, warning: 0 | 1): void {
  const { wal } = node;
  const lsn = node.answeredLsn + 1;
  node.answeredLsn = lsn;
  const client = clientOf(wal, lsn);
  if (client < 0) return;
  const { storage } = node.settings.fence;
  if (storage >= 0) {
    const bytes = MESSAGE_BYTES + bytesOf(wal, lsn);
    out.send(storage, LAND, node.term, lsn, client, slotOf(wal, lsn), valueAt(wal, lsn), bytes);
    return;
  }
  if (warning === 0) out.note(NOTE_ACKNOWLEDGED, termOf(wal, lsn), lsn, valueAt(wal, lsn), 0);
  out.send(
    client,
    WRITE_OK,
    slotOf(wal, lsn),
    valueAt(wal, lsn),
    termOf(wal, lsn),
    lsn,
    warning,
    MESSAGE_BYTES,
  );
}

/**
 * An operator cancels every wait. The writes are committed here, on this disk, and each client is told with a warning
 * that followers may lack its write. Source: PostgreSQL, syncrep.c, "canceling wait for synchronous replication".
 */
export function cancelWaits({ node, out }: Activation): void {
  warnThrough(node, out, ownLsn(node));
}

/** Writes that have waited for the whole timeout (Redis, WAIT). */
export function answerOverdue({ node, out }: Activation): void {
  warnThrough(node, out, overdueLsn(node, out));
}

function warnThrough(node: Replica, out: Out, lsn: number): void {
  if (lsn <= node.answeredLsn || !mayAcknowledge(node, out)) return;
  out.note(NOTE_WARNED, lsn - node.answeredLsn, 0, 0, 0);
  show(node, lsn);
  while (node.answeredLsn < lsn) answerNext(node, out, 1);
}

// Coming to lead.

/** A promoted follower has a log that nobody waits for: all of it counts, as after PostgreSQL's promotion. */
export function takeOver(activation: Activation): void {
  const { node, input } = activation;
  node.term = input.a;
  node.leader = node.self;
  openForWrites(activation);
}

/** OPERATOR: it leads the term the operator gives, whatever the others think. They are told, and so is who can be reached of the clients. */
export function takeOverByHand(activation: Activation): void {
  const { node, input, out } = activation;
  node.term = input.b;
  node.leader = node.self;
  openForWrites(activation);
  const { replicas, clients } = node.settings;
  for (let peer = 0; peer < replicas; peer++) {
    if (peer !== node.self) out.send(peer, LEADS, node.term, node.self, 0, 0, 0, MESSAGE_BYTES);
  }
  const everybody = (1 << replicas) - 1;
  for (const client of clients) out.send(client, ROUTE, node.self, node.term, everybody, 0, 0, MESSAGE_BYTES);
}

/** A leader begins, or begins again after a restart, when every write on its disk counts as committed. */
export function openForWrites({ node, out }: Activation): void {
  forgetFollowers(node);
  disownWrites(node);
  replayFlushed({ node });
  flush(node, out);
  out.note(NOTE_LEADING, node.term, node.wal.lastLsn, 0, 0);
}

// Followers.

/**
 * HELLO, STREAM, CONFIRM: sent by a follower of this term. What one says in a term stays true in that term, however late
 * or often it arrives; what it said in an older term may be of a tail that it has discarded since.
 */
export function isOfMyTerm({ node, input }: Activation): boolean {
  return input.a === node.term;
}

export function sendKeepalives(activation: Activation): void {
  const { node, out } = activation;
  const { replicas } = node.settings;
  recycleLog(activation);
  for (let peer = 0; peer < replicas; peer++) {
    if (peer === node.self) continue;
    const sent = isStreaming(node, peer) ? node.sentLsn[peer]! : -1;
    out.send(peer, KEEPALIVE, node.term, sent, node.safeLsn, 0, 0, MESSAGE_BYTES);
  }
}

/** The chart's configuration for "no stream" is its first. */
function isStreaming(node: Replica, peer: number): boolean {
  return node.streams[peer] !== 0;
}

export function answerHello({ node, input, out }: Activation): void {
  const term = newestTermUpTo(node.wal, input.b);
  const lsn = term === 0 ? 0 : Math.min(lastLsnUpTo(node.wal, term), node.flushedLsn);
  out.send(input.from, POINT, node.term, term, lsn, input.b, input.c, MESSAGE_BYTES);
}

export function noteConfirmed({ node, input, out }: Activation): void {
  const peer = input.from;
  const { stage, goodFollowers } = node.settings.acknowledgement;
  if (input.b > node.confirmedLsn[peer]!) node.confirmedLsn[peer] = input.b;
  if (goodFollowers > 0) node.heardUs[peer] = out.nowUs;
  if (stage === ON_DISK) return;
  const reached = stage === WRITTEN ? input.d : input.c;
  if (reached > node.reachedLsn[peer]!) node.reachedLsn[peer] = reached;
}

// A stream to one follower.

/** STREAM, CONFIRM: whether the follower, counting this message, lacks so little that it can be sent all as it comes. */
export function isCaughtUp({ node, input }: Activation): boolean {
  return node.flushedLsn - input.b <= catchUpWindow;
}

/** How many records a follower that catches up may have on the way. */
const catchUpWindow = 64;

/**
 * Where nothing goes that a follower lacks, only a late duplicate of the request asks for recycled records. Where it does, a
 * follower that asks for some is told so instead (`isRecycled`).
 */
export function beginStream({ node, input }: Activation): void {
  node.lostSlots &= ~(1 << input.from);
  const recycledLsn = node.wal.firstLsn - 1;
  node.sentLsn[input.from] = Math.max(input.b, recycledLsn);
  node.confirmedLsn[input.from] = Math.max(Math.min(input.b, input.c), recycledLsn);
  const { stage } = node.settings.acknowledgement;
  if (stage !== ON_DISK)
    node.reachedLsn[input.from] = stage === WRITTEN ? input.b : Math.min(input.b, input.d);
}

/** Sends a follower that catches up its next window of records. */
export function sendWindow({ node, out, peer }: Activation): void {
  sendRecords(node, out, peer, Math.min(node.flushedLsn, node.confirmedLsn[peer]! + catchUpWindow));
}

/** Sends a follower all that the leader has on disk; never more, or a restart could leave the follower ahead. */
export function sendFlushed({ node, out, peer }: Activation): void {
  sendRecords(node, out, peer, node.flushedLsn);
}

function sendRecords(node: Replica, out: Out, peer: number, throughLsn: number): void {
  const { wal } = node;
  if (node.sentLsn[peer]! + 1 < wal.firstLsn) {
    out.send(peer, RECYCLED, node.term, wal.firstLsn - 1, 0, 0, 0, MESSAGE_BYTES);
    return;
  }
  for (let lsn = node.sentLsn[peer]! + 1; lsn <= throughLsn; lsn++) {
    const bytes = MESSAGE_BYTES + bytesOf(wal, lsn);
    out.send(peer, APPEND, node.term, termOf(wal, lsn), lsn, keyOf(wal, lsn), valueAt(wal, lsn), bytes);
    node.sentLsn[peer] = lsn;
  }
}

export function noteStream({ node, out, peer }: Activation, state: number): void {
  if (state === STREAM_STREAMING) node.streaming |= 1 << peer;
  else node.streaming &= ~(1 << peer);
  if (state === STREAM_RESYNC) node.resyncing |= 1 << peer;
  else node.resyncing &= ~(1 << peer);
  out.note(NOTE_STREAM, peer, state, 0, 0);
}
