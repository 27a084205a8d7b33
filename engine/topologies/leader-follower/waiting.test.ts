/** The rule of whom a write waits for, against what the documentation says, word by word and slowly. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reachedLsn } from './waiting.ts';

interface Standbys {
  readonly count: number;
  readonly byPriority: boolean;
  readonly priorities: readonly number[];
  readonly positions: readonly number[];
  readonly connected: readonly boolean[];
  readonly self: number;
}

/** Every set of `count` connected, listed standbys: ANY is content with whichever has come farthest, FIRST with one set. */
function documented({ count, byPriority, priorities, positions, connected, self }: Standbys): number {
  const listed = positions
    .map((_, node) => node)
    .filter((node) => node !== self && priorities[node]! > 0 && connected[node]);
  const inOrder = [...listed].sort((a, b) => priorities[a]! - priorities[b]! || a - b);
  const sets = byPriority ? [inOrder.slice(0, count)] : subsets(listed, count);
  const reached = sets
    .filter((set) => set.length === count)
    .map((set) => Math.min(...set.map((node) => positions[node]!)));
  return Math.max(0, ...reached);
}

function subsets(of: readonly number[], count: number): number[][] {
  if (count === 0) return [[]];
  return of.flatMap((first, index) =>
    subsets(of.slice(index + 1), count - 1).map((rest) => [first, ...rest]),
  );
}

const standbys: fc.Arbitrary<Standbys> = fc.integer({ min: 1, max: 7 }).chain((replicas) =>
  fc.record({
    count: fc.integer({ min: 1, max: 5 }),
    byPriority: fc.boolean(),
    priorities: fc.array(fc.nat({ max: 4 }), { minLength: replicas, maxLength: replicas }),
    positions: fc.array(fc.nat({ max: 6 }), { minLength: replicas, maxLength: replicas }),
    connected: fc.array(fc.boolean(), { minLength: replicas, maxLength: replicas }),
    self: fc.nat({ max: replicas - 1 }),
  }),
);

test('FIRST and ANY: as the documentation says, over every choice of standbys', () => {
  let waited = 0;
  fc.assert(
    fc.property(standbys, (given) => {
      const mask = given.connected.reduce((bits, is, node) => bits | (is ? 1 << node : 0), 0);
      const reached = reachedLsn(given, given.positions, mask, given.self);
      expect(reached).toBe(documented(given));
      if (reached > 0) waited++;
    }),
    { numRuns: 5000 },
  );
  expect(waited).toBeGreaterThan(500);
});
