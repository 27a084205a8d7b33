/** What a leader does: it orders writes in its log, sends the log to followers, and answers what a majority has on disk. */

import { type Out, WRITE_OK } from '../../kernel/protocol.ts';
import { bytesOf, clientOf, keyOf, lastLsnUpTo, slotOf, termOf, timelineTermOf, valueAt } from '../wal.ts';
import { appendEntry, commitThrough, disownWrites, flush, NO_KEY, show } from './log.ts';
import {
  APPEND,
  COMMIT,
  HEARTBEAT,
  MESSAGE_BYTES,
  NOTE_LEADING,
  NOTE_STREAM,
  packKey,
  packTerms,
  TERMS_MOST,
} from './messages.ts';
import { answerWaitingReads, isRoundWanted, refuseWaitingReads } from './reading.ts';
import { type Activation, forgetLeader, roundsKept, type Server } from './server.ts';
import { compact } from './snapshot.ts';

// Office.

export function takeOffice({ node, out }: Activation): void {
  const { wal } = node;
  out.note(NOTE_LEADING, node.term, wal.lastLsn, 0, 0);
  node.leader = node.self;
  node.openingLsn = wal.lastLsn + 1;
  node.answeredLsn = node.commitLsn;
  node.progress.fill(0);
  node.sending.fill(null);
  node.arriving = null;
  node.nextLsn.fill(wal.lastLsn + 1);
  node.matchLsn.fill(0);
  node.askedLsn.fill(0);
  node.agreedBy.fill(0);
  node.markRound.fill(0);
  node.markLsn.fill(0);
  node.heardRound.fill(0);
  node.silentBeats.fill(0);
  node.round = 0;
  node.confirmedRound = 0;
  node.confirmedAtUs = out.nowUs;
}

/**
 * An entry that writes nothing, of the leader's own term: once it is committed, so is all before it, and the leader knows
 * what is committed. Without it, entries of older terms wait for the next write.
 */
export function openTerm(activation: Activation): void {
  const { node, out } = activation;
  if (node.term >= TERMS_MOST) throw new RangeError(`the run has more than ${TERMS_MOST} terms`);
  appendEntry(activation, node.term, NO_KEY, 0, 0, -1, 0);
  flush(node, out);
}

/** A leader that leads no longer answers nobody. */
export function leaveOffice(activation: Activation): void {
  const { node, out } = activation;
  if (node.leader === node.self) forgetLeader(node, out);
  node.progress.fill(0);
  node.sending.fill(null);
  disownWrites(node);
  refuseWaitingReads(activation);
}

// Heartbeats.

/**
 * A round of heartbeats. It marks how far each follower has been sent entries: one that answers the round without having
 * come so far, nor any further than it last was, has lost some.
 */
export function beat({ node, out }: Activation): void {
  const { settings, self, commitLsn, safeLsn, term } = node;
  const round = ++node.round;
  node.roundSentUs[round & (roundsKept - 1)] = out.nowUs;
  for (let peer = 0; peer < settings.servers; peer++) {
    if (peer === self) continue;
    if (node.heardRound[peer]! >= node.markRound[peer]!) {
      node.markRound[peer] = round;
      node.markLsn[peer] = node.nextLsn[peer]! - 1;
    }
    out.send(peer, HEARTBEAT, term, commitLsn, round, safeLsn, node.matchLsn[peer]!, MESSAGE_BYTES);
  }
}

/** With each regular round: how long nobody has heard of a follower, what every disk holds, and what of the log may go. */
export function countSilence({ node, out }: Activation): void {
  let safe = node.flushedLsn;
  for (let peer = 0; peer < node.settings.servers; peer++) {
    if (peer === node.self) continue;
    node.silentBeats[peer]! += 1;
    if (node.matchLsn[peer]! < safe) safe = node.matchLsn[peer]!;
  }
  compact(node, out, safe);
}

/** A round is under way at a time, and all reads that come meanwhile share the next. */
export function beatForReads(activation: Activation): void {
  const { node } = activation;
  if (isRoundWanted(node) && node.confirmedRound === node.round) beat(activation);
}

