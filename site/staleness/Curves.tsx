import type { QuorumTable } from '#engine';
import { formatNumber } from '../lib/figures.ts';
import type { Chosen } from './explorer.ts';
import { replicas } from './explorer.ts';

interface Props {
  readonly table: QuorumTable;
  /** Where the axis has its ticks, evenly spaced; between two of them time runs evenly. */
  readonly timesMs: readonly number[];
  readonly chosen: Chosen;
}

const width = 480;
const height = 300;
const plot = { left: 44, right: 18, top: 14, bottom: 34 };
const innerWidth = width - plot.left - plot.right;
const innerHeight = height - plot.top - plot.bottom;
/** Names of curves keep so far apart. */
const nameGap = 15;

/** The probability of a fresh read over time, a curve for each pair of R and W that may be stale. */
export function Curves({ table, timesMs, chosen }: Props) {
  const points = table.atMs.length;
  const x = (index: number) => plot.left + (innerWidth * index) / (points - 1);
  const y = (share: number) => plot.top + innerHeight * (1 - share);
  const column = (index: number) => plot.left + (innerWidth * index) / (timesMs.length - 1);
  const curves = table.pFresh.flatMap((ofRead, r) =>
    ofRead.flatMap((shares, w) => (r + w + 2 > replicas ? [] : [{ r: r + 1, w: w + 1, shares }])),
  );
  const chosenShare = table.pFresh[chosen.r - 1]![chosen.w - 1]!;
  return (
    <svg class="plot" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={inWords(curves, table)}>
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <g key={share}>
          <line class="grid" x1={plot.left} x2={width - plot.right} y1={y(share)} y2={y(share)} />
          <text x={plot.left - 6} y={y(share) + 4} text-anchor="end">
            {share * 100}%
          </text>
        </g>
      ))}
      {timesMs.map((tMs, index) => (
        <text
          key={tMs}
          class={index === chosen.column ? 'at' : ''}
          x={column(index)}
          y={height - plot.bottom + 16}
          text-anchor="middle"
        >
          {formatNumber(tMs)}
        </text>
      ))}
      <text x={width - plot.right} y={height - 3} text-anchor="end">
        t, ms after the acknowledgement
      </text>
      <line
        class="when"
        x1={column(chosen.column)}
        x2={column(chosen.column)}
        y1={plot.top}
        y2={height - plot.bottom}
      />
      {curves.map(({ r, w, shares }) => (
        <polyline
          key={`${r} ${w}`}
          class={`curve ${r === chosen.r && w === chosen.w ? 'chosen' : ''}`}
          points={shares.map((share, index) => `${x(index).toFixed(1)},${y(share).toFixed(1)}`).join(' ')}
        />
      ))}
      {namesApart(curves.map(({ shares }) => y(shares[1]!) - 6)).map((at, index) => (
        <text key={index} class="curve-name" x={x(1) + 4} y={at}>
          R {curves[index]!.r}, W {curves[index]!.w}
        </text>
      ))}
      <circle
        class="here"
        cx={column(chosen.column)}
        cy={y(chosenShare[((points - 1) / (timesMs.length - 1)) * chosen.column]!)}
        r="5"
      />
    </svg>
  );
}

/** Where names stand that would stand here but for each other: those further down give way. */
function namesApart(wanted: readonly number[]): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!);
  const at = [...wanted];
  let last = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    at[index] = Math.max(wanted[index]!, last + nameGap);
    last = at[index]!;
  }
  return at;
}

function inWords(
  curves: readonly { r: number; w: number; shares: readonly number[] }[],
  { atMs }: QuorumTable,
): string {
  const each = curves.map(
    ({ r, w, shares }) =>
      `R ${r}, W ${w}: from ${(shares[0]! * 100).toFixed(1)}% at once to ${(shares.at(-1)! * 100).toFixed(1)}%`,
  );
  return `Probability of a fresh read from 0 to ${formatNumber(atMs.at(-1)!)} ms after the acknowledgement. ${each.join('; ')}.`;
}
