/**
 * A group of clients in one place: independent users who ask whether or not they were answered (an open loop), each on
 * a connection of its own. Operations in flight are pooled; a message carries the slot and the operation's number, so an
 * answer that comes after the client gave up is told from the answer to a later operation in the same slot.
 */

import type { LatencyTable } from '../kernel/latency.ts';
import { sampleLatency } from '../kernel/latency.ts';
import {
  BEHIND,
  bitCount,
  DELETE,
  type Input,
  type NodeKind,
  type Out,
  PING,
  PONG,
  pick,
  READ,
  READ_OK,
  REFUSED,
  ROUTE,
  START,
  TIMED_OUT,
  TIMER,
  WRITE,
  WRITE_OK,
} from '../kernel/protocol.ts';
import { LATEST_US } from '../kernel/queue.ts';
import {
  type ContextRule,
  type Contexts,
  newContexts,
  noteContext,
  takeContext,
  widenContexts,
} from './contexts.ts';
import type { KeyChooser } from './keys.ts';
import { change, newRerouting, type Rerouting, type Routing, reached } from './routing.ts';
import {
  addFollowUp,
  newUsers,
  nextFollowUpUs,
  noteSeen,
  pinned,
  type ReadRemedies,
  seenAt,
  takeFollowUp,
  takeUp,
  type UserSettings,
  type Users,
} from './users.ts';

/** An operation began: slot, number, kind (READ, WRITE or DELETE), key. */
export const NOTE_BEGAN = 16;
/** An operation ended: slot, outcome, and for ok ones the term and LSN of what was read or written. */
export const NOTE_ENDED = 17;
/** Where users are told apart or the history is recorded, before a read's end: slot, number of the write whose value was read, who answered. */
export const NOTE_FOUND = 18;

export const OK = 0;
export const FAIL = 1;
export const INFO = 2;
export type Outcome = typeof OK | typeof FAIL | typeof INFO;
export const outcomes = ['ok', 'fail', 'info'] as const;

const REQUEST_BYTES = 64;

// A group's own streams of chance.
const READ_ARRIVALS = 0;
const WRITE_ARRIVALS = 1;
const KEYS = 2;
const ROUTES = 3;
const USERS = 4;
const DELETE_ARRIVALS = 5;
export const clientChances = [
  'read arrivals',
  'write arrivals',
  'keys',
  'routes',
  'users',
  'delete arrivals',
] as const;

// Timers of a group.
const NEXT_READ = 0;
const NEXT_WRITE = 1;
const GIVE_UP = 2;
const READ_AFTER_WRITE = 3;
const LOOK_AGAIN = 4;
const NEXT_DELETE = 5;
export const CLIENT_TIMERS = 6;
export const clientTimerNames = [
  'the wait for the next read',
  'the wait for the next write',
  'the patience for an answer',
  'the wait to read what was written',
  'the wait before silent nodes are looked for',
  'the wait for the next delete',
] as const;

/** Where reads go: the leader, a live follower chosen at random, or the nearest live replica, at random among equals. */
export type ReadRoute = 'leader' | 'followers' | 'nearest';

/**
 * How a group's balancer chooses among the replicas that reads may go to: at random, each in turn, the one that owes
 * the fewest answers, the next in turn among equals, or always the first.
 */
export type Balance = 'random' | 'round-robin' | 'least-outstanding' | 'first';

/** A shard as a group of clients knows it: its replicas, and what it was last told of them. */
export interface Route {
  /** The actor of its first replica; the others follow it. */
  readonly firstActor: number;
  /** Mean one-way delay to each replica. */
  readonly distancesUs: readonly number[];
  /** Which of the replicas leads, counted from 0. */
  leader: number;
  /** The newest term it was told of. */
  term: number;
  /** One bit a live replica. */
  live: number;
  /** Where a change of the leader takes its time to reach users; null where the group asks whom it was told at once. */
  readonly rerouting: Rerouting | null;
  /** When the replica that it takes for the leader last answered, where it finds the leader by itself. */
  heardUs: number;
  /** When each replica last answered, where any takes any operation. */
  readonly answeredUs: Float64Array;
  /** The replica that the balancer chose last. */
  chosen: number;
  /** Per replica: operations that it owes an answer, where the balancer goes by that. */
  readonly outstanding: Int32Array;
}

