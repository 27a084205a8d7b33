import { type PlacedProblem, WrongInput } from '../failures.ts';
import type { Io } from '../io.ts';
import { readWholeText } from '../read-document.ts';
import type { HistoryReader, ReadHistory } from './history-text.ts';
import { readJepsenEdn } from './jepsen-edn.ts';
import { readJepsenEtcd } from './jepsen-etcd.ts';
import { readNdjson } from './ndjson.ts';
import { readPorcupineKv } from './porcupine-kv.ts';

const readers: Readonly<Record<string, HistoryReader>> = {
  ndjson: readNdjson,
  'jepsen-etcd': readJepsenEtcd,
  'jepsen-edn': readJepsenEdn,
  'porcupine-kv': readPorcupineKv,
};

const historyFormats: readonly string[] = Object.keys(readers);

/** What one string may hold. */
const bytesMax = 500_000_000;

export interface HistoryFile extends ReadHistory {
  readonly name: string;
  readonly format: string;
}

/** Reads a history from a file or standard input (`-`); without a format, by what its first line looks like. */
export async function readHistory(
  file: string,
  format: string | undefined,
  io: Pick<Io, 'stdin' | 'stderr' | 'interrupted'>,
): Promise<HistoryFile> {
  const { name, text } = await readWholeText(file, bytesMax, io);
  const known = format ?? formatOf(text);
  if (known === undefined) {
    throw new WrongInput([
      {
        file: name,
        line: 1,
        column: 1,
        found: firstLine(text) === '' ? 'an empty file' : firstLine(text).slice(0, 80),
        expected: `a history as ${historyFormats.join(', ')}`,
        hint: isJsonArray(text)
          ? "ndjson is one object a line, without an array around them: jq -c '.[]' FILE makes it so"
          : '--format says which of them it is',
      },
    ]);
  }
  const problems: PlacedProblem[] = [];
  const read = readers[known]!(text, (line, found, expected, hint) => {
    problems.push({ file: name, line, column: 1, found, expected, ...(hint !== undefined && { hint }) });
  });
  if (problems.length > 0) throw new WrongInput(problems);
  if (read.history.size === 0)
    throw new WrongInput([{ file: name, found: 'no operation', expected: `at least one, as ${known}` }]);
  return { ...read, name, format: known };
}

function firstLine(text: string): string {
  return /\S[^\n]*/.exec(text)?.[0].trimEnd() ?? '';
}

function isJsonArray(text: string): boolean {
  return /^\s*\[\s*\{\s*"/.test(text);
}

function formatOf(text: string): string | undefined {
  if (isJsonArray(text)) return undefined;
  const first = firstLine(text);
  if (/^[A-Z]+\s+jepsen\.util\s+-\s/.test(first)) return 'jepsen-etcd';
  if (/^\{\s*"/.test(first)) return 'ndjson';
  if (/^\{:process \d+, :type :\w+, :f :(get|put|append), :key "/.test(first)) return 'porcupine-kv';
  return /^(\[\s*)?(#\S+\s*)?\{\s*:\w/.test(first) || first === '[' ? 'jepsen-edn' : undefined;
}
