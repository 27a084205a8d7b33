/** Generated histories, and seeded runs whose histories are judged: what the checker costs. */

import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { FaultDocument, ScenarioSource } from '../scenario/schema.ts';
import { checkHistory } from './check.ts';
import { type History, HistoryBuilder, type Value } from './history.ts';
import type { Asked, SequentialModel } from './model.ts';
import { casRegister, keyValue, register } from './models.ts';

interface Request extends Asked {
  readonly key?: string;
}

/** Numbers that look random: the same for the same seed. */
function drawer(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % below;
  };
}

/** A store that is right: each operation takes effect at a moment between its call and its return. */
function historyOf(
  { operations, clients, seed }: { operations: number; clients: number; seed: number },
  ask: (draw: (below: number) => number, at: number) => Request,
  answer: (states: Map<string, Value>, request: Request) => Value | undefined,
): History {
  const draw = drawer(seed);
  const freeUs = Array.from({ length: clients }, () => draw(100));
  const all = Array.from({ length: operations }, (_, at) => {
    const client = at % clients;
    const callUs = freeUs[client]!;
    const effectUs = callUs + 1 + draw(100);
    const returnUs = effectUs + 1 + draw(100);
    freeUs[client] = returnUs + 1 + draw(10);
    return {
      client,
      callUs,
      effectUs,
      returnUs,
      request: ask(draw, at),
      output: undefined as Value | undefined,
    };
  });
  const states = new Map<string, Value>();
  for (const each of [...all].sort((a, b) => a.effectUs - b.effectUs))
    each.output = answer(states, each.request);
  const builder = new HistoryBuilder();
  for (const { client, callUs, returnUs, request, output } of all.sort((a, b) => a.callUs - b.callUs)) {
    const { key = null, kind, input } = request;
    const index = builder.call({ client, key, kind, input, callUs });
    builder.returned(index, { outcome: 'ok', output, returnUs });
  }
  return builder.build();
}

const only = 'only';

function registerAnswer(states: Map<string, Value>, { kind, input, key = only }: Request): Value | undefined {
  const state = states.get(key) ?? null;
  if (kind === 'read') return state;
  if (kind === 'write') states.set(key, input!);
  else {
    const [expected, next] = input as readonly [Value, Value];
    if (state === expected) states.set(key, next);
    return state === expected;
  }
  return undefined;
}

function compareAndSets(clients: number): History {
  return historyOf(
    { operations: 10_000, clients, seed: 7 },
    (draw) => {
      const kind = (['read', 'write', 'cas'] as const)[draw(3)]!;
      if (kind === 'read') return { kind };
      return { kind, input: kind === 'write' ? draw(5) : [draw(5), draw(5)] };
    },
    registerAnswer,
  );
}

function ownValues(operations: number): History {
  return historyOf(
    { operations, clients: 10, seed: 3 },
    (draw, at) => (draw(2) === 0 ? { kind: 'read' } : { kind: 'write', input: at }),
    registerAnswer,
  );
}

/** In the style of Porcupine's logs, `puts` of a hundred operations put. */
function texts({ keys, puts }: { keys: number; puts: number }): History {
  return historyOf(
    { operations: 5000, clients: 50, seed: 5 },
    (draw, at) => {
      const key = String(draw(keys));
      const choice = draw(100);
      if (choice >= puts && draw(2) === 0) return { kind: 'get', key };
      return { kind: choice < puts ? 'put' : 'append', key, input: `x ${at} y` };
    },
    (states, { kind, input, key = only }) => {
      const state = (states.get(key) ?? '') as string;
      if (kind === 'get') return state;
      states.set(key, kind === 'put' ? input! : state + (input as string));
      return undefined;
    },
  );
}

/** One of the last reads gives what a much earlier one gave. */
function spoilt(history: History, read: string): History {
  const output = history.output.slice();
  const kind = history.kinds.indexOf(read);
  for (let at = Math.floor(history.size * 0.7); ; at++) {
    if (history.kind[at] !== kind) continue;
    for (let before = at - 500; before >= 0; before--) {
      if (history.kind[before] !== kind || history.key[before] !== history.key[at]) continue;
      if (output[before] === output[at]) continue;
      output[at] = output[before]!;
      return { ...history, output };
    }
  }
}

