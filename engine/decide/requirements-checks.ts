import { InputError, type Problem, showValue } from '../scenario/problems.ts';
import { nearRegions, regionRtt } from '../scenario/region-rtt.ts';
import { managerName } from '../topologies/leader-follower/spec.ts';
import type { Requirements, RequirementsDocument } from './requirements.ts';

/** How far shares may miss 1, for people write 0.33 three times. */
const shareTolerance = 0.011;

/**
 * Fills in the shares that were left out and checks what one field cannot know of another.
 * Throws InputError with every problem found.
 */
export function resolveRequirements(document: RequirementsDocument): Requirements {
  const problems = [
    ...sharesProblems('regions', document.regions),
    ...sharesProblems('entities', document.entities),
    ...repeated(
      'regions',
      'id',
      document.regions.map((region) => region.id),
    ),
    ...repeated(
      'entities',
      'name',
      document.entities.map((entity) => entity.name),
    ),
    ...roundTripProblems(document),
    ...survivalProblems(document),
    ...reservedProblems(document),
  ];
  if (problems.length > 0) throw new InputError('requirements', problems);
  return { ...document, regions: withShares(document.regions), entities: withShares(document.entities) };
}

interface Shared {
  readonly share?: number | undefined;
}

function sharesProblems(list: 'regions' | 'entities', items: readonly Shared[]): Problem[] {
  const given = items.filter((item) => item.share !== undefined);
  if (given.length === 0) return [];
  if (given.length < items.length) {
    return items.flatMap((item, index) =>
      item.share !== undefined
        ? []
        : [{ path: [list, index, 'share'], found: 'nothing', expected: 'a share, as the others have one' }],
    );
  }
  const sum = sumOf(items);
  if (sum > 1 - shareTolerance && sum < 1 + shareTolerance) return [];
  return [
    {
      path: [list],
      found: `shares that sum to ${roundTo(sum, 1000)}`,
      expected: 'shares that sum to 1',
      hint: 'leave every share out for equal shares',
    },
  ];
}

function withShares<Item extends Shared>(
  items: readonly Item[],
): (Omit<Item, 'share'> & { share: number })[] {
  const even = 1 / items.length;
  const scale = items[0]?.share === undefined ? 1 : 1 / sumOf(items);
  return items.map((item) => ({
    ...item,
    share: item.share === undefined ? even : exactly(item.share, scale),
  }));
}

/** Dividing shares that already sum to 1 would only move their last digit. */
function exactly(share: number, scale: number): number {
  return scale > 0.999_999_999 && scale < 1.000_000_001 ? share : share * scale;
}

function sumOf(items: readonly Shared[]): number {
  return items.reduce((sum, item) => sum + (item.share ?? 0), 0);
}

function roundTo(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}

function repeated(list: string, key: string, names: readonly string[]): Problem[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [
          {
            path: [list, index, key],
            found: showValue(name),
            expected: `a name that ${list}[${names.indexOf(name)}] does not have`,
          },
        ],
  );
}

/** Faults name regions and the failover manager alike. */
function reservedProblems(document: RequirementsDocument): Problem[] {
  return document.regions.flatMap(({ id }, index) =>
    id === managerName
      ? [
          {
            path: ['regions', index, 'id'],
            found: showValue(id),
            expected: 'another name; this one is the failover manager’s',
          },
        ]
      : [],
  );
}

function survivalProblems(document: RequirementsDocument): Problem[] {
  if (document.survives === 'node' || document.regions.length > 1) return [];
  return [
    {
      path: ['survives'],
      found: showValue(document.survives),
      expected: 'node, for with one region nothing is left when it is lost',
      hint: 'add a second region',
    },
  ];
}

function roundTripProblems(document: RequirementsDocument): Problem[] {
  const ids = document.regions.map((region) => region.id);
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  document.roundTrip.pairs.forEach((pair, index) => {
    for (const end of ['from', 'to'] as const) {
      if (ids.includes(pair[end])) continue;
      problems.push({
        path: ['roundTrip', 'pairs', index, end],
        found: showValue(pair[end]),
        expected: `one of the regions ${ids.join(', ')}`,
      });
    }
    if (pair.from === pair.to) {
      problems.push({
        path: ['roundTrip', 'pairs', index, 'to'],
        found: showValue(pair.to),
        expected: 'another region',
      });
    }
    const name = pairName(pair.from, pair.to);
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else {
      problems.push({
        path: ['roundTrip', 'pairs', index],
        found: `the pair of roundTrip.pairs[${first}] again`,
        expected: 'each pair once; it counts in both directions',
      });
    }
  });
  return [...problems, ...providerProblems(document, seen)];
}

/** A pair of regions in either order. */
function pairName(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function providerProblems(document: RequirementsDocument, given: ReadonlyMap<string, number>): Problem[] {
  const provider = document.roundTrip.provider;
  if (provider === undefined) return [];
  const problems: Problem[] = [];
  document.regions.forEach((from, fromIndex) => {
    document.regions.forEach((to, toIndex) => {
      if (toIndex <= fromIndex || given.has(pairName(from.id, to.id))) return;
      if (regionRtt({ provider, from: from.place ?? from.id, to: to.place ?? to.id }) !== undefined) return;
      const near = nearRegions(provider, to.place ?? to.id);
      problems.push({
        path: ['regions', toIndex, to.place === undefined ? 'id' : 'place'],
        found: showValue(to.place ?? to.id),
        expected: `a region of ${provider} with a published round trip to ${from.place ?? from.id}`,
        hint: `${near.length === 0 ? '' : `did you mean ${near.join(', ')}? `}or give the pair in roundTrip.pairs`,
      });
    });
  });
  return problems;
}