export interface ClientSettings {
  /** This group's operations are numbered group, group + groups, group + 2 × groups …: unique in the whole run. */
  readonly group: number;
  readonly groups: number;
  readonly reads: ReadRoute;
  readonly balance: Balance;
  /** The same for writes, where that is otherwise; null: as reads. */
  readonly writeBalance: Balance | null;
  /** How a change of the leader reaches users; null where they are told at once. */
  readonly routing: Routing | null;
  /** Whether the group finds the leader by itself: by what replicas say that refuse, and by trying the next one. */
  readonly seeksLeader: boolean;
  /** Whether any replica takes any operation: the group asks those that reads may go to, and leaves alone who was silent. */
  readonly asksAnybody: boolean;
  /** Who holds a key, a bit each, where clients know; they ask one of those if any is among the nearest. */
  readonly holdersOf: ((key: number) => number) | null;
  readonly valueBytes: number;
  readonly timeoutUs: number;
  readonly keys: KeyChooser;
  /** Time between arrivals in ticks of 1/`ticksPerUs` µs, or null where the group never asks. */
  readonly readEvery: Arrivals | null;
  readonly writeEvery: Arrivals | null;
  readonly deleteEvery: Arrivals | null;
  /** What writes say of what their writers had read; null where that is not asked. */
  readonly context: ContextRule | null;
  /** Whether somebody wants to know which write's value a read found. */
  readonly tellsFound: boolean;
  /** null where users are not told apart. */
  readonly users: UserSettings | null;
  /** Only where users are told apart; null for none. */
  readonly remedies: ReadRemedies | null;
}

/** Time between arrivals, finer than a microsecond where they are many, so that any rate is kept; a power of two. */
export interface Arrivals {
  readonly table: LatencyTable;
  readonly ticksPerUs: number;
}

export interface ClientGroup {
  readonly settings: ClientSettings;
  /** By shard. Key k is in shard k modulo their number. */
  readonly routes: readonly Route[];
  readonly users: Users | null;
  readonly contexts: Contexts | null;
  /** False once the workload is over. */
  asking: boolean;
  /** False once the group's own time is over: nobody new asks, but users come back for what they wrote. */
  arriving: boolean;
  nextNumber: number;
  /** What the last times between arrivals left over, in ticks: of reads, writes, deletes. */
  readonly ticksLeft: Float64Array;
  /** Per slot: the number of the open operation (−1 where free), neighbours in the order of begin, when to give up. */
  numbers: Int32Array;
  previous: Int32Array;
  next: Int32Array;
  deadlinesUs: Float64Array;
  /** Per slot: the actor that was asked. */
  targets: Int32Array;
  oldest: number;
  newest: number;
  free: number;
  /** Operations in flight. */
  open: number;
}

export function newRoute(
  firstActor: number,
  distancesUs: readonly number[],
  leader: number,
  takesTime = false,
): Route {
  const replicas = distancesUs.length;
  return {
    firstActor,
    distancesUs,
    leader,
    term: 0,
    live: (1 << replicas) - 1,
    rerouting: takesTime ? newRerouting(leader) : null,
    heardUs: 0,
    answeredUs: new Float64Array(replicas),
    chosen: 0,
    outstanding: new Int32Array(replicas),
  };
}

