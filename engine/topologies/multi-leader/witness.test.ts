/** Witnesses of random runs, held against what was sent, what came and what leaders hold: the writes named are those that did it. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Witness } from '../../run/report.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { stampMs } from '../leaderless/stamps.ts';
import type { MultiLeaderCluster } from './cluster.ts';
import { uniqueValue } from './constraints.ts';
import type { MultiLeaderMessage } from './messages.ts';
import { crdts, randomRunBy } from './random-leaders.test-support.ts';
import { cellAt, SHOWN, SHOWN_VALUE } from './rows.ts';
import { leadersIn, type MultiLeader, ofType } from './run.test-support.ts';

type Change = Extract<MultiLeaderMessage, { type: 'change' }>;
const ids = ['a', 'b', 'c', 'd', 'e'];

/** A run up to a moment, or to its end. */
function runTo(source: ScenarioSource, untilMs = Number.MAX_SAFE_INTEGER) {
  const trace: TraceEntry[] = [];
  const scenario = parseScenario(source);
  const simulation = new Simulation(scenario, scenario.seed, (entry) => trace.push(entry));
  if (untilMs === Number.MAX_SAFE_INTEGER) simulation.finish();
  else simulation.advanceTo(untilMs * 1000);
  const cluster = simulation.cluster as MultiLeaderCluster;
  const verdicts = simulation.verdicts();
  const witnessOf = (name: string): Witness | null =>
    verdicts.find((each) => each.name === name)?.witness ?? null;
  return { trace, simulation, cluster, witnessOf };
}

/** Which change a write is, by the stamp that its acknowledgement and the change carry: no log is asked. */
function changesOf(trace: readonly TraceEntry[]) {
  const key = (author: string, atMs: number | null) => `${author} ${atMs}`;
  const operations = new Map<string, number>();
  for (const { from, message } of ofType(trace, 'sent'))
    if (message.type === 'write-ok')
      operations.set(key(from, stampMs(message.term, message.lsn)), message.operation);
  const changes = new Map<number, Change>();
  const moved: { entry: Extract<TraceEntry, { type: 'sent' | 'delivered' }>; operation: number }[] = [];
  for (const entry of trace) {
    if (entry.type !== 'sent' && entry.type !== 'delivered') continue;
    const { message } = entry;
    if (message.type !== 'change') continue;
    const operation = operations.get(key(ids[message.author]!, message.stampMs))!;
    changes.set(operation, message);
    moved.push({ entry, operation });
  }
  return { operations, changes, moved };
}

const keysOf = (trace: readonly TraceEntry[]) =>
  new Map(ofType(trace, 'began').map(({ operation, key }) => [operation, key]));

/** What leaders show differently for a while, or for good. */
const differing = fc.oneof(
  randomRunBy(['last-writer', 'first-writer', 'keep-both', 'max']),
  randomRunBy(['union', 'sum', ...crdts]),
  fc
    .tuple(randomRunBy(['max']), fc.constantFrom('arrival-order' as const, { merge: 'average' }))
    .map(([{ workload, ...source }, resolve]) => ({
      ...source,
      topology: { ...(source.topology as MultiLeader), resolve },
      workload: { ...workload, clients: workload.clients.map(({ columns: _, ...client }) => client) },
    })),
);

