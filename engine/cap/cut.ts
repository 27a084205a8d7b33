/** A cut through a cluster: who is on which side of it. */

import { helperPlaces } from '../faults/fault-names.ts';
import { InputError, type Problem, unknownName } from '../scenario/problems.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { placeOf } from '../topologies/sharded/spec.ts';

/** Both ways, only what the cut-off side would send, or only what it would receive. */
export const cutWays = ['both', 'out', 'in'] as const;
export type CutWay = (typeof cutWays)[number];

export const sides = ['cutOff', 'rest'] as const;
export type Side = (typeof sides)[number];

/** Nodes and helpers, by name; a node at least on each side. */
export type Sides = Readonly<Record<Side, readonly string[]>>;

/**
 * The two sides of a cluster, where these names are cut off: nodes, regions, or helpers such as `manager`. Without names it
 * is the leader, where the scenario says who leads, with its region if there are several; without a leader the region of the
 * last node, or else a minority of the nodes, the last ones. A helper that is not named is where all nodes of its region are, or else on the side with more nodes.
 * Throws InputError for names that nobody has, and where a side has no node.
 */
export function sidesOf(scenario: Scenario, named: readonly string[] | null): Sides {
  const { nodes } = scenario;
  const helpers = helperPlaces(scenario);
  const ids = named ?? [...defaultSide(scenario)];
  checkNames(scenario, helpers, ids);
  const isNamed = ({ id, region }: { readonly id: string; readonly region: string }) =>
    ids.includes(id) || ids.includes(region);
  const cutOff = nodes.filter(isNamed);
  const rest = nodes.filter((node) => !isNamed(node));
  if (cutOff.length === 0 || rest.length === 0) {
    const found = cutOff.length === 0 ? 'no node' : nodes.length === 1 ? 'its only node' : 'all nodes';
    throw new InputError('cap', [
      { path: ['side'], found, expected: 'some nodes to cut off from the others' },
    ]);
  }
  const larger: Side = cutOff.length > rest.length ? 'cutOff' : 'rest';
  const sideOfHelper = (place: string): Side => {
    if (ids.includes(place)) return 'cutOff';
    const { region } = scenario.helpers.find(({ name }) => placeOf(name) === place)!;
    const here = nodes.filter((node) => node.region === region);
    if (here.length > 0 && here.every(isNamed)) return 'cutOff';
    return here.length > 0 && !here.some(isNamed) ? 'rest' : larger;
  };
  const on = (side: Side, of: readonly { readonly id: string }[]) => [
    ...of.map(({ id }) => id),
    ...helpers.filter((place) => sideOfHelper(place) === side),
  ];
  return { cutOff: on('cutOff', cutOff), rest: on('rest', rest) };
}

function defaultSide({ nodes, topology }: Scenario): readonly string[] {
  const leader = topology.type === 'leader-follower' ? nodes[topology.leader]! : null;
  const { region } = leader ?? nodes.at(-1)!;
  if (nodes.some((node) => node.region !== region)) return [region];
  if (leader !== null) return [leader.id];
  const minority = Math.max(1, Math.floor((nodes.length - 1) / 2));
  return nodes.slice(-minority).map(({ id }) => id);
}

function checkNames({ nodes }: Scenario, helpers: readonly string[], named: readonly string[]): void {
  const known = [
    ...new Set([...nodes.map(({ id }) => id), ...nodes.map(({ region }) => region), ...helpers]),
  ];
  const problems: Problem[] = named.flatMap((name, index) =>
    known.includes(name) ? [] : [unknownName(name, 'a node, a region or a helper', known, ['side', index])],
  );
  if (problems.length > 0) throw new InputError('cap', problems);
}
