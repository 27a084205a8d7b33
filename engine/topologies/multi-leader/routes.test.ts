/** Streams and who hears of whom, held against a graph that is searched by brute force. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { detoursOf, type Exchange, reachedFrom, streamsOf, wantedBy } from './routes.ts';
import { leadersIn, type MultiLeader, run } from './run.test-support.ts';

/** Truth row T1. */
test.each([2, 3, 4, 5, 6, 31])(
  '%i leaders: n(n − 1) streams all to all, n in a ring, 2(n − 1) in a star',
  (n) => {
    expect(streamsOf({ type: 'all-to-all' }, n)).toBe(n * (n - 1));
    expect(streamsOf({ type: 'ring' }, n)).toBe(n);
    expect(streamsOf({ type: 'star', hub: n - 1 }, n)).toBe(2 * (n - 1));
  },
);

/** A graph as an adjacency matrix, closed transitively (Warshall), with one node taken out. */
function reach(
  n: number,
  edges: readonly (readonly [number, number])[],
  failed: number,
  hops: 'one' | 'any',
) {
  const to = Array.from({ length: n }, (_, from) =>
    Array.from(
      { length: n },
      (_, other) => from === other || edges.some(([a, b]) => a === from && b === other),
    ),
  );
  if (hops === 'any') {
    for (let via = 0; via < n; via++) {
      if (via === failed) continue;
      for (let from = 0; from < n; from++)
        for (let other = 0; other < n; other++)
          if (to[from]![via]! && to[via]![other]!) to[from]![other] = true;
    }
  }
  return to;
}

const n = 5;
const nodes = Array.from({ length: n }, (_, node) => node);
const all = nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => [a, b] as const));
const ring = nodes.map((a) => [a, (a + 1) % n] as const);
const star = nodes.slice(1).flatMap((b) => [[0, b] as const, [b, 0] as const]);
const chordal = [...ring, [0, 2] as const, [3, 1] as const];
const ids = ['a', 'b', 'c', 'd', 'e'];

const shapes: readonly (readonly [
  string,
  MultiLeader['exchange'],
  readonly (readonly [number, number])[],
  'one' | 'any',
])[] = [
  ['all-to-all', 'all-to-all', all, 'one'],
  ['ring', 'ring', ring, 'any'],
  ['star', { star: 'a' }, star, 'any'],
  [
    'a ring with two chords',
    { edges: chordal.map(([from, to]) => ({ from: ids[from]!, to: ids[to]!, oneWay: true })) },
    chordal,
    'any',
  ],
];

/** Truth rows T3 and T5; syllabus S-C7. */
describe.each(shapes)('%s: whose changes reach whom', (_name, exchange, edges, hops) => {
  test.each([-1, ...nodes])('with %i down from the start (−1: nobody)', (failed) => {
    const faults: ScenarioSource['faults'] =
      failed < 0 ? [] : [{ type: 'crash', node: ids[failed]!, atMs: 0 }];
    const { cluster, report } = run(
      leadersIn(n, { exchange: exchange! }, { durationMs: 300, drainMs: 3000, faults }),
    );
    const expected = reach(n, edges, failed, hops);
    const live = nodes.filter((node) => node !== failed);
    for (const author of live) {
      const made = cluster.leaders[author]!.applied[author]!;
      expect(made).toBeGreaterThan(0);
      const reached = live.filter((reader) => cluster.leaders[reader]!.applied[author] === made);
      const untouched = live.filter((reader) => cluster.leaders[reader]!.applied[author] === 0);
      expect([author, reached]).toEqual([author, live.filter((reader) => expected[author]![reader])]);
      // Who does not get all gets none.
      expect(untouched.length).toBe(live.length - reached.length);
    }
    const streams = (exchange as object) && report.multiLeader!.streams;
    expect(streams).toBe(edges.length);
  });
});

