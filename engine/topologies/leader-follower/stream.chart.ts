/**
 * A leader's stream to one follower, in PostgreSQL's words (`pg_stat_replication.state`): nothing, catch-up, streaming;
 * and re-sync, while the follower takes a base backup.
 * One instance per follower, its configuration an integer in the leader's record.
 */
import { setup } from 'xstate';
import { backupPatienceUs, sendBackup } from './base-backup.ts';
import { beginStream, isCaughtUp, noteStream, sendFlushed, sendWindow } from './leading.ts';
import { STREAM_CATCH_UP, STREAM_DISCONNECTED, STREAM_RESYNC, STREAM_STREAMING } from './messages.ts';
import type { Activation } from './replica.ts';
import { isRecycled, sayRecycled } from './retention.ts';

export const streamChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    events:
      | { type: 'hello' }
      | { type: 'stream' }
      | { type: 'backup' }
      | { type: 'confirm' }
      | { type: 'flushed' }
      | { type: 'close' };
  },
  guards: {
    'what it asks for is recycled': ({ context }) => isRecycled(context),
    'follower is caught up': ({ context }) => isCaughtUp(context),
  },
  actions: {
    'begin stream': ({ context }) => beginStream(context),
    'send next window': ({ context }) => sendWindow(context),
    'send all that is flushed': ({ context }) => sendFlushed(context),
    'say that it is recycled': ({ context }) => sayRecycled(context),
    'send base backup': ({ context }) => sendBackup(context),
    'note re-sync': ({ context }) => noteStream(context, STREAM_RESYNC),
    'note disconnected': ({ context }) => noteStream(context, STREAM_DISCONNECTED),
    'note catch-up': ({ context }) => noteStream(context, STREAM_CATCH_UP),
    'note streaming': ({ context }) => noteStream(context, STREAM_STREAMING),
  },
  delays: {
    'stream timeout': ({ context }) => context.node.settings.streamTimeoutUs,
    'base backup timeout': ({ context }) => backupPatienceUs(context),
  },
}).createMachine({
  id: 'stream',
  context: ({ input }) => input,
  initial: 'disconnected',
  states: {
    disconnected: {
      on: {
        backup: { target: 're-sync', actions: 'send base backup' },
        stream: [
          { guard: 'what it asks for is recycled', actions: 'say that it is recycled' },
          {
            guard: 'follower is caught up',
            target: 'connected.sending.streaming',
            actions: ['begin stream', 'send all that is flushed'],
          },
          { target: 'connected', actions: ['begin stream', 'send next window'] },
        ],
      },
    },
    // The log is kept from the copy on, until the follower asks for what comes after it.
    're-sync': {
      entry: 'note re-sync',
      after: { 'base backup timeout': { target: 'disconnected', actions: 'note disconnected' } },
      on: {
        close: 'disconnected',
        backup: { target: 're-sync', reenter: true, actions: 'send base backup' },
        stream: [
          {
            guard: 'what it asks for is recycled',
            target: 'disconnected',
            actions: ['note disconnected', 'say that it is recycled'],
          },
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
        backup: { target: 're-sync', actions: 'send base backup' },
        stream: [
          {
            guard: 'what it asks for is recycled',
            target: 'disconnected',
            actions: ['note disconnected', 'say that it is recycled'],
          },
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
