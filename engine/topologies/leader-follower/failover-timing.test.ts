/** How long a failover takes, phase by phase, against what the settings say. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { Simulation } from '../../run/simulation.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';

const crashed = fc.record({
  seed: fc.nat(0x7fff_ffff),
  heartbeatMs: fc.integer({ min: 50, max: 1000 }),
  patience: fc.integer({ min: 1, max: 4 }),
  oneWayMs: fc.integer({ min: 1, max: 20 }),
  crashUs: fc.integer({ min: 0, max: 2_000_000 }),
});

const electionMs = 500;

function run({
  seed,
  heartbeatMs,
  patience,
  oneWayMs,
  crashUs,
}: {
  seed: number;
  heartbeatMs: number;
  patience: number;
  oneWayMs: number;
  crashUs: number;
}) {
  const timeoutMs = heartbeatMs * patience + 100;
  // Late enough for the first heartbeat's answer to have come.
  const crashMs = heartbeatMs + 2 * oneWayMs + 1 + crashUs / 1000;
  const source: ScenarioSource = {
    id: 'failover',
    seed,
    durationMs: crashMs + timeoutMs + 4 * heartbeatMs + 2000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 1 } } },
    network: { within: { latency: oneWayMs } },
    topology: { type: 'leader-follower', failover: { heartbeatMs, timeoutMs, electionMs } },
    workload: { clients: [{ writesPerSecond: 200 }], timeoutMs: 300 },
    faults: [{ type: 'crash', node: 'a', atMs: crashMs }],
  };
  const entries: TraceEntry[] = [];
  const simulation = new Simulation(parseScenario(source), seed, (entry) => entries.push(entry));
  simulation.finish();
  const [failover, ...more] = simulation.report().failovers;
  expect(more).toEqual([]);
  const started = entries.find((entry) => entry.type === 'started' && entry.node === 'manager');
  return { failover: failover!, entries, timeoutMs, crashMs, startedMs: started!.atMs };
}

test('detection comes within [timeout − heartbeat, timeout + heartbeat + round trip] of the crash, to the microsecond', () => {
  fc.assert(
    fc.property(crashed, (drawn) => {
      const { failover, timeoutMs, crashMs, startedMs } = run(drawn);
      const { heartbeatMs, oneWayMs } = drawn;
      const detectedMs = failover.detectedAfterMs!;
      expect(detectedMs).toBeGreaterThanOrEqual(timeoutMs - heartbeatMs);
      expect(detectedMs).toBeLessThanOrEqual(timeoutMs + heartbeatMs + 2 * oneWayMs);
      // The last probe whose answer came before the crash, which takes with it what is on its way; then the silence.
      const lastProbe = Math.ceil((crashMs - 2 * oneWayMs - startedMs) / heartbeatMs) - 1;
      const answeredMs = startedMs + lastProbe * heartbeatMs + 2 * oneWayMs;
      expect(crashMs + detectedMs).toBeCloseTo(answeredMs + timeoutMs, 3);
    }),
    { numRuns: 40 },
  );
});

test('the election takes a question, an answer and an order, and not the manager’s patience', () => {
  fc.assert(
    fc.property(crashed, (drawn) => {
      const { failover } = run(drawn);
      const { detectedAfterMs, promotedAfterMs } = failover;
      expect(promotedAfterMs! - detectedAfterMs!).toBeCloseTo(3 * drawn.oneWayMs, 3);
    }),
    { numRuns: 20 },
  );
});

test('RTO is from the crash to the first ok write that began after it', () => {
  fc.assert(
    fc.property(crashed, (drawn) => {
      const { failover, entries, crashMs } = run(drawn);
      const began = new Map<number, number>();
      let okAgainMs: number | null = null;
      for (const entry of entries) {
        if (entry.type === 'began') began.set(entry.operation, entry.atMs);
        if (entry.type !== 'ended' || entry.outcome !== 'ok' || entry.kind !== 'write') continue;
        if (began.get(entry.operation)! >= crashMs) okAgainMs ??= entry.atMs;
      }
      expect(failover.rtoMs).toBeCloseTo(okAgainMs! - crashMs, 3);
      expect(failover.rtoMs!).toBeGreaterThan(failover.promotedAfterMs!);
    }),
    { numRuns: 20 },
  );
});
