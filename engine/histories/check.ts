/**
 * Whether a history is linearizable, or sequentially consistent, by a sequential model.
 *
 * ```ts
 * const { result, witness } = checkHistory(history, casRegister);
 * ```
 *
 * Linearizability is judged key by key. Where what was read names what wrote it, zones decide, and a search elsewhere:
 * the smallest parts first, in turns that grow, so that one hard part does not hide another's violation.
 */

import { type History, OUTCOME_FAIL, type Value } from './history.ts';
import type { SequentialModel } from './model.ts';
import { type Part, partsOf } from './parts.ts';
import { RegisterZones } from './register-zones.ts';
import { LinearizationSearch } from './search.ts';
import { SequentialSearch } from './sequential-search.ts';
import { TextZones } from './text-zones.ts';
import type { ZoneViolation } from './zones.ts';

export type Consistency = 'linearizable' | 'sequential';

export interface CheckOptions {
  /** `linearizable` if left out. */
  readonly consistency?: Consistency;
  /** After about so many steps of search the answer is `unknown`: wall-clock limits would not be repeatable. 5,000,000 if left out. */
  readonly budget?: number;
  /** Integers that the search of one part may remember; where that is not enough the answer is `unknown` too. 2^27, half a gigabyte, if left out. */
  readonly rememberedMost?: number;
  /** Whether to give orders where there is no violation. */
  readonly orders?: boolean;
}

/** An order of everything that took place, of one key or, where that is null, of all. Numbers of the history. */
export interface KeyOrder {
  readonly key: number | null;
  readonly order: Int32Array;
}

/**
 * A longest beginning of a history that can be put in order, and the operation that cannot be added: of what had been called
 * by its return nothing can be chosen, with the answers that it gave then or later, that has an order. Numbers of the history.
 */
export interface HistoryWitness {
  /** Of linearizability: of which key. null where all keys are meant. */
  readonly key: number | null;
  /** An order of everything that had returned before, by which the model gives what was answered. */
  readonly prefix: Int32Array;
  readonly stuck: number;
  /** The operations that are in each other's way: those under way when the stuck one returned, or whose zones conflict. */
  readonly concerned: readonly number[];
}

export interface CheckedHistory {
  readonly result: 'ok' | 'violation' | 'unknown';
  /** All of the history, those too that did not happen. */
  readonly operations: number;
  readonly steps: number;
  readonly witness: HistoryWitness | null;
  /** By which the model gives what was answered, if asked for and `ok`; of sequential consistency one for all keys. */
  readonly orders: readonly KeyOrder[] | null;
}

const defaultBudget = 5_000_000;
const firstTurn = 10_000;

export function checkHistory(
  history: History,
  model: SequentialModel,
  options: CheckOptions = {},
): CheckedHistory {
  const { consistency = 'linearizable', budget = defaultBudget, rememberedMost, orders = false } = options;
  const judge = consistency === 'sequential' ? checkSequential : checkLinearizable;
  const { result, steps, witness, orders: found } = judge(history, model, budget, rememberedMost, orders);
  return {
    result,
    operations: history.size,
    steps,
    witness,
    orders: orders && result === 'ok' ? found : null,
  };
}

type Judged = Pick<CheckedHistory, 'result' | 'steps' | 'witness'> & { readonly orders: readonly KeyOrder[] };

const noOrders: readonly KeyOrder[] = [];

