/** Anti-entropy as the node sees it that begins a session: now and then it compares what it holds with one other node. */
import { and, setup } from 'xstate';
import type { Activation } from './node.ts';
import {
  buildOwnTree,
  choosePeer,
  closeSession,
  countAnswer,
  giveUpSession,
  hasNothingToSend,
  isLastAnswer,
  peerIsUp,
  sendBelow,
  sendRoot,
} from './repairing.ts';

/** `same`, `differs`: the other node's answer to a hash. `received`: it has the version it was sent. */
type RepairEvent = { readonly type: 'same' | 'differs' | 'received' };

export const repairChart = setup({
  types: {} as { context: Activation; input: Activation; events: RepairEvent },
  guards: {
    'the next node is held for up': ({ context }) => peerIsUp(context),
    'nothing else is out': ({ context }) => isLastAnswer(context),
    'there is nothing to send': ({ context }) => hasNothingToSend(context),
  },
  actions: {
    'choose the next node': ({ context }) => choosePeer(context),
    'build a tree': ({ context }) => buildOwnTree(context),
    'send its root': ({ context }) => sendRoot(context),
    'count the answer': ({ context }) => countAnswer(context),
    'send what is below': ({ context }) => sendBelow(context),
    'close the session': ({ context }) => closeSession(context),
    'give up': ({ context }) => giveUpSession(context),
  },
  delays: {
    'time between sessions': ({ context }) => context.node.settings.repairEveryUs,
    'time for a session': ({ context }) => context.node.settings.repairEveryUs,
  },
}).createMachine({
  id: 'repair',
  context: ({ input }) => input,
  initial: 'between sessions',
  states: {
    'between sessions': {
      after: {
        'time between sessions': [
          {
            guard: 'the next node is held for up',
            target: 'comparing',
            actions: ['choose the next node', 'build a tree', 'send its root'],
          },
          { target: 'between sessions', reenter: true, actions: 'choose the next node' },
        ],
      },
    },
    comparing: {
      on: {
        same: [
          { guard: 'nothing else is out', target: 'between sessions', actions: 'close the session' },
          { actions: 'count the answer' },
        ],
        differs: [
          {
            guard: and(['there is nothing to send', 'nothing else is out']),
            target: 'between sessions',
            actions: 'close the session',
          },
          { actions: ['count the answer', 'send what is below'] },
        ],
        received: [
          { guard: 'nothing else is out', target: 'between sessions', actions: 'close the session' },
          { actions: 'count the answer' },
        ],
      },
      after: { 'time for a session': { target: 'between sessions', actions: 'give up' } },
    },
  },
});
