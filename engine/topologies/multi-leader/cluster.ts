import type { Operation, OperatorFault } from '../../faults/faults.ts';
import { everyNumber, separateSeries } from '../../identifiers/auto-increment.ts';
import type { Actor } from '../../kernel/loop.ts';
import { thresholdOf } from '../../kernel/random.ts';
import { Histogram } from '../../observe/histogram.ts';
import type { TraceEntry } from '../../observe/trace.ts';
import type { HelperState, NodeRole, StreamView } from '../../run/player.ts';
import type { MultiLeaderSummary, Verdict, Witness } from '../../run/report.ts';
import { type HiddenWrite, ThrownAway } from '../../verdicts/thrown-away.ts';
import type { Cluster, ClusterSize, Lag, Loss, Member, PairLag, Surroundings } from '../cluster.ts';
import { type Change, changesBehind, insertBehind, writeOf } from './behind.ts';
import { CartItems } from './cart-items.ts';
import { isOrphan, isRestored, losersOf, parentOf, reasonsToRefuse } from './constraints.ts';
import { type CrdtStates, crdtStates } from './crdt-columns.ts';
import { exchangeTimers, leaderKind, leaderKindWith, linkState, serviceClassOf } from './kinds.ts';
import { type Leader, type LeaderSettings, newLeader, type TableSettings, tableOf } from './leader.ts';
import { appliedUs, entryAt, forgetBefore, logEnd, NUMBER, ORIGIN, SEQUENCE } from './log.ts';
import { mergeLaws, mergeNamed } from './merges.ts';
import {
  ACT_PROMOTE,
  columnOfCell,
  columnsMost,
  conflictIn,
  conflictKinds,
  conflictOutcomes,
  EXCHANGE_GIVEN_UP,
  exchangeStates,
  keyIn,
  multiLeaderMessage,
  NOTE_CONFLICT,
  NOTE_EXCHANGE,
  NOTE_FORBIDDEN,
  NOTE_FOREIGN,
  NOTE_HELD_BACK,
  NOTE_ITEM,
  NOTE_KNOWN,
  NOTE_NO_COLUMN,
  NOTE_PROMOTED,
  NOTE_REFUSED,
  NOTE_SCHEMA,
  NOTE_SKIPPED,
  NOTE_THROWN_AWAY,
  NOTE_UNFIT,
  NOTE_UNIQUE,
  NOTE_UPDATE_FIRST,
  packCell,
  schemaActs,
  shapesMost,
} from './messages.ts';
import {
  carriesNumbers,
  holdsItems,
  isCrdt,
  type ResolverName,
  resolverNames,
  takesWithdrawals,
} from './resolvers.ts';
import { detoursOf, streamsOf, targetsAround, targetsOf } from './routes.ts';
import { cellAt, countOfSlots, isThere, type Rows, SHOWN_DELETED, SHOWN_VALUE, showSame } from './rows.ts';
import { whyNotSchema } from './schema-changes.ts';
import { type MultiLeaderSpec, setsOfSeveral, type TableSpec } from './spec.ts';
import { leaderChances } from './writing.ts';

/** How long nothing may happen, beside what leaders wait for, before those that differ are taken to stay so. */
const patienceUs = 1_000_000;

const noLag: Lag = {
  writeLagUs: 0,
  flushLagUs: 0,
  replayLagUs: 0,
  writeLagBytes: 0,
  flushLagBytes: 0,
  replayLagBytes: 0,
};

/** Leaders that each take writes, and tell each other afterwards. */
export class MultiLeaderCluster implements Cluster {
  readonly leaders: readonly Leader[];
  readonly members: readonly Member[];
  readonly serviceClassOf = serviceClassOf;
  readonly clientsAskAnybody = true;
  readonly everybodyLeads = true;
  readonly stampsVersions = true;
  readonly readsGiveNumbers: boolean;
  readonly judgesThrownAway = true;
  private readonly spec: MultiLeaderSpec;
  private readonly run: Surroundings;
  private readonly thrownAway = new ThrownAway((member, key, column) => this.whyKept(member, key, column));
  private readonly cartItems: CartItems;
  /** By number of the resolver, its states; null where it is no type of its own, or nobody has it. */
  readonly states: readonly (CrdtStates | null)[];
  private readonly conflicts = [0, 0, 0, 0];
  private uniqueKeyConflicts = 0;
  private foreignKeyConflicts = 0;
  private firstUpdateFirst: Witness | null = null;
  private readonly counts = {
    detections: 0,
    skipped: 0,
    updatesBeforeInserts: 0,
    heldBack: 0,
    droppedAsKnown: 0,
    givenUp: 0,
    refused: 0,
    forbidden: 0,
    stopped: 0,
    withoutColumn: 0,
  };
  /** By author and reader, how old the oldest change is that is not there yet: now, and of all samples. */
  private readonly lagUs: Float64Array;
  private readonly lagsUs: readonly Histogram[];
  /** While the cluster drains: how many changes are applied in all, and since when. */
  private progress = -1;
  private quietSinceUs = 0;

