/**
 * What a database promises of several rows at once, and one leader alone can keep: no two rows have one value of a unique
 * column, and no row refers to one that is not there. A leader refuses what breaks that among the rows it knows. Two leaders
 * that each keep it may break it together, which is found when a change comes.
 *
 * What is shown then is a function of the rows, and so the same on every leader that has the same rows, in whatever order
 * they came. A value is kept by the row that was given it last. Of the others
 *
 * - `reject`: the row is not shown as long as it has the value. PGD keeps the newer of two rows with one value of a unique
 *   constraint (`insert_exists`, `update_if_newer`), https://www.enterprisedb.com/docs/pgd/latest/conflict-management/conflicts/02_types_of_conflict/
 * - `rename`: it is shown under a name of its own, as Active Directory renames the older of two objects of one name. Source:
 *   Microsoft, [MS-ADTS] Active Directory Technical Specification, on replication and naming conflicts.
 * - `keep`: both are shown, for somebody to look at.
 *
 * Where a row was deleted at one leader and referred to at another
 *
 * - `keep-orphan`: the row that refers stays, to nothing. PGD checks no foreign keys when it applies changes (same page).
 * - `restore-parent`, `drop-child`: the deleted row shows again, empty; or the one that refers does not show. The two are
 *   the update-wins and delete-wins foreign keys of Lopes et al., Antidote SQL, 2019 (arXiv 1902.03576).
 */

import type { Out } from '../../kernel/protocol.ts';
import { isNewer } from '../leaderless/stamps.ts';
import { type Leader, type TableSettings, tableOf } from './leader.ts';
import { DELETE, INSERT, NOTE_FOREIGN, NOTE_UNIQUE, packConflict } from './messages.ts';
import {
  cellAt,
  isRowThere,
  isThere,
  SHOWN,
  SHOWN_DELETED,
  SHOWN_HI,
  SHOWN_LO,
  SHOWN_VALUE,
} from './rows.ts';

export const uniqueRules = ['reject', 'rename', 'keep'] as const;
export type UniqueRule = (typeof uniqueRules)[number];
export const parentRules = ['keep-orphan', 'restore-parent', 'drop-child'] as const;
export type ParentRule = (typeof parentRules)[number];

