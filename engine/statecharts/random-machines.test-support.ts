/**
 * Random machines within the subset of lower.ts, that shrink: a machine is drawn as a tree of plain specifications whose
 * targets, guards and actions are numbers, resolved modulo what there is, so that every smaller tree is a machine too.
 * For tests only.
 */

import fc from 'fast-check';
import { type AnyStateMachine, and, createMachine, not, or, raise, stateIn } from 'xstate';

interface TransitionSpec {
  readonly event: number;
  readonly guard: number;
  readonly target: TargetSpec;
  readonly reenter: boolean;
  readonly actions: readonly number[];
}

interface TargetSpec {
  readonly style: 'none' | 'id' | 'relative' | 'child' | 'two regions';
  readonly state: number;
}

interface StateSpec {
  readonly type: 'atomic' | 'final' | 'compound' | 'parallel';
  readonly children: readonly StateSpec[];
  readonly initial: number;
  readonly initialActions: readonly number[];
  readonly entry: readonly number[];
  readonly exit: readonly number[];
  readonly on: readonly TransitionSpec[];
  readonly always: readonly TransitionSpec[];
  readonly after: readonly TransitionSpec[];
  readonly onDone: readonly TransitionSpec[];
  readonly isTagged: boolean;
}

const EVENTS = ['a', 'b.c', 'd', '*', 'b.*', 'b.c.*', 'b.c.e', 'a'] as const;
const DELAYS = ['soon', 'later'] as const;
const GUARDS = ['g0', 'g1', 'g2'] as const;
const ACTIONS = ['do0', 'do1', 'do2', 'do3', 'do4'] as const;

/** The most microsteps of a macrostep, far above what these machines need, so that it tells an endless one. */
export const MICROSTEPS = 40;

// Drawing

const often = <T>(weight: number, usual: fc.Arbitrary<T>, unusual: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: unusual, weight: 1 });

/** Actions are numbers: the last ordinary one has params, and from here on they raise. */
const FIRST_RAISE = 7;

const actionNumbers = often(
  4,
  fc.array(fc.nat(6), { maxLength: 2 }),
  fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
);

const target: fc.Arbitrary<TargetSpec> = fc.record({
  style: fc.constantFrom('none', 'id', 'relative', 'child', 'id', 'relative', 'two regions'),
  state: fc.nat(63),
});

const transitionSpec: fc.Arbitrary<TransitionSpec> = fc.record({
  event: fc.nat(EVENTS.length - 1),
  guard: fc.nat(15),
  target,
  reenter: often(2, fc.constant(false), fc.constant(true)),
  actions: actionNumbers,
});

/** Mostly at least `usual`, so that machines move; but what is drawn so still shrinks to fewer. */
const several = <T>(item: fc.Arbitrary<T>, usual: number, maxLength: number) =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.array(item, { maxLength }), weight: 1 },
    { arbitrary: fc.array(item, { minLength: usual, maxLength }), weight: 4 },
  );

const few = (maxLength: number) => fc.array(transitionSpec, { maxLength });
const seldom = (weight: number) => often(weight, fc.constant<TransitionSpec[]>([]), few(2));

function stateSpec(depth: number): fc.Arbitrary<StateSpec> {
  const leaf = fc.constant<readonly StateSpec[]>([]);
  const children = depth === 0 ? leaf : several(stateSpec(depth - 1), 2, 3);
  const common = {
    initial: fc.nat(7),
    initialActions: often(3, fc.constant<number[]>([]), actionNumbers),
    entry: actionNumbers,
    exit: actionNumbers,
    on: several(transitionSpec, 2, 4),
    always: seldom(4),
    after: seldom(3),
    onDone: seldom(1),
    isTagged: fc.boolean(),
  };
  const of = (type: StateSpec['type'], within: fc.Arbitrary<readonly StateSpec[]>) =>
    fc.record({ type: fc.constant(type), children: within, ...common }).map(withoutEmptyHierarchy);
  const leaves = [
    { arbitrary: of('atomic', leaf), weight: 5 },
    { arbitrary: of('final', leaf), weight: 1 },
  ];
  if (depth === 0) return fc.oneof(...leaves);
  return fc.oneof(
    ...leaves,
    { arbitrary: of('compound', children), weight: 4 },
    { arbitrary: of('parallel', children), weight: 2 },
  );
}

