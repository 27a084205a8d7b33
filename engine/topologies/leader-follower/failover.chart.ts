/**
 * A failover manager, alone or one of several observers: it probes every replica all the time, and beside that watches for
 * the leader's silence, asks for positions, promotes the most advanced replica and announces it. Observers first agree that
 * the leader is down, and one of them gathers the votes of most: only it fails over, and in that epoch only.
 */
import { setup } from 'xstate';
import {
  adoptLeader,
  agreesEnough,
  announce,
  askForPowerOff,
  askForVotes,
  askOthers,
  askPositions,
  authorises,
  type Care,
  choose,
  completesAnswers,
  fencesByPower,
  giveOpinion,
  giveUpLeader,
  hasDoubts,
  hasEnoughAnswers,
  holdForDown,
  isAutomatic,
  isChosen,
  isEnoughAlone,
  isFromLeader,
  isLateAnswer,
  isNewerLeader,
  isOneOfSeveral,
  isSuspectOff,
  mayVote,
  noteAlive,
  noteDoubt,
  noteLeaderAlive,
  noteOpinion,
  notePosition,
  noteVote,
  probeAll,
  promoteChosen,
  refuseVote,
  suspectChosen,
  suspicionUs,
  takeOperatorsChoice,
  trustLeader,
  voteFor,
} from './manager.ts';

