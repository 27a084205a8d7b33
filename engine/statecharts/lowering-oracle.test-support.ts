/**
 * Whether a lowered chart behaves as XState does: the same machine, events and guards through XState's pure `transition()`
 * and through the tables, compared after every event. For tests only.
 *
 * ```ts
 * test('link: lowered as XState runs it', () => checkLowering(linkChart));
 * ```
 *
 * Guards, actions and delays are replaced by ones over a small *world* of bits: a guard reads its bit, a delay counts what
 * was done, and every action flips a bit and counts. So a guard or delay read too late, after an action, is seen too.
 */

import fc from 'fast-check';
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate';
import { bind, type Chart, type Implementations, valueKey } from './chart.ts';
import { compile } from './compile.ts';
import type { LoweringLimits } from './configurations.ts';
import { interpret } from './interpret.ts';
import type { Value } from './tables.ts';
import { tabulate } from './tabulate.ts';

/** One input of a script: which event, taken modulo the events there are, and the guards' truth when it arrives. */
export interface ScriptStep {
  readonly event: number;
  readonly bits: number;
}

/** What guards, delays and actions of a run see and change. */
interface World {
  bits: number;
  done: number;
  log: string[];
}

interface Handle {
  readonly world: World;
}

interface Input {
  readonly type: string;
}

export const script = (maxLength: number): fc.Arbitrary<ScriptStep[]> =>
  fc.array(fc.record({ event: fc.nat(999), bits: fc.nat(0xffff) }), { maxLength });

export interface CheckOptions {
  /** Scripts tried, default 200. */
  readonly runs?: number;
  /** Most events in a script, default 40. */
  readonly maxLength?: number;
  readonly limits?: LoweringLimits;
}

/** Throws, with fast-check's seed and a shrunk script, where the lowered chart differs from XState. */
export function checkLowering(machine: AnyStateMachine, options: CheckOptions = {}): void {
  const { runs = 200, maxLength = 40, limits } = options;
  const subject = comparable(machine, limits);
  fc.assert(
    fc.property(script(maxLength), (steps) => compare(subject, steps)),
    { numRuns: runs },
  );
}

/** A machine with its world-reading parts, not lowered, and lowered in each way that tables are walked. */
export interface Comparable {
  readonly machine: AnyStateMachine;
  readonly charts: readonly Chart<Handle, Input>[];
}

/** Prepares a machine for `compare`. Throws ChartError if it cannot be lowered. */
export function comparable(machine: AnyStateMachine, limits?: LoweringLimits): Comparable {
  const subject = overWorld(machine);
  const tables = tabulate(subject, limits);
  const { events } = tables;
  const charts = [interpret, compile].map((walks) =>
    bind<Handle, Input>(
      tables,
      subject.implementations as unknown as Implementations<Handle, Input>,
      {
        // A slot is the index of its event, whose type is the id that XState starts and cancels.
        startTimer: ({ world }, slot, delayUs) => world.log.push(`start ${events[slot]} in ${delayUs}`),
        cancelTimer: ({ world }, slot) => world.log.push(`cancel ${events[slot]}`),
      },
      walks,
    ),
  );
  return { machine: subject, charts };
}

/** The machine with guards, actions and delays that read and write a world, which is the context. */
function overWorld(machine: AnyStateMachine): AnyStateMachine {
  const { guards, actions, delays } = machine.implementations;
  const subject = machine.provide({
    guards: replaced(
      guards,
      'check',
      (name) => (given: { context: Handle; event: Input }, params: unknown) => {
        return bitOf(given.context.world, `${name} ${JSON.stringify(params)} ${given.event.type}`);
      },
    ),
    actions: replaced(
      actions,
      'resolve',
      (name) => (given: { context: Handle; event: Input }, params: unknown) => {
        act(given.context.world, name, params, given.event);
      },
    ),
    delays: replaced(delays, 'never', (name) => ({ context, event }: { context: Handle; event: Input }) => {
      return (hash(`${name} ${event.type}`) % 1000) * 1000 + context.world.done;
    }),
  } as never) as AnyStateMachine;
  subject.config = { ...machine.config, context: ({ input }: { input: Handle }) => ({ world: input.world }) };
  return subject;
}

