/** Every type with random operations on it, so that the laws are written once. */
import fc from 'fast-check';
import * as addWinsSet from './add-wins-set.ts';
import * as boundedCounter from './bounded-counter.ts';
import * as causalCounter from './causal-counter.ts';
import * as flag from './flag.ts';
import * as gCounter from './g-counter.ts';
import * as gSet from './g-set.ts';
import * as lexicographicCounter from './lexicographic-counter.ts';
import * as lwwElementSet from './lww-element-set.ts';
import * as lwwRegister from './lww-register.ts';
import * as multiValueRegister from './multi-value-register.ts';
import * as orMap from './or-map.ts';
import * as pnCounter from './pn-counter.ts';
import * as pnSet from './pn-set.ts';
import * as removeWinsSet from './remove-wins-set.ts';
import * as resetWinsCounter from './reset-wins-counter.ts';
import * as sequence from './sequence.ts';
import * as twoPhaseSet from './two-phase-set.ts';

/** What a replica does next; a subject reads from it what it needs. */
export interface Step {
  readonly replica: string;
  /** Below 60 an operation, and which one; from there on an exchange. */
  readonly choice: number;
  /** With whom it exchanges, or to whom it hands over. */
  readonly other: string;
  readonly element: number | string;
  readonly amount: number;
}

export const replicas = ['a', 'b', 'c'] as const;

export const step: fc.Arbitrary<Step> = fc.record({
  replica: fc.constantFrom(...replicas),
  choice: fc.nat(99),
  other: fc.constantFrom(...replicas),
  element: fc.constantFrom(0, 1, '1', 'milk'),
  amount: fc.integer({ min: 1, max: 4 }),
});

export const isOperation = ({ choice }: Step): boolean => choice < 60;
/** Which of so many operations a step is. */
const among = ({ choice }: Step, operations: number): number => choice % operations;

export interface Subject<State> {
  readonly name: string;
  readonly empty: State;
  join(one: State, other: State): State;
  /** The delta of a step's operation; null where the type refuses it. */
  act(state: State, step: Step): State | null;
  read(state: State): unknown;
}

/** One list of types that differ: what a subject makes, it is given back. */
const subject = <State>(each: Subject<State>): Subject<unknown> => each as unknown as Subject<unknown>;

/** Keys 0 and 1 hold sets; `nested` holds a map whose keys 0 and 1 hold registers. */
export type MapStep =
  | { readonly type: 'add' | 'remove'; readonly key: number; readonly element: Step['element'] }
  | { readonly type: 'write'; readonly key: number; readonly value: number }
  | { readonly type: 'remove-key'; readonly key: number | 'nested' }
  | { readonly type: 'remove-nested-key'; readonly key: number }
  | { readonly type: 'clear' };

export function mapStepOf({ choice, amount, element }: Step): MapStep {
  const key = amount % 2;
  if (choice < 20) return { type: 'add', key, element };
  if (choice < 30) return { type: 'remove', key, element };
  if (choice < 45) return { type: 'write', key, value: amount };
  if (choice < 50) return { type: 'remove-key', key };
  if (choice < 54) return { type: 'remove-key', key: 'nested' };
  return choice < 58 ? { type: 'remove-nested-key', key } : { type: 'clear' };
}

function actOnMap(map: orMap.OrMap, step: Step): orMap.OrMap {
  const { replica } = step;
  const action = mapStepOf(step);
  switch (action.type) {
    case 'add':
      return orMap.update(map, action.key, addWinsSet.empty, (set) =>
        addWinsSet.add(set, replica, action.element),
      );
    case 'remove':
      return orMap.update(map, action.key, addWinsSet.empty, (set) => addWinsSet.remove(set, action.element));
    case 'write':
      return orMap.update(map, 'nested', orMap.empty, (inner) =>
        orMap.update(inner, action.key, multiValueRegister.empty, (register) =>
          multiValueRegister.write(register, replica, action.value),
        ),
      );
    case 'remove-key':
      return orMap.remove(map, action.key);
    case 'remove-nested-key':
      return orMap.update(map, 'nested', orMap.empty, (inner) => orMap.remove(inner, action.key));
    case 'clear':
      return orMap.clear(map);
  }
}

/** What a map shows, as a list of `key element` and `nested key value`. */
function readMap(map: orMap.OrMap): string[] {
  const inner = orMap.get(map, 'nested', orMap.empty);
  return [
    ...[0, 1].flatMap((key) =>
      addWinsSet
        .read(orMap.get(map, key, addWinsSet.empty))
        .map((element) => `${key} ${JSON.stringify(element)}`),
    ),
    ...[0, 1].flatMap((key) =>
      multiValueRegister
        .read(orMap.get(inner, key, multiValueRegister.empty))
        .map((value) => `nested ${key} ${value}`),
    ),
  ].sort();
}

