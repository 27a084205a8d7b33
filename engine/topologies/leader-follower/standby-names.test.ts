import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStandbyNames, showStandbyNames } from './standby-names.ts';

test.each([
  ['', { method: 'first', count: 0, names: [] }],
  ['b, c', { method: 'first', count: 1, names: ['b', 'c'] }],
  ['*', { method: 'first', count: 1, names: ['*'] }],
  ['FIRST 2 (b, c, d)', { method: 'first', count: 2, names: ['b', 'c', 'd'] }],
  ['2 (b, c)', { method: 'first', count: 2, names: ['b', 'c'] }],
  ['any 1(b,c)', { method: 'any', count: 1, names: ['b', 'c'] }],
  ['ANY 2 (*)', { method: 'any', count: 2, names: ['*'] }],
  ['"any", "b c"', { method: 'first', count: 1, names: ['any', 'b c'] }],
  ['first', { method: 'first', count: 1, names: ['first'] }],
])('%j is read as documented', (text, expected) => {
  expect(parseStandbyNames(text)).toEqual(expected);
});

test.each([
  ['FIRST 0 (b)', '0', 'how many standbys to wait for, a whole number of at least 1'],
  ['FIRST x (b)', 'x', 'how many standbys to wait for, a whole number of at least 1'],
  ['FIRST (b)', '(', 'how many standbys to wait for, a whole number of at least 1'],
  ['FIRST 2 b, c', 'b', 'an opening parenthesis after 2'],
  ['ANY 2 (b, c', 'the end', 'a comma or a closing parenthesis'],
  ['ANY 2 (b c)', 'c', 'a comma or a closing parenthesis'],
  ['ANY 2 ()', ')', 'the name of a standby, or *'],
  ['b, ', 'the end', 'the name of a standby, or *'],
  ['b c', 'c', 'a comma between names'],
  ['FIRST 1 (b) c', 'c', 'nothing after the list'],
  ['b, b', 'b, twice', 'each standby once'],
  ['"b', '"', 'the name of a standby, or *'],
])('%j is refused, naming what is wrong', (text, found, expected) => {
  expect(parseStandbyNames(text)).toEqual({ found, expected });
});

test('what is shown is read back as it was', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9 ,()._-]{1,8}$/), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      fc.constantFrom('first' as const, 'any' as const),
      fc.integer({ min: 1, max: 9 }),
      fc.oneof(names, fc.constant(['*'])),
      (method, count, list) => {
        const given = { method, count, names: list };
        expect(parseStandbyNames(showStandbyNames(given))).toEqual(given);
      },
    ),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = parseStandbyNames(text);
      if ('names' in read) expect(parseStandbyNames(showStandbyNames(read))).toEqual(read);
      else expect(read.found).not.toBe('');
    }),
  );
});
