import type { ConsistencyLevel } from './levels.ts';

/**
 * Level, what it is for, replicas of each data centre (the coordinator is in the first), responses required, those of them
 * that must be local, and the replicas that may be down (any of all, unless it says which).
 * Source: computed from ConsistencyLevel.java (https://github.com/apache/cassandra: `quorumFor`, `localQuorumFor`,
 * `blockFor`) and Cassandra's documentation, Dynamo. NODE_LOCAL, which `blockFor` refuses, is left out.
 */
export const publishedLevels: readonly (readonly [
  level: ConsistencyLevel,
  use: string,
  centres: readonly number[],
  responses: number,
  local: number,
  tolerated: string,
])[] = [
  ['ANY', 'write', [3], 1, 0, 'all 3 (hint)'],
  ['ANY', 'write', [3, 3], 1, 0, 'all 6 (hint)'],
  ['ONE', 'read+write', [3], 1, 0, '2'],
  ['ONE', 'read+write', [3, 3], 1, 0, '5'],
  ['TWO', 'read+write', [3], 2, 0, '1'],
  ['TWO', 'read+write', [3, 3], 2, 0, '4'],
  ['THREE', 'read+write', [3], 3, 0, '0'],
  ['THREE', 'read+write', [3, 3], 3, 0, '3'],
  ['QUORUM', 'read+write', [3], 2, 0, '1'],
  ['QUORUM', 'read+write', [3, 3], 4, 0, '2'],
  ['ALL', 'read+write', [3], 3, 0, '0'],
  ['ALL', 'read+write', [3, 3], 6, 0, '0'],
  ['LOCAL_ONE', 'read+write', [3], 1, 1, '2 in the local DC (remote DC irrelevant)'],
  ['LOCAL_ONE', 'read+write', [3, 3], 1, 1, '2 in the local DC (remote DC irrelevant)'],
  ['LOCAL_QUORUM', 'read+write', [3], 2, 2, '1 in the local DC (remote DC irrelevant)'],
  ['LOCAL_QUORUM', 'read+write', [3, 3], 2, 2, '1 in the local DC (remote DC irrelevant)'],
  ['EACH_QUORUM', 'read+write', [3], 2, 2, 'dc1:1'],
  ['EACH_QUORUM', 'read+write', [3, 3], 4, 2, 'dc1:1; dc2:1'],
  ['SERIAL', 'read/CAS', [3], 2, 0, '1'],
  ['SERIAL', 'read/CAS', [3, 3], 4, 0, '2'],
  ['LOCAL_SERIAL', 'read/CAS', [3], 2, 2, '1 in the local DC (remote DC irrelevant)'],
  ['LOCAL_SERIAL', 'read/CAS', [3, 3], 2, 2, '1 in the local DC (remote DC irrelevant)'],
];
