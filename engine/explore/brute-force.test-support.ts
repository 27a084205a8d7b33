/**
 * An exploration as plain as can be, to hold the real one against: whole states are copied and written out as text,
 * nothing is interned or remembered. Written from what `model.ts` says.
 */
import { copyPlain, plainKey } from '../kernel/plain.ts';
import { CRASHED, FLUSHED, type Input, type Out, RESTARTED, START, TIMER } from '../kernel/protocol.ts';
import type { Envelope, Model, StateView } from './model.ts';

interface Whole {
  readonly actors: { state: unknown; up: boolean; timers: number[]; fsyncs: [number, number][] }[];
  /** By link, from × actors + to. */
  readonly flight: Envelope[][];
  observed: unknown;
  crashes: number;
  losses: number;
}

export function bruteForce(model: Model, depth: number): { unique: number; generated: number } {
  const first = begin(model);
  const seen = new Set([plainKey(first)]);
  let level = [first];
  let generated = 1;
  for (let steps = 0; steps < depth; steps++) {
    const next: Whole[] = [];
    for (const whole of level) {
      for (const successor of successors(model, whole)) {
        if (model.within !== undefined && !model.within(viewOf(successor))) continue;
        generated++;
        const key = plainKey(successor);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(successor);
      }
    }
    level = next;
  }
  return { unique: seen.size, generated };
}

function begin(model: Model): Whole {
  const count = model.actors.length;
  const whole: Whole = {
    actors: model.actors.map(({ state }) => ({ state: copyPlain(state), up: true, timers: [], fsyncs: [] })),
    flight: Array.from({ length: count * count }, () => []),
    observed: copyPlain(model.observer?.state ?? null),
    crashes: 0,
    losses: 0,
  };
  for (let actor = 0; actor < count; actor++) give(model, whole, actor, { kind: START });
  while (model.settled) {
    const [link] = arrivals(model, whole);
    const actor = whole.actors.findIndex(({ fsyncs }) => fsyncs.length > 0);
    if (link !== undefined) deliver(model, whole, ...link);
    else if (actor >= 0) flush(model, whole, actor);
    else break;
  }
  return whole;
}

/** Links and places of the messages that may arrive next. */
function arrivals(model: Model, { flight }: Whole): [number, number][] {
  const count = model.actors.length;
  return flight.flatMap((messages, link) => {
    const rule = model.links?.(Math.floor(link / count), link % count) ?? 'ordered';
    if (rule === 'ordered') return messages.slice(0, 1).map((): [number, number] => [link, 0]);
    const keys = messages.map(plainKey);
    return keys.flatMap((key, at): [number, number][] => (keys.indexOf(key) === at ? [[link, at]] : []));
  });
}

function* successors(model: Model, whole: Whole): Iterable<Whole> {
  const count = model.actors.length;
  const isOrdered = (link: number) =>
    (model.links?.(Math.floor(link / count), link % count) ?? 'ordered') === 'ordered';
  let quiet = true;
  for (const [link, at] of arrivals(model, whole)) {
    const next = copyPlain(whole);
    const up = whole.actors[link % count]!.up;
    if (up) {
      deliver(model, next, link, at);
      const untouched = copyPlain(whole);
      untouched.flight[link]!.splice(at, 1);
      if (!isOrdered(link) && plainKey(untouched) === plainKey(next)) continue;
      quiet = false;
    } else next.flight[link]!.splice(at, 1);
    yield next;
  }
  for (const [actor, { fsyncs }] of whole.actors.entries()) {
    if (fsyncs.length === 0) continue;
    quiet = false;
    const next = copyPlain(whole);
    flush(model, next, actor);
    yield next;
  }
  for (const [actor, { timers }] of whole.actors.entries()) {
    for (const slot of timers) {
      const { fires } = model.actors[actor]!.timers![slot]!;
      if (fires === 'never' || (fires === 'when quiet' && !quiet)) continue;
      const next = copyPlain(whole);
      next.actors[actor]!.timers = timers.filter((other) => other !== slot);
      give(model, next, actor, { kind: TIMER, a: slot });
      yield next;
    }
  }
  for (const [actor, { up }] of whole.actors.entries()) {
    if (!model.actors[actor]!.canCrash) continue;
    const next = copyPlain(whole);
    const node = next.actors[actor]!;
    if (up && whole.crashes < (model.crashes ?? 0)) {
      next.crashes++;
      Object.assign(node, { up: false, timers: [], fsyncs: [] });
      give(model, next, actor, { kind: CRASHED });
      // The machine takes with it what it sent that has not arrived.
      next.flight.forEach((messages, link) => {
        if (Math.floor(link / count) === actor) messages.length = 0;
      });
      bury(model, next);
      yield next;
    } else if (!up && model.restarts) {
      node.up = true;
      give(model, next, actor, { kind: RESTARTED });
      yield next;
    }
  }
  if (whole.losses >= (model.losses ?? 0)) return;
  for (const [link, at] of arrivals(model, whole)) {
    const next = copyPlain(whole);
    next.flight[link]!.splice(at, 1);
    next.losses++;
    yield next;
  }
}

function deliver(model: Model, whole: Whole, link: number, at: number): void {
  const [message] = whole.flight[link]!.splice(at, 1);
  give(model, whole, message!.to, message!);
}

function flush(model: Model, whole: Whole, actor: number): void {
  const [a, b] = whole.actors[actor]!.fsyncs.shift()!;
  give(model, whole, actor, { kind: FLUSHED, a, b });
}

/** Nothing can come of messages to those who never come back. */
function bury(model: Model, whole: Whole): void {
  if (model.restarts) return;
  for (const [link, messages] of whole.flight.entries()) {
    if (!whole.actors[link % whole.actors.length]!.up) messages.length = 0;
  }
}

function give(model: Model, whole: Whole, actor: number, what: Partial<Input>): void {
  const node = whole.actors[actor]!;
  const count = model.actors.length;
  const out: Out = {
    nowUs: 0,
    elapsedUs: () => 0,
    clockUs: () => 0,
    powerOff() {},
    send(to, kind, a, b, c, d, e, bytes) {
      const messages = whole.flight[actor * count + to]!;
      messages.push({ from: actor, to, kind, a, b, c, d, e, bytes });
      // Where order does not matter, equal sets must be equal text.
      if (model.links?.(actor, to) === 'unordered')
        messages.sort((one, other) => (plainKey(one) < plainKey(other) ? -1 : 1));
    },
    startTimer(slot) {
      node.timers = [...new Set([...node.timers, slot])].sort((one, other) => one - other);
    },
    occupy: () => 0,
    cancelTimer(slot) {
      node.timers = node.timers.filter((other) => other !== slot);
    },
    fsync: (a, b) => void node.fsyncs.push([a, b]),
    note: (kind, a, b, c, d) => model.observer?.onNote(whole.observed, actor, kind, a, b, c, d),
    draw: () => 0,
  };
  const input: Input = { kind: START, from: actor, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0, ...what };
  model.actors[actor]!.kind.onInput(node.state, input, out);
  bury(model, whole);
}

function viewOf({ actors, flight, observed }: Whole): StateView {
  return {
    stateOf: (actor) => actors[actor]!.state,
    isUp: (actor) => actors[actor]!.up,
    observed: () => observed,
    messages: () => flight.flat(),
  };
}
