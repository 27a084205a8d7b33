/**
 * Merkle trees over keys in an order: two replicas find the keys they differ in by exchanging hashes from the root down,
 * and only where these differ.
 *
 * ```ts
 * const shape = treeShape({ keys: 1_000_000, keysPerLeaf: 1, fanout: 16 });
 * const mine = buildTree(shape, order, cells, 3);
 * compareTrees(mine, theirs); // { ranges: [{ first: 71_003, last: 71_003 }], rounds: 6, hashes: 81, bytes: … }
 * ```
 *
 * A leaf's hash is the XOR of the hashes of its versions, so that a write changes a leaf without reading the others of it; an
 * inner node's is the hash of its children's. They have 64 bits: of 2^32 comparisons of nodes that differ one is
 * expected to miss.
 *
 * Sources: Merkle, "A digital signature based on a conventional encryption function" (1987); DeCandia et al., Dynamo
 * (2007), 4.7.
 */

/** Bytes of one hash on the wire, as of a 128-bit digest. */
export const HASH_BYTES = 16;
/** Bytes that name a node of the tree on the wire. */
const NODE_BYTES = 4;

export interface TreeShape {
  readonly keys: number;
  readonly keysPerLeaf: number;
  /** Children of a node, at least 2; the last of a level may have fewer. */
  readonly fanout: number;
  /** The first node of each level, the root's first, and then the number of nodes. */
  readonly levels: readonly number[];
}

/** Plain data. */
export interface MerkleTree {
  readonly shape: TreeShape;
  /** Two integers for each node, the root first, each level from left to right. */
  readonly hashes: Int32Array;
}

/** Keys by their place in the order, the first and the last. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
}

/** A key's version: a stamp in two parts and a value; 0, 0, 0 for a key that was never written. */
export type Version = readonly [hi: number, lo: number, value: number];

/** The shape of a tree over `keys` keys, all at least 1. Trees of one shape can be compared. */
export function treeShape(options: {
  readonly keys: number;
  readonly keysPerLeaf: number;
  readonly fanout: number;
}): TreeShape {
  const sizes = [Math.ceil(options.keys / options.keysPerLeaf)];
  while (sizes[0]! > 1) sizes.unshift(Math.ceil(sizes[0]! / options.fanout));
  const levels = [0];
  for (const size of sizes) levels.push(levels.at(-1)! + size);
  return { ...options, levels };
}

/**
 * Reads every key: `order` gives the key at each place, `cells` the versions, `width` integers a key of which the first
 * three are hi, lo and value.
 */
export function buildTree(
  shape: TreeShape,
  order: ArrayLike<number>,
  cells: Int32Array,
  width: number,
): MerkleTree {
  const { levels, keys } = shape;
  const tree = { shape, hashes: new Int32Array(levels.at(-1)! * 2) };
  for (let place = 0; place < keys; place++) {
    const at = order[place]! * width;
    toggle(tree, place, cells[at]!, cells[at + 1]!, cells[at + 2]!);
  }
  for (let node = levels.at(-2)! - 1; node >= 0; node--) hashChildren(tree, node);
  return tree;
}

/** A key at a place has a new version: its leaf and the nodes above it are hashed anew, whatever the number of keys. */
export function replaceVersion(tree: MerkleTree, place: number, was: Version, is: Version): void {
  toggle(tree, place, was[0], was[1], was[2]);
  toggle(tree, place, is[0], is[1], is[2]);
  const { levels, fanout, keysPerLeaf } = tree.shape;
  let index = Math.floor(place / keysPerLeaf);
  for (let level = levels.length - 3; level >= 0; level--) {
    index = Math.floor(index / fanout);
    hashChildren(tree, levels[level]! + index);
  }
}

export function isLeaf({ levels }: TreeShape, node: number): boolean {
  return node >= levels.at(-2)!;
}

/** The first of a node's children; the others follow it. */
export function firstChild(shape: TreeShape, node: number): number {
  const level = levelOf(shape, node);
  return shape.levels[level + 1]! + (node - shape.levels[level]!) * shape.fanout;
}

