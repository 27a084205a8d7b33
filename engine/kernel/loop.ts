/**
 * The one loop: dispatches what is scheduled in the order `(atUs, class, sequence)`, where faults are the first class.
 * It keeps what belongs to a machine rather than to a protocol: is the process up, how fast does it serve, its disk, its
 * clock, its timers. It knows no topology: it is given node kinds.
 */

import { Digest } from './digest.ts';
import { type LatencyTable, sampleLatency } from './latency.ts';
import type { Network } from './network.ts';
import {
  CRASHED,
  FLUSHED,
  type Input,
  MESSAGE_KINDS,
  type NodeKind,
  OPERATOR,
  type Out,
  READ,
  REFUSED,
  RESTARTED,
  SERVICE_CLASSES,
  SERVICE_TURN,
  START,
  TIMER,
  WRITE,
} from './protocol.ts';
import {
  A,
  B,
  BYTES,
  C,
  D,
  E,
  FROM,
  KIND,
  LATEST_US,
  LIFE,
  Queue,
  SENDER_LIFE,
  STRIDE,
  TO,
} from './queue.ts';
import type { Streams } from './random.ts';

export const UP = 0;
export const PAUSED = 1;
export const DOWN = 2;
export type Process = typeof UP | typeof PAUSED | typeof DOWN;

const refusalBytes = 64;

/** Marks a record that has waited for its node's service and is now to be handled. */
const SERVED = MESSAGE_KINDS;

/** One actor: a replica, a failover manager, a group of clients. */
export interface Actor<State = unknown> {
  readonly name: string;
  readonly kind: NodeKind<State>;
  readonly state: State;
  /** How many timers it may run at once; their slots count from 0. */
  readonly timers: number;
  /** The actor whose machine it runs on, together with others; without it, a machine of its own. */
  readonly host?: number;
  /** The actor that it knows as number 0: members of a cell count each other from there. Without it, the first of all. */
  readonly base?: number;
  /** When it has its START; without it, at the very beginning. */
  readonly startUs?: number;
  /** Names of its own streams of chance, which it draws from by index. */
  readonly chances: readonly string[];
  /** Picoseconds of service by class (`SERVICE_…`); 0 is none. */
  readonly servicePs: readonly number[];
  /** A client whose request would wait for longer is turned away; without it, nobody is. */
  readonly queueUsMost?: number;
  readonly disk: { readonly fsync: LatencyTable; readonly bytesPerSecond: number };
  readonly clock: { readonly skewUs: number; readonly driftPpm: number };
}

/** What the loop tells of, as it happens, in packed form. */
export interface Tracer {
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
  ): void;
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
  ): void;
  /** `input.from` is the sender as the actor knows it; `from` is who it is. */
  dispatched(atUs: number, from: number, to: number, input: Input): void;
}
export type DropReason = 'lost' | 'cut' | 'down' | 'died';

/** Takes what nodes `note`: metrics and verdicts. */
export interface Notebook {
  /** At the loop's present, which is not passed along: a double that crosses a call is allocated. */
  onNote(actor: number, kind: number, a: number, b: number, c: number, d: number): void;
}

/** A fault: an input of the run, which a step shows. */
export const FAULT = 0;
/** The workload's end, which comes after a fault at the same time, given in the file or live. */
export const PHASE = 1;
/** Something that only looks (a sample); it sees the present after all faults of that time. */
export const LOOK = 2;

/** Something that is to happen at a time of its own, before everything else at that time. */
export interface Interruption {
  readonly atUs: number;
  /** Among interruptions at the same time the smaller goes first. */
  readonly rank: typeof FAULT | typeof PHASE | typeof LOOK;
  run(): void;
}

/** Tables of functions that were asked before: a topology's many runs share one. */
const serviceClasses = new WeakMap<(kind: number) => number, Uint8Array>();

function classesOf(serviceClassOf: (kind: number) => number): Uint8Array {
  let classes = serviceClasses.get(serviceClassOf);
  if (classes === undefined) {
    classes = Uint8Array.from({ length: MESSAGE_KINDS }, (_, kind) => serviceClassOf(kind));
    serviceClasses.set(serviceClassOf, classes);
  }
  return classes;
}

