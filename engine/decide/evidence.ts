/** What the runs showed, held against what was asked for. */
import type { Report } from '../run/report.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { answerLine } from './decide.ts';
import {
  assumptionsOf,
  type Candidate,
  type EvidenceFault,
  faultsFor,
  isLocalQuorum,
  isWritten,
  leadsAlone,
  type Role,
  scenarioFor,
  sizeForBoth,
} from './evidence-scenario.ts';
import { anyStrong } from './facts.ts';
import type { Recommendation, Topology } from './recommendation.ts';
import type { Requirements } from './requirements.ts';
import { settingsFor } from './settings.ts';

export interface Target {
  readonly name: 'write latency p99' | 'loss (RPO)' | 'outage (RTO)' | 'staleness';
  readonly fault: EvidenceFault;
  readonly unit: 'ms' | 'writes' | 'reads';
  readonly stated: number;
  /** In the worst run; null where the run ended before it could be known. */
  readonly measured: number | null;
  readonly met: boolean;
  /** Whether the requirements ask for it under this fault; a target that is not required is shown for information. */
  readonly required: boolean;
  /** The worst run. */
  readonly scenario: string;
  readonly seed: number;
  readonly digest: string;
}

export interface Replay {
  readonly scenario: string;
  readonly seed: number;
  readonly digest: string;
}

export interface RunnerUpEvidence {
  readonly topology: Topology;
  /** How it was set up, in one line. */
  readonly answer: string;
  readonly sentence: string;
  readonly targets: readonly Target[];
}

export interface Evidence {
  readonly status: 'measured';
  /** The whole in one sentence. */
  readonly sentence: string;
  /** Whether every required target was met. */
  readonly met: boolean;
  readonly targets: readonly Target[];
  /** The runner-up on the same workload and under the same faults. */
  readonly runnerUp: RunnerUpEvidence;
  readonly assumptions: readonly string[];
  /** What was run, ready for `simulate`. */
  readonly scenarios: readonly ScenarioSource[];
  readonly replays: readonly Replay[];
}

/** One run to make. */
export interface EvidenceRun {
  readonly fault: EvidenceFault;
  readonly of: Role;
  readonly source: ScenarioSource;
  readonly seed: number;
}

export interface EvidenceResult {
  readonly run: EvidenceRun;
  readonly report: Report;
}

/** The runs to make, in order. They are independent of each other. */
export function evidenceRuns(
  recommendation: Recommendation,
  requirements: Requirements,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): EvidenceRun[] {
  const runnerUp = runnerUpOf(recommendation, requirements);
  const size = sizeForBoth(recommendation, runnerUp, requirements);
  const candidates = [
    { of: 'recommendation' as const, candidate: recommendation },
    { of: 'runner-up' as const, candidate: runnerUp },
  ];
  return candidates.flatMap(({ of, candidate }) =>
    faultsFor(requirements).flatMap((fault) => {
      const source = scenarioFor(candidate, requirements, { fault, of, size });
      return Array.from({ length: runs }, (_, index) => ({ fault, of, source, seed: seed + index }));
    }),
  );
}

/** The runner-up as it would be set up. */
function runnerUpOf({ runnerUp, shards }: Recommendation, requirements: Requirements): Candidate {
  const { topology } = runnerUp;
  const settings = settingsFor(topology, requirements);
  return { topology, settings, shards, answer: answerLine(topology, settings, shards) };
}

/** Judges the runs, in the order `evidenceRuns` gave. */
export function evidenceFrom(
  recommendation: Recommendation,
  requirements: Requirements,
  results: readonly EvidenceResult[],
): Evidence {
  const targetsOf = (of: Role, candidate: Candidate) =>
    faultsFor(requirements).flatMap((fault) =>
      targetsUnder(
        fault,
        candidate,
        requirements,
        results.filter(({ run }) => run.fault === fault && run.of === of),
      ),
    );
  const runsOf = (of: Role) => results.filter(({ run }) => run.of === of).length;
  const targets = targetsOf('recommendation', recommendation);
  const missed = missedOf(targets);
  const runnerUp = runnerUpOf(recommendation, requirements);
  const size = sizeForBoth(recommendation, runnerUp, requirements);
  return {
    status: 'measured',
    sentence: sentenceOf(runsOf('recommendation'), targets, missed),
    met: missed.length === 0,
    targets,
    runnerUp: runnerUpEvidence(runnerUp, targetsOf('runner-up', runnerUp), runsOf('runner-up')),
    assumptions: assumptionsOf(recommendation, requirements, size),
    scenarios: [...new Set(results.map(({ run }) => run.source))],
    replays: results.map(({ run, report }) => ({
      scenario: run.source.id,
      seed: run.seed,
      digest: report.digest,
    })),
  };
}

function runnerUpEvidence(
  { topology, answer }: Candidate,
  targets: readonly Target[],
  runs: number,
): RunnerUpEvidence {
  return { topology, answer, sentence: sentenceOf(runs, targets, missedOf(targets)), targets };
}

const missedOf = (targets: readonly Target[]): Target[] =>
  targets.filter(({ met, required }) => required && !met);

function sentenceOf(runs: number, targets: readonly Target[], missed: readonly Target[]): string {
  const required = targets.filter((target) => target.required).length;
  if (missed.length === 0) return `All ${required} required targets were met in all of ${runs} runs.`;
  const names = missed.map(({ name, fault }) => (fault === 'none' ? name : `${name} under ${fault}`));
  return `${missed.length} of ${required} required targets ${missed.length === 1 ? 'was' : 'were'} missed in ${runs} runs: ${names.join(', ')}.`;
}

