import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';

type Leaderless = Extract<ScenarioSource['topology'], { type: 'leaderless' }>;

function scenario(topology: Partial<Leaderless>, changes: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'digests',
    durationMs: 2000,
    cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id })), defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: { type: 'exponential', meanMs: 4 } } },
    topology: { type: 'leaderless', digestReads: true, readsAsk: 'enough', ...topology },
    workload: { clients: [{ readsPerSecond: 500, writesPerSecond: 200 }], keys: { count: 4 } },
    ...changes,
  };
}

function traced(source: ScenarioSource): { readonly entries: TraceEntry[]; readonly report: Report } {
  const entries: TraceEntry[] = [];
  const report = simulate(parseScenario(source), { observe: (entry) => entries.push(entry) });
  return { entries, report };
}

const count = (report: Report, name: string) =>
  report.verdicts.find((verdict) => verdict.name === name)!.count;

/** By read of a coordinator: what it was sent. */
function answersOf(entries: readonly TraceEntry[]): Map<string, { whole: number; digests: number }> {
  const reads = new Map<string, { whole: number; digests: number }>();
  for (const entry of entries) {
    if (entry.type !== 'delivered' || entry.message.type !== 'fetched') continue;
    const name = `${entry.to} ${entry.message.serial}`;
    const read = reads.get(name) ?? { whole: 0, digests: 0 };
    if (entry.message.digest === true) read.digests++;
    else read.whole++;
    reads.set(name, read);
  }
  return reads;
}

test('the nearest is asked for all of it, the others for a digest; where they differ, all for all of it', () => {
  const { entries, report } = traced(scenario({ read: 3 }));
  const reads = [...answersOf(entries).values()];
  expect(reads.length).toBeGreaterThan(800);
  // The node's own copy is the whole one, and takes no message.
  const [agreed, differed] = [0, 2].map((whole) => reads.filter((read) => read.whole === whole).length);
  expect(agreed! + differed!).toBe(reads.length);
  expect(reads.every(({ digests }) => digests <= 2)).toBe(true);
  expect(agreed).toBeGreaterThan(100);
  expect(differed).toBeGreaterThan(100);
  expect(report.coordination!.digestMismatches).toBe(differed);
  expect(report.operations.read.ok).toBeGreaterThan(900);
});

test('a digest that differs costs a round trip more, and one that does not is small', () => {
  const source = (digestReads: boolean, keys: number) =>
    scenario(
      { digestReads, read: 3, readRepair: 'none' },
      {
        network: { within: { latency: 5, bytesPerSecond: 20_000_000 } },
        workload: {
          clients: [{ readsPerSecond: 20, writesPerSecond: keys === 1 ? 60 : 10 }],
          keys: { count: keys },
          valueBytes: 100_000,
        },
      },
    );
  const latency = (digestReads: boolean, keys: number) =>
    traced(source(digestReads, keys)).report.latencyMs.read;
  // 100 KB take 5 ms: to the coordinator, and from it to the client.
  expect(latency(true, 5).p50!).toBeLessThan(latency(false, 5).p50! - 3);
  expect(latency(true, 1).p99!).toBeGreaterThan(latency(true, 5).p50! + 9);
});

test('reads that meet writes are no staler for it, and with blocking repair time does not go back', () => {
  for (const readRepair of ['none', 'blocking'] as const) {
    for (const readsAsk of ['all', 'enough'] as const) {
      const { report } = traced(scenario({ readRepair, readsAsk }, { durationMs: 1000 }));
      expect(count(report, 'stale-reads')).toBe(0);
      if (readRepair === 'blocking') {
        expect(report.coordination!.readRepairs).toBeGreaterThan(20);
        expect(count(report, 'new-old-inversions')).toBe(0);
      }
    }
  }
});

test('without digests nothing of it happens', () => {
  const { entries, report } = traced(scenario({ digestReads: false, read: 3 }));
  expect(report.coordination!.digestMismatches).toBe(0);
  expect([...answersOf(entries).values()].every(({ digests }) => digests === 0)).toBe(true);
});
