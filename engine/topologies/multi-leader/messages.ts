import { FIRST_TOPOLOGY_MESSAGE } from '../../kernel/protocol.ts';
import { stampMs } from '../leaderless/stamps.ts';

/** Messages between leaders. Fields in the order a, b, c, d, e. */

/**
 * A change: its number among those of its author, what it changes and whose it is (`packWhat`, `withOrigin`), its value, the
 * stamp's greater part with the parts of its context that went before it, a bit each (`packHi`), the lesser part.
 */
export const CHANGE = FIRST_TOPOLOGY_MESSAGE;
/**
 * What the author of the change that follows had seen since its last: which change and which part of the context
 * (`contextKey`), and of four other leaders how many changes.
 */
export const CONTEXT = FIRST_TOPOLOGY_MESSAGE + 1;
/** How many changes of a leader are on the sender's disk: the leader, the number. */
export const HAVE = FIRST_TOPOLOGY_MESSAGE + 2;
/** A change did not fit: its author, the number of that one's last change that did. */
export const MISSED = FIRST_TOPOLOGY_MESSAGE + 3;
/** The question what the receiver has: its number. */
export const GREET = FIRST_TOPOLOGY_MESSAGE + 4;
/** Of the answer one part: which (`packTold`), and of four other leaders how many changes. */
export const HAS = FIRST_TOPOLOGY_MESSAGE + 5;
/** The sender's table lacks a column that a change sets. It takes nothing more from the receiver until it has it. */
export const UNFIT = FIRST_TOPOLOGY_MESSAGE + 6;

/** Bytes of each of them without a value, the order of TCP/IP headers and a few integers. */
export const MESSAGE_BYTES = 64;

/** What a change does to its row. */
export const INSERT = 0;
export const UPDATE = 1;
export const DELETE = 2;
const changeKinds = ['insert', 'update', 'delete'] as const;

const KEY_BITS = 20;
const SHAPE_BITS = 4;
const KIND_SHIFT = KEY_BITS + SHAPE_BITS;
const ORIGIN_SHIFT = KIND_SHIFT + 2;

/** Columns that a row may have. */
export const columnsMost = 8;
/** Which columns a change sets: below `columnsMost` that one; then all; then sets that client groups name. */
export const ALL_COLUMNS = 8;
export const shapesMost = 1 << SHAPE_BITS;

/** A key below 2^20, which columns of it, and what is done to them. */
export function packWhat(key: number, shape: number, kind: number): number {
  return key | (shape << KEY_BITS) | (kind << KIND_SHIFT);
}

export function keyIn(what: number): number {
  return what & ((1 << KEY_BITS) - 1);
}

export function shapeIn(what: number): number {
  return (what >> KEY_BITS) & (shapesMost - 1);
}

export function kindIn(what: number): number {
  return (what >> KIND_SHIFT) & 3;
}

export function withOrigin(what: number, origin: number): number {
  return what | (origin << ORIGIN_SHIFT);
}

export function originIn(packed: number): number {
  return packed >> ORIGIN_SHIFT;
}

export function whatIn(packed: number): number {
  return packed & ((1 << ORIGIN_SHIFT) - 1);
}

const HI_BITS = 21;

/** The greater part of a stamp, which is below 2^21 for years to come, and eight bits. */
export function packHi(hi: number, parts: number): number {
  return hi | (parts << HI_BITS);
}

export function hiIn(packed: number): number {
  return packed & ((1 << HI_BITS) - 1);
}

export function partsIn(packed: number): number {
  return packed >> HI_BITS;
}

/** Leaders in one part of a context or of an answer. */
export const PART = 4;
export const PARTS_MOST = 8;

const SEQUENCE_BITS = 23;

/** Part of which change's context: what is left of the change's number tells it from all that may still be on their way. */
export function contextKey(origin: number, part: number, sequence: number): number {
  return (origin << (SEQUENCE_BITS + 3)) | (part << SEQUENCE_BITS) | (sequence & ((1 << SEQUENCE_BITS) - 1));
}

export function authorOfContext(key: number): number {
  return key >> (SEQUENCE_BITS + 3);
}

export function partOfContext(key: number): number {
  return (key >> SEQUENCE_BITS) & 7;
}

/** A part of what the sender has on its disk (0) or has taken in (1), as the answer to a question. */
export function packTold(part: number, which: 0 | 1, question: number): number {
  return part | (which << 3) | (question << 4);
}

export function partOfTold(packed: number): number {
  return packed & 7;
}

export function whichTold(packed: number): number {
  return (packed >> 3) & 1;
}

export function questionOf(packed: number): number {
  return packed >> 4;
}

// Notes.

