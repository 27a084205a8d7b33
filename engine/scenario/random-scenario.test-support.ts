/**
 * Random scenarios for property tests: everything the schema knows, in sizes that run in milliseconds. Each one is a
 * source that `parseScenario` accepts, so that a counterexample can be saved as a file and run.
 */
import fc from 'fast-check';
import type { LeaderFollowerScenario } from '../topologies/leader-follower/random-cluster.test-support.ts';
import type { FaultSource } from './schema.ts';

export interface RandomScenarioOptions {
  /** Which faults may occur; without it, every type. An empty list: none. */
  readonly faults?: readonly FaultSource['type'][];
  /** Loss and duplication of links, beside faults; true if not given. */
  readonly unreliable?: boolean;
  /** Whether replica links may be set to let messages overtake each other; true if not given. */
  readonly reordering?: boolean;
  /** false: manual failover only; true if not given: either. */
  readonly failover?: boolean;
  readonly nodesMin?: number;
  readonly durationMsMax?: number;
  /** How long the drain may take; 10 s if not given. */
  readonly drainMs?: number;
}

export const faultTypes = [
  'crash',
  'restart',
  'pause',
  'resume',
  'cut',
  'heal',
  'slow-link',
  'lossy-link',
  'slow-disk',
  'clock-skew',
  'huge-transaction',
  'long-query',
  'cancel-waits',
] as const satisfies readonly FaultSource['type'][];

/** Milliseconds with three decimals: whole µs, as they come back from a report. */
const ms = (min: number, max: number) =>
  fc.integer({ min: min * 1000, max: max * 1000 }).map((us) => us / 1000);

const simpleLatency = fc.oneof(
  ms(0, 20),
  fc.record({ type: fc.constant('constant' as const), ms: ms(0, 20) }),
  fc
    .tuple(ms(0, 5), ms(0, 20))
    .map(([minMs, more]) => ({ type: 'uniform' as const, minMs, maxMs: minMs + more })),
  fc.record({ type: fc.constant('exponential' as const), meanMs: ms(1, 10), minMs: ms(0, 3) }),
  fc.record({
    type: fc.constant('pareto' as const),
    scaleMs: ms(1, 3),
    shape: fc.integer({ min: 1, max: 30 }),
  }),
  fc
    .tuple(ms(1, 3), ms(0, 20))
    .map(([medianMs, more]) => ({ type: 'log-normal' as const, medianMs, p99Ms: medianMs + more })),
  fc.constant({
    type: 'percentiles' as const,
    points: [
      [50, 1],
      [99, 5],
      [99.9, 30],
    ] as [number, number][],
  }),
  fc.constant({ type: 'rtt' as const, from: 'us-east-1', to: 'eu-west-1' }),
);
const latency = fc.oneof(
  { weight: 6, arbitrary: simpleLatency },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), latency: simpleLatency }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => ({ type: 'mixture' as const, parts })),
  },
);

function link(unreliable: boolean, reordering: boolean) {
  const chance = fc.integer({ min: 0, max: unreliable ? 8 : 0 }).map((percent) => percent / 100);
  return fc.record(
    {
      latency,
      bytesPerSecond: fc.integer({ min: 200_000, max: 10_000_000 }),
      loss: chance,
      duplication: chance,
      reordering: reordering ? fc.boolean() : fc.constant(false),
    },
    { requiredKeys: ['latency'] },
  );
}

