/**
 * One run as the lab plays it: forwards by advancing the player, backwards by running again from the start. Nothing is
 * snapshotted; a run is a function of its scenario, its seed and the faults made in it, so the replay is the undo.
 */
import {
  type ClusterView,
  describeTraceEntry,
  type FaultAction,
  type FaultDocument,
  open,
  type Player,
  type Report,
  type Scenario,
  type TraceEntry,
} from '#engine';
import { isStory, isTurn } from './story.ts';

export interface LogLine {
  /** Counts the lines of the run from 0; a line keeps its number however often the run is replayed. */
  readonly index: number;
  readonly atMs: number;
  readonly sentence: string;
  readonly weight: 'story' | 'detail';
  /** How many more like it came just before, one after another. */
  readonly alike: number;
}

/** The log remembers this many entries of each weight, and shows `linesShown`: a run may go on, the page must not grow. */
const entriesKept = 400;
const linesShown = 80;
const microsecondInMs = 0.001;
/** One step gives up looking for something to tell after this many inputs. */
const inputsPerStepMost = 20_000;

export class LabRun {
  private readonly scenario: Scenario;
  private readonly seed: number;
  private player: Player;
  private story: Recent = new Recent();
  private everything: Recent = new Recent();
  private turn: TraceEntry | undefined;
  /** The faults made in this run, in order of time; some may lie ahead after a step back. */
  private script: readonly FaultDocument[] = [];

  constructor(scenario: Scenario, seed: number) {
    this.scenario = scenario;
    this.seed = seed;
    this.player = this.openPlayer();
  }

  get made(): readonly FaultDocument[] {
    return this.script;
  }

  get nowMs(): number {
    return this.player.nowMs;
  }

  get durationMs(): number {
    return this.player.durationMs;
  }

  get done(): boolean {
    return this.player.done;
  }

  view(): ClusterView {
    return this.player.view();
  }

  report(): Report {
    return this.player.report();
  }

  digest(): string {
    return this.player.digest();
  }

  enabledFaults(): ReturnType<Player['enabledFaults']> {
    return this.player.enabledFaults();
  }

  advanceTo(atMs: number): void {
    this.player.advanceTo(atMs);
  }

  /** To an instant before or after the present. */
  seek(atMs: number): void {
    if (atMs < this.player.nowMs) this.player = this.openPlayer();
    this.player.advanceTo(atMs);
  }

  /** Forward until the log has something new. */
  step(everyMessage: boolean): void {
    const log = this.log(everyMessage);
    const before = log.count;
    for (let inputs = 0; inputs < inputsPerStepMost && log.count === before; inputs++) {
      if (!this.player.step()) return;
    }
  }

  /** Back to just before the input that the newest line of the log tells of. */
  stepBack(everyMessage: boolean): void {
    const newest = this.log(everyMessage).newest();
    const count = this.log(everyMessage).count;
    if (newest === undefined) {
      this.seek(0);
      return;
    }
    // Advancing stops short of the instant itself. The first replay counts how many of its inputs lead to the line, the
    // second takes one fewer.
    this.replayTo(newest.atMs);
    let inputs = 0;
    while (this.log(everyMessage).count < count && this.player.step()) inputs++;
    this.replayTo(newest.atMs);
    for (let input = 1; input < inputs; input++) this.player.step();
  }

  /** Makes a fault now. What had been made later belongs to a future that no longer comes, and is forgotten. */
  inject(action: FaultAction): FaultDocument {
    const past = this.script.filter(({ atMs }) => atMs <= this.player.nowMs);
    if (past.length < this.script.length) {
      this.script = past;
      const { nowMs } = this.player;
      this.replayTo(nowMs);
    }
    const made = this.player.inject(action);
    this.script = [...past, made];
    // Past the instant it strikes at, so that whoever looks now sees it.
    this.player.advanceTo(made.atMs + microsecondInMs);
    return made;
  }

  /** The last change of who leads, or the end of the workload; nothing before the first. */
  get lastTurn(): TraceEntry | undefined {
    return this.turn;
  }

  lastSentence(everyMessage: boolean): string {
    const newest = this.log(everyMessage).newest();
    return newest === undefined ? '' : describeTraceEntry(newest);
  }

  /** Newest first. A flood of one kind, such as every client giving up during an outage, is told once and counted. */
  lines(everyMessage: boolean): readonly LogLine[] {
    const log = this.log(everyMessage);
    const lines: LogLine[] = [];
    let kind = '';
    for (const [back, entry] of log.latest(entriesKept).entries()) {
      const last = lines.at(-1);
      if (last !== undefined && kind !== '' && kindOf(entry) === kind) {
        lines[lines.length - 1] = { ...last, alike: last.alike + 1 };
        continue;
      }
      if (lines.length === linesShown) break;
      kind = everyMessage ? '' : kindOf(entry);
      const weight = isStory(entry) ? 'story' : 'detail';
      lines.push({
        index: log.count - 1 - back,
        atMs: entry.atMs,
        sentence: describeTraceEntry(entry),
        weight,
        alike: 0,
      });
    }
    return lines;
  }

  private log(everyMessage: boolean): Recent {
    return everyMessage ? this.everything : this.story;
  }

  private replayTo(atMs: number): void {
    this.player = this.openPlayer();
    this.player.advanceTo(atMs);
  }

  /** A player at the start, with the faults made so far written into its scenario: the same run as when they were made. */
  private openPlayer(): Player {
    const story = new Recent();
    const everything = new Recent();
    this.story = story;
    this.everything = everything;
    this.turn = undefined;
    const scenario = { ...this.scenario, faults: [...this.scenario.faults, ...this.script] };
    const observe = (entry: TraceEntry) => {
      everything.add(entry);
      if (isStory(entry)) story.add(entry);
      if (isTurn(entry)) this.turn = entry;
    };
    return open(scenario, { seed: this.seed, observe });
  }
}

/** What makes ends of operations alike, and records that one node discards or repairs; nothing else is. */
function kindOf(entry: TraceEntry): string {
  if (entry.type === 'discarded') return `${entry.node} discards`;
  if (entry.type === 'read-repair') return `${entry.node} repairs`;
  return entry.type === 'ended' ? `${entry.client} ${entry.kind} ${entry.outcome} ${entry.stale}` : '';
}

/** The last entries of a trace, and how many there have been. */
class Recent {
  count = 0;
  private readonly entries: TraceEntry[] = [];

  add(entry: TraceEntry): void {
    this.entries[this.count++ % entriesKept] = entry;
  }

  newest(): TraceEntry | undefined {
    return this.latest(1)[0];
  }

  latest(most: number): TraceEntry[] {
    const latest: TraceEntry[] = [];
    for (let back = 1; back <= Math.min(most, this.count, entriesKept); back++) {
      latest.push(this.entries[(this.count - back) % entriesKept]!);
    }
    return latest;
  }
}