/** A machine of up to four levels below its root. */
const deepSpec: fc.Arbitrary<StateSpec> = fc
  .tuple(stateSpec(0), several(stateSpec(3), 3, 4), fc.nat(4))
  .map(
    ([root, children, shape]): StateSpec => ({
      ...root,
      type: shape === 0 ? 'parallel' : 'compound',
      children,
    }),
  )
  .map(withoutEmptyHierarchy);

const BARE: StateSpec = {
  type: 'atomic',
  children: [],
  initial: 0,
  initialActions: [],
  entry: [],
  exit: [],
  on: [],
  always: [],
  after: [],
  onDone: [],
  isTagged: false,
};

/** Regions that take `always` and events together, whose order XState makes depend on what was entered when. */
const regionsSpec: fc.Arbitrary<StateSpec> = fc
  .array(
    fc
      .tuple(
        fc.array(fc.tuple(several(transitionSpec, 1, 2), several(transitionSpec, 1, 2)), {
          minLength: 1,
          maxLength: 2,
        }),
        few(2),
      )
      .map(
        ([states, on]): StateSpec => ({
          ...BARE,
          type: 'compound',
          on,
          children: states.map(([onInState, always]) => ({
            ...BARE,
            on: onInState,
            always: always.map(staying),
          })),
        }),
      ),
    { minLength: 1, maxLength: 3 },
  )
  .map((children) => ({ ...BARE, type: 'parallel', children }));

/** Without a target, and with an action to be seen by. */
const staying = (transition: TransitionSpec): TransitionSpec => ({
  ...transition,
  target: { style: 'none', state: 0 },
  actions: [transition.event, ...transition.actions],
});

/** The root of a machine. */
export const rootSpec: fc.Arbitrary<StateSpec> = fc.oneof(
  { arbitrary: deepSpec, weight: 5 },
  { arbitrary: regionsSpec, weight: 1 },
);

function withoutEmptyHierarchy(spec: StateSpec): StateSpec {
  const isEmpty = spec.children.length === 0 && spec.type !== 'final';
  return isEmpty ? { ...spec, type: 'atomic' } : spec;
}

// Building

interface Place {
  readonly spec: StateSpec;
  readonly path: readonly string[];
  readonly parent: Place | undefined;
  readonly children: Place[];
}

const keyOf = (index: number) => `s${index}`;

/** The machine that a specification stands for. Names are implemented by functions that do nothing. */
export function machineOf(root: StateSpec): AnyStateMachine {
  const places: Place[] = [];
  const place = (spec: StateSpec, path: readonly string[], parent: Place | undefined): Place => {
    const here: Place = { spec, path, parent, children: [] };
    places.push(here);
    for (const [index, child] of spec.children.entries()) {
      here.children.push(place(child, [...path, keyOf(index)], here));
    }
    return here;
  };
  const top = place(root, [], undefined);
  const config = { ...configOf(top, places), id: 'm', options: { maxIterations: MICROSTEPS } };
  return createMachine(
    config as never,
    {
      guards: {
        ...named(GUARDS, () => true),
        both: and(['g0', 'g1']),
        'not both': not(and(['g0', { type: 'g2', params: { over: 1 } }])),
      },
      actions: { ...named(ACTIONS, () => {}), 'raise d': raise({ type: 'd' }) },
      delays: named(DELAYS, () => 1),
    } as never,
  ) as unknown as AnyStateMachine;
}

function named<T>(names: readonly string[], value: T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value]));
}

function configOf(here: Place, places: readonly Place[]): Record<string, unknown> {
  const { spec, children } = here;
  const mayRaise = spec.initial === 7;
  const config: Record<string, unknown> = {
    entry: actionsOf(spec.entry, mayRaise),
    exit: actionsOf(spec.exit, mayRaise),
  };
  if (spec.type === 'parallel' || spec.type === 'final') config.type = spec.type;
  if (spec.isTagged) config.tags = [`t${spec.initial}`];
  if (children.length > 0) {
    config.states = Object.fromEntries(
      children.map((child) => [child.path.at(-1)!, configOf(child, places)]),
    );
    config.onDone = spec.onDone.map((transition) => forwardOf(transition, here, places));
  }
  if (spec.type === 'compound') {
    const initial = keyOf(spec.initial % children.length);
    config.initial =
      spec.initialActions.length === 0
        ? initial
        : { target: initial, actions: actionsOf(spec.initialActions, mayRaise) };
  }
  if (spec.type !== 'final') {
    config.on = grouped(spec.on, ({ event }) => EVENTS[event % EVENTS.length]!, here, places);
    config.after = grouped(spec.after, ({ event }) => DELAYS[event % DELAYS.length]!, here, places);
    config.always = spec.always.map((transition) => forwardOf(transition, here, places));
  }
  return config;
}

