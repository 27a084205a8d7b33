import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  buildLatencyTable,
  type LatencyTable,
  LatencyTables,
  meanUs,
  quantileUs,
  sampleLatency,
} from './latency.ts';
import { describeLatency, type LatencySpec, latencyProblems } from './latency-spec.ts';
import { streamOf } from './random.ts';

/**
 * Mixtures of a Pareto and an exponential part fitted to production traffic. Source: Bailis et al., Probabilistically
 * Bounded Staleness for Practical Partial Quorums, PVLDB 5(8), 2012, table of fits (arXiv 1204.6082). YMMR W uses
 * the shape 3.5 of the authors' simulator; the printed 3.35 contradicts their own results.
 */
const PBS = {
  'LNKD-SSD': { weight: 0.9122, scaleMs: 0.235, shape: 10, lambdaPerMs: 1.66 },
  'LNKD-DISK W': { weight: 0.38, scaleMs: 1.05, shape: 1.51, lambdaPerMs: 0.183 },
  'YMMR W': { weight: 0.939, scaleMs: 3, shape: 3.5, lambdaPerMs: 0.0028 },
  'YMMR A=R=S': { weight: 0.982, scaleMs: 1.5, shape: 3.8, lambdaPerMs: 0.0217 },
};

interface Law {
  readonly spec: LatencySpec;
  /** P(X > x), closed form. */
  readonly above: (us: number) => number;
  /** Of the values capped at 2^31 − 1 µs. */
  readonly meanUs: number;
}

function exponential(meanUs: number, shiftUs = 0): Law {
  return {
    spec: { type: 'exponential', meanUs, shiftUs },
    above: (us) => (us < shiftUs ? 1 : Math.exp((shiftUs - us) / meanUs)),
    meanUs: shiftUs + meanUs,
  };
}

function pareto(scaleUs: number, shape: number): Law {
  return {
    spec: { type: 'pareto', scaleUs, shape },
    above: (us) => (us < scaleUs ? 1 : (scaleUs / us) ** shape),
    meanUs: (scaleUs * shape - (2 ** 31 - 1) * (scaleUs / (2 ** 31 - 1)) ** shape) / (shape - 1),
  };
}

function mixture(...parts: readonly (readonly [weight: number, law: Law])[]): Law {
  return {
    spec: { type: 'mixture', components: parts.map(([weight, law]) => ({ weight, latency: law.spec })) },
    above: (us) => parts.reduce((sum, [weight, law]) => sum + weight * law.above(us), 0),
    meanUs: parts.reduce((sum, [weight, law]) => sum + weight * law.meanUs, 0),
  };
}

function pbs(name: keyof typeof PBS): Law {
  const { weight, scaleMs, shape, lambdaPerMs } = PBS[name];
  return mixture([weight, pareto(scaleMs * 1000, shape)], [1 - weight, exponential(1000 / lambdaPerMs)]);
}

const LAWS: Record<string, Law> = {
  'LNKD-SSD': pbs('LNKD-SSD'),
  'LNKD-DISK W': pbs('LNKD-DISK W'),
  'YMMR W': pbs('YMMR W'),
  'YMMR A=R=S': pbs('YMMR A=R=S'),
  exponential: exponential(10_000),
  'shifted exponential': exponential(10_000, 75_000),
  'Pareto 1.2': pareto(2_000, 1.2),
  'Pareto 4': pareto(100_000, 4),
  uniform: {
    spec: { type: 'uniform', minUs: 150_000, maxUs: 300_000 },
    above: (us) => Math.min(Math.max((300_000 - us) / 150_000, 0), 1),
    meanUs: 225_000,
  },
  'scaled Pareto': {
    spec: { type: 'scaled', of: pareto(100_000, 4).spec, factor: 0.5, shiftUs: 75_000 },
    above: (us) => pareto(50_000, 4).above(us - 75_000),
    meanUs: 75_000 + 50_000 * (4 / 3),
  },
};

