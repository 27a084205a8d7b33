/**
 * The four one-way delays of an operation on a replica: a write's way there (W), its acknowledgement's way back (A), a
 * read's way there (R), its response's way back (S), each with all the work that the replica does meanwhile.
 */

import type { LatencySpec } from '../kernel/latency-spec.ts';

export interface QuorumLatency {
  readonly write: LatencySpec;
  readonly ack: LatencySpec;
  readonly request: LatencySpec;
  readonly response: LatencySpec;
  /**
   * Added to each of the four for every replica but one, which is local; for a read another one may be local than for
   * the write. µs, 0 where all are equally near.
   */
  readonly remoteUs: number;
}

/** A body that is Pareto and a tail that is exponential; times in ms. */
function production(paretoShare: number, scaleMs: number, shape: number, lambdaPerMs: number): LatencySpec {
  return {
    type: 'mixture',
    components: [
      { weight: paretoShare, latency: { type: 'pareto', scaleUs: scaleMs * 1000, shape } },
      {
        weight: 1 - paretoShare,
        latency: { type: 'exponential', meanUs: 1000 / lambdaPerMs },
      },
    ],
  };
}

function sameAnswers(write: LatencySpec, answer: LatencySpec, remoteUs = 0): QuorumLatency {
  return { write, ack: answer, request: answer, response: answer, remoteUs };
}

const ssd = production(0.9122, 0.235, 10, 1.66);
const disk = production(0.38, 1.05, 1.51, 0.183);

/**
 * Production latencies as fitted by Bailis et al., PVLDB 5(8), 2012, table of fits (arXiv 1204.6082): LinkedIn's Voldemort
 * on SSDs and on disks, Yammer's Riak, and disks with all replicas but one 75 ms away. Yammer's write has the shape 3.5 of
 * the authors' simulator; the 3.35 they printed contradicts their own results.
 */
export const quorumLatencies = {
  'lnkd-ssd': sameAnswers(ssd, ssd),
  'lnkd-disk': sameAnswers(disk, ssd),
  ymmr: sameAnswers(production(0.939, 3, 3.5, 0.0028), production(0.982, 1.5, 3.8, 0.0217)),
  wan: sameAnswers(disk, ssd, 75_000),
} as const satisfies Readonly<Record<string, QuorumLatency>>;
