/** What a thread can do, a function for each kind of work; each is given a unit and answers with what it came to. */
import { Tinypool } from 'tinypool';
import {
  compileCharts,
  type DistributionJson,
  emptyQuorumTally,
  type PreparedQuorum,
  type Scenario,
  sample,
  sampleQuorum,
  type Tally,
} from '#engine';

compileCharts();

/** Blocks of trials. */
export interface QuorumPart {
  readonly from: number;
  readonly to: number;
}

export function tryQuorum(part: QuorumPart): Tally {
  const prepared: PreparedQuorum = Tinypool.workerData;
  const tally = emptyQuorumTally(prepared);
  sampleQuorum(prepared, tally, part);
  return tally;
}

export interface Sampled {
  readonly scenario: Scenario;
  readonly untilMs?: number;
}

/** Runs with seeds that count up. */
export interface SeedsPart {
  readonly seed: number;
  readonly runs: number;
}

export function sampleSeeds(part: SeedsPart): DistributionJson {
  const { scenario, ...options }: Sampled = Tinypool.workerData;
  return sample(scenario, { ...options, ...part }).toJSON();
}
