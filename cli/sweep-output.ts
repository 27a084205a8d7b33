/** Where a sweep's answer goes: a table for other tools, a picture, one JSON document, or a page of text. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { type Swept, sweepRows } from '#engine';
import { UsageError } from './failures.ts';
import type { Io } from './io.ts';
import { type OutputFile, openOutputFile } from './output-file.ts';
import { paintFor } from './render/paint.ts';
import { renderSweep } from './render/sweep.ts';
import { drawSweep } from './render/sweep-svg.ts';

export interface SweepOutputs {
  readonly out?: string;
  readonly svg?: string;
  readonly json?: true;
}

const formats: Readonly<Record<string, (swept: Swept) => string | Uint8Array>> = {
  '.parquet': parquetOf,
  '.ndjson': (swept) =>
    sweepRows(swept.answer())
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  '.json': jsonOf,
};

/** Finds out before the work whether its outputs could be written after it. */
export function checkOutputs({ out, svg }: SweepOutputs, axes: number): void {
  if (out !== undefined) {
    formatOf(out);
    openOutputFile(out, '--out').discard();
  }
  if (svg === undefined) return;
  if (!svg.endsWith('.svg'))
    throw new UsageError(`--svg ${svg}: found the ending ${endingOf(svg) || '(none)'}, expected .svg.`);
  if (axes > 2) throw new UsageError(`--svg ${svg}: a picture has one or two axes, this sweep has ${axes}.`);
  openOutputFile(svg, '--svg').discard();
}

function formatOf(out: string) {
  const ending = endingOf(out);
  const format = formats[ending];
  if (format !== undefined) return format;
  const known = Object.keys(formats).join(', ');
  throw new UsageError(`--out ${out}: found the ending ${ending || '(none)'}, expected one of ${known}.`);
}

function endingOf(name: string): string {
  return /\.\w+$/.exec(name)?.[0] ?? '';
}

/** Writes the files, each whole or not at all, and then says what came out. */
export function writeOutputs(swept: Swept, outputs: SweepOutputs, io: Io): void {
  const { out, svg } = outputs;
  if (out !== undefined) writeWhole(openOutputFile(out, '--out'), formatOf(out)(swept));
  if (svg !== undefined) writeWhole(openOutputFile(svg, '--svg'), drawSweep(swept));
  tell(swept, outputs, io);
}

/** On standard output. */
export function tell(swept: Swept, outputs: SweepOutputs, io: Io): void {
  io.stdout.write(outputs.json ? jsonOf(swept) : renderSweep(swept, outputs, paintFor(io)));
}

export function writeWhole(file: OutputFile, content: string | Uint8Array): void {
  try {
    file.write(content);
    file.commit();
  } finally {
    file.discard();
  }
}

function jsonOf(swept: Swept): string {
  return `${JSON.stringify(swept.answer(), null, 2)}\n`;
}

/** Settings have the type of their values; where an axis mixes them, text. */
function parquetOf(swept: Swept): Uint8Array {
  const rows = sweepRows(swept.answer());
  const column = (name: string, type: 'INT32' | 'DOUBLE' | 'STRING' | 'BOOLEAN', nullable = false) => ({
    name,
    type,
    nullable,
    data: rows.map((row) => (type === 'STRING' && row[name] !== null ? String(row[name]) : row[name])),
  });
  const settings = swept.sweep.axes.map(({ setting, values }) => {
    const types = new Set(values.map((value) => typeof value));
    const isMixed = types.size > 1;
    if (isMixed || types.has('string')) return column(setting, 'STRING');
    return column(setting, types.has('boolean') ? 'BOOLEAN' : 'DOUBLE');
  });
  const columnData = [
    column('cell', 'INT32'),
    ...settings,
    column('measure', 'STRING'),
    column('unit', 'STRING'),
    column('runs', 'INT32'),
    column('value', 'DOUBLE', true),
    column('low', 'DOUBLE', true),
    column('high', 'DOUBLE', true),
    column('count', 'DOUBLE'),
    ...['min', 'p50', 'p99', 'max', 'hits'].map((name) => column(name, 'DOUBLE', true)),
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'quorate' }));
}
