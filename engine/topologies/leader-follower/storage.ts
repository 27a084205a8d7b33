/**
 * Shared storage that checks fencing tokens: where a write must land to count, and from where it is acknowledged. A token
 * is the term of the leader that sends the write; once a newer one has been seen, an older one is refused, so that a leader
 * that does not know it was superseded (a zombie) harms nobody.
 *
 * It has no modes: it is always there, and sees one write at a time. What it keeps is not read back by a new leader; what
 * replicas hold is what their own logs hold.
 * Source: M. Kleppmann, How to do distributed locking, 2016.
 */

import { type NodeKind, WRITE_OK } from '../../kernel/protocol.ts';
import { LAND, MESSAGE_BYTES, NOTE_ACKNOWLEDGED, NOTE_REJECTED, REJECTED } from './messages.ts';

export interface Storage {
  /** The newest token it has seen. */
  token: number;
  /** Writes it has taken. */
  landed: number;
}

export function newStorage(): Storage {
  return { token: 0, landed: 0 };
}

export const storageKind: NodeKind<Storage> = {
  onInput(storage, input, out) {
    if (input.kind !== LAND) return;
    const { from, a: token, b: lsn, c: client, d: slot, e: value } = input;
    if (token < storage.token) {
      out.note(NOTE_REJECTED, from, token, lsn, 0);
      out.send(from, REJECTED, storage.token, lsn, 0, 0, 0, MESSAGE_BYTES);
      return;
    }
    storage.token = token;
    storage.landed += 1;
    out.note(NOTE_ACKNOWLEDGED, token, lsn, value, 0);
    out.send(client, WRITE_OK, slot, value, token, lsn, 0, MESSAGE_BYTES);
  },
};
