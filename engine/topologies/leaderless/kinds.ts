/** The one node kind of leaderless replication: a node, which holds keys and coordinates, driven by its lowered charts. */

import {
  CRASHED,
  DELETE,
  FLUSHED,
  type Input,
  type NodeKind,
  type Out,
  PING,
  PONG,
  READ,
  REFUSED,
  RESTARTED,
  SERVICE_APPLY,
  SERVICE_NONE,
  SERVICE_READ,
  SERVICE_WRITE,
  START,
  TIMER,
  WRITE,
} from '../../kernel/protocol.ts';
import type { Chart } from '../../statecharts/chart.ts';
import { lower } from '../../statecharts/lower.ts';
import { ACCEPTORS_SYNC, type Answer, acceptorsSynced, takePrepare, takePropose } from './acceptors.ts';
import { type Demand, mayBegin } from './demands.ts';
import { type HintsEvent, hintsChart } from './hints.chart.ts';
import { type Handoff, isFirstKept } from './hints.ts';
import { type LightweightEvent, lightweightChart } from './lightweight.chart.ts';
import * as lightweight from './lightweight.ts';
import { beginGossip, gossip, hear } from './liveness.ts';
import {
  ACCEPTED,
  COMMIT,
  COMMITTED,
  COMPARE,
  COMPARED,
  DECLINED,
  DIGEST,
  FETCH,
  FETCHED,
  FORWARD,
  GOSSIP,
  HINT,
  HINTED,
  MESSAGE_BYTES,
  MUTATE,
  MUTATED,
  NOTE_SIBLING_WRITTEN,
  NOTE_UNAVAILABLE,
  PREPARE,
  PROMISED,
  PROPOSE,
  RECEIVED,
  REPAIR,
  REPAIRED,
  STAND_IN,
  STREAM,
  STREAMED,
  TOMBSTONE,
} from './messages.ts';
import {
  type Activation,
  FIRST_HANDOFF_TIMER,
  GOSSIP_TIMER,
  handoffTimer,
  LIGHTWEIGHT_TIMER,
  type Node,
  PURGE_TIMER,
  READ_TIMER,
  REPAIR_DUE_TIMER,
  readDemandOf,
  SPECULATION_TIMER,
  SYNC_TIMER,
  WRITE_TIMER,
  writeDemandOf,
} from './node.ts';
import { homesOf, reachableOf } from './placement.ts';
import {
  ASKED,
  BYTES,
  begin,
  CLIENT,
  CLIENT_SLOT,
  FLAGS,
  find,
  HI,
  KEY,
  LO,
  NUMBER,
  OWN_ANSWER,
  type Pool,
  release,
  releaseAll,
  STATE,
  TAKEN,
  TIMERS,
  VALUE,
} from './pool.ts';
import { readChart } from './read.chart.ts';
import { chooseReplicas } from './reading.ts';
import { repairChart } from './repair.chart.ts';
import { answerComparison, loseRepair, takeAnswer, takeReceipt } from './repairing.ts';
import { fetch, loseReplica, sync, synced, takeVersion } from './replica.ts';
import type { SiblingSets } from './siblings.ts';
import { CLOCK_HI, stampHi, stampLo } from './stamps.ts';
import { CELL_BYTES, CELL_FLAGS, CELL_LO, CELL_VALUE, CELL_WIDTH } from './store.ts';
import { beginPurging, purgeTombstones } from './tombstones.ts';
import { forgetWaits, takeDue, type Waits, wait } from './waits.ts';
import { writeChart } from './write.chart.ts';

export interface CoordinatorKind extends NodeKind<Node> {
  /** The same where there may be siblings: `sets` are the cluster's. */
  withSiblings(sets: SiblingSets): NodeKind<Node>;
  readonly read: Chart<Activation>;
  readonly write: Chart<Activation>;
  readonly repair: Chart<Activation>;
  readonly hints: Chart<Handoff, HintsEvent>;
  readonly lightweight: Chart<lightweight.Attempt, LightweightEvent>;
}

