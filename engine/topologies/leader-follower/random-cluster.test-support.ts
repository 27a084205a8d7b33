/** Random small clusters with random faults, as scenarios, and a watch over their logs at every step. For tests only. */

import fc from 'fast-check';
import type { Simulation } from '../../run/simulation.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { DATA_WIDTH, keyOf, lastTerm, termOf, timelineTermOf, valueAt } from '../wal.ts';
import type { Replica } from './replica.ts';
import { replicasOf } from './replicas-of.test-support.ts';
import type { LeaderFollowerSource } from './schema.ts';

export interface RandomClusterOptions {
  /** Faults drawn from; none without it. */
  readonly faults?: readonly FaultSource['type'][];
  readonly maxFaults?: number;
  /** Whether links may lose, double and reorder messages all the time. */
  readonly badLinks?: boolean;
  readonly minNodes?: number;
  readonly durationMs?: number;
}

type Acknowledgement = NonNullable<LeaderFollowerSource['acknowledgement']>;

/** A scenario of this topology. */
export type LeaderFollowerScenario = ScenarioSource & { topology: LeaderFollowerSource };

const acknowledgements: readonly Acknowledgement[] = ['asynchronous', 'semi-synchronous', 'synchronous'];

export const nodeNames = (count: number): string[] => ['a', 'b', 'c', 'd', 'e'].slice(0, count);

/** Timings a hundredth of the defaults, so that a second holds several failovers. */
export const quickTopology = {
  type: 'leader-follower',
  failover: { heartbeatMs: 40, timeoutMs: 150, electionMs: 60 },
  reconnectMs: 50,
  keepaliveMs: 40,
  streamTimeoutMs: 300,
} as const;

export function randomCluster(options: RandomClusterOptions = {}): fc.Arbitrary<LeaderFollowerScenario> {
  const { faults = [], maxFaults = 6, badLinks = false, minNodes = 1, durationMs = 1200 } = options;
  return fc.integer({ min: minNodes, max: 5 }).chain((count) =>
    fc
      .record({
        seed: fc.nat(0x7fff_ffff),
        acknowledgement: fc.constantFrom(...acknowledgements),
        reads: fc.constantFrom('leader' as const, 'followers' as const, 'nearest' as const),
        fsync: fc.constantFrom(
          0,
          0.4,
          { type: 'uniform' as const, minMs: 0.1, maxMs: 6 },
          { type: 'exponential' as const, meanMs: 2 },
        ),
        latency: fc.constantFrom(
          0.2,
          { type: 'uniform' as const, minMs: 0.1, maxMs: 5 },
          { type: 'exponential' as const, meanMs: 2 },
        ),
        loss: badLinks ? fc.constantFrom(0, 0.02, 0.1) : fc.constant(0),
        duplication: badLinks ? fc.constantFrom(0, 0.05, 0.3) : fc.constant(0),
        reordering: badLinks ? fc.boolean() : fc.constant(false),
        writesPerSecond: fc.constantFrom(50, 200, 600),
        readsPerSecond: fc.constantFrom(0, 300),
        // A slow follower on a link that reorders is sent everything again at each gap, more than it can take.
        appliesPerSecond: badLinks
          ? fc.constant(undefined)
          : fc.option(fc.constantFrom(150, 400), { nil: undefined, freq: 2 }),
        keys: fc.constantFrom(1, 5, 50),
        schedule:
          faults.length === 0
            ? fc.constant<FaultSource[]>([])
            : fc.array(randomFault(nodeNames(count), faults, durationMs), { maxLength: maxFaults }),
      })
      .map(
        ({
          seed,
          acknowledgement,
          reads,
          fsync,
          latency,
          loss,
          duplication,
          reordering,
          writesPerSecond,
          readsPerSecond,
          appliesPerSecond,
          keys,
          schedule,
        }): LeaderFollowerScenario => ({
          id: 'random',
          seed,
          durationMs,
          drainMs: 60_000,
          cluster: {
            nodes: nodeNames(count).map((id) => ({ id })),
            defaults: {
              disk: { fsync },
              ...(appliesPerSecond !== undefined && { capacity: { appliesPerSecond } }),
            },
          },
          network: { within: { latency, loss, duplication, reordering } },
          topology: { ...quickTopology, acknowledgement, reads },
          workload: {
            clients: [{ writesPerSecond, readsPerSecond }],
            keys: { count: keys },
            timeoutMs: 200,
          },
          faults: schedule,
        }),
      ),
  );
}

