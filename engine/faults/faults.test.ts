import { expect, test } from 'vitest';
import { DOWN, PAUSED, UP } from '../kernel/loop.ts';
import type { TraceEntry } from '../observe/trace.ts';
import { type FaultAction, open, type Player } from '../run/player.ts';
import { simulate } from '../run/simulate.ts';
import { Simulation } from '../run/simulation.ts';
import { parseScenario } from '../scenario/parse.ts';
import { InputError } from '../scenario/problems.ts';
import type { FaultSource, ScenarioSource } from '../scenario/schema.ts';

const base = {
  id: 'faults',
  durationMs: 2000,
  cluster: {
    nodes: [
      { id: 'a', region: 'x' },
      { id: 'b', region: 'x' },
      { id: 'c', region: 'y' },
    ],
  },
  network: { within: { latency: 1 }, between: [{ from: 'x', to: 'y', latency: 5 }] },
  topology: { type: 'leader-follower', failover: { automatic: false } },
  workload: { clients: [{ id: 'app', region: 'y', readsPerSecond: 100, writesPerSecond: 100 }] },
} as const satisfies ScenarioSource;

/** A run of these faults, with what is so just before each time asked about. */
function states<State>(
  faults: readonly FaultSource[],
  look: (simulation: Simulation) => State,
  atMs: readonly number[],
): State[] {
  const scenario = parseScenario({ ...base, faults: [...faults] });
  const simulation = new Simulation(scenario, 1, undefined);
  return atMs.map((ms) => {
    simulation.advanceTo(ms * 1000);
    return look(simulation);
  });
}

const processOf = (node: number) => (simulation: Simulation) => simulation.loop.process(node);
const cutLinks = ({ target }: Simulation) =>
  target.names.flatMap((from, i) =>
    target.names.flatMap((to, j) => (target.network.isCut(i, j) ? [`${from}→${to}`] : [])),
  );

test('crash: down until its time is over, or until a restart, or for good', () => {
  const crash = { type: 'crash', node: 'b', atMs: 100 } as const;
  expect(states([{ ...crash, forMs: 200 }], processOf(1), [100, 101, 300, 301])).toEqual([
    UP,
    DOWN,
    DOWN,
    UP,
  ]);
  expect(states([crash, { type: 'restart', node: 'b', atMs: 500 }], processOf(1), [500, 501])).toEqual([
    DOWN,
    UP,
  ]);
  expect(states([crash], processOf(1), [1999, 3000])).toEqual([DOWN, DOWN]);
});

test('a fault that lasts ends only its own doing', () => {
  const crash = (atMs: number, forMs?: number) =>
    ({ type: 'crash', node: 'b', atMs, ...(forMs && { forMs }) }) as const;
  const restart = { type: 'restart', node: 'b', atMs: 300 } as const;
  // Started again by hand and crashed anew: the first crash's end does not start it.
  expect(states([crash(100, 900), restart, crash(500)], processOf(1), [301, 501, 1001])).toEqual([
    UP,
    DOWN,
    DOWN,
  ]);
  // A crash of what is down does nothing, and so does its end.
  expect(states([crash(100), crash(200, 300)], processOf(1), [501, 1000])).toEqual([DOWN, DOWN]);
  // A pause that ended in a crash does not end the crash.
  const pause = { type: 'pause', node: 'b', atMs: 100, forMs: 500 } as const;
  expect(states([pause, crash(200)], processOf(1), [101, 201, 601])).toEqual([PAUSED, DOWN, DOWN]);
  expect(
    states(
      [pause, { type: 'resume', node: 'b', atMs: 150 }, { ...pause, atMs: 200 }],
      processOf(1),
      [151, 601, 701],
    ),
  ).toEqual([UP, PAUSED, UP]);
});

test('cut: both ways or one, between nodes, clients, the manager and whole regions', () => {
  const cut = (from: string[], to: string[], oneWay = false) =>
    states([{ type: 'cut', from, to, oneWay, atMs: 100 }], cutLinks, [101])[0]!.sort();
  expect(cut(['a'], ['b'])).toEqual(['a→b', 'b→a']);
  expect(cut(['a'], ['b'], true)).toEqual(['a→b']);
  expect(cut(['manager'], ['app'], true)).toEqual(['manager→app']);
  // The manager is in the first region, the clients in the other.
  expect(cut(['x'], ['y'], true)).toEqual(['a→app', 'a→c', 'b→app', 'b→c', 'manager→app', 'manager→c']);
  expect(cut(['a', 'x'], ['c'])).toEqual(['a→c', 'b→c', 'c→a', 'c→b', 'c→manager', 'manager→c']);
});

