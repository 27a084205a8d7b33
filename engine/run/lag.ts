import { Histogram } from '../observe/histogram.ts';
import type { Lag } from '../topologies/cluster.ts';
import type { LagSummary } from './report.ts';

/** Replication lag, sampled over a run: bounded by the number of samples, however long the run. */
export class LagSamples {
  private readonly followers: readonly {
    readonly replayLag: Histogram;
    bytesMax: number;
    readonly series: Series;
  }[];

  constructor(nodes: number) {
    this.followers = Array.from({ length: nodes }, () => ({
      replayLag: new Histogram(),
      bytesMax: 0,
      series: { atMs: [], replayLagMs: [], lagBytes: [] },
    }));
  }

  add(atUs: number, node: number, { replayLagUs, bytes }: Lag): void {
    const follower = this.followers[node]!;
    follower.replayLag.record(replayLagUs);
    follower.bytesMax = Math.max(follower.bytesMax, bytes);
    follower.series.atMs.push(atUs / 1000);
    follower.series.replayLagMs.push(replayLagUs / 1000);
    follower.series.lagBytes.push(bytes);
  }

  /** Of every node that was ever sampled as a follower. */
  report(names: readonly string[]): LagSummary[] {
    return this.followers.flatMap(({ replayLag, bytesMax, series }, node) =>
      replayLag.count === 0
        ? []
        : [
            {
              node: names[node]!,
              replayLagMs: { p50: replayLag.quantile(0.5)! / 1000, max: replayLag.max! / 1000 },
              lagBytesMax: bytesMax,
              series,
            },
          ],
    );
  }
}

interface Series {
  readonly atMs: number[];
  readonly replayLagMs: number[];
  readonly lagBytes: number[];
}
