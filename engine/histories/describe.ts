import type { Operation, Value } from './history.ts';

/** An operation in a few words: `write 3`, `read → 3`, `cas 1, 2 → false`; what became of it where that is not plain. */
export function describeOperation({ kind, input, output, outcome }: Operation): string {
  const asked = input === undefined ? kind : `${kind} ${text(input)}`;
  if (outcome === 'info') return `${asked} → ?`;
  if (outcome === 'fail') return `${asked}, which failed`;
  return output === undefined ? asked : `${asked} → ${output === null ? 'nothing' : text(output)}`;
}

/** Longer ones lose their middle: what differs is usually at the end. */
const charactersMax = 40;

function text(value: Value): string {
  const whole = Array.isArray(value)
    ? value.map(text).join(', ')
    : typeof value === 'string'
      ? JSON.stringify(value)
      : String(value);
  const half = charactersMax / 2;
  return whole.length <= charactersMax ? whole : `${whole.slice(0, half - 1)}…${whole.slice(-half)}`;
}