/** The exact quantile by bisection. */
function exactQuantile(law: Law, rest: number): number {
  let low = 0;
  let high = 2 ** 60;
  while (high - low > high * 1e-13) {
    const middle = (low + high) / 2;
    if (law.above(middle) > rest) low = middle;
    else high = middle;
  }
  return high;
}

const RESTS = [0.9999, 0.999, 0.99, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001];

test.each(Object.entries(LAWS))('%s: p0.01 to p99.99 within 0.1% of the closed form', (_, law) => {
  const table = buildLatencyTable(law.spec);
  for (const rest of RESTS) {
    const exact = exactQuantile(law, rest);
    // Samples are whole µs, and a table with a tail beyond 18 minutes is cut to whole µs once more.
    expect(Math.abs(quantileUs(table, 1 - rest) - exact)).toBeLessThan(
      exact * 0.001 + 0.5 + table.unitUs / 2,
    );
  }
});

test.each(['LNKD-DISK W', 'YMMR W'])('%s: p99.9 within 0.05%', (name) => {
  const exact = exactQuantile(LAWS[name]!, 0.001);
  const table = buildLatencyTable(LAWS[name]!.spec);
  expect(Math.abs(quantileUs(table, 0.999) / exact - 1)).toBeLessThan(0.0005);
});

test.each(Object.entries(LAWS))('%s: far tail, down to one draw in a million', (_, law) => {
  const table = buildLatencyTable(law.spec);
  for (const rest of [1e-5, 1e-6]) {
    expect(Math.abs(quantileUs(table, 1 - rest) / exactQuantile(law, rest) - 1)).toBeLessThan(0.001);
  }
});

test.each(Object.entries(LAWS))('%s: mean', (_, law) => {
  expect(Math.abs(meanUs(buildLatencyTable(law.spec)) / law.meanUs - 1)).toBeLessThan(0.0005);
});

test.each(Object.entries(LAWS))('%s: samples pass a Kolmogorov-Smirnov test', (name, law) => {
  const table = buildLatencyTable(law.spec);
  const stream = streamOf(20120827, name);
  const count = 50_000;
  const samples = Array.from({ length: count }, () => sampleLatency(table, stream.next())).sort(
    (a, b) => a - b,
  );
  let distance = 0;
  for (let at = 0; at < count; at++) {
    if (samples[at] === samples[at + 1]) continue;
    // A sample of k µs stands for everything that rounds to k.
    distance = Math.max(distance, Math.abs((at + 1) / count - (1 - law.above(samples[at]! + 0.5))));
  }
  // Exceeded by chance once in a thousand; the seed is fixed.
  expect(distance * Math.sqrt(count)).toBeLessThan(1.95);
});

test('log-normal: median, p99 and sigma', () => {
  const byP99 = buildLatencyTable({ type: 'log-normal', medianUs: 50_000, p99Us: 400_000 });
  const sigma = Math.log(8) / 2.3263478740408408;
  const bySigma = buildLatencyTable({ type: 'log-normal', medianUs: 50_000, sigma });
  for (const table of [byP99, bySigma]) {
    expect(Math.abs(quantileUs(table, 0.5) - 50_000)).toBeLessThan(5);
    expect(Math.abs(quantileUs(table, 0.99) - 400_000)).toBeLessThan(40);
    // Φ(−3.0902323) = 0.001
    expect(Math.abs(quantileUs(table, 0.001) / (50_000 * Math.exp(-3.090232306 * sigma)) - 1)).toBeLessThan(
      0.001,
    );
    expect(Math.abs(quantileUs(table, 0.999) / (50_000 * Math.exp(3.090232306 * sigma)) - 1)).toBeLessThan(
      0.001,
    );
    expect(Math.abs(meanUs(table) / (50_000 * Math.exp((sigma * sigma) / 2)) - 1)).toBeLessThan(0.0005);
  }
});

