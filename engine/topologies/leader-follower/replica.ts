/**
 * A replica's state and its rules: plain functions that the charts name. What mode it is in (following, leading) and
 * which timers run is the charts' business (`role.chart.ts`, `stream.chart.ts`).
 */

import { type Input, type Out, READ_OK, REFUSED, WRITE_OK } from '../../kernel/protocol.ts';
import {
  ALIVE,
  APPEND,
  CONFIRM,
  HELLO,
  KEEPALIVE,
  MESSAGE_BYTES,
  NOTE_DISCARDED,
  NOTE_FOLLOWING,
  NOTE_LEADING,
  NOTE_STREAM,
  POINT,
  POSITION,
  PROMOTED,
  STREAM,
} from './messages.ts';
import {
  append,
  bytesOf,
  clientOf,
  DATA_WIDTH,
  dropLast,
  emptyWal,
  endBytes,
  forgetClient,
  keyOf,
  lastLsnUpTo,
  lastTerm,
  newestTermUpTo,
  recycle,
  replay,
  slotOf,
  termOf,
  timelineTermOf,
  unreplay,
  valueOf,
  type Wal,
} from './wal.ts';

export interface ReplicaSettings {
  /** How many replicas there are; their actors count from 0. */
  readonly replicas: number;
  /** Followers whose disk a write waits for: 0 asynchronous, 1 semi-synchronous, replicas − 1 synchronous. */
  readonly requiredFollowers: number;
  readonly reconnectUs: number;
  readonly keepaliveUs: number;
  readonly streamTimeoutUs: number;
}

export interface Replica {
  readonly settings: ReplicaSettings;
  readonly self: number;
  /** Configuration of the role chart, and of a stream chart for each follower. */
  role: number;
  readonly streams: Int32Array;

  // On disk.
  /** The newest term this replica knows of; it takes nothing from the leader of an older one. */
  term: number;
  /** Whom it follows; −1 where it does not know. */
  leader: number;
  wal: Wal;
  /** Records up to here are on the disk; the rest of the log dies with the process. */
  flushedLsn: number;
  /** Records up to here show in `data`. On a leader these are the committed ones. */
  replayedLsn: number;
  readonly data: Int32Array;
  /** Records up to here are on every replica's disk. */
  safeLsn: number;

  // In memory.
  /** Through where the fsync under way reaches, −1 for none; records that come meanwhile share the next (group commit). */
  flushingLsn: number;
  /** As a leader: what each follower was sent, and has on its disk. */
  readonly sentLsn: Int32Array;
  readonly confirmedLsn: Int32Array;
  /** As a follower: where to look for the point in common with the leader next. */
  commonLsn: number;
}

/** What role and stream charts see as their context: the replica, what it was given, and what it may ask for. */
export interface Activation {
  node: Replica;
  input: Input;
  out: Out;
  /** The follower a stream chart is about. */
  peer: number;
}

export function newReplica(settings: ReplicaSettings, self: number, leader: number, keys: number): Replica {
  return {
    settings,
    self,
    role: 0,
    streams: new Int32Array(settings.replicas),
    term: 1,
    leader,
    wal: emptyWal(),
    flushedLsn: 0,
    replayedLsn: 0,
    data: new Int32Array(keys * DATA_WIDTH),
    safeLsn: 0,
    flushingLsn: -1,
    sentLsn: new Int32Array(settings.replicas),
    confirmedLsn: new Int32Array(settings.replicas),
    commonLsn: 0,
  };
}

/** How many records a follower that catches up may have on the way. */
const catchUpWindow = 64;

// Clients.

export function answerRead({ node, input, out }: Activation): void {
  const cell = input.c * DATA_WIDTH;
  const { data } = node;
  out.send(input.from, READ_OK, input.a, input.b, data[cell]!, data[cell + 1]!, data[cell + 2]!, MESSAGE_BYTES);
}

/** A follower takes no writes: the client learns at once that nothing happened. */
export function refuseWrite({ input, out }: Activation): void {
  out.send(input.from, REFUSED, input.a, input.b, 0, 0, 0, MESSAGE_BYTES);
}

/** The leader orders the write by appending it; it is answered when enough disks hold it. */
export function appendWrite({ node, input, out }: Activation): void {
  append(node.wal, node.term, input.c, input.b, input.bytes, input.from, input.a, out.nowUs);
  flush(node, out);
}

// The log on its way to disk.

/** Starts an fsync of everything appended, unless one is under way. */
function flush(node: Replica, out: Out): void {
  const { wal } = node;
  if (node.flushingLsn >= 0 || node.flushedLsn === wal.lastLsn) return;
  node.flushingLsn = wal.lastLsn;
  out.fsync(wal.lastLsn, node.term, endBytes(wal, wal.lastLsn) - endBytes(wal, node.flushedLsn));
}

