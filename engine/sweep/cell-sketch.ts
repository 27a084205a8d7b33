import { Histogram, type HistogramJson } from '../observe/histogram.ts';
import { type Interval, wilsonInterval } from '../run/intervals.ts';
import { numbersAt } from '../run/number-at.ts';
import type { Report } from '../run/report.ts';
import { type Spread, spreadOf } from '../run/spread.ts';
import { InputError } from '../scenario/problems.ts';
import type { Measure } from './sweep.ts';

/** Runs in which something is so, of how many. */
interface Hits {
  readonly hits: number;
  readonly of: number;
}

/** What some runs of a cell showed, in integers: to be written down, sent, and merged in any order. */
export interface CellSketchJson {
  readonly runs: number;
  /** Of each measure of the sweep. */
  readonly measures: readonly (HistogramJson | Hits)[];
}

export interface Share extends Hits {
  readonly share: number | null;
  /** 95 %; null of no runs. */
  readonly interval: Interval | null;
}

/** Counts and histograms of one cell's measures. */
export class CellSketch {
  private readonly measures: readonly Measure[];
  private readonly sketches: (Histogram | { hits: number; of: number })[];
  private counted = 0;

  constructor(measures: readonly Measure[]) {
    this.measures = measures;
    this.sketches = measures.map(({ bounds }) => (bounds === null ? new Histogram() : { hits: 0, of: 0 }));
  }

  get runs(): number {
    return this.counted;
  }

  /** Throws InputError where a measure is no number, or none that can be counted. */
  add(report: Report): void {
    this.counted += 1;
    this.measures.forEach((measure, index) => {
      const sketch = this.sketches[index]!;
      const values = valuesOf(measure, index, report);
      if (sketch instanceof Histogram) {
        for (const value of values) sketch.record(scaled(value, measure, index, report));
      } else {
        sketch.of += 1;
        sketch.hits += values.length > 0 && values.every((value) => isWithin(value, measure)) ? 1 : 0;
      }
    });
  }

  /** Adds everything the other has; the other is unchanged. */
  merge(other: CellSketch): void {
    this.counted += other.counted;
    this.sketches.forEach((sketch, index) => {
      const from = other.sketches[index]!;
      if (sketch instanceof Histogram) sketch.merge(from as Histogram);
      else {
        sketch.hits += (from as Hits).hits;
        sketch.of += (from as Hits).of;
      }
    });
  }

  /** Of each measure of the sweep: how its numbers are spread, or in which share of runs it is so. */
  summary(): (Spread | Share)[] {
    return this.sketches.map((sketch, index) => {
      if (sketch instanceof Histogram) return spreadOf(sketch, scaleOf(this.measures[index]!));
      const { hits, of } = sketch;
      return { hits, of, share: of === 0 ? null : hits / of, interval: wilsonInterval(hits, of) };
    });
  }

  toJSON(): CellSketchJson {
    const measures = this.sketches.map((sketch) =>
      sketch instanceof Histogram ? sketch.toJSON() : { ...sketch },
    );
    return { runs: this.counted, measures };
  }

  /** The sketch that `toJSON` wrote. Throws RangeError for what cannot have come from one of these measures. */
  static fromJSON(measures: readonly Measure[], json: CellSketchJson): CellSketch {
    const sketch = new CellSketch(measures);
    if (json.measures.length !== measures.length) throw new RangeError('not a sketch of these measures');
    sketch.counted = json.runs;
    json.measures.forEach((from, index) => {
      const into = sketch.sketches[index]!;
      if (into instanceof Histogram !== 'buckets' in from)
        throw new RangeError('not a sketch of these measures');
      if (into instanceof Histogram) into.merge(Histogram.fromJSON(from as HistogramJson));
      else Object.assign(into, from);
    });
    return sketch;
  }
}

/** Ratios are counted in millionths, bytes one by one, all else in thousandths. */
function scaleOf({ metric, per, unit }: Measure): number {
  if (per !== null || metric.endsWith('.ratio')) return 1_000_000;
  return unit === 'bytes' ? 1 : 1000;
}

function scaled(value: number, measure: Measure, index: number, report: Report): number {
  const integer = Math.round(value * scaleOf(measure));
  if (Number.isSafeInteger(integer) && integer >= 0) return integer;
  throw wrong(measure, index, report, String(value), 'numbers from 0 to some billions');
}

const aPath = 'a path to numbers in what simulate --json prints';

function valuesOf(measure: Measure, index: number, report: Report): number[] {
  const values = numbersAt(report, measure.metric);
  if (values === undefined) throw wrong(measure, index, report, `no number at ${measure.metric}`, aPath);
  if (measure.per === null) return values;
  const divisors = numbersAt(report, measure.per);
  if (divisors === undefined)
    throw wrong(measure, index, report, `no number to divide by at ${measure.per}`, aPath);
  const divisor = divisors[0];
  return divisor === undefined || divisor === 0 ? [] : values.map((value) => value / divisor);
}

function wrong(measure: Measure, index: number, report: Report, found: string, expected: string): InputError {
  return new InputError('sweep', [
    {
      path: ['measures', index],
      found: `${found} with seed ${report.seed}`,
      expected,
      hint: `the measure “${measure.label}”`,
    },
  ]);
}

function isWithin(value: number, { bounds }: Measure): boolean {
  const { above, atLeast, below, atMost } = bounds!;
  return value > above && value >= atLeast && value < below && value <= atMost;
}
