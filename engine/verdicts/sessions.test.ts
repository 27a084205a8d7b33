/** Session guarantees, followed as the run goes on, against their definitions applied to the whole trace. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import type { TraceEntry } from '../observe/trace.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import { type ScenarioSource, sessionVerdictNames } from '../scenario/schema.ts';
import {
  type LeaderFollowerScenario,
  randomCluster,
} from '../topologies/leader-follower/random-cluster.test-support.ts';

interface Version {
  readonly term: number;
  readonly lsn: number;
}

const isOlder = (a: Version, b: Version): boolean => a.term < b.term || (a.term === b.term && a.lsn < b.lsn);

/** An operation of a user. Places are positions in the trace. */
interface Operation {
  readonly number: number;
  readonly user: string;
  readonly kind: 'read' | 'write' | 'delete';
  readonly key: number;
  readonly beganAt: number;
  /** Of an ok one. */
  endedAt: number;
  version: Version;
  /** The write whose value a read returned. */
  found: number;
}

function operationsOf(entries: readonly TraceEntry[]): Operation[] {
  const operations = new Map<number, Operation>();
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'began') {
      operations.set(entry.operation, {
        number: entry.operation,
        user: `${entry.client} ${entry.user}`,
        kind: entry.kind,
        key: entry.key,
        beganAt: at,
        endedAt: Number.POSITIVE_INFINITY,
        version: { term: 0, lsn: 0 },
        found: 0,
      });
    } else if (entry.type === 'delivered') {
      const { message } = entry;
      if (message.type !== 'read-ok' && message.type !== 'write-ok') continue;
      const operation = operations.get(message.operation)!;
      if (operation.version.term > 0) continue;
      operation.version = { term: message.term, lsn: message.lsn };
      if (message.type === 'read-ok') operation.found = message.value;
    } else if (entry.type === 'ended' && entry.outcome === 'ok') {
      operations.get(entry.operation)!.endedAt = at;
    }
  }
  return [...operations.values()];
}

/** Numbers of the reads that break each guarantee, straight from the definitions. */
function brokenReads(operations: readonly Operation[]) {
  const byNumber = new Map(operations.map((operation) => [operation.number, operation]));
  const before = (operation: Operation) =>
    operations.filter((each) => each.user === operation.user && each.endedAt < operation.beganAt);
  const pasts = new Map<number, { key: number; version: Version }[]>();
  /** All that the author of a write had seen or written before it, and what the authors of that had, and so on. */
  const pastOf = (write: Operation): { key: number; version: Version }[] => {
    const known = pasts.get(write.number);
    if (known !== undefined) return known;
    const past = before(write).flatMap((each) => [
      { key: each.key, version: each.version },
      ...(each.kind === 'read' && each.found > 0 && byNumber.get(each.found)!.user !== write.user
        ? pastOf(byNumber.get(each.found)!)
        : []),
    ]);
    pasts.set(write.number, past);
    return past;
  };
  const breaks = {
    'read-your-writes': (read: Operation) =>
      before(read).some(
        (each) => each.kind === 'write' && each.key === read.key && isOlder(read.version, each.version),
      ),
    'monotonic-reads': (read: Operation) =>
      before(read).some(
        (each) => each.kind === 'read' && each.key === read.key && isOlder(read.version, each.version),
      ),
    'consistent-prefix': (read: Operation) =>
      before(read).some(
        (each) =>
          each.kind === 'read' &&
          each.found > 0 &&
          byNumber.get(each.found)!.user !== read.user &&
          pastOf(byNumber.get(each.found)!).some(
            ({ key, version }) => key === read.key && isOlder(read.version, version),
          ),
      ),
  };
  const reads = operations.filter(({ kind, endedAt }) => kind === 'read' && Number.isFinite(endedAt));
  return (name: (typeof sessionVerdictNames)[number]) =>
    reads.filter(breaks[name]).map(({ number }) => number);
}

/**
 * The write that was lacked is one of the read's key, newer than what the read returned; a read before had returned it, or a write
 * that was read before knew of it. Where it had not been acknowledged by then it is not named.
 */
function tellsWhatWasLacked(
  named: readonly number[],
  name: (typeof sessionVerdictNames)[number],
  operations: readonly Operation[],
): void {
  const [lacked, ...others] = named.map((number) => operations.find((each) => each.number === number)!);
  const read = others.at(-1)!;
  expect(read.kind).toBe('read');
  if (named.length < (name === 'read-your-writes' ? 2 : 3)) return;
  expect(lacked).toMatchObject({ kind: 'write', key: read.key });
  expect(isOlder(read.version, lacked!.version)).toBe(true);
  if (name === 'monotonic-reads') expect(others[0]!.version).toEqual(lacked!.version);
  if (name === 'consistent-prefix') {
    expect(others[0]!.kind).toBe('write');
    const isKnown = operations.some(
      (each) => each.kind === 'read' && each.user === read.user && each.found === others[0]!.number,
    );
    expect(isKnown).toBe(true);
  }
}

const faults = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'slow-disk'] as const;

