/**
 * A leader's own writes. A write happens when its record is on the leader's disk: then it has its stamp and its number, shows,
 * and is acknowledged. Nobody else is waited for. What it was based on is what this leader had applied by then.
 */

import { nextAutoIncrement } from '../../identifiers/auto-increment.ts';
import { type Input, type Out, pick, READ_OK, REFUSED, WRITE_OK } from '../../kernel/protocol.ts';
import { numberUs, stampHi, stampLo, stampNumber } from '../leaderless/stamps.ts';
import { isHidden, reasonAgainst } from './constraints.ts';
import { type CrdtStates, itemOf } from './crdt-columns.ts';
import { type Leader, type TableSettings, tableOf } from './leader.ts';
import {
  addChange,
  append,
  BYTES,
  entryAt,
  FROM,
  HI,
  LO,
  logEnd,
  NUMBER,
  ORIGIN,
  PARTS,
  SEQUENCE,
  SLOT,
  VALUE,
  VECTOR,
  WHAT,
} from './log.ts';
import {
  ALL_COLUMNS,
  DELETE,
  INSERT,
  keyIn,
  kindIn,
  MESSAGE_BYTES,
  NOTE_FORBIDDEN,
  NOTE_ITEM,
  NOTE_NO_COLUMN,
  NOTE_PROMOTED,
  NOTE_REFUSED,
  PART,
  packCell,
  packWhat,
  UPDATE,
} from './messages.ts';
import { SUM, UNION } from './resolvers.ts';
import { applyChange, setsUnique, type Tools } from './resolving.ts';
import {
  cellAt,
  cellsOf,
  FRESH_HI,
  FRESH_LO,
  isRowThere,
  isThere,
  SHOWN_HI,
  SHOWN_VALUE,
  SLOT_VALUE,
  slotAt,
} from './rows.ts';
import { isUnfit } from './schema-changes.ts';

/** A leader's own stream of chance: which column a write sets, and whether it deletes. */
const CHOICES = 0;
export const leaderChances = ['what a write does'] as const;

/** WRITE: it waits for the log's sync. */
export function takeWrite(node: Leader, { from, a, b, c, bytes }: Input, out: Out): void {
  const at = addChange(node.inbox, node.width);
  const { words } = node.inbox;
  words[at + ORIGIN] = node.self;
  words[at + WHAT] = c;
  words[at + BYTES] = bytes;
  words[at + FROM] = from;
  words[at + SLOT] = a;
  words[at + NUMBER] = b;
  beginSync(node, out);
}

/** WRITE, at one that follows. */
export function refuseWrite({ from, a, b }: Input, out: Out): void {
  out.send(from, REFUSED, a, b, 0, 0, 0, MESSAGE_BYTES);
}

/** OPERATOR: it takes writes from now on, beside whoever does. What becomes of that its exchange goes by: it goes around the dead. */
export function promote(node: Leader, out: Out): void {
  node.follows = false;
  out.note(NOTE_PROMOTED, 0, 0, 0, 0);
}

/** One fsync for all that wait (group commit). */
export function beginSync(node: Leader, out: Out): void {
  const { inbox, width } = node;
  if (node.syncing > 0 || inbox.count === 0) return;
  node.syncing = inbox.count;
  let bytes = 0;
  for (let index = 0; index < inbox.count; index++)
    bytes += inbox.words[(inbox.first + index) * width + BYTES]!;
  out.fsync(inbox.count, 0, bytes);
}

/** A write of its own is on disk: it happens. */
export function commitOwn(node: Leader, at: number, tools: Tools, out: Out): void {
  const { settings, self, rows, applied, inbox, width } = node;
  const { words } = inbox;
  const key = node.series === null ? keyIn(words[at + WHAT]!) : nextKey(node);
  if (key >= rows.keys) {
    refuse(words, at, out);
    return;
  }
  const table = tableOf(settings, key);
  const { deleteThreshold } = table;
  const shape = shapeOf(node, table, words[at + FROM]!, out);
  // Who sets several columns sets them all to one number; what carries anything else is set alone.
  const column = table.cellsPerRow === 1 || shape >= table.cellsPerRow ? 0 : shape;
  const cell = cellAt(rows, key, column);
  const there = isRowThere(rows, key);
  const takesOut = deleteThreshold > 0 && out.draw(CHOICES) >>> 0 < deleteThreshold && there;
  const resolver = table.resolvers[column]!;
  const states = tools.states[resolver]!;
  if (table.account !== null && !mayWithdraw(node, table, cell, at, states, out)) return;
  const kind = !there ? INSERT : takesOut && resolver !== UNION && states === null ? DELETE : UPDATE;
  // A row is made and deleted as a whole.
  const isWhole = kind !== UPDATE && table.isWhole;
  words[at + WHAT] = packWhat(key, isWhole ? wholeShape(node) : shape, kind);
  if (node.lacks !== 0 && isUnfit(node, words[at + WHAT]!)) {
    out.note(NOTE_NO_COLUMN, 0, 0, 0, 0);
    refuse(words, at, out);
    return;
  }
  if (table.isConstrained && !isAllowed(node, table, at, out)) return;
  const us = Math.max(out.clockUs(), node.lastStampUs + 1);
  node.lastStampUs = us;
  if (states === null)
    words[at + VALUE] = carried(node, table, cell, resolver, words[at + NUMBER]!, takesOut);
  else carryState(node, table, cell, at, takesOut, states);
  if (settings.revisions) stampRevision(rows.cells, cell, words, at);
  else {
    words[at + HI] = stampHi(us);
    words[at + LO] = stampLo(us);
  }
  for (let leader = 0; leader < settings.leaders; leader++) words[at + VECTOR + leader] = applied[leader]!;
  words[at + PARTS] = partsThatDiffer(node, words, at);
  const sequence = applied[self]! + 1;
  words[at + SEQUENCE] = sequence;
  keepVector(node.appliedVectors, words, at, settings.leaders);
  applied[self] = node.queued[self] = node.seen[self] = sequence;
  append(node.log, words, at, width, out.nowUs);
  if (table.holdsItems[column] === 1) noteItem(node, cell, at, column, states, out);
  applyChange(node, words, at, tools, out);
  if (settings.confirmedBy === 0) acknowledge(words, at, out);
}

