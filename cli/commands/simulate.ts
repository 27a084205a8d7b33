import { resolve } from 'node:path';
import { bundledScenarios } from '#content';
import { Distribution, parseScenario, type Scenario } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import type { Seeds } from '../flags.ts';
import type { Io } from '../io.ts';
import { openOutputFile } from '../output-file.ts';
import { understand } from '../parse-document.ts';
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
  readonly seeds?: Seeds;
}

export async function simulateCommand(options: SimulateOptions, io: Io): Promise<ExitCode> {
  const scenario = understand(await readDocument(options.file, bundledScenarios, io), parseScenario);
  if (options.trace !== undefined && resolve(options.trace) === resolve(options.file)) {
    throw new UsageError(`--trace ${options.trace}: this is the scenario itself. Give another name.`);
  }
  if (options.seeds !== undefined) return simulateSeeds(scenario, { ...options, seeds: options.seeds }, io);
  const trace = options.trace === undefined ? undefined : openOutputFile(options.trace, '--trace');
  const progress = startProgress(`Simulating ${scenario.id}`, io);
  try {
    const report = await runToEnd(scenario, {
      seed: options.seed,
      untilMs: options.until,
      observe: trace && ((entry) => trace.write(`${JSON.stringify(entry)}\n`)),
      onProgress: progress.report,
      io,
    });
    trace?.commit();
    progress.end();
    if (options.json) io.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else io.stdout.write(renderReport(report, { scenario, options, paint: paintFor(io) }));
    return report.expectations.every((each) => each.met) ? exitCodes.asHoped : exitCodes.missed;
  } finally {
    progress.end();
    trace?.discard();
  }
}

/** One run a seed; what they have in common and how they differ. */
async function simulateSeeds(
  scenario: Scenario,
  options: SimulateOptions & { readonly seeds: Seeds },
  io: Io,
): Promise<ExitCode> {
  for (const flag of ['seed', 'trace'] as const) {
    if (options[flag] !== undefined) throw new UsageError(`--${flag} is about one run, --seeds about many.`);
  }
  const { least, most } = options.seeds;
  const runs = most - least + 1;
  const distribution = new Distribution();
  const progress = startProgress(`Simulating ${scenario.id}, ${runs} runs`, io);
  try {
    for (let run = 0; run < runs; run++) {
      const report = await runToEnd(scenario, {
        seed: least + run,
        untilMs: options.until,
        onProgress: (done) => progress.report((run + done) / runs),
        io,
      });
      distribution.add(report);
    }
    progress.end();
    const summary = distribution.summary();
    if (options.json)
      io.stdout.write(
        `${JSON.stringify({ scenario: scenario.id, seeds: options.seeds, ...summary }, null, 2)}\n`,
      );
    else io.stdout.write(renderDistribution(summary, { scenario, options, paint: paintFor(io) }));
    return summary.met === summary.runs ? exitCodes.asHoped : exitCodes.missed;
  } finally {
    progress.end();
  }
}
