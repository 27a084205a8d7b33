/** The key that says who leads: held for a while, and then free unless it was renewed. */
import { setup } from 'xstate';
import {
  announceHolder,
  claimsThisKey,
  greetAll,
  handOver,
  isHolder,
  type Keeping,
  letGo,
  refuse,
  renew,
  tellFree,
  tellHolder,
} from './leader-key.ts';

export const leaderKeyChart = setup({
  types: {} as {
    context: Keeping;
    input: Keeping;
    events:
      | { type: 'start' }
      | { type: 'renew' }
      | { type: 'claim' }
      | { type: 'read' }
      | { type: 'promoted' };
  },
  guards: {
    'it holds the key': ({ context }) => isHolder(context),
    'it claims this key': ({ context }) => claimsThisKey(context),
  },
  actions: {
    'greet everybody': ({ context }) => greetAll(context),
    renew: ({ context }) => renew(context),
    refuse: ({ context }) => refuse(context),
    'tell who holds it': ({ context }) => tellHolder(context),
    'tell that it is free': ({ context }) => tellFree(context),
    'let it go': ({ context }) => letGo(context),
    'hand it over': ({ context }) => handOver(context),
    'announce the holder': ({ context }) => announceHolder(context),
  },
  delays: { ttl: ({ context }) => context.key.ttlUs },
}).createMachine({
  id: 'leader-key',
  context: ({ input }) => input,
  initial: 'held',
  states: {
    held: {
      after: { ttl: { target: 'free', actions: 'let it go' } },
      on: {
        start: { actions: 'greet everybody' },
        renew: [
          { guard: 'it holds the key', target: 'held', reenter: true, actions: 'renew' },
          { actions: 'refuse' },
        ],
        read: { actions: 'tell who holds it' },
        claim: { actions: 'tell who holds it' },
        promoted: { guard: 'it holds the key', actions: 'announce the holder' },
      },
    },
    free: {
      on: {
        renew: { actions: 'refuse' },
        read: { actions: 'tell that it is free' },
        claim: { guard: 'it claims this key', target: 'held', actions: 'hand it over' },
      },
    },
  },
});
