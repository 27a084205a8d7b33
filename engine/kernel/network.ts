import type { LatencyTable } from './latency.ts';
import { sampleLatency } from './latency.ts';
import { type Streams, thresholdOf } from './random.ts';

/** How messages from one actor to another travel. */
export interface LinkSettings {
  readonly latency: LatencyTable;
  /** Bandwidth; 0 is unlimited. */
  readonly bytesPerSecond: number;
  /** Chance that a message is lost, and that it arrives twice, 0 … 1. */
  readonly loss: number;
  readonly duplication: number;
  /** First in, first out, as on one TCP connection; otherwise messages may overtake each other. */
  readonly ordered: boolean;
}

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
  /** Link of a pair, from × actors + to; −1 until used. */
  private readonly linkOf: Int32Array;
  private readonly settings: LinkSettings[] = [];
  private readonly delays: number[] = [];
  private readonly losses: number[] = [];
  private readonly duplications: number[] = [];
  private lossThreshold = new Float64Array(16);
  private duplicationThreshold = new Float64Array(16);
  private extraUs = new Float64Array(16);
  /** When the link has sent all it was given, and when the last message of an ordered link arrives. */
  private sentUs = new Float64Array(16);
  private lastArrivalUs = new Float64Array(16);
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
    this.linkOf = new Int32Array(this.actors * this.actors).fill(-1);
    this.cuts = new Int32Array(this.actors * this.actors);
  }

  /** When a message sent at `departUs` arrives, or −1 where it never does. Sets `duplicateUs`. */
  plan(departUs: number, from: number, to: number, bytes: number): number {
    const pair = from * this.actors + to;
    let link = this.linkOf[pair]!;
    if (link < 0) link = this.open(from, to);
    const settings = this.settings[link]!;
    const delayUs =
      sampleLatency(settings.latency, this.streams.next(this.delays[link]!)) + this.extraUs[link]!;
    let startUs = departUs;
    if (settings.bytesPerSecond > 0) {
      startUs =
        Math.max(startUs, this.sentUs[link]!) + Math.ceil((bytes * 1_000_000) / settings.bytesPerSecond);
      this.sentUs[link] = startUs;
    }
    let arrivalUs = startUs + delayUs;
    if (settings.ordered) {
      if (arrivalUs < this.lastArrivalUs[link]!) arrivalUs = this.lastArrivalUs[link]!;
      this.lastArrivalUs[link] = arrivalUs;
    }
    this.duplicateUs = -1;
    if (this.lossThreshold[link]! + this.duplicationThreshold[link]! > 0) {
      const lost = this.streams.chance(this.losses[link]!, this.lossThreshold[link]!);
      const duplicated = this.streams.chance(this.duplications[link]!, this.duplicationThreshold[link]!);
      const againUs = sampleLatency(settings.latency, this.streams.next(this.duplications[link]!));
      if (duplicated) this.duplicateUs = arrivalUs + againUs;
      if (lost) return -1;
    }
    return this.cuts[pair]! > 0 ? -1 : arrivalUs;
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
    this.extraUs[this.opened(from, to)] = extraUs;
  }

  /** Sets the chances of loss and duplication; `undefined` goes back to the link's own settings. */
  degrade(from: number, to: number, loss: number | undefined, duplication: number | undefined): void {
    const link = this.opened(from, to);
    const settings = this.settings[link]!;
    this.lossThreshold[link] = thresholdOf(loss ?? settings.loss);
    this.duplicationThreshold[link] = thresholdOf(duplication ?? settings.duplication);
  }

  /** Every link as its settings say: no cut, nothing added, loss and duplication its own. */
  mend(): void {
    this.cuts.fill(0);
    this.extraUs.fill(0);
    for (const [link, settings] of this.settings.entries()) {
      this.lossThreshold[link] = thresholdOf(settings.loss);
      this.duplicationThreshold[link] = thresholdOf(settings.duplication);
    }
  }

  private opened(from: number, to: number): number {
    const link = this.linkOf[from * this.actors + to]!;
    return link < 0 ? this.open(from, to) : link;
  }

  private open(from: number, to: number): number {
    const settings = this.settingsOf(from, to);
    const link = this.settings.length;
    if (link === this.sentUs.length) this.grow();
    const name = `${this.names[from]!}→${this.names[to]!}`;
    this.settings.push(settings);
    this.delays.push(this.streams.add(`link ${name}: latency`));
    this.losses.push(this.streams.add(`link ${name}: loss`));
    this.duplications.push(this.streams.add(`link ${name}: duplication`));
    this.lossThreshold[link] = thresholdOf(settings.loss);
    this.duplicationThreshold[link] = thresholdOf(settings.duplication);
    this.linkOf[from * this.actors + to] = link;
    return link;
  }

  private grow(): void {
    this.lossThreshold = wider(this.lossThreshold);
    this.duplicationThreshold = wider(this.duplicationThreshold);
    this.extraUs = wider(this.extraUs);
    this.sentUs = wider(this.sentUs);
    this.lastArrivalUs = wider(this.lastArrivalUs);
  }
}

function wider(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(array.length * 2);
  copy.set(array);
  return copy;
}
