/** How a schedule that led somewhere new is changed, to go further from there. */

import type { Stream } from '../kernel/random.ts';
import type { TraceEntry } from '../observe/trace.ts';
import {
  type Drawable,
  type FaultNumbers,
  lengthsMost,
  type ScheduleNumbers,
  seedMost,
  shapeMost,
  sizesMost,
  spreadsMost,
  tickMs,
  whoMost,
} from './schedules.ts';

/** Something that happened in a run, before or after which a fault may make a difference. */
interface Moment {
  readonly tick: number;
  /** Index of the node it happened at; −1 where it was at none. */
  readonly node: number;
}

/**
 * Gathers what was noted in one run: moments, by kind of entry at most so many, so that what is rare is not drowned; and
 * features: two notes in a row, and what became of three leaders in a row.
 */
export class Noted {
  readonly features = new Set<string>();
  private readonly byKind = new Map<string, { all: number; kept: Moment[] }>();
  private readonly drawable: Drawable;
  private lastWhat = '';
  private lastNode = -1;
  private committedLsn = 0;
  /** Nodes by when they first led, the last of all that led, and through which record its log was there before. */
  private readonly led: number[] = [];
  private leader = -1;
  private ledFromLsn = 0;
  /** Of each leader in turn: who it is, how much it has that nobody knows to be committed, and what it has committed itself. */
  private readonly leaderships: string[] = [];

  constructor(drawable: Drawable) {
    this.drawable = drawable;
  }

  /** To be given as a run's observer. */
  readonly observe = (entry: TraceEntry): void => {
    if (entry.type === 'began' || entry.type === 'ended') return;
    const name = 'node' in entry ? entry.node : 'from' in entry ? entry.from : '';
    const node = this.drawable.nodes.indexOf(name);
    this.keep(entry.type, entry.atMs, node);
    if (entry.type === 'committed') {
      this.committed(entry.atMs, node, entry.lsn);
      return;
    }
    if (entry.type === 'leading') this.leading(node, entry.lastLsn);
    const what = entry.type === 'fault' ? `${entry.fault.type}${entry.ended ? ' over' : ''}` : entry.type;
    if (what === this.lastWhat && node === this.lastNode) return;
    this.features.add(`${this.lastWhat}, ${node === this.lastNode ? 'and' : 'then'} ${what}`);
    this.lastWhat = what;
    this.lastNode = node;
  };

  private leading(node: number, lastLsn: number): void {
    if (!this.led.includes(node)) this.led.push(node);
    const open = 32 - Math.clz32(Math.max(0, lastLsn - this.committedLsn));
    this.leaderships.push(`leader ${this.led.indexOf(node)} with ${open}`);
    this.leader = node;
    this.ledFromLsn = lastLsn;
    this.addLeaderships();
  }

  /** Whether a leader commits what was there before it led makes a difference; it is a kind of moment too. */
  private committed(atMs: number, node: number, lsn: number): void {
    if (node === this.leader && lsn > this.committedLsn) {
      const isOld = lsn < this.ledFromLsn;
      if (isOld) this.keep(committedOfOld, atMs, node);
      const did = isOld ? ' commits of old' : ' commits';
      const last = this.leaderships.length - 1;
      if (!this.leaderships[last]!.endsWith(did)) {
        this.leaderships[last] += did;
        this.addLeaderships();
      }
    }
    this.committedLsn = Math.max(this.committedLsn, lsn);
  }

  private addLeaderships(): void {
    this.features.add(this.leaderships.slice(-3).join(', '));
  }

  private keep(type: string, atMs: number, node: number): void {
    let kind = this.byKind.get(type);
    if (kind === undefined) {
      kind = { all: 0, kept: [] };
      this.byKind.set(type, kind);
    }
    // The first ones, and later ones in place of others in turn.
    kind.kept[kind.all++ % momentsMost] = { tick: Math.floor(atMs / tickMs), node };
  }

  /** Some moment; undefined where nothing happened. Half of them have to do with who leads; else each kind is as likely as another. */
  any(chance: Stream): Moment | undefined {
    const kinds = [...this.byKind.values()];
    if (kinds.length === 0) return undefined;
    const ofLeaders = leaderMoments.flatMap((kind) => this.byKind.get(kind) ?? []);
    const among = ofLeaders.length > 0 && chance.below(2) === 0 ? ofLeaders : kinds;
    return oneOf(oneOf(among, chance).kept, chance);
  }
}

