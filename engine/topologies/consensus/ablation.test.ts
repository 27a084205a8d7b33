/** One rule of Raft left out at a time: the checks of every run notice, and on the same schedules all is well with the rule. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CRASHED, type NodeKind, START } from '../../kernel/protocol.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import { lastTerm, timelineTermOf } from '../wal.ts';
import { ByHand } from './by-hand.test-support.ts';
import { ConsensusCluster } from './cluster.ts';
import { takeEntry } from './following.ts';
import { lowerServer, serverKind } from './kinds.ts';
import { announce, reachedByMajority } from './leading.ts';
import { APPENDED, MESSAGE_BYTES } from './messages.ts';
import { randomGroup } from './random-group.test-support.ts';
import { NOBODY, type Server } from './server.ts';
import type { ConsensusSpec } from './spec.ts';
import { isUpToDate } from './voting.ts';

/** The verdict of a run whose servers are of this kind. */
function safetyOf(source: ScenarioSource, kind: NodeKind<Server>) {
  const scenario = parseScenario(source);
  const simulation = new Simulation(
    { ...scenario, drainUs: 500_000 },
    scenario.seed,
    undefined,
    (spec, size, run) => new ConsensusCluster(spec as ConsensusSpec, size, run, kind),
  );
  simulation.finish();
  return simulation.verdicts().find(({ name }) => name === 'consensus-safety')!;
}

/** Schedules in which much goes wrong, of groups of so many servers. */
const schedules = (servers: readonly number[], runs: number): ScenarioSource[] =>
  fc
    .sample(randomGroup({ minFaults: 6, maxFaults: 14 }), { numRuns: runs * 4, seed: 1 })
    .filter(({ cluster }) => servers.includes(cluster.nodes.length))
    .slice(0, runs);

/** What the checks say of the first schedule on which they notice that the rule is missing. */
function noticed(broken: NodeKind<Server>, sources: readonly ScenarioSource[]): string {
  for (const source of sources) {
    const { result, witness } = safetyOf(source, broken);
    if (result === 'ok') continue;
    expect(safetyOf(source, serverKind)).toMatchObject({ result: 'ok' });
    return witness!.story.join('; ');
  }
  return 'nothing';
}

test('votes for candidates whose log is behind: a leader lacks what is committed', () => {
  const broken = lowerServer((machine) =>
    machine.provide({
      guards: {
        'it deserves my vote': ({ context: { node, input } }) =>
          input.a > node.term ||
          (input.a === node.term && (node.votedFor === NOBODY || node.votedFor === input.from)),
        'it deserves my support': ({ context: { node, input } }) => input.a > node.term,
      },
    }),
  );
  expect(noticed(broken, schedules([3, 4, 5], 200))).toMatch(/its log lacks an entry of those committed/);
});

test('two votes in a term: the second is noticed', () => {
  const broken = lowerServer((machine) =>
    machine.provide({
      guards: {
        'it deserves my vote': ({ context }) => context.input.a >= context.node.term && isUpToDate(context),
      },
    }),
  );
  expect(noticed(broken, schedules([3, 4, 5], 200))).toMatch(/voted for both/);
});

test('half of the servers for a majority: two leaders in a term, or entries that another has not', () => {
  const broken: NodeKind<Server> = {
    onInput(node, input, out) {
      if (input.kind === START) {
        const { servers } = node.settings;
        (node as { settings: Server['settings'] }).settings = { ...node.settings, majority: servers / 2 };
      }
      serverKind.onInput(node, input, out);
    },
  };
  expect(noticed(broken, schedules([2, 4], 200))).toMatch(
    /has two leaders|lacks an entry|lacks one of them|committed other entries/,
  );
});

