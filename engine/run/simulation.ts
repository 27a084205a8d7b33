import { newCluster } from '#clusters';
import { connectNowAndThen } from '../faults/connectivity.ts';
import { type FaultTarget, healAll, nothingInForce, schedule, whyNot } from '../faults/faults.ts';
import { type LatencyTables, meanUs, sampleLatency } from '../kernel/latency.ts';
import { type Actor, DOWN, LOOK, Loop, type Notebook, PHASE, UP } from '../kernel/loop.ts';
import { Network } from '../kernel/network.ts';
import {
  DELETE,
  READ,
  SERVICE_APPLY,
  SERVICE_CLASSES,
  SERVICE_READ,
  SERVICE_WRITE,
} from '../kernel/protocol.ts';
import { Streams } from '../kernel/random.ts';
import { Alerts } from '../observe/alerts.ts';
import { type Ended, Operations } from '../observe/operations.ts';
import { type Observer, Recorder, type TraceEntry } from '../observe/trace.ts';
import { type ClientSpec, hasRegisters, type NodeSpec, type Scenario } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';
import { actorsOf, type Cell, cellsOf } from '../topologies/cells.ts';
import type { Cluster } from '../topologies/cluster.ts';
import { stampMs } from '../topologies/leaderless/stamps.ts';
import { balanceOf, remediesOf, routingOf } from '../topologies/topologies.ts';
import { DiscardedWrites } from '../verdicts/discarded-writes.ts';
import { Inversions } from '../verdicts/inversions.ts';
import { Linearizability } from '../verdicts/linearizability.ts';
import { Sessions, type SessionVerdictName } from '../verdicts/sessions.ts';
import { StaleReads } from '../verdicts/stale-reads.ts';
import {
  CLIENT_TIMERS,
  type ClientGroup,
  clientChances,
  clientKind,
  clientTimerNames,
  NOTE_BEGAN,
  NOTE_ENDED,
  NOTE_FOUND,
  newClientGroup,
  newRoute,
  OK,
  outcomes,
} from '../workload/clients.ts';
import { type KeyChooser, keysFrom, keysInTurn, uniformKeys, zipfKeys } from '../workload/keys.ts';
import { judgeExpectations } from './expectations.ts';
import { Failovers } from './failovers.ts';
import { LagSamples } from './lag.ts';
import { arrivalsOf, idealMachine, linkSettingsOf, machineOf, tablesOf } from './machines.ts';
import type { NodeLoad, Report, Verdict } from './report.ts';
import { StreamSamples } from './stream-samples.ts';
import { engineVersion } from './version.ts';

/** How often lag is sampled over a run, and how often a drain looks whether it is over. */
const samplesPerRun = 500;
const drainLookUs = 10_000;
const none: readonly never[] = [];

/** How closely a run is watched. It changes what is measured of lag, streams and logs, and nothing in the run. */
export interface Watching {
  /** How often they are sampled over the run. */
  readonly samples?: number;
  /** Whether an observer is told of messages, timers and disks too; otherwise only of what nodes and clients note. */
  readonly messages?: boolean;
  /** As in `RunOptions`. */
  readonly recordsHistory?: boolean;
}

/**
 * One run of a scenario: a cluster, a network, clients, faults, and what is measured of them. A pure function of
 * (scenario, seed, engine version), and of the faults injected on the way.
 */
export class Simulation implements Notebook {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly loop: Loop;
  readonly target: FaultTarget;
  readonly cluster: Cluster;
  readonly groups: readonly ClientGroup[];
  readonly operations: Operations;
  /** Whether the workload is over, and whether the cluster has drained since. */
  draining = false;
  done = false;
  private settled = false;
  private readonly observe: Observer | undefined;
  readonly staleReads: StaleReads;
  /** Present where users are told apart. */
  private readonly sessions: Sessions | undefined;
  /** Present where versions are stamps. */
  private readonly discardedWrites: DiscardedWrites | undefined;
  private readonly inversions: Inversions | undefined;
  /** Present where it is asked for. */
  readonly linearizability: Linearizability | undefined;
  private readonly lag: LagSamples;
  private readonly streams = new StreamSamples();
  private readonly alerts: Alerts;
  /** By shard. */
  readonly cells: readonly Cell[];
  private readonly failovers: readonly Failovers[];
  private overlapUs = 0;
  /** Which node an actor runs on; −1 for those that have a place of their own. */
  private readonly nodeOf: Int32Array;
  private zombieWrites = 0;
  private readonly firstClient: number;

