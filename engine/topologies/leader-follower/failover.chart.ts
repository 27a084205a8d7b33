/**
 * The failover manager: it probes every replica all the time, and beside that watches for the leader's silence, asks
 * for positions, promotes the most advanced replica and announces it.
 */
import { setup } from 'xstate';
import {
  announce,
  askForPowerOff,
  askPositions,
  type Care,
  choose,
  completesAnswers,
  fencesByPower,
  hasEnoughAnswers,
  isAutomatic,
  isChosen,
  isFromLeader,
  isLateAnswer,
  isSuspectOff,
  noteAlive,
  notePosition,
  probeAll,
  promoteChosen,
  suspectChosen,
  suspectLeader,
  takeOperatorsChoice,
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
      | { type: 'operator' };
  },
  guards: {
    'it is the leader': ({ context }) => isFromLeader(context),
    'failover is automatic': ({ context }) => isAutomatic(context),
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
    'suspect the leader': ({ context }) => suspectLeader(context),
    'ask for its power to be cut': ({ context }) => askForPowerOff(context),
    'suspect the one chosen': ({ context }) => suspectChosen(context),
    'ask for positions': ({ context }) => askPositions(context),
    'note position': ({ context }) => notePosition(context),
    'choose the most advanced': ({ context }) => choose(context),
    "take the operator's choice": ({ context }) => takeOperatorsChoice(context),
    'promote it': ({ context }) => promoteChosen(context),
    'announce it': ({ context }) => announce(context),
  },
  delays: {
    heartbeat: ({ context }) => context.manager.settings.heartbeatUs,
    'leader timeout': ({ context }) => context.manager.settings.timeoutUs,
    election: ({ context }) => context.manager.settings.electionUs,
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
      },
      states: {
        watching: {
          after: {
            'leader timeout': [
              { guard: 'its power must be cut first', target: 'fencing', actions: 'suspect the leader' },
              { guard: 'failover is automatic', target: 'collecting', actions: 'suspect the leader' },
            ],
          },
          on: { alive: { guard: 'it is the leader', target: 'watching', reenter: true } },
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
              { target: 'collecting' },
            ],
          },
          on: { promoted: { guard: 'it is the one chosen', target: 'watching', actions: 'announce it' } },
        },
      },
    },
  },
});
