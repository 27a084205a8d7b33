/** With a rule broken, what the safety checks name is held against logs and commits kept aside, entry by entry. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NodeKind, START } from '../../kernel/protocol.ts';
import { keyOf, termOf, valueAt, type Wal } from '../wal.ts';
import { ByHand } from './by-hand.test-support.ts';
import type { ConsensusCluster } from './cluster.ts';
import { lowerServer } from './kinds.ts';
import { announce, reachedByMajority } from './leading.ts';
import { NOTE_COMMITTED } from './messages.ts';
import { type Activation, NOBODY, type Server } from './server.ts';

interface Log {
  readonly firstLsn: number;
  readonly entries: ReadonlyMap<number, Entry>;
}

interface Entry {
  readonly term: number;
  readonly key: number;
  readonly value: number;
}

interface Kept {
  readonly committed: Map<number, Entry>;
  /** Of each server, where its log began and what it held at the first violation. */
  logs: Log[] | null;
}

/** Keeps whole logs and commits aside, and looks at once when the first violation is found. */
function watch(cluster: ConsensusCluster): Kept {
  const kept: Kept = { committed: new Map(), logs: null };
  const { committed } = kept;
  const onNote = cluster.onNote.bind(cluster);
  cluster.onNote = (atUs, member, kind, a, b, c, d) => {
    if (kind === NOTE_COMMITTED)
      for (let lsn = committed.size + 1; lsn <= a; lsn++)
        committed.set(lsn, entryAt(cluster.servers[member]!.wal, lsn));
    onNote(atUs, member, kind, a, b, c, d);
    if (kept.logs === null && cluster.safety.verdict().witness !== null)
      kept.logs = cluster.servers.map(({ wal }) => logOf(wal));
  };
  return kept;
}

function logOf(wal: Wal): Log {
  const entries = new Map<number, Entry>();
  for (let lsn = wal.firstLsn; lsn <= wal.lastLsn; lsn++) entries.set(lsn, entryAt(wal, lsn));
  return { firstLsn: wal.firstLsn, entries };
}

const entryAt = (wal: Wal, lsn: number): Entry => ({
  term: termOf(wal, lsn),
  key: keyOf(wal, lsn),
  value: valueAt(wal, lsn),
});

const isSame = (one: Entry | undefined, other: Entry | undefined) =>
  one?.term === other?.term && one?.key === other?.key && one?.value === other?.value;

/** The first index at which a log lacks what is committed and that writes, or else the first at which it lacks anything. */
function firstLack({ firstLsn, entries }: Log, committed: ReadonlyMap<number, Entry>, throughLsn: number) {
  const lacks: number[] = [];
  for (let lsn = firstLsn; lsn <= throughLsn; lsn++)
    if (!isSame(entries.get(lsn), committed.get(lsn))) lacks.push(lsn);
  return lacks.find((lsn) => committed.get(lsn)!.value > 0) ?? lacks[0]!;
}

const writesOf = (...entries: (Entry | undefined)[]) =>
  [...new Set(entries.map((entry) => entry?.value ?? 0))].filter((value) => value > 0).sort((a, b) => a - b);

/** Which operations the story's first sentences come to, from what was kept aside; null where it is of an election. */
function expected({ committed, logs }: Kept, story: readonly string[]): number[] | null {
  const indexOf = (name: string) => Number(name.slice(1)) - 1;
  const text = story.join('; ');
  const lacking = (server: number, throughLsn: number) => {
    const lsn = firstLack(logs![server]!, committed, throughLsn);
    return writesOf(committed.get(lsn), logs![server]!.entries.get(lsn));
  };
  const leads = text.match(/^(\w+) leads term \d+; its log lacks .* through index (\d+)/);
  if (leads !== null) return lacking(indexOf(leads[1]!), Number(leads[2]));
  const takes = text.match(/^(\w+) takes entries .* other entries through index (\d+)/);
  if (takes !== null) return lacking(indexOf(takes[1]!), Number(takes[2]));
  const commits = text.match(/^\w+ commits entries through (\d+); (\w+), which leads/);
  if (commits !== null) return lacking(indexOf(commits[2]!), Number(commits[1]));
  const both = text.match(/^(\w+) and (\w+) both hold entry (\d+) of term/);
  if (both !== null) {
    const [one, other] = [logs![indexOf(both[1]!)]!, logs![indexOf(both[2]!)]!];
    for (let lsn = Math.max(one.firstLsn, other.firstLsn); lsn <= Number(both[3]); lsn++) {
      const [mine, its] = [one.entries.get(lsn), other.entries.get(lsn)];
      if (!isSame(mine, its)) return writesOf(mine, its);
    }
  }
  expect(text).toMatch(/voted for both|has two leaders/);
  return null;
}

