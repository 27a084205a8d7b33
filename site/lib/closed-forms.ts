/** What a figure of a run is without the run, where there is a formula. By name, for chapters import nothing. */
import { conflictingWritesPerSecond, type ScenarioSource } from '#engine';

/** Writes in conflict with another, of two leaders with a client group each, a constant lag and keys that are all alike. */
function writesInConflict({ network, cluster, workload, durationMs }: ScenarioSource): number {
  const latency = network?.between?.[0]?.latency;
  const fsync = cluster.defaults?.disk?.fsync;
  if (typeof latency !== 'number' || typeof fsync !== 'number')
    throw new Error('the closed form of writes in conflict wants a constant latency and fsync');
  const keys = workload.keys?.count ?? 1;
  const writesPerSecond = workload.clients.map((group) => (group.writesPerSecond ?? 0) / keys);
  const perKey = conflictingWritesPerSecond({ writesPerSecond, lagMs: latency + fsync, lag: 'constant' });
  return (perKey * keys * durationMs) / 1000;
}

export const closedForms = { 'writes in conflict': writesInConflict };
