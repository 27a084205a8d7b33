import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeShards } from './placement.ts';

const regions = fc.array(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 12 });

test('each shard has as many nodes as asked for, each once, and as many regions as these allow', () => {
  fc.assert(
    fc.property(
      regions,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (nodes, shards, wanted) => {
        const replicas = Math.min(wanted, nodes.length);
        const placement = placeShards(nodes, shards, replicas, undefined);
        expect(placement).toHaveLength(shards);
        for (const shard of placement) {
          expect(new Set(shard).size).toBe(replicas);
          const inRegion = [...new Set(nodes)].map(
            (region) => shard.filter((node) => nodes[node] === region).length,
          );
          expect(inRegion.filter((count) => count > 0).length).toBe(Math.min(replicas, new Set(nodes).size));
          // Never two more in one region than in another that has a node to spare.
          for (const [index, region] of [...new Set(nodes)].entries()) {
            const spare = nodes.filter((each) => each === region).length > inRegion[index]!;
            if (spare) expect(Math.max(...inRegion) - inRegion[index]!).toBeLessThanOrEqual(1);
          }
        }
      },
    ),
  );
});

test('leaders take turns: over the nodes, or over the regions named and the nodes in each', () => {
  const nodes = ['x', 'x', 'y', 'y', 'z'];
  expect(placeShards(nodes, 6, 1, undefined).map(([leader]) => leader)).toEqual([0, 1, 2, 3, 4, 0]);
  expect(placeShards(nodes, 6, 3, ['y', 'z']).map(([leader]) => leader)).toEqual([2, 4, 3, 4, 2, 4]);
});
