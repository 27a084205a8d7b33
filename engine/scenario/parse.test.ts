import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from './parse.ts';
import { describeProblem, InputError, type Problem } from './problems.ts';
import { randomScenario } from './random-scenario.test-support.ts';
import { type ScenarioSource, verdictNames } from './schema.ts';

const least = {
  id: 'least',
  durationMs: 1000,
  cluster: { nodes: [{ id: 'a' }] },
  topology: { type: 'leader-follower' },
  workload: { clients: [{ writesPerSecond: 1 }] },
} as const satisfies ScenarioSource;

const three = {
  ...least,
  cluster: {
    nodes: [
      { id: 'a', region: 'x' },
      { id: 'b', region: 'x' },
      { id: 'c', region: 'y' },
    ],
  },
  network: { between: [{ from: 'x', to: 'y', latency: 10 }] },
  workload: { clients: [{ region: 'x', writesPerSecond: 1 }] },
} as const satisfies ScenarioSource;

function problemsOf(input: unknown): readonly Problem[] {
  try {
    parseScenario(input);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).document).toBe('scenario');
    return (error as InputError).problems;
  }
  return [];
}

/** The document with what a path leads to replaced; undefined takes it out. */
function changed(document: object, path: readonly (string | number)[], value: unknown): object {
  const copy = structuredClone(document) as Record<string | number, unknown>;
  let at = copy;
  for (const part of path.slice(0, -1)) {
    at[part] ??= {};
    at = at[part] as Record<string | number, unknown>;
  }
  if (value === undefined) delete at[path.at(-1)!];
  else at[path.at(-1)!] = value;
  return copy;
}

test('defaults: what the least scenario means', () => {
  expect(parseScenario(least)).toEqual({
    id: 'least',
    title: '',
    seed: 1,
    durationUs: 1_000_000,
    drainUs: 60_000_000,
    nodes: [
      {
        id: 'a',
        region: 'local',
        fsync: { type: 'constant', delayUs: 0 },
        diskBytesPerSecond: 0,
        diskBytes: 0,
        readPs: 0,
        queueUsMost: null,
        writePs: 0,
        applyPs: 0,
        replay: null,
        skewUs: 0,
        driftPpm: 0,
      },
    ],
    within: {
      latency: { type: 'log-normal', medianUs: 250, p99Us: 1000 },
      bytesPerSecond: 0,
      loss: 0,
      duplication: 0,
      reordering: false,
    },
    between: [],
    topology: {
      type: 'leader-follower',
      leader: 0,
      acknowledgement: 'asynchronous',
      reads: 'leader',
      balance: 'random',
      remedies: null,
      readWaitUs: 0,
      automaticFailover: true,
      heartbeatUs: 1e6,
      timeoutUs: 1e7,
      electionUs: 1e6,
      routing: null,
      leaderKey: null,
      suspicion: null,
      observers: 1,
      quorum: 1,
      campaignUs: 5e6,
      fencing: 'none',
      powerOffUs: 5e6,
      leaseUs: 5e6,
      leaseRenewUs: 1e6,
      driftBoundPpm: 200,
      reconnectUs: 1e6,
      keepaliveUs: 1e6,
      streamTimeoutUs: 6e7,
      retention: { slots: true, keepBytes: 0, slotsMaxBytes: 0, baseBackupUs: 1e7 },
      maxStandbyDelayUs: 3e7,
      hotStandbyFeedback: false,
    },
    helpers: [{ name: 'manager', region: 'local', startWithinUs: 1e6 }],
    workload: {
      clients: [
        {
          id: 'clients',
          region: 'local',
          readsPerSecond: 0,
          writesPerSecond: 1,
          deletesPerSecond: 0,
          context: null,
          fromUs: 0,
          untilUs: null,
        },
      ],
      arrivals: 'poisson',
      keys: { count: 100, choice: 'uniform', exponent: 0.99 },
      valueBytes: 200,
      timeoutUs: 1e6,
      users: null,
    },
    faults: [],
    alerts: { lagUs: null, disconnected: false },
    expect: [],
  });
});

test('milliseconds become whole µs, rates become service times, each setting in its place', () => {
  const scenario = parseScenario({
    ...three,
    durationMs: 1234.5678,
    cluster: {
      nodes: [
        {
          id: 'a',
          region: 'x',
          disk: { fsync: 1.5, bytesPerSecond: 1000 },
          capacity: { readsPerSecond: 30_000, queueMs: 2.5 },
          clock: { skewMs: -2.5, driftPpm: 7 },
        },
        { id: 'b', region: 'x', capacity: { writesPerSecond: 3 } },
        { id: 'c', region: 'y' },
      ],
      defaults: { disk: { fsync: 0.25 }, capacity: { writesPerSecond: 1000, appliesPerSecond: 1e9 } },
    },
    network: {
      within: { latency: 0.1, loss: 0.01, reordering: true },
      between: [{ from: 'x', to: 'y', latency: 10, duplication: 0.5 }],
    },
    topology: { ...three.topology, leader: 'b', failover: { region: 'y' } },
  });
  expect(scenario.durationUs).toBe(1_234_568);
  const [a, b, c] = scenario.nodes;
  expect(a).toMatchObject({
    fsync: { delayUs: 1500 },
    diskBytesPerSecond: 1000,
    readPs: 33_333_333,
    queueUsMost: 2500,
    writePs: 1e9,
    applyPs: 1000,
    skewUs: -2500,
    driftPpm: 7,
  });
  expect(b).toMatchObject({ fsync: { delayUs: 250 }, readPs: 0, writePs: 333_333_333_333 });
  expect(c).toMatchObject({ region: 'y', writePs: 1e9, skewUs: 0 });
  expect(scenario.topology).toMatchObject({ leader: 1 });
  expect(scenario.helpers).toMatchObject([{ name: 'manager', region: 'y' }]);
  // Both directions; what a link does not say it takes from the links within.
  const link = {
    latency: { type: 'constant', delayUs: 10_000 },
    bytesPerSecond: 0,
    loss: 0.01,
    duplication: 0.5,
    reordering: true,
  };
  expect(scenario.between).toEqual([
    { from: 'x', to: 'y', ...link },
    { from: 'y', to: 'x', ...link },
  ]);
});

