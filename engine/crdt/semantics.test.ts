/**
 * What each type shows, against a definition that knows every event and who had seen which: the partial order itself as the
 * oracle. Replicas exchange whole states here, so that whoever has seen an event has seen those before it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { type Atom, compareAtoms } from './sorted.ts';
import {
  isOperation,
  type MapStep,
  mapStepOf,
  replicas,
  type Step,
  step,
  subjects,
} from './subjects.test-support.ts';

interface Event extends Step {
  /** Events that its replica had seen, itself not among them. */
  readonly seen: ReadonlySet<Event>;
}

type Definition = (events: readonly Event[]) => unknown;

/** Those that no other of the events both saw and, by the rule, replaces. */
function surviving(events: readonly Event[], replaces: (later: Event, earlier: Event) => boolean): Event[] {
  return events.filter((event) => !events.some((later) => later.seen.has(event) && replaces(later, event)));
}

const elements: readonly Atom[] = [0, 1, '1', 'milk'];
const inOrder = (atoms: Iterable<Atom>): Atom[] => [...new Set(atoms)].sort(compareAtoms);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const isEven = ({ choice }: Event): boolean => choice % 2 === 0;

/** Sets by what they do with an element's additions and removals that nobody has replaced. */
const setOf =
  (isIn: (additions: number, removals: number) => boolean): Definition =>
  (events) =>
    elements.filter((element) => {
      const about = events.filter((event) => event.choice === 0 || event.element === element);
      const left = surviving(about, () => true).filter(({ choice }) => choice !== 0);
      const removals = left.filter(isEven).length;
      return isIn(left.length - removals, removals);
    });

/** What a map's event says: which cell it fills, and which cells it empties. */
function cellsOf(action: MapStep): {
  readonly fills: string | null;
  readonly empties: (cell: string) => boolean;
} {
  switch (action.type) {
    case 'add':
    case 'remove': {
      const cell = `${action.key} ${JSON.stringify(action.element)}`;
      return { fills: action.type === 'add' ? cell : null, empties: (other) => other === cell };
    }
    case 'write': {
      const register = `nested ${action.key} `;
      return { fills: `${register}${action.value}`, empties: (other) => other.startsWith(register) };
    }
    case 'remove-key':
      return { fills: null, empties: (other) => other.startsWith(`${action.key} `) };
    case 'remove-nested-key':
      return { fills: null, empties: (other) => other.startsWith(`nested ${action.key} `) };
    case 'clear':
      return { fills: null, empties: () => true };
  }
}

