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
import { disownWrites, flush, recycleThrough, replayFlushed } from './durable-log.ts';
import {
  APPEND,
  KEEPALIVE,
  LEADS,
  MESSAGE_BYTES,
  NOTE_ACKNOWLEDGED,
  NOTE_LEADING,
  NOTE_STREAM,
  POINT,
} from './messages.ts';
import type { Activation, Replica } from './replica.ts';

// Writes.

/** The leader orders the write by appending it; it is answered when enough disks hold it. */
export function appendWrite({ node, input, out }: Activation): void {
  append(node.wal, node.term, input.c, input.b, input.bytes, input.from, input.a, out.nowUs);
  flush(node, out);
}

/**
 * The newest LSN that a write may be answered for: on the leader's disk and on `requiredFollowers` others.
 * The k-th largest of the followers' positions is the largest that at least k of them have reached.
 */
function committableLsn(node: Replica): number {
  const { requiredFollowers, replicas } = node.settings;
  if (requiredFollowers === 0) return node.flushedLsn;
  const { confirmedLsn, self } = node;
  let best = 0;
  for (let candidate = 0; candidate < replicas; candidate++) {
    const lsn = confirmedLsn[candidate]!;
    if (candidate === self || lsn <= best) continue;
    let reached = 0;
    for (let other = 0; other < replicas; other++) {
      if (other !== self && confirmedLsn[other]! >= lsn) reached++;
    }
    if (reached >= requiredFollowers) best = lsn;
  }
  return Math.min(best, node.flushedLsn);
}

/** Makes visible, and answers, every write that enough disks hold. */
export function commit({ node, out }: Activation): void {
  const { wal } = node;
  const committable = committableLsn(node);
  for (let lsn = node.replayedLsn + 1; lsn <= committable; lsn++) {
    replay(wal, lsn, node.data);
    node.replayedLsn = lsn;
    const client = clientOf(wal, lsn);
    if (client < 0) continue;
    out.note(NOTE_ACKNOWLEDGED, termOf(wal, lsn), lsn, valueAt(wal, lsn), 0);
    out.send(client, WRITE_OK, slotOf(wal, lsn), valueAt(wal, lsn), termOf(wal, lsn), lsn, 0, MESSAGE_BYTES);
  }
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
  node.sentLsn.fill(0);
  node.confirmedLsn.fill(0);
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

export function sendKeepalives({ node, out }: Activation): void {
  const { replicas } = node.settings;
  let safe = node.flushedLsn;
  for (let peer = 0; peer < replicas; peer++) {
    if (peer !== node.self && node.confirmedLsn[peer]! < safe) safe = node.confirmedLsn[peer]!;
  }
  recycleThrough(node, safe);
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

export function noteConfirmed({ node, input }: Activation): void {
  const peer = input.from;
  if (input.b > node.confirmedLsn[peer]!) node.confirmedLsn[peer] = input.b;
}

// A stream to one follower.

/** STREAM, CONFIRM: whether the follower, counting this message, lacks so little that it can be sent all as it comes. */
export function isCaughtUp({ node, input }: Activation): boolean {
  return node.flushedLsn - input.b <= catchUpWindow;
}

/** How many records a follower that catches up may have on the way. */
const catchUpWindow = 64;

/** Records already recycled are on the follower's disk, so that only a late duplicate of the request asks for them. */
export function beginStream({ node, input }: Activation): void {
  const recycledLsn = node.wal.firstLsn - 1;
  node.sentLsn[input.from] = Math.max(input.b, recycledLsn);
  node.confirmedLsn[input.from] = Math.max(Math.min(input.b, input.c), recycledLsn);
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
  for (let lsn = node.sentLsn[peer]! + 1; lsn <= throughLsn; lsn++) {
    const bytes = MESSAGE_BYTES + bytesOf(wal, lsn);
    out.send(peer, APPEND, node.term, termOf(wal, lsn), lsn, keyOf(wal, lsn), valueAt(wal, lsn), bytes);
    node.sentLsn[peer] = lsn;
  }
}

export function noteStream({ out, peer }: Activation, state: number): void {
  out.note(NOTE_STREAM, peer, state, 0, 0);
}
