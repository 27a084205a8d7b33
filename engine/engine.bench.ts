/**
 * `npm run bench`: what each layer costs, all measured in one run, so that the ratios hold on a noisy machine.
 * Nothing here passes or fails; tests are for that.
 */

import { benchExplore } from './explore/explore.bench.ts';
import { benchHistories, benchJudgedRuns } from './histories/histories.bench.ts';
import { Queue, STRIDE, TO } from './kernel/queue.ts';
import { quorumLatencies } from './quorum/latency.ts';
import { defaultQuorumQuestion } from './quorum/quorum.ts';
import { emptySimulatedTally, prepareSimulatedQuorum, simulateQuorumPart } from './quorum/simulated.ts';
import { emptyTally } from './quorum/tally.ts';
import { BLOCK_TRIALS, Wars, warsModel } from './quorum/wars.ts';
import { simulate } from './run/simulate.ts';
import { Simulation } from './run/simulation.ts';
import { parseScenario } from './scenario/parse.ts';
import type { ScenarioSource } from './scenario/schema.ts';
import { benchCharts } from './statecharts/bench.ts';
import { compileCharts } from './statecharts/chart.ts';
import { Election, prepareElection } from './topologies/consensus/election.ts';
import { simulateElections } from './topologies/consensus/elections.ts';
import { benchMerkle } from './topologies/leaderless/merkle.bench.ts';

/** CPU time of this thread, without the compiler's: what the loop itself costs, however busy the machine is. */
const cpuSeconds = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};
const nowMs = (): number => performance.now();

function source(overrides: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'bench',
    durationMs: 10_000,
    cluster: {
      nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
      defaults: { disk: { fsync: { type: 'log-normal', medianMs: 1, p99Ms: 5 } } },
    },
    topology: { type: 'leader-follower', acknowledgement: 'semi-synchronous' },
    workload: {
      clients: [{ readsPerSecond: 20_000, writesPerSecond: 20_000 }],
      keys: { count: 1000 },
    },
    ...overrides,
  };
}

function leaderless(topology: object = {}): ScenarioSource {
  return source({ topology: { type: 'leaderless', ...topology } });
}

/** 10,000 writes a second at five leaders, all to all. */
const leaders = source({
  cluster: {
    nodes: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })),
    defaults: { disk: { fsync: { type: 'log-normal', medianMs: 1, p99Ms: 5 } } },
  },
  topology: { type: 'multi-leader' },
  workload: { clients: [{ writesPerSecond: 10_000 }], keys: { count: 1000 } },
});

/** Its safety is checked on every run. */
const raft: ScenarioSource = {
  id: 'bench-raft',
  durationMs: 60_000,
  cluster: {
    nodes: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })),
    defaults: { disk: { fsync: { type: 'log-normal', medianMs: 1, p99Ms: 5 } } },
  },
  topology: { type: 'consensus', electionTimeoutMs: 150, heartbeatMs: 50 },
  workload: { clients: [{ writesPerSecond: 1000 }], keys: { count: 1000 } },
};

function line(name: string, value: string): void {
  process.stdout.write(`${name.padEnd(58)} ${value}\n`);
}

const millions = (perSecond: number): string => `${(perSecond / 1e6).toFixed(2)} M/s`;

/** The queue alone, as busy as the simulation keeps it: `pending` records, each dispatched and pushed again. */
function bareQueue(pending: number, dispatches: number): number {
  const queue = new Queue();
  let random = 1;
  const delay = () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
    return 100 + ((random >>> 8) & 0x3ff);
  };
  for (let index = 0; index < pending; index++) queue.push(0, delay(), 20, 0, 1, index, 0, 0, 0, 0, 0);
  let sum = 0;
  const begun = cpuSeconds();
  for (let index = 0; index < dispatches; index++) {
    const record = queue.next(2 ** 48);
    const nowUs = queue.times[record * 2]!;
    sum += queue.words[record * STRIDE + TO]!;
    queue.release(record);
    queue.push(nowUs, nowUs + delay(), 20, 0, 1, index, 0, 0, 0, 0, 0);
  }
  const seconds = cpuSeconds() - begun;
  if (sum !== dispatches) throw new Error('the queue lost a record');
  return dispatches / seconds;
}

