import { FIRST_TOPOLOGY_MESSAGE } from '../../kernel/protocol.ts';

/** Messages between servers. Fields in the order a, b, c. */

/** A candidate asks for a vote: its term, term and index of the last entry of its log. */
export const VOTE = FIRST_TOPOLOGY_MESSAGE;
/** The answer: the term it is of, 1 granted or 0 refused. */
export const VOTED = FIRST_TOPOLOGY_MESSAGE + 1;
/** The leader is there; an append without entries: its term. */
export const HEARTBEAT = FIRST_TOPOLOGY_MESSAGE + 2;
/** A heartbeat's answer: own term, from which a superseded leader learns that it is one. */
export const HEARD = FIRST_TOPOLOGY_MESSAGE + 3;

/** Bytes of each of them, the order of TCP/IP headers and a few integers. */
export const MESSAGE_BYTES = 64;

/** A server gave its vote: term, whom it is for. A candidate gives one to itself. */
export const NOTE_VOTED = 1;
/** A server leads: the term. */
export const NOTE_LEADING = 2;
