/**
 * A server's state. Its rules are plain functions that the charts name: whom it votes for (`voting.ts`), what it takes
 * from a leader (`following.ts`), what it does as one (`leading.ts`), how reads are answered (`reading.ts`), and how its
 * log comes to disk and back off it (`log.ts`), and how it is kept short (`snapshot.ts`). What mode it is in and which timers run is the charts' business
 * (`raft.chart.ts`, `progress.chart.ts`).
 *
 * Further reading: Ongaro and Ousterhout, In search of an understandable consensus algorithm, 2014, figure 2; Ongaro's
 * dissertation, https://github.com/ongardie/dissertation, chapters 3, 6 and 9.
 */

import type { LatencyTable } from '../../kernel/latency.ts';
import type { Input, Out } from '../../kernel/protocol.ts';
import type { ArrivingCopy, Copy } from '../copy.ts';
import { DATA_WIDTH, type Wal } from '../wal.ts';
import { NOTE_FOLLOWING } from './messages.ts';
import type { SnapshotSettings } from './snapshot.ts';

export interface ServerSettings {
  /** How many servers there are, dead or alive; their actors count from 0. */
  readonly servers: number;
  /** Votes that make a leader, its own included, and disks that commit an entry. */
  readonly majority: number;
  /** Election timeouts, drawn anew each time the timer starts, and the least of them. */
  readonly timeout: LatencyTable;
  readonly leastTimeoutUs: number;
  readonly heartbeatUs: number;
  /** Whether term and vote come to disk before they are told to anybody; otherwise they are there at once. */
  readonly writesVotes: boolean;
  /** Whether who would stand first asks whether it could win. */
  readonly preVote: boolean;
  /** Whether a leader without answers from a majority steps down, and nobody votes while it hears of a leader. */
  readonly checkQuorum: boolean;
  /** Whether a write is answered once its leader has it on disk, before a majority has. */
  readonly answersAlone: boolean;
  readonly reads: ReadRule;
  /** How long, on its own clock, a leader may take a majority's answer to a heartbeat as word that nobody else leads. */
  readonly leaseUs: number;
  readonly snapshots: SnapshotSettings;
  /** Whether what is committed shows at once; otherwise whoever owns the server decides what of it does (`../certification/`). */
  readonly showsCommitted: boolean;
}

/**
 * How a leader makes sure that a read is not of the past: as an entry of the log; by a majority's answer to a heartbeat
 * sent after it came; by such an answer of lately; or not at all.
 */
export type ReadRule = 'log' | 'read-index' | 'lease' | 'local';

export const NOBODY = -1;

export interface Server {
  readonly settings: ServerSettings;
  readonly self: number;
  /** Leads from the start, in the term it begins with: a leader that was elected before the run. */
  readonly leadsAtStart: boolean;
  /** Configuration of the chart. */
  role: number;

  // What counts is on disk; what is newer than that dies with the process.
  /** The newest term it knows of, and whom it voted for in it. */
  term: number;
  votedFor: number;
  /** The same as its disk has them. */
  durableTerm: number;
  durableVotedFor: number;
  /** The log. An LSN is what Raft calls an index. */
  wal: Wal;
  /** Entries up to here are on disk. */
  flushedLsn: number;
  /** Entries up to here are known to be committed, and show in `data`; kept beside the log, as etcd keeps it. */
  commitLsn: number;
  /** Entries up to here show in `data`: the committed ones, or all on disk where leaders answer alone. */
  replayedLsn: number;
  readonly data: Int32Array;
  /** Entries up to here are on every disk. */
  safeLsn: number;
  /** The last snapshot: `data` makes up for the log up to here. */
  snapshotLsn: number;

  // In memory.
  /** Whom it knows to lead its term; −1 nobody. */
  leader: number;
  /** When it last heard of a leader, and what it may have promised before it restarted. */
  heardAtUs: number;
  /** Through where its log is known to be that of its term's leader. */
  agreedLsn: number;
  /** Entries that came before their turn, by LSN; on links that keep their order, only after a loss. */
  readonly early: EarlyEntry[];
  /** The snapshot that it is being sent; the log counts until that one is whole and on disk. */
  arriving: ArrivingSnapshot | null;
  /** Through where the fsync under way reaches, −1 for none; entries that come meanwhile share the next (group commit). */
  flushingLsn: number;

  /** As a candidate, or before: who has voted for it, 1 or 0 by server, and how many have. */
  readonly voters: Uint8Array;
  votes: number;

