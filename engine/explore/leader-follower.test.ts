import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyTables } from '../kernel/latency.ts';
import { type Actor, FAULT, Loop } from '../kernel/loop.ts';
import { Network } from '../kernel/network.ts';
import { copyPlain, plainKey } from '../kernel/plain.ts';
import {
  CRASHED,
  FLUSHED,
  type NodeKind,
  type Out,
  READ,
  RESTARTED,
  START,
  TIMER,
} from '../kernel/protocol.ts';
import { Streams } from '../kernel/random.ts';
import { managerKind } from '../topologies/leader-follower/failover-kinds.ts';
import type { Manager } from '../topologies/leader-follower/manager.ts';
import { ASK, CONFIRM, MESSAGE_BYTES, POSITION } from '../topologies/leader-follower/messages.ts';
import type { Replica } from '../topologies/leader-follower/replica.ts';
import { replicaKind, serviceClassOf } from '../topologies/leader-follower/replica-kind.ts';
import { lastTerm, timelineTermOf } from '../topologies/wal.ts';
import { bruteForce } from './brute-force.test-support.ts';
import { explore } from './explore.ts';
import { type LeaderFollowerOptions, leaderFollowerModel } from './leader-follower.ts';
import type { Choice } from './model.ts';
import { StateSpace } from './state-space.ts';

const twoFollowers = { replicas: 3, acknowledgement: 'semi-synchronous', writes: 1, crashes: 1 } as const;

/** Explores with all checks, or those named. */
function covered(
  options: Partial<LeaderFollowerOptions>,
  { depth = 100, states = 2_000_000, only = '' } = {},
) {
  const model = leaderFollowerModel({ ...twoFollowers, ...options });
  const checks = model.checks.filter(({ name }) => only === '' || name === only);
  return explore(model, { depth, states, checks });
}

test.each<Partial<LeaderFollowerOptions> & { depth: number }>([
  { depth: 6, acknowledgement: 'asynchronous' },
  { depth: 4, restarts: true, housekeeping: 'when quiet', electionTimeout: 'any time' },
  {
    depth: 3,
    acknowledgement: 'synchronous',
    settled: false,
    losses: 1,
    writes: 2,
    crashes: 2,
    housekeeping: 'any time',
  },
])(
  'visits every order and crash, as many as a plain search of the same nodes: %o',
  ({ depth, ...options }) => {
    const model = leaderFollowerModel({ ...twoFollowers, ...options });
    const { unique, generated } = explore(model, { depth, states: 1_000_000, checks: [] });
    expect({ unique, generated }).toEqual(bruteForce(model, depth));
    expect(unique).toBeGreaterThan(300);
  },
);

test('asynchronous: a crash loses an acknowledged write', () => {
  const found = covered({ acknowledgement: 'asynchronous' }, { only: 'lost-writes' });
  expect(found).toMatchObject({
    result: 'violation',
    depth: 11,
    violation: {
      check: 'lost-writes',
      how: 'write 1 was acknowledged as record 1 of term 1; b leads term 2, and no live replica holds the record',
    },
  });
  const path = found.violation!.path.map(({ number, sentence }) => `${number}. ${sentence}`);
  expect(path).toHaveLength(11);
  expect(path.slice(5)).toEqual([
    '6. b receives the order to lead term 2 from manager',
    '7. client: the wait before the next write is over',
    '8. a receives a write of key 0 (operation 1) from client',
    '9. a has its log on disk through record 1',
    '10. client receives the acknowledgement of write 1 (record 1) from a',
    '11. a crashes; what it had not fsynced or not got across is lost',
  ]);
  // The same counts and the same path again.
  expect(covered({ acknowledgement: 'asynchronous' }, { only: 'lost-writes' })).toEqual(found);
});

test('semi-synchronous: with one crash and a suspicion, right or wrong, nothing is lost in any order at all', () => {
  const { result, complete, unique } = covered({});
  expect({ result, complete }).toEqual({ result: 'ok', complete: true });
  expect(unique).toBeGreaterThan(500_000);
});

test('semi-synchronous: two crashes of three stop everything but lose nothing; synchronous likewise', () => {
  expect(covered({ crashes: 2 }, { depth: 20 }).result).toBe('ok');
  expect(covered({ acknowledgement: 'synchronous', crashes: 2 }, { depth: 18 }).result).toBe('ok');
});

// Ablations: with one rule gone, the checks must notice.

/** Gives its position and goes on taking records from the old leader. */
const unfenced: NodeKind<Replica> = {
  onInput(node, input, out) {
    if (input.kind !== ASK) return replicaKind.onInput(node, input, out);
    const { wal, flushedLsn } = node;
    out.send(
      input.from,
      POSITION,
      input.a,
      timelineTermOf(wal, flushedLsn),
      flushedLsn,
      wal.lastLsn,
      0,
      MESSAGE_BYTES,
    );
  },
};

