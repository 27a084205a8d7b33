/**
 * Leader-follower as a model to explore: the replicas and the failover manager of the simulation, and a client that asks
 * for a few writes and notes which were acknowledged.
 */

import type { NodeKind } from '../kernel/protocol.ts';
import { anyOf } from '../topologies/leader-follower/acknowledgement.ts';
import { type ManagerKind, managerKind } from '../topologies/leader-follower/failover-kinds.ts';
import { alone, type Manager, newManager } from '../topologies/leader-follower/manager.ts';
import { replicationMessage } from '../topologies/leader-follower/messages.ts';
import { newReplica, type Replica, unfenced } from '../topologies/leader-follower/replica.ts';
import { type ReplicaKind, replicaKind } from '../topologies/leader-follower/replica-kind.ts';
import { describeChoice } from './describe-choice.ts';
import {
  type Cluster,
  enoughDisks,
  leaderCompleteness,
  logMatching,
  lostWrites,
  noteLeading,
  oneLeaderPerTerm,
} from './leader-follower-checks.ts';
import type { CheckedModel, ModelActor, ModelTimer, StateView } from './model.ts';
import { type ScriptedClient, scriptedClient } from './scripted-client.ts';

export interface LeaderFollowerOptions {
  /** 2 … 8; the first one leads. */
  readonly replicas: number;
  readonly acknowledgement: 'asynchronous' | 'semi-synchronous' | 'synchronous';
  /** How many writes the client asks for, each at any time. */
  readonly writes: number;
  /** How many replicas may crash on one path. */
  readonly crashes: number;
  /** Whether they may restart; without it what crashed stays down. */
  readonly restarts?: boolean;
  /** How many messages one path may lose. */
  readonly losses?: number;
  /** How many new terms the manager may begin, whether its suspicion is right or not; 1 if left out. */
  readonly elections?: number;
  /**
   * When the manager holds missing answers for lost: `when quiet` (the default) is an election time-out longer than any
   * round trip, so that only the dead do not answer in time.
   */
  readonly electionTimeout?: ModelTimer['fires'];
  /** Heartbeats, keepalives, reconnects and stream time-outs; `never` if left out. */
  readonly housekeeping?: ModelTimer['fires'];
  /** Whether the followers' streams are up at the beginning, as they are if left out. */
  readonly settled?: boolean;
  /** Replicas to explore instead, as an ablation does. */
  readonly replicaKind?: NodeKind<Replica>;
  readonly managerKind?: NodeKind<Manager>;
}

export function leaderFollowerModel(options: LeaderFollowerOptions): CheckedModel {
  const {
    replicas,
    acknowledgement,
    writes,
    elections = 1,
    electionTimeout = 'when quiet',
    housekeeping = 'never',
  } = options;
  const manager = replicas;
  const client = replicas + 1;
  const required = {
    asynchronous: 0,
    'semi-synchronous': 1,
    synchronous: replicas - 1,
  }[acknowledgement];
  const settings = {
    replicas,
    acknowledgement: anyOf(required, replicas),
    ...freeReplay,
    ...replicaDelays,
  };
  const managerSettings = {
    replicas,
    promised: required,
    priorities: settings.acknowledgement.priorities,
    automatic: true,
    ...managerDelays,
    clients: [client],
    power: -1,
    needsMajority: false,
    ...alone,
  };
  const actors: ModelActor[] = [
    ...Array.from({ length: replicas }, (_, self) => ({
      name: String.fromCharCode(97 + self),
      kind: (options.replicaKind ?? replicaKind) as ModelActor['kind'],
      state: newReplica(settings, self, 0, 1),
      timers: replicaTimers(replicaKind, replicas, housekeeping),
      canCrash: true,
    })),
    {
      name: 'manager',
      kind: (options.managerKind ?? managerKind) as ModelActor['kind'],
      state: newManager(managerSettings, 0),
      timers: managerTimers(managerKind, housekeeping, electionTimeout),
    },
    {
      name: 'client',
      kind: scriptedClient as ModelActor['kind'],
      state: {
        leader: 0,
        asked: 0,
        writes,
        acknowledged: [],
      } satisfies ScriptedClient,
      timers: [{ name: 'the wait before the next write', fires: 'any time' }],
    },
  ];
  const cluster: Cluster = {
    replicas,
    client,
    name: (actor) => actors[actor]!.name,
  };
  return {
    actors,
    // Streams keep their order; a client's answers come on a connection each.
    links: (from, to) => (from === client || to === client ? 'unordered' : 'ordered'),
    crashes: options.crashes,
    restarts: options.restarts ?? false,
    losses: options.losses ?? 0,
    settled: options.settled ?? true,
    observer: { state: [], onNote: noteLeading as (state: unknown) => void },
    within: (state) => (state.stateOf(manager) as Manager).term <= 1 + elections,
    describe: (choice) => describeChoice(choice, actors, replicationMessage),
    checks: [
      lostWrites(cluster),
      leaderCompleteness(cluster),
      enoughDisks(cluster, required),
      logMatching(cluster),
      oneLeaderPerTerm(cluster),
    ],
    sometimes: [
      {
        name: 'a write is acknowledged',
        holds: (state) => (state.stateOf(client) as ScriptedClient).acknowledged.length > 0,
      },
      {
        name: 'another replica leads',
        holds: (state: StateView) => (state.observed() as number[]).length > 2,
      },
    ],
  };
}

/** What is flushed shows at once, nobody asks long queries, and all that somebody lacks is kept. */
const freeReplay = {
  replay: null,
  maxStandbyDelayUs: 0,
  hotStandbyFeedback: false,
  retention: { slots: true, keepBytes: 0, slotsMaxBytes: 0, baseBackupUs: 0 },
  capacityBytes: 0,
};

/** Under the choice-ordered scheduler a delay only says that a timer runs. These are for running the model in time. */
const replicaDelays = {
  fence: unfenced,
  clients: [],
  reconnectUs: 1_000_000,
  readWaitUs: 0,
  keepaliveUs: 1_000_000,
  streamTimeoutUs: 60_000_000,
};
const managerDelays = {
  heartbeatUs: 1_000_000,
  timeoutUs: 10_000_000,
  electionUs: 1_000_000,
};

// Names and sentences.

function replicaTimers(kind: ReplicaKind, replicas: number, fires: ModelTimer['fires']): ModelTimer[] {
  return kind.timersOf(replicas).map(({ delay, peer }) => ({
    name: peer === null ? delay : `${delay} of ${String.fromCharCode(97 + peer)}`,
    fires,
  }));
}

function managerTimers(
  { failover }: ManagerKind,
  housekeeping: ModelTimer['fires'],
  election: ModelTimer['fires'],
): ModelTimer[] {
  return failover.timers.map(({ delay }) => {
    const fires = delay === 'heartbeat' ? housekeeping : delay === 'election' ? election : 'any time';
    return { name: delay, fires };
  });
}