test('a mixture with log-normal parts agrees with its parts', () => {
  const part = (medianUs: number): LatencySpec => ({ type: 'log-normal', medianUs, sigma: 0.5 });
  const twice = buildLatencyTable({
    type: 'mixture',
    components: [
      { weight: 3, latency: part(1_000_000) },
      { weight: 1, latency: part(1_000_000) },
    ],
  });
  const once = buildLatencyTable(part(1_000_000));
  for (const rest of RESTS) {
    expect(Math.abs(quantileUs(twice, 1 - rest) - quantileUs(once, 1 - rest))).toBeLessThanOrEqual(1);
  }
});

/** Percentiles of the round trip us-east-1 to eu-west-1, µs (Bailis 2013, see region-rtt.ts). */
const MEASURED = [
  [50, 109_000],
  [75, 111_000],
  [95, 114_000],
  [99, 118_000],
  [99.9, 154_000],
  [99.99, 192_000],
] as const;
const measured: LatencySpec = {
  type: 'empirical',
  points: MEASURED.map(([percentile, delayUs]) => ({ percentile, delayUs })),
};

test('empirical: goes through its points, invents nothing below the first, carries the tail on', () => {
  const table = buildLatencyTable(measured);
  for (const [percentile, delayUs] of MEASURED) {
    expect(Math.abs(quantileUs(table, percentile / 100) / delayUs - 1)).toBeLessThan(0.0002);
  }
  expect(quantileUs(table, 0)).toBe(109_000);
  expect(quantileUs(table, 0.49)).toBe(109_000);
  // Each further factor of ten adds as much as the last: 38 ms.
  expect(Math.abs(quantileUs(table, 0.99999) - 230_000)).toBeLessThan(50);
  expect(Math.abs(quantileUs(table, 0.999999) - 268_000)).toBeLessThan(50);
  // Between two points above p50 values thin out: halfway in probability is less than halfway in delay.
  expect(quantileUs(table, 0.97)).toBeLessThan(116_000);
});

test('empirical: from p0 to p100 nothing lies outside, and straight stretches are straight', () => {
  const table = buildLatencyTable({
    type: 'empirical',
    points: [
      { percentile: 0, delayUs: 1_000 },
      { percentile: 50, delayUs: 3_000 },
      { percentile: 100, delayUs: 4_000 },
    ],
  });
  expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantileUs(table, p))).toEqual([
    1_000, 2_000, 3_000, 3_500, 4_000,
  ]);
  expect(Math.abs(meanUs(table) - 2_750)).toBeLessThan(0.01);
});

test('empirical: equal values are an atom', () => {
  const table = buildLatencyTable({
    type: 'mixture',
    components: [
      {
        weight: 1,
        latency: {
          type: 'empirical',
          points: [
            { percentile: 0, delayUs: 10 },
            { percentile: 20, delayUs: 500 },
            { percentile: 90, delayUs: 500 },
            { percentile: 100, delayUs: 900 },
          ],
        },
      },
      { weight: 1, latency: { type: 'constant', delayUs: 2_000 } },
    ],
  });
  expect([0.11, 0.2, 0.44].map((p) => quantileUs(table, p))).toEqual([500, 500, 500]);
  expect([0.5, 0.500001, 1].map((p) => quantileUs(table, p))).toEqual([900, 2_000, 2_000]);
});

test('half of a round trip plus 75 ms', () => {
  const spec: LatencySpec = { type: 'scaled', of: measured, factor: 0.5, shiftUs: 75_000 };
  const table = buildLatencyTable(spec);
  const whole = buildLatencyTable(measured);
  for (const p of [0.1, 0.5, 0.9, 0.99, 0.999]) {
    expect(Math.abs(quantileUs(table, p) - (quantileUs(whole, p) / 2 + 75_000))).toBeLessThanOrEqual(1);
  }
});

