/**
 * The choice-ordered scheduler: the states of a model and what may happen next in each.
 *
 * A state is a vector of small integers. Whatever belongs to one actor (its plain state, whether its process is up,
 * running timers, fsyncs under way) is one interned number, and so are a message and what the observer holds. What an
 * actor does with an input depends on nothing else, so it is asked once for each (local state, input) and remembered.
 */

import { copyPlain, plainKey } from '../kernel/plain.ts';
import { CRASHED, FLUSHED, type Input, type NodeKind, type Out, RESTARTED, START, TIMER } from '../kernel/protocol.ts';
import type { Choice, Envelope, LinkRule, Model, StateView } from './model.ts';

/** A choice in a state as an integer: its kind + 8 × where it is, a place in the vector, an actor or an actor's timer. */
const DELIVER = 0;
const MISS = 1;
const LOSE = 2;
const FLUSH = 3;
const FIRE = 4;
const CRASH = 5;
const RESTART = 6;
const BEGIN = 7;
const timersMax = 31;

/** Everything that belongs to one actor. */
interface Local {
  readonly state: unknown;
  readonly up: boolean;
  /** One bit a running timer. */
  readonly timers: number;
  /** `a` and `b` of the fsyncs under way, the oldest first. */
  readonly fsyncs: readonly number[];
}

/** What an actor does with an input. */
interface LocalStep {
  readonly local: number;
  readonly sends: readonly number[];
  /** Interned; 0 is none. */
  readonly notes: number;
}

interface Note {
  readonly actor: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

export class StateSpace {
  private readonly model: Model;
  private readonly actors: number;
  private readonly kinds: readonly NodeKind<unknown>[];
  private readonly rules: readonly LinkRule[];
  private readonly crashesMax: number;
  private readonly lossesMax: number;
  private readonly restarts: boolean;

  private readonly locals: Local[] = [];
  private readonly localIds = new Map<string, number>();
  private readonly steps: Map<number, LocalStep>[] = [];
  private readonly envelopes: Envelope[] = [];
  private readonly envelopeIds = new Map<string, number>();
  /** A message's link, from × actors + to, and its receiver. */
  private readonly linkOf: number[] = [];
  private readonly receiverOf: number[] = [];
  private readonly notes: (readonly Note[])[] = [[]];
  private readonly noteIds = new Map<string, number>([['', 0]]);
  private readonly observations: unknown[] = [];
  private readonly observationIds = new Map<string, number>();
  private readonly observationSteps = new Map<number, number>();

  // Where things stand in a vector: the actors' local states, and then these.
  private readonly observation: number;
  private readonly crashes: number;
  private readonly losses: number;
  /** Messages in flight, by link; on an ordered link in the order they were sent, else by number. */
  private readonly flight: number;

  /** The state reached by the choice last taken. */
  readonly next = new Int32Array(1 << 14);
  private nextLength = 0;

  private readonly effects = new Effects();
  private readonly input: Input = { kind: START, from: 0, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0 };
  private viewed: Int32Array = new Int32Array(0);
  private viewedLength = 0;
  private readonly view: StateView = {
    stateOf: (actor) => this.locals[this.viewed[actor]!]!.state,
    isUp: (actor) => this.locals[this.viewed[actor]!]!.up,
    observed: () => this.observations[this.viewed[this.observation]!],
    messages: () => Array.from(this.viewed.subarray(this.flight, this.viewedLength), (id) => this.envelopes[id]!),
  };

  constructor(model: Model) {
    const { actors, links } = model;
    this.model = model;
    this.actors = actors.length;
    this.kinds = actors.map(({ kind }) => kind);
    this.rules = actors.flatMap((_, from) => actors.map((_, to) => links?.(from, to) ?? 'ordered'));
    this.crashesMax = model.crashes ?? 0;
    this.lossesMax = model.losses ?? 0;
    this.restarts = model.restarts ?? false;
    this.observation = this.actors;
    this.crashes = this.actors + 1;
    this.losses = this.actors + 2;
    this.flight = this.actors + 3;
    const crowded = actors.find(({ timers = [] }) => timers.length > timersMax);
    if (crowded !== undefined) throw new RangeError(`${crowded.name} has more than ${timersMax} timers`);
  }

