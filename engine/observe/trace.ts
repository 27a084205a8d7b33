/**
 * The run as typed entries, for people and for tools. Built only while somebody observes.
 */

import type { DropReason, Tracer } from '../kernel/loop.ts';
import {
  BEHIND,
  CRASHED,
  DELETE,
  FAILED_CERTIFICATION,
  FLUSHED,
  type Input,
  OPERATOR,
  PING,
  PONG,
  READ,
  READ_OK,
  REFUSED,
  RESTARTED,
  ROUTE,
  TIMED_OUT,
  TIMER,
  WRITE,
  WRITE_OK,
} from '../kernel/protocol.ts';
import type { FaultDocument, VerdictName } from '../scenario/schema.ts';
import type { CertificationMessage } from '../topologies/certification/messages.ts';
import type { ConsensusMessage } from '../topologies/consensus/messages.ts';
import type { ReplicationMessage, StreamState } from '../topologies/leader-follower/messages.ts';
import type { LeaderlessMessage } from '../topologies/leaderless/messages.ts';
import { stampMs } from '../topologies/leaderless/stamps.ts';
import type { ReasonToRefuse } from '../topologies/multi-leader/constraints.ts';
import type {
  ConflictKind,
  ExchangeState,
  MultiLeaderMessage,
  SchemaAct,
} from '../topologies/multi-leader/messages.ts';

export type ClientMessage =
  | {
      readonly type: 'read';
      readonly operation: number;
      readonly key: number;
      /** The newest record that its user has written or read; left out where it does not say. */
      readonly seen?: { readonly term: number; readonly lsn: number };
    }
  | { readonly type: 'write'; readonly operation: number; readonly key: number }
  | { readonly type: 'delete'; readonly operation: number; readonly key: number }
  | {
      readonly type: 'read-ok';
      readonly operation: number;
      readonly term: number;
      readonly lsn: number;
      readonly value: number;
    }
  | { readonly type: 'write-ok'; readonly operation: number; readonly term: number; readonly lsn: number }
  | {
      readonly type: 'refused';
      readonly operation: number;
      /** Whom to ask instead, counted from 0; null where nobody is known to lead, or nothing is said of it. */
      readonly leader: number | null;
      /** Why, where it is said: another write of the row came first. */
      readonly reason?: 'certification';
    }
  | { readonly type: 'behind'; readonly operation: number }
  | { readonly type: 'timed-out'; readonly operation: number }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | { readonly type: 'route'; readonly leader: number; readonly term: number; readonly live: number };

/** A message of one of the topologies. */
export type TopologyMessage =
  | ReplicationMessage
  | ConsensusMessage
  | CertificationMessage
  | LeaderlessMessage
  | MultiLeaderMessage;

export type Message = ClientMessage | TopologyMessage;

/** Gives the typed form of a message of a topology's own kinds. */
export type MessageReader = (
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
) => TopologyMessage;

