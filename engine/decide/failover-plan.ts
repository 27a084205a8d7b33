import {
  failsOverByItself,
  farthestRttMs,
  leaderRegion,
  othersByDistance,
  rttMs,
  toleratesRegionLoss,
} from './facts.ts';
import type { FailoverSettings } from './recommendation.ts';
import type { Requirements } from './requirements.ts';

/**
 * A shorter silence is also a garbage collection or a retransmission; and a timeout should be ten round trips.
 * Source: etcd tuning guide.
 */
const silenceMs = { min: 1_000, max: 10_000, roundTrips: 10 } as const;
/** Parts of the outage target left for what the timers do not count. */
const budget = 0.8;
/** Heartbeats, and attempts to reconnect, per timeout. */
const perTimeout = 5;

/**
 * Timers of a failover that ends within the outage tolerated, as patient as it allows, for an impatient manager
 * promotes while the leader lives. The manager sits where it sees what must be survived: with the leader for a node,
 * outside its region for a region (a manager inside would be lost with it).
 */
export function failoverPlan(requirements: Requirements): FailoverSettings {
  const leader = leaderRegion(requirements);
  const region = managerRegion(requirements, leader);
  const patient =
    (requirements.outageToleratedS * 1000 * budget - fixedMs(requirements, region)) / (1 + 2 / perTimeout);
  const shortest = shortestSilenceMs(requirements, leader, region);
  const timeoutMs = Math.round(Math.max(shortest, Math.min(silenceMs.max, patient)));
  return {
    automatic: failsOverByItself(requirements),
    region,
    heartbeatMs: Math.round(timeoutMs / perTimeout),
    timeoutMs,
    electionMs: electionMs(requirements, region),
    reconnectMs: Math.round(Math.min(1_000, timeoutMs / perTimeout)),
    expectedOutageMs: Math.round(outageMs(requirements, region, timeoutMs)),
  };
}

/** The shortest outage an automatic failover can promise with timeouts that do not fire by mistake, milliseconds. */
export function shortestOutageMs(requirements: Requirements): number {
  const leader = leaderRegion(requirements);
  const region = managerRegion(requirements, leader);
  return outageMs(requirements, region, shortestSilenceMs(requirements, leader, region));
}

function managerRegion(requirements: Requirements, leader: string): string {
  if (!toleratesRegionLoss(requirements)) return leader;
  return othersByDistance(requirements, leader)[0] ?? leader;
}

function shortestSilenceMs(requirements: Requirements, leader: string, manager: string): number {
  return Math.max(silenceMs.min, silenceMs.roundTrips * rttMs(requirements, manager, leader));
}

function outageMs(requirements: Requirements, manager: string, timeoutMs: number): number {
  return timeoutMs * (1 + 2 / perTimeout) + fixedMs(requirements, manager);
}

/** Positions asked and told, the new leader announced, a follower’s stream opened and its first record acknowledged. */
function fixedMs(requirements: Requirements, manager: string): number {
  return electionMs(requirements, manager) + 4 * farthestRttMs(requirements, manager);
}

function electionMs(requirements: Requirements, manager: string): number {
  return Math.round(Math.max(200, 2 * farthestRttMs(requirements, manager)));
}
