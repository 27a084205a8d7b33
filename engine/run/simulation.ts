import { actorNames, type FaultTarget, healAll, nothingInForce, schedule } from '../faults/faults.ts';
import { LatencyTables, meanUs } from '../kernel/latency.ts';
import { type Actor, DOWN, LOOK, Loop, type Notebook, PHASE, UP } from '../kernel/loop.ts';
import { type LinkSettings, Network } from '../kernel/network.ts';
import { READ, SERVICE_APPLY, SERVICE_CLASSES, SERVICE_READ, SERVICE_WRITE } from '../kernel/protocol.ts';
import { Streams } from '../kernel/random.ts';
import { Histogram } from '../observe/histogram.ts';
import { type Ended, Operations } from '../observe/operations.ts';
import { type Observer, Recorder, type TraceEntry } from '../observe/trace.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';
import { managerKind, replicaKind, serviceClassOf } from '../topologies/leader-follower/kinds.ts';
import { type Manager, newManager } from '../topologies/leader-follower/manager.ts';
import {
  NOTE_CHOSEN,
  NOTE_DISCARDED,
  NOTE_FOLLOWING,
  NOTE_LEADING,
  NOTE_STREAM,
  NOTE_SUSPECTED,
  streamStates,
} from '../topologies/leader-follower/messages.ts';
import { newReplica, type Replica } from '../topologies/leader-follower/replica.ts';
import { endBytes, lastTerm, writtenAtUs } from '../topologies/leader-follower/wal.ts';
import { divergence } from '../verdicts/divergence.ts';
import { LostWrites } from '../verdicts/lost-writes.ts';
import { StaleReads } from '../verdicts/stale-reads.ts';
import {
  type Arrivals,
  CLIENT_TIMERS,
  type ClientGroup,
  clientChances,
  clientKind,
  newClientGroup,
  NOTE_BEGAN,
  NOTE_ENDED,
  OK,
  outcomes,
} from '../workload/clients.ts';
import { uniformKeys, zipfKeys } from '../workload/keys.ts';
import { judgeExpectations } from './expectations.ts';
import type { Failover, LagSummary, NodeLoad, Report, Verdict } from './report.ts';
import { engineVersion } from './version.ts';

/** How often lag is sampled over a run, and how often a drain looks whether it is over. */
const samplesPerRun = 500;
const drainLookUs = 10_000;

interface Lag {
  readonly histogram: Histogram;
  bytesMax: number;
  readonly atMs: number[];
  readonly replayLagMs: number[];
  readonly lagBytes: number[];
}

interface FailoverRecord {
  fromNode: number;
  toNode: number;
  crashedAtUs: number;
  suspectedAtUs: number;
  promotedAtUs: number;
  okAgainAtUs: number;
}

const never = -1;

/**
 * One run of a scenario: a cluster of node kinds, a network, clients, faults, and what is measured of them.
 * A pure function of (scenario, seed, engine version), and of the faults injected on the way.
 */
export class Simulation implements Notebook {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly loop: Loop;
  readonly target: FaultTarget;
  readonly replicas: readonly Replica[];
  readonly manager: Manager;
  readonly groups: readonly ClientGroup[];
  readonly lostWrites: LostWrites;
  readonly staleReads: StaleReads;
  readonly operations: Operations;
  /** Whether the workload is over, and whether the cluster has drained since. */
  draining = false;
  done = false;
  private settled = false;
  private readonly observe: Observer | undefined;
  private readonly lags: readonly Lag[];
  private readonly failovers: FailoverRecord[] = [];
  /** The replica that leads the newest term. */
  leader: number;
  private leaderTerm = 0;