  constructor(spec: MultiLeaderSpec, { nodes, clients, groups }: ClusterSize, run: Surroundings) {
    this.spec = spec;
    this.run = run;
    const { exchange, patienceUs: patience } = spec;
    const settings = {
      leaders: nodes.length,
      tables: spec.tables.map((table, index) => tableSettings(table, index, spec.tables)),
      ...shapesOf(spec, groups?.map(({ columns }) => columns) ?? clients.map(() => undefined)),
      firstClient: clients[0]!,
      shipsStates: spec.shipsStates,
      hybrid: spec.hybrid,
      revisions: spec.revisions,
      causal: spec.causal,
      detours: detoursOf(exchange, nodes.length),
      relays: exchange.type !== 'all-to-all',
      confirmedBy: spec.confirmedBy,
      silenceUs: spec.silenceUs,
      retryUs: spec.retryUs,
      patienceUs: patience,
    };
    const targets =
      patience > 0
        ? targetsAround(exchange, nodes.length)
        : targetsOf(exchange, nodes.length).map((others) =>
            exchange.type === 'ring' ? others.slice(0, 1) : others,
          );
    const series = separateSeries(nodes.length);
    this.leaders = nodes.map((_, self) => {
      const counts = { 'auto-increment': everyNumber, 'offset-step': series[self]! };
      const own = spec.identifiers === null ? null : counts[spec.identifiers];
      return newLeader(settings, self, targets[self]!, own, spec.follows[self]!);
    });
    const used = new Set(spec.tables.flatMap(({ resolvers }) => resolvers));
    this.readsGiveNumbers = used.size === 1 && used.has('last-writer');
    this.states = resolverNames.map((name) => (isCrdt(name) && used.has(name) ? crdtStates(name) : null));
    this.cartItems = new CartItems((leader) => this.leaders[leader]!.applied);
    const names = mergesIn(spec.tables);
    const needsTools = names.length > 0 || this.states.some((states) => states !== null);
    const tools = { states: this.states, merges: names.map(mergeNamed) };
    const kind = needsTools ? leaderKindWith(tools) : leaderKind;
    this.members = this.leaders.map((state) => ({
      kind: kind as Actor['kind'],
      state,
      timers: nodes.length * exchangeTimers.length,
      chances: leaderChances,
    }));
    this.lagUs = new Float64Array(nodes.length * nodes.length);
    this.lagsUs = Array.from(this.lagUs, () => new Histogram());
  }

  /** Messages, and of changes which writes they are of. */
  readonly messageOf: Cluster['messageOf'] = (kind, a, b, c, d, e) => {
    const message = multiLeaderMessage(kind, a, b, c, d, e);
    if (message.type !== 'change') return message;
    const number = writeOf(this.leaders[message.author]!, message.sequence);
    return { ...message, operation: number === 0 ? null : number };
  };

  /** There is not one who leads. */
  leaderOf(): number {
    return -1;
  }

  timerName(_member: number, slot: number): string {
    return exchangeTimers[slot % exchangeTimers.length]!;
  }

