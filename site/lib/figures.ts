/** Numbers read out of a report by path, each with the words and the unit it is shown with. Runs in the page and at build. */
import { numberAt, type Report } from '#engine';

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly unit: string;
}

/** A path into the report, or one with words of the page's own. */
export type Shown = string | readonly [path: string, label: string];

/** The number at a path, or null where the run did not measure it. Throws where the path names nothing in a report. */
export function measured(report: Report, path: string): number | null {
  const found = numberAt(report, path);
  if (found === undefined) throw new Error(`The report of ${report.scenario} has no number at ${path}`);
  return found;
}

/** How a path is called where the caller gives no words of their own. The first pattern that fits names it. */
const names: readonly (readonly [RegExp, string])[] = [
  [/^verdicts\.lost-writes\.count$/, 'acknowledged writes lost'],
  [/^verdicts\.stale-reads\.count$/, 'stale reads'],
  [/^verdicts\.divergence\.count$/, 'replicas that differ after the drain'],
  [/^rpo\.writes$/, 'acknowledged writes lost'],
  [/^rpo\.ms$/, 'span of the lost writes'],
  [/^operations\.write\.ok$/, 'writes acknowledged'],
  [/^operations\.write\.fail$/, 'writes refused'],
  [/^operations\.write\.info$/, 'writes of unknown outcome'],
  [/^operations\.read\.ok$/, 'reads answered'],
  [/^operations\.read\.fail$/, 'reads refused'],
  [/^operations\.read\.info$/, 'reads of unknown outcome'],
  [/^latencyMs\.write\.p50$/, 'median write'],
  [/^latencyMs\.write\.p99$/, 'write at p99'],
  [/^latencyMs\.read\.p50$/, 'median read'],
  [/^latencyMs\.read\.p99$/, 'read at p99'],
  [/^failovers\.\d+\.rtoMs$/, 'without writes (RTO)'],
  [/^failovers\.\d+\.detectedAfterMs$/, 'until the crash was noticed'],
  [/^nodes\.([\w-]+)\.reads$/, 'reads served by $1'],
  [/^nodes\.([\w-]+)\.writes$/, 'writes taken by $1'],
  [/^nodes\.([\w-]+)\.applies$/, 'records replayed by $1'],
  [/^nodes\.([\w-]+)\.queueMsMax$/, 'longest wait at $1'],
  [/^lag\.([\w-]+)\.replayLagMs\.p50$/, 'median replay lag of $1'],
  [/^lag\.([\w-]+)\.replayLagMs\.max$/, 'largest replay lag of $1'],
  [/^falseFailovers$/, 'needless failovers'],
  [/^overlapMs$/, 'two leaders at once for'],
  [/^verdicts\.split-brain\.count$/, 'writes only a superseded leader has'],
  [/^availability\.write\.ratio$/, 'writes that succeeded'],
  [/^availability\.read\.ratio$/, 'reads that succeeded'],
  [/^availability\.write\.longestOutageMs$/, 'longest write outage'],
];

/** The number at a path with its words; a dash where the run did not measure it. */
export function figure(report: Report, shown: Shown): Figure {
  const [path, label] = typeof shown === 'string' ? [shown, undefined] : shown;
  return { label: label ?? nameOf(path), ...formatMeasured(measured(report, path), unitOf(path)) };
}

/** The same of a run that may still be going on, or of another variant: what it has not measured is a dash. */
export function figureNow(report: Report, shown: Shown): Figure {
  const [path, label] = typeof shown === 'string' ? [shown, nameOf(shown)] : shown;
  return { label, ...formatMeasured(numberAt(report, path) ?? null, unitOf(path)) };
}

function nameOf(path: string): string {
  for (const [pattern, name] of names) {
    if (pattern.test(path)) return path.replace(pattern, name);
  }
  throw new Error(`No words for ${path}: give the figure a label, or name the path in site/lib/figures.ts`);
}

type Unit = 'ms' | 'bytes' | 'ratio' | '';

export function unitOf(path: string): Unit {
  if (path.endsWith('.ratio')) return 'ratio';
  if (/Ms(Max)?$|Ms\.|\.ms$/.test(path)) return 'ms';
  return /Bytes/.test(path) ? 'bytes' : '';
}

/** Three significant digits where the number is small, thousands parted where it is large; long times in seconds. */
export function formatMeasured(value: number | null, unit: Unit): { value: string; unit: string } {
  if (value === null) return { value: '–', unit: '' };
  if (unit === 'ratio') return { value: `${formatNumber(value * 100)}%`, unit: '' };
  if (unit === 'ms' && value >= 1000) return { value: formatNumber(value / 1000), unit: 's' };
  if (unit === 'bytes' && value >= 1_000_000) return { value: formatNumber(value / 1_000_000), unit: 'MB' };
  return { value: formatNumber(value), unit };
}

export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return parted(String(value));
  const size = Math.abs(Number(value.toPrecision(3)));
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return parted(value.toFixed(digits));
}

function parted(digits: string): string {
  const [whole = '', fraction] = digits.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
