/**
 * From requirements to a topology with its settings, its reasons and what would change it.
 *
 * ```ts
 * const { answer, reasons, flips } = decide(parseRequirements({ lossToleratedMs: 0 }));
 * ```
 */
import { initialTransition } from 'xstate';
import { decisionChart } from './decision.chart.ts';
import {
  anyStrong,
  failsOverByItself,
  isStrong,
  losesTooMuchAsynchronously,
  lossToleratedMs,
  needsSecondCopy,
  plannedLoad,
  shardsNeeded,
} from './facts.ts';
import { flipsOf } from './flips.ts';
import {
  type Alternative,
  type Objection,
  type Reason,
  type Recommendation,
  type Settings,
  type Topology,
  topologies,
} from './recommendation.ts';
import type { Requirements } from './requirements.ts';
import { effortBecause, misfit, objectionsTo } from './rules.ts';
import { settingsFor, warningsFor } from './settings.ts';
import { sources } from './sources.ts';

/** Decides. Total and deterministic: every valid document has one answer, and where nothing fits `unmet` says what breaks. */
export function decide(requirements: Requirements): Recommendation {
  const { topology, sharded } = outcome(requirements);
  const settings = settingsFor(topology, requirements);
  const shards = sharded ? shardsNeeded(requirements) : 1;
  const runnerUp = runnerUpOf(topology, requirements);
  return {
    topology,
    sharded,
    shards,
    answer: answerLine(topology, settings, shards),
    settings,
    reasons: [
      ...reasonsAgainstLess(topology, requirements),
      ...reasonsFor(topology, settings, shards, requirements),
    ],
    unmet: objectionsTo(topology, requirements),
    runnerUp,
    rejected: topologies
      .filter((other) => other !== topology && other !== runnerUp.topology)
      .map((other) => alternative(other, topology, requirements)),
    flips: flipsOf(requirements, answerKind),
    warnings: warningsFor(topology, requirements),
  };
}

interface Outcome {
  readonly topology: Topology;
  readonly sharded: boolean;
}

/** Runs the chart to its end; with complete requirements it asks nothing. */
export function outcome(requirements: Requirements): Outcome {
  const [snapshot] = initialTransition(decisionChart, { requirements, answered: 'everything' });
  const topology = topologies.find((each) => snapshot.matches(each));
  if (topology === undefined) throw new Error(`The decision stopped in ${JSON.stringify(snapshot.value)}`);
  return { topology, sharded: snapshot.context.sharded };
}

/** The answer without its counts, as flips compare it. */
export function answerKind(requirements: Requirements): string {
  const { topology, sharded } = outcome(requirements);
  const { acknowledgement, reads } = settingsFor(topology, requirements);
  return line(
    topology,
    acknowledgement,
    sharded ? 'sharded' : '',
    reads === null ? '' : `reads from ${readsName[reads]}`,
  );
}

const readsName = { leader: 'the leader', followers: 'followers', nearest: 'the nearest replica' } as const;

/** The answer in one line. */
export function answerLine(
  topology: Topology,
  { acknowledgement, replicas }: Settings,
  shards: number,
): string {
  const copies = topology === 'single-node' ? '' : `${replicas} replicas`;
  return line(topology, acknowledgement, copies, shards === 1 ? '' : `${shards} shards`);
}

function line(topology: Topology, acknowledgement: Settings['acknowledgement'], ...rest: string[]): string {
  const mode = topology === 'single-node' || acknowledgement === null ? '' : acknowledgement;
  return [topology, mode, ...rest].filter((part) => part !== '').join(', ');
}

/** Of the others the one that fails least; of equals the next one up, then the next one down. */
function runnerUpOf(chosen: Topology, requirements: Requirements): Alternative {
  const rung = topologies.indexOf(chosen);
  const others = [...topologies.slice(rung + 1), ...topologies.slice(0, rung).reverse()];
  const misfits = others.map((topology) => misfit(topology, requirements));
  return alternative(others[misfits.indexOf(Math.min(...misfits))]!, chosen, requirements);
}

function alternative(topology: Topology, chosen: Topology, requirements: Requirements): Alternative {
  const objections = objectionsTo(topology, requirements);
  return {
    topology,
    reasons:
      objections.length > 0 ? objections.map(withoutWeight) : [notForced(topology, chosen, requirements)],
  };
}

function withoutWeight({ weighs: _, ...reason }: Objection): Reason {
  return reason;
}

function notForced(topology: Topology, chosen: Topology, requirements: Requirements): Reason {
  return {
    rule: 'escalate only when a requirement forces it',
    field: 'operatingEffort',
    yourValue: requirements.operatingEffort,
    because: `${topology} would do too, but ${chosen} meets everything without what it costs: ${effortBecause[topology]}`,
    source: sources.ddiaReplication,
  };
}