test('a negative shift stops at 0', () => {
  const table = buildLatencyTable({
    type: 'scaled',
    of: { type: 'uniform', minUs: 0, maxUs: 100 },
    shiftUs: -50,
  });
  expect([0, 0.4, 0.49, 0.75, 1].map((p) => quantileUs(table, p))).toEqual([0, 0, 0, 25, 50]);
});

test('constants are exact, however they are written', () => {
  const constant = (delayUs: number): LatencySpec => ({ type: 'constant', delayUs });
  const specs: [LatencySpec, number][] = [
    [constant(0), 0],
    [constant(1_234), 1_234],
    [constant(0.5), 1],
    [constant(2 ** 31 - 1), 2 ** 31 - 1],
    [{ type: 'uniform', minUs: 7, maxUs: 7 }, 7],
    [{ type: 'exponential', meanUs: 0, shiftUs: 9 }, 9],
    [{ type: 'log-normal', medianUs: 8, p99Us: 8 }, 8],
    [{ type: 'empirical', points: [{ percentile: 50, delayUs: 6 }] }, 6],
    [{ type: 'scaled', of: pareto(5, 2).spec, factor: 0, shiftUs: 3 }, 3],
    [{ type: 'mixture', components: [{ weight: 2, latency: constant(4) }] }, 4],
  ];
  for (const [spec, expected] of specs) {
    const table = buildLatencyTable(spec);
    expect(
      [0, 1, -1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff].map((bits) => sampleLatency(table, bits)),
    ).toEqual(Array(6).fill(expected));
    expect(meanUs(table)).toBe(expected);
    expect(quantileUs(table, 0.5)).toBe(expected);
  }
});

test('a mixture of constants yields the constants and nothing between them', () => {
  const table = buildLatencyTable({
    type: 'mixture',
    components: [
      { weight: 0.9, latency: { type: 'constant', delayUs: 1_000 } },
      { weight: 0.0999, latency: { type: 'constant', delayUs: 50_000 } },
      { weight: 0.0001, latency: { type: 'uniform', minUs: 900_000, maxUs: 1_000_000 } },
    ],
  });
  const stream = streamOf(1, 'gc');
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 1_000_000; draw++) {
    const us = sampleLatency(table, stream.next());
    if (us < 900_000) counts.set(us, (counts.get(us) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([1_000, 50_000]);
  // The last draw of the first constant and the first of the second, to one in 2^32.
  const last = Math.round(0.9 * 2 ** 32) - 1;
  expect([last, last + 1].map((bits) => sampleLatency(table, bits))).toEqual([1_000, 50_000]);
  expect(Math.abs(meanUs(table) - (900 + 4_995 + 95))).toBeLessThan(0.001);
});

test('two constants change at exactly their draw, on the edge of a cell or inside one', () => {
  for (const share of [
    2 ** -32,
    2 ** -20,
    1 / 4,
    0.3,
    0.499,
    1 / 2,
    0.501,
    0.7,
    3 / 4,
    0.999,
    1 - 2 ** -32,
  ]) {
    const table = buildLatencyTable({
      type: 'mixture',
      components: [
        { weight: share, latency: { type: 'constant', delayUs: 10 } },
        { weight: 1 - share, latency: { type: 'constant', delayUs: 2_000_000_000 } },
      ],
    });
    const first = Math.round(share * 2 ** 32);
    expect([0, first - 1, first, -1].map((bits) => sampleLatency(table, bits))).toEqual([10, 10, 2e9, 2e9]);
    expect(meanUs(table) / (10 * share + 2e9 * (1 - share))).toBeCloseTo(1, 3);
  }
});

const spec: fc.Arbitrary<LatencySpec> = fc.letrec<{ spec: LatencySpec }>((tie) => {
  const us = fc.oneof(
    fc.nat(50).map(Number),
    fc.double({ min: 0, max: 2e6, noNaN: true }),
    fc.nat(2 ** 31 - 1),
  );
  const two = fc.tuple(us, us).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  return {
    spec: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      us.map((delayUs) => ({ type: 'constant', delayUs }) as const),
      two.map(([minUs, maxUs]) => ({ type: 'uniform', minUs, maxUs }) as const),
      fc.tuple(us, us).map(([meanUs, shiftUs]) => ({ type: 'exponential', meanUs, shiftUs }) as const),
      fc
        .tuple(us, fc.double({ min: 0.3, max: 20, noNaN: true }))
        .map(([scaleUs, shape]) => ({ type: 'pareto', scaleUs, shape }) as const),
      fc
        .tuple(us, fc.double({ min: 0, max: 4, noNaN: true }))
        .map(([medianUs, sigma]) => ({ type: 'log-normal', medianUs, sigma }) as const),
      fc
        .tuple(
          fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 6 }),
          fc.array(us, { minLength: 6, maxLength: 6 }),
        )
        .map(([percentiles, values]) => {
          values.sort((a, b) => a - b);
          percentiles.sort((a, b) => a - b);
          const points = percentiles.map((per, at) => ({ percentile: per / 10, delayUs: values[at]! }));
          return { type: 'empirical', points } as const;
        }),
      fc
        .array(fc.record({ weight: fc.integer({ min: 1, max: 100 }), latency: tie('spec') }), {
          minLength: 1,
          maxLength: 3,
        })
        .map((components) => ({ type: 'mixture', components }) as const),
      fc
        .tuple(tie('spec'), fc.constantFrom(0, 0.5, 1, 3), fc.integer({ min: -100_000, max: 100_000 }))
        .map(([of, factor, shiftUs]) => ({ type: 'scaled', of, factor, shiftUs }) as const),
    ) as fc.Arbitrary<LatencySpec>,
  };
}).spec;

