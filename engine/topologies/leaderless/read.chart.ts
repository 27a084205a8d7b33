/** One read, as its coordinator sees it. */
import { and, setup, stateIn } from 'xstate';
import type { Activation } from './node.ts';
import {
  allHaveAnswered,
  allHoldNewest,
  answerRead,
  askAgain,
  askAnother,
  askReplicas,
  enoughHaveAnswered,
  enoughHoldNewest,
  mayAskAnother,
  noteAnswer,
  noteRepaired,
  readsDigests,
  repairsFirst,
  repairsLater,
  requiredHaveAnswered,
  sayReadTimedOut,
  someAreBehind,
  theyDiffer,
  writeBack,
} from './reading.ts';

export const readChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    /** A replica says what it holds; it has taken what was written back. */
    events: { type: 'answered' } | { type: 'repaired' };
  },
  guards: {
    'enough have answered': ({ context }) => enoughHaveAnswered(context),
    'the required have answered': ({ context }) => requiredHaveAnswered(context),
    'all have answered': ({ context }) => allHaveAnswered(context),
    'digests are asked for': ({ context }) => readsDigests(context),
    'they differ': ({ context }) => theyDiffer(context),
    'repair comes first': ({ context }) => repairsFirst(context),
    'repair comes later': ({ context }) => repairsLater(context),
    'enough hold the newest': ({ context }) => enoughHoldNewest(context),
    'all hold the newest': ({ context }) => allHoldNewest(context),
    'some are behind': ({ context }) => someAreBehind(context),
    'there is another to ask': ({ context }) => mayAskAnother(context),
  },
  actions: {
    'ask replicas': ({ context }) => askReplicas(context),
    'ask for all of it': ({ context }) => askAgain(context),
    'ask another': ({ context }) => askAnother(context),
    'note the answer': ({ context }) => noteAnswer(context),
    'note who is repaired': ({ context }) => noteRepaired(context),
    'write the newest back': ({ context }) => writeBack(context),
    'answer its client': ({ context }) => answerRead(context),
    'say that it timed out': ({ context }) => sayReadTimedOut(context),
  },
  delays: {
    'read timeout': ({ context }) => context.node.settings.readTimeoutUs,
    'speculative delay': ({ context }) => context.node.settings.speculativeUs,
  },
}).createMachine({
  id: 'read',
  context: ({ input }) => input,
  initial: 'under way',
  states: {
    'under way': {
      entry: 'ask replicas',
      after: {
        'read timeout': [
          {
            guard: and([stateIn('#unanswered'), 'the required have answered']),
            target: 'over',
            actions: 'answer its client',
          },
          { guard: stateIn('#unanswered'), target: 'over', actions: 'say that it timed out' },
          { guard: 'some are behind', target: 'over', actions: 'write the newest back' },
          { target: 'over' },
        ],
      },
      initial: 'unanswered',
      states: {
        unanswered: {
          id: 'unanswered',
          initial: 'waiting for enough',
          states: {
            'waiting for enough': {
              initial: 'asked',
              states: {
                asked: {
                  on: {
                    answered: {
                      guard: and(['digests are asked for', 'enough have answered', 'they differ']),
                      target: 'asked again',
                      actions: ['note the answer', 'ask for all of it'],
                    },
                  },
                },
                'asked again': {},
              },
              on: {
                answered: [
                  {
                    guard: and(['enough have answered', 'they differ', 'repair comes first']),
                    target: 'repairing first',
                    actions: ['note the answer', 'write the newest back'],
                  },
                  {
                    guard: and(['all have answered', 'they differ', 'repair comes later']),
                    target: '#answered.repairing',
                    actions: ['note the answer', 'answer its client', 'write the newest back'],
                  },
                  {
                    guard: 'all have answered',
                    target: '#read.over',
                    actions: ['note the answer', 'answer its client'],
                  },
                  {
                    guard: and(['enough have answered', 'repair comes later']),
                    target: '#answered',
                    actions: ['note the answer', 'answer its client'],
                  },
                  {
                    guard: 'enough have answered',
                    target: '#read.over',
                    actions: ['note the answer', 'answer its client'],
                  },
                  { actions: 'note the answer' },
                ],
              },
              after: {
                'speculative delay': { guard: 'there is another to ask', actions: 'ask another' },
              },
            },
            'repairing first': {
              on: {
                repaired: [
                  { guard: 'enough hold the newest', target: '#read.over', actions: 'answer its client' },
                  { actions: 'note who is repaired' },
                ],
              },
            },
          },
        },
        answered: {
          id: 'answered',
          initial: 'waiting for the rest',
          states: {
            'waiting for the rest': {
              on: {
                answered: [
                  {
                    guard: and(['all have answered', 'they differ']),
                    target: 'repairing',
                    actions: ['note the answer', 'write the newest back'],
                  },
                  { guard: 'all have answered', target: '#read.over' },
                  { actions: 'note the answer' },
                ],
              },
            },
            repairing: {
              on: {
                repaired: [
                  { guard: 'all hold the newest', target: '#read.over' },
                  { actions: 'note who is repaired' },
                ],
              },
            },
          },
        },
      },
    },
    over: { type: 'final' },
  },
});
