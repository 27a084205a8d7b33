/**
 * What a delete leaves: a version without a value, which is written, repaired and kept for others as any version is, so that
 * it covers older ones wherever they still are. It cannot stay for ever. Each node lets go of it some time after the delete,
 * by its own clock (Cassandra's gc_grace_seconds). A replica that has not heard of the delete by then still has the old
 * value, and nobody can tell any more that it is old: it comes back.
 *
 * Source: https://cassandra.apache.org/doc/latest/cassandra/managing/operating/compaction/tombstones.html.
 */

import type { Out } from '../../kernel/protocol.ts';
import { NOTE_PURGED, TOMBSTONE } from './messages.ts';
import { type Node, PURGE_TIMER } from './node.ts';
import { stampUs } from './stamps.ts';
import {
  CELL_FLAGS,
  CELL_LO,
  CELL_VALUE,
  CELL_WIDTH,
  clearCell,
  type Mutation,
  type Store,
} from './store.ts';

/** Integers of a tombstone: key and stamp. */
const WIDTH = 3;

/** Those that a node holds, in the order of their coming: a ring. One that is due waits for those before it. */
export interface Tombstones {
  words: Int32Array;
  first: number;
  count: number;
}

export function newTombstones(): Tombstones {
  return { words: new Int32Array(0), first: 0, count: 0 };
}

/** A version that the store was given; if it is a tombstone, and the newest of its key, its time begins to run. */
export function watchTombstone(node: Node, { key, hi, lo, flags }: Mutation, out: Out): void {
  if ((flags & TOMBSTONE) === 0 || !isHeld(node.store, key, hi, lo)) return;
  add(node.tombstones, key, hi, lo);
  if (node.tombstones.count === 1) waitForFirst(node, out);
}

/** PURGE_TIMER: tombstones whose time is over go, and with them all that is known of the key. */
export function purgeTombstones(node: Node, out: Out): void {
  const { tombstones, store } = node;
  while (tombstones.count > 0 && dueInUs(node, out) <= 0) {
    const at = tombstones.first * WIDTH;
    const [key, hi, lo] = [tombstones.words[at]!, tombstones.words[at + 1]!, tombstones.words[at + 2]!];
    tombstones.first++;
    tombstones.count--;
    // It may have been overwritten, or have come twice.
    if (!isHeld(store, key, hi, lo)) continue;
    const number = store.cells[key * CELL_WIDTH + CELL_VALUE]!;
    clearCell(store, key);
    out.note(NOTE_PURGED, key, hi, lo, number);
  }
  if (tombstones.count > 0) waitForFirst(node, out);
}

/** After a crash: those that are left, the oldest first. */
export function findTombstones({ tombstones, store: { cells } }: Node): void {
  const found: number[] = [];
  for (let at = 0; at < cells.length; at += CELL_WIDTH)
    if ((cells[at + CELL_FLAGS]! & TOMBSTONE) !== 0) found.push(at);
  found.sort((a, b) => cells[a]! - cells[b]! || cells[a + CELL_LO]! - cells[b + CELL_LO]!);
  tombstones.words.fill(0);
  tombstones.first = 0;
  tombstones.count = 0;
  for (const at of found) add(tombstones, at / CELL_WIDTH, cells[at]!, cells[at + CELL_LO]!);
}

export function beginPurging(node: Node, out: Out): void {
  if (node.tombstones.count > 0) waitForFirst(node, out);
}

function waitForFirst(node: Node, out: Out): void {
  out.startTimer(PURGE_TIMER, Math.max(1, dueInUs(node, out)));
}

/** Of the first of them: how long until it may go, by this node's clock. */
function dueInUs({ tombstones: { words, first }, settings }: Node, out: Out): number {
  const at = first * WIDTH;
  return stampUs(words[at + 1]!, words[at + 2]!) + settings.gcGraceUs - out.clockUs();
}

function isHeld({ cells }: Store, key: number, hi: number, lo: number): boolean {
  const at = key * CELL_WIDTH;
  return (cells[at + CELL_FLAGS]! & TOMBSTONE) !== 0 && cells[at] === hi && cells[at + CELL_LO] === lo;
}

function add(tombstones: Tombstones, key: number, hi: number, lo: number): void {
  const { words, first, count } = tombstones;
  if ((first + count) * WIDTH === words.length) {
    const room = Math.max(4, count * 2);
    const roomier = new Int32Array(room * WIDTH);
    roomier.set(words.subarray(first * WIDTH, (first + count) * WIDTH));
    tombstones.words = roomier;
    tombstones.first = 0;
  }
  const at = (tombstones.first + tombstones.count++) * WIDTH;
  tombstones.words[at] = key;
  tombstones.words[at + 1] = hi;
  tombstones.words[at + 2] = lo;
}
