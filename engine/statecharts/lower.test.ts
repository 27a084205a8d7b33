import { describe, expect, test } from 'vitest';
import { and, cancel, createMachine, emit, enqueueActions, log, raise, sendTo, setup, stateIn } from 'xstate';
import { benchCharts, loweredRun } from './bench.ts';
import { bind } from './chart.ts';
import { ChartError } from './chart-error.ts';
import { lower } from './lower.ts';
import { checkLowering } from './lowering-oracle.test-support.ts';
import type { ChartTables } from './tables.ts';
import { tabulate } from './tabulate.ts';

interface Link {
  retries: number;
  retryUs: number;
  readonly log: string[];
}

interface Handle {
  readonly link: Link;
}

type Input = { type: 'cut' } | { type: 'heal' } | { type: 'ack'; position: number } | { type: 'lag.grew' };

/** A replication link: two levels, a guarded retry, an `always`, a partial wildcard. */
const linkChart = setup({
  types: {} as { context: Handle; events: Input; input: Handle; tags: 'carries data' },
  guards: {
    'may retry, counting this one': ({ context }) => context.link.retries + 1 < 3,
    'gave up': ({ context }) => context.link.retries >= 3,
  },
  actions: {
    'open stream': ({ context }) => context.link.log.push('open'),
    'drop stream': ({ context }) => context.link.log.push('drop'),
    'count retry': ({ context }) => {
      context.link.retries++;
      context.link.retryUs *= 2;
    },
    'note ack': ({ context, event }) => {
      context.link.log.push(event.type === 'ack' ? `ack ${event.position}` : event.type);
    },
    'note lag': ({ context, event }) => context.link.log.push(event.type),
    say: ({ context }, params: { what: string }) => context.link.log.push(params.what),
  },
  delays: { retry: ({ context }) => context.link.retryUs },
}).createMachine({
  id: 'link',
  context: ({ input }) => ({ link: input.link }),
  initial: 'connected',
  states: {
    connected: {
      initial: 'streaming',
      entry: 'open stream',
      exit: 'drop stream',
      on: { cut: 'disconnected', 'lag.*': { actions: 'note lag' } },
      states: {
        streaming: { tags: 'carries data', on: { ack: { actions: 'note ack' }, 'lag.grew': 'catching up' } },
        'catching up': { tags: 'carries data', on: { ack: { target: 'streaming', actions: 'note ack' } } },
      },
    },
    disconnected: {
      always: { guard: 'gave up', target: 'broken' },
      on: { heal: 'connected' },
      after: {
        retry: [
          {
            guard: 'may retry, counting this one',
            target: 'disconnected',
            reenter: true,
            actions: 'count retry',
          },
          { target: 'broken', actions: { type: 'say', params: { what: 'give up' } } },
        ],
      },
    },
    broken: { type: 'final' },
  },
});

function newLink() {
  const handle: Handle = { link: { retries: 0, retryUs: 1000, log: [] } };
  const chart = lower(linkChart, {
    startTimer: ({ link }, slot, delayUs) => link.log.push(`start ${slot} in ${delayUs}`),
    cancelTimer: ({ link }, slot) => link.log.push(`cancel ${slot}`),
  });
  const takeLog = () => handle.link.log.splice(0);
  return { handle, chart, takeLog };
}

