import { type History, NO_VALUE, OUTCOME_INFO } from './history.ts';
import type { Asked, SequentialModel } from './model.ts';

/** As a successor: the operation cannot have had its output in this state. */
export const REFUSED = -1;

/** One step in the table: state, operation's class, successor. */
const WIDTH = 3;
const EMPTY = -1;

/**
 * A model over the operations of one history, with states and operations as small integers. Operations that a model cannot
 * tell apart are of one class; each (state, class) is asked of the model once.
 */
export class LoweredModel {
  /** The class of each operation, by its number in the history; −1 where it was not asked for. */
  readonly classOf: Int32Array;
  classes = 0;
  /** By class: whether it leaves every state as it is. */
  readonly observes: boolean[] = [];
  readonly resets: boolean[] = [];
  private readonly model: SequentialModel;
  private readonly asked: Asked[] = [];
  private readonly states: unknown[] = [];
  private readonly numbers = new Map<string | number, number>();
  private table = new Int32Array(32 * WIDTH).fill(EMPTY);
  private mask = 31;
  private entries = 0;

  constructor(history: History, operations: Int32Array, model: SequentialModel) {
    this.model = model;
    this.classOf = new Int32Array(operations.length);
    const numbers = new Map<number, number>();
    const values = history.values.length + 1;
    for (let at = 0; at < operations.length; at++) {
      const index = operations[at]!;
      const kind = history.kind[index]!;
      const input = history.input[index]!;
      const output = history.outcome[index] === OUTCOME_INFO ? NO_VALUE : history.output[index]!;
      const all = (kind * values + input + 1) * values + output + 1;
      let number = numbers.get(all);
      if (number === undefined) {
        number = this.classes++;
        numbers.set(all, number);
        const asked: Asked = {
          kind: history.kinds[kind]!,
          ...(input !== NO_VALUE && { input: history.values[input]! }),
          ...(output !== NO_VALUE && { output: history.values[output]! }),
        };
        this.asked.push(asked);
        this.observes.push(model.observes?.(asked) === true);
        this.resets.push(model.growth?.resets.includes(asked.kind) ?? true);
      }
      this.classOf[at] = number;
    }
    this.numberOf(model.initial);
  }

  /** The first state is 0. */
  stateOf(number: number): unknown {
    return this.states[number];
  }

  step(state: number, operationClass: number): number {
    const { table, mask } = this;
    let slot = (Math.imul(state, 0x9e37_79b1) ^ Math.imul(operationClass, 0x85eb_ca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    for (;;) {
      const at = slot * WIDTH;
      const known = table[at]!;
      if (known === state && table[at + 1] === operationClass) return table[at + 2]!;
      if (known === EMPTY) return this.ask(at, state, operationClass);
      slot = (slot + 1) & mask;
    }
  }

  /** Whether an operation can still have its output, if no other resets the state. */
  mayBecome(state: number, operationClass: number): boolean {
    return this.model.growth?.mayBecome(this.states[state], this.asked[operationClass]!) ?? true;
  }

  private ask(at: number, state: number, operationClass: number): number {
    const next = this.model.step(this.states[state], this.asked[operationClass]!);
    const number = next === null ? REFUSED : this.numberOf(next.state);
    this.table[at] = state;
    this.table[at + 1] = operationClass;
    this.table[at + 2] = number;
    if (++this.entries * 2 > this.mask) this.widen();
    return number;
  }

  private numberOf(state: unknown): number {
    const identity = this.model.identify?.(state) ?? JSON.stringify(state);
    const known = this.numbers.get(identity);
    if (known !== undefined) return known;
    const number = this.states.push(state) - 1;
    this.numbers.set(identity, number);
    return number;
  }

  private widen(): void {
    const { table } = this;
    this.mask = this.mask * 2 + 1;
    const wider = new Int32Array((this.mask + 1) * WIDTH).fill(EMPTY);
    for (let from = 0; from < table.length; from += WIDTH) {
      if (table[from] === EMPTY) continue;
      let slot = (Math.imul(table[from]!, 0x9e37_79b1) ^ Math.imul(table[from + 1]!, 0x85eb_ca6b)) >>> 0;
      slot = (slot ^ (slot >>> 15)) & this.mask;
      while (wider[slot * WIDTH] !== EMPTY) slot = (slot + 1) & this.mask;
      wider.set(table.subarray(from, from + WIDTH), slot * WIDTH);
    }
    this.table = wider;
  }
}
