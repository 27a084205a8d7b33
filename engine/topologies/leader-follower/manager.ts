/** The failover manager's state and rules; its modes and timers are `failover.chart.ts`. */

import { type Input, type Out, ROUTE } from '../../kernel/protocol.ts';
import {
  ASK,
  CANVASS,
  DOUBTED,
  LEADS,
  MESSAGE_BYTES,
  NOTE_CHOSEN,
  NOTE_DOUBTED,
  NOTE_SUSPECTED,
  OPINION,
  POWER_OFF,
  PROBE,
  PROMOTE,
  VOTE,
} from './messages.ts';
import { beginAnew, newSignsOfLife, noteSign, type SignsOfLife, silenceUsFor } from './phi.ts';

export interface ManagerSettings {
  readonly replicas: number;
  /** Followers that an acknowledged write waits for, and which may be among them (0: not that one). */
  readonly promised: number;
  readonly priorities: readonly number[];
  readonly automatic: boolean;
  readonly heartbeatUs: number;
  /** Silence of the leader after which it counts as dead, as long as `suspicion` has too little to go by, or where it is absent. */
  readonly timeoutUs: number;
  /** A threshold on φ instead of a fixed time: so many standard deviations, at least so wide. */
  readonly suspicion: {
    readonly deviations: number;
    readonly minDeviationUs: number;
    readonly window: number;
  } | null;
  /** How many observers there are, this one's number, and how many must agree that the leader is down. Their actors follow the replicas. */
  readonly observers: number;
  readonly self: number;
  readonly quorum: number;
  /** How long to wait for votes, and for whom one has voted for. */
  readonly campaignUs: number;
  /** How long to wait for positions, and for the chosen one to lead. */
  readonly electionUs: number;
  /** Actors to be told where to send operations. */
  readonly clients: readonly number[];
  /** The actor of the fencing device that must cut a leader's power before anybody is promoted in its place; −1 for none. */
  readonly power: number;
  /** Whether a majority must have answered: one of them has then outlived each promise to the old leader. */
  readonly needsMajority: boolean;
}

export interface Manager {
  readonly settings: ManagerSettings;
  /** Configuration of the failover chart. */
  mode: number;
  /** The newest term given out or asked for. */
  term: number;
  /** Who leads; −1 during an election. */
  leader: number;
  /** Who led before the election: nobody waits for its answer. */
  suspect: number;
  /** Probes each replica has not answered yet. */
  readonly unanswered: Int32Array;
  /** One bit a replica: who has answered the present question. */
  answered: number;
  /** What they answered: term and LSN of the last record on disk, LSN of the last in memory. */
  readonly flushedTerms: Int32Array;
  readonly flushedLsns: Int32Array;
  readonly lastLsns: Int32Array;
  chosen: number;
  /** As one of several: whether it holds the leader for down, and which others do, one bit each. */
  doubts: boolean;
  agreed: number;
  /** The last term whose leader it held for down together with others. */
  heldDown: number;
  /** The newest epoch it knows, the last it voted in, and the one it asks for votes in. */
  epoch: number;
  votedEpoch: number;
  campaign: number;
  votes: number;
  /** When the leader gave signs of life; null where the time is fixed. */
  readonly signs: SignsOfLife | null;
}

/** What the failover chart sees as its context. */
export interface Care {
  manager: Manager;
  input: Input;
  out: Out;
}

export function newManager(settings: ManagerSettings, leader: number): Manager {
  return {
    settings,
    mode: 0,
    term: 1,
    leader,
    suspect: -1,
    unanswered: new Int32Array(settings.replicas),
    answered: 0,
    flushedTerms: new Int32Array(settings.replicas),
    flushedLsns: new Int32Array(settings.replicas),
    lastLsns: new Int32Array(settings.replicas),
    chosen: -1,
    doubts: false,
    agreed: 0,
    heldDown: 0,
    epoch: 1,
    votedEpoch: 1,
    campaign: 0,
    votes: 0,
    signs: settings.suspicion === null ? null : newSignsOfLife(settings.suspicion.window),
  };
}

