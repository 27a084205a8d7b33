/** The two node kinds of leader-follower: replica and failover manager, each driven by its lowered charts. */

import {
  CRASHED,
  FLUSHED,
  type NodeKind,
  OPERATOR,
  READ,
  RESTARTED,
  SERVICE_APPLY,
  SERVICE_NONE,
  SERVICE_READ,
  SERVICE_TURN,
  SERVICE_WRITE,
  START,
  TIMER,
  WRITE,
} from '../../kernel/protocol.ts';
import type { Chart } from '../../statecharts/chart.ts';
import { lower } from '../../statecharts/lower.ts';
import { COPY_BEGIN, COPY_END, COPY_ROW, COPY_TERM } from '../copy.ts';
import { REPLAYED } from './acknowledgement.ts';
import { agentChart } from './agent.chart.ts';
import { compare } from './agent.ts';
import { loseMemory, replayFlushed } from './durable-log.ts';
import { failoverChart } from './failover.chart.ts';
import { closeConnection } from './following.ts';
import { heldReadsChart } from './held-reads.chart.ts';
import { holdRead } from './held-reads.ts';
import { leaderKeyChart } from './leader-key.chart.ts';
import type { Keeping, LeaderKey } from './leader-key.ts';
import { leaseChart } from './lease.chart.ts';
import type { Care, Manager } from './manager.ts';
import {
  ACT_BEGIN_QUERY,
  ACT_CANCEL_WAITS,
  ACT_END_QUERY,
  ACT_HUGE_TRANSACTION,
  ACT_PROMOTE,
  ALIVE,
  APPEND,
  ASK,
  BACKUP,
  CANVASS,
  CLAIM,
  CLOSED,
  COMPARE,
  COMPARED,
  CONFIRM,
  DOUBTED,
  GRANT,
  GREETING,
  HELLO,
  KEEPALIVE,
  KEY_FREE,
  KEY_LOST,
  KEY_RENEWED,
  LEADS,
  LEASE,
  OFF,
  OPINION,
  POINT,
  POSITION,
  PROBE,
  PROMOTE,
  PROMOTED,
  READ_KEY,
  RECYCLED,
  REJECTED,
  RENEW,
  STREAM,
  VOTE,
} from './messages.ts';
import { powerChart } from './power.chart.ts';
import type { Power, Switching } from './power.ts';
import { replayChart } from './replay.chart.ts';
import { replaysAtOnce } from './replaying.ts';
import type { Activation, Replica } from './replica.ts';
import { type RoleEvent, roleChart } from './role.chart.ts';
import { streamChart } from './stream.chart.ts';
import { waitChart } from './wait.chart.ts';
import { walWriterChart } from './wal-writer.chart.ts';

const roleEvents: readonly (readonly [number, RoleEvent['type']])[] = [
  [READ, 'read'],
  [WRITE, 'write'],
  [HELLO, 'hello'],
  [POINT, 'point'],
  [STREAM, 'stream'],
  [APPEND, 'append'],
  [CONFIRM, 'confirm'],
  [KEEPALIVE, 'keepalive'],
  [PROBE, 'probe'],
  [ASK, 'ask'],
  [PROMOTE, 'promote'],
  [LEADS, 'leads'],
  [CLOSED, 'closed'],
  [REJECTED, 'rejected'],
  [RECYCLED, 'recycled'],
  [BACKUP, 'backup'],
  [COPY_BEGIN, 'backup part'],
  [COPY_TERM, 'backup part'],
  [COPY_ROW, 'backup part'],
  [COPY_END, 'backup part'],
  [FLUSHED, 'flushed'],
  [RESTARTED, 'restarted'],
];

