/** Multi-leader replication's settings, resolved: integer µs, names looked up, combinations checked. */

import { type Problem, showValue, unknownName } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import type { TableSettings } from './leader.ts';
import { mergeNames } from './merges.ts';
import { carriesNumbers, type ResolverName, takesDeletes, takesWithdrawals } from './resolvers.ts';
import { type Exchange, reachedFrom, targetsOf } from './routes.ts';
import type { MultiLeaderDocument, TableDocument } from './schema.ts';

/** Rows that are accounts: what each begins with, and what a write takes away. */
export interface Account {
  readonly opening: number;
  readonly withdrawal: number;
}

/** Rows of one kind. Their keys follow each other, after those of the table before. */
export interface TableSpec {
  /** null where there is one table, without a name. */
  readonly id: string | null;
  readonly firstKey: number;
  /** 0 before it is known how many keys there are (`laidOut`). */
  readonly rows: number;
  readonly detectsByColumn: boolean;
  readonly columns: number;
  /** null where columns have no names. */
  readonly columnNames: readonly string[] | null;
  /** By column where conflicts are detected by column; otherwise one. */
  readonly resolvers: readonly ResolverName[];
  /** By column where it has a merge function, that one's name. */
  readonly merges: readonly (string | null)[];
  /** Share of writes, 0 … 1. */
  readonly deletes: number;
  readonly account: Account | null;
  readonly unique: TableSettings['unique'];
  readonly parent: TableSettings['parent'];
}

