/** Short runs of groups that certify, and what tests look at in them. */
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import type { Rule } from './certifying.ts';
import { CertificationCluster } from './cluster.ts';
import type { CertificationSpec } from './spec.ts';

type Certification = Extract<ScenarioSource['topology'], { type: 'certification' }>;

/** Three members in regions of their own, 15 ms apart, with a client group beside each. */
export function groupOf(
  topology: Partial<Certification> = {},
  changes: Partial<ScenarioSource> = {},
): ScenarioSource {
  const ids = ['a', 'b', 'c'];
  return {
    id: 'certification',
    durationMs: 3000,
    cluster: { nodes: ids.map((id) => ({ id, region: `in-${id}` })), defaults: { disk: { fsync: 1 } } },
    network: {
      within: { latency: 0.5 },
      between: [
        { from: 'in-a', to: 'in-b', latency: 15 },
        { from: 'in-a', to: 'in-c', latency: 15 },
        { from: 'in-b', to: 'in-c', latency: 15 },
      ],
    },
    topology: { type: 'certification', electionTimeoutMs: 400, heartbeatMs: 100, ...topology },
    workload: {
      clients: ids.map((id) => ({
        id: `at-${id}`,
        region: `in-${id}`,
        writesPerSecond: 40,
        readsPerSecond: 40,
      })),
      keys: { count: 10 },
    },
    ...changes,
  };
}

export interface Run {
  readonly report: Report;
  readonly trace: readonly TraceEntry[];
  readonly cluster: CertificationCluster;
}

/** Runs to the end; with another rule of what passes, if one is given. */
export function run(source: ScenarioSource, rule?: Rule): Run {
  const trace: TraceEntry[] = [];
  const scenario = parseScenario(source);
  const simulation = new Simulation(
    scenario,
    scenario.seed,
    (entry) => trace.push(entry),
    (spec, size, surroundings) =>
      new CertificationCluster(spec as CertificationSpec, size, surroundings, rule),
  );
  simulation.finish();
  return { report: simulation.report(), trace, cluster: simulation.cluster as CertificationCluster };
}

export const verdict = (report: Report, name: string) => report.verdicts.find((each) => each.name === name)!;

export const ofType = <Type extends TraceEntry['type']>(trace: readonly TraceEntry[], type: Type) =>
  trace.filter((entry): entry is Extract<TraceEntry, { type: Type }> => entry.type === type);
