/**
 * A leader's lease: it acknowledges only while a majority of the replicas, itself among them, has promised it to take
 * nobody else's side. Modes and timers are `lease.chart.ts`.
 *
 * The leader counts from when it asked, its followers from when they were asked, each on a clock of its own. So a
 * follower's promise outlasts the lease as long as no clock is off by more than the bound, and whoever gathers a majority's
 * answers, which are given only by those who have promised nothing, knows that the old leader's lease is over. A clock
 * beyond the bound breaks that. Source: Gray and Cheriton 1989, Leases.
 */

import type { Out } from '../../kernel/protocol.ts';
import { isFromMyLeader } from './following.ts';
import { GRANT, LEASE, MESSAGE_BYTES, NOTE_LEASE } from './messages.ts';
import type { Activation, Replica } from './replica.ts';

/**
 * How long a follower keeps a promise, on its own clock, in µs, so that it is over for nobody before a lease of `leaseUs`
 * on the leader's: the slowest clock the bound allows against the fastest, and what rounding may cost.
 */
export function promiseUsFor(leaseUs: number, driftBoundPpm: number): number {
  return Math.ceil((leaseUs * (1_000_000 + driftBoundPpm)) / (1_000_000 - driftBoundPpm)) + 3;
}

/** Whether the leader may acknowledge now. Its clock decides, not its timer: a paused process learns late that time is up. */
export function mayAcknowledge(node: Replica, out: Out): boolean {
  const { leaseUs, agent } = node.settings.fence;
  if (leaseUs === 0) return agent === null || node.keyHeld;
  return node.leaseFromUs >= 0 && out.elapsedUs(node.leaseFromUs) < leaseUs;
}

// The leader's side. A round is one question to everybody, repeated until a majority has granted it or it is stale.

/** Nothing an earlier reign was granted counts. */
export function beginReign({ node }: Activation): void {
  node.leaseFromUs = -1;
  node.leaseAskedUs = -1;
  node.leaseGrants = 0;
}

export function askForLease({ node, out }: Activation): void {
  const { replicas, fence } = node.settings;
  const isOpen =
    node.leaseAskedUs >= 0 &&
    !isMajority(node, node.leaseGrants) &&
    out.elapsedUs(node.leaseAskedUs) < fence.leaseUs;
  if (!isOpen) {
    node.leaseRound += 1;
    node.leaseAskedUs = out.nowUs;
    node.leaseGrants = 1 << node.self;
  }
  for (let peer = 0; peer < replicas; peer++) {
    if (peer !== node.self) out.send(peer, LEASE, node.term, node.leaseRound, 0, 0, 0, MESSAGE_BYTES);
  }
}

function isMajority({ settings }: Replica, grants: number): boolean {
  let count = 0;
  for (let rest = grants; rest !== 0; rest &= rest - 1) count++;
  return 2 * count > settings.replicas;
}

/** GRANT: to the question asked last, and with it most replicas have promised. */
export function completesMajority({ node, input }: Activation): boolean {
  return isOfRound(node, input.a, input.b) && isMajority(node, node.leaseGrants | (1 << input.from));
}

function isOfRound(node: Replica, term: number, round: number): boolean {
  return term === node.term && round === node.leaseRound;
}

export function noteGrant({ node, input }: Activation): void {
  if (isOfRound(node, input.a, input.b)) node.leaseGrants |= 1 << input.from;
}

export function holdLease({ node }: Activation): void {
  node.leaseFromUs = node.leaseAskedUs;
}

/** Counting the round that a majority has just granted: a chart asks for delays before its actions are done. */
export function leaseLeftUs({ node, out }: Activation): number {
  return Math.max(0, node.settings.fence.leaseUs - out.elapsedUs(node.leaseAskedUs));
}

export function noteLease({ node, out }: Activation, held: 0 | 1): void {
  out.note(NOTE_LEASE, node.term, held, 0, 0);
}

// A follower's side.

/** LEASE: from my leader, and no promise to anybody else stands. */
export function mayGrant(activation: Activation): boolean {
  const { node, input } = activation;
  return isFromMyLeader(activation) && (node.promisedTo < 0 || node.promisedTo === input.from);
}

export function grantLease({ node, input, out }: Activation): void {
  node.promisedTo = input.from;
  out.send(input.from, GRANT, input.a, input.b, 0, 0, 0, MESSAGE_BYTES);
}

export function forgetPromise({ node }: Activation): void {
  node.promisedTo = -1;
}

/** A promise stands: until it is over, this replica helps nobody else to lead. It is on disk, and a restart begins it anew. */
export function hasPromised({ node }: Activation): boolean {
  return node.promisedTo >= 0;
}
