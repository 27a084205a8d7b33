/**
 * A lowered chart at run time: tables, the functions they name, and a step that allocates nothing.
 *
 * Nothing here needs XState. The tables are plain JSON, so they can be written out at build time and bound in a page to
 * the same plain functions: `bind(tables, { guards, actions, delays }, timers)`. lower.ts makes the tables.
 */

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

/** What guards, actions and delays are given. One object per chart is reused for every call: do not keep it. */
export interface Given<Handle, Input> {
  context: Handle;
  event: Input;
}

/** The functions that the tables name. A delay is a number of µs, whole and ≥ 0, or a function that gives one. */
export interface Implementations<Handle, Input> {
  readonly guards?: Readonly<Record<string, unknown>>;
  readonly actions?: Readonly<Record<string, unknown>>;
  readonly delays?: Readonly<Record<string, number | ((given: Given<Handle, Input>) => number)>>;
}

/**
 * Takes the requests of `after`. Starting a slot that runs replaces it; a cancelled slot may have fired already or never
 * been started, which is no error: a state's exit cancels all of its timers. A firing is `step(configuration, slot, handle)`.
 */
export interface TimerSink<Handle> {
  startTimer(handle: Handle, slot: number, delayUs: number): void;
  cancelTimer(handle: Handle, slot: number): void;
}

export interface Chart<Handle, Input extends { readonly type: string } = { readonly type: string }> {
  readonly id: string;
  readonly tables: ChartTables;
  readonly configurations: readonly Configuration[];
  /** Event types by event index. */
  readonly events: readonly string[];
  /** Timers by slot. The slot is also the event index of the firing. */
  readonly timers: readonly Timer[];
  /** Runs the initial macrostep, and gives the configuration it ends in. `input` is its event, by default `xstate.init`. */
  start(handle: Handle, input?: { readonly type: string }): number;
  /**
   * Runs one macrostep and gives the next configuration. `handle` is the `context` that guards and actions see. `input` is
   * their `event`, by default a shared `{ type }`; its type is not read, the event index decides. An action may step other
   * handles, of this chart too, but not its own. Throws RangeError for a configuration or event that does not exist.
   */
  step(configuration: number, event: number, handle: Handle, input?: Input): number;
  /** The index of an event, to be resolved once. Undeclared events have one too: those that match `*` alike share it. */
  eventIndex(type: Input['type']): number;
  /** The slot of an `after`. Throws Error if the state has no such delay. */
  timerSlot(state: string, delay: string): number;
  /** Whether a state, by its dotted path, is active. Throws Error if there is no such state in any configuration. */
  matches(configuration: number, state: string): boolean;
  /** Whether an active state has the tag; false for a tag that no state has, so that many charts can be asked alike. */
  hasTag(configuration: number, tag: string): boolean;
  /** By configuration, 1 where the state is active: `matches` for the hot path. */
  activeIn(state: string): Uint8Array;
  /** By configuration, 1 where the tag is. */
  taggedIn(tag: string): Uint8Array;
  /** The configuration of a full state value; the lowest if several have it. Throws Error if none has. */
  configurationOf(value: Value): number;
}

type Guard = (given: unknown, params: unknown) => boolean;
type Action = (given: unknown, params: unknown) => void;

