/**
 * A change comes to the row it is for. Whether it is in conflict is read off version vectors: its author's says what it had
 * seen, and each cell keeps of every leader the change that counts. What becomes of a conflict is the column's resolver's.
 *
 * - `last-writer` shows the change of the greatest stamp, whatever its author had seen; of two with one stamp the greater
 *   node's. So a clock that is behind loses also what it wrote later. Source: DeCandia et al. 2007; Cassandra.
 * - Columns of a conflict-free replicated type join what comes to what is there (`crdt-columns.ts`).
 * - `first-writer`, `keep-both`, `max`, `union` look only at changes that nobody's later one has replaced.
 * - `pgd`: https://www.enterprisedb.com/docs/pgd/latest/reference/conflict-management/, the defaults: `insert_exists` and
 *   `update_origin_change` take the newer, `update_missing` inserts, `update_recently_deleted`, `delete_missing` and
 *   `delete_recently_updated` skip.
 *
 * All but `arrival-order` and `pgd` show what is a function of the set of changes, in whatever order they came.
 */

import type { Out } from '../../kernel/protocol.ts';
import { isNewer } from '../leaderless/stamps.ts';
import { noteBroken } from './constraints.ts';
import type { CrdtStates } from './crdt-columns.ts';
import { type Leader, type TableSettings, tableOf } from './leader.ts';
import { HI, LO, ORIGIN, SEQUENCE, VALUE, VECTOR, WHAT } from './log.ts';
import type { MergeFunction } from './merges.ts';
import {
  BOTH_KEPT,
  CAME_WINS,
  DELETE,
  DELETE_DELETE,
  hiIn,
  INSERT,
  INSERT_INSERT,
  keyIn,
  kindIn,
  NOTE_CONFLICT,
  NOTE_SKIPPED,
  NOTE_THROWN_AWAY,
  NOTE_UPDATE_FIRST,
  packCell,
  packConflict,
  packHi,
  partsIn,
  shapeIn,
  THERE_WINS,
  UPDATE,
  UPDATE_DELETE,
  UPDATE_UPDATE,
} from './messages.ts';
import {
  ARRIVAL_ORDER,
  FIRST_WRITER,
  KEEP_BOTH,
  LAST_WRITER,
  LWW_REGISTER,
  MAX,
  MERGE,
  PGD,
  SUM,
  UNION,
} from './resolvers.ts';
import {
  COUNTING,
  COVERED,
  cellAt,
  FRESH_HI,
  FRESH_LO,
  isRowKnown,
  isThere,
  type Rows,
  SHOWN,
  SHOWN_DELETED,
  SHOWN_HI,
  SHOWN_LO,
  SHOWN_SEQUENCE,
  SHOWN_VALUE,
  SLOT_HI,
  SLOT_LO,
  SLOT_VALUE,
  slotAt,
} from './rows.ts';

/** What resolvers need beside the rows, and a leader's plain state cannot hold. */
export interface Tools {
  /** By number of the resolver, its states; null where it is no type of its own. */
  readonly states: readonly (CrdtStates | null)[];
  /** By their place in the tables' settings. */
  readonly merges: readonly MergeFunction[];
}

/** Applies the change whose integers begin at `at`, a leader's own or another's: to its row, or to each column it sets. */
export function applyChange(node: Leader, words: Int32Array, at: number, tools: Tools, out: Out): void {
  const { rows, settings } = node;
  const what = words[at + WHAT]!;
  const key = keyIn(what);
  if (kindIn(what) === UPDATE && !isRowKnown(rows, key)) noteUpdateFirst(words, at, key, out);
  const table = tableOf(settings, key);
  if (table.cellsPerRow === 1) applyToCell(node, table, words, at, 0, tools, out);
  else
    for (let rest = columnsOf(node, table, what); rest !== 0; rest &= rest - 1)
      applyToCell(node, table, words, at, 31 - Math.clz32(rest & -rest), tools, out);
  if (table.isConstrained && words[at + ORIGIN] !== node.self) {
    const sets = setsUnique(node, table, what);
    noteBroken(node, table, key, kindIn(what), words[at + ORIGIN]!, sets, out);
  }
}

/** Whether a change sets the column that is unique. */
export function setsUnique(node: Leader, table: TableSettings, what: number): boolean {
  if (table.unique === null || table.cellsPerRow === 1) return true;
  return (columnsOf(node, table, what) & (1 << table.unique.column)) !== 0;
}

/** Its author had seen the row, which is not there yet. */
function noteUpdateFirst(words: Int32Array, at: number, key: number, out: Out): void {
  const [origin, sequence] = [words[at + ORIGIN]!, words[at + SEQUENCE]!];
  out.note(NOTE_UPDATE_FIRST, origin, packCell(key, -1), words[at + VALUE]!, sequence);
}

