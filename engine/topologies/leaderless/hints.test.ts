import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';

type Leaderless = Extract<ScenarioSource['topology'], { type: 'leaderless' }>;

/** Many keys, so that nothing but a hint brings a missed version to a replica. */
function scenario(topology: Partial<Leaderless>, faults: FaultSource[], nodes = 'abc'): ScenarioSource {
  return {
    id: 'hints',
    durationMs: 4000,
    cluster: { nodes: [...nodes].map((id) => ({ id })), defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: 1 } },
    topology: {
      type: 'leaderless',
      replicas: 3,
      readRepair: 'none',
      writeTimeoutMs: 100,
      readTimeoutMs: 100,
      failureDetection: { everyMs: 50, downAfterMs: 220 },
      ...topology,
    },
    workload: { clients: [{ writesPerSecond: 200 }], keys: { count: 10_000 }, timeoutMs: 150 },
    faults,
  };
}

function run(source: ScenarioSource) {
  const entries: TraceEntry[] = [];
  const report = simulate(parseScenario(source), { observe: (entry) => entries.push(entry) });
  const count = (name: string) => report.verdicts.find((verdict) => verdict.name === name)!.count;
  return { report, entries, diverged: count('divergence'), lost: count('lost-writes') };
}

const away: FaultSource[] = [{ type: 'crash', node: 'c', atMs: 500, forMs: 1500 }];

test('what a replica missed is handed over to it; without hints it stays behind', () => {
  expect(run(scenario({}, away)).diverged).toBeGreaterThan(200);
  const { diverged, entries } = run(scenario({ hints: {} }, away));
  expect(diverged).toBe(0);
  expect(entries.filter(({ type }) => type === 'hint-kept').length).toBeGreaterThan(200);
});

test('hints are kept for a window of time only, and no more for who has been away for longer', () => {
  const { diverged, entries } = run(scenario({ hints: { windowMs: 600 } }, away));
  expect(diverged).toBeGreaterThan(50);
  const kept = entries.filter(({ type, atMs }) => type === 'hint-kept' && atMs < 2000);
  expect(kept.length).toBeGreaterThan(50);
  expect(Math.max(...kept.map(({ atMs }) => atMs))).toBeLessThan(500 + 600 + 120);
});

test('who holds hints and dies takes them along, until it comes back', () => {
  const holder = (forMs: number | undefined): FaultSource[] => [
    { type: 'crash', node: 'c', atMs: 500, forMs: 1500 },
    { type: 'crash', node: 'a', atMs: 1900, ...(forMs !== undefined && { forMs }) },
  ];
  // Its own copies count no more either: b and c are left, and c lacks what a kept for it.
  expect(run(scenario({ hints: {} }, holder(undefined))).diverged).toBeGreaterThan(40);
  // What it was still waiting for when it died it had left no hint of.
  expect(run(scenario({ hints: {} }, holder(800))).diverged).toBeLessThan(20);
});

test('they are handed over no faster than the rate says', () => {
  const { entries } = run(scenario({ hints: { perSecond: 100 } }, away));
  const sent = entries.filter((entry) => entry.type === 'sent' && entry.message.type === 'hint');
  for (const holder of ['a', 'b']) {
    const times = sent.filter((entry) => 'from' in entry && entry.from === holder && entry.atMs >= 2000);
    expect(times.length).toBeGreaterThan(60);
    const [first, last] = [times[0]!.atMs, times.at(-1)!.atMs];
    expect((times.length - 1) / ((last - first) / 1000)).toBeLessThan(115);
  }
});

const apart: FaultSource[] = [
  { type: 'cut', from: ['a', 'b'], to: ['c', 'd', 'e', 'clients'], atMs: 500, forMs: 1500 },
];

/** Key 0 only: held by a, b and c. */
const oneKey = (source: ScenarioSource): ScenarioSource => ({
  ...source,
  workload: { ...source.workload, keys: { count: 1 } },
});

test('a sloppy quorum goes on with nodes that stand in, a strict one refuses; hints are no answers', () => {
  const sloppy = run(oneKey(scenario({ quorum: 'sloppy', hints: {} }, apart, 'abcde')));
  const strict = run(oneKey(scenario({ hints: {} }, apart, 'abcde')));
  expect(sloppy.report.operations.write.fail).toBe(0);
  expect(sloppy.report.operations.write.ok).toBeGreaterThan(700);
  expect(strict.report.operations.write.fail).toBeGreaterThan(150);
  expect([sloppy.lost, strict.lost, sloppy.diverged, strict.diverged]).toEqual([0, 0, 0, 0]);
});

test('at ANY a write is taken where no replica is up; with the only one that kept it, it is gone', () => {
  const replicasDown = (after: FaultSource[]): FaultSource[] => [
    ...['a', 'b', 'c'].map((node): FaultSource => ({ type: 'crash', node, atMs: 500, forMs: 2000 })),
    ...after,
  ];
  const any = (faults: FaultSource[]) => run(oneKey(scenario({ write: 'ANY', hints: {} }, faults, 'abcde')));
  const whole = any(replicasDown([]));
  expect(whole.report.operations.write.ok).toBeGreaterThan(500);
  expect([whole.lost, whole.diverged]).toEqual([0, 0]);
  const holdersDead = any(
    replicasDown(['d', 'e'].map((node): FaultSource => ({ type: 'crash', node, atMs: 2400 }))),
  );
  expect(holdersDead.report.operations.write.ok).toBeGreaterThan(300);
  const quorum = run(oneKey(scenario({ hints: {} }, replicasDown([]), 'abcde')));
  expect(quorum.report.operations.write.ok).toBeLessThan(whole.report.operations.write.ok - 200);
});
