import type { Io } from './io.ts';

/** Says on standard error how far long work has come; short work says nothing. */
export interface Progress {
  /** @param done From 0 to 1. */
  report(done: number): void;
  /** Must be called before anything else is printed. */
  end(): void;
}

const silentMs = 500;
const terminalEveryMs = 100;
const plainEveryMs = 5000;

export function startProgress(what: string, io: Pick<Io, 'stderr' | 'nowMs'>): Progress {
  const isTerminal = io.stderr.isTTY === true;
  const everyMs = isTerminal ? terminalEveryMs : plainEveryMs;
  let nextMs = io.nowMs() + (isTerminal ? silentMs : plainEveryMs);
  let isShown = false;
  return {
    report(done) {
      const nowMs = io.nowMs();
      if (nowMs < nextMs) return;
      nextMs = nowMs + everyMs;
      const text = `${what}: ${Math.floor(done * 100)} %`;
      io.stderr.write(isTerminal ? `\r${text}${eraseToEnd}` : `${text}\n`);
      isShown = isTerminal;
    },
    end() {
      if (isShown) io.stderr.write(`\r${eraseToEnd}`);
      isShown = false;
    },
  };
}

const eraseToEnd = '\x1b[K';
