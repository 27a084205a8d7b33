/** What only a real process shows: signals, pipes, and that nothing waits where nobody answers. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { main, runThere, start, temporaryFolder } from './run.test-support.ts';

const scenario = JSON.stringify({
  id: 'small',
  durationMs: 1000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }] },
  topology: { type: 'leader-follower' },
  workload: { clients: [{ writesPerSecond: 10 }] },
});

test('simulate --json prints one document and nothing else', async () => {
  const { exitCode, stdout, stderr } = await runThere(['simulate', '-', '--json'], scenario);
  expect(JSON.parse(stdout)).toMatchObject({ scenario: 'small', seed: 1 });
  expect(stderr).toBe('');
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
  const shell = 'set -o pipefail; "$0" --conditions=quorate-source "$1" simulate - | true';
  const { status, stderr } = spawnSync('bash', ['-c', shell, process.execPath, main], {
    input: scenario,
    encoding: 'utf8',
  });
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
  // More than a pipe holds: once it is written, the command is reading.
  await new Promise((resolve) => child.stdin.write('# nothing\n'.repeat(50_000), resolve));
  child.kill('SIGINT');
  const { exitCode, stderr } = await outcome;
  expect(stderr).toBe('Interrupted.\n');
  expect(exitCode).toBe(130);
});

test.skipIf(!existsSync('/dev/full'))('a full disk is said', () => {
  const full = openSync('/dev/full', 'w');
  const argv = ['--conditions=quorate-source', main, 'simulate', '-', '--json'];
  const { status, stderr } = spawnSync(process.execPath, argv, {
    input: scenario,
    stdio: ['pipe', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect(stderr).toMatch(/The output cannot be written \(ENOSPC\)/);
  expect(status).toBe(2);
});
