/**
 * One bucket of the map as a run of the whole engine: a write, and a read of it that begins so long after its acknowledgement.
 * The writer's coordinator and the reader's hold no copies, so the four ways between them and the replicas are the model's
 * four: there with the write, back, there with the read, back.
 */
import { type QuorumLatency, type Scenario, type ScenarioSource, simulate, type TraceEntry } from '#engine';
import { asWritten } from './delays.ts';

export interface Bucket {
  readonly latency: QuorumLatency;
  /** Answers that a read and a write wait for, of three replicas. */
  readonly r: number;
  readonly w: number;
  /** From the write's acknowledgement to the read's beginning. */
  readonly tMs: number;
}

export interface Replay {
  readonly seed: number;
  readonly isStale: boolean;
  /** When the write was acknowledged. */
  readonly acknowledgedMs: number;
  readonly scenario: Scenario;
  readonly source: ScenarioSource;
}

/** The first read of a group that asks once a millisecond comes that long after its beginning. */
const firstReadUs = 1000;

/** content/scenarios/one-write-one-read.yaml, parsed and as it is written. */
export interface Base {
  readonly scenario: Scenario;
  readonly source: ScenarioSource;
}

/** The runs of a bucket, seed by seed; they share what takes long to prepare. */
export function replays(base: Base, bucket: Bucket): (seed: number) => Replay {
  const scenario = withBucket(base.scenario, bucket);
  return (seed) => replay(scenario, base, bucket, seed);
}

function replay(bucketOf: Scenario, base: Base, bucket: Bucket, seed: number): Replay {
  const alike = { ...bucketOf, seed, faults: farReplicas(bucket.latency, seed) };
  // The draws of a link are its own: when the write is acknowledged does not depend on when the read begins.
  let acknowledgedMs = 0;
  simulate(
    { ...alike, workload: { ...alike.workload, clients: alike.workload.clients.slice(0, 1) } },
    {
      seed,
      observe: (entry) => {
        if (entry.type === 'ended') acknowledgedMs = entry.atMs;
      },
    },
  );
  const scenario = readAfter(alike, Math.round((acknowledgedMs + bucket.tMs) * 1000) + 1);
  let read: Extract<TraceEntry, { type: 'ended' }> | undefined;
  simulate(scenario, {
    seed,
    observe: (entry) => {
      if (entry.type === 'ended' && entry.kind === 'read') read = entry;
    },
  });
  if (read === undefined) throw new Error(`seed ${seed} has no read that ended`);
  const source = sourceOf(base.source, bucket, scenario);
  return { seed, isStale: read.stale, acknowledgedMs, scenario, source };
}

function withBucket(base: Scenario, { latency, r, w }: Bucket): Scenario {
  const { write, ack, request, response } = latency;
  if (base.topology.type !== 'leaderless') throw new Error('a replay is of a leaderless scenario');
  // The file's first four links are these ways; what is left joins the two coordinators.
  const ways = [write, ack, request, response];
  return {
    ...base,
    topology: {
      ...base.topology,
      read: { ...base.topology.read, wanted: r },
      write: { ...base.topology.write, wanted: w },
    },
    between: base.between.map((link, index) => ({ ...link, latency: ways[index] ?? link.latency })),
  };
}

/** A scenario whose reader asks once, at this instant. */
function readAfter(scenario: Scenario, atUs: number): Scenario {
  const [writer, reader] = scenario.workload.clients;
  const fromUs = atUs - firstReadUs;
  const clients = [writer!, { ...reader!, fromUs, untilUs: fromUs + firstReadUs * 1.5 }];
  return { ...scenario, workload: { ...scenario.workload, clients } };
}

/** Where replicas are far: all but the first from the writer, and all but one of the three from the reader. */
function farReplicas({ remoteUs }: QuorumLatency, seed: number): Scenario['faults'] {
  if (remoteUs === 0) return [];
  const replicas = ['a', 'b', 'c'];
  const farFrom = (node: string, near: number) =>
    ({
      type: 'slow-link',
      from: [node],
      to: replicas.filter((_, index) => index !== near),
      oneWay: false,
      extraMs: remoteUs / 1000,
      atMs: 0,
    }) as const;
  return [farFrom('writer', 0), farFrom('reader', seed % replicas.length)];
}

/** The same, to be taken away and run elsewhere. */
function sourceOf(base: ScenarioSource, { latency, r, w }: Bucket, scenario: Scenario): ScenarioSource {
  const { write, ack, request, response } = latency;
  const ways = [write, ack, request, response].map(asWritten);
  const [writer, reader] = base.workload.clients;
  const { fromUs, untilUs } = scenario.workload.clients[1]!;
  return {
    ...base,
    seed: scenario.seed,
    topology: { ...base.topology, read: r, write: w } as ScenarioSource['topology'],
    network: {
      ...base.network,
      between: base.network!.between!.map((link, index) => ({
        ...link,
        latency: ways[index] ?? link.latency!,
      })),
    },
    workload: {
      ...base.workload,
      clients: [writer!, { ...reader!, fromMs: fromUs / 1000, untilMs: untilUs! / 1000 }],
    },
    faults: [...scenario.faults],
  };
}