  onNote(atUs: number, member: number, kind: number, a: number, b: number, c: number, d: number): void {
    const { counts } = this;
    switch (kind) {
      case NOTE_CONFLICT: {
        counts.detections++;
        const conflict = conflictIn(b);
        // Every leader finds it; it counts at the first of the two whose it is.
        if (member === Math.min(conflict.came, conflict.there)) this.conflicts[conflict.kind]! += 1;
        break;
      }
      case NOTE_THROWN_AWAY:
        this.thrownAway.threw(atUs, member, keyIn(a), Math.max(0, columnOfCell(a)), b, c);
        break;
      case NOTE_SKIPPED:
        counts.skipped++;
        if (d !== 0) this.thrownAway.threw(atUs, member, keyIn(b), 0, c, d);
        break;
      case NOTE_UPDATE_FIRST:
        counts.updatesBeforeInserts++;
        this.firstUpdateFirst ??= this.updateFirst(atUs, member, a, keyIn(b), d);
        break;
      case NOTE_HELD_BACK:
        counts.heldBack++;
        break;
      case NOTE_KNOWN:
        counts.droppedAsKnown++;
        break;
      case NOTE_EXCHANGE:
        if (b === EXCHANGE_GIVEN_UP) counts.givenUp++;
        break;
      case NOTE_UNIQUE:
      case NOTE_FOREIGN: {
        const { came, there } = conflictIn(c);
        if (member !== Math.min(came, there)) break;
        if (kind === NOTE_UNIQUE) this.uniqueKeyConflicts++;
        else this.foreignKeyConflicts++;
        break;
      }
      case NOTE_FORBIDDEN:
        counts.forbidden++;
        break;
      case NOTE_ITEM:
        if (c === 1) this.cartItems.putIn(a, b, member, d);
        else this.cartItems.takenOut(a, b, member);
        break;
      case NOTE_REFUSED:
        counts.refused++;
        break;
      case NOTE_UNFIT:
        counts.stopped++;
        break;
      case NOTE_NO_COLUMN:
        counts.withoutColumn++;
        break;
    }
    if (this.run.observe !== undefined) this.run.observe(this.entryOf(atUs, member, kind, a, b, c));
  }

  private entryOf(atUs: number, member: number, kind: number, a: number, b: number, c: number): TraceEntry {
    const { names } = this.run;
    const atMs = atUs / 1000;
    const node = names[member]!;
    const column = columnOfCell(a);
    const cell = { key: keyIn(a), column: column < 0 ? null : column };
    switch (kind) {
      case NOTE_CONFLICT: {
        const { came, there, kind: what, outcome } = conflictIn(b);
        return {
          type: 'conflict',
          atMs,
          node,
          ...cell,
          kind: conflictKinds[what]!,
          came: names[came]!,
          there: names[there]!,
          stays: conflictOutcomes[outcome]!,
        };
      }
      case NOTE_THROWN_AWAY:
        return { type: 'thrown-away', atMs, node, ...cell, value: b, stays: c };
      case NOTE_SKIPPED:
        return { type: 'change-skipped', atMs, node, author: names[a]!, key: keyIn(b), value: c };
      case NOTE_UPDATE_FIRST:
        return { type: 'update-before-insert', atMs, node, author: names[a]!, key: keyIn(b) };
      case NOTE_HELD_BACK:
        return this.heldBackEntry(atMs, member, a, b, c);
      case NOTE_KNOWN:
        return { type: 'change-known', atMs, node, author: names[a]!, sequence: b };
      case NOTE_EXCHANGE:
        return { type: 'exchange', atMs, from: node, to: names[a]!, state: exchangeStates[b]! };
      case NOTE_UNIQUE:
      case NOTE_FOREIGN: {
        const { came, there } = conflictIn(c);
        return {
          type: 'rows-conflict',
          atMs,
          node,
          kind: kind === NOTE_UNIQUE ? 'unique-key' : 'foreign-key',
          key: a,
          other: b,
          came: names[came]!,
          there: names[there]!,
        };
      }
      case NOTE_FORBIDDEN:
        return { type: 'write-forbidden', atMs, node, key: a, reason: reasonsToRefuse[b]! };
      case NOTE_ITEM:
        return { type: 'item', atMs, node, ...cell, item: b, does: c === 1 ? 'put in' : 'taken out' };
      case NOTE_REFUSED:
        return { type: 'withdrawal-refused', atMs, node, key: a, balance: b };
      case NOTE_UNFIT:
        return { type: 'change-unfit', atMs, node, author: names[a]!, sequence: b };
      case NOTE_NO_COLUMN:
        return { type: 'no-column', atMs, node };
      case NOTE_PROMOTED:
        return { type: 'takes-writes', atMs, node };
      case NOTE_SCHEMA:
        return { type: 'schema', atMs, node, does: schemaActs[a - 1]! };
      default:
        throw new RangeError(`note kind ${kind} is none of multi-leader replication's`);
    }
  }

  private heldBackEntry(
    atMs: number,
    member: number,
    author: number,
    sequence: number,
    other: number,
  ): TraceEntry {
    const { names } = this.run;
    return {
      type: 'held-back',
      atMs,
      node: names[member]!,
      author: names[author]!,
      sequence,
      for: names[other]!,
    };
  }

