import type { Actor } from '../../kernel/loop.ts';
import { type NodeKind, READ } from '../../kernel/protocol.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { CopiesView, HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type {
  AntiEntropySummary,
  CoordinationSummary,
  SiblingSummary,
  TombstoneSummary,
  Verdict,
} from '../../run/report.ts';
import type { NodeSpec } from '../../scenario/scenario.ts';
import { DroppedSiblings } from '../../verdicts/dropped-siblings.ts';
import { MissingVersions } from '../../verdicts/missing-versions.ts';
import { Resurrection } from '../../verdicts/resurrection.ts';
import type { VersionOrder } from '../../verdicts/version-order.ts';
import type { Cluster, ClusterSize, Lag, Loss, Member, Surroundings } from '../cluster.ts';
import { demandOf } from './demands.ts';
import { keepsVersion } from './hints.ts';
import { type CoordinatorKind, coordinatorKind, serviceClassOf } from './kinds.ts';
import {
  leaderlessMessage,
  NOTE_BALLOT_LOST,
  NOTE_DIGESTS_DIFFER,
  NOTE_HANDOFF,
  NOTE_HELD_FOR_DOWN,
  NOTE_HINT_EXPIRED,
  NOTE_HINT_HANDED_OVER,
  NOTE_HINTED,
  NOTE_PROPOSED,
  NOTE_PURGED,
  NOTE_READ_REPAIR,
  NOTE_REPAIR_SESSION,
  NOTE_SERIAL_GIVEN_UP,
  NOTE_SIBLING_WRITTEN,
  NOTE_SIBLINGS_READ,
  NOTE_TAKEN_OVER,
  NOTE_TIMED_OUT,
  NOTE_UNAVAILABLE,
  TOMBSTONE,
} from './messages.ts';
import { type Node, newNode, timerNames } from './node.ts';
import { countOf, homesOf, isSerial, needsOf, type Placement, placementOf } from './placement.ts';
import { type SiblingSets, siblingSets } from './siblings.ts';
import type { Asked, LeaderlessSpec } from './spec.ts';
import { CLOCK_HI, isNewer, stampMs } from './stamps.ts';
import { CELL_FLAGS, CELL_LO, CELL_VALUE, CELL_WIDTH } from './store.ts';
import { counterOf, type VersionVector } from './version-vectors.ts';

/** How long nothing is under way before replicas that differ are taken to stay so. */
const patienceUs = 1_000_000;

const noLag: Lag = {
  writeLagUs: 0,
  flushLagUs: 0,
  replayLagUs: 0,
  writeLagBytes: 0,
  flushLagBytes: 0,
  replayLagBytes: 0,
};

/** Nodes that all take reads and writes. */
export class LeaderlessCluster implements Cluster {
  readonly nodes: readonly Node[];
  readonly members: readonly Member[];
  readonly serviceClassOf = serviceClassOf;
  readonly messageOf: Cluster['messageOf'];
  readonly order?: VersionOrder;
  readonly clientsAskAnybody = true;
  readonly holdersOf: ((key: number) => number) | null;
  readonly stampsVersions = true;
  readonly readsGiveNumbers: boolean;
  readonly ordersWrites: boolean;
  private readonly placement: Placement;
  private readonly keys: number;
  private readonly missing: MissingVersions;
  /** Present where keys are deleted. */
  private readonly resurrection: Resurrection | null;
  private readonly run: Surroundings;
  /** Where there may be siblings; null otherwise. */
  private readonly sets: SiblingSets | null;
  private readonly dropped: DroppedSiblings | null;
  private readonly siblingReads = { reads: 0, readMost: 0 };
  /** Since when nothing has been under way while the cluster drains. */
  private quietSinceUs = -1;
  /** A key that live replicas held different versions of when they were last looked at. */
  private differing = 0;
  private readonly repairEveryUs: number;
  private hintsHeldMax = 0;
  private readonly counts = {
    unavailable: 0,
    timedOut: 0,
    readRepairs: 0,
    digestMismatches: 0,
    hintsStored: 0,
    hintsReplayed: 0,
    hintsExpired: 0,
  };
  private readonly repairs = { sessions: 0, givenUp: 0, keys: 0, roundsMax: 0, bytes: 0 };