/** The value that a write gives to a unique column: one of `values`, scattered so that neighbours in number are none in value. */
export function uniqueValue(number: number, values: number): number {
  const mixed = Math.imul(number ^ (number >>> 16), 0x45d9f3b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % values;
}

/** What a row shows of its unique column: −1 where it is not there. */
function valueShown({ rows }: Leader, { unique }: TableSettings, key: number): number {
  const cell = cellAt(rows, key, unique!.column);
  return isThere(rows, cell) ? uniqueValue(rows.cells[cell + SHOWN_VALUE]!, unique!.values) : -1;
}

/** The next row after `after` that has a value, but for one; −1 for none. */
function nextWithValue(
  node: Leader,
  table: TableSettings,
  value: number,
  but: number,
  after: number,
): number {
  const end = table.firstKey + table.rows;
  for (let key = after + 1; key < end; key++)
    if (key !== but && valueShown(node, table, key) === value) return key;
  return -1;
}

/** Of two rows with one value, whether the first was given it later. With one stamp and one author it is the greater key. */
function keepsOver({ rows }: Leader, { unique }: TableSettings, key: number, other: number): boolean {
  const { cells } = rows;
  const one = cellAt(rows, key, unique!.column);
  const two = cellAt(rows, other, unique!.column);
  const isLater = (cell: number, than: number) =>
    isNewer(
      cells[cell + SHOWN_HI]!,
      cells[cell + SHOWN_LO]!,
      cells[cell + SHOWN]!,
      cells[than + SHOWN_HI]!,
      cells[than + SHOWN_LO]!,
      cells[than + SHOWN]!,
    );
  return isLater(one, two) || (!isLater(two, one) && key > other);
}

/** Whether another row has been given the value of this one later, and keeps it. */
export function losesValue(node: Leader, table: TableSettings, key: number): boolean {
  const value = table.unique === null ? -1 : valueShown(node, table, key);
  if (value < 0) return false;
  for (
    let other = nextWithValue(node, table, value, key, table.firstKey - 1);
    other >= 0;
    other = nextWithValue(node, table, value, key, other)
  )
    if (keepsOver(node, table, other, key)) return true;
  return false;
}

/** Rows of a table that lose their value, all at once, and by each the row that keeps it. */
export function losersOf(node: Leader, table: TableSettings): Map<number, number> {
  const values = new Map<number, number>();
  const keepers = new Map<number, number>();
  for (let key = table.firstKey; table.unique !== null && key < table.firstKey + table.rows; key++) {
    const value = valueShown(node, table, key);
    if (value < 0) continue;
    const keeper = keepers.get(value) ?? key;
    const keeps = keeper === key || keepsOver(node, table, key, keeper);
    if (keeper !== key) values.set(keeps ? keeper : key, value);
    if (keeps) keepers.set(value, key);
  }
  return new Map([...values].map(([key, value]) => [key, keepers.get(value)!]));
}

/** The row that a row refers to, by its place among its own; −1 where it refers to none. */
export function parentOf({ settings }: Leader, { parent, firstKey }: TableSettings, key: number): number {
  if (parent === null) return -1;
  const table = settings.tables[parent.table]!;
  return table.firstKey + ((key - firstKey) % table.rows);
}

/** Whether a row is there that the one it refers to is not. */
export function isOrphan(node: Leader, table: TableSettings, key: number): boolean {
  const parent = parentOf(node, table, key);
  return parent >= 0 && isRowThere(node.rows, key) && !isRowThere(node.rows, parent);
}

/** The next row after `after` that refers to another and is there, table by table; −1 for none. */
function nextChild(node: Leader, table: TableSettings, key: number, after: number): number {
  for (const index of table.children) {
    const child = node.settings.tables[index]!;
    const end = child.firstKey + child.rows;
    for (let other = child.firstKey + (key - table.firstKey); other < end; other += table.rows)
      if (other > after && isRowThere(node.rows, other)) return other;
  }
  return -1;
}

/** Whether a deleted row shows, as another refers to it. */
export function isRestored(node: Leader, table: TableSettings, key: number): boolean {
  if (table.children.length === 0 || isRowThere(node.rows, key)) return false;
  for (let child = nextChild(node, table, key, -1); child >= 0; child = nextChild(node, table, key, child))
    if (tableOf(node.settings, child).parent!.rule === 'restore-parent') return true;
  return false;
}

/** Whether a row that is there is not shown, by a rule on others. */
export function isHidden(node: Leader, table: TableSettings, key: number): boolean {
  if (table.unique?.rule === 'reject' && losesValue(node, table, key)) return true;
  return table.parent?.rule === 'drop-child' && isOrphan(node, table, key);
}

const VALUE_TAKEN = 0;
const PARENT_MISSING = 1;
const HAS_CHILDREN = 2;
export const reasonsToRefuse = [
  'its value is taken',
  'what it refers to is not there',
  'others refer to it',
] as const;
export type ReasonToRefuse = (typeof reasonsToRefuse)[number];

/** Why a leader does not allow a write, by the rows that it knows; −1 where it does. `sets`: whether it sets the unique column. */
export function reasonAgainst(
  node: Leader,
  table: TableSettings,
  key: number,
  kind: number,
  number: number,
  sets: boolean,
): number {
  const { unique } = table;
  if (kind === DELETE) return nextChild(node, table, key, -1) >= 0 ? HAS_CHILDREN : -1;
  const parent = parentOf(node, table, key);
  if (kind === INSERT && parent >= 0) {
    const of = tableOf(node.settings, parent);
    if (!isRowThere(node.rows, parent) && !isRestored(node, of, parent)) return PARENT_MISSING;
  }
  if (unique === null || !sets) return -1;
  const value = uniqueValue(number, unique.values);
  return nextWithValue(node, table, value, key, table.firstKey - 1) >= 0 ? VALUE_TAKEN : -1;
}

/** A change of another leader has been applied: whether its row and another now break together what neither did alone. `sets`: as above. */
export function noteBroken(
  node: Leader,
  table: TableSettings,
  key: number,
  kind: number,
  author: number,
  sets: boolean,
  out: Out,
): void {
  const { rows } = node;
  const authorOf = (other: number, column: number) => rows.cells[cellAt(rows, other, column) + SHOWN]! - 1;
  const note = (which: number, other: number, there: number) => {
    // Whose own rows they both are, knew of both.
    if (there !== author) out.note(which, key, other, packConflict(author, there, 0, 0), 0);
  };
  if (table.unique !== null && sets && authorOf(key, table.unique.column) === author) {
    const value = valueShown(node, table, key);
    for (
      let other = value < 0 ? -1 : nextWithValue(node, table, value, key, table.firstKey - 1);
      other >= 0;
      other = nextWithValue(node, table, value, key, other)
    )
      note(NOTE_UNIQUE, other, authorOf(other, table.unique.column));
  }
  const parent = parentOf(node, table, key);
  if (kind === INSERT && parent >= 0 && isOrphan(node, table, key) && wasDeleted(node, parent))
    note(NOTE_FOREIGN, parent, authorOf(parent, 0));
  if (kind !== DELETE || isRowThere(rows, key)) return;
  for (let child = nextChild(node, table, key, -1); child >= 0; child = nextChild(node, table, key, child))
    note(NOTE_FOREIGN, child, authorOf(child, 0));
}

/** Not one that is only yet to come. */
function wasDeleted({ rows }: Leader, key: number): boolean {
  return rows.cells[cellAt(rows, key, 0) + SHOWN_DELETED] === 1;
}