test('a vote that a crash forgets: the server gives it again', () => {
  const broken: NodeKind<Server> = {
    onInput(node, input, out) {
      serverKind.onInput(node, input, out);
      if (input.kind === CRASHED) node.votedFor = NOBODY;
    },
  };
  // The vote must be given, forgotten and asked for again within one election.
  const hand = (kind: NodeKind<Server>) => {
    const group = new ByHand(3, kind);
    group.exchange([0, 1, 2]);
    group.crash(0);
    group.stand(1);
    group.hear(2, 1);
    group.crash(2);
    group.restart(2);
    group.restart(0);
    group.stand(0);
    group.exchange([0, 2]);
    return group.safety();
  };
  expect(hand(serverKind)).toMatchObject({ result: 'ok' });
  expect(hand(broken).witness!.story).toEqual(['server S3 voted for both S2 and S1 in term 2']);
});

test('entries answered for before they are on disk: a crash takes what was committed', () => {
  const broken = lowerServer((machine) =>
    machine.provide({
      actions: {
        'take entry': ({ context }) => {
          takeEntry(context);
          const { node, out } = context;
          out.send(node.leader, APPENDED, node.term, node.agreedLsn, 0, 0, 0, MESSAGE_BYTES);
        },
      },
    }),
  );
  const powerCut: ScenarioSource = {
    id: 'power-cut',
    durationMs: 1000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 30 } } },
    network: { within: { latency: 1 } },
    topology: { type: 'consensus', electionTimeoutMs: 60, heartbeatMs: 15 },
    workload: { clients: [{ writesPerSecond: 500 }] },
    faults: ['a', 'b', 'c'].map((node) => ({ type: 'crash', node, atMs: 500, forMs: 50 })),
  };
  // The leader's disk is as slow as the others': who else than two followers could have the entries at once?
  const sources = [1, 2, 3, 4].map((seed) => ({ ...powerCut, seed }));
  expect(noticed(broken, sources)).toMatch(/its log lacks an entry of those committed/);
});

test('entries taken whatever is before them: logs differ below an entry they share', () => {
  const broken = lowerServer((machine) =>
    machine.provide({
      guards: {
        'it continues my log': ({ context: { node, input } }) =>
          input.a >= node.term && input.b <= node.wal.lastLsn + 1,
      },
    }),
  );
  const hand = (kind: NodeKind<Server>) => {
    const group = new ByHand(3, kind);
    group.exchange([0, 1, 2]);
    // S1 dies with an entry 2 of its own; S2 leads with another, and S3 after it with an entry 3.
    group.write(0, 7);
    group.crash(0);
    group.stand(1);
    group.exchange([1, 2]);
    group.stand(2);
    group.exchange([1, 2]);
    expect(group.cluster.leader).toBe(2);
    group.lose();
    group.restart(0);
    group.beat(2);
    group.exchange([0, 1, 2]);
    return group.safety();
  };
  expect(hand(serverKind)).toMatchObject({ result: 'ok' });
  expect(hand(broken).witness!.story).toEqual([
    expect.stringMatching(/both hold entry 3 of term 3/),
    'their logs differ there or before it',
    'at index 2 S1 holds an entry of term 1, write 7 of key 0 and S2 holds an entry of term 2, which writes nothing',
  ]);
});

