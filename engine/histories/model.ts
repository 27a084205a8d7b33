/**
 * A sequential model: what one object does if operations come one after another. A history is held against it. Anything
 * with these fields is a model; `models.ts` has some.
 *
 * ```ts
 * const toggle: SequentialModel<boolean> = {
 *   name: 'toggle',
 *   initial: false,
 *   kinds: { flip: { output: 'what it was' } },
 *   step: (state, { output }) => (output === undefined || output === state ? { state: !state } : null),
 * };
 * ```
 */

import type { Value } from './history.ts';

/** An operation as a model sees it. */
export interface Asked {
  readonly kind: string;
  readonly input?: Value;
  /** Absent where it is not known: then any output is right. */
  readonly output?: Value;
}

/** What a kind of operation takes and gives, in words for people; absent where there is nothing. */
export interface KindOfOperation {
  readonly input?: string;
  readonly output?: string;
}

export interface SequentialModel<State = unknown> {
  readonly name: string;
  readonly initial: State;
  readonly kinds: Readonly<Record<string, KindOfOperation>>;
  /** The state after the operation; null where it cannot have had that output in this state. Pure. */
  step(state: State, operation: Asked): { readonly state: State } | null;
  /**
   * Whether the operation, with this output, leaves every state as it is: a read, a comparison that failed. The search is
   * faster for knowing, and wrong if told so of what changes a state.
   */
  observes?(operation: Asked): boolean;
  /**
   * Of a state that only grows, but for operations of the kinds in `resets`, which replace it whatever it was: whether it can still
   * become one in which this operation has its output. The search gives up early where it cannot.
   */
  readonly growth?: {
    readonly resets: readonly string[];
    mayBecome(state: State, operation: Asked): boolean;
  };
  /** The same for equal states, different for others; without it `JSON.stringify`. */
  identify?(state: State): string | number;
  /** What is wrong with the input or output of an operation of one of its kinds, as what was expected; null where nothing is. */
  problem?(operation: Asked): string | null;
  /**
   * The kinds by which it is a register: `write` replaces the state by its input, `read` gives it. If no value is written
   * twice, a faster way decides.
   */
  readonly register?: { readonly read: string; readonly write: string };
  /**
   * The kinds by which it is a text or a list: `put` replaces the state by its input, `append` adds its input at the end, of a list
   * as one item, `get` gives it all. If what was read is made of what was written in one way only, a faster way decides.
   */
  readonly text?: { readonly get: string; readonly put?: string; readonly append: string };
}
