/**
 * A sweep as a picture: a curve for one axis, a heat map for two, a panel for each measure. It follows the reader's light or
 * dark. Colours are those of viridis, whose lightness rises all the way, so that it is read without telling
 * hues apart, and printed in grey; numbers stand in the cells where there is room.
 *
 * Source of the colours: van der Walt and Smith, matplotlib's viridis.
 */
import { type Axis, figuresOf, type Measure, type SweepAnswer, type Swept, unitOf } from '#engine';
import { milliseconds, number } from './layout.ts';

const width = 720;
const panelHeight = 400;
const plot = { left: 110, right: 120, top: 44, bottom: 74 };
const plotWidth = width - plot.left - plot.right;
const plotHeight = panelHeight - plot.top - plot.bottom;
const headHeight = 62;

/** A whole SVG document. Takes sweeps of one or two axes. */
export function drawSweep(swept: Swept): string {
  const { sweep } = swept;
  const answer = swept.answer();
  const { runs, runsAsked, seeds, cells } = answer;
  const height = headHeight + sweep.measures.length * panelHeight;
  const title = sweep.title === '' ? sweep.id : sweep.title;
  const draw = sweep.axes.length === 1 ? drawCurve : drawHeatMap;
  const part = runs < runsAsked ? ' Only a part of the runs was done.' : '';
  const about = `${number(cells.length)} combinations, ${number(sweep.runs)} runs of each, seeds ${seeds.least} to ${seeds.most}; ${String(answer.scenario)}, quorate ${answer.engine}.${part}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title about">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="about">${escaped(`${about} ${sweep.measures.map(({ label }) => label).join('; ')}.`)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="20" y="30">${escaped(title)}</text>`,
    `<text class="small" x="20" y="50">${escaped(about)}</text>`,
    ...sweep.measures.map(
      (measure, index) =>
        `<g transform="translate(0 ${headHeight + index * panelHeight})">${draw(sweep.axes, measure, answer)}</g>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

const style = `
svg { font: 13px system-ui, sans-serif; --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --curve: #0b63b0; }
@media (prefers-color-scheme: dark) { svg { --paper: #14181d; --ink: #e6edf3; --faint: #9aa4af; --line: #39424c; --curve: #6cb6ff; } }
.paper { fill: var(--paper); }
text { fill: var(--ink); }
.title { font-size: 17px; font-weight: 600; }
.heading { font-weight: 600; }
.small, .tick { fill: var(--faint); font-size: 12px; }
.grid { stroke: var(--line); }
.none { fill: none; stroke: var(--line); stroke-dasharray: 3 3; }
.band { fill: var(--curve); opacity: 0.2; }
.curve { fill: none; stroke: var(--curve); stroke-width: 2; }
.range { stroke: var(--faint); }
.point { fill: var(--curve); }
.dark-ink { fill: #10141a; }
.light-ink { fill: #ffffff; }
.frame { fill: none; stroke: var(--line); }
`;

function drawHeatMap([down, across]: readonly Axis[], measure: Measure, answer: SweepAnswer): string {
  const values = answer.cells.map(({ measures }) => figuresOf(measures[measure.name]!).value);
  const known = values.filter((value) => value !== null);
  const least = known.length === 0 ? 0 : Math.min(...known);
  const most = known.length === 0 ? 1 : Math.max(...known);
  const columns = across!.values.length;
  const rows = down!.values.length;
  const cellWidth = plotWidth / columns;
  const cellHeight = plotHeight / rows;
  const cells = answer.cells.map(({ settings, measures }, index) => {
    const x = plot.left + (index % columns) * cellWidth;
    // The first value at the bottom, as on any axis.
    const y = plot.top + (rows - 1 - Math.floor(index / columns)) * cellHeight;
    const { value, interval, count } = figuresOf(measures[measure.name]!);
    const where = [down!, across!].map(({ setting }) => `${setting} ${settings[setting]}`).join(', ');
    const within =
      interval === null ? '' : ` (95 %: ${say(interval.low, measure)} to ${say(interval.high, measure)})`;
    const told = `${where}: ${say(value, measure)}${within}, of ${number(count)}`;
    const share = value === null || most === least ? 0 : (value - least) / (most - least);
    const box = `x="${round(x)}" y="${round(y)}" width="${round(cellWidth)}" height="${round(cellHeight)}"`;
    const fill = value === null ? 'class="none"' : `fill="${colourAt(share)}"`;
    const text = say(value, measure);
    const hasRoom = cellWidth > text.length * 7.5 + 4 && cellHeight > 16;
    const ink = value === null ? '' : ` class="${share > 0.45 ? 'dark-ink' : 'light-ink'}"`;
    const label = hasRoom
      ? `<text${ink} x="${round(x + cellWidth / 2)}" y="${round(y + cellHeight / 2 + 4)}" text-anchor="middle">${text}</text>`
      : '';
    return `<g><title>${escaped(told)}</title><rect ${box} ${fill}/>${label}</g>`;
  });
  return [
    heading(measure),
    ...cells,
    `<rect class="frame" x="${plot.left}" y="${plot.top}" width="${plotWidth}" height="${plotHeight}"/>`,
    ...ticksAcross(across!, (index) => plot.left + (index + 0.5) * cellWidth, cellWidth),
    ...ticksDown(down!, (index) => plot.top + (rows - index - 0.5) * cellHeight, cellHeight),
    axisTitles(titleOf(across!), titleOf(down!)),
    legend(least, most, measure),
  ].join('\n');
}

function legend(least: number, most: number, measure: Measure): string {
  const x = width - plot.right + 24;
  const steps = 32;
  const step = plotHeight / steps;
  const bars = Array.from({ length: steps }, (_, index) => {
    const y = plot.top + plotHeight - (index + 1) * step;
    return `<rect x="${x}" y="${round(y)}" width="16" height="${round(step + 0.5)}" fill="${colourAt(index / (steps - 1))}"/>`;
  });
  const marks = [0, 0.5, 1].map((share) => {
    const y = plot.top + plotHeight * (1 - share) + 4;
    return `<text class="tick" x="${x + 22}" y="${round(y)}">${say(least + (most - least) * share, measure)}</text>`;
  });
  return [...bars, ...(most > least ? marks : [marks[0]!])].join('');
}

function drawCurve([axis]: readonly Axis[], measure: Measure, answer: SweepAnswer): string {
  const points = answer.cells.map(({ measures }, index) => ({
    index,
    ...figuresOf(measures[measure.name]!),
  }));
  const most =
    Math.max(...points.flatMap(({ value, interval, max }) => [value ?? 0, interval?.high ?? 0, max ?? 0])) ||
    1;
  const top = measure.bounds === null ? roundTop(most) : 1;
  const x = positions(axis!);
  const y = (value: number) => plot.top + plotHeight * (1 - value / top);
  const at = (index: number, value: number) => `${round(x(index))},${round(y(value))}`;
  const known = points.filter((point) => point.value !== null);
  const banded = known.filter((point) => point.interval !== null);
  const band = [
    ...banded.map(({ index, interval }) => at(index, interval!.high)),
    ...banded.toReversed().map(({ index, interval }) => at(index, interval!.low)),
  ].join(' ');
  const gap = plotWidth / axis!.values.length;
  return [
    heading(measure),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<line class="grid" x1="${plot.left}" x2="${width - plot.right}" y1="${round(y(top * share))}" y2="${round(y(top * share))}"/>`,
      `<text class="tick" x="${plot.left - 8}" y="${round(y(top * share) + 4)}" text-anchor="end">${say(top * share, measure)}</text>`,
    ]),
    `<polygon class="band" points="${band}"/>`,
    ...known.flatMap(({ index, min, max }) =>
      min === null || max === null
        ? []
        : [
            `<line class="range" x1="${round(x(index))}" x2="${round(x(index))}" y1="${round(y(min))}" y2="${round(y(max))}"/>`,
          ],
    ),
    `<polyline class="curve" points="${known.map(({ index, value }) => at(index, value!)).join(' ')}"/>`,
    ...known.map(({ index, value, interval, count }) => {
      const within =
        interval === null ? '' : ` (95 %: ${say(interval.low, measure)} to ${say(interval.high, measure)})`;
      const told = `${axis!.setting} ${axis!.values[index]}: ${say(value, measure)}${within}, of ${number(count)}`;
      return `<circle class="point" cx="${round(x(index))}" cy="${round(y(value!))}" r="4"><title>${escaped(told)}</title></circle>`;
    }),
    ...ticksAcross(axis!, x, gap),
    axisTitles(titleOf(axis!), measure.bounds === null ? measure.unit : 'share of runs'),
    curveLegend(measure),
  ].join('\n');
}

/** The next number whose quarters are short: the lines of the grid stand at them. */
function roundTop(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((times) => times * decade).find((top) => top >= value)!;
}

function curveLegend({ bounds }: Measure): string {
  const x = width - plot.right + 14;
  const row = (index: number) => plot.top + 12 + index * 22;
  const range =
    bounds === null
      ? `<line class="range" x1="${x + 9}" x2="${x + 9}" y1="${row(2) - 8}" y2="${row(2) + 8}"/><text class="tick" x="${x + 24}" y="${row(2) + 4}">all runs</text>`
      : '';
  return [
    `<line class="curve" x1="${x}" x2="${x + 18}" y1="${row(0)}" y2="${row(0)}"/><text class="tick" x="${x + 24}" y="${row(0) + 4}">${bounds === null ? 'mean' : 'share'}</text>`,
    `<rect class="band" x="${x}" y="${row(1) - 7}" width="18" height="14"/><text class="tick" x="${x + 24}" y="${row(1) + 4}">95 %</text>`,
    range,
  ].join('');
}

/** Where the values of an axis stand: as far apart as they are, or as their ratios, or evenly where they are no numbers. */
function positions({ values, scale }: Axis): (index: number) => number {
  const numbers = values.filter((value) => typeof value === 'number');
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  const isNumeric = numbers.length === values.length && most > least;
  const isLog = isNumeric && least > 0 && (scale === 'log' || most / least >= 20);
  const share = (index: number) => {
    if (!isNumeric) return values.length === 1 ? 0.5 : index / (values.length - 1);
    const value = values[index] as number;
    return isLog ? Math.log(value / least) / Math.log(most / least) : (value - least) / (most - least);
  };
  return (index) => plot.left + 16 + (plotWidth - 32) * share(index);
}

function heading({ label, unit, bounds }: Measure): string {
  const what = bounds === null ? `mean${unit === '' ? '' : `, ${unit}`}` : 'share of runs';
  return `<text class="heading" x="${plot.left}" y="${plot.top - 16}">${escaped(`${label} (${what})`)}</text>`;
}

function titleOf({ setting, label, unit }: Axis): string {
  const said = unit ?? unitOf(setting);
  return `${label ?? setting}${said === '' ? '' : ` (${said})`}`;
}

function axisTitles(across: string, down: string): string {
  const middle = plot.top + plotHeight / 2;
  return [
    `<text x="${plot.left + plotWidth / 2}" y="${panelHeight - 24}" text-anchor="middle">${escaped(across)}</text>`,
    `<text x="24" y="${middle}" text-anchor="middle" transform="rotate(-90 24 ${middle})">${escaped(down)}</text>`,
  ].join('');
}

/** Every so many, that they do not run into each other. */
function ticksAcross({ values }: Axis, x: (index: number) => number, gap: number): string[] {
  const longest = Math.max(...values.map((value) => shortened(value).length));
  const every = Math.ceil((longest * 7 + 8) / gap);
  let lastX = Number.NEGATIVE_INFINITY;
  return values.flatMap((value, index) => {
    if (index % every !== 0 || x(index) - lastX < longest * 7 + 4) return [];
    lastX = x(index);
    return [
      `<text class="tick" x="${round(x(index))}" y="${plot.top + plotHeight + 20}" text-anchor="middle">${escaped(shortened(value))}</text>`,
    ];
  });
}

function ticksDown({ values }: Axis, y: (index: number) => number, gap: number): string[] {
  const every = Math.ceil(16 / gap);
  return values.flatMap((value, index) =>
    index % every === 0
      ? [
          `<text class="tick" x="${plot.left - 8}" y="${round(y(index) + 4)}" text-anchor="end">${escaped(shortened(value))}</text>`,
        ]
      : [],
  );
}

function shortened(value: unknown): string {
  const text = typeof value === 'number' ? number(value, 3) : String(value);
  return text.length > 16 ? `${text.slice(0, 15)}…` : text;
}

/** Three digits; a share of runs in percent, and other shares by as many digits as tell them apart. */
function say(value: number | null, { bounds }: Measure): string {
  if (value === null) return '–';
  return bounds === null ? milliseconds(value) : `${number(value * 100, 1)} %`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Viridis at 0, 1/8, … 1. */
const viridis = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
] as const;

function colourAt(share: number): string {
  const at = share * (viridis.length - 1);
  const index = Math.min(Math.floor(at), viridis.length - 2);
  const from = viridis[index]!;
  const to = viridis[index + 1]!;
  const parts = from.map((part, channel) => Math.round(part + (to[channel]! - part) * (at - index)));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
