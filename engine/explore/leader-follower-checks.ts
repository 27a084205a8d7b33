/** What must hold in every state of leader-follower, however messages and crashes fall. */

import { NOTE_LEADING } from '../topologies/leader-follower/messages.ts';
import type { Replica } from '../topologies/leader-follower/replica.ts';
import { replicaKind } from '../topologies/leader-follower/replica-kind.ts';
import { keyOf, termOf, timelineTermOf, valueAt } from '../topologies/wal.ts';
import { isHeld } from '../verdicts/lost-writes.ts';
import type { Check, StateView } from './model.ts';
import type { ScriptedClient } from './scripted-client.ts';

export interface Cluster {
  readonly replicas: number;
  readonly client: number;
  readonly name: (actor: number) => string;
}

const replicaOf = (state: StateView, node: number) => state.stateOf(node) as Replica;
const acknowledgedIn = (state: StateView, { client }: Cluster) =>
  (state.stateOf(client) as ScriptedClient).acknowledged;
const isLeading = replicaKind.role.activeIn('leading');

/** The live replica that leads the newest term; −1 if there is none. */
function newestLeader(state: StateView, { replicas }: Cluster): number {
  let newest = -1;
  for (let node = 0; node < replicas; node++) {
    const replica = replicaOf(state, node);
    if (!state.isUp(node) || isLeading[replica.role] === 0) continue;
    if (newest < 0 || replica.term > replicaOf(state, newest).term) newest = node;
  }
  return newest;
}

/** Once a newer leader leads, nobody brings an acknowledged write back that no live replica holds. */
export function lostWrites(cluster: Cluster): Check {
  return {
    name: 'lost-writes',
    broken: (state) => {
      const acknowledged = acknowledgedIn(state, cluster);
      if (acknowledged.length === 0) return null;
      const leader = newestLeader(state, cluster);
      if (leader < 0) return null;
      const { term } = replicaOf(state, leader);
      const replicas = Array.from({ length: cluster.replicas }, (_, node) => replicaOf(state, node));
      const lost = acknowledged.find(
        (write) => write.term < term && !isHeld(replicas, state.isUp, write.term, write.lsn),
      );
      if (lost === undefined) return null;
      return `write ${lost.number} was acknowledged as record ${lost.lsn} of term ${lost.term}; ${cluster.name(leader)} leads term ${term}, and no live replica holds the record`;
    },
  };
}

/**
 * The leader of the newest term holds every write acknowledged in an older one: followers give up what it lacks, so that
 * what it lacks is lost though somebody still holds it. (Raft's leader completeness.)
 */
export function leaderCompleteness(cluster: Cluster): Check {
  return {
    name: 'leader-completeness',
    broken: (state) => {
      const acknowledged = acknowledgedIn(state, cluster);
      if (acknowledged.length === 0) return null;
      const leader = newestLeader(state, cluster);
      if (leader < 0) return null;
      const { term, wal } = replicaOf(state, leader);
      const missing = acknowledged.find(
        (write) => write.term < term && timelineTermOf(wal, write.lsn) !== write.term,
      );
      if (missing === undefined) return null;
      return `write ${missing.number} was acknowledged as record ${missing.lsn} of term ${missing.term}; ${cluster.name(leader)} leads term ${term} without it`;
    },
  };
}

/**
 * A write acknowledged in the newest term is on the disks it was to wait for, the leader's among them; a disk keeps it when
 * its process is down. Older terms are the business of leader completeness: what their leaders acknowledged may be
 * discarded where a newer one has it.
 */
export function enoughDisks(cluster: Cluster, requiredFollowers: number): Check {
  return {
    name: 'enough-disks',
    broken: (state) => {
      const acknowledged = acknowledgedIn(state, cluster);
      if (acknowledged.length === 0) return null;
      const newestTerm = (state.observed() as number[]).length - 1;
      for (const { number, term, lsn } of acknowledged) {
        if (term < newestTerm) continue;
        let disks = 0;
        for (let node = 0; node < cluster.replicas; node++) {
          const { wal, flushedLsn } = replicaOf(state, node);
          if (lsn <= flushedLsn && timelineTermOf(wal, lsn) === term) disks++;
        }
        if (disks > requiredFollowers) continue;
        return `write ${number} was acknowledged as record ${lsn} of term ${term}, and is on ${disks} of the ${requiredFollowers + 1} disks it was to wait for`;
      }
      return null;
    },
  };
}

/** Two logs that have the same term at an LSN are the same up to it. (Raft's log matching.) */
export function logMatching({ replicas, name }: Cluster): Check {
  return {
    name: 'log-matching',
    broken: (state) => {
      for (let one = 0; one < replicas; one++) {
        for (let other = one + 1; other < replicas; other++) {
          const lsn = mismatch(replicaOf(state, one), replicaOf(state, other));
          if (lsn > 0)
            return `the logs of ${name(one)} and ${name(other)} have a later record in common, and differ at record ${lsn}`;
        }
      }
      return null;
    },
  };
}

/** The newest LSN at which two logs differ below one at which they have the same term; 0 if there is none. */
function mismatch({ wal: one }: Replica, { wal: other }: Replica): number {
  const first = Math.max(one.firstLsn, other.firstLsn);
  let agrees = false;
  for (let lsn = Math.min(one.lastLsn, other.lastLsn); lsn >= first; lsn--) {
    const sameTerm = termOf(one, lsn) === termOf(other, lsn);
    const same =
      sameTerm && valueAt(one, lsn) === valueAt(other, lsn) && keyOf(one, lsn) === keyOf(other, lsn);
    if ((agrees || sameTerm) && !same) return lsn;
    agrees ||= sameTerm;
  }
  return 0;
}

/** By term, one bit for each replica that ever led it. */
export function noteLeading(leaders: number[], actor: number, kind: number, term: number): void {
  if (kind !== NOTE_LEADING) return;
  while (leaders.length <= term) leaders.push(0);
  leaders[term]! |= 1 << actor;
}

export function oneLeaderPerTerm({ replicas, name }: Cluster): Check {
  return {
    name: 'one-leader-per-term',
    broken: (state) => {
      for (const [term, leaders] of (state.observed() as number[]).entries()) {
        if ((leaders & (leaders - 1)) === 0) continue;
        const names = Array.from({ length: replicas }, (_, node) => node).filter(
          (node) => (leaders & (1 << node)) !== 0,
        );
        return `${names.map(name).join(' and ')} have both led term ${term}`;
      }
      return null;
    },
  };
}
