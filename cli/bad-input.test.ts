/**
 * Wrong files, made by breaking the bundled ones in 200 ways: each must end with exit code 2 and a place, and never with
 * a stack trace, a hang, something on standard output, or a file half written.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { bundledRequirements, bundledScenarios } from '#content';
import { type Outcome, runHere, runThere, temporaryFolder } from './run.test-support.ts';

const originals = [
  ...bundledScenarios.map(({ name, url }) => ({
    name,
    command: 'simulate',
    text: readFileSync(url, 'utf8'),
  })),
  ...bundledRequirements.map(({ name, url }) => ({
    name,
    command: 'decide',
    text: readFileSync(url, 'utf8'),
  })),
] as const;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** Picks a whole number from 0 to below `count`. */
type Pick = (count: number) => number;
type Breakage = (text: string, pick: Pick) => string | Buffer;

/** Where a value lies: its container and its key there. */
interface Slot {
  readonly container: { [key: string]: Json } | Json[];
  readonly key: string;
}

const breakages: Record<string, Breakage> = {
  'an unknown key': onValue((root, pick) => {
    const { container, key } = pickFrom(mapSlotsOf(root), pick);
    Object.assign(container, { [`${key}x`]: 1 });
  }),
  'a key renamed': onValue((root, pick) => {
    const { container, key } = pickFrom(mapSlotsOf(root), pick);
    const map = container as { [key: string]: Json };
    map[`${key}-new`] = map[key]!;
    delete map[key];
  }),
  'a value of another type': onLeaf((leaf, pick) => {
    if (typeof leaf === 'string') return pickFrom<Json>([42, true, [], { a: 1 }], pick);
    if (typeof leaf === 'boolean') return pickFrom<Json>(['maybe', 3, []], pick);
    return pickFrom<Json>(['many', '12', {}, true], pick);
  }),
  'null for a value': onLeaf(() => null),
  'not a number': onNumber(() => Number.NaN),
  'an infinite number': onNumber((_, pick) =>
    pickFrom([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], pick),
  ),
  'a huge number': onNumber((_, pick) => pickFrom([1e300, -1e300], pick)),
  'a negative number': onNumber((number) => -1 - number),
  'a value in a list too many': onLeaf((leaf) => [[leaf]]),
  'a value in a map too many': onLeaf((leaf) => ({ value: leaf })),
  'a map for a list': onValue((root, pick) => {
    const lists = slotsOf(root).filter(({ container, key }) => Array.isArray(at(container, key)));
    // A document of requirements may leave out every list; then it gets one that is none.
    if (lists.length === 0) return put(root as Record<string, Json>, 'regions', { first: 'local' });
    const { container, key } = pickFrom(lists, pick);
    put(container, key, Object.fromEntries(Object.entries(at(container, key) as Json[])));
  }),
  'values nested a thousand deep': (text, pick) =>
    atLine(text, pick, `deep: ${'['.repeat(1000)}${']'.repeat(1000)}`),
  'an alias of nothing': (text, pick) => atLine(text, pick, 'title: *nothing'),
  'aliases without end': (text) => {
    const bomb = Array.from({ length: 12 }, (_, level) => {
      const inner = level === 0 ? 'x' : `*n${level - 1}`;
      return `n${level}: &n${level} [${Array(10).fill(inner).join(', ')}]`;
    });
    return `${text}${bomb.join('\n')}\n`;
  },
  'a key twice': (text, pick) => {
    const keys = text.split('\n').filter((line) => /^\w+: ./.test(line));
    return `${text}${pickFrom(keys, pick)}\n`;
  },
  'a tab as indentation': (text) => text.replace(/^ {2}(?=\w)/m, '\t').replace(/^ {2}(?=- )/m, '\t'),
  'an open bracket at the end': (text) => `${text}more: [1, 2\n`,
  'a second document': (text) => `${text}---\n${text}`,
  'a byte that is no text': (text, pick) => {
    const bytes = Buffer.from(text);
    const index = pick(bytes.length + 1);
    return Buffer.concat([
      bytes.subarray(0, index),
      Buffer.from([pickFrom([0x00, 0xff, 0xfe, 0xc0], pick)]),
      bytes.subarray(index),
    ]);
  },
  'random bytes': (_, pick) =>
    Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: 300 }, () => pick(256)))]),
  'nothing at all': () => '',
  'only the comments': (text) => text.replace(/^[^#\n].*\n/gm, ''),
  'a list of it': (text) => `[${JSON.stringify(parse(text))}]`,
  'its text as one string': (text) => JSON.stringify(text),
};

const mutations = fc
  .record({
    original: fc.constantFrom(...originals),
    breakage: fc.constantFrom(...Object.keys(breakages)),
    choices: fc.infiniteStream(fc.nat()),
  })
  .map(({ original, breakage, choices }) => ({
    ...original,
    breakage,
    bytes: breakages[breakage]!(original.text, (count) => choices.next().value! % count),
    toString: () => `${original.name} with ${breakage}`,
  }));

describe('bad input', () => {
  test('200 broken files: exit 2, a place, no stack trace, no output, no file', {
    timeout: 120_000,
  }, async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'broken.yaml');
    await fc.assert(
      fc.asyncProperty(mutations, async ({ command, bytes }) => {
        writeFileSync(file, bytes);
        expectRefusal(await runHere(argvOf(command, file, folder)), folder);
      }),
      { numRuns: 200, seed: 20_260_301 },
    );
  });

  test('5 of them through the real command', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'broken.yaml');
    for (const { command, bytes } of fc.sample(mutations, { numRuns: 5, seed: 7 })) {
      writeFileSync(file, bytes);
      expectRefusal(await runThere(argvOf(command, file, folder)), folder);
    }
  });

  test('a file cut short is refused or is a shorter file, and never anything else', {
    timeout: 120_000,
  }, async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'broken.yaml');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals.filter(({ command }) => command === 'simulate')),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (original, share) => {
          writeFileSync(file, original.text.slice(0, Math.floor(original.text.length * share)));
          // Up to time 0: whether it can be read is the question, not what it would show.
          const outcome = await runHere(['simulate', file, '--until', '0']);
          if (outcome.exitCode === 2) expectRefusal(outcome, folder);
          else expect(outcome.exitCode).toBeLessThan(2);
        },
      ),
      { numRuns: 60, seed: 11 },
    );
  });
});