  acknowledged(_atUs: number, _hi: number, _lo: number, number: number): void {
    this.thrownAway.acknowledged(number);
  }

  /** Whether nothing waits, and every live leader has applied the same changes, or has had time enough to. */
  hasConverged(): boolean {
    const { isLive, nowUs } = this.run;
    const live = this.leaders.filter((_, leader) => isLive(leader));
    const waits = live.some(({ inbox, heldBackCount }) => inbox.count + heldBackCount > 0);
    if (
      !waits &&
      live.every(({ applied }) => applied.every((count, author) => count === live[0]!.applied[author]))
    )
      return true;
    const progress = live.reduce((sum, { applied }) => applied.reduce((a, b) => a + b, sum), 0);
    if (progress !== this.progress) {
      this.progress = progress;
      this.quietSinceUs = nowUs();
    }
    const { silenceUs, retryUs, patienceUs: patience } = this.spec;
    return nowUs() - this.quietSinceUs >= patienceUs + 2 * (silenceUs + retryUs) + 2 * patience;
  }

  lagOf(): Lag {
    return noLag;
  }

  /** Samples how far behind everybody is, and lets go of log that nobody can ask for any more. */
  looked(): void {
    const { leaders, lagUs, lagsUs } = this;
    lagUs.fill(0);
    for (const [author, { log, width, settings }] of leaders.entries()) {
      for (const [reader, { applied }] of leaders.entries()) {
        if (reader === author || !this.run.isLive(reader) || !this.run.isLive(author)) continue;
        const lacks = applied[author]!;
        let index = log.base;
        const end = logEnd(log);
        if (!settings.relays && index < end)
          index = Math.max(index, index + lacks + 1 - log.words[entryAt(log, index, width) + SEQUENCE]!);
        for (; index < end; index++) {
          const at = entryAt(log, index, width);
          if (log.words[at + ORIGIN] === author && log.words[at + SEQUENCE]! > lacks) break;
        }
        if (index >= end) continue;
        lagUs[author * leaders.length + reader] = this.run.nowUs() - appliedUs(log, index);
      }
    }
    for (const [pair, each] of lagsUs.entries()) each.record(lagUs[pair]!);
    for (const leader of leaders) this.forget(leader);
  }

  private forget({ log, width, links, targets }: Leader): void {
    const end = logEnd(log);
    let index = log.base;
    for (; index < end; index++) {
      const at = entryAt(log, index, width);
      const origin = log.words[at + ORIGIN]!;
      const sequence = log.words[at + SEQUENCE]!;
      if (this.leaders.some(({ applied }) => applied[origin]! < sequence)) break;
    }
    for (const peer of targets) {
      const { state, confirmed } = links[peer]!;
      if (linkState(state) !== 'closed' && confirmed < index) index = confirmed;
    }
    forgetBefore(log, index);
  }

  /** Writes that only leaders have which are down, in the order in which each made them. */
  private missing(): { readonly number: number; readonly atUs: number; readonly leader: number }[] {
    const { isLive } = this.run;
    return this.leaders
      .flatMap(({ log, width }, leader) => {
        if (isLive(leader)) return [];
        const held = Math.max(
          0,
          ...this.leaders.map(({ applied }, other) => (isLive(other) ? applied[leader]! : 0)),
        );
        const lost: { number: number; atUs: number; leader: number }[] = [];
        for (let index = log.base; index < logEnd(log); index++) {
          const at = entryAt(log, index, width);
          if (log.words[at + ORIGIN] !== leader || log.words[at + SEQUENCE]! <= held) continue;
          const number = log.words[at + NUMBER]!;
          if (this.thrownAway.isAcknowledged(number))
            lost.push({ number, atUs: appliedUs(log, index), leader });
        }
        return lost;
      })
      .sort((one, other) => one.atUs - other.atUs);
  }

  loss(): Loss {
    const lost = this.missing();
    return { writes: lost.length, fromUs: lost[0]?.atUs ?? 0, toUs: lost.at(-1)?.atUs ?? 0 };
  }

  lostNumbers(): number[] {
    return this.missing().map(({ number }) => number);
  }

  verdicts(drained: boolean): Verdict[] {
    const { updatesBeforeInserts: count } = this.counts;
    return [
      this.lostWrites(),
      this.divergence(drained),
      this.thrownAway.verdict(this.hiddenWrites()),
      {
        name: 'update-before-insert',
        result: count === 0 ? 'ok' : 'violation',
        count,
        witness: this.firstUpdateFirst,
      },
    ];
  }

