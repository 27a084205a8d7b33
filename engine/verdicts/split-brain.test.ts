/** The verdict, which follows a run without keeping it, against its definition applied to the whole trace. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../run/simulate.ts';
import { Simulation } from '../run/simulation.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../scenario/schema.ts';
import {
  LogWatch,
  quickTopology,
  randomCluster,
} from '../topologies/leader-follower/random-cluster.test-support.ts';

const runs = process.env.QUORATE_FULL === '1' ? 2000 : 60;

/** Answers in the order they left, with what the successor's log held then, read off the logs themselves. */
function answersOf(simulation: () => Simulation | undefined) {
  const leaders: number[] = [];
  const answers: { term: number; number: number; successorHasIt: boolean }[] = [];
  /** Answered writes, in the order of their answers. */
  const ended: number[] = [];
  let newest = 0;
  let watch: LogWatch | undefined;
  return {
    answers,
    ended,
    observe: (entry: import('../observe/trace.ts').TraceEntry) => {
      if (entry.type === 'leading') leaders[entry.term] = 'abcde'.indexOf(entry.node);
      if (entry.type === 'ended' && entry.outcome === 'ok' && entry.kind === 'write')
        ended.push(entry.operation);
      if (entry.type !== 'sent' || entry.message.type !== 'write-ok') return;
      const { term, operation: number } = entry.message;
      newest = Math.max(newest, term);
      watch ??= new LogWatch(simulation()!);
      const successorHasIt = watch.logOf(leaders[newest]!).some(({ value }) => value === number);
      answers.push({ term, number, successorHasIt });
    },
  };
}

test('split-brain: every answer that left, held against the log of who led then', () => {
  let total = 0;
  fc.assert(
    fc.property(
      randomCluster({
        faults: ['crash', 'restart', 'pause', 'cut', 'slow-link', 'slow-disk'],
        minNodes: 2,
        maxFaults: 4,
      }),
      fc.integer({ min: 50, max: 700 }),
      (source, atMs) => {
        const scenario = parseScenario({
          ...source,
          workload: {
            ...source.workload,
            clients: [{ writesPerSecond: 100 }, { id: 'near-a', writesPerSecond: 100 }],
          },
          faults: [
            ...source.faults!,
            // A leader and its clients lose touch with the rest.
            { type: 'cut', from: ['a', 'near-a'], to: ['b', 'manager', 'clients'], atMs, forMs: 400 },
          ],
        });
        let simulation: Simulation | undefined;
        const told = answersOf(() => simulation);
        simulation = new Simulation(scenario, scenario.seed, told.observe);
        simulation.finish();
        let newest = 0;
        const superseded = told.answers.filter(({ term, number, successorHasIt }) => {
          newest = Math.max(newest, term);
          return term < newest && !successorHasIt && told.ended.includes(number);
        });
        const verdict = simulation.verdicts().find(({ name }) => name === 'split-brain')!;
        expect(verdict.count).toBe(superseded.length);
        expect(verdict.result).toBe(superseded.length === 0 ? 'ok' : 'violation');
        if (superseded.length > 0) {
          // The first that a client had: of two answers sent, the later may come sooner.
          const first = told.ended.find((number) => superseded.some((each) => each.number === number));
          expect(verdict.witness!.story[1]).toContain(`write number ${first})`);
          // And before it the first answer of whoever led the newest term when that one left.
          const before = told.answers.slice(
            0,
            told.answers.findIndex(({ number }) => number === first),
          );
          const successorsTerm = Math.max(...before.map(({ term }) => term));
          const begins = before.find(({ term }) => term === successorsTerm)!;
          expect(verdict.witness!.operations).toEqual([begins.number, first]);
        }
        total += superseded.length;
      },
    ),
    { numRuns: runs },
  );
  expect(total).toBeGreaterThan(0);
});

const byHand = (automatic: boolean, faults: readonly FaultSource[]): ScenarioSource => ({
  id: 'by-hand',
  durationMs: 1000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
  network: { within: { latency: 1 } },
  topology: { ...quickTopology, failover: { ...quickTopology.failover, automatic } },
  workload: { clients: [{ writesPerSecond: 200 }], keys: { count: 5 } },
  faults: [...faults],
});
const promote = { type: 'promote', node: 'b', atMs: 300 } as const;

test('an operator promotes a follower, with a manager and without, and it takes the writes', () => {
  for (const automatic of [true, false]) {
    const report = simulate(parseScenario(byHand(automatic, [promote])));
    expect(report.failovers).toMatchObject([{ fromNode: 'a', toNode: 'b', cause: 'operator' }]);
    expect(report.falseFailovers).toBe(0);
    expect(report.nodes.find(({ role }) => role === 'leader')).toMatchObject({ node: 'b' });
    expect(report.verdicts.find(({ name }) => name === 'divergence')?.result).toBe('ok');
  }
});

test('whoever leads already, or is down, cannot be promoted', () => {
  const quiet = simulate(parseScenario(byHand(false, [{ ...promote, node: 'a' }])));
  expect(quiet.failovers).toEqual([]);
  const down = simulate(parseScenario(byHand(false, [{ type: 'crash', node: 'b', atMs: 200 }, promote])));
  expect(down.failovers).toEqual([]);
});

test('a primary that returns after a promotion by hand leads on until somebody tells it', () => {
  const gone = { type: 'cut', from: ['a'], to: ['b', 'c'], atMs: 200, forMs: 300 } as const;
  const { verdicts, failovers } = simulate(
    parseScenario({
      ...byHand(false, [gone, promote]),
      workload: {
        clients: [{ writesPerSecond: 100 }, { id: 'near-a', writesPerSecond: 100 }],
        keys: { count: 5 },
      },
      faults: [gone, { type: 'cut', from: ['near-a'], to: ['b'], atMs: 200, forMs: 300 }, promote],
    }),
  );
  expect(failovers).toHaveLength(1);
  expect(verdicts.find(({ name }) => name === 'split-brain')?.result).toBe('violation');
});
