/** Merge functions of the application's own. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { find } from '../../explore/find.ts';
import { runsOf } from '../../full-size.test-support.ts';
import { type MergeFunction, mergeLaws, mergeNamed, registerMerge } from './merges.ts';
import { randomRunBy } from './random-leaders.test-support.ts';
import { SHOWN_VALUE } from './rows.ts';
import { leadersIn, type MultiLeader, run, verdict } from './run.test-support.ts';

const bits: MergeFunction = (there, comes) => there | comes;
registerMerge('bits-of-both', bits);

describe('laws', () => {
  test('are kept', () => {
    for (const merge of [bits, mergeNamed('smallest')])
      expect(mergeLaws(merge)).toEqual({ commutative: null, associative: null, idempotent: null });
  });

  test('are broken, with an example that shows it', () => {
    expect(mergeLaws(mergeNamed('average'))).toEqual({
      commutative: null,
      associative: 'f(f(0, 0), 2) is 1 and f(0, f(0, 2)) is 0',
      idempotent: null,
    });
    expect(mergeLaws(mergeNamed('what-is-there')).commutative).toBe('f(0, 1) is 0 and f(1, 0) is 1');
    expect(mergeLaws((there, comes) => there + comes).idempotent).toBe('f(1, 1) is 2');
  });
});

test('a name is one function’s; what a function makes is an integer', () => {
  registerMerge('bits-of-both', bits);
  expect(() => registerMerge('bits-of-both', (there) => there)).toThrow('there is another merge function');
  expect(() => mergeNamed('half')).toThrow('no merge function of the name half');
  registerMerge('half', (there) => there / 2);
  expect(() => mergeNamed('half')(3, 0)).toThrow('made 1.5 of 3 and 0');
});

/** One write at each leader at the same moment, of one key. */
const atOnce = (leaders: number, merge: string, topology: Partial<MultiLeader> = {}) =>
  leadersIn(
    leaders,
    { resolve: { merge }, ...topology },
    {
      durationMs: 15,
      workload: {
        clients: ['a', 'b', 'c']
          .slice(0, leaders)
          .map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 100 })),
        arrivals: 'regular',
        keys: { count: 1 },
      },
    },
  );
const shownBy = (source: ReturnType<typeof atOnce>, seed?: number) =>
  run(source, seed).cluster.leaders.map(({ rows }) => rows.cells[SHOWN_VALUE]!);

test('every leader shows what the function makes of all writes', () => {
  // They are numbered on from the number of groups: 3, 4, 5.
  expect(shownBy(atOnce(3, 'smallest'))).toEqual([3, 3, 3]);
  expect(shownBy(atOnce(3, 'bits-of-both'))).toEqual([7, 7, 7]);
});

test('where it matters which of the two comes, two leaders differ, and the verdict says why', () => {
  expect(new Set(shownBy(atOnce(2, 'what-is-there'))).size).toBe(2);
  const { witness, result } = verdict(run(atOnce(2, 'what-is-there')).report, 'divergence');
  expect(result).toBe('violation');
  expect(witness!.story.at(-1)).toBe(
    'it matters to merge function what-is-there which comes: f(0, 1) is 0 and f(1, 0) is 1',
  );
});

/** So many writes that of every row several are in conflict when they end. */
const busy = (leaders: number, merge: string) =>
  leadersIn(
    leaders,
    { resolve: { merge } },
    {
      durationMs: 300,
      workload: {
        clients: ['a', 'b', 'c']
          .slice(0, leaders)
          .map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 200 })),
        keys: { count: 5 },
      },
    },
  );

test('where it matters in what order several come, two leaders agree, and three may not', () => {
  expect(verdict(run(busy(2, 'average')).report, 'divergence').result).toBe('ok');
  expect(verdict(run(busy(3, 'average')).report, 'divergence').result).toBe('violation');
});

test('find comes upon what a function leaves different, and upon nothing where it keeps the laws', async () => {
  const options = { violates: 'divergence', budget: 20, maxFaults: 0, seed: 1 } as const;
  expect(await find(busy(3, 'average'), options)).toMatchObject({ found: true, faults: [] });
  expect(await find(busy(3, 'smallest'), options)).toMatchObject({ found: false });
});

test('random runs: leaders that merge by a function that keeps the laws show the same', () => {
  let conflicts = 0;
  fc.assert(
    fc.property(
      randomRunBy(['last-writer']),
      fc.constantFrom('smallest', 'bits-of-both'),
      (source, merge) => {
        const { report } = run({
          ...source,
          topology: { ...(source.topology as MultiLeader), resolve: { merge }, deletes: 0 },
          workload: {
            ...source.workload,
            clients: source.workload.clients.map(({ columns: _, ...client }) => client),
          },
        });
        conflicts += report.multiLeader!.conflicts.all;
        expect(verdict(report, 'divergence').result).toBe('ok');
      },
    ),
    { numRuns: runsOf({ full: 100, reduced: 15 }) },
  );
  expect(conflicts).toBeGreaterThan(50);
});
