/** The one node kind of certification: a member, which drives the server that it is of the group, and its own chart. */

import {
  CRASHED,
  type NodeKind,
  PING,
  PONG,
  READ,
  RESTARTED,
  SERVICE_APPLY,
  SERVICE_READ,
  SERVICE_WRITE,
  START,
  TIMER,
  WRITE,
} from '../../kernel/protocol.ts';
import { lower } from '../../statecharts/lower.ts';
import { serverKind, serviceClassOf as serviceClassOfServer } from '../consensus/kinds.ts';
import { MESSAGE_BYTES } from '../consensus/messages.ts';
import { NOBODY } from '../consensus/server.ts';
import { certifyAll, firstCommitterWins, type Rule } from './certifying.ts';
import { contactChart } from './contact.chart.ts';
import { order, takeRead, takeWrite, turnAway } from './executing.ts';
import { type Activation, loseMemory, type Member } from './member.ts';
import { PROPOSE } from './messages.ts';
import type { WriteSets } from './write-sets.ts';

/** A member's timers are those of its server, then these. */
const serverTimers = serverKind.raft.timers.length;

/** Lowered once: every simulation steps the same tables. */
export const contact = lower(contactChart, {
  // A delay of 0 stands for never.
  startTimer: ({ out }: Activation, slot, delayUs) => {
    if (delayUs > 0) out.startTimer(serverTimers + slot, delayUs);
  },
  cancelTimer: ({ out }: Activation, slot) => out.cancelTimer(serverTimers + slot),
});

const timerNames: Readonly<Record<string, string>> = {
  retry: 'the wait for verdicts',
  patience: 'the patience without a majority',
};
export const memberTimers: readonly string[] = [
  ...serverKind.raft.timers.map(({ delay }) => delay),
  ...contact.timers.map(({ delay }) => timerNames[delay]!),
];

const isTogether = contact.activeIn('together');
const isRefusing = contact.activeIn('apart.refusing');
const found = contact.eventIndex('found');
const lost = contact.eventIndex('lost');

/** The kind of the members of one group, whose write sets are `sets`. A test may give another rule. */
export function memberKind(sets: WriteSets, rule: Rule = firstCommitterWins): NodeKind<Member> {
  const handle: Activation = { node: null!, input: null!, out: null!, sets };

  /** What the server has learnt: who puts records in order, and which are. */
  function takeNews(): void {
    const { node } = handle;
    const { leader, term } = node.server;
    if (leader !== node.knownLeader || (leader !== NOBODY && term !== node.knownTerm)) {
      node.knownLeader = leader;
      node.knownTerm = term;
      node.contact = contact.step(node.contact, leader === NOBODY ? lost : found, handle);
    }
    certifyAll(handle, rule);
  }

  return {
    onInput(node, input, out) {
      handle.node = node;
      handle.input = input;
      handle.out = out;
      switch (input.kind) {
        case READ:
          if (isRefusing[node.contact] === 1) turnAway(handle);
          else takeRead(handle);
          return;
        case WRITE:
          if (isRefusing[node.contact] === 1) turnAway(handle);
          else takeWrite(handle);
          return;
        case PING:
          out.send(input.from, PONG, 0, 0, 0, 0, 0, MESSAGE_BYTES);
          return;
        case PROPOSE:
          // Whoever leads no longer forgets it: its author sends it to the next.
          if (node.server.leader === node.self)
            order(node, out, input.a, input.b, input.bytes - MESSAGE_BYTES);
          return;
        case TIMER:
          if (input.a >= serverTimers) {
            node.contact = contact.step(node.contact, input.a - serverTimers, handle);
            return;
          }
          serverKind.onInput(node.server, input, out);
          break;
        case CRASHED:
          serverKind.onInput(node.server, input, out);
          loseMemory(node);
          return;
        case START:
        case RESTARTED:
          node.contact = contact.start(handle);
          serverKind.onInput(node.server, input, out);
          break;
        default:
          serverKind.onInput(node.server, input, out);
      }
      takeNews();
    },
  };
}

export type ContactState = 'together' | 'apart' | 'refusing';

export function contactState(configuration: number): ContactState {
  if (isTogether[configuration] === 1) return 'together';
  return isRefusing[configuration] === 1 ? 'refusing' : 'apart';
}

/** What serving a message costs a member. */
export function serviceClassOf(kind: number): number {
  if (kind === READ) return SERVICE_READ;
  if (kind === WRITE) return SERVICE_WRITE;
  return kind === PROPOSE ? SERVICE_APPLY : serviceClassOfServer(kind);
}
