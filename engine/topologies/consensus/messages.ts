import { FIRST_TOPOLOGY_MESSAGE, type Input } from '../../kernel/protocol.ts';
import { type CopyMessage, copyMessage } from '../copy.ts';

/** Messages between servers. Fields in the order a, b, c, d, e. */

/** A candidate asks for a vote: its term, term and index of the last entry of its log. */
export const VOTE = FIRST_TOPOLOGY_MESSAGE;
/** The answer: the term it is of, 1 granted or 0 refused. */
export const VOTED = FIRST_TOPOLOGY_MESSAGE + 1;
/**
 * The leader is there: its term, the index through which entries are committed, the round of its heartbeats, and the
 * index that every server has on disk.
 */
export const HEARTBEAT = FIRST_TOPOLOGY_MESSAGE + 2;
/**
 * A heartbeat's answer: own term, from which a superseded leader learns that it is one; the round it answers; through
 * which index its log is known to be the leader's, and through which of these it is on disk.
 */
export const HEARD = FIRST_TOPOLOGY_MESSAGE + 3;
/** Whoever would stand asks first whether it could win: the term it would open, then as for a vote. Binds nobody. */
export const PREVOTE = FIRST_TOPOLOGY_MESSAGE + 4;
/** The answer: the term asked about and 1, or the own term and 0. */
export const PREVOTED = FIRST_TOPOLOGY_MESSAGE + 5;
/**
 * One entry of the leader's log: leader's term; its index; its own term with the term of the entry before it, and its
 * key, packed (`packTerms`, `packKey`); the write's number, 0 for an entry that writes nothing. An entry a message: how
 * many travel at once is a matter of how many are on the way, and disks write them in groups.
 */
export const APPEND = FIRST_TOPOLOGY_MESSAGE + 6;
/** The follower's log is the leader's, on its disk, through an index: its term, the index. */
export const APPENDED = FIRST_TOPOLOGY_MESSAGE + 7;
/**
 * The follower has another entry before it, or none: own term, the index that did not fit, then term and index of its
 * last entry that may fit.
 */
export const REJECTED = FIRST_TOPOLOGY_MESSAGE + 8;
/** Entries are committed through an index: leader's term, the index. */
export const COMMIT = FIRST_TOPOLOGY_MESSAGE + 9;

// A snapshot's parts are those of any copy (`../copy.ts`): COPY_BEGIN and so on.

/** Bytes of each of them without a write's payload, the order of TCP/IP headers and a few integers. */
export const MESSAGE_BYTES = 64;

// An entry's message holds two terms and a key in two integers.

/** Terms of replicated logs stay below this; keys too. */
export const TERMS_MOST = 0x10_0000;
const LOW_BITS = 0x7ff;
const NO_KEY_PACKED = 0xf_ffff;

/** 20 bits of the entry's term, and 11 of the one before. */
export function packTerms(term: number, previousTerm: number): number {
  return term | ((previousTerm & LOW_BITS) << 20);
}

/** 20 bits of key, and 9 of the term before. */
export function packKey(key: number, previousTerm: number): number {
  return (key < 0 ? NO_KEY_PACKED : key) | ((previousTerm >> 11) << 20);
}

export function entryTermOf({ c }: Input): number {
  return c & 0xf_ffff;
}

export function previousTermOf({ c, d }: Input): number {
  return (c >>> 20) | ((d >>> 20) << 11);
}

export function entryKeyOf({ d }: Input): number {
  const key = d & 0xf_ffff;
  return key === NO_KEY_PACKED ? -1 : key;
}

/** A server gave its vote: term, whom it is for. A candidate gives one to itself. */
export const NOTE_VOTED = 1;
/** A server leads: the term, last index of its log. */
export const NOTE_LEADING = 2;
/** A server stands for election, or asks whether it could: the term, 1 where it only asks. */
export const NOTE_STANDING = 3;
/** A server knows of a leader, or no longer: the term, the leader (−1: nobody). */
export const NOTE_FOLLOWING = 4;
/** An entry is at the end of a log: its index. */
export const NOTE_APPENDED = 5;
/** An entry is taken out of a log: index, term, value, key. Noted before it is gone. */
export const NOTE_DISCARDED = 6;
/** A server knows entries to be committed: through which index. */
export const NOTE_COMMITTED = 7;
/** A leader's replication to a follower changed: the follower, the state. */
export const NOTE_STREAM = 8;

