/**
 * Anti-entropy: two nodes find the keys they hold different versions of by comparing Merkle trees, and give each other theirs.
 *
 * 1. A node builds a tree of what it and the other are both to hold, and sends the root's hash.
 * 2. The other builds its own and answers whether it differs; and so on for the children of each node that does.
 * 3. Where a leaf differs, which is one key, each sends the version it has. The newer stays.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import {
  buildTree,
  childrenOf,
  firstChild,
  HASH_BYTES,
  hasHash,
  isLeaf,
  keysOf,
  levelOf,
  type MerkleTree,
  treeShape,
} from './merkle.ts';
import { COMPARE, COMPARED, MESSAGE_BYTES, NOTE_REPAIR_SESSION, packKey, STREAM } from './messages.ts';
import type { Activation, Node } from './node.ts';
import { homesOf } from './placement.ts';
import { CELL_BYTES, CELL_FLAGS, CELL_LO, CELL_VALUE, CELL_WIDTH } from './store.ts';

const FANOUT = 16;
/** A hash and the place it is for; an answer. Those of one level travel together. */
const COMPARE_BYTES = HASH_BYTES + 4;
const ANSWER_BYTES = 5;

/** A tree of the keys that two nodes are both to hold, as they were when the session began. */
export interface SharedTree {
  readonly session: number;
  /** The keys in the order of the tree's leaves. */
  readonly keys: Int32Array;
  readonly tree: MerkleTree;
}

/** What a node keeps of anti-entropy. */
export interface Repair {
  /** The chart's. */
  state: number;
  /** The session under way, or the last; they count up. */
  session: number;
  peer: number;
  own: SharedTree | null;
  /** Answers that are out, and for each node of the tree whether one is: of its hash, 1, or of its key's version, 2. */
  outstanding: number;
  asked: Uint8Array;
  /** Keys that differed, round trips, bytes of hashes, answers and versions, both ways. */
  keys: number;
  rounds: number;
  bytes: number;
  /** Trees of sessions that others began, by who did. */
  readonly visits: (SharedTree | null)[];
}

const HASH_OUT = 1;
const VERSION_OUT = 2;

export function newRepair(nodes: number, self: number): Repair {
  return {
    state: 0,
    session: 0,
    peer: self,
    own: null,
    outstanding: 0,
    asked: new Uint8Array(0),
    keys: 0,
    rounds: 0,
    bytes: 0,
    visits: Array.from({ length: nodes }, () => null),
  };
}

/** A tree over what this node holds of the keys it shares with another. */
function treeWith(node: Node, peer: number, session: number): SharedTree | null {
  const { store, settings, self } = node;
  const both = (1 << self) | (1 << peer);
  const keys: number[] = [];
  for (let key = 0; key * CELL_WIDTH < store.cells.length; key++)
    if ((homesOf(settings.placement, key) & both) === both) keys.push(key);
  if (keys.length === 0) return null;
  const shape = treeShape({ keys: keys.length, keysPerLeaf: 1, fanout: FANOUT });
  return { session, keys: Int32Array.from(keys), tree: buildTree(shape, keys, store.cells, CELL_WIDTH) };
}

// The node that begins.

function nextPeer({ repair, self, settings: { nodes } }: Node): number {
  const next = (repair.peer + 1) % nodes;
  return next === self ? (next + 1) % nodes : next;
}

export function peerIsUp({ node }: Activation): boolean {
  return (node.up & (1 << nextPeer(node))) !== 0;
}

export function choosePeer({ node }: Activation): void {
  node.repair.peer = nextPeer(node);
}

export function buildOwnTree({ node }: Activation): void {
  const { repair } = node;
  repair.session += 1;
  repair.own = treeWith(node, repair.peer, repair.session);
  const nodes = repair.own === null ? 0 : repair.own.tree.hashes.length / 2;
  repair.asked = new Uint8Array(nodes);
  repair.outstanding = 0;
  repair.keys = 0;
  repair.rounds = 1;
  repair.bytes = 0;
}

/** Of nodes that share no key there is nothing to compare: the session ends by its time. */
export function sendRoot({ node, out }: Activation): void {
  if (node.repair.own !== null) sendHash(node, 0, out);
}

function sendHash({ repair }: Node, at: number, out: Out): void {
  const { hashes } = repair.own!.tree;
  repair.asked[at] = HASH_OUT;
  repair.outstanding += 1;
  repair.bytes += COMPARE_BYTES + ANSWER_BYTES;
  out.send(repair.peer, COMPARE, repair.session, at, hashes[at * 2]!, hashes[at * 2 + 1]!, 0, COMPARE_BYTES);
}