/** HEARD: whom this leader still reaches, and through where that follower's log is the leader's. */
export function noteHeard(activation: Activation): void {
  const { node, input } = activation;
  const peer = input.from;
  node.silentBeats[peer] = 0;
  if (input.d > node.matchLsn[peer]!) {
    node.matchLsn[peer] = input.d;
    commit(activation);
  }
  if (input.b <= node.heardRound[peer]!) return;
  node.heardRound[peer] = input.b;
  confirmRounds(activation);
}

/** The newest round that a majority has answered, the leader itself included. */
function confirmRounds(activation: Activation): void {
  const { node } = activation;
  const round = reachedByMajority(node, node.heardRound, node.round);
  if (round <= node.confirmedRound) return;
  node.confirmedRound = round;
  // A round too old to be remembered confirms that reads of then may be answered; it is no word of lately.
  if (node.round - round < roundsKept) node.confirmedAtUs = node.roundSentUs[round & (roundsKept - 1)]!;
  answerWaitingReads(activation);
  beatForReads(activation);
}

/** The greatest value that a majority of servers has reached, where `own` is the leader's. */
export function reachedByMajority({ settings, self }: Server, values: Int32Array, own: number): number {
  const { servers, majority } = settings;
  let best = 0;
  for (let candidate = 0; candidate < servers; candidate++) {
    const value = candidate === self ? own : values[candidate]!;
    if (value <= best) continue;
    let reached = 0;
    for (let other = 0; other < servers; other++) {
      if ((other === self ? own : values[other]!) >= value) reached++;
    }
    if (reached >= majority) best = value;
  }
  return best;
}

/** Whether the last word of a majority is so old that the others may have elected another. */
export function hasLostMajority({ node, out }: Activation): boolean {
  const { checkQuorum, leastTimeoutUs } = node.settings;
  return checkQuorum && out.elapsedUs(node.confirmedAtUs) >= leastTimeoutUs;
}

// Writes.

/** The leader orders the write by appending it; followers and disk get it at the same time. */
export function appendWrite(activation: Activation): void {
  const { node, input, out } = activation;
  appendEntry(activation, node.term, input.c, input.b, input.bytes, input.from, input.a);
  flush(node, out);
}

/**
 * Commits what a majority has on disk. Only an entry of the leader's own term counts by counting; those before it go
 * along. An older one may be on a majority and yet be replaced: figure 8 of the paper.
 */
export function commit(activation: Activation): void {
  const { node } = activation;
  if (!mayCommit(node)) return;
  const lsn = reachedByMajority(node, node.matchLsn, node.flushedLsn);
  if (lsn > node.commitLsn && timelineTermOf(node.wal, lsn) === node.term) announce(activation, lsn);
}

/** Whether a majority has more than what is committed: most answers change nothing. */
function mayCommit({ settings, self, matchLsn, flushedLsn, commitLsn }: Server): boolean {
  let further = flushedLsn > commitLsn ? 1 : 0;
  for (let peer = 0; peer < settings.servers; peer++) {
    if (peer !== self && matchLsn[peer]! > commitLsn) further++;
  }
  return further >= settings.majority;
}

/** Makes committed entries visible, answers whoever waits for them, and tells the followers. */
export function announce(activation: Activation, lsn: number): void {
  const { node, out } = activation;
  commitThrough(node, out, lsn);
  answerWrites(node, out, lsn);
  for (let peer = 0; peer < node.settings.servers; peer++) {
    if (peer !== node.self && node.silentBeats[peer]! < silentBeatsMost)
      out.send(peer, COMMIT, node.term, lsn, 0, 0, 0, MESSAGE_BYTES);
  }
  answerWaitingReads(activation);
}

/** Where leaders answer alone: what this disk has counts, whoever else has it. */
export function answerAlone({ node, out }: Activation): void {
  if (!node.settings.answersAlone) return;
  show({ node });
  answerWrites(node, out, node.flushedLsn);
}

function answerWrites(node: Server, out: Out, throughLsn: number): void {
  const { wal } = node;
  for (let lsn = node.answeredLsn + 1; lsn <= throughLsn; lsn++) {
    const client = clientOf(wal, lsn);
    if (client >= 0)
      out.send(
        client,
        WRITE_OK,
        slotOf(wal, lsn),
        valueAt(wal, lsn),
        termOf(wal, lsn),
        lsn,
        0,
        MESSAGE_BYTES,
      );
  }
  if (throughLsn > node.answeredLsn) node.answeredLsn = throughLsn;
}

