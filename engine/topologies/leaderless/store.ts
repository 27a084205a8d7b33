/**
 * What a node holds: of each key the newest version it has been given, in memory and, as far as its commit log was synced,
 * on disk. Versions are merged, so that the order in which they come does not matter.
 */

import type { Out } from '../../kernel/protocol.ts';
import type { SiblingSets } from './siblings.ts';
import { CLOCK_HI, isNewer } from './stamps.ts';

/**
 * `CELL_WIDTH` integers a key: the version and its value (the number of the write; 0 for none), flags, bytes. Where there
 * may be siblings: `CLOCK_HI` and the number of their clock, and for a value the number of their set.
 */
export const CELL_LO = 1;
export const CELL_VALUE = 2;
export const CELL_FLAGS = 3;
export const CELL_BYTES = 4;
export const CELL_WIDTH = 5;

/** One version on its way into a store. */
export interface Mutation {
  key: number;
  hi: number;
  lo: number;
  value: number;
  flags: number;
  bytes: number;
}

export interface Store {
  readonly cells: Int32Array;
  /** What a crash of the machine leaves: the cells as of the last sync of the commit log. */
  readonly durable: Int32Array;
  /** Keys that have changed since the sync under way began, each once, and 1 for each of them. */
  changed: Int32Array;
  changedCount: number;
  readonly isChanged: Uint8Array;
  /** What the sync under way writes: key and cell. */
  syncing: Int32Array;
  syncingCount: number;
  /** Bytes written since the sync under way began. */
  unsyncedBytes: number;
}

export function newStore(keys: number): Store {
  return {
    cells: new Int32Array(keys * CELL_WIDTH),
    durable: new Int32Array(keys * CELL_WIDTH),
    changed: new Int32Array(4),
    changedCount: 0,
    isChanged: new Uint8Array(keys),
    syncing: new Int32Array(0),
    syncingCount: 0,
    unsyncedBytes: 0,
  };
}

/** Whether the store lacks this version and anything newer. */
function lacks({ cells }: Store, key: number, hi: number, lo: number, value: number): boolean {
  const at = key * CELL_WIDTH;
  return isNewer(hi, lo, value, cells[at]!, cells[at + CELL_LO]!, cells[at + CELL_VALUE]!);
}

/** Takes a version unless it has a newer one. It is written to the commit log either way. */
export function apply(store: Store, { key, hi, lo, value, flags, bytes }: Mutation): void {
  store.unsyncedBytes += bytes;
  if (!lacks(store, key, hi, lo, value)) return;
  const { cells } = store;
  const at = key * CELL_WIDTH;
  cells[at] = hi;
  cells[at + CELL_LO] = lo;
  cells[at + CELL_VALUE] = value;
  cells[at + CELL_FLAGS] = flags;
  cells[at + CELL_BYTES] = bytes;
  if (store.isChanged[key] === 0) noteChange(store, key);
}

/** Siblings join those that it has. */
export function applySiblings(store: Store, sets: SiblingSets, version: Mutation): void {
  store.unsyncedBytes += version.bytes;
  if (joinSiblings(store.cells, sets, version) && store.isChanged[version.key] === 0)
    noteChange(store, version.key);
}

/** Joins siblings to those that cells hold; whether that changes them. */
export function joinSiblings(cells: Int32Array, sets: SiblingSets, { key, value, bytes }: Mutation): boolean {
  const at = key * CELL_WIDTH;
  const held = cells[at + CELL_VALUE]!;
  const merged = sets.merge(held, value);
  if (merged === held) return false;
  cells[at] = CLOCK_HI;
  cells[at + CELL_LO] = sets.contextOf(merged);
  cells[at + CELL_VALUE] = merged;
  cells[at + CELL_BYTES] = (bytes / sets.valuesOf(value).length) * sets.valuesOf(merged).length;
  return true;
}

/** The key has changed since the sync under way began, for the first time. */
function noteChange(store: Store, key: number): void {
  store.isChanged[key] = 1;
  if (store.changedCount === store.changed.length) {
    const wider = new Int32Array(store.changed.length * 2);
    wider.set(store.changed);
    store.changed = wider;
  }
  store.changed[store.changedCount++] = key;
}

/** Forgets a key, in memory and on disk. */
export function clearCell({ cells, durable }: Store, key: number): void {
  cells.fill(0, key * CELL_WIDTH, (key + 1) * CELL_WIDTH);
  durable.fill(0, key * CELL_WIDTH, (key + 1) * CELL_WIDTH);
}

/** Begins to sync all that has changed; false where nothing has, or a sync is under way. */
export function beginSync(store: Store, out: Out): boolean {
  if (store.changedCount === 0 || store.syncingCount > 0) return false;
  const { changed, changedCount, cells } = store;
  const width = CELL_WIDTH + 1;
  if (store.syncing.length < changedCount * width) store.syncing = new Int32Array(changed.length * width);
  for (let index = 0; index < changedCount; index++) {
    const key = changed[index]!;
    const at = index * width;
    store.syncing[at] = key;
    for (let word = 0; word < CELL_WIDTH; word++)
      store.syncing[at + 1 + word] = cells[key * CELL_WIDTH + word]!;
    store.isChanged[key] = 0;
  }
  store.syncingCount = changedCount;
  store.changedCount = 0;
  out.fsync(changedCount, 0, store.unsyncedBytes);
  store.unsyncedBytes = 0;
  return true;
}

export function endSync(store: Store): void {
  const { syncing, syncingCount, durable } = store;
  const width = CELL_WIDTH + 1;
  for (let index = 0; index < syncingCount; index++) {
    const at = index * width;
    for (let word = 0; word < CELL_WIDTH; word++)
      durable[syncing[at]! * CELL_WIDTH + word] = syncing[at + 1 + word]!;
  }
  store.syncingCount = 0;
}

/** The process dies; what its operating system was given survives, unless the machine dies too. */
export function loseMemory(store: Store, machineDies: boolean): void {
  if (!machineDies) {
    endSync(store);
    for (let index = 0; index < store.changedCount; index++) {
      const at = store.changed[index]! * CELL_WIDTH;
      for (let word = 0; word < CELL_WIDTH; word++) store.durable[at + word] = store.cells[at + word]!;
    }
  }
  store.cells.set(store.durable);
  store.isChanged.fill(0);
  store.changedCount = 0;
  store.syncingCount = 0;
  store.unsyncedBytes = 0;
}
