import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildLatencyTable, fractionalDelayUs, sampleLatency } from '../kernel/latency.ts';
import { distributionOf } from '../kernel/latency-distribution.ts';
import type { LatencySpec } from '../kernel/latency-spec.ts';
import { drawInto, Streams } from '../kernel/random.ts';
import { buildDelayTable, delayTicks, finestTicks } from './delay-table.ts';
import { type QuorumLatency, quorumLatencies } from './latency.ts';
import { count, countAbove, emptyTally, type Tally, valueAt } from './tally.ts';
import { BLOCK_TRIALS, Wars, type WarsModel, warsModel } from './wars.ts';

const gapped: LatencySpec = {
  type: 'mixture',
  components: [
    { weight: 3, latency: { type: 'constant', delayUs: 500 } },
    { weight: 1, latency: { type: 'uniform', minUs: 9000, maxUs: 9001 } },
  ],
};
const specs: Readonly<Record<string, LatencySpec>> = {
  SSD: quorumLatencies['lnkd-ssd'].write,
  'disk write': quorumLatencies['lnkd-disk'].write,
  'Yammer write': quorumLatencies.ymmr.write,
  'Yammer answer': quorumLatencies.ymmr.ack,
  exponential: { type: 'exponential', meanUs: 10_000 },
  'log-normal': { type: 'log-normal', medianUs: 300, p99Us: 3000 },
  'two values': gapped,
  constant: { type: 'constant', delayUs: 7000 },
};

const shares = [0.01, 0.1, 0.25, 0.5, 0.74, 0.9, 0.97, 0.99, 0.998, 0.999, 0.9999, 0.99999];

test.each(Object.entries(specs))('%s: p1 to p99.999 within 0.02% of the closed form', (_, spec) => {
  const table = buildDelayTable(spec, finestTicks([spec], 0));
  const distribution = distributionOf(spec);
  for (const p of shares) {
    const exact = distribution.quantile(p, 1 - p, 0);
    const us = delayTicks(table, Math.floor(p * 2 ** 32) | 0) / table.ticksPerUs;
    expect(Math.abs(us / exact - 1)).toBeLessThan(0.0002 + 1 / table.ticksPerUs / exact);
  }
});

test('nothing falls into a gap', () => {
  const table = buildDelayTable(gapped, 32);
  const cut = Math.round(0.75 * 2 ** 32);
  expect(delayTicks(table, (cut - 1) | 0)).toBe(500 * 32);
  expect(delayTicks(table, (cut + 1) | 0)).toBeGreaterThanOrEqual(9000 * 32);
});

test.each(Object.entries(specs))('%s: a longer draw is no shorter delay', (_, spec) => {
  const table = buildDelayTable(spec, finestTicks([spec], 0));
  // Where a cell of one table borders on the other's, both round.
  const slack = table.fine.unitUs * table.ticksPerUs + 2;
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 2 ** 32 - 1 }), (one, other) => {
      const lower = delayTicks(table, Math.min(one, other) | 0);
      const upper = delayTicks(table, Math.max(one, other) | 0);
      expect(upper).toBeGreaterThanOrEqual(lower - slack - lower * 1e-4);
    }),
  );
});

test('the fractional delay is the sample before rounding', () => {
  for (const spec of Object.values(specs)) {
    const table = buildLatencyTable(spec);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (bits) => {
        expect((fractionalDelayUs(table, bits) + 0.5) | 0).toBe(sampleLatency(table, bits));
      }),
    );
  }
});

test('draws by the hundred are the same draws', () => {
  const streams = new Streams(7);
  const stream = streams.add('some');
  const state = Int32Array.of(0, ...streams.snapshot());
  const draws = new Int32Array(50);
  for (let round = 0; round < 2; round++) {
    drawInto(draws, state, 1);
    expect([...draws]).toEqual(Array.from(draws, () => streams.next(stream)));
  }
  expect(state.slice(1)).toEqual(streams.snapshot());
});

/** A trial as the paper defines it, without tricks: all ways drawn, replies sorted, each replica asked whether it had the write. */
function trialByDefinition(model: WarsModel, draw: () => number) {
  const ways = ['write', 'ack', 'request', 'response'] as const;
  const drawn = ways.map((way) => Array.from({ length: model.n }, () => delayTicks(model[way], draw())));
  const local = model.remoteTicks > 0 ? Math.floor(((draw() >>> 0) * model.n) / 2 ** 32) : 0;
  const of = (way: (typeof ways)[number], replica: number) =>
    drawn[ways.indexOf(way)]![replica]! +
    (replica === (way === 'write' || way === 'ack' ? 0 : local) ? 0 : model.remoteTicks);
  const replicas = Array.from({ length: model.n }, (_, replica) => replica);
  const acknowledged = replicas.map((each) => of('write', each) + of('ack', each)).sort((a, b) => a - b);
  const answered = (replica: number) => of('request', replica) + of('response', replica);
  const repliers = [...replicas].sort((one, other) => answered(one) - answered(other));
  return {
    readTicks: (r: number) => answered(repliers[r - 1]!),
    writeTicks: (w: number) => acknowledged[w - 1]!,
    isFresh: (r: number, w: number, tTicks: number) =>
      repliers
        .slice(0, r)
        .some((each) => acknowledged[w - 1]! + tTicks + of('request', each) >= of('write', each)),
  };
}

