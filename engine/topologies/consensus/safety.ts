import type { Verdict, Witness } from '../../run/report.ts';
import { keyOf, type LogHolder, termOf, valueAt } from '../wal.ts';
import { NOTE_LEADING, NOTE_VOTED } from './messages.ts';

/**
 * What must hold of every election, judged from what servers note: a term has at most one leader, and a server votes for
 * at most one candidate in a term. It cannot see a vote that was given and never told.
 */
export class ElectionSafety {
  /** What was broken, in the order it was. */
  readonly violations: string[] = [];
  private readonly servers: number;
  private readonly nameOf: (server: number) => string;
  private readonly leaders = new Map<number, number>();
  /** Whom a server voted for, by term × servers + server. */
  private readonly votes = new Map<number, number>();

  constructor(servers: number, nameOf: (server: number) => string = String) {
    this.servers = servers;
    this.nameOf = nameOf;
  }

  onNote(server: number, kind: number, term: number, candidate: number): void {
    const { nameOf } = this;
    if (kind === NOTE_LEADING) {
      const other = this.leaders.get(term);
      if (other !== undefined && other !== server)
        this.violations.push(`term ${term} has two leaders, servers ${nameOf(other)} and ${nameOf(server)}`);
      this.leaders.set(term, server);
    } else if (kind === NOTE_VOTED) {
      const vote = term * this.servers + server;
      const other = this.votes.get(vote);
      if (other !== undefined && other !== candidate)
        this.violations.push(
          `server ${nameOf(server)} voted for both ${nameOf(other)} and ${nameOf(candidate)} in term ${term}`,
        );
      this.votes.set(vote, candidate);
    }
  }
}

/** How many hashes of committed prefixes are kept, at the most: a server that is down would otherwise make them grow. */
const rememberedMost = 0x10_0000;

/** Rolling hashes of one log's prefixes: of the prefix that ends at an index, by index modulo their number. */
interface Prefixes {
  hashes: Int32Array;
  /** The last index it has the hash of. */
  lastLsn: number;
}

/**
 * Raft's safety, checked as a run goes on, on every run:
 *
 * - election safety: a term has at most one leader, a server one vote in a term;
 * - log matching: two logs that have an entry of the same index and term are the same up to it;
 * - leader completeness: what is committed is in the log of every later leader;
 * - state-machine safety: no two servers commit different entries at one index.
 *
 * A log's prefix is one number, a hash of its last entry and of the prefix before it, so each check compares two numbers
 * when an entry is appended or committed or a leader elected. Two different prefixes have the same number once in 2^32.
 * A snapshot carries the number of the prefix it stands for.
 *
 * It holds as many numbers as the logs hold entries, and of what is committed the last `rememberedMost`. It cannot see what no
 * log shows: an entry that was acknowledged before it was on disk and lost, until a leader without it leads; nor what is
 * committed only after so many others.
 */
export class ConsensusSafety {
  private readonly elections: ElectionSafety;
  private readonly servers: readonly LogHolder[];
  private readonly names: readonly string[];
  private readonly logs: Prefixes[];
  /** What is committed, by the first who said so. */
  private readonly committed: Prefixes = { hashes: new Int32Array(16), lastLsn: 0 };
  /** The first index that `committed` still has the hash of. */
  private committedFrom = 0;
  /** Of snapshots on their way, by index. */
  private readonly snapshots = new Map<number, number>();
  /** The leader of the newest term while it leads; −1 for none. */
  private leader = -1;
  private leaderTerm = 0;
  private count = 0;
  private first: Witness | null = null;

  constructor(servers: readonly LogHolder[], names: readonly string[]) {
    this.servers = servers;
    this.names = names;
    this.elections = new ElectionSafety(servers.length, (server) => names[server]!);
    this.logs = servers.map(() => ({ hashes: new Int32Array(16), lastLsn: 0 }));
  }

  voted(atUs: number, server: number, term: number, candidate: number): void {
    this.elections.onNote(server, NOTE_VOTED, term, candidate);
    this.takeElectionViolations(atUs);
  }

  leading(atUs: number, server: number, term: number): void {
    this.elections.onNote(server, NOTE_LEADING, term, 0);
    this.takeElectionViolations(atUs);
    if (term <= this.leaderTerm) return;
    this.leaderTerm = term;
    this.leader = server;
    const { lastLsn } = this.committed;
    if (lastLsn > 0 && !this.holdsCommitted(server, lastLsn))
      this.broken(
        atUs,
        [
          `${this.names[server]!} leads term ${term}`,
          `its log lacks an entry of those committed through index ${lastLsn}`,
        ],
        () => this.lackOf(server, lastLsn),
      );
  }

  /** A server leads no longer, or is down. */
  left(server: number): void {
    if (server === this.leader) this.leader = -1;
  }

