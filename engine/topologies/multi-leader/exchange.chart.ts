/**
 * A leader's exchange with another that it sends its changes to. One instance per other, its configuration an integer in
 * the leader's record. It is closed where changes go by way of somebody else.
 */
import { setup } from 'xstate';
import { ask, goOn, hasEverything, lacksSomething, noteExchange, sendAgain, sendRest } from './exchanging.ts';
import type { Activation } from './leader.ts';
import {
  EXCHANGE_CLOSED,
  EXCHANGE_CUT_OFF,
  EXCHANGE_GIVEN_UP,
  EXCHANGE_STOPPED,
  EXCHANGE_STREAMING,
} from './messages.ts';

export type ExchangeEvent = {
  readonly type: 'open' | 'reopen' | 'close' | 'committed' | 'confirmed' | 'missed' | 'unfit' | 'told';
};

export const exchangeChart = setup({
  types: {} as { context: Activation; input: Activation; events: ExchangeEvent },
  guards: {
    'it lacks something': ({ context }) => lacksSomething(context),
    'it has everything': ({ context }) => hasEverything(context),
  },
  actions: {
    'send the rest': ({ context }) => sendRest(context),
    'send from there again': ({ context }) => sendAgain(context),
    'ask what it has': ({ context }) => ask(context),
    'go on from there': ({ context }) => goOn(context),
    'note that it streams': ({ context }) => noteExchange(context, EXCHANGE_STREAMING),
    'note that it is stopped': ({ context }) => noteExchange(context, EXCHANGE_STOPPED),
    'note that it is cut off': ({ context }) => noteExchange(context, EXCHANGE_CUT_OFF),
    'note that it is given up': ({ context }) => noteExchange(context, EXCHANGE_GIVEN_UP),
    'note that it is closed': ({ context }) => noteExchange(context, EXCHANGE_CLOSED),
  },
  delays: {
    silence: ({ context }) => context.node.settings.silenceUs,
    retry: ({ context }) => context.node.settings.retryUs,
    patience: ({ context }) => context.node.settings.patienceUs,
  },
}).createMachine({
  id: 'exchange',
  context: ({ input }) => input,
  initial: 'closed',
  states: {
    closed: { on: { open: 'open', reopen: 'open.silent' } },
    open: {
      initial: 'streaming',
      on: { close: { target: 'closed', actions: 'note that it is closed' } },
      states: {
        streaming: {
          initial: 'caught up',
          on: {
            missed: { target: '.waiting for word', actions: 'send from there again' },
            unfit: { target: 'stopped', actions: 'note that it is stopped' },
          },
          states: {
            'caught up': {
              on: {
                committed: {
                  guard: 'it lacks something',
                  target: 'waiting for word',
                  actions: 'send the rest',
                },
              },
            },
            'waiting for word': {
              on: {
                committed: { actions: 'send the rest' },
                confirmed: [
                  { guard: 'it has everything', target: 'caught up' },
                  { target: 'waiting for word', reenter: true },
                ],
              },
              after: { silence: 'asking' },
            },
            asking: {
              entry: 'ask what it has',
              on: {
                committed: { actions: 'send the rest' },
                confirmed: [
                  { guard: 'it has everything', target: 'caught up' },
                  { target: 'waiting for word' },
                ],
                told: [
                  { guard: 'it has everything', target: 'caught up' },
                  { target: 'waiting for word', actions: 'go on from there' },
                ],
              },
              after: { retry: '#exchange.open.silent' },
            },
          },
        },
        // It cannot apply what comes next: its table lacks the column. Now and then it is asked whether it has it by now.
        stopped: {
          initial: 'waiting for its schema',
          on: {
            told: [
              { guard: 'it has everything', target: 'streaming', actions: 'note that it streams' },
              {
                target: 'streaming.waiting for word',
                actions: ['note that it streams', 'go on from there'],
              },
            ],
          },
          states: {
            'waiting for its schema': { after: { retry: 'asking about it' } },
            'asking about it': {
              entry: 'ask what it has',
              on: { unfit: 'waiting for its schema' },
              after: { retry: '#exchange.open.silent' },
            },
          },
        },
        // Nothing is heard of it. Nothing is sent but the question.
        silent: {
          initial: 'cut off',
          on: {
            unfit: { target: 'stopped', actions: 'note that it is stopped' },
            told: [
              { guard: 'it has everything', target: 'streaming', actions: 'note that it streams' },
              {
                target: 'streaming.waiting for word',
                actions: ['note that it streams', 'go on from there'],
              },
            ],
          },
          states: {
            'cut off': {
              entry: 'note that it is cut off',
              initial: 'asking again',
              after: { patience: 'given up' },
              states: {
                'asking again': {
                  entry: 'ask what it has',
                  after: { retry: { target: 'asking again', reenter: true } },
                },
              },
            },
            // Its place is taken: by those it sent to itself, or by another hub.
            'given up': {
              entry: 'note that it is given up',
              initial: 'asking still',
              states: {
                'asking still': {
                  entry: 'ask what it has',
                  after: { retry: { target: 'asking still', reenter: true } },
                },
              },
            },
          },
        },
      },
    },
  },
});