interface Speed {
  readonly messagesPerSecond: number;
  readonly eventsPerSecond: number;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function speedOf(scenarioSource: ScenarioSource, traced: boolean): Speed {
  const scenario = parseScenario(scenarioSource);
  let entries = 0;
  // Twice before it counts: the compiler has then seen the whole of it.
  for (let seed = 100; seed < 102; seed++) simulate(scenario, { seed });
  const samples = Array.from({ length: 7 }, (_, index) => {
    const begun = cpuSeconds();
    const report = simulate(scenario, traced ? { seed: index, observe: () => entries++ } : { seed: index });
    const seconds = cpuSeconds() - begun;
    return { messages: report.messages.delivered / seconds, events: report.events / seconds };
  });
  if (traced && entries === 0) throw new Error('nothing was traced');
  return {
    messagesPerSecond: median(samples.map(({ messages }) => messages)),
    eventsPerSecond: median(samples.map(({ events }) => events)),
  };
}

/** Bytes in use after each million events of one long run, garbage collected. */
function memoryOverEvents(millionsOfEvents: number): number[] {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  const simulation = new Simulation(parseScenario(source({ durationMs: 3_600_000 })), 1, undefined);
  const bytes: number[] = [];
  for (let done = 1; done <= millionsOfEvents; done++) {
    while (simulation.loop.events < done * 1_000_000) simulation.advanceTo(simulation.loop.nowUs + 100_000);
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    bytes.push(heapUsed + arrayBuffers);
  }
  return bytes;
}

const charts = benchCharts(nowMs);
line('XState transition(), steps', millions(charts.xstateStepsPerSecond));
line(
  'lowered charts, steps',
  `${millions(charts.loweredStepsPerSecond)}  (${charts.ratio.toFixed(0)} × XState)`,
);

compileCharts();
bareQueue(1000, 1_000_000);
const bare = bareQueue(1000, 5_000_000);
line('bare queue loop, events', millions(bare));

const rows: readonly (readonly [string, ScenarioSource, boolean])[] = [
  ['leader-follower, 3 nodes, semi-synchronous', source(), false],
  ['  the same, asynchronous', source({ topology: { type: 'leader-follower' } }), false],
  [
    '  the same, synchronous',
    source({ topology: { type: 'leader-follower', acknowledgement: 'synchronous' } }),
    false,
  ],
  [
    '  the same, reads from followers',
    source({ topology: { type: 'leader-follower', reads: 'followers' } }),
    false,
  ],
  ['  the same, trace on', source({ durationMs: 2000 }), true],
  ['leaderless, N=3 quorum reads and writes', leaderless(), false],
  ['  the same, commit log synced every 10 s', leaderless({ commitLog: { syncEveryMs: 10_000 } }), false],
  ['  the same, reads ask only two', leaderless({ readsAsk: 'enough' }), false],
  ['multi-leader, 5 leaders all to all, 10,000 writes/s', leaders, false],
  [
    '  the same, 20 ms from each to each',
    { ...leaders, network: { within: { latency: { type: 'log-normal', medianMs: 20, p99Ms: 40 } } } },
    false,
  ],
  ['Raft, 5 servers, 50 ms heartbeats, 1,000 writes/s', raft, false],
  [
    '  the same, and 1,000 reads/s by read index',
    {
      ...raft,
      workload: { clients: [{ writesPerSecond: 1000, readsPerSecond: 1000 }], keys: { count: 1000 } },
    },
    false,
  ],
];
for (const [name, scenario, traced] of rows) {
  const { messagesPerSecond, eventsPerSecond } = speedOf(scenario, traced);
  line(
    name,
    `${millions(messagesPerSecond)} messages, ${millions(eventsPerSecond)} events  (1/${(bare / eventsPerSecond).toFixed(1)} of bare)`,
  );
}

/** Five servers over a wide-area network, two of them down: what one election costs, and what its setting up does. */
async function electionSpeed(): Promise<{ seconds: number; events: number; setUpSeconds: number }> {
  const setup = {
    servers: 5,
    failed: 2,
    logs: 'same',
    start: 'fresh',
    oneWay: { minUs: 30_000, maxUs: 40_000 },
    timeout: { minUs: 300_000, maxUs: 600_000 },
    heartbeatUs: 150_000,
    voteWriteUs: 0,
  } as const;
  const prepared = prepareElection(setup);
  let begun = cpuSeconds();
  for (let seed = 0; seed < elections; seed++) new Election(prepared, seed);
  const setUpSeconds = cpuSeconds() - begun;
  let events = 0;
  for (let seed = 0; seed < elections; seed++) {
    const election = new Election(prepared, seed);
    election.runUntilLed(3_600_000_000);
    events += election.loop.events;
  }
  begun = cpuSeconds();
  await simulateElections({ ...setup, runs: elections, seed: 1 });
  return { seconds: cpuSeconds() - begun, events, setUpSeconds };
}

const elections = 20_000;
const { seconds, events, setUpSeconds } = await electionSpeed();
const bareSeconds = events / bareQueue(50, events);
line(
  '20,000 elections of 5 servers',
  `${seconds.toFixed(2)} s, of it ${setUpSeconds.toFixed(2)} s setting up  (bare queue, as many events: ${bareSeconds.toFixed(2)} s, 1/${(seconds / bareSeconds).toFixed(0)})`,
);

benchExplore(line, cpuSeconds);
const merkle = benchMerkle(cpuSeconds);
line(
  'Merkle trees of 1 M keys, built; updated, writes',
  `${merkle.buildSeconds.toFixed(2)} s; ${millions(merkle.updatesPerSecond)}`,
);
const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(1)} kB`;
for (const { differing, bytes, rounds, seconds: took } of merkle.comparisons) {
  line(
    `  compared, ${differing} keys differ`,
    `${kilobytes(bytes)} in ${rounds} rounds, ${(took * 1e3).toFixed(1)} ms  (1/${(merkle.scanBytes / bytes).toFixed(0)} of a scan's bytes)`,
  );
}
line(
  '  a full scan',
  `${kilobytes(merkle.scanBytes)}, ${(merkle.scanSeconds * 1e3).toFixed(1)} ms to compare`,
);

