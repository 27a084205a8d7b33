/**
 * Systems that everybody calls CP or AP, measured: the same probe, nothing but their settings differs.
 * Sources: Gilbert and Lynch 2002; Abadi, IEEE Computer 45(2), 2012; each system's own manual, as in its scenario.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import { InputError } from '../scenario/problems.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { type CapClass, classify, classifyElse, pacelc, type SideCounts } from './classify.ts';
import { type CapQuestion, type CapReport, prepareCap } from './probe.ts';

type Topology = ScenarioSource['topology'];

function clusterOf(
  topology: Topology,
  regions: readonly string[] = ['here', 'here', 'here'],
): ScenarioSource {
  const names = [...new Set(regions)];
  return {
    id: 'cluster',
    durationMs: 1000,
    cluster: {
      nodes: regions.map((region, index) => ({ id: `n${index + 1}`, region })),
      defaults: { disk: { fsync: 1 } },
    },
    network: {
      between: names.flatMap((from, at) => names.slice(at + 1).map((to) => ({ from, to, latency: 20 }))),
    },
    topology,
    workload: { clients: [{ region: names[0]!, writesPerSecond: 1 }], timeoutMs: 1000 },
  };
}

/** Shorter than by default: no election or failover here takes longer than a few seconds. */
function probe(source: ScenarioSource, question: CapQuestion = {}): CapReport {
  const { scenario, observe, report } = prepareCap(parseScenario(source), {
    atMs: 6000,
    forMs: 12_000,
    ...question,
  });
  return report(simulate(scenario, { observe }));
}

const classes = ({ reads, writes }: CapReport): readonly [CapClass, CapClass] => [reads.class, writes.class];

const answered = ({ ok, stale }: SideCounts): number => ok + stale;
const unanswered = ({ refused, hung }: SideCounts): number => refused + hung;

const etcd: Topology = {
  type: 'consensus',
  heartbeatMs: 100,
  electionTimeoutMs: 1000,
  electionTimeoutMsMax: 2000,
};
const dynamo = (levels: { read: string | number; write: string | number }): Topology =>
  ({
    type: 'leaderless',
    replicas: 3,
    hints: {},
    writeTimeoutMs: 500,
    readTimeoutMs: 500,
    ...levels,
  }) as Topology;

describe('consensus is CP', () => {
  test.each([
    ['n1', 1],
    ['n2', 2],
    ['n3', 3],
  ])('whoever leads: %s alone refuses, or leaves asking (seed %i)', (alone, seed) => {
    const report = probe(clusterOf(etcd), { side: [alone], seed });
    expect(classes(report)).toEqual(['CP', 'CP']);
    expect([report.reads.pacelc, report.writes.pacelc]).toEqual(['PC/EC', 'PC/EC']);
    // At the most what was under way when the cut came.
    expect(answered(report.writes.cutOff)).toBeLessThan(3);
    expect(answered(report.writes.rest)).toBeGreaterThan(0.7 * report.writes.rest.asked);
    expect(report.writes.cutOff.laterDiscarded + report.writes.rest.laterDiscarded).toBe(0);
    expect(report.divergence.keysWrittenOnBothSides).toBe(0);
    expect(report.divergence.convergedAfterMs).not.toBeNull();
  });

  test('but for reads of what a server happens to hold: those are AP', () => {
    const report = probe(
      clusterOf({ ...etcd, reads: 'local', readFrom: 'nearest' } as Topology, ['east', 'east', 'west']),
    );
    expect(classes(report)).toEqual(['AP', 'CP']);
    expect(report.reads.cutOff.stale).toBeGreaterThan(100);
    expect(report.reads.rest.stale).toBeLessThan(report.reads.cutOff.stale / 10);
  });

  test('whatever it is called', () => {
    expect(classes(probe({ ...clusterOf(etcd), id: 'cassandra', title: 'an AP database' }))).toEqual([
      'CP',
      'CP',
    ]);
  });

  test('in shards, some keys answer on one side and some on the other, and none on both', () => {
    const report = probe(
      clusterOf({ type: 'sharded', shards: 5, replicas: 3, of: etcd } as Topology, ['a', 'a', 'b', 'b', 'b']),
    );
    expect(report.writes.class).toBe('CP');
    expect(report.divergence.keysWrittenOnBothSides).toBe(0);
  });
});

