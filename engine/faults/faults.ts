/**
 * Faults: when each is possible, and what it does to a machine or a link. A fault that lasts (`forMs`) ends by itself.
 * A fault that is not possible when its time comes (a crash of what is down) does nothing.
 */

import { DOWN, FAULT, type Loop, PAUSED, UP } from '../kernel/loop.ts';
import type { Network } from '../kernel/network.ts';
import { toUs } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';
import type { Actors } from '../topologies/cells.ts';

/** What faults act upon. */
export interface FaultTarget extends Actors {
  readonly loop: Loop;
  readonly network: Network;
  readonly inForce: InForce;
  /** What an operator's fault asks of whom, or in words why it cannot happen now. */
  readonly operation: (fault: OperatorFault, ended: boolean) => Operation | string;
}

/** A fault that acts on a node's software. */
export type OperatorFault = Extract<
  FaultDocument,
  { type: 'promote' | 'cancel-waits' | 'huge-transaction' | 'long-query' | 'change-schema' }
>;

/** An operator's act: whose machine, and what is done there, as `Loop.operate` takes it. */
export interface Operation {
  readonly actor: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/**
 * Which fault a machine or link owes its present state to. A fault that lasts ends only what is still its own doing: a
 * node crashed at 1 s for 9 s, started again by hand and crashed anew at 5 s stays down at 10 s.
 */
export interface InForce {
  /** By what is set, `disk a` or `delay 3→4`: the fault that set it last. */
  readonly setBy: Map<string, FaultDocument>;
  /** The links each cut still holds, from × actors + to. */
  readonly cutBy: Map<FaultDocument, Set<number>>;
}

export function nothingInForce(): InForce {
  return { setBy: new Map(), cutBy: new Map() };
}

/** Why a fault cannot happen now, in words; null where it can. */
export function whyNot(fault: FaultDocument, target: FaultTarget): string | null {
  const { loop, network } = target;
  switch (fault.type) {
    case 'crash':
      return loop.process(indexOf(target, fault.node)) === DOWN ? `${fault.node} is down already` : null;
    case 'restart':
      if (loop.isPoweredOff(indexOf(target, fault.node))) return `the power of ${fault.node} is cut`;
      return loop.process(indexOf(target, fault.node)) === DOWN ? null : `${fault.node} is not down`;
    case 'pause':
      return loop.process(indexOf(target, fault.node)) === UP ? null : `${fault.node} is not running`;
    case 'resume':
      return loop.process(indexOf(target, fault.node)) === PAUSED ? null : `${fault.node} is not paused`;
    case 'cut':
      return links(fault, target).length === 0 ? 'there is no link between them' : null;
    case 'heal':
      return links(fault, target).some(([from, to]) => network.isCut(from, to))
        ? null
        : 'no link there is cut';
    case 'slow-link':
    case 'lossy-link':
      return links(fault, target).length === 0 ? 'there is no link between them' : null;
    case 'slow-disk':
    case 'clock-skew':
      return null;
    case 'promote':
    case 'cancel-waits':
    case 'huge-transaction':
    case 'long-query':
    case 'change-schema': {
      const operation = target.operation(fault, false);
      if (typeof operation === 'string') return operation;
      return loop.process(operation.actor) === UP ? null : `${target.names[operation.actor]!} is not running`;
    }
  }
}

/** Makes the fault happen now. Its begin and its end are inputs of the run, absorbed into the digest. */
function begin(fault: FaultDocument, target: FaultTarget): void {
  const { loop, network } = target;
  const { setBy, cutBy } = target.inForce;
  absorb(fault, target, 0);
  if (whyNot(fault, target) !== null) return;
  if (isOperators(fault)) {
    const { actor, a, b, c, d } = target.operation(fault, false) as Operation;
    loop.operate(actor, a, b, c, d);
    return;
  }
  if ('node' in fault) {
    setBy.set(machineKey(fault), fault);
    const node = indexOf(target, fault.node);
    switch (fault.type) {
      case 'crash':
        loop.crash(node, fault.loses !== 'memory');
        break;
      case 'restart':
        loop.restart(node);
        break;
      case 'pause':
        loop.pause(node);
        break;
      case 'resume':
        loop.resume(node);
        break;
      case 'slow-disk':
        loop.slowDisk(node, toUs(fault.extraMs));
        break;
      case 'clock-skew':
        loop.setClock(node, toUs(fault.skewMs), fault.driftPpm);
        break;
    }
    return;
  }
  const pairs = links(fault, target);
  if (fault.type === 'cut')
    cutBy.set(fault, new Set(pairs.map(([from, to]) => linkNumber(target, from, to))));
  for (const [from, to] of pairs) {
    switch (fault.type) {
      case 'cut':
        network.cut(from, to);
        break;
      case 'heal':
        for (const cut of cutBy.values()) cut.delete(linkNumber(target, from, to));
        network.heal(from, to, true);
        break;
      case 'slow-link':
        setBy.set(linkKey(fault, from, to), fault);
        network.slow(from, to, toUs(fault.extraMs));
        break;
      case 'lossy-link':
        setBy.set(linkKey(fault, from, to), fault);
        network.degrade(from, to, fault.loss, fault.duplication);
    }
  }
}

/** Ends a fault that lasts, once its time is over, where it is still in force. */
function end(fault: FaultDocument, target: FaultTarget): void {
  const { loop, network } = target;
  const { setBy, cutBy } = target.inForce;
  absorb(fault, target, 1);
  if (isOperators(fault)) {
    const operation = target.operation(fault, true);
    if (typeof operation === 'string' || loop.process(operation.actor) !== UP) return;
    loop.operate(operation.actor, operation.a, operation.b, operation.c, operation.d);
    return;
  }
  if ('node' in fault) {
    if (setBy.get(machineKey(fault)) !== fault) return;
    setBy.delete(machineKey(fault));
    const node = indexOf(target, fault.node);
    if (fault.type === 'crash') loop.restart(node);
    else if (fault.type === 'pause') loop.resume(node);
    else loop.slowDisk(node, 0);
    return;
  }
  for (const [from, to] of links(fault, target)) {
    if (fault.type === 'cut') {
      if (cutBy.get(fault)?.delete(linkNumber(target, from, to))) network.heal(from, to, false);
    } else if (setBy.get(linkKey(fault, from, to)) === fault) {
      setBy.delete(linkKey(fault, from, to));
      if (fault.type === 'slow-link') network.slow(from, to, 0);
      else network.degrade(from, to, undefined, undefined);
    }
  }
  cutBy.delete(fault);
}

type MachineFault = Exclude<Extract<FaultDocument, { node: string }>, OperatorFault>;

/** What a fault sets of a machine. A crash, a pause and what ends them are about one thing, the process. */
function machineKey({ type, node }: MachineFault): string {
  if (type === 'slow-disk' || type === 'clock-skew') return `${type} ${node}`;
  return `process ${node}`;
}

function linkKey({ type }: LinkFault, from: number, to: number): string {
  return `${type} ${from}→${to}`;
}

function linkNumber({ names }: FaultTarget, from: number, to: number): number {
  return from * names.length + to;
}

/** Schedules a fault, and its end if it has one. */
export function schedule(given: FaultDocument, target: FaultTarget, told: (ended: boolean) => void): void {
  // An object of its own: what is in force is told apart by identity, and a file may repeat one.
  const fault = { ...given };
  const atUs = toUs(fault.atMs);
  target.loop.interrupt({
    atUs,
    rank: FAULT,
    run: () => {
      told(false);
      begin(fault, target);
    },
  });
  if (!('forMs' in fault) || fault.forMs === undefined) return;
  target.loop.interrupt({
    atUs: atUs + toUs(fault.forMs),
    rank: FAULT,
    run: () => {
      told(true);
      end(fault, target);
    },
  });
}

/** The cluster is made whole for the drain: links heal, paused processes go on; the dead stay dead. */
export function healAll({ loop, network, names, inForce }: FaultTarget): void {
  network.mend();
  inForce.cutBy.clear();
  for (const [key, fault] of inForce.setBy) if (fault.type !== 'crash') inForce.setBy.delete(key);
  for (let actor = 0; actor < names.length; actor++) {
    loop.slowDisk(actor, 0);
    if (loop.process(actor) === PAUSED) loop.resume(actor);
  }
}

const operatorFaults: ReadonlySet<FaultDocument['type']> = new Set([
  'promote',
  'cancel-waits',
  'huge-transaction',
  'long-query',
  'change-schema',
] as const satisfies OperatorFault['type'][]);

function isOperators(fault: FaultDocument): fault is OperatorFault {
  return operatorFaults.has(fault.type);
}

type LinkFault = Extract<FaultDocument, { type: 'cut' | 'heal' | 'slow-link' | 'lossy-link' }>;

/** The directed links a fault is about. */
function links(fault: LinkFault, target: FaultTarget): [number, number][] {
  const everybody = target.names.map((_, index) => index);
  const from = fault.from === undefined ? everybody : actorsNamed(fault.from, target);
  const to = fault.to === undefined ? everybody : actorsNamed(fault.to, target);
  const seen = new Set<number>();
  const pairs: [number, number][] = [];
  const add = (a: number, b: number) => {
    const pair = a * everybody.length + b;
    if (a === b || seen.has(pair)) return;
    seen.add(pair);
    pairs.push([a, b]);
  };
  for (const a of from) {
    for (const b of to) {
      add(a, b);
      if (!('oneWay' in fault && fault.oneWay)) add(b, a);
    }
  }
  return pairs;
}

/** Actors of these names; a node's or a region's name stands for all that is in it. */
function actorsNamed(ends: readonly string[], target: FaultTarget): number[] {
  return target.names.flatMap((name, index) =>
    ends.includes(name) || ends.includes(target.places[index]!) || ends.includes(target.regions[index]!)
      ? [index]
      : [],
  );
}

/** The machine of a node, by any actor on it. */
function indexOf(target: FaultTarget, node: string): number {
  return target.places.indexOf(node);
}

function absorb(fault: FaultDocument, target: FaultTarget, phase: number): void {
  let hash = phase;
  const inOrder: Record<string, unknown> = {};
  for (const key of Object.keys(fault).sort()) inOrder[key] = fault[key as keyof FaultDocument];
  const text = JSON.stringify(inOrder);
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  target.loop.absorbInterruption(hash, text.length, phase);
}
