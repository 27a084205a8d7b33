import { describe, expect, test } from 'vitest';
import { answerKind, decide } from './decide.ts';
import { shortestElectionMs } from './election-plan.ts';
import { parseRequirements, type RequirementsSource } from './requirements.ts';
import { settingsFor } from './settings.ts';

/** A booking site in two regions: one leader, one second copy, reads near the users. */
const booking: RequirementsSource = {
  id: 'booking',
  readsPerSecond: 800,
  writesPerSecond: 60,
  regions: [
    { id: 'us-east-1', share: 0.7 },
    { id: 'eu-west-1', share: 0.3 },
  ],
  roundTrip: { provider: 'AWS' },
  lossToleratedMs: 0,
  outageToleratedS: 30,
  entities: [
    { name: 'bookings', share: 0.2, consistency: 'strong', transactions: true },
    { name: 'catalogue', share: 0.8, consistency: 'eventual' },
  ],
};

/** Carts of users on two continents, who should not notice the other one. */
const carts: RequirementsSource = {
  id: 'carts',
  regions: [{ id: 'virginia' }, { id: 'tokyo' }],
  roundTrip: { otherwiseMs: 150 },
  writeLatencyP99Ms: 50,
  entities: [{ name: 'carts', consistency: 'eventual', mergeable: true, conflict: 'crdt' }],
  operatingEffort: 'high',
};

const archive: RequirementsSource = { lossToleratedMs: 600_000, outageToleratedS: 7_200 };

const decided = (source: RequirementsSource) => decide(parseRequirements(source));

describe('the ladder of escalation', () => {
  const rows: [string, RequirementsSource, string][] = [
    ['one machine is enough where a backup is', archive, 'single-node'],
    ['an almost empty document gets the default', {}, 'leader-follower, asynchronous, 2 replicas'],
    [
      'read-heavy with moderate writes: followers take the reads',
      { readsPerSecond: 30_000 },
      'leader-follower, asynchronous, 6 replicas',
    ],
    [
      'no loss: a second copy before the acknowledgement',
      { lossToleratedMs: 0 },
      'leader-follower, semi-synchronous, 3 replicas',
    ],
    ['bookings in two regions', booking, 'leader-follower, semi-synchronous, 4 replicas'],
    [
      'more writes than one node takes: shard first',
      { writesPerSecond: 100_000, node: { writesPerSecond: 20_000 } },
      'leader-follower, asynchronous, 2 replicas, 8 shards',
    ],
    ['local writes in two regions, with a strategy', carts, 'multi-leader, asynchronous, 4 replicas'],
    [
      'availability over consistency',
      {
        duringPartition: 'accept',
        entities: [{ name: 'sessions', mergeable: true, conflict: 'last-writer-wins' }],
      },
      'leaderless, 3 replicas',
    ],
    [
      'no outage at all, merge-friendly',
      { outageToleratedS: 0, entities: [{ name: 'sessions', mergeable: true, conflict: 'merge' }] },
      'leaderless, 3 replicas',
    ],
    [
      'high availability and strong consistency through the loss of a region',
      {
        ...booking,
        survives: 'region',
        writeLatencyP99Ms: 300,
        regions: [{ id: 'us-east-1' }, { id: 'us-west-2' }, { id: 'eu-west-1' }],
      },
      'consensus, 3 replicas',
    ],
  ];
  test.each(rows)('%s', (_, source, answer) => {
    const recommendation = decided(source);
    expect(recommendation.answer).toBe(answer);
    expect(recommendation.unmet).toEqual([]);
  });

  test('several leaders are refused without a named strategy, and it says for what', () => {
    const recommendation = decided({ ...carts, entities: [{ name: 'carts', mergeable: true }] });
    expect(recommendation.topology).toBe('leader-follower');
    expect(recommendation.unmet.map(({ field }) => field)).toEqual(['writeLatencyP99Ms']);
    const refused = [recommendation.runnerUp, ...recommendation.rejected].find(
      ({ topology }) => topology === 'multi-leader',
    )!;
    expect(refused.reasons.map(({ because }) => because).join()).toContain(
      'a conflict strategy is missing for carts',
    );
  });

  test('last-writer-wins is refused where nothing may be lost', () => {
    const entities = [{ name: 'carts', mergeable: true, conflict: 'last-writer-wins' as const }];
    expect(decided({ ...carts, entities }).topology).toBe('multi-leader');
    expect(decided({ ...carts, entities, lossToleratedMs: 0 }).topology).not.toBe('multi-leader');
  });

  test('what no topology can do is said, not hidden: strong on both sides of a partition', () => {
    const recommendation = decided({
      duringPartition: 'accept',
      entities: [{ name: 'balances', consistency: 'strong' }],
    });
    expect(recommendation.unmet.map(({ field }) => field)).toEqual(['duringPartition']);
    expect(recommendation.warnings).toContain(
      'Strong data and accepting writes on every side of a partition exclude each other (CAP).',
    );
  });
});

