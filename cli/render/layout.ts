/** Text laid out for a terminal of 80 columns, which every table and paragraph fits. */
export const columnsMax = 80;

/** A paragraph whose first line starts with `lead` and whose others align with it. */
export function indented(lead: string, text: string, columns = columnsMax): string {
  const widthMax = columns - lead.length;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > widthMax) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  lines.push(line);
  return lead + lines.join(`\n${' '.repeat(lead.length)}`);
}

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

export function left(title: string): Column {
  return { title, align: 'left' };
}

export function right(title: string): Column {
  return { title, align: 'right' };
}

interface TableStyle {
  readonly paintTitles?: (text: string) => string;
  /** Before every line. */
  readonly margin?: string;
}

/** Columns two spaces apart, under their titles. The first column is cut with … where the table would be too wide. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { paintTitles = same, margin = '' }: TableStyle = {},
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]!.length)),
  );
  const tooWide =
    widths.reduce((sum, width) => sum + width + gap.length, -gap.length) + margin.length - columnsMax;
  if (tooWide > 0) widths[0] = Math.max(widths[0]! - tooWide, firstColumnMin);
  const layOut = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const width = widths[index]!;
        const shown = cell.length > width ? `${cell.slice(0, width - 1)}…` : cell;
        return columns[index]!.align === 'left' ? shown.padEnd(width) : shown.padStart(width);
      })
      .join(gap)
      .trimEnd();
  const lines = [paintTitles(layOut(columns.map((column) => column.title))), ...rows.map(layOut)];
  return lines.map((line) => margin + line).join('\n');
}

const gap = '  ';
const firstColumnMin = 8;

function same(text: string): string {
  return text;
}

/** 1234.5 as `1,234.5`; at most `digits` after the point; `–` where there was nothing to measure. */
export function number(value: number | null, digits = 0): string {
  return value === null ? '–' : value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** A sentence of the engine with its times as tables show them: `29959.273 ms` becomes `29,959.273 ms`; other numbers are names. */
export function withTimesGrouped(sentence: string): string {
  return sentence.replace(/(?<![\d.])\d{4,}(?=(\.\d+)? ms\b)/g, (whole) => number(Number(whole)));
}

/** Three significant digits below 100 ms, whole milliseconds above: what a person compares. */
export function milliseconds(value: number | null): string {
  if (value === null) return '–';
  return value < 100 ? value.toLocaleString('en', { maximumSignificantDigits: 3 }) : number(value);
}

/** `1 key`, `2,000 keys`. */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}