/** Steps the stream charts of whichever replica is activated. Their timers come after the role chart's. */
function loweredStreams(firstTimer: () => number) {
  const chart = lower(streamChart, {
    startTimer: ({ out, peer }, slot, delayUs) =>
      out.startTimer(firstTimer() + peer * chart.timers.length + slot, delayUs),
    cancelTimer: ({ out, peer }, slot) => out.cancelTimer(firstTimer() + peer * chart.timers.length + slot),
  });
  const indices = {
    hello: chart.eventIndex('hello'),
    stream: chart.eventIndex('stream'),
    backup: chart.eventIndex('backup'),
    confirm: chart.eventIndex('confirm'),
    flushed: chart.eventIndex('flushed'),
    close: chart.eventIndex('close'),
  };
  // A handle of its own: a chart must not be stepped on the handle that another chart's action is running on.
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };
  const stepPeer = ({ node, input, out }: Activation, peer: number, event: number): void => {
    handle.node = node;
    handle.input = input;
    handle.out = out;
    handle.peer = peer;
    node.streams[peer] = chart.step(node.streams[peer]!, event, handle);
  };
  return {
    chart,
    stepPeer,
    step: (activation: Activation, event: 'hello' | 'stream' | 'confirm' | 'backup'): void =>
      stepPeer(activation, activation.input.from, indices[event]),
    stepAll(activation: Activation, event: 'flushed' | 'close'): void {
      const { node } = activation;
      const index = indices[event];
      for (let peer = 0; peer < node.settings.replicas; peer++) {
        if (peer !== node.self) stepPeer(activation, peer, index);
      }
    },
  };
}

/**
 * Steps the charts beside the role: how long the leader's writes wait, its log on its way to disk, reads that are held, a
 * follower's replay, its lease.
 */