  constructor(scenario: Scenario, seed: number, observe: Observer | undefined) {
    this.scenario = scenario;
    this.seed = seed;
    this.observe = observe;
    const { nodes, topology, workload } = scenario;
    const { names, regions } = actorNames(scenario);
    const streams = new Streams(seed);
    const tables = tablesOf(scenario);
    const linkSettings = linkSettingsOf(scenario, regions, tables);
    const network = new Network(names, streams, linkSettings);
    const managerActor = nodes.length;
    const clientActors = workload.clients.map((_, group) => nodes.length + 1 + group);

    const requiredFollowers = { asynchronous: 0, 'semi-synchronous': Math.min(1, nodes.length - 1), synchronous: nodes.length - 1 };
    const settings = {
      replicas: nodes.length,
      requiredFollowers: requiredFollowers[topology.acknowledgement],
      reconnectUs: topology.reconnectUs,
      keepaliveUs: topology.keepaliveUs,
      streamTimeoutUs: topology.streamTimeoutUs,
    };
    this.leader = topology.leader;
    this.replicas = nodes.map((_, self) => newReplica(settings, self, topology.leader, workload.keys.count));
    this.manager = newManager(
      {
        replicas: nodes.length,
        automatic: topology.automaticFailover,
        heartbeatUs: topology.heartbeatUs,
        timeoutUs: topology.timeoutUs,
        electionUs: topology.electionUs,
        clients: clientActors,
      },
      topology.leader,
    );
    const keys =
      workload.keys.choice === 'zipf'
        ? zipfKeys(workload.keys.count, workload.keys.exponent)
        : uniformKeys(workload.keys.count);
    this.groups = workload.clients.map((client, group) =>
      newClientGroup(
        {
          replicas: nodes.length,
          group,
          groups: workload.clients.length,
          reads: topology.reads,
          distancesUs: nodes.map((_, replica) => meanUs(linkSettings(clientActors[group]!, replica).latency)),
          valueBytes: workload.valueBytes,
          timeoutUs: workload.timeoutUs,
          keys,
          readEvery: arrivals(client.readsPerSecond, workload.arrivals, tables),
          writeEvery: arrivals(client.writesPerSecond, workload.arrivals, tables),
        },
        topology.leader,
      ),
    );

    const idle = { chances: [], servicePs: noService, disk: { fsync: tables.of(instant), bytesPerSecond: 0 }, clock: { skewUs: 0, driftPpm: 0 } };
    const actors: Actor[] = [
      ...nodes.map((node, index): Actor => {
        const servicePs = [...noService];
        servicePs[SERVICE_READ] = node.readPs;
        servicePs[SERVICE_WRITE] = node.writePs;
        servicePs[SERVICE_APPLY] = node.applyPs;
        return {
          name: node.id,
          kind: replicaKind as Actor['kind'],
          state: this.replicas[index]!,
          timers: replicaKind.timersFor(nodes.length),
          chances: [],
          servicePs,
          disk: { fsync: tables.of(node.fsync), bytesPerSecond: node.diskBytesPerSecond },
          clock: { skewUs: node.skewUs, driftPpm: node.driftPpm },
        };
      }),
      {
        ...idle,
        name: names[managerActor]!,
        kind: managerKind as Actor['kind'],
        state: this.manager,
        timers: managerKind.failover.timers.length,
      },
      ...this.groups.map((group, index): Actor => ({
        ...idle,
        name: names[clientActors[index]!]!,
        kind: clientKind as Actor['kind'],
        state: group,
        timers: CLIENT_TIMERS,
        chances: clientChances,
      })),
    ];
    this.loop = new Loop(actors, network, streams, this, serviceClassOf);
    this.target = { loop: this.loop, network, names, regions, inForce: nothingInForce() };
    this.lostWrites = new LostWrites(this.replicas, names);
    this.staleReads = new StaleReads(workload.clients.map(({ id }) => id));
    this.operations = new Operations(this.groups.length, workload.keys.count, (ended) => this.judge(ended));
    this.lags = nodes.map(() => ({ histogram: new Histogram(), bytesMax: 0, atMs: [], replayLagMs: [], lagBytes: [] }));
    if (observe !== undefined) {
      this.loop.tracer = new Recorder(observe, names, (actor, slot) => this.timerName(actor, slot));
    }

    for (const fault of scenario.faults) this.schedule(fault);
    this.loop.interrupt({ atUs: scenario.durationUs, rank: PHASE, run: () => this.drain() });
    this.scheduleSample(Math.max(1, Math.floor(scenario.durationUs / samplesPerRun)));
    this.loop.start();
  }

