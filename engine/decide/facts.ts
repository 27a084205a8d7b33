/**
 * What follows from the requirements by arithmetic alone: how far users are from a leader, how old a follower is, how
 * many shards the load needs. Estimates for choosing; the evidence measures what is chosen.
 */
import { regionRtt } from '../scenario/region-rtt.ts';
import type { Requirements } from './requirements.ts';

/** Load a node is planned for, as a share of its capacity: beyond it queues grow out of proportion (M/M/1: 1/(1−ρ)). */
export const plannedLoad = 0.7;
/** Round trip between machines, and between user and machine, inside one region. */
export const localRttMs = 1;
/** An honest default for a disk; the evidence says so. */
export const fsync = { medianMs: 1, p99Ms: 5 } as const;
/** Below it a person cannot be woken up and decide; failover must be automatic. */
const peopleDecideAfterS = 15 * 60;
/** Noticing a dead machine, and restoring one from its backup. */
const restore = { noticeS: 600, gigabytesPerSecond: 0.1 } as const;
/** How often the log is copied away from a single machine. */
export const archiveEveryMs = 5 * 60_000;
/** A follower is milliseconds behind at rest and seconds behind under a burst; less than this needs an acknowledgement. */
const asynchronousTailMs = 1_000;
/** Followers one leader sends its log to, at most. */
const followersMax = 15;
/** The share of users that may be slower than a 99th percentile. */
const tail = 0.01;

export function isStrong(entity: { readonly consistency: string }): boolean {
  return entity.consistency === 'strong';
}

export function anyStrong(requirements: Requirements): boolean {
  return requirements.entities.some(isStrong);
}

/** Loss tolerated in milliseconds, a number of writes turned into the time it takes to make them. */
export function lossToleratedMs(requirements: Requirements): number {
  const { lossToleratedMs: byTime, lossToleratedWrites: byCount, writesPerSecond } = requirements;
  if (byCount === undefined) return byTime;
  if (byCount === 0) return 0;
  return writesPerSecond === 0 ? byTime : Math.min(byTime, (byCount / writesPerSecond) * 1000);
}

/** Whether losing a second's tail is too much. */
export function losesTooMuchAsynchronously(requirements: Requirements): boolean {
  return lossToleratedMs(requirements) < asynchronousTailMs;
}

/**
 * Whether an acknowledged write must be on more than one node. A loss may be bounded; it may break the promise of strong
 * data; and a leader cut off with its region while another is promoted would go on acknowledging what will be discarded:
 * without an acknowledgement from outside, a cut of an hour loses an hour.
 */
export function needsSecondCopy(requirements: Requirements): boolean {
  return (
    losesTooMuchAsynchronously(requirements) || anyStrong(requirements) || promotesAcrossRegions(requirements)
  );
}

export function promotesAcrossRegions(requirements: Requirements): boolean {
  return toleratesRegionLoss(requirements) && failsOverByItself(requirements);
}

export function failsOverByItself(requirements: Requirements): boolean {
  return requirements.outageToleratedS < peopleDecideAfterS;
}

export function toleratesRegionLoss(requirements: Requirements): boolean {
  return requirements.survives === 'region';
}

/** Round trip between two regions at its 99th percentile, milliseconds. */
export function rttMs(requirements: Requirements, from: string, to: string): number {
  if (from === to) return localRttMs;
  const { provider, pairs, otherwiseMs } = requirements.roundTrip;
  const pair = pairs.find(
    (each) => (each.from === from && each.to === to) || (each.from === to && each.to === from),
  );
  if (pair !== undefined) return Math.max(pair.ms, localRttMs);
  const published = provider === undefined ? undefined : publishedRtt(requirements, provider, from, to);
  return Math.max(published ?? otherwiseMs, localRttMs);
}

function publishedRtt(
  requirements: Requirements,
  provider: 'AWS' | 'Azure',
  from: string,
  to: string,
): number | undefined {
  const [a, b] = [placeOf(requirements, from), placeOf(requirements, to)];
  // A way is as long in both directions; that the tables measured each apart must not place a leader.
  const rows = [regionRtt({ provider, from: a, to: b }), regionRtt({ provider, from: b, to: a })];
  const delays = rows.flatMap((row) =>
    row === undefined ? [] : [row.points.find((point) => point.percentile === 99)?.delayUs ?? row.rttUs],
  );
  return delays.length === 0 ? undefined : Math.max(...delays) / 1000;
}

/** The provider’s name of a region. */
export function placeOf(requirements: Requirements, id: string): string {
  return requirements.regions.find((region) => region.id === id)?.place ?? id;
}

/** Where consensus has its voters: with the leader, or in three regions where the loss of one must be survived. */
export function voterRegions(requirements: Requirements): string[] {
  const leader = leaderRegion(requirements);
  if (!toleratesRegionLoss(requirements)) return [leader];
  return [leader, ...othersByDistance(requirements, leader), thirdRegion].slice(0, 3);
}

/** Where there are only two regions, a majority that survives either of them needs one more. */
export const thirdRegion = 'a third region';

/** The other regions, nearest first. */
export function othersByDistance(requirements: Requirements, from: string): string[] {
  return requirements.regions
    .map((region) => region.id)
    .filter((id) => id !== from)
    .map((id) => ({ id, ms: rttMs(requirements, from, id) }))
    .sort((a, b) => a.ms - b.ms)
    .map(({ id }) => id);
}

