import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledScenarios } from '#content';
import { engineVersion, verdictNames } from '#engine';
import { runHere, temporaryFolder } from './run.test-support.ts';

const small = `id: small
durationMs: 2000
cluster: {nodes: [{id: a}, {id: b}, {id: c}]}
topology: {type: leader-follower}
workload: {clients: [{id: app, readsPerSecond: 50, writesPerSecond: 50}]}
`;

describe('usage', () => {
  test.each([
    ['no command', [], /Usage: quorate/],
    ['an unknown command', ['simulat'], /unknown command 'simulat'\n\(Did you mean simulate\?\)/],
    [
      'an unknown flag',
      ['simulate', 'x', '--sead', '1'],
      /unknown option '--sead'\n\(Did you mean --seed\?\)/,
    ],
    ['no file to simulate', ['simulate'], /missing required argument 'file'/],
    ['a file too many', ['simulate', 'a', 'b'], /too many arguments/],
    [
      'a seed that is no number',
      ['simulate', 'x', '--seed', 'abc'],
      /--seed.*'abc'.*Expected a whole number from 0 to/,
    ],
    ['a seed with a fraction', ['decide', 'x', '--seed', '1.5'], /Expected a whole number/],
    [
      'a seed beyond exact integers',
      ['simulate', 'x', '--seed', '9007199254740993'],
      /Expected a whole number/,
    ],
    ['no seed', ['simulate', 'x', '--seed'], /argument missing/],
    ['no runs', ['decide', 'x', '--runs', '0'], /Expected a whole number from 1 to/],
    ['a negative time', ['simulate', 'x', '--until', '-5'], /Expected milliseconds from 0 to/],
    ['an endless time', ['simulate', 'x', '--until', 'Infinity'], /Expected milliseconds/],
    [
      'no faults',
      ['find', 'x', '--violates', 'lost-writes', '--max-faults', '0'],
      /Expected a whole number from 1 to/,
    ],
    [
      'nothing to break',
      ['find', 'async-leader-crash'],
      /required option '--violates <verdict>' not specified/,
    ],
    [
      'an unknown verdict',
      ['find', 'async-leader-crash', '--violates', 'lost-write'],
      /Did you mean lost-writes\?/,
    ],
    ['no requirements and no terminal', ['decide'], /no terminal to ask/],
    ['no requirements but --json, in a terminal', ['decide', '--json'], /--json needs a file/],
  ])('%s: exit 2', async (_, argv, message) => {
    const isTerminal = argv.includes('--json');
    const { exitCode, stdout, stderr } = await runHere(argv, { isTerminal });
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
    if (!isTerminal) expect(stdout).toBe('');
  });

  test.each([
    [['--help'], /Usage: quorate \[options\] \[command\][\s\S]*Examples:[\s\S]*Exit codes:/],
    [['simulate', '--help'], /Usage: quorate simulate \[options\] <file>[\s\S]*Examples:/],
    [['help', 'find'], /Usage: quorate find/],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
  ])('%s: exit 0', async (argv, output) => {
    const { exitCode, stdout, stderr } = await runHere(argv);
    expect(stdout).toMatch(output);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  test('help of find lists the verdicts', async () => {
    const { stdout } = await runHere(['help', 'find']);
    const [, listed] = /^Verdicts: ([^;]*);/m.exec(stdout)!;
    expect(listed!.split(/,\s+/).sort()).toEqual([...verdictNames].sort());
  });

  test('help does not load the engine', async () => {
    const source = readFileSync(new URL('./run.ts', import.meta.url), 'utf8');
    const loadedAtOnce = [...source.matchAll(/^import .* from '(.*)';$/gm)].map((match) => match[1]);
    expect(loadedAtOnce).not.toContain('#engine');
    expect(loadedAtOnce.filter((name) => name?.startsWith('./commands/'))).toEqual([]);
  });
});

describe('files', () => {
  test.each([
    [
      'no such file',
      'missing.yaml',
      undefined,
      /^\S+missing\.yaml\n {2}found {5}no such file\n[\s\S]*async-leader-crash/,
    ],
    [
      'a slip in a bundled name',
      'async-leader-crsh',
      undefined,
      /found {5}no such file\n.*\n {2}hint {6}did you mean async-leader-crash\?\n$/,
    ],
    ['an empty file', 'empty.yaml', '', /empty\.yaml:1:1 {2}\(document\)\n {2}found {5}an empty document/],
    [
      'a binary file',
      'binary.yaml',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff]),
      /bytes that are not text/,
    ],
    [
      'UTF-16',
      'wide.yaml',
      Buffer.from('\ufeffid: x', 'utf16le'),
      /a file saved as UTF-16 must be saved again/,
    ],
    ['a huge file', 'huge.yaml', Buffer.alloc(4_000_001, '#'), /more than 4 MB/],
  ])('%s: exit 2', async (_, name, bytes, message) => {
    const file = join(temporaryFolder(), name);
    if (bytes !== undefined) writeFileSync(file, bytes);
    const { exitCode, stdout, stderr } = await runHere(['simulate', file]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test('a directory: exit 2', async () => {
    const { exitCode, stderr } = await runHere(['simulate', temporaryFolder()]);
    expect(stderr).toMatch(/found {5}a directory/);
    expect(exitCode).toBe(2);
  });

  test('a byte order mark is no mistake', async () => {
    const { exitCode } = await runHere(['simulate', '-'], { stdin: `\ufeff${small}` });
    expect(exitCode).toBe(0);
  });

  test('every problem is listed, each with its place', async () => {
    const stdin = small
      .replace('durationMs: 2000', 'durationMs: soon')
      .replace('readsPerSecond', 'readsPerSec');
    const { stderr } = await runHere(['simulate', '-'], { stdin });
    expect(stderr).toBe(`(standard input):2:1  durationMs
  found     "soon"
  expected  a number

(standard input):5:32  workload.clients[0].readsPerSec
  found     a key that is not known here
  expected  one of the keys id, region, readsPerSecond, writesPerSecond, read,
            write, deletesPerSecond, table, columns, context, fromMs, untilMs
  hint      did you mean readsPerSecond?
`);
  });

  test('--json says the same as one document', async () => {
    const stdin = small.replace('durationMs: 2000', 'durationMs: soon');
    const { exitCode, stdout } = await runHere(['simulate', '-', '--json'], { stdin });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        exitCode: 2,
        message: 'The input has a problem.',
        problems: [
          {
            file: '(standard input)',
            line: 2,
            column: 1,
            path: 'durationMs',
            found: '"soon"',
            expected: 'a number',
          },
        ],
      },
    });
    expect(exitCode).toBe(2);
  });
});

