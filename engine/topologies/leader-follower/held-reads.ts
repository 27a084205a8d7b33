/**
 * Reads that a replica holds until it shows what their reader has seen. A read may say the newest record that its reader
 * has written or read, as (term, LSN), as MongoDB's afterClusterTime and PostgreSQL's wait for a replay position do.
 */

import { BEHIND, type Out } from '../../kernel/protocol.ts';
import { timelineTermOf } from '../wal.ts';
import { MESSAGE_BYTES } from './messages.ts';
import { type Activation, answer, type Replica } from './replica.ts';

export interface HeldRead {
  readonly client: number;
  readonly slot: number;
  readonly operation: number;
  readonly key: number;
  readonly term: number;
  readonly lsn: number;
  readonly sinceUs: number;
}

/** How many reads one replica holds; a further one is sent on at once. */
const heldMost = 1000;

/**
 * Whether a replica shows all that a reader has seen: its log holds that very record, and it is replayed. A leader of a
 * newer term that does not hold it never will, nor will anybody else: the write is lost, and waiting helps nobody.
 */
function shows(node: Replica, term: number, lsn: number): boolean {
  const isHere = timelineTermOf(node.wal, lsn) === term;
  if (isHere) return lsn <= node.replayedLsn;
  return node.leader === node.self && node.term > term;
}

/** READ: whether it can be answered at once. Who has seen nothing is content with anything. */
export function showsAllSeen({ node, input }: Activation): boolean {
  return input.e === 0 || shows(node, input.d, input.e);
}

export function hasRoomToHold({ node }: Activation): boolean {
  return node.held.length < heldMost;
}

export function holdRead({ node, input, out }: Activation): void {
  const { from: client, a: slot, b: operation, c: key, d: term, e: lsn } = input;
  node.held.push({ client, slot, operation, key, term, lsn, sinceUs: out.nowUs });
}

/** READ: it would take too long. */
export function sendReadOn({ input, out }: Activation): void {
  sendOn(out, input.from, input.a, input.b);
}

/** A held read can go if it can be answered, or has waited for long enough to be sent on. */
function canGo({ node, out }: Activation, { term, lsn, sinceUs }: HeldRead): boolean {
  return shows(node, term, lsn) || out.elapsedUs(sinceUs) >= node.settings.readWaitUs;
}

/** How long the first of the reads that cannot go yet may still wait. */
export function patienceUs(activation: Activation): number {
  const { held, settings } = activation.node;
  const first = held.find((read) => !canGo(activation, read));
  return first === undefined ? 0 : settings.readWaitUs - activation.out.elapsedUs(first.sinceUs);
}

export function someCanGo(activation: Activation): boolean {
  return activation.node.held.some((read) => canGo(activation, read));
}

export function allCanGo(activation: Activation): boolean {
  return activation.node.held.every((read) => canGo(activation, read));
}

export function letGo(activation: Activation): void {
  const { node, out } = activation;
  const { held } = node;
  let kept = 0;
  for (const read of held) {
    const { client, slot, operation, key, term, lsn } = read;
    if (!canGo(activation, read)) held[kept++] = read;
    else if (shows(node, term, lsn)) answer(node, out, client, slot, operation, key);
    else sendOn(out, client, slot, operation);
  }
  held.length = kept;
}

function sendOn(out: Out, client: number, slot: number, operation: number): void {
  out.send(client, BEHIND, slot, operation, 0, 0, 0, MESSAGE_BYTES);
}
