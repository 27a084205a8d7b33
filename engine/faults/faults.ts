/**
 * Faults: when each is possible, and what it does to a machine or a link. A fault that lasts (`forMs`) ends by itself.
 * A fault that is not possible when its time comes (a crash of what is down) does nothing.
 */

import { DOWN, type Loop, PAUSED, UP } from '../kernel/loop.ts';
import type { Network } from '../kernel/network.ts';
import { managerName, type Scenario, toUs } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';

/** What faults act upon. Actors are replicas first, then the manager, then client groups. */
export interface FaultTarget {
  readonly loop: Loop;
  readonly network: Network;
  readonly names: readonly string[];
  readonly regions: readonly string[];
}

export function actorNames(scenario: Scenario): { names: string[]; regions: string[] } {
  const { nodes, workload, topology } = scenario;
  return {
    names: [...nodes.map(({ id }) => id), managerName, ...workload.clients.map(({ id }) => id)],
    regions: [...nodes.map(({ region }) => region), topology.managerRegion, ...workload.clients.map(({ region }) => region)],
  };
}

/** Why a fault cannot happen now, in words; null where it can. */
export function whyNot(fault: FaultDocument, target: FaultTarget): string | null {
  const { loop, network } = target;
  switch (fault.type) {
    case 'crash':
      return loop.process(indexOf(target, fault.node)) === DOWN ? `${fault.node} is down already` : null;
    case 'restart':
      return loop.process(indexOf(target, fault.node)) === DOWN ? null : `${fault.node} is not down`;
    case 'pause':
      return loop.process(indexOf(target, fault.node)) === UP ? null : `${fault.node} is not running`;
    case 'resume':
      return loop.process(indexOf(target, fault.node)) === PAUSED ? null : `${fault.node} is not paused`;
    case 'cut':
      return links(fault, target).length === 0 ? 'there is no link between them' : null;
    case 'heal':
      return links(fault, target).some(([from, to]) => network.isCut(from, to)) ? null : 'no link there is cut';
    case 'slow-link':
    case 'lossy-link':
      return links(fault, target).length === 0 ? 'there is no link between them' : null;
    case 'slow-disk':
    case 'clock-skew':
      return null;
  }
}

/** Makes the fault happen now. Its begin and its end are inputs of the run, absorbed into the digest. */
export function begin(fault: FaultDocument, target: FaultTarget): void {
  const { loop, network } = target;
  absorb(fault, target, 0);
  if (whyNot(fault, target) !== null) return;
  switch (fault.type) {
    case 'crash':
      loop.crash(indexOf(target, fault.node));
      return;
    case 'restart':
      loop.restart(indexOf(target, fault.node));
      return;
    case 'pause':
      loop.pause(indexOf(target, fault.node));
      return;
    case 'resume':
      loop.resume(indexOf(target, fault.node));
      return;
    case 'cut':
      for (const [from, to] of links(fault, target)) network.cut(from, to);
      return;
    case 'heal':
      for (const [from, to] of links(fault, target)) network.heal(from, to, true);
      return;
    case 'slow-link':
      for (const [from, to] of links(fault, target)) network.slow(from, to, toUs(fault.extraMs));
      return;
    case 'lossy-link':
      for (const [from, to] of links(fault, target)) network.degrade(from, to, fault.loss, fault.duplication);
      return;
    case 'slow-disk':
      loop.slowDisk(indexOf(target, fault.node), toUs(fault.extraMs));
      return;
    case 'clock-skew':
      loop.setClock(indexOf(target, fault.node), toUs(fault.skewMs), fault.driftPpm);
  }
}

/** Ends a fault that lasts, once its time is over. */
export function end(fault: FaultDocument, target: FaultTarget): void {
  const { loop, network } = target;
  absorb(fault, target, 1);
  switch (fault.type) {
    case 'crash':
      if (loop.process(indexOf(target, fault.node)) === DOWN) loop.restart(indexOf(target, fault.node));
      return;
    case 'pause':
      if (loop.process(indexOf(target, fault.node)) === PAUSED) loop.resume(indexOf(target, fault.node));
      return;
    case 'cut':
      for (const [from, to] of links(fault, target)) network.heal(from, to, false);
      return;
    case 'slow-link':
      for (const [from, to] of links(fault, target)) network.slow(from, to, 0);
      return;
    case 'lossy-link':
      for (const [from, to] of links(fault, target)) network.degrade(from, to, undefined, undefined);
      return;
    case 'slow-disk':
      loop.slowDisk(indexOf(target, fault.node), 0);
      return;
    default:
      throw new Error(`a fault of type ${fault.type} has no end`);
  }
}

/** Schedules a fault, and its end if it has one. */
export function schedule(fault: FaultDocument, target: FaultTarget, told: (ended: boolean) => void): void {
  const atUs = toUs(fault.atMs);
  target.loop.interrupt({
    atUs,
    isInput: true,
    run: () => {
      told(false);
      begin(fault, target);
    },
  });
  if (!('forMs' in fault) || fault.forMs === undefined) return;
  target.loop.interrupt({
    atUs: atUs + toUs(fault.forMs),
    isInput: true,
    run: () => {
      told(true);
      end(fault, target);
    },
  });
}

/** The cluster is made whole for the drain: links heal, paused processes go on; the dead stay dead. */
export function healAll({ loop, network, names }: FaultTarget): void {
  network.mend();
  for (let actor = 0; actor < names.length; actor++) {
    loop.slowDisk(actor, 0);
    if (loop.process(actor) === PAUSED) loop.resume(actor);
  }
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

/** Actors of these names; a region's name stands for all that is in it. */
function actorsNamed(ends: readonly string[], target: FaultTarget): number[] {
  return target.names.flatMap((name, index) =>
    ends.includes(name) || ends.includes(target.regions[index]!) ? [index] : [],
  );
}

function indexOf(target: FaultTarget, name: string): number {
  return target.names.indexOf(name);
}

function absorb(fault: FaultDocument, target: FaultTarget, phase: number): void {
  let hash = phase;
  const text = JSON.stringify(fault, Object.keys(fault).sort());
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  target.loop.absorbInterruption(hash, text.length, phase);
}
