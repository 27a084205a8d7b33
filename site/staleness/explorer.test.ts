import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseScenario, quorumLatencies, type ScenarioSource, simulate, tabulateQuorums } from '#engine';
import { columnAt, curveTimes, ownDelays, published } from './delays.ts';
import { Explorer, questionOf, trials } from './explorer.ts';
import { replays } from './replay.ts';

const source = parse(
  readFileSync(new URL('../../content/scenarios/one-write-one-read.yaml', import.meta.url), 'utf8'),
) as ScenarioSource;
const base = { scenario: parseScenario(source), source };
const disks = published.find(({ id }) => id === 'lnkd-disk')!;
const few = tabulateQuorums({ ...questionOf(disks), trials: 20_000 });

/** An explorer whose slices the test runs, one after another. */
function newExplorer() {
  const waiting: (() => void)[] = [];
  const explorer = new Explorer({
    delays: disks,
    table: few,
    base,
    later: (work) => waiting.push(work),
  });
  const runAll = (most = 10_000) => {
    for (let slices = 0; slices < most && waiting.length > 0; slices++) waiting.shift()!();
  };
  return { explorer, runAll, waiting };
}

describe('replays', () => {
  test.each([
    ['lnkd-disk', 1, 1, 0],
    ['lnkd-disk', 1, 2, 2],
    ['lnkd-disk', 2, 1, 1],
    ['wan', 1, 1, 25],
  ] as const)('%s, R = %i, W = %i, %i ms after: as often fresh as in the model', (name, r, w, tMs) => {
    const latency = quorumLatencies[name];
    const runs = 150;
    let fresh = 0;
    const runOf = replays(base, { latency, r, w, tMs });
    for (let seed = 1; seed <= runs; seed++) if (!runOf(seed).isStale) fresh++;
    const { pFresh } = tabulateQuorums({ ...questionOf(disks), latency, atMs: [tMs], trials: 200_000 });
    const p = pFresh[r - 1]![w - 1]![0]!;
    expect(Math.abs(fresh / runs - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / runs));
  });

  test('with R + W > N none is stale', () => {
    const runOf = replays(base, { latency: disks.latency, r: 2, w: 2, tMs: 0 });
    for (let seed = 1; seed <= 20; seed++) expect(runOf(seed).isStale).toBe(false);
  });

  test.each(['lnkd-disk', 'wan'])('what is saved of a run of %s is the same run', (name) => {
    const { latency } = published.find(({ id }) => id === name)!;
    const found = replays(base, { latency, r: 1, w: 1, tMs: 5 })(3);
    const digest = simulate(found.scenario, { seed: 3 }).digest;
    expect(simulate(parseScenario(found.source), { seed: 3 }).digest).toBe(digest);
  });
});

describe('explorer', () => {
  test('the table of other delays grows in slices to that of all trials at once', () => {
    const { explorer, runAll } = newExplorer();
    const own = ownDelays(2, 1);
    explorer.setDelays(own);
    expect(explorer.progress.value).toBe(0);
    runAll(3);
    expect(explorer.progress.value).toBeGreaterThan(0);
    expect(explorer.progress.value).toBeLessThan(1);
    runAll();
    expect(explorer.progress.value).toBe(1);
    expect(explorer.table.value).toEqual(tabulateQuorums(questionOf(own)));
    expect(explorer.table.value.trials).toBe(trials);
  });

  test('delays chosen meanwhile end an earlier computation, and nothing waits when all is done', () => {
    const { explorer, runAll, waiting } = newExplorer();
    explorer.setDelays(ownDelays(2, 1));
    runAll(2);
    explorer.setDelays(ownDelays(1, 1));
    runAll();
    expect(explorer.table.value).toEqual(tabulateQuorums(questionOf(ownDelays(1, 1))));
    expect(waiting).toEqual([]);
  });

  test('a bucket that may be stale gets a stale run, one that may not a fresh one', () => {
    const { explorer, runAll, waiting } = newExplorer();
    explorer.choose({ r: 1, w: 1, column: 3 });
    explorer.find();
    runAll();
    expect(explorer.found.value).toMatchObject({ isStale: true, chosen: { r: 1, w: 1, column: 3 } });
    explorer.choose({ r: 2, w: 2, column: 0 });
    explorer.find();
    runAll();
    expect(explorer.found.value).toMatchObject({ isStale: false, tried: 1 });
    expect(waiting).toEqual([]);
  });

  test('columns are among the times of the curves', () => {
    for (const { timesMs } of published) {
      const times = curveTimes(timesMs);
      expect(timesMs.map((_, column) => times[columnAt(column)])).toEqual(timesMs);
      expect(times.length).toBe(columnAt(timesMs.length - 1) + 1);
    }
  });
});
