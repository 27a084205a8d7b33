/**
 * The choice-ordered scheduler: the states of a model and what may happen next in each.
 *
 * A state is a vector of small integers. Whatever belongs to one actor (its plain state, whether its process is up,
 * running timers, fsyncs under way) is one interned number, and so are a message and what the observer holds. What an
 * actor does with an input depends on nothing else, so it is asked once for each (local state, input) and remembered.
 */

import {
  BEGIN,
  Behaviour,
  CAUSES,
  CRASH,
  DELIVER,
  FIRE,
  FLUSH,
  type LocalStep,
  RESTART,
} from './behaviour.ts';
import type { Choice, LinkRule, Model, StateView } from './model.ts';
import { Renamings } from './symmetry.ts';

/**
 * A choice in a state as an integer: its kind + CAUSES × where it is, a place in the vector, an actor or an actor's timer.
 * Its kind is that of what an actor is given, or one of these.
 */
const MISS = 6;
const LOSE = 7;
const timersMax = 31;

export class StateSpace {
  private readonly model: Model;
  private readonly actors: number;
  private readonly rules: readonly LinkRule[];
  private readonly crashesMax: number;
  private readonly lossesMax: number;
  private readonly restarts: boolean;

  private readonly behaviour: Behaviour;
  /** A message's link, from × actors + to, its sender and its receiver. */
  private readonly linkOf: number[] = [];
  private readonly senderOf: number[] = [];
  private readonly receiverOf: number[] = [];

  // Where things stand in a vector: the actors' local states, and then these.
  private readonly observation: number;
  private readonly crashes: number;
  private readonly losses: number;
  /** Messages in flight, by link; on an ordered link in the order they were sent, else by number. */
  private readonly flight: number;

  /** The state reached by the choice last taken. */
  readonly next = new Int32Array(1 << 14);
  private nextLength = 0;

  private viewed: Int32Array = new Int32Array(0);
  private viewedLength = 0;
  private readonly view: StateView = {
    stateOf: (actor) => this.behaviour.local(this.viewed[actor]!).state,
    isUp: (actor) => this.behaviour.local(this.viewed[actor]!).up,
    observed: () => this.behaviour.observation(this.viewed[this.observation]!),
    messages: () =>
      Array.from(this.viewed.subarray(this.flight, this.viewedLength), (id) => this.behaviour.envelope(id)),
  };

