import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import { decide, outcome } from './decide.ts';
import { leastBad } from './decision.chart.ts';
import { faultsFor, scenarioFor, sizeOf } from './evidence-scenario.ts';
import { answer, back, nextQuestion, startInterview } from './interview.ts';
import { type Topology, topologies } from './recommendation.ts';
import {
  conflictStrategies,
  consistencies,
  type Entity,
  efforts,
  failureDomains,
  parseRequirements,
  partitionChoices,
  type Requirements,
  type RequirementsSource,
} from './requirements.ts';
import { misfit } from './rules.ts';

/** Spread over orders of magnitude, for most thresholds lie near powers of ten. */
const magnitude = (lowest: number, highest: number) =>
  fc
    .tuple(fc.integer({ min: lowest, max: highest }), fc.integer({ min: 10, max: 99 }))
    .map(([exponent, digits]) => Number(`${digits}e${exponent - 1}`));
const orZero = (value: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 5, arbitrary: value });

type Kind = Pick<Entity, 'consistency' | 'transactions' | 'mergeable' | 'conflict'>;

const entity: fc.Arbitrary<Kind> = fc.record({
  consistency: fc.constantFrom(...consistencies),
  transactions: fc.boolean(),
  mergeable: fc.boolean(),
  conflict: fc.constantFrom(...conflictStrategies),
});

/** Drawn apart, or the topologies that need it would hardly ever be chosen. */
const mergeableEntity: fc.Arbitrary<Kind> = fc.record({
  consistency: fc.constantFrom('eventual', 'session'),
  transactions: fc.constant(false),
  mergeable: fc.constant(true),
  conflict: fc.constantFrom(...conflictStrategies),
});

const source: fc.Arbitrary<RequirementsSource> = fc
  .record({
    readsPerSecond: orZero(magnitude(0, 5)),
    writesPerSecond: orZero(magnitude(0, 5)),
    dataGB: orZero(magnitude(0, 5)),
    node: fc.record({
      readsPerSecond: magnitude(2, 5),
      writesPerSecond: magnitude(2, 4),
      storageGB: magnitude(1, 4),
    }),
    regions: fc.integer({ min: 1, max: 4 }),
    mainShare: fc.integer({ min: 1, max: 99 }),
    roundTrip: fc.record({ otherwiseMs: fc.integer({ min: 1, max: 400 }) }),
    writeLatencyP99Ms: magnitude(0, 3),
    stalenessToleratedMs: orZero(magnitude(0, 4)),
    lossToleratedMs: orZero(magnitude(0, 6)),
    outageToleratedS: orZero(magnitude(-1, 4)),
    survives: fc.constantFrom(...failureDomains),
    duringPartition: fc.constantFrom(...partitionChoices),
    entities: fc
      .boolean()
      .chain((mergeable) => fc.array(mergeable ? mergeableEntity : entity, { minLength: 1, maxLength: 3 })),
    operatingEffort: fc.constantFrom(...efforts),
  })
  .map(({ regions, mainShare, survives, entities, ...rest }) => ({
    ...rest,
    survives: regions === 1 ? 'node' : survives,
    regions: Array.from({ length: regions }, (_, index) => ({
      id: `region-${index + 1}`,
      share: regions === 1 ? 1 : index === 0 ? mainShare / 100 : (1 - mainShare / 100) / (regions - 1),
    })),
    entities: entities.map((each, index) => ({ name: `data ${index + 1}`, ...each })),
  }));

const requirements = source.map((each) => parseRequirements(each));
const settings = { numRuns: 400, seed: 20_260_101 };
/** Properties that draw the same requirements share what takes long to come by. */
function oncePer<Value>(make: (each: Requirements) => Value): (each: Requirements) => Value {
  const values = new Map<string, Value>();
  return (each) => {
    const key = JSON.stringify(each);
    const value = values.get(key) ?? make(each);
    values.set(key, value);
    return value;
  };
}
const decided = oncePer(decide);
const rank = (topology: Topology) => topologies.indexOf(topology);

/** The same needs or weaker ones: each field moved towards what is easier, or left. */
function relaxed(strict: Requirements, by: readonly number[]): Requirements {
  const easier = (index: number, from: number, to: number) => from + (to - from) * by[index]!;
  const weaker = <Value>(index: number, values: readonly Value[], from: Value): Value =>
    values[Math.floor(values.indexOf(from) * (1 - by[index]!))]!;
  return {
    ...strict,
    readsPerSecond: easier(0, strict.readsPerSecond, 0),
    writesPerSecond: easier(1, strict.writesPerSecond, 0),
    dataGB: easier(2, strict.dataGB, 0),
    writeLatencyP99Ms: easier(3, strict.writeLatencyP99Ms, 10_000),
    stalenessToleratedMs: easier(4, strict.stalenessToleratedMs, 100_000),
    lossToleratedMs: easier(5, strict.lossToleratedMs, 100_000_000),
    outageToleratedS: easier(6, strict.outageToleratedS, 1_000_000),
    survives: weaker(7, failureDomains, strict.survives),
    duringPartition: weaker(8, partitionChoices, strict.duringPartition),
    entities: strict.entities.map((each) => ({
      ...each,
      consistency: weaker(9, consistencies, each.consistency),
      transactions: each.transactions && by[10]! < 0.5,
    })),
  };
}

