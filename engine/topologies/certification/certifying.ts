/** What becomes of records that are in order: each is certified, applied if it passes, and its author's client answered. */

import { NO_KEY } from '../consensus/log.ts';
import { DATA_WIDTH, keyOf, replay, valueAt } from '../wal.ts';
import { abandonSent, beginWaiting, decide } from './executing.ts';
import type { Activation } from './member.ts';
import { NOTE_CERTIFIED } from './messages.ts';

/** Whether a write passes: through which record its author had applied, and the last that changed its row, 0 for none. */
export type Rule = (seenLsn: number, newestLsn: number) => boolean;

/** First committer wins: nobody has changed the row since what the author had seen. */
export const firstCommitterWins: Rule = (seenLsn, newestLsn) => newestLsn <= seenLsn;

/** Certifies and applies what has come to its turn. */
export function certifyAll(activation: Activation, rule: Rule): void {
  const { node } = activation;
  const { server } = node;
  if (server.replayedLsn > node.certifiedLsn) abandonSent(activation);
  const wasNotReady = server.replayedLsn < server.openingLsn;
  while (server.replayedLsn < server.commitLsn) certify(activation, server.replayedLsn + 1, rule);
  node.certifiedLsn = server.replayedLsn;
  if (wasNotReady) beginWaiting(activation);
}

function certify(activation: Activation, lsn: number, rule: Rule): void {
  const { node, out, sets } = activation;
  const { server, self } = node;
  const { wal, data } = server;
  const key = keyOf(wal, lsn);
  const number = valueAt(wal, lsn);
  const isAccepted = key !== NO_KEY && rule(sets.seenLsn(number), data[key * DATA_WIDTH + 1]!);
  if (isAccepted) replay(wal, lsn, data);
  if (key !== NO_KEY) out.note(NOTE_CERTIFIED, lsn, number, key, isAccepted ? 1 : 0);
  server.replayedLsn = lsn;
  node.certifiedLsn = lsn;
  if (number > 0 && sets.author(number) === self) decide(activation, number, lsn, isAccepted);
}
