import { type ElectionsOptions, InputError, NoLeaderError, type Problem, simulateElections } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import type { Milliseconds } from '../flags.ts';
import { breathe, type Io } from '../io.ts';
import { startProgress } from '../progress.ts';
import { renderElections } from '../render/elections.ts';

/** Milliseconds, as they are asked for. */
interface ElectionsFlags {
  readonly servers: number;
  readonly failed?: number;
  readonly oneWay: Milliseconds;
  readonly timeout: Milliseconds;
  readonly logs: 'same' | 'different';
  readonly start: 'fresh' | 'crash';
  readonly heartbeat?: number;
  readonly voteWrite: number;
  readonly runs: number;
  readonly seed: number;
  readonly json?: true;
}

export async function electionsCommand(flags: ElectionsFlags, io: Io): Promise<ExitCode> {
  const { servers, logs, start, runs, seed } = flags;
  const options: ElectionsOptions = {
    servers,
    logs,
    start,
    runs,
    seed,
    failed: flags.failed ?? (start === 'crash' ? 1 : 0),
    oneWay: rangeUs(flags.oneWay),
    timeout: rangeUs(flags.timeout),
    heartbeatUs: microseconds(flags.heartbeat ?? flags.timeout.least / 2),
    voteWriteUs: microseconds(flags.voteWrite),
  };
  const progress = startProgress(`Electing ${runs} times`, io);
  try {
    const elections = await simulateElections({
      ...options,
      onProgress: async (done) => {
        progress.report(done / runs);
        await breathe(io);
      },
    });
    progress.end();
    io.stdout.write(flags.json ? `${JSON.stringify(elections)}\n` : renderElections(elections, options));
    return exitCodes.asHoped;
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(error.problems.map(describe).join('\n'));
    if (!(error instanceof NoLeaderError)) throw error;
    progress.end();
    io.stderr.write(`${error.message}\n`);
    return exitCodes.unknown;
  } finally {
    progress.end();
  }
}

const flagNames: Readonly<Record<string, string>> = {
  oneWay: '--one-way',
  heartbeatUs: '--heartbeat',
  voteWriteUs: '--vote-write',
};

function describe({ path, found, expected, hint }: Problem): string {
  const name = String(path[0]);
  const reason = hint === undefined ? '' : `: ${hint}`;
  return `${flagNames[name] ?? `--${name}`}: found ${found}, expected ${expected}${reason}.`;
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}

function rangeUs({ least, most }: Milliseconds): ElectionsOptions['oneWay'] {
  return { minUs: microseconds(least), maxUs: microseconds(most) };
}