  /** Puts the first state into `next` and gives its length: every actor has had its START, in order. */
  begin(): number {
    const { model, next } = this;
    for (const [actor, { state }] of model.actors.entries()) {
      next[actor] = this.localId(actor, { state: copyPlain(state), up: true, timers: 0, fsyncs: [] });
    }
    next[this.observation] = this.observationId(copyPlain(model.observer?.state ?? null));
    next[this.crashes] = 0;
    next[this.losses] = 0;
    this.nextLength = this.flight;
    for (let actor = 0; actor < this.actors; actor++) this.act(actor, this.step(next[actor]!, actor, BEGIN));
    if (model.settled) this.settle();
    return this.nextLength;
  }

  /**
   * Takes every choice of a state, each from that state anew, and tells of it with the length of what is then in `next`.
   * In the order: deliveries by link, fsyncs, timers, crashes and restarts by actor, losses by link. Stops where `visit`
   * gives false. An arrival that changes nothing and leads to nothing is no choice, except that an ordered link moves on.
   */
  expand(vector: Int32Array, length: number, visit: (choice: number, length: number) => boolean): void {
    let quiet = true;
    for (let at = this.flight; at < length; at++) {
      if (!this.isDeliverable(vector, at)) continue;
      const choice = this.isUp(vector, this.receiverOf[vector[at]!]!) ? DELIVER : MISS;
      if (!this.take(vector, length, choice + 8 * at)) continue;
      if (choice === DELIVER) quiet = false;
      if (!visit(choice + 8 * at, this.nextLength)) return;
    }
    for (let actor = 0; actor < this.actors; actor++) {
      if (this.locals[vector[actor]!]!.fsyncs.length === 0) continue;
      quiet = false;
      this.take(vector, length, FLUSH + 8 * actor);
      if (!visit(FLUSH + 8 * actor, this.nextLength)) return;
    }
    for (let actor = 0; actor < this.actors; actor++) {
      const running = this.locals[vector[actor]!]!.timers;
      if (running === 0) continue;
      const timers = this.model.actors[actor]!.timers!;
      for (let slot = 0; slot < timers.length; slot++) {
        if ((running & (1 << slot)) === 0) continue;
        const { fires } = timers[slot]!;
        if (fires === 'never' || (fires === 'when quiet' && !quiet)) continue;
        const choice = FIRE + 8 * (actor * timersMax + slot);
        this.take(vector, length, choice);
        if (!visit(choice, this.nextLength)) return;
      }
    }
    for (let actor = 0; actor < this.actors; actor++) {
      if (!this.model.actors[actor]!.canCrash) continue;
      const up = this.isUp(vector, actor);
      if (up ? vector[this.crashes]! >= this.crashesMax : !this.restarts) continue;
      const choice = (up ? CRASH : RESTART) + 8 * actor;
      this.take(vector, length, choice);
      if (!visit(choice, this.nextLength)) return;
    }
    if (vector[this.losses]! >= this.lossesMax) return;
    for (let at = this.flight; at < length; at++) {
      if (this.ruleOf(vector[at]!) === 'duplicating' || !this.isDeliverable(vector, at)) continue;
      this.take(vector, length, LOSE + 8 * at);
      if (!visit(LOSE + 8 * at, this.nextLength)) return;
    }
  }

  /** Puts into `next` what the choice makes of the state; false if it changes nothing. */
  take(vector: Int32Array, length: number, choice: number): boolean {
    const { next } = this;
    for (let word = 0; word < length; word++) next[word] = vector[word]!;
    this.nextLength = length;
    const where = choice >>> 3;
    switch (choice & 7) {
      case DELIVER: {
        const id = vector[where]!;
        const rule = this.ruleOf(id);
        const to = this.receiverOf[id]!;
        const step = this.step(vector[to]!, to, DELIVER + 8 * id);
        if (rule !== 'duplicating') this.remove(where);
        const acted = this.act(to, step);
        return acted || rule === 'ordered';
      }
      case MISS:
        if (this.ruleOf(vector[where]!) === 'duplicating') return false;
        this.remove(where);
        return true;
      case LOSE:
        this.remove(where);
        next[this.losses]! += 1;
        return true;
      case FIRE: {
        const actor = Math.floor(where / timersMax);
        return this.act(actor, this.step(vector[actor]!, actor, FIRE + 8 * (where % timersMax)));
      }
      case CRASH:
        next[this.crashes]! += 1;
        this.act(where, this.step(vector[where]!, where, CRASH));
        // What arrives at a process that never comes back finds nobody: better it is gone at once.
        if (!this.restarts) this.removeMessagesTo(where);
        return true;
      default:
        return this.act(where, this.step(vector[where]!, where, choice & 7));
    }
  }