  /** An entry is at the end of a log. */
  appended(atUs: number, server: number, lsn: number): void {
    const log = this.logs[server]!;
    const { wal } = this.servers[server]!;
    const term = termOf(wal, lsn);
    const before = lsn === 1 ? 0 : log.hashes[(lsn - 1) & (log.hashes.length - 1)]!;
    const hash = mix(mix(mix(before, term), keyOf(wal, lsn)), valueAt(wal, lsn));
    setHash(log, lsn, hash, wal.firstLsn);
    for (let other = 0; other < this.servers.length; other++) {
      if (other === server) continue;
      const its = this.servers[other]!.wal;
      if (lsn > its.lastLsn || lsn < its.firstLsn || termOf(its, lsn) !== term) continue;
      // One that holds it is enough: those who hold it were compared with each other.
      if (hashAt(this.logs[other]!, lsn) !== hash)
        this.broken(
          atUs,
          [
            `${this.names[server]!} and ${this.names[other]!} both hold entry ${lsn} of term ${term}`,
            'their logs differ there or before it',
          ],
          () => this.differenceOf(server, other, lsn),
        );
      break;
    }
  }

  /** A server takes entries to be committed. */
  commits(atUs: number, server: number, lsn: number): void {
    const { committed } = this;
    const log = this.logs[server]!;
    const before = Math.min(committed.lastLsn, lsn);
    if (before > 0 && !this.holdsCommitted(server, before))
      this.broken(
        atUs,
        [
          `${this.names[server]!} takes entries through ${lsn} to be committed`,
          `others have committed other entries through index ${before}`,
        ],
        () => this.lackOf(server, before),
      );
    if (lsn <= committed.lastLsn) return;
    // A server may go back to what its disk holds of the committed, and never behind what it has recycled.
    let least = lsn;
    for (const { wal } of this.servers) least = Math.min(least, wal.firstLsn);
    least = Math.max(least, lsn - rememberedMost);
    this.committedFrom = least - 1;
    for (let each = committed.lastLsn + 1; each <= lsn; each++)
      setHash(committed, each, hashAt(log, each), least);
    const { leader } = this;
    if (leader >= 0 && leader !== server && !this.holdsCommitted(leader, lsn))
      this.broken(
        atUs,
        [
          `${this.names[server]!} commits entries through ${lsn}`,
          `${this.names[leader]!}, which leads the newest term ${this.leaderTerm}, lacks one of them`,
        ],
        () => this.lackOf(leader, lsn),
      );
  }

  /** A leader sends what is committed through an index. */
  sends(atUs: number, server: number, lsn: number): void {
    const { lastLsn } = this.committed;
    if (lsn > lastLsn || !this.holdsCommitted(server, lsn))
      this.broken(
        atUs,
        [
          `${this.names[server]!} sends a snapshot of entries through ${lsn}`,
          'not all of them are committed',
        ],
        () => this.excessOf(server, lsn),
      );
    this.snapshots.set(lsn, hashAt(this.logs[server]!, lsn));
  }

  /** A server begins again from what was sent it. */
  installs(server: number, lsn: number): void {
    setHash(this.logs[server]!, lsn, this.snapshots.get(lsn) ?? 0, lsn + 1);
  }

  verdict(): Verdict {
    return {
      name: 'consensus-safety',
      result: this.count === 0 ? 'ok' : 'violation',
      count: this.count,
      witness: this.first,
    };
  }

  /** Whether a server's log begins with what is committed through an index. */
  private holdsCommitted(server: number, lsn: number): boolean {
    if (lsn < this.committedFrom) return true;
    if (lsn > this.servers[server]!.wal.lastLsn) return false;
    return hashAt(this.logs[server]!, lsn) === hashAt(this.committed, lsn);
  }

  /** An election takes no operation: its votes and leaders are the servers' own. */
  private takeElectionViolations(atUs: number): void {
    for (const violation of this.elections.violations.splice(0))
      this.broken(atUs, [violation], () => ({ entries: [], operations: [] }));
  }

  private broken(atUs: number, story: readonly string[], difference: () => Difference): void {
    this.count++;
    if (this.first !== null) return;
    const { entries, operations } = difference();
    this.first = { atMs: atUs / 1000, story: [...story, ...entries], operations };
  }

  // Which entries a violation is about. Looked for once, in logs as they are then.

  /** What is committed through an index and a server's log does not hold: the first that writes something, or else the first. */
  private lackOf(server: number, throughLsn: number): Difference {
    const own = this.servers[server]!.wal;
    const from = Math.max(this.committedFrom, own.firstLsn, 1);
    const isLacking = (lsn: number) =>
      lsn > own.lastLsn || hashAt(this.logs[server]!, lsn) !== hashAt(this.committed, lsn);
    let first = from;
    while (first < throughLsn && !isLacking(first)) first++;
    for (let lsn = first; lsn <= throughLsn; lsn++) {
      const [committed, its] = [this.committedAt(lsn), this.entryAt(server, lsn)];
      if (committed === null || (committed.value > 0 && committed.what !== its?.what))
        return this.lacking(server, lsn);
    }
    return this.lacking(server, first);
  }

