/**
 * The WARS model by many trials: one write, one read of it some time after its acknowledgement, all four ways of each
 * replica drawn anew.
 *
 * Writes and reads go to all n replicas. The write is acknowledged with the w-th acknowledgement, after write[i] + ack[i];
 * the read returns with the r-th response, after request[i] + response[i]. A read that begins t after the acknowledgement
 * is fresh if one of those r replicas had the write when the request came: write[i] ≤ acknowledged + t + request[i]. So a
 * trial comes to three numbers, for every r and w at once: two latencies, and the least t at which it is fresh.
 * Source: Bailis et al., PVLDB 5(8), 2012, section 5.1 (arXiv 1204.6082).
 *
 * Trials come in blocks, each with a stream of chance of its own: the tally of a whole is the sum of its blocks' tallies,
 * whoever counts them.
 */

import { drawInto, Streams } from '../kernel/random.ts';
import { buildDelayTable, type DelayTable, delayTicks, finestTicks } from './delay-table.ts';
import type { QuorumLatency } from './latency.ts';
import { type Counts, count, type Tally } from './tally.ts';
import { BATCH, drawThree, threeBatch } from './wars-of-three.ts';

/** Latencies as tables. Plain data: it may be cloned and sent to a worker. */
export interface WarsModel {
  readonly n: number;
  readonly write: DelayTable;
  readonly ack: DelayTable;
  readonly request: DelayTable;
  readonly response: DelayTable;
  readonly remoteTicks: number;
  readonly ticksPerUs: number;
}

/** What is counted: the answers that reads and writes wait for, ascending, and times in ticks for the first pair of them. */
export interface WarsQuestion {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly timesTicks: readonly number[];
}

export const BLOCK_TRIALS = 65_536;

/** About 50 ms for each distribution that is a mixture. */
export function warsModel(n: number, latency: QuorumLatency): WarsModel {
  const { write, ack, request, response, remoteUs } = latency;
  const ticksPerUs = finestTicks([write, ack, request, response], remoteUs);
  const tables = new Map<string, DelayTable>();
  const table = (spec: QuorumLatency['write']): DelayTable => {
    const key = JSON.stringify(spec);
    let built = tables.get(key);
    if (built === undefined) tables.set(key, (built = buildDelayTable(spec, ticksPerUs)));
    return built;
  };
  return {
    n,
    write: table(write),
    ack: table(ack),
    request: table(request),
    response: table(response),
    remoteTicks: Math.round(remoteUs * ticksPerUs),
    ticksPerUs,
  };
}

/** Runs blocks of trials of one model into tallies; holds what they need to work in. */
export class Wars {
  readonly #model: WarsModel;
  readonly #question: WarsQuestion;
  readonly #batch = threeBatch();
  readonly #draws: Int32Array;
  /** Ascending: when the write has so many acknowledgements, when the read has so many responses. */
  readonly #acknowledged: Float64Array;
  readonly #answered: Float64Array;
  /** Of the replicas that gave the responses up to each: how long after the read's beginning the first had the write. */
  readonly #lead: Float64Array;

  constructor(model: WarsModel, question: WarsQuestion) {
    this.#model = model;
    this.#question = question;
    this.#draws = new Int32Array(4 * model.n + (model.remoteTicks > 0 ? 1 : 0));
    const scratch = () => new Float64Array(model.n);
    this.#acknowledged = scratch();
    this.#answered = scratch();
    this.#lead = scratch();
  }

  /** Runs the first `trials`, at most BLOCK_TRIALS, of a block. The tally has the question's shape. */
  runBlock(tally: Tally, seed: number, block: number, trials: number): void {
    const streams = new Streams(seed);
    streams.add(`wars block ${block}`);
    const state = streams.snapshot();
    tally.trials[0]! += trials;
    if (this.#model.n === 3) this.#runThree(tally, state, trials);
    else for (let trial = 0; trial < trials; trial++) this.#runOne(tally, state, 0);
  }

  #runThree(tally: Tally, state: Int32Array, trials: number): void {
    const batch = this.#batch;
    batch.state.set(state);
    for (let done = 0; done < trials; done += BATCH) {
      const begun = Math.min(BATCH, trials - done);
      const inCells = drawThree(this.#model, batch, begun);
      this.#countThree(tally, inCells);
      for (let tail = 0; tail < begun - inCells; tail++) this.#runOne(tally, batch.tails, 4 * tail);
    }
  }

  #countThree(tally: Tally, trials: number): void {
    const { reads, writes, timesTicks } = this.#question;
    const { acknowledged, answered, lead } = this.#batch;
    for (let index = 0; index < reads.length; index++) {
      const from = (reads[index]! - 1) * BATCH;
      countColumn(tally.reads[index]!, answered, from, trials);
      for (let at = 0; at < writes.length; at++) {
        const counts = tally.freshAfter[index * writes.length + at]!;
        countFresh(counts, lead, from, acknowledged, (writes[at]! - 1) * BATCH, trials);
      }
    }
    for (let at = 0; at < writes.length; at++)
      countColumn(tally.writes[at]!, acknowledged, (writes[at]! - 1) * BATCH, trials);
    for (let time = 0; time < timesTicks.length; time++) {
      const ticks = Math.floor(Math.min(timesTicks[time]!, 0x7fff_ffff));
      const leadFrom = (reads[0]! - 1) * BATCH;
      const acknowledgedFrom = (writes[0]! - 1) * BATCH;
      let stale = 0;
      for (let trial = 0; trial < trials; trial++) {
        if (lead[leadFrom + trial]! - acknowledged[acknowledgedFrom + trial]! > ticks) stale++;
      }
      tally.staleAt[time]! += stale;
    }
  }

