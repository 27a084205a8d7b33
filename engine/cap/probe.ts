/**
 * The CAP probe: takes the cluster of any scenario, puts a group of clients on each side of a cut, lets them read and write
 * the same few keys before it and while it lasts, heals it, and reads the outcome off the trace. For a while before the cut the
 * sides are moved a little farther apart: whose latency grows waits for the other side.
 *
 * ```ts
 * const probe = prepareCap(parseScenario(document), {});
 * const run = simulate(probe.scenario, { observe: probe.observe });
 * probe.report(run).writes.class; // 'CP'
 * ```
 *
 * Of the scenario it keeps nodes, links and topology; its clients, its faults and what it expects are left out.
 */

import { buildLatencyTable, meanUs } from '../kernel/latency.ts';
import type { Observer, TraceEntry } from '../observe/trace.ts';
import type { Report } from '../run/report.ts';
import type { Problem } from '../scenario/problems.ts';
import { InputError } from '../scenario/problems.ts';
import type { ClientSpec, Scenario } from '../scenario/scenario.ts';
import { toUs } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';
import {
  type CapClass,
  classify,
  classifyElse,
  type Distances,
  type ElseClass,
  pacelc,
  type SideCounts,
} from './classify.ts';
import { type CutWay, type Side, sides, sidesOf } from './cut.ts';

export interface CapQuestion {
  /** Nodes, regions or helpers that are cut off; without it, those of `sidesOf`. */
  readonly side?: readonly string[];
  /** `both` unless given. */
  readonly way?: CutWay;
  /** When the cut begins, ms; 20,000 unless given. The second half of that time is what is measured without a cut. */
  readonly atMs?: number;
  /** How long it lasts, ms; 60,000 unless given. A failover should be over in half of it. */
  readonly forMs?: number;
  readonly seed?: number;
}

/** What is measured of one kind of operation. */
export interface CapOfKind {
  readonly class: CapClass;
  readonly because: string;
  readonly pacelc: string;
  readonly cutOff: SideCounts;
  readonly rest: SideCounts;
  /** Without the cut. */
  readonly otherwise: {
    readonly gives: ElseClass;
    readonly because: string;
    readonly cutOff: Distances;
    readonly rest: Distances;
  };
}

export interface CapReport {
  readonly scenario: string;
  readonly seed: number;
  readonly cut: {
    readonly cutOff: readonly string[];
    readonly rest: readonly string[];
    readonly way: CutWay;
    readonly atMs: number;
    readonly forMs: number;
  };
  readonly reads: CapOfKind;
  readonly writes: CapOfKind;
  readonly divergence: {
    /** Keys written on both sides while neither could hear of the other; null for a cut of one way. */
    readonly keysWrittenOnBothSides: number | null;
    readonly keys: number;
    /** From the heal until all live replicas held the same; null where that did not come about. */
    readonly convergedAfterMs: number | null;
  };
  /** Without the cut: reads that were answered and stale ones among them, and the way between the two sides there and back, ms. */
  readonly before: {
    readonly reads: number;
    readonly staleReads: number;
    /** Between the first nodes of the two sides, on average. */
    readonly roundTripMs: number;
    /** How much longer that was made, to see who waits for it. */
    readonly addedRoundTripMs: number;
  };
}

export interface CapProbe {
  /** What to run, with this observer. */
  readonly scenario: Scenario;
  readonly observe: Observer;
  /** What the run came to, which must be over. */
  report(run: Pick<Report, 'verdicts'>): CapReport;
}

/** Reads, and writes, of each side: enough that a window of a millisecond shows in the time before the cut. */
const perSecond = 50;
const defaults = { atMs: 20_000, forMs: 60_000 };

/** Of the time before the cut, from where on latencies are measured, and from where on the sides are farther apart. */
const measuredFrom = 0.4;
const apartFrom = 0.7;
/** Added each way: much for a data centre, and no more than any election timeout stands. */
const apartByMs = 5;

