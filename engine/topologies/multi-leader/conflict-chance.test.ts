/**
 * How often two leaders' writes of one key are in conflict: as the closed form says, for any lag and any rates. A write is in
 * conflict where its arrival finds a write that its author had not seen. Syllabus S-C11.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conflictingWritesPerSecond } from '../../conflicts/conflict-chance.ts';
import { runsOf } from '../../full-size.test-support.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';

const durationMs = 60_000;

function scenarioOf(lagMs: number, rates: readonly [number, number]) {
  return parseScenario({
    id: 'writers-of-one-key',
    durationMs,
    cluster: {
      nodes: [
        { id: 'a', region: 'east' },
        { id: 'b', region: 'west' },
      ],
      defaults: { disk: { fsync: 0 } },
    },
    network: { within: { latency: 0 }, between: [{ from: 'east', to: 'west', latency: lagMs }] },
    topology: { type: 'multi-leader' },
    workload: {
      clients: [
        { id: 'in-the-east', region: 'east', writesPerSecond: rates[0] },
        { id: 'in-the-west', region: 'west', writesPerSecond: rates[1] },
      ],
      keys: { count: 1 },
    },
  });
}

test('the share of writes in conflict is that of the closed form', () => {
  const runs = runsOf({ full: 40, reduced: 6 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (lagMs, one, other) => {
        const scenario = scenarioOf(lagMs, [one, other]);
        const counts = Array.from(
          { length: 12 },
          (_, seed) => simulate(scenario, { seed }).multiLeader!.detections,
        );
        const mean = counts.reduce((sum, each) => sum + each, 0) / counts.length;
        const variance =
          counts.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (counts.length - 1) / counts.length;
        const expected =
          (conflictingWritesPerSecond({ writesPerSecond: [one, other], lagMs, lag: 'constant' }) *
            durationMs) /
          1000;
        // Twelve runs, so Student's t with 11 degrees of freedom: beyond 9 once in 10^6. A count of few is at least Poisson's.
        const spread = Math.sqrt(Math.max(variance, expected / counts.length / 2));
        expect(Math.abs(mean - expected)).toBeLessThan(9 * spread + 1);
      },
    ),
    { numRuns: runs },
  );
});
