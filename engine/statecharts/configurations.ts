/**
 * Every reachable configuration of a machine, with what each event does there: XState's own macrostep, run with guards as
 * questions (decisions.ts).
 *
 * Only the machine's own `transition` and `getInitialSnapshot` are called, with an actor scope that records actions, so
 * nothing is imported from XState at run time.
 */

import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { ChartError, EndlessChartError, type TrailStep } from './chart-error.ts';
import { type Answer, type Ask, type Decision, decide } from './decisions.ts';
import { Numbering } from './numbering.ts';
import { CALLERS_INPUT, CANCEL_TIMER, type Reference, RUN, START_TIMER } from './tables.ts';

/** Where lowering gives up. Counts; each is far above what a chart that can be read aloud needs. */
export interface LoweringLimits {
  /** Configurations of the chart, default 2,000. */
  readonly configurations?: number;
  /** Combinations of guards that one event in one configuration tells apart, default 4,096. */
  readonly outcomes?: number;
  /** Microsteps of one macrostep, default 200: beyond, `always` or `raise` is taken to go on for ever. */
  readonly microsteps?: number;
}

/** A guard asked in a microstep, by number of guard and of the microstep's event. */
interface Question {
  readonly guard: number;
  readonly event: number;
}

/** Kind, index and event, as in ChartTables.operations. */
type Operation = readonly [kind: number, index: number, event: number];

/** What a macrostep asks for, and the configuration it ends in. */
export interface Outcome {
  readonly operations: readonly Operation[];
  readonly next: number;
}

export type Tree = Decision<Question, Outcome>;

export interface Trees {
  readonly start: Tree;
  /** By configuration, by event. */
  readonly steps: readonly (readonly Tree[])[];
  readonly snapshots: readonly AnyMachineSnapshot[];
}

/** Guards, actions and internal events by number, in the order in which XState meets them. */
export class Names {
  readonly guards = new Numbering<Reference>();
  readonly actions = new Numbering<Reference>();
  readonly internalEvents = new Numbering<{ readonly type: string }>();
  /** Timers by XState's id, which is also the type of the event of their firing. */
  readonly slots: ReadonlyMap<string, number>;

  constructor(timerIds: readonly string[]) {
    this.slots = new Map(timerIds.map((id, slot) => [id, slot]));
  }
}

function reference(name: string, params: unknown): Reference {
  return params === undefined ? { name } : { name, params };
}

/** An action as XState hands it to its executor. */
interface ExecutedAction {
  readonly type: string;
  readonly params?: { readonly id?: string; readonly sendId?: string; readonly delay?: number } | undefined;
  readonly info: { readonly event: { readonly type: string } };
}

/** Decision trees of the start and of every event in every configuration, configurations in breadth-first order. */
export function exploreConfigurations(
  machine: AnyStateMachine,
  events: readonly string[],
  names: Names,
  limits: LoweringLimits,
): Trees {
  const maximum = { configurations: 2000, outcomes: 4096, microsteps: 200, ...limits };
  let ask: Ask<Question> = () => true;
  let input: unknown;
  let executed: ExecutedAction[] = [];

  const eventNumber = (event: { readonly type: string }) =>
    event === input || event.type === 'xstate.init' ? CALLERS_INPUT : names.internalEvents.of(event);

  const subject = machine.provide({
    guards: mapFunctions(machine.implementations.guards, (name) => (given: GuardGiven, params: unknown) => {
      const guard = names.guards.of(reference(name, params));
      const event = eventNumber(given.event);
      return ask(`${guard} ${event}`, { guard, event });
    }),
    // Which delay is meant stands in the timer's id; XState only needs to see a number.
    delays: Object.fromEntries(
      Object.keys(machine.implementations.delays ?? {}).map((name) => [name, () => 0]),
    ),
  } as never) as AnyStateMachine;
  // The handle is the caller's: the factory must not be called without one.
  subject.config = { ...machine.config, context: {} };
  subject.options = {
    ...subject.options,
    maxIterations: Math.min(maximum.microsteps, subject.options.maxIterations ?? maximum.microsteps),
  };
  const scope = {
    self: {},
    system: { _sendInspectionEvent: () => {} },
    defer: () => {},
    actionExecutor: (action: ExecutedAction) => executed.push(action),
  } as never;

  const snapshots: AnyMachineSnapshot[] = [];
  const arrivals: Arrival[] = [];
  const numbers = new Map<string, number>();
  const configurationOf = (snapshot: AnyMachineSnapshot, arrival: Arrival): number => {
    const key = identityOf(snapshot);
    let number = numbers.get(key);
    if (number === undefined) {
      number = snapshots.push(snapshot) - 1;
      arrivals.push(arrival);
      numbers.set(key, number);
      if (snapshots.length > maximum.configurations) {
        const construct = `a chart of more than ${maximum.configurations} configurations`;
        throw refusal(machine, construct, 'Split it: parallel regions multiply, two charts add.');
      }
    }
    return number;
  };

  function arrivalBy(from: number | undefined, event: string, answers: readonly Answer<Question>[]): Arrival {
    const guards = answers.map(({ question, answer }) => ({
      guard: names.guards.values[question.guard]!,
      event: names.internalEvents.values[question.event]?.type,
      answer,
    }));
    return { from, step: { event, guards } };
  }

  function trailOf({ from, step }: Arrival): TrailStep[] {
    return from === undefined ? [step] : [...trailOf(arrivals[from]!), step];
  }

  function treeOf(from: number | undefined, type: string, macrostep: () => AnyMachineSnapshot): Tree {
    const where =
      from === undefined ? 'at the start' : `at '${type}' in ${JSON.stringify(snapshots[from]!.value)}`;
    let outcomes = 0;
    return decide<Question, Outcome>((askInRun, answers) => {
      if (++outcomes > maximum.outcomes) {
        const construct = `a step of more than ${maximum.outcomes} outcomes, ${where},`;
        throw refusal(machine, construct, 'Fold guards that go together into one.');
      }
      ask = askInRun;
      executed = [];
      const snapshot = macrostepOrError(macrostep);
      const arrival = arrivalBy(from, type, answers);
      if (snapshot instanceof Error) {
        throw isEndless(snapshot) ? new EndlessChartError(machine.id, where, trailOf(arrival)) : snapshot;
      }
      const operations = executed.flatMap((action) => operationOf(action, names, eventNumber));
      return { operations, next: configurationOf(snapshot, arrival) };
    });
  }

  const start = treeOf(undefined, 'xstate.init', () => subject.getInitialSnapshot(scope));
  const steps: Tree[][] = [];
  for (let configuration = 0; configuration < snapshots.length; configuration++) {
    const snapshot = snapshots[configuration]!;
    const stay: Tree = { type: 'outcome', outcome: { operations: [], next: configuration } };
    steps.push(
      events.map((type) => {
        if (snapshot.status === 'done' || isDeafTo(snapshot, type)) return stay;
        const event = { type };
        return treeOf(configuration, type, () => {
          input = event;
          return subject.transition(snapshot, event, scope);
        });
      }),
    );
  }
  return { start, steps, snapshots };
}

