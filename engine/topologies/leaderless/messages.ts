import { FIRST_TOPOLOGY_MESSAGE } from '../../kernel/protocol.ts';
import { stampMs } from './stamps.ts';

/** Messages between nodes. Fields in the order a, b, c, d, e. */

/** A coordinator has a version to be written: its operation, value, key and flags (`packKey`), the stamp's two parts. */
export const MUTATE = FIRST_TOPOLOGY_MESSAGE;
/** The version, or a newer one, is held: the coordinator's operation. */
export const MUTATED = FIRST_TOPOLOGY_MESSAGE + 1;
/** A coordinator asks what is held: its operation, the key, 1 where a digest of it will do. */
export const FETCH = FIRST_TOPOLOGY_MESSAGE + 2;
/** What is held: the coordinator's operation, value, flags (DIGEST among them), the stamp's two parts; a stamp of 0, 0 for nothing. */
export const FETCHED = FIRST_TOPOLOGY_MESSAGE + 3;
/** A read found this node behind: as MUTATE. */
export const REPAIR = FIRST_TOPOLOGY_MESSAGE + 4;
/** As MUTATED, of the read. */
export const REPAIRED = FIRST_TOPOLOGY_MESSAGE + 5;
/** A sign of life. */
export const GOSSIP = FIRST_TOPOLOGY_MESSAGE + 6;

/** Anti-entropy: a hash of the sender's tree: the session, the node of the tree, the hash's two halves. */
export const COMPARE = FIRST_TOPOLOGY_MESSAGE + 7;
/** The session, the node of the tree, 1 where the receiver's own hash is the same. */
export const COMPARED = FIRST_TOPOLOGY_MESSAGE + 8;
/** A version of a key that two trees differ in: as MUTATE, with the leaf for an operation, −1 where nobody waits for word. */
export const STREAM = FIRST_TOPOLOGY_MESSAGE + 9;
/** As MUTATED, of the leaf. */
export const STREAMED = FIRST_TOPOLOGY_MESSAGE + 10;
/** As MUTATE, from a node that kept it for this one: number of the hint in place of an operation. */
export const HINT = FIRST_TOPOLOGY_MESSAGE + 11;
/** The hint has been taken: its number. */
export const HINTED = FIRST_TOPOLOGY_MESSAGE + 12;
/**
 * A client's write, to a node that holds its key and is to coordinate it, for only such a node can say which event it is: as
 * WRITE, with the clock of what its writer had read, and who asked.
 */
export const FORWARD = FIRST_TOPOLOGY_MESSAGE + 14;
/** As MUTATE, to a node that stands in: for whom is among the flags (`standsInFor`). */
export const STAND_IN = FIRST_TOPOLOGY_MESSAGE + 13;

/** The version has been received, and is not on the disk yet: the coordinator's operation. MUTATED follows. */
export const RECEIVED = FIRST_TOPOLOGY_MESSAGE + 20;

/**
 * Lightweight transactions. Answers carry the step they are answers to. A coordinator has a ballot: its step, the key, nothing, the
 * ballot as a stamp.
 */
export const PREPARE = FIRST_TOPOLOGY_MESSAGE + 32;
/**
 * The ballot is promised: the step, the value accepted (0 for none), and the stamps of what is accepted and committed: greater
 * parts packed (`acceptors.ts`), lesser parts, 0 for none.
 */
export const PROMISED = FIRST_TOPOLOGY_MESSAGE + 33;
/** A greater ballot was promised before: the step, nothing, nothing, that ballot as a stamp. */
export const DECLINED = FIRST_TOPOLOGY_MESSAGE + 34;
/** As MUTATE, to be accepted: value 0 for a read's empty proposal. */
export const PROPOSE = FIRST_TOPOLOGY_MESSAGE + 35;
/** The proposal is accepted: the step. */
export const ACCEPTED = FIRST_TOPOLOGY_MESSAGE + 36;
/** As MUTATE: the version is chosen. */
export const COMMIT = FIRST_TOPOLOGY_MESSAGE + 37;
/** As MUTATED. */
export const COMMITTED = FIRST_TOPOLOGY_MESSAGE + 38;

/** What a message is to the WARS model of Bailis et al.: W, A, R, S. */
export type Way = 'write' | 'ack' | 'request' | 'response';

/** The way of a kind of message; null for all that the model knows nothing of. */
export function wayOf(kind: number): Way | null {
  switch (kind) {
    case MUTATE:
    case STAND_IN:
      return 'write';
    case MUTATED:
    case RECEIVED:
      return 'ack';
    case FETCH:
      return 'request';
    case FETCHED:
      return 'response';
    default:
      return null;
  }
}

