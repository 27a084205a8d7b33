/** Leaderless replication as a model: one write, and two reads in a row, the first of which begins at any time. */

import { type NodeKind, READ, READ_OK, TIMER, WRITE, WRITE_OK } from '../kernel/protocol.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { membersOf } from './members.ts';
import type { Check, CheckedModel, ModelActor, ModelBounds, StateView } from './model.ts';

/** A client that writes once and reads twice. */
export interface WriterAndReader {
  acknowledged: boolean;
  /** Reads begun, what each found, and whether the write was acknowledged before it began. */
  begun: number;
  readonly found: number[];
  readonly after: boolean[];
}

const WRITE_AT_ANY_TIME = 0;
const READ_AT_ANY_TIME = 1;

/** Writes by way of the first node, and reads by way of the second and then of the last. */
export const oneWriteTwoReads = (nodes: number): NodeKind<WriterAndReader> => ({
  onInput(client, input, out) {
    const coordinators = [1 % nodes, nodes - 1];
    if (input.kind === TIMER && input.a === WRITE_AT_ANY_TIME) out.send(0, WRITE, 0, 1, 0, 0, 0, 100);
    else if (input.kind === TIMER) {
      client.after.push(client.acknowledged);
      out.send(coordinators[client.begun]!, READ, 1, ++client.begun, 0, 0, 0, 64);
    } else if (input.kind === WRITE_OK) client.acknowledged = true;
    else if (input.kind === READ_OK) {
      client.found.push(input.e);
      if (client.begun < 2) out.startTimer(READ_AT_ANY_TIME, 1000);
    } else if (client.begun === 0 && !client.acknowledged) {
      out.startTimer(WRITE_AT_ANY_TIME, 1000);
      out.startTimer(READ_AT_ANY_TIME, 1000);
    }
  },
});

export function leaderlessModel(
  scenario: Scenario,
  { crashes, losses, restarts }: ModelBounds,
): CheckedModel {
  const nodes = scenario.nodes.length;
  const members = membersOf(scenario, { fires: () => 'never', canCrash: true });
  const actors: readonly ModelActor[] = [
    ...members.actors,
    {
      name: 'client',
      kind: oneWriteTwoReads(nodes) as NodeKind<unknown>,
      state: {
        acknowledged: false,
        begun: 0,
        found: [],
        after: [],
      } satisfies WriterAndReader,
      timers: [
        { name: 'the wait before the write', fires: 'any time' },
        { name: 'the wait before the next read', fires: 'any time' },
      ],
    },
  ];
  const clientIn = (state: StateView) => state.stateOf(nodes) as WriterAndReader;
  const sometimes = (name: string, holds: (client: WriterAndReader) => boolean) => ({
    name,
    holds: (state: StateView) => holds(clientIn(state)),
  });
  const checks: readonly Check[] = [
    {
      name: 'stale-reads',
      broken: (state) => {
        const { found, after } = clientIn(state);
        return found.some((value, read) => value === 0 && after[read])
          ? 'a read that began after the write was acknowledged did not find it'
          : null;
      },
    },
    {
      name: 'new-old-inversions',
      broken: (state) => {
        const { found } = clientIn(state);
        return found[0] === 1 && found[1] === 0
          ? 'the first read found the write, and the second, which began after it had ended, did not'
          : null;
      },
    },
  ];
  return {
    actors,
    // A request and an answer may go by connections of their own.
    links: () => 'unordered',
    crashes,
    losses,
    restarts,
    settled: true,
    describe: (choice) => members.describe(choice, actors),
    checks,
    sometimes: [
      sometimes('the write is acknowledged', ({ acknowledged }) => acknowledged),
      sometimes('a read finds the write', ({ found }) => found.includes(1)),
      sometimes('a read finds nothing', ({ found }) => found.includes(0)),
      sometimes('both reads are answered', ({ found }) => found.length === 2),
    ],
  };
}