/** Takes what a chart of operations asks of its timers: each is a wait of the node's. */
function sinkOf(poolOf: (node: Node) => Pool, waitsOf: (node: Node, slot: number) => Waits) {
  return {
    startTimer({ node, at, out }: Activation, slot: number, delayUs: number): void {
      if (delayUs > 0) wait(waitsOf(node, slot), poolOf(node), at, delayUs, out);
    },
    cancelTimer({ node, at }: Activation, slot: number): void {
      poolOf(node).words[at + TIMERS]! &= ~waitsOf(node, slot).bit;
    },
  };
}

/** `chart` of lightweight transactions; a test may give another, with a rule broken. */
export function lowerCoordinator(chart: typeof lightweightChart = lightweightChart): CoordinatorKind {
  const readsOf = (node: Node) => node.reads;
  const writesOf = (node: Node) => node.writes;
  const read: Chart<Activation> = lower(
    readChart,
    sinkOf(readsOf, (node, slot) => (slot === readTimeout ? node.readTimeouts : node.speculations)),
  );
  const write: Chart<Activation> = lower(
    writeChart,
    sinkOf(writesOf, (node) => node.writeTimeouts),
  );
  const repair: Chart<Activation> = lower(repairChart, {
    startTimer: ({ node: { settings }, out }, slot, delayUs) => {
      if (settings.repairEveryUs > 0) out.startTimer(REPAIR_DUE_TIMER + slot, delayUs);
    },
    cancelTimer: ({ out }, slot) => out.cancelTimer(REPAIR_DUE_TIMER + slot),
  });
  const repairDue = repair.timerSlot('between sessions', 'time between sessions');
  const repairTimeout = repair.timerSlot('comparing', 'time for a session');
  const same = repair.eventIndex('same');
  const differs = repair.eventIndex('differs');
  const streamed = repair.eventIndex('received');
  const hints: Chart<Handoff, HintsEvent> = lower(hintsChart, {
    startTimer: ({ out, peer }, slot, delayUs) => out.startTimer(handoffTimer(peer, slot), delayUs),
    cancelTimer: ({ out, peer }, slot) => out.cancelTimer(handoffTimer(peer, slot)),
  });
  const kept = hints.eventIndex('kept');
  const up = hints.eventIndex('up');
  const down = hints.eventIndex('down');
  const handedOver = hints.eventIndex('handed over');
  const handoff: Handoff = { node: null!, out: null!, peer: 0 };

  /** Tells the hints charts of what the last input has changed: of whom hints are kept, who is up and who is down. */
  function stepHints(peer: number, event: number): void {
    handoff.node = handle.node;
    handoff.out = handle.out;
    handoff.peer = peer;
    const { handoffs } = handle.node;
    handoffs[peer] = hints.step(handoffs[peer]!, event, handoff);
  }

  function tellOfHints(): void {
    const { node } = handle;
    for (let rest = node.newlyHinted; rest !== 0; rest &= rest - 1)
      stepHints(31 - Math.clz32(rest & -rest), kept);
    node.newlyHinted = 0;
  }

  function tellOfLiveness(before: number): void {
    const { node } = handle;
    for (let rest = before ^ node.up; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      stepHints(31 - Math.clz32(bit), (node.up & bit) === 0 ? down : up);
    }
  }
  const { startTimer, cancelTimer } = lightweight;
  const transactions: Chart<lightweight.Attempt, LightweightEvent> = lower(chart, {
    startTimer,
    cancelTimer,
  });
  const transactionIsOver = transactions.activeIn('over');
  const answerTo = new Map<number, number>([
    [PROMISED, transactions.eventIndex('promised')],
    [DECLINED, transactions.eventIndex('declined')],
    [FETCHED, transactions.eventIndex('found')],
    [ACCEPTED, transactions.eventIndex('accepted')],
    [COMMITTED, transactions.eventIndex('committed')],
  ]);
  const attempt: lightweight.Attempt = { node: null!, out: null!, transaction: null!, answer: null! };

  function settleTransaction(transaction: lightweight.Transaction, state: number): void {
    transaction.state = state;
    const { open } = attempt.node.lightweight;
    if (transactionIsOver[state] === 1) open.splice(open.indexOf(transaction), 1);
  }

  function stepTransaction(transaction: lightweight.Transaction, event: number): void {
    attempt.transaction = transaction;
    settleTransaction(transaction, transactions.step(transaction.state, event, attempt));
  }

  /** An answer to a step that some transaction is in; FETCHED carries its number as a negative. */
  function takeStepsAnswer(answer: Answer): void {
    const { open } = attempt.node.lightweight;
    const transaction = open.find(({ step }) => step === Math.abs(answer.a));
    if (transaction === undefined) return;
    attempt.answer = answer;
    stepTransaction(transaction, answerTo.get(answer.kind)!);
  }

  function endTransactionsWaits(): void {
    const { node, out } = attempt;
    for (const transaction of [...node.lightweight.open]) {
      const slot = lightweight.dueSlot(transaction, out);
      if (slot >= 0) stepTransaction(transaction, slot);
    }
  }

  /** What the node answered itself, and then the timer for whoever waits first. */
  function finishTransactions(): void {
    const { node, out } = attempt;
    for (let own = node.acceptors.own.shift(); own !== undefined; own = node.acceptors.own.shift())
      takeStepsAnswer(own);
    lightweight.setTimer(node, out);
  }

  function beginTransaction(node: Node, input: Input, out: Out): void {
    if (refuses(node, lightweight.demandOfSerial(node, input.kind, input.from), input, input.c, out)) return;
    const transaction = lightweight.newTransaction(input);
    node.lightweight.open.push(transaction);
    attempt.transaction = transaction;
    settleTransaction(transaction, transactions.start(attempt));
  }

  function takePaxosInput(node: Node, input: Input, out: Out): void {
    attempt.node = node;
    attempt.out = out;
    const { kind } = input;
    if (kind === READ || kind === WRITE) beginTransaction(node, input, out);
    else if (kind === PREPARE) takePrepare(node, input, out);
    else if (kind === PROPOSE) takePropose(node, input, out);
    else if (kind === FLUSHED) acceptorsSynced(node, out);
    else takeStepsAnswer(input);
    finishTransactions();
  }

  const readTimeout = read.timerSlot('under way', 'read timeout');
  const speculation = read.timerSlot('under way.unanswered.waiting for enough', 'speculative delay');
  const writeTimeout = write.timerSlot('under way', 'write timeout');
  const answered = read.eventIndex('answered');
  const repaired = read.eventIndex('repaired');
  const acknowledged = write.eventIndex('acknowledged');
  const received = write.eventIndex('received');
  const readsAgain = read.activeIn('under way.unanswered.waiting for enough.asked again');
  const readIsOver = read.activeIn('over');
  const writeIsOver = write.activeIn('over');
  const handle: Activation = {
    node: null!,
    out: null!,
    sets: null,
    at: 0,
    peer: 0,
    hi: 0,
    lo: 0,
    value: 0,
    flags: 0,
    bytes: 0,
  };

  /** Keeps what a step led to; then the node's own answer is counted, if the step brought one. */
  function settleRead(at: number, state: number): void {
    const { node } = handle;
    const { words } = node.reads;
    words[at + STATE] = state;
    if (readIsOver[state] === 1) release(node.reads, at);
    else if (words[at + OWN_ANSWER] !== 0) {
      const isRepaired = words[at + OWN_ANSWER] === TAKEN;
      words[at + OWN_ANSWER] = 0;
      handle.peer = node.self;
      if (!isRepaired) holdCell(words[at + KEY]!);
      settleRead(at, read.step(state, isRepaired ? repaired : answered, handle));
    }
  }

  function settleWrite(at: number, state: number): void {
    const { node } = handle;
    const { words } = node.writes;
    words[at + STATE] = state;
    if (writeIsOver[state] === 1) release(node.writes, at);
    else if (words[at + OWN_ANSWER] !== 0) {
      words[at + OWN_ANSWER] = 0;
      handle.peer = node.self;
      settleWrite(at, write.step(state, acknowledged, handle));
    }
  }

  /** What the node itself holds of a key is the answer at hand. */
  function holdCell(key: number): void {
    const { cells } = handle.node.store;
    const at = key * CELL_WIDTH;
    handle.hi = cells[at]!;
    handle.lo = cells[at + CELL_LO]!;
    handle.value = cells[at + CELL_VALUE]!;
    handle.flags = cells[at + CELL_FLAGS]!;
    handle.bytes = cells[at + CELL_BYTES]!;
  }

  function stepRead(at: number, event: number): void {
    handle.at = at;
    settleRead(at, read.step(handle.node.reads.words[at + STATE]!, event, handle));
  }

  function stepWrite(at: number, event: number): void {
    handle.at = at;
    settleWrite(at, write.step(handle.node.writes.words[at + STATE]!, event, handle));
  }

  function beginRead(node: Node, input: Input, out: Out): void {
    const demand = readDemandOf(node, input.from);
    if (demand.isSerial) {
      takePaxosInput(node, input, out);
      return;
    }
    if (refuses(node, demand, input, input.c, out)) return;
    const at = take(node.reads, input, input.c);
    node.reads.words[at + ASKED] = chooseReplicas(node, input.c, demand);
    handle.at = at;
    settleRead(at, read.start(handle));
  }

  function beginWrite(node: Node, input: Input, out: Out): void {
    const demand = writeDemandOf(node, input.from);
    if (demand.isSerial) {
      takePaxosInput(node, input, out);
      return;
    }
    if (!demand.hintCounts && refuses(node, demand, input, input.c, out)) return;
    const at = take(node.writes, input, input.c);
    stampVersion(node, input, at, out);
    goToReplicas(node, at, input.c);
  }

  /** The version is the clock's reading. */
  function stampVersion(node: Node, input: Input, at: number, out: Out): void {
    const { words } = node.writes;
    const us = Math.max(out.clockUs(), node.lastStampUs + 1);
    node.lastStampUs = us;
    words[at + HI] = stampHi(us);
    words[at + LO] = stampLo(us);
    words[at + VALUE] = input.b;
    if (input.kind === DELETE) words[at + FLAGS] = TOMBSTONE;
    else words[at + BYTES] = input.bytes;
  }

  function goToReplicas(
    { writes: { words }, settings: { placement, sloppy }, up }: Node,
    at: number,
    key: number,
  ): void {
    words[at + ASKED] = homesOf(placement, key) | (sloppy ? reachableOf(placement, key, up, true) : 0);
    handle.at = at;
    settleWrite(at, write.start(handle));
  }

  /** Where there may be siblings, a write is coordinated by a node that holds its key, or stands in for one that does. */
  function beginSibling(node: Node, input: Input, sets: SiblingSets, out: Out): void {
    const { kind, from, c: key } = input;
    const isForwarded = kind === FORWARD;
    if (isForwarded && isDoubled(node, input.b)) return;
    const client = isForwarded ? input.e : from;
    if (refuses(node, writeDemandOf(node, client), input, key, out, client)) return;
    const { placement, sloppy, nodes, nearest } = node.settings;
    const able = reachableOf(placement, key, node.up, sloppy);
    if (!isForwarded && (able & (1 << node.self)) === 0) {
      let rank = 0;
      while ((able & (1 << nearest[node.self * nodes + rank]!)) === 0) rank++;
      const to = nearest[node.self * nodes + rank]!;
      out.send(to, FORWARD, input.a, input.b, key, input.e, from, input.bytes);
      return;
    }
    const at = take(node.writes, input, key, client);
    const { words } = node.writes;
    const context = isForwarded ? input.d : input.e;
    const set = sets.write(node.issued[key]!, input.b, context, node.self + nodes * node.life);
    out.note(NOTE_SIBLING_WRITTEN, key, input.b, context, set);
    node.issued[key] = set;
    words[at + HI] = CLOCK_HI;
    words[at + LO] = sets.contextOf(set);
    words[at + VALUE] = set;
    words[at + BYTES] = input.bytes * sets.valuesOf(set).length;
    goToReplicas(node, at, key);
  }

  /** An operation that the node wrote a version for by itself: its commit log has it now. */
  function ownTaken(kind: number, serial: number): void {
    const { node } = handle;
    if (kind === COMMIT) {
      const answer = { kind: COMMITTED, from: node.self, a: serial, b: 0, c: 0, d: 0, e: 0, bytes: 0 };
      node.acceptors.own.push(answer);
      return;
    }
    const isWrite = kind === MUTATE;
    const at = find(isWrite ? node.writes : node.reads, serial);
    if (at < 0) return;
    handle.peer = node.self;
    if (isWrite) stepWrite(at, acknowledged);
    else stepRead(at, repaired);
  }

  function endReadWaits(waits: Waits, delayUs: number, event: number): void {
    const { node, out } = handle;
    for (let isFirst = true; ; isFirst = false) {
      const at = takeDue(waits, node.reads, delayUs, isFirst, out);
      if (at < 0) return;
      node.reads.words[at + TIMERS]! &= ~waits.bit;
      stepRead(at, event);
    }
  }

  function endWriteWaits(): void {
    const { node, out } = handle;
    for (let isFirst = true; ; isFirst = false) {
      const at = takeDue(node.writeTimeouts, node.writes, node.settings.writeTimeoutUs, isFirst, out);
      if (at < 0) return;
      stepWrite(at, writeTimeout);
    }
  }

  /** `at`: the node of the tree that is answered. */
  function stepRepair(event: number, at: number): void {
    const { node } = handle;
    handle.value = at;
    handle.flags = event === differs ? 1 : 0;
    node.repair.state = repair.step(node.repair.state, event, handle);
  }

  function fire(node: Node, timer: number, out: Out): void {
    const { settings } = node;
    if (timer === LIGHTWEIGHT_TIMER) {
      attempt.node = node;
      attempt.out = out;
      endTransactionsWaits();
      finishTransactions();
    } else if (timer >= FIRST_HANDOFF_TIMER) {
      const slot = timer - FIRST_HANDOFF_TIMER;
      stepHints(slot >> 1, slot & 1);
    } else if (timer === GOSSIP_TIMER) {
      const before = node.up;
      gossip(node, out);
      tellOfLiveness(before);
    } else if (timer === SYNC_TIMER) sync(node, out);
    else if (timer === PURGE_TIMER) purgeTombstones(node, out);
    else if (timer === READ_TIMER) endReadWaits(node.readTimeouts, settings.readTimeoutUs, readTimeout);
    else if (timer === SPECULATION_TIMER)
      endReadWaits(node.speculations, settings.speculativeUs, speculation);
    else if (timer === WRITE_TIMER) endWriteWaits();
    else if (timer === REPAIR_DUE_TIMER + repairDue) stepRepair(repairDue, 0);
    else if (timer === REPAIR_DUE_TIMER + repairTimeout) stepRepair(repairTimeout, 0);
  }

  return {
    read,
    write,
    repair,
    hints,
    lightweight: transactions,
    withSiblings: (sets) => ({
      onInput(node, input, out) {
        handle.sets = sets;
        onInput(node, input, out);
        handle.sets = null;
      },
    }),
    onInput,
  };

  function onInput(node: Node, input: Input, out: Out): void {
    handle.node = node;
    handle.out = out;
    switch (input.kind) {
      case READ:
        beginRead(node, input, out);
        break;
      case WRITE:
      case DELETE:
      case FORWARD:
        if (handle.sets !== null) beginSibling(node, input, handle.sets, out);
        else beginWrite(node, input, out);
        break;
      case MUTATE:
      case REPAIR:
      case STREAM:
      case HINT:
      case STAND_IN:
      case COMMIT:
        takeVersion(node, input, out, handle.sets);
        break;
      case RECEIVED:
      case MUTATED: {
        const at = find(node.writes, input.a);
        if (at < 0) break;
        handle.peer = input.from;
        stepWrite(at, input.kind === RECEIVED ? received : acknowledged);
        break;
      }
      case FETCH:
        fetch(node, input, out);
        break;
      case PREPARE:
      case PROPOSE:
      case PROMISED:
      case DECLINED:
      case ACCEPTED:
      case COMMITTED:
        takePaxosInput(node, input, out);
        break;
      case FETCHED: {
        if (input.a < 0) {
          takePaxosInput(node, input, out);
          break;
        }
        const at = find(node.reads, input.a);
        if (at < 0) break;
        const isDigest = (input.c & DIGEST) !== 0;
        // One of the first round says nothing that the second does not.
        if (isDigest && readsAgain[node.reads.words[at + STATE]!] === 1) break;
        handle.peer = input.from;
        handle.value = input.b;
        handle.flags = isDigest ? input.c & ~DIGEST : input.c;
        handle.hi = input.d;
        handle.lo = input.e;
        handle.bytes = isDigest ? -1 : input.bytes - MESSAGE_BYTES;
        stepRead(at, answered);
        break;
      }
      case REPAIRED: {
        const at = find(node.reads, input.a);
        if (at < 0) break;
        handle.peer = input.from;
        stepRead(at, repaired);
        break;
      }
      case COMPARE:
        answerComparison(node, input, out);
        break;
      case COMPARED:
        if (takeAnswer(node, input.from, input.a, input.b))
          stepRepair(input.c === 1 ? same : differs, input.b);
        break;
      case STREAMED:
        if (takeReceipt(node, input.from, input.a)) stepRepair(streamed, input.a);
        break;
      case GOSSIP: {
        const before = node.up;
        hear(node, input.from, out);
        if (before !== node.up) tellOfLiveness(before);
        break;
      }
      case HINTED:
        if (isFirstKept(node, input)) stepHints(input.from, handedOver);
        break;
      case PING:
        out.send(input.from, PONG, 0, 0, 0, 0, 0, MESSAGE_BYTES);
        break;
      case TIMER:
        fire(node, input.a, out);
        break;
      case FLUSHED:
        if (input.b === ACCEPTORS_SYNC) takePaxosInput(node, input, out);
        else {
          synced(node, out, handle.sets, ownTaken);
          if (node.acceptors.own.length > 0) {
            attempt.node = node;
            attempt.out = out;
            finishTransactions();
          }
        }
        break;
      case START:
        for (let peer = 0; peer < node.settings.nodes; peer++) {
          handoff.node = node;
          handoff.out = out;
          handoff.peer = peer;
          node.handoffs[peer] = hints.start(handoff);
        }
        beginGossip(node, out);
        node.repair.state = repair.start(handle);
        break;
      case RESTARTED:
        beginGossip(node, out);
        beginPurging(node, out);
        node.repair.state = repair.start(handle);
        for (let peer = 0; peer < node.settings.nodes; peer++) stepHints(peer, up);
        break;
      case CRASHED:
        loseAll(node, input.a !== 1);
        break;
      default:
        throw new RangeError(`a node was given input kind ${input.kind}`);
    }
    if (node.newlyHinted !== 0) tellOfHints();
  }
}

