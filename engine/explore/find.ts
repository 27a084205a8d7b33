/**
 * Counterexample search: random fault schedules on a scenario until a verdict is violated, then shrunk to what is needed.
 * Drawing and shrinking are fast-check's; running and judging are ours.
 */

import { helperPlaces } from '../faults/fault-names.ts';
import type { Report } from '../run/report.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { FaultSource, ScenarioSource, VerdictName } from '../scenario/schema.ts';

export interface FindOptions {
  readonly violates: VerdictName;
  /** Schedules to try, at least 1. */
  readonly runs: number;
  /** Faults per schedule, at least 1. */
  readonly maxFaults: number;
  /** Of the search: it draws schedules and the seeds of their runs. 0 … 2^31 − 1. */
  readonly seed: number;
  /** Told after each schedule, those of shrinking too, so that it may count beyond `runs`; what it throws ends the search. */
  readonly onProgress?: (done: number) => void | Promise<void>;
}

export interface Counterexample {
  readonly type: 'found';
  /** The scenario with the shrunk schedule and the seed: it shows the violation when run. */
  readonly scenario: ScenarioSource;
  readonly faults: readonly FaultSource[];
  readonly seed: number;
  readonly report: Report;
  /** How often the schedule was made smaller. */
  readonly shrinks: number;
}

/** Every schedule was tried. It is no proof: schedules are drawn at random. */
export interface NotFound {
  readonly type: 'not-found';
  readonly runs: number;
}

/** Throws InputError where the scenario is wrong. Its own faults stay; drawn ones come beside them. */
export async function find(source: ScenarioSource, options: FindOptions): Promise<Counterexample | NotFound> {
  const base = parseScenario(source);
  const { default: fc } = await import('fast-check');
  const durationMs = base.durationUs / 1000;
  const ids = base.nodes.map(({ id }) => id);
  const node = fc.constantFrom(...ids);
  const ends = [...ids, ...helperPlaces(base)];
  const everybody = [...ends, ...base.workload.clients.map(({ id }) => id)];
  const atMs = fc.integer({ min: 0, max: Math.max(0, Math.floor(durationMs) - 1) });
  const forMs = fc.option(fc.integer({ min: 1, max: Math.max(1, Math.floor(durationMs)) }), {
    nil: undefined,
    // Half of them for good: what needs two machines dead needs both to stay so.
    freq: 1,
  });
  const pair = fc
    .uniqueArray(fc.constantFrom(...ends), { minLength: 2, maxLength: 2 })
    .map(([a, b]) => ({ from: [a!], to: [b!] }));
  // Some against all others, clients too: that two leaders are believed in takes a side for each.
  const sides = fc
    .subarray(everybody, { minLength: 1, maxLength: everybody.length - 1 })
    .map((side) => ({ from: side, to: everybody.filter((name) => !side.includes(name)) }));
  const regions = [...new Set([...base.nodes, ...base.workload.clients].map(({ region }) => region))];
  const places =
    regions.length < 2
      ? []
      : [
          fc
            .constantFrom(...regions)
            .map((side) => ({ from: [side], to: regions.filter((name) => name !== side) })),
        ];
  const crash = fc.record({ type: fc.constant('crash' as const), node, atMs, forMs });
  const pause = fc.record({ type: fc.constant('pause' as const), node, atMs, forMs });
  const cut = fc
    .record({
      type: fc.constant('cut' as const),
      ends: fc.oneof(pair, sides, ...places),
      oneWay: fc.boolean(),
      atMs,
      forMs,
    })
    .map(({ ends, ...rest }) => ({ ...rest, ...ends }));
  const fault = fc.oneof(crash, pause, cut).map(withoutUndefined);
  const schedule = (faultsMax: number) =>
    fc.record({
      faults: fc.array(fault, { minLength: Math.min(1, faultsMax), maxLength: faultsMax }),
      seed: fc.integer({ min: 0, max: 0x7fff_ffff }),
    });

  const withFaults = (faults: readonly FaultSource[], seed: number): ScenarioSource => ({
    ...source,
    seed,
    faults: [...(source.faults ?? []), ...faults],
  });
  const run = ({ faults, seed }: { faults: FaultSource[]; seed: number }): Report =>
    simulate(parseScenario(withFaults(faults, seed)));
  const violated = (report: Report) =>
    report.verdicts.some(({ name, result }) => name === options.violates && result === 'violation');

  let done = 0;
  let stopped: { readonly reason: unknown } | undefined;
  const holds = async (drawn: { faults: FaultSource[]; seed: number }): Promise<boolean> => {
    if (stopped !== undefined) return true;
    const isViolated = violated(run(drawn));
    try {
      await options.onProgress?.(++done);
    } catch (reason) {
      stopped = { reason };
      return true;
    }
    return !isViolated;
  };
  for (const { faultsMax, runs } of rounds(options)) {
    const property = fc.asyncProperty(schedule(faultsMax), holds);
    const details = await fc.check(property, { numRuns: runs, seed: options.seed });
    if (stopped !== undefined) throw stopped.reason;
    if (!details.failed) continue;
    const [drawn] = details.counterexample!;
    return {
      type: 'found',
      scenario: {
        ...withFaults(drawn.faults, drawn.seed),
        id: `${source.id.slice(0, 48)}-broken`,
        title: `Found: faults that violate ${options.violates}`,
        expect: [{ verdict: options.violates, result: 'violation' }],
      },
      faults: drawn.faults,
      seed: drawn.seed,
      report: run(drawn),
      shrinks: details.numShrinks,
    };
  }
  return { type: 'not-found', runs: options.runs };
}

/**
 * Schedules of few faults come before those of many: shrinking takes away one thing at a time and ends where nothing more
 * can be taken, which may be two faults where another one would have done. First a few runs with no fault at all.
 */
function rounds({ runs, maxFaults }: FindOptions): { faultsMax: number; runs: number }[] {
  const withoutFaults = Math.ceil(runs / 16);
  const shares = [{ faultsMax: 0, runs: withoutFaults }];
  let left = runs - withoutFaults;
  for (let faultsMax = 1; faultsMax <= maxFaults; faultsMax++) {
    const share = Math.ceil(left / (maxFaults - faultsMax + 1));
    if (share > 0) shares.push({ faultsMax, runs: share });
    left -= share;
  }
  return shares;
}

function withoutUndefined<Fault extends { forMs?: number | undefined }>({
  forMs,
  ...fault
}: Fault): FaultSource {
  return { ...fault, ...(forMs !== undefined && { forMs }) } as unknown as FaultSource;
}
