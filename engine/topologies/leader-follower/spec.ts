/** Leader-follower's settings, resolved: names looked up, integer µs. */

import { yearMs } from '../../scenario/fields.ts';
import { type Problem, showValue, unknownName } from '../../scenario/problems.ts';
import { type HelperSpec, type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import type { Routing } from '../../workload/routing.ts';
import type { ReadRemedies } from '../../workload/users.ts';
import { acknowledgementOf } from './acknowledgement.ts';
import type { AgentSettings } from './agent.ts';
import type { ManagerSettings } from './manager.ts';
import { deviationsFor } from './phi.ts';
import type { Retention } from './retention.ts';
import type { AcknowledgementDocument, LeaderFollowerDocument } from './schema.ts';

/** The name under which faults and traces know the failover manager. */
export const managerName = 'manager';
const leaseStoreName = 'lease-store';
/** What fencing needs beside the manager, by the way it is done. */
const fencers = { none: null, lease: null, token: 'storage', stonith: 'power' } as const;

export interface LeaderFollowerSpec {
  readonly type: 'leader-follower';
  /** Index of the first leader. */
  readonly leader: number;
  /** As written; `acknowledgement.ts` says what it comes down to. */
  readonly acknowledgement: AcknowledgementDocument;
  readonly reads: ReadRoute;
  readonly balance: Balance;
  /** What is done for users who read; null for nothing. */
  readonly remedies: ReadRemedies | null;
  /** How long a replica holds a read for what its user has seen. */
  readonly readWaitUs: number;
  readonly automaticFailover: boolean;
  /** Where a key in a lease store says who leads. */
  readonly leaderKey: { readonly ttlUs: number; readonly agent: AgentSettings } | null;
  readonly routing: { readonly routing: Routing; readonly hopUs: number } | null;
  readonly suspicion: ManagerSettings['suspicion'];
  /** How many watch, and how many of them must agree. */
  readonly observers: number;
  readonly quorum: number;
  readonly campaignUs: number;
  readonly fencing: LeaderFollowerDocument['failover']['fencing'];
  readonly powerOffUs: number;
  readonly leaseUs: number;
  readonly leaseRenewUs: number;
  readonly driftBoundPpm: number;
  readonly heartbeatUs: number;
  readonly timeoutUs: number;
  readonly electionUs: number;
  readonly reconnectUs: number;
  readonly keepaliveUs: number;
  readonly streamTimeoutUs: number;
  readonly retention: Retention;
  /** A year where it is forever. */
  readonly maxStandbyDelayUs: number;
  readonly hotStandbyFeedback: boolean;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function leaderFollowerSpec(
  topology: LeaderFollowerDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): LeaderFollowerSpec {
  const nodeNames = nodes.map(({ id }) => id);
  const leader = topology.leader === undefined ? 0 : nodeNames.indexOf(topology.leader);
  if (leader < 0) problems.push(unknownName(topology.leader!, 'a node', nodeNames, [...path, 'leader']));
  checkTimes(topology, problems, path);
  acknowledgementOf(topology.acknowledgement, nodeNames, problems, [...path, 'acknowledgement']);
  checkLease(topology, nodes.length, problems, path);
  checkObservers(topology, problems, path);
  checkLeaderKey(topology, problems, path);
  const observers =
    topology.failover.observers?.length ?? (topology.failover.leaderKey === undefined ? 1 : 0);
  return {
    type: topology.type,
    leader,
    acknowledgement: topology.acknowledgement,
    ...readsOf(topology.reads, problems, [...path, 'reads']),
    automaticFailover: topology.failover.automatic,
    routing: routingOf(topology.routing),
    leaderKey: leaderKeyOf(topology.failover.leaderKey, nodes.length),
    suspicion: suspicionOf(topology.failover.detector),
    observers,
    quorum: topology.failover.quorum ?? Math.floor(observers / 2) + 1,
    campaignUs: toUs(topology.failover.campaignMs),
    fencing: topology.failover.fencing,
    powerOffUs: toUs(topology.failover.powerOffMs),
    leaseUs: toUs(topology.failover.leaseMs),
    leaseRenewUs: toUs(topology.failover.leaseRenewMs),
    driftBoundPpm: topology.failover.driftBoundPpm,
    heartbeatUs: toUs(topology.failover.heartbeatMs),
    timeoutUs: toUs(topology.failover.timeoutMs),
    electionUs: toUs(topology.failover.electionMs),
    reconnectUs: toUs(topology.reconnectMs),
    keepaliveUs: toUs(topology.keepaliveMs),
    streamTimeoutUs: toUs(topology.streamTimeoutMs),
    retention: {
      slots: topology.slots,
      keepBytes: topology.walKeepBytes,
      slotsMaxBytes: topology.maxSlotWalKeepBytes === 'unlimited' ? 0 : topology.maxSlotWalKeepBytes,
      baseBackupUs: Math.ceil(
        (topology.baseBackup.dataBytes / topology.baseBackup.bytesPerSecond) * 1_000_000,
      ),
    },
    maxStandbyDelayUs: toUs(
      topology.maxStandbyStreamingDelayMs === 'forever' ? yearMs : topology.maxStandbyStreamingDelayMs,
    ),
    hotStandbyFeedback: topology.hotStandbyFeedback,
  };
}

function readsOf(
  reads: LeaderFollowerDocument['reads'],
  problems: Problem[],
  path: Problem['path'],
): Pick<LeaderFollowerSpec, 'reads' | 'balance' | 'remedies' | 'readWaitUs'> {
  if (typeof reads === 'string') return { reads, balance: 'random', remedies: null, readWaitUs: 0 };
  const { from, balance, sticky, leaderForMs, waitForLsnMs } = reads;
  const isRemedied = sticky || leaderForMs !== undefined || waitForLsnMs !== undefined;
  if (from === 'leader' && isRemedied) {
    problems.push({
      path: [...path, 'from'],
      found: from,
      expected: 'followers or nearest',
      hint: 'whoever reads from the leader always sees what it has written',
    });
  }
  if (balance !== 'random' && (sticky || from === 'leader')) {
    problems.push({
      path: [...path, 'balance'],
      found: balance,
      expected: sticky ? 'nothing beside sticky' : 'followers or nearest to choose from',
      hint: 'there is nothing left to choose',
    });
  }
  const remedies = {
    sticky,
    leaderForUs: toUs(leaderForMs ?? 0),
    carriesSeen: waitForLsnMs !== undefined,
  };
  return {
    reads: from,
    balance,
    remedies: isRemedied ? remedies : null,
    readWaitUs: toUs(waitForLsnMs ?? 0),
  };
}

/** The failover manager or the observers, then the shared storage or the fencing device where there is one. The manager's heartbeats fall where they fall: a fault at a round time must not always come just after one. */
export function leaderFollowerHelpers(
  { failover }: LeaderFollowerDocument,
  nodes: readonly NodeSpec[],
  path: Problem['path'],
): (HelperSpec & { readonly path: Problem['path'] })[] {
  const region = failover.region ?? nodes[0]!.region;
  const watchers: { name: string; region: string; path: Problem['path'] }[] =
    failover.leaderKey !== undefined
      ? [{ name: leaseStoreName, region, path: [...path, 'failover', 'region'] }]
      : failover.observers === undefined
        ? [{ name: managerName, region, path: [...path, 'failover', 'region'] }]
        : failover.observers.map(({ id, region }, index) => ({
            name: id ?? `observer-${index + 1}`,
            region,
            path: [...path, 'failover', 'observers', index, 'region'],
          }));
  const fencer = fencers[failover.fencing];
  return [
    ...watchers.map((watcher) => ({
      ...watcher,
      startWithinUs: toUs(failover.leaderKey?.loopWaitMs ?? failover.heartbeatMs),
    })),
    ...(fencer === null
      ? []
      : [
          {
            name: fencer,
            region: failover.fencingRegion ?? region,
            startWithinUs: 1,
            path: [...path, 'failover', 'fencingRegion'],
          },
        ]),
  ];
}

function routingOf(routing: LeaderFollowerDocument['routing']): LeaderFollowerSpec['routing'] {
  switch (routing.method) {
    case 'manager':
      return null;
    case 'dns':
      return { routing: { method: 'dns', ttlUs: toUs(routing.ttlMs) }, hopUs: 0 };
    case 'vip':
      return { routing: { method: 'address', takeoverUs: toUs(routing.takeoverMs) }, hopUs: 0 };
    case 'proxy':
      return {
        routing: { method: 'proxy', checkUs: toUs(routing.checkMs) },
        hopUs: toUs(routing.hopMs),
      };
  }
}

function leaderKeyOf(
  key: LeaderFollowerDocument['failover']['leaderKey'],
  store: number,
): LeaderFollowerSpec['leaderKey'] {
  if (key === undefined) return null;
  return {
    ttlUs: toUs(key.ttlMs),
    agent: {
      store,
      loopUs: toUs(key.loopWaitMs),
      patienceUs: toUs(key.loopWaitMs + key.retryTimeoutMs),
      raceUs: toUs(key.raceMs),
      maximumLagKib: Math.floor(key.maximumLagBytes / 1024),
    },
  };
}

function checkLeaderKey(
  { failover }: LeaderFollowerDocument,
  problems: Problem[],
  path: Problem['path'],
): void {
  const { leaderKey, observers, fencing } = failover;
  if (leaderKey === undefined) return;
  const at = [...path, 'failover'];
  const longest = leaderKey.loopWaitMs + leaderKey.retryTimeoutMs;
  if (leaderKey.ttlMs <= longest) {
    problems.push({
      path: [...at, 'leaderKey', 'ttlMs'],
      found: String(leaderKey.ttlMs),
      expected: `more than loopWaitMs and retryTimeoutMs together, ${longest}`,
      hint: 'otherwise another may hold the key before its leader gives up',
    });
  }
  if (observers !== undefined)
    problems.push({ path: [...at, 'observers'], found: 'observers', expected: 'nothing beside leaderKey' });
  if (fencing !== 'none')
    problems.push({ path: [...at, 'fencing'], found: fencing, expected: 'none beside leaderKey' });
}

function suspicionOf(detector: LeaderFollowerDocument['failover']['detector']): ManagerSettings['suspicion'] {
  if (detector.type === 'fixed') return null;
  return {
    deviations: deviationsFor(detector.threshold),
    minDeviationUs: toUs(detector.minDeviationMs),
    window: detector.window,
  };
}

function checkObservers(
  { failover }: LeaderFollowerDocument,
  problems: Problem[],
  path: Problem['path'],
): void {
  const { observers, quorum, region } = failover;
  const most = observers?.length ?? 1;
  if (quorum !== undefined && quorum > most) {
    problems.push({
      path: [...path, 'failover', 'quorum'],
      found: String(quorum),
      expected: `at most the number of observers, ${most}`,
    });
  }
  if (observers !== undefined && region !== undefined) {
    problems.push({
      path: [...path, 'failover', 'region'],
      found: showValue(region),
      expected: 'nothing beside observers',
      hint: 'each observer has a region of its own',
    });
  }
}

function checkLease(
  { failover }: LeaderFollowerDocument,
  replicas: number,
  problems: Problem[],
  path: Problem['path'],
): void {
  if (failover.fencing !== 'lease') return;
  if (replicas < 3) {
    problems.push({
      path: [...path, 'failover', 'fencing'],
      found: `lease with ${replicas} ${replicas === 1 ? 'node' : 'nodes'}`,
      expected: 'at least 3 nodes',
      hint: 'of fewer no majority is left when the leader dies',
    });
  }
  if (failover.leaseMs <= failover.leaseRenewMs) {
    problems.push({
      path: [...path, 'failover', 'leaseMs'],
      found: String(failover.leaseMs),
      expected: `more than leaseRenewMs, ${failover.leaseRenewMs}`,
      hint: 'otherwise a healthy leader loses its lease between two renewals',
    });
  }
}

function checkTimes(topology: LeaderFollowerDocument, problems: Problem[], path: Problem['path']): void {
  const { heartbeatMs, timeoutMs } = topology.failover;
  if (timeoutMs <= heartbeatMs) {
    problems.push({
      path: [...path, 'failover', 'timeoutMs'],
      found: String(timeoutMs),
      expected: `more than heartbeatMs, ${heartbeatMs}`,
      hint: 'otherwise a healthy leader counts as dead between two heartbeats',
    });
  }
  if (topology.streamTimeoutMs <= topology.keepaliveMs) {
    problems.push({
      path: [...path, 'streamTimeoutMs'],
      found: String(topology.streamTimeoutMs),
      expected: `more than keepaliveMs, ${topology.keepaliveMs}`,
      hint: 'otherwise an idle stream is given up between two keepalives',
    });
  }
}
