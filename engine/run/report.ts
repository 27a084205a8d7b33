import type { DropReason } from '../kernel/loop.ts';
import type { Alert } from '../observe/alerts.ts';
import type { VerdictName } from '../scenario/schema.ts';
import type { StreamState } from '../topologies/leader-follower/messages.ts';
import type { SyncState } from '../topologies/leader-follower/waiting.ts';

/** How many operations of one kind ended each way. */
export interface OutcomeCounts {
  readonly ok: number;
  /** Surely did not happen. */
  readonly fail: number;
  /** May have happened: the client gave up waiting, or the run ended first. */
  readonly info: number;
}

/** Milliseconds from call to return, ok operations only; null where there was none. */
export interface LatencySummary {
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

export interface Availability {
  /** ok / (ok + fail + info); null where nothing was asked. */
  readonly ratio: number | null;
  readonly longestOutageMs: number;
  /** The longest outages, at most ten, in the order of time. */
  readonly outages: readonly Outage[];
}

/** A time without an ok operation of a kind, while some were asked for. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  /** Operations that ended meanwhile: surely did not happen, and may have happened. */
  readonly fail: number;
  readonly info: number;
  /** Numbers of the first operation that ended so, where one did, and of the ok one that ended the outage, where it has ended. */
  readonly operations: readonly number[];
  /** Of the longest in which any did, where `explain` has run it again: those operations, and the messages that name them. */
  readonly causes?: Causes;
}

/** How far behind stale reads were, at their beginning. */
export interface Staleness {
  /** Newer versions of the key that had been acknowledged: a read that returns the second newest is one behind. */
  readonly versions: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Since the first of them was acknowledged. */
  readonly ms: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Of how many stale reads it is known only that they were at least so far behind: they missed more than is remembered. */
  readonly atLeast: number;
}

/** The operations, the messages and the time that show a violation. */
export interface Witness {
  readonly atMs: number;
  /** What happened, in sentences, in order. */
  readonly story: readonly string[];
  /** Numbers of the operations that show it, such as a read and the write that it missed. */
  readonly operations?: readonly number[];
  /** Where `explain` has run it again: those operations, and the messages that name them. */
  readonly causes?: Causes;
}

export interface Causes {
  readonly operations: readonly WitnessOperation[];
  readonly messages: readonly WitnessMessage[];
  /** Messages that are left out, as there are too many. */
  readonly messagesMore: number;
}

export interface WitnessOperation {
  readonly operation: number;
  readonly client: string;
  readonly kind: 'read' | 'write' | 'delete';
  readonly key: number;
  readonly calledMs: number;
  /** null where it never ended. */
  readonly returnedMs: number | null;
  readonly outcome: 'ok' | 'fail' | 'info';
}

/** A message that asks for an operation, answers it, or carries what it wrote. */
export interface WitnessMessage {
  readonly operation: number;
  readonly from: string;
  readonly to: string;
  /** What it is, as a phrase. */
  readonly what: string;
  readonly sentMs: number;
  /** null where it never arrived. */
  readonly arrivedMs: number | null;
  /** Why it never arrived: the end of the run may come first. */
  readonly dropped: DropReason | null;
}

export interface Verdict {
  readonly name: VerdictName;
  readonly result: 'ok' | 'violation' | 'unknown';
  readonly count: number;
  readonly witness: Witness | null;
}

export interface LagQuantiles {
  readonly p50: number;
  readonly max: number;
}

/**
 * One follower's lag, named as pg_stat_replication names it, but sampled by an onlooker who sees both logs at once: the age
 * of the oldest record on the leader's disk that the follower has not written, flushed, replayed. (pg_stat_replication
 * shows what the leader heard last: the same, older by a message's way.)
 */
