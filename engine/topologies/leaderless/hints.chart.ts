/** What a node keeps for another, and whether it is handing it over. */
import { setup } from 'xstate';
import {
  beginAnew,
  forgetFirst,
  type Handoff,
  isHeldForUp,
  lastIsHandedOver,
  noteHandoff,
  nothingIsKept,
  sendHints,
} from './hints.ts';

export type HintsEvent = { readonly type: 'kept' | 'up' | 'down' | 'handed over' };

export const hintsChart = setup({
  types: {} as { context: Handoff; input: Handoff; events: HintsEvent },
  guards: {
    'nothing is kept': ({ context }) => nothingIsKept(context),
    'the node is held for up': ({ context }) => isHeldForUp(context),
    'that was the last': ({ context }) => lastIsHandedOver(context),
  },
  actions: {
    'note that handoff begins': ({ context }) => noteHandoff(context),
    'begin with the first': ({ context }) => beginAnew(context),
    'send some': ({ context }) => sendHints(context),
    'forget the first': ({ context }) => forgetFirst(context),
  },
  delays: {
    pause: ({ context }) => context.node.settings.hints.pauseUs,
    silence: ({ context }) => context.node.settings.writeTimeoutUs,
  },
}).createMachine({
  id: 'hints',
  context: ({ input }) => input,
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        up: [{ guard: 'nothing is kept' }, { target: 'handing over' }],
        kept: { guard: 'the node is held for up', target: 'handing over' },
      },
    },
    'handing over': {
      entry: ['note that handoff begins', 'begin with the first'],
      initial: 'sending',
      on: {
        down: 'waiting',
        'handed over': [
          { guard: 'that was the last', target: 'waiting', actions: 'forget the first' },
          { actions: 'forget the first' },
        ],
      },
      after: {
        silence: [
          { guard: 'nothing is kept', target: 'waiting' },
          { target: 'handing over', reenter: true },
        ],
      },
      states: {
        sending: {
          entry: 'send some',
          after: { pause: { target: 'sending', reenter: true } },
        },
      },
    },
  },
});
