/**
 * PostgreSQL's WAL writer under `synchronous_commit = off`: what commits leave in memory goes to disk every now and then,
 * all of it together. Source: PostgreSQL 15 documentation, wal-async-commit.
 */
import { setup } from 'xstate';
import { flush } from './durable-log.ts';
import type { Activation } from './replica.ts';

export const walWriterChart = setup({
  types: {} as {
    context: Activation;
    input: Activation;
    events: { type: 'written' } | { type: 'close' };
  },
  guards: {
    'a flush is under way': ({ context }) => context.node.flushingLsn >= 0,
  },
  actions: {
    'flush the log': ({ context }) => flush(context.node, context.out),
  },
  delays: {
    'WAL writer delay': ({ context }) => context.node.settings.acknowledgement.walWriterUs,
  },
}).createMachine({
  id: 'wal-writer',
  context: ({ input }) => input,
  initial: 'asleep',
  on: { close: '.asleep' },
  states: {
    asleep: { on: { written: 'waiting' } },
    waiting: {
      after: {
        'WAL writer delay': [
          { guard: 'a flush is under way', target: 'waiting', reenter: true },
          { target: 'asleep', actions: 'flush the log' },
        ],
      },
    },
  },
});
