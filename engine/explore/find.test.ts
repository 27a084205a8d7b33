import { expect, test } from 'vitest';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { find } from './find.ts';

const cluster = (
  acknowledgement: 'asynchronous' | 'semi-synchronous',
  rest: Partial<ScenarioSource> = {},
): ScenarioSource => ({
  id: 'small',
  durationMs: 1000,
  drainMs: 1000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 1 } } },
  network: { within: { latency: { type: 'uniform', minMs: 1, maxMs: 5 } } },
  topology: {
    type: 'leader-follower',
    acknowledgement,
    failover: { heartbeatMs: 50, timeoutMs: 150, electionMs: 50 },
    reconnectMs: 100,
    keepaliveMs: 100,
    streamTimeoutMs: 1000,
  },
  workload: { clients: [{ writesPerSecond: 100 }] },
  ...rest,
});
const search = { violates: 'lost-writes', maxFaults: 2, runs: 100, seed: 1 } as const;
const lostWrites = (source: ScenarioSource) =>
  simulate(parseScenario(source)).verdicts.find(({ name }) => name === 'lost-writes')?.result;

test('asynchronous: finds a lost write, and one fault is enough', async () => {
  const found = await find(cluster('asynchronous'), search);
  if (found.type !== 'found') throw new Error('nothing found');
  expect(found.faults).toHaveLength(1);
  expect(found.report.verdicts.find(({ name }) => name === 'lost-writes')?.result).toBe('violation');

  // What it gives is a scenario that shows it again, after a way through a file too.
  const written: ScenarioSource = JSON.parse(JSON.stringify(found.scenario));
  expect(written).toEqual(found.scenario);
  const report = simulate(parseScenario(written));
  expect(report.digest).toBe(found.report.digest);
  expect(lostWrites(written)).toBe('violation');
  // And nothing of it is too much.
  expect(lostWrites({ ...written, faults: [] })).toBe('ok');
});

test('the same seed finds the same, another seed another', async () => {
  const once = await find(cluster('asynchronous'), search);
  expect(await find(cluster('asynchronous'), search)).toEqual(once);
  const seeds = new Set<string>();
  for (let seed = 1; seed <= 3; seed++) {
    const found = await find(cluster('asynchronous'), { ...search, seed });
    seeds.add(JSON.stringify(found.type === 'found' && [found.faults, found.seed]));
  }
  expect(seeds.size).toBeGreaterThan(1);
});

test('semi-synchronous: no single crash, pause or cut loses a write', async () => {
  expect(await find(cluster('semi-synchronous'), { ...search, maxFaults: 1, runs: 200 })).toEqual({
    type: 'not-found',
    runs: 200,
  });
});

test('semi-synchronous: more faults do, and every one of them is needed', async () => {
  // b is cut off, so that c confirms; then both disks that hold a write can die.
  const source = cluster('semi-synchronous', {
    faults: [{ type: 'cut', from: ['a'], to: ['b'], atMs: 100 }],
  });
  const found = await find(source, { ...search, maxFaults: 2, runs: 500 });
  if (found.type !== 'found') throw new Error('nothing found');
  expect(found.faults.length).toBeGreaterThan(1);
  for (const each of found.faults) {
    const others = found.faults.filter((other) => other !== each);
    expect(lostWrites({ ...found.scenario, faults: [...source.faults!, ...others] })).toBe('ok');
  }
});

test('a scenario that breaks by its own faults needs none beside them', async () => {
  const source = cluster('asynchronous', {
    faults: [
      { type: 'slow-link', from: ['a'], to: ['b', 'c'], extraMs: 400, atMs: 200 },
      { type: 'crash', node: 'a', atMs: 500 },
    ],
  });
  const found = await find(source, search);
  if (found.type !== 'found') throw new Error('nothing found');
  expect(found.faults).toEqual([]);
  expect(found.scenario.faults).toEqual(source.faults);
  expect(lostWrites(found.scenario)).toBe('violation');
});

test('progress: told after each schedule, and what it throws ends the search', async () => {
  const told: number[] = [];
  const onProgress = async (done: number) => {
    told.push(done);
    if (done === 3) throw new Error('interrupted');
  };
  await expect(find(cluster('semi-synchronous'), { ...search, onProgress })).rejects.toThrow('interrupted');
  expect(told).toEqual([1, 2, 3]);

  // In the midst of shrinking too, which the first violation begins.
  let schedules = 0;
  await find(cluster('asynchronous'), { ...search, onProgress: (done) => void (schedules = done) });
  const until = schedules - 1;
  let seen = 0;
  const tired = () => {
    if (++seen === until) throw new Error('interrupted while shrinking');
  };
  await expect(find(cluster('asynchronous'), { ...search, onProgress: tired })).rejects.toThrow(
    'while shrinking',
  );
  expect(seen).toBe(until);
});

test('refuses a scenario that is wrong', async () => {
  await expect(find({ ...cluster('asynchronous'), durationMs: -1 }, search)).rejects.toThrow('durationMs');
});