  /** An effect that shows before its cause. */
  private updateFirst(atUs: number, member: number, author: number, key: number, sequence: number): Witness {
    const { names } = this.run;
    const update = writeOf(this.leaders[author]!, sequence);
    const insert = insertBehind(this.leaders, author, sequence, key);
    return {
      atMs: atUs / 1000,
      story: [
        insert === null
          ? `somebody inserted row ${key}`
          : `${names[insert.author]!} inserted row ${key} (write ${insert.number})`,
        `${names[author]!} had seen that when it changed the row (write ${update})`,
        `at ${atUs / 1000} ms ${names[member]!} was given that change, and the insert had not come there yet`,
      ],
      operations: [insert?.number ?? 0, update].filter((number) => number > 0),
    };
  }

  /** Which leader keeps one of two writes and throws the other away, and why. */
  private whyKept(member: number, key: number, column: number) {
    const resolver = resolverNames[tableOf(this.leaders[member]!.settings, key).resolvers[column]!]!;
    const because =
      resolver === 'pgd'
        ? 'as pgd has it'
        : `whose stamp is ${resolver === 'first-writer' ? 'older' : 'newer'}`;
    return { by: this.run.names[member]!, because };
  }

  private lostWrites(): Verdict {
    const lost = this.missing();
    const [first] = lost;
    const story = (): string[] => [
      `at ${first!.atUs / 1000} ms ${this.run.names[first!.leader]!} made write ${first!.number} and acknowledged it`,
      'it is down, and no live leader has been sent it',
    ];
    return {
      name: 'lost-writes',
      result: first === undefined ? 'ok' : 'violation',
      count: lost.length,
      witness:
        first === undefined ? null : { atMs: first.atUs / 1000, story: story(), operations: [first.number] },
    };
  }

  /** Every column of every row; every row where conflicts are the row's. */
  private *cells(): Generator<{
    readonly table: TableSpec;
    readonly key: number;
    readonly column: number;
    readonly resolver: ResolverName;
  }> {
    for (const table of this.spec.tables)
      for (let key = table.firstKey; key < table.firstKey + table.rows; key++)
        for (const [column, resolver] of table.resolvers.entries()) yield { table, key, column, resolver };
  }

  /** Cells in which live leaders show different things when nothing is under way any more. */
  private divergence(drained: boolean): Verdict {
    const { names, nowUs, isLive } = this.run;
    const live = [...this.leaders.keys()].filter((leader) => isLive(leader));
    let count = 0;
    let story: string[] = [];
    let changes: readonly Change[] = [];
    for (const { table, key, column, resolver } of live.length < 2 ? [] : this.cells()) {
      const first = this.leaders[live[0]!]!.rows;
      const cell = cellAt(first, key, column);
      const keepsBoth = resolver === 'keep-both';
      if (live.every((leader) => showSame(first, this.leaders[leader]!.rows, cell, keepsBoth))) continue;
      if (count++ > 0) continue;
      const where = `key ${key}${table.resolvers.length === 1 ? '' : `, column ${column}`}`;
      changes = changesBehind(this.leaders, live, key, column, cell, resolver);
      const merge = table.merges[column] ?? null;
      story = [
        ...live.map(
          (leader) => `${names[leader]!} shows ${this.shownIn(leader, cell, resolver)} under ${where}`,
        ),
        ...this.whoLacks(changes, live),
        ...(merge === null ? [] : lawsBroken(merge)),
      ];
    }
    return {
      name: 'divergence',
      result: count === 0 ? 'ok' : drained ? 'violation' : 'unknown',
      count,
      witness:
        count === 0 ? null : { atMs: nowUs() / 1000, story, operations: changes.map(({ number }) => number) },
    };
  }

  private shownIn(leader: number, cell: number, resolver: ResolverName): string {
    const { rows } = this.leaders[leader]!;
    const value = rows.cells[cell + SHOWN_VALUE]!;
    if (!isThere(rows, cell))
      return rows.cells[cell + SHOWN_DELETED] === 1 ? `a row deleted by write ${value}` : 'nothing';
    const states = this.statesOf(resolver);
    if (states !== null) return JSON.stringify(states.valuesOf(value));
    if (resolver === 'union') return JSON.stringify(itemsIn(value));
    if (!carriesNumbers(resolver)) return String(value);
    const siblings = countOfSlots(rows, cell);
    const others = resolver === 'keep-both' && siblings > 1 ? `, one of ${siblings}` : '';
    return `write number ${value}${others}`;
  }

