/** Topologies that are not made of others: how their settings are read. */

import type { Problem } from '../scenario/problems.ts';
import type { HelperSpec, NodeSpec, PlainTopologySpec } from '../scenario/scenario.ts';
import { certificationSpec } from './certification/spec.ts';
import { consensusSpec } from './consensus/spec.ts';
import { leaderFollowerHelpers, leaderFollowerSpec } from './leader-follower/spec.ts';
import { leaderlessSpec } from './leaderless/spec.ts';
import type { MultiLeaderDocument } from './multi-leader/schema.ts';
import { multiLeaderSpec } from './multi-leader/spec.ts';
import type { ShardedDocument } from './sharded/schema.ts';

type PlainTopologyDocument = ShardedDocument['of'] | MultiLeaderDocument;

/** `path` is where the scenario has the settings. */
export function plainTopologySpec(
  topology: PlainTopologyDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): PlainTopologySpec {
  switch (topology.type) {
    case 'leader-follower':
      return leaderFollowerSpec(topology, nodes, problems, path);
    case 'consensus':
      return consensusSpec(topology, nodes, problems, path);
    case 'certification':
      return certificationSpec(topology, nodes, problems, path);
    case 'leaderless':
      return leaderlessSpec(topology, nodes, problems, path);
    case 'multi-leader':
      return multiLeaderSpec(topology, nodes, problems, path);
  }
}

/** Actors beside the nodes, and where the scenario says where they run. */
export function plainTopologyHelpers(
  topology: PlainTopologyDocument,
  nodes: readonly NodeSpec[],
  path: Problem['path'],
): (HelperSpec & { readonly path: Problem['path'] })[] {
  switch (topology.type) {
    case 'leader-follower':
      return leaderFollowerHelpers(topology, nodes, path);
    case 'consensus':
    case 'certification':
    case 'leaderless':
    case 'multi-leader':
      return [];
  }
}
