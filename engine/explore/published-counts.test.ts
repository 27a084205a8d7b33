/** The explorer against counts that others published, and the specification of two-phase commit against both. */
import { expect, test } from 'vitest';
import { isFullSize } from '../full-size.test-support.ts';
import { explore } from './explore.ts';
import type { StateView } from './model.ts';
import {
  abdRegister,
  oneCopyRegister,
  paxosRegister,
  type ResourceManager,
  twoPhaseCommit,
} from './published-models.test-support.ts';

const everything = { depth: 1000, states: 1_000_000, checks: [] };

/** The specification's own actions, searched without any of the explorer. Transitions are counted with and without self-loops. */
function specified(managers: number) {
  interface State {
    readonly rm: string[];
    tm: string;
    readonly prepared: string[];
    readonly messages: string[];
  }
  const all = Array.from({ length: managers }, (_, rm) => `${rm}`);
  const copy = (state: State): State => JSON.parse(JSON.stringify(state));
  const add = (set: string[], each: string) => {
    if (!set.includes(each)) set.push(each);
    set.sort();
  };
  const successors = (state: State): State[] => {
    const next: State[] = [];
    const when = (possible: boolean, change: (state: State) => void) => {
      if (!possible) return;
      const changed = copy(state);
      change(changed);
      next.push(changed);
    };
    when(state.tm === 'init' && state.prepared.length === managers, (s) => {
      s.tm = 'committed';
      add(s.messages, 'commit');
    });
    when(state.tm === 'init', (s) => {
      s.tm = 'aborted';
      add(s.messages, 'abort');
    });
    for (const [index, rm] of all.entries()) {
      when(state.tm === 'init' && state.messages.includes(rm), (s) => add(s.prepared, rm));
      when(state.rm[index] === 'working', (s) => {
        s.rm[index] = 'prepared';
        add(s.messages, rm);
      });
      when(state.rm[index] === 'working', (s) => {
        s.rm[index] = 'aborted';
      });
      when(state.messages.includes('commit'), (s) => {
        s.rm[index] = 'committed';
      });
      when(state.messages.includes('abort'), (s) => {
        s.rm[index] = 'aborted';
      });
    }
    return next;
  };
  const first: State = {
    rm: all.map(() => 'working'),
    tm: 'init',
    prepared: [],
    messages: [],
  };
  const seen = new Set([JSON.stringify(first)]);
  const queue = [first];
  let withSelfLoops = 1;
  let generated = 1;
  for (const state of queue) {
    for (const next of successors(state)) {
      withSelfLoops++;
      if (JSON.stringify(next) !== JSON.stringify(state)) generated++;
      if (seen.has(JSON.stringify(next))) continue;
      seen.add(JSON.stringify(next));
      queue.push(next);
    }
  }
  return { unique: seen.size, generated, withSelfLoops };
}

test('two-phase commit: the specification, searched without the explorer, has the published counts', () => {
  expect(specified(3)).toMatchObject({ unique: 288, withSelfLoops: 1146 });
});

// Stateright's two-phase commit, single-decree Paxos, one-copy register and ABD register.
const published = [
  {
    what: 'two-phase commit, 3 resource managers',
    model: twoPhaseCommit(3),
    unique: 288,
    generated: 1146,
  },
  {
    what: 'two-phase commit, 5 resource managers',
    model: twoPhaseCommit(5),
    unique: 8832,
    generated: 58_146,
  },
  {
    what: 'one-copy register, 2 clients',
    model: oneCopyRegister(2),
    unique: 93,
    generated: 121,
  },
  {
    what: 'one-copy register, 3 clients',
    model: oneCopyRegister(3),
    unique: 4243,
    generated: 6778,
  },
  {
    what: 'ABD register, 2 servers, 2 clients',
    model: abdRegister(2, 2),
    unique: 544,
    generated: 875,
  },
  {
    what: 'Paxos, 3 servers, 1 client',
    model: paxosRegister(3, 1),
    unique: 265,
    generated: 482,
  },
  {
    what: 'Paxos, 3 servers, 2 clients',
    model: paxosRegister(3, 2),
    unique: 16_668,
    generated: 32_971,
  },
  ...(isFullSize
    ? [
        {
          what: 'two-phase commit, 7 resource managers',
          model: twoPhaseCommit(7),
          unique: 296_448,
          generated: 2_744_706,
        },
      ]
    : []),
];

test.each(published)('$what: $unique states, $generated generated', ({ model, unique, generated }) => {
  const found = explore(model, everything);
  expect(found).toMatchObject({
    result: 'ok',
    complete: true,
    unique,
    generated,
  });
});

test('choices that change nothing are none, unless a model says that they count', () => {
  const { generated, withSelfLoops } = specified(3);
  const { stutters: _, ...silent } = twoPhaseCommit(3);
  expect(explore(silent, everything)).toMatchObject({ unique: 288, generated });
  expect(explore(twoPhaseCommit(3), everything).generated).toBe(withSelfLoops);
});

test('two-phase commit: never is one committed and another aborted, though each happens', () => {
  const states = (state: StateView) =>
    [1, 2, 3].map((manager) => (state.stateOf(manager) as ResourceManager).state);
  const checks = [
    {
      name: 'consistent',
      broken: (state: StateView) =>
        states(state).includes('committed') && states(state).includes('aborted')
          ? states(state).join()
          : null,
    },
  ];
  const all = (end: ResourceManager['state']) => ({
    name: `all ${end}`,
    holds: (state: StateView) => states(state).every((each) => each === end),
  });
  const { result, sometimes } = explore(twoPhaseCommit(3), {
    ...everything,
    checks,
    sometimes: [all('committed'), all('aborted')],
  });
  expect(result).toBe('ok');
  // Each prepares and is heard, the manager commits, each is told; or each aborts of its own accord.
  expect(sometimes.map(({ depth }) => depth)).toEqual([10, 3]);
});
