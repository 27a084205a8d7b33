import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runHere, temporaryFolder } from './run.test-support.ts';

/** Process, type, function, value: what a log says, line by line. */
type Event = readonly [process: number, type: string, f: string, value: null | number | readonly number[]];

/** 3 compares 1 with what is 2: in a console log of Jepsen's etcd test that is an answer, in a history it did not happen. */
const fine: readonly Event[] = [
  [0, 'invoke', 'write', 1],
  [1, 'invoke', 'read', null],
  [0, 'ok', 'write', 1],
  [1, 'ok', 'read', null],
  [2, 'invoke', 'write', 2],
  [2, 'info', 'write', null],
  [0, 'invoke', 'read', null],
  [0, 'ok', 'read', 2],
  [1, 'invoke', 'cas', [2, 3]],
  [1, 'ok', 'cas', [2, 3]],
  [3, 'invoke', 'cas', [1, 4]],
  [3, 'fail', 'cas', [1, 4]],
];
const stale: readonly Event[] = [...fine, [0, 'invoke', 'read', null], [0, 'ok', 'read', 2]];

const nil = (value: Event[3]): string =>
  value === null ? 'nil' : typeof value === 'number' ? String(value) : `[${value.join(' ')}]`;
const etcd = (events: readonly Event[]): string =>
  events
    .map(([process, type, f, value]) => {
      const written = type === 'info' ? ':timed-out' : nil(value);
      return `INFO  jepsen.util - ${process}\t:${type}\t:${f}\t${written}\n`;
    })
    .join('');
const edn = (events: readonly Event[]): string =>
  events
    .map(
      ([process, type, f, value], at) =>
        `{:index ${at}, :type :${type}, :process ${process}, :f :${f}, :value ${nil(value)}, :time ${at * 1_000_000}}\n`,
    )
    .join('');
const keyed = (events: readonly Event[]): string =>
  edn(events).replaceAll(/:value (nil|\d+|\[\d+ \d+\])/g, ':value [7 $1]');

