import { nearest } from '#engine';

/** Something wrong with a file, and where: what `engine` calls a problem, with its place in the text. */
export interface PlacedProblem {
  readonly file: string;
  /** Counts from 1; absent where the whole file is meant. */
  readonly line?: number;
  readonly column?: number;
  /** As people write it, `cluster.nodes[2].id`; absent where the file could not be read at all. */
  readonly path?: string;
  readonly found: string;
  readonly expected: string;
  readonly hint?: string;
}

/** The input is wrong; carries every problem found, never only the first. */
export class WrongInput extends Error {
  readonly problems: readonly PlacedProblem[];

  constructor(problems: readonly PlacedProblem[]) {
    super(problems.length === 1 ? 'The input has a problem.' : `The input has ${problems.length} problems.`);
    this.name = 'WrongInput';
    this.problems = problems;
  }
}

/** The command was asked for something it cannot do as asked; the message says what to do instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A sentence, behind those of an error, where a name is nearly one that is known; nothing otherwise. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

/** Ctrl-C or a polite kill: unwind, clean up, print nothing more. */
export class Interrupted extends Error {
  constructor() {
    super('Interrupted.');
    this.name = 'Interrupted';
  }
}
