/** Every topology a scenario may name: how its settings are read. Their clusters are made in `clusters.ts`. */

import type { Problem } from '../scenario/problems.ts';
import type { HelperSpec, NodeSpec, TopologySpec } from '../scenario/scenario.ts';
import type { TopologyDocument } from '../scenario/schema.ts';
import type { Balance } from '../workload/clients.ts';
import type { Routing } from '../workload/routing.ts';
import type { ReadRemedies } from '../workload/users.ts';
import { plainTopologyHelpers, plainTopologySpec } from './plain.ts';
import { shardedHelpers, shardedSpec } from './sharded/spec.ts';

const path: Problem['path'] = ['topology'];

export function topologySpec(
  topology: TopologyDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
): TopologySpec {
  return topology.type === 'sharded'
    ? shardedSpec(topology, nodes, problems)
    : plainTopologySpec(topology, nodes, problems, path);
}

/** Actors beside the nodes, and where the scenario says where they run. */
export function topologyHelpers(
  topology: TopologyDocument,
  nodes: readonly NodeSpec[],
): (HelperSpec & { readonly path: Problem['path'] })[] {
  return topology.type === 'sharded'
    ? shardedHelpers(topology, nodes)
    : plainTopologyHelpers(topology, nodes, path);
}

/** How clients choose among the replicas they may read, where the topology lets them. */
export function balanceOf(topology: TopologySpec): Balance {
  return 'balance' in topology ? topology.balance : 'random';
}

/** What is done for users who read, where the topology does anything. */
export function remediesOf(topology: TopologySpec): ReadRemedies | null {
  return 'remedies' in topology ? topology.remedies : null;
}

/** How a change of the leader reaches clients; null where they are told at once, or find it by themselves. */
export function routingOf(
  topology: TopologySpec,
): { readonly routing: Routing; readonly hopUs: number } | null {
  return 'routing' in topology ? topology.routing : null;
}
