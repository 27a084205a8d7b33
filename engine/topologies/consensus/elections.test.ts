import { describe, expect, test } from 'vitest';
import { isFullSize, runsOf } from '../../full-size.test-support.ts';
import { Election, type ElectionSetup, prepareElection } from './election.ts';
import { NoLeaderError, simulateElections } from './elections.ts';
import { availSimMeans, binomialTails, downtimeMedians, splitVotes } from './published.test-support.ts';
import { splitVoteChance } from './split-votes.ts';

const constant = (us: number) => ({ minUs: us, maxUs: us });
const wan: ElectionSetup = {
  servers: 5,
  failed: 0,
  logs: 'same',
  start: 'fresh',
  oneWay: { minUs: 30_000, maxUs: 40_000 },
  timeout: { minUs: 300_000, maxUs: 600_000 },
  heartbeatUs: 150_000,
  voteWriteUs: 0,
};

describe('split votes', () => {
  test.each(splitVotes)('closed form: %i servers, %i down, latency %f of the range', (...row) => {
    const [servers, failed, latency, chance] = row;
    expect(splitVoteChance(servers, servers - failed, latency)).toBeCloseTo(chance, 6);
  });

  test('what can happen has a chance from 0 to 1', () => {
    expect(splitVoteChance(2, 2, 0)).toBe(0);
    expect(splitVoteChance(2, 2, 1)).toBe(1);
    expect(splitVoteChance(99, 50, 7)).toBe(1);
  });

  const runs = runsOf({ full: 20_000, reduced: 500 });
  // Two sides of each row share a family-wise 1%.
  const level = 0.01 / (2 * splitVotes.length);
  test.each(splitVotes)('measured: %i servers, %i down, latency %f of the range', async (...row) => {
    const [servers, failed, latency, chance] = row;
    const { splitVote } = await simulateElections({
      ...wan,
      servers,
      failed,
      // A range of a second: ends that fall on the same µs do not matter.
      oneWay: constant(latency * 1_000_000),
      timeout: { minUs: 1_000_000, maxUs: 2_000_000 },
      runs,
      seed: 7,
    });
    const { atMost, atLeast } = binomialTails(runs, chance, Math.round(splitVote.rate * runs));
    expect(atMost).toBeGreaterThan(level);
    expect(atLeast).toBeGreaterThan(level);
    expect(splitVote.closedForm).toBeCloseTo(chance, 6);
  });

  test.each([
    ['after a crash', { start: 'crash' }],
    ['with votes written', { voteWriteUs: 20_000 }],
  ] as const)('the closed form holds %s', async (_, change) => {
    const { splitVote } = await simulateElections({
      ...wan,
      failed: 1,
      oneWay: constant(60_000),
      ...change,
      runs: 2000,
      seed: 3,
    });
    const { atMost, atLeast } = binomialTails(2000, splitVote.closedForm!, splitVote.rate * 2000);
    expect(Math.min(atMost, atLeast)).toBeGreaterThan(0.0025);
    expect(splitVote.closedForm).toBeCloseTo(0.1808, 6);
  });

  test.each([
    ['logs differ', { logs: 'different' }],
    ['latencies vary', {}],
    ['a term is not over before the next', { oneWay: constant(151_000) }],
  ] as const)('no closed form where %s', async (_, change) => {
    const { splitVote } = await simulateElections({
      ...wan,
      oneWay: 'logs' in change ? constant(15_000) : wan.oneWay,
      ...change,
      runs: 1,
      seed: 1,
    });
    expect(splitVote.closedForm).toBeNull();
  });

  test('the binomial test rejects what is off, and takes what is not', () => {
    expect(binomialTails(20, 0.5, 10).atMost).toBeCloseTo(0.588099, 6);
    expect(binomialTails(20_000, 0.0523, 1046).atLeast).toBeGreaterThan(0.4);
    expect(binomialTails(20_000, 0.0523, 1200).atLeast).toBeLessThan(level);
  });
});

