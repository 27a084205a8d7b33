/** Short runs of several leaders, and what tests look at in them. */
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import type { MultiLeaderCluster } from './cluster.ts';

export type MultiLeader = Extract<ScenarioSource['topology'], { type: 'multi-leader' }>;

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Each leader in a region of its own with a client group there; 20 ms from one to another. */
export function leadersIn(
  count: number,
  topology: Partial<MultiLeader> = {},
  changes: Partial<ScenarioSource> = {},
): ScenarioSource {
  const ids = names.slice(0, count);
  return {
    id: 'multi-leader',
    durationMs: 2000,
    cluster: {
      nodes: ids.map((id) => ({ id, region: `in-${id}` })),
      defaults: { disk: { fsync: 1 } },
    },
    network: {
      within: { latency: 0.5 },
      between: ids.flatMap((from, index) =>
        ids.slice(index + 1).map((to) => ({
          from: `in-${from}`,
          to: `in-${to}`,
          latency: { type: 'uniform', minMs: 15, maxMs: 25 },
        })),
      ),
    } as ScenarioSource['network'],
    topology: { type: 'multi-leader', silenceMs: 200, retryMs: 100, ...topology },
    workload: {
      clients: ids.map((id) => ({ id: `at-${id}`, region: `in-${id}`, writesPerSecond: 20 })),
      keys: { count: 10 },
    },
    ...changes,
  };
}

export interface Run {
  readonly report: Report;
  readonly trace: readonly TraceEntry[];
  readonly cluster: MultiLeaderCluster;
}

export function run(source: ScenarioSource, seed = 1): Run {
  const trace: TraceEntry[] = [];
  const simulation = new Simulation(parseScenario(source), seed, (entry) => trace.push(entry));
  simulation.finish();
  return { report: simulation.report(), trace, cluster: simulation.cluster as MultiLeaderCluster };
}

export const verdict = (report: Report, name: string) => report.verdicts.find((each) => each.name === name)!;

export const ofType = <Type extends TraceEntry['type']>(trace: readonly TraceEntry[], type: Type) =>
  trace.filter((entry): entry is Extract<TraceEntry, { type: Type }> => entry.type === type);