export class Loop implements Out {
  nowUs = 0;
  /** Inputs dispatched. */
  events = 0;
  sentCount = 0;
  deliveredCount = 0;
  droppedCount = 0;
  /** Second copies that links made of messages; delivered or dropped like the first. */
  duplicatedCount = 0;
  readonly digest = new Digest();
  tracer: Tracer | null = null;
  /** When the last input was dispatched; −1 before the first. */
  dispatchedAtUs = -1;

  readonly queue = new Queue();
  private readonly actors: readonly Actor[];
  private readonly network: Network;
  private readonly streams: Streams;
  private readonly notebook: Notebook;
  private readonly serviceClasses: Uint8Array;
  private readonly interruptions: Interruption[] = [];
  private nextInterruptionUs = Number.POSITIVE_INFINITY;

  private readonly hosts: Int32Array;
  private readonly bases: Int32Array;
  private readonly kinds: NodeKind<unknown>[];
  private readonly states: unknown[];
  private readonly processes: Uint8Array;
  private readonly lives: Int32Array;
  private readonly machineLives: Int32Array;
  private readonly held: number[][];
  private readonly servicePs: Float64Array;
  private readonly busyUntilUs: Float64Array;
  private readonly busyUntilPs: Int32Array;
  /** The longest an input has waited for service, per machine. */
  readonly queuedUsMax: Float64Array;
  /** Requests turned away, per machine. */
  readonly refused: Float64Array;
  private readonly queueUsMost: Float64Array;
  /** Inputs served, per machine and class. */
  readonly served: Float64Array;
  private readonly timerBase: Int32Array;
  private readonly deadlineUs: Float64Array;
  private readonly queuedTimerUs: Float64Array;
  private readonly timerLives: Int32Array;
  private readonly disks: {
    fsync: LatencyTable;
    bytesPerSecond: number;
    /** Of its delays; −1 until the first. */
    stream: number;
    extraUs: number;
    busyUntilUs: number;
  }[];
  private readonly clocks: { skewUs: number; driftPpm: number; setAtUs: number }[];
  /** Machines whose power was cut, for good. */
  private readonly poweredOff: Uint8Array;
  /** By actor and index, its stream; −1 until it is drawn from. */
  private readonly chances: number[][];

  /** The actor that now handles an input, and when what it sends leaves. */
  private self = 0;
  private departUs = 0;
  /** What an actor is given to handle. Reused: whoever is told of something while that goes on may look, and not keep it. */
  readonly input: Input = { kind: START, from: 0, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0 };

  constructor(
    actors: readonly Actor[],
    network: Network,
    streams: Streams,
    notebook: Notebook,
    serviceClassOf: (kind: number) => number,
  ) {
    const count = actors.length;
    this.actors = actors;
    this.network = network;
    this.streams = streams;
    this.notebook = notebook;
    this.serviceClasses = classesOf(serviceClassOf);
    this.hosts = Int32Array.from(actors, ({ host }, actor) => host ?? actor);
    this.bases = Int32Array.from(actors, ({ base = 0 }) => base);
    this.kinds = actors.map((actor) => actor.kind);
    this.states = actors.map((actor) => actor.state);
    this.processes = new Uint8Array(count);
    this.lives = new Int32Array(count).fill(1);
    this.machineLives = new Int32Array(count).fill(1);
    this.held = actors.map(() => []);
    this.servicePs = Float64Array.from(actors.flatMap((actor) => actor.servicePs));
    this.busyUntilUs = new Float64Array(count);
    this.busyUntilPs = new Int32Array(count);
    this.queuedUsMax = new Float64Array(count);
    this.refused = new Float64Array(count);
    this.queueUsMost = Float64Array.from(actors, ({ queueUsMost = Number.POSITIVE_INFINITY }) => queueUsMost);
    this.served = new Float64Array(count * SERVICE_CLASSES);
    this.timerBase = new Int32Array(count);
    let timers = 0;
    for (const [index, actor] of actors.entries()) {
      this.timerBase[index] = timers;
      timers += actor.timers;
    }
    this.deadlineUs = new Float64Array(timers).fill(Number.POSITIVE_INFINITY);
    this.queuedTimerUs = new Float64Array(timers).fill(Number.POSITIVE_INFINITY);
    this.timerLives = new Int32Array(timers);
    this.disks = actors.map(({ disk }) => ({
      ...disk,
      stream: -1,
      extraUs: 0,
      busyUntilUs: 0,
    }));
    this.clocks = actors.map(({ clock }) => ({ ...clock, setAtUs: 0 }));
    this.poweredOff = new Uint8Array(count);
    this.chances = actors.map(({ chances }) => new Array<number>(chances.length).fill(-1));
  }