test('every latency in µs', () => {
  const latencyOf = (latency: unknown) =>
    parseScenario({ ...least, network: { within: { latency } } }).within.latency;
  expect(latencyOf(1.25)).toEqual({ type: 'constant', delayUs: 1250 });
  expect(latencyOf({ type: 'constant', ms: 2 })).toEqual({ type: 'constant', delayUs: 2000 });
  expect(latencyOf({ type: 'uniform', minMs: 1, maxMs: 2 })).toEqual({
    type: 'uniform',
    minUs: 1000,
    maxUs: 2000,
  });
  expect(latencyOf({ type: 'exponential', meanMs: 3 })).toEqual({
    type: 'exponential',
    meanUs: 3000,
    shiftUs: 0,
  });
  expect(latencyOf({ type: 'exponential', meanMs: 3, minMs: 1 })).toEqual({
    type: 'exponential',
    meanUs: 3000,
    shiftUs: 1000,
  });
  expect(latencyOf({ type: 'pareto', scaleMs: 1, shape: 2 })).toEqual({
    type: 'pareto',
    scaleUs: 1000,
    shape: 2,
  });
  expect(latencyOf({ type: 'log-normal', medianMs: 1, p99Ms: 4 })).toEqual({
    type: 'log-normal',
    medianUs: 1000,
    p99Us: 4000,
  });
  expect(
    latencyOf({
      type: 'percentiles',
      points: [
        [50, 1],
        [99, 8],
      ],
    }),
  ).toEqual({
    type: 'empirical',
    points: [
      { percentile: 50, delayUs: 1000 },
      { percentile: 99, delayUs: 8000 },
    ],
  });
  expect(
    latencyOf({
      type: 'mixture',
      parts: [
        { weight: 3, latency: 1 },
        { weight: 1, latency: { type: 'constant', ms: 9 } },
      ],
    }),
  ).toEqual({
    type: 'mixture',
    components: [
      { weight: 3, latency: { type: 'constant', delayUs: 1000 } },
      { weight: 1, latency: { type: 'constant', delayUs: 9000 } },
    ],
  });
  // A measured round trip: each direction is half of it.
  const rtt = latencyOf({ type: 'rtt', from: 'us-east-1', to: 'eu-west-1' }) as unknown as {
    type: string;
    factor: number;
  };
  expect(rtt).toMatchObject({ type: 'scaled', factor: 0.5 });
  expect(latencyOf({ type: 'rtt', provider: 'AWS', from: 'us-east-1', to: 'eu-west-1' })).toEqual(rtt);
});

