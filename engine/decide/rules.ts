/**
 * Why a topology does not do. Each rule is one objection and reads the requirements only; a stricter requirement never
 * removes an objection (a property test holds them to it), so that relaxing everything never escalates the answer.
 */

import { shortestElectionMs } from './election-plan.ts';
import {
  anyStrong,
  archiveEveryMs,
  commitMs,
  copyAgeMs,
  fsync,
  isStrong,
  localRttMs,
  losesTooMuchAsynchronously,
  lossToleratedMs,
  majorityRttMs,
  needsSecondCopy,
  plannedLoad,
  promotesAcrossRegions,
  readLoad,
  restoreS,
  throughLeaderMs,
  toleratesRegionLoss,
  voterRegions,
  worstForUsers,
  writeLoad,
} from './facts.ts';
import { shortestOutageMs } from './failover-plan.ts';
import type { Objection, Source, Topology } from './recommendation.ts';
import type { Effort, Entity, Requirements } from './requirements.ts';
import { efforts } from './requirements.ts';
import { sources } from './sources.ts';

interface Rule {
  readonly rule: string;
  readonly against: readonly Topology[];
  readonly weighs: Objection['weighs'];
  readonly field: string;
  readonly source: Source;
  readonly objects: (requirements: Requirements, topology: Topology) => boolean;
  readonly value: (requirements: Requirements) => string;
  readonly because: (requirements: Requirements, topology: Topology) => string;
}

/** Whoever refuses to be unsure about a write has one place that orders it. */
const ordering: readonly Topology[] = ['single-node', 'leader-follower', 'consensus'];
const conflicting: readonly Topology[] = ['multi-leader', 'leaderless'];
const effortNeeded: Readonly<Record<Topology, Effort>> = {
  'single-node': 'low',
  'leader-follower': 'low',
  'multi-leader': 'high',
  leaderless: 'medium',
  consensus: 'medium',
};

function electionMs(requirements: Requirements): number {
  return shortestElectionMs(requirements, voterRegions(requirements));
}

/** The 99th percentile of write latency a topology can offer all users, milliseconds, before any queueing. */
export function writeP99Ms(requirements: Requirements, topology: Topology): number {
  const secondCopy = needsSecondCopy(requirements);
  switch (topology) {
    case 'single-node':
      return throughLeaderMs(requirements, commitMs(requirements, false));
    case 'leader-follower':
      return throughLeaderMs(requirements, commitMs(requirements, secondCopy));
    case 'consensus':
      return throughLeaderMs(requirements, commitMs(requirements, true));
    case 'multi-leader':
      return localRttMs + fsync.p99Ms + (secondCopy ? localRttMs + fsync.p99Ms : 0);
    case 'leaderless':
      return worstForUsers(requirements, (region) => {
        const quorumMs = quorumCrossesRegions(requirements)
          ? majorityRttMs(requirements, region)
          : localRttMs;
        return localRttMs + quorumMs + fsync.p99Ms;
      });
  }
}

/** Whether a quorum inside the user’s region would break a promise: loss of the region, or age of what other regions read. */
export function quorumCrossesRegions(requirements: Requirements): boolean {
  if (requirements.regions.length === 1) return false;
  return (
    (toleratesRegionLoss(requirements) && losesTooMuchAsynchronously(requirements)) ||
    leadersTooOld(requirements)
  );
}

function leadersTooOld(requirements: Requirements): boolean {
  return requirements.stalenessToleratedMs < copyAgeMs(requirements);
}

const perSecond = (count: number, what: string) => `${count} ${what}/s`;
const ms = (value: number) => `${Math.round(value * 10) / 10} ms`;
const named = (entities: readonly Entity[]) => entities.map((entity) => entity.name).join(', ');
const strongOnes = (requirements: Requirements) => requirements.entities.filter(isStrong);
const unmergeable = (requirements: Requirements) =>
  requirements.entities.filter((entity) => !entity.mergeable);
const undecided = (requirements: Requirements) =>
  requirements.entities.filter((entity) => entity.mergeable && entity.conflict === 'none');
const overwritten = (requirements: Requirements) =>
  requirements.entities.filter((entity) => entity.conflict === 'last-writer-wins');
const crossKey = (requirements: Requirements) =>
  requirements.entities.filter((entity) => entity.transactions);

