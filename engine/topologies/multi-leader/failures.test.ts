/** Crashes, cuts and losses: what is sent again, what is lost, and how a ring closes. */

import { describe, expect, test } from 'vitest';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';
import { leadersIn, type MultiLeader, ofType, run, verdict } from './run.test-support.ts';

const rates = (report: { operations: { write: { ok: number } } }) => report.operations.write.ok;

/** Truth row T2. */
test('a ring: every change is applied once at each leader, comes back to its author at most once, and is dropped there', () => {
  const { cluster, trace, report } = run(leadersIn(4, { exchange: 'ring' }));
  const made = cluster.leaders.reduce((sum, { applied, self }) => sum + applied[self]!, 0);
  expect(made).toBe(rates(report));
  for (const { applied } of cluster.leaders) expect(applied.reduce((sum, each) => sum + each, 0)).toBe(made);
  const known = ofType(trace, 'change-known');
  expect(known.every(({ node, author }) => node === author)).toBe(true);
  expect(new Set(known.map(({ author, sequence }) => `${author} ${sequence}`)).size).toBe(known.length);
  // Whoever hears from an author how many changes it has made returns none of these.
  expect(known.length).toBeGreaterThan(made / 2);
  const came = ofType(trace, 'delivered').filter(({ message }) => message.type === 'change');
  expect(came).toHaveLength(3 * made + known.length);
});

test('all to all without faults: each change is sent to each other leader once', () => {
  const { trace, report } = run(leadersIn(4));
  const sent = ofType(trace, 'sent').filter(({ message }) => message.type === 'change');
  expect(sent).toHaveLength(3 * rates(report));
  expect(report.multiLeader!.droppedAsKnown).toBe(0);
});

test('clients are answered by the leader of their own region, whatever becomes of the others', () => {
  const { report } = run(
    leadersIn(
      3,
      {},
      {
        faults: [{ type: 'cut', from: ['in-a'], to: ['in-b', 'in-c'], atMs: 500, forMs: 1000 }],
      },
    ),
  );
  expect(report.availability.write.ratio).toBe(1);
  expect(report.latencyMs.write.max).toBeLessThan(5);
  expect(verdict(report, 'divergence').result).toBe('ok');
  const lag = report.multiLeader!.lag.find(({ from, to }) => from === 'a' && to === 'b')!;
  expect(lag.maxMs).toBeGreaterThan(900);
  expect(report.multiLeader!.lag.find(({ from, to }) => from === 'b' && to === 'c')!.maxMs).toBeLessThan(60);
});

describe('a leader that crashes', () => {
  const crash = (fault: Partial<FaultSource> = {}): Partial<ScenarioSource> => ({
    faults: [{ type: 'crash', node: 'a', atMs: 1000, ...fault } as FaultSource],
  });

  test('has on its disk what it acknowledged, and sends it when it is back', () => {
    for (const loses of ['machine', 'memory'] as const) {
      const { report } = run(leadersIn(3, {}, crash({ loses, forMs: 300 })));
      expect(verdict(report, 'lost-writes').count).toBe(0);
      expect(verdict(report, 'divergence').result).toBe('ok');
    }
  });

  test('and stays away takes with it what it had not got across', () => {
    const busy = leadersIn(
      3,
      {},
      {
        ...crash(),
        workload: {
          clients: ['a', 'b', 'c'].map((id) => ({
            id: `at-${id}`,
            region: `in-${id}`,
            writesPerSecond: 500,
          })),
          keys: { count: 10 },
        },
      },
    );
    const { report, cluster } = run(busy);
    const { count, witness } = verdict(report, 'lost-writes');
    // What a had acknowledged within the way of its messages: 15 to 25 ms of 500 a second.
    expect(count).toBeGreaterThanOrEqual(4);
    expect(count).toBeLessThan(25);
    expect(report.rpo.writes).toBe(count);
    expect(report.rpo.ms).toBeLessThan(30);
    expect(witness!.story[0]).toMatch(/^at \d+(\.\d+)? ms a made write \d+ and acknowledged it$/);
    const [a, b] = cluster.leaders;
    expect(a!.applied[0]! - b!.applied[0]!).toBeGreaterThanOrEqual(count);
  });

  test('loses nothing acknowledged where a second leader has each write first', () => {
    const busy = leadersIn(
      3,
      { confirmedBy: 1 },
      {
        ...crash(),
        workload: {
          clients: ['a', 'b', 'c'].map((id) => ({
            id: `at-${id}`,
            region: `in-${id}`,
            writesPerSecond: 500,
          })),
          keys: { count: 10 },
        },
      },
    );
    for (const seed of [1, 2, 3]) {
      const { report } = run(busy, seed);
      expect(verdict(report, 'lost-writes').count).toBe(0);
      // There and back, and two disks.
      expect(report.latencyMs.write.p50).toBeGreaterThan(30);
    }
  });

  test('leaves what it had got across to some: all to all nobody passes it on, over edges they do', () => {
    const near = leadersIn(3, {}, crash());
    const half = (exchange: NonNullable<MultiLeader['exchange']>) =>
      run({
        ...near,
        topology: { ...near.topology, exchange } as MultiLeader,
        network: {
          within: { latency: 0.5 },
          between: [
            { from: 'in-a', to: 'in-b', latency: 5 },
            { from: 'in-a', to: 'in-c', latency: 100 },
            { from: 'in-b', to: 'in-c', latency: 5 },
          ],
        },
        workload: {
          clients: [{ id: 'at-a', region: 'in-a', writesPerSecond: 200, untilMs: 1000 }],
          keys: { count: 10 },
        },
      });
    const pairs = ['ab', 'ac', 'bc'].map(([from, to]) => ({ from: from!, to: to! }));
    expect(verdict(half('all-to-all').report, 'divergence').result).toBe('violation');
    const { report, cluster } = half({ edges: pairs });
    expect(verdict(report, 'divergence').result).toBe('ok');
    expect(cluster.leaders[2]!.applied[0]).toBe(cluster.leaders[1]!.applied[0]);
  });

  test('its clients ask the nearest other leader meanwhile', () => {
    const { report } = run(
      leadersIn(
        3,
        {},
        {
          ...crash(),
          workload: {
            clients: [{ id: 'at-a', region: 'in-a', writesPerSecond: 50 }],
            keys: { count: 10 },
            timeoutMs: 200,
          },
        },
      ),
    );
    const later = report.nodes.filter(({ node }) => node !== 'a').map(({ writes }) => writes);
    expect(Math.max(...later)).toBeGreaterThan(20);
  });
});