function argvOf(command: string, file: string, folder: string): string[] {
  return command === 'simulate' ? [command, file, '--trace', join(folder, 'trace.jsonl')] : [command, file];
}

function expectRefusal({ exitCode, stdout, stderr }: Outcome, folder: string): void {
  expect(stderr).toMatch(/broken\.yaml(:\d+:\d+ {2}\S+)?\n {2}found {5}\S/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
  expect(readdirSync(folder)).toEqual(['broken.yaml']);
}

function onValue(change: (root: Json, pick: Pick) => void): Breakage {
  return (text, pick) => {
    const root: Json = parse(text);
    change(root, pick);
    return stringify(root);
  };
}

function onLeaf(change: (leaf: Json, pick: Pick) => Json): Breakage {
  return onValue((root, pick) => {
    const { container, key } = pickFrom(
      slotsOf(root).filter(({ container, key }) => isLeaf(at(container, key))),
      pick,
    );
    put(container, key, change(at(container, key), pick));
  });
}

/** Numbers in `expect` may be anything a report can hold, so they are left alone. */
function onNumber(change: (number: number, pick: Pick) => number): Breakage {
  return onValue((root, pick) => {
    const { expect: _, ...rest } = root as { [key: string]: Json };
    const numbers = slotsOf(rest).filter(({ container, key }) => typeof at(container, key) === 'number');
    const { container, key } = pickFrom(numbers, pick);
    const changed = change(at(container, key) as number, pick);
    if (container === rest) put(root as { [key: string]: Json }, key, changed);
    else put(container, key, changed);
  });
}

function slotsOf(value: Json): Slot[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ container: value, key }, ...slotsOf(inner)]);
}

function mapSlotsOf(value: Json): Slot[] {
  return slotsOf(value).filter(({ container }) => !Array.isArray(container));
}

function at(container: Slot['container'], key: string): Json {
  return (container as { [key: string]: Json })[key]!;
}

function put(container: Slot['container'], key: string, value: Json): void {
  (container as { [key: string]: Json })[key] = value;
}

function isLeaf(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

function pickFrom<Item>(items: readonly Item[], pick: Pick): Item {
  return items[pick(items.length)]!;
}

function atLine(text: string, pick: Pick, line: string): string {
  const lines = text.split('\n');
  const tops = lines.flatMap((each, index) => (/^\w/.test(each) ? [index] : []));
  lines.splice(pickFrom(tops, pick), 0, line);
  return lines.join('\n');
}
