/**
 * A leader's replication to one follower: it looks for where the logs meet, an entry at a time, and then sends all as it
 * comes, without waiting for answers. Who needs what the log has let go of is sent a snapshot first.
 */
import { setup } from 'xstate';
import {
  answersQuestion,
  askAboutNext,
  goBack,
  goOnFromMatch,
  hasLostEntries,
  isBeyondMatch,
  isSilent,
  mayAsk,
  noteAgreed,
  noteStream,
  sendWindow,
} from './leading.ts';
import { STREAM_CATCH_UP, STREAM_DISCONNECTED, STREAM_SNAPSHOT, STREAM_STREAMING } from './messages.ts';
import type { Activation } from './server.ts';
import { beginSnapshot, canGoOnFromLog, endSnapshot, needsSnapshot, sendMore } from './snapshot.ts';

export type ProgressEvent = { readonly type: 'entries' | 'appended' | 'rejected' | 'heard' | 'beat' };

export const progressChart = setup({
  types: {} as { context: Activation; input: Activation; events: ProgressEvent },
  guards: {
    'it is silent': ({ context }) => isSilent(context),
    'there is something to ask': ({ context }) => mayAsk(context),
    'it answers what I asked': ({ context }) => answersQuestion(context),
    'it is about what I do not know it has': ({ context }) => isBeyondMatch(context),
    'entries were lost': ({ context }) => hasLostEntries(context),
    'what it needs is gone': ({ context }) => needsSnapshot(context),
    'the log goes on from what it has': ({ context }) => canGoOnFromLog(context),
  },
  actions: {
    'ask about the next entry': ({ context }) => askAboutNext(context),
    'go on from what it has': ({ context }) => goOnFromMatch(context),
    'go back': ({ context }) => goBack(context),
    'send all it lacks': ({ context }) => sendWindow(context),
    'note how far it agrees': ({ context }) => noteAgreed(context),
    'begin a snapshot': ({ context }) => beginSnapshot(context),
    'send more of it': ({ context }) => sendMore(context),
    'end the snapshot': ({ context }) => endSnapshot(context),
    'note snapshot': ({ context }) => noteStream(context, STREAM_SNAPSHOT),
    'note probing': ({ context }) => noteStream(context, STREAM_CATCH_UP),
    'note replicating': ({ context }) => noteStream(context, STREAM_STREAMING),
    'note disconnected': ({ context }) => noteStream(context, STREAM_DISCONNECTED),
  },
}).createMachine({
  id: 'progress',
  context: ({ input }) => input,
  initial: 'probing',
  states: {
    probing: {
      on: {
        entries: { guard: 'there is something to ask', actions: 'ask about the next entry' },
        appended: { target: 'replicating', actions: ['go on from what it has', 'send all it lacks'] },
        rejected: {
          guard: 'it answers what I asked',
          actions: ['go back', 'ask about the next entry'],
        },
        heard: { actions: 'note how far it agrees' },
        beat: [
          { guard: 'it is silent', target: 'disconnected' },
          { guard: 'what it needs is gone', target: 'snapshot' },
          { actions: 'ask about the next entry' },
        ],
      },
    },
    replicating: {
      entry: 'note replicating',
      exit: 'note probing',
      on: {
        entries: { actions: 'send all it lacks' },
        appended: { actions: 'send all it lacks' },
        rejected: {
          guard: 'it is about what I do not know it has',
          target: 'probing',
          actions: ['go back', 'ask about the next entry'],
        },
        heard: [
          {
            guard: 'entries were lost',
            target: 'probing',
            actions: ['note how far it agrees', 'go on from what it has', 'ask about the next entry'],
          },
          { actions: 'note how far it agrees' },
        ],
        beat: [
          { guard: 'it is silent', target: 'disconnected', actions: 'go on from what it has' },
          { guard: 'what it needs is gone', target: 'snapshot' },
        ],
      },
    },
    // It gets no entries: they would not fit before the snapshot is there.
    snapshot: {
      entry: ['note snapshot', 'begin a snapshot'],
      exit: 'end the snapshot',
      on: {
        appended: {
          guard: 'the log goes on from what it has',
          target: 'replicating',
          actions: ['go on from what it has', 'send all it lacks'],
        },
        heard: { actions: 'note how far it agrees' },
        beat: [{ guard: 'it is silent', target: 'disconnected' }, { actions: 'send more of it' }],
      },
    },
    disconnected: {
      entry: 'note disconnected',
      on: {
        appended: { target: 'replicating', actions: ['go on from what it has', 'send all it lacks'] },
        rejected: { target: 'probing', actions: ['go back', 'ask about the next entry'] },
        heard: { target: 'probing', actions: ['note how far it agrees', 'ask about the next entry'] },
      },
    },
  },
});
