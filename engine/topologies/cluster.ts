/**
 * The seam between a run and a topology: a topology gives the run its actors, and tells it what they note, in words that
 * every topology shares. Everything else of a topology stays in its folder.
 */

import type { Operation, OperatorFault } from '../faults/faults.ts';
import type { NodeKind } from '../kernel/protocol.ts';
import type { Observer, TopologyMessage } from '../observe/trace.ts';
import type { HelperState, NodeRole, StreamView } from '../run/player.ts';
import type {
  AntiEntropySummary,
  CertificationSummary,
  CoordinationSummary,
  MultiLeaderSummary,
  ReplicationSummary,
  SiblingSummary,
  SnapshotSummary,
  TombstoneSummary,
  Verdict,
} from '../run/report.ts';
import type { ClientSpec, NodeSpec } from '../scenario/scenario.ts';
import type { VersionOrder } from '../verdicts/version-order.ts';

export interface ClusterSize {
  readonly replicas: number;
  readonly keys: number;
  /** The machines of the replicas. */
  readonly nodes: readonly NodeSpec[];
  /** Actors of the client groups, who may be told where to send operations. */
  readonly clients: readonly number[];
  /** Of each group what its operations wait for and which columns they set, where it says so; without it, of none. */
  readonly groups?: readonly Pick<ClientSpec, 'read' | 'write' | 'writesPerSecond' | 'columns'>[];
  /** Whether any of them deletes keys. */
  readonly deletes?: boolean;
}

/** What a cluster may use of the run it is in. */
export interface Surroundings {
  /** Names of its members. */
  readonly names: readonly string[];
  readonly isLive: (member: number) => boolean;
  readonly nowUs: () => number;
  /** Present while somebody observes: an entry is built for nobody else. */
  readonly observe: Observer | undefined;
  /** A replica began to lead a newer term than any before. */
  readonly ledBy: (member: number) => void;
  /** The leader is held for dead. */
  readonly suspected: (member: number) => void;
  /** It is clear who is to lead next. */
  readonly elected: (member: number) => void;
  /** A replica takes a record out of its log. */
  readonly discarded: (member: number) => void;
  /** Shared storage refused a superseded leader's write. */
  readonly rejected: () => void;
  /** A superseded leader acknowledged what its successor lacks, so long after the successor's own first acknowledgement. */
  readonly overlapped: (forUs: number) => void;
}

/** An actor of a cluster: a replica, which runs on a node of the scenario, or a helper, which costs nothing. */
export interface Member {
  readonly kind: NodeKind<unknown>;
  readonly state: unknown;
  readonly timers: number;
  /** Names of its own streams of chance; without it, none. */
  readonly chances?: readonly string[];
}

/**
 * How far a replica is behind what the leader has on its disk, stage by stage, as an onlooker sees it: what its operating
 * system has not been given, what its disk has not, what does not show in its data. The time is the age of the oldest such
 * record, 0 where there is none.
 */
export interface Lag {
  readonly writeLagUs: number;
  readonly flushLagUs: number;
  readonly replayLagUs: number;
  readonly writeLagBytes: number;
  readonly flushLagBytes: number;
  readonly replayLagBytes: number;
}

/** How old the oldest change of one leader is that another has not applied; 0 where it has all. */
export interface PairLag {
  readonly from: string;
  readonly to: string;
  readonly lagUs: number;
}

/** What happened to acknowledged writes that no live replica holds. */
export interface Loss {
  readonly writes: number;
  /** When the oldest and the newest of them were written. */
  readonly fromUs: number;
  readonly toUs: number;
}

export interface Cluster {
  /** Replicas in order, then helpers, shard after shard; client groups come after them. */
  readonly members: readonly Member[];
  /** The replica that leads the newest term of a member's shard; −1 where nobody leads. */
  leaderOf(member: number): number;
  /** Whether clients find the leader by themselves; otherwise they are told, and ask nobody else. */
  readonly clientsSeekLeader?: boolean;
  /** Whether any replica takes any operation: clients choose one of the nearest that answer. */
  readonly clientsAskAnybody?: boolean;
  /** Where clients know who holds a key: those replicas, a bit each; absent where they do not. */
  readonly holdersOf?: ((key: number) => number) | null;
  /** Whether versions are stamps of clocks, of which the newest wins, and not records of a log. */
  readonly stampsVersions?: boolean;
  /** Whether what a read returns is the number of the write whose value and version it is; 0 for nothing. */
  readonly readsGiveNumbers?: boolean;
  /** Of stamped versions: whether writes of a key are put in an order before they are made, so that none is thrown away. */
  readonly ordersWrites?: boolean;
  /** Of stamped versions: whether the topology itself tells which writes are thrown away, by what their authors had seen. */
  readonly judgesThrownAway?: boolean;
  /** Whether every replica leads. */
  readonly everybodyLeads?: boolean;
  /** How versions stand to each other, where it is not by term and LSN alone. */
  readonly order?: VersionOrder;
  /** What serving a message costs a replica, `SERVICE_…`. */
  readonly serviceClassOf: (kind: number) => number;
  timerName(member: number, slot: number): string;
  /** The typed form of a message of its own kinds. */
  messageOf(kind: number, a: number, b: number, c: number, d: number, e: number): TopologyMessage;
  /** A note of a member. */
  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void;
  /** A client has the acknowledgement of a write. */
  acknowledged(atUs: number, term: number, lsn: number, value: number, key: number): void;
  /** A client was answered a read with this record. */
  saw?(term: number, lsn: number, key: number): void;
  /** A client was answered that there is nothing: the version is that of a delete whose tombstone has gone, if there was one. */
  foundNothing?(read: { readonly key: number; term: number; lsn: number }): void;
  /** Whether every live replica holds what the leader holds, and nothing is under way. */
  hasConverged(): boolean;
  lagOf(member: number): Lag;
  /** Where everybody leads: how far each is behind each, as `looked` found it last. */
  pairLags?(): readonly PairLag[];
  /** Acknowledged writes that are lost if nothing more happens. */
  loss(): Loss;
  /** Numbers of those writes, as far as they are still known; absent where none can be lost. */
  lostNumbers?(): readonly number[];
  /** What an operator's fault asks of whom, or why it cannot happen now; absent where operators can do nothing. */
  operation?(fault: OperatorFault, ended: boolean): Operation | string;
  /** Called now and then over the run, with lag: what is to be watched, not counted. */
  looked?(): void;
  /** What replication did that no operation shows; absent where no leader's log is followed. */
  replication?(): ReplicationSummary | null;
  /** What coordinators did that no operation shows; absent where a leader coordinates. */
  coordination?(): CoordinationSummary | null;
  /** What anti-entropy did; absent or null where there is none. */
  antiEntropy?(): AntiEntropySummary | null;
  /** Values side by side; absent where there is a log. */
  siblings?(): SiblingSummary | null;
  /** What became of deletes; absent or null where there are none. */
  tombstones?(): TombstoneSummary | null;
  /** What became of logs that do not last; absent where no snapshots are taken. */
  snapshots?(): SnapshotSummary | null;
  /** What several leaders made of each other's changes; absent where there is one, or none. */
  multiLeader?(): MultiLeaderSummary;
  /** What certification made of writes; absent where there is none. */
  certified?(): CertificationSummary | null;
  verdicts(drained: boolean): Verdict[];
  /** What each member that is a replica is, in the order of members. */
  roles(): readonly NodeRole[];
  streams(): readonly StreamView[];
  /** What its helpers are at, in their order. */
  helpers(): readonly HelperState[];
}
