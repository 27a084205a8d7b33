/**
 * A leader's state. Each takes reads and writes of its clients, acknowledges a write once it is on its own disk, and sends
 * it to others afterwards. How a leader exchanges changes with another is a chart's business (`exchange.chart.ts`), whose
 * rules are `exchanging.ts`; what comes is `receiving.ts`'s, its own writes `writing.ts`'s, and conflicts `resolving.ts`'s.
 *
 * Further reading: Terry et al., Managing Update Conflicts in Bayou, SOSP 1995; Petersen et al., Flexible Update
 * Propagation for Weakly Consistent Replication, SOSP 1997; https://www.enterprisedb.com/docs/pgd/latest/.
 */

import type { AutoIncrement } from '../../identifiers/auto-increment.ts';
import type { Out } from '../../kernel/protocol.ts';
import type { ParentRule, UniqueRule } from './constraints.ts';
import { type Changes, changeWidth, type Log, newChanges, newLog } from './log.ts';
import { authorOfContext, PART, PARTS_MOST } from './messages.ts';
import type { Detours } from './routes.ts';
import { newRows, type Rows, type TableRows } from './rows.ts';
import type { Account } from './spec.ts';

/** What holds for the rows of a table. */
export interface TableSettings extends TableRows {
  readonly columns: number;
  /** By cell of a row. */
  readonly resolvers: Uint8Array;
  /** By cell of a row, the place of its merge function among the run's; −1 where it has none. */
  readonly merges: Int32Array;
  /** Whether a write that makes or deletes a row does so in all columns: each can hold its number. */
  readonly isWhole: boolean;
  /** By cell of a row: 1 where it is a cart, of which it is told what is put in and taken out. */
  readonly holdsItems: Uint8Array;
  /** Share of writes that delete, per 2^32. */
  readonly deleteThreshold: number;
  readonly account: Account | null;
  /** A column of which no two rows may have one value: its cell, how many values there are, who keeps one that two have. */
  readonly unique: { readonly column: number; readonly values: number; readonly rule: UniqueRule } | null;
  /** The table whose rows its rows refer to, by its place, and what becomes of who refers to a row that is deleted. */
  readonly parent: { readonly table: number; readonly rule: ParentRule } | null;
  /** Places of the tables whose rows refer to its own, in their order. */
  readonly children: readonly number[];
  /** Whether any of these is there to look at. */
  readonly isConstrained: boolean;
}

export interface LeaderSettings {
  readonly leaders: number;
  /** In the order of their keys. */
  readonly tables: readonly TableSettings[];
  /** By shape of a change, the columns that it sets, a bit each. */
  readonly columnsOfShape: Uint8Array;
  /** By client group, counted from the actor `firstClient`, the shape of its writes; −1 for one column at random. */
  readonly shapes: Int32Array;
  readonly firstClient: number;
  /** Whether writes to replicated types carry the whole state. */
  readonly shipsStates: boolean;
  /** The column that tables lack at first, as a bit, 0 where there is none; and the shape of all the others. */
  readonly laterColumn: number;
  readonly shapeOfOthers: number;
  readonly hybrid: boolean;
  readonly revisions: boolean;
  readonly causal: boolean;
  readonly detours: Detours;
  /** Whether it passes on what others have sent it. */
  readonly relays: boolean;
  /** How many others must have a write on disk before it is acknowledged. */
  readonly confirmedBy: number;
  readonly silenceUs: number;
  readonly retryUs: number;
  /** 0 where nobody is ever given up. */
  readonly patienceUs: number;
}

export const STOPPED = 2;

/** What a leader knows of one that it sends to. */
export interface Link {
  /** Configuration of its chart. */
  state: number;
  /** Number of the log entry that is sent next, and of the first that the other may lack on its disk. */
  next: number;
  confirmed: number;
  /** The question asked last, that whose answer is coming, which may be an earlier one, and its parts that have come, a bit each. */
  question: number;
  answering: number;
  answered: number;
}