/** Each kind of mistake, with where it is, what was found and what was expected. */
const mistakes: readonly (readonly [what: string, document: object, expected: readonly string[]])[] = [
  ['nothing at all', [], ['(document): found an empty list, expected an object (keys and values)']],
  [
    'a key left out',
    changed(least, ['durationMs'], undefined),
    ['durationMs: found nothing, expected a number'],
  ],
  [
    'an unknown key',
    changed(least, ['durationMS'], 5),
    [
      'durationMS: found a key that is not known here, expected one of the keys id, title, seed, durationMs, drainMs, cluster, network, topology, workload, faults, alerts, expect (did you mean durationMs?)',
    ],
  ],
  [
    'an unknown key deep inside',
    changed(least, ['cluster', 'nodes', 0, 'disks'], {}),
    [
      'cluster.nodes[0].disks: found a key that is not known here, expected one of the keys id, region, rack, connects, disk, capacity, replay, clock (did you mean disk?)',
    ],
  ],
  ['a wrong type', changed(least, ['seed'], '1'), ['seed: found "1", expected a number']],
  ['a fraction', changed(least, ['seed'], 1.5), ['seed: found 1.5, expected a whole number']],
  ['too small', changed(least, ['durationMs'], 0), ['durationMs: found 0, expected at least 0.001']],
  [
    'too big',
    changed(least, ['durationMs'], 1e12),
    ['durationMs: found 1000000000000, expected at most 31622400000'],
  ],
  [
    'no nodes',
    changed(least, ['cluster', 'nodes'], []),
    ['cluster.nodes: found an empty list, expected a list of at least 1'],
  ],
  [
    'a wrong name',
    changed(least, ['cluster', 'nodes', 0, 'id'], 'a b'),
    ['cluster.nodes[0].id: found "a b", expected text that matches /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/'],
  ],
  [
    'not one of the words',
    changed(least, ['topology', 'reads'], 'follower'),
    [
      'topology.reads: found "follower", expected one of leader, followers, nearest or an object (keys and values) (did you mean followers?)',
    ],
  ],
  [
    'an unknown topology',
    changed(least, ['topology', 'type'], 'leader-folower'),
    [
      'topology.type: found "leader-folower", expected one of leader-follower, consensus, certification, leaderless, multi-leader, sharded (did you mean leader-follower?)',
    ],
  ],
  [
    'more replicas than nodes, and a quorum beyond them',
    changed(least, ['topology'], { type: 'leaderless', replicas: 9, read: 10 }),
    [
      'topology.replicas: found 9, expected at most the number of nodes, 1',
      'topology.read: found 10, expected at most the number of replicas, 9 (nobody else could answer)',
    ],
  ],
  [
    'ANY without hints',
    changed(least, ['topology'], { type: 'leaderless', write: 'ANY' }),
    [
      'topology.write: found ANY, expected hints, one of which is the answer where no replica is up (add hints: {})',
    ],
  ],
  [
    'a level of one region, and no regions',
    changed(least, ['topology'], { type: 'leaderless', read: 'LOCAL_QUORUM' }),
    [
      'topology.read: found LOCAL_QUORUM, expected replicas given for each region (write replicas: { region: count, … })',
    ],
  ],
  [
    'a serial level of one region, and no regions',
    changed(least, ['topology'], { type: 'leaderless', write: 'LOCAL_SERIAL' }),
    [
      'topology.write: found LOCAL_SERIAL, expected replicas given for each region (write replicas: { region: count, … })',
    ],
  ],
  [
    'no time for lightweight transactions',
    changed(least, ['topology'], { type: 'leaderless', serialTimeoutMs: 0 }),
    ['topology.serialTimeoutMs: found 0, expected at least 0.001'],
  ],
  [
    'replicas in a region without nodes',
    changed(least, ['topology'], { type: 'leaderless', replicas: { lcal: 1 } }),
    ['topology.replicas.lcal: found "lcal", expected a region of nodes: one of local (did you mean local?)'],
  ],
  [
    'a node held for down between two signs of life',
    changed(least, ['topology'], {
      type: 'leaderless',
      failureDetection: { everyMs: 100, downAfterMs: 50 },
    }),
    [
      'topology.failureDetection.downAfterMs: found 50, expected more than everyMs, 100 (otherwise a node is held for down between two signs of life)',
    ],
  ],
  [
    'who orders is no node, and reads of one primary where all are',
    changed(least, ['topology'], {
      type: 'certification',
      orderedBy: 'b',
      reads: 'before-on-primary-failover',
      readFrom: 'leader',
    }),
    [
      'topology.orderedBy: found "b", expected a node: one of a (did you mean a?)',
      'topology.readFrom: found leader, expected nothing with primaries: all, where clients ask the nearest member for everything',
      'topology.reads: found before-on-primary-failover, expected eventual or before with primaries: all (there is no one primary that another would have to catch up with)',
    ],
  ],
  [
    'a member that is elected between two heartbeats',
    changed(least, ['topology'], { type: 'certification', electionTimeoutMs: 500 }),
    [
      'topology.electionTimeoutMs: found 500, expected more than heartbeatMs, 500 (otherwise followers leave a leader that lives between two heartbeats)',
    ],
  ],
  [
    'a hub that is no node',
    changed(least, ['topology'], { type: 'multi-leader', exchange: { star: 'b' } }),
    ['topology.exchange.star: found "b", expected a node: one of a (did you mean a?)'],
  ],
  [
    'a ring that is closed, and none',
    changed(least, ['topology'], { type: 'multi-leader', reconfigureAfterMs: 5000 }),
    [
      'topology.reconfigureAfterMs: found 5000 with exchange all-to-all, expected a ring, a star or edges, where what one passes on goes around it when it is cut off',
    ],
  ],
  [
    'a column to come where there is one',
    changed(least, ['topology'], { type: 'multi-leader', lastColumnLater: true }),
    ['topology.lastColumnLater: found true with one column, expected one table of several columns'],
  ],
  [
    'a change of schema where no column is to come',
    changed(
      changed(least, ['topology'], { type: 'multi-leader', columns: 2 }),
      ['faults'],
      [{ type: 'change-schema', node: 'a', does: 'add', atMs: 1 }],
    ),
    [
      'faults[0].type: found change-schema, expected several leaders (topology.type: multi-leader) with lastColumnLater: true',
    ],
  ],
  [
    'a device that is not alone where it is, and never away',
    changed(least, ['cluster', 'nodes'], [{ id: 'a', connects: { everyMs: 100, forMs: 100 } }, { id: 'b' }]),
    [
      'cluster.nodes[0].region: found local, where b is too, expected a region of its own, as it is connected only now and then',
      'cluster.nodes[0].connects.forMs: found 100, expected less than everyMs, which is 100',
    ],
  ],
  [
    'revisions of what is not kept',
    changed(least, ['topology'], { type: 'multi-leader', stamps: 'revision' }),
    ['topology.stamps: found revision, expected resolve: keep-both by row and no deletes beside it'],
  ],
  [
    'followers without anybody to follow, and over a ring',
    changed(least, ['topology'], { type: 'multi-leader', followers: true, exchange: 'ring' }),
    [
      'topology.followers: found true, expected a region of more than one node',
      'topology.followers: found true with exchange ring, expected exchange: all-to-all',
    ],
  ],
  [
    'edges that do not reach everybody',
    {
      ...least,
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      topology: {
        type: 'multi-leader',
        exchange: {
          edges: [
            { from: 'a', to: 'b' },
            { from: 'b', to: 'c', oneWay: true },
          ],
        },
      },
    },
    [
      'topology.exchange.edges: found no way from c to a, expected edges along which the changes of every node reach every other',
    ],
  ],
  [
    'resolvers of columns, with conflicts of rows',
    changed(least, ['topology'], { type: 'multi-leader', columns: 2, resolve: ['max', 'last-writer'] }),
    [
      'topology.resolve: found a list of 2, expected one name, as conflicts are the row’s (or write detect: column)',
    ],
  ],
  [
    'deletes that a resolver or columns do not allow',
    changed(least, ['topology'], {
      type: 'multi-leader',
      detect: 'column',
      columns: 2,
      resolve: 'max',
      deletes: 0.5,
    }),
    ['topology.deletes: found 0.5, expected 0 with resolve: max'],
  ],
  [
    'deletes of rows where columns go by pgd, and of rows of which a part cannot be deleted',
    changed(least, ['topology'], {
      type: 'multi-leader',
      detect: 'column',
      columns: ['name', { id: 'cart', resolve: 'union' }],
      resolve: 'pgd',
      deletes: 0.5,
    }),
    [
      'topology.deletes: found 0.5, expected 0 with resolve: pgd and detect: column, as it looks whether the row is there',
      'topology.deletes: found 0.5, expected 0 where some columns can be deleted with their row, and others cannot',
    ],
  ],
  [
    'tables and columns that are named twice, not at all, or together where that cannot be',
    {
      ...least,
      topology: {
        type: 'multi-leader',
        identifiers: 'auto-increment',
        tables: [
          { id: 'people', detect: 'column', columns: ['name', { id: 'cart', resolve: 'union' }, 'name'] },
          { id: 'people', columns: [{ id: 'a', resolve: 'max' }, 'b'] },
          { id: 'orders', account: { withdrawal: 1 } },
        ],
      },
      workload: {
        clients: [{ table: 'people', columns: ['nome', 'cart'] }, { table: 'person' }, { columns: [0] }],
      },
    },
    [
      'topology.identifiers: found auto-increment with 3 tables, expected one table, whose rows leaders number',
      'topology.tables[0].columns[2]: found "name", expected a name that is not taken yet',
      'topology.tables[1].id: found "people", expected a name that is not taken yet',
      'topology.tables[1].columns[0].resolve: found "max", expected nothing with detect: row, where conflicts are the row’s (or write detect: column)',
      'topology.tables[2].account: found an account, expected resolve: sum or pn-counter beside it',
      'workload.clients[0].columns[0]: found "nome", expected a column: one of name, cart (did you mean name?)',
      'workload.clients[0].columns: found cart with others, expected cart alone, as what union merges is not the write’s number',
      'workload.clients[1].table: found "person", expected a table (topology.tables): one of people, orders',
      'workload.clients[2].columns: found columns of 3 tables, expected table beside it, whose columns they are',
    ],
  ],
  [
    'a merge function that nobody has registered, and one of a row that is deleted',
    changed(least, ['topology'], { type: 'multi-leader', resolve: { merge: 'smalest' }, deletes: 0.1 }),
    [
      'topology.resolve: found "smalest", expected a registered merge function: one of smallest, average, what-is-there (did you mean smallest?)',
      'topology.deletes: found 0.1, expected 0 with resolve: merge',
    ],
  ],
  [
    'rules on several rows that nobody could keep',
    {
      ...least,
      topology: {
        type: 'multi-leader',
        tables: [
          { id: 'people', unique: { column: 'nick', values: 9 }, parent: { table: 'people' } },
          { id: 'carts', rows: 5000, resolve: 'union', unique: { values: 9 }, parent: { table: 'persons' } },
        ],
      },
    },
    [
      'topology.tables[0].unique.column: found "nick", expected a column: one of 0',
      'topology.tables[1].unique: found a column with resolve: union, expected one with last-writer or first-writer, of whose writes one stays',
      'topology.tables[0].parent.table: found "people", expected another table',
      'topology.tables[1].parent.table: found "persons", expected a table: one of people, carts',
      'topology.tables[1].rows: found 5000 rows with a unique column, expected at most 2000, as a write looks through them all',
    ],
  ],
  [
    'tables where there are none',
    changed(least, ['workload', 'clients', 0], { table: 'people', columns: [0] }),
    [
      'workload.clients[0].table: found a leader-follower topology, expected multi-leader',
      'workload.clients[0].columns: found a leader-follower topology, expected multi-leader',
    ],
  ],
  [
    'a sum of nothing',
    changed(least, ['topology'], { type: 'multi-leader', resolve: 'sum' }),
    [
      'topology.resolve: found sum, expected account, which says what writes take away (add account: { opening: 100, withdrawal: 80 })',
    ],
  ],
  [
    'an account that is a register',
    changed(least, ['topology'], { type: 'multi-leader', account: { withdrawal: 80 } }),
    ['topology.account: found an account, expected resolve: sum or pn-counter beside it'],
  ],
  [
    'a write that waits for more leaders than there are',
    changed(least, ['topology'], { type: 'multi-leader', confirmedBy: 1 }),
    ['topology.confirmedBy: found 1, expected at most 0, as every leader sends its writes to so many'],
  ],
  [
    'reads of keys that nobody knows',
    {
      ...least,
      topology: { type: 'multi-leader', identifiers: 'auto-increment' },
      workload: { clients: [{ readsPerSecond: 1 }] },
    },
    [
      'workload.clients: found reads, with identifiers: auto-increment, expected writes only, as clients do not know which keys their leader chooses',
    ],
  ],
  [
    'more rows than leaders can keep',
    {
      ...least,
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      topology: { type: 'multi-leader' },
      workload: { clients: [{}], keys: { count: 600_000 } },
    },
    [
      'workload.keys.count: found 600000 rows with 3 leaders, expected rows × columns × leaders² of at most 5000000 (each leader keeps of each row what every leader did last)',
    ],
  ],
  [
    'an unknown fault',
    changed(least, ['faults'], [{ type: 'crsh', node: 'a', atMs: 1 }]),
    [
      'faults[0].type: found "crsh", expected one of crash, restart, pause, resume, cut, heal, slow-link, lossy-link, slow-disk, promote, clock-skew, huge-transaction, long-query, change-schema, cancel-waits (did you mean crash?)',
    ],
  ],
  [
    'a fault without its time',
    changed(least, ['faults'], [{ type: 'crash', node: 'a' }]),
    ['faults[0].atMs: found nothing, expected a number'],
  ],
  [
    'a latency of no kind',
    changed(least, ['network'], { within: { latency: 'fast' } }),
    ['network.within.latency: found "fast", expected a number or an object (keys and values)'],
  ],
  [
    'a burst that is over before it begins, and one that begins after the run',
    changed(
      least,
      ['workload', 'clients'],
      [
        { writesPerSecond: 1, fromMs: 20, untilMs: 10 },
        { writesPerSecond: 1, fromMs: 1e9 },
      ],
    ),
    [
      'workload.clients[0].untilMs: found 10, expected more than fromMs, 20',
      expect.stringMatching(
        /^workload\.clients\[1\]\.fromMs: found 1000000000, expected less than durationMs, /,
      ),
    ],
  ],
  [
    'a long query that conflicts with nothing known',
    changed(least, ['faults'], [{ type: 'long-query', node: 'a', forMs: 10, conflict: 'deadlock', atMs: 1 }]),
    ['faults[0].conflict: found "deadlock", expected one of cleanup, lock'],
  ],
  [
    'a latency longer than can be drawn',
    changed(least, ['network'], { within: { latency: 3_000_000 } }),
    ['network.within.latency: found 3000000, expected at most 2147483'],
  ],
  [
    'a latency upside down',
    changed(least, ['network'], { within: { latency: { type: 'uniform', minMs: 5, maxMs: 2 } } }),
    ['network.within.latency.maxMs: found 2, expected at least minMs, 5'],
  ],
  [
    'a median above its p99',
    changed(least, ['network'], { within: { latency: { type: 'log-normal', medianMs: 5, p99Ms: 2 } } }),
    ['network.within.latency.p99Ms: found 2, expected at least medianMs, 5'],
  ],
  [
    'percentiles that fall',
    changed(least, ['network'], {
      within: {
        latency: {
          type: 'percentiles',
          points: [
            [50, 2],
            [99, 1],
          ],
        },
      },
    }),
    [
      'network.within.latency.points[1]: found [99, 1], expected a percentile above 50 and a time of at least 2',
    ],
  ],
  [
    'a region nobody measured',
    changed(least, ['network'], { within: { latency: { type: 'rtt', from: 'us-est-1', to: 'eu-west-1' } } }),
    [
      'network.within.latency.from: found "us-est-1", expected a region of AWS with a measured round trip (near: us-east-1, us-west-1, us-west-2, eu-west-1)',
    ],
  ],
  [
    'a wrong default, once for all nodes',
    changed(three, ['cluster', 'defaults'], { disk: { fsync: { type: 'uniform', minMs: 5, maxMs: 2 } } }),
    ['cluster.defaults.disk.fsync.maxMs: found 2, expected at least minMs, 5'],
  ],
  [
    'two of one name',
    changed(three, ['cluster', 'nodes', 1, 'id'], 'a'),
    ['cluster.nodes[1].id: found "a", expected a name that is not taken yet'],
  ],
  [
    'a node called manager',
    changed(least, ['cluster', 'nodes', 0, 'id'], 'manager'),
    ['cluster.nodes[0].id: found "manager", expected a name that is not taken yet'],
  ],
  [
    'a client called as a node',
    changed(least, ['workload', 'clients', 0, 'id'], 'a'),
    ['workload.clients[0].id: found "a", expected a name that is not taken yet'],
  ],
  [
    'a leader that is not there',
    changed(three, ['topology', 'leader'], 'd'),
    ['topology.leader: found "d", expected a node: one of a, b, c (did you mean a?)'],
  ],
  [
    'regions without a link',
    changed(three, ['network'], {}),
    [
      'cluster.nodes[0].region: found "x", expected a region with a link to y (add { from: x, to: y, latency: … } to network.between)',
    ],
  ],
  [
    'a link of one direction only',
    changed(three, ['network', 'between', 0, 'oneWay'], true),
    [
      'cluster.nodes[0].region: found "x", expected a region with a link to y (add { from: x, to: y, latency: … } to network.between)',
    ],
  ],
  [
    'a client region without a link',
    changed(three, ['workload', 'clients', 0, 'region'], 'z'),
    [
      'workload.clients[0].region: found "z", expected a region with a link to x (add { from: z, to: x, latency: … } to network.between)',
      'workload.clients[0].region: found "z", expected a region with a link to y (add { from: z, to: y, latency: … } to network.between)',
    ],
  ],
  [
    'a link without a latency',
    changed(three, ['network', 'between', 0, 'latency'], undefined),
    ['network.between[0].latency: found nothing, expected the one-way latency between the regions'],
  ],
  [
    'a link to itself',
    changed(three, ['network', 'between', 1], { from: 'x', to: 'x', latency: 1 }),
    ['network.between[1].to: found "x", expected another region (links inside a region are network.within)'],
  ],
  [
    'one direction linked twice',
    changed(three, ['network', 'between', 1], { from: 'y', to: 'x', latency: 1, oneWay: true }),
    [
      'network.between[1]: found y to x, which is linked already, expected one link for each direction between two regions',
    ],
  ],
  [
    'a fault on nobody',
    changed(three, ['faults'], [{ type: 'crash', node: 'd', atMs: 1 }]),
    ['faults[0].node: found "d", expected a node: one of a, b, c (did you mean a?)'],
  ],
  [
    'a cut to nobody',
    changed(three, ['faults'], [{ type: 'cut', from: ['a'], to: ['b', 'zzz'], atMs: 1 }]),
    [
      'faults[0].to[1]: found "zzz", expected a node, a client group, a region or the manager: one of a, b, c, clients, manager, x, y',
    ],
  ],
  [
    'a heal with one end',
    changed(three, ['faults'], [{ type: 'heal', from: ['a'], atMs: 1 }]),
    ['faults[0]: found only one of from and to, expected both, or neither to heal every link'],
  ],
  [
    'a fault after the end',
    changed(three, ['faults'], [{ type: 'restart', node: 'a', atMs: 1000.1 }]),
    ['faults[0].atMs: found 1000.1, expected at most durationMs, 1000'],
  ],
  [
    'an end on a fault that has none',
    changed(three, ['faults'], [{ type: 'restart', node: 'a', atMs: 1, forMs: 5 }]),
    ['faults[0].forMs: found a key that is not known here, expected one of the keys type, node, atMs'],
  ],
  [
    'a failover that suspects the healthy',
    changed(least, ['topology', 'failover'], { heartbeatMs: 500, timeoutMs: 500 }),
    [
      'topology.failover.timeoutMs: found 500, expected more than heartbeatMs, 500 (otherwise a healthy leader counts as dead between two heartbeats)',
    ],
  ],
  [
    'a stream given up between keepalives',
    changed(least, ['topology', 'streamTimeoutMs'], 900),
    [
      'topology.streamTimeoutMs: found 900, expected more than keepaliveMs, 1000 (otherwise an idle stream is given up between two keepalives)',
    ],
  ],
  [
    'a lease among two',
    changed(changed(least, ['cluster', 'nodes'], [{ id: 'a' }, { id: 'b' }]), ['topology', 'failover'], {
      fencing: 'lease',
      leaseMs: 1000,
    }),
    [
      'topology.failover.fencing: found lease with 2 nodes, expected at least 3 nodes (of fewer no majority is left when the leader dies)',
      'topology.failover.leaseMs: found 1000, expected more than leaseRenewMs, 1000 (otherwise a healthy leader loses its lease between two renewals)',
    ],
  ],
  [
    'a quorum that nobody can reach',
    changed(least, ['topology', 'failover'], {
      region: 'local',
      observers: [{ region: 'local' }, { region: 'local' }],
      quorum: 3,
    }),
    [
      'topology.failover.quorum: found 3, expected at most the number of observers, 2',
      'topology.failover.region: found "local", expected nothing beside observers (each observer has a region of its own)',
    ],
  ],
  [
    'an unknown way of fencing',
    changed(least, ['topology', 'failover'], { fencing: 'tokens' }),
    [
      'topology.failover.fencing: found "tokens", expected one of none, token, stonith, lease (did you mean token?)',
    ],
  ],
  [
    'more operations than a run can number',
    changed(changed(least, ['durationMs'], 1e9), ['workload', 'clients', 0, 'writesPerSecond'], 10_000),
    [
      'durationMs: found 1000000000 ms of 10000 operations per second, expected at most 2000000000 operations in a run',
    ],
  ],
  [
    'an unknown verdict',
    changed(least, ['expect'], [{ verdict: 'lost-write', result: 'ok' }]),
    [
      `expect[0].verdict: found "lost-write", expected one of ${verdictNames.join(', ')} (did you mean lost-writes?)`,
    ],
  ],
];

