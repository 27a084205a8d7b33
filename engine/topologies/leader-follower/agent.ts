/**
 * A replica's agent where a key in a lease store says who leads (Patroni): the leader renews the key in every loop and gives
 * up leading when it cannot; the others watch it, and when it is free, the most advanced of them claims it, unless it lags
 * too far behind where the leader was seen last. Modes and timers are `agent.chart.ts`.
 * Source: Patroni documentation, dynamic configuration (ttl, loop_wait, retry_timeout, maximum_lag_on_failover).
 */

import { endBytes, timelineTermOf } from '../wal.ts';
import { CLAIM, COMPARE, COMPARED, MESSAGE_BYTES, READ_KEY, RENEW } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

export interface AgentSettings {
  /** The actor of the lease store. */
  readonly store: number;
  /** Time between two loops. */
  readonly loopUs: number;
  /** How long after its last renewal a leader gives up. */
  readonly patienceUs: number;
  /** How long a replica waits to hear how far the others are. */
  readonly raceUs: number;
  readonly maximumLagKib: number;
}

const agentOf = (node: Replica): AgentSettings => node.settings.fence.agent!;

function positionKib({ wal, flushedLsn }: Replica): number {
  return Math.floor(endBytes(wal, flushedLsn) / 1024);
}

export function isLeader({ node }: Activation): boolean {
  return node.leader === node.self;
}

export function readKey({ node, out }: Activation): void {
  out.send(agentOf(node).store, READ_KEY, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

export function renewKey({ node, out }: Activation): void {
  out.send(agentOf(node).store, RENEW, node.term, positionKib(node), 0, 0, 0, MESSAGE_BYTES);
}

export function holdKey({ node }: Activation): void {
  node.keyHeld = true;
}

/** After a restart it may have expired meanwhile: nothing is acknowledged before it has been renewed. */
export function doubtKey({ node }: Activation): void {
  node.keyHeld = false;
}

/** Not at once: a chart must not step the chart that has stepped it. */
export function giveUpLeading({ node }: Activation): void {
  node.demoting = true;
}

/** KEY_FREE: of which term the key was, and how far its holder had come. */
export function enterRace({ node, input, out }: Activation): void {
  node.raceTerm = input.a;
  node.lagKib = input.b - positionKib(node);
  node.outrun = false;
  const flushedTerm = timelineTermOf(node.wal, node.flushedLsn);
  for (let peer = 0; peer < node.settings.replicas; peer++) {
    if (peer !== node.self)
      out.send(peer, COMPARE, node.raceTerm, flushedTerm, node.flushedLsn, 0, 0, MESSAGE_BYTES);
  }
}

/** COMPARE: tells another how far this log is. */
export function compare({ node, input, out }: Activation): void {
  const flushedTerm = timelineTermOf(node.wal, node.flushedLsn);
  out.send(input.from, COMPARED, input.a, flushedTerm, node.flushedLsn, 0, 0, MESSAGE_BYTES);
}

/** Of logs that end alike none is ahead: whose claim comes first has the key. */
export function noteRival({ node, input }: Activation): void {
  if (input.a !== node.raceTerm) return;
  const { flushedLsn } = node;
  const term = timelineTermOf(node.wal, flushedLsn);
  const isAhead = input.b !== term ? input.b > term : input.c > flushedLsn;
  if (isAhead) node.outrun = true;
}

export function isHealthiest({ node }: Activation): boolean {
  return node.backup === null && !node.outrun && node.lagKib <= agentOf(node).maximumLagKib;
}

export function claimKey({ node, out }: Activation): void {
  out.send(agentOf(node).store, CLAIM, node.raceTerm, 0, 0, 0, 0, MESSAGE_BYTES);
}
