/**
 * What a choice of n, r and w means: how fresh reads are, how long operations take, how many replicas may be down. Closed
 * forms where there are any, trials of the WARS model otherwise.
 *
 * ```ts
 * const question = { ...defaultQuorumQuestion, n: 3, r: 1, w: 1, latency: quorumLatencies['lnkd-disk'] };
 * askQuorum(question).pFresh; // [{ tMs: 0, p: 0.4366 }, …]
 * ```
 *
 * Many trials are many blocks, and `sampleQuorum` takes any of them: threads share the work, `addTally` adds theirs up, and
 * `quorumAnswer` is the same whoever did what.
 */

import { latencyProblems } from '../kernel/latency-spec.ts';
import { InputError, type Problem } from '../scenario/problems.ts';
import {
  availability,
  kStaleness,
  type Quorums,
  quorumsMeet,
  staleWithInstantAnswers,
  survives,
  visibilityWithInstantAnswers,
} from './closed-forms.ts';
import type { QuorumLatency } from './latency.ts';
import { type Counts, countAbove, emptyTally, type Tally, valueAt } from './tally.ts';
import { BLOCK_TRIALS, Wars, type WarsModel, warsModel } from './wars.ts';

export interface QuorumQuestion extends Quorums {
  readonly latency: QuorumLatency;
  /** The share of reads that `tVisibilityMs` is about, between 0 and 1. */
  readonly p: number;
  /** Times after a write's acknowledgement at which a read may begin, ms. */
  readonly atMs: readonly number[];
  /** That one replica is down, each by itself; 0 to 1. */
  readonly pDown: number;
  /** At least 1, at most 2 × 10^9. */
  readonly trials: number;
  /** 0 … 2^53 − 1. */
  readonly seed: number;
}

/** What a question leaves open. Eight million trials tell the time of a p of 0.999 to about 1%. */
export const defaultQuorumQuestion = {
  p: 0.999,
  atMs: [0, 1, 10, 100],
  pDown: 0.01,
  trials: 8_000_000,
  seed: 1,
} as const;

