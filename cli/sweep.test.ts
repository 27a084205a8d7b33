import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundledSweeps } from '#content';
import { runHere, temporaryFolder } from './run.test-support.ts';

const small = `id: small
title: Losses, by the timeout & the rate
scenario:
  id: crash
  durationMs: 300
  drainMs: 100
  cluster: {nodes: [{id: a}, {id: b}]}
  network: {within: {latency: {type: exponential, meanMs: 2}}}
  topology: {type: leader-follower, failover: {heartbeatMs: 20, timeoutMs: 60, electionMs: 20}}
  workload: {clients: [{id: app, writesPerSecond: 200}]}
  faults: [{type: crash, node: a, atMs: 150}]
runs: 4
grid:
  topology.failover.timeoutMs: {values: [60, 80], label: timeout}
  workload.clients.app.writesPerSecond: [100, 200, 400]
measures:
  - {metric: failovers.*.rtoMs, name: rto, label: outage}
  - {metric: rpo.writes, above: 0, name: loses}
`;
/** What the tests of files compare: every format there is. */
const formats = ['ndjson', 'parquet', 'json'] as const;

/** A folder with the sweep in it, and a way to read what was written there. */
function workplace() {
  const folder = temporaryFolder();
  const path = (name: string) => join(folder, name);
  writeFileSync(path('small.yaml'), small);
  return { folder, path, bytes: (name: string) => readFileSync(path(name)).toString('latin1') };
}

/** What one machine gives in one go: what all else is held against. */
const whole = new Map<string, string>();

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-whole-'));
  for (const format of formats) {
    const files = [join(folder, `whole.${format}`), join(folder, 'whole.svg')] as const;
    const { exitCode, stderr } = await runHere(['sweep', '-', '--out', files[0], '--svg', files[1]], {
      stdin: small,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const file of files) whole.set(basename(file), readFileSync(file).toString('latin1'));
  }
  expect(readdirSync(folder).toSorted()).toEqual([...whole.keys()].toSorted());
  rmSync(folder, { recursive: true });
});

