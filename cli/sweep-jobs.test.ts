/** What array-job engines are given (content/sweeps/jobs/), run as they run it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { main, runHere, temporaryFolder } from './run.test-support.ts';

const jobs = fileURLToPath(new URL('../content/sweeps/jobs/', import.meta.url));
const sweep = `id: tiny
scenario: two-leaders
runs: 1
grid: {durationMs: [100, 200, 300]}
measures: [{metric: operations.write.ok}]
`;

/** A folder whose commands come before all others. */
function commands(folder: string, named: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  for (const [name, script] of Object.entries(named)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) };
}

const isInstalled = (command: string) =>
  process.env.PATH!.split(delimiter).some((folder) => existsSync(join(folder, command)));

test('GNU parallel: the parts, joined, are the whole, and a second time nothing is done again', async () => {
  const folder = temporaryFolder();
  const env = commands(folder, {
    quorate: `exec ${process.execPath} --conditions=quorate-source ${main} "$@"`,
    // Where it is not installed, what comes next to it.
    ...(!isInstalled('parallel') && { parallel: `exec xargs -I '{}' -P 2 "$@"` }),
  });
  writeFileSync(join(folder, 'tiny.yaml'), sweep);
  const parallel = () =>
    execFileSync('sh', [join(jobs, 'parallel.sh'), 'tiny.yaml', '2', 'results'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
  expect(parallel()).toContain('part 2 of 2');
  const { stdout } = await runHere(['sweep', join(folder, 'tiny.yaml'), '--json']);
  expect(readFileSync(join(folder, 'results/sweep.json'), 'utf8')).toBe(stdout);
  const again = [
    'sweep',
    join(folder, 'tiny.yaml'),
    '--shard',
    '1/2',
    '--out',
    join(folder, 'results/1.part'),
  ];
  expect((await runHere(again)).stdout).toContain('is there already');
}, 180_000);

/** What a script asks of the command, an invocation a line. */
function asked(script: readonly string[], env: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  const told = join(folder, 'asked');
  const path = commands(folder, { quorate: `echo "$@" >> ${told}` });
  execFileSync('sh', script, { cwd: folder, env: { ...path, ...env } });
  return readFileSync(told, 'utf8').trimEnd();
}

const parts = Array.from({ length: 20 }, (_, index) => `${index + 1}/20`);

test('Kubernetes: every index of the job does another part', () => {
  const [job, merge] = parseAllDocuments(readFileSync(join(jobs, 'kubernetes.yaml'), 'utf8')).map(
    (document) => document.toJS(),
  );
  const { completions, completionMode, template } = job.spec;
  expect(completionMode).toBe('Indexed');
  const [{ command, env }] = template.spec.containers;
  const settings = Object.fromEntries(
    env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  const done = Array.from({ length: completions }, (_, index) =>
    asked(command.slice(1), { ...settings, JOB_COMPLETION_INDEX: String(index) }),
  );
  expect(done).toEqual(
    parts.map(
      (part, index) => `sweep /sweep/sweep.yaml --threads 2 --shard ${part} --out /parts/${index + 1}.part`,
    ),
  );
  expect(merge.spec.template.spec.containers[0].command[2]).toMatch(
    /^exec quorate merge \/parts\/\*\.part --out/,
  );
});

test('Slurm: every task of the array does another part', () => {
  const script = join(jobs, 'slurm.sh');
  const [, first, last] = /^#SBATCH --array=(\d+)-(\d+)$/m.exec(readFileSync(script, 'utf8'))!;
  const tasks = Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) =>
    String(Number(first) + index),
  );
  const done = tasks.map((task) =>
    asked([script, 'mine.yaml'], { SLURM_ARRAY_TASK_ID: task, SLURM_CPUS_PER_TASK: '4' }),
  );
  expect(done).toEqual(
    parts.map((part, index) => `sweep mine.yaml --threads 4 --shard ${part} --out parts/${index + 1}.part`),
  );
});
