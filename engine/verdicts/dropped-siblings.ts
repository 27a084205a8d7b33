import type { Verdict } from '../run/report.ts';
import { counterOf, type VersionVector } from '../topologies/leaderless/version-vectors.ts';

/** Of a live replica and a key: what it knows, and the numbers of the writes whose values it holds. */
interface Held {
  readonly vector: VersionVector;
  readonly values: readonly number[];
}

/** A write that nobody who wrote later says to have read. */
interface Unread {
  readonly key: number;
  readonly server: number;
  readonly counter: number;
  acknowledgedUs: number | null;
}

/**
 * Where stores keep siblings, acknowledged writes that one dropped all the same: at the end a live replica knows the write and
 * does not hold its value, although no write was made by somebody who had read it. A store that keeps its word has none; one
 * where the last write wins has many (`discarded-writes.ts`).
 *
 * It remembers writes until somebody has read and overwritten them, as the store itself does.
 */
export class DroppedSiblings {
  private readonly unread = new Map<number, Map<number, Unread>>();

  /** A coordinator has made a version: the write's number, its event, and what its writer had read. */
  wrote(key: number, number: number, server: number, counter: number, context: VersionVector): void {
    let ofKey = this.unread.get(key);
    if (ofKey === undefined) this.unread.set(key, (ofKey = new Map()));
    for (const [other, event] of ofKey)
      if (counterOf(context, event.server) >= event.counter) ofKey.delete(other);
    ofKey.set(number, { key, server, counter, acknowledgedUs: null });
  }

  acknowledged(atUs: number, key: number, number: number): void {
    const event = this.unread.get(key)?.get(number);
    if (event !== undefined) event.acknowledgedUs = atUs;
  }

  /** An acknowledged write of a key that one clock knows and another does not; 0 where somebody has overwritten all of these. */
  missed(key: number, context: VersionVector, by: VersionVector): number {
    for (const [number, { server, counter, acknowledgedUs }] of this.unread.get(key) ?? [])
      if (acknowledgedUs !== null && counterOf(context, server) < counter && counterOf(by, server) >= counter)
        return number;
    return 0;
  }

  /** `heldOf` a key: what its live replicas hold. */
  verdict(heldOf: (key: number) => readonly Held[], nameOf: (vector: VersionVector) => string): Verdict {
    let count = 0;
    let witness: Verdict['witness'] = null;
    for (const [key, ofKey] of this.unread) {
      const held = heldOf(key);
      for (const [number, { server, counter, acknowledgedUs }] of ofKey) {
        if (acknowledgedUs === null) continue;
        const dropper = held.find(
          ({ vector, values }) => counterOf(vector, server) >= counter && !values.includes(number),
        );
        if (dropper === undefined) continue;
        count++;
        witness ??= {
          atMs: acknowledgedUs / 1000,
          story: [
            `at ${acknowledgedUs / 1000} ms write ${number} of key ${key} was acknowledged as event ${nameOf([[server, counter]])}`,
            'nobody who wrote the key later had read it',
            `at the end a replica that knows ${nameOf(dropper.vector)}, and so that event, holds only ${dropper.values.join(', ')}`,
          ],
          operations: [number, ...dropper.values],
        };
      }
    }
    return { name: 'discarded-writes', result: count === 0 ? 'ok' : 'violation', count, witness };
  }
}
