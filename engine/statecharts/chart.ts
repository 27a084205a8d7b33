/**
 * A lowered chart at run time: tables, the functions they name, and a step that allocates nothing.
 *
 * Nothing here needs XState. The tables are plain JSON, so they can be written out at build time and bound in a page to
 * the same plain functions: `bind(tables, { guards, actions, delays }, timers)`. lower.ts makes the tables.
 */

import { compile } from './compile.ts';
import { interpret } from './interpret.ts';
import type {
  Action,
  ChartTables,
  Configuration,
  Delay,
  Guard,
  Parts,
  Reference,
  Timer,
  TimerSink,
  Value,
  Walk,
  Walks,
} from './tables.ts';

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

let walksByDefault: Walks = interpret;

/**
 * From now on a chart that has not been stepped yet is walked as code made of its tables (`compile.ts`), a third faster in
 * all. A page under a content security policy forbids that; without this call, tables are interpreted.
 */
export function compileCharts(): void {
  walksByDefault = compile;
}

/**
 * Tables and functions as a chart. Throws Error if a function that the tables name is missing, or timers are. `walks` says
 * how they are walked, by default as `compileCharts` has it.
 */
export function bind<Handle, Input extends { readonly type: string }>(
  tables: ChartTables,
  implementations: Implementations<Handle, Input>,
  timers?: TimerSink<Handle>,
  walks?: Walks,
): Chart<Handle, Input> {
  const { id, configurations, events } = tables;
  const eventCount = events.length;
  const guards = tables.guards.map(
    (guard) => functionNamed(id, 'guard', implementations.guards, guard) as Guard,
  );
  const actions = tables.actions.map(
    (action) => functionNamed(id, 'action', implementations.actions, action) as Action,
  );
  const delays = tables.timers.map(({ delay }) => delayNamed(id, implementations.delays, delay) as Delay);
  if (tables.timers.length > 0 && timers === undefined) {
    throw new Error(`Chart '${id}' has \`after\` in ${tables.timers[0]!.state}: give its timers a sink.`);
  }
  const eventObjects = events.map((type) => Object.freeze({ type })) as unknown as Input[];
  const initEvent = Object.freeze({ type: 'xstate.init' }) as unknown as Input;
  const parts: Parts = {
    given: { context: undefined, event: initEvent },
    guards,
    actions,
    delays,
    timers: timers as TimerSink<unknown>,
    checked(slot, delayUs) {
      if (Number.isSafeInteger(delayUs) && delayUs >= 0) return delayUs;
      const { state, delay } = tables.timers[slot]!;
      throw new Error(
        `Chart '${id}', state '${state}': delay '${delay}' gave ${delayUs}, expected whole µs ≥ 0.`,
      );
    },
  };
  // Made when first needed: by then it is settled how, and a chart that is never stepped costs nothing.
  let roots: Walk[] | undefined;
  let starting: Walk | undefined;
  function makeWalks(): void {
    const walkOf = (walks ?? walksByDefault)(tables, parts);
    starting = walkOf(tables.start);
    roots = tables.roots.map(walkOf);
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
    start(handle, input = initEvent) {
      if (starting === undefined) makeWalks();
      return starting!(handle, input);
    },
    step(configuration, event, handle, input) {
      if (roots === undefined) makeWalks();
      const walk = roots![configuration * eventCount + event];
      if (walk === undefined || event >>> 0 >= eventCount) throw noSuchStep(tables, configuration, event);
      return walk(handle, input === undefined ? eventObjects[event]! : input);
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
