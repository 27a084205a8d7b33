/**
 * The coordination of lightweight transactions: writes whose condition is checked, and reads, in one order for each key.
 *
 * 1. Prepare: a majority promises a ballot, which is the clock's reading. Whoever has promised a greater one declines; then the
 *    coordinator makes a pause of random length and tries a greater one itself.
 * 2. A proposal that has been accepted and not committed may have been chosen: it is finished first, under the new ballot.
 * 3. Read: those that promised tell what they hold, and learn the newest of it.
 * 4. Propose: a write its version; a read nothing, so that no older proposal can come after what it found.
 * 5. Commit: the version, whose stamp is the ballot, is written like any other. A read needs no commit.
 *
 * Source: Cassandra's StorageProxy.java (`doPaxos`, `beginAndRepairPaxos`), https://github.com/apache/cassandra. There a commit
 * that some lack is sent to them without a wait, and the ballot prepared anew; here the third step does that.
 */

import { type Out, pick, READ, READ_OK, TIMED_OUT, WRITE_OK } from '../../kernel/protocol.ts';
import { type Answer, ballotsIn, give, type Payload, takePrepare, takePropose } from './acceptors.ts';
import type { Demand } from './demands.ts';
import {
  COMMIT,
  COMMITTED,
  FETCH,
  FETCHED,
  keyIn,
  MESSAGE_BYTES,
  NOTE_BALLOT_LOST,
  NOTE_PROPOSED,
  NOTE_SERIAL_GIVEN_UP,
  NOTE_TAKEN_OVER,
  PREPARE,
  PROPOSE,
  packKey,
} from './messages.ts';
import { LIGHTWEIGHT_TIMER, type Node, readDemandOf, writeDemandOf } from './node.ts';
import { ballotAfter, nextStep, type Promised } from './paxos.ts';
import { homesOf, meets, type Need } from './placement.ts';
import { write } from './replica.ts';
import { isNewer, numberUs, stampHi, stampLo, stampNumber, usNumber } from './stamps.ts';
import { CELL_BYTES, CELL_FLAGS, CELL_LO, CELL_VALUE, CELL_WIDTH } from './store.ts';

/** Least upper bound of the pause after a lost ballot: Cassandra's `ThreadLocalRandom.current().nextInt(100)` ms. */
const PAUSE_US = 100_000;
/** A node's stream of chance. */
const PAUSES = 0;

interface Version {
  readonly hi: number;
  readonly lo: number;
  readonly value: number;
  readonly bytes: number;
}

const nothing: Version = { hi: 0, lo: 0, value: 0, bytes: 0 };

/** One that is under way. */
export interface Transaction {
  /** Configuration of its chart. */
  state: number;
  /** What answers to its present step are known by: each step of each has another. */
  step: number;
  readonly kind: number;
  readonly client: number;
  readonly slot: number;
  readonly number: number;
  readonly key: number;
  readonly bytes: number;
  ballot: number;
  /** How many ballots it has had. */
  ballots: number;
  promises: Promised<Payload>[];
  /** Nodes, a bit each: who is asked in this step, who has answered, and who promises, accepts or has it. */
  asked: number;
  answered: number;
  agreed: number;
  /** The newest version found. */
  newest: Version;
  /** Per timer of the chart since when it runs, and for how long; −1 where it does not. */
  readonly sinceUs: number[];
  readonly delayUs: number[];
}

/** What a node keeps of those it coordinates. */
export interface Lightweight {
  readonly open: Transaction[];
  /** Steps and ballots go on across crashes. */
  nextStep: number;
  lastBallot: number;
}

export function newLightweight(): Lightweight {
  return { open: [], nextStep: 1, lastBallot: 0 };
}

/** What the chart sees: one transaction, and the answer at hand. */
export interface Attempt {
  node: Node;
  out: Out;
  transaction: Transaction;
  answer: Answer;
}

/** A client's READ or WRITE. */
export function newTransaction({ kind, from, a, b, c, bytes }: Answer): Transaction {
  return {
    state: 0,
    step: 0,
    kind,
    client: from,
    slot: a,
    number: b,
    key: c,
    bytes,
    ballot: 0,
    ballots: 0,
    promises: [],
    asked: 0,
    answered: 0,
    agreed: 0,
    newest: nothing,
    sinceUs: [-1, -1],
    delayUs: [0, 0],
  };
}