/**
 * How many edits a version has behind it, and of as many a number that is nobody's choice but the same everywhere. Source:
 * https://docs.couchdb.org/en/stable/replication/conflicts.html
 */
function stampRevision(cells: Int32Array, cell: number, words: Int32Array, at: number): void {
  words[at + HI] = cells[cell + SHOWN_HI]! + 1;
  words[at + LO] = 1 + ((Math.imul(words[at + NUMBER]!, 0x9e37_79b1) >>> 2) & 0x3fff_ffff);
}

/** What a group's writes set: the columns that it names, or one at random. */
function shapeOf(
  { settings, leavesOut }: Leader,
  { columns }: TableSettings,
  from: number,
  out: Out,
): number {
  const shape = settings.shapes[from - settings.firstClient]!;
  if (shape >= 0) return shape;
  // What an application leaves out is the last.
  return columns === 1 ? 0 : pick(out.draw(CHOICES), leavesOut === 0 ? columns : columns - 1);
}

/** What makes a row sets all columns that its application knows. */
function wholeShape({ settings, leavesOut }: Leader): number {
  return leavesOut === 0 ? ALL_COLUMNS : settings.shapeOfOthers;
}

function acknowledge(words: Int32Array, at: number, out: Out): void {
  out.send(
    words[at + FROM]!,
    WRITE_OK,
    words[at + SLOT]!,
    words[at + NUMBER]!,
    words[at + HI]!,
    words[at + LO]!,
    0,
    MESSAGE_BYTES,
  );
}

/** Another has more of its own writes on disk: those that enough others have now are acknowledged, in order. */
export function acknowledgeConfirmed(node: Leader, out: Out): void {
  const { settings, self, known, log, width, applied } = node;
  const { confirmedBy, leaders } = settings;
  const end = logEnd(log);
  for (let index = log.base; index < end && node.acknowledged < applied[self]!; index++) {
    const at = entryAt(log, index, width);
    const sequence = log.words[at + SEQUENCE]!;
    if (log.words[at + ORIGIN] !== self || sequence <= node.acknowledged) continue;
    let count = 0;
    for (let leader = 0; leader < leaders; leader++)
      if (leader !== self && known[leader * leaders + self]! >= sequence) count++;
    if (count < confirmedBy) return;
    acknowledge(log.words, at, out);
    node.acknowledged = sequence;
  }
}

/** Whether the rows known here allow a write; otherwise its client hears that they do not. */
function isAllowed(node: Leader, table: TableSettings, at: number, out: Out): boolean {
  const { words } = node.inbox;
  const what = words[at + WHAT]!;
  const sets = setsUnique(node, table, what);
  const reason = reasonAgainst(node, table, keyIn(what), kindIn(what), words[at + NUMBER]!, sets);
  if (reason < 0) return true;
  out.note(NOTE_FORBIDDEN, keyIn(what), reason, 0, 0);
  refuse(words, at, out);
  return false;
}

/** Whether the balance shown here leaves room for one withdrawal more; otherwise its client hears that it does not. */
function mayWithdraw(
  { rows, inbox }: Leader,
  { account }: TableSettings,
  cell: number,
  at: number,
  states: CrdtStates | null,
  out: Out,
): boolean {
  const { opening, withdrawal } = account!;
  const shown = rows.cells[cell + SHOWN_VALUE]!;
  const balance = states !== null ? opening + states.read(shown) : isThere(rows, cell) ? shown : opening;
  if (balance >= withdrawal) return true;
  const { words } = inbox;
  out.note(NOTE_REFUSED, keyIn(words[at + WHAT]!), balance, 0, 0);
  refuse(words, at, out);
  return false;
}

function refuse(words: Int32Array, at: number, out: Out): void {
  out.send(words[at + FROM]!, REFUSED, words[at + SLOT]!, words[at + NUMBER]!, 0, 0, 0, MESSAGE_BYTES);
}

