import { type CheckedHistory, type Consistency, checkHistory, operationAt } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { chooseModel } from '../histories/choose-model.ts';
import { type HistoryFile, readHistory } from '../histories/read-history.ts';
import type { Io } from '../io.ts';
import { renderChecked } from '../render/checked.ts';
import { paintFor } from '../render/paint.ts';

export interface CheckCommandOptions {
  readonly file: string;
  readonly format?: string;
  readonly model?: string;
  readonly consistency: Consistency;
  readonly budget?: number;
  readonly json?: true;
}

const exitCodeOf = {
  ok: exitCodes.asHoped,
  violation: exitCodes.missed,
  unknown: exitCodes.unknown,
} as const;

export async function checkCommand(options: CheckCommandOptions, io: Io): Promise<ExitCode> {
  const file = await readHistory(options.file, options.format, io);
  const model = chooseModel(file, options.model);
  const { consistency, budget } = options;
  const startedMs = io.nowMs();
  const checked = checkHistory(file.history, model, { consistency, ...(budget !== undefined && { budget }) });
  const wallMs = Math.round((io.nowMs() - startedMs) * 1000) / 1000;
  if (options.json) io.stdout.write(`${JSON.stringify(documentOf(file, checked, wallMs), null, 2)}\n`);
  else
    io.stdout.write(
      renderChecked(checked, { file, model: model.name, consistency, wallMs, paint: paintFor(io) }),
    );
  return exitCodeOf[checked.result];
}

/** Operations are counted from 0 in the order of the file. */
function documentOf(
  file: HistoryFile,
  { result, operations, steps, witness }: CheckedHistory,
  wallMs: number,
) {
  const { history, lines, clock } = file;
  const whole = (index: number) => {
    const { callUs, returnUs, ...operation } = operationAt(history, index);
    // Times of a log are its lines.
    const times = clock === 'time' && {
      callMs: callUs / 1000,
      returnMs: returnUs === null ? null : returnUs / 1000,
    };
    return { operation: index, line: lines[index]!, ...operation, ...times };
  };
  return {
    result,
    operations,
    steps,
    wallMs,
    witness: witness && {
      key: witness.key === null ? null : history.keys[witness.key]!,
      prefix: [...witness.prefix],
      stuck: whole(witness.stuck),
      concerned: witness.concerned.map(whole),
    },
  };
}
