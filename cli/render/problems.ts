import type { PlacedProblem } from '../failures.ts';
import { indented } from './layout.ts';

/** More than this nobody mends in one sitting, and one mistake may repeat a hundred thousand times. */
const shownMax = 100;

/** `file:line:column  path`, as editors and terminals link it, then what is wrong. */
export function renderProblems(problems: readonly PlacedProblem[]): string {
  const shown = problems.slice(0, shownMax).map(renderProblem);
  const rest = problems.length - shown.length;
  if (rest > 0) shown.push(`… and ${rest.toLocaleString('en')} more; --json lists every one.\n`);
  return shown.join('\n');
}

function renderProblem({ file, line, column, path, found, expected, hint }: PlacedProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  const lines = [
    path === undefined ? place : `${place}  ${path}`,
    indented('  found     ', found),
    indented('  expected  ', expected),
    ...(hint === undefined ? [] : [indented('  hint      ', hint)]),
  ];
  return `${lines.join('\n')}\n`;
}
