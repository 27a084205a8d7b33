/**
 * Units of a sweep's work: some runs of one cell. Which units there are follows from the sweep alone, so that threads,
 * machines and days may share them in any way.
 */
import { cellsOf } from './grid.ts';
import type { Sweep } from './sweep.ts';

export interface Unit {
  /** From 0. */
  readonly unit: number;
  readonly cell: number;
  /** The seed of its first run. */
  readonly seed: number;
  readonly runs: number;
}

/** A part of the units, for one machine of several: part `index` of `of`, from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export const wholeSweep: Shard = { index: 1, of: 1 };

/** A hundredth of a cell, or a hundred runs: enough of them for every thread, and little is lost with one. */
function runsPerUnit({ runs }: Sweep): number {
  return Math.min(Math.ceil(runs / 100), 100);
}

export function unitsOf(sweep: Sweep): number {
  return cellsOf(sweep) * Math.ceil(sweep.runs / runsPerUnit(sweep));
}

export function unitAt(sweep: Sweep, unit: number): Unit {
  const most = runsPerUnit(sweep);
  const perCell = Math.ceil(sweep.runs / most);
  const first = (unit % perCell) * most;
  return {
    unit,
    cell: Math.floor(unit / perCell),
    seed: sweep.seed + first,
    runs: Math.min(most, sweep.runs - first),
  };
}

/**
 * The units of a part, in the order to do them: some runs of each cell, then more of each, so that whoever stops early
 * has seen the whole grid.
 */
export function* unitsInOrder(sweep: Sweep, shard: Shard): Iterable<Unit> {
  const cells = cellsOf(sweep);
  const perCell = unitsOf(sweep) / cells;
  for (let part = 0; part < perCell; part++) {
    for (let cell = 0; cell < cells; cell++) {
      const unit = cell * perCell + part;
      if (isInShard(unit, shard)) yield unitAt(sweep, unit);
    }
  }
}

/** Every n-th unit: cells that take long are shared out evenly. */
function isInShard(unit: number, { index, of }: Shard): boolean {
  return unit % of === index - 1;
}
