import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEntry } from '../observe/trace.ts';
import { parseScenario } from '../scenario/parse.ts';
import { randomCluster } from '../topologies/leader-follower/random-cluster.test-support.ts';
import { Explanation } from './explain.ts';
import type { Report } from './report.ts';
import { simulate } from './simulate.ts';

function explained(source: unknown): { readonly report: Report; readonly entries: readonly TraceEntry[] } {
  const scenario = parseScenario(source);
  const explanation = new Explanation(simulate(scenario));
  const entries: TraceEntry[] = [];
  simulate(scenario, {
    observe: (entry) => {
      entries.push(entry);
      explanation.observe(entry);
    },
  });
  return { report: explanation.report(), entries };
}

test('a lost write: who took it, whom it was sent to in vain, and that its client was told', () => {
  const { report } = explained({
    id: 'lost',
    durationMs: 1000,
    cluster: {
      nodes: [
        { id: 'a', region: 'east' },
        { id: 'b', region: 'west' },
      ],
    },
    network: { within: { latency: 1 }, between: [{ from: 'east', to: 'west', latency: 50 }] },
    topology: { type: 'leader-follower' },
    workload: { clients: [{ id: 'app', region: 'east', writesPerSecond: 100 }] },
    faults: [{ type: 'crash', node: 'a', atMs: 500 }],
  });
  const { witness } = report.verdicts.find(({ name }) => name === 'lost-writes')!;
  const [number] = witness!.operations!;
  expect(witness!.causes!.operations).toMatchObject([
    { operation: number, client: 'app', kind: 'write', outcome: 'ok' },
  ]);
  expect(witness!.causes!.messages).toMatchObject([
    {
      operation: number,
      from: 'app',
      to: 'a',
      what: expect.stringContaining('a write of key'),
      dropped: null,
    },
    { operation: number, from: 'a', to: 'b', arrivedMs: null, dropped: 'died' },
    {
      operation: number,
      from: 'a',
      to: 'app',
      what: expect.stringContaining('acknowledgement'),
      dropped: null,
    },
  ]);
});

test('whatever a witness names is in the trace at the times it says, and explaining changes nothing else', () => {
  let messages = 0;
  let outages = 0;
  fc.assert(
    fc.property(randomCluster({ faults: ['crash', 'cut', 'pause', 'slow-link'], minNodes: 2 }), (random) => {
      const source = {
        ...random,
        workload: { ...random.workload, clients: [{ writesPerSecond: 300, readsPerSecond: 300 }] },
      };
      const { report, entries } = explained(source);
      const plain = report.verdicts.map(({ witness, ...verdict }) => {
        const { causes: _, ...rest } = witness ?? { causes: null };
        return { ...verdict, witness: witness === null ? null : rest };
      });
      const withoutCauses = ({ outages, ...rest }: Report['availability']['read']) => ({
        ...rest,
        outages: outages.map(({ causes: _, ...outage }) => outage),
      });
      const { read, write } = report.availability;
      const availability = { read: withoutCauses(read), write: withoutCauses(write) };
      expect({ ...report, verdicts: plain, availability }).toEqual(simulate(parseScenario(source)));
      for (const kind of ['read', 'write'] as const)
        for (const { fromMs, toMs, causes } of report.availability[kind].outages) {
          if (causes === undefined) continue;
          outages++;
          const during = entries.filter(
            (entry): entry is Extract<TraceEntry, { type: 'ended' }> =>
              entry.type === 'ended' && entry.kind === kind && entry.atMs >= fromMs && entry.atMs <= toMs,
          );
          const first = during.findIndex(({ outcome }) => outcome !== 'ok');
          const last = during.findIndex(({ outcome }, index) => outcome === 'ok' && index > first);
          const named = [during[first]!.operation, ...(last < 0 ? [] : [during[last]!.operation])];
          expect(causes.operations.map(({ operation }) => operation)).toEqual(named);
          expect(causes.messages.length).toBeGreaterThan(0);
        }
      for (const { witness } of report.verdicts) {
        for (const operation of witness?.causes?.operations ?? []) {
          const at = (type: 'began' | 'ended') =>
            entries.find((entry) => entry.type === type && entry.operation === operation.operation)?.atMs ??
            null;
          expect([operation.calledMs, operation.returnedMs]).toEqual([at('began'), at('ended')]);
        }
        for (const { from, to, sentMs, arrivedMs, dropped, operation } of witness?.causes?.messages ?? []) {
          messages++;
          expect(witness!.operations).toContain(operation);
          const isOnLink = (entry: TraceEntry, type: string, atMs: number) =>
            entry.type === type &&
            'from' in entry &&
            'to' in entry &&
            entry.from === from &&
            entry.to === to &&
            entry.atMs === atMs;
          expect(entries.some((entry) => isOnLink(entry, 'sent', sentMs))).toBe(true);
          if (arrivedMs !== null) {
            expect(arrivedMs).toBeGreaterThanOrEqual(sentMs);
            expect(dropped).toBeNull();
            expect(entries.some((entry) => isOnLink(entry, 'delivered', arrivedMs))).toBe(true);
          }
        }
      }
    }),
    { numRuns: 20 },
  );
  expect(messages).toBeGreaterThan(20);
  expect(outages).toBeGreaterThan(5);
});
