/** Columns that hold a conflict-free replicated type. Syllabus S-C6. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as addWinsSet from '../../crdt/add-wins-set.ts';
import * as gCounter from '../../crdt/g-counter.ts';
import * as lwwRegister from '../../crdt/lww-register.ts';
import * as multiValueRegister from '../../crdt/multi-value-register.ts';
import * as pnCounter from '../../crdt/pn-counter.ts';
import * as removeWinsSet from '../../crdt/remove-wins-set.ts';
import { runsOf } from '../../full-size.test-support.ts';
import type { NodeKind } from '../../kernel/protocol.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { newCluster } from '../clusters.ts';
import { numberUs, stampNumber } from '../leaderless/stamps.ts';
import type { MultiLeaderCluster } from './cluster.ts';
import type { Leader } from './leader.ts';
import { entryAt, HI, LO, logEnd, NUMBER, ORIGIN, SEQUENCE, VALUE, VECTOR, WHAT } from './log.ts';
import { keyIn, shapeIn } from './messages.ts';
import { crdts, randomRunBy } from './random-leaders.test-support.ts';
import { type CrdtName, resolverNames } from './resolvers.ts';
import { cellAt, SHOWN_VALUE } from './rows.ts';
import { leadersIn, type MultiLeader, run, verdict } from './run.test-support.ts';

/** A write as its leader made it: what it carries, and how many changes of each leader had been applied there. */
interface Made {
  readonly origin: number;
  readonly sequence: number;
  readonly cell: number;
  readonly number: number;
  readonly stampUs: number;
  readonly carried: unknown;
  readonly seen: readonly number[];
}

/** A run, and every write of it in the order in which leaders made them. */
function watched(source: ScenarioSource): { simulation: Simulation; made: Made[] } {
  const made: Made[] = [];
  const scenario = parseScenario(source);
  const simulation = new Simulation(scenario, source.seed!, undefined, (spec, size, surroundings) => {
    const cluster = newCluster(spec, size, surroundings) as MultiLeaderCluster;
    for (const member of cluster.members) {
      const kind = member.kind as NodeKind<Leader>;
      let next = 0;
      const watching: NodeKind<Leader> = {
        onInput(node, input, out) {
          kind.onInput(node, input, out);
          for (next = Math.max(next, node.log.base); next < logEnd(node.log); next++) collect(node, next);
        },
      };
      (member as { kind: NodeKind<unknown> }).kind = watching as NodeKind<unknown>;
    }
    const collect = ({ self, log, width, rows, settings }: Leader, index: number) => {
      const { words } = log;
      const at = entryAt(log, index, width);
      if (words[at + ORIGIN] !== self) return;
      const column = rows.cellsPerRow === 1 ? 0 : shapeIn(words[at + WHAT]!);
      made.push({
        origin: self,
        sequence: words[at + SEQUENCE]!,
        cell: cellAt(rows, keyIn(words[at + WHAT]!), column),
        number: words[at + NUMBER]!,
        stampUs: numberUs(stampNumber(words[at + HI]!, words[at + LO]!)),
        carried: cluster.states.find((states) => states !== null)!.stateOf(words[at + VALUE]!),
        seen: Array.from({ length: settings.leaders }, (_, leader) => words[at + VECTOR + leader]!),
      });
    };
    return cluster;
  });
  simulation.finish();
  return { simulation, made };
}

/** What a write may do to the state that its leader has, by the module of its type itself: each possible delta. */
const deltas: Record<CrdtName, (state: never, write: Made) => unknown[]> = {
  'g-counter': (state: gCounter.GCounter, { origin }) => [gCounter.increment(state, origin)],
  'pn-counter': (state: pnCounter.PnCounter, { origin }) => [
    pnCounter.increment(state, origin),
    pnCounter.decrement(state, origin),
  ],
  'add-wins-set': (state: addWinsSet.AddWinsSet, { origin, number }) => [
    addWinsSet.add(state, origin, number % 31),
    ...addWinsSet.read(state).map((item) => addWinsSet.remove(state, item)),
  ],
  'remove-wins-set': (state: removeWinsSet.RemoveWinsSet, { origin, number }) => [
    removeWinsSet.add(state, origin, number % 31),
    ...removeWinsSet.read(state).map((item) => removeWinsSet.remove(state, origin, item)),
  ],
  'lww-register': (_, { origin, number, stampUs }) => [lwwRegister.write(stampUs, origin, number)],
  'mv-register': (state: multiValueRegister.MultiValueRegister<number>, { origin, number }) => [
    multiValueRegister.write(state, origin, number),
  ],
};
interface Pure {
  readonly empty: unknown;
  join(one: unknown, other: unknown): unknown;
}
const modules = {
  'g-counter': gCounter,
  'pn-counter': pnCounter,
  'add-wins-set': addWinsSet,
  'remove-wins-set': removeWinsSet,
  'lww-register': lwwRegister,
  'mv-register': multiValueRegister,
} as unknown as Record<CrdtName, Pure>;