describe('simulate', () => {
  test('a person reads a report of at most 80 columns, without colour where there is no terminal', async () => {
    // Tens of thousands of writes a second look like hundreds.
    const busy = ['write-overload', 'write-overload-refused', 'sharded-writes'];
    for (const { name } of bundledScenarios) {
      const { stdout } = await runHere(['simulate', name, '--until', busy.includes(name) ? '100' : '1000']);
      expect(stdout).toMatch(/^Verdicts$/m);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
      expect(stdout).not.toContain('\x1b');
    }
  }, 180_000);

  test('colour only in a terminal, and not with NO_COLOR', async () => {
    const inTerminal = await runHere(['simulate', '-'], { stdin: small, isTerminal: true });
    const without = await runHere(['simulate', '-'], {
      stdin: small,
      isTerminal: true,
      env: { NO_COLOR: '1' },
    });
    expect(inTerminal.stdout).toContain('\x1b[');
    expect(without.stdout).not.toContain('\x1b[');
  });

  test('JSON input gives the same run as YAML', async () => {
    const { parse } = await import('yaml');
    const fromYaml = await runHere(['simulate', '-', '--json'], { stdin: small });
    const fromJson = await runHere(['simulate', '-', '--json'], { stdin: JSON.stringify(parse(small)) });
    expect(fromJson.stdout).toBe(fromYaml.stdout);
    expect(JSON.parse(fromYaml.stdout)).toMatchObject({ scenario: 'small', seed: 1, durationMs: 2000 });
  });

  test('the same seed gives the same digest, another seed another', async () => {
    const digest = async (...flags: string[]) =>
      JSON.parse((await runHere(['simulate', '-', '--json', ...flags], { stdin: small })).stdout).digest;
    expect(await digest('--seed', '1')).toBe(await digest());
    expect(await digest('--seed', '2')).not.toBe(await digest());
  });

  test('many seeds: one table or one document, and exit 1 where a run misses an expectation', async () => {
    const { stdout, exitCode } = await runHere(['simulate', '-', '--seeds', '3..7', '--json'], {
      stdin: small,
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      scenario: 'small',
      seeds: { least: 3, most: 7 },
      runs: 5,
      met: 5,
    });
    const missed = `${small}expect: [{metric: latencyMs.write.p50, atMost: 0}]\n`;
    const told = await runHere(['simulate', '-', '--seeds', '1..2'], { stdin: missed });
    expect(told.exitCode).toBe(1);
    expect(told.stdout).toContain('2 runs, seeds 1 to 2; 0 met every expectation.');
    for (const line of told.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('threads change nothing: the same bytes', async () => {
    const flags = ['simulate', '-', '--seeds', '1..60', '--json'];
    const alone = await runHere(flags, { stdin: small });
    expect(JSON.parse(alone.stdout).runs).toBe(60);
    expect(await runHere([...flags, '--threads', '2'], { stdin: small })).toEqual(alone);
  });

  test('interrupted: what was done by then, marked as a part, and exit 130', async () => {
    const flags = ['simulate', '-', '--seeds', '1..60'];
    const partOf = (more: readonly string[]) => {
      const interruption = new AbortController();
      let looks = 0;
      const nowMs = () => {
        if (++looks > 40) interruption.abort();
        return 0;
      };
      return runHere([...flags, ...more], { stdin: small, interrupted: interruption.signal, nowMs });
    };
    const { exitCode, stdout, stderr } = await partOf(['--json']);
    expect(exitCode).toBe(130);
    const part = JSON.parse(stdout);
    expect(part).toMatchObject({ partial: true, runsAsked: 60 });
    expect(part.runs).toBeGreaterThan(0);
    expect(part.runs).toBeLessThan(60);
    expect(stderr).toBe(`Interrupted after ${part.runs} of 60 runs.\n`);
    const told = await partOf([]);
    expect(told.stdout).toContain(`Interrupted: ${part.runs} of 60 runs`);
    expect(told.exitCode).toBe(130);
  });

  test('interrupted while threads are at work: a part too', async () => {
    const interruption = new AbortController();
    const flags = ['simulate', '-', '--seeds', '1..2000', '--threads', '1', '--json'];
    let looks = 0;
    const { exitCode, stdout } = await runHere(flags, {
      stdin: small,
      interrupted: interruption.signal,
      // Progress looks at the clock once a result has come.
      nowMs: () => {
        if (looks++ > 0) interruption.abort();
        return 0;
      },
    });
    expect(exitCode).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ partial: true, runsAsked: 2000 });
  });

  test('threads of one run: exit 2', async () => {
    const { exitCode, stderr } = await runHere(['simulate', '-', '--threads', '2'], { stdin: small });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--seeds');
  });

  test.each([
    ['7..3', 'the smaller first'],
    ['1..', 'as 1..100'],
    ['1..9000000', 'at most'],
  ])('--seeds %s: exit 2', async (seeds, said) => {
    const { exitCode, stderr } = await runHere(['simulate', '-', '--seeds', seeds], { stdin: small });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
  });

  test('many seeds and one trace: exit 2', async () => {
    const { exitCode, stderr } = await runHere(['simulate', '-', '--seeds', '1..2', '--seed', '1'], {
      stdin: small,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--seeds about many');
  });

  test('exit 1 when an expectation is missed, and only then', async () => {
    const missed = `${small}expect: [{metric: latencyMs.write.p50, atMost: 0}]\n`;
    const met = `${small}expect: [{verdict: lost-writes, result: ok}]\n`;
    expect(await runHere(['simulate', '-'], { stdin: missed })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('MISSED'),
    });
    expect(await runHere(['simulate', '-'], { stdin: met })).toMatchObject({ exitCode: 0 });
  });
});

describe('simulate --trace', () => {
  test('writes one JSON object a line, in the order of time', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'trace.jsonl');
    await runHere(['simulate', '-', '--trace', file], { stdin: small });
    const entries = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries.length).toBeGreaterThan(100);
    const times = entries.map((entry) => entry.atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(readdirSync(folder)).toEqual(['trace.jsonl']);
  });

  test('a trace does not change the run', async () => {
    const file = join(temporaryFolder(), 'trace.jsonl');
    const traced = await runHere(['simulate', '-', '--json', '--trace', file], { stdin: small });
    expect(traced.stdout).toBe((await runHere(['simulate', '-', '--json'], { stdin: small })).stdout);
  });

  test.each([
    ['a folder that is not there', 'missing/trace.jsonl'],
    ['a folder', 'folder'],
  ])('into %s: exit 2 before anything is simulated', async (_, name) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'folder'));
    const { exitCode, stdout, stderr } = await runHere(['simulate', '-', '--trace', join(folder, name)], {
      stdin: small,
    });
    expect(stderr).toMatch(/^--trace .*: /);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
    expect(readdirSync(folder)).toEqual(['folder']);
  });

  test('onto the scenario itself: exit 2, and the scenario stays', async () => {
    const file = join(temporaryFolder(), 'small.yaml');
    writeFileSync(file, small);
    const { exitCode, stderr } = await runHere(['simulate', file, '--trace', file]);
    expect(stderr).toMatch(/this is the scenario itself/);
    expect(exitCode).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(small);
  });

  test('interrupted: exit 130, the file that was there stays, nothing is left beside it', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'trace.jsonl');
    writeFileSync(file, 'yesterday\n');
    const interruption = new AbortController();
    let looks = 0;
    const nowMs = () => {
      if (++looks > 4) interruption.abort();
      return looks * 1000;
    };
    const { exitCode, stdout, stderr } = await runHere(['simulate', 'async-leader-crash', '--trace', file], {
      interrupted: interruption.signal,
      nowMs,
    });
    expect(exitCode).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/Interrupted\.\n$/);
    expect(readFileSync(file, 'utf8')).toBe('yesterday\n');
    expect(readdirSync(folder)).toEqual(['trace.jsonl']);
  });
});