/** Trials a second of three replicas: one (r, w), or all nine with the whole curve of freshness over time. */
function warsSpeed(answers: readonly number[]): number {
  const model = warsModel(3, quorumLatencies['lnkd-disk']);
  const wars = new Wars(model, { reads: answers, writes: answers, timesTicks: [] });
  const tally = emptyTally(answers.length, answers.length, 0);
  const blocks = 16;
  const samples = Array.from({ length: 9 }, (_, round) => {
    const begun = cpuSeconds();
    for (let block = 0; block < blocks; block++) wars.runBlock(tally, round, block, BLOCK_TRIALS);
    return (blocks * BLOCK_TRIALS) / (cpuSeconds() - begun);
  });
  return median(samples.slice(2));
}

/** The same question as one would write it down: a logarithm and a power for each of the twelve delays. */
function plainWars(trials: number): number {
  const { random, log } = Math;
  const delay = (share: number, scale: number, shape: number, mean: number) =>
    random() < share ? scale * random() ** (-1 / shape) : -mean * log(random());
  let stale = 0;
  const begun = cpuSeconds();
  for (let trial = 0; trial < trials; trial++) {
    let acknowledged = Number.POSITIVE_INFINITY;
    let answered = Number.POSITIVE_INFINITY;
    let lead = 0;
    for (let replica = 0; replica < 3; replica++) {
      const write = delay(0.38, 1050, 1.51, 1000 / 0.183);
      acknowledged = Math.min(acknowledged, write + delay(0.9122, 235, 10, 1000 / 1.66));
      const request = delay(0.9122, 235, 10, 1000 / 1.66);
      const both = request + delay(0.9122, 235, 10, 1000 / 1.66);
      if (both < answered) {
        answered = both;
        lead = write - request;
      }
    }
    if (lead > acknowledged) stale++;
  }
  const perSecond = trials / (cpuSeconds() - begun);
  if (Math.abs(stale / trials - 0.563) > 0.01) throw new Error('the plain loop asks something else');
  return perSecond;
}

plainWars(200_000);
const plain = plainWars(2_000_000);
line('WARS, 3 replicas, one plain loop with logarithms, trials', millions(plain));
for (const [name, answers] of [
  ['WARS, 3 replicas, r = w = 1', [1]],
  ['  the same, all nine (r, w) and every t', [1, 2, 3]],
] as const) {
  const perSecond = warsSpeed(answers);
  line(name, `${millions(perSecond)} trials a core  (${(perSecond / plain).toFixed(1)} × plain)`);
}

const asked = {
  ...defaultQuorumQuestion,
  n: 3,
  r: 1,
  w: 1,
  latency: quorumLatencies['lnkd-disk'],
  atMs: [0],
};
const simulated = prepareSimulatedQuorum({ ...asked, trials: 60_000 });
const simulatedTally = emptySimulatedTally(simulated);
// The first run builds the links' tables.
simulateQuorumPart(simulated, simulatedTally, 0);
const simulatedFrom = cpuSeconds();
simulateQuorumPart(simulated, simulatedTally, 1);
simulateQuorumPart(simulated, simulatedTally, 2);
line('the same question through the engine, trials', millions(40_000 / (cpuSeconds() - simulatedFrom)));

for (const { name, ms, steps } of benchHistories(nowMs))
  line(`checked: ${name}`, `${ms.toFixed(1)} ms, ${steps} steps`);
const judged = benchJudgedRuns(cpuSeconds, 2000);
line(
  'runs of a quorum register with faults, each judged',
  `${judged.runsPerSecond.toFixed(0)} runs/s of ${judged.operationsPerRun.toFixed(0)} operations  (${judged.withoutVerdictPerSecond.toFixed(0)} without the verdict; ${judged.violations} of 2000 not linearizable)`,
);

const memory = memoryOverEvents(10);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
line('memory after 1, 5 and 10 M events', [memory[0]!, memory[4]!, memory[9]!].map(megabytes).join(', '));
