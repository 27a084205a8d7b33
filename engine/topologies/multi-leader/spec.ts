/** Multi-leader replication's settings, resolved: integer µs, names looked up, combinations checked. */

import { type Problem, unknownName } from '../../scenario/problems.ts';
import { type NodeSpec, toUs } from '../../scenario/scenario.ts';
import type { Balance, ReadRoute } from '../../workload/clients.ts';
import { type ResolverName, takesDeletes } from './resolvers.ts';
import { type Exchange, reachedFrom, targetsOf } from './routes.ts';
import type { MultiLeaderDocument } from './schema.ts';

/** Rows that are accounts: what each begins with, and what a write takes away. */
export interface Account {
  readonly opening: number;
  readonly withdrawal: number;
}

export interface MultiLeaderSpec {
  readonly type: 'multi-leader';
  readonly exchange: Exchange;
  /** How long a leader of a ring may be cut off before it is left out; 0 for ever. */
  readonly patienceUs: number;
  readonly causal: boolean;
  readonly detectsByColumn: boolean;
  readonly columns: number;
  /** By column where conflicts are detected by column; otherwise one. */
  readonly resolvers: readonly ResolverName[];
  readonly hybrid: boolean;
  /** Share of writes, 0 … 1. */
  readonly deletes: number;
  /** How a leader chooses the keys of new rows; null where clients say which row they write. */
  readonly identifiers: 'auto-increment' | 'offset-step' | null;
  readonly account: Account | null;
  /** How many other leaders a write waits for. */
  readonly confirmedBy: number;
  readonly silenceUs: number;
  readonly retryUs: number;
  /** Clients ask the leader of their own region, or the nearest that answers. */
  readonly reads: ReadRoute;
  readonly balance: Balance;
}

/** The settings of a scenario, and the problems in them that its shape does not show. */
export function multiLeaderSpec(
  topology: MultiLeaderDocument,
  nodes: readonly NodeSpec[],
  problems: Problem[],
  path: Problem['path'],
): MultiLeaderSpec {
  const exchange = exchangeOf(topology.exchange, nodes, problems, [...path, 'exchange']);
  if (topology.reconfigureAfterMs !== undefined && exchange.type !== 'ring') {
    problems.push({
      path: [...path, 'reconfigureAfterMs'],
      found: `${topology.reconfigureAfterMs} with exchange ${exchange.type}`,
      expected: 'exchange: ring, which is closed around a leader that is cut off',
    });
  }
  const resolvers = resolversOf(topology, problems, path);
  checkRules(topology, resolvers, problems, path);
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
  return {
    type: topology.type,
    exchange,
    patienceUs: topology.reconfigureAfterMs === undefined ? 0 : toUs(topology.reconfigureAfterMs),
    causal: topology.causal,
    detectsByColumn: topology.detect === 'column',
    columns: topology.columns,
    resolvers,
    hybrid: topology.stamps === 'hybrid',
    deletes: topology.deletes,
    identifiers: topology.identifiers ?? null,
    account: topology.account ?? null,
    confirmedBy: topology.confirmedBy,
    silenceUs: toUs(topology.silenceMs),
    retryUs: toUs(topology.retryMs),
    reads: 'nearest',
    balance: topology.standbys ? 'first' : 'round-robin',
  };
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

function resolversOf(
  { resolve, detect, columns }: MultiLeaderDocument,
  problems: Problem[],
  path: Problem['path'],
): readonly ResolverName[] {
  const cells = detect === 'column' ? columns : 1;
  if (typeof resolve === 'string') return Array.from({ length: cells }, () => resolve);
  if (resolve.length !== cells) {
    problems.push({
      path: [...path, 'resolve'],
      found: `a list of ${resolve.length}`,
      expected:
        detect === 'column' ? `one for each of ${columns} columns` : 'one name, as conflicts are the row’s',
      ...(detect === 'row' && { hint: 'or write detect: column' }),
    });
  }
  return resolve;
}

function checkRules(
  { deletes, detect, account }: MultiLeaderDocument,
  resolvers: readonly ResolverName[],
  problems: Problem[],
  path: Problem['path'],
): void {
  const stuck = resolvers.find((name) => !takesDeletes(name));
  if (deletes > 0 && stuck !== undefined) {
    problems.push({
      path: [...path, 'deletes'],
      found: String(deletes),
      expected: `0 with resolve: ${stuck}`,
    });
  }
  if (deletes > 0 && detect === 'column') {
    problems.push({
      path: [...path, 'deletes'],
      found: String(deletes),
      expected: '0 with detect: column, as it is rows that are deleted',
    });
  }
  const sums = resolvers.includes('sum');
  if (account !== undefined && !sums) {
    problems.push({ path: [...path, 'account'], found: 'an account', expected: 'resolve: sum beside it' });
  }
  if (account === undefined && sums) {
    problems.push({
      path: [...path, 'resolve'],
      found: 'sum',
      expected: 'account, which says what writes take away',
      hint: 'add account: { opening: 100, withdrawal: 80 }',
    });
  }
}
