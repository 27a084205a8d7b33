/** Where things stand in the lab's picture, in units of its view box. Pure arithmetic: the picture is drawn from it. */
import type { ClusterView } from '#engine';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** An undirected pair of actors, drawn as one line. Messages from `a` keep to its one side, those from `b` to the other. */
export interface Line {
  readonly id: string;
  readonly a: string;
  readonly b: string;
  readonly start: Point;
  readonly end: Point;
  readonly replication: boolean;
}

export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Box>;
  readonly lines: readonly Line[];
}

const width = 480;
const margin = 8;
const gap = 8;
const bar = { clients: 46, helper: 40 };
/** More bars than these stand in further rows. */
const barsAbreast = 3;
const node = { width: 150, height: 128 };
/** From one row of nodes to the next: a link's label has room between. */
const rowStep = 198;
/** From the bars to the nodes. */
const aisle = 52;
/** How far to the side of its line a message travels. */
const lane = 5;

/**
 * The first node alone in the upper row, the others below in rows of two or three: replication runs down, clients reach
 * every node from the bar above and helpers from the bars below. Leaders among several stand in a ring instead.
 */
export function geometryOf(view: ClusterView): Geometry {
  const boxes = new Map<string, Box>();
  const nodesTop = placeBars(boxes, view.clients, margin, bar.clients) + aisle;
  const ids = view.nodes.map(({ id }) => id);
  const amongLeaders = view.nodes.every(({ changes }) => changes !== undefined);
  const rows = amongLeaders ? ringOf(ids) : rowsOf(ids);
  for (const [row, abreast] of rows.entries()) {
    for (const [index, id] of abreast.entries()) {
      const x = amongLeaders ? nodeX(index, abreast.length, 0) : nodeX(index, abreast.length, row);
      boxes.set(id, { x, y: nodesTop + row * rowStep, ...node });
    }
  }
  const nodesBottom = nodesTop + (rows.length - 1) * rowStep + node.height;
  const hasHelpers = view.helpers.length > 0;
  const bottom = hasHelpers
    ? placeBars(boxes, view.helpers, nodesBottom + aisle + 2, bar.helper)
    : nodesBottom;
  const nodeIds = new Set(view.nodes.map(({ id }) => id));
  const lines: Line[] = [];
  const seen = new Set<string>();
  for (const { from, to } of view.links) {
    const id = pairId(from, to);
    const [a, b] = [boxes.get(from), boxes.get(to)];
    if (seen.has(id) || a === undefined || b === undefined) continue;
    // Clients and helpers do not talk to each other in the picture: their paths would hide the rest.
    if (!nodeIds.has(from) && !nodeIds.has(to)) continue;
    seen.add(id);
    const [start, end] = between(a, b);
    lines.push({ id, a: from, b: to, start, end, replication: nodeIds.has(from) && nodeIds.has(to) });
  }
  return { width, height: bottom + margin, boxes, lines };
}

/** One above; then all others abreast where three suffice, in twos or threes where they do not: five make a pentagon. */
function rowsOf(ids: readonly string[]): string[][] {
  const [first, ...others] = ids;
  const rows = first === undefined ? [] : [[first]];
  for (let left = others; left.length > 0; ) {
    const abreast = left.length <= 3 ? left.length : left.length === 4 || left.length === 5 ? 2 : 3;
    rows.push(left.slice(0, abreast));
    left = left.slice(abreast);
  }
  return rows;
}

/** Leaders are alike: two abreast, in the order in which changes go round, so that a ring is the rim. An odd one stands below. */
function ringOf(ids: readonly string[]): string[][] {
  const rows = [ids.slice(0, 2)];
  for (let left = ids.length - 1, right = 2; right <= left; left--, right++)
    rows.push(left === right ? [ids[left]!] : [ids[left]!, ids[right]!]);
  return rows;
}

/** Two of a middle row stand at the edges, two of a lower row closer together: lines from above pass between. */
function nodeX(index: number, count: number, row: number): number {
  const inner = row > 1 && count === 2 ? 60 : 0;
  const span = width - 2 * margin - 2 * inner;
  if (count === 1) return (width - node.width) / 2;
  return margin + inner + (index * (span - node.width)) / (count - 1);
}

/** One id for a pair, whichever way it is named. */
export function pairId(from: string, to: string): string {
  return from < to ? `${from}--${to}` : `${to}--${from}`;
}

/** Where the line between two boxes leaves the one and meets the other: straight down where one lies above the other's middle. */
function between(a: Box, b: Box): [Point, Point] {
  const middle = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  if (a.y === b.y) {
    const [left, right] = a.x < b.x ? [a, b] : [b, a];
    const ends: [Point, Point] = [
      { x: left.x + left.width, y: middle(left).y },
      { x: right.x, y: middle(right).y },
    ];
    return a.x < b.x ? ends : [ends[1], ends[0]];
  }
  const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
  const wide = upper.width > lower.width ? upper : lower;
  const narrow = wide === upper ? lower : upper;
  const isBar =
    wide.width > 1.2 * narrow.width && middle(narrow).x > wide.x && middle(narrow).x < wide.x + wide.width;
  // Between nodes the line slants from a point towards the other; from a bar it drops straight.
  const slant = (from: Box, to: Box) => {
    const reach = (middle(to).x - middle(from).x) * 0.22;
    return middle(from).x + Math.max(-from.width / 3, Math.min(from.width / 3, reach));
  };
  const upperX = isBar ? middle(narrow).x : slant(upper, lower);
  const lowerX = isBar ? middle(narrow).x : slant(lower, upper);
  const ends: [Point, Point] = [
    { x: upperX, y: upper.y + upper.height },
    { x: lowerX, y: lower.y },
  ];
  return a.y < b.y ? ends : [ends[1], ends[0]];
}

/** A point on a line, on the lane of the sender. @param share Of the way from sender to receiver, 0 to 1. */
export function pointOn(line: Line, from: string, share: number): Point {
  const [start, end] = from === line.a ? [line.start, line.end] : [line.end, line.start];
  const dx = end.x - start.x;
  const dy = end.y - start.y;
  const length = Math.hypot(dx, dy) || 1;
  return { x: start.x + dx * share - (dy / length) * lane, y: start.y + dy * share + (dx / length) * lane };
}

/** Side by side, over the whole width, in as many rows as it takes. Gives where the last one ends. */
function placeBars(
  boxes: Map<string, Box>,
  actors: readonly { readonly id: string }[],
  top: number,
  height: number,
): number {
  const rows = Math.ceil(actors.length / barsAbreast);
  for (const [index, { id }] of actors.entries()) {
    const row = Math.floor(index / barsAbreast);
    const abreast = Math.min(barsAbreast, actors.length - row * barsAbreast);
    const barWidth = (width - 2 * margin - gap * (abreast - 1)) / abreast;
    const x = margin + (index % barsAbreast) * (barWidth + gap);
    boxes.set(id, { x, y: top + row * (height + gap), width: barWidth, height });
  }
  return top + rows * (height + gap) - gap;
}
