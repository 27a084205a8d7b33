import type { Verdict } from '../run/report.ts';
import { byStamp, type VersionOrder } from './version-order.ts';

/** Whether somebody holds a version of a key, or a newer one. */
export type Holds = (key: number, hi: number, lo: number, value: number) => boolean;

interface MissingVersion {
  readonly key: number;
  readonly hi: number;
  readonly lo: number;
  readonly value: number;
  readonly atUs: number;
}

/** Integers of an acknowledged write. */
const WIDTH = 4;
const fewest = 64;
/** As many are kept before any are forgotten. */
const keptLeast = 4096;

/**
 * Acknowledged writes that are, at the end, neither held nor superseded on any live replica.
 *
 * It remembers acknowledged writes until every replica has them, or newer ones, on disk: after that none can be lost.
 * So its memory grows with the time between syncs of the commit logs, and while a replica is behind.
 */
export class MissingVersions {
  private words = new Int32Array(fewest * WIDTH);
  private atUs = new Float64Array(fewest);
  private count = 0;
  private readonly isSafe: Holds;

  private readonly order: VersionOrder;

  /** `isSafe`: every replica has it on disk. */
  constructor(isSafe: Holds, order: VersionOrder = byStamp) {
    this.isSafe = isSafe;
    this.order = order;
  }

  acknowledged(atUs: number, hi: number, lo: number, value: number, key: number): void {
    if (this.count === this.atUs.length) {
      if (this.count >= keptLeast) this.forgetSafe();
      if (this.count > this.atUs.length / 2) this.widen();
    }
    const { words, count } = this;
    words[count * WIDTH] = key;
    words[count * WIDTH + 1] = hi;
    words[count * WIDTH + 2] = lo;
    words[count * WIDTH + 3] = value;
    this.atUs[count] = atUs;
    this.count++;
  }

  /** Oldest acknowledgement first. `holds`: some live replica does. */
  missing(holds: Holds): MissingVersion[] {
    const found: MissingVersion[] = [];
    for (let index = 0; index < this.count; index++) {
      const { words } = this;
      const at = index * WIDTH;
      const key = words[at]!;
      const hi = words[at + 1]!;
      const lo = words[at + 2]!;
      const value = words[at + 3]!;
      if (!holds(key, hi, lo, value)) found.push({ key, hi, lo, value, atUs: this.atUs[index]! });
    }
    return found;
  }

  verdict(holds: Holds): Verdict {
    const missing = this.missing(holds);
    const first = missing[0];
    return {
      name: 'lost-writes',
      result: first === undefined ? 'ok' : 'violation',
      count: missing.length,
      witness:
        first === undefined
          ? null
          : {
              atMs: first.atUs / 1000,
              story: [
                `at ${first.atUs / 1000} ms write ${first.value} of key ${first.key} was acknowledged as ${this.order.name(first.hi, first.lo)}`,
                'after the drain no live replica holds it, nor a newer version of the key',
              ],
              operations: [first.value],
            },
    };
  }

  private forgetSafe(): void {
    const { words, atUs } = this;
    let kept = 0;
    for (let index = 0; index < this.count; index++) {
      const at = index * WIDTH;
      if (this.isSafe(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)) continue;
      words.copyWithin(kept * WIDTH, at, at + WIDTH);
      atUs[kept++] = atUs[index]!;
    }
    this.count = kept;
  }

  private widen(): void {
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    const atUs = new Float64Array(this.atUs.length * 2);
    atUs.set(this.atUs);
    this.atUs = atUs;
  }
}
