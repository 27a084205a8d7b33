/** What is done for users who read from followers: what each remedy keeps, what it does not, and what it costs. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { type ScenarioSource, sessionVerdictNames, type VerdictName } from '../../scenario/schema.ts';
import { type LeaderFollowerScenario, randomCluster } from './random-cluster.test-support.ts';

type Source = LeaderFollowerScenario;
type Reads = NonNullable<Source['topology']['reads']>;

const run = (source: ScenarioSource): Report => simulate(parseScenario(source));
/** Once streams have begun: how many reads broke a guarantee. */
const laterCountOf = (source: ScenarioSource, name: VerdictName): number => {
  let count = 0;
  simulate(parseScenario(source), {
    observe(entry) {
      if (entry.type === 'ended' && entry.atMs > 5000 && entry.broken?.includes(name)) count++;
    },
  });
  return count;
};
const countOf = ({ verdicts }: Report, name: string): number =>
  verdicts.find((verdict) => verdict.name === name)!.count;

/** The source with few users who come back soon, reading so. */
const reading = (source: Source, reads: Reads): Source => ({
  ...source,
  topology: { ...source.topology, reads },
  workload: {
    ...source.workload,
    keys: { count: 5 },
    clients: [{ writesPerSecond: 150, readsPerSecond: 300 }],
    users: { count: 5, readAfterWriteMs: 1 },
  },
});

/** Faults that leave every log as long as it was: nobody is promoted, nothing that anybody saw is lost. */
const harmless = ['pause', 'cut', 'slow-link', 'slow-disk', 'restart'] as const;
const nobodyIsPromoted = (source: Source): Source => ({
  ...source,
  topology: { ...source.topology, failover: { automatic: false } },
});

test('a read that says what its user has seen: every guarantee, under faults, at every distance', () => {
  const broken = { without: 0, held: 0, sentOn: 0 };
  fc.assert(
    fc.property(
      randomCluster({ faults: harmless, minNodes: 2, durationMs: 500 }),
      fc.constantFrom('followers' as const, 'nearest' as const),
      fc.constantFrom(2, 30),
      (random, from, waitForLsnMs) => {
        const source = nobodyIsPromoted(random);
        const without = run(reading(source, from));
        const entries: TraceEntry[] = [];
        const report = simulate(parseScenario(reading(source, { from, waitForLsnMs })), {
          observe: (entry) => entries.push(entry),
        });
        for (const name of sessionVerdictNames) {
          expect(countOf(report, name)).toBe(0);
          broken.without += countOf(without, name);
        }
        for (const entry of entries) {
          if (entry.type === 'delivered' && entry.message.type === 'behind') broken.sentOn++;
        }
      },
    ),
    { numRuns: runsOf({ full: 1000, reduced: 25 }) },
  );
  expect(broken.without).toBeGreaterThan(50);
  expect(broken.sentOn).toBeGreaterThan(10);
});

test('and with failovers that lose nothing that anybody saw', () => {
  let failovers = 0;
  fc.assert(
    fc.property(
      randomCluster({ faults: ['crash', 'restart', 'pause'], minNodes: 3, maxFaults: 3, durationMs: 700 }),
      (random) => {
        const source = {
          ...random,
          topology: { ...random.topology, acknowledgement: 'semi-synchronous' as const },
        };
        const entries: TraceEntry[] = [];
        const report = simulate(parseScenario(reading(source, { from: 'followers', waitForLsnMs: 20 })), {
          observe: (entry) => entries.push(entry),
        });
        failovers += report.failovers.length;
        // A record that somebody had read and that was thrown away is gone for its readers too.
        const isLost = entries.some(({ type }) => type === 'discarded') || report.rpo.writes > 0;
        if (isLost) return;
        for (const name of sessionVerdictNames) expect(countOf(report, name)).toBe(0);
      },
    ),
    { numRuns: runsOf({ full: 1000, reduced: 25 }) },
  );
  expect(failovers).toBeGreaterThan(2);
});

