import type { Verdict } from '../run/report.ts';
import { isNewer, versionName } from '../topologies/leaderless/stamps.ts';

/** The newest version of a key that its live replicas hold, and who they are; value 0 where that is none, or a tombstone. */
type Newest = (key: number) => {
  readonly hi: number;
  readonly lo: number;
  readonly value: number;
  readonly holders: string;
};

/** Integers of a key: the newest stamp of a tombstone that some node has let go of. */
const WIDTH = 2;

/**
 * Deletes that were undone: some node has let go of the tombstone, none of the live replicas has it or anything newer, and
 * one of them holds a version that it had removed. A read finds that version again.
 */
export class Resurrection {
  purges = 0;
  private readonly gone: Int32Array;
  /** By key: who let go of that tombstone first, when, and of which delete it was. */
  private readonly by = new Map<
    number,
    { readonly node: string; readonly atUs: number; readonly number: number }
  >();

  constructor(keys: number) {
    this.gone = new Int32Array(keys * WIDTH);
  }

  purged(atUs: number, key: number, hi: number, lo: number, number: number, node: string): void {
    this.purges++;
    const { gone } = this;
    const at = key * WIDTH;
    if (!isNewer(hi, lo, 0, gone[at]!, gone[at + 1]!, 0)) return;
    gone[at] = hi;
    gone[at + 1] = lo;
    this.by.set(key, { node, atUs, number });
  }

  /** Whether a version is that of a tombstone that has gone, or older. */
  covers(key: number, hi: number, lo: number): boolean {
    return !isNewer(hi, lo, 0, this.gone[key * WIDTH]!, this.gone[key * WIDTH + 1]!, 0);
  }

  /** Who finds nothing where a tombstone has gone has found the delete. */
  foundNothing(read: { readonly key: number; term: number; lsn: number }): void {
    read.term = this.gone[read.key * WIDTH]!;
    read.lsn = this.gone[read.key * WIDTH + 1]!;
  }

  verdict(newestOf: Newest): Verdict {
    let count = 0;
    let witness: Verdict['witness'] = null;
    for (const [key, { node, atUs, number }] of this.by) {
      const { hi, lo, value, holders } = newestOf(key);
      if (value === 0 || !this.covers(key, hi, lo)) continue;
      count++;
      if (witness !== null && witness.atMs <= atUs / 1000) continue;
      const [goneHi, goneLo] = [this.gone[key * WIDTH]!, this.gone[key * WIDTH + 1]!];
      witness = {
        atMs: atUs / 1000,
        story: [
          `delete ${number} of key ${key} left a tombstone, ${versionName(goneHi, goneLo)}`,
          `at ${atUs / 1000} ms ${node} was the first to let go of it`,
          `at the end ${holders} hold write ${value} again, ${versionName(hi, lo)}, which the delete had removed`,
        ],
        operations: [value, number],
      };
    }
    return { name: 'resurrection', result: count === 0 ? 'ok' : 'violation', count, witness };
  }
}
