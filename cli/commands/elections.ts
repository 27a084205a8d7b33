import { bundledElections } from '#content';
import {
  type ElectionsPlan,
  InputError,
  judgeElections,
  NoLeaderError,
  type Problem,
  parseElections,
  simulateElections,
} from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import type { Milliseconds } from '../flags.ts';
import { breathe, type Io } from '../io.ts';
import { understand } from '../parse-document.ts';
import { startProgress } from '../progress.ts';
import { readDocument } from '../read-document.ts';
import { renderElections } from '../render/elections.ts';
import { paintFor } from '../render/paint.ts';

/** Milliseconds, as they are asked for; what is left out the file says, or else the defaults. */
interface ElectionsFlags {
  readonly file?: string;
  readonly servers?: number;
  readonly failed?: number;
  readonly oneWay?: Milliseconds;
  readonly timeout?: Milliseconds;
  readonly logs?: 'same' | 'different';
  readonly start?: 'fresh' | 'crash';
  readonly heartbeat?: number;
  readonly voteWrite?: number;
  readonly runs?: number;
  readonly seed?: number;
  readonly json?: true;
}

export async function electionsCommand(flags: ElectionsFlags, io: Io): Promise<ExitCode> {
  const plan = await planOf(flags, io);
  const { options } = plan;
  const { runs } = options;
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
    const expectations = judgeElections(plan, elections);
    const asJson = expectations.length === 0 ? elections : { ...elections, expectations };
    io.stdout.write(
      flags.json
        ? `${JSON.stringify(asJson)}\n`
        : renderElections(elections, options, expectations, paintFor(io)),
    );
    return expectations.every(({ met }) => met) ? exitCodes.asHoped : exitCodes.missed;
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

async function planOf(flags: ElectionsFlags, io: Io): Promise<ElectionsPlan> {
  const given = asDocument(flags);
  if (flags.file === undefined) {
    for (const [name, value] of [
      ['--one-way', flags.oneWay],
      ['--timeout', flags.timeout],
    ] as const) {
      if (value !== undefined) continue;
      const names = bundledElections.map((each) => each.name).join(', ');
      throw new UsageError(
        `required option '${name} <ms>' not specified. Give it, or a file, or a bundled name: ${names}.`,
      );
    }
    return parseElections({ id: 'elections', ...given });
  }
  const document = await readDocument(flags.file, bundledElections, io);
  return understand(document, (value) =>
    parseElections(
      typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, ...given } : value,
    ),
  );
}

/** The flags as a file would say them; only those that were given. */
function asDocument(flags: ElectionsFlags): Record<string, unknown> {
  const { servers, failed, logs, start, runs, seed } = flags;
  const fields = {
    servers,
    failed,
    logs,
    start,
    runs,
    seed,
    oneWayMs: rangeMs(flags.oneWay),
    timeoutMs: rangeMs(flags.timeout),
    heartbeatMs: flags.heartbeat,
    voteWriteMs: flags.voteWrite,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function rangeMs(range: Milliseconds | undefined): { minMs: number; maxMs: number } | undefined {
  return range && { minMs: range.least, maxMs: range.most };
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
