import {
  addTally,
  defaultQuorumQuestion,
  emptyQuorumTally,
  InputError,
  type PreparedQuorum,
  parseQuorumLatency,
  prepareQuorum,
  type QuorumQuestion,
  quorumAnswer,
  sampleQuorum,
  type Tally,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import { breathe, type Io } from '../io.ts';
import { type Progress, startProgress } from '../progress.ts';
import { sampleOnThreads } from '../quorum-threads.ts';
import { renderQuorum } from '../render/quorum.ts';

interface QuorumFlags {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  readonly latency: string;
  readonly p?: number;
  readonly at?: readonly number[];
  readonly pDown?: number;
  readonly trials?: number;
  readonly seed?: number;
  readonly json?: true;
}

/** Blocks between two looks at Ctrl-C: some 50 ms. */
const blocksPerSlice = 8;
/** Long enough that handing a part to a thread costs nothing, short enough that progress is seen. */
const blocksPerPart = 16;
/** Fewer are done before a thread has started. */
const blocksPerThreadMin = 32;

export async function quorumCommand(flags: QuorumFlags, io: Io): Promise<ExitCode> {
  try {
    const question = questionOf(flags);
    const prepared = prepareQuorum(question);
    const progress = startProgress(`Trying ${question.trials.toLocaleString('en')} writes and reads`, io);
    try {
      const tally = await sample(prepared, progress, io);
      progress.end();
      const answer = quorumAnswer(question, prepared, tally);
      io.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : renderQuorum(answer, question));
    } finally {
      progress.end();
    }
    return exitCodes.asHoped;
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(error.problems.map(describe).join('\n'));
    throw error;
  }
}

function questionOf({ n, r, w, latency, p, at, pDown, trials, seed }: QuorumFlags): QuorumQuestion {
  return {
    n,
    r,
    w,
    latency: parseQuorumLatency(latency),
    p: p ?? defaultQuorumQuestion.p,
    atMs: at ?? defaultQuorumQuestion.atMs,
    pDown: pDown ?? defaultQuorumQuestion.pDown,
    trials: trials ?? defaultQuorumQuestion.trials,
    seed: seed ?? defaultQuorumQuestion.seed,
  };
}

/** The tally is the same on one thread and on many: each block has a stream of chance of its own. */
async function sample(prepared: PreparedQuorum, progress: Progress, io: Io): Promise<Tally> {
  const tally = emptyQuorumTally(prepared);
  const { blocks } = prepared;
  if (blocks >= 2 * blocksPerThreadMin) {
    await sampleOnThreads(prepared, {
      threadsMost: Math.floor(blocks / blocksPerThreadMin),
      blocksPerPart,
      onPart: (part) => {
        addTally(tally, part);
        progress.report(tally.trials[0]! / prepared.trials);
      },
      interrupted: io.interrupted,
    });
    return tally;
  }
  for (let from = 0; from < blocks; from += blocksPerSlice) {
    const to = Math.min(from + blocksPerSlice, blocks);
    sampleQuorum(prepared, tally, { from, to });
    progress.report(to / blocks);
    await breathe(io);
  }
  return tally;
}

const flagNames: Readonly<Record<string, string>> = { atMs: '--at', pDown: '--p-down' };

function describe({ path, found, expected, hint }: InputError['problems'][number]): string {
  const name = String(path[0]);
  const inside = path.slice(1).filter((part) => typeof part === 'string');
  const where = [flagNames[name] ?? `--${name}`, ...inside].join(' ');
  return `${where}: found ${found}, expected ${expected}${hint === undefined ? '.' : `: ${hint}${hint.endsWith('?') ? '' : '.'}`}`;
}