const relaxation = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 11, maxLength: 11 });

describe('the decision', () => {
  test('is total and deterministic, and every rung of the ladder is reached', () => {
    const reached = new Set<Topology>();
    fc.assert(
      fc.property(requirements, (each) => {
        const { topology, sharded } = outcome(each);
        reached.add(topology);
        expect(outcome(each)).toEqual({ topology, sharded });
      }),
      settings,
    );
    expect([...reached].sort()).toEqual([...topologies].sort());
  });

  test('climbs no further than a requirement forces it: the chart ends at the first topology that fits', () => {
    fc.assert(
      fc.property(requirements, (each) => {
        const first = topologies.find((topology) => misfit(topology, each) === 0);
        expect(outcome(each).topology).toBe(first ?? leastBad(each));
      }),
      settings,
    );
  });

  test('never fails a topology for a weaker requirement', () => {
    fc.assert(
      fc.property(requirements, relaxation, (strict, by) => {
        const weak = relaxed(strict, by);
        for (const topology of topologies)
          expect(misfit(topology, weak)).toBeLessThanOrEqual(misfit(topology, strict));
      }),
      { ...settings, numRuns: 1_000 },
    );
  });

  test('never escalates when every requirement is relaxed', () => {
    fc.assert(
      fc.property(requirements, relaxation, (strict, by) => {
        const { topology } = outcome(strict);
        fc.pre(misfit(topology, strict) === 0);
        expect(rank(outcome(relaxed(strict, by)).topology)).toBeLessThanOrEqual(rank(topology));
      }),
      settings,
    );
  });

  test('stays sharded when more is written', () => {
    fc.assert(
      fc.property(requirements, fc.double({ min: 1, max: 1_000, noNaN: true }), (each, factor) => {
        const more = { ...each, writesPerSecond: each.writesPerSecond * factor };
        expect(outcome(more).sharded || !outcome(each).sharded).toBe(true);
      }),
      settings,
    );
  });

  test('explains itself for any requirements', () => {
    fc.assert(
      fc.property(requirements, (each) => {
        const { reasons, topology, unmet, rejected, settings: chosen } = decided(each);
        expect(reasons.length).toBeGreaterThan(0);
        expect(unmet.length > 0).toBe(misfit(topology, each) > 0);
        expect(rejected).toHaveLength(3);
        expect(chosen.placement.reduce((sum, { count }) => sum + count, 0)).toBe(chosen.replicas);
      }),
      { ...settings, numRuns: 25 },
    );
  });
});

describe('the interview', () => {
  /** Answers as someone would who has these requirements in mind. */
  const interviewed = oncePer((each) => {
    let interview = startInterview();
    while (interview.question !== null) interview = answer(interview, wordFor(each, interview.question.id));
    return interview;
  });

  test('asks everything that matters: what it leaves out would not have changed the answer', () => {
    fc.assert(
      fc.property(requirements, (each) => {
        expect(outcome(interviewed(each).requirements)).toEqual(outcome(each));
      }),
      settings,
    );
  });

  test('ends with requirements that a file could hold', () => {
    fc.assert(
      fc.property(requirements, (each) => {
        const complete = interviewed(each).requirements;
        expect(parseRequirements(complete)).toEqual(complete);
      }),
      settings,
    );
  });

  test('is where its answers alone lead, and one back is where it was', () => {
    fc.assert(
      fc.property(requirements, (each) => {
        const { answers } = interviewed(each);
        expect(nextQuestion(answers)).toBeNull();
        const last = answers.at(-1)!;
        const before = back(interviewed(each));
        expect(before.question).toEqual(nextQuestion(answers.slice(0, -1)));
        expect(answer(before, last.value)).toEqual(interviewed(each));
      }),
      { ...settings, numRuns: 25 },
    );
  });
});

describe('the scenarios', () => {
  test('parse, whatever the requirements, and stay affordable', () => {
    fc.assert(
      fc.property(requirements, (each) => {
        const recommendation = decided(each);
        expect(sizeOf(recommendation, each).slice).toBeGreaterThan(0);
        for (const fault of faultsFor(each)) parseScenario(scenarioFor(recommendation, each, { fault }));
      }),
      { ...settings, numRuns: 25 },
    );
  });
});

function wordFor(each: Requirements, id: string): number | boolean | string {
  if (id === 'regions') return each.regions.length;
  if (id === 'entities') return each.entities.length;
  if (id === 'regions[0].share') return each.regions[0]!.share * 100;
  const parts = id.split(/[.[\]]+/).filter((part) => part !== '');
  return parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], each) as
    | number
    | boolean
    | string;
}
