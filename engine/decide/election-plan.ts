import { rttMs } from './facts.ts';
import type { ElectionSettings } from './recommendation.ts';
import type { Requirements } from './requirements.ts';

/**
 * A heartbeat each round trip at the most, and an election timeout of at least ten: otherwise followers take the way for
 * the leader's death. Usually 100 ms and 1000 ms; below 150 ms a pause of the process looks like a death.
 * Sources: etcd tuning guide; Raft, section 9.3, for the least.
 */
const timeout = { roundTrips: 10, leastMs: 150, usualMs: 1_000 } as const;
/** Parts of the outage target left for what the timers do not count. */
const budget = 0.8;
/** Pre-vote, vote, the first entry of the new term, a write. */
const roundTripsToLead = 4;

/** Timers of an election that ends within the outage tolerated, as patient as it allows, up to what is usual. */
export function electionPlan(requirements: Requirements, voters: readonly string[]): ElectionSettings {
  const roundTripMs = farthestVotersMs(requirements, voters);
  const leastMs = shortestTimeoutMs(roundTripMs);
  // Each wait is drawn between the timeout and twice that.
  const patientMs = (requirements.outageToleratedS * 1000 * budget - roundTripsToLead * roundTripMs) / 2;
  const electionTimeoutMs = Math.ceil(Math.max(leastMs, Math.min(timeout.usualMs, patientMs)));
  return {
    roundTripMs,
    heartbeatMs: Math.ceil(electionTimeoutMs / timeout.roundTrips),
    electionTimeoutMs,
    expectedOutageMs: Math.round(outageMs(roundTripMs, electionTimeoutMs)),
  };
}

/** The shortest outage that an election can promise with timeouts that do not fire by mistake, milliseconds. */
export function shortestElectionMs(requirements: Requirements, voters: readonly string[]): number {
  const roundTripMs = farthestVotersMs(requirements, voters);
  return outageMs(roundTripMs, shortestTimeoutMs(roundTripMs));
}

function shortestTimeoutMs(roundTripMs: number): number {
  return Math.max(timeout.leastMs, timeout.roundTrips * roundTripMs);
}

function outageMs(roundTripMs: number, timeoutMs: number): number {
  return 2 * timeoutMs + roundTripsToLead * roundTripMs;
}

/** The longest round trip between two voters. */
function farthestVotersMs(requirements: Requirements, voters: readonly string[]): number {
  return Math.max(...voters.flatMap((from) => voters.map((to) => rttMs(requirements, from, to))));
}
