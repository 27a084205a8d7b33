/**
 * What stops a leader that does not know it was superseded. With a fencing token, with STONITH and with a majority lease no
 * write is acknowledged on two sides, whatever crashes, stops, is cut off or keeps bad time within the bound; without any of
 * them a search finds such a write. And each prevention's essential rule, left out, is missed at once.
 */

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { find } from '../../explore/find.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { powerKind } from './failover-kinds.ts';
import { ASK, OFF, POWER_OFF } from './messages.ts';
import { quickTopology } from './random-cluster.test-support.ts';
import { replicaKind } from './replica-kind.ts';
import { storageKind } from './storage.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const full = process.env.QUORATE_FULL === '1';
const schedules = full ? 10_000 : 100;
const driftBoundPpm = 20_000;
const durationMs = 900;
const preventions = ['token', 'stonith', 'lease'] as const;
type Fencing = (typeof preventions)[number] | 'none';

function topologyWith(failover: { fencing: Fencing; leaseMs?: number; region?: string }) {
  const times = { powerOffMs: 40, leaseMs: 120, leaseRenewMs: 25, driftBoundPpm };
  return { ...quickTopology, failover: { ...quickTopology.failover, ...times, ...failover } };
}

/** Three replicas, and clients on either side who keep asking whom they last heard of. */
function cluster(fencing: Fencing, rest: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'fenced',
    durationMs,
    drainMs: 0,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 0.2 } } },
    network: { within: { latency: { type: 'uniform', minMs: 0.2, maxMs: 2 } } },
    topology: topologyWith({ fencing }),
    workload: {
      clients: [
        { id: 'here', writesPerSecond: 100 },
        { id: 'there', writesPerSecond: 100 },
      ],
      keys: { count: 5 },
      timeoutMs: 100,
    },
    ...rest,
  };
}

const helperOf = { none: [], lease: [], token: ['storage'], stonith: ['power'] } as const;

function schedule(fencing: Fencing): fc.Arbitrary<{ faults: FaultSource[]; seed: number }> {
  const node = fc.constantFrom('a', 'b', 'c');
  const end = fc.constantFrom('a', 'b', 'c', 'manager', 'here', 'there', ...helperOf[fencing]);
  const atMs = fc.integer({ min: 0, max: durationMs * 1000 - 1 }).map((us) => us / 1000);
  const forMs = fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined });
  const ends = fc.uniqueArray(end, { minLength: 1, maxLength: 3 });
  const crash = fc.record({ type: fc.constant('crash' as const), node, atMs, forMs });
  const pause = fc.record({ type: fc.constant('pause' as const), node, atMs, forMs });
  const cut = fc.record({
    type: fc.constant('cut' as const),
    from: ends,
    to: ends,
    oneWay: fc.boolean(),
    atMs,
    forMs,
  });
  const skew = fc.record({
    type: fc.constant('clock-skew' as const),
    node,
    skewMs: fc.integer({ min: -10_000, max: 10_000 }),
    driftPpm: fc.integer({ min: -driftBoundPpm, max: driftBoundPpm }),
    atMs,
  });
  const fault = fc
    .oneof({ weight: 2, arbitrary: crash }, pause, { weight: 3, arbitrary: cut }, skew)
    .map((drawn) => JSON.parse(JSON.stringify(drawn)) as FaultSource);
  return fc.record({
    faults: fc.array(fault, { minLength: 1, maxLength: 6 }),
    seed: fc.nat(0x7fff_ffff),
  });
}

const splitBrain = (source: ScenarioSource) => {
  const report = simulate(parseScenario(source));
  return { report, verdict: report.verdicts.find(({ name }) => name === 'split-brain')! };
};

describe.each(preventions)('%s', (fencing) => {
  test(`no split brain in ${schedules} random fault schedules`, () => {
    let failovers = 0;
    fc.assert(
      fc.property(schedule(fencing), ({ faults, seed }) => {
        const { report, verdict } = splitBrain(cluster(fencing, { faults, seed }));
        expect(verdict).toMatchObject({ result: 'ok' });
        failovers += report.failovers.filter(({ toNode }) => toNode !== null).length;
      }),
      { numRuns: schedules },
    );
    // The schedules are worth something: somebody was replaced in many of them.
    expect(failovers).toBeGreaterThan(schedules / 10);
  }, 900_000);

  test('a leader that dies is replaced', () => {
    const { report } = splitBrain(cluster(fencing, { faults: [{ type: 'crash', node: 'a', atMs: 300 }] }));
    expect(report.failovers[0]!.toNode).not.toBeNull();
    expect(report.failovers[0]!.rtoMs).toBeLessThan(500);
  });

  // A leader and its clients, cut off from the rest; where something stands between, they reach that.
  const alone: FaultSource[] = [
    { type: 'cut', from: ['a', 'here'], to: ['b', 'c', 'manager'], atMs: 200, forMs: 500 },
  ];

  test('its essential rule left out, there is a split brain', () => {
    const sound = cluster(fencing, { faults: alone });
    expect(splitBrain(sound).verdict.result).toBe('ok');
    if (fencing === 'token') {
      const { onInput } = storageKind;
      // The storage forgets what it has seen.
      vi.spyOn(storageKind, 'onInput').mockImplementation((storage, input, out) => {
        storage.token = 0;
        onInput(storage, input, out);
      });
    } else if (fencing === 'stonith') {
      // The device says that the machine is off, and does nothing.
      vi.spyOn(powerKind, 'onInput').mockImplementation((_, input, out) => {
        if (input.kind === POWER_OFF) out.send(input.from, OFF, input.a, 0, 0, 0, 0, 64);
      });
    } else {
      const { onInput } = replicaKind;
      // A leader believes in its lease for ever: it counts from now, whenever somebody looks.
      vi.spyOn(replicaKind, 'onInput').mockImplementation((replica, input, out) => {
        replica.leaseFromUs += out.elapsedUs(replica.leaseFromUs);
        onInput(replica, input, out);
      });
    }
    expect(splitBrain(sound).verdict.result).toBe('violation');
  });
});

