import type { Operation, OperatorFault } from '../../faults/faults.ts';
import type { Actor } from '../../kernel/loop.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type { ReplicationSummary, Verdict } from '../../run/report.ts';
import { divergence } from '../../verdicts/divergence.ts';
import { LostWrites } from '../../verdicts/lost-writes.ts';
import { SplitBrain } from '../../verdicts/split-brain.ts';
import type { Cluster, ClusterSize, Lag, Loss, Member, Surroundings } from '../cluster.ts';
import { placeOf } from '../sharded/spec.ts';
import { endBytes, lastTerm, writtenAtUs } from '../wal.ts';
import { acknowledgementOf } from './acknowledgement.ts';
import { leaderKeyKind, managerKind, powerKind } from './failover-kinds.ts';
import { type LeaderKey, newLeaderKey } from './leader-key.ts';
import { promiseUsFor } from './lease.ts';
import { type Manager, newManager } from './manager.ts';
import {
  ACT_BEGIN_QUERY,
  ACT_CANCEL_WAITS,
  ACT_END_QUERY,
  ACT_HUGE_TRANSACTION,
  ACT_PROMOTE,
  NOTE_ACKNOWLEDGED,
  NOTE_BASE_BACKUP,
  NOTE_CHOSEN,
  NOTE_DISCARDED,
  NOTE_DISK_FULL,
  NOTE_DOUBTED,
  NOTE_FOLLOWING,
  NOTE_LEADING,
  NOTE_LEASE,
  NOTE_POWERED_OFF,
  NOTE_QUERY,
  NOTE_RECYCLED,
  NOTE_REJECTED,
  NOTE_SLOT_LOST,
  NOTE_STREAM,
  NOTE_SUSPECTED,
  NOTE_WAIT,
  NOTE_WARNED,
  QUERY_CANCELLED,
  queryTurns,
  replicationMessage,
  type StreamState,
  streamStates,
} from './messages.ts';
import { newPower, type Power } from './power.ts';
import { CLEANUP, LOCK, NO_QUERY, queryConflicts } from './replaying.ts';
import { type Fence, newReplica, type Replica, unfenced } from './replica.ts';
import { replicaKind, serviceClassOf } from './replica-kind.ts';
import { ReplicationCounts } from './replication-counts.ts';
import type { LeaderFollowerSpec } from './spec.ts';
import { newStorage, storageKind } from './storage.ts';
import { syncStateOf } from './waiting.ts';

/** Leader-follower with its failover manager or its observers, which are the actors after the replicas. */
export class LeaderFollowerCluster implements Cluster {
  readonly replicas: readonly Replica[];
  /** The failover manager, or the observers. */
  readonly coordinators: readonly Manager[];
  readonly members: readonly Member[];
  readonly serviceClassOf = serviceClassOf;
  readonly messageOf = replicationMessage;
  leader: number;
  private leaderTerm = 0;
  private readonly counts = new ReplicationCounts();
  private readonly lostWrites: LostWrites;
  private readonly splitBrain: SplitBrain;
  private readonly automatic: boolean;
  private readonly run: Surroundings;

