import { type ClusterView, numberAt, type Report } from '#engine';
import { formatMeasured, formatNumber, measured } from '../lib/figures.ts';

/** What the lab's panel shows, in words ready to print. Names follow pg_stat_replication where it has one. */
export interface Metrics {
  readonly lag: readonly {
    readonly node: string;
    readonly writeLag: string;
    readonly flushLag: string;
    readonly replayLag: string;
    readonly lagBytes: string;
  }[];
  readonly writes: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly reads: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly writeP99: string;
  readonly lostWrites: number;
  readonly staleReads: number;
  /** By last writer wins. */
  readonly discardedWrites: number;
  /** Reads that returned an older version than a read before them. */
  readonly inversions: number;
  /** How long nobody could write after the last crash; a dash before one. */
  readonly rto: string;
  /** From the first lost write's acknowledgement to the loss. */
  readonly rpo: string;
}

const noOperations = { ok: 0, fail: 0, info: 0 };
export const noMetrics: Metrics = {
  lag: [],
  writes: noOperations,
  reads: noOperations,
  writeP99: '–',
  lostWrites: 0,
  staleReads: 0,
  discardedWrites: 0,
  inversions: 0,
  rto: '–',
  rpo: '–',
};

export function metricsOf(report: Report, view: ClusterView): Metrics {
  const lastFailover = report.failovers.at(-1);
  // Where several lead, as members of a group do, each lags behind what is in order.
  const isLedAlone = view.nodes.filter(({ role }) => role === 'leader').length < 2;
  return {
    lag: view.nodes.map(({ id, role, process, writeLagMs, flushLagMs, replayLagMs, lagBytes }) => {
      const follows = !(isLedAlone && role === 'leader') && process !== 'down';
      return {
        node: id,
        writeLag: follows ? inMs(writeLagMs) : '–',
        flushLag: follows ? inMs(flushLagMs) : '–',
        replayLag: follows ? inMs(replayLagMs) : '–',
        lagBytes: follows ? `${formatNumber(lagBytes)} B` : '–',
      };
    }),
    writes: report.operations.write,
    reads: report.operations.read,
    writeP99: inMs(report.latencyMs.write.p99),
    lostWrites: measured(report, 'verdicts.lost-writes.count') ?? 0,
    staleReads: measured(report, 'verdicts.stale-reads.count') ?? 0,
    discardedWrites: numberAt(report, 'verdicts.discarded-writes.count') ?? 0,
    inversions: numberAt(report, 'verdicts.new-old-inversions.count') ?? 0,
    rto:
      lastFailover === undefined ? '–' : lastFailover.rtoMs === null ? 'not yet' : inMs(lastFailover.rtoMs),
    rpo: report.failovers.length === 0 ? '–' : inMs(report.rpo.ms),
  };
}

function inMs(value: number | null): string {
  const { value: number, unit } = formatMeasured(value, 'ms');
  return unit === '' ? number : `${number} ${unit}`;
}