test('one follower for each user: time never goes backward and the order holds, as long as all live', () => {
  let without = 0;
  let ownMissed = 0;
  fc.assert(
    fc.property(
      randomCluster({ faults: ['slow-link', 'slow-disk'], minNodes: 3, durationMs: 500 }),
      (random) => {
        const source = nobodyIsPromoted(random);
        const report = run(reading(source, { from: 'followers', sticky: true }));
        expect(countOf(report, 'monotonic-reads')).toBe(0);
        expect(countOf(report, 'consistent-prefix')).toBe(0);
        ownMissed += countOf(report, 'read-your-writes');
        without += countOf(run(reading(source, 'followers')), 'monotonic-reads');
      },
    ),
    { numRuns: runsOf({ full: 1000, reduced: 25 }) },
  );
  expect(without).toBeGreaterThan(20);
  expect(ownMissed).toBeGreaterThan(20);
});

/** The far follower lags by `lagMs`, always; users are 1 ms from everybody. */
const lagging = (lagMs: number, reads: Reads): Source => ({
  id: 'lagging',
  durationMs: 20_000,
  cluster: {
    nodes: [
      { id: 'leader', region: 'here' },
      { id: 'near', region: 'here' },
      { id: 'far', region: 'there' },
    ],
  },
  network: {
    within: { latency: 1 },
    between: [
      { from: 'here', to: 'there', latency: lagMs },
      { from: 'app', to: 'here', latency: 1 },
      { from: 'app', to: 'there', latency: 1 },
    ],
  },
  topology: { type: 'leader-follower', reads },
  workload: {
    clients: [{ region: 'app', writesPerSecond: 20, readsPerSecond: 400 }],
    keys: { count: 5 },
    users: { count: 50, readAfterWriteMs: 20 },
  },
});

test('from the leader for T after a write: own writes are there if no follower lags for longer than T', () => {
  for (const lagMs of [20, 90, 290]) {
    expect(laterCountOf(lagging(lagMs, 'followers'), 'read-your-writes')).toBeGreaterThan(0);
    expect(laterCountOf(lagging(lagMs, { from: 'followers', leaderForMs: 300 }), 'read-your-writes')).toBe(0);
  }
  // The limit: a follower that lags for longer shows the past once T is over.
  const beyond = laterCountOf(lagging(900, { from: 'followers', leaderForMs: 300 }), 'read-your-writes');
  expect(beyond).toBeGreaterThan(0);
  expect(beyond).toBeLessThan(laterCountOf(lagging(900, 'followers'), 'read-your-writes'));
  // It says nothing of what others wrote.
  expect(countOf(run(lagging(290, { from: 'followers', leaderForMs: 300 })), 'stale-reads')).toBeGreaterThan(
    0,
  );
});

test('what each costs: load on the leader, or time', () => {
  const lagMs = 290;
  const measured = (reads: Reads) => {
    const { nodes, latencyMs, operations } = run(lagging(lagMs, reads));
    return {
      share: nodes[0]!.reads / operations.read.ok,
      p50: latencyMs.read.p50!,
      p99: latencyMs.read.p99!,
    };
  };
  const followers = measured('followers');
  const leader = measured('leader');
  const leaderFor = measured({ from: 'followers', leaderForMs: 300 });
  const waiting = measured({ from: 'followers', waitForLsnMs: 3000 });
  const briefly = measured({ from: 'followers', waitForLsnMs: 50 });
  const sticky = measured({ from: 'followers', sticky: true });
  expect(followers.share).toBe(0);
  expect(leader.share).toBe(1);
  expect(sticky.share).toBe(0);
  // A user writes every 2.5 s; for 300 ms of that it reads from the leader, and for what it has just written.
  expect(leaderFor.share).toBeGreaterThan(0.1);
  expect(leaderFor.share).toBeLessThan(0.25);
  // Waiting long, nobody asks the leader, and some wait for as long as the follower lags.
  expect(waiting.share).toBe(0);
  expect(waiting.p99).toBeGreaterThan(200);
  expect(waiting.p99).toBeLessThan(2 * lagMs);
  expect(waiting.p50).toBeCloseTo(followers.p50, 1);
  // Waiting briefly costs a little of both: 50 ms, and another round trip.
  expect(briefly.p99).toBeGreaterThanOrEqual(54);
  expect(briefly.p99).toBeLessThan(56);
  expect(briefly.share).toBeGreaterThan(0.05);
});