  /** `makeCluster` is every topology's own; a test may give another, with a rule broken. */
  constructor(
    scenario: Scenario,
    seed: number,
    observe: Observer | undefined,
    makeCluster: typeof newCluster = newCluster,
    { samples = samplesPerRun, messages = true, recordsHistory = false }: Watching = {},
  ) {
    this.scenario = scenario;
    this.seed = seed;
    this.observe = observe;
    this.alerts = new Alerts(scenario.alerts, observe);
    const { nodes, topology, workload } = scenario;
    const actorsHere = actorsOf(scenario);
    const { names, regions, places } = actorsHere;
    this.cells = cellsOf(scenario);
    this.failovers = this.cells.map(() => new Failovers());
    this.nodeOf = Int32Array.from(places, (place) => nodes.findIndex(({ id }) => id === place));
    const streams = new Streams(seed);
    const tables = tablesOf(scenario);
    this.firstClient = names.length - workload.clients.length;
    const clients = workload.clients.map((_, group) => this.firstClient + group);
    const linkSettings = linkSettingsOf(scenario, regions, this.firstClient, tables);
    const network = new Network(names, streams, linkSettings);

    this.cluster = makeCluster(
      topology,
      {
        replicas: nodes.length,
        nodes,
        keys: workload.keys.count,
        clients,
        groups: workload.clients,
        deletes: workload.clients.some(({ deletesPerSecond }) => deletesPerSecond > 0),
      },
      {
        names,
        isLive: this.isLive,
        nowUs: () => this.loop.nowUs,
        observe,
        ledBy: (actor) => this.failoversOf(actor).promoted(this.loop.nowUs, actor),
        suspected: (actor) =>
          this.failoversOf(actor).suspected(this.loop.nowUs, actor, {
            wasAlive: this.loop.process(actor) !== DOWN,
          }),
        elected: (actor) => this.failoversOf(actor).elected(this.loop.nowUs),
        discarded: (actor) => this.failoversOf(actor).discarded(),
        rejected: () => {
          this.zombieWrites += 1;
        },
        overlapped: (forUs) => {
          this.overlapUs = Math.max(this.overlapUs, forUs);
        },
      },
    );
    const { count } = workload.keys;
    if ((recordsHistory || expectsLinearizability(scenario)) && hasRegisters(scenario)) {
      this.linearizability = new Linearizability(
        workload.clients.map(({ id }) => id),
        count,
      );
    }
    const keys = choosersOf(scenario);
    this.groups = workload.clients.map((client, group) =>
      newClientGroup(
        {
          group,
          groups: workload.clients.length,
          reads: topology.reads,
          balance: balanceOf(topology),
          writeBalance: topology.type === 'multi-leader' ? topology.writeBalance : null,
          seeksLeader: this.cluster.clientsSeekLeader ?? false,
          asksAnybody: this.cluster.clientsAskAnybody ?? false,
          holdersOf: this.cluster.holdersOf ?? null,
          valueBytes: workload.valueBytes,
          timeoutUs: workload.timeoutUs,
          keys: keys[group]!,
          readEvery: arrivalsOf(client.readsPerSecond, workload.arrivals, tables),
          writeEvery: arrivalsOf(client.writesPerSecond, workload.arrivals, tables),
          deleteEvery: arrivalsOf(client.deletesPerSecond, workload.arrivals, tables),
          context: client.context,
          tellsFound: this.linearizability !== undefined,
          users: workload.users,
          remedies: remediesOf(topology),
          routing: routingOf(topology)?.routing ?? null,
        },
        this.cells.map((cell) =>
          newRoute(
            cell.firstActor,
            cell.nodes.map((_, replica) =>
              meanUs(linkSettings(clients[group]!, cell.firstActor + replica).latency),
            ),
            Math.max(0, this.cluster.leaderOf(cell.firstActor) - cell.firstActor),
            routingOf(topology) !== null,
          ),
        ),
      ),
    );

    const ideal = idealMachine(tables);
    const helperOf = (actor: number) => scenario.helpers.find(({ name }) => name === names[actor])!;
    const actors: Actor[] = [
      ...this.cluster.members.map((member, actor) => {
        const node = nodes[this.nodeOf[actor]!];
        return {
          ...member,
          name: names[actor]!,
          base: this.cells[this.shardOf(actor)]!.firstActor,
          host: places.indexOf(places[actor]!),
          chances: member.chances ?? [],
          ...(node === undefined
            ? { ...ideal, startUs: startOf(names[actor]!, helperOf(actor).startWithinUs, streams) }
            : machineOf(node, tables)),
        };
      }),
      ...this.groups.map((state, group) => ({
        name: names[clients[group]!]!,
        kind: clientKind as Actor['kind'],
        state,
        timers: CLIENT_TIMERS,
        chances: clientChances,
        startUs: workload.clients[group]!.fromUs,
        ...ideal,
      })),
    ];
    this.loop = new Loop(actors, network, streams, this, this.cluster.serviceClassOf);
    this.target = {
      loop: this.loop,
      network,
      ...actorsHere,
      inForce: nothingInForce(),
      operation: (fault, ended) => this.cluster.operation?.(fault, ended) ?? 'its topology knows no such act',
    };
    const { order } = this.cluster;
    const isRead = ({ readsPerSecond, context }: ClientSpec): boolean =>
      readsPerSecond > 0 || context !== null || workload.users !== null;
    this.staleReads = new StaleReads(
      workload.clients.map(({ id }) => id),
      workload.clients.some(isRead) ? count : 0,
      order,
    );
    if (this.cluster.stampsVersions === true) {
      const { ordersWrites, judgesThrownAway } = this.cluster;
      if (ordersWrites !== true && judgesThrownAway !== true && order === undefined)
        this.discardedWrites = new DiscardedWrites(count, (atUs, operation, winner) =>
          this.tell({ type: 'discarded-write', atMs: atUs / 1000, operation, winner }),
        );
      this.inversions = new Inversions(
        workload.clients.map(({ id }) => id),
        count,
        // A read ends while its answer is handled.
        this.cluster.readsGiveNumbers === true ? () => this.loop.input.e : () => 0,
        order,
      );
    }
    if (workload.users !== null && order === undefined) {
      this.sessions = new Sessions(
        { users: workload.users.count, keys: workload.keys.count },
        names,
        workload.clients.map(({ id }) => id),
        this.staleReads.numberOf,
      );
    }
    this.operations = new Operations(
      this.loop,
      this.groups.length,
      workload.keys.count,
      (ended) => this.judge(ended),
      order,
    );
    this.lag = new LagSamples(this.firstClient);
    if (observe !== undefined && messages) {
      this.loop.tracer = new Recorder(
        observe,
        names,
        (actor, slot) =>
          actor < this.firstClient ? this.cluster.timerName(actor, slot) : clientTimerNames[slot]!,
        this.cluster.messageOf,
      );
    }

    for (const fault of scenario.faults) this.schedule(fault);
    for (const node of scenario.nodes) this.connect(node, streams, tables);
    for (const [index, { untilUs }] of workload.clients.entries()) {
      if (untilUs === null || untilUs >= scenario.durationUs) continue;
      this.loop.interrupt({
        atUs: untilUs,
        rank: PHASE,
        run: () => {
          this.groups[index]!.arriving = false;
        },
      });
    }
    this.loop.interrupt({ atUs: scenario.durationUs, rank: PHASE, run: () => this.drain() });
    this.scheduleSample(Math.max(1, Math.floor(scenario.durationUs / samples)));
    this.loop.start();
  }