  /** `kind` is the nodes' own; a test may give another, with a rule broken. */
  constructor(
    spec: LeaderlessSpec,
    { nodes, keys, clients, groups = [], deletes = false }: ClusterSize,
    run: Surroundings,
    kind: CoordinatorKind = coordinatorKind,
  ) {
    this.run = run;
    this.keys = keys;
    const sets = spec.versions === 'lww' ? null : siblingSets(spec.versions);
    this.sets = sets;
    this.readsGiveNumbers = sets === null;
    this.dropped = sets === null ? null : new DroppedSiblings();
    if (sets !== null) this.order = orderOf(sets, run.names.slice(0, nodes.length), this.dropped!);
    this.messageOf = sets === null ? leaderlessMessage : messagesOf(sets);
    const regions = nodes.map(({ region }) => region);
    const { placement, nearest } = whereOf(spec, nodes, keys);
    this.placement = placement;
    this.holdersOf = spec.clientsKnowHolders ? (key) => homesOf(this.placement, key) : null;
    this.repairEveryUs = spec.repairEveryUs;
    const askedByGroups = groups.map(({ read = spec.read, write = spec.write }) => ({ read, write }));
    const writers = askedByGroups.filter((_, group) => groups[group]!.writesPerSecond > 0);
    const allAsked = [spec, ...askedByGroups];
    this.ordersWrites = (writers.length > 0 ? writers : [spec]).every(({ write }) => isSerial(write.wanted));
    const settings = {
      nodes: nodes.length,
      placement: this.placement,
      nearest,
      asksAll: spec.asksAll,
      digests: spec.digests,
      speculativeUs: spec.speculativeUs,
      repair: spec.repair,
      sloppy: spec.sloppy,
      receipts: allAsked.some(({ write }) => write.received > 0),
      hints: spec.hints,
      serial: allAsked.some(({ read, write }) => isSerial(read.wanted) || isSerial(write.wanted)),
      serialTimeoutUs: spec.serialTimeoutUs,
      readTimeoutUs: spec.readTimeoutUs,
      writeTimeoutUs: spec.writeTimeoutUs,
      gossipUs: spec.gossipUs,
      downAfterUs: spec.downAfterUs,
      syncUs: spec.syncUs,
      repairEveryUs: spec.repairEveryUs,
      gcGraceUs: spec.gcGraceUs,
      keepsSiblings: sets !== null,
    };
    const demandsAt = (region: string) => {
      const demand = (asked: Asked, digests: boolean) =>
        demandOf(needsOf(asked.wanted, spec.copies, regions, region), asked, digests);
      return {
        read: demand(spec.read, spec.digests),
        write: demand(spec.write, false),
        own: askedByGroups.every(({ read, write }) => read === spec.read && write === spec.write)
          ? null
          : {
              firstClient: clients[0]!,
              read: askedByGroups.map(({ read }) => demand(read, spec.digests)),
              write: askedByGroups.map(({ write }) => demand(write, false)),
            },
      };
    };
    this.nodes = nodes.map((_, self) => newNode(settings, self, keys, demandsAt(nodes[self]!.region)));
    const ofCluster: NodeKind<Node> = sets === null ? kind : kind.withSiblings(sets);
    this.members = this.nodes.map((state) => ({
      kind: ofCluster as Actor['kind'],
      state,
      timers: timerNames.length + 2 * nodes.length,
      ...(settings.serial && { chances: ['pauses'] }),
    }));
    this.missing = new MissingVersions(this.isSafe, this.order);
    this.resurrection = deletes ? new Resurrection(keys) : null;
  }

  /** Nobody leads. */
  leaderOf(): number {
    return -1;
  }

  timerName(_member: number, slot: number): string {
    return timerNames[slot] ?? 'the pause between hints';
  }

  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void {
    if (kind === NOTE_REPAIR_SESSION) this.repaired(b, c, d);
    else if (kind === NOTE_SIBLING_WRITTEN) this.noteSibling(member, a, b, c, d);
    else if (kind === NOTE_SIBLINGS_READ) this.noteSiblingsRead(b);
    else if (kind === NOTE_PURGED) this.resurrection?.purged(atUs, a, b, c, d, this.run.names[member]!);
    else this.count(kind);
    if (this.run.observe !== undefined) this.run.observe(this.entryOf(atUs, member, kind, a, b, c, d));
  }

