/**
 * What a leader holds: of each row, or each column of it, what it shows, and of each leader the last change that nobody's
 * later one has replaced. Two of those are concurrent: neither author had seen the other's. All of it is on disk.
 */

/** Integers of a cell: what it shows (author + 1, 0 for nothing; number; stamp; value; 1 where deleted). */
export const SHOWN = 0;
export const SHOWN_SEQUENCE = 1;
export const SHOWN_HI = 2;
export const SHOWN_LO = 3;
export const SHOWN_VALUE = 4;
export const SHOWN_DELETED = 5;
/** The newest stamp of all changes that it has been given. */
export const FRESH_HI = 6;
export const FRESH_LO = 7;
/** Leaders of whom a change counts, a bit each. */
export const COUNTING = 8;
/** By leader, the number of its change that counts; where none does, up to which its changes are replaced, if they ever come. */
export const COVERED = 9;
/** By leader after that, of its change that counts: the stamp's greater part with what it does (`packHi`), the lesser, the value. */
const SLOT_WIDTH = 3;
export const SLOT_HI = 0;
export const SLOT_LO = 1;
export const SLOT_VALUE = 2;

/** Integers that a processor fetches at once: what every change reads of its cell lies together. */
const LINE = 16;

/** Rows of one kind: their keys follow each other, and each has so many cells. */
export interface TableRows {
  readonly firstKey: number;
  readonly rows: number;
  readonly cellsPerRow: number;
}

export interface Rows {
  readonly leaders: number;
  readonly width: number;
  readonly keys: number;
  /** Of one table; of several it is looked up by key. */
  readonly cellsPerRow: number;
  /** By key, which cell is the row's first, and after the last key how many cells there are; null where there is one table. */
  readonly firstCells: Int32Array | null;
  readonly cells: Int32Array;
}

export function newRows(tables: readonly TableRows[], leaders: number): Rows {
  const width = Math.ceil((COVERED + leaders + leaders * SLOT_WIDTH) / LINE) * LINE;
  const keys = tables.reduce((sum, { rows }) => sum + rows, 0);
  const firstCells = tables.length === 1 ? null : new Int32Array(keys + 1);
  let cells = 0;
  for (const { firstKey, rows, cellsPerRow } of tables) {
    for (let row = 0; row < rows; row++) {
      cells += cellsPerRow;
      if (firstCells !== null) firstCells[firstKey + row + 1] = cells;
    }
  }
  const { cellsPerRow } = tables[0]!;
  return { leaders, width, keys, cellsPerRow, firstCells, cells: new Int32Array(cells * width) };
}

/** Where a cell's integers begin; where conflicts are the row's, its one cell is column 0. */
export function cellAt({ width, cellsPerRow, firstCells }: Rows, key: number, column: number): number {
  return (firstCells === null ? key * cellsPerRow + column : firstCells[key]! + column) * width;
}

/** How many cells a row has: one, or one a column. */
export function cellsOf({ cellsPerRow, firstCells }: Rows, key: number): number {
  return firstCells === null ? cellsPerRow : firstCells[key + 1]! - firstCells[key]!;
}

/** Whether any column of a row is there. */
export function isRowThere(rows: Rows, key: number): boolean {
  const end = cellAt(rows, key, cellsOf(rows, key));
  for (let cell = cellAt(rows, key, 0); cell < end; cell += rows.width) if (isThere(rows, cell)) return true;
  return false;
}

/** Whether any change of a row has come. */
export function isRowKnown(rows: Rows, key: number): boolean {
  const end = cellAt(rows, key, cellsOf(rows, key));
  for (let cell = cellAt(rows, key, 0); cell < end; cell += rows.width)
    if (rows.cells[cell + SHOWN] !== 0) return true;
  return false;
}

/** Where a cell keeps the change of a leader that counts. */
export function slotAt({ leaders }: Rows, cell: number, leader: number): number {
  return cell + COVERED + leaders + leader * SLOT_WIDTH;
}

export function isThere({ cells }: Rows, cell: number): boolean {
  return cells[cell + SHOWN] !== 0 && cells[cell + SHOWN_DELETED] === 0;
}

/** How many changes of a cell count: more than one are siblings. */
export function countOfSlots(rows: Rows, cell: number): number {
  let count = 0;
  for (let rest = rows.cells[cell + COUNTING]!; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Whether two leaders show the same in a cell; where both are kept, the same siblings. */
export function showSame(one: Rows, other: Rows, cell: number, keepsBoth: boolean): boolean {
  for (let word = SHOWN; word <= SHOWN_DELETED; word++)
    if (one.cells[cell + word] !== other.cells[cell + word]) return false;
  if (!keepsBoth) return true;
  const counting = one.cells[cell + COUNTING]!;
  if (counting !== other.cells[cell + COUNTING]) return false;
  for (let rest = counting; rest !== 0; rest &= rest - 1) {
    const at = cell + COVERED + 31 - Math.clz32(rest & -rest);
    if (one.cells[at] !== other.cells[at]) return false;
  }
  return true;
}
