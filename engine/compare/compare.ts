/**
 * One workload over every topology, side by side: who takes writes, what conflicts, how reads scale, what a write costs, what a
 * crash costs. Every cell is measured, and names the run it was read from. Syllabus S-E5.
 *
 * ```ts
 * const comparison = new Comparison(prepareComparison(source));
 * for (let run = comparison.next(); run !== null; run = comparison.next()) comparison.took(run, simulate(run.scenario));
 * comparison.table();
 * ```
 *
 * Of the scenario it keeps nodes, links, who asks how often for which keys, and the length; topology, faults and what it expects
 * are replaced. Each topology is run twice: undisturbed, and with a crash of the node that took most writes, a third of the way.
 * What is prepared is plain data: a page gets it, and may change how often clients ask (`askedAt`), without the parser.
 */
import type { Report } from '../run/report.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { ScenarioSource } from '../scenario/schema.ts';

/** What is measured, in the order of the table; of each the smaller the better unless it says otherwise. */
export const comparedFigures = [
  { name: 'writeTargets', title: 'nodes taking writes', unit: '', of: 'calm', better: 'more' },
  { name: 'writeP50Ms', title: 'write, median', unit: 'ms', of: 'calm', better: 'less' },
  { name: 'writeP99Ms', title: 'write, p99', unit: 'ms', of: 'calm', better: 'less' },
  { name: 'readP50Ms', title: 'read, median', unit: 'ms', of: 'calm', better: 'less' },
  { name: 'readP99Ms', title: 'read, p99', unit: 'ms', of: 'calm', better: 'less' },
  { name: 'busiestReadShare', title: 'most-read node', unit: '%', of: 'calm', better: 'less' },
  { name: 'staleReadShare', title: 'stale reads', unit: '%', of: 'calm', better: 'less' },
  { name: 'failedWriteShare', title: 'writes that fail', unit: '%', of: 'calm', better: 'less' },
  { name: 'conflicts', title: 'acked, thrown away', unit: '', of: 'calm', better: 'less' },
  { name: 'messagesPerOperation', title: 'messages an operation', unit: '', of: 'calm', better: 'less' },
  { name: 'writeOutageMs', title: 'crash: no write', unit: 'ms', of: 'crash', better: 'less' },
  { name: 'readOutageMs', title: 'crash: no read', unit: 'ms', of: 'crash', better: 'less' },
  { name: 'lostWrites', title: 'crash: writes lost', unit: '', of: 'crash', better: 'less' },
] as const;

export type FigureName = (typeof comparedFigures)[number]['name'];

/** The topologies that are compared, with the words at the head of each column. */
const contenders = [
  { name: 'async', title: 'one leader, asynchronous' },
  { name: 'semi-sync', title: 'one leader, one follower waited for' },
  { name: 'raft', title: 'consensus (Raft), reads by read index' },
  { name: 'group', title: 'every node takes writes, the first in order wins' },
  { name: 'leaders', title: 'every node leads, last writer wins' },
  { name: 'quorum', title: 'leaderless, quorums that meet' },
  { name: 'one', title: 'leaderless, one replica each way' },
] as const;

export type ContenderName = (typeof contenders)[number]['name'];

export interface Cell {
  /** null where the run had nothing to measure it by (no reads, no writes), or ended before it could be known. */
  readonly value: number | null;
  /** The run it was read from, among the comparison's own. */
  readonly run: string;
  readonly seed: number;
  readonly digest: string;
}

export interface ComparedTopology {
  readonly name: ContenderName;
  readonly title: string;
  readonly cells: Readonly<Record<FigureName, Cell>>;
  /** In what no other topology of the table is better. */
  readonly bestAt: readonly FigureName[];
}

export interface ComparisonTable {
  readonly workload: string;
  readonly seed: number;
  readonly topologies: readonly ComparedTopology[];
  /** Every run, ready for `simulate`. */
  readonly scenarios: readonly ScenarioSource[];
}

export interface ComparedRun {
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
}

/** One topology, with the workload on it as it is when nothing is disturbed. */
interface Contender {
  readonly name: ContenderName;
  readonly title: string;
  readonly calm: ComparedRun;
}