export const subjects: readonly Subject<unknown>[] = [
  subject<gCounter.GCounter>({
    ...gCounter,
    name: 'G-Counter',
    act: (state, { replica, amount }) => gCounter.increment(state, replica, amount),
  }),
  subject<pnCounter.PnCounter>({
    ...pnCounter,
    name: 'PN-Counter',
    act: (state, step) =>
      (among(step, 2) === 0 ? pnCounter.increment : pnCounter.decrement)(state, step.replica, step.amount),
  }),
  subject<boundedCounter.BoundedCounter>({
    ...boundedCounter,
    name: 'bounded counter',
    act: (state, step) => {
      const { replica, other, amount } = step;
      if (among(step, 3) === 0) return boundedCounter.increment(state, replica, amount);
      if (among(step, 3) === 1) return boundedCounter.decrement(state, replica, amount);
      return boundedCounter.transfer(state, replica, other, amount);
    },
  }),
  subject<causalCounter.CausalCounter>({
    ...causalCounter,
    name: 'causal counter',
    act: (state, step) =>
      among(step, 4) === 0
        ? causalCounter.reset(state)
        : causalCounter.increment(state, step.replica, step.amount - 2),
  }),
  subject<resetWinsCounter.ResetWinsCounter>({
    ...resetWinsCounter,
    name: 'reset-wins counter',
    act: (state, step) => {
      const { replica, amount } = step;
      if (among(step, 5) === 0) return resetWinsCounter.reset(state);
      if (among(step, 5) === 1) return resetWinsCounter.fresh(state, replica);
      if (among(step, 5) === 2) return resetWinsCounter.decrement(state, replica, amount);
      return resetWinsCounter.increment(state, replica, amount);
    },
  }),
  subject<lexicographicCounter.LexicographicCounter>({
    ...lexicographicCounter,
    name: 'lexicographic counter',
    act: (state, { replica, amount }) => lexicographicCounter.increment(state, replica, amount - 2),
  }),
  subject<gSet.GSet>({ ...gSet, name: 'G-Set', act: (_, { element }) => gSet.add(element) }),
  subject<twoPhaseSet.TwoPhaseSet>({
    ...twoPhaseSet,
    name: '2P-Set',
    act: (state, step) =>
      among(step, 3) === 0 ? twoPhaseSet.remove(step.element) : twoPhaseSet.add(state, step.element),
  }),
  subject<pnSet.PnSet>({
    ...pnSet,
    name: 'PN-Set',
    act: (state, step) =>
      (among(step, 2) === 0 ? pnSet.add : pnSet.remove)(state, step.replica, step.element),
  }),
  subject<addWinsSet.AddWinsSet>({
    ...addWinsSet,
    name: 'OR-Set, add wins',
    act: (state, step) => {
      if (step.choice === 0) return addWinsSet.clear(state);
      if (among(step, 2) === 0) return addWinsSet.remove(state, step.element);
      return addWinsSet.add(state, step.replica, step.element);
    },
  }),
  subject<removeWinsSet.RemoveWinsSet>({
    ...removeWinsSet,
    name: 'OR-Set, remove wins',
    act: (state, step) => {
      if (step.choice === 0) return removeWinsSet.clear(state);
      return (among(step, 2) === 0 ? removeWinsSet.remove : removeWinsSet.add)(
        state,
        step.replica,
        step.element,
      );
    },
  }),
  subject<lwwElementSet.LwwElementSet>({
    ...lwwElementSet,
    name: 'LWW-element-set',
    act: (_, step) =>
      (among(step, 2) === 0 ? lwwElementSet.add : lwwElementSet.remove)(step.amount, step.element),
  }),
  subject<lwwRegister.LwwRegister<unknown>>({
    ...lwwRegister,
    name: 'LWW-Register',
    act: (_, { replica, amount, element }) => lwwRegister.write(amount, replica, element),
  }),
  subject<multiValueRegister.MultiValueRegister<unknown>>({
    ...multiValueRegister,
    name: 'MV-Register',
    act: (state, step) =>
      step.choice < 5
        ? multiValueRegister.clear(state)
        : multiValueRegister.write(state, step.replica, step.element),
  }),
  subject<flag.Flag>({
    ...flag,
    name: 'flag',
    act: (state, step) => (among(step, 2) === 0 ? flag.lower(state) : flag.raise(state, step.replica)),
  }),
  subject<orMap.OrMap>({ ...orMap, name: 'map', act: actOnMap, read: readMap }),
  subject<sequence.Sequence<unknown>>({
    ...sequence,
    name: 'sequence',
    act: (state, step) => {
      const { length } = sequence.read(state);
      if (among(step, 4) === 0)
        return length === 0 ? null : sequence.remove(state, (step.amount * 7) % length);
      return sequence.insert(state, step.replica, (step.amount * 7) % (length + 1), [step.element]);
    },
  }),
];
