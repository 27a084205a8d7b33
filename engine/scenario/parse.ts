import { faultProblems } from '../faults/fault-names.ts';
import type { LatencySpec } from '../kernel/latency.ts';
import { type Asked, ownAskedOf } from '../topologies/leaderless/spec.ts';
import { carriesNumbers } from '../topologies/multi-leader/resolvers.ts';
import { laidOut, type MultiLeaderSpec, rowsIn, setsOfSeveral } from '../topologies/multi-leader/spec.ts';
import { remediesOf, topologyHelpers, topologySpec } from '../topologies/topologies.ts';
import type { UserSettings } from '../workload/users.ts';
import { parseDocument } from './parse-document.ts';
import { describeProblem, InputError, type Problem, showValue, unknownName } from './problems.ts';
import { nearRegions, oneWayLatency, regionRtt } from './region-rtt.ts';
import {
  type ClientSpec,
  hasRegisters,
  type LinkSpec,
  type NodeSpec,
  type RegionLink,
  type Scenario,
  toUs,
} from './scenario.ts';
import {
  type LatencyDocument,
  type ScenarioDocument,
  scenarioSchema,
  sessionVerdictNames,
} from './schema.ts';

type Path = Problem['path'];
type LinkDocument = ScenarioDocument['network']['within'];

/** Inside one region, where a scenario does not say: the order of a cloud zone's half round trip. */
const defaultLatency: LatencySpec = { type: 'log-normal', medianUs: 250, p99Us: 1000 };

/**
 * Reads a scenario as written (a value from YAML or JSON). Throws InputError with every problem, each with its path.
 * Two passes: the shape, then what only makes sense together (names that must exist, bounds between fields).
 */
export function parseScenario(input: unknown): Scenario {
  const document = parseDocument('scenario', scenarioSchema, input);
  const problems: Problem[] = [];
  const scenario = resolve(document, problems);
  if (problems.length > 0) throw new InputError('scenario', distinct(problems));
  return scenario;
}