  /** Gives every actor its START, in order; those that start later, when their time has come. */
  start(): void {
    for (const [actor, { startUs = 0 }] of this.actors.entries()) {
      if (startUs === 0) {
        this.give(actor, START);
        continue;
      }
      const record = this.queue.push(0, startUs, START, actor, actor, 0, 0, 0, 0, 0, 0);
      this.queue.words[record * STRIDE + LIFE] = this.lives[this.hosts[actor]!]!;
    }
  }

  /** Something that happens at its time before what is scheduled then; among equals by rank, then as they were added. */
  interrupt(interruption: Interruption): void {
    const { atUs, rank } = interruption;
    let index = this.interruptions.length;
    for (; index > 0; index--) {
      const before = this.interruptions[index - 1]!;
      if (before.atUs < atUs || (before.atUs === atUs && before.rank <= rank)) break;
    }
    this.interruptions.splice(index, 0, interruption);
    this.nextInterruptionUs = this.interruptions[0]!.atUs;
  }

  /** Dispatches everything due before `limitUs`; the present is then `limitUs`. */
  runUntil(limitUs: number): void {
    while (this.dispatchNext(limitUs, false));
  }

  /** Dispatches one input due before `limitUs`; false, with the present at `limitUs`, if there is none. */
  step(limitUs: number): boolean {
    return this.dispatchNext(limitUs, true);
  }

  /** With `single`, returns after one input; otherwise only when nothing is left, or after an interruption. */
  private dispatchNext(limitUs: number, single: boolean): boolean {
    const interruptedUs = this.nextInterruptionUs;
    const untilUs = Math.min(interruptedUs, limitUs);
    const queue = this.queue;
    for (;;) {
      const record = queue.next(untilUs);
      if (record < 0) break;
      const dispatched = this.take(record);
      if (single && dispatched) return true;
    }
    if (untilUs > this.nowUs) this.nowUs = untilUs;
    if (interruptedUs >= limitUs) return false;
    const interruption = this.interruptions.shift()!;
    this.nextInterruptionUs = this.interruptions[0]?.atUs ?? Number.POSITIVE_INFINITY;
    interruption.run();
    if (single && interruption.rank === LOOK) return this.dispatchNext(limitUs, single);
    return true;
  }

