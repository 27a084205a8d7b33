/** A sharded topology's settings, resolved: which nodes hold each shard, and how the shard replicates. */

import { type Problem, unknownName } from '../../scenario/problems.ts';
import type { HelperSpec, NodeSpec, PlainTopologySpec } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import type { ReadRemedies } from '../../workload/users.ts';
import { plainTopologyHelpers, plainTopologySpec } from '../plain.ts';
import { placeShards } from './placement.ts';
import type { ShardedDocument } from './schema.ts';

export interface ShardedSpec {
  readonly type: 'sharded';
  readonly reads: ReadRoute;
  readonly balance: Balance;
  readonly remedies: ReadRemedies | null;
  readonly shards: readonly ShardSpec[];
}

export interface ShardSpec {
  /** Its replicas, as indices into the scenario's nodes; the topology counts them from 0. */
  readonly nodes: readonly number[];
  readonly topology: PlainTopologySpec;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function shardedSpec(
  topology: ShardedDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
): ShardedSpec {
  const { of } = topology;
  if ('leader' in of && of.leader !== undefined) {
    problems.push({
      path: ['topology', 'of', 'leader'],
      found: of.leader,
      expected: 'nothing: each shard has a leader of its own',
      hint: 'leaderRegions says where leaders are',
    });
  }
  if (of.type === 'leaderless' && of.versions !== 'lww') {
    problems.push({
      path: ['topology', 'of', 'versions'],
      found: of.versions,
      expected: 'lww: clocks of several shards are not told apart',
    });
  }
  const shards = placed(topology, nodes, problems).map((replicas) => ({
    nodes: replicas,
    topology: plainTopologySpec(
      of.type === 'leader-follower' ? { ...of, leader: undefined } : of,
      replicas.map((node) => nodes[node]!),
      problems,
      ['topology', 'of'],
    ),
  }));
  // Clients read every shard alike. Without shards there are problems, and nobody reads.
  const first = shards[0]?.topology;
  return {
    type: topology.type,
    reads: first?.reads ?? 'leader',
    balance: first !== undefined && 'balance' in first ? first.balance : 'random',
    remedies: first !== undefined && 'remedies' in first ? first.remedies : null,
    shards,
  };
}

/** Helpers of every shard, by shard. */
export function shardedHelpers(
  topology: ShardedDocument,
  nodes: readonly NodeSpec[],
): (HelperSpec & { readonly path: Problem['path'] })[] {
  return placed(topology, nodes, []).flatMap((replicas, shard) =>
    plainTopologyHelpers(
      topology.of,
      replicas.map((node) => nodes[node]!),
      ['topology', 'of'],
    ).map((helper) => ({ ...helper, name: memberName(helper.name, shard) })),
  );
}

/** What a shard's member is called: `a/0` is the replica of shard 0 on node a. */
export function memberName(name: string, shard: number): string {
  return `${name}/${shard}`;
}

/** Where a member runs, by its name: the same place for those of all shards. No other name has a slash. */
export function placeOf(member: string): string {
  return member.split('/')[0]!;
}

function placed(
  { shards, replicas, leaderRegions }: ShardedDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
): number[][] {
  const regions = nodes.map(({ region }) => region);
  const count = replicas ?? Math.min(3, nodes.length);
  if (count > nodes.length) {
    problems.push({
      path: ['topology', 'replicas'],
      found: String(count),
      expected: `at most as many as there are nodes, ${nodes.length}`,
    });
    return [];
  }
  const known = [...new Set(regions)];
  const unknown = (leaderRegions ?? []).flatMap((region, index) =>
    known.includes(region)
      ? []
      : [unknownName(region, 'a region with a node', known, ['topology', 'leaderRegions', index])],
  );
  problems.push(...unknown);
  if (unknown.length > 0) return [];
  const placement = placeShards(regions, shards, count, leaderRegions);
  const idle = nodes.filter((_, node) => !placement.some((shard) => shard.includes(node)));
  if (idle.length > 0) {
    problems.push({
      path: ['topology', 'shards'],
      found: `${shards} of ${count} replicas, none of them on ${idle.map(({ id }) => id).join(', ')}`,
      expected: 'every node to hold a replica',
      hint: 'more shards, more replicas, leaders in more regions, or fewer nodes',
    });
  }
  return placement;
}
