import { expect, test } from 'vitest';
import type { Out } from '../../kernel/protocol.ts';
import { begin, newPool, release } from './pool.ts';
import { newWaits, takeDue, wait } from './waits.ts';

test('each wait ends when its own time is over, whatever ended and made room before', () => {
  const delayUs = 100;
  const pool = newPool();
  const waits = newWaits(0, 1);
  let dueUs = Number.POSITIVE_INFINITY;
  const clock = { nowUs: 0 };
  const out = Object.assign(clock, {
    startTimer: (_slot: number, leftUs: number) => {
      dueUs = clock.nowUs + leftUs;
    },
    elapsedUs: (sinceUs: number) => clock.nowUs - sinceUs,
  }) as unknown as Out & { nowUs: number };
  const beganUs = new Map<number, number>();
  const ended: number[] = [];
  for (; clock.nowUs < 1000; clock.nowUs++) {
    if (clock.nowUs === dueUs) {
      dueUs = Number.POSITIVE_INFINITY;
      for (let isFirst = true; ; isFirst = false) {
        const at = takeDue(waits, pool, delayUs, isFirst, out);
        if (at < 0) break;
        ended.push(clock.nowUs - beganUs.get(at)!);
        release(pool, at);
      }
    }
    if (clock.nowUs % 10 !== 0) continue;
    const at = begin(pool);
    beganUs.set(at, clock.nowUs);
    wait(waits, pool, at, delayUs, out);
    // Three in four are over long before, the first among them, which the timer is set for.
    if (clock.nowUs % 40 !== 20) release(pool, at);
  }
  expect(ended.length).toBeGreaterThan(20);
  expect(new Set(ended)).toEqual(new Set([delayUs]));
  expect(waits.serials.length).toBeLessThanOrEqual(16);
});
