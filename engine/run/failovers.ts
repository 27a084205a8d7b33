import type { Failover } from './report.ts';

const never = -1;

interface FailoverRecord {
  readonly fromNode: number;
  toNode: number;
  readonly crashedAtUs: number;
  suspectedAtUs: number;
  promotedAtUs: number;
  okAgainAtUs: number;
}

/** Leaders' deaths, or what was held for them, and what followed. */
export class Failovers {
  private readonly records: FailoverRecord[] = [];

  crashed(atUs: number, leader: number): void {
    this.begin(leader, atUs, never);
  }

  suspected(atUs: number, leader: number): void {
    const last = this.records.at(-1);
    if (last?.fromNode === leader && last.suspectedAtUs === never && last.okAgainAtUs === never)
      last.suspectedAtUs = atUs;
    else this.begin(leader, never, atUs);
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
    return this.records.map(({ fromNode, toNode, crashedAtUs, suspectedAtUs, promotedAtUs, okAgainAtUs }) => {
      const sinceUs = crashedAtUs === never ? suspectedAtUs : crashedAtUs;
      const ms = (atUs: number) => (atUs === never ? null : atUs / 1000);
      const after = (atUs: number) => (atUs === never ? null : (atUs - sinceUs) / 1000);
      return {
        fromNode: names[fromNode]!,
        toNode: toNode === never ? null : names[toNode]!,
        crashedAtMs: ms(crashedAtUs),
        suspectedAtMs: ms(suspectedAtUs),
        detectedAfterMs: after(suspectedAtUs),
        promotedAfterMs: after(promotedAtUs),
        rtoMs: crashedAtUs === never ? null : after(okAgainAtUs),
      };
    });
  }

  private begin(fromNode: number, crashedAtUs: number, suspectedAtUs: number): void {
    this.records.push({
      fromNode,
      toNode: never,
      crashedAtUs,
      suspectedAtUs,
      promotedAtUs: never,
      okAgainAtUs: never,
    });
  }
}