/** The key of a new row: ids count from 1, and keys from 0. */
function nextKey(node: Leader): number {
  node.largestId = nextAutoIncrement(node.series!, node.largestId);
  return node.largestId - 1;
}

/** What the write carries: its number; of a cart, its items, a bit each; of an account, all that this leader has paid out. */
function carried(
  { rows, self }: Leader,
  { account }: TableSettings,
  cell: number,
  resolver: number,
  number: number,
  takesOut: boolean,
): number {
  if (resolver === SUM) return rows.cells[slotAt(rows, cell, self) + SLOT_VALUE]! - account!.withdrawal;
  if (resolver !== UNION) return number;
  const item = 1 << itemOf(number);
  const cart = rows.cells[cell + SHOWN_VALUE]!;
  // What it takes out is the lowest of its items.
  return takesOut ? cart & (cart - 1) : cart | item;
}

/** What a write to a column of a replicated type carries: what it changes, or the whole state with it. */
function carryState(
  node: Leader,
  { account }: TableSettings,
  cell: number,
  at: number,
  takesOut: boolean,
  states: CrdtStates,
): void {
  const { rows, self, settings, inbox, lastStampUs } = node;
  const { words } = inbox;
  const state = rows.cells[cell + SHOWN_VALUE]!;
  const delta = states.write(state, {
    leader: self,
    number: words[at + NUMBER]!,
    takesOut: takesOut || account !== null,
    by: account?.withdrawal ?? 1,
    stampUs: lastStampUs,
  });
  const shipped = settings.shipsStates ? states.join(state, delta) : delta;
  words[at + VALUE] = shipped;
  words[at + BYTES] = states.bytes(shipped);
  node.carriedBytes += words[at + BYTES]!;
}

/** Tells what a write has put into a cart, or taken out of it. */
function noteItem(
  { rows, inbox }: Leader,
  cell: number,
  at: number,
  column: number,
  states: CrdtStates | null,
  out: Out,
): void {
  const { words } = inbox;
  const shown = rows.cells[cell + SHOWN_VALUE]!;
  const value = words[at + VALUE]!;
  const before = states === null ? shown : states.read(shown);
  const after = states === null ? value : states.read(states.join(shown, value));
  const taken = before & ~after;
  const where = packCell(keyIn(words[at + WHAT]!), column);
  if (taken !== 0) out.note(NOTE_ITEM, where, 31 - Math.clz32(taken), 0, words[at + SEQUENCE]!);
  // Put in again what was there already, it is put in once more.
  else if (after !== 0) out.note(NOTE_ITEM, where, itemOf(words[at + NUMBER]!), 1, words[at + SEQUENCE]!);
}

/** Parts of a change's context in which it differs from the one before it of the same author, a bit each. */
function partsThatDiffer({ self, settings, appliedVectors }: Leader, words: Int32Array, at: number): number {
  const { leaders } = settings;
  let parts = 0;
  for (let leader = 0, place = 0; leader < leaders; leader++) {
    if (leader === self) continue;
    if (words[at + VECTOR + leader] !== appliedVectors[self * leaders + leader])
      parts |= 1 << Math.floor(place / PART);
    place++;
  }
  return parts;
}

/** Keeps the vector of a change as its author's newest. */
export function keepVector(vectors: Int32Array, words: Int32Array, at: number, leaders: number): void {
  const to = words[at + ORIGIN]! * leaders;
  for (let leader = 0; leader < leaders; leader++) vectors[to + leader] = words[at + VECTOR + leader]!;
}

/** A stamp has come: a hybrid logical clock goes on from there. Source: Kulkarni et al., Logical Physical Clocks, 2014. */
export function advanceClock(node: Leader, hi: number, lo: number): void {
  const us = numberUs(stampNumber(hi, lo));
  if (us > node.lastStampUs) node.lastStampUs = us;
}

/** READ: what shows here. */
export function answerRead(node: Leader, { from, a, b, c }: Input, tools: Tools, out: Out): void {
  const { rows } = node;
  const { cells } = rows;
  let column = 0;
  let newest = cellAt(rows, c, 0);
  for (let each = cellsOf(rows, c) - 1; each > 0; each--) {
    const cell = cellAt(rows, c, each);
    const isNewer =
      cells[cell + FRESH_HI]! > cells[newest + FRESH_HI]! ||
      (cells[cell + FRESH_HI] === cells[newest + FRESH_HI] &&
        cells[cell + FRESH_LO]! > cells[newest + FRESH_LO]!);
    if (!isNewer) continue;
    newest = cell;
    column = each;
  }
  const table = tableOf(node.settings, c);
  const states = tools.states[table.resolvers[column]!]!;
  const isShown = isThere(rows, newest) && !(table.isConstrained && isHidden(node, table, c));
  const shown = isShown ? cells[newest + SHOWN_VALUE]! : 0;
  const value = states === null ? shown : states.read(shown);
  out.send(from, READ_OK, a, b, cells[newest + FRESH_HI]!, cells[newest + FRESH_LO]!, value, MESSAGE_BYTES);
}
