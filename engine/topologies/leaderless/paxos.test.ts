/** Paxos's rules, explored: three replicas, of which two count up by conditional updates. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explore } from '../../explore/explore.ts';
import type { Check, Model, ModelActor, ModelObserver } from '../../explore/model.ts';
import { type NodeKind, type Out, START } from '../../kernel/protocol.ts';
import * as paxos from './paxos.ts';

type Rules = Pick<typeof paxos, 'promise' | 'accept' | 'commit' | 'nextStep'>;

const PREPARE = 32;
const PROMISED = 33;
const PROPOSE = 34;
const ACCEPTED = 35;
const COMMIT = 36;
const REFUSED = 37;
const NOTE_DONE = 1;

const servers = 3;
const majority = 2;

/** A replica, and the proposer of one increment. Values are counts from 1, in which proposals never repeat by accident. */
interface Server {
  readonly self: number;
  readonly acceptor: paxos.Acceptor<number>;
  attempts: number;
  ballot: number;
  promises: paxos.Promised<number>[];
  acceptances: number;
  proposed: number;
  phase: 'idle' | 'preparing' | 'proposing' | 'completing';
}

const proposalOf = (ballot: number, value: number): paxos.Proposal<number> | null =>
  ballot === 0 ? null : { ballot, value };

function serverKind(rules: Rules): NodeKind<Server> {
  const others = (node: Server) => [0, 1, 2].filter((server) => server !== node.self);
  const begin = (node: Server, out: Out) => {
    node.promises = [];
    node.acceptances = 0;
    node.proposed = 0;
    if (node.attempts === 0) {
      node.phase = 'idle';
      return;
    }
    node.attempts -= 1;
    node.phase = 'preparing';
    node.ballot = paxos.ballotAfter(Math.max(node.acceptor.promised, node.ballot), node.self, servers);
    rules.promise(node.acceptor, node.ballot);
    const { accepted, committed } = node.acceptor;
    node.promises = [{ from: node.self, accepted, committed }];
    for (const to of others(node)) out.send(to, PREPARE, node.ballot, 0, 0, 0, 0, 0);
  };
  const propose = (node: Server, value: number, phase: 'proposing' | 'completing', out: Out) => {
    node.phase = phase;
    node.proposed = value;
    node.promises = [];
    node.acceptances = rules.accept(node.acceptor, { ballot: node.ballot, value }) ? 1 : 0;
    for (const to of others(node)) out.send(to, PROPOSE, node.ballot, value, 0, 0, 0, 0);
  };
  return {
    onInput(node, { kind, from, a, b, c, d, e }, out) {
      const { acceptor } = node;
      switch (kind) {
        case START:
          begin(node, out);
          return;
        case PREPARE: {
          if (!rules.promise(acceptor, a)) {
            out.send(from, REFUSED, a, 0, 0, 0, 0, 0);
            return;
          }
          const { accepted, committed } = acceptor;
          out.send(
            from,
            PROMISED,
            a,
            accepted?.ballot ?? 0,
            accepted?.value ?? 0,
            committed?.ballot ?? 0,
            committed?.value ?? 0,
            0,
          );
          return;
        }
        case PROMISED: {
          if (node.phase !== 'preparing' || a !== node.ballot) return;
          node.promises.push({ from, accepted: proposalOf(b, c), committed: proposalOf(d, e) });
          if (node.promises.length < majority) return;
          const next = rules.nextStep(node.promises);
          if (next.type === 'complete') propose(node, next.value, 'completing', out);
          else if (next.type === 'propose') propose(node, (next.current ?? 0) + 1, 'proposing', out);
          else {
            const { commit, behind } = next;
            for (const to of behind) {
              if (to === node.self) rules.commit(acceptor, commit);
              else out.send(to, COMMIT, commit.ballot, commit.value!, 0, 0, 0, 0);
            }
            begin(node, out);
          }
          return;
        }
        case PROPOSE:
          if (rules.accept(acceptor, { ballot: a, value: b })) out.send(from, ACCEPTED, a, 0, 0, 0, 0, 0);
          return;
        case ACCEPTED: {
          if ((node.phase !== 'proposing' && node.phase !== 'completing') || a !== node.ballot) return;
          node.acceptances += 1;
          if (node.acceptances < majority) return;
          const chosen = { ballot: node.ballot, value: node.proposed };
          rules.commit(acceptor, chosen);
          for (const to of others(node)) out.send(to, COMMIT, chosen.ballot, chosen.value, 0, 0, 0, 0);
          const isOwn = node.phase === 'proposing';
          if (isOwn) {
            out.note(NOTE_DONE, chosen.value, 0, 0, 0);
            node.attempts = 0;
          }
          begin(node, out);
          return;
        }
        case COMMIT:
          rules.commit(acceptor, { ballot: a, value: b });
          return;
        case REFUSED:
          // Its proposal may be chosen all the same; only a refused prepare surely did nothing.
          if (node.phase === 'preparing' && a === node.ballot) begin(node, out);
      }
    },
  };
}

