/** What must hold in every run, whatever the cluster and its faults. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { LogWatch, randomCluster } from './random-cluster.test-support.ts';

const full = process.env.QUORATE_FULL === '1';
const runs = (count: number): number => (full ? count * 20 : count);

const everyFault = [
  'crash',
  'restart',
  'pause',
  'cut',
  'slow-link',
  'lossy-link',
  'slow-disk',
  'clock-skew',
] as const;

function watched(source: ScenarioSource): { simulation: Simulation; entries: TraceEntry[] } {
  const entries: TraceEntry[] = [];
  const scenario = parseScenario(source);
  const simulation = new Simulation(scenario, scenario.seed, (entry) => {
    if (entry.type === 'leading' || entry.type === 'ended') entries.push(entry);
  });
  new LogWatch(simulation).finish();
  return { simulation, entries };
}

function oneLeaderATerm(entries: readonly TraceEntry[]): void {
  const leaders = new Map<number, string>();
  for (const entry of entries) {
    if (entry.type !== 'leading') continue;
    expect(leaders.get(entry.term) ?? entry.node).toBe(entry.node);
    leaders.set(entry.term, entry.node);
  }
}

/** After the drain: somebody leads, and every live replica holds its log. */
function converged(simulation: Simulation): void {
  const verdict = simulation.verdicts().find(({ name }) => name === 'divergence');
  expect(verdict).toMatchObject({ result: 'ok', count: 0 });
  const live = simulation.replicas.filter((_, node) => simulation.isLive(node));
  expect(
    new Set(live.map(({ wal, term, leader }) => `${wal.lastLsn} of ${term} under ${leader}`)).size,
  ).toBeLessThanOrEqual(1);
  for (const { flushedLsn, replayedLsn, wal, data } of live) {
    expect(flushedLsn).toBe(wal.lastLsn);
    expect(replayedLsn <= flushedLsn).toBe(true);
    expect([...(live[0]!.data.length === data.length ? [] : ['length'])]).toEqual([]);
  }
  if (live.length > 0) {
    const { durationUs, drainUs } = simulation.scenario;
    expect(simulation.loop.nowUs).toBeLessThan(durationUs + drainUs);
  }
}

test('links in order: logs agree at every step, one leader a term, and after the drain all are equal', () => {
  fc.assert(
    fc.property(randomCluster({ faults: everyFault }), (source) => {
      const { simulation, entries } = watched(source);
      oneLeaderATerm(entries);
      converged(simulation);
    }),
    { numRuns: runs(80) },
  );
});

test('links that lose, double and reorder all the time: the same', () => {
  fc.assert(
    fc.property(randomCluster({ faults: everyFault, badLinks: true, durationMs: 800 }), (source) => {
      const { simulation, entries } = watched(source);
      oneLeaderATerm(entries);
      converged(simulation);
    }),
    { numRuns: runs(80) },
  );
});
