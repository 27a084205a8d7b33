import { READ } from '../kernel/protocol.ts';
import type { Ended } from '../observe/operations.ts';
import type { Verdict, Witness } from '../run/report.ts';
import { OK } from '../workload/clients.ts';
import { byStamp, type VersionOrder } from './version-order.ts';

/** The newest version of a key that an ended read has returned. */
const VERSION_WIDTH = 4;
const TERM = 0;
const LSN = 1;
/** The read that returned it. */
const BY = 2;
/** The write whose value that was; 0 where this is not known. */
const WROTE = 3;

/**
 * New-old inversions: of two reads of a key, the second began after the first had ended, and returned an older version.
 * A register without them, and whose reads miss no write acknowledged before they began, is atomic.
 * Source: Lamport, On interprocess communication, 1986; Attiya, Bar-Noy and Dolev, JACM 1995.
 */
export class Inversions {
  private count = 0;
  private first: Witness | null = null;
  private readonly names: readonly string[];
  private readonly newest: Int32Array;
  /** By group and slot: what `newest` was when the operation there began. */
  private readonly atBegin: Int32Array[];

  private readonly order: VersionOrder;

  private readonly found: () => number;

  /** `names` of client groups, by index. `found`: of the read that ends, the write whose value it returned; 0 where this is not known. */
  constructor(names: readonly string[], keys: number, found: () => number, order = byStamp) {
    this.names = names;
    this.order = order;
    this.found = found;
    this.newest = new Int32Array(keys * VERSION_WIDTH);
    this.atBegin = names.map(() => new Int32Array(8 * VERSION_WIDTH));
  }

  began(group: number, slot: number, key: number): void {
    let atBegin = this.atBegin[group]!;
    if ((slot + 1) * VERSION_WIDTH > atBegin.length) {
      const wider = new Int32Array(Math.max(atBegin.length * 2, (slot + 1) * VERSION_WIDTH));
      wider.set(atBegin);
      this.atBegin[group] = atBegin = wider;
    }
    const { newest } = this;
    for (let word = 0; word < VERSION_WIDTH; word++)
      atBegin[slot * VERSION_WIDTH + word] = newest[key * VERSION_WIDTH + word]!;
  }

  ended(operation: Ended): void {
    if (operation.kind !== READ || operation.outcome !== OK) return;
    const { group, slot, key, term, lsn } = operation;
    const atBegin = this.atBegin[group]!;
    const before = slot * VERSION_WIDTH;
    const beforeTerm = atBegin[before + TERM]!;
    const beforeLsn = atBegin[before + LSN]!;
    if (this.order.lacks(term, lsn, beforeTerm, beforeLsn))
      this.note(operation, beforeTerm, beforeLsn, atBegin[before + BY]!, atBegin[before + WROTE]!);
    const { newest } = this;
    const at = key * VERSION_WIDTH;
    if (!this.order.lacks(newest[at + TERM]!, newest[at + LSN]!, term, lsn)) return;
    newest[at + LSN] = this.order.join(newest[at + LSN]!, lsn);
    newest[at + TERM] = term;
    newest[at + BY] = operation.number;
    newest[at + WROTE] = this.found();
  }

  private note(operation: Ended, term: number, lsn: number, by: number, wrote: number): void {
    const { atUs, beganUs, group, key, number } = operation;
    this.count++;
    this.first ??= {
      atMs: atUs / 1000,
      story: [
        `read ${by} of key ${key} returned ${wrote === 0 ? '' : `write ${wrote}, `}${this.order.name(term, lsn)}`,
        `after that, at ${beganUs / 1000} ms, ${this.names[group]!} began read ${number} of the same key`,
        `at ${atUs / 1000} ms it returned ${operation.lsn === 0 ? 'nothing, as if the key was never written' : `${this.order.name(operation.term, operation.lsn)}, which is older`}`,
      ],
      operations: wrote === 0 ? [by, number] : [wrote, by, number],
    };
  }

  verdict(): Verdict {
    return {
      name: 'new-old-inversions',
      result: this.count === 0 ? 'ok' : 'violation',
      count: this.count,
      witness: this.first,
    };
  }
}
