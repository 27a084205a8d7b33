/**
 * Machines that are connected only now and then: a phone, a laptop, a till in a van. That is how they are, and no fault: how long
 * one is away is drawn from its own stream of chance, so that another device, or a fault, leaves it as it was.
 */

import { FAULT } from '../kernel/loop.ts';
import { LATEST_US } from '../kernel/queue.ts';
import type { FaultTarget } from './faults.ts';

/** Times of one machine, µs. */
export interface Connectivity {
  /** The mean time from the beginning of one connection to that of the next. */
  readonly everyUs: number;
  /** How long each lasts. */
  readonly forUs: number;
}

/**
 * Begins connected. A connection lasts for `forUs`; the time until the next is exponential, and with it the mean is `everyUs`.
 * `awayUs` draws it. What is cut is the way to and from other regions: whoever uses the machine is with it.
 */
export function connectNowAndThen(
  node: string,
  { forUs }: Connectivity,
  target: FaultTarget,
  awayUs: () => number,
  isOver: () => boolean,
  told: (isConnected: boolean) => void,
): void {
  const { loop, network, places, regions } = target;
  const here = places.indexOf(node);
  const others = places.flatMap((_, actor) => (regions[actor] === regions[here] ? [] : [actor]));
  const set = (isConnected: boolean): void => {
    if (isOver()) return;
    loop.absorbInterruption(0x636f6e, here, isConnected ? 1 : 0);
    for (const other of others) {
      for (const [from, to] of [
        [here, other],
        [other, here],
      ] as const) {
        if (isConnected) network.heal(from, to, false);
        else network.cut(from, to);
      }
    }
    told(isConnected);
    next(isConnected);
  };
  const next = (isConnected: boolean): void => {
    const atUs = Math.min(loop.nowUs + Math.max(1, isConnected ? forUs : awayUs()), LATEST_US);
    loop.interrupt({ atUs, rank: FAULT, run: () => set(!isConnected) });
  };
  next(true);
}
