/** Whether a member reaches a majority, by way of who puts records in order, and what it does with operations if not. */
import { setup } from 'xstate';
import { abandonOperations, noteContact, sendAll, sendOverdue } from './executing.ts';
import type { Activation } from './member.ts';
import { CONTACT_GIVEN_UP, CONTACT_KEPT, CONTACT_LOST } from './messages.ts';

export type ContactEvent = { readonly type: 'found' | 'lost' };

export const contactChart = setup({
  types: {} as { context: Activation; input: Activation; events: ContactEvent },
  actions: {
    'send what waits for a verdict': ({ context }) => sendAll(context),
    'send again what waits for too long': ({ context }) => sendOverdue(context),
    'refuse what waits': ({ context }) => abandonOperations(context),
    'note contact': ({ context }) => noteContact(context, CONTACT_KEPT),
    'note contact lost': ({ context }) => noteContact(context, CONTACT_LOST),
    'note contact given up': ({ context }) => noteContact(context, CONTACT_GIVEN_UP),
  },
  delays: {
    retry: ({ context }) => context.node.settings.retryUs,
    patience: ({ context }) => context.node.settings.patienceUs,
  },
}).createMachine({
  id: 'contact',
  context: ({ input }) => input,
  initial: 'apart',
  states: {
    // Somebody puts records in order, and a majority follows.
    together: {
      initial: 'waiting for verdicts',
      on: {
        // Another does, or the same in a new term, who may know nothing of what was sent before.
        found: { target: 'together', reenter: true, actions: 'send what waits for a verdict' },
        lost: { target: 'apart', actions: 'note contact lost' },
      },
      states: {
        'waiting for verdicts': {
          after: {
            retry: {
              target: 'waiting for verdicts',
              reenter: true,
              actions: 'send again what waits for too long',
            },
          },
        },
      },
    },
    apart: {
      initial: 'patient',
      on: { found: { target: 'together', actions: ['note contact', 'send what waits for a verdict'] } },
      states: {
        patient: { after: { patience: 'refusing' } },
        refusing: { entry: ['note contact given up', 'refuse what waits'] },
      },
    },
  },
});
