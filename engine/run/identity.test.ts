/** What identity means: each line of the promise that a run is a pure function of scenario, seed and engine version. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../observe/histogram.ts';
import type { TraceEntry } from '../observe/trace.ts';
import { parseScenario } from '../scenario/parse.ts';
import { randomFault, randomScenario } from '../scenario/random-scenario.test-support.ts';
import type { FaultSource, ScenarioSource } from '../scenario/schema.ts';
import { type FaultAction, open, type Player } from './player.ts';
import type { Report } from './report.ts';
import { simulate } from './simulate.ts';

const plain = {
  id: 'plain',
  durationMs: 3000,
  cluster: {
    nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
    defaults: { disk: { fsync: { type: 'exponential', meanMs: 1 } } },
  },
  network: { within: { latency: { type: 'log-normal', medianMs: 1, p99Ms: 8 } } },
  topology: {
    type: 'leader-follower',
    failover: { heartbeatMs: 50, timeoutMs: 300, electionMs: 100 },
    keepaliveMs: 100,
  },
  workload: { clients: [{ id: 'app', readsPerSecond: 100, writesPerSecond: 100 }] },
} as const satisfies ScenarioSource;

const lossy = {
  ...plain,
  id: 'lossy',
  network: {
    within: {
      latency: { type: 'pareto', scaleMs: 1, shape: 3 },
      loss: 0.02,
      duplication: 0.02,
      bytesPerSecond: 1e6,
    },
  },
  topology: { ...plain.topology, acknowledgement: 'semi-synchronous', reads: 'followers' },
  faults: [{ type: 'cut', from: ['a'], to: ['b', 'c'], atMs: 1000, forMs: 700 }],
} as const satisfies ScenarioSource;

const crashing = {
  ...plain,
  id: 'crashing',
  cluster: {
    ...plain.cluster,
    defaults: { disk: { fsync: 2 }, capacity: { writesPerSecond: 300, appliesPerSecond: 5000 } },
  },
  topology: { ...plain.topology, acknowledgement: 'synchronous', reads: 'nearest' },
  workload: { ...plain.workload, keys: { count: 50, choice: 'zipf' } },
  faults: [
    { type: 'crash', node: 'a', atMs: 1000, forMs: 1000 },
    { type: 'pause', node: 'b', atMs: 1500, forMs: 200 },
    { type: 'clock-skew', node: 'c', skewMs: 40, driftPpm: 50_000, atMs: 200 },
  ],
} as const satisfies ScenarioSource;

const leaders = {
  id: 'leaders',
  durationMs: 2000,
  cluster: {
    nodes: [{ id: 'a' }, { id: 'b', clock: { skewMs: 3 } }, { id: 'c' }, { id: 'd' }],
    defaults: { disk: { fsync: { type: 'exponential', meanMs: 1 } } },
  },
  network: { within: { latency: { type: 'log-normal', medianMs: 5, p99Ms: 40 }, loss: 0.02 } },
  topology: {
    type: 'multi-leader',
    exchange: 'ring',
    reconfigureAfterMs: 200,
    causal: true,
    tables: [
      { id: 'rows', detect: 'column', columns: 2, deletes: 0.1, unique: { values: 40 } },
      { id: 'carts', rows: 10, resolve: 'add-wins-set', deletes: 0.3, parent: { table: 'rows' } },
    ],
    silenceMs: 100,
    retryMs: 50,
  },
  workload: { clients: [{ id: 'app', readsPerSecond: 100, writesPerSecond: 200 }], keys: { count: 20 } },
  faults: [{ type: 'crash', node: 'c', atMs: 700, forMs: 600 }],
} as const satisfies ScenarioSource;

/** Runs a scenario to its end with its trace. */
function traced(source: ScenarioSource, seed = source.seed ?? 1): { report: Report; trace: TraceEntry[] } {
  const trace: TraceEntry[] = [];
  const report = simulate(parseScenario(source), { seed, observe: (entry) => trace.push(entry) });
  return { report, trace };
}