/** Syllabus S-C7. */
describe('a ring that is closed around a leader that fails', () => {
  const source = (faults: FaultSource[], topology: Partial<MultiLeader> = {}) =>
    leadersIn(5, { exchange: 'ring', reconfigureAfterMs: 400, ...topology }, { durationMs: 4000, faults });

  test('all others hear each other again', () => {
    const { report, trace } = run(source([{ type: 'crash', node: 'b', atMs: 1000 }]));
    expect(verdict(report, 'divergence').result).toBe('ok');
    expect(report.multiLeader!.givenUp).toBe(1);
    const [given] = ofType(trace, 'exchange').filter(({ state }) => state === 'given up');
    expect(given).toMatchObject({ from: 'a', to: 'b' });
    // After a silence of 200 ms, 100 ms without an answer, and 400 ms of patience.
    expect(given!.atMs).toBeGreaterThan(1650);
    expect(given!.atMs).toBeLessThan(1900);
  });

  test('two in a row too', () => {
    const { report } = run(
      source([
        { type: 'crash', node: 'b', atMs: 1000 },
        { type: 'crash', node: 'c', atMs: 1000 },
      ]),
    );
    expect(verdict(report, 'divergence').result).toBe('ok');
    expect(report.multiLeader!.givenUp).toBe(2);
  });

  test('it is taken in again when it is back', () => {
    const { report, trace, cluster } = run(source([{ type: 'crash', node: 'b', atMs: 1000, forMs: 1500 }]));
    expect(verdict(report, 'divergence').result).toBe('ok');
    expect(ofType(trace, 'exchange').map(({ from, to, state }) => `${from} ${to} ${state}`)).toEqual(
      expect.arrayContaining(['a b given up', 'a b streaming', 'a c closed']),
    );
    expect(cluster.streams().map(({ from, to }) => `${from}${to}`)).toEqual(['ab', 'bc', 'cd', 'de', 'ea']);
  });
});

describe('links that lose, double and reorder', () => {
  const unreliable = (link: object): ScenarioSource => {
    const base = leadersIn(4, {}, { durationMs: 1000 });
    return {
      ...base,
      network: { ...base.network, between: base.network!.between!.map((each) => ({ ...each, ...link })) },
    };
  };

  test.each([
    ['lose a tenth', { loss: 0.1 }],
    ['double a tenth', { duplication: 0.1 }],
    ['let messages overtake each other', { reordering: true, latency: { type: 'exponential', meanMs: 20 } }],
  ])('%s: all changes come all the same, each counted once', (_name, link) => {
    for (const causal of [false, true]) {
      const source = unreliable(link);
      const { cluster, report } = run({ ...source, topology: { ...source.topology, causal } as MultiLeader });
      const made = rates(report);
      for (const { applied } of cluster.leaders)
        expect(applied.reduce((sum, each) => sum + each, 0)).toBe(made);
    }
  });
});

test('the log is let go of once everybody has it', () => {
  const { cluster } = run(leadersIn(3, { exchange: 'ring' }, { durationMs: 20_000 }));
  for (const { log } of cluster.leaders) {
    expect(log.base).toBeGreaterThan(500);
    expect(log.count).toBeLessThan(log.base);
  }
});

test('standbys: clients ask the first leader of their region, and the next when it is silent', () => {
  const base = leadersIn(2, { standbys: true }, { faults: [{ type: 'crash', node: 'a', atMs: 1000 }] });
  const source: ScenarioSource = {
    ...base,
    cluster: {
      ...base.cluster,
      nodes: [
        { id: 'a', region: 'in-a' },
        { id: 'a2', region: 'in-a' },
        { id: 'b', region: 'in-b' },
      ],
    },
    workload: { ...base.workload, timeoutMs: 100 },
  };
  const undisturbed = run({ ...source, faults: [] }).report;
  expect(undisturbed.nodes.map(({ writes }) => writes > 0)).toEqual([true, false, true]);
  const { report } = run(source);
  expect(report.nodes.every(({ writes }) => writes > 0)).toBe(true);
  expect(verdict(report, 'divergence').result).toBe('ok');
});
