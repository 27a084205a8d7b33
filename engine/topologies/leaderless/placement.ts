/** Where copies of a key are kept, who stands in for whom, and whose answers an operation waits for. */

import { type ConsistencyLevel, requirementOf } from './levels.ts';
import {
  evenTokens,
  preferenceList,
  randomTokens,
  rangeOf,
  replicasByCentre,
  ringOf,
  tokenOf,
} from './ring.ts';

export interface Placement {
  readonly nodes: number;
  /** By key, its row in what follows: the range of the ring that it is in. */
  readonly rowOf: Int32Array;
  /** Per row, a bit for each node that is to hold its keys. */
  readonly homes: Int32Array;
  /** Per row all nodes in the order of the ring, those that are to hold its keys first. */
  readonly orders: Uint8Array;
}

/** How many copies of a key there are: in all, or in each region. */
export type Copies = number | Readonly<Record<string, number>>;

/** Where a node is; without a rack, in one of its own. */
export interface Site {
  readonly region: string;
  readonly rack?: string;
}

/** `sites` of the nodes. `virtualNodes`: tokens of each node at random; null for one each, and key k begins at node k. */
export function placementOf(
  sites: readonly Site[],
  copies: Copies,
  virtualNodes: number | null,
  keys: number,
): Placement {
  const nodes = sites.length;
  const ring = ringOf(
    virtualNodes === null ? evenTokens(nodes, nodes) : randomTokens(0, nodes, virtualNodes),
  );
  const places = sites.map(({ region, rack }, node) => ({ centre: region, rack: rack ?? `of node ${node}` }));
  const homes = new Int32Array(ring.tokens.length);
  const orders = new Uint8Array(ring.tokens.length * nodes);
  for (const [row, token] of ring.tokens.entries()) {
    const all = preferenceList(ring, token, nodes);
    const chosen =
      typeof copies === 'number' ? all.slice(0, copies) : replicasByCentre(ring, token, places, copies);
    for (const node of chosen) homes[row]! |= 1 << node;
    orders.set([...chosen, ...all.filter((node) => !chosen.includes(node))], row * nodes);
  }
  const rowOf = Int32Array.from({ length: keys }, (_, key) =>
    virtualNodes === null ? key % nodes : rangeOf(ring, tokenOf(key)),
  );
  return { nodes, rowOf, homes, orders };
}

/** The nodes that are to hold a key, a bit each. */
export function homesOf({ rowOf, homes }: Placement, key: number): number {
  return homes[rowOf[key]!]!;
}

/** As many of the other nodes in the order of the ring as there are homes that are not up, those that are, a bit each. */
function standInsOf({ nodes, rowOf, orders }: Placement, key: number, homes: number, up: number): number {
  let missing = countOf(homes & ~up);
  let chosen = 0;
  for (let step = 0; missing > 0 && step < nodes; step++) {
    const bit = 1 << orders[rowOf[key]! * nodes + step]!;
    if ((bit & homes) !== 0 || (bit & up) === 0) continue;
    chosen |= bit;
    missing--;
  }
  return chosen;
}

/** Whose answers an operation may get: the homes that are up, and in a sloppy quorum those that stand in for the others. */
export function reachableOf(placement: Placement, key: number, up: number, sloppy: boolean): number {
  const homes = homesOf(placement, key);
  const able = homes & up;
  return sloppy && able !== homes ? able | standInsOf(placement, key, homes, up) : able;
}

/** How many bits are set. */
export function countOf(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** So many answers from among these nodes, a bit each. */
export interface Need {
  readonly among: number;
  readonly count: number;
}

/** Whether answers from these nodes, a bit each, are what an operation waits for: all of its needs are met. */
export function meets(needs: readonly Need[], answered: number): boolean {
  for (let index = 0; index < needs.length; index++) {
    const { among, count } = needs[index]!;
    if (countOf(answered & among) < count) return false;
  }
  return true;
}

/** A count of answers, or a level that stands for one. */
export type Wanted = number | ConsistencyLevel;

export function isSerial(wanted: Wanted): boolean {
  return wanted === 'SERIAL' || wanted === 'LOCAL_SERIAL';
}

/** What an operation that a node of this region coordinates waits for. */
export function needsOf(
  wanted: Wanted,
  copies: Copies,
  regions: readonly string[],
  coordinatorsRegion: string,
): readonly Need[] {
  if (typeof wanted === 'number') return [{ among: -1, count: wanted }];
  const centres = typeof copies === 'number' ? [] : Object.keys(copies);
  const factors = typeof copies === 'number' ? [copies] : Object.values(copies);
  const { responses, least, counts } = requirementOf(wanted, factors, centres.indexOf(coordinatorsRegion));
  const nodesIn = (centre: number): number =>
    regions.reduce((mask, region, node) => (region === centres[centre] ? mask | (1 << node) : mask), 0);
  if (counts !== 'everywhere') return [{ among: nodesIn(counts), count: responses }];
  const each = least.flatMap((count, centre) => (count === 0 ? [] : [{ among: nodesIn(centre), count }]));
  return each.length > 0 ? each : [{ among: -1, count: responses }];
}
