/** The node kind of a replica, driven by its lowered charts. */

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
import { compare } from './agent.ts';
import { loseMemory } from './durable-log.ts';
import { closeConnection } from './following.ts';
import {
  ACT_BEGIN_QUERY,
  ACT_CANCEL_WAITS,
  ACT_END_QUERY,
  ACT_HUGE_TRANSACTION,
  ACT_PROMOTE,
  APPEND,
  ASK,
  BACKUP,
  CLOSED,
  COMPARE,
  COMPARED,
  CONFIRM,
  GRANT,
  GREETING,
  HELLO,
  KEEPALIVE,
  KEY_FREE,
  KEY_LOST,
  KEY_RENEWED,
  LEADS,
  LEASE,
  POINT,
  PROBE,
  PROMOTE,
  RECYCLED,
  REJECTED,
  STREAM,
} from './messages.ts';
import type { Activation, Replica } from './replica.ts';
import { loweredHelpers, loweredStreams } from './replica-charts.ts';
import { type RoleEvent, roleChart } from './role.chart.ts';

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

/**
 * Lowered once: every simulation steps the same tables. What a kind keeps between inputs is its handles, which each
 * input fills anew.
 */
export const replicaKind = lowerReplica();

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