const withUsers = (source: LeaderFollowerScenario): ScenarioSource => ({
  ...source,
  topology: {
    ...source.topology,
    reads: source.topology.reads === 'leader' ? 'nearest' : source.topology.reads!,
  },
  workload: {
    ...source.workload,
    keys: { count: 6 },
    clients: [
      { writesPerSecond: 150, readsPerSecond: 250 },
      { writesPerSecond: 30, readsPerSecond: 100 },
    ],
    users: { count: 4, readAfterWriteMs: 1 },
  },
});

test('each guarantee: every read held against all that its user had seen', () => {
  const totals: Record<string, number> = {};
  fc.assert(
    fc.property(randomCluster({ faults, minNodes: 2, durationMs: 400 }), (source) => {
      const entries: TraceEntry[] = [];
      const { verdicts } = simulate(parseScenario(withUsers(source)), {
        observe: (entry) => entries.push(entry),
      });
      const operations = operationsOf(entries);
      const expected = brokenReads(operations);
      for (const name of sessionVerdictNames) {
        const numbers = expected(name);
        expect(verdicts.find((verdict) => verdict.name === name)).toMatchObject({
          count: numbers.length,
          result: numbers.length === 0 ? 'ok' : 'violation',
        });
        const called = entries.flatMap((entry) =>
          entry.type === 'ended' && entry.broken?.includes(name) ? [entry.operation] : [],
        );
        expect(called.toSorted((a, b) => a - b)).toEqual(numbers.toSorted((a, b) => a - b));
        totals[name] = (totals[name] ?? 0) + numbers.length;
        const { witness } = verdicts.find((verdict) => verdict.name === name)!;
        if (witness !== null) tellsWhatWasLacked(witness.operations!, name, operations);
      }
    }),
    { numRuns: runsOf({ full: 1000, reduced: 20 }) },
  );
  for (const name of sessionVerdictNames) expect(totals[name]).toBeGreaterThan(5);
});

/** A leader, a follower close to it and one that replays 200 ms later. */
const uneven = {
  id: 'uneven',
  durationMs: 20_000,
  cluster: {
    nodes: [
      { id: 'leader', region: 'here' },
      { id: 'near', region: 'here' },
      { id: 'far', region: 'there' },
    ],
  },
  network: {
    within: { latency: 1 },
    between: [
      { from: 'here', to: 'there', latency: 200 },
      { from: 'app', to: 'here', latency: 1 },
      { from: 'app', to: 'there', latency: 1 },
    ],
  },
  topology: { type: 'leader-follower', reads: 'followers' },
  workload: {
    clients: [{ region: 'app', writesPerSecond: 50, readsPerSecond: 200 }],
    keys: { count: 5 },
    users: { count: 10, readAfterWriteMs: 20 },
  },
} as const satisfies ScenarioSource;

test('a witness tells the least that shows it: what was seen, what was asked after that, what came back', () => {
  const { verdicts } = simulate(parseScenario(uneven));
  const story = (name: string) => verdicts.find((verdict) => verdict.name === name)!.witness!.story;
  const asked = /^after that, at [\d.]+ ms, the same user began to read key \d \(operation \d+\)$/;
  const answered = /^at [\d.]+ ms far answered with (nothing|record \d+ of term 1)/;
  for (const [name, seen] of [
    [
      'read-your-writes',
      /^user \d of clients wrote key \d \(operation \d+\); at [\d.]+ ms that was acknowledged/,
    ],
    [
      'monotonic-reads',
      /^user \d of clients read key \d from near \(operation \d+\); at [\d.]+ ms that returned write \d+, record/,
    ],
    [
      'consistent-prefix',
      /^at [\d.]+ ms user \d of clients had read, from near, what operation \d+ wrote; whoever/,
    ],
  ] as const) {
    expect(story(name)).toEqual([
      expect.stringMatching(seen),
      expect.stringMatching(asked),
      expect.stringMatching(answered),
    ]);
  }
});

test('telling users apart changes nothing but who asks', () => {
  const { users: _, ...anonymous } = uneven.workload;
  const { count } = uneven.workload.users;
  const without = simulate(parseScenario({ ...uneven, workload: anonymous }));
  const apart = simulate(parseScenario({ ...uneven, workload: { ...anonymous, users: { count } } }));
  expect(apart.digest).toBe(without.digest);
  expect(without.verdicts.map(({ name }) => name)).not.toContain('monotonic-reads');
  expect(apart.verdicts.map(({ name }) => name)).toContain('monotonic-reads');
});

test('every acknowledged write is read by its user, at its time', () => {
  const entries: TraceEntry[] = [];
  simulate(
    parseScenario({
      ...uneven,
      topology: { type: 'leader-follower', reads: 'leader' },
      durationMs: 5000,
      workload: { ...uneven.workload, clients: [{ region: 'app', writesPerSecond: 500 }] },
    }),
    { observe: (entry) => entries.push(entry) },
  );
  const expected = entries.flatMap((entry) =>
    entry.type === 'ended' && entry.kind === 'write' && entry.atMs + 20 < 5000
      ? [{ atMs: Math.round((entry.atMs + 20) * 1000), key: entry.key }]
      : [],
  );
  const reads = entries.flatMap((entry) =>
    entry.type === 'began' && entry.kind === 'read'
      ? [{ atMs: Math.round(entry.atMs * 1000), key: entry.key }]
      : [],
  );
  expect(expected.length).toBeGreaterThan(2300);
  expect(reads).toEqual(expected);
});