describe('leaderless replication is what its quorums make it: one system, three classes', () => {
  test('ONE, any node taking anything: AP, and PA/EL', () => {
    const report = probe(clusterOf(dynamo({ read: 'ONE', write: 'ONE' })), { atMs: 15_000 });
    expect(classes(report)).toEqual(['AP', 'AP']);
    expect([report.reads.pacelc, report.writes.pacelc]).toEqual(['PA/EL', 'PA/EL']);
    for (const side of ['cutOff', 'rest'] as const) {
      expect(unanswered(report.writes[side])).toBeLessThan(0.1 * report.writes[side].asked);
      expect(report.reads[side].stale).toBeGreaterThan(100);
    }
    // Every key was written on both sides; of each at least the newest write of one of them is gone.
    const { keys, keysWrittenOnBothSides, convergedAfterMs } = report.divergence;
    expect(keysWrittenOnBothSides).toBe(keys);
    expect(report.writes.cutOff.laterDiscarded + report.writes.rest.laterDiscarded).toBeGreaterThanOrEqual(
      keys,
    );
    expect(convergedAfterMs).toBeGreaterThan(0);
  });

  test('ANY with ONE: writes AP while a hint is enough', () => {
    const report = probe(clusterOf(dynamo({ read: 'ONE', write: 'ANY' })));
    expect(classes(report)).toEqual(['AP', 'AP']);
  });

  test('ONE, with a dot for each version: as available, and both sides’ writes stay, as siblings', () => {
    const report = probe(
      clusterOf({ ...dynamo({ read: 'ONE', write: 'ONE' }), versions: 'dotted' } as Topology),
    );
    expect(classes(report)).toEqual(['AP', 'AP']);
    expect(report.divergence.keysWrittenOnBothSides).toBe(report.divergence.keys);
    expect(report.writes.cutOff.laterDiscarded + report.writes.rest.laterDiscarded).toBe(0);
  });

  test('QUORUM both ways: CP, and PC/EC', () => {
    const report = probe(clusterOf(dynamo({ read: 'QUORUM', write: 'QUORUM' })));
    expect(classes(report)).toEqual(['CP', 'CP']);
    expect([report.reads.pacelc, report.writes.pacelc]).toEqual(['PC/EC', 'PC/EC']);
    expect(answered(report.writes.rest)).toBeGreaterThan(0.9 * report.writes.rest.asked);
  });

  test('ALL with ONE: reads lack nothing, and no write is taken anywhere', () => {
    const report = probe(clusterOf(dynamo({ read: 'ONE', write: 'ALL' })));
    expect(classes(report)).toEqual(['unforced', 'CP']);
    expect(answered(report.writes.rest) + answered(report.writes.cutOff)).toBeLessThan(5);
  });
});

describe('one leader, asynchronous followers', () => {
  const streaming: Topology = { type: 'leader-follower', leader: 'n1', acknowledgement: 'asynchronous' };
  const failover = { automatic: true, heartbeatMs: 200, timeoutMs: 1000, electionMs: 100 };

  test('reads from followers: AP and stale on their side; writes CP: one side has the leader', () => {
    const report = probe(
      clusterOf({ ...streaming, reads: 'nearest' } as Topology, ['east', 'east', 'west']),
      { side: ['west'] },
    );
    expect(report.cut.cutOff).toEqual(['n3']);
    expect(classes(report)).toEqual(['AP', 'CP']);
    expect(report.reads.cutOff.stale).toBeGreaterThan(100);
    expect(answered(report.writes.cutOff)).toBeLessThan(5);
    // All but what was under way when the cut healed.
    expect(answered(report.writes.rest)).toBeGreaterThan(report.writes.rest.asked - 5);
    // Abadi's PNUTS: quick reads, and writes that go a long way to their master.
    expect([report.reads.pacelc, report.writes.pacelc]).toEqual(['PA/EL', 'PC/EC']);
  });

  test('reads from the leader alone, and nobody who takes over: CP both, whichever side has it', () => {
    const alone = { ...streaming, reads: 'leader', failover: { automatic: false } } as Topology;
    for (const side of ['n1', 'n3'])
      expect(classes(probe(clusterOf(alone), { side: [side] }))).toEqual(['CP', 'CP']);
  });

  test('a failover that nothing fences: two leaders, AP, and what one of them took is gone', () => {
    const report = probe(clusterOf({ ...streaming, failover } as Topology), { side: ['n1'] });
    expect(report.writes.class).toBe('AP');
    expect(report.writes.cutOff.laterDiscarded).toBeGreaterThan(0.9 * report.writes.cutOff.asked);
    expect(report.writes.rest.laterDiscarded).toBe(0);
    expect(report.divergence.keysWrittenOnBothSides).toBe(report.divergence.keys);
  });

  test('one required follower: the leader that is cut off waits, and nothing is lost', () => {
    const report = probe(
      clusterOf({ ...streaming, acknowledgement: 'semi-synchronous', reads: 'leader' } as Topology),
      { side: ['n1'] },
    );
    expect(report.writes.class).toBe('CP');
    // Nobody acknowledges alone. The others choose a leader, who has a follower to wait for.
    expect(answered(report.writes.cutOff)).toBeLessThan(5);
    expect(report.writes.cutOff.laterDiscarded + report.writes.rest.laterDiscarded).toBe(0);
  });
});

