/**
 * The coordination of a read: enough replicas say what they hold, and the newest of it is the answer. Replicas that were
 * found behind may be written to, before the answer (Cassandra's BLOCKING, the second phase of the ABD register) or after.
 *
 * Further reading: Attiya, Bar-Noy and Dolev, Sharing memory robustly in message-passing systems, JACM 1995;
 * https://cassandra.apache.org/doc/latest/cassandra/managing/operating/read_repair.html.
 */

import { READ, READ_OK } from '../../kernel/protocol.ts';
import { type Demand, isSatisfied } from './demands.ts';
import {
  FETCH,
  MESSAGE_BYTES,
  NOTE_DIGESTS_DIFFER,
  NOTE_READ_REPAIR,
  NOTE_SIBLINGS_READ,
  REPAIR,
} from './messages.ts';
import { type Activation, type Node, readDemandOf } from './node.ts';
import { countOf, homesOf, meets, type Need, reachableOf } from './placement.ts';
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
import type { SiblingSets } from './siblings.ts';
import { CLOCK_HI, isNewer } from './stamps.ts';
import { sayTimedOut, sendVersion } from './writing.ts';

const one: Need = { among: -1, count: 1 };

/** Whom a read asks at first, a bit each: all that are held for up, or the nearest that are enough. */
export function chooseReplicas(node: Node, key: number, { needs, preferred }: Demand): number {
  const { settings } = node;
  const able = reachableOf(settings.placement, key, node.up, settings.sloppy);
  if (settings.asksAll) return able;
  let chosen = preferred === 0 ? 0 : nearestOf(node, able, { among: -1, count: preferred }, 0);
  for (let index = 0; index < needs.length; index++) chosen |= nearestOf(node, able, needs[index]!, chosen);
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

/** With digests the nearest is asked for all of it, and the others for a digest. */
export function askReplicas(activation: Activation): void {
  const { node, at } = activation;
  const asked = node.reads.words[at + ASKED]!;
  ask(activation, asked, node.settings.digests ? nearestOf(node, asked, one, 0) : asked);
}

/** Digests differ: what replicas hold has to be seen. */
export function askAgain(activation: Activation): void {
  const { node, at, out } = activation;
  const { words } = node.reads;
  out.note(NOTE_DIGESTS_DIFFER, words[at + KEY]!, 0, 0, 0);
  words[at + ANSWERED] = 0;
  words[at + HOLDERS] = 0;
  ask(activation, words[at + ASKED]!, -1);
}

/** `whole`: who is asked for all of it, a bit each. */
function ask({ node, out, at }: Activation, whom: number, whole: number): void {
  const { words } = node.reads;
  for (let rest = whom; rest !== 0; rest &= rest - 1) {
    const peer = 31 - Math.clz32(rest & -rest);
    if (peer === node.self) words[at + OWN_ANSWER] = HELD;
    else {
      const digest = (whole & (1 << peer)) === 0 ? 1 : 0;
      out.send(peer, FETCH, words[at + SERIAL]!, words[at + KEY]!, digest, 0, 0, MESSAGE_BYTES);
    }
  }
}

/** One replica more, where there is one held for up that has not been asked. */
function nextReplica({ node, at }: Activation): number {
  const { words } = node.reads;
  const { placement, sloppy } = node.settings;
  const able = reachableOf(placement, words[at + KEY]!, node.up, sloppy) & ~words[at + ASKED]!;
  return nearestOf(node, able, one, 0);
}

export function mayAskAnother(activation: Activation): boolean {
  return nextReplica(activation) !== 0;
}

export function askAnother(activation: Activation): void {
  const more = nextReplica(activation);
  activation.node.reads.words[activation.at + ASKED]! |= more;
  ask(activation, more, more);
}

// Guards count the one that answers now.

function answeredBy({ node, at, peer }: Activation): number {
  return node.reads.words[at + ANSWERED]! | (1 << peer);
}

function demandOf({ node, at }: Activation): Demand {
  return readDemandOf(node, node.reads.words[at + CLIENT]!);
}

export function enoughHaveAnswered(activation: Activation): boolean {
  const demand = demandOf(activation);
  const answered = answeredBy(activation);
  if (!meets(demand.needs, answered)) return false;
  if (demand.isPlain) return true;
  const { node, at } = activation;
  const { placement, digests } = node.settings;
  if (digests && !theyDiffer(activation) && isUnseen(activation)) return false;
  const homes = homesOf(placement, node.reads.words[at + KEY]!);
  return isSatisfied(demand, homes, node.up, answered);
}

/** Whether all that have answered have sent digests. */
function isUnseen({ node, at, bytes }: Activation): boolean {
  return bytes < 0 && (node.reads.words[at + ANSWERED] === 0 || node.reads.words[at + BYTES]! < 0);
}

export function readsDigests({ node }: Activation): boolean {
  return node.settings.digests;
}

/** Of those that were asked so far, enough to do without the others that were preferred. */
export function requiredHaveAnswered(activation: Activation): boolean {
  const { preferred, needs } = demandOf(activation);
  return preferred > 0 && meets(needs, activation.node.reads.words[activation.at + ANSWERED]!);
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
export function enoughHoldNewest(activation: Activation): boolean {
  const { node, at, peer } = activation;
  return meets(demandOf(activation).needs, node.reads.words[at + HOLDERS]! | (1 << peer));
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
  if (activation.sets !== null) {
    noteSiblings(activation, activation.sets);
    return;
  }
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
  } else if (hi === newestHi && lo === newestLo && value === newestValue) {
    words[at + HOLDERS]! |= 1 << peer;
    if (bytes > words[at + BYTES]!) words[at + BYTES] = bytes;
  }
}

/** What all have answered so far, together, is the newest: it may be that nobody holds it. */
function noteSiblings(activation: Activation, sets: SiblingSets): void {
  const { node, at, peer, value, bytes } = activation;
  const { words } = node.reads;
  const before = words[at + VALUE]!;
  const isFirst = words[at + ANSWERED] === 0;
  words[at + ANSWERED] = answeredBy(activation);
  const merged = sets.merge(before, value);
  if (merged !== before || isFirst) words[at + HOLDERS] = 0;
  if (merged === value) words[at + HOLDERS]! |= 1 << peer;
  if (merged === before) return;
  words[at + HI] = CLOCK_HI;
  words[at + LO] = sets.contextOf(merged);
  words[at + VALUE] = merged;
  words[at + BYTES] = (bytes / sets.valuesOf(value).length) * sets.valuesOf(merged).length;
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

export function answerRead({ node, out, at, sets }: Activation): void {
  const { words } = node.reads;
  if (sets !== null && sets.valuesOf(words[at + VALUE]!).length > 1)
    out.note(NOTE_SIBLINGS_READ, words[at + KEY]!, words[at + VALUE]!, 0, 0);
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