export interface LatencyMs {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface QuorumAnswer {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  readonly trials: number;
  /** The probability that a read which begins so long after a write's acknowledgement returns it, or something newer. */
  readonly pFresh: readonly { readonly tMs: number; readonly p: number }[];
  /** The least time after which the share p of reads is fresh, ms. */
  readonly tVisibilityMs: number;
  /**
   * The probability that a read returns one of the last k versions where each write stays on the w replicas that
   * acknowledged it: the closed form, which knows no latency.
   */
  readonly kStaleness: readonly { readonly k: number; readonly p: number }[];
  readonly readMs: LatencyMs;
  readonly writeMs: LatencyMs;
  /** The probability that enough replicas are up to read, to write, to do both. */
  readonly availability: {
    readonly pDown: number;
    readonly reads: number;
    readonly writes: number;
    readonly both: number;
  };
  /** How many replicas may be down, whichever they are. */
  readonly survives: { readonly reads: number; readonly writes: number };
}

/** Freshness and latency for every r and w of n replicas at once. */
export interface QuorumTable {
  readonly n: number;
  readonly trials: number;
  readonly atMs: readonly number[];
  /** By the answers waited for: [0] is one. */
  readonly readMs: readonly LatencyMs[];
  readonly writeMs: readonly LatencyMs[];
  /** By r, then w, then the times of `atMs`. */
  readonly pFresh: readonly (readonly (readonly number[])[])[];
  /** By r, then w. */
  readonly tVisibilityMs: readonly (readonly number[])[];
}

/** The model of a question, with what is counted of it. Plain data: it may be cloned and sent to a worker. */
export interface PreparedQuorum {
  readonly model: WarsModel;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly timesTicks: readonly number[];
  readonly trials: number;
  readonly seed: number;
  /** Trials come in so many blocks. */
  readonly blocks: number;
}

const replicasMost = 16;
const trialsMost = 2_000_000_000;
/** Of `kStaleness`. */
export const shownVersions = [1, 2, 3, 5, 10];
const longestMs = 2_147_483;

/** Samples and answers, on this thread. Throws InputError where the question is wrong. */
export function askQuorum(question: QuorumQuestion): QuorumAnswer {
  const prepared = prepareQuorum(question);
  const tally = emptyQuorumTally(prepared);
  sampleQuorum(prepared, tally, { from: 0, to: prepared.blocks });
  return quorumAnswer(question, prepared, tally);
}

/** Checks a question and builds its tables: some 100 ms. Throws InputError with every problem, by the question's names. */
export function prepareQuorum(question: QuorumQuestion): PreparedQuorum {
  const problems = quorumProblems(question);
  if (problems.length > 0) throw new InputError('quorum', problems);
  const { n, r, w, latency, atMs } = question;
  const model = warsModel(n, latency);
  const timesTicks = atMs.map((tMs) => tMs * 1000 * model.ticksPerUs);
  return prepared(question, model, { reads: [r], writes: [w], timesTicks });
}

function prepared(
  { trials, seed }: Pick<QuorumQuestion, 'trials' | 'seed'>,
  model: WarsModel,
  counted: Pick<PreparedQuorum, 'reads' | 'writes' | 'timesTicks'>,
): PreparedQuorum {
  return { model, ...counted, trials, seed, blocks: Math.ceil(trials / BLOCK_TRIALS) };
}

export function emptyQuorumTally({ reads, writes, timesTicks }: PreparedQuorum): Tally {
  return emptyTally(reads.length, writes.length, timesTicks.length);
}

/** Runs the blocks from `from` up to but without `to` and adds them to the tally. */
export function sampleQuorum(
  prepared: PreparedQuorum,
  tally: Tally,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const wars = new Wars(prepared.model, prepared);
  for (let block = from; block < to; block++) {
    const trials = Math.min(BLOCK_TRIALS, prepared.trials - block * BLOCK_TRIALS);
    wars.runBlock(tally, prepared.seed, block, trials);
  }
}

/** What the tally of all blocks says. */
export function quorumAnswer(
  question: QuorumQuestion,
  { model, trials }: PreparedQuorum,
  tally: Tally,
): QuorumAnswer {
  const { n, r, w, p, atMs, pDown } = question;
  const known = knownFreshness(question);
  return {
    n,
    r,
    w,
    trials,
    pFresh: atMs.map((tMs, index) => ({
      tMs,
      p: known === null ? (trials - tally.staleAt[index]!) / trials : known.pFresh(tMs),
    })),
    tVisibilityMs:
      known === null ? visibilityMs(tally.freshAfter[0]!, p, trials, model) : known.tVisibilityMs(p),
    kStaleness: shownVersions.map((k) => ({ k, p: kStaleness({ n, r, w }, k) })),
    readMs: latencyMs(tally.reads[0]!, trials, model),
    writeMs: latencyMs(tally.writes[0]!, trials, model),
    availability: {
      pDown,
      reads: availability(n, r, pDown),
      writes: availability(n, w, pDown),
      both: availability(n, Math.max(r, w), pDown),
    },
    survives: survives({ n, r, w }),
  };
}

/** A question about every r and w of n replicas at once. */
export type QuorumTableQuestion = Omit<QuorumQuestion, 'r' | 'w' | 'pDown'>;

/** Every r and w from the same trials, on this thread. Throws InputError where the question is wrong. */
export function tabulateQuorums(question: QuorumTableQuestion): QuorumTable {
  const all = prepareQuorumTable(question);
  const tally = emptyQuorumTally(all);
  sampleQuorum(all, tally, { from: 0, to: all.blocks });
  return quorumTable(question, all, tally);
}

/** As `prepareQuorum`, of every r and w. Throws InputError where the question is wrong. */
export function prepareQuorumTable(question: QuorumTableQuestion): PreparedQuorum {
  const problems = quorumProblems({ ...question, r: 1, w: 1, pDown: 0 });
  if (problems.length > 0) throw new InputError('quorum', problems);
  const { n, latency } = question;
  const answers = Array.from({ length: n }, (_, index) => index + 1);
  return prepared(question, warsModel(n, latency), { reads: answers, writes: answers, timesTicks: [] });
}

/** What a tally says of every r and w, by the trials that are in it: of all blocks, or of some of them. */
export function quorumTable(
  { n, atMs, p }: QuorumTableQuestion,
  { model }: PreparedQuorum,
  tally: Tally,
): QuorumTable {
  const trials = tally.trials[0]!;
  const answers = Array.from({ length: n }, (_, index) => index + 1);
  const byPair = <Value>(value: (freshAfter: Counts) => Value) =>
    answers.map((r) => answers.map((w) => value(tally.freshAfter[(r - 1) * n + w - 1]!)));
  return {
    n,
    trials,
    atMs,
    readMs: tally.reads.map((counts) => latencyMs(counts, trials, model)),
    writeMs: tally.writes.map((counts) => latencyMs(counts, trials, model)),
    pFresh: byPair((counts) =>
      atMs.map((tMs) => (trials - countAbove(counts, tMs * 1000 * model.ticksPerUs)) / trials),
    ),
    tVisibilityMs: byPair((counts) => visibilityMs(counts, p, trials, model)),
  };
}

/** Freshness where it needs no trials; null where it does. */
function knownFreshness({ n, r, w, latency }: QuorumQuestion) {
  if (quorumsMeet({ n, r, w })) return { pFresh: () => 1, tVisibilityMs: () => 0 };
  const { write, ack, request, response, remoteUs } = latency;
  const answersAtOnce = [ack, request, response].every(
    (spec) => spec.type === 'constant' && spec.delayUs === 0,
  );
  if (!answersAtOnce || remoteUs > 0) return null;
  if (write.type !== 'exponential' || write.meanUs === 0 || (write.shiftUs ?? 0) > 0) return null;
  const meanMs = write.meanUs / 1000;
  return {
    pFresh: (tMs: number) => 1 - staleWithInstantAnswers({ n, r, w }, meanMs, tMs),
    tVisibilityMs: (p: number) => visibilityWithInstantAnswers({ n, r, w }, meanMs, p),
  };
}

function visibilityMs(freshAfter: Counts, p: number, trials: number, model: WarsModel): number {
  return msOf(valueAt(freshAfter, p * trials), model);
}

function latencyMs(counts: Counts, trials: number, model: WarsModel): LatencyMs {
  const quantile = (p: number) => msOf(valueAt(counts, p * trials), model);
  return { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999) };
}

