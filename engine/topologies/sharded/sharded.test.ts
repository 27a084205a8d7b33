import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import { open } from '../../run/player.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { describeProblem, InputError } from '../../scenario/problems.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { randomFault } from '../leader-follower/random-cluster.test-support.ts';

type Sharded = Extract<ScenarioSource['topology'], { type: 'sharded' }>;

const five = ['a', 'b', 'c', 'd', 'e'];

function sharded(topology: Partial<Sharded>, changes: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'sharded',
    durationMs: 2000,
    cluster: { nodes: five.map((id) => ({ id })), defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: 2 } },
    topology: {
      type: 'sharded',
      shards: 5,
      replicas: 3,
      of: {
        type: 'leader-follower',
        acknowledgement: 'semi-synchronous',
        failover: { heartbeatMs: 40, timeoutMs: 150, electionMs: 60 },
        reconnectMs: 50,
        keepaliveMs: 40,
        streamTimeoutMs: 300,
      },
      ...topology,
    },
    workload: {
      clients: [{ writesPerSecond: 500, readsPerSecond: 500 }],
      keys: { count: 100 },
      timeoutMs: 200,
    },
    ...changes,
  };
}

test('one shard over all nodes is the topology it is made of', () => {
  const plain = sharded({}).topology as Sharded;
  const whole = simulate(parseScenario(sharded({ shards: 1, replicas: 5 })));
  const same = simulate(parseScenario({ ...sharded({}), topology: plain.of }));
  // Streams of chance are named after members, which are called `a/0` here: the same kind of run, not the same draws.
  expect(whole.operations.write.ok).toBeGreaterThan(900);
  expect(whole.operations.write.ok).toBeCloseTo(same.operations.write.ok, -2);
  expect(whole.latencyMs.write.p50! / same.latencyMs.write.p50!).toBeCloseTo(1, 1);
});

test('every write of a key goes to the leader of its shard, and each shard orders its own', () => {
  const entries: TraceEntry[] = [];
  simulate(parseScenario(sharded({})), { observe: (entry) => entries.push(entry) });
  let writes = 0;
  for (const entry of entries) {
    if (entry.type !== 'delivered' || entry.message.type !== 'write') continue;
    const shard = entry.message.key % 5;
    expect(entry.to).toBe(`${five[shard]}/${shard}`);
    writes++;
  }
  expect(writes).toBeGreaterThan(900);
});

test('a node that dies takes the leaders and followers on it along, and only those', () => {
  const report = simulate(parseScenario(sharded({}, { faults: [{ type: 'crash', node: 'a', atMs: 500 }] })));
  expect(report.failovers.map(({ fromNode }) => fromNode)).toEqual(['a/0']);
  expect(report.failovers[0]!.toNode).toMatch(/^[bc]\/0$/);
  expect(report.failovers[0]!.rtoMs).toBeGreaterThan(100);
  expect(report.verdicts.map(({ name, result }) => [name, result])).toContainEqual(['lost-writes', 'ok']);
  expect(report.nodes.map(({ process }) => process)).toEqual(['down', 'up', 'up', 'up', 'up']);
});

test('writes scale with shards where one leader is full', () => {
  const full = {
    cluster: {
      nodes: five.map((id) => ({ id })),
      defaults: { capacity: { writesPerSecond: 1000, appliesPerSecond: 10_000 } },
    },
    workload: { clients: [{ writesPerSecond: 3500 }], keys: { count: 1000 }, timeoutMs: 200 },
  };
  const inTime = (shards: number, replicas: number) =>
    simulate(parseScenario(sharded({ shards, replicas }, full))).operations.write.ok;
  const [whole, parted] = [inTime(1, 5), inTime(5, 3)];
  // One leader finishes 1,000 a second and soon none of them in time; of five each takes 700, and replays 1,400 more.
  expect(whole).toBeLessThan(1500);
  expect(parted).toBeGreaterThan(6800);
});

test('safe and convergent whatever befalls the machines', () => {
  const faults = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'slow-disk'] as const;
  let acknowledged = 0;
  fc.assert(
    fc.property(
      fc.array(randomFault(five, faults, 2000), { maxLength: 6 }),
      fc.nat(0x7fff_ffff),
      fc.integer({ min: 5, max: 7 }),
      (schedule, seed, shards) => {
        const source = sharded(
          { shards },
          {
            faults: schedule,
            seed,
            drainMs: 60_000,
            // Far enough apart for a crash to find writes on their way.
            network: { within: { latency: 15 } },
          },
        );
        const report = simulate(parseScenario(source));
        acknowledged += report.operations.write.ok;
        const results = Object.fromEntries(report.verdicts.map(({ name, result }) => [name, result]));
        expect(results.divergence).not.toBe('violation');
        // One follower has each write besides its leader: it takes two machines dead for good to lose one.
        if (report.nodes.filter(({ process }) => process === 'down').length < 2)
          expect(results['lost-writes']).toBe('ok');
      },
    ),
    { numRuns: runsOf({ full: 600, reduced: 40 }) },
  );
  expect(acknowledged).toBeGreaterThan(10_000);
});

