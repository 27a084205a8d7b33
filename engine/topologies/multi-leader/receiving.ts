/**
 * What comes from other leaders. Of each leader changes are taken in order and without a gap, by whichever way they come; one
 * that is known already is dropped, which is also what ends a round in a ring. With causal delivery a change then waits for
 * those that its author had seen. All of it goes through the log, and shows once that is on disk.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import { contextAt, type Leader, STOPPED } from './leader.ts';
import {
  addChange,
  append,
  BYTES,
  dropFirst,
  FROM,
  HI,
  LO,
  ORIGIN,
  PARTS,
  SEQUENCE,
  VALUE,
  VECTOR,
  WHAT,
} from './log.ts';
import {
  contextKey,
  HAVE,
  hiIn,
  keyIn,
  MESSAGE_BYTES,
  MISSED,
  NOTE_HELD_BACK,
  NOTE_KNOWN,
  NOTE_UNFIT,
  originIn,
  PART,
  partOfContext,
  partsIn,
  UNFIT,
  whatIn,
} from './messages.ts';
import { applyChange, type Tools } from './resolving.ts';
import { isUnfit } from './schema-changes.ts';
import { advanceClock, beginSync, commitOwn, keepVector } from './writing.ts';

/** CONTEXT: what the author of the next change had seen. */
export function takeContext({ contexts }: Leader, { from, a, b, c, d, e }: Input): void {
  const at = contextAt(from, partOfContext(a), a);
  contexts[at] = a;
  contexts[at + 1] = b;
  contexts[at + 2] = c;
  contexts[at + 3] = d;
  contexts[at + 4] = e;
}

/** CHANGE: of whomever, from whomever. */
export function takeChange(node: Leader, input: Input, out: Out): void {
  const { from, a: sequence } = input;
  const origin = originIn(input.b);
  const { leaders } = node.settings;
  // Whoever sends a change has it on disk.
  if (node.known[from * leaders + origin]! < sequence) node.known[from * leaders + origin] = sequence;
  if (sequence <= node.seen[origin]!) {
    out.note(NOTE_KNOWN, origin, sequence, 0, 0);
    out.send(from, HAVE, origin, node.applied[origin]!, 0, 0, 0, MESSAGE_BYTES);
    return;
  }
  if (node.hasMissed[from] === STOPPED) return;
  if (sequence !== node.seen[origin]! + 1 || !hasContext(node, input, origin)) {
    if (node.hasMissed[from] === 1) return;
    node.hasMissed[from] = 1;
    out.send(from, MISSED, origin, node.seen[origin]!, 0, 0, 0, MESSAGE_BYTES);
    return;
  }
  if (node.lacks !== 0 && isUnfit(node, whatIn(input.b))) {
    node.hasMissed[from] = STOPPED;
    out.note(NOTE_UNFIT, origin, sequence, 0, 0);
    out.send(from, UNFIT, 0, 0, 0, 0, 0, MESSAGE_BYTES);
    return;
  }
  node.hasMissed[from] = 0;
  node.seen[origin] = sequence;
  takeIn(node, input, origin, out);
}

/** Whether all of a change's context has come, just before it and by the same way. */
function hasContext({ contexts }: Leader, { from, a, d }: Input, origin: number): boolean {
  for (let parts = partsIn(d); parts !== 0; parts &= parts - 1) {
    const part = 31 - Math.clz32(parts & -parts);
    const key = contextKey(origin, part, a);
    if (contexts[contextAt(from, part, key)] !== key) return false;
  }
  return true;
}

function takeIn(node: Leader, input: Input, origin: number, out: Out): void {
  const { settings, width, seenVectors } = node;
  const { leaders, causal, hybrid } = settings;
  readVector(node, input, origin);
  const waits =
    causal &&
    (node.heldBack[origin]!.count > 0 || missingFor(node, seenVectors, origin * leaders, origin) >= 0);
  const changes = waits ? node.heldBack[origin]! : node.inbox;
  const at = addChange(changes, width);
  const { words } = changes;
  words[at + ORIGIN] = origin;
  words[at + SEQUENCE] = input.a;
  words[at + WHAT] = whatIn(input.b);
  words[at + VALUE] = input.c;
  words[at + HI] = hiIn(input.d);
  words[at + LO] = input.e;
  words[at + PARTS] = partsIn(input.d);
  words[at + BYTES] = input.bytes - MESSAGE_BYTES;
  words[at + FROM] = input.from;
  for (let leader = 0; leader < leaders; leader++)
    words[at + VECTOR + leader] = seenVectors[origin * leaders + leader]!;
  if (hybrid) advanceClock(node, hiIn(input.d), input.e);
  if (waits) {
    node.heldBackCount++;
    const other = missingFor(node, words, at + VECTOR, origin);
    if (other >= 0) out.note(NOTE_HELD_BACK, origin, input.a, other, words[at + VECTOR + other]!);
    return;
  }
  node.queued[origin] = input.a;
  if (node.heldBackCount > 0) release(node);
  beginSync(node, out);
}

