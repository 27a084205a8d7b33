import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { checkHistory } from './check.ts';
import {
  historyOf,
  isRight,
  operationsOf,
  problemsOf,
  problemsOfOrders,
  smallHistories,
  textHistories,
  type Vocabulary,
} from './histories.test-support.ts';
import type { History, Operation, Value } from './history.ts';
import type { SequentialModel } from './model.ts';
import { casRegister, counter, keyValue, listAppend, queue, register, set } from './models.ts';

const few = fc.nat({ max: 2 });
const lists = fc.array(few, { maxLength: 3 });
const casRegisters: Vocabulary = {
  model: casRegister,
  kinds: [
    { kind: 'read', output: few },
    { kind: 'write', input: few },
    { kind: 'cas', input: fc.tuple(few, few), output: fc.boolean() },
  ],
};
const registers: Vocabulary = {
  model: register,
  kinds: [
    { kind: 'read', output: few },
    { kind: 'write', input: few },
  ],
};
const vocabularies: readonly Vocabulary[] = [
  registers,
  casRegisters,
  {
    model: keyValue,
    kinds: [
      { kind: 'get', output: fc.constantFrom('', 'a', 'ab', 'ba', 'b') },
      { kind: 'put', input: fc.constantFrom('a', 'b') },
      { kind: 'append', input: fc.constantFrom('a', 'b') },
    ],
  },
  {
    model: counter,
    kinds: [
      { kind: 'read', output: few },
      { kind: 'add', input: few },
    ],
  },
  {
    model: set,
    kinds: [
      { kind: 'read', output: lists },
      { kind: 'add', input: few },
      { kind: 'remove', input: few },
      { kind: 'contains', input: few, output: fc.boolean() },
    ],
  },
  {
    model: queue,
    kinds: [
      { kind: 'enqueue', input: few },
      { kind: 'dequeue', output: few },
    ],
  },
  {
    model: listAppend,
    kinds: [
      { kind: 'read', output: lists },
      { kind: 'append', input: few },
    ],
  },
];