describe('figure 8: an entry of an older term, on a majority, and another leader to come', () => {
  const countsOldTerms = lowerServer((machine) =>
    machine.provide({
      actions: {
        commit: ({ context }) => {
          const { node } = context;
          const lsn = reachedByMajority(node, node.matchLsn, node.flushedLsn);
          if (lsn > node.commitLsn) announce(context, lsn);
        },
      },
    }),
  );

  /** To the moment when S1 leads again and three servers hold its entry 2 of term 1. */
  function oldEntryOnMajority(kind: NodeKind<Server>): ByHand {
    const hand = new ByHand(5, kind);
    hand.exchange([0, 1, 2, 3, 4]);
    // a: S1 leads term 1 and writes entry 2, which reaches S2 only.
    hand.write(0, 7);
    hand.hear(1, 0);
    hand.crash(0);
    hand.lose();
    // b: S5 leads term 2 with the votes of S3 and S4, and has an entry 2 of its own, which reaches nobody.
    hand.stand(4);
    for (const voter of [2, 3]) hand.hear(voter, 4);
    for (const voter of [2, 3]) hand.hear(4, voter);
    expect(lastTerm(hand.server(4).wal)).toBe(2);
    hand.crash(4);
    hand.lose();
    // c: S1 leads again, in term 3, and sends S3 and S4 its entry 2; its entry 3, of term 3, does not reach them.
    hand.restart(0);
    hand.stand(0);
    hand.lose();
    hand.stand(0);
    for (const voter of [1, 2, 3]) hand.hear(voter, 0);
    for (const voter of [1, 2, 3]) hand.hear(0, voter);
    for (const follower of [2, 3]) {
      hand.hear(follower, 0);
      hand.hear(0, follower);
      hand.hear(follower, 0);
      hand.hear(0, follower);
      expect(hand.server(follower).wal.lastLsn).toBe(2);
      expect(timelineTermOf(hand.server(follower).wal, 2)).toBe(1);
    }
    return hand;
  }

  /** S1 dies, and S5 stands with the later term at the end of its log. */
  function successor(hand: ByHand): void {
    hand.crash(0);
    hand.lose();
    hand.restart(4);
    hand.stand(4);
    hand.lose();
    hand.stand(4);
    hand.exchange([1, 2, 3, 4]);
  }

  test('is not committed: S5 wins and replaces it', () => {
    const hand = oldEntryOnMajority(serverKind);
    expect(hand.acknowledged).toEqual([]);
    successor(hand);
    expect(hand.cluster.leader).toBe(4);
    for (const server of [1, 2, 3]) expect(timelineTermOf(hand.server(server).wal, 2)).toBe(2);
    expect(hand.safety()).toMatchObject({ result: 'ok' });
  });

  test('counted as committed all the same, it is committed and gone', () => {
    const hand = oldEntryOnMajority(countsOldTerms);
    successor(hand);
    expect(hand.cluster.leader).toBe(4);
    expect(hand.safety().witness!.story).toEqual([
      'S5 leads term 4',
      'its log lacks an entry of those committed through index 2',
      'at index 2 an entry of term 1, write 7 of key 0 is committed',
      'there S5 holds an entry of term 2, which writes nothing',
    ]);
    expect(hand.safety().witness!.operations).toEqual([7]);
  });

  test('with an entry of the leader’s own term after it, it is committed, and S5 cannot win', () => {
    const hand = oldEntryOnMajority(serverKind);
    hand.exchange([0, 2, 3]);
    expect(hand.server(0).commitLsn).toBe(3);
    successor(hand);
    expect(hand.cluster.leader).toBe(0);
    expect(hand.safety()).toMatchObject({ result: 'ok' });
  });
});

test('no entry at an election: what the last leader left is never committed, and nobody can read', () => {
  const broken = lowerServer((machine) => machine.provide({ actions: { 'open my term': () => {} } }));
  const readers: ScenarioSource = {
    id: 'readers',
    durationMs: 2000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
    network: { within: { latency: 1 } },
    topology: { type: 'consensus', electionTimeoutMs: 60, heartbeatMs: 15 },
    workload: { clients: [{ readsPerSecond: 200 }], timeoutMs: 100 },
    faults: [{ type: 'crash', node: 'a', atMs: 500 }],
  };
  const scenario = parseScenario(readers);
  const readsOf = (kind: NodeKind<Server>) => {
    const simulation = new Simulation(
      scenario,
      1,
      undefined,
      (spec, size, run) => new ConsensusCluster(spec as ConsensusSpec, size, run, kind),
    );
    simulation.finish();
    return simulation.report().operations.read;
  };
  expect(readsOf(serverKind).ok).toBeGreaterThan(300);
  expect(readsOf(broken).ok).toBe(0);
});
