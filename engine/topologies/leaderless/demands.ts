/**
 * What an operation waits for: answers without which it fails, and what Riak and Voldemort count besides. Where nothing is
 * counted besides, and no digests, `isPlain`, only the first is looked at.
 */

import {
  countOf,
  homesOf,
  isSerial as isSerialLevel,
  meets,
  type Need,
  type Placement,
  reachableOf,
  type Wanted,
} from './placement.ts';

/** What is counted besides needs; each 0 for nothing. */
export interface Besides {
  /** Answers of replicas themselves: nodes that stand in for them do not count (Riak's pr and pw). */
  readonly primaries: number;
  /** Of a write: nodes that have received it, whether or not it is on their disk (Riak's w, where it is more than dw). */
  readonly received: number;
  /** Answers that are waited for as long as there is time, and then done without (Voldemort's preferred). */
  readonly preferred: number;
}

export const nothingBesides: Besides = { primaries: 0, received: 0, preferred: 0 };

export interface Demand extends Besides {
  readonly needs: readonly Need[];
  readonly isPlain: boolean;
  /** Whether it is a lightweight transaction. */
  readonly isSerial: boolean;
  /** Of a write: whether it is answered once a hint of it is kept, where it reaches no replica (Cassandra's ANY). */
  readonly hintCounts: boolean;
}

/** Demands of the client groups that have some of their own; the others' are the topology's. */
export interface OwnDemands {
  /** Of the first group; the others follow it. */
  readonly firstClient: number;
  readonly read: readonly Demand[];
  readonly write: readonly Demand[];
}

/** `digests`: whether an answer may be one that only tells whether replicas hold the same. */
export function demandOf(
  needs: readonly Need[],
  { wanted, primaries, received, preferred }: Besides & { readonly wanted: Wanted },
  digests: boolean,
): Demand {
  const isPlain = primaries + received + preferred === 0 && !digests;
  const isSerial = isSerialLevel(wanted);
  return { needs, primaries, received, preferred, isPlain, isSerial, hintCounts: wanted === 'ANY' };
}

/** Whether enough are held for up to begin; otherwise the operation is refused at once. */
export function mayBegin(
  demand: Demand,
  placement: Placement,
  key: number,
  up: number,
  sloppy: boolean,
): boolean {
  const reachable = reachableOf(placement, key, up, sloppy);
  if (!meets(demand.needs, reachable)) return false;
  return (
    demand.isPlain ||
    (countOf(reachable) >= demand.received && countOf(homesOf(placement, key) & up) >= demand.primaries)
  );
}

/**
 * Whether what is counted besides needs is there too. `answered`: nodes that have answered, a bit each; of a write those that
 * have it on disk; `received`: those that have received it at least. Nobody waits for more than are held for up.
 */
export function isSatisfied(
  { primaries, received: receivedLeast, preferred }: Demand,
  homes: number,
  up: number,
  answered: number,
  received = answered,
): boolean {
  return (
    countOf(received) >= receivedLeast &&
    countOf(received & homes) >= primaries &&
    countOf(answered) >= Math.min(preferred, countOf(homes & up))
  );
}
