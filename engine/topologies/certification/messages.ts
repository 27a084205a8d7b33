import { FIRST_TOPOLOGY_MESSAGE } from '../../kernel/protocol.ts';
import { type ConsensusMessage, consensusMessage } from '../consensus/messages.ts';

/**
 * Messages between members, beside those of consensus that put writes in order. Fields in the order a, b, c, d, e.
 *
 * A member asks whoever puts writes in order for a place: the operation's number, its row (−1 for a read, which writes
 * nothing), and through which record its author had applied when it began.
 */
export const PROPOSE = FIRST_TOPOLOGY_MESSAGE + 64;

/** A record's turn has come at a member: its index, number of the write, row, 1 where it passes and 0 where it fails. */
export const NOTE_CERTIFIED = 12;
/** The verdict on a member's own write: its number, row, 1 or 0 as above. */
export const NOTE_DECIDED = 13;
/** A write waits for another of its member that holds the row: its number, row. */
export const NOTE_WAITS = 14;
/** A member reaches a majority, or no longer: one of the three below. */
export const NOTE_CONTACT = 15;
/** An operation is refused for want of a majority: its number. */
export const NOTE_TURNED_AWAY = 19;

export const CONTACT_KEPT = 0;
export const CONTACT_LOST = 1;
export const CONTACT_GIVEN_UP = 2;

/** A message as observers read it. */
export type CertificationMessage =
  | ConsensusMessage
  | {
      readonly type: 'propose';
      readonly operation: number;
      /** null for a read, whose place in the order is all it wants. */
      readonly key: number | null;
      /** Through which record its author had applied. */
      readonly seenLsn: number;
    };

/** The typed form of a packed message. */
export function certificationMessage(
  kind: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): CertificationMessage {
  return kind === PROPOSE
    ? { type: 'propose', operation: a, key: b < 0 ? null : b, seenLsn: c }
    : consensusMessage(kind, a, b, c, d, e);
}
