/** What a server of Raft is: it follows, asks whether it could win, stands for election, or leads. */
import { raise, setup } from 'xstate';
import {
  acknowledge,
  answerHeartbeat,
  comesEarly,
  compactLog,
  continuesMyLog,
  follow,
  keepEarly,
  reject,
  takeCommit,
  takeEntry,
  takeMatch,
} from './following.ts';
import {
  answerAlone,
  appendWrite,
  beat,
  beatForReads,
  commit,
  countSilence,
  hasLostMajority,
  leaveOffice,
  noteAppended,
  noteHeard,
  openTerm,
  takeOffice,
} from './leading.ts';
import { noteWritten, show } from './log.ts';
import { answerRead, mayAnswerAtOnce, queueRead, readsAreLocal, refuse } from './reading.ts';
import { type Activation, isNotOfOlderTerm, isOfNewerTerm, leadsAtStart, takeTerm } from './server.ts';
import {
  agreeOnSnapshot,
  completesSnapshot,
  installSnapshot,
  isOnDisk,
  knowsSnapshot,
  takeSnapshotPart,
  writeSnapshot,
} from './snapshot.ts';
import {
  askForSupport,
  asksFirst,
  countMyVote,
  countVote,
  deservesSupport,
  deservesVote,
  electionTimeoutUs,
  grantSupport,
  grantVote,
  hearsOfLeader,
  isMyVote,
  isSupport,
  isVoteForMe,
  keepPromises,
  makesMajority,
  makesMajorityOfSupport,
  myVoteMakesMajority,
  noteVoteDurable,
  refuseSupport,
  refusesFromNewerTerm,
  refuseVote,
  sendDurableAnswer,
  standForElection,
} from './voting.ts';

/** What the chart asks of the progress charts of a leader: they are stepped by whoever holds their tables. */
export interface Followers {
  readonly step: (activation: Activation, event: 'appended' | 'rejected' | 'heard') => void;
  readonly stepAll: (activation: Activation, event: 'entries' | 'beat') => void;
}

export type RaftEvent = {
  readonly type:
    | 'read'
    | 'write'
    | 'pre-vote asked'
    | 'pre-voted'
    | 'supported'
    | 'vote asked'
    | 'voted'
    | 'heartbeat'
    | 'heard'
    | 'append'
    | 'appended'
    | 'rejected'
    | 'committed'
    | 'snapshot part'
    | 'snapshot written'
    | 'log written'
    | 'vote written'
    | 'restarted';
};