describe('lower: a replication link', () => {
  test('has one configuration for each value, its events by index with timers first', () => {
    const { chart } = newLink();
    expect(chart.configurations).toEqual([
      {
        value: { connected: 'streaming' },
        states: ['connected', 'connected.streaming'],
        tags: ['carries data'],
        done: false,
      },
      { value: 'broken', states: ['broken'], tags: [], done: true },
      { value: 'disconnected', states: ['disconnected'], tags: [], done: false },
      {
        value: { connected: 'catching up' },
        states: ['connected', 'connected.catching up'],
        tags: ['carries data'],
        done: false,
      },
    ]);
    expect(chart.timers).toEqual([{ state: 'disconnected', delay: 'retry' }]);
    expect(chart.events).toEqual([
      'xstate.after.retry.link.disconnected',
      'cut',
      'ack',
      'lag.grew',
      'heal',
      'lag.(undeclared)',
      '(undeclared)',
    ]);
  });

  test('is written as these tables', () => {
    const { chart } = newLink();
    expect(readable(chart.tables)).toEqual([
      'start -> open stream; {"connected":"streaming"}',
      '{"connected":"streaming"} cut -> gave up ? drop stream, start 0, cancel 0; "broken" : drop stream, start 0; "disconnected"',
      '{"connected":"streaming"} ack -> note ack; {"connected":"streaming"}',
      '{"connected":"streaming"} lag.grew -> {"connected":"catching up"}',
      '{"connected":"streaming"} lag.(undeclared) -> note lag; {"connected":"streaming"}',
      '"disconnected" xstate.after.retry.link.disconnected -> may retry, counting this one ? ' +
        'gave up ? cancel 0, count retry, start 0, cancel 0; "broken" : cancel 0, count retry, start 0; "disconnected" : ' +
        'cancel 0, say {"what":"give up"}; "broken"',
      '"disconnected" cut -> gave up ? cancel 0; "broken" : "disconnected"',
      '"disconnected" ack -> gave up ? cancel 0; "broken" : "disconnected"',
      '"disconnected" lag.grew -> gave up ? cancel 0; "broken" : "disconnected"',
      '"disconnected" heal -> cancel 0, open stream; {"connected":"streaming"}',
      '"disconnected" lag.(undeclared) -> gave up ? cancel 0; "broken" : "disconnected"',
      '"disconnected" (undeclared) -> gave up ? cancel 0; "broken" : "disconnected"',
      '{"connected":"catching up"} cut -> gave up ? drop stream, start 0, cancel 0; "broken" : drop stream, start 0; "disconnected"',
      '{"connected":"catching up"} ack -> note ack; {"connected":"streaming"}',
      '{"connected":"catching up"} lag.grew -> note lag; {"connected":"catching up"}',
      '{"connected":"catching up"} lag.(undeclared) -> note lag; {"connected":"catching up"}',
    ]);
  });

  test('steps: actions read and write the record, the input is the event', () => {
    const { chart, handle, takeLog } = newLink();
    let mode = chart.start(handle);
    expect(takeLog()).toEqual(['open']);
    mode = chart.step(mode, chart.eventIndex('ack'), handle, { type: 'ack', position: 7 });
    expect(takeLog()).toEqual(['ack 7']);
    mode = chart.step(mode, chart.eventIndex('cut'), handle);
    expect(takeLog()).toEqual(['drop', 'start 0 in 1000']);
    expect(chart.matches(mode, 'disconnected')).toBe(true);
    expect(chart.matches(mode, 'connected')).toBe(false);
    expect(chart.hasTag(mode, 'carries data')).toBe(false);
  });

  test('a delay is read before the actions of its macrostep, as guards are', () => {
    const { chart, handle, takeLog } = newLink();
    const slot = chart.timerSlot('disconnected', 'retry');
    let mode = chart.configurationOf('disconnected');
    mode = chart.step(mode, slot, handle);
    // 'count retry' has doubled retryUs by the time the timer starts, but it was read at 1000.
    expect(takeLog()).toEqual(['cancel 0', 'start 0 in 1000']);
    expect(handle.link).toMatchObject({ retries: 1, retryUs: 2000 });
    mode = chart.step(mode, slot, handle);
    expect(takeLog()).toEqual(['cancel 0', 'start 0 in 2000']);
    mode = chart.step(mode, slot, handle);
    expect(takeLog()).toEqual(['cancel 0', 'give up']);
    expect(chart.configurations[mode]).toMatchObject({ value: 'broken', done: true });
    expect(chart.step(mode, chart.eventIndex('heal'), handle)).toBe(mode);
  });

  test('does what XState does', () => checkLowering(linkChart));

  test('tables survive JSON and need no machine', () => {
    const { handle, takeLog } = newLink();
    const { guards, actions, delays } = linkChart.implementations;
    const written = JSON.parse(JSON.stringify(tabulate(linkChart))) as ChartTables;
    const chart = bind<Handle, Input>(written, { guards, actions, delays } as never, {
      startTimer: ({ link }, _slot, delayUs) => link.log.push(`start in ${delayUs}`),
      cancelTimer: ({ link }) => link.log.push('cancel'),
    });
    const mode = chart.step(chart.start(handle), chart.eventIndex('cut'), handle);
    expect(takeLog()).toEqual(['open', 'drop', 'start in 1000']);
    expect(chart.configurations[mode]!.value).toBe('disconnected');
  });
});