function checkLinearizable(
  history: History,
  model: SequentialModel,
  budget: number,
  rememberedMost: number | undefined,
  wantsOrders: boolean,
): Judged {
  let steps = 0;
  const orders: KeyOrder[] = [];
  const zones = zonesOf(history, model);
  const searched: Part[] = [];
  for (const part of partsOf(history, model)) {
    const violation = zones?.check(part.operations);
    if (violation === undefined) {
      searched.push(part);
      continue;
    }
    steps += part.operations.length;
    if (violation === null) {
      if (wantsOrders) orders.push({ key: part.key, order: zones!.order(part.operations) });
      continue;
    }
    const { stuck, conflict, order } = violation;
    return {
      result: 'violation',
      steps,
      witness: { key: part.key, prefix: order, stuck, concerned: conflict },
      orders: noOrders,
    };
  }

  // A part that remembers all it may is given up; another may still show a violation.
  let givenUp = false;
  let open = searched.map((part) => ({
    part,
    search: new LinearizationSearch(history, part.operations, model, rememberedMost),
  }));
  for (let turn = firstTurn; open.length > 0; turn *= 4) {
    const still: typeof open = [];
    for (const each of open) {
      const before = each.search.steps;
      const left = budget - steps;
      const result = left <= 0 ? 'unknown' : each.search.run(Math.min(turn, left));
      steps += each.search.steps - before;
      if (result === 'unknown' && each.search.isFull) givenUp = true;
      else if (result === 'unknown') still.push(each);
      else if (result === 'violation')
        return { result, steps, witness: witnessOf(history, each.part, each.search), orders: noOrders };
      else if (wantsOrders) orders.push({ key: each.part.key, order: each.search.farthestOrder() });
    }
    if (steps >= budget && still.length > 0)
      return { result: 'unknown', steps, witness: null, orders: noOrders };
    open = still;
  }
  return { result: givenUp ? 'unknown' : 'ok', steps, witness: null, orders };
}

/** Judges parts without a search. */
interface JudgesByZones {
  /** The first violation, null if there is none, undefined where only a search can tell. */
  check(operations: Int32Array): ZoneViolation | null | undefined;
  /** Of a part without a violation. */
  order(operations: Int32Array): Int32Array;
}

/** null where there is more than a register's reads and writes, or a text's gets, puts and appends. */
function zonesOf(history: History, model: SequentialModel): JudgesByZones | null {
  const { register, text, initial } = model;
  const { kinds } = history;
  const hasOnly = (...names: readonly string[]) => kinds.every((kind) => names.includes(kind));
  if (register !== undefined && hasOnly(register.read, register.write)) {
    return new RegisterZones(history, {
      read: kinds.indexOf(register.read),
      write: kinds.indexOf(register.write),
      initial: history.values.indexOf(initial as History['values'][number]),
    });
  }
  const isText = typeof initial === 'string' || Array.isArray(initial);
  if (
    text !== undefined &&
    isText &&
    hasOnly(text.get, text.append, ...(text.put === undefined ? [] : [text.put]))
  ) {
    const put = text.put === undefined ? -1 : kinds.indexOf(text.put);
    const words = { get: kinds.indexOf(text.get), put, initial: initial as string | readonly Value[] };
    return {
      check: (operations) => new TextZones(history, words, operations).check(),
      order: (operations) => new TextZones(history, words, operations).order(),
    };
  }
  return null;
}

function witnessOf(history: History, { key, operations }: Part, search: LinearizationSearch): HistoryWitness {
  const prefix = search.farthestOrder();
  const stuck = search.stuck();
  const placed = new Set(prefix);
  const stuckUs = history.returnUs[stuck]!;
  const concerned = [...operations].filter(
    (index) => !placed.has(index) && history.callUs[index]! <= stuckUs,
  );
  return { key, prefix, stuck, concerned };
}

function checkSequential(
  history: History,
  model: SequentialModel,
  budget: number,
  rememberedMost: number | undefined,
): Judged {
  const search = new SequentialSearch(history, model, rememberedMost);
  const result = search.run(budget);
  if (result !== 'violation')
    return {
      result,
      steps: search.steps,
      witness: null,
      orders: [{ key: null, order: search.farthestOrder() }],
    };
  const prefix = search.farthestOrder();
  const placed = new Set(prefix);
  // Of each client the first operation that has no place.
  const first = new Map<number, number>();
  for (let index = 0; index < history.size; index++) {
    const isOpen = !placed.has(index) && history.outcome[index] !== OUTCOME_FAIL;
    if (!isOpen || history.returnUs[index] === Number.POSITIVE_INFINITY) continue;
    const known = first.get(history.client[index]!);
    if (known === undefined || history.callUs[index]! < history.callUs[known]!)
      first.set(history.client[index]!, index);
  }
  const concerned = [...first.values()].sort((a, b) => history.returnUs[a]! - history.returnUs[b]! || a - b);
  return {
    result,
    steps: search.steps,
    witness: { key: null, prefix, stuck: concerned[0]!, concerned },
    orders: noOrders,
  };
}
