/** The one node kind of consensus: a server, driven by its lowered charts. */

import {
  CRASHED,
  FLUSHED,
  type NodeKind,
  READ,
  RESTARTED,
  SERVICE_APPLY,
  SERVICE_NONE,
  SERVICE_READ,
  SERVICE_WRITE,
  START,
  TIMER,
  WRITE,
} from '../../kernel/protocol.ts';
import type { Chart } from '../../statecharts/chart.ts';
import { lower } from '../../statecharts/lower.ts';
import { COPY_BEGIN, COPY_END, COPY_ROW, COPY_TERM } from '../copy.ts';
import { loseMemory } from './log.ts';
import {
  APPEND,
  APPENDED,
  COMMIT,
  HEARD,
  HEARTBEAT,
  PREVOTE,
  PREVOTED,
  REJECTED,
  VOTE,
  VOTED,
} from './messages.ts';
import { progressChart } from './progress.chart.ts';
import { type Followers, type RaftEvent, raftChart } from './raft.chart.ts';
import type { Activation, Server } from './server.ts';
import { SNAPSHOT_WRITTEN } from './snapshot.ts';

const raftEvents: readonly (readonly [number, RaftEvent['type']])[] = [
  [READ, 'read'],
  [WRITE, 'write'],
  [PREVOTE, 'pre-vote asked'],
  [PREVOTED, 'pre-voted'],
  [VOTE, 'vote asked'],
  [VOTED, 'voted'],
  [HEARTBEAT, 'heartbeat'],
  [HEARD, 'heard'],
  [APPEND, 'append'],
  [APPENDED, 'appended'],
  [REJECTED, 'rejected'],
  [COMMIT, 'committed'],
  [COPY_BEGIN, 'snapshot part'],
  [COPY_TERM, 'snapshot part'],
  [COPY_ROW, 'snapshot part'],
  [COPY_END, 'snapshot part'],
  [RESTARTED, 'restarted'],
];

export interface ServerKind extends NodeKind<Server> {
  readonly raft: Chart<Activation, RaftEvent>;
  readonly progress: Chart<Activation>;
}

export type RaftMachine = ReturnType<typeof raftChart>;

function loweredProgress(): { chart: Chart<Activation>; followers: Followers } {
  const chart = lower(progressChart);
  const indices = {
    entries: chart.eventIndex('entries'),
    appended: chart.eventIndex('appended'),
    rejected: chart.eventIndex('rejected'),
    heard: chart.eventIndex('heard'),
    beat: chart.eventIndex('beat'),
  };
  // A handle of its own: a chart must not be stepped on the handle that another chart's action is running on.
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };
  const take = ({ node, input, out }: Activation): void => {
    handle.node = node;
    handle.input = input;
    handle.out = out;
  };
  return {
    chart,
    followers: {
      step(activation, event) {
        take(activation);
        const peer = activation.input.from;
        handle.peer = peer;
        const { progress } = activation.node;
        progress[peer] = chart.step(progress[peer]!, indices[event], handle);
      },
      stepAll(activation, event) {
        take(activation);
        const { progress, settings, self } = activation.node;
        const index = indices[event];
        for (let peer = 0; peer < settings.servers; peer++) {
          if (peer === self) continue;
          handle.peer = peer;
          progress[peer] = chart.step(progress[peer]!, index, handle);
        }
      },
    },
  };
}

/** The kind, lowered. `changed` may give the chart other guards, actions or delays: those of the same names. */
export function lowerServer(
  changed: (machine: RaftMachine) => RaftMachine = (machine) => machine,
): ServerKind {
  const { chart: progress, followers } = loweredProgress();
  const raft = lower(changed(raftChart(followers)), {
    startTimer: ({ out }, slot, delayUs) => out.startTimer(slot, delayUs),
    cancelTimer: ({ out }, slot) => out.cancelTimer(slot),
  });
  const eventOf = new Int16Array(256).fill(-1);
  for (const [kind, type] of raftEvents) eventOf[kind] = raft.eventIndex(type);
  const logWritten = raft.eventIndex('log written');
  const voteWritten = raft.eventIndex('vote written');
  const snapshotWritten = raft.eventIndex('snapshot written');
  const writtenOf = (b: number): number => {
    if (b >= 0) return voteWritten;
    return b === SNAPSHOT_WRITTEN ? snapshotWritten : logWritten;
  };
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };

  return {
    raft,
    progress,
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
        case FLUSHED:
          node.role = raft.step(node.role, writtenOf(input.b), handle);
          break;
        case CRASHED:
          loseMemory(node, out, input.a !== 1);
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

/** What serving a message costs a server. */
export function serviceClassOf(kind: number): number {
  if (kind === READ) return SERVICE_READ;
  if (kind === WRITE) return SERVICE_WRITE;
  if (kind === APPEND) return SERVICE_APPLY;
  return SERVICE_NONE;
}