const definitions: Readonly<Record<string, Definition>> = {
  'G-Counter': (events) => sum(events.map(({ amount }) => amount)),
  'PN-Counter': (events) => sum(events.map((event) => (isEven(event) ? event.amount : -event.amount))),
  'causal counter': (events) => {
    const isReset = ({ choice }: Event) => choice % 4 === 0;
    const isGone = (event: Event, among: Iterable<Event>) =>
      [...among].some((later) => isReset(later) && later.seen.has(event));
    const lastOf = (replica: string, among: Iterable<Event>) =>
      [...among].findLast((event) => event.replica === replica && !isReset(event));
    const sumUpTo = (event: Event): number => {
      const before = lastOf(event.replica, event.seen);
      const carried = before === undefined || isGone(before, event.seen) ? 0 : sumUpTo(before);
      return carried + event.amount - 2;
    };
    return sum(
      replicas.map((replica) => {
        const last = lastOf(replica, events);
        return last === undefined || isGone(last, events) ? 0 : sumUpTo(last);
      }),
    );
  },
  'reset-wins counter': (events) => {
    const kindOf = ({ choice }: Event) => choice % 5;
    const isReset = (event: Event) => kindOf(event) === 0;
    /** The event that began the dot another one counts under. */
    const beginningOf = (event: Event): Event => {
      const before = [...event.seen].findLast((other) => other.replica === event.replica && !isReset(other));
      if (before === undefined || kindOf(event) === 1) return event;
      const beginning = beginningOf(before);
      const isGone = [...event.seen].some((other) => isReset(other) && other.seen.has(beginning));
      return isGone ? event : beginning;
    };
    const resets = events.filter(isReset);
    return sum(
      events
        .filter((event) => kindOf(event) > 1)
        .filter((event) => !resets.some(({ seen }) => seen.has(beginningOf(event))))
        .map((event) => (kindOf(event) === 2 ? -event.amount : event.amount)),
    );
  },
  'lexicographic counter': (events) => sum(events.map(({ amount }) => amount - 2)),
  'G-Set': (events) => inOrder(events.map(({ element }) => element)),
  '2P-Set': (events) => {
    const removed = new Set(events.filter(({ choice }) => choice % 3 === 0).map(({ element }) => element));
    return inOrder(events.map(({ element }) => element).filter((element) => !removed.has(element)));
  },
  'PN-Set': (events) =>
    elements.filter((element) => {
      const about = events.filter((event) => event.element === element);
      return sum(about.map((event) => (isEven(event) ? 1 : -1))) > 0;
    }),
  'OR-Set, add wins': setOf((additions) => additions > 0),
  'OR-Set, remove wins': setOf((additions, removals) => additions > 0 && removals === 0),
  'LWW-element-set': (events) =>
    elements.filter((element) => {
      const about = events.filter((event) => event.element === element);
      const newest = Math.max(...about.map(({ amount }) => amount));
      return about.length > 0 && about.every((event) => event.amount < newest || isEven(event));
    }),
  'LWW-Register': (events) =>
    events.toSorted(
      (one, other) =>
        other.amount - one.amount ||
        compareAtoms(other.replica, one.replica) ||
        compareAtoms(JSON.stringify(other.element), JSON.stringify(one.element)),
    )[0]?.element,
  'MV-Register': (events) =>
    inOrder(
      surviving(events, () => true)
        .filter(({ choice }) => choice >= 5)
        .map(({ element }) => element),
    ),
  flag: (events) => surviving(events, () => true).some((event) => !isEven(event)),
  map: (events) => {
    const filled = events.flatMap((event) => {
      const { fills } = cellsOf(mapStepOf(event));
      if (fills === null) return [];
      const isEmptied = events.some(
        (later) => later.seen.has(event) && cellsOf(mapStepOf(later)).empties(fills),
      );
      return isEmptied ? [] : [fills];
    });
    return [...new Set(filled)].sort();
  },
};

/** A register's values come in the order of their events; a set is compared. */
const shown = (name: string, value: unknown): unknown =>
  name === 'MV-Register' ? inOrder(value as Atom[]) : value;

test('every type has a definition, but for those with an oracle of their own', () => {
  const others = ['bounded counter', 'sequence'];
  expect(subjects.map(({ name }) => name).filter((name) => !others.includes(name))).toEqual(
    expect.arrayContaining(Object.keys(definitions)),
  );
  expect(subjects).toHaveLength(Object.keys(definitions).length + others.length);
});

test.each(Object.keys(definitions))('%s shows what the partial order of its events says', (name) => {
  const subject = subjects.find((each) => each.name === name)!;
  const { empty, join, act, read } = subject;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const states = new Map<string, unknown>(replicas.map((replica) => [replica, empty]));
      const seen = new Map<string, Set<Event>>(replicas.map((replica) => [replica, new Set()]));
      for (const each of steps) {
        const { replica, other } = each;
        const events = seen.get(replica)!;
        if (isOperation(each)) {
          states.set(replica, join(states.get(replica)!, act(states.get(replica)!, each)!));
          events.add({ ...each, seen: new Set(events) });
        } else {
          states.set(replica, join(states.get(replica)!, states.get(other)!));
          // In the order of the steps, in which no event comes before one that it has seen.
          const all = new Set([...events, ...seen.get(other)!]);
          seen.set(replica, new Set([...all].sort((one, two) => one.seen.size - two.seen.size)));
        }
      }
      for (const replica of replicas)
        expect(shown(name, read(states.get(replica)!))).toEqual(definitions[name]!([...seen.get(replica)!]));
    }),
    { numRuns: runsOf({ full: 2500, reduced: 250 }) },
  );
});
