/** Riak's and Voldemort's counts, and levels of client groups, as running coordinators follow them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';

type Leaderless = Extract<ScenarioSource['topology'], { type: 'leaderless' }>;

/** Clients are beside a, which therefore coordinates all they ask; b and c are two milliseconds away. */
function scenario(topology: Partial<Leaderless>, changes: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'demands',
    durationMs: 1000,
    cluster: {
      nodes: [
        { id: 'a', region: 'near', disk: { fsync: 0.5 } },
        { id: 'b', region: 'far', disk: { fsync: 40 } },
        { id: 'c', region: 'far', disk: { fsync: 40 } },
      ],
    },
    network: { within: { latency: 0.1 }, between: [{ from: 'near', to: 'far', latency: 2 }] },
    topology: {
      type: 'leaderless',
      readRepair: 'none',
      failureDetection: { everyMs: 50, downAfterMs: 220 },
      writeTimeoutMs: 100,
      readTimeoutMs: 100,
      ...topology,
    },
    workload: {
      clients: [{ region: 'near', readsPerSecond: 100, writesPerSecond: 100 }],
      keys: { count: 20 },
      timeoutMs: 300,
    },
    ...changes,
  };
}

function traced(source: ScenarioSource): { readonly entries: TraceEntry[]; readonly report: Report } {
  const entries: TraceEntry[] = [];
  const report = simulate(parseScenario(source), { observe: (entry) => entries.push(entry) });
  return { entries, report };
}

const count = (report: Report, name: string) =>
  report.verdicts.find((verdict) => verdict.name === name)!.count;

