/** Random small histories, the definition of linearizability and of sequential consistency spelled out, and a judge of witnesses. */

import fc from 'fast-check';
import type { CheckedHistory, Consistency, KeyOrder } from './check.ts';
import {
  type History,
  HistoryBuilder,
  type Operation,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  operationAt,
  type Value,
} from './history.ts';
import type { Asked, SequentialModel } from './model.ts';

export function historyOf(operations: readonly Operation[]): History {
  const builder = new HistoryBuilder();
  for (const operation of operations) builder.add(operation);
  return builder.build();
}

export function operationsOf(history: History): Operation[] {
  return Array.from({ length: history.size }, (_, index) => operationAt(history, index));
}

/** Draws inputs of each kind, and outputs where the store answers at random. */
export interface Vocabulary {
  readonly model: SequentialModel;
  readonly kinds: readonly {
    readonly kind: string;
    readonly input?: fc.Arbitrary<Value>;
    readonly output?: fc.Arbitrary<Value>;
  }[];
}

/**
 * Histories of a store that is right, but for some outputs. Each operation takes effect at a moment between its call and
 * its return; then some answers are changed, some outcomes become unknown, and some times are moved.
 */
export function smallHistories(
  { model, kinds }: Vocabulary,
  { operations, keys }: { readonly operations: number; readonly keys: number },
): fc.Arbitrary<History> {
  const operation = fc.record({
    client: fc.nat({ max: 3 }),
    key: fc.nat({ max: keys - 1 }),
    kind: fc.nat({ max: kinds.length - 1 }),
    input: fc.nat(),
    idleUs: fc.nat({ max: 3 }),
    effectUs: fc.nat({ max: 6 }),
    restUs: fc.nat({ max: 6 }),
    fate: fc.nat({ max: 19 }),
    lie: fc.nat(),
  });
  return fc
    .tuple(
      fc.array(operation, { minLength: 1, maxLength: operations }),
      fc.array(fc.tuple(...kinds.map(({ input }) => input ?? fc.constant(null))), {
        minLength: operations,
        maxLength: operations,
      }),
      fc.array(fc.tuple(...kinds.map(({ output }) => output ?? fc.constant(null))), {
        minLength: operations,
        maxLength: operations,
      }),
    )
    .map(([drawn, inputs, outputs]) => {
      const freeUs = [0, 0, 0, 0];
      const asked = drawn.map(({ client, kind, key, idleUs, effectUs, restUs, fate }, at) => {
        const callUs = freeUs[client]! + idleUs;
        const returnUs = callUs + effectUs + restUs;
        freeUs[client] = returnUs + 1;
        const word = kinds[kind]!;
        return {
          client,
          key,
          kind: word.kind,
          ...(word.input !== undefined && { input: inputs[at]![kind]! }),
          lie: word.output === undefined ? undefined : outputs[at]![kind]!,
          callUs,
          effectUs: callUs + effectUs,
          returnUs,
          fate,
        };
      });
      const states = new Map<number, unknown>();
      const answered = [...asked]
        .sort((a, b) => a.effectUs - b.effectUs)
        .map((each): Operation => {
          const { client, key, kind, callUs, returnUs, fate, lie } = each;
          const request = { kind, ...('input' in each && { input: each.input! }) };
          const answer = answerOf(model, states.get(key) ?? model.initial, request, kinds);
          // One in ten did not happen, or nobody knows whether it did; and three in twenty are lies.
          const happened = fate > 0 && fate !== 2;
          if (happened) states.set(key, answer.state);
          const outcome = fate === 0 ? 'fail' : fate <= 2 ? 'info' : 'ok';
          const output = fate <= 5 ? lie : answer.output;
          return {
            client,
            key,
            ...request,
            ...(outcome === 'ok' && output !== undefined && { output }),
            outcome,
            callUs,
            returnUs: outcome === 'info' ? null : returnUs,
          };
        });
      // A client of which nobody knows what became of its request asks under a new name.
      const lives = [0, 0, 0, 0];
      return historyOf(
        answered
          .sort((a, b) => a.callUs - b.callUs)
          .map((each) => {
            const client = each.client as number;
            const name = `${client}.${lives[client]}`;
            if (each.outcome === 'info') lives[client]! += 1;
            return { ...each, client: name };
          }),
      );
    });
}

/**
 * Histories of a text that is put, appended to and read. Of the gets, one in four gives the text of another moment, or that of another
 * get with its last two words exchanged, one left out, or one too many. Words are all different, or few, of which some are made of others.
 * Or of a list of such words, which only grows.
 */