export function newClientGroup(settings: ClientSettings, routes: readonly Route[]): ClientGroup {
  const slots = 8;
  return {
    settings,
    routes,
    users: settings.users === null ? null : newUsers(settings.users, routes.length),
    contexts:
      settings.context === null
        ? null
        : newContexts(settings.context, slots, settings.users?.count ?? 0, settings.keys.count),
    asking: true,
    arriving: true,
    nextNumber: settings.group + settings.groups,
    ticksLeft: new Float64Array(asked.length),
    numbers: new Int32Array(slots).fill(-1),
    previous: new Int32Array(slots).fill(-1),
    next: Int32Array.from({ length: slots }, (_, slot) => (slot + 1 < slots ? slot + 1 : -1)),
    deadlinesUs: new Float64Array(slots),
    targets: new Int32Array(slots),
    oldest: -1,
    newest: -1,
    free: 0,
    open: 0,
  };
}

export const clientKind: NodeKind<ClientGroup> = {
  onInput(group, input, out) {
    switch (input.kind) {
      case START:
        for (let which = 0; which < asked.length; which++) waitForNext(group, out, which);
        break;
      case TIMER:
        if (input.a === GIVE_UP) giveUp(group, out);
        else if (input.a === READ_AFTER_WRITE) readWhatWasWritten(group, out);
        else if (input.a === LOOK_AGAIN) lookForSilent(group, out);
        else if (group.asking && group.arriving) arrive(group, out, input.a);
        break;
      case READ_OK:
        noteHeard(group, input, out);
        if (group.users !== null && isOpen(group, input)) noteRead(group.users, out, input);
        else if (group.settings.tellsFound && isOpen(group, input))
          out.note(NOTE_FOUND, input.a, input.e, input.from, 0);
        if (group.contexts === null) end(group, out, input, OK, input.c, input.d);
        else endRead(group, group.contexts, out, input);
        break;
      case WRITE_OK:
        noteHeard(group, input, out);
        if (group.users !== null && input.e !== 1 && isOpen(group, input))
          noteWritten(group, group.users, out, input);
        // With a warning, the write is done where it was asked for, and may be nowhere else.
        end(group, out, input, input.e === 1 ? INFO : OK, input.c, input.d);
        break;
      case TIMED_OUT:
        noteHeard(group, input, out);
        end(group, out, input, INFO, 0, 0);
        break;
      case PONG:
        noteHeard(group, input, out);
        break;
      case REFUSED:
        if (group.settings.asksAnybody) noteHeard(group, input, out);
        if (group.settings.seeksLeader) takeHint(group.routes, input, out);
        end(group, out, input, FAIL, 0, 0);
        break;
      case BEHIND:
        if (isOpen(group, input)) askLeader(group, out, input.a);
        break;
      case ROUTE:
        follow(group.settings, shardOfSender(group.routes, input.from), input, out);
        break;
      default:
        throw new RangeError(`a client was given input kind ${input.kind}`);
    }
  },
};

function follow({ routing }: ClientSettings, route: Route, input: Input, out: Out): void {
  // One that was overtaken tells of the past.
  if (input.b < route.term) return;
  route.term = input.b;
  // During an election there is nobody better to ask than the leader there was.
  if (input.a >= 0) {
    if (route.rerouting === null) route.leader = input.a;
    else change(route.rerouting, routing!, input.a, out.nowUs, () => out.draw(ROUTES));
  }
  route.live = input.c;
}

function noteHeard({ settings, routes }: ClientGroup, input: Input, out: Out): void {
  if (settings.seeksLeader) hear(routes, input, out);
  if (!settings.asksAnybody) return;
  const route = shardOfSender(routes, input.from);
  const replica = input.from - route.firstActor;
  route.answeredUs[replica] = out.nowUs;
  route.live |= 1 << replica;
}

// Where any replica takes any operation.

/** How long a client waits before it tries to connect again, as the DataStax driver does at first. */
const lookAgainUs = 1_000_000;

/** An operation is given up. A node that has been silent all the while is left alone until it answers. */
function leaveSilent({ settings, routes, targets, deadlinesUs }: ClientGroup, slot: number, out: Out): void {
  const target = targets[slot]!;
  const route = shardOfSender(routes, target);
  const replica = target - route.firstActor;
  if (route.answeredUs[replica]! > deadlinesUs[slot]! - settings.timeoutUs) return;
  route.live &= ~(1 << replica);
  out.startTimer(LOOK_AGAIN, lookAgainUs);
}