export interface PreparedComparison {
  readonly workload: string;
  readonly seed: number;
  readonly contenders: readonly Contender[];
}

/** Throws InputError where the workload cannot be run on some topology. */
export function prepareComparison(source: ScenarioSource, seed = source.seed ?? 1): PreparedComparison {
  return {
    workload: source.id,
    seed,
    contenders: contenders.map(({ name, title }) => {
      const on = sourceOn(source, seed, name);
      return { name, title, calm: { source: on, scenario: parseScenario(on) } };
    }),
  };
}

/** The same, with every client group asking so often. Rates are per second, of one group. */
export function askedAt(
  prepared: PreparedComparison,
  rates: { readonly readsPerSecond: number; readonly writesPerSecond: number },
): PreparedComparison {
  const at = ({ source, scenario }: ComparedRun): ComparedRun => ({
    source: {
      ...source,
      workload: {
        ...source.workload,
        clients: source.workload.clients.map((client) => ({ ...client, ...rates })),
      },
    },
    scenario: {
      ...scenario,
      workload: {
        ...scenario.workload,
        clients: scenario.workload.clients.map((client) => ({ ...client, ...rates })),
      },
    },
  });
  return { ...prepared, contenders: prepared.contenders.map((each) => ({ ...each, calm: at(each.calm) })) };
}

interface Entry extends Contender {
  calmReport: Report | null;
  crash: ComparedRun | null;
  crashReport: Report | null;
}

export class Comparison {
  private readonly prepared: PreparedComparison;
  private readonly entries: readonly Entry[];

  constructor(prepared: PreparedComparison) {
    this.prepared = prepared;
    this.entries = prepared.contenders.map((each) => ({
      ...each,
      calmReport: null,
      crash: null,
      crashReport: null,
    }));
  }

  /** How many runs there are in all. */
  get runs(): number {
    return this.entries.length * 2;
  }

  /** The next run to make; null when all are made. Whom a crash strikes is known after the undisturbed run. */
  next(): ComparedRun | null {
    for (const entry of this.entries) {
      if (entry.calmReport === null) return entry.calm;
      entry.crash ??= crashed(entry.calm, busiestWriter(entry.calmReport));
      if (entry.crashReport === null) return entry.crash;
    }
    return null;
  }

  took(run: ComparedRun, report: Report): void {
    for (const entry of this.entries) {
      if (entry.calm === run) entry.calmReport = report;
      else if (entry.crash === run) entry.crashReport = report;
    }
  }

  /** Of the topologies whose runs have been made; `bestAt` is among these. */
  table(): ComparisonTable {
    const measured = this.entries.flatMap(({ name, title, calmReport, crashReport }) =>
      calmReport === null || crashReport === null
        ? []
        : [{ name, title, cells: cellsOf(calmReport, crashReport) }],
    );
    return {
      workload: this.prepared.workload,
      seed: this.prepared.seed,
      topologies: measured.map((each) => ({
        ...each,
        bestAt: comparedFigures
          .filter((figure) => isBest(each.cells, measured, figure))
          .map(({ name }) => name),
      })),
      scenarios: this.entries.flatMap(({ calm, crash, crashReport }) =>
        crash === null || crashReport === null ? [] : [calm.source, crash.source],
      ),
    };
  }
}

/** The workload on one topology. */
function sourceOn(source: ScenarioSource, seed: number, name: ContenderName): ScenarioSource {
  const { id, durationMs, drainMs, cluster, network, workload } = source;
  return {
    id: `${id.slice(0, 40)}.${name}`,
    seed,
    durationMs,
    drainMs,
    cluster,
    ...(network !== undefined && { network }),
    topology: topologyOf(name, cluster.nodes.length),
    workload: {
      ...workload,
      // Routes, levels and remedies belong to the topology that they were written for.
      clients: workload.clients.map(({ id: group, region, readsPerSecond, writesPerSecond }) => ({
        ...(group !== undefined && { id: group }),
        ...(region !== undefined && { region }),
        ...(readsPerSecond !== undefined && { readsPerSecond }),
        ...(writesPerSecond !== undefined && { writesPerSecond }),
      })),
    },
    faults: [],
  };
}

