/**
 * Exhaustive exploration of a small configuration, breadth first: every order of deliveries, fsyncs and timers, and every
 * crash, restart and loss within the model's bounds, to a given depth. States that are equal are visited once.
 *
 * ```ts
 * const model = leaderFollowerModel({ replicas: 3, acknowledgement: 'asynchronous', writes: 1, crashes: 1 });
 * const { result, unique, violation } = explore(model, { depth: 12, states: 1_000_000, checks: model.checks });
 * ```
 *
 * Further reading: Newcombe et al., "How Amazon Web Services uses formal methods" (2015); Stateright, whose published
 * counts the tests reproduce.
 */

import type {
  Check,
  Choice,
  Coverage,
  ExploreOptions,
  Model,
  Sometimes,
  StateView,
  Step,
  Violation,
} from './model.ts';
import { StateSpace } from './state-space.ts';
import type { Renamings } from './symmetry.ts';
import { VectorSet, wider } from './vector-set.ts';

/** A pure function of what it is given: counts and path are the same in every run. */
export function explore(model: Model, options: ExploreOptions): Coverage {
  return new Exploration(model, options).run();
}

/** Different states between two looks whether to go on; a power of 2. */
const progressEvery = 1 << 13;
/** The renaming is tried at so many states, and then at every so many. */
const triedAtFirst = 200;
const triedEvery = 64;

class Exploration {
  private readonly model: Model;
  private readonly options: ExploreOptions;
  private readonly space: StateSpace;
  /** States by the order in which they were found, and whence: so those of one depth are neighbours. */
  private readonly states = new VectorSet();
  /** One vector for each state and those like it; the states themselves where none are merged. */
  private readonly seen: VectorSet;
  private readonly renamings: Renamings | null;
  private parents = new Int32Array(1 << 10);
  private choices = new Int32Array(1 << 10);
  private generated = 0;
  private found: {
    readonly state: number;
    readonly check: Check;
    readonly how: string;
  } | null = null;
  private budgetSpent = false;
  private stopped = false;
  private depth = 0;
  /** What has not been so in any state yet, and the depth at which the rest first was. */
  private missing: readonly Sometimes[];
  private readonly reached = new Map<Sometimes, number>();

  constructor(model: Model, options: ExploreOptions) {
    this.model = model;
    this.options = options;
    this.space = new StateSpace(model);
    this.renamings = options.symmetry === true ? this.space.renamings() : null;
    this.seen = this.renamings === null ? this.states : new VectorSet();
    this.missing = options.sometimes ?? [];
  }

  run(): Coverage {
    const { space, states } = this;
    const vector = new Int32Array(space.next.length);
    let goesOn = this.reach(-1, 0, space.begin());
    let levelBegin = 0;
    let level = 0;
    while (goesOn && level < this.options.depth && levelBegin < states.size) {
      const levelEnd = states.size;
      this.depth = ++level;
      for (let state = levelBegin; goesOn && state < levelEnd; state++) {
        const length = states.read(state, vector);
        if (this.renamings !== null && (state < triedAtFirst || state % triedEvery === 0))
          this.tryRenamings(vector, length, this.renamings);
        space.expand(
          vector,
          length,
          (choice, nextLength) => (goesOn = this.reach(state, choice, nextLength)),
        );
      }
      levelBegin = levelEnd;
      if (states.size === levelEnd) this.depth--;
    }
    return {
      result: this.result(),
      unique: states.size,
      generated: this.generated,
      depth: this.depth,
      complete: goesOn && levelBegin === states.size,
      sometimes: (this.options.sometimes ?? []).map((each) => ({
        name: each.name,
        depth: this.reached.get(each) ?? null,
      })),
      violation: this.violation(),
    };
  }

  private result(): Coverage['result'] {
    if (this.found !== null) return 'violation';
    if (this.budgetSpent || this.stopped) return 'unknown';
    return this.missing.length > 0 ? 'empty' : 'ok';
  }

