/** A small model of a scenario: its nodes and its topology's settings; time, links and workload give way to choices. */

import { InputError } from '../scenario/problems.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { LeaderFollowerSpec } from '../topologies/leader-follower/spec.ts';
import { consensusModel } from './consensus-model.ts';
import { leaderFollowerModel } from './leader-follower.ts';
import { leaderlessModel } from './leaderless-model.ts';
import type { CheckedModel, ModelBounds } from './model.ts';
import { multiLeaderModel } from './multi-leader-model.ts';

/** More nodes than these have more states than anybody waits for. */
const nodesMost = 5;

/** Throws InputError for a scenario that has no model. */
export function scenarioModel(scenario: Scenario, bounds: ModelBounds): CheckedModel {
  const { topology, nodes } = scenario;
  if (nodes.length < 2 || nodes.length > nodesMost)
    throw refused(
      ['cluster', 'nodes'],
      `${nodes.length} nodes`,
      `2 to ${nodesMost}, so that all states can be visited`,
    );
  switch (topology.type) {
    case 'leader-follower':
      return leaderFollowerModel({
        replicas: nodes.length,
        acknowledgement: acknowledgementIn(topology),
        writes: bounds.writes,
        crashes: bounds.crashes,
        losses: bounds.losses,
        restarts: bounds.restarts,
        elections: bounds.terms,
      });
    case 'consensus':
      return consensusModel(scenario, bounds);
    case 'leaderless':
      return leaderlessModel(scenario, bounds);
    case 'multi-leader':
      return multiLeaderModel(scenario, bounds);
    default:
      throw refused(
        ['topology', 'type'],
        topology.type,
        'leader-follower, consensus, leaderless or multi-leader, of which there are models',
      );
  }
}

function acknowledgementIn({ acknowledgement, fencing, observers, leaderKey }: LeaderFollowerSpec) {
  const known = ['asynchronous', 'semi-synchronous', 'synchronous'] as const;
  const plain = known.find((each) => each === acknowledgement);
  if (plain === undefined)
    throw refused(
      ['topology', 'acknowledgement'],
      JSON.stringify(acknowledgement),
      `one of ${known.join(', ')}`,
    );
  if (fencing !== 'none' || observers > 1 || leaderKey !== null)
    throw refused(
      ['topology', 'failover'],
      'fencing, several observers or a leader key',
      'one manager and no fencing',
    );
  return plain;
}

function refused(path: readonly string[], found: string, expected: string): InputError {
  return new InputError('scenario', [{ path: [...path], found, expected, hint: 'find runs every scenario' }]);
}
