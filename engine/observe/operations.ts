import { READ } from '../kernel/protocol.ts';
import type { Availability, LatencySummary, OutcomeCounts } from '../run/report.ts';
import { byStamp, type VersionOrder } from '../verdicts/version-order.ts';
import { INFO, OK, type Outcome } from '../workload/clients.ts';
import { Histogram } from './histogram.ts';

/** Per slot of a group's pool: what its open operation is. */
const WIDTH = 5;
const NUMBER = 0;
const KIND = 1;
const KEY = 2;
/** The newest version of the key that was acknowledged when the operation began. */
const KNOWN_TERM = 3;
const KNOWN_LSN = 4;

/** One ended operation, handed to whoever judges it. Reused: do not keep it. */
export interface Ended {
  atUs: number;
  beganUs: number;
  group: number;
  /** The operation's place in its group's pool, free again after this. */
  slot: number;
  number: number;
  kind: number;
  key: number;
  outcome: Outcome;
  /** Of an ok operation: the version read or written. */
  term: number;
  lsn: number;
  /** The newest acknowledged version of the key when the operation began. */
  knownTerm: number;
  knownLsn: number;
}

/** Outages that are kept, the longest. */
const outagesMost = 10;

interface OutageUs {
  readonly fromUs: number;
  readonly toUs: number;
  readonly fail: number;
  readonly info: number;
  /** The first of these, and the ok one that ended it. */
  readonly first: number;
  readonly endedBy: number;
}

/** The number of no operation. */
const NONE = -1;

/** Counts, latencies and availability of one kind of operation. */
class Measure {
  readonly counts = [0, 0, 0];
  readonly latency = new Histogram();
  /** Operations that have begun and not ended. */
  private open = 0;
  private readonly outages: OutageUs[] = [];
  /** As long as what is not among the longest outages may be. */
  private shortestUs = 0;
  /** When the first operation was asked for since the last ok one; Infinity where none was. */
  private unansweredSinceUs = Number.POSITIVE_INFINITY;
  private lastOkUs = 0;
  /** Operations that have ended otherwise since. */
  private readonly endedSince = [0, 0, 0];
  /** The first of these. */
  private firstSince = NONE;

  began(atUs: number): void {
    this.open++;
    if (this.unansweredSinceUs === Number.POSITIVE_INFINITY) this.unansweredSinceUs = atUs;
  }

  ended(atUs: number, beganUs: number, outcome: Outcome, number: number): void {
    this.counts[outcome]! += 1;
    this.open--;
    if (outcome !== OK) {
      this.endedSince[outcome]! += 1;
      if (this.firstSince === NONE) this.firstSince = number;
      return;
    }
    this.latency.record(atUs - beganUs);
    if (atUs - this.outageSinceUs() > this.shortestUs) this.keep(atUs, number);
    this.endedSince[1] = this.endedSince[2] = 0;
    this.firstSince = NONE;
    this.lastOkUs = atUs;
    this.unansweredSinceUs = this.open > 0 ? atUs : Number.POSITIVE_INFINITY;
  }

  /** Since when there has been no ok one while some were asked for: idle time counts for nothing. Infinity while all is idle. */
  private outageSinceUs(): number {
    return Math.max(this.lastOkUs, this.unansweredSinceUs);
  }

  /** An outage ends that is longer than one of those kept. */
  private keep(atUs: number, endedBy: number): void {
    const { outages } = this;
    let last = outages.length;
    if (last === outagesMost) {
      // In the order of time; a built-in's call costs more than moving so few.
      last--;
      for (let at = shortestOf(outages); at < last; at++) outages[at] = outages[at + 1]!;
    }
    outages[last] = this.outage(atUs, endedBy);
    if (outages.length === outagesMost) this.shortestUs = lengthUs(outages[shortestOf(outages)]!);
  }

  private outage(toUs: number, endedBy: number): OutageUs {
    const [, fail, info] = this.endedSince;
    const { firstSince: first } = this;
    return { fromUs: this.outageSinceUs(), toUs, fail: fail!, info: info!, first, endedBy };
  }

  /** Once the run is over, what is open still may have happened. */
  outcomes(isOver: boolean): OutcomeCounts {
    return { ok: this.counts[0]!, fail: this.counts[1]!, info: this.counts[2]! + (isOver ? this.open : 0) };
  }

  latencyMs(): LatencySummary {
    const { latency } = this;
    const ms = (us: number | undefined) => (us === undefined ? null : us / 1000);
    return {
      mean: ms(latency.mean),
      p50: ms(latency.quantile(0.5)),
      p99: ms(latency.quantile(0.99)),
      p999: ms(latency.quantile(0.999)),
      max: ms(latency.max),
    };
  }

