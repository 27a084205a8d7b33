/**
 * Models whose counts of states others have published, written as a user would write them: node kinds with plain states,
 * and links. Those of Stateright, https://github.com/stateright/stateright/tree/master/examples.
 */

import { type NodeKind, START, TIMER } from '../kernel/protocol.ts';
import { accept, ballotAfter, newest, type Proposal, promise } from '../topologies/leaderless/paxos.ts';
import type { Model, ModelActor, ModelObserver } from './model.ts';
import { renamedBits } from './symmetry.ts';

// Two-phase commit as in Gray and Lamport, "Consensus on transaction commit" (2006): each resource manager prepares or
// aborts of its own accord, messages are never lost and may be received any number of times.

const PREPARED = 32;
const COMMIT = 33;
const ABORT = 34;

export interface ResourceManager {
  state: 'working' | 'prepared' | 'committed' | 'aborted';
}
const resourceManager: NodeKind<ResourceManager> = {
  onInput(node, input, out) {
    if (input.kind === START) {
      out.startTimer(0, 1);
      out.startTimer(1, 1);
      return;
    }
    out.cancelTimer(0);
    out.cancelTimer(1);
    if (input.kind === COMMIT) node.state = 'committed';
    else if (input.kind === ABORT || input.a === 1) node.state = 'aborted';
    else {
      node.state = 'prepared';
      out.send(0, PREPARED, 0, 0, 0, 0, 0, 0);
    }
  },
};

interface TransactionManager {
  state: 'init' | 'committed' | 'aborted';
  managers: number;
  prepared: number;
}
const transactionManager: NodeKind<TransactionManager> = {
  onInput(node, input, out) {
    if (input.kind === START) out.startTimer(1, 1);
    if (node.state !== 'init') return;
    if (input.kind === PREPARED) {
      node.prepared |= 1 << input.from;
      if (node.prepared === (1 << (node.managers + 1)) - 2) out.startTimer(0, 1);
    } else if (input.kind === TIMER) {
      node.state = input.a === 0 ? 'committed' : 'aborted';
      out.cancelTimer(0);
      out.cancelTimer(1);
      for (let to = 1; to <= node.managers; to++)
        out.send(to, input.a === 0 ? COMMIT : ABORT, 0, 0, 0, 0, 0, 0);
    }
  },
};

export function twoPhaseCommit(managers: number): Model {
  const timers = (...names: string[]) => names.map((name) => ({ name, fires: 'any time' as const }));
  return {
    actors: [
      {
        name: 'transaction manager',
        kind: transactionManager as ModelActor['kind'],
        state: { state: 'init', managers, prepared: 0 },
        timers: timers('commit', 'abort'),
      },
      ...Array.from({ length: managers }, (_, index) => ({
        name: `resource manager ${index}`,
        kind: resourceManager as ModelActor['kind'],
        state: { state: 'working' },
        timers: timers('prepare', 'abort'),
      })),
    ],
    links: () => 'duplicating',
    symmetry: {
      groups: [Array.from({ length: managers }, (_, index) => index + 1)],
      renameState: (state, to, actor) => {
        if (actor > 0) return;
        const manager = state as TransactionManager;
        manager.prepared = renamedBits(manager.prepared, to);
      },
    },
    // In the specification a resource manager may be told again what it knows, and so may a transaction manager that waits.
    stutters: (state) =>
      (state as { state: string; prepared?: number }).prepared === undefined ||
      (state as TransactionManager).state === 'init',
  };
}

// A register on one server, as in Stateright's `single-copy-register`: each client puts, and then gets.

const PUT = 32;
const GET = 33;
const PUT_OK = 34;
const GET_OK = 35;
const NOTE_INVOKED = 1;
const NOTE_RETURNED = 2;

const oneCopyServer: NodeKind<{ value: number }> = {
  onInput(node, input, out) {
    if (input.kind === PUT) {
      node.value = input.b;
      out.send(input.from, PUT_OK, input.a, 0, 0, 0, 0, 0);
    } else if (input.kind === GET) out.send(input.from, GET_OK, input.a, node.value, 0, 0, 0, 0);
  },
};

const registerClient: NodeKind<{
  self: number;
  servers: number;
  awaiting: number;
  operations: number;
}> = {
  onInput(node, input, out) {
    const { self, servers, operations } = node;
    if (input.kind === START) {
      out.note(NOTE_INVOKED, 1, self, 0, 0);
      out.send(self % servers, PUT, self, self, 0, 0, 0, 0);
      node.awaiting = self;
      node.operations = 1;
    } else if (input.a === node.awaiting && input.kind === PUT_OK) {
      out.note(NOTE_RETURNED, 0, 0, 0, 0);
      out.note(NOTE_INVOKED, 0, 0, 0, 0);
      node.awaiting = (operations + 1) * self;
      node.operations += 1;
      out.send((self + operations) % servers, GET, node.awaiting, 0, 0, 0, 0, 0);
    } else if (input.a === node.awaiting && input.kind === GET_OK) {
      out.note(NOTE_RETURNED, 1, input.b, 0, 0);
      node.awaiting = -1;
      node.operations += 1;
    }
  },
};

