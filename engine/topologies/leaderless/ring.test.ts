import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  evenTokens,
  type Place,
  preferenceList,
  type Ring,
  randomTokens,
  rangeOf,
  replicasByCentre,
  ringOf,
  sharesOf,
  tokenOf,
} from './ring.ts';

const last = 2 ** 32 - 1;
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** A place in every range, its ends included: what holds for these holds for all 2^32. */
function placesOf(ring: Ring): number[] {
  return [...ring.tokens].flatMap((token) => [token, (token + 1) >>> 0, (token - 1) >>> 0]).concat(0, last);
}

test('a place belongs to the first token at or after it, and after the last to the first', () => {
  const ring = ringOf([[10, 30], [20]]);
  expect([0, 10, 11, 20, 21, 30, 31, last].map((place) => rangeOf(ring, place))).toEqual([
    0, 0, 1, 1, 2, 2, 0, 0,
  ]);
  expect(preferenceList(ring, 25, 3)).toEqual([0, 1]);
  expect(preferenceList(ring, 11, 3)).toEqual([1, 0]);
});

test('a preference list has N different nodes, in the order in which a walk meets them', () => {
  fc.assert(
    fc.property(
      seeds,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (seed, nodes, tokensEach, length) => {
        const ring = ringOf(randomTokens(seed, nodes, tokensEach));
        for (const place of placesOf(ring)) {
          const list = preferenceList(ring, place, length);
          // Oracle: how far each node's nearest token is.
          const distances = Array.from({ length: nodes }, (_, node) => {
            const own = [...ring.tokens].filter((_, index) => ring.owners[index] === node);
            return { node, distance: Math.min(...own.map((token) => (token - place) >>> 0)) };
          });
          distances.sort((one, other) => one.distance - other.distance || one.node - other.node);
          expect(list).toEqual(distances.slice(0, length).map(({ node }) => node));
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('a node that joins takes only what becomes its own; one that leaves gives only that away', () => {
  fc.assert(
    fc.property(
      seeds,
      fc.integer({ min: 3, max: 8 }),
      fc.integer({ min: 1, max: 6 }),
      (seed, nodes, tokensEach) => {
        const tokens = randomTokens(seed, nodes, tokensEach);
        const before = ringOf([...tokens.slice(0, -1), []]);
        const after = ringOf(tokens);
        const joined = nodes - 1;
        for (const place of placesOf(after)) {
          const old = preferenceList(before, place, 3);
          const now = preferenceList(after, place, 3);
          if (!now.includes(joined)) expect(now).toEqual(old);
          // Where it is among the replicas the others keep their order, and at most the last of them goes.
          else expect(now.filter((node) => node !== joined)).toEqual(old.slice(0, Math.min(2, old.length)));
        }
        const [was, is] = [sharesOf(before), sharesOf(after)];
        const given = was.reduce((sum, share, node) => sum + Math.max(share - is[node]!, 0), 0);
        expect(given).toBeCloseTo(is[joined]!, 12);
        for (const node of was.keys()) if (node !== joined) expect(is[node]).toBeLessThanOrEqual(was[node]!);
      },
    ),
    { numRuns: 60 },
  );
});

test('shares add up to one, and spread as the closed form says: variation² is (n − 1) / (n v + 1)', () => {
  // A node's share of n v random ranges is Beta(v, v (n − 1)).
  const nodes = 12;
  const spreads = [1, 4, 16, 64, 256].map((tokensEach) => {
    const seedsMany = 300;
    let squares = 0;
    let most = 0;
    for (let seed = 0; seed < seedsMany; seed++) {
      const shares = sharesOf(ringOf(randomTokens(seed, nodes, tokensEach)));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      for (const share of shares) squares += (share * nodes - 1) * (share * nodes - 1);
      most += Math.max(...shares) * nodes;
    }
    const variation = squares / (seedsMany * nodes);
    const expected = (nodes - 1) / (nodes * tokensEach + 1);
    expect(variation / expected).toBeGreaterThan(0.85);
    expect(variation / expected).toBeLessThan(1.15);
    return most / seedsMany;
  });
  // The busiest node against the mean: about three times with one token each, within a sixth with 256.
  expect(spreads[0]).toBeGreaterThan(2.5);
  expect(spreads.at(-1)).toBeLessThan(1.17);
  for (let index = 1; index < spreads.length; index++)
    expect(spreads[index]).toBeLessThan(spreads[index - 1]!);
});

test('equal partitions claimed in turn: shares are equal, and the seam may be too close', () => {
  expect(sharesOf(ringOf(evenTokens(4, 64)))).toEqual([0.25, 0.25, 0.25, 0.25]);
  const even = ringOf(evenTokens(4, 64));
  for (let partition = 0; partition < 64; partition++)
    expect(new Set([0, 1, 2].map((step) => even.owners[(partition + step) % 64])).size).toBe(3);
  // 64 is one more than a multiple of three: the last partition and the first are the same node's.
  const seam = ringOf(evenTokens(3, 64));
  expect(seam.owners[63]).toBe(seam.owners[0]);
  expect(preferenceList(seam, seam.tokens[63]!, 3)).toHaveLength(3);
});

test('different keys have different places, spread over the ring', () => {
  const counts = Array.from({ length: 16 }, () => 0);
  const seen = new Set<number>();
  for (let key = 0; key < 64_000; key++) {
    const place = tokenOf(key);
    seen.add(place);
    counts[place >>> 28]! += 1;
  }
  expect(seen.size).toBe(64_000);
  // Each count is 4000 ± 61: five of these are generous.
  for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(310);
});

// Racks and data centres.

const placement = fc.array(
  fc.record({ centre: fc.constantFrom('east', 'west', 'north'), rack: fc.constantFrom('r1', 'r2', 'r3') }),
  { minLength: 1, maxLength: 12 },
);
const factorsOf = fc.record({
  east: fc.integer({ min: 0, max: 5 }),
  west: fc.integer({ min: 0, max: 5 }),
});

/** How earlier versions of Cassandra chose: nodes of a rack already met wait until every rack has been met. */
function byWaiting(
  ring: Ring,
  place: number,
  places: readonly Place[],
  centre: string,
  factor: number,
): number[] {
  const walk = preferenceList(ring, place, places.length).filter((node) => places[node]!.centre === centre);
  const racks = new Set(walk.map((node) => places[node]!.rack));
  const met = new Set<string>();
  const chosen: number[] = [];
  const waiting: number[] = [];
  for (const node of walk) {
    if (chosen.length === factor) break;
    const { rack } = places[node]!;
    if (met.has(rack) && met.size < racks.size) waiting.push(node);
    else {
      chosen.push(node);
      met.add(rack);
      if (met.size === racks.size)
        while (chosen.length < factor && waiting.length > 0) chosen.push(waiting.shift()!);
    }
  }
  return chosen;
}

test('data centres and racks: as many as asked for, as many racks as can be, the nodes met first', () => {
  fc.assert(
    fc.property(
      seeds,
      placement,
      factorsOf,
      fc.integer({ min: 1, max: 4 }),
      (seed, places, factors, tokensEach) => {
        const ring = ringOf(randomTokens(seed, places.length, tokensEach));
        for (const place of placesOf(ring)) {
          const replicas = replicasByCentre(ring, place, places, factors);
          expect(new Set(replicas).size).toBe(replicas.length);
          for (const [centre, factor] of Object.entries(factors)) {
            const all = places.filter((each) => each.centre === centre);
            const chosen = replicas.filter((node) => places[node]!.centre === centre);
            expect(chosen).toHaveLength(Math.min(factor, all.length));
            const racks = (of: readonly Place[]) => new Set(of.map(({ rack }) => rack)).size;
            expect(racks(chosen.map((node) => places[node]!))).toBe(Math.min(factor, racks(all)));
            expect([...chosen].sort()).toEqual(byWaiting(ring, place, places, centre, factor).sort());
            // Other data centres have no say in it.
            expect(chosen).toEqual(replicasByCentre(ring, place, places, { [centre]: factor }));
          }
          expect(replicas.some((node) => places[node]!.centre === 'north')).toBe(false);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('one data centre with one rack is a plain preference list', () => {
  const ring = ringOf(randomTokens(7, 6, 8));
  const places = Array.from({ length: 6 }, () => ({ centre: 'east', rack: 'r1' }));
  for (const place of placesOf(ring))
    expect(replicasByCentre(ring, place, places, { east: 3 })).toEqual(preferenceList(ring, place, 3));
});
