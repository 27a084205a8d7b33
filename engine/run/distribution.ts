/**
 * What many runs of one scenario showed together, a run a seed. Integers only, so that parts made on several workers or
 * machines merge to the whole, byte for byte.
 *
 * ```ts
 * sample(scenario, { runs: 100 }).summary().rtoMs.p99;
 * ```
 */

import { Histogram, type HistogramJson } from '../observe/histogram.ts';
import { type Interval, wilsonInterval } from './intervals.ts';
import type { Report } from './report.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface DistributionSummary {
  readonly runs: number;
  /** Runs that met every expectation. */
  readonly met: number;
  readonly failovers: {
    /** Of all runs together. */
    readonly count: number;
    /** Of leaders that were running. */
    readonly falseAlarms: number;
    /** After a crash, those that ended without an ok write. */
    readonly withoutEnd: number;
  };
  /** Each failover's phases since the crash, or since it was given up. */
  readonly detectedAfterMs: Spread;
  readonly promotedAfterMs: Spread;
  /** Each crash's write outage. */
  readonly rtoMs: Spread;
  /** Acknowledged writes lost, run by run, those without loss too. */
  readonly lostWrites: Spread;
  readonly rpoMs: Spread;
  /** Share of runs that lost any. */
  readonly lossShare: number;
  /** 95 %; null of no runs. */
  readonly lossShareInterval: Interval | null;
  /** Share of runs in which two leaders acknowledged writes at once, and for how long, in those runs. */
  readonly splitBrainShare: number;
  readonly splitBrainShareInterval: Interval | null;
  readonly overlapMs: Spread;
}

const measures = ['detectedAfterMs', 'promotedAfterMs', 'rtoMs', 'lostWrites', 'rpoMs', 'overlapMs'] as const;
type Measure = (typeof measures)[number];
const counts = ['runs', 'met', 'failovers', 'falseAlarms', 'withoutEnd', 'losses', 'splitBrains'] as const;

/** What a part of the runs showed, to be sent and merged elsewhere. */
export interface DistributionJson {
  readonly counts: Readonly<Record<(typeof counts)[number], number>>;
  readonly histograms: Readonly<Record<Measure, HistogramJson>>;
}

/** Counted in thousandths: µs of what is in ms, and a thousandth of a write, so that one histogram serves both. */
const scale = 1000;

export class Distribution {
  private readonly histograms = Object.fromEntries(
    measures.map((measure) => [measure, new Histogram()]),
  ) as Record<Measure, Histogram>;
  private readonly counted = Object.fromEntries(counts.map((count) => [count, 0])) as Record<
    (typeof counts)[number],
    number
  >;

  add(report: Report): void {
    const { counted } = this;
    const { failovers, rpo, overlapMs } = report;
    counted.runs += 1;
    counted.met += report.expectations.every(({ met }) => met) ? 1 : 0;
    counted.falseAlarms += report.falseFailovers;
    for (const failover of failovers) {
      counted.failovers += 1;
      this.record('detectedAfterMs', failover.detectedAfterMs);
      this.record('promotedAfterMs', failover.promotedAfterMs);
      this.record('rtoMs', failover.rtoMs);
      if (failover.crashedAtMs !== null && failover.rtoMs === null) counted.withoutEnd += 1;
    }
    this.record('lostWrites', rpo.writes);
    this.record('rpoMs', rpo.ms);
    if (rpo.writes > 0) counted.losses += 1;
    if (overlapMs > 0) {
      counted.splitBrains += 1;
      this.record('overlapMs', overlapMs);
    }
  }

  /** Adds everything the other has; the other is unchanged. */
  merge(other: Distribution): void {
    for (const measure of measures) this.histograms[measure].merge(other.histograms[measure]);
    for (const count of counts) this.counted[count] += other.counted[count];
  }

  toJSON(): DistributionJson {
    const { histograms } = this;
    return {
      counts: { ...this.counted },
      histograms: Object.fromEntries(
        measures.map((measure) => [measure, histograms[measure].toJSON()]),
      ) as Record<Measure, HistogramJson>,
    };
  }

  /** The distribution that `toJSON` wrote. */
  static fromJSON(json: DistributionJson): Distribution {
    const distribution = new Distribution();
    Object.assign(distribution.counted, json.counts);
    for (const measure of measures)
      distribution.histograms[measure].merge(Histogram.fromJSON(json.histograms[measure]));
    return distribution;
  }

  summary(): DistributionSummary {
    const { runs, met, failovers, falseAlarms, withoutEnd, losses, splitBrains } = this.counted;
    return {
      runs,
      met,
      failovers: { count: failovers, falseAlarms, withoutEnd },
      detectedAfterMs: this.spread('detectedAfterMs'),
      promotedAfterMs: this.spread('promotedAfterMs'),
      rtoMs: this.spread('rtoMs'),
      lostWrites: this.spread('lostWrites'),
      rpoMs: this.spread('rpoMs'),
      lossShare: runs === 0 ? 0 : losses / runs,
      lossShareInterval: wilsonInterval(losses, runs),
      splitBrainShare: runs === 0 ? 0 : splitBrains / runs,
      splitBrainShareInterval: wilsonInterval(splitBrains, runs),
      overlapMs: this.spread('overlapMs'),
    };
  }

  private record(measure: Measure, value: number | null): void {
    if (value !== null) this.histograms[measure].record(Math.round(value * scale));
  }

  private spread(measure: Measure): Spread {
    return spreadOf(this.histograms[measure], scale);
  }
}
