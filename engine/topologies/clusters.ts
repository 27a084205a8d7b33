/** Every topology a scenario may name, as a cluster. In a page `clusters-in-page.ts` stands in for this file. */
import type { Scenario, TopologySpec } from '../scenario/scenario.ts';
import { CertificationCluster } from './certification/cluster.ts';
import type { Cluster, ClusterSize, Surroundings } from './cluster.ts';
import { ConsensusCluster } from './consensus/cluster.ts';
import { LeaderFollowerCluster } from './leader-follower/cluster.ts';
import { LeaderlessCluster } from './leaderless/cluster.ts';
import { MultiLeaderCluster } from './multi-leader/cluster.ts';
import { ShardedCluster } from './sharded/cluster.ts';

/** The cluster of a scenario's topology, ready to start. */
export function newCluster(spec: TopologySpec, size: ClusterSize, run: Surroundings): Cluster {
  switch (spec.type) {
    case 'leader-follower':
      return new LeaderFollowerCluster(spec, size, run);
    case 'sharded':
      return new ShardedCluster(spec, size, run, newCluster);
    case 'consensus':
      return new ConsensusCluster(spec, size, run);
    case 'certification':
      return new CertificationCluster(spec, size, run);
    case 'leaderless':
      return new LeaderlessCluster(spec, size, run);
    case 'multi-leader':
      return new MultiLeaderCluster(spec, size, run);
  }
}

/**
 * Fetches what running these scenarios needs; null where it is all here, as it is everywhere but in a page. A page must await it
 * before it opens any of them.
 */
export function fetchClusters(_scenarios: readonly Pick<Scenario, 'topology'>[]): Promise<void> | null {
  return null;
}
