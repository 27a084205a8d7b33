/**
 * What each user is promised of what it has seen before, judged as the run goes on. A session is one user's operations;
 * an operation follows another if it began after the other had ended. Versions of a key are ordered by (term, LSN).
 *
 * - `read-your-writes`: a read returned an older version than one its own user had written, and had acknowledged, before.
 * - `monotonic-reads`: a read returned an older version than one its own user had read before.
 * - `consistent-prefix`: the user had read a write whose author, before writing it, had seen or written a version of the
 *   key that is newer than what the read now returned: the answer was seen before the question. What an author had seen
 *   includes what the authors of what it had seen had seen, and so on.
 *
 * A write that a failover threw away counts as seen all the same, unless a newer version took its place. What the authors
 * of the newest writes had seen is kept for so many operations; a read that returns something older adds nothing.
 *
 * Sources: Terry et al., Session Guarantees for Weakly Consistent Replicated Data, 1994; Kleppmann, Designing
 * Data-Intensive Applications, chapter 5.
 */

import { READ } from '../kernel/protocol.ts';
import type { Ended } from '../observe/operations.ts';
import type { Verdict, Witness } from '../run/report.ts';
import type { sessionVerdictNames } from '../scenario/schema.ts';
import { OK } from '../workload/clients.ts';

export type SessionVerdictName = (typeof sessionVerdictNames)[number];

/** Versions, flat: term and LSN, the operation that gave it, the replica that answered, and when. */
class Versions {
  private readonly words: Int32Array;
  private readonly atUs: Float64Array;

  constructor(count: number) {
    this.words = new Int32Array(count * WIDTH);
    this.atUs = new Float64Array(count);
  }

  term(at: number): number {
    return this.words[at * WIDTH]!;
  }

  lsn(at: number): number {
    return this.words[at * WIDTH + 1]!;
  }

  operation(at: number): number {
    return this.words[at * WIDTH + 2]!;
  }

  replica(at: number): number {
    return this.words[at * WIDTH + 3]!;
  }

  whenUs(at: number): number {
    return this.atUs[at]!;
  }

  /** Whether (term, LSN) is older than what is kept there. */
  isAbove(at: number, term: number, lsn: number): boolean {
    const kept = this.words[at * WIDTH]!;
    return kept > term || (kept === term && this.words[at * WIDTH + 1]! > lsn);
  }

  /** Keeps the newer. */
  raise(at: number, term: number, lsn: number, operation: number, replica: number, whenUs: number): void {
    const { words } = this;
    const first = at * WIDTH;
    if (words[first]! > term || (words[first] === term && words[first + 1]! >= lsn)) return;
    words[first] = term;
    words[first + 1] = lsn;
    words[first + 2] = operation;
    words[first + 3] = replica;
    this.atUs[at] = whenUs;
  }

  copy(to: number, from: Versions, at: number): void {
    this.words.set(from.words.subarray(at * WIDTH, (at + 1) * WIDTH), to * WIDTH);
    this.atUs[to] = from.atUs[at]!;
  }
}

const WIDTH = 4;

/** What a user had seen of a key when its operation in a slot began. */
interface Slots {
  users: Int32Array;
  /** Of an open read: the write whose value it found, and who answered. */
  found: Int32Array;
  replicas: Int32Array;
  written: Versions;
  read: Versions;
  required: Versions;
}

export interface SessionSizes {
  /** Of each group. */
  readonly users: number;
  readonly keys: number;
}

/** How many numbers of what authors had seen are kept. */
const rememberedMost = 1 << 20;

export class Sessions {
  private readonly sizes: SessionSizes;
  private readonly nodeNames: readonly string[];
  private readonly groupNames: readonly string[];
  private readonly slots: Slots[];
  // Per user and key.
  private readonly written: Versions;
  private readonly read: Versions;
  /** What the authors of what a user has read had seen. */
  private readonly required: Versions;
  /** By operation number, modulo their number: which write, by whom, and what its author had seen, key by key. */
  private readonly authored: Int32Array;
  private readonly authors: Int32Array;
  private readonly knowledge: Int32Array;
  private readonly remembered: number;
  private readonly counts = { 'read-your-writes': 0, 'monotonic-reads': 0, 'consistent-prefix': 0 };
  private readonly witnesses: Partial<Record<SessionVerdictName, Witness>> = {};

