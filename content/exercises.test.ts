import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { findPar, type ScenarioSource } from '#engine';
import { exercises } from './exercises.ts';
import { bundledScenarios } from './index.ts';

/** Schedules per number of faults: with fewer than par, so many show no violation. */
const budgets: Readonly<Record<number, number>> = { 1: 80, 2: 80 };

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
    const budget = budgets[par]!;
    const outcome = await findPar(source, {
      violates,
      budget,
      maxFaults: par,
      seed: 2,
      spread: false,
      byHand: true,
    });
    if (!outcome.found) throw new Error(`nothing found with ${par} faults`);
    expect(outcome.par).toBe(par);
    expect(outcome.below.map(({ schedules }) => schedules)).toEqual(Array(par).fill(budget));
    for (const fault of outcome.faults) {
      expect(['crash', 'pause', 'cut']).toContain(fault.type);
      expect(fault).not.toHaveProperty('loses');
      expect(fault).not.toHaveProperty('oneWay');
    }
  },
);
