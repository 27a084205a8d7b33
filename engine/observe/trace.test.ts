import { expect, test } from 'vitest';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { FaultDocument, ScenarioSource } from '../scenario/schema.ts';
import { exchangeStates, schemaActs } from '../topologies/multi-leader/messages.ts';
import { describeFault, describeTraceEntry, type Message, type TraceEntry } from './trace.ts';

/** One message of every type: TypeScript asks for a new one when one is added. */
const messages: { readonly [Type in Message['type']]: Extract<Message, { type: Type }> } = {
  read: { type: 'read', operation: 4, key: 7 },
  delete: { type: 'delete', operation: 7, key: 3 },
  write: { type: 'write', operation: 5, key: 7 },
  'read-ok': { type: 'read-ok', operation: 4, term: 1, lsn: 9, value: 2 },
  'write-ok': { type: 'write-ok', operation: 5, term: 1, lsn: 9 },
  refused: { type: 'refused', operation: 5, leader: 1 },
  behind: { type: 'behind', operation: 4 },
  route: { type: 'route', leader: 0, term: 2, live: 3 },
  hello: { type: 'hello', term: 2, lastTerm: 1, lsn: 9 },
  point: { type: 'point', term: 2, newestTerm: 1, lsn: 8, askedTerm: 1, askedLsn: 9 },
  stream: { type: 'stream', term: 2, afterLsn: 8, flushedLsn: 8, replayedLsn: 7 },
  append: { type: 'append', term: 2, recordTerm: 2, lsn: 9, key: 7, value: 5 },
  confirm: { type: 'confirm', term: 2, flushedLsn: 9, replayedLsn: 8, writtenLsn: 9 },
  keepalive: { type: 'keepalive', term: 2, sentLsn: 9, safeLsn: 8 },
  probe: { type: 'probe', term: 2, leader: 0 },
  alive: { type: 'alive', term: 2 },
  ask: { type: 'ask', term: 3 },
  position: { type: 'position', term: 3, flushedTerm: 2, flushedLsn: 8, lsn: 9 },
  promote: { type: 'promote', term: 3 },
  promoted: { type: 'promoted', term: 3, lsn: 9 },
  lease: { type: 'lease', term: 2, round: 5 },
  grant: { type: 'grant', term: 2, round: 5 },
  land: { type: 'land', token: 2, lsn: 9, value: 5 },
  doubted: { type: 'doubted', term: 2 },
  opinion: { type: 'opinion', term: 2, agrees: true },
  canvass: { type: 'canvass', epoch: 3 },
  ballot: { type: 'ballot', epoch: 3, granted: false },
  greeting: { type: 'greeting', term: 1 },
  'read-key': { type: 'read-key', term: 1 },
  renew: { type: 'renew', term: 1, positionKib: 9 },
  'key-renewed': { type: 'key-renewed', term: 1 },
  'key-lost': { type: 'key-lost', term: 2 },
  'key-free': { type: 'key-free', term: 1, positionKib: 9 },
  claim: { type: 'claim', term: 1 },
  compare: { type: 'compare', term: 1, flushedLsn: 9 },
  compared: { type: 'compared', term: 1, flushedLsn: 8 },
  rejected: { type: 'rejected', token: 3, lsn: 9 },
  'power-off': { type: 'power-off', machine: 0 },
  off: { type: 'off', machine: 0 },
  leads: { type: 'leads', term: 3, leader: 1 },
  closed: { type: 'closed', term: 3 },
  recycled: { type: 'recycled', term: 3, lsn: 9 },
  backup: { type: 'backup', term: 3 },
  'copy-begin': { type: 'copy-begin', term: 3, lsn: 9 },
  'copy-term': { type: 'copy-term', term: 3, lsn: 9, of: 2 },
  'copy-row': { type: 'copy-row', term: 3, lsn: 9, key: 7 },
  'copy-end': { type: 'copy-end', term: 3, lsn: 9, rows: 1 },
  'vote-request': { type: 'vote-request', term: 3, lastTerm: 2, lastLsn: 9 },
  'pre-vote-request': { type: 'pre-vote-request', term: 3, lastTerm: 2, lastLsn: 9 },
  vote: { type: 'vote', term: 3, granted: true },
  'pre-vote': { type: 'pre-vote', term: 3, granted: false },
  heartbeat: { type: 'heartbeat', term: 3, committedLsn: 8, round: 5, safeLsn: 7, matchLsn: 8 },
  'heartbeat-answer': { type: 'heartbeat-answer', term: 3, round: 5, agreedLsn: 9, flushedLsn: 8 },
  entry: { type: 'entry', term: 3, lsn: 9, entryTerm: 3, previousTerm: 2, key: null, value: 0 },
  'entry-taken': { type: 'entry-taken', term: 3, lsn: 9 },
  'entry-rejected': { type: 'entry-rejected', term: 3, lsn: 9, hintTerm: 1, hintLsn: 6 },
  commit: { type: 'commit', term: 3, lsn: 9 },
  propose: { type: 'propose', operation: 5, key: null, seenLsn: 0 },
  'timed-out': { type: 'timed-out', operation: 5 },
  ping: { type: 'ping' },
  pong: { type: 'pong' },
  mutate: { type: 'mutate', serial: 3, key: 7, stampMs: 12.5, value: 5 },
  received: { type: 'received', serial: 3 },
  mutated: { type: 'mutated', serial: 3 },
  fetch: { type: 'fetch', serial: 4, key: 7 },
  fetched: { type: 'fetched', serial: 4, stampMs: null, value: 0 },
  repair: { type: 'repair', serial: 4, key: 7, stampMs: 12.5, value: 5 },
  repaired: { type: 'repaired', serial: 4 },
  hint: { type: 'hint', number: 2, key: 7, stampMs: 12.5, value: 5 },
  hinted: { type: 'hinted', number: 2 },
  'stand-in': { type: 'stand-in', serial: 3, key: 7, stampMs: null, value: 9, siblings: [3, 5] },
  gossip: { type: 'gossip' },
  forward: { type: 'forward', operation: 5, key: 7 },
  'compare-hash': { type: 'compare-hash', session: 3, at: 17 },
  'hash-compared': { type: 'hash-compared', session: 3, at: 17, same: true },
  'stream-version': { type: 'stream-version', key: 7, stampMs: 12.5, value: 5, tombstone: true },
  'prepare-ballot': { type: 'prepare-ballot', step: 3, key: 7, ballotMs: 12.5 },
  'ballot-promised': { type: 'ballot-promised', step: 3, accepted: 5 },
  'ballot-declined': { type: 'ballot-declined', step: 3, ballotMs: 12.5 },
  'propose-version': { type: 'propose-version', step: 4, key: 7, ballotMs: 12.5, value: 5 },
  'version-accepted': { type: 'version-accepted', step: 4 },
  'commit-version': { type: 'commit-version', step: 5, key: 7, stampMs: 12.5, value: 5 },
  'version-committed': { type: 'version-committed', step: 5 },
  'version-streamed': { type: 'version-streamed' },
  change: {
    type: 'change',
    operation: 7,
    author: 0,
    sequence: 3,
    does: 'update',
    key: 7,
    column: 0,
    value: 5,
    stampMs: 12.5,
  },
  'change-context': { type: 'change-context', seen: [3, 0, 2, 0] },
  have: { type: 'have', author: 0, sequence: 3 },
  missed: { type: 'missed', author: 0, sequence: 3 },
  unfit: { type: 'unfit' },
  greet: { type: 'greet' },
  has: { type: 'has', onDisk: true },
};