describe('times', () => {
  const runs = runsOf({ full: 20_000, reduced: 1500 });
  // Standard deviations of one election, ms, rounded up: what a smaller number of runs adds to the tolerance.
  const deviations = [100, 170, 410];

  test.each(availSimMeans)('AvailSim, %i down: mean %f ms', async (failed, publishedMs, tolerance) => {
    const { meanMs } = await simulateElections({ ...wan, failed, runs, seed: 1 });
    const chanceMs = isFullSize ? 0 : (3 * deviations[failed]!) / Math.sqrt(runs);
    expect(Math.abs(meanMs - publishedMs)).toBeLessThan(tolerance * publishedMs + chanceMs);
  });

  test.each(downtimeMedians)('downtime, timeouts 150 to %i ms: median %f ms', async (mostMs, publishedMs) => {
    const { p50Ms } = await simulateElections({
      ...wan,
      failed: 1,
      logs: 'different',
      start: 'crash',
      oneWay: constant(2500),
      timeout: { minUs: 150_000, maxUs: mostMs * 1000 },
      heartbeatUs: 75_000,
      voteWriteUs: 5000,
      runs,
      seed: 1,
    });
    expect(Math.abs(p50Ms / publishedMs - 1)).toBeLessThan(0.1);
  });

  test('timeouts that do not differ: no leader within ten seconds', () => {
    // Published: more than 10 s in every one of 100 trials.
    const prepared = prepareElection({
      ...wan,
      failed: 1,
      logs: 'different',
      start: 'crash',
      oneWay: { minUs: 2000, maxUs: 3000 },
      timeout: constant(150_000),
      heartbeatUs: 75_000,
      voteWriteUs: 5000,
    });
    for (let seed = 0; seed < 100; seed++)
      expect(new Election(prepared, seed).runUntilLed(10_000_000)).toBe(false);
  });

  test('the same seed gives the same figures, another seed others', async () => {
    const figures = (seed: number) => simulateElections({ ...wan, runs: 50, seed });
    expect(await figures(5)).toEqual(await figures(5));
    expect((await figures(5)).meanMs).not.toBe((await figures(6)).meanMs);
  });
});

test('a seed is one run, for good', () => {
  const prepared = prepareElection({
    servers: 5,
    failed: 1,
    logs: 'different',
    start: 'crash',
    oneWay: { minUs: 1000, maxUs: 20_000 },
    timeout: { minUs: 40_000, maxUs: 60_000 },
    heartbeatUs: 15_000,
    voteWriteUs: 5000,
  });
  const election = new Election(prepared, 1);
  expect(election.runUntilLed(1_000_000_000)).toBe(true);
  expect(election.ledUs - election.beganUs).toBe(110_968);
  expect(election.ledTerm).toBe(4);
  expect(election.loop.digest.toString()).toBe('1c3f04640bd56f3e');
});

describe('what admits no election', () => {
  test.each([
    ['a majority down', { failed: 3 }, /found 3 of 5 servers, expected at most 2 \(no leader is possible/],
    ['a crash of nobody', { start: 'crash' }, /the leader that dies is one of them/],
    ['one server', { servers: 1 }, /from 2 to 99/],
    ['a range downwards', { oneWay: { minUs: 2, maxUs: 1 } }, /a range upwards/],
    [
      'timers that all end at once',
      { oneWay: constant(1), timeout: constant(300_000) },
      /timers that all end at once split every vote/,
    ],
    [
      'heartbeats too rare',
      { start: 'crash', failed: 1, heartbeatUs: 290_000 },
      /otherwise followers leave a leader that lives/,
    ],
  ] as const)('%s', async (_, change, message) => {
    await expect(simulateElections({ ...wan, ...change, runs: 1, seed: 1 })).rejects.toThrow(message);
  });

  test('timeouts shorter than a vote takes: no leader within an hour', async () => {
    const options = { oneWay: constant(300_000), timeout: { minUs: 300_000, maxUs: 301_000 } };
    await expect(simulateElections({ ...wan, ...options, runs: 1, seed: 1 })).rejects.toThrow(NoLeaderError);
  });

  test('progress is told, and may end the elections', async () => {
    const told: number[] = [];
    await simulateElections({ ...wan, runs: 250, seed: 1, onProgress: (done) => void told.push(done) });
    expect(told).toEqual([100, 200]);
    const onProgress = () => {
      throw new Error('enough');
    };
    await expect(simulateElections({ ...wan, runs: 250, seed: 1, onProgress })).rejects.toThrow('enough');
  });
});
