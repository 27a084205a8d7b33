/** Small healthy scenarios, a second or three long, for searches: each is broken by some schedule, or by none with other settings. */

import type { ScenarioSource } from '../scenario/schema.ts';

type Topology<Type extends ScenarioSource['topology']['type']> = Partial<
  Extract<ScenarioSource['topology'], { type: Type }>
>;

const three = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
const apart = [
  { id: 'a', region: 'r1' },
  { id: 'b', region: 'r2' },
  { id: 'c', region: 'r3' },
];

/** A leader, two followers and a manager that gives up a silent leader after 150 ms. */
export function replicated(topology: Topology<'leader-follower'>): ScenarioSource {
  return {
    id: 'replicated',
    durationMs: 1000,
    drainMs: 1000,
    cluster: { nodes: three, defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: { type: 'uniform', minMs: 1, maxMs: 5 } } },
    topology: {
      type: 'leader-follower',
      failover: { heartbeatMs: 50, timeoutMs: 150, electionMs: 50 },
      reconnectMs: 100,
      keepaliveMs: 100,
      streamTimeoutMs: 1000,
      ...topology,
    },
    workload: { clients: [{ writesPerSecond: 100 }] },
  };
}

/** Three replicas of one key, R = W = 2, on disk before they answer. */
export function quorums(topology: Topology<'leaderless'>): ScenarioSource {
  return {
    id: 'quorums',
    durationMs: 1000,
    drainMs: 1000,
    cluster: { nodes: three, defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: 1 } },
    topology: {
      type: 'leaderless',
      replicas: 3,
      read: 2,
      write: 2,
      readsAsk: 'enough',
      commitLog: 'batch',
      readTimeoutMs: 200,
      writeTimeoutMs: 200,
      ...topology,
    },
    workload: {
      clients: [{ readsPerSecond: 200, writesPerSecond: 20 }],
      keys: { count: 1 },
      timeoutMs: 300,
    },
  };
}

/** Three leaders 20 ms apart, two of which are written to. */
export function leaders(topology: Topology<'multi-leader'>): ScenarioSource {
  return {
    id: 'leaders',
    durationMs: 1000,
    drainMs: 5000,
    cluster: { nodes: apart, defaults: { disk: { fsync: 1 } } },
    network: {
      between: [
        { from: 'r1', to: 'r2', latency: 20 },
        { from: 'r1', to: 'r3', latency: 20 },
        { from: 'r2', to: 'r3', latency: 20 },
      ],
    },
    topology: { type: 'multi-leader', silenceMs: 500, ...topology },
    workload: {
      clients: [
        { id: 'at-a', region: 'r1', writesPerSecond: 50 },
        { id: 'at-c', region: 'r3', writesPerSecond: 50 },
      ],
      keys: { count: 30 },
    },
  };
}

/** Two leaders 5 ms apart, written to in turn, 50 ms apart: each has the other's last write long before its own next one. */
export function inTurn(topology: Topology<'multi-leader'>): ScenarioSource {
  return {
    id: 'in-turn',
    durationMs: 1000,
    drainMs: 1000,
    cluster: { nodes: apart.slice(0, 2), defaults: { disk: { fsync: 1 } } },
    network: { between: [{ from: 'r1', to: 'r2', latency: 5 }] },
    topology: { type: 'multi-leader', ...topology },
    workload: {
      clients: [
        { id: 'at-a', region: 'r1', writesPerSecond: 10 },
        { id: 'at-b', region: 'r2', writesPerSecond: 10, fromMs: 50 },
      ],
      arrivals: 'regular',
      keys: { count: 1 },
    },
  };
}

/** Three replicas of keys that are written and deleted; tombstones stay for a second. */
export function deletes(topology: Topology<'leaderless'>): ScenarioSource {
  return {
    id: 'deletes',
    durationMs: 3000,
    drainMs: 1000,
    cluster: { nodes: three, defaults: { disk: { fsync: 0.5 } } },
    network: { within: { latency: 0.5 } },
    topology: { type: 'leaderless', replicas: 3, gcGraceMs: 1000, ...topology },
    workload: {
      clients: [
        { id: 'writers', writesPerSecond: 50, untilMs: 1000 },
        { id: 'deleters', deletesPerSecond: 50, untilMs: 1500 },
      ],
      keys: { count: 20 },
    },
  };
}

/** Three Raft servers with short timeouts, so that the run holds several elections. */
export const raft: ScenarioSource = {
  id: 'raft',
  durationMs: 800,
  drainMs: 300,
  cluster: { nodes: three, defaults: { disk: { fsync: 0.2 } } },
  network: { within: { latency: { type: 'exponential', meanMs: 5 } } },
  topology: { type: 'consensus', electionTimeoutMs: 100, heartbeatMs: 25 },
  workload: { clients: [{ writesPerSecond: 50 }], timeoutMs: 200 },
};