function lookForSilent({ routes, asking }: ClientGroup, out: Out): void {
  let isAnySilent = false;
  for (const { live, firstActor, distancesUs } of routes) {
    for (let replica = 0; replica < distancesUs.length; replica++) {
      if ((live & (1 << replica)) !== 0) continue;
      isAnySilent = true;
      out.send(firstActor + replica, PING, 0, 0, 0, 0, 0, REQUEST_BYTES);
    }
  }
  if (isAnySilent && asking) out.startTimer(LOOK_AGAIN, lookAgainUs);
}

// Where nobody tells the group who leads.

function hear(routes: readonly Route[], { from }: Input, out: Out): void {
  const route = shardOfSender(routes, from);
  if (from === route.firstActor + route.leader) route.heardUs = out.nowUs;
}

/** A replica refuses: it follows another, or knows of no leader, and then the next replica may. */
function takeHint(routes: readonly Route[], input: Input, out: Out): void {
  hear(routes, input, out);
  const route = shardOfSender(routes, input.from);
  // A busy server says nothing of who leads.
  if (input.c === 0 || input.d < route.term) return;
  route.term = input.d;
  if (input.c > 0) route.leader = input.c - 1;
  else if (input.from === route.firstActor + route.leader) tryNext(route);
}

/** An operation is given up. Where its replica has been silent all the while, the next one is tried, and it is not read from. */
function noteSilence(group: ClientGroup, slot: number): void {
  const target = group.targets[slot]!;
  const route = shardOfSender(group.routes, target);
  const replica = target - route.firstActor;
  const everybody = (1 << route.distancesUs.length) - 1;
  if (replica !== route.leader) route.live = everybody & ~(1 << replica);
  else if (route.heardUs <= group.deadlinesUs[slot]! - group.settings.timeoutUs) {
    route.live = everybody & ~(1 << replica);
    tryNext(route);
  }
}

function tryNext(route: Route): void {
  route.leader = (route.leader + 1) % route.distancesUs.length;
}

/** The shard that an actor serves: members of one follow each other, its replicas first. */
function shardOfSender(routes: readonly Route[], sender: number): Route {
  let shard = routes.length - 1;
  while (shard > 0 && routes[shard]!.firstActor > sender) shard--;
  return routes[shard]!;
}

/** Kinds of operations that a group asks for: what begins when a timer fires, and whose chance says when it does again. */
const asked = [
  { timer: NEXT_READ, kind: READ, chance: READ_ARRIVALS },
  { timer: NEXT_WRITE, kind: WRITE, chance: WRITE_ARRIVALS },
  { timer: NEXT_DELETE, kind: DELETE, chance: DELETE_ARRIVALS },
] as const;

/** Starts the timer of the next arrival; begins at once what arrives within the same microsecond. */
function waitForNext(group: ClientGroup, out: Out, which: number): void {
  const { timer, kind, chance } = asked[which]!;
  const { readEvery, writeEvery, deleteEvery } = group.settings;
  const every = which === 0 ? readEvery : which === 1 ? writeEvery : deleteEvery;
  if (every === null) return;
  let left = group.ticksLeft[which]!;
  for (;;) {
    const ticks = left + sampleLatency(every.table, out.draw(chance));
    const delayUs = Math.min(Math.floor(ticks / every.ticksPerUs), LATEST_US);
    left = ticks - delayUs * every.ticksPerUs;
    if (delayUs > 0) {
      out.startTimer(timer, delayUs);
      break;
    }
    begin(group, out, kind);
  }
  group.ticksLeft[which] = left;
}

function arrive(group: ClientGroup, out: Out, timer: number): void {
  const which = timer === NEXT_DELETE ? 2 : timer;
  begin(group, out, asked[which]!.kind);
  waitForNext(group, out, which);
}

