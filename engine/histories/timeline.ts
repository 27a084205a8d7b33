/**
 * A history as a picture: clients one below another, operations as bars from call to return, and a line through the moments at
 * which they may have taken place. Numbers only; who draws decides what they look like.
 */

import type { CheckedHistory, HistoryWitness, KeyOrder } from './check.ts';
import { describeOperation } from './describe.ts';
import { type History, operationAt } from './history.ts';

/** What a bar is: in the order that was found, where it is stuck, in the way of that, not reached, or not happened. */
export type BarRole = 'ordered' | 'stuck' | 'concerned' | 'other' | 'failed';

export interface Bar {
  /** The operation's number in the history. */
  readonly operation: number;
  readonly lane: number;
  readonly fromUs: number;
  /** The end of what is shown where it never returned. */
  readonly toUs: number;
  readonly returned: boolean;
  readonly role: BarRole;
  readonly label: string;
  /** A moment at which it may have taken place, in the order that was found; null where it is in none. */
  readonly atUs: number | null;
}

export interface Timeline {
  /** What is shown of the history's time. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly lanes: readonly string[];
  readonly bars: readonly Bar[];
  /** Bars in the order that was found, key by key: a line goes through their moments. First that of the violation, or the longest. */
  readonly lines: readonly (readonly number[])[];
  readonly stuckUs: number | null;
  readonly faults: readonly FaultSpan[];
  /** Operations of the history that are not shown. */
  readonly left: number;
}

/** What went wrong around the operations, on the same axis. */
export interface FaultSpan {
  readonly label: string;
  readonly fromUs: number;
  /** The same as `fromUs` for what has no length or none that is known. */
  readonly toUs: number;
}

/**
 * At most `most` operations: those of the violated key that were called last before it is stuck, then others by how near
 * they are. Without a violation, the first ones.
 */
export function timelineOf(
  history: History,
  { witness, orders }: Pick<CheckedHistory, 'witness' | 'orders'>,
  faults: readonly FaultSpan[],
  most: number,
): Timeline {
  const shown = chosen(history, witness, most);
  const ordered: readonly KeyOrder[] =
    witness === null ? (orders ?? []) : [{ key: witness.key, order: witness.prefix }];
  const moments = new Map(ordered.flatMap(({ order }) => momentsOf(history, order)));
  const fromUs = shown.reduce(
    (least, index) => Math.min(least, history.callUs[index]!),
    Number.POSITIVE_INFINITY,
  );
  const endUs = shown.reduce((greatest, index) => {
    const returnUs = history.returnUs[index]!;
    return Math.max(greatest, returnUs === Number.POSITIVE_INFINITY ? history.callUs[index]! : returnUs);
  }, Number.NEGATIVE_INFINITY);
  const toUs = Math.max(endUs, fromUs + 1);
  const concerned = new Set(witness?.concerned);
  const roleOf = (index: number): BarRole => {
    if (index === witness?.stuck) return 'stuck';
    if (history.outcome[index] === 1) return 'failed';
    if (concerned.has(index)) return 'concerned';
    return moments.has(index) ? 'ordered' : 'other';
  };
  const clients = [...new Set(shown.map((index) => history.client[index]!))].sort((a, b) => a - b);
  const laneOf = new Map(clients.map((client, lane) => [client, lane]));
  const bars = shown.map((index): Bar => {
    const returnUs = history.returnUs[index]!;
    const returned = returnUs !== Number.POSITIVE_INFINITY;
    const operation = operationAt(history, index);
    const key = history.keys.length === 1 ? '' : `${JSON.stringify(operation.key)}: `;
    return {
      operation: index,
      lane: laneOf.get(history.client[index]!)!,
      fromUs: history.callUs[index]!,
      toUs: returned ? returnUs : toUs,
      returned,
      role: roleOf(index),
      label: `${key}${describeOperation(operation)}`,
      atUs: moments.get(index) ?? null,
    };
  });
  const barOf = new Map(shown.map((index, at) => [index, at]));
  const lines = ordered
    .map(({ order }) => [...order].flatMap((index) => barOf.get(index) ?? []))
    .filter((line) => line.length > 0)
    .sort((a, b) => b.length - a.length);
  return {
    fromUs,
    toUs,
    lanes: clients.map((client) => String(history.clients[client]!)),
    bars,
    lines,
    stuckUs: witness === null ? null : history.returnUs[witness.stuck]!,
    faults: faults.filter((fault) => fault.toUs >= fromUs && fault.fromUs <= toUs),
    left: history.size - shown.length,
  };
}

/** Moments that are in order, as early as they can be: never before a call nor before the one before. */
function momentsOf({ callUs }: History, order: Int32Array): [operation: number, atUs: number][] {
  let atUs = Number.NEGATIVE_INFINITY;
  return Array.from(order, (index) => {
    atUs = Math.max(atUs, callUs[index]!);
    return [index, atUs];
  });
}

/** What matters most to a violation comes first; the rest by how near its call is to the return where it is stuck. */
function chosen(history: History, witness: HistoryWitness | null, most: number): number[] {
  const all = Array.from({ length: history.size }, (_, index) => index);
  if (history.size > most && witness !== null) {
    const { stuck, concerned, key } = witness;
    const stuckUs = history.returnUs[stuck]!;
    const distance = (index: number) => {
      const away = Math.abs(history.callUs[index]! - stuckUs);
      return index === stuck || concerned.includes(index) ? -1 : away;
    };
    const isOther = (index: number) => Number(key !== null && history.key[index] !== key);
    all.sort((a, b) => isOther(a) - isOther(b) || distance(a) - distance(b) || a - b);
  }
  return all.slice(0, most).sort((a, b) => history.callUs[a]! - history.callUs[b]! || a - b);
}
