/**
 * Reads EDN as Jepsen writes it, form by form, each with the line on which it begins. Keywords and symbols become their names,
 * sets and lists arrays, maps objects; tags are left out. Integers that a number cannot hold stay text, so that two of them do not
 * become one. Source: https://github.com/edn-format/edn
 */
export interface EdnForm {
  /** From 1. */
  readonly line: number;
  /** Undefined where the form is broken: what comes after it is read from the next line on. */
  readonly value: unknown;
}

/** The forms of a text one after another, or those of the one vector that it is. */
export function* ednForms(text: string): Generator<EdnForm> {
  const reader = new EdnReader(text);
  const isVector = reader.next() === '[';
  if (isVector) reader.at++;
  for (;;) {
    const sign = reader.next();
    if (isVector && sign === ']') return;
    const { line } = reader;
    if (sign === '') {
      if (isVector) yield { line, value: undefined };
      return;
    }
    const begin = reader.at;
    let value: unknown;
    try {
      value = reader.form();
    } catch (error) {
      if (!(error instanceof BrokenForm)) throw error;
      value = undefined;
      reader.skipLine(begin, line);
    }
    yield { line, value };
  }
}

class BrokenForm extends Error {}

const newline = 10;
const names: Readonly<Record<string, string>> = {
  newline: '\n',
  return: '\r',
  space: ' ',
  tab: '\t',
};
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const ends: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}', '#{': '}' };
/** A form that is none: `#_` leaves the next one out. */
const nothing = Symbol('nothing');

class EdnReader {
  at = 0;
  line = 1;
  private depth = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Passes over spaces, commas and comments; gives what comes then, '' at the end. */
  next(): string {
    const { text } = this;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === newline) {
        this.line++;
        // A map that goes on over lines is indented: this is the next one, and the one before it has no end.
        if (this.depth > 0 && text[this.at + 1] === '{') throw new BrokenForm();
      } else if (code === 59) {
        const end = text.indexOf('\n', this.at);
        this.at = (end === -1 ? text.length : end) - 1;
      } else if (code > 32 && code !== 44) return text[this.at]!;
    }
    return '';
  }

  skipLine(begin: number, line: number): void {
    const end = this.text.indexOf('\n', begin);
    this.at = end === -1 ? this.text.length : end + 1;
    this.line = line + 1;
    this.depth = 0;
  }

  form(): unknown {
    for (;;) {
      const value = this.formOrNothing();
      if (value !== nothing) return value;
    }
  }

  private formOrNothing(): unknown {
    const sign = this.next();
    if (sign === '"') return this.string();
    if (sign === '\\') return this.character();
    if (sign === '[' || sign === '(') return this.items(sign);
    if (sign === '{') return this.map();
    if (sign !== '#') return this.atom();
    const after = this.text[this.at + 1];
    if (after === '{') return this.items('#{');
    if (after === '#') {
      this.at += 2;
      return this.token();
    }
    this.at += after === '_' ? 2 : 1;
    if (after !== '_') this.token();
    const value = this.form();
    return after === '_' ? nothing : value;
  }

  private items(begin: '[' | '(' | '{' | '#{'): unknown[] {
    this.at += begin.length;
    this.depth++;
    const items: unknown[] = [];
    while (this.next() !== ends[begin]) {
      const value = this.formOrNothing();
      if (value !== nothing) items.push(value);
    }
    this.at++;
    this.depth--;
    return items;
  }

  private map(): Record<string, unknown> {
    const items = this.items('{');
    if (items.length % 2 === 1) throw new BrokenForm();
    const map: Record<string, unknown> = {};
    for (let at = 0; at < items.length; at += 2) {
      const key = items[at];
      map[typeof key === 'string' ? key : JSON.stringify(key)] = items[at + 1];
    }
    return map;
  }

  private string(): string {
    const { text } = this;
    const begin = this.at + 1;
    let end = begin;
    for (; text[end] !== '"'; end += text[end] === '\\' ? 2 : 1) {
      if (end >= text.length) throw new BrokenForm();
      if (text[end] === '\n') this.line++;
    }
    this.at = end + 1;
    const written = text.slice(begin, end);
    if (!written.includes('\\')) return written;
    return written.replace(/\\(?:u([\da-fA-F]{4})|(.))/gs, (_, code: string | undefined, sign: string) =>
      code === undefined ? (escapes[sign] ?? sign) : String.fromCharCode(Number.parseInt(code, 16)),
    );
  }

  private character(): string {
    this.at++;
    const first = this.text[this.at] ?? '';
    this.at++;
    const name = first + this.token();
    if (/^u[\da-fA-F]{4}$/.test(name)) return String.fromCharCode(Number.parseInt(name.slice(1), 16));
    return names[name] ?? name;
  }

  /** Signs up to the next space, comma, bracket or quotation mark. */
  private token(): string {
    const { text } = this;
    const begin = this.at;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      // Space and below, and " ( ) , ; [ ] { }
      if (code <= 32 || code === 34 || code === 40 || code === 41 || code === 44 || code === 59) break;
      if (code === 91 || code === 93 || code === 123 || code === 125) break;
    }
    return text.slice(begin, this.at);
  }

  private atom(): unknown {
    const written = this.token();
    if (written === '') throw new BrokenForm();
    const code = written.charCodeAt(0);
    if (code === 58) return written.slice(1);
    if (written === 'nil') return null;
    if (written === 'true' || written === 'false') return written === 'true';
    const isNumber = (code >= 48 && code <= 57) || ((code === 43 || code === 45) && written.length > 1);
    return isNumber ? numberOf(written) : written;
  }
}

function numberOf(written: string): number | string {
  const digits = written.replace(/^\+|[NM]$/g, '');
  const number = Number(digits);
  const isExact = Number.isSafeInteger(number) || !/^-?\d+$/.test(digits);
  return Number.isNaN(number) || !isExact ? digits : number;
}