/** A default that is wrong is wrong once, however many nodes take it. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [describeProblem(problem), problem])).values()];
}

function resolve(document: ScenarioDocument, problems: Problem[]): Scenario {
  const { cluster, network, topology, workload } = document;
  const nodes = cluster.nodes.map((node, index) =>
    nodeSpec(node, cluster.defaults, ['cluster', 'nodes', index], problems),
  );
  const clients = clientSpecs(workload.clients, ownAsked(document, nodes, problems));
  const helpers = topologyHelpers(topology, nodes);
  checkDistinct(
    [
      ...nodes.map(({ id }, index) => ({ id, path: ['cluster', 'nodes', index, 'id'] as Path })),
      ...clients.map(({ id }, index) => ({ id, path: ['workload', 'clients', index, 'id'] as Path })),
    ],
    helpers.map(({ name }) => name),
    problems,
  );
  const within = linkSpec(
    network.within,
    { latency: defaultLatency, ...plainLink },
    ['network', 'within'],
    problems,
  );
  const between = network.between.flatMap((link, index) =>
    regionLinks(link, within, ['network', 'between', index], problems),
  );
  checkLinkedOnce(network.between, problems);
  checkLatenciesOf(document, problems);
  checkRacks(document, problems);
  checkConnections(document, problems);
  const plain = topologySpec(topology, nodes, problems);
  const placed = plain.type === 'multi-leader' ? laidOut(plain, workload.keys.count) : plain;
  const keys = {
    ...workload.keys,
    count: placed.type === 'multi-leader' ? rowsIn(placed) : workload.keys.count,
  };
  const scenario: Scenario = {
    id: document.id,
    title: document.title,
    seed: document.seed,
    durationUs: toUs(document.durationMs),
    drainUs: toUs(document.drainMs),
    nodes,
    within,
    between,
    topology: placed,
    helpers: helpers.map(({ path: _, ...helper }) => helper),
    workload: {
      clients: clients.map((client, index) => ({
        ...client,
        ...askedOfTables(workload.clients[index]!, placed, index, problems),
      })),
      arrivals: workload.arrivals,
      keys,
      valueBytes: workload.valueBytes,
      timeoutUs: toUs(workload.timeoutMs),
      users: usersOf(workload, problems),
    },
    faults: document.faults,
    alerts: {
      lagUs: document.alerts.lagMs === undefined ? null : toUs(document.alerts.lagMs),
      disconnected: document.alerts.disconnected,
    },
    expect: document.expect,
  };
  checkRegionsLinked(scenario, helpers, problems);
  checkBursts(document, problems);
  checkWork(document, problems);
  checkDeletes(document, problems);
  checkContexts(document, problems);
  checkFaults(scenario, document.durationMs, problems);
  checkExpectations(scenario, problems);
  checkRemedies(scenario, problems);
  checkRows(scenario, problems);
  return scenario;
}

function nodeSpec(
  node: ScenarioDocument['cluster']['nodes'][number],
  defaults: ScenarioDocument['cluster']['defaults'],
  path: Path,
  problems: Problem[],
): NodeSpec {
  const disk = node.disk ?? defaults.disk;
  const diskPath: Path =
    node.disk === undefined ? ['cluster', 'defaults', 'disk', 'fsync'] : [...path, 'disk', 'fsync'];
  const capacity = { ...defaults.capacity, ...node.capacity };
  const clock = node.clock ?? defaults.clock;
  const replay = node.replay ?? defaults.replay;
  return {
    id: node.id,
    region: node.region,
    ...(node.rack !== undefined && { rack: node.rack }),
    ...(node.connects !== undefined && {
      connects: { everyUs: toUs(node.connects.everyMs), forUs: toUs(node.connects.forMs) },
    }),
    fsync: latencySpec(disk?.fsync ?? 0, diskPath, problems),
    diskBytesPerSecond: disk?.bytesPerSecond ?? 0,
    diskBytes: disk?.capacityBytes ?? 0,
    readPs: servicePs(capacity.readsPerSecond),
    writePs: servicePs(capacity.writesPerSecond),
    applyPs: servicePs(capacity.appliesPerSecond),
    queueUsMost: capacity.queueMs === undefined ? null : toUs(capacity.queueMs),
    replay:
      replay === undefined
        ? null
        : {
            recordPs: servicePs(replay.recordsPerSecond),
            bytesPerSecond: replay.bytesPerSecond ?? 0,
            sharesMachine: replay.sharesMachineWithReads,
          },
    skewUs: toUs(clock?.skewMs ?? 0),
    driftPpm: clock?.driftPpm ?? 0,
  };
}

/** A capacity as the time one takes; 0 where there is no limit. */
function servicePs(perSecond: number | undefined): number {
  return perSecond === undefined ? 0 : Math.max(1, Math.round(1_000_000_000_000 / perSecond));
}

function clientSpecs(
  clients: ScenarioDocument['workload']['clients'],
  own: readonly Pick<ClientSpec, 'read' | 'write'>[],
): ClientSpec[] {
  return clients.map((client, index) => ({
    // The first keeps its name, and with it its streams of chance, when others join it.
    id: client.id ?? (index === 0 ? 'clients' : `clients-${index + 1}`),
    region: client.region,
    readsPerSecond: client.readsPerSecond,
    writesPerSecond: client.writesPerSecond,
    deletesPerSecond: client.deletesPerSecond,
    context: client.context ?? null,
    fromUs: toUs(client.fromMs),
    untilUs: client.untilMs === undefined ? null : toUs(client.untilMs),
    ...own[index],
  }));
}

/** Levels that client groups name for themselves. */
function ownAsked(
  { topology, workload }: ScenarioDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
): Pick<ClientSpec, 'read' | 'write'>[] {
  return workload.clients.map((client, index) => {
    const own: { read?: Asked; write?: Asked } = {};
    for (const key of ['read', 'write'] as const) {
      const written = client[key];
      if (written === undefined) continue;
      const path: Path = ['workload', 'clients', index, key];
      if (topology.type === 'leaderless') own[key] = ownAskedOf(written, topology, nodes, problems, path);
      else {
        problems.push({
          path,
          found: `a ${topology.type} topology`,
          expected: 'leaderless, where each operation has a level',
        });
      }
    }
    return own;
  });
}

/** Most pairs of a user and a key in a run: of each is remembered what the user has seen. */
const rememberedMost = 200_000;

