import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requirementOf } from '../topologies/leaderless/levels.ts';
import {
  availability,
  kStaleness,
  missChance,
  monotonicReadsViolation,
  quorumsMeet,
  staleWithInstantAnswers,
  survives,
  visibilityWithInstantAnswers,
} from './closed-forms.ts';
import { cassandraCalculator, quorumArithmetic } from './published.test-support.ts';

test.each(quorumArithmetic.map((row) => [row.slice(0, 3).join(', '), row] as const))(
  'n, r, w of %s: what it survives, how available it is',
  (_, [n, r, w, meet, readsSurvive, writesSurvive, reads1, writes1, both1, reads10, writes10, latest]) => {
    expect(quorumsMeet({ n, r, w })).toBe(meet);
    expect(survives({ n, r, w })).toEqual({ reads: readsSurvive, writes: writesSurvive });
    expect(availability(n, r, 0.01)).toBeCloseTo(reads1, 9);
    expect(availability(n, w, 0.01)).toBeCloseTo(writes1, 9);
    expect(availability(n, Math.max(r, w), 0.01)).toBeCloseTo(both1, 9);
    expect(availability(n, r, 0.1)).toBeCloseTo(reads10, 9);
    expect(availability(n, w, 0.1)).toBeCloseTo(writes10, 9);
    expect(kStaleness({ n, r, w }, 1)).toBeCloseTo(latest, 6);
  },
);

test.each(cassandraCalculator)(
  'replication factor %i, read %s, write %s: from %i, to %i',
  (n, read, write, readingFrom, writingTo, consistent, lost) => {
    const r = requirementOf(read, [n], 0).responses;
    const w = requirementOf(write, [n], 0).responses;
    expect([r, w]).toEqual([readingFrom, writingTo]);
    expect(quorumsMeet({ n, r, w })).toBe(consistent);
    const { reads, writes } = survives({ n, r, w });
    expect(Math.min(reads, writes)).toBe(lost);
  },
);

// Bailis et al., PVLDB 5(8), 2012, section 3.1 (arXiv 1204.6082).
test.each([
  [1, 1, 1, 1 / 3],
  [1, 1, 2, 5 / 9],
  [1, 1, 3, 0.703704],
  [1, 1, 5, 0.868313],
  [1, 1, 10, 0.982658],
  [1, 2, 1, 2 / 3],
  [2, 1, 1, 2 / 3],
  [1, 2, 2, 8 / 9],
  [1, 2, 5, 0.995885],
])('n=3 r=%i w=%i: one of the last %i versions', (r, w, k, p) => {
  expect(kStaleness({ n: 3, r, w }, k)).toBeCloseTo(p, 6);
});

const quorums = fc
  .integer({ min: 1, max: 7 })
  .chain((n) =>
    fc.record({ n: fc.constant(n), r: fc.integer({ min: 1, max: n }), w: fc.integer({ min: 1, max: n }) }),
  );

test('missChance: the share of all read quorums that miss the first w replicas', () => {
  fc.assert(
    fc.property(quorums, ({ n, r, w }) => {
      let all = 0;
      let missing = 0;
      for (let set = 0; set < 2 ** n; set++) {
        const members = Array.from({ length: n }, (_, replica) => (set >> replica) & 1);
        if (members.reduce((sum, each) => sum + each, 0) !== r) continue;
        all++;
        if (members.slice(0, w).every((each) => each === 0)) missing++;
      }
      expect(missChance({ n, r, w })).toBeCloseTo(missing / all, 12);
      expect(missChance({ n, r, w }) === 0).toBe(quorumsMeet({ n, r, w }));
    }),
  );
});

test('availability: the weight of all sets of replicas that are enough', () => {
  fc.assert(
    fc.property(quorums, fc.double({ min: 0, max: 1, noNaN: true }), ({ n, r }, pDown) => {
      let sum = 0;
      for (let set = 0; set < 2 ** n; set++) {
        const up = Array.from({ length: n }, (_, replica) => (set >> replica) & 1);
        if (up.reduce((total, each) => total + each, 0) < r) continue;
        sum += up.reduce((product, each) => product * (each === 1 ? 1 - pDown : pDown), 1);
      }
      expect(availability(n, r, pDown)).toBeCloseTo(sum, 12);
    }),
  );
});

test('monotonic reads: violated as often as the versions between two reads are all missed', () => {
  const q = { n: 3, r: 1, w: 1 };
  // As many writes as reads: two versions' quorums must all be missed. Bailis et al. 2012: miss^(1 + gw / cr).
  expect(monotonicReadsViolation(q, { writesPerSecond: 5, readsPerSecond: 5 })).toBeCloseTo((2 / 3) ** 2, 12);
  expect(monotonicReadsViolation(q, { writesPerSecond: 0, readsPerSecond: 5 })).toBeCloseTo(2 / 3, 12);
  expect(monotonicReadsViolation(q, { writesPerSecond: 1, readsPerSecond: 2 })).toBeCloseTo(
    (2 / 3) ** 1.5,
    12,
  );
  expect(monotonicReadsViolation({ n: 3, r: 2, w: 2 }, { writesPerSecond: 9, readsPerSecond: 1 })).toBe(0);
});

test('instant answers: the figures checked by 8 million trials, and t-visibility as their inverse', () => {
  expect(staleWithInstantAnswers({ n: 3, r: 1, w: 1 }, 10, 10)).toBeCloseTo(0.24525, 5);
  expect(staleWithInstantAnswers({ n: 3, r: 2, w: 1 }, 10, 10)).toBeCloseTo(0.04511, 5);
  expect(staleWithInstantAnswers({ n: 5, r: 2, w: 2 }, 5, 3)).toBeCloseTo(0.09036, 5);
  fc.assert(
    fc.property(quorums, fc.double({ min: 0.01, max: 0.9999, noNaN: true }), (q, p) => {
      const tMs = visibilityWithInstantAnswers(q, 10, p);
      expect(staleWithInstantAnswers(q, 10, tMs)).toBeLessThanOrEqual(1 - p + 1e-12);
      if (tMs > 0) expect(staleWithInstantAnswers(q, 10, tMs)).toBeCloseTo(1 - p, 12);
    }),
  );
});
