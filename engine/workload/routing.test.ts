import { describe, expect, test } from 'vitest';
import { Streams } from '../kernel/random.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { change, newRerouting, type Routing, reached } from './routing.ts';

function chance() {
  const streams = new Streams(7);
  const stream = streams.add('routes');
  return () => streams.next(stream);
}

/** Of so many operations at each of these times after the change, the share that still asks the old leader. */
function stale(routing: Routing, atUs: number, operations = 20_000): number {
  const bits = chance();
  let old = 0;
  for (let operation = 0; operation < operations; operation++) {
    const state = newRerouting(0);
    change(state, routing, 1, 1_000_000, bits);
    if (reached(state, routing, 1_000_000 + atUs, bits) === 0) old++;
  }
  return old / operations;
}

describe('the share of operations that still ask the old leader', () => {
  test('dns: 1 − t/TTL', () => {
    const ttlUs = 60_000_000;
    for (const share of [0, 0.1, 0.25, 0.5, 0.9]) {
      const expected = 1 - share;
      const deviation = Math.sqrt((expected * share) / 20_000);
      const found = stale({ method: 'dns', ttlUs }, share * ttlUs);
      expect(Math.abs(found - expected)).toBeLessThanOrEqual(5 * deviation);
    }
    expect(stale({ method: 'dns', ttlUs }, ttlUs, 100)).toBe(0);
  });

  test('a virtual address: all until it has moved, and then none', () => {
    const routing = { method: 'address', takeoverUs: 3_000_000 } as const;
    expect(stale(routing, 2_999_999, 10)).toBe(1);
    expect(stale(routing, 3_000_000, 10)).toBe(0);
  });

  test('a proxy: until its next look, which is anywhere within its interval', () => {
    const routing = { method: 'proxy', checkUs: 2_000_000 } as const;
    expect(Math.abs(stale(routing, 500_000) - 0.75)).toBeLessThan(0.02);
    expect(stale(routing, 2_000_000, 100)).toBe(0);
  });
});

test('a second change before the first is through: cached answers are of the last leader, the address stays', () => {
  const bits = () => 0xffff_ffff;
  const dns = { method: 'dns', ttlUs: 1000 } as const;
  const cached = newRerouting(0);
  change(cached, dns, 1, 0, bits);
  change(cached, dns, 2, 500, bits);
  expect(reached(cached, dns, 600, bits)).toBe(1);
  expect(reached(cached, dns, 1500, bits)).toBe(2);
  const address = { method: 'address', takeoverUs: 1000 } as const;
  const moving = newRerouting(0);
  change(moving, address, 1, 0, bits);
  change(moving, address, 2, 500, bits);
  expect(reached(moving, address, 1200, bits)).toBe(0);
  expect(reached(moving, address, 1500, bits)).toBe(2);
});

type Topology = Extract<ScenarioSource['topology'], { type: 'leader-follower' }>;

const crashing = (routing: Topology['routing']): ScenarioSource => ({
  id: 'routed',
  durationMs: 40_000,
  drainMs: 0,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
  network: { within: { latency: 2 } },
  topology: {
    type: 'leader-follower',
    failover: { heartbeatMs: 100, timeoutMs: 500, electionMs: 200 },
    ...(routing && { routing }),
  },
  workload: { clients: [{ writesPerSecond: 200 }], arrivals: 'regular', timeoutMs: 500 },
  faults: [{ type: 'crash', node: 'a', atMs: 10_000 }],
});

test('a failover as its clients see it: at once when told, later by address and proxy, with a tail by DNS', () => {
  const run = (routing?: Topology['routing']) => simulate(parseScenario(crashing(routing)));
  const told = run();
  const address = run({ method: 'vip', takeoverMs: 3000 });
  const proxy = run({ method: 'proxy', checkMs: 2000, hopMs: 1 });
  const dns = run({ method: 'dns', ttlMs: 20_000 });
  const rtoMs = ({ failovers }: typeof told) => failovers[0]!.rtoMs!;
  expect(rtoMs(address) - rtoMs(told)).toBeCloseTo(3000, -1);
  expect(rtoMs(proxy)).toBeGreaterThan(rtoMs(told));
  expect(rtoMs(proxy)).toBeLessThan(rtoMs(told) + 2100);
  // A proxy is one more hop, each way.
  expect(proxy.latencyMs.write.p50! - told.latencyMs.write.p50!).toBeCloseTo(2, 1);
  // By DNS some get through soon; but half of the TTL's writes, taken together, do not.
  expect(rtoMs(dns)).toBeLessThan(rtoMs(told) + 3000);
  const missed = dns.operations.write.info - told.operations.write.info;
  expect(missed).toBeGreaterThan(0.5 * 20 * 200 * 0.9);
  expect(missed).toBeLessThan(0.5 * 20 * 200 * 1.1);
});