function usersOf(
  { users, keys, clients }: ScenarioDocument['workload'],
  problems: Problem[],
): UserSettings | null {
  if (users === undefined) return null;
  const pairs = users.count * clients.length * keys.count;
  if (pairs > rememberedMost) {
    problems.push({
      path: ['workload', 'users', 'count'],
      found: `${users.count} users in each of ${clients.length} client groups, and ${keys.count} keys`,
      expected: `at most ${rememberedMost} pairs of a user and a key`,
      hint: 'what each user has seen of each key is remembered',
    });
  }
  const { count, readAfterWriteMs } = users;
  return { count, readAfterWriteUs: readAfterWriteMs === undefined ? -1 : toUs(readAfterWriteMs) };
}

const plainLink = { bytesPerSecond: 0, loss: 0, duplication: 0, reordering: false };

function linkSpec(link: LinkDocument, fallback: LinkSpec, path: Path, problems: Problem[]): LinkSpec {
  return {
    latency:
      link.latency === undefined
        ? fallback.latency
        : latencySpec(link.latency, [...path, 'latency'], problems),
    ...(link.latencyOf !== undefined && {
      latencyOf: latenciesOf(link.latencyOf, [...path, 'latencyOf'], problems),
    }),
    bytesPerSecond: link.bytesPerSecond ?? fallback.bytesPerSecond,
    loss: link.loss ?? fallback.loss,
    duplication: link.duplication ?? fallback.duplication,
    reordering: link.reordering ?? fallback.reordering,
  };
}

function latenciesOf(
  written: NonNullable<LinkDocument['latencyOf']>,
  path: Path,
  problems: Problem[],
): LinkSpec['latencyOf'] & object {
  return Object.fromEntries(
    Object.entries(written).flatMap(([way, latency]) =>
      latency === undefined ? [] : [[way, latencySpec(latency, [...path, way], problems)]],
    ),
  );
}

function regionLinks(
  link: ScenarioDocument['network']['between'][number],
  within: LinkSpec,
  path: Path,
  problems: Problem[],
): RegionLink[] {
  if (link.latency === undefined) {
    problems.push({
      path: [...path, 'latency'],
      found: 'nothing',
      expected: 'the one-way latency between the regions',
    });
  }
  if (link.from === link.to) {
    problems.push({
      path: [...path, 'to'],
      found: showValue(link.to),
      expected: 'another region',
      hint: 'links inside a region are network.within',
    });
  }
  const spec = linkSpec(link, within, path, problems);
  const there = { from: link.from, to: link.to, ...spec };
  return link.oneWay ? [there] : [there, { ...there, from: link.to, to: link.from }];
}

/** A latency as written, in µs. Bounds between its fields are checked here, in the writer's own units. */
function latencySpec(latency: LatencyDocument, path: Path, problems: Problem[]): LatencySpec {
  if (typeof latency === 'number') return { type: 'constant', delayUs: toUs(latency) };
  const atLeast = (key: string, found: number, least: number, name: string) => {
    if (found < least)
      problems.push({ path: [...path, key], found: String(found), expected: `at least ${name}, ${least}` });
  };
  switch (latency.type) {
    case 'constant':
      return { type: 'constant', delayUs: toUs(latency.ms) };
    case 'uniform':
      atLeast('maxMs', latency.maxMs, latency.minMs, 'minMs');
      return { type: 'uniform', minUs: toUs(latency.minMs), maxUs: toUs(latency.maxMs) };
    case 'exponential':
      return { type: 'exponential', meanUs: latency.meanMs * 1000, shiftUs: toUs(latency.minMs) };
    case 'pareto':
      return { type: 'pareto', scaleUs: latency.scaleMs * 1000, shape: latency.shape };
    case 'log-normal':
      atLeast('p99Ms', latency.p99Ms, latency.medianMs, 'medianMs');
      return { type: 'log-normal', medianUs: latency.medianMs * 1000, p99Us: latency.p99Ms * 1000 };
    case 'percentiles':
      latency.points.forEach(([percentile, ms], index) => {
        const before = latency.points[index - 1];
        if (before === undefined || (percentile > before[0] && ms >= before[1])) return;
        problems.push({
          path: [...path, 'points', index],
          found: `[${percentile}, ${ms}]`,
          expected: `a percentile above ${before[0]} and a time of at least ${before[1]}`,
        });
      });
      return {
        type: 'empirical',
        points: latency.points.map(([percentile, ms]) => ({ percentile, delayUs: ms * 1000 })),
      };
    case 'rtt': {
      const row = regionRtt(latency);
      if (row !== undefined) return oneWayLatency(row);
      const before = problems.length;
      for (const key of ['from', 'to'] as const) {
        const near = nearRegions(latency.provider, latency[key]);
        if (near[0] === latency[key]) continue;
        problems.push({
          path: [...path, key],
          found: showValue(latency[key]),
          expected: `a region of ${latency.provider} with a measured round trip`,
          ...(near.length > 0 && { hint: `near: ${near.join(', ')}` }),
        });
      }
      if (problems.length === before) {
        problems.push({
          path,
          found: `${latency.from} to ${latency.to}`,
          expected: 'a pair of regions with a measured round trip',
        });
      }
      return { type: 'constant', delayUs: 0 };
    }
    case 'mixture':
      return {
        type: 'mixture',
        components: latency.parts.map((part, index) => ({
          weight: part.weight,
          latency: latencySpec(part.latency, [...path, 'parts', index, 'latency'], problems),
        })),
      };
  }
}

