import type { Verdict, Witness } from '../run/report.ts';

/** A write passed at a member, and stays in place of one that its author had not seen. */
type Threw = (member: number, key: number, number: number, stays: number) => void;

const CERTIFIED = 1;
const PASSED = 2;

/**
 * Whether all members come to the same verdict on each record, and to the right one: a write passes if, and only if, no write
 * that passed before it in the order changed its row after what its author had seen. Judged by an onlooker who follows the order
 * by itself. It keeps two bits a record.
 *
 * It cannot see a record that no member certified, as where all were sent the data whole.
 */
export class Certification {
  /** By row: the last record that passed, and its write. */
  private readonly newest: Int32Array;
  private bits = new Uint8Array(1024);
  /** Through where the onlooker has followed the order. */
  private throughLsn = 0;
  private count = 0;
  private first: Witness | null = null;
  private readonly names: readonly string[];
  private readonly threw: Threw;

  constructor(names: readonly string[], keys: number, threw: Threw) {
    this.names = names;
    this.newest = new Int32Array(keys * 2);
    this.threw = threw;
  }

  /** A member gives its verdict on the record of an index. */
  certified(
    atUs: number,
    member: number,
    lsn: number,
    number: number,
    key: number,
    seenLsn: number,
    isAccepted: boolean,
  ): void {
    const known = this.bitsOf(lsn);
    if (known === 0 && lsn > this.throughLsn) {
      this.follow(atUs, member, lsn, number, key, seenLsn, isAccepted);
      return;
    }
    if (known !== 0 && ((known & PASSED) !== 0) !== isAccepted)
      this.broken(
        atUs,
        [
          `${this.names[member]!} ${isAccepted ? 'accepts' : 'rejects'} write ${number} of key ${key}, record ${lsn}`,
          `others ${isAccepted ? 'have rejected' : 'have accepted'} it`,
        ],
        [number],
      );
  }

  private follow(
    atUs: number,
    member: number,
    lsn: number,
    number: number,
    key: number,
    seenLsn: number,
    isAccepted: boolean,
  ): void {
    const newestLsn = this.newest[key * 2]!;
    const newest = this.newest[key * 2 + 1]!;
    const passes = newestLsn <= seenLsn;
    this.mark(lsn, isAccepted ? CERTIFIED | PASSED : CERTIFIED);
    this.throughLsn = lsn;
    if (passes !== isAccepted)
      this.broken(
        atUs,
        [
          newestLsn === 0
            ? `no record had changed key ${key} yet`
            : `write ${newest} of key ${key}, record ${newestLsn}, was the last that had passed`,
          `the author of write ${number} of that key had seen the records through ${seenLsn}`,
          `${this.names[member]!} ${isAccepted ? 'accepts' : 'rejects'} write ${number} all the same, as record ${lsn}`,
        ],
        newestLsn === 0 ? [number] : [newest, number],
      );
    if (!isAccepted) return;
    if (!passes) this.threw(member, key, newest, number);
    this.newest[key * 2] = lsn;
    this.newest[key * 2 + 1] = number;
  }

  verdict(): Verdict {
    return {
      name: 'certification',
      result: this.count === 0 ? 'ok' : 'violation',
      count: this.count,
      witness: this.first,
    };
  }

  private bitsOf(lsn: number): number {
    const byte = lsn >> 2;
    return byte < this.bits.length ? (this.bits[byte]! >> ((lsn & 3) * 2)) & 3 : 0;
  }

  private mark(lsn: number, mark: number): void {
    const byte = lsn >> 2;
    if (byte >= this.bits.length) {
      const wider = new Uint8Array(Math.max(this.bits.length * 2, byte + 1));
      wider.set(this.bits);
      this.bits = wider;
    }
    this.bits[byte]! |= mark << ((lsn & 3) * 2);
  }

  private broken(atUs: number, story: readonly string[], operations: readonly number[]): void {
    this.count++;
    this.first ??= { atMs: atUs / 1000, story, operations };
  }
}
