import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { startProgress } from './progress.ts';

/** What is shown when work reports at these times, in milliseconds since its start, and then ends. */
function shown(reports: readonly (readonly [atMs: number, done: number])[], isTTY: boolean): string {
  const stderr = Object.assign(new PassThrough(), { isTTY });
  let now = 1000;
  const progress = startProgress('Simulating x', { stderr, nowMs: () => now });
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

test('a log sees a plain line every five seconds', () => {
  const slow = [
    [600, 0.1],
    [5100, 0.5],
    [7000, 0.6],
    [10200, 0.9],
  ] as const;
  expect(shown(slow, false)).toBe('Simulating x: 50 %\nSimulating x: 90 %\n');
});
