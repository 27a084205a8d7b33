/** What must hold in every run, whatever the cluster and its faults. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../full-size.test-support.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { randomScenario } from '../../scenario/random-scenario.test-support.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { LogWatch, randomCluster } from './random-cluster.test-support.ts';
import { replicasOf } from './replicas-of.test-support.ts';

const runs = (count: number): number => runsOf({ full: count * 20, reduced: count });

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
    if (entry.type === 'leading' || entry.type === 'delivered') entries.push(entry);
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

/** No two writes were acknowledged as the same record: there is nothing to conflict. */
function noWriteConflicts(entries: readonly TraceEntry[]): void {
  const acknowledged = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type !== 'delivered' || entry.message.type !== 'write-ok') continue;
    const { term, lsn, operation } = entry.message;
    expect(acknowledged.get(`${term}:${lsn}`) ?? operation).toBe(operation);
    acknowledged.set(`${term}:${lsn}`, operation);
  }
}

/** After the drain: every live replica holds the whole of one log, and the drain took less than it might. */
function converged(simulation: Simulation): void {
  expect(simulation.verdicts().find(({ name }) => name === 'divergence')).toMatchObject({
    result: 'ok',
    count: 0,
  });
  const live = replicasOf(simulation).filter((_, node) => simulation.isLive(node));
  if (live.length === 0) return;
  const ends = live.map(
    ({ wal, flushedLsn, term, leader }) => `${wal.lastLsn} ${flushedLsn} ${term} ${leader}`,
  );
  expect(new Set(ends).size).toBe(1);
  expect(live[0]!.flushedLsn).toBe(live[0]!.wal.lastLsn);
  const { durationUs, drainUs } = simulation.scenario;
  expect(simulation.loop.nowUs).toBeLessThan(durationUs + drainUs);
}

test('links in order: logs agree at every step, one leader a term, and after the drain all are equal', () => {
  fc.assert(
    fc.property(randomCluster({ faults: everyFault }), (source) => {
      const { simulation, entries } = watched(source);
      oneLeaderATerm(entries);
      noWriteConflicts(entries);
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
      noWriteConflicts(entries);
      converged(simulation);
    }),
    { numRuns: runs(80) },
  );
});

test('any scenario at all: logs agree at every step, one leader a term', () => {
  fc.assert(
    fc.property(randomScenario({ durationMsMax: 500, drainMs: 2000 }), (source) => {
      const { entries } = watched(source);
      oneLeaderATerm(entries);
      noWriteConflicts(entries);
    }),
    { numRuns: runs(30) },
  );
});
