/**
 * What an exploration is given and what it answers.
 *
 * A model is any set of actors: node kinds, the same that the time-ordered loop runs, with their first states. Time is
 * left out: a message in flight may arrive at any moment, an fsync may complete at any moment, and a running timer may
 * fire at any moment unless its rule says otherwise. So a delay of any length, a pause and a slow disk need no choice of
 * their own: they are choices not taken yet.
 */

import type { NodeKind } from '../kernel/protocol.ts';

export interface ModelActor<State = unknown> {
  readonly name: string;
  readonly kind: NodeKind<State>;
  readonly state: State;
  /** Its timers by slot, at most 31. */
  readonly timers?: readonly ModelTimer[];
  /** Whether crashes may befall it. */
  readonly canCrash?: boolean;
}

export interface ModelTimer {
  readonly name: string;
  /**
   * When it may fire while it runs. `when quiet`: no message and no fsync is under way that anything could come of, as
   * if the delay were longer than any round trip. That hides what a too short time-out does, and keeps the depth useful.
   */
  readonly fires: 'any time' | 'when quiet' | 'never';
}

/**
 * How the messages from one actor to another travel. `ordered`: the oldest in flight arrives first, as on one TCP
 * connection. `unordered`: any of them may. `duplicating`: any may, again and again, and none ever leaves the link.
 */
export type LinkRule = 'ordered' | 'unordered' | 'duplicating';

export interface Model {
  readonly actors: readonly ModelActor[];
  /** Without it every link is ordered. */
  readonly links?: (from: number, to: number) => LinkRule;
  /** The most that one path may have, 0 if left out. A crash drops what was not fsynced, timers and fsyncs under way. */
  readonly crashes?: number;
  /** Whether what crashed may restart. */
  readonly restarts?: boolean;
  /** The most messages that one path may lose, 0 if left out. A `duplicating` link loses none. */
  readonly losses?: number;
  /** Keeps what checks need and no actor knows; its state is part of what identifies a state. */
  readonly observer?: ModelObserver;
  /** Begin only after every message has arrived and every fsync is done, link by link, before any timer. */
  readonly settled?: boolean;
  /** Whose change of places makes no difference, for explorations that merge such states. */
  readonly symmetry?: Symmetry;
  /** States for which it is false are neither counted nor looked beyond. It bounds what grows without end. */
  readonly within?: (state: StateView) => boolean;
  /** A choice as a sentence. */
  readonly describe?: (choice: Choice) => string;
  /** What drawing by chance gives: an error, if left out, or always 0, where only delays are drawn, which are left out here. */
  readonly chance?: 'zero';
  /**
   * Which messages are taken though nothing comes of it, given the receiver's state. Such a choice leads back to where it is
   * taken and counts only as generated, as in specifications whose steps may stutter; without it, none does.
   */
  readonly stutters?: (state: unknown, message: Envelope) => boolean;
}

/** Who is called what from now on, by actor. */
export type Renaming = readonly number[];

/**
 * Actors that are alike. When some of a group change places, with all that is theirs, so must whatever names them: a state
 * that says whom an actor voted for says the new number. Senders and receivers of messages are renamed anyway. Checks,
 * `sometimes` and `within` must not tell one of a group from another; timers keep their slots.
 */
export interface Symmetry {
  /** By actor. All renamings of them together are at most 120, as many as 5 actors have. */
  readonly groups: readonly (readonly number[])[];
  /** Changes a copy of an actor's state in place. */
  readonly renameState?: (state: unknown, to: Renaming, actor: number) => void;
  readonly renamedMessage?: (message: Envelope, to: Renaming) => Envelope;
  /** The second word of an fsync. */
  readonly renamedFsync?: (b: number, to: Renaming) => number;
  /** Changes a copy of what the observer holds in place. */
  readonly renameObserved?: (observed: unknown, to: Renaming) => void;
}

