/** The one node kind of consensus: a server, driven by its lowered chart. */

import { CRASHED, FLUSHED, type NodeKind, RESTARTED, START, TIMER } from '../../kernel/protocol.ts';
import type { Chart } from '../../statecharts/chart.ts';
import { lower } from '../../statecharts/lower.ts';
import { HEARD, HEARTBEAT, VOTE, VOTED } from './messages.ts';
import { type RaftEvent, raftChart } from './raft.chart.ts';
import { type Activation, forgetUnwritten, type Server } from './server.ts';

const raftEvents: readonly (readonly [number, RaftEvent['type']])[] = [
  [VOTE, 'vote asked'],
  [VOTED, 'voted'],
  [HEARTBEAT, 'heartbeat'],
  [HEARD, 'heard'],
  [FLUSHED, 'flushed'],
  [RESTARTED, 'restarted'],
];

interface ServerKind extends NodeKind<Server> {
  readonly raft: Chart<Activation, RaftEvent>;
}

function lowerServer(): ServerKind {
  const raft = lower(raftChart, {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const eventOf = new Int16Array(256).fill(-1);
  for (const [kind, type] of raftEvents) eventOf[kind] = raft.eventIndex(type);
  const handle: Activation = { node: null!, input: null!, out: null! };

  return {
    raft,
    onInput(node, input, out) {
      handle.node = node;
      handle.input = input;
      handle.out = out;
      switch (input.kind) {
        case START:
          node.role = raft.start(handle);
          break;
        case TIMER:
          node.role = raft.step(node.role, input.a, handle);
          break;
        case CRASHED:
          forgetUnwritten(node);
          break;
        default: {
          const event = eventOf[input.kind]!;
          if (event < 0) throw new RangeError(`a server was given input kind ${input.kind}`);
          node.role = raft.step(node.role, event, handle);
        }
      }
    },
  };
}

/** Lowered once: every simulation steps the same tables. */
export const serverKind: ServerKind = lowerServer();
