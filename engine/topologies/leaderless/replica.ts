/** What a node does as a replica: it takes versions, by itself or for a coordinator, and says what it holds. */

import type { Input, Out } from '../../kernel/protocol.ts';
import { learnCommit, loseAcceptors } from './acceptors.ts';
import { keepHint } from './hints.ts';
import {
  COMMIT,
  COMMITTED,
  DIGEST,
  DIGEST_BYTES,
  FETCHED,
  flagsIn,
  flagsOfVersion,
  HINT,
  HINTED,
  keyIn,
  MESSAGE_BYTES,
  MUTATE,
  MUTATED,
  RECEIVED,
  REPAIR,
  REPAIRED,
  STAND_IN,
  STREAM,
  STREAMED,
  standsInFor,
} from './messages.ts';
import { type Node, SYNC_TIMER } from './node.ts';
import type { SiblingSets } from './siblings.ts';
import { isNewer } from './stamps.ts';
import {
  apply,
  applySiblings,
  beginSync,
  CELL_BYTES,
  CELL_FLAGS,
  CELL_LO,
  CELL_VALUE,
  CELL_WIDTH,
  endSync,
  joinSiblings,
  loseMemory,
  type Mutation,
  type Store,
} from './store.ts';
import { findTombstones, watchTombstone } from './tombstones.ts';

/** Integers of a version that waits for the commit log: who is to be told, kind of message, its operation, the version. */
const WAITING_WIDTH = 9;

/** Reused: what a version on its way in says. */
const mutation: Mutation = { key: 0, hi: 0, lo: 0, value: 0, flags: 0, bytes: 0 };

/** MUTATE, REPAIR, STREAM, COMMIT: another node's version. */
export function takeVersion(
  node: Node,
  { kind, from, a, b, c, d, e, bytes }: Input,
  out: Out,
  sets: SiblingSets | null,
): void {
  mutation.key = keyIn(c);
  mutation.flags = flagsOfVersion(flagsIn(c));
  mutation.hi = d;
  mutation.lo = e;
  mutation.value = b;
  mutation.bytes = bytes - MESSAGE_BYTES;
  if (kind === STAND_IN) keepHint(node, standsInFor(flagsIn(c)), mutation, out);
  if (node.settings.receipts && (kind === MUTATE || kind === STAND_IN))
    out.send(from, RECEIVED, a, 0, 0, 0, 0, MESSAGE_BYTES);
  if (write(node, mutation, from, kind, a, out, sets)) answer(from, kind, a, out);
}

/**
 * Writes a version; true where it may be acknowledged at once. Otherwise whoever it is for, which may be the node itself, is
 * told when the commit log is synced, and only then it shows, unless its receipt counts.
 */
export function write(
  node: Node,
  version: Mutation,
  to: number,
  kind: number,
  serial: number,
  out: Out,
  sets: SiblingSets | null,
): boolean {
  const { settings, store } = node;
  if (sets !== null) node.issued[version.key] = sets.merge(node.issued[version.key]!, version.value);
  if (settings.syncUs > 0) {
    if (store.changedCount === 0) out.startTimer(SYNC_TIMER, settings.syncUs);
    show(node, version, out, sets);
    if (kind === COMMIT) learnCommit(node, version);
    return true;
  }
  if (settings.receipts) show(node, version, out, sets);
  const at = node.unloggedCount * WAITING_WIDTH;
  if (at === node.unlogged.length) {
    const wider = new Int32Array(Math.max(4 * WAITING_WIDTH, at * 2));
    wider.set(node.unlogged);
    node.unlogged = wider;
  }
  const { unlogged } = node;
  unlogged[at] = to;
  unlogged[at + 1] = kind;
  unlogged[at + 2] = serial;
  unlogged[at + 3] = version.key;
  unlogged[at + 4] = version.hi;
  unlogged[at + 5] = version.lo;
  unlogged[at + 6] = version.value;
  unlogged[at + 7] = version.flags;
  unlogged[at + 8] = version.bytes;
  node.unloggedCount++;
  if (node.loggingCount === 0) log(node, out);
  return false;
}

/** A version is in the commit log, or on its way there: it shows. */
function show(node: Node, version: Mutation, out: Out, sets: SiblingSets | null): void {
  if (sets !== null) applySiblings(node.store, sets, version);
  else apply(node.store, version);
  if (version.flags !== 0) watchTombstone(node, version, out);
}

/** One fsync for all that wait (group commit). */
function log(node: Node, out: Out): void {
  const { unlogged, unloggedCount } = node;
  node.loggingCount = unloggedCount;
  let bytes = 0;
  for (let index = 0; index < unloggedCount; index++) bytes += unlogged[index * WAITING_WIDTH + 8]!;
  out.fsync(unloggedCount, 1, bytes);
}

