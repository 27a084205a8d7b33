/** Random runs of several leaders: resolvers, exchanges, clocks, causal delivery, unreliable links and faults that end. */

import fc from 'fast-check';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { takesDeletes as allowsDeletes, carriesNumbers } from './resolvers.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
export const crdts = [
  'lww-register',
  'mv-register',
  'g-counter',
  'pn-counter',
  'add-wins-set',
  'remove-wins-set',
] as const;
const resolvers = [
  'last-writer',
  'first-writer',
  'keep-both',
  'max',
  'union',
  'sum',
  'pgd',
  ...crdts,
] as const;

const edgesOf = (leaders: number, chords: readonly number[]) => ({
  edges: [
    ...Array.from({ length: leaders }, (_, from) => ({
      from: ids[from]!,
      to: ids[(from + 1) % leaders]!,
      oneWay: true,
    })),
    ...chords.flatMap((chord) => {
      const [from, to] = [chord % leaders, Math.floor(chord / 5) % leaders];
      return from === to ? [] : [{ from: ids[from]!, to: ids[to]! }];
    }),
  ],
});

const latency = fc.oneof(
  fc.integer({ min: 0, max: 30 }),
  fc.record({ type: fc.constant('exponential' as const), meanMs: fc.integer({ min: 1, max: 30 }) }),
);

/** A cut or a pause of any of them, or a crash that ends. */
const faultOf = (leaders: number, durationMs: number): fc.Arbitrary<FaultSource> => {
  const node = fc.integer({ min: 0, max: leaders - 1 }).map((index) => ids[index]!);
  // Over before the workload is: of one that is still down then, nobody has what it had not got across.
  const half = Math.floor(durationMs / 2);
  const atMs = fc.integer({ min: 0, max: half });
  const forMs = fc.integer({ min: 1, max: half });
  const loses = fc.constantFrom('machine' as const, 'memory' as const);
  return fc.oneof(
    fc.record({ type: fc.constant('crash' as const), node, loses, atMs, forMs }),
    fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
    fc
      .record({ type: fc.constant('cut' as const), from: node, to: node, oneWay: fc.boolean(), atMs, forMs })
      .map(({ from, to, ...rest }) => ({ ...rest, from: [from], to: [to] })),
  );
};

/** A run by one of some rules. */
export const randomRunBy = (names: readonly (typeof resolvers)[number][]): fc.Arbitrary<ScenarioSource> =>
  fc
    .record({
      leaders: fc.integer({ min: 2, max: 5 }),
      shape: fc.constantFrom('all-to-all', 'ring', 'closing ring', 'star', 'edges'),
      chords: fc.array(fc.nat(24), { maxLength: 4 }),
      resolve: fc.constantFrom(...names),
      ships: fc.constantFrom('deltas' as const, 'states' as const),
      columns: fc.integer({ min: 1, max: 3 }),
      byColumn: fc.boolean(),
      setsTwo: fc.boolean(),
      causal: fc.boolean(),
      hybrid: fc.boolean(),
      deletes: fc.constantFrom(0, 0, 0.3),
      loss: fc.constantFrom(0, 0.05),
      duplication: fc.constantFrom(0, 0.05),
      reordering: fc.boolean(),
      skews: fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 5, maxLength: 5 }),
      fsync: fc.integer({ min: 0, max: 3 }),
      latency,
      writes: fc.integer({ min: 10, max: 120 }),
      keys: fc.integer({ min: 1, max: 6 }),
      seed: fc.nat(),
      durationMs: fc.integer({ min: 50, max: 250 }),
    })
    .chain((drawn) =>
      fc
        .array(faultOf(drawn.leaders, drawn.durationMs), { maxLength: 3 })
        .map((faults) => sourceOf(drawn, faults)),
    );

export const randomRun = randomRunBy(resolvers);

function sourceOf(
  drawn: {
    readonly leaders: number;
    readonly shape: string;
    readonly chords: readonly number[];
    readonly resolve: (typeof resolvers)[number];
    readonly ships: 'deltas' | 'states';
    readonly columns: number;
    readonly byColumn: boolean;
    readonly setsTwo: boolean;
    readonly causal: boolean;
    readonly hybrid: boolean;
    readonly deletes: number;
    readonly loss: number;
    readonly duplication: number;
    readonly reordering: boolean;
    readonly skews: readonly number[];
    readonly fsync: number;
    readonly latency: unknown;
    readonly writes: number;
    readonly keys: number;
    readonly seed: number;
    readonly durationMs: number;
  },
  faults: FaultSource[],
): ScenarioSource {
  const { leaders, shape, resolve, columns, byColumn, skews } = drawn;
  const isPgd = resolve === 'pgd';
  const takesDeletes = allowsDeletes(resolve) && !isPgd;
  // What a write carries beside its number is one column's.
  const setsTwo = drawn.setsTwo && columns > 1 && carriesNumbers(resolve);
  return {
    id: 'random',
    seed: drawn.seed,
    durationMs: drawn.durationMs,
    drainMs: 60_000,
    cluster: {
      nodes: ids.slice(0, leaders).map((id, index) => ({
        id,
        region: id,
        clock: { skewMs: isPgd ? 0 : skews[index]! },
      })),
      defaults: { disk: { fsync: drawn.fsync } },
    },
    network: {
      within: {
        latency: drawn.latency as number,
        loss: drawn.loss,
        duplication: drawn.duplication,
        reordering: drawn.reordering,
      },
      between: ids.slice(0, leaders).flatMap((from, index) =>
        ids.slice(index + 1, leaders).map((to) => ({
          from,
          to,
          latency: drawn.latency as number,
          loss: drawn.loss,
          duplication: drawn.duplication,
          reordering: drawn.reordering,
        })),
      ),
    },
    topology: {
      type: 'multi-leader',
      exchange:
        shape === 'star'
          ? { star: 'b' }
          : shape === 'edges'
            ? edgesOf(leaders, drawn.chords)
            : shape === 'all-to-all'
              ? 'all-to-all'
              : 'ring',
      ...(shape === 'closing ring' && { reconfigureAfterMs: 120 }),
      causal: drawn.causal,
      columns,
      detect: byColumn ? 'column' : 'row',
      resolve,
      stamps: drawn.hybrid ? 'hybrid' : 'clock',
      ships: drawn.ships,
      deletes: takesDeletes ? drawn.deletes : 0,
      ...(resolve === 'sum' && { account: { opening: 100, withdrawal: 7 } }),
      silenceMs: 150,
      retryMs: 50,
    },
    workload: {
      clients: ids.slice(0, leaders).map((id, index) => ({
        id: `at-${id}`,
        region: id,
        writesPerSecond: drawn.writes,
        readsPerSecond: 10,
        ...(setsTwo && index % 2 === 0 && { columns: [0, columns - 1] }),
      })),
      keys: { count: drawn.keys },
      timeoutMs: 400,
    },
    faults,
  };
}
