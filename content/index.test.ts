import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRequirements, parseScenario, parseSweep, simulate } from '#engine';
import { bundledElections, bundledRequirements, bundledScenarios, bundledSweeps } from './index.ts';

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
