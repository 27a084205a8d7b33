import type { Verdict, Witness } from '../run/report.ts';
import { type LogHolder, timelineTermOf } from '../topologies/wal.ts';

/** An acknowledgement on its way that should not have left. */
interface Suspect extends Witness {
  readonly overlapUs: number;
}

/**
 * Split brain: a superseded leader acknowledges a write after its successor's first acknowledgement, and the successor's
 * log does not hold that write at that moment. Two leaders then take writes at once, each without the other's.
 *
 * The moment is when the answer leaves; it counts once a client has it. An acknowledgement of a write that the successor
 * has is only late and harms nobody. The successor is the leader of the newest term that has acknowledged anything.
 */
export class SplitBrain {
  private count = 0;
  private first: Witness | null = null;
  /** By term, which replica led it. */
  private readonly leaders: number[] = [];
  /** The newest term that has acknowledged, since when, and which write that was. */
  private newestTerm = 0;
  private sinceUs = 0;
  private firstWrite = 0;
  /** By the write's number. */
  private readonly suspects = new Map<number, Suspect>();
  private readonly replicas: readonly LogHolder[];
  private readonly names: readonly string[];

  constructor(replicas: readonly LogHolder[], names: readonly string[]) {
    this.replicas = replicas;
    this.names = names;
  }

  leading(node: number, term: number): void {
    this.leaders[term] = node;
  }

  /** An acknowledgement leaves. */
  acknowledging(atUs: number, term: number, lsn: number, value: number): void {
    if (term >= this.newestTerm) {
      if (term > this.newestTerm) {
        this.newestTerm = term;
        this.sinceUs = atUs;
        this.firstWrite = value;
      }
      return;
    }
    const successor = this.leaders[this.newestTerm]!;
    if (timelineTermOf(this.replicas[successor]!.wal, lsn) === term) return;
    this.suspects.set(value, this.suspect(atUs, term, lsn, value));
  }

  /** A client has an acknowledgement. Gives for how long two leaders have by now been at it, in µs; 0 where there is but one. */
  acknowledged(value: number): number {
    if (this.suspects.size === 0) return 0;
    const suspect = this.suspects.get(value);
    if (suspect === undefined) return 0;
    this.count++;
    const { overlapUs, ...witness } = suspect;
    this.first ??= witness;
    return overlapUs;
  }

  private suspect(atUs: number, term: number, lsn: number, value: number): Suspect {
    const old = this.names[this.leaders[term]!]!;
    const successor = this.names[this.leaders[this.newestTerm]!]!;
    return {
      atMs: atUs / 1000,
      overlapUs: atUs - this.sinceUs,
      story: [
        `${old} led term ${term}; at ${this.sinceUs / 1000} ms ${successor}, its successor in term ${this.newestTerm}, acknowledged its first write (write number ${this.firstWrite})`,
        `at ${atUs / 1000} ms ${old} acknowledged record ${lsn} of term ${term} (write number ${value}) all the same`,
        `the log of ${successor} did not hold that record: two leaders took writes at once`,
      ],
      operations: [this.firstWrite, value],
    };
  }

  verdict(): Verdict {
    return {
      name: 'split-brain',
      result: this.count === 0 ? 'ok' : 'violation',
      count: this.count,
      witness: this.first,
    };
  }
}