describe('lower: what a caller gets wrong', () => {
  test('an event or input that the chart does not declare is a type error', () => {
    const { chart, handle } = newLink();
    // @ts-expect-error 'heel' is not among the chart's events.
    expect(chart.events[chart.eventIndex('heel')]).toBe('(undeclared)');
    // @ts-expect-error an ack says which position.
    chart.step(0, chart.eventIndex('ack'), handle, { type: 'ack' });
    // @ts-expect-error the handle is the chart's context.
    expect(() => chart.start({ node: {} })).toThrow(TypeError);
  });

  test('a step that does not exist', () => {
    const { chart, handle } = newLink();
    expect(() => chart.step(4, 0, handle)).toThrow(
      "Chart 'link': step(4, 0), expected a configuration below 4",
    );
    expect(() => chart.step(0, 7, handle)).toThrow('an event below 7');
    expect(() => chart.step(1, -1, handle)).toThrow(RangeError);
  });

  test('a state, timer or value that does not exist', () => {
    const { chart } = newLink();
    expect(() => chart.matches(0, 'conected')).toThrow(
      "never in 'conected'; its states are connected, connected.streaming",
    );
    expect(() => chart.timerSlot('connected', 'retry')).toThrow(
      "no `after: { 'retry': ... }` in state 'connected'",
    );
    expect(() => chart.configurationOf('connected')).toThrow('never in "connected"');
  });

  test('timers without a sink', () => {
    expect(() => lower(linkChart)).toThrow(
      "Chart 'link' has `after` in disconnected: give its timers a sink.",
    );
  });

  test('a function that the tables name is missing', () => {
    expect(() => bind(tabulate(linkChart), {})).toThrow(
      "Chart 'link' names the guard 'gave up', which has no function.",
    );
  });

  test('a delay that is no whole number of µs', () => {
    const { chart, handle } = newLink();
    handle.link.retryUs = 0.5;
    const cut = () => chart.step(0, chart.eventIndex('cut'), handle);
    expect(cut).toThrow("state 'disconnected': delay 'retry' gave 0.5, expected whole µs ≥ 0");
  });
});

describe('lower: events', () => {
  const chart = lower(
    createMachine(
      {
        id: 'ears',
        on: { 'ack.*': { actions: 'a' }, 'ack.late.*': { actions: 'b' }, 'ack.late.x': { actions: 'c' } },
      },
      { actions: { a: () => {}, b: () => {}, c: () => {} } },
    ),
  );
  const classOf = (type: string) => chart.events[chart.eventIndex(type)];

  test('undeclared ones share an index if they match the same wildcards', () => {
    expect(classOf('ack.late.x')).toBe('ack.late.x');
    expect(classOf('ack.late.y')).toBe('ack.late.(undeclared)');
    expect(classOf('ack.late')).toBe('ack.late.(undeclared)');
    expect(classOf('ack.early')).toBe('ack.(undeclared)');
    expect(classOf('ack')).toBe('ack.(undeclared)');
    expect(classOf('acknowledged')).toBe('(undeclared)');
  });
});

