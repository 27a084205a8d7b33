/** What a server of Raft is: it follows, stands for election, or leads. */
import { setup } from 'xstate';
import {
  type Activation,
  answerHeartbeat,
  countMyVote,
  countVote,
  deservesVote,
  electionTimeoutUs,
  grantVote,
  isMyVote,
  isNotOfOlderTerm,
  isOfNewerTerm,
  isVoteForMe,
  leadsAtStart,
  makesMajority,
  myVoteMakesMajority,
  noteDurable,
  noteLeading,
  refuseVote,
  sendDurableAnswer,
  sendHeartbeats,
  standForElection,
  takeTerm,
} from './server.ts';

export type RaftEvent = {
  readonly type: 'vote asked' | 'voted' | 'heartbeat' | 'heard' | 'flushed' | 'restarted';
};

export const raftChart = setup({
  types: {} as { context: Activation; input: Activation; events: RaftEvent },
  guards: {
    'I lead from the start': ({ context }) => leadsAtStart(context),
    'it is of a newer term': ({ context }) => isOfNewerTerm(context),
    'it is of no older term': ({ context }) => isNotOfOlderTerm(context),
    'it deserves my vote': ({ context }) => deservesVote(context),
    'it is a vote for me': ({ context }) => isVoteForMe(context),
    'it makes a majority, counting this one': ({ context }) => makesMajority(context),
    'it is my own vote': ({ context }) => isMyVote(context),
    'my own vote makes a majority': ({ context }) => myVoteMakesMajority(context),
  },
  actions: {
    'take its term': ({ context }) => takeTerm(context),
    'grant vote': ({ context }) => grantVote(context),
    'refuse vote': ({ context }) => refuseVote(context),
    'stand for election': ({ context }) => standForElection(context),
    'count my vote': ({ context }) => countMyVote(context),
    'count vote': ({ context }) => countVote(context),
    'note leading': ({ context }) => noteLeading(context),
    'send heartbeats': ({ context }) => sendHeartbeats(context),
    'answer heartbeat': ({ context }) => answerHeartbeat(context),
    'note durable': ({ context }) => noteDurable(context),
    'send durable answer': ({ context }) => sendDurableAnswer(context),
  },
  delays: {
    'election timeout': ({ context }) => electionTimeoutUs(context),
    heartbeat: ({ context }) => context.node.settings.heartbeatUs,
  },
}).createMachine({
  id: 'raft',
  context: ({ input }) => input,
  initial: 'starting',
  on: {
    flushed: { actions: 'send durable answer' },
    restarted: { target: '.electing' },
  },
  states: {
    starting: { always: [{ guard: 'I lead from the start', target: 'leader' }, { target: 'electing' }] },
    // The timer begins anew with a vote given, a leader heard, or a candidacy. A newer term alone leaves it running.
    electing: {
      initial: 'follower',
      after: { 'election timeout': { target: '.candidate', reenter: true } },
      on: {
        'vote asked': [
          { guard: 'it deserves my vote', target: 'electing', reenter: true, actions: 'grant vote' },
          {
            guard: 'it is of a newer term',
            target: '.follower',
            actions: ['take its term', 'refuse vote'],
          },
          { actions: 'refuse vote' },
        ],
        voted: { guard: 'it is of a newer term', target: '.follower', actions: 'take its term' },
        heartbeat: [
          {
            guard: 'it is of no older term',
            target: 'electing',
            reenter: true,
            actions: ['take its term', 'answer heartbeat'],
          },
          { actions: 'answer heartbeat' },
        ],
      },
      states: {
        follower: {},
        candidate: {
          entry: 'stand for election',
          on: {
            flushed: [
              {
                guard: 'my own vote makes a majority',
                target: '#raft.leader',
                actions: ['note durable', 'count my vote'],
              },
              { guard: 'it is my own vote', actions: ['note durable', 'count my vote'] },
              { actions: 'send durable answer' },
            ],
            voted: [
              {
                guard: 'it makes a majority, counting this one',
                target: '#raft.leader',
                actions: 'count vote',
              },
              { guard: 'it is a vote for me', actions: 'count vote' },
            ],
          },
        },
      },
    },
    leader: {
      initial: 'leading',
      entry: 'note leading',
      on: {
        'vote asked': [
          { guard: 'it deserves my vote', target: 'electing', actions: 'grant vote' },
          {
            guard: 'it is of a newer term',
            target: 'electing',
            actions: ['take its term', 'refuse vote'],
          },
          { actions: 'refuse vote' },
        ],
        voted: { guard: 'it is of a newer term', target: 'electing', actions: 'take its term' },
        heard: { guard: 'it is of a newer term', target: 'electing', actions: 'take its term' },
        heartbeat: [
          {
            guard: 'it is of a newer term',
            target: 'electing',
            actions: ['take its term', 'answer heartbeat'],
          },
          { actions: 'answer heartbeat' },
        ],
      },
      states: {
        leading: {
          entry: 'send heartbeats',
          after: { heartbeat: { target: 'leading', reenter: true } },
        },
      },
    },
  },
});
