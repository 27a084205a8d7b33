import { describe, expect, test } from 'vitest';
import {
  addTally,
  defaultQuorumQuestion,
  emptyQuorumTally,
  prepareQuorum,
  quorumLatencies,
  sampleQuorum,
} from '#engine';
import { workOff } from './pool.ts';
import { runHere } from './run.test-support.ts';

const disk = ['quorum', '--n', '3', '--r', '1', '--w', '1', '--latency', 'lnkd-disk'];

test('--json prints one object of these keys', async () => {
  const { exitCode, stdout, stderr } = await runHere([...disk, '--trials', '300000', '--json']);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  const answer = JSON.parse(stdout);
  expect(Object.keys(answer)).toEqual([
    ...['n', 'r', 'w', 'trials', 'pFresh', 'tVisibilityMs', 'kStaleness'],
    ...['readMs', 'writeMs', 'availability', 'survives'],
  ]);
  expect(answer).toMatchObject({ n: 3, r: 1, w: 1, trials: 300_000, survives: { reads: 2, writes: 2 } });
  // Bailis et al. 2012, reproduced: 43.66% at once, 92.62% after 10 ms.
  expect(answer.pFresh[0]).toEqual({ tMs: 0, p: expect.closeTo(0.4366, 2) });
  expect(answer.pFresh[2]).toEqual({ tMs: 10, p: expect.closeTo(0.9262, 2) });
  expect(answer.kStaleness[1]).toEqual({ k: 2, p: expect.closeTo(5 / 9, 10) });
});

test('for people', async () => {
  const { exitCode, stdout } = await runHere([...disk, '--trials', '1000', '--p', '0.99']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^3 replicas, reads wait for 1, writes for 1; 1,000 writes, each with a read, seed\n1\.\n/,
  );
  expect(stdout).toMatch(/99 % of reads are fresh [\d.]+ ms after/);
  expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
});

test('a quorum that meets is always fresh', async () => {
  const { stdout } = await runHere([
    ...['quorum', '--n', '3', '--r', '2', '--w', '2', '--latency', 'wan'],
    ...['--trials', '1000', '--at', '0,5', '--at', '7', '--p-down', '0.1', '--json'],
  ]);
  const { pFresh, tVisibilityMs, availability } = JSON.parse(stdout);
  expect(pFresh).toEqual([0, 5, 7].map((tMs) => ({ tMs, p: 1 })));
  expect(tVisibilityMs).toBe(0);
  expect(availability).toEqual({
    pDown: 0.1,
    reads: expect.closeTo(0.972, 10),
    writes: expect.closeTo(0.972, 10),
    both: expect.closeTo(0.972, 10),
  });
});

test('threads come to the same tally as one', async () => {
  const latency = quorumLatencies.wan;
  const prepared = prepareQuorum({ ...defaultQuorumQuestion, n: 3, r: 1, w: 2, latency, trials: 200_000 });
  const tallyOf = (part: { from: number; to: number }) => {
    const tally = emptyQuorumTally(prepared);
    sampleQuorum(prepared, tally, part);
    return tally;
  };
  const parts = emptyQuorumTally(prepared);
  await workOff({
    job: 'tryQuorum',
    about: prepared,
    units: Array.from({ length: prepared.blocks }, (_, block) => ({ from: block, to: block + 1 })),
    threads: 2,
    alone: tallyOf,
    onResult: (part) => addTally(parts, part),
    io: { interrupted: new AbortController().signal, nowMs: () => 0 },
  });
  expect(parts).toEqual(tallyOf({ from: 0, to: prepared.blocks }));
});

