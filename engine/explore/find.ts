/**
 * Counterexample search: schedules of faults, latencies and interleavings until a verdict is violated, made smaller until
 * nothing of the schedule can be left out.
 *
 * Half of the schedules are drawn anew, each with options of its own (which kinds of faults, how many, how long: a swarm); the
 * others are changes of those that led somewhere new, made where something happened in their runs. Drawing and
 * shrinking are fast-check's; running, judging and changing are ours.
 *
 * Further reading: Groce et al., "Swarm testing" (2012); Böhme et al., "Coverage-based greybox fuzzing as Markov chain"
 * (2016).
 */

import { type Stream, streamOf } from '../kernel/random.ts';
import type { Observer } from '../observe/trace.ts';
import { encodeLink } from '../run/record.ts';
import type { Report, Verdict } from '../run/report.ts';
import { simulate } from '../run/simulate.ts';
import type { Watching } from '../run/simulation.ts';
import { parseScenario } from '../scenario/parse.ts';
import { InputError } from '../scenario/problems.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FaultSource, ScenarioSource, VerdictName } from '../scenario/schema.ts';
import { type MarkCount, Marks } from './marks.ts';
import { type Lead, mutated, Noted } from './mutations.ts';
import {
  asWritten,
  type Drawable,
  drawableOf,
  type FaultKind,
  type FaultNumbers,
  faultsOf,
  leavesSomebody,
  lengthsMost,
  type ScheduleNumbers,
  Schedules,
  seedMost,
  shapeMost,
  sizesMost,
  spreadsMost,
  whoMost,
  withSchedule,
} from './schedules.ts';

export interface FindOptions {
  readonly violates: VerdictName;
  /** Schedules to try before it gives up, at least 1. Making a violation smaller comes on top. */
  readonly budget: number;
  /** Faults per schedule, at least 0. */
  readonly maxFaults: number;
  /** Of the search: it draws schedules and the seeds of their runs. 0 … 2^31 − 1. */
  readonly seed: number;
  /** Which kinds of faults it may draw; without it, all that mean something to the topology. */
  readonly kinds?: readonly FaultKind[];
  /** Only what the buttons of a lab do: crashes that keep the disk, pauses, cuts both ways of one link or of one machine from the others. */
  readonly byHand?: true;
  /** No fault lasts longer, in ms, and none is for good; without it, as long as it likes. */
  readonly longestMs?: number;
  /** Whether latencies may be spread out too; so it is if left out. */
  readonly spread?: boolean;
  /** Told after each run, those of shrinking too, so that it may count beyond `budget`; what it throws ends the search. */
  readonly onProgress?: (done: number) => void | Promise<void>;
}

/** What a search has looked at. */
export interface Searched {
  /** Runs, each of a schedule of its own. */
  readonly schedules: number;
  readonly withoutFaults: number;
  /** Schedules with a spread of latencies. */
  readonly spread: number;
  /** How many faults of each kind there were in all. */
  readonly faults: readonly { readonly type: FaultKind; readonly count: number }[];
  /** Hundredths of the run in which some fault began. */
  readonly moments: number;
  /** How many schedules led somewhere new and were gone on from. */
  readonly leads: number;
  readonly marks: readonly MarkCount[];
}

/** Runs of a schedule under other seeds, and how many of them show the violation. */
export interface OtherSeeds {
  readonly runs: number;
  readonly violations: number;
}

/** What leaving one thing of the schedule out does: no violation, neither under the seed that was found nor under others. */
export interface Needed {
  /** null: the spread of latencies. */
  readonly fault: FaultSource | null;
  readonly otherSeeds: OtherSeeds;
}

export interface Counterexample {
  readonly found: true;
  readonly violates: VerdictName;
  /** Of the run that shows it. */
  readonly seed: number;
  readonly faults: readonly FaultSource[];
  /** In all: searching, shrinking and leaving out. */
  readonly runs: number;
  /** Of these, how many it took to the first violation. */
  readonly runsToFirst: number;
  /** The scenario with the shrunk schedule and the seed: it shows the violation when run. */
  readonly scenario: ScenarioSource;
  readonly verdict: Verdict;
  readonly digest: string;
  /** One for each fault, and one for a spread of latencies if there is any. */
  readonly needed: readonly Needed[];
  /** The whole schedule under other seeds. */
  readonly otherSeeds: OtherSeeds;
  /** Replays the run, as `decodeLink` reads it. */
  readonly link: string;
}

