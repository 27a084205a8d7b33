import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  judgeElections,
  parseElections,
  parseRequirements,
  parseScenario,
  parseSweep,
  simulate,
  simulateElections,
} from '#engine';
import { bundledElections, bundledRequirements, bundledScenarios, bundledSweeps } from './index.ts';

const isFullSize = process.env.QUORATE_FULL === '1';

const read = (url: URL): unknown => parse(readFileSync(url, 'utf8'));

test('every file that lies here is bundled, under its own id', () => {
  for (const [folder, bundled] of [
    ['./scenarios/', bundledScenarios],
    ['./requirements/', bundledRequirements],
    ['./elections/', bundledElections],
    ['./sweeps/', bundledSweeps],
  ] as const) {
    const files = readdirSync(new URL(folder, import.meta.url)).filter((file) => file.endsWith('.yaml'));
    expect(bundled.map(({ name }) => `${name}.yaml`).toSorted()).toEqual(files.toSorted());
    for (const { name, url } of bundled) expect(read(url)).toMatchObject({ id: name });
  }
});

test.each(bundledRequirements)('requirements $name are valid', ({ url }) => {
  parseRequirements(read(url));
});

test.each(bundledSweeps)('sweep $name is valid, over a bundled scenario', ({ url }) => {
  const { scenario, ...sweep } = read(url) as { readonly scenario: string };
  const { url: scenarioUrl } = bundledScenarios.find(({ name }) => name === scenario)!;
  parseSweep({ ...sweep, scenario: read(scenarioUrl) });
});

describe.each(bundledScenarios)('scenario $name shows what it says', ({ url }) => {
  const scenario = parseScenario(read(url));
  test.each([1, 2])('with seed %i', (seed) => {
    const { expectations } = simulate(scenario, { seed });
    expect(expectations.length).toBeGreaterThan(0);
    expect(expectations.filter(({ met }) => !met)).toEqual([]);
  });
});

/** Bounds of a full-size sample, as wide as a smaller one makes them: four standard deviations, of a time its mean at most. */
function widened(bound: number | undefined, metric: string, runs: number, sign: 1 | -1): number | undefined {
  if (bound === undefined) return undefined;
  const deviation = metric === 'splitVote.rate' ? Math.sqrt(bound * (1 - bound)) : bound;
  return bound + (sign * 4 * deviation) / Math.sqrt(runs);
}

test.each(bundledElections)('elections $name come out as published', async ({ url }) => {
  const { options, expect: expected } = parseElections(read(url));
  expect(expected.length).toBeGreaterThan(0);
  const runs = isFullSize ? options.runs : 1000;
  // Of the slowest in a thousand a small sample has hardly one.
  const judged = expected.filter(({ metric }) => isFullSize || metric !== 'p999Ms');
  const bounds = judged.map(({ metric, atLeast, atMost }) => ({
    metric,
    ...(atLeast !== undefined && { atLeast: isFullSize ? atLeast : widened(atLeast, metric, runs, -1) }),
    ...(atMost !== undefined && { atMost: isFullSize ? atMost : widened(atMost, metric, runs, 1) }),
  }));
  const results = judgeElections({ expect: bounds }, await simulateElections({ ...options, runs }));
  expect(results.filter(({ met }) => !met)).toEqual([]);
});
