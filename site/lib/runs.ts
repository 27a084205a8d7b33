/** The scenarios behind a page and their runs. At build only: each is simulated once, however often it is quoted. */
import { getEntry } from 'astro:content';
import {
  checkHistory,
  describeFault,
  type FaultSpan,
  models,
  open,
  parseScenario,
  type Report,
  type Scenario,
  type ScenarioSource,
  simulate,
  type Timeline,
  timelineOf,
} from '#engine';
import type { LabVariant } from '../labs/lab.ts';

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

/** A choice in a lab, as a page writes it: another scenario, or changes to the lab's own. */
export interface VariantSource {
  readonly label: string;
  readonly note?: string;
  readonly scenario?: string;
  /** Settings to change, a level deep: `{ topology: { reads: 'leader' } }` leaves the rest of the topology as it is. */
  readonly changes?: Readonly<Record<string, unknown>>;
}

/** What a lab can run. A lab without choices runs its scenario. */
export function labVariants(
  id: string,
  variants: readonly VariantSource[] = [{ label: '' }],
): Promise<LabVariant[]> {
  return Promise.all(
    variants.map(async ({ label, note, scenario: other, changes = {} }) => {
      const source = changed(await scenarioSource(other ?? id), changes);
      return { label, note, source, scenario: parseScenario(source) };
    }),
  );
}

function changed(source: ScenarioSource, changes: Readonly<Record<string, unknown>>): ScenarioSource {
  const merged: Record<string, unknown> = { ...source };
  for (const [key, value] of Object.entries(changes)) {
    merged[key] = isSettings(merged[key]) && isSettings(value) ? { ...merged[key], ...value } : value;
  }
  return merged as unknown as ScenarioSource;
}

function isSettings(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

/** What clients were answered in a scenario's run, around the first place where that is not linearizable. */
export async function timelineOfRun(id: string, operations: number): Promise<Timeline> {
  const faults: FaultSpan[] = [];
  const claimed = await scenario(id);
  const player = open(claimed, {
    recordsHistory: true,
    observe: (entry) => {
      if (entry.type !== 'fault' || entry.ended) return;
      const fromUs = entry.atMs * 1000;
      const forMs = 'forMs' in entry.fault ? entry.fault.forMs : undefined;
      const toUs = forMs === undefined ? claimed.durationUs : fromUs + forMs * 1000;
      faults.push({ label: describeFault(entry.fault, false).replace(/^fault: /, ''), fromUs, toUs });
    },
  });
  while (player.step());
  const history = player.history();
  const register = models.find(({ name }) => name === 'register');
  if (history === null || register === undefined) throw new Error(`The keys of ${id} are no registers`);
  return timelineOf(history, checkHistory(history, register, { orders: true }), faults, operations);
}

/** Reports of a scenario with seeds from 1 up. */
export function reportsOf(claimed: Scenario, seeds: number): Report[] {
  return Array.from({ length: seeds }, (_, index) => simulate(claimed, { seed: index + 1 }));
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
