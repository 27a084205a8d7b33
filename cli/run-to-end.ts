import { type Observer, open, type Player, type Report, type Scenario } from '#engine';
import { breathe, type Io } from './io.ts';

export interface RunOptions {
  readonly seed?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly observe?: Observer | undefined;
  /** Records what clients were answered; `onEnd` then finds it in the player. */
  readonly recordsHistory?: boolean;
  readonly onEnd?: ((player: Player) => void) | undefined;
  /** @param done From 0 to 1. */
  readonly onProgress?: (done: number) => void;
  readonly io: Pick<Io, 'nowMs' | 'interrupted'>;
}

/** Short enough that Ctrl-C feels immediate, long enough to cost nothing. */
const sliceWallMs = 40;

/** Runs a scenario in slices of wall-clock time, between which Ctrl-C is heard. The slices do not change the run. */
export async function runToEnd(scenario: Scenario, options: RunOptions): Promise<Report> {
  const {
    seed,
    untilMs = Number.POSITIVE_INFINITY,
    observe,
    recordsHistory = false,
    onProgress,
    io,
  } = options;
  const player = open(scenario, {
    ...(seed !== undefined && { seed }),
    ...(observe && { observe }),
    recordsHistory,
  });
  let sliceMs = 1;
  for (let atMs = 0; !player.done && atMs < untilMs; ) {
    atMs = Math.min(atMs + sliceMs, untilMs);
    const startedMs = io.nowMs();
    player.advanceTo(atMs);
    const tookMs = io.nowMs() - startedMs;
    if (tookMs < sliceWallMs / 2) sliceMs *= 2;
    else if (tookMs > sliceWallMs * 2) sliceMs /= 2;
    onProgress?.(Math.min(atMs / Math.min(player.durationMs, untilMs), 1));
    await breathe(io);
  }
  options.onEnd?.(player);
  return player.report();
}