/** The vector of a change: that of its author's one before, with what has come since. Its author had seen its own. */
function readVector(
  { seenVectors, contexts, settings }: Leader,
  { from, a, d }: Input,
  origin: number,
): void {
  const { leaders } = settings;
  const row = origin * leaders;
  seenVectors[row + origin] = a - 1;
  for (let parts = partsIn(d); parts !== 0; parts &= parts - 1) {
    const part = 31 - Math.clz32(parts & -parts);
    const at = contextAt(from, part, contextKey(origin, part, a)) + 1;
    for (let index = 0; index < PART; index++) {
      const place = part * PART + index;
      const leader = place < origin ? place : place + 1;
      if (leader < leaders) seenVectors[row + leader] = contexts[at + index]!;
    }
  }
}

/** A leader of whose changes the author of this one had seen more than are here; −1 for none. */
function missingFor({ queued, settings }: Leader, words: Int32Array, at: number, origin: number): number {
  for (let leader = 0; leader < settings.leaders; leader++)
    if (leader !== origin && words[at + leader]! > queued[leader]!) return leader;
  return -1;
}

/** Changes that waited for what has come go on, and those that waited for these. */
function release(node: Leader): void {
  const { heldBack, width } = node;
  for (let goesOn = true; goesOn; ) {
    goesOn = false;
    for (let origin = 0; origin < heldBack.length; origin++) {
      const held = heldBack[origin]!;
      while (held.count > 0) {
        const from = held.first * width;
        if (missingFor(node, held.words, from + VECTOR, origin) >= 0) break;
        const at = addChange(node.inbox, width);
        const { words } = node.inbox;
        for (let word = 0; word < width; word++) words[at + word] = held.words[from + word]!;
        node.queued[origin] = words[at + SEQUENCE]!;
        dropFirst(held, 1);
        node.heldBackCount--;
        goesOn = true;
      }
    }
  }
}

/** FLUSHED: what the sync covered happens, in order. Gives whether there is something to send on. */
export function synced(node: Leader, tools: Tools, out: Out): boolean {
  const { inbox, self, width, log, settings } = node;
  const count = node.syncing;
  const before = log.base + log.count;
  for (let index = 0; index < count; index++) {
    const { words } = inbox;
    const at = (inbox.first + index) * width;
    const origin = words[at + ORIGIN]!;
    if (origin === self) {
      commitOwn(node, at, tools, out);
      continue;
    }
    if (settings.relays) append(log, words, at, width, out.nowUs);
    keepVector(node.appliedVectors, words, at, settings.leaders);
    node.applied[origin] = words[at + SEQUENCE]!;
    node.largestId = Math.max(node.largestId, keyIn(words[at + WHAT]!) + 1);
    applyChange(node, words, at, tools, out);
    owe(node, words[at + FROM]!, origin);
  }
  dropFirst(inbox, count);
  node.syncing = 0;
  payOwed(node, out);
  beginSync(node, out);
  return log.base + log.count > before;
}

function owe(node: Leader, to: number, origin: number): void {
  const pair = to * node.settings.leaders + origin;
  if (node.isOwed[pair] === 1) return;
  node.isOwed[pair] = 1;
  node.owed[node.owedCount++] = pair;
}

/** Everybody hears how far what they sent is on disk. */
function payOwed(node: Leader, out: Out): void {
  const { owed, isOwed, applied, settings } = node;
  for (let index = 0; index < node.owedCount; index++) {
    const pair = owed[index]!;
    const to = Math.floor(pair / settings.leaders);
    const origin = pair - to * settings.leaders;
    isOwed[pair] = 0;
    out.send(to, HAVE, origin, applied[origin]!, 0, 0, 0, MESSAGE_BYTES);
  }
  node.owedCount = 0;
}
