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
/** By leader, which of its changes are known to be replaced, if they ever come. */
export const COVERED = 8;
/** By leader after that, of its change that counts: number (0 for none), stamp, value, what it does. */
const SLOT_WIDTH = 5;
export const SLOT_HI = 1;
export const SLOT_LO = 2;
export const SLOT_VALUE = 3;
export const SLOT_KIND = 4;

export interface Rows {
  readonly leaders: number;
  readonly width: number;
  readonly cellsPerRow: number;
  readonly cells: Int32Array;
}

export function newRows(keys: number, cellsPerRow: number, leaders: number): Rows {
  const width = COVERED + leaders + leaders * SLOT_WIDTH;
  return { leaders, width, cellsPerRow, cells: new Int32Array(keys * cellsPerRow * width) };
}

/** Where a cell's integers begin; without columns of their own all columns are one. */
export function cellAt({ width, cellsPerRow }: Rows, key: number, column: number): number {
  return (cellsPerRow === 1 ? key : key * cellsPerRow + column) * width;
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
  for (let leader = 0; leader < rows.leaders; leader++)
    if (rows.cells[slotAt(rows, cell, leader)] !== 0) count++;
  return count;
}

/** Whether two leaders show the same in a cell; where both are kept, the same siblings. */
export function showSame(one: Rows, other: Rows, cell: number, keepsBoth: boolean): boolean {
  for (let word = SHOWN; word <= SHOWN_DELETED; word++)
    if (one.cells[cell + word] !== other.cells[cell + word]) return false;
  if (!keepsBoth) return true;
  for (let leader = 0; leader < one.leaders; leader++) {
    const slot = slotAt(one, cell, leader);
    if (one.cells[slot] !== other.cells[slot]) return false;
  }
  return true;
}