export interface Leader {
  readonly settings: LeaderSettings;
  readonly self: number;
  /** Whom it may send to; in a ring in its order, in a star in that of its hubs. */
  readonly targets: readonly number[];
  readonly width: number;
  readonly rows: Rows;
  /** The later column, while its table lacks it, and while its application does not write it; otherwise 0. On disk. */
  lacks: number;
  leavesOut: number;
  /** How it counts up the ids of new rows, null where clients say which row they write; and the largest id that it knows. */
  readonly series: AutoIncrement | null;
  largestId: number;
  /** Whether it follows the leader of its region, and takes no writes. On disk. */
  follows: boolean;
  readonly log: Log;
  /** What waits for the log's sync, in the order of its coming, and how many of them the sync under way covers. */
  readonly inbox: Changes;
  syncing: number;
  /** Bytes of what its own writes to replicated types carry. */
  carriedBytes: number;
  /** The clock's reading in the newest stamp that it goes by. */
  lastStampUs: number;
  /** By leader, how many of its changes are on disk here, wait for it or are, or have come. */
  readonly applied: Int32Array;
  readonly queued: Int32Array;
  readonly seen: Int32Array;
  /** By leader, the vector of its last change on disk, and of its last that has come. */
  readonly appliedVectors: Int32Array;
  readonly seenVectors: Int32Array;
  /** By leader, changes that wait for others. */
  readonly heldBack: readonly Changes[];
  heldBackCount: number;
  /** By sender, contexts that came of late: each its key and four numbers (`contextAt`). */
  readonly contexts: Int32Array;
  /**
   * By sender: 1 while it has been told that something is missing, and nothing that fits has come since; `STOPPED` while
   * nothing is taken from it, as a change of its sets a column that is not there.
   */
  readonly hasMissed: Uint8Array;
  /** Whom to tell what is on disk now: sender × leaders + author, each once. */
  readonly owed: Int32Array;
  owedCount: number;
  readonly isOwed: Uint8Array;
  /** By leader, what is known to be on its disk, and what it has said that it has. */
  readonly known: Int32Array;
  readonly told: Int32Array;
  /** How many of its own writes are acknowledged, or have nobody waiting any more. */
  acknowledged: number;
  readonly links: readonly Link[];
}

/** What the chart of an exchange sees as its context. */
export interface Activation {
  node: Leader;
  out: Out;
  peer: number;
  /** The first log entry that the other says it lacks. */
  from: number;
}

export function newLeader(
  settings: LeaderSettings,
  self: number,
  targets: readonly number[],
  series: AutoIncrement | null,
  follows: boolean,
): Leader {
  const { leaders } = settings;
  return {
    settings,
    self,
    targets,
    width: changeWidth(leaders),
    rows: newRows(settings.tables, leaders),
    lacks: settings.laterColumn,
    leavesOut: settings.laterColumn,
    series,
    largestId: 0,
    follows,
    log: newLog(),
    inbox: newChanges(),
    syncing: 0,
    carriedBytes: 0,
    lastStampUs: Number.NEGATIVE_INFINITY,
    applied: new Int32Array(leaders),
    queued: new Int32Array(leaders),
    seen: new Int32Array(leaders),
    appliedVectors: new Int32Array(leaders * leaders),
    seenVectors: new Int32Array(leaders * leaders),
    heldBack: Array.from({ length: leaders }, newChanges),
    heldBackCount: 0,
    contexts: new Int32Array(leaders * PARTS_MOST * CONTEXTS * (PART + 1)),
    hasMissed: new Uint8Array(leaders),
    owed: new Int32Array(leaders * leaders),
    owedCount: 0,
    isOwed: new Uint8Array(leaders * leaders),
    known: new Int32Array(leaders * leaders),
    told: new Int32Array(leaders * leaders),
    acknowledged: 0,
    links: Array.from({ length: leaders }, () => ({
      state: 0,
      next: 0,
      confirmed: 0,
      question: 0,
      answering: 0,
      answered: 0,
    })),
  };
}

/** The table that a key's row is in. */
export function tableOf({ tables }: LeaderSettings, key: number): TableSettings {
  let index = tables.length - 1;
  while (tables[index]!.firstKey > key) index--;
  return tables[index]!;
}

/** Contexts that are kept of each sender and part: on a link that lets messages overtake each other they come in any order. */
const CONTEXTS = 16;

/** Where a context has its place: of one author, and of several with as many changes, each has another. */
export function contextAt(sender: number, part: number, key: number): number {
  return (
    ((sender * PARTS_MOST + part) * CONTEXTS + ((key + authorOfContext(key) * 5) & (CONTEXTS - 1))) *
    (PART + 1)
  );
}

/** The process dies. What shows is on its disk; what waited for that is gone. */
export function loseMemory(node: Leader): void {
  const { log } = node;
  node.inbox.first = node.inbox.count = 0;
  node.syncing = 0;
  node.seen.set(node.applied);
  node.queued.set(node.applied);
  node.seenVectors.set(node.appliedVectors);
  for (const held of node.heldBack) held.first = held.count = 0;
  node.heldBackCount = 0;
  node.contexts.fill(0);
  node.hasMissed.fill(0);
  node.isOwed.fill(0);
  node.owedCount = 0;
  node.acknowledged = node.applied[node.self]!;
  node.known.fill(0);
  node.told.fill(0);
  for (const link of node.links) {
    link.state = 0;
    link.next = link.confirmed = log.base;
    link.answering = link.answered = 0;
  }
}