export function textHistories(
  words: 'own' | 'few',
  operations: number,
  of: 'text' | 'list',
): fc.Arbitrary<History> {
  const operation = fc.record({
    client: fc.nat({ max: 3 }),
    kind:
      of === 'text'
        ? fc.constantFrom('get', 'get', 'append', 'append', 'put')
        : fc.constantFrom('read', 'append'),
    word: fc.nat({ max: 5 }),
    idleUs: fc.nat({ max: 2 }),
    effectUs: fc.nat({ max: 6 }),
    restUs: fc.nat({ max: 6 }),
    fate: fc.nat({ max: 19 }),
    lie: fc.nat({ max: 15 }),
    other: fc.nat(),
  });
  const reads = of === 'text' ? 'get' : 'read';
  return fc.array(operation, { minLength: 1, maxLength: operations }).map((drawn) => {
    const freeUs = [0, 0, 0, 0];
    const lives = [0, 0, 0, 0];
    const asked = drawn.map(({ client, kind, word, idleUs, effectUs, restUs, fate, lie, other }, at) => {
      const callUs = freeUs[client]! + idleUs;
      const returnUs = callUs + effectUs + restUs;
      freeUs[client] = returnUs + 1;
      const outcome = fate === 0 ? ('fail' as const) : fate <= 3 ? ('info' as const) : ('ok' as const);
      const name = `${client}.${lives[client]}`;
      if (outcome === 'info') lives[client]! += 1;
      return {
        client: name,
        kind,
        word: words === 'own' ? `${at},` : ['a', 'b', 'ab', 'ba', 'c', kind === 'put' ? '' : 'd'][word]!,
        callUs,
        // What nobody knows of may take place long after.
        effectUs: callUs + effectUs * (outcome === 'info' ? 3 : 1),
        returnUs,
        outcome,
        happened: fate > 1,
        lie,
        other,
      };
    });
    const made: string[][] = [[]];
    const answers = new Map<(typeof asked)[number], readonly string[]>();
    for (const each of asked.toSorted((one, another) => one.effectUs - another.effectUs)) {
      if (!each.happened) continue;
      const text = made.at(-1)!;
      if (each.kind === reads) answers.set(each, text);
      else made.push(each.kind === 'put' ? [each.word] : [...text, each.word]);
    }
    return historyOf(
      asked
        .toSorted((one, another) => one.callUs - another.callUs)
        .map((each): Operation => {
          const { client, kind, word, callUs, returnUs, outcome, lie, other } = each;
          let text = answers.get(each) ?? [];
          if (lie === 0) text = made[other % made.length]!;
          if (lie === 1) text = text.toSpliced(-2, 2, ...text.slice(-2).reverse());
          if (lie === 2) text = text.toSpliced(-2, 1);
          if (lie === 3) text = [...text, asked[other % asked.length]!.word];
          return {
            client,
            key: null,
            kind,
            ...(kind !== reads
              ? { input: word }
              : outcome === 'ok' && { output: of === 'text' ? text.join('') : text }),
            outcome,
            callUs,
            returnUs: outcome === 'info' ? null : returnUs,
          };
        }),
    );
  });
}

/** The output that the model accepts, of all those that any value could be. */
function answerOf(
  model: SequentialModel,
  state: unknown,
  request: Asked,
  kinds: Vocabulary['kinds'],
): { readonly state: unknown; readonly output: Value | undefined } {
  const after = model.step(state, request);
  if (after === null) throw new Error('a request without an output is refused');
  const gives = kinds.find(({ kind }) => kind === request.kind)?.output !== undefined;
  if (!gives) return { state: after.state, output: undefined };
  for (const output of likely(state)) {
    if ((model.problem?.({ ...request, output }) ?? null) !== null) continue;
    const step = model.step(state, { ...request, output });
    if (step !== null) return { state: step.state, output };
  }
  throw new Error('no output is accepted');
}

function likely(state: unknown): Value[] {
  const list = Array.isArray(state) ? (state as Value[]) : [];
  const parsed = list.map((each): Value => {
    try {
      return JSON.parse(String(each));
    } catch {
      return each;
    }
  });
  return [true, false, state as Value, list[0] ?? null, parsed, parsed[0] ?? null];
}

/** By definition: some order of the operations, those that may not have happened left out or not, is right. */
export function isRight(history: History, model: SequentialModel, consistency: Consistency): boolean {
  return haveAnOrder(operationsOf(history), model, consistency);
}

