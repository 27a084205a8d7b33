/** A client that asks for a few writes, each at any time, waits for none, and notes which were acknowledged. */

import { type NodeKind, ROUTE, START, TIMER, WRITE, WRITE_OK } from '../kernel/protocol.ts';

export interface ScriptedClient {
  leader: number;
  /** Writes asked for so far, and in all. They are numbered from 1. */
  asked: number;
  writes: number;
  readonly acknowledged: { readonly number: number; readonly term: number; readonly lsn: number }[];
}

const valueBytes = 100;
const writeEveryUs = 1_000_000;

export const scriptedClient: NodeKind<ScriptedClient> = {
  onInput(client, input, out) {
    switch (input.kind) {
      case TIMER:
        client.asked += 1;
        out.send(client.leader, WRITE, 0, client.asked, 0, 0, 0, valueBytes);
        break;
      case WRITE_OK:
        client.acknowledged.push({ number: input.b, term: input.c, lsn: input.d });
        client.acknowledged.sort((one, other) => one.number - other.number);
        return;
      case ROUTE:
        if (input.a >= 0) client.leader = input.a;
        return;
    }
    if ((input.kind === START || input.kind === TIMER) && client.asked < client.writes)
      out.startTimer(0, writeEveryUs);
  },
};