const rules: readonly Rule[] = [
  {
    rule: 'one machine takes the writes',
    against: ['single-node'],
    weighs: 'capacity',
    field: 'writesPerSecond',
    source: sources.queueing,
    objects: (r) => writeLoad(r) > plannedLoad,
    value: (r) => perSecond(r.writesPerSecond, 'writes'),
    because: (r) =>
      `one node takes ${perSecond(r.node.writesPerSecond, 'writes')} and is planned for ${plannedLoad * 100}% of that`,
  },
  {
    rule: 'one machine serves the reads',
    against: ['single-node'],
    weighs: 'capacity',
    field: 'readsPerSecond',
    source: sources.queueing,
    objects: (r) => writeLoad(r) + readLoad(r, r.readsPerSecond) > plannedLoad,
    value: (r) => perSecond(r.readsPerSecond, 'reads'),
    because: (r) =>
      `one node serves ${perSecond(r.node.readsPerSecond, 'reads')} when it does nothing else and is planned for ${plannedLoad * 100}% of its time; followers add read capacity`,
  },
  {
    rule: 'one machine holds the data',
    against: ['single-node'],
    weighs: 'capacity',
    field: 'dataGB',
    source: sources.ddiaPartitioning,
    objects: (r) => r.dataGB > r.node.storageGB * plannedLoad,
    value: (r) => `${r.dataGB} GB`,
    because: (r) => `one node holds ${r.node.storageGB} GB and is planned for ${plannedLoad * 100}% of that`,
  },
  {
    rule: 'the last backup is recent enough',
    against: ['single-node'],
    weighs: 'safety',
    field: 'lossToleratedMs',
    source: sources.postgresArchiving,
    objects: (r) => lossToleratedMs(r) < archiveEveryMs,
    value: (r) => ms(lossToleratedMs(r)),
    because: () =>
      `when the only disk dies, what was written since the log was last copied away is gone (every ${archiveEveryMs / 60_000} minutes)`,
  },
  {
    rule: 'a backup is restored in time',
    against: ['single-node'],
    weighs: 'availability',
    field: 'outageToleratedS',
    source: sources.postgresArchiving,
    objects: (r) => r.outageToleratedS < restoreS(r),
    value: (r) => `${r.outageToleratedS} s`,
    because: (r) =>
      `noticing a dead machine and restoring ${r.dataGB} GB from its backup takes about ${Math.round(restoreS(r))} s`,
  },
  {
    rule: 'the only region is not lost',
    against: ['single-node'],
    weighs: 'safety',
    field: 'survives',
    source: sources.ddiaReplication,
    objects: toleratesRegionLoss,
    value: (r) => r.survives,
    because: () => 'one machine is gone with its region',
  },
  {
    rule: 'the write target leaves room for the way',
    against: ['single-node', 'leader-follower', 'multi-leader', 'leaderless', 'consensus'],
    weighs: 'latency',
    field: 'writeLatencyP99Ms',
    source: sources.pacelc,
    objects: (r, topology) => writeP99Ms(r, topology) > r.writeLatencyP99Ms,
    value: (r) => ms(r.writeLatencyP99Ms),
    because: (r, topology) => {
      const takes = `a write takes about ${ms(writeP99Ms(r, topology))} at p99`;
      return ordering.includes(topology) && r.regions.length > 1
        ? `${takes}, for users elsewhere must reach the leader and the leader its copies`
        : `${takes}: the way, the disks and the copies it waits for`;
    },
  },
  {
    rule: 'a failover ends in time',
    against: ['leader-follower', 'multi-leader'],
    weighs: 'availability',
    field: 'outageToleratedS',
    source: sources.etcdTuning,
    objects: (r) => r.outageToleratedS * 1000 < shortestOutageMs(r),
    value: (r) => `${r.outageToleratedS} s`,
    because: (r) =>
      `detecting a dead leader without false alarms, promoting and re-pointing takes at least about ${ms(shortestOutageMs(r))}`,
  },
  {
    rule: 'an election ends in time',
    against: ['consensus'],
    weighs: 'availability',
    field: 'outageToleratedS',
    source: sources.raft,
    objects: (r) => r.outageToleratedS * 1000 < electionMs(r),
    value: (r) => `${r.outageToleratedS} s`,
    because: (r) => `electing a new leader by majority takes up to about ${ms(electionMs(r))}`,
  },
  {
    rule: 'strong data changes its leader only by majority',
    against: ['leader-follower'],
    weighs: 'safety',
    field: 'survives',
    source: sources.ddiaConsistency,
    objects: (r) => anyStrong(r) && promotesAcrossRegions(r),
    value: (r) => `${r.survives}, with ${named(strongOnes(r))} strong`,
    because: () =>
      'a failover by itself across regions cannot tell a lost leader from a cut-off one that still answers reads; only a majority can',
  },
  {
    rule: 'every side keeps accepting writes',
    against: ordering,
    weighs: 'availability',
    field: 'duringPartition',
    source: sources.cap,
    objects: (r) => r.duringPartition === 'accept',
    value: (r) => r.duringPartition,
    because: () => 'the side of a partition without the leader must refuse writes',
  },
  {
    rule: 'strong data has one order',
    against: conflicting,
    weighs: 'safety',
    field: 'entities[].consistency',
    source: sources.cap,
    objects: anyStrong,
    value: (r) => `${named(strongOnes(r))}: strong`,
    because: (_, topology) =>
      topology === 'leaderless'
        ? 'overlapping quorums are fresh per key but not linearizable: concurrent and failed writes show'
        : 'two leaders accept concurrent writes and find the conflict after both were acknowledged',
  },
  {
    rule: 'no promise spans keys',
    against: conflicting,
    weighs: 'safety',
    field: 'entities[].transactions',
    source: sources.ddiaConsistency,
    objects: (r) => crossKey(r).length > 0,
    value: (r) => `${named(crossKey(r))}: transactions`,
    because: () => 'consistency is per key at best; a change of several keys is neither atomic nor isolated',
  },
  {
    rule: 'the data can be merged',
    against: conflicting,
    weighs: 'safety',
    field: 'entities[].mergeable',
    source: sources.ddiaReplication,
    objects: (r) => unmergeable(r).length > 0,
    value: (r) => `${named(unmergeable(r))}: not mergeable`,
    because: () =>
      'two concurrent changes are both acknowledged, and one of them must not be (two withdrawals of one balance)',
  },
  {
    rule: 'a conflict strategy is named',
    against: conflicting,
    weighs: 'safety',
    field: 'entities[].conflict',
    source: sources.pgdConflicts,
    objects: (r) => undecided(r).length > 0,
    value: (r) => `${named(undecided(r))}: none`,
    because: (r) =>
      `a conflict strategy is missing for ${named(undecided(r))}: say last-writer-wins for what may be lost, merge or crdt for what may not`,
  },
  {
    rule: 'what last-writer-wins drops may be lost',
    against: conflicting,
    weighs: 'safety',
    field: 'entities[].conflict',
    source: sources.ddiaReplication,
    objects: (r) => overwritten(r).length > 0 && lossToleratedMs(r) === 0,
    value: (r) => `${named(overwritten(r))}: last-writer-wins, with no loss tolerated`,
    because: () =>
      'of two concurrent acknowledged writes the one with the smaller timestamp is dropped, though nothing failed',
  },
  {
    rule: 'the loss of a region may lose its tail',
    against: ['multi-leader'],
    weighs: 'safety',
    field: 'lossToleratedMs',
    source: sources.ddiaReplication,
    objects: (r) => toleratesRegionLoss(r) && losesTooMuchAsynchronously(r),
    value: (r) => ms(lossToleratedMs(r)),
    because: () => 'leaders tell each other afterwards; a lost region takes along what it had not told',
  },
  {
    rule: 'other regions may read the past',
    against: ['multi-leader'],
    weighs: 'safety',
    field: 'stalenessToleratedMs',
    source: sources.pacelc,
    objects: leadersTooOld,
    value: (r) => ms(r.stalenessToleratedMs),
    because: (r) => `a write reaches the other leaders after about ${ms(copyAgeMs(r))}`,
  },
  {
    rule: 'there is a second region',
    against: ['multi-leader'],
    weighs: 'safety',
    field: 'regions',
    source: sources.ddiaReplication,
    objects: (r) => r.regions.length === 1,
    value: (r) => `${r.regions.length} region`,
    because: () => 'within one region a second leader brings conflicts and no shorter way',
  },
  {
    rule: 'there are people to operate it',
    against: ['multi-leader', 'leaderless', 'consensus'],
    weighs: 'effort',
    field: 'operatingEffort',
    source: sources.ddiaReplication,
    objects: (r, topology) => efforts.indexOf(r.operatingEffort) < efforts.indexOf(effortNeeded[topology]),
    value: (r) => r.operatingEffort,
    because: (_, topology) =>
      `${topology} asks for ${effortNeeded[topology]} effort: ${effortBecause[topology]}`,
  },
];

export const effortBecause: Readonly<Record<Topology, string>> = {
  'single-node': 'backups',
  'leader-follower': 'failover and lag to watch',
  'multi-leader':
    'schema changes everywhere at once, keys that cannot collide, lag per pair of leaders, conflicts to debug',
  leaderless: 'a consistency level per query, repair, tombstones',
  consensus: 'an odd number of voters in separate places, and their timeouts',
};

/** What speaks against a topology, in the order of the rules; nothing where it fits. */
export function objectionsTo(topology: Topology, requirements: Requirements): Objection[] {
  return rules
    .filter((rule) => rule.against.includes(topology) && rule.objects(requirements, topology))
    .map(({ rule, weighs, field, source, value, because }) => ({
      rule,
      weighs,
      field,
      yourValue: value(requirements),
      because: because(requirements, topology),
      source,
    }));
}

const weights = { safety: 1000, capacity: 100, availability: 30, latency: 10, effort: 1 } as const;

/** How badly a topology fails the requirements; 0 where it fits. One broken safety outweighs all the rest together. */
export function misfit(topology: Topology, requirements: Requirements): number {
  return objectionsTo(topology, requirements).reduce((sum, objection) => sum + weights[objection.weighs], 0);
}