describe('Riak', () => {
  test('w waits for receipts, dw for disks', () => {
    const p50 = (write: Leaderless['write']) => traced(scenario({ write })).report.latencyMs.write.p50!;
    // A round trip and the near disk's time; with a far disk in it, that of those.
    expect(p50({ w: 3, dw: 1 })).toBeLessThan(6);
    expect(p50({ w: 1, dw: 1 })).toBeLessThan(2);
    expect(p50({ w: 2, dw: 2 })).toBeGreaterThan(40);
    expect(p50({ w: 'quorum' })).toBeGreaterThan(40);
  });

  test('a write is answered once w have received it and dw have it on disk, whatever they are', () => {
    const counts = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(counts, counts, (w, dw) => {
        const operations = new Map<string, number>();
        const received = new Map<number, Set<string>>();
        const onDisk = new Map<number, Set<string>>();
        let answered = 0;
        for (const entry of traced(scenario({ write: { w, dw } })).entries) {
          if (!('message' in entry)) continue;
          const { message } = entry;
          if (entry.type === 'sent' && message.type === 'mutate') {
            operations.set(`${entry.from} ${message.serial}`, message.value);
            // Its coordinator has received it, and its own disk may have it by the time it answers.
            for (const map of [received, onDisk])
              if (!map.has(message.value)) map.set(message.value, new Set([entry.from]));
          } else if (
            entry.type === 'delivered' &&
            (message.type === 'received' || message.type === 'mutated')
          ) {
            const operation = operations.get(`${entry.to} ${message.serial}`)!;
            received.get(operation)!.add(entry.from);
            if (message.type === 'mutated') onDisk.get(operation)!.add(entry.from);
          } else if (entry.type === 'sent' && message.type === 'write-ok') {
            expect(received.get(message.operation)!.size).toBeGreaterThanOrEqual(w);
            expect(onDisk.get(message.operation)!.size).toBeGreaterThanOrEqual(dw);
            answered++;
          }
        }
        expect(answered).toBeGreaterThan(50);
      }),
      { numRuns: 9 },
    );
  });

  test('what only its receivers’ memory has goes with the one disk that had it', () => {
    const powerCut: FaultSource[] = [
      { type: 'crash', node: 'a', atMs: 900 },
      { type: 'crash', node: 'b', atMs: 900, forMs: 20 },
      { type: 'crash', node: 'c', atMs: 900, forMs: 20 },
    ];
    const lost = (write: Leaderless['write']) =>
      count(traced(scenario({ write }, { faults: powerCut })).report, 'lost-writes');
    expect(lost({ w: 3, dw: 1 })).toBeGreaterThan(1);
    expect(lost({ w: 3, dw: 2 })).toBe(0);
    expect(lost({ w: 3, dw: 3 })).toBe(0);
  });

  test('what is received shows: a read quorum that meets w is not stale', () => {
    const stale = (write: Leaderless['write'], read: Leaderless['read']) =>
      count(traced(scenario({ write, read })).report, 'stale-reads');
    expect(stale({ w: 3, dw: 1 }, { r: 1 })).toBe(0);
    expect(stale({ w: 2, dw: 1 }, { r: 2 })).toBe(0);
  });

  /** The one key is held by a, b and c; d and e, on the clients' side, stand in for b and c. */
  const cutOff = (topology: Partial<Leaderless>): ScenarioSource => ({
    ...scenario({ quorum: 'sloppy', hints: {}, replicas: 3, ...topology }),
    cluster: {
      nodes: [
        { id: 'a', region: 'near' },
        { id: 'b', region: 'far' },
        { id: 'c', region: 'far' },
        { id: 'd', region: 'near' },
        { id: 'e', region: 'near' },
      ],
    },
    durationMs: 3000,
    workload: {
      clients: [{ region: 'near', readsPerSecond: 100, writesPerSecond: 100 }],
      keys: { count: 1 },
      timeoutMs: 300,
    },
    faults: [{ type: 'cut', from: ['near'], to: ['far'], atMs: 1000, forMs: 1500 }],
  });

  test('pw and pr ask for replicas themselves: nodes that stand in do not count', () => {
    const outcomes = (topology: Partial<Leaderless>) => traced(cutOff(topology)).report.operations;
    const sloppy = outcomes({ read: { r: 2 }, write: { w: 2 } });
    expect([sloppy.read.fail, sloppy.write.fail]).toEqual([0, 0]);
    const strict = outcomes({ read: { r: 2, pr: 2 }, write: { w: 2, pw: 2 } });
    expect(strict.read.fail).toBeGreaterThan(80);
    expect(strict.write.fail).toBeGreaterThan(80);
    const onlyOne = outcomes({ read: { r: 2, pr: 1 }, write: { w: 2, pw: 1 } });
    expect([onlyOne.read.fail, onlyOne.write.fail]).toEqual([0, 0]);
  });

  test('what was refused is counted, and hints are: stored, handed over', () => {
    const { coordination } = traced(cutOff({ write: { w: 2, pw: 2 }, read: { r: 2 } })).report;
    expect(coordination!.unavailable).toBeGreaterThan(80);
    const sloppy = traced(cutOff({ write: { w: 2 }, read: { r: 2 } })).report.coordination!;
    expect(sloppy.hintsStored).toBeGreaterThan(150);
    expect(sloppy.hintsReplayed).toBe(sloppy.hintsStored);
    // Those for two replicas, of the time that these were held for down.
    expect(sloppy.hintsHeldMax).toBeGreaterThan(sloppy.hintsStored / 2);
    expect([sloppy.hintsExpired, sloppy.hintsLost, sloppy.hintsHeld]).toEqual([0, 0, 0]);
  });
});