function checkDistinct(
  named: readonly { id: string; path: Path }[],
  taken: readonly string[],
  problems: Problem[],
): void {
  const seen = new Set(taken);
  for (const { id, path } of named) {
    if (seen.has(id)) {
      problems.push({ path, found: showValue(id), expected: 'a name that is not taken yet' });
    }
    seen.add(id);
  }
}

/** A second link for one direction would be a number that counts for nothing. */
function checkLinkedOnce(between: ScenarioDocument['network']['between'], problems: Problem[]): void {
  const seen = new Set<string>();
  between.forEach(({ from, to, oneWay }, index) => {
    const directions = oneWay || from === to ? [`${from} ${to}`] : [`${from} ${to}`, `${to} ${from}`];
    if (directions.some((direction) => seen.has(direction))) {
      problems.push({
        path: ['network', 'between', index],
        found: `${from} to ${to}, which is linked already`,
        expected: 'one link for each direction between two regions',
      });
    }
    for (const direction of directions) seen.add(direction);
  });
}

/** The four ways are those of leaderless replication. */
function checkLatenciesOf({ network, topology }: ScenarioDocument, problems: Problem[]): void {
  if (topology.type === 'leaderless' || (topology.type === 'sharded' && topology.of.type === 'leaderless'))
    return;
  const links = [
    { link: network.within, path: ['network', 'within'] },
    ...network.between.map((link, index) => ({ link, path: ['network', 'between', index] })),
  ];
  for (const { link, path } of links) {
    if (link.latencyOf === undefined) continue;
    problems.push({
      path: [...path, 'latencyOf'],
      found: `a ${topology.type} topology`,
      expected: 'leaderless, whose messages it tells apart',
      hint: 'latency is of every message',
    });
  }
}

/** A device is on its own when it is not connected, and connected for less than all of the time. */
function checkConnections({ cluster: { nodes } }: ScenarioDocument, problems: Problem[]): void {
  nodes.forEach(({ id, region, connects }, index) => {
    if (connects === undefined) return;
    const path: Path = ['cluster', 'nodes', index];
    const beside = nodes.find((other) => other.id !== id && other.region === region);
    if (beside !== undefined) {
      problems.push({
        path: [...path, 'region'],
        found: `${region}, where ${beside.id} is too`,
        expected: 'a region of its own, as it is connected only now and then',
      });
    }
    if (connects.forMs >= connects.everyMs) {
      problems.push({
        path: [...path, 'connects', 'forMs'],
        found: String(connects.forMs),
        expected: `less than everyMs, which is ${connects.everyMs}`,
      });
    }
  });
}

/** Who places copies by region looks at racks too, and nobody else does. */
function checkRacks({ cluster: { nodes }, topology }: ScenarioDocument, problems: Problem[]): void {
  const placed = topology.type === 'sharded' ? topology.of : topology;
  if (placed.type === 'leaderless' && typeof placed.replicas === 'object') return;
  nodes.forEach(({ rack }, index) => {
    if (rack === undefined) return;
    problems.push({
      path: ['cluster', 'nodes', index, 'rack'],
      found: rack,
      expected: 'a leaderless topology with replicas for each region, which racks are told apart for',
      hint: 'write replicas: { region: count, … }',
    });
  });
}

