import type { Readable, Writable } from 'node:stream';
import { Interrupted } from './failures.ts';

/** All that a command may touch of the world around it, so that a test can hand it another world. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of the wall clock, from any fixed point; progress is shown by it and nothing is computed from it. */
  readonly nowMs: () => number;
  readonly interrupted: AbortSignal;
}

export function throwIfInterrupted(io: Pick<Io, 'interrupted'>): void {
  if (io.interrupted.aborted) throw new Interrupted();
}

/** Lets a pending Ctrl-C be noticed between two pieces of work, then throws if there was one. */
export async function breathe(io: Pick<Io, 'interrupted'>): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  throwIfInterrupted(io);
}