test('samples never fall as the draw grows, and are whole µs from 0 to 2^31 − 1', () => {
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const draws = fc.array(
    fc.oneof(
      uint32,
      fc.nat(200),
      fc.nat(200).map((offset) => 2 ** 32 - 1 - offset),
      fc.integer({ min: 2 ** 31 - 3, max: 2 ** 31 + 3 }),
      fc
        .tuple(fc.nat(31), fc.integer({ min: -1, max: 1 }))
        .map(([e, offset]) => Math.max(2 ** e + offset, 0)),
    ),
    { minLength: 50, maxLength: 200 },
  );
  fc.assert(
    fc.property(spec, draws, (latency, bits) => {
      expect(latencyProblems(latency)).toEqual([]);
      const table = buildLatencyTable(latency);
      let before = 0;
      for (const draw of bits.sort((a, b) => a - b)) {
        const us = sampleLatency(table, draw);
        if (!(Number.isInteger(us) && us >= before && us <= 2 ** 31 - 1))
          throw new Error(`${draw}: ${us} after ${before}`);
        // A draw may come as int32 or as uint32.
        if (us !== sampleLatency(table, draw | 0)) throw new Error(`${draw} as an int32 differs`);
        before = us;
      }
      const mean = meanUs(table);
      expect(mean).toBeGreaterThanOrEqual(quantileUs(table, 0) - 0.5);
      expect(mean).toBeLessThanOrEqual(quantileUs(table, 1) + 0.5);
    }),
    { numRuns: 150, seed: 20240607 },
  );
});

test('the mean of a table is the mean of its samples', () => {
  fc.assert(
    fc.property(spec, (latency) => {
      const table = buildLatencyTable(latency);
      // 4,096 evenly spaced draws of each octave of both tails, weighted by what they stand for.
      let sum = 0;
      for (let octave = 0; octave < 32; octave++) {
        const start = octave === 0 ? 0 : 2 ** (octave - 1);
        const width = octave === 0 ? 1 : start;
        const steps = Math.min(width, 4096);
        for (let step = 0; step < steps; step++) {
          const draw = start + Math.floor(((step + 0.5) * width) / steps);
          sum += (width / steps) * (sampleLatency(table, draw) + sampleLatency(table, ~draw));
        }
      }
      const mean = sum / 2 ** 32;
      const spread = quantileUs(table, 0.9999) - quantileUs(table, 0);
      expect(Math.abs(meanUs(table) - mean)).toBeLessThan(0.51 + mean * 0.001 + spread * 0.001);
    }),
    { numRuns: 40, seed: 20240608 },
  );
});