/** The commit log is synced. `own` hears of those the node wrote for operations of its own. */
export function synced(
  node: Node,
  out: Out,
  sets: SiblingSets | null,
  own: (kind: number, serial: number) => void,
): void {
  const { store, settings } = node;
  if (settings.syncUs > 0) {
    endSync(store);
    return;
  }
  const count = node.loggingCount;
  for (let index = 0; index < count; index++) {
    const { unlogged } = node;
    const at = index * WAITING_WIDTH;
    mutation.key = unlogged[at + 3]!;
    mutation.hi = unlogged[at + 4]!;
    mutation.lo = unlogged[at + 5]!;
    mutation.value = unlogged[at + 6]!;
    mutation.flags = unlogged[at + 7]!;
    mutation.bytes = unlogged[at + 8]!;
    show(node, mutation, out, sets);
    if (settings.receipts) harden(store, mutation, sets);
    if (unlogged[at + 1] === COMMIT) learnCommit(node, mutation);
    if (unlogged[at] === node.self) own(unlogged[at + 1]!, unlogged[at + 2]!);
    else answer(unlogged[at]!, unlogged[at + 1]!, unlogged[at + 2]!, out);
  }
  // What shows on receipt may not be on disk as long as anything waits for the next sync.
  if (!settings.receipts || node.unloggedCount === count) markDurable(node);
  const left = node.unloggedCount - count;
  if (left > 0) node.unlogged.copyWithin(0, count * WAITING_WIDTH, node.unloggedCount * WAITING_WIDTH);
  node.unloggedCount = left;
  node.loggingCount = 0;
  if (left > 0) log(node, out);
}

/** Where what shows is on disk, so are the cells. */
function markDurable({ store }: Node): void {
  for (let index = 0; index < store.changedCount; index++) {
    const at = store.changed[index]! * CELL_WIDTH;
    for (let word = 0; word < CELL_WIDTH; word++) store.durable[at + word] = store.cells[at + word]!;
    store.isChanged[store.changed[index]!] = 0;
  }
  store.changedCount = 0;
}

/** One version is on disk, whatever else of its key shows already. */
function harden({ durable }: Store, version: Mutation, sets: SiblingSets | null): void {
  if (sets !== null) {
    joinSiblings(durable, sets, version);
    return;
  }
  const { key, hi, lo, value, flags, bytes } = version;
  const at = key * CELL_WIDTH;
  if (!isNewer(hi, lo, value, durable[at]!, durable[at + CELL_LO]!, durable[at + CELL_VALUE]!)) return;
  durable[at] = hi;
  durable[at + CELL_LO] = lo;
  durable[at + CELL_VALUE] = value;
  durable[at + CELL_FLAGS] = flags;
  durable[at + CELL_BYTES] = bytes;
}

/** SYNC_TIMER: the commit log is to be synced now and then. */
export function sync({ store, settings }: Node, out: Out): void {
  // A disk that is slower than that gets the next sync later.
  if (!beginSync(store, out) && store.changedCount > 0) out.startTimer(SYNC_TIMER, settings.syncUs);
}

function answer(to: number, kind: number, serial: number, out: Out): void {
  const taken =
    kind === COMMIT
      ? COMMITTED
      : kind === REPAIR
        ? REPAIRED
        : kind === HINT
          ? HINTED
          : kind === STREAM
            ? STREAMED
            : MUTATED;
  out.send(to, taken, serial, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** FETCH: what it holds of a key, or a digest of it. */
export function fetch({ store: { cells } }: Node, { from, a, b, c }: Input, out: Out): void {
  const at = b * CELL_WIDTH;
  const isDigest = c === 1;
  out.send(
    from,
    FETCHED,
    a,
    cells[at + CELL_VALUE]!,
    isDigest ? cells[at + CELL_FLAGS]! | DIGEST : cells[at + CELL_FLAGS]!,
    cells[at]!,
    cells[at + CELL_LO]!,
    MESSAGE_BYTES + (isDigest ? DIGEST_BYTES : cells[at + CELL_BYTES]!),
  );
}

export function loseReplica(node: Node, machineDies: boolean): void {
  loseMemory(node.store, machineDies);
  findTombstones(node);
  node.life++;
  for (let key = 0; key < node.issued.length; key++)
    node.issued[key] = node.store.cells[key * CELL_WIDTH + CELL_VALUE]!;
  loseAcceptors(node, machineDies);
  node.unlogged.fill(0);
  node.unloggedCount = 0;
  node.loggingCount = 0;
}
