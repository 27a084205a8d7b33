/**
 * The scenario as people write it, in YAML or JSON: times in milliseconds, rates per second, sizes in bytes.
 * `parse.ts` turns it into the resolved `Scenario` the loop runs. Unknown keys are errors.
 */
import * as z from 'zod/mini';
import { certificationSchema } from '../topologies/certification/schema.ts';
import { consensusSchema } from '../topologies/consensus/schema.ts';
import { leaderFollowerSchema } from '../topologies/leader-follower/schema.ts';
import { leaderlessSchema, ownLevels } from '../topologies/leaderless/schema.ts';
import { multiLeaderSchema } from '../topologies/multi-leader/schema.ts';
import { shardedSchema } from '../topologies/sharded/schema.ts';
import { contextRules } from '../workload/contexts.ts';
import {
  capacityPerSecond,
  delayMs,
  id,
  positiveCount,
  positiveDelayMs,
  positiveMs,
  probability,
  ratePerSecond,
  timeMs,
  yearMs,
} from './fields.ts';

/** A delay: a plain number of milliseconds, or a distribution. */
const simpleLatency = [
  z.strictObject({ type: z.literal('constant'), ms: delayMs }),
  z.strictObject({ type: z.literal('uniform'), minMs: delayMs, maxMs: delayMs }),
  z.strictObject({
    type: z.literal('exponential'),
    meanMs: positiveDelayMs,
    minMs: z._default(delayMs.check(z.describe('Added to every draw')), 0),
  }),
  z.strictObject({
    type: z.literal('pareto'),
    scaleMs: positiveDelayMs.check(z.describe('The smallest value')),
    shape: z.number().check(z.gt(0), z.lte(100), z.describe('The tail index α; smaller is heavier')),
  }),
  z.strictObject({
    type: z.literal('log-normal'),
    medianMs: positiveDelayMs,
    p99Ms: positiveDelayMs.check(z.describe('The 99th percentile; at least the median')),
  }),
  z.strictObject({
    type: z.literal('percentiles'),
    points: z
      .array(z.tuple([z.number().check(z.gte(0), z.lte(100)), delayMs]))
      .check(z.minLength(2), z.maxLength(64), z.describe('[percentile, milliseconds], both rising')),
  }),
  z.strictObject({
    type: z.literal('rtt'),
    provider: z._default(z.enum(['AWS', 'Azure']), 'AWS'),
    from: z.string(),
    to: z.string(),
  }),
] as const;
const mixture = z.strictObject({
  type: z.literal('mixture'),
  parts: z
    .array(
      z.strictObject({
        weight: z.number().check(z.gt(0), z.lte(1_000_000)),
        latency: z.union([delayMs, z.discriminatedUnion('type', simpleLatency)]),
      }),
    )
    .check(z.minLength(1), z.maxLength(16)),
});
const latency = z.union([delayMs, z.discriminatedUnion('type', [...simpleLatency, mixture])]);

const linkSettings = {
  latency: z.optional(latency.check(z.describe('One-way delay of a message'))),
  latencyOf: z.optional(
    z
      .strictObject({
        write: z.optional(latency.check(z.describe('A version on its way to a replica'))),
        ack: z.optional(latency.check(z.describe('A replica’s word that it has a version'))),
        request: z.optional(latency.check(z.describe('A question what a replica holds'))),
        response: z.optional(latency.check(z.describe('What it holds'))),
      })
      .check(
        z.describe(
          'Of leaderless replication: one-way delays by what a message is, the four ways of the WARS model; all else takes latency',
        ),
      ),
  ),
  bytesPerSecond: z.optional(
    capacityPerSecond.check(z.describe('Bandwidth: bytes take time, first in first out; without it, none')),
  ),
  loss: z.optional(probability.check(z.describe('Chance that a message is lost'))),
  duplication: z.optional(probability.check(z.describe('Chance that a message arrives twice'))),
  reordering: z.optional(
    z
      .boolean()
      .check(
        z.describe(
          'Whether replica-to-replica messages may overtake each other, as they cannot on one TCP connection',
        ),
      ),
  ),
};

