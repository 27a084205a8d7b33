/** Logs that do not last: how long they get, what a snapshot takes, what it replaces, and that no count depends on it. */

import { describe, expect, test } from 'vitest';
import type { NodeKind } from '../../kernel/protocol.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { timelineTermOf } from '../wal.ts';
import { ByHand } from './by-hand.test-support.ts';
import { ConsensusCluster } from './cluster.ts';
import { lowerServer, serverKind } from './kinds.ts';
import type { ConsensusSource } from './schema.ts';
import type { Server } from './server.ts';
import type { ConsensusSpec } from './spec.ts';

type Snapshots = NonNullable<ConsensusSource['snapshots']>;

const never: Snapshots = { entries: 1_000_000_000 };

function scenario(snapshots: Snapshots, faults: FaultSource[], durationMs = 20_000): ScenarioSource {
  return {
    id: 'three',
    durationMs,
    drainMs: 5000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
    network: { within: { latency: 1 } },
    topology: { type: 'consensus', electionTimeoutMs: 300, heartbeatMs: 50, snapshots },
    workload: { clients: [{ writesPerSecond: 500 }], keys: { count: 20 } },
    faults,
  };
}

function run(source: ScenarioSource, kind: NodeKind<Server> = serverKind): Simulation {
  const parsed = parseScenario(source);
  const simulation = new Simulation(
    parsed,
    1,
    undefined,
    (spec, size, surroundings) => new ConsensusCluster(spec as ConsensusSpec, size, surroundings, kind),
  );
  simulation.finish();
  return simulation;
}

const away: FaultSource[] = [{ type: 'crash', node: 'c', atMs: 1000 }];

describe('a server is down for good', () => {
  test('logs stay as short as the settings say, and would grow with every write', () => {
    const report = (snapshots: Snapshots) => run(scenario(snapshots, away)).report();
    const short = report({ entries: 500, keptEntries: 100 });
    expect(short.snapshots!.taken).toBeGreaterThan(20);
    // And what is written until the next heartbeat.
    expect(short.snapshots!.logEntriesMax).toBeLessThan(650);
    const { logEntriesMax } = report(never).snapshots!;
    expect(logEntriesMax).toBeGreaterThan(8000);
    // Nobody but who asks for it knows.
    expect(report(never).digest).toBe(short.digest);
  });

  test('what is lost with the majority is counted all the same', () => {
    // c returns once a and b, who have acknowledged without it, are gone.
    const faults: FaultSource[] = [
      { type: 'crash', node: 'c', atMs: 1000, forMs: 8000 },
      { type: 'crash', node: 'a', atMs: 6000 },
      { type: 'crash', node: 'b', atMs: 6000 },
    ];
    const lost = (snapshots: Snapshots) => run(scenario(snapshots, faults)).report().rpo.writes;
    const exact = lost(never);
    expect(exact).toBeGreaterThan(2000);
    for (const keptEntries of [0, 1, 100]) expect(lost({ entries: 100, keptEntries })).toBe(exact);
  });
});

describe('it comes back', () => {
  const back: FaultSource[] = [{ type: 'crash', node: 'c', atMs: 1000, forMs: 9000 }];

  test.each([
    { keptEntries: 10_000, sent: 0 },
    { keptEntries: 100, sent: 1 },
  ])('to a log that keeps $keptEntries entries: $sent snapshots', ({ keptEntries, sent }) => {
    const report = run(scenario({ entries: 1000, keptEntries }, back)).report();
    expect(report.snapshots).toMatchObject({ sent, installed: sent });
    for (const { result } of report.verdicts) expect(result).toBe('ok');
    const [server] = report.streams.filter(({ node }) => node === 'c');
    expect(server!.state).toBe('streaming');
  });

  test('it takes as long as the data is large, and the log waits for it', () => {
    const slow: Snapshots = { entries: 500, keptEntries: 0, dataBytes: 6_000_000, bytesPerSecond: 2_000_000 };
    const report = run(scenario(slow, back)).report();
    expect(report.snapshots).toMatchObject({ sent: 1, installed: 1 });
    const { reSync } = report.streams.find(({ node }) => node === 'c')!.stateMs;
    expect(reSync).toBeGreaterThanOrEqual(2900);
    expect(reSync).toBeLessThan(3300);
    // 500 writes a second for 3 seconds, on top of what there was.
    expect(report.snapshots!.logEntriesMax).toBeGreaterThan(1500);
    expect(report.snapshots!.logEntriesMax).toBeLessThan(2200);
  });

  test('nobody sends it one: it never catches up', () => {
    const broken = lowerServer();
    const without: NodeKind<Server> = {
      onInput(node, input, out) {
        broken.onInput(node, input, out);
        node.sending.fill(null);
        node.progress.forEach((state, peer) => {
          if (broken.progress.matches(state, 'snapshot')) node.progress[peer] = 0;
        });
      },
    };
    const simulation = run(scenario({ entries: 500, keptEntries: 0 }, back), without);
    const { servers } = simulation.cluster as ConsensusCluster;
    expect(servers[2]!.commitLsn).toBeLessThan(servers[0]!.commitLsn - 3000);
  });
});

describe('by hand', () => {
  const often = { entries: 1, keptEntries: 0, dataBytes: 1, transferUs: 0 };

  /** S3 has two entries of its own from term 1, which it led; S1 and S2 have gone on without it, and have let go of their logs. */
  function divided(): ByHand {
    const hand = new ByHand(3, serverKind, often);
    hand.exchange([0, 1, 2]);
    hand.stand(2);
    hand.exchange([0, 1, 2]);
    hand.write(2, 7);
    hand.write(2, 8);
    hand.lose();
    hand.stand(0);
    hand.exchange([0, 1]);
    hand.lose();
    for (const number of [11, 12, 13, 14]) hand.write(0, number);
    hand.exchange([0, 1]);
    hand.beat(0);
    hand.exchange([0, 1]);
    hand.beat(0);
    hand.exchange([0, 1]);
    hand.lose();
    return hand;
  }

  test('a tail of its own is discarded, and what it then has is the leader’s', () => {
    const hand = divided();
    const [first, , third] = [0, 1, 2].map((server) => hand.server(server));
    expect(third!.wal.lastLsn).toBe(4);
    expect(timelineTermOf(third!.wal, 4)).toBe(2);
    expect(first!.wal.firstLsn).toBeGreaterThan(4);
    for (let round = 0; round < 6; round++) {
      hand.beat(0);
      hand.exchange([0, 1, 2]);
    }
    expect(third!.wal.terms).toEqual(first!.wal.terms);
    expect(third!.commitLsn).toBe(first!.commitLsn);
    expect(third!.data).toEqual(first!.data);
    expect(hand.safety()).toMatchObject({ result: 'ok' });
  });

  test('a snapshot of more than is committed is noticed', () => {
    const hand = divided();
    const leader = hand.server(0);
    for (let round = 0; round < 6; round++) {
      hand.write(0, 20 + round);
      leader.commitLsn = leader.wal.lastLsn;
      leader.replayedLsn = leader.wal.lastLsn;
      hand.beat(0);
      hand.exchange([0, 2]);
    }
    expect(hand.safety().witness!.story).toEqual([
      expect.stringMatching(/^S1 sends a snapshot of entries through \d+$/),
      'not all of them are committed',
      'its log holds none of these any more',
    ]);
  });
});
