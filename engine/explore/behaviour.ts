/**
 * What the actors of a model do. An actor's answer to an input depends only on its local state: its plain state, whether
 * its process is up, running timers and fsyncs under way. So local states, messages and what the observer holds are
 * numbered, equal ones alike, and each (local state, input) is asked once and remembered.
 */

import { copyPlain, plainKey } from '../kernel/plain.ts';
import { CRASHED, FLUSHED, type Input, type Out, RESTARTED, START, TIMER } from '../kernel/protocol.ts';
import type { Envelope, Model, Renaming } from './model.ts';

/** Kinds of what an actor is given, which a message's number or a timer's slot is added to, times `CAUSES`. */
export const DELIVER = 0;
export const FLUSH = 1;
export const FIRE = 2;
export const CRASH = 3;
export const RESTART = 4;
export const BEGIN = 5;
export const CAUSES = 8;

/** Everything that belongs to one actor. */
export interface Local {
  readonly state: unknown;
  readonly up: boolean;
  /** One bit a running timer. */
  readonly timers: number;
  /** `a` and `b` of the fsyncs under way, the oldest first. */
  readonly fsyncs: readonly number[];
}

/** What an actor does with an input, in numbers. */
export interface LocalStep {
  readonly local: number;
  readonly sends: readonly number[];
  /** 0 is none. */
  readonly notes: number;
}

/** What is numbered and names actors. */
export type Part = 'locals' | 'envelopes' | 'observations';

interface Note {
  readonly actor: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

export class Behaviour {
  private readonly model: Model;
  private readonly locals = new Numbered<Local>();
  private readonly envelopes = new Numbered<Envelope>();
  private readonly notes = new Numbered<readonly Note[]>();
  private readonly observations = new Numbered<unknown>();
  /** Whose local states they are. */
  private readonly actorOf: number[] = [];
  private readonly steps: Map<number, LocalStep>[] = [];
  private readonly observationSteps = new Map<number, number>();
  private readonly effects = new Effects();
  private readonly input: Input = {
    kind: START,
    from: 0,
    a: 0,
    b: 0,
    c: 0,
    d: 0,
    e: 0,
    bytes: 0,
  };

  constructor(model: Model) {
    this.model = model;
    this.notes.add('', []);
  }

  local(id: number): Local {
    return this.locals.values[id]!;
  }

  envelope(id: number): Envelope {
    return this.envelopes.values[id]!;
  }

  observation(id: number): unknown {
    return this.observations.values[id];
  }

  /** The actor's local state before its START. */
  firstLocal(actor: number): number {
    const { state } = this.model.actors[actor]!;
    return this.localId(actor, {
      state: copyPlain(state),
      up: true,
      timers: 0,
      fsyncs: [],
    });
  }

  firstObservation(): number {
    return this.observationId(copyPlain(this.model.observer?.state ?? null));
  }