export type TraceEntry =
  | {
      readonly type: 'sent';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly message: Message;
      readonly arrivesMs: number | null;
    }
  | {
      readonly type: 'dropped';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly message: Message;
      readonly why: DropReason;
    }
  | {
      readonly type: 'delivered';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly message: Message;
    }
  | { readonly type: 'timer'; readonly atMs: number; readonly node: string; readonly timer: string }
  | { readonly type: 'flushed'; readonly atMs: number; readonly node: string; readonly lsn: number }
  | {
      readonly type: 'crashed' | 'restarted' | 'started' | 'operated';
      readonly atMs: number;
      readonly node: string;
    }
  | { readonly type: 'fault'; readonly atMs: number; readonly fault: FaultDocument; readonly ended: boolean }
  | { readonly type: 'connection'; readonly atMs: number; readonly node: string; readonly connected: boolean }
  | {
      readonly type: 'leading';
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      readonly lastLsn: number;
    }
  | {
      readonly type: 'following';
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      readonly leader: string | null;
    }
  | {
      readonly type: 'discarded';
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      readonly lsn: number;
      readonly key: number;
      readonly value: number;
    }
  | {
      readonly type: 'stream';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly state: StreamState;
    }
  | {
      /** A leader waits for followers no longer, or again. */
      readonly type: 'waiting';
      readonly atMs: number;
      readonly node: string;
      readonly mode: 'asynchronous' | 'semi-synchronous';
    }
  | {
      readonly type: 'query';
      readonly atMs: number;
      readonly node: string;
      readonly what: 'begins' | 'ends' | 'is cancelled';
      readonly conflict: 'cleanup' | 'lock';
    }
  | {
      /** A leader keeps its log for a follower no longer. */
      readonly type: 'slot-lost';
      readonly atMs: number;
      readonly node: string;
      readonly follower: string;
      readonly throughLsn: number;
    }
  | { readonly type: 'base-backup'; readonly atMs: number; readonly node: string; readonly lsn: number }
  | {
      /** A server lets go of its log through an entry; its data, as of a later one, makes up for it. */
      readonly type: 'snapshot';
      readonly atMs: number;
      readonly node: string;
      readonly lsn: number;
      readonly throughLsn: number;
    }
  | {
      readonly type: 'snapshot-sent';
      readonly atMs: number;
      readonly node: string;
      readonly to: string;
      readonly lsn: number;
    }
  | {
      readonly type: 'snapshot-installed';
      readonly atMs: number;
      readonly node: string;
      readonly lsn: number;
    }
  | { readonly type: 'disk-full'; readonly atMs: number; readonly node: string }
  | {
      readonly type: 'alert';
      readonly atMs: number;
      readonly alert: 'lag' | 'disconnected';
      readonly node: string;
      /** False when all is well again. */
      readonly raised: boolean;
      /** Replay lag; null for a disconnection. */
      readonly valueMs: number | null;
    }
  | { readonly type: 'warned'; readonly atMs: number; readonly node: string; readonly writes: number }
  | {
      readonly type: 'voted';
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      readonly candidate: string;
    }
  | {
      readonly type: 'standing';
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      /** Whether it only asks if it could win. */
      readonly asksFirst: boolean;
    }
  | { readonly type: 'committed'; readonly atMs: number; readonly node: string; readonly lsn: number }
  | {
      readonly type: 'doubted' | 'suspected' | 'chosen';
      readonly atMs: number;
      /** The failover manager or the observer. */
      readonly by: string;
      readonly node: string;
      readonly term: number;
    }
  | {
      readonly type: 'zombie-rejected';
      readonly atMs: number;
      readonly node: string;
      readonly token: number;
      readonly lsn: number;
    }
  | {
      /** A node holds another for down, or no longer. */
      readonly type: 'held-for-down';
      readonly atMs: number;
      readonly by: string;
      readonly node: string;
      readonly down: boolean;
    }
  | {
      /** Too few replicas are held for up: the operation does not begin. */
      readonly type: 'unavailable';
      readonly atMs: number;
      readonly node: string;
      readonly kind: 'read' | 'write';
      readonly key: number;
    }
  | {
      readonly type: 'coordination-timed-out';
      readonly atMs: number;
      readonly node: string;
      readonly kind: 'read' | 'write';
      readonly key: number;
      /** Replicas that have not answered. */
      readonly silent: readonly string[];
    }
  | {
      /** Replicas hold different versions of a key, as digests tell: its read asks again, for all of it. */
      readonly type: 'digests-differ';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
    }
  | {
      readonly type: 'hint-handed-over';
      readonly atMs: number;
      readonly node: string;
      readonly to: string;
    }
  | {
      /** It was kept for too long, and is given up. */
      readonly type: 'hint-expired';
      readonly atMs: number;
      readonly node: string;
      readonly for: string;
    }
  | {
      readonly type: 'hint-kept';
      readonly atMs: number;
      readonly node: string;
      readonly for: string;
      readonly key: number;
      readonly value: number;
    }
  | {
      /** A node begins to hand over what it kept for another, or has handed over the last of it. */
      readonly type: 'handoff';
      readonly atMs: number;
      readonly node: string;
      readonly to: string;
      readonly over: boolean;
      readonly hints: number;
    }
  | {
      /** Where there may be siblings, a coordinator has made a version. */
      readonly type: 'sibling-written';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      /** Number of the write. */
      readonly value: number;
      /** What the coordinator counts it as. */
      readonly event: string;
      /** The clock of what its writer had read. */
      readonly context: string;
      /** Numbers of the writes whose values the coordinator holds now. */
      readonly siblings: readonly number[];
    }
  | {
      /** A read found more than one value. */
      readonly type: 'siblings-read';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      readonly siblings: readonly number[];
    }
  | {
      /** A node lets go of a tombstone: of the key nothing is known any more. */
      readonly type: 'tombstone-purged';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      /** When its key was deleted, by its coordinator's clock. */
      readonly stampMs: number | null;
    }
  | {
      readonly type: 'read-repair';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      readonly behind: readonly string[];
      /** Whether the read's client waits for it. */
      readonly first: boolean;
    }
  | {
      /** A lightweight transaction has to try a greater ballot. */
      readonly type: 'ballot-lost';
      readonly atMs: number;
      readonly node: string;
      readonly kind: 'read' | 'write';
      readonly key: number;
      /** Who has promised a greater one. */
      readonly to: string;
    }
  | {
      /** A conditional write proposes its version in place of what it has found. */
      readonly type: 'conditional-write';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      /** Numbers of writes: what was found, 0 for nothing, and what is to follow it. */
      readonly found: number;
      readonly value: number;
    }
  | {
      /** A coordinator finishes the proposal of another before its own. */
      readonly type: 'proposal-taken-over';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      /** Number of the write. */
      readonly value: number;
    }
  | {
      readonly type: 'serial-given-up';
      readonly atMs: number;
      readonly node: string;
      readonly kind: 'read' | 'write';
      readonly key: number;
      readonly ballots: number;
    }
  | {
      /** Two nodes have compared what both are to hold. */
      readonly type: 'repair-session';
      readonly atMs: number;
      readonly node: string;
      readonly with: string;
      /** Keys found to differ. */
      readonly keys: number;
      /** Round trips; null where it was given up. */
      readonly rounds: number | null;
      readonly bytes: number;
    }
  | {
      /** A leader is given a change whose author had not seen what is there, nor had the author of that seen the change. */
      readonly type: 'conflict';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      /** null where rows have one column. */
      readonly column: number | null;
      readonly kind: ConflictKind;
      /** Authors of the change that comes and of the one that is there. */
      readonly came: string;
      readonly there: string;
      readonly stays: 'came' | 'there' | 'both';
    }
  | {
      /** A leader throws a write away. */
      readonly type: 'thrown-away';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      readonly column: number | null;
      /** Numbers of the write and of the one that stays. */
      readonly value: number;
      readonly stays: number;
    }
  | {
      readonly type: 'change-skipped';
      readonly atMs: number;
      readonly node: string;
      readonly author: string;
      readonly key: number;
      readonly value: number;
    }
  | {
      readonly type: 'update-before-insert';
      readonly atMs: number;
      readonly node: string;
      readonly author: string;
      readonly key: number;
    }
  | {
      /** A change waits for one that its author had seen. */
      readonly type: 'held-back';
      readonly atMs: number;
      readonly node: string;
      readonly author: string;
      readonly sequence: number;
      /** Whose change it waits for. */
      readonly for: string;
    }
  | {
      /** A change comes to where it is known. */
      readonly type: 'change-known';
      readonly atMs: number;
      readonly node: string;
      readonly author: string;
      readonly sequence: number;
    }
  | {
      readonly type: 'exchange';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly state: ExchangeState;
    }
  | {
      /** A leader is given a change with which two rows break together what they do not break alone. */
      readonly type: 'rows-conflict';
      readonly atMs: number;
      readonly node: string;
      readonly kind: 'unique-key' | 'foreign-key';
      /** The row of the change, and the other. */
      readonly key: number;
      readonly other: number;
      readonly came: string;
      readonly there: string;
    }
  | {
      readonly type: 'write-forbidden';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      readonly reason: ReasonToRefuse;
    }
  | {
      /** A write at a leader puts an item into a cart, or takes one out. */
      readonly type: 'item';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      readonly column: number | null;
      readonly item: number;
      readonly does: 'put in' | 'taken out';
    }
  | {
      readonly type: 'change-unfit';
      readonly atMs: number;
      readonly node: string;
      readonly author: string;
      readonly sequence: number;
    }
  | { readonly type: 'no-column'; readonly atMs: number; readonly node: string }
  | { readonly type: 'takes-writes'; readonly atMs: number; readonly node: string }
  | {
      readonly type: 'schema';
      readonly atMs: number;
      readonly node: string;
      readonly does: SchemaAct;
    }
  | {
      readonly type: 'withdrawal-refused';
      readonly atMs: number;
      readonly node: string;
      readonly key: number;
      readonly balance: number;
    }
  | {
      /** A record's turn has come at a member, which accepts its write if nobody has changed the row since what its author had seen. */
      readonly type: 'certified';
      readonly atMs: number;
      readonly node: string;
      readonly author: string;
      readonly lsn: number;
      /** Number of the write. */
      readonly operation: number;
      readonly key: number;
      /** Through which record its author had applied when the write began. */
      readonly seenLsn: number;
      readonly passes: boolean;
    }
  | {
      /** A write waits at its member for another that holds the row. */
      readonly type: 'row-held';
      readonly atMs: number;
      readonly node: string;
      readonly operation: number;
      readonly key: number;
    }
  | { readonly type: 'turned-away'; readonly atMs: number; readonly node: string; readonly operation: number }
  | {
      /** A member reaches a majority, or no longer, or has waited too long for one. */
      readonly type: 'contact';
      readonly atMs: number;
      readonly node: string;
      readonly state: 'together' | 'apart' | 'refusing';
    }
  | { readonly type: 'powered-off'; readonly atMs: number; readonly node: string }
  | {
      readonly type: 'lease';
      readonly atMs: number;
      readonly node: string;
      readonly term: number;
      readonly held: boolean;
    }
  | {
      readonly type: 'began';
      readonly atMs: number;
      readonly client: string;
      /** Counted from 0 within the group; left out where users are not told apart. */
      readonly user?: number;
      readonly operation: number;
      readonly kind: 'read' | 'write' | 'delete';
      readonly key: number;
    }
  | {
      readonly type: 'ended';
      readonly atMs: number;
      readonly client: string;
      readonly operation: number;
      readonly kind: 'read' | 'write' | 'delete';
      readonly key: number;
      readonly outcome: 'ok' | 'fail' | 'info';
      readonly latencyMs: number;
      readonly lsn: number | null;
      /** Of an ok one, where there may be siblings: what was read or written knows these events. */
      readonly clock?: string;
      /** Where versions are stamps: what the writer's clock showed. */
      readonly stampMs?: number;
      /** Of a read: whether a newer write had been acknowledged before it began. */
      readonly stale: boolean;
      /** Guarantees to its user that a read broke, if any. */
      readonly broken?: readonly VerdictName[];
    }
  | {
      /** An acknowledged write loses to another of its key, whose writer cannot have known of it. */
      readonly type: 'discarded-write';
      readonly atMs: number;
      readonly operation: number;
      readonly winner: number;
    }
  | { readonly type: 'drain'; readonly atMs: number }
  | {
      /** At the end: an acknowledged write that no live replica holds, nor anything written with knowledge of it. */
      readonly type: 'lost';
      readonly atMs: number;
      readonly operation: number;
    }
  | {
      /** The run is over. */
      readonly type: 'drained';
      readonly atMs: number;
      /** Whether everything under way came to its end; otherwise its time was over. */
      readonly settled: boolean;
    };