  private count(kind: number): void {
    const { counts } = this;
    if (kind === NOTE_UNAVAILABLE) counts.unavailable += 1;
    else if (kind === NOTE_TIMED_OUT) counts.timedOut += 1;
    else if (kind === NOTE_READ_REPAIR) counts.readRepairs += 1;
    else if (kind === NOTE_DIGESTS_DIFFER) counts.digestMismatches += 1;
    else if (kind === NOTE_HINTED) counts.hintsStored += 1;
    else if (kind === NOTE_HINT_HANDED_OVER) counts.hintsReplayed += 1;
    else if (kind === NOTE_HINT_EXPIRED) counts.hintsExpired += 1;
  }

  coordination(): CoordinationSummary {
    const hintsHeld = this.hintsOf(true);
    const hintsHeldMax = Math.max(this.hintsHeldMax, hintsHeld);
    return { ...this.counts, hintsLost: this.hintsOf(false), hintsHeld, hintsHeldMax };
  }

  looked(): void {
    if (this.counts.hintsStored > 0) this.hintsHeldMax = Math.max(this.hintsHeldMax, this.hintsOf(true));
  }

  /** Kept by nodes that live, or by those that do not. */
  private hintsOf(isLive: boolean): number {
    let kept = 0;
    for (const [node, { hints }] of this.nodes.entries())
      if (this.run.isLive(node) === isLive) for (const { count } of hints) kept += count;
    return kept;
  }

  private noteSibling(node: number, key: number, number: number, context: number, set: number): void {
    const [[server, counter]] = this.eventIn(node, set);
    this.dropped!.wrote(key, number, server, counter, this.sets!.vectorOf(context));
  }

  /** The event that a coordinator has made the set with: its newest. */
  private eventIn(node: number, set: number): [[server: number, counter: number]] {
    const sets = this.sets!;
    const { self, life, settings } = this.nodes[node]!;
    const server = self + settings.nodes * life;
    return [[server, counterOf(sets.vectorOf(sets.contextOf(set)), server)]];
  }

  private eventOf(node: number, set: number): string {
    return vectorName(this.eventIn(node, set), this.run.names.slice(0, this.nodes.length));
  }

  private noteSiblingsRead(set: number): void {
    const { siblingReads } = this;
    siblingReads.reads++;
    siblingReads.readMost = Math.max(siblingReads.readMost, this.sets!.valuesOf(set).length);
  }

  siblings(): SiblingSummary {
    let [keys, most] = [0, 0];
    for (let key = 0; key < this.keys; key++) {
      let ofKey = 0;
      for (const node of this.liveHomes(key)) ofKey = Math.max(ofKey, this.valuesAt(node, key));
      if (ofKey > 1) keys++;
      most = Math.max(most, ofKey);
    }
    return { ...this.siblingReads, keys, most };
  }

  /** How many values a node holds of a key. */
  private valuesAt(node: number, key: number): number {
    const value = valueIn(this.nodes[node]!.store.cells, key);
    return this.sets === null ? Math.min(value, 1) : this.sets.valuesOf(value).length;
  }

  /** Where there may be siblings: what live replicas of a key hold. */
  private heldOf(key: number): { vector: VersionVector; values: readonly number[] }[] {
    const sets = this.sets!;
    return this.liveHomes(key).map((node) => {
      const set = this.nodes[node]!.store.cells[key * CELL_WIDTH + CELL_VALUE]!;
      return { vector: sets.vectorOf(sets.contextOf(set)), values: sets.valuesOf(set) };
    });
  }

  private repaired(keys: number, rounds: number, bytes: number): void {
    const { repairs } = this;
    if (rounds < 0) repairs.givenUp += 1;
    else repairs.sessions += 1;
    repairs.keys += keys;
    repairs.roundsMax = Math.max(repairs.roundsMax, rounds);
    repairs.bytes += bytes;
  }

