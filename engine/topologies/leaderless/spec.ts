/** Leaderless replication's settings, resolved: integer µs, counts checked against each other. */

import type { Problem } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import type { ReadRepair } from './node.ts';
import type { LeaderlessDocument } from './schema.ts';

export interface LeaderlessSpec {
  readonly type: 'leaderless';
  /** N, R, W. */
  readonly replicas: number;
  readonly read: number;
  readonly write: number;
  readonly asksAll: boolean;
  /** 0 for never. */
  readonly speculativeUs: number;
  readonly repair: ReadRepair;
  readonly readTimeoutUs: number;
  readonly writeTimeoutUs: number;
  readonly gossipUs: number;
  readonly downAfterUs: number;
  /** 0 where writes wait for the commit log's sync. */
  readonly syncUs: number;
  /** Clients ask the nearest nodes to coordinate, each in turn. */
  readonly reads: ReadRoute;
  readonly balance: Balance;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function leaderlessSpec(
  topology: LeaderlessDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): LeaderlessSpec {
  const replicas = topology.replicas ?? Math.min(3, nodes.length);
  const majority = Math.floor(replicas / 2) + 1;
  if (replicas > nodes.length) {
    problems.push({
      path: [...path, 'replicas'],
      found: String(replicas),
      expected: `at most the number of nodes, ${nodes.length}`,
    });
  }
  for (const key of ['read', 'write'] as const) {
    const count = topology[key];
    if (count === undefined || count <= replicas) continue;
    problems.push({
      path: [...path, key],
      found: String(count),
      expected: `at most the number of replicas, ${replicas}`,
      hint: 'nobody else could answer',
    });
  }
  const { failureDetection, commitLog } = topology;
  if (failureDetection.downAfterMs <= failureDetection.everyMs) {
    problems.push({
      path: [...path, 'failureDetection', 'downAfterMs'],
      found: String(failureDetection.downAfterMs),
      expected: `more than everyMs, ${failureDetection.everyMs}`,
      hint: 'otherwise a node is held for down between two signs of life',
    });
  }
  return {
    type: topology.type,
    replicas,
    read: topology.read ?? majority,
    write: topology.write ?? majority,
    asksAll: topology.readsAsk === 'all',
    speculativeUs: topology.speculativeRetryMs === undefined ? 0 : toUs(topology.speculativeRetryMs),
    repair: topology.readRepair,
    readTimeoutUs: toUs(topology.readTimeoutMs),
    writeTimeoutUs: toUs(topology.writeTimeoutMs),
    gossipUs: toUs(failureDetection.everyMs),
    downAfterUs: toUs(failureDetection.downAfterMs),
    syncUs: commitLog === 'batch' ? 0 : toUs(commitLog.syncEveryMs),
    reads: 'nearest',
    balance: 'round-robin',
  };
}
