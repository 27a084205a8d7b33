import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../observe/trace.ts';
import { describeTraceEntry } from '../observe/trace.ts';
import { parseScenario } from '../scenario/parse.ts';
import { faultTypes, randomScenario } from '../scenario/random-scenario.test-support.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { replicasOf } from '../topologies/leader-follower/replicas-of.test-support.ts';
import type { LeaderFollowerSource } from '../topologies/leader-follower/schema.ts';
import { timelineTermOf } from '../topologies/wal.ts';
import type { Report } from './report.ts';
import { simulate } from './simulate.ts';
import { Simulation } from './simulation.ts';

/** Runs to the end with its trace. */
function run(source: ScenarioSource): { simulation: Simulation; report: Report; trace: TraceEntry[] } {
  const scenario = parseScenario(source);
  const trace: TraceEntry[] = [];
  const simulation = new Simulation(scenario, scenario.seed, (entry) => trace.push(entry));
  simulation.finish();
  return { simulation, report: simulation.report(), trace };
}

const count = (trace: readonly TraceEntry[], type: TraceEntry['type']) =>
  trace.filter((entry) => entry.type === type).length;

test('random scenarios: every run ends, and every message and operation is accounted for', () => {
  fc.assert(
    fc.property(randomScenario(), (source) => {
      const { simulation, report, trace } = run(source);
      const { loop } = simulation;
      expect(simulation.done).toBe(true);

      // Messages: what was sent, and what links doubled, was delivered or dropped or is still on its way.
      let inFlight = 0;
      loop.queue.forEach((record) => {
        if (loop.queue.words[record * 12 + 1]! >= 16) inFlight++;
      });
      const { sent, delivered, dropped } = report.messages;
      expect(sent + loop.duplicatedCount).toBe(delivered + dropped + inFlight);
      expect([sent, delivered, dropped]).toEqual([
        count(trace, 'sent'),
        count(trace, 'delivered'),
        count(trace, 'dropped'),
      ]);

      // Operations: each ends once, ok or fail or info; those still open when the run ends may have happened.
      const wrong: unknown[] = [];
      const begun = new Map<number, string>();
      for (const entry of trace) {
        if (entry.type === 'began') {
          if (begun.has(entry.operation)) wrong.push(['begun twice', entry]);
          begun.set(entry.operation, entry.kind);
        } else if (entry.type === 'ended') {
          if (begun.get(entry.operation) !== entry.kind) wrong.push(['ended twice, or never begun', entry]);
          begun.set(entry.operation, 'over');
        }
      }
      for (const kind of ['read', 'write'] as const) {
        const { ok, fail, info } = report.operations[kind];
        expect(ok + fail + info).toBe(
          trace.filter((entry) => entry.type === 'began' && entry.kind === kind).length,
        );
        const { ratio, longestOutageMs } = report.availability[kind];
        if (ratio !== null) expect(ratio >= 0 && ratio <= 1).toBe(true);
        expect(longestOutageMs).toBeGreaterThanOrEqual(0);
        const latency = Object.values(report.latencyMs[kind]);
        expect(latency.every((value) => (ok === 0 ? value === null : value >= 0))).toBe(true);
      }
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);

      // Virtual time never goes back, and every entry is a sentence.
      let atMs = 0;
      for (const entry of trace) {
        if (entry.atMs < atMs) wrong.push(['time goes back', entry]);
        atMs = entry.atMs;
        if (/undefined|NaN|null|\[object/.test(describeTraceEntry(entry))) wrong.push(['no sentence', entry]);
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('random scenarios: no write is acknowledged before its disks hold it: the leader’s, and those of the followers it waits for', () => {
  // Unless an operator cancels the wait.
  const faults = faultTypes.filter((type) => type !== 'cancel-waits');
  let acknowledged = 0;
  fc.assert(
    fc.property(randomScenario({ nodesMin: 2, faults }), (source) => {
      const { trace } = run(source);
      const nodes = source.cluster.nodes.length;
      const required = { asynchronous: 0, 'semi-synchronous': 1, synchronous: nodes - 1 }[
        (source.topology as LeaderFollowerSource).acknowledgement as
          | 'asynchronous'
          | 'semi-synchronous'
          | 'synchronous'
      ];
      /** By `leader term`, what each follower has told that leader it has on disk. */
      const confirmed = new Map<string, Map<string, number>>();
      const flushed = new Map<string, number>();
      for (const entry of trace) {
        if (entry.type === 'flushed') {
          flushed.set(entry.node, Math.max(entry.lsn, flushed.get(entry.node) ?? 0));
        } else if (entry.type === 'delivered') {
          const { message } = entry;
          if (message.type !== 'confirm' && message.type !== 'stream') continue;
          const lsn =
            message.type === 'confirm' ? message.flushedLsn : Math.min(message.flushedLsn, message.afterLsn);
          const key = `${entry.to} ${message.term}`;
          const followers = confirmed.get(key) ?? new Map<string, number>();
          followers.set(entry.from, Math.max(lsn, followers.get(entry.from) ?? 0));
          confirmed.set(key, followers);
        } else if (entry.type === 'sent' && entry.message.type === 'write-ok') {
          const { term, lsn } = entry.message;
          const followers = [...(confirmed.get(`${entry.from} ${term}`)?.values() ?? [])];
          if (followers.filter((confirmedLsn) => confirmedLsn >= lsn).length < required)
            expect({ entry, followers }).toBe('confirmed');
          if ((flushed.get(entry.from) ?? 0) < lsn) expect(entry).toBe('flushed');
          acknowledged++;
        }
      }
    }),
    { numRuns: 80, seed: 2 },
  );
  expect(acknowledged).toBeGreaterThan(1000);
});

test('random scenarios: a machine’s crash loses exactly what was not fsynced, a process’s crash nothing of the log', () => {
  const crashes = { machine: 0, memory: 0 };
  fc.assert(
    fc.property(randomScenario({ faults: ['crash', 'restart', 'slow-disk'] }), (source) => {
      const scenario = parseScenario(source);
      const expected: { node: number; lsn: number }[] = [];
      let loses: 'machine' | 'memory' = 'machine';
      const simulation: Simulation = new Simulation(scenario, scenario.seed, (entry) => {
        if (entry.type === 'fault' && entry.fault.type === 'crash') loses = entry.fault.loses ?? 'machine';
        if (entry.type !== 'crashed') return;
        const node = scenario.nodes.findIndex(({ id }) => id === entry.node);
        const { flushedLsn, wal } = replicasOf(simulation)[node]!;
        if (flushedLsn < wal.lastLsn) crashes[loses]++;
        expected.push({ node, lsn: loses === 'machine' ? flushedLsn : wal.lastLsn });
      });
      while (simulation.step()) {
        for (const { node, lsn } of expected.splice(0)) {
          const { flushedLsn, wal } = replicasOf(simulation)[node]!;
          expect([flushedLsn, wal.lastLsn]).toEqual([lsn, lsn]);
        }
      }
    }),
    { numRuns: 200, seed: 4 },
  );
  // Of those that found something not fsynced.
  expect(crashes.machine).toBeGreaterThan(5);
  expect(crashes.memory).toBeGreaterThan(5);
});

test('random scenarios: when all are up and drained, exactly N replicas hold every key, with one value', () => {
  let settled = 0;
  fc.assert(
    fc.property(
      randomScenario({ faults: ['pause', 'cut', 'slow-link', 'lossy-link', 'slow-disk'], reordering: false }),
      (source) => {
        const { simulation, report } = run(source);
        const replicas = replicasOf(simulation);
        const { lastLsn } = replicas[0]!.wal;
        expect(report.verdicts.find(({ name }) => name === 'divergence')!.result).not.toBe('violation');
        if (!replicas.every(({ flushedLsn, wal }) => flushedLsn === lastLsn && wal.lastLsn === lastLsn))
          return;
        settled++;
        for (let lsn = 1; lsn <= lastLsn; lsn++) {
          expect(new Set(replicas.map(({ wal }) => timelineTermOf(wal, lsn))).size).toBe(1);
        }
        const replayed = replicas
          .filter(({ replayedLsn }) => replayedLsn === lastLsn)
          .map(({ data }) => data.join());
        expect(new Set(replayed).size).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 80, seed: 5 },
  );
  // What may not settle is a manager that waits for positions for less than a round trip, and a tail without a mean.
  expect(settled).toBeGreaterThan(75);
});

const plain = {
  id: 'plain',
  durationMs: 10_000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 1 } } },
  network: { within: { latency: 2 } },
  topology: { type: 'leader-follower', failover: { heartbeatMs: 100, timeoutMs: 500, electionMs: 100 } },
  workload: { clients: [{ id: 'app', readsPerSecond: 50, writesPerSecond: 50 }] },
} as const satisfies ScenarioSource;

test('closed form: a write takes the round trip, the fsync, and what it waits for', () => {
  // One write at a time (regular, 20 a second), constant delays: 2 ms each way, 1 ms fsync.
  const latencyOf = (acknowledgement: 'asynchronous' | 'semi-synchronous' | 'synchronous', slow: number) =>
    simulate(
      parseScenario({
        ...plain,
        topology: { ...plain.topology, acknowledgement },
        workload: { clients: [{ id: 'app', writesPerSecond: 20 }], arrivals: 'regular' },
        faults: [{ type: 'slow-link', from: ['a'], to: ['c'], extraMs: slow, atMs: 0 }],
      }),
    ).latencyMs.write;
  expect(latencyOf('asynchronous', 0)).toMatchObject({ p50: 5, max: 5 });
  expect(latencyOf('semi-synchronous', 0)).toMatchObject({ p50: 10, max: 10 });
  expect(latencyOf('synchronous', 0)).toMatchObject({ p50: 10, max: 10 });
  // Semi-synchronous waits for the faster follower, synchronous for the slower one, both ways slower.
  expect(latencyOf('semi-synchronous', 30)).toMatchObject({ p50: 10, max: 10 });
  expect(latencyOf('synchronous', 30).p50! / 70).toBeCloseTo(1, 2);
});

test('a leader that dies before its first ok write: both failovers end with the next ok write', () => {
  const report = simulate(
    parseScenario({
      ...plain,
      // b takes over at about 1.5 s; its clients are cut off until it dies too.
      faults: [
        { type: 'crash', node: 'a', atMs: 1000 },
        { type: 'cut', from: ['app'], to: ['b'], atMs: 1000 },
        { type: 'crash', node: 'b', atMs: 3000 },
      ],
    }),
  );
  expect(report.failovers.map(({ fromNode, toNode }) => [fromNode, toNode])).toEqual([
    ['a', 'b'],
    ['b', 'c'],
  ]);
  const [first, second] = report.failovers.map(({ rtoMs }) => rtoMs!);
  expect(first! - second!).toBeCloseTo(2000, 6);
});

test('an operation that is open when the run ends may have happened', () => {
  const report = simulate(
    parseScenario({
      ...plain,
      drainMs: 0,
      workload: { clients: [{ id: 'app', writesPerSecond: 100 }], arrivals: 'regular', timeoutMs: 30_000 },
      topology: { ...plain.topology, failover: { automatic: false } },
      faults: [{ type: 'crash', node: 'a', atMs: 5_000 }],
    }),
  );
  const { ok, fail, info } = report.operations.write;
  expect(ok + fail + info).toBe(999);
  expect(info).toBeGreaterThan(490);
  expect(report.availability.write).toMatchObject({ ratio: ok / 999 });
  expect(report.availability.write.longestOutageMs).toBeGreaterThan(4990);
});

test('time beyond 32-bit µs: a fault at 45 minutes, and a sparse run of ten days', () => {
  const late = simulate(
    parseScenario({
      ...plain,
      durationMs: 50 * 60_000,
      workload: { clients: [{ id: 'app', writesPerSecond: 0.5 }], arrivals: 'regular' },
      topology: { ...plain.topology, failover: { heartbeatMs: 1000, timeoutMs: 5000 }, keepaliveMs: 5000 },
      faults: [{ type: 'crash', node: 'a', atMs: 45 * 60_000 }],
    }),
  );
  // Writes every 2 s at 2 s, 4 s, …, detection after 5 s of silence.
  expect(late.failovers).toHaveLength(1);
  expect(late.failovers[0]).toMatchObject({ fromNode: 'a', crashedAtMs: 2_700_000 });
  expect(late.failovers[0]!.rtoMs).toBeGreaterThan(4000);
  expect(late.failovers[0]!.rtoMs).toBeLessThan(9000);
  const { ok, fail, info } = late.operations.write;
  expect(ok + fail + info).toBe(1499);

  const dayMs = 86_400_000;
  const sparse = simulate(
    parseScenario({
      ...plain,
      durationMs: 10 * dayMs,
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }] },
      network: { within: { latency: 1000 } },
      workload: {
        clients: [{ id: 'app', writesPerSecond: 1 / 7200 }],
        arrivals: 'regular',
        timeoutMs: 60_000,
      },
      topology: {
        type: 'leader-follower',
        keepaliveMs: 3_600_000,
        streamTimeoutMs: 2 * dayMs,
        reconnectMs: 600_000,
        failover: { heartbeatMs: 3_600_000, timeoutMs: dayMs, electionMs: 60_000 },
      },
    }),
  );
  expect(sparse.operations.write).toEqual({ ok: 119, fail: 0, info: 0 });
  expect(sparse.latencyMs.write).toMatchObject({ p50: expect.closeTo(2000, -1), max: 2000 });
});

test('what a hopelessly slow node, disk or link would bring later than any run goes on does no harm', () => {
  const work = {
    clients: [{ id: 'app', readsPerSecond: 50, writesPerSecond: 50 }],
    valueBytes: 1_000_000_000,
  };
  for (const slow of [
    { network: { within: { latency: 1, bytesPerSecond: 0.001 } } },
    { cluster: { ...plain.cluster, defaults: { disk: { bytesPerSecond: 0.001 } } } },
    {
      cluster: {
        ...plain.cluster,
        defaults: { capacity: { readsPerSecond: 0.001, writesPerSecond: 0.001 } },
      },
    },
  ]) {
    const report = simulate(parseScenario({ ...plain, drainMs: 2000, workload: work, ...slow }));
    expect(report.operations.write.ok).toBeLessThanOrEqual(1);
    expect(report.operations.write.info).toBeGreaterThan(400);
  }
});
