/** What a chart may be made of. The list for readers is at the head of lower.ts. */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { ChartError } from './chart-error.ts';

/** Throws ChartError at the first construct, in document order, that the tables cannot hold. */
export function refuseOutsideSubset(machine: AnyStateMachine): void {
  const { context } = machine.config;
  if (context !== undefined && typeof context !== 'function') {
    refuse(
      machine.root,
      'a static context',
      'Every instance would share it: write `context: ({ input }) => ({ node: input.node })`.',
    );
  }
  visit(machine.root);
}

function visit(state: AnyStateNode): void {
  const { config } = state;
  if (state.type === 'history') {
    refuse(state, 'a history state', 'Keep what to return to in the record, and guard on it.');
  }
  if (state.invoke.length > 0)
    refuse(state, '`invoke`', 'Start the work in a named entry action; its outcome is an event.');
  if (config.output !== undefined) {
    refuse(state, '`output`', 'Write the outcome to the record in a named action.');
  }
  if ('route' in config) refuse(state, '`route`', 'Write the transition under `on`.');

  for (const delay of Object.keys(config.after ?? {})) visitDelay(state, delay);
  for (const descriptor of state.transitions.keys()) visitDescriptor(state, descriptor);
  for (const action of list(config.entry)) visitAction(state, action);
  for (const action of list(config.exit)) visitAction(state, action);
  for (const action of state.initial?.actions ?? []) visitAction(state, action);
  for (const transition of [...[...state.transitions.values()].flat(), ...(state.always ?? [])]) {
    if (transition.guard !== undefined) visitGuard(state, transition.guard);
    for (const action of transition.actions) visitAction(state, action);
    for (const target of transition.target ?? []) {
      if (target.type === 'history') visit(target);
    }
  }
  for (const child of Object.values(state.states)) visit(child);
}

function visitDelay(state: AnyStateNode, delay: string): void {
  if (!Number.isNaN(Number(delay))) {
    refuse(state, `\`after: { ${delay}: ... }\``, 'Name the delay in setup({ delays }), in µs.');
  }
  const found = state.machine.implementations.delays?.[delay];
  if (typeof found !== 'function' && typeof found !== 'number') {
    refuse(state, `the delay '${delay}' without an implementation`, 'Add it to setup({ delays }), in µs.');
  }
}

function visitDescriptor(state: AnyStateNode, descriptor: string): void {
  const star = descriptor.indexOf('*');
  const isWildcard = descriptor === '*' || (descriptor.endsWith('.*') && star === descriptor.length - 1);
  if (star >= 0 && !isWildcard) {
    refuse(
      state,
      `the event descriptor '${descriptor}'`,
      "A star stands alone, '*', or for the last token, 'ack.*'.",
    );
  }
  const isOwn = descriptor.startsWith('xstate.done.state.') || descriptor.startsWith('xstate.after.');
  if (descriptor.startsWith('xstate.') && !isOwn) {
    refuse(
      state,
      `the event '${descriptor}'`,
      'Events named xstate.* belong to XState: choose another name.',
    );
  }
}

/** A built-in action or guard carries what it does as properties of a function. */
interface BuiltIn {
  readonly type?: string;
  readonly resolve?: unknown;
  readonly event?: unknown;
  readonly delay?: unknown;
  readonly check?: unknown;
  readonly guards?: readonly unknown[];
}

function visitAction(state: AnyStateNode, action: unknown): void {
  if (typeof action === 'function') {
    visitActionFunction(state, action as BuiltIn, `an inline ${nameOf(action)}`);
    return;
  }
  const { name, params } = referenceOf(action);
  refuseComputedParams(state, `the action '${name}'`, params);
  const found: unknown = state.machine.implementations.actions?.[name];
  if (typeof found !== 'function') {
    refuse(state, `the action '${name}' without an implementation`, 'Add it to setup({ actions }).');
  }
  if (name.startsWith('xstate.')) {
    refuse(state, `the action name '${name}'`, 'Names xstate.* belong to XState.');
  }
  if ('resolve' in found) visitActionFunction(state, found, `the action '${name}', a ${nameOf(found)}`);
}

const INSTEAD_OF: Readonly<Record<string, string>> = {
  'xstate.assign': 'Write to the record behind the context in a named action.',
  'xstate.cancel': 'Leave the state: its exit cancels its timers.',
  'xstate.enqueueActions': 'Write one guarded transition for each case.',
};

function visitActionFunction(state: AnyStateNode, action: BuiltIn, construct: string): void {
  if (action.type === undefined) refuse(state, `${construct} as action`, 'Name it in setup({ actions }).');
  if (action.type !== 'xstate.raise') {
    refuse(state, construct, INSTEAD_OF[action.type] ?? 'Do it in a named action, through the record.');
  }
  if (action.delay !== undefined) {
    refuse(state, `${construct} with a delay`, 'Use `after` with a delay named in setup.');
  }
  if (typeof action.event === 'function') {
    refuse(state, `${construct} of a computed event`, 'Raise a fixed event object.');
  }
}

function visitGuard(state: AnyStateNode, guard: unknown, depth = 0): void {
  if (depth > 32) refuse(state, 'a guard defined by itself', 'Name the cases apart.');
  if (typeof guard === 'function') {
    const builtIn = guard as BuiltIn;
    if (!('check' in guard)) {
      refuse(state, `an inline ${nameOf(guard)} as guard`, 'Name it in setup({ guards }).');
    }
    for (const part of builtIn.guards ?? []) visitGuard(state, part, depth + 1);
    return;
  }
  const { name, params } = referenceOf(guard);
  refuseComputedParams(state, `the guard '${name}'`, params);
  const found: unknown = state.machine.implementations.guards?.[name];
  if (found === undefined) {
    refuse(state, `the guard '${name}' without an implementation`, 'Add it to setup({ guards }).');
  }
  if (typeof found !== 'function' || 'check' in found) visitGuard(state, found, depth + 1);
}

function refuseComputedParams(state: AnyStateNode, construct: string, params: unknown): void {
  if (params === undefined) return;
  const isFixed = typeof params !== 'function' && JSON.stringify(params) !== undefined;
  if (!isFixed) refuse(state, `computed params of ${construct}`, 'Give a fixed value, or read the record.');
}

function referenceOf(reference: unknown): { name: string; params: unknown } {
  if (typeof reference === 'string') return { name: reference, params: undefined };
  const { type, params } = reference as { type: string; params?: unknown };
  return { name: type, params };
}

function nameOf(found: { readonly name?: string; readonly type?: string }): string {
  return found.type?.replace('xstate.', '`').concat('`') ?? 'function';
}

function list(actions: unknown): readonly unknown[] {
  if (actions === undefined) return [];
  return Array.isArray(actions) ? actions : [actions];
}

function refuse(state: AnyStateNode, construct: string, hint: string): never {
  throw new ChartError({ machine: state.machine.id, state: state.path.join('.'), construct, hint });
}