describe('own distributions', () => {
  test('each way its own, a mixture, far replicas', async () => {
    const latency =
      'W=0.38*pareto(1.05,1.51)+0.62*exp(rate=0.183), A=R=S=lognormal(median=0.3,p99=2); remote=75';
    const { exitCode, stdout } = await runHere([
      ...['quorum', '--n', '4', '--r', '1', '--w', '2', '--latency', latency, '--trials', '2000', '--json'],
    ]);
    expect(exitCode).toBe(0);
    const { readMs, writeMs } = JSON.parse(stdout);
    expect(readMs.p50).toBeLessThan(2);
    expect(writeMs.p50).toBeGreaterThan(150);
  });

  test('the same as the preset that they describe', async () => {
    const ssd = '0.9122*pareto(0.235,10) + 0.0878*exp(rate=1.66)';
    const flags = ['quorum', '--n', '3', '--r', '1', '--w', '1', '--trials', '50000', '--json', '--latency'];
    const own = JSON.parse((await runHere([...flags, `W=A=R=S=${ssd}`])).stdout);
    const preset = JSON.parse((await runHere([...flags, 'lnkd-ssd'])).stdout);
    expect(own.readMs.p50).toBeCloseTo(preset.readMs.p50, 4);
    expect(own.pFresh[0].p).toBeCloseTo(preset.pFresh[0].p, 3);
  });

  test.each([
    ['lnkd-dsk', /^--latency: found "lnkd-dsk", expected a preset: .* did you mean lnkd-disk\?\n$/],
    [
      'W=exp(1)',
      /^--latency: found nothing for A, R, S, expected a distribution for each of W, A, R, S\.\n$/,
    ],
    ['W=A=R=S=expo(3)', /^--latency W=A=R=S: found "expo", expected .* did you mean exp\?\n$/],
    ['W=A=R=S=exp()', /found "\)", expected exp\(mean\) in ms/],
    ['W=A=R=S=exp(1,2)', /found parameters mean and rate, expected exp\(mean\) in ms/],
    ['W=A=R=S=exp(rate=0)', /found Infinity, expected a duration/],
    ['W=A=R=S=pareto(1)', /found parameters min, expected pareto\(min, shape\)/],
    ['W=A=R=S=pareto(1,0)', /found 0, expected a number above 0/],
    ['W=A=R=S=uniform(5,1)', /found 1000, expected at least minUs, 5000/],
    ['W=A=R=S=exp(-1)', /found "-", expected exp/],
    ['W=A=R=S=exp(1)+exp(2)', /found a sum without weights/],
    ['W=1 W=2 A=R=S=1', /^--latency W: found a second time, expected each way once\.\n$/],
    ['W=A=R=S=1 X=2', /found "X", expected a way and its distribution/],
    ['W=A=R=S=1 remote=', /found the end, expected milliseconds/],
    ['', /found "", expected a preset/],
  ])('%s: exit 2', async (latency, message) => {
    const { exitCode, stdout, stderr } = await runHere([...disk.slice(0, -1), latency]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

describe('wrong flags', () => {
  test.each([
    ['more readers than replicas', ['--r', '4'], /^--r: found 4, expected a whole number from 1 to n, 3/],
    ['no writers', ['--w', '0'], /'--w <number>' argument '0' is invalid\. Expected a whole number from 1/],
    ['too many replicas', ['--n', '17'], /Expected a whole number from 1 to 16/],
    ['a sure share', ['--p', '1'], /Expected a number between 0 and 1, neither of them/],
    ['a share of nothing', ['--p', '0'], /Expected a number between 0 and 1, neither of them/],
    ['more than sure to be down', ['--p-down', '1.5'], /Expected a number from 0 to 1/],
    ['no trials', ['--trials', '0'], /Expected a whole number from 1 to 2,000,000,000/],
    ['a time before the write', ['--at=-1'], /Expected milliseconds from 0/],
  ])('%s: exit 2', async (_, flags, message) => {
    const { exitCode, stdout, stderr } = await runHere([...disk, ...flags]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

test('interrupted while threads are at work: exit 130', async () => {
  const interruption = new AbortController();
  const outcome = runHere([...disk, '--trials', '2000000000'], {
    interrupted: interruption.signal,
    // Time flies, so that threads are asked for early.
    nowMs: () => performance.now() * 10,
  });
  setTimeout(() => interruption.abort(), 1000);
  expect(await outcome).toMatchObject({ exitCode: 130, stdout: '' });
});

describe('--engine', () => {
  test('the same question through the full simulation, as JSON', async () => {
    const { exitCode, stdout } = await runHere([
      ...disk,
      '--engine',
      '--trials',
      '2000',
      '--at',
      '0,10',
      '--json',
    ]);
    expect(exitCode).toBe(0);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      via: 'engine',
      n: 3,
      r: 1,
      w: 1,
      trials: 2000,
      survives: { reads: 2, writes: 2 },
    });
    expect(answer.pFresh.map(({ tMs }: { tMs: number }) => tMs)).toEqual([0, 10]);
    // Published: 43.9%; four standard deviations.
    expect(Math.abs(answer.pFresh[0].p - 0.4366)).toBeLessThan(4 * Math.sqrt(0.25 / 2000));
    expect(answer.tVisibilityMs).toBeNull();
  });

  test('for people', async () => {
    const { stdout } = await runHere([...disk, '--engine', '--trials', '200', '--at', '0']);
    expect(stdout.replaceAll('\n', ' ')).toContain(
      '200 writes, each with a read for each time, through the full simulation',
    );
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  test('more replicas than it has nodes for: exit 2', async () => {
    const { exitCode, stderr } = await runHere([
      ...['quorum', '--n', '16', '--r', '1', '--w', '1', '--latency', 'wan', '--engine'],
    ]);
    expect(stderr).toMatch(/^--n: found 16, expected at most 15 through the engine/);
    expect(exitCode).toBe(2);
  });
});