describe('find', () => {
  /** Writes of the last second and a half are on one node only, and another leader is found quickly. */
  const fragile = `${small
    .replace(', {id: c}', '')
    .replace(
      'leader-follower}',
      'leader-follower, failover: {heartbeatMs: 50, timeoutMs: 200, electionMs: 50}}',
    )}
faults: [{type: cut, from: [a], to: [b], atMs: 500}]
`;

  test('prints a scenario that simulate runs and that breaks the property: exit 1', async () => {
    const found = await runHere(['find', '-', '--violates', 'lost-writes', '--budget', '100'], {
      stdin: fragile,
    });
    expect(found.stdout).toMatch(/^# With 1 more fault, small violates lost-writes/);
    expect(found.exitCode).toBe(1);
    expect(found.stdout).toMatch(
      /# Needed: without “a is crashed at [\d.]+ ms” it\n# vanishes|# Needed: without/,
    );
    const broken = { name: 'lost-writes', result: 'violation' };
    const { stdout } = await runHere(['simulate', '-', '--json'], { stdin: found.stdout });
    expect(JSON.parse(stdout).verdicts).toContainEqual(expect.objectContaining(broken));
    // The link that stands in its comments is as good.
    const [, link] = /'(quorate\/.*)'/.exec(found.stdout)!;
    const replayed = await runHere(['simulate', link!, '--json']);
    expect(JSON.parse(replayed.stdout)).toEqual(JSON.parse(stdout));
  });

  test('a link of another version, or what is left of one: exit 2', async () => {
    const other = await runHere(['simulate', 'quorate/0.0.1/%7B%22scenario%22']);
    expect(other).toMatchObject({ exitCode: 2, stdout: '' });
    expect(other.stderr).toMatch(/found +engine 0\.0\.1/);
    const short = await runHere(['simulate', `quorate/${engineVersion}/%7B%22scenario%22`]);
    expect(short.stderr).toMatch(/found +text that is cut short or changed/);
  });

  test('says how far it looked where it found none: exit 0', async () => {
    const stdin = small.replace('leader-follower}', 'leader-follower, acknowledgement: semi-synchronous}');
    const argv = ['find', '-', '--violates', 'lost-writes', '--budget', '5', '--max-faults', '1'];
    const { exitCode, stdout, stderr } = await runHere([...argv, '--draw', 'pause', 'cut'], { stdin });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^No violation of lost-writes in small: tried 5 schedules of up to 1 fault, seed\n1\. That is no proof that there is none\.\nFaults: pause \d, cut \d\. /,
    );
    expect(stdout).toMatch(/^lost-writes violated +never$/m);
    const json = await runHere([...argv, '--json'], { stdin });
    const shape = { found: false, violates: 'lost-writes', seed: 1, runs: 5, searched: { schedules: 5 } };
    expect(JSON.parse(json.stdout)).toMatchObject(shape);
  });

  test('--par: none without a fault, and one is enough', async () => {
    const argv = ['find', '-', '--violates', 'lost-writes', '--par', '--budget', '100', '--draw', 'crash'];
    const { exitCode, stdout } = await runHere(argv, { stdin: fragile });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^# Par: 1 fault\. None was found in 100 schedules with 0\.\n/);
  });

  test('a verdict that the scenario does not give, or nothing that may be drawn: exit 2', async () => {
    const verdict = await runHere(['find', '-', '--violates', 'resurrection'], { stdin: small });
    expect(verdict).toMatchObject({ exitCode: 2, stdout: '' });
    expect(verdict.stderr).toContain('of which resurrection is not judged');
    const kind = await runHere(['find', '-', '--violates', 'lost-writes', '--draw', 'crush'], {
      stdin: small,
    });
    expect(kind).toMatchObject({ exitCode: 2, stdout: '' });
    expect(kind.stderr).toContain('Did you mean crash?');
  });

  test('interrupted: exit 130', async () => {
    const interruption = new AbortController();
    const search = runHere(['find', 'stale-follower-reads', '--violates', 'lost-writes'], {
      interrupted: interruption.signal,
    });
    setTimeout(() => interruption.abort(), 300);
    expect(await search).toMatchObject({ exitCode: 130, stdout: '' });
  });
});