/** Every schedule was tried. It is no proof: schedules are drawn at random. */
export interface NotFound {
  readonly found: false;
  readonly violates: VerdictName;
  /** Of the search. */
  readonly seed: number;
  readonly runs: number;
  readonly searched: Searched;
}

/** Runs a scenario; a test may run it with a rule broken. */
export type Runner = (scenario: Scenario, options: Watching & { seed: number; observe?: Observer }) => Report;

/** What fast-check makes smaller it may run so often, in all. */
const shrinkRunsMost = 200;
/** Other seeds that a schedule is run under. */
const otherSeeds = 8;
const batchSize = 64;
/** Leads of which the best is gone on from. */
const contestants = 6;
/** Verdicts need no samples, and changes no messages. */
const watching: Watching = { samples: 10, messages: false };

/**
 * Throws InputError where the scenario is wrong, or gives no such verdict. Its own faults stay; drawn ones come beside them.
 * A pure function of its arguments, whatever `onProgress` takes its time for.
 */
export async function find(
  source: ScenarioSource,
  options: FindOptions,
  run: Runner = simulate,
): Promise<Counterexample | NotFound> {
  return new Search(source, options, run).search();
}

class Search {
  private readonly source: ScenarioSource;
  private readonly options: FindOptions;
  private readonly runScenario: Runner;
  private readonly drawable: Drawable;
  private readonly schedules: Schedules;
  private readonly marks = new Marks();
  private readonly leads: Lead[] = [];
  private runs = 0;
  private shrinkRunsLeft = shrinkRunsMost;
  private withoutFaults = 0;
  private spread = 0;
  private readonly faultsByKind = new Map<FaultKind, number>();
  private readonly moments = new Set<number>();

  constructor(source: ScenarioSource, options: FindOptions, run: Runner) {
    this.source = source;
    this.options = options;
    this.runScenario = run;
    this.drawable = drawableOf(parseScenario(source), options);
    this.schedules = new Schedules(source, this.drawable);
  }

  async search(): Promise<Counterexample | NotFound> {
    const { budget, seed, violates } = this.options;
    const first = await this.firstViolation();
    if (first === null) return { found: false, violates, seed, runs: budget, searched: this.searched() };
    const runsToFirst = this.runs;
    let smallest = await this.shrunk(first);
    for (let less = await this.withLess(smallest); less !== null; less = await this.withLess(smallest))
      smallest = await this.shrunk(less);
    return this.counterexample(smallest, runsToFirst);
  }

  // Searching.

  private async firstViolation(): Promise<ScheduleNumbers | null> {
    const { budget, maxFaults, seed } = this.options;
    const { drawable, leads } = this;
    const chance = streamOf(seed, 'changes of schedules');
    const draws = await this.fresh();
    // First, what happens with no fault at all.
    const calm = Math.min(16, Math.ceil(budget / 16));
    for (let number = 0; number < budget; number++) {
      const lead = this.leadToFollow(chance);
      const numbers =
        number < calm
          ? { faults: [], spread: this.options.spread === false ? 0 : number % 2, seed: number }
          : lead === undefined
            ? draws()
            : mutated(lead, leads, { drawable, maxFaults, chance });
      const tried = this.options.spread === false ? { ...numbers, spread: 0 } : numbers;
      if (!leavesSomebody(drawable, faultsOf(drawable, tried.faults))) continue;
      const noted = new Noted(drawable);
      const report = await this.run(tried, noted.observe);
      if (number === 0) this.checkJudged(report);
      if (this.isViolated(report)) return tried;
      this.count(tried);
      const features = this.marks.add(report, noted.features);
      if (features.length > 0) leads.push({ numbers: tried, noted, features });
    }
    return null;
  }

  /** A lead to go on from, of some the one that came to the rarest; undefined where a schedule is to be drawn anew. */
  private leadToFollow(chance: Stream): Lead | undefined {
    const { leads, marks } = this;
    if (leads.length === 0 || this.options.maxFaults === 0 || chance.below(2) === 0) return undefined;
    const some = Array.from({ length: contestants }, () => leads[chance.below(leads.length)]!);
    return some.reduce((best, each) =>
      marks.rarity(each.features) < marks.rarity(best.features) ? each : best,
    );
  }

