import { READ } from '../kernel/protocol.ts';
import { Histogram } from '../observe/histogram.ts';
import type { Ended } from '../observe/operations.ts';
import type { Staleness, Verdict, Witness } from '../run/report.ts';
import { OK } from '../workload/clients.ts';
import { AcknowledgedVersions } from './acknowledged-versions.ts';
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
  /** Absent where of two versions neither may be the newer one, and where nobody reads. */
  private readonly acknowledged: AcknowledgedVersions | undefined;
  private readonly versions = new Histogram();
  private readonly ages = new Histogram();
  private atLeast = 0;

  /** `names` of client groups, by index; `keys` that may be read: none where nobody reads. */
  constructor(names: readonly string[], keys: number, order: VersionOrder = byStamp) {
    this.names = names;
    this.order = order;
    if (order === byStamp && keys > 0) this.acknowledged = new AcknowledgedVersions(keys);
  }

  ended(operation: Ended): boolean {
    if (operation.outcome !== OK) return false;
    const { kind, atUs, key, number, term, lsn, knownTerm, knownLsn } = operation;
    if (kind !== READ) {
      this.acknowledged?.add(atUs, key, term, lsn, number);
      return false;
    }
    if (!this.order.lacks(term, lsn, knownTerm, knownLsn)) return false;
    this.count++;
    const missed = this.measure(operation);
    this.first ??= this.witness(operation, missed);
    return true;
  }

  /** The acknowledged write of a version; 0 where none is remembered. */
  readonly numberOf = (key: number, term: number, lsn: number): number =>
    this.acknowledged?.numberOf(key, term, lsn) ?? 0;

  /** Gives the number of the newest write that the read has missed; 0 where it is not known. */
  private measure({ key, term, lsn, beganUs }: Ended): number {
    if (this.acknowledged === undefined) return 0;
    const { versions, sinceUs, newest, isLeast } = this.acknowledged.behindOf(key, term, lsn, beganUs);
    this.versions.record(versions);
    this.ages.record(beganUs - sinceUs);
    if (isLeast) this.atLeast++;
    return newest;
  }

  private witness(
    { atUs, beganUs, group, key, number, term, lsn, knownTerm, knownLsn }: Ended,
    newest: number,
  ): Witness {
    const { name } = this.order;
    const missed = newest > 0 ? newest : (this.order.missed?.(key, lsn, knownLsn) ?? 0);
    return {
      atMs: atUs / 1000,
      story: [
        missed > 0 && newest > 0
          ? `write ${missed} of key ${key} was acknowledged as ${name(knownTerm, knownLsn)}`
          : `writes of key ${key} were acknowledged, which together are ${name(knownTerm, knownLsn)}${missed === 0 ? '' : `, write ${missed} among them`}`,
        `after that, at ${beganUs / 1000} ms, ${this.names[group]!} began read ${number} of the same key`,
        `at ${atUs / 1000} ms it returned ${lsn === 0 ? 'nothing, as if the key was never written' : name(term, lsn)}`,
      ],
      operations: missed === 0 ? [number] : [missed, number],
    };
  }

  /** How old stale reads were; null where there was none, or where versions have no order. */
  staleness(): Staleness | null {
    if (this.acknowledged === undefined || this.count === 0) return null;
    const { versions, ages } = this;
    const ms = (us: number | undefined) => us! / 1000;
    return {
      versions: { p50: versions.quantile(0.5)!, p99: versions.quantile(0.99)!, max: versions.max! },
      ms: { p50: ms(ages.quantile(0.5)), p99: ms(ages.quantile(0.99)), max: ms(ages.max) },
      atLeast: this.atLeast,
    };
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
