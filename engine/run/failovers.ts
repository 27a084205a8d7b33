import type { Failover } from './report.ts';

const never = -1;

interface FailoverRecord {
  readonly fromNode: number;
  toNode: number;
  readonly crashedAtUs: number;
  suspectedAtUs: number;
  electedAtUs: number;
  promotedAtUs: number;
  okAgainAtUs: number;
  cause: Failover['cause'];
  discardedRecords: number;
}

/** Leaders' deaths, or what was held for them, and what followed. */
export class Failovers {
  private readonly records: FailoverRecord[] = [];

  crashed(atUs: number, leader: number): void {
    this.begin(leader, { crashedAtUs: atUs, suspectedAtUs: never, cause: 'crash' });
  }

  /** `wasAlive`: its process was not down. */
  suspected(atUs: number, leader: number, { wasAlive }: { wasAlive: boolean }): void {
    this.given(atUs, leader, wasAlive ? 'false-alarm' : 'crash');
  }

  /** An operator has somebody else lead. */
  ordered(atUs: number, leader: number): void {
    this.given(atUs, leader, 'operator');
  }

  /** The leader is given up. Where its death is known and nobody has acted on it, this is what follows from that. */
  private given(atUs: number, leader: number, cause: Failover['cause']): void {
    const last = this.records.at(-1);
    if (last?.fromNode === leader && last.toNode === never && last.okAgainAtUs === never) {
      // Several observers may come to hold it for dead, and one of them again and again.
      if (last.suspectedAtUs === never) last.suspectedAtUs = atUs;
    } else this.begin(leader, { crashedAtUs: never, suspectedAtUs: atUs, cause });
  }

  /** A record left a log: it is counted to the latest failover that has a new leader. */
  discarded(): void {
    const last = this.records.findLast(({ toNode }) => toNode !== never);
    if (last !== undefined) last.discardedRecords += 1;
  }

  falseAlarms(): number {
    return this.records.filter(({ cause, toNode }) => cause === 'false-alarm' && toNode !== never).length;
  }

  /** It is clear who is to lead next. */
  elected(atUs: number): void {
    const last = this.records.at(-1);
    if (last !== undefined && last.toNode === never) last.electedAtUs = atUs;
  }

  promoted(atUs: number, node: number): void {
    const last = this.records.at(-1);
    if (last === undefined || last.toNode !== never) return;
    last.toNode = node;
    last.promotedAtUs = atUs;
  }

  /** An ok write. A leader may have died before its first one: then several failovers end with it. */
  wrote(atUs: number, beganUs: number): void {
    for (let index = this.records.length - 1; index >= 0; index--) {
      const record = this.records[index]!;
      if (record.okAgainAtUs !== never) break;
      if (beganUs >= record.crashedAtUs) record.okAgainAtUs = atUs;
    }
  }

  report(names: readonly string[]): Failover[] {
    return this.records.map((record) => {
      const { fromNode, toNode, crashedAtUs, suspectedAtUs, promotedAtUs, okAgainAtUs } = record;
      const sinceUs = crashedAtUs === never ? suspectedAtUs : crashedAtUs;
      const ms = (atUs: number) => (atUs === never ? null : atUs / 1000);
      const after = (atUs: number) => (atUs === never ? null : (atUs - sinceUs) / 1000);
      return {
        fromNode: names[fromNode]!,
        cause: record.cause,
        toNode: toNode === never ? null : names[toNode]!,
        crashedAtMs: ms(crashedAtUs),
        suspectedAtMs: ms(suspectedAtUs),
        detectedAfterMs: after(suspectedAtUs),
        electedAfterMs: after(record.electedAtUs),
        promotedAfterMs: after(promotedAtUs),
        rtoMs: crashedAtUs === never ? null : after(okAgainAtUs),
        discardedRecords: record.discardedRecords,
      };
    });
  }

  private begin(
    fromNode: number,
    since: Pick<FailoverRecord, 'crashedAtUs' | 'suspectedAtUs' | 'cause'>,
  ): void {
    this.records.push({
      fromNode,
      toNode: never,
      electedAtUs: never,
      promotedAtUs: never,
      okAgainAtUs: never,
      discardedRecords: 0,
      ...since,
    });
  }
}
