/** What two replicas of a million keys exchange to find the few that differ, beside a scan of all. */

import { buildTree, compareTrees, HASH_BYTES, replaceVersion, treeShape } from './merkle.ts';

interface MerkleSpeed {
  readonly keys: number;
  readonly buildSeconds: number;
  readonly updatesPerSecond: number;
  /** A scan that sends the hash of every key, and compares them. */
  readonly scanBytes: number;
  readonly scanSeconds: number;
  readonly comparisons: readonly {
    readonly differing: number;
    readonly bytes: number;
    readonly rounds: number;
    readonly seconds: number;
  }[];
}

export function benchMerkle(secondsNow: () => number): MerkleSpeed {
  const keys = 1_000_000;
  const width = 3;
  const order = Int32Array.from({ length: keys }, (_, place) => place);
  const cells = Int32Array.from({ length: keys * width }, (_, at) => (at % width === 0 ? 2 ** 19 : at));
  const shape = treeShape({ keys, keysPerLeaf: 1, fanout: 16 });
  const timed = <T>(run: () => T): [result: T, seconds: number] => {
    const begun = secondsNow();
    const result = run();
    return [result, secondsNow() - begun];
  };
  buildTree(shape, order, cells, width);
  const [mine, buildSeconds] = timed(() => buildTree(shape, order, cells, width));
  const theirs = { shape, hashes: mine.hashes.slice() };
  const versionAt = (place: number, later: number) =>
    [2 ** 19, place * width + 1 + later, place * width + 2] as const;
  // Spread by a step that is prime to the keys, so that no two share a path for long.
  const placeOf = (index: number) => (index * 618_037) % keys;
  let changed = 0;
  const change = (until: number) => {
    for (; changed < until; changed++) {
      const place = placeOf(changed);
      replaceVersion(theirs, place, versionAt(place, 0), versionAt(place, 1));
    }
  };
  const comparisons = [0, 1, 10, 100, 1000, 10_000].map((differing) => {
    change(differing);
    const [{ ranges, bytes, rounds }, seconds] = timed(() => compareTrees(mine, theirs));
    if (ranges.length !== differing) throw new Error(`found ${ranges.length} of ${differing}`);
    return { differing, bytes, rounds, seconds };
  });
  const [, updateSeconds] = timed(() => change(110_000));
  const leaves = shape.levels.at(-2)! * 2;
  const [found, scanSeconds] = timed(() => {
    let different = 0;
    for (let at = leaves; at < mine.hashes.length; at += 2) {
      if (mine.hashes[at] !== theirs.hashes[at] || mine.hashes[at + 1] !== theirs.hashes[at + 1]) different++;
    }
    return different;
  });
  if (found !== changed) throw new Error(`a scan found ${found} of ${changed}`);
  const updatesPerSecond = 100_000 / updateSeconds;
  return { keys, buildSeconds, updatesPerSecond, scanBytes: keys * HASH_BYTES, scanSeconds, comparisons };
}