  /** Whom the writes behind a difference have not come to. */
  private whoLacks(changes: readonly Change[], live: readonly number[]): string[] {
    const { names } = this.run;
    const lacks = changes.flatMap(({ author, sequence, number }) => {
      const without = live.filter((leader) => this.leaders[leader]!.applied[author]! < sequence);
      if (without.length === 0) return [];
      const them = without.map((leader) => names[leader]!).join(', ');
      return [`write ${number}, which ${names[author]!} took, has not come to ${them}`];
    });
    if (lacks.length > 0 || changes.length === 0) return lacks;
    return ['each of them has been given every write named here'];
  }

  /** Rows that a leader that lives has and does not show. `keeper`: the row that has its value, −1 where that is not why. */
  private *hiddenRows(): Generator<{
    readonly table: TableSettings;
    readonly key: number;
    readonly leader: Leader;
    readonly keeper: number;
  }> {
    const leader = this.leaders.find((_, index) => this.run.isLive(index));
    for (const table of leader?.settings.tables ?? []) {
      if (!table.isConstrained) continue;
      const losers = table.unique?.rule === 'reject' ? losersOf(leader!, table) : none;
      for (let key = table.firstKey; key < table.firstKey + table.rows; key++) {
        const isDropped = table.parent?.rule === 'drop-child' && isOrphan(leader!, table, key);
        if (losers.has(key) || isDropped)
          yield { table, key, leader: leader!, keeper: losers.get(key) ?? -1 };
      }
    }
  }

  private *hiddenWrites(): Generator<HiddenWrite> {
    const atMs = this.run.nowUs() / 1000;
    for (const { table, key, leader, keeper } of this.hiddenRows()) {
      const { rows } = leader;
      const hides = keeper < 0 ? parentOf(leader, table, key) : keeper;
      const by = rows.cells[cellAt(rows, hides, keeper < 0 ? 0 : table.unique!.column) + SHOWN_VALUE]!;
      const why =
        keeper < 0
          ? `row ${hides}, which it refers to, was deleted by write ${by}`
          : `row ${hides} was given the same value later, by write ${by}`;
      for (const [column, resolver] of table.resolvers.entries()) {
        const cell = cellAt(rows, key, column);
        if (isThere(rows, cell) && carriesNumbers(resolverNames[resolver]!))
          yield { number: rows.cells[cell + SHOWN_VALUE]!, by, key, atMs, why };
      }
    }
  }

  private constraints(): MultiLeaderSummary['constraints'] {
    const leader = this.leaders.find((_, index) => this.run.isLive(index));
    if (leader === undefined || !leader.settings.tables.some(({ isConstrained }) => isConstrained))
      return null;
    const counts = {
      rejected: 0,
      renamed: 0,
      duplicates: 0,
      orphans: 0,
      droppedChildren: 0,
      restoredParents: 0,
    };
    for (const table of leader.settings.tables) {
      if (!table.isConstrained) continue;
      if (table.unique !== null) counts[uniqueOutcomes[table.unique.rule]] += losersOf(leader, table).size;
      for (let key = table.firstKey; key < table.firstKey + table.rows; key++) {
        if (isRestored(leader, table, key)) counts.restoredParents++;
        if (!isOrphan(leader, table, key)) continue;
        const { rule } = table.parent!;
        if (rule === 'keep-orphan') counts.orphans++;
        else if (rule === 'drop-child') counts.droppedChildren++;
      }
    }
    return counts;
  }

  multiLeader(): MultiLeaderSummary {
    const { counts, conflicts, spec, leaders } = this;
    const [insertInsert, updateUpdate, updateDelete, deleteDelete] = conflicts as [
      number,
      number,
      number,
      number,
    ];
    return {
      streams: streamsOf(spec.exchange, leaders.length),
      conflicts: {
        insertInsert,
        updateUpdate,
        updateDelete,
        deleteDelete,
        uniqueKey: this.uniqueKeyConflicts,
        foreignKey: this.foreignKeyConflicts,
        all:
          insertInsert +
          updateUpdate +
          updateDelete +
          deleteDelete +
          this.uniqueKeyConflicts +
          this.foreignKeyConflicts,
      },
      ...counts,
      ...this.outcomeOfRows(),
      constraints: this.constraints(),
      lag: this.lags(),
    };
  }

  private statesOf(resolver: ResolverName): CrdtStates | null {
    return this.states[resolverNames.indexOf(resolver)]!;
  }