/** Gives as its position what it has in memory, as if it was on its disk. */
const boastful: NodeKind<Replica> = {
  onInput(node, input, out) {
    if (input.kind !== ASK) return replicaKind.onInput(node, input, out);
    const { lastLsn } = node.wal;
    const send: Out['send'] = (to, kind, a, b, c, ...rest) =>
      kind === POSITION
        ? out.send(to, kind, a, lastTerm(node.wal), lastLsn, ...rest)
        : out.send(to, kind, a, b, c, ...rest);
    replicaKind.onInput(node, input, { ...methodsOf(out), send });
  },
};

const methodsOf = (out: Out): Out => ({
  nowUs: out.nowUs,
  elapsedUs: (sinceUs) => out.elapsedUs(sinceUs),
  clockUs: () => out.clockUs(),
  powerOff: (actor) => out.powerOff(actor),
  send: (...message) => out.send(...message),
  startTimer: (slot, delayUs) => out.startTimer(slot, delayUs),
  occupy: () => 0,
  cancelTimer: (slot) => out.cancelTimer(slot),
  fsync: (a, b, bytes) => out.fsync(a, b, bytes),
  note: (...note) => out.note(...note),
  draw: (stream) => out.draw(stream),
});

test('ablation: without the promise that comes with a position, a confirmed write is lost', () => {
  expect(covered({ replicaKind: unfenced, crashes: 0 }).violation?.check).toBe('leader-completeness');
  expect(covered({ replicaKind: unfenced }, { only: 'lost-writes' })).toMatchObject({
    result: 'violation',
    depth: 19,
  });
});

/** Asks as if writes waited for nobody, and so promotes whoever answers first. */
const impatient: NodeKind<Manager> = {
  onInput(manager, input, out) {
    const settings = { ...manager.settings, promised: 0 };
    Object.assign(manager, { settings });
    managerKind.onInput(manager, input, out);
  },
};

test('ablation: an election that does not wait for whoever confirmed loses what was confirmed', () => {
  // No crash is needed: c confirms, and b alone is heard in time.
  const hurried = { electionTimeout: 'any time', crashes: 0 } as const;
  const found = covered({ ...hurried, managerKind: impatient });
  expect(found.violation?.check).toBe('leader-completeness');
  expect(found.violation?.path.map(({ choice }) => choice.type)).not.toContain('crash');
  expect(covered(hurried, { depth: found.depth + 2 }).result).toBe('ok');
});

test('ablation: when memory counts as disk in an election, a confirmed write is lost', () => {
  const withRestarts = { restarts: true } as const;
  expect(covered({ replicaKind: boastful, ...withRestarts }).violation?.check).toBe('leader-completeness');
  expect(covered(withRestarts, { depth: 16 })).toMatchObject({ result: 'ok', depth: 16 });
});

/** Confirms what it has on disk before it has found out where its log and the leader's part. */
const hasty: NodeKind<Replica> = {
  onInput(node, input, out) {
    replicaKind.onInput(node, input, out);
    if (input.kind !== FLUSHED || isDisconnected[node.role] === 0 || node.leader < 0) return;
    out.send(node.leader, CONFIRM, node.term, node.flushedLsn, node.replayedLsn, 0, 0, MESSAGE_BYTES);
  },
};
const isDisconnected = replicaKind.role.activeIn('following.disconnected');

test('ablation: when a divergent tail is confirmed, a write is acknowledged that no follower has', () => {
  const twoWrites = { writes: 2, crashes: 0 } as const;
  const found = covered({ replicaKind: hasty, ...twoWrites }, { only: 'enough-disks' });
  expect(found).toMatchObject({ result: 'violation', depth: 19 });
  expect(covered(twoWrites, { depth: 19 })).toMatchObject({ result: 'ok', depth: 19 });
});

// One protocol, two schedulers.

/** Everything about a state but the stamps of virtual time, which an exploration has none of. */
function timeless(state: unknown): string {
  const copy = copyPlain(state) as { wal?: Replica['wal'] };
  if (copy.wal !== undefined)
    for (let at = 1; at < copy.wal.positions.length; at += 2) copy.wal.positions[at] = 0;
  return plainKey(copy);
}

const choiceOf: Readonly<Record<number, 'fire' | 'flush' | 'crash' | 'restart'>> = {
  [TIMER]: 'fire',
  [FLUSHED]: 'flush',
  [CRASHED]: 'crash',
  [RESTARTED]: 'restart',
};

