/**
 * How Riak and Voldemort say what an operation waits for: numbers for each request or store instead of named levels.
 *
 * Sources: Riak's documentation, Replication properties, and `riak_kv_put_fsm.erl`, `riak_kv_get_fsm.erl`
 * (https://github.com/basho/riak_kv); Voldemort's store definitions and `StoreDefinition.checkParameterLegality`
 * (https://github.com/voldemort/voldemort).
 */

import { quorumOf } from './levels.ts';

/** A count of replicas, or a word for one: `quorum` is ⌊n_val / 2⌋ + 1. */
export type RiakCount = number | 'one' | 'quorum' | 'all';

/** The settings of a read or a write, named as Riak names them. What is left out is Riak's default. */
export interface RiakParameters {
  /** Replicas of each key. */
  readonly nVal: number;
  /** Answers that a read waits for, of primaries or fallbacks. */
  readonly r?: RiakCount | undefined;
  /** Answers of primaries among them. */
  readonly pr?: RiakCount | undefined;
  /** Nodes that have received the write. */
  readonly w?: RiakCount | undefined;
  /** Nodes that have it on disk. */
  readonly dw?: RiakCount | undefined;
  /** Primaries that have received it. */
  readonly pw?: RiakCount | undefined;
}

export interface RiakQuorums {
  readonly read: { readonly answers: number; readonly ofPrimaries: number };
  readonly write: { readonly answers: number; readonly durable: number; readonly ofPrimaries: number };
}

/**
 * The counts behind Riak's words. `dw` is at least 1: the node that coordinates a write stores it before it tells others,
 * since the version is counted there. Fallbacks count unless `pr` or `pw` asks for primaries, and so the quorum is sloppy by
 * default. Throws RangeError for a count above n_val, which Riak refuses as `n_val_violation`.
 */
export function riakQuorums(parameters: RiakParameters): RiakQuorums {
  const { nVal, r = 'quorum', pr = 0, w = 'quorum', dw = 'quorum', pw = 0 } = parameters;
  if (!(Number.isInteger(nVal) && nVal >= 1))
    throw new RangeError(`n_val is ${nVal}, expected an integer from 1`);
  const count = (name: string, value: RiakCount): number => {
    const found = value === 'one' ? 1 : value === 'quorum' ? quorumOf(nVal) : value === 'all' ? nVal : value;
    if (Number.isInteger(found) && found >= 0 && found <= nVal) return found;
    throw new RangeError(`${name} is ${found}, expected an integer from 0 to n_val, ${nVal}`);
  };
  return {
    // At least one node has to answer, whatever the numbers say.
    read: { answers: Math.max(count('r', r), count('pr', pr), 1), ofPrimaries: count('pr', pr) },
    write: {
      answers: Math.max(count('w', w), count('pw', pw), 1),
      durable: Math.max(count('dw', dw), 1),
      ofPrimaries: count('pw', pw),
    },
  };
}

/** A Voldemort store, named as in its `stores.xml`. */
export interface VoldemortStore {
  readonly replicationFactor: number;
  /** Answers without which the operation fails. */
  readonly requiredReads: number;
  readonly requiredWrites: number;
  /** Replicas that are tried, and waited for until the time is up; the required count if left out. */
  readonly preferredReads?: number;
  readonly preferredWrites?: number;
}

export interface VoldemortQuorums {
  /** A read asks so many replicas, not all, and another for each that fails. */
  readonly read: { readonly asked: number; readonly required: number };
  /** A write goes to every replica, and waits for the preferred count as long as it has time. */
  readonly write: { readonly awaited: number; readonly required: number };
}

/** Throws RangeError unless 1 ≤ required ≤ preferred ≤ replication factor. */
export function voldemortQuorums(store: VoldemortStore): VoldemortQuorums {
  const { replicationFactor, requiredReads, requiredWrites } = store;
  const { preferredReads = requiredReads, preferredWrites = requiredWrites } = store;
  const check = (name: string, value: number, least: number, most: number) => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(`${name} is ${value}, expected an integer from ${least} to ${most}`);
  };
  check('replication-factor', replicationFactor, 1, Number.MAX_SAFE_INTEGER);
  check('required-reads', requiredReads, 1, replicationFactor);
  check('required-writes', requiredWrites, 1, replicationFactor);
  check('preferred-reads', preferredReads, requiredReads, replicationFactor);
  check('preferred-writes', preferredWrites, requiredWrites, replicationFactor);
  return {
    read: { asked: preferredReads, required: requiredReads },
    write: { awaited: preferredWrites, required: requiredWrites },
  };
}