/** Throws InputError, with paths into the question, for a cut that cannot be. */
export function prepareCap(base: Scenario, question: CapQuestion): CapProbe {
  const { way = 'both', atMs = defaults.atMs, forMs = defaults.forMs, seed = base.seed } = question;
  const members = sidesOf(base, question.side ?? null);
  checkTimes(base, atMs, forMs);
  const taken = [...base.nodes.map(({ id }) => id), ...base.helpers.map(({ name }) => name)];
  const groups = { cutOff: freeName('cut-off-clients', taken), rest: freeName('rest-clients', taken) };
  const clients = sides.map((side): ClientSpec => {
    const { region } = base.nodes.find(({ id }) => id === members[side][0])!;
    return {
      id: groups[side],
      region,
      readsPerSecond: perSecond,
      writesPerSecond: perSecond,
      deletesPerSecond: 0,
      context: null,
      fromUs: 0,
      untilUs: null,
    };
  });
  const ends = { cutOff: [...members.cutOff, groups.cutOff], rest: [...members.rest, groups.rest] };
  const [from, to] = way === 'in' ? [ends.rest, ends.cutOff] : [ends.cutOff, ends.rest];
  const cut: FaultDocument = { type: 'cut', from, to, oneWay: way !== 'both', atMs, forMs };
  const apartMs = atMs * apartFrom;
  const apart: FaultDocument = {
    type: 'slow-link',
    from: ends.cutOff,
    to: ends.rest,
    oneWay: false,
    extraMs: apartByMs,
    atMs: apartMs,
    forMs: atMs - apartMs,
  };
  const shards = base.topology.type === 'sharded' ? base.topology.shards.length : 1;
  const keys = Math.max(10, 2 * shards);
  const scenario: Scenario = {
    ...base,
    seed,
    durationUs: toUs(atMs + forMs),
    faults: [apart, cut],
    expect: [],
    workload: {
      ...base.workload,
      clients,
      arrivals: 'poisson',
      keys: { count: keys, choice: 'uniform', exponent: 0 },
      users: null,
    },
  };
  const watch = new Watch(groups, atMs, atMs + forMs);
  return {
    scenario,
    observe: (entry) => watch.see(entry),
    report: ({ verdicts }) => {
      const torn = way === 'both' ? watch.keysWrittenOnBothSides() : 0;
      const discarded = watch.discarded(newestStampStays(base));
      const { calm } = watch;
      const ofKind = (kind: 'reads' | 'writes'): CapOfKind => {
        const counts = {
          cutOff: watch.counts('cutOff', kind, discarded),
          rest: watch.counts('rest', kind, discarded),
        };
        const distances = { cutOff: watch.distances('cutOff', kind), rest: watch.distances('rest', kind) };
        const classified = classify(kind, counts, torn);
        const otherwise = classifyElse(kind, distances, { addedMs: 2 * apartByMs, ...calm });
        return {
          ...classified,
          pacelc: pacelc(classified.class, otherwise.gives),
          ...counts,
          otherwise: { ...otherwise, ...distances },
        };
      };
      return {
        scenario: base.id,
        seed,
        cut: { ...members, way, atMs, forMs },
        reads: ofKind('reads'),
        writes: ofKind('writes'),
        divergence: {
          keysWrittenOnBothSides: way === 'both' ? torn : null,
          keys,
          convergedAfterMs: isOneState(verdicts) ? watch.settledAfterMs : null,
        },
        before: {
          reads: calm.reads,
          staleReads: calm.stale,
          roundTripMs: roundTripMs(base, clients),
          addedRoundTripMs: 2 * apartByMs,
        },
      };
    },
  };
}

/** Whether of a key's versions the one with the newest stamp stays, whatever anybody had seen. */
function newestStampStays({ topology }: Scenario): boolean {
  const plain = topology.type === 'sharded' ? topology.shards[0]!.topology : topology;
  return plain.type === 'leaderless' && plain.versions === 'lww';
}

function isOneState(verdicts: Report['verdicts']): boolean {
  return verdicts.every(({ name, result }) => name !== 'divergence' || result === 'ok');
}

