/**
 * What a replica is: it follows, looking for a stream or receiving one, or it leads. Nobody is a candidate here: the
 * failover manager chooses (`failover.chart.ts`).
 */
import { setup } from 'xstate';
import {
  type Activation,
  answerHello,
  answerRead,
  appendRecord,
  appendWrite,
  askForStream,
  commit,
  confirm,
  confirmPromotion,
  discardDivergentTail,
  findsCommonPoint,
  follow,
  givePosition,
  isBeyondNext,
  isForLaterTerm,
  isForThisTermOrLater,
  isFromMyLeader,
  isNextRecord,
  leaveLeader,
  lookFurtherBack,
  missesRecords,
  namesNewLeader,
  noteConfirmed,
  noteFlushed,
  openForWrites,
  recycleSafe,
  refuseWrite,
  replayFlushed,
  reportAlive,
  sayHello,
  sendKeepalives,
  startOver,
  takeOver,
} from './replica.ts';

/** What the chart asks of the stream charts of a replica: they are stepped by whoever holds their tables. */
export interface Streams {
  readonly step: (activation: Activation, event: 'hello' | 'stream' | 'confirm') => void;
  readonly stepAll: (activation: Activation, event: 'flushed' | 'close') => void;
}

export type RoleEvent = {
  readonly type:
    | 'read'
    | 'write'
    | 'hello'
    | 'point'
    | 'stream'
    | 'append'
    | 'confirm'
    | 'keepalive'
    | 'probe'
    | 'ask'
    | 'promote'
    | 'flushed'
    | 'restarted';
};

/** The chart, with the streams it drives. */
export const roleChart = (streams: Streams) =>
  setup({
    types: {} as { context: Activation; input: Activation; events: RoleEvent },
    guards: {
      'it is the next record': ({ context }) => isNextRecord(context),
      'a record is missing before it': ({ context }) => isBeyondNext(context),
      'records are missing': ({ context }) => missesRecords(context),
      'it is from my leader': ({ context }) => isFromMyLeader(context),
      'the logs meet there': ({ context }) => findsCommonPoint(context),
      'it names a new leader': ({ context }) => namesNewLeader(context),
      'it is for this term or a later one': ({ context }) => isForThisTermOrLater(context),
      'it is for a later term': ({ context }) => isForLaterTerm(context),
    },
    actions: {
      'answer read': ({ context }) => answerRead(context),
      'refuse write': ({ context }) => refuseWrite(context),
      'append write': ({ context }) => appendWrite(context),
      'note flushed': ({ context }) => noteFlushed(context),
      'replay flushed': ({ context }) => replayFlushed(context),
      confirm: ({ context }) => confirm(context),
      commit: ({ context }) => commit(context),
      'note confirmed': ({ context }) => noteConfirmed(context),
      'take over': ({ context }) => takeOver(context),
      'open for writes again': ({ context }) => openForWrites(context),
      'confirm promotion': ({ context }) => confirmPromotion(context),
      'send keepalives': ({ context }) => sendKeepalives(context),
      'answer hello': ({ context }) => answerHello(context),
      'append record': ({ context }) => appendRecord(context),
      'recycle safe records': ({ context }) => recycleSafe(context),
      'start over': ({ context }) => startOver(context),
      'say hello': ({ context }) => sayHello(context),
      'look further back': ({ context }) => lookFurtherBack(context),
      'discard divergent tail': ({ context }) => discardDivergentTail(context),
      'ask for stream': ({ context }) => askForStream(context),
      follow: ({ context }) => follow(context),
      'report alive': ({ context }) => reportAlive(context),
      'leave leader': ({ context }) => leaveLeader(context),
      'give position': ({ context }) => givePosition(context),
      'stream to the caught up': ({ context }) => streams.stepAll(context, 'flushed'),
      'end streams': ({ context }) => streams.stepAll(context, 'close'),
      'end its stream': ({ context }) => streams.step(context, 'hello'),
      'begin its stream': ({ context }) => streams.step(context, 'stream'),
      'feed its stream': ({ context }) => streams.step(context, 'confirm'),
    },
    delays: {
      reconnect: ({ context }) => context.node.settings.reconnectUs,
      'stream timeout': ({ context }) => context.node.settings.streamTimeoutUs,
      keepalive: ({ context }) => context.node.settings.keepaliveUs,
    },
  }).createMachine({
    id: 'role',
    context: ({ input }) => input,
    initial: 'following',
    states: {
      following: {
        initial: 'connecting',
        on: {
          read: { actions: 'answer read' },
          write: { actions: 'refuse write' },
          flushed: { actions: ['note flushed', 'replay flushed', 'confirm'] },
          probe: [
            { guard: 'it names a new leader', target: '.connecting', reenter: true, actions: ['report alive', 'follow'] },
            { actions: 'report alive' },
          ],
          ask: {
            guard: 'it is for this term or a later one',
            target: '.connecting',
            reenter: true,
            actions: ['leave leader', 'give position'],
          },
          promote: {
            guard: 'it is for this term or a later one',
            target: 'leading',
            actions: ['take over', 'confirm promotion'],
          },
          restarted: { target: '.connecting', reenter: true, actions: 'replay flushed' },
        },
        states: {
          connecting: {
            entry: ['start over', 'say hello'],
            after: { reconnect: { target: 'connecting', reenter: true } },
            on: {
              point: [
                {
                  guard: 'the logs meet there',
                  target: 'receiving',
                  actions: ['discard divergent tail', 'replay flushed', 'ask for stream'],
                },
                { guard: 'it is from my leader', actions: ['look further back', 'say hello'] },
              ],
            },
          },
          receiving: {
            after: { 'stream timeout': 'connecting' },
            on: {
              append: [
                { guard: 'it is the next record', target: 'receiving', reenter: true, actions: 'append record' },
                { guard: 'a record is missing before it', target: 'connecting' },
              ],
              keepalive: [
                { guard: 'records are missing', target: 'connecting' },
                {
                  guard: 'it is from my leader',
                  target: 'receiving',
                  reenter: true,
                  actions: ['recycle safe records', 'confirm'],
                },
              ],
            },
          },
        },
      },
      leading: {
        initial: 'serving',
        exit: 'end streams',
        on: {
          read: { actions: 'answer read' },
          write: { actions: 'append write' },
          flushed: { actions: ['note flushed', 'stream to the caught up', 'commit'] },
          hello: { actions: ['end its stream', 'answer hello'] },
          stream: { actions: ['begin its stream', 'commit'] },
          confirm: { actions: ['note confirmed', 'feed its stream', 'commit'] },
          probe: [
            { guard: 'it names a new leader', target: 'following', actions: ['report alive', 'follow'] },
            { actions: 'report alive' },
          ],
          ask: {
            guard: 'it is for a later term',
            target: 'following',
            actions: ['leave leader', 'give position'],
          },
          promote: { guard: 'it is for this term or a later one', actions: 'confirm promotion' },
          restarted: { target: 'leading', reenter: true, actions: 'open for writes again' },
        },
        states: {
          serving: {
            entry: 'send keepalives',
            after: { keepalive: { target: 'serving', reenter: true } },
          },
        },
      },
    },
  });
