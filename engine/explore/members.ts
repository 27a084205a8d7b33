/** The nodes of a scenario as actors of a model: those that the time-ordered loop runs, with what can happen to them. */

import type { Scenario } from '../scenario/scenario.ts';
import type { Cluster, Surroundings } from '../topologies/cluster.ts';
import { newCluster } from '../topologies/clusters.ts';
import { describeChoice } from './describe-choice.ts';
import type { Choice, ModelActor, ModelTimer } from './model.ts';

interface Members {
  readonly actors: readonly ModelActor[];
  readonly describe: (choice: Choice, actors: readonly ModelActor[]) => string;
}

/** `fires`: when a node's timer of this name may fire. One client group comes after them, and there is one key. */
export function membersOf(
  { nodes, topology }: Scenario,
  { fires, canCrash }: { fires: (timer: string) => ModelTimer['fires']; canCrash: boolean },
): Members {
  const names = nodes.map(({ id }) => id);
  const size = {
    replicas: nodes.length,
    nodes,
    keys: 1,
    clients: [nodes.length],
  };
  const cluster: Cluster = newCluster(topology, size, nobodyAround(names));
  return {
    actors: cluster.members.map(({ kind, state, timers }, member) => ({
      name: names[member]!,
      kind,
      state,
      timers: Array.from({ length: timers }, (_, slot) => {
        const name = cluster.timerName(member, slot);
        return { name, fires: fires(name) };
      }),
      canCrash,
    })),
    describe: (choice, actors) =>
      describeChoice(choice, actors, (...message) => cluster.messageOf(...message)),
  };
}

/** Nobody measures anything. */
function nobodyAround(names: readonly string[]): Surroundings {
  const nothing = () => {};
  return {
    names,
    isLive: () => true,
    nowUs: () => 0,
    observe: undefined,
    ledBy: nothing,
    suspected: nothing,
    elected: nothing,
    discarded: nothing,
    rejected: nothing,
    overlapped: nothing,
  };
}
