/**
 * A replica's part in leases: it has promised its leader its support for a while, or it leads and asks for such promises,
 * with or without a lease at the moment.
 */
import { setup } from 'xstate';
import { commit } from './leading.ts';
import {
  askForLease,
  beginReign,
  completesMajority,
  forgetPromise,
  grantLease,
  holdLease,
  leaseLeftUs,
  mayGrant,
  noteGrant,
  noteLease,
} from './lease.ts';
import type { Activation } from './replica.ts';

export const leaseChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    events:
      | { type: 'lead' }
      | { type: 'follow' }
      | { type: 'asked' }
      | { type: 'granted' }
      | { type: 'restarted' };
  },
  guards: {
    'my leader asks, and no other promise stands': ({ context }) => mayGrant(context),
    'a majority grants, counting this one': ({ context }) => completesMajority(context),
  },
  actions: {
    'grant it': ({ context }) => grantLease(context),
    'forget the promise': ({ context }) => forgetPromise(context),
    'begin without a lease': ({ context }) => beginReign(context),
    'ask for the lease': ({ context }) => askForLease(context),
    'note grant': ({ context }) => noteGrant(context),
    'hold it': ({ context }) => holdLease(context),
    'acknowledge what waits': ({ context }) => commit(context),
    'note that it holds': ({ context }) => noteLease(context, 1),
    'note that it is over': ({ context }) => noteLease(context, 0),
  },
  delays: {
    promise: ({ context }) => context.node.settings.fence.promiseUs,
    renewal: ({ context }) => context.node.settings.fence.leaseRenewUs,
    lease: ({ context }) => leaseLeftUs(context),
  },
}).createMachine({
  id: 'lease',
  context: ({ input }) => input,
  initial: 'free',
  states: {
    free: {
      on: {
        asked: {
          guard: 'my leader asks, and no other promise stands',
          target: 'promised',
          actions: 'grant it',
        },
        lead: 'leading',
      },
    },
    promised: {
      after: { promise: { target: 'free', actions: 'forget the promise' } },
      on: {
        asked: {
          guard: 'my leader asks, and no other promise stands',
          target: 'promised',
          reenter: true,
          actions: 'grant it',
        },
        // How much of the promise had passed is not known any more.
        restarted: { target: 'promised', reenter: true },
        lead: { target: 'leading', actions: 'forget the promise' },
      },
    },
    leading: {
      entry: 'begin without a lease',
      type: 'parallel',
      on: { lead: { target: 'leading', reenter: true }, follow: 'free' },
      states: {
        asking: {
          initial: 'waiting',
          states: {
            waiting: {
              entry: 'ask for the lease',
              after: { renewal: { target: 'waiting', reenter: true } },
            },
          },
        },
        lease: {
          initial: 'without',
          states: {
            without: {
              on: {
                granted: [
                  {
                    guard: 'a majority grants, counting this one',
                    target: 'holding',
                    actions: ['note grant', 'hold it', 'note that it holds', 'acknowledge what waits'],
                  },
                  { actions: 'note grant' },
                ],
              },
            },
            holding: {
              after: { lease: { target: 'without', actions: 'note that it is over' } },
              on: {
                granted: [
                  {
                    guard: 'a majority grants, counting this one',
                    target: 'holding',
                    reenter: true,
                    actions: ['note grant', 'hold it', 'acknowledge what waits'],
                  },
                  { actions: 'note grant' },
                ],
              },
            },
          },
        },
      },
    },
  },
});
