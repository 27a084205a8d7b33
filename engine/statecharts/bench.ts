/**
 * How fast a lowered chart steps, beside XState's `transition()` on the same chart and the same events.
 *
 * ```ts
 * const { loweredStepsPerSecond, ratio } = benchCharts(() => performance.now());
 * ```
 */

import { setup, transition } from 'xstate';
import { lower } from './lower.ts';

/** Replication as one node sees it: what the chart's guards read and its actions write. */
interface Replica {
  term: number;
  votes: number;
  quorum: number;
  logIndex: number;
  primaryIndex: number;
  electionUs: number;
  heartbeats: number;
  timersStarted: number;
}

interface Handle {
  readonly replica: Replica;
}

type Input =
  | { readonly type: 'heartbeat' }
  | { readonly type: 'record' }
  | { readonly type: 'vote' }
  | { readonly type: 'higher term' }
  | { readonly type: 'crash' }
  | { readonly type: 'restart' };

/** A replica's role: two levels, guards, an `always`, a restarted timeout. */
const roleChart = setup({
  types: {} as { context: Handle; events: Input; input: Handle },
  guards: {
    'has quorum, counting this vote': ({ context: { replica } }) => replica.votes + 1 >= replica.quorum,
    'caught up, counting this record': ({ context: { replica } }) =>
      replica.logIndex + 1 >= replica.primaryIndex,
    'caught up': ({ context: { replica } }) => replica.logIndex >= replica.primaryIndex,
  },
  actions: {
    'count heartbeat': ({ context: { replica } }) => {
      replica.heartbeats = (replica.heartbeats + 1) & 0xffff;
    },
    'append record': ({ context: { replica } }) => {
      replica.logIndex = (replica.logIndex + 1) & 0xff;
    },
    'count vote': ({ context: { replica } }) => {
      replica.votes++;
    },
    'begin term': ({ context: { replica } }) => {
      replica.term = (replica.term + 1) & 0xffff;
      replica.votes = 1;
    },
    'fall behind': ({ context: { replica } }) => {
      replica.primaryIndex = (replica.logIndex + 3) & 0xff;
    },
  },
  delays: { election: ({ context }) => context.replica.electionUs },
}).createMachine({
  id: 'role',
  context: ({ input }) => ({ replica: input.replica }),
  initial: 'up',
  states: {
    up: {
      initial: 'follower',
      on: { crash: 'down', 'higher term': '.follower' },
      states: {
        follower: {
          initial: 'streaming',
          after: { election: 'candidate' },
          on: { heartbeat: { target: '.catching up', reenter: true, actions: 'count heartbeat' } },
          states: {
            streaming: { on: { record: { actions: 'append record' } } },
            'catching up': {
              entry: 'fall behind',
              always: { guard: 'caught up', target: 'streaming' },
              on: {
                record: [
                  { guard: 'caught up, counting this record', target: 'streaming', actions: 'append record' },
                  { actions: 'append record' },
                ],
              },
            },
          },
        },
        candidate: {
          entry: 'begin term',
          after: { election: { target: 'candidate', reenter: true } },
          on: {
            vote: [
              { guard: 'has quorum, counting this vote', target: 'leader', actions: 'count vote' },
              { actions: 'count vote' },
            ],
          },
        },
        leader: { on: { record: { actions: 'append record' } } },
      },
    },
    down: { on: { restart: 'up' } },
  },
});

/** Steps per second of wall time, and how many times faster the tables are. */
export interface ChartFigures {
  readonly loweredStepsPerSecond: number;
  readonly xstateStepsPerSecond: number;
  readonly ratio: number;
}

export interface ChartBenchOptions {
  /** Steps of the lowered chart, default 20 million. */
  readonly loweredSteps?: number;
  /** Steps of XState, default 5,000. */
  readonly xstateSteps?: number;
}

/** Events of a replica's life; '0' stands for the timer. A power of two long, so that the loop can mask. */
const LIFE: readonly (Input['type'] | '0')[] = [
  ...['heartbeat', 'record', 'record', 'record', 'record', 'heartbeat', 'record', '0'],
  ...['vote', 'vote', 'record', 'record', 'higher term', 'heartbeat', 'crash', 'restart'],
] as (Input['type'] | '0')[];

/** Measures both, the clock in milliseconds given as an argument. */
export function benchCharts(now: () => number, options: ChartBenchOptions = {}): ChartFigures {
  const { loweredSteps = 20_000_000, xstateSteps = 5_000 } = options;
  const stepLowered = loweredRun();
  stepLowered(1_000_000);
  const loweredStepsPerSecond = rate(now, loweredSteps, stepLowered);
  const stepXState = xstateRun();
  stepXState(500);
  const xstateStepsPerSecond = rate(now, xstateSteps, stepXState);
  return { loweredStepsPerSecond, xstateStepsPerSecond, ratio: loweredStepsPerSecond / xstateStepsPerSecond };
}

function rate(now: () => number, steps: number, run: (steps: number) => void): number {
  const before = now();
  run(steps);
  return (steps * 1000) / (now() - before);
}

function newReplica(): Replica {
  return {
    term: 1,
    votes: 0,
    quorum: 3,
    logIndex: 0,
    primaryIndex: 0,
    electionUs: 150_000,
    heartbeats: 0,
    timersStarted: 0,
  };
}

/** A run of the lowered chart to be continued: gives a function that takes so many steps more. */
export function loweredRun(): (steps: number) => void {
  const role = lower(roleChart, {
    startTimer: ({ replica }, slot, delayUs) => {
      replica.timersStarted = (replica.timersStarted + slot + delayUs) & 0xffff;
    },
    cancelTimer: ({ replica }) => {
      replica.timersStarted = replica.timersStarted & 0xffff;
    },
  });
  const events = Int32Array.from(LIFE, (type) => (type === '0' ? 0 : role.eventIndex(type)));
  const handle: Handle = { replica: newReplica() };
  let configuration = role.start(handle);
  return (steps) => {
    for (let step = 0; step < steps; step++) {
      configuration = role.step(configuration, events[step & 15]!, handle);
    }
  };
}

function xstateRun(): (steps: number) => void {
  const timer = 'xstate.after.election.role.up.follower';
  const events = LIFE.map((type) => ({ type: type === '0' ? timer : type }) as Input);
  const input: Handle = { replica: newReplica() };
  let snapshot = roleChart.resolveState({ value: { up: { follower: 'streaming' } }, context: input });
  return (steps) => {
    for (let step = 0; step < steps; step++) {
      const [next, actions] = transition(roleChart, snapshot, events[step & 15]!);
      snapshot = next;
      for (const action of actions) {
        if (!action.type.startsWith('xstate.')) action.exec?.(action.info, action.params as never);
      }
    }
  };
}