test('divergence: the writes named are shown by some and not by others, or have come to some only', () => {
  const reached = { numbers: 0, states: 0, ordered: 0 };
  fc.assert(
    fc.property(differing, fc.integer({ min: 40, max: 250 }), (source, untilMs) => {
      const { trace, cluster, simulation, witnessOf } = runTo(source, untilMs);
      const witness = witnessOf('divergence');
      if (witness === null) return;
      const named = witness.operations!;
      const [, key, column = '0'] = witness.story[0]!.match(/under key (\d+)(?:, column (\d+))?$/)!;
      const keys = keysOf(trace);
      expect(named.length).toBeGreaterThan(0);
      for (const operation of named) expect(keys.get(operation)).toBe(Number(key));
      const live = cluster.leaders.filter((_, leader) => simulation.isLive(leader));
      const { resolve } = source.topology as MultiLeader;
      if (
        resolve === 'last-writer' ||
        resolve === 'first-writer' ||
        resolve === 'max' ||
        resolve === 'arrival-order'
      ) {
        // What each shows is the number of a write.
        const shown = live.map(({ rows }) => {
          const cell = cellAt(rows, Number(key), Number(column));
          return rows.cells[cell + SHOWN] === 0 ? 0 : rows.cells[cell + SHOWN_VALUE]!;
        });
        expect(new Set(named)).toEqual(new Set(shown.filter((number) => number > 0)));
        reached.numbers++;
      }
      const { changes } = changesOf(trace);
      const holders = (operation: number) => {
        const change = changes.get(operation);
        // One that was never sent has come to nobody else.
        if (change === undefined) return null;
        return live.filter(({ applied }) => applied[change.author]! >= change.sequence).length;
      };
      if (resolve === 'pn-counter' || resolve === 'g-counter' || resolve === 'sum' || resolve === 'union') {
        reached.states++;
        for (const operation of named) {
          const count = holders(operation);
          if (count === null) continue;
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThan(live.length);
        }
      }
      if (witness.story.includes('each of them has been given every write named here')) {
        reached.ordered++;
        for (const operation of named) expect(holders(operation)).toBe(live.length);
      }
      for (const line of witness.story) {
        const lacking = line.match(/^write (\d+), which (\w) took, has not come to (.+)$/);
        if (lacking === null) continue;
        const [, number, author, without] = lacking as unknown as [string, string, string, string];
        const change = changes.get(Number(number));
        if (change === undefined) continue;
        expect(change.author).toBe(ids.indexOf(author));
        const lacks = ids.filter(
          (_, leader) =>
            leader < cluster.leaders.length &&
            simulation.isLive(leader) &&
            cluster.leaders[leader]!.applied[change.author]! < change.sequence,
        );
        expect(without.split(', ')).toEqual(lacks);
      }
    }),
    { numRuns: 50 },
  );
  expect(reached.numbers).toBeGreaterThan(8);
  expect(reached.states).toBeGreaterThan(3);
  expect(reached.ordered).toBeGreaterThan(0);
});

test('changes are told of the write that made them', () => {
  let count = 0;
  fc.assert(
    fc.property(randomRunBy(['union', 'sum', 'last-writer', ...crdts]), (source) => {
      const { trace } = runTo(source, 150);
      for (const { entry, operation } of changesOf(trace).moved) {
        const { message } = entry as { message: Change };
        // Word that comes again once all have it is of a write that no log keeps.
        if (message.operation === null) continue;
        count++;
        expect(message.operation).toBe(operation);
      }
    }),
    { numRuns: 10 },
  );
  expect(count).toBeGreaterThan(1000);
});

test('update before insert: the insert that its author had seen, and that had not come', () => {
  let found = 0;
  fc.assert(
    fc.property(randomRunBy(['last-writer', 'union', 'pn-counter']), (random) => {
      const { reconfigureAfterMs: _, ...withoutDetours } = random.topology as MultiLeader;
      const source: ScenarioSource = {
        ...random,
        topology: { ...withoutDetours, exchange: 'all-to-all', causal: false },
        workload: { ...random.workload, keys: { count: 20 } },
      };
      const { trace, witnessOf } = runTo(source);
      const witness = witnessOf('update-before-insert');
      if (witness === null) return;
      found++;
      const [insert, update] = witness.operations as [number, number];
      expect(witness.operations).toHaveLength(2);
      const [, atMs, member] = witness.story[2]!.match(/^at ([\d.]+) ms (\w) was given that change/)!;
      const { changes, moved } = changesOf(trace);
      expect(changes.get(insert)).toMatchObject({ does: 'insert', key: changes.get(update)!.key });
      expect(changes.get(update)!.does).toBe('update');
      const cameTo = (node: string, operation: number) =>
        moved.find(
          (each) => each.operation === operation && each.entry.type === 'delivered' && each.entry.to === node,
        )?.entry.atMs ?? Number.POSITIVE_INFINITY;
      expect(cameTo(member!, update)).toBeLessThanOrEqual(Number(atMs));
      expect(ids[changes.get(insert)!.author]).not.toBe(member);
      // What came may wait for the disk still; the row is there only after that.
      const flushedBy = (operation: number) =>
        ofType(trace, 'sent').find(
          ({ from, message }) =>
            from === member &&
            message.type === 'have' &&
            message.author === changes.get(operation)!.author &&
            message.sequence >= changes.get(operation)!.sequence,
        )?.atMs ?? Number.POSITIVE_INFINITY;
      expect(flushedBy(insert)).toBeGreaterThanOrEqual(Number(atMs));
      const author = ids[changes.get(update)!.author]!;
      const madeMs = moved.find((each) => each.operation === update && each.entry.from === author)!.entry
        .atMs;
      if (ids[changes.get(insert)!.author] !== author)
        expect(cameTo(author, insert)).toBeLessThanOrEqual(madeMs);
    }),
    { numRuns: 35 },
  );
  expect(found).toBeGreaterThan(2);
});

