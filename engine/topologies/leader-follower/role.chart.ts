/**
 * What a replica is: it follows, looking for a stream or receiving one, or it leads. Nobody is a candidate here: the
 * failover manager chooses (`failover.chart.ts`).
 */
import { setup } from 'xstate';
import {
  confirmPromotion,
  follow,
  followNobody,
  givePosition,
  isForOpenTerm,
  isForTermILead,
  leaveLeader,
  namesNewLeader,
  reportAlive,
} from './allegiance.ts';
import {
  askForBackup,
  beginRestore,
  completesBackup,
  dropUnfinished,
  finishRestore,
  isOfMyBackup,
  isOfNewerBackup,
  lacksRecycled,
  takeBackupPart,
} from './base-backup.ts';
import { noteFlushed } from './durable-log.ts';
import {
  answersMyHello,
  appendRecord,
  askForStream,
  closesGap,
  confirm,
  discardDivergentTail,
  findsCommonPoint,
  isBeyondNext,
  isFromMyLeader,
  isNextRecord,
  keepEarly,
  lookFurtherBack,
  missesRecords,
  partsBeforeMyLog,
  recycleSafe,
  refuse,
  sayHello,
  startOver,
} from './following.ts';
import { hasRoomToHold, sendReadOn, showsAllSeen } from './held-reads.ts';
import {
  answerHello,
  appendHugeTransaction,
  appendWrite,
  cancelWaits,
  commit,
  isOfMyTerm,
  lacksGoodFollowers,
  noteConfirmed,
  openForWrites,
  sendKeepalives,
  takeOver,
  takeOverByHand,
} from './leading.ts';
import { hasPromised, mayAcknowledge } from './lease.ts';
import { beginQuery, endQuery } from './replaying.ts';
import { type Activation, answerRead } from './replica.ts';
import { fillsDisk, noteDiskFull } from './retention.ts';

/** What the chart asks of the stream charts of a replica: they are stepped by whoever holds their tables. */
export interface Streams {
  readonly step: (activation: Activation, event: 'hello' | 'stream' | 'confirm' | 'backup') => void;
  readonly stepAll: (activation: Activation, event: 'flushed' | 'close') => void;
}

/**
 * What the chart asks of the charts beside it: how long the leader's writes wait, its log on its way to disk, held reads,
 * replay, its lease.
 */
export interface Helpers {
  readonly written: (activation: Activation) => void;
  readonly moved: (activation: Activation) => void;
  readonly close: (activation: Activation) => void;
  readonly holdRead: (activation: Activation) => void;
  /** A follower replays what is flushed, at once or in time. */
  readonly replay: (activation: Activation) => void;
  readonly queryOver: (activation: Activation) => void;
  readonly endReplay: (activation: Activation) => void;
  readonly lead: (activation: Activation) => void;
  readonly follow: (activation: Activation) => void;
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
    | 'leads'
    | 'promoted by hand'
    | 'closed'
    | 'rejected'
    | 'demoted'
    | 'flushed'
    | 'cancel waits'
    | 'huge transaction'
    | 'begin query'
    | 'end query'
    | 'replayed'
    | 'recycled'
    | 'backup'
    | 'backup part'
    | 'restarted';
};