const perSecond = fc.integer({ min: 400, max: 5000 });
/** Enough that a follower works off what it is sent again before it is sent once more. */
const appliesPerSecond = fc.integer({ min: 3000, max: 20_000 });
const nodeSettings = {
  disk: fc.record(
    { fsync: simpleLatency, bytesPerSecond: fc.integer({ min: 100_000, max: 10_000_000 }) },
    { requiredKeys: [] },
  ),
  capacity: fc.record(
    { readsPerSecond: perSecond, writesPerSecond: perSecond, appliesPerSecond },
    { requiredKeys: [] },
  ),
  replay: fc.record(
    {
      recordsPerSecond: fc.integer({ min: 100, max: 2000 }),
      bytesPerSecond: fc.integer({ min: 100_000, max: 10_000_000 }),
      sharesMachineWithReads: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  clock: fc.record(
    { skewMs: ms(-500, 500), driftPpm: fc.integer({ min: -100_000, max: 100_000 }) },
    { requiredKeys: [] },
  ),
};

const regionNames = ['north', 'south', 'west'];

/** A fault among these nodes, clients and regions. Times lie on a grid, so that several fall together. */
export function randomFault(
  ids: readonly string[],
  ends: readonly string[],
  durationMs: number,
  types: readonly FaultSource['type'][] = faultTypes,
): fc.Arbitrary<FaultSource> {
  const steps = 40;
  const atMs = fc.integer({ min: 0, max: steps }).map((step) => Math.floor((durationMs * step) / steps));
  const forMs = fc.option(
    fc.integer({ min: 1, max: steps }).map((step) => Math.ceil((durationMs * step) / steps)),
    { nil: undefined },
  );
  const node = fc.constantFrom(...ids);
  const someEnds = fc.uniqueArray(fc.constantFrom(...ends), { minLength: 1, maxLength: 2 });
  const pairs = { from: someEnds, to: someEnds, oneWay: fc.boolean() };
  const loses = fc.constantFrom('machine' as const, 'memory' as const, undefined);
  const percent = fc.integer({ min: 0, max: 100 }).map((each) => each / 100);
  const type = <Type extends string>(name: Type) => fc.constant(name);
  const byType: Record<FaultSource['type'], fc.Arbitrary<object>> = {
    crash: fc.record({ type: type('crash'), node, loses, atMs, forMs }),
    restart: fc.record({ type: type('restart'), node, atMs }),
    pause: fc.record({ type: type('pause'), node, atMs, forMs }),
    resume: fc.record({ type: type('resume'), node, atMs }),
    cut: fc.record({ type: type('cut'), ...pairs, atMs, forMs }),
    heal: fc.oneof(
      fc.record({ type: type('heal'), atMs }),
      fc.record({ type: type('heal'), from: someEnds, to: someEnds, atMs }),
    ),
    'slow-link': fc.record({ type: type('slow-link'), ...pairs, extraMs: ms(0, 300), atMs, forMs }),
    'lossy-link': fc.record({
      type: type('lossy-link'),
      ...pairs,
      loss: percent,
      duplication: percent,
      atMs,
      forMs,
    }),
    'slow-disk': fc.record({ type: type('slow-disk'), node, extraMs: ms(0, 100), atMs, forMs }),
    promote: fc.record({ type: type('promote'), node, atMs }),
    'clock-skew': fc.record({
      type: type('clock-skew'),
      node,
      skewMs: ms(-1000, 1000),
      driftPpm: fc.integer({ min: -100_000, max: 100_000 }),
      atMs,
    }),
    'huge-transaction': fc.record({
      type: type('huge-transaction'),
      node: fc.option(node, { nil: undefined }),
      bytes: fc.integer({ min: 1, max: 1_000_000 }),
      key: fc.constant(0),
      atMs,
    }),
    'long-query': fc.record({
      type: type('long-query'),
      node,
      forMs: fc.integer({ min: 1, max: durationMs }),
      conflict: fc.constantFrom('cleanup', 'lock'),
      atMs,
    }),
    'change-schema': fc.record({
      type: type('change-schema'),
      node,
      does: fc.constantFrom('add', 'drop', 'write', 'stop-writing'),
      atMs,
    }),
    'cancel-waits': fc.record({
      type: type('cancel-waits'),
      node: fc.option(node, { nil: undefined }),
      atMs,
    }),
  };
  return fc.oneof(...types.map((each) => byType[each])).map(withoutUndefined) as fc.Arbitrary<FaultSource>;
}

export function randomScenario(options: RandomScenarioOptions = {}): fc.Arbitrary<LeaderFollowerScenario> {
  const { faults = faultTypes, unreliable = true, reordering = true, failover = true } = options;
  const { nodesMin = 1, durationMsMax = 1500, drainMs = 10_000 } = options;
  const shape = fc.record({
    nodes: fc.array(
      fc.record({ region: fc.nat(), settings: fc.record(nodeSettings, { requiredKeys: [] }) }),
      {
        minLength: nodesMin,
        maxLength: 5,
      },
    ),
    regions: fc.integer({ min: 1, max: 3 }),
    clients: fc.array(
      fc.record({
        region: fc.nat(),
        readsPerSecond: fc.integer({ min: 0, max: 150 }),
        writesPerSecond: fc.integer({ min: 0, max: 150 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    durationMs: fc.integer({ min: 200, max: durationMsMax }),
  });
  return shape.chain(({ nodes, regions, clients, durationMs }) => {
    const region = (index: number) => regionNames[index % regions]!;
    const ids = nodes.map((_, index) => `n${index + 1}`);
    const groups = clients.map((_, index) => `c${index + 1}`);
    const used = [...new Set([...nodes, ...clients].map((each) => region(each.region)))];
    const pairs = used.flatMap((from, index) => used.slice(index + 1).map((to) => ({ from, to })));
    const ends = [...ids, ...groups, ...used, 'manager'];
    const keepaliveMs = fc.integer({ min: 20, max: 200 });
    const heartbeatMs = fc.integer({ min: 20, max: 100 });
    return fc.record({
      id: fc.constant('random'),
      seed: fc.nat(),
      durationMs: fc.constant(durationMs),
      drainMs: fc.constant(drainMs),
      cluster: fc.record(
        {
          nodes: fc.constant(
            nodes.map((node, index) => ({ id: ids[index]!, region: region(node.region), ...node.settings })),
          ),
          defaults: fc.record(nodeSettings, { requiredKeys: [] }),
        },
        { requiredKeys: ['nodes'] },
      ),
      network: fc.record({
        within: link(unreliable, reordering),
        between: fc.tuple(
          ...pairs.map((pair) => link(unreliable, reordering).map((settings) => ({ ...pair, ...settings }))),
        ),
      }),
      topology: fc.tuple(keepaliveMs, heartbeatMs).chain(([keepalive, heartbeat]) =>
        fc.record({
          type: fc.constant('leader-follower' as const),
          leader: fc.constantFrom(...ids),
          acknowledgement: fc.constantFrom(
            'asynchronous' as const,
            'semi-synchronous' as const,
            'synchronous' as const,
          ),
          reads: fc.constantFrom('leader' as const, 'followers' as const, 'nearest' as const),
          failover: fc.record({
            automatic: failover ? fc.boolean() : fc.constant(false),
            region: fc.constantFrom(...nodes.map((node) => region(node.region))),
            heartbeatMs: fc.constant(heartbeat),
            timeoutMs: fc.integer({ min: 2 * heartbeat, max: 400 }),
            electionMs: fc.integer({ min: 20, max: 200 }),
          }),
          reconnectMs: fc.integer({ min: 20, max: 200 }),
          keepaliveMs: fc.constant(keepalive),
          streamTimeoutMs: fc.integer({ min: 2 * keepalive, max: 1000 }),
        }),
      ),
      workload: fc.record({
        clients: fc.constant(
          clients.map((client, index) => ({ ...client, id: groups[index]!, region: region(client.region) })),
        ),
        arrivals: fc.constantFrom('poisson' as const, 'regular' as const),
        keys: fc.record({
          count: fc.integer({ min: 1, max: 20 }),
          choice: fc.constantFrom('uniform' as const, 'zipf' as const),
          exponent: fc.integer({ min: 0, max: 20 }).map((tenths) => tenths / 10),
        }),
        valueBytes: fc.integer({ min: 1, max: 2000 }),
        timeoutMs: fc.integer({ min: 50, max: 1000 }),
        users: fc.option(
          fc.record(
            { count: fc.integer({ min: 1, max: 20 }), readAfterWriteMs: ms(0, 50) },
            { requiredKeys: ['count'] },
          ),
          { nil: undefined },
        ),
      }),
      faults:
        faults.length === 0
          ? fc.constant([])
          : fc.array(randomFault(ids, ends, durationMs, faults), { maxLength: 8 }),
    }) as fc.Arbitrary<LeaderFollowerScenario>;
  });
}

/** A file has no key for what it leaves out. */
function withoutUndefined(fault: object): object {
  return Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== undefined));
}
