/** The log against a plain array of records. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  append,
  bytesOf,
  clientOf,
  DATA_WIDTH,
  dropLast,
  emptyWal,
  endBytes,
  forgetClient,
  isAcknowledged,
  keyOf,
  lastLsnUpTo,
  lastTerm,
  markAcknowledged,
  newestTermUpTo,
  recycle,
  replay,
  slotOf,
  termOf,
  timelineTermOf,
  unreplay,
  valueAt,
  type Wal,
  writtenAtUs,
} from './wal.ts';

interface Plain {
  readonly term: number;
  readonly key: number;
  readonly value: number;
  readonly bytes: number;
  readonly atUs: number;
  client: number;
  acknowledged: boolean;
}

const keys = 4;

/** A log, and all that was ever appended and not dropped, recycled records included. */
class Pair {
  readonly wal: Wal = emptyWal();
  readonly data = new Int32Array(keys * DATA_WIDTH);
  readonly plain: Plain[] = [];
  replayed = 0;
  recycled = 0;

  agree(): void {
    const { wal, plain } = this;
    expect(wal.firstLsn).toBe(this.recycled + 1);
    expect(wal.lastLsn).toBe(plain.length);
    expect(lastTerm(wal)).toBe(plain.at(-1)?.term ?? 0);
    let end = 0;
    for (const [index, record] of plain.entries()) {
      const lsn = index + 1;
      end += record.bytes;
      expect(timelineTermOf(wal, lsn)).toBe(record.term);
      if (lsn < wal.firstLsn - 1) continue;
      expect(endBytes(wal, lsn)).toBe(end);
      if (lsn < wal.firstLsn) continue;
      expect([termOf(wal, lsn), keyOf(wal, lsn), valueAt(wal, lsn), bytesOf(wal, lsn)]).toEqual([
        record.term,
        record.key,
        record.value,
        record.bytes,
      ]);
      expect([clientOf(wal, lsn), slotOf(wal, lsn), writtenAtUs(wal, lsn), isAcknowledged(wal, lsn)]).toEqual(
        [record.client, record.value % 7, record.atUs, record.acknowledged],
      );
    }
    expect([timelineTermOf(wal, 0), timelineTermOf(wal, plain.length + 1)]).toEqual([0, 0]);
    for (let term = 0; term <= (plain.at(-1)?.term ?? 0) + 1; term++) {
      const upTo = plain.filter((record) => record.term <= term);
      expect(newestTermUpTo(wal, term)).toBe(upTo.at(-1)?.term ?? 0);
      expect(lastLsnUpTo(wal, term)).toBe(upTo.length);
    }
    expect(new Set(wal.terms).size).toBe(wal.terms.length);
    this.dataAgrees();
  }

  private dataAgrees(): void {
    const expected = new Int32Array(keys * DATA_WIDTH);
    this.plain.slice(0, this.replayed).forEach(({ term, key, value }, index) => {
      expected.set([term, index + 1, value], key * DATA_WIDTH);
    });
    expect([...this.data]).toEqual([...expected]);
  }
}

const commands = [
  fc
    .record({
      key: fc.nat(keys - 1),
      bytes: fc.integer({ min: 1, max: 1_000_000_000 }),
      newTerm: fc.integer({ min: 0, max: 5 }),
    })
    .map(({ key, bytes, newTerm }) => (pair: Pair) => {
      const { wal, plain } = pair;
      const term = Math.max(1, lastTerm(wal)) + (newTerm > 3 ? newTerm - 3 : 0);
      const value = plain.length * 3 + 1;
      const record = {
        term,
        key,
        value,
        bytes,
        atUs: value * 1000.5,
        client: value % 5,
        acknowledged: false,
      };
      expect(append(wal, term, key, value, bytes, record.client, value % 7, record.atUs)).toBe(
        plain.push(record),
      );
    }),
  fc.constant((pair: Pair) => {
    if (pair.replayed < pair.plain.length) replay(pair.wal, ++pair.replayed, pair.data);
  }),
  fc.nat(20).map((count) => (pair: Pair) => {
    for (let dropped = 0; dropped < count && pair.plain.length > pair.recycled; dropped++) {
      if (pair.replayed === pair.plain.length) unreplay(pair.wal, pair.replayed--, pair.data);
      dropLast(pair.wal);
      pair.plain.pop();
    }
  }),
  fc.nat(40).map((count) => (pair: Pair) => {
    const through = Math.min(pair.replayed, pair.recycled + count);
    recycle(pair.wal, through);
    pair.recycled = Math.max(pair.recycled, through);
  }),
  fc.nat().map((choice) => (pair: Pair) => {
    const kept = pair.plain.length - pair.recycled;
    if (kept === 0) return;
    const lsn = pair.recycled + 1 + (choice % kept);
    if (choice % 2 === 0) {
      markAcknowledged(pair.wal, lsn);
      pair.plain[lsn - 1]!.acknowledged = true;
    } else {
      forgetClient(pair.wal, lsn);
      pair.plain[lsn - 1]!.client = -1;
    }
  }),
];

test('append, replay, drop, recycle: as a plain array of records', () => {
  const [appending, ...others] = commands;
  const command = fc.oneof(
    { arbitrary: appending!, weight: 6 },
    ...others.map((arbitrary) => ({ arbitrary, weight: 1 })),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (steps) => {
      const pair = new Pair();
      for (const step of steps) step(pair);
      pair.agree();
    }),
    { numRuns: 300 },
  );
});

test('logs that hold the same records are the same data, whatever was dropped on the way', () => {
  const straight = emptyWal();
  const detour = emptyWal();
  for (const value of [1, 2, 3]) append(straight, 1, 0, value, 10, -1, 0, 0);
  for (const value of [1, 2]) append(detour, 1, 0, value, 10, -1, 0, 0);
  for (const value of [8, 9]) append(detour, 2, 1, value, 99, 5, 1, 7);
  dropLast(detour);
  dropLast(detour);
  append(detour, 1, 0, 3, 10, -1, 0, 0);
  expect(detour).toEqual(straight);
});

test('the ring grows only as far as records are kept', () => {
  const wal = emptyWal();
  for (let value = 1; value <= 100_000; value++) {
    append(wal, 1, 0, value, 1, -1, 0, 0);
    recycle(wal, value - 5);
  }
  expect(wal.records.length).toBe(emptyWal().records.length);
  expect(endBytes(wal, wal.lastLsn)).toBe(100_000);
});
