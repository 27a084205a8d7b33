import { expect, test } from 'vitest';
import { CRASHED, FLUSHED, type NodeKind, START, TIMER } from '../kernel/protocol.ts';
import { explore } from './explore.ts';
import type { Check, Model, ModelActor } from './model.ts';

const PING = 32;
const everything = { depth: 100, states: 1_000_000, checks: [] };

/** At its start sends so many numbered messages to actor 0. */
const sender = (name: string, messages: number): ModelActor<{ messages: number }> => ({
  name,
  kind: {
    onInput(node, input, out) {
      if (input.kind !== START) return;
      for (let number = 0; number < node.messages; number++) out.send(0, PING, number, 0, 0, 0, 0, 0);
    },
  },
  state: { messages },
});

/** Keeps what it receives, in order. */
const receiver: ModelActor<{ received: number[] }> = {
  name: 'receiver',
  kind: {
    onInput(node, input) {
      if (input.kind === PING) node.received.push(input.from * 10 + input.a);
    },
  },
  state: { received: [] },
};

const toy = (senders: number[], rest: Partial<Model> = {}): Model => ({
  actors: [
    receiver as ModelActor,
    ...senders.map((messages, index) => sender(`sender ${index}`, messages) as ModelActor),
  ],
  ...rest,
});

test('orders of delivery: an ordered link has one, an unordered one all of them', () => {
  // States are the prefixes of orders: 1 + 3 + 3·2 + 3·2·1.
  expect(explore(toy([3], { links: () => 'unordered' }), everything)).toMatchObject({
    unique: 16,
    generated: 16,
    complete: true,
  });
  expect(explore(toy([3]), everything)).toMatchObject({ unique: 4, generated: 4, depth: 3, complete: true });
  // Interleavings of two links of two: sums over i, j ≤ 2 of (i + j) choose i.
  expect(explore(toy([2, 2]), everything)).toMatchObject({
    unique: 1 + 2 + 4 + 6 + 6,
    depth: 4,
    complete: true,
  });
});

test('losses: every subset of at most so many', () => {
  // Ordered messages 0, 1, 2, at most one lost. What is left in flight, what arrived and the loss so far identify a state:
  // after k messages without loss one state, with one loss k.
  const { unique, complete } = explore(toy([3], { losses: 1 }), everything);
  expect({ unique, complete }).toEqual({ unique: 4 + 1 + 2 + 3, complete: true });
});

test('a duplicating link delivers again and again', () => {
  const { unique, depth } = explore(toy([2], { links: () => 'duplicating' }), { ...everything, depth: 4 });
  // All strings of up to four messages out of two.
  expect({ unique, depth }).toEqual({ unique: 1 + 2 + 4 + 8 + 16, depth: 4 });
});

/** Writes a number at its start, fsyncs it, and has a timer that it restarts for ever. */
const writer: ModelActor<{ written: number; durable: number; life: number }> = {
  name: 'writer',
  kind: {
    onInput(node, input, out) {
      if (input.kind === TIMER || input.kind === START) {
        if (input.kind === START) out.startTimer(0, 1);
        node.written = 1;
        out.fsync(1, 0, 1);
      } else if (input.kind === FLUSHED) node.durable = input.a;
      else if (input.kind === CRASHED) node.written = node.durable;
      else node.life += 1;
    },
  },
  state: { written: 0, durable: 0, life: 0 },
  timers: [{ name: 'its patience', fires: 'any time' }],
  canCrash: true,
};

test('crash and restart: fsyncs and timers under way are gone, the budget of crashes is one path’s', () => {
  const isDurable: Check = {
    name: 'durable',
    broken: (state) => ((state.stateOf(0) as { written: number }).written === 0 ? 'the write is gone' : null),
  };
  const model: Model = { actors: [writer as ModelActor], crashes: 1, restarts: true };
  const { violation } = explore(model, { ...everything, checks: [isDurable] });
  expect(violation?.path.map(({ number, sentence }) => `${number}. ${sentence}`)).toEqual([
    '1. writer crashes',
  ]);
  // Without a crash these, since a fired timer writes and fsyncs again; after it down and up again, each durable or not.
  const live = ['timer, 1 under way', 'timer, durable', '2 under way', '1 under way, durable', 'durable'];
  expect(explore(model, everything)).toMatchObject({
    result: 'ok',
    unique: live.length + 2 * 2,
    complete: true,
  });
  expect(explore({ ...model, crashes: 0 }, everything).unique).toBe(live.length);
});