test('several leaders: AP, PA/EL; writes thrown away on both sides, and one state in the end', () => {
  const report = probe(clusterOf({ type: 'multi-leader' } as Topology, ['east', 'west', 'west']), {
    side: ['east'],
    atMs: 10_000,
  });
  expect(classes(report)).toEqual(['AP', 'AP']);
  expect([report.reads.pacelc, report.writes.pacelc]).toEqual(['PA/EL', 'PA/EL']);
  const { keys, keysWrittenOnBothSides, convergedAfterMs } = report.divergence;
  expect(keysWrittenOnBothSides).toBe(keys);
  expect(report.writes.cutOff.laterDiscarded + report.writes.rest.laterDiscarded).toBeGreaterThanOrEqual(
    keys,
  );
  expect(convergedAfterMs).toBeGreaterThan(0);
});

test('a cut of one way: followers that hear nothing are stale, a leader that hears nothing goes on', () => {
  const streaming: Topology = {
    type: 'leader-follower',
    leader: 'n1',
    reads: 'nearest',
    acknowledgement: 'asynchronous',
  };
  const source = clusterOf(streaming, ['east', 'east', 'west']);
  const deaf = probe(source, { side: ['n3'], way: 'in' });
  expect(deaf.reads.cutOff.stale).toBeGreaterThan(100);
  expect(answered(deaf.writes.cutOff)).toBeLessThan(5);
  // The follower cannot confirm; of an asynchronous leader that changes nothing.
  const mute = probe(source, { side: ['n3'], way: 'out' });
  expect(mute.divergence.keysWrittenOnBothSides).toBeNull();
  expect(mute.reads.rest.stale).toBeLessThan(10);
  expect(answered(mute.writes.rest)).toBeGreaterThan(mute.writes.rest.asked - 5);
});

const counts = (asked: number, answered: number, wrong: Partial<SideCounts> = {}): SideCounts => ({
  asked,
  ok: answered - (wrong.stale ?? 0),
  stale: 0,
  refused: asked - answered,
  hung: 0,
  laterDiscarded: 0,
  askedLate: asked,
  answeredLate: answered,
  ...wrong,
});

test.each([
  ['all well', counts(100, 100), counts(100, 100), 0, 'unforced'],
  ['nine of ten is available', counts(100, 90, { laterDiscarded: 1 }), counts(100, 100), 0, 'AP'],
  ['less is not', counts(100, 89), counts(100, 100), 0, 'CP'],
  ['nor on the other side', counts(100, 100), counts(100, 89), 0, 'CP'],
  ['keys torn apart', counts(100, 100), counts(100, 100), 1, 'AP'],
  ['silent and wrong', counts(100, 0), counts(100, 100, { laterDiscarded: 3 }), 0, 'neither'],
  [
    'refused at first, answered once a failover was over',
    counts(100, 60, { askedLate: 50, answeredLate: 50 }),
    counts(100, 100),
    0,
    'unforced',
  ],
] as const)('writes, %s', (_, cutOff, rest, torn, expected) => {
  const { class: found, because } = classify('writes', { cutOff, rest }, torn);
  expect(found).toBe(expected);
  expect(because).toContain(`${cutOff.answeredLate} of ${cutOff.askedLate} writes`);
});

test('reads are wrong where they are stale, and a torn key says nothing of them', () => {
  const stale = counts(100, 100, { stale: 7 });
  expect(classify('reads', { cutOff: stale, rest: counts(100, 100) }, 9).class).toBe('AP');
  expect(classify('reads', { cutOff: counts(100, 100), rest: counts(100, 100) }, 9).class).toBe('unforced');
  expect(classify('reads', { cutOff: stale, rest: counts(100, 0) }, 0).because).toMatch(
    /7 reads were stale, 7 of them/,
  );
});

