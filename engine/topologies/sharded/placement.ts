/** Which nodes hold a shard. */

/** A node's region, by index. */
type Regions = readonly string[];

/**
 * The nodes of each shard, the first of which leads. Leaders take turns: over all nodes, or over those of the regions
 * given, region after region. The other replicas go where the shard has the fewest so far, region by region, and among
 * equals to the next node in the order of the file. So a shard survives the loss of a region wherever its nodes allow it,
 * as CockroachDB's diversity score has it (CockroachDB docs, Replication layer).
 */
export function placeShards(
  regions: Regions,
  shards: number,
  replicas: number,
  leaderRegions: readonly string[] | undefined,
): number[][] {
  const taken = new Map<string, number>();
  return Array.from({ length: shards }, (_, shard) => {
    if (leaderRegions === undefined) return placeShard(regions, shard % regions.length, replicas);
    const region = leaderRegions[shard % leaderRegions.length]!;
    const candidates = [...regions.keys()].filter((node) => regions[node] === region);
    const turn = taken.get(region) ?? 0;
    taken.set(region, turn + 1);
    return placeShard(regions, candidates[turn % candidates.length]!, replicas);
  });
}

function placeShard(regions: Regions, leader: number, replicas: number): number[] {
  const placed = [leader];
  const inRegion = new Map([[regions[leader]!, 1]]);
  while (placed.length < replicas) {
    let best = -1;
    for (let step = 1; step < regions.length; step++) {
      const node = (leader + step) % regions.length;
      if (placed.includes(node)) continue;
      const has = (each: number) => inRegion.get(regions[each]!) ?? 0;
      if (best < 0 || has(node) < has(best)) best = node;
    }
    placed.push(best);
    inRegion.set(regions[best]!, (inRegion.get(regions[best]!) ?? 0) + 1);
  }
  return placed;
}