/** What proposers were told is done. */
const observer: ModelObserver<{ done: number[] }> = {
  state: { done: [] },
  onNote: (state, _, __, value) => {
    state.done.push(value);
  },
};

/** An update that is done replaced what it saw, so that no two may have made the same count. */
const noUpdateLost: Check = {
  name: 'no update lost',
  broken: (state) => {
    const { done } = state.observed() as { done: number[] };
    return new Set(done).size < done.length ? `two updates made the count ${done.join(' and ')}` : null;
  },
};

/** The value that a majority shows, by its commits, never differs between two replicas at one ballot. */
const oneValuePerBallot: Check = {
  name: 'one value for each ballot',
  broken: (state) => {
    const values = new Map<number, number>();
    for (let server = 0; server < servers; server++) {
      const { committed } = (state.stateOf(server) as Server).acceptor;
      if (committed === null) continue;
      const known = values.get(committed.ballot);
      if (known !== undefined && known !== committed.value)
        return `ballot ${committed.ballot}: ${known}, ${committed.value}`;
      values.set(committed.ballot, committed.value!);
    }
    return null;
  },
};

function counting(attempts: readonly number[], rules: Rules, losses = 0): Model {
  const kind = serverKind(rules) as ModelActor['kind'];
  return {
    actors: attempts.map((each, self) => ({
      name: `replica ${self}`,
      kind,
      state: {
        self,
        acceptor: paxos.newAcceptor<number>(),
        attempts: each,
        ballot: 0,
        promises: [],
        acceptances: 0,
        proposed: 0,
        phase: 'idle',
      } satisfies Server,
    })),
    links: () => 'unordered',
    observer: observer as ModelObserver,
    losses,
  };
}

const within = (states: number) => ({ depth: 1000, states, checks: [noUpdateLost, oneValuePerBallot] });

test('two proposers, one attempt each: every order of messages loses no update', () => {
  const found = explore(counting([1, 1, 0], paxos), within(400_000));
  expect(found).toMatchObject({ result: 'ok', complete: true });
});

test('with second attempts, which complete and teach what the first left behind', () => {
  let completed = 0;
  let taught = 0;
  const counted: Rules = {
    ...paxos,
    nextStep: (promises) => {
      const next = paxos.nextStep(promises);
      if (next.type === 'complete') completed++;
      if (next.type === 'teach') taught++;
      return next;
    },
  };
  const { result, unique } = explore(counting([1, 2, 0], counted), within(60_000));
  expect(result).not.toBe('violation');
  expect(unique).toBeGreaterThan(10_000);
  expect(Math.min(completed, taught)).toBeGreaterThan(0);
});

const broken: Record<string, Partial<Rules>> = {
  'accepts what is older than its promise': {
    accept: (acceptor, proposal) => {
      acceptor.accepted = proposal;
      return true;
    },
  },
  'promises what is older than its promise': {
    promise: (acceptor, ballot) => {
      acceptor.promised = ballot;
      return true;
    },
  },
  'ignores what others accepted': {
    nextStep: (promises) => paxos.nextStep(promises.map((each) => ({ ...each, accepted: null }))),
  },
};