  constructor(spec: LeaderFollowerSpec, size: ClusterSize, run: Surroundings) {
    const { replicas, keys, clients } = size;
    this.run = run;
    this.leader = spec.leader;
    const nodeNames = run.names.slice(0, replicas).map(placeOf);
    const acknowledgement = acknowledgementOf(spec.acknowledgement, nodeNames, [], []);
    const settings = {
      replicas,
      clients,
      acknowledgement,
      maxStandbyDelayUs: spec.maxStandbyDelayUs,
      hotStandbyFeedback: spec.hotStandbyFeedback,
      fence: fenceOf(spec, replicas + spec.observers),
      retention: spec.retention,
      reconnectUs: spec.reconnectUs,
      keepaliveUs: spec.keepaliveUs,
      streamTimeoutUs: spec.streamTimeoutUs,
      readWaitUs: spec.readWaitUs,
    };
    this.replicas = Array.from({ length: replicas }, (_, self) =>
      newReplica(
        { ...settings, replay: size.nodes[self]!.replay, capacityBytes: size.nodes[self]!.diskBytes },
        self,
        spec.leader,
        keys,
      ),
    );
    const { observers, quorum, suspicion, campaignUs } = spec;
    const fencer = replicas + observers;
    this.coordinators = Array.from({ length: observers }, (_, self) =>
      newManager(
        {
          observers,
          self,
          quorum,
          suspicion,
          // Nobody's patience ends when another's does, or they would keep each other from a majority.
          campaignUs: campaignUs + Math.floor((campaignUs * self) / observers),
          replicas,
          promised: acknowledgement.promised,
          priorities: acknowledgement.priorities,
          automatic: spec.automaticFailover,
          heartbeatUs: spec.heartbeatUs,
          timeoutUs: spec.timeoutUs,
          electionUs: spec.electionUs,
          clients,
          power: spec.fencing === 'stonith' ? fencer : -1,
          needsMajority: spec.fencing === 'lease',
        },
        spec.leader,
      ),
    );
    this.members = [
      ...this.replicas.map((state) => ({
        kind: replicaKind as Actor['kind'],
        state,
        timers: replicaKind.timersOf(replicas).length,
      })),
      ...this.coordinators.map((state) => ({
        kind: managerKind as Actor['kind'],
        state,
        timers: managerKind.failover.timers.length,
      })),
      ...this.storesOf(spec, clients),
      ...fencersOf(spec),
    ];
    this.lostWrites = new LostWrites(this.replicas, run.names);
    this.splitBrain = new SplitBrain(this.replicas, run.names);
    this.automatic = spec.automaticFailover;
  }

  /** The lease store, where there is one instead of managers. */
  private storesOf({ leaderKey, leader }: LeaderFollowerSpec, clients: readonly number[]): Member[] {
    if (leaderKey === null) return [];
    const settings = { replicas: this.replicas.length, clients, ttlUs: leaderKey.ttlUs };
    return [
      {
        kind: leaderKeyKind as Actor['kind'],
        state: newLeaderKey(settings, leader),
        timers: leaderKeyKind.leaderKey.timers.length,
      },
    ];
  }

  leaderOf(): number {
    return this.leader;
  }

  timerName(member: number, slot: number): string {
    if (member >= this.replicas.length + this.coordinators.length) {
      const chart = this.members[member]!.kind === powerKind ? powerKind.power : leaderKeyKind.leaderKey;
      return chart.timers[slot]!.delay;
    }
    if (member >= this.replicas.length) return managerKind.failover.timers[slot]!.delay;
    const { delay, peer } = replicaKind.timersOf(this.replicas.length)[slot]!;
    return peer === null ? delay : `${delay} of ${this.run.names[peer]!}`;
  }

  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void {
    switch (kind) {
      case NOTE_LEADING:
        this.lostWrites.leading(member, a);
        this.splitBrain.leading(member, a);
        this.counts.waitsAgain(atUs, member);
        if (a > this.leaderTerm) {
          this.leaderTerm = a;
          this.leader = member;
          this.run.ledBy(member);
        }
        break;
      case NOTE_DISCARDED:
        this.lostWrites.discarded(atUs, member, a, a > this.replicas[member]!.flushedLsn);
        // What a crash takes from memory was in nobody's log.
        if (this.run.isLive(member)) this.run.discarded(member);
        break;
      case NOTE_ACKNOWLEDGED:
        // The answer itself is in the trace.
        this.splitBrain.acknowledging(atUs, a, b, c);
        return;
      case NOTE_WAIT:
        this.counts.waits(atUs, member, a === 1);
        break;
      case NOTE_RECYCLED:
        this.lostWrites.recycles(member, a);
        return;
      case NOTE_SLOT_LOST:
        this.counts.lostSlot();
        break;
      case NOTE_BASE_BACKUP:
        this.counts.backedUp();
        break;
      case NOTE_DISK_FULL:
        this.counts.filledDisk();
        break;
      case NOTE_QUERY:
        if (a === QUERY_CANCELLED) this.counts.cancelledQuery();
        break;
      case NOTE_WARNED:
        this.counts.warned(a);
        break;
      case NOTE_SUSPECTED:
        this.run.suspected(a);
        break;
      case NOTE_CHOSEN:
        this.run.elected(a);
        break;
      case NOTE_REJECTED:
        this.run.rejected();
        break;
    }
    if (this.run.observe !== undefined) this.run.observe(this.entryOf(atUs, member, kind, a, b, c, d));
  }

