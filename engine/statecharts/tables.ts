/** A lowered chart as numbers and names, what they are bound to, and how they are walked. */

/** An XState state value, `'idle'` or `{ region: 'idle' }`. */
export type Value = string | { readonly [state: string]: Value };

/** One configuration for the site: what is active, as XState's value, as dotted paths in document order, as tags. */
export interface Configuration {
  readonly value: Value;
  readonly states: readonly string[];
  readonly tags: readonly string[];
  readonly done: boolean;
}

/** A guard, action or delay by its name in setup, with its fixed params if it has any. */
export interface Reference {
  readonly name: string;
  readonly params?: unknown;
}

/** One `after` of one state. Its place in ChartTables.timers is its slot and the index of the event of its firing. */
export interface Timer {
  readonly state: string;
  readonly delay: string;
}

/** Kinds of operations in a row. Params and internal events are resolved when the row is made, not when it runs. */
export const RUN = 0;
export const START_TIMER = 1;
export const CANCEL_TIMER = 2;

/** The event of a microstep is the caller's input, and not one of ChartTables.internalEvents. */
export const CALLERS_INPUT = -1;

/**
 * A chart as numbers and names, all of it JSON.
 *
 * A node reference is the index of a test if ≥ 0, else the complement of the index of a row. Tests are four numbers
 * each: guard, event, reference when true, reference when false. Operations are three: kind, index, event, where the
 * index is of an action or of a timer slot. Row r has operations rowStart[r] up to rowStart[r + 1].
 */
export interface ChartTables {
  readonly id: string;
  readonly configurations: readonly Configuration[];
  /** Event types by event index, timers first, then declared events, then one stand-in per class of undeclared ones. */
  readonly events: readonly string[];
  readonly timers: readonly Timer[];
  /** Undeclared events: the first prefix that an event's type starts with gives its index; '' comes last. */
  readonly undeclared: readonly { readonly prefix: string; readonly event: number }[];
  readonly guards: readonly Reference[];
  readonly actions: readonly Reference[];
  /** Events that the chart raises itself: `raise` and done events. */
  readonly internalEvents: readonly { readonly type: string }[];
  /** Reference of the initial macrostep. */
  readonly start: number;
  /** References, by configuration × number of events + event. */
  readonly roots: readonly number[];
  readonly tests: readonly number[];
  readonly rowNext: readonly number[];
  readonly rowStart: readonly number[];
  readonly operations: readonly number[];
}

/**
 * Takes the requests of `after`. Starting a slot that runs replaces it; a cancelled slot may have fired already or never
 * been started, which is no error: a state's exit cancels all of its timers. A firing is `step(configuration, slot, handle)`.
 */
export interface TimerSink<Handle> {
  startTimer(handle: Handle, slot: number, delayUs: number): void;
  cancelTimer(handle: Handle, slot: number): void;
}

export type Guard = (given: unknown, params: unknown) => boolean;
export type Action = (given: unknown, params: unknown) => void;
export type Delay = number | ((given: unknown) => number);

/** What a chart's tables name by index, and what its functions are given. */
export interface Parts {
  /** The one object that guards, actions and delays are given, filled in before each of them. */
  readonly given: { context: unknown; event: unknown };
  readonly guards: readonly Guard[];
  readonly actions: readonly Action[];
  readonly delays: readonly Delay[];
  readonly timers: TimerSink<unknown>;
  /** A delay, if it is whole µs ≥ 0; throws Error otherwise. */
  readonly checked: (slot: number, delayUs: number) => number;
}

/** One macrostep: from one configuration, for one event. Gives the next configuration. */
export type Walk = (handle: unknown, input: unknown) => number;

/** How tables are walked: the walk of a reference of theirs. */
export type Walks = (tables: ChartTables, parts: Parts) => (reference: number) => Walk;
