import { bundledScenarios } from '#content';
import {
  type FaultKind,
  faultKinds,
  find,
  findPar,
  InputError,
  parseScenario,
  type ScenarioSource,
  type VerdictName,
  verdictNames,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { didYouMean, UsageError } from '../failures.ts';
import { breathe, type Io } from '../io.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderFound, renderNotFound } from '../render/counterexample.ts';

export interface FindOptions {
  readonly file: string;
  readonly violates: string;
  readonly budget: number;
  readonly maxFaults: number;
  readonly seed: number;
  readonly draw?: readonly string[];
  readonly longest?: number;
  readonly par?: true;
  readonly json?: true;
}

export async function findCommand(options: FindOptions, io: Io): Promise<ExitCode> {
  const violates = verdictNamed(options.violates);
  const document = await readDocument(options.file, bundledScenarios, io);
  const scenario = understand(document, parseScenario);
  const progress = startProgress(`Searching for ${violates} in ${scenario.id}`, io);
  try {
    const search = options.par ? findPar : find;
    const outcome = await search(document.value as ScenarioSource, {
      violates,
      maxFaults: options.maxFaults,
      budget: options.budget,
      seed: options.seed,
      ...(options.draw !== undefined && drawn(options.draw)),
      ...(options.longest !== undefined && { longestMs: options.longest }),
      // Shrinking goes on after the last planned run.
      onProgress: async (done) => {
        progress.report(Math.min(done / options.budget, 1));
        await breathe(io);
      },
    });
    progress.end();
    const asked = { ...options, name: scenario.id };
    if (options.json) io.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
    else io.stdout.write(outcome.found ? renderFound(outcome, asked) : renderNotFound(outcome, asked));
    return outcome.found ? exitCodes.missed : exitCodes.asHoped;
  } catch (error) {
    // The scenario has been read: what is wrong is that it gives no such verdict.
    if (!(error instanceof InputError)) throw error;
    const { found, expected, hint } = error.problems[0]!;
    throw new UsageError(`--violates ${violates}: found ${found}, expected ${expected}; ${hint}.`);
  } finally {
    progress.end();
  }
}

function drawn(names: readonly string[]): { kinds: FaultKind[]; spread: boolean } {
  const known = [...faultKinds, 'spread'] as const;
  const wrong = names.find((name) => !known.some((each) => each === name));
  if (wrong !== undefined)
    throw new UsageError(
      `--draw ${wrong}: nothing that may be drawn. Expected some of ${known.join(', ')}.${didYouMean(wrong, known)}`,
    );
  return { kinds: faultKinds.filter((kind) => names.includes(kind)), spread: names.includes('spread') };
}

function verdictNamed(name: string): VerdictName {
  const known = verdictNames.find((each) => each === name);
  if (known !== undefined) return known;
  throw new UsageError(
    `--violates ${name}: not a verdict. Expected one of ${verdictNames.join(', ')}.${didYouMean(name, verdictNames)}`,
  );
}