  /** Handles a due record; false where it turned out to be nothing, or to have to wait. */
  private take(record: number): boolean {
    const queue = this.queue;
    const words = queue.words;
    const at = record * STRIDE;
    let kind = words[at + KIND]!;
    const to = words[at + TO]!;
    const host = this.hosts[to]!;
    const nowUs = queue.times[record * 2]!;
    this.nowUs = nowUs;
    if (
      this.processes[host] === PAUSED &&
      kind !== CRASHED &&
      !(kind === TIMER && this.isPostponed(words[at + A]!, to, nowUs))
    ) {
      return this.hold(record, kind, host);
    }
    let departUs = nowUs;
    if (kind >= READ) {
      const from = words[at + FROM]!;
      if (kind >= SERVED) {
        kind -= SERVED;
        if (words[at + LIFE] !== this.lives[host]) return this.drop(record, kind, 'down');
        departUs += Math.ceil(
          this.servicePs[host * SERVICE_CLASSES + this.serviceClasses[kind]!]! / 1_000_000,
        );
      } else {
        // A message that a paused node has held arrived long ago.
        if (words[at + LIFE] === 0) {
          if (this.network.isCut(from, to)) return this.drop(record, kind, 'cut');
          if (words[at + SENDER_LIFE] !== this.machineLives[this.hosts[from]!])
            return this.drop(record, kind, 'died');
        }
        if (this.processes[host] === DOWN) return this.drop(record, kind, 'down');
        const serviceClass = this.serviceClasses[kind]!;
        if (serviceClass !== 0) {
          const servicePs = this.servicePs[host * SERVICE_CLASSES + serviceClass]!;
          if (kind <= WRITE && this.busyUntilUs[host]! - nowUs > this.queueUsMost[host]!)
            return this.turnAway(record, kind);
          if (servicePs > 0 || serviceClass === SERVICE_TURN) {
            const startUs = this.reserve(host, servicePs);
            if (startUs > nowUs) {
              words[at + KIND] = kind + SERVED;
              words[at + LIFE] = this.lives[host]!;
              if (startUs - nowUs > this.queuedUsMax[host]!) this.queuedUsMax[host] = startUs - nowUs;
              queue.schedule(record, Math.min(startUs, LATEST_US));
              return false;
            }
            departUs = this.busyUntilUs[host]! + (this.busyUntilPs[host]! > 0 ? 1 : 0);
          }
        }
      }
      this.deliveredCount++;
      this.served[host * SERVICE_CLASSES + this.serviceClasses[kind]!]! += 1;
    } else if (kind === TIMER) {
      if (!this.timerIsDue(words[at + A]!, to, words[at + LIFE]!, nowUs)) {
        queue.release(record);
        return false;
      }
    } else if (kind === CRASHED) {
      queue.release(record);
      if (this.processes[host] === DOWN) return false;
      this.crash(to, true);
      return true;
    } else if (words[at + LIFE] !== this.lives[host]) {
      queue.release(record);
      return false;
    }
    const from = words[at + FROM]!;
    this.unpack(record, kind);
    this.dispatch(from, to, departUs);
    return true;
  }

  /** What a record says, as an input of its kind. */
  private unpack(record: number, kind: number): void {
    const { input, queue } = this;
    const words = queue.words;
    const at = record * STRIDE;
    input.kind = kind;
    input.from = words[at + FROM]! - this.bases[words[at + TO]!]!;
    input.a = words[at + A]!;
    input.b = words[at + B]!;
    input.c = words[at + C]!;
    input.d = words[at + D]!;
    input.e = words[at + E]!;
    input.bytes = words[at + BYTES]!;
    queue.release(record);
  }

  /** READ or WRITE: more waits before it than the machine lets wait. That is said at the door and costs it nothing. */
  private turnAway(record: number, kind: number): boolean {
    const { input, queue } = this;
    const from = queue.words[record * STRIDE + FROM]!;
    const to = queue.words[record * STRIDE + TO]!;
    this.deliveredCount++;
    this.refused[this.hosts[to]!]! += 1;
    this.unpack(record, kind);
    this.arrive(from, to, this.nowUs);
    this.send(input.from, REFUSED, input.a, input.b, 0, 0, 0, refusalBytes);
    return true;
  }

  /** Whether a message in flight was sent by a machine that has died since. */
  isLostWithItsSender(record: number): boolean {
    const { words } = this.queue;
    const at = record * STRIDE;
    return (
      words[at + LIFE] === 0 && words[at + SENDER_LIFE] !== this.machineLives[this.hosts[words[at + FROM]!]!]
    );
  }

  /** Keeps what comes to a paused node. A message has then arrived: what befalls its link later does not matter. */
  private hold(record: number, kind: number, host: number): boolean {
    const { words } = this.queue;
    const at = record * STRIDE;
    if (kind >= READ && kind < SERVED) {
      const from = words[at + FROM]!;
      if (words[at + LIFE] === 0) {
        if (this.network.isCut(from, words[at + TO]!)) return this.drop(record, kind, 'cut');
        if (words[at + SENDER_LIFE] !== this.machineLives[this.hosts[from]!])
          return this.drop(record, kind, 'died');
      }
      words[at + LIFE] = this.lives[host]!;
    }
    this.held[host]!.push(record);
    return false;
  }

  private dispatch(from: number, to: number, departUs: number): void {
    this.arrive(from, to, departUs);
    this.kinds[to]!.onInput(this.states[to], this.input, this);
  }