const nodeSettings = {
  disk: z.optional(
    z.strictObject({
      fsync: z._default(latency.check(z.describe('How long an fsync takes')), 0),
      bytesPerSecond: z.optional(
        capacityPerSecond.check(z.describe('Write throughput; without it, no limit')),
      ),
      capacityBytes: z.optional(
        positiveCount(1e15).check(
          z.describe('Room for the log; without it, no limit. A leader whose log fills it panics'),
        ),
      ),
    }),
  ),
  capacity: z.optional(
    z.strictObject({
      readsPerSecond: z.optional(
        capacityPerSecond.check(z.describe('Reads one node serves; without it, no limit')),
      ),
      writesPerSecond: z.optional(
        capacityPerSecond.check(z.describe('Writes one leader takes; without it, no limit')),
      ),
      appliesPerSecond: z.optional(
        capacityPerSecond.check(z.describe('Replicated records one follower takes; without it, no limit')),
      ),
      queueMs: z.optional(
        timeMs.check(
          z.describe(
            'The longest queue, in time: a client whose request would wait for longer is refused at once; without it, the queue grows',
          ),
        ),
      ),
    }),
  ),
  replay: z.optional(
    z.strictObject({
      recordsPerSecond: z.optional(
        capacityPerSecond.check(
          z.describe('Records a follower replays one after another; without it, no limit'),
        ),
      ),
      bytesPerSecond: z.optional(
        capacityPerSecond.check(z.describe('Bytes of them a second; without it, no limit')),
      ),
      sharesMachineWithReads: z._default(
        z
          .boolean()
          .check(z.describe('Whether replay and the reads a follower serves wait for each other’s disk')),
        false,
      ),
    }),
  ),
  clock: z.optional(
    z.strictObject({
      skewMs: z._default(z.number().check(z.gte(-yearMs), z.lte(yearMs)), 0),
      driftPpm: z._default(
        z
          .number()
          .check(
            z.gte(-100_000),
            z.lte(100_000),
            z.describe('Microseconds gained per second; timers run on this clock'),
          ),
        0,
      ),
    }),
  ),
};

const cluster = z.strictObject({
  nodes: z
    .array(
      z.strictObject({
        id,
        region: z._default(id, 'local'),
        rack: z.optional(
          id.check(
            z.describe(
              'Leaderless, with replicas for each region: those of a key are in as many racks as there are; without it, a rack of the node’s own',
            ),
          ),
        ),
        connects: z.optional(
          z
            .strictObject({
              everyMs: positiveMs.check(
                z.describe('The mean time from the beginning of one connection to that of the next'),
              ),
              forMs: positiveMs.check(z.describe('How long each lasts')),
            })
            .check(
              z.describe(
                'A device, alone in its region with its users, that other regions reach only now and then; without it, always',
              ),
            ),
        ),
        ...nodeSettings,
      }),
    )
    .check(z.minLength(1), z.maxLength(31)),
  defaults: z.prefault(
    z.strictObject(nodeSettings).check(z.describe('For every node that does not say otherwise')),
    {},
  ),
});

const network = z.strictObject({
  within: z.prefault(z.strictObject(linkSettings).check(z.describe('Links inside one region')), {}),
  between: z._default(
    z
      .array(
        z.strictObject({
          from: id,
          to: id,
          oneWay: z._default(z.boolean().check(z.describe('Only this direction; otherwise both')), false),
          ...linkSettings,
        }),
      )
      .check(z.maxLength(4096)),
    [],
  ),
});

