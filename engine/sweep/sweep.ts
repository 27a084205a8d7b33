/**
 * A sweep: one scenario with every combination of some settings, many seeds each, and what to measure of them.
 *
 * ```yaml
 * id: timeout-and-pause
 * scenario: leaders-that-pause       # a bundled name, a file, or a scenario written out
 * runs: 20                           # of every combination, with seeds from `seed` up
 * grid:
 *   topology.failover.timeoutMs: { from: 200, to: 3200, count: 5, scale: log }
 *   faults[*].forMs: [100, 400, 1600]
 * measures:
 *   - { metric: falseFailovers }
 *   - { metric: rpo.writes, above: 0, label: runs that lose writes }
 * ```
 */
import * as z from 'zod/mini';
import { numbersAt } from '../run/number-at.ts';
import { simulate } from '../run/simulate.ts';
import { id, positiveCount } from '../scenario/fields.ts';
import { parseScenario } from '../scenario/parse.ts';
import { parseDocument } from '../scenario/parse-document.ts';
import { InputError, type Problem, showValue } from '../scenario/problems.ts';
import type { Scenario } from '../scenario/scenario.ts';
import {
  type Axis,
  axisOf,
  axisSchema,
  cellsOf,
  placeProblem,
  type SettingValue,
  withSettings,
} from './grid.ts';

const text = z.string().check(z.minLength(1), z.maxLength(200));
const reportPath = z
  .string()
  .check(
    z.regex(/^[A-Za-z][\w-]*(\.([\w-]+|\*))*$/),
    z.describe('Keys, indices, names and * joined by dots'),
  );

const measureSchema = z.strictObject({
  metric: reportPath.check(
    z.describe('A number of the report by its path, such as rpo.writes or failovers.*.rtoMs'),
  ),
  per: z.optional(reportPath.check(z.describe('Another number of the same run, by which it is divided'))),
  above: z.optional(
    z.number().check(z.describe('With any of these four: the share of runs in which it is so')),
  ),
  atLeast: z.optional(z.number()),
  below: z.optional(z.number()),
  atMost: z.optional(z.number()),
  name: z.optional(id.check(z.describe('In files; without it, made of the path'))),
  label: z.optional(text.check(z.describe('For people'))),
  unit: z.optional(z.string().check(z.maxLength(30), z.describe('Without it, taken from the path'))),
});

const sweepSchema = z.strictObject({
  id,
  title: z._default(z.string().check(z.maxLength(200)), ''),
  scenario: z.record(z.string(), z.unknown()),
  runs: positiveCount(1_000_000).check(z.describe('Runs of every combination')),
  seed: z._default(
    z
      .int()
      .check(
        z.gte(0),
        z.lte(2 ** 52),
        z.describe('Of the first run; every combination is given the same seeds'),
      ),
    1,
  ),
  grid: z
    .record(z.string(), axisSchema)
    .check(z.describe('Settings of the scenario by their paths, and the values of each')),
  measures: z.array(measureSchema).check(z.minLength(1), z.maxLength(20)),
});

/** A number of each run, or the share of runs in which it keeps within bounds. */
export interface Measure {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly metric: string;
  readonly per: string | null;
  /** null where the number itself is measured. */
  readonly bounds: {
    readonly above: number;
    readonly atLeast: number;
    readonly below: number;
    readonly atMost: number;
  } | null;
}

export interface Sweep {
  readonly id: string;
  readonly title: string;
  /** As it is written, before any setting. */
  readonly scenario: Readonly<Record<string, unknown>>;
  readonly runs: number;
  readonly seed: number;
  readonly axes: readonly Axis[];
  readonly measures: readonly Measure[];
}

/** So many combinations stay readable, and their sums fit into memory. */
const cellsMost = 10_000;

/**
 * Reads a sweep whose scenario is written out. Throws InputError with every problem, also of combinations that make no
 * scenario, and of measures that no report has.
 */
export function parseSweep(input: unknown): Sweep {
  const document = parseDocument('sweep', sweepSchema, input);
  const problems: Problem[] = [];
  const axes = Object.entries(document.grid).map(([setting, axis]) => axisOf(setting, axis, problems));
  const measures = document.measures.map(measureOf);
  const sweep: Sweep = {
    id: document.id,
    title: document.title,
    // What was expected of the scenario as it was is not expected of what becomes of it.
    scenario: { ...document.scenario, expect: [] },
    runs: document.runs,
    seed: document.seed,
    axes,
    measures,
  };
  if (axes.length === 0 || axes.length > 6)
    problems.push({ path: ['grid'], found: showValue(document.grid), expected: 'one to six settings' });
  const cells = cellsOf(sweep);
  if (cells > cellsMost)
    problems.push({
      path: ['grid'],
      found: `${cells} combinations`,
      expected: `at most ${cellsMost}`,
      hint: 'fewer values, or several sweeps',
    });
  checkNames(measures, problems);
  if (problems.length === 0) checkCells(sweep, problems);
  if (problems.length > 0) throw new InputError('sweep', problems);
  return sweep;
}