/** A manager by itself, with a fixed time. */
export const alone = { suspicion: null, observers: 1, self: 0, quorum: 1, campaignUs: 0 } as const;

/** Asks every replica whether it lives, telling it who leads, and tells clients whom to ask. */
export function probeAll({ manager, out }: Care): void {
  const { replicas, clients } = manager.settings;
  for (let replica = 0; replica < replicas; replica++) {
    out.send(replica, PROBE, manager.term, manager.leader, 0, 0, 0, MESSAGE_BYTES);
    manager.unanswered[replica]! += 1;
  }
  const live = liveReplicas(manager);
  for (const client of clients)
    out.send(client, ROUTE, manager.leader, manager.term, live, 0, 0, MESSAGE_BYTES);
  // One that was cut off learns late who leads since.
  if (manager.leader >= 0) tellOthers({ manager, out }, LEADS, manager.term, manager.leader);
}

function tellOthers(
  { manager, out }: Pick<Care, 'manager' | 'out'>,
  kind: number,
  a: number,
  b: number,
): void {
  const { replicas, observers, self } = manager.settings;
  for (let other = 0; other < observers; other++) {
    if (other !== self) out.send(replicas + other, kind, a, b, 0, 0, 0, MESSAGE_BYTES);
  }
}

/** One bit a replica that has answered within the timeout. */
function liveReplicas({ settings, unanswered }: Manager): number {
  let live = 0;
  for (let replica = 0; replica < settings.replicas; replica++) {
    if ((unanswered[replica]! - 1) * settings.heartbeatUs < settings.timeoutUs) live |= 1 << replica;
  }
  return live;
}

export function noteAlive({ manager, input }: Care): void {
  manager.unanswered[input.from] = 0;
}

export function isFromLeader({ manager, input }: Care): boolean {
  return input.from === manager.leader;
}

export function isAutomatic({ manager }: Care): boolean {
  return manager.settings.automatic;
}

/** Whether somebody is promoted only once the old leader's machine is off. */
export function fencesByPower({ manager }: Care): boolean {
  return manager.settings.automatic && manager.settings.power >= 0;
}

