/** Which actors a scenario has: the members of each shard, then the client groups. */

import type { Scenario } from '../scenario/scenario.ts';
import { memberName, placeOf } from './sharded/spec.ts';

/** The members of one shard, actors in a row: its replicas, then its helpers. */
export interface Cell {
  readonly firstActor: number;
  /** The node of each replica. */
  readonly nodes: readonly number[];
  readonly helpers: number;
}

/** One cell a shard; without shards, one of all nodes. */
export function cellsOf({ topology, nodes, helpers }: Scenario): Cell[] {
  const shards = topology.type === 'sharded' ? topology.shards : [{ nodes: [...nodes.keys()] }];
  // Every shard has the same helpers.
  const helpersEach = helpers.length / shards.length;
  let firstActor = 0;
  return shards.map((shard) => {
    const cell = { firstActor, nodes: shard.nodes, helpers: helpersEach };
    firstActor += shard.nodes.length + helpersEach;
    return cell;
  });
}

/** What every actor is called, where it runs, and on what: a node, or by itself. */
export interface Actors {
  readonly names: readonly string[];
  readonly regions: readonly string[];
  /** The node an actor runs on; a client group's own name, and a helper's, which is one place for all shards. */
  readonly places: readonly string[];
}

/** Runs of one scenario, and of others that differ in their faults only, share this. */
const known = new WeakMap<Scenario['topology'], { of: Scenario; actors: Actors }>();

export function actorsOf(scenario: Scenario): Actors {
  const { nodes, helpers, workload, topology } = scenario;
  const before = known.get(topology);
  if (before?.of.nodes === nodes && before.of.helpers === helpers && before.of.workload === workload)
    return before.actors;
  const actors = newActors(scenario);
  known.set(topology, { of: scenario, actors });
  return actors;
}

function newActors(scenario: Scenario): Actors {
  const { nodes, helpers, workload, topology } = scenario;
  const sharded = topology.type === 'sharded';
  const actors = [
    ...cellsOf(scenario).flatMap((cell, shard) => [
      ...cell.nodes.map((node) => {
        const { id, region } = nodes[node]!;
        return { name: sharded ? memberName(id, shard) : id, region, place: id };
      }),
      ...helpers
        .slice(shard * cell.helpers, (shard + 1) * cell.helpers)
        .map(({ name, region }) => ({ name, region, place: placeOf(name) })),
    ]),
    ...workload.clients.map(({ id, region }) => ({ name: id, region, place: id })),
  ];
  return {
    names: actors.map(({ name }) => name),
    regions: actors.map(({ region }) => region),
    places: actors.map(({ place }) => place),
  };
}
