/** What only a real process shows: signals, pipes, and that nothing waits where nobody answers. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { main, runThere, start, temporaryFolder } from './run.test-support.ts';

test('simulate --json prints one document and nothing else', async () => {
  const { exitCode, stdout, stderr } = await runThere(['simulate', 'semi-sync-leader-crash', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ scenario: 'semi-sync-leader-crash', seed: 1 });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
});

test('a scenario on standard input', async () => {
  const scenario = {
    id: 'piped',
    durationMs: 1000,
    cluster: { nodes: [{ id: 'a' }] },
    topology: { type: 'leader-follower' },
    workload: { clients: [{ writesPerSecond: 10 }] },
  };
  const { exitCode, stdout } = await runThere(['simulate', '-'], JSON.stringify(scenario));
  expect(stdout).toMatch(/^piped\n/);
  expect(exitCode).toBe(0);
});

test('wrong input exits 2, an unknown flag exits 2, help exits 0', async () => {
  expect(await runThere(['simulate', '-'], 'id: [')).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await runThere(['simulate', '--nonsense'])).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await runThere(['--help'])).toMatchObject({ exitCode: 0, stderr: '' });
});

test('decide without a file and without a terminal says what to do and does not wait', async () => {
  const { child, outcome } = start(['decide']);
  // Standard input stays open: nothing comes, and nothing may be waited for.
  const { exitCode, stderr } = await outcome;
  child.stdin.destroy();
  expect(stderr).toMatch(/no terminal to ask/);
  expect(exitCode).toBe(2);
});

test('a reader that goes away is no failure', () => {
  const shell =
    'set -o pipefail; "$0" --conditions=quorate-source "$1" simulate semi-sync-leader-crash | true';
  const { status, stderr } = spawnSync('bash', ['-c', shell, process.execPath, main], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s: exit 130, no trace, no temporary file', async (signal) => {
  const folder = temporaryFolder();
  const { child, outcome } = start(['simulate', 'write-overload', '--trace', join(folder, 'trace.jsonl')]);
  while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill(signal);
  const { exitCode, stdout, stderr } = await outcome;
  expect(stderr).toBe('Interrupted.\n');
  expect(stdout).toBe('');
  expect(exitCode).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});

test('Ctrl-C while standard input is awaited: exit 130', async () => {
  const { child, outcome } = start(['simulate', '-']);
  await once(child, 'spawn');
  child.stdin.write('id: x\n');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  child.kill('SIGINT');
  const { exitCode, stderr } = await outcome;
  expect(stderr).toBe('Interrupted.\n');
  expect(exitCode).toBe(130);
});

test.skipIf(!existsSync('/dev/full'))('a full disk is said', () => {
  const full = openSync('/dev/full', 'w');
  const argv = ['--conditions=quorate-source', main, 'simulate', 'semi-sync-leader-crash', '--json'];
  const { status, stderr } = spawnSync(process.execPath, argv, {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect(stderr).toMatch(/The output cannot be written \(ENOSPC\)/);
  expect(status).toBe(2);
});
