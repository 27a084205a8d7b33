/** Leaderless replication's settings, resolved: integer µs, counts checked against each other. */

import { type Problem, unknownName } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import { type Besides, nothingBesides } from './demands.ts';
import type { HintSettings, ReadRepair } from './node.ts';
import type { Copies, Wanted } from './placement.ts';
import { riakQuorums } from './quorum-parameters.ts';
import type { LeaderlessDocument } from './schema.ts';
import type { VersionRule } from './siblings.ts';

/** What an operation waits for. */
export interface Asked extends Besides {
  readonly wanted: Wanted;
}

export interface LeaderlessSpec {
  readonly type: 'leaderless';
  readonly copies: Copies;
  readonly virtualNodes: number | null;
  readonly read: Asked;
  readonly write: Asked;
  readonly asksAll: boolean;
  readonly digests: boolean;
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
  readonly gcGraceUs: number;
  readonly versions: VersionRule;
  /** Clients ask the nearest nodes to coordinate. */
  readonly reads: ReadRoute;
  readonly balance: Balance;
  readonly clientsKnowHolders: boolean;
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
  const asked = (key: 'read' | 'write') => askedOf(topology[key], copies, nodes, problems, [...path, key]);
  const write = asked('write');
  checkReceipts(write, topology, problems, [...path, 'write', 'w']);
  for (const key of ['read', 'write'] as const) checkLevel(topology[key], topology, problems, [...path, key]);
  if (topology.digestReads && topology.readRepair === 'background') {
    problems.push({
      path: [...path, 'readRepair'],
      found: 'background',
      expected: 'blocking or none, with digestReads',
      hint: 'what a late digest differs from is not known any more',
    });
  }
  if (topology.versions !== 'lww' && topology.digestReads) {
    problems.push({
      path: [...path, 'digestReads'],
      found: 'true',
      expected: 'false where versions are clocks: what replicas hold is merged, and a digest cannot be',
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
    read: asked('read'),
    write,
    asksAll: topology.readsAsk === 'all',
    digests: topology.digestReads,
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
    gcGraceUs: toUs(topology.gcGraceMs),
    versions: topology.versions,
    reads: 'nearest',
    balance: topology.balance,
    clientsKnowHolders: topology.clientsAsk === 'replicas',
  };
}

/**
 * Levels that need something else of the topology: a hint that counts has to be kept; and where versions are clocks, who takes
 * a write says which event it is, which no hint's holder does, and no ballot.
 */
function checkLevel(
  written: LeaderlessDocument['read' | 'write'],
  { hints, versions }: LeaderlessDocument,
  problems: Problem[],
  path: Problem['path'],
): void {
  if (written === 'ANY' && hints === undefined) {
    problems.push({
      path,
      found: 'ANY',
      expected: 'hints, one of which is the answer where no replica is up',
      hint: 'add hints: {}',
    });
  }
  if (versions === 'lww' || !(written === 'ANY' || written === 'SERIAL' || written === 'LOCAL_SERIAL'))
    return;
  problems.push({
    path,
    found: written,
    expected: 'another level where versions are clocks',
    hint: 'with versions: lww it is one',
  });
}

/**
 * A thousandth of a second of hints at a time, and at least one. None outlives the tombstones of its time, or it could bring
 * back what was deleted meanwhile; so in Cassandra.
 */
function hintsOf({ hints, gcGraceMs }: LeaderlessDocument): HintSettings {
  if (hints === undefined) return { windowUs: 0, batch: 0, pauseUs: 0 };
  const batch = Math.max(1, Math.round(hints.perSecond / 1000));
  return {
    windowUs: toUs(Math.min(hints.windowMs, gcGraceMs)),
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

type Counts = Exclude<LeaderlessDocument['read' | 'write'], Wanted>;

/** What is written, as what is waited for. Counts of Riak and of Voldemort are those of `quorum-parameters.ts`. */
function askedOf(
  written: LeaderlessDocument['read' | 'write'],
  copies: Copies,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): Asked {
  if (typeof written !== 'object') {
    checkWanted(written, copies, nodes, problems, path);
    return { wanted: written, ...nothingBesides };
  }
  const all = allCopies(copies);
  const before = problems.length;
  checkCounts(written, all, problems, path);
  if (problems.length > before) return { wanted: 1, ...nothingBesides };
  if (written.required !== undefined) {
    const { required, preferred = required } = written;
    return { wanted: required, ...nothingBesides, preferred: preferred > required ? preferred : 0 };
  }
  const { read, write } = riakQuorums({ nVal: all, ...written });
  if (path.at(-1) === 'read')
    return { wanted: read.answers, primaries: read.ofPrimaries, received: 0, preferred: 0 };
  const { answers, durable, ofPrimaries } = write;
  // What is on disk has been received.
  const received = answers > durable ? answers : 0;
  return { wanted: durable, primaries: ofPrimaries, received, preferred: 0 };
}

/** The same of a client group that has a level of its own. */
export function ownAskedOf(
  written: LeaderlessDocument['read' | 'write'],
  topology: LeaderlessDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): Asked {
  const copies = topology.replicas ?? Math.min(3, nodes.length);
  checkLevel(written, topology, problems, path);
  const asked = askedOf(written, copies, nodes, problems, path);
  checkReceipts(asked, topology, problems, [...path, 'w']);
  return asked;
}

function allCopies(copies: Copies): number {
  return typeof copies === 'number' ? copies : Object.values(copies).reduce((sum, count) => sum + count, 0);
}

function checkCounts(counts: Counts, all: number, problems: Problem[], path: Problem['path']): void {
  const { required, preferred, ...riak } = counts;
  const isVoldemort = required !== undefined || preferred !== undefined;
  if (isVoldemort === Object.keys(riak).length > 0) {
    problems.push({
      path,
      found: isVoldemort ? 'counts of Riak and of Voldemort' : 'no count',
      expected: `${path.at(-1) === 'write' ? 'w, dw and pw' : 'r and pr'}, as Riak has them, or required and preferred, as Voldemort does`,
    });
    return;
  }
  for (const [name, count] of Object.entries(counts)) {
    if (typeof count !== 'number' || count <= all) continue;
    problems.push({
      path: [...path, name],
      found: String(count),
      expected: `at most the number of replicas, ${all}`,
      hint: 'nobody else could answer',
    });
  }
  if (isVoldemort && required === undefined) {
    problems.push({ path: [...path, 'required'], found: 'nothing', expected: 'how many must answer' });
  } else if (required !== undefined && preferred !== undefined && preferred < required) {
    problems.push({
      path: [...path, 'preferred'],
      found: String(preferred),
      expected: `at least required, ${required}`,
    });
  }
}

/** Who has received a write is told apart from who has it on disk only where each write is synced. */
function checkReceipts(
  { received }: Asked,
  { commitLog }: LeaderlessDocument,
  problems: Problem[],
  path: Problem['path'],
): void {
  if (received === 0 || commitLog === 'batch') return;
  problems.push({
    path,
    found: 'more than dw',
    expected: 'commitLog: batch, where replicas say when a write is on disk',
    hint: 'synced now and then, it is acknowledged before it is',
  });
}

function checkWanted(
  wanted: Wanted,
  copies: Copies,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): void {
  if (typeof wanted === 'number') {
    const all = allCopies(copies);
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
