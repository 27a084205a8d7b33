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
      this.broken(atUs, [
        `${this.names[server]!} leads term ${term}`,
        `its log lacks an entry of those committed through index ${lastLsn}`,
      ]);
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
        this.broken(atUs, [
          `${this.names[server]!} and ${this.names[other]!} both hold entry ${lsn} of term ${term}`,
          'their logs differ there or before it',
        ]);
      break;
    }
  }

  /** A server takes entries to be committed. */
  commits(atUs: number, server: number, lsn: number): void {
    const { committed } = this;
    const log = this.logs[server]!;
    const before = Math.min(committed.lastLsn, lsn);
    if (before > 0 && !this.holdsCommitted(server, before))
      this.broken(atUs, [
        `${this.names[server]!} takes entries through ${lsn} to be committed`,
        `others have committed other entries through index ${before}`,
      ]);
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
      this.broken(atUs, [
        `${this.names[server]!} commits entries through ${lsn}`,
        `${this.names[leader]!}, which leads the newest term ${this.leaderTerm}, lacks one of them`,
      ]);
  }

  /** A leader sends what is committed through an index. */
  sends(atUs: number, server: number, lsn: number): void {
    const { lastLsn } = this.committed;
    if (lsn > lastLsn || !this.holdsCommitted(server, lsn))
      this.broken(atUs, [
        `${this.names[server]!} sends a snapshot of entries through ${lsn}`,
        'not all of them are committed',
      ]);
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

  private takeElectionViolations(atUs: number): void {
    for (const violation of this.elections.violations.splice(0)) this.broken(atUs, [violation]);
  }

  private broken(atUs: number, story: readonly string[]): void {
    this.count++;
    this.first ??= { atMs: atUs / 1000, story };
  }
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
