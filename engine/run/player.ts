/**
 * A run that is played: advanced by virtual time or step by step, looked at, and given faults on the way. How often it is
 * advanced changes nothing. Going back is running again: a run is a pure function of what it was given.
 */

import { faultProblems } from '../faults/fault-names.ts';
import { type FaultTarget, whyNot } from '../faults/faults.ts';
import type { History } from '../histories/history.ts';
import { MESSAGE_KINDS, READ } from '../kernel/protocol.ts';
import { A, B, C, D, E, FROM, KIND, STRIDE, TO } from '../kernel/queue.ts';
import { messageOf } from '../observe/trace.ts';
import { InputError } from '../scenario/problems.ts';
import { type Scenario, toUs } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';
import { type StreamState, streamStates } from '../topologies/leader-follower/messages.ts';
import type { SyncState } from '../topologies/leader-follower/waiting.ts';
import type { MultiLeaderSpec } from '../topologies/multi-leader/spec.ts';
import { placeOf } from '../topologies/sharded/spec.ts';

import type { Report } from './report.ts';
import type { RunOptions } from './simulate.ts';
import { Simulation } from './simulation.ts';

/** A fault without its time, as it is given live. */
export type FaultAction = FaultDocument extends infer Each
  ? Each extends { atMs: number }
    ? Omit<Each, 'atMs'>
    : never
  : never;

export interface EnabledFault {
  readonly fault: FaultAction;
  readonly label: string;
  readonly enabled: boolean;
  /** Why it cannot happen now; null where it can. */
  readonly why: string | null;
}

/** What a replica is and how far its log has come. */
export interface NodeRole {
  readonly role: 'leader' | 'follower' | 'candidate' | 'replica';
  /** The chart's state, dotted: `following.receiving`. */
  readonly state: string;
  readonly term: number;
  readonly writtenLsn: number;
  readonly flushedLsn: number;
  readonly appliedLsn: number;
  readonly believedLeader: string | null;
  /** What a replica without a log holds; absent where there is a log. */
  readonly copies?: CopiesView;
  /** What a leader among several has heard of; absent where one log orders all writes. */
  readonly changes?: ChangesView;
}

/** Of the keys that were written and that a replica keeps copies of: how many copies are the newest version any node has. */
export interface CopiesView {
  readonly keys: number;
  readonly newest: number;
  /** Those that a crash of the machine would leave. */
  readonly newestOnDisk: number;
}

/** Of all changes that any leader has committed: how many have come to this one, and how many of them it has applied. */
export interface ChangesView {
  readonly all: number;
  readonly received: number;
  readonly applied: number;
}

export interface NodeView extends NodeRole {
  readonly id: string;
  readonly region: string;
  readonly process: 'up' | 'paused' | 'down';
  /** How far it is behind what the leader has on its disk, named as pg_stat_replication names it. */
  readonly writeLagMs: number;
  readonly flushLagMs: number;
  readonly replayLagMs: number;
  /** In bytes, replay. */
  readonly lagBytes: number;
}

/** A leader's side of a replication link. */
export interface StreamView {
  readonly from: string;
  readonly to: string;
  readonly state: StreamState;
  /** `pg_stat_replication.sync_state`: whether writes wait for it, or would if another were gone. */
  readonly syncState: SyncState;
  /** Byte position in the leader's log through which it was sent. */
  readonly sentBytes: number;
}

export interface LinkView {
  readonly from: string;
  readonly to: string;
  readonly cut: boolean;
}

export interface MessageView {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly sentMs: number;
  readonly arrivesMs: number;
}

export interface ClientView {
  readonly id: string;
  readonly region: string;
  /** Whom it takes for the leader; null where it asks anybody. */
  readonly leader: string | null;
  readonly openOperations: number;
}

export interface HelperState {
  /** The chart's state, of a failover manager `watching`, `collecting` or `promoting`. */
  readonly state: string;
  /** Whom it takes for the leader. */
  readonly leader: string | null;
}

export interface HelperView extends HelperState {
  readonly id: string;
  readonly region: string;
}

