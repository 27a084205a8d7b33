/** Whether an effect may come before its cause. Truth rows T6, T7 and T8; syllabus S-C8. */

import { describe, expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { leadersIn, type MultiLeader, ofType, run, verdict } from './run.test-support.ts';

/** One row made at a, changed once at c which has heard of it; a's way to b is long, c's short. */
function triangle(topology: Partial<MultiLeader> = {}): ScenarioSource {
  return leadersIn(3, topology, {
    durationMs: 400,
    network: {
      within: { latency: 0.5 },
      between: [
        { from: 'in-a', to: 'in-b', latency: 300 },
        { from: 'in-a', to: 'in-c', latency: 10 },
        { from: 'in-c', to: 'in-b', latency: 10 },
      ],
    },
    workload: {
      clients: [
        { id: 'inserts', region: 'in-a', writesPerSecond: 100, untilMs: 15 },
        { id: 'updates', region: 'in-c', writesPerSecond: 100, fromMs: 90, untilMs: 105 },
      ],
      arrivals: 'regular',
      keys: { count: 1 },
    },
  });
}

/** What b is given, in order, and what it notes. */
const atB = (trace: readonly TraceEntry[]) =>
  trace.flatMap((entry) =>
    entry.type === 'delivered' && entry.to === 'b' && entry.message.type === 'change'
      ? [entry.message.does]
      : entry.type === 'update-before-insert' && entry.node === 'b'
        ? [entry.type]
        : [],
  );

test('all to all: the update comes first; stamps put it right, and the insert that follows changes nothing', () => {
  const { trace, report, cluster } = run(triangle());
  expect(atB(trace)).toEqual(['update', 'update-before-insert', 'insert']);
  expect(report.multiLeader!.conflicts.all).toBe(0);
  const [update] = ofType(trace, 'sent').flatMap(({ message }) =>
    message.type === 'change' && message.does === 'update' ? [message.value] : [],
  );
  expect(cluster.leaders.map(({ rows }) => rows.cells[4])).toEqual([update, update, update]);
});

test('stamps alone do not keep the order: with a hybrid clock it is the same', () => {
  expect(atB(run(triangle({ stamps: 'hybrid' })).trace)).toEqual([
    'update',
    'update-before-insert',
    'insert',
  ]);
});

test('pgd: the update is inserted, and the insert then finds a newer row and is dropped', () => {
  const { trace, report, cluster } = run(triangle({ resolve: 'pgd' }));
  expect(atB(trace)).toEqual(['update', 'update-before-insert', 'insert']);
  expect(report.multiLeader!.skipped).toBe(0);
  expect(verdict(report, 'divergence').result).toBe('ok');
  expect(new Set(cluster.leaders.map(({ rows }) => rows.cells[4])).size).toBe(1);
});

test('with causal delivery the update waits until the insert is there', () => {
  const { trace, report } = run(triangle({ causal: true }));
  expect(ofType(trace, 'held-back')).toMatchObject([{ node: 'b', author: 'c', for: 'a' }]);
  expect(report.multiLeader!.updatesBeforeInserts).toBe(0);
  expect(verdict(report, 'divergence').result).toBe('ok');
});

test('in a ring or a star there is one way, and it keeps the order', () => {
  for (const exchange of ['ring', { star: 'c' }, { star: 'b' }] as const) {
    const { trace, report } = run(triangle({ exchange }));
    expect(report.multiLeader!.updatesBeforeInserts).toBe(0);
    expect(atB(trace)[0]).toBe('insert');
  }
});

describe('random runs: applied in causal order, as every author’s vector says', () => {
  const busy = (causal: boolean): ScenarioSource =>
    leadersIn(
      4,
      { causal },
      {
        durationMs: 1000,
        workload: {
          clients: ['a', 'b', 'c', 'd'].map((id) => ({
            id: `at-${id}`,
            region: `in-${id}`,
            writesPerSecond: 200,
          })),
          keys: { count: 200 },
        },
        network: {
          within: { latency: { type: 'exponential', meanMs: 1 }, loss: 0.02 },
          between: ['a', 'b', 'c', 'd'].flatMap((from, index, ids) =>
            ids.slice(index + 1).map((to) => ({
              from: `in-${from}`,
              to: `in-${to}`,
              latency: { type: 'exponential' as const, meanMs: 20 },
              loss: 0.02,
            })),
          ),
        },
      },
    );

  /** Updates that some leader is given before the row is there are effects before causes that anybody can see. */
  const early = (causal: boolean) =>
    [1, 2, 3].map((seed) => run(busy(causal), seed).report.multiLeader!.updatesBeforeInserts);

  test('with causal delivery never, without it now and then', () => {
    expect(early(true)).toEqual([0, 0, 0]);
    expect(Math.max(...early(false))).toBeGreaterThan(0);
  });
});