export function demandOfSerial(node: Node, kind: number, client: number): Demand {
  return kind === READ ? readDemandOf(node, client) : writeDemandOf(node, client);
}

function needs({ node, transaction }: Attempt): readonly Need[] {
  return demandOfSerial(node, transaction.kind, transaction.client).needs;
}

/** Whose promises count: of a local serial level, the replicas of the coordinator's region. */
function participants(attempt: Attempt): number {
  const { node, transaction } = attempt;
  const among = needs(attempt).reduce((mask, need) => mask | need.among, 0);
  return homesOf(node.settings.placement, transaction.key) & among;
}

function beginStep({ node, transaction }: Attempt, asked: number): void {
  transaction.step = node.lightweight.nextStep++;
  transaction.asked = asked;
  transaction.answered = 0;
  transaction.agreed = 0;
}

/** Sends to those asked, a bit each; `here` is what the node does itself. */
function ask({ node, out, transaction }: Attempt, question: Answer, here: (question: Answer) => void): void {
  for (let rest = transaction.asked; rest !== 0; rest &= rest - 1) {
    const peer = 31 - Math.clz32(rest & -rest);
    if (peer === node.self) here(question);
    else give(node, peer, question, out);
  }
}

/** A question about the key; `version` may be without a value. */
function questionOf({ node, transaction }: Attempt, kind: number, version: Version): Answer {
  return {
    kind,
    from: node.self,
    a: transaction.step,
    b: version.value,
    c: packKey(transaction.key, 0),
    d: version.hi,
    e: version.lo,
    bytes: MESSAGE_BYTES + version.bytes,
  };
}

/** The transaction's ballot as the stamp of a version. */
function underBallot({ transaction }: Attempt, payload: Payload | null): Version {
  const us = numberUs(transaction.ballot);
  return {
    hi: stampHi(us),
    lo: stampLo(us),
    value: payload?.value ?? 0,
    bytes: payload?.bytes ?? 0,
  };
}

// Prepare.

export function prepare(attempt: Attempt): void {
  const { node, out, transaction } = attempt;
  const { lightweight, settings } = node;
  const least = Math.max(usNumber(out.clockUs()), lightweight.lastBallot);
  transaction.ballot = ballotAfter(least, node.self, settings.nodes);
  lightweight.lastBallot = transaction.ballot;
  transaction.ballots += 1;
  transaction.promises = [];
  beginStep(attempt, participants(attempt) & node.up);
  const question = { ...questionOf(attempt, PREPARE, underBallot(attempt, null)), b: transaction.key, c: 0 };
  ask(attempt, question, (own) => takePrepare(node, own, out));
}

// Guards count the one that answers now.

function agreedBy({ transaction, answer }: Attempt): number {
  return transaction.agreed | (1 << answer.from);
}

export function enoughPromise(attempt: Attempt): boolean {
  return meets(needs(attempt), agreedBy(attempt));
}

function promiseOf({ transaction, answer }: Attempt): Promised<Payload> {
  const [accepted, committed] = ballotsIn(answer, transaction.ballot);
  const payload = answer.b === 0 ? null : { value: answer.b, bytes: answer.bytes - MESSAGE_BYTES };
  return {
    from: answer.from,
    accepted: accepted === null ? null : { ballot: accepted, value: payload },
    // What it is stands in the store.
    committed: committed === null ? null : { ballot: committed, value: null },
  };
}

export function proposalIsUnderWay(attempt: Attempt): boolean {
  return nextStep([...attempt.transaction.promises, promiseOf(attempt)]).type === 'complete';
}

export function notePromise(attempt: Attempt): void {
  const { transaction, answer } = attempt;
  if ((transaction.agreed & (1 << answer.from)) !== 0) return;
  transaction.promises.push(promiseOf(attempt));
  transaction.agreed = agreedBy(attempt);
}

/** The next ballot is to be greater than what the other has promised. */
export function noteLostBallot({ node, out, transaction, answer }: Attempt): void {
  node.lightweight.lastBallot = Math.max(node.lightweight.lastBallot, stampNumber(answer.d, answer.e));
  out.note(NOTE_BALLOT_LOST, transaction.kind, transaction.key, answer.from, 0);
}