/** What a picture of the present needs. */
export interface ClusterView {
  readonly nowMs: number;
  readonly nodes: readonly NodeView[];
  readonly streams: readonly StreamView[];
  readonly links: readonly LinkView[];
  readonly messages: readonly MessageView[];
  readonly clients: readonly ClientView[];
  /** Actors beside the nodes: failover managers. */
  readonly helpers: readonly HelperView[];
}

export interface Player {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly nowMs: number;
  readonly durationMs: number;
  /** The workload is over and the cluster has drained. */
  readonly done: boolean;
  /** Faults given live, as a scenario file holds them. */
  readonly injected: readonly FaultDocument[];
  digest(): string;
  /** Runs everything due before `atMs`. Never goes back. */
  advanceTo(atMs: number): void;
  /** Dispatches one input; false when the run is over. */
  step(): boolean;
  /** Every crash, restart, pause, resume, cut and heal of a node or pair, possible now or not. */
  enabledFaults(): EnabledFault[];
  /** Makes a fault happen now, and gives it as a file would hold it. Throws InputError where it is not possible. */
  inject(fault: FaultAction): FaultDocument;
  view(): ClusterView;
  report(): Report;
  /** What clients asked and were answered so far; null where it is not recorded, or keys are no registers. */
  history(): History | null;
  /** Another player at the same point, run there from the start. */
  fork(): Player;
}

/** Opens a scenario to be played from its beginning. */
export function open(scenario: Scenario, options: RunOptions = {}): Player {
  return new SimulationPlayer(scenario, options, []);
}

class SimulationPlayer implements Player {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly injected: FaultDocument[] = [];
  private readonly simulation: Simulation;

  constructor(scenario: Scenario, options: RunOptions, injected: readonly FaultDocument[]) {
    this.scenario = scenario;
    this.seed = options.seed ?? scenario.seed;
    this.simulation = new Simulation(scenario, this.seed, options.observe, undefined, options);
    for (const fault of injected) {
      this.injected.push(fault);
      this.simulation.schedule(fault);
    }
  }

  get nowMs(): number {
    return this.simulation.loop.nowUs / 1000;
  }

  get durationMs(): number {
    return this.scenario.durationUs / 1000;
  }

  get done(): boolean {
    return this.simulation.done;
  }

  digest(): string {
    return this.simulation.loop.digest.toString();
  }

  advanceTo(atMs: number): void {
    this.simulation.advanceTo(toUs(atMs));
  }

  step(): boolean {
    return this.simulation.step();
  }

  enabledFaults(): EnabledFault[] {
    const { target } = this.simulation;
    const offered = [
      ...possibleFaults(this.scenario),
      ...(this.simulation.cluster.operation === undefined ? [] : operatorFaultsOf(this.scenario)),
    ];
    return offered.map(({ fault, label }) => {
      const why = this.whyNotNow({ ...fault, atMs: this.injectionUs / 1000 }, target);
      return { fault, label, enabled: why === null, why };
    });
  }

  inject(action: FaultAction): FaultDocument {
    const { target } = this.simulation;
    const fault: FaultDocument = { ...action, atMs: this.injectionUs / 1000 };
    const problems = faultProblems(this.scenario, fault, ['fault']);
    if (problems.length > 0) throw new InputError('scenario', problems);
    const why = this.whyNotNow(fault, target);
    if (why !== null)
      throw new InputError('scenario', [
        { path: ['fault'], found: fault.type, expected: 'a fault that is possible now', hint: why },
      ]);
    this.injected.push(fault);
    this.simulation.schedule(fault);
    return fault;
  }

  /** What was dispatched at the present instant stays as it is: a fault given now comes after it, a microsecond later. */
  private get injectionUs(): number {
    const { loop } = this.simulation;
    return Math.max(loop.nowUs, loop.dispatchedAtUs + 1);
  }

  private whyNotNow(fault: FaultDocument, target: FaultTarget): string | null {
    const isOver = this.simulation.draining || toUs(fault.atMs) > this.scenario.durationUs;
    return isOver ? 'the workload is over' : whyNot(fault, target);
  }

  view(): ClusterView {
    return viewOf(this.simulation);
  }

  report(): Report {
    return this.simulation.report();
  }

  history(): History | null {
    return this.simulation.linearizability?.history() ?? null;
  }

