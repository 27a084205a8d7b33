/**
 * A lease store that holds one key: who leads, and until when (etcd, Consul or ZooKeeper, as Patroni uses them). It is taken to
 * be consistent and always there; what it does is compare-and-set. Modes and timers are `leader-key.chart.ts`.
 * Source: Patroni documentation, dynamic configuration and DCS failsafe.
 */

import { type Input, type Out, ROUTE } from '../../kernel/protocol.ts';
import {
  GREETING,
  KEY_FREE,
  KEY_LOST,
  KEY_RENEWED,
  MESSAGE_BYTES,
  NOTE_CHOSEN,
  NOTE_SUSPECTED,
  PROBE,
  PROMOTE,
} from './messages.ts';

export interface LeaderKey {
  /** Configuration of the key's chart. */
  mode: number;
  readonly replicas: number;
  readonly clients: readonly number[];
  readonly ttlUs: number;
  /** The newest term it has given out, and who holds it; −1 for nobody. */
  term: number;
  holder: number;
  /** How far the holder's log was when it last renewed, in KiB. */
  positionKib: number;
}

/** What the key's chart sees as its context. */
export interface Keeping {
  key: LeaderKey;
  input: Input;
  out: Out;
}

export function newLeaderKey(
  settings: Pick<LeaderKey, 'replicas' | 'clients' | 'ttlUs'>,
  leader: number,
): LeaderKey {
  return { ...settings, mode: 0, term: 1, holder: leader, positionKib: 0 };
}

function tellAll({ key, out }: Keeping, kind: number, a: number, b: number): void {
  for (let replica = 0; replica < key.replicas; replica++)
    out.send(replica, kind, a, b, 0, 0, 0, MESSAGE_BYTES);
}

export function greetAll(keeping: Keeping): void {
  tellAll(keeping, GREETING, keeping.key.term, 0);
}

export function isHolder({ key, input }: Keeping): boolean {
  return input.from === key.holder && input.a === key.term;
}

export function renew({ key, input, out }: Keeping): void {
  key.positionKib = input.b;
  out.send(input.from, KEY_RENEWED, key.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

export function refuse({ key, input, out }: Keeping): void {
  out.send(input.from, KEY_LOST, key.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** Whoever holds it and asks has given up leading: the key runs out. */
export function tellHolder({ key, input, out }: Keeping): void {
  if (input.from === key.holder) return;
  out.send(input.from, PROBE, key.term, key.holder, 0, 0, 0, MESSAGE_BYTES);
}

export function tellFree({ key, input, out }: Keeping): void {
  out.send(input.from, KEY_FREE, key.term, key.positionKib, 0, 0, 0, MESSAGE_BYTES);
}

/** The holder has not renewed it in time. Everybody watches the key, and hears of it at once. */
export function letGo(keeping: Keeping): void {
  const { key, out } = keeping;
  out.note(NOTE_SUSPECTED, key.holder, key.term + 1, 0, 0);
  key.holder = -1;
  tellAll(keeping, KEY_FREE, key.term, key.positionKib);
}

/** CLAIM: compares the term that the claimant knows of. */
export function claimsThisKey({ key, input }: Keeping): boolean {
  return input.a === key.term;
}

export function handOver({ key, input, out }: Keeping): void {
  key.term += 1;
  key.holder = input.from;
  out.note(NOTE_CHOSEN, key.holder, key.term, 0, 0);
  out.send(key.holder, PROMOTE, key.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

/** Replicas and clients watch the key. */
export function announceHolder(keeping: Keeping): void {
  const { key, out } = keeping;
  for (let replica = 0; replica < key.replicas; replica++)
    if (replica !== key.holder) out.send(replica, PROBE, key.term, key.holder, 0, 0, 0, MESSAGE_BYTES);
  const everybody = (1 << key.replicas) - 1;
  for (const client of key.clients)
    out.send(client, ROUTE, key.holder, key.term, everybody, 0, 0, MESSAGE_BYTES);
}
