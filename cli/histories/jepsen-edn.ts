import { parseEDNString } from 'edn-data';
import type { Value } from '#engine';
import { type Complain, EventLog, type ReadHistory, shortened } from './history-text.ts';

/** An operation as Jepsen writes it; other fields are left alone. */
interface Event {
  readonly type: string;
  readonly f: string;
  readonly process: string | number;
  readonly value: Value;
  readonly key?: Value;
}

/**
 * Jepsen's `history.edn`: one map a line, or all of them in one vector. `:fail` did not happen; `:info` may have happened at
 * any later time. Values of independent keys are `[key value]`. What the nemesis did is a fault.
 */
export function readJepsenEdn(text: string, complain: Complain): ReadHistory {
  const events = eventsOf(text, complain);
  const isKeyed = hasIndependentKeys(events.map(({ event }) => event));
  const log = new EventLog(complain);
  for (const { line, event } of events) {
    const { type, f: kind } = event;
    if (typeof event.process !== 'number') {
      if (type === 'info') log.fault(line, event.value === null ? kind : `${kind} ${textOf(event.value)}`);
      continue;
    }
    const client = String(event.process);
    const [key, value] = isKeyed
      ? (event.value as readonly [Value, Value])
      : [event.key ?? null, event.value];
    const isRead = kind === 'read' || kind === 'get' || kind === 'dequeue';
    if (type === 'invoke') log.invoke(line, client, kind, { key, input: isRead ? undefined : value });
    else if (type === 'ok')
      log.end(line, client, kind, 'ok', kind === 'cas' ? true : isRead ? value : undefined);
    else if (type === 'fail' || type === 'info') log.end(line, client, kind, type);
    else complain(line, `:type :${type}`, ':invoke, :ok, :fail or :info');
  }
  return log.read();
}

const options = {
  mapAs: 'object',
  keywordAs: 'string',
  setAs: 'array',
  listAs: 'array',
  charAs: 'string',
  symbolAs: 'string',
} as const;

function eventsOf(text: string, complain: Complain): { readonly line: number; readonly event: Event }[] {
  const found: { readonly line: number; readonly value: unknown; readonly text: string }[] = [];
  if (text.trimStart().startsWith('[')) {
    const all = parsed(text);
    if (!Array.isArray(all)) complain(1, 'a vector that does not end', 'all operations between [ and ]');
    else
      for (const [at, value] of all.entries())
        found.push({ line: at + 1, value, text: JSON.stringify(value) });
  } else {
    for (const [at, content] of text.split('\n').entries()) {
      const written = content.trim();
      if (written !== '' && !written.startsWith(';'))
        found.push({ line: at + 1, value: parsed(written), text: written });
    }
  }
  const events: { readonly line: number; readonly event: Event }[] = [];
  for (const { line, value, text: written } of found) {
    // A record is a map under a tag.
    const map = isMap(value) && 'tag' in value ? value.val : value;
    if (!isMap(map))
      complain(line, shortened(written), 'a whole map: {:type :invoke, :f :read, :value nil, :process 0}');
    else if (typeof map.type !== 'string')
      complain(line, shortened(written), ':type, which is :invoke, :ok, :fail or :info');
    else if (typeof map.f !== 'string') complain(line, shortened(written), ':f, which is a keyword');
    else if (typeof map.process !== 'number' && typeof map.process !== 'string')
      complain(line, shortened(written), ':process, which is a number or :nemesis');
    else {
      events.push({
        line,
        event: {
          type: map.type,
          f: map.f,
          process: map.process,
          value: plain(map.value),
          ...(map.key !== undefined && { key: plain(map.key) }),
        },
      });
    }
  }
  return events;
}

function parsed(text: string): unknown {
  try {
    return parseEDNString(text, options);
  } catch {
    return null;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is no plain value is compared by its text. */
function plain(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  return JSON.stringify(value);
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Reads and writes of independent keys all have a pair for a value; of a compare-and-set the second is a pair again. */
function hasIndependentKeys(events: readonly Event[]): boolean {
  const asked = events.filter(({ type, process }) => type === 'invoke' && typeof process === 'number');
  return (
    asked.length > 0 &&
    asked.every(({ f, value }) => {
      const isPair = Array.isArray(value) && value.length === 2;
      return isPair && (f !== 'cas' || (Array.isArray(value[1]) && value[1].length === 2));
    }) &&
    events.every(({ value, process }) => typeof process !== 'number' || Array.isArray(value))
  );
}
