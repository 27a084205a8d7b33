import { expect, test } from 'vitest';
import { numberAt, numbersAt } from './number-at.ts';

const report = {
  rpo: { writes: 3 },
  failovers: [{ rtoMs: 5 }, { rtoMs: null }, { rtoMs: 7 }],
  verdicts: [{ name: 'lost-writes', count: 2 }],
  nodes: [{ node: 'a', reads: 9 }],
  coordination: null,
};

test.each([
  ['rpo.writes', [3]],
  ['failovers.*.rtoMs', [5, 7]],
  ['failovers.1.rtoMs', []],
  ['failovers.9.rtoMs', []],
  ['verdicts.lost-writes.count', [2]],
  ['nodes.a.reads', [9]],
  ['coordination.timedOut', []],
  ['rpo.write', undefined],
  ['failovers.*.rto', undefined],
  ['verdicts.gained-writes.count', undefined],
  ['rpo', undefined],
  ['rpo.writes.more', undefined],
  ['rpo.toString', undefined],
])('%s', (path, numbers) => {
  expect(numbersAt(report, path)).toEqual(numbers);
  expect(numberAt(report, path)).toBe(numbers === undefined ? undefined : (numbers[0] ?? null));
});