const faults: { readonly [Type in FaultDocument['type']]: Extract<FaultDocument, { type: Type }> } = {
  crash: { type: 'crash', node: 'a', atMs: 1 },
  restart: { type: 'restart', node: 'a', atMs: 1 },
  pause: { type: 'pause', node: 'a', atMs: 1 },
  resume: { type: 'resume', node: 'a', atMs: 1 },
  cut: { type: 'cut', from: ['a'], to: ['b', 'c'], oneWay: false, atMs: 1 },
  heal: { type: 'heal', atMs: 1 },
  'slow-link': { type: 'slow-link', from: ['a'], to: ['b'], oneWay: true, extraMs: 20, atMs: 1 },
  'lossy-link': {
    type: 'lossy-link',
    from: ['a'],
    to: ['b'],
    oneWay: false,
    loss: 0.07,
    duplication: 0.29,
    atMs: 1,
  },
  'slow-disk': { type: 'slow-disk', node: 'a', extraMs: 5, atMs: 1 },
  promote: { type: 'promote', node: 'b', atMs: 1 },
  'clock-skew': { type: 'clock-skew', node: 'a', skewMs: 40, driftPpm: 100, atMs: 1 },
  'huge-transaction': { type: 'huge-transaction', bytes: 1_000_000, key: 0, atMs: 1 },
  'long-query': { type: 'long-query', node: 'b', forMs: 1000, conflict: 'cleanup', atMs: 1 },
  'change-schema': { type: 'change-schema', node: 'a', does: 'add', atMs: 1 },
  'cancel-waits': { type: 'cancel-waits', node: 'a', atMs: 1 },
};

