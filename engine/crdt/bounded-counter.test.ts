/** The bound, whatever replicas do without asking each other; and what becomes of it without rights. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import * as boundedCounter from './bounded-counter.ts';
import * as pnCounter from './pn-counter.ts';
import { isOperation, replicas, type Step, step } from './subjects.test-support.ts';

type State = boundedCounter.BoundedCounter;

/** Replicas that take only whole states from each other; what all of them know together after each step. */
function play(steps: readonly Step[], act: (state: State, step: Step) => State | null): State[] {
  const states = new Map<string, State>(replicas.map((replica) => [replica, boundedCounter.empty]));
  return steps.map((each) => {
    const before = states.get(each.replica)!;
    const change = isOperation(each) ? act(before, each) : states.get(each.other)!;
    if (change !== null) states.set(each.replica, boundedCounter.join(before, change));
    return [...states.values()].reduce(boundedCounter.join);
  });
}

const act = (state: State, { choice, replica, other, amount }: Step): State | null => {
  if (choice % 3 === 0) return boundedCounter.increment(state, replica, amount);
  if (choice % 3 === 1) return boundedCounter.decrement(state, replica, amount);
  return boundedCounter.transfer(state, replica, other, amount);
};

const steps = fc.array(step, { minLength: 1, maxLength: 40 });

test('never below 0, and every unit is somebody’s right', () => {
  fc.assert(
    fc.property(steps, (run) => {
      for (const all of play(run, act)) {
        const rights = replicas.map((replica) => boundedCounter.rightsOf(all, replica));
        expect(Math.min(...rights)).toBeGreaterThanOrEqual(0);
        expect(rights.reduce((sum, each) => sum + each, 0)).toBe(boundedCounter.read(all));
      }
    }),
    { numRuns: runsOf({ full: 5000, reduced: 300 }) },
  );
});

test('a counter that looks at its value instead of its rights goes below 0', () => {
  const careless = (state: State, each: Step): State | null => {
    const { choice, replica, amount } = each;
    if (choice % 3 !== 1) return act(state, each);
    if (amount > boundedCounter.read(state)) return null;
    return { ...boundedCounter.empty, counter: pnCounter.decrement(state.counter, replica, amount) };
  };
  const holds = fc.check(
    fc.property(steps, (run) => play(run, careless).every((all) => boundedCounter.read(all) >= 0)),
    { numRuns: 2000 },
  );
  expect(holds.failed).toBe(true);
});

test('asking for rights in time lets the other side sell on', () => {
  let state = boundedCounter.join(
    boundedCounter.empty,
    boundedCounter.increment(boundedCounter.empty, 'a', 10),
  );
  expect(boundedCounter.decrement(state, 'b', 4)).toBeNull();
  state = boundedCounter.join(state, boundedCounter.transfer(state, 'a', 'b', 6)!);
  state = boundedCounter.join(state, boundedCounter.decrement(state, 'b', 4)!);
  expect(boundedCounter.read(state)).toBe(6);
  expect(['a', 'b'].map((replica) => boundedCounter.rightsOf(state, replica))).toEqual([4, 2]);
});
