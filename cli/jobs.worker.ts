/** What a thread can do, a function for each kind of work; each is given a unit and answers with what it came to. */
import { Tinypool } from 'tinypool';
import {
  type CellSketchJson,
  compileCharts,
  type DistributionJson,
  emptyQuorumTally,
  InputError,
  type PreparedQuorum,
  type Problem,
  type Scenario,
  type Sweep,
  sample,
  sampleQuorum,
  sweepUnit,
  type Tally,
  type Unit,
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

/** What a unit came to; an error would lose on its way between threads what is wrong. */
export type SweptUnit =
  | { readonly type: 'swept'; readonly sketch: CellSketchJson }
  | { readonly type: 'wrong'; readonly problems: readonly Problem[] };

export function sweepUnits(unit: Unit): SweptUnit {
  const sweep: Sweep = Tinypool.workerData;
  try {
    return { type: 'swept', sketch: sweepUnit(sweep, unit) };
  } catch (error) {
    if (error instanceof InputError) return { type: 'wrong', problems: error.problems };
    throw error;
  }
}
