import {
  describeFault,
  type FaultDocument,
  operationAt,
  type Player,
  type Scenario,
  type TraceEntry,
} from '#engine';
import { UsageError } from '../failures.ts';
import { openOutputFile } from '../output-file.ts';

/** A run's history, to be written in our own format (`ndjson.ts`) once the run is over. */
export interface HistoryOutput {
  /** Hears of faults, which go beside the operations. */
  observe(entry: TraceEntry): void;
  write(player: Player): void;
  commit(): void;
  discard(): void;
}

/** Throws UsageError where the file cannot be written. */
export function openHistoryFile(path: string, scenario: Scenario): HistoryOutput {
  const file = openOutputFile(path, '--history');
  const faults: { readonly fault: FaultDocument; readonly fromMs: number; toMs: number | null }[] = [];
  return {
    observe(entry) {
      if (entry.type !== 'fault') return;
      const { fault, ended, atMs } = entry;
      const open = faults.find((each) => each.fault === fault && each.toMs === null);
      if (!ended) faults.push({ fault, fromMs: atMs, toMs: null });
      else if (open !== undefined) open.toMs = atMs;
    },
    write(player) {
      const history = player.history();
      if (history === null) {
        throw new UsageError(
          `--history ${path}: the keys of ${scenario.id} are no registers: they are deleted, hold siblings, or several leaders merge them.`,
        );
      }
      for (const { fault, fromMs, toMs } of faults)
        file.write(
          `${JSON.stringify({ fault: describeFault(fault, false).replace(/^fault: /, ''), fromMs, toMs: toMs ?? player.nowMs })}\n`,
        );
      for (let index = 0; index < history.size; index++) {
        const { callUs, returnUs, ...operation } = operationAt(history, index);
        const returned = returnUs !== null && { returnMs: returnUs / 1000 };
        file.write(`${JSON.stringify({ ...operation, callMs: callUs / 1000, ...returned })}\n`);
      }
    },
    commit: file.commit,
    discard: file.discard,
  };
}
