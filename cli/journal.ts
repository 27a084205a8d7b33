/**
 * What a sweep has done so far, on disk: a line for each unit, appended when the unit is done, so that a sweep that was
 * killed goes on. A part, which `merge` joins, is the same kind of file with a line for each cell and a last line
 * that says that it is whole.
 *
 * Every line carries a checksum of itself. A line that does not fit its checksum was torn by a crash: it counts for nothing.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type CellSketchJson, engineVersion, type Shard } from '#engine';
import { UsageError } from './failures.ts';
import { say, writeAll } from './output-file.ts';
import { isSystemError, reasonOf } from './read-document.ts';

/** Which sweep it is about, so that nothing is mixed. */
export interface Header {
  readonly quorate: 'sweep';
  readonly engine: string;
  /** Of the sweep's document: equal where and only where the sweeps are. */
  readonly digest: string;
  readonly shard: Shard;
  /** The document itself, its scenario written out: a part can be joined without the sweep's file. */
  readonly document: unknown;
}

export interface UnitLine {
  readonly unit: number;
  readonly sketch: CellSketchJson;
}

export interface CellLine {
  readonly cell: number;
  readonly sketch: CellSketchJson;
}

export interface EndLine {
  readonly end: true;
}

type Line = Header | UnitLine | CellLine | EndLine;

export function headerOf(document: unknown, shard: Shard): Header {
  const text = JSON.stringify(document);
  const digest = createHash('sha256').update(`${engineVersion}\n${text}`).digest('hex').slice(0, 16);
  return { quorate: 'sweep', engine: engineVersion, digest, shard, document: JSON.parse(text) };
}

export function sealed(line: Line): string {
  const text = JSON.stringify(line);
  return `${checksum(text)} ${text}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** The lines that are whole, in their order. */
function readLines(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    const json = line.slice(9);
    return line[8] === ' ' && line.slice(0, 8) === checksum(json) ? [JSON.parse(json)] : [];
  });
}

export interface Journal {
  readonly path: string;
  /** What was there already. */
  readonly units: readonly UnitLine[];
  append(line: UnitLine): void;
  close(): void;
  remove(): void;
}

/** So often at most a disk is asked to have it all: a power cut costs no more than this. */
const syncEveryMs = 1000;

/**
 * Opens the journal of a sweep, or begins it. Throws UsageError where the file is another sweep's, or something else.
 * @param restart Forgets what is there.
 */
export function openJournal(
  path: string,
  header: Header,
  { restart, nowMs }: { readonly restart: boolean; readonly nowMs: () => number },
): Journal {
  const found = restart || !existsSync(path) ? '' : readText(path);
  const lines = readLines(found);
  const [first] = lines;
  const begun = first !== undefined && 'quorate' in first ? first : undefined;
  // Killed while it wrote its very first line, it has nothing to lose.
  const isEmpty = begun === undefined && sealed(header).startsWith(found);
  if (!isEmpty) checkSame(path, begun, header);
  const descriptor = say(path, 'journal', () => openSync(path, restart || isEmpty ? 'w' : 'a'));
  say(path, 'journal', () => {
    if (isEmpty) {
      writeAll(descriptor, Buffer.from(sealed(header)));
      fsyncSync(descriptor);
    } else if (!found.endsWith('\n')) {
      ftruncateSync(descriptor, Buffer.byteLength(found.slice(0, found.lastIndexOf('\n') + 1)));
    }
  });
  let syncedMs = nowMs();
  return {
    path,
    units: lines.filter((line): line is UnitLine => 'unit' in line),
    append(line) {
      say(path, 'journal', () => {
        writeAll(descriptor, Buffer.from(sealed(line)));
        if (nowMs() < syncedMs + syncEveryMs) return;
        fsyncSync(descriptor);
        syncedMs = nowMs();
      });
    },
    close: () =>
      say(path, 'journal', () => {
        fsyncSync(descriptor);
        closeSync(descriptor);
      }),
    remove: () => rmSync(path, { force: true }),
  };
}

function checkSame(path: string, found: Header | undefined, header: Header): void {
  const begin = 'Give --restart to begin anew, or another --out.';
  if (found === undefined) throw new UsageError(`${path}: not a journal of a sweep. ${begin}`);
  if (found.engine !== header.engine)
    throw new UsageError(`${path}: begun by quorate ${found.engine}, this is ${header.engine}. ${begin}`);
  if (found.digest !== header.digest)
    throw new UsageError(`${path}: belongs to another sweep, or to this one before it was changed. ${begin}`);
  if (found.shard.index !== header.shard.index || found.shard.of !== header.shard.of)
    throw new UsageError(
      `${path}: belongs to part ${found.shard.index}/${found.shard.of} of this sweep. ${begin}`,
    );
}

export interface Part {
  readonly path: string;
  readonly header: Header;
  readonly cells: readonly CellLine[];
}

/** Reads a part. Throws UsageError where it is none, or not whole. */
export function readPart(path: string): Part {
  const text = readText(path);
  const lines = readLines(text);
  const [header] = lines;
  if (header === undefined || !('quorate' in header))
    throw new UsageError(`${path}: not a part of a sweep. Parts are written by sweep --shard.`);
  const last = lines.at(-1)!;
  const isWhole = 'end' in last && lines.length === text.split('\n').length - 1 && text.endsWith('\n');
  if (!isWhole)
    throw new UsageError(
      `${path}: this part is not whole. Run its command again: sweep … --shard ${header.shard.index}/${header.shard.of}.`,
    );
  return { path, header, cells: lines.filter((line): line is CellLine => 'cell' in line) };
}

/** Whether this very part is there, whole. */
export function hasPart(path: string, { digest, shard }: Header): boolean {
  try {
    const { header } = readPart(path);
    return header.digest === digest && header.shard.index === shard.index && header.shard.of === shard.of;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`${path}: cannot be read: ${reasonOf(error)}.`);
    throw error;
  }
}
