/** What followers add and what they do not, how a balancer spreads reads, and what too much load looks like. */

import { expect, test } from 'vitest';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import type { LeaderFollowerScenario } from './random-cluster.test-support.ts';

type Reads = LeaderFollowerScenario['topology']['reads'];

interface Load {
  readonly followers: number;
  readonly reads?: Reads;
  readonly readsPerSecond?: number;
  readonly writesPerSecond?: number;
  readonly queueMs?: number;
}

const perNode = { readsPerSecond: 1000, writesPerSecond: 400, appliesPerSecond: 2000 };

function loaded({ followers, reads = 'followers', queueMs, ...rates }: Load): ScenarioSource {
  return {
    id: 'loaded',
    durationMs: 4000,
    drainMs: 0,
    cluster: {
      nodes: Array.from({ length: followers + 1 }, (_, node) => ({ id: `n${node}` })),
      defaults: { capacity: { ...perNode, ...(queueMs !== undefined && { queueMs }) } },
    },
    network: { within: { latency: 0.5 } },
    topology: { type: 'leader-follower', reads },
    workload: { clients: [rates], keys: { count: 1000 } },
  };
}

const run = (source: ScenarioSource): Report => simulate(parseScenario(source));

test('reads scale with followers, writes do not: the most that is served, by number of followers', () => {
  const served = [1, 2, 5, 10].map((followers) => {
    const report = run(
      loaded({
        followers,
        queueMs: 50,
        // Twice what all of them together can do.
        readsPerSecond: 2 * followers * perNode.readsPerSecond,
        writesPerSecond: 2 * perNode.writesPerSecond,
      }),
    );
    return { reads: report.operations.read.ok / 4, writes: report.operations.write.ok / 4, followers };
  });
  for (const { reads, writes, followers } of served) {
    // A follower replays every write, which takes of the time that it has for reads.
    const share = 1 - perNode.writesPerSecond / perNode.appliesPerSecond;
    expect(reads / (followers * perNode.readsPerSecond * share)).toBeGreaterThan(0.96);
    expect(reads / (followers * perNode.readsPerSecond * share)).toBeLessThan(1.04);
    expect(writes / perNode.writesPerSecond).toBeGreaterThan(0.97);
    expect(writes / perNode.writesPerSecond).toBeLessThan(1.03);
  }
});

test('at random followers get about as much, in turn exactly as much', () => {
  const spread = (reads: Reads) =>
    run(loaded({ followers: 5, reads, readsPerSecond: 2000 }))
      .nodes.slice(1)
      .map((node) => node.reads);
  const random = spread({ from: 'followers', balance: 'random' });
  const total = random.reduce((sum, each) => sum + each);
  for (const each of random)
    expect(Math.abs(each - total / 5)).toBeLessThan(5 * Math.sqrt(total * 0.2 * 0.8));
  const inTurn = spread({ from: 'followers', balance: 'round-robin' });
  expect(Math.max(...inTurn) - Math.min(...inTurn)).toBeLessThanOrEqual(1);
  expect(Math.max(...random) - Math.min(...random)).toBeGreaterThan(1);
});

test('a slow follower: whoever counts what is outstanding spares it, others wait for it', () => {
  const slowed = (balance: 'random' | 'round-robin' | 'least-outstanding') => {
    const source = loaded({ followers: 4, reads: { from: 'followers', balance }, readsPerSecond: 1500 });
    const [leader, slow, ...others] = source.cluster.nodes;
    return run({
      ...source,
      cluster: {
        ...source.cluster,
        nodes: [leader!, { ...slow!, capacity: { readsPerSecond: 200 } }, ...others],
      },
    });
  };
  const random = slowed('random');
  const inTurn = slowed('round-robin');
  const fewest = slowed('least-outstanding');
  // Its share of 375 a second is more than the 200 it can serve.
  expect(random.nodes[1]!.queueMsMax).toBeGreaterThan(1000);
  expect(inTurn.nodes[1]!.queueMsMax).toBeGreaterThan(1000);
  expect(fewest.nodes[1]!.queueMsMax).toBeLessThan(50);
  expect(fewest.latencyMs.read.p99!).toBeLessThan(random.latencyMs.read.p99! / 10);
  expect(fewest.availability.read.ratio).toBe(1);
});

test('overload without bound: the queue grows until nobody waits for its end; bounded: the rest is refused at once', () => {
  const overload = { followers: 1, reads: 'leader', readsPerSecond: 3000 } as const;
  const unbounded = run(loaded(overload));
  const bounded = run(loaded({ ...overload, queueMs: 20 }));
  // For the first second the queue is shorter than clients’ patience; then every answer comes too late.
  expect(unbounded.operations.read.ok).toBeLessThan(2 * perNode.readsPerSecond);
  expect(unbounded.operations.read.fail).toBe(0);
  expect(unbounded.nodes[0]!.queueMsMax).toBeGreaterThan(2000);
  expect(bounded.operations.read.ok / (4 * perNode.readsPerSecond)).toBeGreaterThan(0.98);
  expect(bounded.operations.read.fail).toBe(bounded.nodes[0]!.refused);
  expect(bounded.operations.read.fail).toBeGreaterThan(7000);
  expect(bounded.nodes[0]!.queueMsMax).toBeLessThanOrEqual(20);
  // 20 ms in the queue, 1 ms of service, 1 ms of way.
  expect(bounded.latencyMs.read.max!).toBeLessThanOrEqual(22.2);
});

test('a refused write happened nowhere', () => {
  const scenario = parseScenario(loaded({ followers: 2, writesPerSecond: 2000, queueMs: 5 }));
  const refused = new Set<number>();
  const streamed = new Set<number>();
  const { operations } = simulate(scenario, {
    observe(entry) {
      if (entry.type === 'ended' && entry.outcome === 'fail') refused.add(entry.operation);
      if (entry.type === 'sent' && entry.message.type === 'append') streamed.add(entry.message.value);
    },
  });
  expect(refused.size).toBe(operations.write.fail);
  expect(refused.size).toBeGreaterThan(5000);
  expect([...streamed].filter((value) => refused.has(value))).toEqual([]);
});