  fork(): Player {
    const copy = new SimulationPlayer(this.scenario, { seed: this.seed }, this.injected);
    const { loop } = this.simulation;
    copy.simulation.advanceTo(loop.nowUs);
    while (copy.simulation.loop.events < loop.events && copy.step());
    return copy;
  }
}

/** The faults a reader may try: on each node, and between each pair of nodes. */
function possibleFaults(scenario: Scenario): { fault: FaultAction; label: string }[] {
  const ids = scenario.nodes.map(({ id }) => id);
  const machines = ids.flatMap((node) => [
    { fault: { type: 'crash', node } as const, label: `crash ${node}` },
    { fault: { type: 'restart', node } as const, label: `restart ${node}` },
    { fault: { type: 'pause', node } as const, label: `pause ${node}` },
    { fault: { type: 'resume', node } as const, label: `resume ${node}` },
  ]);
  const pairs = ids.flatMap((a, index) => ids.slice(index + 1).map((b) => [a, b] as const));
  const links = pairs.flatMap(([a, b]) => [
    { fault: { type: 'cut', from: [a], to: [b], oneWay: false } as const, label: `cut ${a} – ${b}` },
    { fault: { type: 'heal', from: [a], to: [b] } as const, label: `heal ${a} – ${b}` },
  ]);
  return [...machines, ...links] as { fault: FaultAction; label: string }[];
}

/** A query that outlasts what replay waits for by default, and a transaction that takes a second at 100 MB/s. */
const longQueryMs = 60_000;
const hugeTransactionBytes = 100_000_000;

/** What a reader may do as an operator, where the topology knows such acts. */
function operatorFaultsOf(scenario: Scenario): { fault: FaultAction; label: string }[] {
  const { nodes, topology } = scenario;
  if (topology.type === 'multi-leader')
    return [...promotionsOf(nodes, topology), ...schemaFaults(nodes, topology)];
  const ids = nodes.map(({ id }) => id);
  return [
    ...ids.map((node) => ({ fault: { type: 'promote', node } as const, label: `promote ${node}` })),
    ...ids.map((node) => ({
      fault: { type: 'long-query', node, forMs: longQueryMs, conflict: 'cleanup' } as const,
      label: `long query on ${node}`,
    })),
    {
      fault: { type: 'huge-transaction', bytes: hugeTransactionBytes, key: 0 },
      label: 'huge transaction at the leader',
    },
    { fault: { type: 'cancel-waits' }, label: 'let waiting writes go' },
  ];
}

/** Where leaders have followers: which may be promoted. */
function promotionsOf(
  nodes: Scenario['nodes'],
  { follows }: MultiLeaderSpec,
): { fault: FaultAction; label: string }[] {
  return nodes.flatMap(({ id }, index) =>
    follows[index] ? [{ fault: { type: 'promote', node: id } as const, label: `promote ${id}` }] : [],
  );
}

/** Where a scenario's tables come to differ in a column: what can be done about that one. */
function schemaFaults(
  nodes: Scenario['nodes'],
  { lastColumnLater }: MultiLeaderSpec,
): { fault: FaultAction; label: string }[] {
  if (!lastColumnLater) return [];
  const labels = [
    ['add', 'add the column at'],
    ['write', 'write the column at'],
    ['stop-writing', 'write it no more at'],
    ['drop', 'drop the column at'],
  ] as const;
  return labels.flatMap(([does, label]) =>
    nodes.map(({ id }) => ({
      fault: { type: 'change-schema', node: id, does } as const,
      label: `${label} ${id}`,
    })),
  );
}