test('nested cuts: a link is whole when the last of them is over; a heal ends all, and their ends then do nothing', () => {
  const cut = (atMs: number, forMs?: number): FaultSource => ({
    type: 'cut',
    from: ['a'],
    to: ['b'],
    oneWay: true,
    atMs,
    ...(forMs && { forMs }),
  });
  const isCut = ({ target }: Simulation) => target.network.isCut(0, 1);
  expect(states([cut(100, 400), cut(200, 600)], isCut, [101, 501, 800, 801])).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(
    states(
      [cut(100, 900), { type: 'heal', from: ['a'], to: ['b'], atMs: 300 }, cut(400)],
      isCut,
      [301, 401, 1001, 1999],
    ),
  ).toEqual([false, true, true, true]);
  expect(
    states([cut(100, 900), { type: 'heal', atMs: 300 }, cut(400, 1000)], isCut, [301, 1001, 1401]),
  ).toEqual([false, true, false]);
  // The workload's end heals what is left.
  const both: FaultSource = { type: 'cut', from: ['a'], to: ['b'], atMs: 100 };
  expect(states([both], cutLinks, [2000, 2001])).toEqual([['a→b', 'b→a'], []]);
});

/** One-way delays of what the manager sends to a, ms, by the time it was sent. */
function delays(faults: readonly FaultSource[]): Map<number, number | null> {
  const delayAt = new Map<number, number | null>();
  const observe = (entry: TraceEntry) => {
    if (
      entry.type !== 'sent' ||
      entry.from !== 'manager' ||
      entry.to !== 'a' ||
      entry.message.type !== 'probe'
    )
      return;
    // The manager's heartbeat of 100 ms begins at a moment of its own.
    const tick = Math.floor(entry.atMs / 100) * 100;
    delayAt.set(
      tick,
      entry.arrivesMs === null ? null : Math.round((entry.arrivesMs - entry.atMs) * 1000) / 1000,
    );
  };
  simulate(
    parseScenario({
      ...base,
      topology: { ...base.topology, failover: { automatic: false, heartbeatMs: 100 } },
      faults: [...faults],
    }),
    { observe },
  );
  return delayAt;
}

test('slow link: adds to every delay while it lasts; the last one given is in force', () => {
  const slow = (extraMs: number, atMs: number, forMs?: number): FaultSource => ({
    type: 'slow-link',
    from: ['manager'],
    to: ['a'],
    oneWay: true,
    extraMs,
    atMs,
    ...(forMs && { forMs }),
  });
  const at = (faults: readonly FaultSource[], times: readonly number[]) =>
    times.map((ms) => delays(faults).get(ms));
  expect(at([slow(20, 300, 300)], [200, 300, 500, 600])).toEqual([1, 21, 21, 1]);
  expect(at([slow(20, 300), slow(0, 600)], [300, 500, 600])).toEqual([21, 21, 1]);
  expect(at([slow(20, 300, 300), slow(50, 400, 500)], [300, 400, 600, 800, 900])).toEqual([
    21, 51, 51, 51, 1,
  ]);
});

test('lossy link: all, none, and back to the link’s own', () => {
  const lossy: FaultSource = {
    type: 'lossy-link',
    from: ['manager'],
    to: ['a'],
    oneWay: true,
    loss: 1,
    atMs: 300,
    forMs: 300,
  };
  const delayAt = delays([lossy]);
  expect([200, 300, 400, 500, 600].map((ms) => delayAt.get(ms))).toEqual([1, null, null, null, 1]);
});

test('slow disk and clock skew are of one node', () => {
  const writes = (faults: readonly FaultSource[]) =>
    simulate(parseScenario({ ...base, faults: [...faults] })).latencyMs.write;
  expect(writes([]).max).toBe(10);
  expect(writes([{ type: 'slow-disk', node: 'a', extraMs: 5, atMs: 0 }]).p50! / 15).toBeGreaterThan(0.99);
  expect(writes([{ type: 'slow-disk', node: 'b', extraMs: 500, atMs: 0 }]).max).toBe(10);
  const clocks = states(
    [{ type: 'clock-skew', node: 'b', skewMs: -50, driftPpm: 1000, atMs: 500 }],
    ({ loop }) => [0, 1].map((node) => loop.clockUs(node) - loop.nowUs),
    [500, 501, 1500],
  );
  expect(clocks).toEqual([
    [0, 0],
    [0, -49_999],
    [0, -49_000],
  ]);
});

test('the drain heals links, disks and pauses; the dead stay dead, unless their time is over', () => {
  const faults: FaultSource[] = [
    { type: 'cut', from: ['x'], to: ['y'], atMs: 100 },
    { type: 'pause', node: 'a', atMs: 1900 },
    { type: 'crash', node: 'b', atMs: 100 },
    { type: 'crash', node: 'c', atMs: 100, forMs: 1950 },
  ];
  const seen = states(
    faults,
    (simulation) => [cutLinks(simulation).length, ...[0, 1, 2].map((node) => simulation.loop.process(node))],
    [2000, 2001, 2051],
  );
  expect(seen).toEqual([
    [12, PAUSED, DOWN, DOWN],
    [0, UP, DOWN, DOWN],
    [0, UP, DOWN, UP],
  ]);
});

