import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { duration, startProgress } from './progress.ts';

/** What is shown when work reports at these times, in milliseconds since its start, and then ends. */
function shown(
  reports: readonly (readonly [atMs: number, done: number])[],
  isTTY: boolean,
  doneBefore = 0,
): string {
  const stderr = Object.assign(new PassThrough(), { isTTY });
  let now = 1000;
  const progress = startProgress('Simulating x', { stderr, nowMs: () => now }, doneBefore);
  for (const [atMs, done] of reports) {
    now = 1000 + atMs;
    progress.report(done);
  }
  progress.end();
  progress.end();
  return stderr.read()?.toString() ?? '';
}

test('work of less than half a second says nothing', () => {
  const quick = [
    [100, 0.2],
    [499, 0.9],
  ] as const;
  expect(shown(quick, true)).toBe('');
  expect(shown(quick, false)).toBe('');
});

test('a terminal sees one line rewritten, and erased at the end', () => {
  const slow = [
    [600, 0.125],
    [650, 0.2],
    [700, 0.999],
  ] as const;
  expect(shown(slow, true)).toBe('\rSimulating x: 12 %\x1b[K\rSimulating x: 99 %\x1b[K\r\x1b[K');
});

test('after a while a terminal is told how long it will take', () => {
  expect(shown([[5000, 0.25]], true)).toContain('Simulating x: 25 %, 15 s left');
});

test('what was done before does not count as quick', () => {
  expect(shown([[5000, 0.75]], true, 0.5)).toContain('Simulating x: 75 %, 5 s left');
  expect(shown([[5000, 0.5]], true, 0.5)).toContain('Simulating x: 50 %\x1b');
});

test('a log sees nothing', () => {
  expect(
    shown(
      [
        [5100, 0.5],
        [10200, 0.9],
      ],
      false,
    ),
  ).toBe('');
});

test.each([
  [200, '1 s'],
  [59_100, '1 min 0 s'],
  [200_000, '3 min 20 s'],
  [18_120_000, '5 h 2 min'],
])('%i ms are %s', (ms, said) => {
  expect(duration(ms)).toBe(said);
});
