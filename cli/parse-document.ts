/**
 * YAML or JSON text to a plain value that remembers where each entry stood, so that a problem the engine finds
 * at a path can be shown at a line.
 *
 *     const document = parseText('shop.yaml', 'durationMs: 10 s\n');
 *     understand(document, parseScenario);   // throws WrongInput: shop.yaml:1:1 durationMs: found "10 s", …
 */

import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  visit,
  type YAMLError,
  type YAMLWarning,
} from 'yaml';
import { describePath, InputError, notKnownHere } from '#engine';
import { type PlacedProblem, WrongInput } from './failures.ts';

export type Path = readonly (string | number)[];

export interface Place {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** Where the entry at a path begins: its key in a map, itself in a list; the nearest one around it if there is none. */
  readonly placeOf: (path: Path) => Place;
}

/** Runs one of the engine's parsers and puts the problems it finds at their lines. */
export function understand<Value>(document: SourceDocument, parse: (value: unknown) => Value): Value {
  try {
    return parse(document.value);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const other = otherKindOf(document, error);
    if (other !== undefined) throw new WrongInput([other]);
    throw new WrongInput(
      error.problems.map(({ path, ...problem }) => ({
        file: document.file,
        ...document.placeOf(path),
        path: shortPath(path),
        ...problem,
      })),
    );
  }
}

/** Kinds of documents, the keys that only they have, and who takes them. */
const kinds = [
  { name: 'a scenario', keys: ['cluster', 'topology', 'workload'], command: 'simulate' },
  { name: 'a sweep', keys: ['scenario', 'grid', 'measures'], command: 'sweep' },
  { name: 'a setting of elections', keys: ['timeoutMs', 'heartbeatMs', 'oneWayMs'], command: 'elections' },
  { name: 'requirements', keys: ['readsPerSecond', 'writesPerSecond'], command: 'decide' },
] as const;

/** Of a file of another kind no key would be known; what is wrong is the command. */
function otherKindOf({ file }: SourceDocument, { problems }: InputError): PlacedProblem | undefined {
  const unknown = new Set(
    problems
      .filter(({ path, found }) => path.length === 1 && found === notKnownHere)
      .map(({ path }) => path[0]),
  );
  const kind = kinds.find(({ keys }) => keys.every((key) => unknown.has(key)));
  if (kind === undefined) return undefined;
  const { name, keys, command } = kind;
  return {
    file,
    found: `${name}: it has ${keys.join(', ')}`,
    expected: 'a document of another kind',
    hint: `quorate ${command} takes it`,
  };
}

export function parseText(file: string, text: string): SourceDocument {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fail = ({ offset, path = [], ...mistake }: Mistake): PlacedProblem => ({
    file,
    ...placeAt(offset),
    path: shortPath(path),
    ...mistake,
  });

  const composed = compose(text, lines);
  if ('offset' in composed) throw new WrongInput([fail(composed)]);
  const [document, second] = composed;
  if (document === undefined || document.contents === null) {
    throw new WrongInput([fail({ offset: 0, found: 'an empty document', expected: 'keys and values' })]);
  }
  const mistakes = [...syntaxMistakes(document, text), ...treeMistakes(document)].slice(0, mistakesMax);
  if (second !== undefined) {
    mistakes.push({
      offset: second.range[0],
      found: 'a second document after ---',
      expected: 'one document in a file',
    });
  }
  if (mistakes.length > 0) throw new WrongInput(mistakes.map(fail));

  const value = unfold(document);
  if (value === tooManyAliases) {
    const found = 'aliases that unfold into too many values';
    throw new WrongInput([fail({ offset: 0, found, expected: `at most ${aliasesMax} unfolded aliases` })]);
  }
  return { file, value, placeOf: (path) => placeAt(offsetOf(document, path)) };
}

/** One key can stand twice a hundred thousand times; nobody reads that. */
const mistakesMax = 100;

interface Mistake extends Pick<PlacedProblem, 'found' | 'expected' | 'hint'> {
  /** In characters from the start of the text. */
  readonly offset: number;
  readonly path?: Path;
}

/**
 * How deep values may lie inside each other; a scenario needs nine.
 * The composer recurses, and V8 does not survive every stack that is nearly full: thousands of nested brackets
 * end the whole process, with nothing to catch. So depth is counted before anything recurses.
 */
const depthMax = 100;

/** A mapping and the entry it is about to hold are two items on the parser's stack. */
const stackItemsPerLevel = 2;