/** Begins an operation, of a user and a key chosen at random unless they are given. */
function begin(
  group: ClientGroup,
  out: Out,
  wanted: number,
  givenUser = -1,
  givenKey = -1,
  term = 0,
  lsn = 0,
): void {
  const { settings, users, contexts } = group;
  // What is to be written is read first; that write then comes with its key.
  const readsFirst = wanted === WRITE && contexts !== null && contexts.rule === 'read-first' && givenKey < 0;
  const kind = readsFirst ? READ : wanted;
  const reading = kind === READ;
  const slot = takeSlot(group);
  const number = group.nextNumber;
  group.nextNumber += settings.groups;
  if (group.nextNumber > 0x7fff_ffff) throw new RangeError('the run has more than 2^31 operations');
  group.numbers[slot] = number;
  group.deadlinesUs[slot] = out.nowUs + settings.timeoutUs;
  if (group.open === 1) out.startTimer(GIVE_UP, settings.timeoutUs);
  const key = givenKey >= 0 ? givenKey : settings.keys.choose(out, KEYS);
  if (users !== null) {
    const user = givenUser >= 0 ? givenUser : pick(out.draw(USERS), users.settings.count);
    takeUp(users, slot, user, key);
  }
  const route = group.routes.length === 1 ? group.routes[0]! : group.routes[key % group.routes.length]!;
  if (route.rerouting !== null)
    route.leader = reached(route.rerouting, settings.routing!, out.nowUs, () => out.draw(ROUTES));
  const replica =
    reading || settings.asksAnybody ? replicaToAsk(group, route, slot, key, reading, out) : route.leader;
  const target = route.firstActor + replica;
  if (contexts !== null) {
    contexts.keysToWrite[slot] = readsFirst ? key : -1;
    takeContext(contexts, slot, { user: users === null ? 0 : users.ofSlot[slot]!, key, term, lsn });
  }
  out.note(NOTE_BEGAN, slot, number, kind, key);
  if (reading) sendRead(group, out, target, slot, key);
  else {
    group.targets[slot] = target;
    countOutstanding(group, target, 1);
    const readTerm = contexts === null ? 0 : contexts.ofSlot[slot * 2]!;
    const readLsn = contexts === null ? 0 : contexts.ofSlot[slot * 2 + 1]!;
    const bytes = kind === DELETE ? REQUEST_BYTES : settings.valueBytes;
    out.send(target, kind, slot, number, key, readTerm, readLsn, bytes);
  }
}

function sendRead(group: ClientGroup, out: Out, target: number, slot: number, key: number): void {
  const { users, settings } = group;
  let term = 0;
  let lsn = 0;
  if (users !== null && settings.remedies?.carriesSeen === true) {
    const at = seenAt(users, users.ofSlot[slot]!, key);
    term = users.seen[at]!;
    lsn = users.seen[at + 1]!;
  }
  group.targets[slot] = target;
  countOutstanding(group, target, 1);
  out.send(target, READ, slot, group.numbers[slot]!, key, term, lsn, REQUEST_BYTES);
}

/** The replica that was asked lags too far behind what the user has seen. */
function askLeader(group: ClientGroup, out: Out, slot: number): void {
  const key = group.users!.keyOfSlot[slot]!;
  const route = group.routes[key % group.routes.length]!;
  countOutstanding(group, group.targets[slot]!, -1);
  sendRead(group, out, route.firstActor + route.leader, slot, key);
}

/** Where an operation goes that more than the leader may take. */
function replicaToAsk(
  group: ClientGroup,
  route: Route,
  slot: number,
  key: number,
  reading: boolean,
  out: Out,
): number {
  const { writeBalance } = group.settings;
  return reading || writeBalance === null
    ? replicaToRead(group, route, slot, key, out)
    : readTarget(route, group.settings, writeBalance, key, out);
}