  antiEntropy(): AntiEntropySummary | null {
    return this.repairEveryUs === 0 ? null : { ...this.repairs };
  }

  private entryOf(
    atUs: number,
    member: number,
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): TraceEntry {
    const { names } = this.run;
    const atMs = atUs / 1000;
    const node = names[member]!;
    switch (kind) {
      case NOTE_HELD_FOR_DOWN:
        return { type: 'held-for-down', atMs, by: node, node: names[a]!, down: b === 1 };
      case NOTE_UNAVAILABLE:
        return { type: 'unavailable', atMs, node, kind: a === READ ? 'read' : 'write', key: b };
      case NOTE_READ_REPAIR:
        return { type: 'read-repair', atMs, node, key: a, behind: this.namesIn(b), first: c === 1 };
      case NOTE_REPAIR_SESSION:
        return {
          type: 'repair-session',
          atMs,
          node,
          with: names[a]!,
          keys: b,
          rounds: c < 0 ? null : c,
          bytes: d,
        };
      case NOTE_SIBLING_WRITTEN:
        return {
          type: 'sibling-written',
          atMs,
          node,
          key: a,
          value: b,
          event: this.eventOf(member, d),
          context: this.order!.name(CLOCK_HI, c),
          siblings: this.sets!.valuesOf(d),
        };
      case NOTE_SIBLINGS_READ:
        return { type: 'siblings-read', atMs, node, key: a, siblings: this.sets!.valuesOf(b) };
      case NOTE_PURGED:
        return { type: 'tombstone-purged', atMs, node, key: a, stampMs: stampMs(b, c) };
      case NOTE_TIMED_OUT:
        return {
          type: 'coordination-timed-out',
          atMs,
          node,
          kind: a === READ ? 'read' : 'write',
          key: b,
          silent: this.namesIn(c),
        };
      case NOTE_HINTED:
        return { type: 'hint-kept', atMs, node, for: names[a]!, key: b, value: c };
      case NOTE_DIGESTS_DIFFER:
        return { type: 'digests-differ', atMs, node, key: a };
      case NOTE_HINT_HANDED_OVER:
        return { type: 'hint-handed-over', atMs, node, to: names[a]! };
      case NOTE_HINT_EXPIRED:
        return { type: 'hint-expired', atMs, node, for: names[a]! };
      case NOTE_HANDOFF:
        return { type: 'handoff', atMs, node, to: names[a]!, over: b === 1, hints: c };
      case NOTE_BALLOT_LOST:
        return {
          type: 'ballot-lost',
          atMs,
          node,
          kind: a === READ ? 'read' : 'write',
          key: b,
          to: names[c]!,
        };
      case NOTE_PROPOSED:
        return { type: 'conditional-write', atMs, node, key: a, found: b, value: c };
      case NOTE_TAKEN_OVER:
        return { type: 'proposal-taken-over', atMs, node, key: a, value: b };
      case NOTE_SERIAL_GIVEN_UP:
        return {
          type: 'serial-given-up',
          atMs,
          node,
          kind: a === READ ? 'read' : 'write',
          key: b,
          ballots: c,
        };
      default:
        throw new RangeError(`note kind ${kind} is none of leaderless replication's`);
    }
  }

  private namesIn(mask: number): string[] {
    return this.nodes.flatMap((_, node) => ((mask & (1 << node)) === 0 ? [] : [this.run.names[node]!]));
  }

  acknowledged(atUs: number, hi: number, lo: number, value: number, key: number): void {
    this.missing.acknowledged(atUs, hi, lo, value, key);
    this.dropped?.acknowledged(atUs, key, value);
  }

  foundNothing(read: { readonly key: number; term: number; lsn: number }): void {
    this.resurrection?.foundNothing(read);
  }

  tombstones(): TombstoneSummary | null {
    if (this.resurrection === null) return null;
    let held = 0;
    for (const [node, { store }] of this.nodes.entries()) {
      if (!this.run.isLive(node)) continue;
      for (let at = CELL_FLAGS; at < store.cells.length; at += CELL_WIDTH)
        if ((store.cells[at]! & TOMBSTONE) !== 0) held++;
    }
    return { purged: this.resurrection.purges, held };
  }

