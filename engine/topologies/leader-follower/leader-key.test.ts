/** Patroni's way: a key in a lease store says who leads. Its documented defaults: ttl 30 s, loop_wait 10 s, lag limit 1 MiB. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../../observe/trace.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';

function patroni(faults: readonly FaultSource[], rest: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'patroni',
    durationMs: 120_000,
    drainMs: 0,
    cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 0.5 } } },
    network: { within: { latency: { type: 'uniform', minMs: 0.2, maxMs: 2 } } },
    topology: { type: 'leader-follower', failover: { leaderKey: {} } },
    workload: { clients: [{ writesPerSecond: 20 }], keys: { count: 20 } },
    faults: [...faults],
    ...rest,
  };
}

const seeds = process.env.QUORATE_FULL === '1' ? 500 : 30;

test('F11: the death of the leader is known when its key expires, 20 to 30 s later', () => {
  const detected: number[] = [];
  fc.assert(
    fc.property(fc.nat(0x7fff_ffff), fc.integer({ min: 25_000, max: 45_000 }), (seed, atMs) => {
      const report = simulate(parseScenario(patroni([{ type: 'crash', node: 'a', atMs }], { seed })));
      const [failover, ...more] = report.failovers;
      expect(more).toEqual([]);
      expect(failover!.detectedAfterMs).toBeGreaterThan(20_000 - 10);
      expect(failover!.detectedAfterMs).toBeLessThan(30_000 + 10);
      // Then a race and a promotion.
      expect(failover!.promotedAfterMs! - failover!.detectedAfterMs!).toBeLessThan(520);
      detected.push(failover!.detectedAfterMs!);
    }),
    { numRuns: seeds },
  );
  // Anywhere between, not at one end.
  expect(Math.max(...detected) - Math.min(...detected)).toBeGreaterThan(6000);
});

test('F12: what is lost is at most the lag limit and what was written in the last ttl', () => {
  const bytesPerWrite = 20_000;
  const writesPerSecond = 50;
  let lost = 0;
  fc.assert(
    fc.property(fc.nat(0x7fff_ffff), fc.integer({ min: 1, max: 2_000 }), (seed, lagMs) => {
      // Followers that are behind, by less and by more than the limit.
      const slow = {
        type: 'slow-link',
        from: ['a'],
        to: ['b', 'c'],
        oneWay: true,
        extraMs: lagMs,
        atMs: 10_000,
      } as const;
      const source = patroni([slow, { type: 'crash', node: 'a', atMs: 40_000 }], { seed });
      const { rpo, failovers } = simulate(
        parseScenario({
          ...source,
          workload: { clients: [{ writesPerSecond }], valueBytes: bytesPerWrite, keys: { count: 20 } },
        }),
      );
      if (failovers[0]!.toNode === null) return;
      expect(rpo.writes * bytesPerWrite).toBeLessThanOrEqual(
        1_048_576 + 30 * writesPerSecond * bytesPerWrite,
      );
      lost += rpo.writes;
    }),
    { numRuns: seeds },
  );
  expect(lost).toBeGreaterThan(0);
});

test('who lags more than the limit behind where the leader was last seen does not run; nobody leads then', () => {
  const cut = { type: 'cut', from: ['a'], to: ['b', 'c'], atMs: 20_000 } as const;
  const crash = { type: 'crash', node: 'a', atMs: 50_000 } as const;
  const heavy = (valueBytes: number) => ({
    clients: [{ writesPerSecond: 50 }],
    valueBytes,
    keys: { count: 20 },
  });
  const light = simulate(parseScenario(patroni([cut, crash], { workload: heavy(200) })));
  expect(light.failovers[0]!.toNode).not.toBeNull();
  const behind = simulate(parseScenario(patroni([cut, crash], { workload: heavy(20_000) })));
  expect(behind.failovers[0]!.toNode).toBeNull();
});

test('a leader that cannot reach the store gives up before its key expires: nobody leads for a moment, never two', () => {
  const entries: TraceEntry[] = [];
  const cut = { type: 'cut', from: ['a'], to: ['lease-store'], atMs: 33_000, forMs: 60_000 } as const;
  const report = simulate(parseScenario(patroni([cut])), { observe: (entry) => entries.push(entry) });
  const gaveUp = entries.find((entry) => entry.type === 'following' && entry.node === 'a')!;
  const next = entries.find((entry) => entry.type === 'leading' && entry.node !== 'a')!;
  expect(gaveUp.atMs).toBeLessThan(next.atMs);
  expect(report.verdicts.find(({ name }) => name === 'split-brain')?.result).toBe('ok');
});

test('the old leader’s process restarts after its key is gone: it acknowledges nothing, and follows', () => {
  const crash = { type: 'crash', node: 'a', atMs: 33_000, forMs: 40_000 } as const;
  const report = simulate(parseScenario(patroni([crash], { drainMs: 30_000 })));
  expect(report.failovers[0]!.toNode).not.toBeNull();
  expect(report.nodes[0]!.role).toBe('follower');
  for (const name of ['split-brain', 'divergence'])
    expect(report.verdicts.find((verdict) => verdict.name === name)?.result).toBe('ok');
});

test('a leader that restarts within its ttl renews its key and leads on', () => {
  const crash = { type: 'crash', node: 'a', atMs: 33_000, forMs: 3000 } as const;
  const report = simulate(parseScenario(patroni([crash])));
  expect(report.failovers.filter(({ toNode }) => toNode !== null)).toEqual([]);
  expect(report.availability.write.longestOutageMs).toBeLessThan(3200);
});
