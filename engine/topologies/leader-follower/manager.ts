/** The failover manager's state and rules; its modes and timers are `failover.chart.ts`. */

import { type Input, type Out, ROUTE } from '../../kernel/protocol.ts';
import { ASK, MESSAGE_BYTES, NOTE_CHOSEN, NOTE_SUSPECTED, POWER_OFF, PROBE, PROMOTE } from './messages.ts';

export interface ManagerSettings {
  readonly replicas: number;
  /** Followers that an acknowledged write waits for, and which may be among them (0: not that one). */
  readonly promised: number;
  readonly priorities: readonly number[];
  readonly automatic: boolean;
  readonly heartbeatUs: number;
  /** Silence of the leader after which it counts as dead. */
  readonly timeoutUs: number;
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
  };
}

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

export function suspectLeader({ manager, out }: Care): void {
  out.note(NOTE_SUSPECTED, manager.leader, manager.term + 1, 0, 0);
  manager.suspect = manager.leader;
  manager.leader = -1;
}

/**
 * Begins a new term and asks everybody, the silent leader too, where their logs end. Whoever answers takes nothing from
 * older leaders any more: otherwise a follower could confirm a write to the old leader after it gave its position, and
 * that write would be acknowledged and lost.
 */
export function askPositions({ manager, out }: Care): void {
  manager.term += 1;
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
  let answers = 0;
  for (let rest = answered; rest !== 0; rest &= rest - 1) answers++;
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
  probeAll(care);
}
