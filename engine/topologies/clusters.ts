import type { TopologySpec } from '../scenario/scenario.ts';
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
