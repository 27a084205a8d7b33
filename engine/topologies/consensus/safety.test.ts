/** At most one leader a term and one vote a term and server, whatever dies; and the check notices each rule's absence. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DOWN } from '../../kernel/loop.ts';
import type { Input, NodeKind } from '../../kernel/protocol.ts';
import { childSeed } from '../../kernel/random.ts';
import { Election, type ElectionSetup, electorKind, prepareElection } from './election.ts';
import { VOTE } from './messages.ts';
import { NOBODY, type Server } from './server.ts';

/** Timeouts hardly longer than a vote takes: many terms, many candidates. */
const unruly: ElectionSetup = {
  servers: 5,
  failed: 0,
  logs: 'same',
  start: 'fresh',
  oneWay: { minUs: 1000, maxUs: 20_000 },
  timeout: { minUs: 40_000, maxUs: 60_000 },
  heartbeatUs: 15_000,
  voteWriteUs: 0,
};

const crashes = (servers: number) =>
  fc.array(
    fc.record({
      atMs: fc.nat(900),
      server: fc.nat(servers - 1),
      forMs: fc.integer({ min: 1, max: 100 }),
      withMachine: fc.boolean(),
    }),
    { maxLength: 12 },
  );

function runWithCrashes(
  election: Election,
  schedule: readonly { atMs: number; server: number; forMs: number; withMachine: boolean }[],
): void {
  const { loop } = election;
  for (const { atMs, server, forMs, withMachine } of schedule) {
    loop.interrupt({
      atUs: atMs * 1000,
      rank: 0,
      run: () => {
        if (loop.process(server) !== DOWN) loop.crash(server, withMachine);
      },
    });
    loop.interrupt({
      atUs: (atMs + forMs) * 1000,
      rank: 0,
      run: () => {
        if (loop.process(server) === DOWN) loop.restart(server);
      },
    });
  }
  loop.runUntil(1_000_000);
}

test('safe whatever dies and comes back, and a leader in the end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }).chain((servers) =>
        fc.record({
          servers: fc.constant(servers),
          schedule: crashes(servers),
          logs: fc.constantFrom('same' as const, 'different' as const),
          voteWriteUs: fc.constantFrom(0, 5000),
          seed: fc.nat(),
        }),
      ),
      ({ servers, schedule, logs, voteWriteUs, seed }) => {
        const prepared = prepareElection({ ...unruly, servers, logs, voteWriteUs });
        const election = new Election(prepared, seed);
        runWithCrashes(election, schedule);
        expect(election.runUntilLed(600_000_000)).toBe(true);
        expect(election.safety.violations).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

describe('with a rule broken, the check notices', () => {
  /** Servers whose input or state is tampered with before they see it. */
  const tampered = (tamper: (node: Server, input: Input) => void): NodeKind<Server> => ({
    onInput(node, input, out) {
      tamper(node, input);
      electorKind.onInput(node, input, out);
    },
  });

  function violations(setup: ElectionSetup, kind?: NodeKind<Server>): string[] {
    const prepared = prepareElection(setup);
    return Array.from({ length: 100 }, (_, run) => {
      const election = new Election(prepared, childSeed(1, `run ${run}`), kind);
      election.loop.runUntil(2_000_000);
      return election.safety.violations;
    }).flat();
  }

  test('nothing, where none is', () => {
    expect(violations(unruly)).toEqual([]);
  });

  test('double vote: servers that forget whom they voted for', () => {
    const kind = tampered((node, { kind }) => {
      if (kind === VOTE) node.votedFor = NOBODY;
    });
    const found = violations(unruly, kind).join('\n');
    expect(found).toMatch(/server \d voted for both \d and \d in term \d+/);
    expect(found).toMatch(/term \d+ has two leaders/);
  });

  test('half is not a majority', () => {
    const prepared = prepareElection({ ...unruly, servers: 4 });
    const settings = { ...prepared.settings, majority: 2 };
    const found = Array.from({ length: 100 }, (_, run) => {
      const election = new Election({ ...prepared, settings }, childSeed(1, `run ${run}`));
      election.loop.runUntil(2_000_000);
      return election.safety.violations;
    }).flat();
    expect(found.join('\n')).toMatch(/term \d+ has two leaders/);
  });

  test('un-persisted vote: servers that restart with an older vote', () => {
    const prepared = prepareElection(unruly);
    const found = Array.from({ length: 100 }, (_, run) => {
      const election = new Election(prepared, childSeed(1, `run ${run}`));
      const { loop, servers } = election;
      for (let atUs = 50_000; atUs < 1_000_000; atUs += 10_000) {
        loop.interrupt({
          atUs,
          rank: 0,
          run: () => {
            const server = (atUs / 10_000) % 5;
            loop.crash(server, true);
            servers[server]!.votedFor = NOBODY;
            loop.restart(server);
          },
        });
      }
      loop.runUntil(1_000_000);
      return election.safety.violations;
    }).flat();
    expect(found.join('\n')).toMatch(/voted for both/);
  });

  test('a log behind the majority wins only where voters do not compare', () => {
    const setup: ElectionSetup = { ...unruly, logs: 'different' };
    const winners = (kind?: NodeKind<Server>): number[] => {
      const prepared = prepareElection(setup);
      return Array.from({ length: 100 }, (_, run) => {
        const election = new Election(prepared, childSeed(2, `run ${run}`), kind);
        election.runUntilLed(600_000_000);
        return election.servers.findIndex(({ role }) => electorKind.raft.matches(role, 'leader'));
      });
    };
    // Server 2 of 0 … 4 is as far as two others and itself: the last that a majority votes for.
    expect(Math.max(...winners())).toBe(2);
    const kind = tampered((_, input) => {
      if (input.kind === VOTE) input.c = 1000;
    });
    expect(Math.max(...winners(kind))).toBe(4);
  });
});
