import type { TraceEntry } from '#engine';

/** Whether an entry is a turn of the story rather than one of its thousands of messages. */
export function isStory(entry: TraceEntry): boolean {
  switch (entry.type) {
    case 'sent':
    case 'delivered':
    case 'dropped':
    case 'timer':
    case 'flushed':
    case 'started':
    case 'began':
    case 'committed':
    case 'row-held':
    case 'turned-away':
      return false;
    case 'certified':
      return !entry.passes && entry.node === entry.author;
    case 'ended':
      return entry.stale || entry.outcome !== 'ok';
    default:
      return true;
  }
}

const turns: readonly TraceEntry['type'][] = ['suspected', 'leading', 'waiting', 'alert', 'drain'];

/** Whether an entry changes who leads or what a write waits for, raises an alert, or ends the workload: what a listener must be told while the lab plays. */
export function isTurn({ type }: TraceEntry): boolean {
  return turns.includes(type);
}