export function askForPowerOff({ manager, out }: Care): void {
  out.send(manager.settings.power, POWER_OFF, manager.suspect, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** OFF: the machine of whoever was suspected last. */
export function isSuspectOff({ manager, input }: Care): boolean {
  return input.a === manager.suspect;
}

/** The chosen one has not said that it leads. It may all the same: it must be off before anybody else does. */
export function suspectChosen({ manager, out }: Care): void {
  out.note(NOTE_SUSPECTED, manager.chosen, manager.term + 1, 0, 0);
  manager.suspect = manager.chosen;
}

/** How long the leader may be silent. Of signs of life the newest is not counted yet: a chart asks for delays before its actions are done. */
export function suspicionUs({ manager }: Care): number {
  const { timeoutUs, suspicion } = manager.settings;
  return suspicion === null ? timeoutUs : silenceUsFor(manager.signs!, { ...suspicion, firstUs: timeoutUs });
}

export function noteLeaderAlive({ manager, out }: Care): void {
  if (manager.signs !== null) noteSign(manager.signs, out.nowUs);
}

/** The leader is held for dead, by all whom it takes. */
export function holdForDown({ manager, out }: Care): void {
  if (manager.leader < 0 || manager.heldDown === manager.term) return;
  manager.heldDown = manager.term;
  out.note(NOTE_SUSPECTED, manager.leader, manager.term + 1, 0, 0);
}

/** Whoever leads next, it is not that one. Of several observers, the one that has the votes leads its epoch. */
export function giveUpLeader({ manager }: Care): void {
  if (manager.leader >= 0) manager.suspect = manager.leader;
  manager.leader = -1;
  if (manager.settings.observers > 1) manager.term = manager.campaign;
}

// One of several observers. Enough of them must agree that the leader is down; then one of them needs the votes of most.

export function isOneOfSeveral({ manager }: Care): boolean {
  return manager.settings.automatic && manager.settings.observers > 1;
}

export function trustLeader({ manager }: Care): void {
  manager.doubts = false;
}

export function noteDoubt({ manager, out }: Care): void {
  manager.doubts = true;
  if (manager.leader >= 0) out.note(NOTE_DOUBTED, manager.leader, manager.term, 0, 0);
}

export function hasDoubts({ manager }: Care): boolean {
  return manager.doubts;
}

export function askOthers({ manager, out }: Care): void {
  manager.agreed = manager.doubts ? 1 << manager.settings.self : 0;
  tellOthers({ manager, out }, DOUBTED, manager.term, 0);
}

export function giveOpinion({ manager, input, out }: Care): void {
  const agrees = manager.doubts && input.a === manager.term;
  out.send(input.from, OPINION, input.a, agrees ? 1 : 0, 0, 0, 0, MESSAGE_BYTES);
}

export function isEnoughAlone({ manager }: Care): boolean {
  return manager.doubts && manager.settings.quorum <= 1;
}

function agreedWith({ agreed, term, settings }: Manager, { from, a, b }: Input): number {
  return a === term && b === 1 ? agreed | (1 << (from - settings.replicas)) : agreed;
}

export function agreesEnough({ manager, input }: Care): boolean {
  return count(agreedWith(manager, input)) >= manager.settings.quorum;
}

export function noteOpinion({ manager, input }: Care): void {
  manager.agreed = agreedWith(manager, input);
}

/** A new epoch, in which this observer votes for itself. */
export function askForVotes({ manager, out }: Care): void {
  manager.epoch = Math.max(manager.epoch, manager.term) + 1;
  manager.campaign = manager.epoch;
  manager.votedEpoch = manager.epoch;
  manager.votes = 1 << manager.settings.self;
  tellOthers({ manager, out }, CANVASS, manager.epoch, 0);
}

/** CANVASS: one vote an epoch, and none in an old one. */
export function mayVote({ manager, input }: Care): boolean {
  return input.a > manager.votedEpoch && input.a > manager.term;
}

export function voteFor({ manager, input, out }: Care): void {
  manager.votedEpoch = input.a;
  manager.epoch = Math.max(manager.epoch, input.a);
  out.send(input.from, VOTE, input.a, 1, manager.epoch, 0, 0, MESSAGE_BYTES);
}

export function refuseVote({ manager, input, out }: Care): void {
  out.send(input.from, VOTE, input.a, 0, Math.max(manager.epoch, manager.term), 0, 0, MESSAGE_BYTES);
}

function votesWith({ votes, campaign, settings }: Manager, { from, a, b }: Input): number {
  return a === campaign && b === 1 ? votes | (1 << (from - settings.replicas)) : votes;
}

/** VOTE: counting this one, most of all observers have voted for this one, and no fewer than must agree. */
export function authorises({ manager, input }: Care): boolean {
  const { observers, quorum } = manager.settings;
  const votes = count(votesWith(manager, input));
  return 2 * votes > observers && votes >= quorum;
}

export function noteVote({ manager, input }: Care): void {
  manager.votes = votesWith(manager, input);
  manager.epoch = Math.max(manager.epoch, input.c);
}

/** LEADS: another observer, or an operator, has had a newer leader. */
export function isNewerLeader({ manager, input }: Care): boolean {
  return input.a > manager.term;
}

export function adoptLeader({ manager, input }: Care): void {
  manager.term = input.a;
  manager.epoch = Math.max(manager.epoch, input.a);
  manager.leader = input.b;
  if (manager.signs !== null) beginAnew(manager.signs);
}

function count(bits: number): number {
  let ones = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) ones++;
  return ones;
}

// A failover.

/**
 * Begins a new term and asks everybody, the silent leader too, where their logs end. Whoever answers takes nothing from
 * older leaders any more: otherwise a follower could confirm a write to the old leader after it gave its position, and
 * that write would be acknowledged and lost.
 */
export function askPositions({ manager, out }: Care): void {
  if (manager.settings.observers === 1) manager.term += 1;
  manager.answered = 0;
  manager.chosen = -1;
  for (let replica = 0; replica < manager.settings.replicas; replica++) {
    out.send(replica, ASK, manager.term, 0, 0, 0, 0, MESSAGE_BYTES);
  }
}

export function isLateAnswer({ manager, input }: Care): boolean {
  return input.a !== manager.term;
}

export function notePosition({ manager, input }: Care): void {
  manager.answered |= 1 << input.from;
  manager.flushedTerms[input.from] = input.b;
  manager.flushedLsns[input.from] = input.c;
  manager.lastLsns[input.from] = input.d;
}

/** Every replica but the suspected leader, from whom nothing is expected. */
export function completesAnswers({ manager, input }: Care): boolean {
  if (!areEnough(manager, manager.answered | (1 << input.from))) return false;
  const answered = manager.answered | (1 << input.from) | (1 << manager.suspect);
  for (let replica = 0; replica < manager.settings.replicas; replica++) {
    if ((answered & (1 << replica)) === 0) return false;
  }
  return true;
}

/**
 * Whether one of those who answered must hold each acknowledged write. Its leader, whoever that was, and as many of the
 * followers listed as it waits for hold it, so those who do not answer must be too few to be all of them. Asynchronous
 * writes have no such promise, and anybody will do. Source: Patroni documentation, quorum commit mode.
 */
export function hasEnoughAnswers({ manager }: Care): boolean {
  return areEnough(manager, manager.answered);
}

function areEnough({ settings }: Manager, answered: number): boolean {
  const { replicas, promised, priorities, needsMajority } = settings;
  const answers = count(answered);
  if (needsMajority && 2 * answers <= replicas) return false;
  if (promised === 0) return answers > 0;
  let listed = 0;
  let others = 0;
  for (let replica = 0; replica < replicas; replica++) {
    if ((answered & (1 << replica)) !== 0) continue;
    if (priorities[replica]! > 0) listed++;
    else others++;
  }
  return listed < (others > 0 ? promised : promised + 1);
}

/**
 * The replica whose disk ends last, by (term, LSN): it holds every record that the disks of those who answered hold.
 * Among equals, the one with the most in memory.
 */
export function choose({ manager, out }: Care): void {
  let chosen = -1;
  for (let replica = 0; replica < manager.settings.replicas; replica++) {
    if ((manager.answered & (1 << replica)) === 0) continue;
    if (chosen < 0 || isMoreAdvanced(manager, replica, chosen)) chosen = replica;
  }
  manager.chosen = chosen;
  out.note(NOTE_CHOSEN, chosen, manager.term, 0, 0);
}

function isMoreAdvanced(
  { flushedTerms, flushedLsns, lastLsns }: Manager,
  replica: number,
  than: number,
): boolean {
  if (flushedTerms[replica] !== flushedTerms[than]) return flushedTerms[replica]! > flushedTerms[than]!;
  if (flushedLsns[replica] !== flushedLsns[than]) return flushedLsns[replica]! > flushedLsns[than]!;
  return lastLsns[replica]! > lastLsns[than]!;
}

/** OPERATOR: somebody decides who leads next. Nobody asks what its log lacks. */
export function takeOperatorsChoice({ manager, input, out }: Care): void {
  manager.suspect = manager.leader;
  manager.leader = -1;
  manager.term += 1;
  manager.chosen = input.b;
  out.note(NOTE_CHOSEN, manager.chosen, manager.term, 0, 0);
}

export function promoteChosen({ manager, out }: Care): void {
  out.send(manager.chosen, PROMOTE, manager.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

export function isChosen({ manager, input }: Care): boolean {
  return input.from === manager.chosen && input.a === manager.term;
}

export function announce(care: Care): void {
  care.manager.leader = care.manager.chosen;
  if (care.manager.signs !== null) beginAnew(care.manager.signs);
  probeAll(care);
}
