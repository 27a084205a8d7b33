import { type FaultSpan, type History, HistoryBuilder, type OperationOutcome, type Value } from '#engine';

/** A history as it was read from a file. */
export interface ReadHistory {
  readonly history: History;
  /** Of each operation the line of its call, from 1. */
  readonly lines: readonly number[];
  readonly faults: readonly FaultSpan[];
  /** What times are: of the clock, or places in the file. */
  readonly clock: 'time' | 'line';
}

/** Told of each mistake: its line from 1, what is there and what was expected. */
export type Complain = (line: number, found: string, expected: string, hint?: string) => void;

export type HistoryReader = (text: string, complain: Complain) => ReadHistory;

/** Joins logged events: each process has one operation at a time. The time is the line, for that is the order in which they happened. */
export class EventLog {
  readonly lines: number[] = [];
  readonly faults: FaultSpan[] = [];
  private readonly builder = new HistoryBuilder();
  private readonly open = new Map<
    string,
    { readonly index: number; readonly line: number; readonly kind: string }
  >();
  private readonly complain: Complain;

  constructor(complain: Complain) {
    this.complain = complain;
  }

  invoke(
    line: number,
    client: string,
    kind: string,
    { key, input }: { key: Value; input?: Value | undefined },
  ): void {
    const before = this.open.get(client);
    if (before !== undefined) {
      this.complain(
        line,
        `process ${client} begins ${kind}`,
        `the end of its ${before.kind} of line ${before.line}`,
      );
      return;
    }
    const index = this.builder.call({ client, key, kind, input, callUs: line });
    this.lines.push(line);
    this.open.set(client, { index, line, kind });
  }

  end(line: number, client: string, kind: string, outcome: OperationOutcome, output?: Value): void {
    const begun = this.open.get(client);
    if (begun === undefined || begun.kind !== kind) {
      const expected =
        begun === undefined ? `its :invoke before` : `the end of its ${begun.kind} of line ${begun.line}`;
      this.complain(line, `process ${client} ends ${kind}`, expected);
      return;
    }
    this.open.delete(client);
    this.builder.returned(begun.index, { outcome, output, returnUs: line });
  }

  fault(line: number, label: string): void {
    this.faults.push({ label, fromUs: line, toUs: line });
  }

  read(): ReadHistory {
    return { history: this.builder.build(), lines: this.lines, faults: this.faults, clock: 'line' };
  }
}

/** At most so much of a line is shown where it is wrong. */
export function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
