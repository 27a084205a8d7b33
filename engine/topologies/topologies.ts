/** Every topology a scenario may name: how its settings are read. Their clusters are made in `clusters.ts`. */

import type { Problem } from '../scenario/problems.ts';
import type { HelperSpec, NodeSpec, TopologySpec } from '../scenario/scenario.ts';
import type { TopologyDocument } from '../scenario/schema.ts';
import { leaderFollowerHelpers, leaderFollowerSpec } from './leader-follower/spec.ts';

export function topologySpec(
  topology: TopologyDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
): TopologySpec {
  switch (topology.type) {
    case 'leader-follower':
      return leaderFollowerSpec(topology, nodes, problems);
  }
}

/** Actors beside the nodes, and where the scenario says where they run. */
export function topologyHelpers(
  topology: TopologyDocument,
  nodes: readonly NodeSpec[],
): (HelperSpec & { readonly path: Problem['path'] })[] {
  switch (topology.type) {
    case 'leader-follower':
      return leaderFollowerHelpers(topology, nodes);
  }
}
