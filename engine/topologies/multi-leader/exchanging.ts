/**
 * What a leader does for one that it sends changes to: all that is on its disk, in the order of its log, but for what the
 * other is known to have. It goes by what the other says is on its own disk; where nothing is heard it asks, and then goes on
 * from what the other has.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import { type Activation, type Leader, type Link, STOPPED } from './leader.ts';
import { BYTES, entryAt, HI, LO, logEnd, ORIGIN, PARTS, SEQUENCE, VALUE, VECTOR, WHAT } from './log.ts';
import {
  CHANGE,
  CONTEXT,
  contextKey,
  GREET,
  HAS,
  MESSAGE_BYTES,
  NOTE_EXCHANGE,
  PART,
  packHi,
  packTold,
  partOfTold,
  questionOf,
  UNFIT,
  whichTold,
  withOrigin,
} from './messages.ts';

/** Whether the log goes on beyond what was sent. */
export function lacksSomething({ node, peer }: Activation): boolean {
  return node.links[peer]!.next < logEnd(node.log);
}

export function hasEverything({ node, peer }: Activation): boolean {
  return node.links[peer]!.confirmed >= logEnd(node.log);
}

/** Sends what follows what was sent. */
export function sendRest({ node, peer, out }: Activation): void {
  const { log, width, known, settings } = node;
  const link = node.links[peer]!;
  const end = logEnd(log);
  for (; link.next < end; link.next++) {
    const at = entryAt(log, link.next, width);
    if (known[peer * settings.leaders + log.words[at + ORIGIN]!]! < log.words[at + SEQUENCE]!)
      sendChange(node, peer, at, out);
  }
}

/** Something has not come: all from there on is sent again, as messages are taken in order only. */
export function sendAgain(activation: Activation): void {
  const link = activation.node.links[activation.peer]!;
  if (activation.from < link.next) link.next = activation.from;
  sendRest(activation);
}

