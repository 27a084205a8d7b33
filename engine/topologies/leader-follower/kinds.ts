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
import { loseMemory } from './durable-log.ts';
import { failoverChart } from './failover.chart.ts';
import type { Care, Manager } from './manager.ts';
import {
  ALIVE,
  APPEND,
  ASK,
  CONFIRM,
  HELLO,
  KEEPALIVE,
  LEADS,
  POINT,
  POSITION,
  PROBE,
  PROMOTE,
  PROMOTED,
  STREAM,
} from './messages.ts';
import type { Activation, Replica } from './replica.ts';
import { type RoleEvent, roleChart } from './role.chart.ts';
import { streamChart } from './stream.chart.ts';

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
  [OPERATOR, 'operator'],
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
    step: (activation: Activation, event: 'hello' | 'stream' | 'confirm'): void =>
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

export interface ReplicaKind extends NodeKind<Replica> {
  readonly role: Chart<Activation, RoleEvent>;
  readonly stream: Chart<Activation>;
  /** How many timers a replica among so many needs. */
  timersFor(replicas: number): number;
}

function lowerReplica(): ReplicaKind {
  const streams = loweredStreams(() => role.timers.length);
  const role: Chart<Activation, RoleEvent> = lower(roleChart(streams), {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const eventOf = new Int16Array(256).fill(-1);
  for (const [kind, type] of roleEvents) eventOf[kind] = role.eventIndex(type);
  const leading = role.configurationOf({ leading: 'serving' });
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };

  return {
    role,
    stream: streams.chart,
    timersFor: (replicas) => role.timers.length + replicas * streams.chart.timers.length,
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
            streams.stepPeer(handle, Math.floor(slot / perPeer), slot % perPeer);
          }
          break;
        case CRASHED:
          loseMemory(node, out, input.a !== 1);
          break;
        default: {
          const event = eventOf[input.kind]!;
          if (event < 0) throw new RangeError(`a replica was given input kind ${input.kind}`);
          node.role = role.step(node.role, event, handle);
        }
      }
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

/**
 * Lowered once: every simulation steps the same tables. What a kind keeps between inputs is its handles, which each
 * input fills anew.
 */
export const replicaKind = lowerReplica();
export const managerKind = lowerManager();

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
