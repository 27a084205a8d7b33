import type { Actor } from '../../kernel/loop.ts';
import { READ } from '../../kernel/protocol.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { CopiesView, HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type { AntiEntropySummary, CoordinationSummary, Verdict } from '../../run/report.ts';
import type { NodeSpec } from '../../scenario/scenario.ts';
import { MissingVersions } from '../../verdicts/missing-versions.ts';
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
  NOTE_READ_REPAIR,
  NOTE_REPAIR_SESSION,
  NOTE_SERIAL_GIVEN_UP,
  NOTE_TAKEN_OVER,
  NOTE_TIMED_OUT,
  NOTE_UNAVAILABLE,
} from './messages.ts';
import { type Node, newNode, timerNames } from './node.ts';
import { countOf, homesOf, isSerial, needsOf, type Placement, placementOf } from './placement.ts';
import type { Asked, LeaderlessSpec } from './spec.ts';
import { isNewer } from './stamps.ts';
import { CELL_LO, CELL_VALUE, CELL_WIDTH } from './store.ts';

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
  readonly messageOf = leaderlessMessage;
  readonly clientsAskAnybody = true;
  readonly stampsVersions = true;
  readonly ordersWrites: boolean;
  private readonly placement: Placement;
  private readonly keys: number;
  private readonly missing: MissingVersions;
  private readonly run: Surroundings;
  /** Since when nothing has been under way while the cluster drains. */
  private quietSinceUs = -1;
  private readonly repairEveryUs: number;
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
    { nodes, keys, clients, groups = [] }: ClusterSize,
    run: Surroundings,
    kind: CoordinatorKind = coordinatorKind,
  ) {
    this.run = run;
    this.keys = keys;
    const regions = nodes.map(({ region }) => region);
    this.placement = placementOf(regions, spec.copies, spec.virtualNodes, keys);
    this.repairEveryUs = spec.repairEveryUs;
    this.ordersWrites = isSerial(spec.write.wanted);
    const askedByGroups = groups.map(({ read = spec.read, write = spec.write }) => ({ read, write }));
    const settings = {
      nodes: nodes.length,
      placement: this.placement,
      nearest: nearestFirst(nodes),
      asksAll: spec.asksAll,
      digests: spec.digests,
      speculativeUs: spec.speculativeUs,
      repair: spec.repair,
      sloppy: spec.sloppy,
      receipts: [spec, ...askedByGroups].some(({ write }) => write.received > 0),
      hintCounts: spec.write.wanted === 'ANY',
      hints: spec.hints,
      serialReads: isSerial(spec.read.wanted),
      serialWrites: isSerial(spec.write.wanted),
      serialTimeoutUs: spec.serialTimeoutUs,
      readTimeoutUs: spec.readTimeoutUs,
      writeTimeoutUs: spec.writeTimeoutUs,
      gossipUs: spec.gossipUs,
      downAfterUs: spec.downAfterUs,
      syncUs: spec.syncUs,
      repairEveryUs: spec.repairEveryUs,
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
    this.members = this.nodes.map((state) => ({
      kind: kind as Actor['kind'],
      state,
      timers: timerNames.length + 2 * nodes.length,
      ...((settings.serialReads || settings.serialWrites) && { chances: ['pauses'] }),
    }));
    this.missing = new MissingVersions(this.isSafe);
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
    const held = (isLive: boolean) =>
      this.nodes.reduce(
        (sum, { hints }, node) =>
          this.run.isLive(node) === isLive ? hints.reduce((kept, { count }) => kept + count, sum) : sum,
        0,
      );
    return { ...this.counts, hintsLost: held(false), hintsHeld: held(true) };
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
  }

  private readonly isSafe = (key: number, hi: number, lo: number, value: number): boolean => {
    for (let rest = homesOf(this.placement, key); rest !== 0; rest &= rest - 1) {
      const node = 31 - Math.clz32(rest & -rest);
      if (isOlder(this.nodes[node]!.store.durable, key, hi, lo, value)) return false;
    }
    return true;
  };

  private readonly isHeld = (key: number, hi: number, lo: number, value: number): boolean =>
    this.nodes.some(
      (node, self) =>
        this.run.isLive(self) &&
        (!isOlder(node.store.cells, key, hi, lo, value) ||
          keepsVersion(
            node,
            (words, at) =>
              words[at] === key && !isNewer(hi, lo, value, words[at + 1]!, words[at + 2]!, words[at + 3]!),
          )),
    );

  /** Whether nothing is under way, and the live replicas of each key hold the same or have had time enough to. */
  hasConverged(): boolean {
    const { isLive, nowUs } = this.run;
    const isBusy = this.nodes.some(
      ({ reads, writes, unloggedCount, hints, lightweight }, node) =>
        isLive(node) &&
        (reads.open + writes.open + unloggedCount + lightweight.open.length > 0 ||
          hints.some(({ count }, peer) => count > 0 && isLive(peer))),
    );
    if (isBusy) this.quietSinceUs = -1;
    else if (this.quietSinceUs < 0) this.quietSinceUs = nowUs();
    if (isBusy) return false;
    return (
      nowUs() - this.quietSinceUs >= Math.max(patienceUs, this.repairEveryUs * this.nodes.length) ||
      this.firstDifference(0) < 0
    );
  }

  /** The first key from here on that two of its live replicas hold different versions of; −1 for none. */
  private firstDifference(from: number): number {
    for (let key = from; key < this.keys; key++) {
      const [first, ...others] = this.liveHomes(key);
      if (others.some((other) => !this.holdSame(key, first!, other))) return key;
    }
    return -1;
  }

  private liveHomes(key: number): number[] {
    const homes = homesOf(this.placement, key);
    return [...this.nodes.keys()].filter((node) => (homes & (1 << node)) !== 0 && this.run.isLive(node));
  }

  private holdSame(key: number, one: number, other: number): boolean {
    const at = key * CELL_WIDTH + CELL_VALUE;
    return this.nodes[one]!.store.cells[at] === this.nodes[other]!.store.cells[at];
  }

  lagOf(): Lag {
    return noLag;
  }

  loss(): Loss {
    const lost = this.missing.missing(this.isHeld);
    return { writes: lost.length, fromUs: lost[0]?.atUs ?? 0, toUs: lost.at(-1)?.atUs ?? 0 };
  }

  verdicts(drained: boolean): Verdict[] {
    return [this.missing.verdict(this.isHeld), this.divergence(drained)];
  }

  /** Keys whose live replicas hold different versions when nothing is under way any more. */
  private divergence(drained: boolean): Verdict {
    const { names, nowUs } = this.run;
    let count = 0;
    let story: string[] = [];
    for (let key = this.firstDifference(0); key >= 0; key = this.firstDifference(key + 1)) {
      if (count++ > 0) continue;
      story = this.liveHomes(key).map((node) => {
        const value = this.nodes[node]!.store.cells[key * CELL_WIDTH + CELL_VALUE]!;
        return `${names[node]!} holds ${value === 0 ? 'nothing' : `write number ${value}`} under key ${key}`;
      });
    }
    return {
      name: 'divergence',
      result: count === 0 ? 'ok' : drained ? 'violation' : 'unknown',
      count,
      witness: count === 0 ? null : { atMs: nowUs() / 1000, story },
    };
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
      let newest = nodes[0]!.store.cells;
      for (const { store } of nodes) {
        if (isOlder(newest, key, store.cells[at]!, store.cells[at + CELL_LO]!, store.cells[at + CELL_VALUE]!))
          newest = store.cells;
      }
      const value = newest[at + CELL_VALUE]!;
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

  streams(): StreamView[] {
    return [];
  }

  helpers(): HelperState[] {
    return [];
  }
}

function heldForDown(nodes: number): string {
  return nodes === 0 ? '' : `, ${nodes} down`;
}

/** Whether what cells hold of a key is older than a version. */
function isOlder(cells: Int32Array, key: number, hi: number, lo: number, value: number): boolean {
  const at = key * CELL_WIDTH;
  return isNewer(hi, lo, value, cells[at]!, cells[at + CELL_LO]!, cells[at + CELL_VALUE]!);
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
