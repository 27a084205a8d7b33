/** Every order in which messages may arrive, for one write and two reads in a row, the first of which begins at any time. */

import { expect, test } from 'vitest';
import { explore } from '../../explore/explore.ts';
import { oneWriteTwoReads, type WriterAndReader } from '../../explore/leaderless-model.ts';
import type { Check, Model } from '../../explore/model.ts';
import { isFullSize } from '../../full-size.test-support.ts';
import type { NodeKind } from '../../kernel/protocol.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { LeaderlessCluster } from './cluster.ts';
import type { LeaderlessSpec } from './spec.ts';

function modelOf(nodes: number, topology: object): Model {
  const names = ['a', 'b', 'c', 'd'].slice(0, nodes);
  const scenario = parseScenario({
    id: 'model',
    durationMs: 1,
    cluster: { nodes: names.map((id) => ({ id })) },
    topology: { type: 'leaderless', replicas: nodes, commitLog: { syncEveryMs: 1 }, ...topology },
    workload: { clients: [{}], keys: { count: 1 } },
  } as ScenarioSource);
  const { members } = new LeaderlessCluster(
    scenario.topology as LeaderlessSpec,
    { replicas: nodes, keys: 1, nodes: scenario.nodes, clients: [nodes] },
    { names } as never,
  );
  return {
    actors: [
      ...members.map(({ kind, state, timers }, node) => ({
        name: names[node]!,
        kind,
        state,
        timers: Array.from({ length: timers }, (_, slot) => ({ name: `${slot}`, fires: 'never' as const })),
      })),
      {
        name: 'client',
        kind: oneWriteTwoReads(nodes) as NodeKind<unknown>,
        state: { acknowledged: false, begun: 0, found: [], after: [] } satisfies WriterAndReader,
        timers: [
          { name: 'the wait before the write', fires: 'any time' },
          { name: 'the wait before the next read', fires: 'any time' },
        ],
      },
    ],
    // A request and an answer may go by connections of their own; in order, fewer schedules are possible.
    links: () => 'unordered',
    settled: true,
  };
}

const checksFor = (nodes: number): Record<'stale' | 'inverted', Check> => ({
  stale: {
    name: 'no stale read',
    broken: (state) => {
      const { found, after } = state.stateOf(nodes) as WriterAndReader;
      return found.some((value, read) => value === 0 && after[read]) ? 'a read missed the write' : null;
    },
  },
  inverted: {
    name: 'no new-old inversion',
    broken: (state) => {
      const { found } = state.stateOf(nodes) as WriterAndReader;
      return found[0] === 1 && found[1] === 0 ? 'the second read returned the older value' : null;
    },
  },
});

const run = (nodes: number, topology: object, check: 'stale' | 'inverted') =>
  explore(modelOf(nodes, topology), {
    depth: 100,
    states: isFullSize ? 3_000_000 : 400_000,
    checks: [checksFor(nodes)[check]],
  });

const most = isFullSize ? 4 : 3;

test('R + W > N: no order of deliveries makes a read stale', () => {
  for (let nodes = 1; nodes <= most; nodes++) {
    for (let write = 1; write <= nodes; write++) {
      const read = nodes + 1 - write;
      const { result, complete, unique } = run(
        nodes,
        { read, write, readsAsk: 'all', readRepair: 'none' },
        'stale',
      );
      expect([nodes, write, result, complete]).toEqual([nodes, write, 'ok', true]);
      expect(unique).toBeGreaterThan(10);
    }
  }
});

test('R + W > N: nor where digests are asked for first', () => {
  for (const readRepair of ['none', 'blocking'])
    expect(
      run(3, { read: 2, write: 2, readsAsk: 'enough', digestReads: true, readRepair }, 'stale'),
    ).toMatchObject({ result: 'ok', complete: true });
});

test('R + W > N: nor where receipts count, and disks later', () => {
  const riak = {
    read: { r: 2 },
    write: { w: 2, dw: 1 },
    commitLog: 'batch',
    readsAsk: 'all',
    readRepair: 'none',
  };
  expect(run(3, riak, 'stale')).toMatchObject({ result: 'ok', complete: true });
  expect(run(3, { ...riak, read: { r: 1 } }, 'stale').result).toBe('violation');
});

test('R + W = N: some order does', () => {
  for (const [read, write] of [
    [1, 2],
    [2, 1],
  ])
    expect(run(3, { read, write, readsAsk: 'all', readRepair: 'none' }, 'stale').result).toBe('violation');
});

test('two reads in a row go from new to old with R + W > N, in a shortest schedule; blocking repair leaves none', () => {
  const quorum = { read: 2, write: 2, readsAsk: 'all' };
  const found = run(3, { ...quorum, readRepair: 'none' }, 'inverted');
  expect(found.result).toBe('violation');
  expect(run(3, { ...quorum, readRepair: 'blocking' }, 'inverted')).toMatchObject({
    result: 'ok',
    complete: true,
  });
});

test('the same where versions are clocks, and what a coordinator writes is merged', () => {
  const clocks = { versions: 'dotted', readsAsk: 'all', readRepair: 'none' };
  const { result, complete, unique } = run(3, { ...clocks, read: 2, write: 2 }, 'stale');
  expect([result, complete]).toEqual(['ok', true]);
  expect(unique).toBeGreaterThan(1000);
  expect(run(3, { ...clocks, read: 1, write: 2 }, 'stale').result).toBe('violation');
  expect(run(3, { ...clocks, read: 2, write: 2 }, 'inverted').result).toBe('violation');
  expect(run(3, { ...clocks, readRepair: 'blocking', read: 2, write: 2 }, 'inverted').result).toBe('ok');
});
