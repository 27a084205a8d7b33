import { resolve } from 'node:path';
import { bundledScenarios } from '#content';
import { Distribution, Explanation, parseScenario, type Report, type Scenario } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { Interrupted, UsageError } from '../failures.ts';
import type { Seeds } from '../flags.ts';
import { openHistoryFile } from '../histories/history-file.ts';
import type { Io } from '../io.ts';
import type { Sampled, SeedsPart } from '../jobs.worker.ts';
import { openOutputFile } from '../output-file.ts';
import { understand } from '../parse-document.ts';
import { workOff } from '../pool.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderDistribution } from '../render/distribution.ts';
import { paintFor } from '../render/paint.ts';
import { renderReport } from '../render/report.ts';
import { runToEnd } from '../run-to-end.ts';

export interface SimulateOptions {
  readonly file: string;
  readonly json?: true;
  readonly seed?: number;
  readonly until?: number;
  readonly trace?: string;
  readonly history?: string;
  readonly seeds?: Seeds;
  readonly threads?: number;
  readonly explain: boolean;
}

export async function simulateCommand(options: SimulateOptions, io: Io): Promise<ExitCode> {
  const scenario = understand(await readDocument(options.file, bundledScenarios, io), parseScenario);
  for (const flag of ['trace', 'history'] as const) {
    const name = options[flag];
    if (name !== undefined && resolve(name) === resolve(options.file))
      throw new UsageError(`--${flag} ${name}: this is the scenario itself. Give another name.`);
  }
  if (options.threads !== undefined && options.seeds === undefined)
    throw new UsageError('--threads is about many runs: give --seeds too, as --seeds 1..100.');
  if (options.seeds !== undefined) return simulateSeeds(scenario, { ...options, seeds: options.seeds }, io);
  const trace = options.trace === undefined ? undefined : openOutputFile(options.trace, '--trace');
  const history = options.history === undefined ? undefined : openHistoryFile(options.history, scenario);
  const progress = startProgress(`Simulating ${scenario.id}`, io);
  try {
    const report = await runToEnd(scenario, {
      seed: options.seed,
      untilMs: options.until,
      observe:
        (trace ?? history) &&
        ((entry) => {
          trace?.write(`${JSON.stringify(entry)}\n`);
          history?.observe(entry);
        }),
      recordsHistory: history !== undefined,
      onEnd: history && ((player) => history.write(player)),
      onProgress: progress.report,
      io,
    });
    trace?.commit();
    history?.commit();
    progress.end();
    const told = options.explain ? await explained(report, scenario, options, io) : report;
    if (options.json) io.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
    else io.stdout.write(renderReport(told, { scenario, options, paint: paintFor(io) }));
    return report.expectations.every((each) => each.met) ? exitCodes.asHoped : exitCodes.missed;
  } finally {
    progress.end();
    trace?.discard();
    history?.discard();
  }
}

/** The same run again, where a verdict names operations: to see which messages caused it. */
async function explained(
  report: Report,
  scenario: Scenario,
  { seed, until }: SimulateOptions,
  io: Io,
): Promise<Report> {
  const explanation = new Explanation(report);
  if (!explanation.isNeeded) return report;
  const progress = startProgress(`Running ${scenario.id} again, to see what caused that`, io);
  try {
    const { observe } = explanation;
    await runToEnd(scenario, { seed, untilMs: until, observe, onProgress: progress.report, io });
    return explanation.report();
  } finally {
    progress.end();
  }
}

/** One run a seed; what they have in common and how they differ. Ctrl-C leaves what was done by then, marked as a part. */
async function simulateSeeds(
  scenario: Scenario,
  options: SimulateOptions & { readonly seeds: Seeds },
  io: Io,
): Promise<ExitCode> {
  for (const flag of ['seed', 'trace', 'history'] as const) {
    if (options[flag] !== undefined) throw new UsageError(`--${flag} is about one run, --seeds about many.`);
  }
  const { least, most } = options.seeds;
  const runs = most - least + 1;
  const { until: untilMs } = options;
  const distribution = new Distribution();
  const progress = startProgress(`Simulating ${scenario.id}, ${runs.toLocaleString('en')} runs`, io);
  let runsDone = 0;
  let isPartial = false;
  try {
    await workOff({
      job: 'sampleSeeds',
      about: { scenario, ...(untilMs !== undefined && { untilMs }) } satisfies Sampled,
      units: partsOf(least, runs),
      threads: options.threads,
      alone: async (part) => (await sampleHere(scenario, part, { untilMs, io })).toJSON(),
      onResult: (ofPart, part) => {
        distribution.merge(Distribution.fromJSON(ofPart));
        runsDone += part.runs;
        progress.report(runsDone / runs);
      },
      io,
    });
  } catch (error) {
    if (!(error instanceof Interrupted) || runsDone === 0) throw error;
    isPartial = true;
  } finally {
    progress.end();
  }
  const summary = distribution.summary();
  if (isPartial) io.stderr.write(`Interrupted after ${runsDone} of ${runs} runs.\n`);
  if (options.json) {
    const asked = { scenario: scenario.id, seeds: options.seeds };
    const answer = { ...asked, ...(isPartial && { partial: true, runsAsked: runs }), ...summary };
    io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  } else {
    const asked = { scenario, options, runsAsked: runs };
    io.stdout.write(renderDistribution(summary, { ...asked, paint: paintFor(io) }));
  }
  if (isPartial) return exitCodes.interrupted;
  return summary.met === summary.runs ? exitCodes.asHoped : exitCodes.missed;
}

/** Hundreds of parts, so that threads end together and progress moves, each long enough to be worth sending. */
function* partsOf(least: number, runs: number): Iterable<SeedsPart> {
  const most = Math.min(Math.ceil(runs / 200), 100);
  for (let done = 0; done < runs; done += most)
    yield { seed: least + done, runs: Math.min(most, runs - done) };
}

/** In this thread, where Ctrl-C has to be heard between two slices of a run. */
async function sampleHere(
  scenario: Scenario,
  { seed, runs }: SeedsPart,
  options: { readonly untilMs: number | undefined; readonly io: Io },
): Promise<Distribution> {
  const distribution = new Distribution();
  for (let run = 0; run < runs; run++)
    distribution.add(await runToEnd(scenario, { seed: seed + run, ...options }));
  return distribution;
}
