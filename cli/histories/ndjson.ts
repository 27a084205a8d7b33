import { type FaultSpan, HistoryBuilder, type OperationOutcome, type Value } from '#engine';
import type { Complain, ReadHistory } from './history-text.ts';
import { shortened } from './history-text.ts';

const outcomes: readonly unknown[] = ['ok', 'fail', 'info'] satisfies OperationOutcome[];

/**
 * Our own format: one operation a line, as JSON, in any order.
 *
 * `{"client":"a","key":7,"kind":"write","input":1,"outcome":"ok","callMs":0,"returnMs":2.5}`
 *
 * `client`, `kind`, `outcome` and `callMs` must be there; `returnMs` for `ok`; `key`, `input`, `output` where there is one.
 * A line with `fault`, `fromMs` and `toMs` says what went wrong meanwhile.
 */
export function readNdjson(text: string, complain: Complain): ReadHistory {
  const builder = new HistoryBuilder();
  const lines: number[] = [];
  const faults: FaultSpan[] = [];
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const end = newline === -1 ? text.length : newline;
    const written = text.slice(from, end).trim();
    from = end + 1;
    line++;
    if (written === '') continue;
    const found = parsed(written);
    if (found === undefined) {
      complain(line, shortened(written), 'one whole JSON object a line');
      continue;
    }
    if (found.fault !== undefined) {
      const { fault, fromMs, toMs } = found;
      if (typeof fault !== 'string' || typeof fromMs !== 'number' || typeof (toMs ?? fromMs) !== 'number')
        complain(line, shortened(written), 'a fault as text, and fromMs and toMs as numbers');
      else faults.push({ label: fault, fromUs: fromMs * 1000, toUs: ((toMs ?? fromMs) as number) * 1000 });
      continue;
    }
    const wrong = problemOf(found);
    if (wrong !== null) {
      complain(
        line,
        `${wrong.field}: ${shortened(JSON.stringify(found[wrong.field]) ?? 'nothing')}`,
        wrong.expected,
      );
      continue;
    }
    const index = builder.call({
      client: found.client as string | number,
      key: (found.key ?? null) as Value,
      kind: found.kind as string,
      input: found.input as Value | undefined,
      callUs: (found.callMs as number) * 1000,
    });
    lines.push(line);
    builder.returned(index, {
      outcome: found.outcome as OperationOutcome,
      output: found.output as Value | undefined,
      returnUs: ((found.returnMs ?? found.callMs) as number) * 1000,
    });
  }
  return { history: builder.build(), lines, faults, clock: 'time' };
}

const bigInteger = /\d{16}/;

/** Integers that a number cannot hold stay text, so that two of them do not become one. */
function exactly(field: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isLossy = typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source);
  return isLossy && !Number.isSafeInteger(value) && !field.endsWith('Ms') ? source : value;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = bigInteger.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function problemOf(
  found: Record<string, unknown>,
): { readonly field: string; readonly expected: string } | null {
  const { client, kind, outcome, callMs, returnMs } = found;
  if (typeof client !== 'string' && typeof client !== 'number')
    return { field: 'client', expected: 'a name or a number' };
  if (typeof kind !== 'string') return { field: 'kind', expected: 'what was asked, such as "read"' };
  if (!outcomes.includes(outcome)) return { field: 'outcome', expected: '"ok", "fail" or "info"' };
  if (typeof callMs !== 'number') return { field: 'callMs', expected: 'a number of milliseconds' };
  if (outcome !== 'ok' && (returnMs === undefined || returnMs === null)) return null;
  if (typeof returnMs !== 'number') return { field: 'returnMs', expected: 'a number of milliseconds' };
  return returnMs < callMs ? { field: 'returnMs', expected: `at least callMs, ${callMs}` } : null;
}
