import fc from 'fast-check';
import { expect, test } from 'vitest';
import { READ, WRITE } from '../kernel/protocol.ts';
import { FAIL, INFO, OK } from '../workload/clients.ts';
import { type Ended, Operations } from './operations.ts';

/** Operations whose clock is set by each call. */
function operations(groups = 1, keys = 4) {
  const judged: Ended[] = [];
  const clock = { nowUs: 0 };
  const inner = new Operations(clock, groups, keys, (ended) => judged.push({ ...ended }));
  return {
    judged,
    operations: {
      read: inner.read,
      write: inner.write,
      began(atUs: number, ...began: Parameters<Operations['began']>): void {
        clock.nowUs = atUs;
        inner.began(...began);
      },
      ended(atUs: number, ...ended: Parameters<Operations['ended']>): void {
        clock.nowUs = atUs;
        inner.ended(...ended);
      },
    },
  };
}

test('an operation is handed to its judge whole: who, what, when, how it ended', () => {
  const { operations: ops, judged } = operations(2);
  ops.began(1000, 1, 9, 77, WRITE, 3);
  ops.began(1500, 0, 9, 78, READ, 2);
  ops.ended(4000, 1, 9, OK, 5, 6);
  ops.ended(5000, 0, 9, INFO, 0, 0);
  expect(judged).toEqual([
    {
      atUs: 4000,
      beganUs: 1000,
      group: 1,
      slot: 9,
      number: 77,
      kind: WRITE,
      key: 3,
      outcome: OK,
      term: 5,
      lsn: 6,
      knownTerm: 0,
      knownLsn: 0,
    },
    {
      atUs: 5000,
      beganUs: 1500,
      group: 0,
      slot: 9,
      number: 78,
      kind: READ,
      key: 2,
      outcome: INFO,
      term: 0,
      lsn: 0,
      knownTerm: 0,
      knownLsn: 0,
    },
  ]);
});

test('it knows the newest write of its key that was acknowledged when it began, by (term, LSN)', () => {
  const { operations: ops, judged } = operations();
  const write = (key: number, outcome: 0 | 1 | 2, term: number, lsn: number) => {
    ops.began(0, 0, 0, 1, WRITE, key);
    ops.ended(0, 0, 0, outcome, term, lsn);
  };
  const known = (key: number) => {
    ops.began(0, 0, 1, 2, READ, key);
    ops.ended(0, 0, 1, OK, 0, 0);
    const { knownTerm, knownLsn } = judged.at(-1)!;
    return [knownTerm, knownLsn];
  };
  write(0, OK, 1, 10);
  expect([known(0), known(1)]).toEqual([
    [1, 10],
    [0, 0],
  ]);
  write(0, OK, 1, 8); // acknowledged later, but older
  write(0, INFO, 9, 99);
  write(0, FAIL, 9, 99);
  expect(known(0)).toEqual([1, 10]);
  write(0, OK, 2, 3); // a later term's record is newer, whatever its LSN
  expect(known(0)).toEqual([2, 3]);
  // A read that began before an acknowledgement does not know of it.
  ops.began(0, 0, 2, 3, READ, 0);
  write(0, OK, 3, 1);
  ops.ended(0, 0, 2, OK, 2, 3);
  expect([judged.at(-1)!.knownTerm, judged.at(-1)!.knownLsn]).toEqual([2, 3]);
});

test('latency is of ok operations only; a wide pool of slots is kept apart', () => {
  const { operations: ops, judged } = operations();
  for (let slot = 0; slot < 100; slot++) ops.began(slot, 0, slot, slot + 1000, READ, slot % 4);
  for (let slot = 99; slot >= 0; slot--) ops.ended(50_000 + slot, 0, slot, slot % 2 === 0 ? OK : INFO, 0, 0);
  expect(judged.map(({ number, key, beganUs }) => [number, key, beganUs])).toEqual(
    Array.from({ length: 100 }, (_, index) => [1099 - index, (99 - index) % 4, 99 - index]),
  );
  expect(ops.read.outcomes(true)).toEqual({ ok: 50, fail: 0, info: 50 });
  expect(ops.read.latencyMs()).toEqual({ mean: 50, p50: 50, p99: 50, p999: 50, max: 50 });
  expect(ops.write.latencyMs()).toEqual({ mean: null, p50: null, p99: null, p999: null, max: null });
});

const outages = (
  history: readonly (readonly [atUs: number, what: 'asked' | 'ok' | 'fail' | 'info', slot: number])[],
  untilUs: number,
) => {
  const { operations: ops } = operations();
  for (const [atUs, what, slot] of history) {
    if (what === 'asked') ops.began(atUs, 0, slot, slot, WRITE, 0);
    else ops.ended(atUs, 0, slot, { ok: OK, fail: FAIL, info: INFO }[what] as 0 | 1 | 2, 0, 0);
  }
  return ops.write.availability(untilUs, true);
};

