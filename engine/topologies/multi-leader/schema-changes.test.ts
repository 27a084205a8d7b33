/** Tables that differ: what a leader cannot apply stops its stream, and only that. Syllabus S-C10. */

import { expect, test } from 'vitest';
import type { FaultSource } from '../../scenario/schema.ts';
import { leadersIn, type MultiLeader, ofType, run, verdict } from './run.test-support.ts';

type Act = 'add' | 'drop' | 'write' | 'stop-writing';
const at = (atMs: number, node: string, does: Act): FaultSource => ({
  type: 'change-schema',
  node,
  does,
  atMs,
});
const tables = (faults: FaultSource[], topology: Partial<MultiLeader> = {}, durationMs = 2000) =>
  leadersIn(3, { columns: 2, lastColumnLater: true, ...topology }, { durationMs, faults });

const stopped = (trace: Parameters<typeof ofType>[0]) =>
  ofType(trace, 'exchange')
    .filter(({ state }) => state === 'stopped')
    .map(({ from, to }) => `${from}${to}`);

test.each(['row', 'column'] as const)(
  'a column that is written before all have it stops every stream to who lacks it, until it has it: conflicts by %s',
  (detect) => {
    const { report, trace, cluster } = run(
      tables([at(300, 'a', 'add'), at(300, 'a', 'write'), at(900, 'b', 'add'), at(1500, 'c', 'add')], {
        detect,
        causal: true,
      }),
    );
    expect(stopped(trace).toSorted()).toEqual(['ab', 'ac']);
    const [toB, toC] = report.multiLeader!.lag;
    expect(toB!.maxMs).toBeGreaterThan(400);
    expect(toC!.maxMs).toBeGreaterThan(1000);
    // All of it comes, once it can.
    expect(verdict(report, 'divergence').result).toBe('ok');
    const [first] = cluster.leaders;
    for (const { applied } of cluster.leaders) expect(applied).toEqual(first!.applied);
  },
);

test('what passes through a leader that lacks the column waits with the rest', () => {
  const { cluster, trace } = run(
    tables([at(300, 'a', 'add'), at(300, 'a', 'write'), at(300, 'c', 'add')], { exchange: { star: 'b' } }),
  );
  expect(stopped(trace)).toEqual(['ab']);
  const [a, b, c] = cluster.leaders;
  expect(c!.applied[0]).toBe(b!.applied[0]);
  expect(c!.applied[0]).toBeLessThan(a!.applied[0]! / 2);
  // The other way all goes on.
  expect(a!.applied[2]).toBe(c!.applied[2]);
});

test('a stopped leader that restarts still lacks the column, and says so again', () => {
  const { report, trace } = run(
    tables([
      at(300, 'a', 'add'),
      at(300, 'a', 'write'),
      at(300, 'c', 'add'),
      { type: 'crash', node: 'b', atMs: 800, forMs: 200 },
      at(1600, 'b', 'add'),
    ]),
  );
  expect(stopped(trace)).toEqual(['ab', 'ab']);
  expect(verdict(report, 'divergence').result).toBe('ok');
});

test('an application that writes what its own table lacks has those writes refused', () => {
  const { report } = run(tables([at(1000, 'a', 'write')]));
  expect(report.multiLeader!.withoutColumn).toBeGreaterThan(0);
  expect(report.operations.write.fail).toBe(report.multiLeader!.withoutColumn);
  expect(report.multiLeader!.stopped).toBe(0);
});

test('a column is dropped without a stop once nobody writes it, and with one before', () => {
  const every = (atMs: number, does: Act) => ['a', 'b', 'c'].map((node) => at(atMs, node, does));
  const before = [...every(0, 'add'), ...every(0, 'write')];
  const inOrder = run(tables([...before, ...every(500, 'stop-writing'), ...every(1000, 'drop')]));
  expect(inOrder.report.multiLeader!.stopped).toBe(0);
  expect(verdict(inOrder.report, 'divergence').result).toBe('ok');
  const tooSoon = run(tables([...before, at(1000, 'b', 'drop')]));
  expect(stopped(tooSoon.trace).toSorted()).toEqual(['ab', 'cb']);
  expect(tooSoon.report.operations.write.fail).toBeGreaterThan(0);
  expect(verdict(tooSoon.report, 'divergence').result).toBe('violation');
});
