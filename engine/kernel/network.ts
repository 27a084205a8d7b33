import type { LatencyTable } from './latency.ts';
import { sampleLatency } from './latency.ts';
import { LATEST_US } from './queue.ts';
import { type Streams, thresholdOf } from './random.ts';

/** How messages from one actor to another travel. */
export interface LinkSettings {
  readonly latency: LatencyTable;
  /** By kind of message, where kinds travel differently; without it, all as `latency`. */
  readonly latencyByKind?: readonly LatencyTable[];
  /** Added to every delay: a hop on the way. Without it, none. */
  readonly hopUs?: number;
  /** Bandwidth; 0 is unlimited. */
  readonly bytesPerSecond: number;
  /** Chance that a message is lost, and that it arrives twice, 0 … 1. */
  readonly loss: number;
  readonly duplication: number;
  /** Whether a message may arrive twice at all: a client's connection sees to it that none does. */
  readonly mayDuplicate: boolean;
  /** First in, first out, as on one TCP connection; otherwise messages may overtake each other. */
  readonly ordered: boolean;
}

/** A link in use: its settings, its own streams, and what faults have made of it. */
interface Link {
  readonly settings: LinkSettings;
  readonly byKind: readonly LatencyTable[] | null;
  readonly delays: number;
  /** Streams of what befalls messages where the link may lose or double them; −1 until it may. */
  losses: number;
  duplications: number;
  lossThreshold: number;
  duplicationThreshold: number;
  /** Whether messages may be lost or doubled now. */
  unreliable: boolean;
  extraUs: number;
  /** When the link has sent all it was given, and when the last message of an ordered link arrives. */
  sentUs: number;
  lastArrivalUs: number;
}

/** By names of actors, and by pair: what the stream of a link's delays is called. */
const streamNames = new WeakMap<readonly string[], string[]>();

/**
 * Directed links between actors. A link comes to be when it is first used; its draws come from streams of its own,
 * named after its ends, so that no link disturbs another.
 *
 * `plan` decides a message's arrival when it is sent. The delay is drawn whether or not the message arrives, so that a
 * cut or a loss leaves every later delay as it was.
 */
export class Network {
  private readonly actors: number;
  private readonly names: readonly string[];
  private readonly streams: Streams;
  private readonly settingsOf: (from: number, to: number) => LinkSettings;
  /** By pair, from × actors + to; null until used. */
  private readonly links: (Link | null)[];
  /** Cuts now in force, per pair. */
  private readonly cuts: Int32Array;
  /** Arrival of the duplicate of the message last planned, or −1. */
  duplicateUs = -1;

  constructor(
    names: readonly string[],
    streams: Streams,
    settingsOf: (from: number, to: number) => LinkSettings,
  ) {
    this.actors = names.length;
    this.names = names;
    this.streams = streams;
    this.settingsOf = settingsOf;
    this.links = new Array(this.actors * this.actors).fill(null);
    this.cuts = new Int32Array(this.actors * this.actors);
  }

  /** When a message sent at `departUs` arrives, or −1 where it never does. Sets `duplicateUs`. */
  plan(departUs: number, from: number, to: number, bytes: number, kind = 0): number {
    const pair = from * this.actors + to;
    const link = this.links[pair] ?? this.open(from, to);
    const { settings } = link;
    const latency = link.byKind === null ? settings.latency : link.byKind[kind]!;
    let arrivalUs = departUs + sampleLatency(latency, this.streams.next(link.delays)) + link.extraUs;
    // What most links are not is apart, so that the rest is small enough to be compiled into whoever sends.
    if (settings.bytesPerSecond > 0) arrivalUs += this.waitForLine(link, departUs, bytes);
    if (settings.ordered) {
      if (arrivalUs < link.lastArrivalUs) arrivalUs = link.lastArrivalUs;
      link.lastArrivalUs = arrivalUs;
    }
    this.duplicateUs = -1;
    if (link.unreliable) return this.riskIt(link, from, to, arrivalUs, latency);
    return this.cuts[pair]! > 0 ? -1 : arrivalUs;
  }

