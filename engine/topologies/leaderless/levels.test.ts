import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  alwaysMeet,
  canBeMet,
  consistencyLevels,
  isMet,
  quorumOf,
  type Requirement,
  refusalOf,
  requirementOf,
  toleratedFailures,
} from './levels.ts';
import { publishedLevels } from './published-levels.test-support.ts';
import { riakQuorums, voldemortQuorums } from './quorum-parameters.ts';

test.each(publishedLevels)(
  '%s (%s) over %j: %i responses, %i of them local, tolerates %s',
  (level, use, centres, responses, local, tolerated) => {
    const requirement = requirementOf(level, centres, 0);
    expect(requirement.responses).toBe(responses);
    expect(requirement.least[0]).toBe(local);

    const failures = toleratedFailures(requirement, centres);
    if (tolerated.startsWith('dc1')) {
      // In every data centre so many may be down at once.
      const down = [...tolerated.matchAll(/dc\d:(\d)/g)].map((match) => Number(match[1]));
      expect(down).toHaveLength(centres.length);
      expect(
        canBeMet(
          requirement,
          centres.map((replicas, centre) => replicas - down[centre]!),
        ),
      ).toBe(true);
      for (const one of down.keys()) {
        const live = centres.map((replicas, centre) => replicas - (centre === one ? down[centre]! + 1 : 0));
        expect(canBeMet(requirement, live)).toBe(false);
      }
    } else expect(failures).toBe(Number(/\d/.exec(tolerated)![0]));
    expect(requirement.hintCounts).toBe(tolerated.includes('hint'));
    expect(requirement.counts).toBe(tolerated.includes('local') ? 0 : 'everywhere');

    expect(refusalOf(level, 'read') === null).toBe(use.includes('read'));
    expect(refusalOf(level, 'write') === null).toBe(use.includes('write'));
    expect(refusalOf(level, 'condition') === null).toBe(use.includes('CAS'));
  },
);

test('every level is in the published table', () => {
  expect([...new Set(publishedLevels.map(([level]) => level))]).toEqual([...consistencyLevels]);
});

test('a conditional update takes a serial level for its condition, and another for its commit', () => {
  for (const level of consistencyLevels) {
    expect(refusalOf(level, 'condition') === null).toBe(level.endsWith('SERIAL'));
    expect(refusalOf(level, 'commit') === null).toBe(!level.endsWith('SERIAL'));
  }
  expect(refusalOf('ANY', 'read')).toBe('ANY is for writes only: a hint cannot be read');
});

// Oracles: every set of replicas, one by one.

const centresOf = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 });
const levelOf = fc.constantFrom(...consistencyLevels);

/** Every set of replicas as a bit set, with how many of each data centre are in it. */
function setsOf(centres: readonly number[]): number[][] {
  const home = centres.flatMap((replicas, centre) => Array.from({ length: replicas }, () => centre));
  return Array.from({ length: 1 << home.length }, (_, set) =>
    centres.map(
      (_, centre) => home.filter((each, replica) => each === centre && (set >> replica) & 1).length,
    ),
  );
}

const count = (set: number) => set.toString(2).replaceAll('0', '').length;

test('failures tolerated: every set of so many replicas may be down, and one of one more may not', () => {
  fc.assert(
    fc.property(centresOf, levelOf, fc.nat(), (centres, level, at) => {
      const local = at % centres.length;
      const requirement = requirementOf(level, centres, local);
      const failures = toleratedFailures(requirement, centres);
      const sets = setsOf(centres);
      // Where one data centre counts, the number is of its own replicas.
      const own = (down: number) =>
        requirement.counts === 'everywhere' ? count(down) : sets[down]![requirement.counts]!;
      let worst = Number.POSITIVE_INFINITY;
      for (const down of sets.keys()) {
        if (!canBeMet(requirement, sets[sets.length - 1 - down]!)) worst = Math.min(worst, own(down));
      }
      const most = requirement.counts === 'everywhere' ? sets.length - 1 : null;
      expect(failures).toBe(worst === Number.POSITIVE_INFINITY ? count(most ?? 0) : worst - 1);
    }),
  );
});

test('two requirements always meet if and only if no two disjoint sets satisfy them', () => {
  const seen = { meet: 0, miss: 0 };
  fc.assert(
    fc.property(centresOf, levelOf, levelOf, fc.nat(), fc.nat(), (centres, read, write, at, elsewhere) => {
      const one = requirementOf(read, centres, at % centres.length);
      const other = requirementOf(write, centres, elsewhere % centres.length);
      if (one.hintCounts || other.hintCounts) return;
      const sets = setsOf(centres);
      const satisfying = (requirement: Requirement) =>
        [...sets.keys()].filter((set) => isMet(requirement, sets[set]!));
      // Least sets do: whoever has a superset that misses has the set itself.
      const others = satisfying(other);
      const disjoint = satisfying(one).some((set) => others.some((another) => (set & another) === 0));
      expect(alwaysMeet(one, other, centres)).toBe(!disjoint);
      seen[disjoint ? 'miss' : 'meet']++;
    }),
    { numRuns: 300 },
  );
  expect(Math.min(seen.meet, seen.miss)).toBeGreaterThan(50);
});