test('every run in time is a path of the exploration, with the same states all along', () => {
  let inputs = 0;
  let failovers = 0;
  const run = fc.record({
    seed: fc.nat(),
    acknowledgement: fc.constantFrom(
      'asynchronous' as const,
      'semi-synchronous' as const,
      'synchronous' as const,
    ),
    crash: fc.option(
      fc.record({
        node: fc.constantFrom(0, 0, 1),
        atMs: fc.nat(8000),
        forMs: fc.integer({ min: 1, max: 40_000 }),
      }),
    ),
  });
  fc.assert(
    fc.property(run, ({ seed, acknowledgement, crash }) => {
      const model = leaderFollowerModel({
        ...twoFollowers,
        acknowledgement,
        writes: 6,
        restarts: true,
        elections: 100,
        electionTimeout: 'any time',
        housekeeping: 'any time',
        settled: false,
      });
      const names = model.actors.map(({ name }) => name);
      const tables = new LatencyTables();
      const actors = model.actors.map(
        ({ name, kind, state, timers }): Actor => ({
          name,
          kind,
          state: copyPlain(state),
          timers: timers!.length,
          chances: [],
          servicePs: [0, 0, 0, 0, 0],
          disk: { fsync: tables.of({ type: 'uniform', minUs: 0, maxUs: 50_000 }), bytesPerSecond: 0 },
          clock: { skewUs: 0, driftPpm: 0 },
        }),
      );
      const streams = new Streams(seed);
      const latency = tables.of({ type: 'uniform', minUs: 100, maxUs: 600_000 });
      const network = new Network(names, streams, (from, to) => ({
        latency,
        bytesPerSecond: 0,
        loss: 0,
        duplication: 0,
        mayDuplicate: true,
        ordered: model.links!(from, to) === 'ordered',
      }));
      const loop = new Loop(actors, network, streams, { onNote: () => {} }, serviceClassOf);

      const space = new StateSpace(model);
      let vector = new Int32Array(0);
      let started = 0;
      const agree = () => {
        const view = space.viewOf(vector, vector.length);
        for (const [actor, { name, state }] of actors.entries()) {
          if (timeless(view.stateOf(actor)) !== timeless(state))
            expect(view.stateOf(actor), name).toEqual(state);
        }
      };
      const follow = (wanted: (choice: Choice) => boolean, isNothing: boolean) => {
        if (vector.length === 0) vector = space.next.slice(0, space.begin());
        agree();
        let next: Int32Array<ArrayBuffer> | null = null;
        space.expand(vector, vector.length, (choice, length) => {
          if (wanted(space.choiceOf(vector, choice))) next = space.next.slice(0, length);
          return next === null;
        });
        // An arrival out of order that does nothing is no choice.
        if (next === null && !isNothing) throw new Error('the exploration has no such choice');
        vector = next ?? vector;
        inputs++;
      };
      const isMessage = (choice: Choice, from: number, to: number, kind: number, fields: number[]) =>
        (choice.type === 'deliver' || choice.type === 'miss') &&
        choice.message.from === from &&
        choice.message.to === to &&
        choice.message.kind === kind &&
        [choice.message.a, choice.message.b, choice.message.c, choice.message.d, choice.message.e].every(
          (field, i) => field === fields[i],
        );
      loop.tracer = {
        sent: () => {},
        dropped: (_, from, to, kind, a, b, c, d, e, why) => {
          // What died with its machine was gone from the exploration when it crashed.
          if (why === 'died') return;
          follow(
            (choice) => choice.type === 'miss' && isMessage(choice, from, to, kind, [a, b, c, d, e]),
            false,
          );
        },
        dispatched: (_, _from, to, { kind, from, a, b, c, d, e }) => {
          if (kind === START) started++;
          else if (kind >= READ) {
            const ordered = model.links!(from, to) === 'ordered';
            follow(
              (choice) => choice.type === 'deliver' && isMessage(choice, from, to, kind, [a, b, c, d, e]),
              !ordered,
            );
          } else {
            const type = choiceOf[kind];
            follow(
              (choice) =>
                choice.type === type && choice.actor === to && (choice.type !== 'fire' || choice.slot === a),
              false,
            );
          }
        },
      };
      if (crash !== null) {
        const atUs = crash.atMs * 1000;
        loop.interrupt({ atUs, rank: FAULT, run: () => loop.crash(crash.node, true) });
        loop.interrupt({ atUs: atUs + crash.forMs * 1000, rank: FAULT, run: () => loop.restart(crash.node) });
      }
      loop.start();
      loop.runUntil(30_000_000);
      agree();
      expect(started).toBe(names.length);
      if ((actors[3]!.state as { term: number }).term > 1) failovers++;
    }),
    { numRuns: 15, seed: 1 },
  );
  expect(inputs).toBeGreaterThan(5_000);
  expect(failovers).toBeGreaterThan(2);
});
