import type { Verdict } from '../run/report.ts';
import {
  isAcknowledged,
  isSeen,
  keyOf,
  type LogHolder,
  lastLsnUpTo,
  markAcknowledged,
  markSeen,
  termOf,
  timelineTermOf,
  valueAt,
  writtenAtUs,
} from '../topologies/wal.ts';

/** A write that was acknowledged or read, whose record left a log. */
interface Suspect {
  readonly node: number;
  readonly lsn: number;
  readonly term: number;
  /** What it writes; null where that went with the log. */
  readonly what: { readonly key: number; readonly value: number } | null;
  readonly writtenAtUs: number;
  readonly why: string;
  /** Nobody else can hold it: it never was on its leader's disk, and a leader sends no more than that. */
  readonly gone: boolean;
  readonly acknowledged: boolean;
  readonly seen: boolean;
}

/** Which records of a stretch of one term that a node recycled were acknowledged, a bit each. */
interface Marks {
  readonly node: number;
  readonly term: number;
  readonly firstLsn: number;
  readonly throughLsn: number;
  /** When the last of them was written. */
  readonly writtenAtUs: number;
  readonly acknowledged: Uint8Array;
}

/**
 * Acknowledged writes that, at the end, no live replica's log holds.
 *
 * It needs no record of every acknowledged write. The leader that acknowledged holds the record, marked; so a write can
 * only be missing if its record was taken out of that log (noted as it happens), or if that replica is down at the end
 * (its marked records are looked through). Records recycled from a log are on every replica's disk: they are not counted,
 * even where no replica is left alive. Where others go, by a snapshot or by a limit to what a slot keeps, their marks are
 * kept, a bit each, until every replica has them; of such a stretch it is known when the last of it was written, and no more.
 */
export class LostWrites {
  private readonly suspects: Suspect[] = [];
  private readonly replicas: readonly LogHolder[];
  private readonly names: readonly string[];
  private marks: Marks[] = [];
  /** Which replica led each term. */
  private readonly leaders: number[] = [];

  constructor(replicas: readonly LogHolder[], names: readonly string[]) {
    this.replicas = replicas;
    this.names = names;
  }

  leading(node: number, term: number): void {
    this.leaders[term] = node;
  }

  /** The client has its answer: the write (term, LSN) is acknowledged. */
  acknowledged(atUs: number, term: number, lsn: number, value: number, key: number): void {
    const node = this.leaders[term]!;
    const { wal } = this.replicas[node]!;
    if (timelineTermOf(wal, lsn) === term && lsn >= wal.firstLsn) {
      markAcknowledged(wal, lsn);
      return;
    }
    if (this.mark(term, lsn) || this.isEverywhere(term, lsn)) return;
    this.suspects.push({
      node,
      lsn,
      term,
      what: { key, value },
      writtenAtUs: atUs,
      why: 'was gone before the answer arrived',
      gone: false,
      acknowledged: true,
      seen: false,
    });
  }

  /**
   * A record is about to leave a log. If it was not on that disk, its leader may give its LSN to another: (term, LSN) then
   * no longer tells whether somebody holds it, and nobody does.
   */
  discarded(atUs: number, node: number, lsn: number, wasUnflushed = false): void {
    const { wal } = this.replicas[node]!;
    if (!(isAcknowledged(wal, lsn) || isSeen(wal, lsn))) return;
    const why = wasUnflushed ? 'was lost with the memory of' : 'was discarded by';
    this.suspects.push(
      this.suspect(node, lsn, `${why} ${this.names[node]!} at ${atUs / 1000} ms`, wasUnflushed),
    );
  }

  /** A replica is about to let go of its log through a record that others may lack. */
  recycles(node: number, throughLsn: number): void {
    const { wal } = this.replicas[node]!;
    this.marks = this.marks.filter((marks) => !this.isEverywhere(marks.term, marks.throughLsn));
    for (let firstLsn = wal.firstLsn; firstLsn <= throughLsn; ) {
      const term = termOf(wal, firstLsn);
      const lastLsn = Math.min(throughLsn, lastLsnUpTo(wal, term));
      if (!this.isEverywhere(term, lastLsn)) this.keepMarks(node, term, firstLsn, lastLsn);
      firstLsn = lastLsn + 1;
    }
  }

  private keepMarks(node: number, term: number, firstLsn: number, throughLsn: number): void {
    const { wal } = this.replicas[node]!;
    const acknowledged = new Uint8Array((throughLsn - firstLsn + 8) >> 3);
    this.marks.push({
      node,
      term,
      firstLsn,
      throughLsn,
      writtenAtUs: writtenAtUs(wal, throughLsn),
      acknowledged,
    });
    for (let lsn = firstLsn; lsn <= throughLsn; lsn++) if (isAcknowledged(wal, lsn)) this.mark(term, lsn);
  }

  private isEverywhere(term: number, lsn: number): boolean {
    return this.replicas.every(({ wal }) => timelineTermOf(wal, lsn) === term);
  }

