import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, initialTransition, transition } from 'xstate';
import { runsOf } from '../full-size.test-support.ts';
import { valueKey } from './chart.ts';
import { ChartError, EndlessChartError } from './chart-error.ts';
import { type Comparable, comparable, compare, script } from './lowering-oracle.test-support.ts';
import { MICROSTEPS, machineOf, rootSpec } from './random-machines.test-support.ts';

/** Machines drawn. `LOWERING_RUNS=100000 npx vitest run engine/statecharts` for a long search. */
const RUNS = Number(process.env.LOWERING_RUNS ?? runsOf({ full: 1000, reduced: 500 }));
const SEED = process.env.LOWERING_SEED === undefined ? {} : { seed: Number(process.env.LOWERING_SEED) };

describe('a random machine', () => {
  test('lowered, does what XState does: same values, same actions in the same order, same status', () => {
    const met = {
      lowered: 0,
      endless: 0,
      large: 0,
      guards: 0,
      timers: 0,
      done: 0,
      parallel: 0,
      deep: 0,
      orders: 0,
    };
    fc.assert(
      fc.property(rootSpec, fc.array(script(12), { minLength: 2, maxLength: 4 }), (spec, scripts) => {
        const machine = machineOf(spec);
        let subject: Comparable;
        try {
          subject = comparable(machine, { configurations: 40, outcomes: 32, microsteps: MICROSTEPS });
        } catch (error) {
          if (!(error instanceof ChartError)) throw error;
          if (error instanceof EndlessChartError) {
            met.endless++;
            expectEndlessInXState(machine, error);
          } else {
            met.large++;
            expect(error.construct).toMatch(/^a chart of more than 40|^a step of more than 32/);
          }
          return;
        }
        const { configurations, tests, timers } = subject.charts[0]!.tables;
        met.lowered++;
        if (tests.length > 0) met.guards++;
        if (timers.length > 0) met.timers++;
        if (configurations.some(({ done }) => done)) met.done++;
        if (configurations.some(({ value }) => JSON.stringify(value).includes(','))) met.parallel++;
        if (configurations.some(({ states }) => states.some((path) => path.split('.').length >= 4)))
          met.deep++;
        if (new Set(configurations.map(({ value }) => valueKey(value))).size < configurations.length)
          met.orders++;
        for (const steps of scripts) compare(subject, steps);
      }),
      { numRuns: RUNS, ...SEED },
    );
    // The property is worth what it met.
    if (RUNS < 500) return;
    expect(met.lowered).toBeGreaterThan(RUNS * 0.5);
    expect(met.endless).toBeGreaterThan(RUNS * 0.05);
    expect(met.large).toBeLessThan(RUNS * 0.1);
    expect(met.guards).toBeGreaterThan(RUNS * 0.4);
    expect(met.timers).toBeGreaterThan(RUNS * 0.3);
    expect(met.done).toBeGreaterThan(RUNS * 0.05);
    expect(met.parallel).toBeGreaterThan(RUNS * 0.2);
    expect(met.deep).toBeGreaterThan(RUNS * 0.1);
    expect(met.orders).toBeGreaterThan(RUNS * 0.005);
  }, 180_000);
});

/** Replays in XState the trail to the macrostep for which the chart was refused, guards answering as they did. */
function expectEndlessInXState(machine: AnyStateMachine, { trail }: EndlessChartError): void {
  let step = trail[0]!;
  // The machine may raise an event of the input's type, so that types do not tell them apart.
  let input: { type: string } | undefined;
  const answerOf = (name: string) => (given: { event: { type: string } }, params: unknown) => {
    const isInput = given.event === input || given.event.type === 'xstate.init';
    const asked = JSON.stringify([name, params, isInput ? undefined : given.event.type]);
    const found = step.guards.find(
      ({ guard, event }) => JSON.stringify([guard.name, guard.params, event]) === asked,
    );
    return found?.answer ?? true;
  };
  const guards = Object.fromEntries(['g0', 'g1', 'g2'].map((name) => [name, answerOf(name)]));
  const subject = machine.provide({ guards } as never) as AnyStateMachine;
  let [snapshot] = initialTransition(subject);
  if (trail.length === 1) expect(String(snapshot.error)).toMatch('Infinite loop');
  for (const next of trail.slice(1, -1)) {
    step = next;
    input = { type: step.event };
    [snapshot] = transition(subject, snapshot, input);
  }
  if (trail.length > 1) {
    step = trail.at(-1)!;
    const last = (input = { type: step.event });
    expect(() => transition(subject, snapshot, last)).toThrow('Infinite loop');
  }
}
