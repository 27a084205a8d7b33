/** How a member's own operations begin, are sent to be put in order, and are answered. */

import {
  FAILED_CERTIFICATION,
  type Out,
  READ,
  READ_OK,
  REFUSED,
  TIMED_OUT,
  WRITE,
  WRITE_OK,
} from '../../kernel/protocol.ts';
import { serverKind } from '../consensus/kinds.ts';
import { NO_KEY } from '../consensus/log.ts';
import { MESSAGE_BYTES } from '../consensus/messages.ts';
import { NOBODY } from '../consensus/server.ts';
import { DATA_WIDTH, termOf } from '../wal.ts';
import {
  type Activation,
  BYTES,
  CLIENT,
  forgetOperations,
  giveBack,
  KEY,
  KIND,
  type Member,
  NOT_BEGUN,
  NOT_SENT,
  NUMBER,
  placeOf,
  placeOfNumber,
  SENT,
  SLOT,
  strike,
  takeDown,
} from './member.ts';
import { NOTE_CONTACT, NOTE_DECIDED, NOTE_TURNED_AWAY, NOTE_WAITS, PROPOSE } from './messages.ts';

// What clients ask.

/** READ: at once with what is applied here, or when it is sure to be new enough. */
export function takeRead(activation: Activation): void {
  const { node, input, out } = activation;
  const { readRule } = node.settings;
  if (readRule === 'before') begin(activation, takeDown(node, READ, input, 0));
  else if (isReady(node)) sendRead(node, out, input.from, input.a, input.b, input.c);
  else takeDown(node, READ, input, 0);
}

/** WRITE: on the data as they are here, once the row is free. */
export function takeWrite(activation: Activation): void {
  const { node, input, out } = activation;
  const { server, settings } = node;
  if (settings.onePrimary && server.leader !== node.self) {
    const hint = server.leader === NOBODY ? -1 : server.leader + 1;
    out.send(input.from, REFUSED, input.a, input.b, hint, server.term, 0, MESSAGE_BYTES);
    return;
  }
  const place = takeDown(node, WRITE, input, input.bytes);
  if (isReady(node) && node.heldBy[input.c] === 0) {
    begin(activation, place);
    return;
  }
  node.waiting[input.c]! += 1;
  if (node.heldBy[input.c] !== 0) out.note(NOTE_WAITS, input.b, input.c, 0, 0);
}

/** Where nobody has reached a majority for too long: nothing happens. */
export function turnAway({ input, out }: Pick<Activation, 'input' | 'out'>): void {
  out.note(NOTE_TURNED_AWAY, input.b, 0, 0, 0);
  out.send(input.from, REFUSED, input.a, input.b, 0, 0, 0, MESSAGE_BYTES);
}

/** Whether it has applied what a primary before it left, where operations wait for that. */
function isReady({ settings, server, self }: Member): boolean {
  if (settings.readRule !== 'before-on-primary-failover' || server.leader !== self) return true;
  return server.replayedLsn >= server.openingLsn;
}

// Under way.

/** The operation takes its snapshot, a write its row, and asks for its place in the order. */
function begin(activation: Activation, place: number): void {
  const { node, sets } = activation;
  const { operations, server } = node;
  const number = operations[place + NUMBER]!;
  if (operations[place + KIND] === WRITE) node.heldBy[operations[place + KEY]!] = number;
  sets.add(number, node.self, server.replayedLsn);
  operations[place + SENT] = NOT_SENT;
  send(activation, place);
}

/** Given to whoever puts records in order. */
const proposal = { kind: WRITE, from: NOBODY, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0 };

/** Asks whoever puts records in order for a place. One that is given two keeps the first: it passes only once. */
function send({ node, sets, out }: Activation, place: number): void {
  const { operations, server, self } = node;
  if (server.leader === NOBODY) return;
  const number = operations[place + NUMBER]!;
  const key = operations[place + KIND] === WRITE ? operations[place + KEY]! : NO_KEY;
  const bytes = operations[place + BYTES]!;
  operations[place + SENT] = node.round;
  if (server.leader === self) order(node, out, number, key, bytes);
  else out.send(server.leader, PROPOSE, number, key, sets.seenLsn(number), 0, 0, MESSAGE_BYTES + bytes);
}

/** Puts a record at the end of the order. Nobody is answered for it but by its author. */
export function order({ server }: Member, out: Out, number: number, key: number, bytes: number): void {
  proposal.b = number;
  proposal.c = key;
  proposal.bytes = bytes;
  serverKind.onInput(server, proposal, out);
}

export function sendAll(activation: Activation): void {
  const { node } = activation;
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    if (node.operations[place + SENT] !== NOT_BEGUN) send(activation, place);
  }
}

