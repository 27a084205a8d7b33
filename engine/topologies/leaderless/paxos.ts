/**
 * Single-decree Paxos for each key, over and over: how Cassandra's conditional updates and serial reads agree on one next
 * value. Rules of acceptors and proposers only; who sends what, and how long it waits, is not theirs.
 *
 * A round has four steps: prepare (a ballot newer than any) and promise; a look at what is there; propose and accept; commit,
 * which makes the value the key's and lets the next round begin. What is learned from the promises of a majority says
 * whether the round may go on (`nextStep`).
 *
 * ```ts
 * const acceptor = newAcceptor<string>();
 * promise(acceptor, 8); // true
 * accept(acceptor, { ballot: 7, value: 'late' }); // false: it has promised
 * ```
 *
 * Sources: Lamport, "Paxos made simple" (2001); Cassandra's PaxosState.java and StorageProxy.java (`beginAndRepairPaxos`),
 * https://github.com/apache/cassandra.
 */

/** A value under a ballot. Ballots are integers from 1, and no two proposers use the same. */
export interface Proposal<Value> {
  readonly ballot: number;
  /** Null where it changes nothing: what a serial read has accepted, so that no older proposal can come after it. */
  readonly value: Value | null;
}

/** What an acceptor must have on disk before it answers. Plain data. */
export interface Acceptor<Value> {
  /** It takes nothing of a lesser ballot; 0 if it never promised. */
  promised: number;
  /** The last proposal it accepted and knows no commit of. */
  accepted: Proposal<Value> | null;
  /** The newest commit it knows. */
  committed: Proposal<Value> | null;
}

export function newAcceptor<Value>(): Acceptor<Value> {
  return { promised: 0, accepted: null, committed: null };
}

/** Prepare: whether it promises this ballot. It then tells what it has accepted and committed; if not, what it promised. */
export function promise(acceptor: Acceptor<unknown>, ballot: number): boolean {
  if (ballot <= acceptor.promised) return false;
  acceptor.promised = ballot;
  return true;
}

/** Propose: whether it accepts, which it does unless it has promised a greater ballot. */
export function accept<Value>(acceptor: Acceptor<Value>, proposal: Proposal<Value>): boolean {
  if (proposal.ballot < acceptor.promised) return false;
  acceptor.promised = proposal.ballot;
  acceptor.accepted = proposal;
  return true;
}

/** Commit: the value is chosen. It needs no promise, and may come late, twice and out of order. */
export function commit<Value>(acceptor: Acceptor<Value>, proposal: Proposal<Value>): void {
  if (acceptor.committed === null || acceptor.committed.ballot < proposal.ballot)
    acceptor.committed = proposal;
  // What was accepted before has either become this value or can be chosen no more.
  if (acceptor.accepted !== null && acceptor.accepted.ballot <= proposal.ballot) acceptor.accepted = null;
}

/** What an acceptor tells with its promise. */
export interface Promised<Value> {
  readonly from: number;
  readonly accepted: Proposal<Value> | null;
  readonly committed: Proposal<Value> | null;
}

export type NextStep<Value> =
  /** A proposal may have been chosen and was not committed: propose its value again, commit it, and prepare anew. */
  | { readonly type: 'complete'; readonly value: Value }
  /** These lack the newest commit: they have to learn it before anything else is proposed. */
  | { readonly type: 'teach'; readonly commit: Proposal<Value>; readonly behind: readonly number[] }
  /** Nothing is under way: the key has this value, null for none, and the proposer may propose its own. */
  | { readonly type: 'propose'; readonly current: Value | null };

/** What a proposer does with the promises of a majority. */
export function nextStep<Value>(promises: readonly Promised<Value>[]): NextStep<Value> {
  const accepted = newest(promises.map((each) => each.accepted));
  const committed = newest(promises.map((each) => each.committed));
  const isUnderWay = accepted !== null && accepted.ballot > (committed?.ballot ?? 0);
  if (isUnderWay && accepted.value !== null) return { type: 'complete', value: accepted.value };
  if (committed === null) return { type: 'propose', current: null };
  const behind = promises
    .filter((each) => (each.committed?.ballot ?? 0) < committed.ballot)
    .map(({ from }) => from);
  if (behind.length > 0) return { type: 'teach', commit: committed, behind };
  return { type: 'propose', current: committed.value };
}

/** The proposal with the greatest ballot, null among none. */
export function newest<Value>(proposals: readonly (Proposal<Value> | null)[]): Proposal<Value> | null {
  return proposals.reduce(
    (best, each) => (each !== null && (best === null || each.ballot > best.ballot) ? each : best),
    null,
  );
}

/** A ballot greater than another, which no other proposer makes: `proposer` counts from 0, below `proposers`. */
export function ballotAfter(ballot: number, proposer: number, proposers: number): number {
  return (Math.floor(ballot / proposers) + 1) * proposers + proposer;
}