export type Observer = (entry: TraceEntry) => void;

/** Turns what the loop tells into entries. `timerName` names an actor's timer by its slot, `topology` reads its messages. */
export class Recorder implements Tracer {
  private readonly observe: Observer;
  private readonly names: readonly string[];
  private readonly timerName: (actor: number, slot: number) => string;
  private readonly topology: MessageReader;

  constructor(
    observe: Observer,
    names: readonly string[],
    timerName: (actor: number, slot: number) => string,
    topology: MessageReader,
  ) {
    this.observe = observe;
    this.names = names;
    this.timerName = timerName;
    this.topology = topology;
  }

  sent(
    atUs: number,
    from: number,
    to: number,
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    arrivalUs: number,
  ): void {
    this.observe({
      type: 'sent',
      atMs: atUs / 1000,
      from: this.names[from]!,
      to: this.names[to]!,
      message: messageOf(this.topology, kind, a, b, c, d, e),
      arrivesMs: arrivalUs < 0 ? null : arrivalUs / 1000,
    });
  }

  dropped(
    atUs: number,
    from: number,
    to: number,
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    why: DropReason,
  ): void {
    this.observe({
      type: 'dropped',
      atMs: atUs / 1000,
      from: this.names[from]!,
      to: this.names[to]!,
      message: messageOf(this.topology, kind, a, b, c, d, e),
      why,
    });
  }

  dispatched(atUs: number, from: number, to: number, input: Input): void {
    const atMs = atUs / 1000;
    const node = this.names[to]!;
    if (input.kind >= READ) {
      const { kind, a, b, c, d, e } = input;
      const message = messageOf(this.topology, kind, a, b, c, d, e);
      this.observe({ type: 'delivered', atMs, from: this.names[from]!, to: node, message });
    } else if (input.kind === TIMER)
      this.observe({ type: 'timer', atMs, node, timer: this.timerName(to, input.a) });
    else if (input.kind === FLUSHED) this.observe({ type: 'flushed', atMs, node, lsn: input.a });
    else if (input.kind === CRASHED) this.observe({ type: 'crashed', atMs, node });
    else if (input.kind === RESTARTED) this.observe({ type: 'restarted', atMs, node });
    else if (input.kind === OPERATOR) this.observe({ type: 'operated', atMs, node });
    else this.observe({ type: 'started', atMs, node });
  }
}

