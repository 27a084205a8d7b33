/**
 * A history: what clients asked of a store and what they were answered, with the times of call and return.
 *
 * ```ts
 * const history = new HistoryBuilder();
 * const write = history.call({ client: 'a', kind: 'write', input: 1, callUs: 0 });
 * history.returned(write, { outcome: 'ok', returnUs: 5 });
 * checkHistory(history.build(), register);
 * ```
 *
 * Source: Herlihy and Wing, Linearizability, 1990; the outcomes are those of Jepsen.
 */

/** What operations take and give, as JSON has it. */
export type Value = null | boolean | number | string | readonly Value[];

/**
 * `ok` happened between call and return; `fail` did not happen; `info` may have happened at any time after its call, or
 * never.
 */
export type OperationOutcome = 'ok' | 'fail' | 'info';

/** One operation, spelled out. */
export interface Operation {
  readonly client: string | number;
  /** What it is about, in a history of several registers, counters, …; null where there is only one. */
  readonly key: Value;
  /** The model's word: `read`, `write`, `cas`, … */
  readonly kind: string;
  /** Absent where the kind takes none. */
  readonly input?: Value;
  /** Absent where the kind gives none, and where it is not known. */
  readonly output?: Value;
  readonly outcome: OperationOutcome;
  readonly callUs: number;
  /** null where it never returned. Intervals are closed: what is called as another returns overlaps it. */
  readonly returnUs: number | null;
}

export const OUTCOME_FAIL = 1;
export const OUTCOME_INFO = 2;
const outcomes: readonly OperationOutcome[] = ['ok', 'fail', 'info'];

/** In `input` and `output`: there is none. */
export const NO_VALUE = -1;

/** Operations column by column, in the order of their calls as given. Values, kinds, keys and clients are numbers into lists. */
export interface History {
  readonly size: number;
  readonly client: Int32Array;
  readonly key: Int32Array;
  readonly kind: Int32Array;
  readonly input: Int32Array;
  readonly output: Int32Array;
  readonly outcome: Uint8Array;
  readonly callUs: Float64Array;
  /** Infinity where it never returned, and of every `info`. */
  readonly returnUs: Float64Array;
  readonly clients: readonly (string | number)[];
  readonly keys: readonly Value[];
  readonly kinds: readonly string[];
  readonly values: readonly Value[];
}

export function operationAt(history: History, index: number): Operation {
  const { values } = history;
  const input = history.input[index]!;
  const output = history.output[index]!;
  const returnUs = history.returnUs[index]!;
  return {
    client: history.clients[history.client[index]!]!,
    key: history.keys[history.key[index]!]!,
    kind: history.kinds[history.kind[index]!]!,
    ...(input !== NO_VALUE && { input: values[input]! }),
    ...(output !== NO_VALUE && { output: values[output]! }),
    outcome: outcomes[history.outcome[index]!]!,
    callUs: history.callUs[index]!,
    returnUs: returnUs === Number.POSITIVE_INFINITY ? null : returnUs,
  };
}

/** Numbers each distinct value in the order it comes. Lists are told apart by what they hold. */
class Numbering<Item extends Value> {
  readonly items: Item[] = [];
  private readonly numbers = new Map<Value, number>();
  private readonly lists = new Map<string, number>();

  of(item: Item): number {
    const isList = typeof item === 'object' && item !== null;
    const known = isList ? this.lists.get(JSON.stringify(item)) : this.numbers.get(item);
    if (known !== undefined) return known;
    const number = this.items.push(item) - 1;
    if (isList) this.lists.set(JSON.stringify(item), number);
    else this.numbers.set(item, number);
    return number;
  }
}

export interface Call {
  readonly client: string | number;
  readonly key?: Value;
  readonly kind: string;
  readonly input?: Value | undefined;
  readonly callUs: number;
}

export interface Return {
  readonly outcome: OperationOutcome;
  readonly output?: Value | undefined;
  /** Of no meaning for `info`. */
  readonly returnUs: number;
}

/** Takes calls and returns in any order of operations; what has not returned when it is built counts as `info`. */
export class HistoryBuilder {
  private count = 0;
  private client = new Int32Array(64);
  private key = new Int32Array(64);
  private kind = new Int32Array(64);
  private input = new Int32Array(64);
  private output = new Int32Array(64);
  private outcome = new Uint8Array(64);
  private callUs = new Float64Array(64);
  private returnUs = new Float64Array(64);
  private readonly clients = new Numbering<string | number>();
  private readonly keys = new Numbering<Value>();
  private readonly kinds = new Numbering<string>();
  private readonly values = new Numbering<Value>();

  /** The operation's number, for its return. */
  call({ client, key = null, kind, input, callUs }: Call): number {
    const index = this.count++;
    if (index === this.client.length) this.widen();
    this.client[index] = this.clients.of(client);
    this.key[index] = this.keys.of(key);
    this.kind[index] = this.kinds.of(kind);
    this.input[index] = input === undefined ? NO_VALUE : this.values.of(input);
    this.output[index] = NO_VALUE;
    this.outcome[index] = OUTCOME_INFO;
    this.callUs[index] = callUs;
    this.returnUs[index] = Number.POSITIVE_INFINITY;
    return index;
  }

  returned(index: number, { outcome, output, returnUs }: Return): void {
    this.outcome[index] = outcomes.indexOf(outcome);
    if (outcome === 'info') return;
    this.output[index] = output === undefined ? NO_VALUE : this.values.of(output);
    this.returnUs[index] = returnUs;
  }

  add(operation: Operation): void {
    const { outcome, output, callUs } = operation;
    this.returned(this.call(operation), { outcome, output, returnUs: operation.returnUs ?? callUs });
  }

  /** What was added so far. */
  build(): History {
    const size = this.count;
    return {
      size,
      client: this.client.slice(0, size),
      key: this.key.slice(0, size),
      kind: this.kind.slice(0, size),
      input: this.input.slice(0, size),
      output: this.output.slice(0, size),
      outcome: this.outcome.slice(0, size),
      callUs: this.callUs.slice(0, size),
      returnUs: this.returnUs.slice(0, size),
      clients: this.clients.items,
      keys: this.keys.items,
      kinds: this.kinds.items,
      values: this.values.items,
    };
  }

  private widen(): void {
    const wider = <Column extends Int32Array | Uint8Array | Float64Array>(
      column: Column,
      empty: Column,
    ): Column => {
      empty.set(column);
      return empty;
    };
    const length = this.count * 2;
    this.client = wider(this.client, new Int32Array(length));
    this.key = wider(this.key, new Int32Array(length));
    this.kind = wider(this.kind, new Int32Array(length));
    this.input = wider(this.input, new Int32Array(length));
    this.output = wider(this.output, new Int32Array(length));
    this.outcome = wider(this.outcome, new Uint8Array(length));
    this.callUs = wider(this.callUs, new Float64Array(length));
    this.returnUs = wider(this.returnUs, new Float64Array(length));
  }
}
