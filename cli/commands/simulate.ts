import { resolve } from 'node:path';
import { bundledScenarios } from '#content';
import { parseScenario } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import type { Io } from '../io.ts';
import { openOutputFile } from '../output-file.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { paintFor } from '../render/paint.ts';
import { renderReport } from '../render/report.ts';
import { runToEnd } from '../run-to-end.ts';

export interface SimulateOptions {
  readonly file: string;
  readonly json?: true;
  readonly seed?: number;
  readonly until?: number;
  readonly trace?: string;
}

export async function simulateCommand(options: SimulateOptions, io: Io): Promise<ExitCode> {
  const scenario = understand(await readDocument(options.file, bundledScenarios, io), parseScenario);
  if (options.trace !== undefined && resolve(options.trace) === resolve(options.file)) {
    throw new UsageError(`--trace ${options.trace}: this is the scenario itself. Give another name.`);
  }
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