export function messageOf(
  topology: MessageReader,
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): Message {
  switch (kind) {
    case READ:
      return { type: 'read', operation: b, key: c, ...(e > 0 && { seen: { term: d, lsn: e } }) };
    case WRITE:
      return { type: 'write', operation: b, key: c };
    case DELETE:
      return { type: 'delete', operation: b, key: c };
    case READ_OK:
      return { type: 'read-ok', operation: b, term: c, lsn: d, value: e };
    case WRITE_OK:
      return { type: 'write-ok', operation: b, term: c, lsn: d };
    case REFUSED:
      return {
        type: 'refused',
        operation: b,
        leader: c > 0 ? c - 1 : null,
        ...(e === FAILED_CERTIFICATION && { reason: 'certification' }),
      };
    case BEHIND:
      return { type: 'behind', operation: b };
    case TIMED_OUT:
      return { type: 'timed-out', operation: b };
    case PING:
      return { type: 'ping' };
    case PONG:
      return { type: 'pong' };
    case ROUTE:
      return { type: 'route', leader: a, term: b, live: c };
    default:
      return topology(kind, a, b, c, d, e);
  }
}

/** One entry as a sentence. */
export function describeTraceEntry(entry: TraceEntry): string {
  switch (entry.type) {
    case 'sent':
      return `${entry.from} sends ${entry.to} ${describeMessage(entry.message)}`;
    case 'dropped': {
      const why = {
        lost: 'is lost on the way',
        cut: 'cannot pass: the link is cut',
        down: 'finds nobody: the process is down',
        died: 'never comes: the machine that sent it died',
      };
      return `${describeMessage(entry.message)} from ${entry.from} to ${entry.to} ${why[entry.why]}`;
    }
    case 'delivered':
      return `${entry.to} receives ${describeMessage(entry.message)} from ${entry.from}`;
    case 'timer':
      return `${entry.node}: ${entry.timer} is over`;
    case 'flushed':
      return `${entry.node} has its log on disk through record ${entry.lsn}`;
    case 'started':
      return `${entry.node} starts`;
    case 'crashed':
      return `${entry.node} crashes; what it had not fsynced or not got across is lost`;
    case 'restarted':
      return `${entry.node} restarts with what its disk held`;
    case 'operated':
      return `${entry.node}: an operator's order arrives`;
    case 'fault':
      return describeFault(entry.fault, entry.ended);
    case 'leading':
      return `${entry.node} leads term ${entry.term}; its log ends at record ${entry.lastLsn}`;
    case 'following':
      return entry.leader === null
        ? `${entry.node} follows nobody until term ${entry.term} has a leader`
        : `${entry.node} follows ${entry.leader} in term ${entry.term}`;
    case 'discarded':
      return `${entry.node} discards record ${entry.lsn} of term ${entry.term} (key ${entry.key})`;
    case 'stream':
      return `${entry.from}'s stream to ${entry.to}: ${entry.state}`;
    case 'waiting':
      return entry.mode === 'asynchronous'
        ? `${entry.node} has waited too long for its followers and waits for nobody any more: it is asynchronous`
        : `enough followers have caught up: ${entry.node} waits for them again`;
    case 'query':
      return entry.what === 'is cancelled'
        ? `${entry.node} cancels a long query: replay has waited for it long enough (${entry.conflict} conflict)`
        : `a long query on ${entry.node} ${entry.what}`;
    case 'slot-lost':
      return `${entry.node} keeps its log for ${entry.follower} no longer: that was more than is kept for a slot; what is gone ends at record ${entry.throughLsn}`;
    case 'base-backup':
      return `${entry.node} has a new copy of the data, as of record ${entry.lsn}`;
    case 'snapshot':
      return `${entry.node} takes a snapshot as of record ${entry.lsn}; its log through record ${entry.throughLsn} may go`;
    case 'snapshot-sent':
      return `${entry.node} has let go of what ${entry.to} needs next, and sends it a snapshot as of record ${entry.lsn}`;
    case 'snapshot-installed':
      return `${entry.node} begins again from a snapshot as of record ${entry.lsn}`;
    case 'disk-full':
      return `${entry.node}'s disk is full of log: the process panics`;
    case 'alert': {
      const what =
        entry.alert === 'lag'
          ? `is ${entry.valueMs} ms behind`
          : entry.raised
            ? 'is disconnected from its leader'
            : 'is connected to its leader again';
      return `${entry.raised ? 'alert' : 'all clear'}: ${entry.node} ${what}`;
    }
    case 'warned':
      return `${entry.node} answers ${entry.writes} waiting ${entry.writes === 1 ? 'write' : 'writes'} with a warning: done here, perhaps nowhere else`;
    case 'voted':
      return entry.node === entry.candidate
        ? `${entry.node} votes for itself in term ${entry.term}`
        : `${entry.node} votes for ${entry.candidate} in term ${entry.term}`;
    case 'standing':
      return entry.asksFirst
        ? `${entry.node} has not heard of a leader for too long and asks whether it could win term ${entry.term}`
        : `${entry.node} stands for election in term ${entry.term}`;
    case 'committed':
      return `${entry.node} knows that records through ${entry.lsn} are committed`;
    case 'suspected':
      return `${manager(entry.by)} has not heard of the leader ${entry.node} for too long and begins term ${entry.term}`;
    case 'doubted':
      return `${manager(entry.by)} has not heard of the leader ${entry.node} of term ${entry.term} for too long, and asks the others`;
    case 'chosen':
      return `${manager(entry.by)} chooses ${entry.node}, whose log is the most advanced, to lead term ${entry.term}`;
    case 'zombie-rejected':
      return `the storage refuses record ${entry.lsn} of ${entry.node}: it has seen a newer token than ${entry.token}`;
    case 'held-for-down':
      return entry.down
        ? `${entry.by} has heard nothing of ${entry.node} for too long and holds it for down`
        : `${entry.by} hears of ${entry.node} again and holds it for up`;
    case 'unavailable':
      return `${entry.node} refuses to ${entry.kind} key ${entry.key}: too few of its replicas are held for up`;
    case 'coordination-timed-out':
      return `${entry.node} gives up its ${entry.kind} of key ${entry.key}: no answer from ${entry.silent.join(', ')}`;
    case 'digests-differ':
      return `${entry.node}'s read of key ${entry.key} was sent digests that differ, and asks again, for all of it`;
    case 'hint-handed-over':
      return `${entry.to} has one more of the versions that ${entry.node} kept for it`;
    case 'hint-expired':
      return `${entry.node} has kept a version for ${entry.for} too long and gives it up`;
    case 'hint-kept':
      return `${entry.node} keeps write ${entry.value} of key ${entry.key} for ${entry.for}`;
    case 'handoff':
      return entry.over
        ? `${entry.node} has handed over to ${entry.to} all that it kept for it`
        : `${entry.node} hands over to ${entry.to} what it kept for it: ${entry.hints} versions`;
    case 'sibling-written':
      return `${entry.node} writes key ${entry.key} (operation ${entry.value}), event ${entry.event}, for somebody who had read ${entry.context}: it holds ${siblingsName(entry.siblings)}`;
    case 'siblings-read':
      return `${entry.node} answers a read of key ${entry.key} with siblings: ${siblingsName(entry.siblings)}`;
    case 'tombstone-purged':
      return `${entry.node} lets go of the tombstone of ${entry.stampMs} ms of key ${entry.key}`;
    case 'read-repair':
      return `${entry.node}'s read of key ${entry.key} found ${entry.behind.join(', ')} behind and writes the newest version back${entry.first ? ', before it answers' : ''}`;
    case 'ballot-lost':
      return `${entry.node}'s ${entry.kind} of key ${entry.key} loses its ballot: ${entry.to} has promised a greater one`;
    case 'conditional-write':
      return `${entry.node} finds ${entry.found === 0 ? 'nothing' : `write ${entry.found}`} under key ${entry.key} and proposes write ${entry.value} in its place`;
    case 'proposal-taken-over':
      return `${entry.node} finds that write ${entry.value} of key ${entry.key} was accepted and not committed, and finishes it first`;
    case 'serial-given-up':
      return `${entry.node} gives up its lightweight ${entry.kind} of key ${entry.key} after ${entry.ballots} ballots: it may have happened`;
    case 'repair-session':
      return entry.rounds === null
        ? `${entry.node} gives up its repair with ${entry.with}, having found ${entry.keys} keys that differ`
        : `${entry.node} has compared its keys with ${entry.with}'s in ${entry.rounds} rounds and ${entry.bytes} bytes: ${entry.keys} differ`;
    case 'conflict': {
      const stays = {
        came: 'what comes stays',
        there: 'what is there stays',
        both: 'both count',
      };
      return `conflict at ${entry.node}, ${entry.kind}, in ${cellName(entry)}: ${entry.came} and ${entry.there} have written without having seen each other's; ${stays[entry.stays]}`;
    }
    case 'thrown-away':
      return `${entry.node} throws write ${entry.value} of ${cellName(entry)} away: write ${entry.stays} stays`;
    case 'change-skipped':
      return `${entry.node} skips ${entry.author}'s change of key ${entry.key} (write ${entry.value}): its row is not as the change needs it`;
    case 'update-before-insert':
      return `${entry.node} is given ${entry.author}'s update of key ${entry.key} before the row was inserted there`;
    case 'held-back':
      return `${entry.node} holds change ${entry.sequence} of ${entry.author} back: its author had seen a change of ${entry.for} that is not there yet`;
    case 'change-known':
      return entry.node === entry.author
        ? `${entry.node} drops change ${entry.sequence}, which is its own and has come round`
        : `${entry.node} drops change ${entry.sequence} of ${entry.author}, which it has`;
    case 'exchange':
      return {
        streaming: `${entry.from} sends its changes to ${entry.to} again`,
        'cut off': `${entry.from} hears nothing of ${entry.to} and sends it nothing but the question what it has`,
        'given up': `${entry.from} gives ${entry.to} up and goes around it`,
        closed: `${entry.from} sends nothing to ${entry.to} any more: one before it is back`,
        stopped: `${entry.from} sends nothing to ${entry.to}, whose table lacks a column, until that has it`,
      }[entry.state];
    case 'rows-conflict':
      return entry.kind === 'unique-key'
        ? `conflict at ${entry.node}, unique key: ${entry.came} and ${entry.there} have given keys ${entry.key} and ${entry.other} one value without having seen each other's`
        : `conflict at ${entry.node}, foreign key: of keys ${entry.key} and ${entry.other} one is deleted and the other refers to it; ${entry.came} and ${entry.there} had not seen each other's`;
    case 'write-forbidden':
      return `${entry.node} refuses a write of key ${entry.key}: ${entry.reason}`;
    case 'item':
      return `at ${entry.node} item ${entry.item} is ${entry.does === 'put in' ? 'put into' : 'taken out of'} the cart in ${cellName(entry)}`;
    case 'connection':
      return entry.connected ? `${entry.node} is connected` : `${entry.node} is not connected any more`;
    case 'change-unfit':
      return `${entry.node} cannot apply change ${entry.sequence} of ${entry.author}: its table lacks a column`;
    case 'takes-writes':
      return `${entry.node}, which followed, takes writes from now on`;
    case 'no-column':
      return `${entry.node} refuses a write: its table lacks a column`;
    case 'schema':
      return {
        add: `the table at ${entry.node} has the new column now`,
        drop: `the table at ${entry.node} has lost its last column`,
        write: `the application at ${entry.node} writes the new column from now on`,
        'stop-writing': `the application at ${entry.node} writes the last column no more`,
      }[entry.does];
    case 'withdrawal-refused':
      return `${entry.node} refuses a withdrawal from key ${entry.key}: the balance it knows is ${entry.balance}`;
    case 'certified': {
      const write = `${entry.author}'s write ${entry.operation} of key ${entry.key}, record ${entry.lsn}`;
      return entry.passes
        ? `${entry.node} accepts ${write}: nobody has changed the row since record ${entry.seenLsn}, which its author had seen`
        : `${entry.node} rejects ${write}: the row was changed after record ${entry.seenLsn}, which was the last its author had seen`;
    }
    case 'row-held':
      return `write ${entry.operation} waits at ${entry.node}, where another write holds key ${entry.key}`;
    case 'turned-away':
      return `${entry.node} refuses operation ${entry.operation}: it reaches no majority`;
    case 'contact':
      return {
        together: `${entry.node} is with a majority again, and has what waits there put in order`,
        apart: `${entry.node} reaches no majority; its writes wait`,
        refusing: `${entry.node} has reached no majority for too long, and refuses all it is asked`,
      }[entry.state];
    case 'powered-off':
      return `the fencing device cuts the power of ${entry.node}`;
    case 'lease':
      return entry.held
        ? `${entry.node} holds the lease of term ${entry.term}`
        : `${entry.node}'s lease of term ${entry.term} is over; it acknowledges nothing`;
    case 'began':
      return `${entry.user === undefined ? '' : `user ${entry.user} of `}${entry.client} asks to ${entry.kind} key ${entry.key} (operation ${entry.operation})`;
    case 'ended': {
      const what = `${entry.client}'s ${entry.kind} of key ${entry.key} (operation ${entry.operation})`;
      if (entry.outcome === 'fail')
        return `${what} is refused after ${entry.latencyMs} ms: it did not happen`;
      if (entry.outcome === 'info')
        return `${what} is given up after ${entry.latencyMs} ms: it may have happened`;
      if (entry.kind !== 'read')
        return `${what} is acknowledged as ${endedVersion(entry)} after ${entry.latencyMs} ms`;
      const found = entry.lsn === 0 ? 'nothing' : endedVersion(entry);
      return `${what} returns ${found} after ${entry.latencyMs} ms${entry.stale ? ', which is stale: a newer write was acknowledged before it began' : ''}${entry.broken === undefined ? '' : `; for its user this breaks ${entry.broken.join(' and ')}`}`;
    }
    case 'drain':
      return 'the workload is over; links heal, paused processes go on, and the cluster drains';
    case 'discarded-write':
      return `write ${entry.operation} is thrown away, for the stamp of write ${entry.winner} is newer`;
    case 'lost':
      return `write ${entry.operation} was acknowledged, and no live replica holds it`;
    case 'drained':
      return entry.settled
        ? 'nothing is under way any more; the run is over'
        : 'the time to drain is over, and with it the run';
  }
}

