import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { BundledDocument } from '#content';
import { decodeLink, InputError, nearest } from '#engine';
import { WrongInput } from './failures.ts';
import { type Io, throwIfInterrupted } from './io.ts';
import { parseText, type SourceDocument } from './parse-document.ts';

const standardInput = '-';
const standardInputName = '(standard input)';
/** What `find` prints: the escaped JSON of a run behind a version. No file is called so. */
const link = /^#?quorate\/[\w.-]+\/%7B/i;

/** A file, or standard input (`-`), as it is. */
export async function readWholeText(
  name: string,
  limit: number,
  io: Pick<Io, 'stdin' | 'stderr' | 'interrupted'>,
): Promise<{ readonly name: string; readonly text: string }> {
  if (name === standardInput) return { name: standardInputName, text: await readStandardInput(io, limit) };
  const file = await findFile(name, []);
  return { name, text: await readText(name, createReadStream(file), io, limit) };
}

/** Parsing takes about 2 seconds a megabyte, so a larger file would look like a hang. */
const bytesMax = 4_000_000;

/** Reads a file, standard input (`-`), a link to a run or, where no such file exists, the bundled document of that name. */
export async function readDocument(
  name: string,
  bundled: readonly BundledDocument[],
  io: Pick<Io, 'stdin' | 'stderr' | 'interrupted'>,
): Promise<SourceDocument> {
  if (name === standardInput) return parseText(standardInputName, await readStandardInput(io, bytesMax));
  if (link.test(name)) return parseText('(link)', scenarioOfLink(name));
  const file = await findFile(name, bundled);
  return parseText(name, await readText(name, createReadStream(file), io, bytesMax));
}

/** The run's scenario as text, with its seed and the faults that were given live. */
function scenarioOfLink(name: string): string {
  try {
    const { scenario, seed, injected } = decodeLink(name);
    return JSON.stringify({ ...scenario, seed, faults: [...(scenario.faults ?? []), ...injected] });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new WrongInput(error.problems.map(({ path: _, ...problem }) => ({ file: '(link)', ...problem })));
  }
}

async function findFile(name: string, bundled: readonly BundledDocument[]): Promise<string> {
  try {
    const found = await stat(name);
    if (found.isDirectory()) throw wrongFile(name, 'a directory', 'a file');
    return name;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const sample = bundled.find((each) => each.name === name);
    if (sample !== undefined) return fileURLToPath(sample.url);
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw unreadable(name, error);
    if (bundled.length === 0) throw wrongFile(name, 'no such file', 'a file, or - for standard input');
    const names = bundled.map((each) => each.name);
    // All the names after a slip of the finger would hide the one that was meant.
    const near = nearest(basename(name).replace(/\.(ya?ml|json)$/, ''), names);
    throw wrongFile(
      name,
      'no such file',
      'a file, - for standard input, or a bundled name',
      near === undefined ? `bundled: ${names.join(', ')}` : `did you mean ${near}?`,
    );
  }
}

async function readStandardInput(
  io: Pick<Io, 'stdin' | 'stderr' | 'interrupted'>,
  limit: number,
): Promise<string> {
  if (io.stdin.isTTY === true) io.stderr.write('Reading from the terminal; end with Ctrl-D.\n');
  return readText(standardInputName, io.stdin, io, limit);
}

async function readText(
  name: string,
  stream: Readable,
  io: Pick<Io, 'interrupted'>,
  limit: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of addAbortSignal(io.interrupted, stream)) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > limit) {
        throw wrongFile(name, `more than ${limit / 1_000_000} MB`, `at most ${limit / 1_000_000} MB`);
      }
    }
  } catch (error) {
    throwIfInterrupted(io);
    if (isSystemError(error)) throw unreadable(name, error);
    throw error;
  }
  return decode(name, Buffer.concat(chunks));
}

function decode(name: string, bytes: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw wrongFile(
    name,
    'bytes that are not text',
    'text in UTF-8',
    'a file saved as UTF-16 must be saved again as UTF-8',
  );
}

function wrongFile(file: string, found: string, expected: string, hint?: string): WrongInput {
  return new WrongInput([
    { file: file === '' ? '(no name)' : file, found, expected, ...(hint === undefined ? {} : { hint }) },
  ]);
}

function unreadable(name: string, error: NodeJS.ErrnoException): WrongInput {
  return wrongFile(name, `a file that cannot be read: ${reasonOf(error)}`, 'a readable file');
}

/** What the system says, in words where it is often heard. */
export function reasonOf({ code }: NodeJS.ErrnoException): string {
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    ENOTDIR: 'a file is where a folder is expected',
    EEXIST: 'a file is where a folder is expected',
    EISDIR: 'it is a folder',
    EACCES: 'not permitted',
    EPERM: 'not permitted',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
  };
  return words[code ?? ''] === undefined ? `${code}` : `${words[code!]} (${code})`;
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
