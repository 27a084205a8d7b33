/**
 * The verdicts, which follow a run without keeping it, against their definitions applied to the whole trace and the
 * final states, on random runs.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../full-size.test-support.ts';
import { Histogram } from '../observe/histogram.ts';
import type { TraceEntry } from '../observe/trace.ts';
import { Simulation } from '../run/simulation.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioSource } from '../scenario/schema.ts';
import { LogWatch, randomCluster } from '../topologies/leader-follower/random-cluster.test-support.ts';
import { replicasOf } from '../topologies/leader-follower/replicas-of.test-support.ts';

const runs = runsOf({ full: 2000, reduced: 60 });

interface Version {
  readonly term: number;
  readonly lsn: number;
}

const isOlder = (a: Version, b: Version): boolean => a.term < b.term || (a.term === b.term && a.lsn < b.lsn);

/** What clients saw, in the order of the trace. */
class ClientHistory {
  /** Version of each ok operation, from the answer that ended it. */
  private readonly answered = new Map<number, Version>();
  private readonly began = new Map<number, { readonly at: number; readonly atMs: number }>();
  readonly acknowledged: {
    readonly number: number;
    readonly key: number;
    readonly at: number;
    readonly atUs: number;
    readonly version: Version;
  }[] = [];
  readonly reads: {
    readonly key: number;
    readonly beganAt: number;
    readonly beganUs: number;
    readonly version: Version;
    readonly calledStale: boolean;
  }[] = [];

  constructor(entries: readonly TraceEntry[]) {
    for (const [at, entry] of entries.entries()) {
      if (entry.type === 'began') this.began.set(entry.operation, { at, atMs: entry.atMs });
      else if (entry.type === 'delivered') {
        const { message } = entry;
        if (message.type !== 'read-ok' && message.type !== 'write-ok') continue;
        if (!this.answered.has(message.operation))
          this.answered.set(message.operation, { term: message.term, lsn: message.lsn });
      } else if (entry.type === 'ended' && entry.outcome === 'ok') {
        const version = this.answered.get(entry.operation)!;
        const { key, operation: number } = entry;
        const began = this.began.get(number)!;
        const atUs = Math.round(entry.atMs * 1000);
        const beganUs = Math.round(began.atMs * 1000);
        if (entry.kind === 'write') this.acknowledged.push({ number, key, at, atUs, version });
        else this.reads.push({ key, beganAt: began.at, beganUs, version, calledStale: entry.stale });
      }
    }
  }

  /** Reads that began after a newer version of their key had been acknowledged than they returned. */
  stale(): number {
    return this.reads.filter(({ key, beganAt, version }) =>
      this.acknowledged.some(
        (write) => write.key === key && write.at < beganAt && isOlder(version, write.version),
      ),
    ).length;
  }

  /** By how much each stale read was behind: in versions, and in µs. */
  behind(): { readonly versions: number; readonly ageUs: number }[] {
    return this.reads.flatMap(({ key, beganUs, version, calledStale }) => {
      if (!calledStale) return [];
      const newer = this.acknowledged.filter(
        (write) => write.key === key && write.atUs <= beganUs && isOlder(version, write.version),
      );
      return [{ versions: newer.length, ageUs: beganUs - Math.min(...newer.map(({ atUs }) => atUs)) }];
    });
  }
}

/** What a report would say of stale reads, from each of them. */
function stalenessOf(behind: ReturnType<ClientHistory['behind']>) {
  const versions = new Histogram();
  const ages = new Histogram();
  for (const each of behind) {
    versions.record(each.versions);
    ages.record(each.ageUs);
  }
  const ms = (us: number | undefined) => us! / 1000;
  return {
    versions: { p50: versions.quantile(0.5), p99: versions.quantile(0.99), max: versions.max },
    ms: { p50: ms(ages.quantile(0.5)), p99: ms(ages.quantile(0.99)), max: ms(ages.max) },
    atLeast: 0,
  };
}

function judged(source: ScenarioSource) {
  const scenario = parseScenario(source);
  const entries: TraceEntry[] = [];
  const simulation = new Simulation(scenario, scenario.seed, (entry) => entries.push(entry));
  const watch = new LogWatch(simulation);
  watch.finish();
  const history = new ClientHistory(entries);
  const verdicts = Object.fromEntries(simulation.verdicts().map((verdict) => [verdict.name, verdict]));
  const live = replicasOf(simulation)
    .map((_, node) => node)
    .filter(simulation.isLive);
  return { history, verdicts, live, watch, simulation };
}