/** Truth row T3: ring a→b→c→d→a, b fails. */
test('four in a ring, one fails: what comes after it still reaches whom it reached before', () => {
  const { cluster } = run(
    leadersIn(4, { exchange: 'ring' }, { durationMs: 400, faults: [{ type: 'crash', node: 'b', atMs: 0 }] }),
  );
  const has = (reader: number, author: number) => cluster.leaders[reader]!.applied[author]! > 0;
  expect([has(2, 0), has(3, 0)]).toEqual([false, false]);
  expect([has(3, 2), has(0, 2), has(0, 3)]).toEqual([true, true, true]);
  // d's changes go on to a, and there they stop.
  expect(has(2, 3)).toBe(false);
});

/** Syllabus S-C7. */
describe.each(shapes.slice(1))('%s, gone around: all that live hear each other', (_name, exchange) => {
  test.each(nodes)('with %i down', (failed) => {
    const { cluster, report } = run(
      leadersIn(
        n,
        { exchange: exchange!, reconfigureAfterMs: 300 },
        { durationMs: 1500, drainMs: 3000, faults: [{ type: 'crash', node: ids[failed]!, atMs: 300 }] },
      ),
    );
    const live = nodes.filter((node) => node !== failed);
    for (const author of live) {
      const made = cluster.leaders[author]!.applied[author]!;
      expect(live.map((reader) => cluster.leaders[reader]!.applied[author])).toEqual(live.map(() => made));
    }
    expect(report.multiLeader!.givenUp).toBeGreaterThan(0);
  });
});

test('a star whose hub comes back has its first hub again', () => {
  const { cluster, report } = run(
    leadersIn(
      n,
      { exchange: { star: 'c' }, reconfigureAfterMs: 300 },
      { durationMs: 4000, faults: [{ type: 'crash', node: 'c', atMs: 500, forMs: 1500 }] },
    ),
  );
  expect(new Set(cluster.streams().map(({ from, to }) => `${from}${to}`))).toEqual(
    new Set(['ac', 'bc', 'dc', 'ec', 'ca', 'cb', 'cd', 'ce']),
  );
  expect(report.verdicts.find(({ name }) => name === 'divergence')!.result).toBe('ok');
});

test('gone around, whoever was reached by any way that does not end at the dead still is', () => {
  const graph = fc.integer({ min: 2, max: 7 }).chain((leaders) =>
    fc.record({
      leaders: fc.constant(leaders),
      edges: fc.array(
        fc.tuple(fc.nat({ max: leaders - 1 }), fc.nat({ max: leaders - 1 })).filter(([a, b]) => a !== b),
        { maxLength: 14 },
      ),
      dead: fc.nat({ max: (1 << leaders) - 1 }),
      star: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(graph, ({ leaders, edges, dead, star }) => {
      const exchange: Exchange = star ? { type: 'star', hub: leaders - 1 } : { type: 'edges', edges };
      const detours = detoursOf(exchange, leaders);
      const everybody = Array.from({ length: leaders }, (_, leader) => leader);
      const isLive = (leader: number) => (dead & (1 << leader)) === 0;
      const bitsOf = (mask: number) => everybody.filter((leader) => (mask & (1 << leader)) !== 0);
      const whole = everybody.map((leader) => bitsOf(detours.direct[leader]!));
      const around = everybody.map((leader) =>
        isLive(leader) ? bitsOf(wantedBy(leader, dead, detours)).filter(isLive) : [],
      );
      for (const leader of everybody.filter(isLive)) {
        const before = bitsOf(reachedFrom(leader, whole)).filter(isLive);
        expect(bitsOf(reachedFrom(leader, around))).toEqual(before);
      }
    }),
  );
});

test('an exchange of given edges counts each direction once', () => {
  const twice: Exchange = {
    type: 'edges',
    edges: [
      [0, 1],
      [0, 1],
      [1, 0],
    ],
  };
  expect(streamsOf(twice, 2)).toBe(2);
});