const whyOf = (player: Player, label: string) =>
  player.enabledFaults().find((each) => each.label === label)!.why;

test('each fault says whether it is possible now, and why not', () => {
  const player = open(parseScenario(base));
  player.advanceTo(100);
  expect(whyOf(player, 'crash a')).toBe(null);
  expect(whyOf(player, 'restart a')).toBe('a is not down');
  expect(whyOf(player, 'resume a')).toBe('a is not paused');
  expect(whyOf(player, 'heal a – b')).toBe('no link there is cut');
  player.inject({ type: 'crash', node: 'a' });
  player.inject({ type: 'cut', from: ['a'], to: ['b'], oneWay: false });
  player.inject({ type: 'pause', node: 'c' });
  player.advanceTo(101);
  expect(whyOf(player, 'crash a')).toBe('a is down already');
  expect(whyOf(player, 'pause a')).toBe('a is not running');
  expect(whyOf(player, 'crash c')).toBe(null);
  expect(whyOf(player, 'heal a – b')).toBe(null);
  expect(player.enabledFaults().every(({ enabled, why }) => enabled === (why === null))).toBe(true);
  player.advanceTo(2001);
  expect(new Set(player.enabledFaults().map(({ why }) => why))).toEqual(new Set(['the workload is over']));
});

test('what an operator may do is offered where the topology knows it, with the reason where it cannot be now', () => {
  const player = open(parseScenario(base));
  player.advanceTo(100);
  expect(whyOf(player, 'promote a')).toBe('a leads already');
  expect(whyOf(player, 'promote b')).toBe(null);
  expect(whyOf(player, 'long query on a')).toBe('a leads: it replays nothing');
  expect(whyOf(player, 'huge transaction at the leader')).toBe(null);
  expect(whyOf(player, 'let waiting writes go')).toBe('no write waits for followers');
  for (const { fault, label } of player.enabledFaults())
    if (label === 'long query on b') player.inject(fault);
  player.advanceTo(110);
  expect(whyOf(player, 'long query on b')).toBe('a long query runs on b already');
  const raft = open(parseScenario({ ...base, topology: { type: 'consensus' }, faults: [] }));
  const operators = ['promote', 'long-query', 'huge-transaction', 'cancel-waits'];
  expect(raft.enabledFaults().filter(({ fault }) => operators.includes(fault.type))).toEqual([]);
});

test('a fault that is not possible is refused live, and does nothing from a file', () => {
  const player = open(parseScenario(base));
  player.advanceTo(100);
  const refused = (action: FaultAction): InputError => {
    try {
      player.inject(action);
    } catch (error) {
      return error as InputError;
    }
    throw new Error('was not refused');
  };
  expect(refused({ type: 'restart', node: 'a' }).problems[0]).toMatchObject({
    path: ['fault'],
    found: 'restart',
    hint: 'a is not down',
  });
  expect(refused({ type: 'crash', node: 'd' }).problems[0]).toMatchObject({
    path: ['fault', 'node'],
    found: '"d"',
    expected: 'a node: one of a, b, c',
  });
  expect(refused({ type: 'cut', from: ['a'], to: ['a'], oneWay: false })).toBeInstanceOf(InputError);
  expect(player.injected).toEqual([]);
  player.advanceTo(1e9);
  const calm = simulate(parseScenario(base));
  expect(player.report()).toEqual(calm);
  const filed = simulate(parseScenario({ ...base, faults: [{ type: 'restart', node: 'a', atMs: 100 }] }));
  // It is an input of the run all the same.
  expect(filed.events).toBe(calm.events + 1);
  expect(filed.operations).toEqual(calm.operations);
});

test('what was injected can be given in a file: its time is a time of the scenario', () => {
  const player = open(parseScenario({ ...base, durationMs: 30 }));
  for (let steps = 0; player.step(); steps++) {
    if (steps % 5 !== 0) continue;
    for (const node of ['a', 'b', 'c']) {
      if (whyOf(player, `pause ${node}`) === null) player.inject({ type: 'pause', node });
      else if (whyOf(player, `resume ${node}`) === null) player.inject({ type: 'resume', node });
    }
  }
  expect(player.injected.length).toBeGreaterThan(20);
  const filed = simulate(parseScenario({ ...base, durationMs: 30, faults: [...player.injected] }));
  expect(filed).toEqual(player.report());
});
