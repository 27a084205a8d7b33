/**
 * The question of `quorum`, put to the full simulation: a leaderless cluster in which each key is written once, and read so
 * long after the write's acknowledgement. Nobody assumes anything here; replicas and coordinators exchange messages.
 *
 * ```ts
 * const question = { ...defaultQuorumQuestion, n: 3, r: 1, w: 1, latency: quorumLatencies['lnkd-disk'], trials: 20_000 };
 * const prepared = prepareSimulatedQuorum(question);
 * const tally = emptySimulatedTally(prepared);
 * for (let part = 0; part < prepared.parts.length; part++) simulateQuorumPart(prepared, tally, part);
 * simulatedQuorumAnswer(question, tally).pFresh; // [{ tMs: 0, p: 0.44 }, …]
 * ```
 *
 * As in the WARS model, writes and reads go to all replicas, which need no time and are not repaired, and whoever coordinates
 * is no replica and is at its client's. Where replicas are far from each other, one coordinator is near each, and a client
 * asks any of them.
 */

import { Streams } from '../kernel/random.ts';
import { Histogram } from '../observe/histogram.ts';
import { Simulation } from '../run/simulation.ts';
import { parseScenario } from '../scenario/parse.ts';
import { InputError } from '../scenario/problems.ts';
import { type RegionLink, type Scenario, toUs } from '../scenario/scenario.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { availability, kStaleness, survives } from './closed-forms.ts';
import type { QuorumLatency } from './latency.ts';
import { type QuorumAnswer, type QuorumQuestion, quorumProblems, shownVersions } from './quorum.ts';

/** What the engine says of a question: as `QuorumAnswer`, but for the time that only many more trials would tell. */
export interface SimulatedQuorumAnswer extends Omit<QuorumAnswer, 'tVisibilityMs'> {
  readonly via: 'engine';
  readonly tVisibilityMs: null;
  /** Of each time of `pFresh`. */
  readonly trials: number;
}

export interface SimulatedQuorum {
  /** By time of the question. */
  readonly scenarios: readonly Scenario[];
  readonly parts: readonly SimulatedPart[];
}

/** One run. */
interface SimulatedPart {
  /** Index of the time. */
  readonly time: number;
  readonly trials: number;
  readonly seed: number;
}

export interface SimulatedTally {
  /** By time: reads that were stale, and all. */
  readonly stale: number[];
  readonly trials: number[];
  readonly reads: Histogram;
  readonly writes: Histogram;
}

/** Trials without a word, for each time. Some 100,000 are done in a second. */
export const simulatedTrials = 100_000;

/** Writes of one run. Virtual time costs nothing: keys are written in turn, and each again long after its last read. */
const trialsOfRun = 20_000;
const keys = 16;
const apartMs = 2_000_000;
/** Longer than any operation takes: four of the longest delays that can be drawn, and longer than any way is slowed. */
const patienceMs = 20_000_000;
const neverMs = 10_000_000_000;
const nodesMost = 31;

/** Throws InputError with every problem, by the question's names. */
export function prepareSimulatedQuorum(question: QuorumQuestion): SimulatedQuorum {
  const problems = quorumProblems(question);
  const { n, latency, atMs, trials, seed } = question;
  if (n + coordinatorsOf(n, latency) > nodesMost) {
    problems.push({
      path: ['n'],
      found: String(n),
      expected: `at most ${Math.floor(nodesMost / 2)} through the engine where replicas are far from each other`,
      hint: 'each of them needs a coordinator that is near, and there are 31 nodes at most',
    });
  }
  if (atMs.length === 0) problems.push({ path: ['atMs'], found: 'nothing', expected: 'one time at least' });
  if (problems.length > 0) throw new InputError('quorum', problems);
  const scenario = scenarioOf(question);
  const scenarios = atMs.map((tMs) => ({
    ...scenario,
    workload: { ...scenario.workload, users: { count: 1, readAfterWriteUs: toUs(tMs) } },
  }));
  const streams = new Streams(seed);
  const seeds = streams.add('quorum through the engine');
  const parts = atMs.flatMap((_, time) =>
    Array.from({ length: Math.ceil(trials / trialsOfRun) }, (_, run) => ({
      time,
      trials: Math.min(trialsOfRun, trials - run * trialsOfRun),
      seed: streams.next(seeds) >>> 0,
    })),
  );
  return { scenarios, parts };
}

export function emptySimulatedTally({ scenarios }: SimulatedQuorum): SimulatedTally {
  return {
    stale: scenarios.map(() => 0),
    trials: scenarios.map(() => 0),
    reads: new Histogram(),
    writes: new Histogram(),
  };
}

