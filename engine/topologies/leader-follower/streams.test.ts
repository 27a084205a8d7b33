/** Streams over time: they stay up while all is well, and come back under awkward settings. */

import { describe, expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { replicasOf } from './replicas-of.test-support.ts';

function run(source: Partial<ScenarioSource>): { simulation: Simulation; streams: string[] } {
  const scenario = parseScenario({
    id: 'streams',
    durationMs: 5000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
    network: { within: { latency: 1 } },
    topology: { type: 'leader-follower' },
    workload: { clients: [{ writesPerSecond: 100 }] },
    ...source,
  } as ScenarioSource);
  const entries: TraceEntry[] = [];
  const simulation = new Simulation(scenario, 1, (entry) => entries.push(entry));
  simulation.finish();
  const streams = entries.flatMap((entry) =>
    entry.type === 'stream' ? [`${entry.from} to ${entry.to}: ${entry.state}`] : [],
  );
  return { simulation, streams };
}

const steady = ['a to b: streaming', 'a to c: streaming'];

function expectEqualLogs(simulation: Simulation): void {
  const replicas = replicasOf(simulation);
  expect(new Set(replicas.map(({ wal, replayedLsn }) => `${wal.lastLsn} ${replayedLsn}`)).size).toBe(1);
  expect(replicas[0]!.wal.lastLsn).toBeGreaterThan(100);
}

describe('a stream stays up', () => {
  test('far longer than its timeout, while the follower confirms', () => {
    const { streams } = run({ topology: { type: 'leader-follower', streamTimeoutMs: 1500 } });
    expect(streams).toEqual(steady);
  });

  test('with nothing to send, by keepalives', () => {
    const { streams } = run({
      topology: { type: 'leader-follower', streamTimeoutMs: 1500 },
      workload: { clients: [{ readsPerSecond: 1 }] },
    });
    expect(streams).toEqual(steady);
  });

  test('while the follower is far behind with taking records', () => {
    const { streams, simulation } = run({
      cluster: { nodes: [{ id: 'a' }, { id: 'b', capacity: { appliesPerSecond: 30 } }, { id: 'c' }] },
      topology: { type: 'leader-follower', streamTimeoutMs: 1500 },
    });
    expect(streams).toEqual(steady);
    expectEqualLogs(simulation);
  });

  test('over a pause of the follower, whose records keep their order', () => {
    const { streams, simulation } = run({
      cluster: { nodes: [{ id: 'a' }, { id: 'b', capacity: { appliesPerSecond: 60 } }, { id: 'c' }] },
      faults: [{ type: 'pause', node: 'b', atMs: 2003, forMs: 700 }],
    });
    expect(streams).toEqual(steady);
    expectEqualLogs(simulation);
  });

  test('on a link where messages overtake each other', () => {
    const { simulation } = run({
      network: { within: { latency: { type: 'uniform', minMs: 1, maxMs: 60 }, reordering: true } },
    });
    expectEqualLogs(simulation);
    expect(simulation.report().lag.map(({ replayLagMs }) => replayLagMs.p50 < 200)).toEqual([true, true]);
  });
});

describe('a stream comes back', () => {
  test('after the follower has lost some of it, within a round trip', () => {
    const { simulation } = run({
      network: { within: { latency: 1, loss: 0.05 } },
      topology: { type: 'leader-follower', acknowledgement: 'synchronous' },
    });
    expectEqualLogs(simulation);
    expect(simulation.report().lag.every(({ replayLagMs }) => replayLagMs.p50 < 50)).toBe(true);
  });

  test('where keepalives come faster than round trips', () => {
    const { simulation } = run({
      network: { within: { latency: 100 } },
      topology: { type: 'leader-follower', keepaliveMs: 20 },
    });
    expectEqualLogs(simulation);
    expect(replicasOf(simulation)[1]!.wal.lastLsn).toBeGreaterThan(300);
  });

  test('where a follower is more impatient than a round trip, and its log parted terms ago', () => {
    const { simulation } = run({
      durationMs: 15_000,
      network: { within: { latency: 100 } },
      topology: {
        type: 'leader-follower',
        reconnectMs: 130,
        failover: { heartbeatMs: 300, timeoutMs: 1000, electionMs: 500 },
      },
      faults: [
        { type: 'cut', from: ['a'], to: ['b', 'c', 'manager'], atMs: 1000, forMs: 8000 },
        { type: 'crash', node: 'b', atMs: 5000, forMs: 3000 },
      ],
    });
    expectEqualLogs(simulation);
    expect(replicasOf(simulation)[0]!.term).toBeGreaterThan(2);
  });
});

test('a follower that was cut off for long, and takes little more than it is sent, catches up without being sent much twice', () => {
  const source: ScenarioSource = {
    id: 'catch-up',
    durationMs: 60_000,
    cluster: {
      nodes: [
        { id: 'a', region: 'east' },
        { id: 'b', region: 'west' },
      ],
      defaults: { disk: { fsync: 1 }, capacity: { appliesPerSecond: 1000 } },
    },
    network: {
      between: [{ from: 'east', to: 'west', latency: { type: 'log-normal', medianMs: 50, p99Ms: 80 } }],
    },
    topology: { type: 'leader-follower', failover: { automatic: false } },
    workload: { clients: [{ region: 'east', writesPerSecond: 300 }] },
    faults: [{ type: 'cut', from: ['a'], to: ['b'], oneWay: true, atMs: 5000, forMs: 20_000 }],
  };
  const simulation = new Simulation(parseScenario(source), 1, undefined);
  simulation.finish();
  const { nodes, operations, lag, verdicts } = simulation.report();
  // 6,000 records behind, 1,000 a second taken, 300 a second new: level again after about 9 s, well before the end.
  expect(nodes[1]!.applies).toBeLessThan(operations.write.ok * 1.1);
  expect(lag[0]!.replayLagMs.max).toBeLessThan(22_000);
  expect(lag[0]!.series.replayLagMs.at(-1)).toBeLessThan(1000);
  expect(verdicts.find(({ name }) => name === 'divergence')?.result).toBe('ok');
});
