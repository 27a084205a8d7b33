import type { ReplicationSummary } from '../../run/report.ts';

/** What replication did in a run that no operation shows; counted from what replicas note. */
export class ReplicationCounts {
  private warnings = 0;
  private slotsLost = 0;
  private baseBackups = 0;
  private disksFull = 0;
  private walBytesMax = 0;
  private cancelledQueries = 0;
  private deadRowsMax = 0;
  private deadBytesMax = 0;
  private fallbacks = 0;
  private fallenBackUs = 0;
  /** Which leaders have fallen back, and since when. */
  private readonly fallenBackSinceUs = new Map<number, number>();

  lostSlot(): void {
    this.slotsLost++;
  }

  backedUp(): void {
    this.baseBackups++;
  }

  filledDisk(): void {
    this.disksFull++;
  }

  keptLog(bytes: number): void {
    this.walBytesMax = Math.max(this.walBytesMax, bytes);
  }

  cancelledQuery(): void {
    this.cancelledQueries++;
  }

  keptDead(rows: number, bytes: number): void {
    this.deadRowsMax = Math.max(this.deadRowsMax, rows);
    this.deadBytesMax = Math.max(this.deadBytesMax, bytes);
  }

  warned(writes: number): void {
    this.warnings += writes;
  }

  /** A leader waits for followers no longer, or again. */
  waits(atUs: number, node: number, again: boolean): void {
    if (again) this.waitsAgain(atUs, node);
    else {
      this.fallbacks++;
      this.fallenBackSinceUs.set(node, atUs);
    }
  }

  /** A new leadership begins with waiting; so does a restart. */
  waitsAgain(atUs: number, node: number): void {
    const sinceUs = this.fallenBackSinceUs.get(node);
    if (sinceUs === undefined) return;
    this.fallenBackUs += atUs - sinceUs;
    this.fallenBackSinceUs.delete(node);
  }

  report(nowUs: number, lostWritesRead: number): ReplicationSummary {
    let fallenBackUs = this.fallenBackUs;
    for (const sinceUs of this.fallenBackSinceUs.values()) fallenBackUs += nowUs - sinceUs;
    return {
      warnings: this.warnings,
      fallbacks: this.fallbacks,
      fallenBackMs: fallenBackUs / 1000,
      lostWritesRead,
      walBytesMax: this.walBytesMax,
      slotsLost: this.slotsLost,
      baseBackups: this.baseBackups,
      disksFull: this.disksFull,
      cancelledQueries: this.cancelledQueries,
      deadRowsMax: this.deadRowsMax,
      deadBytesMax: this.deadBytesMax,
    };
  }
}
