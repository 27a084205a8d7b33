import { expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import { leaders, replicated } from './healthy.test-support.ts';
import { findPar } from './par.ts';

/** What a reader of a lab may do. */
const byHand = { kinds: ['crash', 'pause', 'cut'], spread: false, maxFaults: 2, seed: 1 } as const;

test('a write is lost to one fault where only the leader has it; none without a fault', async () => {
  const source = replicated({ acknowledgement: 'asynchronous' });
  const outcome = await findPar(source, { ...byHand, violates: 'lost-writes', budget: 200 });
  if (!outcome.found) throw new Error('nothing found');
  expect(outcome.par).toBe(1);
  expect(outcome.below).toHaveLength(1);
  expect(outcome.below[0]!.withoutFaults).toBe(outcome.below[0]!.schedules);
  const { verdicts } = simulate(parseScenario(outcome.scenario));
  expect(verdicts).toContainEqual(outcome.verdict);
});

test('par 0 where it breaks by itself; none where nothing was found, with what was looked at below', async () => {
  const arrival = leaders({ resolve: 'arrival-order' });
  expect(await findPar(arrival, { ...byHand, violates: 'divergence', budget: 30 })).toMatchObject({
    par: 0,
    below: [],
  });
  const sound = replicated({ acknowledgement: 'synchronous' });
  const budget = runsOf({ full: 200, reduced: 30 });
  const outcome = await findPar(sound, { ...byHand, violates: 'lost-writes', budget });
  expect(outcome.found).toBe(false);
  expect(outcome.below).toHaveLength(2);
});
