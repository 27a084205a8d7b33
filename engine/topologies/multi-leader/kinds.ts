/** The one node kind of multi-leader replication: a leader, driven by its lowered chart. */

import {
  CRASHED,
  FLUSHED,
  type NodeKind,
  OPERATOR,
  PING,
  PONG,
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
import { type ExchangeEvent, exchangeChart } from './exchange.chart.ts';
import { answerGreeting, confirm, firstAfter, learn, takeTold } from './exchanging.ts';
import { type Activation, type Leader, loseMemory } from './leader.ts';
import { ACT_PROMOTE, CHANGE, CONTEXT, GREET, HAS, HAVE, MESSAGE_BYTES, MISSED, UNFIT } from './messages.ts';
import { synced, takeChange, takeContext } from './receiving.ts';
import { resolverNames } from './resolvers.ts';
import type { Tools } from './resolving.ts';
import { wantedBy } from './routes.ts';
import { changeSchema } from './schema-changes.ts';
import { acknowledgeConfirmed, answerRead, promote, refuseWrite, takeWrite } from './writing.ts';

/** Lowered once: every simulation steps the same tables. */
export const exchange: Chart<Activation, ExchangeEvent> = lower(exchangeChart, {
  // A delay of 0 stands for never.
  startTimer: ({ out, peer }, slot, delayUs) => {
    if (delayUs > 0) out.startTimer(peer * exchangeTimers.length + slot, delayUs);
  },
  cancelTimer: ({ out, peer }, slot) => out.cancelTimer(peer * exchangeTimers.length + slot),
});

const timerNames: Readonly<Record<string, string>> = {
  silence: 'the wait for word of what was sent',
  retry: 'the wait for an answer',
  patience: 'the patience with one that is cut off',
};
/** Names of a leader's timers for one other, by slot. */
export const exchangeTimers: readonly string[] = exchange.timers.map(({ delay }) => timerNames[delay]!);

const isOpen = exchange.activeIn('open');
const isStopped = exchange.activeIn('open.stopped');
const isSilent = exchange.activeIn('open.silent');
const isGivenUp = exchange.activeIn('open.silent.given up');
const open = exchange.eventIndex('open');
const reopen = exchange.eventIndex('reopen');
const close = exchange.eventIndex('close');
const committed = exchange.eventIndex('committed');
const confirmed = exchange.eventIndex('confirmed');
const missed = exchange.eventIndex('missed');
const unfit = exchange.eventIndex('unfit');
const told = exchange.eventIndex('told');

const handle: Activation = { node: null!, out: null!, peer: 0, from: 0 };

function step(peer: number, event: number): void {
  handle.peer = peer;
  const link = handle.node.links[peer]!;
  const wasGivenUp = isGivenUp[link.state];
  link.state = exchange.step(link.state, event, handle);
  if (isGivenUp[link.state] !== wasGivenUp) goAround();
}

/** Somebody is given up, or back: it sends to whom it has to now. Those that are given up it goes on asking. */
function goAround(): void {
  const { self, links, targets, settings } = handle.node;
  let givenUp = 0;
  for (const peer of targets) if (isGivenUp[links[peer]!.state] === 1) givenUp |= 1 << peer;
  const wanted = wantedBy(self, givenUp, settings.detours);
  for (const peer of targets) {
    const isWanted = (wanted & (1 << peer)) !== 0;
    if (isWanted && isOpen[links[peer]!.state] === 0) step(peer, reopen);
    else if (!isWanted && isOpen[links[peer]!.state] === 1) step(peer, close);
  }
}

/** At its start it takes the others to be as empty as it is; after a crash it asks them. */
function begin(event: number): void {
  const { self, targets, links, settings } = handle.node;
  for (const peer of targets) {
    handle.peer = peer;
    links[peer]!.state = exchange.start(handle);
  }
  const wanted = wantedBy(self, 0, settings.detours);
  for (const peer of targets) if ((wanted & (1 << peer)) !== 0) step(peer, event);
}

function sendOn(): void {
  const { node } = handle;
  for (const peer of node.targets) {
    if (isOpen[node.links[peer]!.state] === 0) continue;
    confirm(node, peer);
    step(peer, committed);
  }
}

const noTools: Tools = { states: resolverNames.map(() => null), merges: [] };

/** A leader whose columns are of no types of their own. */
export const leaderKind = leaderKindWith(noTools);

export function leaderKindWith(tools: Tools): NodeKind<Leader> {
  return {
    onInput(node, input, out) {
      handle.node = node;
      handle.out = out;
      switch (input.kind) {
        case READ:
          answerRead(node, input, tools, out);
          break;
        case WRITE:
          if (node.follows) refuseWrite(input, out);
          else takeWrite(node, input, out);
          break;
        case CONTEXT:
          takeContext(node, input);
          break;
        case CHANGE:
          takeChange(node, input, out);
          break;
        case HAVE:
          learn(node, input.from, input.a, input.b);
          if (node.settings.confirmedBy > 0) acknowledgeConfirmed(node, out);
          step(input.from, confirmed);
          break;
        case MISSED:
          handle.from = firstAfter(node, input.from, input.a, input.b);
          step(input.from, missed);
          break;
        case UNFIT:
          step(input.from, unfit);
          break;
        case GREET:
          answerGreeting(node, input, out);
          break;
        case HAS:
          if (takeTold(node, input)) step(input.from, told);
          if (node.settings.confirmedBy > 0) acknowledgeConfirmed(node, out);
          break;
        case FLUSHED:
          if (synced(node, tools, out)) sendOn();
          break;
        case TIMER: {
          const peer = Math.floor(input.a / exchangeTimers.length);
          step(peer, input.a - peer * exchangeTimers.length);
          break;
        }
        case OPERATOR:
          if (input.a === ACT_PROMOTE) promote(node, out);
          else changeSchema(node, input, out);
          break;
        case PING:
          out.send(input.from, PONG, 0, 0, 0, 0, 0, MESSAGE_BYTES);
          break;
        case START:
          begin(open);
          break;
        case RESTARTED:
          begin(reopen);
          break;
        case CRASHED:
          loseMemory(node);
          break;
        default:
          throw new RangeError(`a leader was given input kind ${input.kind}`);
      }
    },
  };
}

export type LinkState = 'streaming' | 'stopped' | 'silent' | 'closed';

export function linkState(state: number): LinkState {
  if (isOpen[state] === 0) return 'closed';
  return isSilent[state] === 1 ? 'silent' : isStopped[state] === 1 ? 'stopped' : 'streaming';
}

/** What serving a message costs a leader. A context goes before its change, and must not overtake another. */
export function serviceClassOf(kind: number): number {
  if (kind === READ) return SERVICE_READ;
  if (kind === WRITE) return SERVICE_WRITE;
  if (kind === CHANGE) return SERVICE_APPLY;
  return kind === CONTEXT ? SERVICE_TURN : SERVICE_NONE;
}
