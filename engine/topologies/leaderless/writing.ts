/** The coordination of a write: it goes to every replica; whoever asked is answered once enough of them have it. */

import { type Out, TIMED_OUT, WRITE, WRITE_OK } from '../../kernel/protocol.ts';
import { type Demand, isSatisfied } from './demands.ts';
import { keepHint } from './hints.ts';
import { MESSAGE_BYTES, MUTATE, NOTE_TIMED_OUT, packKey, STAND_IN, standingInFor } from './messages.ts';
import { type Activation, writeDemandOf } from './node.ts';
import { homesOf, meets } from './placement.ts';
import {
  ANSWERED,
  ASKED,
  BYTES,
  CLIENT,
  CLIENT_SLOT,
  FLAGS,
  HI,
  HOLDERS,
  KEY,
  LO,
  NUMBER,
  OWN_ANSWER,
  SERIAL,
  TAKEN,
  VALUE,
} from './pool.ts';
import { write } from './replica.ts';
import type { Mutation } from './store.ts';

/** Reused: the version of the operation at hand. */
const version: Mutation = { key: 0, hi: 0, lo: 0, value: 0, flags: 0, bytes: 0 };

/** The version that an operation writes, to be given to a replica. Reused: do not keep it. */
function versionOf(words: Int32Array, at: number): Mutation {
  version.key = words[at + KEY]!;
  version.hi = words[at + HI]!;
  version.lo = words[at + LO]!;
  version.value = words[at + VALUE]!;
  version.flags = words[at + FLAGS]!;
  version.bytes = words[at + BYTES]!;
  return version;
}

/** Sends the operation's version to nodes, a bit each. What this node writes itself is counted after the step. */
export function sendVersion(
  { node, out, at, sets }: Activation,
  words: Int32Array,
  kind: number,
  to: number,
): void {
  const { self } = node;
  const { key, hi, lo, value, flags, bytes } = versionOf(words, at);
  for (let rest = to; rest !== 0; rest &= rest - 1) {
    const peer = 31 - Math.clz32(rest & -rest);
    if (peer === self) continue;
    out.send(peer, kind, words[at + SERIAL]!, value, packKey(key, flags), hi, lo, MESSAGE_BYTES + bytes);
  }
  if ((to & (1 << self)) !== 0 && write(node, version, self, kind, words[at + SERIAL]!, out, sets))
    words[at + OWN_ANSWER] = TAKEN;
}

/**
 * To every replica, also to those held for down: the message may find them up. In a sloppy quorum somebody stands in for
 * each of those.
 */
export function sendToReplicas(activation: Activation): void {
  const { node, at } = activation;
  const { words } = node.writes;
  const homes = homesOf(node.settings.placement, words[at + KEY]!);
  if (demandOf(activation).hintCounts && (homes & node.up) === 0) keepForAll(activation, words, homes);
  else if (node.settings.sloppy && (homes & ~node.up) !== 0) sendToStandIns(activation, words, homes);
  else sendVersion(activation, words, MUTATE, homes);
  // What it writes itself it has received.
  if (node.settings.receipts) words[at + HOLDERS] = words[at + ASKED]! & (1 << node.self);
}

/** No replica is held for up: what is kept for them is the answer, and nobody is asked. */
function keepForAll({ node, out, at }: Activation, words: Int32Array, homes: number): void {
  words[at + ASKED] = 0;
  for (let rest = homes; rest !== 0; rest &= rest - 1) {
    if (keepHint(node, 31 - Math.clz32(rest & -rest), versionOf(words, at), out))
      words[at + OWN_ANSWER] = TAKEN;
  }
}