/** Every two places that exchange messages need a link. */
function checkRegionsLinked(
  scenario: Scenario,
  helpers: readonly { region: string; path: Path }[],
  problems: Problem[],
): void {
  const nodeRegions = new Set([...scenario.nodes, ...helpers].map(({ region }) => region));
  const linked = new Set(scenario.between.map(({ from, to }) => `${from} ${to}`));
  const places = [
    ...scenario.nodes.map(({ region }, index) => ({
      region,
      path: ['cluster', 'nodes', index, 'region'] as Path,
    })),
    ...scenario.workload.clients.map(({ region }, index) => ({
      region,
      path: ['workload', 'clients', index, 'region'] as Path,
    })),
    ...helpers,
  ];
  const reported = new Set<string>();
  for (const { region, path } of places) {
    for (const other of nodeRegions) {
      if (region === other || (linked.has(`${region} ${other}`) && linked.has(`${other} ${region}`)))
        continue;
      const pair = [region, other].sort().join(' ');
      if (reported.has(pair)) continue;
      reported.add(pair);
      problems.push({
        path,
        found: showValue(region),
        expected: `a region with a link to ${other}`,
        hint: `add { from: ${region}, to: ${other}, latency: … } to network.between`,
      });
    }
  }
}

/** A group that never asks would be a mistake. */
function checkBursts({ workload, durationMs }: ScenarioDocument, problems: Problem[]): void {
  workload.clients.forEach(({ fromMs, untilMs }, index) => {
    const path: Path = ['workload', 'clients', index];
    if (fromMs >= durationMs) {
      problems.push({
        path: [...path, 'fromMs'],
        found: String(fromMs),
        expected: `less than durationMs, ${durationMs}`,
      });
    }
    if (untilMs !== undefined && untilMs <= fromMs) {
      problems.push({
        path: [...path, 'untilMs'],
        found: String(untilMs),
        expected: `more than fromMs, ${fromMs}`,
      });
    }
  });
}

/** Most operations one run may hold: they are numbered in 31 bits. */
const operationsMax = 2_000_000_000;

function checkWork({ workload, durationMs }: ScenarioDocument, problems: Problem[]): void {
  // Groups take turns in numbering, so that the busiest one's numbers grow as if all were as busy.
  let perSecond = 0;
  for (const client of workload.clients) {
    perSecond = Math.max(
      perSecond,
      (client.readsPerSecond + client.writesPerSecond + client.deletesPerSecond) * workload.clients.length,
    );
  }
  const operations = (perSecond * durationMs) / 1000;
  if (operations > operationsMax) {
    problems.push({
      path: ['durationMs'],
      found: `${durationMs} ms of ${perSecond} operations per second`,
      expected: `at most ${operationsMax} operations in a run`,
      ...(workload.clients.length > 1 && { hint: 'every client group counts as much as the busiest one' }),
    });
  }
}

/** In a log a delete is a record like any other; what it leaves behind matters where versions are merged. */
function checkDeletes({ topology, workload }: ScenarioDocument, problems: Problem[]): void {
  for (const [index, { deletesPerSecond, write }] of workload.clients.entries()) {
    if (deletesPerSecond === 0) continue;
    const path: Path = ['workload', 'clients', index, 'deletesPerSecond'];
    const found = String(deletesPerSecond);
    if (topology.type !== 'leaderless')
      problems.push({
        path,
        found,
        expected: 'none but in a leaderless topology',
        hint: 'in a log a delete is a record like any other: count it among writesPerSecond',
      });
    else if (['SERIAL', 'LOCAL_SERIAL'].some((level) => (write ?? topology.write) === level))
      problems.push({ path, found, expected: 'none where writes are lightweight transactions' });
    else if (topology.versions !== 'lww')
      problems.push({ path, found, expected: 'none where there may be siblings (topology.versions)' });
  }
}

function hasSiblings({ topology }: Scenario): boolean {
  return topology.type === 'leaderless' && topology.versions !== 'lww';
}

function checkContexts({ topology, workload }: ScenarioDocument, problems: Problem[]): void {
  for (const [index, { context }] of workload.clients.entries()) {
    if (context === undefined) continue;
    const path: Path = ['workload', 'clients', index, 'context'];
    if (topology.type !== 'leaderless')
      problems.push({ path, found: context, expected: 'nothing but in a leaderless topology' });
    else if (context === 'last-read' && workload.users === undefined)
      problems.push({ path, found: context, expected: 'workload.users, each of whom has read something' });
  }
}