/** The value of each axis in a cell; the last axis changes fastest. */
export function settingsOf({ axes }: Pick<Sweep, 'axes'>, cell: number): SettingValue[] {
  const values: SettingValue[] = [];
  let rest = cell;
  for (const axis of axes.toReversed()) {
    values.unshift(axis.values[rest % axis.values.length]!);
    rest = Math.floor(rest / axis.values.length);
  }
  return values;
}

/** The scenario of a cell. */
export function cellScenario(sweep: Sweep, cell: number): Scenario {
  return parseScenario(withSettings(sweep.scenario, sweep.axes, settingsOf(sweep, cell)));
}

/** The settings of a cell in words: `topology.failover.timeoutMs = 400, …`. */
function describeCell(sweep: Sweep, cell: number): string {
  const values = settingsOf(sweep, cell);
  return sweep.axes.map(({ setting }, index) => `${setting} = ${values[index]}`).join(', ');
}

function measureOf(measure: z.output<typeof measureSchema>): Measure {
  const { metric, per, above, atLeast, below, atMost, name, label, unit } = measure;
  const bounds = { above, atLeast, below, atMost };
  const words = Object.entries({ above, 'at least': atLeast, below, 'at most': atMost })
    .filter(([, bound]) => bound !== undefined)
    .map(([word, bound]) => `${word} ${bound}`);
  const isShare = words.length > 0;
  const described = [metric, ...(per === undefined ? [] : [`per ${per}`]), ...words].join(' ');
  return {
    name: name ?? described.replaceAll(' ', '-'),
    label: label ?? described,
    unit: isShare ? 'share of runs' : (unit ?? (per === undefined ? unitOf(metric) : '')),
    metric,
    per: per ?? null,
    bounds: isShare
      ? {
          above: bounds.above ?? Number.NEGATIVE_INFINITY,
          atLeast: bounds.atLeast ?? Number.NEGATIVE_INFINITY,
          below: bounds.below ?? Number.POSITIVE_INFINITY,
          atMost: bounds.atMost ?? Number.POSITIVE_INFINITY,
        }
      : null,
  };
}

/** Settings and figures say their unit in their name. */
export function unitOf(path: string): string {
  if (/Ms(Max)?$|Ms\.|\.ms$/.test(path)) return 'ms';
  if (/PerSecond/.test(path)) return 'per second';
  return /Bytes/.test(path) ? 'bytes' : '';
}

function checkNames(measures: readonly Measure[], problems: Problem[]): void {
  measures.forEach(({ name }, index) => {
    if (measures.findIndex((other) => other.name === name) === index) return;
    problems.push({
      path: ['measures', index],
      found: `${name} a second time`,
      expected: 'each measure once',
      hint: 'give one of them a name',
    });
  });
}

/** Each cell must be a scenario, and the first one must have what is to be measured. */
function checkCells(sweep: Sweep, problems: Problem[]): void {
  try {
    parseScenario(sweep.scenario);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(
      ...error.problems.map(({ path, ...problem }) => ({ ...problem, path: ['scenario', ...path] })),
    );
    return;
  }
  const seen = new Set<string>();
  const add = (problem: Problem, cell: number) => {
    const key = `${problem.path.join('.')} ${problem.found} ${problem.expected}`;
    if (seen.has(key)) return;
    seen.add(key);
    const where = `in the cell ${describeCell(sweep, cell)}`;
    problems.push({ ...problem, hint: problem.hint === undefined ? where : `${problem.hint}; ${where}` });
  };
  for (let cell = 0; cell < cellsOf(sweep); cell++) {
    try {
      cellScenario(sweep, cell);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems)
        add(placeProblem(sweep.axes, settingsOf(sweep, cell), problem), cell);
    }
  }
  if (problems.length === 0) checkMeasures(sweep, problems);
}

function checkMeasures(sweep: Sweep, problems: Problem[]): void {
  const report = simulate(cellScenario(sweep, 0), { untilMs: 0 });
  sweep.measures.forEach(({ metric, per }, index) => {
    for (const [key, path] of [
      ['metric', metric],
      ['per', per],
    ] as const) {
      if (path === null) continue;
      const numbers = numbersAt(report, path);
      const first = (report as unknown as Record<string, unknown>)[path.split('.')[0]!];
      if (numbers !== undefined && first !== null) continue;
      problems.push({
        path: ['measures', index, key],
        found: path,
        expected: 'the path of a number in the report',
        hint:
          first === null
            ? `this topology measures no ${path.split('.')[0]}`
            : 'the report is what simulate --json prints',
      });
    }
  });
}