describe('sweep', () => {
  test('for people: each measure in a table of at most 80 columns', async () => {
    const { exitCode, stdout, stderr } = await runHere(['sweep', '-'], { stdin: small });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('6 combinations, 4 runs of each, seeds 1 to 4.');
    expect(stdout).toContain('outage, ms (mean of all runs)');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('--json, a row for each cell and measure in NDJSON and Parquet, and a picture say the same', async () => {
    const { stdout } = await runHere(['sweep', '-', '--json'], { stdin: small });
    const answer = JSON.parse(stdout);
    expect(stdout).toBe(whole.get('whole.json'));
    expect(answer).toMatchObject({
      sweep: 'small',
      scenario: 'crash',
      runs: 24,
      seeds: { least: 1, most: 4 },
    });
    expect(answer.partial).toBeUndefined();
    const rows = whole
      .get('whole.ndjson')!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(12);
    expect(rows[10]).toMatchObject({
      cell: 5,
      'topology.failover.timeoutMs': 80,
      'workload.clients.app.writesPerSecond': 400,
      measure: 'rto',
      value: answer.cells[5].measures.rto.mean,
      low: answer.cells[5].measures.rto.meanInterval.low,
    });
    const parquet = Buffer.from(whole.get('whole.parquet')!, 'latin1');
    const file = parquet.buffer.slice(
      parquet.byteOffset,
      parquet.byteOffset + parquet.byteLength,
    ) as ArrayBuffer;
    expect(await parquetReadObjects({ file })).toEqual(rows);
    const svg = whole.get('whole.svg')!;
    expect(svg.match(/<title>topology\.failover\.timeoutMs 80, /g)).toHaveLength(6);
    expect(svg).toContain('timeout (ms)');
    expect(svg).toContain('by the timeout &amp; the rate');
  });

  test('threads change nothing', async () => {
    const alone = await runHere(['sweep', '-', '--json'], { stdin: small });
    expect(await runHere(['sweep', '-', '--json', '--threads', '2'], { stdin: small })).toEqual(alone);
  });

  test('one axis is a curve; more than two make rows and no picture', async () => {
    const { path, bytes } = workplace();
    const curve = small
      .replace('{values: [60, 80], label: timeout}', '[60]')
      .replace(/\n.*app\.writes.*/, '');
    await runHere(['sweep', '-', '--svg', path('curve.svg')], { stdin: curve });
    expect(bytes('curve.svg')).toContain('<polyline class="curve"');
    const cube = small.replace('measures:', '  drainMs: [100, 200]\nmeasures:');
    const { stdout } = await runHere(['sweep', '-', '--runs', '1'], { stdin: cube });
    expect(stdout).toContain('60, 100, 200');
    const refused = await runHere(['sweep', '-', '--svg', path('cube.svg')], { stdin: cube });
    expect(refused.stderr).toContain('one or two axes, this sweep has 3');
    expect(refused.exitCode).toBe(2);
  });

  test('a scenario by name, or from a file beside the sweep', async () => {
    const { path } = workplace();
    mkdirSync(path('sub'));
    writeFileSync(
      path('sub/mine.yaml'),
      'id: mine\ndurationMs: 50\ncluster: {nodes: [{id: a}]}\ntopology: {type: leader-follower}\nworkload: {clients: [{writesPerSecond: 9}]}\n',
    );
    const sweep = (scenario: string) =>
      `id: named\nscenario: ${scenario}\nruns: 1\ngrid: {durationMs: [40, 50]}\nmeasures: [{metric: operations.write.ok}]\n`;
    writeFileSync(path('sub/sweep.yaml'), sweep('mine.yaml'));
    expect((await runHere(['sweep', path('sub/sweep.yaml')])).exitCode).toBe(0);
    const { stdout } = await runHere(['sweep', '-', '--json'], { stdin: sweep('two-leaders') });
    expect(JSON.parse(stdout).scenario).toBe('two-leaders');
  });
});

describe('wrong sweeps end with exit 2, a place, and nothing written', () => {
  test.each<[string, readonly string[], string, RegExp]>([
    [
      'a setting that is not there, at its line',
      [],
      small.replace('topology.failover.timeoutMs: {', 'topology.failover.timeoutMss: {'),
      /standard input\):\d+:\d+ {2}grid\.topology\.failover\.timeoutMss\.values\[0\]\n[\s\S]*did you mean timeoutMs\?/,
    ],
    [
      'a refused value',
      [],
      small.replace('[60, 80]', '[60, 10]'),
      /in\s+the cell topology\.failover\.timeoutMs = 10/,
    ],
    ['an unknown figure', [], small.replace('rpo.writes', 'rpo.write'), /measures\[1\]\.metric/],
    [
      'no such scenario',
      [],
      small.replace(/scenario:\n( {2}.*\n)+/, 'scenario: nowhere\n'),
      /nowhere\n[\s\S]*bundled:/,
    ],
    ['an unknown ending', ['--out', 'x.csv'], small, /found the ending \.csv, expected one of \.parquet/],
    ['a picture by another ending', ['--svg', 'x.png'], small, /found the ending \.png, expected \.svg/],
    ['nothing to begin anew', ['--restart'], small, /--restart: without --out, --svg or --shard/],
    [
      'a measure that is nowhere',
      [],
      small.replace('failovers.*.rtoMs', 'failovers.*.rto'),
      /measures\[0\]\n {2}found {5}no number at failovers\.\*\.rto with seed 1[\s\S]*the measure “outage”/,
    ],
    [
      'a folder that is not there',
      ['--out', '/nowhere/x.ndjson'],
      small,
      /\/nowhere\/x\.ndjson: cannot be written: no such file or folder \(ENOENT\)/,
    ],
    [
      'a picture in a folder that is not there',
      ['--svg', '/nowhere/x.svg'],
      small,
      /--svg \/nowhere\/x\.svg: cannot be written/,
    ],
    ['no part', ['--shard', '0/3'], small, /as 2\/7/],
    ['a part too many', ['--shard', '4/3'], small, /as 2\/7/],
    ['a picture of a part', ['--shard', '1/3', '--svg', 'x.svg'], small, /--svg is about the whole sweep/],
    ['a part with another ending', ['--shard', '1/3', '--out', 'x.ndjson'], small, /ends with \.part/],
    ['no threads', ['--threads', '0'], small, /Expected a whole number from 1/],
    ['text', [], 'hello', /found/],
  ])('%s', async (_, flags, stdin, said) => {
    const { exitCode, stdout, stderr } = await runHere(['sweep', '-', ...flags], { stdin });
    expect(stderr).toMatch(said);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('parts', () => {
  test.each([1, 3, 7])('%i parts, merged, are what one machine gives, byte for byte', async (of) => {
    const { path, bytes } = workplace();
    const parts = Array.from({ length: of }, (_, index) => path(`${index + 1}.part`));
    for (const [index, part] of parts.entries()) {
      const flags = ['--shard', `${index + 1}/${of}`, '--out', part];
      expect((await runHere(['sweep', path('small.yaml'), ...flags])).exitCode).toBe(0);
    }
    for (const format of formats) {
      const { exitCode, stdout } = await runHere([
        ...[
          'merge',
          ...parts.toReversed(),
          '--out',
          path(`merged.${format}`),
          '--svg',
          path('merged.svg'),
          '--json',
        ],
      ]);
      expect(exitCode).toBe(0);
      expect(stdout).toBe(whole.get('whole.json'));
      expect(bytes(`merged.${format}`)).toBe(whole.get(`whole.${format}`));
      expect(bytes('merged.svg')).toBe(whole.get('whole.svg'));
    }
  });

  test('what does not fit together: exit 2, and why', async () => {
    const { path, bytes } = workplace();
    const sweep = (name: string, shard: string, ...more: string[]) =>
      runHere(['sweep', path('small.yaml'), '--runs', '1', '--shard', shard, '--out', path(name), ...more]);
    await sweep('1.part', '1/2');
    await sweep('2.part', '2/2');
    await sweep('again.part', '1/2');
    await sweep('third.part', '1/3');
    await sweep('other.part', '2/2', '--seed', '9');
    writeFileSync(path('torn.part'), bytes('2.part').slice(0, -30));
    writeFileSync(path('changed.part'), bytes('2.part').replace('"sketch":{"runs":', '$&7'));
    writeFileSync(path('none.part'), 'hello\n');
    expect(bytes('again.part')).toBe(bytes('1.part'));
    for (const [parts, said] of [
      [['1.part'], /1 of 2 parts is missing: 2\./],
      [['1.part', '2.part', 'again.part'], /again\.part: part 1 of 2, and so is .*1\.part/],
      [['1.part', 'third.part'], /one of 3 parts, but .*1\.part is one of 2/],
      [['1.part', 'other.part'], /a part of another sweep/],
      [['1.part', 'torn.part'], /torn\.part: this part is not whole.*--shard 2\/2/],
      [['1.part', 'changed.part'], /changed\.part: this part is not whole/],
      [['1.part', 'none.part'], /none\.part: not a part of a sweep/],
      [['1.part', 'nowhere.part'], /nowhere\.part: cannot be read: no such file or folder \(ENOENT\)/],
    ] as const) {
      const { exitCode, stdout, stderr } = await runHere(['merge', ...parts.map(path)]);
      expect(stderr).toMatch(said);
      expect(stdout).toBe('');
      expect(exitCode).toBe(2);
    }
    expect((await runHere(['merge', path('1.part'), path('2.part')])).exitCode).toBe(0);
  });
});

describe('a sweep that was stopped', () => {
  /** Ctrl-C after so many looks at the clock. */
  function interrupted(looksMost: number) {
    const interruption = new AbortController();
    let looks = 0;
    const nowMs = () => {
      if (++looks > looksMost) interruption.abort();
      return 0;
    };
    return { interrupted: interruption.signal, nowMs };
  }

  test('Ctrl-C: a part of the answer, marked so, exit 130; the same command goes on', async () => {
    const { path, bytes, folder } = workplace();
    const flags = ['sweep', path('small.yaml'), '--out', path('out.ndjson'), '--json'];
    const stopped = await runHere(flags, interrupted(60));
    expect(stopped.exitCode).toBe(130);
    const { partial, runs, runsAsked } = JSON.parse(stopped.stdout);
    expect({ partial, runsAsked }).toEqual({ partial: true, runsAsked: 24 });
    expect(stopped.stderr).toBe(
      `Interrupted after ${runs} of 24 runs. The same command goes on from there.\n`,
    );
    expect(readdirSync(folder)).toEqual(['out.ndjson.journal', 'small.yaml']);
    const resumed = await runHere(flags);
    expect(resumed.stderr).toContain(`${runs} runs were done.`);
    expect(resumed.exitCode).toBe(0);
    expect(bytes('out.ndjson')).toBe(whole.get('whole.ndjson'));
    expect(resumed.stdout).toBe(whole.get('whole.json'));
    expect(existsSync(path('out.ndjson.journal'))).toBe(false);
  });

  test('a journal cut or spoilt anywhere costs the lines that it hits, and the bytes are the same', async () => {
    const { path, bytes } = workplace();
    const flags = ['sweep', path('small.yaml'), '--out', path('out.ndjson')];
    await runHere(flags, interrupted(200));
    const journal = readFileSync(path('out.ndjson.journal'));
    const lines = journal.toString().split('\n').length - 1;
    expect(lines).toBeGreaterThan(4);
    const headerEnds = journal.indexOf('\n') + 1;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(journal.length),
        fc.option(fc.integer({ min: headerEnds, max: journal.length - 1 })),
        async (length, spoilt) => {
          const cut = Buffer.from(journal);
          if (spoilt !== null) cut[spoilt]! ^= 1;
          writeFileSync(path('out.ndjson.journal'), cut.subarray(0, length));
          const { exitCode } = await runHere(flags);
          expect(exitCode).toBe(0);
          expect(bytes('out.ndjson')).toBe(whole.get('whole.ndjson'));
        },
      ),
      { numRuns: 10 },
    );
  });

  test('a journal of something else is left alone, unless told to --restart', async () => {
    const { path } = workplace();
    const flags = ['sweep', path('small.yaml'), '--out', path('out.ndjson')];
    await runHere([...flags, '--seed', '5'], interrupted(60));
    const other = await runHere(flags);
    expect(other.stderr).toContain('belongs to another sweep');
    expect(other.exitCode).toBe(2);
    writeFileSync(path('out.ndjson.journal'), 'my notes\n');
    expect((await runHere(flags)).stderr).toContain('not a journal of a sweep');
    expect(readFileSync(path('out.ndjson.journal'), 'utf8')).toBe('my notes\n');
    expect((await runHere([...flags, '--restart'])).exitCode).toBe(0);
  });
});

test.each(bundledSweeps)('the bundled sweep $name is known by its name', async ({ name }) => {
  const { exitCode, stderr } = await runHere([
    'sweep',
    name,
    '--shard',
    '1000/1000',
    '--out',
    '/nowhere/x.part',
  ]);
  expect(stderr).toContain('cannot be written');
  expect(exitCode).toBe(2);
});