test.each(mistakes)('%s: says where, what was found, what was expected', (_, document, expected) => {
  expect(problemsOf(document).map(describeProblem)).toEqual(expected);
});

test('all mistakes are told of at once', () => {
  const wrong = changed(
    changed(changed(three, ['topology', 'leader'], 'd'), ['network'], {}),
    ['faults'],
    [{ type: 'crash', node: 'q', atMs: 5000 }],
  );
  expect(problemsOf(wrong).map(({ path }) => path.join('.'))).toEqual([
    'topology.leader',
    'cluster.nodes.0.region',
    'faults.0.node',
    'faults.0.atMs',
  ]);
  // Also a pair of regions without a measurement beside another mistake.
  const pair = changed(changed(least, ['topology', 'leader'], 'd'), ['network'], {
    within: { latency: { type: 'rtt', provider: 'Azure', from: 'East US', to: 'nowhere' } },
  });
  expect(problemsOf(pair).map(({ path }) => path.join('.'))).toEqual([
    'network.within.latency.to',
    'topology.leader',
  ]);
});

test('parsing is stable: JSON there and back means the same, and the source is left as it was', () => {
  fc.assert(
    fc.property(randomScenario(), (source) => {
      const before = JSON.stringify(source);
      const scenario = parseScenario(source);
      expect(JSON.stringify(source)).toBe(before);
      expect(parseScenario(JSON.parse(before))).toEqual(scenario);
      // The scenario itself is plain data: it may be sent to a worker or put into a page.
      expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario);
    }),
    { numRuns: 100 },
  );
});