function cellName({ key, column }: { readonly key: number; readonly column: number | null }): string {
  return column === null ? `key ${key}` : `column ${column} of key ${key}`;
}

function endedVersion({
  lsn,
  stampMs: stamp,
  clock,
}: {
  lsn: number | null;
  stampMs?: number;
  clock?: string;
}): string {
  if (clock !== undefined) return `what ${clock} knows`;
  return stamp === undefined ? `record ${lsn}` : stampedVersion(stamp);
}

function manager(name: string): string {
  return name === 'manager' ? 'the manager' : name;
}

/** What was read or written: where nobody leads, a version by its stamp. */
function recordName(term: number, lsn: number): string {
  const stamp = stampMs(term, lsn);
  return stamp === null ? `record ${lsn}` : stampedVersion(stamp);
}

function stampedVersion(stamp: number | null): string {
  return stamp === null ? 'nothing' : `the version of ${stamp} ms`;
}

function siblingsName(writes: readonly number[]): string {
  return writes.length === 0 ? 'nothing' : `${writes.length === 1 ? 'write' : 'writes'} ${writes.join(', ')}`;
}

function versionOnItsWay({
  stampMs: stamp,
  value,
  tombstone,
  siblings,
}: {
  readonly stampMs: number | null;
  readonly value: number;
  readonly tombstone?: true;
  readonly siblings?: readonly number[];
}): string {
  if (siblings !== undefined) return siblingsName(siblings);
  if (stamp === null) return 'nothing';
  return tombstone
    ? `delete ${value} (the tombstone of ${stamp} ms)`
    : `write ${value} (${stampedVersion(stamp)})`;
}