const at = { atMs: 12.5 };
const ended = {
  ...at,
  type: 'ended',
  client: 'app',
  operation: 5,
  key: 7,
  latencyMs: 3,
  stale: false,
} as const;
const entries: readonly TraceEntry[] = [
  ...Object.values(messages).flatMap((message): TraceEntry[] => [
    { ...at, type: 'sent', from: 'a', to: 'b', message, arrivesMs: 13 },
    { ...at, type: 'delivered', from: 'a', to: 'b', message },
    { ...at, type: 'dropped', from: 'a', to: 'b', message, why: 'lost' },
  ]),
  { ...at, type: 'dropped', from: 'a', to: 'b', message: messages.alive, why: 'cut' },
  { ...at, type: 'dropped', from: 'a', to: 'b', message: messages.alive, why: 'down' },
  { ...at, type: 'timer', node: 'a', timer: 'keepalive' },
  { ...at, type: 'flushed', node: 'a', lsn: 9 },
  { ...at, type: 'crashed', node: 'a' },
  { ...at, type: 'tombstone-purged', node: 'a', key: 7, stampMs: 2.5 },
  {
    ...at,
    type: 'sibling-written',
    node: 'a',
    key: 7,
    value: 5,
    event: '{a: 2}',
    context: '{a: 1}',
    siblings: [3, 5],
  },
  { ...at, type: 'siblings-read', node: 'a', key: 7, siblings: [3, 5] },
  { ...at, type: 'restarted', node: 'a' },
  { ...at, type: 'started', node: 'a' },
  { ...at, type: 'operated', node: 'a' },
  ...Object.values(faults).map((fault): TraceEntry => ({ ...at, type: 'fault', fault, ended: false })),
  { ...at, type: 'leading', node: 'a', term: 2, lastLsn: 9 },
  { ...at, type: 'following', node: 'a', term: 2, leader: 'b' },
  { ...at, type: 'following', node: 'a', term: 2, leader: null },
  { ...at, type: 'discarded', node: 'a', term: 1, lsn: 9, key: 7, value: 5 },
  { ...at, type: 'stream', from: 'a', to: 'b', state: 'catch-up' },
  { ...at, type: 'snapshot', node: 'a', lsn: 9, throughLsn: 4 },
  { ...at, type: 'snapshot-sent', node: 'a', to: 'b', lsn: 9 },
  { ...at, type: 'snapshot-installed', node: 'b', lsn: 9 },
  { ...at, type: 'suspected', by: 'manager', node: 'a', term: 2 },
  { ...at, type: 'zombie-rejected', node: 'a', token: 1, lsn: 9 },
  { ...at, type: 'powered-off', node: 'a' },
  { ...at, type: 'lease', node: 'a', term: 2, held: true },
  { ...at, type: 'lease', node: 'a', term: 2, held: false },
  { ...at, type: 'chosen', by: 'observer-1', node: 'b', term: 2 },
  { ...at, type: 'doubted', by: 'observer-1', node: 'a', term: 1 },
  { ...at, type: 'held-for-down', by: 'a', node: 'b', down: true },
  { ...at, type: 'held-for-down', by: 'a', node: 'b', down: false },
  { ...at, type: 'unavailable', node: 'a', kind: 'write', key: 7 },
  { ...at, type: 'coordination-timed-out', node: 'a', kind: 'read', key: 7, silent: ['b', 'c'] },
  { ...at, type: 'digests-differ', node: 'a', key: 7 },
  { ...at, type: 'hint-handed-over', node: 'a', to: 'b' },
  { ...at, type: 'hint-expired', node: 'a', for: 'b' },
  { ...at, type: 'hint-kept', node: 'a', for: 'b', key: 7, value: 5 },
  { ...at, type: 'handoff', node: 'a', to: 'b', over: false, hints: 3 },
  { ...at, type: 'handoff', node: 'a', to: 'b', over: true, hints: 0 },
  { ...at, type: 'read-repair', node: 'a', key: 7, behind: ['b'], first: true },
  { ...at, type: 'read-repair', node: 'a', key: 7, behind: ['b'], first: false },
  { ...at, type: 'ballot-lost', node: 'a', kind: 'write', key: 7, to: 'b' },
  { ...at, type: 'conditional-write', node: 'a', key: 7, found: 4, value: 5 },
  { ...at, type: 'conditional-write', node: 'a', key: 7, found: 0, value: 5 },
  { ...at, type: 'proposal-taken-over', node: 'a', key: 7, value: 5 },
  { ...at, type: 'serial-given-up', node: 'a', kind: 'write', key: 7, ballots: 3 },
  { ...at, type: 'repair-session', node: 'a', with: 'b', keys: 3, rounds: 4, bytes: 900 },
  { ...at, type: 'repair-session', node: 'a', with: 'b', keys: 3, rounds: null, bytes: 900 },
  ...(['came', 'there', 'both'] as const).map(
    (stays): TraceEntry => ({
      ...at,
      type: 'conflict',
      node: 'c',
      key: 7,
      column: null,
      kind: 'update-update',
      came: 'a',
      there: 'b',
      stays,
    }),
  ),
  { ...at, type: 'thrown-away', node: 'a', key: 7, column: 1, value: 5, stays: 6 },
  { ...at, type: 'change-skipped', node: 'a', author: 'b', key: 7, value: 5 },
  { ...at, type: 'update-before-insert', node: 'a', author: 'b', key: 7 },
  { ...at, type: 'held-back', node: 'a', author: 'b', sequence: 3, for: 'c' },
  { ...at, type: 'change-known', node: 'a', author: 'b', sequence: 3 },
  { ...at, type: 'change-known', node: 'a', author: 'a', sequence: 3 },
  ...exchangeStates.map((state): TraceEntry => ({ ...at, type: 'exchange', from: 'a', to: 'b', state })),
  { ...at, type: 'rows-conflict', node: 'a', kind: 'unique-key', key: 7, other: 8, came: 'b', there: 'a' },
  { ...at, type: 'rows-conflict', node: 'a', kind: 'foreign-key', key: 7, other: 8, came: 'b', there: 'a' },
  { ...at, type: 'write-forbidden', node: 'a', key: 7, reason: 'its value is taken' },
  { ...at, type: 'item', node: 'a', key: 7, column: null, item: 3, does: 'put in' },
  { ...at, type: 'item', node: 'a', key: 7, column: 1, item: 3, does: 'taken out' },
  { ...at, type: 'withdrawal-refused', node: 'a', key: 7, balance: 20 },
  ...[true, false].map(
    (passes): TraceEntry => ({
      ...at,
      type: 'certified',
      node: 'a',
      author: 'b',
      lsn: 9,
      operation: 5,
      key: 7,
      seenLsn: 8,
      passes,
    }),
  ),
  { ...at, type: 'row-held', node: 'a', operation: 5, key: 7 },
  { ...at, type: 'turned-away', node: 'a', operation: 5 },
  ...(['together', 'apart', 'refusing'] as const).map(
    (state): TraceEntry => ({ ...at, type: 'contact', node: 'a', state }),
  ),
  ...[true, false].map((connected): TraceEntry => ({ ...at, type: 'connection', node: 'a', connected })),
  { ...at, type: 'change-unfit', node: 'a', author: 'b', sequence: 3 },
  { ...at, type: 'no-column', node: 'a' },
  { ...at, type: 'takes-writes', node: 'a' },
  ...schemaActs.map((does): TraceEntry => ({ ...at, type: 'schema', node: 'a', does })),
  { ...at, type: 'began', client: 'app', operation: 5, kind: 'write', key: 7 },
  { ...ended, kind: 'write', outcome: 'ok', lsn: 9 },
  { ...ended, kind: 'write', outcome: 'fail', lsn: null },
  { ...ended, kind: 'write', outcome: 'info', lsn: null },
  { ...ended, kind: 'read', outcome: 'ok', lsn: 9, stale: true },
  { ...ended, kind: 'read', outcome: 'ok', lsn: 0 },
  { ...ended, kind: 'read', outcome: 'ok', lsn: 9, stampMs: 12.5 },
  { ...ended, kind: 'write', outcome: 'ok', lsn: 9, stampMs: 12.5 },
  { ...at, type: 'discarded-write', operation: 5, winner: 6 },
  { ...at, type: 'drain' },
  { ...at, type: 'lost', operation: 5 },
  { ...at, type: 'drained', settled: true },
  { ...at, type: 'drained', settled: false },
];

