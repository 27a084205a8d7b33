/** Models of scenarios: each rule broken and kept, what must have been seen for it to count, and the same verdicts by `find`. */

import { describe, expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource, VerdictName } from '../scenario/schema.ts';
import { explore } from './explore.ts';
import { find } from './find.ts';
import { leaders, quorums, raft, replicated } from './healthy.test-support.ts';
import type { ModelBounds } from './model.ts';
import { scenarioModel } from './scenario-model.ts';

const bounds: ModelBounds = {
  writes: 1,
  crashes: 0,
  losses: 0,
  restarts: false,
  terms: 1,
};

function explored(
  source: ScenarioSource,
  {
    check = '',
    depth = 100,
    states = 150_000,
    ...more
  }: Partial<ModelBounds> & {
    check?: string;
    depth?: number;
    states?: number;
  } = {},
) {
  const model = scenarioModel(parseScenario(source), { ...bounds, ...more });
  const checks = model.checks.filter(({ name }) => check === '' || name === check);
  expect(checks).not.toHaveLength(0);
  return explore(model, { depth, states, checks, sometimes: model.sometimes });
}

const quick = (source: ScenarioSource): ScenarioSource => ({
  ...source,
  durationMs: 500,
});

interface Pair {
  readonly verdict: VerdictName;
  readonly broken: ScenarioSource;
  readonly sound: ScenarioSource;
}

const pairs: readonly Pair[] = [
  {
    verdict: 'new-old-inversions',
    broken: quorums({ readRepair: 'none' }),
    sound: quorums({ readRepair: 'blocking' }),
  },
  {
    verdict: 'divergence',
    broken: quick(leaders({ resolve: 'arrival-order' })),
    sound: quick(leaders({ resolve: 'last-writer' })),
  },
  {
    verdict: 'update-before-insert',
    broken: quick(leaders({ causal: false })),
    sound: quick(leaders({ causal: true })),
  },
];

describe.each(pairs)('$verdict', ({ verdict, broken, sound }) => {
  test('some order violates it, and find finds one too', async () => {
    const { result, violation } = explored(broken, { check: verdict });
    expect([result, violation!.check]).toEqual(['violation', verdict]);
    expect(
      await find(broken, {
        violates: verdict,
        budget: 1000,
        maxFaults: 2,
        seed: 1,
      }),
    ).toMatchObject({
      found: true,
    });
  });

  test('with the other setting no order does, and find finds none', async () => {
    const { result, complete, sometimes } = explored(sound, { check: verdict });
    expect([result, complete]).toEqual(['ok', true]);
    for (const { name, depth } of sometimes) expect([name, depth]).not.toEqual([name, null]);
    expect(
      await find(sound, {
        violates: verdict,
        budget: 25,
        maxFaults: 2,
        seed: 1,
      }),
    ).toMatchObject({
      found: false,
    });
  });
});

test('leader and followers: a crash loses a write that only the leader had; with one follower who confirms it does not', () => {
  const crash = { crashes: 1, check: 'lost-writes' };
  expect(explored(replicated({ acknowledgement: 'asynchronous' }), crash).result).toBe('violation');
  const sound = explored(replicated({ acknowledgement: 'semi-synchronous' }), {
    ...crash,
    depth: 14,
  });
  expect(sound.result).toBe('ok');
});

test('Raft: one leader a term, and what is committed stays, as far as the budget of states reaches', () => {
  const { violation, sometimes } = explored(raft, { writes: 0, states: 60_000 });
  expect(violation).toBeNull();
  expect(sometimes.find(({ name }) => name === 'a server leads a newer term')!.depth).not.toBeNull();
});

test('a pass that has not seen what it should is empty', () => {
  const { result, sometimes } = explored(quick(leaders({})), { depth: 3 });
  expect(result).toBe('empty');
  expect(sometimes).toContainEqual({
    name: 'all leaders have both writes',
    depth: null,
  });
});

test('progress is told, and may end the search', () => {
  const model = scenarioModel(parseScenario(raft), { ...bounds, terms: 2 });
  const told: number[] = [];
  const coverage = explore(model, {
    depth: 100,
    states: 1_000_000,
    checks: model.checks,
    onProgress: (unique) => {
      told.push(unique);
      return told.length < 2;
    },
  });
  expect(coverage).toMatchObject({
    result: 'unknown',
    complete: false,
    unique: told[1],
  });
});

test('refuses what it has no model of, and says where', () => {
  const refused = (source: ScenarioSource) => () => scenarioModel(parseScenario(source), bounds);
  const token = {
    heartbeatMs: 50,
    timeoutMs: 150,
    electionMs: 50,
    fencing: 'token',
  } as const;
  expect(refused(replicated({ failover: token }))).toThrow('topology.failover');
  expect(
    refused(
      replicated({
        acknowledgement: {
          synchronousCommit: 'on',
          synchronousStandbyNames: 'b',
        } as never,
      }),
    ),
  ).toThrow();
  const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id }));
  expect(refused({ ...raft, cluster: { nodes: six } })).toThrow('found 6 nodes');
});
