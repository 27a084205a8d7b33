/**
 * A token ring with virtual nodes: which nodes hold a key, and who stands in for them.
 *
 * The ring has 2^32 places. Each node owns several tokens on it, its virtual nodes; a key belongs to the first token at
 * or after its own place, and to the nodes met from there on.
 *
 * ```ts
 * const ring = ringOf(randomTokens(42, 6, 16));
 * preferenceList(ring, tokenOf(key), 3); // three different nodes, the first of which owns the range
 * replicasByCentre(ring, tokenOf(key), places, { east: 3, west: 3 });
 * ```
 *
 * Sources: DeCandia et al., "Dynamo: Amazon's highly available key-value store" (2007), 4.2 and 4.3; Cassandra's
 * SimpleStrategy and NetworkTopologyStrategy, https://github.com/apache/cassandra.
 */

import { streamOf } from '../../kernel/random.ts';

/** Tokens in ascending order, and whose each is. A ring has at least one. */
export interface Ring {
  /** Integers 0 … 2^32 − 1. */
  readonly tokens: Uint32Array;
  /** The node of each token, by index. */
  readonly owners: Int32Array;
  readonly nodes: number;
}

/** Where a node stands. Racks of the same name in different data centres are different racks. */
export interface Place {
  readonly centre: string;
  readonly rack: string;
}

const PLACES = 0x1_0000_0000;

/**
 * The ring of these tokens, one list for each node. Of equal tokens that of the earlier node comes first; the other one
 * owns nothing. Throws RangeError if no node has a token.
 */
export function ringOf(tokensOf: readonly (readonly number[])[]): Ring {
  const all = tokensOf.flatMap((tokens, node) => tokens.map((token) => ({ token, node })));
  if (all.length === 0) throw new RangeError('a ring needs at least one token');
  all.sort((one, other) => one.token - other.token || one.node - other.node);
  return {
    tokens: Uint32Array.from(all, ({ token }) => token),
    owners: Int32Array.from(all, ({ node }) => node),
    nodes: tokensOf.length,
  };
}

/**
 * So many random tokens for each node. Each draws from a stream of its own, so that a node which comes or goes moves
 * nobody else's.
 */
export function randomTokens(seed: number, nodes: number, tokensEach: number): number[][] {
  return Array.from({ length: nodes }, (_, node) => {
    const stream = streamOf(seed, `tokens of node ${node}`);
    return Array.from({ length: tokensEach }, () => stream.next() >>> 0);
  });
}

/**
 * The ring cut into equal partitions that nodes claim in turn, as Riak's ring is. Where the number of nodes does not divide
 * the partitions, the last and the first lie closer than the number of nodes apart.
 */
export function evenTokens(nodes: number, partitions: number): number[][] {
  const tokens: number[][] = Array.from({ length: nodes }, () => []);
  for (let partition = 0; partition < partitions; partition++)
    tokens[partition % nodes]!.push(Math.floor((PLACES * partition) / partitions));
  return tokens;
}

/** A key's place: an integer hash that gives each of 2^32 keys a place of its own (MurmurHash3's finaliser, Appleby). */
export function tokenOf(key: number): number {
  let mixed = key | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The range that a place is in, by the index of the token that ends it. A range holds its end and not its beginning. */
export function rangeOf({ tokens }: Ring, place: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tokens[middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low === tokens.length ? 0 : low;
}

/**
 * The first `length` different nodes from a place on, in the order of the ring: the later virtual nodes of a node already
 * met are skipped. Fewer if the ring has fewer. The first N are Dynamo's home nodes and SimpleStrategy's replicas; those
 * after them stand in for those that are down.
 */
export function preferenceList(ring: Ring, place: number, length: number): number[] {
  const list: number[] = [];
  const { owners } = ring;
  let at = rangeOf(ring, place);
  for (let step = 0; step < owners.length && list.length < length; step++) {
    const node = owners[at]!;
    if (!list.includes(node)) list.push(node);
    at = at + 1 === owners.length ? 0 : at + 1;
  }
  return list;
}

/**
 * The replicas of a place with a replication factor for each data centre, in the order of the ring, as
 * NetworkTopologyStrategy chooses them: in each data centre the first nodes met that are in different racks; if it has
 * fewer racks than replicas, as many other nodes as are missing, the first met. A data centre with fewer nodes than replicas
 * gives all it has. `places`: of each node, every one of which has a token.
 */
export function replicasByCentre(
  ring: Ring,
  place: number,
  places: readonly Place[],
  factors: Readonly<Record<string, number>>,
): number[] {
  const wanted = new Map<string, { left: number; repeats: number; readonly racks: Set<string> }>();
  let open = 0;
  for (const [centre, replicas] of Object.entries(factors)) {
    const here = places.filter((each) => each.centre === centre);
    const left = Math.min(replicas, here.length);
    const racks = new Set(here.map(({ rack }) => rack)).size;
    wanted.set(centre, { left, repeats: replicas - racks, racks: new Set() });
    if (left > 0) open++;
  }
  const replicas: number[] = [];
  const { owners } = ring;
  let at = rangeOf(ring, place);
  for (let step = 0; step < owners.length && open > 0; step++) {
    const node = owners[at]!;
    at = at + 1 === owners.length ? 0 : at + 1;
    const { centre, rack } = places[node]!;
    const centreWants = wanted.get(centre);
    if (centreWants === undefined || centreWants.left === 0) continue;
    if (centreWants.racks.has(rack)) {
      if (centreWants.repeats <= 0 || replicas.includes(node)) continue;
      centreWants.repeats -= 1;
    }
    centreWants.racks.add(rack);
    replicas.push(node);
    centreWants.left -= 1;
    if (centreWants.left === 0) open--;
  }
  return replicas;
}

/** The share of all places that each node owns, which add up to 1: the ranges that its tokens end. */
export function sharesOf({ tokens, owners, nodes }: Ring): number[] {
  const shares = Array.from({ length: nodes }, () => 0);
  for (const [index, token] of tokens.entries()) {
    const before = index === 0 ? tokens[tokens.length - 1]! - PLACES : tokens[index - 1]!;
    shares[owners[index]!]! += (token - before) / PLACES;
  }
  return shares;
}