test('over one data centre they meet where R + W > N', () => {
  const asked = (responses: number): Requirement => ({
    responses,
    least: [0],
    counts: 'everywhere',
    hintCounts: false,
  });
  for (let n = 1; n <= 7; n++)
    for (let r = 1; r <= n; r++)
      for (let w = 1; w <= n; w++) expect(alwaysMeet(asked(r), asked(w), [n])).toBe(r + w > n);
});

test('two data centres: what the usual patterns promise', () => {
  const centres = [3, 3];
  const meet = (
    read: Parameters<typeof requirementOf>[0],
    readAt: number,
    write: typeof read,
    writeAt: number,
  ) => alwaysMeet(requirementOf(read, centres, readAt), requirementOf(write, centres, writeAt), centres);
  expect(meet('LOCAL_QUORUM', 0, 'LOCAL_QUORUM', 0)).toBe(true);
  expect(meet('LOCAL_QUORUM', 1, 'LOCAL_QUORUM', 0)).toBe(false);
  expect(meet('LOCAL_QUORUM', 1, 'EACH_QUORUM', 0)).toBe(true);
  expect(meet('QUORUM', 1, 'QUORUM', 0)).toBe(true);
  // The trap: four of six may leave a data centre with one.
  expect(meet('LOCAL_QUORUM', 1, 'QUORUM', 0)).toBe(false);
  expect(meet('ONE', 1, 'ALL', 0)).toBe(true);
  expect(meet('LOCAL_ONE', 1, 'EACH_QUORUM', 0)).toBe(false);
});

test('a level may ask for more replicas than there are, and then nothing succeeds', () => {
  expect(canBeMet(requirementOf('THREE', [2], 0), [2])).toBe(false);
  expect(canBeMet(requirementOf('LOCAL_ONE', [3, 0], 1), [3, 0])).toBe(false);
  expect(canBeMet(requirementOf('EACH_QUORUM', [3, 0], 1), [2, 0])).toBe(true);
  expect(toleratedFailures(requirementOf('THREE', [2], 0), [2])).toBe(-1);
  expect([1, 2, 3, 4, 5].map(quorumOf)).toEqual([1, 2, 2, 3, 3]);
});

// Riak and Voldemort.

test('riak: the documented defaults, and the words for every n_val', () => {
  expect(riakQuorums({ nVal: 3 })).toEqual({
    read: { answers: 2, ofPrimaries: 0 },
    write: { answers: 2, durable: 2, ofPrimaries: 0 },
  });
  for (let nVal = 1; nVal <= 7; nVal++) {
    const quorum = Math.floor(nVal / 2) + 1;
    expect(riakQuorums({ nVal, r: 'one', pr: 'quorum', w: 'all', dw: 'one', pw: 'all' })).toEqual({
      read: { answers: quorum, ofPrimaries: quorum },
      write: { answers: nVal, durable: 1, ofPrimaries: nVal },
    });
  }
});

test('riak: the coordinator stores even with dw 0; a count above n_val is refused', () => {
  expect(riakQuorums({ nVal: 3, w: 0, dw: 0 }).write).toEqual({ answers: 1, durable: 1, ofPrimaries: 0 });
  expect(() => riakQuorums({ nVal: 3, r: 4 })).toThrow('r is 4, expected an integer from 0 to n_val, 3');
  expect(() => riakQuorums({ nVal: 3, pw: 4 })).toThrow('pw is 4');
  expect(() => riakQuorums({ nVal: 3, dw: 1.5 })).toThrow('dw is 1.5');
  expect(() => riakQuorums({ nVal: 0 })).toThrow('n_val is 0');
});

test('voldemort: required within preferred within the replication factor', () => {
  const store = { replicationFactor: 3, requiredReads: 1, requiredWrites: 2 };
  expect(voldemortQuorums(store)).toEqual({
    read: { asked: 1, required: 1 },
    write: { awaited: 2, required: 2 },
  });
  expect(voldemortQuorums({ ...store, preferredReads: 2, preferredWrites: 3 })).toEqual({
    read: { asked: 2, required: 1 },
    write: { awaited: 3, required: 2 },
  });
  expect(() => voldemortQuorums({ ...store, requiredReads: 0 })).toThrow('required-reads is 0');
  expect(() => voldemortQuorums({ ...store, preferredReads: 4 })).toThrow('preferred-reads is 4');
  expect(() => voldemortQuorums({ ...store, preferredWrites: 1 })).toThrow(
    'preferred-writes is 1, expected an integer from 2 to 3',
  );
});
