/**
 * PostgreSQL's `synchronous_standby_names`, read as documented: `[FIRST] n (b, c)`, `ANY n (b, c)`, `b, c` (which is
 * FIRST 1), `*` for every standby, nothing for none. Keywords in any case; a name may stand in double quotes.
 *
 * ```ts
 * parseStandbyNames('FIRST 2 (b, c, d)')  // { method: 'first', count: 2, names: ['b', 'c', 'd'] }
 * ```
 *
 * Source: PostgreSQL 15 documentation, runtime-config-replication, synchronous_standby_names.
 */
export interface StandbyNames {
  /** first: by priority, the order of the list. any: a quorum. */
  readonly method: 'first' | 'any';
  /** How many standbys a commit waits for; 0 where the text is empty. */
  readonly count: number;
  /** In the order of the list; `*` stands for every standby. */
  readonly names: readonly string[];
}

/** What is wrong with a text, and where. */
export interface StandbyNamesError {
  readonly found: string;
  readonly expected: string;
}

const token = /\s*(?:([(),])|"([^"]*)"|([^\s(),"]+)|(.))/gy;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

function tokensOf(text: string): Token[] {
  return [...text.trim().matchAll(token)].map(([, mark, quoted, word, other]) => ({
    text: mark ?? quoted ?? word ?? other!,
    quoted: quoted !== undefined,
  }));
}

/** The list, or what is wrong with it. */
export function parseStandbyNames(text: string): StandbyNames | StandbyNamesError {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return { method: 'first', count: 0, names: [] };
  let at = 0;
  const here = (): string => (at < tokens.length ? tokens[at]!.text : 'the end');
  const is = (mark: string): boolean => tokens[at]?.text === mark && !tokens[at]!.quoted;

  let method: StandbyNames['method'] = 'first';
  let count = 1;
  const keyword = tokens[0]!.quoted ? '' : tokens[0]!.text.toUpperCase();
  const counted = (index: number): boolean => tokens[index + 1]?.text === '(';
  const listed =
    ((keyword === 'FIRST' || keyword === 'ANY') && tokens.length > 1 && tokens[1]!.text !== ',') ||
    counted(0);
  if (listed) {
    if (keyword === 'FIRST' || keyword === 'ANY') {
      method = keyword === 'ANY' ? 'any' : 'first';
      at++;
    }
    count = Number(here());
    if (!/^\d+$/.test(here()) || count < 1)
      return { found: here(), expected: 'how many standbys to wait for, a whole number of at least 1' };
    at++;
    if (!is('(')) return { found: here(), expected: `an opening parenthesis after ${tokens[at - 1]!.text}` };
    at++;
  }
  const names: string[] = [];
  for (;;) {
    if (at === tokens.length || (!tokens[at]!.quoted && ['(', ')', ',', '"'].includes(here())))
      return { found: here(), expected: 'the name of a standby, or *' };
    if (names.includes(here())) return { found: `${here()}, twice`, expected: 'each standby once' };
    names.push(here());
    at++;
    if (!is(',')) break;
    at++;
  }
  if (listed) {
    if (!is(')')) return { found: here(), expected: 'a comma or a closing parenthesis' };
    at++;
  }
  if (at < tokens.length)
    return { found: here(), expected: listed ? 'nothing after the list' : 'a comma between names' };
  return { method, count, names };
}

/** The list as PostgreSQL would be given it. */
export function showStandbyNames({ method, count, names }: StandbyNames): string {
  if (count === 0) return '';
  return `${method.toUpperCase()} ${count} (${names.map((name) => (name === '*' ? name : `"${name}"`)).join(', ')})`;
}