function loweredHelpers(firstTimer: (replicas: number) => number) {
  const sink = (before: () => number) => ({
    startTimer: ({ node, out }: Activation, slot: number, delayUs: number) =>
      out.startTimer(firstTimer(node.settings.replicas) + before() + slot, delayUs),
    cancelTimer: ({ node, out }: Activation, slot: number) =>
      out.cancelTimer(firstTimer(node.settings.replicas) + before() + slot),
  });
  const wait = lower(
    waitChart,
    sink(() => 0),
  );
  const walWriter = lower(
    walWriterChart,
    sink(() => wait.timers.length),
  );
  const heldReads = lower(
    heldReadsChart,
    sink(() => wait.timers.length + walWriter.timers.length),
  );
  const replay = lower(
    replayChart,
    sink(() => wait.timers.length + walWriter.timers.length + heldReads.timers.length),
  );
  const lease = lower(
    leaseChart,
    sink(() => wait.timers.length + walWriter.timers.length + heldReads.timers.length + replay.timers.length),
  );
  const event = {
    replayFlushed: replay.eventIndex('flushed'),
    replayQueryOver: replay.eventIndex('query over'),
    replayClose: replay.eventIndex('close'),
    waitWritten: wait.eventIndex('written'),
    waitMoved: wait.eventIndex('moved'),
    waitClose: wait.eventIndex('close'),
    writerWritten: walWriter.eventIndex('written'),
    writerClose: walWriter.eventIndex('close'),
    readHeld: heldReads.eventIndex('held'),
    readsMoved: heldReads.eventIndex('moved'),
  };
  const agent = lower(
    agentChart,
    sink(
      () =>
        wait.timers.length +
        walWriter.timers.length +
        heldReads.timers.length +
        replay.timers.length +
        lease.timers.length,
    ),
  );
  const agentEvent = {
    greeted: agent.eventIndex('greeted'),
    lead: agent.eventIndex('lead'),
    follow: agent.eventIndex('follow'),
    restarted: agent.eventIndex('restarted'),
    renewed: agent.eventIndex('renewed'),
    lost: agent.eventIndex('lost'),
    free: agent.eventIndex('free'),
    compared: agent.eventIndex('compared'),
  };
  const leaseEvent = {
    lead: lease.eventIndex('lead'),
    follow: lease.eventIndex('follow'),
    asked: lease.eventIndex('asked'),
    granted: lease.eventIndex('granted'),
    restarted: lease.eventIndex('restarted'),
  };
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };
  const hold = ({ node, input, out }: Activation): void => {
    handle.node = node;
    handle.input = input;
    handle.out = out;
  };
  const stepWait = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.wait = wait.step(activation.node.wait, index, handle);
  };
  const stepWriter = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.walWriter = walWriter.step(activation.node.walWriter, index, handle);
  };
  const stepHeldReads = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.holding = heldReads.step(activation.node.holding, index, handle);
  };
  const stepReplay = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.replaying = replay.step(activation.node.replaying, index, handle);
  };
  const firstHeldTimer = wait.timers.length + walWriter.timers.length;
  const firstReplayTimer = firstHeldTimer + heldReads.timers.length;
  const firstLeaseTimer = firstReplayTimer + replay.timers.length;
  const stepLease = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.lease = lease.step(activation.node.lease, index, handle);
  };
  const firstAgentTimer = firstLeaseTimer + lease.timers.length;
  const stepAgent = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.agent = agent.step(activation.node.agent, index, handle);
  };
  const aboutAgent = (activation: Activation, what: keyof typeof agentEvent): void => {
    if (activation.node.settings.fence.agent !== null) stepAgent(activation, agentEvent[what]);
  };
  const aboutLease = (activation: Activation, what: keyof typeof leaseEvent): void => {
    if (activation.node.settings.fence.leaseUs > 0) stepLease(activation, leaseEvent[what]);
  };
  return {
    wait,
    walWriter,
    heldReads,
    replaying: replay,
    lease,
    timers: [
      ...wait.timers,
      ...walWriter.timers,
      ...heldReads.timers,
      ...replay.timers,
      ...lease.timers,
      ...agent.timers,
    ],
    fire(activation: Activation, slot: number): void {
      if (slot < wait.timers.length) stepWait(activation, slot);
      else if (slot < firstHeldTimer) stepWriter(activation, slot - wait.timers.length);
      else if (slot < firstReplayTimer) stepHeldReads(activation, slot - firstHeldTimer);
      else if (slot < firstLeaseTimer) stepReplay(activation, slot - firstReplayTimer);
      else if (slot < firstAgentTimer) stepLease(activation, slot - firstLeaseTimer);
      else stepAgent(activation, slot - firstAgentTimer);
    },
    agent,
    aboutLease,
    aboutAgent,
    lead(activation: Activation): void {
      aboutLease(activation, 'lead');
      aboutAgent(activation, 'lead');
    },
    follow(activation: Activation): void {
      aboutLease(activation, 'follow');
      aboutAgent(activation, 'follow');
    },
    written(activation: Activation): void {
      const { timeoutUs, walWriterUs } = activation.node.settings.acknowledgement;
      if (timeoutUs > 0) stepWait(activation, event.waitWritten);
      if (walWriterUs > 0) stepWriter(activation, event.writerWritten);
    },
    moved(activation: Activation): void {
      if (activation.node.settings.acknowledgement.timeoutUs > 0) stepWait(activation, event.waitMoved);
    },
    holdRead(activation: Activation): void {
      holdRead(activation);
      stepHeldReads(activation, event.readHeld);
    },
    /** The replica has handled something: it may show more than it did. */
    readsMoved(activation: Activation): void {
      if (activation.node.held.length > 0) stepHeldReads(activation, event.readsMoved);
    },
    close(activation: Activation): void {
      stepWait(activation, event.waitClose);
      stepWriter(activation, event.writerClose);
    },
    replay(activation: Activation): void {
      if (replaysAtOnce(activation.node)) replayFlushed(activation);
      else stepReplay(activation, event.replayFlushed);
    },
    queryOver(activation: Activation): void {
      stepReplay(activation, event.replayQueryOver);
    },
    endReplay(activation: Activation): void {
      if (!replaysAtOnce(activation.node)) stepReplay(activation, event.replayClose);
    },
  };
}

export interface ReplicaKind extends NodeKind<Replica> {
  readonly role: Chart<Activation, RoleEvent>;
  readonly stream: Chart<Activation>;
  readonly lease: Chart<Activation>;
  readonly agent: Chart<Activation>;
  readonly wait: Chart<Activation>;
  readonly walWriter: Chart<Activation>;
  readonly heldReads: Chart<Activation>;
  readonly replaying: Chart<Activation>;
  /** Names of the timers of a replica among so many, by slot; those of a stream say whose. */
  timersOf(replicas: number): readonly { readonly delay: string; readonly peer: number | null }[];
}

