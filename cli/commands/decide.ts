import { bundledRequirements } from '#content';
import {
  decide,
  type Evidence,
  type EvidenceResult,
  engineVersion,
  evidenceFrom,
  evidenceRuns,
  parseRequirements,
  parseScenario,
  type Recommendation,
  type Requirements,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import { holdInterview } from '../interview.ts';
import type { Io } from '../io.ts';
import { writeFolder } from '../output-file.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderAlternatives, renderRecommendation } from '../render/decision.ts';
import { renderEvidence } from '../render/evidence.ts';
import { paintFor } from '../render/paint.ts';
import { renderYaml } from '../render/yaml.ts';
import { runToEnd } from '../run-to-end.ts';

export interface DecideOptions {
  readonly file?: string;
  readonly json?: true;
  readonly seed: number;
  readonly runs: number;
  readonly plain?: true;
  readonly save?: string;
}

export async function decideCommand(options: DecideOptions, io: Io): Promise<ExitCode> {
  const requirements =
    options.file === undefined
      ? await interview(options, io)
      : understand(await readDocument(options.file, bundledRequirements, io), parseRequirements);
  const recommendation = decide(requirements);
  const evidence = await prove(recommendation, requirements, options, io);
  if (options.save !== undefined) save(options.save, requirements, evidence);
  if (options.json) {
    io.stdout.write(
      `${JSON.stringify({ engine: engineVersion, requirements, recommendation, evidence }, null, 2)}\n`,
    );
  } else {
    const paint = paintFor(io);
    const sections = [
      renderRecommendation(recommendation, requirements, paint),
      renderEvidence(evidence, options, paint),
      renderAlternatives(recommendation, paint),
    ];
    if (options.file === undefined) {
      sections.push(
        `${paint.heading('Your answers, to keep as a file')}\n${renderYaml(answersIn(requirements), []).trimEnd()}`,
      );
    }
    io.stdout.write(`${sections.join('\n\n')}\n`);
  }
  const isMissed = recommendation.unmet.length > 0 || !evidence.met;
  return isMissed ? exitCodes.missed : exitCodes.asHoped;
}

async function interview({ json, plain }: DecideOptions, io: Io): Promise<Requirements> {
  if (json)
    throw new UsageError('--json needs a file of requirements: the questions would mix with the document.');
  if (io.stdin.isTTY !== true || io.stdout.isTTY !== true) {
    const samples = bundledRequirements.map(({ name }) => `  quorate decide ${name}`).join('\n');
    throw new UsageError(
      `There is no terminal to ask in. Give a file of requirements, - for standard input, or a bundled sample:\n${samples}`,
    );
  }
  const prompter =
    plain || io.env.TERM === 'dumb'
      ? (await import('../line-prompter.ts')).linePrompter(io)
      : (await import('../clack-prompter.ts')).clackPrompter(io);
  try {
    prompter.say('What do you need? Enter takes the suggestion, Ctrl-C stops.');
    return await holdInterview(prompter);
  } finally {
    prompter.close();
  }
}

async function prove(
  recommendation: Recommendation,
  requirements: Requirements,
  options: DecideOptions,
  io: Io,
): Promise<Evidence> {
  const runs = evidenceRuns(recommendation, requirements, options);
  const progress = startProgress(`Simulating ${requirements.id}`, io);
  try {
    const results: EvidenceResult[] = [];
    for (const [index, run] of runs.entries()) {
      const report = await runToEnd(parseScenario(run.source), {
        seed: run.seed,
        onProgress: (done) => progress.report((index + done) / runs.length),
        io,
      });
      results.push({ run, report });
    }
    return evidenceFrom(recommendation, requirements, results);
  } finally {
    progress.end();
  }
}

/** What differs from the defaults; reads back as the same requirements. */
function answersIn(requirements: Requirements): Partial<Requirements> {
  const usual: Readonly<Record<string, unknown>> = parseRequirements({});
  return Object.fromEntries(
    Object.entries(requirements).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key]),
    ),
  );
}

function save(folder: string, requirements: Requirements, evidence: Evidence): void {
  const scenarios = evidence.scenarios.map((scenario) => [`${scenario.id}.yaml`, renderYaml(scenario, [])]);
  writeFolder(folder, '--save', {
    'requirements.yaml': renderYaml(requirements, ['What quorate decide was asked.']),
    ...Object.fromEntries(scenarios),
  });
}