export interface LagSummary {
  readonly node: string;
  readonly writeLagMs: LagQuantiles;
  readonly flushLagMs: LagQuantiles;
  readonly replayLagMs: LagQuantiles;
  readonly writeLagBytesMax: number;
  readonly flushLagBytesMax: number;
  /** Of replay. */
  readonly lagBytesMax: number;
  /** The samples themselves, column by column. */
  readonly series: {
    readonly atMs: readonly number[];
    readonly writeLagMs: readonly number[];
    readonly flushLagMs: readonly number[];
    readonly replayLagMs: readonly number[];
    readonly lagBytes: readonly number[];
  };
}

/** One follower's connection, as its leader sees it, sampled; the rate and the states are those of pg_stat_replication. */
export interface StreamSummary {
  readonly node: string;
  /** When it was looked at last. */
  readonly state: StreamState;
  readonly syncState: SyncState;
  /** Bytes of log sent a second, over the run and in the busiest stretch between two samples. */
  readonly walSendBytesPerSecond: { readonly mean: number; readonly max: number };
  /** How long it was seen in each state, while its leader lived. */
  readonly stateMs: {
    readonly streaming: number;
    readonly catchUp: number;
    readonly reSync: number;
    readonly disconnected: number;
  };
}

/** What replication did that no operation shows. */
export interface ReplicationSummary {
  /** Writes answered with a warning: done on the leader, perhaps nowhere else. Their outcome counts as unknown. */
  readonly warnings: number;
  /** How often a leader gave up waiting for followers (MySQL), and for how long in all. */
  readonly fallbacks: number;
  readonly fallenBackMs: number;
  /** Writes, acknowledged or not, that some reader saw and that at the end no live replica holds. */
  readonly lostWritesRead: number;
  /** The most bytes of log that the leader kept, sampled. */
  readonly walBytesMax: number;
  /** Slots that needed more log than is kept for any, and copies of the data that followers made to start again. */
  readonly slotsLost: number;
  readonly baseBackups: number;
  /** Leaders whose log filled their disk. */
  readonly disksFull: number;
  /** Queries on followers that replay cancelled, having waited long enough for them. */
  readonly cancelledQueries: number;
  /** The most rows, and their bytes, that the leader kept dead for queries on followers (hot_standby_feedback): bloat. */
  readonly deadRowsMax: number;
  readonly deadBytesMax: number;
}

/** What became of logs that do not last (Raft). */
export interface SnapshotSummary {
  /** Snapshots that servers took of their own data, letting go of the log before them. */
  readonly taken: number;
  /** Snapshots that leaders began to send to followers that lacked what was gone, and those that followers began again from. */
  readonly sent: number;
  readonly installed: number;
  /** The most entries in any server's log, sampled. */
  readonly logEntriesMax: number;
}

/** What coordinators without a leader did that operations do not show. */
export interface CoordinationSummary {
  /** Operations refused because too few replicas were held for up, and those that waited for replicas too long. */
  readonly unavailable: number;
  readonly timedOut: number;
  /** Reads that wrote the newest version to replicas behind, before their answer or after it. */
  readonly readRepairs: number;
  /** Reads whose digests differed, so that they asked again. */
  readonly digestMismatches: number;
  /** Hints: kept for a node, handed over to it, and given up because they were too old. */
  readonly hintsStored: number;
  readonly hintsReplayed: number;
  readonly hintsExpired: number;
  /** Hints that a node had which is down at the end, and those that live nodes still have. */
  readonly hintsLost: number;
  readonly hintsHeld: number;
  /** The most hints that live nodes had at once, sampled: the longest backlog of handoff. */
  readonly hintsHeldMax: number;
}

/** Sessions in which two nodes compared Merkle trees of what both are to hold. */
export interface AntiEntropySummary {
  readonly sessions: number;
  /** Sessions that were not over in time: the other node was down, cut off or slow. */
  readonly givenUp: number;
  /** Keys that differed, counted each time. */
  readonly keys: number;
  /** The most round trips of one session: the depth of its tree and one. */
  readonly roundsMax: number;
  /** Hashes, answers and the versions sent by the node that began. */
  readonly bytes: number;
}

