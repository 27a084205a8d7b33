/** Every order of deliveries, disk writes, elections and crashes of a small group, to a depth; and a broken rule is found. */

import { expect, test } from 'vitest';
import { explore } from '../../explore/explore.ts';
import type { Check, Model, StateView } from '../../explore/model.ts';
import { scriptedClient } from '../../explore/scripted-client.ts';
import { runsOf } from '../../full-size.test-support.ts';
import { buildLatencyTable } from '../../kernel/latency.ts';
import type { NodeKind } from '../../kernel/protocol.ts';
import { emptyWal, termOf, timelineTermOf, valueAt } from '../wal.ts';
import { lowerServer, type RaftMachine } from './kinds.ts';
import { NOTE_LEADING } from './messages.ts';
import { NOBODY, newServer, type Server } from './server.ts';
import { noSnapshots } from './snapshot.ts';

interface Bounds {
  readonly servers: number;
  /** The newest term to look at. */
  readonly terms: number;
  readonly writes: number;
  readonly crashes: number;
}

/** Timers fire at any time, so that no timeout need be drawn. */
const withoutTime = (machine: RaftMachine): RaftMachine =>
  machine.provide({ delays: { 'election timeout': 1, heartbeat: 1 } });

const sound = lowerServer(withoutTime);

function raftModel({ servers, terms, writes, crashes }: Bounds, kind: NodeKind<Server> = sound): Model {
  const settings = {
    servers,
    majority: Math.floor(servers / 2) + 1,
    timeout: buildLatencyTable({ type: 'constant', delayUs: 1 }),
    leastTimeoutUs: 1,
    heartbeatUs: 1,
    writesVotes: true,
    preVote: false,
    checkQuorum: false,
    answersAlone: false,
    showsCommitted: true,
    reads: 'local',
    leaseUs: 0,
    snapshots: noSnapshots,
  } as const;
  const serverOf = (state: StateView, node: number) => state.stateOf(node) as Server;
  return {
    actors: [
      ...Array.from({ length: servers }, (_, self) => ({
        name: `S${self + 1}`,
        kind: kind as NodeKind<unknown>,
        state: newServer(settings, self, { term: 1, leader: NOBODY, wal: emptyWal(), keys: 1 }),
        // Heartbeats find out about what was lost; here nothing is, but what a crash takes.
        timers: sound.raft.timers.map(({ delay }) => ({
          name: delay,
          fires: delay === 'heartbeat' ? ('never' as const) : ('any time' as const),
        })),
        canCrash: true,
      })),
      {
        name: 'client',
        kind: scriptedClient as NodeKind<unknown>,
        state: { leader: 0, asked: 0, writes, acknowledged: [] },
        timers: [{ name: 'the wait before the next write', fires: 'any time' }],
      },
    ],
    links: () => 'ordered',
    crashes,
    restarts: true,
    observer: {
      state: [],
      onNote: ((leaders: number[], actor: number, note: number, term: number) => {
        if (note !== NOTE_LEADING) return;
        while (leaders.length <= term) leaders.push(0);
        leaders[term]! |= 1 << actor;
      }) as (state: unknown) => void,
    },
    within: (state) =>
      Array.from({ length: servers }, (_, node) => serverOf(state, node)).every(({ term }) => term <= terms),
  };
}

function checks(servers: number): Check[] {
  const all = (state: StateView) =>
    Array.from({ length: servers }, (_, node) => state.stateOf(node) as Server);
  return [
    {
      name: 'one leader a term',
      broken: (state) => {
        const term = (state.observed() as number[]).findIndex((leaders) => (leaders & (leaders - 1)) !== 0);
        return term < 0 ? null : `term ${term} has two leaders`;
      },
    },
    {
      name: 'log matching',
      broken: (state) => {
        for (const { wal: one } of all(state)) {
          for (const { wal: other } of all(state)) {
            let agrees = false;
            for (let lsn = Math.min(one.lastLsn, other.lastLsn); lsn > 0; lsn--) {
              const same =
                termOf(one, lsn) === termOf(other, lsn) && valueAt(one, lsn) === valueAt(other, lsn);
              if (agrees && !same) return `logs differ at ${lsn}, below an entry they share`;
              agrees ||= same;
            }
          }
        }
        return null;
      },
    },
    {
      name: 'committed for good',
      broken: (state) => {
        for (const { wal: one, commitLsn } of all(state)) {
          for (const [node, { wal: other, commitLsn: its, term, leader }] of all(state).entries()) {
            for (let lsn = 1; lsn <= commitLsn; lsn++) {
              const committedTerm = timelineTermOf(one, lsn);
              const same = timelineTermOf(other, lsn) === committedTerm;
              if (lsn <= its && !same) return `entry ${lsn} is committed twice, with two terms`;
              if (leader === node && term > committedTerm && !same)
                return `the leader of term ${term} lacks entry ${lsn}, which is committed`;
            }
          }
        }
        return null;
      },
    },
  ];
}

const states = runsOf({ full: 1_000_000, reduced: 40_000 });

test('three servers: safe in every order, as far as the budget of states reaches', () => {
  const bounds = { servers: 3, terms: 3, writes: 1, crashes: 1 };
  const coverage = explore(raftModel(bounds), { depth: 60, states, checks: checks(3) });
  expect(coverage.violation).toBeNull();
  expect(coverage.unique).toBeGreaterThan(states - 1);
});

test('two servers, one election: safe in every order there is', () => {
  const bounds = { servers: 2, terms: 2, writes: 1, crashes: 0 };
  const coverage = explore(raftModel(bounds), { depth: 100, states: 1_000_000, checks: checks(2) });
  expect(coverage).toMatchObject({ result: 'ok', complete: true });
  expect(coverage.unique).toBeGreaterThan(500);
});

test('votes given twice: two leaders in a term, by the shortest way', () => {
  const broken = lowerServer((machine) =>
    withoutTime(machine).provide({
      guards: { 'it deserves my vote': ({ context: { node, input } }) => input.a >= node.term },
    }),
  );
  const bounds = { servers: 3, terms: 2, writes: 0, crashes: 0 };
  const { violation } = explore(raftModel(bounds, broken), {
    depth: 40,
    states: 1_000_000,
    checks: checks(3),
  });
  expect(violation).toMatchObject({ check: 'one leader a term' });
});