  /** Runs everything due before `atUs`; the workload's end and the drain included, as far as they fall before. */
  advanceTo(atUs: number): void {
    while (!this.done && this.loop.nowUs < atUs) {
      if (!this.draining) {
        this.loop.runUntil(Math.min(atUs, this.scenario.durationUs));
        if (this.loop.nowUs >= this.scenario.durationUs && atUs > this.scenario.durationUs) this.loop.runUntil(this.scenario.durationUs + 1);
        continue;
      }
      const lookUs = this.nextLookUs();
      this.loop.runUntil(Math.min(atUs, lookUs));
      if (this.loop.nowUs === lookUs) this.look();
    }
  }

  /** Dispatches one input; false when the run is over. */
  step(): boolean {
    while (!this.done) {
      const limitUs = this.draining ? this.nextLookUs() : this.scenario.durationUs + 1;
      if (this.loop.step(limitUs)) return true;
      if (this.draining) this.look();
    }
    return false;
  }

  /** Counted from the workload's end: however the run came there, it looks at the same times. */
  private nextLookUs(): number {
    const { durationUs } = this.scenario;
    return durationUs + (Math.floor((this.loop.nowUs - durationUs) / drainLookUs) + 1) * drainLookUs;
  }

  /** Runs to the end, drain included. */
  finish(): void {
    this.advanceTo(Number.MAX_SAFE_INTEGER);
  }

  schedule(fault: FaultDocument): void {
    schedule(fault, this.target, (ended) => this.onFault(fault, ended));
  }

  private onFault(fault: FaultDocument, ended: boolean): void {
    const atUs = this.loop.nowUs;
    this.tell({ type: 'fault', atMs: atUs / 1000, fault, ended });
    if (fault.type !== 'crash' || ended) return;
    const node = this.target.names.indexOf(fault.node);
    if (node === this.leader && this.loop.process(node) !== DOWN) {
      this.failovers.push({ fromNode: node, toNode: never, crashedAtUs: atUs, suspectedAtUs: never, promotedAtUs: never, okAgainAtUs: never });
    }
  }

  /** The workload is over: clients ask no more, faults heal, and what is under way comes to its end. */
  private drain(): void {
    this.draining = true;
    this.loop.absorbInterruption(0x647261, 0, 0);
    this.tell({ type: 'drain', atMs: this.loop.nowUs / 1000 });
    for (const group of this.groups) group.asking = false;
    healAll(this.target);
  }

  /** Ends the drain when every live replica holds the leader's log, or when its time is over. */
  private look(): void {
    const answered = this.groups.every(({ open }) => open === 0);
    this.settled = answered && this.hasConverged();
    this.done = this.settled || this.loop.nowUs >= this.scenario.durationUs + this.scenario.drainUs;
  }

  private hasConverged(): boolean {
    const leader = this.replicas[this.leader]!;
    if (!this.isLive(this.leader) || leader.flushedLsn !== leader.wal.lastLsn) return false;
    return this.replicas.every(
      (replica, node) =>
        !this.isLive(node) ||
        (replica.term === leader.term &&
          replica.leader === this.leader &&
          replica.wal.lastLsn === leader.wal.lastLsn &&
          lastTerm(replica.wal) === lastTerm(leader.wal) &&
          replica.flushedLsn === leader.wal.lastLsn),
    );
  }

  readonly isLive = (node: number): boolean => this.loop.process(node) === UP;

  // What nodes note.

