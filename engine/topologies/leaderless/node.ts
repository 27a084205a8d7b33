/**
 * A node's state. Each holds keys and coordinates operations for clients. What a coordinator does about one operation is
 * a chart's business (`write.chart.ts`, `read.chart.ts`), whose rules are plain functions (`writing.ts`, `reading.ts`);
 * how versions come into a store and to disk is `store.ts`'s, and who is held for down `liveness.ts`'s.
 *
 * Further reading: DeCandia et al., Dynamo, SOSP 2007; Lakshman and Malik, Cassandra, 2010;
 * https://github.com/apache/cassandra/blob/trunk/doc/modules/cassandra/pages/architecture/dynamo.adoc.
 */

import type { Out } from '../../kernel/protocol.ts';
import { type Acceptors, newAcceptors } from './acceptors.ts';
import type { Demand, OwnDemands } from './demands.ts';
import { type Hints, newHints } from './hints.ts';
import { type Lightweight, newLightweight } from './lightweight.ts';
import type { Placement } from './placement.ts';
import { newPool, type Pool } from './pool.ts';
import { newRepair, type Repair } from './repairing.ts';
import type { SiblingSets } from './siblings.ts';
import { newStore, type Store } from './store.ts';
import { newTombstones, type Tombstones } from './tombstones.ts';
import { newWaits, type Waits } from './waits.ts';

/** What becomes of replicas that a read finds behind: nothing, or they are written to before or after its answer. */
export type ReadRepair = 'none' | 'blocking' | 'background';

export interface HintSettings {
  /** How long a hint is kept, and for how long a node may have been silent; 0 where none are kept. */
  readonly windowUs: number;
  /** So many are sent, and then a pause is made. */
  readonly batch: number;
  readonly pauseUs: number;
}

export interface NodeSettings {
  readonly nodes: number;
  readonly placement: Placement;
  /** Per node, the others in the order in which it would rather ask them: itself, its own region, the rest. */
  readonly nearest: Uint8Array;
  /** Whether a read asks all replicas or only as many as it waits for; writes go to all. */
  readonly asksAll: boolean;
  /** Whether a read asks one replica for all of it and the others for digests; see `reading.ts`. */
  readonly digests: boolean;
  /** How long a read waits before it asks one more; 0 for ever. */
  readonly speculativeUs: number;
  readonly repair: ReadRepair;
  /** Whether nodes stand in for replicas that are held for down, and their answers count. */
  readonly sloppy: boolean;
  /** Whether a replica says that it has received a write, shows it, and says once more when it is on its disk (Riak). */
  readonly receipts: boolean;
  readonly hints: HintSettings;
  /** Whether some operations are lightweight transactions. */
  readonly serial: boolean;
  /** How long one of those may take, whatever it tries. */
  readonly serialTimeoutUs: number;
  readonly readTimeoutUs: number;
  readonly writeTimeoutUs: number;
  readonly gossipUs: number;
  readonly downAfterUs: number;
  /** How often the commit log is synced; 0 where a write is acknowledged only once it is. */
  readonly syncUs: number;
  /** How often a node begins a session of anti-entropy; 0 for never. */
  readonly repairEveryUs: number;
  /** How long after a delete its tombstone stays. */
  readonly gcGraceUs: number;
  /** Whether versions are clocks, and values may be siblings. */
  readonly keepsSiblings: boolean;
}

export interface Node {
  readonly settings: NodeSettings;
  readonly self: number;
  readonly store: Store;
  /** What the operations that it coordinates wait for; those of some client groups may differ. */
  readonly readDemand: Demand;
  readonly writeDemand: Demand;
  readonly ownDemands: OwnDemands | null;
  /** Versions that wait for the commit log's sync before they show, in the order of their coming; see `replica.ts`. */
  unlogged: Int32Array;
  unloggedCount: number;
  /** How many of them the sync under way covers. */
  loggingCount: number;
  /**
   * Where there may be siblings, by key the set that this node's next write follows: all that it has been given, also what
   * waits for the commit log still. Otherwise two writes would be the same event.
   */
  readonly issued: Int32Array;
  /** Where there may be siblings, numbers of the writes that were forwarded to it last, a ring: what a link doubles is made once. */
  readonly forwarded: Int32Array;
  forwardedCount: number;
  /** How often it has crashed. Events of another life are another server's: it may have forgotten some of its own. */
  life: number;
  /** As a coordinator: the clock's reading in its last stamp. */
  lastStampUs: number;
  /** By node: what is kept for it, and configuration of the chart of that. */
  readonly hints: readonly Hints[];
  readonly handoffs: Int32Array;
  /** Nodes that hints were kept for while the input at hand was handled, a bit each. */
  newlyHinted: number;
  readonly reads: Pool;
  readonly writes: Pool;
  readonly readTimeouts: Waits;
  readonly speculations: Waits;
  readonly writeTimeouts: Waits;
  /** When each node last gave a sign of life, and who is held for up, a bit each. */
  readonly heardUs: Float64Array;
  up: number;
  readonly repair: Repair;
  readonly tombstones: Tombstones;
  readonly acceptors: Acceptors;
  readonly lightweight: Lightweight;
}