  constructor(model: Model) {
    const { actors, links } = model;
    this.model = model;
    this.actors = actors.length;
    this.behaviour = new Behaviour(model);
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
    for (let actor = 0; actor < this.actors; actor++) next[actor] = this.behaviour.firstLocal(actor);
    next[this.observation] = this.behaviour.firstObservation();
    next[this.crashes] = 0;
    next[this.losses] = 0;
    this.nextLength = this.flight;
    for (let actor = 0; actor < this.actors; actor++)
      this.act(actor, this.behaviour.step(next[actor]!, actor, BEGIN));
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
      if (!this.take(vector, length, choice + CAUSES * at)) continue;
      if (choice === DELIVER) quiet = false;
      if (!visit(choice + CAUSES * at, this.nextLength)) return;
    }
    for (let actor = 0; actor < this.actors; actor++) {
      if (this.behaviour.local(vector[actor]!).fsyncs.length === 0) continue;
      quiet = false;
      this.take(vector, length, FLUSH + CAUSES * actor);
      if (!visit(FLUSH + CAUSES * actor, this.nextLength)) return;
    }
    for (let actor = 0; actor < this.actors; actor++) {
      const running = this.behaviour.local(vector[actor]!).timers;
      if (running === 0) continue;
      const timers = this.model.actors[actor]!.timers!;
      for (let slot = 0; slot < timers.length; slot++) {
        if ((running & (1 << slot)) === 0) continue;
        const { fires } = timers[slot]!;
        if (fires === 'never' || (fires === 'when quiet' && !quiet)) continue;
        const choice = FIRE + CAUSES * (actor * timersMax + slot);
        this.take(vector, length, choice);
        if (!visit(choice, this.nextLength)) return;
      }
    }
    for (let actor = 0; actor < this.actors; actor++) {
      if (!this.model.actors[actor]!.canCrash) continue;
      const up = this.isUp(vector, actor);
      if (up ? vector[this.crashes]! >= this.crashesMax : !this.restarts) continue;
      const choice = (up ? CRASH : RESTART) + CAUSES * actor;
      this.take(vector, length, choice);
      if (!visit(choice, this.nextLength)) return;
    }
    if (vector[this.losses]! >= this.lossesMax) return;
    for (let at = this.flight; at < length; at++) {
      if (this.ruleOf(vector[at]!) === 'duplicating' || !this.isDeliverable(vector, at)) continue;
      this.take(vector, length, LOSE + CAUSES * at);
      if (!visit(LOSE + CAUSES * at, this.nextLength)) return;
    }
  }

  /** Puts into `next` what the choice makes of the state; false if it changes nothing. */
  take(vector: Int32Array, length: number, choice: number): boolean {
    const { next } = this;
    const where = Math.floor(choice / CAUSES);
    switch (choice % CAUSES) {
      case DELIVER: {
        const id = vector[where]!;
        const rule = this.ruleOf(id);
        const to = this.receiverOf[id]!;
        const step = this.behaviour.step(vector[to]!, to, DELIVER + CAUSES * id);
        const changes = step.local !== vector[to] || step.sends.length > 0 || step.notes !== 0;
        const stutters = !changes && this.stutters(vector[to]!, id);
        if (!changes && !stutters && rule !== 'ordered') return false;
        this.copyWithout(vector, length, rule === 'duplicating' || stutters ? length : where);
        return this.act(to, step) || stutters || rule === 'ordered';
      }
      case MISS:
        if (this.ruleOf(vector[where]!) === 'duplicating') return false;
        this.copyWithout(vector, length, where);
        return true;
      case LOSE:
        this.copyWithout(vector, length, where);
        next[this.losses]! += 1;
        return true;
    }
    this.copyWithout(vector, length, length);
    switch (choice % CAUSES) {
      case FIRE: {
        const actor = Math.floor(where / timersMax);
        return this.act(
          actor,
          this.behaviour.step(vector[actor]!, actor, FIRE + CAUSES * (where % timersMax)),
        );
      }
      case CRASH:
        next[this.crashes]! += 1;
        this.act(where, this.behaviour.step(vector[where]!, where, CRASH));
        // The machine dies, and with it what it sent that has not arrived. What comes for a process that never returns finds
        // nobody: better it is gone at once.
        this.removeMessages(
          (id) => this.senderOf[id] === where || (!this.restarts && this.receiverOf[id] === where),
        );
        return true;
      default:
        return this.act(where, this.behaviour.step(vector[where]!, where, choice % CAUSES));
    }
  }

  /** The typed form of a choice of this state. */
  choiceOf(vector: Int32Array, choice: number): Choice {
    const where = Math.floor(choice / CAUSES);
    switch (choice % CAUSES) {
      case DELIVER:
        return {
          type: 'deliver',
          message: this.behaviour.envelope(vector[where]!),
        };
      case MISS:
        return {
          type: 'miss',
          message: this.behaviour.envelope(vector[where]!),
        };
      case LOSE:
        return {
          type: 'lose',
          message: this.behaviour.envelope(vector[where]!),
        };
      case FLUSH: {
        const [a, b] = this.behaviour.local(vector[where]!).fsyncs;
        return { type: 'flush', actor: where, a: a!, b: b! };
      }
      case FIRE:
        return {
          type: 'fire',
          actor: Math.floor(where / timersMax),
          slot: where % timersMax,
        };
      case CRASH:
        return { type: 'crash', actor: where };
      default:
        return { type: 'restart', actor: where };
    }
  }

  /** The renamings of the model's interchangeable actors. */
  renamings(): Renamings {
    const { model, behaviour, observation, flight, next } = this;
    if (model.symmetry === undefined)
      throw new RangeError('the model has no symmetry: none of its actors are interchangeable');
    const linkOf = (envelope: number) => this.linkOfMessage(envelope);
    const isOrdered = (link: number) => this.rules[link] === 'ordered';
    return new Renamings(
      model,
      model.symmetry,
      { behaviour, observation, flight, linkOf, isOrdered },
      next.length,
    );
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
        moved = choice % CAUSES === DELIVER || choice % CAUSES === FLUSH;
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

  private stutters(local: number, message: number): boolean {
    const { stutters } = this.model;
    return stutters?.(this.behaviour.local(local).state, this.behaviour.envelope(message)) ?? false;
  }

  /** Puts a state into `next`, but for what stands at one place. These vectors are short: loops beat copying by the engine. */
  private copyWithout(vector: Int32Array, length: number, at: number): void {
    const { next } = this;
    for (let word = 0; word < at; word++) next[word] = vector[word]!;
    for (let word = at + 1; word < length; word++) next[word - 1] = vector[word]!;
    this.nextLength = at < length ? length - 1 : length;
  }

  private linkOfMessage(id: number): number {
    if (this.linkOf[id] === undefined) {
      const { from, to } = this.behaviour.envelope(id);
      this.linkOf[id] = from * this.actors + to;
      this.senderOf[id] = from;
      this.receiverOf[id] = to;
    }
    return this.linkOf[id]!;
  }

  private removeMessages(isGone: (id: number) => boolean): void {
    let kept = this.flight;
    for (let at = this.flight; at < this.nextLength; at++) {
      if (!isGone(this.next[at]!)) this.next[kept++] = this.next[at]!;
    }
    this.nextLength = kept;
  }

  private insert(id: number): void {
    const { next } = this;
    const link = this.linkOfMessage(id);
    if (!this.restarts && !this.isUp(next, this.receiverOf[id]!)) return;
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
      throw new RangeError(
        `more than ${next.length - this.flight} messages in flight: bound the model by \`within\``,
      );
    }
    for (let word = this.nextLength; word > at; word--) next[word] = next[word - 1]!;
    next[at] = id;
    this.nextLength += 1;
  }

  // What actors do.

  private isUp(vector: Int32Array, actor: number): boolean {
    return this.behaviour.local(vector[actor]!).up;
  }

  /** Makes an actor's step part of `next`; false if that changes nothing. */
  private act(actor: number, { local, sends, notes }: LocalStep): boolean {
    const { next } = this;
    const changed = next[actor] !== local;
    next[actor] = local;
    for (const id of sends) this.insert(id);
    if (notes === 0 || this.model.observer === undefined) return changed || sends.length > 0;
    const before = next[this.observation]!;
    next[this.observation] = this.behaviour.observe(before, notes);
    return changed || sends.length > 0 || next[this.observation] !== before;
  }
}
