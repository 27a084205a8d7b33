/**
 * How long a cluster is without a leader: many elections, each a run of its own.
 *
 * ```ts
 * const { p50Ms, splitVote } = await simulateElections({
 *   servers: 5, failed: 1, logs: 'same', start: 'fresh',
 *   oneWay: { minUs: 30_000, maxUs: 40_000 }, timeout: { minUs: 300_000, maxUs: 600_000 },
 *   heartbeatUs: 150_000, voteWriteUs: 0, runs: 20_000, seed: 1,
 * });
 * ```
 *
 * Time ends when a candidate has its majority; the others learn of it one message later.
 */

import { childSeed } from '../../kernel/random.ts';
import { Histogram } from '../../observe/histogram.ts';
import { InputError, type Problem } from '../../scenario/problems.ts';
import { Election, type ElectionSetup, prepareElection, type RangeUs } from './election.ts';
import { splitVoteChance } from './split-votes.ts';

export interface ElectionsOptions extends ElectionSetup {
  /** How many elections, at least 1. */
  readonly runs: number;
  /** 0 … 2^53 − 1. */
  readonly seed: number;
  /** Told now and then; what it throws ends the elections. */
  readonly onProgress?: (done: number) => void | Promise<void>;
}

/** Times without a leader, virtual milliseconds; percentiles overstate by less than 0.4%. */
export interface Elections {
  readonly runs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** How often the first term elected nobody, and how often theory says it does: null where no closed form is known. */
  readonly splitVote: { readonly rate: number; readonly closedForm: number | null };
}

/** An election found no leader within an hour of virtual time. */
export class NoLeaderError extends Error {
  constructor(run: number) {
    super(
      `Election ${run} has no leader after an hour of virtual time: timeouts that differ too little split every vote.`,
    );
    this.name = 'NoLeaderError';
  }
}

const limitUs = 3_600_000_000;
const runsPerReport = 100;

/** Throws InputError where the options admit no election, and NoLeaderError where one does not end. */
export async function simulateElections(options: ElectionsOptions): Promise<Elections> {
  const problems = electionProblems(options);
  if (problems.length > 0) throw new InputError('election', problems);
  const prepared = prepareElection(options);
  const times = new Histogram();
  let splits = 0;
  for (let run = 0; run < options.runs; run++) {
    const election = new Election(prepared, childSeed(options.seed, `election ${run}`));
    if (!election.runUntilLed(limitUs)) throw new NoLeaderError(run);
    const violation = election.safety.violations[0];
    if (violation !== undefined) throw new Error(`election ${run}: ${violation}`);
    times.record(election.ledUs - election.beganUs);
    if (election.wasSplit) splits++;
    if ((run + 1) % runsPerReport === 0) await options.onProgress?.(run + 1);
  }
  return {
    runs: options.runs,
    meanMs: times.mean! / 1000,
    p50Ms: times.quantile(0.5)! / 1000,
    p99Ms: times.quantile(0.99)! / 1000,
    p999Ms: times.quantile(0.999)! / 1000,
    splitVote: { rate: splits / options.runs, closedForm: closedFormOf(options) },
  };
}

/**
 * The split-vote chance where theory gives it: equal logs, one latency for all messages, and timeouts long enough that a
 * term is decided before anybody's next one. After a crash too: the last heartbeats then restart all timers at once.
 */
function closedFormOf(setup: ElectionSetup): number | null {
  const { servers, failed, oneWay, timeout, logs, voteWriteUs } = setup;
  const rangeUs = timeout.maxUs - timeout.minUs;
  if (logs !== 'same' || oneWay.minUs !== oneWay.maxUs) return null;
  if (rangeUs === 0 || 2 * oneWay.maxUs + voteWriteUs > timeout.minUs) return null;
  return splitVoteChance(servers, servers - failed, oneWay.maxUs / rangeUs);
}

const serversMost = 99;
/** Quantities stay far below what the queue holds. */
const durationUsMost = 60_000_000;

/** What is wrong with the options, by their names; empty where nothing is. */
function electionProblems(setup: ElectionSetup): Problem[] {
  const problems: Problem[] = [];
  const problem = (name: keyof ElectionSetup, found: string, expected: string, hint?: string) =>
    problems.push({ path: [name], found, expected, ...(hint === undefined ? {} : { hint }) });
  const { servers, failed, oneWay, timeout, heartbeatUs, voteWriteUs } = setup;
  const ms = (us: number): string => `${us / 1000} ms`;
  const mostText = ms(durationUsMost);
  const isDuration = (us: number): boolean => Number.isSafeInteger(us) && us >= 0 && us <= durationUsMost;
  const checkRange = (name: 'oneWay' | 'timeout', { minUs, maxUs }: RangeUs): void => {
    if (!(isDuration(minUs) && isDuration(maxUs) && minUs <= maxUs))
      problem(name, `${ms(minUs)} to ${ms(maxUs)}`, `a range upwards, whole µs from 0 to ${mostText}`);
  };

  if (!(Number.isInteger(servers) && servers >= 2 && servers <= serversMost)) {
    problem('servers', String(servers), `a whole number from 2 to ${serversMost}`);
    return problems;
  }
  const failedMost = Math.ceil(servers / 2) - 1;
  if (!(Number.isInteger(failed) && failed >= 0 && failed <= failedMost)) {
    problem(
      'failed',
      `${failed} of ${servers} servers`,
      failedMost === 0 ? '0' : `at most ${failedMost}`,
      `no leader is possible without a majority of ${Math.floor(servers / 2) + 1}`,
    );
  } else if (setup.start === 'crash' && failed === 0) {
    problem('failed', '0', 'at least 1 where the start is a crash', 'the leader that dies is one of them');
  }
  checkRange('oneWay', oneWay);
  checkRange('timeout', timeout);
  if (timeout.minUs < 1) problem('timeout', ms(timeout.minUs), 'more than 0 ms');
  else if (timeout.minUs === timeout.maxUs && oneWay.minUs === oneWay.maxUs) {
    problem(
      'timeout',
      `always ${ms(timeout.minUs)}`,
      'a range',
      'timers that all end at once split every vote',
    );
  }
  if (!isDuration(voteWriteUs)) problem('voteWriteUs', ms(voteWriteUs), `from 0 to ${mostText}`);
  if (!(isDuration(heartbeatUs) && heartbeatUs >= 1))
    problem('heartbeatUs', ms(heartbeatUs), `more than 0 ms, to ${mostText}`);
  else if (setup.start === 'crash' && heartbeatUs + oneWay.maxUs > timeout.minUs) {
    problem(
      'heartbeatUs',
      `${ms(heartbeatUs)}, and messages that take up to ${ms(oneWay.maxUs)}`,
      `together at most the least timeout, ${ms(timeout.minUs)}`,
      'otherwise followers leave a leader that lives',
    );
  }
  return problems;
}
