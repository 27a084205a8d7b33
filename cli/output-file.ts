import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from './failures.ts';
import { isSystemError, reasonOf } from './read-document.ts';

/** A file that appears whole or not at all. */
export interface OutputFile {
  write(text: string | Uint8Array): void;
  /** Puts the file in its place. */
  commit(): void;
  /** Leaves nothing behind; after `commit` it does nothing. */
  discard(): void;
}

const bufferedCharacters = 65_536;

/**
 * Opens a temporary file beside `path`. It lies in the same folder because a rename is atomic only within one file system.
 * Throws UsageError where the file cannot be written.
 * @param flag Named in the message.
 */
export function openOutputFile(path: string, flag: string): OutputFile {
  return say(path, flag, () => {
    const target = existsSync(path) ? realpathSync(path) : path;
    if (existsSync(target) && !statSync(target).isFile()) {
      throw new UsageError(`${flag} ${path}: not a regular file. Give the name of a file to write.`);
    }
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    const descriptor = openSync(temporary, 'w');
    let isOpen = true;
    let buffered = '';
    const flush = () => {
      writeAll(descriptor, Buffer.from(buffered));
      buffered = '';
    };
    return {
      write(text) {
        if (typeof text !== 'string') {
          say(path, flag, () => {
            flush();
            writeAll(descriptor, text);
          });
          return;
        }
        buffered += text;
        if (buffered.length >= bufferedCharacters) say(path, flag, flush);
      },
      commit: () =>
        say(path, flag, () => {
          flush();
          fsyncSync(descriptor);
          closeSync(descriptor);
          isOpen = false;
          renameSync(temporary, target);
        }),
      discard() {
        if (isOpen) closeSync(descriptor);
        isOpen = false;
        rmSync(temporary, { force: true });
      },
    };
  });
}

/** Writes small files into a folder, which is made if it is not there; the folder around it must be. */
export function writeFolder(folder: string, flag: string, files: Readonly<Record<string, string>>): void {
  say(folder, flag, () => {
    // Not `recursive`: under /proc that never returns.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(folder);
  });
  for (const [name, text] of Object.entries(files)) {
    const file = openOutputFile(join(folder, name), flag);
    try {
      file.write(text);
      file.commit();
    } finally {
      file.discard();
    }
  }
}

export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let left = bytes; left.length > 0; ) left = left.subarray(writeSync(descriptor, left));
}

/** Does what may fail for the file's sake; then throws UsageError. */
export function say<Value>(path: string, flag: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`${flag} ${path}: cannot be written: ${reasonOf(error)}.`);
    throw error;
  }
}