test('a replica that waits for nothing that will come sends its reader to the leader, to the µs', () => {
  const entries: TraceEntry[] = [];
  const waitForLsnMs = 25;
  simulate(parseScenario(lagging(900, { from: 'followers', waitForLsnMs })), {
    observe: (entry) => entries.push(entry),
  });
  const arrived = new Map<number, number>();
  let sentOn = 0;
  for (const entry of entries) {
    if (entry.type === 'delivered' && entry.message.type === 'read' && !arrived.has(entry.message.operation))
      arrived.set(entry.message.operation, entry.atMs);
    if (entry.type !== 'sent' || entry.message.type !== 'behind') continue;
    sentOn++;
    expect(entry.from).toBe('far');
    expect(entry.atMs - arrived.get(entry.message.operation)!).toBeCloseTo(waitForLsnMs, 6);
  }
  expect(sentOn).toBeGreaterThan(100);
});

/** PostgreSQL's level and whom it waits for; users hurry, and replay is as slow as it may be for the load. */
const waitingFor = (level: 'on' | 'remote_apply', standbys: string): Source => {
  const source = lagging(10, 'followers');
  return {
    ...source,
    cluster: { nodes: source.cluster.nodes.map((node) => ({ ...node, replay: { recordsPerSecond: 250 } })) },
    topology: {
      ...source.topology,
      acknowledgement: { style: 'postgresql', level, standbys },
      failover: { automatic: false },
    },
    workload: {
      ...source.workload,
      clients: [{ region: 'app', writesPerSecond: 150, readsPerSecond: 600 }],
      users: { count: 5, readAfterWriteMs: 1 },
    },
  };
};

test('remote_apply on every standby: own writes are found, at the price of every write; one standby of two is not enough', () => {
  const flushed = run(waitingFor('on', 'FIRST 2 (near, far)'));
  const oneApplied = run(waitingFor('remote_apply', 'FIRST 1 (near, far)'));
  const allApplied = run(waitingFor('remote_apply', 'FIRST 2 (near, far)'));
  expect(countOf(flushed, 'read-your-writes')).toBeGreaterThan(20);
  expect(countOf(oneApplied, 'read-your-writes')).toBeGreaterThan(20);
  for (const name of ['read-your-writes', 'stale-reads']) expect(countOf(allApplied, name)).toBe(0);
  // What is not acknowledged yet one follower may show before the other.
  expect(countOf(allApplied, 'monotonic-reads')).toBeGreaterThan(0);
  expect(allApplied.latencyMs.write.p50!).toBeGreaterThan(flushed.latencyMs.write.p50! + 2);
  expect(allApplied.latencyMs.read.p50!).toBeLessThan(flushed.latencyMs.read.p50! + 1);
});

test('a replica holds so many reads and no more; a crash takes them with it', () => {
  const source = lagging(900, { from: 'followers', waitForLsnMs: 800 });
  const busy: Source = {
    ...source,
    durationMs: 3000,
    topology: { ...source.topology, failover: { automatic: false } },
    workload: {
      ...source.workload,
      clients: [{ region: 'app', writesPerSecond: 1000, readsPerSecond: 8000 }],
      timeoutMs: 5000,
    },
    faults: [{ type: 'crash', node: 'far', atMs: 2000 }],
  };
  const entries: TraceEntry[] = [];
  const { operations } = simulate(parseScenario(busy), { observe: (entry) => entries.push(entry) });
  const held = new Set<number>();
  let most = 0;
  for (const entry of entries) {
    if (entry.type === 'delivered' && entry.to === 'far' && entry.message.type === 'read')
      held.add(entry.message.operation);
    if (entry.type !== 'sent' || entry.from !== 'far') continue;
    if (entry.message.type === 'behind' || entry.message.type === 'read-ok')
      held.delete(entry.message.operation);
    most = Math.max(most, held.size);
  }
  expect(most).toBe(1000);
  // Nobody answers those that the follower held when it died.
  expect(operations.read.info).toBeGreaterThanOrEqual(1000);
});