/** Every rung below the chosen one, and what ruled it out. */
function reasonsAgainstLess(topology: Topology, requirements: Requirements): Reason[] {
  return topologies.slice(0, topologies.indexOf(topology)).flatMap((less) =>
    objectionsTo(less, requirements).map((objection) => ({
      ...withoutWeight(objection),
      because: `${less} is not enough: ${objection.because}`,
    })),
  );
}

const chosenBecause: Readonly<Record<Topology, string>> = {
  'single-node': 'one machine with a backup meets every requirement; replication would add parts that fail',
  'leader-follower':
    'one leader orders all writes, so they cannot conflict, and followers add copies and read capacity',
  'multi-leader':
    'each region accepts its own writes, and every kind of data has a strategy for the conflicts that brings',
  leaderless: 'any quorum of replicas accepts a write, so there is no leader whose loss stops it',
  consensus:
    'a majority orders the writes and elects its leader, so neither loss nor partition shows as a wrong answer',
};

function reasonsFor(
  topology: Topology,
  settings: Settings,
  shards: number,
  requirements: Requirements,
): Reason[] {
  const { writesPerSecond, node } = requirements;
  const reasons: Reason[] = [
    {
      rule: `choose ${topology}`,
      field: 'writesPerSecond',
      yourValue: `${writesPerSecond} writes/s, ${requirements.readsPerSecond} reads/s`,
      because: chosenBecause[topology],
      source:
        topology === 'consensus'
          ? sources.raft
          : topology === 'leaderless'
            ? sources.dynamo
            : sources.ddiaReplication,
    },
  ];
  if (shards > 1) {
    reasons.push({
      rule: 'shard first, then choose for each shard',
      field: 'writesPerSecond',
      yourValue: `${writesPerSecond} writes/s, ${requirements.dataGB} GB`,
      because: `a node takes ${node.writesPerSecond} writes/s, serves ${node.readsPerSecond} reads/s and holds ${node.storageGB} GB, planned for ${plannedLoad * 100}% of it: ${shards} shards`,
      source: sources.ddiaPartitioning,
    });
  }
  if (settings.acknowledgement !== null && topology !== 'single-node')
    reasons.push(acknowledgementReason(requirements));
  if (settings.failover !== null) reasons.push(failoverReason(settings.failover, requirements));
  if (settings.election !== null) reasons.push(electionReason(settings.election));
  return reasons;
}

function acknowledgementReason(requirements: Requirements): Reason {
  const loss = `${lossToleratedMs(requirements)} ms`;
  const source = sources.postgresStandby;
  if (!needsSecondCopy(requirements)) {
    return {
      rule: 'do not wait for what may be lost',
      field: 'lossToleratedMs',
      yourValue: loss,
      because:
        'an asynchronous follower is milliseconds behind at rest and seconds under a burst, which you tolerate',
      source,
    };
  }
  const rule = 'what may not be lost is on two disks before it is acknowledged';
  if (losesTooMuchAsynchronously(requirements) || anyStrong(requirements)) {
    const strong = requirements.entities.filter(isStrong).map(({ name }) => name);
    return {
      rule,
      field: losesTooMuchAsynchronously(requirements) ? 'lossToleratedMs' : 'entities[].consistency',
      yourValue: losesTooMuchAsynchronously(requirements) ? loss : `${strong.join(', ')}: strong`,
      because:
        'an asynchronous leader that dies takes its unreplicated tail with it; waiting for any one follower keeps it, and the death of one follower stops nothing',
      source,
    };
  }
  return {
    rule,
    field: 'survives',
    yourValue: requirements.survives,
    because:
      'a leader cut off with its region would go on acknowledging beside its successor, and all of that would be discarded; waiting for a follower elsewhere stops it',
    source,
  };
}

function failoverReason(failover: NonNullable<Settings['failover']>, requirements: Requirements): Reason {
  return {
    rule: failsOverByItself(requirements)
      ? 'failover by itself, as patient as the target allows'
      : 'let people decide a failover',
    field: 'outageToleratedS',
    yourValue: `${requirements.outageToleratedS} s`,
    because: failsOverByItself(requirements)
      ? `silence of ${failover.timeoutMs} ms counts as death, so an outage takes about ${failover.expectedOutageMs} ms; a shorter silence would promote while the leader lives`
      : 'the outage you tolerate leaves time for a person, who cannot be fooled by a slow network',
    source: failsOverByItself(requirements) ? sources.mongoElections : sources.postgresFailover,
  };
}

function electionReason(election: NonNullable<Settings['election']>): Reason {
  const { roundTripMs, heartbeatMs, electionTimeoutMs, expectedOutageMs } = election;
  return {
    rule: 'a heartbeat each round trip at the most, an election after ten of them at the least',
    field: 'roundTrip',
    yourValue: `${Math.round(roundTripMs * 10) / 10} ms between the farthest voters`,
    because: `heartbeats of ${heartbeatMs} ms and an election timeout of ${electionTimeoutMs} ms to twice that elect a new leader within about ${expectedOutageMs} ms; a shorter timeout would take a slow message for the leader’s death`,
    source: sources.etcdTuning,
  };
}