  private readonly numberOf: (key: number, term: number, lsn: number) => number;

  /** `numberOf` the acknowledged write of a version; 0 where it is not known. */
  constructor(
    sizes: SessionSizes,
    nodeNames: readonly string[],
    groupNames: readonly string[],
    numberOf: (key: number, term: number, lsn: number) => number,
  ) {
    this.sizes = sizes;
    this.numberOf = numberOf;
    this.nodeNames = nodeNames;
    this.groupNames = groupNames;
    const pairs = groupNames.length * sizes.users * sizes.keys;
    this.written = new Versions(pairs);
    this.read = new Versions(pairs);
    this.required = new Versions(pairs);
    this.slots = groupNames.map(() => newSlots(8));
    let remembered = 64;
    while (remembered * 2 * sizes.keys <= rememberedMost && remembered < 8192) remembered *= 2;
    this.remembered = remembered;
    this.authored = new Int32Array(remembered);
    this.authors = new Int32Array(remembered);
    this.knowledge = new Int32Array(remembered * sizes.keys * 2);
  }

  began(group: number, slot: number, user: number, number: number, kind: number, key: number): void {
    if (slot >= this.slots[group]!.users.length) this.widen(group);
    const slots = this.slots[group]!;
    slots.users[slot] = user;
    slots.found[slot] = 0;
    const row = this.rowOf(group, user);
    if (kind === READ) {
      slots.written.copy(slot, this.written, row + key);
      slots.read.copy(slot, this.read, row + key);
      slots.required.copy(slot, this.required, row + key);
    } else this.remember(number, row);
  }

  /** A read is about to end with the value of a write (0: of none). */
  found(group: number, slot: number, number: number, replica: number): void {
    const slots = this.slots[group]!;
    slots.found[slot] = number;
    slots.replicas[slot] = replica;
  }

  /** Judges an operation that ended; gives the guarantees that it broke. */
  ended(operation: Ended): readonly SessionVerdictName[] {
    const { group, slot, kind, outcome, key, term, lsn, number, atUs } = operation;
    if (outcome !== OK) return none;
    const slots = this.slots[group]!;
    const at = this.rowOf(group, slots.users[slot]!) + key;
    if (kind !== READ) {
      this.written.raise(at, term, lsn, number, 0, atUs);
      return none;
    }
    const broken = this.judge(operation, slots);
    this.read.raise(at, term, lsn, number, slots.replicas[slot]!, atUs);
    this.learn(slots.found[slot]!, at - key, slots.replicas[slot]!, atUs);
    return broken;
  }

  verdicts(): Verdict[] {
    return (['read-your-writes', 'monotonic-reads', 'consistent-prefix'] as const).map((name) => ({
      name,
      result: this.counts[name] === 0 ? 'ok' : 'violation',
      count: this.counts[name],
      witness: this.witnesses[name] ?? null,
    }));
  }

  private rowOf(group: number, user: number): number {
    return (group * this.sizes.users + user) * this.sizes.keys;
  }

  private judge(operation: Ended, slots: Slots): readonly SessionVerdictName[] {
    const { slot, term, lsn } = operation;
    const isBehindWritten = slots.written.isAbove(slot, term, lsn);
    const isBehindRead = slots.read.isAbove(slot, term, lsn);
    const isBehindRequired = slots.required.isAbove(slot, term, lsn);
    if (!isBehindWritten && !isBehindRead && !isBehindRequired) return none;
    const broken: SessionVerdictName[] = [];
    if (isBehindWritten) broken.push(this.broke('read-your-writes', operation, slots));
    if (isBehindRead) broken.push(this.broke('monotonic-reads', operation, slots));
    if (isBehindRequired) broken.push(this.broke('consistent-prefix', operation, slots));
    return broken;
  }

  private broke(name: SessionVerdictName, operation: Ended, slots: Slots): SessionVerdictName {
    this.counts[name]++;
    this.witnesses[name] ??= this.witness(name, operation, slots);
    return name;
  }

  /** The write that the read lacked, where it is known which that was; how the user had come to see it; the read. */
  private witness(name: SessionVerdictName, operation: Ended, slots: Slots): Witness {
    const { slot, key, number, atUs } = operation;
    const seen = slots[seenBy[name]];
    const lacked = this.numberOf(key, seen.term(slot), seen.lsn(slot));
    const operations = [...new Set([lacked, seen.operation(slot), number])];
    return {
      atMs: atUs / 1000,
      story: [this.whatWasSeen(name, operation, slots, lacked), ...this.whatWasReadThen(operation, slots)],
      operations: lacked === 0 ? operations.slice(1) : operations,
    };
  }