  /** Takes the state that is in `space.next`; false if the search is over. */
  private reach(parent: number, choice: number, length: number): boolean {
    const { space, states } = this;
    const { within } = this.model;
    if (within !== undefined && !within(space.viewOf(space.next, length))) return true;
    this.generated++;
    const state = states.size;
    const { renamings } = this;
    const vector = renamings === null ? space.next : renamings.leastOf(space.next, length);
    if (this.seen.add(vector, length) < state) return true;
    if (renamings !== null) states.add(space.next, length);
    if (state === this.parents.length) {
      this.parents = wider(this.parents);
      this.choices = wider(this.choices);
    }
    this.parents[state] = parent;
    this.choices[state] = choice;
    if (this.missing.length > 0) this.look(space.viewOf(space.next, length));
    for (const check of this.options.checks) {
      const how = check.broken(space.viewOf(space.next, length));
      if (how === null) continue;
      this.found = { state, check, how };
      return false;
    }
    this.budgetSpent = states.size >= this.options.states;
    if ((states.size & (progressEvery - 1)) === 0)
      this.stopped = this.options.onProgress?.(states.size, this.depth) === false;
    return !this.budgetSpent && !this.stopped;
  }

  /** What can come of the renamed state must be what can come of the state, renamed; and no check may tell them apart. */
  private tryRenamings(vector: Int32Array, length: number, renamings: Renamings): void {
    const { space, model, options } = this;
    const renamed = new Int32Array(length);
    const next = new Int32Array(space.next.length);
    const judged = (state: Int32Array) =>
      options.checks
        .map(({ broken }) => broken(space.viewOf(state, length)) === null)
        .concat(model.within?.(space.viewOf(state, length)) ?? true)
        .join();
    for (const swap of renamings.swaps) {
      renamings.rename(vector, length, swap, renamed);
      const before: string[] = [];
      space.expand(vector, length, (_, nextLength) => {
        renamings.rename(space.next, nextLength, swap, next);
        before.push(next.subarray(0, nextLength).join());
        return true;
      });
      const after: string[] = [];
      space.expand(renamed, length, (_, nextLength) => {
        after.push(space.next.subarray(0, nextLength).join());
        return true;
      });
      renamings.rename(renamed, length, swap, next);
      const isUndone = next.subarray(0, length).join() === vector.subarray(0, length).join();
      if (
        isUndone &&
        before.sort().join(';') === after.sort().join(';') &&
        judged(vector) === judged(renamed)
      )
        continue;
      const names = model.actors.filter((_, actor) => swap.to[actor] !== actor).map(({ name }) => name);
      throw new RangeError(
        `${names.join(' and ')} are not interchangeable: renamed by the model's symmetry, a state of it goes on otherwise`,
      );
    }
  }

  private look(state: StateView): void {
    const seen = this.missing.filter(({ holds }) => holds(state));
    if (seen.length === 0) return;
    for (const each of seen) this.reached.set(each, this.depth);
    this.missing = this.missing.filter((each) => !seen.includes(each));
  }

  private violation(): Violation | null {
    if (this.found === null) return null;
    const { state, check, how } = this.found;
    return { check: check.name, how, path: this.pathTo(state) };
  }

  private pathTo(last: number): Step[] {
    const vector = new Int32Array(this.space.next.length);
    const taken: Choice[] = [];
    for (let state = last; this.parents[state]! >= 0; state = this.parents[state]!) {
      this.states.read(this.parents[state]!, vector);
      taken.push(this.space.choiceOf(vector, this.choices[state]!));
    }
    return taken.reverse().map((choice, index) => ({
      number: index + 1,
      choice,
      sentence: this.model.describe?.(choice) ?? describeChoice(choice, this.model),
    }));
  }
}

/** A choice as a sentence, for a model whose messages have no names. */
function describeChoice(choice: Choice, { actors }: Model): string {
  const name = (actor: number) => actors[actor]!.name;
  switch (choice.type) {
    case 'deliver':
    case 'miss':
    case 'lose': {
      const { from, to, kind, a, b, c, d, e } = choice.message;
      const message = `message ${kind} (${[a, b, c, d, e].join(', ')}) from ${name(from)}`;
      if (choice.type === 'deliver') return `${name(to)} receives ${message}`;
      return choice.type === 'miss'
        ? `${message} finds ${name(to)} down`
        : `${message} to ${name(to)} is lost`;
    }
    case 'flush':
      return `${name(choice.actor)} completes its fsync (${choice.a}, ${choice.b})`;
    case 'fire':
      return `${name(choice.actor)}: ${actors[choice.actor]!.timers![choice.slot]!.name} is over`;
    case 'crash':
      return `${name(choice.actor)} crashes`;
    case 'restart':
      return `${name(choice.actor)} restarts`;
  }
}
