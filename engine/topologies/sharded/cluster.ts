import type { HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type {
  AntiEntropySummary,
  CertificationSummary,
  CoordinationSummary,
  ReplicationSummary,
  SnapshotSummary,
  Verdict,
} from '../../run/report.ts';
import type { PlainTopologySpec } from '../../scenario/scenario.ts';
import type { Cluster, ClusterSize, Lag, Loss, Member, Surroundings } from '../cluster.ts';
import type { ShardedSpec } from './spec.ts';

interface Shard {
  readonly cluster: Cluster;
  /** Its first member. */
  readonly first: number;
  readonly replicas: number;
}

/**
 * Any topology, once for each part of the keys. Shards share machines and nothing else: each is a cluster of its own,
 * which counts its members from 0. Here only what a run sees of them is put together.
 */
export class ShardedCluster implements Cluster {
  readonly members: readonly Member[];
  readonly shards: readonly Shard[];
  readonly messageOf: Cluster['messageOf'];
  readonly clientsSeekLeader: boolean;
  readonly clientsAskAnybody: boolean;
  readonly everybodyLeads: boolean;
  readonly holdersOf: ((key: number) => number) | null;
  readonly stampsVersions: boolean;
  readonly readsGiveNumbers: boolean;
  readonly ordersWrites: boolean;
  /** Which shard a member is of. */
  private readonly shardOf: readonly Shard[];

  /** `newCluster` makes the cluster of one shard. */
  constructor(
    spec: ShardedSpec,
    { keys, clients, nodes: machines }: ClusterSize,
    run: Surroundings,
    newCluster: (spec: PlainTopologySpec, size: ClusterSize, run: Surroundings) => Cluster,
  ) {
    const shards: Shard[] = [];
    const members: Member[] = [];
    for (const { nodes, topology } of spec.shards) {
      const first = members.length;
      const cluster = newCluster(
        topology,
        {
          replicas: nodes.length,
          nodes: nodes.map((node) => machines[node]!),
          keys,
          clients: clients.map((client) => client - first),
        },
        {
          ...run,
          names: run.names.slice(first),
          isLive: (member) => run.isLive(first + member),
          ledBy: (member) => run.ledBy(first + member),
          suspected: (member) => run.suspected(first + member),
          discarded: (member) => run.discarded(first + member),
        },
      );
      members.push(...cluster.members);
      shards.push({ cluster, first, replicas: nodes.length });
    }
    this.shards = shards;
    this.members = members;
    this.shardOf = shards.flatMap((shard) => shard.cluster.members.map(() => shard));
    // All are of one kind.
    const [{ cluster }] = shards as [Shard];
    this.messageOf = cluster.messageOf;
    this.clientsSeekLeader = cluster.clientsSeekLeader ?? false;
    this.clientsAskAnybody = cluster.clientsAskAnybody ?? false;
    this.everybodyLeads = cluster.everybodyLeads ?? false;
    this.holdersOf = cluster.holdersOf ? (key) => shards[key % shards.length]!.cluster.holdersOf!(key) : null;
    this.stampsVersions = cluster.stampsVersions ?? false;
    this.readsGiveNumbers = cluster.readsGiveNumbers ?? false;
    this.ordersWrites = cluster.ordersWrites ?? false;
  }

  leaderOf(member: number): number {
    const { cluster, first } = this.shardOf[member]!;
    const leader = cluster.leaderOf(member - first);
    return leader < 0 ? leader : first + leader;
  }

  /** Every shard has the same kinds of messages. */
  get serviceClassOf(): Cluster['serviceClassOf'] {
    return this.shards[0]!.cluster.serviceClassOf;
  }

  timerName(member: number, slot: number): string {
    const { cluster, first } = this.shardOf[member]!;
    return cluster.timerName(member - first, slot);
  }

  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void {
    const { cluster, first } = this.shardOf[member]!;
    cluster.onNote(atUs, member - first, kind, a, b, c, d);
  }

  acknowledged(atUs: number, term: number, lsn: number, value: number, key: number): void {
    this.shards[key % this.shards.length]!.cluster.acknowledged(atUs, term, lsn, value, key);
  }

  saw(term: number, lsn: number, key: number): void {
    this.shards[key % this.shards.length]!.cluster.saw?.(term, lsn, key);
  }

  replication(): ReplicationSummary | null {
    const shards = this.shards.flatMap(({ cluster }) => cluster.replication?.() ?? []);
    if (shards.length === 0) return null;
    const sum = (of: (shard: ReplicationSummary) => number) =>
      shards.reduce((total, shard) => total + of(shard), 0);
    return {
      warnings: sum(({ warnings }) => warnings),
      fallbacks: sum(({ fallbacks }) => fallbacks),
      fallenBackMs: sum(({ fallenBackMs }) => fallenBackMs),
      lostWritesRead: sum(({ lostWritesRead }) => lostWritesRead),
      walBytesMax: Math.max(0, ...shards.map(({ walBytesMax }) => walBytesMax)),
      slotsLost: sum(({ slotsLost }) => slotsLost),
      baseBackups: sum(({ baseBackups }) => baseBackups),
      disksFull: sum(({ disksFull }) => disksFull),
      cancelledQueries: sum(({ cancelledQueries }) => cancelledQueries),
      deadRowsMax: Math.max(0, ...shards.map(({ deadRowsMax }) => deadRowsMax)),
      deadBytesMax: Math.max(0, ...shards.map(({ deadBytesMax }) => deadBytesMax)),
    };
  }

  snapshots(): SnapshotSummary | null {
    const shards = this.shards.flatMap(({ cluster }) => cluster.snapshots?.() ?? []);
    if (shards.length === 0) return null;
    const sum = (of: (shard: SnapshotSummary) => number) =>
      shards.reduce((total, shard) => total + of(shard), 0);
    return {
      taken: sum(({ taken }) => taken),
      sent: sum(({ sent }) => sent),
      installed: sum(({ installed }) => installed),
      logEntriesMax: Math.max(...shards.map(({ logEntriesMax }) => logEntriesMax)),
    };
  }

  coordination(): CoordinationSummary | null {
    const shards = this.shards.flatMap(({ cluster }) => cluster.coordination?.() ?? []);
    if (shards.length === 0) return null;
    const sum = (of: (shard: CoordinationSummary) => number) =>
      shards.reduce((total, shard) => total + of(shard), 0);
    return {
      unavailable: sum(({ unavailable }) => unavailable),
      timedOut: sum(({ timedOut }) => timedOut),
      readRepairs: sum(({ readRepairs }) => readRepairs),
      digestMismatches: sum(({ digestMismatches }) => digestMismatches),
      hintsStored: sum(({ hintsStored }) => hintsStored),
      hintsReplayed: sum(({ hintsReplayed }) => hintsReplayed),
      hintsExpired: sum(({ hintsExpired }) => hintsExpired),
      hintsLost: sum(({ hintsLost }) => hintsLost),
      hintsHeld: sum(({ hintsHeld }) => hintsHeld),
      hintsHeldMax: sum(({ hintsHeldMax }) => hintsHeldMax),
    };
  }

  antiEntropy(): AntiEntropySummary | null {
    const shards = this.shards.flatMap(({ cluster }) => cluster.antiEntropy?.() ?? []);
    if (shards.length === 0) return null;
    const sum = (of: (shard: AntiEntropySummary) => number) =>
      shards.reduce((total, shard) => total + of(shard), 0);
    return {
      sessions: sum(({ sessions }) => sessions),
      givenUp: sum(({ givenUp }) => givenUp),
      keys: sum(({ keys }) => keys),
      roundsMax: Math.max(...shards.map(({ roundsMax }) => roundsMax)),
      bytes: sum(({ bytes }) => bytes),
    };
  }

  certified(): CertificationSummary | null {
    const shards = this.shards.flatMap(({ cluster }) => cluster.certified?.() ?? []);
    if (shards.length === 0) return null;
    const sum = (of: (shard: CertificationSummary) => number) =>
      shards.reduce((total, shard) => total + of(shard), 0);
    return {
      accepted: sum(({ accepted }) => accepted),
      conflicts: sum(({ conflicts }) => conflicts),
      rowWaits: sum(({ rowWaits }) => rowWaits),
      turnedAway: sum(({ turnedAway }) => turnedAway),
      waitingMost: Math.max(...shards.map(({ waitingMost }) => waitingMost)),
    };
  }

  looked(): void {
    for (const { cluster } of this.shards) cluster.looked?.();
  }

  hasConverged(): boolean {
    return this.shards.every(({ cluster }) => cluster.hasConverged());
  }

  lagOf(member: number): Lag {
    const { cluster, first } = this.shardOf[member]!;
    return cluster.lagOf(member - first);
  }

  loss(): Loss {
    const losses = this.shards.map(({ cluster }) => cluster.loss()).filter(({ writes }) => writes > 0);
    return {
      writes: losses.reduce((sum, { writes }) => sum + writes, 0),
      fromUs: losses.length === 0 ? 0 : Math.min(...losses.map(({ fromUs }) => fromUs)),
      toUs: losses.length === 0 ? 0 : Math.max(...losses.map(({ toUs }) => toUs)),
    };
  }

  lostNumbers(): number[] {
    return this.shards.flatMap(({ cluster }) => cluster.lostNumbers?.() ?? []);
  }

  /** Of each name one: the sum of all shards, the worst result, and the earliest witness. */
  verdicts(drained: boolean): Verdict[] {
    const byName = new Map<string, Verdict>();
    for (const { cluster } of this.shards) {
      for (const verdict of cluster.verdicts(drained)) {
        const before = byName.get(verdict.name);
        byName.set(verdict.name, before === undefined ? verdict : joined(before, verdict));
      }
    }
    return [...byName.values()];
  }

  roles(): NodeRole[] {
    return this.shards.flatMap(({ cluster }) => cluster.roles());
  }

  streams(): StreamView[] {
    return this.shards.flatMap(({ cluster }) => cluster.streams());
  }

  helpers(): HelperState[] {
    return this.shards.flatMap(({ cluster }) => cluster.helpers());
  }
}

const severity = ['ok', 'unknown', 'violation'] as const;

function joined(a: Verdict, b: Verdict): Verdict {
  const worst = severity[Math.max(severity.indexOf(a.result), severity.indexOf(b.result))]!;
  const witness =
    a.witness === null || (b.witness !== null && b.witness.atMs < a.witness.atMs) ? b.witness : a.witness;
  return { name: a.name, result: worst, count: a.count + b.count, witness };
}
