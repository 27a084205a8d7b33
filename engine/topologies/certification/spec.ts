/** Certification's settings, resolved: names looked up, integer µs. */

import { type Problem, unknownName } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import { consensusSchema } from '../consensus/schema.ts';
import { type ConsensusSpec, consensusSpec } from '../consensus/spec.ts';
import type { ReadRule } from './member.ts';
import type { CertificationDocument } from './schema.ts';

export interface CertificationSpec {
  readonly type: 'certification';
  readonly onePrimary: boolean;
  readonly readRule: ReadRule;
  /** How long members without a majority let operations wait; 0 for ever. */
  readonly patienceUs: number;
  readonly retryUs: number;
  /** How writes come into one order. */
  readonly order: ConsensusSpec;
  readonly reads: ReadRoute;
  readonly balance: Balance;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function certificationSpec(
  topology: CertificationDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): CertificationSpec {
  const { primaries, orderedBy, reads, readFrom, refuseAfterMs, retryMs } = topology;
  const names = nodes.map(({ id }) => id);
  if (orderedBy !== undefined && !names.includes(orderedBy))
    problems.push(unknownName(orderedBy, 'a node', names, [...path, 'orderedBy']));
  if (primaries === 'all' && readFrom !== undefined) {
    problems.push({
      path: [...path, 'readFrom'],
      found: readFrom,
      expected: 'nothing with primaries: all, where clients ask the nearest member for everything',
    });
  }
  if (primaries === 'all' && reads === 'before-on-primary-failover') {
    problems.push({
      path: [...path, 'reads'],
      found: reads,
      expected: 'eventual or before with primaries: all',
      hint: 'there is no one primary that another would have to catch up with',
    });
  }
  const { electionTimeoutMs, electionTimeoutMsMax, heartbeatMs, snapshots } = topology;
  const order = consensusSpec(
    consensusSchema.parse({
      type: 'consensus',
      electionTimeoutMs,
      electionTimeoutMsMax,
      heartbeatMs,
      snapshots,
    }),
    nodes,
    problems,
    path,
  );
  return {
    type: topology.type,
    onePrimary: primaries === 'one',
    readRule: reads,
    patienceUs: refuseAfterMs === undefined ? 0 : toUs(refuseAfterMs),
    retryUs: toUs(retryMs),
    order: { ...order, leader: orderedBy === undefined ? 0 : Math.max(0, names.indexOf(orderedBy)) },
    reads: readFrom ?? 'nearest',
    balance: primaries === 'one' ? 'random' : 'round-robin',
  };
}
