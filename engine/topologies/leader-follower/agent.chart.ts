/** A replica's agent beside its role: it leads and renews the key, follows and watches it, or runs for it. */
import { setup } from 'xstate';
import {
  claimKey,
  doubtKey,
  enterRace,
  giveUpLeading,
  holdKey,
  isHealthiest,
  isLeader,
  noteRival,
  readKey,
  renewKey,
} from './agent.ts';
import type { Activation } from './replica.ts';

export const agentChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    events:
      | { type: 'greeted' }
      | { type: 'lead' }
      | { type: 'follow' }
      | { type: 'restarted' }
      | { type: 'renewed' }
      | { type: 'lost' }
      | { type: 'free' }
      | { type: 'compared' };
  },
  guards: {
    'I lead': ({ context }) => isLeader(context),
    'nobody is ahead, and I lag little enough': ({ context }) => isHealthiest(context),
  },
  actions: {
    'read the key': ({ context }) => readKey(context),
    'renew the key': ({ context }) => renewKey(context),
    'hold the key': ({ context }) => holdKey(context),
    'doubt the key': ({ context }) => doubtKey(context),
    'give up leading': ({ context }) => giveUpLeading(context),
    'ask the others how far they are': ({ context }) => enterRace(context),
    'note rival': ({ context }) => noteRival(context),
    'claim the key': ({ context }) => claimKey(context),
  },
  delays: {
    loop: ({ context }) => context.node.settings.fence.agent!.loopUs,
    patience: ({ context }) => context.node.settings.fence.agent!.patienceUs,
    race: ({ context }) => context.node.settings.fence.agent!.raceUs,
  },
}).createMachine({
  id: 'agent',
  context: ({ input }) => input,
  initial: 'asleep',
  states: {
    // Until the store greets it: loops of a cluster keep step with the key.
    asleep: {
      on: { greeted: [{ guard: 'I lead', target: 'leading' }, { target: 'watching' }] },
    },
    watching: {
      entry: 'read the key',
      after: { loop: { target: 'watching', reenter: true } },
      on: {
        lead: { target: 'leading', actions: 'hold the key' },
        free: { target: 'racing', actions: 'ask the others how far they are' },
        restarted: { target: 'watching', reenter: true },
      },
    },
    racing: {
      after: {
        race: [
          {
            guard: 'nobody is ahead, and I lag little enough',
            target: 'watching',
            actions: 'claim the key',
          },
          { target: 'watching' },
        ],
      },
      on: {
        compared: { actions: 'note rival' },
        lead: { target: 'leading', actions: 'hold the key' },
        restarted: 'watching',
      },
    },
    leading: {
      type: 'parallel',
      on: {
        follow: 'watching',
        lead: { target: 'leading', reenter: true },
        restarted: { actions: 'doubt the key' },
      },
      states: {
        renewing: {
          initial: 'waiting',
          states: {
            waiting: {
              entry: 'renew the key',
              after: { loop: { target: 'waiting', reenter: true } },
            },
          },
        },
        trust: {
          initial: 'sure',
          states: {
            sure: {
              after: { patience: { target: 'over', actions: 'give up leading' } },
              on: {
                renewed: { target: 'sure', reenter: true, actions: 'hold the key' },
                lost: { target: 'over', actions: 'give up leading' },
              },
            },
            over: {},
          },
        },
      },
    },
  },
});
