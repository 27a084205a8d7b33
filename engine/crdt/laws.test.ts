/** The laws of every type, on states that random replicas reach: joins, deltas, and what a bad network may do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { copyPlain, plainKey } from '../kernel/plain.ts';
import { isOperation, replicas, type Step, type Subject, step, subjects } from './subjects.test-support.ts';

/** What a run left: the deltas in the order they were made, the last states, and some on the way. */
interface Played {
  readonly deltas: readonly unknown[];
  readonly last: readonly unknown[];
  readonly met: readonly unknown[];
}

/** Replicas that operate, and at times pull the whole state of another. */
function play({ empty, join, act }: Subject<unknown>, steps: readonly Step[]): Played {
  const states = new Map<string, unknown>(replicas.map((replica) => [replica, empty]));
  const deltas: unknown[] = [];
  const met: unknown[] = [empty];
  for (const each of steps) {
    const before = states.get(each.replica)!;
    const delta = isOperation(each) ? act(before, each) : states.get(each.other)!;
    if (delta === null) continue;
    if (isOperation(each)) deltas.push(delta);
    const after = join(before, delta);
    states.set(each.replica, after);
    met.push(delta, after);
  }
  return { deltas, last: [...states.values()], met };
}

const joinAll = ({ empty, join }: Subject<unknown>, states: readonly unknown[]): unknown =>
  states.reduce((all, each) => join(all, each), empty);

const steps = fc.array(step, { minLength: 1, maxLength: 25 });
const numRuns = runsOf({ full: 300, reduced: 50 });

describe.each(subjects)('$name', (subject) => {
  const { join } = subject;

  test('join is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), (run, picks) => {
        const { met } = play(subject, run);
        const [one, other, third] = picks.map((pick) => met[pick % met.length]!) as [
          unknown,
          unknown,
          unknown,
        ];
        const joined = join(one, other);
        expect(join(other, one)).toEqual(joined);
        expect(join(joined, third)).toEqual(join(one, join(other, third)));
        expect(join(one, one)).toEqual(one);
        // An upper bound of both: nothing is gained by joining either again.
        for (const each of [one, other]) expect(join(joined, each)).toEqual(joined);
      }),
      { numRuns: 4 * numRuns },
    );
  });

  test('a change only moves up: the old state adds nothing to the new one', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const { met } = play(subject, run);
        for (let at = 1; at < met.length; at += 2) {
          const [delta, after] = [met[at], met[at + 1]];
          expect(join(after, delta)).toEqual(after);
        }
      }),
      { numRuns },
    );
  });

  test('the deltas, in any order and some of them twice, give what the whole states give', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (run, chance) => {
        const { deltas, last } = play(subject, run);
        const together = joinAll(subject, last);
        const doubled = [...deltas, ...deltas.filter((_, index) => index % 3 === 0)];
        const shuffled = doubled
          .map((delta) => ({ delta, place: chance.next().value as number }))
          .sort((one, other) => one.place - other.place)
          .map(({ delta }) => delta);
        expect(joinAll(subject, shuffled)).toEqual(together);
        // And in groups: a delta of deltas.
        const middle = Math.floor(shuffled.length / 2);
        const groups = [shuffled.slice(0, middle), shuffled.slice(middle)];
        expect(
          joinAll(
            subject,
            groups.map((group) => joinAll(subject, group)),
          ),
        ).toEqual(together);
        expect(subject.read(joinAll(subject, shuffled))).toEqual(subject.read(together));
      }),
      { numRuns },
    );
  });

  test('replicas that send only deltas converge, though the network loses, doubles and reorders them', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(99)), (run, chance) => {
        const { empty, act } = subject;
        const states = new Map<string, unknown>(replicas.map((replica) => [replica, empty]));
        const underWay: { readonly to: string; readonly delta: unknown }[] = [];
        const next = () => chance.next().value as number;
        for (const each of run) {
          if (isOperation(each)) {
            const before = states.get(each.replica)!;
            const delta = act(before, each);
            if (delta === null) continue;
            states.set(each.replica, join(before, delta));
            for (const to of replicas) if (to !== each.replica) underWay.push({ to, delta });
          } else if (underWay.length > 0) {
            const at = next() % underWay.length;
            const { to, delta } = underWay[at]!;
            const fate = next();
            if (fate >= 25) states.set(to, join(states.get(to)!, delta));
            if (fate < 75) underWay.splice(at, 1);
          }
        }
        // What was lost is made good by whole states, round after round, until nobody learns anything.
        for (const receiver of [...replicas, ...replicas])
          for (const sender of replicas)
            states.set(receiver, join(states.get(receiver)!, states.get(sender)!));
        const [first, ...others] = [...states.values()].map(plainKey);
        for (const other of others) expect(other).toBe(first);
      }),
      { numRuns },
    );
  });

  test('states are plain data: copied and hashed, and no operation changes what it was given', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const { met } = play(subject, run);
        const keys = met.map(plainKey);
        for (const state of met) expect(copyPlain(state)).toEqual(state);
        for (const state of met) join(met[0], state);
        expect(met.map(plainKey)).toEqual(keys);
      }),
      { numRuns: Math.ceil(numRuns / 3) },
    );
  });
});

