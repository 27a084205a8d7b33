/**
 * What a run came to, in words and counts: proof that interesting states were reached, and what tells a search that a
 * schedule led somewhere new.
 */

import type { Report } from '../run/report.ts';

interface Mark {
  readonly name: string;
  /** How often it came to that; null where the topology knows no such thing. */
  readonly count: (report: Report) => number | null;
}

const marks: readonly Mark[] = [
  { name: 'failovers', count: ({ failovers }) => failovers.filter(({ toNode }) => toNode !== null).length },
  { name: 'leaders given up though they ran', count: ({ falseFailovers }) => falseFailovers },
  {
    name: 'records that a leader of old took out of its log',
    count: ({ failovers }) => failovers.reduce((sum, { discardedRecords }) => sum + discardedRecords, 0),
  },
  { name: 'writes of old leaders refused by the storage', count: (report) => report.zombieWritesRejected },
  { name: 'operations refused', count: ({ operations: { read, write } }) => read.fail + write.fail },
  {
    name: 'operations whose outcome nobody knows',
    count: ({ operations: { read, write } }) => read.info + write.info,
  },
  { name: 'messages dropped', count: ({ messages }) => messages.dropped },
  {
    name: 'streams down',
    count: ({ streams }) =>
      streams.length === 0 ? null : sum(streams.map(({ stateMs }) => stateMs.disconnected)),
  },
  { name: 'copies begun again', count: ({ replication }) => replication?.baseBackups ?? null },
  {
    name: 'waits given up',
    count: ({ replication }) => (replication === null ? null : replication.fallbacks + replication.warnings),
  },
  { name: 'snapshots installed', count: ({ snapshots }) => snapshots?.installed ?? null },
  {
    name: 'operations with too few replicas',
    count: ({ coordination }) => coordination && coordination.unavailable + coordination.timedOut,
  },
  { name: 'read repairs', count: ({ coordination }) => coordination?.readRepairs ?? null },
  { name: 'hints handed over', count: ({ coordination }) => coordination?.hintsReplayed ?? null },
  { name: 'keys that anti-entropy found to differ', count: ({ antiEntropy }) => antiEntropy?.keys ?? null },
  { name: 'tombstones let go of', count: ({ tombstones }) => tombstones?.purged ?? null },
  { name: 'conflicts', count: ({ multiLeader }) => multiLeader?.conflicts.all ?? null },
  { name: 'changes that waited for their causes', count: ({ multiLeader }) => multiLeader?.heldBack ?? null },
  { name: 'changes that came again', count: ({ multiLeader }) => multiLeader?.droppedAsKnown ?? null },
  { name: 'leaders given up by others', count: ({ multiLeader }) => multiLeader?.givenUp ?? null },
];

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

/** In how many runs it came to something, of those in which it could have. */
export interface MarkCount {
  readonly name: string;
  readonly runs: number;
}

/** Gathers the marks of many runs, and how often each feature was seen: a mark by powers of 2, or what was noted on the way. */
export class Marks {
  private readonly runsByName = new Map<string, number>();
  private readonly seen = new Map<string, number>();

  /** Counts a run's marks. Gives those of its features that no run before had. */
  add(report: Report, noted: Iterable<string>): string[] {
    const features = new Set(noted);
    for (const [name, count] of countsOf(report)) {
      this.runsByName.set(name, (this.runsByName.get(name) ?? 0) + (count > 0 ? 1 : 0));
      if (count > 0) features.add(`${name} ${32 - Math.clz32(count)}`);
    }
    const novel: string[] = [];
    for (const feature of features) {
      const before = this.seen.get(feature) ?? 0;
      if (before === 0) novel.push(feature);
      this.seen.set(feature, before + 1);
    }
    return novel;
  }

  /** In how many runs the rarest of these features was seen. */
  rarity(features: readonly string[]): number {
    return Math.min(...features.map((feature) => this.seen.get(feature)!));
  }

  counts(): MarkCount[] {
    return [...this.runsByName].map(([name, runs]) => ({ name, runs }));
  }
}

function* countsOf(report: Report): Generator<readonly [name: string, count: number]> {
  for (const { name, count } of marks) {
    const of = count(report);
    if (of !== null) yield [name, of];
  }
  for (const { name, result, count } of report.verdicts)
    yield [`${name} violated`, result === 'violation' ? count : 0];
}
