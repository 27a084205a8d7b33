/**
 * A replica's state. Its rules are plain functions that the charts name: how the log comes to disk and back off it
 * (`durable-log.ts`), what a leader does (`leading.ts`), what a follower does (`following.ts`), whose orders it takes
 * (`allegiance.ts`). What mode it is in and which timers run is the charts' business (`role.chart.ts`,
 * `stream.chart.ts`).
 */

import { type Input, type Out, READ_OK } from '../../kernel/protocol.ts';
import { DATA_WIDTH, emptyWal, type Wal } from '../wal.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import type { AgentSettings } from './agent.ts';
import type { BaseBackup } from './base-backup.ts';
import type { HeldRead } from './held-reads.ts';
import { MESSAGE_BYTES } from './messages.ts';
import type { ReplayCost } from './replaying.ts';
import type { Retention } from './retention.ts';

export interface ReplicaSettings {
  /** How many replicas there are; their actors count from 0. */
  readonly replicas: number;
  readonly acknowledgement: Acknowledgement;
  /** What replaying a record costs; null where what is flushed shows at once. */
  readonly replay: ReplayCost | null;
  /** How long replay may wait for a query that conflicts with it. */
  readonly maxStandbyDelayUs: number;
  readonly retention: Retention;
  /** Bytes of log that the disk has room for; 0 is no limit. */
  readonly capacityBytes: number;
  /** Whether followers tell their leader what their queries see. */
  readonly hotStandbyFeedback: boolean;
  /** Client groups: whom a replica promoted by hand tells that it leads. */
  readonly clients: readonly number[];
  readonly fence: Fence;
  readonly reconnectUs: number;
  readonly keepaliveUs: number;
  readonly streamTimeoutUs: number;
  /** How long a read is held for what its reader has seen. */
  readonly readWaitUs: number;
}

/** What keeps a superseded leader from acknowledging, as far as a replica has a part in it. */
export interface Fence {
  /** The actor of the shared storage where a write must land to count; −1 for none. */
  readonly storage: number;
  /** How long a lease lasts, on the leader's clock; 0 where a leader needs none. */
  readonly leaseUs: number;
  readonly leaseRenewUs: number;
  /** How long a follower's promise lasts, on its own clock. */
  readonly promiseUs: number;
  /** Its agent, where a key in a lease store says who leads. */
  readonly agent: AgentSettings | null;
}

export const unfenced: Fence = { storage: -1, leaseUs: 0, leaseRenewUs: 0, promiseUs: 0, agent: null };

export interface Replica {
  readonly settings: ReplicaSettings;
  readonly self: number;
  /** Configuration of the role chart, and of a stream chart for each follower. */
  role: number;
  readonly streams: Int32Array;
  /** Configurations of the charts of the leader's waits and of its log's way to disk (`wait`, `wal-writer`). */
  wait: number;
  walWriter: number;
  /** Configuration of the chart of held reads. */
  holding: number;
  /** Configuration of the chart of a follower's replay. */
  replaying: number;

  // On disk.
  /** The newest term this replica knows of; it takes nothing from the leader of an older one. */
  term: number;
  /** Whom it follows; −1 where it does not know. */
  leader: number;
  wal: Wal;
  /** Records up to here are on the disk; the rest of the log dies with the process. */
  flushedLsn: number;
  /** Records up to here show in `data`. On a leader these are the committed ones, as readers see them. */
  replayedLsn: number;
  readonly data: Int32Array;
  /** Records up to here may go: they are on every replica's disk, or too many to be kept. */
  safeLsn: number;
  /** Configuration of the lease chart, and which leader this replica has promised to take nobody else's side; −1 for none. */
  lease: number;
  promisedTo: number;
  /** As a leader: the round in which it asks for its lease. */
  leaseRound: number;
  /** Configuration of the agent chart. */
  agent: number;
  /** The copy of the leader's data that is being made here; null for none. Until it is complete there is no data. */
  backup: BaseBackup | null;