  availability(atUs: number, isOver: boolean): Availability {
    const { ok, fail, info } = this.outcomes(isOver);
    const asked = ok + fail + info;
    // One that goes on still is the last of them.
    const outages =
      this.outageSinceUs() < atUs ? [...this.outages, this.outage(atUs, NONE)] : [...this.outages];
    if (outages.length > outagesMost) outages.splice(shortestOf(outages), 1);
    return {
      ratio: asked === 0 ? null : ok / asked,
      longestOutageMs: outages.reduce((longest, each) => Math.max(longest, lengthUs(each)), 0) / 1000,
      outages: outages.map(({ fromUs, toUs, fail, info, first, endedBy }) => ({
        fromMs: fromUs / 1000,
        toMs: toUs / 1000,
        fail,
        info,
        operations: [first, endedBy].filter((number) => number !== NONE),
      })),
    };
  }
}

function lengthUs({ fromUs, toUs }: OutageUs): number {
  return toUs - fromUs;
}

/** Of equals the last. */
function shortestOf(outages: readonly OutageUs[]): number {
  let shortest = 0;
  for (let at = 1; at < outages.length; at++)
    if (lengthUs(outages[at]!) <= lengthUs(outages[shortest]!)) shortest = at;
  return shortest;
}

/** Every operation from call to return: what is open, what each kind measured. */
export class Operations {
  readonly read = new Measure();
  readonly write = new Measure();
  private readonly clock: { readonly nowUs: number };
  private readonly slots: Int32Array[];
  private readonly beganUs: Float64Array[];
  private readonly judge: (ended: Ended) => void;
  private readonly latestTerm: Int32Array;
  private readonly latestLsn: Int32Array;
  private readonly order: VersionOrder;
  private readonly record: Ended = {
    atUs: 0,
    beganUs: 0,
    group: 0,
    slot: 0,
    number: 0,
    kind: READ,
    key: 0,
    outcome: INFO,
    term: 0,
    lsn: 0,
    knownTerm: 0,
    knownLsn: 0,
  };

  /** Times are read off `clock`, whose present is virtual. */
  constructor(
    clock: { readonly nowUs: number },
    groups: number,
    keys: number,
    judge: (ended: Ended) => void,
    order: VersionOrder = byStamp,
  ) {
    this.order = order;
    this.clock = clock;
    this.slots = Array.from({ length: groups }, () => new Int32Array(8 * WIDTH));
    this.beganUs = Array.from({ length: groups }, () => new Float64Array(8));
    this.latestTerm = new Int32Array(keys);
    this.latestLsn = new Int32Array(keys);
    this.judge = judge;
  }

  began(group: number, slot: number, number: number, kind: number, key: number): void {
    const atUs = this.clock.nowUs;
    if (slot >= this.beganUs[group]!.length) this.widen(group);
    const slots = this.slots[group]!;
    const at = slot * WIDTH;
    slots[at + NUMBER] = number;
    slots[at + KIND] = kind;
    slots[at + KEY] = key;
    slots[at + KNOWN_TERM] = this.latestTerm[key]!;
    slots[at + KNOWN_LSN] = this.latestLsn[key]!;
    this.beganUs[group]![slot] = atUs;
    (kind === READ ? this.read : this.write).began(atUs);
  }

  ended(group: number, slot: number, outcome: Outcome, term: number, lsn: number): void {
    const atUs = this.clock.nowUs;
    const slots = this.slots[group]!;
    const at = slot * WIDTH;
    const { record } = this;
    record.atUs = atUs;
    record.beganUs = this.beganUs[group]![slot]!;
    record.group = group;
    record.slot = slot;
    record.number = slots[at + NUMBER]!;
    record.kind = slots[at + KIND]!;
    record.key = slots[at + KEY]!;
    record.outcome = outcome;
    record.term = term;
    record.lsn = lsn;
    record.knownTerm = slots[at + KNOWN_TERM]!;
    record.knownLsn = slots[at + KNOWN_LSN]!;
    (record.kind === READ ? this.read : this.write).ended(atUs, record.beganUs, outcome, record.number);
    this.judge(record);
    if (record.kind !== READ && outcome === OK) this.acknowledged(record.key, term, lsn);
  }

  /** Keeps the newest acknowledged version of each key. */
  private acknowledged(key: number, term: number, lsn: number): void {
    const knownLsn = this.latestLsn[key]!;
    if (!this.order.lacks(this.latestTerm[key]!, knownLsn, term, lsn)) return;
    this.latestTerm[key] = term;
    this.latestLsn[key] = this.order.join(knownLsn, lsn);
  }

  private widen(group: number): void {
    const slots = new Int32Array(this.slots[group]!.length * 2);
    slots.set(this.slots[group]!);
    this.slots[group] = slots;
    const beganUs = new Float64Array(this.beganUs[group]!.length * 2);
    beganUs.set(this.beganUs[group]!);
    this.beganUs[group] = beganUs;
  }
}
