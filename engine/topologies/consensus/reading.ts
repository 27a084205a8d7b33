/** How reads are answered: at once, or when it is sure that what they find is not of the past. */

import { READ_OK, REFUSED } from '../../kernel/protocol.ts';
import { DATA_WIDTH } from '../wal.ts';
import { appendEntry, flush, NO_KEY } from './log.ts';
import { MESSAGE_BYTES } from './messages.ts';
import type { Activation, Server } from './server.ts';

/** Asked of whom does not lead: the client learns that nothing happened, and who leads, as far as is known. */
export function refuse({ node, input, out }: Activation): void {
  const hint = node.leader >= 0 ? node.leader + 1 : -1;
  out.send(input.from, REFUSED, input.a, input.b, hint, node.term, 0, MESSAGE_BYTES);
}

export function readsAreLocal({ node }: Activation): boolean {
  return node.settings.reads === 'local';
}

/** Leader or follower, it answers with what it has replayed. */
export function answerRead(activation: Activation): void {
  const { input } = activation;
  sendRead(activation, input.from, input.a, input.b, input.c);
}

function sendRead(
  { node, out }: Activation,
  client: number,
  slot: number,
  number: number,
  key: number,
): void {
  const cell = key * DATA_WIDTH;
  const { data } = node;
  out.send(client, READ_OK, slot, number, data[cell]!, data[cell + 1]!, data[cell + 2]!, MESSAGE_BYTES);
}

/**
 * Whether the leader may answer at once: it need not be sure, or a majority has answered a heartbeat so lately that none of
 * them can have voted since; and it has committed an entry of its term, so that it knows all that is committed.
 */
export function mayAnswerAtOnce({ node, out }: Activation): boolean {
  const { reads, leaseUs } = node.settings;
  if (reads === 'local') return true;
  return (
    reads === 'lease' &&
    node.confirmedRound > 0 &&
    node.commitLsn >= node.openingLsn &&
    out.elapsedUs(node.confirmedAtUs) < leaseUs
  );
}

// Reads that wait, the oldest first: until the leader has committed `LSN`, and a majority has answered heartbeats of `ROUND`.
const READ_WIDTH = 6;
const CLIENT = 0;
const SLOT = 1;
const NUMBER = 2;
const KEY = 3;
const LSN = 4;
const ROUND = 5;

/** Lets the read wait: for an entry of its own where reads go through the log, otherwise for the next round of heartbeats. */
export function queueRead(activation: Activation): void {
  const { node, out } = activation;
  if (node.settings.reads !== 'log') {
    pushRead(activation, Math.max(node.commitLsn, node.openingLsn), node.round + 1);
    return;
  }
  pushRead(activation, appendEntry(activation, node.term, NO_KEY, 0, 0, -1, 0), 0);
  flush(node, out);
}

function pushRead({ node, input }: Activation, lsn: number, round: number): void {
  const capacity = node.reads.length / READ_WIDTH;
  if (node.waitingReads === capacity) widen(node, capacity);
  const at = readAt(node, node.waitingReads);
  const { reads } = node;
  reads[at + CLIENT] = input.from;
  reads[at + SLOT] = input.a;
  reads[at + NUMBER] = input.b;
  reads[at + KEY] = input.c;
  reads[at + LSN] = lsn;
  reads[at + ROUND] = round;
  node.waitingReads += 1;
}

function readAt({ reads, firstRead }: Server, index: number): number {
  return ((firstRead + index) & (reads.length / READ_WIDTH - 1)) * READ_WIDTH;
}

function widen(node: Server, capacity: number): void {
  const wider = new Int32Array(Math.max(8, capacity * 2) * READ_WIDTH);
  for (let index = 0; index < node.waitingReads; index++) {
    const at = readAt(node, index);
    wider.set(node.reads.subarray(at, at + READ_WIDTH), index * READ_WIDTH);
  }
  node.reads = wider;
  node.firstRead = 0;
}

/** Answers the reads that need wait no longer. */
export function answerWaitingReads(activation: Activation): void {
  const { node } = activation;
  while (node.waitingReads > 0) {
    const at = readAt(node, 0);
    const { reads, commitLsn, confirmedRound } = node;
    if (reads[at + LSN]! > commitLsn || reads[at + ROUND]! > confirmedRound) break;
    sendRead(activation, reads[at + CLIENT]!, reads[at + SLOT]!, reads[at + NUMBER]!, reads[at + KEY]!);
    dropOldestRead(node);
  }
}

/** Whether some read waits for a round that has not been sent. */
export function isRoundWanted(node: Server): boolean {
  if (node.waitingReads === 0) return false;
  return node.reads[readAt(node, node.waitingReads - 1) + ROUND]! > node.round;
}

/** It leads no longer: reads that wait are refused. They did not happen, as they are nowhere. */
export function refuseWaitingReads({ node, out }: Activation): void {
  while (node.waitingReads > 0) {
    const at = readAt(node, 0);
    const { reads } = node;
    const [client, slot, number] = [reads[at + CLIENT]!, reads[at + SLOT]!, reads[at + NUMBER]!];
    out.send(client, REFUSED, slot, number, -1, node.term, 0, MESSAGE_BYTES);
    dropOldestRead(node);
  }
}

function dropOldestRead(node: Server): void {
  node.firstRead = (node.firstRead + 1) & (node.reads.length / READ_WIDTH - 1);
  node.waitingReads -= 1;
}
