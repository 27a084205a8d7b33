/**
 * A cluster without time: a test delivers each message, completes each fsync and fires each timer itself, in any order
 * it likes, twice if it likes. For the schedules that a simulation would need luck to meet.
 *
 * ```ts
 * const hand = new ByHand({ replicas: 3, requiredFollowers: 1 });
 * hand.settle();                              // everybody streams
 * hand.write(0, 7);                           // a client's write number 7 to replica 0
 * hand.flush(0);
 * hand.deliver({ kind: APPEND, to: 1 });      // replica 2's copy stays on the way
 * ```
 */

import {
  CRASHED,
  FLUSHED,
  type Input,
  type Out,
  RESTARTED,
  START,
  TIMER,
  WRITE,
  WRITE_OK,
} from '../../kernel/protocol.ts';
import { termOf, valueAt } from '../wal.ts';
import { anyOf } from './acknowledgement.ts';
import { managerKind } from './failover-kinds.ts';
import { alone, type Manager, newManager } from './manager.ts';
import { newReplica, type Replica, type ReplicaSettings, unfenced } from './replica.ts';
import { replicaKind } from './replica-kind.ts';

export type Envelope = Readonly<Input> & { readonly to: number };

export class ByHand implements Out {
  nowUs = 0;
  readonly replicas: readonly Replica[];
  readonly manager: Manager;
  readonly managerActor: number;
  readonly client: number;
  /** What is on the way, oldest first. */
  readonly wire: Envelope[] = [];
  /** What the client has been answered, by operation number: kind of answer. */
  readonly answers = new Map<number, number>();
  readonly notes: {
    readonly actor: number;
    readonly kind: number;
    readonly a: number;
    readonly b: number;
  }[] = [];
  private readonly fsyncs = new Map<number, { readonly a: number; readonly b: number }>();
  private readonly timers = new Map<string, number>();
  private readonly down = new Set<number>();
  private self = 0;

  constructor({ replicas, requiredFollowers }: { replicas: number; requiredFollowers: number }) {
    const acknowledgement = anyOf(requiredFollowers, replicas);
    const all: ReplicaSettings = {
      replicas,
      acknowledgement,
      clients: [],
      replay: null,
      retention: { slots: true, keepBytes: 0, slotsMaxBytes: 0, baseBackupUs: 0 },
      capacityBytes: 0,
      maxStandbyDelayUs: 1000,
      hotStandbyFeedback: false,
      fence: unfenced,
      reconnectUs: 1000,
      keepaliveUs: 1000,
      streamTimeoutUs: 10_000,
      readWaitUs: 0,
    };
    this.replicas = Array.from({ length: replicas }, (_, self) => newReplica(all, self, 0, 10));
    this.managerActor = replicas;
    this.client = replicas + 1;
    this.manager = newManager(
      {
        replicas,
        promised: requiredFollowers,
        priorities: acknowledgement.priorities,
        automatic: true,
        heartbeatUs: 1000,
        timeoutUs: 5000,
        electionUs: 1000,
        clients: [],
        power: -1,
        needsMajority: false,
        ...alone,
      },
      0,
    );
    for (let actor = 0; actor <= replicas; actor++) this.give(actor, { kind: START });
  }

  powerOff(): void {}

  // What a test does.

  write(to: number, number: number, key = 0): void {
    this.self = this.client;
    this.send(to, WRITE, 0, number, key, 0, 0, 100);
    this.deliver({ kind: WRITE, to });
  }

  /** Delivers the oldest message that has these fields, and gives it. Throws if none is on the way. */
  deliver(like: Partial<Envelope>): Envelope {
    const index = this.wire.findIndex((message) => matches(message, like));
    if (index < 0) throw new Error(`nothing on the way is like ${JSON.stringify(like)}`);
    const [message] = this.wire.splice(index, 1);
    this.hand(message!);
    return message!;
  }

  /** Delivers a message again. */
  again(message: Envelope): void {
    this.hand(message);
  }

  /** Takes messages off the wire without delivering them, and gives them. */
  lose(like: Partial<Envelope>): Envelope[] {
    const lost = this.wire.filter((message) => matches(message, like));
    for (const message of lost) this.wire.splice(this.wire.indexOf(message), 1);
    return lost;
  }

  onTheWay(like: Partial<Envelope>): Envelope[] {
    return this.wire.filter((message) => matches(message, like));
  }