  // As a leader.
  /** Configurations of the progress chart, by follower. */
  readonly progress: Int32Array;
  /** Its first entry of its own term. */
  openingLsn: number;
  /** By follower: the snapshot it is being sent, if any. */
  readonly sending: (SnapshotOnItsWay | null)[];
  /** By follower: what it is to be sent next, and through where it has the leader's log on its disk. */
  readonly nextLsn: Int32Array;
  readonly matchLsn: Int32Array;
  /** By follower: the entry it was asked about, as long as it has not answered. */
  readonly askedLsn: Int32Array;
  /** By follower: what it last said to agree on, and through where it had been sent entries at a round of heartbeats. */
  readonly agreedBy: Int32Array;
  readonly markRound: Int32Array;
  readonly markLsn: Int32Array;
  /** By follower: the newest round of heartbeats it has answered, and how many beats ago it last answered any. */
  readonly heardRound: Int32Array;
  readonly silentBeats: Int32Array;
  /** The newest round sent, the newest that a majority has answered, and when that one was sent. */
  round: number;
  confirmedRound: number;
  confirmedAtUs: number;
  /** When the last rounds were sent, by round modulo their number. */
  readonly roundSentUs: Float64Array;
  /** Writes up to here have been answered. */
  answeredLsn: number;
  /** Reads that wait: `READ_WIDTH` integers each, the oldest first. */
  reads: Int32Array;
  firstRead: number;
  waitingReads: number;
}

export interface EarlyEntry {
  readonly lsn: number;
  readonly term: number;
  readonly key: number;
  readonly value: number;
  readonly bytes: number;
}

export interface ArrivingSnapshot {
  readonly copy: ArrivingCopy;
  readonly data: Int32Array;
}

export interface SnapshotOnItsWay {
  readonly copy: Copy;
  sentParts: number;
  /** When it began to be sent. */
  sinceUs: number;
}

/** What the charts see as their context: the server, what it was given, and what it may ask for. */
export interface Activation {
  node: Server;
  input: Input;
  out: Out;
  /** The follower a progress chart is about. */
  peer: number;
}

/** The index of its own streams of chance that timeouts are drawn from. */
export const TIMEOUTS = 0;
export const serverChances: readonly string[] = ['election timeouts'];

/** How many rounds of heartbeats a leader remembers the times of. */
export const roundsKept = 64;

export interface ServerStart {
  readonly term: number;
  readonly leader: number;
  readonly wal: Wal;
  readonly keys: number;
}

export function newServer(settings: ServerSettings, self: number, start: ServerStart): Server {
  const { servers } = settings;
  const { term, leader, wal, keys } = start;
  return {
    settings,
    self,
    leadsAtStart: leader === self,
    role: 0,
    term,
    votedFor: leader,
    durableTerm: term,
    durableVotedFor: leader,
    wal,
    flushedLsn: wal.lastLsn,
    commitLsn: 0,
    replayedLsn: 0,
    data: new Int32Array(keys * DATA_WIDTH),
    safeLsn: 0,
    snapshotLsn: 0,
    leader,
    heardAtUs: Number.NEGATIVE_INFINITY,
    agreedLsn: 0,
    early: [],
    arriving: null,
    flushingLsn: -1,
    voters: new Uint8Array(servers),
    votes: 0,
    progress: new Int32Array(servers),
    sending: new Array<null>(servers).fill(null),
    openingLsn: 0,
    nextLsn: new Int32Array(servers),
    matchLsn: new Int32Array(servers),
    askedLsn: new Int32Array(servers),
    agreedBy: new Int32Array(servers),
    markRound: new Int32Array(servers),
    markLsn: new Int32Array(servers),
    heardRound: new Int32Array(servers),
    silentBeats: new Int32Array(servers),
    round: 0,
    confirmedRound: 0,
    confirmedAtUs: 0,
    roundSentUs: new Float64Array(roundsKept),
    answeredLsn: 0,
    reads: new Int32Array(0),
    firstRead: 0,
    waitingReads: 0,
  };
}

export function leadsAtStart({ node }: Activation): boolean {
  return node.leadsAtStart;
}

export function isOfNewerTerm({ node, input }: Activation): boolean {
  return input.a > node.term;
}

export function isNotOfOlderTerm({ node, input }: Activation): boolean {
  return input.a >= node.term;
}

/** Takes a newer term over; its vote in that one is still to be given, and its leader still to be known. */
export function takeTerm({ node, input, out }: Activation): void {
  if (input.a <= node.term) return;
  node.term = input.a;
  node.votedFor = NOBODY;
  forgetLeader(node, out);
}

export function forgetLeader(node: Server, out: Out): void {
  node.agreedLsn = 0;
  node.early.length = 0;
  if (node.leader === NOBODY) return;
  node.leader = NOBODY;
  out.note(NOTE_FOLLOWING, node.term, NOBODY, 0, 0);
}