  private readonly isSafe = (key: number, hi: number, lo: number, value: number): boolean => {
    if (this.resurrection?.covers(key, hi, lo) === true) return true;
    for (let rest = homesOf(this.placement, key); rest !== 0; rest &= rest - 1) {
      const node = 31 - Math.clz32(rest & -rest);
      if (this.isBehind(this.nodes[node]!.store.durable, key, hi, lo, value)) return false;
    }
    return true;
  };

  /** A tombstone that has gone, and what it covered, is missing nowhere. */
  private readonly isHeld = (key: number, hi: number, lo: number, value: number): boolean =>
    this.resurrection?.covers(key, hi, lo) === true ||
    this.nodes.some(
      (node, self) =>
        this.run.isLive(self) &&
        (!this.isBehind(node.store.cells, key, hi, lo, value) ||
          keepsVersion(
            node,
            (words, at) =>
              words[at] === key &&
              (this.sets === null
                ? !isNewer(hi, lo, value, words[at + 1]!, words[at + 2]!, words[at + 3]!)
                : this.sets.knows(words[at + 2]!, lo)),
          )),
    );

  /** Whether what cells hold of a key lacks a version. */
  private isBehind(cells: Int32Array, key: number, hi: number, lo: number, value: number): boolean {
    return this.sets === null
      ? isOlder(cells, key, hi, lo, value)
      : !this.sets.knows(cells[key * CELL_WIDTH + CELL_LO]!, lo);
  }

  /** Whether nothing is under way, and the live replicas of each key hold the same or have had time enough to. */
  hasConverged(): boolean {
    const { isLive, nowUs } = this.run;
    for (let node = 0; node < this.nodes.length; node++) {
      const { reads, writes, unloggedCount, hints, lightweight } = this.nodes[node]!;
      if (!isLive(node)) continue;
      let open = reads.open + writes.open + unloggedCount + lightweight.open.length;
      for (let peer = 0; peer < hints.length; peer++) if (isLive(peer)) open += hints[peer]!.count;
      if (open === 0) continue;
      this.quietSinceUs = -1;
      return false;
    }
    if (this.quietSinceUs < 0) this.quietSinceUs = nowUs();
    if (nowUs() - this.quietSinceUs >= Math.max(patienceUs, this.repairEveryUs * this.nodes.length))
      return true;
    if (this.differs(this.differing)) return false;
    this.differing = Math.max(0, this.firstDifference(0));
    return !this.differs(this.differing);
  }

  /** The first key from here on that two of its live replicas hold different versions of; −1 for none. */
  private firstDifference(from: number): number {
    for (let key = from; key < this.keys; key++) {
      if (this.differs(key)) return key;
    }
    return -1;
  }

  /** Whether two live replicas of a key hold different versions of it. Asked every few milliseconds of a drain: it allocates nothing. */
  private differs(key: number): boolean {
    let held = -1;
    for (let rest = homesOf(this.placement, key); rest !== 0; rest &= rest - 1) {
      const node = 31 - Math.clz32(rest & -rest);
      if (!this.run.isLive(node)) continue;
      const value = valueIn(this.nodes[node]!.store.cells, key);
      if (held >= 0 && value !== held) return true;
      held = value;
    }
    return false;
  }

  private liveHomes(key: number): number[] {
    const homes = homesOf(this.placement, key);
    return [...this.nodes.keys()].filter((node) => (homes & (1 << node)) !== 0 && this.run.isLive(node));
  }

  /** The newest version of a key that its live replicas hold, and who they are. */
  private readonly newestOf = (key: number): { hi: number; lo: number; value: number; holders: string } => {
    const at = key * CELL_WIDTH;
    const homes = this.liveHomes(key).map((node) => ({ node, cells: this.nodes[node]!.store.cells }));
    let newest: Int32Array = new Int32Array(at + CELL_WIDTH);
    for (const { cells } of homes)
      if (isOlder(newest, key, cells[at]!, cells[at + CELL_LO]!, cells[at + CELL_VALUE]!)) newest = cells;
    const holders = homes.filter(({ cells }) => cells[at + CELL_VALUE] === newest[at + CELL_VALUE]);
    return {
      hi: newest[at]!,
      lo: newest[at + CELL_LO]!,
      value: valueIn(newest, key),
      holders: holders.map(({ node }) => this.run.names[node]!).join(', '),
    };
  };

