import { buildLatencyTable, type LatencyTable } from '../../kernel/latency.ts';
import type { Actor } from '../../kernel/loop.ts';
import type { NodeKind } from '../../kernel/protocol.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type { SnapshotSummary, Verdict } from '../../run/report.ts';
import { divergence } from '../../verdicts/divergence.ts';
import { LostWrites } from '../../verdicts/lost-writes.ts';
import type { Cluster, ClusterSize, Lag, Loss, Member, Surroundings } from '../cluster.ts';
import { emptyWal, endBytes, lastTerm, writtenAtUs } from '../wal.ts';
import { serverKind, serviceClassOf } from './kinds.ts';
import {
  consensusMessage,
  NOTE_APPENDED,
  NOTE_COMMITTED,
  NOTE_DISCARDED,
  NOTE_FOLLOWING,
  NOTE_INSTALLED,
  NOTE_LEADING,
  NOTE_SENDING,
  NOTE_SNAPSHOT,
  NOTE_STANDING,
  NOTE_STREAM,
  NOTE_VOTED,
} from './messages.ts';
import { ConsensusSafety } from './safety.ts';
import { NOBODY, newServer, type Server, serverChances } from './server.ts';
import type { ConsensusSpec } from './spec.ts';

/** The first term, whose leader is given. */
const FIRST_TERM = 1;
const streamStates = ['disconnected', 'catch-up', 'streaming', 're-sync'] as const;

/** Runs of one scenario share its table. */
const timeoutsBySpec = new WeakMap<ConsensusSpec, LatencyTable>();

function timeoutsOf(spec: ConsensusSpec): LatencyTable {
  let table = timeoutsBySpec.get(spec);
  if (table === undefined) {
    const { timeoutUsMin, timeoutUsMax } = spec;
    table = buildLatencyTable({ type: 'uniform', minUs: timeoutUsMin, maxUs: timeoutUsMax });
    timeoutsBySpec.set(spec, table);
  }
  return table;
}

/** One Raft group. */
export class ConsensusCluster implements Cluster {
  readonly servers: readonly Server[];
  readonly members: readonly Member[];
  readonly serviceClassOf = serviceClassOf;
  readonly messageOf = consensusMessage;
  readonly clientsSeekLeader = true;
  leader: number;
  private leaderTerm = 0;
  /** Whether somebody has held the leader for dead since it began to lead. */
  private isSuspected = false;
  private readonly lostWrites: LostWrites;
  readonly safety: ConsensusSafety;
  private readonly counts = { taken: 0, sent: 0, installed: 0, logEntriesMax: 0 };
  private readonly run: Surroundings;

  /**
   * `kind` is the servers' own; a test may give another, with a rule broken. With `showsCommitted` false the servers are part of
   * something that decides what of the committed shows.
   */
  constructor(
    spec: ConsensusSpec,
    { replicas, keys }: ClusterSize,
    run: Surroundings,
    kind: NodeKind<Server> = serverKind,
    showsCommitted = true,
  ) {
    this.run = run;
    this.leader = spec.leader;
    const { timeoutUsMin, clockDriftPpm } = spec;
    const settings = {
      servers: replicas,
      majority: Math.floor(replicas / 2) + 1,
      timeout: timeoutsOf(spec),
      leastTimeoutUs: timeoutUsMin,
      heartbeatUs: spec.heartbeatUs,
      writesVotes: true,
      preVote: spec.preVote,
      checkQuorum: spec.checkQuorum,
      answersAlone: spec.acknowledgement === 'leader',
      reads: spec.readRule,
      // The leader's clock may be as slow, and the others' as fast, as the bound lets them be.
      leaseUs: Math.floor((timeoutUsMin * (1_000_000 - clockDriftPpm)) / (1_000_000 + clockDriftPpm)),
      snapshots: spec.snapshots,
      showsCommitted,
    };
    this.servers = Array.from({ length: replicas }, (_, self) =>
      newServer(settings, self, { term: FIRST_TERM, leader: spec.leader, wal: emptyWal(), keys }),
    );
    this.members = this.servers.map((state) => ({
      kind: kind as Actor['kind'],
      state,
      timers: serverKind.raft.timers.length,
      chances: serverChances,
    }));
    this.lostWrites = new LostWrites(this.servers, run.names);
    this.safety = new ConsensusSafety(this.servers, run.names);
  }