/** An fsync is done. If the log was cut back meanwhile, what has been appended since is not on disk yet. */
export function noteFlushed({ node, out }: Activation): void {
  node.flushedLsn = Math.max(node.flushedLsn, node.flushingLsn);
  node.flushingLsn = -1;
  flush(node, out);
}

/** A follower shows what its disk holds. */
export function replayFlushed({ node }: Activation): void {
  for (let lsn = node.replayedLsn + 1; lsn <= node.flushedLsn; lsn++) replay(node.wal, lsn, node.data);
  node.replayedLsn = Math.max(node.replayedLsn, node.flushedLsn);
}

// Leading.

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
    out.send(client, WRITE_OK, slotOf(wal, lsn), valueOf(wal, lsn), termOf(wal, lsn), lsn, 0, MESSAGE_BYTES);
  }
}

export function noteConfirmed({ node, input }: Activation): void {
  const peer = input.from;
  if (input.b > node.confirmedLsn[peer]!) node.confirmedLsn[peer] = input.b;
}

/** A promoted follower has a log that nobody waits for: all of it counts, as after PostgreSQL's promotion. */
export function takeOver({ node, input, out }: Activation): void {
  node.term = input.a;
  node.leader = node.self;
  openForWrites({ node, input, out, peer: -1 });
}

/** A leader begins, or begins again after a restart, when every write on its disk counts as committed. */
export function openForWrites({ node, out }: Activation): void {
  node.sentLsn.fill(0);
  node.confirmedLsn.fill(0);
  disownWrites(node);
  for (let lsn = node.replayedLsn + 1; lsn <= node.flushedLsn; lsn++) replay(node.wal, lsn, node.data);
  node.replayedLsn = Math.max(node.replayedLsn, node.flushedLsn);
  flush(node, out);
  out.note(NOTE_LEADING, node.term, node.wal.lastLsn, 0, 0);
}

/** Nobody is answered any more for what was asked of an earlier life: those clients learn nothing. */
function disownWrites(node: Replica): void {
  const { wal } = node;
  for (let lsn = Math.max(wal.firstLsn, node.replayedLsn + 1); lsn <= wal.lastLsn; lsn++) forgetClient(wal, lsn);
}

export function confirmPromotion({ node, input, out }: Activation): void {
  out.send(input.from, PROMOTED, node.term, node.wal.lastLsn, 0, 0, 0, MESSAGE_BYTES);
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

function recycleThrough(node: Replica, lsn: number): void {
  if (lsn <= node.safeLsn) return;
  node.safeLsn = lsn;
  recycle(node.wal, Math.min(lsn, node.replayedLsn));
}

// A leader's stream to one follower.

/** The chart's configuration for "no stream" is its first. */
function isStreaming(node: Replica, peer: number): boolean {
  return node.streams[peer] !== 0;
}

export function answerHello({ node, input, out }: Activation): void {
  const term = newestTermUpTo(node.wal, input.b);
  const lsn = term === 0 ? 0 : Math.min(lastLsnUpTo(node.wal, term), node.flushedLsn);
  out.send(input.from, POINT, node.term, term, lsn, 0, 0, MESSAGE_BYTES);
}

/** STREAM, CONFIRM: whether the follower, counting this message, lacks so little that it can be sent all as it comes. */
export function isCaughtUp({ node, input }: Activation): boolean {
  return node.flushedLsn - input.b <= catchUpWindow;
}

export function beginStream({ node, input }: Activation): void {
  node.sentLsn[input.from] = input.b;
  node.confirmedLsn[input.from] = Math.min(input.b, input.c);
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
    out.send(peer, APPEND, node.term, termOf(wal, lsn), lsn, keyOf(wal, lsn), valueOf(wal, lsn), bytes);
    node.sentLsn[peer] = lsn;
  }
}

export function noteStream({ out, peer }: Activation, state: number): void {
  out.note(NOTE_STREAM, peer, state, 0, 0);
}

// Following.

export function isFromMyLeader({ node, input }: Activation): boolean {
  return input.from === node.leader && input.a === node.term;
}

export function isNextRecord(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.input.c === activation.node.wal.lastLsn + 1;
}

/** A record further on than the next one: something between was lost. */
export function isBeyondNext(activation: Activation): boolean {
  return isFromMyLeader(activation) && activation.input.c > activation.node.wal.lastLsn + 1;
}