/** A server takes a snapshot: of what is committed through an index; through which one its log may go. */
export const NOTE_SNAPSHOT = 9;
/** A leader begins to send a snapshot: to whom, of which index. */
export const NOTE_SENDING = 10;
/** A follower begins again from a snapshot: its index. Noted before its log is gone. */
export const NOTE_INSTALLED = 11;

export const STREAM_DISCONNECTED = 0;
export const STREAM_CATCH_UP = 1;
export const STREAM_STREAMING = 2;
export const STREAM_SNAPSHOT = 3;

/** A message as observers read it. */
export type ConsensusMessage =
  | {
      readonly type: 'vote-request';
      readonly term: number;
      readonly lastTerm: number;
      readonly lastLsn: number;
    }
  | { readonly type: 'vote'; readonly term: number; readonly granted: boolean }
  | {
      readonly type: 'pre-vote-request';
      readonly term: number;
      readonly lastTerm: number;
      readonly lastLsn: number;
    }
  | { readonly type: 'pre-vote'; readonly term: number; readonly granted: boolean }
  | {
      readonly type: 'heartbeat';
      readonly term: number;
      readonly committedLsn: number;
      readonly round: number;
      readonly safeLsn: number;
      /** Through where the leader knows the follower's log to be its own. */
      readonly matchLsn: number;
    }
  | {
      readonly type: 'heartbeat-answer';
      readonly term: number;
      readonly round: number;
      readonly agreedLsn: number;
      readonly flushedLsn: number;
    }
  | {
      readonly type: 'entry';
      readonly term: number;
      readonly lsn: number;
      readonly entryTerm: number;
      readonly previousTerm: number;
      /** null for an entry that writes nothing. */
      readonly key: number | null;
      readonly value: number;
    }
  | { readonly type: 'entry-taken'; readonly term: number; readonly lsn: number }
  | {
      readonly type: 'entry-rejected';
      readonly term: number;
      readonly lsn: number;
      readonly hintTerm: number;
      readonly hintLsn: number;
    }
  | { readonly type: 'commit'; readonly term: number; readonly lsn: number }
  | CopyMessage;

/** The typed form of a packed message. */
export function consensusMessage(
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): ConsensusMessage {
  switch (kind) {
    case VOTE:
      return { type: 'vote-request', term: a, lastTerm: b, lastLsn: c };
    case VOTED:
      return { type: 'vote', term: a, granted: b === 1 };
    case PREVOTE:
      return { type: 'pre-vote-request', term: a, lastTerm: b, lastLsn: c };
    case PREVOTED:
      return { type: 'pre-vote', term: a, granted: b === 1 };
    case HEARTBEAT:
      return { type: 'heartbeat', term: a, committedLsn: b, round: c, safeLsn: d, matchLsn: e };
    case HEARD:
      return { type: 'heartbeat-answer', term: a, round: b, agreedLsn: c, flushedLsn: d };
    case APPEND: {
      const input = { kind, from: 0, a, b, c, d, e, bytes: 0 };
      const key = entryKeyOf(input);
      return {
        type: 'entry',
        term: a,
        lsn: b,
        entryTerm: entryTermOf(input),
        previousTerm: previousTermOf(input),
        key: key < 0 ? null : key,
        value: e,
      };
    }
    case APPENDED:
      return { type: 'entry-taken', term: a, lsn: b };
    case REJECTED:
      return { type: 'entry-rejected', term: a, lsn: b, hintTerm: c, hintLsn: d };
    case COMMIT:
      return { type: 'commit', term: a, lsn: b };
    default: {
      const part = copyMessage(kind, a, b, c);
      if (part === null) throw new RangeError(`message kind ${kind} is none of consensus's`);
      return part;
    }
  }
}
