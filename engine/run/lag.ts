import { Histogram } from '../observe/histogram.ts';
import type { Lag } from '../topologies/cluster.ts';
import type { LagQuantiles, LagSummary } from './report.ts';

/** Replication lag, sampled over a run: bounded by the number of samples, however long the run. */
export class LagSamples {
  private readonly followers: readonly Follower[];

  constructor(nodes: number) {
    this.followers = Array.from({ length: nodes }, () => ({
      writeLag: new Histogram(),
      flushLag: new Histogram(),
      replayLag: new Histogram(),
      writeLagBytesMax: 0,
      flushLagBytesMax: 0,
      lagBytesMax: 0,
      series: { atMs: [], writeLagMs: [], flushLagMs: [], replayLagMs: [], lagBytes: [] },
    }));
  }

  add(atUs: number, node: number, lag: Lag): void {
    const follower = this.followers[node]!;
    const { series } = follower;
    follower.writeLag.record(lag.writeLagUs);
    follower.flushLag.record(lag.flushLagUs);
    follower.replayLag.record(lag.replayLagUs);
    follower.writeLagBytesMax = Math.max(follower.writeLagBytesMax, lag.writeLagBytes);
    follower.flushLagBytesMax = Math.max(follower.flushLagBytesMax, lag.flushLagBytes);
    follower.lagBytesMax = Math.max(follower.lagBytesMax, lag.replayLagBytes);
    series.atMs.push(atUs / 1000);
    series.writeLagMs.push(lag.writeLagUs / 1000);
    series.flushLagMs.push(lag.flushLagUs / 1000);
    series.replayLagMs.push(lag.replayLagUs / 1000);
    series.lagBytes.push(lag.replayLagBytes);
  }

  /** Of every node that was ever sampled as a follower. */
  report(names: readonly string[]): LagSummary[] {
    return this.followers.flatMap(({ writeLag, flushLag, replayLag, ...rest }, node) =>
      replayLag.count === 0
        ? []
        : [
            {
              node: names[node]!,
              writeLagMs: quantiles(writeLag),
              flushLagMs: quantiles(flushLag),
              replayLagMs: quantiles(replayLag),
              ...rest,
            },
          ],
    );
  }
}

function quantiles(lag: Histogram): LagQuantiles {
  return { p50: lag.quantile(0.5)! / 1000, max: lag.max! / 1000 };
}

interface Follower {
  readonly writeLag: Histogram;
  readonly flushLag: Histogram;
  readonly replayLag: Histogram;
  writeLagBytesMax: number;
  flushLagBytesMax: number;
  lagBytesMax: number;
  readonly series: {
    readonly atMs: number[];
    readonly writeLagMs: number[];
    readonly flushLagMs: number[];
    readonly replayLagMs: number[];
    readonly lagBytes: number[];
  };
}
