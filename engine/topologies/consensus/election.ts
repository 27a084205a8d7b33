/** One election as a run of the loop: servers, links between them, and the moment a leader has its majority. */

import { LatencyTables } from '../../kernel/latency.ts';
import { type Actor, Loop, type Notebook } from '../../kernel/loop.ts';
import { type LinkSettings, Network } from '../../kernel/network.ts';
import { type NodeKind, SERVICE_CLASSES, SERVICE_NONE } from '../../kernel/protocol.ts';
import { Streams } from '../../kernel/random.ts';
import { walEndingAt } from '../wal.ts';
import { lowerServer } from './kinds.ts';
import { NOTE_LEADING } from './messages.ts';
import { ElectionSafety } from './safety.ts';
import { NOBODY, newServer, type Server, type ServerSettings, serverChances } from './server.ts';
import { noSnapshots } from './snapshot.ts';

/** A range of durations, every one equally likely; both ends whole µs and included. */
export interface RangeUs {
  readonly minUs: number;
  readonly maxUs: number;
}

export interface ElectionSetup {
  /** How many servers there are, and how many of them are down in all. */
  readonly servers: number;
  readonly failed: number;
  /** How long a message travels. */
  readonly oneWay: RangeUs;
  /** Election timeouts. */
  readonly timeout: RangeUs;
  /** Whether all logs end alike, or no two do, so that only the servers ahead of enough others can win. */
  readonly logs: 'same' | 'different';
  /**
   * `fresh`: nobody leads, and every timer starts at time 0. `crash`: a leader, one of the failed, dies at any moment
   * between two heartbeats with equal chance, and time counts from its death.
   */
  readonly start: 'fresh' | 'crash';
  readonly heartbeatUs: number;
  /** How long a server writes its term and vote before it tells anybody; 0 is not at all. */
  readonly voteWriteUs: number;
}

/** The setup with its tables: built once, for any number of elections. */
export interface PreparedElection {
  readonly setup: ElectionSetup;
  readonly settings: ServerSettings;
  readonly names: readonly string[];
  readonly link: LinkSettings;
  readonly machine: Pick<Actor, 'servicePs' | 'disk' | 'clock'>;
}

/** Servers that only elect: logs keep the ends they are given. */
export const electorKind = lowerServer((machine) =>
  machine.provide({ actions: { 'open my term': () => {} } }),
);

export function prepareElection(setup: ElectionSetup): PreparedElection {
  const tables = new LatencyTables();
  return {
    setup,
    settings: {
      servers: setup.servers,
      majority: Math.floor(setup.servers / 2) + 1,
      timeout: tables.of({ type: 'uniform', ...setup.timeout }),
      leastTimeoutUs: setup.timeout.minUs,
      heartbeatUs: setup.heartbeatUs,
      writesVotes: setup.voteWriteUs > 0,
      preVote: false,
      checkQuorum: false,
      answersAlone: false,
      showsCommitted: true,
      reads: 'local',
      leaseUs: 0,
      snapshots: noSnapshots,
    },
    names: Array.from({ length: setup.servers }, (_, server) => `s${server + 1}`),
    link: {
      latency: tables.of({ type: 'uniform', ...setup.oneWay }),
      bytesPerSecond: 0,
      loss: 0,
      duplication: 0,
      mayDuplicate: false,
      ordered: false,
    },
    machine: {
      servicePs: new Array<number>(SERVICE_CLASSES).fill(0),
      disk: { fsync: tables.of({ type: 'constant', delayUs: setup.voteWriteUs }), bytesPerSecond: 0 },
      clock: { skewUs: 0, driftPpm: 0 },
    },
  };
}

/** The newest term before the election, and the one it begins with. */
const INITIAL_TERM = 1;
const FIRST_TERM = INITIAL_TERM + 1;

export class Election implements Notebook {
  readonly loop: Loop;
  readonly servers: readonly Server[];
  readonly safety: ElectionSafety;
  /** When time begins to count. */
  readonly beganUs: number;
  /** When the first leader of a later term had its majority, and that term; −1 before. */
  ledUs = -1;
  ledTerm = -1;

  /** `kind` is the servers' own; a test may give another, with a rule broken. */
  constructor(prepared: PreparedElection, seed: number, kind: NodeKind<Server> = electorKind) {
    const { setup, settings, names, link, machine } = prepared;
    const { servers, failed, heartbeatUs } = setup;
    const streams = new Streams(seed);
    const hasLeader = setup.start === 'crash';
    this.safety = new ElectionSafety(servers);
    this.servers = names.map((_, self) =>
      newServer(settings, self, {
        term: INITIAL_TERM,
        leader: hasLeader ? 0 : NOBODY,
        // The leader's log is the longest: what it holds and nobody else does was never committed.
        wal: walEndingAt(INITIAL_TERM, setup.logs === 'same' ? servers : servers - self),
        keys: 0,
      }),
    );
    const actors = this.servers.map((state, self) => ({
      name: names[self]!,
      kind: kind as Actor['kind'],
      state,
      timers: electorKind.raft.timers.length,
      chances: serverChances,
      ...machine,
    }));
    const network = new Network(names, streams, () => link);
    this.loop = new Loop(actors, network, streams, this, () => SERVICE_NONE);
    this.loop.start();
    // Which of the others are down does not matter: only the order of the logs that are left does.
    for (let server = hasLeader ? 1 : 0; server < failed; server++) this.loop.crash(server, false);
    if (hasLeader) {
      // Late enough that everybody has heard of it at least once.
      const heartbeats = Math.ceil(setup.oneWay.maxUs / heartbeatUs);
      const deathUs =
        heartbeats * heartbeatUs + streams.below(streams.add('death of the leader'), heartbeatUs);
      this.loop.runUntil(deathUs);
      // What it has sent still arrives.
      this.loop.crash(0, false);
    }
    this.beganUs = this.loop.nowUs;
  }

  onNote(actor: number, kind: number, a: number, b: number): void {
    this.safety.onNote(actor, kind, a, b);
    if (kind !== NOTE_LEADING || a < FIRST_TERM || this.ledUs >= 0) return;
    this.ledUs = this.loop.nowUs;
    this.ledTerm = a;
  }

  /** Runs until somebody leads; false where nobody does for so long. */
  runUntilLed(limitUs: number): boolean {
    const endUs = this.beganUs + limitUs;
    while (this.ledUs < 0 && this.loop.step(endUs));
    return this.ledUs >= 0;
  }

  /** Whether the first term elected nobody. Only once somebody leads. */
  get wasSplit(): boolean {
    return this.ledTerm > FIRST_TERM;
  }
}