describe.each(crdts)('%s', (name) => {
  const pure = modules[name];

  test('every leader ends with the join of what all writes did, each done to what its leader knew', () => {
    let writes = 0;
    let concurrent = 0;
    fc.assert(
      fc.property(randomRunBy([name]), (source) => {
        const { simulation, made } = watched(source);
        writes += made.length;
        concurrent += simulation.report().multiLeader!.conflicts.all;
        const cluster = simulation.cluster as MultiLeaderCluster;
        const states = cluster.states[resolverNames.indexOf(name)]!;
        const topology = source.topology as MultiLeader;
        for (const cell of new Set(made.map((write) => write.cell))) {
          const here = made.filter((write) => write.cell === cell);
          for (const write of here) {
            const known = here.filter(
              (other) => other.sequence <= write.seen[other.origin]! && other !== write,
            );
            const state = known.map(({ carried }) => carried).reduce(pure.join, pure.empty);
            const could = deltas[name](state as never, write).map((delta) =>
              topology.ships === 'states' ? pure.join(state, delta) : delta,
            );
            expect(could).toContainEqual(write.carried);
          }
          // In another order than any leader's.
          const joined = here
            .toReversed()
            .map(({ carried }) => carried)
            .reduce(pure.join, pure.empty);
          for (const { rows } of cluster.leaders)
            expect(states.stateOf(rows.cells[cell + SHOWN_VALUE]!)).toEqual(joined);
        }
      }),
      { numRuns: runsOf({ full: 40, reduced: 10 }) },
    );
    expect(writes).toBeGreaterThan(100);
    expect(concurrent).toBeGreaterThan(10);
  });
});

const busy = (topology: Partial<MultiLeader>) =>
  run(
    leadersIn(3, topology, { durationMs: 4000, workload: { ...leadersIn(3).workload, keys: { count: 3 } } }),
  );

test('a counter counts every write once, however often it comes: up, down, and from an account', () => {
  const sum = ({ cluster }: ReturnType<typeof busy>, name: CrdtName) => {
    const states = cluster.states[resolverNames.indexOf(name)]!;
    const { rows } = cluster.leaders[0]!;
    return [0, 1, 2].reduce(
      (all, key) => all + states.read(rows.cells[cellAt(rows, key, 0) + SHOWN_VALUE]!),
      0,
    );
  };
  const up = busy({ resolve: 'g-counter' });
  expect(sum(up, 'g-counter')).toBe(up.report.operations.write.ok);
  const both = busy({ resolve: 'pn-counter', deletes: 0.5 });
  expect(Math.abs(sum(both, 'pn-counter'))).toBeLessThan(both.report.operations.write.ok / 2);
  const account = busy({ resolve: 'pn-counter', account: { opening: 1000, withdrawal: 70 } });
  expect(sum(account, 'pn-counter')).toBe(-70 * account.report.operations.write.ok);
});

test('two leaders that each see 100 pay out 80 each: a counter has no floor', () => {
  const { report } = run(
    leadersIn(
      2,
      { resolve: 'pn-counter', account: { opening: 100, withdrawal: 80 } },
      {
        durationMs: 100,
        workload: {
          clients: ['a', 'b'].map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 100 })),
          arrivals: 'regular',
          keys: { count: 1 },
        },
      },
    ),
  );
  expect(report.operations.write.ok).toBe(2);
  expect(report.multiLeader).toMatchObject({ overdrawn: { accounts: 1, lowest: -60 } });
});

describe('carts', () => {
  const cart = (resolve: 'union' | 'add-wins-set' | 'remove-wins-set', ships?: 'states') =>
    busy({ resolve, deletes: 0.4, ...(ships && { ships }) }).report;

  test('what was taken out comes back with a union, and with neither kind of set', () => {
    expect(cart('union').multiLeader!.itemsBack).toBeGreaterThan(0);
    expect(cart('add-wins-set').multiLeader!.itemsBack).toBe(0);
    expect(cart('remove-wins-set').multiLeader!.itemsBack).toBe(0);
    for (const resolve of ['union', 'add-wins-set'] as const)
      expect(verdict(cart(resolve), 'divergence').result).toBe('ok');
  });

  test('what a set costs beside its items; what a delta carries is less than a state', () => {
    const deltas = cart('add-wins-set').multiLeader!.crdt!;
    const states = cart('add-wins-set', 'states').multiLeader!.crdt!;
    expect(deltas.metadataBytes).toBeGreaterThan(0);
    expect(deltas.metadataBytes).toBeLessThan(deltas.bytes);
    expect({ ...states, carriedBytes: 0 }).toEqual({ ...deltas, carriedBytes: 0 });
    expect(deltas.carriedBytes * 2).toBeLessThan(states.carriedBytes);
    expect(cart('union').multiLeader!.crdt).toBeNull();
  });
});

test('registers: the last writer throws away and says so; of several values none is', () => {
  const last = busy({ resolve: 'lww-register' }).report;
  const plain = busy({ resolve: 'last-writer' }).report;
  expect(verdict(last, 'discarded-writes')).toEqual(verdict(plain, 'discarded-writes'));
  expect(verdict(last, 'discarded-writes').count).toBeGreaterThan(10);
  const several = busy({ resolve: 'mv-register' }).report;
  expect(verdict(several, 'discarded-writes').count).toBe(0);
  expect(several.multiLeader!.siblings).toBe(busy({ resolve: 'keep-both' }).report.multiLeader!.siblings);
});
