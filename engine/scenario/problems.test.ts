import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  describePath,
  describeProblem,
  InputError,
  nearest,
  showValue,
  unknownName,
  valueAt,
} from './problems.ts';

test('paths as people write them', () => {
  expect(describePath([])).toBe('(document)');
  expect(describePath(['cluster', 'nodes', 2, 'disk', 'fsync'])).toBe('cluster.nodes[2].disk.fsync');
  expect(describePath([0, 'a', 1, 2])).toBe('[0].a[1][2]');
});

test('a problem is a sentence, and an error has all of them', () => {
  const problem = { path: ['seed'], found: '-1', expected: 'at least 0' };
  expect(describeProblem(problem)).toBe('seed: found -1, expected at least 0');
  expect(describeProblem({ ...problem, hint: 'count from 0' })).toBe(
    'seed: found -1, expected at least 0 (count from 0)',
  );
  expect(new InputError('scenario', [problem]).message).toBe(
    'The scenario is wrong in 1 place: seed: found -1, expected at least 0',
  );
  const both = new InputError('requirements', [problem, { path: [], found: 'nothing', expected: 'text' }]);
  expect(both.message).toBe(
    'The requirements are wrong in 2 places: seed: found -1, expected at least 0; (document): found nothing, expected text',
  );
  expect(both.problems).toHaveLength(2);
});

test('values are shown short and on one line, whatever they are', () => {
  expect(
    [undefined, null, 1.5, Number.NaN, true, 'x', [], [1, 2], {}, { a: 1, b: 2 }].map(showValue),
  ).toEqual([
    'nothing',
    'null',
    '1.5',
    'NaN',
    'true',
    '"x"',
    'an empty list',
    'a list of 2',
    'an empty object',
    'an object with a, b',
  ]);
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSparseArray: true,
        withTypedArray: true,
      }),
      (value) => {
        const shown = showValue(value);
        expect(shown.length).toBeLessThan(100);
        expect(shown).not.toMatch(/\n/);
      },
    ),
  );
});

test('valueAt follows own keys only', () => {
  const root = { a: [{ b: 7 }] };
  expect(valueAt(root, ['a', 0, 'b'])).toBe(7);
  for (const path of [['a', 1], ['a', 0, 'b', 'c'], ['toString'], ['__proto__'], ['a', 'length', 'x']])
    expect(valueAt(root, path)).toBe(undefined);
});

test('the nearest name is the one meant, and none where nothing is near', () => {
  const types = ['crash', 'restart', 'pause', 'resume', 'cut', 'heal', 'slow-link', 'lossy-link'];
  expect(
    ['crsh', 'Crash', 'paused', 'slowlink', 'cutt', 'explode', ''].map((word) => nearest(word, types)),
  ).toEqual(['crash', 'crash', 'pause', 'slow-link', 'cut', undefined, undefined]);
  fc.assert(
    fc.property(fc.constantFrom(...types), (name) => {
      expect(nearest(name, types)).toBe(name);
    }),
  );
  expect(unknownName('node-1', 'a node', ['node-2', 'b'], ['x'])).toEqual({
    path: ['x'],
    found: '"node-1"',
    expected: 'a node: one of node-2, b',
    hint: 'did you mean node-2?',
  });
});