/** A message as a phrase. */
export function describeMessage(message: Message): string {
  switch (message.type) {
    case 'read':
      return `a read of key ${message.key} (operation ${message.operation})${message.seen === undefined ? '' : `, whose user has seen record ${message.seen.lsn} of term ${message.seen.term}`}`;
    case 'write':
      return `a write of key ${message.key} (operation ${message.operation})`;
    case 'delete':
      return `a delete of key ${message.key} (operation ${message.operation})`;
    case 'read-ok':
      return `the answer to read ${message.operation}`;
    case 'write-ok':
      return `the acknowledgement of write ${message.operation} (${recordName(message.term, message.lsn)})`;
    case 'refused':
      if (message.reason === 'certification')
        return `the refusal of operation ${message.operation}: it failed certification`;
      return message.leader === null
        ? `the refusal of operation ${message.operation}`
        : `the refusal of operation ${message.operation}, with word of who leads`;
    case 'behind':
      return `word that it lags behind what the reader of operation ${message.operation} has seen`;
    case 'timed-out':
      return `word that operation ${message.operation} has waited for replicas too long`;
    case 'ping':
      return 'the question whether it is there again';
    case 'pong':
      return 'word that it is there';
    case 'mutate':
      return `${versionOnItsWay(message)} of key ${message.key}, to be written`;
    case 'received':
      return `word that it has received the version of write ${message.serial} of its coordinator`;
    case 'mutated':
      return `word that it has the version of write ${message.serial} of its coordinator`;
    case 'fetch':
      return message.digest === true
        ? `the question for a digest of what it holds of key ${message.key}`
        : `the question what it holds of key ${message.key}`;
    case 'fetched':
      return `${message.digest === true ? 'a digest of what it holds' : 'what it holds'}: ${versionOnItsWay(message)}`;
    case 'repair':
      return `${versionOnItsWay(message)} of key ${message.key}, which a read found it to lack`;
    case 'repaired':
      return `word that it has what read ${message.serial} of its coordinator wrote back`;
    case 'compare-hash':
      return `the hash of node ${message.at} of its tree, in repair ${message.session}`;
    case 'hash-compared':
      return `word that its hash of node ${message.at} ${message.same ? 'is the same' : 'differs'}, in repair ${message.session}`;
    case 'stream-version':
      return `${versionOnItsWay(message)} of key ${message.key}, in which their trees differ`;
    case 'prepare-ballot':
      return `the ballot of ${message.ballotMs} ms for key ${message.key}, to be promised`;
    case 'ballot-promised':
      return `the promise of step ${message.step} of its coordinator${message.accepted === 0 ? '' : `, with word that it has accepted write ${message.accepted}`}`;
    case 'ballot-declined':
      return `word that it has promised the ballot of ${message.ballotMs} ms`;
    case 'propose-version':
      return message.value === 0
        ? `the empty proposal of a read of key ${message.key}, under the ballot of ${message.ballotMs} ms`
        : `write ${message.value} of key ${message.key}, proposed under the ballot of ${message.ballotMs} ms`;
    case 'version-accepted':
      return `word that it accepts what step ${message.step} of its coordinator proposes`;
    case 'commit-version':
      return `word that ${stampedVersion(message.stampMs)} of key ${message.key} is chosen, to be written`;
    case 'version-committed':
      return `word that it has what step ${message.step} of its coordinator committed`;
    case 'version-streamed':
      return 'word that it has a version their trees differed in';
    case 'hint':
      return `${versionOnItsWay(message)} of key ${message.key}, which was kept for it`;
    case 'hinted':
      return `word that it has hint ${message.number}`;
    case 'stand-in':
      return `${versionOnItsWay(message)} of key ${message.key}, to be kept for a replica that is held for down`;
    case 'forward':
      return `a write of key ${message.key} (operation ${message.operation}), to be coordinated by a node that holds the key`;
    case 'gossip':
      return 'a sign of life';
    case 'change':
      return `${message.operation === null ? 'a change' : `write ${message.operation}`}, ${message.does} of key ${message.key}: change ${message.sequence} of leader ${message.author}, ${stampedVersion(message.stampMs)}`;
    case 'change-context':
      return `what the author of the next change had seen of others: ${message.seen.join(', ')} changes`;
    case 'have':
      return `word that it has ${message.sequence} changes of leader ${message.author} on disk`;
    case 'missed':
      return `word that changes of leader ${message.author} after number ${message.sequence} have not come`;
    case 'unfit':
      return `word that its table lacks a column`;
    case 'greet':
      return 'the question which changes it has';
    case 'has':
      return `which changes it has ${message.onDisk ? 'on disk' : 'taken in'}`;
    case 'route':
      return `whom to ask in term ${message.term}`;
    case 'hello':
      return `a request for a stream after record ${message.lsn} of term ${message.lastTerm}`;
    case 'point':
      return `how far the logs agree: record ${message.lsn} of term ${message.newestTerm}`;
    case 'stream':
      return `a request to stream after record ${message.afterLsn}`;
    case 'append':
      return `record ${message.lsn} of term ${message.recordTerm} (write ${message.value} of key ${message.key})`;
    case 'confirm':
      return `its position: written ${message.writtenLsn}, flushed ${message.flushedLsn}, replayed ${message.replayedLsn}`;
    case 'keepalive':
      return `a keepalive of term ${message.term}`;
    case 'probe':
      return `a heartbeat probe of term ${message.term}`;
    case 'alive':
      return `a sign of life in term ${message.term}`;
    case 'ask':
      return `the question how far its log goes, for term ${message.term}`;
    case 'position':
      return `how far its log goes: on disk to record ${message.flushedLsn} of term ${message.flushedTerm}, in memory to ${message.lsn}`;
    case 'promote':
      return `the order to lead term ${message.term}`;
    case 'recycled':
      return `word that its log begins only after record ${message.lsn}`;
    case 'backup':
      return 'a request for a base backup';
    case 'copy-begin':
      return `the beginning of a copy as of record ${message.lsn}`;
    case 'copy-term':
      return `of a copy, when term ${message.of} began`;
    case 'copy-row':
      return `of a copy, key ${message.key}`;
    case 'copy-end':
      return `the end of a copy of ${message.rows} rows`;
    case 'closed':
      return `the end of its connection`;
    case 'promoted':
      return `word that it leads term ${message.term}`;
    case 'lease':
      return `a request to promise support for a while, in term ${message.term} (round ${message.round})`;
    case 'grant':
      return `its promise of support in term ${message.term} (round ${message.round})`;
    case 'land':
      return `record ${message.lsn} to be stored under token ${message.token}`;
    case 'doubted':
      return `the question whether it holds the leader of term ${message.term} for down`;
    case 'opinion':
      return `its opinion: the leader of term ${message.term} is ${message.agrees ? 'down' : 'up'}`;
    case 'canvass':
      return `the question whether it votes for it in epoch ${message.epoch}`;
    case 'ballot':
      return message.granted
        ? `its vote in epoch ${message.epoch}`
        : `word that its vote in epoch ${message.epoch} is not to be had`;
    case 'greeting':
      return `word that the lease store is there, with the key of term ${message.term}`;
    case 'read-key':
      return `the question who holds the leader key (it knows term ${message.term})`;
    case 'renew':
      return `its renewal of the leader key of term ${message.term}, with its log at ${message.positionKib} KiB`;
    case 'key-renewed':
      return `word that the leader key of term ${message.term} is renewed`;
    case 'key-lost':
      return `word that the leader key is not its own any more, but of term ${message.term}`;
    case 'key-free':
      return `word that the leader key of term ${message.term} is free; the last leader's log was at ${message.positionKib} KiB`;
    case 'claim':
      return `its claim to the free leader key of term ${message.term}`;
    case 'compare':
      return `the question how far its log is, for the key of term ${message.term}; its own is on disk to record ${message.flushedLsn}`;
    case 'compared':
      return `how far its log is on disk, for the key of term ${message.term}: to record ${message.flushedLsn}`;
    case 'rejected':
      return `the refusal of record ${message.lsn}: token ${message.token} has been seen`;
    case 'power-off':
      return `the order to cut the power of machine ${message.machine}`;
    case 'off':
      return `word that machine ${message.machine} is off`;
    case 'leads':
      return `word that by an operator's order it leads term ${message.term}`;
    case 'vote-request':
      return `a request for a vote in term ${message.term}; the log ends with record ${message.lastLsn} of term ${message.lastTerm}`;
    case 'pre-vote-request':
      return `the question whether it could win term ${message.term}; the log ends with record ${message.lastLsn} of term ${message.lastTerm}`;
    case 'vote':
      return `${message.granted ? 'a vote' : 'no vote'} in term ${message.term}`;
    case 'pre-vote':
      return message.granted
        ? `word that it could have the vote in term ${message.term}`
        : `word that it could not have the vote, in term ${message.term}`;
    case 'heartbeat':
      return `a heartbeat of term ${message.term}: committed through ${message.committedLsn}`;
    case 'heartbeat-answer':
      return `the answer to a heartbeat in term ${message.term}: the logs agree through ${message.agreedLsn}`;
    case 'entry':
      return `record ${message.lsn} of term ${message.entryTerm}${message.key === null ? ', which writes nothing' : ` (write ${message.value} of key ${message.key})`}`;
    case 'entry-taken':
      return `word that it has the log on disk through record ${message.lsn}`;
    case 'entry-rejected':
      return `word that record ${message.lsn} does not fit; the logs may meet at record ${message.hintLsn} of term ${message.hintTerm}`;
    case 'commit':
      return `word that records through ${message.lsn} are committed`;
    case 'propose':
      return message.key === null
        ? `operation ${message.operation}, a read, to be given its place in the order`
        : `write ${message.operation} of key ${message.key}, whose author had applied records through ${message.seenLsn}, to be put in order`;
  }
}