export interface MultiLeaderSpec {
  readonly type: 'multi-leader';
  readonly exchange: Exchange;
  /** How long a leader may be cut off before it is gone around; 0 for ever. */
  readonly patienceUs: number;
  readonly causal: boolean;
  readonly tables: readonly TableSpec[];
  readonly shipsStates: boolean;
  /** Whether tables lack their last column at first. */
  readonly lastColumnLater: boolean;
  readonly hybrid: boolean;
  /** Whether stamps count the edits behind a version. */
  readonly revisions: boolean;
  /** How a leader chooses the keys of new rows; null where clients say which row they write. */
  readonly identifiers: 'auto-increment' | 'offset-step' | null;
  /** How many other leaders a write waits for. */
  readonly confirmedBy: number;
  readonly silenceUs: number;
  readonly retryUs: number;
  /** Clients ask the leader of their own region, or the nearest that answers. */
  readonly reads: ReadRoute;
  readonly balance: Balance;
  /** How clients choose whom to ask for a write, where there are followers; null: as for a read. */
  readonly writeBalance: Balance | null;
  /** Whether a node follows the first of its region. */
  readonly follows: readonly boolean[];
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function multiLeaderSpec(
  topology: MultiLeaderDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): MultiLeaderSpec {
  const follows = nodes.map(
    ({ region }, index) => topology.followers && nodes.findIndex((other) => other.region === region) < index,
  );
  const given = exchangeOf(topology.exchange, nodes, problems, [...path, 'exchange']);
  const exchange = topology.followers ? exchangeWithFollowers(nodes, follows) : given;
  checkFollowers(topology, given, follows, problems, path);
  if (topology.reconfigureAfterMs !== undefined && exchange.type === 'all-to-all') {
    problems.push({
      path: [...path, 'reconfigureAfterMs'],
      found: `${topology.reconfigureAfterMs} with exchange ${exchange.type}`,
      expected: 'a ring, a star or edges, where what one passes on goes around it when it is cut off',
    });
  }
  const fewest =
    exchange.type === 'ring'
      ? Math.min(1, nodes.length - 1)
      : Math.min(...targetsOf(exchange, nodes.length).map((targets) => targets.length));
  if (topology.confirmedBy > fewest) {
    problems.push({
      path: [...path, 'confirmedBy'],
      found: String(topology.confirmedBy),
      expected: `at most ${fewest}, as every leader sends its writes to so many`,
    });
  }
  const tables = tablesOf(topology, problems, path);
  const countsEdits = ({ resolvers, deletes }: TableSpec) =>
    resolvers.length === 1 && resolvers[0] === 'keep-both' && deletes === 0;
  if (topology.stamps === 'revision' && !tables.every(countsEdits)) {
    problems.push({
      path: [...path, 'stamps'],
      found: 'revision',
      expected: 'resolve: keep-both by row and no deletes beside it',
    });
  }
  if (topology.lastColumnLater && (tables.length > 1 || tables[0]!.columns === 1)) {
    problems.push({
      path: [...path, 'lastColumnLater'],
      found: tables.length > 1 ? `true with ${tables.length} tables` : 'true with one column',
      expected: 'one table of several columns',
    });
  }
  return {
    type: topology.type,
    exchange,
    patienceUs:
      topology.reconfigureAfterMs === undefined
        ? topology.followers
          ? followersPatienceUs
          : 0
        : toUs(topology.reconfigureAfterMs),
    causal: topology.causal,
    tables,
    lastColumnLater: topology.lastColumnLater,
    shipsStates: topology.ships === 'states',
    hybrid: topology.stamps === 'hybrid',
    revisions: topology.stamps === 'revision',
    identifiers: topology.identifiers ?? null,
    confirmedBy: topology.confirmedBy,
    silenceUs: toUs(topology.silenceMs),
    retryUs: toUs(topology.retryMs),
    reads: 'nearest',
    balance: topology.standbys ? 'first' : 'round-robin',
    writeBalance: topology.followers ? 'first' : null,
    follows,
  };
}

/** How long a leader that has followers may be cut off before others send to these themselves. */
const followersPatienceUs = 2_000_000;

/** Leaders all to all, and each with its followers, both ways: one that is promoted has something to send. */
function exchangeWithFollowers(nodes: readonly NodeSpec[], follows: readonly boolean[]): Exchange {
  const edges = nodes.flatMap((one, from) =>
    nodes.flatMap((other, to): [number, number][] => {
      const bothLead = !follows[from] && !follows[to];
      const oneLeadsOther = follows[from] !== follows[to] && one.region === other.region;
      return from !== to && (bothLead || oneLeadsOther) ? [[from, to]] : [];
    }),
  );
  return { type: 'edges', edges };
}

function checkFollowers(
  { followers, standbys }: MultiLeaderDocument,
  exchange: Exchange,
  follows: readonly boolean[],
  problems: Problem[],
  path: Problem['path'],
): void {
  if (!followers) return;
  const where = [...path, 'followers'];
  const problem = (found: string, expected: string) => problems.push({ path: where, found, expected });
  if (!follows.includes(true)) problem('true', 'a region of more than one node');
  if (standbys) problem('true with standbys', 'one of both');
  if (exchange.type !== 'all-to-all') problem(`true with exchange ${exchange.type}`, 'exchange: all-to-all');
}

function exchangeOf(
  exchange: MultiLeaderDocument['exchange'],
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): Exchange {
  if (typeof exchange === 'string') return { type: exchange };
  const ids = nodes.map(({ id }) => id);
  const indexOf = (name: string, where: Problem['path']): number => {
    const index = ids.indexOf(name);
    if (index < 0) problems.push(unknownName(name, 'a node', ids, where));
    return Math.max(0, index);
  };
  if ('star' in exchange) return { type: 'star', hub: indexOf(exchange.star, [...path, 'star']) };
  const before = problems.length;
  const edges = exchange.edges.flatMap(({ from, to, oneWay }, index) => {
    const where = [...path, 'edges', index];
    const ends: [number, number] = [indexOf(from, [...where, 'from']), indexOf(to, [...where, 'to'])];
    if (from === to)
      problems.push({ path: [...where, 'to'], found: to, expected: `another node than ${from}` });
    return oneWay ? [ends] : [ends, [ends[1], ends[0]] as [number, number]];
  });
  const found: Exchange = { type: 'edges', edges };
  if (problems.length === before) checkReach(targetsOf(found, ids.length), ids, problems, path);
  return found;
}

/** A leader that somebody's changes never reach could not agree with the others. */
function checkReach(
  to: readonly (readonly number[])[],
  ids: readonly string[],
  problems: Problem[],
  path: Problem['path'],
): void {
  for (const [leader, id] of ids.entries()) {
    const reached = reachedFrom(leader, to);
    const missing = ids.find((_, other) => (reached & (1 << other)) === 0);
    if (missing === undefined) continue;
    problems.push({
      path: [...path, 'edges'],
      found: `no way from ${id} to ${missing}`,
      expected: 'edges along which the changes of every node reach every other',
    });
    return;
  }
}

/** The settings with every table at its keys: `rows` each, unless it says how many. */
export function laidOut(spec: MultiLeaderSpec, rows: number): MultiLeaderSpec {
  let firstKey = 0;
  const tables = spec.tables.map((table) => {
    const placed = { ...table, firstKey, rows: table.rows === 0 ? rows : table.rows };
    firstKey += placed.rows;
    return placed;
  });
  return { ...spec, tables };
}

/** Sets of more than one column that client groups write, a bit a column, each once. */
export function setsOfSeveral(named: readonly (number | undefined)[]): number[] {
  return [...new Set(named)].flatMap((set) => (set === undefined || (set & (set - 1)) === 0 ? [] : [set]));
}

/** How many rows all tables have. */
export function rowsIn({ tables }: MultiLeaderSpec): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

function tablesOf(topology: MultiLeaderDocument, problems: Problem[], path: Problem['path']): TableSpec[] {
  const { tables } = topology;
  if (tables === undefined) return [tableSpec({ id: null }, topology, problems, path)];
  const ids = tables.map(({ id }) => id);
  if (topology.identifiers !== undefined && tables.length > 1) {
    problems.push({
      path: [...path, 'identifiers'],
      found: `${topology.identifiers} with ${tables.length} tables`,
      expected: 'one table, whose rows leaders number',
    });
  }
  const specs = tables.map((table, index) => {
    const where = [...path, 'tables', index];
    if (ids.indexOf(table.id) < index)
      problems.push({
        path: [...where, 'id'],
        found: showValue(table.id),
        expected: 'a name that is not taken yet',
      });
    return tableSpec(table, topology, problems, where);
  });
  return specs.map((spec, index) => {
    const { parent } = tables[index]!;
    if (parent === undefined) return spec;
    const where = [...path, 'tables', index, 'parent', 'table'];
    const of = ids.indexOf(parent.table);
    if (of < 0) problems.push(unknownName(parent.table, 'a table', ids, where));
    else if (of === index)
      problems.push({ path: where, found: showValue(parent.table), expected: 'another table' });
    return { ...spec, parent: { table: Math.max(0, of), rule: parent.resolve } };
  });
}

/** Resolvers that leave one write of those in conflict, whose value is then the row's. */
const leavesOne: readonly ResolverName[] = ['last-writer', 'first-writer'];

function uniqueOf(
  written: TableDocument['unique'],
  names: readonly string[] | null,
  columns: number,
  resolvers: readonly ResolverName[],
  problems: Problem[],
  path: Problem['path'],
): TableSpec['unique'] {
  if (written === undefined) return null;
  const all = names ?? Array.from({ length: columns }, (_, column) => String(column));
  const found = written.column === undefined ? 0 : all.indexOf(String(written.column));
  if (found < 0) problems.push(unknownName(String(written.column), 'a column', all, [...path, 'column']));
  const column = resolvers.length === 1 ? 0 : Math.max(0, found);
  if (!leavesOne.includes(resolvers[column]!)) {
    problems.push({
      path,
      found: `a column with resolve: ${resolvers[column]}`,
      expected: `one with ${leavesOne.join(' or ')}, of whose writes one stays`,
    });
  }
  return { column, values: written.values, rule: written.resolve };
}

function tableSpec(
  table: { readonly id: string | null } & Partial<Omit<TableDocument, 'id'>>,
  fallback: MultiLeaderDocument,
  problems: Problem[],
  path: Problem['path'],
): TableSpec {
  const detect = table.detect ?? fallback.detect ?? 'row';
  const written = table.columns ?? fallback.columns ?? 1;
  const names = columnNames(written, problems, [...path, 'columns']);
  const columns = names?.length ?? (written as number);
  const rules = resolversOf(
    { written, columns, detect, resolve: table.resolve ?? fallback.resolve ?? 'last-writer' },
    problems,
    path,
  );
  const resolvers = rules.map((rule) => (typeof rule === 'string' ? rule : 'merge'));
  const merges = rules.map((rule) => (typeof rule === 'string' ? null : rule.merge));
  for (const name of new Set(merges))
    if (name !== null && !mergeNames().includes(name))
      problems.push(unknownName(name, 'a registered merge function', mergeNames(), [...path, 'resolve']));
  const deletes = table.deletes ?? fallback.deletes ?? 0;
  const account = table.account ?? fallback.account ?? null;
  checkDeletes(deletes, detect, resolvers, problems, [...path, 'deletes']);
  const counts = resolvers.some(takesWithdrawals);
  // One that holds for all tables may be of use to some only.
  if ((table.id === null ? account !== null : table.account !== undefined) && !counts) {
    problems.push({
      path: [...path, 'account'],
      found: 'an account',
      expected: 'resolve: sum or pn-counter beside it',
    });
  }
  if (account === null && resolvers.includes('sum')) {
    problems.push({
      path: [...path, 'resolve'],
      found: 'sum',
      expected: 'account, which says what writes take away',
      hint: 'add account: { opening: 100, withdrawal: 80 }',
    });
  }
  return {
    id: table.id,
    firstKey: 0,
    rows: table.rows ?? 0,
    detectsByColumn: detect === 'column',
    columns,
    columnNames: names,
    resolvers,
    merges,
    deletes,
    account: counts ? account : null,
    unique: uniqueOf(table.unique ?? fallback.unique, names, columns, resolvers, problems, [
      ...path,
      'unique',
    ]),
    parent: null,
  };
}

type Columns = NonNullable<TableDocument['columns']>;
/** A resolver as it is written. */
type Rule = Exclude<NonNullable<TableDocument['resolve']>, readonly unknown[]>;

function isList(resolve: Rule | readonly Rule[]): resolve is readonly Rule[] {
  return Array.isArray(resolve);
}

function columnNames(written: Columns, problems: Problem[], path: Problem['path']): readonly string[] | null {
  if (typeof written === 'number') return null;
  const names = written.map((column) => (typeof column === 'string' ? column : column.id));
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index)
      problems.push({
        path: [...path, index],
        found: showValue(name),
        expected: 'a name that is not taken yet',
      });
  return names;
}

