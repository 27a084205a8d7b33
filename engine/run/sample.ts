import type { Scenario } from '../scenario/scenario.ts';
import { Distribution } from './distribution.ts';
import { simulate } from './simulate.ts';

export interface SampleOptions {
  readonly runs: number;
  /** Of the first run; those after it count up. Without it, the scenario's own. */
  readonly seed?: number;
  /** Ends every run at this virtual time. */
  readonly untilMs?: number;
  /** Told after each run how many are done. */
  readonly onProgress?: (runsDone: number) => void;
}

/**
 * Runs a scenario with one seed after another. What seeds 1 to 60 and seeds 61 to 100 show, merged, is what seeds 1 to 100
 * show: threads and machines may share the seeds in any way.
 */
export function sample(scenario: Scenario, options: SampleOptions): Distribution {
  const { runs, seed = scenario.seed, untilMs, onProgress } = options;
  const distribution = new Distribution();
  for (let run = 0; run < runs; run++) {
    distribution.add(simulate(scenario, { seed: seed + run, ...(untilMs !== undefined && { untilMs }) }));
    onProgress?.(run + 1);
  }
  return distribution;
}
