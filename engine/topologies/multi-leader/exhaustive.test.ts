/** Every order in which changes, confirmations and syncs may come, for one write at each leader at any time. */

import { describe, expect, test } from 'vitest';
import { explore } from '../../explore/explore.ts';
import type { Check, Model } from '../../explore/model.ts';
import { type NodeKind, TIMER, WRITE } from '../../kernel/protocol.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { MultiLeaderCluster } from './cluster.ts';
import { isHidden } from './constraints.ts';
import type { Leader } from './leader.ts';
import { SHOWN_VALUE } from './rows.ts';
import type { MultiLeader } from './run.test-support.ts';
import type { MultiLeaderSpec } from './spec.ts';

/** Asks each of some leaders once, at any time: all for one key, or each for one of its own. */
const client = (asked: readonly number[], keys: number): NodeKind<{ asked: number }> => ({
  onInput(state, input, out) {
    if (input.kind === TIMER) {
      state.asked++;
      out.send(input.a, WRITE, 0, input.a + 1, input.a % keys, 0, 0, 100);
    } else if (input.kind < TIMER) for (const leader of asked) out.startTimer(leader, 1000);
  },
});

function modelOf(
  leaders: number,
  topology: Partial<MultiLeader>,
  asked: readonly number[] = [0, 1, 2],
  keys = 1,
): Model {
  const names = ['a', 'b', 'c'].slice(0, leaders);
  const scenario = parseScenario({
    id: 'model',
    durationMs: 1,
    cluster: { nodes: names.map((id) => ({ id })) },
    topology: { type: 'multi-leader', ...topology },
    workload: { clients: [{}], keys: { count: keys } },
  } as ScenarioSource);
  const { members } = new MultiLeaderCluster(
    scenario.topology as MultiLeaderSpec,
    { replicas: leaders, keys, nodes: scenario.nodes, clients: [leaders] },
    { names } as never,
  );
  return {
    actors: [
      ...members.map(({ kind, state, timers }, node) => ({
        name: names[node]!,
        kind,
        state,
        timers: Array.from({ length: timers }, (_, slot) => ({ name: `${slot}`, fires: 'never' as const })),
      })),
      {
        name: 'client',
        kind: client(
          asked.filter((leader) => leader < leaders),
          keys,
        ) as NodeKind<unknown>,
        state: { asked: 0 },
        timers: names.map((name) => ({ name: `the write at ${name}`, fires: 'any time' as const })),
      },
    ],
    settled: true,
  };
}

/** Where everybody has everything, everybody shows the same. */
const agrees = (leaders: number): Check => ({
  name: 'leaders that have applied the same show the same',
  broken: (state) => {
    const all = Array.from({ length: leaders }, (_, leader) => state.stateOf(leader) as Leader);
    const isThrough = all.every(({ applied }) => applied.every((count) => count === 1));
    if (!isThrough) return null;
    const shown = all.map(({ rows }) => rows.cells[SHOWN_VALUE]!);
    return new Set(shown).size === 1 ? null : `they show ${shown.join(', ')}`;
  },
});

const exploreAll = (leaders: number, topology: Partial<MultiLeader>) =>
  explore(modelOf(leaders, topology), {
    depth: 200,
    states: 300_000,
    checks: [agrees(leaders)],
  });

describe('two leaders, a write at each, at any time', () => {
  test.each<NonNullable<MultiLeader['resolve']>>([
    'last-writer',
    'first-writer',
    'keep-both',
    'max',
    'union',
    'pn-counter',
    'add-wins-set',
    'mv-register',
    { merge: 'smallest' },
  ])('%j: in every order both end with the same', (resolve) => {
    for (const causal of [false, true]) {
      const found = exploreAll(2, { resolve, causal });
      expect([found.result, found.complete, found.violation]).toEqual(['ok', true, null]);
      expect(found.unique).toBeGreaterThan(50);
    }
  });

  test('in the order of arrival: some order leaves them different', () => {
    expect(exploreAll(2, { resolve: 'arrival-order' }).result).toBe('violation');
  });

  test('by a merge function to which it matters which comes: every order that is through does', () => {
    expect(exploreAll(2, { resolve: { merge: 'what-is-there' } }).result).toBe('violation');
  });

  test('two rows with one value: in every order both show the same one', () => {
    const topology = { unique: { values: 1 } };
    const bothKnown: Check = {
      name: 'of two rows with one value both leaders show the same one',
      broken: (state) => {
        const [one, other] = [0, 1].map((leader) => state.stateOf(leader) as Leader) as [Leader, Leader];
        if (![one, other].every(({ applied }) => applied.every((count) => count === 1))) return null;
        const shown = [one, other].map((leader) =>
          [0, 1].filter((key) => !isHidden(leader, leader.settings.tables[0]!, key)).join(),
        );
        return shown[0] === shown[1] && shown[0]!.length === 1 ? null : `they show ${shown.join(' and ')}`;
      },
    };
    const found = explore(modelOf(2, topology, [0, 1], 2), {
      depth: 200,
      states: 300_000,
      checks: [bothKnown],
    });
    expect([found.result, found.complete, found.violation]).toEqual(['ok', true, null]);
    expect(found.unique).toBeGreaterThan(50);
  });
});

/** Truth row T6, over every order. */
describe('three leaders, a write at the first and one at the last, at any time', () => {
  const effectFirst: Check = {
    name: 'no effect before its cause',
    broken: (state) => {
      const { applied, appliedVectors } = state.stateOf(1) as Leader;
      return applied[2] === 1 && appliedVectors[2 * 3] === 1 && applied[0] === 0
        ? 'b has what c wrote upon a’s write, and not that'
        : null;
    },
  };
  const exploreTwo = (causal: boolean) =>
    explore(modelOf(3, { causal }, [0, 2]), {
      depth: 200,
      states: 150_000,
      checks: [effectFirst, agrees(3)],
    });

  test('without causal delivery some order shows the effect first', () => {
    expect(exploreTwo(false)).toMatchObject({ result: 'violation' });
  });

  test('with it none does', () => {
    const found = exploreTwo(true);
    expect([found.result, found.complete, found.violation]).toEqual(['ok', true, null]);
    expect(found.unique).toBeGreaterThan(5_000);
  });
});