describe('linearizability', () => {
  test.each(vocabularies)('$model.name: as all orders say, and every witness holds', (vocabulary) => {
    const { model } = vocabulary;
    const runs = runsOf({ full: 1500, reduced: 100 });
    const counts = { ok: 0, violation: 0, unknown: 0 };
    fc.assert(
      fc.property(smallHistories(vocabulary, { operations: 9, keys: 2 }), (history) => {
        const checked = checkHistory(history, model, { orders: true });
        counts[checked.result] += 1;
        expect(checked.result).toBe(isRight(history, model, 'linearizable') ? 'ok' : 'violation');
        if (checked.result === 'violation')
          expect(problemsOf(history, model, checked, { small: true })).toEqual([]);
        else expect(problemsOfOrders(history, model, checked)).toEqual([]);
      }),
      { numRuns: runs },
    );
    expect(Math.min(counts.ok, counts.violation)).toBeGreaterThan(runs / 8);
  });

  /** The property above is worth something: what breaks a rule of the search breaks it. */
  test('a model that says its writes observe is noticed', () => {
    const wrong: SequentialModel = { ...casRegister, observes: () => true } as SequentialModel;
    const details = fc.check(
      fc.property(
        smallHistories(casRegisters, { operations: 9, keys: 1 }),
        (history) =>
          (checkHistory(history, wrong).result === 'ok') === isRight(history, casRegister, 'linearizable'),
      ),
      { numRuns: 1000 },
    );
    expect(details.failed).toBe(true);
  });

  test('histories of the FIFO queue in figure 1 of Herlihy and Wing', () => {
    const spans = (rows: readonly (readonly [string, string, Value, number, number])[]): History =>
      historyOf(
        rows.map(
          ([client, kind, value, callUs, returnUs]): Operation => ({
            client,
            key: null,
            kind,
            ...(kind === 'enqueue' ? { input: value } : { output: value }),
            outcome: 'ok',
            callUs,
            returnUs,
          }),
        ),
      );
    const a = spans([
      ['A', 'enqueue', 'x', 0, 4],
      ['B', 'enqueue', 'y', 2, 6],
      ['B', 'dequeue', 'x', 8, 11],
      ['A', 'dequeue', 'y', 10, 13],
      ['A', 'enqueue', 'z', 14, 16],
    ]);
    const b = spans([
      ['A', 'enqueue', 'x', 0, 2],
      ['B', 'enqueue', 'y', 4, 6],
      ['A', 'dequeue', 'y', 7, 9],
    ]);
    const c = spans([
      ['A', 'enqueue', 'x', 0, 9],
      ['B', 'dequeue', 'x', 2, 5],
    ]);
    const d = spans([
      ['A', 'enqueue', 'x', 0, 3],
      ['B', 'enqueue', 'y', 1, 4],
      ['A', 'dequeue', 'y', 5, 8],
      ['C', 'dequeue', 'y', 6, 9],
    ]);
    expect([a, b, c, d].map((history) => checkHistory(history, queue).result)).toEqual([
      'ok',
      'violation',
      'ok',
      'violation',
    ]);
    // Without the clock, y may have been first.
    expect(checkHistory(b, queue, { consistency: 'sequential' }).result).toBe('ok');
    expect(checkHistory(d, queue, { consistency: 'sequential' }).result).toBe('violation');
  });

  test('registers whose values differ: zones answer as the search does, and their witnesses hold', () => {
    const { register: _, ...searched } = register;
    const runs = runsOf({ full: 2000, reduced: 150 });
    const counts = { ok: 0, violation: 0, unknown: 0 };
    fc.assert(
      fc.property(
        smallHistories(registers, { operations: 60, keys: 2 }).map(withOwnValues),
        fc.boolean(),
        (history, small) => {
          const cut = small ? historyOf(operationsOf(history).slice(0, 8)) : history;
          const checked = checkHistory(cut, register, { orders: true });
          counts[checked.result] += 1;
          if (checked.result === 'ok') expect(problemsOfOrders(cut, register, checked)).toEqual([]);
          // The zones' budget is their length.
          expect(checkHistory(cut, register, { budget: 1 }).result).toBe(checked.result);
          expect(checked.result).toBe(checkHistory(cut, searched).result);
          if (checked.result === 'violation')
            expect(problemsOf(cut, register, checked, { small })).toEqual([]);
        },
      ),
      { numRuns: runs },
    );
    expect(Math.min(counts.ok, counts.violation)).toBeGreaterThan(runs / 8);
  });

  test.each([
    ['own', 'text', keyValue],
    ['few', 'text', keyValue],
    ['own', 'list', listAppend],
    ['few', 'list', listAppend],
  ] as readonly (readonly ['own' | 'few', 'text' | 'list', SequentialModel])[])(
    'words that are %s, of a %s: as all orders say, and every witness holds',
    (words, of, model) => {
      const runs = runsOf({ full: 1500, reduced: 100 });
      const counts = { ok: 0, violation: 0, unknown: 0 };
      fc.assert(
        fc.property(textHistories(words, 9, of), (history) => {
          const checked = checkHistory(history, model, { orders: true });
          counts[checked.result] += 1;
          expect(checked.result).toBe(isRight(history, model, 'linearizable') ? 'ok' : 'violation');
          if (checked.result === 'violation')
            expect(problemsOf(history, model, checked, { small: true })).toEqual([]);
          else expect(problemsOfOrders(history, model, checked)).toEqual([]);
        }),
        { numRuns: runs },
      );
      expect(Math.min(counts.ok, counts.violation)).toBeGreaterThan(runs / 8);
    },
  );

  test.each([
    ['text', keyValue],
    ['list', listAppend],
  ] as readonly (readonly ['text' | 'list', SequentialModel])[])(
    'a long %s: zones answer as the search does, and are stuck where it is',
    (of, model) => {
      const { text: _, ...searched } = model;
      const runs = runsOf({ full: 1000, reduced: 100 });
      const counts = { ok: 0, violation: 0, unknown: 0 };
      let byZones = 0;
      fc.assert(
        fc.property(
          fc
            .constantFrom('own' as const, 'own' as const, 'few' as const)
            .chain((words) => textHistories(words, 30, of)),
          (history) => {
            const checked = checkHistory(history, model);
            const other = checkHistory(history, searched, { budget: 200_000 });
            counts[checked.result] += 1;
            if (checkHistory(history, model, { budget: 1 }).result !== 'unknown') byZones++;
            if (other.result === 'unknown' || checked.result === 'unknown') return;
            expect(checked.result).toBe(other.result);
            if (checked.result !== 'violation') return;
            expect(problemsOf(history, model, checked, { small: false })).toEqual([]);
            const stuckUs = ({ witness }: typeof checked) => history.returnUs[witness!.stuck];
            expect(stuckUs(checked)).toBe(stuckUs(other));
          },
        ),
        { numRuns: runs },
      );
      expect(Math.min(counts.ok, counts.violation, byZones)).toBeGreaterThan(runs / 8);
      expect(counts.unknown).toBeLessThan(runs / 50);
    },
  );

  test('a model that says it is a text and adds in front is noticed', () => {
    const wrong: SequentialModel<string> = {
      ...keyValue,
      step: (state, operation) =>
        operation.kind === 'append'
          ? { state: (operation.input as string) + state }
          : keyValue.step(state, operation),
    };
    const details = fc.check(
      fc.property(
        textHistories('own', 9, 'text'),
        (history) =>
          (checkHistory(history, wrong).result === 'ok') === isRight(history, wrong, 'linearizable'),
      ),
      { numRuns: 300 },
    );
    expect(details.failed).toBe(true);
  });
});

