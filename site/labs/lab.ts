/**
 * The lab's state: one live run and the signals its picture is bound to. No DOM and no clock: `frame` is told how much
 * time has passed, so the run depends on virtual time alone and the display's rate cannot reach it.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import {
  describeFault,
  describeTraceEntry,
  type EnabledFault,
  type FaultAction,
  type FaultDocument,
  InputError,
  type Report,
  type Scenario,
  type ScenarioSource,
  type TraceEntry,
  type VerdictName,
} from '#engine';
import { type Figure, figureNow, formatNumber, type Shown } from '../lib/figures.ts';
import { LabRun, type LogLine } from './lab-run.ts';
import { type Metrics, metricsOf, noMetrics } from './metrics.ts';
import { Picture } from './picture.ts';

/** One of the alternatives a lab offers: a scenario as it is written, for the reader to take away, and ready to run: the page parses nothing. */
export interface LabVariant {
  /** The choice in a word or three; empty where there is only one. */
  readonly label: string;
  /** What the choice means. */
  readonly note?: string | undefined;
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
}

/** What the reader is to bring about, and in how few faults it can be done. */
export interface Task {
  readonly violates: VerdictName;
  readonly par: number;
}

export interface LabOptions {
  readonly variants: readonly LabVariant[];
  /** Where in the run the lab opens; by default shortly before the first fault. */
  readonly atMs?: number | undefined;
  readonly speed?: Speed | undefined;
  /** Figures of the report to keep in view. */
  readonly show?: readonly Shown[] | undefined;
  readonly task?: Task | undefined;
}

/** Milliseconds of the cluster's time that pass in a second of the reader's: 1× is as fast as the real thing. */
export const speeds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] as const;
export type Speed = (typeof speeds)[number];

