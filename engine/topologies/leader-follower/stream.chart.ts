/**
 * A leader's stream to one follower, in PostgreSQL's words (`pg_stat_replication.state`): nothing, catch-up, streaming.
 * One instance per follower, its configuration an integer in the leader's record.
 */
import { setup } from 'xstate';
import { beginStream, isCaughtUp, noteStream, sendFlushed, sendWindow } from './leading.ts';
import { STREAM_CATCH_UP, STREAM_DISCONNECTED, STREAM_STREAMING } from './messages.ts';
import type { Activation } from './replica.ts';

export const streamChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    events:
      | { type: 'hello' }
      | { type: 'stream' }
      | { type: 'confirm' }
      | { type: 'flushed' }
      | { type: 'close' };
  },
  guards: {
    'follower is caught up': ({ context }) => isCaughtUp(context),
  },
  actions: {
    'begin stream': ({ context }) => beginStream(context),
    'send next window': ({ context }) => sendWindow(context),
    'send all that is flushed': ({ context }) => sendFlushed(context),
    'note disconnected': ({ context }) => noteStream(context, STREAM_DISCONNECTED),
    'note catch-up': ({ context }) => noteStream(context, STREAM_CATCH_UP),
    'note streaming': ({ context }) => noteStream(context, STREAM_STREAMING),
  },
  delays: {
    'stream timeout': ({ context }) => context.node.settings.streamTimeoutUs,
  },
}).createMachine({
  id: 'stream',
  context: ({ input }) => input,
  initial: 'disconnected',
  states: {
    disconnected: {
      on: {
        stream: [
          {
            guard: 'follower is caught up',
            target: 'connected.sending.streaming',
            actions: ['begin stream', 'send all that is flushed'],
          },
          { target: 'connected', actions: ['begin stream', 'send next window'] },
        ],
      },
    },
    connected: {
      type: 'parallel',
      on: {
        // A follower that says hello begins again.
        hello: { target: 'disconnected', actions: 'note disconnected' },
        close: 'disconnected',
        stream: [
          {
            guard: 'follower is caught up',
            target: '.sending.streaming',
            reenter: true,
            actions: ['begin stream', 'send all that is flushed'],
          },
          { target: 'connected', reenter: true, actions: ['begin stream', 'send next window'] },
        ],
      },
      states: {
        listening: {
          initial: 'waiting',
          states: {
            waiting: {
              after: { 'stream timeout': { target: '#stream.disconnected', actions: 'note disconnected' } },
              on: { confirm: { target: 'waiting', reenter: true } },
            },
          },
        },
        sending: {
          initial: 'catch-up',
          states: {
            'catch-up': {
              entry: 'note catch-up',
              on: {
                confirm: [
                  {
                    guard: 'follower is caught up',
                    target: 'streaming',
                    actions: 'send all that is flushed',
                  },
                  { actions: 'send next window' },
                ],
              },
            },
            streaming: {
              entry: 'note streaming',
              on: {
                flushed: { actions: 'send all that is flushed' },
              },
            },
          },
        },
      },
    },
  },
});