  private entryOf(
    atUs: number,
    member: number,
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): TraceEntry {
    const { names } = this.run;
    const atMs = atUs / 1000;
    const node = names[member]!;
    switch (kind) {
      case NOTE_LEADING:
        return { type: 'leading', atMs, node, term: a, lastLsn: b };
      case NOTE_FOLLOWING:
        return { type: 'following', atMs, node, term: a, leader: b < 0 ? null : names[b]! };
      case NOTE_DISCARDED:
        return { type: 'discarded', atMs, node, lsn: a, term: b, value: c, key: d };
      case NOTE_STREAM:
        return { type: 'stream', atMs, from: node, to: names[a]!, state: streamStates[b]! };
      case NOTE_WAIT:
        return { type: 'waiting', atMs, node, mode: a === 0 ? 'asynchronous' : 'semi-synchronous' };
      case NOTE_SLOT_LOST:
        return { type: 'slot-lost', atMs, node, follower: names[a]!, throughLsn: b };
      case NOTE_BASE_BACKUP:
        return { type: 'base-backup', atMs, node, lsn: a };
      case NOTE_DISK_FULL:
        return { type: 'disk-full', atMs, node };
      case NOTE_QUERY:
        return { type: 'query', atMs, node, what: queryTurns[a]!, conflict: queryConflicts[b - 1]! };
      case NOTE_WARNED:
        return { type: 'warned', atMs, node, writes: a };
      case NOTE_SUSPECTED:
        return { type: 'suspected', atMs, by: node, node: names[a]!, term: b };
      case NOTE_CHOSEN:
        return { type: 'chosen', atMs, by: node, node: names[a]!, term: b };
      case NOTE_DOUBTED:
        return { type: 'doubted', atMs, by: node, node: names[a]!, term: b };
      case NOTE_REJECTED:
        return { type: 'zombie-rejected', atMs, node: names[a]!, token: b, lsn: c };
      case NOTE_POWERED_OFF:
        return { type: 'powered-off', atMs, node: names[a]! };
      case NOTE_LEASE:
        return { type: 'lease', atMs, node, term: a, held: b === 1 };
      default:
        throw new RangeError(`note kind ${kind} is none of leader-follower's`);
    }
  }

  acknowledged(atUs: number, term: number, lsn: number, value: number, key: number): void {
    this.lostWrites.acknowledged(atUs, term, lsn, value, key);
    const overlapUs = this.splitBrain.acknowledged(value);
    if (overlapUs > 0) this.run.overlapped(overlapUs);
  }

  saw(term: number, lsn: number): void {
    this.lostWrites.saw(term, lsn);
  }

  /** How much log the leader keeps, and rows it keeps dead for queries on followers that see them. */
  looked(): void {
    const { wal, flushedLsn } = this.replicas[this.leader]!;
    this.counts.keptLog(endBytes(wal, wal.lastLsn) - wal.firstBytes);
    for (const { settings, query, queryLsn } of this.replicas) {
      if (query === NO_QUERY || !settings.hotStandbyFeedback || queryLsn >= flushedLsn) continue;
      this.counts.keptDead(flushedLsn - queryLsn, endBytes(wal, flushedLsn) - endBytes(wal, queryLsn));
    }
  }

  hasConverged(): boolean {
    const leader = this.replicas[this.leader]!;
    if (!this.run.isLive(this.leader) || leader.flushedLsn !== leader.wal.lastLsn) return false;
    return this.replicas.every(
      (replica, node) =>
        !this.run.isLive(node) ||
        (replica.term === leader.term &&
          replica.leader === this.leader &&
          replica.wal.lastLsn === leader.wal.lastLsn &&
          lastTerm(replica.wal) === lastTerm(leader.wal) &&
          replica.backup === null &&
          replica.flushedLsn === leader.wal.lastLsn),
    );
  }