const latencies: Readonly<Record<string, QuorumLatency>> = {
  ...quorumLatencies,
  'two values': { write: gapped, ack: gapped, request: gapped, response: gapped, remoteUs: 0 },
};

test.each(
  Object.entries(latencies).flatMap(([name, latency]) => [1, 3, 4].map((n) => [name, n, latency] as const)),
)('%s, n=%i: every trial counts as the definition says', (_, n, latency) => {
  const model = warsModel(n, latency);
  const answers = Array.from({ length: n }, (_, index) => index + 1);
  const tTicks = 3000 * model.ticksPerUs;
  const trials = 3000;
  const tally = emptyTally(n, n, 2);
  const wars = new Wars(model, { reads: answers, writes: answers, timesTicks: [0, tTicks] });
  wars.runBlock(tally, 5, 9, trials);

  const streams = new Streams(5);
  const stream = streams.add('wars block 9');
  const reads = answers.map(() => emptyTally(1, 0, 0).reads[0]!);
  const writes = answers.map(() => emptyTally(1, 0, 0).reads[0]!);
  const freshAtOnce = answers.map(() => answers.map(() => 0));
  const stale = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const { readTicks, writeTicks, isFresh } = trialByDefinition(model, () => streams.next(stream));
    for (const r of answers) {
      count(reads[r - 1]!, readTicks(r));
      count(writes[r - 1]!, writeTicks(r));
      for (const w of answers) freshAtOnce[r - 1]![w - 1]! += Number(isFresh(r, w, 0));
    }
    stale[0]! += Number(!isFresh(1, 1, 0));
    stale[1]! += Number(!isFresh(1, 1, tTicks));
  }
  expect(tally.reads).toEqual(reads);
  expect(tally.writes).toEqual(writes);
  expect(answers.map((r) => answers.map((w) => tally.freshAfter[(r - 1) * n + w - 1]!.buckets[0]))).toEqual(
    freshAtOnce,
  );
  expect([...tally.staleAt]).toEqual(stale);
});

test('one pair counts as it does among all', () => {
  const model = warsModel(3, quorumLatencies.ymmr);
  const all = emptyTally(3, 3, 0);
  const one = emptyTally(1, 1, 0);
  new Wars(model, { reads: [1, 2, 3], writes: [1, 2, 3], timesTicks: [] }).runBlock(all, 1, 0, 5000);
  new Wars(model, { reads: [2], writes: [1], timesTicks: [] }).runBlock(one, 1, 0, 5000);
  expect(one.reads[0]).toEqual(all.reads[1]);
  expect(one.writes[0]).toEqual(all.writes[0]);
  expect(one.freshAfter[0]).toEqual(all.freshAfter[3]);
});

test('a seed means these trials, in this version and the next', () => {
  const model = warsModel(3, quorumLatencies['lnkd-disk']);
  const tally = emptyTally(1, 1, 0);
  new Wars(model, { reads: [1], writes: [1], timesTicks: [] }).runBlock(tally, 1, 0, BLOCK_TRIALS);
  expect(digestOf(tally)).toMatchInlineSnapshot(`"e44ef02a"`);
});

function digestOf({ reads, writes, freshAfter }: Tally): string {
  let digest = 0;
  for (const { buckets } of [...reads, ...writes, ...freshAfter])
    for (const each of buckets) digest = (Math.imul(digest, 31) + each) | 0;
  return (digest >>> 0).toString(16);
}

test('quantiles and counts of what was counted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 1, maxLength: 200 }),
      fc.nat(),
      (values, at) => {
        const { reads } = emptyTally(1, 0, 0);
        const counts = reads[0]!;
        for (const value of values) count(counts, value);
        const sorted = [...values].sort((a, b) => a - b);
        expect(valueAt(counts, values.length)).toBe(sorted.at(-1));
        const rank = (at % values.length) + 1;
        const exact = sorted[rank - 1]!;
        expect(Math.abs(valueAt(counts, rank) - exact)).toBeLessThanOrEqual(exact / 256);
        // A count may be off by those in the bucket of the value, which lie within 1/256 of it.
        const above = countAbove(counts, exact);
        expect(above).toBeLessThanOrEqual(sorted.filter((value) => value > exact * (1 - 1 / 256)).length);
        expect(above).toBeGreaterThanOrEqual(sorted.filter((value) => value > exact * (1 + 1 / 256)).length);
      },
    ),
  );
});