/** KEEPALIVE: the leader has no stream to this follower, or has sent what never arrived. */
export function missesRecords(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && (input.b < 0 || input.b > node.wal.lastLsn);
}

export function appendRecord({ node, input, out }: Activation): void {
  append(node.wal, input.b, input.d, input.e, input.bytes - MESSAGE_BYTES, -1, 0, out.nowUs);
  flush(node, out);
}

/** Tells the leader what is on disk and what is replayed. */
export function confirm({ node, out }: Activation): void {
  if (node.leader < 0) return;
  out.send(node.leader, CONFIRM, node.term, node.flushedLsn, node.replayedLsn, 0, 0, MESSAGE_BYTES);
}

export function recycleSafe({ node, input }: Activation): void {
  recycleThrough(node, input.c);
}

export function startOver({ node }: Activation): void {
  node.commonLsn = node.wal.lastLsn;
}

export function sayHello({ node, out }: Activation): void {
  if (node.leader < 0) return;
  out.send(node.leader, HELLO, node.term, timelineTermOf(node.wal, node.commonLsn), node.commonLsn, 0, 0, MESSAGE_BYTES);
}

/** POINT: the newest LSN this log can have in common with the leader's, and whether that settles it. */
function commonPoint(node: Replica, newestTerm: number, lsn: number): number {
  return newestTerm === 0 ? 0 : Math.min(lsn, lastLsnUpTo(node.wal, newestTerm));
}

/** Whether both logs have the point in common: the leader's newest term up to there is this log's too. */
export function findsCommonPoint(activation: Activation): boolean {
  const { node, input } = activation;
  if (!isFromMyLeader(activation)) return false;
  const lsn = commonPoint(node, input.b, input.c);
  return lsn === 0 || timelineTermOf(node.wal, lsn) === input.b;
}

export function lookFurtherBack({ node, input }: Activation): void {
  node.commonLsn = commonPoint(node, input.b, input.c);
}

/** Cuts the log back to the common point: what lies beyond, acknowledged or not, is discarded. */
export function discardDivergentTail({ node, input, out }: Activation): void {
  discardAfter(node, out, commonPoint(node, input.b, input.c));
}

function discardAfter(node: Replica, out: Out, lsn: number): void {
  const { wal } = node;
  while (wal.lastLsn > lsn) {
    const last = wal.lastLsn;
    out.note(NOTE_DISCARDED, last, termOf(wal, last), valueOf(wal, last), keyOf(wal, last));
    if (node.replayedLsn === last) {
      unreplay(wal, last, node.data);
      node.replayedLsn = last - 1;
    }
    dropLast(wal);
  }
  node.flushedLsn = Math.min(node.flushedLsn, wal.lastLsn);
  node.flushingLsn = Math.min(node.flushingLsn, wal.lastLsn);
}

export function askForStream({ node, out }: Activation): void {
  out.send(node.leader, STREAM, node.term, node.wal.lastLsn, node.flushedLsn, 0, 0, MESSAGE_BYTES);
}

// The manager.

/** PROBE: names a leader this replica does not follow yet. */
export function namesNewLeader({ node, input }: Activation): boolean {
  return input.a > node.term || (input.a === node.term && input.b !== node.leader && input.b >= 0);
}

export function follow({ node, input, out }: Activation): void {
  node.term = input.a;
  node.leader = input.b;
  out.note(NOTE_FOLLOWING, node.term, node.leader, 0, 0);
}

export function reportAlive({ node, input, out }: Activation): void {
  out.send(input.from, ALIVE, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** ASK, PROMOTE: of a term this replica has not gone beyond. */
export function isForThisTermOrLater({ node, input }: Activation): boolean {
  return input.a >= node.term;
}

export function isForLaterTerm({ node, input }: Activation): boolean {
  return input.a > node.term;
}

/** Promises to take nothing from older leaders; whoever leads next is not known yet. */
export function leaveLeader({ node, input, out }: Activation): void {
  if (input.a === node.term) return;
  node.term = input.a;
  node.leader = -1;
  out.note(NOTE_FOLLOWING, node.term, -1, 0, 0);
}

export function givePosition({ node, input, out }: Activation): void {
  const { wal } = node;
  out.send(input.from, POSITION, input.a, lastTerm(wal), wal.lastLsn, 0, 0, MESSAGE_BYTES);
}

// The machine.

/** The process died: what was not fsynced is lost, and so is everything in memory. */
export function loseMemory(node: Replica, out: Out): void {
  discardAfter(node, out, node.flushedLsn);
  disownWrites(node);
  node.flushingLsn = -1;
  node.streams.fill(0);
  node.sentLsn.fill(0);
  node.confirmedLsn.fill(0);
}