// Without doubled messages, so that a written value is one record: values then tell what a log holds.
const faults = ['crash', 'restart', 'pause', 'cut', 'slow-link', 'slow-disk'] as const;

test('lost-writes: the acknowledged values that no live log holds', () => {
  let total = 0;
  fc.assert(
    fc.property(
      randomCluster({ faults, minNodes: 2 }),
      fc.integer({ min: 50, max: 1100 }),
      (source, atMs) => {
        // Replication to the first leader fails, and a little later so does that leader.
        const { history, verdicts, live, watch } = judged({
          ...source,
          faults: [
            ...source.faults!,
            {
              type: 'cut',
              from: ['a'],
              to: ['b', 'c', 'd', 'e'].slice(0, source.cluster.nodes.length - 1),
              atMs: atMs - 50,
            },
            { type: 'crash', node: 'a', atMs },
          ],
        });
        const held = new Set(live.flatMap((node) => watch.logOf(node).map(({ value }) => value)));
        const lost = history.acknowledged.filter(({ number }) => !held.has(number));
        const verdict = verdicts['lost-writes']!;
        // With nobody left, what logs had let go of is not told apart any more.
        if (live.length === 0) {
          expect(verdict.count).toBeLessThanOrEqual(lost.length);
          return;
        }
        expect(verdict).toMatchObject({ count: lost.length, result: lost.length === 0 ? 'ok' : 'violation' });
        if (lost.length > 0) {
          const named = lost.map(({ number }) => `write number ${number})`);
          expect(named.some((name) => verdict.witness!.story[0]!.endsWith(name))).toBe(true);
        } else expect(verdict.witness).toBeNull();
        total += lost.length;
      },
    ),
    { numRuns: runs },
  );
  expect(total).toBeGreaterThan(0);
});

test('stale-reads: every read held against every acknowledged write, and by how much it is behind', () => {
  let total = 0;
  fc.assert(
    fc.property(
      randomCluster({ faults: [...faults, 'lossy-link'], badLinks: true, durationMs: 600 }),
      (source) => {
        const { history, verdicts, simulation } = judged({
          ...source,
          workload: { ...source.workload, clients: [{ writesPerSecond: 300, readsPerSecond: 400 }] },
        });
        const stale = history.stale();
        expect(verdicts['stale-reads']).toMatchObject({
          count: stale,
          result: stale === 0 ? 'ok' : 'violation',
        });
        expect(history.reads.filter(({ calledStale }) => calledStale)).toHaveLength(stale);
        expect(simulation.report().staleness).toEqual(stale === 0 ? null : stalenessOf(history.behind()));
        total += stale;
      },
    ),
    { numRuns: runs / 2 },
  );
  expect(total).toBeGreaterThan(0);
});

test('divergence: keys whose last write differs between live logs, at the end and on the way', () => {
  let differed = 0;
  fc.assert(
    fc.property(
      randomCluster({ faults, minNodes: 2 }),
      fc.integer({ min: 0, max: 1_200_000 }),
      (source, untilUs) => {
        const scenario = parseScenario(source);
        const simulation = new Simulation(scenario, scenario.seed, undefined);
        const watch = new LogWatch(simulation);
        const compare = () => {
          const live = replicasOf(simulation)
            .map((_, node) => node)
            .filter(simulation.isLive);
          const lasts = live.map((node) => new Map(watch.logOf(node).map(({ key, value }) => [key, value])));
          const keys = new Set(lasts.flatMap((last) => [...last.keys()]));
          const differing = [...keys].filter((key) => new Set(lasts.map((last) => last.get(key))).size > 1);
          expect(simulation.verdicts().find(({ name }) => name === 'divergence')).toMatchObject({
            count: differing.length,
            result: differing.length === 0 ? 'ok' : 'unknown',
          });
          differed += differing.length;
        };
        watch.until(untilUs);
        compare();
        watch.finish();
        compare();
      },
    ),
    { numRuns: runsOf({ full: 500, reduced: 60 }) },
  );
  expect(differed).toBeGreaterThan(0);
});