/** Whether an answer is one that the session waits for; each is taken once, whatever a link doubles. */
export function takeAnswer({ repair }: Node, from: number, session: number, at: number): boolean {
  if (from !== repair.peer || session !== repair.session || repair.asked[at] !== HASH_OUT) return false;
  repair.asked[at] = 0;
  return true;
}

/** STREAMED: the same for a version that was sent. */
export function takeReceipt({ repair }: Node, from: number, at: number): boolean {
  if (from !== repair.peer || repair.asked[at] !== VERSION_OUT) return false;
  repair.asked[at] = 0;
  return true;
}

export function isLastAnswer({ node: { repair } }: Activation): boolean {
  return repair.outstanding === 1;
}

export function countAnswer({ node: { repair } }: Activation): void {
  repair.outstanding -= 1;
}

/** The activation's `value` is a node of the tree: a leaf, whose key this node holds nothing of. */
export function hasNothingToSend({ node: { repair, store }, value }: Activation): boolean {
  const { tree, keys } = repair.own!;
  return isLeaf(tree.shape, value) && store.cells[keyAt(tree, keys, value) * CELL_WIDTH] === 0;
}

export function sendBelow(activation: Activation): void {
  const { node, value, out } = activation;
  const { repair } = node;
  const { tree, keys } = repair.own!;
  if (!isLeaf(tree.shape, value)) {
    repair.rounds = Math.max(repair.rounds, levelOf(tree.shape, value) + 2);
    const first = firstChild(tree.shape, value);
    const end = first + childrenOf(tree.shape, value);
    for (let child = first; child < end; child++) sendHash(node, child, out);
    return;
  }
  repair.keys += 1;
  if (hasNothingToSend(activation)) return;
  repair.asked[value] = VERSION_OUT;
  repair.outstanding += 1;
  repair.bytes += sendVersion(node, repair.peer, keyAt(tree, keys, value), value, out);
}

export function closeSession(activation: Activation): void {
  const { node, out, value } = activation;
  const { repair } = node;
  // The last answer may be that of a key that only the other has.
  if (activation.flags === 1 && isLeaf(repair.own!.tree.shape, value)) repair.keys += 1;
  out.note(NOTE_REPAIR_SESSION, repair.peer, repair.keys, repair.rounds, repair.bytes);
  endSession(repair);
}

export function giveUpSession({ node: { repair }, out }: Activation): void {
  if (repair.own !== null) out.note(NOTE_REPAIR_SESSION, repair.peer, repair.keys, -1, repair.bytes);
  endSession(repair);
}

function endSession(repair: Repair): void {
  repair.own = null;
  repair.asked = new Uint8Array(0);
  repair.outstanding = 0;
}

/** A crash takes sessions and trees. */
export function loseRepair(repair: Repair): void {
  endSession(repair);
  repair.visits.fill(null);
}

// The other node.

/** COMPARE: it says whether its own hash differs, and of a key what it has. */
export function answerComparison(node: Node, { from, a, b, c, d }: Input, out: Out): void {
  const { visits } = node.repair;
  if (visits[from]?.session !== a) visits[from] = treeWith(node, from, a);
  const { tree, keys } = visits[from]!;
  const isSame = hasHash(tree, b, c, d);
  out.send(from, COMPARED, a, b, isSame ? 1 : 0, 0, 0, ANSWER_BYTES);
  if (isSame || !isLeaf(tree.shape, b)) return;
  const key = keyAt(tree, keys, b);
  if (node.store.cells[key * CELL_WIDTH] !== 0) sendVersion(node, from, key, NO_RECEIPT, out);
}

const NO_RECEIPT = -1;

function keyAt(tree: MerkleTree, keys: Int32Array, leaf: number): number {
  return keys[keysOf(tree.shape, leaf).first]!;
}

/** Gives the bytes sent. */
function sendVersion({ store: { cells } }: Node, to: number, key: number, serial: number, out: Out): number {
  const at = key * CELL_WIDTH;
  const bytes = MESSAGE_BYTES + cells[at + CELL_BYTES]!;
  const packed = packKey(key, cells[at + CELL_FLAGS]!);
  out.send(to, STREAM, serial, cells[at + CELL_VALUE]!, packed, cells[at]!, cells[at + CELL_LO]!, bytes);
  return bytes;
}
