import { type Cell, type ComparisonTable, comparedFigures } from '#engine';
import { indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

/** A column a topology, a row a figure; a star where none is better. */
export function renderComparison(
  { workload, seed, topologies }: ComparisonTable,
  file: string,
  paint: Paint,
): string {
  const rows = comparedFigures.map(({ name, title, unit }) => [
    unit === '' ? title : `${title}, ${unit}`,
    ...topologies.map(
      ({ cells, bestAt }) => `${bestAt.includes(name) ? '*' : ''}${shown(cells[name], unit)}`,
    ),
  ]);
  const columns = [left('Measured'), ...topologies.map(({ name }) => right(name))];
  const legend = topologies.map(({ name, title }) => indented(`  ${name.padEnd(10)}`, title));
  return `${[
    paint.heading(`${workload} over ${topologies.length} topologies, seed ${seed}`),
    table(columns, rows, { paintTitles: paint.heading }),
    ['* none is better', ...legend].join('\n'),
    paint.faint(
      indented(
        '',
        `Thrown away: an acknowledged write that lost to one made without knowing of it; where nodes keep no track of that, only to one that overlaps it in time. Crashed is the node that took most writes. --json names the run behind each cell and holds its scenario; the same again: quorate compare --workload ${file} --seed ${seed}`,
      ),
    ),
  ].join('\n\n')}\n`;
}

export function renderComparisonAsMarkdown({ workload, seed, topologies }: ComparisonTable): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rows = comparedFigures.map(({ name, title, unit }) =>
    row([
      unit === '' ? title : `${title}, ${unit}`,
      ...topologies.map(({ cells, bestAt }) => {
        const text = shown(cells[name], unit);
        return bestAt.includes(name) ? `**${text}**` : text;
      }),
    ]),
  );
  const runs = topologies.map(({ name, cells }) => {
    const { writeP50Ms: calm, lostWrites: crash } = cells;
    return `- ${name}: \`${calm.run}\`, digest \`${calm.digest}\`; \`${crash.run}\`, digest \`${crash.digest}\``;
  });
  return `${[
    row(['', ...topologies.map(({ title }) => title)]),
    row(['---', ...topologies.map(() => '---:')]),
    ...rows,
    '',
    `Workload \`${workload}\`, seed ${seed}; bold where none is better.`,
    '',
    ...runs,
  ].join('\n')}\n`;
}

function shown({ value }: Cell, unit: string): string {
  if (value === null) return '–';
  if (unit === 'ms') return milliseconds(value);
  return unit === '%' ? number(value * 100, 2) : number(value, 2);
}