  /** Runs everything due before `atUs`; the workload's end and the drain included, as far as they fall before. */
  advanceTo(atUs: number): void {
    const { durationUs } = this.scenario;
    while (!this.done && this.loop.nowUs < atUs) {
      if (this.draining) {
        const lookUs = this.nextLookUs();
        this.loop.runUntil(Math.min(atUs, lookUs));
        if (this.loop.nowUs === lookUs) this.look();
      } else {
        // The drain begins at the workload's end exactly, before anything else that is due then.
        this.loop.runUntil(Math.min(atUs, durationUs));
        if (this.loop.nowUs >= durationUs && atUs > durationUs) this.loop.runUntil(durationUs + 1);
      }
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

  /** Runs to the end, drain included. */
  finish(): void {
    this.advanceTo(Number.MAX_SAFE_INTEGER);
  }

  private connect({ id, connects }: NodeSpec, streams: Streams, tables: LatencyTables): void {
    if (connects === undefined) return;
    const stream = streams.add(`${id}: how long it is away`);
    const { table, ticksPerUs } = arrivalsOf(
      1_000_000 / (connects.everyUs - connects.forUs),
      'poisson',
      tables,
    )!;
    connectNowAndThen(
      id,
      connects,
      this.target,
      () => Math.floor(sampleLatency(table, streams.next(stream)) / ticksPerUs),
      () => this.draining,
      (connected) => this.tell({ type: 'connection', atMs: this.loop.nowUs / 1000, node: id, connected }),
    );
  }

  schedule(fault: FaultDocument): void {
    schedule(fault, this.target, (ended) => this.onFault(fault, ended));
  }

  private onFault(fault: FaultDocument, ended: boolean): void {
    const atUs = this.loop.nowUs;
    this.tell({ type: 'fault', atMs: atUs / 1000, fault, ended });
    if (ended) return;
    if (fault.type === 'promote') {
      const leader = this.cluster.leaderOf(0);
      if (whyNot(fault, this.target) === null) this.failovers[0]!.ordered(atUs, leader);
    } else if (fault.type === 'crash') {
      for (const [shard, { firstActor }] of this.cells.entries()) {
        const leader = this.cluster.leaderOf(firstActor);
        if (this.target.places[leader] === fault.node && this.loop.process(leader) !== DOWN)
          this.failovers[shard]!.crashed(atUs, leader);
      }
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

  /** Counted from the workload's end: however the run came there, it looks at the same times. */
  private nextLookUs(): number {
    const { durationUs } = this.scenario;
    return durationUs + (Math.floor((this.loop.nowUs - durationUs) / drainLookUs) + 1) * drainLookUs;
  }

  /** Ends the drain when nothing is under way and the cluster has converged, or when its time is over. */
  private look(): void {
    const answered = this.groups.every(({ open }) => open === 0);
    this.settled = answered && this.cluster.hasConverged();
    this.done = this.settled || this.loop.nowUs >= this.scenario.durationUs + this.scenario.drainUs;
    if (this.done && this.observe !== undefined) this.tellEnd();
  }

  readonly isLive = (actor: number): boolean => this.loop.process(actor) === UP;

  onNote(actor: number, kind: number, a: number, b: number, c: number, d: number): void {
    if (kind === NOTE_BEGAN) {
      const group = actor - this.firstClient;
      this.operations.began(group, a, b, c, d);
      this.inversions?.began(group, a, d);
      this.sessions?.began(group, a, this.userOf(group, a), b, c, d);
      this.linearizability?.began(this.loop.nowUs, group, a, b, c, d);
      if (this.observe !== undefined) this.tellBegan(group, a, b, c, d);
    } else if (kind === NOTE_ENDED) {
      this.operations.ended(actor - this.firstClient, a, b as 0 | 1 | 2, c, d);
    } else if (kind === NOTE_FOUND) {
      this.sessions?.found(actor - this.firstClient, a, b, c);
      this.linearizability?.found(actor - this.firstClient, a, b);
    } else {
      this.cluster.onNote(this.loop.nowUs, actor, kind, a, b, c, d);
    }
  }

  private judge(ended: Ended): void {
    if (ended.kind === READ && ended.lsn === 0 && ended.outcome === OK) this.cluster.foundNothing?.(ended);
    const stale = this.staleReads.ended(ended);
    const broken = this.sessions?.ended(ended) ?? none;
    this.inversions?.ended(ended);
    this.linearizability?.ended(ended);
    this.discardedWrites?.ended(ended, this.groups[ended.group]!.contexts);
    if (ended.kind !== READ && ended.outcome === OK) {
      this.cluster.acknowledged(ended.atUs, ended.term, ended.lsn, ended.number, ended.key);
      this.failovers[ended.key % this.cells.length]!.wrote(ended.atUs, ended.beganUs);
    } else if (ended.kind === READ && ended.lsn > 0) this.cluster.saw?.(ended.term, ended.lsn, ended.key);
    if (this.observe !== undefined) this.tellEnded(ended, stale, broken);
  }

  private userOf(group: number, slot: number): number {
    return this.groups[group]!.users?.ofSlot[slot] ?? 0;
  }

  private tellBegan(group: number, slot: number, operation: number, kind: number, key: number): void {
    this.tell({
      type: 'began',
      atMs: this.loop.nowUs / 1000,
      client: this.scenario.workload.clients[group]!.id,
      ...(this.sessions !== undefined && { user: this.userOf(group, slot) }),
      operation,
      kind: kindName(kind),
      key,
    });
  }

  private tellEnded(ended: Ended, stale: boolean, broken: readonly SessionVerdictName[]): void {
    const stamp = ended.outcome === OK ? stampMs(ended.term, ended.lsn) : null;
    this.tell({
      type: 'ended',
      atMs: ended.atUs / 1000,
      client: this.scenario.workload.clients[ended.group]!.id,
      operation: ended.number,
      kind: kindName(ended.kind),
      key: ended.key,
      outcome: outcomes[ended.outcome]!,
      latencyMs: (ended.atUs - ended.beganUs) / 1000,
      lsn: ended.outcome === OK ? ended.lsn : null,
      ...(stamp !== null && { stampMs: stamp }),
      ...(this.cluster.order !== undefined &&
        ended.lsn > 0 && { clock: this.cluster.order.name(ended.term, ended.lsn) }),
      stale,
      ...(broken.length > 0 && { broken }),
    });
  }

  private tellEnd(): void {
    const atMs = this.loop.nowUs / 1000;
    for (const operation of this.cluster.lostNumbers?.() ?? []) this.tell({ type: 'lost', atMs, operation });
    this.tell({ type: 'drained', atMs, settled: this.settled });
  }

  private tell(entry: TraceEntry): void {
    if (this.observe !== undefined) this.observe(entry);
  }

  private scheduleSample(everyUs: number): void {
    const atUs = this.loop.nowUs + everyUs;
    if (atUs > this.scenario.durationUs) return;
    this.loop.interrupt({
      atUs,
      rank: LOOK,
      run: () => {
        this.sampleLag();
        this.scheduleSample(everyUs);
      },
    });
  }

  private watchStreams(leader: number): void {
    const name = this.target.names[leader]!;
    for (const stream of this.cluster.streams()) {
      if (stream.from !== name) continue;
      this.streams.add(this.loop.nowUs, stream);
      this.alerts.sawStream(this.loop.nowUs, stream.to, stream.state !== 'disconnected');
    }
  }

  private sampleLag(): void {
    const { cluster, loop } = this;
    cluster.looked?.();
    this.watchPairs();
    for (const { firstActor, nodes } of this.cells) {
      const leader = cluster.leaderOf(firstActor);
      if (leader < 0 || !this.isLive(leader)) continue;
      for (let replica = firstActor; replica < firstActor + nodes.length; replica++) {
        if (replica === leader || !this.isLive(replica)) continue;
        const lag = cluster.lagOf(replica);
        this.lag.add(loop.nowUs, replica, lag);
        this.alerts.sawLag(loop.nowUs, this.target.names[replica]!, lag.replayLagUs);
      }
      this.watchStreams(leader);
    }
  }

  /** Where everybody leads, there is something to watch for each pair. */
  private watchPairs(): void {
    const { cluster, alerts, loop } = this;
    const { lagUs, disconnected } = this.scenario.alerts;
    if (cluster.pairLags === undefined || (lagUs === null && !disconnected)) return;
    const pairs = cluster.pairLags();
    for (const pair of pairs) alerts.sawLag(loop.nowUs, `${pair.from} → ${pair.to}`, pair.lagUs);
    for (const { from, to, state } of cluster.streams())
      alerts.sawStream(loop.nowUs, `${from} → ${to}`, state !== 'disconnected');
  }

  verdicts(): Verdict[] {
    return [
      ...this.cluster.verdicts(this.settled),
      this.staleReads.verdict(),
      ...(this.inversions === undefined ? [] : [this.inversions.verdict()]),
      ...(this.discardedWrites === undefined ? [] : [this.discardedWrites.verdict()]),
      ...(this.sessions?.verdicts() ?? []),
      ...(this.linearizability === undefined ? [] : [this.linearizability.verdict()]),
    ];
  }

  /** What the run has shown so far; final once it is done. */
  report(): Report {
    const { scenario, loop, operations, cluster, done } = this;
    const { names } = this.target;
    const untilUs = Math.min(loop.nowUs, scenario.durationUs);
    const { read, write } = operations;
    const loss = cluster.loss();
    const report: Report = {
      engine: engineVersion,
      scenario: scenario.id,
      seed: this.seed,
      digest: loop.digest.toString(),
      durationMs: scenario.durationUs / 1000,
      operations: { read: read.outcomes(done), write: write.outcomes(done) },
      latencyMs: { read: read.latencyMs(), write: write.latencyMs() },
      availability: { read: read.availability(untilUs, done), write: write.availability(untilUs, done) },
      verdicts: this.verdicts(),
      staleness: this.staleReads.staleness(),
      messages: { sent: loop.sentCount, delivered: loop.deliveredCount, dropped: loop.droppedCount },
      events: loop.events,
      failovers: this.failovers.flatMap((each) => each.report(names)),
      falseFailovers: this.failovers.reduce((sum, each) => sum + each.falseAlarms(), 0),
      zombieWritesRejected: this.zombieWrites,
      overlapMs: this.overlapUs / 1000,
      rpo: { writes: loss.writes, ms: (loss.toUs - loss.fromUs) / 1000 },
      lag: this.lag.report(names),
      streams: this.streams.report(),
      alerts: this.alerts.report(),
      replication: cluster.replication?.() ?? null,
      coordination: cluster.coordination?.() ?? null,
      antiEntropy: cluster.antiEntropy?.() ?? null,
      tombstones: cluster.tombstones?.() ?? null,
      siblings: cluster.siblings?.() ?? null,
      snapshots: cluster.snapshots?.() ?? null,
      multiLeader: cluster.multiLeader?.() ?? null,
      certification: cluster.certified?.() ?? null,
      nodes: scenario.nodes.map((_, node) => this.nodeLoad(node)),
      expectations: [],
    };
    return { ...report, expectations: judgeExpectations(scenario.expect, report) };
  }

  private nodeLoad(node: number): NodeLoad {
    const { loop, cluster } = this;
    const host = this.nodeOf.indexOf(node);
    const served = (serviceClass: number) => loop.served[host * SERVICE_CLASSES + serviceClass]!;
    const leads = this.cells.some(({ firstActor }) => this.nodeOf[cluster.leaderOf(firstActor)] === node);
    return {
      node: this.scenario.nodes[node]!.id,
      role:
        leads || cluster.everybodyLeads === true
          ? 'leader'
          : cluster.leaderOf(0) < 0
            ? 'replica'
            : 'follower',
      process: (['up', 'paused', 'down'] as const)[loop.process(host)],
      reads: served(SERVICE_READ),
      writes: served(SERVICE_WRITE),
      applies: served(SERVICE_APPLY),
      refused: loop.refused[host]!,
      queueMsMax: loop.queuedUsMax[host]! / 1000,
    };
  }

  private failoversOf(member: number): Failovers {
    return this.failovers[this.shardOf(member)]!;
  }

  private shardOf(member: number): number {
    let shard = this.cells.length - 1;
    while (this.cells[shard]!.firstActor > member) shard--;
    return shard;
  }
}

/** How each group chooses keys. Those that ask for the same keys in turn take turns. */
function choosersOf({ workload: { clients, keys } }: Scenario): KeyChooser[] {
  const choosers = new Map<number, KeyChooser>();
  return clients.map(({ keys: { first, count } = { first: 0, count: keys.count } }) => {
    const at = first * (keys.count + 1) + count;
    const chooser = choosers.get(at) ?? keysFrom(first, keysOf({ ...keys, count }));
    choosers.set(at, chooser);
    return chooser;
  });
}

function keysOf({ count, choice, exponent }: Scenario['workload']['keys']): KeyChooser {
  switch (choice) {
    case 'uniform':
      return uniformKeys(count);
    case 'zipf':
      return zipfKeys(count, exponent);
    case 'in-turn':
      return keysInTurn(count);
  }
}

function kindName(kind: number): 'read' | 'write' | 'delete' {
  return kind === READ ? 'read' : kind === DELETE ? 'delete' : 'write';
}

/** A moment of a helper's own: what it does falls where it falls, not on round times as faults in files do. */
function startOf(name: string, withinUs: number, streams: Streams): number {
  return streams.below(streams.add(`start of the ${name}`), Math.min(withinUs, 0xffff_ffff));
}

function expectsLinearizability({ expect }: Scenario): boolean {
  return expect.some((each) => 'verdict' in each && each.verdict === 'linearizability');
}
