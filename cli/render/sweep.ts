import { type Axis, figuresOf, type Measure, type SweepAnswer, type Swept } from '#engine';
import { columnsMax, indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

/** A sweep's answer as a person reads it: for each measure a table of the grid. */
export function renderSweep(
  swept: Swept,
  { out, svg }: { readonly out?: string; readonly svg?: string },
  paint: Paint,
): string {
  const { sweep } = swept;
  const answer = swept.answer();
  const { runs, runsAsked, seeds, cells } = answer;
  const title = sweep.title === '' ? sweep.id : `${sweep.id}: ${sweep.title}`;
  const each = `${number(cells.length)} combinations, ${number(sweep.runs)} runs of each, seeds ${seeds.least} to ${seeds.most}.`;
  const written = [out, svg].filter((file) => file !== undefined);
  return [
    paint.heading(indented('', title)),
    indented('', each),
    ...(runs < runsAsked ? [paint.bad(`Interrupted: ${number(runs)} of ${number(runsAsked)} runs.`)] : []),
    ...sweep.measures.flatMap((measure) => ['', ...renderMeasure(sweep.axes, measure, answer, paint)]),
    '',
    ...(written.length > 0 ? [`Written: ${written.join(', ')}.`, ''] : []),
  ].join('\n');
}

function renderMeasure(axes: readonly Axis[], measure: Measure, answer: SweepAnswer, paint: Paint): string[] {
  const matrix = axes.length === 2 ? renderMatrix(axes, measure, answer, paint) : undefined;
  const what = measure.bounds === null ? 'mean of all runs' : 'of the runs, %';
  const unit = measure.unit === '' || measure.bounds !== null ? '' : `, ${measure.unit}`;
  const heading = paint.heading(indented('', `${measure.label}${unit} (${what})`));
  return matrix === undefined ? [heading, renderRows(axes, measure, answer)] : [heading, ...matrix];
}

/** The second axis across, if that fits. */
function renderMatrix(
  [down, across]: readonly Axis[],
  measure: Measure,
  { cells }: SweepAnswer,
  paint: Paint,
): string[] | undefined {
  const columns = across!.values.length;
  const rows = down!.values.map((value, row) => [
    String(value),
    ...across!.values.map((_, column) =>
      shown(cells[row * columns + column]!.measures[measure.name]!, measure),
    ),
  ]);
  const text = table([left(''), ...across!.values.map((value) => right(String(value)))], rows, {
    paintTitles: paint.faint,
    margin: '  ',
  });
  const isTooWide = rows.some(
    (row) => row.reduce((sum, cell) => sum + Math.max(cell.length, 6) + 2, 0) > columnsMax,
  );
  if (isTooWide) return undefined;
  return [paint.faint(indented('', `down: ${told(down!)}; across: ${told(across!)}`)), text];
}

/** By the label, if it has one, and by the setting that a scenario is given to run a cell alone. */
function told({ setting, label }: Axis): string {
  return label === null ? setting : `${label} (${setting})`;
}

/** A row for each combination. */
function renderRows(axes: readonly Axis[], measure: Measure, { cells }: SweepAnswer): string {
  const isShare = measure.bounds !== null;
  const figures = isShare
    ? ['runs', 'share', '95 % from', 'to']
    : ['count', 'mean', '95 % from', 'to', 'p50', 'p99', 'max'];
  const rows = cells.map(({ settings, measures }) => {
    const { value, interval, count, p50, p99, max } = figuresOf(measures[measure.name]!);
    const numbers = [
      value,
      interval?.low ?? null,
      interval?.high ?? null,
      ...(isShare ? [] : [p50, p99, max]),
    ];
    return [
      axes.map(({ setting }) => String(settings[setting])).join(', '),
      number(count),
      ...numbers.map((each) => say(each, isShare)),
    ];
  });
  return table([left(axes.map(({ setting }) => setting).join(', ')), ...figures.map(right)], rows, {
    margin: '  ',
  });
}

function shown(measured: Parameters<typeof figuresOf>[0], measure: Measure): string {
  return say(figuresOf(measured).value, measure.bounds !== null);
}

/** Three digits; a share in percent. */
function say(value: number | null, isShare: boolean): string {
  if (value === null) return '–';
  return isShare ? number(value * 100, 1) : milliseconds(value);
}