  private arrive(from: number, to: number, departUs: number): void {
    const input = this.input;
    const nowUs = this.nowUs;
    this.events++;
    this.dispatchedAtUs = nowUs;
    const digest = this.digest;
    digest.absorb(nowUs | 0, (input.kind << 16) ^ (input.from << 8) ^ to, input.a, input.b);
    digest.absorb(input.c, input.d, input.e, input.bytes ^ Math.floor(nowUs / 0x1_0000_0000));
    if (this.tracer !== null) this.tracer.dispatched(nowUs, from, to, input);
    this.self = to;
    this.departUs = departUs;
  }

  private drop(record: number, kind: number, why: DropReason): boolean {
    this.droppedCount++;
    if (this.tracer !== null) {
      const words = this.queue.words;
      const at = record * STRIDE;
      this.tracer.dropped(
        this.nowUs,
        words[at + FROM]!,
        words[at + TO]!,
        kind,
        words[at + A]!,
        words[at + B]!,
        words[at + C]!,
        words[at + D]!,
        words[at + E]!,
        why,
      );
    }
    this.queue.release(record);
    return false;
  }

  /** Takes the next free stretch of a machine's service, and gives when it begins. Picoseconds, so that 30,000/s is exact. */
  private reserve(host: number, servicePs: number): number {
    let startUs = this.busyUntilUs[host]!;
    let ps = this.busyUntilPs[host]!;
    if (startUs < this.nowUs) {
      startUs = this.nowUs;
      ps = 0;
    }
    const endPs = ps + servicePs;
    const wholeUs = Math.floor(endPs / 1_000_000);
    this.busyUntilUs[host] = startUs + wholeUs;
    this.busyUntilPs[host] = endPs - wholeUs * 1_000_000;
    return ps > 0 ? startUs + 1 : startUs;
  }

  // What a node may ask for.

  send(
    known: number,
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    bytes: number,
  ): void {
    const from = this.self;
    const to = known + this.bases[from]!;
    this.sentCount++;
    const arrivalUs = this.network.plan(this.departUs, from, to, bytes, kind);
    const duplicateUs = this.network.duplicateUs;
    if (this.tracer !== null) {
      this.tracer.sent(this.nowUs, from, to, kind, a, b, c, d, e, arrivalUs);
      if (arrivalUs < 0) {
        const why = this.network.isCut(from, to) ? 'cut' : 'lost';
        this.tracer.dropped(this.nowUs, from, to, kind, a, b, c, d, e, why);
      }
    }
    if (arrivalUs < 0) this.droppedCount++;
    else this.launch(arrivalUs, from, to, kind, a, b, c, d, e, bytes);
    if (duplicateUs >= 0) {
      this.duplicatedCount++;
      this.launch(duplicateUs, from, to, kind, a, b, c, d, e, bytes);
    }
  }

  private launch(
    arrivalUs: number,
    from: number,
    to: number,
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    bytes: number,
  ): void {
    const { queue } = this;
    const record = queue.acquire();
    queue.fill(record, kind, from, to, a, b, c, d, e, bytes);
    queue.words[record * STRIDE + SENDER_LIFE] = this.machineLives[this.hosts[from]!]!;
    queue.times[record * 2 + 1] = this.departUs;
    queue.schedule(record, arrivalUs);
  }

  startTimer(slot: number, delayUs: number): void {
    const actor = this.self;
    const timer = this.timerBase[actor]! + slot;
    const drift = this.clocks[this.hosts[actor]!]!.driftPpm;
    const realUs = drift === 0 ? delayUs : Math.round((delayUs * 1_000_000) / (1_000_000 + drift));
    const deadlineUs = this.nowUs + realUs;
    this.deadlineUs[timer] = deadlineUs;
    // A later deadline leaves the scheduled record where it is: it looks again when it comes up. So a timer that every
    // message restarts costs two stores, not a record a message.
    if (deadlineUs < this.queuedTimerUs[timer]!) this.scheduleTimer(actor, slot, timer, deadlineUs);
  }

  cancelTimer(slot: number): void {
    this.deadlineUs[this.timerBase[this.self]! + slot] = Number.POSITIVE_INFINITY;
  }