function checkTimes({ workload }: Scenario, atMs: number, forMs: number): void {
  const timeoutMs = workload.timeoutUs / 1000;
  const problems: Problem[] = [];
  for (const [name, found, least] of [
    ['atMs', atMs, 2 * timeoutMs],
    ['forMs', forMs, 4 * timeoutMs],
  ] as const) {
    if (found < least)
      problems.push({
        path: [name],
        found: `${found} ms`,
        expected: `at least ${least} ms`,
        hint: `clients wait ${timeoutMs} ms for an answer`,
      });
  }
  if (problems.length > 0) throw new InputError('cap', problems);
}

function freeName(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? freeName(`${name}-2`, taken) : name;
}

function roundTripMs({ between, within }: Scenario, [one, other]: readonly ClientSpec[]): number {
  const [here, there] = [one!.region, other!.region];
  const linkOf = (from: string, to: string) =>
    between.find((link) => link.from === from && link.to === to) ?? within;
  const meanOf = (from: string, to: string) => meanUs(buildLatencyTable(linkOf(from, to).latency));
  return (meanOf(here, there) + meanOf(there, here)) / 1000;
}

type Began = Extract<TraceEntry, { type: 'began' }>;
type Ended = Extract<TraceEntry, { type: 'ended' }>;

interface Watched {
  readonly began: Began;
  readonly side: Side;
  ended: Ended | null;
}

/** What the trace tells of operations that began while the cut lasted, and of those before it. */
class Watch {
  /** Reads that were answered before the cut, and stale ones among them. */
  readonly calm = { reads: 0, stale: 0 };
  /** From the heal until nothing was under way any more. */
  settledAfterMs: number | null = null;
  private readonly groups: Readonly<Record<Side, string>>;
  private readonly atMs: number;
  private readonly healMs: number;
  private readonly watched = new Map<number, Watched>();
  /** Of answered operations before the cut, by `side kind`, with ` apart` where the sides were farther apart. */
  private readonly latenciesMs = new Map<string, number[]>();
  private readonly beaten: { readonly operation: number; readonly winner: number }[] = [];
  private readonly lost = new Set<number>();

  constructor(groups: Readonly<Record<Side, string>>, atMs: number, healMs: number) {
    this.groups = groups;
    this.atMs = atMs;
    this.healMs = healMs;
  }

  see(entry: TraceEntry): void {
    switch (entry.type) {
      case 'began':
        this.watched.set(entry.operation, {
          began: entry,
          side: entry.client === this.groups.cutOff ? 'cutOff' : 'rest',
          ended: null,
        });
        break;
      case 'ended': {
        const operation = this.watched.get(entry.operation)!;
        operation.ended = entry;
        if (entry.atMs <= this.atMs) this.seeCalm(operation, entry);
        break;
      }
      case 'discarded-write':
        this.beaten.push(entry);
        break;
      case 'thrown-away':
        this.beaten.push({ operation: entry.value, winner: entry.stays });
        break;
      case 'lost':
        this.lost.add(entry.operation);
        break;
      case 'drained':
        if (entry.settled) this.settledAfterMs = entry.atMs - this.healMs;
        break;
    }
  }

  /** The first part of the time before the cut is for a leader to be found; one that spans two parts tells of neither. */
  private seeCalm({ began, side }: Watched, { outcome, stale, latencyMs, kind, atMs }: Ended): void {
    if (outcome !== 'ok' || began.atMs < this.atMs * measuredFrom) return;
    if (kind === 'read') {
      this.calm.reads++;
      if (stale) this.calm.stale++;
    }
    const apartMs = this.atMs * apartFrom;
    if (began.atMs < apartMs && atMs > apartMs) return;
    const key = `${side} ${kind}s${began.atMs < apartMs ? '' : ' apart'}`;
    const latencies = this.latenciesMs.get(key);
    if (latencies === undefined) this.latenciesMs.set(key, [latencyMs]);
    else latencies.push(latencyMs);
  }

