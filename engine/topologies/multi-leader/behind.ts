/** Which writes are behind what leaders show, as an onlooker reads it off what they hold and off their authors' logs. */

import { type Leader, tableOf } from './leader.ts';
import { entryAt, type Log, logEnd, NUMBER, ORIGIN, SEQUENCE, VECTOR, WHAT } from './log.ts';
import { INSERT, keyIn, kindIn } from './messages.ts';
import { carriesNumbers, type ResolverName } from './resolvers.ts';
import { columnsOf } from './resolving.ts';
import {
  COUNTING,
  COVERED,
  type Rows,
  SHOWN,
  SHOWN_SEQUENCE,
  SHOWN_VALUE,
  SLOT_VALUE,
  slotAt,
} from './rows.ts';

/** A change: whose it is, which of theirs, and the number of the write that made it. */
export interface Change {
  readonly author: number;
  readonly sequence: number;
  readonly number: number;
}

/**
 * The write behind a change, from its author's log; 0 where that has let go of it, as everybody has it. Of a log that holds
 * what others have sent too only its own changes are in the order of their numbers.
 */
export function writeOf(author: Leader, sequence: number): number {
  const at = ownEntryAt(author, sequence);
  return at < 0 ? 0 : author.log.words[at + NUMBER]!;
}

/** Where the integers of one of a leader's own changes begin; −1 where its log does not hold it. */
function ownEntryAt({ log, width, self }: Leader, sequence: number): number {
  let first = log.base;
  let last = logEnd(log) - 1;
  while (first <= last) {
    const middle = (first + last) >> 1;
    let own = middle;
    while (own >= first && log.words[entryAt(log, own, width) + ORIGIN] !== self) own--;
    if (own < first) {
      first = middle + 1;
      continue;
    }
    const at = entryAt(log, own, width);
    const found = log.words[at + SEQUENCE]!;
    if (found === sequence) return at;
    if (found < sequence) first = middle + 1;
    else last = own - 1;
  }
  return -1;
}

/** Where the integers of each of a leader's own changes begin, in their order. */
function* ownEntries({ log, width, self }: Leader): Generator<number> {
  for (let index = log.base; index < logEnd(log); index++) {
    const at = entryAt(log, index, width);
    if (log.words[at + ORIGIN] === self) yield at;
  }
}

function changeAt({ words }: Log, at: number): Change {
  return { author: words[at + ORIGIN]!, sequence: words[at + SEQUENCE]!, number: words[at + NUMBER]! };
}

/** The insert of a row that the author of an update of it had seen; null where no log holds it any more. */
export function insertBehind(
  leaders: readonly Leader[],
  author: number,
  sequence: number,
  key: number,
): Change | null {
  const { log } = leaders[author]!;
  const update = ownEntryAt(leaders[author]!, sequence);
  if (update < 0) return null;
  for (const [other, leader] of leaders.entries()) {
    const seen = log.words[update + VECTOR + other]!;
    for (const at of ownEntries(leader)) {
      const { words } = leader.log;
      const isInsert = kindIn(words[at + WHAT]!) === INSERT && keyIn(words[at + WHAT]!) === key;
      if (isInsert && words[at + SEQUENCE]! <= seen) return changeAt(leader.log, at);
    }
  }
  return null;
}

/**
 * Writes that make these leaders show different things in a cell. Where what shows says by which writes it came about, those
 * that do so for some of the leaders and not for all; for all, where it goes by the order in which they came. Otherwise of each
 * author the first that some of them have and some have not been given.
 */
export function changesBehind(
  leaders: readonly Leader[],
  live: readonly number[],
  key: number,
  column: number,
  cell: number,
  resolver: ResolverName,
): Change[] {
  if (!carriesNumbers(resolver) && resolver !== 'merge') return missingSomewhere(leaders, live, key, column);
  const shown = live.map((leader) => changesShown(leaders[leader]!.rows, cell, resolver));
  const all = [...new Map(shown.flat().map((change) => [change.number, change])).values()];
  const differing = all.filter(
    ({ number }) => !shown.every((changes) => changes.some((change) => change.number === number)),
  );
  return differing.length > 0 ? differing : all;
}

function changesShown(rows: Rows, cell: number, resolver: ResolverName): Change[] {
  const { cells } = rows;
  if (resolver !== 'keep-both' && resolver !== 'merge')
    return cells[cell + SHOWN] === 0
      ? []
      : [
          {
            author: cells[cell + SHOWN]! - 1,
            sequence: cells[cell + SHOWN_SEQUENCE]!,
            number: cells[cell + SHOWN_VALUE]!,
          },
        ];
  const changes: Change[] = [];
  for (let rest = cells[cell + COUNTING]!; rest !== 0; rest &= rest - 1) {
    const author = 31 - Math.clz32(rest & -rest);
    const number = cells[slotAt(rows, cell, author) + SLOT_VALUE]!;
    changes.push({ author, sequence: cells[cell + COVERED + author]!, number });
  }
  return changes;
}

function missingSomewhere(
  leaders: readonly Leader[],
  live: readonly number[],
  key: number,
  column: number,
): Change[] {
  return leaders.flatMap((leader, author) => {
    const given = live.map((each) => leaders[each]!.applied[author]!);
    const table = tableOf(leader.settings, key);
    for (const at of ownEntries(leader)) {
      const { words } = leader.log;
      const what = words[at + WHAT]!;
      const setsIt = table.cellsPerRow === 1 || (columnsOf(leader, table, what) & (1 << column)) !== 0;
      const isMissing = words[at + SEQUENCE]! > Math.min(...given);
      if (keyIn(what) === key && setsIt && isMissing && words[at + SEQUENCE]! <= Math.max(...given))
        return [changeAt(leader.log, at)];
    }
    return [];
  });
}