describe('Voldemort', () => {
  const silent: FaultSource[] = [{ type: 'crash', node: 'c', atMs: 300 }];

  test('preferred answers are waited for as long as there is time, and no longer than the node is held for up', () => {
    const { entries, report } = traced(
      scenario(
        { write: { required: 2, preferred: 3 }, read: { required: 1 } },
        { faults: silent, durationMs: 2000 },
      ),
    );
    const writes = entries.filter((entry) => entry.type === 'ended').filter(({ kind }) => kind === 'write');
    const within = (fromMs: number, toMs: number) =>
      writes.filter(({ atMs, latencyMs }) => atMs - latencyMs >= fromMs && atMs - latencyMs < toMs);
    // c is silent: they are answered when the time is up, by what the other two have said.
    expect(within(310, 400).length).toBeGreaterThan(3);
    for (const { outcome, latencyMs } of within(310, 400)) {
      expect(outcome).toBe('ok');
      expect(latencyMs).toBeGreaterThan(99);
    }
    for (const { outcome, latencyMs } of within(700, 2000)) {
      expect(outcome).toBe('ok');
      expect(latencyMs).toBeLessThan(90);
    }
    expect(report.operations.write.fail + report.operations.write.info).toBe(0);
  });

  test('without the required ones an operation fails', () => {
    const { operations } = traced(
      scenario({ write: { required: 3 }, read: { required: 1, preferred: 3 } }, { faults: silent }),
    ).report;
    expect(operations.write.info).toBeGreaterThan(3);
    expect(operations.write.fail).toBeGreaterThan(3);
    expect(operations.read.fail + operations.read.info).toBe(0);
  });

  test('a read asks as many replicas as are preferred', () => {
    const fetches = (read: Leaderless['read']) => {
      const { entries, report } = traced(scenario({ read, readsAsk: 'enough' }));
      const sent = entries.filter((entry) => entry.type === 'sent' && entry.message.type === 'fetch').length;
      return sent / report.operations.read.ok;
    };
    // The node asks itself without a message.
    expect(fetches({ required: 1 })).toBe(0);
    expect(fetches({ required: 1, preferred: 2 })).toBe(1);
    expect(fetches({ required: 2, preferred: 3 })).toBe(2);
  });
});

describe('levels of client groups', () => {
  const groups = scenario(
    { read: 'QUORUM', write: 'QUORUM', readsAsk: 'enough' },
    {
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      network: { within: { latency: { type: 'log-normal', medianMs: 1, p99Ms: 60 } } },
      workload: {
        clients: [
          { id: 'bookings', writesPerSecond: 300 },
          { id: 'statements', readsPerSecond: 300 },
          { id: 'page', readsPerSecond: 1000, read: 'ONE' },
        ],
        keys: { count: 2 },
      },
      durationMs: 2000,
    },
  );

  test('one that reads at ONE sees the past, and the others do not', () => {
    const ends = traced(groups).entries.filter((entry) => entry.type === 'ended');
    const stale = (client: string) => ends.filter((entry) => entry.client === client && entry.stale).length;
    expect([stale('page') > 5, stale('statements')]).toEqual([true, 0]);
  });

  test('one that writes at SERIAL writes by ballots, and the others as ever', () => {
    const clients = [
      { id: 'plain', writesPerSecond: 100, readsPerSecond: 100 },
      {
        id: 'careful',
        writesPerSecond: 50,
        readsPerSecond: 50,
        write: 'SERIAL' as const,
        read: 'SERIAL' as const,
      },
    ];
    const { entries, report } = traced({
      ...groups,
      workload: { ...groups.workload, clients, keys: { count: 50 } },
    });
    const whose = new Map<number, string>();
    const proposed = new Set<string | undefined>();
    const mutated = new Set<string | undefined>();
    for (const entry of entries) {
      if (entry.type === 'began') whose.set(entry.operation, entry.client);
      if (entry.type === 'conditional-write') proposed.add(whose.get(entry.value));
      if (entry.type === 'sent' && entry.message.type === 'mutate')
        mutated.add(whose.get(entry.message.value));
    }
    expect([[...proposed], [...mutated]]).toEqual([['careful'], ['plain']]);
    const taken = entries.filter(
      (entry) => entry.type === 'ended' && entry.kind === 'write' && entry.outcome === 'ok',
    );
    for (const client of ['plain', 'careful'])
      expect(taken.filter((entry) => 'client' in entry && entry.client === client).length).toBeGreaterThan(
        40,
      );
    expect(count(report, 'stale-reads')).toBe(0);
    expect(count(report, 'divergence')).toBe(0);
  });

  test('one that writes at ANY is content with a hint, and the others are not', () => {
    const source: ScenarioSource = {
      ...groups,
      cluster: { nodes: [...'abcd'].map((id) => ({ id })) },
      network: { within: { latency: 1 } },
      topology: { ...groups.topology, replicas: 3, hints: {} } as Leaderless,
      workload: {
        clients: [
          { id: 'ledger', writesPerSecond: 50 },
          { id: 'sensors', writesPerSecond: 50, write: 'ANY' },
        ],
        // Held by a, b and c.
        keys: { count: 1 },
        timeoutMs: 300,
      },
      faults: ['a', 'b', 'c'].map((node) => ({ type: 'crash', node, atMs: 500, forMs: 1400 })),
      durationMs: 2000,
    };
    const { entries, report } = traced(source);
    const okWhileDown = (client: string) =>
      entries.filter(
        (entry) =>
          entry.type === 'ended' &&
          entry.client === client &&
          entry.outcome === 'ok' &&
          entry.atMs - entry.latencyMs > 900 &&
          entry.atMs < 1850,
      ).length;
    expect([okWhileDown('ledger'), okWhileDown('sensors') > 20]).toEqual([0, true]);
    expect(count(report, 'lost-writes')).toBe(0);
  });

  test('one that writes at ALL waits for all', () => {
    const [bookings, statements, page] = groups.workload.clients;
    const clients = [bookings!, { ...page!, writesPerSecond: 100, write: 'ALL' as const }, statements!];
    const ends = traced({ ...groups, workload: { ...groups.workload, clients } }).entries;
    const latencies = (client: string) =>
      ends
        .flatMap((entry) =>
          entry.type === 'ended' && entry.client === client && entry.kind === 'write' ? [entry] : [],
        )
        .map(({ latencyMs }) => latencyMs)
        .sort((a, b) => a - b);
    const median = (values: number[]) => values[values.length >> 1]!;
    expect(median(latencies('page'))).toBeGreaterThan(1.4 * median(latencies('bookings')));
  });
});