/** How long before the first fault a lab opens that is not told where to, in virtual time. */
const beforeFaultMs = 100;
/** Where it opens in a run without faults: messages of every kind are on their way. */
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
  readonly variants: readonly LabVariant[];
  /** Which of the variants runs, by its index. */
  readonly variant = signal(0);
  /** Another variant may have other machines, and then is another picture. */
  readonly picture: Signal<Picture>;
  readonly playing = signal(false);
  readonly speed: Signal<number>;
  readonly seed: Signal<number>;
  readonly nowMs = signal(0);
  readonly nowText: ReadonlySignal<string> = computed(() => `${(this.nowMs.value / 1000).toFixed(3)} s`);
  readonly done = signal(false);
  readonly digest = signal('');
  readonly metrics = signal<Metrics>(noMetrics);
  /** What the lab was asked to show of the report so far. */
  readonly figures = signal<readonly Figure[]>([]);
  readonly lines = signal<readonly LogLine[]>([]);
  readonly everyMessage = signal(false);
  /** Set for readers who ask for little motion: the picture then changes as seldom as the words. */
  readonly calm = signal(false);
  /** Faults the reader made, also those after the present, which a step back has left ahead. */
  readonly made = signal<readonly FaultDocument[]>([]);
  /** How the reader does at the task; empty where there is none. The verdict is that of the whole run, as is the par's. */
  readonly score = signal('');
  /** A sentence for those who listen to the page rather than see it. */
  readonly announcement = signal('');
  /** Faults that can be made now, by the key of `faultKey`. Rebuilt only when the cluster's state has changed. */
  readonly possible = signal<ReadonlyMap<string, EnabledFault>>(new Map());

  private readonly openingMs: number | undefined;
  private readonly shown: readonly Shown[];
  private readonly task: Task | undefined;
  private run: LabRun;
  /** Where in virtual time the reader is; the run's own clock stands at whole µs. */
  private playheadMs = 0;
  private sinceWordsMs = 0;
  private clusterState = '';
  private toldTurn: TraceEntry | undefined;

  constructor({ variants, atMs, speed = 0.1, show = [], task }: LabOptions) {
    this.variants = variants;
    this.openingMs = atMs;
    this.shown = show;
    this.task = task;
    this.speed = signal(speed);
    this.seed = signal(this.scenario.seed);
    this.run = this.opened();
    this.picture = signal(new Picture(this.run.view()));
    this.show();
  }

  /** Of the variant that runs. */
  get scenario(): Scenario {
    return this.variants[this.variant.peek()]!.scenario;
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

  /** Starts over: another variant or another seed is another run, with no fault of the reader's in it yet. */
  restart(variant: number, seed: number): void {
    const isOther = variant !== this.variant.peek();
    batch(() => {
      this.playing.value = false;
      this.variant.value = variant;
      this.seed.value = seed;
      this.run = this.opened();
      if (isOther) this.picture.value = new Picture(this.run.view());
      this.clusterState = '';
      this.show();
    });
    this.announce(`A new run${isOther ? `, ${this.variants[variant]!.label}` : ''}, seed ${seed}.`);
  }

  /** To the end, drain included: what stands on the page beside the lab is the report of that moment. */
  finishNow(): void {
    this.playing.value = false;
    this.seek((this.scenario.durationUs + this.scenario.drainUs) / 1000);
    this.finish();
  }

  setEveryMessage(on: boolean): void {
    this.everyMessage.value = on;
    this.show();
  }

  /** Whether a fault can be made now; one the engine does not list cannot. */
  canMake(action: FaultAction): Possible {
    return this.possible.value.get(faultKey(action)) ?? { enabled: false, why: 'not possible here' };
  }

  /** What an operator may do here, and cannot do now; nothing where the topology knows no such acts. */
  operatorFaults(): EnabledFault[] {
    return [...this.possible.value.values()].filter(({ fault }) => operatorFaultTypes.has(fault.type));
  }

  /** The whole run as a scenario file, the reader's faults included: `quorate simulate` gives the same digest. */
  asScenario(): ScenarioSource {
    const { source } = this.variants[this.variant.peek()]!;
    return { ...source, seed: this.seed.peek(), faults: [...(source.faults ?? []), ...this.run.made] };
  }

  private opened(): LabRun {
    const { scenario } = this;
    const run = new LabRun(scenario, this.seed.peek());
    const firstFaultMs = Math.min(...scenario.faults.map(({ atMs }) => atMs));
    const byDefault = Number.isFinite(firstFaultMs) ? firstFaultMs - beforeFaultMs : openingMs;
    run.seek(Math.max(0, Math.min(this.openingMs ?? byDefault, run.durationMs)));
    return run;
  }

  private finish(): void {
    this.playing.value = false;
    const { lostWrites, staleReads } = this.metrics.peek();
    this.announce(
      `The run is over: ${formatNumber(lostWrites)} acknowledged writes lost, ${formatNumber(staleReads)} stale reads. ${this.score.peek()}`.trim(),
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
    const picture = this.picture.peek();
    picture.update(view);
    // An operator's act may show in the possible faults alone.
    const state = `${picture.stateKey(view)} ${this.run.made.length}`;
    if (state === this.clusterState) return;
    this.clusterState = state;
    this.possible.value = new Map(this.run.enabledFaults().map((each) => [faultKey(each.fault), each]));
  }

  private showWords(): void {
    this.sinceWordsMs = 0;
    const report = this.run.report();
    this.metrics.value = metricsOf(report, this.run.view());
    this.figures.value = this.shown.map((each) => figureNow(report, each));
    this.lines.value = this.run.lines(this.everyMessage.peek());
    this.digest.value = this.run.digest();
    this.made.value = [...this.run.made];
    if (this.task !== undefined) this.score.value = scoreOf(this.task, this.run, report);
  }
}

/** To put right what is broken is no fault. */
const repairs: ReadonlySet<FaultAction['type']> = new Set(['restart', 'resume', 'heal']);

function scoreOf({ violates, par }: Task, { made, done }: LabRun, { verdicts }: Report): string {
  const count = made.filter(({ type }) => !repairs.has(type)).length;
  const faults = count === 1 ? '1 fault' : `${count} faults`;
  if (!done) return `Your faults: ${count}. Par: ${par}. What counts is how the run ends.`;
  const isSolved = verdicts.some(({ name, result }) => name === violates && result === 'violation');
  return isSolved ? `Solved in ${faults}. Par: ${par}.` : `Not broken, with ${faults}. Par: ${par}.`;
}

const operatorFaultTypes: ReadonlySet<FaultAction['type']> = new Set([
  'promote',
  'long-query',
  'huge-transaction',
  'cancel-waits',
  'change-schema',
]);

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
  return fault.type === 'change-schema' ? `${fault.type} ${fault.does} ${where}` : `${fault.type} ${where}`;
}
