/** Consensus's settings, resolved: names looked up, integer µs. */

import { type Problem, unknownName } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { ReadRoute } from '../../workload/clients.ts';
import type { ConsensusDocument } from './schema.ts';
import type { ReadRule } from './server.ts';
import type { SnapshotSettings } from './snapshot.ts';

export interface ConsensusSpec {
  readonly type: 'consensus';
  /** Index of the leader of the first term. */
  readonly leader: number;
  readonly timeoutUsMin: number;
  readonly timeoutUsMax: number;
  readonly heartbeatUs: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly acknowledgement: 'majority' | 'leader';
  readonly readRule: ReadRule;
  readonly reads: ReadRoute;
  readonly clockDriftPpm: number;
  readonly snapshots: SnapshotSettings;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function consensusSpec(
  topology: ConsensusDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): ConsensusSpec {
  const nodeNames = nodes.map(({ id }) => id);
  const leader = topology.leader === undefined ? 0 : nodeNames.indexOf(topology.leader);
  if (leader < 0) problems.push(unknownName(topology.leader!, 'a node', nodeNames, [...path, 'leader']));
  const timeoutMsMax = topology.electionTimeoutMsMax ?? topology.electionTimeoutMs * 2;
  const readFrom = topology.readFrom ?? 'leader';
  const { snapshots } = topology;
  checkTimes(topology, timeoutMsMax, problems, path);
  checkReads(topology, readFrom, problems, path);
  return {
    type: topology.type,
    leader,
    timeoutUsMin: toUs(topology.electionTimeoutMs),
    timeoutUsMax: toUs(timeoutMsMax),
    heartbeatUs: toUs(topology.heartbeatMs),
    preVote: topology.preVote,
    checkQuorum: topology.checkQuorum,
    acknowledgement: topology.acknowledgement,
    readRule: topology.reads,
    reads: readFrom,
    clockDriftPpm: topology.clockDriftPpm,
    snapshots: {
      entries: snapshots.entries,
      keptEntries: snapshots.keptEntries,
      dataBytes: snapshots.dataBytes,
      transferUs: Math.ceil((snapshots.dataBytes / snapshots.bytesPerSecond) * 1_000_000),
    },
  };
}

function checkTimes(
  topology: ConsensusDocument,
  timeoutMsMax: number,
  problems: Problem[],
  path: Problem['path'],
): void {
  const { electionTimeoutMs, heartbeatMs } = topology;
  if (timeoutMsMax < electionTimeoutMs) {
    problems.push({
      path: [...path, 'electionTimeoutMsMax'],
      found: String(timeoutMsMax),
      expected: `at least electionTimeoutMs, ${electionTimeoutMs}`,
    });
  }
  if (electionTimeoutMs <= heartbeatMs) {
    problems.push({
      path: [...path, 'electionTimeoutMs'],
      found: String(electionTimeoutMs),
      expected: `more than heartbeatMs, ${heartbeatMs}`,
      hint: 'otherwise followers leave a leader that lives between two heartbeats',
    });
  }
}

function checkReads(
  { reads, checkQuorum }: ConsensusDocument,
  readFrom: ReadRoute,
  problems: Problem[],
  path: Problem['path'],
): void {
  if (readFrom !== 'leader' && reads !== 'local') {
    problems.push({
      path: [...path, 'readFrom'],
      found: readFrom,
      expected: `leader where reads are ${reads}`,
      hint: 'only the leader can tell what is committed; with reads: local anybody answers, of the past too',
    });
  }
  if (reads === 'lease' && !checkQuorum) {
    problems.push({
      path: [...path, 'checkQuorum'],
      found: 'false',
      expected: 'true where reads are lease',
      hint: 'a lease is the promise not to vote so soon after word of a leader',
    });
  }
}