/** A model with what is to hold in it, and what should be seen. */
export interface CheckedModel extends Model {
  readonly checks: readonly Check[];
  readonly sometimes: readonly Sometimes[];
}

/** How much of a scenario is modelled. */
export interface ModelBounds {
  /** Where the model has as many as it is told. */
  readonly writes: number;
  /** What one path may have at the most. */
  readonly crashes: number;
  readonly losses: number;
  readonly restarts: boolean;
  /** New terms, where there are any. */
  readonly terms: number;
}

/** A notebook with plain state, which `onNote` changes in place. */
export interface ModelObserver<State = unknown> {
  readonly state: State;
  onNote(state: State, actor: number, kind: number, a: number, b: number, c: number, d: number): void;
}

/** A message in flight. */
export interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly bytes: number;
}

/** One of the things that may happen next. */
export type Choice =
  | { readonly type: 'deliver'; readonly message: Envelope }
  /** It arrives where the process is down. */
  | { readonly type: 'miss'; readonly message: Envelope }
  | { readonly type: 'lose'; readonly message: Envelope }
  /** The actor's oldest fsync completes; `a` and `b` as it was asked for. */
  | {
      readonly type: 'flush';
      readonly actor: number;
      readonly a: number;
      readonly b: number;
    }
  | { readonly type: 'fire'; readonly actor: number; readonly slot: number }
  | { readonly type: 'crash'; readonly actor: number }
  | { readonly type: 'restart'; readonly actor: number };

/** A state as checks see it. What it gives is shared: read it, do not change or keep it. */
export interface StateView {
  readonly stateOf: (actor: number) => unknown;
  readonly isUp: (actor: number) => boolean;
  readonly observed: () => unknown;
  readonly messages: () => Envelope[];
}

/** A property of every state. */
export interface Check {
  readonly name: string;
  /** How the state breaks it, as a sentence; null where it holds. */
  readonly broken: (state: StateView) => string | null;
}

/** What must be so in some state, or the search has seen nothing of interest. */
export interface Sometimes {
  readonly name: string;
  readonly holds: (state: StateView) => boolean;
}

export interface Reached {
  readonly name: string;
  /** Choices on the shortest way to such a state; null where there was none. */
  readonly depth: number | null;
}

export interface Step {
  /** Counts from 1. */
  readonly number: number;
  readonly choice: Choice;
  readonly sentence: string;
}

export interface ExploreOptions {
  /** Choices in a row to look ahead, at least 1. */
  readonly depth: number;
  /** The most different states to visit. */
  readonly states: number;
  readonly checks: readonly Check[];
  readonly sometimes?: readonly Sometimes[];
  /**
   * Visit one of the states that differ only in who is who, by the model's `symmetry`; paths stay real ones. Whether the
   * renaming is right is tried at many of the states, and throws RangeError where it is not.
   */
  readonly symmetry?: boolean;
  /** Told now and then, after so many different states; stops the search, with what it has, by giving false. */
  readonly onProgress?: (unique: number, depth: number) => boolean;
}

export interface Coverage {
  /**
   * `ok`: every state within the depth was visited and holds every check. `empty`: so it is, but something was never so that
   * should be in some state: a greater depth or more of something is needed to learn anything. `unknown`: the budget of
   * states was spent first. It sees states, not paths: that something happens at last is no check here.
   */
  readonly result: 'ok' | 'violation' | 'empty' | 'unknown';
  /** Different states visited, the first one included; symmetric ones, where they are merged, count as one. */
  readonly unique: number;
  /** States reached, counted as often as they were reached; the first one included. */
  readonly generated: number;
  /** Choices on the way to the states farthest off, which no shorter path reaches. */
  readonly depth: number;
  /** Whether all states there are were visited, so that a greater depth would find none. */
  readonly complete: boolean;
  readonly sometimes: readonly Reached[];
  /** A violation that no shorter path shows. */
  readonly violation: Violation | null;
}

export interface Violation {
  readonly check: string;
  readonly how: string;
  readonly path: readonly Step[];
}
