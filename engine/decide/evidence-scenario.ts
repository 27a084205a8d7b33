/** The recommendation as scenarios: the same cluster and workload, undisturbed and under each fault. */
import type { ScenarioSource } from '../scenario/schema.ts';
import {
  failsOverByItself,
  farthestRttMs,
  fsync,
  leaderRegion,
  placeOf,
  rttMs,
  thirdRegion,
} from './facts.ts';
import type { Recommendation } from './recommendation.ts';
import type { Requirements } from './requirements.ts';

type MultiLeaderSource = Extract<ScenarioSource['topology'], { type: 'multi-leader' }>;

/** `none` is where latency is measured: a target holds outside failures. */
export type EvidenceFault = 'none' | 'leader-crash' | 'region-cut';

/** A machine that nobody replaces comes back by itself after this. */
const restartMs = 60_000;
const localLatency = { type: 'log-normal', medianMs: 0.25, p99Ms: 1 } as const;
const keys = { count: 1_000, choice: 'zipf' } as const;

export type Role = 'recommendation' | 'runner-up';

/** What scenarios are made of: the recommendation, or another topology set up for the same requirements. */
export type Candidate = Pick<Recommendation, 'topology' | 'answer' | 'settings' | 'shards'>;

/** Faults worth running: a cut needs a second region. */
export function faultsFor(requirements: Requirements): EvidenceFault[] {
  return requirements.regions.length > 1 ? ['none', 'leader-crash', 'region-cut'] : ['none', 'leader-crash'];
}

/** One shard of the candidate on its share of the requirements' own workload; of its own size unless one is given. */
export function scenarioFor(
  candidate: Candidate,
  requirements: Requirements,
  options: { readonly fault: EvidenceFault; readonly of?: Role; readonly size?: Size },
): ScenarioSource {
  const { shards } = candidate;
  const { fault, of = 'recommendation', size = sizeOf(candidate, requirements) } = options;
  const { durationMs, slice } = size;
  const nodes = nodesOf(candidate);
  const { readsPerSecond, writesPerSecond } = requirements.node;
  const ofShard = (rate: number) => (rate / shards) * slice;
  const leader = nodes[0]!;
  return {
    id: `${requirements.id.slice(0, 30)}.${of === 'runner-up' ? 'runner-up.' : ''}${fault === 'none' ? 'undisturbed' : fault}`,
    title: `${titleOf(candidate, requirements, fault)}${of === 'runner-up' ? ` (${candidate.topology} instead)` : ''}`,
    durationMs,
    cluster: {
      nodes,
      defaults: {
        disk: { fsync: { type: 'log-normal', ...fsync } },
        capacity: {
          readsPerSecond: readsPerSecond * slice,
          writesPerSecond: writesPerSecond * slice,
          appliesPerSecond: writesPerSecond * slice,
        },
      },
    },
    network: { within: { latency: localLatency }, between: linksOf(candidate, requirements) },
    topology: topologyOf(candidate, requirements, leader),
    workload: {
      clients: requirements.regions.flatMap(({ id, share }, index) =>
        partsOf(candidate, requirements).map(({ table, share: part }) => ({
          id: table === null ? `users-${index + 1}` : `users-${index + 1}-${table}`,
          region: id,
          readsPerSecond: ofShard(requirements.readsPerSecond) * share * part,
          writesPerSecond: ofShard(requirements.writesPerSecond) * share * part,
          ...(table !== null && { table }),
        })),
      ),
      keys,
      timeoutMs: clientTimeoutMs(requirements),
    },
    faults: faultsOf(candidate, requirements, fault, leader, durationMs),
  };
}

function titleOf(
  { topology, settings }: Candidate,
  requirements: Requirements,
  fault: EvidenceFault,
): string {
  const what = requirements.title === '' ? requirements.id : requirements.title;
  const disturbed = {
    none: 'undisturbed',
    'leader-crash':
      topology === 'multi-leader'
        ? 'a leader crashes'
        : settings.quorum === null
          ? 'the leader crashes'
          : 'a node crashes',
    'region-cut': leadsAlone({ topology, settings })
      ? 'the leader’s region is cut off'
      : 'a region is cut off',
  };
  return `${what.slice(0, 150)}: ${disturbed[fault]}`;
}

/** Whether there is one leader, whose loss stops the writes. */
export function leadsAlone({ topology, settings }: Pick<Candidate, 'topology' | 'settings'>): boolean {
  return topology !== 'multi-leader' && settings.quorum === null;
}