  /** One trial of any number of replicas and delays of any length, drawn from the state at `at`. */
  #runOne(tally: Tally, state: Int32Array, at: number): void {
    const { n, write, ack, request, response, remoteTicks } = this.#model;
    const draws = this.#draws;
    drawInto(draws, state, at);
    const acknowledged = this.#acknowledged;
    const answered = this.#answered;
    const lead = this.#lead;
    for (let replica = 0; replica < n; replica++) {
      const writeTicks = delayTicks(write, draws[replica]!);
      const requestTicks = delayTicks(request, draws[2 * n + replica]!);
      acknowledged[replica] = writeTicks + delayTicks(ack, draws[n + replica]!);
      answered[replica] = requestTicks + delayTicks(response, draws[3 * n + replica]!);
      lead[replica] = writeTicks - requestTicks;
    }
    if (remoteTicks > 0) {
      // Replicas are alike but for that, so the first may be the write's local one.
      const local = Math.floor(((draws[4 * n]! >>> 0) * n) / 0x1_0000_0000);
      for (let replica = 0; replica < n; replica++) {
        if (replica !== 0) {
          acknowledged[replica]! += 2 * remoteTicks;
          lead[replica]! += remoteTicks;
        }
        if (replica !== local) {
          answered[replica]! += 2 * remoteTicks;
          lead[replica]! -= remoteTicks;
        }
      }
    }
    sortTogether(answered, lead);
    sortTogether(acknowledged, acknowledged);
    for (let answers = 1; answers < n; answers++)
      lead[answers] = Math.min(lead[answers]!, lead[answers - 1]!);
    this.#countOne(tally);
  }

  #countOne(tally: Tally): void {
    const { reads, writes, timesTicks } = this.#question;
    for (let index = 0; index < reads.length; index++) {
      const answers = reads[index]! - 1;
      count(tally.reads[index]!, this.#answered[answers]!);
      for (let at = 0; at < writes.length; at++) {
        const freshAfter = this.#lead[answers]! - this.#acknowledged[writes[at]! - 1]!;
        count(tally.freshAfter[index * writes.length + at]!, Math.max(freshAfter, 0));
        if (index > 0 || at > 0) continue;
        for (let time = 0; time < timesTicks.length; time++)
          if (freshAfter > timesTicks[time]!) tally.staleAt[time]! += 1;
      }
    }
    for (let at = 0; at < writes.length; at++) count(tally.writes[at]!, this.#acknowledged[writes[at]! - 1]!);
  }
}

/** `count` for a whole column of numbers below 2^31. */
function countColumn({ buckets, range }: Counts, column: Int32Array, from: number, trials: number): void {
  let least = range[0]!;
  let most = range[1]!;
  for (let at = from; at < from + trials; at++) {
    const ticks = column[at]!;
    const shift = (23 - Math.clz32(ticks | 256)) | 0;
    buckets[((shift << 8) + (ticks >>> shift)) | 0]! += 1;
    if (ticks < least) least = ticks;
    if (ticks > most) most = ticks;
  }
  range[0] = least;
  range[1] = most;
}

/** `count` for the differences of two columns, 0 where they are negative; without a branch on which they are. */
function countFresh(
  { buckets, range }: Counts,
  lead: Int32Array,
  leadFrom: number,
  acknowledged: Int32Array,
  acknowledgedFrom: number,
  trials: number,
): void {
  let least = range[0]!;
  let most = range[1]!;
  for (let trial = 0; trial < trials; trial++) {
    const difference = (lead[leadFrom + trial]! - acknowledged[acknowledgedFrom + trial]!) | 0;
    const ticks = difference & ~(difference >> 31);
    const shift = (23 - Math.clz32(ticks | 256)) | 0;
    buckets[((shift << 8) + (ticks >>> shift)) | 0]! += 1;
    if (ticks < least) least = ticks;
    if (ticks > most) most = ticks;
  }
  range[0] = least;
  range[1] = most;
}

/** Sorts keys ascending, and moves values with their keys; of equal keys the first stays first. */
function sortTogether(keys: Float64Array, values: Float64Array): void {
  for (let from = 1; from < keys.length; from++) {
    const key = keys[from]!;
    const value = values[from]!;
    let to = from;
    for (; to > 0 && keys[to - 1]! > key; to--) {
      keys[to] = keys[to - 1]!;
      values[to] = values[to - 1]!;
    }
    keys[to] = key;
    values[to] = value;
  }
}