/** Stateright's linearizability tester: per client, each operation with what others had completed when it began. */
interface Tester {
  completed: number[][][];
  open: number[][];
}
const tester = (actors: number): ModelObserver<Tester> => ({
  state: {
    completed: Array.from({ length: actors }, () => []),
    open: Array.from({ length: actors }, () => []),
  },
  onNote(history, actor, kind, a, b) {
    if (kind === NOTE_INVOKED)
      history.open[actor] = [
        a,
        b,
        ...history.completed.map((done, other) => (other === actor ? -1 : done.length)),
      ];
    else {
      history.completed[actor]!.push([...history.open[actor]!, a, b]);
      history.open[actor] = [];
    }
  },
});

const register = (servers: readonly ModelActor[], clients: number): Model => ({
  actors: [
    ...servers,
    ...Array.from({ length: clients }, (_, index) => ({
      name: `client ${index}`,
      kind: registerClient as ModelActor['kind'],
      state: {
        self: servers.length + index,
        servers: servers.length,
        awaiting: -1,
        operations: 0,
      },
    })),
  ],
  links: () => 'unordered',
  observer: tester(servers.length + clients) as ModelObserver,
});

export const oneCopyRegister = (clients: number): Model =>
  register(
    [
      {
        name: 'server',
        kind: oneCopyServer as ModelActor['kind'],
        state: { value: 0 },
      },
    ],
    clients,
  );

// The same register on several servers, after Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing
// systems" (1995), as in Stateright's `linearizable-register`: ask a majority for the newest version, then have a majority
// record what is written or read.

const QUERY = 36;
const ACK_QUERY = 37;
const RECORD = 38;
const ACK_RECORD = 39;

type Version = [clock: number, writer: number];

interface AbdServer {
  self: number;
  servers: number;
  version: Version;
  value: number;
  /** The operation under way: its request, who asked, what to write (null: it reads). */
  phase:
    | { type: 'idle' }
    | {
        type: 'asking';
        request: number;
        client: number;
        write: number | null;
        answers: ([Version, number] | null)[];
      }
    | {
        type: 'recording';
        request: number;
        client: number;
        read: number | null;
        acknowledged: boolean[];
      };
}

const isNewer = (one: Version, other: Version) =>
  one[0] > other[0] || (one[0] === other[0] && one[1] > other[1]);

const abdServer: NodeKind<AbdServer> = {
  onInput(node, input, out) {
    const { self, servers, phase } = node;
    const isMajority = (count: number) => count === Math.floor(servers / 2) + 1;
    const broadcast = (kind: number, ...[a = 0, b = 0, c = 0, d = 0]: number[]) => {
      for (let to = 0; to < servers; to++) if (to !== self) out.send(to, kind, a, b, c, d, 0, 0);
    };
    const keep = (version: Version, value: number) => {
      if (!isNewer(version, node.version)) return;
      node.version = version;
      node.value = value;
    };
    switch (input.kind) {
      case PUT:
      case GET: {
        if (phase.type !== 'idle') return;
        const answers = Array.from({ length: servers }, (_, server): [Version, number] | null =>
          server === self ? [node.version, node.value] : null,
        );
        const write = input.kind === PUT ? input.b : null;
        node.phase = {
          type: 'asking',
          request: input.a,
          client: input.from,
          write,
          answers,
        };
        broadcast(QUERY, input.a);
        return;
      }
      case QUERY:
        out.send(input.from, ACK_QUERY, input.a, node.version[0], node.version[1], node.value, 0, 0);
        return;
      case ACK_QUERY: {
        if (phase.type !== 'asking' || phase.request !== input.a) return;
        phase.answers[input.from] = [[input.b, input.c], input.d];
        const answers = phase.answers.filter((answer) => answer !== null);
        if (!isMajority(answers.length)) return;
        let [version, value] = answers.reduce((newest, each) =>
          isNewer(each[0], newest[0]) ? each : newest,
        );
        const read = phase.write === null ? value : null;
        if (phase.write !== null) {
          version = [version[0] + 1, self];
          value = phase.write;
        }
        broadcast(RECORD, input.a, version[0], version[1], value);
        keep(version, value);
        const acknowledged = Array.from({ length: servers }, (_, server) => server === self);
        node.phase = {
          type: 'recording',
          request: phase.request,
          client: phase.client,
          read,
          acknowledged,
        };
        return;
      }
      case RECORD:
        out.send(input.from, ACK_RECORD, input.a, 0, 0, 0, 0, 0);
        keep([input.b, input.c], input.d);
        return;
      case ACK_RECORD: {
        if (phase.type !== 'recording' || phase.request !== input.a || phase.acknowledged[input.from]) return;
        phase.acknowledged[input.from] = true;
        if (!isMajority(phase.acknowledged.filter(Boolean).length)) return;
        if (phase.read === null) out.send(phase.client, PUT_OK, phase.request, 0, 0, 0, 0, 0);
        else out.send(phase.client, GET_OK, phase.request, phase.read, 0, 0, 0, 0);
        node.phase = { type: 'idle' };
      }
    }
  },
};