// Followers' progress.

/** APPENDED: in this term a follower's word stays true, however late it comes: it drops nothing it has confirmed. */
export function noteAppended({ node, input }: Activation): void {
  const peer = input.from;
  node.silentBeats[peer] = 0;
  if (input.b > node.matchLsn[peer]!) node.matchLsn[peer] = input.b;
}

/** Entries that may be on the way to one follower. */
const windowMost = 4096;
/** Regular heartbeats without an answer after which a follower counts as gone. */
const silentBeatsMost = 3;

export function isSilent({ node, peer }: Activation): boolean {
  return node.silentBeats[peer]! >= silentBeatsMost;
}

/** There is an entry to ask about, and no question open. */
export function mayAsk({ node, peer }: Activation): boolean {
  return node.askedLsn[peer] !== node.nextLsn[peer] && node.nextLsn[peer]! <= node.wal.lastLsn;
}

/** Sends one entry, to learn whether the logs meet before it. If it is gone, the next round of heartbeats finds that out. */
export function askAboutNext({ node, out, peer }: Activation): void {
  const lsn = node.nextLsn[peer]!;
  node.askedLsn[peer] = lsn;
  if (lsn >= node.wal.firstLsn && lsn <= node.wal.lastLsn) sendEntry(node, out, peer, lsn);
}

/** Sends all that the follower lacks, as far as the window reaches. */
export function sendWindow({ node, out, peer }: Activation): void {
  const through = Math.min(node.wal.lastLsn, node.matchLsn[peer]! + windowMost);
  let lsn = node.nextLsn[peer]!;
  if (lsn < node.wal.firstLsn) return;
  for (; lsn <= through; lsn++) sendEntry(node, out, peer, lsn);
  node.nextLsn[peer] = lsn;
}

function sendEntry({ wal, term }: Server, out: Out, peer: number, lsn: number): void {
  const entryTerm = termOf(wal, lsn);
  const before = lsn > wal.firstLsn ? termOf(wal, lsn - 1) : timelineTermOf(wal, lsn - 1);
  const key = keyOf(wal, lsn);
  const bytes = MESSAGE_BYTES + bytesOf(wal, lsn);
  out.send(
    peer,
    APPEND,
    term,
    lsn,
    packTerms(entryTerm, before),
    packKey(key, before),
    valueAt(wal, lsn),
    bytes,
  );
}

/** APPENDED: what comes next for a follower whose log meets the leader's. */
export function goOnFromMatch({ node, peer }: Activation): void {
  node.askedLsn[peer] = 0;
  node.nextLsn[peer] = node.matchLsn[peer]! + 1;
}

/** REJECTED: about the entry asked about, and not about one that the follower has taken since. */
export function answersQuestion({ node, input, peer }: Activation): boolean {
  return input.b === node.askedLsn[peer] && input.b > node.matchLsn[peer]!;
}

export function isBeyondMatch({ node, input, peer }: Activation): boolean {
  return input.b > node.matchLsn[peer]!;
}

/**
 * REJECTED: goes back to where the logs may meet: the follower's last entry that may fit, or the last of this log that is
 * of no newer term than that one.
 */
export function goBack({ node, input, peer }: Activation): void {
  const { wal } = node;
  const lsn = Math.min(input.d, input.c === 0 ? 0 : lastLsnUpTo(wal, input.c));
  node.nextLsn[peer] = Math.max(node.matchLsn[peer]!, lsn) + 1;
}

/** HEARD: the follower has answered a round without having got what it was sent before, nor anything since it last answered. */
export function hasLostEntries({ node, input, peer }: Activation): boolean {
  return (
    input.b >= node.markRound[peer]! &&
    input.c < node.markLsn[peer]! &&
    input.c === node.agreedBy[peer] &&
    node.matchLsn[peer]! < node.markLsn[peer]!
  );
}

export function noteAgreed({ node, input, peer }: Activation): void {
  node.agreedBy[peer] = input.c;
}

export function noteStream({ out, peer }: Activation, state: number): void {
  out.note(NOTE_STREAM, peer, state, 0, 0);
}