describe('lower: one action steps another handle of the same chart', () => {
  interface Node {
    readonly name: string;
    mode: number;
    peer?: { node: Node };
    readonly log: string[];
  }
  const pairChart = setup({
    types: {} as { context: { node: Node }; events: { type: 'go' }; input: { node: Node } },
    actions: {
      'tell peer': ({ context: { node } }) => {
        if (node.peer) node.peer.node.mode = pair.step(node.peer.node.mode, go, node.peer);
      },
      note: ({ context: { node } }) => node.log.push(node.name),
    },
    delays: { soon: ({ context }) => context.node.name.length },
  }).createMachine({
    id: 'pair',
    context: ({ input }) => ({ node: input.node }),
    initial: 'idle',
    states: {
      idle: { on: { go: { target: 'busy', actions: ['tell peer', 'note'] } } },
      busy: { after: { soon: 'idle' } },
    },
  });
  const pair = lower(pairChart, {
    startTimer: ({ node }, _slot, delayUs) => node.log.push(`${node.name} in ${delayUs}`),
    cancelTimer: () => {},
  });
  const go = pair.eventIndex('go');

  test('the rest of its row still sees its own handle and delay', () => {
    const log: string[] = [];
    const second = { node: { name: 'second', mode: 0, log } };
    const first = { node: { name: 'first', mode: 0, log, peer: second } };
    first.node.mode = pair.step(pair.start(first), go, first);
    expect(log).toEqual(['second', 'second in 6', 'first', 'first in 5']);
    expect(pair.configurations[second.node.mode]!.value).toBe('busy');
  });
});

describe('lower refuses', () => {
  const known = {
    guards: { g: () => true },
    actions: { a: () => {}, grow: enqueueActions(() => {}) },
    delays: { d: 1 },
  };
  /** A machine with `state` as its state 'x' below 'top', and why it is refused. */
  function refusalOf(state: object, root: object = {}): ChartError {
    const machine = createMachine(
      {
        id: 'm',
        initial: 'top',
        states: { top: { initial: 'x', states: { x: state, y: {} } } },
        ...root,
      } as never,
      known as never,
    );
    try {
      tabulate(machine);
    } catch (error) {
      if (error instanceof ChartError) return error;
      throw error;
    }
    throw new Error('The machine was not refused.');
  }

  test('with the machine, the state, the construct and what to do instead', () => {
    const refusal = refusalOf({ entry: () => {} });
    expect(refusal.message).toBe(
      "Chart 'm', state 'top.x': an inline function as action cannot be lowered. Name it in setup({ actions }).",
    );
    expect(refusal).toMatchObject({
      machine: 'm',
      state: 'top.x',
      construct: 'an inline function as action',
    });
  });

  const cases: readonly [name: string, state: object, construct: RegExp, root?: object][] = [
    ['invoke', { invoke: { src: 'work' } }, /^`invoke`$/],
    ['history', { states: { h: { history: true } }, initial: 'h' }, /^a history state$/],
    ['output', { type: 'final', output: 1 }, /^`output`$/],
    ['a static context', {}, /^a static context$/, { context: { count: 0 } }],
    ['an inline guard', { on: { e: { guard: () => true } } }, /^an inline function as guard$/],
    [
      'an inline guard within `and`',
      { on: { e: { guard: and(['g', () => true]) } } },
      /^an inline function as guard$/,
    ],
    [
      'an inline guard of `always`',
      { always: { guard: () => true, target: 'y' } },
      /^an inline function as guard$/,
    ],
    ['a guard that is missing', { on: { e: { guard: 'h' } } }, /^the guard 'h' without an implementation$/],
    ['an action that is missing', { exit: 'b' }, /^the action 'b' without an implementation$/],
    ['a delay that is missing', { after: { e: 'y' } }, /^the delay 'e' without an implementation$/],
    ['a numeric delay', { after: { 1000: 'y' } }, /^`after: { 1000: ... }`$/],
    ['computed params', { entry: { type: 'a', params: () => ({}) } }, /^computed params of the action 'a'$/],
    [
      'computed guard params',
      { on: { e: { guard: { type: 'g', params: () => 1 } } } },
      /^computed params of the guard 'g'$/,
    ],
    ['sendTo', { entry: sendTo('other', { type: 'e' }) }, /^an inline `sendTo`$/],
    ['emit', { entry: emit({ type: 'e' }) }, /^an inline `emit`$/],
    ['log', { on: { e: { actions: log('here') } } }, /^an inline `log`$/],
    ['cancel', { entry: cancel('timer') }, /^an inline `cancel`$/],
    ['enqueueActions by name', { entry: 'grow' }, /^the action 'grow', a `enqueueActions`$/],
    ['a delayed raise', { entry: raise({ type: 'e' }, { delay: 5 }) }, /^an inline `raise` with a delay$/],
    ['a computed raise', { entry: raise(() => ({ type: 'e' })) }, /^an inline `raise` of a computed event$/],
    ['a star within a name', { on: { 'a.*.b': 'y' } }, /^the event descriptor 'a\.\*\.b'$/],
    [
      "an event of XState's own",
      { on: { 'xstate.error.actor.x': 'y' } },
      /^the event 'xstate.error.actor.x'$/,
    ],
    [
      'an endless `always`',
      { always: 'y' },
      /^an `always` or `raise` without end, at the start,$/,
      endlessRoot(),
    ],
    [
      'an endless `raise`',
      { on: { e: { actions: raise({ type: 'e' }) } } },
      /^an `always` or `raise` without end, at 'e' in/,
    ],
  ];
  test.each(cases)('%s', (_name, state, construct, root) => {
    expect(refusalOf(state, root).construct).toMatch(construct);
  });

  function endlessRoot() {
    return { initial: 'x', states: { x: { always: 'y' }, y: { always: 'x' } } };
  }

  test('assign', () => {
    const machine = setup({ types: {} as { context: { n: number } } });
    const chart = machine.createMachine({
      id: 'm',
      context: () => ({ n: 0 }),
      entry: machine.assign({ n: 1 }),
    });
    expect(() => tabulate(chart)).toThrow(
      "Chart 'm', root: an inline `assign` cannot be lowered. Write to the record",
    );
  });

  test('more configurations and outcomes than its limits', () => {
    const region = { initial: 'off', states: { off: { on: { e: { guard: 'g', target: 'on' } } }, on: {} } };
    const machine = createMachine(
      { id: 'm', type: 'parallel', states: { p: region, q: region } } as never,
      known as never,
    );
    expect(() => tabulate(machine, { configurations: 1 })).toThrow('a chart of more than 1 configurations');
    expect(() => tabulate(machine, { outcomes: 1 })).toThrow("a step of more than 1 outcomes, at 'e' in");
  });
});

