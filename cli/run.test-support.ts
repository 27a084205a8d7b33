import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { run } from './run.ts';

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly stdin?: string | Readable;
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly interrupted?: AbortSignal;
  readonly nowMs?: () => number;
}

/** The command without a process around it. */
export async function runHere(argv: readonly string[], world: World = {}): Promise<Outcome> {
  const isTTY = world.isTerminal ?? false;
  const stdin =
    world.stdin instanceof Readable ? world.stdin : Readable.from([Buffer.from(world.stdin ?? '')]);
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const texts = [collect(stdout), collect(stderr)];
  const exitCode = await run(argv, {
    stdin: Object.assign(stdin, { isTTY }),
    stdout,
    stderr,
    env: world.env ?? {},
    // Time stands still, so that a slow machine shows no progress where a fast one shows none.
    nowMs: world.nowMs ?? (() => 0),
    interrupted: world.interrupted ?? new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await Promise.all(texts);
  return { exitCode, stdout: out!, stderr: err! };
}

export const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The real command, as `npm run quorate` starts it. */
export function start(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--conditions=quorate-source', main, ...argv], {
    env: { PATH: process.env.PATH, ...env },
  });
  const outcome = (async (): Promise<Outcome> => {
    const texts = [collect(child.stdout), collect(child.stderr)];
    const [exitCode] = await once(child, 'close');
    const [stdout, stderr] = await Promise.all(texts);
    return { exitCode, stdout: stdout!, stderr: stderr! };
  })();
  return { child, outcome };
}

/** The real command, run to its end on this standard input. */
export async function runThere(argv: readonly string[], stdin = ''): Promise<Outcome> {
  const { child, outcome } = start(argv);
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return outcome;
}

async function collect(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text;
}

/** A folder of one test, gone after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