/** To the ns: what is below it is no more than the tables' and the buckets' own. */
function msOf(ticks: number, { ticksPerUs }: WarsModel): number {
  return Math.round((ticks / ticksPerUs) * 1000) / 1_000_000;
}

/** Every problem of a question, by its names. */
export function quorumProblems(question: QuorumQuestion): Problem[] {
  const { n, r, w, latency, p, atMs, pDown, trials, seed } = question;
  const problems: Problem[] = [];
  const expect = (
    isRight: boolean,
    path: Problem['path'],
    found: number | string,
    expected: string,
    hint?: string,
  ) => {
    if (!isRight)
      problems.push({ path, found: String(found), expected, ...(hint !== undefined && { hint }) });
  };
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  expect(isWhole(n, 1, replicasMost), ['n'], n, `a whole number of replicas from 1 to ${replicasMost}`);
  for (const [name, value, what] of [
    ['r', r, 'a read waits for so many of the n replicas'],
    ['w', w, 'a write waits for so many of the n replicas'],
  ] as const) {
    const most = isWhole(n, 1, replicasMost) ? n : replicasMost;
    expect(isWhole(value, 1, most), [name], value, `a whole number from 1 to n, ${most}`, what);
  }
  expect(p > 0 && p < 1, ['p'], p, 'a number between 0 and 1, such as 0.999');
  expect(pDown >= 0 && pDown <= 1, ['pDown'], pDown, 'a number from 0 to 1');
  atMs.forEach((tMs, index) => {
    expect(tMs >= 0 && tMs <= longestMs, ['atMs', index], tMs, `milliseconds from 0 to ${longestMs}`);
  });
  expect(isWhole(trials, 1, trialsMost), ['trials'], trials, `a whole number from 1 to ${trialsMost}`);
  expect(isWhole(seed, 0, Number.MAX_SAFE_INTEGER), ['seed'], seed, 'a whole number from 0 to 2^53 − 1');
  for (const name of ['write', 'ack', 'request', 'response'] as const) {
    for (const problem of latencyProblems(latency[name])) {
      problems.push({
        path: ['latency', name, ...problem.path],
        found: problem.found,
        expected: problem.expected,
      });
    }
  }
  expect(
    latency.remoteUs >= 0 && latency.remoteUs <= longestMs * 1000,
    ['latency', 'remoteUs'],
    latency.remoteUs,
    'a duration from 0 to 2147 s',
  );
  return problems;
}
