import { expect, test } from 'vitest';
import type { ClusterView } from '#engine';
import { type Box, geometryOf } from './geometry.ts';

const named = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}` }));

/** Only what the geometry looks at. */
function viewOf(nodes: number, helpers: number, clients: number, amongLeaders: boolean): ClusterView {
  const changes = { all: 0, received: 0, applied: 0 };
  const actors = {
    nodes: named('node', nodes).map((node) => (amongLeaders ? { ...node, changes } : node)),
    helpers: named('helper', helpers),
    clients: named('app', clients),
  };
  const ids = Object.values(actors).flatMap((each) => each.map(({ id }) => id));
  const links = ids.flatMap((from) =>
    ids.filter((to) => to !== from).map((to) => ({ from, to, cut: false })),
  );
  return { ...actors, links } as unknown as ClusterView;
}

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test.each([1, 2, 3, 4, 5, 6, 7, 9, 15])(
  '%i nodes, any helpers and clients: no box on another, all inside',
  (nodes) => {
    for (const helpers of [0, 1, 3, 5]) {
      for (const clients of [1, 2, 4]) {
        const view = viewOf(nodes, helpers, clients, helpers === 0);
        const { boxes, width, height, lines } = geometryOf(view);
        const all = [...boxes.values()];
        expect(all).toHaveLength(nodes + helpers + clients);
        expect(lines).toHaveLength((nodes * (nodes - 1)) / 2 + nodes * (helpers + clients));
        for (const [index, box] of all.entries()) {
          expect(box.x).toBeGreaterThanOrEqual(0);
          expect(box.x + box.width).toBeLessThanOrEqual(width);
          expect(box.y + box.height).toBeLessThanOrEqual(height);
          for (const other of all.slice(index + 1)) expect(overlap(box, other)).toBe(false);
        }
      }
    }
  },
);