  lagOf(): Lag {
    return noLag;
  }

  loss(): Loss {
    const lost = this.missing.missing(this.isHeld);
    return { writes: lost.length, fromUs: lost[0]?.atUs ?? 0, toUs: lost.at(-1)?.atUs ?? 0 };
  }

  lostNumbers(): number[] {
    return this.missing.missing(this.isHeld).map(({ value }) => value);
  }

  verdicts(drained: boolean): Verdict[] {
    return [
      this.missing.verdict(this.isHeld),
      this.divergence(drained),
      ...(this.resurrection === null ? [] : [this.resurrection.verdict(this.newestOf)]),
      ...(this.dropped === null
        ? []
        : [
            this.dropped.verdict(
              (key) => this.heldOf(key),
              (vector) => vectorName(vector, this.run.names.slice(0, this.nodes.length)),
            ),
          ]),
    ];
  }

  /** Keys whose live replicas hold different versions when nothing is under way any more. */
  private divergence(drained: boolean): Verdict {
    const { names, nowUs } = this.run;
    let count = 0;
    let story: string[] = [];
    let differing: number[] = [];
    for (let key = this.firstDifference(0); key >= 0; key = this.firstDifference(key + 1)) {
      if (count++ > 0) continue;
      const held = this.liveHomes(key).map((node) => ({ node, writes: this.writesIn(node, key) }));
      const numbers = [...new Set(held.flatMap(({ writes }) => writes))];
      // Siblings that all of them hold make no difference.
      differing = numbers.filter((number) => !held.every(({ writes }) => writes.includes(number)));
      story = held.map(({ node, writes }) => {
        const isDeleted = (this.nodes[node]!.store.cells[key * CELL_WIDTH + CELL_FLAGS]! & TOMBSTONE) !== 0;
        const kind = isDeleted ? 'the tombstone of delete' : this.sets === null ? 'write number' : 'writes';
        return `${names[node]!} holds ${writes.length === 0 ? 'nothing' : `${kind} ${writes.join(', ')}`} under key ${key}`;
      });
    }
    return {
      name: 'divergence',
      result: count === 0 ? 'ok' : drained ? 'violation' : 'unknown',
      count,
      witness: count === 0 ? null : { atMs: nowUs() / 1000, story, operations: differing },
    };
  }

  /** Writes whose values a node holds of a key, or the delete whose tombstone. */
  private writesIn(node: number, key: number): readonly number[] {
    const number = this.nodes[node]!.store.cells[key * CELL_WIDTH + CELL_VALUE]!;
    return number === 0 ? [] : (this.sets?.valuesOf(number) ?? [number]);
  }

  roles(): NodeRole[] {
    const copies = this.copies();
    return this.nodes.map(({ reads, writes, lightweight, settings, up }, node) => ({
      role: 'replica',
      state: `coordinates ${reads.open + writes.open + lightweight.open.length}${heldForDown(settings.nodes - countOf(up))}`,
      term: 0,
      writtenLsn: 0,
      flushedLsn: 0,
      appliedLsn: 0,
      believedLeader: null,
      copies: copies[node]!,
    }));
  }

  /** Of each node, the keys it is to hold that have been written, and how many of these it has the newest version of. */
  private copies(): CopiesView[] {
    const { nodes } = this;
    const counts = nodes.map(() => ({ keys: 0, newest: 0, newestOnDisk: 0 }));
    for (let key = 0; key < this.keys; key++) {
      const at = key * CELL_WIDTH;
      const value = this.newestValue(key);
      if (value === 0) continue;
      const homes = homesOf(this.placement, key);
      for (const [node, { store }] of nodes.entries()) {
        if ((homes & (1 << node)) === 0) continue;
        const count = counts[node]!;
        count.keys++;
        if (store.cells[at + CELL_VALUE] === value) count.newest++;
        if (store.durable[at + CELL_VALUE] === value) count.newestOnDisk++;
      }
    }
    return counts;
  }