// Types that break a law: the checks above must notice.

const isLawful = (subject: Subject<unknown>): boolean => {
  const { join } = subject;
  const holds = fc.check(
    fc.property(steps, (run) => {
      const { met, deltas, last } = play(subject, run);
      for (const one of met)
        for (const other of met.slice(-6)) {
          const joined = plainKey(join(one, other));
          if (joined !== plainKey(join(other, one)) || joined !== plainKey(join(join(one, other), other)))
            return false;
        }
      return plainKey(joinAll(subject, deltas)) === plainKey(joinAll(subject, last));
    }),
    { numRuns: 40 },
  );
  return !holds.failed;
};

test('the laws hold for all of these, by the same short check', () => {
  expect(subjects.filter((subject) => !isLawful(subject))).toEqual([]);
});

test('a counter that adds where it should join is no CRDT', () => {
  const adding: Subject<number> = {
    name: 'one number, joined by addition',
    empty: 0,
    join: (one, other) => one + other,
    act: (_, { amount }) => amount,
    read: (state) => state,
  };
  expect(isLawful(adding as Subject<unknown>)).toBe(false);
});

test('last writer wins without a tie-break is no CRDT', () => {
  const untied: Subject<readonly [number, unknown]> = {
    name: 'first come of equal timestamps',
    empty: [0, null],
    join: (one, other) => (other[0] > one[0] ? other : one),
    act: (_, { amount, element }) => [amount, element],
    read: ([, value]) => value,
  };
  expect(isLawful(untied as unknown as Subject<unknown>)).toBe(false);
});

test('one number joined by its maximum is lawful and wrong: two replicas count one each, and agree on 1', () => {
  const greatest: Subject<number> = {
    name: 'one number, joined by its maximum',
    empty: 0,
    join: Math.max,
    act: (state, { amount }) => state + amount,
    read: (state) => state,
  };
  expect(isLawful(greatest as Subject<unknown>)).toBe(true);
  const increment = (state: number) => state + 1;
  expect(greatest.join(increment(greatest.empty), increment(greatest.empty))).toBe(1);
});

test('a set that joins elements but not what it knows brings removed ones back', () => {
  const set = subjects.find(({ name }) => name === 'OR-Set, add wins')! as Subject<{
    store: unknown;
    context: unknown;
  }>;
  const forgetful: Subject<{ store: unknown; context: unknown }> = {
    ...set,
    join: (one, other) => ({ ...set.join(one, other), context: one.context }),
  };
  expect(isLawful(forgetful as Subject<unknown>)).toBe(false);
});
