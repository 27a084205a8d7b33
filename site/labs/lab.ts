/**
 * The lab's state: one live run and the signals its picture is bound to. No DOM and no clock: `frame` is told how much
 * time has passed, so the run depends on virtual time alone and the display's rate cannot reach it.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import {
  describeFault,
  describeTraceEntry,
  type FaultAction,
  type FaultDocument,
  InputError,
  type Scenario,
  type ScenarioSource,
  type TraceEntry,
} from '#engine';
import { formatNumber } from '../lib/figures.ts';
import { LabRun, type LogLine } from './lab-run.ts';
import { type Metrics, metricsOf, noMetrics } from './metrics.ts';
import { Picture } from './picture.ts';

export const acknowledgements = ['asynchronous', 'semi-synchronous', 'synchronous'] as const;
export type Acknowledgement = (typeof acknowledgements)[number];

/** The lab's scenario as it is written, for the reader to take away, and ready to run: the page parses nothing. */
export interface LabScenario {
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
}

/** Milliseconds of the cluster's time that pass in a second of the reader's: 1× is as fast as the real thing. */
export const speeds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] as const;

/** Where the lab opens: messages of every kind are on their way, and acknowledged writes that a crash would take. */
const openingMs = 2400;
/** Words and figures change this often, however fast the picture moves. */
const wordsEveryMs = 200;
/** After a pause of the display (a hidden tab, a breakpoint) time goes on, it does not leap. */
const frameMsMax = 100;

/** What the reader may do to the cluster now. */
export interface Possible {
  readonly enabled: boolean;
  readonly why: string | null;
}

export class Lab {
  readonly scenario: Scenario;
  readonly picture: Picture;
  readonly playing = signal(false);
  readonly speed = signal(0.1);
  readonly acknowledgement: Signal<Acknowledgement>;
  readonly seed: Signal<number>;
  readonly nowMs = signal(0);
  readonly nowText: ReadonlySignal<string> = computed(() => `${(this.nowMs.value / 1000).toFixed(3)} s`);
  readonly done = signal(false);
  readonly digest = signal('');
  readonly metrics = signal<Metrics>(noMetrics);
  readonly lines = signal<readonly LogLine[]>([]);
  readonly everyMessage = signal(false);
  /** Set for readers who ask for little motion: the picture then changes as seldom as the words. */
  readonly calm = signal(false);
  /** Faults the reader made, also those after the present, which a step back has left ahead. */
  readonly made = signal<readonly FaultDocument[]>([]);
  /** A sentence for those who listen to the page rather than see it. */
  readonly announcement = signal('');
  /** Faults that can be made now, by the key of `faultKey`. Rebuilt only when the cluster's state has changed. */
  readonly possible = signal<ReadonlyMap<string, Possible>>(new Map());

  private readonly source: ScenarioSource;
  private run: LabRun;
  /** Where in virtual time the reader is; the run's own clock stands at whole µs. */
  private playheadMs = 0;
  private sinceWordsMs = 0;
  private clusterState = '';
  private toldTurn: TraceEntry | undefined;

  constructor({ source, scenario }: LabScenario) {
    this.source = source;
    this.scenario = scenario;
    this.acknowledgement = signal(scenario.topology.acknowledgement);
    this.seed = signal(scenario.seed);
    this.run = new LabRun(scenario, scenario.seed);
    this.run.seek(openingMs);
    this.picture = new Picture(this.run.view());
    this.show();
  }

  get durationMs(): number {
    return this.run.durationMs;
  }

  /** Lets `elapsedMs` of the reader's time pass. Called once a frame, and only while the lab plays. */
  frame(elapsedMs: number): void {
    if (!this.playing.peek()) return;
    const passed = Math.min(elapsedMs, frameMsMax);
    this.playheadMs += passed * this.speed.peek();
    this.run.advanceTo(this.playheadMs);
    this.sinceWordsMs += passed;
    const words = this.sinceWordsMs >= wordsEveryMs || this.run.done;
    batch(() => {
      if (words || !this.calm.peek()) this.showPicture();
      if (words) {
        this.showWords();
        this.tellTurn();
      }
      if (this.run.done) this.finish();
    });
  }

  play(): void {
    if (this.run.done) this.seek(0);
    this.playing.value = true;
  }

  pause(): void {
    this.playing.value = false;
    this.show();
  }

