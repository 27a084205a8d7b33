/** What is said to be found where a document has a key that its schema does not know. */
export const notKnownHere = 'a key that is not known here';

/** One thing wrong with the user's input: where it is, what stood there, what should have, and how to mend it. */
export interface Problem {
  /** Keys and indices from the root of the document; empty for the document itself. */
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly expected: string;
  readonly hint?: string;
}

/** The user's input is wrong. Carries every problem found, never only the first. */
export class InputError extends Error {
  readonly document: 'scenario' | 'requirements' | 'link' | 'election' | 'quorum' | 'cap' | 'sweep';
  readonly problems: readonly Problem[];

  constructor(document: InputError['document'], problems: readonly Problem[]) {
    super(
      `The ${document} ${document === 'requirements' ? 'are' : 'is'} wrong in ${problems.length} place${problems.length === 1 ? '' : 's'}: ${problems
        .map(describeProblem)
        .join('; ')}`,
    );
    this.name = 'InputError';
    this.document = document;
    this.problems = problems;
  }
}

export function describeProblem(problem: Problem): string {
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`;
  return `${describePath(problem.path)}: found ${problem.found}, expected ${problem.expected}${hint}`;
}

/** A path as people write it: `cluster.nodes[2].disk.fsync`; the document itself is `(document)`. */
export function describePath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text === '' ? '(document)' : text;
}

const shownCharactersMax = 60;

/** A value as it may be shown inside a message: short, on one line. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty object' : `an object with ${shorten(keys.join(', '))}`;
  }
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
    return typeof value;
  return shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
}

/** The value at a path, or undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** The candidate within a third of its length in edits (Levenshtein), or none. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits && edits <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** A name that nobody has, where one of some is expected. */
export function unknownName(
  name: string,
  what: string,
  known: readonly string[],
  path: Problem['path'],
): Problem {
  const near = nearest(name, known);
  return {
    path,
    found: showValue(name),
    expected: `${what}: one of ${[...new Set(known)].join(', ')}`,
    ...(near !== undefined && { hint: `did you mean ${near}?` }),
  };
}