  leaderOf(): number {
    return this.leader;
  }

  timerName(_member: number, slot: number): string {
    return serverKind.raft.timers[slot]!.delay;
  }

  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void {
    switch (kind) {
      case NOTE_APPENDED:
        this.safety.appended(atUs, member, a);
        return;
      case NOTE_COMMITTED:
        this.safety.commits(atUs, member, a);
        break;
      case NOTE_VOTED:
        this.safety.voted(atUs, member, a, b);
        break;
      case NOTE_LEADING:
        this.lostWrites.leading(member, a);
        this.safety.leading(atUs, member, a);
        if (a > this.leaderTerm) {
          this.leaderTerm = a;
          this.leader = member;
          this.isSuspected = false;
          this.run.ledBy(member);
        }
        break;
      case NOTE_FOLLOWING:
        this.safety.left(member);
        break;
      case NOTE_DISCARDED:
        this.safety.left(member);
        this.lostWrites.discarded(atUs, member, a);
        // What a crash takes from memory was in nobody's log.
        if (this.run.isLive(member)) this.run.discarded(member);
        break;
      case NOTE_SNAPSHOT:
        this.counts.taken++;
        this.lostWrites.recycles(member, b);
        break;
      case NOTE_SENDING:
        this.counts.sent++;
        this.safety.sends(atUs, member, b);
        break;
      case NOTE_INSTALLED:
        this.counts.installed++;
        this.lostWrites.recycles(member, this.servers[member]!.wal.lastLsn);
        this.safety.installs(member, a);
        break;
      case NOTE_STANDING:
        // One that only asks whether it could win, alone perhaps, gives nobody up yet.
        if (b === 0 && member !== this.leader && !this.isSuspected) {
          this.isSuspected = true;
          this.run.suspected(this.leader);
        }
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
        return { type: 'following', atMs, node, term: a, leader: b === NOBODY ? null : names[b]! };
      case NOTE_VOTED:
        return { type: 'voted', atMs, node, term: a, candidate: names[b]! };
      case NOTE_STANDING:
        return { type: 'standing', atMs, node, term: a, asksFirst: b === 1 };
      case NOTE_COMMITTED:
        return { type: 'committed', atMs, node, lsn: a };
      case NOTE_DISCARDED:
        return { type: 'discarded', atMs, node, lsn: a, term: b, value: c, key: d };
      case NOTE_SNAPSHOT:
        return { type: 'snapshot', atMs, node, lsn: a, throughLsn: Math.max(0, b) };
      case NOTE_SENDING:
        return { type: 'snapshot-sent', atMs, node, to: names[a]!, lsn: b };
      case NOTE_INSTALLED:
        return { type: 'snapshot-installed', atMs, node, lsn: a };
      case NOTE_STREAM:
        return { type: 'stream', atMs, from: node, to: names[a]!, state: streamStates[b]! };
      default:
        throw new RangeError(`note kind ${kind} is none of consensus's`);
    }
  }

  acknowledged(atUs: number, term: number, lsn: number, value: number, key: number): void {
    this.lostWrites.acknowledged(atUs, term, lsn, value, key);
  }