export function pauseUs({ out }: Attempt): number {
  return 1 + pick(out.draw(PAUSES), PAUSE_US);
}

// Read.

export function askWhatTheyHold(attempt: Attempt): void {
  const { node, transaction } = attempt;
  beginStep(attempt, transaction.agreed);
  transaction.newest = nothing;
  // Numbers of steps are negative here: FETCHED tells them from reads by that.
  const question = { ...questionOf(attempt, FETCH, nothing), a: -transaction.step, b: transaction.key, c: 0 };
  ask(attempt, question, ({ a }) => node.acceptors.own.push(heldHere(node, transaction.key, a)));
}

function heldHere({ store: { cells }, self }: Node, key: number, step: number): Answer {
  const at = key * CELL_WIDTH;
  return {
    kind: FETCHED,
    from: self,
    a: step,
    b: cells[at + CELL_VALUE]!,
    c: cells[at + CELL_FLAGS]!,
    d: cells[at]!,
    e: cells[at + CELL_LO]!,
    bytes: MESSAGE_BYTES + cells[at + CELL_BYTES]!,
  };
}

function answeredBy({ transaction, answer }: Attempt): number {
  return transaction.answered | (1 << answer.from);
}

export function allShow(attempt: Attempt): boolean {
  return answeredBy(attempt) === attempt.transaction.asked;
}

/** 1 where the answer is newer than what was found before, −1 where it is older. */
function comparedToFound({ transaction: { newest }, answer: { b, d, e } }: Attempt): number {
  if (d === newest.hi && e === newest.lo && b === newest.value) return 0;
  return isNewer(d, e, b, newest.hi, newest.lo, newest.value) ? 1 : -1;
}

export function someLack(attempt: Attempt): boolean {
  const { agreed, answered } = attempt.transaction;
  const compared = comparedToFound(attempt);
  return compared < 0 || agreed !== answered || (compared > 0 && answered !== 0);
}

export function noteHeld(attempt: Attempt): void {
  const { transaction, answer } = attempt;
  const compared = comparedToFound(attempt);
  if (compared > 0) {
    const { b, d, e, bytes } = answer;
    transaction.newest = { hi: d, lo: e, value: b, bytes: bytes - MESSAGE_BYTES };
    transaction.agreed = 0;
  }
  if (compared >= 0) transaction.agreed = agreedBy(attempt);
  transaction.answered = answeredBy(attempt);
}

/** A commit, to those that lack it. */
export function teach(attempt: Attempt): void {
  const { agreed, answered, newest } = attempt.transaction;
  sendCommit(attempt, answered & ~agreed, newest);
  attempt.transaction.agreed = agreed;
}

// Propose.

function proposeVersion(attempt: Attempt, version: Version): void {
  const { node, out } = attempt;
  beginStep(attempt, participants(attempt) & node.up);
  ask(attempt, questionOf(attempt, PROPOSE, version), (own) => takePropose(node, own, out));
}

function ownPayload({ transaction: { kind, number, bytes } }: Attempt): Payload | null {
  return kind === READ ? null : { value: number, bytes };
}

export function propose(attempt: Attempt): void {
  const { key, number, newest } = attempt.transaction;
  if (!isRead(attempt)) attempt.out.note(NOTE_PROPOSED, key, newest.value, number, 0);
  proposeVersion(attempt, underBallot(attempt, ownPayload(attempt)));
}

function theirs({ transaction }: Attempt): Payload {
  const next = nextStep(transaction.promises);
  if (next.type !== 'complete') throw new RangeError('no proposal is under way');
  return next.value;
}

export function proposeTheirs(attempt: Attempt): void {
  const payload = theirs(attempt);
  attempt.out.note(NOTE_TAKEN_OVER, attempt.transaction.key, payload.value, 0, 0);
  proposeVersion(attempt, underBallot(attempt, payload));
}

export function enoughAccept(attempt: Attempt): boolean {
  return meets(needs(attempt), agreedBy(attempt));
}

/** Whether, with this one, everybody has answered who was asked: nobody can accept it later. */
export function allHaveAnswered(attempt: Attempt): boolean {
  return answeredBy(attempt) === attempt.transaction.asked;
}