/** Which columns of its table a change sets, a bit each. */
export function columnsOf({ settings }: Leader, { cellsPerRow }: TableSettings, what: number): number {
  return settings.columnsOfShape[shapeIn(what)]! & ((1 << cellsPerRow) - 1);
}

function applyToCell(
  node: Leader,
  table: TableSettings,
  words: Int32Array,
  at: number,
  column: number,
  tools: Tools,
  out: Out,
): void {
  const { rows } = node;
  const { cells } = rows;
  const origin = words[at + ORIGIN]!;
  const cell = cellAt(rows, keyIn(words[at + WHAT]!), column);
  const resolver = table.resolvers[column]!;
  refresh(cells, cell, words[at + HI]!, words[at + LO]!);
  // Somebody who had seen it has written since, and that has come first.
  const isReplaced = cells[cell + COVERED + origin]! >= words[at + SEQUENCE]!;
  const concurrent = takeSlot(rows, cell, words, at, resolver, isReplaced);
  switch (resolver) {
    case LAST_WRITER:
      showNewer(node, table, cell, column, words, at, isReplaced, null, out);
      break;
    case ARRIVAL_ORDER:
      show(cells, cell, words, at);
      break;
    case PGD:
      applyAsPgd(node, table, cell, column, words, at, isReplaced, out);
      break;
    case LWW_REGISTER: {
      const states = tools.states[resolver]!;
      const joined = states.join(cells[cell + SHOWN_VALUE]!, words[at + VALUE]!);
      showNewer(node, table, cell, column, words, at, isReplaced, states, out);
      cells[cell + SHOWN_VALUE] = joined;
      break;
    }
    case MERGE:
      showMerged(rows, cell, words, at, isReplaced, tools.merges[table.merges[column]!]!);
      break;
    default:
      if (tools.states[resolver] !== null) joinState(cells, cell, words, at, tools.states[resolver]!);
      else showOfSlots(rows, cell, resolver, table.account?.opening ?? 0);
  }
  if (concurrent !== 0) noteConflicts(node, table, cell, column, words, at, concurrent, out);
}

/** What notes say of where it is: the row alone where conflicts are the row's. */
function cellNoted({ cellsPerRow }: TableSettings, what: number, column: number): number {
  return packCell(keyIn(what), cellsPerRow === 1 ? -1 : column);
}

function refresh(cells: Int32Array, cell: number, hi: number, lo: number): void {
  if (!isNewer(hi, lo, 0, cells[cell + FRESH_HI]!, cells[cell + FRESH_LO]!, 0)) return;
  cells[cell + FRESH_HI] = hi;
  cells[cell + FRESH_LO] = lo;
}

/**
 * The change counts now, unless it is replaced, and those do not any more that its author had seen. A replaced one replaces
 * too: whoever replaced it need not have seen those. Gives the others that still count beside it, a bit each.
 */
function takeSlot(
  rows: Rows,
  cell: number,
  words: Int32Array,
  at: number,
  resolver: number,
  isReplaced: boolean,
): number {
  const { cells, leaders } = rows;
  const origin = words[at + ORIGIN]!;
  const covered = cell + COVERED;
  let counting = cells[cell + COUNTING]!;
  let concurrent = 0;
  for (let leader = 0; leader < leaders; leader++) {
    if (leader === origin) continue;
    const had = words[at + VECTOR + leader]!;
    if (cells[covered + leader]! > had) concurrent |= counting & (1 << leader);
    // Of a sum every leader's part counts for ever.
    else if (resolver !== SUM) {
      counting &= ~(1 << leader);
      cells[covered + leader] = had;
    }
  }
  if (!isReplaced) {
    counting |= 1 << origin;
    cells[covered + origin] = words[at + SEQUENCE]!;
    const slot = slotAt(rows, cell, origin);
    cells[slot + SLOT_HI] = packHi(words[at + HI]!, kindIn(words[at + WHAT]!));
    cells[slot + SLOT_LO] = words[at + LO]!;
    cells[slot + SLOT_VALUE] = words[at + VALUE]!;
  }
  cells[cell + COUNTING] = counting;
  return isReplaced ? 0 : concurrent;
}

function show(cells: Int32Array, cell: number, words: Int32Array, at: number): void {
  cells[cell + SHOWN] = words[at + ORIGIN]! + 1;
  cells[cell + SHOWN_SEQUENCE] = words[at + SEQUENCE]!;
  cells[cell + SHOWN_HI] = words[at + HI]!;
  cells[cell + SHOWN_LO] = words[at + LO]!;
  cells[cell + SHOWN_VALUE] = words[at + VALUE]!;
  cells[cell + SHOWN_DELETED] = kindIn(words[at + WHAT]!) === DELETE ? 1 : 0;
}