  onNote(atUs: number, actor: number, kind: number, a: number, b: number, c: number, d: number): void {
    switch (kind) {
      case NOTE_BEGAN:
        this.operations.began(atUs, actor - this.replicas.length - 1, a, b, c, d);
        if (this.observe !== undefined) {
          this.tell({ type: 'began', atMs: atUs / 1000, client: this.target.names[actor]!, operation: b, kind: c === READ ? 'read' : 'write', key: d });
        }
        return;
      case NOTE_ENDED:
        this.operations.ended(atUs, actor - this.replicas.length - 1, a, b as 0 | 1 | 2, c, d);
        return;
      case NOTE_STREAM:
        if (this.observe !== undefined) {
          const { names } = this.target;
          this.tell({ type: 'stream', atMs: atUs / 1000, from: names[actor]!, to: names[a]!, state: streamStates[b]! });
        }
        return;
      default:
        this.onClusterNote(atUs, actor, kind, a, b, c, d);
    }
  }

  private onClusterNote(atUs: number, actor: number, kind: number, a: number, b: number, c: number, d: number): void {
    const atMs = atUs / 1000;
    const { names } = this.target;
    const node = names[actor]!;
    switch (kind) {
      case NOTE_LEADING: {
        this.lostWrites.leading(actor, a);
        if (a > this.leaderTerm) {
          const failover = this.failovers.at(-1);
          if (this.leaderTerm > 0 && failover !== undefined && failover.toNode === never) {
            failover.toNode = actor;
            failover.promotedAtUs = atUs;
          }
          this.leaderTerm = a;
          this.leader = actor;
        }
        this.tell({ type: 'leading', atMs, node, term: a, lastLsn: b });
        return;
      }
      case NOTE_FOLLOWING:
        this.tell({ type: 'following', atMs, node, term: a, leader: b < 0 ? null : names[b]! });
        return;
      case NOTE_DISCARDED:
        this.lostWrites.discarded(atUs, actor, a);
        this.tell({ type: 'discarded', atMs, node, lsn: a, term: b, value: c, key: d });
        return;
      case NOTE_SUSPECTED: {
        const failover = this.failovers.at(-1);
        if (failover !== undefined && failover.fromNode === a && failover.suspectedAtUs === never && failover.okAgainAtUs === never) {
          failover.suspectedAtUs = atUs;
        } else {
          this.failovers.push({ fromNode: a, toNode: never, crashedAtUs: never, suspectedAtUs: atUs, promotedAtUs: never, okAgainAtUs: never });
        }
        this.tell({ type: 'suspected', atMs, node: names[a]!, term: b });
        return;
      }
      case NOTE_CHOSEN:
        this.tell({ type: 'chosen', atMs, node: names[a]!, term: b });
    }
  }

  private judge(ended: Ended): void {
    const stale = this.staleReads.ended(ended);
    if (ended.kind !== READ && ended.outcome === OK) {
      this.lostWrites.acknowledged(ended.atUs, ended.term, ended.lsn, ended.number, ended.key);
      // A leader may have died before its first ok write: then several failovers end with this one.
      for (let index = this.failovers.length - 1; index >= 0; index--) {
        const failover = this.failovers[index]!;
        if (failover.okAgainAtUs !== never) break;
        if (ended.beganUs >= failover.crashedAtUs) failover.okAgainAtUs = ended.atUs;
      }
    }
    if (this.observe === undefined) return;
    this.observe({
      type: 'ended',
      atMs: ended.atUs / 1000,
      client: this.scenario.workload.clients[ended.group]!.id,
      operation: ended.number,
      kind: ended.kind === READ ? 'read' : 'write',
      key: ended.key,
      outcome: outcomes[ended.outcome]!,
      latencyMs: (ended.atUs - ended.beganUs) / 1000,
      lsn: ended.outcome === OK ? ended.lsn : null,
      stale,
    });
  }

  private tell(entry: TraceEntry): void {
    if (this.observe !== undefined) this.observe(entry);
  }