/** A fault as a sentence. */
export function describeFault(fault: FaultDocument, ended: boolean): string {
  const link = 'from' in fault ? describeEnds(fault) : '';
  switch (fault.type) {
    case 'crash':
      return ended ? `fault over: ${fault.node} is started again` : `fault: ${fault.node} is crashed`;
    case 'restart':
      return `fault: ${fault.node} is started again`;
    case 'pause':
      return ended ? `fault over: ${fault.node} goes on` : `fault: ${fault.node} is paused`;
    case 'resume':
      return `fault: ${fault.node} goes on`;
    case 'cut':
      return ended ? `fault over: every link ${link} heals` : `fault: every link ${link} is cut`;
    case 'heal':
      return fault.from === undefined
        ? 'fault over: every link heals'
        : `fault over: every link ${link} heals`;
    case 'slow-link':
      return ended || fault.extraMs === 0
        ? `fault over: every link ${link} is as fast as before`
        : `fault: every link ${link} takes ${fault.extraMs} ms longer`;
    case 'lossy-link':
      return ended
        ? `fault over: every link ${link} is as before`
        : `fault: every link ${link} loses ${percent(fault.loss)} and doubles ${percent(fault.duplication)} of messages`;
    case 'slow-disk':
      return ended || fault.extraMs === 0
        ? `fault over: ${fault.node}'s disk is as fast as before`
        : `fault: ${fault.node}'s disk takes ${fault.extraMs} ms longer for every fsync`;
    case 'promote':
      return `an operator promotes ${fault.node}`;
    case 'clock-skew':
      return `fault: ${fault.node}'s clock is off by ${fault.skewMs} ms and drifts by ${fault.driftPpm} ppm`;
    case 'huge-transaction':
      return `one transaction of ${fault.bytes} bytes commits at ${fault.node ?? 'the leader'}`;
    case 'long-query':
      return ended
        ? `the long query on ${fault.node} would be over now`
        : `somebody asks a query on ${fault.node} that takes ${fault.forMs} ms`;
    case 'change-schema':
      return `an operator at ${fault.node}: ${schemaWords[fault.does]} its last column`;
    case 'cancel-waits':
      return `operator: every write that waits for followers at ${fault.node ?? 'the leader'} is let go`;
  }
}

const schemaWords: Readonly<Record<SchemaAct, string>> = {
  add: 'the table gets',
  drop: 'the table loses',
  write: 'the application writes',
  'stop-writing': 'the application no longer writes',
};

function describeEnds(fault: {
  readonly from?: readonly string[] | undefined;
  readonly to?: readonly string[] | undefined;
  readonly oneWay?: boolean;
}): string {
  const from = fault.from?.join(', ') ?? 'everybody';
  const to = fault.to?.join(', ') ?? 'everybody';
  return fault.oneWay ? `from ${from} to ${to}` : `between ${from} and ${to}`;
}

/** Of a ratio as people write it: 0.07 is 7%, not 7.000000000000001%. */
function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(12))}%`;
}