/** The same run, in which a node crashes and does not come back. */
function crashed({ source, scenario }: ComparedRun, node: string): ComparedRun {
  const changes = {
    id: `${source.id}.crash`,
    faults: [{ type: 'crash' as const, node, atMs: Math.round(source.durationMs / 3) }],
  };
  return { source: { ...source, ...changes }, scenario: { ...scenario, ...changes } };
}

function topologyOf(name: ContenderName, nodes: number): ScenarioSource['topology'] {
  const replicas = Math.min(3, nodes);
  const majority = Math.floor(replicas / 2) + 1;
  switch (name) {
    case 'async':
      return { type: 'leader-follower', reads: 'nearest' };
    case 'semi-sync':
      return { type: 'leader-follower', acknowledgement: 'semi-synchronous', reads: 'nearest' };
    case 'raft':
      return { type: 'consensus', reads: 'read-index' };
    case 'group':
      return { type: 'certification' };
    case 'leaders':
      return { type: 'multi-leader' };
    case 'quorum':
      return { type: 'leaderless', replicas, read: majority, write: majority, hints: {} };
    case 'one':
      return { type: 'leaderless', replicas, read: 1, write: 1, hints: {} };
  }
}

function busiestWriter({ nodes }: Report): string {
  return nodes.reduce((busiest, each) => (each.writes > busiest.writes ? each : busiest)).node;
}

function cellsOf(calm: Report, crash: Report): Record<FigureName, Cell> {
  const reads = calm.nodes.reduce((sum, node) => sum + node.reads, 0);
  const operations = calm.operations.read.ok + calm.operations.write.ok;
  const share = (part: number | null, whole: number) => (part === null || whole === 0 ? null : part / whole);
  const hasReads = crash.operations.read.ok > 0;
  const values: Record<FigureName, number | null> = {
    writeTargets: calm.nodes.filter(({ writes }) => writes > 0).length,
    writeP50Ms: calm.latencyMs.write.p50,
    writeP99Ms: calm.latencyMs.write.p99,
    readP50Ms: calm.latencyMs.read.p50,
    readP99Ms: calm.latencyMs.read.p99,
    busiestReadShare: share(Math.max(...calm.nodes.map((node) => node.reads)), reads),
    staleReadShare: share(countOf(calm, 'stale-reads'), calm.operations.read.ok),
    failedWriteShare: share(calm.operations.write.fail, writesAsked(calm)),
    conflicts: countOf(calm, 'discarded-writes'),
    messagesPerOperation: share(calm.messages.delivered, operations),
    writeOutageMs: crash.availability.write.longestOutageMs,
    readOutageMs: hasReads ? crash.availability.read.longestOutageMs : null,
    lostWrites: countOf(crash, 'lost-writes'),
  };
  return Object.fromEntries(
    comparedFigures.map(({ name, of }) => {
      const { scenario, seed, digest } = of === 'calm' ? calm : crash;
      return [name, { value: values[name], run: scenario, seed, digest }];
    }),
  ) as Record<FigureName, Cell>;
}

function writesAsked({ operations: { write } }: Report): number {
  return write.ok + write.fail + write.info;
}

/** Where a verdict is not given, one log orders all writes and there is nothing for it to count; null where it is unknown. */
function countOf({ verdicts }: Report, name: string): number | null {
  const verdict = verdicts.find((each) => each.name === name);
  if (verdict === undefined) return 0;
  return verdict.result === 'unknown' ? null : verdict.count;
}

function isBest(
  cells: Readonly<Record<FigureName, Cell>>,
  all: readonly { readonly cells: Readonly<Record<FigureName, Cell>> }[],
  { name, better }: (typeof comparedFigures)[number],
): boolean {
  const { value } = cells[name];
  if (value === null) return false;
  const others = all.map((each) => each.cells[name].value).filter((each) => each !== null);
  if (others.every((each) => each === value)) return false;
  return value === (better === 'less' ? Math.min(...others) : Math.max(...others));
}
