import { basename } from 'node:path';
import { type CheckedHistory, type Consistency, checkHistory, operationAt, timelineOf } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { chooseModel } from '../histories/choose-model.ts';
import { historyPage } from '../histories/history-page.ts';
import { type HistoryFile, readHistory } from '../histories/read-history.ts';
import type { Io } from '../io.ts';
import { type OutputFile, openOutputFile } from '../output-file.ts';
import { renderChecked } from '../render/checked.ts';
import { count } from '../render/layout.ts';
import { paintFor } from '../render/paint.ts';

export interface CheckCommandOptions {
  readonly file: string;
  readonly format?: string;
  readonly model?: string;
  readonly consistency: Consistency;
  readonly budget?: number;
  readonly json?: true;
  readonly html?: string;
}

const exitCodeOf = {
  ok: exitCodes.asHoped,
  violation: exitCodes.missed,
  unknown: exitCodes.unknown,
} as const;

export async function checkCommand(options: CheckCommandOptions, io: Io): Promise<ExitCode> {
  const html = options.html === undefined ? undefined : openOutputFile(options.html, '--html');
  try {
    return await check(options, html, io);
  } finally {
    html?.discard();
  }
}

async function check(options: CheckCommandOptions, html: OutputFile | undefined, io: Io): Promise<ExitCode> {
  const file = await readHistory(options.file, options.format, io);
  const model = chooseModel(file, options.model);
  const { consistency, budget } = options;
  const startedMs = io.nowMs();
  const checked = checkHistory(file.history, model, {
    consistency,
    orders: html !== undefined,
    ...(budget !== undefined && { budget }),
  });
  const wallMs = Math.round((io.nowMs() - startedMs) * 1000) / 1000;
  html?.write(pageOf(file, checked, model.name, consistency));
  html?.commit();
  if (options.json)
    io.stdout.write(
      `${JSON.stringify(documentOf(file, checked, { model: model.name, consistency, wallMs }), null, 2)}\n`,
    );
  else
    io.stdout.write(
      renderChecked(checked, { file, model: model.name, consistency, wallMs, paint: paintFor(io) }),
    );
  return exitCodeOf[checked.result];
}

/** More would not fit a page that is sent around. */
const shownMax = 1000;

function pageOf(file: HistoryFile, checked: CheckedHistory, model: string, consistency: Consistency): string {
  const { history, faults, clock } = file;
  const timeline = timelineOf(history, checked, faults, shownMax);
  const word = consistency === 'linearizable' ? 'linearizable' : 'sequentially consistent';
  const verdict = {
    ok: `Yes, it is ${word}.`,
    violation: `No, it is not ${word}.`,
    unknown: 'Unknown: the budget was spent.',
  };
  return historyPage(timeline, {
    title: `${basename(file.name)}: ${word}?`,
    verdict: verdict[checked.result],
    isBad: checked.result === 'violation',
    sentences: [
      `${count(checked.operations, 'operation')} of ${count(history.clients.length, 'client')} on ${count(history.keys.length, 'key')}, by the model ${model}.`,
      ...(checked.orders === null
        ? []
        : [
            `The line goes through what took place in an order that explains every answer${checked.orders.length > 1 ? ', a line for each key; that of the chosen operation is shown' : ''}.`,
          ]),
      ...(checked.witness === null
        ? []
        : [
            `The line goes through ${count(checked.witness.prefix.length, 'operation')} in an order that explains them. ${consistency === 'linearizable' ? 'The stuck one cannot take place before it returns, whatever else does.' : 'After that none can follow that is the next of its client; the stuck one returned first.'}`,
          ]),
      ...(timeline.left === 0 ? [] : [`${count(timeline.left, 'operation')} farther off not shown.`]),
    ],
    unit: clock === 'time' ? 'ms' : 'line',
  });
}

/** Operations are counted from 0 in the order of the file. */
function documentOf(
  file: HistoryFile,
  { result, operations, steps, witness }: CheckedHistory,
  {
    wallMs,
    ...judged
  }: { readonly model: string; readonly consistency: Consistency; readonly wallMs: number },
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
    ...judged,
    operations,
    clients: history.clients.length,
    keys: history.keys.length,
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
