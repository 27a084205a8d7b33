/**
 * Work in units, shared among threads: whoever is free takes the next one. Results come in no order, so what they are
 * added up to must not depend on it; all of ours are integers.
 */
import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import { Interrupted } from './failures.ts';
import { breathe, type Io, throwIfInterrupted } from './io.ts';

/** What threads can do: what the worker's module exports, each a function of one unit. */
type Jobs = typeof import('./jobs.worker.ts');

export interface Work<Unit, Result> {
  readonly job: keyof Jobs;
  /** What all units have in common; each thread is given it once. */
  readonly about: unknown;
  readonly units: Iterable<Unit>;
  /** As many as asked for; without a number, as many as there are processors, once the work turns out to take long. */
  readonly threads?: number | undefined;
  /** A unit in this thread. */
  readonly alone: (unit: Unit) => Result | Promise<Result>;
  readonly onResult: (result: Result, unit: Unit) => void;
  readonly io: Pick<Io, 'interrupted' | 'nowMs'>;
}

/** A thread takes about as long to start. */
const aloneMs = 1000;

/** Does all units, or throws Interrupted. Says on how many threads. */
export async function workOff<Unit, Result>(work: Work<Unit, Result>): Promise<number> {
  const { threads, alone, onResult, io } = work;
  const units = work.units[Symbol.iterator]();
  if (threads === undefined) {
    const untilMs = io.nowMs() + aloneMs;
    while (io.nowMs() <= untilMs) {
      const { done, value: unit } = units.next();
      if (done) return 1;
      onResult(await alone(unit), unit);
      await breathe(io);
    }
  }
  const used = threads ?? availableParallelism();
  await onThreads(work, units, used);
  return used;
}

async function onThreads<Unit, Result>(
  { job, about, onResult, io }: Work<Unit, Result>,
  units: Iterator<Unit>,
  threads: number,
): Promise<void> {
  const isSource = import.meta.url.endsWith('.ts');
  const pool = new Tinypool({
    filename: new URL(`./jobs.worker.${isSource ? 'ts' : 'js'}`, import.meta.url).href,
    workerData: about,
    // From source a worker needs to be told, as the command is, where `#engine` is.
    execArgv: isSource ? ['--conditions=quorate-source'] : [],
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 60_000,
  });
  // A pool that has been destroyed would start new threads for what it is given.
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    return pool.destroy();
  };
  io.interrupted.addEventListener('abort', stop, { once: true });
  // Each thread is kept busy by one of these.
  const takeUnits = async () => {
    for (let next = units.next(); !next.done && !isStopped; next = units.next())
      onResult(await pool.run(next.value, { name: job }), next.value);
  };
  try {
    throwIfInterrupted(io);
    await Promise.all(Array.from({ length: threads }, takeUnits));
    throwIfInterrupted(io);
  } catch (error) {
    // What was at work when the pool was stopped fails; the reason is Ctrl-C.
    throw io.interrupted.aborted ? new Interrupted() : error;
  } finally {
    io.interrupted.removeEventListener('abort', stop);
    await stop();
  }
}
