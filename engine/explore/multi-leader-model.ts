/** Several leaders as a model: one write of the same row at each of two leaders, at any time. */

import { type NodeKind, TIMER, WRITE, WRITE_OK } from '../kernel/protocol.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Leader } from '../topologies/multi-leader/leader.ts';
import { SHOWN_VALUE } from '../topologies/multi-leader/rows.ts';
import { membersOf } from './members.ts';
import type { CheckedModel, ModelActor, ModelBounds, StateView } from './model.ts';

interface Client {
  asked: number;
  acknowledged: number;
}

/** Asks each of some leaders once. */
const clientOf = (asked: readonly number[]): NodeKind<Client> => ({
  onInput(client, input, out) {
    if (input.kind === TIMER) {
      client.asked++;
      out.send(input.a, WRITE, 0, input.a + 1, 0, 0, 0, 100);
    } else if (input.kind === WRITE_OK) client.acknowledged++;
    else if (input.kind < TIMER) for (const leader of asked) out.startTimer(leader, 1000);
  },
});

export function multiLeaderModel(
  scenario: Scenario,
  { crashes, losses, restarts }: ModelBounds,
): CheckedModel {
  const leaders = scenario.nodes.length;
  // Two are enough to be in conflict, and a third sees both orders.
  const asked = [0, leaders - 1];
  const members = membersOf(scenario, { fires: () => 'never', canCrash: true });
  const actors: readonly ModelActor[] = [
    ...members.actors,
    {
      name: 'client',
      kind: clientOf(asked) as NodeKind<unknown>,
      state: { asked: 0, acknowledged: 0 } satisfies Client,
      timers: scenario.nodes.map(({ id }) => ({
        name: `the wait before the write at ${id}`,
        fires: 'any time',
      })),
    },
  ];
  const leaderIn = (state: StateView, leader: number) => state.stateOf(leader) as Leader;
  const hasAll = ({ applied }: Leader) => asked.every((author) => applied[author] === 1);
  const everybodyHasAll = (state: StateView) =>
    scenario.nodes.every((_, leader) => state.isUp(leader) && hasAll(leaderIn(state, leader)));
  /** Whether what the one wrote was written upon what the other wrote. */
  const sawOther = (state: StateView, at: number, author: number, other: number): boolean =>
    leaderIn(state, at).appliedVectors[author * leaders + other] === 1;
  return {
    actors,
    crashes,
    losses,
    restarts,
    settled: true,
    describe: (choice) => members.describe(choice, actors),
    checks: [
      {
        name: 'divergence',
        broken: (state) => {
          if (!everybodyHasAll(state)) return null;
          const shown = scenario.nodes.map((_, leader) => leaderIn(state, leader).rows.cells[SHOWN_VALUE]!);
          return new Set(shown).size === 1
            ? null
            : `all leaders have both writes, and they show ${shown.join(', ')}`;
        },
      },
      {
        name: 'update-before-insert',
        broken: (state) => {
          for (const at of scenario.nodes.keys())
            for (const [author, other] of [asked, [...asked].reverse()] as [number, number][]) {
              const { applied } = leaderIn(state, at);
              if (applied[author] === 1 && applied[other] === 0 && sawOther(state, at, author, other))
                return `${scenario.nodes[at]!.id} has what ${scenario.nodes[author]!.id} wrote upon the write of ${scenario.nodes[other]!.id}, and not that`;
            }
          return null;
        },
      },
    ],
    sometimes: [
      {
        name: 'both writes are acknowledged',
        holds: (state) => (state.stateOf(leaders) as Client).acknowledged === 2,
      },
      { name: 'all leaders have both writes', holds: everybodyHasAll },
      {
        name: 'one write is made upon the other',
        holds: (state) => sawOther(state, leaders - 1, leaders - 1, 0),
      },
      {
        name: 'neither author had seen the other’s write',
        holds: (state) =>
          everybodyHasAll(state) &&
          !sawOther(state, 0, 0, leaders - 1) &&
          !sawOther(state, 0, leaders - 1, 0),
      },
    ],
  };
}
