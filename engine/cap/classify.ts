/**
 * What a cut made a system give up, read off how operations ended on both sides of it. Nothing else is asked: not what the
 * system is called, nor what it is made of.
 *
 * Reads and writes are classified apart, for many systems treat them differently. Availability is judged by the second half of the
 * cut: a failover is over by then, or there is none. Each side must have answered nine of ten operations there: one that
 * misses now and then, for a message got lost, is not what CAP speaks of; one of which some nodes, or some keys, are out of reach is.
 *
 * Sources: Gilbert and Lynch, "Brewer's conjecture and the feasibility of consistent, available, partition-tolerant web
 * services", 2002; Abadi, "Consistency tradeoffs in modern distributed database system design", IEEE Computer 45(2), 2012.
 */

import type { Side } from './cut.ts';

/** How the operations of one kind ended that began on one side while it was cut. */
export interface SideCounts {
  readonly asked: number;
  /** Answered; a read that is not stale. */
  readonly ok: number;
  /** Reads that returned less than was acknowledged before they began. */
  readonly stale: number;
  /** Surely did not happen. */
  readonly refused: number;
  /** Given up by the client, or unanswered when the cut healed. */
  readonly hung: number;
  /** Of the writes answered: those that were lost, or lost to a write of the other side. */
  readonly laterDiscarded: number;
  /** Of those asked in the second half of the cut: how many, and how many were answered. */
  readonly askedLate: number;
  readonly answeredLate: number;
}

export type CapClass =
  /** Consistent: some operations went unanswered, and nothing came out wrong. */
  | 'CP'
  /** Available: both sides answered, and some of it came out wrong. */
  | 'AP'
  /** Some went unanswered, and some came out wrong. */
  | 'neither'
  /** Both sides answered and nothing came out wrong: this cut did not force the choice. */
  | 'unforced';

export interface Classified {
  readonly class: CapClass;
  /** The counts that say so, as a sentence. */
  readonly because: string;
}

/** Nine of ten, exactly: no rounding decides. */
const ANSWERED_OF_TEN = 9;

function isAnswering({ askedLate, answeredLate }: SideCounts): boolean {
  return answeredLate * 10 >= askedLate * ANSWERED_OF_TEN;
}

/** `torn`: keys that both sides wrote while neither could hear of the other. */
export function classify(
  kind: 'reads' | 'writes',
  counts: Readonly<Record<Side, SideCounts>>,
  torn: number,
): Classified {
  const { cutOff, rest } = counts;
  const wrong = kind === 'reads' ? staleness(cutOff, rest) : damage(cutOff, rest, torn);
  const isAvailable = isAnswering(cutOff) && isAnswering(rest);
  const answers = `${share(cutOff)} ${kind} were answered on the cut-off side, ${share(rest)} on the other`;
  return {
    class: isAvailable ? (wrong === null ? 'unforced' : 'AP') : wrong === null ? 'CP' : 'neither',
    because: `${answers}; ${wrong ?? `no ${kind === 'reads' ? 'read was stale' : 'write was discarded'}`}`,
  };
}

function share({ answeredLate, askedLate }: SideCounts): string {
  return `${answeredLate} of ${askedLate}`;
}

function staleness(cutOff: SideCounts, rest: SideCounts): string | null {
  const stale = cutOff.stale + rest.stale;
  return stale === 0 ? null : `${stale} reads were stale, ${cutOff.stale} of them on the cut-off side`;
}

function damage(cutOff: SideCounts, rest: SideCounts, torn: number): string | null {
  const discarded = cutOff.laterDiscarded + rest.laterDiscarded;
  if (discarded === 0 && torn === 0) return null;
  const parts = [
    ...(torn === 0 ? [] : [`${torn} keys were written on both sides`]),
    `${discarded} acknowledged writes were discarded later, ${cutOff.laterDiscarded} of them of the cut-off side`,
  ];
  return parts.join(', and ');
}

/** What comes first while nothing is cut: that answers are quick, or that they are right. */
export type ElseClass = 'latency' | 'consistency';

/** Latencies of one kind of operation on one side, ms; null without answers. */
export interface Distances {
  readonly p50Ms: number | null;
  /** The fastest tenth, as it is and with the sides farther apart. */
  readonly p10Ms: number | null;
  readonly apartP10Ms: number | null;
}

/**
 * Reads put latency first where some were stale, and writes where neither side's wait for the other: they are acknowledged
 * before the other side can have heard. A side waits if even the fastest tenth of its operations rises, with the sides `addedMs`
 * farther apart there and back, by half of that or more. (Its median says less: clients that choose among nodes ask across too.)
 */
export function classifyElse(
  kind: 'reads' | 'writes',
  distances: Readonly<Record<Side, Distances>>,
  { addedMs, reads, stale }: { readonly addedMs: number; readonly reads: number; readonly stale: number },
): { readonly gives: ElseClass; readonly because: string } {
  if (kind === 'reads')
    return {
      gives: stale > 0 ? 'latency' : 'consistency',
      because: `${stale} of ${reads} reads were stale`,
    };
  const waits = ({ p10Ms, apartP10Ms }: Distances) =>
    p10Ms !== null && apartP10Ms !== null && (apartP10Ms - p10Ms) * 2 >= addedMs;
  const waiting = [
    ...(waits(distances.cutOff) ? ['cut-off side'] : []),
    ...(waits(distances.rest) ? ['other side'] : []),
  ];
  return {
    gives: waiting.length > 0 ? 'consistency' : 'latency',
    because:
      waiting.length > 0
        ? `writes of the ${waiting.join(' and the ')} wait for word across`
        : 'writes of neither side wait for word across',
  };
}

/** PACELC in its letters: PA/EL, PC/EC and so on. `P–` where the cut made it give up both, `P?` where it forced nothing. */
export function pacelc(partitioned: CapClass, otherwise: ElseClass): string {
  const left = { CP: 'PC', AP: 'PA', neither: 'P–', unforced: 'P?' }[partitioned];
  return `${left}/${otherwise === 'latency' ? 'EL' : 'EC'}`;
}
