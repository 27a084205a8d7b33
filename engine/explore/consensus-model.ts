/** Raft as a model: elections at any time up to a term, and a client that asks for a few writes. */

import type { NodeKind } from '../kernel/protocol.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { NOTE_LEADING } from '../topologies/consensus/messages.ts';
import type { Server } from '../topologies/consensus/server.ts';
import { renamedVote } from '../topologies/consensus/voting.ts';
import { timelineTermOf } from '../topologies/wal.ts';
import { membersOf } from './members.ts';
import type { Check, CheckedModel, ModelActor, ModelBounds, StateView, Symmetry } from './model.ts';
import { type ScriptedClient, scriptedClient } from './scripted-client.ts';
import { renamedActor, renamedBits, renameItems } from './symmetry.ts';

export function consensusModel(
  scenario: Scenario,
  { writes, crashes, losses, restarts, terms }: ModelBounds,
): CheckedModel {
  const servers = scenario.nodes.length;
  // Votes refused because a leader was heard of lately would be refused for ever where no time passes.
  const topology = { ...scenario.topology, checkQuorum: false } as Scenario['topology'];
  const members = membersOf(
    { ...scenario, topology },
    {
      // Heartbeats find out about what was lost.
      fires: (timer) => (timer === 'election timeout' ? 'any time' : losses > 0 ? 'when quiet' : 'never'),
      canCrash: true,
    },
  );
  const actors: readonly ModelActor[] = [
    ...members.actors,
    {
      name: 'client',
      kind: scriptedClient as NodeKind<unknown>,
      state: {
        leader: 0,
        asked: 0,
        writes,
        acknowledged: [],
      } satisfies ScriptedClient,
      timers: [{ name: 'the wait before the next write', fires: 'any time' }],
    },
  ];
  const all = (state: StateView) => scenario.nodes.map((_, server) => state.stateOf(server) as Server);
  const firstTerm = Math.max(...scenario.nodes.map((_, server) => (actors[server]!.state as Server).term));
  return {
    actors,
    crashes,
    losses,
    restarts,
    // How long a timeout is makes no difference: it may end at any time.
    chance: 'zero',
    observer: {
      state: [],
      onNote: ((leaders: number[], actor: number, note: number, term: number) => {
        if (note !== NOTE_LEADING) return;
        while (leaders.length <= term) leaders.push(0);
        leaders[term]! |= 1 << actor;
      }) as (state: unknown) => void,
    },
    symmetry: anyFollower(scenario.nodes.map((_, server) => actors[server]!.state as Server)),
    within: (state) => all(state).every(({ term }) => term <= firstTerm + terms),
    describe: (choice) => members.describe(choice, actors),
    checks: [safety(all)],
    sometimes: [
      {
        name: 'a server leads a newer term',
        holds: (state) => all(state).some(({ term, leader, self }) => leader === self && term > firstTerm),
      },
      {
        name: 'an entry is committed',
        holds: (state) => all(state).some(({ commitLsn }) => commitLsn > 0),
      },
      ...(writes > 0
        ? [
            {
              name: 'a write is acknowledged',
              holds: (state: StateView) => (state.stateOf(servers) as ScriptedClient).acknowledged.length > 0,
            },
          ]
        : []),
    ],
  };
}

/** Any server but the one that leads at the beginning, whom the client goes on writing to, may be any other. */
function anyFollower(servers: readonly Server[]): Symmetry {
  return {
    groups: [servers.filter(({ leadsAtStart }) => !leadsAtStart).map(({ self }) => self)],
    renameState: (state, to, actor) => {
      if (actor >= servers.length) return;
      const server = state as Server & { self: number };
      for (const field of ['self', 'votedFor', 'durableVotedFor', 'leader'] as const)
        server[field] = renamedActor(server[field], to);
      for (const field of byServer) renameItems(server[field], to);
    },
    renamedFsync: renamedVote,
    renameObserved: (observed, to) => {
      const leaders = observed as number[];
      for (const [term, bits] of leaders.entries()) leaders[term] = renamedBits(bits, to);
    },
  };
}

const byServer = [
  'voters',
  'progress',
  'sending',
  'nextLsn',
  'matchLsn',
  'askedLsn',
  'agreedBy',
  'markRound',
  'markLsn',
  'heardRound',
  'silentBeats',
] as const;

/** One leader a term; what is committed is the same everywhere, and no later leader lacks it. */
function safety(all: (state: StateView) => Server[]): Check {
  return {
    name: 'consensus-safety',
    broken: (state) => {
      const twice = (state.observed() as number[]).findIndex((leaders) => (leaders & (leaders - 1)) !== 0);
      if (twice >= 0) return `term ${twice} has two leaders`;
      const servers = all(state);
      for (const { wal: one, commitLsn } of servers)
        for (const { wal: other, commitLsn: its, term, leader, self } of servers)
          for (let lsn = 1; lsn <= commitLsn; lsn++) {
            const committedTerm = timelineTermOf(one, lsn);
            if (timelineTermOf(other, lsn) === committedTerm) continue;
            if (lsn <= its) return `entry ${lsn} is committed twice, with two terms`;
            if (leader === self && term > committedTerm)
              return `the leader of term ${term} lacks entry ${lsn}, which is committed`;
          }
      return null;
    },
  };
}
