import type { Report } from '../run/report.ts';
import { simulate as simulateScenario } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import { type Evidence, type EvidenceRun, evidenceFrom, evidenceRuns } from './evidence.ts';
import type { Recommendation } from './recommendation.ts';
import type { Requirements } from './requirements.ts';

export interface ProveOptions {
  /** Seeds per scenario, at least 1. */
  readonly runs: number;
  /** The first seed; the others follow it. */
  readonly seed: number;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Makes one run; the engine's own where left out. */
  readonly simulate?: (run: EvidenceRun) => Report;
}

/**
 * Runs the recommendation on the requirements' own workload, undisturbed and under each fault, over some seeds, and
 * holds each stated target against the worst run.
 */
export function prove(
  recommendation: Recommendation,
  requirements: Requirements,
  options: ProveOptions,
): Evidence {
  const { onProgress, simulate = simulateRun } = options;
  const runs = evidenceRuns(recommendation, requirements, options);
  const results = runs.map((run, index) => {
    const report = simulate(run);
    onProgress?.({ done: index + 1, total: runs.length });
    return { run, report };
  });
  return evidenceFrom(recommendation, requirements, results);
}

/** Makes one run with the engine. */
export function simulateRun({ source, seed }: Pick<EvidenceRun, 'source' | 'seed'>): Report {
  return simulateScenario(parseScenario(source), { seed });
}
