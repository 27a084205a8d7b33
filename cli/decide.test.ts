import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledRequirements } from '#content';
import { runHere, temporaryFolder } from './run.test-support.ts';

const decideJson = async (argv: readonly string[], stdin = '') => {
  const { stdout, exitCode, stderr } = await runHere(['decide', ...argv, '--json'], { stdin });
  expect(stderr).toBe('');
  return { exitCode, ...JSON.parse(stdout) };
};

/** What a person reads of a bundled sample: each is simulated once, for all tests that look at it. */
const told = new Map<string, ReturnType<typeof runHere>>();
function decided(name: string): ReturnType<typeof runHere> {
  const outcome = told.get(name) ?? runHere(['decide', name, '--runs', '1']);
  told.set(name, outcome);
  return outcome;
}

/** The sample for leader-follower with a tenth of its reads, where it is not the load that a test is about. */
const smallShop = readFileSync(
  bundledRequirements.find(({ name }) => name === 'read-heavy-shop')!.url,
  'utf8',
).replace('readsPerSecond: 2000', 'readsPerSecond: 200');

describe('decide', () => {
  test('the bundled sample for leader-follower is proved: every required target met, exit 0', async () => {
    const { exitCode, stdout } = await decided('read-heavy-shop');
    expect(stdout).toMatch(/^ {2}All \d required targets were met in all of 2 runs\.$/m);
    expect(exitCode).toBe(0);
  });

  test('consensus is proved beside what it was preferred to, on the same workload and under the same faults', async () => {
    const { exitCode, stdout } = await decided('ticket-ledger');
    expect(exitCode).toBe(0);
    const [proof, runnerUp] = stdout.split(/^The runner-up beside it: /m);
    expect(proof).toMatch(/^ {2}All 8 required targets were met in all of 3 runs\.$/m);
    expect(proof).not.toContain('MISSED');
    expect(runnerUp).toMatch(/^leader-follower, semi-synchronous, 3 replicas$/m);
    // The rule that ruled it out, measured: the leader that was cut off answers reads from the past.
    expect(runnerUp!.match(/.* MISSED /g)).toEqual([
      expect.stringMatching(/^ {2}staleness +region-cut +0 reads +[\d,]+ reads +MISSED $/),
    ]);
    expect(runnerUp).toMatch(
      /^ {2}1 of 8 required targets was missed in 3 runs: staleness under region-cut\.$/m,
    );
  });

  test('a target that is missed: exit 1, and said', async () => {
    const stdin = JSON.stringify({ writeLatencyP99Ms: 0.01, lossToleratedMs: 0 });
    const { exitCode, stdout } = await runHere(['decide', '-', '--runs', '1'], { stdin });
    expect(stdout).toContain('MISSED');
    expect(exitCode).toBe(1);
  });

  const answers: Readonly<Record<string, string>> = {
    'hobby-blog': 'single-node',
    'read-heavy-shop': 'leader-follower',
    'global-preferences': 'multi-leader',
    'sensor-readings': 'leaderless',
    'ticket-ledger': 'consensus',
  };

  test.each(bundledRequirements)(
    '$name: answered and proved, and a person reads at most 80 columns',
    async ({ name }) => {
      const { stdout } = await decided(name);
      expect(stdout).toMatch(new RegExp(`^Recommendation: ${answers[name]!}\\b`));
      expect(stdout).toMatch(/^Evidence: your own workload, simulated/m);
      for (const heading of ['Why', 'Evidence', 'Runner-up', 'What would change the answer']) {
        expect(stdout).toMatch(new RegExp(`^${heading}`, 'm'));
      }
      const tooLong = stdout.split('\n').filter((line) => line.length > 80 && !line.includes('https://'));
      expect(tooLong).toEqual([]);
    },
    // Some are heavily loaded, and each is run with its runner-up under every fault.
    180_000,
  );

  test('--save writes what was simulated, and the replay line gives the same digest', async () => {
    const folder = join(temporaryFolder(), 'proof');
    const flags = ['--runs', '2', '--seed', '5', '--save', folder];
    const { exitCode, evidence } = await decideJson(['-', ...flags], smallShop);
    expect(exitCode).toBe(0);
    expect(evidence.sentence).toMatch(/^All \d required targets were met in all of 4 runs\.$/);
    const scenarios = evidence.scenarios.map(({ id }: { id: string }) => `${id}.yaml`);
    expect(readdirSync(folder).toSorted()).toEqual(['requirements.yaml', ...scenarios].toSorted());
    for (const { scenario, seed, digest } of evidence.replays) {
      const { stdout } = await runHere([
        'simulate',
        join(folder, `${scenario}.yaml`),
        '--seed',
        String(seed),
        '--json',
      ]);
      expect(JSON.parse(stdout).digest).toBe(digest);
    }
    const again = await decideJson([join(folder, 'requirements.yaml'), '--runs', '1']);
    expect(again.recommendation.topology).toBe('leader-follower');
  });

  test('--save into what is no folder: exit 2', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { exitCode, stderr, stdout } = await runHere([
      'decide',
      'hobby-blog',
      '--runs',
      '1',
      '--save',
      file,
    ]);
    expect(stderr).toMatch(/^--save .*: cannot be written: a file is where a folder is expected \(EEXIST\)/);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test('asks in plain lines, decides, and shows the answers as a file that decides the same', async () => {
    const { exitCode, stdout } = await runHere(['decide', '--plain', '--runs', '1'], {
      isTerminal: true,
      env: { NO_COLOR: '1' },
      stdin: `77\n0.4k\n${'\n'.repeat(40)}`,
    });
    expect(stdout).toMatch(/How many writes per second at peak\?[\s\S]*Recommendation: leader-follower/);
    expect(exitCode).toBe(0);
    const answers = stdout
      .slice(stdout.indexOf('Your answers, to keep as a file\n'))
      .split('\n')
      .slice(1)
      .join('\n');
    expect(answers).toBe('readsPerSecond: 400\nwritesPerSecond: 77\n');
    const again = await runHere(['decide', '-', '--runs', '1'], { stdin: answers });
    expect(stdout).toContain(again.stdout);
  });
});
