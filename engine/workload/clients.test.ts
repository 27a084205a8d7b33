import { expect, test } from 'vitest';
import { ROUTE } from '../kernel/protocol.ts';
import type { TraceEntry } from '../observe/trace.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { clientKind, newClientGroup, newRoute } from './clients.ts';
import { uniformKeys } from './keys.ts';

const base = {
  id: 'clients',
  durationMs: 10_000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
  network: { within: { latency: 1 } },
  topology: { type: 'leader-follower' },
  workload: { clients: [{ id: 'app', readsPerSecond: 100 }] },
} as const satisfies ScenarioSource;

function traced(source: ScenarioSource, seed = 1): TraceEntry[] {
  const trace: TraceEntry[] = [];
  simulate(parseScenario(source), { seed, observe: (entry) => trace.push(entry) });
  return trace;
}

/** When operations of a kind began, in ms. */
const begins = (trace: readonly TraceEntry[], kind: 'read' | 'write') =>
  trace.flatMap((entry) => (entry.type === 'began' && entry.kind === kind ? [entry.atMs] : []));

const asked = (source: ScenarioSource, seed = 1) => {
  const { read, write } = simulate(parseScenario(source), { seed }).operations;
  return { read: read.ok + read.fail + read.info, write: write.ok + write.fail + write.info };
};

test('Poisson arrivals keep their rate, from one in ten minutes to 100,000 a second', () => {
  for (const [perSecond, durationMs] of [
    [100_000, 2000],
    [30_000, 2000],
    [333, 60_000],
    [1, 3_600_000],
    [1 / 600, 200 * 3_600_000],
  ] as const) {
    const quiet = { heartbeatMs: durationMs / 20, timeoutMs: durationMs, electionMs: durationMs };
    const count = asked({
      ...base,
      durationMs,
      topology: {
        ...base.topology,
        failover: quiet,
        keepaliveMs: durationMs,
        streamTimeoutMs: durationMs * 2,
        reconnectMs: durationMs,
      },
      workload: { clients: [{ readsPerSecond: perSecond }] },
    }).read;
    const expected = (perSecond * durationMs) / 1000;
    // A Poisson count has its mean for variance; five deviations are missed once in 1.7 million.
    expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
  }
});