/** Whether a change has a greater stamp than what shows, or the same and a greater author. */
function beatsShown(cells: Int32Array, cell: number, words: Int32Array, at: number): boolean {
  return isNewer(
    words[at + HI]!,
    words[at + LO]!,
    words[at + ORIGIN]! + 1,
    cells[cell + SHOWN_HI]!,
    cells[cell + SHOWN_LO]!,
    cells[cell + SHOWN]!,
  );
}

/** Whether the author of a change had seen what shows. */
function hadSeenShown(cells: Int32Array, cell: number, words: Int32Array, at: number): boolean {
  const author = cells[cell + SHOWN]! - 1;
  return author < 0 || words[at + VECTOR + author]! >= cells[cell + SHOWN_SEQUENCE]!;
}

/** What comes is merged into what is there beside it: all changes that count, in the order of their leaders. */
function showMerged(
  rows: Rows,
  cell: number,
  words: Int32Array,
  at: number,
  isReplaced: boolean,
  merge: MergeFunction,
): void {
  const { cells } = rows;
  const origin = words[at + ORIGIN]!;
  showOfSlots(rows, cell, MERGE, 0);
  let there: number | null = null;
  for (let rest = cells[cell + COUNTING]!; rest !== 0; rest &= rest - 1) {
    const leader = 31 - Math.clz32(rest & -rest);
    if (leader === origin && !isReplaced) continue;
    const value = cells[slotAt(rows, cell, leader) + SLOT_VALUE]!;
    there = there === null ? value : merge(there, value);
  }
  if (isReplaced) cells[cell + SHOWN_VALUE] = there!;
  else cells[cell + SHOWN_VALUE] = there === null ? words[at + VALUE]! : merge(there, words[at + VALUE]!);
}

/** It shows what all changes come to, whoever made them. */
function joinState(cells: Int32Array, cell: number, words: Int32Array, at: number, states: CrdtStates): void {
  cells[cell + SHOWN] = 1;
  cells[cell + SHOWN_VALUE] = states.join(cells[cell + SHOWN_VALUE]!, words[at + VALUE]!);
}

function showNewer(
  node: Leader,
  table: TableSettings,
  cell: number,
  column: number,
  words: Int32Array,
  at: number,
  isReplaced: boolean,
  states: CrdtStates | null,
  out: Out,
): void {
  const { cells } = node.rows;
  const where = cellNoted(table, words[at + WHAT]!, column);
  // Of a register's states, the writes that they hold.
  const value = states === null ? words[at + VALUE]! : states.read(words[at + VALUE]!);
  const shown = states === null ? cells[cell + SHOWN_VALUE]! : states.read(cells[cell + SHOWN_VALUE]!);
  if (beatsShown(cells, cell, words, at)) {
    if (!hadSeenShown(cells, cell, words, at)) out.note(NOTE_THROWN_AWAY, where, shown, value, 0);
    show(cells, cell, words, at);
  } else if (!isReplaced) out.note(NOTE_THROWN_AWAY, where, value, shown, 0);
}

function applyAsPgd(
  node: Leader,
  table: TableSettings,
  cell: number,
  column: number,
  words: Int32Array,
  at: number,
  isReplaced: boolean,
  out: Out,
): void {
  const { rows, self } = node;
  const what = words[at + WHAT]!;
  const kind = kindIn(what);
  const there = isThere(rows, cell);
  // What its own clients do, it does.
  if (words[at + ORIGIN] === self) show(rows.cells, cell, words, at);
  else if (there) {
    if (kind !== DELETE || beatsShown(rows.cells, cell, words, at))
      showNewer(node, table, cell, column, words, at, isReplaced, null, out);
    else skip(words, at, rows.cells[cell + SHOWN_VALUE]!, out);
  } else if (kind === INSERT || (kind === UPDATE && rows.cells[cell + SHOWN] === 0))
    show(rows.cells, cell, words, at);
  else skip(words, at, kind === UPDATE ? rows.cells[cell + SHOWN_VALUE]! : 0, out);
}

/** It is not applied here. What it did where it was made is thrown away for what `stays`: 0 where it deleted what is not there anyway. */
function skip(words: Int32Array, at: number, stays: number, out: Out): void {
  out.note(NOTE_SKIPPED, words[at + ORIGIN]!, words[at + WHAT]!, words[at + VALUE]!, stays);
}

