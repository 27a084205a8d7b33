import { describeMessage, type Message, type Observer, type TraceEntry } from '../observe/trace.ts';
import type {
  Availability,
  Causes,
  Outage,
  Report,
  Verdict,
  WitnessMessage,
  WitnessOperation,
} from './report.ts';

/** Messages that one witness is given at most. */
const messagesMost = 24;

/**
 * What caused the violations and outages of a run, from a second run of the same scenario and seed, which is the same run: the operations
 * that each witness names, and the longest outage of each kind, and the messages that ask for them, answer them, or carry what they wrote from node to node. Of
 * messages of one kind on one link, the first that arrived stands for all; where none did, the last that was sent.
 *
 * ```ts
 * const explanation = new Explanation(simulate(scenario));
 * simulate(scenario, { observe: explanation.observe });
 * explanation.report().verdicts[0].witness.causes;
 * ```
 */
export class Explanation {
  private readonly judged: Report;
  private readonly operations = new Map<number, Mutable<WitnessOperation> | null>();
  /** By operation, link and kind of message, in the order of their sending. */
  private readonly messages = new Map<string, Mutable<WitnessMessage>[]>();

  constructor(report: Report) {
    this.judged = report;
    for (const { witness } of report.verdicts)
      for (const number of witness?.operations ?? []) this.operations.set(number, null);
    for (const kind of kinds)
      for (const number of longestOf(report.availability[kind])?.operations ?? [])
        this.operations.set(number, null);
  }

  /** Whether any operation is named: otherwise there is nothing to look for. */
  get isNeeded(): boolean {
    return this.operations.size > 0;
  }

  readonly observe: Observer = (entry) => {
    switch (entry.type) {
      case 'began':
        this.began(entry);
        break;
      case 'ended':
        this.ended(entry);
        break;
      case 'sent':
      case 'dropped':
      case 'delivered':
        for (const operation of operationsOf(entry.message))
          if (this.operations.has(operation)) this.saw(operation, entry);
        break;
    }
  };

  /** The report with causes, once the run is over. */
  report(): Report {
    const { verdicts, availability } = this.judged;
    return {
      ...this.judged,
      verdicts: verdicts.map((verdict) => this.explained(verdict)),
      availability: {
        read: this.explainedOutage(availability.read),
        write: this.explainedOutage(availability.write),
      },
    };
  }

  private explained(verdict: Verdict): Verdict {
    const { witness } = verdict;
    if (witness?.operations === undefined) return verdict;
    return { ...verdict, witness: { ...witness, causes: this.causesOf(witness.operations) } };
  }

  private explainedOutage(availability: Availability): Availability {
    const longest = longestOf(availability);
    return {
      ...availability,
      outages: availability.outages.map((outage) =>
        outage === longest ? { ...outage, causes: this.causesOf(outage.operations) } : outage,
      ),
    };
  }

  private causesOf(operations: readonly number[]): Causes {
    const numbers = [...new Set(operations)];
    const messages = numbers
      .flatMap((number) => [...this.messages.entries()].filter(([key]) => key.startsWith(`${number} `)))
      .map(([, seen]) => seen.find(({ arrivedMs }) => arrivedMs !== null) ?? seen.at(-1)!)
      .toSorted((a, b) => a.sentMs - b.sentMs || a.operation - b.operation);
    return {
      operations: numbers.flatMap((number) => this.operations.get(number) ?? []),
      messages: messages.slice(0, messagesMost),
      messagesMore: Math.max(0, messages.length - messagesMost),
    };
  }

  private began({ operation, client, kind, key, atMs }: Extract<TraceEntry, { type: 'began' }>): void {
    if (!this.operations.has(operation)) return;
    const open = { operation, client, kind, key, calledMs: atMs, returnedMs: null, outcome: 'info' } as const;
    this.operations.set(operation, { ...open });
  }

  private ended({ operation, outcome, atMs }: Extract<TraceEntry, { type: 'ended' }>): void {
    const open = this.operations.get(operation);
    if (open === undefined || open === null) return;
    open.returnedMs = atMs;
    open.outcome = outcome;
  }

  private saw(
    operation: number,
    entry: Extract<TraceEntry, { type: 'sent' | 'dropped' | 'delivered' }>,
  ): void {
    const { from, to, message, atMs } = entry;
    const key = `${operation} ${message.type} ${from} ${to}`;
    let seen = this.messages.get(key);
    if (seen === undefined) this.messages.set(key, (seen = []));
    if (entry.type === 'sent') {
      const what = describeMessage(message);
      seen.push({ operation, from, to, what, sentMs: atMs, arrivedMs: null, dropped: null });
      return;
    }
    // Of a doubled message the second comes when none is under way any more.
    const first = seen.find(({ arrivedMs, dropped }) => arrivedMs === null && dropped === null);
    if (first === undefined) return;
    if (entry.type === 'delivered') first.arrivedMs = atMs;
    else first.dropped = entry.why;
  }
}

const kinds = ['read', 'write'] as const;

/** The longest outage in which operations ended otherwise than ok. */
function longestOf({ outages }: Availability): Outage | undefined {
  return outages
    .filter(({ fail, info }) => fail + info > 0)
    .toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))[0];
}

type Mutable<Type> = { -readonly [field in keyof Type]: Type[field] };

/** Numbers of the operations that a message asks for, answers or carries from one node to another. */
function operationsOf(message: Message): readonly number[] {
  if ('operation' in message) return message.operation === null ? none : [message.operation];
  // What a replica answers a coordinator that reads is not on its way to be kept.
  if (message.type === 'fetched') return none;
  if ('siblings' in message && message.siblings !== undefined) return message.siblings;
  return 'value' in message ? [message.value] : none;
}

const none: readonly number[] = [];