const workload = z.strictObject({
  clients: z
    .array(
      z.strictObject({
        id: z.optional(id),
        region: z._default(id, 'local'),
        readsPerSecond: z._default(ratePerSecond.check(z.describe('Of the whole group')), 0),
        writesPerSecond: z._default(ratePerSecond.check(z.describe('Of the whole group')), 0),
        ...ownLevels,
        deletesPerSecond: z._default(
          ratePerSecond.check(
            z.describe('Of the whole group, beside its writes: each deletes a key. Leaderless stores only'),
          ),
          0,
        ),
        table: z.optional(
          id.check(
            z.describe(
              'Of several leaders’ tables (topology.tables) the one whose rows it reads and writes; without it, all',
            ),
          ),
        ),
        columns: z.optional(
          z
            .array(z.union([id, z.int().check(z.gte(0), z.lte(7))]))
            .check(
              z.minLength(1),
              z.maxLength(8),
              z.describe(
                'With several leaders: the columns that each of its writes sets, by name, or counted from 0 where they have none; without it, one at random',
              ),
            ),
        ),
        context: z.optional(
          z
            .enum(contextRules)
            .check(
              z.describe(
                'What its writes say of what their writers had read of the key: nothing; what the user has read last, where users are told apart; or what a read before each write finds. Without it they say nothing, and nothing is made of that',
              ),
            ),
        ),
        fromMs: z._default(timeMs.check(z.describe('When the group begins to ask')), 0),
        untilMs: z.optional(
          positiveMs.check(
            z.describe(
              'When it stops, but for users who come back for what they wrote; without it, when the workload ends. Bursts are groups of their own',
            ),
          ),
        ),
      }),
    )
    .check(z.minLength(1), z.maxLength(64)),
  arrivals: z._default(
    z.enum(['poisson', 'regular']).check(z.describe('Independent arrivals, or one every 1/rate seconds')),
    'poisson',
  ),
  keys: z.prefault(
    z.strictObject({
      count: z._default(positiveCount(1_000_000), 100),
      choice: z._default(
        z
          .enum(['uniform', 'zipf', 'in-turn'])
          .check(z.describe('At random, all alike or by the Zipf law; or one after another')),
        'uniform',
      ),
      exponent: z._default(z.number().check(z.gte(0), z.lte(4), z.describe('Of the Zipf law')), 0.99),
    }),
    {},
  ),
  valueBytes: z._default(positiveCount(1_000_000_000), 200),
  users: z.optional(
    z.strictObject({
      count: positiveCount(100_000).check(
        z.describe('How many users a client group stands for; each operation is one user’s, at random'),
      ),
      readAfterWriteMs: z.optional(
        timeMs.check(
          z.describe(
            'A user reads what it has written, so long after the acknowledgement, beside what readsPerSecond asks; without it, nobody does',
          ),
        ),
      ),
    }),
  ),
  timeoutMs: z._default(
    positiveMs.check(z.describe('After which a client gives up; the outcome is then unknown')),
    1000,
  ),
});

const fault = { atMs: timeMs };
const lasting = {
  ...fault,
  forMs: z.optional(positiveMs.check(z.describe('Ends by itself after this long'))),
};
const ends = z.readonly(
  z
    .array(id)
    .check(z.minLength(1), z.maxLength(256), z.describe('Nodes, client groups, regions or the manager')),
);
const faultTypes = [
  z.strictObject({
    type: z.literal('crash'),
    node: id,
    loses: z.optional(
      z
        .enum(['machine', 'memory'])
        .check(
          z.describe(
            'machine: the power goes, and with it what was not fsynced and what has not arrived yet; memory: only the process dies',
          ),
        ),
    ),
    ...lasting,
  }),
  z.strictObject({ type: z.literal('restart'), node: id, ...fault }),
  z.strictObject({ type: z.literal('pause'), node: id, ...lasting }),
  z.strictObject({ type: z.literal('resume'), node: id, ...fault }),
  z.strictObject({
    type: z.literal('cut'),
    from: ends,
    to: ends,
    oneWay: z._default(z.boolean(), false),
    ...lasting,
  }),
  z.strictObject({ type: z.literal('heal'), from: z.optional(ends), to: z.optional(ends), ...fault }),
  z.strictObject({
    type: z.literal('slow-link'),
    from: ends,
    to: ends,
    oneWay: z._default(z.boolean(), false),
    extraMs: timeMs.check(z.describe('Added to every delay; 0 ends it')),
    ...lasting,
  }),
  z.strictObject({
    type: z.literal('lossy-link'),
    from: ends,
    to: ends,
    oneWay: z._default(z.boolean(), false),
    loss: z._default(probability, 0),
    duplication: z._default(probability, 0),
    ...lasting,
  }),
  z.strictObject({
    type: z.literal('slow-disk'),
    node: id,
    extraMs: timeMs.check(z.describe('Added to every fsync; 0 ends it')),
    ...lasting,
  }),
  z.strictObject({
    type: z.literal('promote'),
    node: id.check(z.describe('Whom an operator makes the leader by hand')),
    ...fault,
  }),
  z.strictObject({
    type: z.literal('clock-skew'),
    node: id,
    skewMs: z.number().check(z.gte(-yearMs), z.lte(yearMs)),
    driftPpm: z._default(z.number().check(z.gte(-100_000), z.lte(100_000)), 0),
    ...fault,
  }),
  z.strictObject({
    type: z.literal('huge-transaction'),
    node: z.optional(id.check(z.describe('The leader that commits it; without it, whoever leads'))),
    bytes: positiveCount(2_000_000_000).check(
      z.describe('Written, sent and replayed as one record, for which nobody waits'),
    ),
    key: z._default(z.int().check(z.gte(0), z.lte(999_999), z.describe('Which key it writes')), 0),
    ...fault,
  }),
  z.strictObject({
    type: z.literal('long-query'),
    node: id.check(z.describe('The follower that it runs on')),
    forMs: positiveMs.check(z.describe('How long it takes, unless replay cancels it')),
    conflict: z
      .enum(['cleanup', 'lock'])
      .check(
        z.describe(
          'How records written since it began stand against it: cleanup removes rows it sees, lock takes a table it reads',
        ),
      ),
    ...fault,
  }),
  z.strictObject({
    type: z.literal('change-schema'),
    node: id.check(z.describe('The leader whose table, or whose application, is changed')),
    does: z
      .enum(['add', 'drop', 'write', 'stop-writing'])
      .check(
        z.describe(
          'Whether the table gets or loses its last column, or the application there begins or ceases to write it',
        ),
      ),
    ...fault,
  }),
  z.strictObject({
    type: z.literal('cancel-waits'),
    node: z.optional(
      id.check(z.describe('The leader whose waiting writes are let go; without it, whoever leads')),
    ),
    ...fault,
  }),
] as const;

