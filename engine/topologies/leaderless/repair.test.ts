/** Anti-entropy in whole runs: what it heals, what it costs, and what it gives up. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Report } from '../../run/report.ts';
import { simulate } from '../../run/simulate.ts';
import { parseScenario } from '../../scenario/parse.ts';
import type { FaultSource, ScenarioSource } from '../../scenario/schema.ts';

/** Node c misses the writes of the first two seconds or so; nobody writes after the third. */
function scenario(everyMs: number | undefined, changes: Partial<ScenarioSource> = {}): ScenarioSource {
  return {
    id: 'repair',
    durationMs: 8000,
    cluster: { nodes: ['a', 'b', 'c'].map((id) => ({ id })), defaults: { disk: { fsync: 0.5 } } },
    network: { within: { latency: 1 } },
    topology: {
      type: 'leaderless',
      readRepair: 'blocking',
      failureDetection: { everyMs: 100, downAfterMs: 500 },
      ...(everyMs !== undefined && { antiEntropy: { everyMs } }),
    },
    workload: { clients: [{ writesPerSecond: 200, untilMs: 3000 }], keys: { count: 400 } },
    faults: [{ type: 'cut', from: ['c'], to: ['a', 'b', 'clients'], atMs: 500, forMs: 2000 }],
    ...changes,
  };
}

const run = (source: ScenarioSource, seed = 1): Report => simulate(parseScenario(source), { seed });
const differing = ({ verdicts }: Report) => verdicts.find(({ name }) => name === 'divergence')!.count;

test('keys that nobody reads stay stale without it, and are healed with it', () => {
  expect(differing(run(scenario(undefined)))).toBeGreaterThan(100);
  const { antiEntropy, ...report } = run(scenario(500));
  expect(differing({ antiEntropy, ...report })).toBe(0);
  expect(antiEntropy!.sessions).toBeGreaterThan(10);
  expect(antiEntropy!.keys).toBeGreaterThan(100);
});

test('read repair heals the keys that are read, and no others', () => {
  // Ten of the keys are read now and then; all were written.
  const reads = { readsPerSecond: 100, fromMs: 4000, untilMs: 5000 };
  const found = (everyMs: number | undefined) => {
    const { workload, ...rest } = scenario(everyMs);
    return differing(run({ ...rest, workload: { ...workload, clients: [...workload.clients, reads] } }));
  };
  const cold = differing(run(scenario(undefined)));
  expect(found(undefined)).toBeLessThan(cold);
  expect(found(undefined)).toBeGreaterThan(cold / 2);
  expect(found(500)).toBe(0);
});

test('trees that are equal cost one hash; a session takes as many rounds as the tree has levels', () => {
  const workload = { clients: [{ readsPerSecond: 1 }], keys: { count: 400 } };
  const quiet = run(scenario(500, { workload, faults: [] }));
  const { sessions, keys, roundsMax, bytes } = quiet.antiEntropy!;
  expect(keys).toBe(0);
  expect(roundsMax).toBe(1);
  expect(bytes).toBe(sessions * 25);
  // 400 leaves, 25 above them, 2 above these, the root.
  expect(run(scenario(500)).antiEntropy!.roundsMax).toBe(4);
});

test('a session with a node that falls silent is given up, and a later one ends', () => {
  const { antiEntropy } = run(
    scenario(400, {
      faults: [{ type: 'cut', from: ['c'], to: ['a', 'b', 'clients'], atMs: 390, forMs: 2000 }],
    }),
  );
  expect(antiEntropy!.givenUp).toBeGreaterThan(0);
  expect(antiEntropy!.sessions).toBeGreaterThan(10);
});

test('whatever befalls nodes and links, once it is over all replicas come to hold the same', () => {
  const node = fc.constantFrom('a', 'b', 'c');
  const atMs = fc.nat(2500);
  const forMs = fc.integer({ min: 1, max: 1500 });
  const fault: fc.Arbitrary<FaultSource> = fc.oneof(
    fc.record({ type: fc.constant('crash' as const), node, atMs, forMs }),
    fc.record({ type: fc.constant('pause' as const), node, atMs, forMs }),
    fc.record({ node, atMs, forMs }).map(({ node: from, ...rest }) => ({
      ...rest,
      type: 'cut' as const,
      from: [from],
      to: ['a', 'b', 'c'],
    })),
    fc.record({ node, atMs, forMs }).map(({ node: from, ...rest }) => ({
      ...rest,
      type: 'lossy-link' as const,
      from: [from],
      to: ['a', 'b', 'c'],
      loss: 0.3,
      duplication: 0.3,
    })),
  );
  let without = 0;
  fc.assert(
    fc.property(fc.array(fault, { minLength: 1, maxLength: 4 }), fc.nat(), (faults, seed) => {
      without += differing(run(scenario(undefined, { faults }), seed)) > 0 ? 1 : 0;
      const report = run(scenario(250, { faults }), seed);
      expect(differing(report)).toBe(0);
      expect(report.verdicts.find(({ name }) => name === 'lost-writes')).toMatchObject({ result: 'ok' });
    }),
    { numRuns: 15 },
  );
  expect(without).toBeGreaterThan(3);
});