test('a message that arrives where the process is down finds nobody', () => {
  const mortal: ModelActor = { ...(receiver as ModelActor), canCrash: true };
  const actors = [mortal, sender('sender', 1) as ModelActor];
  // up/in flight, up/received, and after the crash: down with, without; up again with, without (twice: received or not).
  const { unique } = explore({ actors, crashes: 1, restarts: true }, everything);
  expect(unique).toBe(2 + 2 + 1 + 2 + 1);
  // Without restarts what is sent to the dead is gone at once.
  expect(explore({ actors, crashes: 1 }, everything).unique).toBe(2 + 2);
});

test('timers: rules say when they fire', () => {
  const waiting = (fires: 'any time' | 'when quiet' | 'never'): Model => {
    const kind: NodeKind<{ fired: boolean; received: number }> = {
      onInput(node, input, out) {
        if (input.kind === START) out.startTimer(0, 1);
        else if (input.kind === TIMER) node.fired = true;
        else node.received += 1;
      },
    };
    const actor = {
      name: 'waiter',
      kind,
      state: { fired: false, received: 0 },
      timers: [{ name: 'wait', fires }],
    };
    return { actors: [actor as ModelActor, sender('sender', 2) as ModelActor] };
  };
  expect(explore(waiting('any time'), everything).unique).toBe(6);
  expect(explore(waiting('when quiet'), everything).unique).toBe(4);
  expect(explore(waiting('never'), everything).unique).toBe(3);
});

test('budgets: a spent one is unknown, a depth is not', () => {
  const model = toy([3, 3]);
  const whole = explore(model, everything);
  expect(whole).toMatchObject({ result: 'ok', complete: true, depth: 6 });
  expect(explore(model, { ...everything, states: whole.unique - 1 })).toMatchObject({
    result: 'unknown',
    complete: false,
  });
  expect(explore(model, { ...everything, depth: 3 })).toMatchObject({
    result: 'ok',
    complete: false,
    depth: 3,
  });
  expect(explore({ ...model, within: () => false }, everything)).toMatchObject({ unique: 0, generated: 0 });
});

test('settled: begins after every message has arrived', () => {
  expect(explore(toy([2, 2], { settled: true }), everything)).toMatchObject({ unique: 1, complete: true });
});

test('the shortest path to a violation, the same in every run', () => {
  const orderly: Check = {
    name: 'sender 0 comes first',
    broken: (state) => {
      const { received } = state.stateOf(0) as { received: number[] };
      return received.length > 1 && received[0]! > received[1]! ? `received ${received.join(', ')}` : null;
    },
  };
  const run = () => explore(toy([2, 2]), { ...everything, checks: [orderly] });
  const { result, violation } = run();
  expect(result).toBe('violation');
  expect(violation).toEqual({
    check: 'sender 0 comes first',
    how: 'received 20, 10',
    path: [
      {
        number: 1,
        choice: {
          type: 'deliver',
          message: { from: 2, to: 0, kind: PING, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0 },
        },
        sentence: 'receiver receives message 32 (0, 0, 0, 0, 0) from sender 1',
      },
      {
        number: 2,
        choice: {
          type: 'deliver',
          message: { from: 1, to: 0, kind: PING, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0 },
        },
        sentence: 'receiver receives message 32 (0, 0, 0, 0, 0) from sender 0',
      },
    ],
  });
  expect(run()).toEqual(run());
});

test('refuses chance and timers it was not told of, by name', () => {
  const gambler: ModelActor = {
    name: 'gambler',
    kind: { onInput: (_, __, out) => void out.draw(0) },
    state: {},
  };
  expect(() => explore({ actors: [gambler] }, everything)).toThrow('gambler draws by chance');
  const sleeper: ModelActor = {
    name: 'sleeper',
    kind: { onInput: (_, __, out) => out.startTimer(0, 1) },
    state: {},
  };
  expect(() => explore({ actors: [sleeper] }, everything)).toThrow('sleeper started timer 0');
});
