/**
 * A replica's part in lightweight transactions: for each key the state of an acceptor, which is on its disk before anybody is
 * answered. The rules are `paxos.ts`'s. A ballot is the stamp that the version has when it is committed.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import { ACCEPTED, DECLINED, keyIn, MESSAGE_BYTES, PROMISED } from './messages.ts';
import type { Node } from './node.ts';
import { type Acceptor, accept, commit, newAcceptor, promise } from './paxos.ts';
import { numberUs, stampHi, stampLo, stampNumber } from './stamps.ts';
import type { Mutation } from './store.ts';

/** What a write proposes: its number, and the bytes of its value. */
export interface Payload {
  readonly value: number;
  readonly bytes: number;
}

/** A message, or what the node tells itself. */
export type Answer = Pick<Input, 'kind' | 'from' | 'a' | 'b' | 'c' | 'd' | 'e' | 'bytes'>;

/** An answer that waits for the disk. */
interface Waiting {
  readonly to: number;
  readonly key: number;
  readonly answer: Answer;
}

export interface Acceptors {
  /** By key; empty where no operation is serial. */
  readonly now: Acceptor<Payload>[];
  /** What a crash of the machine leaves. */
  readonly durable: Acceptor<Payload>[];
  /** By key and proposer: the greatest ballot of whose proposals it has accepted any; a copy of one must not be declined. */
  readonly acceptedFrom: Float64Array;
  waiting: Waiting[];
  /** How many of them the sync under way covers. */
  syncing: number;
  /** What this node has answered itself and has not looked at yet. */
  readonly own: Answer[];
}

/** Tells the commit log's syncs of acceptors from those of versions. */
export const ACCEPTORS_SYNC = 2;

export function newAcceptors(keys: number, nodes: number): Acceptors {
  const fresh = () => Array.from({ length: keys }, () => newAcceptor<Payload>());
  const acceptedFrom = new Float64Array(keys * nodes);
  return { now: fresh(), durable: fresh(), acceptedFrom, waiting: [], syncing: 0, own: [] };
}

/** PREPARE. */
export function takePrepare(node: Node, { from, a, b, d, e }: Answer, out: Out): void {
  const acceptor = node.acceptors.now[b]!;
  const ballot = stampNumber(d, e);
  // A commit needs no promise, so what is committed may be newer than any.
  const isLate = acceptor.committed !== null && acceptor.committed.ballot > ballot;
  if (isLate || !promise(acceptor, ballot)) {
    decline(node, from, a, acceptor, out);
    return;
  }
  const { accepted, committed } = acceptor;
  const answer = {
    kind: PROMISED,
    from: node.self,
    a,
    b: accepted?.value?.value ?? 0,
    c: packHis(d, accepted?.ballot ?? null, committed?.ballot ?? null),
    d: accepted === null ? 0 : stampLo(numberUs(accepted.ballot)),
    e: committed === null ? 0 : stampLo(numberUs(committed.ballot)),
    bytes: MESSAGE_BYTES + (accepted?.value?.bytes ?? 0),
  };
  answerOnceSynced(node, { to: from, key: b, answer }, out);
}

/** PROPOSE. */
export function takePropose(node: Node, { from, a, b, c, d, e, bytes }: Answer, out: Out): void {
  const key = keyIn(c);
  const acceptor = node.acceptors.now[key]!;
  const { acceptedFrom } = node.acceptors;
  const ballot = stampNumber(d, e);
  const at = key * node.settings.nodes + from;
  // The link has doubled it: to decline it now would tell its proposer that it was never accepted.
  if (ballot <= acceptedFrom[at]!) return;
  const value = b === 0 ? null : { value: b, bytes: bytes - MESSAGE_BYTES };
  if (!accept(acceptor, { ballot, value })) {
    decline(node, from, a, acceptor, out);
    return;
  }
  acceptedFrom[at] = ballot;
  const answer = { kind: ACCEPTED, from: node.self, a, b: 0, c: 0, d: 0, e: 0, bytes: MESSAGE_BYTES };
  answerOnceSynced(node, { to: from, key, answer }, out);
}

/** A committed version shows in the store now. */
export function learnCommit({ acceptors, settings }: Node, version: Mutation): void {
  const { key, hi, lo, value, bytes } = version;
  const proposal = { ballot: stampNumber(hi, lo), value: { value, bytes } };
  commit(acceptors.now[key]!, proposal);
  // In batches the version is on disk, and so is word of it.
  if (settings.syncUs === 0) commit(acceptors.durable[key]!, proposal);
}

function decline(node: Node, to: number, step: number, acceptor: Acceptor<Payload>, out: Out): void {
  const newest = numberUs(Math.max(acceptor.promised, acceptor.committed?.ballot ?? 0));
  const [d, e] = [stampHi(newest), stampLo(newest)];
  give(node, to, { kind: DECLINED, from: node.self, a: step, b: 0, c: 0, d, e, bytes: MESSAGE_BYTES }, out);
}

function answerOnceSynced(node: Node, waiting: Waiting, out: Out): void {
  node.acceptors.waiting.push(waiting);
  if (node.acceptors.syncing === 0) sync(node, out);
}

/** One fsync for all that wait. */
function sync({ acceptors }: Node, out: Out): void {
  const { waiting } = acceptors;
  acceptors.syncing = waiting.length;
  out.fsync(
    waiting.length,
    ACCEPTORS_SYNC,
    waiting.reduce((sum, { answer }) => sum + answer.bytes, 0),
  );
}

/** The disk has what the sync covered. What came since is in the keys' state too, and no harm: promises may come early. */
export function acceptorsSynced(node: Node, out: Out): void {
  const { acceptors } = node;
  const synced = acceptors.waiting.splice(0, acceptors.syncing);
  acceptors.syncing = 0;
  for (const { to, key, answer } of synced) {
    acceptors.durable[key] = { ...acceptors.now[key]! };
    give(node, to, answer, out);
  }
  if (acceptors.waiting.length > 0) sync(node, out);
}

export function give(node: Node, to: number, answer: Answer, out: Out): void {
  if (to === node.self) node.acceptors.own.push(answer);
  else out.send(to, answer.kind, answer.a, answer.b, answer.c, answer.d, answer.e, answer.bytes);
}

/** The process dies; what its operating system was given survives, unless the machine dies too. */
export function loseAcceptors({ acceptors }: Node, machineDies: boolean): void {
  const { now, durable } = acceptors;
  for (let key = 0; key < now.length; key++) {
    if (machineDies) now[key] = { ...durable[key]! };
    else durable[key] = { ...now[key]! };
  }
  acceptors.waiting = [];
  acceptors.syncing = 0;
  acceptors.own.length = 0;
}

const HALF = 0x1_0000;

/** By how much the greater parts of two older stamps are less than the ballot's, in 16 bits each: 2^16 × 18 minutes. */
function packHis(hi: number, accepted: number | null, committed: number | null): number {
  const less = (ballot: number | null) => (ballot === null ? 0 : hi - stampHi(numberUs(ballot)));
  const [one, other] = [less(accepted), less(committed)];
  if (Math.max(one, other) >= HALF) throw new RangeError('ballots are more than two years apart');
  return one | (other << 16);
}

/** The ballots in a PROMISED answer to a ballot; null for none. */
export function ballotsIn({ c, d, e }: Answer, ballot: number): [number | null, number | null] {
  const hi = stampHi(numberUs(ballot));
  return [
    d === 0 ? null : stampNumber(hi - (c & (HALF - 1)), d),
    e === 0 ? null : stampNumber(hi - (c >>> 16), e),
  ];
}
