import { bundledScenarios, bundledSystems } from '#content';
import {
  type CapProbe,
  type CapQuestion,
  type CutWay,
  InputError,
  type Problem,
  parseScenario,
  prepareCap,
  type Report,
  type Scenario,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import type { Io } from '../io.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderCap } from '../render/cap.ts';
import { paintFor } from '../render/paint.ts';
import { runToEnd } from '../run-to-end.ts';

export interface CapOptions {
  readonly file: string;
  readonly side?: readonly string[];
  readonly way?: CutWay;
  readonly at?: number;
  readonly for?: number;
  readonly seed?: number;
  readonly json?: true;
}

export async function capCommand(options: CapOptions, io: Io): Promise<ExitCode> {
  const scenario = understand(
    await readDocument(options.file, [...bundledSystems, ...bundledScenarios], io),
    parseScenario,
  );
  const probe = probeOf(scenario, options);
  const progress = startProgress(`Cutting ${scenario.id}`, io);
  let run: Report;
  try {
    run = await runToEnd(probe.scenario, { observe: probe.observe, onProgress: progress.report, io });
  } finally {
    progress.end();
  }
  const report = probe.report(run);
  io.stdout.write(
    options.json ? `${JSON.stringify(report, null, 2)}\n` : renderCap(report, options.file, paintFor(io)),
  );
  return exitCodes.asHoped;
}

function probeOf(scenario: Scenario, { side, way, at, for: lasting, seed }: CapOptions): CapProbe {
  const question: CapQuestion = {
    // Commas too, as names have none.
    ...(side !== undefined && { side: side.flatMap((names) => names.split(',')) }),
    ...(way !== undefined && { way }),
    ...(at !== undefined && { atMs: at }),
    ...(lasting !== undefined && { forMs: lasting }),
    ...(seed !== undefined && { seed }),
  };
  try {
    return prepareCap(scenario, question);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UsageError(error.problems.map(describe).join('\n'));
  }
}

const flagNames: Readonly<Record<string, string>> = { side: '--side', atMs: '--at', forMs: '--for' };

function describe({ path, found, expected, hint }: Problem): string {
  const reason = hint === undefined ? '' : `: ${hint}`;
  return `${flagNames[String(path[0])]}: found ${found}, expected ${expected}${reason}.`;
}