/** What is shown of the changes that count, by resolver: one of them, or what all come to. */
function showOfSlots(rows: Rows, cell: number, resolver: number, opening: number): void {
  const { cells } = rows;
  let chosen = -1;
  let chosenSlot = 0;
  let value = resolver === SUM ? opening : 0;
  for (let rest = cells[cell + COUNTING]!; rest !== 0; rest &= rest - 1) {
    const leader = 31 - Math.clz32(rest & -rest);
    const slot = slotAt(rows, cell, leader);
    if (resolver === SUM) value += cells[slot + SLOT_VALUE]!;
    else if (resolver === UNION) value |= cells[slot + SLOT_VALUE]!;
    if (chosen < 0 || goesBefore(cells, slot, leader, chosenSlot, chosen, resolver)) {
      chosen = leader;
      chosenSlot = slot;
    }
  }
  cells[cell + SHOWN] = chosen + 1;
  cells[cell + SHOWN_SEQUENCE] = cells[cell + COVERED + chosen]!;
  cells[cell + SHOWN_HI] = hiIn(cells[chosenSlot + SLOT_HI]!);
  cells[cell + SHOWN_LO] = cells[chosenSlot + SLOT_LO]!;
  cells[cell + SHOWN_VALUE] =
    resolver === SUM || resolver === UNION ? value : cells[chosenSlot + SLOT_VALUE]!;
  cells[cell + SHOWN_DELETED] = partsIn(cells[chosenSlot + SLOT_HI]!) === DELETE ? 1 : 0;
}

function goesBefore(
  cells: Int32Array,
  slot: number,
  leader: number,
  otherSlot: number,
  other: number,
  resolver: number,
): boolean {
  if (resolver === MAX) return cells[slot + SLOT_VALUE]! > cells[otherSlot + SLOT_VALUE]!;
  const newer = isNewer(
    hiIn(cells[slot + SLOT_HI]!),
    cells[slot + SLOT_LO]!,
    leader,
    hiIn(cells[otherSlot + SLOT_HI]!),
    cells[otherSlot + SLOT_LO]!,
    other,
  );
  return resolver === FIRST_WRITER ? !newer : newer;
}

function noteConflicts(
  node: Leader,
  table: TableSettings,
  cell: number,
  column: number,
  words: Int32Array,
  at: number,
  concurrent: number,
  out: Out,
): void {
  const { rows } = node;
  const { cells } = rows;
  const resolver = table.resolvers[column]!;
  const where = cellNoted(table, words[at + WHAT]!, column);
  const origin = words[at + ORIGIN]!;
  const what = words[at + WHAT]!;
  const value = words[at + VALUE]!;
  const shows = cells[cell + SHOWN]! === origin + 1 && cells[cell + SHOWN_SEQUENCE] === words[at + SEQUENCE];
  const merges =
    resolver === KEEP_BOTH ||
    resolver === UNION ||
    resolver === SUM ||
    resolver === MERGE ||
    resolver > LWW_REGISTER;
  const outcome = merges ? BOTH_KEPT : shows ? CAME_WINS : THERE_WINS;
  for (let rest = concurrent; rest !== 0; rest &= rest - 1) {
    const leader = 31 - Math.clz32(rest & -rest);
    const slot = slotAt(rows, cell, leader);
    const kind = conflictKind(kindIn(what), partsIn(cells[slot + SLOT_HI]!));
    const there = cells[slot + SLOT_VALUE]!;
    if (column === 0 || !meetsBefore(node, table, what, column, leader, cells[cell + COVERED + leader]!))
      out.note(NOTE_CONFLICT, where, packConflict(origin, leader, kind, outcome), value, there);
    if (resolver !== FIRST_WRITER) continue;
    if (cells[cell + SHOWN] !== leader + 1)
      out.note(NOTE_THROWN_AWAY, where, there, cells[cell + SHOWN_VALUE]!, 0);
  }
  if (resolver === FIRST_WRITER && !shows)
    out.note(NOTE_THROWN_AWAY, where, value, cells[cell + SHOWN_VALUE]!, 0);
}

/** Whether a change and one of another leader share a column before this one: a pair of changes is one conflict. */
function meetsBefore(
  node: Leader,
  table: TableSettings,
  what: number,
  column: number,
  leader: number,
  sequence: number,
): boolean {
  const { rows } = node;
  for (let rest = columnsOf(node, table, what) & ((1 << column) - 1); rest !== 0; rest &= rest - 1) {
    const cell = cellAt(rows, keyIn(what), 31 - Math.clz32(rest & -rest));
    const counts = (rows.cells[cell + COUNTING]! & (1 << leader)) !== 0;
    if (counts && rows.cells[cell + COVERED + leader] === sequence) return true;
  }
  return false;
}

function conflictKind(one: number, other: number): number {
  if (one === DELETE && other === DELETE) return DELETE_DELETE;
  if (one === DELETE || other === DELETE) return UPDATE_DELETE;
  return one === INSERT || other === INSERT ? INSERT_INSERT : UPDATE_UPDATE;
}