describe('smart clients', () => {
  const nine = (topology: Partial<Leaderless>, changes: Partial<ScenarioSource> = {}): ScenarioSource =>
    scenario(
      { readsAsk: 'enough', read: 1, ...topology },
      {
        cluster: { nodes: [...'abcdefghi'].map((id) => ({ id })) },
        network: { within: { latency: 1 } },
        workload: {
          clients: [{ readsPerSecond: 500, writesPerSecond: 100 }],
          keys: { count: 90 },
          timeoutMs: 300,
        },
        ...changes,
      },
    );

  test('ask a node that holds the key: a read at ONE needs no other', () => {
    const shareOf = (topology: Partial<Leaderless>) => {
      const { entries, report } = traced(nine(topology));
      const fetches = entries.filter((entry) => entry.type === 'sent' && entry.message.type === 'fetch');
      return fetches.length / report.operations.read.ok;
    };
    expect(shareOf({ clientsAsk: 'replicas' })).toBe(0);
    expect(shareOf({ clientsAsk: 'any' })).toBeCloseTo(2 / 3, 1);
  });

  test('and when those are silent, another of the key, or any', () => {
    const faults = ['a', 'b', 'c'].map((node): FaultSource => ({ type: 'crash', node, atMs: 200 }));
    const { entries } = traced(nine({ clientsAsk: 'replicas', hints: {} }, { faults, durationMs: 3000 }));
    const late = entries.flatMap((entry) =>
      entry.type === 'ended' && entry.kind === 'read' && entry.atMs - entry.latencyMs > 1500 ? [entry] : [],
    );
    // Keys of which nobody is left are refused by whoever is asked.
    expect(late.filter(({ outcome }) => outcome === 'fail').length).toBeGreaterThan(20);
    expect(late.filter(({ outcome }) => outcome === 'info').length).toBe(0);
    expect(late.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(500);
  });
});
