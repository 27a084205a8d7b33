import type { Verdict, Witness } from '../run/report.ts';

/** A write that is there at the end, in a row that is not shown. */
export interface HiddenWrite {
  readonly number: number;
  readonly key: number;
  readonly atMs: number;
  readonly why: string;
  /** The write for whose sake it is not; 0 where that is not known. */
  readonly by: number;
}

/** Who of the members this is, and what speaks for the write that it keeps of two of a cell, as a clause on that one. */
type WhyKept = (
  member: number,
  key: number,
  column: number,
) => { readonly by: string; readonly because: string };

const ACKNOWLEDGED = 1;
const THROWN_AWAY = 2;

/** How many stories are kept until it is known which of their writes were acknowledged. */
const storiesMost = 64;

/**
 * Acknowledged writes that lost to one whose author had not seen them, as those who threw them away tell: each write counts
 * once, however many did. It keeps two bits a write.
 */
export class ThrownAway {
  private bits = new Uint8Array(1024);
  private readonly stories: { readonly number: number; readonly witness: Witness }[] = [];
  private readonly whyKept: WhyKept;

  constructor(whyKept: WhyKept) {
    this.whyKept = whyKept;
  }

  acknowledged(number: number): void {
    this.mark(number, ACKNOWLEDGED);
  }

  isAcknowledged(number: number): boolean {
    return (this.bitsOf(number) & ACKNOWLEDGED) !== 0;
  }

  /** `stays`: the write that is kept in its place. */
  threw(atUs: number, member: number, key: number, column: number, number: number, stays: number): void {
    if ((this.bitsOf(number) & THROWN_AWAY) !== 0) return;
    this.mark(number, THROWN_AWAY);
    if (this.stories.length === storiesMost) return;
    const { by, because } = this.whyKept(member, key, column);
    this.stories.push({
      number,
      witness: {
        atMs: atUs / 1000,
        story: [
          `write ${number} of key ${key} was made and acknowledged at one leader`,
          `at ${atUs / 1000} ms ${by} throws it away for write ${stays} of the same key, ${because}; its client is not told`,
        ],
        operations: [number, stays],
      },
    });
  }

  /** `hidden`: what is not shown at the end, beside what was thrown away. */
  verdict(hidden: Iterable<HiddenWrite> = []): Verdict {
    const both = ACKNOWLEDGED | THROWN_AWAY;
    let count = 0;
    for (const byte of this.bits)
      for (let rest = byte; rest !== 0; rest >>= 2) if ((rest & both) === both) count++;
    let story = this.stories.find(({ number }) => this.isAcknowledged(number));
    const seen = new Set<number>();
    for (const { number, by, key, atMs, why } of hidden) {
      if (this.bitsOf(number) % 4 !== ACKNOWLEDGED || seen.has(number)) continue;
      seen.add(number);
      count++;
      story ??= {
        number,
        witness: {
          atMs,
          story: [
            `write ${number} of key ${key} was made and acknowledged at one leader`,
            `at the end its row is not shown, as ${why}; its client is not told`,
          ],
          operations: by === 0 ? [number] : [number, by],
        },
      };
    }
    return {
      name: 'discarded-writes',
      result: count === 0 ? 'ok' : 'violation',
      count,
      witness: count === 0 ? null : (story?.witness ?? null),
    };
  }

  private bitsOf(number: number): number {
    const byte = number >> 2;
    return byte < this.bits.length ? this.bits[byte]! >> ((number & 3) * 2) : 0;
  }

  private mark(number: number, mark: number): void {
    const byte = number >> 2;
    if (byte >= this.bits.length) {
      const wider = new Uint8Array(Math.max(this.bits.length * 2, byte + 1));
      wider.set(this.bits);
      this.bits = wider;
    }
    this.bits[byte]! |= mark << ((number & 3) * 2);
  }
}