/** Tables and functions as a chart. Throws Error if a function that the tables name is missing, or timers are. */
export function bind<Handle, Input extends { readonly type: string }>(
  tables: ChartTables,
  implementations: Implementations<Handle, Input>,
  timers?: TimerSink<Handle>,
): Chart<Handle, Input> {
  const { id, configurations, events } = tables;
  const eventCount = events.length;
  const roots = Int32Array.from(tables.roots);
  const testGuard = column(tables.tests, 4, 0);
  const testEvent = column(tables.tests, 4, 1);
  const whenTrue = column(tables.tests, 4, 2);
  const whenFalse = column(tables.tests, 4, 3);
  const rowNext = Int32Array.from(tables.rowNext);
  const rowStart = Int32Array.from(tables.rowStart);
  const operationKind = column(tables.operations, 3, 0);
  const operationIndex = column(tables.operations, 3, 1);
  const operationEvent = column(tables.operations, 3, 2);
  const rowTimerStarts = Int32Array.from(tables.rowNext, (_, row) => countTimerStarts(tables, row));
  const rowTimerStart = Int32Array.from(tables.rowNext, (_, row) => firstTimerStart(tables, row));

  const guards = tables.guards.map(
    (guard) => functionNamed(id, 'guard', implementations.guards, guard) as Guard,
  );
  const guardParams = tables.guards.map((guard) => guard.params);
  const actions = tables.actions.map(
    (action) => functionNamed(id, 'action', implementations.actions, action) as Action,
  );
  const actionParams = tables.actions.map((action) => action.params);
  const delays = tables.timers.map(({ delay }) => delayNamed(id, implementations.delays, delay));
  if (tables.timers.length > 0 && timers === undefined) {
    throw new Error(`Chart '${id}' has \`after\` in ${tables.timers[0]!.state}: give its timers a sink.`);
  }
  const sink = timers as TimerSink<Handle>;

  const eventObjects = events.map((type) => Object.freeze({ type })) as unknown as Input[];
  const internalEvents = tables.internalEvents as readonly unknown[] as readonly Input[];
  const initEvent = Object.freeze({ type: 'xstate.init' }) as unknown as Input;
  const given: Given<Handle, Input> = { context: undefined as Handle, event: initEvent };

  // Delays of the rows now running, innermost last: a row reads all of its delays before its first action, and an
  // action may step another handle, whose row then reads its own.
  const readDelays: number[] = [];
  let readDelaysCount = 0;

  function walk(reference: number, handle: Handle, input: Input): number {
    let at = reference;
    if (at >= 0) {
      given.context = handle;
      do {
        const event = testEvent[at]!;
        given.event = event === CALLERS_INPUT ? input : internalEvents[event]!;
        const guard = testGuard[at]!;
        at = guards[guard]!(given, guardParams[guard]) ? whenTrue[at]! : whenFalse[at]!;
      } while (at >= 0);
    }
    const row = ~at;
    const timerStarts = rowTimerStarts[row]!;
    if (timerStarts === 1) {
      runRowWithOneTimer(row, handle, input);
    } else if (timerStarts > 0) {
      runRowWithTimers(row, handle, input);
    } else {
      const end = rowStart[row + 1]!;
      for (let operation = rowStart[row]!; operation < end; operation++)
        runOperation(operation, handle, input);
    }
    return rowNext[row]!;
  }

  function runOperation(operation: number, handle: Handle, input: Input): void {
    const index = operationIndex[operation]!;
    if (operationKind[operation] === RUN) {
      const event = operationEvent[operation]!;
      // Set for each action anew, since the one before may have stepped another handle.
      given.context = handle;
      given.event = event === CALLERS_INPUT ? input : internalEvents[event]!;
      actions[index]!(given, actionParams[index]);
    } else {
      sink.cancelTimer(handle, index);
    }
  }

  /** Most rows with timers have one: its delay needs no stack. */
  function runRowWithOneTimer(row: number, handle: Handle, input: Input): void {
    const end = rowStart[row + 1]!;
    const start = rowTimerStart[row]!;
    const event = operationEvent[start]!;
    given.context = handle;
    given.event = event === CALLERS_INPUT ? input : internalEvents[event]!;
    const delayUs = readDelay(operationIndex[start]!);
    for (let operation = rowStart[row]!; operation < end; operation++) {
      if (operation === start) sink.startTimer(handle, operationIndex[operation]!, delayUs);
      else runOperation(operation, handle, input);
    }
  }

  function runRowWithTimers(row: number, handle: Handle, input: Input): void {
    const first = rowStart[row]!;
    const end = rowStart[row + 1]!;
    const base = readDelaysCount;
    try {
      for (let operation = first; operation < end; operation++) {
        if (operationKind[operation] !== START_TIMER) continue;
        const event = operationEvent[operation]!;
        given.context = handle;
        given.event = event === CALLERS_INPUT ? input : internalEvents[event]!;
        readDelays[readDelaysCount++] = readDelay(operationIndex[operation]!);
      }
      let next = base;
      for (let operation = first; operation < end; operation++) {
        if (operationKind[operation] === START_TIMER) {
          sink.startTimer(handle, operationIndex[operation]!, readDelays[next++]!);
        } else {
          runOperation(operation, handle, input);
        }
      }
    } finally {
      readDelaysCount = base;
    }
  }

  function readDelay(slot: number): number {
    const delay = delays[slot]!;
    const delayUs = typeof delay === 'number' ? delay : delay(given);
    if (!Number.isSafeInteger(delayUs) || delayUs < 0) {
      const { state, delay: name } = tables.timers[slot]!;
      throw new Error(
        `Chart '${id}', state '${state}': delay '${name}' gave ${delayUs}, expected whole µs ≥ 0.`,
      );
    }
    return delayUs;
  }

  const eventIndices = new Map(events.map((type, index) => [type, index]));
  const statesActive = masks(configurations, (configuration) => configuration.states);
  const tagsActive = masks(configurations, (configuration) => configuration.tags);
  const byValue = new Map<string, number>();
  for (const [index, { value }] of configurations.entries()) {
    const key = valueKey(value);
    if (!byValue.has(key)) byValue.set(key, index);
  }
  const nowhere = new Uint8Array(configurations.length);

  const chart: Chart<Handle, Input> = {
    id,
    tables,
    configurations,
    events,
    timers: tables.timers,
    start: (handle, input = initEvent) => walk(tables.start, handle, input as Input),
    step(configuration, event, handle, input) {
      const reference = roots[configuration * eventCount + event];
      if (reference === undefined || event >>> 0 >= eventCount)
        throw noSuchStep(tables, configuration, event);
      return walk(reference, handle, input === undefined ? eventObjects[event]! : input);
    },
    eventIndex(type) {
      const declared = eventIndices.get(type);
      if (declared !== undefined) return declared;
      return tables.undeclared.find(({ prefix }) => type.startsWith(prefix) || `${type}.` === prefix)!.event;
    },
    timerSlot(state, delay) {
      const slot = tables.timers.findIndex((timer) => timer.state === state && timer.delay === delay);
      if (slot < 0)
        throw new Error(`Chart '${id}' has no \`after: { '${delay}': ... }\` in state '${state}'.`);
      return slot;
    },
    matches: (configuration, state) => chart.activeIn(state)[configuration] === 1,
    hasTag: (configuration, tag) => chart.taggedIn(tag)[configuration] === 1,
    activeIn(state) {
      const mask = statesActive.get(state);
      if (mask === undefined) {
        throw new Error(
          `Chart '${id}' is never in '${state}'; its states are ${[...statesActive.keys()].join(', ')}.`,
        );
      }
      return mask;
    },
    taggedIn: (tag) => tagsActive.get(tag) ?? nowhere,
    configurationOf(value) {
      const configuration = byValue.get(valueKey(value));
      if (configuration === undefined) throw new Error(`Chart '${id}' is never in ${JSON.stringify(value)}.`);
      return configuration;
    },
  };
  return chart;
}