/** Those that have waited for one whole wait. */
export function sendOverdue(activation: Activation): void {
  const { node } = activation;
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    const sent = node.operations[place + SENT]!;
    if (sent !== NOT_BEGUN && sent < node.round) send(activation, place);
  }
  node.round += 1;
}

/** Begins what could not begin. */
export function beginWaiting(activation: Activation): void {
  const { node, out } = activation;
  if (node.open === 0 || !isReady(node)) return;
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    const { operations } = node;
    if (operations[place + NUMBER] === 0 || operations[place + SENT] !== NOT_BEGUN) continue;
    const key = operations[place + KEY]!;
    if (operations[place + KIND] === READ) {
      const [client, slot] = [operations[place + CLIENT]!, operations[place + SLOT]!];
      sendRead(node, out, client, slot, operations[place + NUMBER]!, key);
      strike(node, place);
    } else if (node.heldBy[key] === 0) {
      node.waiting[key]! -= 1;
      begin(activation, place);
    }
  }
  giveBack(node);
}

// Their end.

/** The operation's place in the order has come; it is over if it is still under way. */
export function decide(activation: Activation, number: number, lsn: number, isAccepted: boolean): void {
  const { node, out } = activation;
  const place = placeOfNumber(node, number);
  if (place < 0) return;
  const { operations, server } = node;
  const kind = operations[place + KIND]!;
  const client = operations[place + CLIENT]!;
  const slot = operations[place + SLOT]!;
  const key = operations[place + KEY]!;
  strike(node, place);
  giveBack(node);
  if (kind === READ) {
    sendRead(node, out, client, slot, number, key);
    return;
  }
  out.note(NOTE_DECIDED, number, key, isAccepted ? 1 : 0, 0);
  if (isAccepted) out.send(client, WRITE_OK, slot, number, termOf(server.wal, lsn), lsn, 0, MESSAGE_BYTES);
  else out.send(client, REFUSED, slot, number, 0, 0, FAILED_CERTIFICATION, MESSAGE_BYTES);
  node.heldBy[key] = 0;
  if (node.waiting[key]! > 0 && isReady(node)) beginNext(activation, key);
}

/** The row is free: the oldest write that waits for it takes its snapshot now. */
function beginNext(activation: Activation, key: number): void {
  const { node } = activation;
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    const { operations } = node;
    if (operations[place + NUMBER] === 0 || operations[place + SENT] !== NOT_BEGUN) continue;
    if (operations[place + KIND] !== WRITE || operations[place + KEY] !== key) continue;
    node.waiting[key]! -= 1;
    begin(activation, place);
    return;
  }
}

/** Nobody reaches a majority. What was never sent surely did not happen; of the rest nobody here knows. */
export function abandonOperations({ node, out }: Activation): void {
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    const number = node.operations[place + NUMBER]!;
    if (number === 0) continue;
    const isSent = node.operations[place + SENT]! > NOT_SENT;
    const [client, slot] = [node.operations[place + CLIENT]!, node.operations[place + SLOT]!];
    if (!isSent) out.note(NOTE_TURNED_AWAY, number, 0, 0, 0);
    out.send(client, isSent ? TIMED_OUT : REFUSED, slot, number, 0, 0, 0, MESSAGE_BYTES);
  }
  forgetOperations(node);
}

/**
 * The data were sent whole, and with them the outcome of records that this member has not seen: whoever was sent to be put in order
 * may be among them. The rest begin anew.
 */
export function abandonSent(activation: Activation): void {
  const { node, out } = activation;
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    const { operations } = node;
    const number = operations[place + NUMBER]!;
    if (number === 0 || operations[place + SENT] === NOT_BEGUN) continue;
    const [client, slot] = [operations[place + CLIENT]!, operations[place + SLOT]!];
    out.send(client, TIMED_OUT, slot, number, 0, 0, 0, MESSAGE_BYTES);
    if (operations[place + KIND] === WRITE) node.heldBy[operations[place + KEY]!] = 0;
    strike(node, place);
  }
  giveBack(node);
  beginWaiting(activation);
}

function sendRead(
  { server }: Member,
  out: Out,
  client: number,
  slot: number,
  number: number,
  key: number,
): void {
  const cell = key * DATA_WIDTH;
  const { data } = server;
  out.send(client, READ_OK, slot, number, data[cell]!, data[cell + 1]!, data[cell + 2]!, MESSAGE_BYTES);
}

export function noteContact({ out }: Activation, contact: number): void {
  out.note(NOTE_CONTACT, contact, 0, 0, 0);
}
