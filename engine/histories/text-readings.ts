/** What texts that were read are made of: a put, or what was there at first, and appends. */

import type { Value } from './history.ts';

/** No node, operation or position; and of a word that was written more than once, its operation. */
const NONE = -1;
/** More than any history has. */
const operationsMost = 2 ** 30;

/**
 * A tree of beginnings: a node is a put, or what was there at first, or an append to its parent, whose number is lower. Takes what was
 * written and read, then reads it all at once.
 */
export class TextReadings {
  /** Whether every text is made in one way, or in none. */
  arePlain = true;
  readonly parent: number[] = [];
  /** NONE for what was there at first. */
  readonly operation: number[] = [];
  /** By the operation that read it: the node that is its whole text; NONE where nothing that was written makes it. */
  readonly nodeOf = new Map<number, number>();
  private readonly initial: string;
  private readonly puts = new Map<string, number>();
  private readonly appends = new Map<string, number>();
  private readonly texts = new Map<string, number[]>();
  /** Nodes by parent and operation, both counted from 1. */
  private readonly nodes = new Map<number, number>();
  private putLengths: readonly number[] = [];
  private appendLengths: readonly number[] = [];
  /**
   * Of the text being read, by length of its beginning: in how many ways that is made, 2 for more. Where it is one: the last word,
   * the length before it, NONE if it is the first, and the node if it has one.
   */
  private ways = new Uint8Array(256);
  private word = new Int32Array(256);
  private before = new Int32Array(256);
  private node = new Int32Array(256);

  constructor(initial: string) {
    this.initial = initial;
  }

  write(operation: number, text: Value | undefined, isPut: boolean): void {
    const known = isPut ? this.puts : this.appends;
    // An append of nothing could be anywhere.
    if (typeof text !== 'string' || (text === '' && !isPut)) this.arePlain = false;
    else known.set(text, known.has(text) ? NONE : operation);
  }

  read(operation: number, text: Value): void {
    if (typeof text !== 'string') {
      this.arePlain = false;
      return;
    }
    const known = this.texts.get(text);
    if (known === undefined) this.texts.set(text, [operation]);
    else known.push(operation);
  }

  finish(): void {
    this.putLengths = lengthsOf(this.puts);
    this.appendLengths = lengthsOf(this.appends);
    // As time goes on a text grows: most are read from where the last one ended.
    let last = '';
    let known = NONE;
    for (const [text, operations] of this.texts) {
      if (!this.arePlain) return;
      const node = this.parse(text, known === NONE ? NONE : commonLength(last, text));
      for (const operation of operations) this.nodeOf.set(operation, node);
      if (text.length <= known && last.startsWith(text)) continue;
      last = text;
      known = text.length;
    }
  }

  /** The node of a text of which the beginnings up to a length are known. */
  private parse(text: string, known: number): number {
    const { length } = text;
    if (length >= this.ways.length) this.widen(length + 1);
    this.ways.fill(0, known + 1, length + 1);
    this.node.fill(NONE, known + 1, length + 1);
    const { initial } = this;
    if (initial.length > known && text.startsWith(initial)) this.note(initial.length, NONE, NONE, 1);
    for (const end of this.putLengths) {
      if (end <= known || end > length) continue;
      const put = this.puts.get(text.slice(0, end));
      if (put !== undefined) this.note(end, NONE, put, put === NONE ? 2 : 1);
    }
    const longest = this.appendLengths.at(-1) ?? 0;
    for (let from = Math.max(0, known + 1 - longest); from < length; from++) {
      const ways = this.ways[from]!;
      if (ways === 0) continue;
      for (const words of this.appendLengths) {
        const end = from + words;
        if (end <= known || end > length) continue;
        const append = this.appends.get(text.slice(from, end));
        if (append !== undefined) this.note(end, from, append, append === NONE ? 2 : ways);
      }
    }
    if (this.ways[length] === 2) this.arePlain = false;
    return this.ways[length] === 1 ? this.nodeAt(length) : NONE;
  }

  private note(end: number, from: number, word: number, ways: number): void {
    this.ways[end] = Math.min(2, this.ways[end]! + ways);
    this.before[end] = from;
    this.word[end] = word;
  }

  private nodeAt(length: number): number {
    const ends: number[] = [];
    let end = length;
    for (; end !== NONE && this.node[end] === NONE; end = this.before[end]!) ends.push(end);
    let parent = end === NONE ? NONE : this.node[end]!;
    for (const each of ends.reverse()) {
      const word = this.word[each]!;
      const name = (parent + 1) * operationsMost + word + 1;
      let child = this.nodes.get(name);
      if (child === undefined) {
        this.operation.push(word);
        child = this.parent.push(parent) - 1;
        this.nodes.set(name, child);
      }
      this.node[each] = child;
      parent = child;
    }
    return parent;
  }

  private widen(least: number): void {
    const length = Math.max(least, this.ways.length * 2);
    const wider = <Column extends Int32Array | Uint8Array>(column: Column, empty: Column): Column => {
      empty.set(column);
      return empty;
    };
    this.ways = wider(this.ways, new Uint8Array(length));
    this.word = wider(this.word, new Int32Array(length));
    this.before = wider(this.before, new Int32Array(length));
    this.node = wider(this.node, new Int32Array(length));
  }
}

function lengthsOf(words: ReadonlyMap<string, number>): number[] {
  return [...new Set([...words.keys()].map(({ length }) => length))].sort((a, b) => a - b);
}

function commonLength(one: string, other: string): number {
  if (other.startsWith(one)) return one.length;
  if (one.startsWith(other)) return other.length;
  let length = 0;
  while (one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return length;
}
