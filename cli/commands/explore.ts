import { bundledScenarios } from '#content';
import { type CheckedModel, explore, parseScenario, type Scenario, scenarioModel } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { didYouMean, UsageError } from '../failures.ts';
import { breathe, type Io } from '../io.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderCoverage } from '../render/coverage.ts';

export interface ExploreOptions {
  readonly file: string;
  readonly depth: number;
  readonly states: number;
  readonly writes: number;
  readonly crashes: number;
  readonly losses: number;
  readonly terms: number;
  readonly restarts?: true;
  readonly symmetry?: true;
  readonly violates?: string;
  readonly json?: true;
}

export async function exploreCommand(options: ExploreOptions, io: Io): Promise<ExitCode> {
  const document = await readDocument(options.file, bundledScenarios, io);
  const { scenario, model } = understand(document, (value) => {
    const parsed = parseScenario(value);
    return { scenario: parsed, model: modelOf(parsed, options) };
  });
  const checks = checksNamed(model, options.violates);
  if (options.symmetry && model.symmetry === undefined)
    throw new UsageError(
      `--symmetry: the model of ${scenario.topology.type} has no nodes that may change places. Models that have: consensus.`,
    );
  const progress = startProgress(`Exploring ${scenario.id}`, io);
  try {
    await breathe(io);
    const begunMs = performance.now();
    const coverage = explore(model, {
      depth: options.depth,
      states: options.states,
      checks,
      sometimes: model.sometimes,
      symmetry: options.symmetry === true,
      onProgress: (unique) => {
        progress.report(unique / options.states);
        return !io.interrupted.aborted;
      },
    });
    const statesPerSecond = Math.round(
      (coverage.unique / Math.max(performance.now() - begunMs, 0.001)) * 1000,
    );
    progress.end();
    await breathe(io);
    const asked = {
      scenario,
      options,
      checks: checks.map(({ name }) => name),
      statesPerSecond,
    };
    if (options.json)
      io.stdout.write(
        `${JSON.stringify({ scenario: scenario.id, ...coverage, checks: asked.checks, asked: limitsOf(options), statesPerSecond }, null, 2)}\n`,
      );
    else io.stdout.write(renderCoverage(coverage, asked));
    if (coverage.result === 'violation') return exitCodes.missed;
    return coverage.result === 'ok' ? exitCodes.asHoped : exitCodes.unknown;
  } finally {
    progress.end();
  }
}

/** What was let happen on one path, and how far was looked: `depth` beside it is how far there was to go. */
function limitsOf({ depth, states, writes, crashes, restarts, losses, terms, symmetry }: ExploreOptions) {
  const isOn = { restarts: restarts === true, symmetry: symmetry === true };
  return { depth, states, writes, crashes, losses, terms, ...isOn };
}

function modelOf(
  scenario: Scenario,
  { writes, crashes, losses, terms, restarts }: ExploreOptions,
): CheckedModel {
  return scenarioModel(scenario, {
    writes,
    crashes,
    losses,
    terms,
    restarts: restarts === true,
  });
}

function checksNamed({ checks }: CheckedModel, name: string | undefined): CheckedModel['checks'] {
  if (name === undefined) return checks;
  const named = checks.filter((check) => check.name === name);
  if (named.length > 0) return named;
  const names = checks.map((check) => check.name);
  throw new UsageError(
    `--violates ${name}: not checked in this model. Expected one of ${names.join(', ')}.${didYouMean(name, names)}`,
  );
}