function column(table: readonly number[], width: number, offset: number): Int32Array {
  return Int32Array.from({ length: table.length / width }, (_, index) => table[index * width + offset]!);
}

/** The first operation of a row that starts a timer, −1 if none does. */
function firstTimerStart(tables: ChartTables, row: number): number {
  for (let operation = tables.rowStart[row]!; operation < tables.rowStart[row + 1]!; operation++) {
    if (tables.operations[operation * 3] === START_TIMER) return operation;
  }
  return -1;
}

function countTimerStarts(tables: ChartTables, row: number): number {
  let count = 0;
  for (let operation = tables.rowStart[row]!; operation < tables.rowStart[row + 1]!; operation++) {
    if (tables.operations[operation * 3] === START_TIMER) count++;
  }
  return count;
}

function functionNamed(
  id: string,
  kind: 'guard' | 'action',
  functions: Readonly<Record<string, unknown>> | undefined,
  { name }: Reference,
): unknown {
  const found = functions?.[name];
  if (typeof found !== 'function')
    throw new Error(`Chart '${id}' names the ${kind} '${name}', which has no function.`);
  return found;
}

function delayNamed<Handle, Input>(
  id: string,
  delays: Implementations<Handle, Input>['delays'],
  name: string,
) {
  const found = delays?.[name];
  if (found === undefined)
    throw new Error(`Chart '${id}' names the delay '${name}', which has neither function nor number.`);
  return found;
}

function masks(
  configurations: readonly Configuration[],
  keysOf: (configuration: Configuration) => readonly string[],
): Map<string, Uint8Array> {
  const byKey = new Map<string, Uint8Array>();
  for (const [index, configuration] of configurations.entries()) {
    for (const key of keysOf(configuration)) {
      let mask = byKey.get(key);
      if (mask === undefined) byKey.set(key, (mask = new Uint8Array(configurations.length)));
      mask[index] = 1;
    }
  }
  return byKey;
}

/** A key that does not depend on the order of regions: `{ a: 'x', b: 'y' }` and `{ b: 'y', a: 'x' }` are one value. */
export function valueKey(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const regions = Object.keys(value).sort();
  return `{${regions.map((region) => `${JSON.stringify(region)}:${valueKey(value[region]!)}`).join()}}`;
}

function noSuchStep(tables: ChartTables, configuration: number, event: number): RangeError {
  const { id, configurations, events } = tables;
  return new RangeError(
    `Chart '${id}': step(${configuration}, ${event}), expected a configuration below ${configurations.length} ` +
      `and an event below ${events.length}.`,
  );
}