  private timerName(actor: number, slot: number): string {
    if (actor < this.replicas.length) {
      const { role, stream } = replicaKind;
      if (slot < role.timers.length) return role.timers[slot]!.delay;
      const peer = Math.floor((slot - role.timers.length) / stream.timers.length);
      return `${stream.timers[(slot - role.timers.length) % stream.timers.length]!.delay} of ${this.target.names[peer]!}`;
    }
    if (actor === this.replicas.length) return managerKind.failover.timers[slot]!.delay;
    return ['the wait for the next read', 'the wait for the next write', 'the patience for an answer'][slot]!;
  }

  // Lag.

  private scheduleSample(everyUs: number): void {
    const atUs = this.loop.nowUs + everyUs;
    if (atUs > this.scenario.durationUs) return;
    this.loop.interrupt({
      atUs,
      rank: LOOK,
      run: () => {
        this.sample();
        this.scheduleSample(everyUs);
      },
    });
  }

  private sample(): void {
    if (!this.isLive(this.leader)) return;
    for (const [node, lag] of this.lags.entries()) {
      if (node === this.leader || !this.isLive(node)) continue;
      const { replayLagUs, bytes } = this.lagOf(node);
      lag.histogram.record(replayLagUs);
      lag.bytesMax = Math.max(lag.bytesMax, bytes);
      lag.atMs.push(this.loop.nowUs / 1000);
      lag.replayLagMs.push(replayLagUs / 1000);
      lag.lagBytes.push(bytes);
    }
  }

  /** How far a replica's replay is behind the leader's disk: since when the oldest missing record waits, and bytes. */
  lagOf(node: number): { replayLagUs: number; bytes: number } {
    const leader = this.replicas[this.leader]!;
    const { replayedLsn } = this.replicas[node]!;
    if (node === this.leader || replayedLsn >= leader.flushedLsn) return { replayLagUs: 0, bytes: 0 };
    const { wal } = leader;
    return {
      replayLagUs: Math.max(0, this.loop.nowUs - writtenAtUs(wal, Math.max(replayedLsn + 1, wal.firstLsn))),
      bytes: endBytes(wal, leader.flushedLsn) - endBytes(wal, replayedLsn),
    };
  }

  // The report.

  verdicts(): Verdict[] {
    const { names } = this.target;
    return [
      this.lostWrites.verdict(this.isLive),
      this.staleReads.verdict(),
      divergence(this.replicas, names, this.isLive, this.settled, this.loop.nowUs),
    ];
  }

  /** What the run has shown so far; final once it is done. */
  report(): Report {
    const { scenario, loop, operations } = this;
    const lost = this.lostWrites.lost(this.isLive);
    const untilUs = Math.min(loop.nowUs, scenario.durationUs);
    const report: Report = {
      engine: engineVersion,
      scenario: scenario.id,
      seed: this.seed,
      digest: loop.digest.toString(),
      durationMs: scenario.durationUs / 1000,
      operations: { read: operations.read.outcomes(this.done), write: operations.write.outcomes(this.done) },
      latencyMs: { read: operations.read.latencyMs(), write: operations.write.latencyMs() },
      availability: { read: operations.read.availability(untilUs, this.done), write: operations.write.availability(untilUs, this.done) },
      verdicts: this.verdicts(),
      messages: { sent: loop.sentCount, delivered: loop.deliveredCount, dropped: loop.droppedCount },
      events: loop.events,
      failovers: this.failovers.map((failover) => this.failoverReport(failover)),
      rpo: {
        writes: lost.length,
        ms: lost.length === 0 ? 0 : (lost.at(-1)!.writtenAtUs - lost[0]!.writtenAtUs) / 1000,
      },
      lag: this.lags.flatMap((lag, node) => this.lagReport(lag, node)),
      nodes: this.replicas.map((_, node) => this.nodeLoad(node)),
      expectations: [],
    };
    return { ...report, expectations: judgeExpectations(scenario.expect, report) };
  }

