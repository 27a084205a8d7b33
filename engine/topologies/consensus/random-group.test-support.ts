/** Random Raft groups with random faults, as scenarios. For tests only. */

import fc from 'fast-check';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import type { ConsensusSource } from './schema.ts';

const durationMs = 1500;

/** Timings a tenth and less of the defaults, so that a second holds several elections. */
const quickTopology = {
  type: 'consensus',
  electionTimeoutMs: 60,
  heartbeatMs: 15,
} as const satisfies ConsensusSource;

export interface RandomGroupOptions {
  readonly reads?: readonly NonNullable<ConsensusSource['reads']>[];
  readonly acknowledgement?: ConsensusSource['acknowledgement'];
  readonly minFaults?: number;
  readonly maxFaults?: number;
  /** Clocks drift by so many ppm at most, either way. */
  readonly driftPpm?: number;
}

/** Logs of a few entries, of some more, and of all there are; copies that take no time, and up to 200 ms. */
const shortLogs = [
  { entries: 1, keptEntries: 0, dataBytes: 1 },
  { entries: 10, keptEntries: 5, dataBytes: 1000, bytesPerSecond: 20_000 },
  { entries: 40, keptEntries: 0, dataBytes: 20_000, bytesPerSecond: 100_000 },
  {},
] as const satisfies readonly ConsensusSource['snapshots'][];

const nodeNames = (count: number): string[] => ['a', 'b', 'c', 'd', 'e'].slice(0, count);

export function randomGroup(options: RandomGroupOptions = {}): fc.Arbitrary<ScenarioSource> {
  const { reads = ['log', 'read-index', 'lease'], acknowledgement = 'majority', maxFaults = 8 } = options;
  const { driftPpm = 20_000, minFaults = 0 } = options;
  return fc.integer({ min: 1, max: 5 }).chain((count) =>
    fc
      .record({
        seed: fc.nat(0x7fff_ffff),
        preVote: fc.boolean(),
        rule: fc.constantFrom(...reads),
        fsync: fc.constantFrom(0, 0.4, { type: 'uniform' as const, minMs: 0.1, maxMs: 6 }),
        latency: fc.constantFrom(
          0.2,
          { type: 'uniform' as const, minMs: 0.1, maxMs: 5 },
          { type: 'exponential' as const, meanMs: 2 },
        ),
        loss: fc.constantFrom(0, 0, 0.02, 0.1),
        duplication: fc.constantFrom(0, 0, 0.05, 0.3),
        reordering: fc.boolean(),
        writesPerSecond: fc.constantFrom(50, 200, 600),
        keys: fc.constantFrom(1, 5, 50),
        drifts: fc.array(fc.integer({ min: -driftPpm, max: driftPpm }), { minLength: 5, maxLength: 5 }),
        schedule: fc.array(randomFault(nodeNames(count), driftPpm), {
          minLength: minFaults,
          maxLength: maxFaults,
        }),
        snapshots: fc.constantFrom(...shortLogs),
      })
      .map(
        ({
          seed,
          preVote,
          rule,
          fsync,
          latency,
          loss,
          duplication,
          reordering,
          ...rest
        }): ScenarioSource => ({
          id: 'random',
          seed,
          durationMs,
          drainMs: 60_000,
          cluster: {
            nodes: nodeNames(count).map((id, index) => ({ id, clock: { driftPpm: rest.drifts[index]! } })),
            defaults: { disk: { fsync } },
          },
          network: { within: { latency, loss, duplication, reordering } },
          topology: {
            ...quickTopology,
            preVote,
            reads: rule,
            acknowledgement,
            clockDriftPpm: driftPpm,
            snapshots: rest.snapshots,
          },
          workload: {
            clients: [
              { writesPerSecond: rest.writesPerSecond, readsPerSecond: 300 },
              { writesPerSecond: 20, readsPerSecond: 100 },
            ],
            keys: { count: rest.keys },
            timeoutMs: 100,
          },
          faults: rest.schedule,
        }),
      ),
  );
}

function randomFault(nodes: readonly string[], driftPpm: number): fc.Arbitrary<FaultSource> {
  const node = fc.constantFrom(...nodes);
  const end = fc.constantFrom(...nodes, 'clients').map((name) => [name]);
  const atMs = fc.integer({ min: 0, max: durationMs * 1000 - 1 }).map((us) => us / 1000);
  const forMs = fc.integer({ min: 1, max: durationMs });
  const link = { from: end, to: end, oneWay: fc.boolean(), atMs, forMs };
  // Everybody restarts: progress is demanded in the end.
  return fc.oneof(
    fc
      .record({
        type: fc.constant('crash' as const),
        node,
        atMs,
        forMs,
        loses: fc.constantFrom('machine' as const, 'memory' as const),
      })
      .map((crash) => ({
        ...crash,
        forMs: Math.min(crash.forMs, Math.round((durationMs - crash.atMs) * 1000) / 1000),
      })),
    fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
    fc.record({ type: fc.constant('cut' as const), ...link }),
    fc.record({
      type: fc.constant('slow-link' as const),
      ...link,
      extraMs: fc.integer({ min: 1, max: 300 }),
    }),
    fc.record({
      type: fc.constant('lossy-link' as const),
      ...link,
      loss: fc.constantFrom(0, 0.1, 0.5),
      duplication: fc.constantFrom(0, 0.2, 0.5),
    }),
    fc.record({
      type: fc.constant('slow-disk' as const),
      node,
      atMs,
      forMs,
      extraMs: fc.integer({ min: 1, max: 100 }),
    }),
    fc.record({
      type: fc.constant('clock-skew' as const),
      node,
      atMs,
      skewMs: fc.integer({ min: -1000, max: 1000 }),
      driftPpm: fc.integer({ min: -driftPpm, max: driftPpm }),
    }),
  );
}
