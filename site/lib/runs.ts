/** The scenarios behind a page and their runs. At build only: each is simulated once, however often it is quoted. */
import { getEntry } from 'astro:content';
import { parseScenario, type Report, type Scenario, type ScenarioSource, simulate } from '#engine';

/** A bundled scenario as it is written. Throws where there is none of that name. */
export async function scenarioSource(id: string): Promise<ScenarioSource> {
  const entry = await getEntry('scenarios', id);
  if (entry === undefined) throw new Error(`No scenario called ${id} in content/scenarios`);
  return entry.data as unknown as ScenarioSource;
}

/** A bundled scenario, or a variation on it, ready to run. */
export async function scenario(id: string, changes: Partial<ScenarioSource> = {}): Promise<Scenario> {
  return parseScenario({ ...(await scenarioSource(id)), ...changes });
}

const reports = new Map<string, Promise<Report>>();

/** The report of a bundled scenario at its own seed. Throws where an expectation written in it does not hold. */
export function reportOf(id: string): Promise<Report> {
  let report = reports.get(id);
  if (report === undefined) {
    report = scenario(id).then(runAsClaimed);
    reports.set(id, report);
  }
  return report;
}

function runAsClaimed(claimed: Scenario): Report {
  const report = simulate(claimed);
  const missed = report.expectations.filter((each) => !each.met);
  if (missed.length > 0) {
    const list = missed.map((each) => `${each.expectation} (measured ${each.measured})`).join('; ');
    throw new Error(`The page claims what ${report.scenario} does not show: ${list}`);
  }
  return report;
}