  private failoverReport({ fromNode, toNode, crashedAtUs, suspectedAtUs, promotedAtUs, okAgainAtUs }: FailoverRecord): Failover {
    const { names } = this.target;
    const sinceUs = crashedAtUs === never ? suspectedAtUs : crashedAtUs;
    const ms = (atUs: number) => (atUs === never ? null : atUs / 1000);
    const after = (atUs: number) => (atUs === never ? null : (atUs - sinceUs) / 1000);
    return {
      fromNode: names[fromNode]!,
      toNode: toNode === never ? null : names[toNode]!,
      crashedAtMs: ms(crashedAtUs),
      suspectedAtMs: ms(suspectedAtUs),
      detectedAfterMs: after(suspectedAtUs),
      promotedAfterMs: after(promotedAtUs),
      rtoMs: crashedAtUs === never ? null : after(okAgainAtUs),
    };
  }

  private lagReport(lag: Lag, node: number): LagSummary[] {
    if (lag.histogram.count === 0) return [];
    return [
      {
        node: this.target.names[node]!,
        replayLagMs: { p50: lag.histogram.quantile(0.5)! / 1000, max: lag.histogram.max! / 1000 },
        lagBytesMax: lag.bytesMax,
        series: { atMs: lag.atMs, replayLagMs: lag.replayLagMs, lagBytes: lag.lagBytes },
      },
    ];
  }

  private nodeLoad(node: number): NodeLoad {
    const { loop } = this;
    const served = (serviceClass: number) => loop.served[node * SERVICE_CLASSES + serviceClass]!;
    return {
      node: this.target.names[node]!,
      role: node === this.leader ? 'leader' : 'follower',
      process: (['up', 'paused', 'down'] as const)[loop.process(node)],
      reads: served(SERVICE_READ),
      writes: served(SERVICE_WRITE),
      applies: served(SERVICE_APPLY),
      queueMsMax: loop.queuedUsMax[node]! / 1000,
    };
  }
}

const instant = { type: 'constant', delayUs: 0 } as const;
const noService: readonly number[] = new Array(SERVICE_CLASSES).fill(0);

/** Runs of one scenario share its latency tables: they depend on nothing else, and take longer to build than a short run. */
const tablesByScenario = new WeakMap<Scenario, LatencyTables>();

function tablesOf(scenario: Scenario): LatencyTables {
  let tables = tablesByScenario.get(scenario);
  if (tables === undefined) tablesByScenario.set(scenario, (tables = new LatencyTables()));
  return tables;
}

/** Link settings of a pair of actors, by their regions. Streams between replicas keep their order, as TCP does. */
function linkSettingsOf(scenario: Scenario, regions: readonly string[], tables: LatencyTables) {
  return (from: number, to: number): LinkSettings => {
    const link =
      scenario.between.find((each) => each.from === regions[from] && each.to === regions[to]) ?? scenario.within;
    const betweenReplicas = from <= scenario.nodes.length && to <= scenario.nodes.length;
    return {
      latency: tables.of(link.latency),
      bytesPerSecond: link.bytesPerSecond,
      loss: link.loss,
      duplication: link.duplication,
      // Clients have a connection each, so that their messages are not in anybody's order.
      ordered: betweenReplicas && !link.reordering,
    };
  };
}

/** Time between arrivals at a rate, in ticks fine enough that rounding does not change the rate. */
function arrivals(perSecond: number, kind: 'poisson' | 'regular', tables: LatencyTables): Arrivals | null {
  if (perSecond === 0) return null;
  const meanUs = 1_000_000 / perSecond;
  // As fine as leaves the longest wait of a 32-bit draw, 22.2 means, below the 2^31 ticks that a table holds.
  let ticksPerUs = 2 ** 20;
  while (meanUs * ticksPerUs > 2 ** 26) ticksPerUs /= 2;
  const mean = meanUs * ticksPerUs;
  const table = tables.of(
    kind === 'poisson' ? { type: 'exponential', meanUs: mean } : { type: 'constant', delayUs: Math.round(mean) },
  );
  return { table, ticksPerUs };
}