  /** What the actor in this local state does with what it is given. */
  step(localId: number, actor: number, cause: number): LocalStep {
    const known = this.steps[localId]!.get(cause);
    if (known !== undefined) return known;
    const local = this.local(localId);
    const { effects, input } = this;
    const state = copyPlain(local.state);
    effects.begin(actor, this.model.actors[actor]!, local.timers, local.fsyncs);
    effects.drawsZero = this.model.chance === 'zero';
    input.from = actor;
    input.a = input.b = input.c = input.d = input.e = input.bytes = 0;
    let up = true;
    switch (cause % CAUSES) {
      case DELIVER:
        Object.assign(input, this.envelope(Math.floor(cause / CAUSES)));
        break;
      case FLUSH:
        input.kind = FLUSHED;
        [input.a, input.b] = local.fsyncs as [number, number];
        effects.fsyncs.splice(0, 2);
        break;
      case FIRE:
        input.kind = TIMER;
        input.a = Math.floor(cause / CAUSES);
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
    this.model.actors[actor]!.kind.onInput(state, input, effects);
    const step: LocalStep = {
      local: this.localId(actor, {
        state,
        up,
        timers: effects.timers,
        fsyncs: [...effects.fsyncs],
      }),
      sends: effects.sends.map((envelope) => this.envelopeId(envelope)),
      notes: effects.notes.length === 0 ? 0 : this.notes.add(plainKey(effects.notes), effects.notes),
    };
    this.steps[localId]!.set(cause, step);
    return step;
  }

  /** What the observer holds once it has the notes. */
  observe(observation: number, notes: number): number {
    const key = observation * 0x20_0000 + notes;
    const known = this.observationSteps.get(key);
    if (known !== undefined) return known;
    const state = copyPlain(this.observation(observation));
    for (const { actor, kind, a, b, c, d } of this.notes.values[notes]!) {
      this.model.observer?.onNote(state, actor, kind, a, b, c, d);
    }
    const next = this.observationId(state);
    this.observationSteps.set(key, next);
    return next;
  }

  /** The number of the same where actors have changed places. */
  renamed(part: Part, id: number, to: Renaming): number {
    if (part === 'locals') return this.renamedLocal(id, to);
    return part === 'envelopes' ? this.renamedEnvelope(id, to) : this.renamedObservation(id, to);
  }

  private renamedLocal(id: number, to: Renaming): number {
    const { symmetry } = this.model;
    const { up, timers, fsyncs, state } = this.local(id);
    const renamed = copyPlain(state);
    const actor = this.actorOf[id]!;
    symmetry?.renameState?.(renamed, to, actor);
    const { renamedFsync } = symmetry ?? {};
    return this.localId(to[actor]!, {
      state: renamed,
      up,
      timers,
      fsyncs:
        renamedFsync === undefined
          ? fsyncs
          : fsyncs.map((word, at) => (at % 2 === 0 ? word : renamedFsync(word, to))),
    });
  }

  private renamedEnvelope(id: number, to: Renaming): number {
    const { from, to: receiver, ...words } = this.envelope(id);
    const message = { from: to[from]!, to: to[receiver]!, ...words };
    return this.envelopeId(this.model.symmetry?.renamedMessage?.(message, to) ?? message);
  }

  private renamedObservation(id: number, to: Renaming): number {
    const observed = copyPlain(this.observation(id));
    this.model.symmetry?.renameObserved?.(observed, to);
    return this.observationId(observed);
  }

  private localId(actor: number, local: Local): number {
    const key = `${actor} ${local.up} ${local.timers} ${local.fsyncs.join()} ${plainKey(local.state)}`;
    const id = this.locals.add(key, local);
    if (id === this.steps.length) {
      this.steps.push(new Map());
      this.actorOf.push(actor);
    }
    return id;
  }

  private envelopeId(envelope: Envelope): number {
    const { from, to, kind, a, b, c, d, e, bytes } = envelope;
    return this.envelopes.add(`${from} ${to} ${kind} ${a} ${b} ${c} ${d} ${e} ${bytes}`, envelope);
  }

  private observationId(state: unknown): number {
    return this.observations.add(plainKey(state), state);
  }
}

/** Values by number; equal keys have one. */
class Numbered<Value> {
  readonly values: Value[] = [];
  private readonly ids = new Map<string, number>();

  add(key: string, value: Value): number {
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.values.length;
      this.values.push(value);
      this.ids.set(key, id);
    }
    return id;
  }
}

/** Collects what an actor asks for. */
class Effects implements Out {
  /** Time is left out: stamps are all alike. */
  readonly nowUs = 0;
  timers = 0;
  fsyncs: number[] = [];
  sends: Envelope[] = [];
  notes: Note[] = [];
  drawsZero = false;
  private actor = 0;
  private name = '';
  private slots = 0;

  begin(
    actor: number,
    { name, timers = [] }: Model['actors'][number],
    running: number,
    fsyncs: readonly number[],
  ): void {
    this.actor = actor;
    this.name = name;
    this.slots = timers.length;
    this.timers = running;
    this.fsyncs = [...fsyncs];
    this.sends = [];
    this.notes = [];
  }

  send(to: number, kind: number, a: number, b: number, c: number, d: number, e: number, bytes: number): void {
    this.sends.push({
      from: this.actor,
      to,
      kind,
      a: a | 0,
      b: b | 0,
      c: c | 0,
      d: d | 0,
      e: e | 0,
      bytes: bytes | 0,
    });
  }

  startTimer(slot: number): void {
    if (slot >= this.slots)
      throw new RangeError(`${this.name} started timer ${slot}, and the model gives it ${this.slots}`);
    this.timers |= 1 << slot;
  }

  cancelTimer(slot: number): void {
    this.timers &= ~(1 << slot);
  }

  fsync(a: number, b: number): void {
    this.fsyncs.push(a | 0, b | 0);
  }

  /** Nothing is long ago. */
  elapsedUs(): number {
    return 0;
  }

  clockUs(): number {
    return 0;
  }

  occupy(): number {
    return 0;
  }

  powerOff(actor: number): void {
    throw new Error(
      `${this.name} cuts the power of actor ${actor}, and an exploration has no fencing device`,
    );
  }

  note(kind: number, a: number, b: number, c: number, d: number): void {
    this.notes.push({ actor: this.actor, kind, a, b, c, d });
  }

  draw(): number {
    if (this.drawsZero) return 0;
    throw new Error(
      `${this.name} draws by chance, and an exploration has none: let a timer stand for each alternative`,
    );
  }
}
