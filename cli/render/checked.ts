import { type CheckedHistory, type Consistency, describeOperation, operationAt } from '#engine';
import type { HistoryFile } from '../histories/read-history.ts';
import { count, indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

interface Asked {
  readonly file: HistoryFile;
  readonly model: string;
  readonly consistency: Consistency;
  readonly wallMs: number;
  readonly paint: Paint;
}

/** Sequential consistency asks nothing of times, only of each client's order. */
const afterThat = {
  linearizable: 'After that the one marked ✗ cannot take place before it returns, whatever else does',
  sequential:
    'After that none of these can follow, though each is the next of its client; the one marked ✗ returned first',
} as const;

/** More operations in one another's way than these say no more. */
const shownMax = 12;

/** What was checked, the verdict, and where it is stuck. */
export function renderChecked(checked: CheckedHistory, asked: Asked): string {
  const { file, model, consistency, wallMs, paint } = asked;
  const { history } = file;
  const word = consistency === 'linearizable' ? 'linearizable' : 'sequentially consistent';
  const checkedWhat = `${count(checked.operations, 'operation')} of ${count(history.clients.length, 'client')} on ${count(history.keys.length, 'key')}, by the model ${model}; ${count(checked.steps, 'step')}, ${milliseconds(wallMs)} ms.`;
  const verdict = {
    ok: paint.good(`✓ ${word}`),
    violation: paint.bad(`✗ not ${word}`),
    unknown: `? unknown whether ${word}: the budget was spent`,
  }[checked.result];
  return [
    `${paint.heading(file.name)}  ${verdict}`,
    indented('', checkedWhat),
    ...(checked.witness === null ? [] : ['', ...witnessLines(checked.witness, asked)]),
    '',
  ].join('\n');
}

function witnessLines(
  { key, prefix, stuck, concerned }: NonNullable<CheckedHistory['witness']>,
  { file, consistency, paint }: Asked,
): string[] {
  const { history, lines, clock } = file;
  const where =
    key === null || history.keys[key] === null ? '' : ` of key ${JSON.stringify(history.keys[key])}`;
  const shown = [stuck, ...concerned.filter((index) => index !== stuck)].slice(0, shownMax);
  const rest = new Set([stuck, ...concerned]).size - shown.length;
  const rows = shown.map((index) => {
    const operation = operationAt(history, index);
    const span =
      clock === 'line'
        ? []
        : [
            `${operation.callUs / 1000}`,
            operation.returnUs === null ? 'never' : `${operation.returnUs / 1000}`,
          ];
    return [
      `${index === stuck ? '✗ ' : '  '}${describeOperation(operation)}`,
      String(operation.client),
      String(lines[index]!),
      ...span,
    ];
  });
  const columns = [left('operation'), left('client'), right('line')];
  if (clock === 'time') columns.push(right('from ms'), right('to ms'));
  const last = prefix.length === 0 ? undefined : operationAt(history, prefix[prefix.length - 1]!);
  return [
    indented(
      '',
      `${count(prefix.length, 'operation')}${where} can be put in order${last === undefined ? '' : `, the last of them ${describeOperation(last)} of client ${last.client}`}. ${afterThat[consistency]}:`,
    ),
    table(columns, rows, { paintTitles: paint.faint, margin: '  ' }),
    ...(rest > 0 ? [`  … and ${number(rest)} more; --json lists every one.`] : []),
  ];
}
