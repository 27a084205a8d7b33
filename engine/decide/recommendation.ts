/** The types of an answer; plain data, so that it prints as JSON as it is. */

/** In the order of escalation: a later one is chosen only when a requirement rules out every earlier one. */
export const topologies = [
  'single-node',
  'leader-follower',
  'multi-leader',
  'leaderless',
  'consensus',
] as const;
export type Topology = (typeof topologies)[number];

export interface Source {
  readonly title: string;
  readonly url?: string;
}

/** Why something was chosen: the rule, the value of yours it read, and where the rule comes from. */
export interface Reason {
  readonly rule: string;
  /** Path of the requirement it read. */
  readonly field: string;
  /** Your value with its unit, such as `120 writes/s`. */
  readonly yourValue: string;
  readonly because: string;
  readonly source: Source;
}

/** Why a topology does not do; `weighs` orders what is worse when nothing fits. */
export interface Objection extends Reason {
  readonly weighs: 'safety' | 'capacity' | 'availability' | 'latency' | 'effort';
}

/** Replicas of one shard in one region. */
export interface Placement {
  readonly region: string;
  readonly role: 'leader' | 'follower' | 'replica';
  readonly count: number;
}

/** Timers of an automatic failover, milliseconds. */
export interface FailoverSettings {
  readonly automatic: boolean;
  /** Where the failover manager runs. */
  readonly region: string;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly electionMs: number;
  readonly reconnectMs: number;
  /** Crash to the first ok write when every timer runs to its end. */
  readonly expectedOutageMs: number;
}

/** Timers of consensus, milliseconds. */
export interface ElectionSettings {
  /** The longest round trip between two voters, which the others follow. */
  readonly roundTripMs: number;
  readonly heartbeatMs: number;
  /** The least silence before a server seeks to be elected; each wait is drawn between it and twice it. */
  readonly electionTimeoutMs: number;
  /** Crash to the first write of the new leader when every timer runs to its end. */
  readonly expectedOutageMs: number;
}

/** Per shard. What does not apply to the topology is null. */
export interface Settings {
  readonly acknowledgement: 'asynchronous' | 'semi-synchronous' | 'synchronous' | null;
  readonly reads: 'leader' | 'followers' | 'nearest' | null;
  /** Entities that must be read from the leader whatever `reads` says. */
  readonly leaderReads: readonly string[];
  /** Copies of one shard's data. */
  readonly replicas: number;
  readonly placement: readonly Placement[];
  readonly failover: FailoverSettings | null;
  readonly election: ElectionSettings | null;
  /** Of a leaderless store: copies, write and read quorum. */
  readonly quorum: { readonly n: number; readonly w: number; readonly r: number } | null;
  /** Estimated before any run; the evidence measures it. */
  readonly expectedWriteP99Ms: number;
}

export interface Alternative {
  readonly topology: Topology;
  readonly reasons: readonly Reason[];
}

/** The nearest change of one field that changes the answer; found by deciding again. */
export interface Flip {
  readonly field: string;
  readonly from: number | string | boolean;
  readonly to: number | string | boolean;
  readonly becomes: string;
}

export interface Recommendation {
  readonly topology: Topology;
  readonly sharded: boolean;
  /** 1 where not sharded. */
  readonly shards: number;
  /** The answer in one line, such as `leader-follower, semi-synchronous, 3 shards`. */
  readonly answer: string;
  readonly settings: Settings;
  readonly reasons: readonly Reason[];
  /** Requirements that no topology meets; empty in the usual case. The answer is then the least bad. */
  readonly unmet: readonly Objection[];
  readonly runnerUp: Alternative;
  readonly rejected: readonly Alternative[];
  readonly flips: readonly Flip[];
  readonly warnings: readonly string[];
}