test('extreme draws of an unbounded tail stay finite and capped', () => {
  const table = buildLatencyTable(pareto(1_000_000, 0.5).spec);
  expect(sampleLatency(table, 0)).toBe(1_000_000);
  expect(sampleLatency(table, 0xffff_ffff)).toBe(2 ** 31 - 1);
  const exponentialTable = buildLatencyTable(exponential(1_000_000).spec);
  expect(sampleLatency(exponentialTable, 0)).toBe(0);
  // The last draw stands for the middle of its share: −ln(2^-33) = 22.87 means.
  expect(Math.abs(sampleLatency(exponentialTable, -1) - 33 * Math.log(2) * 1e6)).toBeLessThan(5);
});

test('small values round to the nearest µs', () => {
  const table = buildLatencyTable({ type: 'uniform', minUs: 0, maxUs: 2 });
  // 0, 1 and 2 take a quarter, a half and a quarter.
  const at = (share: number) => sampleLatency(table, share * 2 ** 32);
  expect([0, 0.2499, 0.2501, 0.7499, 0.7501, 0.9999].map(at)).toEqual([0, 0, 1, 1, 2, 2]);
  expect(meanUs(table)).toBeCloseTo(1, 9);
});

function hashOf(table: LatencyTable): string {
  let hash = 0x811c9dc5;
  for (const part of [table.cells, table.stretches, Int32Array.of(table.constantUs, 1 / table.unitUs)]) {
    for (const word of part) hash = Math.imul(hash ^ word, 0x0100_0193) ^ (hash >>> 15);
  }
  return (hash >>> 0).toString(16);
}

test('tables are pinned: every engine and every release builds the same', () => {
  const tables = Object.fromEntries(
    [
      ...Object.entries(LAWS).map(([name, law]) => [name, law.spec] as const),
      ['measured', measured] as const,
      ['log-normal', { type: 'log-normal', medianUs: 500, p99Us: 5_000 }] as const,
      [
        'log-normal or constant',
        {
          type: 'mixture',
          components: [
            { weight: 0.99, latency: { type: 'log-normal', medianUs: 500, sigma: 0.7 } },
            { weight: 0.01, latency: { type: 'constant', delayUs: 100_000 } },
          ],
        },
      ] as const,
    ].map(([name, latency]) => [name, hashOf(buildLatencyTable(latency))]),
  );
  expect(tables).toMatchInlineSnapshot(`
    {
      "LNKD-DISK W": "79762531",
      "LNKD-SSD": "622c900b",
      "Pareto 1.2": "4b8969b8",
      "Pareto 4": "6426702e",
      "YMMR A=R=S": "d2817e25",
      "YMMR W": "64c7720",
      "exponential": "ece22253",
      "log-normal": "375b4791",
      "log-normal or constant": "1d3abb05",
      "measured": "dbf57945",
      "scaled Pareto": "f177c7c5",
      "shifted exponential": "82aef0f6",
      "uniform": "3325de9",
    }
  `);
});

test('tables are shared by specification', () => {
  const tables = new LatencyTables();
  expect(tables.of({ type: 'constant', delayUs: 5 })).toBe(tables.of({ type: 'constant', delayUs: 5 }));
  expect(tables.of({ type: 'constant', delayUs: 6 })).not.toBe(tables.of({ type: 'constant', delayUs: 5 }));
});

test('a table is plain data', () => {
  const table = buildLatencyTable(LAWS['LNKD-DISK W']!.spec);
  const clone = structuredClone(table);
  for (const bits of [0, 5, 1e9, 3e9, -1])
    expect(sampleLatency(clone, bits)).toBe(sampleLatency(table, bits));
});

