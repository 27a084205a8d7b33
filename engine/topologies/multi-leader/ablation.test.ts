/** Rules left out one at a time: what the checks then see. */

import { describe, expect, test } from 'vitest';
import type { NodeKind } from '../../kernel/protocol.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { newCluster } from '../clusters.ts';
import type { MultiLeaderCluster } from './cluster.ts';
import { leaderKind } from './kinds.ts';
import type { Leader } from './leader.ts';
import { CHANGE, CONTEXT, HAVE, MISSED, originIn } from './messages.ts';
import { leadersIn, run, verdict } from './run.test-support.ts';

/** A run whose leaders are of another kind. */
function runWith(source: ScenarioSource, kind: NodeKind<Leader>, untilMs = 60_000) {
  const simulation = new Simulation(parseScenario(source), 1, undefined, (spec, size, surroundings) => {
    const cluster = newCluster(spec, size, surroundings) as MultiLeaderCluster;
    for (const member of cluster.members)
      (member as { kind: NodeKind<unknown> }).kind = kind as NodeKind<unknown>;
    return cluster;
  });
  simulation.advanceTo(untilMs * 1000);
  return simulation;
}

const ring = leadersIn(4, { exchange: 'ring' }, { durationMs: 500 });
const applied = ({ cluster }: Simulation) =>
  (cluster as MultiLeaderCluster).leaders.map((leader) =>
    leader.applied.reduce((sum, each) => sum + each, 0),
  );

test('the whole rules, by the same road: every leader has every change once', () => {
  const simulation = runWith(ring, leaderKind);
  const made = simulation.report().operations.write.ok;
  expect(made).toBeGreaterThan(20);
  expect(applied(simulation)).toEqual([made, made, made, made]);
});

test('without dropping what is known, changes go round among all but their author, and are applied again and again', () => {
  const pairs = ['ab', 'ac', 'ad', 'bc', 'bd', 'cd'].map(([from, to]) => ({ from: from!, to: to! }));
  const mesh = leadersIn(4, { exchange: { edges: pairs } }, { durationMs: 200 });
  const forgetful: NodeKind<Leader> = {
    onInput(node, input, out) {
      // It takes whatever comes for the next of its author's, and drops its own.
      if (input.kind === CHANGE && originIn(input.b) === node.self) return;
      if (input.kind === CHANGE) input.a = node.seen[originIn(input.b)]! + 1;
      leaderKind.onInput(node, input, out);
    },
  };
  const whole = runWith(mesh, leaderKind, 1000);
  const made = whole.report().operations.write.ok;
  expect(applied(whole)).toEqual([made, made, made, made]);
  expect(Math.max(...applied(runWith(mesh, forgetful, 1000)))).toBeGreaterThan(2 * made);
});

describe('a lossy link', () => {
  const base = leadersIn(3, {}, { durationMs: 1000 });
  const lossy: ScenarioSource = {
    ...base,
    network: { ...base.network, between: base.network!.between!.map((each) => ({ ...each, loss: 0.05 })) },
  };

  test('with neither word of what is missing nor of what has come, changes stay lost', () => {
    expect(verdict(run(lossy).report, 'divergence').result).toBe('ok');
    const deaf: NodeKind<Leader> = {
      onInput(node, input, out) {
        // Whoever takes silence for success never sends again.
        if (input.kind === MISSED) return;
        if (input.kind === HAVE) input.b = node.applied[node.self]!;
        leaderKind.onInput(node, input, out);
      },
    };
    const simulation = runWith(lossy, deaf);
    expect(new Set(applied(simulation)).size).toBeGreaterThan(1);
  });
});

test('without contexts authors seem to have seen nothing of each other, and every turn taken is a conflict', () => {
  const blind: NodeKind<Leader> = {
    onInput(node, input, out) {
      if (input.kind === CONTEXT) input.b = input.c = input.d = input.e = 0;
      leaderKind.onInput(node, input, out);
    },
  };
  // One write at a time, each after everybody has heard of the one before.
  const inTurn = leadersIn(
    2,
    {},
    {
      durationMs: 4000,
      workload: {
        clients: ['a', 'b'].map((id, index) => ({
          id: `at-${id}`,
          region: `in-${id}`,
          writesPerSecond: 4,
          fromMs: index * 125,
        })),
        arrivals: 'regular',
        keys: { count: 1 },
      },
    },
  );
  expect(runWith(inTurn, leaderKind).report().multiLeader!.conflicts.all).toBe(0);
  expect(runWith(inTurn, blind).report().multiLeader!.conflicts.all).toBeGreaterThan(10);
});
