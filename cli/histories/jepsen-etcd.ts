import type { Value } from '#engine';
import { type Complain, EventLog, type ReadHistory, shortened } from './history-text.ts';

const event = /^\S+\s+jepsen\.util\s+-\s+(\S+)\t:(invoke|ok|fail|info)\t:(\S+)\t(.*)$/;
const otherLog = /^(INFO|WARN|ERROR|DEBUG|TRACE)\s+(?!jepsen\.util\b)\S/;
const kinds = ['read', 'write', 'cas'];

/**
 * The console log of Jepsen's etcd test, one register: process, type, function and value, apart by tabs. A `:fail` of `:cas` is
 * a comparison that was made and did not match; other `:fail`s did not happen.
 * Source: Kingsbury, Jepsen: etcd and Consul, 2014.
 */
export function readJepsenEtcd(text: string, complain: Complain): ReadHistory {
  const log = new EventLog(complain);
  for (const [at, content] of text.split('\n').entries()) {
    const line = at + 1;
    const found = content.trimEnd();
    if (found === '' || otherLog.test(found)) continue;
    const match = event.exec(found);
    if (match === null) {
      complain(
        line,
        shortened(found),
        'INFO  jepsen.util - PROCESS :TYPE :FUNCTION VALUE, the last four apart by tabs',
      );
      continue;
    }
    const [, client, type, kind, written] = match as unknown as [string, string, string, string, string];
    if (client === ':nemesis') {
      log.fault(line, `${kind} ${written}`);
      continue;
    }
    if (!kinds.includes(kind)) {
      complain(line, `:${kind}`, ':read, :write or :cas');
      continue;
    }
    const value = parsedValue(kind, written);
    if (value === undefined) {
      if (type === 'invoke' || (type === 'ok' && kind === 'read'))
        complain(line, shortened(written), kind === 'cas' ? 'two numbers, as [1 2]' : 'a number or nil');
      else if (type === 'ok') log.end(line, client, kind, 'ok', kind === 'cas' ? true : undefined);
      else log.end(line, client, kind, type as 'fail' | 'info');
    } else if (type === 'invoke')
      log.invoke(line, client, kind, { key: null, input: kind === 'read' ? undefined : value });
    else if (kind === 'cas' && type !== 'info') log.end(line, client, kind, 'ok', type === 'ok');
    else log.end(line, client, kind, type as 'ok' | 'fail' | 'info', kind === 'read' ? value : undefined);
  }
  return log.read();
}

function parsedValue(kind: string, written: string): Value | undefined {
  if (kind === 'cas') {
    const match = /^\[(-?\d+) (-?\d+)\]$/.exec(written);
    return match === null ? undefined : [Number(match[1]), Number(match[2])];
  }
  if (written === 'nil') return kind === 'read' ? null : undefined;
  return /^-?\d+$/.test(written) ? Number(written) : undefined;
}
