/**
 * Hinted handoff: a node keeps what another missed, and hands it over when that one is held for up again. It keeps hints for
 * a window of time only, sends them at a bounded rate, each again until it is acknowledged, and in order.
 *
 * Who keeps a hint is a matter of the quorum: in a strict one the coordinator does, and a hint is no answer (Cassandra,
 * Voldemort); in a sloppy one a node that stands in does, and its answer counts (Dynamo, Riak).
 *
 * Sources: DeCandia et al., Dynamo, 2007, 4.6; https://cassandra.apache.org/doc/latest/cassandra/managing/operating/hints.html.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import {
  HINT,
  MESSAGE_BYTES,
  NOTE_HANDOFF,
  NOTE_HINT_EXPIRED,
  NOTE_HINT_HANDED_OVER,
  NOTE_HINTED,
  packKey,
} from './messages.ts';
import type { Node } from './node.ts';
import type { Mutation } from './store.ts';

/** Integers of a hint. */
const WIDTH = 6;

/** What one node keeps for another, the oldest first. */
export interface Hints {
  words: Int32Array;
  /** When each was written. */
  sinceUs: Float64Array;
  /** The first that is kept, and how many are. */
  first: number;
  count: number;
  /** How many of them have been sent and not acknowledged. */
  sent: number;
  /** Number of the first, by which acknowledgements name hints. */
  firstNumber: number;
}

export interface Handoff {
  node: Node;
  out: Out;
  peer: number;
}

export function newHints(): Hints {
  return {
    words: new Int32Array(0),
    sinceUs: new Float64Array(0),
    first: 0,
    count: 0,
    sent: 0,
    firstNumber: 1,
  };
}

/** Keeps a version for a node, unless that has been silent for longer than hints are kept. */
export function keepHint(node: Node, peer: number, version: Mutation, out: Out): boolean {
  const { windowUs } = node.settings.hints;
  if (windowUs === 0 || out.elapsedUs(node.heardUs[peer]!) > windowUs) return false;
  const hints = node.hints[peer]!;
  if (hints.first + hints.count === hints.sinceUs.length) makeRoom(hints);
  const index = hints.first + hints.count++;
  const at = index * WIDTH;
  hints.sinceUs[index] = out.nowUs;
  hints.words[at] = version.key;
  hints.words[at + 1] = version.hi;
  hints.words[at + 2] = version.lo;
  hints.words[at + 3] = version.value;
  hints.words[at + 4] = version.flags;
  hints.words[at + 5] = version.bytes;
  node.newlyHinted |= 1 << peer;
  out.note(NOTE_HINTED, peer, version.key, version.value, 0);
  return true;
}

function makeRoom(hints: Hints): void {
  const { words, sinceUs, first, count } = hints;
  const room = Math.max(4, count * 2);
  const [newWords, newSince] = [new Int32Array(room * WIDTH), new Float64Array(room)];
  newWords.set(words.subarray(first * WIDTH, (first + count) * WIDTH));
  newSince.set(sinceUs.subarray(first, first + count));
  hints.words = newWords;
  hints.sinceUs = newSince;
  hints.first = 0;
}

/** Whether some version is kept here for another node: of this key, and not older. */
export function keepsVersion(
  { hints }: Node,
  isAtLeast: (words: Int32Array, at: number) => boolean,
): boolean {
  return hints.some(({ words, first, count }) => {
    for (let index = first; index < first + count; index++) if (isAtLeast(words, index * WIDTH)) return true;
    return false;
  });
}

export function nothingIsKept({ node, peer }: Handoff): boolean {
  return node.hints[peer]!.count === 0;
}

export function isHeldForUp({ node, peer }: Handoff): boolean {
  return (node.up & (1 << peer)) !== 0;
}

/** With the one that is acknowledged now. */
export function lastIsHandedOver({ node, peer }: Handoff): boolean {
  return node.hints[peer]!.count <= 1;
}

/** What was sent before and not acknowledged is sent anew. */
export function beginAnew({ node, peer }: Handoff): void {
  node.hints[peer]!.sent = 0;
}

/** Sends as many hints as one pause allows; those that are too old are given up. */
export function sendHints({ node, out, peer }: Handoff): void {
  const hints = node.hints[peer]!;
  const { windowUs, batch } = node.settings.hints;
  while (hints.count > 0 && hints.sent === 0 && out.elapsedUs(hints.sinceUs[hints.first]!) > windowUs) {
    drop(hints);
    out.note(NOTE_HINT_EXPIRED, peer, 0, 0, 0);
  }
  const { words, first, firstNumber } = hints;
  const most = Math.min(hints.count, hints.sent + batch);
  for (; hints.sent < most; hints.sent++) {
    const at = (first + hints.sent) * WIDTH;
    out.send(
      peer,
      HINT,
      firstNumber + hints.sent,
      words[at + 3]!,
      packKey(words[at]!, words[at + 4]!),
      words[at + 1]!,
      words[at + 2]!,
      MESSAGE_BYTES + words[at + 5]!,
    );
  }
}

/** HINTED: the first of those kept has arrived. An answer to a later one says that one before it was lost. */
export function isFirstKept(node: Node, { from, a }: Input): boolean {
  const { count, firstNumber } = node.hints[from]!;
  return count > 0 && a === firstNumber;
}

export function forgetFirst({ node, out, peer }: Handoff): void {
  const hints = node.hints[peer]!;
  drop(hints);
  out.note(NOTE_HINT_HANDED_OVER, peer, 0, 0, 0);
  if (hints.count === 0) out.note(NOTE_HANDOFF, peer, 1, 0, 0);
}

export function noteHandoff({ node, out, peer }: Handoff): void {
  out.note(NOTE_HANDOFF, peer, 0, node.hints[peer]!.count, 0);
}

function drop(hints: Hints): void {
  hints.first++;
  hints.count--;
  hints.firstNumber++;
  if (hints.sent > 0) hints.sent--;
}