test('PACELC: who waits, and what was stale', () => {
  const near = { p50Ms: 3, p10Ms: 2, apartP10Ms: 2.5 };
  const half = { p50Ms: 3, p10Ms: 2, apartP10Ms: 7 };
  const silent = { p50Ms: null, p10Ms: null, apartP10Ms: null };
  const calm = { addedMs: 10, reads: 100, stale: 0 };
  expect(classifyElse('writes', { cutOff: near, rest: near }, calm).gives).toBe('latency');
  expect(classifyElse('writes', { cutOff: half, rest: near }, calm).gives).toBe('consistency');
  expect(classifyElse('writes', { cutOff: silent, rest: near }, calm).gives).toBe('latency');
  expect(classifyElse('reads', { cutOff: near, rest: near }, { ...calm, stale: 1 }).gives).toBe('latency');
  expect(pacelc('CP', 'consistency')).toBe('PC/EC');
  expect(pacelc('AP', 'latency')).toBe('PA/EL');
  expect(pacelc('neither', 'latency')).toBe('P–/EL');
  expect(pacelc('unforced', 'consistency')).toBe('P?/EC');
});

test('any cluster, any cut: counts add up, quorums stay CP, and the same question has the same answer', () => {
  const topologies: readonly Topology[] = [
    etcd,
    dynamo({ read: 'ONE', write: 'QUORUM' }),
    dynamo({ read: 'QUORUM', write: 'QUORUM' }),
    {
      type: 'leader-follower',
      acknowledgement: 'semi-synchronous',
      failover: { automatic: true },
    } as Topology,
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...topologies.keys()),
      fc.subarray(['n1', 'n2', 'n3', 'n4', 'n5'], { minLength: 1, maxLength: 4 }),
      fc.constantFrom('both', 'out', 'in'),
      fc.nat(1000),
      (index, side, way, seed) => {
        const source = clusterOf(topologies[index]!, ['a', 'a', 'b', 'b', 'b']);
        const report = probe(source, { side, way, seed, atMs: 6000, forMs: 6000 });
        for (const { cutOff, rest } of [report.reads, report.writes])
          for (const counts of [cutOff, rest]) {
            expect(counts.ok + counts.stale + counts.refused + counts.hung).toBe(counts.asked);
            expect(counts.laterDiscarded).toBeLessThanOrEqual(counts.ok);
            expect(counts.answeredLate).toBeLessThanOrEqual(counts.askedLate);
          }
        expect(
          [...report.cut.cutOff, ...report.cut.rest].filter((name) => name.startsWith('n')),
        ).toHaveLength(5);
        if (index === 0 || index === 2) {
          expect(report.reads.cutOff.stale + report.reads.rest.stale).toBe(0);
          expect(report.divergence.keysWrittenOnBothSides ?? 0).toBe(0);
        }
        if (seed % 5 === 0)
          expect(probe(source, { side, way, seed, atMs: 6000, forMs: 6000 })).toEqual(report);
      },
    ),
    { numRuns: runsOf({ full: 100, reduced: 4 }) },
  );
});

test.each([
  ['an unknown name', {}, { side: ['n9'] }, 'side[0]: found "n9"'],
  ['everybody', {}, { side: ['here'] }, 'side: found all nodes'],
  ['nobody', {}, { side: [] }, 'side: found no node'],
  ['too soon', {}, { atMs: 100 }, 'atMs: found 100 ms, expected at least 2000 ms'],
  ['too short', {}, { forMs: 3999 }, 'forMs: found 3999 ms, expected at least 4000 ms'],
] as const)('refused: %s', (_, __, question, message) => {
  expect(() => prepareCap(parseScenario(clusterOf(etcd)), question)).toThrow(message);
  expect(() => prepareCap(parseScenario(clusterOf(etcd)), question)).toThrow(InputError);
});

test('who is cut off by default: the leader, where one is named, with its region; or else the last region, or a minority', () => {
  const cutOff = (topology: Topology, regions?: readonly string[]) =>
    prepareCap(parseScenario(clusterOf(topology, regions)), {}).scenario.faults.flatMap((fault) =>
      fault.type === 'cut' ? fault.from.filter((name) => name.startsWith('n')) : [],
    );
  const led = { type: 'leader-follower', leader: 'n2' } as Topology;
  expect(cutOff(led)).toEqual(['n2']);
  expect(cutOff(led, ['a', 'b', 'b', 'c'])).toEqual(['n2', 'n3']);
  expect(cutOff(etcd, ['a', 'b', 'b', 'c', 'c'])).toEqual(['n4', 'n5']);
  expect(cutOff(etcd, ['a', 'a', 'a', 'a', 'a'])).toEqual(['n4', 'n5']);
});

test('one node cannot be cut in two; two can', () => {
  const single = clusterOf({ type: 'leader-follower' } as Topology, ['here']);
  expect(() => prepareCap(parseScenario(single), {})).toThrow('side: found its only node');
  const pair = clusterOf({ type: 'leader-follower' } as Topology, ['here', 'here']);
  expect(probe(pair).cut).toMatchObject({ cutOff: ['n1'], rest: ['n2', 'manager'] });
});
