/** Leaderless replication's settings, resolved: integer µs, counts checked against each other. */

import { type Problem, unknownName } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import type { HintSettings, ReadRepair } from './node.ts';
import type { Copies, Wanted } from './placement.ts';
import type { LeaderlessDocument } from './schema.ts';

export interface LeaderlessSpec {
  readonly type: 'leaderless';
  readonly copies: Copies;
  readonly virtualNodes: number | null;
  readonly read: Wanted;
  readonly write: Wanted;
  readonly asksAll: boolean;
  /** 0 for never. */
  readonly speculativeUs: number;
  readonly repair: ReadRepair;
  readonly sloppy: boolean;
  readonly hints: HintSettings;
  readonly readTimeoutUs: number;
  readonly writeTimeoutUs: number;
  /** Of a lightweight transaction. */
  readonly serialTimeoutUs: number;
  readonly gossipUs: number;
  readonly downAfterUs: number;
  /** 0 where writes wait for the commit log's sync. */
  readonly syncUs: number;
  /** 0 for never. */
  readonly repairEveryUs: number;
  /** Clients ask the nearest nodes to coordinate, each in turn. */
  readonly reads: ReadRoute;
  readonly balance: Balance;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function leaderlessSpec(
  topology: LeaderlessDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): LeaderlessSpec {
  const copies = topology.replicas ?? Math.min(3, nodes.length);
  checkCopies(copies, nodes, problems, [...path, 'replicas']);
  for (const key of ['read', 'write'] as const)
    checkWanted(topology[key], copies, nodes, problems, [...path, key]);
  if (topology.write === 'ANY' && topology.hints === undefined) {
    problems.push({
      path: [...path, 'write'],
      found: 'ANY',
      expected: 'hints, one of which is the answer where no replica is up',
      hint: 'add hints: {}',
    });
  }
  const { failureDetection, commitLog } = topology;
  if (failureDetection.downAfterMs <= failureDetection.everyMs) {
    problems.push({
      path: [...path, 'failureDetection', 'downAfterMs'],
      found: String(failureDetection.downAfterMs),
      expected: `more than everyMs, ${failureDetection.everyMs}`,
      hint: 'otherwise a node is held for down between two signs of life',
    });
  }
  return {
    type: topology.type,
    copies,
    virtualNodes: topology.virtualNodes ?? null,
    read: topology.read,
    write: topology.write,
    asksAll: topology.readsAsk === 'all',
    speculativeUs: topology.speculativeRetryMs === undefined ? 0 : toUs(topology.speculativeRetryMs),
    repair: topology.readRepair,
    sloppy: topology.quorum === 'sloppy',
    hints: hintsOf(topology),
    readTimeoutUs: toUs(topology.readTimeoutMs),
    writeTimeoutUs: toUs(topology.writeTimeoutMs),
    serialTimeoutUs: toUs(topology.serialTimeoutMs),
    gossipUs: toUs(failureDetection.everyMs),
    downAfterUs: toUs(failureDetection.downAfterMs),
    syncUs: commitLog === 'batch' ? 0 : toUs(commitLog.syncEveryMs),
    repairEveryUs: topology.antiEntropy === undefined ? 0 : toUs(topology.antiEntropy.everyMs),
    reads: 'nearest',
    balance: 'round-robin',
  };
}

/** A thousandth of a second of hints at a time, and at least one. */
function hintsOf({ hints }: LeaderlessDocument): HintSettings {
  if (hints === undefined) return { windowUs: 0, batch: 0, pauseUs: 0 };
  const batch = Math.max(1, Math.round(hints.perSecond / 1000));
  return {
    windowUs: toUs(hints.windowMs),
    batch,
    pauseUs: Math.round((batch * 1_000_000) / hints.perSecond),
  };
}

function checkCopies(
  copies: Copies,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): void {
  const atMost = (count: number, most: number, of: string, where: Problem['path']) => {
    if (count > most)
      problems.push({ path: where, found: String(count), expected: `at most the number of ${of}, ${most}` });
  };
  if (typeof copies === 'number') {
    atMost(copies, nodes.length, 'nodes', path);
    return;
  }
  const regions = [...new Set(nodes.map(({ region }) => region))];
  for (const [region, count] of Object.entries(copies)) {
    const there = nodes.filter((node) => node.region === region).length;
    if (there === 0) problems.push(unknownName(region, 'a region of nodes', regions, [...path, region]));
    else atMost(count, there, `nodes in ${region}`, [...path, region]);
  }
}

function checkWanted(
  wanted: Wanted,
  copies: Copies,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): void {
  if (typeof wanted === 'number') {
    const all =
      typeof copies === 'number' ? copies : Object.values(copies).reduce((sum, count) => sum + count, 0);
    if (wanted <= all) return;
    problems.push({
      path,
      found: String(wanted),
      expected: `at most the number of replicas, ${all}`,
      hint: 'nobody else could answer',
    });
    return;
  }
  if (!(wanted.startsWith('LOCAL') || wanted.startsWith('EACH'))) return;
  if (typeof copies === 'number') {
    problems.push({
      path,
      found: wanted,
      expected: 'replicas given for each region',
      hint: 'write replicas: { region: count, … }',
    });
  } else if (wanted.startsWith('LOCAL') && nodes.some(({ region }) => copies[region] === undefined)) {
    const without = nodes.find(({ region }) => copies[region] === undefined)!.region;
    problems.push({ path, found: wanted, expected: `replicas in ${without}, where nodes coordinate too` });
  }
}