  /** The typed form of a choice of this state. */
  choiceOf(vector: Int32Array, choice: number): Choice {
    const where = choice >>> 3;
    switch (choice & 7) {
      case DELIVER:
        return { type: 'deliver', message: this.envelopes[vector[where]!]! };
      case MISS:
        return { type: 'miss', message: this.envelopes[vector[where]!]! };
      case LOSE:
        return { type: 'lose', message: this.envelopes[vector[where]!]! };
      case FLUSH: {
        const [a, b] = this.locals[vector[where]!]!.fsyncs;
        return { type: 'flush', actor: where, a: a!, b: b! };
      }
      case FIRE:
        return { type: 'fire', actor: Math.floor(where / timersMax), slot: where % timersMax };
      case CRASH:
        return { type: 'crash', actor: where };
      default:
        return { type: 'restart', actor: where };
    }
  }

  /** The state to be checked; the view is reused for every state. */
  viewOf(vector: Int32Array, length: number): StateView {
    this.viewed = vector;
    this.viewedLength = length;
    return this.view;
  }

  private settle(): void {
    const stepsMax = 100_000;
    const vector = new Int32Array(this.next.length);
    for (let steps = 0; steps < stepsMax; steps++) {
      const length = this.nextLength;
      vector.set(this.next.subarray(0, length));
      let moved = false;
      this.expand(vector, length, (choice) => {
        moved = (choice & 7) === DELIVER || (choice & 7) === FLUSH;
        return false;
      });
      if (moved) continue;
      this.next.set(vector.subarray(0, length));
      this.nextLength = length;
      return;
    }
    throw new RangeError(`messages still go round after ${stepsMax} steps: this model does not settle`);
  }

  // Messages in flight.

  private ruleOf(envelope: number): LinkRule {
    return this.rules[this.linkOf[envelope]!]!;
  }

  /** On an ordered link only the first; elsewhere one of each that are equal. */
  private isDeliverable(vector: Int32Array, at: number): boolean {
    if (at === this.flight) return true;
    const before = vector[at - 1]!;
    const id = vector[at]!;
    if (before === id) return false;
    return this.ruleOf(id) !== 'ordered' || this.linkOf[before] !== this.linkOf[id];
  }

  private remove(at: number): void {
    this.next.copyWithin(at, at + 1, this.nextLength);
    this.nextLength -= 1;
  }

  private removeMessagesTo(actor: number): void {
    let kept = this.flight;
    for (let at = this.flight; at < this.nextLength; at++) {
      if (this.receiverOf[this.next[at]!] !== actor) this.next[kept++] = this.next[at]!;
    }
    this.nextLength = kept;
  }

  private insert(id: number): void {
    const { next } = this;
    if (!this.restarts && !this.isUp(next, this.receiverOf[id]!)) return;
    const link = this.linkOf[id]!;
    const rule = this.rules[link]!;
    let at = this.nextLength;
    while (at > this.flight) {
      const other = next[at - 1]!;
      const otherLink = this.linkOf[other]!;
      if (otherLink < link || (otherLink === link && (rule === 'ordered' || other <= id))) break;
      at--;
    }
    if (rule === 'duplicating' && at > this.flight && next[at - 1] === id) return;
    if (this.nextLength === next.length) {
      throw new RangeError(`more than ${next.length - this.flight} messages in flight: bound the model by \`within\``);
    }
    next.copyWithin(at + 1, at, this.nextLength);
    next[at] = id;
    this.nextLength += 1;
  }

  // What actors do.

  private isUp(vector: Int32Array, actor: number): boolean {
    return this.locals[vector[actor]!]!.up;
  }

  /** Makes an actor's step part of `next`; false if that changes nothing. */
  private act(actor: number, { local, sends, notes }: LocalStep): boolean {
    const { next } = this;
    const changed = next[actor] !== local;
    next[actor] = local;
    for (const id of sends) this.insert(id);
    if (notes === 0 || this.model.observer === undefined) return changed || sends.length > 0;
    const before = next[this.observation]!;
    next[this.observation] = this.observe(before, notes);
    return changed || sends.length > 0 || next[this.observation] !== before;
  }