function topologyOf(
  { topology, settings }: Candidate,
  requirements: Requirements,
  leader: { readonly id: string; readonly region: string },
): ScenarioSource['topology'] {
  const { election, acknowledgement, quorum } = settings;
  if (quorum !== null) return leaderlessOf(settings, quorum);
  if (topology === 'multi-leader') return multiLeaderOf(settings, requirements);
  const reads = settings.reads ?? 'leader';
  if (election === null) {
    return {
      type: 'leader-follower',
      leader: leader.id,
      acknowledgement: acknowledgement ?? 'asynchronous',
      reads,
      ...failoverOf(settings, leader.region),
    };
  }
  const { heartbeatMs, electionTimeoutMs } = election;
  return {
    type: 'consensus',
    leader: leader.id,
    heartbeatMs,
    electionTimeoutMs,
    ...(reads === 'leader' ? { reads: 'read-index' } : { reads: 'local', readFrom: reads }),
  };
}

/** A leader in each region, and others there that stand by: what is acknowledged by two is acknowledged there. */
function multiLeaderOf(
  { acknowledgement }: Candidate['settings'],
  requirements: Requirements,
): ScenarioSource['topology'] {
  return {
    type: 'multi-leader',
    standbys: true,
    confirmedBy: acknowledgement === 'asynchronous' ? 0 : 1,
    ...conflictsOf(requirements),
  };
}

/**
 * What stands for a strategy. Of a merge function or a type it is not known which: sets that only grow keep what either write
 * put in, which is a merge and, as a G-Set, a conflict-free replicated type.
 */
const resolvers = {
  none: 'last-writer',
  'last-writer-wins': 'last-writer',
  merge: 'union',
  crdt: 'union',
} as const;

/** Data by the last writer, and data of which both writes are kept: each in a table of its own where there are both. */
function partsOf(
  { topology }: Candidate,
  { entities }: Requirements,
): { readonly table: 'overwritten' | 'merged' | null; readonly share: number }[] {
  const merged = entities.reduce(
    (sum, { conflict, share }) => sum + (resolvers[conflict] === 'union' ? share : 0),
    0,
  );
  const isMixed = new Set(entities.map(({ conflict }) => resolvers[conflict])).size > 1;
  if (topology !== 'multi-leader' || !isMixed) return [{ table: null, share: 1 }];
  return [
    { table: 'overwritten', share: 1 - merged },
    { table: 'merged', share: merged },
  ];
}

function conflictsOf({ entities }: Requirements): Partial<MultiLeaderSource> {
  const used = [...new Set(entities.map(({ conflict }) => resolvers[conflict]))];
  if (used.length === 1) return { resolve: used[0]! };
  return { tables: [{ id: 'overwritten' }, { id: 'merged', resolve: 'union' }] };
}

function conflictsSaid({ entities }: Requirements): string {
  const used = new Set(entities.map(({ conflict }) => resolvers[conflict]));
  const merged = 'keeping what either write put in, as sets that only grow do';
  const thrown = 'the greatest stamp, which throws the other write away';
  if (used.size === 2)
    return `Conflicts of data with a merge or a CRDT end by ${merged}; of other data by ${thrown}; each has its share of the load and a table of its own.`;
  return `Conflicts end by ${used.has('union') ? merged : thrown}.`;
}

/** Whether quorums are of the copies in the user's own region: then those of two regions need not meet. */
export function isLocalQuorum({ quorum, replicas }: Candidate['settings']): boolean {
  return quorum !== null && replicas > quorum.n;
}

/** Quorums over all copies, or where those of one region are enough, of each user's own region. */
function leaderlessOf(
  settings: Candidate['settings'],
  { n, w, r }: NonNullable<Candidate['settings']['quorum']>,
): ScenarioSource['topology'] {
  const { placement } = settings;
  const isLocal = isLocalQuorum(settings);
  return {
    type: 'leaderless',
    replicas:
      placement.length === 1 ? n : Object.fromEntries(placement.map(({ region, count }) => [region, count])),
    write: isLocal ? 'LOCAL_QUORUM' : w,
    read: isLocal ? 'LOCAL_QUORUM' : r,
    hints: {},
  };
}

function nodesOf({ settings }: Candidate): { id: string; region: string }[] {
  const regions = settings.placement.flatMap(({ region, count }) =>
    Array.from({ length: count }, () => region.replaceAll(' ', '-')),
  );
  return regions.map((region, index) => ({ id: `${region.slice(0, 58)}.${index + 1}`, region }));
}

type Between = NonNullable<NonNullable<ScenarioSource['network']>['between']>;