/** Where a read goes, with what is done for its user. */
function replicaToRead(
  { users, settings }: ClientGroup,
  route: Route,
  slot: number,
  key: number,
  out: Out,
): number {
  const { remedies, reads, balance } = settings;
  if (users === null || remedies === null) return readTarget(route, settings, balance, key, out);
  const user = users.ofSlot[slot]!;
  if (users.leaderUntilUs[user]! > out.nowUs) return route.leader;
  if (!remedies.sticky) return readTarget(route, settings, balance, key, out);
  const from = candidates(route, reads);
  return from === 0 ? route.leader : pinned(user, from);
}

function readTarget(
  route: Route,
  { reads, holdersOf }: ClientSettings,
  balance: Balance,
  key: number,
  out: Out,
): number {
  if (reads === 'leader') return route.leader;
  const near = candidates(route, reads);
  const from = holdersOf === null ? near : near & holdersOf(key) || near;
  const count = bitCount(from);
  if (count === 0) return route.leader;
  if (balance === 'first') return 31 - Math.clz32(from & -from);
  if (balance !== 'random') return (route.chosen = inTurn(route, from, balance === 'least-outstanding'));
  let skip = count === 1 ? 0 : pick(out.draw(ROUTES), count);
  for (let replica = 0; ; replica++) {
    if ((from & (1 << replica)) !== 0 && skip-- === 0) return replica;
  }
}

/** The next of the replicas after the one chosen last; if asked for, of those that owe the fewest answers. */
function inTurn({ chosen, outstanding }: Route, from: number, fewest: boolean): number {
  const replicas = outstanding.length;
  let best = -1;
  for (let step = 1; step <= replicas; step++) {
    const replica = (chosen + step) % replicas;
    if ((from & (1 << replica)) === 0) continue;
    if (!fewest) return replica;
    if (best < 0 || outstanding[replica]! < outstanding[best]!) best = replica;
  }
  return best;
}

/** A replica owes one answer more, or one less. */
function countOutstanding({ settings, routes }: ClientGroup, target: number, change: 1 | -1): void {
  if (settings.balance !== 'least-outstanding') return;
  const route = shardOfSender(routes, target);
  route.outstanding[target - route.firstActor]! += change;
}

/** Replicas that may be read from, a bit each. */
function candidates({ live, leader, distancesUs }: Route, reads: ReadRoute): number {
  if (reads === 'leader') return 1 << leader;
  return reads === 'followers' ? live & ~(1 << leader) : nearest(live, distancesUs);
}

/** Of the live replicas those with the smallest distance. */
function nearest(live: number, distancesUs: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  let mask = 0;
  for (let replica = 0; replica < distancesUs.length; replica++) {
    const distanceUs = distancesUs[replica]!;
    if ((live & (1 << replica)) === 0 || distanceUs > least) continue;
    mask = distanceUs < least ? 1 << replica : mask | (1 << replica);
    least = distanceUs;
  }
  return mask;
}

function noteRead(users: Users, out: Out, { from, a: slot, c: term, d: lsn, e: value }: Input): void {
  noteSeen(users, slot, term, lsn);
  out.note(NOTE_FOUND, slot, value, from, 0);
}

function noteWritten({ settings }: ClientGroup, users: Users, out: Out, input: Input): void {
  const { a: slot, c: term, d: lsn } = input;
  noteSeen(users, slot, term, lsn);
  if (settings.remedies !== null)
    users.leaderUntilUs[users.ofSlot[slot]!] = out.nowUs + settings.remedies.leaderForUs;
  planFollowUp(users, out, slot);
}

/** The user of an acknowledged write comes back for what it wrote. */
function planFollowUp(users: Users, out: Out, slot: number): void {
  const { readAfterWriteUs } = users.settings;
  if (readAfterWriteUs < 0) return;
  addFollowUp(users, slot, out.nowUs + readAfterWriteUs);
  if (users.followUps.count === 1) out.startTimer(READ_AFTER_WRITE, readAfterWriteUs);
}