/** Runs one of the parts, by index, and adds what it showed. */
export function simulateQuorumPart(
  { scenarios, parts }: SimulatedQuorum,
  tally: SimulatedTally,
  part: number,
): void {
  const { time, trials, seed } = parts[part]!;
  const scenario = scenarios[time]!;
  const untilUs = Math.round((trials + 0.5) * (1_000_000 / scenario.workload.clients[0]!.writesPerSecond));
  const clients = scenario.workload.clients.map((client) => ({ ...client, untilUs }));
  const run = new Simulation({ ...scenario, workload: { ...scenario.workload, clients } }, seed, undefined);
  run.advanceTo(scenario.durationUs);
  const { read, write } = run.operations;
  if (read.counts[0] !== trials || write.counts[0] !== trials)
    throw new Error(
      `of ${trials} trials ${write.counts[0]} writes and ${read.counts[0]} reads were answered`,
    );
  tally.trials[time]! += trials;
  tally.stale[time]! += run.staleReads.count;
  tally.reads.merge(read.latency);
  tally.writes.merge(write.latency);
}

/** What the tally of all parts says. */
export function simulatedQuorumAnswer(
  { n, r, w, atMs, pDown, trials }: QuorumQuestion,
  tally: SimulatedTally,
): SimulatedQuorumAnswer {
  const latencyMs = (latency: Histogram) => {
    const quantile = (p: number) => latency.quantile(p)! / 1000;
    return { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999) };
  };
  return {
    via: 'engine',
    n,
    r,
    w,
    trials,
    pFresh: atMs.map((tMs, time) => ({ tMs, p: (trials - tally.stale[time]!) / trials })),
    tVisibilityMs: null,
    kStaleness: shownVersions.map((k) => ({ k, p: kStaleness({ n, r, w }, k) })),
    readMs: latencyMs(tally.reads),
    writeMs: latencyMs(tally.writes),
    availability: {
      pDown,
      reads: availability(n, r, pDown),
      writes: availability(n, w, pDown),
      both: availability(n, Math.max(r, w), pDown),
    },
    survives: survives({ n, r, w }),
  };
}

function coordinatorsOf(n: number, { remoteUs }: QuorumLatency): number {
  return remoteUs > 0 ? n : 1;
}

/** Of any time. Every node is in a region of its own, so that each pair of them has its link. */
function scenarioOf({ n, r, w, latency, atMs }: QuorumQuestion): Scenario {
  const everyMs = Math.ceil((apartMs + Math.max(...atMs)) / keys);
  const named = (kind: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
  const replicas = named('replica', n);
  const coordinators = named('coordinator', coordinatorsOf(n, latency));
  const nodes = [...replicas, ...coordinators];
  const places = [...nodes, 'clients'];
  const source: ScenarioSource = {
    id: 'quorum',
    durationMs: trialsOfRun * everyMs + patienceMs,
    cluster: { nodes: nodes.map((id) => ({ id, region: id })) },
    network: {
      between: places.flatMap((from, index) =>
        places.slice(index + 1).map((to) => ({ from, to, reordering: true, latency: farMs(from, to) })),
      ),
    },
    topology: {
      type: 'leaderless',
      replicas: Object.fromEntries(replicas.map((region) => [region, 1])),
      read: r,
      write: w,
      balance: 'random',
      readsAsk: 'all',
      readRepair: 'none',
      commitLog: { syncEveryMs: neverMs },
      readTimeoutMs: patienceMs,
      writeTimeoutMs: patienceMs,
      failureDetection: { everyMs: neverMs, downAfterMs: 2 * neverMs },
    },
    workload: {
      clients: [{ region: 'clients', writesPerSecond: 1000 / everyMs }],
      arrivals: 'regular',
      keys: { count: keys, choice: 'in-turn' },
      users: { count: 1, readAfterWriteMs: 0 },
      timeoutMs: patienceMs,
    },
  };
  const scenario = parseScenario(source);
  return { ...scenario, between: scenario.between.map((link) => asAsked(link, latency)) };
}

/** Clients are at their coordinators; what replicas tell each other takes no part. */
function farMs(from: string, to: string): number {
  return to === 'clients' && from.startsWith('coordinator') ? 0 : 1;
}

/** The four ways between a coordinator and a replica. */
function asAsked(link: RegionLink, { write, ack, request, response, remoteUs }: QuorumLatency): RegionLink {
  const [from, fromNumber] = link.from.split('-');
  const [to, toNumber] = link.to.split('-');
  if (![from, to].includes('coordinator') || ![from, to].includes('replica')) return link;
  const shiftUs = fromNumber === toNumber ? 0 : remoteUs;
  const far = (of: QuorumLatency['write']) => (shiftUs === 0 ? of : { type: 'scaled' as const, of, shiftUs });
  return {
    ...link,
    latencyOf: { write: far(write), ack: far(ack), request: far(request), response: far(response) },
  };
}