test.each(Object.entries(broken))('a replica that %s is found out', (_, rules) => {
  const found = [
    [1, 1, 0],
    [1, 2, 0],
    [1, 1, 1],
  ]
    .map((attempts) => explore(counting(attempts, { ...paxos, ...rules }), within(150_000)).result)
    .includes('violation');
  expect(found).toBe(true);
});

test('a promise binds, an acceptance of the same ballot is allowed, a commit may come twice and late', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          step: fc.constantFrom('prepare', 'propose', 'commit'),
          ballot: fc.integer({ min: 1, max: 9 }),
        }),
        { maxLength: 20 },
      ),
      (steps) => {
        const acceptor = paxos.newAcceptor<number>();
        let most = 0;
        let committed = 0;
        let accepted = 0;
        for (const { step, ballot } of steps) {
          const proposal = { ballot, value: ballot };
          if (step === 'prepare') expect(paxos.promise(acceptor, ballot)).toBe(ballot > most);
          else if (step === 'propose') {
            expect(paxos.accept(acceptor, proposal)).toBe(ballot >= most);
            if (ballot >= most) accepted = ballot;
          } else {
            paxos.commit(acceptor, proposal);
            committed = Math.max(committed, ballot);
            // A late commit of an older round leaves what a newer one accepted.
            if (accepted <= ballot) accepted = 0;
          }
          if (step !== 'commit') most = Math.max(most, ballot);
          expect(acceptor.promised).toBe(most);
          expect(acceptor.committed?.ballot ?? 0).toBe(committed);
          expect(acceptor.accepted?.ballot ?? 0).toBe(accepted);
        }
      },
    ),
  );
});

test('of proposals under way the newest is completed: an older one may only have been left behind', () => {
  const promised = (from: number, ballot: number, commit = 0) => ({
    from,
    accepted: { ballot, value: 10 * ballot },
    committed: proposalOf(commit, 10 * commit),
  });
  // Replica 0 accepted ballot 4; 1 and 2 then accepted ballot 8, which is chosen.
  expect(paxos.nextStep([promised(0, 4), promised(1, 8)])).toEqual({ type: 'complete', value: 80 });
  expect(paxos.nextStep([promised(1, 8), promised(0, 4)])).toEqual({ type: 'complete', value: 80 });
  // Once its commit is known there is nothing to complete, and the other has to learn it.
  expect(paxos.nextStep([promised(0, 4), promised(1, 8, 8)])).toEqual({
    type: 'teach',
    commit: { ballot: 8, value: 80 },
    behind: [0],
  });
  expect(paxos.nextStep([promised(0, 4, 8), promised(1, 8, 8)])).toEqual({ type: 'propose', current: 80 });
});

test("a read's proposal, which changes nothing, is not completed and keeps older ones from coming after it", () => {
  const read = { ballot: 9, value: null };
  const late = { ballot: 4, value: 1 };
  const promised = (accepted: paxos.Proposal<number> | null, from: number) => ({
    from,
    accepted,
    committed: null,
  });
  expect(paxos.nextStep([promised(late, 0), promised(read, 1)])).toEqual({ type: 'propose', current: null });
  expect(paxos.nextStep([promised(late, 0), promised(null, 1)])).toEqual({ type: 'complete', value: 1 });
});

test('ballots: greater than the one before, and no two proposers share one', () => {
  const seen = new Set<number>();
  for (let proposer = 0; proposer < 5; proposer++) {
    for (let ballot = 0; ballot < 50; ) {
      const next = paxos.ballotAfter(ballot, proposer, 5);
      expect(next).toBeGreaterThan(ballot);
      expect(seen.has(next)).toBe(false);
      seen.add(next);
      ballot = next;
    }
  }
});
