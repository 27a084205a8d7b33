/**
 * The coordination of a read: enough replicas say what they hold, and the newest of it is the answer. Replicas that were
 * found behind may be written to, before the answer (Cassandra's BLOCKING, the second phase of the ABD register) or after.
 *
 * Further reading: Attiya, Bar-Noy and Dolev, Sharing memory robustly in message-passing systems, JACM 1995;
 * https://cassandra.apache.org/doc/latest/cassandra/managing/operating/read_repair.html.
 */

import { READ, READ_OK } from '../../kernel/protocol.ts';
import { FETCH, MESSAGE_BYTES, NOTE_READ_REPAIR, REPAIR } from './messages.ts';
import type { Activation, Node } from './node.ts';
import { countOf, meets, type Need, reachableOf } from './placement.ts';
import {
  ANSWERED,
  ASKED,
  BYTES,
  CLIENT,
  CLIENT_SLOT,
  FLAGS,
  HELD,
  HI,
  HOLDERS,
  KEY,
  LO,
  NUMBER,
  OWN_ANSWER,
  SERIAL,
  VALUE,
} from './pool.ts';
import { isNewer } from './stamps.ts';
import { sayTimedOut, sendVersion } from './writing.ts';

/** Whom a read asks at first, a bit each: all that are held for up, or the nearest that are enough. */
export function chooseReplicas(node: Node, key: number): number {
  const { settings } = node;
  const able = reachableOf(settings.placement, key, node.up, settings.sloppy);
  if (settings.asksAll) return able;
  let chosen = 0;
  for (let index = 0; index < node.readNeeds.length; index++)
    chosen |= nearestOf(node, able, node.readNeeds[index]!, chosen);
  return chosen;
}

/** As many of the able as are still missing among those already chosen. */
function nearestOf({ settings, self }: Node, able: number, { among, count }: Need, chosen: number): number {
  const { nodes, nearest } = settings;
  let missing = count - countOf(chosen & among);
  let more = 0;
  for (let rank = 0; missing > 0 && rank < nodes; rank++) {
    const bit = 1 << nearest[self * nodes + rank]!;
    if ((able & among & bit) === 0 || (chosen & bit) !== 0) continue;
    more |= bit;
    missing--;
  }
  return more;
}

export function askReplicas(activation: Activation): void {
  const { words } = activation.node.reads;
  ask(activation, words[activation.at + ASKED]!);
}

function ask({ node, out, at }: Activation, whom: number): void {
  const { words } = node.reads;
  for (let rest = whom; rest !== 0; rest &= rest - 1) {
    const peer = 31 - Math.clz32(rest & -rest);
    if (peer === node.self) words[at + OWN_ANSWER] = HELD;
    else out.send(peer, FETCH, words[at + SERIAL]!, words[at + KEY]!, 0, 0, 0, MESSAGE_BYTES);
  }
}

/** One replica more, where there is one held for up that has not been asked. */
function nextReplica({ node, at }: Activation): number {
  const { words } = node.reads;
  const { placement, sloppy } = node.settings;
  const able = reachableOf(placement, words[at + KEY]!, node.up, sloppy) & ~words[at + ASKED]!;
  return nearestOf(node, able, { among: -1, count: 1 }, 0);
}

export function mayAskAnother(activation: Activation): boolean {
  return nextReplica(activation) !== 0;
}

export function askAnother(activation: Activation): void {
  const more = nextReplica(activation);
  activation.node.reads.words[activation.at + ASKED]! |= more;
  ask(activation, more);
}

// Guards count the one that answers now.

function answeredBy({ node, at, peer }: Activation): number {
  return node.reads.words[at + ANSWERED]! | (1 << peer);
}

export function enoughHaveAnswered(activation: Activation): boolean {
  return meets(activation.node.readNeeds, answeredBy(activation));
}

export function allHaveAnswered(activation: Activation): boolean {
  const asked = activation.node.reads.words[activation.at + ASKED]!;
  return (answeredBy(activation) & asked) === asked;
}

/** Whether some of those that have answered hold another version than the rest. */
export function theyDiffer({ node, at, hi, lo, value }: Activation): boolean {
  const { words } = node.reads;
  const answered = words[at + ANSWERED]!;
  if (answered === 0) return false;
  const same = hi === words[at + HI] && lo === words[at + LO] && value === words[at + VALUE];
  return !same || answered !== words[at + HOLDERS];
}

/** Whether some of those that have answered are known to hold an older version. */
export function someAreBehind({ node, at }: Activation): boolean {
  const { words } = node.reads;
  return (words[at + ANSWERED]! & ~words[at + HOLDERS]!) !== 0;
}

export function repairsFirst({ node }: Activation): boolean {
  return node.settings.repair === 'blocking';
}

export function repairsLater({ node }: Activation): boolean {
  return node.settings.repair === 'background';
}

/** Whether, with the one that says so now, the newest version found is held by enough. */
export function enoughHoldNewest({ node, at, peer }: Activation): boolean {
  return meets(node.readNeeds, node.reads.words[at + HOLDERS]! | (1 << peer));
}

/** Whether, with the one that says so now, all that have answered hold the newest. */
export function allHoldNewest({ node, at, peer }: Activation): boolean {
  const { words } = node.reads;
  const answered = words[at + ANSWERED]!;
  return ((words[at + HOLDERS]! | (1 << peer)) & answered) === answered;
}

export function noteAnswer(activation: Activation): void {
  const { node, at, peer, hi, lo, value, flags, bytes } = activation;
  const { words } = node.reads;
  const isFirst = words[at + ANSWERED] === 0;
  words[at + ANSWERED] = answeredBy(activation);
  const newestHi = words[at + HI]!;
  const newestLo = words[at + LO]!;
  const newestValue = words[at + VALUE]!;
  if (isFirst || isNewer(hi, lo, value, newestHi, newestLo, newestValue)) {
    words[at + HI] = hi;
    words[at + LO] = lo;
    words[at + VALUE] = value;
    words[at + FLAGS] = flags;
    words[at + BYTES] = bytes;
    words[at + HOLDERS] = 1 << peer;
  } else if (hi === newestHi && lo === newestLo && value === newestValue) words[at + HOLDERS]! |= 1 << peer;
}

export function noteRepaired({ node, at, peer }: Activation): void {
  node.reads.words[at + HOLDERS]! |= 1 << peer;
}

/** Writes the newest version to whoever has answered with an older one. */
export function writeBack(activation: Activation): void {
  const { node, out, at } = activation;
  const { words } = node.reads;
  const behind = words[at + ANSWERED]! & ~words[at + HOLDERS]!;
  out.note(NOTE_READ_REPAIR, words[at + KEY]!, behind, node.settings.repair === 'blocking' ? 1 : 0, 0);
  sendVersion(activation, words, REPAIR, behind);
}

export function answerRead({ node, out, at }: Activation): void {
  const { words } = node.reads;
  const slot = words[at + CLIENT_SLOT]!;
  const bytes = MESSAGE_BYTES + words[at + BYTES]!;
  const value = words[at + VALUE]!;
  out.send(
    words[at + CLIENT]!,
    READ_OK,
    slot,
    words[at + NUMBER]!,
    words[at + HI]!,
    words[at + LO]!,
    value,
    bytes,
  );
}

export function sayReadTimedOut({ node, out, at }: Activation): void {
  sayTimedOut(node.reads.words, at, READ, out);
}
