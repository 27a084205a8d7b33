import { type Complain, EventLog, type ReadHistory, shortened } from './history-text.ts';

const event =
  /^\{:process (\d+), :type :(\w+), :f :(\w+), :key "((?:[^"\\]|\\.)*)", :value (nil|"(?:[^"\\]|\\.)*")\}$/;

/** The logs of Porcupine's key-value tests: one map a line, `:get`, `:put` and `:append` of texts. */
export function readPorcupineKv(text: string, complain: Complain): ReadHistory {
  const log = new EventLog(complain);
  for (const [at, content] of text.split('\n').entries()) {
    const line = at + 1;
    const found = content.trim();
    if (found === '') continue;
    const match = event.exec(found);
    if (match === null) {
      complain(line, shortened(found), '{:process N, :type :T, :f :F, :key "K", :value "V"}');
      continue;
    }
    const [, client, type, kind, key, written] = match as unknown as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (kind !== 'get' && kind !== 'put' && kind !== 'append') {
      complain(line, `:f :${kind}`, ':get, :put or :append');
      continue;
    }
    const value = written === 'nil' ? null : unescaped(written.slice(1, -1));
    if (type === 'invoke')
      log.invoke(line, client, kind, { key: unescaped(key), input: kind === 'get' ? undefined : value });
    else if (type === 'ok' || type === 'fail' || type === 'info')
      log.end(line, client, kind, type, kind === 'get' ? value : undefined);
    else complain(line, `:type :${type}`, ':invoke, :ok, :fail or :info');
  }
  return log.read();
}

function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(.)/g, (_, sign) => ({ n: '\n', t: '\t', r: '\r' })[sign as string] ?? sign)
    : text;
}
