/**
 * Runs npm scripts, as many at once as there are cores, and tells what each said when it ends; fails where one fails.
 *
 *     node .config/at-once.ts lint dead
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

const waiting = process.argv.slice(2);

async function runNext(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => said.push(part));
    const [status] = await once(child, 'close');
    process.stdout.write(`${name}: ${status === 0 ? 'passed' : 'FAILED'}\n${Buffer.concat(said)}`);
    if (status !== 0) process.exitCode = 1;
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, runNext));