function resolversOf(
  {
    written,
    columns,
    detect,
    resolve,
  }: {
    readonly written: Columns;
    readonly columns: number;
    readonly detect: 'row' | 'column';
    readonly resolve: Rule | readonly Rule[];
  },
  problems: Problem[],
  path: Problem['path'],
): readonly Rule[] {
  const cells = detect === 'column' ? columns : 1;
  if (isList(resolve) && resolve.length !== cells) {
    problems.push({
      path: [...path, 'resolve'],
      found: `a list of ${resolve.length}`,
      expected:
        detect === 'column' ? `one for each of ${columns} columns` : 'one name, as conflicts are the row’s',
      ...(detect === 'row' && { hint: 'or write detect: column' }),
    });
  }
  const all = Array.from({ length: cells }, (_, cell) =>
    isList(resolve) ? (resolve[cell] ?? 'last-writer') : resolve,
  );
  if (typeof written === 'number') return all;
  return written.reduce<readonly Rule[]>((resolvers, column, index) => {
    if (typeof column === 'string' || column.resolve === undefined) return resolvers;
    if (detect === 'row' && columns > 1) {
      problems.push({
        path: [...path, 'columns', index, 'resolve'],
        found: showValue(column.resolve),
        expected: 'nothing with detect: row, where conflicts are the row’s',
        hint: 'or write detect: column',
      });
      return resolvers;
    }
    return resolvers.with(index, column.resolve);
  }, all);
}

function checkDeletes(
  deletes: number,
  detect: 'row' | 'column',
  resolvers: readonly ResolverName[],
  problems: Problem[],
  path: Problem['path'],
): void {
  if (deletes === 0) return;
  const problem = (expected: string) => problems.push({ path, found: String(deletes), expected });
  const stuck = resolvers.find((name) => !takesDeletes(name));
  if (stuck !== undefined) problem(`0 with resolve: ${stuck}`);
  if (detect === 'column' && resolvers.includes('pgd'))
    problem('0 with resolve: pgd and detect: column, as it looks whether the row is there');
  const whole = resolvers.filter(carriesNumbers);
  if (whole.length > 0 && whole.length < resolvers.length)
    problem('0 where some columns can be deleted with their row, and others cannot');
}