test('a mutated scenario is parsed and runs, or is refused with problems that have a path; nothing else', () => {
  const values = [
    undefined,
    null,
    -1,
    0,
    0.5,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    1e15,
    '',
    'x',
    [],
    {},
    true,
    [[]],
    { type: 'rtt' },
  ];
  let refused = 0;
  fc.assert(
    fc.property(
      randomScenario({ durationMsMax: 250, drainMs: 100 }),
      fc.nat(),
      fc.constantFrom(...values),
      (source, at, value) => {
        const paths = pathsOf(source);
        const mutated = changed(source, paths[at % paths.length]!, value);
        try {
          const scenario = parseScenario(mutated);
          if (scenario.durationUs < 1e6) simulate(scenario, { untilMs: 200 });
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          refused++;
          for (const { found, expected } of (error as InputError).problems)
            expect(`${found} ${expected}`).not.toMatch(/undefined|\[object/);
        }
      },
    ),
    { numRuns: 300, seed: 1 },
  );
  expect(refused).toBeGreaterThan(150);
});

function pathsOf(value: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  const inner = keys.flatMap((key) =>
    pathsOf((value as Record<string | number, unknown>)[key], [...path, key]),
  );
  return path.length === 0 ? inner : [[...path], ...inner];
}

test('rates too low to happen and rates that come once a month are no reason to fail', () => {
  for (const writesPerSecond of [1e-300, 1e-12, 1e-6, 0.0004]) {
    const report = simulate(
      parseScenario(changed(least, ['workload', 'clients', 0, 'writesPerSecond'], writesPerSecond)),
    );
    expect(report.operations.write.info).toBe(0);
  }
});

test('deletes: where versions are merged, and not by lightweight transactions; how long tombstones stay', () => {
  const deleting = changed(
    changed(least, ['topology'], { type: 'leaderless', gcGraceMs: 5, hints: {} }),
    ['workload', 'clients', 0, 'deletesPerSecond'],
    3,
  );
  const { topology, workload } = parseScenario(deleting);
  expect(workload.clients[0]).toMatchObject({ deletesPerSecond: 3 });
  expect(topology).toMatchObject({ gcGraceUs: 5000, hints: { windowUs: 5000 } });
  const withTopology = (value: object) =>
    problemsOf(changed(deleting, ['topology'], value)).map(describeProblem);
  expect(withTopology({ type: 'leader-follower' })).toEqual([
    'workload.clients[0].deletesPerSecond: found 3, expected none but in a leaderless topology (in a log a delete is a record like any other: count it among writesPerSecond)',
  ]);
  expect(withTopology({ type: 'leaderless', write: 'SERIAL' })).toEqual([
    'workload.clients[0].deletesPerSecond: found 3, expected none where writes are lightweight transactions',
  ]);
  expect(withTopology({ type: 'leaderless', gcGraceMs: 0 })).toEqual([
    'topology.gcGraceMs: found 0, expected at least 0.001',
  ]);
  expect(
    problemsOf({ ...least, expect: [{ verdict: 'resurrection', result: 'ok' }] }).map(describeProblem),
  ).toEqual([
    'expect[0].verdict: found resurrection, expected clients that delete keys (deletesPerSecond), whose deletes it judges',
  ]);
});

test('linearizability is expected of registers only', () => {
  const expecting = { ...least, expect: [{ verdict: 'linearizability', result: 'ok' }] };
  expect(problemsOf(expecting)).toEqual([]);
  for (const topology of [{ type: 'leaderless', versions: 'dotted' }, { type: 'multi-leader' }]) {
    expect(problemsOf(changed(expecting, ['topology'], topology)).map(describeProblem)).toEqual([
      'expect[0].verdict: found linearizability, expected keys that hold one value each: not several leaders, no siblings (topology.versions), no deletes (deletesPerSecond)',
    ]);
  }
});

test('siblings: which version stays, and what writes say of what was read', () => {
  const topology = { type: 'leaderless', versions: 'dotted' };
  const client = (value: object, more: object = topology) =>
    changed(changed(least, ['topology'], more), ['workload', 'clients', 0], value);
  const { workload, topology: spec } = parseScenario(client({ context: 'read-first' }));
  expect(workload.clients[0]!.context).toBe('read-first');
  expect(spec).toMatchObject({ versions: 'dotted' });
  const problems = (input: unknown) => problemsOf(input).map(describeProblem);
  expect(problems(client({ context: 'last-read' }))).toEqual([
    'workload.clients[0].context: found last-read, expected workload.users, each of whom has read something',
  ]);
  expect(problems(client({ context: 'none' }, { type: 'consensus' }))).toEqual([
    'workload.clients[0].context: found none, expected nothing but in a leaderless topology',
  ]);
  expect(problems(client({ deletesPerSecond: 1 }))).toEqual([
    'workload.clients[0].deletesPerSecond: found 1, expected none where there may be siblings (topology.versions)',
  ]);
  expect(problems(client({}, { ...topology, write: 'ANY', hints: {}, read: 'SERIAL' }))).toEqual([
    'topology.read: found SERIAL, expected another level where versions are clocks (with versions: lww it is one)',
    'topology.write: found ANY, expected another level where versions are clocks (with versions: lww it is one)',
  ]);
  expect(problems(client({}, { ...topology, versions: 'doted' }))).toEqual([
    'topology.versions: found "doted", expected one of lww, version-vectors, dotted (did you mean dotted?)',
  ]);
  expect(problems(client({}, { ...topology, digestReads: true }))).toEqual([
    'topology.digestReads: found true, expected false where versions are clocks: what replicas hold is merged, and a digest cannot be',
  ]);
  expect(problems(client({}, { type: 'sharded', shards: 1, of: topology }))).toEqual([
    'topology.of.versions: found dotted, expected lww: clocks of several shards are not told apart',
  ]);
  const expecting = {
    ...changed(client({}), ['workload', 'users'], { count: 5 }),
    expect: [{ verdict: 'monotonic-reads', result: 'ok' }],
  };
  expect(problems(expecting)).toEqual([
    'expect[0].verdict: found monotonic-reads, expected versions that are older or newer than each other (topology.versions: lww)',
  ]);
});

test('users: how many a group stands for, and when they come back for what they wrote', () => {
  const users = (value: object) => changed(least, ['workload', 'users'], value);
  expect(parseScenario(users({ count: 5 })).workload.users).toEqual({ count: 5, readAfterWriteUs: -1 });
  expect(parseScenario(users({ count: 5, readAfterWriteMs: 0 })).workload.users?.readAfterWriteUs).toBe(0);
  expect(parseScenario(users({ count: 5, readAfterWriteMs: 1.5 })).workload.users?.readAfterWriteUs).toBe(
    1500,
  );
  expect(problemsOf(users({ count: 2001 })).map(describeProblem)).toEqual([
    'workload.users.count: found 2001 users in each of 1 client groups, and 100 keys, expected at most 200000 pairs of a user and a key (what each user has seen of each key is remembered)',
  ]);
});

test('a verdict on sessions is expected only where users are told apart', () => {
  const expecting = { ...least, expect: [{ verdict: 'monotonic-reads', result: 'ok' }] };
  expect(problemsOf(expecting).map(describeProblem)).toEqual([
    'expect[0].verdict: found monotonic-reads, expected workload.users, whose sessions it judges',
  ]);
  expect(problemsOf(changed(expecting, ['workload', 'users'], { count: 5 }))).toEqual([]);
});

test('what is done for users who read: as words, as settings, and only where there are users', () => {
  const reads = (value: unknown) =>
    changed(changed(three, ['workload', 'users'], { count: 5 }), ['topology', 'reads'], value);
  expect(parseScenario(reads('nearest')).topology).toMatchObject({ reads: 'nearest', remedies: null });
  expect(parseScenario(reads({ from: 'nearest' })).topology).toMatchObject({
    reads: 'nearest',
    remedies: null,
  });
  expect(
    parseScenario(reads({ from: 'followers', sticky: true, leaderForMs: 1.5, waitForLsnMs: 20 })).topology,
  ).toMatchObject({
    reads: 'followers',
    remedies: { sticky: true, leaderForUs: 1500, carriesSeen: true },
    readWaitUs: 20_000,
  });
  expect(problemsOf(reads({ from: 'leader', sticky: true })).map(describeProblem)).toEqual([
    'topology.reads.from: found leader, expected followers or nearest (whoever reads from the leader always sees what it has written)',
  ]);
  expect(parseScenario(reads({ from: 'nearest', balance: 'round-robin' })).topology).toMatchObject({
    balance: 'round-robin',
  });
  expect(
    problemsOf(reads({ from: 'nearest', balance: 'round-robin', sticky: true })).map(describeProblem),
  ).toEqual([
    'topology.reads.balance: found round-robin, expected nothing beside sticky (there is nothing left to choose)',
  ]);
  const nobody = changed(reads({ from: 'followers', sticky: true }), ['workload', 'users'], undefined);
  expect(problemsOf(nobody).map(describeProblem)).toEqual([
    'topology.reads: found something that is done for each user, expected workload.users, whom it is done for',
  ]);
});

test('delays by what a message is: of leaderless replication only, each otherwise as the latency', () => {
  const links = {
    within: { latency: 1, latencyOf: { write: { type: 'exponential', meanMs: 5 }, response: 2 } },
  };
  const leaderless = { ...least, topology: { type: 'leaderless' }, network: links };
  expect(parseScenario(leaderless).within).toMatchObject({
    latency: { type: 'constant', delayUs: 1000 },
    latencyOf: {
      write: { type: 'exponential', meanUs: 5000, shiftUs: 0 },
      response: { type: 'constant', delayUs: 2000 },
    },
  });
  expect(problemsOf({ ...least, network: links }).map(describeProblem)).toEqual([
    'network.within.latencyOf: found a leader-follower topology, expected leaderless, whose messages it tells apart (latency is of every message)',
  ]);
  const backwards = { type: 'uniform', minMs: 2, maxMs: 1 };
  const wrong = changed(leaderless, ['network', 'within', 'latencyOf', 'write'], backwards);
  expect(problemsOf(wrong).map(describeProblem)).toEqual([
    'network.within.latencyOf.write.maxMs: found 1, expected at least minMs, 2',
  ]);
});

test('counts as Riak and Voldemort have them, and what is wrong with them', () => {
  const leaderless = (topology: object) => ({ ...three, topology: { type: 'leaderless', ...topology } });
  const spec = (topology: object) => parseScenario(leaderless(topology)).topology;
  const nothing = { primaries: 0, received: 0, preferred: 0 };
  expect(spec({ read: { r: 'all', pr: 1 }, write: { w: 3, dw: 1, pw: 'quorum' } })).toMatchObject({
    read: { wanted: 3, ...nothing, primaries: 1 },
    write: { wanted: 1, ...nothing, primaries: 2, received: 3 },
  });
  // What is on disk has been received: w asks for nothing beside dw.
  expect(spec({ write: { w: 2 } })).toMatchObject({ write: { wanted: 2, ...nothing } });
  expect(spec({ read: { required: 1, preferred: 2 }, write: { required: 2 } })).toMatchObject({
    read: { wanted: 1, ...nothing, preferred: 2 },
    write: { wanted: 2, ...nothing },
  });
  const told = (topology: object) => problemsOf(leaderless(topology)).map(describeProblem);
  expect(told({ read: { r: 4 } })).toEqual([
    'topology.read.r: found 4, expected at most the number of replicas, 3 (nobody else could answer)',
  ]);
  expect(told({ read: { r: 1, required: 1 }, write: {} })).toEqual([
    'topology.write: found no count, expected w, dw and pw, as Riak has them, or required and preferred, as Voldemort does',
    'topology.read: found counts of Riak and of Voldemort, expected r and pr, as Riak has them, or required and preferred, as Voldemort does',
  ]);
  expect(told({ read: { preferred: 2 }, write: { required: 3, preferred: 2 } })).toEqual([
    'topology.write.preferred: found 2, expected at least required, 3',
    'topology.read.required: found nothing, expected how many must answer',
  ]);
  expect(told({ write: { w: 3, dw: 1 }, commitLog: { syncEveryMs: 10 } })).toEqual([
    'topology.write.w: found more than dw, expected commitLog: batch, where replicas say when a write is on disk (synced now and then, it is acknowledged before it is)',
  ]);
  expect(told({ digestReads: true, readRepair: 'background' })).toEqual([
    'topology.readRepair: found background, expected blocking or none, with digestReads (what a late digest differs from is not known any more)',
  ]);
});

test('levels of client groups: of leaderless replication only, with what they need of the topology', () => {
  const client = (own: object, topology: object) => ({
    ...three,
    topology,
    workload: { clients: [{ region: 'x', readsPerSecond: 1, ...own }] },
  });
  const leaderless = { type: 'leaderless' };
  expect(parseScenario(client({ read: 'ONE', write: 3 }, leaderless)).workload.clients[0]).toMatchObject({
    read: { wanted: 'ONE' },
    write: { wanted: 3 },
  });
  const told = (own: object, topology: object) => problemsOf(client(own, topology)).map(describeProblem);
  expect(told({ read: 'ONE' }, three.topology)).toEqual([
    'workload.clients[0].read: found a leader-follower topology, expected leaderless, where each operation has a level',
  ]);
  expect(told({ read: 4, write: 'ANY' }, leaderless)).toEqual([
    'workload.clients[0].read: found 4, expected at most the number of replicas, 3 (nobody else could answer)',
    'workload.clients[0].write: found ANY, expected hints, one of which is the answer where no replica is up (add hints: {})',
  ]);
  expect(told({ write: 'SERIAL' }, { ...leaderless, versions: 'dotted' })).toEqual([
    'workload.clients[0].write: found SERIAL, expected another level where versions are clocks (with versions: lww it is one)',
  ]);
});

test('racks: where copies are placed by region', () => {
  const racked = (topology: object) => ({
    ...least,
    cluster: { nodes: [{ id: 'a', rack: 'one' }, { id: 'b' }] },
    topology,
  });
  expect(parseScenario(racked({ type: 'leaderless', replicas: { local: 2 } })).nodes).toMatchObject([
    { id: 'a', rack: 'one' },
    { id: 'b' },
  ]);
  expect(problemsOf(racked({ type: 'leaderless' })).map(describeProblem)).toEqual([
    'cluster.nodes[0].rack: found one, expected a leaderless topology with replicas for each region, which racks are told apart for (write replicas: { region: count, … })',
  ]);
});