/** Whether a write was forwarded to this node before; from now on it was. */
function isDoubled(node: Node, number: number): boolean {
  const { forwarded } = node;
  if (forwarded.includes(number)) return true;
  forwarded[node.forwardedCount++ % forwarded.length] = number;
  return false;
}

/** Whether fewer replicas are held for up than the operation waits for: then it does not begin (Cassandra: Unavailable). */
function refuses(
  node: Node,
  demand: Demand,
  { kind, from, a, b }: Input,
  key: number,
  out: Out,
  client = from,
): boolean {
  const { placement, sloppy } = node.settings;
  if (mayBegin(demand, placement, key, node.up, sloppy)) return false;
  out.note(NOTE_UNAVAILABLE, kind, key, 0, 0);
  out.send(client, REFUSED, a, b, 0, 0, 0, MESSAGE_BYTES);
  return true;
}

/** A place for what a client asks for. */
function take(pool: Pool, { from, a, b }: Input, key: number, client = from): number {
  const at = begin(pool);
  const { words } = pool;
  words[at + CLIENT] = client;
  words[at + CLIENT_SLOT] = a;
  words[at + NUMBER] = b;
  words[at + KEY] = key;
  return at;
}

/** What it keeps for others is on its disk: their charts begin anew. */
function loseAll(node: Node, machineDies: boolean): void {
  node.handoffs.fill(0);
  loseReplica(node, machineDies);
  loseRepair(node.repair);
  node.lightweight.open.length = 0;
  releaseAll(node.reads);
  releaseAll(node.writes);
  forgetWaits(node.readTimeouts);
  forgetWaits(node.speculations);
  forgetWaits(node.writeTimeouts);
}

/** Lowered once: every simulation steps the same tables. */
export const coordinatorKind: CoordinatorKind = lowerCoordinator();

/** What serving a message costs a node. */
export function serviceClassOf(kind: number): number {
  if (kind === READ || kind === FETCH || kind === PREPARE) return SERVICE_READ;
  if (kind === WRITE || kind === DELETE || kind === FORWARD) return SERVICE_WRITE;
  if (kind === PROPOSE || kind === COMMIT) return SERVICE_APPLY;
  if (kind === MUTATE || kind === REPAIR || kind === STREAM || kind === HINT || kind === STAND_IN)
    return SERVICE_APPLY;
  return SERVICE_NONE;
}