describe('lower: guards', () => {
  test('and, or, not and stateIn are XState’s; stateIn costs no test', () => {
    const machine = createMachine(
      {
        id: 'm',
        type: 'parallel',
        states: {
          p: { initial: 'off', states: { off: { on: { flip: 'on' } }, on: {} } },
          q: {
            initial: 'off',
            states: { off: { on: { go: { guard: stateIn('#m.p.on'), target: 'on' } } }, on: {} },
          },
        },
      },
      {},
    );
    const chart = lower(machine);
    expect(chart.tables.tests).toEqual([]);
    const [go, flip] = [chart.eventIndex('go'), chart.eventIndex('flip')];
    let at = chart.start({});
    expect(chart.matches((at = chart.step(at, go, {})), 'q.on')).toBe(false);
    at = chart.step(at, flip, {});
    expect(chart.matches((at = chart.step(at, go, {})), 'q.on')).toBe(true);
    checkLowering(machine);
  });
});

describe('lower: parallel regions', () => {
  test('`always` of the region that moved longest ago goes first, so one value can be two configurations', () => {
    const log: string[] = [];
    const machine = createMachine(
      {
        id: 'm',
        type: 'parallel',
        states: {
          p: {
            initial: 'a',
            always: { guard: 'asked', actions: 'p answers' },
            states: { a: { on: { move: 'b' } }, b: { on: { move: 'a' } } },
          },
          q: { initial: 'c', always: { guard: 'asked', actions: 'q answers' }, states: { c: {} } },
        },
      },
      {
        guards: { asked: ({ event }) => event.type === 'ask' },
        actions: { 'p answers': () => log.push('p'), 'q answers': () => log.push('q') },
      },
    );
    const chart = lower(machine);
    // Nobody declares 'ask': it is heard because every event is.
    const [move, ask] = [chart.eventIndex('move'), chart.eventIndex('ask')];
    const input = { type: 'ask' };
    const first = chart.start({});
    chart.step(first, ask, {}, input);
    expect(log.splice(0)).toEqual(['p', 'q']);
    const back = chart.step(chart.step(first, move, {}), move, {});
    chart.step(back, ask, {}, input);
    expect(log.splice(0)).toEqual(['q', 'p']);
    expect(chart.configurations[back]).toEqual(chart.configurations[first]);
    expect(chart.configurationOf({ q: 'c', p: 'a' })).toBe(first);
    checkLowering(machine);
  });
});