test('every entry is one sentence of its own, which names who and what', () => {
  const sentences = entries.map(describeTraceEntry);
  for (const sentence of sentences) {
    expect(sentence).toMatch(/^[^\s].*[^\s.]$/);
    expect(sentence).not.toMatch(/undefined|NaN|null|\[object|\d\.\d{4}/);
    expect(sentence.split(' ').length).toBeGreaterThan(1);
  }
  expect(new Set(sentences).size).toBe(sentences.length);
});

test('they read as English', () => {
  const say = (entry: Omit<TraceEntry, 'atMs'>) => describeTraceEntry({ ...at, ...entry } as TraceEntry);
  expect(say({ type: 'delivered', from: 'a', to: 'b', message: messages.append } as TraceEntry)).toBe(
    'b receives record 9 of term 2 (write 5 of key 7) from a',
  );
  expect(
    say({ type: 'dropped', from: 'a', to: 'b', message: messages['write-ok'], why: 'cut' } as TraceEntry),
  ).toBe('the acknowledgement of write 5 (record 9) from a to b cannot pass: the link is cut');
  expect(say({ ...ended, kind: 'write', outcome: 'info', lsn: null } as TraceEntry)).toBe(
    "app's write of key 7 (operation 5) is given up after 3 ms: it may have happened",
  );
  expect(say({ ...ended, kind: 'read', outcome: 'ok', lsn: 0 } as TraceEntry)).toBe(
    "app's read of key 7 (operation 5) returns nothing after 3 ms",
  );
});

test('faults: what begins, what is over, and who is meant', () => {
  expect(Object.values(faults).map((fault) => describeFault(fault, false))).toMatchInlineSnapshot(`
    [
      "fault: a is crashed",
      "fault: a is started again",
      "fault: a is paused",
      "fault: a goes on",
      "fault: every link between a and b, c is cut",
      "fault over: every link heals",
      "fault: every link from a to b takes 20 ms longer",
      "fault: every link between a and b loses 7% and doubles 29% of messages",
      "fault: a's disk takes 5 ms longer for every fsync",
      "an operator promotes b",
      "fault: a's clock is off by 40 ms and drifts by 100 ppm",
      "one transaction of 1000000 bytes commits at the leader",
      "somebody asks a query on b that takes 1000 ms",
      "an operator at a: the table gets its last column",
      "operator: every write that waits for followers at a is let go",
    ]
  `);
  const lasting = (['crash', 'pause', 'cut', 'slow-link', 'lossy-link', 'slow-disk'] as const).map((type) =>
    describeFault(faults[type], true),
  );
  expect(lasting).toMatchInlineSnapshot(`
    [
      "fault over: a is started again",
      "fault over: a goes on",
      "fault over: every link between a and b, c heals",
      "fault over: every link from a to b is as fast as before",
      "fault over: every link between a and b is as before",
      "fault over: a's disk is as fast as before",
    ]
  `);
  expect(describeFault({ ...faults['slow-disk'], extraMs: 0 }, false)).toMatch(/^fault over: /);
});

const source = {
  id: 'trace',
  durationMs: 3000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 1 } } },
  network: { within: { latency: 1 } },
  topology: {
    type: 'leader-follower',
    failover: { heartbeatMs: 50, timeoutMs: 200, electionMs: 50 },
    keepaliveMs: 100,
  },
  workload: { clients: [{ id: 'app', readsPerSecond: 50, writesPerSecond: 50 }] },
  faults: [
    { type: 'cut', from: ['a'], to: ['b', 'c'], atMs: 900 },
    { type: 'crash', node: 'a', atMs: 1000, forMs: 500 },
    { type: 'heal', atMs: 1500 },
  ],
} as const satisfies ScenarioSource;

