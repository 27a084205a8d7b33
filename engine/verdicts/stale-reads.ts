import { READ } from '../kernel/protocol.ts';
import type { Ended } from '../observe/operations.ts';
import type { Verdict, Witness } from '../run/report.ts';
import { OK } from '../workload/clients.ts';
import { byStamp, type VersionOrder } from './version-order.ts';

/**
 * A read is stale if it began after a newer write of its key was acknowledged and returned neither that write nor a
 * newer one. Versions are ordered by (term, LSN), unless the cluster has an order of its own. Reads that overlap the write's acknowledgement are not judged.
 */
export class StaleReads {
  count = 0;
  private first: Witness | null = null;
  private readonly names: readonly string[];

  private readonly order: VersionOrder;

  /** `names` of client groups, by index. */
  constructor(names: readonly string[], order: VersionOrder = byStamp) {
    this.names = names;
    this.order = order;
  }

  ended(operation: Ended): boolean {
    if (operation.kind !== READ || operation.outcome !== OK) return false;
    const { term, lsn, knownTerm, knownLsn } = operation;
    if (!this.order.lacks(term, lsn, knownTerm, knownLsn)) return false;
    const { name } = this.order;
    this.count++;
    this.first ??= {
      atMs: operation.atUs / 1000,
      story: [
        `a write of key ${operation.key} was acknowledged as ${name(knownTerm, knownLsn)}`,
        `after that, at ${operation.beganUs / 1000} ms, ${this.names[operation.group]!} began to read key ${operation.key}`,
        `at ${operation.atUs / 1000} ms the read returned ${lsn === 0 ? 'nothing, as if the key was never written' : name(term, lsn)}`,
      ],
    };
    return true;
  }

  verdict(): Verdict {
    return {
      name: 'stale-reads',
      result: this.count === 0 ? 'ok' : 'violation',
      count: this.count,
      witness: this.first,
    };
  }
}