  distances(side: Side, kind: 'reads' | 'writes'): Distances {
    const sorted = (key: string) => (this.latenciesMs.get(key) ?? []).toSorted((one, other) => one - other);
    const near = sorted(`${side} ${kind}`);
    const apart = sorted(`${side} ${kind} apart`);
    return {
      p50Ms: near[Math.floor(near.length / 2)] ?? null,
      p10Ms: near[Math.floor(near.length / 10)] ?? null,
      apartP10Ms: apart[Math.floor(apart.length / 10)] ?? null,
    };
  }

  private isDuringCut({ began }: Watched): boolean {
    return began.atMs >= this.atMs && began.atMs < this.healMs;
  }

  /** What an operation came to while the cut lasted; an answer after it is none. */
  private answerOf({ ended }: Watched): Ended | null {
    return ended !== null && ended.atMs <= this.healMs ? ended : null;
  }

  counts(side: Side, kind: 'reads' | 'writes', discarded: ReadonlySet<number>): SideCounts {
    const counts = {
      asked: 0,
      ok: 0,
      stale: 0,
      refused: 0,
      hung: 0,
      laterDiscarded: 0,
      askedLate: 0,
      answeredLate: 0,
    };
    const lateMs = (this.atMs + this.healMs) / 2;
    for (const operation of this.watched.values()) {
      const { began } = operation;
      if (operation.side !== side || `${began.kind}s` !== kind || !this.isDuringCut(operation)) continue;
      const answer = this.answerOf(operation);
      const isOk = answer?.outcome === 'ok';
      counts.asked++;
      if (isOk && answer.stale) counts.stale++;
      else if (isOk) counts.ok++;
      else if (answer?.outcome === 'fail') counts.refused++;
      else counts.hung++;
      if (isOk && discarded.has(began.operation)) counts.laterDiscarded++;
      if (began.atMs < lateMs) continue;
      counts.askedLate++;
      if (isOk) counts.answeredLate++;
    }
    return counts;
  }

  /** Writes that the two sides acknowledged of each key while the cut lasted. */
  private writesByKey(): Map<number, Record<Side, Ended[]>> {
    const byKey = new Map<number, Record<Side, Ended[]>>();
    for (const operation of this.watched.values()) {
      const answer = this.answerOf(operation);
      if (answer?.outcome !== 'ok' || answer.kind !== 'write' || !this.isDuringCut(operation)) continue;
      const writes = byKey.get(answer.key) ?? { cutOff: [], rest: [] };
      writes[operation.side].push(answer);
      byKey.set(answer.key, writes);
    }
    return byKey;
  }

  keysWrittenOnBothSides(): number {
    return [...this.writesByKey().values()].filter(({ cutOff, rest }) => cutOff.length > 0 && rest.length > 0)
      .length;
  }

  /**
   * Acknowledged writes of which nothing is left: lost, or a side's newest of a key, where a write of the other side beat
   * it. Older ones of the same side were overwritten by somebody who had seen them. Where `byStamp` says that a key's newest stamp
   * stays, whatever anybody had seen, the other side's newest is beaten.
   */
  discarded(byStamp: boolean): Set<number> {
    const sideOf = (operation: number) => this.watched.get(operation)?.side;
    const beaten = new Set(
      this.beaten
        .filter(({ operation, winner }) => sideOf(operation) !== sideOf(winner))
        .map(({ operation }) => operation),
    );
    const discarded = new Set(this.lost);
    for (const { cutOff, rest } of this.writesByKey().values()) {
      const [one, other] = [newest(cutOff), newest(rest)];
      for (const write of [one, other])
        if (write !== null && beaten.has(write.operation)) discarded.add(write.operation);
      if (byStamp && one !== null && other !== null)
        discarded.add(one.stampMs! < other.stampMs! ? one.operation : other.operation);
    }
    return discarded;
  }
}

/** By its stamp; null where there is none, or versions are not stamps. */
function newest(writes: readonly Ended[]): Ended | null {
  return writes.reduce<Ended | null>(
    (best, each) =>
      each.stampMs === undefined || (best !== null && best.stampMs! >= each.stampMs) ? best : each,
    null,
  );
}