  private scheduleTimer(actor: number, slot: number, timer: number, deadlineUs: number): void {
    const life = ++this.timerLives[timer]!;
    this.queuedTimerUs[timer] = deadlineUs;
    const record = this.queue.push(this.nowUs, deadlineUs, TIMER, actor, actor, slot, 0, 0, 0, 0, 0);
    this.queue.words[record * STRIDE + LIFE] = life;
  }

  /** Whether a timer was restarted or cancelled since its record was scheduled: the record does not stand for its end. */
  private isPostponed(slot: number, actor: number, nowUs: number): boolean {
    return this.deadlineUs[this.timerBase[actor]! + slot]! > nowUs;
  }

  private timerIsDue(slot: number, actor: number, life: number, nowUs: number): boolean {
    const timer = this.timerBase[actor]! + slot;
    if (life !== this.timerLives[timer]) return false;
    this.queuedTimerUs[timer] = Number.POSITIVE_INFINITY;
    const deadlineUs = this.deadlineUs[timer]!;
    if (deadlineUs > nowUs) {
      if (deadlineUs !== Number.POSITIVE_INFINITY) this.scheduleTimer(actor, slot, timer, deadlineUs);
      return false;
    }
    this.deadlineUs[timer] = Number.POSITIVE_INFINITY;
    return true;
  }

  fsync(a: number, b: number, bytes: number): void {
    const actor = this.self;
    const disk = this.disks[this.hosts[actor]!]!;
    if (disk.stream < 0) disk.stream = this.streams.add(`disk ${this.actors[this.hosts[actor]!]!.name}`);
    let costUs = sampleLatency(disk.fsync, this.streams.next(disk.stream)) + disk.extraUs;
    if (disk.bytesPerSecond > 0) costUs += Math.ceil((bytes * 1_000_000) / disk.bytesPerSecond);
    const doneUs = Math.min(Math.max(this.departUs, disk.busyUntilUs) + costUs, LATEST_US);
    disk.busyUntilUs = doneUs;
    const record = this.queue.push(this.nowUs, doneUs, FLUSHED, actor, actor, a, b, 0, 0, 0, 0);
    this.queue.words[record * STRIDE + LIFE] = this.lives[this.hosts[actor]!]!;
  }

  occupy(ps: number): number {
    const host = this.hosts[this.self]!;
    this.reserve(host, ps);
    return this.busyUntilUs[host]! + (this.busyUntilPs[host]! > 0 ? 1 : 0) - this.nowUs;
  }

  powerOff(known: number): void {
    const actor = known + this.bases[this.self]!;
    this.poweredOff[this.hosts[actor]!] = 1;
    this.queue.push(this.nowUs, this.nowUs, CRASHED, actor, actor, 0, 0, 0, 0, 0, 0);
  }

  note(kind: number, a: number, b: number, c: number, d: number): void {
    this.notebook.onNote(this.self, kind, a, b, c, d);
  }

  elapsedUs(sinceUs: number): number {
    const drift = this.clocks[this.hosts[this.self]!]!.driftPpm;
    const trueUs = this.nowUs - sinceUs;
    return drift === 0 ? trueUs : Math.round((trueUs * (1_000_000 + drift)) / 1_000_000);
  }

  draw(stream: number): number {
    const opened = this.chances[this.self]!;
    if (opened[stream]! < 0) {
      const { name, chances } = this.actors[this.self]!;
      opened[stream] = this.streams.add(`${name}: ${chances[stream]!}`);
    }
    return this.streams.next(opened[stream]!);
  }

  // What can befall a machine. Any of the actors on it names it.

  process(actor: number): Process {
    return this.processes[this.hosts[actor]!] as Process;
  }

  /**
   * The process dies: its memory, its timers and what it was about to do are gone. If the machine dies with it, so is what
   * its disk had not fsynced, and what it had sent that has not arrived: nobody is left to send that again.
   */
  crash(actor: number, withMachine: boolean): void {
    const host = this.hosts[actor]!;
    if (withMachine) this.machineLives[host]! += 1;
    this.releaseHeld(host);
    this.lives[host]! += 1;
    this.busyUntilUs[host] = 0;
    this.busyUntilPs[host] = 0;
    this.disks[host]!.busyUntilUs = 0;
    this.processes[host] = DOWN;
    for (let each = 0; each < this.hosts.length; each++) {
      if (this.hosts[each] !== host) continue;
      this.forgetTimers(each);
      this.give(each, CRASHED, withMachine ? 0 : 1);
    }
  }

