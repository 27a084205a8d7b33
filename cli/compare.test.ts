import { describe, expect, test } from 'vitest';
import { type ComparisonTable, comparedFigures, parseScenario, simulate } from '#engine';
import { runHere } from './run.test-support.ts';

/** Three regions, two of them far away, and short. */
const workload = `
id: small-shop
durationMs: 12000
cluster:
  nodes: [{ id: a, region: east }, { id: b, region: west }, { id: c, region: south }]
  defaults: { disk: { fsync: 1 } }
network:
  between:
    - { from: east, to: west, latency: 40 }
    - { from: east, to: south, latency: 60 }
    - { from: west, to: south, latency: 60 }
topology: { type: leader-follower, leader: b }
workload:
  clients:
    - { id: east, region: east, readsPerSecond: 40, writesPerSecond: 10 }
    - { id: west, region: west, readsPerSecond: 40, writesPerSecond: 10 }
  keys: { count: 5 }
faults: [{ type: crash, node: b, atMs: 100 }]
expect: [{ verdict: stale-reads, result: ok }]
`;

async function compared(...flags: string[]): Promise<ComparisonTable> {
  const { exitCode, stdout, stderr } = await runHere(['compare', '--workload', '-', '--json', ...flags], {
    stdin: workload,
  });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
}

test('every cell is read from a run that anybody can make again', async () => {
  const table = await compared();
  expect(table.topologies).toHaveLength(7);
  expect(table.scenarios).toHaveLength(14);
  const reports = table.scenarios.map((source) => simulate(parseScenario(source)));
  for (const { cells } of table.topologies) {
    for (const { name } of comparedFigures) {
      const cell = cells[name];
      const report = reports.find(({ scenario }) => scenario === cell.run)!;
      expect([report.seed, report.digest]).toEqual([cell.seed, cell.digest]);
    }
    const calm = reports.find(({ scenario }) => scenario === cells.writeP50Ms.run)!;
    expect(cells.writeP50Ms.value).toBe(calm.latencyMs.write.p50);
    const crash = reports.find(({ scenario }) => scenario === cells.lostWrites.run)!;
    expect(cells.lostWrites.value).toBe(crash.verdicts.find(({ name }) => name === 'lost-writes')!.count);
    // The crash strikes whoever took most writes without it.
    const most = Math.max(...calm.nodes.map(({ writes }) => writes));
    const struck = crash.nodes.find(({ process }) => process === 'down')!;
    expect(calm.nodes.find(({ node }) => node === struck.node)!.writes).toBe(most);
  }
});

test('what the topologies are known for', async () => {
  const { topologies } = await compared();
  const of = (name: string) => {
    const { cells } = topologies.find((each) => each.name === name)!;
    return Object.fromEntries(Object.entries(cells).map(([figure, { value }]) => [figure, value ?? NaN]));
  };
  const [async, semiSync, raft, group, leaders, quorum] = [
    of('async'),
    of('semi-sync'),
    of('raft'),
    of('group'),
    of('leaders'),
    of('quorum'),
  ];
  expect(async.writeTargets).toBe(1);
  expect(leaders.writeTargets).toBe(2);
  expect(leaders.writeP99Ms).toBeLessThan(20);
  expect(semiSync.writeP50Ms!).toBeGreaterThan(async.writeP50Ms! + 60);
  expect([raft.staleReadShare, quorum.staleReadShare]).toEqual([0, 0]);
  expect(leaders.conflicts!).toBeGreaterThan(0);
  expect([async.conflicts, raft.conflicts, group.conflicts]).toEqual([0, 0, 0]);
  // Who certifies tells clients what leaders that meet later throw away.
  expect(group.writeTargets).toBe(2);
  expect(group.failedWriteShare!).toBeGreaterThan(0);
  expect([async.failedWriteShare, leaders.failedWriteShare]).toEqual([0, 0]);
  expect(quorum.messagesPerOperation!).toBeGreaterThan(raft.messagesPerOperation!);
  expect(raft.lostWrites).toBe(0);
  expect(leaders.writeOutageMs!).toBeLessThan(raft.writeOutageMs!);
});

test('best is what no other betters, and nothing where all are alike', async () => {
  const { topologies } = await compared('--seed', '5');
  for (const { name, better } of comparedFigures) {
    const values = topologies.map(({ cells }) => cells[name].value!);
    const best = better === 'less' ? Math.min(...values) : Math.max(...values);
    const expected = values.map((value) => value === best && values.some((other) => other !== best));
    expect(topologies.map(({ bestAt }) => bestAt.includes(name))).toEqual(expected);
  }
});

describe('as text', () => {
  test('fits a terminal, and says how to have it again', async () => {
    const { stdout } = await runHere(['compare', '--workload', '-'], { stdin: workload });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('small-shop over 7 topologies, seed 1');
    expect(stdout.replace(/\s+/g, ' ')).toContain('quorate compare --workload - --seed 1');
  });

  test('--markdown: a table, and the runs behind it', async () => {
    const { stdout } = await runHere(['compare', '--workload', '-', '--markdown'], { stdin: workload });
    const rows = stdout.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(2 + comparedFigures.length);
    for (const row of rows) expect(row.split('|')).toHaveLength(1 + 8 + 1);
    expect(stdout).toMatch(/- raft: `small-shop\.raft`, digest `[0-9a-f]{16}`; `small-shop\.raft\.crash`/);
  });
});

test('wrong input: exit 2, with its place', async () => {
  const { exitCode, stdout, stderr } = await runHere(['compare', '--workload', '-'], {
    stdin: workload.replace('durationMs: 12000', 'durationMs: long'),
  });
  expect(stderr).toMatch(/\(standard input\):3:1 +durationMs/);
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
});

test('interrupted: exit 130', async () => {
  const interruption = new AbortController();
  const compare = runHere(['compare', '--workload', '-'], {
    stdin: workload.replace('durationMs: 12000', 'durationMs: 3600000'),
    interrupted: interruption.signal,
  });
  setTimeout(() => interruption.abort(), 200);
  expect(await compare).toMatchObject({ exitCode: 130, stdout: '' });
});
