import { describe, expect, test } from 'vitest';
import { describeProblem, InputError } from '../scenario/problems.ts';
import { parseRequirements, requirementsFields } from './requirements.ts';

function problemsOf(input: unknown): string[] {
  try {
    parseRequirements(input);
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(describeProblem);
    throw error;
  }
  return [];
}

describe('parseRequirements', () => {
  test('accepts an empty document: one region, one kind of data', () => {
    const requirements = parseRequirements({});
    expect(requirements.regions).toEqual([{ id: 'local', share: 1 }]);
    expect(requirements.entities).toEqual([
      {
        name: 'data',
        share: 1,
        consistency: 'session',
        transactions: false,
        mergeable: false,
        conflict: 'none',
      },
    ]);
  });

  test('is its own input: what it returns parses to itself', () => {
    const once = parseRequirements({
      regions: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
      entities: [{ name: 'x' }, { name: 'y' }],
    });
    expect(parseRequirements(once)).toEqual(once);
  });

  test('gives equal shares where none is given', () => {
    const { regions } = parseRequirements({ regions: [{ id: 'a' }, { id: 'b' }] });
    expect(regions.map(({ share }) => share)).toEqual([0.5, 0.5]);
  });

  test('lists every problem at once, each with its path', () => {
    expect(
      problemsOf({
        regions: [{ id: 'a', share: 0.5 }, { id: 'a' }],
        entities: [
          { name: 'x', share: 0.5 },
          { name: 'y', share: 0.4 },
        ],
        roundTrip: { pairs: [{ from: 'a', to: 'c', ms: 10 }] },
      }),
    ).toEqual([
      'regions[1].share: found nothing, expected a share, as the others have one',
      'entities: found shares that sum to 0.9, expected shares that sum to 1 (leave every share out for equal shares)',
      'regions[1].id: found "a", expected a name that regions[0] does not have',
      'roundTrip.pairs[0].to: found "c", expected one of the regions a, a',
    ]);
  });

  test('names the nearest key for one it does not know', () => {
    expect(problemsOf({ writePerSecond: 3 })[0]).toContain('did you mean writesPerSecond?');
  });

  test('refuses to survive the loss of the only region', () => {
    expect(problemsOf({ survives: 'region' })).toEqual([
      'survives: found "region", expected node, for with one region nothing is left when it is lost (add a second region)',
    ]);
  });

  test('refuses a pair of regions given twice, in either direction', () => {
    const pairs = [
      { from: 'a', to: 'b', ms: 10 },
      { from: 'b', to: 'a', ms: 11 },
    ];
    expect(problemsOf({ regions: [{ id: 'a' }, { id: 'b' }], roundTrip: { pairs } })).toEqual([
      'roundTrip.pairs[1]: found the pair of roundTrip.pairs[0] again, expected each pair once; it counts in both directions',
    ]);
  });

  test('refuses a region the provider does not have, unless its round trip is given', () => {
    const regions = [{ id: 'us-east-1' }, { id: 'eu-west-9' }];
    expect(problemsOf({ regions, roundTrip: { provider: 'AWS' } })[0]).toContain('did you mean eu-west-');
    const pairs = [{ from: 'us-east-1', to: 'eu-west-9', ms: 80 }];
    expect(problemsOf({ regions, roundTrip: { provider: 'AWS', pairs } })).toEqual([]);
  });

  test.each([null, undefined])('takes %s for an empty document', (nothing) => {
    expect(parseRequirements(nothing)).toEqual(parseRequirements({}));
  });

  test.each([[[]], ['text'], [7]])('refuses %j', (input) => {
    expect(problemsOf(input)).toHaveLength(1);
  });
});

describe('requirementsFields', () => {
  const fields = requirementsFields();

  test('describes every field', () => {
    expect(fields.filter(({ description }) => description === '')).toEqual([]);
  });

  test('names fields as errors do, with type and default', () => {
    expect(fields.find(({ path }) => path === 'entities[].conflict')).toMatchObject({
      type: 'none | last-writer-wins | merge | crdt',
      default: 'none',
      required: false,
    });
    expect(fields.find(({ path }) => path === 'node.writesPerSecond')).toMatchObject({
      type: 'number',
      default: 5000,
    });
  });
});
