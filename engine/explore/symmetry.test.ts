/** Symmetric states merged: against orbits counted over all states, against the search that merges none, and wrong renamings. */
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import type { Server } from '../topologies/consensus/server.ts';
import { explore } from './explore.ts';
import { raft } from './healthy.test-support.ts';
import type { Check, CheckedModel, Step, Symmetry } from './model.ts';
import { type ResourceManager, twoPhaseCommit } from './published-models.test-support.ts';
import { scenarioModel } from './scenario-model.ts';
import { StateSpace } from './state-space.ts';

const everything = { depth: 1000, states: 1_000_000, checks: [] };

/** Two-phase commit's states, each without who is who: what of each resource manager is so, sorted. */
function orbits(managers: number): { states: number; orbits: number } {
  const states = new Set<string>();
  const shapes = new Set<string>();
  explore(twoPhaseCommit(managers), {
    ...everything,
    checks: [
      {
        name: 'collected',
        broken: (state) => {
          const { state: decided, prepared } = state.stateOf(0) as { state: string; prepared: number };
          const sent = state.messages();
          const each = Array.from({ length: managers }, (_, index) => {
            const actor = index + 1;
            const has = (kind: 'from' | 'to') =>
              sent.filter((message) => message[kind] === actor).map(({ kind: what }) => what);
            return JSON.stringify([
              (state.stateOf(actor) as ResourceManager).state,
              (prepared >> actor) & 1,
              has('from'),
              has('to'),
            ]);
          });
          states.add(`${decided} ${each.join()}`);
          shapes.add(`${decided} ${each.sort().join()}`);
          return null;
        },
      },
    ],
  });
  return { states: states.size, orbits: shapes.size };
}

describe.each([3, 4, 5])('two-phase commit, %i interchangeable resource managers', (managers) => {
  test('as many states as there are orbits', () => {
    const counted = orbits(managers);
    const all = explore(twoPhaseCommit(managers), everything);
    const merged = explore(twoPhaseCommit(managers), { ...everything, symmetry: true });
    expect(counted.states).toBe(all.unique);
    expect(merged).toMatchObject({ result: 'ok', complete: true, unique: counted.orbits, depth: all.depth });
    expect(merged.unique).toBeLessThan(all.unique / managers);
  });
});

function raftOf(nodes: number): CheckedModel {
  const cluster = { nodes: ['a', 'b', 'c', 'd', 'e'].slice(0, nodes).map((id) => ({ id })) };
  return scenarioModel(parseScenario({ ...raft, cluster }), {
    writes: 1,
    crashes: 1,
    losses: 1,
    restarts: true,
    terms: 1,
  });
}

/** A candidate's own vote is enough. */
const hasty = ({ actors, ...model }: CheckedModel): CheckedModel => ({
  ...model,
  crashes: 0,
  losses: 0,
  actors: actors.map((actor) => {
    if (!actor.canCrash) return actor;
    const server = actor.state as Server;
    return { ...actor, state: { ...server, settings: { ...server.settings, majority: 1 } } };
  }),
});

/** Whether the path's last state breaks the check, taking each choice from where the one before it led. */
function replays(model: CheckedModel, path: readonly Step[], check: Check): boolean {
  const space = new StateSpace(model);
  let length = space.begin();
  for (const { choice } of path) {
    const from = space.next.slice(0, length);
    const before = length;
    length = 0;
    space.expand(from, before, (each, nextLength) => {
      if (JSON.stringify(space.choiceOf(from, each)) !== JSON.stringify(choice)) return true;
      length = nextLength;
      return false;
    });
    if (length === 0) return false;
  }
  return check.broken(space.viewOf(space.next, length)) !== null;
}