/** What the report holds numbers under. */
const metricRoots = [
  'operations',
  'latencyMs',
  'availability',
  'messages',
  'events',
  'failovers',
  'falseFailovers',
  'zombieWritesRejected',
  'overlapMs',
  'rpo',
  'lag',
  'replication',
  'snapshots',
  'antiEntropy',
  'multiLeader',
  'certification',
  'coordination',
  'tombstones',
  'siblings',
  'streams',
  'alerts',
  'nodes',
];

/** An expectation that nothing could meet, or that anything would, is a mistake. */
function checkExpectations(scenario: Scenario, problems: Problem[]): void {
  scenario.expect.forEach((expectation, index) => {
    const path: Path = ['expect', index];
    if ('verdict' in expectation) {
      const deletes = scenario.workload.clients.some(({ deletesPerSecond }) => deletesPerSecond > 0);
      if (expectation.verdict === 'resurrection' && !deletes)
        problems.push({
          path: [...path, 'verdict'],
          found: expectation.verdict,
          expected: 'clients that delete keys (deletesPerSecond), whose deletes it judges',
        });
      if (expectation.verdict === 'linearizability' && !hasRegisters(scenario))
        problems.push({
          path: [...path, 'verdict'],
          found: expectation.verdict,
          expected:
            'keys that hold one value each: not several leaders, no siblings (topology.versions), no deletes (deletesPerSecond)',
        });
      const judgesSessions = sessionVerdictNames.some((name) => name === expectation.verdict);
      if (judgesSessions && hasSiblings(scenario))
        problems.push({
          path: [...path, 'verdict'],
          found: expectation.verdict,
          expected: 'versions that are older or newer than each other (topology.versions: lww)',
        });
      if (!judgesSessions || scenario.workload.users !== null) return;
      problems.push({
        path: [...path, 'verdict'],
        found: expectation.verdict,
        expected: 'workload.users, whose sessions it judges',
      });
      return;
    }
    const { metric, atLeast, atMost } = expectation;
    const root = metric.split('.')[0]!;
    if (!metricRoots.includes(root)) {
      problems.push(
        unknownName(root, 'a path into the report, beginning with a metric', metricRoots, [
          ...path,
          'metric',
        ]),
      );
    }
    if (atLeast === undefined && atMost === undefined) {
      problems.push({
        path,
        found: `only the metric ${metric}`,
        expected: 'atLeast, atMost or both beside it',
      });
    }
    if (atLeast !== undefined && atMost !== undefined && atLeast > atMost) {
      problems.push({
        path: [...path, 'atMost'],
        found: String(atMost),
        expected: `at least atLeast, ${atLeast}`,
      });
    }
  });
}

/** What is done for users needs users. */
function checkRemedies({ topology, workload }: Scenario, problems: Problem[]): void {
  if (remediesOf(topology) === null || workload.users !== null) return;
  problems.push({
    path: ['topology', 'reads'],
    found: 'something that is done for each user',
    expected: 'workload.users, whom it is done for',
  });
}

/** Which keys a group asks for and which columns it sets, where there are tables. */
function askedOfTables(
  { table, columns }: ScenarioDocument['workload']['clients'][number],
  topology: Scenario['topology'],
  index: number,
  problems: Problem[],
): Pick<ClientSpec, 'keys' | 'columns'> {
  const path: Path = ['workload', 'clients', index];
  if (topology.type !== 'multi-leader') {
    for (const [key, written] of Object.entries({ table, columns }))
      if (written !== undefined)
        problems.push({
          path: [...path, key],
          found: `a ${topology.type} topology`,
          expected: 'multi-leader',
        });
    return {};
  }
  const { tables } = topology;
  const ids = tables.flatMap(({ id }) => id ?? []);
  const found = table === undefined ? undefined : tables.find(({ id }) => id === table);
  if (table !== undefined && found === undefined)
    problems.push(unknownName(table, 'a table (topology.tables)', ids, [...path, 'table']));
  const keys = found === undefined ? {} : { keys: { first: found.firstKey, count: found.rows } };
  if (columns === undefined) return keys;
  const of = found ?? (tables.length === 1 ? tables[0] : undefined);
  if (of === undefined) {
    if (table === undefined)
      problems.push({
        path: [...path, 'columns'],
        found: `columns of ${tables.length} tables`,
        expected: 'table beside it, whose columns they are',
      });
    return keys;
  }
  return { ...keys, columns: columnsSet(columns, of, [...path, 'columns'], problems) };
}

