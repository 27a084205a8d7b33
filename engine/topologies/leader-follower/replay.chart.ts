/**
 * A follower's replay, where it takes time or may be held up: PostgreSQL's startup process, MySQL's applier. A query that
 * conflicts with the next record holds it back until the query is over, or until replay has waited long enough for it.
 */
import { setup } from 'xstate';
import {
  beginRecord,
  cancelQuery,
  conflictsWithQuery,
  graceUs,
  moreIsLeft,
  replayTimeUs,
  showRecord,
  stopReplay,
} from './replaying.ts';
import type { Activation } from './replica.ts';

export const replayChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    events: { type: 'flushed' } | { type: 'query over' } | { type: 'close' };
  },
  guards: {
    'the next record conflicts with a query': ({ context }) => conflictsWithQuery(context),
    'there is a next record': ({ context }) => moreIsLeft(context),
  },
  actions: {
    'begin the next record': ({ context }) => beginRecord(context),
    'show the record': ({ context }) => showRecord(context),
    'stop replay': ({ context }) => stopReplay(context),
    'cancel the query': ({ context }) => cancelQuery(context),
  },
  delays: {
    'replay of the next record': ({ context }) => replayTimeUs(context),
    'grace of the query': ({ context }) => graceUs(context),
  },
}).createMachine({
  id: 'replay',
  context: ({ input }) => input,
  initial: 'at rest',
  on: { close: '.at rest' },
  states: {
    'at rest': {
      entry: 'stop replay',
      on: {
        flushed: [
          { guard: 'the next record conflicts with a query', target: 'held back' },
          { guard: 'there is a next record', target: 'replaying' },
        ],
      },
    },
    replaying: {
      entry: 'begin the next record',
      after: {
        'replay of the next record': [
          {
            guard: 'the next record conflicts with a query',
            target: 'held back',
            actions: 'show the record',
          },
          {
            guard: 'there is a next record',
            target: 'replaying',
            reenter: true,
            actions: 'show the record',
          },
          { target: 'at rest', actions: 'show the record' },
        ],
      },
    },
    'held back': {
      entry: 'stop replay',
      after: { 'grace of the query': { target: 'replaying', actions: 'cancel the query' } },
      on: { 'query over': 'replaying' },
    },
  },
});
