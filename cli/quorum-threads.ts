import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PreparedQuorum, Tally } from '#engine';
import { Interrupted } from './failures.ts';
import type { QuorumPart } from './quorum.worker.ts';

export interface ThreadsOptions {
  readonly threadsMost: number;
  readonly blocksPerPart: number;
  /** Told of each part's tally, in no order. */
  readonly onPart: (tally: Tally) => void;
  readonly interrupted: AbortSignal;
}

/** Shares the blocks among as many threads as the machine has processors: whoever is free takes the next ones. */
export async function sampleOnThreads(
  prepared: PreparedQuorum,
  { threadsMost, blocksPerPart, onPart, interrupted }: ThreadsOptions,
): Promise<void> {
  let next = 0;
  const takePart = (): QuorumPart | undefined => {
    if (next >= prepared.blocks) return undefined;
    const from = next;
    next = Math.min(from + blocksPerPart, prepared.blocks);
    return { from, to: next };
  };
  const workers = Array.from({ length: Math.min(availableParallelism(), threadsMost) }, () =>
    startWorker(prepared),
  );
  const abort = () => workers.forEach((worker) => void worker.terminate());
  interrupted.addEventListener('abort', abort, { once: true });
  try {
    if (interrupted.aborted) throw new Interrupted();
    await Promise.all(workers.map((worker) => work(worker, takePart, onPart)));
    if (interrupted.aborted) throw new Interrupted();
  } finally {
    interrupted.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** From source a worker needs to be told, as the command is, where `#engine` is. */
function startWorker(prepared: PreparedQuorum): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  return new Worker(new URL(`./quorum.worker.${isSource ? 'ts' : 'js'}`, import.meta.url), {
    workerData: prepared,
    execArgv: isSource ? ['--conditions=quorate-source'] : [],
  });
}

function work(
  worker: Worker,
  takePart: () => QuorumPart | undefined,
  onPart: (tally: Tally) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const proceed = () => {
      const part = takePart();
      if (part === undefined) resolve();
      else worker.postMessage(part);
    };
    worker.on('message', (tally: Tally) => {
      onPart(tally);
      proceed();
    });
    worker.on('error', reject);
    // Terminated: the caller knows why.
    worker.on('exit', () => resolve());
    proceed();
  });
}