/** Among the flags of FETCHED: only a digest has come, which tells whether two replicas hold the same, and not what. */
export const DIGEST = 1 << 10;
/** Of a digest: MD5's. */
export const DIGEST_BYTES = 16;

/** Bytes of each of them without a value, the order of TCP/IP headers and a few integers. */
export const MESSAGE_BYTES = 64;

const KEY_BITS = 20;
const KEY_MASK = (1 << KEY_BITS) - 1;

/** A key below 2^20 and flags below 2^11 in one integer. */
export function packKey(key: number, flags: number): number {
  return key | (flags << KEY_BITS);
}

export function keyIn(packed: number): number {
  return packed & KEY_MASK;
}

export function flagsIn(packed: number): number {
  return packed >>> KEY_BITS;
}

/** Flag of a version without a value, which a delete leaves. */
export const TOMBSTONE = 1;
const STAND_IN_SHIFT = 1;

/** Flags of a version that is to be kept for a node below 31. */
export function standingInFor(flags: number, node: number): number {
  return flags | ((node + 1) << STAND_IN_SHIFT);
}

export function standsInFor(flags: number): number {
  return (flags >> STAND_IN_SHIFT) - 1;
}

export function flagsOfVersion(flags: number): number {
  return flags & TOMBSTONE;
}

/** A node holds another for down, or for up again: the other, 1 or 0. */
export const NOTE_HELD_FOR_DOWN = 1;
/** Too few replicas are held for up: who waits, READ or WRITE, the key. */
export const NOTE_UNAVAILABLE = 2;
/** A read found replicas behind and writes the newest version back: key, nodes (a bit each), 1 where its client waits. */
export const NOTE_READ_REPAIR = 3;
/** A coordinator gives up waiting: READ or WRITE, the key, nodes that have not answered (a bit each). */
export const NOTE_TIMED_OUT = 4;

/** A session of anti-entropy is over: the other node, keys that differed, round trips (−1: it was given up), bytes. */
export const NOTE_REPAIR_SESSION = 5;
/** A node keeps a version for another: the other, key, value. */
export const NOTE_HINTED = 6;
/** A node begins to hand over what it keeps for another, or has handed over the last: the other, 1 where it is over, how many. */
export const NOTE_HANDOFF = 7;

/** A lightweight transaction has to try again: READ or WRITE, the key, the node that has promised a greater ballot. */
export const NOTE_BALLOT_LOST = 12;
/** A coordinator finishes a proposal that it found: the key, the value. */
export const NOTE_TAKEN_OVER = 13;
/** A lightweight transaction ends without its coordinator knowing whether it happened: READ or WRITE, the key, its ballots. */
export const NOTE_SERIAL_GIVEN_UP = 14;

/** A conditional write proposes its version: the key, the value that it has found (0 for none), its own. */
export const NOTE_PROPOSED = 15;

/** Digests of a key differ: the key. Its read asks again, for all of it. */
export const NOTE_DIGESTS_DIFFER = 20;
/** A hint is handed over: the node that it was kept for. */
export const NOTE_HINT_HANDED_OVER = 21;
/** A hint is too old to be handed over: the node that it was kept for. */
export const NOTE_HINT_EXPIRED = 22;

/** A node lets go of a tombstone: the key, the tombstone's stamp, the number of the delete. */
export const NOTE_PURGED = 8;

/** A version of a key on its way: its number is that of the write, or of the delete where it is a tombstone. */
interface VersionOfKey {
  readonly key: number;
  readonly stampMs: number | null;
  readonly value: number;
  readonly tombstone?: true;
  /** Numbers of writes, where there may be several values. */
  readonly siblings?: readonly number[];
}

/** Where there may be siblings, a coordinator has made a version: key, write, clock of what its writer had read, the set it leaves. */
export const NOTE_SIBLING_WRITTEN = 9;
/** A read is answered with more than one value: key, set. */
export const NOTE_SIBLINGS_READ = 10;

