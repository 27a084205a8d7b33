/** Numbers of a version: two that it is ordered by, that of its write, and when that was acknowledged. */
const WIDTH = 4;
const TERM = 0;
const LSN = 1;
const NUMBER = 2;
const AT_US = 3;

const fewest = 4;
/** Versions kept of a key, at most; fewer where there are many keys, so that all keys together keep this many. */
const mostOfKey = 1024;
const mostInAll = 1 << 18;
const leastOfKey = 16;

/** Acknowledged versions of one key, oldest first. */
interface OfKey {
  count: number;
  versions: Float64Array;
  /** Whether there were more. */
  hasForgotten: boolean;
}

/** How far behind the newest acknowledged version of its key a version was. */
export interface Behind {
  /** Newer versions that had been acknowledged: k of k-staleness, when the version itself is the first. */
  versions: number;
  /** When the first of them was. */
  sinceUs: number;
  /** Number of the newest of them. */
  newest: number;
  /** Whether there may have been more, and earlier ones, that are no longer remembered. */
  isLeast: boolean;
}

/**
 * Of each key the acknowledged versions, as many as can be remembered, so that a stale read can be told by how much: in
 * versions and in time, as PBS has it. Its memory is flat; a key that nobody writes costs nothing.
 * Source: Bailis et al., Probabilistically Bounded Staleness for Practical Partial Quorums, VLDB 2012, section 2.
 */
export class AcknowledgedVersions {
  private readonly keys: (OfKey | undefined)[];
  private readonly capacity: number;
  private readonly behind: Behind = { versions: 0, sinceUs: 0, newest: 0, isLeast: false };

  constructor(keys: number) {
    this.keys = new Array(keys);
    this.capacity = Math.min(mostOfKey, Math.max(leastOfKey, Math.floor(mostInAll / keys)));
  }

  add(atUs: number, key: number, term: number, lsn: number, number: number): void {
    const ofKey = (this.keys[key] ??= {
      count: 0,
      versions: new Float64Array(fewest * WIDTH),
      hasForgotten: false,
    });
    if (ofKey.count * WIDTH === ofKey.versions.length) this.makeRoom(ofKey);
    const { versions } = ofKey;
    let at = ofKey.count++;
    while (at > 0 && isNewer(versions, at - 1, term, lsn)) at--;
    versions.copyWithin((at + 1) * WIDTH, at * WIDTH, (ofKey.count - 1) * WIDTH);
    versions[at * WIDTH + TERM] = term;
    versions[at * WIDTH + LSN] = lsn;
    versions[at * WIDTH + NUMBER] = number;
    versions[at * WIDTH + AT_US] = atUs;
  }

  /** How far behind a version is, given what had been acknowledged by then. The answer is reused: do not keep it. */
  behindOf(key: number, term: number, lsn: number, byUs: number): Behind {
    const { behind } = this;
    behind.versions = 0;
    behind.sinceUs = byUs;
    behind.newest = 0;
    const { count, versions, hasForgotten } = this.keys[key]!;
    let at = count - 1;
    for (; at >= 0 && isNewer(versions, at, term, lsn); at--) {
      const atUs = versions[at * WIDTH + AT_US]!;
      if (atUs > byUs) continue;
      if (behind.versions++ === 0) behind.newest = versions[at * WIDTH + NUMBER]!;
      if (atUs < behind.sinceUs) behind.sinceUs = atUs;
    }
    behind.isLeast = at < 0 && hasForgotten;
    return behind;
  }

  /** The write of a version; 0 where it has not been acknowledged, or is remembered no longer. */
  numberOf(key: number, term: number, lsn: number): number {
    const ofKey = this.keys[key];
    for (let at = (ofKey?.count ?? 0) - 1; at >= 0; at--) {
      const { versions } = ofKey!;
      if (versions[at * WIDTH + TERM] === term && versions[at * WIDTH + LSN] === lsn)
        return versions[at * WIDTH + NUMBER]!;
    }
    return 0;
  }

  /** The older half goes once a key has as many as are kept. */
  private makeRoom(ofKey: OfKey): void {
    const { count, versions } = ofKey;
    if (count < this.capacity) {
      ofKey.versions = new Float64Array(Math.min(this.capacity, count * 4) * WIDTH);
      ofKey.versions.set(versions);
      return;
    }
    const goes = count >> 1;
    versions.copyWithin(0, goes * WIDTH);
    ofKey.count = count - goes;
    ofKey.hasForgotten = true;
  }
}

function isNewer(versions: Float64Array, at: number, term: number, lsn: number): boolean {
  const thisTerm = versions[at * WIDTH + TERM]!;
  return thisTerm > term || (thisTerm === term && versions[at * WIDTH + LSN]! > lsn);
}