/** Somebody has accepted it, and whoever prepares the next ballot may find and finish it. */
export function mayHaveComeThrough({ transaction }: Attempt): boolean {
  return transaction.agreed !== 0;
}

export function isRead({ transaction }: Attempt): boolean {
  return transaction.kind === READ;
}

export function noteAcceptance(attempt: Attempt): void {
  attempt.transaction.agreed = agreedBy(attempt);
  attempt.transaction.answered = answeredBy(attempt);
}

export function noteRefusal(attempt: Attempt): void {
  attempt.transaction.answered = answeredBy(attempt);
  noteLostBallot(attempt);
}

// Commit.

/** To these nodes, a bit each; what is written here is counted when it shows. */
function sendCommit(attempt: Attempt, to: number, version: Version): void {
  const { node, out, transaction } = attempt;
  beginStep(attempt, to);
  ask(attempt, questionOf(attempt, COMMIT, version), (own) => {
    const { key } = transaction;
    const { hi, lo, value, bytes } = version;
    if (write(node, { key, hi, lo, value, flags: 0, bytes }, node.self, COMMIT, own.a, out, null))
      node.acceptors.own.push({ ...own, kind: COMMITTED, c: keyIn(own.c) });
  });
}

/** Also to replicas whose promises did not count, and to those held for down. */
function commitToAll(attempt: Attempt, payload: Payload | null): void {
  const homes = homesOf(attempt.node.settings.placement, attempt.transaction.key);
  sendCommit(attempt, homes, underBallot(attempt, payload));
}

export function commitOwn(attempt: Attempt): void {
  commitToAll(attempt, ownPayload(attempt));
}

export function commitTheirs(attempt: Attempt): void {
  commitToAll(attempt, theirs(attempt));
}

export function enoughCommitted(attempt: Attempt): boolean {
  return meets(needs(attempt), agreedBy(attempt));
}

export function noteCommitted(attempt: Attempt): void {
  attempt.transaction.agreed = agreedBy(attempt);
}

export function answerClient(attempt: Attempt): void {
  const { out, transaction } = attempt;
  const { client, slot, number, newest } = transaction;
  if (isRead(attempt)) {
    const { hi, lo, value, bytes } = newest;
    out.send(client, READ_OK, slot, number, hi, lo, value, MESSAGE_BYTES + bytes);
  } else {
    const { hi, lo } = underBallot(attempt, null);
    out.send(client, WRITE_OK, slot, number, hi, lo, 0, MESSAGE_BYTES);
  }
}

export function sayGivenUp({ out, transaction }: Attempt): void {
  const { client, slot, number, kind, key, ballots } = transaction;
  out.note(NOTE_SERIAL_GIVEN_UP, kind, key, ballots, 0);
  out.send(client, TIMED_OUT, slot, number, 0, 0, 0, MESSAGE_BYTES);
}

// Timers: one of the node's, set for the first that ends, does for all.

export function startTimer({ transaction, out }: Attempt, slot: number, delayUs: number): void {
  transaction.sinceUs[slot] = out.nowUs;
  transaction.delayUs[slot] = delayUs;
}

export function cancelTimer({ transaction }: Attempt, slot: number): void {
  transaction.sinceUs[slot] = -1;
}

function leftUs({ sinceUs, delayUs }: Transaction, slot: number, out: Out): number {
  return sinceUs[slot]! < 0 ? Number.POSITIVE_INFINITY : delayUs[slot]! - out.elapsedUs(sinceUs[slot]!);
}

/** The slot of a timer that is over; −1 for none. */
export function dueSlot(transaction: Transaction, out: Out): number {
  return transaction.sinceUs.findIndex((_, slot) => leftUs(transaction, slot, out) <= 0);
}

export function setTimer({ lightweight: { open } }: Node, out: Out): void {
  let firstUs = Number.POSITIVE_INFINITY;
  for (const transaction of open)
    for (let slot = 0; slot < transaction.sinceUs.length; slot++)
      firstUs = Math.min(firstUs, leftUs(transaction, slot, out));
  if (firstUs < Number.POSITIVE_INFINITY) out.startTimer(LIGHTWEIGHT_TIMER, Math.max(1, firstUs));
  else out.cancelTimer(LIGHTWEIGHT_TIMER);
}