function compose(text: string, lines: LineCounter): Document.Parsed[] | Mistake {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > depthMax * stackItemsPerLevel) {
      return {
        offset: parser.offset,
        found: 'values nested too deep',
        expected: `at most ${depthMax} levels`,
      };
    }
  }
  tokens.push(...parser.end());
  const composer = new Composer({
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  return [...composer.compose(tokens, true, text.length)] as Document.Parsed[];
}

/** What the parser finds after its first mistakes is mostly their echo. */
const syntaxMistakesMax = 5;

function syntaxMistakes(document: Document.Parsed, text: string): Mistake[] {
  return [...document.errors, ...document.warnings].slice(0, syntaxMistakesMax).map((error) => ({
    offset: error.pos[0],
    path: pathAt(document, error.pos[0]),
    ...saySyntaxError(error, text),
  }));
}

/**
 * Keys that stand twice in a map, and aliases whose anchor does not stand before them. The library finds both too,
 * but compares every key with every other, and throws at the first alias without its place.
 */
function treeMistakes(document: Document.Parsed): Mistake[] {
  const mistakes: Mistake[] = [];
  const anchors = new Set<string>();
  const add = (offset: number, what: Pick<Mistake, 'found' | 'expected'>) => {
    mistakes.push({ offset, path: pathAt(document, offset), ...what });
    return mistakes.length < mistakesMax ? undefined : visit.BREAK;
  };
  visit(document, (_, node) => {
    if (isAlias(node)) {
      if (anchors.has(node.source)) return;
      const expected = `an anchor &${node.source} before it`;
      return add(node.range?.[0] ?? 0, { found: `the alias *${node.source}`, expected });
    }
    if (isNode(node) && node.anchor !== undefined) anchors.add(node.anchor);
    if (isMap(node)) {
      const keys = new Set<unknown>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        const found = `the key ${oneLine(String(key.value))} a second time`;
        if (keys.has(key.value) && add(key.range?.[0] ?? 0, { found, expected: 'each key once' }))
          return visit.BREAK;
        keys.add(key.value);
      }
    }
  });
  return mistakes;
}

function unfold(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    if (error instanceof ReferenceError) return tooManyAliases;
    throw error;
  }
}

/** The library counts what each alias would unfold to, so that a few lines cannot become billions of values. */
const aliasesMax = 100;
const tooManyAliases = Symbol('too many aliases');

function saySyntaxError(error: YAMLError | YAMLWarning, text: string): Omit<Mistake, 'offset' | 'path'> {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { found: 'a tab as indentation', expected: 'spaces' };
    case 'TAG_RESOLVE_FAILED':
      return {
        found: `the tag ${wordAt(text, error.pos[0])}`,
        expected: 'plain text, numbers, lists and maps',
      };
    case 'NON_STRING_KEY':
      return { found: 'a key that is itself a list or a map', expected: 'text as a key' };
    default:
      return {
        found: 'text that is neither YAML nor JSON',
        expected: error.message.replace(/\s+/g, ' '),
        hint: 'one mistake in punctuation or indentation can cause several of these; mend the first one first',
      };
  }
}

function oneLine(text: string): string {
  return text.slice(0, 40).replace(/\s+/g, ' ');
}

function wordAt(text: string, offset: number): string {
  return /^[^\s:,[\]{}]{1,40}/.exec(text.slice(offset, offset + 40))?.[0] ?? 'here';
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) break;
      offset = (pair.key as ParsedNode).range[0];
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      node = node.items[part];
      offset = (node as ParsedNode).range[0];
    } else break;
  }
  return offset;
}

/** The path of the innermost entry around an offset: where a syntax error happened, in the reader's terms. */
function pathAt(document: Document.Parsed, offset: number): Path {
  const path: (string | number)[] = [];
  let node: unknown = document.contents;
  for (;;) {
    if (isMap(node)) {
      const pair = node.items.findLast((item) => startOf(item.key) <= offset);
      if (pair === undefined || !isScalar(pair.key)) return path;
      path.push(String(pair.key.value));
      node = pair.value;
    } else if (isSeq(node)) {
      const index = node.items.findLastIndex((item) => startOf(item) <= offset);
      if (index < 0) return path;
      path.push(index);
      node = node.items[index];
    } else return path;
  }
}

function startOf(node: unknown): number {
  return (node as ParsedNode | null)?.range?.[0] ?? Number.POSITIVE_INFINITY;
}

const pathCharactersMax = 100;

function shortPath(path: Path): string {
  const text = describePath(path).replace(/\s+/g, ' ');
  return text.length <= pathCharactersMax ? text : `${text.slice(0, pathCharactersMax)}…`;
}