  private outcomeOfRows(): Pick<
    MultiLeaderSummary,
    'siblings' | 'partialRows' | 'overdrawn' | 'itemsBack' | 'crdt'
  > {
    const { leaders, run } = this;
    const [live] = [...leaders.keys()].filter((leader) => run.isLive(leader));
    let siblings = 0;
    let accounts = 0;
    let lowest = 0;
    let partialRows = 0;
    let itemsBack = 0;
    const crdt = { bytes: 0, metadataBytes: 0 };
    for (const { table, key, column, resolver } of live === undefined ? [] : this.cells()) {
      const { rows } = leaders[live]!;
      const cell = cellAt(rows, key, column);
      if (column === 0 && isPartial(rows, table, key)) partialRows++;
      const shown = rows.cells[cell + SHOWN_VALUE]!;
      const states = this.statesOf(resolver);
      if (states !== null) {
        crdt.metadataBytes += states.metadataBytes(shown);
        crdt.bytes += states.bytes(shown);
      }
      const versions = resolver === 'keep-both' ? countOfSlots(rows, cell) : (states?.siblingsIn(shown) ?? 1);
      if (versions > 1) siblings++;
      if (holdsItems(resolver))
        itemsBack += this.cartItems.back(packCell(key, column), states?.read(shown) ?? shown);
      const { account } = table;
      if (account === null || !takesWithdrawals(resolver)) continue;
      const balance = states === null ? shown : account.opening + states.read(shown);
      if (balance >= 0) continue;
      accounts++;
      lowest = Math.min(lowest, balance);
    }
    const carried = leaders.reduce((sum, { carriedBytes }) => sum + carriedBytes, 0);
    return {
      siblings,
      partialRows,
      itemsBack,
      overdrawn: { accounts, lowest },
      crdt: this.states.every((states) => states === null) ? null : { ...crdt, carriedBytes: carried },
    };
  }

  private lags(): MultiLeaderSummary['lag'] {
    return this.pairs().map(({ from, to, pair }) => {
      const lags = this.lagsUs[pair]!;
      const ms = (us: number | undefined) => (us ?? 0) / 1000;
      return {
        from,
        to,
        meanMs: ms(lags.mean),
        p50Ms: ms(lags.quantile(0.5)),
        p99Ms: ms(lags.quantile(0.99)),
        maxMs: ms(lags.max),
      };
    });
  }

  /** Every pair of leaders, in each direction, and where what is told of it is found. */
  private pairs(): { readonly from: string; readonly to: string; readonly pair: number }[] {
    const { leaders } = this;
    const { names } = this.run;
    return leaders.flatMap((_, from) =>
      leaders.flatMap((__, to) =>
        from === to ? [] : [{ from: names[from]!, to: names[to]!, pair: from * leaders.length + to }],
      ),
    );
  }

  pairLags(): PairLag[] {
    return this.pairs().map(({ from, to, pair }) => ({ from, to, lagUs: this.lagUs[pair]! }));
  }

  operation(fault: OperatorFault): Operation | string {
    if (fault.type === 'promote') {
      const promoted = this.run.names.indexOf(fault.node);
      if (!this.leaders[promoted]!.follows) return `${fault.node} takes writes already`;
      return { actor: promoted, a: ACT_PROMOTE, b: 0, c: 0, d: 0 };
    }
    if (fault.type !== 'change-schema') return 'every leader takes writes and has a log of its own';
    const { node, does } = fault;
    const actor = this.run.names.indexOf(node);
    const why = whyNotSchema(this.leaders[actor]!, node, does);
    return why ?? { actor, a: schemaActs.indexOf(does) + 1, b: 0, c: 0, d: 0 };
  }

  roles(): NodeRole[] {
    const all = this.leaders.reduce(
      (sum, _, author) => sum + Math.max(...this.leaders.map(({ applied }) => applied[author]!)),
      0,
    );
    return this.leaders.map(({ applied, inbox, heldBackCount, links, targets, follows }) => {
      const count = applied.reduce((sum, each) => sum + each, 0);
      const streamsThatAre = (is: string) =>
        targets.filter((peer) => linkState(links[peer]!.state) === is).length;
      const silent = streamsThatAre('silent');
      const stopped = streamsThatAre('stopped');
      return {
        role: follows ? 'follower' : 'leader',
        state: `${follows ? 'serves reads' : 'takes writes'}${silent === 0 ? '' : `, ${silent} cut off`}${stopped === 0 ? '' : `, ${stopped} stopped`}`,
        term: 0,
        writtenLsn: count + inbox.count + heldBackCount,
        flushedLsn: count,
        appliedLsn: count,
        believedLeader: null,
        changes: { all, received: Math.min(all, count + inbox.count + heldBackCount), applied: count },
      };
    });
  }

