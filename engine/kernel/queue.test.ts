import fc from 'fast-check';
import { expect, test } from 'vitest';
import { A, Queue, STRIDE } from './queue.ts';

interface Scheduled {
  atUs: number;
  sequence: number;
}

/** The oracle: a list sorted by (time, sequence). */
class SortedList {
  private readonly items: Scheduled[] = [];
  push(item: Scheduled): void {
    let index = this.items.length;
    while (index > 0 && this.items[index - 1]!.atUs > item.atUs) index--;
    this.items.splice(index, 0, item);
  }
  pushFirst(item: Scheduled): void {
    let index = 0;
    while (index < this.items.length && this.items[index]!.atUs < item.atUs) index++;
    this.items.splice(index, 0, item);
  }
  next(limitUs: number): Scheduled | undefined {
    return this.items[0] !== undefined && this.items[0].atUs < limitUs ? this.items.shift() : undefined;
  }
}

const delayUs = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 2_000 }),
  fc.integer({ min: 0, max: 3_000_000 }),
  fc.integer({ min: 0, max: 2 ** 32 }),
  fc.integer({ min: 0, max: 2 ** 45 }),
);
const command = fc.oneof(
  fc.record({ type: fc.constant('push' as const), delayUs }),
  fc.record({ type: fc.constant('take' as const), withinUs: delayUs, keeps: fc.boolean() }),
  // What was taken and kept is scheduled once more, before all else of the present.
  fc.record({ type: fc.constant('give back' as const) }),
);

test('gives records in the order of (time, sequence), whatever the spans and limits', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const queue = new Queue(1);
      const oracle = new SortedList();
      let nowUs = 0;
      let sequence = 0;
      const kept: { record: number; sequence: number }[] = [];
      const take = (limitUs: number, keeps = false): boolean => {
        const expected = oracle.next(limitUs);
        const record = queue.next(limitUs);
        if (expected === undefined) {
          expect(record).toBe(-1);
          nowUs = Math.max(nowUs, limitUs);
          return false;
        }
        expect(queue.words[record * STRIDE + A]).toBe(expected.sequence);
        expect(queue.times[record * 2]).toBe(expected.atUs);
        nowUs = expected.atUs;
        if (keeps) kept.push({ record, sequence: expected.sequence });
        else queue.release(record);
        return true;
      };
      for (const each of commands) {
        if (each.type === 'push') {
          oracle.push({ atUs: nowUs + each.delayUs, sequence });
          queue.push(nowUs, nowUs + each.delayUs, 0, 0, 0, sequence++, 0, 0, 0, 0, 0);
        } else if (each.type === 'take') {
          take(nowUs + each.withinUs, each.keeps);
        } else {
          const back = kept.pop();
          if (back === undefined) continue;
          oracle.pushFirst({ atUs: nowUs, sequence: back.sequence });
          queue.scheduleFirst(back.record, nowUs);
        }
      }
      while (take(2 ** 48));
      expect(queue.count).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});

test('keeps its order past 32-bit microseconds and refuses what it cannot hold', () => {
  const queue = new Queue();
  const startUs = 40 * 60 * 1_000_000 * 1000;
  queue.push(0, startUs + 1, 0, 0, 0, 2, 0, 0, 0, 0, 0);
  queue.push(0, startUs, 0, 0, 0, 1, 0, 0, 0, 0, 0);
  expect(queue.words[queue.next(2 ** 48) * STRIDE + A]).toBe(1);
  expect(queue.words[queue.next(2 ** 48) * STRIDE + A]).toBe(2);
  expect(() => queue.push(0, 2 ** 49, 0, 0, 0, 0, 0, 0, 0, 0, 0)).toThrow(/later than the queue can hold/);
});

test('gives back what it was given long after everything else', () => {
  const queue = new Queue();
  queue.push(0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0);
  const record = queue.next(10);
  for (const laterUs of [2 ** 13, 2 ** 25, 2 ** 40]) {
    expect(queue.next(laterUs)).toBe(-1);
    queue.scheduleFirst(record, laterUs);
    expect(queue.next(laterUs)).toBe(-1);
    expect(queue.next(laterUs + 1)).toBe(record);
    expect(queue.times[record * 2]).toBe(laterUs);
  }
});