/** A bit for each column that writes set. */
function columnsSet(
  written: readonly (string | number)[],
  { columns, columnNames, detectsByColumn, resolvers }: MultiLeaderSpec['tables'][number],
  path: Path,
  problems: Problem[],
): number {
  const names = columnNames ?? Array.from({ length: columns }, (_, column) => String(column));
  let set = 0;
  for (const [index, name] of written.entries()) {
    const column = names.indexOf(String(name));
    if (column < 0) problems.push(unknownName(String(name), 'a column', names, [...path, index]));
    else set |= 1 << column;
  }
  const alone = resolvers.findIndex((name, column) => !carriesNumbers(name) && (set & (1 << column)) !== 0);
  if (detectsByColumn && alone >= 0 && written.length > 1)
    problems.push({
      path,
      found: `${names[alone]} with others`,
      expected: `${names[alone]} alone, as what ${resolvers[alone]} merges is not the write’s number`,
    });
  return set;
}

/** Sets of several columns, which four bits of a message have room for beside single ones. */
const setsMost = 7;

/** Most rows × columns × leaders²: the memory of a run with several leaders grows with that. */
const rowsMost = 5_000_000;

/** Most rows of a table with a unique column. */
const uniqueRowsMost = 2000;

/** Most keys: twenty bits of a message say which. */
const keysMost = 1_000_000;

/** Of each row several leaders keep what each of them did last. */
function checkRows({ topology, nodes, workload }: Scenario, problems: Problem[]): void {
  if (topology.type !== 'multi-leader') return;
  const cells = topology.tables.reduce((sum, { rows, resolvers }) => sum + rows * resolvers.length, 0);
  if (cells * nodes.length * nodes.length > rowsMost) {
    problems.push({
      path: ['workload', 'keys', 'count'],
      found: `${workload.keys.count} rows with ${nodes.length} leaders`,
      expected: `rows × columns × leaders² of at most ${rowsMost}`,
      hint: 'each leader keeps of each row what every leader did last',
    });
  }
  if (topology.identifiers !== null && workload.clients.some(({ readsPerSecond }) => readsPerSecond > 0)) {
    problems.push({
      path: ['workload', 'clients'],
      found: `reads, with identifiers: ${topology.identifiers}`,
      expected: 'writes only, as clients do not know which keys their leader chooses',
    });
  }
  for (const [index, { id, unique, rows }] of topology.tables.entries()) {
    if (unique === null || rows <= uniqueRowsMost) continue;
    problems.push({
      path: id === null ? ['workload', 'keys', 'count'] : ['topology', 'tables', index, 'rows'],
      found: `${rows} rows with a unique column`,
      expected: `at most ${uniqueRowsMost}, as a write looks through them all`,
    });
  }
  if (workload.keys.count > keysMost) {
    problems.push({
      path: ['topology', 'tables'],
      found: `${workload.keys.count} rows in all`,
      expected: `at most ${keysMost}`,
    });
  }
  const sets = setsOfSeveral(workload.clients.map(({ columns }) => columns));
  if (sets.length > setsMost) {
    problems.push({
      path: ['workload', 'clients'],
      found: `${sets.length} different sets of columns`,
      expected: `at most ${setsMost}`,
    });
  }
  const carried = topology.tables.flatMap(({ resolvers }) => resolvers).find((name) => !carriesNumbers(name));
  if (carried !== undefined && workload.users !== null) {
    problems.push({
      path: ['workload', 'users'],
      found: `users, with resolve: ${carried}`,
      expected: 'values that are one write’s each, so that it can be told whose write a user reads',
    });
  }
}

function checkFaults(scenario: Scenario, durationMs: number, problems: Problem[]): void {
  scenario.faults.forEach((fault, index) => {
    const path: Path = ['faults', index];
    problems.push(...faultProblems(scenario, fault, path));
    if (fault.atMs > durationMs) {
      problems.push({
        path: [...path, 'atMs'],
        found: String(fault.atMs),
        expected: `at most durationMs, ${durationMs}`,
      });
    }
  });
}