describe('Raft', () => {
  test.each([
    [3, 5, 1.7],
    [4, 4, 2.5],
  ])('%i servers, %i choices: the same is so as early, in fewer states', (nodes, depth, fewer) => {
    const model = raftOf(nodes);
    const options = { depth, states: 1_000_000, checks: model.checks, sometimes: model.sometimes };
    const all = explore(model, options);
    const merged = explore(model, { ...options, symmetry: true });
    const { unique, generated: _, ...rest } = merged;
    expect(all).toMatchObject(rest);
    expect(all.unique / unique).toBeGreaterThan(fewer);
  });

  test('a broken rule shows as soon, by a path that can be gone', () => {
    const model = hasty(raftOf(4));
    const options = { depth: 20, states: 400_000, checks: model.checks };
    const all = explore(model, options);
    const merged = explore(model, { ...options, symmetry: true });
    expect([all.result, merged.result]).toEqual(['violation', 'violation']);
    expect(merged.violation!.path).toHaveLength(all.violation!.path.length);
    expect(merged.unique).toBeLessThan(all.unique / 2);
    expect(replays(model, merged.violation!.path, model.checks[0]!)).toBe(true);
  });
});

describe('a renaming that is wrong is noticed', () => {
  const model = hasty(raftOf(3));
  const { renameObserved: _, ...observedForgotten } = model.symmetry!;
  const { renamedFsync: __, ...fsyncForgotten } = model.symmetry!;
  const votesForgotten: Symmetry = {
    ...model.symmetry!,
    renameState: (state, to, actor) => {
      const { votedFor } = state as { votedFor: number };
      model.symmetry!.renameState!(state, to, actor);
      if (actor < 3) (state as { votedFor: number }).votedFor = votedFor;
    },
  };
  const leaderToo: Symmetry = { ...model.symmetry!, groups: [[0, 1, 2]] };
  test.each([
    ['the observer’s leaders', observedForgotten],
    ['votes on their way to disk', fsyncForgotten],
    ['whom a server voted for', votesForgotten],
    ['that the client writes to the first', leaderToo],
  ])('it forgets %s', (_what, symmetry) => {
    const wrong = { ...model, symmetry };
    expect(() => explore(wrong, { depth: 5, states: 20_000, checks: [], symmetry: true })).toThrow(
      /are not interchangeable/,
    );
  });

  test('two-phase commit: it forgets who is prepared', () => {
    const { symmetry, ...rest } = twoPhaseCommit(3);
    const wrong = { ...rest, symmetry: { groups: symmetry!.groups } };
    expect(() => explore(wrong, { ...everything, symmetry: true })).toThrow(
      'resource manager 0 and resource manager 1 are not interchangeable',
    );
  });

  test('a check tells one of them from another', () => {
    const tells: Check = {
      name: 'tells',
      broken: (state) => {
        const [one, two, three] = [1, 2, 3].map((actor) => (state.stateOf(actor) as ResourceManager).state);
        return two === 'aborted' && one === 'working' && three === 'working'
          ? 'the second is the first'
          : null;
      },
    };
    const found = () => explore(twoPhaseCommit(3), { ...everything, checks: [tells], symmetry: true });
    expect(found).toThrow('are not interchangeable');
  });
});

test('refuses actors that are not alike, too many of them, and models without any', () => {
  const merged = (symmetry: Symmetry | undefined, managers = 3) => {
    const { symmetry: _, ...model } = twoPhaseCommit(managers);
    return () =>
      explore(symmetry === undefined ? model : { ...model, symmetry }, { ...everything, symmetry: true });
  };
  expect(merged(undefined)).toThrow('the model has no symmetry');
  expect(merged({ groups: [[0, 1]] })).toThrow(
    'resource manager 0 and transaction manager are not interchangeable: their kinds, timers or crashes differ',
  );
  expect(
    merged({
      groups: [
        [1, 2],
        [2, 3],
      ],
    }),
  ).toThrow('name one twice');
  expect(merged({ groups: [[1, 9]] })).toThrow('or one there is none of');
  expect(merged({ groups: [[1, 2, 3, 4, 5, 6]] }, 6)).toThrow(
    '6 interchangeable actors have 720 renamings: no more than 120',
  );
});