function lowerReplica(): ReplicaKind {
  const streams = loweredStreams(() => role.timers.length);
  const helpers = loweredHelpers((replicas) => role.timers.length + replicas * streams.chart.timers.length);
  const role: Chart<Activation, RoleEvent> = lower(roleChart(streams, helpers), {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const eventOf = new Int16Array(256).fill(-1);
  for (const [kind, type] of roleEvents) eventOf[kind] = role.eventIndex(type);
  const leading = role.configurationOf({ leading: 'serving' });
  const replayed = role.eventIndex('replayed');
  const demoted = role.eventIndex('demoted');
  const ofOperator = new Map([
    [ACT_PROMOTE, role.eventIndex('promoted by hand')],
    [ACT_CANCEL_WAITS, role.eventIndex('cancel waits')],
    [ACT_HUGE_TRANSACTION, role.eventIndex('huge transaction')],
    [ACT_BEGIN_QUERY, role.eventIndex('begin query')],
    [ACT_END_QUERY, role.eventIndex('end query')],
  ]);
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };

  /** The agent has given up leading: the role follows, now that the agent's chart is done. */
  const demoteIfSo = (): void => {
    const { node } = handle;
    if (!node.demoting) return;
    node.demoting = false;
    node.role = role.step(node.role, demoted, handle);
  };

  return {
    role,
    stream: streams.chart,
    lease: helpers.lease,
    agent: helpers.agent,
    wait: helpers.wait,
    walWriter: helpers.walWriter,
    heldReads: helpers.heldReads,
    replaying: helpers.replaying,
    timersOf: (replicas) => [
      ...role.timers.map(({ delay }) => ({ delay, peer: null })),
      ...Array.from({ length: replicas }, (_, peer) =>
        streams.chart.timers.map(({ delay }) => ({ delay, peer })),
      ).flat(),
      ...helpers.timers.map(({ delay }) => ({ delay, peer: null })),
    ],
    onInput(node, input, out) {
      handle.node = node;
      handle.input = input;
      handle.out = out;
      switch (input.kind) {
        case START:
          if (node.leader === node.self) {
            // The first leader is given, not promoted: it enters `leading` as a restarted one does.
            node.role = role.step(leading, eventOf[RESTARTED]!, handle);
          } else {
            node.role = role.start(handle);
          }
          break;
        case TIMER:
          if (input.a < role.timers.length) {
            node.role = role.step(node.role, input.a, handle);
          } else {
            const slot = input.a - role.timers.length;
            const perPeer = streams.chart.timers.length;
            const ofStreams = perPeer * node.settings.replicas;
            if (slot < ofStreams) streams.stepPeer(handle, Math.floor(slot / perPeer), slot % perPeer);
            else {
              const { replayedLsn } = node;
              helpers.fire(handle, slot - ofStreams);
              demoteIfSo();
              // Leaders that wait for replay are told of it; others learn of it with what they are told next.
              if (node.replayedLsn > replayedLsn && node.settings.acknowledgement.stage === REPLAYED)
                node.role = role.step(node.role, replayed, handle);
            }
          }
          break;
        case CRASHED:
          loseMemory(node, out, input.a !== 1);
          if (input.a === 1) closeConnection(handle);
          break;
        case OPERATOR:
          node.role = role.step(node.role, ofOperator.get(input.a)!, handle);
          break;
        case GREETING:
          helpers.aboutAgent(handle, 'greeted');
          break;
        case KEY_RENEWED:
          helpers.aboutAgent(handle, 'renewed');
          break;
        case KEY_LOST:
          helpers.aboutAgent(handle, 'lost');
          demoteIfSo();
          break;
        case KEY_FREE:
          helpers.aboutAgent(handle, 'free');
          break;
        case COMPARE:
          compare(handle);
          break;
        case COMPARED:
          helpers.aboutAgent(handle, 'compared');
          break;
        case LEASE:
          helpers.aboutLease(handle, 'asked');
          break;
        case GRANT:
          helpers.aboutLease(handle, 'granted');
          break;
        case RESTARTED:
          helpers.aboutLease(handle, 'restarted');
          helpers.aboutAgent(handle, 'restarted');
          node.role = role.step(node.role, eventOf[RESTARTED]!, handle);
          break;
        default: {
          const event = eventOf[input.kind]!;
          if (event < 0) throw new RangeError(`a replica was given input kind ${input.kind}`);
          node.role = role.step(node.role, event, handle);
        }
      }
      helpers.readsMoved(handle);
    },
  };
}

export interface ManagerKind extends NodeKind<Manager> {
  readonly failover: Chart<Care>;
}

function lowerManager(): ManagerKind {
  const failover = lower(failoverChart, {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const eventOf = new Int16Array(256).fill(-1);
  eventOf[ALIVE] = failover.eventIndex('alive');
  eventOf[POSITION] = failover.eventIndex('position');
  eventOf[PROMOTED] = failover.eventIndex('promoted');
  eventOf[DOUBTED] = failover.eventIndex('doubted');
  eventOf[OPINION] = failover.eventIndex('opinion');
  eventOf[CANVASS] = failover.eventIndex('canvass');
  eventOf[VOTE] = failover.eventIndex('vote');
  eventOf[LEADS] = failover.eventIndex('leads');
  eventOf[OFF] = failover.eventIndex('off');
  eventOf[OPERATOR] = failover.eventIndex('operator');
  const handle: Care = { manager: null!, input: null!, out: null! };

  return {
    failover,
    onInput(manager, input, out) {
      handle.manager = manager;
      handle.input = input;
      handle.out = out;
      switch (input.kind) {
        case START:
          manager.mode = failover.start(handle);
          break;
        case TIMER:
          manager.mode = failover.step(manager.mode, input.a, handle);
          break;
        default: {
          const event = eventOf[input.kind]!;
          if (event < 0) throw new RangeError(`the manager was given input kind ${input.kind}`);
          manager.mode = failover.step(manager.mode, event, handle);
        }
      }
    },
  };
}

export interface LeaderKeyKind extends NodeKind<LeaderKey> {
  readonly leaderKey: Chart<Keeping>;
}

function lowerLeaderKey(): LeaderKeyKind {
  const leaderKey = lower(leaderKeyChart, {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const eventOf = new Int16Array(256).fill(-1);
  eventOf[RENEW] = leaderKey.eventIndex('renew');
  eventOf[CLAIM] = leaderKey.eventIndex('claim');
  eventOf[READ_KEY] = leaderKey.eventIndex('read');
  eventOf[PROMOTED] = leaderKey.eventIndex('promoted');
  const start = leaderKey.eventIndex('start');
  const handle: Keeping = { key: null!, input: null!, out: null! };
  return {
    leaderKey,
    onInput(key, input, out) {
      handle.key = key;
      handle.input = input;
      handle.out = out;
      if (input.kind === START) key.mode = leaderKey.step(leaderKey.start(handle), start, handle);
      else if (input.kind === TIMER) key.mode = leaderKey.step(key.mode, input.a, handle);
      // A sign of life, which it has not asked for, is none of its business.
      else if (eventOf[input.kind]! >= 0) key.mode = leaderKey.step(key.mode, eventOf[input.kind]!, handle);
    },
  };
}

export interface PowerKind extends NodeKind<Power> {
  readonly power: Chart<Switching>;
}

function lowerPower(): PowerKind {
  const power = lower(powerChart, {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const order = power.eventIndex('order');
  const handle: Switching = { power: null!, input: null!, out: null! };
  return {
    power,
    onInput(state, input, out) {
      handle.power = state;
      handle.input = input;
      handle.out = out;
      if (input.kind === START) state.mode = power.start(handle);
      else if (input.kind === TIMER) state.mode = power.step(state.mode, input.a, handle);
      else state.mode = power.step(state.mode, order, handle);
    },
  };
}

/**
 * Lowered once: every simulation steps the same tables. What a kind keeps between inputs is its handles, which each
 * input fills anew.
 */
export const replicaKind = lowerReplica();
export const managerKind = lowerManager();
export const powerKind = lowerPower();
export const leaderKeyKind = lowerLeaderKey();

/**
 * What serving a message costs a replica. A keepalive must not overtake the records sent before it, nor must the answer
 * to a hello: what is left of an earlier stream would then be taken for a gap in the one that begins.
 */
export function serviceClassOf(kind: number): number {
  if (kind === READ) return SERVICE_READ;
  if (kind === WRITE) return SERVICE_WRITE;
  if (kind === APPEND) return SERVICE_APPLY;
  if (kind === KEEPALIVE || kind === POINT) return SERVICE_TURN;
  return SERVICE_NONE;
}
