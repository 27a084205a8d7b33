/** Merkle trees against a scan of every key. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  buildTree,
  childrenOf,
  compareTrees,
  firstChild,
  HASH_BYTES,
  hasHash,
  isLeaf,
  type KeyRange,
  keysOf,
  type MerkleTree,
  replaceVersion,
  type TreeShape,
  treeShape,
  type Version,
} from './merkle.ts';

const width = 3;
const shapes = fc
  .record({
    keys: fc.integer({ min: 1, max: 200 }),
    keysPerLeaf: fc.integer({ min: 1, max: 8 }),
    fanout: fc.integer({ min: 2, max: 16 }),
  })
  .map(treeShape);
const stamp = fc.integer({ min: 0, max: 3 });
/** Writes at places, as a share of the keys. */
const writes = fc.array(fc.tuple(fc.nat({ max: 9999 }), stamp, stamp, stamp), { maxLength: 30 });

const inPlace = (keys: number) => Array.from({ length: keys }, (_, place) => place);

function cellsAfter(keys: number, base: Int32Array, changes: readonly (readonly number[])[]): Int32Array {
  const cells = base.slice();
  for (const [at, hi, lo, value] of changes) cells.set([hi!, lo!, value!], (at! % keys) * width);
  return cells;
}
const build = (shape: TreeShape, cells: Int32Array) => buildTree(shape, inPlace(shape.keys), cells, width);

/** The places whose versions differ. */
function scan(one: Int32Array, other: Int32Array): number[] {
  return inPlace(one.length / width).filter((place) =>
    [0, 1, 2].some((word) => one[place * width + word] !== other[place * width + word]),
  );
}

/** How many hashes go out: the root's, and the children of each node above a place that differs, found from the leaves up. */
function hashesByHand({ levels, fanout, keysPerLeaf }: TreeShape, places: readonly number[]): number {
  let at = new Set(places.map((place) => Math.floor(place / keysPerLeaf)));
  let sent = 1;
  for (let level = levels.length - 2; level > 0; level--) {
    at = new Set([...at].map((index) => Math.floor(index / fanout)));
    const size = levels[level + 1]! - levels[level]!;
    for (const parent of at) sent += Math.min(fanout, size - parent * fanout);
  }
  return sent;
}

test('a comparison finds the leaves of exactly the keys that a scan finds, with the hashes of the nodes above them', () => {
  let different = 0;
  fc.assert(
    fc.property(shapes, writes, writes, (shape, common, changes) => {
      const { keys, keysPerLeaf, fanout, levels } = shape;
      const mine = cellsAfter(keys, new Int32Array(keys * width), common);
      const theirs = cellsAfter(keys, mine, changes);
      const differing = scan(mine, theirs);
      different += differing.length;
      const { ranges, rounds, hashes, bytes } = compareTrees(build(shape, mine), build(shape, theirs));

      const leafOf = (place: number) => Math.floor(place / keysPerLeaf);
      const expected = [...new Set(differing.map(leafOf))].sort((a, b) => a - b);
      expect(ranges.map(({ first }) => leafOf(first))).toEqual(expected);
      for (const { first, last } of ranges) {
        expect(first).toBe(leafOf(first) * keysPerLeaf);
        expect(last).toBe(Math.min(first + keysPerLeaf, keys) - 1);
      }
      const depth = levels.length - 2;
      expect(rounds).toBe(differing.length === 0 ? 1 : depth + 1);
      expect(hashes).toBe(hashesByHand(shape, differing));
      expect(hashes).toBeLessThanOrEqual(1 + differing.length * fanout * depth);
      expect(bytes).toBeGreaterThan(hashes * HASH_BYTES);
      expect(bytes).toBeLessThan(hashes * (HASH_BYTES + 4 + 1) + 1);
    }),
    { numRuns: 300 },
  );
  expect(different).toBeGreaterThan(300);
});

test('a tree kept up to date write by write is the tree that is built at the end', () => {
  fc.assert(
    fc.property(shapes, writes, (shape, changes) => {
      const { keys } = shape;
      const cells = new Int32Array(keys * width);
      const tree = build(shape, cells);
      for (const [at, ...is] of changes) {
        const place = at % keys;
        const was = [...cells.subarray(place * width, place * width + width)];
        replaceVersion(tree, place, was as unknown as Version, is);
        cells.set(is, place * width);
      }
      expect(tree).toEqual(build(shape, cells));
    }),
    { numRuns: 200 },
  );
});

test('newer versions streamed over the ranges that differ make both sides equal', () => {
  fc.assert(
    fc.property(shapes, writes, writes, (shape, first, second) => {
      const none = new Int32Array(shape.keys * width);
      const mine = cellsAfter(shape.keys, none, first);
      const theirs = cellsAfter(shape.keys, none, second);
      for (const range of compareTrees(build(shape, mine), build(shape, theirs)).ranges)
        stream(mine, theirs, range);
      expect(scan(mine, theirs)).toEqual([]);
      expect(compareTrees(build(shape, mine), build(shape, theirs))).toMatchObject({ ranges: [], rounds: 1 });
    }),
  );
});