  lagOf(node: number): Lag {
    const { wal, flushedLsn, replayedLsn } = this.replicas[node]!;
    const written = this.behind(node, wal.lastLsn);
    const flushed = this.behind(node, flushedLsn);
    const replayed = this.behind(node, replayedLsn);
    return {
      writeLagUs: written.us,
      flushLagUs: flushed.us,
      replayLagUs: replayed.us,
      writeLagBytes: written.bytes,
      flushLagBytes: flushed.bytes,
      replayLagBytes: replayed.bytes,
    };
  }

  /**
   * How far an LSN of a replica is behind the leader's disk. A record that the leader has let go of is on the replica's own,
   * which knows when it came: a message's way later.
   */
  private behind(node: number, lsn: number): { us: number; bytes: number } {
    const leader = this.replicas[this.leader]!;
    if (node === this.leader || lsn >= leader.flushedLsn) return { us: 0, bytes: 0 };
    const holder = lsn + 1 < leader.wal.firstLsn ? this.replicas[node]!.wal : leader.wal;
    return {
      us: Math.max(0, this.run.nowUs() - writtenAtUs(holder, Math.max(lsn + 1, holder.firstLsn))),
      bytes: endBytes(leader.wal, leader.flushedLsn) - endBytes(holder, lsn),
    };
  }

  loss(): Loss {
    const lost = this.lostWrites.lost(this.run.isLive);
    return { writes: lost.length, fromUs: lost[0]?.writtenAtUs ?? 0, toUs: lost.at(-1)?.writtenAtUs ?? 0 };
  }

  lostNumbers(): number[] {
    return this.lostWrites.lost(this.run.isLive).flatMap(({ what }) => what?.value ?? []);
  }

  replication(): ReplicationSummary {
    return this.counts.report(this.run.nowUs(), this.lostWrites.lostAfterReads(this.run.isLive));
  }

  verdicts(drained: boolean): Verdict[] {
    const { names, isLive, nowUs } = this.run;
    return [
      this.lostWrites.verdict(isLive),
      divergence(this.replicas, names, isLive, drained, nowUs()),
      this.splitBrain.verdict(),
    ];
  }

  /** A manager that fails over by itself is also the operator's tool; without one, the operator acts at the replica. */
  operation(fault: OperatorFault, ended: boolean): Operation | string {
    const { node } = fault;
    const replica = node === undefined ? this.leader : this.run.names.indexOf(node);
    switch (fault.type) {
      case 'cancel-waits':
        if (this.replicas[replica]!.settings.acknowledgement.count === 0)
          return 'no write waits for followers';
        return { actor: replica, a: ACT_CANCEL_WAITS, b: 0, c: 0, d: 0 };
      case 'change-schema':
        return 'there is one table: the leader’s, which its followers copy';
      case 'huge-transaction':
        return { actor: replica, a: ACT_HUGE_TRANSACTION, b: fault.bytes, c: fault.key, d: 0 };
      case 'long-query': {
        if (ended) return { actor: replica, a: ACT_END_QUERY, b: 0, c: 0, d: 0 };
        const { role, query } = this.replicas[replica]!;
        if (replicaKind.role.matches(role, 'leading')) return `${fault.node} leads: it replays nothing`;
        if (query !== NO_QUERY) return `a long query runs on ${fault.node} already`;
        const b = fault.conflict === 'cleanup' ? CLEANUP : LOCK;
        return { actor: replica, a: ACT_BEGIN_QUERY, b, c: 0, d: 0 };
      }
    }
    const newestTerm = this.replicas.reduce((newest, { term }) => Math.max(newest, term), 0);
    const { role, term } = this.replicas[replica]!;
    if (term === newestTerm && replicaKind.role.matches(role, 'leading')) return `${node} leads already`;
    if (this.coordinators.length === 0) return 'the lease store says who leads';
    if (this.coordinators.length > 1 && this.automatic) return 'the observers promote by themselves';
    if (this.coordinators[0]!.settings.power >= 0)
      return 'the manager promotes nobody whose predecessor is not powered off';
    const order = { a: ACT_PROMOTE, c: 0, d: 0 };
    return this.automatic
      ? { ...order, actor: this.replicas.length, b: replica }
      : { ...order, actor: replica, b: newestTerm + 1 };
  }