  streams(): StreamView[] {
    const { names } = this.run;
    return this.leaders.flatMap(({ links, targets, log }, from) =>
      targets.flatMap((to) => {
        const { state, confirmed } = links[to]!;
        const is = linkState(state);
        if (is === 'closed') return [];
        return {
          from: names[from]!,
          to: names[to]!,
          state: is !== 'streaming' ? 'disconnected' : confirmed < logEnd(log) ? 'catch-up' : 'streaming',
          syncState: 'async',
          sentBytes: 0,
        };
      }),
    );
  }

  helpers(): HelperState[] {
    return [];
  }
}

function tableSettings(
  { firstKey, rows, columns, resolvers, merges, deletes, account, unique, parent }: TableSpec,
  index: number,
  tables: readonly TableSpec[],
): TableSettings {
  const children = tables.flatMap((table, child) => (table.parent?.table === index ? [child] : []));
  return {
    firstKey,
    rows,
    columns,
    cellsPerRow: resolvers.length,
    resolvers: Uint8Array.from(resolvers, (name) => resolverNames.indexOf(name)),
    merges: Int32Array.from(merges, (name) => (name === null ? -1 : mergesIn(tables).indexOf(name))),
    isWhole: resolvers.every(carriesNumbers),
    holdsItems: Uint8Array.from(resolvers, (name) => (holdsItems(name) ? 1 : 0)),
    deleteThreshold: thresholdOf(deletes),
    account,
    unique,
    parent,
    children,
    isConstrained: unique !== null || parent !== null || children.length > 0,
  };
}

/** Names of merge functions, each once. */
function mergesIn(tables: readonly TableSpec[]): string[] {
  return [...new Set(tables.flatMap(({ merges }) => merges))].filter((name) => name !== null);
}

const none: ReadonlyMap<number, number> = new Map();

const uniqueOutcomes = { reject: 'rejected', rename: 'renamed', keep: 'duplicates' } as const;

/** Which columns writes set, by group: each set that a group names is a shape of its own, after the single columns and all. */
function shapesOf(
  { tables, lastColumnLater }: MultiLeaderSpec,
  named: readonly (number | undefined)[],
): Pick<LeaderSettings, 'shapes' | 'columnsOfShape' | 'laterColumn' | 'shapeOfOthers'> {
  const singles = Array.from({ length: columnsMost }, (_, column) => 1 << column);
  const laterColumn = lastColumnLater ? 1 << (tables[0]!.columns - 1) : 0;
  const others = lastColumnLater ? laterColumn - 1 : (1 << columnsMost) - 1;
  const shapes = [...singles, (1 << columnsMost) - 1, ...setsOfSeveral([...named, others])];
  return {
    columnsOfShape: Uint8Array.from({ length: shapesMost }, (_, shape) => shapes[shape] ?? 0),
    shapes: Int32Array.from(named, (set) => (set === undefined ? -1 : shapes.indexOf(set))),
    laterColumn,
    shapeOfOthers: shapes.indexOf(others),
  };
}

/** Whether a row is there in some columns and deleted in others: an update of those was newer than the delete, or not seen by it. */
function isPartial(rows: Rows, { resolvers }: TableSpec, key: number): boolean {
  let there = 0;
  let deleted = 0;
  for (let column = 0; column < resolvers.length; column++) {
    const cell = cellAt(rows, key, column);
    if (isThere(rows, cell)) there++;
    deleted += rows.cells[cell + SHOWN_DELETED]!;
  }
  return there > 0 && deleted > 0;
}

/** Items of a cart, a bit each. */
function itemsIn(cart: number): number[] {
  return Array.from({ length: 31 }, (_, item) => item).filter((item) => (cart & (1 << item)) !== 0);
}

/** Why leaders with one merge function may differ. */
function lawsBroken(name: string): string[] {
  const { commutative, associative } = mergeLaws(mergeNamed(name));
  return [
    ...(commutative === null ? [] : [`it matters to merge function ${name} which comes: ${commutative}`]),
    ...(associative === null
      ? []
      : [`it matters to merge function ${name} in what order several come: ${associative}`]),
  ];
}
