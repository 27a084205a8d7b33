/**
 * Lowering: an XState v5 machine flattened once to dense tables and stepped with an integer state, without allocation.
 *
 * A configuration (the set of active states of a hierarchical or parallel machine) becomes one small integer. For every
 * configuration and event, XState itself is run with its guards as unknowns, which gives a decision tree: guards at the
 * forks, and at each leaf the actions in XState's order and the next configuration. A step walks one tree. So there is
 * one definition of behaviour, the chart, and one interpreter of its meaning, XState; the tables are its memory.
 *
 * ```ts
 * const linkChart = setup({
 *   types: {} as { context: { link: Link }; events: { type: 'cut' } | { type: 'heal' }; input: { link: Link } },
 *   guards: { 'may retry': ({ context }) => context.link.retries < 3 },
 *   actions: { 'drop stream': ({ context }) => dropStream(context.link) },
 *   delays: { retry: ({ context }) => context.link.retryUs }, // µs
 * }).createMachine({
 *   id: 'link',
 *   context: ({ input }) => ({ link: input.link }),
 *   initial: 'streaming',
 *   states: {
 *     streaming: { on: { cut: 'disconnected' }, exit: 'drop stream' },
 *     disconnected: {
 *       on: { heal: 'streaming' },
 *       after: { retry: { guard: 'may retry', target: 'streaming' } },
 *     },
 *   },
 * });
 *
 * const link = lower(linkChart, { startTimer: (handle, slot, delayUs) => ..., cancelTimer: (handle, slot) => ... });
 * const cut = link.eventIndex('cut');                // once, outside the loop
 * const handle = { link: record };                   // once per link: what guards and actions see as `context`
 * record.mode = link.start(handle);                  // entry actions, timers
 * record.mode = link.step(record.mode, cut, handle); // one event
 * record.mode = link.step(record.mode, slot, handle) // a timer fired: its slot is its event index
 * ```
 *
 * Within the subset: hierarchy, parallel and final states; `initial` with actions; `entry`, `exit`; transitions by name,
 * by `a.*` and by `*`, with or without target, guarded, `reenter`, several targets; `always`; `onDone`; `after` with
 * delays named in setup; guards and actions named in setup, with fixed `params`; `and`, `or`, `not`, `stateIn`;
 * `raise` of a fixed event; tags, meta, description.
 *
 * Outside it, and refused by name with ChartError: `invoke`, spawning, history, `assign`, inline functions for guards,
 * actions or delays, `after` with a number, computed `params`, `sendTo`, `emit`, `log`, `enqueueActions`, `cancel`,
 * delayed `raise`, `output`, `route`, a static `context`, names without an implementation; also a chart whose
 * `always` or `raise` can go on for ever, or that has more configurations than LoweringLimits allow.
 *
 * What a chart's author should know of XState's meaning, which the tables keep:
 * - Every guard and every delay of a macrostep is read before its first action runs: a guard asks "enough, counting this
 *   one?", and a delay does not see what the entry action beside it has drawn.
 * - `always` is considered after every event, also one that nobody handles. `*` also catches the fired timer and the
 *   done event that no named transition took. A guard of `always` sees the event last taken from the queue.
 * - Re-entry needs `reenter: true`: without it a transition to self, or to a descendant of self, neither exits self nor
 *   restarts its timers.
 * - When two parallel regions take an `always` in the same microstep, the region that moved longest ago goes first. Such
 *   orders are part of the configuration, so that two of them can have the same value.
 * - A configuration that is done takes no event, as an XState actor that has stopped.
 *
 * What it cannot see: guards must be pure. XState may ask twice what the tables ask once.
 *
 * Further reading: SCXML, https://www.w3.org/TR/scxml/#AlgorithmforSCXMLInterpretation; https://stately.ai/docs/transitions.
 */

import type { AnyStateMachine, ContextFrom, EventFrom } from 'xstate';
import { bind, type Chart, type Implementations } from './chart.ts';
import type { LoweringLimits } from './configurations.ts';
import type { TimerSink } from './tables.ts';
import { tabulate } from './tabulate.ts';

/**
 * The machine as tables with its own guards, actions and delays, ready to step. `timers` takes the requests of `after`;
 * it may be left out only if the chart has none. Throws ChartError outside of the subset.
 */
export function lower<Machine extends AnyStateMachine>(
  machine: Machine,
  timers?: TimerSink<ContextFrom<Machine>>,
  limits?: LoweringLimits,
): Chart<ContextFrom<Machine>, EventFrom<Machine>> {
  return bind(
    tabulate(machine, limits),
    machine.implementations as unknown as Implementations<ContextFrom<Machine>, EventFrom<Machine>>,
    timers,
  );
}
