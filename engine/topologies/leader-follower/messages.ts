import { FIRST_TOPOLOGY_MESSAGE } from '../../kernel/protocol.ts';
import { type CopyMessage, copyMessage } from '../copy.ts';

/** Messages between replicas and the failover manager. Fields in the order a, b, c, d, e. */

/** A follower asks its leader for a stream: own term, term and LSN of the last record it may have in common. */
export const HELLO = FIRST_TOPOLOGY_MESSAGE;
/**
 * The leader's answer: own term, its newest term not newer than the one asked about, and that term's last LSN; then what
 * was asked: term, LSN.
 */
export const POINT = FIRST_TOPOLOGY_MESSAGE + 1;
/** The follower has cut its log back to the common point: term, LSN to stream after, LSN on its disk, LSN replayed. */
export const STREAM = FIRST_TOPOLOGY_MESSAGE + 2;
/** One record: leader's term, record's term, LSN, key, value. */
export const APPEND = FIRST_TOPOLOGY_MESSAGE + 3;
/** A follower's position: term, LSN on its disk, LSN replayed, LSN its operating system has. */
export const CONFIRM = FIRST_TOPOLOGY_MESSAGE + 4;
/** The leader is there: term, LSN sent to this follower (−1: no stream), LSN every replica has on disk. */
export const KEEPALIVE = FIRST_TOPOLOGY_MESSAGE + 5;
/** The manager asks a replica whether it lives, and tells who leads: term, leader (−1: nobody). */
export const PROBE = FIRST_TOPOLOGY_MESSAGE + 6;
/** The replica lives: own term. */
export const ALIVE = FIRST_TOPOLOGY_MESSAGE + 7;
/** The manager fences older leaders off and asks for a position: the coming term. */
export const ASK = FIRST_TOPOLOGY_MESSAGE + 8;
/** The answer: the coming term, term and LSN of the last record on disk, LSN of the last in memory. */
export const POSITION = FIRST_TOPOLOGY_MESSAGE + 9;
/** The manager makes a replica the leader: the new term. */
export const PROMOTE = FIRST_TOPOLOGY_MESSAGE + 10;
/** The replica leads: the term, last LSN of its log. */
export const PROMOTED = FIRST_TOPOLOGY_MESSAGE + 11;
/** A replica promoted by hand says so to the others: its term, itself. */
export const LEADS = FIRST_TOPOLOGY_MESSAGE + 12;

/** The follower's process died, and its operating system closes the connection: term. */
export const CLOSED = FIRST_TOPOLOGY_MESSAGE + 13;
/** A leader asks for its lease: its term, the round. */
export const LEASE = FIRST_TOPOLOGY_MESSAGE + 14;
/** A follower promises to take nobody else's side for a while: what was asked. */
export const GRANT = FIRST_TOPOLOGY_MESSAGE + 15;
/** A write for the shared storage: the leader's term as its token, LSN, client, the client's slot, value. */
export const LAND = FIRST_TOPOLOGY_MESSAGE + 16;
/** The storage has seen a newer token: that token, the LSN. */
export const REJECTED = FIRST_TOPOLOGY_MESSAGE + 17;
/** The manager tells the fencing device to cut a machine's power: the machine. */
export const POWER_OFF = FIRST_TOPOLOGY_MESSAGE + 18;
/** It is off: the machine. */
export const OFF = FIRST_TOPOLOGY_MESSAGE + 19;

/** An observer asks another whether it too holds the leader for down: the term. */
export const DOUBTED = FIRST_TOPOLOGY_MESSAGE + 20;
/** Whether it does: the term, 1 or 0. */
export const OPINION = FIRST_TOPOLOGY_MESSAGE + 21;
/** An observer asks for a vote: the epoch, which becomes the term of whom it promotes. */
export const CANVASS = FIRST_TOPOLOGY_MESSAGE + 22;
/** The vote: the epoch, 1 or 0, the newest epoch the voter knows. */
export const VOTE = FIRST_TOPOLOGY_MESSAGE + 23;
/** The leader has not got what it was asked for any more: term, LSN of the newest record it has let go of. */
export const RECYCLED = FIRST_TOPOLOGY_MESSAGE + 40;
/** A follower asks for a copy of the data: term. */
export const BACKUP = FIRST_TOPOLOGY_MESSAGE + 41;

/** The lease store begins: the term. */
export const GREETING = FIRST_TOPOLOGY_MESSAGE + 24;
/** A replica asks who holds the key: own term. */
export const READ_KEY = FIRST_TOPOLOGY_MESSAGE + 25;
/** The leader renews the key: its term, how far its disk is, in KiB. */
export const RENEW = FIRST_TOPOLOGY_MESSAGE + 26;
/** It is renewed: the term. */
export const KEY_RENEWED = FIRST_TOPOLOGY_MESSAGE + 27;
/** It is not the leader’s any more: the term of the key. */
export const KEY_LOST = FIRST_TOPOLOGY_MESSAGE + 28;
/** Nobody holds the key: its term, how far its last holder was, in KiB. */
export const KEY_FREE = FIRST_TOPOLOGY_MESSAGE + 29;
/** A replica takes the key, if it is still of this term: the term. */
export const CLAIM = FIRST_TOPOLOGY_MESSAGE + 30;
/** A replica in a race asks another how far it is: the term of the key, term and LSN of its own last record on disk. */
export const COMPARE = FIRST_TOPOLOGY_MESSAGE + 31;
/** How far it is: the term of the key, term and LSN of its last record on disk. */
export const COMPARED = FIRST_TOPOLOGY_MESSAGE + 32;

