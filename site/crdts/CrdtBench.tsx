import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import {
  addWinsSet,
  lwwRegister,
  metadataBytes,
  multiValueRegister,
  pnCounter,
  removeWinsSet,
  twoPhaseSet,
} from '#engine';
import { formatNumber } from '../lib/figures.ts';

type Copy = 'phone' | 'laptop';
const copies: readonly Copy[] = ['phone', 'laptop'];

/** A data type as the bench handles it: what each button changes, how two states are joined, what a state shows. */
interface Kind<State> {
  readonly name: string;
  readonly empty: State;
  readonly join: (one: State, other: State) => State;
  /** The change alone, to be joined with what the copy has. `turn` counts all changes so far: a clock that both agree on. */
  readonly actions: Readonly<Record<string, (state: State, copy: Copy, turn: number) => State>>;
  readonly read: (state: State) => readonly unknown[] | number;
  /** What to try, and what to look for. */
  readonly hint: string;
}

/** Kinds of different states in one list: whoever opens one handles its states alone. */
type AnyKind = <Result>(open: <State>(kind: Kind<State>) => Result) => Result;
const kind =
  <State,>(of: Kind<State>): AnyKind =>
  (open) =>
    open(of);

const kinds: readonly AnyKind[] = [
  kind({
    name: 'Set, additions win',
    empty: addWinsSet.empty,
    join: addWinsSet.join,
    actions: {
      'put milk in': (set, copy) => addWinsSet.add(set, copy, 'milk'),
      'take milk out': (set) => addWinsSet.remove(set, 'milk'),
    },
    read: addWinsSet.read,
    hint: 'Put milk in on both, take it out on one, then let them meet: it stays, for the other addition was never seen. Let them meet first, and it goes.',
  }),
  kind({
    name: 'Set, removals win',
    empty: removeWinsSet.empty,
    join: removeWinsSet.join,
    actions: {
      'put milk in': (set, copy) => removeWinsSet.add(set, copy, 'milk'),
      'take milk out': (set, copy) => removeWinsSet.remove(set, copy, 'milk'),
    },
    read: removeWinsSet.read,
    hint: 'The same moves: now it goes.',
  }),
  kind({
    name: '2P-Set',
    empty: twoPhaseSet.empty,
    join: twoPhaseSet.join,
    actions: {
      'put milk in': (set) => twoPhaseSet.add(set, 'milk'),
      'take milk out': () => twoPhaseSet.remove('milk'),
    },
    read: twoPhaseSet.read,
    hint: 'Take milk out once, and try to put it in again.',
  }),
  kind({
    name: 'PN-Counter',
    empty: pnCounter.empty,
    join: pnCounter.join,
    actions: {
      'plus 1': (counter, copy) => pnCounter.increment(counter, copy),
      'minus 1': (counter, copy) => pnCounter.decrement(counter, copy),
    },
    read: pnCounter.read,
    hint: 'Start at 1 everywhere, take 1 on both, and let them meet: the counter goes below zero, and no copy could have known.',
  }),
  kind({
    name: 'LWW-Register',
    empty: lwwRegister.empty as lwwRegister.LwwRegister<string>,
    join: lwwRegister.join<string>,
    actions: {
      'write Alice': (_, copy, turn) => lwwRegister.write(turn, copy, 'Alice'),
      'write Alicia': (_, copy, turn) => lwwRegister.write(turn, copy, 'Alicia'),
    },
    read: (register) => [lwwRegister.read(register)].filter((value) => value !== undefined),
    hint: 'Write on both, then let them meet: the later is kept, and of the other nothing is left.',
  }),
  kind({
    name: 'MV-Register',
    empty: multiValueRegister.empty as multiValueRegister.MultiValueRegister<string>,
    join: multiValueRegister.join<string>,
    actions: {
      'write Alice': (register, copy) => multiValueRegister.write(register, copy, 'Alice'),
      'write Alicia': (register, copy) => multiValueRegister.write(register, copy, 'Alicia'),
    },
    read: multiValueRegister.read<string>,
    hint: 'Write on both, then let them meet: both are kept. The next write has seen both, and replaces them.',
  }),
];

/** Two copies of one value, changed apart and joined when you say so: the engine's own types. */
export default function CrdtBench() {
  const chosen = useSignal(0);
  const isAwake = useSignal(false);
  const heading = useId();
  useEffect(() => {
    isAwake.value = true;
  }, [isAwake]);
  return (
    <section class="staleness crdts wide" id="crdts" aria-labelledby={heading}>
      <header>
        <p class="kicker">Change them apart</p>
        <h3 id={heading}>Will the two copies end alike, and as what?</h3>
      </header>
      {isAwake.value && (
        <p class="choice">
          <label>
            Type{' '}
            <select
              class="select"
              value={chosen.value}
              onChange={({ currentTarget }) => {
                chosen.value = Number(currentTarget.value);
              }}
            >
              {kinds.map((open, index) => open(({ name }) => <option value={index}>{name}</option>))}
            </select>
          </label>
        </p>
      )}
      {kinds[chosen.value]!((of) => (
        <Bench key={of.name} of={of} isAwake={isAwake.value} />
      ))}
    </section>
  );
}

function Bench<State>({ of, isAwake }: { of: Kind<State>; isAwake: boolean }) {
  const states = useSignal<Readonly<Record<Copy, State>>>({ phone: of.empty, laptop: of.empty });
  const turn = useSignal(0);
  const send = (from: Copy, to: Copy) => {
    const { [from]: sent, [to]: held } = states.value;
    states.value = { ...states.value, [to]: of.join(held, sent) };
  };
  return (
    <>
      <p class="hint">{of.hint}</p>
      <div class="views">
        {copies.map((copy) => {
          const state = states.value[copy];
          const value = of.read(state);
          const other = copy === 'phone' ? 'laptop' : 'phone';
          return (
            <div key={copy} data-copy={copy}>
              <h4>{copy}</h4>
              <p class="value" aria-live="polite">
                {typeof value === 'number' ? formatNumber(value) : value.join(', ') || 'nothing'}
              </p>
              <p class="hint">{formatNumber(metadataBytes(state, value))} bytes beside the value</p>
              {isAwake && (
                <p class="row">
                  {Object.entries(of.actions).map(([label, change]) => (
                    <button
                      key={label}
                      class="button small"
                      type="button"
                      onClick={() => {
                        turn.value++;
                        states.value = {
                          ...states.value,
                          [copy]: of.join(state, change(state, copy, turn.value)),
                        };
                      }}
                    >
                      {label}
                    </button>
                  ))}
                  <button class="button small" type="button" onClick={() => send(copy, other)}>
                    send to the {other}
                  </button>
                </p>
              )}
            </div>
          );
        })}
      </div>
    </>
  );
}