/** Verdicts on what each user sees, given where a scenario tells users apart. */
export const sessionVerdictNames = ['read-your-writes', 'monotonic-reads', 'consistent-prefix'] as const;
/** Verdicts on versions that are stamps of clocks, given where nobody leads. */
const stampVerdictNames = ['discarded-writes', 'new-old-inversions', 'resurrection'] as const;
export const verdictNames = [
  'lost-writes',
  'stale-reads',
  'divergence',
  'split-brain',
  'consensus-safety',
  'certification',
  'update-before-insert',
  'linearizability',
  ...stampVerdictNames,
  ...sessionVerdictNames,
] as const;

const expectation = z.union([
  z.strictObject({
    verdict: z.enum(verdictNames),
    result: z.enum(['ok', 'violation', 'unknown']),
  }),
  z.strictObject({
    metric: z.string().check(z.describe('A path into the report, such as latencyMs.write.p99')),
    atLeast: z.optional(z.number()),
    atMost: z.optional(z.number()),
  }),
]);

export const scenarioSchema = z.strictObject({
  id,
  title: z._default(z.string().check(z.maxLength(200)), ''),
  seed: z._default(z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER)), 1),
  durationMs: positiveMs.check(
    z.describe('How long the workload runs; then faults heal and the cluster drains'),
  ),
  drainMs: z._default(timeMs.check(z.describe('The longest the drain may take')), 60_000),
  cluster,
  network: z.prefault(network, {}),
  topology: z.discriminatedUnion('type', [
    leaderFollowerSchema,
    consensusSchema,
    certificationSchema,
    leaderlessSchema,
    multiLeaderSchema,
    shardedSchema,
  ]),
  workload,
  faults: z._default(z.array(z.discriminatedUnion('type', faultTypes)).check(z.maxLength(100_000)), []),
  alerts: z.prefault(
    z.strictObject({
      lagMs: z.optional(
        positiveMs.check(
          z.describe(
            'Replay lag of a follower, or of one leader behind another, above which an alert is raised',
          ),
        ),
      ),
      disconnected: z._default(
        z
          .boolean()
          .check(
            z.describe(
              'Whether one is raised when a leader loses its stream to a follower, or to another leader',
            ),
          ),
        false,
      ),
    }),
    {},
  ),
  expect: z._default(z.array(expectation).check(z.maxLength(100)), []),
});

/** A scenario as written: what YAML and JSON files hold, defaults left out. */
export type ScenarioSource = z.input<typeof scenarioSchema>;
/** As written, defaults filled in. */
export type ScenarioDocument = z.output<typeof scenarioSchema>;
export type TopologyDocument = ScenarioDocument['topology'];
export type LatencyDocument = z.output<typeof latency>;
export type LatencySource = z.input<typeof latency>;
export type FaultDocument = ScenarioDocument['faults'][number];
export type FaultSource = NonNullable<ScenarioSource['faults']>[number];
export type Expectation = ScenarioDocument['expect'][number];
export type VerdictName = (typeof verdictNames)[number];