/** What an operator may do at a machine (the `a` of OPERATOR). At a replica: lead the term in `b`. At the manager: promote replica `b`. */
export const ACT_PROMOTE = 1;
/** At a leader: every write that waits for followers is let go. */
export const ACT_CANCEL_WAITS = 2;
/** At a leader: one transaction of `b` bytes, which writes key `c`. */
export const ACT_HUGE_TRANSACTION = 3;
/** At a follower: a long query that conflicts with replay as `b` says; and its end. */
export const ACT_BEGIN_QUERY = 4;
export const ACT_END_QUERY = 5;

/** Bytes of a message without a record's payload, and of a record's header; the order of TCP/IP and WAL headers. */
export const MESSAGE_BYTES = 64;

/** A replica became leader: term, last LSN of its log. */
export const NOTE_LEADING = 1;
/** A replica gave up leading or its leader: the term it now knows. */
export const NOTE_FOLLOWING = 2;
/** A record was taken out of a log: LSN, term, value, key. Noted before it is gone. */
export const NOTE_DISCARDED = 3;
/** A leader's stream to a follower changed: follower, `STREAM_…`. */
export const NOTE_STREAM = 4;
/** The manager holds the leader for dead: the leader, the term to come. */
export const NOTE_SUSPECTED = 5;
/** The manager chose: the replica, the term. */
export const NOTE_CHOSEN = 6;
/** A leader acknowledges a write: term, LSN, value. Noted as the answer leaves. */
export const NOTE_ACKNOWLEDGED = 7;
/** A leader waits for followers no longer (0), or again (1). */
export const NOTE_WAIT = 8;
/** Writes were answered with a warning: how many. */
export const NOTE_WARNED = 9;
/** A leader keeps its log for a follower no longer: the follower, LSN through which it may go. */
export const NOTE_SLOT_LOST = 11;
/** Records leave the log that some replica may lack: through which LSN. Said before they go. */
export const NOTE_RECYCLED = 14;
/** A follower has a new copy of the data: its LSN. */
export const NOTE_BASE_BACKUP = 12;
/** A leader's disk is full of log: the last LSN. */
export const NOTE_DISK_FULL = 13;
/** A long query on a follower: what becomes of it (`QUERY_…`), how it conflicts with replay. */
export const NOTE_QUERY = 10;
export const QUERY_BEGINS = 0;
export const QUERY_ENDS = 1;
export const QUERY_CANCELLED = 2;
export const queryTurns = ['begins', 'ends', 'is cancelled'] as const;

/** The storage refused a write: who sent it, its token, LSN. */
export const NOTE_REJECTED = 20;
/** The fencing device cuts a machine's power: the machine. */
export const NOTE_POWERED_OFF = 21;
/** A leader's lease begins (1) or is over (0): term, which. */
export const NOTE_LEASE = 22;

/** An observer has not heard of the leader for too long: the leader, the term. */
export const NOTE_DOUBTED = 23;

export const STREAM_DISCONNECTED = 0;
export const STREAM_RESYNC = 1;
export const STREAM_CATCH_UP = 2;
export const STREAM_STREAMING = 3;
export const streamStates = ['disconnected', 're-sync', 'catch-up', 'streaming'] as const;
export type StreamState = (typeof streamStates)[number];