  /** What the actor in this local state does with an input: a kind of choice + 8 × message or timer slot. */
  private step(localId: number, actor: number, what: number): LocalStep {
    const known = this.steps[localId]!.get(what);
    if (known !== undefined) return known;
    const local = this.locals[localId]!;
    const { effects, input } = this;
    const state = copyPlain(local.state);
    effects.begin(actor, this.model.actors[actor]!, local.timers, local.fsyncs);
    input.from = actor;
    input.a = input.b = input.c = input.d = input.e = input.bytes = 0;
    let up = true;
    switch (what & 7) {
      case DELIVER:
        Object.assign(input, this.envelopes[what >>> 3]!);
        break;
      case FLUSH:
        input.kind = FLUSHED;
        [input.a, input.b] = local.fsyncs as [number, number];
        effects.fsyncs.splice(0, 2);
        break;
      case FIRE:
        input.kind = TIMER;
        input.a = what >>> 3;
        effects.timers &= ~(1 << input.a);
        break;
      case CRASH:
        input.kind = CRASHED;
        effects.timers = 0;
        effects.fsyncs.length = 0;
        up = false;
        break;
      case RESTART:
        input.kind = RESTARTED;
        break;
      default:
        input.kind = START;
    }
    this.kinds[actor]!.onInput(state, input, effects);
    const step: LocalStep = {
      local: this.localId(actor, { state, up, timers: effects.timers, fsyncs: [...effects.fsyncs] }),
      sends: effects.sends.map((envelope) => this.envelopeId(envelope)),
      notes: this.notesId(effects.notes),
    };
    this.steps[localId]!.set(what, step);
    return step;
  }

  private observe(observation: number, notes: number): number {
    const key = observation * 0x20_0000 + notes;
    const known = this.observationSteps.get(key);
    if (known !== undefined) return known;
    const state = copyPlain(this.observations[observation]);
    for (const { actor, kind, a, b, c, d } of this.notes[notes]!) {
      this.model.observer!.onNote(state, actor, kind, a, b, c, d);
    }
    const next = this.observationId(state);
    this.observationSteps.set(key, next);
    return next;
  }

  // Numbers for what is equal.

  private localId(actor: number, local: Local): number {
    const key = `${actor} ${local.up} ${local.timers} ${local.fsyncs.join()} ${plainKey(local.state)}`;
    let id = this.localIds.get(key);
    if (id === undefined) {
      id = this.locals.length;
      this.locals.push(local);
      this.steps.push(new Map());
      this.localIds.set(key, id);
    }
    return id;
  }

  private envelopeId(envelope: Envelope): number {
    const { from, to, kind, a, b, c, d, e, bytes } = envelope;
    const key = `${from} ${to} ${kind} ${a} ${b} ${c} ${d} ${e} ${bytes}`;
    const id = intern(key, envelope, this.envelopeIds, this.envelopes);
    this.linkOf[id] = from * this.actors + to;
    this.receiverOf[id] = to;
    return id;
  }

  private notesId(notes: readonly Note[]): number {
    if (notes.length === 0) return 0;
    return intern(plainKey(notes), notes, this.noteIds, this.notes);
  }

  private observationId(state: unknown): number {
    return intern(plainKey(state), state, this.observationIds, this.observations);
  }
}

function intern<Value>(key: string, value: Value, ids: Map<string, number>, values: Value[]): number {
  let id = ids.get(key);
  if (id === undefined) {
    id = values.length;
    values.push(value);
    ids.set(key, id);
  }
  return id;
}

/** Collects what an actor asks for. */
class Effects implements Out {
  /** Time is left out: stamps are all alike. */
  readonly nowUs = 0;
  timers = 0;
  fsyncs: number[] = [];
  sends: Envelope[] = [];
  notes: Note[] = [];
  private actor = 0;
  private name = '';
  private slots = 0;

  begin(actor: number, { name, timers = [] }: Model['actors'][number], running: number, fsyncs: readonly number[]): void {
    this.actor = actor;
    this.name = name;
    this.slots = timers.length;
    this.timers = running;
    this.fsyncs = [...fsyncs];
    this.sends = [];
    this.notes = [];
  }

  send(to: number, kind: number, a: number, b: number, c: number, d: number, e: number, bytes: number): void {
    this.sends.push({ from: this.actor, to, kind, a: a | 0, b: b | 0, c: c | 0, d: d | 0, e: e | 0, bytes: bytes | 0 });
  }

  startTimer(slot: number): void {
    if (slot >= this.slots) throw new RangeError(`${this.name} started timer ${slot}, and the model gives it ${this.slots}`);
    this.timers |= 1 << slot;
  }

  cancelTimer(slot: number): void {
    this.timers &= ~(1 << slot);
  }

  fsync(a: number, b: number): void {
    this.fsyncs.push(a | 0, b | 0);
  }

  note(kind: number, a: number, b: number, c: number, d: number): void {
    this.notes.push({ actor: this.actor, kind, a, b, c, d });
  }

  draw(): number {
    throw new Error(`${this.name} draws by chance, and an exploration has none: let a timer stand for each alternative`);
  }
}