/** The chart, with the followers it drives as a leader. */
export const raftChart = (followers: Followers) =>
  setup({
    types: {} as { context: Activation; input: Activation; events: RaftEvent },
    guards: {
      'I lead from the start': ({ context }) => leadsAtStart(context),
      'it is of a newer term': ({ context }) => isOfNewerTerm(context),
      'it is of no older term': ({ context }) => isNotOfOlderTerm(context),
      'I hear of a leader': ({ context }) => hearsOfLeader(context),
      'it deserves my vote': ({ context }) => deservesVote(context),
      'it deserves my support': ({ context }) => deservesSupport(context),
      'I ask before I stand': ({ context }) => asksFirst(context),
      'it is support for me': ({ context }) => isSupport(context),
      'it makes a majority of support, counting this one': ({ context }) => makesMajorityOfSupport(context),
      'it refuses, and knows a newer term': ({ context }) => refusesFromNewerTerm(context),
      'it is a vote for me': ({ context }) => isVoteForMe(context),
      'it makes a majority, counting this one': ({ context }) => makesMajority(context),
      'it is my own vote': ({ context }) => isMyVote(context),
      'my own vote makes a majority': ({ context }) => myVoteMakesMajority(context),
      'it continues my log': ({ context }) => continuesMyLog(context),
      'it comes before its turn': ({ context }) => comesEarly(context),
      'I know what it shows': ({ context }) => knowsSnapshot(context),
      'it completes the snapshot, counting this one': ({ context }) => completesSnapshot(context),
      'it is the newest that has come': ({ context }) => isOnDisk(context),
      'reads are local': ({ context }) => readsAreLocal(context),
      'it may be answered at once': ({ context }) => mayAnswerAtOnce(context),
      'a majority is silent': ({ context }) => hasLostMajority(context),
    },
    actions: {
      'take its term': ({ context }) => takeTerm(context),
      'grant vote': ({ context }) => grantVote(context),
      'refuse vote': ({ context }) => refuseVote(context),
      'grant support': ({ context }) => grantSupport(context),
      'refuse support': ({ context }) => refuseSupport(context),
      'ask for support': ({ context }) => askForSupport(context),
      'stand for election': ({ context }) => standForElection(context),
      'count my vote': ({ context }) => countMyVote(context),
      'count vote': ({ context }) => countVote(context),
      'note vote durable': ({ context }) => noteVoteDurable(context),
      'send durable answer': ({ context }) => sendDurableAnswer(context),
      'keep what it may have promised': ({ context }) => keepPromises(context),
      follow: ({ context }) => follow(context),
      'answer heartbeat': ({ context }) => answerHeartbeat(context),
      'take its word for what I hold': ({ context }) => takeMatch(context),
      'take commit': ({ context }) => takeCommit(context),
      'compact log': ({ context }) => compactLog(context),
      'take entry': ({ context }) => takeEntry(context),
      'keep entry for its turn': ({ context }) => keepEarly(context),
      'reject entry': ({ context }) => reject(context),
      'agree on what it shows': ({ context }) => agreeOnSnapshot(context),
      'take part of snapshot': ({ context }) => takeSnapshotPart(context),
      'write snapshot': ({ context }) => writeSnapshot(context),
      'install snapshot': ({ context }) => installSnapshot(context),
      'note written': ({ context }) => noteWritten(context),
      show: ({ context }) => show(context),
      acknowledge: ({ context }) => acknowledge(context),
      'answer read': ({ context }) => answerRead(context),
      'queue read': ({ context }) => queueRead(context),
      'send heartbeats for reads': ({ context }) => beatForReads(context),
      refuse: ({ context }) => refuse(context),
      'take office': ({ context }) => takeOffice(context),
      'open my term': ({ context }) => openTerm(context),
      'leave office': ({ context }) => leaveOffice(context),
      'append write': ({ context }) => appendWrite(context),
      'note appended': ({ context }) => noteAppended(context),
      'note heard': ({ context }) => noteHeard(context),
      commit: ({ context }) => commit(context),
      'answer alone': ({ context }) => answerAlone(context),
      'count silence': ({ context }) => countSilence(context),
      'send heartbeats': ({ context }) => beat(context),
      'send entries': ({ context }) => followers.stepAll(context, 'entries'),
      'look after followers': ({ context }) => followers.stepAll(context, 'beat'),
      'feed it': ({ context }) => followers.step(context, 'appended'),
      'send it earlier entries': ({ context }) => followers.step(context, 'rejected'),
      'see whether it lacks entries': ({ context }) => followers.step(context, 'heard'),
      supported: raise({ type: 'supported' }),
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
      'vote written': { actions: 'send durable answer' },
      restarted: { target: '.electing', actions: 'keep what it may have promised' },
    },
    states: {
      starting: { always: [{ guard: 'I lead from the start', target: 'leader' }, { target: 'electing' }] },
      // The timer begins anew with a vote given, a leader heard, or a candidacy. A newer term alone leaves it running.
      electing: {
        initial: 'follower',
        after: {
          'election timeout': [
            { guard: 'I ask before I stand', target: '.pre-candidate', reenter: true },
            { target: '.candidate', reenter: true },
          ],
        },
        on: {
          read: [{ guard: 'reads are local', actions: 'answer read' }, { actions: 'refuse' }],
          write: { actions: 'refuse' },
          'pre-vote asked': [
            { guard: 'it deserves my support', actions: 'grant support' },
            { actions: 'refuse support' },
          ],
          'pre-voted': {
            guard: 'it refuses, and knows a newer term',
            target: '.follower',
            actions: 'take its term',
          },
          supported: { target: '.candidate', reenter: true },
          'vote asked': [
            { guard: 'I hear of a leader' },
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
              actions: [
                'take its term',
                'follow',
                'take its word for what I hold',
                'take commit',
                'compact log',
                'answer heartbeat',
              ],
            },
            { actions: 'answer heartbeat' },
          ],
          append: [
            {
              guard: 'it continues my log',
              target: 'electing',
              reenter: true,
              actions: ['take its term', 'follow', 'take entry'],
            },
            {
              guard: 'it comes before its turn',
              target: 'electing',
              reenter: true,
              actions: ['follow', 'keep entry for its turn'],
            },
            {
              guard: 'it is of no older term',
              target: 'electing',
              reenter: true,
              actions: ['take its term', 'follow', 'reject entry'],
            },
            { actions: 'reject entry' },
          ],
          committed: [
            {
              guard: 'it is of a newer term',
              target: 'electing',
              reenter: true,
              actions: ['take its term', 'follow'],
            },
            // It comes close upon entries or heartbeats, which have begun the wait anew.
            { guard: 'it is of no older term', actions: ['follow', 'take commit'] },
          ],
          'snapshot part': [
            {
              guard: 'I know what it shows',
              target: 'electing',
              reenter: true,
              actions: ['take its term', 'follow', 'agree on what it shows', 'acknowledge'],
            },
            {
              guard: 'it completes the snapshot, counting this one',
              target: 'electing',
              reenter: true,
              actions: ['take its term', 'follow', 'take part of snapshot', 'write snapshot'],
            },
            {
              guard: 'it is of no older term',
              target: 'electing',
              reenter: true,
              actions: ['take its term', 'follow', 'take part of snapshot'],
            },
          ],
          'snapshot written': {
            guard: 'it is the newest that has come',
            actions: ['install snapshot', 'acknowledge'],
          },
          'log written': { actions: ['note written', 'show', 'acknowledge'] },
        },
        states: {
          follower: {},
          // It raises no term before it knows that it could win: one that others do not hear unseats nobody.
          'pre-candidate': {
            entry: 'ask for support',
            on: {
              'pre-voted': [
                { guard: 'it makes a majority of support, counting this one', actions: 'supported' },
                { guard: 'it is support for me', actions: 'count vote' },
                {
                  guard: 'it refuses, and knows a newer term',
                  target: 'follower',
                  actions: 'take its term',
                },
              ],
            },
          },
          candidate: {
            entry: 'stand for election',
            on: {
              'vote written': [
                {
                  guard: 'my own vote makes a majority',
                  target: '#raft.leader',
                  actions: ['note vote durable', 'count my vote'],
                },
                { guard: 'it is my own vote', actions: ['note vote durable', 'count my vote'] },
                { actions: 'send durable answer' },
              ],
              voted: [
                {
                  guard: 'it makes a majority, counting this one',
                  target: '#raft.leader',
                  actions: 'count vote',
                },
                { guard: 'it is a vote for me', actions: 'count vote' },
                { guard: 'it is of a newer term', target: 'follower', actions: 'take its term' },
              ],
            },
          },
        },
      },
      leader: {
        initial: 'leading',
        entry: ['take office', 'open my term'],
        exit: 'leave office',
        on: {
          read: [
            { guard: 'it may be answered at once', actions: 'answer read' },
            { actions: ['queue read', 'send entries', 'send heartbeats for reads'] },
          ],
          write: { actions: ['append write', 'send entries'] },
          'log written': { actions: ['note written', 'answer alone', 'commit'] },
          appended: [
            { guard: 'it is of a newer term', target: 'electing', actions: 'take its term' },
            {
              guard: 'it is of no older term',
              actions: ['note appended', 'feed it', 'commit'],
            },
          ],
          rejected: [
            { guard: 'it is of a newer term', target: 'electing', actions: 'take its term' },
            { guard: 'it is of no older term', actions: 'send it earlier entries' },
          ],
          heard: [
            { guard: 'it is of a newer term', target: 'electing', actions: 'take its term' },
            {
              guard: 'it is of no older term',
              actions: ['see whether it lacks entries', 'note heard'],
            },
          ],
          'pre-vote asked': { actions: 'refuse support' },
          'vote asked': [
            { guard: 'I hear of a leader' },
            { guard: 'it deserves my vote', target: 'electing', actions: 'grant vote' },
            {
              guard: 'it is of a newer term',
              target: 'electing',
              actions: ['take its term', 'refuse vote'],
            },
            { actions: 'refuse vote' },
          ],
          voted: { guard: 'it is of a newer term', target: 'electing', actions: 'take its term' },
          heartbeat: [
            {
              guard: 'it is of a newer term',
              target: 'electing',
              actions: ['take its term', 'follow', 'answer heartbeat'],
            },
            { actions: 'answer heartbeat' },
          ],
          append: [
            {
              guard: 'it is of a newer term',
              target: 'electing',
              actions: ['take its term', 'follow', 'reject entry'],
            },
            { actions: 'reject entry' },
          ],
          committed: {
            guard: 'it is of a newer term',
            target: 'electing',
            actions: ['take its term', 'follow'],
          },
          'snapshot part': {
            guard: 'it is of a newer term',
            target: 'electing',
            actions: ['take its term', 'follow'],
          },
        },
        states: {
          leading: {
            entry: ['count silence', 'look after followers', 'send heartbeats'],
            after: {
              heartbeat: [
                { guard: 'a majority is silent', target: '#raft.electing' },
                { target: 'leading', reenter: true },
              ],
            },
          },
        },
      },
    },
  });
