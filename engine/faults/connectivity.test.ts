/** Devices that are connected only now and then. Syllabus S-C12, offline-first. */

import { expect, test } from 'vitest';
import type { TraceEntry } from '../observe/trace.ts';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../scenario/schema.ts';

const device = (id: string, everyMs = 1000, forMs = 200) => ({
  id,
  region: `with-${id}`,
  connects: { everyMs, forMs },
});

function offline(
  devices: readonly ReturnType<typeof device>[],
  changes: Partial<ScenarioSource> = {},
): ScenarioSource {
  const regions = ['cloud', ...devices.map(({ region }) => region)];
  return {
    id: 'offline',
    durationMs: 6000,
    cluster: { nodes: [{ id: 'hub', region: 'cloud' }, ...devices], defaults: { disk: { fsync: 1 } } },
    network: {
      between: regions.flatMap((from, index) =>
        regions.slice(index + 1).map((to) => ({ from, to, latency: 10 })),
      ),
    },
    topology: {
      type: 'multi-leader',
      exchange: { star: 'hub' },
      resolve: 'keep-both',
      stamps: 'revision',
      silenceMs: 50,
      retryMs: 50,
    },
    workload: {
      clients: devices.map(({ id, region }) => ({ id: `of-${id}`, region, writesPerSecond: 5 })),
      keys: { count: 10 },
    },
    ...changes,
  };
}

function traced(source: ScenarioSource, seed = 1) {
  const trace: TraceEntry[] = [];
  const report = simulate(parseScenario(source), { seed, observe: (entry) => trace.push(entry) });
  const changesOf = (node: string) =>
    trace.flatMap((entry) =>
      entry.type === 'connection' && entry.node === node ? [[entry.atMs, entry.connected] as const] : [],
    );
  return { report, trace, changesOf };
}

test('connected for as long as is said, and on the mean as often', () => {
  const source = offline([device('phone')], {
    durationMs: 1_000_000,
    workload: { clients: [{ id: 'nobody', region: 'cloud' }], keys: { count: 1 } },
  });
  const changes = traced(source).changesOf('phone');
  const lengths = changes.slice(1).map(([atMs], index) => atMs - changes[index]![0]);
  const away = lengths.filter((_, index) => !changes[index]![1]);
  const connected = lengths.filter((_, index) => changes[index]![1]);
  expect(new Set(connected.map((ms) => Math.round(ms)))).toEqual(new Set([200]));
  expect(away.length).toBeGreaterThan(900);
  const mean = away.reduce((sum, ms) => sum + ms, 0) / away.length;
  // Exponential: the mean of n has a standard error of 800 / √n.
  expect(Math.abs(mean - 800)).toBeLessThan((4 * 800) / Math.sqrt(away.length));
  const pastMean = away.filter((ms) => ms > 800).length / away.length;
  expect(pastMean).toBeCloseTo(Math.exp(-1), 1);
});

test('another device, or a fault, leaves a device’s times as they were', () => {
  const alone = traced(offline([device('phone')])).changesOf('phone');
  expect(alone.length).toBeGreaterThan(5);
  const faults: FaultSource[] = [{ type: 'crash', node: 'hub', atMs: 1000, forMs: 500 }];
  expect(traced(offline([device('phone'), device('tablet')], { faults })).changesOf('phone')).toEqual(alone);
  expect(traced(offline([device('phone')]), 2).changesOf('phone')).not.toEqual(alone);
});

test('every write is saved at once, whatever the times; once all have met, all hold all of it, side by side', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const devices = [device('phone', 900, 150), device('tablet', 1500, 300), device('laptop', 3000, 120)];
    const { report } = traced(offline(devices), seed);
    const { ok, fail, info } = report.operations.write;
    expect([ok > 50, fail, info]).toEqual([true, 0, 0]);
    expect(report.latencyMs.write.max!).toBeLessThan(20);
    const result = (name: string) => report.verdicts.find((verdict) => verdict.name === name)!.result;
    expect([result('divergence'), result('discarded-writes'), result('lost-writes')]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
  }
});

/** Source: https://docs.couchdb.org/en/stable/replication/conflicts.html */
test('of versions side by side the one with more edits behind it is shown, though the other is newer', () => {
  const shown = (topology: object): number[] => {
    const source = offline([device('phone'), device('tablet')], {
      faults: [{ type: 'cut', from: ['phone'], to: ['hub'], atMs: 0, forMs: 1000 }],
      durationMs: 2000,
      topology: { ...offline([]).topology, ...topology } as ScenarioSource['topology'],
      workload: {
        arrivals: 'regular',
        clients: [
          { id: 'of-phone', region: 'with-phone', writesPerSecond: 10, untilMs: 350 },
          { id: 'of-tablet', region: 'with-tablet', writesPerSecond: 10, fromMs: 500, untilMs: 650 },
          ...['cloud', 'with-phone', 'with-tablet'].map((region) => ({
            id: `reader-${region}`,
            region,
            readsPerSecond: 10,
            fromMs: 1800,
          })),
        ],
        keys: { count: 1 },
      },
      cluster: {
        nodes: [
          { id: 'hub', region: 'cloud' },
          { id: 'phone', region: 'with-phone' },
          { id: 'tablet', region: 'with-tablet' },
        ],
        defaults: { disk: { fsync: 1 } },
      },
    });
    const { trace } = traced(source);
    const written = trace.flatMap((entry) =>
      entry.type === 'ended' && entry.kind === 'write' ? [entry.client] : [],
    );
    expect(written).toEqual(['of-phone', 'of-phone', 'of-phone', 'of-tablet']);
    const sent = trace.flatMap((entry) => (entry.type === 'sent' ? [entry.message] : []));
    const authors = new Map(
      sent.flatMap((message) =>
        message.type === 'change' ? [[message.value, message.author] as const] : [],
      ),
    );
    return sent.flatMap((message) => (message.type === 'read-ok' ? [authors.get(message.value) ?? -1] : []));
  };
  expect(new Set(shown({}))).toEqual(new Set([1]));
  expect(new Set(shown({ stamps: 'clock' }))).toEqual(new Set([2]));
});
