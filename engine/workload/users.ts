/**
 * The users of a client group, where somebody asks who is who: each operation is one user's. A user keeps asking
 * whether or not it was answered, as somebody with several tabs open does.
 */

export interface UserSettings {
  readonly count: number;
  /** How long after a write's acknowledgement its user reads the key; −1 where nobody does. */
  readonly readAfterWriteUs: number;
}

/** What is done so that users see their own writes, and time does not go backward for them. */
export interface ReadRemedies {
  /** Each user reads from one replica, as long as it lives. */
  readonly sticky: boolean;
  /** How long after a write's acknowledgement its user reads from the leader; 0: not at all. */
  readonly leaderForUs: number;
  /** Whether a read says what its user has seen, so that the replica may wait until it shows as much. */
  readonly carriesSeen: boolean;
}

export interface Users {
  readonly settings: UserSettings;
  /** Per slot of the group's pool: whose operation it is, and of which key. */
  ofSlot: Int32Array;
  keyOfSlot: Int32Array;
  /** Per user: until when it reads from the leader. */
  readonly leaderUntilUs: Float64Array;
  /** Per user and shard: term and LSN of the newest it has written or read. */
  readonly seen: Int32Array;
  readonly shards: number;
  /** Reads that are to follow writes, in the order of their times: a ring. */
  followUps: { users: Int32Array; keys: Int32Array; atUs: Float64Array; first: number; count: number };
}

export function newUsers(settings: UserSettings, shards: number): Users {
  return {
    settings,
    ofSlot: new Int32Array(8),
    keyOfSlot: new Int32Array(8),
    leaderUntilUs: new Float64Array(settings.count),
    seen: new Int32Array(settings.count * shards * 2),
    shards,
    followUps: {
      users: new Int32Array(8),
      keys: new Int32Array(8),
      atUs: new Float64Array(8),
      first: 0,
      count: 0,
    },
  };
}

export function takeUp(users: Users, slot: number, user: number, key: number): void {
  if (slot >= users.ofSlot.length) {
    users.ofSlot = wider(users.ofSlot);
    users.keyOfSlot = wider(users.keyOfSlot);
  }
  users.ofSlot[slot] = user;
  users.keyOfSlot[slot] = key;
}

/** Where what a user has seen of the shard of a key is kept: term, then LSN. */
export function seenAt({ shards }: Users, user: number, key: number): number {
  return (user * shards + (key % shards)) * 2;
}

/** The user of a slot has an answer. */
export function noteSeen(users: Users, slot: number, term: number, lsn: number): void {
  const { seen } = users;
  const at = seenAt(users, users.ofSlot[slot]!, users.keyOfSlot[slot]!);
  if (term < seen[at]! || (term === seen[at] && lsn <= seen[at + 1]!)) return;
  seen[at] = term;
  seen[at + 1] = lsn;
}

/**
 * The one of the replicas, a bit each and at least one, that a user keeps to: the one that its hash with the user's number
 * ranks first. When that one is gone its users spread over the others, and nobody else moves.
 * Source: Thaler and Ravishankar, A Name-Based Mapping Scheme for Rendezvous, 1996.
 */
export function pinned(user: number, replicas: number): number {
  let best = -1;
  let bestRank = -1;
  for (let replica = 0; replicas >>> replica !== 0; replica++) {
    if ((replicas & (1 << replica)) === 0) continue;
    let rank = Math.imul(user + 1, 0x9e37_79b1) ^ Math.imul(replica + 1, 0x85eb_ca6b);
    rank = Math.imul(rank ^ (rank >>> 15), 0x2c1b_3c6d);
    rank = Math.imul(rank ^ (rank >>> 12), 0x297a_2d39) >>> 1;
    if (rank > bestRank) {
      best = replica;
      bestRank = rank;
    }
  }
  return best;
}

/** The user of a slot's write will read the same key again. Writes are acknowledged in the order of these times. */
export function addFollowUp(users: Users, slot: number, atUs: number): void {
  const ring = users.followUps;
  if (ring.count === ring.users.length) {
    // The oldest goes to the front, so that what is added has room behind the newest.
    const order = Int32Array.from(ring.users, (_, index) => (ring.first + index) & (ring.count - 1));
    ring.users = wider(order.map((at) => ring.users[at]!));
    ring.keys = wider(order.map((at) => ring.keys[at]!));
    const atUsOf = new Float64Array(ring.count * 2);
    for (const [index, at] of order.entries()) atUsOf[index] = ring.atUs[at]!;
    ring.atUs = atUsOf;
    ring.first = 0;
  }
  const at = (ring.first + ring.count) & (ring.users.length - 1);
  ring.users[at] = users.ofSlot[slot]!;
  ring.keys[at] = users.keyOfSlot[slot]!;
  ring.atUs[at] = atUs;
  ring.count++;
}

/** When the next read that follows a write is due; Infinity where there is none. */
export function nextFollowUpUs({ followUps }: Users): number {
  return followUps.count === 0 ? Number.POSITIVE_INFINITY : followUps.atUs[followUps.first]!;
}

/** Takes the next read that follows a write, and gives its place in the ring, which holds until another is added. */
export function takeFollowUp({ followUps }: Users): number {
  const at = followUps.first;
  followUps.first = (at + 1) & (followUps.users.length - 1);
  followUps.count--;
  return at;
}

function wider(array: Int32Array): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(array.length * 2);
  twice.set(array);
  return twice;
}
