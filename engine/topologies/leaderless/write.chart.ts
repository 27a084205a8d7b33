/** One write, as its coordinator sees it. */
import { setup } from 'xstate';
import type { Activation } from './node.ts';
import {
  allHaveIt,
  answerWrite,
  clientWaitsForWrite,
  enoughHaveIt,
  leaveHints,
  noteAcknowledgement,
  sayWriteTimedOut,
  sendToReplicas,
} from './writing.ts';

export const writeChart = setup({
  types: {} as { context: Activation; input: Activation; events: { type: 'acknowledged' } },
  guards: {
    'all have it': ({ context }) => allHaveIt(context),
    'enough have it': ({ context }) => enoughHaveIt(context),
    'its client waits': ({ context }) => clientWaitsForWrite(context),
  },
  actions: {
    'send it to every replica': ({ context }) => sendToReplicas(context),
    'note who has it': ({ context }) => noteAcknowledgement(context),
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
          { guard: 'its client waits', target: 'over', actions: ['say that it timed out', 'leave hints'] },
          { target: 'over', actions: 'leave hints' },
        ],
      },
      initial: 'waiting for enough',
      states: {
        'waiting for enough': {
          on: {
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