describe('what a verdict does not depend on', () => {
  const runs = { numRuns: runsOf({ full: 600, reduced: 80 }) };
  const verdictOf = (history: History, model: SequentialModel = casRegister) =>
    checkHistory(history, model).result;
  const changed = (history: History, change: (operation: Operation) => Operation) =>
    historyOf(operationsOf(history).map(change));

  test('when the clock began, and how fast it goes', () => {
    fc.assert(
      fc.property(
        smallHistories(casRegisters, { operations: 14, keys: 2 }),
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: 1, max: 50 }),
        (history, shiftUs, factor) => {
          const at = (us: number) => us * factor + shiftUs;
          const moved = changed(history, (operation) => ({
            ...operation,
            callUs: at(operation.callUs),
            returnUs: operation.returnUs === null ? null : at(operation.returnUs),
          }));
          expect(verdictOf(moved)).toBe(verdictOf(history));
        },
      ),
      runs,
    );
  });

  test('what values are called', () => {
    const renamed = (value: Value): Value =>
      Array.isArray(value) ? value.map(renamed) : typeof value === 'number' ? `value ${9 - value}` : value;
    fc.assert(
      fc.property(smallHistories(casRegisters, { operations: 14, keys: 2 }), (history) => {
        const other = changed(history, ({ input, output, ...rest }) => ({
          ...rest,
          ...(input !== undefined && { input: renamed(input) }),
          ...(output !== undefined && { output: renamed(output) }),
        }));
        expect(verdictOf(other)).toBe(verdictOf(history));
      }),
      runs,
    );
  });

  test('operations that may have happened explain more, never less; those that nobody saw, nothing', () => {
    fc.assert(
      fc.property(
        // Of a compare-and-set that found something else, a write that nobody saw is an explanation.
        smallHistories(registers, { operations: 12, keys: 1 }),
        fc.array(fc.tuple(few, fc.nat({ max: 30 })), { minLength: 1, maxLength: 3 }),
        (history, extra) => {
          const pending = (input: Value, callUs: number, at: number): Operation => ({
            client: `later ${at}`,
            key: 0,
            kind: 'write',
            input,
            outcome: 'info',
            callUs,
            returnUs: null,
          });
          const more = (values: (value: number) => Value) =>
            historyOf([
              ...operationsOf(history),
              ...extra.map(([value, callUs], at) => pending(values(value), callUs, at)),
            ]);
          if (verdictOf(history) === 'ok') expect(verdictOf(more((value) => value))).toBe('ok');
          expect(verdictOf(more((value) => `unseen ${value}`))).toBe(verdictOf(history));
        },
      ),
      runs,
    );
  });
});

