import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import { InputError } from '../scenario/problems.ts';
import { randomScenario } from '../scenario/random-scenario.test-support.ts';
import { confirms, decodeLink, encodeLink } from './record.ts';
import { simulate } from './simulate.ts';
import { engineVersion } from './version.ts';

const link = {
  scenario: {
    id: 'linked',
    title: 'A / title # with % and ünïcödé “quotes”',
    durationMs: 100,
    cluster: { nodes: [{ id: 'a' }] },
    topology: { type: 'leader-follower' as const },
    workload: { clients: [{ writesPerSecond: 100 }] },
  },
  seed: 7,
  injected: [{ type: 'crash' as const, node: 'a', atMs: 50 }],
};

function problemOf(act: () => unknown): InputError['problems'][number] {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).document).toBe('link');
    return (error as InputError).problems[0]!;
  }
  throw new Error('nothing was refused');
}

test('a link gives back the run it was made of, and survives an address', () => {
  const text = encodeLink(link);
  expect(text.startsWith(`quorate/${engineVersion}/`)).toBe(true);
  expect(decodeLink(text)).toEqual(link);
  expect(decodeLink(`#${text}`)).toEqual(link);
  expect(decodeLink(new URL(`https://example.org/lab/#${text}`).hash)).toEqual(link);
  fc.assert(
    fc.property(randomScenario(), fc.nat(), (scenario, seed) => {
      const { scenario: decoded } = decodeLink(encodeLink({ scenario, seed, injected: [] }));
      expect(parseScenario(decoded)).toEqual(parseScenario(scenario));
    }),
    { numRuns: 30 },
  );
});

test('the link of another engine version is refused, naming it', () => {
  const other = encodeLink(link).replace(`/${engineVersion}/`, '/9.8.7/');
  expect(problemOf(() => decodeLink(other))).toMatchObject({
    path: ['engine'],
    found: 'engine 9.8.7',
    expected: `engine ${engineVersion}`,
  });
});

test('what is no link is refused, whatever it is', () => {
  for (const text of [
    '',
    '#',
    'quorate',
    'quorate/',
    `quorate/${engineVersion}`,
    'https://example.org',
    'quorat/0.2.0/{}',
  ]) {
    expect(problemOf(() => decodeLink(text)).expected).toBe('a link that begins with quorate/');
  }
  const whole = encodeLink(link);
  expect(problemOf(() => decodeLink(whole.slice(0, -5))).expected).toBe('a whole link');
  expect(problemOf(() => decodeLink(`${whole}%`)).expected).toBe('a whole link');
  for (const value of [null, 1, [], {}, { scenario: {}, seed: 1 }]) {
    const text = `quorate/${engineVersion}/${encodeURIComponent(JSON.stringify(value))}`;
    expect(problemOf(() => decodeLink(text)).expected).toBe('a scenario, a seed and injected faults');
  }
  fc.assert(
    fc.property(fc.string(), fc.nat({ max: whole.length }), (noise, at) => {
      try {
        decodeLink(whole.slice(0, at) + noise + whole.slice(at + 1));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
  );
});

test('a record is confirmed by its own run only, and never by another version', () => {
  const scenario = parseScenario(link.scenario);
  const report = simulate(scenario);
  const { engine, scenario: id, seed, digest } = report;
  const record = { engine, scenario: id, seed, digest };
  expect(confirms(record, simulate(scenario))).toBe(true);
  expect(confirms(record, simulate(scenario, { seed: 2 }))).toBe(false);
  expect(confirms({ ...record, scenario: 'other' }, report)).toBe(false);
  expect(problemOf(() => confirms({ ...record, engine: '0.0.9' }, report)).found).toBe('engine 0.0.9');
});