  /** Marks a recycled record; false if it is not remembered. */
  private mark(term: number, lsn: number): boolean {
    const marks = this.marks.find(
      (each) => each.term === term && lsn >= each.firstLsn && lsn <= each.throughLsn,
    );
    if (marks === undefined) return false;
    const bit = lsn - marks.firstLsn;
    marks.acknowledged[bit >> 3]! |= 1 << (bit & 7);
    return true;
  }

  /** A client was answered a read with the record. */
  saw(term: number, lsn: number): void {
    const { wal } = this.replicas[this.leaders[term]!]!;
    if (lsn >= wal.firstLsn && lsn <= wal.lastLsn && termOf(wal, lsn) === term) markSeen(wal, lsn);
  }

  /** How many writes some reader saw and nobody has any more, acknowledged or not. */
  lostAfterReads(isLive: (node: number) => boolean): number {
    return this.missing(isLive).filter(({ seen }) => seen).length;
  }

  /** What is lost if nothing more happens, oldest first. */
  lost(isLive: (node: number) => boolean): Suspect[] {
    return this.missing(isLive).filter(({ acknowledged }) => acknowledged);
  }

  private missing(isLive: (node: number) => boolean): Suspect[] {
    const suspects = [...this.suspects];
    for (const [node, { wal }] of this.replicas.entries()) {
      if (isLive(node)) continue;
      for (let lsn = wal.firstLsn; lsn <= wal.lastLsn; lsn++) {
        if (isAcknowledged(wal, lsn) || isSeen(wal, lsn))
          suspects.push(this.suspect(node, lsn, 'is in no log but those of dead machines'));
      }
    }
    for (const marks of this.marks) this.addMarked(suspects, marks, isLive);
    return suspects
      .filter(({ term, lsn, gone }) => gone || !isHeld(this.replicas, isLive, term, lsn))
      .sort((a, b) => a.writtenAtUs - b.writtenAtUs || a.lsn - b.lsn);
  }

  /** Of one stretch, those that no live replica holds; whoever holds the last of them holds all. */
  private addMarked(suspects: Suspect[], marks: Marks, isLive: (node: number) => boolean): void {
    const { node, term, firstLsn, throughLsn, acknowledged } = marks;
    if (isHeld(this.replicas, isLive, term, throughLsn)) return;
    for (let bit = 0; bit <= throughLsn - firstLsn; bit++) {
      if ((acknowledged[bit >> 3]! & (1 << (bit & 7))) === 0) continue;
      const lsn = firstLsn + bit;
      suspects.push({
        node,
        lsn,
        term,
        what: null,
        writtenAtUs: marks.writtenAtUs,
        why: `was recycled by ${this.names[node]!}`,
        gone: false,
        acknowledged: true,
        seen: false,
      });
    }
  }

  verdict(isLive: (node: number) => boolean): Verdict {
    const lost = this.lost(isLive);
    // Of what was recycled it is not known which write it was.
    const first = lost.find(({ what }) => what !== null) ?? lost[0];
    return {
      name: 'lost-writes',
      result: first === undefined ? 'ok' : 'violation',
      count: lost.length,
      witness:
        first === undefined
          ? null
          : {
              atMs: first.writtenAtUs / 1000,
              story: [
                `at ${first.writtenAtUs / 1000} ms the leader ${this.names[first.node]!} wrote record ${first.lsn} of term ${first.term}${first.what === null ? '' : ` (key ${first.what.key}, write number ${first.what.value})`}`,
                'its client had the acknowledgement',
                `the record ${first.why}${this.deadHolders(first, isLive)}`,
                'after the drain no live replica holds it, nor anything written with knowledge of it',
              ],
              operations: first.what === null ? [] : [first.what.value],
            },
    };
  }

  /** Who holds a lost record all the same, in words. */
  private deadHolders({ term, lsn, gone }: Suspect, isLive: (node: number) => boolean): string {
    if (gone) return '';
    const holders = this.names.filter(
      (_, node) =>
        node < this.replicas.length &&
        !isLive(node) &&
        timelineTermOf(this.replicas[node]!.wal, lsn) === term,
    );
    return holders.length === 0 ? '' : `: ${holders.join(', ')}`;
  }

  private suspect(node: number, lsn: number, why: string, gone = false): Suspect {
    const { wal } = this.replicas[node]!;
    return {
      node,
      lsn,
      term: termOf(wal, lsn),
      what: { key: keyOf(wal, lsn), value: valueAt(wal, lsn) },
      writtenAtUs: writtenAtUs(wal, lsn),
      why,
      gone,
      acknowledged: isAcknowledged(wal, lsn),
      seen: isSeen(wal, lsn),
    };
  }
}

/** Whether the log of a live replica holds the record. */
export function isHeld(
  replicas: readonly LogHolder[],
  isLive: (node: number) => boolean,
  term: number,
  lsn: number,
): boolean {
  return replicas.some(({ wal }, node) => isLive(node) && timelineTermOf(wal, lsn) === term);
}
