import { expect, test } from 'vitest';
import { decodeLink } from '../run/record.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { type Counterexample, type FindOptions, find } from './find.ts';
import { replicated } from './healthy.test-support.ts';

const search = { violates: 'lost-writes', maxFaults: 2, budget: 200, seed: 1 } as const;
const asynchronous = replicated({ acknowledgement: 'asynchronous' });
const semiSynchronous = replicated({ acknowledgement: 'semi-synchronous' });

const lostWrites = (source: ScenarioSource, seed?: number) =>
  simulate(parseScenario(source), seed === undefined ? {} : { seed }).verdicts.find(
    ({ name }) => name === 'lost-writes',
  )!.result;

async function found(source: ScenarioSource, options: FindOptions): Promise<Counterexample> {
  const outcome = await find(source, options);
  if (!outcome.found) throw new Error('nothing found');
  return outcome;
}

test('what it gives shows the violation again: as a scenario, through a file, and as a link', async () => {
  const { scenario, faults, seed, verdict, digest, link } = await found(asynchronous, search);
  expect(faults).toHaveLength(1);
  expect(verdict).toMatchObject({ name: 'lost-writes', result: 'violation' });
  const written: ScenarioSource = JSON.parse(JSON.stringify(scenario));
  expect(written).toEqual(scenario);
  const report = simulate(parseScenario(written));
  expect(report.digest).toBe(digest);
  expect(report.verdicts).toContainEqual(verdict);
  expect(decodeLink(link)).toEqual({ scenario, seed, injected: [] });
});

test('each fault is needed: without it there is none, under the same seed and under the others it names', async () => {
  // b is cut off, so that c confirms; then both disks that hold a write can die.
  const cut = { type: 'cut' as const, from: ['a'], to: ['b'], atMs: 100 };
  const source: ScenarioSource = { ...semiSynchronous, faults: [cut] };
  const outcome = await found(source, { ...search, kinds: ['crash'], budget: 1000 });
  const { scenario, faults, needed, seed, otherSeeds } = outcome;
  expect(faults.length).toBeGreaterThan(1);
  expect(needed.flatMap(({ fault }) => fault ?? [])).toEqual(faults);
  const seeds = Array.from({ length: otherSeeds.runs }, (_, index) => seed + 1 + index);
  expect(seeds.filter((other) => lostWrites(scenario, other) === 'violation')).toHaveLength(
    otherSeeds.violations,
  );
  for (const left of faults) {
    const others = faults.filter((other) => other !== left);
    const without: ScenarioSource = { ...scenario, faults: [cut, ...others] };
    for (const each of [seed, ...seeds]) expect(lostWrites(without, each)).toBe('ok');
  }
});

test('the same seed finds the same, another seed another', async () => {
  const once = await found(asynchronous, search);
  expect(await found(asynchronous, search)).toEqual(once);
  const { faults, seed } = await found(asynchronous, { ...search, seed: 2 });
  expect([faults, seed]).not.toEqual([once.faults, once.seed]);
});

test('a scenario that breaks by its own faults needs none beside them', async () => {
  const faults = [
    { type: 'slow-link', from: ['a'], to: ['b', 'c'], extraMs: 400, atMs: 200 },
    { type: 'crash', node: 'a', atMs: 500 },
  ] as const;
  const outcome = await found({ ...asynchronous, faults: [...faults] }, search);
  expect(outcome.faults).toEqual([]);
  expect(outcome.scenario.faults).toEqual(faults);
  expect(lostWrites(outcome.scenario)).toBe('violation');
});

test('where it finds none, it says what it looked at', async () => {
  const options = { ...search, maxFaults: 1, budget: 150 };
  const outcome = await find(semiSynchronous, options);
  if (outcome.found) throw new Error('found a lost write');
  const { searched } = outcome;
  expect(outcome).toMatchObject({ violates: 'lost-writes', seed: 1, runs: 150 });
  expect(searched.schedules).toBe(150);
  expect(searched.moments).toBeGreaterThan(30);
  const count = searched.faults.reduce((sum, each) => sum + each.count, 0);
  // One fault a schedule, but for those without any.
  expect(count).toBe(searched.schedules - searched.withoutFaults);
  for (const name of ['lost-writes', 'divergence', 'split-brain'])
    expect(searched.marks).toContainEqual({ name: `${name} violated`, runs: 0 });
  expect(searched.marks.find(({ name }) => name === 'failovers')!.runs).toBeGreaterThan(5);
});

test('draws only what it is told to, and for no longer', async () => {
  const options = { ...search, kinds: ['pause', 'slow-disk'], longestMs: 50, spread: false } as const;
  const outcome = await find(asynchronous, options);
  if (outcome.found) throw new Error(JSON.stringify(outcome.faults));
  expect(outcome.searched.faults.map(({ type }) => type)).toEqual(['pause', 'slow-disk']);
  expect(outcome.searched.spread).toBe(0);
  // A pause of 50 ms is shorter than anybody's patience.
  expect(outcome.searched.marks).toContainEqual({ name: 'failovers', runs: 0 });
});

test('progress: told after each run, and what it throws ends the search', async () => {
  const told: number[] = [];
  const onProgress = async (done: number) => {
    told.push(done);
    if (done === 3) throw new Error('interrupted');
  };
  await expect(find(semiSynchronous, { ...search, onProgress })).rejects.toThrow('interrupted');
  expect(told).toEqual([1, 2, 3]);

  // In the midst of shrinking too, which the first violation begins.
  const { runsToFirst } = await found(asynchronous, search);
  let seen = 0;
  const tired = () => {
    if (++seen === runsToFirst + 5) throw new Error('interrupted while shrinking');
  };
  await expect(find(asynchronous, { ...search, onProgress: tired })).rejects.toThrow('while shrinking');
  expect(seen).toBe(runsToFirst + 5);
});

test('refuses a scenario that is wrong, and a verdict that it does not give', async () => {
  await expect(find({ ...asynchronous, durationMs: -1 }, search)).rejects.toThrow('durationMs');
  await expect(find(asynchronous, { ...search, violates: 'resurrection' })).rejects.toThrow(
    'of which resurrection is not judged',
  );
});