export interface CheckSpeed {
  readonly name: string;
  readonly ms: number;
  readonly steps: number;
}

/** Median of five, after two that let the compiler see it. */
export function benchHistories(nowMs: () => number): CheckSpeed[] {
  const many = ownValues(1_000_000);
  const appends = texts({ keys: 25, puts: 0 });
  const dense = texts({ keys: 10, puts: 5 });
  const rows: readonly (readonly [string, History, SequentialModel, 'ok' | 'violation'])[] = [
    ['compare-and-set, 10,000 operations of 10 clients', compareAndSets(10), casRegister, 'ok'],
    ['  of 20 clients', compareAndSets(20), casRegister, 'ok'],
    ['key-value, 5,000 operations of 50 clients on 25 keys', appends, keyValue, 'ok'],
    ['  not linearizable', spoilt(appends, 'get'), keyValue, 'violation'],
    ['  on 10 keys, one in twenty a put', dense, keyValue, 'ok'],
    ['  not linearizable', spoilt(dense, 'get'), keyValue, 'violation'],
    ['register of own values, 1,000,000 operations of 10 clients', many, register, 'ok'],
    ['  not linearizable', spoilt(many, 'read'), register, 'violation'],
  ];
  return rows.map(([name, history, model, expected]) => {
    let steps = 0;
    const times = Array.from({ length: 7 }, () => {
      const begunMs = nowMs();
      const checked = checkHistory(history, model);
      if (checked.result !== expected) throw new Error(`${name}: ${checked.result}`);
      steps = checked.steps;
      return nowMs() - begunMs;
    });
    const [, , median] = times.slice(2).sort((a, b) => a - b);
    return { name, ms: median!, steps };
  });
}

const quorumRegister: ScenarioSource = {
  id: 'quorum-register',
  durationMs: 1000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
  topology: { type: 'leaderless', read: 2, write: 2 },
  workload: {
    clients: ['x', 'y', 'z'].map((id) => ({ id, readsPerSecond: 17, writesPerSecond: 16 })),
    keys: { count: 1 },
  },
};

/** Some faults of one run, drawn from its seed: crashes, pauses and cuts. */
function faultsOf(seed: number): FaultDocument[] {
  const draw = drawer(seed * 2 + 1);
  const nodes = ['a', 'b', 'c'];
  return Array.from({ length: 1 + draw(3) }, (): FaultDocument => {
    const node = nodes[draw(3)]!;
    const atMs = draw(900);
    const forMs = 20 + draw(300);
    const kind = draw(3);
    if (kind === 2)
      return {
        type: 'cut',
        from: [node],
        to: [nodes[(nodes.indexOf(node) + 1) % 3]!],
        oneWay: draw(2) === 0,
        atMs,
        forMs,
      };
    return kind === 1
      ? { type: 'pause', node, atMs, forMs }
      : { type: 'crash', node, atMs, forMs, loses: 'memory' };
  });
}

export interface RunSpeed {
  readonly runsPerSecond: number;
  /** Of the whole, what the same runs cost without the verdict. */
  readonly withoutVerdictPerSecond: number;
  readonly operationsPerRun: number;
  readonly violations: number;
}

/** Seeded runs of about 100 operations by 3 clients on a register of three replicas with r = w = 2, each judged. */
export function benchJudgedRuns(cpuSeconds: () => number, runs: number): RunSpeed {
  const scenario = parseScenario(quorumRegister);
  let operations = 0;
  let violations = 0;
  const go = (recordsHistory: boolean): number => {
    operations = 0;
    violations = 0;
    const begun = cpuSeconds();
    for (let seed = 0; seed < runs; seed++) {
      const report = simulate({ ...scenario, faults: faultsOf(seed) }, { seed, recordsHistory, samples: 10 });
      const { read, write } = report.operations;
      operations += read.ok + read.fail + read.info + write.ok + write.fail + write.info;
      if (report.verdicts.some(({ name, result }) => name === 'linearizability' && result === 'violation'))
        violations++;
    }
    return runs / (cpuSeconds() - begun);
  };
  go(true);
  const without = Math.max(go(false), go(false));
  const runsPerSecond = Math.max(go(true), go(true));
  return { runsPerSecond, withoutVerdictPerSecond: without, operationsPerRun: operations / runs, violations };
}