describe('sequential consistency', () => {
  test.each([casRegisters, vocabularies[5]!])('$model.name: as all orders say', (vocabulary) => {
    const { model } = vocabulary;
    const counts = { ok: 0, violation: 0, unknown: 0 };
    const runs = runsOf({ full: 600, reduced: 80 });
    fc.assert(
      fc.property(smallHistories(vocabulary, { operations: 7, keys: 2 }), (history) => {
        const checked = checkHistory(history, model, { consistency: 'sequential', orders: true });
        const { result } = checked;
        counts[result] += 1;
        expect(result).toBe(isRight(history, model, 'sequential') ? 'ok' : 'violation');
        if (result === 'ok') expect(problemsOfOrders(history, model, checked, 'sequential')).toEqual([]);
        if (checkHistory(history, model).result === 'ok') expect(result).toBe('ok');
      }),
      { numRuns: runs },
    );
    expect(Math.min(counts.ok, counts.violation)).toBeGreaterThan(runs / 16);
  });

  test('two keys, each consistent alone, are not together', () => {
    const rows: readonly (readonly [string, string, string, Value])[] = [
      ['a', 'x', 'write', 1],
      ['a', 'y', 'read', null],
      ['b', 'y', 'write', 1],
      ['b', 'x', 'read', null],
    ];
    const history = historyOf(
      rows.map(([client, key, kind, value], at) => ({
        client,
        key,
        kind,
        ...(kind === 'write' ? { input: value } : { output: value }),
        outcome: 'ok' as const,
        callUs: at % 2 === 0 ? 0 : 10,
        returnUs: at % 2 === 0 ? 5 : 15,
      })),
    );
    const checked = checkHistory(history, register, { consistency: 'sequential' });
    expect(checked.result).toBe('violation');
    expect(checked.witness?.prefix).toHaveLength(3);
  });
});

