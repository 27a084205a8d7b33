/**
 * Sequential consistency: one order of all operations that every client's own order agrees with, whatever the clock says.
 * It is no property of each key by itself (Herlihy and Wing 1990, 3.3), so the whole history is searched at once. A
 * configuration is (how far each client has come, each key's state); the search is depth first and remembers where it has been.
 * Source: Lamport, How to make a multiprocessor computer that correctly executes multiprocess programs, 1979.
 */

import type { History } from './history.ts';
import { LoweredModel, REFUSED } from './lowered-model.ts';
import type { SequentialModel } from './model.ts';
import { type Part, partsOf } from './parts.ts';
import { Visited } from './visited.ts';

const nothingUsed = new Int32Array(0);

/** One operation as the search needs it. */
interface Step {
  readonly index: number;
  /** Which part it is in, and its class there. */
  readonly part: number;
  readonly operationClass: number;
  /** What never returned need not have happened. */
  readonly isOptional: boolean;
}

/** What a step of the search changed, to be taken back. */
interface Undo {
  readonly client: number;
  readonly part: number;
  readonly state: number;
  /** −1 where an optional operation was passed over. */
  readonly index: number;
}

export class SequentialSearch {
  /** Successors that were computed. */
  steps = 0;
  private readonly parts: readonly Part[];
  private readonly models: readonly LoweredModel[];
  private readonly clients: readonly (readonly Step[])[];
  /** How far each client has come, then each part's state. */
  private readonly words: Int32Array;
  private readonly visited: Visited;
  private readonly trail: Undo[] = [];
  private readonly frames: { readonly length: number; next: number }[] = [];
  private left: number;
  private taken = 0;
  private farthest = new Int32Array(0);
  private begun = false;

  constructor(history: History, model: SequentialModel, rememberedMost?: number) {
    this.parts = partsOf(history, model);
    this.models = this.parts.map(({ operations }) => new LoweredModel(history, operations, model));
    const clients = history.clients.map((): Step[] => []);
    for (const [part, { operations }] of this.parts.entries()) {
      for (const [place, index] of operations.entries()) {
        clients[history.client[index]!]!.push({
          index,
          part,
          operationClass: this.models[part]!.classOf[place]!,
          isOptional: history.returnUs[index] === Number.POSITIVE_INFINITY,
        });
      }
    }
    for (const steps of clients)
      steps.sort((a, b) => history.callUs[a.index]! - history.callUs[b.index]! || a.index - b.index);
    this.clients = clients;
    this.words = new Int32Array(clients.length + this.parts.length);
    this.visited = new Visited(this.words.length, rememberedMost);
    this.left = clients.flat().filter(({ isOptional }) => !isOptional).length;
  }

  /** Goes on for about so many steps more. `unknown` if that was not enough; then it may be asked again. */
  run(steps: number): 'ok' | 'violation' | 'unknown' {
    const limit = this.steps + steps;
    if (!this.begun) {
      this.begun = true;
      if (this.arrive()) return 'ok';
    }
    while (this.frames.length > 0) {
      if (this.steps >= limit || this.visited.isFull) return 'unknown';
      const frame = this.frames[this.frames.length - 1]!;
      this.undo(frame.length);
      if (frame.next === this.clients.length * 2) {
        this.frames.pop();
        continue;
      }
      // Each client's next operation takes place; after that, where it is optional, it may be passed over.
      const choice = frame.next++;
      const client = choice % this.clients.length;
      const step = this.clients[client]![this.words[client]!];
      if (step === undefined) continue;
      if (choice >= this.clients.length) {
        if (!step.isOptional) continue;
        this.take(client, step, this.stateOf(step.part), -1);
      } else {
        const state = this.stateOf(step.part);
        this.steps++;
        const successor = this.models[step.part]!.step(state, step.operationClass);
        if (successor === REFUSED || (step.isOptional && successor === state)) continue;
        this.take(client, step, successor, step.index);
      }
      if (this.arrive()) return 'ok';
    }
    return 'violation';
  }

  /** The longest order that was found, or that of all where there is one. Numbers of the history. */
  farthestOrder(): Int32Array {
    return this.farthest;
  }

  private stateOf(part: number): number {
    return this.words[this.clients.length + part]!;
  }

  private take(client: number, step: Step, successor: number, index: number): void {
    const at = this.clients.length + step.part;
    this.trail.push({ client, part: step.part, state: this.words[at]!, index });
    this.words[at] = successor;
    this.words[client]! += 1;
    if (index < 0) return;
    this.taken++;
    if (!step.isOptional) this.left--;
  }

  private undo(length: number): void {
    while (this.trail.length > length) {
      const { client, part, state, index } = this.trail.pop()!;
      this.words[this.clients.length + part] = state;
      this.words[client]! -= 1;
      if (index < 0) continue;
      this.taken--;
      if (!this.clients[client]![this.words[client]!]!.isOptional) this.left++;
    }
  }

  /** Lets everything take place that only observes; true if nothing is left to do. Otherwise opens a choice, if it is new. */
  private arrive(): boolean {
    for (let client = 0, idle = 0; idle < this.clients.length; client = (client + 1) % this.clients.length) {
      const step = this.clients[client]![this.words[client]!];
      idle++;
      if (step === undefined || step.isOptional) continue;
      const model = this.models[step.part]!;
      if (!model.observes[step.operationClass]) continue;
      const state = this.stateOf(step.part);
      this.steps++;
      if (model.step(state, step.operationClass) === REFUSED) continue;
      this.take(client, step, state, step.index);
      idle = 0;
      client--;
      if (client < 0) client = this.clients.length - 1;
    }
    if (this.left === 0 || this.taken > this.farthest.length)
      this.farthest = Int32Array.from(this.trail.flatMap(({ index }) => (index >= 0 ? [index] : [])));
    if (this.left === 0) return true;
    if (!this.visited.dominates(this.words, nothingUsed))
      this.frames.push({ length: this.trail.length, next: 0 });
    return false;
  }
}