test('availability: an outage is the longest time without an ok one while some were asked for', () => {
  // Nothing asked: no ratio, no outage.
  expect(outages([], 10_000)).toMatchObject({ ratio: null, longestOutageMs: 0 });
  // Idle time is no outage.
  expect(
    outages(
      [
        [1000, 'asked', 0],
        [2000, 'ok', 0],
        [90_000, 'asked', 1],
        [90_500, 'ok', 1],
      ],
      200_000,
    ),
  ).toMatchObject({ ratio: 1, longestOutageMs: 1 });
  // From the first that was asked for, not from the last ok one before it, to the next ok one.
  expect(
    outages(
      [
        [0, 'asked', 0],
        [1000, 'ok', 0],
        [5000, 'asked', 1],
        [6000, 'asked', 2],
        [9000, 'info', 1],
        [9500, 'ok', 2],
      ],
      20_000,
    ),
  ).toMatchObject({ ratio: 2 / 3, longestOutageMs: 4.5 });
  // Refusals do not end it.
  expect(
    outages(
      [
        [0, 'asked', 0],
        [1000, 'fail', 0],
        [2000, 'asked', 1],
        [3000, 'fail', 1],
        [4000, 'asked', 2],
        [7000, 'ok', 2],
      ],
      20_000,
    ),
  ).toMatchObject({ ratio: 1 / 3, longestOutageMs: 7 });
  // One that is open since before the last ok one was asked for all along.
  expect(
    outages(
      [
        [0, 'asked', 0],
        [1000, 'asked', 1],
        [2000, 'ok', 1],
        [90_000, 'info', 0],
      ],
      100_000,
    ).longestOutageMs,
  ).toBe(98);
  // At the end of the run it goes on until then; what is open may have happened.
  expect(
    outages(
      [
        [0, 'asked', 0],
        [1000, 'ok', 0],
        [2000, 'asked', 1],
      ],
      50_000,
    ),
  ).toMatchObject({ ratio: 0.5, longestOutageMs: 48 });
});

/** Every outage, by its definition, from the whole history: the time before each ok one, and before the end. */
function everyOutage(history: Parameters<typeof outages>[0], untilUs: number) {
  const found = [];
  let lastOk = -1;
  for (let at = 0; at <= history.length; at++) {
    const [toUs, what] = history[at] ?? [untilUs, 'ok'];
    if (what !== 'ok') continue;
    const before = history.slice(0, lastOk + 1);
    const since = history.slice(lastOk + 1, at);
    const asked = (events: typeof since) => events.filter((event) => event[1] === 'asked');
    const isOpen = asked(before).length * 2 > before.length;
    const fromUs = isOpen ? (history[lastOk]?.[0] ?? 0) : (asked(since)[0]?.[0] ?? toUs);
    const ended = (how: string) => since.filter((event) => event[1] === how).length;
    const first = since.find((event) => event[1] === 'fail' || event[1] === 'info')?.[2];
    // Operations are numbered by their slots here.
    const operations = [first, history[at]?.[2]].filter((number) => number !== undefined);
    if (fromUs < toUs)
      found.push({
        fromMs: fromUs / 1000,
        toMs: toUs / 1000,
        fail: ended('fail'),
        info: ended('info'),
        operations,
      });
    lastOk = at;
  }
  return found;
}

test('ratios are in [0, 1] and the longest outages are told, for any history', () => {
  const event = fc.record({
    afterUs: fc.nat({ max: 1000 }),
    slot: fc.nat({ max: 5 }),
    what: fc.constantFrom('ok' as const, 'fail' as const, 'info' as const),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 90 }), (events) => {
      const open = new Set<number>();
      const history: [number, 'asked' | 'ok' | 'fail' | 'info', number][] = [];
      let nowUs = 0;
      for (const { afterUs, slot, what } of events) {
        nowUs += afterUs;
        history.push([nowUs, open.has(slot) ? what : 'asked', slot]);
        if (!open.delete(slot)) open.add(slot);
      }
      const { ratio, longestOutageMs, outages: told } = outages(history, nowUs);
      const every = everyOutage(history, nowUs);
      const lengthsUs = (some: readonly { readonly fromMs: number; readonly toMs: number }[]) =>
        some.map(({ fromMs, toMs }) => Math.round((toMs - fromMs) * 1000)).toSorted((a, b) => b - a);
      expect(lengthsUs(told)).toEqual(lengthsUs(every).slice(0, 10));
      for (const outage of told) expect(every).toContainEqual(outage);
      expect(told.map(({ fromMs }) => fromMs)).toEqual(
        told.map(({ fromMs }) => fromMs).toSorted((a, b) => a - b),
      );
      expect(longestOutageMs * 1000).toBeCloseTo(lengthsUs(every)[0] ?? 0, 6);
      expect(ratio === null ? history.length === 0 : ratio >= 0 && ratio <= 1).toBe(true);
    }),
  );
});