/** What several leaders made of each other's changes. */
export interface MultiLeaderSummary {
  /** Streams of changes, each in one direction, while nobody is given up. */
  readonly streams: number;
  /** Pairs of writes of which neither author had seen the other's, by what they did; each counts at the first of the two leaders. */
  readonly conflicts: {
    readonly insertInsert: number;
    readonly updateUpdate: number;
    readonly updateDelete: number;
    readonly deleteDelete: number;
    /** Of two rows: with one value of a unique column; one that refers to the other, which was deleted. */
    readonly uniqueKey: number;
    readonly foreignKey: number;
    readonly all: number;
  };
  /** How often any leader found one. */
  readonly detections: number;
  /** Changes that a leader did not apply, by rule (pgd). */
  readonly skipped: number;
  /** Changes to a row that came before the change that made it. */
  readonly updatesBeforeInserts: number;
  /** Changes that waited for others that their author had seen (causal delivery). */
  readonly heldBack: number;
  /** Changes that came to where they were known: by another way, again, or back to their author. */
  readonly droppedAsKnown: number;
  /** How often one leader gave another up, and went around it. */
  readonly givenUp: number;
  /** Withdrawals that a leader refused, as its balance did not allow them. */
  readonly refused: number;
  /** Writes that a leader refused for what they would have broken among the rows that it knew. */
  readonly forbidden: number;
  /**
   * At the end, where tables have unique columns or refer to each other: rows that are not shown, are renamed or stand beside another for
   * their value; rows that refer to deleted ones, are not shown for that, or are shown again. null where there is nothing of the kind.
   */
  readonly constraints: {
    readonly rejected: number;
    readonly renamed: number;
    readonly duplicates: number;
    readonly orphans: number;
    readonly droppedChildren: number;
    readonly restoredParents: number;
  } | null;
  /** How often a change came for a column that the leader's table lacked, which stops its stream. */
  readonly stopped: number;
  /** Writes of clients that a leader refused, as its table lacked the column. */
  readonly withoutColumn: number;
  /** At the end: rows, or columns of them, that hold more than one version. */
  readonly siblings: number;
  /** At the end: rows of which a delete has taken some columns, and left one that was written meanwhile. */
  readonly partialRows: number;
  /** At the end: items in carts that were taken out of them, and that nobody has put in without their remover's knowing. */
  readonly itemsBack: number;
  /**
   * Of columns that hold a conflict-free replicated type: bytes of their states at the end, at one leader; those of them that are
   * no values (`encoded-size.ts`); and bytes that writes carried, each once. null where there are none.
   */
  readonly crdt: {
    readonly bytes: number;
    readonly metadataBytes: number;
    readonly carriedBytes: number;
  } | null;
  /** At the end: accounts below nothing, and the lowest balance. */
  readonly overdrawn: { readonly accounts: number; readonly lowest: number };
  /**
   * Per pair of leaders that live, sampled by an onlooker: the age of the oldest change of the one that the other has not
   * applied, 0 where it has all.
   */
  readonly lag: readonly {
    readonly from: string;
    readonly to: string;
    readonly meanMs: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  }[];
}

/** What certification made of writes that members had carried out on their own data (MySQL Group Replication, Galera). */
export interface CertificationSummary {
  /** Verdicts that members were waiting for: writes that were first, and those that were not and whose client got an error. */
  readonly accepted: number;
  readonly conflicts: number;
  /** Writes that waited at their own member for another that held the row. */
  readonly rowWaits: number;
  /** Operations that members without a majority refused. */
  readonly turnedAway: number;
  /** The most operations that one member had waiting at once, sampled: for their verdict, or for the row. */
  readonly waitingMost: number;
}

/** Values of one key side by side, of which the store does not know which is to stay. */
export interface SiblingSummary {
  /** Reads that were answered with more than one value, and the most values that one was answered with. */
  readonly reads: number;
  readonly readMost: number;
  /** At the end: keys of which a live replica holds more than one value, and the most values of a key that one holds. */
  readonly keys: number;
  readonly most: number;
}