function linksOf({ settings }: Candidate, requirements: Requirements): Between {
  const { regions, roundTrip } = requirements;
  // A region of voters alone is as far from the others as regions usually are.
  const alone = settings.placement.some(({ region }) => region === thirdRegion)
    ? regions.map(({ id }) => ({
        from: id,
        to: thirdRegion.replaceAll(' ', '-'),
        latency: rttMs(requirements, id, thirdRegion) / 2,
      }))
    : [];
  const among = regions.flatMap(({ id: from }, index) =>
    regions.slice(index + 1).map(({ id: to }) => {
      const pair = roundTrip.pairs.find(
        (each) => (each.from === from && each.to === to) || (each.from === to && each.to === from),
      );
      const { provider } = roundTrip;
      if (pair !== undefined || provider === undefined) {
        return { from, to, latency: (pair?.ms ?? roundTrip.otherwiseMs) / 2 };
      }
      const places = { from: placeOf(requirements, from), to: placeOf(requirements, to) };
      return { from, to, latency: { type: 'rtt' as const, provider, ...places } };
    }),
  );
  return [...among, ...alone];
}

function failoverOf({ failover }: Candidate['settings'], leaderAt: string) {
  if (failover === null) return { failover: { automatic: false, region: leaderAt } };
  const { automatic, region, heartbeatMs, timeoutMs, electionMs, reconnectMs } = failover;
  return { failover: { automatic, region, heartbeatMs, timeoutMs, electionMs }, reconnectMs };
}

/** Long enough that only what is broken times out. */
function clientTimeoutMs(requirements: Requirements): number {
  const farthest = farthestRttMs(requirements, leaderRegion(requirements));
  return Math.min(60_000, Math.max(1_000, 2 * requirements.writeLatencyP99Ms, 4 * farthest));
}

function faultsOf(
  { topology, settings }: Candidate,
  requirements: Requirements,
  fault: EvidenceFault,
  leader: { readonly id: string; readonly region: string },
  durationMs: number,
): NonNullable<ScenarioSource['faults']> {
  const atMs = Math.round(durationMs / 3);
  if (fault === 'none') return [];
  if (fault === 'region-cut') {
    const others = regionsOf(settings, requirements).filter((id) => id !== leader.region);
    return [{ type: 'cut', atMs, from: [leader.region], to: others }];
  }
  const comesBack =
    topology !== 'consensus' && leadsAlone({ topology, settings }) && settings.failover?.automatic !== true;
  return [{ type: 'crash', atMs, node: leader.id, ...(comesBack && { forMs: restartMs }) }];
}

function regionsOf({ placement }: Candidate['settings'], { regions }: Requirements): string[] {
  return [
    ...new Set([
      ...regions.map(({ id }) => id),
      ...placement.map(({ region }) => region.replaceAll(' ', '-')),
    ]),
  ];
}

/** What a run is meant to hold at most, and what it may hold so that the failover is still seen. */
const inputs = { aim: 3_000_000, max: 6_000_000 } as const;
/** What a run should last: for a failover to show, and for a 99th percentile of a thousand writes. */
const length = { usualMs: 60_000, longestMs: 3_600_000, writes: 1_000, fewestWrites: 20 } as const;

export interface Size {
  readonly durationMs: number;
  /** The part of a shard's load and of its nodes' capacity that is simulated, 1 in the usual case. */
  readonly slice: number;
}

/**
 * How long to run. A heavy load is run shorter rather than lighter, but never so short that the failover is not over;
 * where even that is too much, load and capacity are cut alike, which keeps how busy a node is.
 */
export function sizeOf(candidate: Candidate, requirements: Requirements): Size {
  const { settings, shards } = candidate;
  const neededMs = neededMsOf(candidate);
  const writes = requirements.writesPerSecond / shards;
  // Where nobody leads, a read asks every copy too.
  const inputsOfRead = settings.quorum === null ? 3 : 3 + 2 * settings.replicas;
  const perSecond =
    (requirements.readsPerSecond / shards) * inputsOfRead + writes * (4 + 3 * (settings.replicas - 1)) + 50;
  const forWritesMs = writes === 0 ? 0 : Math.min(length.longestMs, (length.writes / writes) * 1000);
  const wantedMs = Math.max(length.usualMs, neededMs, forWritesMs);
  const affordedMs = (inputs.aim / perSecond) * 1000;
  const durationMs = Math.ceil(Math.max(neededMs, Math.min(wantedMs, affordedMs)) / 1000) * 1000;
  return { durationMs, slice: Math.min(1, inputs.max / (perSecond * (durationMs / 1000))) };
}

/** So that what a failure costs is seen to its end. */
function neededMsOf(candidate: Candidate): number {
  return 1.5 * (1.3 * expectedOutageMs(candidate) + 5_000);
}

/** Where nobody leads alone, what a client waits for an answer before it asks another node. */
const patienceMs = 5_000;

