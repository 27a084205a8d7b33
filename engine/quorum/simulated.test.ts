import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { bucketOf, type Histogram, lowestOf } from '../observe/histogram.ts';
import { InputError } from '../scenario/problems.ts';
import { type QuorumLatency, quorumLatencies } from './latency.ts';
import {
  defaultQuorumQuestion,
  emptyQuorumTally,
  type PreparedQuorum,
  prepareQuorum,
  type QuorumQuestion,
  sampleQuorum,
} from './quorum.ts';
import {
  emptySimulatedTally,
  prepareSimulatedQuorum,
  type SimulatedTally,
  simulatedQuorumAnswer,
  simulateQuorumPart,
} from './simulated.ts';
import { type Counts, countAbove, type Tally, valueAt } from './tally.ts';

const simulatedTrials = runsOf({ full: 40_000, reduced: 1_500 });
const warsTrials = runsOf({ full: 2_000_000, reduced: 130_000 });
/** Chance that the whole family of comparisons rejects what is the same. */
const familyLevel = 0.01;

function question(preset: QuorumLatency, counts: Pick<QuorumQuestion, 'n' | 'r' | 'w'>): QuorumQuestion {
  return { ...defaultQuorumQuestion, ...counts, latency: preset, atMs: [0, 10], trials: simulatedTrials };
}

function simulated(asked: QuorumQuestion): SimulatedTally {
  const prepared = prepareSimulatedQuorum(asked);
  const tally = emptySimulatedTally(prepared);
  for (let part = 0; part < prepared.parts.length; part++) simulateQuorumPart(prepared, tally, part);
  return tally;
}

/** Tables take longer to build than trials to run: they are the same for every r and w. */
const models = new Map<string, PreparedQuorum>();

function modelled(asked: QuorumQuestion): { readonly prepared: PreparedQuorum; readonly tally: Tally } {
  const key = `${asked.n} ${JSON.stringify(asked.latency)}`;
  const known = models.get(key) ?? prepareQuorum({ ...asked, trials: warsTrials });
  models.set(key, known);
  const prepared = { ...known, reads: [asked.r], writes: [asked.w] };
  const tally = emptyQuorumTally(prepared);
  sampleQuorum(prepared, tally, { from: 0, to: prepared.blocks });
  return { prepared, tally };
}

/** So many of so many, twice: may both have the same chance? */
interface Comparison {
  readonly what: string;
  readonly hits: readonly [simulated: number, modelled: number];
  readonly of: readonly [simulated: number, modelled: number];
}

/**
 * Fisher's exact test of two shares, both sides: twice the smaller tail of the hypergeometric law, at most 1. Its masses by
 * their ratios, from the likeliest outwards, so that nothing under- or overflows.
 */
function likelihood({ hits: [a, b], of: [first, second] }: Omit<Comparison, 'what'>): number {
  const all = a + b;
  const least = Math.max(0, all - second);
  const most = Math.min(all, first);
  const likeliest = Math.min(
    most,
    Math.max(least, Math.floor(((all + 1) * (first + 1)) / (first + second + 2))),
  );
  let [sum, atMost, atLeast] = [0, 0, 0];
  const add = (hits: number, mass: number) => {
    sum += mass;
    if (hits <= a) atMost += mass;
    if (hits >= a) atLeast += mass;
  };
  add(likeliest, 1);
  let mass = 1;
  for (let hits = likeliest; hits < most && mass > 1e-30; hits++) {
    mass *= ((all - hits) * (first - hits)) / ((hits + 1) * (second - all + hits + 1));
    add(hits + 1, mass);
  }
  mass = 1;
  for (let hits = likeliest; hits > least && mass > 1e-30; hits--) {
    mass *= (hits * (second - all + hits)) / ((all - hits + 1) * (first - hits + 1));
    add(hits - 1, mass);
  }
  return Math.min(1, (2 * Math.min(atMost, atLeast)) / sum);
}

/** Latencies of so many µs and more: where the model has its quantile, at the edge of a bucket of the engine's. */
function slower(
  what: string,
  latency: Histogram,
  counts: Counts,
  { ticksPerUs }: PreparedQuorum['model'],
): Comparison[] {
  return [0.5, 0.99, 0.999].map((p) => {
    const quantileUs = valueAt(counts, p * warsTrials) / ticksPerUs;
    const edgeUs = lowestOf(bucketOf(Math.floor(quantileUs)));
    let hits = 0;
    latency.forEachBucket((lowestUs, _, count) => {
      if (lowestUs >= edgeUs) hits += count;
    });
    // The engine rounds each way to a whole µs.
    const modelledHits = Math.round(countAbove(counts, Math.max(0, (edgeUs - 0.5) * ticksPerUs)));
    return { what: `${what} p${p}`, hits: [hits, modelledHits], of: [latency.count, warsTrials] };
  });
}