test('a failover tells its story, in order', () => {
  const trace: TraceEntry[] = [];
  simulate(parseScenario(source), { observe: (entry) => trace.push(entry) });
  const story = trace.filter(
    ({ type, atMs }) =>
      atMs >= 900 && ['fault', 'crashed', 'restarted', 'suspected', 'chosen', 'leading'].includes(type),
  );
  expect(story.map(describeTraceEntry)).toEqual([
    'fault: every link between a and b, c is cut',
    'fault: a is crashed',
    'a crashes; what it had not fsynced or not got across is lost',
    'the manager has not heard of the leader a for too long and begins term 2',
    'the manager chooses b, whose log is the most advanced, to lead term 2',
    expect.stringMatching(/^b leads term 2; its log ends at record \d+$/),
    'fault over: a is started again',
    'a restarts with what its disk held',
    // Nobody has told it yet.
    expect.stringMatching(/^a leads term 1; its log ends at record \d+$/),
    'fault over: every link heals',
  ]);
  expect(trace.some(({ type }) => type === 'discarded')).toBe(true);
  // Every entry type that such a run has.
  const types = new Set(trace.map(({ type }) => type));
  expect([...types].sort()).toMatchInlineSnapshot(`
    [
      "began",
      "chosen",
      "crashed",
      "delivered",
      "discarded",
      "drain",
      "drained",
      "dropped",
      "ended",
      "fault",
      "flushed",
      "following",
      "leading",
      "lost",
      "restarted",
      "sent",
      "started",
      "stream",
      "suspected",
      "timer",
    ]
  `);
});

test('what was sent arrives when it said, or is told of as dropped', () => {
  const trace: TraceEntry[] = [];
  simulate(parseScenario(source), { observe: (entry) => trace.push(entry) });
  const key = (entry: Extract<TraceEntry, { message: Message }>, atMs: number) =>
    `${entry.from}→${entry.to} ${atMs} ${JSON.stringify(entry.message)}`;
  const awaited = new Map<string, number>();
  for (const entry of trace) {
    if (entry.type === 'sent' && entry.arrivesMs !== null)
      awaited.set(key(entry, entry.arrivesMs), 1 + (awaited.get(key(entry, entry.arrivesMs)) ?? 0));
    if (entry.type === 'delivered')
      awaited.set(key(entry, entry.atMs), (awaited.get(key(entry, entry.atMs)) ?? 0) - 1);
    if (entry.type === 'dropped' && awaited.has(key(entry, entry.atMs)))
      awaited.set(key(entry, entry.atMs), awaited.get(key(entry, entry.atMs))! - 1);
  }
  expect([...awaited.values()].filter((left) => left < 0)).toEqual([]);
});