export function childrenOf(shape: TreeShape, node: number): number {
  const below = levelOf(shape, node) + 1;
  return Math.min(shape.levels[below + 1]! - firstChild(shape, node), shape.fanout);
}

/** The keys of a leaf. */
export function keysOf({ levels, keys, keysPerLeaf }: TreeShape, leaf: number): KeyRange {
  const first = (leaf - levels.at(-2)!) * keysPerLeaf;
  return { first, last: Math.min(first + keysPerLeaf, keys) - 1 };
}

/** Whether a node's hash is this one. */
export function hasHash({ hashes }: MerkleTree, node: number, low: number, high: number): boolean {
  return hashes[node * 2] === low && hashes[node * 2 + 1] === high;
}

export interface Comparison {
  /** The leaves that differ, by their keys. With more than one key each a leaf may hold keys that do not. */
  readonly ranges: readonly KeyRange[];
  /** Round trips: one for the root and one for each level below it where anything differs. */
  readonly rounds: number;
  /** Hashes that one side sent. */
  readonly hashes: number;
  /** What the hashes, the names of their parents and the answers, a bit for each hash, come to. */
  readonly bytes: number;
}

/**
 * What two replicas find by exchanging hashes: one sends its root; the other says whether it differs; then, level by level,
 * the one sends the children of all nodes that do. With d keys that differ of n it sends at most 1 + d × fanout × depth
 * hashes, of which the depth is log n.
 */
export function compareTrees(one: MerkleTree, other: MerkleTree): Comparison {
  const { shape } = one;
  let rounds = 1;
  let hashes = 1;
  let bytes = HASH_BYTES + 1;
  let differing = isSame(one, other, 0) ? [] : [0];
  while (differing.length > 0 && !isLeaf(shape, differing[0]!)) {
    const below: number[] = [];
    let sent = 0;
    for (const node of differing) {
      const first = firstChild(shape, node);
      const count = childrenOf(shape, node);
      sent += count;
      for (let child = first; child < first + count; child++)
        if (!isSame(one, other, child)) below.push(child);
    }
    rounds += 1;
    hashes += sent;
    bytes += sent * HASH_BYTES + differing.length * NODE_BYTES + Math.ceil(sent / 8);
    differing = below;
  }
  return { ranges: differing.map((leaf) => keysOf(shape, leaf)), rounds, hashes, bytes };
}

function isSame(one: MerkleTree, other: MerkleTree, node: number): boolean {
  return hasHash(other, node, one.hashes[node * 2]!, one.hashes[node * 2 + 1]!);
}

/** How far a node is below the root. */
export function levelOf({ levels }: TreeShape, node: number): number {
  let level = 0;
  while (node >= levels[level + 1]!) level++;
  return level;
}

/** Takes a version into its leaf, or out of it again. What was never written is in no hash. */
function toggle({ shape, hashes }: MerkleTree, place: number, hi: number, lo: number, value: number): void {
  if (hi === 0 && lo === 0 && value === 0) return;
  const at = (shape.levels.at(-2)! + Math.floor(place / shape.keysPerLeaf)) * 2;
  const seed = finish(Math.imul(place + 1, 0x9e3779b1));
  const low = finish(step(step(step(seed, hi), lo), value));
  const high = finish(step(step(step(~seed, value), lo), hi));
  hashes[at] = hashes[at]! ^ low;
  hashes[at + 1] = hashes[at + 1]! ^ high;
}

function hashChildren({ shape, hashes }: MerkleTree, node: number): void {
  const first = firstChild(shape, node);
  const end = first + childrenOf(shape, node);
  let low = 0x243f6a88;
  let high = 0x13198a2e;
  for (let child = first; child < end; child++) {
    // Each lane takes in both words, in different orders.
    low = step(step(low, hashes[child * 2]!), hashes[child * 2 + 1]!);
    high = step(step(high, hashes[child * 2 + 1]!), hashes[child * 2]!);
  }
  hashes[node * 2] = finish(low);
  hashes[node * 2 + 1] = finish(high);
}

/** MurmurHash3's body and finaliser, for words of 32 bits (Appleby). */
function step(state: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  const taken = state ^ mixed;
  return (Math.imul((taken << 13) | (taken >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
