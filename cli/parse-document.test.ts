import { describe, expect, test } from 'vitest';
import { parseScenario } from '#engine';
import { WrongInput } from './failures.ts';
import { parseText, understand } from './parse-document.ts';

/** Each problem on one line: `line:column path: found, expected`. */
function problemsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof WrongInput)) throw error;
    return error.problems.map(
      ({ line, column, path, found, expected }) => `${line}:${column} ${path}: ${found}, ${expected}`,
    );
  }
  return [];
}

const problemsOfText = (text: string) => problemsOf(() => parseText('x.yaml', text));

describe('parse-document: text that is not a document', () => {
  test.each([
    ['an empty file', '', ['1:1 (document): an empty document, keys and values']],
    ['only a comment', '# nothing\n', ['1:1 (document): an empty document, keys and values']],
    ['a key twice', 'a:\n  b: 1\n  b: 2\n', ['3:3 a.b: the key b a second time, each key once']],
    ['a key twice in JSON', '{"a": 1, "a": 2}', ['1:10 a: the key a a second time, each key once']],
    ['a tab', 'a:\n\tb: 1\n', ['2:1 a: a tab as indentation, spaces']],
    [
      'a second document',
      'a: 1\n---\nb: 2\n',
      ['2:1 (document): a second document after ---, one document in a file'],
    ],
    ['an unknown alias', 'a: *b\n', ['1:4 a: the alias *b, an anchor &b before it']],
    ['an unknown tag', 'a: !point 3\n', ['1:4 a: the tag !point, plain text, numbers, lists and maps']],
    [
      'a key that is a list',
      '? [a]\n: b\n',
      ['1:3 (document): a key that is itself a list or a map, text as a key'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOfText(text)).toEqual(problems);
  });

  test.each([
    ['an open quote', 'a: "x\nb: 1\n'],
    ['an open bracket', 'a: {b: [1, 2\n'],
    ['two colons', 'a: b: c\n'],
    ['a crooked indent', 'a:\n  b: 1\n c: 2\n'],
    ['a comma at the end of a line', '{"a": 1,, "b": 2}'],
  ])('%s is a syntax error with a place', (_, text) => {
    const problems = problemsOfText(text);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems)
      expect(problem).toMatch(/^\d+:\d+ \S+: text that is neither YAML nor JSON, ./);
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['closed brackets', '['.repeat(3000) + ']'.repeat(3000)],
    ['braces', '{a: '.repeat(5000)],
    ['dashes', '- '.repeat(5000)],
    ['indentation', Array.from({ length: 2000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
  ])('thousands of nested %s are refused before anything recurses', (_, text) => {
    expect(problemsOfText(text)[0]).toMatch(/\(document\): values nested too deep, at most 100 levels$/);
  });

  test('aliases that unfold into billions of values', () => {
    const levels = 'bcdefghi'.split('').map((name, index) => {
      const before = `*${'abcdefgh'[index]}`;
      return `${name}: &${name} [${Array(9).fill(before).join(', ')}]`;
    });
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...levels].join('\n');
    expect(problemsOfText(bomb)).toEqual([
      '1:1 (document): aliases that unfold into too many values, at most 100 unfolded aliases',
    ]);
  });
});

describe('parse-document: a document', () => {
  test('YAML and JSON give the same value, JSON with tabs too', () => {
    const value = { a: [1, 'two', null], b: { c: true } };
    expect(parseText('x', 'a: [1, two, null]\nb:\n  c: true\n').value).toEqual(value);
    expect(parseText('x', JSON.stringify(value)).value).toEqual(value);
    expect(parseText('x', JSON.stringify(value, null, '\t')).value).toEqual(value);
  });

  test('an anchor and its aliases are one value', () => {
    expect(parseText('x', 'a: &disk {fsync: 1}\nb: *disk\n').value).toEqual({
      a: { fsync: 1 },
      b: { fsync: 1 },
    });
  });

  test('places: a key in a map, an item in a list, through an alias, and the nearest around what is missing', () => {
    const { placeOf } = parseText('x', 'a: &x\n  b:\n    - 1\n    - {c: 2}\nd: *x\n');
    expect(placeOf([])).toEqual({ line: 1, column: 1 });
    expect(placeOf(['a', 'b'])).toEqual({ line: 2, column: 3 });
    expect(placeOf(['a', 'b', 1])).toEqual({ line: 4, column: 7 });
    expect(placeOf(['a', 'b', 1, 'c'])).toEqual({ line: 4, column: 8 });
    expect(placeOf(['a', 'b', 1, 'missing'])).toEqual({ line: 4, column: 7 });
    expect(placeOf(['a', 'b', 7])).toEqual({ line: 2, column: 3 });
    expect(placeOf(['d', 'b', 0])).toEqual({ line: 3, column: 7 });
  });

  test('every problem of a scenario has its line, and the nearest key is offered', () => {
    const text = [
      'id: x',
      'durationMs: ten',
      'cluster:',
      '  nodes: [{id: a, regoin: eu}]',
      'workload: {clients: []}',
    ].join('\n');
    expect(problemsOf(() => understand(parseText('x.yaml', text), parseScenario))).toEqual([
      '2:1 durationMs: "ten", a number',
      '4:19 cluster.nodes[0].regoin: a key that is not known here, one of the keys id, region, rack, connects, disk, capacity, replay, clock',
      '1:1 topology: nothing, an object (keys and values)',
      '5:12 workload.clients: an empty list, a list of at least 1',
    ]);
  });
});

describe('parse-document: another kind of document', () => {
  const requirements = 'readsPerSecond: 10\nwritesPerSecond: 1\n';
  test.each([
    ['a sweep', 'scenario: x\ngrid: {}\nmeasures: []\n', 'a sweep: it has scenario, grid, measures'],
    ['requirements', requirements, 'requirements: it has readsPerSecond, writesPerSecond'],
  ])('%s where a scenario is wanted is called by its name', (_, text, found) => {
    expect(problemsOf(() => understand(parseText('x.yaml', text), parseScenario))).toEqual([
      `undefined:undefined undefined: ${found}, a document of another kind`,
    ]);
  });

  test('a scenario of which every part is wrong is still a scenario', () => {
    const text = 'cluster: 1\ntopology: 2\nworkload: 3\n';
    const problems = problemsOf(() => understand(parseText('x.yaml', text), parseScenario));
    expect(problems.length).toBeGreaterThan(2);
    expect(problems.join()).not.toContain('another kind');
  });
});