describe('the settings', () => {
  test('put the leader where most users are, copies of it beside it, and one near the others', () => {
    expect(decided(booking).settings).toMatchObject({
      acknowledgement: 'semi-synchronous',
      reads: 'nearest',
      leaderReads: ['bookings'],
      placement: [
        { region: 'us-east-1', role: 'leader', count: 1 },
        { region: 'us-east-1', role: 'follower', count: 2 },
        { region: 'eu-west-1', role: 'follower', count: 1 },
      ],
      failover: { automatic: true, region: 'us-east-1' },
    });
  });

  test('keep every copy a write waits for out of a region that may be lost, and the manager too', () => {
    const { settings } = decided({ ...booking, survives: 'region', entities: [{ name: 'data' }] });
    expect(settings.placement).toEqual([
      { region: 'us-east-1', role: 'leader', count: 1 },
      { region: 'eu-west-1', role: 'follower', count: 2 },
    ]);
    expect(settings.failover?.region).toBe('eu-west-1');
  });

  test('fit the detection of a failure into the outage tolerated', () => {
    for (const outageToleratedS of [3, 5, 10, 20, 60]) {
      const { failover } = decided({ outageToleratedS }).settings;
      expect(failover!.expectedOutageMs).toBeLessThanOrEqual(outageToleratedS * 1000);
      expect(failover!.timeoutMs).toBeGreaterThan(failover!.heartbeatMs);
    }
  });

  test('read from the leader where no staleness is tolerated', () => {
    expect(decided({ ...booking, stalenessToleratedMs: 0 }).settings.reads).toBe('leader');
  });

  test('elect with a heartbeat each round trip at most and a timeout of ten, as patient as the outage allows', () => {
    const electionOf = (source: RequirementsSource) =>
      settingsFor('consensus', parseRequirements(source)).election!;
    const apart = (ms: number): RequirementsSource => ({
      regions: [
        { id: 'a', share: 0.4 },
        { id: 'b', share: 0.3 },
        { id: 'c', share: 0.3 },
      ],
      roundTrip: { otherwiseMs: ms },
      survives: 'region',
    });
    // As etcd has them by default, where there is time.
    expect(electionOf({ outageToleratedS: 30 })).toMatchObject({ heartbeatMs: 100, electionTimeoutMs: 1000 });
    expect(electionOf({ ...apart(40), outageToleratedS: 30 })).toMatchObject({
      heartbeatMs: 100,
      electionTimeoutMs: 1000,
    });
    for (const roundTripMs of [5, 40, 150, 300]) {
      for (const outageToleratedS of [0.5, 2, 30]) {
        const election = electionOf({ ...apart(roundTripMs), outageToleratedS });
        expect(election.roundTripMs).toBe(roundTripMs);
        expect(election.heartbeatMs).toBeGreaterThanOrEqual(roundTripMs);
        expect(election.electionTimeoutMs).toBeGreaterThanOrEqual(10 * roundTripMs);
        const shortest = shortestElectionMs(parseRequirements(apart(roundTripMs)), ['a', 'b', 'c']);
        expect(election.expectedOutageMs).toBeLessThanOrEqual(
          Math.ceil(Math.max(shortest, outageToleratedS * 1000)) + 2,
        );
      }
    }
  });

  test('leave a failover to people where there is time for them', () => {
    expect(decided({ outageToleratedS: 1_000 }).settings.failover?.automatic).toBe(false);
  });
});

describe('the reasons', () => {
  test.each([booking, carts, archive, {}])('read a value of yours and have a source', (source) => {
    const { reasons, runnerUp, rejected } = decided(source);
    for (const reason of [...reasons, ...runnerUp.reasons, ...rejected.flatMap((each) => each.reasons)]) {
      expect(reason.yourValue).not.toBe('');
      expect(reason.because).not.toBe('');
      expect(reason.source.title).not.toBe('');
    }
  });

  test('account for all five topologies', () => {
    const { topology, runnerUp, rejected } = decided(booking);
    expect([topology, runnerUp.topology, ...rejected.map((each) => each.topology)].sort()).toEqual([
      'consensus',
      'leader-follower',
      'leaderless',
      'multi-leader',
      'single-node',
    ]);
  });
});

describe('the flips', () => {
  test.each([booking, carts, archive, {}])(
    'hold when decided again, and name the answer they lead to',
    (source) => {
      const requirements = parseRequirements(source);
      const { flips } = decide(requirements);
      expect(flips.length).toBeGreaterThan(3);
      for (const { field, to, becomes } of flips) {
        const flipped = parseRequirements(withField(requirements, field, to));
        expect(answerKind(flipped), field).toBe(becomes);
        expect(becomes, field).not.toBe(answerKind(requirements));
      }
    },
  );

  test('are the nearest: writes flip where leader and reads together exceed the planned load of one node', () => {
    const { flips } = decided({});
    expect(flips.find(({ field }) => field === 'writesPerSecond')).toEqual({
      field: 'writesPerSecond',
      from: 50,
      to: 3_300,
      becomes: 'leader-follower, asynchronous, reads from followers',
    });
  });
});

/** A copy of the document with the field at a path, such as `entities[0].conflict`, replaced. */
function withField(document: object, path: string, value: unknown): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  const parts = path.split(/[.[\]]+/).filter((part) => part !== '');
  const parent = parts.slice(0, -1).reduce((at, part) => at[part] as Record<string, unknown>, copy);
  parent[parts.at(-1)!] = value;
  return copy;
}