/** Any instant of the run, to the microsecond. */
export const atMsWithin = (durationMs: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: durationMs * 1000 - 1 }).map((us) => us / 1000);

export function randomFault(
  nodes: readonly string[],
  types: readonly FaultSource['type'][],
  durationMs: number,
): fc.Arbitrary<FaultSource> {
  const node = fc.constantFrom(...nodes);
  const end = fc.constantFrom(...nodes, 'manager', 'clients').map((name) => [name]);
  const atMs = atMsWithin(durationMs);
  const forMs = fc.integer({ min: 1, max: durationMs });
  const link = { from: end, to: end, oneWay: fc.boolean(), atMs, forMs };
  const kinds: Partial<Record<FaultSource['type'], fc.Arbitrary<FaultSource>>> = {
    crash: fc.record(
      { type: fc.constant('crash' as const), node, atMs, forMs },
      { requiredKeys: ['type', 'node', 'atMs'] },
    ),
    restart: fc.record({ type: fc.constant('restart' as const), node, atMs }),
    pause: fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
    cut: fc.record({ type: fc.constant('cut' as const), ...link }),
    'slow-link': fc.record({
      type: fc.constant('slow-link' as const),
      ...link,
      extraMs: fc.integer({ min: 1, max: 300 }),
    }),
    'lossy-link': fc.record({
      type: fc.constant('lossy-link' as const),
      ...link,
      loss: fc.constantFrom(0, 0.1, 0.5),
      duplication: fc.constantFrom(0, 0.2, 0.5),
    }),
    'slow-disk': fc.record({
      type: fc.constant('slow-disk' as const),
      node,
      atMs,
      forMs,
      extraMs: fc.integer({ min: 1, max: 100 }),
    }),
    'clock-skew': fc.record({
      type: fc.constant('clock-skew' as const),
      node,
      atMs,
      skewMs: fc.constant(0),
      driftPpm: fc.constantFrom(-100_000, 100_000),
    }),
  };
  return fc.oneof(...types.map((type) => kinds[type]!));
}

/** A record as the watch remembers it; two of them with the same term and LSN must be the same. */
interface Seen {
  readonly term: number;
  readonly key: number;
  readonly value: number;
}

/**
 * Looks at every replica after every step and throws, saying what and when, where one of these does not hold:
 *
 * - Log prefix: two records with the same term and LSN, in any two logs at any one time, are the same record and follow
 *   a record of the same term. By induction, the logs are the same up to it.
 * - replayed ≤ flushed ≤ written.
 * - What a replica holds safe is on every replica's disk, and nothing else has been recycled.
 * - What the newest leader believes confirmed is on that follower's disk, as the leader's own record.
 */
