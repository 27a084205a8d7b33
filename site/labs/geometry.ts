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
const bar = { clients: 46, manager: 40 };
const node = { width: 150, height: 128 };
const firstRow = 106;
const secondRow = 304;
const bottom = 486;
/** How far to the side of its line a message travels. */
const lane = 5;

/**
 * The first node alone in the upper row, the others side by side below: replication runs down, clients reach every node
 * from the bar above and the manager from the bar below.
 */
export function geometryOf(view: ClusterView): Geometry {
  const boxes = new Map<string, Box>();
  placeBars(boxes, view.clients, margin, bar.clients);
  for (const [index, { id }] of view.nodes.entries()) boxes.set(id, nodeBox(index, view.nodes.length));
  placeBars(boxes, view.helpers, bottom, bar.manager);
  const nodeIds = new Set(view.nodes.map(({ id }) => id));
  const lines: Line[] = [];
  const seen = new Set<string>();
  for (const { from, to } of view.links) {
    const id = pairId(from, to);
    const [a, b] = [boxes.get(from), boxes.get(to)];
    if (seen.has(id) || a === undefined || b === undefined) continue;
    // Clients and the manager do not talk to each other in the picture: their paths would hide the rest.
    if (!nodeIds.has(from) && !nodeIds.has(to)) continue;
    seen.add(id);
    const [start, end] = between(a, b);
    lines.push({ id, a: from, b: to, start, end, replication: nodeIds.has(from) && nodeIds.has(to) });
  }
  return { width, height: bottom + bar.manager + margin, boxes, lines };
}

function nodeBox(index: number, count: number): Box {
  if (index === 0) return { x: (width - node.width) / 2, y: firstRow, ...node };
  const others = count - 1;
  const gap = others === 1 ? 0 : (width - 2 * margin - others * node.width) / (others - 1);
  const x = others === 1 ? (width - node.width) / 2 : margin + (index - 1) * (node.width + gap);
  return { x, y: secondRow, ...node };
}

/** One id for a pair, whichever way it is named. */
export function pairId(from: string, to: string): string {
  return from < to ? `${from}--${to}` : `${to}--${from}`;
}

/** Where the line between two boxes leaves the one and meets the other: straight down where one lies above the other. */
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
  const isBar = wide.width > 1.2 * narrow.width;
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

/** Side by side, over the whole width. */
function placeBars(
  boxes: Map<string, Box>,
  actors: readonly { readonly id: string }[],
  y: number,
  height: number,
): void {
  const barWidth = (width - 2 * margin - 8 * (actors.length - 1)) / actors.length;
  for (const [index, { id }] of actors.entries())
    boxes.set(id, { x: margin + index * (barWidth + 8), y, width: barWidth, height });
}
