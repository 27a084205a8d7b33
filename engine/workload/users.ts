/**
 * The users of a client group, where somebody asks who is who: each operation is one user's. A user keeps asking
 * whether or not it was answered, as somebody with several tabs open does.
 */

export interface UserSettings {
  readonly count: number;
  /** How long after a write's acknowledgement its user reads the key; −1 where nobody does. */
  readonly readAfterWriteUs: number;
}

export interface Users {
  readonly settings: UserSettings;
  /** Per slot of the group's pool: whose operation it is, and of which key. */
  ofSlot: Int32Array;
  keyOfSlot: Int32Array;
  /** Reads that are to follow writes, in the order of their times: a ring. */
  followUps: { users: Int32Array; keys: Int32Array; atUs: Float64Array; first: number; count: number };
}

export function newUsers(settings: UserSettings): Users {
  return {
    settings,
    ofSlot: new Int32Array(8),
    keyOfSlot: new Int32Array(8),
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