/** What deletes leave behind. The verdict `resurrection` says whether any was undone. */
export interface TombstoneSummary {
  /** Tombstones that nodes let go of, each node's counted. */
  readonly purged: number;
  /** Tombstones that live nodes hold at the end. */
  readonly held: number;
}

/** A leader's death, or what was held for it, and what followed. */
export interface Failover {
  readonly fromNode: string;
  /** Why it began: the leader crashed, or was held for dead though it ran (paused, cut off or slow), or an operator said so. */
  readonly cause: 'crash' | 'false-alarm' | 'operator';
  /** null where nobody was promoted. */
  readonly toNode: string | null;
  /** null where the leader had not crashed: it was paused, cut off or slow. */
  readonly crashedAtMs: number | null;
  readonly suspectedAtMs: number | null;
  /** Durations since the crash, or else since the suspicion; null where the phase was not reached. */
  readonly detectedAfterMs: number | null;
  readonly electedAfterMs: number | null;
  readonly promotedAfterMs: number | null;
  /** Write outage: from the crash to the first ok write that began after it; null without a crash or such a write. */
  readonly rtoMs: number | null;
  /** Records that replicas have taken out of their logs since: what the old leader's return costs. */
  readonly discardedRecords: number;
}

export interface NodeLoad {
  readonly node: string;
  readonly role: string;
  readonly process: 'up' | 'paused' | 'down';
  readonly reads: number;
  readonly writes: number;
  readonly applies: number;
  /** Requests turned away because too many waited before them. */
  readonly refused: number;
  /** Longest time an input waited for the node's service. */
  readonly queueMsMax: number;
}

export interface ExpectationResult {
  readonly expectation: string;
  readonly met: boolean;
  readonly measured: string;
}

/** What one run showed; `simulate --json` prints it as it is. */
export interface Report {
  readonly engine: string;
  readonly scenario: string;
  readonly seed: number;
  readonly digest: string;
  readonly durationMs: number;
  readonly operations: { readonly read: OutcomeCounts; readonly write: OutcomeCounts };
  readonly latencyMs: { readonly read: LatencySummary; readonly write: LatencySummary };
  readonly availability: { readonly read: Availability; readonly write: Availability };
  readonly verdicts: readonly Verdict[];
  /** null where no read was stale, or where versions are clocks, of two of which neither may be newer. */
  readonly staleness: Staleness | null;
  readonly messages: { readonly sent: number; readonly delivered: number; readonly dropped: number };
  /** Inputs dispatched. */
  readonly events: number;
  readonly failovers: readonly Failover[];
  /** Failovers whose old leader was running. */
  readonly falseFailovers: number;
  /** Writes of superseded leaders that shared storage refused, by their older token. */
  readonly zombieWritesRejected: number;
  /** The longest a superseded leader went on acknowledging what its successor lacks, since the successor's first acknowledgement. */
  readonly overlapMs: number;
  /** Acknowledged writes lost, and from when the oldest of them was written to when the newest was. */
  readonly rpo: { readonly writes: number; readonly ms: number };
  readonly lag: readonly LagSummary[];
  readonly streams: readonly StreamSummary[];
  /** What monitoring would have told, in the order it was raised. */
  readonly alerts: readonly Alert[];
  /** null where the topology has no leader's log to follow. */
  readonly replication: ReplicationSummary | null;
  /** null where the topology takes no snapshots. */
  readonly snapshots: SnapshotSummary | null;
  /** null where a leader coordinates. */
  readonly coordination: CoordinationSummary | null;
  /** null where nodes compare nothing by themselves. */
  readonly antiEntropy: AntiEntropySummary | null;
  /** null where there are not several leaders. */
  readonly multiLeader: MultiLeaderSummary | null;
  /** null where nothing is certified. */
  readonly certification: CertificationSummary | null;
  /** null where the topology has a log. */
  readonly siblings: SiblingSummary | null;
  /** null where nothing is deleted. */
  readonly tombstones: TombstoneSummary | null;
  readonly nodes: readonly NodeLoad[];
  readonly expectations: readonly ExpectationResult[];
}