  /** What a node holds of a key that knows as much as all nodes together; 0 where it was never written. */
  private newestValue(key: number): number {
    const at = key * CELL_WIDTH;
    const { nodes, sets } = this;
    if (sets !== null)
      return nodes.reduce((all, { store }) => sets.merge(all, store.cells[at + CELL_VALUE]!), 0);
    let newest = nodes[0]!.store.cells;
    for (const { store } of nodes) {
      if (isOlder(newest, key, store.cells[at]!, store.cells[at + CELL_LO]!, store.cells[at + CELL_VALUE]!))
        newest = store.cells;
    }
    return newest[at + CELL_VALUE]!;
  }

  streams(): StreamView[] {
    return [];
  }

  helpers(): HelperState[] {
    return [];
  }
}

/** Of versions that are clocks one lacks what it does not know. */
function orderOf(sets: SiblingSets, names: readonly string[], dropped: DroppedSiblings): VersionOrder {
  return {
    lacks: (_, context, __, other) => !sets.knows(context, other),
    join: (context, other) => sets.join(context, other),
    name: (_, context) => vectorName(sets.vectorOf(context), names),
    missed: (key, context, other) => dropped.missed(key, sets.vectorOf(context), sets.vectorOf(other)),
  };
}

/** A clock as people write it: a node that has crashed counts anew, under a name of its own. */
function vectorName(vector: VersionVector, names: readonly string[]): string {
  const nodes = names.length;
  const parts = vector.map(([server, counter]) => {
    const life = Math.floor((server as number) / nodes);
    return `${names[(server as number) % nodes]!}${life === 0 ? '' : `-${life + 1}`}: ${counter}`;
  });
  return `{${parts.join(', ')}}`;
}

/** Messages with the values that they carry. */
function messagesOf(sets: SiblingSets): Cluster['messageOf'] {
  return (kind, a, b, c, d, e) => {
    const message = leaderlessMessage(kind, a, b, c, d, e);
    return 'value' in message && 'stampMs' in message
      ? { ...message, siblings: sets.valuesOf(message.value) }
      : message;
  };
}

function heldForDown(nodes: number): string {
  return nodes === 0 ? '' : `, ${nodes} down`;
}

/** Number of the write whose value cells hold of a key; 0 for none, or where it is deleted. */
function valueIn(cells: Int32Array, key: number): number {
  const at = key * CELL_WIDTH;
  return (cells[at + CELL_FLAGS]! & TOMBSTONE) === 0 ? cells[at + CELL_VALUE]! : 0;
}

/** Whether what cells hold of a key is older than a version. */
function isOlder(cells: Int32Array, key: number, hi: number, lo: number, value: number): boolean {
  const at = key * CELL_WIDTH;
  return isNewer(hi, lo, value, cells[at]!, cells[at + CELL_LO]!, cells[at + CELL_VALUE]!);
}

/** Where copies are, and who is near whom: runs of one scenario share this. */
interface Whereabouts {
  readonly nodes: readonly NodeSpec[];
  readonly keys: number;
  readonly placement: Placement;
  readonly nearest: Uint8Array;
}

const whereabouts = new WeakMap<LeaderlessSpec, Whereabouts>();

function whereOf(spec: LeaderlessSpec, nodes: readonly NodeSpec[], keys: number): Whereabouts {
  let known = whereabouts.get(spec);
  if (known?.nodes !== nodes || known.keys !== keys) {
    const placement = placementOf(nodes, spec.copies, spec.virtualNodes, keys);
    known = { nodes, keys, placement, nearest: nearestFirst(nodes) };
    whereabouts.set(spec, known);
  }
  return known;
}

/** Per node all nodes: itself, those of its region, the others, each in the order of the file. */
function nearestFirst(nodes: readonly NodeSpec[]): Uint8Array {
  return Uint8Array.from(
    nodes.flatMap(({ region }, self) => {
      const farness = (node: number) => (node === self ? 0 : nodes[node]!.region === region ? 1 : 2);
      // Among equals each node begins after itself, so that not all ask the first.
      const inTurn = nodes.map((_, step) => (self + step) % nodes.length);
      return inTurn.sort((a, b) => farness(a) - farness(b));
    }),
  );
}
