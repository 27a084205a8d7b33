import type { StreamState } from '../topologies/leader-follower/messages.ts';
import type { StreamView } from './player.ts';
import type { StreamSummary } from './report.ts';

/** Leaders' streams to followers, sampled over a run with their lag: how fast they send, and in what state they are. */
export class StreamSamples {
  private readonly followers = new Map<string, Followed>();

  add(atUs: number, { from, to, state, syncState, sentBytes }: StreamView): void {
    let followed = this.followers.get(to);
    if (followed === undefined) {
      followed = { from, atUs, sentBytes, state, syncState, sent: 0, overUs: 0, fastest: 0, stateUs: {} };
      this.followers.set(to, followed);
      return;
    }
    const forUs = atUs - followed.atUs;
    followed.stateUs[state] = (followed.stateUs[state] ?? 0) + forUs;
    // Another leader counts from a position of its own, and so does a stream that begins again.
    if (
      from === followed.from &&
      isSending(state) &&
      isSending(followed.state) &&
      sentBytes > followed.sentBytes
    ) {
      const sent = sentBytes - followed.sentBytes;
      followed.sent += sent;
      followed.fastest = Math.max(followed.fastest, (sent * 1_000_000) / forUs);
    }
    followed.overUs += forUs;
    Object.assign(followed, { from, atUs, sentBytes, state, syncState });
  }

  report(): StreamSummary[] {
    return [...this.followers].map(([node, { state, syncState, sent, overUs, fastest, stateUs }]) => ({
      node,
      state,
      syncState,
      walSendBytesPerSecond: {
        mean: overUs === 0 ? 0 : Math.round((sent * 1_000_000) / overUs),
        max: Math.round(fastest),
      },
      stateMs: {
        streaming: (stateUs.streaming ?? 0) / 1000,
        catchUp: (stateUs['catch-up'] ?? 0) / 1000,
        reSync: (stateUs['re-sync'] ?? 0) / 1000,
        disconnected: (stateUs.disconnected ?? 0) / 1000,
      },
    }));
  }
}

function isSending(state: StreamState): boolean {
  return state === 'streaming' || state === 'catch-up';
}

interface Followed {
  from: string;
  atUs: number;
  sentBytes: number;
  state: StreamState;
  syncState: StreamView['syncState'];
  sent: number;
  overUs: number;
  fastest: number;
  readonly stateUs: Partial<Record<StreamState, number>>;
}