  /** Completes the replica's fsync under way. */
  flush(replica: number): void {
    const fsync = this.fsyncs.get(replica);
    if (fsync === undefined) throw new Error(`replica ${replica} has no fsync under way`);
    this.fsyncs.delete(replica);
    this.give(replica, { kind: FLUSHED, a: fsync.a, b: fsync.b });
  }

  /** Delivers and flushes until nothing is left to do but wait; what `except` describes stays on the way. */
  settle(except?: Partial<Envelope>): void {
    for (;;) {
      const message = this.wire.find((each) => except === undefined || !matches(each, except));
      if (message !== undefined) this.deliver(message);
      else if (this.fsyncs.size > 0) this.flush([...this.fsyncs.keys()][0]!);
      else return;
    }
  }

  fire(actor: number, timer: string): void {
    const timers = actor === this.managerActor ? managerKind.failover.timers : replicaKind.role.timers;
    // Several states may wait for the same delay, each with a timer of its own; one of them runs.
    const slot = timers.findIndex(
      ({ delay }, index) => delay === timer && this.timers.has(`${actor} ${index}`),
    );
    if (slot < 0) throw new Error(`${timer} does not run on ${actor}`);
    this.timers.delete(`${actor} ${slot}`);
    this.give(actor, { kind: TIMER, a: slot });
  }

  crash(replica: number): void {
    this.fsyncs.delete(replica);
    for (const name of [...this.timers.keys()]) if (name.startsWith(`${replica} `)) this.timers.delete(name);
    this.give(replica, { kind: CRASHED });
    this.down.add(replica);
  }

  restart(replica: number): void {
    this.down.delete(replica);
    this.give(replica, { kind: RESTARTED });
  }

  /** The manager suspects the leader; the election and what follows runs through, except for what is held back. */
  elect(except?: Partial<Envelope>): void {
    this.fire(this.managerActor, 'leader timeout');
    this.settle(except);
  }

  state(replica: number): string {
    return replicaKind.role.configurations[this.replicas[replica]!.role]!.states.at(-1)!;
  }

  /** The log as term:value, oldest first. */
  log(replica: number): string {
    const { wal } = this.replicas[replica]!;
    const records = [];
    for (let lsn = wal.firstLsn; lsn <= wal.lastLsn; lsn++)
      records.push(`${termOf(wal, lsn)}:${valueAt(wal, lsn)}`);
    return records.join(' ');
  }

  isAcknowledged(number: number): boolean {
    return this.answers.get(number) === WRITE_OK;
  }

  private hand(message: Envelope): void {
    if (message.to === this.client) this.answers.set(message.b, message.kind);
    else if (!this.down.has(message.to)) this.give(message.to, message);
  }

  private give(actor: number, input: Partial<Input>): void {
    this.self = actor;
    const whole = { kind: 0, from: actor, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0, ...input };
    if (actor === this.managerActor) managerKind.onInput(this.manager, whole, this);
    else replicaKind.onInput(this.replicas[actor]!, whole, this);
  }

  // What a node asks for.

  send(to: number, kind: number, a: number, b: number, c: number, d: number, e: number, bytes: number): void {
    this.wire.push({ from: this.self, to, kind, a, b, c, d, e, bytes });
  }

  startTimer(slot: number, delayUs: number): void {
    this.timers.set(`${this.self} ${slot}`, delayUs);
  }

  cancelTimer(slot: number): void {
    this.timers.delete(`${this.self} ${slot}`);
  }

  fsync(a: number, b: number): void {
    this.fsyncs.set(this.self, { a, b });
  }

  occupy(): number {
    return 0;
  }

  note(kind: number, a: number, b: number): void {
    this.notes.push({ actor: this.self, kind, a, b });
  }

  clockUs(): number {
    return this.nowUs;
  }

  elapsedUs(sinceUs: number): number {
    return this.nowUs - sinceUs;
  }

  draw(): number {
    return 0;
  }
}

/** Three replicas that stream, `writes` writes on every disk, numbered from 1. */
export function cluster(requiredFollowers: number, writes: number, replicas = 3): ByHand {
  const hand = new ByHand({ replicas, requiredFollowers });
  hand.settle();
  for (let number = 1; number <= writes; number++) hand.write(0, number);
  hand.settle();
  return hand;
}

function matches(message: Envelope, like: Partial<Envelope>): boolean {
  return (Object.keys(like) as (keyof Envelope)[]).every((key) => message[key] === like[key]);
}