describe('explore', () => {
  const store = (topology: string) =>
    `id: store\ndurationMs: 1\ncluster: {nodes: [{id: a}, {id: b}]}\ntopology: ${topology}\nworkload: {clients: [{}]}\n`;
  const explored = (topology: string, ...flags: string[]) =>
    runHere(['explore', '-', '--crashes', '0', ...flags], {
      stdin: store(topology),
    });

  test('a violation by the shortest way: exit 1', async () => {
    const { exitCode, stdout } = await explored('{type: multi-leader, resolve: arrival-order}');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Violation of divergence: all leaders have both writes/);
    expect(stdout).toMatch(/The shortest way there:\n {3}1\. client: the wait before the write/);
  });

  test('none in any order there is: exit 0, with what was reached', async () => {
    const { exitCode, stdout } = await explored('{type: multi-leader}');
    expect(exitCode).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'No violation of divergence, update-before-insert in any order there is: every state was visited.',
    );
    expect(stdout).toMatch(/^both writes are acknowledged +\d+ choices$/m);
  });

  test('a pass that shows nothing, or too many states: exit 3', async () => {
    const empty = await explored('{type: multi-leader}', '--depth', '2', '--json');
    expect(empty.exitCode).toBe(3);
    expect(JSON.parse(empty.stdout)).toMatchObject({
      scenario: 'store',
      result: 'empty',
      violation: null,
      asked: { depth: 2, crashes: 0, restarts: false, symmetry: false },
    });
    const many = await explored('{type: multi-leader}', '--states', '5', '--json');
    expect(many.exitCode).toBe(3);
    expect(JSON.parse(many.stdout)).toMatchObject({
      result: 'unknown',
      unique: 5,
    });
  });

  test('symmetric states count once; where no nodes are alike, exit 2', async () => {
    const nodes = '{nodes: [{id: a}, {id: b}, {id: c}]}';
    const stdin = `id: three\ndurationMs: 1\ncluster: ${nodes}\ntopology: {type: consensus}\nworkload: {clients: [{}]}\n`;
    const flags = ['explore', '-', '--crashes', '0', '--depth', '4'];
    const unique = async (...more: string[]) =>
      JSON.parse((await runHere([...flags, '--json', ...more], { stdin })).stdout).unique;
    expect(await unique('--symmetry')).toBeLessThan(await unique());
    const { stdout } = await runHere([...flags, '--symmetry'], { stdin });
    expect(stdout).toContain('(symmetric ones once)');
    const unlike = await explored('{type: multi-leader}', '--symmetry');
    expect(unlike).toMatchObject({ exitCode: 2, stdout: '' });
    expect(unlike.stderr).toContain('Models that have: consensus');
  });

  test('what has no model, and a check that it has not: exit 2', async () => {
    const sharded = await explored('{type: sharded, shards: 2, of: {type: consensus}}');
    expect(sharded).toMatchObject({ exitCode: 2, stdout: '' });
    expect(sharded.stderr).toContain('topology.type');
    const check = await explored('{type: multi-leader}', '--violates', 'lost-writes');
    expect(check).toMatchObject({ exitCode: 2, stdout: '' });
    expect(check.stderr).toContain('Expected one of divergence, update-before-insert');
  });
});