function expectedOutageMs(candidate: Candidate): number {
  const { failover, election } = candidate.settings;
  if (!leadsAlone(candidate)) return patienceMs;
  if (election !== null) return election.expectedOutageMs;
  return failover?.automatic === true ? failover.expectedOutageMs : restartMs;
}

/** As long as both can afford, and no shorter than either needs, so that both run the same workload. */
export function sizeForBoth(a: Candidate, b: Candidate, requirements: Requirements): Size {
  const [one, other] = [sizeOf(a, requirements), sizeOf(b, requirements)];
  return {
    durationMs: Math.max(
      Math.ceil(Math.max(neededMsOf(a), neededMsOf(b)) / 1000) * 1000,
      Math.min(one.durationMs, other.durationMs),
    ),
    slice: Math.min(one.slice, other.slice),
  };
}

/** Whether a run makes enough writes to say anything of them. */
export function isWritten(candidate: Candidate, requirements: Requirements): boolean {
  const { durationMs, slice } = sizeOf(candidate, requirements);
  const perSecond = (requirements.writesPerSecond / candidate.shards) * slice;
  return (perSecond * durationMs) / 1000 >= length.fewestWrites;
}

/** What the scenarios take for granted, in sentences. */
export function assumptionsOf(candidate: Candidate, requirements: Requirements, size: Size): string[] {
  const { topology, settings, shards } = candidate;
  const { durationMs, slice } = size;
  const said = [
    `Disks: an fsync takes ${fsync.medianMs} ms in the middle and ${fsync.p99Ms} ms at p99 (log-normal).`,
    `Inside a region a message takes ${localLatency.medianMs} ms in the middle and ${localLatency.p99Ms} ms at p99, one way.`,
    `Reads and writes arrive independently of each other (Poisson), over ${keys.count} keys with a Zipf law.`,
    `Each run lasts ${durationMs / 1000} s of virtual time at the rates you gave; the fault comes after a third of it.`,
    'Write latency and tolerated staleness are held to without a fault; a target holds in the worst of the runs.',
  ];
  if (durationMs < length.usualMs)
    said.push(
      'The run is shorter than a minute because the load is heavy; the rates are not reduced for it.',
    );
  if (slice < 1) {
    said.push(
      `Only ${Math.round(slice * 10_000) / 100}% of the load is simulated, on nodes of as much less capacity, to keep a run affordable.`,
    );
  }
  if (shards > 1) said.push(`One of ${shards} shards is simulated, with an equal share of the load.`);
  if (topology === 'single-node') {
    said.push(
      `One machine is simulated as a leader without followers, whose process comes back after ${restartMs / 1000} s with its disk intact; the loss of the disk and the restore of a backup are not simulated.`,
    );
  } else if (topology === 'consensus') {
    said.push(
      'Clients who hear nothing of a leader until they give up ask the next server, which says who leads.',
    );
    if (settings.placement.some(({ region }) => region === thirdRegion)) {
      said.push(
        `The third region, which has a voter and no users, is ${requirements.roundTrip.otherwiseMs} ms from the others.`,
      );
    }
  } else if (topology === 'leaderless') {
    said.push(
      'Any node coordinates; reads ask every replica and repair those behind before they answer; writes keep hints for who is down. How old a stale read is, is not measured: stale reads are counted.',
    );
  } else if (topology === 'multi-leader') {
    said.push(
      `A region’s followers are simulated as leaders that its clients ask once its first leader is silent. ${conflictsSaid(requirements)} Staleness is the longest that any leader was behind another.`,
    );
  } else if (!failsOverByItself(requirements)) {
    said.push(
      `People decide a failover, and no one is simulated: the leader comes back by itself after ${restartMs / 1000} s.`,
    );
  }
  if (settings.leaderReads.length > 0) {
    said.push(
      `The engine reads all data alike: here from the ${settings.reads === 'nearest' ? 'nearest replica' : 'followers'}, although ${settings.leaderReads.join(', ')} must be read from the leader.`,
    );
  }
  const everyS = shards / requirements.writesPerSecond;
  if (!isWritten(candidate, requirements)) {
    said.push('So little is written that a run says nothing of its latency, loss and outage.');
  } else if (everyS > requirements.outageToleratedS / 10) {
    said.push(
      `An outage is seen only by those who write, here one in ${Math.round(everyS * 10) / 10} s, so it is measured no finer.`,
    );
  }
  if (requirements.regions.length === 1) said.push('There is one region, so no region can be cut off.');
  else if (requirements.survives === 'node') {
    said.push(
      'You ask your targets to hold when a node fails; what a cut-off region does is shown and not required. An outage counts while no user anywhere can write.',
    );
  }
  return said;
}