/** The chart, with the streams and the helpers it drives. */
export const roleChart = (streams: Streams, helpers: Helpers) =>
  setup({
    types: {} as { context: Activation; input: Activation; events: RoleEvent },
    guards: {
      'it fills the disk': ({ context }) => fillsDisk(context),
      'the log ends before that': ({ context }) => lacksRecycled(context),
      'it is of my copy': ({ context }) => isOfMyBackup(context),
      'it is of a newer copy': ({ context }) => isOfNewerBackup(context),
      'it completes the copy, counting this one': ({ context }) => completesBackup(context),
      'it shows what the reader has seen': ({ context }) => showsAllSeen(context),
      'there is room to hold it': ({ context }) => hasRoomToHold(context),
      'too few followers are good': ({ context }) => lacksGoodFollowers(context),
      'it is the next record': ({ context }) => isNextRecord(context),
      'it is the next record, and none is missing after it': ({ context }) => closesGap(context),
      'a record is missing before it': ({ context }) => isBeyondNext(context),
      'records are missing': ({ context }) => missesRecords(context),
      'it is from my leader': ({ context }) => isFromMyLeader(context),
      'it answers my hello': ({ context }) => answersMyHello(context),
      'the logs meet there': ({ context }) => findsCommonPoint(context),
      'they part before what I still have': ({ context }) => partsBeforeMyLog(context),
      'it is of my term': ({ context }) => isOfMyTerm(context),
      'it names a new leader': ({ context }) => namesNewLeader(context),
      'its term has no leader yet': ({ context }) => isForOpenTerm(context),
      'I may not acknowledge now': ({ context: { node, out } }) => !mayAcknowledge(node, out),
      'I have promised my leader otherwise': ({ context }) => hasPromised(context),
      'I lead its term already': ({ context }) => isForTermILead(context),
    },
    actions: {
      'answer read': ({ context }) => answerRead(context),
      'hold read': ({ context }) => helpers.holdRead(context),
      'send reader to the leader': ({ context }) => sendReadOn(context),
      'refuse write': ({ context }) => refuse(context),
      'refuse read': ({ context }) => refuse(context),
      'append write': ({ context }) => appendWrite(context),
      'let it wait': ({ context }) => helpers.written(context),
      'see what still waits': ({ context }) => helpers.moved(context),
      'end waits': ({ context }) => helpers.close(context),
      'cancel waits': ({ context }) => cancelWaits(context),
      'note flushed': ({ context }) => noteFlushed(context),
      'replay flushed': ({ context }) => helpers.replay(context),
      'note disk full': ({ context }) => noteDiskFull(context),
      'ask for base backup': ({ context }) => askForBackup(context),
      'begin the copy': ({ context }) => beginRestore(context),
      'take the part': ({ context }) => takeBackupPart(context),
      'finish the copy': ({ context }) => finishRestore(context),
      'drop an unfinished copy': ({ context }) => dropUnfinished(context),
      'send base backup': ({ context }) => streams.step(context, 'backup'),
      'end replay': ({ context }) => helpers.endReplay(context),
      'begin query': ({ context }) => beginQuery(context),
      'end query': ({ context }) => endQuery(context),
      'go on with replay': ({ context }) => helpers.queryOver(context),
      'append huge transaction': ({ context }) => appendHugeTransaction(context),
      confirm: ({ context }) => confirm(context),
      commit: ({ context }) => commit(context),
      'note confirmed': ({ context }) => noteConfirmed(context),
      'take over by hand': ({ context }) => takeOverByHand(context),
      'take over': ({ context }) => takeOver(context),
      'open for writes again': ({ context }) => openForWrites(context),
      'confirm promotion': ({ context }) => confirmPromotion(context),
      'send keepalives': ({ context }) => sendKeepalives(context),
      'answer hello': ({ context }) => answerHello(context),
      'append record': ({ context }) => appendRecord(context),
      'keep record for its turn': ({ context }) => keepEarly(context),
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
      'follow nobody': ({ context }) => followNobody(context),
      'ask for a lease': ({ context }) => helpers.lead(context),
      'give up the lease': ({ context }) => helpers.follow(context),
      'end streams': ({ context }) => streams.stepAll(context, 'close'),
      'end its stream': ({ context }) => streams.step(context, 'hello'),
      'begin its stream': ({ context }) => streams.step(context, 'stream'),
      'feed its stream': ({ context }) => streams.step(context, 'confirm'),
    },
    delays: {
      reconnect: ({ context }) => context.node.settings.reconnectUs,
      'stream timeout': ({ context }) => context.node.settings.streamTimeoutUs,
      keepalive: ({ context }) => context.node.settings.keepaliveUs,
      'base backup': ({ context }) => context.node.settings.retention.baseBackupUs,
    },
  }).createMachine({
    id: 'role',
    context: ({ input }) => input,
    initial: 'following',
    states: {
      following: {
        initial: 'disconnected',
        exit: 'end replay',
        on: {
          'begin query': { actions: 'begin query' },
          'end query': { actions: ['end query', 'go on with replay'] },
          read: [
            { guard: 'it shows what the reader has seen', actions: 'answer read' },
            { guard: 'there is room to hold it', actions: 'hold read' },
            { actions: 'send reader to the leader' },
          ],
          write: { actions: 'refuse write' },
          flushed: { actions: ['note flushed', 'replay flushed'] },
          probe: [
            {
              guard: 'it names a new leader',
              target: '.disconnected',
              reenter: true,
              actions: ['report alive', 'follow'],
            },
            { actions: 'report alive' },
          ],
          ask: [
            { guard: 'I have promised my leader otherwise' },
            {
              guard: 'its term has no leader yet',
              target: '.disconnected',
              reenter: true,
              actions: ['leave leader', 'give position'],
            },
          ],
          promote: {
            guard: 'its term has no leader yet',
            target: 'leading',
            actions: ['take over', 'confirm promotion'],
          },
          leads: {
            guard: 'it names a new leader',
            target: '.disconnected',
            reenter: true,
            actions: 'follow',
          },
          'promoted by hand': { target: 'leading', actions: 'take over by hand' },
          restarted: { target: '.disconnected', reenter: true, actions: 'replay flushed' },
        },
        states: {
          // It asks where the logs part, again and again until it is answered.
          disconnected: {
            entry: ['drop an unfinished copy', 'start over'],
            initial: 'connecting',
            states: {
              connecting: {
                entry: 'say hello',
                after: { reconnect: { target: 'connecting', reenter: true } },
                on: {
                  point: [
                    {
                      guard: 'they part before what I still have',
                      target: '#role.following.resyncing',
                      actions: 'discard divergent tail',
                    },
                    {
                      guard: 'the logs meet there',
                      target: '#role.following.connected',
                      actions: ['discard divergent tail', 'replay flushed', 'ask for stream'],
                    },
                    {
                      guard: 'it answers my hello',
                      target: 'connecting',
                      reenter: true,
                      actions: 'look further back',
                    },
                  ],
                },
              },
            },
          },
          // The leader has let go of what comes next here, or this log of where it parted from the leader's: it starts again from a copy, and has nothing to answer with.
          resyncing: {
            entry: 'end replay',
            initial: 'asking',
            on: { read: { actions: 'refuse read' } },
            states: {
              asking: {
                entry: 'ask for base backup',
                after: { reconnect: { target: 'asking', reenter: true } },
                on: {
                  // What has come of one that was asked for before is not asked for in vain.
                  'backup part': [
                    {
                      guard: 'it completes the copy, counting this one',
                      target: 'writing',
                      actions: 'take the part',
                    },
                    { guard: 'it is of my copy', target: 'receiving', actions: 'take the part' },
                    { guard: 'it is from my leader', target: 'receiving', actions: 'begin the copy' },
                  ],
                },
              },
              receiving: {
                after: { reconnect: 'asking' },
                on: {
                  'backup part': [
                    {
                      guard: 'it completes the copy, counting this one',
                      target: 'writing',
                      actions: 'take the part',
                    },
                    {
                      guard: 'it is of my copy',
                      target: 'receiving',
                      reenter: true,
                      actions: 'take the part',
                    },
                    {
                      guard: 'it is of a newer copy',
                      target: 'receiving',
                      reenter: true,
                      actions: 'begin the copy',
                    },
                  ],
                },
              },
              writing: {
                after: {
                  'base backup': { target: '#role.following.disconnected', actions: 'finish the copy' },
                },
              },
            },
          },
          // It takes the leader's records. Each of them, and a keepalive with nothing to complain of, begins the wait anew.
          connected: {
            initial: 'receiving',
            after: { 'stream timeout': 'disconnected' },
            on: {
              flushed: { actions: ['note flushed', 'replay flushed', 'confirm'] },
              replayed: { actions: 'confirm' },
              recycled: { guard: 'the log ends before that', target: '#role.following.resyncing' },
              append: [
                {
                  guard: 'it is the next record, and none is missing after it',
                  target: 'connected',
                  reenter: true,
                  actions: 'append record',
                },
                { guard: 'it is the next record', target: '.doubting', actions: 'append record' },
                {
                  guard: 'a record is missing before it',
                  target: '.doubting',
                  actions: 'keep record for its turn',
                },
              ],
              keepalive: [
                { guard: 'records are missing', target: '.doubting' },
                {
                  guard: 'it is from my leader',
                  target: 'connected',
                  reenter: true,
                  actions: ['recycle safe records', 'confirm'],
                },
              ],
            },
            states: {
              receiving: {},
              // Something is late or lost: it asks for all that it lacks, once, and waits. If all comes, all is well.
              doubting: {
                entry: 'ask for stream',
                initial: 'waiting',
                on: {
                  append: [
                    {
                      guard: 'it is the next record, and none is missing after it',
                      target: '#role.following.connected',
                      reenter: true,
                      actions: 'append record',
                    },
                    { guard: 'it is the next record', target: '.waiting', actions: 'append record' },
                    { guard: 'a record is missing before it', actions: 'keep record for its turn' },
                  ],
                  keepalive: { guard: 'records are missing' },
                },
                states: {
                  waiting: { after: { reconnect: '#role.following.disconnected' } },
                },
              },
            },
          },
        },
      },
      // Its disk is full: the process panics, and does not start again while nobody makes room.
      halted: {},
      leading: {
        initial: 'serving',
        entry: 'ask for a lease',
        exit: ['end streams', 'end waits', 'give up the lease'],
        on: {
          read: [
            { guard: 'it shows what the reader has seen', actions: 'answer read' },
            { guard: 'there is room to hold it', actions: 'hold read' },
            { actions: 'send reader to the leader' },
          ],
          write: [
            { guard: 'it fills the disk', target: 'halted', actions: 'note disk full' },
            { guard: 'too few followers are good', actions: 'refuse write' },
            { guard: 'I may not acknowledge now', actions: 'refuse write' },
            { actions: ['append write', 'let it wait'] },
          ],
          demoted: { target: 'following', actions: 'follow nobody' },
          rejected: { guard: 'its term has no leader yet', target: 'following', actions: 'leave leader' },
          flushed: {
            actions: ['note flushed', 'stream to the caught up', 'commit', 'see what still waits'],
          },
          hello: {
            guard: 'it is of my term',
            actions: ['end its stream', 'answer hello', 'commit', 'see what still waits'],
          },
          backup: { guard: 'it is of my term', actions: 'send base backup' },
          // Whoever comes next by priority takes its place.
          closed: {
            guard: 'it is of my term',
            actions: ['end its stream', 'commit', 'see what still waits'],
          },
          stream: {
            guard: 'it is of my term',
            actions: ['begin its stream', 'commit', 'see what still waits'],
          },
          confirm: {
            guard: 'it is of my term',
            actions: ['note confirmed', 'feed its stream', 'commit', 'see what still waits'],
          },
          'cancel waits': { actions: ['cancel waits', 'see what still waits'] },
          'huge transaction': { actions: 'append huge transaction' },
          'end query': { actions: 'end query' },
          probe: [
            { guard: 'it names a new leader', target: 'following', actions: ['report alive', 'follow'] },
            { actions: 'report alive' },
          ],
          ask: {
            guard: 'its term has no leader yet',
            target: 'following',
            actions: ['leave leader', 'give position'],
          },
          promote: { guard: 'I lead its term already', actions: 'confirm promotion' },
          leads: { guard: 'it names a new leader', target: 'following', actions: 'follow' },
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