  /** How long it takes until a link of limited bandwidth has sent what it was given, this message the last. */
  private waitForLine(link: Link, departUs: number, bytes: number): number {
    const busyUs = Math.ceil((bytes * 1_000_000) / link.settings.bytesPerSecond);
    const sentUs = Math.min(Math.max(departUs, link.sentUs) + busyUs, LATEST_US);
    link.sentUs = sentUs;
    return sentUs - departUs;
  }

  /** A link that loses and doubles: when the message arrives, or −1. */
  private riskIt(link: Link, from: number, to: number, arrivalUs: number, latency: LatencyTable): number {
    if (link.losses < 0) {
      const name = this.nameOf(from, to);
      link.losses = this.streams.add(`link ${name}: loss`);
      link.duplications = this.streams.add(`link ${name}: duplication`);
    }
    const lost = this.streams.chance(link.losses, link.lossThreshold);
    const duplicated = this.streams.chance(link.duplications, link.duplicationThreshold);
    const againUs = sampleLatency(latency, this.streams.next(link.duplications));
    if (this.isCut(from, to)) return -1;
    if (duplicated) this.duplicateUs = arrivalUs + againUs;
    return lost ? -1 : arrivalUs;
  }

  isCut(from: number, to: number): boolean {
    return this.cuts[from * this.actors + to]! > 0;
  }

  cut(from: number, to: number): void {
    this.cuts[from * this.actors + to]! += 1;
  }

  /** Ends one of the cuts in force between a pair, or all of them. */
  heal(from: number, to: number, all: boolean): void {
    const pair = from * this.actors + to;
    this.cuts[pair] = all ? 0 : Math.max(0, this.cuts[pair]! - 1);
  }

  /** Adds to every later delay; 0 ends it. */
  slow(from: number, to: number, extraUs: number): void {
    const link = this.opened(from, to);
    link.extraUs = (link.settings.hopUs ?? 0) + extraUs;
  }

  /** Sets the chances of loss and duplication; `undefined` goes back to the link's own settings. */
  degrade(from: number, to: number, loss: number | undefined, duplication: number | undefined): void {
    setChances(this.opened(from, to), loss, duplication);
  }

  /** Every link as its settings say: no cut, nothing added, loss and duplication its own. */
  mend(): void {
    this.cuts.fill(0);
    for (const link of this.links) {
      if (link === null) continue;
      link.extraUs = link.settings.hopUs ?? 0;
      setChances(link, undefined, undefined);
    }
  }

  private opened(from: number, to: number): Link {
    return this.links[from * this.actors + to] ?? this.open(from, to);
  }

  private open(from: number, to: number): Link {
    const settings = this.settingsOf(from, to);
    const link: Link = {
      settings,
      byKind: settings.latencyByKind ?? null,
      delays: this.streams.add(this.streamName(from, to)),
      losses: -1,
      duplications: -1,
      lossThreshold: 0,
      duplicationThreshold: 0,
      unreliable: false,
      extraUs: settings.hopUs ?? 0,
      sentUs: 0,
      lastArrivalUs: 0,
    };
    setChances(link, undefined, undefined);
    this.links[from * this.actors + to] = link;
    return link;
  }

  /** Made once for all networks of these actors: to join and hash a name costs more than to seed its stream. */
  private streamName(from: number, to: number): string {
    let known = streamNames.get(this.names);
    if (known === undefined) streamNames.set(this.names, (known = []));
    return (known[from * this.actors + to] ??= `link ${this.nameOf(from, to)}: latency`);
  }

  private nameOf(from: number, to: number): string {
    return `${this.names[from]!}→${this.names[to]!}`;
  }
}

function setChances(link: Link, loss: number | undefined, duplication: number | undefined): void {
  link.lossThreshold = thresholdOf(loss ?? link.settings.loss);
  link.duplicationThreshold = link.settings.mayDuplicate
    ? thresholdOf(duplication ?? link.settings.duplication)
    : 0;
  link.unreliable = link.lossThreshold + link.duplicationThreshold > 0;
}
