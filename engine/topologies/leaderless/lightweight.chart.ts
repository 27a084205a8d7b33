/** One lightweight transaction, a conditional write or a serial read, as its coordinator sees it. */
import { and, setup } from 'xstate';
import {
  type Attempt,
  allHaveAnswered,
  allShow,
  answerClient,
  askWhatTheyHold,
  commitOwn,
  commitTheirs,
  enoughAccept,
  enoughCommitted,
  enoughPromise,
  isRead,
  mayHaveComeThrough,
  noteAcceptance,
  noteCommitted,
  noteHeld,
  noteLostBallot,
  notePromise,
  noteRefusal,
  pauseUs,
  prepare,
  proposalIsUnderWay,
  propose,
  proposeTheirs,
  sayGivenUp,
  someLack,
  teach,
} from './lightweight.ts';

export interface LightweightEvent {
  /** Answers to a ballot, to the question what is held, to a proposal, to a commit; and a greater ballot was promised. */
  readonly type: 'promised' | 'declined' | 'found' | 'accepted' | 'committed';
}

export const lightweightChart = setup({
  types: {} as { context: Attempt; input: Attempt; events: LightweightEvent },
  guards: {
    'enough promise': ({ context }) => enoughPromise(context),
    'a proposal is under way': ({ context }) => proposalIsUnderWay(context),
    'all show what they hold': ({ context }) => allShow(context),
    'some lack the newest': ({ context }) => someLack(context),
    'enough accept': ({ context }) => enoughAccept(context),
    'all have answered': ({ context }) => allHaveAnswered(context),
    'it may have come through': ({ context }) => mayHaveComeThrough(context),
    'it is a read': ({ context }) => isRead(context),
    'enough have it': ({ context }) => enoughCommitted(context),
  },
  actions: {
    'prepare a ballot': ({ context }) => prepare(context),
    'note the promise': ({ context }) => notePromise(context),
    'note the lost ballot': ({ context }) => noteLostBallot(context),
    'ask those that promised what they hold': ({ context }) => askWhatTheyHold(context),
    'note what is held': ({ context }) => noteHeld(context),
    'write the newest to those that lack it': ({ context }) => teach(context),
    propose: ({ context }) => propose(context),
    'propose theirs again': ({ context }) => proposeTheirs(context),
    'note who accepts': ({ context }) => noteAcceptance(context),
    'note who refuses': ({ context }) => noteRefusal(context),
    commit: ({ context }) => commitOwn(context),
    'commit theirs': ({ context }) => commitTheirs(context),
    'note who has it': ({ context }) => noteCommitted(context),
    'answer its client': ({ context }) => answerClient(context),
    'say that it may have happened': ({ context }) => sayGivenUp(context),
  },
  delays: {
    'time for all of it': ({ context }) => context.node.settings.serialTimeoutUs,
    'random pause': ({ context }) => pauseUs(context),
  },
}).createMachine({
  id: 'lightweight',
  context: ({ input }) => input,
  initial: 'under way',
  states: {
    'under way': {
      after: { 'time for all of it': { target: 'over', actions: 'say that it may have happened' } },
      initial: 'preparing',
      states: {
        preparing: {
          entry: 'prepare a ballot',
          on: {
            promised: [
              {
                guard: and(['enough promise', 'a proposal is under way']),
                target: 'proposing theirs',
                actions: 'note the promise',
              },
              { guard: 'enough promise', target: 'reading', actions: 'note the promise' },
              { actions: 'note the promise' },
            ],
            declined: { target: 'pausing', actions: 'note the lost ballot' },
          },
        },
        reading: {
          entry: 'ask those that promised what they hold',
          on: {
            found: [
              {
                guard: and(['all show what they hold', 'some lack the newest']),
                target: 'teaching',
                actions: 'note what is held',
              },
              { guard: 'all show what they hold', target: 'proposing', actions: 'note what is held' },
              { actions: 'note what is held' },
            ],
          },
        },
        teaching: {
          entry: 'write the newest to those that lack it',
          on: {
            committed: [{ guard: 'enough have it', target: 'proposing' }, { actions: 'note who has it' }],
          },
        },
        proposing: {
          entry: 'propose',
          on: {
            accepted: [
              {
                guard: and(['enough accept', 'it is a read']),
                target: '#lightweight.over',
                actions: 'answer its client',
              },
              { guard: 'enough accept', target: 'committing' },
              {
                guard: 'all have answered',
                target: '#lightweight.over',
                actions: 'say that it may have happened',
              },
              { actions: 'note who accepts' },
            ],
            declined: [
              { guard: 'it is a read', target: 'pausing', actions: 'note the lost ballot' },
              {
                guard: and(['all have answered', 'it may have come through']),
                target: '#lightweight.over',
                actions: ['note the lost ballot', 'say that it may have happened'],
              },
              { guard: 'all have answered', target: 'pausing', actions: 'note the lost ballot' },
              { actions: 'note who refuses' },
            ],
          },
        },
        committing: {
          entry: 'commit',
          on: {
            committed: [
              { guard: 'enough have it', target: '#lightweight.over', actions: 'answer its client' },
              { actions: 'note who has it' },
            ],
          },
        },
        'proposing theirs': {
          entry: 'propose theirs again',
          on: {
            accepted: [
              { guard: 'enough accept', target: 'committing theirs' },
              { actions: 'note who accepts' },
            ],
            declined: { target: 'pausing', actions: 'note the lost ballot' },
          },
        },
        'committing theirs': {
          entry: 'commit theirs',
          on: {
            committed: [{ guard: 'enough have it', target: 'preparing' }, { actions: 'note who has it' }],
          },
        },
        pausing: { after: { 'random pause': 'preparing' } },
      },
    },
    over: { type: 'final' },
  },
});
