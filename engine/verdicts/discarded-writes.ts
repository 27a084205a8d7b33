import { READ } from '../kernel/protocol.ts';
import type { Ended } from '../observe/operations.ts';
import type { Verdict, Witness } from '../run/report.ts';
import { versionName } from '../topologies/leaderless/stamps.ts';
import { OK } from '../workload/clients.ts';
import type { Contexts } from '../workload/contexts.ts';

/** The newest acknowledged version of a key, and which write it is of. */
const VERSION_WIDTH = 3;
const TERM = 0;
const LSN = 1;
const NUMBER = 2;

/**
 * Acknowledged writes that a last-writer-wins rule threw away: another acknowledged write of the key has a newer stamp,
 * although it began before this one was acknowledged, so that whoever wrote it cannot have known of this one. One that
 * began later only overwrites. Where clients say what they have read (`context`), that decides what a writer can have known.
 *
 * Counted as acknowledgements come: the later of two is held against the newest of those that went before it. What it
 * cannot see: a write that lost to one that was never acknowledged.
 */
export class DiscardedWrites {
  private count = 0;
  private first: Witness | null = null;
  private readonly newest: Int32Array;
  private readonly tell: (atUs: number, loser: number, winner: number) => void;

  /** `tell` hears of each write that is thrown away, and of the one it lost to. */
  constructor(keys: number, tell: (atUs: number, loser: number, winner: number) => void) {
    this.newest = new Int32Array(keys * VERSION_WIDTH);
    this.tell = tell;
  }

  ended(operation: Ended, contexts: Contexts | null): void {
    const { kind, outcome, slot, key, number, term, lsn, atUs } = operation;
    if (kind === READ || outcome !== OK) return;
    const knownTerm = contexts === null ? operation.knownTerm : contexts.ofSlot[slot * 2]!;
    const knownLsn = contexts === null ? operation.knownLsn : contexts.ofSlot[slot * 2 + 1]!;
    const { newest } = this;
    const at = key * VERSION_WIDTH;
    const newestTerm = newest[at + TERM]!;
    const newestLsn = newest[at + LSN]!;
    const other = newest[at + NUMBER]!;
    const loses =
      term < newestTerm ||
      (term === newestTerm && (lsn < newestLsn || (lsn === newestLsn && number < other)));
    const othersSinceItBegan = newestTerm > knownTerm || (newestTerm === knownTerm && newestLsn > knownLsn);
    if (loses || othersSinceItBegan) {
      this.count++;
      const loser = loses ? number : other;
      const winner = loses ? other : number;
      this.tell(atUs, loser, winner);
      this.first ??= {
        atMs: atUs / 1000,
        story: [
          `write ${other} of key ${key} was acknowledged as ${versionName(newestTerm, newestLsn)}`,
          `at ${atUs / 1000} ms write ${number} of the same key was acknowledged as ${versionName(term, lsn)}`,
          `write ${loser} is thrown away, for the stamp of write ${winner} is newer; nobody is told`,
          ...(contexts !== null && !loses ? [`whoever wrote ${winner} had not read ${loser}`] : []),
        ],
        operations: [loser, winner],
      };
    }
    if (loses) return;
    newest[at + TERM] = term;
    newest[at + LSN] = lsn;
    newest[at + NUMBER] = number;
  }

  verdict(): Verdict {
    return {
      name: 'discarded-writes',
      result: this.count === 0 ? 'ok' : 'violation',
      count: this.count,
      witness: this.first,
    };
  }
}
