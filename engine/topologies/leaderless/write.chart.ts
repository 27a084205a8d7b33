/** One write, as its coordinator sees it. */
import { and, setup, stateIn } from 'xstate';
import type { Activation } from './node.ts';
import {
  allHaveIt,
  answerWrite,
  enoughHaveIt,
  enoughHaveReceivedIt,
  leaveHints,
  noteAcknowledgement,
  noteReceipt,
  requiredHaveIt,
  sayWriteTimedOut,
  sendToReplicas,
} from './writing.ts';

export const writeChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    /** A node has it on disk; it has received it. */
    events: { type: 'acknowledged' } | { type: 'received' };
  },
  guards: {
    'all have it': ({ context }) => allHaveIt(context),
    'enough have it': ({ context }) => enoughHaveIt(context),
    'enough have received it': ({ context }) => enoughHaveReceivedIt(context),
    'the required have it': ({ context }) => requiredHaveIt(context),
  },
  actions: {
    'send it to every replica': ({ context }) => sendToReplicas(context),
    'note who has it': ({ context }) => noteAcknowledgement(context),
    'note who has received it': ({ context }) => noteReceipt(context),
    'answer its client': ({ context }) => answerWrite(context),
    'leave hints': ({ context }) => leaveHints(context),
    'say that it timed out': ({ context }) => sayWriteTimedOut(context),
  },
  delays: {
    'write timeout': ({ context }) => context.node.settings.writeTimeoutUs,
  },
}).createMachine({
  id: 'write',
  context: ({ input }) => input,
  initial: 'under way',
  states: {
    'under way': {
      entry: 'send it to every replica',
      after: {
        'write timeout': [
          {
            guard: and([stateIn('#unanswered'), 'the required have it']),
            target: 'over',
            actions: ['answer its client', 'leave hints'],
          },
          {
            guard: stateIn('#unanswered'),
            target: 'over',
            actions: ['say that it timed out', 'leave hints'],
          },
          { target: 'over', actions: 'leave hints' },
        ],
      },
      initial: 'waiting for enough',
      states: {
        'waiting for enough': {
          id: 'unanswered',
          on: {
            received: [
              {
                guard: 'enough have received it',
                target: 'waiting for the rest',
                actions: ['note who has received it', 'answer its client'],
              },
              { actions: 'note who has received it' },
            ],
            acknowledged: [
              {
                guard: 'all have it',
                target: '#write.over',
                actions: ['note who has it', 'answer its client'],
              },
              {
                guard: 'enough have it',
                target: 'waiting for the rest',
                actions: ['note who has it', 'answer its client'],
              },
              { actions: 'note who has it' },
            ],
          },
        },
        'waiting for the rest': {
          on: {
            acknowledged: [{ guard: 'all have it', target: '#write.over' }, { actions: 'note who has it' }],
          },
        },
      },
    },
    over: { type: 'final' },
  },
});
