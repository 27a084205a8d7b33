import { describe, expect, test } from 'vitest';
import type { Report } from '../run/report.ts';
import { parseScenario } from '../scenario/parse.ts';
import { decide } from './decide.ts';
import { evidenceFrom, evidenceRuns } from './evidence.ts';
import { scenarioFor, sizeOf } from './evidence-scenario.ts';
import { prove, simulateRun } from './prove.ts';
import { parseRequirements, type RequirementsSource } from './requirements.ts';

const booking: RequirementsSource = {
  id: 'booking',
  readsPerSecond: 80,
  writesPerSecond: 20,
  regions: [
    { id: 'us-east-1', share: 0.7 },
    { id: 'eu-west-1', share: 0.3 },
  ],
  roundTrip: { provider: 'AWS' },
  lossToleratedMs: 0,
  outageToleratedS: 30,
  entities: [
    { name: 'bookings', share: 0.2, consistency: 'strong', transactions: true },
    { name: 'catalogue', share: 0.8, consistency: 'eventual' },
  ],
};

function proved(source: RequirementsSource, runs = 2) {
  const requirements = parseRequirements(source);
  return prove(decide(requirements), requirements, { runs, seed: 1 });
}

describe('prove', () => {
  test('measures every target under every fault, and meets them for a booking site in two regions', () => {
    const evidence = proved(booking);
    expect(evidence.status).toBe('measured');
    expect(evidence.sentence).toBe('All 4 required targets were met in all of 6 runs.');
    expect(evidence.targets.map(({ fault, name, required, met }) => [fault, name, required, met])).toEqual([
      ['none', 'write latency p99', true, true],
      ['none', 'staleness', true, true],
      ['leader-crash', 'loss (RPO)', true, true],
      ['leader-crash', 'outage (RTO)', true, true],
      ['leader-crash', 'staleness', false, false],
      ['region-cut', 'loss (RPO)', false, true],
      ['region-cut', 'outage (RTO)', false, true],
      ['region-cut', 'staleness', false, false],
    ]);
  });

  test('shows a missed target with the run that missed it, which replays to the same digest', () => {
    const evidence = proved({ ...booking, writeLatencyP99Ms: 100 });
    expect(evidence.met).toBe(false);
    expect(evidence.sentence).toBe('1 of 4 required targets was missed in 6 runs: write latency p99.');
    const missed = evidence.targets.find(({ required, met }) => required && !met)!;
    expect(missed.measured).toBeGreaterThan(100);
    const source = evidence.scenarios.find(({ id }) => id === missed.scenario)!;
    expect(simulateRun({ source, seed: missed.seed }).digest).toBe(missed.digest);
    expect(evidence.replays).toContainEqual({
      scenario: missed.scenario,
      seed: missed.seed,
      digest: missed.digest,
    });
  });

  test('loses nothing when the region of the leader is cut off, where that was asked for', () => {
    const evidence = proved({
      ...booking,
      survives: 'region',
      writeLatencyP99Ms: 300,
      entities: [{ name: 'data' }],
    });
    expect(
      evidence.targets.filter(({ fault, required }) => fault === 'region-cut' && required),
    ).toMatchObject([
      { name: 'loss (RPO)', measured: 0, met: true },
      { name: 'outage (RTO)', met: true },
    ]);
  });

  test('runs one machine as a leader alone, and says what that leaves out', () => {
    const evidence = proved({ lossToleratedMs: 600_000, outageToleratedS: 7_200 }, 1);
    expect(evidence.met).toBe(true);
    expect(evidence.assumptions.join()).toContain('the restore of a backup are not simulated');
    expect(evidence.targets.find(({ name }) => name === 'outage (RTO)')?.measured).toBeGreaterThan(60_000);
  });

  test('proves several leaders: writes stay local, and a leader that crashes stops only its own clients for a while', () => {
    const evidence = proved(
      {
        regions: [{ id: 'virginia' }, { id: 'tokyo' }],
        roundTrip: { otherwiseMs: 150 },
        writeLatencyP99Ms: 50,
        lossToleratedMs: 5000,
        entities: [{ name: 'carts', consistency: 'eventual', mergeable: true, conflict: 'crdt' }],
        operatingEffort: 'high',
      },
      1,
    );
    expect(evidence).toMatchObject({ status: 'measured', met: true });
    expect(evidence.scenarios[0]!.topology).toMatchObject({ type: 'multi-leader', resolve: 'union' });
    const latency = evidence.targets.find(({ name }) => name === 'write latency p99')!;
    expect(latency.measured).toBeLessThan(30);
    // As old as the other leader's writes are for the way of 75 ms, and no older while nothing is wrong.
    const staleness = evidence.targets.find(({ name }) => name === 'staleness')!;
    expect(staleness).toMatchObject({ fault: 'none', unit: 'ms', required: true });
    expect(staleness.measured).toBeGreaterThan(50);
    expect(staleness.measured).toBeLessThan(150);
    expect(evidence.assumptions.join()).toContain('keeping what either write put in');
  });

  test('several leaders: data by the last writer and data that is merged are told apart, each with its share', () => {
    const evidence = proved(
      {
        regions: [{ id: 'virginia' }, { id: 'tokyo' }],
        roundTrip: { otherwiseMs: 150 },
        writeLatencyP99Ms: 50,
        lossToleratedMs: 5000,
        writesPerSecond: 100,
        readsPerSecond: 100,
        entities: [
          {
            name: 'names',
            share: 0.25,
            consistency: 'eventual',
            mergeable: true,
            conflict: 'last-writer-wins',
          },
          { name: 'carts', share: 0.5, consistency: 'eventual', mergeable: true, conflict: 'merge' },
          { name: 'likes', share: 0.25, consistency: 'eventual', mergeable: true, conflict: 'crdt' },
        ],
        operatingEffort: 'high',
      },
      1,
    );
    expect(evidence.status).toBe('measured');
    const { topology, workload } = evidence.scenarios[0]!;
    expect(topology).toMatchObject({ tables: [{ id: 'overwritten' }, { id: 'merged', resolve: 'union' }] });
    const rates = workload.clients.map(({ table, writesPerSecond }) => [table, writesPerSecond]);
    expect(rates).toEqual([
      ['overwritten', 12.5],
      ['merged', 37.5],
      ['overwritten', 12.5],
      ['merged', 37.5],
    ]);
    expect(evidence.assumptions.join()).toContain('of other data by the greatest stamp');
  });

  test('proves quorums without a leader: a node that crashes stops nobody', () => {
    const evidence = proved(
      {
        duringPartition: 'accept',
        entities: [{ name: 'sessions', mergeable: true, conflict: 'last-writer-wins' }],
      },
      2,
    );
    expect(evidence).toMatchObject({ status: 'measured', met: true });
    expect(evidence.scenarios[0]!.topology.type).toBe('leaderless');
    const under = (fault: string, name: string) =>
      evidence.targets.find((target) => target.fault === fault && target.name === name)!;
    expect(under('none', 'staleness')).toMatchObject({ unit: 'reads', measured: 0, required: true });
    expect(under('leader-crash', 'loss (RPO)').measured).toBe(0);
    expect(under('leader-crash', 'outage (RTO)').measured).toBeLessThan(2_000);
  });

  test('proves consensus, and the runner-up beside it on the same workload', () => {
    const evidence = proved(
      {
        ...booking,
        regions: [
          { id: 'eu-west-1', share: 0.5 },
          { id: 'eu-central-1', share: 0.3 },
          { id: 'eu-north-1', share: 0.2 },
        ],
        outageToleratedS: 5,
        survives: 'region',
        stalenessToleratedMs: 0,
      },
      1,
    );
    expect(evidence).toMatchObject({ status: 'measured', met: true });
    expect(evidence.runnerUp.topology).toBe('leader-follower');
    const [mine, others] = [false, true].map((isOther) =>
      evidence.scenarios.filter(({ id }) => id.includes('.runner-up.') === isOther),
    );
    expect(mine!.map(({ topology }) => topology.type)).toEqual(['consensus', 'consensus', 'consensus']);
    for (const [index, { workload, durationMs, cluster, network }] of mine!.entries()) {
      const other = others![index]!;
      expect(other.topology.type).toBe('leader-follower');
      expect({ workload, durationMs, defaults: cluster.defaults, network }).toEqual({
        workload: other.workload,
        durationMs: other.durationMs,
        defaults: other.cluster.defaults,
        network: other.network,
      });
      expect(other.faults?.map(({ type, atMs }) => [type, atMs])).toEqual(
        mine![index]!.faults?.map(({ type, atMs }) => [type, atMs]),
      );
    }
  });

  test('gives a voter alone in a third region its links, where there are two regions', () => {
    const requirements = parseRequirements({
      ...booking,
      survives: 'region',
      outageToleratedS: 5,
      writeLatencyP99Ms: 500,
      entities: [{ name: 'seats', consistency: 'strong', transactions: true }],
    });
    const recommendation = decide(requirements);
    expect(recommendation.topology).toBe('consensus');
    const { cluster, network } = scenarioFor(recommendation, requirements, { fault: 'region-cut' });
    expect(cluster.nodes.map(({ region }) => region)).toContain('a-third-region');
    expect(network?.between).toHaveLength(3);
    const evidence = prove(recommendation, requirements, { runs: 1, seed: 1 });
    expect(evidence.assumptions.join()).toContain('The third region');
    expect(
      evidence.targets.filter(({ name, fault }) => name !== 'write latency p99' && fault === 'region-cut'),
    ).toSatisfy((targets: { met: boolean }[]) => targets.every(({ met }) => met));
  });

  test('does not judge writes where there are hardly any', () => {
    const evidence = proved({ writesPerSecond: 0.001, readsPerSecond: 5 }, 1);
    expect(new Set(evidence.targets.map(({ name }) => name))).toEqual(new Set(['staleness']));
    expect(evidence.assumptions.join()).toContain('So little is written');
  });

  test('counts its progress up to the total', () => {
    const requirements = parseRequirements({ readsPerSecond: 5, writesPerSecond: 5 });
    const seen: string[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => seen.push(`${done}/${total}`);
    prove(decide(requirements), requirements, { runs: 2, seed: 7, onProgress });
    // The runner-up runs too.
    expect(seen).toEqual(['1/8', '2/8', '3/8', '4/8', '5/8', '6/8', '7/8', '8/8']);
  });
});

describe('evidenceFrom', () => {
  const requirements = parseRequirements({ readsPerSecond: 5, writesPerSecond: 5 });
  const recommendation = decide(requirements);
  const runs = evidenceRuns(recommendation, requirements, { runs: 3, seed: 1 });
  const results = runs.map((run) => ({ run, report: simulateRun(run) }));
  const judged = (change: (report: Report, seed: number) => Partial<Report>) =>
    evidenceFrom(
      recommendation,
      requirements,
      results.map(({ run, report }) => ({ run, report: { ...report, ...change(report, run.seed) } })),
    );

  test('takes the worst run, not the mean, and names its seed', () => {
    const evidence = judged(({ latencyMs }, seed) => ({
      latencyMs: { ...latencyMs, write: { ...latencyMs.write, p99: seed === 2 ? 900 : 1 } },
    }));
    expect(evidence.targets[0]).toMatchObject({
      name: 'write latency p99',
      measured: 900,
      met: false,
      seed: 2,
    });
  });

  test('takes a leader that never came back for a missed outage target', () => {
    const evidence = judged(({ failovers }, seed) => ({
      failovers: failovers.map((each) => ({ ...each, rtoMs: seed === 3 ? null : each.rtoMs })),
    }));
    const outage = evidence.targets.find(({ name }) => name === 'outage (RTO)');
    expect(outage).toMatchObject({ measured: null, met: false, seed: 3 });
  });

  test('does not take a verdict that is unknown for a target met', () => {
    const evidence = judged(({ verdicts }) => ({
      verdicts: verdicts.map((verdict) => ({ ...verdict, result: 'unknown' as const })),
    }));
    const unknown = evidence.targets.filter(({ name }) => name === 'loss (RPO)' || name === 'staleness');
    expect(unknown.map(({ measured, met }) => [measured, met])).toEqual([
      [null, false],
      [null, false],
      [null, false],
    ]);
  });
});

describe('scenarioFor', () => {
  test('runs one shard on its share of the load', () => {
    const requirements = parseRequirements({ readsPerSecond: 0, writesPerSecond: 30_000 });
    const recommendation = decide(requirements);
    const { workload, faults } = scenarioFor(recommendation, requirements, { fault: 'leader-crash' });
    expect(workload.clients[0]!.writesPerSecond).toBe(30_000 / recommendation.shards);
    expect(faults).toMatchObject([{ type: 'crash', node: 'local.1' }]);
  });

  test('makes a heavy load shorter, not lighter, and leaves time for the failover', () => {
    const requirements = parseRequirements({ readsPerSecond: 45_000 });
    const recommendation = decide(requirements);
    const { durationMs, slice } = sizeOf(recommendation, requirements);
    expect(durationMs).toBeLessThan(60_000);
    expect((durationMs * 2) / 3).toBeGreaterThan(recommendation.settings.failover!.expectedOutageMs);
    expect(slice).toBe(1);
  });

  test('runs a part of what no run could hold, load and capacity alike', () => {
    const node = { readsPerSecond: 1_000_000, writesPerSecond: 1_000_000 };
    const requirements = parseRequirements({ readsPerSecond: 0, writesPerSecond: 600_000, node });
    const recommendation = decide(requirements);
    const { slice } = sizeOf(recommendation, requirements);
    expect(slice).toBeLessThan(1);
    const scenario = parseScenario(scenarioFor(recommendation, requirements, { fault: 'none' }));
    const busy = (scenario.workload.clients[0]!.writesPerSecond * scenario.nodes[0]!.writePs) / 1e12;
    expect(busy).toBeCloseTo(0.6, 2);
  });

  test('cuts the region of the leader off from the others', () => {
    const requirements = parseRequirements(booking);
    const { faults, network } = scenarioFor(decide(requirements), requirements, { fault: 'region-cut' });
    expect(faults).toMatchObject([{ type: 'cut', from: ['us-east-1'], to: ['eu-west-1'] }]);
    expect(network?.between).toMatchObject([
      { from: 'us-east-1', to: 'eu-west-1', latency: { type: 'rtt', provider: 'AWS' } },
    ]);
  });
});
