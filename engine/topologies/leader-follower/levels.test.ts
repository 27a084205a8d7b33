/** What each acknowledgement setting is worth when machines die, and who is synchronous when. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { open } from '../../run/player.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { InputError } from '../../scenario/problems.ts';
import type { FaultSource } from '../../scenario/schema.ts';
import {
  atMsWithin,
  type LeaderFollowerScenario,
  nodeNames,
  quickTopology,
} from './random-cluster.test-support.ts';
import { replicasOf } from './replicas-of.test-support.ts';
import type { LeaderFollowerSource } from './schema.ts';

type Acknowledgement = NonNullable<LeaderFollowerSource['acknowledgement']>;
type Level = 'off' | 'local' | 'remote_write' | 'on' | 'remote_apply';

const full = process.env.QUORATE_FULL === '1';
const postgresql = (level: Level, standbys: string): Acknowledgement => ({
  style: 'postgresql',
  level,
  standbys,
  walWriterDelayMs: 20,
});

function cluster(
  nodes: number,
  acknowledgement: Acknowledgement,
  faults: FaultSource[],
  seed = 1,
): LeaderFollowerScenario {
  return {
    id: 'levels',
    seed,
    durationMs: 900,
    cluster: {
      nodes: nodeNames(nodes).map((id) => ({ id })),
      defaults: { disk: { fsync: { type: 'uniform', minMs: 0.2, maxMs: 8 } } },
    },
    network: { within: { latency: { type: 'uniform', minMs: 0.1, maxMs: 6 } } },
    topology: { ...quickTopology, acknowledgement },
    workload: { clients: [{ writesPerSecond: 400 }], keys: { count: 20 }, timeoutMs: 100 },
    faults,
  };
}

const lostIn = ({ verdicts }: Pick<Report, 'verdicts'>): number =>
  verdicts.find(({ name }) => name === 'lost-writes')!.count;

/** One crash at any time of any node, its machine or its process only, ended or not. */
const crash = (nodes: number): fc.Arbitrary<FaultSource> =>
  fc.record(
    {
      type: fc.constant('crash' as const),
      node: fc.constantFrom(...nodeNames(nodes)),
      loses: fc.constantFrom('machine' as const, 'memory' as const),
      atMs: atMsWithin(900),
      forMs: fc.integer({ min: 1, max: 500 }),
    },
    { requiredKeys: ['type', 'node', 'atMs'] },
  );

describe('a write that one synchronous standby has on disk survives any one crash', () => {
  test.each<[string, Acknowledgement, Acknowledgement, number?]>([
    ['on, FIRST 1', postgresql('on', 'FIRST 1 (b, c)'), postgresql('on', 'FIRST 1 (a, c, b)')],
    ['on, ANY 1', postgresql('on', 'ANY 1 (a, b, c)'), postgresql('on', 'ANY 1 (*)'), 10_000],
    ['remote_apply, ANY 1', postgresql('remote_apply', 'ANY 1 (b, c)'), postgresql('remote_apply', '*')],
    [
      'MySQL semi-sync',
      { style: 'mysql-semi-sync' },
      { style: 'mysql-semi-sync', waitPoint: 'after-commit' },
    ],
    ['MongoDB majority', { style: 'mongodb' }, { style: 'mongodb', w: 2 }],
  ])('%s', (_, one, other, crashes = 2000) => {
    let acknowledged = 0;
    fc.assert(
      fc.property(fc.constantFrom(one, other), crash(3), fc.nat(0x7fff_ffff), (each, fault, seed) => {
        const report = simulate(parseScenario(cluster(3, each, [fault], seed)));
        acknowledged += report.operations.write.ok;
        expect(lostIn(report)).toBe(0);
      }),
      { numRuns: full ? crashes : 60 },
    );
    expect(acknowledged).toBeGreaterThan(1000);
  });
});

describe('without a standby to wait for, a crash loses at most what was not across', () => {
  test.each<[string, Acknowledgement]>([
    ['off', postgresql('off', '*')],
    ['local', postgresql('local', '*')],
    ['remote_apply without names', postgresql('remote_apply', '')],
    ['Redis', { style: 'redis' }],
    ['MongoDB w: 1', { style: 'mongodb', w: 1 }],
  ])('%s', (_, acknowledgement) => {
    let total = 0;
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 700_000 }), fc.nat(0x7fff_ffff), (crashUs, seed) => {
        const faults: FaultSource[] = [
          { type: 'cut', from: ['a'], to: ['b', 'c'], atMs: (crashUs - 30_000) / 1000 },
          { type: 'crash', node: 'a', atMs: crashUs / 1000 },
        ];
        const simulation = new Simulation(
          parseScenario(cluster(3, acknowledgement, faults)),
          seed,
          undefined,
        );
        simulation.advanceTo(crashUs);
        const [leader, ...followers] = replicasOf(simulation);
        // What the leader has written and no follower has on disk.
        const lag = leader!.wal.lastLsn - Math.max(...followers.map(({ flushedLsn }) => flushedLsn));
        simulation.finish();
        const lost = lostIn({ verdicts: simulation.verdicts() });
        expect(lost).toBeLessThanOrEqual(lag);
        total += lost;
      }),
      { numRuns: full ? 1000 : 40 },
    );
    expect(total).toBeGreaterThan(100);
  });

  test('off, the machine comes back: what the last delays had not flushed, at most three of them', () => {
    let total = 0;
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 600 }), fc.nat(0x7fff_ffff), (atMs, seed) => {
        const source = cluster(
          2,
          postgresql('off', ''),
          [{ type: 'crash', node: 'a', atMs, forMs: 50 }],
          seed,
        );
        const report = simulate(
          parseScenario({ ...source, topology: { ...source.topology, failover: { automatic: false } } }),
        );
        expect(report.rpo.ms).toBeLessThanOrEqual(60);
        total += lostIn(report);
      }),
      { numRuns: full ? 1000 : 40 },
    );
    expect(total).toBeGreaterThan(100);
  });
});