/** How a configuration was first reached. */
interface Arrival {
  readonly from: number | undefined;
  readonly step: TrailStep;
}

/** XState throws from a transition, and returns what went wrong at the start. */
function macrostepOrError(macrostep: () => AnyMachineSnapshot): AnyMachineSnapshot | Error {
  try {
    const snapshot = macrostep();
    return snapshot.status === 'error' ? (snapshot.error as Error) : snapshot;
  } catch (error) {
    return error as Error;
  }
}

const isEndless = (error: Error): boolean => error.message.startsWith('Infinite loop');

interface GuardGiven {
  readonly event: { readonly type: string };
}

/** Replaces functions and leaves `and`, `or`, `not`, `stateIn` and other names for a guard, which XState resolves. */
function mapFunctions(functions: Record<string, unknown> | undefined, replace: (name: string) => unknown) {
  return Object.fromEntries(
    Object.entries(functions ?? {}).map(([name, found]) => {
      const isPlain = typeof found === 'function' && !('check' in found);
      return [name, isPlain ? replace(name) : found];
    }),
  );
}

/** Whether no active state can take the event, nor an `always` whatever the event. A shortcut; XState would agree. */
function isDeafTo(snapshot: AnyMachineSnapshot, type: string): boolean {
  return snapshot._nodes.every(
    (state) =>
      state.always === undefined &&
      [...state.transitions.keys()].every((descriptor) => descriptor !== type && !descriptor.endsWith('*')),
  );
}

function operationOf(
  { type, params, info }: ExecutedAction,
  names: Names,
  eventNumber: (event: { readonly type: string }) => number,
): Operation[] {
  const event = eventNumber(info.event);
  if (type === 'xstate.raise') {
    // Without a delay it has had its effect: the event went through XState's queue within this macrostep.
    return params!.delay === undefined ? [] : [[START_TIMER, names.slots.get(params!.id!)!, event]];
  }
  if (type === 'xstate.cancel') return [[CANCEL_TIMER, names.slots.get(params!.sendId!)!, CALLERS_INPUT]];
  return [[RUN, names.actions.of(reference(type, params)), event]];
}

/**
 * What XState's future depends on: the active states, and two orders which its snapshot carries along. Atomic states
 * that could take an `always` do so in the order of their last entry; regions are asked for transitions in the order of
 * theirs. (In SCXML both are document order.)
 */
function identityOf({ _nodes, status }: AnyMachineSnapshot): string {
  const active = _nodes.map(({ order }) => order).sort((a, b) => a - b);
  const order = _nodes.filter(isOrdered).map((state) => state.order);
  return `${status} ${active} ${order}`;
}

function isOrdered(state: AnyStateNode): boolean {
  const isAtomic = state.type === 'atomic' || state.type === 'final';
  return state.parent?.type === 'parallel' || (isAtomic && hasAlways(state));
}

function hasAlways(state: AnyStateNode): boolean {
  return state.always !== undefined || (state.parent !== undefined && hasAlways(state.parent));
}

function refusal(machine: AnyStateMachine, construct: string, hint: string): ChartError {
  return new ChartError({ machine: machine.id, state: '', construct, hint });
}