  /** Gives a schedule drawn anew each time. */
  private async fresh(): Promise<() => ScheduleNumbers> {
    const { default: fc } = await import('fast-check');
    const { maxFaults, seed } = this.options;
    const { kinds, ticks } = this.drawable;
    const swarm = fc.record({
      kinds: fc.subarray(
        kinds.map((_, kind) => kind),
        { minLength: 1 },
      ),
      most: fc.integer({ min: Math.min(1, maxFaults), max: maxFaults }),
      longest: fc.constantFrom(lengthsMost, lengthsMost, lengthsMost - 8, lengthsMost - 16),
      forGood: fc.constantFrom(0, 1, 4, 16),
      spread: fc.constantFrom(0, 0, 1, 2, 3, 4, 5),
      // All over the run, or within a tenth of it.
      within: fc.constantFrom(1, 1, 10),
    });
    const schedule = swarm.chain(({ most, longest, forGood, spread, within, ...options }) =>
      fc.integer({ min: 0, max: ticks - Math.ceil(ticks / within) }).chain((from) =>
        fc.record({
          faults: fc.array(
            fc.record({
              kind: fc.constantFrom(...options.kinds),
              who: fc.nat(whoMost),
              shape: fc.nat(shapeMost),
              oneWay: fc.nat(1),
              at: fc.integer({ min: from, max: from + Math.ceil(ticks / within) - 1 }),
              length: fc.oneof(
                { weight: forGood, arbitrary: fc.constant(0) },
                { weight: 4, arbitrary: fc.integer({ min: 1, max: longest }) },
              ),
              size: fc.nat(sizesMost),
            }),
            { minLength: Math.min(1, maxFaults), maxLength: most },
          ),
          spread: fc.constant(spread),
          seed: fc.nat(seedMost),
        }),
      ),
    );
    let batch: ScheduleNumbers[] = [];
    let batches = 0;
    return () => {
      if (batch.length === 0)
        batch = fc.sample(schedule, { numRuns: batchSize, seed: (seed + 0x9e37 * batches++) | 0 });
      return batch.pop()!;
    };
  }

  private async run(numbers: ScheduleNumbers, observe?: Observer): Promise<Report> {
    const { seed } = numbers;
    const report = this.runScenario(this.schedules.ready(numbers), {
      seed,
      ...(observe && { observe }),
      ...watching,
      recordsHistory: this.options.violates === 'linearizability',
    });
    this.runs++;
    await this.options.onProgress?.(this.runs);
    return report;
  }

  private isViolated({ verdicts }: Report): boolean {
    return verdicts.some(({ name, result }) => name === this.options.violates && result === 'violation');
  }

  private checkJudged({ verdicts }: Report): void {
    const { violates } = this.options;
    if (verdicts.some(({ name }) => name === violates)) return;
    throw new InputError('scenario', [
      {
        path: ['topology'],
        found: `a ${this.source.topology.type} scenario, of which ${violates} is not judged`,
        expected: `one that gives the verdict ${violates}`,
        hint: `this one gives ${verdicts.map(({ name }) => name).join(', ')}`,
      },
    ]);
  }

  private count({ faults, spread }: ScheduleNumbers): void {
    const { ticks, kinds } = this.drawable;
    if (faults.length === 0) this.withoutFaults++;
    if (spread > 0) this.spread++;
    for (const { kind, at } of faults) {
      const type = kinds[kind % kinds.length]!;
      this.faultsByKind.set(type, (this.faultsByKind.get(type) ?? 0) + 1);
      this.moments.add(Math.floor(((at % ticks) * 100) / ticks));
    }
  }

  private searched(): Searched {
    return {
      schedules: this.runs,
      withoutFaults: this.withoutFaults,
      spread: this.spread,
      faults: this.drawable.kinds.map((type) => ({ type, count: this.faultsByKind.get(type) ?? 0 })),
      moments: this.moments.size,
      leads: this.leads.length,
      marks: this.marks.counts(),
    };
  }

  // Making smaller.