test('F1: a wait that an operator cancels is answered with a warning, and what it was about may be gone after a failover', () => {
  const source = cluster(2, postgresql('on', 'b'), [
    { type: 'cut', from: ['a'], to: ['b'], atMs: 300 },
    { type: 'cancel-waits', atMs: 390 },
    { type: 'crash', node: 'a', atMs: 400 },
  ]);
  const outcomes: string[] = [];
  const report = simulate(parseScenario({ ...source, workload: { ...source.workload, timeoutMs: 1000 } }), {
    observe(entry) {
      if (entry.type === 'ended' && entry.kind === 'write' && entry.atMs > 350 && entry.atMs < 400)
        outcomes.push(entry.outcome);
    },
  });
  expect(report.replication!.warnings).toBeGreaterThan(10);
  // Done on the leader, and known to be nowhere else for sure: neither a success nor a failure.
  expect(new Set(outcomes)).toEqual(new Set(['info']));
  expect(report.operations.write.fail).toBe(0);
  expect(lostIn(report)).toBe(0);
});

test('F3: FIRST 2 of three makes two sync and one potential, who is not listed is async; ANY makes a quorum', () => {
  const statesOf = (standbys: string, faults: FaultSource[] = []): string => {
    const player = open(parseScenario(cluster(5, postgresql('on', standbys), faults)));
    player.advanceTo(500);
    return player
      .view()
      .streams.map(({ syncState }) => syncState)
      .join(' ');
  };
  expect(statesOf('FIRST 2 (b, c, d)')).toBe('sync sync potential async');
  expect(statesOf('ANY 2 (b, c, d)')).toBe('quorum quorum quorum async');
  expect(statesOf('')).toBe('async async async async');
  const bDies: FaultSource = { type: 'crash', node: 'b', loses: 'memory', atMs: 400 };
  expect(statesOf('FIRST 2 (b, c, d)', [bDies])).toBe('potential sync sync async');
  // Its machine dies, and nobody says so: until the stream's timeout it counts, and commits wait for it.
  expect(statesOf('FIRST 2 (b, c, d)', [{ ...bDies, loses: 'machine' }])).toBe('sync sync potential async');
});

test('settings that cannot be are refused, with what is wrong', () => {
  const problemOf = (acknowledgement: unknown): unknown => {
    try {
      parseScenario(cluster(3, acknowledgement as Acknowledgement, []));
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      const { path, found, expected } = (error as InputError).problems[0]!;
      return `${path.slice(1).join('.')}: ${found}, expected ${expected}`;
    }
    return 'nothing';
  };
  expect(problemOf('sometimes')).toMatchInlineSnapshot(
    `"acknowledgement: "sometimes", expected one of asynchronous, semi-synchronous, synchronous or an object (keys and values)"`,
  );
  expect(problemOf({ style: 'oracle' })).toMatchInlineSnapshot(
    `"acknowledgement.style: "oracle", expected one of postgresql, mysql-semi-sync, mongodb, redis"`,
  );
  expect(problemOf({ style: 'postgresql', level: 'maybe' })).toMatchInlineSnapshot(
    `"acknowledgement.level: "maybe", expected one of off, local, remote_write, on, remote_apply"`,
  );
  expect(problemOf({ style: 'postgresql', standbys: 'FIRST two (b)' })).toMatchInlineSnapshot(
    `"acknowledgement.standbys: two, expected how many standbys to wait for, a whole number of at least 1"`,
  );
  expect(problemOf({ style: 'postgresql', standbys: 'FIRST 1 (b, d)' })).toMatchInlineSnapshot(
    `"acknowledgement.standbys: "d", expected a node: one of a, b, c"`,
  );
  expect(problemOf({ style: 'mysql-semi-sync', replicas: 3 })).toMatchInlineSnapshot(
    `"acknowledgement.replicas: 3, expected at most 2, as many as there are"`,
  );
  expect(problemOf({ style: 'mongodb', w: 4 })).toMatchInlineSnapshot(
    `"acknowledgement.w: 4, expected at most 3, as many as there are"`,
  );
  expect(problemOf({ style: 'redis', wait: { replicas: 5 } })).toMatchInlineSnapshot(
    `"acknowledgement.wait.replicas: 5, expected at most 2, as many as there are"`,
  );
});