/** Two writes of which neither author had seen the other's: `packCell`, `packConflict`, the value that comes, the one there. */
export const NOTE_CONFLICT = 1;
/** A write is thrown away: `packCell`, its number, that of the one that stays. */
export const NOTE_THROWN_AWAY = 2;
/** A change of a row that is not there yet: its author, `packCell`, its value, its number among its author's. */
export const NOTE_UPDATE_FIRST = 3;
/** A change is not applied, by rule: its author, `packWhat`, its value; where that throws a write away, the one that stays, otherwise 0. */
export const NOTE_SKIPPED = 4;
/** A change waits for another: its author and number, the author and number of the other. */
export const NOTE_HELD_BACK = 5;
/** A change that is known here already has come: its author, its number. */
export const NOTE_KNOWN = 6;
/** Its exchange with another: the other, `EXCHANGE_…`. */
export const NOTE_EXCHANGE = 7;
/** A write puts an item into a cart (1) or takes it out (0): `packCell`, the item, which of the two, the write's number among the leader's. */
export const NOTE_ITEM = 9;
/** Two rows have one value: a row, the other, authors of the first and of the second (`packConflict`). */
export const NOTE_UNIQUE = 10;
/** A row refers to one that was deleted: that which comes, the other, their authors. */
export const NOTE_FOREIGN = 11;
/** A write is refused for what it would break: its row, why. */
export const NOTE_FORBIDDEN = 12;
/** A withdrawal is refused: key, balance. */
export const NOTE_REFUSED = 8;
/** A change sets a column that its table lacks: its author, its number. What its sender sends waits. */
export const NOTE_UNFIT = 20;
/** A client's write sets a column that the table lacks. It is refused. */
export const NOTE_NO_COLUMN = 21;
/** Its schema, or what its application writes, is another now: `ACT_…`. */
export const NOTE_SCHEMA = 22;
/** It was promoted: it takes writes. */
export const NOTE_PROMOTED = 23;

// What an operator does to a leader's table and its application, about the later column.

export const ACT_ADD = 1;
export const ACT_DROP = 2;
export const ACT_WRITE = 3;
export const ACT_STOP_WRITING = 4;
/** And to one that follows: it takes writes from now on. */
export const ACT_PROMOTE = 5;
/** By number less one. */
export const schemaActs = ['add', 'drop', 'write', 'stop-writing'] as const;
export type SchemaAct = (typeof schemaActs)[number];

export const EXCHANGE_STREAMING = 0;
export const EXCHANGE_CUT_OFF = 1;
export const EXCHANGE_GIVEN_UP = 2;
export const EXCHANGE_CLOSED = 3;
export const EXCHANGE_STOPPED = 4;
export const exchangeStates = ['streaming', 'cut off', 'given up', 'closed', 'stopped'] as const;
export type ExchangeState = (typeof exchangeStates)[number];

/** Row and column in one integer; −1 is no column, where conflicts are the row's. */
export function packCell(key: number, column: number): number {
  return key | ((column + 1) << KEY_BITS);
}

export function columnOfCell(cell: number): number {
  return (cell >> KEY_BITS) - 1;
}

export const INSERT_INSERT = 0;
export const UPDATE_UPDATE = 1;
export const UPDATE_DELETE = 2;
export const DELETE_DELETE = 3;
export const conflictKinds = ['insert-insert', 'update-update', 'update-delete', 'delete-delete'] as const;
export type ConflictKind = (typeof conflictKinds)[number];

export const CAME_WINS = 0;
export const THERE_WINS = 1;
export const BOTH_KEPT = 2;
export const conflictOutcomes = ['came', 'there', 'both'] as const;

/** Authors of what comes and of what is there, what kind of conflict, how it ends. */
export function packConflict(came: number, there: number, kind: number, outcome: number): number {
  return came | (there << 5) | (kind << 10) | (outcome << 12);
}

export function conflictIn(packed: number): {
  readonly came: number;
  readonly there: number;
  readonly kind: number;
  readonly outcome: number;
} {
  return {
    came: packed & 31,
    there: (packed >> 5) & 31,
    kind: (packed >> 10) & 3,
    outcome: (packed >> 12) & 3,
  };
}

/** A message as observers read it. Leaders are counted from 0. */
export type MultiLeaderMessage =
  | {
      readonly type: 'change';
      /** Whose it is, and its number among theirs. */
      readonly author: number;
      readonly sequence: number;
      readonly does: (typeof changeKinds)[number];
      readonly key: number;
      /** null where it is several. */
      readonly column: number | null;
      /** The number of the write; of an account or a cart what it comes to; of a replicated type the number of the state it carries. */
      readonly value: number;
      readonly stampMs: number | null;
      /** The write that made it; null where no log holds it any more, as everybody has it. */
      readonly operation: number | null;
    }
  | {
      readonly type: 'change-context';
      /** Of four leaders, without the author, how many changes the author had seen. */
      readonly seen: readonly [number, number, number, number];
    }
  | { readonly type: 'have'; readonly author: number; readonly sequence: number }
  | { readonly type: 'missed'; readonly author: number; readonly sequence: number }
  | { readonly type: 'unfit' }
  | { readonly type: 'greet' }
  | { readonly type: 'has'; readonly onDisk: boolean };

/** The typed form of a packed message, which does not say itself of which write a change is. */
export function multiLeaderMessage(
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): MultiLeaderMessage {
  switch (kind) {
    case CHANGE: {
      const what = whatIn(b);
      return {
        type: 'change',
        author: originIn(b),
        sequence: a,
        does: changeKinds[kindIn(what)]!,
        key: keyIn(what),
        column: shapeIn(what) < columnsMost ? shapeIn(what) : null,
        value: c,
        stampMs: stampMs(hiIn(d), e),
        operation: null,
      };
    }
    case CONTEXT:
      return { type: 'change-context', seen: [b, c, d, e] };
    case HAVE:
      return { type: 'have', author: a, sequence: b };
    case MISSED:
      return { type: 'missed', author: a, sequence: b };
    case UNFIT:
      return { type: 'unfit' };
    case GREET:
      return { type: 'greet' };
    case HAS:
      return { type: 'has', onDisk: whichTold(a) === 0 };
    default:
      throw new RangeError(`message kind ${kind} is none of multi-leader replication's`);
  }
}