type Measure = (report: Report) => number | null;

function targetsUnder(
  fault: EvidenceFault,
  candidate: Candidate,
  requirements: Requirements,
  results: readonly EvidenceResult[],
): Target[] {
  if (results.length === 0) return [];
  // Loss and outage are promised through a failure as large as the requirements say; freshness on a side cut off is not.
  const tolerated = stalenessStated(candidate, requirements);
  // A tolerated age is held to while nothing is wrong. Whoever reads a follower while nobody can write reads the past for
  // as long: that is shown. Who tolerates none is promised none, whatever happens.
  const requiredHere = (name: Target['name']) =>
    name === 'staleness' && (tolerated > 0 || candidate.settings.quorum !== null)
      ? fault === 'none' && !isLocalQuorum(candidate.settings)
      : fault !== 'region-cut' || requirements.survives === 'region';
  const target = (name: Target['name'], unit: Target['unit'], stated: number, measure: Measure): Target => {
    const { measured, result } = worst(results, measure);
    const { run, report } = result;
    const met = measured !== null && measured <= stated;
    return {
      name,
      fault,
      unit,
      stated,
      measured,
      met,
      required: requiredHere(name),
      scenario: run.source.id,
      seed: run.seed,
      digest: report.digest,
    };
  };
  // No staleness at all is counted in reads: one stale read may span no time that was sampled.
  const staleness =
    tolerated === 0 || candidate.settings.quorum !== null
      ? target('staleness', 'reads', 0, staleReads)
      : target('staleness', 'ms', tolerated, stalenessMs);
  if (!isWritten(candidate, requirements)) return [staleness];
  if (fault === 'none')
    return [target('write latency p99', 'ms', requirements.writeLatencyP99Ms, writeP99Ms), staleness];
  return [
    ...lossStated(requirements).map(({ unit, stated }) =>
      target('loss (RPO)', unit, stated, unit === 'ms' ? lossMs : lossWrites),
    ),
    target(
      'outage (RTO)',
      'ms',
      requirements.outageToleratedS * 1000,
      fault === 'leader-crash' && leadsAlone(candidate) ? outageAfterCrashMs : longestOutageMs,
    ),
    staleness,
  ];
}

/** No measurement is worse than any. */
function worst(
  results: readonly EvidenceResult[],
  measure: Measure,
): { measured: number | null; result: EvidenceResult } {
  const rank = (measured: number | null) => measured ?? Number.POSITIVE_INFINITY;
  return results
    .map((result) => ({ measured: measure(result.report), result }))
    .reduce((a, b) => (rank(b.measured) > rank(a.measured) ? b : a));
}

/** No loss at all is counted in writes: one lost write may span no time. */
function lossStated(requirements: Requirements): { unit: Target['unit']; stated: number }[] {
  const { lossToleratedMs, lossToleratedWrites } = requirements;
  if (lossToleratedMs === 0 || anyStrong(requirements)) return [{ unit: 'writes', stated: 0 }];
  const byTime = { unit: 'ms' as const, stated: lossToleratedMs };
  return lossToleratedWrites === undefined
    ? [byTime]
    : [byTime, { unit: 'writes', stated: lossToleratedWrites }];
}

/** Where strong data is read from the leader together with the rest, no read may be stale. */
function stalenessStated({ settings }: Candidate, requirements: Requirements): number {
  return settings.reads === 'leader' && anyStrong(requirements) ? 0 : requirements.stalenessToleratedMs;
}

function verdict(report: Report, name: 'lost-writes' | 'stale-reads') {
  return report.verdicts.find((each) => each.name === name);
}

const writeP99Ms: Measure = (report) => report.latencyMs.write.p99;

const lossWrites: Measure = (report) => (lossIsKnown(report) ? report.rpo.writes : null);

const lossMs: Measure = (report) => (lossIsKnown(report) ? report.rpo.ms : null);

function lossIsKnown(report: Report): boolean {
  const lost = verdict(report, 'lost-writes');
  return lost !== undefined && lost.result !== 'unknown';
}

/** Crash to the first ok write; null where none came before the run ended, or the leader was already another. */
const outageAfterCrashMs: Measure = (report) => {
  const outages = report.failovers
    .filter(({ crashedAtMs }) => crashedAtMs !== null)
    .map(({ rtoMs }) => rtoMs);
  return outages.length === 0 || outages.includes(null) ? null : Math.max(...outages.map((ms) => ms ?? 0));
};

/** Nobody crashed: the longest time in which no user anywhere had a write acknowledged. */
const longestOutageMs: Measure = (report) => report.availability.write.longestOutageMs;

const staleReads: Measure = (report) => {
  const stale = verdict(report, 'stale-reads');
  return stale === undefined || stale.result === 'unknown' ? null : stale.count;
};

/** Where reads were stale, how far behind the slowest follower, or any of several leaders, ever was; a bound, for reads are not aged one by one. */
const stalenessMs: Measure = (report) => {
  const count = staleReads(report);
  if (count === null || count === 0) return count;
  const amongLeaders = report.multiLeader?.lag.map(({ maxMs }) => maxMs) ?? [];
  return Math.max(0, ...amongLeaders, ...report.lag.map(({ replayLagMs }) => replayLagMs.max));
};
