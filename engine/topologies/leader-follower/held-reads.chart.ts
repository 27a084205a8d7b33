/** Whether a replica holds reads until it shows what their readers have seen, and how long it does. */

import { setup } from 'xstate';
import { allCanGo, letGo, patienceUs, someCanGo } from './held-reads.ts';
import type { Activation } from './replica.ts';

/** `held`: one more read is held; `moved`: the replica has handled something, after which it may show more. */
type HeldReadsEvent = { readonly type: 'held' | 'moved' };

export const heldReadsChart = setup({
  types: {} as { context: Activation; input: Activation; events: HeldReadsEvent },
  guards: {
    'all can go': ({ context }) => allCanGo(context),
    'some can go': ({ context }) => someCanGo(context),
  },
  actions: {
    'answer or send on': ({ context }) => letGo(context),
  },
  delays: {
    'patience of the first that stays': ({ context }) => patienceUs(context),
  },
}).createMachine({
  id: 'held reads',
  context: ({ input }) => input,
  initial: 'none',
  states: {
    none: { on: { held: 'holding' } },
    holding: {
      on: {
        moved: [
          { guard: 'all can go', target: 'none', actions: 'answer or send on' },
          { guard: 'some can go', target: 'holding', reenter: true, actions: 'answer or send on' },
        ],
      },
      after: {
        'patience of the first that stays': [
          { guard: 'all can go', target: 'none', actions: 'answer or send on' },
          { target: 'holding', reenter: true, actions: 'answer or send on' },
        ],
      },
    },
  },
});