test('problems name the path, what was found and what was expected', () => {
  const wrong: LatencySpec = {
    type: 'mixture',
    components: [
      { weight: 0, latency: { type: 'constant', delayUs: -1 } },
      { weight: 1, latency: { type: 'scaled', of: { type: 'pareto', scaleUs: 1, shape: 0 }, factor: -1 } },
      { weight: 1, latency: { type: 'uniform', minUs: 3, maxUs: 2 } },
      { weight: 1, latency: { type: 'log-normal', medianUs: 3, p99Us: 2 } },
      {
        weight: 1,
        latency: {
          type: 'empirical',
          points: [
            { percentile: 50, delayUs: 3 },
            { percentile: 50, delayUs: 2 },
          ],
        },
      },
    ],
  };
  const lines = latencyProblems(wrong).map(
    ({ path, found, expected }) => `${path.join('.')}: ${found}, not ${expected}`,
  );
  expect(lines).toMatchInlineSnapshot(`
    [
      "components.0.weight: 0, not a number above 0",
      "components.0.latency.delayUs: -1, not a duration from 0 to 2147 s",
      "components.1.latency.factor: -1, not a number from 0 to 1000000",
      "components.1.latency.of.shape: 0, not a number above 0",
      "components.2.latency.maxUs: 2, not at least minUs, 3",
      "components.3.latency.p99Us: 2, not at least medianUs, 3",
      "components.4.latency.points.1.percentile: 50, not more than the one before, 50",
      "components.4.latency.points.1.delayUs: 2, not at least the one before, 3",
    ]
  `);
  expect(() => buildLatencyTable(wrong)).toThrow(
    'latency components.0.weight is 0, expected a number above 0',
  );
  expect(() => buildLatencyTable({ type: 'mixture', components: [] })).toThrow('latency components is empty');
});

test('describeLatency speaks in milliseconds', () => {
  const lines = [
    ...Object.values(LAWS).map((law) => law.spec),
    measured,
    { type: 'constant', delayUs: 500 } as const,
    { type: 'log-normal', medianUs: 500, p99Us: 5_000 } as const,
    { type: 'log-normal', medianUs: 500, sigma: 1 } as const,
    { type: 'scaled', of: { type: 'constant', delayUs: 2_000 }, factor: 3, shiftUs: -1_000 } as const,
  ].map(describeLatency);
  expect(lines).toMatchInlineSnapshot(`
    [
      "91.22% (Pareto, at least 0.235 ms, shape 10) or 8.78% (exponential, mean 0.602 ms)",
      "38% (Pareto, at least 1.05 ms, shape 1.51) or 62% (exponential, mean 5.464 ms)",
      "93.9% (Pareto, at least 3 ms, shape 3.5) or 6.1% (exponential, mean 357.143 ms)",
      "98.2% (Pareto, at least 1.5 ms, shape 3.8) or 1.8% (exponential, mean 46.083 ms)",
      "exponential, mean 10 ms",
      "exponential, mean 10 ms, plus 75 ms",
      "Pareto, at least 2 ms, shape 1.2",
      "Pareto, at least 100 ms, shape 4",
      "evenly 150 ms to 300 ms",
      "half of (Pareto, at least 100 ms, shape 4) plus 75 ms",
      "measured, p50 109 ms, p75 111 ms, p95 114 ms, p99 118 ms, p99.9 154 ms, p99.99 192 ms",
      "always 0.5 ms",
      "log-normal, median 0.5 ms, p99 5 ms",
      "log-normal, median 0.5 ms, sigma 1",
      "3 times (always 2 ms) minus 1 ms",
    ]
  `);
});

test('quantileUs refuses shares outside 0 … 1', () => {
  const table = buildLatencyTable({ type: 'constant', delayUs: 1 });
  for (const wrong of [-0.1, 1.1, Number.NaN]) expect(() => quantileUs(table, wrong)).toThrow(RangeError);
});
