import { describe, expect, test } from 'vitest';
import { runHere } from './run.test-support.ts';

test('etcd: CP for reads and writes, with the counts, and the way to run it again', async () => {
  const { exitCode, stdout, stderr } = await runHere(['cap', 'etcd-leader-crash', '--for', '20000']);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toContain('etcd-leader-crash: a cut of 20 s, seed 1 etcd-3 cut off from etcd-1, etcd-2');
  expect(text).toMatch(/Reads CP \(PC\/EC\) \d of \d+ reads were answered on the cut-off side/);
  expect(text).toMatch(/Writes CP \(PC\/EC\) .* no write was discarded/);
  expect(text).toContain('0 of 10 keys were written on both sides');
  expect(text).toContain(
    'quorate cap etcd-leader-crash --side etcd-3 --way both --at 20000 --for 20000 --seed 1',
  );
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('--json: the same as one document; --side takes names apart or with commas', async () => {
  const argv = ['cap', 'levels-one', '--for', '10000', '--at', '10000', '--json'];
  const { exitCode, stdout } = await runHere([...argv, '--side', 'east']);
  expect(exitCode).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.cut.cutOff).toEqual(['east-1', 'east-2', 'east-3']);
  expect([report.reads.class, report.writes.class]).toEqual(['AP', 'AP']);
  expect(report.reads.cutOff.asked).toBeGreaterThan(0);
  const named = await runHere([...argv, '--side', 'east-1,east-2', 'east-3']);
  expect(named.stdout).toBe(stdout);
});

test('a system by its name: the cluster of its scenario; Sentinel lets both sides write', async () => {
  const argv = ['cap', 'redis-sentinel', '--json'];
  const { exitCode, stdout } = await runHere(argv);
  expect(exitCode).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.scenario).toBe('redis-sentinel-partition');
  expect(report.cut.cutOff).toEqual(['m1', 's1']);
  expect(report.writes.class).toBe('AP');
  expect(report.writes.cutOff.laterDiscarded).toBeGreaterThan(0.9 * report.writes.cutOff.ok);
  expect((await runHere(['cap', 'oracle'])).stderr).toMatch(/bundled: cassandra, /);
});

describe('wrong flags', () => {
  test.each([
    [
      'an unknown side',
      ['--side', 'etcd-4'],
      /^--side: found "etcd-4", expected a node, a region or a helper: one of .*: did you mean etcd-1\?\.\n$/,
    ],
    [
      'all of it',
      ['--side', 'local'],
      /^--side: found all nodes, expected some nodes to cut off from the others\.\n$/,
    ],
    ['an unknown way', ['--way', 'down'], /Allowed choices are both, out, in/],
    [
      'too short',
      ['--for', '10'],
      /^--for: found 10 ms, expected at least 4000 ms: clients wait 1000 ms for an answer\.\n$/,
    ],
    ['no number', ['--at', 'noon'], /Expected milliseconds from 0 to 86,400,000/],
  ])('%s: exit 2', async (_, flags, message) => {
    const { exitCode, stdout, stderr } = await runHere(['cap', 'etcd-leader-crash', ...flags]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test('a scenario with mistakes: exit 2, with their place', async () => {
    const { exitCode, stderr } = await runHere(['cap', '-'], { stdin: 'id: mine\n' });
    expect(stderr).toContain('(standard input)');
    expect(exitCode).toBe(2);
  });
});

test('interrupted: exit 130', async () => {
  const interruption = new AbortController();
  const cap = runHere(['cap', 'etcd-leader-crash', '--for', '3600000'], { interrupted: interruption.signal });
  setTimeout(() => interruption.abort(), 200);
  expect(await cap).toMatchObject({ exitCode: 130, stdout: '' });
});