describe('check', () => {
  test.each([
    ['jepsen-etcd', etcd],
    ['jepsen-edn', edn],
    ['jepsen-edn', keyed],
    ['jepsen-edn', (events: readonly Event[]) => `[${edn(events)}]`],
  ] as const)('%s: the same verdicts, named or recognised', async (format, write) => {
    for (const argv of [
      ['check', '-'],
      ['check', '-', '--format', format],
    ]) {
      expect(await runHere(argv, { stdin: write(fine) })).toMatchObject({ exitCode: 0, stderr: '' });
      const violation = await runHere(argv, { stdin: write(stale) });
      expect(violation).toMatchObject({ exitCode: 1, stderr: '' });
      expect(violation.stdout).toMatch(/✗ not linearizable[\s\S]*✗ read → 2 +0 +13\n/);
    }
  });

  test('--json: exactly these fields, and operations by number, line and content', async () => {
    const { stdout } = await runHere(['check', '-', '--json'], { stdin: etcd(stale) });
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      'result',
      'model',
      'consistency',
      'operations',
      'clients',
      'keys',
      'steps',
      'wallMs',
      'witness',
    ]);
    expect(document).toMatchObject({
      result: 'violation',
      model: 'cas-register',
      consistency: 'linearizable',
      operations: 7,
      clients: 4,
      keys: 1,
    });
    const stuck = { operation: 6, line: 13, client: '0', key: null, kind: 'read', output: 2, outcome: 'ok' };
    expect(document.witness).toEqual({
      key: null,
      prefix: [1, 0, 2, 3, 4, 5],
      stuck,
      concerned: [stuck],
    });
    const ok = await runHere(['check', '-', '--json'], { stdin: etcd(fine) });
    expect(JSON.parse(ok.stdout)).toMatchObject({ result: 'ok', operations: 6, witness: null });
  });

  test('jepsen-edn as people keep it: over lines, with comments, tags and CRLF, ends without a value', async () => {
    const begin = '{:type :invoke, :process 0, :f :write, :value [1 5]}\n; a pause\n';
    const end =
      '#jepsen.history.Op{:type :fail,\r\n  :process 0, :f :write, :value nil, :error [:x "a } b"]}\r\n';
    const fault = '{:type :info, :process :nemesis, :f :start, :value {:cut #{"n1"}}}\n';
    const read = (value: string) =>
      `{:type :invoke, :process 1, :f :read, :value [1 nil]}\n{:type :ok, :process 1, :f :read, :value [1 ${value}]}\n`;
    for (const whole of [(text: string) => text, (text: string) => `[${text}]`]) {
      const check = (value: string) =>
        runHere(['check', '-'], { stdin: whole(begin + end + fault + read(value)) });
      expect(await check('nil')).toMatchObject({ exitCode: 0, stderr: '' });
      const violation = await check('5');
      expect(violation.exitCode).toBe(1);
      expect(violation.stdout).toMatch(/✗ read → 5 +1 +6\n/);
    }
  });

  test('integers that a number cannot hold are not taken for one another', async () => {
    const big = ['9007199254740993', '9007199254740992'];
    const edn = (value: string) =>
      `{:type :invoke, :process 0, :f :write, :value ${big[0]}}\n{:type :ok, :process 0, :f :write, :value ${big[0]}}\n` +
      `{:type :invoke, :process 0, :f :read, :value nil}\n{:type :ok, :process 0, :f :read, :value ${value}}\n`;
    const ndjson = (value: string) =>
      `{"client":1,"kind":"write","input":${big[0]},"outcome":"ok","callMs":0,"returnMs":1}\n` +
      `{"client":1,"kind":"read","output":${value},"outcome":"ok","callMs":2,"returnMs":3}\n`;
    for (const write of [edn, ndjson]) {
      expect(await runHere(['check', '-'], { stdin: write(big[0]!) })).toMatchObject({ exitCode: 0 });
      expect(await runHere(['check', '-'], { stdin: write(big[1]!) })).toMatchObject({ exitCode: 1 });
    }
  });

  test('a failed comparison is an answer in etcd’s logs and nothing in a history', async () => {
    const events: readonly Event[] = [
      [0, 'invoke', 'write', 1],
      [0, 'ok', 'write', 1],
      [3, 'invoke', 'cas', [1, 4]],
      [3, 'fail', 'cas', [1, 4]],
    ];
    expect((await runHere(['check', '-'], { stdin: etcd(events) })).exitCode).toBe(1);
    expect((await runHere(['check', '-'], { stdin: edn(events) })).exitCode).toBe(0);
  });

  test('porcupine-kv: texts by key', async () => {
    const line = (process: number, type: string, f: string, key: string, value: string) =>
      `{:process ${process}, :type :${type}, :f :${f}, :key "${key}", :value ${value}}\n`;
    const written =
      line(0, 'invoke', 'append', '5', '"x 0 0 y"') +
      line(1, 'invoke', 'get', '5', 'nil') +
      line(0, 'ok', 'append', '5', '"x 0 0 y"') +
      line(1, 'ok', 'get', '5', '"x 0 0 y"');
    expect(await runHere(['check', '-'], { stdin: written })).toMatchObject({ exitCode: 0 });
    const late = line(1, 'invoke', 'get', '5', 'nil') + line(1, 'ok', 'get', '5', '""');
    const { exitCode, stdout } = await runHere(['check', '-'], { stdin: written + late });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('of key "5"');
  });

  test('ndjson: any order, times in ms, faults beside', async () => {
    const stdin = `
{"client":"b","key":"k","kind":"read","output":null,"outcome":"ok","callMs":4,"returnMs":5}
{"fault":"crash a","fromMs":1,"toMs":2}
{"client":"a","key":"k","kind":"write","input":1,"outcome":"ok","callMs":0,"returnMs":2.5}
`;
    const { exitCode, stdout } = await runHere(['check', '-'], { stdin });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/✗ read → nothing +b +2 +4 +5\n/);
    // Without the clock the read may have come first.
    const argv = ['check', '-', '--consistency', 'sequential'];
    expect(await runHere(argv, { stdin })).toMatchObject({ exitCode: 0 });
    const backwards = `${stdin}{"client":"b","key":"k","kind":"read","output":null,"outcome":"ok","callMs":8,"returnMs":9}
{"client":"b","key":"k","kind":"read","output":1,"outcome":"ok","callMs":6,"returnMs":7}
`;
    const violation = await runHere(argv, { stdin: backwards });
    expect(violation.exitCode).toBe(1);
    // Times do not count here, so nothing is said of what comes before something returns.
    expect(violation.stdout).toMatch(/the\s+next\s+of\s+its\s+client/);
    expect(violation.stdout).not.toContain('before it returns');
  });

  test('a run’s own history, with its faults, is judged as the run was', async () => {
    const file = join(temporaryFolder(), 'history.ndjson');
    const simulated = await runHere(['simulate', 'quorum-double-read', '--history', file]);
    expect(simulated.exitCode).toBe(0);
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ fault: expect.stringContaining('every link'), fromMs: 0 });
    const checked = await runHere(['check', file, '--json']);
    expect(checked.exitCode).toBe(1);
    const { operations, witness } = JSON.parse(checked.stdout);
    expect(operations).toBe(lines.length - 1);
    expect(witness.stuck).toMatchObject({ kind: 'read', outcome: 'ok' });
    const keptOut = await runHere(['simulate', 'delete-comes-back', '--history', file]);
    expect(keptOut).toMatchObject({ exitCode: 2, stdout: '' });
    expect(keptOut.stderr).toContain('are no registers');
  });

  test('--html: one page, that needs nothing and allows nothing but its own script', async () => {
    const file = join(temporaryFolder(), 'history.html');
    const lines = Array.from({ length: 3000 }, (_, at) => {
      const callMs = at * 1.37 + 5000;
      const times = `"outcome":"ok","callMs":${callMs},"returnMs":${callMs + 4.123}`;
      return at % 2 === 0
        ? `{"client":"client ${at % 7}","kind":"write","input":${at},${times}}`
        : `{"client":"client ${at % 7}","kind":"read","output":${at === 2001 ? 5 : at - 1},${times}}`;
    });
    const stdin = `${lines.join('\n')}\n{"fault":"</script> & <b>","fromMs":5100,"toMs":5200}\n`;
    const { exitCode } = await runHere(['check', '-', '--html', file], { stdin });
    expect(exitCode).toBe(1);
    const page = readFileSync(file, 'utf8');
    expect(Buffer.byteLength(page)).toBeLessThan(100_000);
    // A namespace is a name and no address.
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<link|<img|src=/);
    const hashes = [...page.matchAll(/<(?:style|script)>([\s\S]*?)<\/(?:style|script)>/g)].map(
      ([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`,
    );
    expect(hashes).toHaveLength(2);
    for (const hash of hashes) expect(page).toContain(hash);
    const data = JSON.parse(/id="data">(.*?)<\/script>/.exec(page)![1]!);
    expect(data.bars).toHaveLength(1000);
    expect(data.bars.filter((bar: number[]) => bar[3] === 1)).toHaveLength(1);
    expect(page).toContain('2,000 operations farther off not shown.');
  });

  test('a spent budget is neither: exit 3', async () => {
    const { exitCode, stdout } = await runHere(['check', '-', '--budget', '1'], { stdin: etcd(fine) });
    expect(exitCode).toBe(3);
    expect(stdout).toContain('unknown whether linearizable');
  });

  test.each([
    ['cut short', '{"client":"a","kind":"re', 2, 'one whole JSON object a line'],
    ['no client', '{"kind":"read","outcome":"ok","callMs":0,"returnMs":1}', 2, 'a name or a number'],
    ['another outcome', '{"client":1,"kind":"read","outcome":"yes","callMs":0}', 2, '"ok", "fail" or "info"'],
    ['no end', '{"client":1,"kind":"read","outcome":"ok","callMs":0}', 2, 'a number of milliseconds'],
    [
      'an end before it began',
      '{"client":1,"kind":"read","outcome":"ok","callMs":2,"returnMs":1}',
      2,
      'at least callMs, 2',
    ],
    [
      'another kind',
      '{"client":1,"kind":"poke","outcome":"ok","callMs":0,"returnMs":1}',
      2,
      'operations of one model',
    ],
    [
      'a comparison with one value',
      '{"client":1,"kind":"cas","input":[1],"outcome":"ok","callMs":0,"returnMs":1}',
      2,
      'a list of two',
    ],
    [
      'a write of nothing',
      '{"client":1,"kind":"write","outcome":"ok","callMs":0,"returnMs":1}',
      2,
      'a value',
    ],
  ])('ndjson, %s: exit 2, the line, what was expected', async (_, line, at, expected) => {
    const good = '{"client":"a","kind":"read","outcome":"ok","callMs":0,"returnMs":1}\n';
    const outcome = await runHere(['check', '-', '--json'], { stdin: `${good}${line}\n` });
    expect(outcome.exitCode).toBe(2);
    const [problem] = JSON.parse(outcome.stdout).error.problems;
    expect(problem).toMatchObject({ line: at });
    expect(problem.expected).toContain(expected);
    expect(problem.found).not.toBe('');
    expect(outcome.stderr).toMatch(/\n {2}found {5}\S.*\n {2}expected {2}\S/);
  });

  test.each([
    ['jepsen-etcd', 'INFO  jepsen.util - 0\t:invoke\t:read', 'apart by tabs'],
    ['jepsen-etcd', 'INFO  jepsen.util - 0\t:invoke\t:drop\tnil', ':read, :write or :cas'],
    ['jepsen-etcd', 'INFO  jepsen.util - 0\t:invoke\t:cas\t[1]', 'two numbers'],
    ['jepsen-etcd', 'INFO  jepsen.util - 9\t:ok\t:read\t1', 'its :invoke before'],
    ['jepsen-edn', '{:type :invoke, :f :read, :value nil', 'a whole map'],
    ['jepsen-edn', '{:f :read, :value nil, :process 0}', ':type, which is'],
    ['jepsen-edn', '[{:type :invoke, :f :read', 'between [ and ]'],
    ['jepsen-edn', '{:type :ok, :f :read\n{:type :info, :process :nemesis, :f :x}', 'a whole map'],
    ['jepsen-edn', '{:type :invoke, :process 0, :f :txn, :value [[:r 1 nil]]}', 'Elle'],
    ['porcupine-kv', '{:process 0, :type :invoke, :f :get}', '{:process N'],
    ['porcupine-kv', '{:process 0, :type :invoke, :f :drop, :key "0", :value nil}', ':get, :put or :append'],
  ])('%s, %s: exit 2 with the line', async (format, line, expected) => {
    const { exitCode, stderr } = await runHere(['check', '-', '--format', format], { stdin: `${line}\n` });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('(standard input):1:1\n  found     ');
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(expected);
  });

  test.each([
    ['', 'an empty file', '--format'],
    ['what is this\n', 'what is this', '--format'],
    ['[\n{"client":1}]', '[', 'one object a line'],
  ])('of no format that is known: exit 2', async (stdin, found, hint) => {
    const { exitCode, stderr } = await runHere(['check', '-'], { stdin });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(found);
    expect(stderr).toContain(hint);
  });

  test('a model of another name, a file that is not there: exit 2', async () => {
    const other = await runHere(['check', '-', '--model', 'tree'], { stdin: etcd(fine) });
    expect(other).toMatchObject({ exitCode: 2, stdout: '' });
    expect(other.stderr).toContain('register, cas-register');
    const slip = await runHere(['check', '-', '--model', 'regster'], { stdin: etcd(fine) });
    expect(slip).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Did you mean register?') });
    const gone = await runHere(['check', 'no-such-history.ndjson']);
    expect(gone).toMatchObject({ exitCode: 2, stdout: '' });
    expect(gone.stderr).toContain('no such file');
  });
});