/** A message as observers read it. A stamp is a clock's reading in ms; null where nothing is held. */
export type LeaderlessMessage =
  | ({ readonly type: 'mutate'; readonly serial: number } & VersionOfKey)
  | { readonly type: 'received'; readonly serial: number }
  | { readonly type: 'mutated'; readonly serial: number }
  | ({ readonly type: 'repair'; readonly serial: number } & VersionOfKey)
  | { readonly type: 'repaired'; readonly serial: number }
  | { readonly type: 'fetch'; readonly serial: number; readonly key: number; readonly digest?: true }
  | {
      readonly type: 'fetched';
      readonly serial: number;
      readonly stampMs: number | null;
      readonly value: number;
      readonly digest?: true;
      readonly tombstone?: true;
      readonly siblings?: readonly number[];
    }
  | { readonly type: 'forward'; readonly operation: number; readonly key: number }
  | { readonly type: 'gossip' }
  | { readonly type: 'compare-hash'; readonly session: number; readonly at: number }
  | { readonly type: 'hash-compared'; readonly session: number; readonly at: number; readonly same: boolean }
  | ({ readonly type: 'stream-version' } & VersionOfKey)
  | {
      readonly type: 'prepare-ballot';
      readonly step: number;
      readonly key: number;
      readonly ballotMs: number | null;
    }
  | { readonly type: 'ballot-promised'; readonly step: number; readonly accepted: number }
  | { readonly type: 'ballot-declined'; readonly step: number; readonly ballotMs: number | null }
  | {
      readonly type: 'propose-version';
      readonly step: number;
      readonly key: number;
      readonly ballotMs: number | null;
      /** 0: nothing, as a read does. */
      readonly value: number;
    }
  | { readonly type: 'version-accepted'; readonly step: number }
  | {
      readonly type: 'commit-version';
      readonly step: number;
      readonly key: number;
      readonly stampMs: number | null;
      readonly value: number;
    }
  | { readonly type: 'version-committed'; readonly step: number }
  | { readonly type: 'version-streamed' }
  | ({ readonly type: 'hint'; readonly number: number } & VersionOfKey)
  | { readonly type: 'hinted'; readonly number: number }
  | ({ readonly type: 'stand-in'; readonly serial: number } & VersionOfKey);

/** The typed form of a packed message. */
export function leaderlessMessage(
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): LeaderlessMessage {
  switch (kind) {
    case MUTATE:
      return { type: 'mutate', serial: a, ...versionOfKey(b, c, d, e) };
    case REPAIR:
      return { type: 'repair', serial: a, ...versionOfKey(b, c, d, e) };
    case RECEIVED:
      return { type: 'received', serial: a };
    case MUTATED:
      return { type: 'mutated', serial: a };
    case REPAIRED:
      return { type: 'repaired', serial: a };
    case FETCH:
      return { type: 'fetch', serial: a, key: b, ...(c === 1 && { digest: true }) };
    case FETCHED:
      return {
        type: 'fetched',
        serial: a,
        stampMs: stampMs(d, e),
        value: b,
        ...((c & DIGEST) !== 0 && { digest: true }),
        ...((c & TOMBSTONE) !== 0 && { tombstone: true }),
      };
    case HINT:
      return { type: 'hint', number: a, ...versionOfKey(b, c, d, e) };
    case HINTED:
      return { type: 'hinted', number: a };
    case STAND_IN:
      return { type: 'stand-in', serial: a, ...versionOfKey(b, c, d, e) };
    case FORWARD:
      return { type: 'forward', operation: b, key: c };
    case GOSSIP:
      return { type: 'gossip' };
    case COMPARE:
      return { type: 'compare-hash', session: a, at: b };
    case COMPARED:
      return { type: 'hash-compared', session: a, at: b, same: c === 1 };
    case STREAM:
      return { type: 'stream-version', ...versionOfKey(b, c, d, e) };
    case PREPARE:
      return { type: 'prepare-ballot', step: a, key: b, ballotMs: stampMs(d, e) };
    case PROMISED:
      return { type: 'ballot-promised', step: a, accepted: b };
    case DECLINED:
      return { type: 'ballot-declined', step: a, ballotMs: stampMs(d, e) };
    case PROPOSE:
      return { type: 'propose-version', step: a, key: keyIn(c), ballotMs: stampMs(d, e), value: b };
    case ACCEPTED:
      return { type: 'version-accepted', step: a };
    case COMMIT:
      return { type: 'commit-version', step: a, key: keyIn(c), stampMs: stampMs(d, e), value: b };
    case COMMITTED:
      return { type: 'version-committed', step: a };
    case STREAMED:
      return { type: 'version-streamed' };
    default:
      throw new RangeError(`message kind ${kind} is none of leaderless replication's`);
  }
}

function versionOfKey(b: number, c: number, d: number, e: number): VersionOfKey {
  const isTombstone = (flagsIn(c) & TOMBSTONE) !== 0;
  return {
    key: keyIn(c),
    stampMs: stampMs(d, e),
    value: b,
    ...(isTombstone && { tombstone: true }),
  };
}
