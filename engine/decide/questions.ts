/** What the interview asks, in words; the chart beside it knows when. */

import type { Entity, Requirements } from './requirements.ts';
import {
  conflictStrategies,
  consistencies,
  efforts,
  failureDomains,
  partitionChoices,
  yearMs,
} from './requirements.ts';

export type AnswerValue = number | boolean | string;

interface Wording {
  /** The field it fills, which is also its name; of an entity’s field the last part. */
  readonly field: string;
  readonly text: string;
  readonly help: string;
  /** Why it is asked: what depends on it. */
  readonly reason: string;
}

interface NumberQuestion extends Wording {
  readonly kind: 'number';
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

interface ChoiceQuestion extends Wording {
  readonly kind: 'choice';
  readonly choices: readonly { readonly value: string; readonly label: string }[];
}

interface YesNoQuestion extends Wording {
  readonly kind: 'yesno';
}

type Asked = NumberQuestion | ChoiceQuestion | YesNoQuestion;

/** A question about the whole, or about each kind of data in turn. */
export type QuestionSpec =
  | (Asked & {
      readonly about: 'whole';
      readonly read: (requirements: Requirements) => AnswerValue;
      readonly write: (requirements: Requirements, value: never) => Requirements;
    })
  | (Asked & {
      readonly about: 'entity';
      readonly read: (entity: Entity) => AnswerValue;
      readonly write: (entity: Entity, value: never) => Entity;
    });

const number = { kind: 'number', about: 'whole', min: 0, max: 10_000_000, whole: false } as const;
const choose = <Value extends string>(values: readonly Value[], labels: Readonly<Record<Value, string>>) =>
  values.map((value) => ({ value, label: labels[value] }));

export const questions = {
  writes: {
    ...number,
    field: 'writesPerSecond',
    unit: 'writes/s',
    text: 'How many writes per second at peak?',
    help: 'All users together, at the busiest minute you plan for.',
    reason: 'Followers add read capacity and no write capacity: every replica takes every write.',
    read: (r: Requirements) => r.writesPerSecond,
    write: (r: Requirements, writesPerSecond: number) => ({ ...r, writesPerSecond }),
  },
  reads: {
    ...number,
    field: 'readsPerSecond',
    unit: 'reads/s',
    text: 'How many reads per second at peak?',
    help: 'All users together, after caches.',
    reason: 'Reads beyond one machine are the ordinary reason for followers.',
    read: (r: Requirements) => r.readsPerSecond,
    write: (r: Requirements, readsPerSecond: number) => ({ ...r, readsPerSecond }),
  },
  data: {
    ...number,
    field: 'dataGB',
    unit: 'GB',
    max: 100_000_000,
    text: 'How much data, one copy?',
    help: 'In gigabytes, with the growth you plan for.',
    reason:
      'Data beyond one machine must be sharded, and restoring a backup takes as long as the data is large.',
    read: (r: Requirements) => r.dataGB,
    write: (r: Requirements, dataGB: number) => ({ ...r, dataGB }),
  },
  nodeWrites: {
    ...number,
    field: 'node.writesPerSecond',
    unit: 'writes/s',
    min: 1,
    text: 'How many writes per second does one machine take?',
    help: 'Measure it with your own schema; a few thousand is usual for a relational database on SSD.',
    reason: 'More writes than one machine takes means sharding first, whatever the topology.',
    read: (r: Requirements) => r.node.writesPerSecond,
    write: (r: Requirements, writesPerSecond: number) => ({ ...r, node: { ...r.node, writesPerSecond } }),
  },
  nodeReads: {
    ...number,
    field: 'node.readsPerSecond',
    unit: 'reads/s',
    min: 1,
    text: 'How many reads per second does one machine serve?',
    help: 'Measure it with your own queries.',
    reason: 'It gives the number of followers.',
    read: (r: Requirements) => r.node.readsPerSecond,
    write: (r: Requirements, readsPerSecond: number) => ({ ...r, node: { ...r.node, readsPerSecond } }),
  },
  nodeStorage: {
    ...number,
    field: 'node.storageGB',
    unit: 'GB',
    min: 1,
    max: 1_000_000,
    text: 'How much data does one machine hold?',
    help: 'In gigabytes of disk you would give it.',
    reason: 'Data beyond one machine must be sharded.',
    read: (r: Requirements) => r.node.storageGB,
    write: (r: Requirements, storageGB: number) => ({ ...r, node: { ...r.node, storageGB } }),
  },
  regions: {
    ...number,
    field: 'regions',
    unit: 'regions',
    min: 1,
    max: 12,
    whole: true,
    text: 'In how many regions are your users?',
    help: 'A region is a place so far from the others that the way shows: another continent, another coast.',
    reason: 'Distance cannot be bought away: a write to a leader elsewhere pays the round trip.',
    read: (r: Requirements) => r.regions.length,
    write: (r: Requirements, count: number) => ({ ...r, regions: evenRegions(count) }),
  },
  mainShare: {
    ...number,
    field: 'regions[0].share',
    unit: '% of users',
    min: 1,
    max: 99,
    text: 'What share of the users is in the largest region?',
    help: 'In percent; the others share the rest equally.',
    reason: 'The leader goes where it serves most users soonest.',
    read: (r: Requirements) => Math.round(r.regions[0]!.share * 1000) / 10,
    write: (r: Requirements, percent: number) => ({ ...r, regions: withMainShare(r.regions, percent / 100) }),
  },
  roundTrip: {
    ...number,
    field: 'roundTrip.otherwiseMs',
    unit: 'ms',
    max: 60_000,
    text: 'How long is the round trip between the regions?',
    help: 'In milliseconds, at its 99th percentile: about 70 across a continent, 110 across the Atlantic, 250 to Asia.',
    reason: 'It is the price of every promise that needs two regions to agree.',
    read: (r: Requirements) => r.roundTrip.otherwiseMs,
    write: (r: Requirements, otherwiseMs: number) => ({ ...r, roundTrip: { ...r.roundTrip, otherwiseMs } }),
  },
  survives: {
    kind: 'choice',
    about: 'whole',
    field: 'survives',
    choices: choose(failureDomains, {
      node: 'one machine fails',
      region: 'a whole region is lost or cut off',
    }),
    text: 'What is the largest failure your targets must hold through?',
    help: 'Losing a region is rare; surviving it without loss puts its round trip on every write.',
    reason: 'It decides where the copies are that a write waits for.',
    read: (r: Requirements) => r.survives,
    write: (r: Requirements, survives: Requirements['survives']) => ({ ...r, survives }),
  },
  latency: {
    ...number,
    field: 'writeLatencyP99Ms',
    unit: 'ms',
    min: 0.1,
    max: yearMs,
    text: 'How long may a write take, for 99 of 100 users?',
    help: 'In milliseconds as the user sees it, without failures.',
    reason: 'A target below the round trip is what forces writes to be accepted in each region.',
    read: (r: Requirements) => r.writeLatencyP99Ms,
    write: (r: Requirements, writeLatencyP99Ms: number) => ({ ...r, writeLatencyP99Ms }),
  },
  loss: {
    ...number,
    field: 'lossToleratedMs',
    unit: 'ms',
    max: yearMs,
    text: 'How much acknowledged work may a failure lose?',
    help: 'In milliseconds of writes (RPO); 0 means no acknowledged write is ever lost.',
    reason:
      'An asynchronous leader takes its unreplicated tail with it; losing less means waiting for a second copy.',
    read: (r: Requirements) => r.lossToleratedMs,
    write: (r: Requirements, lossToleratedMs: number) => ({ ...r, lossToleratedMs }),
  },
  outage: {
    ...number,
    field: 'outageToleratedS',
    unit: 's',
    max: yearMs / 1000,
    text: 'How long may writes be out after a failure?',
    help: 'In seconds (RTO). Automatic failovers take 10 to 60 s, people a quarter of an hour, a restore from backup longer.',
    reason: 'It decides between a backup, people, an automatic failover, an election, and no leader to lose.',
    read: (r: Requirements) => r.outageToleratedS,
    write: (r: Requirements, outageToleratedS: number) => ({ ...r, outageToleratedS }),
  },
  kinds: {
    ...number,
    field: 'entities',
    unit: 'kinds',
    min: 1,
    max: 6,
    whole: true,
    text: 'How many kinds of data need different promises?',
    help: 'One, if all your data is alike; two, if say bookings must be exact and reviews may lag.',
    reason: 'The strictest kind decides, and a kind of its own can be moved to a store of its own.',
    read: (r: Requirements) => r.entities.length,
    write: (r: Requirements, count: number) => ({ ...r, entities: evenEntities(count, r.entities[0]!) }),
  },
  consistency: {
    kind: 'choice',
    about: 'entity',
    field: 'consistency',
    choices: choose(consistencies, {
      eventual: 'eventual: a reader may see the past for a while',
      session: 'session: each user sees their own writes and never goes backwards',
      strong: 'strong: every reader sees the latest acknowledged write',
    }),
    text: 'What is a reader promised?',
    help: 'Stock, balances and bookings are usually strong; a profile is session; a counter of likes eventual.',
    reason: 'Strong data has one order of writes, so one leader or a majority; weaker data leaves a choice.',
    read: (entity: Entity) => entity.consistency,
    write: (entity: Entity, consistency: Entity['consistency']) => ({ ...entity, consistency }),
  },
  staleness: {
    ...number,
    field: 'stalenessToleratedMs',
    unit: 'ms',
    max: yearMs,
    text: 'How old may a read be, where it need not be strong?',
    help: 'In milliseconds; 0 means not at all, and all reads then go to the leader.',
    reason: 'A follower is behind by the way and a disk, so it may serve reads only if that is tolerated.',
    read: (r: Requirements) => r.stalenessToleratedMs,
    write: (r: Requirements, stalenessToleratedMs: number) => ({ ...r, stalenessToleratedMs }),
  },
  partition: {
    kind: 'choice',
    about: 'whole',
    field: 'duringPartition',
    choices: choose(partitionChoices, {
      refuse: 'refuse writes where it cannot be sure',
      accept: 'accept writes on every side and reconcile after',
    }),
    text: 'When replicas cannot reach each other, what should happen to writes?',
    help: 'Accepting on every side means concurrent writes to one key that must be reconciled.',
    reason: 'This is the choice of CAP: there is no third answer during a partition.',
    read: (r: Requirements) => r.duringPartition,
    write: (r: Requirements, duringPartition: Requirements['duringPartition']) => ({ ...r, duringPartition }),
  },
  transactions: {
    kind: 'yesno',
    about: 'entity',
    field: 'transactions',
    text: 'Must one change cover several keys, or none of them?',
    help: 'Such as money from one account to another.',
    reason:
      'With several leaders or none, consistency is per key at best; across shards it takes a coordinator.',
    read: (entity: Entity) => entity.transactions,
    write: (entity: Entity, transactions: boolean) => ({ ...entity, transactions }),
  },
  mergeable: {
    kind: 'yesno',
    about: 'entity',
    field: 'mergeable',
    text: 'Can two concurrent changes both be kept, by design?',
    help: 'A cart, a counter, a set of tags: yes. Stock, a balance, a seat: no.',
    reason: 'Several leaders, or none, acknowledge both changes before they learn of each other.',
    read: (entity: Entity) => entity.mergeable,
    write: (entity: Entity, mergeable: boolean) => ({ ...entity, mergeable }),
  },
  conflict: {
    kind: 'choice',
    about: 'entity',
    field: 'conflict',
    choices: choose(conflictStrategies, {
      none: 'not decided',
      'last-writer-wins': 'last writer wins: one of the two is dropped',
      merge: 'a merge function of your own',
      crdt: 'a type that converges by construction (CRDT)',
    }),
    text: 'What happens to two concurrent changes of one key?',
    help: 'Last-writer-wins for what may be lost; merge or CRDT for what may not.',
    reason: '“We will handle conflicts” is not a strategy; without one this topology is refused.',
    read: (entity: Entity) => entity.conflict,
    write: (entity: Entity, conflict: Entity['conflict']) => ({ ...entity, conflict }),
  },
  effort: {
    kind: 'choice',
    about: 'whole',
    field: 'operatingEffort',
    choices: choose(efforts, {
      low: 'low: managed, hands off',
      medium: 'medium: someone knows it well',
      high: 'high: a team of its own',
    }),
    text: 'How much are you willing to operate?',
    help: 'Schema changes on every leader at once, repair, clocks, conflicts to debug.',
    reason: 'What you need goes beyond one leader, and everything beyond costs people.',
    read: (r: Requirements) => r.operatingEffort,
    write: (r: Requirements, operatingEffort: Requirements['operatingEffort']) => ({ ...r, operatingEffort }),
  },
} satisfies Record<string, QuestionSpec>;

export type QuestionName = keyof typeof questions;

/** Regions without names of their own, with equal shares. */
function evenRegions(count: number): Requirements['regions'] {
  if (count === 1) return [{ id: 'local', share: 1 }];
  return Array.from({ length: count }, (_, index) => ({ id: `region-${index + 1}`, share: 1 / count }));
}

function withMainShare(regions: Requirements['regions'], share: number): Requirements['regions'] {
  const rest = (1 - share) / (regions.length - 1);
  return regions.map((region, index) => ({ ...region, share: index === 0 ? share : rest }));
}

function evenEntities(count: number, like: Entity): Entity[] {
  if (count === 1) return [{ ...like, name: 'data', share: 1 }];
  return Array.from({ length: count }, (_, index) => ({
    ...like,
    name: `data ${index + 1}`,
    share: 1 / count,
  }));
}