  roles(): NodeRole[] {
    const { role } = replicaKind;
    return this.replicas.map((replica) => ({
      role: role.matches(replica.role, 'leading') ? 'leader' : 'follower',
      state: role.configurations[replica.role]!.states.at(-1)!,
      term: replica.term,
      writtenLsn: replica.wal.lastLsn,
      flushedLsn: replica.flushedLsn,
      appliedLsn: replica.replayedLsn,
      believedLeader: replica.leader < 0 ? null : this.run.names[replica.leader]!,
    }));
  }

  streams(): StreamView[] {
    const { names } = this.run;
    return this.replicas.flatMap((replica, from) =>
      replicaKind.role.matches(replica.role, 'leading')
        ? this.replicas.flatMap((_, to) =>
            to === from
              ? []
              : [
                  {
                    from: names[from]!,
                    to: names[to]!,
                    state: streamState(replica.streams[to]!),
                    syncState: syncStateOf(replica, to),
                    sentBytes: endBytes(replica.wal, replica.sentLsn[to]!),
                  },
                ],
          )
        : [],
    );
  }

  private holderOf(kind: Member['kind'], state: unknown): string | null {
    if (kind !== leaderKeyKind) return null;
    const { holder } = state as LeaderKey;
    return holder < 0 ? null : this.run.names[holder]!;
  }

  helpers(): HelperState[] {
    const region = 'failover.';
    return [
      ...this.coordinators.map(({ mode, leader }) => {
        const { states } = managerKind.failover.configurations[mode]!;
        return {
          state: states.findLast((state) => state.startsWith(region))!.slice(region.length),
          leader: leader < 0 ? null : this.run.names[leader]!,
        };
      }),
      ...this.members
        .slice(this.replicas.length + this.coordinators.length)
        .map(({ kind, state }) => ({ state: helperState(kind, state), leader: this.holderOf(kind, state) })),
    ];
  }
}

function fenceOf(spec: LeaderFollowerSpec, storage: number): Fence {
  if (spec.leaderKey !== null) return { ...unfenced, agent: spec.leaderKey.agent };
  switch (spec.fencing) {
    case 'none':
    case 'stonith':
      return unfenced;
    case 'token':
      return { ...unfenced, storage };
    case 'lease': {
      const { leaseUs, leaseRenewUs, driftBoundPpm } = spec;
      return { ...unfenced, leaseUs, leaseRenewUs, promiseUs: promiseUsFor(leaseUs, driftBoundPpm) };
    }
  }
}

/** The actor that fencing needs beside the manager. */
function fencersOf({ fencing, powerOffUs }: LeaderFollowerSpec): Member[] {
  switch (fencing) {
    case 'none':
    case 'lease':
      return [];
    case 'token':
      return [{ kind: storageKind as Actor['kind'], state: newStorage(), timers: 0 }];
    case 'stonith': {
      const timers = powerKind.power.timers.length;
      return [{ kind: powerKind as Actor['kind'], state: newPower(powerOffUs), timers }];
    }
  }
}

function helperState(kind: Member['kind'], state: unknown): string {
  if (kind === leaderKeyKind)
    return leaderKeyKind.leaderKey.configurations[(state as LeaderKey).mode]!.states.at(-1)!;
  if (kind !== powerKind) return 'open';
  return powerKind.power.configurations[(state as Power).mode]!.states.at(-1)!;
}

function streamState(configuration: number): StreamState {
  const { stream } = replicaKind;
  if (stream.matches(configuration, 'disconnected')) return 'disconnected';
  if (stream.matches(configuration, 're-sync')) return 're-sync';
  return stream.matches(configuration, 'connected.sending.catch-up') ? 'catch-up' : 'streaming';
}
