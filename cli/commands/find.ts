import { bundledScenarios } from '#content';
import { find, nearest, parseScenario, type ScenarioSource, type VerdictName, verdictNames } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import { breathe, type Io } from '../io.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderFound, renderNotFound } from '../render/counterexample.ts';

export interface FindOptions {
  readonly file: string;
  readonly violates: string;
  readonly runs: number;
  readonly maxFaults: number;
  readonly seed: number;
  readonly json?: true;
}

export async function findCommand(options: FindOptions, io: Io): Promise<ExitCode> {
  const violates = verdictNamed(options.violates);
  const document = await readDocument(options.file, bundledScenarios, io);
  const scenario = understand(document, parseScenario);
  const progress = startProgress(`Searching for ${violates} in ${scenario.id}`, io);
  try {
    const outcome = await find(document.value as ScenarioSource, {
      violates,
      maxFaults: options.maxFaults,
      runs: options.runs,
      seed: options.seed,
      // Shrinking goes on after the last planned run.
      onProgress: async (done) => {
        progress.report(Math.min(done / options.runs, 1));
        await breathe(io);
      },
    });
    progress.end();
    const asked = { ...options, name: scenario.id };
    if (options.json) io.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
    else
      io.stdout.write(
        outcome.type === 'found' ? renderFound(outcome, asked) : renderNotFound(outcome, asked),
      );
    return outcome.type === 'found' ? exitCodes.missed : exitCodes.asHoped;
  } finally {
    progress.end();
  }
}

function verdictNamed(name: string): VerdictName {
  const known = verdictNames.find((each) => each === name);
  if (known !== undefined) return known;
  const near = nearest(name, verdictNames);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new UsageError(
    `--violates ${name}: not a verdict. Expected one of ${verdictNames.join(', ')}.${hint}`,
  );
}