export function ask({ node, peer, out }: Activation): void {
  const link = node.links[peer]!;
  link.question++;
  out.send(peer, GREET, link.question, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** The other has said what it has: from there on all is sent, again or for the first time. */
export function goOn(activation: Activation): void {
  const { node, peer } = activation;
  node.links[peer]!.next = firstLacked(node, peer, node.told);
  sendRest(activation);
}

export function noteExchange({ peer, out }: Activation, state: number): void {
  out.note(NOTE_EXCHANGE, peer, state, 0, 0);
}

function sendChange(node: Leader, peer: number, at: number, out: Out): void {
  const { words } = node.log;
  const origin = words[at + ORIGIN]!;
  const sequence = words[at + SEQUENCE]!;
  const parts = words[at + PARTS]!;
  for (let rest = parts; rest !== 0; rest &= rest - 1)
    sendContext(node, peer, at, 31 - Math.clz32(rest & -rest), out);
  out.send(
    peer,
    CHANGE,
    sequence,
    withOrigin(words[at + WHAT]!, origin),
    words[at + VALUE]!,
    packHi(words[at + HI]!, parts),
    words[at + LO]!,
    MESSAGE_BYTES + words[at + BYTES]!,
  );
}

function sendContext(node: Leader, peer: number, at: number, part: number, out: Out): void {
  const { words } = node.log;
  const origin = words[at + ORIGIN]!;
  const { leaders } = node.settings;
  const first = part * PART;
  out.send(
    peer,
    CONTEXT,
    contextKey(origin, part, words[at + SEQUENCE]!),
    entryOf(words, at + VECTOR, first, origin, leaders),
    entryOf(words, at + VECTOR, first + 1, origin, leaders),
    entryOf(words, at + VECTOR, first + 2, origin, leaders),
    entryOf(words, at + VECTOR, first + 3, origin, leaders),
    MESSAGE_BYTES,
  );
}

/** Of a vector the entry at a place among the leaders without one; 0 where there is none. */
function entryOf(words: Int32Array, at: number, place: number, without: number, leaders: number): number {
  const leader = place < without ? place : place + 1;
  return leader < leaders ? words[at + leader]! : 0;
}

/** Number of the first entry of the log that another lacks, by one of the tables of what others have. */
function firstLacked({ log, width, settings }: Leader, peer: number, table: Int32Array): number {
  const end = logEnd(log);
  let index = log.base;
  for (; index < end; index++) {
    const at = entryAt(log, index, width);
    if (table[peer * settings.leaders + log.words[at + ORIGIN]!]! < log.words[at + SEQUENCE]!) break;
  }
  return index;
}

/** HAVE: so many changes of an author are on another's disk. */
export function learn(node: Leader, peer: number, author: number, sequence: number): void {
  const at = peer * node.settings.leaders + author;
  if (node.known[at]! < sequence) node.known[at] = sequence;
  confirm(node, peer);
}

/** Counts what another is known to have as sent, and as on its disk. */
export function confirm(node: Leader, peer: number): void {
  const link = node.links[peer]!;
  const { log, width, known, settings } = node;
  const end = logEnd(log);
  let { confirmed } = link;
  if (confirmed < log.base) confirmed = log.base;
  while (confirmed < end) {
    const at = entryAt(log, confirmed, width);
    if (known[peer * settings.leaders + log.words[at + ORIGIN]!]! < log.words[at + SEQUENCE]!) break;
    confirmed++;
  }
  link.confirmed = confirmed;
  if (link.next < confirmed) link.next = confirmed;
}

/** MISSED: number of the first entry that the other lacks of an author whose changes it has so many of. */
export function firstAfter(
  { log, width, links }: Leader,
  peer: number,
  author: number,
  sequence: number,
): number {
  const { next, confirmed }: Link = links[peer]!;
  for (let index = Math.max(confirmed, log.base); index < next; index++) {
    const at = entryAt(log, index, width);
    if (log.words[at + ORIGIN] === author && log.words[at + SEQUENCE]! > sequence) return index;
  }
  return next;
}

/** GREET: it says what it has on its disk, and what it has taken in besides; or that its table still lacks a column. */
export function answerGreeting(node: Leader, { from, a }: Input, out: Out): void {
  const { self, applied, seen, settings } = node;
  if (node.hasMissed[from] === STOPPED && node.lacks !== 0) {
    out.send(from, UNFIT, 0, 0, 0, 0, 0, MESSAGE_BYTES);
    return;
  }
  // What comes next begins where this says.
  node.hasMissed[from] = 0;
  const { leaders } = settings;
  for (let part = 0; part * PART < leaders - 1; part++) {
    const first = part * PART;
    for (const which of [0, 1] as const) {
      const counts = which === 0 ? applied : seen;
      out.send(
        from,
        HAS,
        packTold(part, which, a),
        entryOf(counts, 0, first, self, leaders),
        entryOf(counts, 0, first + 1, self, leaders),
        entryOf(counts, 0, first + 2, self, leaders),
        entryOf(counts, 0, first + 3, self, leaders),
        MESSAGE_BYTES,
      );
    }
  }
}

/** HAS: whether with this part all of an answer has come. Also one that took longer than the next question did helps. */
export function takeTold(node: Leader, { from, a, b, c, d, e }: Input): boolean {
  const { leaders } = node.settings;
  const link = node.links[from]!;
  const question = questionOf(a);
  if (question < link.answering) return false;
  if (question > link.answering) {
    link.answering = question;
    link.answered = 0;
  }
  const part = partOfTold(a);
  const which = whichTold(a);
  const row = from * leaders;
  // Its own it has.
  node.known[row + from] = node.told[row + from] = 0x7fff_ffff;
  const first = part * PART;
  keepTold(node, which, from, first, b);
  keepTold(node, which, from, first + 1, c);
  keepTold(node, which, from, first + 2, d);
  keepTold(node, which, from, first + 3, e);
  link.answered |= 1 << (part * 2 + which);
  const all = (1 << (Math.ceil((leaders - 1) / PART) * 2)) - 1;
  if (link.answered !== all) return false;
  confirm(node, from);
  return true;
}

function keepTold(node: Leader, which: number, peer: number, place: number, sequence: number): void {
  const { leaders } = node.settings;
  const leader = place < peer ? place : place + 1;
  if (leader >= leaders) return;
  const at = peer * leaders + leader;
  if (which === 1) node.told[at] = sequence;
  else if (node.known[at]! < sequence) node.known[at] = sequence;
}