  /** Forward to the next thing that the log tells of. */
  step(): void {
    this.playing.value = false;
    this.run.step(this.everyMessage.peek());
    this.show();
    this.announce(this.run.lastSentence(this.everyMessage.peek()));
  }

  /** Back to just before the last thing that the log told of. */
  stepBack(): void {
    this.playing.value = false;
    this.run.stepBack(this.everyMessage.peek());
    this.show();
    this.announce(`Back at ${this.nowText.value}`);
  }

  seek(atMs: number): void {
    this.run.seek(atMs);
    this.show();
  }

  /** Makes a fault now, or says why it cannot be made. */
  inject(action: FaultAction): void {
    try {
      const made = this.run.inject(action);
      this.show();
      this.announce(`${describeFault(made, false)}, at ${(made.atMs / 1000).toFixed(3)} s`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.announce(`Not now: ${error.problems.map(({ hint, expected }) => hint ?? expected).join('; ')}`);
    }
  }

  /** Starts over: another mode or another seed is another run, with no fault made in it yet. */
  restart(acknowledgement: Acknowledgement, seed: number): void {
    const topology = { ...this.scenario.topology, acknowledgement };
    batch(() => {
      this.playing.value = false;
      this.acknowledgement.value = acknowledgement;
      this.seed.value = seed;
      this.run = new LabRun({ ...this.scenario, topology }, seed);
      this.run.seek(openingMs);
      this.show();
    });
    this.announce(`A new ${acknowledgement} run, seed ${seed}.`);
  }

  setEveryMessage(on: boolean): void {
    this.everyMessage.value = on;
    this.show();
  }

  /** Whether a fault can be made now; one the engine does not list cannot. */
  canMake(action: FaultAction): Possible {
    return this.possible.value.get(faultKey(action)) ?? { enabled: false, why: 'not possible here' };
  }

  /** The whole run as a scenario file, the reader's faults included: `quorate simulate` gives the same digest. */
  asScenario(): ScenarioSource {
    const { source } = this;
    const topology = { ...source.topology, acknowledgement: this.acknowledgement.peek() };
    return {
      ...source,
      topology,
      seed: this.seed.peek(),
      faults: [...(source.faults ?? []), ...this.run.made],
    };
  }

  private finish(): void {
    this.playing.value = false;
    const { lostWrites, staleReads } = this.metrics.peek();
    this.announce(
      `The run is over: ${formatNumber(lostWrites)} acknowledged writes lost, ${formatNumber(staleReads)} stale reads.`,
    );
  }

  /** While the lab plays, says who leads when that changes; the rest is in the log for those who look for it. */
  private tellTurn(): void {
    const turn = this.run.lastTurn;
    if (turn === undefined || turn === this.toldTurn) return;
    this.toldTurn = turn;
    this.announce(describeTraceEntry(turn));
  }

  private announce(sentence: string): void {
    this.announcement.value = sentence;
  }

  private show(): void {
    this.playheadMs = this.run.nowMs;
    this.toldTurn = this.run.lastTurn;
    batch(() => {
      this.showPicture();
      this.showWords();
    });
  }

  private showPicture(): void {
    const view = this.run.view();
    this.nowMs.value = view.nowMs;
    this.done.value = this.run.done;
    this.picture.update(view);
    const state = this.picture.stateKey(view);
    if (state === this.clusterState) return;
    this.clusterState = state;
    this.possible.value = new Map(
      this.run.enabledFaults().map(({ fault, enabled, why }) => [faultKey(fault), { enabled, why }]),
    );
  }

  private showWords(): void {
    this.sinceWordsMs = 0;
    this.metrics.value = metricsOf(this.run.report(), this.run.view());
    this.lines.value = this.run.lines(this.everyMessage.peek());
    this.digest.value = this.run.digest();
    this.made.value = [...this.run.made];
  }
}

/** One key per fault that can be told apart: its type and where it strikes, whichever way a cut is named. */
function faultKey(fault: FaultAction): string {
  const ends =
    'from' in fault && fault.from && fault.to ? [[...fault.from].sort(), [...fault.to].sort()] : [];
  const where =
    'node' in fault
      ? fault.node
      : ends
          .map((each) => each.join('+'))
          .sort()
          .join('--');
  return `${fault.type} ${where}`;
}