describe('the search', () => {
  test('a budget that is spent leaves the answer unknown, whatever it would have been', () => {
    fc.assert(
      fc.property(smallHistories(casRegisters, { operations: 60, keys: 1 }), (history) => {
        const whole = checkHistory(history, casRegister);
        const short = checkHistory(history, casRegister, { budget: Math.max(1, whole.steps - 50) });
        expect([whole.result, 'unknown']).toContain(short.result);
        expect(checkHistory(history, casRegister, { budget: whole.steps + 1 }).result).toBe(whole.result);
      }),
      { numRuns: runsOf({ full: 200, reduced: 30 }) },
    );
  });

  test('a long history of a key-value store that is right is never called wrong, though puts are still to come', () => {
    const draw = fc.record({
      client: fc.nat({ max: 5 }),
      kind: fc.constantFrom('get', 'put', 'append', 'append'),
      effectUs: fc.nat({ max: 9 }),
      restUs: fc.nat({ max: 9 }),
    });
    // Zones would decide it.
    const { text: _, ...searched } = keyValue;
    let ok = 0;
    fc.assert(
      fc.property(fc.array(draw, { minLength: 40, maxLength: 80 }), (drawn) => {
        const freeUs = [0, 0, 0, 0, 0, 0];
        const asked = drawn.map(({ client, kind, effectUs, restUs }, at) => {
          const callUs = freeUs[client]!;
          const returnUs = callUs + effectUs + restUs;
          freeUs[client] = returnUs + 1;
          return {
            client: String(client),
            kind,
            text: `${at},`,
            callUs,
            effectUs: callUs + effectUs,
            returnUs,
          };
        });
        let value = '';
        const answers = new Map<string, string>();
        for (const { kind, text } of asked.toSorted((one, other) => one.effectUs - other.effectUs)) {
          if (kind === 'get') answers.set(text, value);
          else value = kind === 'put' ? text : value + text;
        }
        const history = historyOf(
          asked.map(
            ({ client, kind, text, callUs, returnUs }): Operation => ({
              client,
              key: null,
              kind,
              ...(kind === 'get' ? { output: answers.get(text)! } : { input: text }),
              outcome: 'ok',
              callUs,
              returnUs,
            }),
          ),
        );
        const { result } = checkHistory(history, searched, { budget: 200_000 });
        expect(result).not.toBe('violation');
        if (result === 'ok') ok++;
      }),
      { numRuns: runsOf({ full: 1000, reduced: 200 }) },
    );
    expect(ok).toBeGreaterThan(runsOf({ full: 900, reduced: 180 }));
  });

  test('with no room to remember more the answer is unknown, and no other answer is wrong', () => {
    const results = { ok: 0, violation: 0, unknown: 0 };
    fc.assert(
      fc.property(
        smallHistories(casRegisters, { operations: 60, keys: 2 }),
        fc.integer({ min: 10, max: 600 }),
        fc.constantFrom('linearizable' as const, 'sequential' as const),
        (history, rememberedMost, consistency) => {
          const whole = checkHistory(history, casRegister, { consistency, budget: 100_000 });
          const { result } = checkHistory(history, casRegister, {
            consistency,
            budget: 100_000,
            rememberedMost,
          });
          expect([whole.result, 'unknown']).toContain(result);
          results[result]++;
        },
      ),
      { numRuns: runsOf({ full: 400, reduced: 100 }) },
    );
    expect(Math.min(...Object.values(results))).toBeGreaterThan(0);
  });

  test('a model of one’s own', () => {
    const toggle: SequentialModel<boolean> = {
      name: 'toggle',
      initial: false,
      kinds: { flip: { output: 'what it was' } },
      step: (state, { output }) => (output === undefined || output === state ? { state: !state } : null),
    };
    const flips = (outputs: readonly boolean[]) =>
      historyOf(
        outputs.map((output, at) => ({
          client: 'a',
          key: null,
          kind: 'flip',
          output,
          outcome: 'ok',
          callUs: at * 2,
          returnUs: at * 2 + 1,
        })),
      );
    expect(checkHistory(flips([false, true, false]), toggle).result).toBe('ok');
    expect(checkHistory(flips([false, true, true]), toggle)).toMatchObject({
      result: 'violation',
      operations: 3,
      witness: { stuck: 2, concerned: [2] },
    });
  });

  test('more clients than bits in a word', () => {
    const writes = Array.from(
      { length: 70 },
      (_, at): Operation => ({
        client: at,
        key: null,
        kind: 'write',
        input: at % 3,
        outcome: 'ok',
        callUs: 0,
        returnUs: 100,
      }),
    );
    const read = (output: Value): Operation => ({
      client: 'reader',
      key: null,
      kind: 'read',
      output,
      outcome: 'ok',
      callUs: 200,
      returnUs: 201,
    });
    expect(checkHistory(historyOf([...writes, read(1)]), register).result).toBe('ok');
    expect(checkHistory(historyOf([...writes, read(5)]), register).result).toBe('violation');
  });
});

/** Each write of a value of its own; reads of a value that was written give the latest one that bore it. */
function withOwnValues(history: History): History {
  const latest = new Map<string, Value>();
  const byCall = operationsOf(history);
  const renamed = byCall.map((operation, at): Operation => {
    if (operation.kind !== 'write') return operation;
    const input = 100 + at;
    latest.set(JSON.stringify([operation.key, operation.input]), input);
    return { ...operation, input };
  });
  const known = new Map<string, Value>();
  return historyOf(
    renamed.map((operation, at): Operation => {
      const { key, kind, output } = operation;
      if (kind === 'write') {
        known.set(JSON.stringify([key, byCall[at]!.input]), operation.input!);
        return operation;
      }
      if (output === undefined || output === null) return operation;
      const text = JSON.stringify([key, output]);
      return { ...operation, output: known.get(text) ?? latest.get(text) ?? output };
    }),
  );
}
