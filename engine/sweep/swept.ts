/** What a sweep has come to so far: a sum for each cell, and which units are in it. */
import { simulate } from '../run/simulate.ts';
import type { Spread } from '../run/spread.ts';
import { engineVersion } from '../run/version.ts';
import { CellSketch, type CellSketchJson, type Share } from './cell-sketch.ts';
import { cellsOf, type SettingValue } from './grid.ts';
import { cellScenario, type Measure, type Sweep, settingsOf } from './sweep.ts';
import { type Unit, unitsInOrder, unitsOf, wholeSweep } from './units.ts';

/** Does a unit's runs. Throws InputError where a measure cannot be taken. */
export function sweepUnit(
  sweep: Sweep,
  { cell, seed, runs }: Pick<Unit, 'cell' | 'seed' | 'runs'>,
): CellSketchJson {
  const scenario = cellScenario(sweep, cell);
  const sketch = new CellSketch(sweep.measures);
  for (let run = 0; run < runs; run++) sketch.add(simulate(scenario, { seed: seed + run }));
  return sketch.toJSON();
}

/** A whole sweep, here and now. */
export function runSweep(sweep: Sweep): SweepAnswer {
  const swept = new Swept(sweep);
  for (const unit of unitsInOrder(sweep, wholeSweep)) swept.add(unit, sweepUnit(sweep, unit));
  return swept.answer();
}

/** One cell's answer, for `--json`. */
export interface SweptCell {
  readonly cell: number;
  readonly settings: Readonly<Record<string, SettingValue>>;
  readonly runs: number;
  readonly measures: Readonly<Record<string, Spread | Share>>;
}

export interface SweepAnswer {
  readonly sweep: string;
  readonly engine: string;
  readonly scenario: unknown;
  /** Seeds of each cell, the last one included. */
  readonly seeds: { readonly least: number; readonly most: number };
  /** Only where not all runs were done. */
  readonly partial?: true;
  readonly runs: number;
  readonly runsAsked: number;
  readonly axes: readonly Pick<Sweep['axes'][number], 'setting' | 'values'>[];
  readonly measures: readonly Pick<Measure, 'name' | 'label' | 'unit'>[];
  readonly cells: readonly SweptCell[];
}

/** One measure of one cell, for tables that other tools read. */
export type SweepRow = Readonly<Record<string, SettingValue | null>>;

export class Swept {
  readonly sweep: Sweep;
  /** In the JSON form, which is sparse: a sum takes little room until it is asked for. */
  private readonly cells: CellSketchJson[];
  private readonly done: Uint8Array;

  constructor(sweep: Sweep) {
    this.sweep = sweep;
    const empty = new CellSketch(sweep.measures).toJSON();
    this.cells = Array.from({ length: cellsOf(sweep) }, () => empty);
    this.done = new Uint8Array(unitsOf(sweep));
  }

  isDone(unit: number): boolean {
    return this.done[unit] === 1;
  }

  get runs(): number {
    return this.cells.reduce((runs, cell) => runs + cell.runs, 0);
  }

  get runsAsked(): number {
    return this.cells.length * this.sweep.runs;
  }

  /** Adds what a unit came to, once. Throws RangeError for what is no sketch of this sweep. */
  add({ unit, cell }: Pick<Unit, 'unit' | 'cell'>, sketch: CellSketchJson): void {
    if (this.isDone(unit)) return;
    this.addToCell(cell, sketch);
    this.done[unit] = 1;
  }

  /** Adds a sum of any number of units, which the caller knows to be new. */
  addToCell(cell: number, sketch: CellSketchJson): void {
    const { measures } = this.sweep;
    const sum = CellSketch.fromJSON(measures, this.cells[cell]!);
    sum.merge(CellSketch.fromJSON(measures, sketch));
    this.cells[cell] = sum.toJSON();
  }

  /** Of each cell what has been added so far. */
  sketches(): readonly CellSketchJson[] {
    return this.cells;
  }

  answer(): SweepAnswer {
    const { sweep } = this;
    const { axes, measures, scenario, seed, runs } = sweep;
    return {
      sweep: sweep.id,
      engine: engineVersion,
      scenario: scenario.id,
      seeds: { least: seed, most: seed + runs - 1 },
      ...(this.runs < this.runsAsked && { partial: true }),
      runs: this.runs,
      runsAsked: this.runsAsked,
      axes: axes.map(({ setting, values }) => ({ setting, values })),
      measures: measures.map(({ name, label, unit }) => ({ name, label, unit })),
      cells: this.cells.map((json, cell) => this.cellAnswer(json, cell)),
    };
  }

  private cellAnswer(json: CellSketchJson, cell: number): SweptCell {
    const { axes, measures } = this.sweep;
    const settings = settingsOf(this.sweep, cell);
    const summary = CellSketch.fromJSON(measures, json).summary();
    return {
      cell,
      settings: Object.fromEntries(axes.map(({ setting }, index) => [setting, settings[index]!])),
      runs: json.runs,
      measures: Object.fromEntries(measures.map(({ name }, index) => [name, summary[index]!])),
    };
  }
}

/** A row for each cell and measure, all with the same columns; `low` and `high` are the 95 % interval of `value`. */
export function sweepRows({ measures, cells }: Pick<SweepAnswer, 'measures' | 'cells'>): SweepRow[] {
  return cells.flatMap(({ cell, settings, runs, measures: measured }) =>
    measures.map(({ name, unit }) => {
      const { value, interval, count, min, p50, p99, max, hits } = figuresOf(measured[name]!);
      const { low, high } = interval ?? { low: null, high: null };
      return {
        cell,
        ...settings,
        measure: name,
        unit,
        runs,
        value,
        low,
        high,
        count,
        min,
        p50,
        p99,
        max,
        hits,
      };
    }),
  );
}

/** The number that stands for a cell: the mean, or the share of runs. */
export function figuresOf(measured: Spread | Share) {
  if ('hits' in measured) {
    const { hits, of, share, interval } = measured;
    return { value: share, interval, count: of, min: null, p50: null, p99: null, max: null, hits };
  }
  const { mean, meanInterval, count, min, p50, p99, max } = measured;
  return { value: mean, interval: meanInterval, count, min, p50, p99, max, hits: null };
}