function compared(name: string, asked: QuorumQuestion, inModel = asked): Comparison[] {
  const engine = simulated(asked);
  const { prepared, tally } = modelled(inModel);
  return [
    ...asked.atMs.map(
      (tMs, time): Comparison => ({
        what: `${name}, stale at ${tMs} ms`,
        hits: [engine.stale[time]!, tally.staleAt[time]!],
        of: [engine.trials[time]!, warsTrials],
      }),
    ),
    ...slower(`${name}, reads`, engine.reads, tally.reads[0]!, prepared.model),
    ...slower(`${name}, writes`, engine.writes, tally.writes[0]!, prepared.model),
  ];
}

const counts = [
  { n: 3, r: 1, w: 1 },
  { n: 3, r: 2, w: 1 },
  { n: 3, r: 1, w: 2 },
  { n: 5, r: 2, w: 1 },
];

describe('the engine and the WARS model', () => {
  test('agree within sampling error on freshness and latency, at every preset', () => {
    const all = Object.entries(quorumLatencies).flatMap(([preset, latency]) =>
      counts.flatMap((each) =>
        compared(`${preset} n=${each.n} r=${each.r} w=${each.w}`, question(latency, each)),
      ),
    );
    expect(all).toHaveLength(4 * counts.length * 8);
    const rejected = all
      .map((each) => ({ ...each, likelihood: likelihood(each) }))
      .filter((each) => each.likelihood < familyLevel / all.length);
    expect(rejected).toEqual([]);
  });

  test('do not, where their delays are not the same', () => {
    const disk = quorumLatencies['lnkd-disk'];
    const swapped = { ...disk, write: disk.ack, ack: disk.write };
    const [stale] = compared(
      'swapped',
      question(disk, { n: 3, r: 1, w: 1 }),
      question(swapped, { n: 3, r: 1, w: 1 }),
    );
    expect(likelihood(stale!)).toBeLessThan(1e-6);
    // A replica is 1 ms nearer of 75, each way.
    const { wan } = quorumLatencies;
    const nearer = { ...wan, remoteUs: 74_000 };
    const [reads] = compared(
      'nearer',
      question(wan, { n: 3, r: 2, w: 1 }),
      question(nearer, { n: 3, r: 2, w: 1 }),
    ).filter(({ what }) => what.includes('reads p0.5'));
    expect(likelihood(reads!)).toBeLessThan(1e-6);
  });
});

test('Fisher’s exact test, by a table of his', () => {
  // Lady tasting tea: 3 of 4 against 1 of 4, 17 / 70 on one side.
  expect(likelihood({ hits: [3, 1], of: [4, 4] })).toBeCloseTo((2 * 17) / 70, 12);
  expect(likelihood({ hits: [4, 0], of: [4, 4] })).toBeCloseTo(2 / 70, 12);
  expect(likelihood({ hits: [0, 0], of: [10, 20] })).toBe(1);
});

test('the answer has the shape of the other, without the time that trials this few cannot tell', () => {
  const asked = { ...question(quorumLatencies['lnkd-ssd'], { n: 3, r: 1, w: 1 }), trials: 21_000, atMs: [0] };
  const prepared = prepareSimulatedQuorum(asked);
  // A run has 20,000 keys at the most.
  expect(prepared.parts.map(({ trials }) => trials)).toEqual([20_000, 1_000]);
  const tally = simulated(asked);
  const answer = simulatedQuorumAnswer(asked, tally);
  expect(answer).toMatchObject({
    via: 'engine',
    n: 3,
    r: 1,
    w: 1,
    trials: 21_000,
    survives: { reads: 2, writes: 2 },
  });
  expect(answer.pFresh[0]!.p).toBeCloseTo(0.9736, 1);
  expect(answer.tVisibilityMs).toBeNull();
});

test('the same seed counts the same, another one another', () => {
  const asked = { ...question(quorumLatencies['lnkd-disk'], { n: 3, r: 1, w: 1 }), trials: 500, atMs: [0] };
  const tally = simulated(asked);
  expect(simulated(asked)).toEqual(tally);
  expect(simulated({ ...asked, seed: 2 })).not.toEqual(tally);
});

test('what is wrong with a question is told by its names', () => {
  const wrong = { ...question(quorumLatencies.wan, { n: 16, r: 17, w: 1 }), atMs: [] };
  expect(() => prepareSimulatedQuorum(wrong)).toThrow(InputError);
  try {
    prepareSimulatedQuorum(wrong);
  } catch (error) {
    expect((error as InputError).problems.map(({ path }) => path.join('.'))).toEqual(['r', 'n', 'atMs']);
  }
});