/** What the charts see as their context: the node, where its operation's integers begin, and who answers what. */
export interface Activation {
  node: Node;
  out: Out;
  /** Where there may be siblings; otherwise null. */
  sets: SiblingSets | null;
  at: number;
  peer: number;
  hi: number;
  lo: number;
  value: number;
  flags: number;
  /** −1 where only a digest has come. */
  bytes: number;
}

const FORWARDED_REMEMBERED = 64;

/** A node's timers. */
export const GOSSIP_TIMER = 0;
export const SYNC_TIMER = 1;
export const READ_TIMER = 2;
export const SPECULATION_TIMER = 3;
export const WRITE_TIMER = 4;
/** The first of the repair chart's two, in the order of its slots. */
export const REPAIR_DUE_TIMER = 5;
export const LIGHTWEIGHT_TIMER = 7;
export const PURGE_TIMER = 8;
/** Two for each node that hints are kept for: see `handoffTimer`. */
export const FIRST_HANDOFF_TIMER = 9;
export const timerNames = [
  'the time between signs of life',
  'the time between syncs of the commit log',
  'the read timeout',
  'the wait before one more replica is asked',
  'the write timeout',
  'the time between sessions of anti-entropy',
  'the time for one of them',
  'the time of a lightweight transaction, or its pause',
  'the time until a tombstone may go',
] as const;

/** The chart of what is kept for a node has two timers. */
export function handoffTimer(peer: number, slot: number): number {
  return FIRST_HANDOFF_TIMER + peer * 2 + slot;
}

/** Bits of an operation's timers. */
const FIRST_WAIT = 1;
const SECOND_WAIT = 2;

export interface Demands {
  readonly read: Demand;
  readonly write: Demand;
  readonly own: OwnDemands | null;
}

export function newNode(settings: NodeSettings, self: number, keys: number, demands: Demands): Node {
  return {
    settings,
    self,
    store: newStore(keys),
    readDemand: demands.read,
    writeDemand: demands.write,
    ownDemands: demands.own,
    unlogged: new Int32Array(0),
    unloggedCount: 0,
    loggingCount: 0,
    issued: new Int32Array(settings.keepsSiblings ? keys : 0),
    forwarded: new Int32Array(settings.keepsSiblings ? FORWARDED_REMEMBERED : 0),
    forwardedCount: 0,
    life: 0,
    lastStampUs: Number.NEGATIVE_INFINITY,
    hints: Array.from({ length: settings.nodes }, newHints),
    handoffs: new Int32Array(settings.nodes),
    newlyHinted: 0,
    reads: newPool(),
    writes: newPool(),
    readTimeouts: newWaits(READ_TIMER, FIRST_WAIT),
    speculations: newWaits(SPECULATION_TIMER, SECOND_WAIT),
    writeTimeouts: newWaits(WRITE_TIMER, FIRST_WAIT),
    heardUs: new Float64Array(settings.nodes),
    up: everybody(settings.nodes),
    repair: newRepair(settings.nodes, self),
    tombstones: newTombstones(),
    acceptors: newAcceptors(settings.serial ? keys : 0, settings.nodes),
    lightweight: newLightweight(),
  };
}

export function readDemandOf({ readDemand, ownDemands }: Node, client: number): Demand {
  return ownDemands === null ? readDemand : (ownDemands.read[client - ownDemands.firstClient] ?? readDemand);
}

export function writeDemandOf({ writeDemand, ownDemands }: Node, client: number): Demand {
  return ownDemands === null
    ? writeDemand
    : (ownDemands.write[client - ownDemands.firstClient] ?? writeDemand);
}

export function everybody(nodes: number): number {
  return nodes === 31 ? 0x7fff_ffff : (1 << nodes) - 1;
}
