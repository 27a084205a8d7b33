/**
 * What `find` finds from healthy scenarios, under several search seeds; and that it finds nothing where a setting forbids
 * it, on the same cluster under schedules drawn the same way, though what it looked at includes what the setting is for.
 */

import { describe, expect, test } from 'vitest';
import { isFullSize, runsOf } from '../full-size.test-support.ts';
import { Simulation } from '../run/simulation.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { ConsensusCluster } from '../topologies/consensus/cluster.ts';
import { lowerServer } from '../topologies/consensus/kinds.ts';
import { announce, reachedByMajority } from '../topologies/consensus/leading.ts';
import type { ConsensusSpec } from '../topologies/consensus/spec.ts';
import { type FindOptions, find, type Runner } from './find.ts';
import { deletes, inTurn, leaders, quorums, raft, replicated } from './healthy.test-support.ts';

interface Discovery {
  readonly what: string;
  readonly options: Pick<FindOptions, 'violates' | 'kinds' | 'spread' | 'longestMs'>;
  readonly broken: ScenarioSource;
  readonly sound: ScenarioSource;
  /** What schedules of the sound one must have come to, or nothing is shown. */
  readonly reached: string;
}

const discoveries: readonly Discovery[] = [
  {
    what: 'a lost write under an asynchronous leader; none where it waits for both followers',
    options: { violates: 'lost-writes' },
    broken: replicated({ acknowledgement: 'asynchronous' }),
    sound: replicated({ acknowledgement: 'synchronous' }),
    reached: 'failovers',
  },
  {
    what: 'two leaders without fencing; one with a token that the storage checks',
    options: { violates: 'split-brain' },
    broken: replicated({ acknowledgement: 'asynchronous' }),
    sound: replicated({
      acknowledgement: 'asynchronous',
      failover: { heartbeatMs: 50, timeoutMs: 150, electionMs: 50, fencing: 'token' },
    }),
    reached: 'leaders given up though they ran',
  },
  {
    what: 'the new value and then the old one, though R + W > N; never where reads write back before they answer',
    options: { violates: 'new-old-inversions' },
    broken: quorums({ readRepair: 'none' }),
    sound: quorums({ readRepair: 'blocking' }),
    reached: 'read repairs',
  },
  {
    what: 'leaders that differ for good where the last to arrive wins; none where stamps decide',
    // Whoever is dead for good may have got a change across to some only, which all to all nobody passes on: another matter.
    options: { violates: 'divergence', longestMs: 400 },
    broken: leaders({ resolve: 'arrival-order' }),
    sound: leaders({ resolve: 'last-writer' }),
    reached: 'conflicts',
  },
  {
    what: 'a write thrown away by a clock that is off; none with hybrid clocks',
    // Cuts would make writes concurrent, which is another matter.
    options: { violates: 'discarded-writes', kinds: ['clock-skew'], spread: false },
    broken: inTurn({ stamps: 'clock' }),
    sound: inTurn({ stamps: 'hybrid' }),
    reached: '',
  },
  {
    what: 'an update before its insert; none with causal delivery',
    options: { violates: 'update-before-insert' },
    broken: leaders({ causal: false }),
    sound: leaders({ causal: true }),
    reached: 'changes that waited for their causes',
  },
  {
    what: 'a delete undone once tombstones have gone; none where replicas compare what they hold in time',
    // Three faults in a row are over in less than tombstones stay.
    options: { violates: 'resurrection', longestMs: 250 },
    broken: deletes({}),
    sound: deletes({ antiEntropy: { everyMs: 100 } }),
    reached: 'keys that anti-entropy found to differ',
  },
];

const maxFaults = 3;
const searchSeeds = isFullSize ? [1, 2, 3, 4, 5] : [1];
/** A search of so many schedules takes less than a minute, whichever it is. */
const budget = 3000;

describe.each(discoveries)('$what', ({ options, broken, sound, reached }) => {
  test('found', async ({ annotate }) => {
    const needed: number[] = [];
    for (const seed of searchSeeds) {
      const outcome = await find(broken, { ...options, maxFaults, budget, seed });
      expect(outcome).toMatchObject({ found: true });
      if (outcome.found) needed.push(outcome.runsToFirst);
    }
    await annotate(`runs to the first violation, by search seed: ${needed.join(', ')}`);
  });

  test('none found', async () => {
    const schedules = runsOf({ full: 400, reduced: 40 });
    const outcome = await find(sound, { ...options, maxFaults, budget: schedules, seed: 1 });
    if (outcome.found) throw new Error(JSON.stringify(outcome.faults));
    if (reached !== '') {
      const { runs } = outcome.searched.marks.find(({ name }) => name === reached)!;
      expect(runs).toBeGreaterThan(schedules / 40);
    }
  });
});

/** Raft whose leader counts entries of older terms as committed once a majority holds them (figure 8 of the paper). */
const countingOldTerms = lowerServer((machine) =>
  machine.provide({
    actions: {
      commit: ({ context }) => {
        const { node } = context;
        const lsn = reachedByMajority(node, node.matchLsn, node.flushedLsn);
        if (lsn > node.commitLsn) announce(context, lsn);
      },
    },
  }),
);
const brokenRaft: Runner = (scenario, { seed, observe, ...watching }) => {
  const simulation = new Simulation(
    scenario,
    seed,
    observe,
    (spec, size, run) => new ConsensusCluster(spec as ConsensusSpec, size, run, countingOldTerms),
    watching,
  );
  simulation.finish();
  return simulation.report();
};

describe('Raft: a committed entry that another replaces, if entries of older terms are counted as committed', () => {
  const options = { violates: 'consensus-safety', kinds: ['crash', 'pause', 'cut'], maxFaults: 6 } as const;

  // It takes thousands of schedules: 3,421, 14,533 and so on, by search seed.
  test.runIf(isFullSize)('found', async () => {
    const outcome = await find(raft, { ...options, budget: 25_000, seed: 1 }, brokenRaft);
    expect(outcome).toMatchObject({ found: true });
    if (outcome.found)
      expect(outcome.verdict.witness!.story.join('; ')).toMatch(/lacks an entry|other entries/);
  });

  test('none found with the right rule', async () => {
    const budget = runsOf({ full: 2000, reduced: 60 });
    const outcome = await find(raft, { ...options, budget, seed: 1 });
    if (outcome.found) throw new Error(JSON.stringify(outcome.faults));
    expect(outcome.searched.marks.find(({ name }) => name === 'failovers')!.runs).toBeGreaterThan(budget / 4);
  });
});
