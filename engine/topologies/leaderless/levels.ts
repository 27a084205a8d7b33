/**
 * Cassandra's consistency levels as arithmetic: whose answers an operation waits for, over data centres with a
 * replication factor each.
 *
 * ```ts
 * const centres = [3, 3];
 * const write = requirementOf('EACH_QUORUM', centres, 0); // { responses: 4, least: [2, 2], counts: 'everywhere', … }
 * const read = requirementOf('LOCAL_QUORUM', centres, 1);
 * alwaysMeet(read, write, centres); // true: every such read sees every such write
 * ```
 *
 * Source: Cassandra's ConsistencyLevel.java (`quorumFor`, `localQuorumFor`, `blockFor`, `validateForRead`,
 * `validateForWrite`, `validateForCas`, `validateForCasCommit`), https://github.com/apache/cassandra, and its
 * documentation, Dynamo, "Picking consistency levels".
 */

/** Those that a read may have too; a write alone may be content with a hint, at ANY. */
export const levelsOfReads = [
  'ONE',
  'TWO',
  'THREE',
  'QUORUM',
  'ALL',
  'LOCAL_ONE',
  'LOCAL_QUORUM',
  'EACH_QUORUM',
  'SERIAL',
  'LOCAL_SERIAL',
] as const;

export const consistencyLevels = ['ANY', ...levelsOfReads] as const;

export type ConsistencyLevel = (typeof consistencyLevels)[number];

/**
 * What a level is asked for. A conditional update (Cassandra's lightweight transaction) has two levels: one for its
 * Paxos rounds, `condition`, and one for the write that it then commits, `commit`.
 */
export type LevelUse = 'read' | 'write' | 'condition' | 'commit';

/** The answers an operation waits for. */
export interface Requirement {
  /** Replicas that must answer in all. */
  readonly responses: number;
  /** Replicas of each data centre that must be among them, by its index. */
  readonly least: readonly number[];
  /** Which data centres' replicas count: all of them, or only this one's, by index. */
  readonly counts: 'everywhere' | number;
  /** Whether a hint at the coordinator does instead of a replica. */
  readonly hintCounts: boolean;
}

/** The least majority of so many replicas: ⌊n / 2⌋ + 1. */
export function quorumOf(replicas: number): number {
  return Math.floor(replicas / 2) + 1;
}

/** Why a level cannot be asked for this, as a sentence; null where it can. */
export function refusalOf(level: ConsistencyLevel, use: LevelUse): string | null {
  const isSerial = level === 'SERIAL' || level === 'LOCAL_SERIAL';
  switch (use) {
    case 'read':
      return level === 'ANY' ? 'ANY is for writes only: a hint cannot be read' : null;
    case 'write':
      return isSerial
        ? `${level} writes are conditional updates: a plain write takes no part in Paxos`
        : null;
    case 'condition':
      return isSerial ? null : `${level} is no serial level: a condition needs SERIAL or LOCAL_SERIAL`;
    case 'commit':
      return isSerial
        ? `${level} is for the condition; its commit is a plain write and takes another level`
        : null;
  }
}

/**
 * What a level waits for. `centres`: replicas of each data centre, from 0; `local`: the coordinator's data centre, by
 * index. A requirement may ask for more replicas than there are: then no operation can succeed (see `canBeMet`).
 */
export function requirementOf(
  level: ConsistencyLevel,
  centres: readonly number[],
  local: number,
): Requirement {
  const all = centres.reduce((sum, replicas) => sum + replicas, 0);
  const none = centres.map(() => 0);
  const anywhere = (responses: number): Requirement => ({
    responses,
    least: none,
    counts: 'everywhere',
    hintCounts: false,
  });
  const atHome = (responses: number): Requirement => ({
    responses,
    least: centres.map((_, centre) => (centre === local ? responses : 0)),
    counts: local,
    hintCounts: false,
  });
  switch (level) {
    case 'ANY':
      return { ...anywhere(1), hintCounts: true };
    case 'ONE':
      return anywhere(1);
    case 'TWO':
      return anywhere(2);
    case 'THREE':
      return anywhere(3);
    case 'QUORUM':
    case 'SERIAL':
      return anywhere(quorumOf(all));
    case 'ALL':
      return anywhere(all);
    case 'LOCAL_ONE':
      return atHome(1);
    case 'LOCAL_QUORUM':
    case 'LOCAL_SERIAL':
      return atHome(quorumOf(centres[local]!));
    case 'EACH_QUORUM': {
      // A data centre without replicas of this key has no quorum to ask for.
      const least = centres.map((replicas) => (replicas === 0 ? 0 : quorumOf(replicas)));
      return { ...anywhere(least.reduce((sum, count) => sum + count, 0)), least };
    }
  }
}

/** Whether these answers are enough: how many replicas of each data centre answered. */
export function isMet({ responses, least, counts }: Requirement, answered: ArrayLike<number>): boolean {
  let counted = 0;
  for (let centre = 0; centre < least.length; centre++) {
    const here = answered[centre]!;
    if (here < least[centre]!) return false;
    if (counts === 'everywhere' || counts === centre) counted += here;
  }
  return counted >= responses;
}

/**
 * Whether enough replicas live for the operation to be worth trying; if not, Cassandra answers Unavailable at once. A
 * write at ANY always is: the coordinator takes a hint.
 */
export function canBeMet(requirement: Requirement, live: ArrayLike<number>): boolean {
  return requirement.hintCounts || isMet(requirement, live);
}

/**
 * How many replicas may be down, whichever they are, with the operation still possible; −1 where it never is. A level
 * that counts one data centre tolerates any number elsewhere: `local` says which counts, and the number is of its own.
 */
export function toleratedFailures(requirement: Requirement, centres: readonly number[]): number {
  const { responses, least, counts, hintCounts } = requirement;
  if (counts !== 'everywhere') return Math.max(centres[counts]! - responses, -1);
  const all = centres.reduce((sum, replicas) => sum + replicas, 0);
  if (hintCounts) return all;
  let tolerated = all - responses;
  // The worst that can happen to a data centre that must answer is that it bears all the failures.
  for (const [centre, wanted] of least.entries()) {
    if (wanted > 0) tolerated = Math.min(tolerated, centres[centre]! - wanted);
  }
  return Math.max(tolerated, -1);
}

/**
 * Whether every set of replicas that satisfies one requirement shares a replica with every set that satisfies the other:
 * over one data centre, R + W > N. Sets, not operations: it says nothing of writes under way, clocks or hints.
 *
 * Two disjoint sets exist if both leasts fit into every data centre and what each still lacks fits into what is left
 * where it may take from, apart and together.
 */
export function alwaysMeet(one: Requirement, other: Requirement, centres: readonly number[]): boolean {
  // A hint is no replica: such an operation may have reached none, which meets nobody.
  if (one.hintCounts || other.hintCounts) return false;
  let leftForOne = 0;
  let leftForOther = 0;
  let leftForEither = 0;
  for (const [centre, replicas] of centres.entries()) {
    const left = replicas - one.least[centre]! - other.least[centre]!;
    if (left < 0) return true;
    const takesOne = one.counts === 'everywhere' || one.counts === centre;
    const takesOther = other.counts === 'everywhere' || other.counts === centre;
    if (takesOne) leftForOne += left;
    if (takesOther) leftForOther += left;
    if (takesOne || takesOther) leftForEither += left;
  }
  const lacks = ({ responses, least }: Requirement) =>
    responses - least.reduce((sum, count) => sum + count, 0);
  return lacks(one) > leftForOne || lacks(other) > leftForOther || lacks(one) + lacks(other) > leftForEither;
}