export const failoverChart = setup({
  types: {} as {
    context: Care;
    input: Care;
    events:
      | { type: 'alive' }
      | { type: 'position' }
      | { type: 'promoted' }
      | { type: 'off' }
      | { type: 'operator' }
      | { type: 'doubted' }
      | { type: 'opinion' }
      | { type: 'canvass' }
      | { type: 'vote' }
      | { type: 'leads' };
  },
  guards: {
    'it is the leader': ({ context }) => isFromLeader(context),
    'failover is automatic': ({ context }) => isAutomatic(context),
    'others watch too': ({ context }) => isOneOfSeveral(context),
    'I alone am enough': ({ context }) => isEnoughAlone(context),
    'enough agree, counting this one': ({ context }) => agreesEnough(context),
    'most have voted for me, counting this one': ({ context }) => authorises(context),
    'most have voted for me, and its power must be cut first': ({ context }) =>
      authorises(context) && fencesByPower(context),
    'I doubt the leader myself': ({ context }) => hasDoubts(context),
    'I may vote for it': ({ context }) => mayVote(context),
    'it names a newer leader': ({ context }) => isNewerLeader(context),
    'its power must be cut first': ({ context }) => fencesByPower(context),
    'the suspect is off': ({ context }) => isSuspectOff(context),
    'everybody has answered, counting this one': ({ context }) => completesAnswers(context),
    'it answers an older question': ({ context }) => isLateAnswer(context),
    'enough have answered': ({ context }) => hasEnoughAnswers(context),
    'it is the one chosen': ({ context }) => isChosen(context),
  },
  actions: {
    'probe every replica': ({ context }) => probeAll(context),
    'note alive': ({ context }) => noteAlive(context),
    'note that the leader is alive': ({ context }) => noteLeaderAlive(context),
    'trust the leader': ({ context }) => trustLeader(context),
    'doubt the leader': ({ context }) => noteDoubt(context),
    'ask the others whether it is down': ({ context }) => askOthers(context),
    'give my opinion': ({ context }) => giveOpinion(context),
    'note opinion': ({ context }) => noteOpinion(context),
    'hold the leader for down': ({ context }) => holdForDown(context),
    'ask for votes in a new epoch': ({ context }) => askForVotes(context),
    'vote for it': ({ context }) => voteFor(context),
    'refuse my vote': ({ context }) => refuseVote(context),
    'note vote': ({ context }) => noteVote(context),
    'adopt that leader': ({ context }) => adoptLeader(context),
    'give up the leader': ({ context }) => giveUpLeader(context),
    "take the operator's choice": ({ context }) => takeOperatorsChoice(context),
    'ask for its power to be cut': ({ context }) => askForPowerOff(context),
    'suspect the one chosen': ({ context }) => suspectChosen(context),
    'ask for positions': ({ context }) => askPositions(context),
    'note position': ({ context }) => notePosition(context),
    'choose the most advanced': ({ context }) => choose(context),
    'promote it': ({ context }) => promoteChosen(context),
    'announce it': ({ context }) => announce(context),
  },
  delays: {
    heartbeat: ({ context }) => context.manager.settings.heartbeatUs,
    'ask again': ({ context }) => context.manager.settings.heartbeatUs,
    'leader timeout': ({ context }) => suspicionUs(context),
    election: ({ context }) => context.manager.settings.electionUs,
    campaign: ({ context }) => context.manager.settings.campaignUs,
  },
}).createMachine({
  id: 'failover',
  context: ({ input }) => input,
  type: 'parallel',
  states: {
    probing: {
      initial: 'waiting',
      states: {
        waiting: {
          entry: 'probe every replica',
          after: { heartbeat: { target: 'waiting', reenter: true } },
          on: { alive: { actions: 'note alive' } },
        },
      },
    },
    failover: {
      initial: 'watching',
      on: {
        operator: { target: '.promoting', reenter: true, actions: "take the operator's choice" },
        doubted: { actions: 'give my opinion' },
        canvass: [
          { guard: 'I may vote for it', target: '.deferring', actions: 'vote for it' },
          { actions: 'refuse my vote' },
        ],
        leads: { guard: 'it names a newer leader', target: '.watching', actions: 'adopt that leader' },
      },
      states: {
        watching: {
          entry: 'trust the leader',
          after: {
            'leader timeout': [
              { guard: 'others watch too', target: 'doubting', actions: 'doubt the leader' },
              {
                guard: 'its power must be cut first',
                target: 'fencing',
                actions: ['hold the leader for down', 'give up the leader'],
              },
              {
                guard: 'failover is automatic',
                target: 'collecting',
                actions: ['hold the leader for down', 'give up the leader'],
              },
            ],
          },
          on: {
            alive: {
              guard: 'it is the leader',
              target: 'watching',
              reenter: true,
              actions: 'note that the leader is alive',
            },
          },
        },
        // It holds the leader for down, and asks whether others do.
        doubting: {
          entry: 'ask the others whether it is down',
          always: { guard: 'I alone am enough', target: 'campaigning', actions: 'hold the leader for down' },
          after: { 'ask again': { target: 'doubting', reenter: true } },
          on: {
            alive: { guard: 'it is the leader', target: 'watching' },
            opinion: [
              {
                guard: 'enough agree, counting this one',
                target: 'campaigning',
                actions: ['note opinion', 'hold the leader for down'],
              },
              { actions: 'note opinion' },
            ],
          },
        },
        campaigning: {
          entry: 'ask for votes in a new epoch',
          after: { campaign: 'doubting' },
          on: {
            alive: { guard: 'it is the leader', target: 'watching' },
            vote: [
              {
                guard: 'most have voted for me, and its power must be cut first',
                target: 'fencing',
                actions: ['note vote', 'give up the leader'],
              },
              {
                guard: 'most have voted for me, counting this one',
                target: 'collecting',
                actions: ['note vote', 'give up the leader'],
              },
              { actions: 'note vote' },
            ],
          },
        },
        // Another has my vote: it has its time.
        deferring: {
          after: {
            campaign: [{ guard: 'I doubt the leader myself', target: 'doubting' }, { target: 'watching' }],
          },
          on: { alive: { guard: 'it is the leader', target: 'watching' } },
        },
        fencing: {
          entry: 'ask for its power to be cut',
          after: { election: { target: 'fencing', reenter: true } },
          on: { off: { guard: 'the suspect is off', target: 'collecting' } },
        },
        collecting: {
          entry: 'ask for positions',
          after: {
            election: [
              { guard: 'enough have answered', target: 'promoting', actions: 'choose the most advanced' },
              { target: 'collecting', reenter: true },
            ],
          },
          on: {
            position: [
              { guard: 'it answers an older question' },
              {
                guard: 'everybody has answered, counting this one',
                target: 'promoting',
                actions: ['note position', 'choose the most advanced'],
              },
              { actions: 'note position' },
            ],
          },
        },
        promoting: {
          entry: 'promote it',
          after: {
            election: [
              { guard: 'its power must be cut first', target: 'fencing', actions: 'suspect the one chosen' },
              // It may lead all the same: whoever is chosen next needs an epoch of its own.
              { guard: 'others watch too', target: 'campaigning' },
              { target: 'collecting' },
            ],
          },
          on: { promoted: { guard: 'it is the one chosen', target: 'watching', actions: 'announce it' } },
        },
      },
    },
  },
});
