/** The package as others get it: packed, installed in an empty folder, run by its command and imported by its name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const elsewhere = mkdtempSync(join(tmpdir(), 'quorate-packed-'));

function npm(args: readonly string[], cwd: string): void {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

beforeAll(() => {
  npm(['pack', '--pack-destination', elsewhere], root);
  const tarball = readdirSync(elsewhere).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(elsewhere, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  npm(['install', '--prefer-offline', `./${tarball}`], elsewhere);
});

afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

function quorate(args: readonly string[]) {
  return spawnSync('npx', ['--no-install', 'quorate', ...args], { cwd: elsewhere, encoding: 'utf8' });
}

test('npx quorate simulate runs a bundled scenario and prints one JSON document', () => {
  const { status, stdout } = quorate(['simulate', 'async-leader-crash', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ scenario: 'async-leader-crash', engine: '0.5.0' });
});

test('npx quorate decide recommends and proves', () => {
  const { status, stdout } = quorate(['decide', 'read-heavy-shop', '--runs', '1', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    recommendation: { topology: 'leader-follower' },
    evidence: { status: 'measured' },
  });
});

test('wrong input exits with 2 and no stack trace', () => {
  const { status, stderr } = quorate(['simulate', 'no-such-file.yaml']);
  expect(status).toBe(2);
  expect(stderr).toContain('no-such-file.yaml');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('the engine is importable by the package name, with types', () => {
  const script = `
    import { parseScenario, simulate } from 'quorate';
    const scenario = parseScenario({
      id: 'first', durationMs: 1000,
      cluster: { nodes: [{ id: 'a' }, { id: 'b' }] },
      topology: { type: 'leader-follower' },
      workload: { clients: [{ writesPerSecond: 100 }] },
    });
    process.stdout.write(simulate(scenario).digest);
  `;
  writeFileSync(join(elsewhere, 'import.js'), script);
  const digest = execFileSync(process.execPath, ['import.js'], { cwd: elsewhere, encoding: 'utf8' });
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
  expect(readdirSync(join(elsewhere, 'node_modules/quorate/dist/engine'))).toContain('index.d.ts');
});

test('npx quorate sweep shares its runs among threads, and writes Parquet', () => {
  const flags = ['--runs', '1', '--threads', '2', '--out', 'outage.parquet', '--json'];
  const { status, stdout } = quorate(['sweep', 'outage-by-timeout', ...flags]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ sweep: 'outage-by-timeout', runs: 6, runsAsked: 6 });
  expect(readFileSync(join(elsewhere, 'outage.parquet')).subarray(0, 4).toString()).toBe('PAR1');
});