function sendToStandIns(activation: Activation, words: Int32Array, homes: number): void {
  const { node, out, at, sets } = activation;
  sendVersion(activation, words, MUTATE, homes & node.up);
  const { key, hi, lo, value, flags, bytes } = versionOf(words, at);
  let others = words[at + ASKED]! & ~homes;
  for (let away = homes & ~node.up; away !== 0 && others !== 0; away &= away - 1) {
    const home = 31 - Math.clz32(away & -away);
    const peer = 31 - Math.clz32(others & -others);
    others &= others - 1;
    if (peer === node.self) {
      keepHint(node, home, version, out);
      if (write(node, version, peer, MUTATE, words[at + SERIAL]!, out, sets)) words[at + OWN_ANSWER] = TAKEN;
    } else {
      const packed = packKey(key, standingInFor(flags, home));
      out.send(peer, STAND_IN, words[at + SERIAL]!, value, packed, hi, lo, MESSAGE_BYTES + bytes);
    }
  }
}

/** The write has waited long enough: what replicas have not said to have is kept for them here. */
export function leaveHints({ node, out, at }: Activation): void {
  const { words } = node.writes;
  const homes = homesOf(node.settings.placement, words[at + KEY]!);
  for (let rest = words[at + ASKED]! & homes & ~words[at + ANSWERED]!; rest !== 0; rest &= rest - 1)
    keepHint(node, 31 - Math.clz32(rest & -rest), versionOf(words, at), out);
}

/** Counting the one that answers now. */
function answeredBy({ node, at, peer }: Activation): number {
  return node.writes.words[at + ANSWERED]! | (1 << peer);
}

function demandOf({ node, at }: Activation): Demand {
  return writeDemandOf(node, node.writes.words[at + CLIENT]!);
}

export function enoughHaveIt(activation: Activation): boolean {
  const demand = demandOf(activation);
  const answered = answeredBy(activation);
  return meets(demand.needs, answered) && (demand.isPlain || othersHaveIt(activation, demand, answered, 0));
}

/** Counting the one that has received it now. */
export function enoughHaveReceivedIt(activation: Activation): boolean {
  const demand = demandOf(activation);
  const answered = activation.node.writes.words[activation.at + ANSWERED]!;
  return meets(demand.needs, answered) && othersHaveIt(activation, demand, answered, 1 << activation.peer);
}

/** What is counted besides those that have it on disk. */
function othersHaveIt({ node, at }: Activation, demand: Demand, answered: number, receives: number): boolean {
  const { words } = node.writes;
  const homes = homesOf(node.settings.placement, words[at + KEY]!);
  return isSatisfied(demand, homes, node.up, answered, words[at + HOLDERS]! | answered | receives);
}

/** Enough to do without the others that were preferred. */
export function requiredHaveIt(activation: Activation): boolean {
  const { preferred, needs } = demandOf(activation);
  return preferred > 0 && meets(needs, activation.node.writes.words[activation.at + ANSWERED]!);
}

export function noteReceipt({ node, at, peer }: Activation): void {
  node.writes.words[at + HOLDERS]! |= 1 << peer;
}

export function allHaveIt(activation: Activation): boolean {
  const asked = activation.node.writes.words[activation.at + ASKED]!;
  return (answeredBy(activation) & asked) === asked;
}

export function noteAcknowledgement(activation: Activation): void {
  activation.node.writes.words[activation.at + ANSWERED] = answeredBy(activation);
}

export function answerWrite({ node, out, at }: Activation): void {
  const { words } = node.writes;
  const slot = words[at + CLIENT_SLOT]!;
  const hi = words[at + HI]!;
  const lo = words[at + LO]!;
  out.send(words[at + CLIENT]!, WRITE_OK, slot, words[at + NUMBER]!, hi, lo, 0, MESSAGE_BYTES);
}

/** Not enough have answered in time. Who has the version keeps it: nothing is rolled back. */
export function sayWriteTimedOut({ node, out, at }: Activation): void {
  sayTimedOut(node.writes.words, at, WRITE, out);
}

export function sayTimedOut(words: Int32Array, at: number, kind: number, out: Out): void {
  out.note(NOTE_TIMED_OUT, kind, words[at + KEY]!, words[at + ASKED]! & ~words[at + ANSWERED]!, 0);
  const slot = words[at + CLIENT_SLOT]!;
  out.send(words[at + CLIENT]!, TIMED_OUT, slot, words[at + NUMBER]!, 0, 0, 0, MESSAGE_BYTES);
}
