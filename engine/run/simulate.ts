import type { Observer } from '../observe/trace.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { toUs } from '../scenario/scenario.ts';
import type { Report } from './report.ts';
import { Simulation, type Watching } from './simulation.ts';

export interface RunOptions {
  /** 0 … 2^53 − 1; without it, the scenario's own. */
  readonly seed?: number;
  /** Given every trace entry as it happens. It slows the run and changes nothing in it. */
  readonly observe?: Observer;
  /** Records what clients were answered, for the verdict `linearizability`; a scenario that expects it does so by itself. */
  readonly recordsHistory?: boolean;
}

/**
 * Runs a scenario to its end, drain included, or to `untilMs` of virtual time, and reports what it showed.
 * A pure function of scenario, seed and engine version.
 */
export function simulate(
  scenario: Scenario,
  options: RunOptions & Watching & { readonly untilMs?: number } = {},
): Report {
  const { seed = scenario.seed, observe } = options;
  const simulation = new Simulation(scenario, seed, observe, undefined, options);
  if (options.untilMs === undefined) simulation.finish();
  else simulation.advanceTo(toUs(options.untilMs));
  return simulation.report();
}