/** Round trip to the nearest other region; local where there is none. */
function nearestRttMs(requirements: Requirements, from: string): number {
  const nearest = othersByDistance(requirements, from)[0];
  return nearest === undefined ? localRttMs : rttMs(requirements, from, nearest);
}

/** Round trip to the farthest other region; local where there is none. */
export function farthestRttMs(requirements: Requirements, from: string): number {
  const farthest = othersByDistance(requirements, from).at(-1);
  return farthest === undefined ? localRttMs : rttMs(requirements, from, farthest);
}

/** Round trip that reaches a majority of the regions, this one counted. */
export function majorityRttMs(requirements: Requirements, from: string): number {
  const others = othersByDistance(requirements, from);
  const needed = Math.floor(requirements.regions.length / 2);
  return needed === 0 ? localRttMs : rttMs(requirements, from, others[needed - 1]!);
}

/**
 * The region from which one leader serves all users but one in a hundred soonest; of equals the one with most users,
 * then the first. It depends on where users are and on nothing they ask for.
 */
export function leaderRegion(requirements: Requirements): string {
  let best: { id: string; ms: number; share: number } | undefined;
  for (const { id, share } of requirements.regions) {
    const ms = worstForUsers(requirements, (user) => rttMs(requirements, user, id));
    const better = best === undefined || ms < best.ms || (ms === best.ms && share > best.share);
    if (better) best = { id, ms, share };
  }
  return best!.id;
}

/** 99th percentile of write latency through one leader, before any queueing. @param commitMs At the leader. */
export function throughLeaderMs(requirements: Requirements, commitMs: number): number {
  const leader = leaderRegion(requirements);
  return worstForUsers(requirements, (user) => rttMs(requirements, user, leader)) + commitMs;
}

/** The cost that all users but one in a hundred stay within, each region costing what it costs. */
export function worstForUsers(requirements: Requirements, costMs: (region: string) => number): number {
  const slowestFirst = requirements.regions
    .map(({ id, share }) => ({ ms: costMs(id), share }))
    .sort((a, b) => b.ms - a.ms);
  let slower = 0;
  for (const { ms, share } of slowestFirst) {
    slower += share;
    if (slower > tail) return ms;
  }
  return slowestFirst[0]!.ms;
}

/** Commit at the leader: its own disk, and for a second copy the way to another disk and back. */
export function commitMs(requirements: Requirements, secondCopy: boolean): number {
  if (!secondCopy) return fsync.p99Ms;
  const wayMs = toleratesRegionLoss(requirements)
    ? nearestRttMs(requirements, leaderRegion(requirements))
    : localRttMs;
  return fsync.p99Ms + wayMs + fsync.p99Ms;
}

/** How old an asynchronous copy is at rest: the longest way between two regions, and its own disk. */
export function copyAgeMs(requirements: Requirements): number {
  const ways = requirements.regions.map((region) => farthestRttMs(requirements, region.id));
  return Math.max(...ways) + 2 * fsync.p99Ms;
}

/** Reads per second that only a leader may answer. */
function leaderReadsPerSecond(requirements: Requirements): number {
  const followersServe = requirements.stalenessToleratedMs >= copyAgeMs(requirements);
  const share = requirements.entities
    .filter((entity) => isStrong(entity) || !followersServe)
    .reduce((sum, entity) => sum + entity.share, 0);
  return requirements.readsPerSecond * Math.min(share, 1);
}

/** How busy writes alone keep a node of an unsharded store, as a share of its time; followers apply every write too. */
export function writeLoad({ writesPerSecond, node }: Requirements): number {
  return writesPerSecond / node.writesPerSecond;
}

/** How busy these reads keep one node; reads and writes share its time. */
export function readLoad({ node }: Requirements, readsPerSecond: number): number {
  return readsPerSecond / node.readsPerSecond;
}

/**
 * Groups of keys, each on replicas of its own, so that no leader is busier than planned, no disk overflows, and no
 * leader needs more followers for its reads than it can feed. Where one group is not enough, as many as make the
 * fewest machines: at the bare minimum writes would leave a follower hardly any time for reads.
 */
export function shardsNeeded(requirements: Requirements): number {
  const fewest = shardsWith(requirements, followersMax);
  if (fewest === 1) return 1;
  let best = { shards: fewest, machines: Number.POSITIVE_INFINITY };
  for (let followers = spareFollowers(requirements); followers <= followersMax; followers++) {
    const shards = shardsWith(requirements, followers);
    const machines = shards * (1 + followers);
    if (machines < best.machines) best = { shards, machines };
  }
  return best.shards;
}

function shardsWith(requirements: Requirements, followers: number): number {
  const { node, dataGB, readsPerSecond } = requirements;
  const writes = writeLoad(requirements);
  const leader = writes + readLoad(requirements, leaderReadsPerSecond(requirements));
  const follower = writes + readLoad(requirements, readsPerSecond) / followers;
  return Math.max(
    1,
    Math.ceil(leader / plannedLoad),
    Math.ceil(follower / plannedLoad),
    Math.ceil(dataGB / (node.storageGB * plannedLoad)),
  );
}

/** Followers that survive what must be survived: two where a write waits for one, so that the death of one stops nothing. */
export function spareFollowers(requirements: Requirements): number {
  return needsSecondCopy(requirements) ? 2 : 1;
}

/** Time to notice a dead machine and restore it from its backup, seconds. */
export function restoreS(requirements: Requirements): number {
  return restore.noticeS + requirements.dataGB / restore.gigabytesPerSecond;
}