test('token: what the zombie goes on writing is refused, and counted', () => {
  const { report } = splitBrain(
    cluster('token', {
      faults: [{ type: 'cut', from: ['a', 'here'], to: ['b', 'c', 'manager'], atMs: 200, forMs: 500 }],
    }),
  );
  expect(report.zombieWritesRejected).toBeGreaterThan(0);
});

test('stonith: where the fencing device cannot be reached, nobody is promoted', () => {
  const { report } = splitBrain(
    cluster('stonith', {
      faults: [
        { type: 'cut', from: ['manager'], to: ['power'], atMs: 100 },
        { type: 'crash', node: 'a', atMs: 200 },
      ],
    }),
  );
  expect(report.failovers).toMatchObject([{ fromNode: 'a', toNode: null }]);
});

test('stonith: a machine whose power was cut stays off, whatever would start it again', () => {
  const { report } = splitBrain(
    cluster('stonith', {
      faults: [
        { type: 'crash', node: 'a', atMs: 200, forMs: 400 },
        { type: 'restart', node: 'a', atMs: 700 },
      ],
    }),
  );
  expect(report.nodes[0]).toMatchObject({ node: 'a', process: 'down' });
});

test('stonith: a machine that is paused when its power is cut does not go on', () => {
  const { report } = splitBrain(
    cluster('stonith', { faults: [{ type: 'pause', node: 'a', atMs: 100, forMs: 500 }] }),
  );
  expect(report.failovers[0]!.cause).toBe('false-alarm');
  expect(report.nodes[0]).toMatchObject({ node: 'a', process: 'down' });
});

test('stonith waits for the machine to be off, a lease for it to be over: both take longer than no fencing', () => {
  const rtoMs = (fencing: Fencing) =>
    splitBrain(cluster(fencing, { faults: [{ type: 'crash', node: 'a', atMs: 300 }] })).report.failovers[0]!
      .rtoMs!;
  expect(rtoMs('stonith')).toBeGreaterThan(rtoMs('none') + 35);
});

test('lease: a follower’s promise is what keeps its leader safe', () => {
  const { onInput } = replicaKind;
  const faults: FaultSource[] = [
    { type: 'cut', from: ['manager', 'there'], to: ['a'], atMs: 200 },
    { type: 'cut', from: ['here'], to: ['b', 'c', 'manager'], atMs: 200 },
  ];
  expect(splitBrain(cluster('lease', { faults })).verdict.result).toBe('ok');
  vi.spyOn(replicaKind, 'onInput').mockImplementation((node, input, out) => {
    if (input.kind === ASK) node.promisedTo = -1;
    onInput(node, input, out);
  });
  // With a lease that outlasts the election it shows at once.
  const long = cluster('lease', { faults });
  const topology = topologyWith({ fencing: 'lease', leaseMs: 400 });
  expect(splitBrain({ ...long, topology }).verdict.result).toBe('violation');
});

describe('find', () => {
  const search = { violates: 'split-brain', budget: full ? 400 : 120, maxFaults: 2, seed: 1 } as const;

  test('without fencing it finds a split brain', async () => {
    expect(await find(cluster('none'), search)).toMatchObject({ found: true });
  });

  test('lease: it finds one where clocks are off by more than the bound, and none where they are within', async () => {
    const regionOf = (name: string) => (name === 'a' || name === 'here' ? 'east' : 'west');
    const drifting = (driftPpm: number) => {
      const source = cluster('lease');
      const nodes = source.cluster.nodes.map((node) => ({
        ...node,
        clock: { driftPpm: node.id === 'a' ? -driftPpm : driftPpm },
      }));
      // A long lease, of which a tenth is long too.
      return {
        ...source,
        durationMs: 2000,
        cluster: { ...source.cluster, nodes: nodes.map((node) => ({ ...node, region: regionOf(node.id) })) },
        network: { ...source.network, between: [{ from: 'east', to: 'west', latency: 1 }] },
        topology: topologyWith({ fencing: 'lease', leaseMs: 800, region: 'west' }),
        workload: {
          ...source.workload,
          clients: source.workload.clients.map((group) => ({ ...group, region: regionOf(group.id!) })),
        },
      } as ScenarioSource;
    };
    const oneFault = { ...search, maxFaults: 1 };
    expect(await find(drifting(driftBoundPpm), oneFault)).toMatchObject({ found: false });
    expect(await find(drifting(100_000), oneFault)).toMatchObject({ found: true });
  });
});
