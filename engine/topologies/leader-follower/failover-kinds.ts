/** The node kinds of failover beside the replicas: the manager, the leader key's store, the power switch. */

import { type NodeKind, OPERATOR, START, TIMER } from '../../kernel/protocol.ts';
import type { Chart } from '../../statecharts/chart.ts';
import { lower } from '../../statecharts/lower.ts';
import { failoverChart } from './failover.chart.ts';
import { leaderKeyChart } from './leader-key.chart.ts';
import type { Keeping, LeaderKey } from './leader-key.ts';
import type { Care, Manager } from './manager.ts';
import {
  ALIVE,
  CANVASS,
  CLAIM,
  DOUBTED,
  LEADS,
  OFF,
  OPINION,
  POSITION,
  PROMOTED,
  READ_KEY,
  RENEW,
  VOTE,
} from './messages.ts';
import { powerChart } from './power.chart.ts';
import type { Power, Switching } from './power.ts';

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

export const managerKind = lowerManager();
export const powerKind = lowerPower();
export const leaderKeyKind = lowerLeaderKey();