test('Poisson waits are exponential: mean, deviation and tail', () => {
  const at = begins(
    traced({ ...base, durationMs: 20_000, workload: { clients: [{ readsPerSecond: 1000 }] } }),
    'read',
  );
  const waits = at.slice(1).map((atMs, index) => atMs - at[index]!);
  const mean = waits.reduce((sum, each) => sum + each) / waits.length;
  const deviation = Math.sqrt(waits.reduce((sum, each) => sum + (each - mean) ** 2, 0) / waits.length);
  expect(Math.abs(mean - 1)).toBeLessThan(5 / Math.sqrt(waits.length));
  // The deviation of an exponential's sample deviation is √2 of the mean's.
  expect(Math.abs(deviation - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(waits.length));
  for (const [longer, p] of [
    [1, Math.exp(-1)],
    [3, Math.exp(-3)],
  ] as const) {
    const count = waits.filter((wait) => wait > longer).length;
    expect(Math.abs(count - waits.length * p)).toBeLessThan(5 * Math.sqrt(waits.length * p * (1 - p)));
  }
});

test('regular arrivals come every 1/rate seconds, exactly', () => {
  const regular = (perSecond: number, durationMs: number) =>
    begins(
      traced({
        ...base,
        durationMs,
        workload: { clients: [{ readsPerSecond: perSecond }], arrivals: 'regular' },
      }),
      'read',
    );
  expect(regular(4, 1500)).toEqual([250, 500, 750, 1000, 1250]);
  // Every third falls on a whole ms; between them the fractions of a µs are not lost.
  const thirds = regular(3000, 10_000);
  expect(thirds.slice(0, 3)).toEqual([0.333, 0.666, 1]);
  expect(thirds.length).toBe(29_999);
  expect(thirds.at(-1)! + 1 / 3).toBeCloseTo(10_000, 2);
  for (const perSecond of [30_000, 70_000, 99_999]) {
    expect(Math.abs(regular(perSecond, 1000).length - perSecond)).toBeLessThanOrEqual(1);
  }
});

test('writes go to the leader; reads to the leader, to followers in turn, or to the nearest', () => {
  const targets = (source: ScenarioSource, kind: 'read' | 'write') => {
    const counts: Record<string, number> = {};
    for (const entry of traced(source)) {
      if (entry.type === 'sent' && entry.message.type === kind)
        counts[entry.to] = (counts[entry.to] ?? 0) + 1;
    }
    return counts;
  };
  const work = { workload: { clients: [{ id: 'app', readsPerSecond: 300, writesPerSecond: 100 }] } };
  const led = { ...base, ...work, topology: { ...base.topology, leader: 'b' } } satisfies ScenarioSource;
  expect(Object.keys(targets(led, 'write'))).toEqual(['b']);
  expect(Object.keys(targets(led, 'read'))).toEqual(['b']);

  const spread = targets({ ...led, topology: { ...led.topology, reads: 'followers' } }, 'read');
  expect(Object.keys(spread).sort()).toEqual(['a', 'c']);
  const all = spread.a! + spread.c!;
  expect(Math.abs(spread.a! - all / 2)).toBeLessThan(5 * Math.sqrt(all / 4));

  const far = {
    ...led,
    cluster: {
      nodes: [
        { id: 'a', region: 'x' },
        { id: 'b', region: 'x' },
        { id: 'c', region: 'y' },
      ],
    },
    network: { within: { latency: 1 }, between: [{ from: 'x', to: 'y', latency: 30 }] },
    workload: { clients: [{ id: 'app', region: 'y', readsPerSecond: 100 }] },
    topology: { ...led.topology, reads: 'nearest' as const },
  } satisfies ScenarioSource;
  expect(Object.keys(targets(far, 'read'))).toEqual(['c']);
  // Once the nearest is known to be dead, the next nearest; equally near ones share.
  const dead = targets(
    {
      ...far,
      faults: [{ type: 'crash', node: 'c', atMs: 2000 }],
      topology: { ...far.topology, failover: { heartbeatMs: 100, timeoutMs: 300 } },
    },
    'read',
  );
  expect(Object.keys(dead).sort()).toEqual(['a', 'b', 'c']);
  const both = dead.a! + dead.b!;
  expect(Math.abs(dead.a! - both / 2)).toBeLessThan(5 * Math.sqrt(both / 4));
});

test('where no follower lives, reads for followers go to the leader', () => {
  const trace = traced({
    ...base,
    topology: { ...base.topology, reads: 'followers', failover: { heartbeatMs: 50, timeoutMs: 200 } },
    faults: [
      { type: 'crash', node: 'b', atMs: 0 },
      { type: 'crash', node: 'c', atMs: 0 },
    ],
  });
  const late = trace.filter(
    (entry) => entry.atMs > 1000 && entry.type === 'sent' && entry.message.type === 'read',
  );
  expect(late.length).toBeGreaterThan(500);
  expect(new Set(late.map((entry) => 'to' in entry && entry.to))).toEqual(new Set(['a']));
});

test('an operation is given up when its patience is over, to the µs; a late answer changes nothing', () => {
  const trace = traced({
    ...base,
    workload: { clients: [{ id: 'app', readsPerSecond: 20 }], timeoutMs: 100 },
    faults: [{ type: 'slow-link', from: ['a'], to: ['app'], oneWay: true, extraMs: 500, atMs: 5000 }],
  });
  const began = new Map<number, number>();
  let given = 0;
  let late = 0;
  const over = new Set<number>();
  for (const entry of trace) {
    if (entry.type === 'began') began.set(entry.operation, entry.atMs);
    else if (
      entry.type === 'delivered' &&
      entry.message.type === 'read-ok' &&
      over.has(entry.message.operation)
    )
      late++;
    else if (entry.type === 'ended') {
      over.add(entry.operation);
      if (entry.outcome === 'ok') expect(entry.latencyMs).toBeLessThanOrEqual(100);
      else {
        given++;
        expect(entry.outcome).toBe('info');
        expect(entry.latencyMs).toBeCloseTo(100, 6);
        expect(entry.atMs - began.get(entry.operation)!).toBeCloseTo(100, 6);
      }
    }
  }
  expect(given).toBeGreaterThan(70);
  expect(late).toBeGreaterThan(70);
  expect(over.size).toBe(began.size);
});

test('many at once: every one of a thousand open operations is given up, in the order they began', () => {
  const trace = traced({
    ...base,
    durationMs: 3000,
    workload: { clients: [{ id: 'app', readsPerSecond: 1000 }], timeoutMs: 1000 },
    faults: [{ type: 'cut', from: ['app'], to: ['a'], atMs: 0 }],
  });
  const ended = trace.flatMap((entry) => (entry.type === 'ended' ? [entry] : []));
  expect(ended.length).toBeGreaterThan(2800);
  expect(ended.map(({ operation }) => operation)).toEqual(
    ended.map(({ operation }) => operation).toSorted((a, b) => a - b),
  );
  expect(
    ended.every(({ outcome, latencyMs }) => outcome === 'info' && Math.abs(latencyMs - 1000) < 1e-6),
  ).toBe(true);
});

test('a write to a follower is refused, and surely did not happen', () => {
  const trace = traced({
    ...base,
    topology: {
      ...base.topology,
      leader: 'a',
      failover: { heartbeatMs: 50, timeoutMs: 300, electionMs: 50 },
    },
    workload: { clients: [{ id: 'app', writesPerSecond: 200 }] },
    // The manager's word does not reach the clients, who go on asking the old leader.
    faults: [
      { type: 'cut', from: ['manager'], to: ['app'], atMs: 1000 },
      { type: 'pause', node: 'a', atMs: 2000, forMs: 1000 },
    ],
  });
  const refused = trace.flatMap((entry) =>
    entry.type === 'ended' && entry.outcome === 'fail' ? [entry.operation] : [],
  );
  expect(refused.length).toBeGreaterThan(500);
  const fail = new Set(refused);
  const replicated = trace.flatMap((entry) =>
    entry.type === 'sent' && entry.message.type === 'append' ? [entry.message.value] : [],
  );
  expect(replicated.filter((value) => fail.has(value))).toEqual([]);
});

test('a workload asks nothing once it is over', () => {
  const trace = traced({ ...base, durationMs: 1000 });
  const drain = trace.find((entry) => entry.type === 'drain')!;
  expect(drain.atMs).toBe(1000);
  expect(Math.max(...begins(trace, 'read'))).toBeLessThan(1000);
});

test('a link that doubles messages does not double a client’s: each write is in the log once', () => {
  const trace = traced({
    ...base,
    network: { within: { latency: { type: 'log-normal', medianMs: 2, p99Ms: 20 }, duplication: 0.5 } },
    workload: { clients: [{ id: 'app', writesPerSecond: 100 }] },
    faults: [{ type: 'lossy-link', from: ['app'], to: ['a'], duplication: 1, atMs: 1000, forMs: 5000 }],
  });
  const written = trace.flatMap((entry) =>
    entry.type === 'delivered' && entry.message.type === 'write' ? [entry.message.operation] : [],
  );
  expect(written.length).toBeGreaterThan(500);
  expect(new Set(written).size).toBe(written.length);
  expect(trace.some((entry) => entry.type === 'delivered' && entry.message.type === 'append')).toBe(true);
});

test('word of an older term that was overtaken does not send a client back to the old leader', () => {
  const known = newRoute(0, [1, 1, 1], 0);
  const group = newClientGroup(
    {
      group: 0,
      groups: 1,
      reads: 'leader',
      balance: 'random',
      tellsFound: false,
      seeksLeader: false,
      asksAnybody: false,
      writeBalance: null,
      holdersOf: null,
      valueBytes: 1,
      timeoutUs: 1000,
      keys: uniformKeys(1),
      readEvery: null,
      writeEvery: null,
      deleteEvery: null,
      context: null,
      users: null,
      remedies: null,
      routing: null,
    },
    [known],
  );
  const route = (leader: number, term: number) =>
    clientKind.onInput(
      group,
      { kind: ROUTE, from: 3, a: leader, b: term, c: 7, d: 0, e: 0, bytes: 0 },
      {
        nowUs: 0,
        elapsedUs: () => 0,
        clockUs: () => 0,
        occupy: () => 0,
        powerOff() {},
        send() {},
        startTimer() {},
        cancelTimer() {},
        fsync() {},
        note() {},
        draw: () => 0,
      },
    );
  route(1, 2);
  route(0, 1);
  expect(known.leader).toBe(1);
  route(-1, 3);
  expect(known.leader).toBe(1);
  route(2, 3);
  expect(known.leader).toBe(2);
});

test('a group whose time is over asks no more, but its users come back for what they wrote', () => {
  const trace = traced({
    ...base,
    workload: {
      clients: [{ id: 'app', writesPerSecond: 10, untilMs: 2050 }],
      arrivals: 'regular',
      users: { count: 5, readAfterWriteMs: 3000 },
    },
  });
  const writes = begins(trace, 'write');
  const reads = begins(trace, 'read');
  expect(writes).toHaveLength(20);
  expect(reads).toHaveLength(20);
  expect(Math.max(...writes)).toBe(2000);
  expect(Math.min(...reads)).toBeGreaterThan(3000);
});