function haveAnOrder(
  operations: readonly Operation[],
  model: SequentialModel,
  consistency: Consistency,
): boolean {
  const here = operations.filter(({ outcome }) => outcome !== 'fail');
  const mustPrecede = (a: Operation, b: Operation) =>
    consistency === 'linearizable'
      ? a.returnUs !== null && a.returnUs < b.callUs
      : a.client === b.client && a.callUs < b.callUs;
  const states = new Map<Value, unknown>();
  const left = new Set(here);
  const go = (): boolean => {
    if ([...left].every(({ outcome }) => outcome === 'info')) return true;
    for (const operation of [...left]) {
      const waits = [...left].some(
        (other) => other !== operation && other.outcome === 'ok' && mustPrecede(other, operation),
      );
      if (waits) continue;
      const state = states.has(operation.key) ? states.get(operation.key) : model.initial;
      const next = model.step(state, operation);
      if (next === null) continue;
      left.delete(operation);
      states.set(operation.key, next.state);
      const isDone = go();
      states.set(operation.key, state);
      left.add(operation);
      if (isDone) return true;
    }
    return false;
  };
  return go();
}

/**
 * Judges a witness by itself: the prefix is in an order that time and model allow, holds everything that had returned
 * before the stuck operation, and what had begun by the stuck one's return has, by definition, no right order with it.
 */
export function problemsOf(
  history: History,
  model: SequentialModel,
  { witness }: CheckedHistory,
  { small }: { readonly small: boolean },
): string[] {
  if (witness === null) return ['there is none'];
  const { key, stuck } = witness;
  const { callUs, returnUs, outcome } = history;
  const stuckUs = returnUs[stuck]!;
  const problems = problemsOfOrder(history, model, { key, order: witness.prefix }, stuckUs);
  if (witness.prefix.includes(stuck)) problems.push('the stuck operation takes place');
  if (small) {
    const here = Array.from({ length: history.size }, (_, index) => index).filter(
      (index) => history.key[index] === key && outcome[index] !== OUTCOME_FAIL,
    );
    const known = here
      .filter((index) => callUs[index]! <= stuckUs)
      .map((index): Operation => {
        const operation = operationAt(history, index);
        // What returned later need not have taken place yet; if it has, then with the answer that it gave.
        return returnUs[index]! <= stuckUs ? operation : { ...operation, outcome: 'info', returnUs: null };
      });
    if (haveAnOrder(known, model, 'linearizable')) problems.push('the stuck operation could take place');
  }
  return problems;
}

/** Whether an order is one that time and model allow, and holds all of its key, or of all keys, that returned before an instant. */
function problemsOfOrder(
  history: History,
  model: SequentialModel,
  { key, order }: KeyOrder,
  untilUs: number,
  consistency: Consistency = 'linearizable',
): string[] {
  const problems: string[] = [];
  const { callUs, returnUs, outcome, client } = history;
  if (new Set(order).size !== order.length) problems.push('an operation takes place twice');
  if (order.some((index) => outcome[index] === OUTCOME_FAIL)) problems.push('what failed takes place');
  if (key !== null && order.some((index) => history.key[index] !== key))
    problems.push('another key takes part');
  const states = new Map<number, unknown>();
  /** By whom time is kept: by all together, or by each client for itself. */
  const latestCallUs = new Map<number, number>();
  for (const index of order) {
    const clock = consistency === 'linearizable' ? -1 : client[index]!;
    const latest = latestCallUs.get(clock) ?? Number.NEGATIVE_INFINITY;
    if (returnUs[index]! < latest) problems.push('an order against time');
    latestCallUs.set(clock, Math.max(latest, callUs[index]!));
    if (callUs[index]! > untilUs) problems.push('it takes place before it was called');
    const { kind, input, output } = operationAt(history, index);
    const of = history.key[index]!;
    const next = model.step(states.has(of) ? states.get(of) : model.initial, {
      kind,
      ...(input !== undefined && { input }),
      ...(output !== undefined && { output }),
    });
    if (next === null) {
      problems.push('the model refuses it');
      break;
    }
    states.set(of, next.state);
  }
  for (let index = 0; index < history.size; index++) {
    if (key !== null && history.key[index] !== key) continue;
    if (outcome[index] === OUTCOME_FAIL || outcome[index] === OUTCOME_INFO) continue;
    if (returnUs[index]! < untilUs && !order.includes(index))
      problems.push('what had returned before is missing');
  }
  return problems;
}

/** Orders of every key of the history are asked for, and each is right. */
export function problemsOfOrders(
  history: History,
  model: SequentialModel,
  { orders }: CheckedHistory,
  consistency: Consistency = 'linearizable',
): string[] {
  if (orders === null) return ['there are none'];
  const placed = new Set(orders.flatMap(({ order }) => [...order]));
  const isMissing = Array.from(history.outcome, (outcome, index) => outcome === 0 && !placed.has(index));
  return [
    ...(isMissing.includes(true) ? ['what took place is in no order'] : []),
    ...orders.flatMap((each) => problemsOfOrder(history, model, each, Number.POSITIVE_INFINITY, consistency)),
  ];
}
