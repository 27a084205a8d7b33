import type { Connectivity } from '../faults/connectivity.ts';
import type { LatencySpec } from '../kernel/latency.ts';
import type { AlertSettings } from '../observe/alerts.ts';

import type { CertificationSpec } from '../topologies/certification/spec.ts';
import type { ConsensusSpec } from '../topologies/consensus/spec.ts';

import type { ReplayCost } from '../topologies/leader-follower/replaying.ts';
import type { LeaderFollowerSpec } from '../topologies/leader-follower/spec.ts';
import type { Way } from '../topologies/leaderless/messages.ts';
import type { Asked, LeaderlessSpec } from '../topologies/leaderless/spec.ts';
import type { MultiLeaderSpec } from '../topologies/multi-leader/spec.ts';
import type { ShardedSpec } from '../topologies/sharded/spec.ts';
import type { ContextRule } from '../workload/contexts.ts';
import type { UserSettings } from '../workload/users.ts';
import type { Expectation, FaultDocument } from './schema.ts';

/**
 * A scenario ready to run: every default filled in, every preset looked up, integer µs. Plain data, so that it can be
 * sent to a worker or put into a page, which then needs neither the parser nor the presets.
 */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly seed: number;
  readonly durationUs: number;
  readonly drainUs: number;
  readonly nodes: readonly NodeSpec[];
  /** Links inside a region. */
  readonly within: LinkSpec;
  /** Directed links between regions; a pair that is not here is linked as inside one region. */
  readonly between: readonly RegionLink[];
  readonly topology: TopologySpec;
  /** In the order of the topology's own members after its replicas. */
  readonly helpers: readonly HelperSpec[];
  readonly workload: WorkloadSpec;
  /** In the form of the file, so that a run with injected faults can be written down again. */
  readonly faults: readonly FaultDocument[];
  readonly alerts: AlertSettings;
  readonly expect: readonly Expectation[];
}

export interface NodeSpec {
  readonly id: string;
  readonly region: string;
  /** Without it, one of its own. */
  readonly rack?: string;
  /** Where it is connected only now and then. */
  readonly connects?: Connectivity;
  readonly fsync: LatencySpec;
  /** 0 is unlimited. */
  readonly diskBytesPerSecond: number;
  /** Room for the log; 0 is unlimited. */
  readonly diskBytes: number;
  /** Picoseconds to serve one, so that 30,000 a second is exact; 0 is none. */
  readonly readPs: number;
  readonly writePs: number;
  readonly applyPs: number;
  /** A client whose request would wait for longer is refused; null: nobody is. */
  readonly queueUsMost: number | null;
  /** What replay costs a follower; null where it costs nothing. */
  readonly replay: ReplayCost | null;
  readonly skewUs: number;
  readonly driftPpm: number;
}

export interface LinkSpec {
  readonly latency: LatencySpec;
  /** Of messages of leaderless replication that travel otherwise. */
  readonly latencyOf?: Readonly<Partial<Record<Way, LatencySpec>>>;
  /** 0 is unlimited. */
  readonly bytesPerSecond: number;
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: boolean;
}

export interface RegionLink extends LinkSpec {
  readonly from: string;
  readonly to: string;
}

/** A topology that is not made of others. */
export type PlainTopologySpec =
  | LeaderFollowerSpec
  | ConsensusSpec
  | CertificationSpec
  | LeaderlessSpec
  | MultiLeaderSpec;

/** A topology, by its type. */
export type TopologySpec = PlainTopologySpec | ShardedSpec;

/** An actor that serves the cluster and is no node of it: a failover manager. It costs nothing. */
export interface HelperSpec {
  readonly name: string;
  readonly region: string;
  /** It starts at a moment of its own, within so long. */
  readonly startWithinUs: number;
}

export interface ClientSpec {
  readonly id: string;
  readonly region: string;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly deletesPerSecond: number;
  /** null where it does not say. */
  readonly context: ContextRule | null;
  readonly fromUs: number;
  /** null where it asks until the workload ends. */
  readonly untilUs: number | null;
  /** Of several leaders: keys of the table that it asks for, and which columns its writes set, a bit each. */
  readonly keys?: { readonly first: number; readonly count: number };
  readonly columns?: number;
  /** Of leaderless replication: what its operations wait for; without it, what the topology says. */
  readonly read?: Asked;
  readonly write?: Asked;
}

export type KeyChoice = 'uniform' | 'zipf' | 'in-turn';

export interface WorkloadSpec {
  readonly clients: readonly ClientSpec[];
  readonly arrivals: 'poisson' | 'regular';
  readonly keys: { readonly count: number; readonly choice: KeyChoice; readonly exponent: number };
  readonly valueBytes: number;
  readonly timeoutUs: number;
  /** null where users are not told apart. */
  readonly users: UserSettings | null;
}

/** Milliseconds as people write them to integer µs. */
export function toUs(ms: number): number {
  return Math.round(ms * 1000);
}

/** Whether each key is a register, whose one value a write replaces: no siblings, no rows that are merged, no deletes. */
export function hasRegisters({ topology, workload }: Scenario): boolean {
  const parts = topology.type === 'sharded' ? topology.shards.map((shard) => shard.topology) : [topology];
  return (
    parts.every(
      (part) => part.type !== 'multi-leader' && (part.type !== 'leaderless' || part.versions === 'lww'),
    ) && workload.clients.every(({ deletesPerSecond }) => deletesPerSecond === 0)
  );
}