function grouped(
  transitions: readonly TransitionSpec[],
  keyOfTransition: (transition: TransitionSpec) => string,
  here: Place,
  places: readonly Place[],
): Record<string, unknown[]> {
  const groups: Record<string, unknown[]> = {};
  for (const transition of transitions) {
    (groups[keyOfTransition(transition)] ??= []).push(transitionOf(transition, here, places));
  }
  return groups;
}

function transitionOf(spec: TransitionSpec, here: Place, places: readonly Place[]): Record<string, unknown> {
  // Nobody raises an 'a', so that what an 'a' raises comes to an end.
  const mayRaise = isReckless(spec) || EVENTS[spec.event] === 'a';
  const transition: Record<string, unknown> = { actions: actionsOf(spec.actions, mayRaise) };
  const guard = guardOf(spec.guard, places);
  if (guard !== undefined) transition.guard = guard;
  if (spec.reenter) transition.reenter = true;
  const found = targetOf(spec.target, here, places);
  if (found !== undefined) transition.target = found;
  return transition;
}

/** Whether a transition may well be part of a macrostep without end: mostly it should not. */
const isReckless = ({ target }: TransitionSpec) => target.state % 8 === 7;

/** Mostly forward in document order, since `always` and `onDone` that lead back are mostly an endless chart. */
function forwardOf(spec: TransitionSpec, here: Place, places: readonly Place[]): Record<string, unknown> {
  const after = places.slice(places.indexOf(here) + 1).filter((place) => !isWithin(place, here));
  const transition = transitionOf(spec, here, places);
  if (!isReckless(spec)) {
    if (spec.target.style === 'none') delete transition.target;
    else if (after.length > 0) transition.target = idOf(after[spec.target.state % after.length]!);
    else delete transition.target;
    transition.actions = actionsOf(spec.actions, false);
  }
  return transition;
}

function targetOf(
  { style, state }: TargetSpec,
  here: Place,
  places: readonly Place[],
): string | string[] | undefined {
  const { parent, children } = here;
  const anywhere = places[state % places.length]!;
  switch (style) {
    case 'none':
      return undefined;
    case 'id':
      return idOf(anywhere);
    case 'relative': {
      // A sibling, self included, or a state below it.
      if (parent === undefined) return idOf(anywhere);
      const below = places.filter((place) => isWithin(place, parent));
      return below[state % below.length]!.path.slice(parent.path.length).join('.');
    }
    case 'child': {
      const below = places.filter((place) => isWithin(place, here));
      if (children.length === 0) return undefined;
      return `.${below[state % below.length]!.path.slice(here.path.length).join('.')}`;
    }
    case 'two regions': {
      const parallels = places.filter((place) => place.spec.type === 'parallel' && place.children.length > 1);
      const parallel = parallels[state % Math.max(1, parallels.length)];
      if (parallel === undefined) return idOf(anywhere);
      return parallel.children.slice(0, 2).map((region) => {
        const inside = [region, ...places.filter((place) => isWithin(place, region))];
        return idOf(inside[state % inside.length]!);
      });
    }
  }
}

/** Strictly below. */
function isWithin(place: Place, ancestor: Place): boolean {
  return place.parent !== undefined && (place.parent === ancestor || isWithin(place.parent, ancestor));
}

const idOf = ({ path }: Place): string => (path.length === 0 ? '#m' : `#m.${path.join('.')}`);

function guardOf(number: number, places: readonly Place[]): unknown {
  switch (number) {
    case 8:
      return { type: 'g0', params: { over: 2 } };
    case 9:
      return 'both';
    case 10:
      return 'not both';
    case 11:
      return or(['g1', not('g2')]);
    case 12:
      return stateIn(idOf(places.at(-1)!));
    default:
      return number < 8 ? undefined : GUARDS[number % GUARDS.length];
  }
}

function actionsOf(numbers: readonly number[], mayRaise: boolean): unknown[] {
  return numbers.map((number) => {
    switch (mayRaise ? number : number % FIRST_RAISE) {
      case 6:
        return { type: 'do0', params: { by: 2 } };
      case 7:
        return 'raise d';
      case 8:
        return raise({ type: 'b.c' });
      case 9:
        return raise({ type: 'unheard', payload: 1 } as never);
      default:
        return ACTIONS[number % ACTIONS.length]!;
    }
  });
}
