import type { Value } from '#engine';
import { ednForms } from './edn.ts';
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
    // What ends may have no value: then its key is that of its beginning.
    const [key, value] = isKeyed
      ? ((event.value ?? [null, null]) as readonly [Value, Value])
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

function eventsOf(text: string, complain: Complain): { readonly line: number; readonly event: Event }[] {
  let lines: readonly string[] | undefined;
  const isVector = text.trimStart().startsWith('[');
  const events: { readonly line: number; readonly event: Event }[] = [];
  for (const { line, value: map } of ednForms(text)) {
    const wrong = (expected: string) => {
      lines ??= text.split('\n');
      const written = (lines[line - 1] ?? '').trim();
      complain(line, written === '' ? 'the end of the file' : shortened(written), expected);
    };
    if (!isMap(map))
      wrong(
        `a whole map: {:type :invoke, :f :read, :value nil, :process 0}${isVector ? '; all of them between [ and ]' : ''}`,
      );
    else if (typeof map.type !== 'string') wrong(':type, which is :invoke, :ok, :fail or :info');
    else if (typeof map.f !== 'string') wrong(':f, which is a keyword');
    else if (typeof map.process !== 'number' && typeof map.process !== 'string')
      wrong(':process, which is a number or :nemesis');
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

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is no plain value is compared by its text. */
function plain(value: unknown): Value {
  if (value === undefined || value === null) return null;
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
    events.every(
      ({ value, process }) => typeof process !== 'number' || value === null || Array.isArray(value),
    )
  );
}