const momentsMost = 64;
const committedOfOld = 'committed of old';
const leaderMoments = ['leading', committedOfOld];

/** A schedule that led somewhere new, and what happened then. */
export interface Lead {
  readonly numbers: ScheduleNumbers;
  readonly noted: Noted;
  /** What was new in its run. */
  readonly features: readonly string[];
}

export interface MutationOptions {
  readonly drawable: Drawable;
  readonly maxFaults: number;
  readonly chance: Stream;
}

/** A lead with one to four changes; `others` is where it may take faults from. */
export function mutated(
  { numbers, noted }: Lead,
  others: readonly Lead[],
  options: MutationOptions,
): ScheduleNumbers {
  const { chance } = options;
  let changed = numbers;
  for (let left = 1 + chance.below(4); left > 0; left--)
    changed = changedOnce(changed, noted, others, options);
  return changed;
}

function changedOnce(
  numbers: ScheduleNumbers,
  noted: Noted,
  others: readonly Lead[],
  { drawable, maxFaults, chance }: MutationOptions,
): ScheduleNumbers {
  const { faults } = numbers;
  const withFaults = (changed: readonly FaultNumbers[]): ScheduleNumbers => ({ ...numbers, faults: changed });
  const replaced = (index: number, change: Partial<FaultNumbers>) =>
    withFaults(faults.map((each, at) => (at === index ? { ...each, ...change } : each)));
  const where = faults.length === 0 ? -1 : chance.below(faults.length);
  const what = chance.below(16);
  if (what < 6 && faults.length < maxFaults) {
    const fault = randomFault(drawable, chance);
    if (what < 1) return withFaults([...faults, fault]);
    // Half of them of the plainest kind, which is a crash if there may be any.
    const kind = chance.below(2) === 0 ? 0 : fault.kind;
    return withFaults([...faults, { ...fault, kind, ...nearMoment(drawable, noted, chance) }]);
  }
  if (what === 15) return { ...numbers, seed: chance.below(seedMost) };
  if (where < 0 || what === 14) return { ...numbers, spread: chance.below(spreadsMost + 1) };
  if (what < 9) return replaced(where, nearMoment(drawable, noted, chance));
  if (what === 9) return withFaults(faults.filter((_, at) => at !== where));
  if (what === 10 && others.length > 0) {
    const from = oneOf(others, chance).numbers.faults;
    return from.length === 0 ? numbers : replaced(where, oneOf(from, chance));
  }
  if (what === 11) {
    const by = chance.below(1 << chance.below(12)) * (chance.below(2) === 0 ? 1 : -1);
    return replaced(where, { at: Math.max(0, faults[where]!.at + by) });
  }
  const fields: (keyof FaultNumbers)[] = ['kind', 'who', 'shape', 'oneWay', 'length', 'size'];
  const field = oneOf(fields, chance);
  return replaced(where, { [field]: randomFault(drawable, chance)[field] });
}

function randomFault({ ticks, kinds }: Drawable, chance: Stream): FaultNumbers {
  return {
    kind: chance.below(kinds.length),
    who: chance.below(whoMost + 1),
    shape: chance.below(shapeMost + 1),
    oneWay: chance.below(2),
    at: chance.below(ticks),
    // A fifth of them for good.
    length: chance.below(5) === 0 ? 0 : 1 + chance.below(lengthsMost),
    size: chance.below(sizesMost + 1),
  };
}

/** The time of a fault that comes just after a moment, or just before it, and half of the time at the same node. */
function nearMoment({ ticks }: Drawable, noted: Noted, chance: Stream): Partial<FaultNumbers> {
  const moment = noted.any(chance);
  if (moment === undefined) return { at: chance.below(ticks) };
  const most = Math.max(1, Math.floor(ticks / 64));
  const by = chance.below(1 + (most >>> chance.below(32 - Math.clz32(most))));
  const at = Math.min(Math.max(0, moment.tick + (chance.below(4) === 0 ? -by : by)), ticks - 1);
  if (moment.node < 0 || chance.below(2) === 0) return { at };
  // Nodes come first among all there is to choose from.
  return { at, who: moment.node, shape: 1 };
}

function oneOf<T>(values: readonly T[], chance: Stream): T {
  return values[chance.below(values.length)]!;
}
