import type { Actor } from '../../kernel/loop.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type { CertificationSummary, SnapshotSummary, Verdict } from '../../run/report.ts';
import { Certification } from '../../verdicts/certification.ts';
import { ThrownAway } from '../../verdicts/thrown-away.ts';
import type { Cluster, ClusterSize, Lag, Loss, Member, Surroundings } from '../cluster.ts';
import { ConsensusCluster } from '../consensus/cluster.ts';
import { serverChances } from '../consensus/server.ts';
import type { Rule } from './certifying.ts';
import { contactState, memberKind, memberTimers, serviceClassOf } from './kinds.ts';
import { type Member as CertificationMember, newMember } from './member.ts';
import {
  certificationMessage,
  NOTE_CERTIFIED,
  NOTE_CONTACT,
  NOTE_DECIDED,
  NOTE_TURNED_AWAY,
  NOTE_WAITS,
} from './messages.ts';
import type { CertificationSpec } from './spec.ts';
import { WriteSets } from './write-sets.ts';

const contacts = ['together', 'apart', 'refusing'] as const;

/** One group: every member certifies the records that a group of Raft servers, one in each member, puts in order. */
export class CertificationCluster implements Cluster {
  readonly group: readonly CertificationMember[];
  readonly members: readonly Member[];
  readonly serviceClassOf = serviceClassOf;
  readonly messageOf = certificationMessage;
  readonly clientsSeekLeader: boolean;
  readonly clientsAskAnybody: boolean;
  readonly everybodyLeads: boolean;
  private readonly ordering: ConsensusCluster;
  private readonly sets = new WriteSets();
  private readonly thrownAway = new ThrownAway((member) => ({
    by: this.run.names[member]!,
    because: 'whose author had not seen it',
  }));
  private readonly certification: Certification;
  private readonly counts = { accepted: 0, conflicts: 0, rowWaits: 0, turnedAway: 0, waitingMost: 0 };
  private readonly run: Surroundings;

  /** `rule` is first committer wins; a test may give another. */
  constructor(spec: CertificationSpec, size: ClusterSize, run: Surroundings, rule?: Rule) {
    this.run = run;
    const { onePrimary, readRule, retryUs, patienceUs } = spec;
    this.ordering = new ConsensusCluster(spec.order, size, run, undefined, false);
    const settings = { onePrimary, readRule, retryUs, patienceUs };
    const kind = memberKind(this.sets, rule);
    this.group = this.ordering.servers.map((server, self) => newMember(settings, self, server, size.keys));
    this.members = this.group.map((state) => ({
      kind: kind as Actor['kind'],
      state,
      timers: memberTimers.length,
      chances: serverChances,
    }));
    this.clientsSeekLeader = onePrimary;
    this.clientsAskAnybody = !onePrimary;
    this.everybodyLeads = !onePrimary;
    this.certification = new Certification(run.names, size.keys, (member, key, number, stays) =>
      this.thrownAway.threw(run.nowUs(), member, key, 0, number, stays),
    );
  }

  leaderOf(): number {
    return this.ordering.leaderOf();
  }

  timerName(_member: number, slot: number): string {
    return memberTimers[slot]!;
  }

  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void {
    switch (kind) {
      case NOTE_CERTIFIED:
        this.certification.certified(atUs, member, a, b, c, this.sets.seenLsn(b), d === 1);
        break;
      case NOTE_DECIDED:
        if (c === 1) this.counts.accepted++;
        else this.counts.conflicts++;
        // Said in the entry of the record's turn.
        return;
      case NOTE_WAITS:
        this.counts.rowWaits++;
        break;
      case NOTE_TURNED_AWAY:
        this.counts.turnedAway++;
        break;
      case NOTE_CONTACT:
        break;
      default:
        this.ordering.onNote(atUs, member, kind, a, b, c, d);
        return;
    }
    if (this.run.observe !== undefined) this.run.observe(this.entryOf(atUs, member, kind, a, b, c, d));
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
    const atMs = atUs / 1000;
    const node = this.run.names[member]!;
    switch (kind) {
      case NOTE_CERTIFIED:
        return {
          type: 'certified',
          atMs,
          node,
          author: this.run.names[this.sets.author(b)]!,
          lsn: a,
          operation: b,
          key: c,
          seenLsn: this.sets.seenLsn(b),
          passes: d === 1,
        };
      case NOTE_WAITS:
        return { type: 'row-held', atMs, node, operation: a, key: b };
      case NOTE_TURNED_AWAY:
        return { type: 'turned-away', atMs, node, operation: a };
      case NOTE_CONTACT:
        return { type: 'contact', atMs, node, state: contacts[a]! };
      default:
        throw new RangeError(`note kind ${kind} is none of certification's`);
    }
  }

  acknowledged(atUs: number, term: number, lsn: number, value: number, key: number): void {
    this.ordering.acknowledged(atUs, term, lsn, value, key);
    this.thrownAway.acknowledged(value);
  }

  /** Whether all live members have applied all there is, and nobody waits for a verdict. */
  hasConverged(): boolean {
    return (
      this.ordering.hasConverged() &&
      this.group.every(
        ({ open, server }, member) =>
          !this.run.isLive(member) || (open === 0 && server.replayedLsn === server.wal.lastLsn),
      )
    );
  }

  lagOf(member: number): Lag {
    return this.ordering.lagOf(member);
  }

  loss(): Loss {
    return this.ordering.loss();
  }

  lostNumbers(): number[] {
    return this.ordering.lostNumbers();
  }

  looked(): void {
    this.ordering.looked();
    for (const { open } of this.group) this.counts.waitingMost = Math.max(this.counts.waitingMost, open);
  }

  snapshots(): SnapshotSummary {
    return this.ordering.snapshots();
  }

  certified(): CertificationSummary {
    return { ...this.counts };
  }

  verdicts(drained: boolean): Verdict[] {
    return [...this.ordering.verdicts(drained), this.thrownAway.verdict(), this.certification.verdict()];
  }

  roles(): NodeRole[] {
    return this.ordering.roles().map((role, member) => {
      const { contact } = this.group[member]!;
      const state = contactState(contact);
      if (!this.everybodyLeads) return state === 'together' ? role : { ...role, state };
      return {
        ...role,
        role: state === 'together' ? 'leader' : 'replica',
        state: state === 'together' && role.role === 'leader' ? 'orders' : state,
      };
    });
  }

  streams(): readonly StreamView[] {
    return this.ordering.streams();
  }

  helpers(): HelperState[] {
    return [];
  }
}
