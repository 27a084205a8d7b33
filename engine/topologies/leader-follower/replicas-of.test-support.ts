import type { Simulation } from '../../run/simulation.ts';
import { LeaderFollowerCluster } from './cluster.ts';
import type { Replica } from './replica.ts';

/** The replicas of a run of a leader-follower scenario. */
export function replicasOf({ cluster }: Simulation): readonly Replica[] {
  if (!(cluster instanceof LeaderFollowerCluster)) throw new TypeError('not a leader-follower run');
  return cluster.replicas;
}