test.each([
  { type: 'consensus', electionTimeoutMs: 60, heartbeatMs: 15 },
  { type: 'certification', electionTimeoutMs: 60, heartbeatMs: 15, retryMs: 50, reads: 'before' },
] as const)('shards of $type: safe and never stale whatever befalls the machines', (of) => {
  const faults = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'slow-disk'] as const;
  let failovers = 0;
  fc.assert(
    fc.property(
      // Consensus has no manager whose links could be cut.
      fc
        .array(randomFault(five, faults, 2000), { maxLength: 6 })
        .map((schedule) => schedule.filter((fault) => !JSON.stringify(fault).includes('manager'))),
      fc.nat(0x7fff_ffff),
      (schedule, seed) => {
        const report = simulate(parseScenario(sharded({ of }, { faults: schedule, seed, drainMs: 60_000 })));
        failovers += report.failovers.length;
        const dead = report.nodes.filter(({ process }) => process === 'down').length;
        // Two of three replicas dead for good have no majority: what they had is then out of reach.
        for (const { name, result } of report.verdicts)
          if (dead < 2 || ['consensus-safety', 'certification', 'stale-reads'].includes(name))
            expect({ name, result }).toEqual({ name, result: 'ok' });
      },
    ),
    { numRuns: runsOf({ full: 200, reduced: 20 }) },
  );
  expect(failovers).toBeGreaterThan(5);
});

test('a player shows nodes, not the replicas on them', () => {
  const player = open(parseScenario(sharded({})));
  player.advanceTo(1000);
  const view = player.view();
  expect(view.nodes.map(({ id, state }) => [id, state])).toEqual(five.map((id) => [id, 'leads 1 of 3']));
  expect(view.nodes.every(({ process, role }) => process === 'up' && role === 'leader')).toBe(true);
  const shown = new Set([...five, 'clients', ...view.helpers.map(({ id }) => id)]);
  expect(view.messages.filter(({ from, to }) => !shown.has(from) || !shown.has(to))).toEqual([]);
  player.inject({ type: 'cut', from: ['a'], to: ['b'], oneWay: false });
  player.advanceTo(1001);
  expect(player.view().links.filter(({ cut }) => cut)).toEqual([
    { from: 'a', to: 'b', cut: true },
    { from: 'b', to: 'a', cut: true },
  ]);
});

describe('mistakes', () => {
  const problemsOf = (source: ScenarioSource): string[] => {
    try {
      parseScenario(source);
    } catch (error) {
      if (error instanceof InputError) return error.problems.map(describeProblem);
    }
    return [];
  };
  const of = (sharded({}).topology as Sharded).of;
  test.each([
    [{ replicas: 7 }, 'topology.replicas: found 7, expected at most as many as there are nodes, 5'],
    [
      { leaderRegions: ['locl'] },
      'topology.leaderRegions[0]: found "locl", expected a region with a node: one of local (did you mean local?)',
    ],
    [
      { of: { ...of, leader: 'a' } },
      'topology.of.leader: found a, expected nothing: each shard has a leader of its own (leaderRegions says where leaders are)',
    ],
    [
      { shards: 1 },
      'topology.shards: found 1 of 3 replicas, none of them on d, e, expected every node to hold a replica (more shards, more replicas, leaders in more regions, or fewer nodes)',
    ],
    [
      { of: { ...of, failover: { heartbeatMs: 100, timeoutMs: 50 } } },
      'topology.of.failover.timeoutMs: found 50, expected more than heartbeatMs, 100 (otherwise a healthy leader counts as dead between two heartbeats)',
    ],
  ] as [Partial<Sharded>, string][])('%j', (topology, expected) => {
    expect(problemsOf(sharded(topology))).toEqual([expected]);
  });
});

describe('shards without leaders', () => {
  const leaderless = (of: object = {}, changes: Partial<ScenarioSource> = {}) =>
    sharded(
      {
        of: {
          type: 'leaderless',
          failureDetection: { everyMs: 50, downAfterMs: 220 },
          readTimeoutMs: 100,
          writeTimeoutMs: 100,
          ...of,
        },
      },
      changes,
    );
  const count = (source: ScenarioSource, name: string) =>
    simulate(parseScenario(source)).verdicts.find((verdict) => verdict.name === name)!.count;

  test('each keeps its keys on its own nodes, and quorums meet there', () => {
    const entries: TraceEntry[] = [];
    const report = simulate(parseScenario(leaderless()), { observe: (entry) => entries.push(entry) });
    expect(report.operations.write.ok).toBeGreaterThan(900);
    expect(report.operations.read.ok).toBeGreaterThan(900);
    expect(report.verdicts.every(({ result, name }) => result === 'ok' || name === 'discarded-writes')).toBe(
      true,
    );
    expect(report.nodes.map(({ role }) => role)).toEqual(five.map(() => 'replica'));
    expect([report.replication, report.coordination?.timedOut]).toEqual([null, 0]);
    let mutations = 0;
    for (const entry of entries) {
      if (entry.type !== 'delivered' || entry.message.type !== 'mutate') continue;
      expect(entry.to.split('/')[1]).toBe(String(entry.message.key % 5));
      mutations++;
    }
    expect(mutations).toBeGreaterThan(1500);
  });

  test('a node dies, nothing is elected, and no shard stops', () => {
    const report = simulate(
      parseScenario(
        leaderless({ hints: {} }, { faults: [{ type: 'crash', node: 'b', atMs: 500, forMs: 700 }] }),
      ),
    );
    expect(report.failovers).toEqual([]);
    expect(report.availability.write.longestOutageMs).toBeLessThan(100);
    expect(report.coordination!.hintsReplayed).toBeGreaterThan(50);
  });

  test('where quorums do not meet reads are stale in shards too', () => {
    const slow = {
      network: { within: { latency: { type: 'exponential' as const, meanMs: 5 } } },
      workload: { clients: [{ writesPerSecond: 500, readsPerSecond: 1000 }], keys: { count: 5 } },
    };
    expect(
      count(leaderless({ read: 1, write: 1, readsAsk: 'enough', readRepair: 'none' }, slow), 'stale-reads'),
    ).toBeGreaterThan(5);
    expect(count(leaderless({ readRepair: 'none' }, slow), 'stale-reads')).toBe(0);
  });
});