/** As `toEqual`, and quick where they are equal, which is nearly always. */
function expectSame(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

const before = (trace: readonly TraceEntry[], atMs: number) =>
  JSON.stringify(trace.filter((entry) => entry.atMs < atMs));

/**
 * Digests are pinned so that no change moves a run unnoticed. Where a change means to (another protocol step, another
 * draw), say so in its message and update them: npx vitest run engine/run/identity -u
 */
test('pinned digests', () => {
  const digests = [plain, lossy, crashing, leaders].map((source) => {
    const { id, seed = 1 }: ScenarioSource = source;
    return `${id} ${seed}: ${simulate(parseScenario(source)).digest}`;
  });
  expect(digests).toMatchInlineSnapshot(`
    [
      "plain 1: b01759e54b26fcba",
      "lossy 1: 4bd15abf9913542f",
      "crashing 1: e8d0b8a8a6aa0886",
      "leaders 1: ab495416eb7a816a",
    ]
  `);
});

test('two runs of one scenario and seed are one run; another seed is another', () => {
  fc.assert(
    fc.property(randomScenario({ drainMs: 500, durationMsMax: 600 }), fc.nat(), (source, seed) => {
      const scenario = parseScenario(source);
      expectSame(simulate(scenario, { seed }), simulate(scenario, { seed }));
    }),
    { numRuns: 40, seed: 1 },
  );
  const seeds = Array.from(
    { length: 50 },
    (_, seed) => simulate(parseScenario(lossy), { seed, untilMs: 300 }).digest,
  );
  expect(new Set(seeds).size).toBe(50);
});

/** Ways to play a run to its end. */
const waysToPlay: Record<string, (player: Player, chance: () => number) => void> = {
  '30 Hz': (player) => playAt(player, 1000 / 30),
  '60 Hz': (player) => playAt(player, 1000 / 60),
  '120 Hz': (player) => playAt(player, 1000 / 120),
  'in uneven steps, some of a microsecond': (player, chance) => {
    for (let atMs = 0; !player.done; atMs += chance() < 0.2 ? 0.001 : chance() * 300) player.advanceTo(atMs);
  },
  'one input after the other': (player) => {
    while (player.step());
  },
  'now a step, now a stretch': (player, chance) => {
    while (!player.done) {
      if (chance() < 0.5) for (let steps = chance() * 20; steps > 0; steps--) player.step();
      else player.advanceTo(player.nowMs + chance() * 60);
    }
  },
  'all at once': (player) => player.advanceTo(1e9),
};

function playAt(player: Player, frameMs: number): void {
  for (let frame = 1; !player.done; frame++) player.advanceTo(frame * frameMs);
}

test('however it is advanced, a run has one digest and one report', () => {
  fc.assert(
    fc.property(
      randomScenario({ drainMs: 500, durationMsMax: 500 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (source, draws) => {
        const scenario = parseScenario(source);
        const whole = simulate(scenario);
        for (const [name, play] of Object.entries(waysToPlay)) {
          const player = open(scenario);
          play(player, () => draws.next().value!);
          expectSame({ name, report: player.report() }, { name, report: whole });
        }
      },
    ),
    { numRuns: 20, seed: 2 },
  );
});

test('a workload that ends between two looks of the drain ends at the same time, stepped or run through', () => {
  for (const durationMs of [9.999, 10, 10.001, 499.999, 500]) {
    const scenario = parseScenario({ ...plain, durationMs });
    const stepped = open(scenario);
    while (stepped.step());
    const framed = open(scenario);
    playAt(framed, 1000 / 60);
    expect([stepped.report(), framed.report()]).toEqual([simulate(scenario), simulate(scenario)]);
    expect(stepped.nowMs).toBe(framed.nowMs);
  }
});

test('looking on changes nothing: observer, views, reports', () => {
  fc.assert(
    fc.property(randomScenario({ drainMs: 500, durationMsMax: 500 }), (source) => {
      const scenario = parseScenario(source);
      const unseen = simulate(scenario);
      expectSame(traced(source).report, unseen);
      const watched = open(scenario);
      for (let atMs = 0; !watched.done; atMs += 97) {
        watched.advanceTo(atMs);
        watched.view();
        watched.report();
        watched.enabledFaults();
      }
      expectSame(watched.report(), unseen);
    }),
    { numRuns: 20, seed: 3 },
  );
});

test('a picture is of the moment, not of how the run came there', () => {
  fc.assert(
    fc.property(randomScenario({ drainMs: 500, durationMsMax: 500 }), fc.nat(500), (source, atMs) => {
      const scenario = parseScenario(source);
      const through = open(scenario);
      through.advanceTo(atMs);
      const framed = open(scenario);
      for (let frameMs = 0.7; frameMs < atMs; frameMs += 0.7) framed.advanceTo(frameMs);
      framed.advanceTo(atMs);
      expect(framed.view()).toEqual(through.view());
    }),
    { numRuns: 60, seed: 5 },
  );
});

test('a fault at t leaves the trace before t as it was', () => {
  fc.assert(
    fc.property(
      randomScenario({ drainMs: 500, durationMsMax: 600, nodesMin: 2 }).chain((source) =>
        fc.record({
          source: fc.constant(source),
          fault: randomFault(['n1', 'n2'], ['n1', 'n2', 'c1', 'manager'], source.durationMs),
        }),
      ),
      ({ source, fault }) => {
        const calm = traced(source).trace;
        const struck = traced({ ...source, faults: [...source.faults!, fault] }).trace;
        expect(before(struck, fault.atMs)).toBe(before(calm, fault.atMs));
        // At 0 everybody has started already.
        if (fault.atMs > 0) expect(struck.find((entry) => entry.atMs >= fault.atMs)!.type).toBe('fault');
      },
    ),
    { numRuns: 40, seed: 4 },
  );
});

/** Opens a scenario with its trace, plays to each fault's time and injects it there; those that are not possible are left out. */
function injectedLive(
  source: ScenarioSource,
  faults: readonly FaultSource[],
): { player: Player; trace: TraceEntry[] } {
  const trace: TraceEntry[] = [];
  const player = open(parseScenario(source), { observe: (entry) => trace.push(entry) });
  for (const { atMs, ...action } of [...faults].sort((a, b) => a.atMs - b.atMs)) {
    player.advanceTo(atMs);
    const parsed = parseScenario({ ...source, faults: [{ ...action, atMs: 0 } as FaultSource] }).faults[0]!;
    const { atMs: _, ...complete } = parsed;
    try {
      player.inject(complete as FaultAction);
    } catch (error) {
      expect((error as Error).name).toBe('InputError');
    }
  }
  while (!player.done) player.advanceTo(player.nowMs + 1000 / 60);
  return { player, trace };
}

test('a fault in the file and the same fault injected live are one run', () => {
  let injected = 0;
  fc.assert(
    fc.property(
      randomScenario({ drainMs: 500, durationMsMax: 600, nodesMin: 2 }).chain((source) =>
        fc.record({
          source: fc.constant(source),
          faults: fc.array(randomFault(['n1', 'n2'], ['n1', 'n2', 'c1', 'manager'], source.durationMs), {
            minLength: 1,
            maxLength: 5,
          }),
        }),
      ),
      ({ source, faults }) => {
        const { player, trace } = injectedLive(source, faults);
        injected += player.injected.length;
        const filed = traced({ ...source, faults: [...source.faults!, ...player.injected] });
        expectSame(filed.report, player.report());
        expectSame(filed.trace, trace);
      },
    ),
    { numRuns: 50, seed: 5 },
  );
  expect(injected).toBeGreaterThan(80);
});

test('faults at the same time as one another, as a sample of the lag, as the workload’s end', () => {
  const source = { ...plain, durationMs: 500 } satisfies ScenarioSource;
  for (const atMs of [0.001, 1, 250, 499.999, 500]) {
    const faults: FaultSource[] = [
      { type: 'cut', from: ['a'], to: ['b'], atMs },
      { type: 'pause', node: 'b', atMs },
      { type: 'crash', node: 'a', atMs, forMs: 500 - Math.min(499, atMs) },
      { type: 'slow-disk', node: 'c', extraMs: 3, atMs },
    ];
    const { player, trace } = injectedLive(source, faults);
    expect(player.injected).toHaveLength(4);
    const filed = traced({ ...source, faults: [...player.injected] });
    expect(filed.report).toEqual(player.report());
    expect(filed.trace).toEqual(trace);
  }
});

test('a fault at exactly the time of a message comes before it', () => {
  const calm = traced(plain).trace;
  const arrival = calm.find((entry) => entry.type === 'delivered' && entry.to === 'a' && entry.atMs > 1000)!;
  const fault = { type: 'crash', node: 'a', atMs: arrival.atMs } as const;
  const { trace, report } = traced({ ...plain, faults: [fault] });
  const at = trace.findIndex((entry) => entry.atMs === arrival.atMs);
  expect(trace.slice(at, at + 3).map(({ type }) => type)).toEqual(['fault', 'crashed', 'dropped']);
  expect(injectedLive(plain, [fault]).player.report()).toEqual(report);
});

test('a fork equals its player, and both go on as one', () => {
  fc.assert(
    fc.property(
      randomScenario({ drainMs: 500, durationMsMax: 500, nodesMin: 2 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 0.2, noNaN: true })), {
        maxLength: 6,
      }),
      fc.boolean(),
      (source, moves, strike) => {
        const player = open(parseScenario(source));
        for (const move of moves) {
          if (Number.isInteger(move)) for (let steps = move; steps > 0; steps--) player.step();
          else player.advanceTo(player.nowMs + move * source.durationMs);
        }
        if (strike && player.enabledFaults()[0]!.enabled) player.inject({ type: 'crash', node: 'n1' });
        const fork = player.fork();
        expect([fork.digest(), fork.nowMs, fork.view()]).toEqual([
          player.digest(),
          player.nowMs,
          player.view(),
        ]);
        expect(fork.enabledFaults()).toEqual(player.enabledFaults());
        expect(fork.report()).toEqual(player.report());
        for (let steps = 0; steps < 50; steps++) {
          expect(fork.step()).toBe(player.step());
          expect([fork.digest(), fork.nowMs]).toEqual([player.digest(), player.nowMs]);
        }
        fork.advanceTo(1e9);
        while (player.step());
        expect(fork.report()).toEqual(player.report());
      },
    ),
    { numRuns: 40, seed: 6 },
  );
});

test('a fork is its own: what befalls it does not touch the player', () => {
  const player = open(parseScenario(plain));
  player.advanceTo(1000);
  const fork = player.fork();
  fork.inject({ type: 'crash', node: 'a' });
  fork.advanceTo(1e9);
  player.advanceTo(1e9);
  expect(player.report()).toEqual(simulate(parseScenario(plain)));
  expect(fork.report()).toEqual(
    simulate(parseScenario({ ...plain, faults: [{ type: 'crash', node: 'a', atMs: 1000 }] })),
  );
});

test('a fork made at the very end of the workload', () => {
  const scenario = parseScenario({ ...plain, durationMs: 200 });
  const player = open(scenario);
  while (player.nowMs < 200) player.step();
  for (let steps = 0; steps < 5; steps++) {
    const fork = player.fork();
    expect(fork.view()).toEqual(player.view());
    expect(fork.step()).toBe(player.step());
    expect([fork.digest(), fork.nowMs]).toEqual([player.digest(), player.nowMs]);
  }
});

const asks = (trace: readonly TraceEntry[], client: string) =>
  trace.flatMap((entry) =>
    entry.type === 'began' && entry.client === client ? [[entry.atMs, entry.kind, entry.key]] : [],
  );

test('named streams: another client group, node or region leaves the others’ chance as it was', () => {
  const base = asks(traced(plain).trace, 'app');
  expect(base.length).toBeGreaterThan(500);
  const other = { id: 'other', readsPerSecond: 300, writesPerSecond: 50 };
  const joined = { ...plain, workload: { clients: [other, ...plain.workload.clients] } };
  expect(asks(traced(joined).trace, 'app')).toEqual(base);
  const wider = { ...plain, cluster: { ...plain.cluster, nodes: [...plain.cluster.nodes, { id: 'd' }] } };
  expect(asks(traced(wider).trace, 'app')).toEqual(base);

  // Also where the groups have no names of their own.
  const [unnamed] = plain.workload.clients.map(({ id: _, ...rest }) => rest);
  const alone = traced({ ...plain, workload: { clients: [unnamed!] } }).trace;
  const two = traced({ ...plain, workload: { clients: [unnamed!, unnamed!] } }).trace;
  expect(asks(two, 'clients')).toEqual(asks(alone, 'clients'));
});

test('a cut, a loss or a slow link moves no later draw of the link', () => {
  // The delays of what a sends to b, in order: with a cut for a while they are the same, where both were sent.
  const delays = (source: ScenarioSource) =>
    traced(source).trace.flatMap((entry) =>
      entry.type === 'sent' && entry.from === 'manager' && entry.to === 'c'
        ? [entry.arrivesMs && entry.arrivesMs - entry.atMs]
        : [],
    );
  const unordered = {
    ...plain,
    drainMs: 0,
    network: { within: { ...plain.network.within, reordering: true } },
  };
  const calm = delays(unordered);
  const cut = delays({
    ...unordered,
    faults: [{ type: 'cut', from: ['manager'], to: ['c'], atMs: 1000, forMs: 500 }],
  });
  const lossyToC = delays({
    ...unordered,
    faults: [
      {
        type: 'lossy-link',
        from: ['manager'],
        to: ['c'],
        loss: 0.5,
        duplication: 0.5,
        atMs: 1000,
        forMs: 500,
      },
    ],
  });
  expect(cut.filter((delay) => delay === null)).toHaveLength(10);
  for (const struck of [cut, lossyToC]) {
    const moved = struck.filter((delay, index) => delay !== null && Math.abs(delay - calm[index]!) > 1e-9);
    expect(moved).toEqual([]);
  }
});

test('aggregates are integers: merged parts equal the whole byte for byte, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat({ max: 2 ** 31 - 1 })), { minLength: 1, maxLength: 6 }), (parts) => {
      const whole = new Histogram();
      const merged = new Histogram();
      const backwards = new Histogram();
      const histograms = parts.map((values) => {
        const part = new Histogram();
        for (const value of values) {
          part.record(value);
          whole.record(value);
        }
        return part;
      });
      for (const part of histograms) merged.merge(part);
      for (const part of histograms.toReversed()) backwards.merge(part);
      expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
      expect(JSON.stringify(backwards)).toBe(JSON.stringify(whole));
    }),
  );
});
