import type { Verdict } from '../run/report.ts';
import { DATA_WIDTH, keyOf, type LogHolder, valueAt } from '../topologies/wal.ts';

/**
 * Keys on which live replicas differ after the drain, each replica's data taken with its whole log replayed.
 * It compares values, not logs: what two replicas would answer is what matters to a reader.
 */
export function divergence(
  replicas: readonly LogHolder[],
  names: readonly string[],
  isLive: (node: number) => boolean,
  drained: boolean,
  atUs: number,
): Verdict {
  const live = replicas.map((_, node) => node).filter(isLive);
  const base = live[0] === undefined ? null : valuesOf(replicas[live[0]]!);
  const differing = new Set<number>();
  let story: string[] = [];
  let operations: number[] = [];
  for (const node of live.slice(1)) {
    const values = valuesOf(replicas[node]!);
    for (let key = 0; key < values.length; key++) {
      if (values[key] === base![key]) continue;
      if (differing.size === 0) {
        story = [
          `${names[live[0]!]!} holds ${write(base![key]!)} under key ${key}`,
          `${names[node]!} holds ${write(values[key]!)} under the same key`,
        ];
        operations = [base![key]!, values[key]!].filter((number) => number !== 0);
      }
      differing.add(key);
    }
  }
  const count = differing.size;
  return {
    name: 'divergence',
    // Before the drain is over replicas may differ: they lag.
    result: count === 0 ? 'ok' : drained ? 'violation' : 'unknown',
    count,
    witness: count === 0 ? null : { atMs: atUs / 1000, story, operations },
  };
}

function write(number: number): string {
  return number === 0 ? 'nothing' : `write number ${number}`;
}

/** The value of every key once the whole log is replayed. */
function valuesOf({ data, wal, replayedLsn }: LogHolder): Int32Array {
  const values = new Int32Array(data.length / DATA_WIDTH);
  for (let key = 0; key < values.length; key++) values[key] = data[key * DATA_WIDTH + 2]!;
  for (let lsn = Math.max(replayedLsn + 1, wal.firstLsn); lsn <= wal.lastLsn; lsn++)
    values[keyOf(wal, lsn)] = valueAt(wal, lsn);
  return values;
}