/** A message as observers read it. */
export type ReplicationMessage =
  | { readonly type: 'hello'; readonly term: number; readonly lastTerm: number; readonly lsn: number }
  | {
      readonly type: 'point';
      readonly term: number;
      readonly newestTerm: number;
      readonly lsn: number;
      readonly askedTerm: number;
      readonly askedLsn: number;
    }
  | {
      readonly type: 'stream';
      readonly term: number;
      readonly afterLsn: number;
      readonly flushedLsn: number;
      readonly replayedLsn: number;
    }
  | {
      readonly type: 'append';
      readonly term: number;
      readonly recordTerm: number;
      readonly lsn: number;
      readonly key: number;
      readonly value: number;
    }
  | {
      readonly type: 'confirm';
      readonly term: number;
      readonly flushedLsn: number;
      readonly replayedLsn: number;
      readonly writtenLsn: number;
    }
  | { readonly type: 'keepalive'; readonly term: number; readonly sentLsn: number; readonly safeLsn: number }
  | { readonly type: 'probe'; readonly term: number; readonly leader: number }
  | { readonly type: 'alive'; readonly term: number }
  | { readonly type: 'ask'; readonly term: number }
  | {
      readonly type: 'position';
      readonly term: number;
      readonly flushedTerm: number;
      readonly flushedLsn: number;
      readonly lsn: number;
    }
  | { readonly type: 'promote'; readonly term: number }
  | { readonly type: 'promoted'; readonly term: number; readonly lsn: number }
  | { readonly type: 'leads'; readonly term: number; readonly leader: number }
  | { readonly type: 'closed'; readonly term: number }
  | { readonly type: 'lease'; readonly term: number; readonly round: number }
  | { readonly type: 'grant'; readonly term: number; readonly round: number }
  | { readonly type: 'land'; readonly token: number; readonly lsn: number; readonly value: number }
  | { readonly type: 'doubted'; readonly term: number }
  | { readonly type: 'opinion'; readonly term: number; readonly agrees: boolean }
  | { readonly type: 'canvass'; readonly epoch: number }
  | { readonly type: 'ballot'; readonly epoch: number; readonly granted: boolean }
  | { readonly type: 'greeting'; readonly term: number }
  | { readonly type: 'read-key'; readonly term: number }
  | { readonly type: 'renew'; readonly term: number; readonly positionKib: number }
  | { readonly type: 'key-renewed'; readonly term: number }
  | { readonly type: 'key-lost'; readonly term: number }
  | { readonly type: 'key-free'; readonly term: number; readonly positionKib: number }
  | { readonly type: 'claim'; readonly term: number }
  | { readonly type: 'compare'; readonly term: number; readonly flushedLsn: number }
  | { readonly type: 'compared'; readonly term: number; readonly flushedLsn: number }
  | { readonly type: 'rejected'; readonly token: number; readonly lsn: number }
  | { readonly type: 'power-off'; readonly machine: number }
  | { readonly type: 'off'; readonly machine: number }
  | { readonly type: 'recycled'; readonly term: number; readonly lsn: number }
  | { readonly type: 'backup'; readonly term: number }
  | CopyMessage;

/** The typed form of a packed message. */
export function replicationMessage(
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): ReplicationMessage {
  switch (kind) {
    case HELLO:
      return { type: 'hello', term: a, lastTerm: b, lsn: c };
    case POINT:
      return { type: 'point', term: a, newestTerm: b, lsn: c, askedTerm: d, askedLsn: e };
    case STREAM:
      return { type: 'stream', term: a, afterLsn: b, flushedLsn: c, replayedLsn: d };
    case APPEND:
      return { type: 'append', term: a, recordTerm: b, lsn: c, key: d, value: e };
    case CONFIRM:
      return { type: 'confirm', term: a, flushedLsn: b, replayedLsn: c, writtenLsn: d };
    case KEEPALIVE:
      return { type: 'keepalive', term: a, sentLsn: b, safeLsn: c };
    case PROBE:
      return { type: 'probe', term: a, leader: b };
    case ALIVE:
      return { type: 'alive', term: a };
    case ASK:
      return { type: 'ask', term: a };
    case POSITION:
      return { type: 'position', term: a, flushedTerm: b, flushedLsn: c, lsn: d };
    case PROMOTE:
      return { type: 'promote', term: a };
    case PROMOTED:
      return { type: 'promoted', term: a, lsn: b };
    case LEADS:
      return { type: 'leads', term: a, leader: b };
    case CLOSED:
      return { type: 'closed', term: a };
    case LEASE:
      return { type: 'lease', term: a, round: b };
    case GRANT:
      return { type: 'grant', term: a, round: b };
    case LAND:
      return { type: 'land', token: a, lsn: b, value: e };
    case DOUBTED:
      return { type: 'doubted', term: a };
    case OPINION:
      return { type: 'opinion', term: a, agrees: b === 1 };
    case CANVASS:
      return { type: 'canvass', epoch: a };
    case VOTE:
      return { type: 'ballot', epoch: a, granted: b === 1 };
    case GREETING:
      return { type: 'greeting', term: a };
    case READ_KEY:
      return { type: 'read-key', term: a };
    case RENEW:
      return { type: 'renew', term: a, positionKib: b };
    case KEY_RENEWED:
      return { type: 'key-renewed', term: a };
    case KEY_LOST:
      return { type: 'key-lost', term: a };
    case KEY_FREE:
      return { type: 'key-free', term: a, positionKib: b };
    case CLAIM:
      return { type: 'claim', term: a };
    case COMPARE:
      return { type: 'compare', term: a, flushedLsn: c };
    case COMPARED:
      return { type: 'compared', term: a, flushedLsn: c };
    case REJECTED:
      return { type: 'rejected', token: a, lsn: b };
    case POWER_OFF:
      return { type: 'power-off', machine: a };
    case OFF:
      return { type: 'off', machine: a };
    case RECYCLED:
      return { type: 'recycled', term: a, lsn: b };
    case BACKUP:
      return { type: 'backup', term: a };
    default: {
      const part = copyMessage(kind, a, b, c);
      if (part === null) throw new RangeError(`message kind ${kind} is none of leader-follower's`);
      return part;
    }
  }
}