  restart(actor: number): void {
    const host = this.hosts[actor]!;
    if (this.isPoweredOff(host)) return;
    this.processes[host] = UP;
    for (let each = 0; each < this.hosts.length; each++)
      if (this.hosts[each] === host) this.give(each, RESTARTED);
  }

  isPoweredOff(actor: number): boolean {
    return this.poweredOff[this.hosts[actor]!] === 1;
  }

  /** The process stops without noticing (a garbage collection, a frozen machine); its inputs wait. */
  pause(actor: number): void {
    this.processes[this.hosts[actor]!] = PAUSED;
  }

  /** It goes on, unless its power has been cut meanwhile. */
  resume(actor: number): void {
    const host = this.hosts[actor]!;
    if (this.processes[host] !== PAUSED) return;
    this.processes[host] = UP;
    const held = this.held[host]!;
    // What had waited for service when the pause began came before all that has arrived since.
    const hadWaited = (record: number): boolean => this.queue.words[record * STRIDE + KIND]! >= SERVED;
    const inOrder = [...held.filter(hadWaited), ...held.filter((record) => !hadWaited(record))];
    // Before what arrives at this very moment: it came earlier.
    for (let index = inOrder.length - 1; index >= 0; index--)
      this.queue.scheduleFirst(inOrder[index]!, this.nowUs);
    held.length = 0;
  }

  /** Somebody at the machine acts, where its process runs. */
  operate(actor: number, a: number, b: number, c: number, d: number): void {
    this.give(actor, OPERATOR, a, b, c, d);
  }

  slowDisk(actor: number, extraUs: number): void {
    this.disks[this.hosts[actor]!]!.extraUs = extraUs;
  }

  setClock(actor: number, skewUs: number, driftPpm: number): void {
    const clock = this.clocks[this.hosts[actor]!]!;
    clock.skewUs = skewUs;
    clock.driftPpm = driftPpm;
    clock.setAtUs = this.nowUs;
  }

  /** What an actor's own clock shows; that of the one that now handles an input, unless it is said whose. */
  clockUs(actor = this.self): number {
    const { skewUs, driftPpm, setAtUs } = this.clocks[this.hosts[actor]!]!;
    return this.nowUs + skewUs + Math.round(((this.nowUs - setAtUs) * driftPpm) / 1_000_000);
  }

  /** Takes an input that no record carries (a fault) into the digest and the count. */
  absorbInterruption(p: number, q: number, r: number): void {
    this.events++;
    this.dispatchedAtUs = this.nowUs;
    this.digest.absorb(this.nowUs | 0, p, q, r);
    this.digest.absorb(Math.floor(this.nowUs / 0x1_0000_0000), 0x6661756c, 0, 0);
  }

  private give(actor: number, kind: number, a = 0, b = 0, c = 0, d = 0): void {
    const input = this.input;
    input.kind = kind;
    input.from = actor - this.bases[actor]!;
    input.a = a;
    input.b = b;
    input.c = c;
    input.d = d;
    input.e = input.bytes = 0;
    this.dispatch(actor, actor, this.nowUs);
  }

  private forgetTimers(actor: number): void {
    const first = this.timerBase[actor]!;
    for (let timer = first; timer < first + this.actors[actor]!.timers; timer++) {
      this.deadlineUs[timer] = Number.POSITIVE_INFINITY;
      this.queuedTimerUs[timer] = Number.POSITIVE_INFINITY;
      this.timerLives[timer]! += 1;
    }
  }

  private releaseHeld(host: number): void {
    for (const record of this.held[host]!) {
      const kind = this.queue.words[record * STRIDE + KIND]!;
      if (kind < READ) this.queue.release(record);
      else this.drop(record, kind >= SERVED ? kind - SERVED : kind, 'down');
    }
    this.held[host]!.length = 0;
  }
}