  /** What is committed at an index, from a log that holds it and all that was committed before it; null where none does. */
  private committedAt(lsn: number): Entry | null {
    const holder = this.servers.findIndex(
      ({ wal }, server) =>
        lsn >= wal.firstLsn &&
        lsn <= wal.lastLsn &&
        hashAt(this.logs[server]!, lsn) === hashAt(this.committed, lsn),
    );
    return holder < 0 ? null : this.entryAt(holder, lsn);
  }

  private lacking(server: number, lsn: number): Difference {
    const [committed, own] = [this.committedAt(lsn), this.entryAt(server, lsn)];
    const name = this.names[server]!;
    if (committed !== null && committed.what === own?.what) return differBefore(lsn);
    return {
      entries: [
        committed === null
          ? `what was committed at index ${lsn} is in no log any more`
          : `at index ${lsn} ${committed.what} is committed`,
        own === null ? `${name} holds nothing there` : `there ${name} holds ${own.what}`,
      ],
      operations: writesOf(committed, own),
    };
  }

  /** Where two logs that share a later entry differ first. */
  private differenceOf(one: number, other: number, throughLsn: number): Difference {
    const [first, second] = [this.servers[one]!.wal, this.servers[other]!.wal];
    let lsn = Math.max(first.firstLsn, second.firstLsn, 1);
    while (lsn < throughLsn && hashAt(this.logs[one]!, lsn) === hashAt(this.logs[other]!, lsn)) lsn++;
    const [mine, its] = [this.entryAt(one, lsn)!, this.entryAt(other, lsn)!];
    if (mine.what === its.what) return differBefore(lsn);
    return {
      entries: [
        `at index ${lsn} ${this.names[one]!} holds ${mine.what} and ${this.names[other]!} holds ${its.what}`,
      ],
      operations: writesOf(mine, its),
    };
  }

  /** The first entry of a snapshot that is not committed and that its sender still holds. */
  private excessOf(server: number, throughLsn: number): Difference {
    const { wal } = this.servers[server]!;
    const { lastLsn } = this.committed;
    for (let lsn = Math.max(wal.firstLsn, this.committedFrom, 1); lsn <= throughLsn; lsn++) {
      if (lsn <= lastLsn && hashAt(this.logs[server]!, lsn) === hashAt(this.committed, lsn)) continue;
      const entry = this.entryAt(server, lsn)!;
      return { entries: [`at index ${lsn} it has ${entry.what}`], operations: writesOf(entry) };
    }
    return { entries: ['its log holds none of these any more'], operations: [] };
  }

  /** What a server's log holds at an index; null where it ends before. */
  private entryAt(server: number, lsn: number): Entry | null {
    const { wal } = this.servers[server]!;
    if (lsn > wal.lastLsn) return null;
    const value = valueAt(wal, lsn);
    const key = keyOf(wal, lsn);
    const operation = key < 0 ? `the place of read ${value}` : `write ${value} of key ${key}`;
    return {
      value,
      what: `an entry of term ${termOf(wal, lsn)}, ${value === 0 ? 'which writes nothing' : operation}`,
    };
  }
}

/** An entry of a log: the number of its write, 0 where it writes nothing, and what it is as a phrase. */
interface Entry {
  readonly value: number;
  readonly what: string;
}

/** Entries that a violation is about, in sentences, and the writes among them. */
interface Difference {
  readonly entries: readonly string[];
  readonly operations: readonly number[];
}

/** Of a log that has let go of the entries that it is about. */
function differBefore(lsn: number): Difference {
  return { entries: [`they differ before index ${lsn}, where these logs begin by now`], operations: [] };
}

function writesOf(...entries: readonly (Entry | null)[]): number[] {
  return [...new Set(entries.flatMap((entry) => (entry === null || entry.value === 0 ? [] : [entry.value])))];
}

function hashAt({ hashes }: Prefixes, lsn: number): number {
  return hashes[lsn & (hashes.length - 1)]!;
}

/** Keeps the hash of a prefix, and those from index `least` − 1 on. */
function setHash(prefixes: Prefixes, lsn: number, hash: number, least: number): void {
  const size = prefixes.hashes.length;
  if (lsn - least + 2 > size) {
    const wider = new Int32Array(size * 2);
    for (let each = lsn - size; each < lsn; each++)
      wider[each & (size * 2 - 1)] = prefixes.hashes[each & (size - 1)]!;
    prefixes.hashes = wider;
  }
  prefixes.hashes[lsn & (prefixes.hashes.length - 1)] = hash;
  prefixes.lastLsn = lsn;
}

/** 32 bits in which every bit of both counts; the finisher of MurmurHash3. */
function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35) + 0x9e37_79b9;
  return (mixed ^ (mixed >>> 16)) | 0;
}
