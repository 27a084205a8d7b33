import type { Io } from './io.ts';

/** Says on standard error, where that is a terminal, how far long work has come; short work says nothing. */
export interface Progress {
  /** @param done From 0 to 1. */
  report(done: number): void;
  /** Must be called before anything else is printed. */
  end(): void;
}

const silentMs = 500;
const everyMs = 100;
/** Before both, a guess at the end is worth nothing. */
const guessAfterMs = 2000;
const guessAfterShare = 0.01;

/** @param doneBefore The share that was done already, when this work began. */
export function startProgress(what: string, io: Pick<Io, 'stderr' | 'nowMs'>, doneBefore = 0): Progress {
  const isTerminal = io.stderr.isTTY === true;
  const startedMs = io.nowMs();
  let nextMs = startedMs + silentMs;
  let isShown = false;
  return {
    report(done) {
      const nowMs = io.nowMs();
      if (!isTerminal || nowMs < nextMs) return;
      nextMs = nowMs + everyMs;
      const tookMs = nowMs - startedMs;
      const isGuessed = tookMs >= guessAfterMs && done >= doneBefore + guessAfterShare && done < 1;
      const left = isGuessed ? `, ${duration((tookMs * (1 - done)) / (done - doneBefore))} left` : '';
      io.stderr.write(`\r${what}: ${Math.floor(done * 100)} %${left}${eraseToEnd}`);
      isShown = true;
    },
    end() {
      if (isShown) io.stderr.write(`\r${eraseToEnd}`);
      isShown = false;
    },
  };
}

const eraseToEnd = '\x1b[K';

/** In the two largest units that count: `48 s`, `3 min 20 s`, `5 h 2 min`. */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
