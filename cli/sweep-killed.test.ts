/** A sweep whose process is killed without a word, again and again. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runHere, start, temporaryFolder } from './run.test-support.ts';

const small = `id: small
scenario:
  id: crash
  durationMs: 300
  drainMs: 100
  cluster: {nodes: [{id: a}, {id: b}]}
  network: {within: {latency: {type: exponential, meanMs: 2}}}
  topology: {type: leader-follower, failover: {heartbeatMs: 20, timeoutMs: 60, electionMs: 20}}
  workload: {clients: [{id: app, writesPerSecond: 200}]}
  faults: [{type: crash, node: a, atMs: 150}]
runs: 20
grid:
  topology.failover.timeoutMs: [60, 80]
  workload.clients.app.writesPerSecond: [100, 200, 400]
measures:
  - {metric: failovers.*.rtoMs}
  - {metric: rpo.writes, above: 0}
`;

const kills = process.env.QUORATE_FULL === '1' ? 20 : 3;

test(`killed at ${kills} random moments, resumed, the same bytes`, async () => {
  const folder = temporaryFolder();
  const path = (name: string) => join(folder, name);
  writeFileSync(path('small.yaml'), small);
  // Compiled once, and not with every start.
  const env = { NODE_COMPILE_CACHE: path('compiled') };
  const sweepTo = (out: string) => ['sweep', path('small.yaml'), '--out', path(out)];
  expect((await start(sweepTo('once.parquet'), env).outcome).exitCode).toBe(0);
  const journal = path('out.parquet.journal');
  const bytesDone = () => (existsSync(journal) ? statSync(journal).size : 0);
  for (const moment of fc.sample(fc.integer({ min: 0, max: 400 }), { numRuns: kills, seed: 7 })) {
    const before = bytesDone();
    const { child, outcome } = start(sweepTo('out.parquet'), env);
    // To start takes it longest; a moment is one of its work, or of what comes after.
    while (bytesDone() === before && child.exitCode === null) await sleep(5);
    await sleep(moment);
    child.kill('SIGKILL');
    await outcome;
    if (existsSync(journal)) expect(bytesDone()).toBeGreaterThanOrEqual(before);
    else expect(readdirSync(folder)).toContain('out.parquet');
  }
  expect((await runHere(sweepTo('out.parquet'))).exitCode).toBe(0);
  expect(readFileSync(path('out.parquet')).equals(readFileSync(path('once.parquet')))).toBe(true);
}, 600_000);