const votesForAnybody = {
  'it deserves my vote': ({ context: { node, input } }: { context: Activation }) =>
    input.a > node.term ||
    (input.a === node.term && (node.votedFor === NOBODY || node.votedFor === input.from)),
  'it deserves my support': ({ context: { node, input } }: { context: Activation }) => input.a > node.term,
};

const takesAnyEntry = {
  'it continues my log': ({ context: { node, input } }: { context: Activation }) =>
    input.a >= node.term && input.b <= node.wal.lastLsn + 1,
};

/** Half of the servers, rounded down, are enough. */
const withHalf = (kind: NodeKind<Server>): NodeKind<Server> => ({
  onInput(node, input, out) {
    if (input.kind === START)
      (node as { settings: Server['settings'] }).settings = {
        ...node.settings,
        majority: Math.max(1, Math.floor(node.settings.servers / 2)),
      };
    kind.onInput(node, input, out);
  },
});

const countsOldTerms = {
  commit: ({ context }: { context: Activation }) => {
    const { node } = context;
    const lsn = reachedByMajority(node, node.matchLsn, node.flushedLsn);
    if (lsn > node.commitLsn) announce(context, lsn);
  },
};

const kinds = [
  lowerServer((machine) => machine.provide({ guards: votesForAnybody })),
  lowerServer((machine) => machine.provide({ guards: takesAnyEntry })),
  lowerServer((machine) => machine.provide({ guards: votesForAnybody, actions: countsOldTerms })),
  withHalf(lowerServer((machine) => machine.provide({ guards: { ...votesForAnybody, ...takesAnyEntry } }))),
];

const action = fc.record({
  what: fc.constantFrom('hear', 'exchange', 'exchange', 'write', 'write', 'stand', 'beat', 'crash', 'lose'),
  server: fc.nat(4),
  other: fc.nat(4),
  among: fc.subarray([0, 1, 2, 3, 4], { minLength: 2 }),
});

test('the writes named are those in which logs, or a log and what was committed, differ first', () => {
  const reached = { lacks: 0, both: 0, named: 0, election: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(3, 4, 5),
      fc.constantFrom(...kinds),
      fc.array(action, { minLength: 60, maxLength: 150 }),
      (servers, kind, actions) => {
        const hand = new ByHand(servers, kind);
        const kept = watch(hand.cluster);
        const down = new Set<number>();
        hand.exchange([...hand.cluster.servers.keys()]);
        for (const [number, each] of actions.entries()) {
          const [server, other] = [each.server % servers, each.other % servers];
          if (each.what === 'hear') hand.hear(server, other);
          else if (each.what === 'exchange') hand.exchange(each.among);
          else if (each.what === 'write')
            // Whoever leads, or thinks so, takes it.
            for (let to = 0; to < servers; to++) hand.write(to, number * servers + to + 1);
          else if (each.what === 'stand') hand.stand(server);
          else if (each.what === 'beat') hand.beat(server);
          else if (each.what === 'lose') hand.lose();
          else if (down.delete(server)) hand.restart(server);
          else {
            down.add(server);
            hand.crash(server);
          }
          if (kept.logs !== null) break;
        }
        const { witness } = hand.safety();
        if (witness === null) return;
        const operations = expected(kept, witness.story);
        expect([...witness.operations!].sort((a, b) => a - b)).toEqual(operations ?? []);
        if (operations === null) reached.election++;
        else if (/both hold/.test(witness.story[0]!)) reached.both++;
        else reached.lacks++;
        if (witness.operations!.length > 0) reached.named++;
      },
    ),
    { numRuns: 300 },
  );
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(0);
});
