import { describe, expect, test } from 'vitest';
import { runHere } from './run.test-support.ts';

const wan = ['elections', '--one-way', '30..40', '--timeout', '300..600'];

test('--json prints one object of six figures', async () => {
  const { exitCode, stdout, stderr } = await runHere([...wan, '--failed', '1', '--runs', '300', '--json']);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^\{"runs":300,"meanMs":[\d.]+,"p50Ms":[\d.]+,"p99Ms":[\d.]+,"p999Ms":[\d.]+,"splitVote":\{"rate":[\d.]+,"closedForm":null\}\}\n$/,
  );
  // AvailSim: 468.6.
  expect(JSON.parse(stdout).meanMs).toBeGreaterThan(430);
  expect(JSON.parse(stdout).meanMs).toBeLessThan(510);
});

test('a fixed latency has a closed form beside the measured rate', async () => {
  const argv = ['elections', '--one-way', '60', '--timeout', '300..600', '--failed', '1', '--runs', '200'];
  const { exitCode, stdout } = await runHere(argv);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^200 elections of 5 servers, 1 of them down, from timers that all start at once,\nseed 1\./,
  );
  expect(stdout).toMatch(/mean +\d+ ms\n +p50 +\d+ ms\n +p99 +\d[\d,]* ms\n +p99\.9 +\d[\d,]* ms\n/);
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /split its vote in [\d.]+ % of them. The closed form gives 18.08 %/,
  );
  const { stdout: json } = await runHere([...argv, '--json']);
  expect(JSON.parse(json).splitVote.closedForm).toBeCloseTo(0.1808, 10);
});

test('the LAN experiment: a crash, logs that differ, votes written', async () => {
  const { exitCode, stdout } = await runHere([
    ...['elections', '--servers', '5', '--failed', '1', '--one-way', '2.5', '--timeout', '150..300'],
    ...['--start', 'crash', '--logs', 'different', '--heartbeat', '75', '--vote-write', '5'],
    ...['--runs', '1000', '--seed', '2', '--json'],
  ]);
  expect(exitCode).toBe(0);
  // Published median: 171.3.
  expect(Math.abs(JSON.parse(stdout).p50Ms / 171.3 - 1)).toBeLessThan(0.1);
});

test('after a crash one server is down, unless more are said to be', async () => {
  const argv = ['elections', '--one-way', '15', '--timeout', '150..300', '--start', 'crash', '--runs', '10'];
  const { exitCode, stdout } = await runHere(argv);
  expect(stdout).toContain("10 elections of 5 servers, 1 of them down, from the leader's death, seed 1.");
  expect(exitCode).toBe(0);
});

describe('wrong flags', () => {
  test.each([
    ['no latency', ['elections', '--timeout', '1..2'], /required option '--one-way <ms>' not specified/],
    ['no timeouts', ['elections', '--one-way', '1'], /required option '--timeout <ms>' not specified/],
    ['a range downwards', ['elections', '--one-way', '40..30'], /as 15 or 30\.\.40, the smaller first/],
    ['a range of three', ['elections', '--one-way', '1..2..3'], /Expected milliseconds from 0 to 60,000/],
    ['a negative latency', ['elections', '--one-way=-1'], /Expected milliseconds from 0 to 60,000/],
    ['one server', [...wan, '--servers', '1'], /Expected a whole number from 2 to 99/],
    [
      'a majority down',
      [...wan, '--failed', '3'],
      /^--failed: found 3 of 5 servers, expected at most 2: no leader is possible without a majority of 3\.\n$/,
    ],
    [
      'a crash of nobody',
      [...wan, '--start', 'crash', '--failed', '0'],
      /^--failed: found 0, .*the leader that dies is one of them\.\n$/,
    ],
    [
      'heartbeats too rare',
      [...wan, '--start', 'crash', '--heartbeat', '290'],
      /^--heartbeat: found 290 ms, .*leave a leader that lives\.\n$/,
    ],
    [
      'timers that all end at once',
      ['elections', '--one-way', '15', '--timeout', '150'],
      /^--timeout: found always 150 ms, expected a range: timers that all end at once split every vote\.\n$/,
    ],
    ['unknown logs', [...wan, '--logs', 'mixed'], /Allowed choices are same, different/],
    ['an unknown start', [...wan, '--start', 'warm'], /Allowed choices are fresh, crash/],
  ])('%s: exit 2', async (_, argv, message) => {
    const { exitCode, stdout, stderr } = await runHere(argv);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

test('elections that do not end: exit 3', async () => {
  const { exitCode, stdout, stderr } = await runHere([
    'elections',
    '--one-way',
    '300',
    '--timeout',
    '300..301',
  ]);
  expect(stderr).toMatch(/no leader after an hour of virtual time/);
  expect(stdout).toBe('');
  expect(exitCode).toBe(3);
});

test('interrupted: exit 130', async () => {
  const interruption = new AbortController();
  const elections = runHere([...wan, '--runs', '100000'], { interrupted: interruption.signal });
  setTimeout(() => interruption.abort(), 200);
  expect(await elections).toMatchObject({ exitCode: 130, stdout: '' });
});

describe('from a file', () => {
  test('a bundled one by its name, and flags count for more', async () => {
    const argv = ['elections', 'raft-wan-one-down', '--runs', '300', '--failed', '2'];
    const { exitCode, stdout } = await runHere(argv);
    expect(stdout).toContain('300 elections of 5 servers, 2 of them down');
    expect(stdout).toMatch(/MISSED +meanMs is at least 459\.2 and at most 478/);
    expect(exitCode).toBe(1);
  });

  test('its mistakes are told with their place', async () => {
    const text = 'id: mine\noneWayMs: 15\ntimeoutMs: { minMs: 150, maxMs: 300 }\nlog: same\n';
    const { exitCode, stderr } = await runHere(['elections', '-'], { stdin: text });
    expect(stderr).toMatch(/\(standard input\):4:1 +log\n[\s\S]*did you mean logs\?/);
    expect(exitCode).toBe(2);
  });

  test('an unknown name: exit 2, with those there are', async () => {
    const { exitCode, stderr } = await runHere(['elections', 'raft-moon']);
    expect(stderr).toMatch(/bundled: raft-split-votes-1ms, /);
    expect(exitCode).toBe(2);
  });
});