function readWhatWasWritten(group: ClientGroup, out: Out): void {
  const { users } = group;
  if (users === null || !group.asking) return;
  while (nextFollowUpUs(users) <= out.nowUs) {
    const at = takeFollowUp(users);
    begin(group, out, READ, users.followUps.users[at]!, users.followUps.keys[at]!);
  }
  if (users.followUps.count > 0) out.startTimer(READ_AFTER_WRITE, nextFollowUpUs(users) - out.nowUs);
}

/** Whether an answer is to an operation that the client has not given up. */
function isOpen(group: ClientGroup, { a: slot, b: number }: Input): boolean {
  return slot < group.numbers.length && group.numbers[slot] === number;
}

/** Ends the operation that an answer is to, unless the client has given it up. */
function end(group: ClientGroup, out: Out, input: Input, outcome: Outcome, term: number, lsn: number): void {
  if (!isOpen(group, input)) return;
  const slot = input.a;
  out.note(NOTE_ENDED, slot, outcome, term, lsn);
  releaseSlot(group, slot);
}

/** A read ends where writes say what was read: it is remembered, or written after. */
function endRead(group: ClientGroup, contexts: Contexts, out: Out, input: Input): void {
  if (!isOpen(group, input)) return;
  const { a: slot, c: term, d: lsn } = input;
  const { users } = group;
  const user = users === null ? -1 : users.ofSlot[slot]!;
  if (contexts.rule === 'last-read') noteContext(contexts, user, users!.keyOfSlot[slot]!, term, lsn);
  const key = contexts.keysToWrite[slot]!;
  end(group, out, input, OK, term, lsn);
  if (key >= 0 && group.asking) begin(group, out, WRITE, user, key, term, lsn);
}

/** Ends what has waited for the whole timeout: it may have happened. */
function giveUp(group: ClientGroup, out: Out): void {
  while (group.oldest >= 0 && group.deadlinesUs[group.oldest]! <= out.nowUs) {
    const slot = group.oldest;
    if (group.settings.seeksLeader) noteSilence(group, slot);
    if (group.settings.asksAnybody) leaveSilent(group, slot, out);
    out.note(NOTE_ENDED, slot, INFO, 0, 0);
    releaseSlot(group, slot);
  }
  if (group.oldest >= 0) out.startTimer(GIVE_UP, group.deadlinesUs[group.oldest]! - out.nowUs);
}

function takeSlot(group: ClientGroup): number {
  if (group.free < 0) widen(group);
  const slot = group.free;
  group.free = group.next[slot]!;
  group.previous[slot] = group.newest;
  group.next[slot] = -1;
  if (group.newest >= 0) group.next[group.newest] = slot;
  else group.oldest = slot;
  group.newest = slot;
  group.open++;
  return slot;
}

function releaseSlot(group: ClientGroup, slot: number): void {
  const previous = group.previous[slot]!;
  const next = group.next[slot]!;
  if (previous >= 0) group.next[previous] = next;
  else group.oldest = next;
  if (next >= 0) group.previous[next] = previous;
  else group.newest = previous;
  countOutstanding(group, group.targets[slot]!, -1);
  group.numbers[slot] = -1;
  group.next[slot] = group.free;
  group.free = slot;
  group.open--;
}

function widen(group: ClientGroup): void {
  const slots = group.numbers.length;
  const numbers = new Int32Array(slots * 2).fill(-1);
  numbers.set(group.numbers);
  const previous = new Int32Array(slots * 2).fill(-1);
  previous.set(group.previous);
  const next = Int32Array.from({ length: slots * 2 }, (_, slot) => (slot + 1 < slots * 2 ? slot + 1 : -1));
  next.set(group.next);
  const deadlinesUs = new Float64Array(slots * 2);
  deadlinesUs.set(group.deadlinesUs);
  group.numbers = numbers;
  group.previous = previous;
  group.next = next;
  group.deadlinesUs = deadlinesUs;
  const targets = new Int32Array(slots * 2);
  targets.set(group.targets);
  group.targets = targets;
  if (group.contexts !== null) widenContexts(group.contexts);
  group.free = slots;
}