function viewOf(simulation: Simulation): ClusterView {
  const { loop, target, cluster, groups, scenario } = simulation;
  const { places } = target;
  const { nodes, helpers, workload } = scenario;
  const replicas = replicaActors(simulation);
  const roles = cluster.roles();
  const spots = [...new Set(places)];
  return {
    nowMs: loop.nowUs / 1000,
    nodes: nodes.map(({ id, region }) => {
      const here = replicas.flatMap((actor, index) =>
        places[actor] === id ? [{ actor, ...roles[index]! }] : [],
      );
      const lags = here.map(({ actor }) => cluster.lagOf(actor));
      const { actor: _, ...role } = togetherOn(here);
      return {
        id,
        region,
        process: (['up', 'paused', 'down'] as const)[loop.process(places.indexOf(id))],
        ...role,
        writeLagMs: Math.max(...lags.map(({ writeLagUs }) => writeLagUs)) / 1000,
        flushLagMs: Math.max(...lags.map(({ flushLagUs }) => flushLagUs)) / 1000,
        replayLagMs: Math.max(...lags.map(({ replayLagUs }) => replayLagUs)) / 1000,
        lagBytes: Math.max(...lags.map(({ replayLagBytes }) => replayLagBytes)),
      };
    }),
    streams: streamsBetween(cluster.streams(), target),
    links: spots.flatMap((from) =>
      spots.flatMap((to) =>
        from === to
          ? []
          : [{ from, to, cut: target.network.isCut(places.indexOf(from), places.indexOf(to)) }],
      ),
    ),
    messages: inFlight(simulation),
    clients: groups.map((group, index) => {
      const route = group.routes[0]!;
      return {
        id: workload.clients[index]!.id,
        region: workload.clients[index]!.region,
        leader: group.settings.asksAnybody ? null : places[route.firstActor + route.leader]!,
        openOperations: group.open,
      };
    }),
    // Of a place that has a helper for each shard, the first one's.
    helpers: cluster.helpers().flatMap((state, index) => {
      const { name, region } = helpers[index]!;
      const id = placeOf(name);
      return helpers.findIndex((each) => placeOf(each.name) === id) === index
        ? [{ id, region, ...state }]
        : [];
    }),
  };
}

/** The replicas of all shards, in the order of their roles. */
function replicaActors({ cells }: Simulation): number[] {
  return cells.flatMap(({ firstActor, nodes }) => nodes.map((_, replica) => firstActor + replica));
}

/** What a node is whose replicas are these: the one replica there is, or as far as those of several shards add up. */
function togetherOn<Role extends NodeRole>(replicas: readonly Role[]): Role {
  const [first, ...others] = replicas;
  if (others.length === 0) return first!;
  const led = replicas.filter(({ role }) => role === 'leader').length;
  const sum = (of: (role: Role) => number) => replicas.reduce((total, each) => total + of(each), 0);
  return {
    ...first!,
    role: led > 0 ? 'leader' : 'follower',
    state: `leads ${led} of ${replicas.length}`,
    term: Math.max(...replicas.map(({ term }) => term)),
    writtenLsn: sum(({ writtenLsn }) => writtenLsn),
    flushedLsn: sum(({ flushedLsn }) => flushedLsn),
    appliedLsn: sum(({ appliedLsn }) => appliedLsn),
    believedLeader: null,
  };
}

/** Of several shards' streams between two nodes the one that is worst off. */
function streamsBetween(streams: readonly StreamView[], { names, places }: FaultTarget): StreamView[] {
  const byPair = new Map<string, StreamView>();
  for (const stream of streams) {
    const from = places[names.indexOf(stream.from)]!;
    const to = places[names.indexOf(stream.to)]!;
    const before = byPair.get(`${from} ${to}`);
    if (before === undefined || streamStates.indexOf(stream.state) < streamStates.indexOf(before.state))
      byPair.set(`${from} ${to}`, { ...stream, from, to });
  }
  return [...byPair.values()];
}

function inFlight({ loop, target, cluster }: Simulation): MessageView[] {
  const { queue } = loop;
  const { places } = target;
  const messages: MessageView[] = [];
  queue.forEach((record) => {
    const at = record * STRIDE;
    const { words, times } = queue;
    const kind = words[at + KIND]!;
    if (kind < READ || kind >= MESSAGE_KINDS || loop.isLostWithItsSender(record)) return;
    messages.push({
      from: places[words[at + FROM]!]!,
      to: places[words[at + TO]!]!,
      kind: messageOf(
        cluster.messageOf,
        kind,
        words[at + A]!,
        words[at + B]!,
        words[at + C]!,
        words[at + D]!,
        words[at + E]!,
      ).type,
      sentMs: times[record * 2 + 1]! / 1000,
      arrivesMs: times[record * 2]! / 1000,
    });
  });
  return messages;
}