export class LogWatch {
  private readonly simulation: Simulation;
  private readonly logs: Seen[][];
  /** How many logs hold a record, by term and LSN; and what it is and follows. */
  private readonly records = new Map<string, { readonly what: string; holders: number }>();

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.logs = replicasOf(simulation).map(() => []);
  }

  /** Runs to the end, looking after every step. */
  finish(): void {
    this.until(Number.POSITIVE_INFINITY);
  }

  /** Runs until a step at that time or later, looking after every one. */
  until(atUs: number): void {
    let steps = 0;
    while (this.simulation.loop.nowUs < atUs && this.simulation.step()) {
      this.look();
      if (++steps % 500 === 0) this.lookAtData();
    }
    this.look();
    this.lookAtData();
  }

  private look(): void {
    const replicas = replicasOf(this.simulation);
    for (const [node, replica] of replicas.entries()) this.follow(node, replica);
    const onEveryDisk = Math.min(...replicas.map(({ flushedLsn }) => flushedLsn));
    for (const [node, { wal, replayedLsn, flushedLsn, safeLsn }] of replicas.entries()) {
      this.demand(replayedLsn <= flushedLsn, `${node} has replayed ${replayedLsn} and flushed ${flushedLsn}`);
      this.demand(flushedLsn <= wal.lastLsn, `${node} has flushed ${flushedLsn} of ${wal.lastLsn}`);
      this.demand(safeLsn <= onEveryDisk, `${node} holds ${safeLsn} safe; disks hold ${onEveryDisk}`);
      this.demand(
        wal.firstLsn <= safeLsn + 1,
        `${node} has recycled up to ${wal.firstLsn} beyond ${safeLsn}`,
      );
    }
    this.lookAtLeader();
  }

  private lookAtLeader(): void {
    const replicas = replicasOf(this.simulation);
    const leader = this.simulation.cluster.leaderOf(0);
    const { confirmedLsn, term, self } = replicas[leader]!;
    if (replicas[leader]!.leader !== self) return;
    for (const [node, lsn] of confirmedLsn.entries()) {
      if (node === self || lsn === 0) continue;
      const follower = replicas[node]!;
      this.demand(
        lsn <= follower.flushedLsn,
        `term ${term}: ${self} believes ${node} at ${lsn}, its disk is at ${follower.flushedLsn}`,
      );
      const own = timelineTermOf(replicas[leader]!.wal, lsn);
      const its = timelineTermOf(follower.wal, lsn);
      this.demand(
        own === its,
        `term ${term}: ${node} confirmed ${lsn} of term ${its} for one of term ${own}`,
      );
    }
  }

  /** Brings the remembered log of a replica up to date. */
  private follow(node: number, { wal }: Replica): void {
    const log = this.logs[node]!;
    const isSame =
      log.length === wal.lastLsn && (log.length === 0 || log[log.length - 1]!.term === lastTerm(wal));
    if (isSame) return;
    while (log.length > wal.lastLsn) this.forget(log.pop()!.term, log.length + 1);
    for (let lsn = log.length + 1; lsn <= wal.lastLsn; lsn++) {
      const seen = { term: termOf(wal, lsn), key: keyOf(wal, lsn), value: valueAt(wal, lsn) };
      const what = `key ${seen.key}, value ${seen.value}, after term ${log[lsn - 2]?.term ?? 0}`;
      const name = `${seen.term}:${lsn}`;
      const record = this.records.get(name);
      if (record === undefined) this.records.set(name, { what, holders: 1 });
      else {
        this.demand(
          record.what === what,
          `record ${name} is (${record.what}) in one log and (${what}) in that of ${node}`,
        );
        record.holders++;
      }
      log.push(seen);
    }
  }

  private forget(term: number, lsn: number): void {
    const name = `${term}:${lsn}`;
    const record = this.records.get(name)!;
    if (--record.holders === 0) this.records.delete(name);
  }

  /** A replica's data is what its log says, replayed from the beginning. */
  private lookAtData(): void {
    for (const [node, { data, replayedLsn }] of replicasOf(this.simulation).entries()) {
      const expected = new Int32Array(data.length);
      this.logs[node]!.slice(0, replayedLsn).forEach(({ term, key, value }, index) => {
        expected.set([term, index + 1, value], key * DATA_WIDTH);
      });
      this.demand(
        data.every((each, index) => each === expected[index]),
        `${node}'s data is not what its log says`,
      );
    }
  }

  /** The log of a replica as it was remembered, recycled records included. */
  logOf(node: number): readonly Seen[] {
    return this.logs[node]!;
  }

  private demand(holds: boolean, otherwise: string): void {
    if (!holds) throw new Error(`at ${this.simulation.loop.nowUs} µs: ${otherwise}`);
  }
}
