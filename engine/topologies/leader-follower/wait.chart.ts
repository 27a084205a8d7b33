/**
 * How long a leader's writes wait for followers, where that is bounded. MySQL stops waiting for anybody once one write has
 * waited too long, and waits again when enough replicas have caught up; Redis tells that client how many have its write.
 * Source: MySQL 8.0 manual, replication-semisync; Redis documentation, WAIT.
 */
import { setup } from 'xstate';
import { answerOverdue, commit } from './leading.ts';
import type { Activation } from './replica.ts';
import { enoughCaughtUp, fallBack, fallsBack, nothingWaits, untilOverdueUs, waitAgain } from './waiting.ts';

export const waitChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    /** A write was appended; positions have moved; the leader leads no more. */
    events: { type: 'written' } | { type: 'moved' } | { type: 'close' };
  },
  guards: {
    'nothing waits': ({ context }) => nothingWaits(context),
    'it stops waiting for anybody': ({ context }) => fallsBack(context),
    'enough followers have caught up': ({ context }) => enoughCaughtUp(context),
  },
  actions: {
    'fall back to asynchronous': ({ context }) => fallBack(context),
    'answer what waits': ({ context }) => commit(context),
    'answer the overdue with a warning': ({ context }) => answerOverdue(context),
    'wait for followers again': ({ context }) => waitAgain(context),
  },
  delays: {
    'acknowledgement timeout': ({ context }) => untilOverdueUs(context),
  },
}).createMachine({
  id: 'wait',
  context: ({ input }) => input,
  initial: 'waiting for followers',
  on: { close: '.waiting for followers' },
  states: {
    'waiting for followers': {
      initial: 'nothing waits',
      states: {
        'nothing waits': { on: { written: 'something waits' } },
        'something waits': {
          on: {
            moved: [
              { guard: 'nothing waits', target: 'nothing waits' },
              { target: 'something waits', reenter: true },
            ],
          },
          after: {
            'acknowledgement timeout': [
              { guard: 'nothing waits', target: 'nothing waits' },
              {
                guard: 'it stops waiting for anybody',
                target: '#wait.asynchronous',
                actions: ['fall back to asynchronous', 'answer what waits'],
              },
              {
                target: 'something waits',
                reenter: true,
                actions: 'answer the overdue with a warning',
              },
            ],
          },
        },
      },
    },
    asynchronous: {
      on: {
        moved: {
          guard: 'enough followers have caught up',
          target: 'waiting for followers',
          actions: 'wait for followers again',
        },
      },
    },
  },
});
