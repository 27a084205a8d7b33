import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { findPar, type ScenarioSource } from '#engine';
import { exercises } from './exercises.ts';
import { bundledScenarios } from './index.ts';

/** Schedules per number of faults and search seed: with fewer than par, so many show no violation under any of the seeds. */
const budget = 80;
const searchSeeds = [1, 2, 3];

/** The search has so long: what breaks a cluster by then breaks it in a longer run too. */
const searchedMs = 8000;

function sourceOf(id: string): ScenarioSource {
  const source = parse(
    readFileSync(bundledScenarios.find(({ name }) => name === id)!.url, 'utf8'),
  ) as ScenarioSource;
  return { ...source, durationMs: Math.min(source.durationMs, searchedMs) };
}

test.each(exercises)(
  '$id: par is the fewest faults of a lab’s buttons that a search finds',
  async (exercise) => {
    const source = sourceOf(exercise.scenario);
    expect(source.faults ?? []).toEqual([]);
    const { violates, par } = exercise;
    let found = 0;
    for (const seed of searchSeeds) {
      const options = { violates, budget, maxFaults: par, seed, spread: false, byHand: true } as const;
      const outcome = await findPar(source, options);
      if (!outcome.found) continue;
      found++;
      expect(outcome.par).toBe(par);
      expect(outcome.below.map(({ schedules }) => schedules)).toEqual(Array(par).fill(budget));
      for (const fault of outcome.faults) {
        expect(['crash', 'pause', 'cut']).toContain(fault.type);
        expect(fault).not.toHaveProperty('loses');
        expect(fault).not.toHaveProperty('oneWay');
      }
    }
    expect(found).toBeGreaterThan(0);
  },
);