function stream(one: Int32Array, other: Int32Array, { first, last }: KeyRange): void {
  for (let at = first * width; at < (last + 1) * width; at += width) {
    const [mine, theirs] = [one.subarray(at, at + width), other.subarray(at, at + width)];
    const word = [0, 1, 2].find((each) => mine[each] !== theirs[each]) ?? 0;
    if (mine[word]! >= theirs[word]!) theirs.set(mine);
    else mine.set(theirs);
  }
}

test('keys stand in the order given, so that only what two replicas share is compared', () => {
  const cells = Int32Array.from([1, 1, 10, 2, 2, 20, 3, 3, 30, 4, 4, 40]);
  const shape = treeShape({ keys: 2, keysPerLeaf: 1, fanout: 2 });
  const tree = buildTree(shape, [3, 1], cells, width);
  const moved = Int32Array.from([9, 9, 90, 4, 4, 40, 2, 2, 20]);
  expect(tree).toEqual(buildTree(shape, [1, 2], moved, width));
  expect(compareTrees(tree, buildTree(shape, [1, 3], cells, width)).ranges).toHaveLength(2);
});

test('two keys that exchange their versions within a leaf are seen', () => {
  const shape = treeShape({ keys: 4, keysPerLeaf: 4, fanout: 2 });
  const cells = Int32Array.from([1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
  const exchanged = Int32Array.from([2, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  expect(compareTrees(build(shape, cells), build(shape, exchanged)).ranges).toEqual([{ first: 0, last: 3 }]);
  const equal = Int32Array.from([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  expect(compareTrees(build(shape, equal), build(shape, new Int32Array(12))).ranges).toHaveLength(1);
});

test('hashes do not collide: in 64 bits never, in either 32 as often as chance has it', () => {
  // Versions that differ in few bits: stamps that follow each other.
  const keys = 100_000;
  const cells = new Int32Array(keys * width);
  for (let place = 0; place < keys; place++) cells.set([2 ** 19, place >> 3, place & 7], place * width);
  const shape = treeShape({ keys, keysPerLeaf: 1, fanout: 16 });
  const { hashes } = buildTree(shape, new Int32Array(keys), cells, width);
  const same = buildTree(shape, inPlace(keys), cells, width);
  const distinct = (of: MerkleTree['hashes'], word: number) => {
    const leaves = of.subarray(shape.levels.at(-2)! * 2);
    return new Set(leaves.filter((_, index) => index % 2 === word)).size;
  };
  // n² / 2^33 pairs are expected to share 32 bits: 1.2.
  for (const word of [0, 1]) {
    expect(keys - distinct(hashes, word)).toBeLessThan(8);
    expect(keys - distinct(same.hashes, word)).toBeLessThan(8);
  }
  const wide = new Set<string>();
  for (let leaf = shape.levels.at(-2)!; leaf < shape.levels.at(-1)!; leaf++)
    wide.add(`${same.hashes[leaf * 2]} ${same.hashes[leaf * 2 + 1]}`);
  expect(wide.size).toBe(keys);
});

test('a walk by nodes, as a repair session takes it, meets every key once', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const places: number[] = [];
      const walk = (node: number): void => {
        if (isLeaf(shape, node)) {
          const { first, last } = keysOf(shape, node);
          for (let place = first; place <= last; place++) places.push(place);
          return;
        }
        const first = firstChild(shape, node);
        for (let child = first; child < first + childrenOf(shape, node); child++) walk(child);
      };
      walk(0);
      expect(places).toEqual(inPlace(shape.keys));
    }),
  );
  const tree = build(treeShape({ keys: 1, keysPerLeaf: 1, fanout: 2 }), Int32Array.from([1, 2, 3]));
  expect(hasHash(tree, 0, tree.hashes[0]!, tree.hashes[1]!)).toBe(true);
  expect(hasHash(tree, 0, tree.hashes[0]!, tree.hashes[1]! ^ 1)).toBe(false);
});

test('bytes grow as d log n: a hundred keys of a million cost less than 1/140 of a scan', () => {
  const bytesFor = (keys: number, differing: number): number => {
    const mine = new Int32Array(keys * width).fill(7);
    const theirs = mine.slice();
    // Spread evenly, the worst case: no two keys share a path for long.
    for (let index = 0; index < differing; index++)
      theirs[Math.floor((index + 0.5) * (keys / differing)) * width] = 8;
    const shape = treeShape({ keys, keysPerLeaf: 1, fanout: 16 });
    const { ranges, bytes, rounds } = compareTrees(build(shape, mine), build(shape, theirs));
    expect(ranges).toHaveLength(differing);
    expect(rounds).toBe(differing === 0 ? 1 : shape.levels.length - 1);
    return bytes;
  };
  const million = 1_048_576;
  const scanned = million * HASH_BYTES;
  expect(bytesFor(million, 0)).toBe(17);
  expect(bytesFor(million, 1)).toBeLessThan(1500);
  expect(scanned / bytesFor(million, 100)).toBeGreaterThan(140);
  // d log (n / d): ten times the keys that differ, less than ten times the bytes.
  expect(bytesFor(million, 1000) / bytesFor(million, 100)).toBeLessThan(8.5);
  const [small, large] = [bytesFor(4096, 1), bytesFor(65_536, 1)];
  expect(large - small).toBe(bytesFor(million, 1) - large);
});
