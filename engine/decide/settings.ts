import { electionPlan } from './election-plan.ts';
import {
  anyStrong,
  copyAgeMs,
  isStrong,
  leaderRegion,
  needsSecondCopy,
  othersByDistance,
  plannedLoad,
  shardsNeeded,
  spareFollowers,
  toleratesRegionLoss,
  voterRegions,
  writeLoad,
} from './facts.ts';
import { failoverPlan } from './failover-plan.ts';
import type { Placement, Settings, Topology } from './recommendation.ts';
import type { Requirements } from './requirements.ts';
import { quorumCrossesRegions, writeP99Ms } from './rules.ts';

/** How a topology would be set up for these requirements, one shard of it. */
export function settingsFor(topology: Topology, requirements: Requirements): Settings {
  const placement = placementOf(topology, requirements);
  const hasLeader = topology === 'leader-follower' || topology === 'consensus';
  const reads = hasLeader ? readsFrom(requirements) : null;
  return {
    acknowledgement: acknowledgement(topology, requirements),
    reads,
    leaderReads:
      reads === null || reads === 'leader'
        ? []
        : requirements.entities.filter(isStrong).map((entity) => entity.name),
    replicas: placement.reduce((sum, { count }) => sum + count, 0),
    placement,
    failover: topology === 'leader-follower' ? failoverPlan(requirements) : null,
    election: topology === 'consensus' ? electionPlan(requirements, voterRegions(requirements)) : null,
    quorum: topology === 'leaderless' ? quorum(requirements) : null,
    expectedWriteP99Ms: writeP99Ms(requirements, topology),
  };
}

function acknowledgement(topology: Topology, requirements: Requirements): Settings['acknowledgement'] {
  if (topology === 'leaderless' || topology === 'consensus') return null;
  if (topology === 'single-node') return 'asynchronous';
  return needsSecondCopy(requirements) ? 'semi-synchronous' : 'asynchronous';
}

/** Followers serve reads only where their age is tolerated and the leader is too far or too busy. */
function readsFrom(requirements: Requirements): 'leader' | 'followers' | 'nearest' {
  const tolerated = requirements.stalenessToleratedMs >= copyAgeMs(requirements);
  if (!tolerated || requirements.entities.every(isStrong)) return 'leader';
  const leader = leaderRegion(requirements);
  const here = requirements.regions.find((region) => region.id === leader)!.share;
  const busy = readsOfShard(requirements) * here > readsOneFollowerServes(requirements);
  if (requirements.regions.length === 1) return busy ? 'followers' : 'leader';
  return busy && !mayFollowInLeaderRegion(requirements) ? 'followers' : 'nearest';
}

/** A follower beside the leader would acknowledge first and be lost with the region. */
function mayFollowInLeaderRegion(requirements: Requirements): boolean {
  return !(toleratesRegionLoss(requirements) && needsSecondCopy(requirements));
}

function readsOfShard(requirements: Requirements): number {
  return requirements.readsPerSecond / shardsNeeded(requirements);
}

/** Reads per second that fit beside the writes every replica takes. */
function readsOneFollowerServes(requirements: Requirements): number {
  return (
    (plannedLoad - writeLoad(requirements) / shardsNeeded(requirements)) * requirements.node.readsPerSecond
  );
}

function placementOf(topology: Topology, requirements: Requirements): Placement[] {
  const leader = leaderRegion(requirements);
  switch (topology) {
    case 'single-node':
      return [{ region: leader, role: 'leader', count: 1 }];
    case 'leader-follower':
      return [{ region: leader, role: 'leader', count: 1 }, ...followers(requirements, leader)];
    case 'multi-leader':
      return requirements.regions.flatMap(({ id }) => [
        { region: id, role: 'leader', count: 1 },
        { region: id, role: 'follower', count: spareFollowers(requirements) },
      ]);
    case 'leaderless':
      return requirements.regions.map(({ id }) => ({ region: id, role: 'replica', count: copiesPerRegion }));
    case 'consensus':
      return voters(requirements);
  }
}

