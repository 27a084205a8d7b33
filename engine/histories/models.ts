import type { Value } from './history.ts';
import type { Asked, SequentialModel } from './model.ts';

const value = 'a value';

/** One value; null until it is written. */
export const register: SequentialModel<Value> = {
  name: 'register',
  initial: null,
  kinds: { read: { output: value }, write: { input: value } },
  step: (state, operation) => readOrWritten(state, operation),
  observes: ({ kind }) => kind === 'read',
  register: { read: 'read', write: 'write' },
};

/** A register that also changes if it holds what was expected: `cas` of [expected, new] gives whether it did. */
export const casRegister: SequentialModel<Value> = {
  name: 'cas-register',
  initial: null,
  kinds: {
    read: { output: value },
    write: { input: value },
    cas: { input: '[expected, new]', output: 'whether it held what was expected' },
  },
  step(state, operation) {
    const { kind, input, output } = operation;
    if (kind !== 'cas') return readOrWritten(state, operation);
    const [expected, next] = input as readonly [Value, Value];
    const matches = isEqual(state, expected);
    if (output !== undefined && output !== matches) return null;
    return { state: matches ? next : state };
  },
  observes: ({ kind, output }) => kind === 'read' || (kind === 'cas' && output === false),
  problem: ({ kind, input, output }) => {
    if (kind !== 'cas') return null;
    if (!Array.isArray(input) || input.length !== 2) return 'a list of two: what is expected and what is new';
    return output === undefined || typeof output === 'boolean' ? null : 'true or false as the output of cas';
  },
  register: { read: 'read', write: 'write' },
};

/** A key's value in a key-value store, a text: `put` replaces it, `append` adds at its end. Empty until then. */
export const keyValue: SequentialModel<string> = {
  name: 'key-value',
  initial: '',
  kinds: { get: { output: 'a text' }, put: { input: 'a text' }, append: { input: 'a text' } },
  step(state, { kind, input, output }) {
    if (kind === 'get') return output === undefined || (output ?? '') === state ? { state } : null;
    return { state: kind === 'put' ? (input as string) : state + (input as string) };
  },
  observes: ({ kind }) => kind === 'get',
  growth: {
    resets: ['put'],
    mayBecome: (state, { output }) => output === undefined || String(output ?? '').startsWith(state),
  },
  identify: (state) => state,
  text: { get: 'get', put: 'put', append: 'append' },
  problem: ({ kind, input, output }) => {
    const given = kind === 'get' ? (output ?? '') : input;
    return typeof given === 'string' ? null : 'a text';
  },
};

/** A number that is added to, 0 at first. */
export const counter: SequentialModel<number> = {
  name: 'counter',
  initial: 0,
  kinds: { read: { output: 'a number' }, add: { input: 'a number' } },
  step(state, { kind, input, output }) {
    if (kind === 'add') return { state: state + (input as number) };
    return output === undefined || output === state ? { state } : null;
  },
  observes: ({ kind }) => kind === 'read',
  identify: (state) => state,
  problem: ({ kind, input, output }) => {
    const given = kind === 'add' ? input : (output ?? 0);
    return typeof given === 'number' ? null : 'a number';
  },
};

/** A set: `add`, `remove`, `contains`, and `read` of all of it, in any order. */
export const set: SequentialModel<readonly string[]> = {
  name: 'set',
  initial: [],
  kinds: {
    read: { output: 'a list of values' },
    add: { input: value },
    remove: { input: value },
    contains: { input: value, output: 'true or false' },
  },
  // Its values as JSON, sorted, so that equal sets are equal lists.
  step(state, { kind, input, output }) {
    if (kind === 'read') {
      const isRight = output === undefined || isEqual(sortedTexts(output as readonly Value[]), state);
      return isRight ? { state } : null;
    }
    const text = JSON.stringify(input);
    const holds = state.includes(text);
    if (kind === 'contains') return output === undefined || output === holds ? { state } : null;
    if (kind === 'add') return { state: holds ? state : [...state, text].sort() };
    return { state: holds ? state.filter((each) => each !== text) : state };
  },
  observes: ({ kind }) => kind === 'read' || kind === 'contains',
  problem: ({ kind, output }) => {
    if (output === undefined) return null;
    if (kind === 'read') return Array.isArray(output) ? null : 'a list of values';
    return kind !== 'contains' || typeof output === 'boolean' ? null : 'true or false';
  },
};

/** First in, first out: `dequeue` gives the oldest value, null where the queue is empty. */
export const queue: SequentialModel<readonly Value[]> = {
  name: 'queue',
  initial: [],
  kinds: { enqueue: { input: value }, dequeue: { output: 'a value, null where there was none' } },
  step(state, { kind, input, output }) {
    if (kind === 'enqueue') return { state: [...state, input!] };
    const first = state[0] ?? null;
    return output === undefined || isEqual(output, first) ? { state: state.slice(1) } : null;
  },
};

/** A list that grows at its end: `append`, and `read` of all of it. Empty at first. */
export const listAppend: SequentialModel<readonly Value[]> = {
  name: 'list-append',
  initial: [],
  kinds: { read: { output: 'a list of values' }, append: { input: value } },
  step(state, { kind, input, output }) {
    if (kind === 'append') return { state: [...state, input!] };
    return output === undefined || isEqual(output ?? [], state) ? { state } : null;
  },
  observes: ({ kind }) => kind === 'read',
  text: { get: 'read', append: 'append' },
  problem: ({ kind, output }) =>
    kind !== 'read' || output === undefined || output === null || Array.isArray(output)
      ? null
      : 'a list of values',
};

/** Every model by its name. */
export const models: readonly SequentialModel[] = [
  register,
  casRegister,
  keyValue,
  counter,
  set,
  queue,
  listAppend,
];

function readOrWritten(state: Value, { kind, input, output }: Asked): { state: Value } | null {
  if (kind === 'write') return { state: input! };
  return output === undefined || isEqual(output, state) ? { state } : null;
}

function isEqual(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((each, index) => isEqual(each, b[index]!));
}

function sortedTexts(values: readonly Value[]): readonly string[] {
  return [...new Set(values.map((each) => JSON.stringify(each)))].sort();
}
