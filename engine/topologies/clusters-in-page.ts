/**
 * What `clusters.ts` has, for pages: a topology's cluster comes when a scenario needs it, so that no page carries what it does
 * not run. `#clusters` is this file there (package.json, astro.config.mjs).
 */
import type { Scenario, TopologySpec } from '../scenario/scenario.ts';
import type { Cluster } from './cluster.ts';
import type * as everywhere from './clusters.ts';

type Maker<Spec> = (spec: Spec, ...rest: Tail<typeof everywhere.newCluster>) => Cluster;
type Tail<Each extends (...args: never) => unknown> =
  Parameters<Each> extends [unknown, ...infer Rest] ? Rest : never;
type Type = TopologySpec['type'];

const fetchers: { readonly [T in Type]: () => Promise<Maker<Extract<TopologySpec, { type: T }>>> } = {
  'leader-follower': async () => {
    const { LeaderFollowerCluster } = await import('./leader-follower/cluster.ts');
    return (spec, size, run) => new LeaderFollowerCluster(spec, size, run);
  },
  sharded: async () => {
    const { ShardedCluster } = await import('./sharded/cluster.ts');
    return (spec, size, run) => new ShardedCluster(spec, size, run, newCluster);
  },
  consensus: async () => {
    const { ConsensusCluster } = await import('./consensus/cluster.ts');
    return (spec, size, run) => new ConsensusCluster(spec, size, run);
  },
  certification: async () => {
    const { CertificationCluster } = await import('./certification/cluster.ts');
    return (spec, size, run) => new CertificationCluster(spec, size, run);
  },
  leaderless: async () => {
    const { LeaderlessCluster } = await import('./leaderless/cluster.ts');
    return (spec, size, run) => new LeaderlessCluster(spec, size, run);
  },
  'multi-leader': async () => {
    const { MultiLeaderCluster } = await import('./multi-leader/cluster.ts');
    return (spec, size, run) => new MultiLeaderCluster(spec, size, run);
  },
};

const makers = new Map<Type, Maker<never>>();

export const newCluster: typeof everywhere.newCluster = (spec, size, run) => {
  const make = makers.get(spec.type) as Maker<typeof spec> | undefined;
  if (make === undefined) throw new Error(`the cluster of ${spec.type} has not been fetched`);
  return make(spec, size, run);
};

export const fetchClusters: typeof everywhere.fetchClusters = (scenarios) => {
  const missing = [...new Set(scenarios.flatMap(typesOf))].filter((type) => !makers.has(type));
  if (missing.length === 0) return null;
  return Promise.all(
    missing.map(async (type) => {
      makers.set(type, await fetchers[type]());
    }),
  ).then(() => {});
};

/** Its own, and that of its shards. */
function typesOf({ topology }: Pick<Scenario, 'topology'>): Type[] {
  return topology.type === 'sharded' ? [topology.type, topology.shards[0]!.topology.type] : [topology.type];
}