function replaced(
  functions: Record<string, unknown> | undefined,
  markOfBuiltIn: string,
  replace: (name: string) => unknown,
) {
  return Object.fromEntries(
    Object.entries(functions ?? {}).map(([name, found]) => {
      const isBuiltIn = typeof found === 'string' || (typeof found === 'function' && markOfBuiltIn in found);
      return [name, isBuiltIn ? found : replace(name)];
    }),
  );
}

function bitOf(world: World, question: string): boolean {
  return ((world.bits >>> (hash(question) % 16)) & 1) === 1;
}

function act(world: World, name: string, params: unknown, event: Input): void {
  world.log.push(`${name} ${JSON.stringify(params) ?? ''} on ${JSON.stringify(event)}`);
  world.done++;
  world.bits ^= 1 << (hash(name) % 16);
}

/** FNV-1a, so that a name always has the same bit. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

/** Runs a script through both. Throws an Error that shows both logs at the first difference. */
export function compare({ machine, charts }: Comparable, steps: readonly ScriptStep[]): void {
  for (const chart of charts) compareOne(machine, chart, steps);
}

function compareOne(
  machine: AnyStateMachine,
  chart: Chart<Handle, Input>,
  steps: readonly ScriptStep[],
): void {
  const initialBits = steps[0]?.bits ?? 0;
  const worldOfXState: World = { bits: initialBits, done: 0, log: [] };
  const worldOfTables: World = { bits: initialBits, done: 0, log: [] };
  const handle: Handle = { world: worldOfTables };

  let [snapshot, actions] = initialTransition(machine, { world: worldOfXState } as never);
  execute(actions, worldOfXState);
  let configuration = chart.start(handle);
  expectSame('start', snapshot, worldOfXState, chart, configuration, worldOfTables);

  const types = [...chart.events, 'nobody declared this', 'b', 'b.q', 'b.c.d'];
  for (const [index, step] of steps.entries()) {
    const type = types[step.event % types.length]!;
    const input = { type, serial: index };
    worldOfXState.bits = worldOfTables.bits = step.bits;
    worldOfXState.log = [];
    worldOfTables.log = [];
    if (snapshot.status === 'active') {
      [snapshot, actions] = transition(machine, snapshot, input);
      execute(actions, worldOfXState);
    }
    configuration = chart.step(configuration, chart.eventIndex(type), handle, input);
    expectSame(`event ${index}, '${type}'`, snapshot, worldOfXState, chart, configuration, worldOfTables);
  }
}

/** An action as `transition()` gives it. */
interface Executable {
  readonly type: string;
  readonly info: { readonly event: Input };
  readonly params: unknown;
}

function execute(actions: readonly unknown[], world: World): void {
  for (const { type, info, params } of actions as readonly Executable[]) {
    if (type === 'xstate.raise') {
      const { id, delay } = params as { id?: string; delay?: number };
      if (delay !== undefined) world.log.push(`start ${id} in ${delay}`);
    } else if (type === 'xstate.cancel') {
      world.log.push(`cancel ${(params as { sendId: string }).sendId}`);
    } else {
      // XState's initial event carries the input, the handle; that of the tables does not.
      const event = info.event.type === 'xstate.init' ? { type: 'xstate.init' } : info.event;
      act(world, type, params, event);
    }
  }
}

function expectSame(
  when: string,
  snapshot: AnyMachineSnapshot,
  worldOfXState: World,
  chart: Chart<Handle, Input>,
  configuration: number,
  worldOfTables: World,
): void {
  const found = chart.configurations[configuration];
  const states = [...snapshot._nodes].sort((a, b) => a.order - b.order).map(({ path }) => path.join('.'));
  const expected = {
    status: snapshot.status,
    value: valueKey(snapshot.value as Value),
    states: states.filter((path) => path !== '').join(', '),
    tags: [...(snapshot.tags as Set<string>)].sort().join(', '),
    actions: worldOfXState.log.join('\n  '),
  };
  const actual = {
    status: found?.done ? 'done' : 'active',
    value: found && valueKey(found.value),
    states: found?.states.join(', '),
    tags: [...(found?.tags ?? [])].sort().join(', '),
    actions: worldOfTables.log.join('\n  '),
  };
  for (const key of Object.keys(expected) as (keyof typeof expected)[]) {
    if (expected[key] === actual[key]) continue;
    throw new Error(`${when}: ${key}\nXState:\n  ${expected[key]}\ntables:\n  ${actual[key]}`);
  }
}
