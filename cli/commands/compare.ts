import { bundledScenarios } from '#content';
import { Comparison, parseScenario, prepareComparison, type ScenarioSource } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderComparison, renderComparisonAsMarkdown } from '../render/comparison.ts';
import { paintFor } from '../render/paint.ts';
import { runToEnd } from '../run-to-end.ts';

export interface CompareOptions {
  readonly workload?: string;
  readonly seed?: number;
  readonly json?: true;
  readonly markdown?: true;
}

const usualWorkload = 'three-region-shop';

export async function compareCommand(options: CompareOptions, io: Io): Promise<ExitCode> {
  const { workload = usualWorkload, seed } = options;
  const document = await readDocument(workload, bundledScenarios, io);
  const comparison = understand(document, (value) => {
    parseScenario(value);
    return new Comparison(prepareComparison(value as ScenarioSource, seed));
  });
  const progress = startProgress(`Comparing topologies under ${workload}`, io);
  try {
    let made = 0;
    for (let run = comparison.next(); run !== null; run = comparison.next(), made++) {
      const onProgress = (done: number) => progress.report((made + done) / comparison.runs);
      comparison.took(run, await runToEnd(run.scenario, { onProgress, io }));
    }
  } finally {
    progress.end();
  }
  const table = comparison.table();
  const text = options.json
    ? `${JSON.stringify(table, null, 2)}\n`
    : options.markdown
      ? renderComparisonAsMarkdown(table)
      : renderComparison(table, workload, paintFor(io));
  io.stdout.write(text);
  return exitCodes.asHoped;
}
