/**
 * A member's state: a server of the group that puts records in order (`../consensus/`), and what it does with them. A member
 * carries a write out on its own data, has the write put in order, and, as every member does, certifies it when its turn comes:
 * it passes if nobody has changed the row since what its author had seen. All certify the same records in the same order, so
 * nobody needs to be asked, and the first in order wins.
 *
 * Its rules are plain functions: how operations begin and end (`executing.ts`), what becomes of records (`certifying.ts`). Whether
 * it reaches a majority is a chart's business (`contact.chart.ts`).
 *
 * Further reading: Pedone, The Database State Machine and Group Communication Issues, 1999;
 * https://dev.mysql.com/doc/refman/8.4/en/group-replication-summary.html;
 * https://galeracluster.com/library/documentation/certification-based-replication.html.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import { NOBODY, type Server } from '../consensus/server.ts';
import type { WriteSets } from './write-sets.ts';

/**
 * When a read is answered: at once; when its own place in the order has come; or at once, but at a new primary not before
 * it has applied what the last one left. That last holds for writes as well.
 */
export type ReadRule = 'eventual' | 'before' | 'before-on-primary-failover';

export interface MemberSettings {
  readonly onePrimary: boolean;
  readonly readRule: ReadRule;
  readonly retryUs: number;
  /** 0 where operations wait for ever. */
  readonly patienceUs: number;
}

export interface Member {
  readonly settings: MemberSettings;
  readonly self: number;
  readonly server: Server;
  /** Configuration of the chart. */
  contact: number;

  // In memory.
  /** Whom it last knew to put records in order, and in which term; −1 nobody. */
  knownLeader: number;
  knownTerm: number;
  /** Through where it has certified: where its data are further than that, it was sent them whole. */
  certifiedLsn: number;
  /** By row: number of its own write that holds it, 0 for none, and how many wait. */
  readonly heldBy: Int32Array;
  readonly waiting: Int32Array;
  /** Its own operations under way, `OPERATION_WIDTH` integers each, in a ring in the order they came. */
  operations: Int32Array;
  first: number;
  /** Places in use, those of operations that are over among them. */
  count: number;
  /** Operations under way. */
  open: number;
  /** Counts up with each wait for verdicts that is over. */
  round: number;
}

/** What the chart sees as its context, and what rules need of the group. */
export interface Activation {
  node: Member;
  input: Input;
  out: Out;
  sets: WriteSets;
}

export function newMember(settings: MemberSettings, self: number, server: Server, keys: number): Member {
  return {
    settings,
    self,
    server,
    contact: 0,
    knownLeader: NOBODY,
    knownTerm: 0,
    certifiedLsn: 0,
    heldBy: new Int32Array(keys),
    waiting: new Int32Array(keys),
    operations: new Int32Array(0),
    first: 0,
    count: 0,
    open: 0,
    round: FIRST_ROUND,
  };
}

/** Clients of operations that were under way learn nothing more of them. */
export function loseMemory(node: Member): void {
  node.knownLeader = NOBODY;
  node.certifiedLsn = Math.min(node.certifiedLsn, node.server.replayedLsn);
  forgetOperations(node);
}

export function forgetOperations(node: Member): void {
  node.heldBy.fill(0);
  node.waiting.fill(0);
  node.operations.fill(0);
  node.first = node.count = node.open = 0;
}

// An operation: READ or WRITE, who waits for it, its number (0 where it is over), its row, what it weighs, and the round in which
// it was sent to be put in order.
const OPERATION_WIDTH = 7;
export const KIND = 0;
export const CLIENT = 1;
export const SLOT = 2;
export const NUMBER = 3;
export const KEY = 4;
export const BYTES = 5;
export const SENT = 6;

/** It has not begun: its row is held, or its member is not ready. */
export const NOT_BEGUN = 0;
/** It has begun, and there was nobody to send it to. */
export const NOT_SENT = 1;
/** Rounds count from here. */
const FIRST_ROUND = 2;

/** Where the operation of an index is in `operations`. */
export function placeOf({ operations, first }: Member, index: number): number {
  return ((first + index) & (operations.length / OPERATION_WIDTH - 1)) * OPERATION_WIDTH;
}

/** Takes down an operation that has not begun, and gives its place. */
export function takeDown(node: Member, kind: number, { from, a, b, c }: Input, bytes: number): number {
  const capacity = node.operations.length / OPERATION_WIDTH;
  if (node.count === capacity) widen(node, capacity);
  const place = placeOf(node, node.count);
  const { operations } = node;
  operations[place + KIND] = kind;
  operations[place + CLIENT] = from;
  operations[place + SLOT] = a;
  operations[place + NUMBER] = b;
  operations[place + KEY] = c;
  operations[place + BYTES] = bytes;
  operations[place + SENT] = NOT_BEGUN;
  node.count++;
  node.open++;
  return place;
}

/** Where the operation of a number is; −1 where it is over. The oldest are looked through first. */
export function placeOfNumber(node: Member, number: number): number {
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    if (node.operations[place + NUMBER] === number) return place;
  }
  return -1;
}

/** The operation is over; its place is given back when those before it are. */
export function strike(node: Member, place: number): void {
  node.operations.fill(0, place, place + OPERATION_WIDTH);
  node.open--;
}

export function giveBack(node: Member): void {
  const { operations } = node;
  while (node.count > 0 && operations[placeOf(node, 0) + NUMBER] === 0) {
    node.first = (node.first + 1) & (operations.length / OPERATION_WIDTH - 1);
    node.count--;
  }
}

function widen(node: Member, capacity: number): void {
  const wider = new Int32Array(Math.max(8, capacity * 2) * OPERATION_WIDTH);
  for (let index = 0; index < node.count; index++) {
    const place = placeOf(node, index);
    wider.set(node.operations.subarray(place, place + OPERATION_WIDTH), index * OPERATION_WIDTH);
  }
  node.operations = wider;
  node.first = 0;
}