  // In memory.
  /** Through where the fsync under way reaches, −1 for none; records that come meanwhile share the next (group commit). */
  flushingLsn: number;
  /** As a leader: records up to here are answered. */
  answeredLsn: number;
  /** Whether it has given up waiting for followers (MySQL), until enough of them have caught up. */
  fallenBack: boolean;
  /** One bit a follower whose stream is in streaming state. */
  streaming: number;
  /** One bit a follower that gets a base backup, and one for which the log is kept no longer. */
  resyncing: number;
  lostSlots: number;
  /** What each follower was sent, and has on its disk. */
  readonly sentLsn: Int32Array;
  readonly confirmedLsn: Int32Array;
  /** How far each follower has come with what is waited for, where that is not its disk. */
  readonly reachedLsn: Int32Array;
  /** When each follower was last heard of; kept where writes depend on it (Redis). */
  readonly heardUs: Float64Array;
  /** The record that is being replayed, 0 for none, and what earlier ones have taken of its first microsecond. */
  replayingLsn: number;
  replayPs: number;
  /** The long query that runs here, by its conflict (`NO_QUERY`, …), and the last record it sees. */
  query: number;
  queryLsn: number;
  /** As a follower: where to look for the point in common with the leader next. */
  commonLsn: number;
  /** Records that came before their turn, by LSN; on links that keep their order, only after a loss. */
  readonly early: EarlyRecord[];
  /** Reads whose readers have seen more than is shown here, in the order they came. */
  readonly held: HeldRead[];
  /** As a leader: when this round was first asked, and the round its lease counts from, −1 for none; who has granted, one bit each. */
  leaseAskedUs: number;
  leaseFromUs: number;
  leaseGrants: number;
  /** Whether it holds the leader key for all it knows, and whether it is about to give up leading. */
  keyHeld: boolean;
  demoting: boolean;
  /** In a race for the key: of which term it is, how far behind the last leader it is, and whether another is ahead. */
  raceTerm: number;
  lagKib: number;
  outrun: boolean;
}

export interface EarlyRecord {
  readonly lsn: number;
  readonly term: number;
  readonly key: number;
  readonly value: number;
  readonly bytes: number;
}

/** What role and stream charts see as their context: the replica, what it was given, and what it may ask for. */
export interface Activation {
  node: Replica;
  input: Input;
  out: Out;
  /** The follower a stream chart is about. */
  peer: number;
}

export function newReplica(settings: ReplicaSettings, self: number, leader: number, keys: number): Replica {
  return {
    settings,
    self,
    role: 0,
    streams: new Int32Array(settings.replicas),
    wait: 0,
    walWriter: 0,
    holding: 0,
    replaying: 0,
    term: 1,
    leader,
    wal: emptyWal(),
    flushedLsn: 0,
    replayedLsn: 0,
    data: new Int32Array(keys * DATA_WIDTH),
    safeLsn: 0,
    lease: 0,
    promisedTo: -1,
    leaseRound: 0,
    agent: 0,
    backup: null,
    flushingLsn: -1,
    answeredLsn: 0,
    fallenBack: false,
    streaming: 0,
    resyncing: 0,
    lostSlots: 0,
    sentLsn: new Int32Array(settings.replicas),
    confirmedLsn: new Int32Array(settings.replicas),
    reachedLsn: new Int32Array(settings.replicas),
    heardUs: new Float64Array(settings.replicas).fill(Number.NEGATIVE_INFINITY),
    replayingLsn: 0,
    replayPs: 0,
    query: 0,
    queryLsn: 0,
    commonLsn: 0,
    early: [],
    held: [],
    leaseAskedUs: -1,
    leaseFromUs: -1,
    leaseGrants: 0,
    keyHeld: self === leader,
    demoting: false,
    raceTerm: 0,
    lagKib: 0,
    outrun: false,
  };
}

/** READ: leader or follower, it answers with what it has replayed. */
export function answerRead({ node, input, out }: Activation): void {
  answer(node, out, input.from, input.a, input.b, input.c);
}

export function answer(
  node: Replica,
  out: Out,
  client: number,
  slot: number,
  operation: number,
  key: number,
): void {
  const { data } = node;
  const cell = key * DATA_WIDTH;
  out.send(client, READ_OK, slot, operation, data[cell]!, data[cell + 1]!, data[cell + 2]!, MESSAGE_BYTES);
}