/** The spare followers, one near users who may read it, and as many more as the reads need. */
function followers(requirements: Requirements, leader: string): Placement[] {
  const reads = readsFrom(requirements);
  const spare = spareFollowers(requirements);
  const [nearest, ...farther] = othersByDistance(requirements, leader);
  const counts = new Map<string, number>();
  const atLeast = (region: string, count: number) =>
    counts.set(region, Math.max(counts.get(region) ?? 0, count));
  if (reads !== 'leader') {
    for (const { id, share } of requirements.regions)
      atLeast(id, readersNeeded(requirements, share) - (id === leader && reads === 'nearest' ? 1 : 0));
  }
  if (toleratesRegionLoss(requirements)) {
    const elsewhere = farther.length > 0 ? 1 : spare;
    atLeast(nearest!, elsewhere);
    if (spare > 1 && farther.length > 0) atLeast(farther[0]!, 1);
  } else atLeast(leader, spare);
  const besideLeader = counts.get(leader) ?? 0;
  if (!mayFollowInLeaderRegion(requirements)) {
    counts.set(leader, 0);
    atLeast(nearest!, (counts.get(nearest!) ?? 0) + besideLeader);
  }
  return requirements.regions
    .map(({ id }): Placement => ({ region: id, role: 'follower', count: counts.get(id) ?? 0 }))
    .filter(({ count }) => count > 0);
}

function readersNeeded(requirements: Requirements, share: number): number {
  const reads = readsOfShard(requirements) * share;
  return reads === 0 ? 1 : Math.max(1, Math.ceil(reads / readsOneFollowerServes(requirements)));
}

/** Three voters survive one; for a region’s loss no region may hold two of them. */
function voters(requirements: Requirements): Placement[] {
  const regions = voterRegions(requirements);
  return regions.length === 1
    ? [{ region: regions[0]!, role: 'replica', count: 3 }]
    : regions.map((region) => ({ region, role: 'replica', count: 1 }));
}

/** Three copies survive one and still hold a majority. */
const copiesPerRegion = 3;

function quorum(requirements: Requirements): NonNullable<Settings['quorum']> {
  const n = copiesPerRegion * (quorumCrossesRegions(requirements) ? requirements.regions.length : 1);
  const majority = Math.floor(n / 2) + 1;
  return { n, w: majority, r: majority };
}

/** What the settings cannot express and someone must still do. */
export function warningsFor(topology: Topology, requirements: Requirements): string[] {
  const warnings: string[] = [];
  const shards = shardsNeeded(requirements);
  const crossing = requirements.entities.filter((entity) => entity.transactions).map((entity) => entity.name);
  const sessions = requirements.entities
    .filter((entity) => entity.consistency === 'session')
    .map((entity) => entity.name);
  const reads = settingsFor(topology, requirements).reads;
  if (shards > 1 && crossing.length > 0) {
    warnings.push(
      `A change of several keys (${crossing.join(', ')}) may cross shards: keep such keys in one shard, or add a transaction coordinator.`,
    );
  }
  if (sessions.length > 0 && reads !== null && reads !== 'leader') {
    warnings.push(
      `Followers serve reads, so users may miss their own writes (${sessions.join(', ')}): read from the leader for a while after a write, or wait for the write’s position.`,
    );
  }
  if (topology === 'leader-follower' && anyStrong(requirements)) {
    warnings.push(
      'A deposed leader must be fenced (a token that storage checks, or power off), or it answers reads from the past.',
    );
  }
  if (topology === 'consensus' && toleratesRegionLoss(requirements) && requirements.regions.length === 2) {
    warnings.push(
      'A majority survives the loss of a region only with three: put a voter, even one without data, in a third region.',
    );
  }
  if (topology === 'leaderless' && requirements.duringPartition === 'accept') {
    warnings.push(
      'A side with fewer replicas than a quorum accepts writes only with a sloppy quorum or a level of ONE.',
    );
  }
  if (anyStrong(requirements) && requirements.duringPartition === 'accept') {
    warnings.push('Strong data and accepting writes on every side of a partition exclude each other (CAP).');
  }
  return warnings;
}