describe('lower: timers', () => {
  test('belong to a state, whatever its id; re-entry cancels and starts, staying does neither', () => {
    const machine = createMachine(
      {
        id: 'm',
        initial: 'waiting',
        states: {
          waiting: {
            id: 'own',
            after: { soon: 'late', later: 'late' },
            on: { stay: { target: 'waiting' }, again: { target: 'waiting', reenter: true } },
          },
          late: {},
        },
      },
      { delays: { soon: 1000, later: () => 2000 } },
    );
    const log: string[] = [];
    const chart = lower(machine, {
      startTimer: (_handle, slot, delayUs) => log.push(`start ${chart.timers[slot]!.delay} ${delayUs}`),
      cancelTimer: (_handle, slot) => log.push(`cancel ${chart.timers[slot]!.delay}`),
    });
    const waiting = chart.start({});
    expect(log.splice(0)).toEqual(['start soon 1000', 'start later 2000']);
    chart.step(waiting, chart.eventIndex('stay'), {});
    expect(log.splice(0)).toEqual([]);
    chart.step(waiting, chart.eventIndex('again'), {});
    expect(log.splice(0)).toEqual(['cancel soon', 'cancel later', 'start soon 1000', 'start later 2000']);
    checkLowering(machine);
  });
});

describe('lower: speed', () => {
  test('at least 100 times XState', () => {
    const figures = benchCharts(() => performance.now(), { loweredSteps: 2_000_000, xstateSteps: 1_000 });
    expect(figures.ratio).toBeGreaterThan(100);
  });

  test('steps leave nothing behind on the heap', () => {
    const run = loweredRun();
    run(1_000_000);
    // The smallest object for each step would move the heap by 16 MB, up, or down after a collection.
    const deltas = [1, 2, 3].map(() => {
      const before = process.memoryUsage().heapUsed;
      run(1_000_000);
      return process.memoryUsage().heapUsed - before;
    });
    expect(Math.min(...deltas.map(Math.abs))).toBeLessThan(1_000_000);
  });
});

/** The tables as sentences, rows in which nothing can happen left out. */
function readable(tables: ChartTables): string[] {
  const { configurations, events, start, roots } = tables;
  const lines = [`start -> ${readReference(tables, start)}`];
  for (const [index, reference] of roots.entries()) {
    const value = JSON.stringify(configurations[Math.floor(index / events.length)]!.value);
    const text = readReference(tables, reference);
    if (text !== value) lines.push(`${value} ${events[index % events.length]} -> ${text}`);
  }
  return lines;
}

function readReference(tables: ChartTables, reference: number): string {
  if (reference >= 0) {
    const [guard, , whenTrue, whenFalse] = tables.tests.slice(reference * 4, reference * 4 + 4);
    const { name } = tables.guards[guard!]!;
    return `${name} ? ${readReference(tables, whenTrue!)} : ${readReference(tables, whenFalse!)}`;
  }
  const row = ~reference;
  const words: string[] = [];
  for (let operation = tables.rowStart[row]!; operation < tables.rowStart[row + 1]!; operation++) {
    const [kind, index] = tables.operations.slice(operation * 3, operation * 3 + 2);
    const { name, params } = tables.actions[index!] ?? { name: '' };
    const action = params === undefined ? name : `${name} ${JSON.stringify(params)}`;
    words.push([action, `start ${index}`, `cancel ${index}`][kind!]!);
  }
  const value = JSON.stringify(tables.configurations[tables.rowNext[row]!]!.value);
  return words.length === 0 ? value : `${words.join(', ')}; ${value}`;
}
