import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundledScenarios, bundledSweeps } from '#content';
import {
  CellSketch,
  type CellSketchJson,
  cellScenario,
  InputError,
  parseScenario,
  parseSweep,
  type Shard,
  type Sweep,
  Swept,
  type Unit,
  unitAt,
  unitsInOrder,
  wholeSweep,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { Interrupted, UsageError } from '../failures.ts';
import type { Io } from '../io.ts';
import type { SweptUnit } from '../jobs.worker.ts';
import { type Header, hasPart, headerOf, type Journal, openJournal, sealed } from '../journal.ts';
import { openOutputFile } from '../output-file.ts';
import { type SourceDocument, understand } from '../parse-document.ts';
import { workOff } from '../pool.ts';
import { duration, startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { runToEnd } from '../run-to-end.ts';
import { checkOutputs, type SweepOutputs, tell, writeOutputs, writeWhole } from '../sweep-output.ts';

export interface SweepOptions extends SweepOutputs {
  readonly file: string;
  readonly runs?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly shard?: Shard;
  readonly restart?: true;
}

export async function sweepCommand(options: SweepOptions, io: Io): Promise<ExitCode> {
  const { sweep, source } = await readSweep(options, io);
  const { shard = wholeSweep } = options;
  if (options.restart && (options.shard ?? options.out ?? options.svg) === undefined)
    throw new UsageError('--restart: without --out, --svg or --shard there is no journal to begin anew.');
  const part = options.shard === undefined ? undefined : partName(sweep, options);
  if (part === undefined) checkOutputs(options, sweep.axes.length);
  else openOutputFile(part, '--out').discard();
  const swept = new Swept(sweep);
  const header = headerOf(source.value, shard);
  if (part !== undefined && options.restart !== true && hasPart(part, header)) {
    io.stdout.write(
      `${part}: part ${shard.index} of ${shard.of} is there already. --restart does it again.\n`,
    );
    return exitCodes.asHoped;
  }
  const journal = journalOf(part ?? options.out ?? options.svg, header, options, io);
  try {
    for (const { unit, sketch } of journal?.units ?? []) swept.add(unitAt(sweep, unit), sketch);
    if (journal !== undefined && swept.runs > 0)
      io.stderr.write(`Going on from ${journal.path}: ${swept.runs.toLocaleString('en')} runs were done.\n`);
    await workOffSweep(swept, { shard, journal, threads: options.threads }, io);
  } catch (error) {
    if (error instanceof InputError) {
      understand(source, () => {
        throw error;
      });
    }
    if (!(error instanceof Interrupted)) throw error;
    const { runs, runsAsked } = swept;
    const asked = part === undefined ? ` of ${runsAsked}` : '';
    const resume = journal === undefined ? '' : ' The same command goes on from there.';
    io.stderr.write(`Interrupted after ${runs}${asked} runs.${resume}\n`);
    if (part === undefined && runs > 0) tell(swept, { ...(options.json && { json: true }) }, io);
    return exitCodes.interrupted;
  } finally {
    journal?.close();
  }
  if (part === undefined) writeOutputs(swept, options, io);
  else {
    writeWhole(openOutputFile(part, '--out'), partOf(swept, header));
    const runs = `${swept.runs.toLocaleString('en')} of ${swept.runsAsked.toLocaleString('en')} runs`;
    io.stdout.write(`${part}: part ${shard.index} of ${shard.of}, ${runs}. Join all parts with merge.\n`);
  }
  journal?.remove();
  return exitCodes.asHoped;
}

/** A sweep as it is written, its scenario written out in it; what flags say counts for more. */
async function readSweep(
  { file, runs, seed }: SweepOptions,
  io: Io,
): Promise<{ readonly sweep: Sweep; readonly source: SourceDocument }> {
  const written = await readDocument(file, bundledSweeps, io);
  const value = await withScenario(written, io);
  const document =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value, ...(runs !== undefined && { runs }), ...(seed !== undefined && { seed }) }
      : value;
  const source = { ...written, value: document };
  return { sweep: understand(source, parseSweep), source };
}

/** A scenario that is a name is read: from a file beside the sweep's, from one here, or a bundled one. */
async function withScenario({ file, value }: SourceDocument, io: Io): Promise<unknown> {
  if (typeof value !== 'object' || value === null) return value;
  const { scenario } = value as { scenario?: unknown };
  if (typeof scenario !== 'string') return value;
  const beside = join(dirname(file), scenario);
  if (scenario === '-') throw new UsageError(`${file}: scenario: standard input is not read twice.`);
  const document = await readDocument(existsSync(beside) ? beside : scenario, bundledScenarios, io);
  understand(document, parseScenario);
  return { ...value, scenario: document.value };
}

function partName(sweep: Sweep, { shard, out, svg, json }: SweepOptions): string {
  const { index, of } = shard!;
  for (const [flag, given] of Object.entries({ '--svg': svg, '--json': json })) {
    if (given !== undefined)
      throw new UsageError(`${flag} is about the whole sweep: give it to merge, which joins the parts.`);
  }
  const name = out ?? `${sweep.id}.${index}-of-${of}.part`;
  if (!name.endsWith('.part'))
    throw new UsageError(`--out ${name}: with --shard a part is written, whose name ends with .part.`);
  return name;
}

function journalOf(
  output: string | undefined,
  header: Header,
  { restart = false }: { readonly restart?: boolean },
  { nowMs }: Io,
): Journal | undefined {
  return output === undefined ? undefined : openJournal(`${output}.journal`, header, { restart, nowMs });
}

interface Doing {
  readonly shard: Shard;
  readonly journal: Journal | undefined;
  readonly threads: number | undefined;
}

async function workOffSweep(swept: Swept, { shard, journal, threads }: Doing, io: Io): Promise<void> {
  const { sweep } = swept;
  const units = [...unitsInOrder(sweep, shard)].filter(({ unit }) => !swept.isDone(unit));
  const before = swept.runs;
  const all = before + units.reduce((runs, unit) => runs + unit.runs, 0);
  const runsSaid = `${all.toLocaleString('en')} runs`;
  const progress = startProgress(`Sweeping ${sweep.id}, ${runsSaid}`, io, before / all);
  const startedMs = io.nowMs();
  let done = before;
  try {
    const used = await workOff({
      job: 'sweepUnits',
      about: sweep,
      units,
      threads,
      alone: async (unit): Promise<SweptUnit> => ({
        type: 'swept',
        sketch: await sweepHere(sweep, unit, io),
      }),
      onResult: (result, unit) => {
        if (result.type === 'wrong') throw new InputError('sweep', result.problems);
        swept.add(unit, result.sketch);
        journal?.append({ unit: unit.unit, sketch: result.sketch });
        done += unit.runs;
        progress.report(done / all);
      },
      io,
    });
    progress.end();
    if (io.stderr.isTTY !== true || units.length === 0) return;
    const tookMs = Math.max(io.nowMs() - startedMs, 1);
    const perSecond = (((done - before) * 1000) / tookMs).toLocaleString('en', {
      maximumSignificantDigits: 3,
    });
    io.stderr.write(
      `${(done - before).toLocaleString('en')} runs in ${duration(tookMs)}: ${perSecond} runs/s on ${used} thread${used === 1 ? '' : 's'}.\n`,
    );
  } finally {
    progress.end();
  }
}

/** In this thread, where Ctrl-C has to be heard between two slices of a run. */
async function sweepHere(sweep: Sweep, { cell, seed, runs }: Unit, io: Io): Promise<CellSketchJson> {
  const scenario = cellScenario(sweep, cell);
  const sketch = new CellSketch(sweep.measures);
  for (let run = 0; run < runs; run++) sketch.add(await runToEnd(scenario, { seed: seed + run, io }));
  return sketch.toJSON();
}

/** Cell by cell, so that a part's bytes are the same whoever did its units in whatever order. */
function partOf(swept: Swept, header: Header): string {
  const cells = swept.sketches().map((sketch, cell) => sealed({ cell, sketch }));
  return [sealed(header), ...cells, sealed({ end: true })].join('');
}