  private whatWasSeen(
    name: SessionVerdictName,
    { group, slot, key }: Ended,
    slots: Slots,
    lacked: number,
  ): string {
    const write = lacked === 0 ? '' : `write ${lacked}, `;
    const user = `user ${slots.users[slot]!} of ${this.groupNames[group]!}`;
    switch (name) {
      case 'read-your-writes': {
        const { written } = slots;
        return `${user} wrote key ${key} (operation ${written.operation(slot)}); at ${written.whenUs(slot) / 1000} ms that was acknowledged as record ${written.lsn(slot)} of term ${written.term(slot)}`;
      }
      case 'monotonic-reads': {
        const { read } = slots;
        return `${user} read key ${key} from ${this.nodeNames[read.replica(slot)]!} (operation ${read.operation(slot)}); at ${read.whenUs(slot) / 1000} ms that returned ${write}record ${read.lsn(slot)} of term ${read.term(slot)}`;
      }
      case 'consistent-prefix': {
        const { required } = slots;
        return `at ${required.whenUs(slot) / 1000} ms ${user} had read, from ${this.nodeNames[required.replica(slot)]!}, what operation ${required.operation(slot)} wrote; whoever wrote that knew ${write}record ${required.lsn(slot)} of term ${required.term(slot)} of key ${key}, before`;
      }
    }
  }

  private whatWasReadThen({ slot, key, number, beganUs, atUs, term, lsn }: Ended, slots: Slots): string[] {
    return [
      `after that, at ${beganUs / 1000} ms, the same user began to read key ${key} (operation ${number})`,
      `at ${atUs / 1000} ms ${this.nodeNames[slots.replicas[slot]!]!} answered with ${lsn === 0 ? 'nothing, as if the key was never written' : `record ${lsn} of term ${term}, which is older`}`,
    ];
  }

  /** Keeps what the author of a write knows as it begins it. */
  private remember(number: number, row: number): void {
    const { keys } = this.sizes;
    const place = number & (this.remembered - 1);
    this.authored[place] = number;
    this.authors[place] = row;
    const { knowledge } = this;
    for (let key = 0; key < keys; key++) {
      const at = row + key;
      let best = this.read;
      if (this.written.isAbove(at, best.term(at), best.lsn(at))) best = this.written;
      if (this.required.isAbove(at, best.term(at), best.lsn(at))) best = this.required;
      const to = (place * keys + key) * 2;
      knowledge[to] = best.term(at);
      knowledge[to + 1] = best.lsn(at);
    }
  }

  /** Who has read a write by somebody else must from now on see what its author had seen. */
  private learn(number: number, row: number, replica: number, atUs: number): void {
    const { keys } = this.sizes;
    const place = number & (this.remembered - 1);
    if (number === 0 || this.authored[place] !== number || this.authors[place] === row) return;
    for (let key = 0; key < keys; key++) {
      const from = (place * keys + key) * 2;
      const term = this.knowledge[from]!;
      if (term > 0) this.required.raise(row + key, term, this.knowledge[from + 1]!, number, replica, atUs);
    }
  }

  private widen(group: number): void {
    const old = this.slots[group]!;
    const slots = newSlots(old.users.length * 2);
    slots.users.set(old.users);
    slots.found.set(old.found);
    slots.replicas.set(old.replicas);
    for (let slot = 0; slot < old.users.length; slot++) {
      slots.written.copy(slot, old.written, slot);
      slots.read.copy(slot, old.read, slot);
      slots.required.copy(slot, old.required, slot);
    }
    this.slots[group] = slots;
  }
}

const none: readonly SessionVerdictName[] = [];

/** What a user had seen that a read of theirs then lacked. */
const seenBy = {
  'read-your-writes': 'written',
  'monotonic-reads': 'read',
  'consistent-prefix': 'required',
} as const;

function newSlots(count: number): Slots {
  return {
    users: new Int32Array(count),
    found: new Int32Array(count),
    replicas: new Int32Array(count),
    written: new Versions(count),
    read: new Versions(count),
    required: new Versions(count),
  };
}