export function abdRegister(servers: number, clients: number): Model {
  const server = (self: number): ModelActor => ({
    name: `server ${self}`,
    kind: abdServer as ModelActor['kind'],
    state: {
      self,
      servers,
      version: [0, self],
      value: 0,
      phase: { type: 'idle' },
    } satisfies AbdServer,
  });
  return register(
    Array.from({ length: servers }, (_, self) => server(self)),
    clients,
  );
}

// The same register by single-decree Paxos, as in Stateright's `paxos`: whoever is asked to put prepares a ballot, and a
// value once decided is never replaced. The rules are those of leaderless replication's conditional updates.

const PREPARE = 40;
const PROMISED = 41;
const ACCEPT = 42;
const ACCEPTED = 43;
const DECIDED = 44;

type Put = readonly [request: number, client: number, value: number];
const noPut: Put = [0, 0, 0];

interface PaxosServer {
  self: number;
  servers: number;
  promised: number;
  accepted: Proposal<Put> | null;
  committed: null;
  isDecided: boolean;
  proposal: Put | null;
  /** What each server had accepted when it promised; 0 where it has not. */
  promises: (Proposal<Put> | null | 0)[];
  acceptances: boolean[];
}

const paxosServer: NodeKind<PaxosServer> = {
  onInput(node, input, out) {
    const { self, servers } = node;
    const isMajority = (count: number) => count === Math.floor(servers / 2) + 1;
    const broadcast = (kind: number, ...[a = 0, b = 0, c = 0, d = 0]: number[]) => {
      for (let to = 0; to < servers; to++) if (to !== self) out.send(to, kind, a, b, c, d, 0, 0);
    };
    if (node.isDecided) {
      if (input.kind === GET) out.send(input.from, GET_OK, input.a, node.accepted!.value![2], 0, 0, 0, 0);
      return;
    }
    switch (input.kind) {
      case PUT:
        if (node.proposal !== null) return;
        node.proposal = [input.a, input.from, input.b];
        promise(node, ballotAfter(node.promised, self, servers));
        node.promises = node.promises.map((_, server) => (server === self ? node.accepted : 0));
        broadcast(PREPARE, node.promised);
        return;
      case PREPARE:
        if (!promise(node, input.a)) return;
        out.send(
          input.from,
          PROMISED,
          input.a,
          node.accepted?.ballot ?? 0,
          ...(node.accepted?.value ?? noPut),
          0,
        );
        return;
      case PROMISED: {
        if (input.a !== node.promised) return;
        node.promises[input.from] =
          input.b === 0 ? null : { ballot: input.b, value: [input.c, input.d, input.e] };
        const answers = node.promises.filter((answer) => answer !== 0);
        if (!isMajority(answers.length)) return;
        node.proposal = newest(answers)?.value ?? node.proposal!;
        accept(node, { ballot: input.a, value: node.proposal });
        node.acceptances[self] = true;
        broadcast(ACCEPT, input.a, ...node.proposal);
        return;
      }
      case ACCEPT:
        if (accept(node, { ballot: input.a, value: [input.b, input.c, input.d] }))
          out.send(input.from, ACCEPTED, input.a, 0, 0, 0, 0, 0);
        return;
      case ACCEPTED:
        if (input.a !== node.promised) return;
        node.acceptances[input.from] = true;
        if (!isMajority(node.acceptances.filter(Boolean).length)) return;
        node.isDecided = true;
        broadcast(DECIDED, input.a, ...node.proposal!);
        out.send(node.proposal![1], PUT_OK, node.proposal![0], 0, 0, 0, 0, 0);
        return;
      case DECIDED:
        node.promised = input.a;
        node.accepted = { ballot: input.a, value: [input.b, input.c, input.d] };
        node.isDecided = true;
    }
  },
};

export function paxosRegister(servers: number, clients: number): Model {
  const server = (self: number): ModelActor => ({
    name: `server ${self}`,
    kind: paxosServer as ModelActor['kind'],
    state: {
      self,
      servers,
      promised: 0,
      accepted: null,
      committed: null,
      isDecided: false,
      proposal: null,
      promises: Array(servers).fill(0),
      acceptances: Array(servers).fill(false),
    } satisfies PaxosServer,
  });
  return register(
    Array.from({ length: servers }, (_, self) => server(self)),
    clients,
  );
}