  /** fast-check makes every number smaller and leaves faults out, as long as the violation stays. */
  private async shrunk(first: ScheduleNumbers): Promise<ScheduleNumbers> {
    const { default: fc } = await import('fast-check');
    const { drawable } = this;
    const fault: Record<keyof FaultNumbers, ReturnType<typeof fc.nat>> = {
      kind: fc.nat(drawable.kinds.length - 1),
      who: fc.nat(whoMost),
      shape: fc.nat(shapeMost),
      oneWay: fc.nat(1),
      at: fc.nat(drawable.ticks - 1),
      length: fc.nat(lengthsMost),
      size: fc.nat(sizesMost),
    };
    const schedule = fc.record({
      faults: fc.array(fc.record(fault), { maxLength: Math.max(1, this.options.maxFaults) }),
      spread: fc.nat(spreadsMost),
      seed: fc.nat(seedMost),
    });
    let smallest = first;
    let stopped: { readonly reason: unknown } | undefined;
    const holds = async (numbers: ScheduleNumbers): Promise<boolean> => {
      if (stopped !== undefined || this.shrinkRunsLeft === 0) return true;
      if (!leavesSomebody(drawable, faultsOf(drawable, numbers.faults))) return true;
      this.shrinkRunsLeft--;
      try {
        const isViolated = this.isViolated(await this.run(numbers));
        if (isViolated) smallest = numbers;
        return !isViolated;
      } catch (reason) {
        stopped = { reason };
        return true;
      }
    };
    await fc.check(fc.asyncProperty(schedule, holds), { numRuns: 1, examples: [[first]] });
    if (stopped !== undefined) throw stopped.reason;
    return smallest;
  }

  /**
   * The schedule without one of its faults or its spread, under a seed that shows the violation still, if need be with the
   * others as great as they can be; null if none does.
   */
  private async withLess(numbers: ScheduleNumbers): Promise<ScheduleNumbers | null> {
    for (const less of lesser(numbers))
      for (const each of [less, greatest(less)]) {
        if (!leavesSomebody(this.drawable, faultsOf(this.drawable, each.faults))) continue;
        for (const seed of [numbers.seed, ...this.seedsBeside(numbers)]) {
          const tried = { ...each, seed };
          if (this.isViolated(await this.run(tried))) return tried;
        }
      }
    return null;
  }

  private seedsBeside({ seed }: ScheduleNumbers): number[] {
    return Array.from({ length: otherSeeds }, (_, index) => (seed + 1 + index) % seedMost);
  }

  private async counterexample(numbers: ScheduleNumbers, runsToFirst: number): Promise<Counterexample> {
    const { source, drawable, options } = this;
    const { violates } = options;
    const { seed } = numbers;
    let violations = 0;
    for (const other of this.seedsBeside(numbers))
      if (this.isViolated(await this.run({ ...numbers, seed: other }))) violations++;
    const report = await this.run(numbers);
    const faults = faultsOf(drawable, numbers.faults).map(asWritten);
    const scenario: ScenarioSource = {
      ...withSchedule(source, drawable, numbers),
      id: `${source.id.slice(0, 48)}-broken`,
      title: `Found: what violates ${violates}`,
      expect: [{ verdict: violates, result: 'violation' }],
    };
    // `withLess` has run them all, under these seeds, and found nothing.
    const nothing = { runs: otherSeeds, violations: 0 };
    return {
      found: true,
      violates,
      seed,
      faults,
      runs: this.runs,
      runsToFirst,
      scenario,
      verdict: report.verdicts.find(({ name }) => name === violates)!,
      digest: report.digest,
      needed: [...faults, ...(numbers.spread > 0 ? [null] : [])].map((fault) => ({
        fault,
        otherSeeds: nothing,
      })),
      otherSeeds: { runs: otherSeeds, violations },
      link: encodeLink({ scenario, seed, injected: [] }),
    };
  }
}

/** The schedule with one thing left out, in turn. */
function* lesser(numbers: ScheduleNumbers): Generator<ScheduleNumbers> {
  const { faults, spread } = numbers;
  for (const fault of faults) yield { ...numbers, faults: faults.filter((other) => other !== fault) };
  if (spread > 0) yield { ...numbers, spread: 0 };
}

function greatest(numbers: ScheduleNumbers): ScheduleNumbers {
  return { ...numbers, faults: numbers.faults.map((fault) => ({ ...fault, length: 0, size: sizesMost })) };
}
