/**
 * After heal and drain all leaders show the same, whatever order changes came in: random runs over resolvers, exchanges,
 * clocks, causal delivery, unreliable links and faults. Two rules are left out: `arrival-order`, which differs by design,
 * and `pgd` with deletes or clocks that differ, which skips what it should not.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import { open } from '../../run/player.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { randomRun } from './random-leaders.test-support.ts';

test('after heal and drain all leaders show the same', () => {
  let conflicts = 0;
  let writes = 0;
  fc.assert(
    fc.property(randomRun, (source) => {
      const { verdicts, multiLeader, operations } = simulate(parseScenario(source));
      conflicts += multiLeader!.conflicts.all;
      writes += operations.write.ok;
      const broken = verdicts.filter(
        ({ name, result }) => (name === 'divergence' || name === 'lost-writes') && result !== 'ok',
      );
      expect(broken).toEqual([]);
    }),
    { numRuns: runsOf({ full: 10_000, reduced: 150 }) },
  );
  // It would be easy to agree on nothing.
  expect(conflicts).toBeGreaterThan(100);
  expect(writes).toBeGreaterThan(1000);
});

test('a run is one run: watched or not, in one go or in steps', () => {
  fc.assert(
    fc.property(randomRun, fc.integer({ min: 1, max: 70 }), (source, stepMs) => {
      const scenario = parseScenario(source);
      const whole = simulate(scenario);
      const watched = simulate(scenario, { observe: () => {} });
      const player = open(scenario);
      for (let atMs = 0; !player.done; atMs += stepMs) {
        player.advanceTo(atMs);
        player.view();
      }
      for (const other of [watched, player.report()])
        expect(JSON.stringify(other)).toBe(JSON.stringify(whole));
    }),
    { numRuns: 25 },
  );
});
