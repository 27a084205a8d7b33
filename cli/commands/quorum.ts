import {
  addTally,
  defaultQuorumQuestion,
  emptyQuorumTally,
  emptySimulatedTally,
  InputError,
  type PreparedQuorum,
  parseQuorumLatency,
  prepareQuorum,
  prepareSimulatedQuorum,
  type QuorumAnswer,
  type QuorumQuestion,
  quorumAnswer,
  type SimulatedQuorumAnswer,
  sampleQuorum,
  simulatedQuorumAnswer,
  simulatedTrials,
  simulateQuorumPart,
  type Tally,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import { breathe, type Io } from '../io.ts';
import type { QuorumPart } from '../jobs.worker.ts';
import { workOff } from '../pool.ts';
import { type Progress, startProgress } from '../progress.ts';
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
  readonly engine?: true;
  readonly json?: true;
}

/** Long enough that handing a part to a thread costs nothing, short enough that progress is seen: some 100 ms. */
const blocksPerPart = 16;

export async function quorumCommand(flags: QuorumFlags, io: Io): Promise<ExitCode> {
  try {
    const question = questionOf(flags);
    const answer = await (flags.engine === true ? simulated : sampled)(question, io);
    io.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : renderQuorum(answer, question));
    return exitCodes.asHoped;
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(error.problems.map(describe).join('\n'));
    throw error;
  }
}

function questionOf(flags: QuorumFlags): QuorumQuestion {
  const { n, r, w, latency, p, at, pDown, trials, seed, engine } = flags;
  return {
    n,
    r,
    w,
    latency: parseQuorumLatency(latency),
    p: p ?? defaultQuorumQuestion.p,
    atMs: at ?? defaultQuorumQuestion.atMs,
    pDown: pDown ?? defaultQuorumQuestion.pDown,
    trials: trials ?? (engine === true ? simulatedTrials : defaultQuorumQuestion.trials),
    seed: seed ?? defaultQuorumQuestion.seed,
  };
}

async function sampled(question: QuorumQuestion, io: Io): Promise<QuorumAnswer> {
  const prepared = prepareQuorum(question);
  const progress = startProgress(`Trying ${question.trials.toLocaleString('en')} writes and reads`, io);
  try {
    return quorumAnswer(question, prepared, await sample(prepared, progress, io));
  } finally {
    progress.end();
  }
}

/** The same through the full simulation, run by run. */
async function simulated(question: QuorumQuestion, io: Io): Promise<SimulatedQuorumAnswer> {
  const prepared = prepareSimulatedQuorum(question);
  const tally = emptySimulatedTally(prepared);
  const { trials, atMs } = question;
  const progress = startProgress(
    `Simulating ${(trials * atMs.length).toLocaleString('en')} writes and reads`,
    io,
  );
  try {
    for (let part = 0; part < prepared.parts.length; part++) {
      simulateQuorumPart(prepared, tally, part);
      progress.report((part + 1) / prepared.parts.length);
      await breathe(io);
    }
    return simulatedQuorumAnswer(question, tally);
  } finally {
    progress.end();
  }
}

/** The tally is the same on one thread and on many: each block has a stream of chance of its own. */
async function sample(prepared: PreparedQuorum, progress: Progress, io: Io): Promise<Tally> {
  const tally = emptyQuorumTally(prepared);
  await workOff({
    job: 'tryQuorum',
    about: prepared,
    units: partsOf(prepared),
    alone: (part) => {
      const ofPart = emptyQuorumTally(prepared);
      sampleQuorum(prepared, ofPart, part);
      return ofPart;
    },
    onResult: (ofPart: Tally) => {
      addTally(tally, ofPart);
      progress.report(tally.trials[0]! / prepared.trials);
    },
    io,
  });
  return tally;
}

function* partsOf({ blocks }: PreparedQuorum): Iterable<QuorumPart> {
  for (let from = 0; from < blocks; from += blocksPerPart)
    yield { from, to: Math.min(from + blocksPerPart, blocks) };
}

const flagNames: Readonly<Record<string, string>> = { atMs: '--at', pDown: '--p-down' };

function describe({ path, found, expected, hint }: InputError['problems'][number]): string {
  const name = String(path[0]);
  const inside = path.slice(1).filter((part) => typeof part === 'string');
  const where = [flagNames[name] ?? `--${name}`, ...inside].join(' ');
  return `${where}: found ${found}, expected ${expected}${hint === undefined ? '.' : `: ${hint}${hint.endsWith('?') ? '' : '.'}`}`;
}
