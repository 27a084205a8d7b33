/** From an XState machine to ChartTables. lower.ts says what is kept of XState's meaning and what is refused. */

import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { exploreConfigurations, type LoweringLimits, Names } from './configurations.ts';
import { flatten, mergeAlike } from './flatten.ts';
import { refuseOutsideSubset } from './subset.ts';
import type { ChartTables, Configuration, Timer, Value } from './tables.ts';

/** The machine as tables. Throws ChartError outside of the subset that lower.ts lists, or beyond `limits`. */
export function tabulate(machine: AnyStateMachine, limits: LoweringLimits = {}): ChartTables {
  refuseOutsideSubset(machine);
  const states = statesInDocumentOrder(machine.root);
  const timers = states.flatMap((state) => timersOf(state));
  const vocabulary = eventsOf(states, timers);
  const names = new Names(timers.map(({ event }) => event));
  const trees = exploreConfigurations(machine, vocabulary.events, names, limits);
  const classes = mergeAlike(trees);
  const flat = flatten(trees, classes);
  return {
    id: machine.id,
    configurations: classes.representatives.map((index) => describe(trees.snapshots[index]!)),
    events: vocabulary.events,
    timers: timers.map(({ state, delay }) => ({ state, delay })),
    undeclared: vocabulary.undeclared,
    guards: names.guards.values,
    actions: names.actions.values,
    internalEvents: names.internalEvents.values,
    ...flat,
  };
}

interface NamedTimer extends Timer {
  /** XState's id of the delayed event, which is also the event's type. */
  readonly event: string;
}

function timersOf(state: AnyStateNode): NamedTimer[] {
  const path = state.path.join('.');
  return Object.keys(state.config.after ?? {}).map((delay) => ({
    state: path,
    delay,
    event: `xstate.after.${delay}.${state.id}`,
  }));
}

/** Every event that steps can tell apart: timers, declared events, and a stand-in for each class of undeclared ones. */
function eventsOf(states: readonly AnyStateNode[], timers: readonly NamedTimer[]) {
  const events = new Set(timers.map(({ event }) => event));
  const prefixes = new Set<string>();
  for (const state of states) {
    for (const descriptor of state.transitions.keys()) {
      if (descriptor.endsWith('.*')) prefixes.add(descriptor.slice(0, -1));
      else if (descriptor !== '*' && !descriptor.startsWith('xstate.done.state.')) events.add(descriptor);
    }
  }
  // The longest prefix first, since an event that starts with it matches the shorter ones too. The empty one matches all.
  const longestFirst = [...prefixes].sort((a, b) => b.length - a.length).concat('');
  const undeclared = longestFirst.map((prefix, index) => ({ prefix, event: events.size + index }));
  return { events: [...events, ...longestFirst.map((prefix) => `${prefix}(undeclared)`)], undeclared };
}

function statesInDocumentOrder(root: AnyStateNode): AnyStateNode[] {
  return [
    root,
    ...Object.values(root.states).flatMap((state) => statesInDocumentOrder(state as AnyStateNode)),
  ];
}

function describe(snapshot: AnyMachineSnapshot): Configuration {
  const inOrder = [...snapshot._nodes].sort((a, b) => a.order - b.order);
  return {
    value: snapshot.value as Value,
    states: inOrder.filter((state) => state.parent !== undefined).map((state) => state.path.join('.')),
    tags: [...new Set(inOrder.flatMap((state) => state.tags as string[]))],
    done: snapshot.status === 'done',
  };
}
