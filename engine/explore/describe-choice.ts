/** What happens next, in the words of the trace. */

import { describeTraceEntry, type MessageReader, messageOf, type TraceEntry } from '../observe/trace.ts';
import type { Choice, ModelActor } from './model.ts';

export function describeChoice(
  choice: Choice,
  actors: readonly ModelActor[],
  messages: MessageReader,
): string {
  return describeTraceEntry(entryOf(choice, actors, messages));
}

function entryOf(choice: Choice, actors: readonly ModelActor[], messages: MessageReader): TraceEntry {
  const atMs = 0;
  switch (choice.type) {
    case 'deliver':
    case 'miss':
    case 'lose': {
      const { kind, a, b, c, d, e } = choice.message;
      const message = messageOf(messages, kind, a, b, c, d, e);
      const ends = {
        atMs,
        from: actors[choice.message.from]!.name,
        to: actors[choice.message.to]!.name,
        message,
      };
      if (choice.type === 'deliver') return { type: 'delivered', ...ends };
      return {
        type: 'dropped',
        ...ends,
        why: choice.type === 'miss' ? 'down' : 'lost',
      };
    }
    default: {
      const node = actors[choice.actor]!.name;
      if (choice.type === 'flush') return { type: 'flushed', atMs, node, lsn: choice.a };
      if (choice.type === 'fire')
        return {
          type: 'timer',
          atMs,
          node,
          timer: actors[choice.actor]!.timers![choice.slot]!.name,
        };
      return {
        type: choice.type === 'crash' ? 'crashed' : 'restarted',
        atMs,
        node,
      };
    }
  }
}