  /** Whether the leader has committed all it holds, and every live server holds the same and knows so. */
  hasConverged(): boolean {
    const leader = this.servers[this.leader]!;
    if (!this.run.isLive(this.leader) || leader.leader !== this.leader) return false;
    return this.servers.every(
      (server, node) =>
        !this.run.isLive(node) ||
        (server.term === leader.term &&
          server.leader === this.leader &&
          server.wal.lastLsn === leader.wal.lastLsn &&
          lastTerm(server.wal) === lastTerm(leader.wal) &&
          server.flushedLsn === leader.wal.lastLsn &&
          server.commitLsn === leader.wal.lastLsn),
    );
  }

  lagOf(node: number): Lag {
    const { wal, flushedLsn, replayedLsn } = this.servers[node]!;
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
   * How far an LSN of a server is behind what the leader shows. If the leader has let go of what comes next, the server's own log
   * tells when the last entry before it came.
   */
  private behind(node: number, lsn: number): { us: number; bytes: number } {
    const { wal, replayedLsn } = this.servers[this.leader]!;
    if (node === this.leader || lsn >= replayedLsn) return { us: 0, bytes: 0 };
    const own = this.servers[node]!.wal;
    const since =
      lsn + 1 < wal.firstLsn && lsn >= own.firstLsn
        ? writtenAtUs(own, lsn)
        : writtenAtUs(wal, Math.max(lsn + 1, wal.firstLsn));
    return {
      us: Math.max(0, this.run.nowUs() - since),
      bytes: endBytes(wal, replayedLsn) - endBytes(own, lsn),
    };
  }

  loss(): Loss {
    const lost = this.lostWrites.lost(this.run.isLive);
    return { writes: lost.length, fromUs: lost[0]?.writtenAtUs ?? 0, toUs: lost.at(-1)?.writtenAtUs ?? 0 };
  }

  lostNumbers(): number[] {
    return this.lostWrites.lost(this.run.isLive).flatMap(({ what }) => what?.value ?? []);
  }

  looked(): void {
    for (const { wal } of this.servers)
      this.counts.logEntriesMax = Math.max(this.counts.logEntriesMax, wal.lastLsn - wal.firstLsn + 1);
  }

  snapshots(): SnapshotSummary {
    return { ...this.counts };
  }

  verdicts(drained: boolean): Verdict[] {
    const { names, isLive, nowUs } = this.run;
    return [
      this.lostWrites.verdict(isLive),
      divergence(this.servers, names, isLive, drained, nowUs()),
      this.safety.verdict(),
    ];
  }

  roles(): NodeRole[] {
    const { raft } = serverKind;
    return this.servers.map((server) => ({
      role: raft.matches(server.role, 'leader')
        ? 'leader'
        : raft.matches(server.role, 'electing.follower')
          ? 'follower'
          : 'candidate',
      state: raft.configurations[server.role]!.states.at(-1)!,
      term: server.term,
      writtenLsn: server.wal.lastLsn,
      flushedLsn: server.flushedLsn,
      appliedLsn: server.replayedLsn,
      believedLeader: server.leader === NOBODY ? null : this.run.names[server.leader]!,
    }));
  }

  streams(): StreamView[] {
    const { names } = this.run;
    const { raft } = serverKind;
    return this.servers.flatMap((server, from) =>
      raft.matches(server.role, 'leader')
        ? this.servers.flatMap((_, to) =>
            to === from
              ? []
              : [
                  {
                    from: names[from]!,
                    to: names[to]!,
                    state: streamState(server.progress[to]!),
                    syncState: server.settings.answersAlone ? ('async' as const) : ('quorum' as const),
                    sentBytes: endBytes(server.wal, server.nextLsn[to]! - 1),
                  },
                ],
          )
        : [],
    );
  }

  helpers(): HelperState[] {
    return [];
  }
}

function streamState(configuration: number): StreamView['state'] {
  const { progress } = serverKind;
  if (progress.matches(configuration, 'disconnected')) return 'disconnected';
  if (progress.matches(configuration, 'snapshot')) return 're-sync';
  return progress.matches(configuration, 'probing') ? 'catch-up' : 'streaming';
}
