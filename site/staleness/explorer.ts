/**
 * The staleness explorer's state: a table of trials for the delays chosen, the bucket chosen in it, and a run of the engine that
 * shows that bucket. No DOM. What takes time is done in slices, each asked for with `later`, and stops when it is done.
 */
import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import {
  emptyQuorumTally,
  fetchClusters,
  prepareQuorumTable,
  type QuorumTable,
  type QuorumTableQuestion,
  quorumTable,
  sampleQuorum,
} from '#engine';
import { columnAt, curveTimes, type Delays } from './delays.ts';
import { type Base, type Replay, replays } from './replay.ts';

export interface Chosen {
  readonly r: number;
  readonly w: number;
  /** Which of the times, by its index. */
  readonly column: number;
}

export interface Found extends Replay {
  readonly chosen: Chosen;
  readonly delays: Delays;
  /** Runs tried, this one included. */
  readonly tried: number;
}

export interface ExplorerOptions {
  readonly delays: Delays;
  /** Of these delays, so that the page has something to show before it computes anything. */
  readonly table: QuorumTable;
  /** The run that buckets are replayed with. */
  readonly base: Base;
  readonly later: (work: () => void) => void;
}

export const replicas = 3;
/** The share of reads whose time is told beside the map. */
export const freshShare = 0.999;
export const trials = 524_288;
/** Blocks of trials between two pictures of the table. */
const blocksAPicture = 2;
const seedsASlice = 3;
/** A search for a stale read gives up after so many runs. */
export const seedsMost = 2000;

/** What the table is asked for delays. */
export function questionOf({ latency, timesMs }: Delays): QuorumTableQuestion {
  return { n: replicas, latency, atMs: curveTimes(timesMs), p: freshShare, trials, seed: 1 };
}

export class Explorer {
  readonly delays: Signal<Delays>;
  readonly table: Signal<QuorumTable>;
  /** The share of the trials that the table has; 1 when it is done. */
  readonly progress = signal(1);
  readonly chosen = signal<Chosen>({ r: 1, w: 1, column: 0 });
  /** Runs tried so far; null where no search is under way. */
  readonly searching = signal<number | null>(null);
  readonly announcement = signal('');
  private readonly foundNow = signal<Found | null>(null);
  private readonly options: ExplorerOptions;
  /** Counts what was begun, so that a slice of something older knows to stop. */
  private computation = 0;
  private search = 0;

  constructor(options: ExplorerOptions) {
    this.options = options;
    this.delays = signal(options.delays);
    this.table = signal(options.table);
  }

  get found(): ReadonlySignal<Found | null> {
    return this.foundNow;
  }

  /** Probability of a fresh read in a bucket. */
  fresh({ r, w, column }: Chosen): number {
    return this.table.value.pFresh[r - 1]![w - 1]![columnAt(column)]!;
  }

  choose(chosen: Chosen): void {
    this.chosen.value = chosen;
  }

  /** Other delays: the table is computed anew, and shown as it grows. */
  setDelays(delays: Delays): void {
    const own = ++this.computation;
    this.search++;
    batch(() => {
      this.delays.value = delays;
      this.progress.value = 0;
      this.searching.value = null;
      this.foundNow.value = null;
    });
    this.options.later(() => {
      if (own !== this.computation) return;
      const question = questionOf(delays);
      const prepared = prepareQuorumTable(question);
      const tally = emptyQuorumTally(prepared);
      const slice = (block: number): void => {
        if (own !== this.computation) return;
        sampleQuorum(prepared, tally, { from: block, to: block + 1 });
        const done = block + 1;
        const isDone = done === prepared.blocks;
        if (done % blocksAPicture === 1 || isDone) {
          batch(() => {
            this.table.value = quorumTable(question, prepared, tally);
            this.progress.value = done / prepared.blocks;
          });
        }
        if (isDone) this.announce(`${delays.label}: computed from ${prepared.trials} trials.`);
        else this.options.later(() => slice(done));
      };
      slice(0);
    });
  }

  /** Looks for a run in which the chosen read is stale; where the model has none, for any run. */
  find(): void {
    const own = ++this.search;
    const { base, later } = this.options;
    const chosen = this.chosen.peek();
    const delays = this.delays.peek();
    const bucket = { latency: delays.latency, ...chosen, tMs: delays.timesMs[chosen.column]! };
    const canBeStale = chosen.r + chosen.w <= replicas;
    const runOf = replays(base, bucket);
    let tried = 0;
    this.searching.value = 0;
    const slice = (): void => {
      if (own !== this.search) return;
      for (let step = 0; step < seedsASlice; step++) {
        const found = runOf(++tried);
        if (!found.isStale && canBeStale && tried < seedsMost) continue;
        batch(() => {
          this.foundNow.value = { ...found, chosen, delays, tried };
          this.searching.value = null;
        });
        this.announce(
          found.isStale ? `Seed ${found.seed} has a stale read.` : `Seed ${found.seed} has a fresh read.`,
        );
        return;
      }
      this.searching.value = tried;
      later(slice);
    };
    const coming = fetchClusters([base.scenario]);
    if (coming === null) later(slice);
    else coming.then(() => later(slice));
  }

  private announce(sentence: string): void {
    this.announcement.value = sentence;
  }
}