test('thrown away: two writes of one row, of which the stamp or the rule speaks for the second', () => {
  const reached = { 'last-writer': 0, 'first-writer': 0, pgd: 0 };
  fc.assert(
    fc.property(randomRunBy(['last-writer', 'first-writer', 'pgd']), fc.boolean(), (random, pgdDeletes) => {
      const topology = random.topology as MultiLeader;
      const deletes = topology.resolve === 'pgd' && pgdDeletes ? { deletes: 0.4, detect: 'row' } : {};
      const source = { ...random, topology: { ...topology, ...deletes } } as ScenarioSource;
      const { trace, witnessOf } = runTo(source);
      const witness = witnessOf('discarded-writes');
      if (witness === null) return;
      reached[topology.resolve as keyof typeof reached]++;
      expect(witness.operations).toHaveLength(2);
      const [loser, winner] = witness.operations as [number, number];
      const keys = keysOf(trace);
      expect(keys.get(loser)).toBe(keys.get(winner));
      const ended = ofType(trace, 'ended').find(({ operation }) => operation === loser);
      expect(ended).toMatchObject({ outcome: 'ok' });
      const { changes } = changesOf(trace);
      const [lost, kept] = [changes.get(loser)?.stampMs, changes.get(winner)?.stampMs];
      if (lost === undefined || kept === undefined) return;
      if (topology.resolve === 'last-writer') expect(kept).toBeGreaterThanOrEqual(lost!);
      if (topology.resolve === 'first-writer') expect(kept).toBeLessThanOrEqual(lost!);
    }),
    { numRuns: 35 },
  );
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(2);
});

test('a row that is not shown: its write, and the write for whose sake it is not', () => {
  let dropped = 0;
  let taken = 0;
  const far = { topology: { silenceMs: 200, retryMs: 100 } };
  for (let seed = 1; seed <= 4; seed++) {
    const people = leadersIn(
      3,
      { ...far.topology, unique: { values: 600, resolve: 'reject' } },
      {
        seed,
        durationMs: 1000,
        workload: {
          clients: ['a', 'b', 'c'].map((id) => ({
            id: `at-${id}`,
            region: `in-${id}`,
            writesPerSecond: 100,
          })),
          keys: { count: 300 },
        },
      },
    );
    const { trace, witnessOf } = runTo(people);
    const { operations } = witnessOf('discarded-writes') ?? {};
    // A write may have lost to one of its own row before.
    const keys = keysOf(trace);
    if (operations !== undefined && keys.get(operations[0]!) !== keys.get(operations[1]!)) {
      taken++;
      expect(operations).toHaveLength(2);
      expect(uniqueValue(operations[0]!, 600)).toBe(uniqueValue(operations[1]!, 600));
    }
    const shop = leadersIn(
      2,
      {
        tables: [
          { id: 'customers', rows: 40, deletes: 0.6 },
          { id: 'orders', rows: 40, parent: { table: 'customers', resolve: 'drop-child' } },
        ],
      },
      {
        seed,
        durationMs: 600,
        workload: {
          clients: [
            { id: 'customers', region: 'in-a', writesPerSecond: 100, table: 'customers' },
            { id: 'orders', region: 'in-b', writesPerSecond: 100, table: 'orders' },
          ],
        },
      },
    );
    const other = runTo(shop);
    const witness = other.witnessOf('discarded-writes');
    if (witness === null) continue;
    dropped++;
    const [child, remove] = witness.operations as [number, number];
    const { changes } = changesOf(other.trace);
    expect(changes.get(remove)).toMatchObject({ does: 'delete', key: changes.get(child)!.key - 40 });
  }
  expect(dropped).toBeGreaterThan(0);
  expect(taken).toBeGreaterThan(0);
});

test('an update and a delete at once: pgd skips one for the other', () => {
  let skipped = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const clients = ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 40 }));
    const { trace, witnessOf } = runTo(
      leadersIn(
        2,
        { resolve: 'pgd', deletes: 0.6 },
        { seed, durationMs: 400, workload: { clients, keys: { count: 4 } } },
      ),
    );
    const [loser, winner] = witnessOf('discarded-writes')?.operations ?? [];
    const isSkipped = ofType(trace, 'change-skipped').some(({ value }) => value === loser);
    if (!isSkipped || ofType(trace, 'thrown-away').some(({ value }) => value === loser)) continue;
    skipped++;
    const { changes } = changesOf(trace);
    const [lost, kept] = [changes.get(loser!)!, changes.get(winner!)!];
    expect(kept.key).toBe(lost.key);
    // Or a delete that is older than what it would delete.
    expect([lost.does, kept.does]).toContain('delete');
  }
  expect(skipped).toBeGreaterThan(0);
});
